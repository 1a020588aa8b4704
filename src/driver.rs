//! Runs the stages one after another: from the file that was given to what is written for it.
//!
//! Touches nothing of the world: used files are read by whoever calls.

use std::collections::HashMap;

use crate::backend::cfn::names::Names;
use crate::backend::cfn::notes::notes;
use crate::backend::{self, Artifact, Output};
use crate::diagnostic::levels::LintLevels;
use crate::diagnostic::{Code, Diagnostic, Severity, find_nearest};
use crate::ir::{Origin, Program, Resource};
use crate::lint;
use crate::resolve::{self, Allowed, Unit};
use crate::source::{FileId, ReadError, SourceFile, Sources, Span, normalize};
use crate::syntax;
use crate::syntax::ast::ItemKind;

pub mod mend;

/// What became of one given file.
#[derive(Debug)]
pub struct Compilation {
    pub sources: Sources,
    pub program: Option<Program>,
    /// Of all files, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
}

impl Compilation {
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|d| d.severity == Severity::Error)
    }

    /// How many mistakes of syntax there are.
    pub fn syntax_error_count(&self) -> usize {
        let errors = self.diagnostics.iter();
        errors.filter(|d| d.code.is_syntax_error()).count()
    }
}

/// Parses the file and those that it uses, checks them, and lints what came out.
pub fn compile(
    main: SourceFile,
    levels: &LintLevels,
    read: &mut dyn FnMut(&str) -> Result<SourceFile, ReadError>,
) -> Compilation {
    let mut sources = Sources::default();
    let (units, mut diagnostics) = load(main, &mut sources, read);
    let broken = diagnostics.iter().any(|d| d.severity == Severity::Error);
    let analysis = resolve::resolve(&units);
    let unread = unread_parts(&units, &diagnostics);
    // A warning, or what stands beside a mistake of syntax, may be about what could not be read.
    let kept = |d: &Diagnostic| {
        let place = d.primary.span;
        let beside = |part: &Span| {
            part.file == place.file && part.start <= place.start && place.end <= part.end
        };
        (!broken || d.severity == Severity::Error) && !unread.iter().any(beside)
    };
    diagnostics.extend(analysis.diagnostics.into_iter().filter(kept));
    let mut program = analysis.program.filter(|_| !broken);
    if let Some(program) = &program {
        diagnostics.extend(lint::lint(program));
    }
    diagnostics.retain_mut(|diagnostic| {
        !is_allowed(diagnostic, &analysis.allowed) && levels.apply(diagnostic)
    });
    diagnostics.sort_by_key(|d| (d.primary.span, d.code));
    if diagnostics.iter().any(|d| d.severity == Severity::Error) {
        program = None;
    }
    Compilation {
        sources,
        program,
        diagnostics,
    }
}

/// The members and items that a mistake of syntax stands in: what was made of the rest of one says little about it.
fn unread_parts(units: &[Unit], mistakes: &[Diagnostic]) -> Vec<Span> {
    let mut parts = Vec::new();
    for mistake in mistakes.iter().filter(|d| d.code != Code::UsedFileMissing) {
        let place = mistake.primary.span;
        let holds = |span: Span| span.start <= place.start && place.start <= span.end;
        let Some(unit) = units.iter().find(|unit| unit.file == place.file) else {
            continue;
        };
        let Some(item) = unit.ast.items.iter().find(|item| holds(item.span)) else {
            continue;
        };
        let member = match &item.kind {
            ItemKind::Pipeline(pipeline) => pipeline.members.iter().find(|m| holds(m.span)),
            _ => None,
        };
        parts.push(member.map_or(item.span, |member| member.span));
    }
    parts
}

/// Whether the source silences a lint where it would be reported.
fn is_allowed(diagnostic: &Diagnostic, allowed: &[Allowed]) -> bool {
    let place = diagnostic.primary.span;
    allowed.iter().any(|allowed| {
        allowed.code == diagnostic.code
            && allowed.span.file == place.file
            && allowed.span.start <= place.start
            && place.end <= allowed.span.end
    })
}

/// What is written for a program, and what is to say about its size.
#[derive(Debug)]
pub struct Emission {
    /// In a fixed order.
    pub artifacts: Vec<Artifact>,
    pub diagnostics: Vec<Diagnostic>,
    /// What others must do for the template to work: sentences.
    pub notes: Vec<String>,
}

impl Emission {
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|d| d.severity == Severity::Error)
    }
}

/// Lowers a program and measures what came out.
pub fn emit(program: &Program) -> Emission {
    make(program).1
}

