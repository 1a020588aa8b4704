//! What `cost` counts is what happens: held to the simulator, over made-up programs and the examples.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use flowc::backend::{self, asl};
use flowc::cost::assume::{Given, Source};
use flowc::cost::flow::{Flow, Node};
use flowc::cost::ways::{self, Happening};
use flowc::cost::{self, Estimate, Options, Problems};
use flowc::ir::{Program, Type};
use flowc::simulate::call::{Answer, Call, Service};
use flowc::simulate::definition::{Machine, Mode};
use flowc::simulate::event::{Event, EventKind, ExecutionId};
use flowc::simulate::failure::Failure;
use flowc::simulate::log::Log;
use flowc::simulate::object::Objects;
use flowc::simulate::run::{Outcome, Simulation, Status, Validation, World};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::support::compiled;
use crate::support::programs::generate::{Made, programs};

const WORDS: [&str; 3] = ["p", "q", "r"];

/// A function as the services.
struct Answering<'a>(&'a mut dyn FnMut(&Call) -> Option<Answer>);

impl Service for Answering<'_> {
    fn answer(&mut self, call: &Call) -> Option<Answer> {
        (self.0)(call)
    }
}

/// A run, counted.
struct Counted {
    outcome: Outcome,
    log: Log,
}

impl Counted {
    fn of(
        definition: &asl::Definition,
        input: &Value,
        answer: &mut dyn FnMut(&Call) -> Option<Answer>,
    ) -> Self {
        let text = serde_json::to_value(&definition.machine).expect("a definition is JSON");
        let machine = Machine::parse(&text, Mode::Standard).expect("the service takes it");
        let mut simulation = Simulation::new(&machine);
        simulation.settings.validation = Validation::None;
        simulation.settings.limits.history = None;
        let mut log = Log::default();
        let world = World {
            service: &mut Answering(answer),
            objects: &mut Objects::default(),
            guard: None,
            observer: &mut log,
        };
        let outcome = simulation.run(input.clone(), world).expect("it ends");
        Self { outcome, log }
    }

    /// Nothing failed, not even something that was handled.
    fn is_good(&self) -> bool {
        let failed = |event: &Event| {
            matches!(
                event.kind,
                EventKind::Retrying { .. } | EventKind::Caught { .. }
            )
        };
        self.outcome.status == Status::Succeeded && !self.log.events.iter().any(failed)
    }
}

/// How often each thing happened.
fn happenings(flow: &Flow, log: &Log) -> BTreeMap<Happening, f64> {
    let mut counts = BTreeMap::new();
    let mut count = |happening: Happening, by: f64| *counts.entry(happening).or_default() += by;
    let mut left: BTreeMap<(ExecutionId, u64), String> = BTreeMap::new();
    let mut entered: BTreeMap<String, f64> = BTreeMap::new();
    let mut begun: BTreeMap<String, f64> = BTreeMap::new();
    let mut went_on: BTreeMap<String, f64> = BTreeMap::new();
    let mut retried: BTreeMap<String, f64> = BTreeMap::new();
    for event in &log.events {
        match &event.kind {
            EventKind::StateExited { name, .. } => {
                left.insert((event.execution, event.id), name.to_string());
            }
            EventKind::StateEntered { name, .. } => {
                let to = name.to_string();
                *entered.entry(to.clone()).or_default() += 1.0;
                match left.get(&(event.execution, event.previous)) {
                    Some(from) if is_beside(flow, from, &to) => {
                        *went_on.entry(from.clone()).or_default() += 1.0;
                        let from = from.clone();
                        count(Happening::Taken { from, to }, 1.0);
                    }
                    _ => *begun.entry(to).or_default() += 1.0,
                }
            }
            EventKind::Retrying { name, .. } => {
                let state = name.to_string();
                *retried.entry(state.clone()).or_default() += 1.0;
                count(Happening::Retried { state }, 1.0);
            }
            _ => {}
        }
    }
    let of = |map: &BTreeMap<String, f64>, name: &str| map.get(name).copied().unwrap_or_default();
    for_each_node(flow, &mut |node, _| {
        let state = node.name.to_owned();
        count(
            Happening::Stopped {
                state: state.clone(),
            },
            of(&entered, &state) - of(&went_on, &state),
        );
        for inside in &node.inside {
            let first = inside.nodes[inside.start].name;
            let runs = of(&begun, first);
            if matches!(node.state, asl::state::State::Map(_)) {
                count(Happening::Item { map: state.clone() }, runs);
            } else {
                let due = of(&entered, &state) + of(&retried, &state);
                let state = first.to_owned();
                count(Happening::Unbegun { state }, due - runs);
            }
        }
    });
    counts
}

