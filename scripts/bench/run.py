#!/usr/bin/env python3
"""Speed and size of the release build, as ratios to baselines measured in the same run.

    scripts/bench/run.py [--check] [--target DIR]

Baselines: the start of an empty program, and a *plain* pass over the same work (benches/plain.rs): read the sources, run
the grammar over them, print the same output bytes with serde_json, write the files. Sources are generated.

--check exits 1 when something is far beyond its bound (SLACK times): a busy machine must not fail, a quadratic step must.
"""
import argparse
import math
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIB = 1024
SLACK = 2
# What is compared is measured in turns, and of each the best counts: a machine is busy now and then, not all the time.
TURNS = 5

PIPELINE = """\
/// Loads one day of {name}.
pipeline {name}(date: string, partitions: [{{ dt: string, hour: int }}]) {{
  timeout 4h

  step gate = s3.headObject(Bucket: raw, Key: "{name}/{{date}}/_SUCCESS")
                retry on S3.NoSuchKey every 1m max 60
{steps}
  step clean = glue.startJobRun(JobName: clean_job, Arguments: {{ "--dt": item.dt, "--hour": "{{item.hour}}" }})
                 timeout 1h
                 catch all {{ quarantine }}
  step quarantine = sns.publish(TopicArn: ops, Message: "{{item.dt}}: {{error.cause}}")
  step publish = athena.startQueryExecution(QueryString: "MSCK REPAIR TABLE {name}", WorkGroup: reports)
                   reads mart/"{name}", raw/"{name}/*"

  flow gate{chain} -> map(partitions, 20) -> clean -> publish
}}
"""
HEAD = """\
bucket    raw       = "acme-raw"
database  mart      = "mart"
job       clean_job = "clean"
workgroup reports   = "reporting"
topic     ops       = "ops"

"""


def pipeline(name, steps=4):
    body = "".join(f'  step s{i} = glue.startJobRun(JobName: "job-{i}", Arguments: {{ "--date": date, "--n": "{i}" }})\n' for i in range(steps))
    return PIPELINE.format(name=name, steps=body, chain="".join(f" -> s{i}" for i in range(steps)))


def write_sources(folder, files, steps=4):
    folder.mkdir(parents=True)
    for i in range(files):
        (folder / f"p{i}.flow").write_text(HEAD + pipeline(f"p{i}", steps))
    return folder


