"""MiniStack, in this process and on 127.0.0.1 alone, with another interpreter for its state machines.

MiniStack brings CloudFormation and the services. Its own interpreter departs from Step Functions (assignments one after
another, no batches in maps, a handful of integrations), so executions are interpreted by sfnx, and carried out by `tasks`
against MiniStack's services. All else stays MiniStack's: what starts an execution, with which input, and what its end sets
off.

The shims, all of them:
  _run_execution   sfnx in place of MiniStack's interpreter
  fire             a schedule fires at once, with the planned time filled in as EventBridge Scheduler does
  put_event        an event of a source `aws.…`, which only AWS may send
  _pause           a Wait of any length takes longer than a crawler does
  _RELEASES        the resources of a machine's version and alias, which MiniStack has as operations alone; all traffic goes to
                   the new version at once
"""
import asyncio
import contextlib
import json
import logging
import os
import socket
import threading
import time
import urllib.request

REGION, ACCOUNT = "us-east-1", "123456789012"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


PORT = free_port()
os.environ.update(BIND_HOST="127.0.0.1", MINISTACK_HOST="127.0.0.1", GATEWAY_PORT=str(PORT), MINISTACK_ACCOUNT_ID=ACCOUNT, MINISTACK_REGION=REGION,
                  IOT_MTLS_ENABLED="0", SFTP_ENABLED="0", LOG_LEVEL="ERROR", AWS_EC2_METADATA_DISABLED="true")
for proxy in ("HTTP_PROXY", "http_proxy"):
    os.environ.pop(proxy, None)

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from hypercorn.asyncio import serve  # noqa: E402
from hypercorn.config import Config as ServerConfig  # noqa: E402
from ministack import app  # noqa: E402
from ministack.core import responses  # noqa: E402
from ministack.services import eventbridge, glue, scheduler, stepfunctions  # noqa: E402
from ministack.services.cloudformation import provisioners  # noqa: E402
from sfnx import testing  # noqa: E402

import tasks  # noqa: E402

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
ENDED = ("SUCCEEDED", "FAILED")
# How long an execution may take to start and to end.
SECONDS = 30


def publish_version(_logical, properties, _stack):
    _, _, body = stepfunctions._publish_state_machine_version({"stateMachineArn": properties["StateMachineArn"]})
    arn = json.loads(body)["stateMachineVersionArn"]
    return arn, {"Arn": arn}


def create_alias(_logical, properties, _stack):
    version = properties["DeploymentPreference"]["StateMachineVersionArn"]
    routing = [{"stateMachineVersionArn": version, "weight": 100}]
    _, _, body = stepfunctions._create_state_machine_alias({"name": properties["Name"], "routingConfiguration": routing})
    arn = json.loads(body)["stateMachineAliasArn"]
    return arn, {"Arn": arn}


_RELEASES = {"AWS::StepFunctions::StateMachineVersion": {"create": publish_version}, "AWS::StepFunctions::StateMachineAlias": {"create": create_alias}}
provisioners._RESOURCE_HANDLERS.update(_RELEASES)


glue.CRAWLER_RUN_SECONDS = 1


def _pause(_wait):
    time.sleep(1.5 * glue.CRAWLER_RUN_SECONDS)


class NotRun(Exception):
    """The template did not deploy, or an execution could not be carried out: nothing is known about how it would end."""


def client(service):
    return boto3.client(service, endpoint_url=f"http://127.0.0.1:{PORT}", region_name=REGION, aws_access_key_id=ACCOUNT,
                        aws_secret_access_key="emulated", config=Config(retries={"max_attempts": 0}, read_timeout=20, s3={"addressing_style": "path"}))


@contextlib.contextmanager
def running():
    """MiniStack answers while the block runs."""
    logging.disable(logging.CRITICAL)
    loop, stopped = asyncio.new_event_loop(), asyncio.Event()
    config = ServerConfig()
    config.bind, config.accesslog, config.errorlog = [f"127.0.0.1:{PORT}"], None, None
    config.graceful_timeout = 1
    server = threading.Thread(target=loop.run_until_complete, args=(serve(app.app, config, shutdown_trigger=stopped.wait),), daemon=True)
    server.start()
    until(lambda: socket.socket().connect_ex(("127.0.0.1", PORT)) == 0, 60, "MiniStack does not answer")
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stopped.set)
        server.join(10)


