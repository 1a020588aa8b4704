//! Runs a lowered definition in the simulator, with answers by state.

use flowc::simulate::call::Answer;
use flowc::simulate::definition::{self, Mode};
use flowc::simulate::failure::Failure;
use flowc::simulate::log::Log;
use flowc::simulate::mock::{Mocks, Rule, Target};
use flowc::simulate::object::Objects;
use flowc::simulate::run::{Simulation, Validation, World};
use serde_json::{Value, json};

/// One call of a Task.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    pub state: String,
    pub arguments: Value,
}

pub struct Machine {
    machine: definition::Machine,
    mocks: Mocks<'static>,
    /// In order.
    pub calls: Vec<Called>,
    /// Every state entered, in order.
    pub entered: Vec<String>,
}

pub fn fails(error: &str, cause: &str) -> Result<Value, Failure> {
    Err(Failure::new(error, cause))
}

impl Machine {
    pub fn new(definition: &impl serde::Serialize) -> Self {
        let definition = serde_json::to_value(definition).expect("a definition is JSON");
        check_reached(&definition);
        let machine = definition::Machine::parse(&definition, Mode::Standard)
            .unwrap_or_else(|refusals| panic!("the service would refuse this: {refusals:?}"));
        Self {
            machine,
            mocks: Mocks::default(),
            calls: Vec::new(),
            entered: Vec::new(),
        }
    }

    /// What a Task answers, one after another; the last repeats. Without answers it gives `{}`.
    pub fn answer(
        mut self,
        state: &str,
        answers: impl IntoIterator<Item = Result<Value, Failure>>,
    ) -> Self {
        let answers = answers.into_iter().map(|answer| match answer {
            Ok(result) => Answer::succeed(result),
            Err(failure) => Answer::fail(failure),
        });
        self.mocks
            .add(Rule::new(Target::State(state.to_owned()), answers));
        self
    }

    pub fn run(&mut self, input: Value) -> Result<Value, Failure> {
        self.mocks
            .add(Rule::new(Target::Any, [Answer::succeed(json!({}))]));
        let mut simulation = Simulation::new(&self.machine);
        simulation.settings.validation = Validation::None;
        let mut log = Log::default();
        let world = World {
            service: &mut self.mocks,
            objects: &mut Objects::default(),
            guard: None,
            observer: &mut log,
        };
        let outcome = simulation
            .run(input, world)
            .expect("the run is set up well");
        let calls = log.calls().map(|call| Called {
            state: call.state.to_string(),
            arguments: call.arguments.json().clone(),
        });
        self.calls.extend(calls);
        self.entered.extend(log.entered().map(str::to_owned));
        match outcome.output {
            Some(output) => Ok(output),
            None => Err(outcome.failure.unwrap_or_default()),
        }
    }

    /// The names of the tasks called, in order.
    pub fn called(&self) -> Vec<&str> {
        self.calls.iter().map(|call| call.state.as_str()).collect()
    }
}

/// The service would take a state that nothing leads to; lowering makes none.
fn check_reached(flow: &Value) {
    let states = flow["States"].as_object().expect("States");
    let mut reached = vec![&flow["StartAt"]];
    for state in states.values() {
        let rules = ["Catch", "Choices"].map(|key| state[key].as_array().into_iter().flatten());
        let transitions = std::iter::once(state).chain(rules.into_iter().flatten());
        reached.extend(transitions.flat_map(|from| [&from["Next"], &from["Default"]]));
        let branches = state["Branches"].as_array().into_iter().flatten();
        branches
            .chain(state.get("ItemProcessor"))
            .for_each(check_reached);
    }
    for name in states.keys() {
        assert!(
            reached.iter().any(|r| *r == name),
            "nothing leads to `{name}`"
        );
    }
}
