//! The sizes that a pipeline leaves open: items of maps, rounds of polls and loops, durations.

use std::collections::{BTreeMap, HashMap};

use super::assume::{Assumptions, Question, Unit};
use super::flow::{Flow, Loop, Node};
use super::formula::{Formula, Size, SizeId};
use crate::backend::asl::state::State;
use crate::backend::asl::{Definition, Origin};
use crate::ir::{
    self, Batch, Binary, Block, Call, Expr, ExprKind, Items, Literal, Pipeline, Poll, Stage,
    StageKind,
};
use crate::source::Span;

/// Items of a map, if nobody says how many.
const ITEMS: f64 = 100.0;
/// Items of a map over what failed before.
const FAILED: f64 = 0.0;
/// Seconds that what a poll waits for takes.
const AWAITED: f64 = 300.0;
/// Rounds of a loop.
const REPEATS: f64 = 10.0;
/// A distributed map takes no more items (`MaxItems`).
const MOST_ITEMS: f64 = 100_000_000.0;
/// A payload of 256 KiB has no array of more elements, and an inline map has its items in one.
const MOST_INLINE_ITEMS: f64 = 131_072.0;
/// An item in a batch that is bounded by bytes.
const ITEM_BYTES: f64 = 1024.0;
const MOST: f64 = 1e12;

/// The sizes of a pipeline, and what reads them.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    /// In the order in which formulas read them.
    pub all: Vec<Size>,
    /// The runs of a map's processor, by the map's state.
    pub items: BTreeMap<String, Formula>,
    /// How often a loop goes round again, by the state that it begins with.
    pub rounds: BTreeMap<String, SizeId>,
    /// Runs of a processor at once, where the source says it.
    pub concurrency: BTreeMap<String, f64>,
}

/// Where a stage stands, and the uses of steps that it was expanded from.
type Place = (Span, Vec<Span>);

/// The stages that states come from.
#[derive(Default)]
pub(super) struct Stages<'p> {
    maps: HashMap<Place, &'p ir::Map>,
    polls: HashMap<Place, &'p Poll>,
    calls: HashMap<Place, &'p Call>,
}

impl<'p> Stages<'p> {
    pub fn of(pipeline: &'p Pipeline) -> Self {
        let mut stages = Self::default();
        stages.add(&pipeline.body);
        stages
    }

    fn add(&mut self, block: &'p Block) {
        for stage in &block.stages {
            let place = |stage: &Stage| (stage.span, stage.expanded_from.clone());
            match &stage.kind {
                StageKind::Map(map) => drop(self.maps.entry(place(stage)).or_insert(map)),
                StageKind::Poll(poll) => drop(self.polls.entry(place(stage)).or_insert(poll)),
                StageKind::Call(call) => drop(self.calls.entry(place(stage)).or_insert(call)),
                _ => {}
            }
            for block in stage.blocks() {
                self.add(block);
            }
        }
    }

    pub fn call(&self, origin: &Origin) -> Option<&'p Call> {
        self.calls.get(&place_of(origin)).copied()
    }
}

fn place_of(origin: &Origin) -> Place {
    (origin.span, origin.expanded_from.clone())
}

/// Asks for the sizes in a definition, and gives the flow's loops theirs.
pub(super) fn settle(
    flow: &mut Flow,
    pipeline: &Pipeline,
    definition: &Definition,
    stages: &Stages,
    assumptions: &mut Assumptions,
) -> Sizes {
    let mut finder = Finder {
        pipeline,
        definition,
        stages,
        assumptions,
        sizes: Sizes::default(),
        by_path: HashMap::new(),
    };
    finder.flow(flow);
    finder.sizes
}

struct Finder<'a, 'g> {
    pipeline: &'a Pipeline,
    definition: &'a Definition,
    stages: &'a Stages<'a>,
    assumptions: &'a mut Assumptions<'g>,
    sizes: Sizes,
    /// What maps run over, as far as it has a name: two over the same have the same size.
    by_path: HashMap<String, (String, f64)>,
}

impl Finder<'_, '_> {
    fn flow(&mut self, flow: &mut Flow) {
        let Flow { nodes, loops, .. } = flow;
        for node in nodes.iter_mut() {
            if let State::Map(_) = node.state {
                let count = self.map(node);
                self.sizes.items.insert(node.name.to_owned(), count);
            }
            node.inside.iter_mut().for_each(|inside| self.flow(inside));
        }
        for round in loops {
            let size = self.round(nodes, round);
            let header = nodes[round.header].name.to_owned();
            self.sizes.rounds.insert(header, size);
            round.repeats = Some(size);
        }
    }

