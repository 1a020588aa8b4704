//! Executions in virtual time.
//!
//! Flows run in threads of their own: the machine's, a branch's, an iteration's, a child execution's. A thread runs until it
//! has to wait; what it waits for is in a queue, ordered by virtual time and then by the order of asking. So everything
//! that happens, and its order, follows from the definition, the input, the answers and the seed alone.
//!
//! A call's result comes in at its own time even when it takes none: branches begin their calls before the first of them
//! goes on, as they would in the service.

mod context;
mod distributed;
mod fan;
mod fields;
mod nested;
mod reader;
mod settle;
mod single;
mod state;
mod task;
mod writer;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::rc::Rc;

use fastrand::Rng;
use serde_json::Value;

use super::call::{Access, Call, Guard, Iteration, Service};
use super::clock::Millis;
use super::data::Data;
use super::definition::{FlowId, Machine, Mode, ROOT, State};
use super::digest;
use super::event::{Event, EventKind, ExecutionId, Observer};
use super::failure::{Failure, RUNTIME, TIMEOUT};
use super::jsonata::Random;
use super::object::ObjectStore;
use super::scene::Scope;
use fan::Fan;
use single::Watched;
use task::Pending;

pub use single::{StateOutcome, StateStatus, StateTest};

/// The account, the names and the limits of a simulated world.
#[derive(Clone, Debug)]
pub struct Settings {
    pub partition: String,
    pub region: String,
    pub account: String,
    /// The name of the machine.
    pub machine: String,
    /// A UUID that the seed decides, if not given.
    pub execution: Option<String>,
    pub role: String,
    /// Decides ids, jitter, `$random`.
    pub seed: u64,
    /// The virtual time of the start.
    pub start: Millis,
    pub limits: Limits,
    /// How results that mocks give are held to the operations' types.
    pub validation: Validation,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            partition: "aws".to_owned(),
            region: "eu-central-1".to_owned(),
            account: "123456789012".to_owned(),
            machine: "machine".to_owned(),
            execution: None,
            role: "arn:aws:iam::123456789012:role/machine".to_owned(),
            seed: 1,
            // 2026-01-01T00:00:00Z
            start: 1_767_225_600_000,
            limits: Limits::default(),
            validation: Validation::default(),
        }
    }
}

/// What a run may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of an input, an output, a result, a variable.
    pub payload: usize,
    /// Bytes of all variables of an execution.
    pub variables: usize,
    /// Events of a standard execution's history.
    pub history: Option<u64>,
    /// States entered in the whole run; a machine that enters more is taken for endless.
    pub transitions: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload: 262_144,
            variables: 10 * 1024 * 1024,
            history: Some(25_000),
            transitions: 10_000_000,
        }
    }
}

/// As the TestState API has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validation {
    /// Members are what the operation's type says, and required ones are there.
    #[default]
    Strict,
    /// Members that are there are what the operation's type says.
    Present,
    None,
}

impl Validation {
    /// None: nothing is held to anything.
    fn is_strict(self) -> Option<bool> {
        match self {
            Self::Strict => Some(true),
            Self::Present => Some(false),
            Self::None => None,
        }
    }
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Status {
    /// As the service writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub status: Status,
    /// When it succeeded.
    pub output: Option<Value>,
    /// When it did not.
    pub failure: Option<Failure>,
    /// Virtual time.
    pub duration: Millis,
    /// States entered, and retries: what a standard machine is billed by.
    pub transitions: u64,
    /// Events in the history of the execution itself.
    pub events: u64,
    /// The machine's variables at the end.
    pub variables: Vec<(String, Value)>,
}

/// Why there is no outcome: the simulation was set up wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the answer given for `{state}` is not of the type of {operation}: {message}")]
    Mock {
        state: String,
        /// `athena:getQueryResults`
        operation: String,
        message: String,
    },
    #[error("the machine did not end within {0} states")]
    Endless(u64),
    #[error("there is no state `{0}`")]
    NoState(String),
}

/// What surrounds a run.
pub struct World<'w> {
    pub service: &'w mut dyn Service,
    pub objects: &'w mut dyn ObjectStore,
    pub guard: Option<&'w mut dyn Guard>,
    pub observer: &'w mut dyn Observer,
}

/// A machine with its surroundings, to be run any number of times.
pub struct Simulation<'a> {
    pub machine: &'a Machine,
    pub settings: Settings,
    /// Machines that a task may start, by their ARNs.
    pub others: BTreeMap<String, &'a Machine>,
    /// Stops the execution from outside at this time after its start.
    pub stop_after: Option<Millis>,
}

