"""Carries out the Tasks of a state machine against AWS-shaped services.

botocore checks the arguments against AWS's models: a wrong one raises BadArguments, which no handler of the pipeline hides.
"""
import base64
import csv
import datetime
import io
import json
import re
import threading
import time

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from sfnx.integrations import SERVICES, java_exception_name, java_service_name, pascal, sdk_member
from sfnx.testing import Failure

# botocore's names of services where optimised integrations have one of their own.
OPTIMISED = {"states": "stepfunctions", "events": "events", "elasticmapreduce": "emr"}
# What optimised integrations put before an error's name.
PREFIX = {"dynamodb": "DynamoDB", "sns": "SNS", "sqs": "SQS", "states": "StepFunctions", "events": "EventBridge"}
RUNNING = ("STARTING", "RUNNING", "QUEUED", "WAITING", "STOPPING", "PENDING")


class BadArguments(Exception):
    """The arguments do not fit the API."""


class CannotDo(Exception):
    """The emulator does not have the operation, and the case gives no answer in its place."""


class Answers:
    """What stands in for calls: {state, function or resource: [{"return": value} or {"error": name, "cause": text}, …]}, used
    in turn, the last one again and again."""

    def __init__(self, answers):
        self.answers, self.used, self.lock = answers, {}, threading.Lock()

    def of(self, *keys):
        """The next answer for the first key that has some, or None."""
        for key in keys:
            if key in self.answers:
                with self.lock:
                    at = self.used[key] = self.used.get(key, -1) + 1
                return self.answers[key][min(at, len(self.answers[key]) - 1)]
        return None

    def unused(self):
        return sorted(set(self.answers) - set(self.used))


