//! Opinions on a valid program: warnings, a function each.
//!
//! What only the source shows (an unused step, a name that nothing reads) is `resolve`'s to warn of.

mod capacity;
mod children;
mod functions;
mod handlers;
mod lifetimes;
mod loops;
mod pages;
mod parts;
mod queries;
mod reserved;
mod shapes;
mod texts;
mod triggers;
mod units;
mod waiting;

use crate::diagnostic::Diagnostic;
use crate::ir::{Call, Pipeline, Program};
use crate::source::Span;

/// All warnings, in the order of places.
pub fn lint(program: &Program) -> Vec<Diagnostic> {
    let lints: [fn(&Pipeline) -> Vec<Diagnostic>; 16] = [
        capacity::long_histories,
        capacity::uncapped_maps,
        children::repeated_names,
        handlers::failures_that_end_as_success,
        lifetimes::unreleased,
        loops::endless,
        loops::unchanging,
        pages::pages,
        queries::spliced,
        reserved::attributes,
        texts::hand_made_json,
        texts::interpolated_nulls,
        units::mistaken_units,
        waiting::unawaited_jobs,
        waiting::endless_jobs,
        waiting::without_end,
    ];
    let mut found: Vec<Diagnostic> = program
        .pipelines
        .iter()
        .flat_map(|pipeline| lints.iter().flat_map(|lint| lint(pipeline)))
        .chain(triggers::endless(program))
        .collect();
    found.extend(functions::needless(program));
    found.extend(shapes::two_shapes(program));
    found.sort_by(|a, b| {
        (a.primary.span, a.code, &a.message).cmp(&(b.primary.span, b.code, &b.message))
    });
    // A step that is used twice makes its mistake once.
    found.dedup_by(|a, b| (a.primary.span, a.code) == (b.primary.span, b.code));
    found
}

/// `service.operation` of a call, without its arguments.
fn head(call: &Call) -> Span {
    let length = call.operation.service.len() + 1 + call.operation.name.len();
    Span {
        end: call.span.end.min(call.span.start + length as u32),
        ..call.span
    }
}

/// How messages call an operation.
fn name(call: &Call) -> String {
    format!("{}.{}", call.operation.service, call.operation.name)
}
