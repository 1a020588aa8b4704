//! What a pipeline does otherwise than before.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Side;
use super::change::{Area, Change, Kind, Place, arrange};
use super::machine::{Machine, Node};
use super::matching::{self, Matching, Renames};
use super::order::Order;
use super::settings;
use super::states;
use super::value::{differences, path_text, seconds, words};
use crate::backend::asl::{Definition, Origin};
use crate::backend::graph::Mark;
use crate::ir::{Literal, Pipeline, PipelineId};
use crate::source::Span;

/// A pipeline that is not as it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PipelineChange {
    pub name: String,
    pub kind: Kind,
    /// Its name before, where that was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    pub changes: Vec<Change>,
    /// What became of its steps, by the names of their stages: for a picture.
    #[serde(skip)]
    pub marks: BTreeMap<String, Mark>,
}

impl PipelineChange {
    /// Whether a run can tell the difference.
    pub fn has_effect(&self) -> bool {
        self.kind != Kind::Changed || self.changes.iter().any(Change::has_effect)
    }

    fn whole(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            before: None,
            changes: Vec::new(),
            marks: BTreeMap::new(),
        }
    }
}

/// All pipelines that differ: those of the new side in their order, then those that are gone.
pub(super) fn compare(old: Option<&Side>, new: Option<&Side>) -> Vec<PipelineChange> {
    let names = |side: Option<&Side>| -> Vec<String> {
        let pipelines = side.into_iter().flat_map(|side| &side.program.pipelines);
        pipelines.map(|pipeline| pipeline.name.clone()).collect()
    };
    let (olds, news) = (names(old), names(new));
    let mut gone: Vec<usize> = (0..olds.len())
        .filter(|at| !news.contains(&olds[*at]))
        .collect();
    let mut found = Vec::new();
    for (after, name) in news.iter().enumerate() {
        let Some((old, new)) = old.zip(new) else {
            found.push(PipelineChange::whole(name, Kind::Added));
            continue;
        };
        if let Some(before) = olds.iter().position(|other| other == name) {
            let change = Pair {
                old,
                before,
                new,
                after,
            }
            .compare();
            found.extend((!change.changes.is_empty()).then_some(change));
            continue;
        }
        // Under another name, when all that it does is the same.
        let alike = |before: &usize| {
            let states = |definition: &Definition| definition.machine.states.clone();
            let (old, new) = (
                old.output.definitions.get(*before),
                new.output.definitions.get(after),
            );
            old.map(states) == new.map(states)
        };
        match gone.iter().position(alike) {
            Some(place) => {
                let before = gone.remove(place);
                let mut change = Pair {
                    old,
                    before,
                    new,
                    after,
                }
                .compare();
                change.kind = Kind::Renamed;
                change.before = Some(olds[before].clone());
                found.push(change);
            }
            None => found.push(PipelineChange::whole(name, Kind::Added)),
        }
    }
    found.extend(
        gone.into_iter()
            .map(|at| PipelineChange::whole(&olds[at], Kind::Removed)),
    );
    found
}

/// A pipeline before and after.
struct Pair<'a> {
    old: &'a Side<'a>,
    before: usize,
    new: &'a Side<'a>,
    after: usize,
}

