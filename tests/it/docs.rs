//! What the documents say is true now: their programs compile, and their tables are those of the code.

use std::fs;

use flowc::diagnostic::levels::LintLevels;
use flowc::diagnostic::{Code, Severity};
use flowc::driver;
use flowc::source::{ReadError, SourceFile};

/// The ```flow blocks of a document with the lines they begin at; those that show mistakes are marked in the text.
fn programs(document: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line == "```flow" {
            let block: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != "```")
                .collect();
            found.push((at + 2, block.join("\n")));
        }
    }
    found
}

fn problems(text: &str) -> Vec<String> {
    let main = SourceFile::new("document.flow", text);
    let compilation = driver::compile(main, &LintLevels::default(), &mut |path| {
        fs::read_to_string(format!("examples/{path}"))
            .map(|text| SourceFile::new(path, text))
            .map_err(|_| ReadError::Missing(Vec::new()))
    });
    compilation
        .diagnostics
        .iter()
        .map(|d| {
            let (line, column) = compilation.sources.line_column(d.primary.span);
            format!("{line}:{column} {} {}", d.code.code(), d.message)
        })
        .collect()
}

#[test]
fn every_program_of_the_language_reference_compiles() {
    let document = fs::read_to_string("docs/LANGUAGE.md").expect("the reference");
    let programs = programs(&document);
    assert!(programs.len() >= 10, "only {} programs", programs.len());
    let wrong: Vec<String> = programs
        .iter()
        .filter_map(|(line, text)| {
            let problems = problems(text);
            (!problems.is_empty()).then(|| format!("at line {line}: {}", problems.join("; ")))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_language_reference_names_every_word_of_the_grammar() {
    let grammar = fs::read_to_string("grammar/flow.pest").expect("the grammar");
    let document = fs::read_to_string("docs/LANGUAGE.md").expect("the reference");
    let words: Vec<&str> = grammar
        .lines()
        .filter_map(|line| line.strip_prefix("kw_"))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert!(words.len() > 80, "only {} words", words.len());
    let missing: Vec<&&str> = words
        .iter()
        .filter(|word| {
            !document
                .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .any(|found| found == **word)
        })
        .collect();
    assert!(missing.is_empty(), "not in the reference: {missing:?}");
}

#[test]
fn the_readme_lists_all_codes() {
    let document = fs::read_to_string("README.md").expect("the README");
    let table: String = std::iter::once("| code | name | |\n|---|---|---|\n".to_owned())
        .chain(Code::ALL.iter().map(|code| {
            let severity = match code.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            format!("| {} | {} | {severity} |\n", code.code(), code.name())
        }))
        .collect();
    let (_, rest) = document.split_once("<!-- codes -->\n").expect("the mark");
    let (written, _) = rest.split_once("<!-- /codes -->").expect("the end mark");
    assert!(
        written == table,
        "the table of codes is not up to date; it is now:\n{table}"
    );
}

#[test]
fn the_readme_lists_all_examples() {
    let document = fs::read_to_string("README.md").expect("the README");
    for entry in fs::read_dir("examples").expect("the examples") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".flow") {
            assert!(
                document.contains(&format!("(examples/{name})")),
                "the README does not name {name}"
            );
        }
    }
}

#[test]
fn the_walk_deploys_what_it_has_built() {
    let document = fs::read_to_string("README.md").expect("the README");
    let (walk, rest) = document
        .split_once("```sh\naws cloudformation deploy")
        .expect("the fifth command");
    let (command, _) = rest.split_once("```").expect("its end");
    for option in [
        "--template-file sales/",
        "--parameter-overrides file://sales/",
    ] {
        let (_, path) = command.split_once(option).expect(option);
        let path = path.split_whitespace().next().unwrap_or_default();
        assert!(walk.contains(&format!("       Wrote {path}\n")), "{path}");
    }
    assert!(command.contains("--capabilities CAPABILITY_IAM\n"));
}
