#!/usr/bin/env python3
"""Deploys what `flowc build` wrote into an emulator, runs it, and judges the calls by the roles.

    scripts/emulate/deploy.py OUT [--only EXAMPLE] [--table FILE [--write]]

OUT is the folder that `flowc build examples --out OUT` filled. `cases.toml` says what runs, and how it has to end. With
--table, FILE has to be the table of what was run; --write makes it so. A line a problem; exit 1 if there is one.
"""
import argparse
import json
import os
import pathlib
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "judges"))
import run as judges  # noqa: E402

PYTHON = str(judges.HOME / "python/bin/python")
if sys.executable != PYTHON:
    os.execv(PYTHON, [PYTHON, *sys.argv])

import emulator  # noqa: E402
import table  # noqa: E402
import tasks  # noqa: E402

TRIGGERS = ("AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::Pipes::Pipe")


def logical_id(name):
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def role_policies(role):
    """The identity policies of a role as the emulator holds them."""
    iam, name = emulator.client("iam"), role.split("/")[-1]
    documents = [iam.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"] for p in iam.list_role_policies(RoleName=name)["PolicyNames"]]
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        documents.append(iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"])
    return [json.loads(d) if isinstance(d, str) else d for d in documents]


class Roles:
    """What the permissions judge is to look at, as machines: each one as it was deployed, and the calls that it made, under
    the role that made them, as a machine of which all arguments are known."""

    def __init__(self, folder):
        self.folder, self.files, self.calls, self.deployed = pathlib.Path(folder), [], set(), set()

    def _add(self, label, name, definition, role, **further):
        path = self.folder / f"{len(self.files)}.json"
        path.write_text(json.dumps({"label": label, "name": name, "definition": definition, "policies": role_policies(role), **further}))
        self.files.append(path)

    def add(self, label, example, stack, template):
        """The machines of a stack, and what they have called so far."""
        for logical, machine in stack.machines().items():
            deployed = emulator.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
            name, own, definition = deployed["name"], deployed["roleArn"], json.loads(deployed["definition"])
            if (example, logical) not in self.deployed:
                self.deployed.add((example, logical))
                properties = template["Resources"][logical]["Properties"]  # MiniStack does not give these two back
                self._add(f"{example}: {logical}", name, definition, own, logging="LoggingConfiguration" in properties,
                          tracing="TracingConfiguration" in properties, key=deployed.get("encryptionConfiguration", {}).get("kmsKeyId"))
            for role, states in self._made(stack.calls.get(machine, []), definition, own).items():
                called = f"{label}: {logical}, calls as {role.split('/')[-1]}"
                self.calls.add(called)
                self._add(called, name, {"QueryLanguage": "JSONata", "States": states}, role)

    def _made(self, calls, definition, own):
        """{role: {name: state}} for the calls that were made; a step's own role is taken on by the machine's."""
        states, by_role = dict(tasks.states_of(definition)), {}
        for i, call in enumerate(calls):
            state = states[call["state"]]
            name = f"{call['state']} {i}"
            if "ItemReader" in state:
                made = {"Type": "Map", "ItemReader": {**state["ItemReader"], "Arguments": call["arguments"]}}
            else:
                made = {"Type": "Task", "Resource": call["resource"], "Arguments": call["arguments"]}
            if role := (state.get("Credentials") or {}).get("RoleArn"):
                by_role.setdefault(own, {})[name] = {**made, "Credentials": state["Credentials"]}
                if f"::{emulator.ACCOUNT}:" not in role:
                    continue
                own_of_step = role
            else:
                own_of_step = own
            by_role.setdefault(own_of_step, {})[name] = made
        return by_role

    def judge(self):
        """A line for every call that its role does not allow, and for every grant of a machine that is too much."""
        found, _ = judges.call(["node", HERE.parent / "judges/permissions/judge.mjs", *self.files])
        for f in found:
            calls = f["file"] in self.calls
            if judges.reason_for(f) or calls and f["rule"] in ("surplus", "wide"):  # other calls need these
                continue
            yield f"{f['file']}: {f['rule']}: {f['message']}"


def differences(case, execution, made):
    """How an execution ended, against what the case says."""
    if case["ends"] == "SUCCEEDED" and execution["status"] != "SUCCEEDED":
        yield f"failed with {execution['error']}: {execution['cause']}"
    elif case["ends"] != "SUCCEEDED" and execution.get("error") != case["ends"]:
        yield f"ended with {execution.get('error') or execution['status']}, not {case['ends']}"
    elif "output" in case and json.loads(execution["output"]) != case["output"]:
        yield f"gave {execution['output']}, not {json.dumps(case['output'])}"
    if made != case["calls"]:
        yield f"called {made}, not {case['calls']}"


def without(template, left_out):
    return {**template, "Resources": {k: r for k, r in template["Resources"].items() if k not in left_out}}


def run_case(case, template, given, left_out, roles):
    """Runs one case; gives (problems, calls)."""
    label, pipeline = f"{case['example']}: {case['case']}", case.get("pipeline", case["example"])
    try:
        stack = emulator.Stack(json.dumps(without(template, left_out)), given, case.get("answers", {}))
        machine = stack.resources[logical_id(pipeline)]
        if "fire" in case:
            stack.call(case["fire"])
        else:
            stack.start(stack.resources[logical_id(case.get("start", pipeline))], stack.filled(case["input"]))
        execution = stack.execution(machine)
    except emulator.NotRun as e:
        return [f"{label}: not run: {e}"], []
    calls = stack.calls.get(machine, [])
    problems = [f"{label}: {d}" for d in differences({**case, "output": stack.filled(case["output"])} if "output" in case else case, execution, [c["state"] for c in calls])]
    problems += [f"{label}: nothing asked for the answer of {key}" for key in stack.answers.unused()]
    roles.add(label, case["example"], stack, template)
    return problems, [c for made in stack.calls.values() for c in made]


def unaccounted(data, templates, done):
    """What is neither run nor excused, and excuses that nothing needs."""
    for example, template in templates.items():
        if not any(case["example"] == example for case, _ in done):
            yield f"{example}: no case runs it"
        fired = {case["trigger"] for case, _ in done if case["example"] == example and "trigger" in case}
        triggers = {logical for logical, r in template["Resources"].items() if r["Type"] in TRIGGERS}
        excused = set(data["unfired"].get(example, {}))
        for logical in sorted(triggers - fired - excused):
            yield f"{example}: no case fires {logical}"
        for logical in sorted((fired | excused) - triggers | fired & excused):
            yield f"{example}: {logical} is no trigger that is left unfired"
    answered = {tasks.operation(c) for _, calls in done for c in calls if c["answered"] == "return"}
    for name in sorted(answered - set(data["answered"])):
        yield f"{name} is answered by a case, and `answered` does not say why"
    for name in sorted(set(data["answered"]) - answered):
        yield f"`answered` excuses {name}, which no case answers"


def run(data, templates):
    """(problems, [(case, calls)]) of all cases, deployed one after another."""
    problems, done = [], []
    with tempfile.TemporaryDirectory() as scratch, emulator.running():
        roles = Roles(scratch)
        for case in data["case"]:
            if case["example"] in templates:
                found, calls = run_case(case, templates[case["example"]], data["given"].get(case["example"], []) + case.get("given", []),
                                        data["left_out"].get(case["example"], {}), roles)
                problems += found
                done.append((case, calls))
        problems += roles.judge()
    return problems + list(unaccounted(data, templates, done)), done


def read(out, only=None):
    """(cases, {example: template})."""
    data = tomllib.loads((HERE / "cases.toml").read_text())
    templates = {f.name.removesuffix(".template.json"): json.loads(f.read_text()) for f in sorted(pathlib.Path(out).glob("*/*.template.json"))}
    if only:
        data["case"] = [c for c in data["case"] if c["example"] == only]
        templates = {only: templates[only]}
    return data, templates


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out", metavar="OUT")
    ap.add_argument("--only", metavar="EXAMPLE")
    ap.add_argument("--table", metavar="FILE", type=pathlib.Path)
    ap.add_argument("--write", action="store_true")
    a = ap.parse_args()
    data, templates = read(a.out, a.only)
    problems, done = run(data, templates)
    if a.table:
        problems += table.keep(a.table, data, done, a.write)
    for line in problems:
        print(line)
    print(f"{len(templates)} templates deployed, {len(done)} cases run, {len(problems)} problems")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