impl Pair<'_> {
    fn compare(&self) -> PipelineChange {
        let mut changes = self.interface();
        changes.extend(settings::compare(
            (self.old, PipelineId(self.before as u32)),
            (self.new, PipelineId(self.after as u32)),
        ));
        let mut marks = BTreeMap::new();
        let texts = (
            self.old.definition(self.before),
            self.new.definition(self.after),
        );
        if texts.0 != texts.1 {
            let found = self.machine(&mut marks);
            if found.is_empty() {
                changes.push(Change::new(
                    Area::Text,
                    Kind::Changed,
                    "",
                    "definition, written in another order",
                ));
            }
            changes.extend(found);
        }
        PipelineChange {
            changes: arrange(changes),
            marks,
            ..PipelineChange::whole(&self.pipelines().1.name, Kind::Changed)
        }
    }

    fn pipelines(&self) -> (&Pipeline, &Pipeline) {
        (
            &self.old.program.pipelines[self.before],
            &self.new.program.pipelines[self.after],
        )
    }

    /// Parameters and what it returns.
    fn interface(&self) -> Vec<Change> {
        let (old, new) = self.pipelines();
        let params = |pipeline: &Pipeline| -> Vec<(String, String, Span)> {
            let params = pipeline.params.iter().map(|param| {
                let variable = pipeline.variable(param.variable);
                let default = match &param.default {
                    Some(default) => match default.as_literal() {
                        Some(literal) => format!(" = {}", literal_words(literal)),
                        None => " = …".to_owned(),
                    },
                    None => String::new(),
                };
                (
                    variable.name.clone(),
                    format!("{}{default}", variable.ty),
                    variable.span,
                )
            });
            params.collect()
        };
        let (olds, news) = (params(old), params(new));
        let mut changes = Vec::new();
        let mut add = |kind, name: &str, before: Option<&String>, after: Option<&String>, place| {
            changes.push(Change {
                before: before.cloned(),
                after: after.cloned(),
                place,
                ..Change::new(Area::Parameter, kind, name, "parameter")
            });
        };
        for (name, before, span) in &olds {
            match news.iter().find(|(other, ..)| other == name) {
                Some((_, after, span)) if after != before => {
                    add(
                        Kind::Changed,
                        name,
                        Some(before),
                        Some(after),
                        self.new.place(*span),
                    );
                }
                Some(_) => {}
                None => add(
                    Kind::Removed,
                    name,
                    Some(before),
                    None,
                    self.old.place(*span),
                ),
            }
        }
        for (name, after, span) in &news {
            if !olds.iter().any(|(other, ..)| other == name) {
                add(Kind::Added, name, None, Some(after), self.new.place(*span));
            }
        }
        let (before, after) = (old.returns.to_string(), new.returns.to_string());
        if before != after {
            let change = Change::new(Area::Result, Kind::Changed, "", "returns");
            changes.push(change.before(before).after(after));
        }
        changes
    }

    /// What the definition says otherwise.
    fn machine(&self, marks: &mut BTreeMap<String, Mark>) -> Vec<Change> {
        let definitions = (self.old.output.definitions.get(self.before))
            .zip(self.new.output.definitions.get(self.after));
        let Some((old, new)) = definitions else {
            return Vec::new();
        };
        let (mut old, new) = (Machine::new(old), Machine::new(new));
        let mut changes = compare_machines(&mut old, &new);
        let (was, is) = (
            settings::placeholders(self.old, PipelineId(self.before as u32)),
            settings::placeholders(self.new, PipelineId(self.after as u32)),
        );
        for change in &mut changes {
            fill(&mut change.before, &was);
            fill(&mut change.after, &is);
            self.locate(change, &old, &new);
            let found = change
                .subjects
                .iter()
                .filter_map(|subject| new.find(subject));
            for at in found.filter(|_| change.has_effect()) {
                let mark = match (change.kind, change.area) {
                    (Kind::Added, Area::Step) => Mark::Added,
                    _ => Mark::Changed,
                };
                let known = marks.entry(new.nodes[at].stage.clone()).or_insert(mark);
                *known = (*known).min(mark);
            }
        }
        changes
    }

    fn locate(&self, change: &mut Change, old: &Machine, new: &Machine) {
        let Some(subject) = change.subjects.first() else {
            return;
        };
        let span = |machine: &Machine| machine.nodes[machine.find(subject)?].span;
        change.place = span(new)
            .and_then(|span| self.new.place(span))
            .or_else(|| span(old).and_then(|span| self.old.place(span)));
    }
}

/// Puts what the deployment puts for placeholders.
fn fill(text: &mut Option<String>, placeholders: &[(String, String)]) {
    if let Some(text) = text {
        for (placeholder, value) in placeholders {
            *text = text.replace(placeholder, value);
        }
    }
}

/// All that differs between two documents of the States Language, of whose states is known where they come from.
pub fn compare_documents(
    old: Value,
    new: Value,
    origins: &IndexMap<String, Origin>,
) -> Vec<Change> {
    compare_machines(
        &mut Machine::read(old, origins),
        &Machine::read(new, origins),
    )
}

/// All that differs between two definitions; the old one gets the new names.
fn compare_machines(old: &mut Machine, new: &Machine) -> Vec<Change> {
    let matching = matching::find(old, new);
    let renames = matching::renames(old, new, &matching);
    let mut changes = renamed(old, new, &matching, &renames);
    old.rename(&renames.states, &renames.variables);
    follow_branches(old, new, &matching);
    changes.extend(header(&old.header, &new.header));
    changes.extend(Order::new(old, new, &matching).changes());
    for (before, after) in matching.new_of.iter().enumerate() {
        if let Some(after) = after {
            changes.extend(states::compare(&old.nodes[before], &new.nodes[*after]));
        }
    }
    changes
}

