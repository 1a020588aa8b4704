"""Takes state machines and policies out of CloudFormation templates, with stand-in values for what is known only
when the stack is deployed, and judges the wiring between them that no other judge looks at.

Knows nothing of ASL or IAM beyond where they stand in a template.
"""
import json
import re

ACCOUNT, REGION = "123456789012", "us-east-1"
PSEUDO = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::StackName": "stack",
          "AWS::URLSuffix": "amazonaws.com",
          "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/stack/00000000-0000-0000-0000-000000000000"}
# What Fn::GetAtt … Arn gives: {n} is the resource's name.
ARN = {
    "AWS::DynamoDB::Table": "dynamodb:{r}:{a}:table/{n}",
    "AWS::ECS::Cluster": "ecs:{r}:{a}:cluster/{n}",
    "AWS::ECS::TaskDefinition": "ecs:{r}:{a}:task-definition/{n}:1",
    "AWS::Events::Connection": "events:{r}:{a}:connection/{n}/00000000-0000-0000-0000-000000000000",
    "AWS::Events::EventBus": "events:{r}:{a}:event-bus/{n}",
    "AWS::Events::Rule": "events:{r}:{a}:rule/{n}",
    "AWS::Glue::Job": "glue:{r}:{a}:job/{n}",
    "AWS::IAM::Role": "iam::{a}:role/{n}",
    "AWS::Kinesis::Stream": "kinesis:{r}:{a}:stream/{n}",
    "AWS::KinesisFirehose::DeliveryStream": "firehose:{r}:{a}:deliverystream/{n}",
    "AWS::KMS::Key": "kms:{r}:{a}:key/00000000-0000-0000-0000-000000000000",
    "AWS::Lambda::Function": "lambda:{r}:{a}:function:{n}",
    "AWS::Logs::LogGroup": "logs:{r}:{a}:log-group:{n}:*",
    "AWS::S3::Bucket": "s3:::{n}",
    "AWS::Scheduler::ScheduleGroup": "scheduler:{r}:{a}:schedule-group/{n}",
    "AWS::SecretsManager::Secret": "secretsmanager:{r}:{a}:secret:{n}-000000",
    "AWS::SNS::Topic": "sns:{r}:{a}:{n}",
    "AWS::SQS::Queue": "sqs:{r}:{a}:{n}",
    "AWS::StepFunctions::Activity": "states:{r}:{a}:activity:{n}",
    "AWS::StepFunctions::StateMachine": "states:{r}:{a}:stateMachine:{n}",
}
REF_IS_ARN = {"AWS::SNS::Topic", "AWS::SecretsManager::Secret", "AWS::StepFunctions::Activity", "AWS::StepFunctions::StateMachine", "AWS::ECS::TaskDefinition"}
NAMES = ("TableName", "TopicName", "QueueName", "BucketName", "FunctionName", "StateMachineName", "LogGroupName", "RoleName", "ClusterName", "Name")
SCHEDULE = re.compile(r"^(rate\([1-9]\d* (minutes?|hours?|days?)\)|cron\(\S+( \S+){5}\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\))$")


def as_list(value):
    return [] if value is None else value if isinstance(value, list) else [value]


