//! Mistakes as people make them: every file below `tests/ui` says in its first lines what is found in it, and where.
//!
//! `// expect: F0302@12, F0303@13` are the codes and their lines; a file without such lines has no diagnostic. What people read is a
//! snapshot beside the file. Tests in such a file are run.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use flowc::backend::deployment::Deployment;
use flowc::diagnostic::levels::LintLevels;
use flowc::diagnostic::{Code, Diagnostic, render};
use flowc::driver::{self, mend};
use flowc::ir::Program;
use flowc::source::{FileId, SourceFile, Sources};
use flowc::testing::bench::Bench;
use flowc::testing::coverage::Coverage;
use flowc::testing::{self, Options};
use flowc::workspace;

/// All that is said about a text under a file's path, in the order of places.
fn diagnose(path: &str, text: &str) -> (Vec<Diagnostic>, Sources) {
    let main = SourceFile::new(path, text);
    let compilation = driver::compile(main, &LintLevels::default(), &mut workspace::read_used);
    let mut diagnostics = compilation.diagnostics;
    if let Some(program) = &compilation.program {
        diagnostics.extend(driver::emit(program).diagnostics);
        diagnostics.extend(untested(program, text, &compilation.sources));
    }
    (diagnostics, compilation.sources)
}

/// What the program's tests find; with a line `// coverage`, what they do not reach too.
fn untested(program: &Program, text: &str, sources: &Sources) -> Vec<Diagnostic> {
    if program.tests.is_empty() {
        return Vec::new();
    }
    let bench = Bench::new(program, Deployment::new(program)).expect("definitions");
    let mut coverage = Coverage::default();
    let verdicts = testing::run(&bench, None, Options::default(), &mut coverage);
    let failures = verdicts.into_iter().flat_map(|verdict| verdict.failures);
    let mut found: Vec<Diagnostic> = failures.collect();
    if text.contains("\n// coverage\n") {
        found.extend(coverage.report(&bench, sources).gaps);
    }
    found
}

fn found(diagnostics: &[Diagnostic], sources: &Sources) -> Vec<String> {
    let mut found: Vec<String> = diagnostics
        .iter()
        .map(|d| {
            let (line, _) = sources.line_column(d.primary.span);
            format!("{}@{line}", d.code.code())
        })
        .collect();
    found.sort();
    found
}

fn expected(text: &str) -> Vec<String> {
    let mut expected: Vec<String> = text
        .lines()
        .map_while(|line| line.strip_prefix("// expect: "))
        .flat_map(|codes| codes.split(','))
        .map(|code| code.trim().to_owned())
        .collect();
    expected.sort();
    expected
}

fn sources_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources_below(&path, files);
        } else if path.extension().is_some_and(|e| e == "flow") {
            files.push(path);
        }
    }
}

/// Every file below `tests/ui` and its text.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources_below(Path::new("tests/ui"), &mut files);
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("text");
            let path = path.to_str().expect("a path in UTF-8").replace('\\', "/");
            (path, text)
        })
        .collect()
}

#[test]
fn every_file_has_the_diagnostics_that_it_expects() {
    let mut wrong = String::new();
    for (path, text) in files() {
        let (diagnostics, sources) = diagnose(&path, &text);
        let (expected, found) = (expected(&text), found(&diagnostics, &sources));
        if expected != found {
            let _ = writeln!(wrong, "{path}: expected {expected:?}, found {found:?}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_people_read_is_as_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (path, text) in files() {
        let (diagnostics, sources) = diagnose(&path, &text);
        let mut shown = text;
        shown.push_str("\n----------\n\n");
        for diagnostic in &diagnostics {
            shown.push_str(&render::render(diagnostic, &sources, false));
            shown.push('\n');
        }
        let file = Path::new(&path);
        let folder = file.parent().expect("a folder");
        settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        let name = file.file_stem().and_then(|s| s.to_str()).expect("a name");
        settings.bind(|| insta::assert_snapshot!(name, shown));
    }
}

#[test]
fn every_code_is_expected_by_some_file() {
    let mut seen = BTreeSet::new();
    for (_, text) in files() {
        seen.extend(
            expected(&text)
                .iter()
                .filter_map(|e| e.split_once('@').map(|(code, _)| code.to_owned())),
        );
    }
    let unseen: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.code())
        .filter(|code| *code != Code::SourceTooLarge.code() && !seen.contains(*code))
        .collect();
    assert_eq!(unseen, Vec::<&str>::new());
}

/// How often a message is said: a fix moves lines.
fn count(diagnostics: &[Diagnostic], message: &str) -> usize {
    diagnostics.iter().filter(|d| d.message == message).count()
}

#[test]
fn a_fix_takes_its_problem_away_and_brings_no_more() {
    let mut wrong = String::new();
    let mut applied = 0;
    for (path, text) in files() {
        let (diagnostics, _) = diagnose(&path, &text);
        for diagnostic in &diagnostics {
            // One that is only offered must do what it says, too.
            let mut one = diagnostic.clone();
            one.fix.iter_mut().for_each(|fix| fix.safe = true);
            let fixed = mend::apply_fixes(&text, FileId(0), std::slice::from_ref(&one));
            let Some((mended, _)) = fixed else {
                continue;
            };
            applied += 1;
            let (after, sources) = diagnose(&path, &mended);
            // What it hid may come out, and behind a mistake of syntax the rest of its item is hidden.
            let message = &diagnostic.message;
            let gone = count(&after, message) < count(&diagnostics, message);
            let hides = diagnostic.code.code().starts_with("F01");
            if !gone || after.len() > diagnostics.len() && !hides {
                let _ = writeln!(wrong, "{path}: after the fix of {}:", diagnostic.message);
                for diagnostic in &after {
                    wrong.push_str(&render::short(diagnostic, &sources));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(applied > 50, "only {applied} fixes");
}

#[test]
fn mending_keeps_what_can_be_read_and_ends() {
    let mut wrong = String::new();
    let mut mended = 0;
    let levels = LintLevels::default();
    for (path, text) in files() {
        for text in [text.replace('\n', "\r\n"), text] {
            let compile = |text: &str| {
                let main = SourceFile::new(&*path, text);
                driver::compile(main, &levels, &mut workspace::read_used)
            };
            let before = compile(&text);
            let after = match mend::mend(&before, &levels, &mut workspace::read_used) {
                Ok(Some(after)) => after,
                Ok(None) => continue,
                Err(reason) => {
                    let _ = writeln!(wrong, "{path}: {reason}");
                    continue;
                }
            };
            mended += 1;
            let unread = |compilation: &driver::Compilation| {
                let of_syntax = |d: &&Diagnostic| d.code.code().starts_with("F01");
                compilation.diagnostics.iter().filter(of_syntax).count()
            };
            if unread(&after.compilation) > unread(&before) {
                let _ = writeln!(wrong, "{path}: less of it can be read");
            }
            if text.contains("\r\n") && after.text.replace("\r\n", "").contains('\n') {
                let _ = writeln!(wrong, "{path}: its lines end in two ways");
            }
            let again = compile(&after.text);
            if !matches!(
                mend::mend(&again, &levels, &mut workspace::read_used),
                Ok(None)
            ) {
                let _ = writeln!(wrong, "{path}: a second time changes it again");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(mended > 100, "only {mended} files were mended");
}
