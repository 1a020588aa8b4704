"""task_args.py FILE…   Judges the Tasks of state machine definitions; a JSON line a finding, then {"judged": n} a judge.

  sdk-args   service, action, pattern, arguments and error names against botocore's models of the APIs, with the
             spelling that sfnx measured on AWS
  sfnx       what sfnx knows Step Functions to refuse in a JSONata definition
"""
import functools
import json
import re
import sys

import botocore.session
from sfnx import testing
from sfnx.integrations import SERVICES, java_service_name, pascal, sdk_error, sdk_member

RESOURCE = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:(aws-sdk:)?([A-Za-z0-9-]+):([A-Za-z0-9]+)(?:\.([A-Za-z0-9:]+))?$")
EXPRESSION = re.compile(r"^\s*\{%.*%\}\s*$", re.S)
S, T = {"sync"}, {"waitForTaskToken"}
# Optimized integrations: {service: (botocore's name, {action: patterns})}. From the Step Functions Developer Guide,
# "Integrating optimized services". An action that is no operation of the API has its arguments in OWN.
OPTIMIZED = {
    "apigateway": (None, {"invoke": T}),
    "athena": ("athena", {"startQueryExecution": S, "stopQueryExecution": set(), "getQueryExecution": set(), "getQueryResults": set()}),
    "batch": ("batch", {"submitJob": S}),
    "bedrock": (None, {"invokeModel": T, "createModelCustomizationJob": S}),
    "codebuild": ("codebuild", {"startBuild": S, "startBuildBatch": S, "retryBuildBatch": S, "stopBuild": set(), "stopBuildBatch": set(),
                                "batchDeleteBuilds": set(), "deleteBuildBatch": set(), "batchGetReports": set()}),
    "databrew": ("databrew", {"startJobRun": S}),
    "dynamodb": ("dynamodb", {a: set() for a in ("getItem", "putItem", "updateItem", "deleteItem")}),
    "ecs": ("ecs", {"runTask": S | T}),
    "eks": (None, {"createCluster": S, "deleteCluster": S, "createNodegroup": S, "deleteNodegroup": S, "createFargateProfile": S,
                   "deleteFargateProfile": S, "runJob": S, "call": set()}),
    "elasticmapreduce": (None, {"createCluster": S, "terminateCluster": S, "addStep": S, "cancelStep": set(), "setClusterTerminationProtection": set(),
                                "modifyInstanceFleetByName": set(), "modifyInstanceGroupByName": set()}),
    "emr-containers": ("emr-containers", {"createVirtualCluster": set(), "deleteVirtualCluster": S, "startJobRun": S}),
    "emr-serverless": ("emr-serverless", {a: S for a in ("createApplication", "startApplication", "stopApplication", "deleteApplication", "startJobRun",
                                                         "cancelJobRun")}),
    "events": ("events", {"putEvents": T}),
    "glue": ("glue", {"startJobRun": S}),
    "http": (None, {"invoke": set()}),
    "lambda": ("lambda", {"invoke": T}),
    "mediaconvert": ("mediaconvert", {"createJob": S}),
    "sagemaker": ("sagemaker", {**{a: S for a in ("createTrainingJob", "createTransformJob", "createProcessingJob", "createHyperParameterTuningJob",
                                                  "createLabelingJob")},
                                **{a: set() for a in ("createModel", "createEndpointConfig", "createEndpoint", "updateEndpoint")}}),
    "sns": ("sns", {"publish": T}),
    "sqs": ("sqs", {"sendMessage": T}),
    "states": ("stepfunctions", {"startExecution": S | T | {"sync:2"}}),
}
# {resource: (operation whose members it takes or None, further members, members that are required)}
OWN = {
    "apigateway:invoke": (None, {"Headers", "Stage", "Path", "QueryParameters", "RequestBody", "AuthType", "AllowNullValues"}, {"ApiEndpoint", "Method"}),
    "http:invoke": (None, {"Authentication", "InvocationConfig", "Headers", "QueryParameters", "RequestBody", "Transform"}, {"ApiEndpoint", "Method"}),
    "bedrock:invokeModel": (None, {"Body", "Input", "ContentType", "Accept", "Output", "GuardrailIdentifier", "GuardrailVersion", "Trace"}, {"ModelId"}),
    "elasticmapreduce:createCluster": ("emr.RunJobFlow", set(), {"Name", "Instances"}),
    "elasticmapreduce:terminateCluster": (None, set(), {"ClusterId"}),
    "elasticmapreduce:addStep": (None, {"ExecutionRoleArn"}, {"ClusterId", "Step"}),
    "elasticmapreduce:cancelStep": (None, set(), {"ClusterId", "StepId"}),
    "elasticmapreduce:setClusterTerminationProtection": (None, set(), {"ClusterId", "TerminationProtected"}),
    "elasticmapreduce:modifyInstanceFleetByName": (None, {"InstanceFleet"}, {"ClusterId", "InstanceFleetName"}),
    "elasticmapreduce:modifyInstanceGroupByName": (None, {"InstanceGroup"}, {"ClusterId", "InstanceGroupName"}),
}
# Arguments that Step Functions takes as any JSON where the API wants text, and sends as text.
JSON_AS_TEXT = {"Message", "MessageBody", "Detail", "Input", "Payload", "Body"}


