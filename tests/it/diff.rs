//! What changes between two programs: nothing that differs goes untold, and what is told is well formed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use flowc::backend;
use flowc::diagnostic::levels::LintLevels;
use flowc::diff::{self, FileChange, Kind, Report, Side};
use flowc::driver::{self, Compilation, Emission};
use flowc::source::{ReadError, SourceFile};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

/// A program that compiles, and what it becomes.
struct Made {
    compilation: Compilation,
    output: backend::Output,
    emission: Emission,
}

impl Made {
    /// None for a program with mistakes, or one that becomes nothing.
    fn new(text: &str) -> Option<Self> {
        let main = SourceFile::new("examples/program.flow", text);
        let compilation = driver::compile(main, &LintLevels::default(), &mut |path| {
            fs::read_to_string(path)
                .map(|text| SourceFile::new(path, text))
                .map_err(|_| ReadError::Missing(Vec::new()))
        });
        let (output, emission) = driver::make(compilation.program.as_ref()?);
        (!emission.has_errors()).then_some(Self {
            output: output?,
            emission,
            compilation,
        })
    }

    fn side(&self) -> Side<'_> {
        Side {
            program: self.compilation.program.as_ref().expect("it compiles"),
            sources: &self.compilation.sources,
            output: &self.output,
            artifacts: &self.emission.artifacts,
            assumed: &[],
        }
    }
}

fn compare(old: &Made, new: &Made) -> FileChange {
    diff::compare(
        "examples/program.flow",
        Some(&old.side()),
        Some(&new.side()),
    )
}

fn compare_texts(old: &str, new: &str) -> FileChange {
    let made = |text: &str| {
        Made::new(text).unwrap_or_else(|| panic!("it does not compile: {}…", &text[..200]))
    };
    compare(&made(old), &made(new))
}

fn report(files: Vec<FileChange>) -> Report {
    Report {
        before: "`main` (1234567)".to_owned(),
        after: "the files on disk".to_owned(),
        compared: files.len(),
        touched: files.len(),
        files,
        tripped: Vec::new(),
    }
}

