//! Records of a DynamoDB stream have each attribute with its type, `{ "S": "…" }`, and numbers as text.
//!
//! Source: EventBridge User Guide, "Amazon DynamoDB stream as a source for EventBridge Pipes".

use super::super::Flow;
use super::input::path_of;
use crate::catalog::event::Event;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Entry, Expr, ExprKind, Type};
use crate::resolve::types::describe;

const TYPES: [&str; 10] = ["S", "N", "BOOL", "B", "NULL", "M", "L", "SS", "NS", "BS"];

impl Flow<'_, '_> {
    /// Whether each value that is picked out of a record is what its place wants.
    pub(super) fn check_attributes(
        &mut self,
        value: &Expr,
        wanted: &Type,
        event: &'static Event,
    ) -> bool {
        match &value.kind {
            ExprKind::Object(entries) => {
                let mut fine = true;
                for entry in entries {
                    if let Entry::Pair { key, value } = entry
                        && let Some((_, member)) = wanted.find_member(key)
                    {
                        fine &= self.check_attributes(value, &member, event);
                    }
                }
                fine
            }
            ExprKind::Template(parts) => {
                let mut fine = true;
                for part in parts {
                    fine &= self.check_attributes(part, &Type::String, event);
                }
                fine
            }
            ExprKind::Member { .. } | ExprKind::Index { .. } => match path_of(value, event) {
                Some(path) => self.check_attribute(value, &path, &wanted.non_null()),
                None => true,
            },
            _ => true,
        }
    }

    fn check_attribute(&mut self, value: &Expr, path: &str, wanted: &Type) -> bool {
        let Some(path) = path.strip_prefix("$.dynamodb.") else {
            return true;
        };
        let parts: Vec<&str> = path.split('.').collect();
        let takes_all = matches!(wanted, Type::Any | Type::Map(_) | Type::Object(_));
        let found = match parts.as_slice() {
            [_, attribute] if !takes_all => format!("the stream has `{attribute}` with its type"),
            [_, attribute, word] if !TYPES.contains(word) => {
                format!(
                    "`{word}` is no type of an attribute, and `{attribute}` stands in the stream with its type"
                )
            }
            [_, attribute, "N"] if matches!(wanted, Type::Int | Type::Number) => {
                self.report(
                    Diagnostic::new(
                        Code::TriggerInput,
                        value.span,
                        format!(
                            "the stream has the number `{attribute}` as a text, and this wants {}",
                            describe(wanted)
                        ),
                    )
                    .help("let the pipeline take a string, and compute with `number(…)` of it"),
                );
                return false;
            }
            _ => return true,
        };
        self.report(
            Diagnostic::new(Code::TriggerInput, value.span, found).help(
                "behind an attribute stands its type: `.S` for a text, `.N` for a number (as a text), `.BOOL`, `.L`, `.M`",
            ),
        );
        false
    }
}