fn for_each_node<'f>(flow: &'f Flow<'f>, visit: &mut dyn FnMut(&'f Node<'f>, &'f Flow<'f>)) {
    for node in &flow.nodes {
        visit(node, flow);
        node.inside
            .iter()
            .for_each(|inside| for_each_node(inside, visit));
    }
}

/// Whether both states are of one flow: what follows an iteration in the history may begin another.
fn is_beside(flow: &Flow, one: &str, other: &str) -> bool {
    let has = |flow: &Flow, name: &str| flow.nodes.iter().any(|node| node.name == name);
    has(flow, one) && has(flow, other)
        || (flow.nodes.iter())
            .flat_map(|node| &node.inside)
            .any(|inside| is_beside(inside, one, other))
}

/// The estimate with what the run was like in place of what is assumed; None where a size has no one value.
fn estimate_as_run(
    program: &Program,
    definitions: &[asl::Definition],
    at: usize,
    log: &Log,
) -> Option<Estimate> {
    let flow = Flow::of_machine(&definitions[at].machine);
    let counts = happenings(&flow, log);
    let known = cost::estimate_default(program, definitions).remove(at);
    let entries = |state: &str| {
        let entered = log.entered().filter(|name| *name == state).count();
        entered as f64
    };
    let mut values: BTreeMap<String, f64> = BTreeMap::new();
    let mut set = |name: &str, value: f64| {
        let known = values.insert(name.to_owned(), value);
        known.is_none_or(|known| known == value)
    };
    for (map, formula) in &known.sizes.items {
        let runs = counts.get(&Happening::Item { map: map.clone() });
        let times = entries(map);
        let [size] = formula.sizes()[..] else {
            continue;
        };
        if times == 0.0 {
            continue;
        }
        let average = runs.copied().unwrap_or_default() / times;
        let name = &known.sizes.all[size.0 as usize].name;
        let is_one = match name
            .strip_prefix("ceil(")
            .and_then(|rest| rest.split_once(" / "))
        {
            None => set(name, average),
            Some((name, size)) => {
                let size: f64 = size.trim_end_matches(')').parse().expect("a number");
                average.fract() == 0.0 && set(name, average * size)
            }
        };
        if !is_one {
            return None;
        }
    }
    let mut is_one = true;
    for_each_node(&flow, &mut |node, flow| {
        let Some(round) = flow
            .loops
            .iter()
            .find(|l| flow.nodes[l.header].name == node.name)
        else {
            return;
        };
        let back: f64 = round
            .tails
            .iter()
            .map(|tail| {
                let happening = Happening::Taken {
                    from: flow.nodes[*tail].name.to_owned(),
                    to: node.name.to_owned(),
                };
                counts.get(&happening).copied().unwrap_or_default()
            })
            .sum();
        let came = entries(node.name) - back;
        if came > 0.0 {
            let size = known.sizes.rounds[node.name];
            is_one &= set(&known.sizes.all[size.0 as usize].name, back / came);
        }
    });
    if !is_one {
        return None;
    }
    let given = values
        .into_iter()
        .map(|(name, value)| Given {
            name,
            value: format!("{value}"),
            source: Source::Given,
        })
        .collect();
    let options = Options {
        given,
        ..Options::default()
    };
    match cost::estimate(program, definitions, &options) {
        Ok(mut estimates) => Some(estimates.remove(at)),
        Err(Problems(problems)) => panic!("{problems:?}"),
    }
}