impl<'a> Simulation<'a> {
    pub fn new(machine: &'a Machine) -> Self {
        Self {
            machine,
            settings: Settings::default(),
            others: BTreeMap::new(),
            stop_after: None,
        }
    }

    /// Runs one execution to its end.
    pub fn run(&self, input: Value, world: World<'_>) -> Result<Outcome, Error> {
        let mut engine = Engine::new(self, world);
        let names = engine.names(&self.settings.machine, self.machine.mode);
        let root = engine.start_execution(self.machine, names, input.into(), Parent::Outside);
        if let Some(after) = self.stop_after {
            engine.at(engine.now + after, WakeKind::Stop(root));
        }
        engine.run()
    }
}

/// By which a thread is found.
type ThreadId = usize;

/// Something to be done at a time.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wake {
    time: Millis,
    /// Of two at the same time the one that was asked for first.
    sequence: u64,
    kind: WakeKind,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum WakeKind {
    /// A thread goes on, if it still waits for this turn.
    Thread(ThreadId, u64),
    /// An execution has no more time.
    Deadline(ExecutionId),
    /// An execution is stopped from outside.
    Stop(ExecutionId),
}

/// Who waits for an execution.
#[derive(Clone, Debug)]
enum Parent {
    Outside,
    /// A distributed map's thread, and the place among its items.
    Map(ThreadId, usize),
    /// A task, and whether it gets the input and the output as values or as JSON texts.
    Task(ThreadId, nested::Form),
    /// Started and left alone.
    Nobody,
}

/// The names of an execution.
#[derive(Clone, Debug)]
struct Names {
    arn: Rc<str>,
    name: Rc<str>,
    machine_arn: Rc<str>,
    machine: Rc<str>,
}

struct Execution {
    mode: Mode,
    names: Names,
    input: Data,
    /// As the context object tells of it, and of its machine.
    described: Data,
    machine_described: Data,
    start: Millis,
    events: u64,
    parent: Parent,
    root: ThreadId,
    end: Option<Millis>,
}

/// What is to run.
struct Start<'a> {
    machine: &'a Machine,
    flow: FlowId,
    /// Of the execution that it runs in.
    mode: Mode,
    iteration: Option<Rc<Iteration>>,
}

/// A flow that runs.
struct Thread<'a> {
    execution: ExecutionId,
    machine: &'a Machine,
    parent: Option<(ThreadId, usize)>,
    scope: Rc<Scope>,
    state: &'a State,
    /// The raw input of the state.
    input: Data,
    entered: Millis,
    entered_id: u64,
    /// The last event of this flow.
    last: u64,
    /// By retrier.
    attempts: Vec<u64>,
    retries: u64,
    turn: u64,
    work: Work<'a>,
    iteration: Option<Rc<Iteration>>,
}

/// What a thread is at.
enum Work<'a> {
    /// About to enter its state.
    Entering,
    /// In a Wait state.
    Waiting,
    /// Between two attempts.
    Retrying,
    Task(Box<Pending>),
    Fan(Box<Fan<'a>>),
}

struct Engine<'a, 'w> {
    simulation: &'a Simulation<'a>,
    world: World<'w>,
    queue: BinaryHeap<Reverse<Wake>>,
    now: Millis,
    sequence: u64,
    executions: Vec<Execution>,
    threads: Vec<Option<Thread<'a>>>,
    free: Vec<ThreadId>,
    /// Places that are free when the wake that is worked on is over: until then their threads are looked for in vain.
    freed: Vec<ThreadId>,
    random: Random,
    /// Calls so far, by the state's name.
    calls: HashMap<Rc<str>, u64>,
    /// Tasks that wait for their tokens.
    tokens: HashMap<String, ThreadId>,
    transitions: u64,
    outcome: Option<Outcome>,
    error: Option<Error>,
    /// Executions whose history is full.
    full: Option<ExecutionId>,
    /// Where one state is run on its own.
    watched: Option<Watched>,
    context_override: Option<Data>,
}

impl<'a, 'w> Engine<'a, 'w> {
    fn new(simulation: &'a Simulation<'a>, world: World<'w>) -> Self {
        Self {
            simulation,
            world,
            queue: BinaryHeap::new(),
            now: simulation.settings.start,
            sequence: 0,
            executions: Vec::new(),
            threads: Vec::new(),
            free: Vec::new(),
            freed: Vec::new(),
            random: Rc::new(RefCell::new(Rng::with_seed(simulation.settings.seed))),
            calls: HashMap::new(),
            tokens: HashMap::new(),
            transitions: 0,
            outcome: None,
            error: None,
            full: None,
            watched: None,
            context_override: None,
        }
    }