    fn size(&mut self, name: &str, value: f64) -> SizeId {
        if let Some(at) = self.sizes.all.iter().position(|size| size.name == name) {
            return SizeId(at as u32);
        }
        self.sizes.all.push(Size {
            name: name.to_owned(),
            value,
        });
        SizeId(self.sizes.all.len() as u32 - 1)
    }

    fn map(&mut self, node: &Node) -> Formula {
        let origin = self.definition.origins.get(node.name);
        let found = origin.and_then(|origin| self.stages.maps.get(&place_of(origin)));
        let Some(map) = found.copied() else {
            return self.items(node.name, None, None, MOST_ITEMS);
        };
        if let Some(Literal::Number(most)) = map.concurrency.as_ref().and_then(Expr::as_literal) {
            let most = most.as_f64().unwrap_or_default();
            self.sizes.concurrency.insert(node.name.to_owned(), most);
        }
        let values = match &map.items {
            Items::Values(values) => Some(values),
            Items::Dataset(_) => None,
        };
        if let Some(length) = values.and_then(known_length) {
            return Formula::constant(length as f64);
        }
        let path = values.and_then(|values| path(values, self.pipeline));
        let rows = match &map.items {
            Items::Dataset(dataset) if dataset.reader == ir::Reader::Objects => Some("objects"),
            Items::Dataset(_) => Some("rows"),
            Items::Values(_) => None,
        };
        let most = if map.distributed.is_some() {
            MOST_ITEMS
        } else {
            MOST_INLINE_ITEMS
        };
        let groups = values.and_then(group_size);
        let batch = map.distributed.as_ref().and_then(|d| d.batch.as_ref());
        let (batch, bytes) = match batch {
            Some(Batch::Items(size)) => (number(size), None),
            Some(Batch::Bytes(size)) => (None, number(size)),
            None => (groups, None),
        };
        let is_batched = map.distributed.as_ref().is_some_and(|d| d.batch.is_some());
        let items = (path.as_deref(), rows);
        match (batch, bytes, is_batched) {
            (Some(size), ..) => self.items(node.name, Some(items), Some(size), most),
            (None, None, false) => self.items(node.name, Some(items), None, most),
            // By its bytes, or only the run knows how large a batch is.
            (None, bytes, _) => {
                let (name, items) = self.item_count(node.name, Some(items), most);
                let per_batch = bytes.map_or(1.0, |bytes| (bytes / ITEM_BYTES).max(1.0));
                let batches = self.assumptions.ask(Question {
                    name: &format!("{name}.batches"),
                    unit: Unit::Count,
                    default: (items / per_batch).ceil(),
                    known: false,
                    most,
                    what: format!("batches of the map `{}`", node.name),
                });
                Formula::size(self.size(&format!("{name}.batches"), batches))
            }
        }
    }

    /// How often a processor runs: once for each item, or for so many of them.
    fn items(
        &mut self,
        state: &str,
        source: Option<(Option<&str>, Option<&str>)>,
        batch: Option<f64>,
        most: f64,
    ) -> Formula {
        let (name, value) = self.item_count(state, source, most);
        Formula::size(match batch {
            Some(batch) if batch > 1.0 => {
                let value = (value / batch).ceil();
                self.size(&format!("ceil({name} / {batch})"), value)
            }
            _ => self.size(&name, value),
        })
    }

    /// The name and the number of a map's items.
    fn item_count(
        &mut self,
        state: &str,
        source: Option<(Option<&str>, Option<&str>)>,
        most: f64,
    ) -> (String, f64) {
        let (path, rows) = source.unwrap_or_default();
        if let Some((name, value)) = path.and_then(|path| self.by_path.get(path)) {
            return (name.clone(), *value);
        }
        let last = path.and_then(|path| path.rsplit('.').next());
        let failed = path.is_some_and(|path| path.ends_with(".failed"));
        let wish = match (path, last) {
            (Some(path), _) if failed => path.to_owned(),
            (_, Some(last)) => snake_case(last),
            _ => rows.map_or_else(|| format!("{state}.items"), str::to_owned),
        };
        let is_taken = self.assumptions.all.iter().any(|known| known.name == wish);
        let name = if is_taken {
            format!("{state}.items")
        } else {
            wish
        };
        let value = self.assumptions.ask(Question {
            name: &name,
            unit: Unit::Count,
            default: if failed { FAILED } else { ITEMS },
            known: false,
            most,
            what: format!("items of the map `{state}`"),
        });
        if let Some(path) = path {
            self.by_path.insert(path.to_owned(), (name.clone(), value));
        }
        (name, value)
    }

