//! What runs of a pipeline cost: counted on the generated definition, which is what is billed.
//!
//! State transitions are a formula of what the source leaves open; so are the events of the history. Where a run can go
//! more than one way, both ends are given: the cheapest way and the dearest one of those on which nothing fails. Billing
//! rules and prices: <https://aws.amazon.com/step-functions/pricing/>, and each service's own page.

pub mod assume;
mod express;
pub mod flow;
pub mod formula;
pub mod price;
pub mod report;
mod schedule;
mod service;
mod size;
pub mod ways;

use std::collections::{BTreeMap, HashMap};

use crate::backend::asl::Definition;
use crate::backend::asl::state::{self, State};
use crate::diagnostic::find_nearest;
use crate::ir::{Pipeline, PipelineId, Program, Target};
use assume::{Assumption, Assumptions, Given, Question, Unit};
use flow::{Flow, Node, Sum};
use formula::{Bounds, Formula, Size};
use price::{DEFAULT_REGION, Prices, prices};
use service::Services;
use size::Stages;

pub use express::Obstacle;
pub use service::Priced;
pub use size::Sizes;

/// What is known beside the program.
#[derive(Clone, Debug)]
pub struct Options {
    pub region: String,
    /// Names and values that hold instead of the defaults.
    pub given: Vec<Given>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            region: DEFAULT_REGION.to_owned(),
            given: Vec::new(),
        }
    }
}

/// A number of the cheapest way and one of the dearest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    pub fn exactly(value: f64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    pub fn is_exact(self) -> bool {
        self.low == self.high
    }

    pub fn map(self, change: impl Fn(f64) -> f64) -> Self {
        Self {
            low: change(self.low),
            high: change(self.high),
        }
    }

    pub fn plus(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            high: self.high + other.high,
        }
    }
}

/// What runs of one pipeline cost.
#[derive(Clone, Debug)]
pub struct Estimate {
    pub pipeline: String,
    /// Its mode as written.
    pub express: bool,
    pub region: String,
    /// Runs a month.
    pub runs: f64,
    pub sizes: Sizes,
    pub assumptions: Vec<Assumption>,
    /// Of a run, with those of the child executions that are standard.
    pub transitions: Bounds,
    /// Events in the history of a run itself.
    pub events: Bounds,
    /// Those of a child execution, by the distributed map.
    pub child_events: BTreeMap<String, Bounds>,
    /// How long a run takes.
    pub seconds: Range,
    /// Executions of distributed maps that are express: their requests and durations.
    pub children: Range,
    pub calls: Vec<Calls>,
    /// Dollars that the services themselves take for a run.
    pub services: Range,
    /// Dollars a run as a standard machine, without the services'.
    pub standard: Range,
    /// Dollars a run as an express machine; why it cannot be one.
    pub as_express: Result<Range, Vec<Obstacle>>,
    /// GB-hours of a run as an express machine.
    pub gb_hours: Range,
    /// What else may happen, and what that adds: see [`add_ways`].
    pub ways: Vec<ways::Way>,
}

/// All calls of a state in a run.
#[derive(Clone, Debug)]
pub struct Calls {
    pub state: String,
    pub count: Bounds,
    pub price: Priced,
}

impl Estimate {
    /// Dollars a run in its own mode, the services' included.
    pub fn run(&self) -> Range {
        self.machine().plus(self.children).plus(self.services)
    }

    /// Dollars a month in its own mode, the services' included.
    pub fn month(&self) -> Range {
        let rest = self.children.plus(self.services);
        let rest = rest.map(|dollars| dollars * self.runs);
        rest.plus(self.machine_month(self.express))
    }

    /// What the machine itself takes a month.
    pub fn machine_month(&self, express: bool) -> Range {
        if express {
            let table = &prices().express;
            let duration = |gb_hours: f64| table.duration(gb_hours * self.runs);
            let duration = self.gb_hours.map(duration);
            duration.map(|dollars| dollars + table.request * self.runs)
        } else {
            self.standard.map(|dollars| dollars * self.runs)
        }
    }

    /// The transitions as people read them: of the cheapest way, and of the dearest where it is another.
    pub fn formulas(&self) -> (String, Option<String>) {
        let Bounds { low, high } = &self.transitions;
        let text = |formula: &Formula| formula.text(&self.sizes.all);
        (text(low), (low != high).then(|| text(high)))
    }

