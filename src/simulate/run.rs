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
mod execution;
mod fan;
mod fields;
mod nested;
mod outcome;
mod reader;
mod settings;
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
use super::event::{Event, EventKind, ExecutionId, Observer};
use super::failure::{Failure, RUNTIME};
use super::jsonata::Random;
use super::object::ObjectStore;
use super::scene::Scope;
use execution::{Execution, Names, Parent};
use fan::Fan;
use single::Watched;
use task::Pending;

pub use outcome::{Error, Outcome, Status};
pub use settings::{Limits, Settings, Validation};
pub use single::{StateOutcome, StateStatus, StateTest};

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

/// Where something happens.
#[derive(Clone)]
struct Place {
    execution: ExecutionId,
    iteration: Option<Rc<Iteration>>,
    state: Option<Rc<str>>,
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
        let place = self.place(thread);
        self.log_of(place, previous, kind)
    }

    fn place(&self, thread: ThreadId) -> Place {
        let thread = self.thread(thread);
        Place {
            execution: thread.execution,
            iteration: thread.iteration.clone(),
            state: Some(Rc::clone(&thread.state.name)),
        }
    }

    fn log_of(&mut self, place: Place, previous: u64, kind: EventKind) -> u64 {
        let Place {
            execution,
            iteration,
            state,
        } = place;
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
            state,
            kind,
        };
        self.world.observer.see(&event);
        id
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
        let at = self.thread(thread);
        let state = Rc::clone(&at.state.name);
        let execution = Rc::clone(&self.execution(at.execution).names.arn);
        match &mut self.world.guard {
            Some(guard) => guard.check_access(&execution, &state, access),
            None => Ok(()),
        }
    }
}
