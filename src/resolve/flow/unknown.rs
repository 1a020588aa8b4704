//! A name in a flow that is no step: what it may have been meant for.

use super::Flow;
use super::steps::is_callable;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, find_nearest};
use crate::resolve::symbols::{Lookup, Space};
use crate::resolve::types::there_are;
use crate::syntax::ast::{self, ItemKind};

impl Flow<'_, '_> {
    pub(super) fn report_unknown_step(&mut self, name: &ast::Name) {
        let diagnostic = Diagnostic::new(
            Code::UnknownStep,
            name.span,
            format!("there is no step `{}`", name.node),
        );
        let found = self
            .scope
            .context
            .symbols
            .find(self.scope.unit, Space::Value, &name.node);
        let item = match found {
            Lookup::Item(item) => Some(&self.scope.context.symbols.item(item).kind),
            _ => None,
        };
        let value = match item {
            Some(ItemKind::Fn(_)) => Some("a `fn`"),
            Some(ItemKind::Let(_) | ItemKind::Param(_)) => Some("a value"),
            _ => self.scope.find_variable(&name.node).map(|_| "a value"),
        };
        if let Some(value) = value {
            let before = name.span.before();
            let fix = Fix {
                title: "give the value out with `pass`".to_owned(),
                edits: vec![Edit {
                    span: before,
                    text: "pass ".to_owned(),
                }],
                safe: false,
            };
            self.report(
                Diagnostic::new(
                    Code::UnknownStep,
                    name.span,
                    format!("`{}` is {value}, and in a flow a name is a step", name.node),
                )
                .fix(fix),
            );
            return;
        }
        let own: Vec<String> = if self.pipeline_steps_visible() {
            self.steps.keys().map(|name| (*name).to_owned()).collect()
        } else {
            Vec::new()
        };
        let unit = self.scope.unit;
        let symbols = &self.scope.context.symbols;
        let items = symbols
            .names(unit, Space::Value)
            .into_iter()
            .filter(|name| {
                let Lookup::Item(item) = symbols.find(unit, Space::Value, name) else {
                    return false;
                };
                match &symbols.item(item).kind {
                    ItemKind::Pipeline(pipeline) => pipeline.name.span != self.name,
                    ItemKind::Step(_) => true,
                    ItemKind::Resource(resource) => is_callable(resource),
                    _ => false,
                }
            });
        let mut names: Vec<String> = own.into_iter().chain(items).collect();
        names.sort();
        let near = find_nearest(&name.node, names.iter().map(String::as_str));
        let diagnostic = match (near, keyword_for(&name.node)) {
            (None, Some((own, what))) => diagnostic
                .replace(name.span, own, format!("write `{own}`"))
                .help(format!("`{own}` {what}")),
            (Some(near), _) => diagnostic.nearest(name.span, &name.node, near),
            _ if names.is_empty() => {
                diagnostic.help(format!("declare it: `step {} = …`", name.node))
            }
            _ => {
                let shown: Vec<String> = names
                    .iter()
                    .take(12)
                    .map(|name| format!("`{name}`"))
                    .collect();
                diagnostic.help(there_are(&shown))
            }
        };
        self.report(diagnostic);
    }
}

/// The keyword for what other languages have a state or a statement for, and what it does.
fn keyword_for(word: &str) -> Option<(&'static str, &'static str)> {
    match word {
        "succeed" | "success" | "end" | "exit" | "stop" | "finish" | "done" => {
            Some(("return", "ends the pipeline, which succeeds"))
        }
        "next" | "skip" => Some(("continue", "goes on with the next turn of a loop")),
        "noop" | "nothing" => Some(("pass", "does nothing but give a value out")),
        _ => None,
    }
}
