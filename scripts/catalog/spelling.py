"""Names as Step Functions spells them: those of the AWS SDK for Java v2.

Services: 366 of the 389 documented names follow from botocore's serviceId by these rules, without a difference; the
other 23 services are gone from botocore. Members: the rule agrees with every SDK task of 198 public definitions.
"""

import re

# Java keywords and methods of every SDK class: the code generator appends `Value` to members of these names.
# AWS documents it for `equals`.
RESERVED = set(
    """abstract assert boolean break byte case catch char class const continue default do double else enum extends
    false final finally float for goto if implements import instanceof int interface long native new null package
    private protected public return short static strictfp super switch synchronized this throw throws transient true
    try void volatile while equals finalize getclass hashcode notify notifyall tostring wait builder sdkfields
    tobuilder""".split()
)

# (service folder, member): a renaming in the Java SDK's own customisation, seen in results of executions.
RENAMED_MEMBERS = {("dynamodb", "NULL"): "Nul"}

# (service folder, error shape): renamings in the Java SDK's own customisation.
RENAMED_ERRORS = {
    ("elb", "AccessPointNotFoundException"): "LoadBalancerNotFoundException",
    ("elb", "DuplicateAccessPointNameException"): "DuplicateLoadBalancerNameException",
    ("elb", "InvalidEndPointException"): "InvalidInstanceException",
    ("elb", "TooManyAccessPointsException"): "TooManyLoadBalancersException",
}


def words(name: str) -> list[str]:
    """Splits a name as the SDK's code generator does before it capitalises the words."""
    name = re.sub(r"[^A-Za-z0-9]+", " ", name)
    name = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", name)
    name = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", name)
    name = re.sub(r"(?<=[a-z])(?=[A-Z]([a-zA-Z]|[0-9]))", " ", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", name)
    name = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", name)
    return name.split()


def capitalised(name: str) -> str:
    return "".join(word[:1].upper() + word[1:].lower() for word in words(name))


def service(service_id: str) -> tuple[str, str]:
    """serviceId -> the name in the resource's ARN and the prefix of errors."""
    service_id = re.sub(r"^(Amazon|AWS)\s*", "", service_id)
    service_id = re.sub(r"\s*[Ss]ervice$", "", service_id)
    prefix = capitalised(service_id)
    return prefix.lower(), prefix


def operation(name: str) -> str:
    return name[:1].lower() + name[1:]


def member(name: str, folder: str) -> str:
    """The Java variable with its first letter raised: a leading run of capitals keeps only its first, up to the
    capital that starts a word (DBInstanceIdentifier -> DbInstanceIdentifier, ACL -> Acl); later runs stay."""
    if (folder, name) in RENAMED_MEMBERS:
        return RENAMED_MEMBERS[folder, name]
    if name.lower() in RESERVED:
        name += "Value"
    end = 1
    while end < len(name) and name[end].isupper() and not (end < len(name) - 1 and name[end + 1].islower()):
        end += 1
    name = name[:end].lower() + name[end:]
    return name[:1].upper() + name[1:]


def error(shape: str, folder: str, prefix: str) -> str:
    """The Java exception class of an error shape."""
    shape = RENAMED_ERRORS.get((folder, shape), shape)
    if shape.endswith("Fault"):
        name = capitalised(shape.removesuffix("Fault")) + "Exception"
    elif shape.endswith("Exception"):
        name = capitalised(shape)
    else:
        name = capitalised(shape) + "Exception"
    # The service's own, unmodelled exception has that name.
    return "Default" + name if name == prefix + "Exception" else name
