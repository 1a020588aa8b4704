#!/usr/bin/env python3
"""scripts/emulate/selftest.py OUT   Does every check fail when it should?

Takes cases that run without a problem, breaks the template or the case in one place, and demands that what is reported says so.
OUT is what `flowc build examples --out OUT` wrote.
"""
import copy
import pathlib
import sys
import tempfile

import deploy

CASES = []


def case(example, expected):
    """The function below breaks the template's resources, or the case, so that a problem with `expected` in it is reported."""
    def add(break_it):
        CASES.append((example, expected, break_it))
        return break_it
    return add


def statements(resources, policy):
    return resources[policy]["Properties"]["PolicyDocument"]["Statement"]


def states(resources, machine):
    return resources[machine]["Properties"]["Definition"]["States"]


def allowing(resources, policy, action):
    return next(s for s in statements(resources, policy) if action in s["Action"])


@case("run_ledger", "RunLedger, calls as flow-RunLedgerRole")
def _(r, c): allowing(r, "RunLedgerPolicy", "dynamodb:PutItem")["Action"].remove("dynamodb:PutItem")


@case("run_ledger", "denied: dynamodb:PutItem arn:aws:dynamodb:us-east-1:123456789012:table/run-ledger")
def _(r, c): allowing(r, "RunLedgerPolicy", "dynamodb:PutItem")["Resource"] = {"Fn::Sub": "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/other"}


@case("run_ledger", "surplus: dynamodb:DeleteItem")
def _(r, c): allowing(r, "RunLedgerPolicy", "dynamodb:PutItem")["Action"].append("dynamodb:DeleteItem")


@case("run_ledger", "wide: dynamodb:PutItem")
def _(r, c): allowing(r, "RunLedgerPolicy", "dynamodb:PutItem")["Resource"] = {"Fn::Sub": "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/*"}


@case("run_ledger", "no such parameter")
def _(r, c): states(r, "RunLedger")["claim"]["Arguments"]["Table"] = "run-ledger"


@case("run_ledger", "failed with DynamoDB.ResourceNotFoundException")
def _(r, c): states(r, "RunLedger")["claim"]["Arguments"]["TableName"] = "no-such-table"


@case("run_ledger", "gave")
def _(r, c): c["output"] = {"file": "b.csv"}


@case("run_ledger", "called")
def _(r, c): c["calls"].append("failed")


@case("run_ledger", "ended with SUCCEEDED, not Load.Failed")
def _(r, c): c["ends"] = "Load.Failed"


@case("run_ledger", "nothing asked for the answer")
def _(r, c): c["answers"] = {"no_such_state": [{"return": {}}]}


@case("run_ledger", "not run: create_stack")
def _(r, c): r["Odd"] = {"Type": "AWS::No::Such"}


@case("saga", "lambda:invoke needs an answer")
def _(r, c): del c["answers"]["book-car"]


@case("step_roles", "calls as flow-StepRolesStoreRole")
def _(r, c):
    for resource in r.values():
        if resource["Type"] == "AWS::IAM::Role":
            resource["Properties"].pop("Policies", None)


@case("s3_arrival", "no execution was started")
def _(r, c): r["S3ArrivalOnS3"]["Properties"]["EventPattern"]["detail-type"] = ["Object Deleted"]


@case("s3_arrival", "no execution was started")
def _(r, c): del r["Inbox"]["Properties"]["NotificationConfiguration"]


@case("s3_arrival", "no case fires S3ArrivalOnS3")
def _(r, c): del c["trigger"]


@case("nightly_schedule", "failed with States.QueryEvaluationError")
def _(r, c): r["NightlyScheduleOnSchedule"]["Properties"]["Target"]["Input"] = "{}"


@case("sub_pipelines", "denied: states:StartSyncExecution")
def _(r, c): allowing(r, "OnEventPolicy", "states:StartSyncExecution")["Action"] = ["states:StartExecution"]


def broken(data, templates, example, break_it):
    """The problems of an example's first case after `break_it`."""
    template, first = copy.deepcopy(templates[example]), copy.deepcopy(next(c for c in data["case"] if c["example"] == example))
    break_it(template["Resources"], first)
    return deploy.run({**data, "case": [first]}, {example: template})[0]


def stale(data):
    with tempfile.TemporaryDirectory() as scratch:
        kept = pathlib.Path(scratch) / "table.md"
        deploy.table.keep(kept, data, [], write=True)
        kept.write_text(kept.read_text().replace("# Deployed", "# Once deployed"))
        return deploy.table.keep(kept, data, [], write=False)


def main():
    data, templates = deploy.read(sys.argv[1])
    deploy.emulator.SECONDS = 3
    failures = []
    for example, expected, break_it in CASES:
        problems = broken(data, templates, example, break_it)
        if not any(expected in p for p in problems):
            failures.append(f"{example}: {expected!r} is not reported, but {problems}")
    failures += [] if stale(data) else ["a table that is not what was run is not reported"]
    for line in failures:
        print(line)
    print(f"{len(CASES) + 1 - len(failures)} passed, {len(failures)} failed")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
