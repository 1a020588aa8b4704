#!/usr/bin/env python3
"""Runs every judge over generated files.

    scripts/judges/run.py [--all] [--json] [--only JUDGE,…] PATH…

Looks at each *.template.json, *.asl.json and *.iam.json below the paths. Definitions and policies are judged as the
template beside them deploys them, with its parameters' defaults filled in; a definition or policy without a template
gets stand-in values.

A line a finding: `LEVEL file judge/rule message`. E fails the run (exit 1); N is a note, shown with --all together with
the findings that KNOWN takes back. Exit 3 when a judge broke down or did not look at all that it was given.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from cloudformation import Template, stand_in

HERE = pathlib.Path(__file__).resolve().parent
HOME = pathlib.Path(os.environ.get("FLOWC_JUDGES") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "flowc-judges")

# Findings that are taken back: (judge, rule, pattern of the message, why).
KNOWN = [
    ("sfnx", "unsupported", "", "says what sfnx's interpreter does not run, not what Step Functions refuses"),
    ("permissions", "bounded", "", "the resource is known at run time only; the author bounded it by a type or by `within`"),
    ("cfn-lint", "E3601", r"'\{%", "wants a number or a boolean where a JSONata expression may stand (1.58)"),
    ("cfn-lint", "E3601", r"/Output\b", "wants an object where Output may be any JSON (1.58)"),
    ("cfn-lint", "E3601", r"\$\{\w+\}", "looks at a placeholder of DefinitionSubstitutions as if it were the value"),
    ("parliament", "RESOURCE_MISMATCH", r"states:(Describe|Stop|Redrive)Execution|glue:|batch:",
     "wants one resource to be of every type that the action takes; iam-data looks whether it is of one"),
    ("parliament", "RESOURCE_STAR", "", "iam-data says more exactly which of these could be scoped"),
    ("parliament", "PERMISSIONS_MANAGEMENT_ACTIONS", "", "says that PassRole hands on permissions, which it is for; the role and the service are held by iam-simulate"),
    ("iam-data", "condition", r"states:InvokeHTTPEndpoint has no condition key states:HTTP(Method|Endpoint)$",
     "the reference lists the key for Step Functions, not at the action; AWS's page on HTTP Tasks holds the action to both"),
    ("parliament", "UNKNOWN_CONDITION_FOR_ACTION", r"states:HTTP(Method|Endpoint) for action states:InvokeHTTPEndpoint", "the same gap in the reference"),
    ("iam-data", "condition", r"kms:\w+ has no condition key kms:EncryptionContext:",
     "the reference lists the key as kms:EncryptionContext:${EncryptionContextKey}"),
    ("permissions", "disputed", r"kms:\w+ .*EncryptionContext", "iam-simulate leaves a key that is named so out of the request; MiniStack allows it"),
    ("permissions", "denied", r"kms:\w+ .*EncryptionContext", "as before"),
    ("parliament", "RESOURCE_MISMATCH", r"table/\*/stream/\*", "reads no ARN with a time of day in it"),
    ("permissions", "surplus", r"kms:(Decrypt|GenerateDataKey) ",
     "that a resource is encrypted stands in the template and not in the definition; tests/it/template hold who may use a key"),
    ("iam-data", "wide", r"cloudwatch:PutMetricData ", "held by cloudwatch:namespace, as Glue's own policy does"),
    ("permissions", "denied", r"^dms:\w+ arn:aws:dms:\S+:task:\w", "the reference writes task:* where an id stands, and iam-simulate takes the star for a character"),
    ("permissions", "surplus", r"^dms:\w+ on arn:aws:dms:\S+:task:\w", "the same"),
    ("checkov", "CKV_AWS_158", "", "log groups are encrypted with AWS's key; a key of one's own is the author's choice"),
    ("checkov", "CKV_AWS_27", "", "queues are encrypted with SQS's own key, which it does not count; a key of one's own is `key:`"),
    ("checkov", "CKV_AWS_26", "", "alarms and rules cannot publish to a topic under AWS's managed key; a key of one's own is `key:`"),
    ("checkov", "CKV_AWS_119", "", "tables are encrypted with AWS's key; a key of one's own is `key:`"),
    ("checkov", "CKV_AWS_18", "", "access logs need a bucket that is the account's, not the pipeline's"),
    ("checkov", "CKV_AWS_195", "", "a security configuration says where Glue encrypts its logs and bookmarks, under a key of one's own"),
    ("checkov", "CKV_AWS_115", "", "concurrency that is reserved is taken from the account's other functions"),
    ("checkov", "CKV_AWS_116", "", "Step Functions waits for its functions: what fails is the state's, not a dead letter's"),
    ("checkov", "CKV_AWS_117", "", "a function that calls AWS's services alone needs no network of one's own"),
    ("checkov", "CKV_AWS_173", "", "environments are encrypted with AWS's key; a key of one's own is the author's choice"),
    ("iam-data", "wide", r"batch:TerminateJob ", "accepted by Batch on job/* as well, which permissions asks for"),
]


def call(argv):
    """Findings of one judge's program, and how many files each judge in it looked at."""
    p = subprocess.run([str(a) for a in argv], capture_output=True, text=True, env={**os.environ, "FLOWC_JUDGES": str(HOME)})
    lines = [json.loads(line) for line in p.stdout.splitlines() if line.startswith("{")]
    if p.returncode:
        raise RuntimeError(f"{argv[0]} {argv[1]} broke down:\n{p.stderr[-2000:]}")
    return [x for x in lines if "rule" in x], {x["judge"]: x["judged"] for x in lines if "judged" in x}