    /// Dollars a run that the machine itself takes, in its own mode.
    pub fn machine(&self) -> Range {
        if self.express {
            let table = &prices().express;
            let tier = table.tiers.first().map_or(0.0, |tier| tier.price);
            self.gb_hours
                .map(|gb_hours| table.request + gb_hours * tier)
        } else {
            self.standard
        }
    }

    /// With what is assumed.
    pub fn range(&self, bounds: &Bounds) -> Range {
        range(bounds, &self.sizes.all)
    }
}

fn range(bounds: &Bounds, sizes: &[Size]) -> Range {
    Range {
        low: bounds.low.value(sizes),
        high: bounds.high.value(sizes),
    }
}

/// What is wrong with what was given: sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

/// The cost of all pipelines of a program, in their order. The definitions are theirs, in that order.
pub fn estimate(
    program: &Program,
    definitions: &[Definition],
    options: &Options,
) -> Result<Vec<Estimate>, Problems> {
    let prices = prices();
    let Some(transition) = prices.transition.get(&options.region) else {
        let known: Vec<String> = prices.transition.keys().map(|r| format!("`{r}`")).collect();
        return Err(Problems(vec![format!(
            "no prices are known of the region `{}`; there are those of {}",
            options.region,
            known.join(", ")
        )]));
    };
    let mut estimator = Estimator {
        program,
        definitions,
        options,
        prices,
        transition: *transition,
        done: HashMap::new(),
        open: Vec::new(),
        problems: Vec::new(),
        names: Vec::new(),
        read: Vec::new(),
    };
    let ids = (0u32..).map(PipelineId).take(definitions.len());
    let mut estimates = Vec::new();
    for id in ids {
        estimates.extend(estimator.pipeline(id));
    }
    estimator.check_names();
    if estimator.problems.is_empty() {
        Ok(estimates)
    } else {
        estimator.problems.dedup();
        Err(Problems(estimator.problems))
    }
}

/// The cost of all pipelines with nothing given: what two versions of a program are compared by.
pub fn estimate_default(program: &Program, definitions: &[Definition]) -> Vec<Estimate> {
    estimate(program, definitions, &Options::default()).unwrap_or_default()
}

/// Says of each estimate what else may happen. The definitions are theirs, in their order.
pub fn add_ways(estimates: &mut [Estimate], definitions: &[Definition]) {
    for (estimate, definition) in estimates.iter_mut().zip(definitions) {
        let flow = Flow::of_machine(&definition.machine);
        estimate.ways = ways::others(&flow, definition, &estimate.sizes.all);
    }
}

struct Estimator<'a> {
    program: &'a Program,
    definitions: &'a [Definition],
    options: &'a Options,
    prices: &'static Prices,
    /// Dollars each.
    transition: f64,
    done: HashMap<PipelineId, Estimate>,
    /// Those that are being estimated: a pipeline may start itself.
    open: Vec<PipelineId>,
    problems: Vec<String>,
    names: Vec<String>,
    read: Vec<usize>,
}

