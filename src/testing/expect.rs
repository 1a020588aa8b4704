//! What a test expects of its run, held to what happened.

use std::fmt::Write;

use serde_json::{Value, json};

use super::answers::Calls;
use super::bench::Bench;
use super::value::{Formula, Values};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::test::{Expectation, ExpectationKind, MockTarget, TestValue};
use crate::ir::{Expr, ExprKind, Test, VariableId};
use crate::simulate::call::Call;
use crate::simulate::clock::duration_text;
use crate::simulate::data::Data;
use crate::simulate::log::Log;
use crate::simulate::run::{Outcome, Status};
use crate::source::Span;

/// Longer values are cut in messages.
const WIDTH: usize = 160;

/// How a test's run ended.
pub(super) struct Ending<'e> {
    pub bench: &'e Bench<'e>,
    pub test: &'e Test,
    pub outcome: &'e Outcome,
    pub log: &'e Log,
}

impl Ending<'_> {
    /// What is wrong; None when it is as expected.
    pub fn check(&self, expectation: &Expectation) -> Option<Diagnostic> {
        let span = expectation.span;
        match &expectation.kind {
            ExpectationKind::Succeeded(value) => self.check_succeeded(span, value.as_ref()),
            ExpectationKind::Failed { errors, cause } => {
                self.check_failed(span, errors, cause.as_ref())
            }
            ExpectationKind::TimedOut => (self.outcome.status != Status::TimedOut)
                .then(|| self.failed(span, "the run timed out", &self.ending_text())),
            ExpectationKind::Called {
                target,
                times,
                with,
            } => self.check_called(span, target, *times, with.as_ref()),
            ExpectationKind::Before { first, second } => self.check_before(span, first, second),
            ExpectationKind::Holds(condition) => self.check_holds(condition),
        }
    }

    /// `expected: …, found: …`
    fn failed(&self, span: Span, expected: &str, found: &str) -> Diagnostic {
        Diagnostic::new(
            Code::TestFailed,
            span,
            format!("\"{}\": expected {expected}, and {found}", self.test.title),
        )
    }

    fn ending_text(&self) -> String {
        let outcome = self.outcome;
        match (outcome.status, &outcome.failure) {
            (Status::Succeeded, _) => {
                let output = outcome.output.as_ref().unwrap_or(&Value::Null);
                format!("it succeeded with {}", cut(output))
            }
            (Status::TimedOut, _) => {
                format!("it timed out after {}", duration_text(outcome.duration))
            }
            (_, Some(failure)) => match &failure.cause {
                Some(cause) => format!("it failed with {}: {}", failure.name(), cut_text(cause)),
                None => format!("it failed with {}", failure.name()),
            },
            (_, None) => "it failed".to_owned(),
        }
    }

    fn check_succeeded(&self, span: Span, value: Option<&Expr>) -> Option<Diagnostic> {
        if self.outcome.status != Status::Succeeded {
            return Some(self.failed(span, "the run to succeed", &self.ending_text()));
        }
        let value = value?;
        let wanted = match self.evaluate(value, &Values::new()) {
            Ok(wanted) => wanted,
            Err(diagnostic) => return Some(*diagnostic),
        };
        let found = self.outcome.output.as_ref().unwrap_or(&Value::Null);
        if is_equal(&wanted, found) {
            return None;
        }
        let mut diagnostic = self.failed(
            value.span,
            &format!("the result {}", cut(&wanted)),
            &format!("it is {}", cut(found)),
        );
        if let Some(place) = first_difference(&wanted, found, "result") {
            diagnostic.notes.push(place);
        }
        Some(diagnostic)
    }

    fn check_failed(
        &self,
        span: Span,
        errors: &[String],
        cause: Option<&Expr>,
    ) -> Option<Diagnostic> {
        let expected = match errors.first() {
            Some(error) => format!("the run to fail with {error}"),
            None => "the run to fail".to_owned(),
        };
        let failure = match &self.outcome.failure {
            Some(failure) if self.outcome.status == Status::Failed => failure,
            _ => return Some(self.failed(span, &expected, &self.ending_text())),
        };
        if !errors.is_empty() && !errors.iter().any(|error| error == failure.name()) {
            return Some(self.failed(span, &expected, &self.ending_text()));
        }
        let cause = cause?;
        let wanted = match self.evaluate(cause, &Values::new()) {
            Ok(wanted) => wanted,
            Err(diagnostic) => return Some(*diagnostic),
        };
        let found = failure
            .cause
            .as_ref()
            .map_or(Value::Null, |cause| json!(cause));
        (wanted != found).then(|| {
            self.failed(
                cause.span,
                &format!("the cause {}", cut(&wanted)),
                &format!("it is {}", cut(&found)),
            )
        })
    }

    fn check_called(
        &self,
        span: Span,
        target: &MockTarget,
        times: u64,
        with: Option<&Expr>,
    ) -> Option<Diagnostic> {
        let name = &target.name;
        let calls = self.calls(target);
        let wanted = match with.map(|with| self.evaluate(with, &Values::new())) {
            None => None,
            Some(Ok(wanted)) => Some(wanted),
            Some(Err(diagnostic)) => return Some(*diagnostic),
        };
        let fitting = calls.iter().filter(|call| {
            wanted
                .as_ref()
                .is_none_or(|wanted| is_part(wanted, call.arguments.json()))
        });
        let count = fitting.count() as u64;
        if count == times {
            return None;
        }
        let with_text = wanted
            .as_ref()
            .map_or_else(String::new, |wanted| format!(" with {}", cut(wanted)));
        let mut diagnostic = self.failed(
            span,
            &format!("`{name}` to be called {}{with_text}", often(times)),
            &format!("it was called {}", often(count)),
        );
        if wanted.is_some() {
            for (at, call) in calls.iter().enumerate().take(5) {
                let arguments = cut(call.arguments.json());
                diagnostic
                    .notes
                    .push(format!("call {} had {arguments}", at + 1));
            }
        }
        Some(diagnostic)
    }

    fn check_before(
        &self,
        span: Span,
        first: &MockTarget,
        second: &MockTarget,
    ) -> Option<Diagnostic> {
        let place = |target: &MockTarget| {
            let calls = Calls::of(self.bench, target);
            self.log.calls().position(|call| {
                calls
                    .find(self.bench, &call.execution, &call.state)
                    .is_some()
            })
        };
        let expected = format!("`{}` to be called before `{}`", first.name, second.name);
        let missing = |target: &MockTarget| format!("`{}` was never called", target.name);
        let found = match (place(first), place(second)) {
            (Some(first), Some(second)) if first < second => return None,
            (Some(_), Some(_)) => format!("`{}` came first", second.name),
            (None, _) => missing(first),
            (_, None) => missing(second),
        };
        Some(self.failed(span, &expected, &found))
    }

    /// The calls of a target in order, retries left out.
    fn calls(&self, target: &MockTarget) -> Vec<&Call> {
        let calls = Calls::of(self.bench, target);
        self.log
            .calls()
            .map(|call| &**call)
            .filter(|call| {
                call.attempt == 0
                    && calls
                        .find(self.bench, &call.execution, &call.state)
                        .is_some()
            })
            .collect()
    }

    fn evaluate(&self, expr: &Expr, values: &Values) -> Result<Value, Box<Diagnostic>> {
        Formula::new(self.bench, expr)
            .evaluate(values)
            .map_err(|message| {
                Box::new(Diagnostic::new(
                    Code::TestFailed,
                    expr.span,
                    format!("\"{}\": this has no value: {message}", self.test.title),
                ))
            })
    }

    // Conditions on the end

    fn check_holds(&self, condition: &Expr) -> Option<Diagnostic> {
        let mut used = Vec::new();
        find_reads(condition, &mut used);
        for read in &used {
            if let Some(diagnostic) = self.find_unkept(condition.span, read) {
                return Some(diagnostic);
            }
        }
        let values = self.values();
        let found = match self.evaluate(condition, &values) {
            Ok(Value::Bool(true)) => return None,
            Ok(Value::Bool(false)) => "it does not".to_owned(),
            Ok(other) => format!("it gives {}", cut(&other)),
            Err(mut diagnostic) => {
                diagnostic.notes.extend(self.read_notes(&used, &values));
                return Some(*diagnostic);
            }
        };
        let found = match self.read_notes(&used, &values).join(", ") {
            notes if notes.is_empty() => found,
            notes => format!("{found}: {notes}"),
        };
        Some(self.failed(condition.span, "this to hold", &found))
    }

    /// `attempts is 3`, for each name that a condition reads.
    fn read_notes(&self, used: &[Read], values: &Values) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        for read in used {
            let Some(value) = self.test.values.get(read.variable.0 as usize) else {
                continue;
            };
            let found = values.get(&read.variable).map(Data::json);
            let found = read.path.iter().fold(found, |value, name| value?.get(name));
            let mut text = value_name(value).to_owned();
            for name in &read.path {
                let _ = write!(text, ".{name}");
            }
            let note = match (value, found) {
                (TestValue::Duration, _) => {
                    format!("the run took {}", duration_text(self.outcome.duration))
                }
                (_, None) => format!("`{text}` has no value"),
                (_, Some(found)) => format!("`{text}` is {}", cut(found)),
            };
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }

    /// What the names of a condition on the end stand for.
    fn values(&self) -> Values {
        let outcome = self.outcome;
        let ids = (0u32..).map(VariableId);
        ids.zip(&self.test.values)
            .filter_map(|(id, value)| {
                let value = match value {
                    TestValue::Result => outcome.output.clone().unwrap_or(Value::Null),
                    TestValue::Duration => json!(outcome.duration as f64 / 1000.0),
                    TestValue::Variable(variable, _) => {
                        let kept = self.definition().variables.get(variable)?;
                        let mut all = outcome.variables.iter();
                        let found = all.find(|(name, _)| *name == kept.name);
                        found.map_or(Value::Null, |(_, value)| value.clone())
                    }
                    _ => return None,
                };
                Some((id, Data::new(value)))
            })
            .collect()
    }

    fn definition(&self) -> &crate::backend::asl::Definition {
        &self.bench.definitions[self.test.pipeline.0 as usize]
    }

    /// A name that the definition does not keep to the end, or not whole, cannot be looked at.
    fn find_unkept(&self, span: Span, read: &Read) -> Option<Diagnostic> {
        let Some(TestValue::Variable(id, name)) = self.test.values.get(read.variable.0 as usize)
        else {
            return None;
        };
        let variables = &self.definition().variables;
        let message = match variables.get(id) {
            None => {
                format!("the definition keeps no `{name}`: what reads it does so where it is made")
            }
            Some(kept) => {
                let shared = variables
                    .iter()
                    .any(|(other, known)| other != id && known.name == kept.name);
                let path = &read.path;
                let is_part = |known: &Vec<String>| {
                    known.starts_with(path) && !path.is_empty() || path.starts_with(known)
                };
                let lacks = !kept.members.is_empty() && !kept.members.iter().any(is_part);
                if shared {
                    format!(
                        "the definition keeps another value under the name `{name}` when it ends"
                    )
                } else if lacks && !path.is_empty() {
                    format!(
                        "the definition keeps no `{name}.{}`: nothing reads it later",
                        path.join(".")
                    )
                } else {
                    return None;
                }
            }
        };
        Some(
            Diagnostic::new(
                Code::TestFailed,
                span,
                format!("\"{}\": {message}", self.test.title),
            )
            .help("expect what is made of it: the `result`, or the arguments of a call"),
        )
    }
}