class Resolver:
    """Evaluates intrinsic functions. Calling it with a value gives the value without them."""

    def __init__(self, template):
        self.resources = template.get("Resources", {})
        self.parameters = template.get("Parameters", {})

    def name(self, logical):
        p = self.resources[logical].get("Properties") or {}
        return next((str(self(p[k])) for k in NAMES if k in p), logical.lower())

    def arn(self, logical):
        kind = self.resources[logical]["Type"]
        if kind not in ARN:
            return f"arn:aws:{kind.split('::')[1].lower()}:{REGION}:{ACCOUNT}:{logical}"
        return "arn:aws:" + ARN[kind].format(r=REGION, a=ACCOUNT, n=self.name(logical))

    def ref(self, logical):
        if logical in PSEUDO:
            return PSEUDO[logical]
        if logical in self.parameters:
            p = self.parameters[logical]
            value = p.get("Default") or next(iter(p.get("AllowedValues", [])), None)
            if value is None:
                value = "3" if p["Type"] == "Number" else logical.lower()
            return str(value).split(",") if "List" in p["Type"] else str(value)
        if logical not in self.resources:
            return logical
        kind = self.resources[logical]["Type"]
        if kind in REF_IS_ARN:
            return self.arn(logical)
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self.name(logical)}"
        return self.name(logical)

    def attribute(self, logical, attribute):
        if logical not in self.resources:
            return logical
        if attribute == "StreamArn":
            return self.arn(logical) + "/stream/2026-01-01T00:00:00.000"
        return self.arn(logical) if attribute.endswith("Arn") else self.name(logical)

    def sub(self, text, given):
        def one(m):
            key = m[1]
            if key.startswith("!"):
                return "${" + key[1:] + "}"
            if key in given:
                return str(given[key])
            return str(self.attribute(*key.split(".", 1)) if "." in key else self.ref(key))
        return re.sub(r"\$\{([^}]+)\}", one, text)

    def fill(self, value):
        """A policy as people read it: what the deployment fills in stands as ${Name}; ${aws:userid} and ${*} are IAM's."""
        if isinstance(value, list):
            return [self.fill(x) for x in value]
        if isinstance(value, dict):
            return {key: self.fill(x) for key, x in value.items()}
        if not isinstance(value, str):
            return value
        known = lambda name: name in PSEUDO or name.split(".")[0] in {**self.parameters, **self.resources}
        return re.sub(r"\$\{([^}]+)\}", lambda m: self.sub(m[0], {}) if known(m[1]) else m[0], value)

    def __call__(self, value):
        if isinstance(value, list):
            return [x for x in map(self, value) if x is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, arg), = value.items()
            if key == "Ref":
                return None if arg == "AWS::NoValue" else self.ref(arg)
            if key == "Fn::GetAtt":
                return self.attribute(*(arg.split(".", 1) if isinstance(arg, str) else map(str, arg)))
            if key == "Fn::Sub":
                return self.sub(arg, {}) if isinstance(arg, str) else self.sub(arg[0], self(arg[1]))
            if key == "Fn::Join":
                return arg[0].join(map(str, self(arg[1])))
            if key == "Fn::If":
                return self(arg[1])
            if key == "Fn::Split":
                return str(self(arg[1])).split(arg[0])
            if key == "Fn::Select":
                items = self(arg[1])
                return items[int(arg[0])] if int(arg[0]) < len(items) else ""
            if key == "Fn::ImportValue":
                return f"imported-{self(arg)}".lower()
            if key.startswith("Fn::"):
                return "value"
        return {k: r for k, x in value.items() if (r := self(x)) is not None}


def role_of(resources, value):
    """The logical id of the role that a RoleArn property points to, or None."""
    if isinstance(value, dict) and "Fn::GetAtt" in value:
        arg = value["Fn::GetAtt"]
        logical = arg.split(".")[0] if isinstance(arg, str) else arg[0]
        return logical if resources.get(logical, {}).get("Type") == "AWS::IAM::Role" else None
    return None


def policies_of(resources, resolve, role):
    """[(logical id, document)] of a role, and whether it has managed policies too, which cannot be judged here."""
    own = resources[role].get("Properties") or {}
    found = [(role, p["PolicyDocument"]) for p in resolve(own.get("Policies") or [])]
    for logical, other in resources.items():
        p = other.get("Properties") or {}
        attached = p.get("Roles") or as_list(p.get("RoleName"))
        if other["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy") and {"Ref": role} in attached:
            found.append((logical, resolve(p["PolicyDocument"])))
    return found, bool(own.get("ManagedPolicyArns"))


