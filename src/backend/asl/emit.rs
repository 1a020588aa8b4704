//! From fused graphs to the document.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::graph::{
    self, BodyInput, Delay, Edge, Graph, Map, Node, NodeId, Op, Outcome, Target, TaskResource,
};
use super::jsonata::{self, Atom, AttributeSpelling, Environment};
use super::lower::{Lowered, Owner};
use super::naming::{StateNames, hash, variable_names};
use super::state::{self, State, Transition};
use super::symbols::{Symbols, member};
use super::{Definition, Kept, Origin};
use crate::catalog::resource::RefForm;
use crate::ir::{self, Deploy, Expr, ExprKind, Part, Pipeline, Program, VariableId};

pub(super) fn emit(program: &Program, pipeline: &Pipeline, mut lowered: Lowered<'_>) -> Definition {
    place_inputs(&mut lowered.graph, &mut lowered.symbols);
    let names = StateNames::of(&lowered.graph, &lowered.owners);
    let variables = variable_names(&lowered.graph, &lowered.symbols);
    let mut emitter = Emitter {
        owners: &lowered.owners,
        names,
        env: Env {
            program,
            symbols: &lowered.symbols,
            variables,
            members: given_members(&lowered.graph),
            substitutions: BTreeMap::new(),
            spelling: AttributeSpelling::Api,
        },
        labels: BTreeMap::new(),
        taken_labels: BTreeSet::new(),
        origins: IndexMap::new(),
    };
    let flow = emitter.flow(&lowered.graph, 0, &pipeline.name, None);
    let kept = emitter.env.variables.iter().map(|(id, name)| {
        let members = emitter.env.members.get(id).cloned().unwrap_or_default();
        let name = name.clone();
        (*id, Kept { name, members })
    });
    let variables = kept.collect();
    Definition {
        machine: state::Machine {
            comment: pipeline.doc.clone(),
            query_language: "JSONata",
            timeout_seconds: pipeline.settings.timeout,
            start_at: flow.start_at,
            states: flow.states,
        },
        substitutions: emitter.env.substitutions,
        labels: emitter.labels,
        origins: emitter.origins,
        variables,
    }
}

/// Decides what the bodies of maps get as their input, and where in it each value is.
fn place_inputs(graph: &mut Graph, symbols: &mut Symbols<'_>) {
    for node in &mut graph.nodes {
        if let Op::Map(map) = &mut node.op {
            let used = places(&map.body);
            let batched = map.is_batched();
            map.captures
                .retain(|capture| used.contains(&capture.input.source));
            let index = used.contains(&map.index.source);
            map.input = BodyInput {
                item: used.contains(&map.item.source),
                index,
                selected: !batched && (index || !map.captures.is_empty()),
            };
            let item = match (batched, map.input.selected) {
                (true, _) => "$states.input.Items".to_owned(),
                (false, true) => member("$states.input", &map.item.key),
                (false, false) => "$states.input".to_owned(),
            };
            symbols.set_place(map.item.source, item);
            let index = member("$states.input", &map.index.key);
            symbols.set_place(map.index.source, index);
            for capture in &map.captures {
                let input = if batched {
                    "$states.input.BatchInput"
                } else {
                    "$states.input"
                };
                let text = member(input, &capture.input.key);
                symbols.set_place(capture.input.source, text);
            }
        }
        for body in node.op.bodies_mut() {
            place_inputs(body, symbols);
        }
    }
}

fn places(graph: &Graph) -> BTreeSet<VariableId> {
    let mut found = BTreeSet::new();
    super::live::reads(graph, &mut found);
    found
}

/// Paths of members.
type Paths = BTreeSet<Vec<String>>;

/// The members that a variable has whatever assigned it, null or not: every assignment writes them out.
fn given_members(graph: &Graph) -> BTreeMap<VariableId, Paths> {
    fn visit(graph: &Graph, found: &mut BTreeMap<VariableId, Paths>) {
        for assign in graph.edges().flat_map(|edge| &edge.assigns) {
            let mut given = Paths::new();
            written_members(&assign.value, &mut Vec::new(), &mut given);
            match found.get_mut(&assign.variable) {
                Some(known) => known.retain(|path| given.contains(path)),
                None => {
                    found.insert(assign.variable, given);
                }
            }
        }
        for body in graph.nodes.iter().flat_map(|node| node.op.bodies()) {
            visit(body, found);
        }
    }
    let mut found = BTreeMap::new();
    visit(graph, &mut found);
    found
}