class Bench:
    def __init__(self, target, scratch):
        self.scratch, self.beyond = scratch, []
        release = target / "release"
        self.flowc, self.plain = release / "flowc", release / "examples/plain"
        self.measure, self.empty = scratch / "measure", scratch / "empty"
        (scratch / "empty.rs").write_text("fn main() {}\n")
        for source, out in ((ROOT / "scripts/bench/measure.rs", self.measure), (scratch / "empty.rs", self.empty)):
            subprocess.run(["rustc", "-O", "--edition", "2024", "-o", out, source], check=True)

    def run(self, runs, *command, code=0):
        """(CPU time in µs, most memory in KiB) of a command."""
        out = subprocess.run([self.measure, str(runs), *map(str, command)], check=True, capture_output=True, text=True).stdout.split()
        if code is not None and int(out[2]) != code:
            shown = subprocess.run([str(c).replace("{i}", "again") for c in command], capture_output=True, text=True)
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {out[2]}:\n{shown.stderr[-3000:]}")
        return int(out[0]), int(out[1])

    def say(self, what, value, bound=None, unit=""):
        verdict = "" if bound is None else f"  (at most {bound:g}{unit})" + ("" if value <= bound else "  BEYOND")
        print(f"{what:<58}{value:>9.2f}{unit}{verdict}", flush=True)
        if bound is not None and value > bound * SLACK:
            self.beyond.append(what)

    def against_plain(self, what, sources, runs, most_memory, start):
        """Builds into fresh folders, and the plain pass over the same sources to the same bytes."""
        expected = self.scratch / f"{sources.name}.expected"
        self.run(1, self.flowc, "build", "--quiet", sources, "--out", expected)
        check = self.scratch / f"{sources.name}.plain"
        self.run(1, self.plain, sources, expected, check)
        difference = subprocess.run(["diff", "-r", expected, check], capture_output=True, text=True)
        if difference.returncode:
            raise RuntimeError(f"the plain pass does not write the same bytes:\n{difference.stdout[:2000]}")
        full = load = cpu = math.inf
        memory = 0
        for turn in range(TURNS):
            out = lambda what: self.scratch / f"{sources.name}.{what}-{turn}-{{i}}"
            full = min(full, self.run(runs, self.plain, sources, expected, out("plain"))[0])
            load = min(load, self.run(runs, self.plain, sources, expected)[0])
            turn_cpu, turn_memory = self.run(runs, self.flowc, "build", "--quiet", sources, "--out", out("out"))
            cpu, memory = min(cpu, turn_cpu), max(memory, turn_memory)
        plain = full - load + start  # what it took to have the output in memory is not the work
        print(f"{what}: flowc {cpu / 1000:.1f} ms, plain {plain / 1000:.1f} ms, an empty program {start / 1000:.1f} ms")
        self.say("  CPU, of plain", cpu / plain, 3, "×")
        self.say("  most memory", memory / MIB, most_memory, " MiB")
        self.unchanged(sources, expected, cpu, runs)

    def unchanged(self, sources, out, fresh, runs):
        files = [f for f in out.rglob("*") if f.is_file()]
        before = {f: (f.stat().st_mtime_ns, f.stat().st_ino) for f in files}
        cpu, _ = self.run(runs, self.flowc, "build", "--quiet", sources, "--out", out)
        if any(before[f] != (f.stat().st_mtime_ns, f.stat().st_ino) for f in files):
            raise RuntimeError("a build that changes nothing rewrote files")
        self.say("  CPU of building again, nothing changed, of the first", cpu / fresh, 1, "×")

    def diff(self, sources, runs):
        """One file of a repository changed: what changes, against building all."""
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "-C", sources]
        for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            subprocess.run(git + command, check=True)
        changed = next(sources.glob("*.flow"))
        changed.write_text(changed.read_text().replace("timeout 1h", "timeout 2h"))
        inside = lambda *command: ("sh", "-c", f"cd {sources} && exec " + " ".join(map(str, command)))
        build, _ = self.run(runs, *inside(self.flowc, "build", "--quiet", "--out", self.scratch / "diff-{i}"))
        cpu, memory = self.run(runs, *inside(self.flowc, "diff", "--quiet"))
        print(f"diff of a repository, one file changed: {cpu / 1000:.1f} ms, building it {build / 1000:.1f} ms, {memory / MIB:.1f} MiB")
        self.say("  CPU, of building all", cpu / build, 2, "×")

    def linear(self, what, small, large, factor, runs, code=0):
        """How much dearer the large one is, for what is more in it: 1 is linear."""
        a, _ = self.run(runs, *small, code=code)
        b, memory = self.run(runs, *large, code=code)
        print(f"{what}: {a / 1000:.1f} ms and {b / 1000:.1f} ms for {factor} times as much, {memory / MIB:.1f} MiB")
        self.say("  growth, of linear", b / a / factor, 1.3, "×")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--check", action="store_true", help="exit 1 when far beyond a bound")
    ap.add_argument("--target", type=pathlib.Path, default=pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")))
    a = ap.parse_args()
    subprocess.run(["cargo", "build", "--locked", "--release", "--quiet", "--bin", "flowc", "--example", "plain"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as scratch:
        b = Bench(a.target.resolve(), pathlib.Path(scratch))
        start, _ = b.run(101, b.empty)
        cpu, memory = b.run(101, b.flowc, "--version")
        print(f"flowc --version: {cpu / 1000:.1f} ms, an empty program {start / 1000:.1f} ms; {memory / MIB:.1f} MiB")
        b.say("size of the program", b.flowc.stat().st_size / MIB / MIB, 15, " MiB")
        cpu, memory = b.run(51, b.flowc, "catalog", "glue.startJobRun")
        b.say("one operation of the catalog: CPU", cpu / 1000, 15, " ms")
        b.say("  most memory", memory / MIB, 40, " MiB")
        b.against_plain("one pipeline", write_sources(b.scratch / "one", 1), 25, 12, start)
        b.against_plain("a thousand pipelines", write_sources(b.scratch / "thousand", 1000), 1, 64, start)
        b.diff(write_sources(b.scratch / "repository", 1000), 3)
        few = write_sources(b.scratch / "few", 250)
        build = lambda sources: (b.flowc, "build", "--quiet", sources, "--out", b.scratch / f"linear-{sources.name}-{{i}}")
        b.linear("files in one run, 250 and 1,000", build(few), build(b.scratch / "thousand"), 4, 3)
        # So many steps make a definition larger than the service takes, which is said after all the work is done.
        short, long = (write_sources(b.scratch / f"steps{n}", 1, n) for n in (2500, 10000))
        b.linear("steps in one file, 2,500 and 10,000", build(short), build(long), 4, 3, code=None)
        for sources in (short, long):
            b.run(1, b.flowc, "fmt", "--quiet", sources)
        checked = lambda sources: (b.flowc, "fmt", "--check", "--quiet", sources)
        b.linear("formatting them", checked(short), checked(long), 4, 3)
        if a.check and b.beyond:
            print("far beyond the bound: " + ", ".join(w.strip() for w in b.beyond), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
