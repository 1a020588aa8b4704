"""Derives src/catalog/derived/ from the pinned packages. Run it through derive.sh.

    index.tsv      a line a service, sorted: name, error prefix, IAM prefix, botocore's folder, documented (y/n),
                   operations, where its frame starts in services.bin, the frame's bytes, its bytes when decoded
    services.bin   a zstd frame a service, each holding what frame.py describes
    types.tsv      a line a namespace of CloudFormation's resource types, sorted: its name, where its frame starts in
                   types.bin, the frame's bytes, its bytes when decoded, its types
    types.bin      a zstd frame a namespace, of the same form
    timezones.txt  the names of the time zones of IANA's database, sorted, a line each
    actions.bin    the names of all actions of the service authorization reference, sorted, a line each, compressed
"""

import argparse
import hashlib
import importlib.resources
import pathlib
import sys

import zstandard

import api
import cloudformation
import frame
import permissions

HERE = pathlib.Path(__file__).parent
DERIVED = HERE.parent.parent / "src" / "catalog" / "derived"


def documented() -> set[str]:
    lines = (HERE / "documented.txt").read_text().splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def time_zones() -> list[str]:
    return importlib.resources.files("tzdata").joinpath("zones").read_text().split()


def derive() -> dict[str, bytes]:
    services = {}
    for folder, model, paginators in api.models():
        service = api.Service(folder, model, paginators)
        # `sms-voice` and `pinpoint-sms-voice` have one serviceId; the first holds the current model.
        services.setdefault(service.name, service)
    reference = permissions.load_reference()
    # Matches of five bytes and more: frames are 4 % larger than with shorter ones, and decoded in three quarters of the time.
    parameters = zstandard.ZstdCompressionParameters.from_level(22, min_match=5, write_content_size=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    known = documented()
    rows, blob = [], b""
    for name in sorted(services):
        service = services[name]
        allowed = permissions.Permissions(service, reference)
        for operation, record in service.operations.items():
            if record["refused"] is None:
                record["grants"], record["dependents"] = allowed.grants(operation, record)
        raw = frame.service(service.shapes, service.operations)
        packed = compressor.compress(raw)
        rows.append(
            [
                name,
                service.prefix,
                allowed.prefix,
                service.folder,
                "y" if service.prefix in known else "n",
                len(service.operations),
                len(blob),
                len(packed),
                len(raw),
            ]
        )
        blob += packed
    lines = lambda rows: "".join("\t".join(map(str, row)) + "\n" for row in rows).encode()
    type_rows, type_blob = [], b""
    for name, namespace in sorted(cloudformation.namespaces().items()):
        raw = frame.service(namespace.shapes, namespace.types)
        packed = compressor.compress(raw)
        type_rows.append([name, len(type_blob), len(packed), len(raw), " ".join(sorted(namespace.types))])
        type_blob += packed
    actions = "".join(action + "\n" for action in permissions.actions(reference))
    return {
        "index.tsv": lines(rows),
        "services.bin": blob,
        "types.tsv": lines(type_rows),
        "types.bin": type_blob,
        "timezones.txt": "".join(zone + "\n" for zone in sorted(time_zones())).encode(),
        "actions.bin": compressor.compress(actions.encode()),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="compare with what is there, write nothing")
    check = parser.parse_args().check
    stale = []
    for name, content in derive().items():
        path = DERIVED / name
        print(f"{name}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()[:16]}")
        if not path.exists() or path.read_bytes() != content:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    if check and stale:
        sys.exit(f"derived tables differ from the script's output: {', '.join(stale)}; run scripts/catalog/derive.sh")


if __name__ == "__main__":
    main()
