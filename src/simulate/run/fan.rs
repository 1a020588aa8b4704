//! Parallel and Map states: children at once, as many as may run.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::context::{Extra, Item};
use super::distributed::MapRun;
use super::fields::View;
use super::settle::Exit;
use super::state::Step;
use super::{Engine, ExecutionId, Start, ThreadId, Work};
use crate::simulate::call::Iteration;
use crate::simulate::data::Data;
use crate::simulate::definition::{FlowId, Kind, Language, Map, State};
use crate::simulate::event::EventKind;
use crate::simulate::failure::{Failure, Trouble};
use crate::simulate::scene::Scope;
use crate::simulate::template::unexpected_type;

/// The children of a state.
pub(super) struct Fan<'a> {
    pub source: Source<'a>,
    /// What the children work on, once more than the state's input.
    pub input: Data,
    next: usize,
    concurrency: usize,
    pub outputs: Vec<Option<Data>>,
    running: BTreeMap<usize, Child>,
    /// The last event of the last child that ended.
    last: u64,
    pub run: Option<Box<MapRun>>,
}

/// Where the children's inputs come from.
pub(super) enum Source<'a> {
    Branches(&'a [FlowId]),
    /// Each item through the map's ItemSelector when its turn comes.
    Items(&'a Map, Vec<Entry>),
    /// Ready to be used.
    Batches(&'a Map, Vec<Data>),
}

/// An item.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub value: Data,
    /// Of a member of an object.
    pub key: Option<String>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Child {
    Thread(ThreadId),
    Execution(ExecutionId),
}

/// Iterations of an inline map that run at once, at most.
const INLINE_CONCURRENCY: usize = 40;

/// Children of a distributed map that run at once, at most.
pub(super) const DISTRIBUTED_CONCURRENCY: usize = 10_000;

impl<'a> Fan<'a> {
    pub fn new(source: Source<'a>, input: Data, concurrency: usize) -> Self {
        let total = source.len();
        Self {
            source,
            input,
            next: 0,
            concurrency,
            outputs: vec![None; total],
            running: BTreeMap::new(),
            last: 0,
            run: None,
        }
    }

    pub fn running_children(&self) -> Vec<Child> {
        self.running.values().copied().collect()
    }

    pub fn forget_child(&mut self, index: usize) {
        self.running.remove(&index);
    }

    pub fn is_done(&self) -> bool {
        self.next == self.source.len() && self.running.is_empty()
    }
}

impl Source<'_> {
    pub fn len(&self) -> usize {
        match self {
            Self::Branches(branches) => branches.len(),
            Self::Items(_, items) => items.len(),
            Self::Batches(_, batches) => batches.len(),
        }
    }
}

impl<'a> Engine<'a, '_> {
    pub(super) fn start_parallel(
        &mut self,
        id: ThreadId,
        state: &'a State,
        branches: &'a [FlowId],
        input: Data,
    ) -> Result<Step<'a>, Trouble> {
        let payload = self.payload(id, state, View::rooted(&input))?;
        self.log(id, EventKind::ParallelStarted);
        let fan = Fan::new(Source::Branches(branches), payload, usize::MAX);
        self.start_fan(id, fan)
    }

    pub(super) fn start_map(
        &mut self,
        id: ThreadId,
        state: &'a State,
        map: &'a Map,
        input: Data,
    ) -> Result<Step<'a>, Trouble> {
        let view = View::rooted(&input);
        let concurrency = match &map.max_concurrency {
            None => 0,
            Some(setting) => usize::try_from(self.whole_number(id, setting, view)?).unwrap_or(0),
        };
        if map.distributed.is_some() {
            return self.start_map_run(id, state, map, input, concurrency);
        }
        let items = self.items_of_state(id, state, map, &input)?;
        let Value::Array(items) = items.into_json() else {
            return Err(Trouble::Runtime("The items are no array".to_owned()));
        };
        let entries: Vec<Entry> = items.into_iter().map(Entry::from_value).collect();
        self.log(
            id,
            EventKind::MapStarted {
                length: entries.len(),
            },
        );
        let concurrency = match concurrency {
            0 => INLINE_CONCURRENCY,
            most => most.min(INLINE_CONCURRENCY),
        };
        let fan = Fan::new(Source::Items(map, entries), input, concurrency);
        self.start_fan(id, fan)
    }

    /// The items that the state itself has: `Items`, what `ItemsPath` leads to, or its input. An array, or of a
    /// distributed map also an object.
    pub(super) fn items_of_state(
        &self,
        id: ThreadId,
        state: &State,
        map: &Map,
        input: &Data,
    ) -> Result<Data, Trouble> {
        let fits = |items: &Data| {
            items.json().is_array() || map.distributed.is_some() && items.json().is_object()
        };
        let view = View::rooted(input);
        match (&map.items, &map.items_path) {
            (Some(template), _) => {
                let items = self.evaluate(id, template, "Items", view)?;
                if !fits(&items) {
                    return Err(unexpected_type(template, "Items", "array", items.json()));
                }
                Ok(items)
            }
            (None, Some(path)) => {
                let items = self.path_of_data(id, path, Some(input))?;
                if !fits(&items) {
                    let text = path.text();
                    let shown = text
                        .strip_prefix('$')
                        .filter(|t| t.starts_with('$'))
                        .unwrap_or(text);
                    return Err(Trouble::Runtime(format!(
                        "Reference path \"{shown}\" must point to array."
                    )));
                }
                Ok(items)
            }
            (None, None) if fits(input) => Ok(input.clone()),
            (None, None) => Err(match state.language {
                Language::Jsonata => Trouble::Evaluation {
                    cause: format!("Map state input must be an array but was: {}", input.text()),
                    location: "Items".to_owned(),
                },
                Language::JsonPath => {
                    Trouble::Runtime("Reference path \"$\" must point to array.".to_owned())
                }
            }),
        }
    }

    /// Starts the first children. Without any, the state is done.
    pub(super) fn start_fan(&mut self, id: ThreadId, fan: Fan<'a>) -> Result<Step<'a>, Trouble> {
        let is_done = fan.is_done();
        let last = self.thread(id).last;
        self.thread_mut(id).work = Work::Fan(Box::new(Fan { last, ..fan }));
        self.park(id);
        if is_done {
            return self.finish_fan(id);
        }
        match self.fill(id) {
            Ok(()) => Ok(Step::Blocked),
            Err(trouble) => {
                self.stop_children(id);
                Err(trouble)
            }
        }
    }

    /// Starts children while there is room.
    pub(super) fn fill(&mut self, id: ThreadId) -> Result<(), Trouble> {
        loop {
            let Work::Fan(fan) = &self.thread(id).work else {
                return Ok(());
            };
            if fan.next == fan.source.len() || fan.running.len() >= fan.concurrency {
                return Ok(());
            }
            let index = fan.next;
            let child = self.start_child(id, index)?;
            if self.threads[id].is_none() {
                // Its history is full, or the run is over.
                return Ok(());
            }
            if let Work::Fan(fan) = &mut self.thread_mut(id).work {
                fan.next += 1;
                fan.running.insert(index, child);
            }
        }
    }

    fn start_child(&mut self, id: ThreadId, index: usize) -> Result<Child, Trouble> {
        let thread = self.thread(id);
        let (state, machine, execution) = (thread.state, thread.machine, thread.execution);
        let outer = thread.iteration.clone();
        let mode = self.execution(execution).mode;
        let Work::Fan(fan) = &thread.work else {
            return Err(Trouble::Runtime("The state has no children".to_owned()));
        };
        let last = fan.last;
        let (flow, input, iteration) = match &fan.source {
            Source::Branches(branches) => (branches[index], fan.input.clone(), outer),
            Source::Items(map, items) => {
                let entry = items[index].clone();
                let iteration = Iteration {
                    map: Rc::clone(&state.name),
                    index,
                    item: entry.value.clone(),
                    outer,
                };
                let source = fan.run.as_ref().map(|run| run.source.as_str());
                let input = self.selected(id, map, &fan.input, index, &entry, source)?;
                (map.processor, input, Some(Rc::new(iteration)))
            }
            Source::Batches(map, batches) => {
                let input = batches[index].clone();
                let iteration = Iteration {
                    map: Rc::clone(&state.name),
                    index,
                    item: Data::new(input.json().get("Items").cloned().unwrap_or(Value::Null)),
                    outer,
                };
                (map.processor, input, Some(Rc::new(iteration)))
            }
        };
        let start = Start {
            machine,
            flow,
            mode,
            iteration,
        };
        if let Kind::Map(map) = &state.kind
            && let Some(mode) = map.distributed
        {
            return self
                .start_map_child(id, index, Start { mode, ..start }, input)
                .map(Child::Execution);
        }
        let scope = Rc::new(Scope::inner(&self.thread(id).scope));
        let is_map = matches!(state.kind, Kind::Map(_));
        let child = self.start_thread(execution, &start, Some((id, index)), scope, input);
        let previous = if is_map {
            let started = EventKind::IterationStarted {
                name: Rc::clone(&state.name),
                index,
            };
            self.log_behind(child, last, started)
        } else {
            last
        };
        self.thread_mut(child).last = previous;
        Ok(Child::Thread(child))
    }

    /// An item as `ItemSelector` makes it.
    pub(super) fn selected(
        &self,
        id: ThreadId,
        map: &Map,
        root: &Data,
        index: usize,
        entry: &Entry,
        source: Option<&str>,
    ) -> Result<Data, Trouble> {
        match &map.selector {
            None => Ok(entry.input()),
            Some(template) => {
                let view = View {
                    extra: Extra {
                        item: Some(Item {
                            index,
                            value: &entry.value,
                            key: entry.key.as_deref(),
                            source,
                        }),
                        ..Extra::default()
                    },
                    ..View::rooted(root)
                };
                self.evaluate(id, template, map.selector_name, view)
            }
        }
    }

    /// A branch or an iteration has come to its end.
    pub(super) fn inner_flow_ended(
        &mut self,
        child: ThreadId,
        parent: ThreadId,
        index: usize,
        ending: Result<Data, Failure>,
    ) {
        let last = self.thread(child).last;
        let place = self.place(child);
        let state = self.thread(parent).state;
        let is_map = matches!(state.kind, Kind::Map(_));
        let name = Rc::clone(&state.name);
        match ending {
            Ok(output) => {
                self.free_thread(child);
                let mut last = last;
                if is_map {
                    let event = EventKind::IterationSucceeded { name, index };
                    let id = self.log_of(place, last, event);
                    if let Work::Fan(fan) = &self.thread(parent).work
                        && fan.running.len() == 1
                        && fan.next == fan.source.len()
                    {
                        // The last one is what the map's end follows.
                        last = id;
                    }
                }
                self.child_succeeded(parent, index, output, last);
            }
            Err(failure) => {
                let aborted = self.thread(child).state;
                let did_work = matches!(
                    aborted.kind,
                    Kind::Task(_) | Kind::Map(_) | Kind::Parallel(_)
                );
                if did_work {
                    let event = EventKind::StateAborted {
                        kind: aborted.kind.name(),
                        name: Rc::clone(&aborted.name),
                    };
                    self.log_of(place.clone(), last, event);
                }
                self.free_thread(child);
                if is_map {
                    let event = EventKind::IterationFailed { name, index };
                    self.log_of(place, last, event);
                }
                if let Work::Fan(fan) = &mut self.thread_mut(parent).work {
                    fan.running.remove(&index);
                }
                self.stop_children(parent);
                self.thread_mut(parent).last = last;
                let event = if is_map {
                    EventKind::MapFailed
                } else {
                    EventKind::ParallelFailed
                };
                self.log(parent, event);
                if self.can_go_on(parent) {
                    self.settle_and_run(parent, Err(Trouble::Failed(failure)));
                }
            }
        }
    }

    pub(super) fn child_succeeded(&mut self, id: ThreadId, index: usize, output: Data, last: u64) {
        let Work::Fan(fan) = &mut self.thread_mut(id).work else {
            return;
        };
        fan.outputs[index] = Some(output);
        fan.last = last;
        self.child_over(id, index);
    }

    /// One child less runs.
    pub(super) fn child_over(&mut self, id: ThreadId, index: usize) {
        let Work::Fan(fan) = &mut self.thread_mut(id).work else {
            return;
        };
        fan.running.remove(&index);
        let step = if fan.is_done() {
            self.finish_fan(id)
        } else {
            match self.fill(id) {
                Ok(()) => return,
                Err(trouble) => {
                    self.stop_children(id);
                    Err(trouble)
                }
            }
        };
        if self.can_go_on(id) {
            self.settle_and_run(id, step);
        }
    }

    /// All children are done.
    fn finish_fan(&mut self, id: ThreadId) -> Result<Step<'a>, Trouble> {
        let thread = self.thread_mut(id);
        let state = thread.state;
        let Work::Fan(fan) = std::mem::replace(&mut thread.work, Work::Entering) else {
            return Err(Trouble::Runtime("The state has no children".to_owned()));
        };
        let fan = *fan;
        if fan.run.is_some() {
            return self.finish_map_run(id, state, fan);
        }
        thread.last = fan.last;
        let event = match &state.kind {
            Kind::Map(_) => EventKind::MapSucceeded,
            _ => EventKind::ParallelSucceeded,
        };
        self.log_behind(id, fan.last, event);
        let outputs = fan
            .outputs
            .into_iter()
            .flatten()
            .map(Data::into_json)
            .collect();
        Ok(Step::Left(Exit::result(state, Data::new(outputs))))
    }

    /// Stops all children that run: a sibling failed, or nobody waits for them any more.
    pub(super) fn stop_children(&mut self, id: ThreadId) {
        if !matches!(self.thread(id).work, Work::Fan(_)) {
            return;
        }
        let name = Rc::clone(&self.thread(id).state.name);
        let is_map = matches!(self.thread(id).state.kind, Kind::Map(_));
        let work = std::mem::replace(&mut self.thread_mut(id).work, Work::Entering);
        let Work::Fan(fan) = work else {
            return;
        };
        for (index, child) in fan.running {
            match child {
                Child::Execution(execution) => self.abandon(execution),
                Child::Thread(child) => {
                    self.abort(child);
                    if is_map {
                        let event = EventKind::IterationAborted {
                            name: Rc::clone(&name),
                            index,
                        };
                        self.log_behind(id, fan.last, event);
                    }
                }
            }
        }
    }

    /// Stops a thread and what runs below it.
    fn abort(&mut self, id: ThreadId) {
        // A state that is about to be entered has not begun.
        let has_begun = !matches!(self.thread(id).work, Work::Entering);
        self.stop_children(id);
        if has_begun {
            let state = self.thread(id).state;
            let event = EventKind::StateAborted {
                kind: state.kind.name(),
                name: Rc::clone(&state.name),
            };
            self.log(id, event);
        }
        self.cancel_quietly(id);
    }

    fn free_thread(&mut self, id: ThreadId) {
        self.threads[id] = None;
        self.freed.push(id);
    }
}

impl Entry {
    pub fn from_value(value: Value) -> Self {
        Self {
            value: Data::new(value),
            key: None,
        }
    }

    /// What a child gets when there is no ItemSelector: a member of an object as key and value.
    pub fn input(&self) -> Data {
        match &self.key {
            None => self.value.clone(),
            Some(key) => Data::new(serde_json::json!({ "Key": key, "Value": self.value.json() })),
        }
    }
}