    /// Does what is next in time. False when there is nothing.
    fn turn(&mut self) -> bool {
        let Some(Reverse(wake)) = self.queue.pop() else {
            return false;
        };
        self.now = wake.time;
        self.free.append(&mut self.freed);
        match wake.kind {
            WakeKind::Thread(thread, turn) => {
                if self.threads[thread]
                    .as_ref()
                    .is_some_and(|t| t.turn == turn)
                {
                    self.wake(thread);
                }
            }
            WakeKind::Deadline(execution) => self.time_out(execution),
            WakeKind::Stop(execution) => self.stop(execution),
        }
        true
    }

    /// Until the thread that is looked at has left its state.
    fn run_watched(mut self) -> Result<StateOutcome, Error> {
        loop {
            if let Some(error) = self.error {
                return Err(error);
            }
            if let Some(outcome) = self
                .watched
                .as_mut()
                .and_then(|watched| watched.outcome.take())
            {
                return Ok(outcome);
            }
            if !self.turn() {
                return Err(Error::Endless(self.transitions));
            }
        }
    }

    fn run(mut self) -> Result<Outcome, Error> {
        while self.outcome.is_none() && self.error.is_none() && self.turn() {}
        match (self.error, self.outcome) {
            (Some(error), _) => Err(error),
            (None, Some(outcome)) => Ok(outcome),
            // Every execution has a deadline, so the queue is never empty before the end.
            (None, None) => Err(Error::Endless(self.transitions)),
        }
    }

    /// A new execution's names.
    fn names(&mut self, machine: &str, mode: Mode) -> Names {
        let settings = &self.simulation.settings;
        let id = digest::uuid(&mut self.random.borrow_mut());
        let is_first = self.executions.is_empty();
        let name = match &settings.execution {
            Some(name) if is_first => name.clone(),
            _ => id,
        };
        self.names_of(machine, mode, &name)
    }

    fn names_of(&mut self, machine: &str, mode: Mode, name: &str) -> Names {
        let arn = match mode {
            Mode::Standard => self.arn(&format!("execution:{machine}:{name}")),
            Mode::Express => {
                let run = digest::uuid(&mut self.random.borrow_mut());
                self.arn(&format!("express:{machine}:{name}:{run}"))
            }
        };
        Names {
            arn: Rc::from(arn),
            name: Rc::from(name),
            machine_arn: Rc::from(self.arn(&format!("stateMachine:{machine}"))),
            machine: Rc::from(machine),
        }
    }

    /// Of Step Functions.
    fn arn(&self, rest: &str) -> String {
        let settings = &self.simulation.settings;
        format!(
            "arn:{}:states:{}:{}:{rest}",
            settings.partition, settings.region, settings.account
        )
    }

    fn start_execution(
        &mut self,
        machine: &'a Machine,
        names: Names,
        input: Data,
        parent: Parent,
    ) -> ExecutionId {
        let start = Start {
            machine,
            flow: ROOT,
            mode: machine.mode,
            iteration: None,
        };
        self.start_flow(start, names, input, parent)
    }

    /// A child of a distributed map is an execution of the flow inside.
    fn start_flow(
        &mut self,
        start: Start<'a>,
        names: Names,
        input: Data,
        parent: Parent,
    ) -> ExecutionId {
        let Start { machine, mode, .. } = start;
        let id = ExecutionId(self.executions.len() as u32);
        let arn = Rc::clone(&names.arn);
        let role = &self.simulation.settings.role;
        let (described, machine_described) =
            context::describe(&names, &input, self.now, role, mode);
        self.executions.push(Execution {
            mode,
            names,
            input: input.clone(),
            described,
            machine_described,
            start: self.now,
            events: 0,
            parent,
            root: 0,
            end: None,
        });
        let scope = Rc::new(Scope::default());
        let root = self.start_thread(id, &start, None, scope, input.clone());
        self.executions[id.0 as usize].root = root;
        let role = Rc::from(self.simulation.settings.role.as_str());
        self.log(root, EventKind::ExecutionStarted { arn, input, role });
        // The first state follows nothing.
        self.thread_mut(root).last = 0;
        let limit = match (mode, machine.timeout) {
            (Mode::Express, timeout) => timeout.unwrap_or(u64::MAX).min(5 * 60),
            (Mode::Standard, timeout) => timeout.unwrap_or(u64::MAX).min(366 * 24 * 60 * 60),
        };
        self.at(self.now + limit as Millis * 1000, WakeKind::Deadline(id));
        id
    }