/// A name in a condition, and the members that are read of it.
struct Read {
    variable: VariableId,
    path: Vec<String>,
}

fn find_reads(expr: &Expr, found: &mut Vec<Read>) {
    let mut path = Vec::new();
    let mut base = expr;
    while let ExprKind::Member { base: inner, name } = &base.kind {
        path.insert(0, name.clone());
        base = inner;
    }
    if let ExprKind::Variable(variable) = base.kind {
        found.push(Read { variable, path });
        return;
    }
    for child in base.kind.children() {
        find_reads(child, found);
    }
}

fn value_name(value: &TestValue) -> &str {
    match value {
        TestValue::Arguments => "arguments",
        TestValue::Item => "item",
        TestValue::Index => "index",
        TestValue::Attempt => "attempt",
        TestValue::Result => "result",
        TestValue::Duration => "duration",
        TestValue::Variable(_, name) => name,
    }
}

/// `once`, `2 times`
fn often(times: u64) -> String {
    match times {
        0 => "not at all".to_owned(),
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}

/// Numbers by what they are, members in whatever order.
fn is_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| is_equal(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Whether every member of `wanted` is in `found`; anything but objects is compared as a whole.
fn is_part(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .all(|(name, wanted)| found.get(name).is_some_and(|found| is_part(wanted, found))),
        (wanted, found) => is_equal(wanted, found),
    }
}

/// The first place where two values differ, when that is inside of them.
fn first_difference(wanted: &Value, found: &Value, place: &str) -> Option<String> {
    match (wanted, found) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, value) in a {
                let place = format!("{place}.{name}");
                match b.get(name) {
                    None => return Some(format!("`{place}` is missing")),
                    Some(other) if !is_equal(value, other) => {
                        return Some(first_difference(value, other, &place).unwrap_or_else(|| {
                            format!("`{place}` is {}, not {}", cut(other), cut(value))
                        }));
                    }
                    Some(_) => {}
                }
            }
            let more = b.keys().find(|name| !a.contains_key(*name))?;
            Some(format!("`{place}.{more}` was not expected"))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let at = a.iter().zip(b).position(|(a, b)| !is_equal(a, b))?;
            let place = format!("{place}[{at}]");
            Some(
                first_difference(&a[at], &b[at], &place).unwrap_or_else(|| {
                    format!("`{place}` is {}, not {}", cut(&b[at]), cut(&a[at]))
                }),
            )
        }
        (Value::Array(a), Value::Array(b)) => Some(format!(
            "`{place}` has {} elements, not {}",
            b.len(),
            a.len()
        )),
        _ => None,
    }
}

fn cut(value: &Value) -> String {
    cut_text(&value.to_string())
}

fn cut_text(text: &str) -> String {
    if text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    let start: String = text.chars().take(WIDTH).collect();
    format!("{start}…")
}