/// Calls of made-up programs answer what the seed decides.
fn made_answer(seed: u64, fails: bool) -> impl FnMut(&Call) -> Option<Answer> {
    let mut random = seed;
    move |_| {
        let mut draw = |below: u64| {
            random = random
                .wrapping_mul(0x5851_F42D_4C95_7F2D)
                .wrapping_add(0x1405_7B7E_F767_814F);
            (random >> 33) % below
        };
        if fails && draw(4) == 0 {
            let error = ["App.A", "App.B", "App.C"][draw(3) as usize];
            return Some(Answer::fail(Failure::new(error, "made up")));
        }
        let xs: Vec<u64> = (0..draw(4)).map(|_| draw(5)).collect();
        let word = WORDS[draw(3) as usize];
        let payload = json!({ "n": draw(5), "b": draw(2) == 1, "s": word, "xs": xs });
        Some(Answer::succeed(
            json!({ "StatusCode": 200, "Payload": payload }),
        ))
    }
}

fn check_exact(definition: &asl::Definition, counted: &Counted) -> Result<(), TestCaseError> {
    let flow = Flow::of_machine(&definition.machine);
    let counts = happenings(&flow, &counted.log);
    let exact = ways::exact(&flow, &[]);
    let count = |happening: &Happening| counts.get(happening).copied().unwrap_or_default();
    let transitions = counted.outcome.transitions as f64;
    prop_assert_eq!(exact.evaluate(&count), transitions, "{:#?}", exact);
    Ok(())
}

/// The bounds hold; where both are one formula, it is the count. Whether they are.
fn check_bounds(estimate: &Estimate, counted: &Counted) -> Result<bool, TestCaseError> {
    let close = |bound: f64| bound * 1e-9 + 1e-9;
    let pairs = [
        (&estimate.transitions, counted.outcome.transitions),
        (&estimate.events, counted.outcome.events),
    ];
    for (bounds, count) in pairs {
        let count = count as f64;
        let range = estimate.range(bounds);
        let shown = [&bounds.low, &bounds.high].map(|formula| formula.text(&estimate.sizes.all));
        prop_assert!(
            range.low <= count + close(count) && count <= range.high + close(range.high),
            "{} … {} = {} … {}, and it was {count}",
            shown[0],
            shown[1],
            range.low,
            range.high
        );
    }
    Ok(estimate.transitions.low == estimate.transitions.high)
}

/// How much was compared.
#[derive(Default)]
struct Compared {
    failing: Cell<u32>,
    bounds: Cell<u32>,
    formulas: Cell<u32>,
}

fn check_made(
    made: &Made,
    input: &Value,
    seed: u64,
    fails: bool,
    compared: &Compared,
) -> Result<(), TestCaseError> {
    let text = made.0.to_string();
    let program = compiled::compile(&text).map_err(TestCaseError::fail)?;
    let definitions = backend::make(&program).definitions;
    let counted = Counted::of(&definitions[0], input, &mut made_answer(seed, fails));
    check_exact(&definitions[0], &counted)?;
    let count = |what: &Cell<u32>| what.set(what.get() + 1);
    if !counted.is_good() {
        count(&compared.failing);
    } else if let Some(estimate) = estimate_as_run(&program, &definitions, 0, &counted.log) {
        count(&compared.bounds);
        if check_bounds(&estimate, &counted)? {
            count(&compared.formulas);
        }
    }
    Ok(())
}

#[test]
fn transitions_of_made_up_programs_are_those_that_happen() {
    let config = ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        cases: 200,
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::default()
    };
    let numbers = proptest::collection::vec(0i64..4, 0..4);
    let inputs = (0i64..4, 0usize..3, numbers)
        .prop_map(|(a, w, xs)| json!({ "a": a, "w": WORDS[w], "xs": xs }));
    let compared = Compared::default();
    let strategy = (programs(), inputs, any::<u64>(), any::<bool>());
    TestRunner::new(config)
        .run(&strategy, |(made, input, seed, fails)| {
            check_made(&made, &input, seed, fails, &compared)
        })
        .unwrap_or_else(|error| panic!("{error}"));
    // Else it would say little.
    let counts = [&compared.failing, &compared.bounds, &compared.formulas];
    let [failing, bounds, formulas] = counts.map(Cell::get);
    assert!(
        failing > 40 && bounds > 40 && formulas > 20,
        "{failing} {bounds} {formulas}"
    );
}

