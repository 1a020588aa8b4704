"""python3 scripts/judges/selftest   Does every judge speak up?

Takes a template with which all judges are content, breaks a copy of it in one place a case, and demands that the judge
named in the case reports it. A judge that looks at nothing, or that a filter silences, fails here.
"""
import copy
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import run  # noqa: E402

SAMPLE = json.loads((HERE / "sample.template.json").read_text())
CASES = []


def case(judge, what):
    """The function below breaks the sample, given as its template's resources, so that `judge` has to report it."""
    def add(break_it):
        CASES.append((judge, what, break_it))
        return break_it
    return add


def states(r):
    return r["Sales"]["Properties"]["Definition"]["States"]


def statements(r):
    return r["SalesPolicy"]["Properties"]["PolicyDocument"]["Statement"]


@case("asl-validator", "a Next that leads nowhere")
def _(r): states(r)["each"]["Next"] = "nowhere"


@case("asl-validator", "a JSONPath field in a JSONata state")
def _(r): states(r)["gate"]["ResultPath"] = "$.gate"


@case("asl-service", "a rate of backoff below 1")
def _(r): states(r)["gate"]["Retry"][0]["BackoffRate"] = 0.5


@case("asl-service", "a state that nothing leads to")
def _(r): states(r)["alone"] = {"Type": "Succeed"}


@case("jsonata", "an expression that does not parse")
def _(r): states(r)["gate"]["Assign"]["size"] = "{% $states.result. %}"


@case("jsonata", "a variable that nothing assigns")
def _(r): states(r)["empty"]["Choices"][0]["Condition"] = "{% $sise = 0 %}"


@case("jsonata", "a variable of a distributed map's outside")
def _(r):
    states(r)["each"]["ItemProcessor"]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    states(r)["each"]["ItemProcessor"]["States"]["clean"]["Output"] = "{% $date %}"


@case("sdk-args", "an argument that the operation does not have")
def _(r): states(r)["gate"]["Arguments"]["Buket"] = "x"


@case("sdk-args", "an argument that is missing")
def _(r): del states(r)["gate"]["Arguments"]["Key"]


@case("sdk-args", "a value that an enum does not have")
def _(r): states(r)["each"]["ItemProcessor"]["States"]["clean"]["Arguments"]["WorkerType"] = "G.3X"


@case("sdk-args", "an operation that does not exist")
def _(r): states(r)["gate"]["Resource"] = "arn:aws:states:::aws-sdk:s3:headThing"


@case("sdk-args", "a pattern that the integration does not have")
def _(r): states(r)["alert"]["Resource"] = "arn:aws:states:::sns:publish.sync"


@case("sdk-args", "an error that the service does not have")
def _(r): states(r)["gate"]["Retry"][0]["ErrorEquals"] = ["S3.NoSuchKeey"]


@case("sfnx", "a result where a state has none")
def _(r): states(r)["empty"]["Choices"][0]["Condition"] = "{% $states.result = 0 %}"


@case("cfn-lint", "a property that the resource does not have")
def _(r): r["SalesLogs"]["Properties"]["Retention"] = 30


@case("cfn-lint", "a reference to nothing")
def _(r): r["Sales"]["Properties"]["RoleArn"] = {"Fn::GetAtt": ["Role", "Arn"]}


@case("cfn-lint", "a state of no type that exists")
def _(r): states(r)["failed"]["Type"] = "Failure"


@case("checkov", "a log group that keeps everything for ever")
def _(r): del r["SalesLogs"]["Properties"]["RetentionInDays"]


@case("checkov", "a policy that allows every action")
def _(r): statements(r)[0].update({"Action": "*", "Resource": "*"})


@case("iam-data", "an action that does not exist")
def _(r): statements(r)[0]["Action"] = "s3:HeadObject"


@case("iam-data", "a resource of the wrong kind")
def _(r): statements(r)[1]["Resource"] = {"Fn::Sub": "arn:aws:s3:::${RawBucket}/*"}


@case("iam-data", "a star where the action can be scoped")
def _(r): statements(r)[2]["Resource"] = "*"


@case("parliament", "an action that does not exist")
def _(r): statements(r)[0]["Action"] = "s3:HeadObject"


@case("parliament", "a condition's operator that does not exist")
def _(r): statements(r)[1]["Condition"] = {"StringLikes": {"s3:prefix": "sales/*"}}


@case("permissions/denied", "a call without its permission")
def _(r): statements(r)[2]["Action"].remove("glue:BatchStopJobRun")


@case("permissions/denied", "a permission on another resource")
def _(r): statements(r)[2]["Resource"] = {"Fn::Sub": "arn:aws:glue:${AWS::Region}:${AWS::AccountId}:job/clean-sale"}


@case("permissions/denied", "a pattern that the text around the unknown part does not fit")
def _(r): statements(r)[0]["Resource"] = {"Fn::Sub": "arn:aws:s3:::${RawBucket}/orders/*/_SUCCESS"}