impl Estimator<'_> {
    /// None while it is being estimated.
    fn pipeline(&mut self, id: PipelineId) -> Option<Estimate> {
        if let Some(done) = self.done.get(&id) {
            return Some(done.clone());
        }
        if self.open.contains(&id) {
            return None;
        }
        self.open.push(id);
        let pipeline = self.program.pipeline(id);
        let definition = self.definitions.get(id.0 as usize)?;
        let mut assumptions = Assumptions::new(&pipeline.name, &self.options.given);
        let estimate = self.estimate(pipeline, definition, &mut assumptions);
        self.problems.append(&mut assumptions.problems);
        self.read.append(&mut assumptions.read);
        for name in assumptions.names {
            self.names.push(format!("{}.{name}", pipeline.name));
            self.names.push(name);
        }
        self.open.pop();
        self.done.insert(id, estimate.clone());
        Some(estimate)
    }

    fn estimate(
        &mut self,
        pipeline: &Pipeline,
        definition: &Definition,
        assumptions: &mut Assumptions,
    ) -> Estimate {
        let runs = schedule::runs(pipeline);
        let runs = assumptions.ask(Question {
            name: "runs",
            unit: Unit::Rate,
            default: runs.unwrap_or(30.0),
            known: runs.is_some(),
            most: 1e12,
            what: "executions of the pipeline".to_owned(),
        });
        let stages = Stages::of(pipeline);
        let mut flow = Flow::of_machine(&definition.machine);
        let mut sizes = size::settle(&mut flow, pipeline, definition, &stages, assumptions);
        let retries = self.retries(&flow, &mut sizes, assumptions);
        let mut calls = self.calls(&flow, definition, &stages, assumptions);
        let obstacles = express::obstacles(&flow);
        let seconds = range(&seconds(&flow, &sizes, &calls), &sizes.all);
        let transitions = transitions(&flow, &sizes).then(&Bounds::exactly(retries));
        let services = range(&services(&flow, &sizes, &calls), &sizes.all);
        for call in &mut calls {
            call.count = visits(&flow, &call.state, &sizes);
        }
        let children = self.children(&flow, definition, &sizes, &calls, assumptions);
        let memory = if obstacles.is_empty() || pipeline.settings.express {
            express::megabytes(&flow, definition, assumptions)
        } else {
            0.0
        };
        let express = &self.prices.express;
        let gb_hours = seconds.map(|seconds| express.gb_hours(seconds, memory));
        let tier = express.tiers.first().map_or(0.0, |tier| tier.price);
        let as_express = express::check(obstacles, seconds)
            .map(|()| gb_hours.map(|gb_hours| express.request + gb_hours * tier));
        Estimate {
            pipeline: pipeline.name.clone(),
            express: pipeline.settings.express,
            region: self.options.region.clone(),
            runs,
            standard: range(&transitions, &sizes.all).map(|count| count * self.transition),
            transitions,
            events: events(&flow, &sizes).then(&Bounds::constant(2.0)),
            child_events: child_events(&flow, &sizes),
            seconds,
            children,
            calls,
            services,
            as_express,
            gb_hours,
            ways: Vec::new(),
            assumptions: std::mem::take(&mut assumptions.all),
            sizes,
        }
    }

    /// Retries in a run; nothing where no state has any, or nobody assumes some.
    fn retries(&self, flow: &Flow, sizes: &mut Sizes, assumptions: &mut Assumptions) -> Formula {
        fn any(flow: &Flow) -> bool {
            let tries = |node: &Node| {
                let handling = match node.state {
                    State::Task(task) => &task.handling,
                    State::Map(map) => &map.handling,
                    State::Parallel(parallel) => &parallel.handling,
                    _ => return node.inside.iter().any(any),
                };
                !handling.retry.is_empty() || node.inside.iter().any(any)
            };
            flow.nodes.iter().any(tries)
        }
        if !any(flow) {
            return Formula::default();
        }
        let retries = assumptions.ask(Question {
            name: "retries",
            unit: Unit::Count,
            default: 0.0,
            known: false,
            most: 1e9,
            what: "calls in a run that are tried again, each a transition".to_owned(),
        });
        if retries == 0.0 {
            return Formula::default();
        }
        sizes.all.push(Size {
            name: "retries".to_owned(),
            value: retries,
        });
        Formula::size(formula::SizeId(sizes.all.len() as u32 - 1))
    }

    /// Every call, priced; not yet counted.
    fn calls(
        &mut self,
        flow: &Flow,
        definition: &Definition,
        stages: &Stages,
        assumptions: &mut Assumptions,
    ) -> Vec<Calls> {
        let mut all = Vec::new();
        for node in &flow.nodes {
            for inside in &node.inside {
                all.extend(self.calls(inside, definition, stages, assumptions));
            }
            if !matches!(node.state, State::Task(_)) {
                continue;
            }
            let origin = definition.origins.get(node.name);
            let Some(call) = origin.and_then(|origin| stages.call(origin)) else {
                continue;
            };
            let price = match call.target {
                Target::Pipeline(id) => self.child(id, call),
                _ => Services {
                    program: self.program,
                    prices: self.prices,
                    assumptions,
                }
                .price(node.name, call),
            };
            all.push(Calls {
                state: node.name.to_owned(),
                count: Bounds::default(),
                price,
            });
        }
        all
    }

    /// An execution of another pipeline.
    fn child(&mut self, id: PipelineId, call: &crate::ir::Call) -> Priced {
        let child = self.pipeline(id);
        let awaits = call.form.pattern == crate::catalog::Pattern::Sync
            || call.operation.name == "startSyncExecution";
        Priced {
            operation: format!("pipeline {}", self.program.pipeline(id).name),
            price: child.as_ref().map(Estimate::run),
            how: "its own price, below".to_owned(),
            unverified: false,
            seconds: match &child {
                Some(child) if awaits => child.seconds.high,
                _ => 0.1,
            },
        }
    }

    /// What express child executions of distributed maps take: each a request and its duration.
    fn children(
        &self,
        flow: &Flow,
        definition: &Definition,
        sizes: &Sizes,
        calls: &[Calls],
        assumptions: &mut Assumptions,
    ) -> Range {
        let mut prices: HashMap<&str, Range> = HashMap::new();
        let mut open: Vec<&Flow> = vec![flow];
        while let Some(flow) = open.pop() {
            for node in &flow.nodes {
                open.extend(&node.inside);
                if kind(node) != (MapKind::Distributed { express: true }) {
                    continue;
                }
                let express = &self.prices.express;
                let memory = express::megabytes(&node.inside[0], definition, assumptions);
                let seconds = range(&seconds(&node.inside[0], sizes, calls), &sizes.all);
                let tier = express.tiers.first().map_or(0.0, |tier| tier.price);
                let price = seconds
                    .map(|seconds| express.request + express.gb_hours(seconds, memory) * tier);
                prices.insert(node.name, price);
            }
        }
        let sum = Sum::new(
            &sizes.all,
            |_| Bounds::default(),
            |node, inside| match prices.get(node.name) {
                Some(price) => Bounds {
                    low: Formula::constant(price.low),
                    high: Formula::constant(price.high),
                }
                .times(items(node, sizes)),
                None => repeated(node, inside, sizes),
            },
        );
        range(&sum.of(flow), &sizes.all)
    }

    /// A name on the command line that nothing asked for.
    fn check_names(&mut self) {
        for (at, given) in self.options.given.iter().enumerate() {
            let owned = (self.program.pipelines.iter())
                .any(|pipeline| given.name.starts_with(&format!("{}.", pipeline.name)));
            // A configuration holds for many files; what it says of a pipeline must be true of it.
            let matters = given.source == assume::Source::Given || owned;
            if self.read.contains(&at) || !matters {
                continue;
            }
            let names = self.names.iter().map(String::as_str);
            let name = &given.name;
            self.problems.push(match find_nearest(name, names) {
                Some(near) => format!("nothing here depends on `{name}`; did you mean `{near}`?"),
                None => {
                    let mut known: Vec<String> =
                        self.names
                            .iter()
                            .filter(|name| {
                                !self.program.pipelines.iter().any(|pipeline| {
                                    name.starts_with(&format!("{}.", pipeline.name))
                                })
                            })
                            .map(|name| format!("`{name}`"))
                            .collect();
                    known.sort();
                    known.dedup();
                    format!(
                        "nothing here depends on `{name}`; what can be assumed: {}",
                        known.join(", ")
                    )
                }
            });
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MapKind {
    No,
    Inline,
    Distributed { express: bool },
}

fn kind(node: &Node) -> MapKind {
    match node.state {
        State::Map(map) => match &map.item_processor.processor_config {
            Some(state::ProcessorConfig {
                mode: "DISTRIBUTED",
                execution_type,
            }) => MapKind::Distributed {
                express: *execution_type == Some("EXPRESS"),
            },
            _ => MapKind::Inline,
        },
        _ => MapKind::No,
    }
}

/// How often a map's processor runs.
fn items<'s>(node: &Node, sizes: &'s Sizes) -> &'s Formula {
    static NONE: std::sync::LazyLock<Formula> = std::sync::LazyLock::new(Formula::default);
    sizes.items.get(node.name).unwrap_or(&NONE)
}