class Tasks:
    """The tasks function of one execution for `sfnx.testing.run`. Appends to `made` what it calls: {state, resource,
    arguments, answered}; `answered` says that an answer stood in for the service, and is "return" or "error"."""

    def __init__(self, client, definition, answers, made):
        self.client, self.answers, self.made = client, answers, made
        self.states = dict(states_of(definition))

    def __call__(self, call):
        row = {"state": call.state, "resource": call.resource, "arguments": call.arguments, "answered": None}
        self.made.append(row)
        function = call.arguments.get("FunctionName") if isinstance(call.arguments, dict) else None
        answer = self.answers.of(call.state, *([function.split(":")[-1]] if function else []), call.resource)
        awaited = call.resource.endswith(".waitForTaskToken")
        if answer is not None and not awaited:
            row["answered"] = "error" if "error" in answer else "return"
            return given(answer) if not function else {"Payload": given(answer), "StatusCode": 200, "ExecutedVersion": "$LATEST"}
        result = self.read(call) if "ItemReader" in self.states[call.state] else self.carry_out(call)
        if not awaited:
            return result
        if answer is None:
            raise Failure("States.Timeout", "no answer came")
        return given(answer)

    def carry_out(self, call):
        m = re.match(r"arn:[^:]*:states:[^:]*:[^:]*:(aws-sdk:)?([^:]+):([^.:]+)(?:\.(.+))?$", call.resource)
        if not m or m[2] in ("http", "lambda"):
            raise CannotDo(f"{call.state}: {call.resource} needs an answer")
        sdk, service, action, pattern = m.groups()
        if (service, action) in (("states", "startExecution"), ("sfn", "startSyncExecution")):
            return self.nested(action, call.arguments, pattern)
        result = self.api(bool(sdk), service, action, call.arguments)
        return self.wait(service, action, call.arguments, result) if pattern in ("sync", "sync:2") else result

    def api(self, sdk, service, action, arguments):
        """The result of one operation, spelt as the integration spells it."""
        client = self.client(SERVICES.get(service, service) if sdk else OPTIMISED.get(service, service))
        model, operation = client.meta.service_model, pascal(action)
        if operation not in model.operation_names:
            raise BadArguments(f"{service} has no operation {operation}")
        shape = model.operation_model(operation)
        try:
            given = to_boto(shape.input_shape, arguments or {}, sdk) if shape.input_shape else {}
            return from_boto(shape.output_shape, getattr(client, xform_name(operation))(**given), sdk)
        except ParamValidationError as e:
            raise BadArguments(f"{service}:{action} {e}") from e
        except ClientError as e:
            code, status = e.response["Error"]["Code"], e.response["ResponseMetadata"].get("HTTPStatusCode")
            if status == 501 or code in ("InternalError", "UnknownOperation", "UnknownOperationException"):
                raise CannotDo(f"{service}:{action}: {e}") from e
            raise Failure(error_name(model, code.split(".")[-1], service, sdk), e.response["Error"].get("Message", "")) from e

    def wait(self, service, action, arguments, started):
        """What `.sync` gives at the end of the job that was started."""
        if (service, action) == ("glue", "startJobRun"):
            ask = lambda: self.api(False, "glue", "getJobRun", {"JobName": arguments["JobName"], "RunId": started["JobRunId"]})["JobRun"]
            state = lambda job: job["JobRunState"]
        elif (service, action) == ("athena", "startQueryExecution"):
            ask = lambda: self.api(False, "athena", "getQueryExecution", {"QueryExecutionId": started["QueryExecutionId"]})
            state = lambda query: query["QueryExecution"]["Status"]["State"]
        else:
            raise CannotDo(f"{service}:{action}.sync needs an answer")
        for _ in range(500):
            if state(job := ask()) not in RUNNING:
                break
            time.sleep(0.02)
        if state(job) != "SUCCEEDED":
            raise Failure("States.TaskFailed", json.dumps(job))
        return job

    def nested(self, action, arguments, pattern):
        """Starts another machine of the emulator; with .sync:2 and in an express one, to its end."""
        machine, value, boto = arguments["StateMachineArn"], arguments.get("Input", {}), self.client("stepfunctions")
        started = boto.start_execution(stateMachineArn=machine, input=value if isinstance(value, str) else json.dumps(value))
        result = {"ExecutionArn": started["executionArn"], "StartDate": started["startDate"].isoformat()}
        if action == "startExecution" and not pattern:
            return result
        while (end := boto.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
            time.sleep(0.02)
        result |= {"StateMachineArn": machine, "Status": end["status"]}
        if end["status"] == "SUCCEEDED":
            return {**result, "Output": json.loads(end["output"]) if pattern == "sync:2" else end["output"]}
        result |= {"Error": end.get("error"), "Cause": end.get("cause")}
        if action == "startSyncExecution":
            return result
        raise Failure("States.TaskFailed", json.dumps(result))

    def read(self, call):
        """The items that an ItemReader finds."""
        config = self.states[call.state]["ItemReader"].get("ReaderConfig", {})
        try:
            if call.resource.endswith(":listObjectsV2"):
                return self.api(True, "s3", "listObjectsV2", call.arguments).get("Contents", [])
            text = self.api(True, "s3", "getObject", call.arguments)["Body"]
        except Failure as e:
            raise Failure("States.ItemReaderFailed", e.cause) from e
        match config.get("InputType", "JSON"):
            case "CSV":
                return list(csv.DictReader(io.StringIO(text), fieldnames=config.get("CSVHeaders")))
            case "JSONL":
                return [json.loads(line) for line in text.splitlines() if line.strip()]
            case "JSON":
                return json.loads(text)
            case kind:
                raise CannotDo(f"{call.state}: an input of type {kind} needs an answer")


def operation(call):
    """`glue:startJobRun` of a call that was made."""
    return call["resource"].removeprefix("arn:aws:states:::").removeprefix("aws-sdk:").split(".")[0]


def given(answer):
    if "error" in answer:
        raise Failure(answer["error"], answer.get("cause", ""))
    return answer["return"]


def states_of(machine):
    """(name, state) of every state, at any depth."""
    for name, state in machine.get("States", {}).items():
        yield name, state
        for inner in [state.get("ItemProcessor") or {}, *state.get("Branches", [])]:
            yield from states_of(inner)


def to_boto(shape, value, sdk, path=""):
    match shape.type_name, value:
        case "structure", dict():
            names = {(sdk_member if sdk else pascal)(name): name for name in shape.members}
            if unknown := set(value) - set(names):
                raise BadArguments(f"{path}/{unknown.pop()}: no such parameter")
            return {names[k]: to_boto(shape.members[names[k]], x, sdk, f"{path}/{k}") for k, x in value.items()}
        case "list", list():
            return [to_boto(shape.member, x, sdk, f"{path}/{i}") for i, x in enumerate(value)]
        case "map", dict():
            return {k: to_boto(shape.value, x, sdk, f"{path}/{k}") for k, x in value.items()}
        case ("string" | "blob"), _:
            return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return value


def from_boto(shape, value, sdk):
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, (bytes, bytearray)):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dict) and shape.type_name == "structure":
        return {(sdk_member if sdk else pascal)(k): from_boto(shape.members[k], x, sdk) for k, x in value.items() if k in shape.members}
    if isinstance(value, dict):
        return {k: from_boto(shape.value, x, sdk) for k, x in value.items()}
    if isinstance(value, list):
        return [from_boto(shape.member, x, sdk) for x in value]
    return value


def error_name(model, code, service, sdk):
    if not sdk:
        return f"{PREFIX.get(service, pascal(service))}.{code if code.endswith(('Exception', 'Error')) else code + 'Exception'}"
    java = java_service_name(model.service_id)
    return f"{java}.{java_exception_name(code, java) if code in {s.name for s in model.error_shapes} else java + 'Exception'}"
