//! Programs compiled from their text, as the command line does it.

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
