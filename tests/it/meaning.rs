//! Made-up programs do, when their definition runs, what they mean.

use std::cell::Cell;
use std::collections::BTreeMap;

use flowc::simulate;
use flowc::simulate::call::{Answer, Call as Called, Service};
use flowc::simulate::definition::Mode;
use flowc::simulate::object::Objects;
use flowc::simulate::run::{Simulation, World};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::support::compiled;
use crate::support::programs::generate::{Made, programs};
use crate::support::programs::reference::{self, Call, Outcome, Raised, Run, are_siblings};
use crate::support::sequential::{Failure, Machine};

const WORDS: [&str; 3] = ["p", "q", "r"];

/// What a call is answered: decided by its place and by how often that was called before.
fn answer(seed: u64, site: usize, count: usize) -> Outcome {
    let mut hash = seed ^ (site as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash = (hash ^ (count as u64 + 1)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash ^= hash >> 29;
    let mut draw = |below: u64| {
        hash = hash.wrapping_mul(0x94D0_49BB_1331_11EB).rotate_left(23);
        (hash >> 33) % below
    };
    if draw(4) == 0 {
        return Err(Raised {
            error: ["App.A", "App.B", "App.C"][draw(3) as usize].to_owned(),
            cause: format!("{site} failed"),
        });
    }
    let xs: Vec<u64> = (0..draw(4)).map(|_| draw(5)).collect();
    let word = WORDS[draw(3) as usize];
    Ok(json!({
        "n": draw(5),
        "b": draw(2) == 1,
        "s": word,
        "xs": xs,
    }))
}

struct Answers {
    seed: u64,
    counts: BTreeMap<usize, usize>,
}

impl Answers {
    fn next(&mut self, site: usize) -> Outcome {
        let count = self.counts.entry(site).or_default();
        *count += 1;
        answer(self.seed, site, *count - 1)
    }
}

/// The place of a call by its state's name: `x.c12-2` is place 12.
fn site(state: &str) -> usize {
    let last = state.rsplit('.').next().unwrap_or(state);
    let number = last
        .split('-')
        .next()
        .unwrap_or(last)
        .trim_start_matches('c');
    number
        .parse()
        .unwrap_or_else(|_| panic!("`{state}` is no place of a call"))
}

fn run_definition(definition: &Value, input: &Value, seed: u64) -> Run {
    let mut answers = Answers {
        seed,
        counts: BTreeMap::new(),
    };
    let mut machine = Machine::new(definition).answering(move |state, _| {
        answers
            .next(site(state))
            .map(|value| json!({ "StatusCode": 200, "Payload": value }))
            .map_err(|raised| Failure {
                error: raised.error,
                cause: raised.cause,
            })
    });
    let outcome = machine.run(input.clone()).map(worded).map_err(|failure| {
        let cause = match failure.error.as_str() {
            reference::EVALUATION => String::new(),
            _ => failure.cause,
        };
        Raised {
            error: failure.error,
            cause,
        }
    });
    let calls: Vec<Call> = machine
        .calls
        .iter()
        .map(|call| (site(&call.state), worded(call.arguments["Payload"].clone())))
        .collect();
    Run { calls, outcome }
}

/// The value without the wording of why an expression has none.
fn worded(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| *item = worded(item.take())),
        Value::Object(members) => {
            if members
                .get("name")
                .is_some_and(|name| name == reference::EVALUATION)
            {
                members.insert("cause".to_owned(), json!(""));
            }
            members
                .values_mut()
                .for_each(|member| *member = worded(member.take()));
        }
        _ => {}
    }
    value
}

fn check(made: &Made, input: &Value, seed: u64) -> Result<(), TestCaseError> {
    let text = made.0.to_string();
    let program = match compiled::compile(&text) {
        Ok(program) => program,
        Err(problems) => return Err(TestCaseError::fail(problems)),
    };
    let (_, definition) = compiled::definitions(&program).remove(0);
    let mut answers = Answers {
        seed,
        counts: BTreeMap::new(),
    };
    let Some(meant) = reference::run(&made.0, input, &mut |site, _| answers.next(site)) else {
        return Ok(());
    };
    let done = run_definition(&definition, input, seed);
    prop_assert_eq!(&done, &meant, "{:#}", definition);
    Ok(())
}

/// A call by its place, the items that were worked on, and how often it was made before for them.
type Key = (usize, Vec<usize>, usize);

/// Answers that do not depend on which of several flows is faster.
struct PathAnswers {
    seed: u64,
    counts: BTreeMap<(usize, Vec<usize>), usize>,
    keys: Vec<Key>,
    calls: Vec<Value>,
}

impl PathAnswers {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            counts: BTreeMap::new(),
            keys: Vec::new(),
            calls: Vec::new(),
        }
    }

    fn next(&mut self, site: usize, indexes: &[usize], payload: &Value) -> Outcome {
        let count = self.counts.entry((site, indexes.to_vec())).or_default();
        let key = (site, indexes.to_vec(), *count);
        *count += 1;
        let seed = indexes.iter().fold(self.seed, |seed, index| {
            seed.rotate_left(7) ^ (*index as u64 + 1)
        });
        let given = answer(seed, site, key.2);
        self.keys.push(key);
        self.calls.push(worded(payload.clone()));
        given
    }
}