    /// How often a loop goes round again.
    fn round(&mut self, nodes: &[Node], round: &Loop) -> SizeId {
        let origin = |at: usize| self.definition.origins.get(nodes[at].name);
        let role = |at: usize| origin(at).and_then(|origin| origin.role);
        let tail = |wanted| {
            let mut tails = round.tails.iter().copied();
            tails.find(|at| role(*at) == Some(wanted))
        };
        if let Some(wait) = tail("wait") {
            let poll = origin(wait).and_then(|origin| self.stages.polls.get(&place_of(origin)));
            return self.poll(nodes[wait].name, poll.copied());
        }
        let header = nodes[round.header].name;
        let header = match role(round.header) {
            Some(role) => header.strip_suffix(&format!(".{role}")).unwrap_or(header),
            None => header,
        };
        let (name, default, what) = match tail("backoff") {
            Some(_) => ("retries", 0.0, "times that the block is tried again"),
            None => ("repeats", REPEATS, "times that the loop goes round again"),
        };
        let name = format!("{header}.{name}");
        let value = self.assumptions.ask(Question {
            name: &name,
            unit: Unit::Count,
            default,
            known: false,
            most: MOST,
            what: what.to_owned(),
        });
        self.size(&name, value)
    }

    fn poll(&mut self, wait: &str, poll: Option<&Poll>) -> SizeId {
        let base = wait.strip_suffix(".wait").unwrap_or(wait);
        let name = format!("{base}.waits");
        let every = poll.and_then(|poll| number(&poll.every));
        let max = poll.and_then(|poll| number(poll.max.as_ref()?));
        let timeout = poll.and_then(|poll| number(poll.timeout.as_ref()?));
        // It looks at the clock before it waits again: the last wait may go past the end.
        let in_time = timeout.zip(every).filter(|(_, every)| *every > 0.0);
        let in_time = in_time.map_or(MOST, |(timeout, every)| (timeout / every).ceil());
        let most = max.map_or(in_time, |max| (max - 1.0).clamp(0.0, in_time));
        let question = |default: f64, known| Question {
            name: &name,
            unit: Unit::Count,
            default,
            known,
            most,
            what: match every {
                Some(every) => {
                    let every = super::assume::write(every, Unit::Duration);
                    format!("waits of the poll `{base}`, every {every}")
                }
                None => format!("waits of the poll `{base}`"),
            },
        };
        let waits = match (self.assumptions.ask_if_given(question(0.0, false)), every) {
            (Some(waits), _) => waits,
            (None, Some(every)) if every > 0.0 => {
                let longest = most * every;
                let after = self.assumptions.ask(Question {
                    name: &format!("{base}.after"),
                    unit: Unit::Duration,
                    default: AWAITED.min(longest),
                    known: false,
                    most: longest,
                    what: format!("what the poll `{base}` waits for is there after it"),
                });
                let waits = (after / every).ceil().min(most);
                self.assumptions.ask(question(waits, true))
            }
            (None, _) => self.assumptions.ask(question(REPEATS.min(most), false)),
        };
        self.size(&name, waits)
    }
}

/// A number that the source says.
pub(super) fn number(expr: &Expr) -> Option<f64> {
    match expr.as_literal() {
        Some(Literal::Number(number)) => number.as_f64(),
        _ => None,
    }
}

/// The length of a list that is written out.
fn known_length(items: &Expr) -> Option<usize> {
    match &items.kind {
        ExprKind::Literal(Literal::List(elements)) => Some(elements.len()),
        ExprKind::List(elements) if elements.iter().all(|element| !element.spread) => {
            Some(elements.len())
        }
        ExprKind::ListComprehension {
            source,
            condition: None,
            ..
        } => known_length(source),
        _ => None,
    }
}

/// The size of the groups that `partition` makes.
fn group_size(items: &Expr) -> Option<f64> {
    match &items.kind {
        ExprKind::Function { function, args } if function.name == "partition" => {
            args.get(1).and_then(number)
        }
        _ => None,
    }
}

/// What a list is made of, by its name: `partitions.Partitions`.
fn path(items: &Expr, pipeline: &Pipeline) -> Option<String> {
    match &items.kind {
        ExprKind::Variable(id) => Some(pipeline.variable(*id).name.clone()),
        ExprKind::Member { base, name } => match path(base, pipeline) {
            Some(base) => Some(format!("{base}.{name}")),
            None => Some(name.clone()),
        },
        ExprKind::Binary {
            op: Binary::Coalesce,
            left,
            ..
        } => path(left, pipeline),
        ExprKind::Slice { base, .. } => path(base, pipeline),
        ExprKind::ListComprehension { source, .. } => path(source, pipeline),
        ExprKind::Sort { list, .. } => path(list, pipeline),
        ExprKind::Function { args, .. } => path(args.first()?, pipeline),
        _ => None,
    }
}

/// `Partitions` as `partitions`, `ContentLength` as `content_length`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_uppercase() && text.ends_with(|last: char| last.is_lowercase()) {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    text
}