fn written_members(value: &Expr, path: &mut Vec<String>, found: &mut Paths) {
    let ExprKind::Object(entries) = &value.kind else {
        return;
    };
    let all_pairs = entries
        .iter()
        .all(|entry| matches!(entry, ir::Entry::Pair { .. }));
    for entry in entries {
        if let ir::Entry::Pair { key, value } = entry
            && all_pairs
        {
            path.push(key.clone());
            found.insert(path.clone());
            written_members(value, path, found);
            path.pop();
        }
    }
}

struct Emitter<'a> {
    owners: &'a [Owner],
    names: StateNames,
    env: Env<'a>,
    labels: BTreeMap<VariableId, String>,
    taken_labels: BTreeSet<String>,
    origins: IndexMap<String, Origin>,
}

/// One scope on the way out.
struct Scope<'a> {
    graph: &'a Graph,
    number: usize,
    /// The numbers of the scopes inside each node.
    inside: BTreeMap<NodeId, Vec<usize>>,
    /// Where choices and catchers end, when one does.
    done: Option<String>,
}

impl Emitter<'_> {
    fn flow(
        &mut self,
        graph: &Graph,
        number: usize,
        name: &str,
        processor_config: Option<state::ProcessorConfig>,
    ) -> state::Flow {
        // Numbered as the names were: depth first, in the order of the nodes.
        let mut inside = BTreeMap::new();
        let mut next = number + 1;
        for id in graph.ids() {
            let numbers: Vec<usize> = graph
                .node(id)
                .op
                .bodies()
                .iter()
                .map(|body| {
                    let first = next;
                    next += scopes(body);
                    first
                })
                .collect();
            if !numbers.is_empty() {
                inside.insert(id, numbers);
            }
        }
        let mut scope = Scope {
            graph,
            number,
            inside,
            done: None,
        };
        if needs_done(graph) {
            scope.done = Some(self.names.take(&format!("{name}.done")));
        }
        let mut ids: Vec<NodeId> = graph
            .ids()
            .filter(|id| !matches!(graph.node(*id).op, Op::Gone))
            .collect();
        ids.sort_by_key(|id| graph.node(*id).order);
        let mut states = IndexMap::new();
        for id in ids {
            let name = self.names.get((number, id)).to_owned();
            self.note_origin(&name, graph.node(id));
            let state = self.state(&scope, id, &name);
            states.insert(name, state);
        }
        if let Some(done) = &scope.done {
            let succeed = state::Succeed {
                comment: None,
                output: None,
            };
            states.insert(done.clone(), State::Succeed(succeed));
        }
        let start_at = match graph.entry.node() {
            Some(id) => self.names.get((number, id)).to_owned(),
            None => String::new(),
        };
        state::Flow {
            processor_config,
            start_at,
            states,
        }
    }

    fn note_origin(&mut self, name: &str, node: &Node) {
        let Some(owner) = self.owners.get(node.owner.0 as usize) else {
            return;
        };
        self.origins.insert(
            name.to_owned(),
            Origin {
                span: owner.span,
                expanded_from: owner.expanded_from.clone(),
                stage: owner.base.clone(),
                role: node.role,
            },
        );
    }

    fn state(&mut self, scope: &Scope<'_>, id: NodeId, name: &str) -> State {
        let node = scope.graph.node(id);
        let comment = match node.role {
            None => self
                .owners
                .get(node.owner.0 as usize)
                .and_then(|owner| owner.doc.clone()),
            Some(_) => None,
        };
        match &node.op {
            Op::Task(task) => {
                let resource = match &task.resource {
                    TaskResource::Integration(form) => form.resource.clone(),
                    TaskResource::Activity(deploy) => format!("${{{}}}", self.env.deploy(deploy)),
                };
                let credentials = task.credentials.as_ref().map(|role| {
                    let role = self.template(role);
                    json!({ "RoleArn": role })
                });
                let (result, transition) = self.next(scope, &task.outcome.next);
                State::Task(Box::new(state::Task {
                    comment,
                    resource,
                    credentials,
                    arguments: Some(self.arguments(task)),
                    timeout_seconds: self.optional(&task.timeout),
                    heartbeat_seconds: self.optional(&task.heartbeat),
                    result,
                    handling: self.handling(scope, &task.outcome),
                    transition,
                }))
            }
            Op::Map(map) => self.map(scope, id, map, name, comment),
            Op::Parallel(parallel) => {
                let numbers = scope.inside.get(&id).cloned().unwrap_or_default();
                let mut branches = Vec::new();
                for (branch, number) in parallel.branches.iter().zip(numbers) {
                    let name = format!("{name}.{}", branch.name);
                    branches.push(self.flow(&branch.body, number, &name, None));
                }
                let (result, transition) = self.next(scope, &parallel.outcome.next);
                State::Parallel(Box::new(state::Parallel {
                    comment,
                    branches,
                    result,
                    handling: self.handling(scope, &parallel.outcome),
                    transition,
                }))
            }
            Op::Choice(choice) => {
                let choices = choice
                    .rules
                    .iter()
                    .map(|rule| {
                        let (result, next) = self.way(scope, &rule.edge);
                        state::Rule {
                            condition: jsonata::condition(&rule.condition, &mut self.env),
                            result,
                            next,
                        }
                    })
                    .collect();
                let (result, default) = match choice.default.target {
                    Target::Open => (state::ResultFields::default(), None),
                    _ => {
                        let (result, next) = self.way(scope, &choice.default);
                        (result, Some(next))
                    }
                };
                State::Choice(state::Choice {
                    comment,
                    choices,
                    result,
                    default,
                })
            }
            Op::Wait { delay, next } => {
                let (seconds, timestamp) = match delay {
                    Delay::Seconds(expr) => (Some(self.template(expr)), None),
                    Delay::Until(expr) => (None, Some(self.template(expr))),
                };
                let (result, transition) = self.next(scope, next);
                State::Wait(state::Wait {
                    comment,
                    seconds,
                    timestamp,
                    result,
                    transition,
                })
            }
            Op::Fail { error, cause } => State::Fail(state::Fail {
                comment,
                error: Some(self.template(error)),
                cause: self.optional(cause),
            }),
            Op::Pass { next } => {
                let (result, transition) = self.next(scope, next);
                if transition == Transition::End && result.assign.is_empty() {
                    return State::Succeed(state::Succeed {
                        comment,
                        output: result.output,
                    });
                }
                State::Pass(state::Pass {
                    comment,
                    result,
                    transition,
                })
            }
            Op::Evaluate(outcome) => self.evaluate(scope, outcome, name, comment),
            Op::Gone => State::Succeed(state::Succeed {
                comment: None,
                output: None,
            }),
        }
    }

    /// The cheapest state that can catch what its expressions raise: a map over nothing. A Pass or a Choice cannot, and a
    /// Parallel would run a state inside.
    fn evaluate(
        &mut self,
        scope: &Scope<'_>,
        outcome: &Outcome,
        name: &str,
        comment: Option<String>,
    ) -> State {
        let nothing = self.names.take(&format!("{name}.nothing"));
        let succeed = state::Succeed {
            comment: None,
            output: None,
        };
        let item_processor = state::Flow {
            processor_config: Some(state::ProcessorConfig {
                mode: "INLINE",
                execution_type: None,
            }),
            start_at: nothing.clone(),
            states: IndexMap::from([(nothing, State::Succeed(succeed))]),
        };
        let (result, transition) = self.next(scope, &outcome.next);
        let why = "Runs nothing: a state that can catch what its expressions raise";
        State::Map(Box::new(state::Map {
            comment: Some(comment.unwrap_or_else(|| why.to_owned())),
            label: None,
            items: Some(json!([])),
            item_reader: None,
            item_selector: None,
            item_batcher: None,
            max_concurrency: None,
            tolerated_failure_count: None,
            tolerated_failure_percentage: None,
            item_processor,
            result_writer: None,
            result,
            handling: self.handling(scope, outcome),
            transition,
        }))
    }

    fn map(
        &mut self,
        scope: &Scope<'_>,
        id: NodeId,
        map: &Map,
        name: &str,
        comment: Option<String>,
    ) -> State {
        let (items, item_reader) = match &map.items {
            ir::Items::Values(expr) => (Some(self.template(expr)), None),
            ir::Items::Dataset(dataset) => (None, Some(self.reader(dataset))),
        };
        let captured = |emitter: &mut Self| -> Vec<(String, Value)> {
            map.captures
                .iter()
                .map(|capture| {
                    let value = emitter.template(&capture.value);
                    (capture.input.key.clone(), value)
                })
                .collect()
        };
        let item_selector = map.input.selected.then(|| {
            let context = |name: &str| json!(format!("{{% $states.context.Map.Item.{name} %}}"));
            let mut selector = serde_json::Map::new();
            if map.input.item {
                selector.insert(map.item.key.clone(), context("Value"));
            }
            if map.input.index {
                selector.insert(map.index.key.clone(), context("Index"));
            }
            selector.extend(captured(self));
            Value::Object(selector)
        });
        let distributed = map.distributed.as_ref();
        let item_batcher = distributed.and_then(|d| d.batch.as_ref()).map(|batch| {
            let mut batcher = serde_json::Map::new();
            let (key, size) = match batch {
                ir::Batch::Items(size) => ("MaxItemsPerBatch", size),
                ir::Batch::Bytes(size) => ("MaxInputBytesPerBatch", size),
            };
            batcher.insert(key.to_owned(), self.template(size));
            if !map.captures.is_empty() {
                let input = captured(self).into_iter().collect();
                batcher.insert("BatchInput".to_owned(), Value::Object(input));
            }
            Value::Object(batcher)
        });
        let label = distributed.map(|d| {
            let label = self.label(d.label.as_deref(), name);
            self.labels.insert(map.item.variable, label.clone());
            label
        });
        let (count, percentage) = match distributed.and_then(|d| d.tolerate.as_ref()) {
            Some(ir::Tolerate::Count(expr)) => (Some(self.template(expr)), None),
            Some(ir::Tolerate::Percentage(expr)) => (None, Some(self.template(expr))),
            None => (None, None),
        };
        let result_writer = distributed.and_then(|d| d.results.as_ref()).map(|target| {
            let mut arguments = serde_json::Map::new();
            arguments.insert("Bucket".to_owned(), self.template(&target.bucket));
            if let Some(prefix) = &target.prefix {
                arguments.insert("Prefix".to_owned(), self.template(prefix));
            }
            json!({ "Resource": "arn:aws:states:::s3:putObject", "Arguments": arguments })
        });
        let max_concurrency = self.optional(&map.concurrency);
        let config = state::ProcessorConfig {
            mode: if distributed.is_some() {
                "DISTRIBUTED"
            } else {
                "INLINE"
            },
            execution_type: distributed.map(|d| if d.express { "EXPRESS" } else { "STANDARD" }),
        };
        let number = scope.inside.get(&id).and_then(|numbers| numbers.first());
        let number = number.copied().unwrap_or_default();
        let item_processor = self.flow(&map.body, number, name, Some(config));
        let (result, transition) = self.next(scope, &map.outcome.next);
        State::Map(Box::new(state::Map {
            comment,
            label,
            items,
            item_reader,
            item_selector,
            item_batcher,
            max_concurrency,
            tolerated_failure_count: count,
            tolerated_failure_percentage: percentage,
            item_processor,
            result_writer,
            result,
            handling: self.handling(scope, &map.outcome),
            transition,
        }))
    }

    fn reader(&mut self, dataset: &ir::Dataset) -> Value {
        let mut config = serde_json::Map::new();
        let input_type = match dataset.reader {
            ir::Reader::Csv => Some("CSV"),
            ir::Reader::Json => Some("JSON"),
            ir::Reader::Jsonl => Some("JSONL"),
            ir::Reader::Parquet => Some("PARQUET"),
            ir::Reader::Inventory => Some("MANIFEST"),
            ir::Reader::Manifest | ir::Reader::Objects => None,
        };
        if let Some(input_type) = input_type {
            config.insert("InputType".to_owned(), json!(input_type));
        }
        if dataset.reader == ir::Reader::Manifest {
            config.insert("ManifestType".to_owned(), json!("ATHENA_DATA"));
        }
        for (name, value) in &dataset.config {
            config.insert(name.clone(), self.template(value));
        }
        let mut arguments = serde_json::Map::new();
        arguments.insert("Bucket".to_owned(), self.template(&dataset.bucket));
        let (key_name, resource) = match dataset.reader {
            ir::Reader::Objects => ("Prefix", "arn:aws:states:::s3:listObjectsV2"),
            _ => ("Key", "arn:aws:states:::s3:getObject"),
        };
        if let Some(key) = &dataset.key {
            arguments.insert(key_name.to_owned(), self.template(key));
        }
        for (name, value) in &dataset.arguments {
            arguments.insert(name.clone(), self.template(value));
        }
        let mut reader = serde_json::Map::new();
        reader.insert("Resource".to_owned(), json!(resource));
        if !config.is_empty() {
            reader.insert("ReaderConfig".to_owned(), Value::Object(config));
        }
        reader.insert("Arguments".to_owned(), Value::Object(arguments));
        Value::Object(reader)
    }

    /// At most 40 characters, unique in the machine.
    fn label(&mut self, given: Option<&str>, name: &str) -> String {
        let wish: String = match given {
            Some(given) => given.to_owned(),
            None => name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
                .collect(),
        };
        let cut = |wish: String| -> String {
            if wish.len() <= 40 {
                return wish;
            }
            let start: String = wish.chars().take(31).collect();
            format!("{start}-{:08x}", hash(&wish))
        };
        let label = std::iter::once(wish.clone())
            .chain((2..).map(|n| format!("{wish}-{n}")))
            .map(cut)
            .find(|label| !self.taken_labels.contains(label))
            .unwrap_or_default();
        self.taken_labels.insert(label.clone());
        label
    }

    fn template(&mut self, expr: &Expr) -> Value {
        jsonata::template(expr, &mut self.env)
    }

    fn arguments(&mut self, task: &graph::Task) -> Value {
        if let TaskResource::Integration(form) = &task.resource
            && form.resource.contains("aws-sdk:dynamodb")
        {
            self.env.spelling = AttributeSpelling::Sdk;
        }
        let arguments = match &task.arguments {
            graph::Arguments::Value(value) => self.template(value),
            graph::Arguments::Members(members) => jsonata::members(members, &mut self.env),
        };
        self.env.spelling = AttributeSpelling::Api;
        arguments
    }

    fn optional(&mut self, expr: &Option<Expr>) -> Option<Value> {
        expr.as_ref().map(|expr| self.template(expr))
    }

    fn handling(&mut self, scope: &Scope<'_>, outcome: &Outcome) -> state::Handling {
        let retry = outcome
            .retry
            .iter()
            .map(|rule| state::Retrier {
                error_equals: rule.errors.clone(),
                interval_seconds: rule.interval_seconds,
                max_attempts: rule.max_attempts,
                backoff_rate: rule.backoff_rate,
                max_delay_seconds: rule.max_delay_seconds,
                jitter_strategy: rule.jitter.then_some("FULL"),
            })
            .collect();
        let catch = outcome
            .catch
            .iter()
            .map(|catch| {
                let (result, next) = self.way(scope, &catch.edge);
                state::Catcher {
                    error_equals: catch.errors.clone(),
                    result,
                    next,
                }
            })
            .collect();
        state::Handling { retry, catch }
    }

    /// What an edge assigns, and the value of the scope that ends behind it.
    fn carried(&mut self, edge: &Edge) -> (state::ResultFields, Option<Expr>) {
        let end = match &edge.target {
            Target::End(value) => value.as_deref().cloned(),
            _ => None,
        };
        let assign = edge
            .assigns
            .iter()
            .filter_map(|assign| {
                let name = self.env.variables.get(&assign.variable)?.clone();
                // Two variables that share a name are one.
                if let ExprKind::Variable(id) = assign.value.kind
                    && self.env.variables.get(&id) == Some(&name)
                {
                    return None;
                }
                Some((name, jsonata::template(&assign.value, &mut self.env)))
            })
            .collect();
        let fields = state::ResultFields {
            assign,
            output: None,
        };
        (fields, end)
    }

    /// The way on of a state that can end.
    fn next(&mut self, scope: &Scope<'_>, edge: &Edge) -> (state::ResultFields, Transition) {
        let (mut fields, end) = self.carried(edge);
        let transition = match &edge.target {
            Target::Node(id) => Transition::Next(self.names.get((scope.number, *id)).to_owned()),
            Target::End(_) | Target::Open => {
                fields.output = self.output(end);
                Transition::End
            }
        };
        (fields, transition)
    }

    /// The way on of a rule or a catcher, which leads to a state.
    fn way(&mut self, scope: &Scope<'_>, edge: &Edge) -> (state::ResultFields, String) {
        let (mut fields, end) = self.carried(edge);
        let next = match &edge.target {
            Target::Node(id) => self.names.get((scope.number, *id)).to_owned(),
            Target::End(_) | Target::Open => {
                fields.output = Some(match end {
                    Some(value) => self.output_value(&value),
                    None => json!({}),
                });
                scope.done.clone().unwrap_or_default()
            }
        };
        (fields, next)
    }

    /// None where it is what the state gives anyway.
    fn output(&mut self, end: Option<Expr>) -> Option<Value> {
        let Some(value) = end else {
            return Some(json!({}));
        };
        if let ExprKind::Variable(id) = value.kind
            && let Some(place) = self.env.symbols.find_place(id)
            && place.text == "$states.result"
        {
            return None;
        }
        Some(self.output_value(&value))
    }

    /// Validators want an object or an expression.
    fn output_value(&mut self, value: &Expr) -> Value {
        match self.template(value) {
            plain @ (Value::Object(_) | Value::String(_)) => plain,
            _ => {
                let text = jsonata::expression(value, &mut self.env);
                Value::String(jsonata::wrap(&text))
            }
        }
    }
}