const SIZED: &str = r#"
function list = "list" returns { parts: [string], pages: int }
function work = "work" returns { files: [string], left: int }
job load = "load"

pipeline sized(days: [string]) {
  step parts = list({})
  step ready = poll work({}) until result.left == 0 every 30s timeout 2h
  step run = glue.startJobRun(JobName: load) timeout 1h

  flow parts
    -> ready
    -> map(part in parts.parts, 10) { w = work({ part }) -> map(file in w.files, 5) { work({ file }) -> work({ file }) } }
    -> map(day in days, 2) distributed { work({ day }) -> run }
    -> let left = parts.pages
    -> while left > 0 { work({ left }) -> set left = left - 1 }
    -> parallel { a { work({}) -> work({}) } b { run } }
}
"#;

/// So many of each.
fn check_sized(parts: usize, files: usize, days: usize, waits: usize, pages: usize) {
    let program = compiled::compile(SIZED).unwrap_or_else(|problems| panic!("{problems}"));
    let definitions = backend::make(&program).definitions;
    let names = |count: usize| vec!["x"; count];
    let mut polled = 0;
    let mut answer = |call: &Call| {
        let state = &*call.state;
        let payload = match state {
            "parts" => json!({ "parts": names(parts), "pages": pages }),
            "ready" => {
                polled += 1;
                json!({ "files": [], "left": waits + 1 - polled })
            }
            _ => json!({ "files": names(files), "left": 0 }),
        };
        Some(Answer::succeed(match state.starts_with("run") {
            true => json!({ "JobName": "load" }),
            false => json!({ "StatusCode": 200, "Payload": payload }),
        }))
    };
    let counted = Counted::of(
        &definitions[0],
        &json!({ "days": names(days) }),
        &mut answer,
    );
    assert_eq!(counted.outcome.status, Status::Succeeded);
    check_exact(&definitions[0], &counted).expect("the exact count");
    let given = format!(
        "parts={parts},files={files},days={days},ready.waits={waits},while.repeats={pages}"
    );
    let options = Options {
        given: Given::parse(&given).expect("well written"),
        ..Options::default()
    };
    let options = match cost::estimate(&program, &definitions, &options) {
        Ok(_) => options,
        Err(problems) => panic!("{problems:?}"),
    };
    let estimate = cost::estimate(&program, &definitions, &options)
        .expect("as before")
        .remove(0);
    assert!(check_bounds(&estimate, &counted).expect("the bounds"));
}

#[test]
fn a_formula_counts_maps_polls_loops_and_children() {
    for (parts, files, days, waits, pages) in [
        (1, 1, 1, 0, 0),
        (0, 0, 0, 0, 1),
        (3, 4, 5, 6, 7),
        (12, 1, 40, 2, 3),
    ] {
        check_sized(parts, files, days, waits, pages);
    }
}

