"""botocore's models -> shapes and operations, spelled as Step Functions spells them."""

import glob
import gzip
import json
import os
import pathlib
import re

import botocore

import frame
import spelling

SCALARS = {
    "string": "string",
    "character": "string",
    "boolean": "boolean",
    "integer": "integer",
    "long": "integer",
    "biginteger": "integer",
    "float": "number",
    "double": "number",
    "bigdecimal": "number",
    "timestamp": "timestamp",
    "blob": "blob",
}

# Operations that the Step Functions guide lists as not supported, with those that stream events.
REFUSED = {
    line.split()[0]: set(line.split()[1:])
    for line in """applicationdiscovery DescribeExportConfigurations ExportConfigurations
bedrockruntime InvokeModelWithResponseStream ConverseStream InvokeModelWithBidirectionalStream
bedrockagentruntime InvokeAgent InvokeFlow InvokeInlineAgent OptimizePrompt RetrieveAndGenerateStream
cloudwatchlogs StartLiveTail
codedeploy BatchGetDeploymentInstances GetDeploymentInstance ListDeploymentInstances SkipWaitTimeForInstanceTermination
comprehendmedical DetectEntities
dataexchange SendApiAsset
directconnect AllocateConnectionOnInterconnect DescribeConnectionLoa DescribeConnectionsOnInterconnect DescribeInterconnectLoa
efs CreateTags
emr DescribeJobFlows
iot AttachPrincipalPolicy ListPrincipalPolicies DetachPrincipalPolicy ListPolicyPrincipals
iotdeviceadvisor ListTestCases
iotsitewise InvokeAssistant
kinesis SubscribeToShard
lambda InvokeAsync InvokeWithResponseStream
lexruntimev2 StartConversation
mediapackage RotateChannelCredentials
qbusiness Chat
rdsdata ExecuteSql
s3 SelectObjectContent
s3control SelectObjectContent
sagemakerruntime InvokeEndpointWithResponseStream
shield DeleteSubscription
sts AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity""".splitlines()
}
NOT_SUPPORTED = "AWS lists it among the operations that Step Functions does not support"
EVENT_STREAM = "it streams events, which Step Functions cannot call"

# Names of errors that another try may get past, where the model does not say so itself.
TRANSIENT = re.compile(
    r"Throttl|TooManyRequests|RequestLimitExceeded|ThroughputExceeded|RateExceeded|SlowDown"
    r"|^Internal(Server|Service|Failure|Error)|^InternalException|ServiceUnavailable|ServiceFailure|^ServerException"
    r"|^ServiceException|RequestTimeout|OperationTimeout|ModelTimeout|^ServiceInternal"
)


def models():
    """(folder, model, paginators) of every service, the newest version of each."""
    root = os.path.join(os.path.dirname(botocore.__file__), "data")
    for folder in sorted(os.listdir(root)):
        versions = sorted(glob.glob(os.path.join(root, folder, "*", "service-2.json.gz")))
        if versions:
            with gzip.open(versions[-1]) as file:
                model = json.load(file)
            paginators = pathlib.Path(versions[-1]).parent / "paginators-1.json"
            yield folder, model, json.loads(paginators.read_text())["pagination"] if paginators.exists() else {}


