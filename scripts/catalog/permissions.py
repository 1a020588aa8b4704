"""Operations -> what IAM must allow, in the notation of src/catalog/grant.rs.

An operation's actions are found in this order:
    same     <prefix>:<Operation> is in the service authorization reference (ignoring case)
    link     the reference's documentation link of an action names the operation
    assumed  neither: <prefix>:<Operation> is taken on trust, and the grant is marked so
What breaks these rules stands in src/catalog/integrations/*.toml, which replaces what is derived here.

A resource is the ARN format of each type that the action requires, each variable filled by the input member that
holds it: found by name, or by BINDINGS. What no member holds is `*`: ids that exist only at run time.
"""

import collections
import json
import os
import re
import typing

import policy_sentry

# botocore's folder -> prefix of actions, where neither the folder, nor the signing name, nor the endpoint is it.
PREFIXES = {
    "accountaccess": "account",
    "amp": "aps",
    "apigatewaymanagementapi": "execute-api",
    "apigatewayv2": "apigateway",
    "applicationcostprofiler": "application-cost-profiler",
    "bedrock-agent": "bedrock",
    "bedrock-agent-runtime": "bedrock",
    "bedrock-data-automation": "bedrock",
    "bedrock-data-automation-runtime": "bedrock",
    "bedrock-runtime": "bedrock",
    "cloudcontrol": "cloudformation",
    "connectcases": "cases",
    "customer-profiles": "profile",
    "docdb": "rds",
    "dynamodbstreams": "dynamodb",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "forecastquery": "forecast",
    "greengrassv2": "greengrass",
    "iot-data": "iot",
    "iot-jobs-data": "iotjobsdata",
    "iotsecuretunneling": "iot",
    "keyspaces": "cassandra",
    "keyspacesstreams": "cassandra",
    "kinesisanalyticsv2": "kinesisanalytics",
    "lex-models": "lex",
    "lex-runtime": "lex",
    "lexv2-models": "lex",
    "lexv2-runtime": "lex",
    "location": "geo",
    "marketplace-catalog": "aws-marketplace",
    "marketplace-entitlement": "aws-marketplace",
    "meteringmarketplace": "aws-marketplace",
    "mwaa": "airflow",
    "neptune": "rds",
    "opensearch": "es",
    "opensearchserverless": "aoss",
    "pinpoint": "mobiletargeting",
    "pinpoint-email": "ses",
    "qconnect": "wisdom",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "s3outposts": "s3-outposts",
    "sagemaker-a2i-runtime": "sagemaker",
    "sagemaker-edge": "sagemaker",
    "sagemaker-featurestore-runtime": "sagemaker",
    "sagemaker-metrics": "sagemaker",
    "sagemaker-runtime": "sagemaker",
    "service-quotas": "servicequotas",
    "sesv2": "ses",
    "sso-admin": "sso",
    "stepfunctions": "states",
    "timestream-query": "timestream",
    "timestream-write": "timestream",
    "voice-id": "voiceid",
}