/// What is inside of a state, as often as it runs.
fn repeated(node: &Node, inside: Vec<Bounds>, sizes: &Sizes) -> Bounds {
    let sum = inside
        .into_iter()
        .fold(Bounds::default(), |sum, flow| sum.then(&flow));
    match node.state {
        State::Map(_) => sum.times(items(node, sizes)),
        _ => sum,
    }
}

/// A transition for each state entered. Those of express children are not billed.
fn transitions(flow: &Flow, sizes: &Sizes) -> Bounds {
    let sum = Sum::new(
        &sizes.all,
        |_| Bounds::constant(1.0),
        |node, inside| match kind(node) {
            MapKind::Distributed { express: true } => Bounds::default(),
            _ => repeated(node, inside, sizes),
        },
    );
    sum.of(flow)
}

/// How often a state is entered.
fn visits(flow: &Flow, state: &str, sizes: &Sizes) -> Bounds {
    let sum = Sum::new(
        &sizes.all,
        |node| Bounds::constant(if node.name == state { 1.0 } else { 0.0 }),
        |node, inside| repeated(node, inside, sizes),
    );
    sum.of(flow)
}

/// Events in the history, without those of its start and its end.
fn events(flow: &Flow, sizes: &Sizes) -> Bounds {
    let sum = Sum::new(
        &sizes.all,
        |node| {
            Bounds::constant(match node.state {
                State::Task(task) if waits(&task.resource) => 6.0,
                State::Task(_) => 5.0,
                State::Fail(_) => 1.0,
                State::Parallel(_) => 4.0,
                State::Map(_) if kind(node) != MapKind::Inline => 6.0,
                State::Map(_) => 4.0,
                _ => 2.0,
            })
        },
        |node, inside| match kind(node) {
            MapKind::Distributed { .. } => Bounds::default(),
            MapKind::Inline => {
                let started_and_ended = vec![Bounds::constant(2.0)];
                repeated(node, [inside, started_and_ended].concat(), sizes)
            }
            MapKind::No => repeated(node, inside, sizes),
        },
    );
    sum.of(flow)
}