/// A Parallel's results stand in the order of its branches: where those have other places, so have these.
fn follow_branches(old: &mut Machine, new: &Machine, matching: &Matching) {
    for (before, after) in matching.new_of.iter().enumerate() {
        let Some(after) = after else { continue };
        let olds: Vec<usize> = old.flows_of(before).to_vec();
        let news: Vec<usize> = new.flows_of(*after).to_vec();
        let place = |flow: &usize| {
            let found = matching.flows.get(flow)?;
            news.iter().position(|flow| flow == found)
        };
        let places: Vec<Option<usize>> = olds.iter().map(place).collect();
        if places
            .iter()
            .enumerate()
            .any(|(i, place)| place.is_some_and(|place| place != i))
        {
            old.nodes[before].move_results(&places);
        }
    }
}

/// Steps, states and variables that have other names. What is called after a step goes with it.
fn renamed(old: &Machine, new: &Machine, matching: &Matching, renames: &Renames) -> Vec<Change> {
    let mut pairs: Vec<(&Node, &Node)> = Vec::new();
    for (before, after) in matching.new_of.iter().enumerate() {
        if let Some(after) = after
            && old.nodes[before].name != new.nodes[*after].name
        {
            pairs.push((&old.nodes[before], &new.nodes[*after]));
        }
    }
    let is_step = |(before, after): &(&Node, &Node)| {
        before.stage != after.stage && before.role.is_none() && after.role.is_none()
    };
    let steps: Vec<(&str, &str)> = pairs
        .iter()
        .filter(|pair| is_step(pair))
        .map(|(a, b)| (&*a.name, &*b.name))
        .collect();
    let mut changes = Vec::new();
    for (before, after) in &pairs {
        if follows(&before.name, &after.name, &steps, ['.', '-']) {
            continue;
        }
        let (area, what) = match is_step(&(before, after)) {
            true => (Area::Step, ""),
            false => (Area::Name, "state"),
        };
        let change = Change::new(area, Kind::Renamed, &after.name, what);
        changes.push(change.before(before.name.clone()).after(after.name.clone()));
    }
    let variables: Vec<(String, String)> = steps
        .iter()
        .map(|(before, after)| (variable(before), variable(after)))
        .collect();
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(before, after)| (before.as_str(), after.as_str()))
        .collect();
    for (before, after) in &renames.variables {
        let own = variables.contains(&(before.as_str(), after.as_str()));
        if !own && !follows(before, after, &variables, ['_', '_']) {
            let change = Change::new(Area::Name, Kind::Renamed, "", "variable");
            changes.push(change.before(before.clone()).after(after.clone()));
        }
    }
    changes
}

/// Whether two names are those of a step with the same behind: `clean.wait`, `cleaned.wait`.
fn follows(before: &str, after: &str, steps: &[(&str, &str)], separators: [char; 2]) -> bool {
    steps.iter().any(|(old, new)| {
        let rest = before.strip_prefix(old);
        rest.is_some_and(|rest| rest.starts_with(separators)) && rest == after.strip_prefix(new)
    })
}

/// A step's name as that of a variable.
fn variable(step: &str) -> String {
    step.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

/// What stands beside the states.
fn header(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<Change> {
    let mut changes = Vec::new();
    for found in differences(&Value::Object(old.clone()), &Value::Object(new.clone())) {
        let path = path_text(&found.path);
        let (area, what) = match path.as_str() {
            "Comment" => (Area::Text, "description".to_owned()),
            "TimeoutSeconds" => (Area::Timeout, "timeout of the execution".to_owned()),
            path => (Area::Other, format!("definition: {path}")),
        };
        let written = |value: &Value| match area {
            Area::Timeout => seconds(value),
            _ => words(value),
        };
        let kind = match (&found.before, &found.after) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            _ => Kind::Changed,
        };
        changes.push(Change {
            before: found.before.as_ref().map(written),
            after: found.after.as_ref().map(written),
            ..Change::new(area, kind, "", what)
        });
    }
    changes
}

fn literal_words(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(value) => value.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::String(text) => format!("{text:?}"),
        Literal::List(elements) => {
            let words: Vec<String> = elements.iter().map(literal_words).collect();
            format!("[{}]", words.join(", "))
        }
        Literal::Object(members) => {
            let words: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{key}: {}", literal_words(value)))
                .collect();
            format!("{{ {} }}", words.join(", "))
        }
    }
}

impl Side<'_> {
    /// The text of a pipeline's definition, as it is written to its file.
    fn definition(&self, at: usize) -> &str {
        self.artifacts
            .get(1 + 2 * at)
            .map_or("", |artifact| artifact.text.as_str())
    }

    /// The line that a span begins in.
    pub(super) fn place(&self, span: Span) -> Option<Place> {
        self.sources
            .iter()
            .find(|(id, _)| *id == span.file)
            .map(|(_, file)| Place {
                path: file.path.clone(),
                line: self.sources.line_column(span).0,
            })
    }
}