@case("permissions/denied", "a role that may be passed to another service only")
def _(r): statements(r)[5]["Condition"]["StringEquals"]["iam:PassedToService"] = "glue.amazonaws.com"


@case("permissions/denied", "a log group without the permission to deliver to it")
def _(r): statements(r)[6]["Action"].remove("logs:PutResourcePolicy")


@case("permissions/denied", "a distributed map that cannot start its children")
def _(r): states(r)["each"]["ItemProcessor"]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


@case("permissions/denied", "an endpoint that another host's name begins with")
def _(r): statements(r)[8]["Condition"]["StringLike"]["states:HTTPEndpoint"] = "https://api.partner.example.org/*"


@case("permissions/denied", "a method that the statement does not allow")
def _(r): statements(r)[8]["Condition"]["StringEquals"]["states:HTTPMethod"] = "GET"


@case("permissions/denied", "a prefix in arguments that are one expression")
def _(r): statements(r)[7]["Condition"]["StringLike"]["s3:prefix"] = "publish/*"


@case("permissions/surplus", "a permission that no call needs")
def _(r): statements(r)[2]["Action"].append("glue:DeleteJob")


@case("permissions/surplus", "two statements for the same")
def _(r): statements(r).append(copy.deepcopy(statements(r)[3]))


@case("permissions/wide", "a whole bucket for one key")
def _(r): statements(r)[0]["Resource"] = {"Fn::Sub": "arn:aws:s3:::${RawBucket}/*"}


@case("permissions/wide", "any endpoint for one")
def _(r): del statements(r)[8]["Condition"]["StringLike"]


@case("permissions/wide", "a role that may be passed to any service")
def _(r): del statements(r)[5]["Condition"]


@case("permissions/disputed", "a resource that is no ARN, which the first evaluator takes for all")
def _(r): statements(r)[3]["Resource"] = "ops"


@case("wiring/substitution", "a placeholder without a value")
def _(r): del r["Sales"]["Properties"]["DefinitionSubstitutions"]["Ops"]


@case("wiring/substitution", "a value that no placeholder uses")
def _(r): r["Sales"]["Properties"]["DefinitionSubstitutions"]["Other"] = "x"


@case("wiring/null", "a null, which no template may hold")
def _(r): states(r)["gate"]["Assign"]["size"] = None


@case("wiring/order", "a machine that does not wait for its policy")
def _(r): del r["Sales"]["DependsOn"]


@case("wiring/trust", "a role that another service assumes")
def _(r): r["SalesRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"Service": "glue.amazonaws.com"}


@case("wiring/trust", "a role that any machine of the account assumes")
def _(r): del r["SalesRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["ArnLike"]


@case("wiring/logs", "a log group that fills the log resource policy")
def _(r): r["SalesLogs"]["Properties"]["LogGroupName"] = "/sales"


@case("wiring/express", "an express machine that awaits a job")
def _(r): r["Sales"]["Properties"]["StateMachineType"] = "EXPRESS"


def write(folder, template):
    folder.mkdir()
    resources = template["Resources"]
    (folder / "sales.template.json").write_text(json.dumps(template))
    (folder / "sales.asl.json").write_text(json.dumps(resources["Sales"]["Properties"]["Definition"]))
    (folder / "sales.iam.json").write_text(json.dumps(plain(resources["SalesPolicy"]["Properties"]["PolicyDocument"])))


def plain(value):
    """As flowc writes a policy beside its template: `${…}` in place of intrinsic functions."""
    if isinstance(value, list):
        return [plain(x) for x in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Fn::Sub": text}: return text
        case {"Ref": name}: return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}: return f"${{{name}.{attribute}}}"
    return {key: plain(x) for key, x in value.items()}


def main():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        write(scratch / "sound", SAMPLE)
        for i, (_, _, break_it) in enumerate(CASES):
            broken = copy.deepcopy(SAMPLE)
            break_it(broken["Resources"])
            write(scratch / str(i), broken)
        stray = scratch / "stray"
        write(stray, SAMPLE)
        (stray / "sales.asl.json").write_text(json.dumps({"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}))
        found, _, _ = run.run([scratch])
    def reported(folder, judge):
        return any(f["file"].startswith(f"{scratch}/{folder}/") and not f["reason"] and f"{f['judge']}/{f['rule']}/".startswith(judge + "/") for f in found)
    failures = [f"the sound sample is found fault with: {f['judge']}/{f['rule']} {f['message']}" for f in found
                if f["file"].startswith(f"{scratch}/sound/") and not f["reason"]]
    failures += [f"{judge} does not report {what}" for i, (judge, what, _) in enumerate(CASES) if not reported(i, judge)]
    failures += [] if reported("stray", "wiring/stray") else ["wiring/stray does not report a definition that the template does not deploy"]
    for line in failures:
        print(line, file=sys.stderr)
    print(f"{len(CASES) + 2 - len(failures)} passed, {len(failures)} failed")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
