#!/usr/bin/env python3
"""What the action does: checks the pipelines of a pull request, and tells its reviewers what changes.

Runs `check`, `build --check`, `test` and `diff`. Problems become annotations by `check --format github`; what changes becomes one
comment, found again by its first line and updated in place. Where the token may not write (a pull request from a fork),
or there is no pull request, the same text goes to the job's summary. Ends with 1 when a command found problems, 2 when
one could not run.

Reads GitHub's variables (GITHUB_EVENT_PATH, GITHUB_API_URL, GITHUB_STEP_SUMMARY) and GITHUB_TOKEN; nothing else is sent
anywhere.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import urllib.error
import urllib.request

# The service takes so many characters.
MOST = 65_536
PAGE = 100
# How `flowc diff` begins when no source differs.
SAME = "### Nothing changes: the sources are the same."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flowc", default="flowc")
    parser.add_argument("--folder", default=".", help="where flowc.toml is")
    parser.add_argument("--paths", default="", help="files and folders, as in a shell")
    parser.add_argument("--fail-on", default="", help="conditions of `flowc diff`")
    parser.add_argument("--skip", default="", help="of check, build, test, diff: those not to run")
    parser.add_argument("--no-comment", action="store_true")
    args = parser.parse_args()
    event = read_event()
    pull = event.get("pull_request")
    paths = shlex.split(args.paths)
    skip = {word for word in args.skip.replace(",", " ").split()}
    unknown = skip - {"check", "build", "test", "diff"}
    if unknown:
        parser.error(f"--skip takes check, build, test and diff, not {', '.join(sorted(unknown))}")

    results = []
    if "check" not in skip:
        # Its output is for the service, which makes annotations of it.
        results.append(run("check", [args.flowc, "check", "--format", "github", *paths], args.folder))
    if "build" not in skip:
        results.append(run("build --check", [args.flowc, "build", "--check", *paths], args.folder))
    if "test" not in skip:
        results.append(run("test", [args.flowc, "test", *paths], args.folder))
    changes = ""
    if pull and "diff" not in skip:
        command = [args.flowc, "diff", "--format", "markdown", "--base", pull["base"]["sha"]]
        if args.fail_on:
            command += ["--fail-on", args.fail_on]
        diff = run("diff", command + paths, args.folder, quiet=True)
        changes = diff["out"].strip()
        results.append(diff)

    text = comment(marker(args.folder), results, changes)
    # Who changes no source wants no comment; one that is there must be true all the same.
    is_news = not changes.startswith(SAME) or any(result["code"] for result in results)
    writes = pull and not args.no_comment and may_write(event)
    if not (writes and post(event, marker(args.folder), text, is_news)):
        summarize(text)
    return max((min(result["code"], 2) for result in results), default=0)


def read_event():
    path = os.environ.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def run(name, command, folder, quiet=False):
    """Runs a command, shows what it says, and keeps it."""
    print(f"$ {shlex.join(command)}", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", errors="replace")
    except OSError as error:
        print(f"::error::{command[0]} cannot be run: {error.strerror}", flush=True)
        return {"name": name, "code": 2, "out": "", "said": f"it cannot be run: {error.strerror}"}
    if not quiet:
        sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    said = "\n".join(part.strip() for part in (done.stdout if name == "build --check" else "", done.stderr))
    return {"name": name, "code": done.returncode, "out": done.stdout, "said": said.strip()}


def marker(folder):
    """The first line of the comment, by which it is found again; one for each project of a repository."""
    return f"<!-- flowc: {os.path.normpath(folder)} -->"


def comment(first, results, changes):
    lines = [first]
    failed = [result for result in results if result["code"] != 0]
    if failed:
        names = ", ".join(f"`flowc {result['name']}`" for result in failed)
        lines += [f"**{names} found problems.**", ""]
    if changes:
        lines += [changes, ""]
    for result in failed:
        # What the pull request's page shows at the lines needs no second place.
        if result["name"] != "diff" or not changes:
            lines += fold(f"flowc {result['name']}", result["said"])
    if len(lines) == 1:
        lines.append("No problems found.")
    return cut("\n".join(lines).rstrip() + "\n", MOST)


def fold(title, text):
    text = "\n".join(text.splitlines()[:200]) or "it said nothing"
    fence = "```"
    while fence in text:
        fence += "`"
    return [f"<details><summary>{title}</summary>", "", f"{fence}text", text, fence, "", "</details>", ""]


def cut(text, most):
    """At a line's end, with what is open closed."""
    if len(text) <= most:
        return text
    note = "\nThe rest does not fit into a comment.\n"
    room = most - len(note) - 200
    kept, size, fence, open_details = [], 0, "", 0
    for line in text.splitlines():
        size += len(line) + 1
        if size > room:
            break
        kept.append(line)
        bare = line.strip()
        if fence:
            fence = "" if bare == fence else fence
        elif bare.startswith("```"):
            fence = bare[: len(bare) - len(bare.lstrip("`"))]
        else:
            open_details += line.count("<details") - line.count("</details>")
    if fence:
        kept.append(fence)
    kept += ["", "</details>"] * open_details
    return "\n".join(kept) + "\n" + note


def may_write(event):
    """A pull request from a fork runs with a token that only reads."""
    head = event["pull_request"]["head"].get("repo") or {}
    return bool(os.environ.get("GITHUB_TOKEN")) and head.get("full_name") == event["repository"]["full_name"]


def post(event, first, text, is_news):
    """Writes the comment, over the old one where there is one; a new one only if it says something. Whether it could."""
    repository, number = event["repository"]["full_name"], event["pull_request"]["number"]
    comments = f"/repos/{repository}/issues/{number}/comments"
    try:
        old = find(comments, first)
        if old is None and is_news:
            call("POST", comments, {"body": text})
        elif old is not None:
            call("PATCH", f"/repos/{repository}/issues/comments/{old}", {"body": text})
    except (urllib.error.URLError, ValueError) as error:
        print(f"::warning::the comment could not be written ({error}); it is in the job's summary", flush=True)
        return False
    return True


def find(comments, first):
    page = 1
    while True:
        found = call("GET", f"{comments}?per_page={PAGE}&page={page}")
        for known in found:
            if known["body"].splitlines()[:1] == [first]:
                return known["id"]
        if len(found) < PAGE:
            return None
        page += 1


def call(method, path, body=None):
    base = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    request = urllib.request.Request(base + path, method=method)
    request.add_header("Accept", "application/vnd.github+json")
    request.add_header("Authorization", f"Bearer {os.environ['GITHUB_TOKEN']}")
    request.add_header("X-GitHub-Api-Version", "2022-11-28")
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, data, timeout=30) as answer:
        return json.load(answer)


def summarize(text):
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    sys.exit(main())