impl Service for PathAnswers {
    fn answer(&mut self, call: &Called) -> Option<Answer> {
        let mut indexes = Vec::new();
        let mut next = call.iteration.as_deref();
        while let Some(iteration) = next {
            indexes.insert(0, iteration.index);
            next = iteration.outer.as_deref();
        }
        let payload = &call.arguments.json()["Payload"];
        Some(match self.next(site(&call.state), &indexes, payload) {
            Ok(value) => Answer::succeed(json!({ "StatusCode": 200, "Payload": value })),
            Err(raised) => {
                Answer::fail(simulate::failure::Failure::new(raised.error, raised.cause))
            }
        })
    }
}

/// In the simulator branches and items run at once. What is compared is what that leaves alone: the result, the calls, and
/// the order of any two that do not stand in flows beside each other. The number of those that do; None when nothing can
/// be compared.
fn check_at_once(made: &Made, input: &Value, seed: u64) -> Result<Option<usize>, TestCaseError> {
    let text = made.0.to_string();
    let program = compiled::compile(&text).map_err(TestCaseError::fail)?;
    let (_, definition) = compiled::definitions(&program).remove(0);
    let mut meant = PathAnswers::new(seed);
    let traced = reference::run_traced(&made.0, input, &mut |site, indexes, payload| {
        meant.next(site, indexes, payload)
    });
    let Some(traced) = traced.filter(|traced| !traced.cut_short) else {
        return Ok(None);
    };
    let flows = &traced.flows;
    let count = flows.len();
    for a in 0..count {
        for b in a + 1..count {
            // A step that two branches use: nothing tells its calls apart.
            let same = meant.keys[a].0 == meant.keys[b].0 && meant.keys[a].1 == meant.keys[b].1;
            if same && are_siblings(&flows[a], &flows[b]) {
                return Ok(None);
            }
        }
    }

    let machine = simulate::definition::Machine::parse(&definition, Mode::Standard)
        .map_err(|refusals| TestCaseError::fail(format!("{refusals:?}")))?;
    let mut done = PathAnswers::new(seed);
    let ran = Simulation::new(&machine).run(
        input.clone(),
        World {
            service: &mut done,
            objects: &mut Objects::default(),
            guard: None,
            observer: &mut (),
        },
    );
    let ran = ran.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let outcome = match (ran.output, ran.failure) {
        (Some(output), _) => Ok(worded(output)),
        (None, failure) => {
            let failure = failure.unwrap_or_default();
            let error = failure.name().to_owned();
            let cause = match error.as_str() {
                reference::EVALUATION => String::new(),
                _ => failure.cause.unwrap_or_default(),
            };
            Err(Raised { error, cause })
        }
    };
    prop_assert_eq!(&outcome, &traced.run.outcome, "{:#}", definition);

    let places: BTreeMap<&Key, usize> = done.keys.iter().zip(0..).collect();
    prop_assert_eq!(places.len(), count, "{:#}", definition);
    for (key, call) in meant.keys.iter().zip(&meant.calls) {
        let place = places.get(key).copied();
        let found = place.map(|place| &done.calls[place]);
        prop_assert_eq!(found, Some(call), "{:?} {:#}", key, definition);
    }
    let mut at_once = 0;
    for a in 0..count {
        for b in a + 1..count {
            if are_siblings(&flows[a], &flows[b]) {
                at_once += 1;
                continue;
            }
            let in_order = places[&meant.keys[a]] < places[&meant.keys[b]];
            prop_assert!(
                in_order,
                "{:?} comes after {:?}: {:#}",
                meant.keys[a],
                meant.keys[b],
                definition
            );
        }
    }
    Ok(Some(at_once))
}

fn config() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        cases: 200,
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_definition_does_what_its_program_means(
        made in programs(),
        seed in any::<u64>(),
        a in 0i64..4,
        w in 0usize..3,
        xs in proptest::collection::vec(0i64..4, 0..4),
    ) {
        let input = json!({ "a": a, "w": WORDS[w], "xs": xs });
        check(&made, &input, seed)?;
    }
}

#[test]
fn so_it_does_in_the_simulator_where_branches_run_at_once() {
    let inputs = (0i64..4, 0usize..3, proptest::collection::vec(0i64..4, 0..4));
    // Of most programs nothing runs at once, or a failure cuts it short.
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 600,
        ..config()
    });
    // Pairs of calls that flows beside each other made: without any, nothing ran at once.
    let compared = Cell::new(0);
    let siblings = Cell::new(0);
    runner
        .run(
            &(programs(), any::<u64>(), inputs),
            |(made, seed, (a, w, xs))| {
                let input = json!({ "a": a, "w": WORDS[w], "xs": xs });
                if let Some(at_once) = check_at_once(&made, &input, seed)? {
                    compared.set(compared.get() + 1);
                    siblings.set(siblings.get() + at_once);
                }
                Ok(())
            },
        )
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(
        compared.get() > 100,
        "only {} were compared",
        compared.get()
    );
    assert!(
        siblings.get() > 100,
        "only {} pairs ran at once",
        siblings.get()
    );
}
