//! Reports what a program's operation settings cannot do, which only the whole program shows.

use crate::catalog::metric::Subject;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::subject::find_subjects;
use crate::ir::{Pipeline, Program};

/// All problems of all pipelines, in source order.
pub fn check(program: &Program) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for pipeline in &program.pipelines {
        for alarm in &pipeline.settings.alarms {
            let subject = alarm.measure.subject;
            if is_measured(program, pipeline, subject) {
                continue;
            }
            let message = format!(
                "`{}` watches no {} of `{}`",
                alarm.measure.word,
                subject.noun(),
                pipeline.name
            );
            let diagnostic = Diagnostic::new(Code::NothingMeasured, alarm.span, message);
            diagnostics.push(match subject {
                Subject::DeadLetters => diagnostic.help(
                    "only what a trigger could not deliver is a dead letter; a queue has its own",
                ),
                _ => diagnostic.help(
                    "the pipeline uses none whose name is known when the template is deployed",
                ),
            });
        }
    }
    diagnostics
}

fn is_measured(program: &Program, pipeline: &Pipeline, subject: Subject) -> bool {
    match subject {
        Subject::Machine => true,
        Subject::DeadLetters => pipeline.has_dead_letters(),
        subject => !find_subjects(program, pipeline, subject).is_empty(),
    }
}
