//! Programs compiled from their text, as the command line does it.

use std::path::Path;

use flowc::backend::{self, asl};
use flowc::diagnostic::levels::LintLevels;
use flowc::diagnostic::render;
use flowc::driver;
use flowc::ir::Program;
use flowc::source::{ReadError, SourceFile};
use serde_json::Value;

/// The program of a file's text that uses no other file; what is wrong with it, drawn, where there is an error.
pub fn compile(text: &str) -> Result<Program, String> {
    finish(driver::compile(
        SourceFile::new("test.flow", text),
        &LintLevels::default(),
        &mut |_| Err(ReadError::Missing(Vec::new())),
    ))
}

/// The program of a file and of those that it uses.
pub fn compile_file(path: &Path) -> Result<Program, String> {
    let read = |path: &str| {
        std::fs::read_to_string(path)
            .map(|text| SourceFile::new(path, text))
            .map_err(|error| ReadError::Unreadable(error.to_string()))
    };
    let main = path.to_string_lossy();
    let file = read(&main).unwrap_or_else(|error| panic!("{main}: {error:?}"));
    finish(driver::compile(file, &LintLevels::default(), &mut |path| {
        read(path)
    }))
}

fn finish(compilation: driver::Compilation) -> Result<Program, String> {
    let driver::Compilation {
        sources,
        program,
        diagnostics,
    } = compilation;
    program.ok_or_else(|| {
        diagnostics
            .iter()
            .map(|diagnostic| render::render(diagnostic, &sources, false))
            .collect()
    })
}

/// The name and the definition of each pipeline.
pub fn definitions(program: &Program) -> Vec<(String, Value)> {
    let backend::Output { definitions, .. } = backend::make(program);
    let json = |definition: &asl::Definition| {
        serde_json::to_value(&definition.machine).expect("a definition is JSON")
    };
    program
        .pipelines
        .iter()
        .zip(&definitions)
        .map(|(pipeline, definition)| (pipeline.name.clone(), json(definition)))
        .collect()
}

/// The definition of a program's only pipeline.
pub fn definition(text: &str) -> Value {
    let program = compile(text).unwrap_or_else(|problems| panic!("{problems}"));
    let mut all = definitions(&program);
    assert_eq!(all.len(), 1, "one pipeline");
    all.remove(0).1
}
