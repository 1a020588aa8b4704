//! Programs with mistakes, and what is said of them.
//!
//! Each `tests/ui/<area>/*.flow` begins with `// expect: F0101@4, F0118@9` lines: all codes with the lines where they
//! are told, or `// expect: nothing`. No snapshot update changes those. The words are in a snapshot beside the file.
//! Files that others `use` are in folders named `lib`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use flowc::diagnostic::levels::LintLevels;
use flowc::diagnostic::{Code, Diagnostic, render};
use flowc::driver::{self, Compilation};
use flowc::source::{FileId, ReadError, SourceFile};

pub fn compile(folder: &Path, name: &str, text: &str) -> Compilation {
    driver::compile(
        SourceFile::new(name, text),
        &LintLevels::default(),
        &mut |path| match std::fs::read_to_string(folder.join(path)) {
            Ok(text) => Ok(SourceFile::new(path, text)),
            Err(_) => Err(ReadError::Missing(Vec::new())),
        },
    )
}

fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for area in std::fs::read_dir("tests/ui").expect("the ui tests") {
        let area = area.expect("an area").path();
        for file in std::fs::read_dir(&area).expect("an area") {
            let file = file.expect("a file").path();
            if file.extension().is_some_and(|e| e == "flow") {
                files.push(file);
            }
        }
    }
    files.sort();
    files
}

/// The header's codes with their lines, in order.
fn expected(path: &Path, text: &str) -> Vec<(usize, String)> {
    let mut expected = Vec::new();
    let mut found = false;
    for line in text.lines() {
        let Some(list) = line.strip_prefix("// expect:") else {
            break;
        };
        found = true;
        for entry in list.split(',').map(str::trim).filter(|e| *e != "nothing") {
            let (code, line) = entry
                .split_once('@')
                .unwrap_or_else(|| panic!("{}: `{entry}` has no line", path.display()));
            assert!(
                Code::find(code).is_some_and(|c| c.code() == code),
                "{}: there is no code `{code}`",
                path.display()
            );
            let line = line
                .parse()
                .unwrap_or_else(|_| panic!("{}: `{line}` is no line", path.display()));
            expected.push((line, code.to_owned()));
        }
    }
    assert!(found, "{}: no `// expect:` line", path.display());
    expected.sort();
    expected
}

fn told(compilation: &Compilation) -> Vec<(usize, String)> {
    let mut told: Vec<(usize, String)> = compilation
        .diagnostics
        .iter()
        .map(|d| {
            let (line, _) = compilation.sources.line_column(d.primary.span);
            (line, d.code.code().to_owned())
        })
        .collect();
    told.sort();
    told
}

#[test]
fn mistakes_are_told_where_they_are() {
    for path in files() {
        let text = std::fs::read_to_string(&path).expect("text");
        let folder = path.parent().expect("a folder");
        let name = path.file_name().expect("a name").to_string_lossy();
        let compilation = compile(folder, &name, &text);
        assert_eq!(
            told(&compilation),
            expected(&path, &text),
            "{}\n{}",
            path.display(),
            rendered(&compilation)
        );
        for diagnostic in &compilation.diagnostics {
            check_words(&path, diagnostic);
            check_fix(&path, &text, &compilation, diagnostic);
        }
        snapshot(&path, &text, &rendered(&compilation));
    }
}

fn rendered(compilation: &Compilation) -> String {
    compilation
        .diagnostics
        .iter()
        .map(|d| render::render(d, &compilation.sources, false))
        .collect::<Vec<_>>()
        .join("\n")
}

fn snapshot(path: &Path, text: &str, rendered: &str) {
    let folder = path.parent().expect("a folder");
    let name = path.file_stem().expect("a name").to_string_lossy();
    let mut shown = String::new();
    for (number, line) in text.lines().enumerate() {
        let _ = writeln!(shown, "{:>3} {line}", number + 1);
    }
    insta::with_settings!({
        snapshot_path => Path::new("../..").join(folder),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name.as_ref(), format!("{shown}\n{rendered}"));
    });
}

/// Messages start lower case and end without a period, stand on one line, and have no words of the parser's.
pub fn check_words(path: &Path, diagnostic: &Diagnostic) {
    let parser = ["EOI", "kw_", "Rule", "ident", "open_", "close_", "_item"];
    let mut sentences = vec![&diagnostic.message];
    sentences.extend(&diagnostic.help);
    sentences.extend(diagnostic.fix.iter().map(|fix| &fix.title));
    for sentence in sentences {
        let first = sentence.chars().next();
        assert!(
            first.is_some_and(|c| !c.is_uppercase())
                && !sentence.ends_with('.')
                && !sentence.contains('\n')
                && !sentence.contains("invalid")
                && !parser.iter().any(|word| sentence.contains(word)),
            "{}: {sentence}",
            path.display()
        );
    }
}

/// A fix removes what it is for.
fn check_fix(path: &Path, text: &str, before: &Compilation, diagnostic: &Diagnostic) {
    let Some(fix) = &diagnostic.fix else {
        return;
    };
    if fix.edits.iter().any(|edit| edit.span.file != FileId(0)) {
        return;
    }
    let mut alone = diagnostic.clone();
    if let Some(fix) = &mut alone.fix {
        fix.safe = true;
    }
    let (mended, _) = driver::apply_fixes(text, FileId(0), &[alone])
        .unwrap_or_else(|| panic!("{}: nothing to apply", path.display()));
    let folder = path.parent().expect("a folder");
    let name = path.file_name().expect("a name").to_string_lossy();
    let after = compile(folder, &name, &mended);
    let count = |compilation: &Compilation| {
        compilation
            .diagnostics
            .iter()
            .filter(|d| d.code == diagnostic.code && d.message == diagnostic.message)
            .count()
    };
    assert!(
        count(&after) < count(before) && after.diagnostics.len() <= before.diagnostics.len(),
        "{}: `{}` does not mend `{}`\n{mended}\n{}",
        path.display(),
        fix.title,
        diagnostic.message,
        rendered(&after)
    );
}

#[test]
fn every_syntax_code_has_a_mistake() {
    let headers: String = files()
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("text");
            let header: Vec<&str> = text
                .lines()
                .take_while(|line| line.starts_with("// expect:"))
                .collect();
            header.join("\n")
        })
        .collect();
    // A file of more than 4 MiB is made by a test of its own.
    let missing: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.code())
        .filter(|code| code.starts_with("F01") && *code != Code::SourceTooLarge.code())
        .filter(|code| !headers.contains(code))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