/// Scopes of a graph, itself included.
fn scopes(graph: &Graph) -> usize {
    let inside = graph.nodes.iter().flat_map(|node| node.op.bodies());
    1 + inside.map(scopes).sum::<usize>()
}

/// Rules and catchers cannot end by themselves.
fn needs_done(graph: &Graph) -> bool {
    let ends = |edge: &Edge| matches!(edge.target, Target::End(_));
    graph.nodes.iter().any(|node| match &node.op {
        Op::Choice(choice) => {
            ends(&choice.default) || choice.rules.iter().any(|rule| ends(&rule.edge))
        }
        op => op
            .outcome()
            .is_some_and(|outcome| outcome.catch.iter().any(|catch| ends(&catch.edge))),
    })
}

/// What stands for variables, deploy-time values and the context object in one pipeline's expressions.
struct Env<'a> {
    program: &'a Program,
    symbols: &'a Symbols<'a>,
    variables: BTreeMap<VariableId, String>,
    members: BTreeMap<VariableId, Paths>,
    substitutions: BTreeMap<String, Deploy>,
    spelling: AttributeSpelling,
}

impl Environment for Env<'_> {
    fn variable(&self, id: VariableId) -> Atom {
        match self.symbols.find_place(id) {
            Some(place) => Atom {
                text: place.text.clone(),
                missing: place.missing,
            },
            None => Atom {
                text: format!("${}", self.variables.get(&id).map_or("", String::as_str)),
                missing: false,
            },
        }
    }

    fn part(&self, id: VariableId, path: &[&str]) -> Option<Atom> {
        let paths = self.members.get(&id)?;
        if !paths.iter().any(|known| known == path) {
            return None;
        }
        let mut text = self.variable(id).text;
        for name in path {
            text = format!("{text}.{}", jsonata::step(name)?);
        }
        Some(Atom::new(text))
    }

    fn deploy(&mut self, deploy: &Deploy) -> String {
        let known = self.substitutions.iter().find(|(_, of)| *of == deploy);
        if let Some((key, _)) = known {
            return key.clone();
        }
        let wish = key(self.program, deploy);
        let key = std::iter::once(wish.clone())
            .chain((2..).map(|n| format!("{wish}_{n}")))
            .find(|key| !self.substitutions.contains_key(key))
            .unwrap_or_default();
        self.substitutions.insert(key.clone(), deploy.clone());
        key
    }

    fn attributes(&self) -> AttributeSpelling {
        self.spelling
    }
}