class Template:
    """One template: its machines, its policies, and `findings` about how they hang together."""

    def __init__(self, path):
        self.path, self.findings = path, []
        self.document = json.loads(path.read_text())
        self.resources = self.document.get("Resources", {})
        self.resolve = Resolver(self.document)
        self.machines = [m for logical, r in self.resources.items() if r["Type"] == "AWS::StepFunctions::StateMachine"
                         if (m := self._machine(logical, r.get("Properties") or {}))]
        self.policies = self._policies()
        self._triggers()
        self._nulls(self.document, "")

    def say(self, logical, rule, message):
        self.findings.append({"file": f"{self.path}#{logical}", "judge": "wiring", "rule": rule, "message": message})

    def _nulls(self, value, path):
        """CloudFormation refuses a template with a null in it, wherever it stands."""
        if value is None:
            self.say(path.split("/")[2], "null", f"null values are not allowed in templates: {path}")
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, x in children:
            self._nulls(x, f"{path}/{key}")

    def _policies(self):
        """{logical id: [document]} of all identity policies."""
        out = {}
        for logical, r in self.resources.items():
            p = r.get("Properties") or {}
            if r["Type"] == "AWS::IAM::Role":
                out[logical] = [q["PolicyDocument"] for q in self.resolve(p.get("Policies") or [])]
            elif r["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
                out[logical] = [self.resolve(p["PolicyDocument"])]
        return {k: v for k, v in out.items() if v}

    def _machine(self, logical, p):
        source = p.get("Definition") or p.get("DefinitionString")
        if source is None:
            return None
        given = {k: str(v) for k, v in self.resolve(p.get("DefinitionSubstitutions") or {}).items()}
        document = self.resolve(source)
        text = document if isinstance(document, str) else json.dumps(document)
        used = set(re.findall(r"\$\{(\w+)\}", text))
        for name in sorted(used - set(given)):
            self.say(logical, "substitution", f"${{{name}}} stands in the definition, but not in DefinitionSubstitutions")
        for name in sorted(set(given) - used):
            self.say(logical, "substitution", f"DefinitionSubstitutions gives {name}, which the definition does not use")
        # As CloudFormation does it: in the text, without escaping.
        filled = re.sub(r"\$\{(\w+)\}", lambda m: given.get(m[1], m[0]), text)
        try:
            definition = json.loads(filled)
        except ValueError as e:
            self.say(logical, "substitution", f"no JSON after DefinitionSubstitutions: {e}")
            return None
        name = self.resolve.name(logical)
        machine = {"logical": logical, "name": name, "source": source, "definition": definition,
                   "logging": (p.get("LoggingConfiguration") or {}).get("Level", "OFF") != "OFF",
                   "tracing": bool((p.get("TracingConfiguration") or {}).get("Enabled")),
                   "key": self.resolve((p.get("EncryptionConfiguration") or {}).get("KmsKeyId"))}
        if "StateMachineName" not in p:
            self.say(logical, "name", "has no StateMachineName, so nothing can name its ARN")
        if p.get("StateMachineType") == "EXPRESS":
            for hit in sorted(set(re.findall(r"\.sync(?::2)?(?=\")|\.waitForTaskToken|:activity:|\"DISTRIBUTED\"", filled))):
                self.say(logical, "express", f"is EXPRESS, which has no {hit}")
        self._logs(logical, p)
        role = self._role(logical, p.get("RoleArn"), "states")
        if role:
            documents, managed = policies_of(self.resources, self.resolve, role)
            if not managed:
                machine["policies"] = [document for _, document in documents]
            if logical in self._depends_on(role):
                self.say(logical, "order", f"and its role {role} wait for each other")
            waits = self._depends_on(logical)
            for policy in sorted({policy for policy, _ in documents if policy != role and policy not in waits}):
                self.say(logical, "order", f"can be created before {policy}, and then lacks its permissions")
            self._source_arn(logical, role, "stateMachine:" + name)
        return machine

    def _logs(self, logical, p):
        for destination in self.resolve((p.get("LoggingConfiguration") or {}).get("Destinations") or []):
            arn = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]
            if not arn.endswith(":*"):
                self.say(logical, "logs", f"LogGroupArn must end with :*, but is {arn}")
            if ":log-group:/aws/vendedlogs/" not in arn:
                self.say(logical, "logs", f"a log group outside /aws/vendedlogs/ fills the account's log resource policy: {arn}")

    def _depends_on(self, logical):
        """Everything that exists before this resource: DependsOn, Ref, Fn::GetAtt and Fn::Sub, followed all the way."""
        seen, todo = set(), [logical]
        while todo:
            r = self.resources[todo.pop()]
            text = json.dumps(r.get("Properties") or {})
            named = set(as_list(r.get("DependsOn"))) | set(re.findall(r'"Ref": "(\w+)"', text)) | set(
                re.findall(r'"Fn::GetAtt": (?:\[)?"(\w+)', text)) | set(re.findall(r"\$\{(\w+)[.}]", text))
            todo += (new := (named & set(self.resources)) - seen)
            seen |= new
        return seen

    def _role(self, logical, value, service):
        role = role_of(self.resources, value)
        if role:
            trust = self.resolve(self.resources[role]["Properties"].get("AssumeRolePolicyDocument", {}))
            if not any(f"{service}.amazonaws.com" in as_list((s.get("Principal") or {}).get("Service")) for s in as_list(trust.get("Statement"))):
                self.say(logical, "trust", f"assumes {role}, which does not trust {service}.amazonaws.com")
        return role

    def _source_arn(self, logical, role, resource):
        """Without both conditions, another account's machine could have the service use this role."""
        trust = self.resolve(self.resources[role]["Properties"].get("AssumeRolePolicyDocument", {}))
        for s in as_list(trust.get("Statement")):
            given = {k.lower(): v for operator in (s.get("Condition") or {}).values() for k, v in operator.items()}
            want = {"aws:sourceaccount": ACCOUNT, "aws:sourcearn": f"arn:aws:states:{REGION}:{ACCOUNT}:{resource}"}
            for key, value in want.items():
                # The children of a distributed map run under the machine's name and the map's label.
                own, *children = as_list(given.get(key)) or [None]
                if own != value or not all(child.startswith(value + "/") and "*" not in child for child in children):
                    self.say(logical, "trust", f"{role} should be assumed only where {key} is {value}, not {given.get(key)}")

    def _triggers(self):
        """Roles, patterns and schedules of what starts machines."""
        for logical, r in self.resources.items():
            p, kind = r.get("Properties") or {}, r["Type"]
            if kind == "AWS::Events::Rule":
                if isinstance(p.get("EventPattern"), dict) and not event_pattern(self.resolve(p["EventPattern"])):
                    self.say(logical, "pattern", "a value of an event pattern must be a list")
                for target in p.get("Targets") or []:
                    self._role(logical, target.get("RoleArn"), "events")
            elif kind == "AWS::Scheduler::Schedule":
                self._role(logical, p["Target"].get("RoleArn"), "scheduler")
            elif kind == "AWS::Pipes::Pipe":
                self._role(logical, p.get("RoleArn"), "pipes")
            if "ScheduleExpression" in p and not SCHEDULE.match(str(self.resolve(p["ScheduleExpression"]))):
                self.say(logical, "schedule", f"{self.resolve(p['ScheduleExpression'])} is no schedule")


def event_pattern(value):
    return all(isinstance(x, list) or isinstance(x, dict) and event_pattern(x) for x in value.values())


def stand_in(text):
    """A definition or policy that has no template beside it: fills each ${Name} with an ARN of the kind its name suggests."""
    kinds = {"queue": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/queue", "topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:topic",
             "role": f"arn:aws:iam::{ACCOUNT}:role/role", "machine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:machine",
             "bucket": "bucket", "table": "table"}

    def one(m):
        if m[1] in PSEUDO:
            return PSEUDO[m[1]]
        if ":" in m[1]:
            return m[0]  # a policy variable such as ${aws:userid}
        return next((v for k, v in kinds.items() if k in m[1].lower()), f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{m[1]}")
    return re.sub(r"\$\{([\w:]+)\}", one, text)