fn examples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["examples", "tests/corpus"] {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "flow") {
                let text = fs::read_to_string(&path).expect("text");
                found.push((path.display().to_string(), text));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn nothing_changes_between_a_program_and_itself() {
    for (path, text) in examples() {
        let made = Made::new(&text).unwrap_or_else(|| panic!("{path} compiles"));
        let change = compare(&made, &made);
        assert!(change.is_empty(), "{path}: {change:?}");
        assert!(change.texts.is_empty() && !change.has_effect(), "{path}");
    }
}

/// What differs between two outputs, and is not told.
fn untold(old: &Made, new: &Made, change: &FileChange) -> Vec<String> {
    let mut missing = Vec::new();
    let texts = |made: &Made| -> BTreeMap<String, String> {
        let artifacts = made.emission.artifacts.iter();
        artifacts
            .map(|artifact| (artifact.name.clone(), artifact.text.clone()))
            .collect()
    };
    let (olds, news) = (texts(old), texts(new));
    let names: BTreeSet<&String> = olds.keys().chain(news.keys()).collect();
    let pipelines: BTreeSet<&str> = change
        .pipelines
        .iter()
        .flat_map(|pipeline| {
            std::iter::once(pipeline.name.as_str()).chain(pipeline.before.as_deref())
        })
        .collect();
    for name in names {
        if olds.get(name) == news.get(name) {
            continue;
        }
        let told = match name.split_once('.') {
            Some((pipeline, "asl.json")) => pipelines.contains(pipeline),
            // A policy is written otherwise where labels are, too.
            Some((pipeline, "iam.json")) => {
                !change.permissions.is_empty()
                    || pipelines.contains(pipeline)
                    || !change.resources.is_empty()
            }
            _ => !change.is_empty(),
        };
        if !told {
            missing.push(name.clone());
        }
    }
    let resources = |made: &Made| {
        made.output.template["Resources"]
            .as_object()
            .cloned()
            .unwrap_or_default()
    };
    let (olds, news) = (resources(old), resources(new));
    let names: BTreeSet<&String> = olds.keys().chain(news.keys()).collect();
    for name in names {
        if olds.get(name) != news.get(name) && !change.resources.iter().any(|r| r.name == *name) {
            missing.push(format!("the resource {name}"));
        }
    }
    let rest = |made: &Made| {
        let mut template = made.output.template.clone();
        template["Resources"] = serde_json::Value::Null;
        template
    };
    if rest(old) != rest(new) && change.template.is_empty() {
        missing.push("the rest of the template".to_owned());
    }
    missing
}

/// A text with one thing changed at random: most such programs still compile, and mean something else.
fn mutate(text: &str, choice: u64) -> String {
    let mut random = fastrand::Rng::with_seed(choice);
    let words: Vec<(usize, &str)> = words(text);
    let lines: Vec<&str> = text.lines().collect();
    let replaced = |at: usize, old: &str, new: &str| {
        format!("{}{new}{}", &text[..at], &text[at + old.len()..])
    };
    match random.u8(0..8) {
        // A number.
        0 => {
            let numbers: Vec<_> = words
                .iter()
                .filter(|(_, w)| w.bytes().all(|b| b.is_ascii_digit()))
                .collect();
            match numbers.as_slice() {
                [] => text.to_owned(),
                numbers => {
                    let (at, word) = numbers[random.usize(..numbers.len())];
                    let number = word
                        .parse::<u64>()
                        .unwrap_or(1)
                        .saturating_add(random.u64(1..3));
                    replaced(*at, word, &number.to_string())
                }
            }
        }
        // A word, by another of the program.
        1 | 2 => {
            let (at, word) = words[random.usize(..words.len())];
            let (_, other) = words[random.usize(..words.len())];
            replaced(at, word, other)
        }
        // A name, everywhere.
        3 => {
            let (_, word) = words[random.usize(..words.len())];
            let mut out = String::new();
            let mut end = 0;
            for (at, other) in self::words(text) {
                if other == word {
                    out.push_str(&text[end..at]);
                    out.push_str(&format!("{word}_b"));
                    end = at + other.len();
                }
            }
            out.push_str(&text[end..]);
            out
        }
        // A line less.
        4 => {
            let gone = random.usize(..lines.len());
            let kept = lines.iter().enumerate().filter(|(i, _)| *i != gone);
            kept.map(|(_, line)| format!("{line}\n")).collect()
        }
        // Two lines in another order.
        5 => {
            let mut lines = lines.clone();
            let at = random.usize(..lines.len().saturating_sub(1).max(1));
            if at + 1 < lines.len() {
                lines.swap(at, at + 1);
            }
            lines.iter().map(|line| format!("{line}\n")).collect()
        }
        // A word longer, mostly in a text.
        6 => {
            let (at, word) = words[random.usize(..words.len())];
            replaced(at, word, &format!("{word}x"))
        }
        // A modifier more.
        _ => {
            let ends: Vec<usize> = text.match_indices(")\n").map(|(at, _)| at + 1).collect();
            let more = [
                " timeout 7m",
                " retry on all max 2 every 3s",
                " catch all {}",
                " retry none",
            ];
            match ends.as_slice() {
                [] => text.to_owned(),
                ends => {
                    let at = ends[random.usize(..ends.len())];
                    format!(
                        "{}{}{}",
                        &text[..at],
                        more[random.usize(..more.len())],
                        &text[at..]
                    )
                }
            }
        }
    }
}

fn words(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut rest = 0;
    for part in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
        if !part.is_empty() {
            found.push((rest, part));
        }
        rest += part.len();
        rest += text[rest..].chars().next().map_or(0, char::len_utf8);
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn whatever_differs_in_what_is_generated_is_told(
        example in any::<prop::sample::Index>(),
        first in any::<u64>(),
        second in any::<u64>(),
    ) {
        let examples = examples();
        let (path, text) = example.get(&examples);
        let Some(old) = Made::new(&mutate(text, first)).or_else(|| Made::new(text)) else {
            return Ok(());
        };
        let changed = mutate(text, second);
        let Some(new) = Made::new(&changed) else {
            return Ok(());
        };
        let change = compare(&old, &new);
        let missing = untold(&old, &new, &change);
        prop_assert!(missing.is_empty(), "untold of {}: {:?}\n{}", path, missing, changed);
        let same = old.emission.artifacts.iter().map(|a| &a.text).eq(new.emission.artifacts.iter().map(|a| &a.text));
        prop_assert_eq!(same, change.texts.is_empty());
        let report = report(vec![change]);
        prop_assert!(same || !report.summary().starts_with("Nothing"));
        let comment = diff::markdown::render(&report, true);
        prop_assert!(comment.len() <= diff::markdown::MOST);
        well_formed(&comment);
    }
}

#[test]
fn most_mutations_make_a_difference() {
    let (mut compiled, mut differ) = (0, 0);
    for (i, (_, text)) in examples().iter().enumerate() {
        let old = Made::new(text).expect("it compiles");
        for choice in 0..4 {
            if let Some(new) = Made::new(&mutate(text, (i * 100 + choice) as u64)) {
                compiled += 1;
                differ += usize::from(!compare(&old, &new).is_empty());
            }
        }
    }
    assert!(
        compiled > 30 && differ > 20,
        "{compiled} compile, {differ} differ"
    );
}

/// Renders a comment, and panics where its tables, blocks and tags do not nest.
fn well_formed(comment: &str) -> String {
    let parser = || Parser::new_ext(comment, Options::ENABLE_TABLES | Options::ENABLE_GFM);
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, parser());
    // Cells of one table are as many in each row.
    let (mut cells, mut width) = (0, 0);
    for event in parser() {
        match event {
            Event::Start(Tag::Table(columns)) => width = columns.len(),
            Event::Start(Tag::TableHead | Tag::TableRow) => cells = 0,
            Event::Start(Tag::TableCell) => cells += 1,
            Event::End(TagEnd::TableHead | TagEnd::TableRow) => {
                assert_eq!(cells, width, "{comment}")
            }
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("a link in\n{comment}"),
            Event::Text(text) => assert!(
                !text.starts_with("| "),
                "a row outside of a table: {text}\n{comment}"
            ),
            _ => {}
        }
    }
    // What HTML there is nests.
    let mut open: Vec<&str> = Vec::new();
    for part in html.split('<').skip(1) {
        let name = part.split(['>', ' ', '\n', '/']).next().unwrap_or_default();
        if let Some(closing) = part.strip_prefix('/') {
            let name = closing.split('>').next().unwrap_or_default();
            assert_eq!(open.pop(), Some(name), "{html}");
        } else if !matches!(name, "br" | "hr" | "input") {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} in\n{html}");
    html
}

const ORDERS: &str = r#"
bucket raw = "acme-raw"
job enrich { script: "s3://{raw}/enrich.py", reads raw/"orders/2026/*" }
job audit = "audit-orders"
table ledger = "order-ledger" { partition: "id", DeletionPolicy: "Delete" }
topic ops = "acme-ops"

/// Loads one day of orders.
pipeline orders(day: string, partitions: [string]) {
  step gate = s3.headObject(Bucket: raw, Key: "orders/{day}/_SUCCESS")
    retry on S3.NoSuchKey every 1m max 60
  step clean = glue.startJobRun(JobName: enrich, Arguments: { "--partition": item })
    timeout 1h
    catch all { sns.publish(TopicArn: ops, Message: "{item}: {error.cause}") }
  step audited = glue.startJobRun(JobName: audit)

  flow gate -> map(partitions, 5) -> clean -> audited
}
"#;

fn changed(edits: &[(&str, &str)]) -> FileChange {
    let mut text = ORDERS.to_owned();
    for (old, new) in edits {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    compare_texts(ORDERS, &text)
}

#[test]
fn a_comment_tells_a_reviewer_what_matters() {
    let change = changed(&[
        ("2026", "2*"),
        ("partitions, 5", "partitions, 20"),
        ("order-ledger", "orders-ledger"),
        (
            "    catch all { sns.publish(TopicArn: ops, Message: \"{item}: {error.cause}\") }\n",
            "",
        ),
        (
            "-> audited",
            "-> audited -> if day == \"a|`b`@c\" { wait 1m }",
        ),
    ]);
    let mut report = report(vec![change]);
    report.judge(&[
        diff::Condition::WidenedPermissions,
        diff::Condition::DataLoss,
    ]);
    let comment = diff::markdown::render(&report, true);
    insta::assert_snapshot!(comment);
    let html = well_formed(&comment);
    assert!(
        html.contains("<table>") && html.contains("<code class=\"language-mermaid\">"),
        "{html}"
    );
    // The bar is in its cell, and the mention is code.
    assert!(
        html.contains("<code>if $states.input.day = 'a|`b`@c'") || html.contains("a|`b`@c"),
        "{html}"
    );
}

#[test]
fn the_picture_marks_what_changed() {
    let change = changed(&[
        ("timeout 1h", "timeout 2h"),
        ("-> audited", "-> audited -> wait 1m"),
    ]);
    let picture = &change.pictures[0].mermaid;
    let class = |name: &str| -> Vec<String> {
        let line = picture.lines().find(|line| {
            line.trim_start().starts_with("class ") && line.ends_with(&format!(" {name}"))
        });
        let ids = line.map(|line| line.trim().split(' ').nth(1).unwrap_or_default().to_owned());
        let ids = ids.unwrap_or_default();
        let title = |id: &str| {
            let node = picture.lines().find(|line| {
                line.trim_start().starts_with(&format!("{id}["))
                    || line.trim_start().starts_with(&format!("{id}{{"))
            });
            node.unwrap_or_default()
                .split('"')
                .nth(1)
                .unwrap_or_default()
                .split("<br>")
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        ids.split(',')
            .filter(|id| !id.is_empty())
            .map(title)
            .collect()
    };
    assert_eq!(class("changed"), ["clean"], "{picture}");
    assert_eq!(class("added"), ["wait 1m"], "{picture}");
}

#[test]
fn a_comment_is_cut_before_its_summary_is() {
    let mut many = String::from("bucket raw = \"acme-raw\"\n");
    for i in 0..100 {
        many.push_str(&format!(
            "pipeline p{i}() {{ flow s3.getObject(Bucket: raw, Key: \"{}/{i}\") }}\n",
            "k".repeat(200)
        ));
    }
    let files = vec![compare_texts(&many, &many.replace("kkk/", "jjj/"))];
    let report = report(files);
    let comment = diff::markdown::render(&report, true);
    assert!(comment.len() <= diff::markdown::MOST, "{}", comment.len());
    assert!(
        comment.starts_with(&format!("### {}", report.summary())),
        "{comment}"
    );
    assert!(
        comment.contains("100 pipelines change"),
        "{}",
        report.summary()
    );
    assert!(
        comment.contains("more permissions; `flowc diff` shows all"),
        "{comment}"
    );
    well_formed(&comment);
}

#[test]
fn a_step_under_another_name_is_that_and_nothing_else() {
    let change = changed(&[("gate", "marker"), ("clean", "cleaned")]);
    assert!(!change.has_effect(), "{change:?}");
    let [orders] = change.pipelines.as_slice() else {
        panic!("{change:?}");
    };
    let told: Vec<_> = orders
        .changes
        .iter()
        .map(|c| (c.kind, c.before.as_deref(), c.after.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (Kind::Renamed, Some("gate"), Some("marker")),
            (Kind::Renamed, Some("clean"), Some("cleaned"))
        ],
        "{orders:?}"
    );
}

#[test]
fn what_is_neither_changed_nor_used_by_what_is_changed_is_not_compiled() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "-c",
            "commit.gpgsign=false",
        ]);
        let out = git
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("git");
        assert!(out.status.success(), "{out:?}");
    };
    write("broken.flow", "pipeline broken( {");
    write(
        "lib.flow",
        "topic ops = \"ops\"\nstep tell() { sns.publish(TopicArn: ops, Message: \"a\") }\n",
    );
    write(
        "user.flow",
        "use \"lib.flow\"\npipeline user() { flow tell() }\n",
    );
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=all"]);
    let run = |folder: &Path| {
        let out = Command::new(env!("CARGO_BIN_EXE_flowc"))
            .args(["diff", "--format", "json", "--quiet"])
            .current_dir(folder)
            .output()
            .expect("flowc");
        (
            out.status.code(),
            String::from_utf8_lossy(&out.stdout).into_owned(),
        )
    };
    write(
        "lib.flow",
        "topic ops = \"ops\"\nstep tell() { sns.publish(TopicArn: ops, Message: \"b\") }\n",
    );
    let (code, told) = run(folder.path());
    assert_eq!(code, Some(0), "{told}");
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["files"][0]["path"], "user.flow", "{told}");
    assert_eq!(told["files"].as_array().map(Vec::len), Some(1));
    write("broken.flow", "pipeline broken( { }");
    assert_eq!(run(folder.path()).0, Some(1));
}