def say(file, judge, rule, message):
    print(json.dumps({"file": file, "judge": judge, "rule": rule, "message": re.sub(r"\s+", " ", str(message))[:400]}))


@functools.cache
def session():
    return botocore.session.get_session()


@functools.cache
def model(name):
    """botocore's model of a service by its own name, or by the name that SDK integrations give it."""
    plain = {n.replace("-", ""): n for n in session().get_available_services()}
    name = name if name in plain.values() else SERVICES.get(name) or plain.get(name)
    return session().get_service_model(name) if name else None


def states(node, path=""):
    """Every (path, state) below a definition's node."""
    if isinstance(node, dict):
        for name, state in (node.get("States") or {}).items():
            yield f"{path}/{name}", state
            for inner in (state.get("Branches") or []) + [state.get("ItemProcessor") or {}, state.get("Iterator") or {}]:
                yield from states(inner, f"{path}/{name}")


def check(shape, value, path, complain, sdk):
    if isinstance(value, str) and (EXPRESSION.match(value) or value.startswith("${")):
        return
    kind = shape.type_name
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return
        if not isinstance(value, dict):
            return complain(f"{path}: expected an object")
        spelling = sdk_member if sdk else pascal
        names = {spelling(m): m for m in shape.members}
        given = {k.removesuffix(".$"): None if k.endswith(".$") else v for k, v in value.items()}
        for key, inner in given.items():
            if key not in names:
                near = [n for n in names if n.lower() == key.lower()]
                complain(f"{path}/{key}: no such argument" + (f", did you mean {near[0]}" if near else ""))
            elif inner is not None and key not in JSON_AS_TEXT:
                check(shape.members[names[key]], inner, f"{path}/{key}", complain, sdk)
        for member in shape.required_members:
            token = shape.members[member].metadata.get("idempotencyToken")  # filled in by the service
            if spelling(member) not in given and not token:
                complain(f"{path}: {spelling(member)} is required")
    elif kind == "list":
        if not isinstance(value, list):
            return complain(f"{path}: expected a list")
        for i, inner in enumerate(value):
            check(shape.member, inner, f"{path}/{i}", complain, sdk)
    elif kind == "map":
        if not isinstance(value, dict):
            return complain(f"{path}: expected an object")
        for key, inner in value.items():
            check(shape.value, inner, f"{path}/{key}", complain, sdk)
    elif kind == "string":
        if not isinstance(value, str):
            complain(f"{path}: expected a string")
        elif shape.enum and value not in shape.enum:
            complain(f"{path}: {value!r} is none of {', '.join(shape.enum[:8])}")
    elif kind in ("integer", "long"):
        if not isinstance(value, int) or isinstance(value, bool):
            complain(f"{path}: expected an integer")
    elif kind == "boolean" and not isinstance(value, bool):
        complain(f"{path}: expected true or false")