# (service, operations, resource type) -> {variable: hole}, where names alone do not give the member. The last that
# matches counts. `{machine}` and the like are as in src/catalog/grant.rs.
BINDINGS = [
    ("batch", r"registerJobDefinition", "job-definition", {"JobDefinitionName": "JobDefinitionName"}),
    ("databrew", r".*Dataset.*", "Dataset", {"ResourceId": "Name"}),
    ("databrew", r".*Job.*", "Job", {"ResourceId": "Name"}),
    ("databrew", r".*Project.*", "Project", {"ResourceId": "Name"}),
    ("databrew", r".*Recipe.*", "Recipe", {"ResourceId": "Name"}),
    ("databrew", r".*Ruleset.*", "Ruleset", {"ResourceId": "Name"}),
    ("databrew", r".*Schedule.*", "Schedule", {"ResourceId": "Name"}),
    ("dynamodb", r"batchGetItem|batchWriteItem", "table", {"TableName": "RequestItems{}|name_or_arn"}),
    ("ecs", r".*", "service", {"ClusterName": "Cluster|name=default", "ServiceName": "Service"}),
    ("ecs", r"createService", "service", {"ClusterName": "Cluster|name=default", "ServiceName": "ServiceName"}),
    ("ecs", r"describeServices", "service", {"ClusterName": "Cluster|name=default", "ServiceName": "Services[]"}),
    ("ecs", r".*", "task", {"ClusterName": "Cluster|name=default", "TaskId": "Task|id"}),
    ("ecs", r"describeTasks|.*Protection", "task", {"ClusterName": "Cluster|name=default", "TaskId": "Tasks[]|id"}),
    ("eks", r"describeUpdate|listUpdates", "cluster", {"ClusterName": "Name"}),
    ("emr", r".*", "cluster", {"ClusterId": "ClusterId|id"}),
    ("emr", r"addJobFlowSteps", "cluster", {"ClusterId": "JobFlowId|id"}),
    ("emr", r"terminateJobFlows|set(TerminationProtection|VisibleToAllUsers|KeepJobFlowAliveWhenNoSteps|UnhealthyNodeReplacement)",
     "cluster", {"ClusterId": "JobFlowIds[]|id"}),
    ("eventbridge", r"putEvents", "event-bus", {"EventBusName": "Entries[].EventBusName|name_or_arn=default"}),
    ("eventbridge", r"(put|delete|describe|enable|disable)Rule", "rule-on-default-event-bus", {"RuleName": "Name"}),
    ("eventbridge", r"(put|delete|describe|enable|disable)Rule", "rule-on-custom-event-bus", {"EventBusName": "EventBusName", "RuleName": "Name"}),
    ("eventbridge", r"(put|remove)Targets|listTargetsByRule", "rule-on-default-event-bus", {"RuleName": "Rule"}),
    ("eventbridge", r"(put|remove)Targets|listTargetsByRule", "rule-on-custom-event-bus", {"EventBusName": "EventBusName", "RuleName": "Rule"}),
    ("glue", r"(create|update)Database", "database", {"DatabaseName": "DatabaseInput.Name"}),
    ("glue", r"(create|update)Table", "table", {"DatabaseName": "DatabaseName", "TableName": "TableInput.Name"}),
    ("glue", r"batchGetJobs", "job", {"JobName": "JobNames[]"}),
    ("glue", r"batchGetCrawlers", "crawler", {"CrawlerName": "CrawlerNames[]"}),
    ("glue", r"batchDeleteTable", "table", {"DatabaseName": "DatabaseName", "TableName": "TablesToDelete[]"}),
    ("glue", r".*DevEndpoint", "devendpoint", {"DevEndpointName": "EndpointName"}),
    ("glue", r"(create|update|delete)Connection|getConnection", "connection", {"ConnectionName": "Name"}),
    ("glue", r"createConnection", "connection", {"ConnectionName": "ConnectionInput.Name"}),
    ("glue", r"deleteConnection", "connection", {"ConnectionName": "ConnectionName"}),
    ("kinesis", r".*", "stream", {"StreamName": "StreamName", "@": "StreamARN"}),
    ("kms", r".*", "key", {"KeyId": "KeyId|name_or_arn"}),
    ("mwaa", r".*", "environment", {"EnvironmentName": "Name"}),
    ("mwaa", r".*", "rbac-role", {"EnvironmentName": "Name"}),
    ("redshiftdata", r".*", "cluster", {"ClusterName": "ClusterIdentifier"}),
    ("scheduler", r".*", "schedule", {"GroupName": "GroupName=default", "ScheduleName": "Name"}),
    ("secretsmanager", r".*", "Secret", {"SecretId": "SecretId|name_or_arn"}),
    ("secretsmanager", r"createSecret", "Secret", {"SecretId": "Name"}),
    ("sfn", r".*Alias", "statemachine", {"@": "StateMachineAliasArn"}),
    ("sfn", r"createStateMachineAlias", "statemachine", {}),
    ("sfn", r".*Version", "statemachine", {"@": "StateMachineVersionArn"}),
    ("sfn", r"publishStateMachineVersion", "statemachine", {"@": "StateMachineArn"}),
    ("sqs", r".*", "queue", {"QueueName": "QueueUrl|url_tail"}),
    ("sqs", r"createQueue|getQueueUrl", "queue", {"QueueName": "QueueName"}),
    ("ssm", r"(get|put|delete)Parameter|getParameterHistory", "parameter", {"ParameterNameWithoutLeadingSlash": "Name|no_leading_slash"}),
    ("ssm", r"getParametersByPath", "parameter", {"ParameterNameWithoutLeadingSlash": "Path|no_leading_slash"}),
    ("ssm", r"(get|delete)Parameters", "parameter", {"ParameterNameWithoutLeadingSlash": "Names[]|no_leading_slash"}),
    ("ssm", r".*Association.*", "document", {"DocumentName": "Name"}),
]

