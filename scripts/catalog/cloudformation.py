"""cfn-lint's bundle of CloudFormation's resource schemas -> shapes, in the form that frame.service takes.

A resource type stands where a service has an operation: its properties are the input, its attributes (Fn::GetAtt) the
output. Patterns are kept where the regex crate reads them as the schema's dialect does; where a schema allows several forms
of one value, any JSON may stand.
"""

import collections
import json
import os
import re

import cfnlint

import frame

REGION = "us-east-1"

# What the regex crate lacks or reads otherwise: look-around, back references, sets of sets in brackets, possessive repeats;
# and what it would need megabytes for.
FOREIGN = re.compile(
    r"\(\?[=!<]|\\[1-9]|\[[^\]]*(?:(?<!\\)\[|&&|--|~~)|[*+?}]\+|\\[uxcZWD]|\(\?[a-z]*x|\\p\{Print\}|\\[pP].*\d{3,}\}"
)


def schemas():
    """(type, schema) of every resource type, sorted."""
    root = os.path.join(os.path.dirname(cfnlint.__file__), "data", "schemas")
    with open(os.path.join(root, "providers", REGION + ".json")) as file:
        index = json.load(file)
    for name in sorted(index):
        with open(os.path.join(root, "resources", index[name] + ".json")) as file:
            yield name, json.load(file)


def namespaces() -> dict[str, "Namespace"]:
    found = collections.defaultdict(Namespace)
    for name, schema in schemas():
        namespace, _, own = name.rpartition("::")
        found[namespace].add(own, schema)
    return dict(found)


def usable_pattern(value: dict) -> str:
    """The pattern of a string; empty when there is none, when it holds of everything, or when it is in a foreign dialect."""
    pattern = value.get("pattern", "")
    anything = pattern in (".*", "^.*$", "[\\s\\S]*", "^[\\s\\S]*$")
    return "" if anything or FOREIGN.search(pattern) else ascii_classes(pattern)


def ascii_classes(pattern: str) -> str:
    """`\\w` and `\\d` written out: the schemas mean those of ASCII."""
    out, at, inside = "", 0, False
    classes = {"\\w": "0-9A-Za-z_", "\\d": "0-9"}
    while at < len(pattern):
        token = pattern[at : at + 2] if pattern[at] == "\\" else pattern[at]
        at += len(token)
        if token in classes:
            out += classes[token] if inside else f"[{classes[token]}]"
            # What stands behind a class is no end of a range.
            if inside and pattern[at : at + 1] == "-":
                out, at = out + "\\-", at + 1
            continue
        inside = (inside or token == "[") and token != "]"
        out += token
    return out


def replacing(schema: dict, paths) -> list[str]:
    always = set(paths("createOnlyProperties"))
    sometimes = {"?" + path for path in set(paths("conditionalCreateOnlyProperties")) - always}
    goes_first = ["!"] if schema.get("replacementStrategy") == "delete_then_create" else []
    return goes_first + sorted(always) + sorted(sometimes)


def formats(value: dict) -> str:
    """What a string names, as cfn-lint notes it: `AWS::IAM::Role.Arn`; several are joined by blanks."""
    found = [form.get("format", "") for form in (value, *value.get("anyOf", ())) if isinstance(form, dict)]
    return " ".join(form for form in found if form.startswith("AWS::"))