class Service:
    """One service: `shapes` and `operations` in the form that frame.service takes."""

    def __init__(self, folder: str, model: dict, paginators: dict) -> None:
        metadata = model["metadata"]
        self.folder = folder
        self.model = model["shapes"]
        self.name, self.prefix = spelling.service(metadata["serviceId"])
        self.endpoint = metadata["endpointPrefix"]
        self.signing = metadata.get("signingName") or self.endpoint
        self.shapes: list = []
        self.index: dict[str, int] = {}
        self.scalars: dict = {}
        # Bits of members, by their shapes and names in the API.
        self.paging: dict[tuple[str, str], int] = {}
        for operation, paginator in paginators.items():
            self.mark(model["operations"][operation], paginator)
        self.operations = {
            spelling.operation(name): self.operation(name, operation)
            for name, operation in sorted(model["operations"].items())
        }

    def operation(self, name: str, operation: dict) -> dict:
        sides = [self.model[operation[side]["shape"]] for side in ("input", "output") if side in operation]
        references = [reference for side in sides for reference in side.get("members", {}).values()]
        targets = [self.model[reference["shape"]] for reference in references]
        has = lambda trait: any(trait in x for x in references + targets)
        listed = name in REFUSED.get(self.name, ()) or self.name == "securitylake" and "Datalake" in name
        errors = {
            spelling.error(error["shape"], self.folder, self.prefix): error["shape"]
            for error in operation.get("errors", ())
        }
        return {
            "input": self.visit(operation["input"]["shape"]) if "input" in operation else None,
            "output": self.visit(operation["output"]["shape"]) if "output" in operation else None,
            "refused": EVENT_STREAM if has("eventstream") else NOT_SUPPORTED if listed else None,
            "streaming": has("streaming"),
            "errors": [(error, shape, self.is_transient(shape)) for error, shape in sorted(errors.items())],
            "grants": [],
            "dependents": [],
        }

    def mark(self, operation: dict, paginator: dict) -> None:
        """Notes which members of an operation's input and output have to do with its pages."""
        for side, key, bit in (
            ("input", "limit_key", frame.PAGE_SIZE),
            ("input", "input_token", frame.NEXT_PAGE),
            ("output", "output_token", frame.NEXT_PAGE),
            ("output", "more_results", frame.NEXT_PAGE),
            ("output", "result_key", frame.PAGE),
        ):
            values = paginator.get(key) or []
            for value in [values] if isinstance(values, str) else values:
                for path in value.split("||"):
                    found = self.find(operation[side]["shape"], path.strip())
                    # Counts and names are given beside the lists; they are no pages.
                    if found and (bit != frame.PAGE or self.member_type(*found) in ("list", "map")):
                        self.paging[found] = self.paging.get(found, 0) | bit

    def find(self, shape: str, path: str):
        """The shape and the name of the member that a path of names leads to; None for one of another form."""
        *outer, name = path.split(".")
        for step in outer:
            if step not in self.model[shape].get("members", {}):
                return None
            shape = self.model[shape]["members"][step]["shape"]
        return (shape, name) if name in self.model[shape].get("members", {}) else None

    def member_type(self, shape: str, name: str) -> str:
        return self.model[self.model[shape]["members"][name]["shape"]]["type"]

    def is_transient(self, shape: str) -> bool:
        traits = self.model[shape]
        status = traits.get("error", {}).get("httpStatusCode", 0)
        return bool(
            "retryable" in traits or traits.get("fault") or status >= 500 or status == 429 or TRANSIENT.search(shape)
        )

    def intern(self, record) -> int:
        if record not in self.scalars:
            self.scalars[record] = len(self.shapes)
            self.shapes.append(record)
        return self.scalars[record]

    def visit(self, name: str) -> int:
        if name in self.index:
            return self.index[name]
        shape = self.model[name]
        kind, limits = shape["type"], (shape.get("min"), shape.get("max"))
        if kind in SCALARS:
            scalar = SCALARS[kind]
            if scalar == "string":
                record = ("string", tuple(shape.get("enum", ())), limits)
            elif scalar in ("integer", "number"):
                record = (scalar, limits)
            else:
                record = (scalar,)
            self.index[name] = self.intern(record)
            return self.index[name]
        if kind == "structure" and shape.get("document"):
            self.index[name] = self.intern(("json",))
            return self.index[name]
        # The place is taken before the parts are visited: shapes are recursive.
        at = self.index[name] = len(self.shapes)
        self.shapes.append(None)
        if kind == "structure":
            self.shapes[at] = ("union" if shape.get("union") else "structure", self.members(name, shape))
        elif kind == "list":
            self.shapes[at] = ("list", self.visit(shape["member"]["shape"]), limits)
        elif kind == "map":
            self.shapes[at] = ("map", self.visit(shape["value"]["shape"]), self.key(shape["key"]["shape"]), limits)
        else:
            raise SystemExit(f"{self.folder}: shape {name} has the unknown type {kind}")
        return at

    def key(self, name: str):
        """The shape of a map's keys, where the model says more of them than that they are text."""
        shape = self.model[name]
        return self.visit(name) if any(trait in shape for trait in ("enum", "min", "max")) else None

    def members(self, shape_name: str, shape: dict) -> list:
        required = set(shape.get("required", ()))
        members = {}
        for api_name, reference in shape.get("members", {}).items():
            target = self.model[reference["shape"]]
            # An event stream never passes through Step Functions; its operation is refused.
            if target.get("eventstream"):
                continue
            bits = frame.REQUIRED if api_name in required else 0
            # Some models mark ids so; nothing fills those in.
            token = reference.get("idempotencyToken") or target.get("idempotencyToken")
            if token and re.search(r"(Token|RequestId)$", api_name, re.IGNORECASE):
                bits |= frame.TOKEN
            if reference.get("deprecated"):
                bits |= frame.DEPRECATED
            bits |= self.paging.get((shape_name, api_name), 0)
            name = spelling.member(api_name, self.folder)
            if name in members:
                raise SystemExit(f"{self.folder}: two members become {name}")
            members[name] = (name, api_name, bits, self.visit(reference["shape"]))
        return list(members.values())