# Formats whose last part is not the name alone.
ARNS = {
    # Secrets Manager appends a hyphen and six characters to the name.
    ("secretsmanager", "Secret"): "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:${SecretId}-??????",
    # Every action but those that tag takes a log group with its streams.
    ("logs", "log-group"): "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:*",
    # A rule of the default bus has no bus in its ARN; that of another bus is `rule/BUS/NAME`.
    ("events", "rule-on-custom-event-bus"): "arn:${Partition}:events:${Region}:${Account}:rule/${EventBusName}/${RuleName}",
}

# Service -> who assumes the roles that it is given; (service, path's end) -> where one member's is another.
# Elsewhere `<prefix>.amazonaws.com` is assumed.
PRINCIPALS = {
    service: principal
    for line in """appflow appflow
athena athena
backup backup
batch ecs-tasks
bedrock bedrock
cloudformation cloudformation
cloudwatch streams.metrics.cloudwatch
cloudwatchlogs logs
codebuild codebuild
comprehend comprehend
databasemigration dms
databrew databrew
datasync datasync
ecs ecs-tasks
eks eks
emr elasticmapreduce
emrserverless emr-serverless
eventbridge events
firehose firehose
glue glue
lakeformation lakeformation
lambda lambda
mediaconvert mediaconvert
mwaa airflow*
opensearch opensearchservice
pipes pipes
quicksight quicksight
rds rds
redshift redshift
redshiftserverless redshift-serverless
rekognition rekognition
s3 s3
s3control batchoperations.s3
sagemaker sagemaker
scheduler scheduler
sfn states
ssm ssm
textract textract
timestreamquery timestream
transcribe transcribe
transfer transfer
translate translate""".splitlines()
    for service, principal in [line.split()]
}
MEMBER_PRINCIPALS = {
    ("batch", "InstanceRole"): "ec2",
    ("batch", "ServiceRole"): "batch",
    ("batch", "SpotIamFleetRole"): "spotfleet",
    ("batch", "InfrastructureRoleArn"): "ecs",
    ("ecs", "InfrastructureRoleArn"): "ecs",
    ("ecs", "LifecycleHooks[].RoleArn"): "ecs",
    ("ecs", "AdvancedConfiguration.RoleArn"): "ecs",
    ("ecs", "ManagedEBSVolume.RoleArn"): "ecs",
    ("ecs", "Tls.RoleArn"): "ecs",
    ("ecs", "VpcLatticeConfigurations[].RoleArn"): "ecs",
    ("ecs", "Role"): "ecs",
    ("eks", "NodeRole"): "ec2",
    ("eks", "NodeRoleArn"): "ec2",
    ("eks", "PodExecutionRoleArn"): "eks-fargate-pods",
    ("eks", "PodIdentityAssociations[].RoleArn"): "pods.eks",
    ("emr", "AutoScalingRole"): "application-autoscaling",
    ("emr", "JobFlowRole"): "ec2",
    ("pipes", "EcsTaskParameters.Overrides.ExecutionRoleArn"): "ecs-tasks",
    ("pipes", "EcsTaskParameters.Overrides.TaskRoleArn"): "ecs-tasks",
    ("rds", "IamRoleArn"): "export.rds",
    ("rds", "MonitoringRoleArn"): "monitoring.rds",
    ("redshift", "IamRole"): "scheduler.redshift",
    ("s3control", "IamRoleArn"): "access-grants.s3",
    ("s3control", "Role"): "s3",
}
# Emr on EKS bounds the job's role by a condition of its own; the others assume or name roles without passing them.
NO_PASS_ROLE = {"ec2", "emrcontainers", "iam", "sts"}
ROLE_MEMBER = re.compile(r"(Role(Arn|ARN)?|RoleARNs|RoleArns|IAMRole)$")
NO_ROLE_MEMBER = re.compile(r"(Assume|Trust|AccountRole|AwsRole|DatabaseAccessControlRole|MasterBackendRole)$")
TAKES_ROLES = re.compile(
    r"(?!get|list|describe|delete|batchGet|stop|cancel|untag|tag|remove|assume|search|disassociate|detach|revoke)"
)