def cfn_lint(files):
    p = subprocess.run([str(HOME / "python/bin/cfn-lint"), "--format", "json", "--regions", "us-east-1", "--ignore-checks",
                        "I3042,I1022", "--", *map(str, files)], capture_output=True, text=True)
    if p.returncode and not p.stdout.strip():
        raise RuntimeError(f"cfn-lint broke down:\n{p.stderr[-2000:]}")
    found = [{"file": m["Filename"], "judge": "cfn-lint", "rule": m["Rule"]["Id"],
              "message": f"{'/'.join(map(str, m['Location'].get('Path') or []))} {m['Message']}"} for m in json.loads(p.stdout or "[]")]
    return found, {"cfn-lint": len(files)}


def checkov(files):
    p = subprocess.run([str(HOME / "checkov/bin/python"), str(HOME / "checkov/bin/checkov"), "--skip-download", "--framework", "cloudformation", "--compact",
                        "--output", "json", "--soft-fail", *(a for f in files for a in ("--file", str(f)))], capture_output=True, text=True)
    if p.returncode or not p.stdout.strip():
        raise RuntimeError(f"checkov broke down:\n{p.stderr[-2000:]}")
    results = json.loads(p.stdout)["results"]
    found = [{"file": f["file_abs_path"], "judge": "checkov", "rule": f["check_id"], "message": f"{f['resource']} {f['check_name']}"}
             for f in results["failed_checks"]]
    return found, {"checkov": len({f["file_abs_path"] for kind in ("passed_checks", "failed_checks") for f in results[kind]})}


def wrapped(definition=None, policy=None):
    """A template around a definition or a policy that has none, for cfn-lint."""
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}}
    if policy:
        role["Properties"]["Policies"] = [{"PolicyName": "policy", "PolicyDocument": policy}]
    resources = {"Role": role}
    if definition:
        resources["Machine"] = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "DefinitionString": json.dumps(definition)}}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


