//! What the service refuses of a whole machine: variables that hide others, flows without an end, names that expressions
//! may not read.

use std::collections::HashSet;
use std::rc::Rc;

use super::fields::SCHEMA;
use super::{FlowId, Kind, Machine, ROOT, Refusal, State, StateId, Test, Wait};
use crate::simulate::jsonata::{Expression, Reserved};
use crate::simulate::template::Template;

pub(super) fn check(machine: &Machine) -> Vec<Refusal> {
    let mut check = Check {
        machine,
        refusals: Vec::new(),
    };
    check.flow(ROOT, &HashSet::new());
    for state in &machine.states {
        check.expressions(state);
    }
    check.refusals
}

struct Check<'a> {
    machine: &'a Machine,
    refusals: Vec<Refusal>,
}

impl Check<'_> {
    fn refuse(&mut self, state: &State, field: &str, message: String) {
        self.refusals.push(Refusal {
            code: SCHEMA,
            location: format!("/States/{}{field}", state.name),
            message,
        });
    }

    /// The states that a flow reaches, in order.
    fn reached(&self, flow: FlowId) -> Vec<StateId> {
        let mut reached = vec![self.machine.flow(flow).start];
        let mut at = 0;
        while let Some(id) = reached.get(at).copied() {
            for next in successors(self.machine.state(id)) {
                if !reached.contains(&next) {
                    reached.push(next);
                }
            }
            at += 1;
        }
        reached
    }

    /// A name of an outer flow may not be assigned in an inner one.
    fn flow(&mut self, flow: FlowId, outer: &HashSet<Rc<str>>) {
        let machine = self.machine;
        let states: Vec<&State> = self
            .reached(flow)
            .into_iter()
            .map(|id| machine.state(id))
            .collect();
        let ends = states.iter().any(|state| match &state.kind {
            Kind::Succeed | Kind::Fail { .. } => true,
            Kind::Choice(_) => false,
            _ => state.next.is_none(),
        });
        if let (false, Some(first)) = (ends, states.first()) {
            let message = "No terminal state can be reached".to_owned();
            self.refuse(first, "", message);
        }
        let mut names = outer.clone();
        for state in &states {
            for name in assigned(state) {
                if outer.contains(&name) {
                    let message = format!("Variable '{name}' is already defined in an outer scope");
                    self.refuse(state, "/Assign", message);
                }
                names.insert(name);
            }
        }
        for state in states {
            match &state.kind {
                Kind::Parallel(branches) => {
                    branches
                        .iter()
                        .for_each(|branch| self.flow(*branch, &names));
                }
                Kind::Map(map) if map.distributed.is_some() => {
                    // A child execution sees nothing of outside.
                    self.flow(map.processor, &HashSet::new());
                }
                Kind::Map(map) => self.flow(map.processor, &names),
                _ => {}
            }
        }
    }

    /// What expressions read must exist where they stand.
    fn expressions(&mut self, state: &State) {
        let works = matches!(
            &state.kind,
            Kind::Task(_) | Kind::Parallel(_) | Kind::Map(_)
        );
        let mut found: Vec<(String, String)> = Vec::new();
        let mut look = |template: &Template, field: &str, result: bool, error: bool| {
            for expression in template.expressions() {
                if let Some(message) = misuse(expression, result, error) {
                    found.push((field.to_owned(), message));
                }
            }
        };
        for template in before_work(state) {
            look(template, "", false, false);
        }
        for (_, template) in &state.assign {
            look(template, "/Assign", works, false);
        }
        if let Some(template) = &state.output {
            look(template, "/Output", works, false);
        }
        for (at, catcher) in state.catch.iter().enumerate() {
            let templates = catcher.assign.iter().map(|(_, t)| t).chain(&catcher.output);
            for template in templates {
                look(template, &format!("/Catch[{at}]"), false, true);
            }
        }
        for (field, message) in found {
            self.refuse(state, &field, message);
        }
    }
}

fn misuse(expression: &Expression, result: bool, error: bool) -> Option<String> {
    let source = expression.source();
    if let Some(read) = expression.document() {
        return Some(format!(
            "The JSONata expression '{source}' reads '{read}', and there is no input document: use '$states.input'"
        ));
    }
    // `$states` as a whole has what there is.
    if expression.reserved().len() == Reserved::ALL.len() {
        return None;
    }
    let wrong = |member: &Reserved| match member {
        Reserved::Result => !result,
        Reserved::ErrorOutput => !error,
        Reserved::Input | Reserved::Context => false,
    };
    let member = expression.reserved().iter().find(|member| wrong(member))?;
    Some(format!(
        "The JSONata expression '{source}' reads '$states.{}', which does not exist there",
        member.name()
    ))
}

/// The fields that are evaluated before the state's work, and in Choice rules.
fn before_work(state: &State) -> Vec<&Template> {
    let mut templates: Vec<&Template> = state.parameters.iter().collect();
    match &state.kind {
        Kind::Task(task) => {
            templates.extend(&task.credentials);
            templates.extend(
                [&task.timeout, &task.heartbeat]
                    .into_iter()
                    .flatten()
                    .map(|s| &s.template),
            );
        }
        Kind::Choice(choice) => {
            for rule in &choice.rules {
                if let Test::Jsonata(template) = &rule.test {
                    templates.push(template);
                }
                templates.extend(rule.assign.iter().map(|(_, template)| template));
                templates.extend(&rule.output);
            }
        }
        Kind::Wait(Wait::Seconds(setting) | Wait::Timestamp(setting)) => {
            templates.push(&setting.template);
        }
        Kind::Fail { error, cause } => {
            templates.extend([error, cause].into_iter().flatten().map(|s| &s.template));
        }
        Kind::Map(map) => {
            templates.extend(map.items.iter().chain(&map.selector));
            let settings = [
                &map.max_concurrency,
                &map.tolerated_count,
                &map.tolerated_percentage,
            ];
            templates.extend(settings.into_iter().flatten().map(|s| &s.template));
            if let Some(reader) = &map.reader {
                templates.extend(&reader.arguments);
                templates.extend(reader.config.max_items.iter().map(|s| &s.template));
            }
            if let Some(batcher) = &map.batcher {
                templates.extend(&batcher.input);
                let settings = [&batcher.max_items, &batcher.max_bytes];
                templates.extend(settings.into_iter().flatten().map(|s| &s.template));
            }
            if let Some(writer) = &map.writer {
                templates.extend(&writer.arguments);
            }
        }
        Kind::Pass { .. } | Kind::Succeed | Kind::Parallel(_) => {}
    }
    templates
}

fn assigned(state: &State) -> Vec<Rc<str>> {
    let mut names: Vec<&(Rc<str>, Template)> = state.assign.iter().collect();
    names.extend(state.catch.iter().flat_map(|catcher| &catcher.assign));
    if let Kind::Choice(choice) = &state.kind {
        names.extend(choice.rules.iter().flat_map(|rule| &rule.assign));
    }
    names.into_iter().map(|(name, _)| Rc::clone(name)).collect()
}

fn successors(state: &State) -> Vec<StateId> {
    let mut next: Vec<StateId> = state.next.into_iter().collect();
    next.extend(state.catch.iter().map(|catcher| catcher.next));
    if let Kind::Choice(choice) = &state.kind {
        next.extend(choice.rules.iter().map(|rule| rule.next));
        next.extend(choice.default);
    }
    next
}