# The databases' names for their own types.
RDS_MEMBERS = {
    "pg": ["dbparametergroupname"],
    "clusterpg": ["dbclusterparametergroupname"],
    "subgrp": ["dbsubnetgroupname"],
    "og": ["optiongroupname"],
    "proxy": ["dbproxyname"],
    "proxyendpoint": ["dbproxyendpointname"],
    "db": ["dbinstanceidentifier"],
    "shardgrp": ["dbshardgroupidentifier"],
}

# The member that holds the ARN of a resource of any type, where it is not `ResourceArn`.
RESOURCE_MEMBERS = {"lambda": "Resource"}

TAG_MEMBERS = ("Tags", "TagSpecifications", "TagList")
TAG_ACTIONS = ("TagResource", "AddTagsToResource", "AddTags", "TagQueue")
MAKES_TAGGED = re.compile(r"create|start|run|register|put|import|copy|restore|submit|allocate|purchase|request")


def load_reference() -> dict:
    path = os.path.join(os.path.dirname(policy_sentry.__file__), "shared", "data", "iam-definition.json")
    with open(path) as file:
        return {k: v for k, v in json.load(file).items() if isinstance(v, dict) and "privileges" in v}


def actions(reference: dict) -> list[str]:
    return sorted(f"{prefix}:{name}" for prefix, entry in reference.items() for name in entry["privileges"])


class Bound(typing.NamedTuple):
    """An ARN template, the members in it, and whether the API requires them all."""

    template: str
    members: tuple[str, ...]
    certain: bool


def noun(resource_type: str) -> str:
    return re.sub(r"[^a-z0-9]", "", resource_type.lower())


def filled(arn: str, holes: dict) -> str:
    """An ARN format with holes for its variables, and `*` for those that have none."""
    arn = arn.replace("${AccountId}", "${Account}")
    for part in ("Partition", "Region", "Account"):
        arn = arn.replace("${%s}" % part, "{%s}" % part.lower())
    return re.sub(r"\$\{(\w+)\}", lambda found: "{%s}" % holes[found[1]] if found[1] in holes else "*", arn)