/// Paths to everything in a document.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    let mut inner = |key: &str, value: &Value| {
        let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
        found.push(path.clone());
        places(value, &path, found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| inner(key, value)),
        Value::Array(elements) => {
            elements
                .iter()
                .enumerate()
                .for_each(|(i, value)| inner(&i.to_string(), value));
        }
        _ => {}
    }
}

/// The compiler alone writes definitions, but what is told of one must not depend on how it does.
#[test]
fn whatever_is_changed_in_a_definition_is_told() {
    let mut random = fastrand::Rng::with_seed(6);
    for (_, text) in examples() {
        for definition in Made::new(&text).expect("it compiles").output.definitions {
            let document = serde_json::to_value(&definition.machine).expect("JSON");
            let told = |other: Value| {
                diff::compare_documents(document.clone(), other, &definition.origins)
            };
            assert_eq!(told(document.clone()), []);
            let mut all = Vec::new();
            places(&document, "", &mut all);
            random.shuffle(&mut all);
            let states: Vec<String> = definition.origins.keys().cloned().collect();
            for path in all.iter().take(30) {
                let (parent, key) = path.rsplit_once('/').expect("a parent");
                let mut without = document.clone();
                match without.pointer_mut(parent).expect("it is there") {
                    Value::Object(members) => {
                        members.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
                    }
                    Value::Array(elements) => {
                        elements.remove(key.parse().expect("an index"));
                    }
                    _ => unreachable!("only these have something inside"),
                }
                assert_ne!(told(without), [], "untold: {path} is gone");
                let mut other = document.clone();
                let value = other.pointer_mut(path).expect("it is there");
                *value = match &*value {
                    Value::String(name) if states.contains(name) && states.len() > 1 => {
                        let others: Vec<_> = states.iter().filter(|other| *other != name).collect();
                        Value::String(others[random.usize(..others.len())].clone())
                    }
                    Value::String(text) => Value::String(format!("{text} or not")),
                    Value::Number(number) => Value::from(number.as_f64().unwrap_or(0.0) + 1.0),
                    Value::Bool(value) => Value::Bool(!value),
                    _ => Value::from("other"),
                };
                assert_ne!(told(other), [], "untold: {path} is another");
            }
        }
    }
}

#[test]
fn a_bucket_that_goes_takes_what_its_policy_forbids_with_it() {
    let old = "bucket raw { }\nbucket other = \"acme-other\"\n\npipeline p() {\n  flow s3.headObject(Bucket: other, Key: \"a\")\n}\n";
    let new = old.replace("bucket raw { }\n", "");
    let change = compare_texts(old, &new);
    let forbidden: Vec<_> = change.permissions.iter().filter(|p| p.denies).collect();
    assert_eq!(forbidden.len(), 1);
    assert!(!forbidden[0].wider);
}