/// What stands inside of many loops and maps is added up once.
#[test]
fn loops_in_loops_in_maps_are_added_up_in_no_time() {
    let mut flow = "work({})".to_owned();
    for depth in 0..24 {
        flow = match depth % 2 {
            0 => format!("while n > {depth} {{ {flow} -> set n = n - 1 }}"),
            _ => format!("map(x{depth} in xs, 2) {{ let n = 9 -> {flow} }}"),
        };
    }
    let text =
        format!("function work = \"work\"\npipeline p(xs: [int]) {{ flow let n = 9 -> {flow} }}");
    let program = compiled::compile(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let definitions = backend::make(&program).definitions;
    let start = std::time::Instant::now();
    let estimate = cost::estimate_default(&program, &definitions).remove(0);
    assert!(estimate.range(&estimate.transitions).high > 1e12);
    let took = start.elapsed();
    assert!(took.as_secs() < 5, "{took:?}");
}

/// Express children are billed by requests and durations, not by transitions.
#[test]
fn the_states_of_express_children_are_no_transitions() {
    let text = "function work = \"work\"
pipeline p(rows: [int]) {
  flow work({}) -> map(row in rows, 5) distributed express batch 2 { work({ row }) -> work({ row }) } -> work({})
}";
    let program = compiled::compile(text).unwrap_or_else(|problems| panic!("{problems}"));
    let definitions = backend::make(&program).definitions;
    let mut answer = |_: &Call| Some(Answer::succeed(json!({ "StatusCode": 200, "Payload": {} })));
    let counted = Counted::of(
        &definitions[0],
        &json!({ "rows": [1, 2, 3, 4, 5] }),
        &mut answer,
    );
    let entered = |is_parent: bool| {
        let events = counted.log.events.iter();
        let states = events.filter(|e| matches!(e.kind, EventKind::StateEntered { .. }));
        states
            .filter(|event| (event.execution == ExecutionId(0)) == is_parent)
            .count() as f64
    };
    let options = Options {
        given: Given::parse("rows=5").expect("well written"),
        ..Options::default()
    };
    let estimate = cost::estimate(&program, &definitions, &options)
        .unwrap_or_else(|problems| panic!("{problems:?}"))
        .remove(0);
    assert_eq!(estimate.range(&estimate.transitions).high, entered(true));
    let inside = estimate
        .calls
        .iter()
        .filter(|calls| calls.state.starts_with("work-"));
    let inside: f64 = inside.map(|calls| estimate.range(&calls.count).high).sum();
    assert_eq!(
        inside - 1.0,
        entered(false),
        "less the last call of the parent"
    );
    let three = flowc::cost::price::prices().express.request * 3.0;
    assert!(estimate.children.low > three);
}

/// A value of a parameter's type.
fn value_of(ty: &Type) -> Value {
    match ty {
        Type::Int | Type::Number => json!(2),
        Type::Bool => json!(true),
        Type::Timestamp => json!("2026-01-01T00:00:00Z"),
        Type::List(element) => json!([value_of(element), value_of(element)]),
        Type::Object(object) => {
            let fields = object.fields.iter();
            fields
                .map(|field| (field.name.clone(), value_of(&field.ty)))
                .collect()
        }
        Type::Enum(words) => json!(words.values[0]),
        _ => json!("a"),
    }
}

/// The examples, with answers made of the results' types.
#[test]
fn transitions_of_the_examples_are_those_that_happen() {
    let mut compared = Vec::new();
    for entry in std::fs::read_dir("examples").expect("a folder") {
        let path = entry.expect("an entry").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "flow")
        {
            check_example(&path, &mut compared);
        }
    }
    assert!(compared.len() > 15, "only {compared:?}");
}

fn check_example(path: &Path, compared: &mut Vec<String>) {
    let program = compiled::compile_file(path).unwrap_or_else(|problems| panic!("{problems}"));
    let definitions = backend::make(&program).definitions;
    for (at, (pipeline, definition)) in program.pipelines.iter().zip(&definitions).enumerate() {
        let params = pipeline.params.iter();
        let input: serde_json::Map<String, Value> = params
            .map(|param| pipeline.variable(param.variable))
            .map(|variable| (variable.name.clone(), value_of(&variable.ty)))
            .collect();
        let counted = Counted::of(definition, &Value::Object(input), &mut |_| None);
        let place = format!("{}: {}", path.display(), pipeline.name);
        check_exact(definition, &counted).unwrap_or_else(|e| panic!("{place}: {e}"));
        if counted.is_good()
            && let Some(estimate) = estimate_as_run(&program, &definitions, at, &counted.log)
        {
            check_bounds(&estimate, &counted).unwrap_or_else(|e| panic!("{place}: {e}"));
            compared.push(pipeline.name.clone());
        }
    }
}
