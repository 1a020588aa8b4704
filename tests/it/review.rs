//! The action's script, on a repository of two commits, with a recorded event and a server in the place of GitHub's.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

const BEFORE: &str = "bucket raw = \"acme-raw\"

pipeline nightly(day: string) {
  step gate = s3.headObject(Bucket: raw, Key: \"sales/{day}\")

  flow gate
}
";

/// A request that the script made.
#[derive(Clone, Debug)]
struct Request {
    method: String,
    path: String,
    authorization: String,
    body: Value,
}

/// Stands for `api.github.com`: answers with these comments, refuses to write where it is told to.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn start(comments: Vec<Value>, refuses: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let request = read(&stream);
                let (status, answer) = match request.method.as_str() {
                    "GET" => ("200 OK", page(&comments, &request.path)),
                    _ if refuses => ("403 Forbidden", json!({ "message": "not by this token" })),
                    _ => ("200 OK", json!({ "id": 7 })),
                };
                seen.lock().expect("nobody panicked").push(request);
                let text = answer.to_string();
                let length = text.len();
                let mut stream = stream;
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
                );
            }
        });
        Self { address, requests }
    }

    fn writes(&self) -> Vec<Request> {
        let requests = self.requests.lock().expect("nobody panicked");
        let writes = requests.iter().filter(|request| request.method != "GET");
        writes.cloned().collect()
    }
}

/// A hundred comments a page, as the script asks for them.
fn page(comments: &[Value], path: &str) -> Value {
    let number = path.split("&page=").nth(1).and_then(|n| n.parse().ok());
    let first = (number.unwrap_or(1_usize) - 1) * 100;
    comments.iter().skip(first).take(100).cloned().collect()
}

fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("a request");
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut length = 0;
    let mut authorization = String::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).expect("a header");
        let header = header.trim();
        match header.split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().expect("a number");
            }
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                value.clone_into(&mut authorization);
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    Request {
        method,
        path,
        authorization,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

/// A repository whose first commit is the base of the pull request, and its second the head.
struct Repository {
    folder: TempDir,
    base: String,
}

impl Repository {
    fn new(after: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let new = Self {
            folder,
            base: String::new(),
        };
        new.git(&["init", "--quiet", "--initial-branch=main"]);
        new.flowc(&["build", "--quiet"], BEFORE);
        new.git(&["add", "."]);
        new.git(&["commit", "--quiet", "--message=Before"]);
        let base = new.git(&["rev-parse", "HEAD"]).trim().to_owned();
        new.flowc(&["build", "--quiet"], after);
        new.git(&["add", "."]);
        new.git(&["commit", "--quiet", "--allow-empty", "--message=After"]);
        Self { base, ..new }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(args)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([
                ("GIT_AUTHOR_NAME", "a"),
                ("GIT_AUTHOR_EMAIL", "a@example.com"),
                ("GIT_COMMITTER_NAME", "a"),
                ("GIT_COMMITTER_EMAIL", "a@example.com"),
            ])
            .output()
            .expect("git");
        assert!(output.status.success(), "git {args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn flowc(&self, args: &[&str], source: &str) {
        fs::write(self.path().join("nightly.flow"), source).expect("the source");
        let output = Command::new(env!("CARGO_BIN_EXE_flowc"))
            .args(args)
            .current_dir(self.path())
            .output()
            .expect("flowc");
        assert!(output.status.success() || source != BEFORE, "{output:?}");
    }

    /// The event as GitHub records it, as far as the script reads it.
    fn event(&self, head: &str) -> Value {
        json!({
            "action": "synchronize",
            "number": 12,
            "repository": { "full_name": "acme/pipelines" },
            "pull_request": {
                "number": 12,
                "base": { "sha": self.base, "ref": "main" },
                "head": { "repo": { "full_name": head } },
            },
        })
    }

    /// What the script does with an event. `flowc` is the program's path.
    fn review(&self, flowc: &Path, event: &Value, server: &Server, args: &[&str]) -> Review {
        let outside = tempfile::tempdir().expect("a folder");
        let event_path = outside.path().join("event.json");
        fs::write(&event_path, event.to_string()).expect("the event");
        let summary = outside.path().join("summary.md");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/ci/review.py");
        let output = Command::new("python3")
            .arg(script)
            .arg("--flowc")
            .arg(flowc)
            .args(args)
            .current_dir(self.path())
            .env("GITHUB_EVENT_PATH", &event_path)
            .env("GITHUB_API_URL", &server.address)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("GITHUB_TOKEN", "secret-of-the-job")
            .output()
            .expect("python3");
        Review {
            output,
            summary: fs::read_to_string(summary).unwrap_or_default(),
        }
    }
}

struct Review {
    output: Output,
    summary: String,
}

impl Review {
    fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    fn printed(&self) -> String {
        let Output { stdout, stderr, .. } = &self.output;
        String::from_utf8_lossy(stdout).into_owned() + &String::from_utf8_lossy(stderr)
    }
}

/// Says what changes and whether tests fail as it is told; all else is done by the program itself.
fn told(folder: &Path, changes: &str, test: i32) -> PathBuf {
    let real = env!("CARGO_BIN_EXE_flowc");
    let path = folder.join("told-flowc");
    fs::write(folder.join("changes.md"), changes).expect("the changes");
    let changes = folder.join("changes.md");
    let script = format!(
        "#!/bin/sh\ncase \"$1\" in\n  diff) cat '{}'; echo \"$@\" >&2;;\n  test) echo 'one test' >&2; exit {test};;\n  *) exec '{real}' \"$@\";;\nesac\n",
        changes.display()
    );
    fs::write(&path, script).expect("the script");
    let made = Command::new("chmod").arg("+x").arg(&path).status();
    assert!(made.expect("chmod").success());
    path
}

fn first_line(request: &Request) -> &str {
    let text = request.body["body"].as_str().unwrap_or_default();
    text.lines().next().unwrap_or_default()
}

#[test]
fn changes_become_one_comment_that_is_updated_in_place() {
    let outside = tempfile::tempdir().expect("a folder");
    let repository = Repository::new(BEFORE);
    let flowc = told(outside.path(), "### What changes\n\nnothing\n", 0);
    let event = repository.event("acme/pipelines");

    let server = Server::start(vec![json!({ "id": 1, "body": "looks good" })], false);
    let review = repository.review(&flowc, &event, &server, &["--fail-on", "data-loss"]);
    assert_eq!(review.code(), Some(0), "{}", review.printed());
    let diff = format!(
        "diff --format markdown --base {} --fail-on data-loss",
        repository.base
    );
    assert!(review.printed().contains(&diff), "{}", review.printed());
    let writes = server.writes();
    let [posted] = writes.as_slice() else {
        panic!("{writes:?}");
    };
    assert_eq!(
        (posted.method.as_str(), posted.path.as_str()),
        ("POST", "/repos/acme/pipelines/issues/12/comments")
    );
    assert_eq!(posted.authorization, "Bearer secret-of-the-job");
    assert_eq!(
        posted.body["body"],
        "<!-- flowc: . -->\n### What changes\n\nnothing\n"
    );
    assert_eq!(review.summary, "");
    assert!(!review.printed().contains("secret-of-the-job"));

    // Behind a page of others.
    let mut comments: Vec<Value> = (0..100)
        .map(|id| json!({ "id": id, "body": "a word\n<!-- flowc: . -->" }))
        .collect();
    comments.push(json!({ "id": 4711, "body": posted.body["body"] }));
    let server = Server::start(comments, false);
    let review = repository.review(&flowc, &event, &server, &[]);
    assert_eq!(review.code(), Some(0), "{}", review.printed());
    let writes = server.writes();
    let [patched] = writes.as_slice() else {
        panic!("{writes:?}");
    };
    assert_eq!(
        (patched.method.as_str(), patched.path.as_str()),
        ("PATCH", "/repos/acme/pipelines/issues/comments/4711")
    );
}

#[test]
fn what_is_wrong_is_told_and_fails_the_job() {
    let outside = tempfile::tempdir().expect("a folder");
    let repository = Repository::new(&BEFORE.replace("flow gate", "flow gat"));
    let flowc = told(outside.path(), "", 1);
    let server = Server::start(Vec::new(), false);
    let event = repository.event("acme/pipelines");
    let review = repository.review(&flowc, &event, &server, &[]);
    assert_eq!(review.code(), Some(1), "{}", review.printed());
    // GitHub makes an annotation of it.
    let printed = review.printed();
    assert!(
        printed.contains("::error file=nightly.flow,line=6,"),
        "{printed}"
    );
    let writes = server.writes();
    let body = writes[0].body["body"].as_str().expect("text");
    assert!(
        body.starts_with("<!-- flowc: . -->\n**`flowc check`, `flowc build --check`, `flowc test` found problems.**"),
        "{body}"
    );
    assert!(body.contains("one test"), "{body}");
    let opened = body.matches("<details>").count();
    assert_eq!(opened, body.matches("</details>").count());
}

#[test]
fn files_that_are_not_what_the_sources_say_are_shown() {
    let outside = tempfile::tempdir().expect("a folder");
    let repository = Repository::new(BEFORE);
    let changed = BEFORE.replace("sales/", "orders/");
    fs::write(repository.path().join("nightly.flow"), changed).expect("the source");
    let flowc = told(outside.path(), "### Changes\n", 0);
    let server = Server::start(Vec::new(), false);
    let event = repository.event("acme/pipelines");
    let review = repository.review(&flowc, &event, &server, &["--skip", "check test"]);
    assert_eq!(review.code(), Some(1), "{}", review.printed());
    let writes = server.writes();
    let body = writes[0].body["body"].as_str().expect("text");
    assert!(body.contains("flowc build --check"), "{body}");
    assert!(
        body.contains("+++ out/nightly/nightly.asl.json (new)"),
        "{body}"
    );
}

#[test]
fn where_the_token_only_reads_the_summary_has_it() {
    let outside = tempfile::tempdir().expect("a folder");
    let repository = Repository::new(BEFORE);
    let flowc = told(outside.path(), "### What changes\n", 0);
    // A fork's: nothing is tried.
    let server = Server::start(Vec::new(), false);
    let review = repository.review(&flowc, &repository.event("someone/pipelines"), &server, &[]);
    assert_eq!(review.code(), Some(0), "{}", review.printed());
    assert!(server.requests.lock().expect("no panic").is_empty());
    assert!(review.summary.contains("### What changes"));
    // A repository whose tokens do not write.
    let server = Server::start(Vec::new(), true);
    let review = repository.review(&flowc, &repository.event("acme/pipelines"), &server, &[]);
    assert_eq!(review.code(), Some(0), "{}", review.printed());
    assert!(
        review
            .printed()
            .contains("::warning::the comment could not be written")
    );
    assert!(review.summary.contains("### What changes"));
    // A fork that is gone, and a push.
    let mut event = repository.event("acme/pipelines");
    event["pull_request"]["head"]["repo"] = Value::Null;
    for event in [
        event,
        json!({ "repository": { "full_name": "acme/pipelines" } }),
    ] {
        let server = Server::start(Vec::new(), false);
        let review = repository.review(&flowc, &event, &server, &[]);
        assert_eq!(review.code(), Some(0), "{}", review.printed());
        assert!(server.writes().is_empty());
        assert!(
            review.summary.starts_with("<!-- flowc: . -->"),
            "{}",
            review.summary
        );
    }
}

#[test]
fn a_comment_that_is_too_long_is_cut_where_a_line_ends() {
    let outside = tempfile::tempdir().expect("a folder");
    let repository = Repository::new(BEFORE);
    let row = "| a permission | on something |\n".repeat(3_000);
    let changes = format!("### Changes\n\n<details>\n\n```text\n{row}```\n\n</details>\n");
    let flowc = told(outside.path(), &changes, 0);
    let server = Server::start(Vec::new(), false);
    let review = repository.review(&flowc, &repository.event("acme/pipelines"), &server, &[]);
    assert_eq!(review.code(), Some(0), "{}", review.printed());
    let writes = server.writes();
    assert_eq!(first_line(&writes[0]), "<!-- flowc: . -->");
    let body = writes[0].body["body"].as_str().expect("text");
    assert!(body.len() <= 65_536, "{}", body.len());
    assert!(body.ends_with("| a permission | on something |\n```\n\n</details>\n\nThe rest does not fit into a comment.\n"));
}

/// With nothing made up: what the program itself says of a change.
#[test]
fn a_permission_that_widens_is_told_and_can_fail_the_job() {
    let flowc = Path::new(env!("CARGO_BIN_EXE_flowc"));
    let repository = Repository::new(&BEFORE.replace("sales/", "sa"));
    let event = repository.event("acme/pipelines");
    let server = Server::start(Vec::new(), false);
    let review = repository.review(flowc, &event, &server, &[]);
    assert_eq!(review.code(), Some(0), "{}", review.printed());
    let args = ["--fail-on", "widened-permissions"];
    let review = repository.review(flowc, &event, &server, &args);
    assert_eq!(review.code(), Some(1), "{}", review.printed());
    let writes = server.writes();
    assert_eq!(writes.len(), 2);
    for (write, failed) in writes.iter().zip([false, true]) {
        let body = write.body["body"].as_str().expect("text");
        assert!(body.contains("2 permissions are wider"), "{body}");
        assert!(body.contains("acme-raw/sa*"), "{body}");
        assert_eq!(body.contains("**`flowc diff` found problems.**"), failed);
    }
}

#[test]
fn who_changes_no_source_gets_no_comment() {
    let flowc = Path::new(env!("CARGO_BIN_EXE_flowc"));
    let repository = Repository::new(BEFORE);
    let event = repository.event("acme/pipelines");
    let server = Server::start(Vec::new(), false);
    let review = repository.review(flowc, &event, &server, &[]);
    assert_eq!(review.code(), Some(0), "{}", review.printed());
    assert!(server.writes().is_empty());
    // What was true before is no more.
    let old = json!({ "id": 3, "body": "<!-- flowc: . -->\n### 1 pipeline changes." });
    let server = Server::start(vec![old], false);
    let review = repository.review(flowc, &event, &server, &[]);
    assert_eq!(review.code(), Some(0), "{}", review.printed());
    let writes = server.writes();
    assert_eq!(writes.len(), 1);
    let body = writes[0].body["body"].as_str().expect("text");
    assert!(body.contains("Nothing changes"), "{body}");
}

/// The action, the hooks and the workflow name what there is.
#[test]
fn the_action_and_the_hooks_are_yaml_that_names_what_there_is() {
    let action = fs::read_to_string("action.yml").expect("the action");
    for line in action.lines().filter(|line| line.contains("uses:")) {
        let version = line.rsplit('@').next().unwrap_or_default();
        assert!(
            version.starts_with('v') && version.matches('.').count() == 2,
            "{line}"
        );
    }
    assert!(action.contains("scripts/ci/review.py"));
    let hooks = fs::read_to_string(".pre-commit-hooks.yaml").expect("the hooks");
    for entry in hooks
        .lines()
        .filter_map(|line| line.trim().strip_prefix("entry: flowc "))
    {
        let command = entry.split(' ').next().unwrap_or_default();
        let known = ["fmt", "check", "build", "test"];
        assert!(known.contains(&command), "{entry}");
    }
    let workflow = fs::read_to_string("templates/init/workflow.yml").expect("the workflow");
    let permissions = "permissions:\n  contents: read\n  pull-requests: write\n";
    assert!(workflow.contains(permissions));
}