class Docket:
    """What there is to judge: files in a scratch folder, and which file of the author's each stands for."""

    def __init__(self, scratch):
        self.scratch, self.label, self.findings = scratch, {}, []
        self.asl, self.iam, self.machines, self.templates, self.deployable = [], [], [], [], []

    def add(self, kind, label, document):
        path = self.scratch / f"{len(self.label)}.{kind}.json"
        path.write_text(json.dumps(document, indent=1))
        self.label[str(path)] = str(label)
        {"asl": self.asl, "iam": self.iam, "machine": self.machines, "template": self.templates}[kind].append(path)

    def say(self, file, rule, message):
        self.findings.append({"file": str(file), "judge": "wiring", "rule": rule, "message": message})

    def add_folder(self, files):
        """The files of one folder: its templates, and definitions and policies that belong to them or stand alone."""
        loose = {f: parsed for f in files if not f.name.endswith(".template.json") and (parsed := self.parse(f)) is not None}
        templates = []
        for f in files:
            if f.name.endswith(".template.json") and self.parse(f) is not None:
                templates.append(Template(f))
                self.templates.append(f)
                self.deployable.append(f)
                self.label[str(f)] = str(f)
        for t in templates:
            self.findings += t.findings
            self.add_template(t, loose)
        for f, document in loose.items():
            if templates:
                self.say(f, "stray", "is not what the template beside it deploys")
            filled = json.loads(stand_in(json.dumps(document)))
            if f.name.endswith(".asl.json"):
                self.add("asl", f, filled)
                self.add("template", f, wrapped(definition=filled))
                policy = f.with_name(f.name.replace(".asl.json", ".iam.json"))
                if policy in loose:
                    self.add("machine", f, {"label": str(f), "name": f.name.split(".")[0], "definition": filled, "logging": False, "tracing": False,
                                            "policies": [json.loads(stand_in(json.dumps(loose[policy])))]})
            else:
                self.add("iam", f, filled)
                self.add("template", f, wrapped(policy=filled))

    def add_template(self, t, loose):
        for m in t.machines:
            own = [f for f, document in loose.items() if f.name.endswith(".asl.json") and document == m["source"]]
            label = own[0] if own else f"{t.path}#{m['logical']}"
            self.add("asl", label, m["definition"])
            if "policies" in m:
                self.add("machine", label, {**m, "label": str(label)})
            for f in own:
                del loose[f]
        for logical, documents in t.policies.items():
            for document in documents:
                own = [f for f, given in loose.items() if f.name.endswith(".iam.json") and t.resolve.fill(given) == document]
                self.add("iam", own[0] if own else f"{t.path}#{logical}", document)
                for f in own:
                    del loose[f]

    def parse(self, path):
        try:
            return json.loads(path.read_text())
        except ValueError as e:
            return self.say(path, "parse", e)

    def judge(self):
        """All findings. Every judge has to say that it looked at every file."""
        python = HOME / "python/bin/python"
        jobs = []
        if self.templates:
            jobs.append((lambda: cfn_lint(self.templates), len(self.templates)))
        if self.deployable:
            jobs.append((lambda: checkov(self.deployable), len(self.deployable)))
        if self.asl:
            jobs.append((lambda: call(["node", HERE / "asl.mjs", *self.asl]), len(self.asl)))
            jobs.append((lambda: call([python, HERE / "task_args.py", *self.asl]), len(self.asl)))
        if self.iam:
            jobs.append((lambda: call(["node", HERE / "iam_lint.mjs", *self.iam]), len(self.iam)))
            jobs.append((lambda: call([python, HERE / "iam_lint.py", *self.iam]), len(self.iam)))
        if self.machines:
            jobs.append((lambda: call(["node", HERE / "permissions/judge.mjs", *self.machines]), len(self.machines)))
        found, judged = list(self.findings), collections.Counter()
        with ThreadPoolExecutor(2) as pool:
            for (findings, counts), expected in zip(pool.map(lambda job: job[0](), jobs), [n for _, n in jobs]):
                if not counts or any(n != expected for n in counts.values()):
                    raise RuntimeError(f"looked at {counts}, should have at {expected} files")
                found += [{**f, "file": self.label.get(f["file"], f["file"])} for f in findings]
                judged.update(counts)
        return found, judged


def reason_for(finding):
    """Why a finding is taken back, or None."""
    return next((why for judge, rule, message, why in KNOWN
                 if (judge, rule) == (finding["judge"], finding["rule"]) and re.search(message, finding["message"])), None)


def run(paths):
    """(findings, how many files each judge looked at); a finding that is taken back has a `reason`."""
    files = sorted({f.resolve() for p in map(pathlib.Path, paths) for f in ([p] if p.is_file() else p.rglob("*"))
                    if re.search(r"\.(asl|iam|template)\.json$", f.name)})
    folders = collections.defaultdict(list)
    for f in files:
        folders[f.parent].append(f)
    with tempfile.TemporaryDirectory() as scratch:
        docket = Docket(pathlib.Path(scratch))
        for _, group in sorted(folders.items()):
            docket.add_folder(group)
        found, judged = docket.judge()
    for f in found:
        f["reason"] = reason_for(f)
    return sorted(found, key=lambda f: (f["file"], f["judge"], f["rule"], f["message"])), judged, len(files)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("paths", nargs="+", metavar="PATH")
    ap.add_argument("--all", action="store_true", help="also what is taken back, with the reason")
    ap.add_argument("--json", action="store_true", help="a JSON line a finding")
    ap.add_argument("--only", metavar="JUDGE,…", help="findings of these judges alone")
    a = ap.parse_args()
    try:
        found, judged, files = run(a.paths)
    except RuntimeError as e:
        print(e, file=sys.stderr)
        return 3
    if not files:
        print("nothing to judge", file=sys.stderr)
        return 3
    only = set(a.only.split(",")) if a.only else None
    shown = [f for f in found if (only is None or f["judge"] in only) and (a.all or not f["reason"])]
    for f in shown:
        name = os.path.relpath(f["file"]) if f["file"].startswith("/") else f["file"]
        print(json.dumps(f) if a.json else f"{'N' if f['reason'] else 'E'} {name} {f['judge']}/{f['rule']} {f['message']}"
              + (f"  [{f['reason']}]" if f["reason"] else ""))
    errors = sum(not f["reason"] for f in shown)
    print(f"{files} files, {errors} findings, {sum(bool(f['reason']) for f in found)} taken back; "
          + ", ".join(f"{j} {n}" for j, n in sorted(judged.items())), file=sys.stderr)
    return int(errors > 0)


if __name__ == "__main__":
    sys.exit(main())