def check_own(entry, args, complain):
    """Arguments of an optimized integration's own action."""
    operation, further, required = entry
    names = further | required
    if operation:
        service, name = operation.split(".")
        shape = model(service).operation_model(name).input_shape
        for key, value in args.items():
            if key in shape.members:
                check(shape.members[key], value, f"Arguments/{key}", complain, False)
        names |= set(shape.members)
    for key in args:
        if key.removesuffix(".$") not in names:
            complain(f"Arguments/{key}: no such argument")
    for key in sorted(required - {k.removesuffix(".$") for k in args}):
        complain(f"Arguments: {key} is required")


def check_task(state, complain):
    m = RESOURCE.match(state["Resource"])
    if not m:
        return  # the ARN of a function or an activity
    sdk, service, action, pattern = bool(m[1]), m[2], m[3], m[4]
    args = state.get("Arguments", state.get("Parameters", {}))
    if pattern == "waitForTaskToken" and "Task.Token" not in json.dumps(state):
        complain("token", "the task's token is not passed on")
    if sdk:
        known, patterns = model(service), T
        if known is None:
            return complain("service", f"no service {service}")
    else:
        if service not in OPTIMIZED:
            return complain("service", f"no optimized integration {service}")
        name, actions = OPTIMIZED[service]
        if action not in actions:
            return complain("action", f"no optimized action {service}:{action}")
        known, patterns = name and model(name), actions[action]
    if pattern and pattern not in patterns:
        complain("pattern", f"{service}:{action} has no .{pattern}")
    bad_argument = lambda message: complain("argument", f"{service}:{action} {message}")
    if not isinstance(args, dict):
        return
    if known:
        operation = next((o for o in known.operation_names if o[:1].lower() + o[1:] == action), None)
        if operation is None:
            return complain("action", f"no operation {action} of {service}; they begin in lower case")
        shape = known.operation_model(operation).input_shape
        if shape is not None:
            check(shape, args, "Arguments", bad_argument, sdk)
        elif args:
            bad_argument("takes no arguments")
    elif f"{service}:{action}" in OWN:
        check_own(OWN[f"{service}:{action}"], args, bad_argument)
    if sdk:
        check_errors(state, service, java_service_name(known.service_id), complain)


def check_errors(state, service, prefix, complain):
    for name in [n for h in state.get("Retry", []) + state.get("Catch", []) for n in h.get("ErrorEquals", [])]:
        if name.startswith(prefix + ".") and name != prefix + ".SdkClientException":
            try:
                sdk_error(service, name.split(".", 1)[1])
            except ValueError as e:
                complain("error", e)


def main(files):
    judged = {"sdk-args": 0, "sfnx": 0}
    for file in files:
        document = json.load(open(file))
        for path, state in states(document):
            if state.get("Type") == "Task" and isinstance(state.get("Resource"), str):
                check_task(state, lambda rule, message: say(file, "sdk-args", rule, f"{path} {message}"))
        judged["sdk-args"] += 1
        try:
            if document.get("QueryLanguage") == "JSONata":
                testing.check(document)
        except testing.InvalidDefinition as e:
            say(file, "sfnx", "refused", e)
        except testing.Unsupported as e:
            say(file, "sfnx", "unsupported", e)
        except (KeyError, TypeError, AttributeError, AssertionError) as e:  # it trusts the shape of the document
            say(file, "sfnx", "shape", repr(e))
        judged["sfnx"] += 1
    for judge, n in judged.items():
        print(json.dumps({"judge": judge, "judged": n}))


main(sys.argv[1:])