    fn start_thread(
        &mut self,
        execution: ExecutionId,
        start: &Start<'a>,
        parent: Option<(ThreadId, usize)>,
        scope: Rc<Scope>,
        input: Data,
    ) -> ThreadId {
        let machine = start.machine;
        let thread = Thread {
            execution,
            machine,
            parent,
            scope,
            state: machine.state(machine.flow(start.flow).start),
            input,
            entered: self.now,
            entered_id: 0,
            last: 0,
            attempts: Vec::new(),
            retries: 0,
            turn: 0,
            work: Work::Entering,
            iteration: start.iteration.clone(),
        };
        let id = match self.free.pop() {
            Some(id) => {
                self.threads[id] = Some(thread);
                id
            }
            None => {
                self.threads.push(Some(thread));
                self.threads.len() - 1
            }
        };
        self.wake_at(id, self.now);
        id
    }

    fn thread(&self, id: ThreadId) -> &Thread<'a> {
        self.threads[id]
            .as_ref()
            .expect("a thread is freed when nothing needs it")
    }

    fn thread_mut(&mut self, id: ThreadId) -> &mut Thread<'a> {
        self.threads[id]
            .as_mut()
            .expect("a thread is freed when nothing needs it")
    }

    fn execution(&self, id: ExecutionId) -> &Execution {
        &self.executions[id.0 as usize]
    }

    fn at(&mut self, time: Millis, kind: WakeKind) {
        self.sequence += 1;
        let sequence = self.sequence;
        self.queue.push(Reverse(Wake {
            time,
            sequence,
            kind,
        }));
    }

    /// The thread goes on at this time, and no more for what it waited for before.
    fn wake_at(&mut self, thread: ThreadId, time: Millis) {
        let turn = self.sequence + 1;
        self.thread_mut(thread).turn = turn;
        self.at(time, WakeKind::Thread(thread, turn));
    }

    /// The thread waits, for what does not come by itself.
    fn park(&mut self, thread: ThreadId) {
        self.sequence += 1;
        self.thread_mut(thread).turn = self.sequence;
    }

    /// Adds to the history of the thread's execution, and gives the event's number.
    fn log(&mut self, thread: ThreadId, kind: EventKind) -> u64 {
        let previous = self.thread(thread).last;
        let id = self.log_behind(thread, previous, kind);
        if id > 0 {
            self.thread_mut(thread).last = id;
        }
        id
    }

    /// Adds an event that is no step on the flow's way.
    fn log_behind(&mut self, thread: ThreadId, previous: u64, kind: EventKind) -> u64 {
        let (execution, iteration) = {
            let thread = self.thread(thread);
            (thread.execution, thread.iteration.clone())
        };
        self.log_of(execution, iteration, previous, kind)
    }

    fn log_of(
        &mut self,
        execution: ExecutionId,
        iteration: Option<Rc<Iteration>>,
        previous: u64,
        kind: EventKind,
    ) -> u64 {
        let is_recorded = kind.is_recorded();
        let is_end = matches!(
            kind,
            EventKind::ExecutionSucceeded { .. }
                | EventKind::ExecutionFailed(_)
                | EventKind::ExecutionTimedOut(_)
                | EventKind::ExecutionAborted
        );
        let limit = self.simulation.settings.limits.history;
        let of = &mut self.executions[execution.0 as usize];
        if is_recorded && !is_end && of.mode == Mode::Standard {
            // The last place is kept for the end.
            if limit.is_some_and(|limit| of.events + 1 >= limit) {
                self.full = Some(execution);
                return 0;
            }
        }
        let id = if is_recorded {
            of.events += 1;
            of.events
        } else {
            0
        };
        let event = Event {
            execution,
            id,
            previous,
            time: self.now,
            iteration,
            kind,
        };
        self.world.observer.see(&event);
        id
    }

    /// Ends an execution, whoever waits for it, and all that runs in it.
    fn end_execution(&mut self, id: ExecutionId, status: Status, ending: Result<Data, Failure>) {
        let (root, events) = {
            let execution = self.execution(id);
            if execution.end.is_some() {
                return;
            }
            (execution.root, execution.events)
        };
        let last = self.threads[root]
            .as_ref()
            .map_or(events, |thread| thread.last);
        let variables: Vec<(String, Value)> = match &self.threads[root] {
            Some(thread) => {
                let own = thread.scope.own().into_iter();
                own.map(|(name, value)| (name.to_string(), value.into_json()))
                    .collect()
            }
            None => Vec::new(),
        };
        let kind = match (&ending, status) {
            (Ok(output), _) => EventKind::ExecutionSucceeded {
                output: output.clone(),
            },
            (Err(failure), Status::TimedOut) => EventKind::ExecutionTimedOut(failure.clone()),
            (Err(_), Status::Aborted) => EventKind::ExecutionAborted,
            (Err(failure), _) => EventKind::ExecutionFailed(failure.clone()),
        };
        self.log_of(id, None, last, kind);
        let now = self.now;
        let execution = &mut self.executions[id.0 as usize];
        execution.end = Some(now);
        let parent = execution.parent.clone();
        let (start, events) = (execution.start, execution.events);
        self.is_watched(root, || StateOutcome {
            status: StateStatus::Failed,
            output: ending.as_ref().ok().map(|output| output.json().clone()),
            failure: ending.as_ref().err().cloned(),
            next: None,
        });
        self.cancel_quietly(root);
        match parent {
            Parent::Outside => {
                self.outcome = Some(Outcome {
                    status,
                    output: ending.as_ref().ok().map(|output| output.json().clone()),
                    failure: ending.err(),
                    duration: now - start,
                    transitions: self.transitions,
                    events,
                    variables,
                });
            }
            Parent::Map(thread, index) => self.child_ended(thread, index, id, ending),
            Parent::Task(thread, form) => self.started_ended(thread, id, form, status, ending),
            Parent::Nobody => {}
        }
        // Nobody reads them any more.
        let nothing = Data::new(Value::Null);
        let execution = &mut self.executions[id.0 as usize];
        execution.input = nothing.clone();
        execution.described = nothing.clone();
        execution.machine_described = nothing;
    }

    fn time_out(&mut self, id: ExecutionId) {
        if self.execution(id).end.is_none() {
            self.end_execution(id, Status::TimedOut, Err(Failure::bare(TIMEOUT)));
        }
    }

    fn stop(&mut self, id: ExecutionId) {
        if self.execution(id).end.is_none() {
            self.end_execution(id, Status::Aborted, Err(Failure::default()));
        }
    }

    /// Whether the thread's execution can go on.
    fn can_go_on(&mut self, thread: ThreadId) -> bool {
        if let Some(id) = self.full.take() {
            let cause = format!(
                "The execution reached the maximum number of history events ({}).",
                self.simulation.settings.limits.history.unwrap_or_default()
            );
            self.end_execution(id, Status::Failed, Err(Failure::new(RUNTIME, cause)));
        }
        if self.transitions >= self.simulation.settings.limits.transitions {
            self.error = Some(Error::Endless(self.simulation.settings.limits.transitions));
        }
        self.error.is_none() && self.outcome.is_none() && self.threads[thread].is_some()
    }

    /// Frees a thread and all that runs below it, without a word in any history.
    fn cancel_quietly(&mut self, id: ThreadId) {
        let Some(thread) = self.threads[id].take() else {
            return;
        };
        self.freed.push(id);
        match thread.work {
            Work::Fan(fan) => {
                for child in fan.running_children() {
                    match child {
                        fan::Child::Thread(thread) => self.cancel_quietly(thread),
                        fan::Child::Execution(execution) => self.abandon(execution),
                    }
                }
            }
            Work::Task(pending) => self.forget(&pending),
            Work::Entering | Work::Waiting | Work::Retrying => {}
        }
    }

    /// Ends an execution because whoever waits for it does so no more.
    fn abandon(&mut self, id: ExecutionId) {
        let execution = &mut self.executions[id.0 as usize];
        if execution.end.is_none() {
            execution.parent = Parent::Nobody;
            self.end_execution(id, Status::Aborted, Err(Failure::default()));
        }
    }

    fn count_call(&mut self, state: &Rc<str>) -> u64 {
        let count = self.calls.entry(Rc::clone(state)).or_default();
        *count += 1;
        *count - 1
    }

    fn guard(&mut self, call: &Call) -> Result<(), Failure> {
        match &mut self.world.guard {
            Some(guard) => guard.check(call),
            None => Ok(()),
        }
    }

    fn guard_access(&mut self, thread: ThreadId, access: Access) -> Result<(), Failure> {
        let state = Rc::clone(&self.thread(thread).state.name);
        match &mut self.world.guard {
            Some(guard) => guard.check_access(&state, access),
            None => Ok(()),
        }
    }
}