class Permissions:
    """The grants of one service's operations."""

    def __init__(self, service, reference: dict) -> None:
        self.service = service
        self.reference = reference
        known = (service.folder, service.signing, service.endpoint, service.name)
        self.prefix = PREFIXES.get(service.folder) or next((x for x in known if x in reference), service.signing)
        privileges = reference.get(self.prefix, {"privileges": {}})["privileges"]
        self.by_name = {name.lower(): name for name in privileges}
        self.by_link = collections.defaultdict(list)
        for name, privilege in privileges.items():
            link = re.search(r"API_(?:[a-z]+_)?([A-Za-z0-9]+)\.html", privilege.get("api_documentation_link") or "")
            if link:
                self.by_link[link.group(1).lower()].append(name)

    def find_actions(self, operation: str) -> tuple[list[str], bool]:
        """The names of an operation's actions, and whether they are assumed."""
        if operation.lower() in self.by_name:
            return [self.by_name[operation.lower()]], False
        if operation.lower() in self.by_link:
            return sorted(self.by_link[operation.lower()]), False
        return [operation[:1].upper() + operation[1:]], True

    def grants(self, operation: str, record: dict) -> tuple[list[str], list[str]]:
        """The grants of an operation, and the dependent actions that no argument bounds."""
        names, assumed = self.find_actions(operation)
        lines, left = [], set()
        mark = " assumed" if assumed else ""
        for name in names:
            privilege = self.reference.get(self.prefix, {}).get("privileges", {}).get(name, {"resource_types": {}})
            resources = self.resources(operation, record, privilege["resource_types"])
            dependent = {
                action
                for traits in privilege["resource_types"].values()
                for action in traits.get("dependent_actions") or ()
            }
            lines.append(f"{self.prefix}:{name} on {resources}{mark}")
            lines += self.tagging(operation, record, resources, dependent)
            if "timestream:DescribeEndpoints" in dependent:
                lines.append("timestream:DescribeEndpoints on *")
                dependent.discard("timestream:DescribeEndpoints")
            left |= dependent
        passed = self.pass_role(operation, record)
        if passed:
            left.discard("iam:PassRole")
        return lines + passed, sorted(left)

    def tagging(self, operation: str, record: dict, resources: str, dependent: set) -> list[str]:
        """A resource that is made with tags needs the action that tags it."""
        members = self.members(record)
        member = next((name for name in TAG_MEMBERS if name in members), None)
        listed = sorted(action for action in dependent if "Tag" in action.split(":")[1])
        dependent.difference_update(listed)
        if member is None or not MAKES_TAGGED.match(operation):
            return []
        if "ec2:CreateTags" in listed:
            return [f"ec2:CreateTags on arn:{{partition}}:ec2:{{region}}:{{account}}:*/* when {member}"]
        own = [action for action in listed if action.startswith(self.prefix + ":")]
        if own:
            return [f"{', '.join(own)} on {resources} when {member}"]
        action = next((self.by_name[x.lower()] for x in TAG_ACTIONS if x.lower() in self.by_name), None)
        if action is None:
            return []
        if resources == "*":
            types = self.reference[self.prefix]["privileges"][action]["resource_types"]
            about = {
                name: {"required": True}
                for name in types
                if name and noun(name) in operation.lower()
            }
            resources = self.resources(operation, record, about)
        # The reference rarely says so, but services check it when they are given tags.
        return [f"{self.prefix}:{action} on {resources} when {member} assumed"]

    def members(self, record: dict) -> dict:
        """Input members that can be part of an ARN or lead to one: name -> (shape, required)."""
        if record["input"] is None:
            return {}
        shape = self.service.shapes[record["input"]]
        return {name: (self.service.shapes[target], bits & 3 == 1) for name, _, bits, target in shape[1]}

    def resources(self, operation: str, record: dict, types: dict) -> str:
        """The resources of an action that takes these types, as they stand in a grant."""
        required, optional = [], []
        nouns = {noun(resource_type) for resource_type in types}
        for resource_type, traits in types.items():
            entry = self.reference.get(self.prefix, {}).get("resources", {}).get(resource_type)
            if not resource_type or not entry:
                continue
            arn = ARNS.get((self.prefix, resource_type), entry["arn"])
            # A bare `Name` belongs to the type that the operation speaks of: a mute rule, not an alarm.
            own = noun(resource_type)
            about = own in operation.lower() and not any(own != n and own in n and n in operation.lower() for n in nouns)
            bound = self.bind(operation, record, resource_type, arn, about)
            if bound and bound[0].template.startswith("{"):
                # One member holds the ARN of whatever type it is.
                return bound[0].template
            if traits.get("required"):
                required += bound or [Bound(filled(arn, {}), (), True)]
            else:
                optional += bound
        # An optional type counts when members fill the whole of its ARN.
        whole = [bound for bound in optional if "*" not in bound.template]
        chosen = required + whole if required else whole or optional
        if not chosen:
            return "*"
        members = {member for bound in chosen for member in bound.members}
        if len(members) == 1 and not any(bound.certain for bound in chosen):
            # The grant would fall away with its only member, so any resource stands in its place.
            hole = r"\{(%s[^}=]*(?:\{\})?[^}=]*)\}" % re.escape(members.pop())
            chosen = [Bound(re.sub(hole, r"{\1=*}", chosen[0].template), chosen[0].members, False)]
        return ", ".join(dict.fromkeys(bound.template for bound in chosen))

    def bind(self, operation: str, record: dict, resource_type: str, arn: str, about: bool) -> list["Bound"]:
        """The ways in which members fill an ARN format: by its parts, and by the whole ARN."""
        members = self.members(record)
        written = self.find_binding(operation, members, resource_type)
        whole, parts = written or self.find_holes(members, resource_type, arn, about)
        found = []
        if parts:
            used = [re.split(r"[.|=\[{]", hole)[0] for hole in parts.values()]
            own = list(parts)[-1]
            if "|" not in parts[own]:
                parts[own] += "|name_or_arn"
            for variable, member in zip(parts, used):
                # What a resource is in may be left out, as there is a default; the resource itself falls away then.
                if variable != own and not members[member][1] and "=" not in parts[variable] and not written:
                    parts[variable] += "=*"
            found.append(Bound(filled(arn, parts), tuple(used), all(members[name][1] for name in used)))
        variables = [v for v in re.findall(r"\$\{(\w+)\}", arn) if v not in ("Partition", "Region", "Account", "AccountId")]
        if whole and not variables and not arn.endswith("*"):
            # There is one of them in an account, and its ARN is known without the member.
            found.append(Bound(filled(arn, {}), (), True))
        elif whole:
            # Some formats end in `*` instead of a variable.
            arn = re.sub(r"\*$", "${Rest}", arn)
            last = re.findall(r"\$\{(\w+)\}", arn)[-1]
            anything = whole.lower() == "resourcearn" or whole == RESOURCE_MEMBERS.get(self.service.name)
            template = f"{{{whole}|arn}}" if anything else filled(arn, {last: f"{whole}|arn"})
            found.insert(0 if anything else len(found), Bound(template, (whole,), members[whole][1]))
        return found

    def find_binding(self, operation: str, members: dict, resource_type: str):
        """What BINDINGS says, as find_holes gives it; None when it says nothing."""
        for service, pattern, bound_type, holes in reversed(BINDINGS):
            if service == self.service.name and bound_type == resource_type and re.fullmatch(pattern, operation):
                found = {v: hole for v, hole in holes.items() if re.split(r"[.\[{|=]", hole)[0] in members}
                if found or not holes:
                    return found.pop("@", None), found
        return None

    def find_holes(self, members: dict, resource_type: str, arn: str, about: bool):
        """The member that holds the whole ARN, and holes for the variables of its format; either may be missing."""
        lower = {name.lower(): name for name in members}
        stem = noun(resource_type)
        whole = None
        for candidate in (stem + "arn", "resourcearn", "arn" if about else "", RESOURCE_MEMBERS.get(self.service.name, "").lower()):
            if candidate in lower and self.is_text(members[lower[candidate]][0]):
                whole = lower[candidate]
                break
        if whole and members[whole][1]:
            return whole, {}
        found = {}
        variables = [v for v in re.findall(r"\$\{(\w+)\}", arn) if v not in ("Partition", "Region", "Account")]
        for variable in variables:
            # The type's own name or id stands last; before it, what the resource is in.
            last = variable == variables[-1]
            hole = self.find_hole(variable, stem if last else "", last and about, members, lower)
            # A member fills one place.
            if hole and hole not in found.values():
                found[variable] = hole
        return whole, found

    def find_hole(self, variable: str, own: str, about: bool, members: dict, lower: dict):
        name = variable.lower()
        stem = re.sub(r"(name|id)$", "", name)
        candidates = [name, stem, stem + "identifier"]
        if own:
            candidates += [own + "name", own + "id", own, own + "identifier"]
        if about and stem in (own, "resource", ""):
            candidates += ["name", "id", "identifier"]
        if about and name.endswith("name") and (name.startswith(own[:6]) or stem and own.endswith(stem)):
            candidates.append("name")
        if self.prefix == "rds" and own:
            candidates += RDS_MEMBERS.get(own, [f"db{own}identifier"])
        candidates.append({"bucketname": "bucket", "objectname": "key"}.get(name, ""))
        # One of several: `JobNames` for `JobName`.
        plural = [candidate + "s" for candidate in candidates if candidate] + ["names" if about else ""]
        for candidate in candidates + plural:
            member = lower.get(candidate)
            if not member:
                continue
            shape, many = members[member][0], ""
            if shape[0] == "list":
                shape, many = self.service.shapes[shape[1]], "[]"
            singular = member.removesuffix("s") if many else member
            if self.is_text(shape) and bool(many) == (candidate in plural) and self.same_sort(variable, singular):
                service_chose = variable.endswith("Id") and singular.endswith("Id")
                return member + many + ("|id" if service_chose else "")
        return None

    @staticmethod
    def is_text(shape) -> bool:
        return shape[0] == "string"

    @staticmethod
    def same_sort(variable: str, member: str) -> bool:
        """An id in the ARN is not the name in the request, nor the other way round."""
        sort = lambda name: next((s for s in ("Id", "Name") if name.endswith(s)), "")
        return sort(variable) == sort(member) or not sort(variable) or not sort(member)

    def pass_role(self, operation: str, record: dict) -> list[str]:
        if self.service.name in NO_PASS_ROLE or not TAKES_ROLES.match(operation) or record["input"] is None:
            return []
        found = []

        def walk(index: int, path: str, depth: int) -> None:
            shape = self.service.shapes[index]
            if shape[0] == "list":
                walk(shape[1], path + "[]", depth)
            elif shape[0] in ("structure", "union"):
                for name, _, _, target in shape[1]:
                    inner = f"{path}.{name}" if path else name
                    kind = self.service.shapes[target]
                    many = kind[0] == "list" and self.is_text(self.service.shapes[kind[1]])
                    text = self.service.shapes[kind[1]] if many else kind
                    # A choice of values is no role's name.
                    role = ROLE_MEMBER.search(name) and not NO_ROLE_MEMBER.search(name)
                    if role and self.is_text(text) and not text[1]:
                        found.append(inner + "[]" * many)
                    elif depth and kind[0] in ("structure", "union", "list"):
                        walk(target, inner, depth - 1)

        walk(record["input"], "", 3)
        by_principal = collections.defaultdict(list)
        for path in dict.fromkeys(found):
            name = self.service.name
            ends = [end for (service, end) in MEMBER_PRINCIPALS if service == name and (path == end or path.endswith("." + end))]
            principal = MEMBER_PRINCIPALS[name, max(ends, key=len)] if ends else PRINCIPALS.get(name)
            by_principal[principal].append(f"arn:{{partition}}:iam::{{account}}:role/{{{path}|name_or_arn}}")
        return [
            f"iam:PassRole on {', '.join(roles)} if "
            + ("StringLike" if principal and "*" in principal else "StringEquals")
            + f" iam:PassedToService {principal or self.prefix}.amazonaws.com"
            + ("" if principal else " assumed")
            for principal, roles in by_principal.items()
        ]