def until(ask, seconds, otherwise):
    """The first answer that is true."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > end:
            raise NotRun(otherwise)
        time.sleep(0.02)
    return answer


class Stack:
    """A template as deployed into an emulator that holds nothing else; its executions, and the calls that each one made."""

    def __init__(self, template, given, answers):
        """`given` is what exists before, as calls; `answers` as `tasks.Tasks` takes them."""
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}/_ministack/reset", method="POST")
        urllib.request.urlopen(request, timeout=30).close()
        self.answers, self.calls, self.problem = tasks.Answers(answers), {}, None
        stepfunctions._run_execution = self._interpret
        for call in given:
            self.call(call)
        self.resources = self._deploy(template)

    def _deploy(self, template):
        """{logical id: physical id}."""
        cloudformation = client("cloudformation")
        try:
            cloudformation.create_stack(StackName="flow", TemplateBody=template, Capabilities=CAPABILITIES)
        except Exception as e:
            raise NotRun(f"create_stack: {e}") from e
        stack = lambda: cloudformation.describe_stacks(StackName="flow")["Stacks"][0]
        until(lambda: not stack()["StackStatus"].endswith("IN_PROGRESS"), 60, "the stack is not ready")
        if stack()["StackStatus"] != "CREATE_COMPLETE":
            events = cloudformation.describe_stack_events(StackName="flow")["StackEvents"]
            raise NotRun("; ".join(f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in events if e["ResourceStatus"].endswith("FAILED")))
        made = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in cloudformation.describe_stack_resources(StackName="flow")["StackResources"]}
        if missing := set(json.loads(template)["Resources"]) - set(made):
            raise NotRun(f"not created: {', '.join(sorted(missing))}")
        return made

    def call(self, call):
        """Makes one call, [service, method, parameters], with `${Logical}` filled in; the service may also be `schedule`, with
        the name's beginning and the planned time, and `event`, with the event."""
        service, what, parameters = self.filled(call)
        if service == "schedule":
            return self.fire(what, parameters)
        if service == "event":
            return self.put_event(what, parameters)
        return getattr(client(service), what)(**parameters)

    def filled(self, value):
        if isinstance(value, list):
            return [self.filled(x) for x in value]
        if isinstance(value, dict):
            return {k: self.filled(x) for k, x in value.items()}
        if isinstance(value, str):
            for logical, physical in getattr(self, "resources", {}).items():
                value = value.replace(f"${{{logical}}}", physical)
        return value

    def fire(self, logical, at):
        self._in_account()
        name = self.resources[logical].split("/")[-1].split("|")[-1]
        [schedule] = [s for s in scheduler._schedules.all_values() if s["Name"] == name]
        target = {**schedule["Target"], "Input": schedule["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", at)}
        eventbridge._invoke_target(target, {"EventId": "1", "Source": "aws.scheduler", "DetailType": "Scheduled Event", "Detail": "{}", "Time": at,
                                            "Resources": [schedule["Arn"]], "Account": ACCOUNT, "Region": REGION}, schedule)

    def put_event(self, source, event):
        self._in_account()
        eventbridge._put_events({"Entries": [{"Source": source, "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}]}, allow_aws_source=True)

    def _in_account(self):
        responses.set_request_account_id(ACCOUNT)
        responses.set_request_region(REGION)

    def start(self, machine, value):
        client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(value))

    def execution(self, machine):
        """The first execution of a machine, when it and all that it has set off have ended."""
        executions = lambda: list(stepfunctions._executions.all_values())
        first = until(lambda: next((e for e in executions() if e["stateMachineArn"] == machine), None), SECONDS, "no execution was started")
        until(lambda: all(e["status"] in ENDED for e in executions()), SECONDS, "an execution does not end")
        if self.problem:
            raise NotRun(self.problem)
        return first

    def machines(self):
        """{logical id: ARN} of the state machines."""
        known = {m["stateMachineArn"] for m in client("stepfunctions").list_state_machines()["stateMachines"]}
        return {logical: physical for logical, physical in self.resources.items() if physical in known}

    def _interpret(self, arn):
        """Takes the place of MiniStack's `_run_execution`: runs an execution to its end, and tells of that end."""
        execution = stepfunctions._executions[arn]
        definition = json.loads(stepfunctions._state_machines[execution["stateMachineArn"]]["definition"])
        made = self.calls.setdefault(execution["stateMachineArn"], [])
        try:
            done = testing.run(definition, json.loads(execution["input"]), tasks.Tasks(client, definition, self.answers, made), on_wait=_pause)
        except Exception as e:  # whatever it is, the case has to hear of it; this thread has no caller
            self.problem = f"{type(e).__name__}: {e}"
            done = testing.Execution((), (), failure=testing.Failure("Emulator.NotRun", str(e)))
        execution["states"] = done.states
        if done.error is None:
            execution.update(status="SUCCEEDED", output=json.dumps(done.output))
        else:
            execution.update(status="FAILED", error=done.error, cause=done.cause)
        stepfunctions._emit_execution_status_event(execution)
