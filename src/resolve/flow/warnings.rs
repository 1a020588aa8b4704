//! Warnings that only the source shows: what nothing uses, and what is not what it looks like.

use std::collections::HashSet;

use super::{Flow, StepRef};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::ir::VariableId;
use crate::resolve::Unit;
use crate::resolve::names::Names;
use crate::resolve::scope::Scope;
use crate::source::Span;
use crate::syntax::ast::{self, ItemKind};

/// A result that is bound by a name that the source says.
pub(super) struct Bound {
    pub name: String,
    pub variables: Vec<VariableId>,
}

impl<'u> Flow<'_, 'u> {
    /// What only the source shows. Not where something of the flow could not be made: it may have been the use.
    pub(super) fn warn(&mut self) {
        let errors = &self.scope.diagnostics;
        if errors.iter().any(|d| d.severity == Severity::Error) {
            return;
        }
        self.warn_of_unused_steps();
        self.warn_of_unused_results();
        if let (Some(timeout), Some(finally)) = (self.timeout, self.finally) {
            self.report(
                Diagnostic::new(
                    Code::FinallyCutShort,
                    timeout,
                    "when this time is over the service ends the execution where it stands, and no `finally` runs",
                )
                .also(finally, "this one would not")
                .help("put `timeout` on the calls that can take long: a call that runs out of time fails, and the `finally` runs"),
            );
        }
    }

    /// A value that is the last of its block is the block's value, whatever it is called.
    fn warn_of_unused_results(&mut self) {
        let tested = tested_names(self.scope.context.symbols.units());
        let unread: Vec<(Span, String)> = self
            .bindings
            .iter()
            .filter(|(_, bound)| {
                let read = &self.scope.flow.read;
                let is_read = bound.variables.iter().any(|id| read.contains(id));
                !is_read && !tested.contains(bound.name.as_str())
            })
            .map(|(span, bound)| (*span, bound.name.clone()))
            .collect();
        for (span, name) in unread {
            self.report(
                Diagnostic::new(Code::UnusedResult, span, format!("nothing reads `{name}`"))
                    .help("take the name out, or read it; `named \"…\"` gives a state its name"),
            );
        }
    }

    fn unused_steps(&self) -> Vec<StepRef<'u>> {
        let mut unused: Vec<StepRef<'u>> = self
            .steps
            .iter()
            .filter(|(name, _)| !self.used_steps.contains(*name))
            .map(|(_, step)| *step)
            .collect();
        unused.sort_by_key(|step| step.step.name.span);
        unused
    }

    /// Reports what is wrong in a step wherever it would be used: its calls and what they are given. Which names have
    /// values, and which loops and handlers are around, only a use tells.
    pub(super) fn check_unused_steps(&mut self) {
        let used = self.used_steps.clone();
        for step in self.unused_steps() {
            let before = self.scope.diagnostics.len();
            let state = self.scope.flow.state.mark();
            let (variables, labels) = (self.scope.flow.variables.len(), self.labels);
            let names = self.given_names.clone();
            let bindings = std::mem::take(&mut self.bindings);
            let (finally, reachable) = (self.finally, self.scope.flow.state.reachable);
            self.scope.flow.state.reachable = true;
            self.scope.flow.open = true;
            self.use_alone(step);
            self.scope.flow.open = false;
            self.scope.flow.state.roll_back(state);
            self.scope.flow.state.reachable = reachable;
            self.scope.flow.variables.truncate(variables);
            self.labels = labels;
            self.given_names = names;
            self.bindings = bindings;
            self.finally = finally;
            let found = self.scope.diagnostics.split_off(before);
            self.scope
                .diagnostics
                .extend(found.into_iter().filter(is_of_any_use));
        }
        self.used_steps = used;
    }

    fn warn_of_unused_steps(&mut self) {
        for step in self.unused_steps() {
            let name = &step.step.name;
            self.report(
                Diagnostic::new(
                    Code::UnusedStep,
                    name.span,
                    format!("no flow uses the step `{}`", name.node),
                )
                .help("put it into the flow, or take it out"),
            );
        }
    }

    pub(super) fn note_binding(&mut self, name: &ast::Name, variable: VariableId) {
        let bound = self.bindings.entry(name.span).or_insert_with(|| Bound {
            name: name.node.clone(),
            variables: Vec::new(),
        });
        bound.variables.push(variable);
    }
}

/// Whether a mistake in a step is one wherever the step is used.
fn is_of_any_use(diagnostic: &Diagnostic) -> bool {
    let code = diagnostic.code.code();
    let of_calls = code.starts_with("F03") || code.starts_with("F04");
    of_calls && !matches!(diagnostic.code, Code::UnknownName | Code::NoValue)
        || diagnostic.code == Code::UnknownStep
}

/// A number where a duration stands counts seconds, which who wrote it may not have meant.
pub(super) fn warn_of_bare_seconds(scope: &mut Scope<'_, '_>, written: &ast::Expr) {
    let ast::ExprKind::Number(number) = &written.kind else {
        return;
    };
    let Ok(seconds) = number.parse::<u64>() else {
        return;
    };
    scope.report(
        Diagnostic::new(
            Code::BareSeconds,
            written.span,
            format!("`{seconds}` counts seconds here"),
        )
        .replace(
            written.span,
            duration(seconds),
            format!("write `{}`", duration(seconds)),
        ),
    );
}

/// Seconds as a duration is written: `1h30m`.
fn duration(seconds: u64) -> String {
    let mut rest = seconds;
    let mut text = String::new();
    for (unit, each) in [("d", 86_400), ("h", 3600), ("m", 60)] {
        if rest >= each {
            text.push_str(&format!("{}{unit}", rest / each));
            rest %= each;
        }
    }
    if rest > 0 || text.is_empty() {
        text.push_str(&format!("{rest}s"));
    }
    text
}

/// The names by which tests call stages.
fn tested_names(units: &[Unit]) -> HashSet<&str> {
    let mut names = HashSet::new();
    let items = units.iter().flat_map(|unit| &unit.ast.items);
    for item in items {
        if let ItemKind::Test(test) = &item.kind {
            collect_tested(&test.members, &mut names);
        }
    }
    names
}

fn collect_tested<'t>(members: &'t [ast::TestMember], names: &mut HashSet<&'t str>) {
    for member in members {
        let targets: Vec<&ast::MockTarget> = match &member.kind {
            ast::TestMemberKind::Mock { target, .. }
            | ast::TestMemberKind::Expect(ast::Expectation::Called { target, .. }) => vec![target],
            ast::TestMemberKind::Expect(ast::Expectation::Before { first, second }) => {
                vec![first, second]
            }
            ast::TestMemberKind::EachStepFails { expected, .. } => {
                collect_tested(expected, names);
                continue;
            }
            _ => continue,
        };
        names.extend(
            targets
                .iter()
                .flat_map(|t| t.parts.iter().map(|p| p.node.as_str())),
        );
    }
}
