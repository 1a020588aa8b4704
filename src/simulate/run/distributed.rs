//! Distributed maps: a run of child executions.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html>

use std::rc::Rc;

use serde_json::{Value, json};

use super::fan::{DISTRIBUTED_CONCURRENCY, Entry, Fan, Source};
use super::fields::View;
use super::settle::{Exit, too_large};
use super::state::Step;
use super::{Engine, ExecutionId, Names, Parent, Start, ThreadId, Work};
use crate::simulate::call::Access;
use crate::simulate::clock::{Millis, Moment};
use crate::simulate::data::Data;
use crate::simulate::definition::{Batcher, Kind, Map, Setting, State};
use crate::simulate::digest;
use crate::simulate::event::EventKind;
use crate::simulate::failure::{
    EXCEED_TOLERATED_FAILURE_THRESHOLD, Failure, ITEM_READER_FAILED, Trouble,
};

/// What a distributed map keeps about its children.
pub(super) struct MapRun {
    pub arn: String,
    /// `STATE_DATA`, or where the items were read.
    pub source: String,
    /// The name of the children's machine.
    machine: String,
    /// Failures that do not fail the run.
    tolerated_count: Option<u64>,
    tolerated_percentage: Option<f64>,
    failed: u64,
    pub children: Vec<Option<ChildRecord>>,
}

/// What a result writer tells of a child.
#[derive(Clone, Debug)]
pub(super) struct ChildRecord {
    pub names: Names,
    pub input: Data,
    pub start: Millis,
    pub stop: Millis,
    pub ending: Result<Data, Failure>,
}

/// Bytes of a batch that its frame takes: `{"Items":[]}`.
const BATCH_FRAME: usize = 12;

/// No batch is larger, whatever the state says.
const LARGEST_BATCH: usize = 262_144;

