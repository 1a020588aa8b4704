"""The table of what was deployed and run, and what was only checked, as Markdown."""
import difflib

from tasks import operation

HEAD = """# Deployed and run

<!-- written by scripts/emulate/deploy.py --table --write; do not edit -->

What CI deploys of the examples into an emulator (MiniStack, with its own CloudFormation) and runs. Every template is
deployed; of each case the execution ends as [cases.toml](../scripts/emulate/cases.toml) says and calls what it says, each call
is allowed by the role that makes it, and no grant of the role is unused or wide. An emulator is not AWS: it accepts what AWS
would refuse, so what the [judges](../scripts/judges/README.md) say counts as well.

*Answered* are calls for which an answer of the case stood in; a failure on purpose is one of them.

| example | case | started by | ends | carried out | answered |
|---|---|---|---|---|---|
"""
CHECKED = """
## Only checked

These are judged, and not seen to work here.

| example | what | why |
|---|---|---|
"""


def code(names):
    return ", ".join(f"`{n}`" for n in names) or "-"


def row(case, calls):
    started = f"`{case['trigger']}`" if "trigger" in case else f"the input of `{case.get('pipeline', case['example'])}`"
    done = sorted({operation(c) for c in calls if not c["answered"]})
    answered = sorted({operation(c) + (" (failing)" if c["answered"] == "error" else "") for c in calls if c["answered"]})
    return f"| {case['example']} | {case['case']} | {started} | `{case['ends']}` | {code(done)} | {code(answered)} |\n"


def checked(data, done):
    """(example, what, why) of everything that is not run."""
    for kind in ("left_out", "unfired"):
        for example, named in data[kind].items():
            yield from ((example, f"`{logical}`", why) for logical, why in named.items())
    for name, why in data["answered"].items():
        where = sorted({case["example"] for case, calls in done if any(c["answered"] == "return" and operation(c) == name for c in calls)})
        yield ", ".join(where), f"`{name}`", why


def text(data, done):
    rows = "".join(row(case, calls) for case, calls in sorted(done, key=lambda d: d[0]["example"]))
    return HEAD + rows + CHECKED + "".join(f"| {e} | {what} | {why} |\n" for e, what, why in checked(data, done))


def keep(path, data, done, write):
    """Writes the table, or tells how the file differs from it."""
    fresh = text(data, done)
    if write:
        path.write_text(fresh)
        return []
    kept = path.read_text() if path.exists() else ""
    return [line.rstrip() for line in difflib.unified_diff(kept.splitlines(), fresh.splitlines(), str(path), "what was run", lineterm="", n=0)]
