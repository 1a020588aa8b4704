"""The binary form of one service, read by src/catalog/table.rs. All integers are LEB128 varints.

    strings, shapes, operations    how many
    a size for each string, in bytes
    a size for each shape
    (name, size) for each operation; sorted by name, which is a string
    the strings, the shapes, the operations

Sizes and not places, since those of one kind are much alike: that makes frames a tenth smaller, and decoded sooner.

A shape: a tag, then
    0 structure, 1 union   members: count, then (name, bits, [API's name], shape) each; bits as below
    2 list                 shape of an element, range
    3 map                  shape of a value, shape of a key plus one (0: any text), range
    4 string               count of values, the values, range
    5 integer              range (zigzag)
    6 number               range (each end an f64)
    7 boolean, 8 timestamp, 9 blob, 10 any JSON
    11 string with notes   pattern (a string), what it names (a string), then as 4
A range: 0 none, 1 min, 2 max, 3 both; then the numbers.

An operation: bits (1 input, 2 output, 4 refused, 8 streaming payload), [reason], [input], [output],
errors: count, then (name, API's name or the same string, 1 when transient) each; grants: count, then a string each;
dependent actions that no grant holds: count, then a string each.
"""

import struct

REQUIRED, TOKEN, DEPRECATED, API_NAME, API_LOWER = 1, 2, 4, 8, 16
# What a member is of an operation that answers page by page: a page, what says how to go on, how many a page holds.
PAGE, NEXT_PAGE, PAGE_SIZE = 32, 64, 128


class Strings:
    def __init__(self) -> None:
        self.index: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        return self.index.setdefault(text, len(self.index))


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def number_range(limits, encode=lambda value: varint(int(value))) -> bytes:
    low, high = limits
    out = varint((low is not None) + 2 * (high is not None))
    return out + b"".join(encode(value) for value in (low, high) if value is not None)


def shape(record, strings: Strings) -> bytes:
    kind = record[0]
    if kind in ("structure", "union"):
        out = bytes([kind == "union"]) + varint(len(record[1]))
        for name, api_name, bits, target in record[1]:
            if api_name != name:
                bits |= API_LOWER if api_name == name[:1].lower() + name[1:] else API_NAME
            out += varint(strings(name)) + varint(bits)
            if bits & API_NAME:
                out += varint(strings(api_name))
            out += varint(target)
        return out
    if kind == "list":
        return b"\x02" + varint(record[1]) + number_range(record[2])
    if kind == "map":
        key = 0 if record[2] is None else record[2] + 1
        return b"\x03" + varint(record[1]) + varint(key) + number_range(record[3])
    if kind == "string":
        notes = record[3:]
        out = b"\x0b" + b"".join(varint(strings(note)) for note in notes) if any(notes) else b"\x04"
        return out + varint(len(record[1])) + b"".join(varint(strings(v)) for v in record[1]) + number_range(record[2])
    if kind == "integer":
        return b"\x05" + number_range(record[1], lambda value: varint(zigzag(int(value))))
    if kind == "number":
        return b"\x06" + number_range(record[1], lambda value: struct.pack("<d", value))
    return bytes([7 + ("boolean", "timestamp", "blob", "json").index(kind)])


def operation(record: dict, strings: Strings) -> bytes:
    bits = (record["input"] is not None) + 2 * (record["output"] is not None)
    bits += 4 * (record["refused"] is not None) + 8 * record["streaming"]
    out = varint(bits)
    if record["refused"] is not None:
        out += varint(strings(record["refused"]))
    out += b"".join(varint(record[side]) for side in ("input", "output") if record[side] is not None)
    out += varint(len(record["errors"]))
    for name, api_name, transient in record["errors"]:
        out += varint(strings(name)) + varint(strings(api_name)) + varint(transient)
    for part in ("grants", "dependents"):
        out += varint(len(record[part])) + b"".join(varint(strings(text)) for text in record[part])
    return out


def service(shapes: list, operations: dict[str, dict]) -> bytes:
    strings = Strings()
    shape_bytes = [shape(record, strings) for record in shapes]
    names = sorted(operations)
    operation_bytes = [operation(operations[name], strings) for name in names]
    name_ids = [strings(name) for name in names]
    texts = [text.encode() for text in strings.index]
    sizes = lambda parts: b"".join(varint(len(part)) for part in parts)
    out = varint(len(texts)) + varint(len(shapes)) + varint(len(names))
    out += sizes(texts) + sizes(shape_bytes)
    out += b"".join(varint(name) + varint(len(record)) for name, record in zip(name_ids, operation_bytes))
    return out + b"".join(texts) + b"".join(shape_bytes) + b"".join(operation_bytes)