class Namespace:
    """The resource types of one service: `shapes` and `types`."""

    def __init__(self) -> None:
        self.shapes: list = []
        self.types: dict[str, dict] = {}
        self.scalars: dict = {}

    def add(self, name: str, schema: dict) -> None:
        reader = Schema(self, schema)
        paths = lambda key: [path.removeprefix("/properties/") for path in schema.get(key, ())]
        read_only = {path for path in paths("readOnlyProperties")}
        members, required = [], set(schema.get("required", ()))
        for property_name, value in sorted(schema.get("properties", {}).items()):
            if property_name not in read_only:
                bits = frame.REQUIRED if property_name in required else 0
                members.append((property_name, property_name, bits, reader.visit(value)))
        attributes = [
            (attribute, attribute, 0, reader.follow(path))
            for path in sorted(read_only)
            for attribute in [path.replace("/", ".")]
        ]
        self.types[name] = {
            "input": self.add_shape(("structure", members)),
            "output": self.add_shape(("structure", attributes)),
            "refused": None,
            "streaming": False,
            "errors": [],
            # The lists that an operation has for its permissions: what replaces it when it changes (`?` before what does
            # so under conditions; a lone `!` where the old one goes before the new one is made), and what names it.
            "grants": replacing(schema, paths),
            "dependents": paths("primaryIdentifier"),
        }

    def add_shape(self, record) -> int:
        self.shapes.append(record)
        return len(self.shapes) - 1

    def intern(self, record) -> int:
        if record not in self.scalars:
            self.scalars[record] = self.add_shape(record)
        return self.scalars[record]


class Schema:
    def __init__(self, namespace: Namespace, schema: dict) -> None:
        self.namespace = namespace
        self.schema = schema
        self.index: dict[str, int] = {}

    def visit(self, value: dict) -> int:
        namespace = self.namespace
        any_json = lambda: namespace.intern(("json",))
        reference = value.get("$ref")
        if reference:
            return self.definition(reference)
        kind = value.get("type")
        if isinstance(kind, list) and len(kind) == 1:
            kind = kind[0]
        if kind == "string":
            values = tuple(v for v in value.get("enum", ()) if isinstance(v, str))
            limits = (value.get("minLength"), value.get("maxLength"))
            return namespace.intern(("string", values, limits, usable_pattern(value), formats(value)))
        if kind == "integer":
            whole = lambda limit: limit if isinstance(limit, int) else None
            return namespace.intern(("integer", (whole(value.get("minimum")), whole(value.get("maximum")))))
        if kind == "number":
            return namespace.intern(("number", (value.get("minimum"), value.get("maximum"))))
        if kind == "boolean":
            return namespace.intern(("boolean",))
        if kind == "array" and isinstance(value.get("items"), dict):
            return namespace.add_shape(("list", self.visit(value["items"]), (value.get("minItems"), value.get("maxItems"))))
        if kind in ("object", None) and value.get("properties"):
            required = set(value.get("required", ()))
            return namespace.add_shape(
                (
                    "structure",
                    [
                        (name, name, frame.REQUIRED if name in required else 0, self.visit(member))
                        for name, member in sorted(value["properties"].items())
                    ],
                )
            )
        if kind == "object":
            patterns = [p for p in value.get("patternProperties", {}).values() if isinstance(p, dict)]
            more = value.get("additionalProperties")
            if len(patterns) == 1:
                return namespace.add_shape(("map", self.visit(patterns[0]), None, (None, None)))
            if isinstance(more, dict) and more:
                return namespace.add_shape(("map", self.visit(more), None, (None, None)))
        return any_json()

    def definition(self, reference: str) -> int:
        if reference in self.index:
            return self.index[reference]
        # Definitions are recursive: structures, lists and maps take their place before their parts are read.
        namespace = self.namespace
        at = self.index[reference] = namespace.add_shape(("json",))
        found = self.visit(self.resolve(reference))
        namespace.shapes[at] = namespace.shapes[found]
        return at

    def resolve(self, reference: str) -> dict:
        target = self.schema
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        return target

    def follow(self, path: str) -> int:
        """The shape of a read-only property, `Endpoint/Address`."""
        value = self.schema
        for step in path.split("/"):
            while "$ref" in value:
                value = self.resolve(value["$ref"])
            if step == "*":
                value = value.get("items", {})
            else:
                value = value.get("properties", {}).get(step)
            if not isinstance(value, dict):
                return self.namespace.intern(("json",))
        return self.visit(value)
