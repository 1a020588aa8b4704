//! Made-up programs do, when their definition runs, what they mean.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use crate::support::compiled;
use crate::support::programs::generate::{Made, programs};
use crate::support::programs::reference::{self, Call, Outcome, Raised, Run};
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

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(1), cases: 200, failure_persistence: None, max_shrink_iters: 4000, ..ProptestConfig::default() })]

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