/// As [`emit`], with the documents that the artifacts are the text of; None for a program that becomes nothing.
pub fn make(program: &Program) -> (Option<Output>, Emission) {
    let output = makes_anything(program).then(|| backend::make(program));
    let (artifacts, excesses) = match &output {
        Some(output) => backend::write(program, output),
        None => (Vec::new(), Vec::new()),
    };
    let diagnostics = excesses
        .iter()
        .map(|excess| {
            let diagnostic = Diagnostic::new(Code::TooLarge, excess.span, excess.message());
            match excess.help() {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            }
        })
        .collect();
    let names = Names::new(program);
    let mut notes: Vec<String> = notes(program)
        .iter()
        .map(|note| note.plain(&names))
        .collect();
    notes.extend(artifacts.iter().filter_map(note_of_size));
    let emission = Emission {
        artifacts,
        diagnostics,
        notes,
    };
    (output, emission)
}

/// A template that the request cannot carry is deployed by way of a bucket.
fn note_of_size(artifact: &Artifact) -> Option<String> {
    let size = artifact.text.len();
    let direct = backend::check::TEMPLATE_DIRECT;
    (artifact.name.ends_with(".template.json") && size > direct).then(|| {
        format!(
            "{}: it has {size} bytes, and {direct} can be sent with the request. `aws cloudformation deploy` needs `--s3-bucket` for it",
            artifact.name
        )
    })
}

/// A file that only others use becomes nothing by itself.
fn makes_anything(program: &Program) -> bool {
    let creates = |resource: &Resource| matches!(resource.origin, Origin::Created { .. });
    !program.pipelines.is_empty() || program.resources.iter().any(creates)
}

/// Parses the given file and, breadth first, those that it uses, each once.
fn load(
    main: SourceFile,
    sources: &mut Sources,
    read: &mut dyn FnMut(&str) -> Result<SourceFile, ReadError>,
) -> (Vec<Unit>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut by_path: HashMap<String, usize> = HashMap::new();
    by_path.insert(normalize(&main.path), 0);
    let mut units = vec![parse(main, sources, &mut diagnostics)];
    let mut next = 0;
    while next < units.len() {
        let folder = folder_of(&sources.get(units[next].file).path).to_owned();
        let paths: Vec<_> = units[next]
            .ast
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Use(item) => Some(item.path.clone()),
                _ => None,
            })
            .collect();
        for path in paths {
            let wanted = normalize(&join(&folder, &path.node));
            let found = match by_path.get(&wanted) {
                Some(index) => Some(*index),
                None => match read(&wanted) {
                    Ok(file) => {
                        by_path.insert(wanted, units.len());
                        units.push(parse(file, sources, &mut diagnostics));
                        Some(units.len() - 1)
                    }
                    Err(error) => {
                        diagnostics.push(unreadable(&path, &wanted, &folder, error));
                        None
                    }
                },
            };
            units[next].uses.push(found);
        }
        next += 1;
    }
    (units, diagnostics)
}

fn parse(file: SourceFile, sources: &mut Sources, diagnostics: &mut Vec<Diagnostic>) -> Unit {
    let stem = file.stem().to_owned();
    let id: FileId = sources.add(file);
    let parsed = syntax::parse(id, &sources.get(id).text);
    diagnostics.extend(parsed.diagnostics);
    Unit {
        file: id,
        stem,
        ast: parsed.file,
        uses: Vec::new(),
    }
}

fn unreadable(
    path: &syntax::ast::Text,
    wanted: &str,
    folder: &str,
    error: ReadError,
) -> Diagnostic {
    match error {
        ReadError::Missing(beside) => {
            let diagnostic = Diagnostic::new(
                Code::UsedFileMissing,
                path.span,
                format!("there is no file `{wanted}`"),
            )
            .help("a `use` path is relative to the folder of the file that it stands in");
            let names: Vec<String> = beside
                .iter()
                .map(|b| relative(folder, b).to_owned())
                .collect();
            match find_nearest(&path.node, names.iter().map(String::as_str)) {
                Some(near) => diagnostic
                    .replace(path.span, format!("\"{near}\""), format!("write `{near}`"))
                    .guessed(&path.node, near),
                None => diagnostic,
            }
        }
        ReadError::Unreadable(reason) => Diagnostic::new(
            Code::UsedFileMissing,
            path.span,
            format!("`{wanted}` cannot be read: {reason}"),
        ),
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() || path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    }
}

fn relative<'a>(folder: &str, path: &'a str) -> &'a str {
    path.strip_prefix(folder)
        .map_or(path, |rest| rest.trim_start_matches('/'))
}