impl<'a> Engine<'a, '_> {
    pub(super) fn start_map_run(
        &mut self,
        id: ThreadId,
        state: &'a State,
        map: &'a Map,
        input: Data,
        concurrency: usize,
    ) -> Result<Step<'a>, Trouble> {
        // What the state itself has is looked at before the run begins.
        let arn = Rc::clone(&self.execution(self.thread(id).execution).names.arn);
        let given = self.world.service.items(&arn, &state.name);
        let own = match (&map.reader, &given) {
            (None, None) => Some(self.items_of_state(id, state, map, &input)?),
            _ => None,
        };
        let length = own.as_ref().map_or(0, |items| match items.json() {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        });
        self.log(id, EventKind::MapStarted { length });
        let view = View::rooted(&input);
        let tolerated_count = self.tolerated_count(id, map.tolerated_count.as_ref(), view)?;
        let tolerated_percentage =
            self.tolerated_percentage(id, map.tolerated_percentage.as_ref(), view)?;
        let execution = self.thread(id).execution;
        let parent = Rc::clone(&self.execution(execution).names.machine);
        let label = match &map.label {
            Some(label) => label.clone(),
            // The service makes one up from the state's name.
            None => {
                let name: String = state
                    .name
                    .chars()
                    .filter(|c| c.is_ascii_alphanumeric())
                    .collect();
                let run = digest::uuid(&mut self.random.borrow_mut());
                format!("{}{}", name.chars().take(30).collect::<String>(), &run[..8])
            }
        };
        let machine = format!("{parent}/{label}");
        let run = digest::uuid(&mut self.random.borrow_mut());
        let arn = self.arn(&format!("mapRun:{machine}:{run}"));
        self.log(id, EventKind::MapRunStarted { arn: arn.clone() });
        if let Err(failure) = self.guard_access(id, Access::MapRun { label: &label }) {
            return Err(self.fail_map_run(id, failure));
        }
        let read = match (given, own) {
            (Some(items), _) => {
                self.guard_reader(id, map, &input)
                    .map(|()| super::reader::Dataset {
                        entries: items
                            .into_iter()
                            .map(|value| Entry { value, key: None })
                            .collect(),
                        source: "S3".to_owned(),
                    })
            }
            (None, Some(items)) => Ok(super::reader::Dataset {
                entries: entries_of(items),
                source: "STATE_DATA".to_owned(),
            }),
            (None, None) => self.read_items(id, map, &input),
        };
        let dataset = match read {
            Ok(dataset) => dataset,
            Err(Trouble::Failed(failure)) => return Err(self.fail_map_run(id, failure)),
            Err(trouble) => return Err(trouble),
        };
        let source = match &map.batcher {
            None => Source::Items(map, dataset.entries),
            Some(batcher) => {
                let batches =
                    self.batches(id, map, batcher, &input, dataset.entries, &dataset.source)?;
                Source::Batches(map, batches)
            }
        };
        let concurrency = match concurrency {
            0 => DISTRIBUTED_CONCURRENCY,
            most => most.min(DISTRIBUTED_CONCURRENCY),
        };
        let mut fan = Fan::new(source, input, concurrency);
        fan.run = Some(Box::new(MapRun {
            arn,
            source: dataset.source,
            machine,
            tolerated_count,
            tolerated_percentage,
            failed: 0,
            children: vec![None; fan.source.len()],
        }));
        self.start_fan(id, fan)
    }

    pub(super) fn tolerated_count(
        &self,
        id: ThreadId,
        setting: Option<&Setting>,
        view: View,
    ) -> Result<Option<u64>, Trouble> {
        let Some(setting) = setting else {
            return Ok(None);
        };
        let count = self.whole_number(id, setting, view)?;
        match u64::try_from(count) {
            Ok(count) => Ok(Some(count)),
            Err(_) => Err(Trouble::Runtime(
                "ToleratedFailureCount cannot be negative.".to_owned(),
            )),
        }
    }

    pub(super) fn tolerated_percentage(
        &self,
        id: ThreadId,
        setting: Option<&Setting>,
        view: View,
    ) -> Result<Option<f64>, Trouble> {
        let Some(setting) = setting else {
            return Ok(None);
        };
        let percentage = self.number(id, setting, view, "float")?;
        if (0.0..=100.0).contains(&percentage) {
            Ok(Some(percentage))
        } else {
            Err(Trouble::Runtime(
                "ToleratedFailurePercentage must be between 0 and 100.".to_owned(),
            ))
        }
    }

    fn batches(
        &self,
        id: ThreadId,
        map: &Map,
        batcher: &Batcher,
        input: &Data,
        entries: Vec<Entry>,
        source: &str,
    ) -> Result<Vec<Data>, Trouble> {
        let view = View::rooted(input);
        let limit = |setting: &Option<Setting>| match setting {
            None => Ok(usize::MAX),
            Some(setting) => {
                let limit = self.whole_number(id, setting, view)?;
                match usize::try_from(limit) {
                    Ok(limit) if limit > 0 => Ok(limit),
                    _ => Err(Trouble::Runtime(format!(
                        "field {} must be positive",
                        setting.name
                    ))),
                }
            }
        };
        let most_items = limit(&batcher.max_items)?;
        let most_bytes = limit(&batcher.max_bytes)?.min(LARGEST_BATCH);
        let shared = match &batcher.input {
            None => None,
            Some(template) => Some(self.evaluate(id, template, "ItemBatcher/BatchInput", view)?),
        };
        // `,"BatchInput":` before it.
        let frame = BATCH_FRAME + shared.as_ref().map_or(0, |shared| shared.size() + 14);
        let mut batches = Vec::new();
        let mut batch: Vec<Value> = Vec::new();
        let mut size = frame;
        let close = |items: Vec<Value>| {
            let mut closed = json!({ "Items": items });
            if let Some(shared) = &shared {
                closed["BatchInput"] = shared.json().clone();
            }
            Data::new(closed)
        };
        for (index, entry) in entries.iter().enumerate() {
            let item = self.selected(id, map, input, index, entry, Some(source))?;
            let more = item.size() + 1;
            if !batch.is_empty() && (batch.len() >= most_items || size + more > most_bytes) {
                batches.push(close(std::mem::take(&mut batch)));
                size = frame;
            }
            size += more;
            batch.push(item.into_json());
        }
        if !batch.is_empty() {
            batches.push(close(batch));
        }
        Ok(batches)
    }

    pub(super) fn start_map_child(
        &mut self,
        id: ThreadId,
        index: usize,
        start: Start<'a>,
        input: Data,
    ) -> Result<ExecutionId, Trouble> {
        let Work::Fan(fan) = &self.thread(id).work else {
            return Err(Trouble::Runtime("The state has no children".to_owned()));
        };
        let machine = fan
            .run
            .as_ref()
            .map(|run| run.machine.clone())
            .unwrap_or_default();
        let mut names = self.names(&machine, start.mode);
        // The children's machine is known by the parent's with the label.
        names.machine = Rc::from(machine.as_str());
        Ok(self.start_flow(start, names, input, Parent::Map(id, index)))
    }

    /// A child execution has ended.
    pub(super) fn child_ended(
        &mut self,
        id: ThreadId,
        index: usize,
        child: ExecutionId,
        ending: Result<Data, Failure>,
    ) {
        let execution = self.execution(child);
        let record = ChildRecord {
            names: execution.names.clone(),
            input: execution.input.clone(),
            start: execution.start,
            stop: self.now,
            ending: ending.clone(),
        };
        let state = self.thread(id).state;
        let Work::Fan(fan) = &mut self.thread_mut(id).work else {
            return;
        };
        let total = fan.source.len();
        let Some(run) = &mut fan.run else {
            return;
        };
        // Kept only where somebody will read it.
        if matches!(&state.kind, Kind::Map(map) if map.writer.is_some()) {
            run.children[index] = Some(record);
        }
        match ending {
            Ok(output) => {
                let last = self.thread(id).last;
                self.child_succeeded(id, index, output, last);
            }
            Err(_) => {
                run.failed += 1;
                if run.is_failed(total) {
                    let cause = "The specified tolerated failure threshold was exceeded";
                    let failure = Failure::new(EXCEED_TOLERATED_FAILURE_THRESHOLD, cause);
                    fan.forget_child(index);
                    self.stop_children(id);
                    let trouble = self.fail_map_run(id, failure);
                    if self.can_go_on(id) {
                        self.settle_and_run(id, Err(trouble));
                    }
                } else {
                    self.child_over(id, index);
                }
            }
        }
    }

    fn fail_map_run(&mut self, id: ThreadId, failure: Failure) -> Trouble {
        self.log(id, EventKind::MapRunFailed(failure.clone()));
        self.log(id, EventKind::MapFailed);
        Trouble::Failed(failure)
    }

    /// All children are done, and few enough failed.
    pub(super) fn finish_map_run(
        &mut self,
        id: ThreadId,
        state: &'a State,
        mut fan: Fan<'a>,
    ) -> Result<Step<'a>, Trouble> {
        let (Kind::Map(map), Some(run)) = (&state.kind, fan.run.take()) else {
            return Err(Trouble::Runtime("The state has no children".to_owned()));
        };
        let outputs = std::mem::take(&mut fan.outputs);
        let result = match &map.writer {
            None => Data::new(outputs.into_iter().flatten().map(Data::into_json).collect()),
            Some(writer) => match self.write_results(id, writer, &fan.input, &run) {
                Ok(result) => result,
                Err(Trouble::Failed(failure)) => return Err(self.fail_map_run(id, failure)),
                Err(trouble) => return Err(trouble),
            },
        };
        if result.size() > self.simulation.settings.limits.payload {
            return Err(self.fail_map_run(id, too_large(&state.name)));
        }
        let last = self.log(id, EventKind::MapRunSucceeded);
        self.log_behind(id, last, EventKind::MapSucceeded);
        Ok(Step::Left(Exit::result(state, result)))
    }
}

impl MapRun {
    /// Either threshold fails the run; without one, the first failure does.
    fn is_failed(&self, total: usize) -> bool {
        match (self.tolerated_count, self.tolerated_percentage) {
            (None, None) => self.failed > 0,
            (count, percentage) => {
                let share = self.failed as f64 * 100.0 / total.max(1) as f64;
                count.is_some_and(|count| self.failed > count)
                    || percentage.is_some_and(|percentage| share > percentage)
            }
        }
    }
}

fn entries_of(items: Data) -> Vec<Entry> {
    match items.into_json() {
        Value::Array(items) => items.into_iter().map(Entry::from_value).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| Entry {
                value: Data::new(value),
                key: Some(key),
            })
            .collect(),
        _ => Vec::new(),
    }
}

pub(super) fn reader_failed(cause: impl Into<String>) -> Trouble {
    Trouble::Failed(Failure::new(ITEM_READER_FAILED, cause))
}

/// As files tell it.
pub(super) fn time_text(millis: Millis) -> String {
    Moment::from_millis(millis).text()
}