/// Dollars that the services take for the calls of a flow.
fn services(flow: &Flow, sizes: &Sizes, calls: &[Calls]) -> Bounds {
    let sum = Sum::new(
        &sizes.all,
        |node| match calls.iter().find(|calls| calls.state == node.name) {
            Some(calls) => {
                let price = calls.price.price.unwrap_or_default();
                Bounds {
                    low: Formula::constant(price.low),
                    high: Formula::constant(price.high),
                }
            }
            None => Bounds::default(),
        },
        |node, inside| repeated(node, inside, sizes),
    );
    sum.of(flow)
}

fn child_events(flow: &Flow, sizes: &Sizes) -> BTreeMap<String, Bounds> {
    let mut all = BTreeMap::new();
    for node in &flow.nodes {
        if let MapKind::Distributed { .. } = kind(node) {
            let own = events(&node.inside[0], sizes).then(&Bounds::constant(2.0));
            all.insert(node.name.to_owned(), own);
        }
        for inside in &node.inside {
            all.extend(child_events(inside, sizes));
        }
    }
    all
}

/// Whether a task waits for a job's end or for its token.
fn waits(resource: &str) -> bool {
    resource.contains(".sync") || resource.ends_with(".waitForTaskToken")
}

/// How long a flow takes.
fn seconds(flow: &Flow, sizes: &Sizes, calls: &[Calls]) -> Bounds {
    let sum = Sum::new(
        &sizes.all,
        |node| {
            let own = match node.state {
                State::Task(_) => {
                    let own = calls.iter().find(|calls| calls.state == node.name);
                    own.map_or(0.0, |calls| calls.price.seconds)
                }
                State::Wait(wait) => {
                    let said = wait.seconds.as_ref().and_then(serde_json::Value::as_f64);
                    said.unwrap_or(0.0)
                }
                _ => 0.0,
            };
            Bounds::constant(own)
        },
        |node, inside| match kind(node) {
            MapKind::No => inside
                .into_iter()
                .fold(Bounds::default(), |longest, branch| {
                    longest.beside(&branch, &sizes.all)
                }),
            kind => {
                let most = if kind == MapKind::Inline {
                    40.0
                } else {
                    10_000.0
                };
                let said = sizes.concurrency.get(node.name).copied();
                let at_once = said.filter(|said| *said > 0.0).unwrap_or(most).min(most);
                let turns = (items(node, sizes).value(&sizes.all) / at_once).ceil();
                inside
                    .into_iter()
                    .fold(Bounds::default(), |sum, flow| sum.then(&flow))
                    .times(&Formula::constant(turns))
            }
        },
    );
    sum.of(flow)
}