/// A readable key for what the template fills in.
fn key(program: &Program, deploy: &Deploy) -> String {
    match deploy {
        Deploy::Param(id) => program.param(*id).name.clone(),
        Deploy::Resource(id, form) => {
            let name = &program.resource(*id).name;
            match form {
                RefForm::Name => name.clone(),
                RefForm::Arn => format!("{name}_arn"),
                RefForm::Url => format!("{name}_url"),
            }
        }
        Deploy::Attribute(id, attribute) => {
            format!(
                "{}_{}",
                program.resource(*id).name,
                attribute.replace('.', "_")
            )
        }
        Deploy::Part(id, part) => {
            let name = &program.resource(*id).name;
            match part {
                Part::Role(_) => format!("{name}_role"),
                Part::Profile(_) => format!("{name}_profile"),
                Part::LogGroup => format!("{name}_logs"),
            }
        }
        Deploy::StepRole(_, step) => format!("{step}_role"),
        Deploy::Machine(id) => format!("{}_arn", program.pipeline(*id).name),
        Deploy::Account => "account".to_owned(),
        Deploy::Region => "region".to_owned(),
        Deploy::Partition => "partition".to_owned(),
        Deploy::StackName => "stack_name".to_owned(),
        Deploy::StackUnique => "stack_unique".to_owned(),
        Deploy::Import(name) => name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect(),
    }
}
