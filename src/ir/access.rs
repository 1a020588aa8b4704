//! What a pipeline's role must be allowed to do, each need with the stage that has it.
//!
//! Reads the catalog's grants and the program, nothing else. Needs are neither merged nor ordered here, so that each can
//! still be traced to its place.

mod fill;
mod keys;
mod service;
mod start;

pub use keys::is_encrypted_with;
pub use service::{find_service_accesses, log_group, trust_source};
pub use start::{dead_letters, find_start_accesses, started};

use super::pattern::Pattern;
use super::pattern::Piece;
use super::pattern::trace::Tracer;
use super::{
    Access, Arguments, Block, Call, Dataset, Deploy, Expr, ExprKind, Map, Origin, Pipeline,
    Program, Reader, ResourceId, Stage, StageKind, Target,
};
use crate::catalog::machine;
use crate::catalog::resource::RefForm;
use crate::source::Span;
use fill::{Filler, Value, call_members};
use std::collections::BTreeSet;

/// One statement that something needs: all actions on all resources under all conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// `glue:StartJobRun`
    pub actions: Vec<String>,
    /// ARNs; never empty. A lone `*` where AWS offers no resource-level permission.
    pub resources: Vec<Pattern>,
    pub conditions: Vec<Condition>,
    /// No source confirms the actions: they follow from the naming rule.
    pub assumed: bool,
    /// The step under whose role it is needed; None: under the pipeline's own.
    pub step: Option<String>,
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    pub operator: String,
    pub key: String,
    pub value: Pattern,
}

/// Who needs it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    pub span: Span,
    /// The stage's name; empty for what the pipeline itself needs.
    pub stage: String,
    /// `glue.startJobRun`, `log`
    pub what: String,
}

/// Why a permission cannot be said, or says less than its author thinks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Only the run knows the name, or nobody whether a parameter holds a name or an ARN: the permission would be `*`.
    Unbounded {
        member: String,
        span: Span,
        /// The kind of resource whose declaration says that it is a name, where the text comes from the deployment.
        declare: Option<&'static str>,
        /// The actions that would be allowed on everything.
        actions: Vec<String>,
    },
    /// An ARN was wanted, and this is a name.
    NotAnArn { member: String, span: Span },
    /// `within` on a call whose names are all known, or known as well as that.
    WithinNeedless { span: Span },
    /// The bound allows everything.
    WithinTooWide { span: Span },
    /// No name can be both what the call says and what the bound says.
    WithinContradicts {
        span: Span,
        member: String,
        argument: Span,
    },
    /// Several names are unknown, and one bound cannot stand for all.
    WithinAmbiguous { span: Span, members: Vec<String> },
    /// The call touches what its text names, and nothing says what that is, or at least in which tables.
    UndeclaredData {
        span: Span,
        what: String,
        only_tables: bool,
    },
    /// Only the deployment knows this place in a bucket, and a permission cannot take it apart.
    LatePlace { member: String, span: Span },
    /// Nothing under this name is read or written by the call.
    AccessNotTaken {
        span: Span,
        kind: &'static str,
        what: String,
        own_role: bool,
    },
}

/// All needs of a pipeline, in source order, and what stands against them.
#[derive(Clone, Debug, Default)]
pub struct Accesses {
    pub needs: Vec<Need>,
    pub problems: Vec<Problem>,
}

/// What [`find_accesses`] finds, which it does once: a program does not change any more when it is asked for.
pub fn accesses<'p>(program: &Program, pipeline: &'p Pipeline) -> &'p Accesses {
    pipeline
        .accesses
        .get_or_init(|| find_accesses(program, pipeline))
}

/// What the pipeline's role needs, and what the roles of its steps need.
pub fn find_accesses(program: &Program, pipeline: &Pipeline) -> Accesses {
    let mut finder = Finder {
        tracer: &Tracer::new(program, pipeline),
        found: Accesses::default(),
    };
    finder.block(&pipeline.body);
    finder.settings(pipeline);
    finder.found
}

/// The arguments of a call by their names.
pub fn call_members_of(call: &Call) -> impl Iterator<Item = (&str, &Expr)> {
    let members = match &call.arguments {
        Arguments::Members(members) => members.as_slice(),
        Arguments::Value(_) => &[],
    };
    members.iter().map(|(name, value)| (name.as_str(), value))
}

/// The steps that call under roles of their own, sorted.
pub fn steps(pipeline: &Pipeline) -> Vec<String> {
    let mut steps = BTreeSet::new();
    super::for_each_stage(&pipeline.body, &mut |stage| {
        if let StageKind::Call(call) = &stage.kind
            && let Some(step) = own_role(call)
        {
            steps.insert(step.clone());
        }
    });
    steps.into_iter().collect()
}

/// The step under whose own role a call is made.
fn own_role(call: &Call) -> Option<&String> {
    match &call.credentials.as_ref()?.kind {
        ExprKind::Deploy(Deploy::StepRole(_, step)) => Some(step),
        _ => None,
    }
}

struct Finder<'a> {
    tracer: &'a Tracer<'a>,
    found: Accesses,
}

impl<'a> Finder<'a> {
    fn settings(&mut self, pipeline: &'a Pipeline) {
        let reason = |what: &str| Reason {
            span: pipeline.span,
            stage: String::new(),
            what: what.to_owned(),
        };
        if pipeline.settings.log.level != super::LogLevel::Off {
            self.fill(&[], None, reason("log"), machine::log_delivery());
        }
        if pipeline.settings.trace {
            self.fill(&[], None, reason("trace"), machine::tracing());
        }
        if let Some(key) = &pipeline.settings.encrypt {
            let members = encrypted(self.tracer, pipeline, key);
            self.fill(
                &members,
                None,
                reason("encrypt"),
                machine::encrypted_machine(),
            );
            if pipeline.settings.log.level != super::LogLevel::Off {
                self.fill(&members, None, reason("encrypt"), machine::encrypted_logs());
            }
        }
    }

    fn block(&mut self, block: &'a Block) {
        for stage in &block.stages {
            match &stage.kind {
                StageKind::Call(call) => self.call(stage, call),
                StageKind::Map(map) => self.map(stage, map),
                _ => {}
            }
            for inner in stage.blocks() {
                self.block(inner);
            }
        }
    }

    fn call(&mut self, stage: &'a Stage, call: &'a Call) {
        let what = match call.target {
            Target::Api => format!("{}.{}", call.operation.service, call.operation.name),
            Target::Function(id) | Target::Activity(id) => {
                self.tracer.program.resource(id).name.clone()
            }
            Target::Pipeline(id) => self.tracer.program.pipeline(id).name.clone(),
        };
        let reason = Reason {
            span: call.span,
            stage: stage.name.base.clone(),
            what,
        };
        let step = own_role(call);
        if let Some(role) = &call.credentials {
            // The other role makes the call: what it needs is granted there.
            let members = [("RoleArn".to_owned(), Value::Expr(role))];
            let within = call.within.as_ref().filter(|_| step.is_none());
            self.fill(&members, within, reason.clone(), machine::assume_role());
        }
        let first = self.found.needs.len();
        let foreign = call.credentials.is_some() && step.is_none();
        if !foreign {
            let filler = Filler {
                tracer: self.tracer,
                service: call.operation.service,
                operation: &call.operation.name,
                members: &call_members(call),
                within: call.within.as_ref(),
            };
            filler.fill(&call.form.grants, &reason, &mut self.found);
            if let Target::Pipeline(id) = call.target {
                let child = self.tracer.program.pipeline(id);
                if let Some(key) = &child.settings.encrypt {
                    let members = encrypted(self.tracer, child, key);
                    let grants = machine::encrypted_machine();
                    self.fill(&members, None, reason.clone(), grants);
                }
            }
        }
        let touches = machine::touches_named_data(call.operation.service, &call.operation.name);
        let names_tables = call.accesses.iter().any(|access| {
            machine::is_catalog(self.tracer.program.resource(access.resource).kind.word)
        });
        if touches && !names_tables && !foreign {
            self.found.problems.push(Problem::UndeclaredData {
                span: call.span,
                what: reason.what.clone(),
                only_tables: !call.accesses.is_empty(),
            });
        }
        let taker = if !matches!(call.target, Target::Api)
            || !machine::acts_as_caller(call.operation.service)
        {
            Taker::OwnRole
        } else if self.keeps_tables(call) {
            Taker::KeepsTables
        } else {
            Taker::Caller
        };
        self.accesses(&call.accesses, &reason, taker);
        keys::add_encrypted(self.tracer, first, &mut self.found.needs);
        if let Some(step) = step {
            for need in &mut self.found.needs[first..] {
                need.step = Some(step.clone());
            }
        }
    }

    /// Whether the statement's first word is known and says that no table comes or goes.
    fn keeps_tables(&self, call: &'a Call) -> bool {
        let (service, operation) = (call.operation.service, &call.operation.name);
        let Some((member, verb)) = machine::find_statement(service, operation) else {
            return false;
        };
        let Arguments::Members(members) = &call.arguments else {
            return false;
        };
        let text = members
            .iter()
            .find(|(name, _)| name == member)
            .map(|(_, value)| self.tracer.constant(value));
        match text.as_ref().and_then(|text| text.pieces().first()) {
            Some(Piece::Text(text)) => text
                .split_whitespace()
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(verb)),
            _ => false,
        }
    }

    fn map(&mut self, stage: &'a Stage, map: &'a Map) {
        let reason = |span, what: &str| Reason {
            span,
            stage: stage.name.base.clone(),
            what: what.to_owned(),
        };
        if let super::Items::Dataset(dataset) = &map.items {
            self.dataset(dataset, reason(dataset.span, reader_word(dataset.reader)));
        }
        let Some(distributed) = &map.distributed else {
            return;
        };
        let label = [(
            "Label".to_owned(),
            Value::Pattern(Pattern::from(Piece::Label(map.item))),
        )];
        self.fill(&label, None, reason(stage.span, "map"), machine::map_run());
        if !distributed.express {
            self.fill(&label, None, reason(stage.span, "map"), machine::redrive());
        }
        if let Some(results) = &distributed.results {
            let mut members = vec![("Bucket".to_owned(), Value::Expr(&results.bucket))];
            if let Some(prefix) = &results.prefix {
                members.push(("Key".to_owned(), Value::Folder(prefix)));
            }
            self.fill(
                &members,
                None,
                reason(stage.span, "results to"),
                machine::write_results(),
            );
        }
    }

    fn dataset(&mut self, dataset: &'a Dataset, reason: Reason) {
        let mut members = vec![("Bucket".to_owned(), Value::Expr(&dataset.bucket))];
        if let Some(key) = &dataset.key {
            members.push(("Key".to_owned(), Value::Expr(key)));
        }
        let grants = match dataset.reader {
            Reader::Objects => machine::list_objects(),
            _ if dataset
                .arguments
                .iter()
                .any(|(name, _)| name == "VersionId") =>
            {
                machine::read_object_version()
            }
            _ => machine::read_object(),
        };
        let within = dataset.within.as_ref();
        self.fill(&members, within, reason.clone(), grants);
        // What the listed or named files hold is read too.
        let files = match dataset.reader {
            Reader::Objects if loads_files(dataset) => dataset
                .key
                .as_ref()
                .map(Value::Prefix)
                .or(Some(Value::Pattern(Pattern::any()))),
            Reader::Inventory => dataset.key.as_ref().map(Value::InventoryData),
            _ => None,
        };
        if let Some(files) = files {
            let members = [members.swap_remove(0), ("Key".to_owned(), files)];
            self.fill(&members, within, reason.clone(), machine::read_object());
        }
        self.accesses(&dataset.accesses, &reason, Taker::Caller);
    }

    fn accesses(&mut self, accesses: &'a [Access], reason: &Reason, taker: Taker) {
        let own_role = taker == Taker::OwnRole;
        for access in accesses {
            let resource = self.tracer.program.resource(access.resource);
            let kind = resource.kind.word;
            let touched = match kind {
                "database" if taker == Taker::KeepsTables => "glue_table",
                kind => kind,
            };
            let grants = machine::find_access(touched, access.writes)
                // A key stands for what is encrypted with it, whoever reads that.
                .filter(|_| !own_role || kind == "key");
            let Some(grants) = grants else {
                self.found.problems.push(Problem::AccessNotTaken {
                    span: access.span,
                    kind,
                    what: reason.what.clone(),
                    own_role,
                });
                continue;
            };
            let arn = self.tracer.resource(access.resource, RefForm::Arn);
            let mut members = vec![("Arn".to_owned(), Value::Pattern(arn))];
            let (database, table) =
                catalog_names(self.tracer, access.resource, access.path.as_ref());
            members.extend(database.map(|d| ("Database".to_owned(), Value::Pattern(d))));
            members.extend(table.map(|t| ("Table".to_owned(), t)));
            if let Some(path) = &access.path {
                members.push(("Path".to_owned(), Value::Wildcards(path)));
            }
            let reason = Reason {
                span: access.span,
                what: format!(
                    "{} {} {}",
                    reason.what,
                    if access.writes { "writes" } else { "reads" },
                    resource.name
                ),
                ..reason.clone()
            };
            self.fill(&members, None, reason, grants);
        }
    }

    fn fill(
        &mut self,
        members: &[(String, Value<'a>)],
        within: Option<&'a Expr>,
        reason: Reason,
        grants: &[crate::catalog::grant::Grant],
    ) {
        let filler = Filler {
            tracer: self.tracer,
            service: "",
            operation: "",
            members,
            within,
        };
        let first = self.found.needs.len();
        filler.fill(grants, &reason, &mut self.found);
        if within.is_some() || !members.is_empty() {
            keys::add_encrypted(self.tracer, first, &mut self.found.needs);
        }
    }
}

/// Under whose name a call touches data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taker {
    Caller,
    /// The caller, and the tables that it writes are there before and after.
    KeepsTables,
    /// A job's or a function's, which is another.
    OwnRole,
}

/// Database and table of an access to the data catalog.
fn catalog_names<'a>(
    tracer: &Tracer<'a>,
    id: ResourceId,
    path: Option<&'a Expr>,
) -> (Option<Pattern>, Option<Value<'a>>) {
    let resource = tracer.program.resource(id);
    match resource.kind.word {
        "database" => (
            Some(tracer.resource(id, RefForm::Name)),
            path.map(Value::Wildcards),
        ),
        "glue_table" => {
            let table = tracer.resource(id, RefForm::Name);
            let database = match &resource.origin {
                Origin::Existing(name) => tracer
                    .constant(name)
                    .split_once(|c| c == '/')
                    .map(|(d, _)| d),
                Origin::Created(creation) => creation
                    .property("DatabaseName")
                    .map(|value| tracer.constant(value)),
            };
            (database, Some(Value::Pattern(table)))
        }
        _ => (None, None),
    }
}

/// What the permissions around an encrypted machine are made of.
fn encrypted<'a>(
    tracer: &Tracer<'a>,
    pipeline: &Pipeline,
    key: &'a Expr,
) -> Vec<(String, Value<'a>)> {
    let machine = tracer.machine(&pipeline.name);
    vec![
        ("Key".to_owned(), Value::Expr(key)),
        ("Machine".to_owned(), Value::Pattern(machine)),
    ]
}

/// Whether the reader opens the files that it lists, instead of giving their names.
fn loads_files(dataset: &Dataset) -> bool {
    dataset.config.iter().any(|(name, value)| {
        name == "Transformation"
            && !matches!(&value.kind, ExprKind::Literal(super::Literal::String(text)) if text == "NONE")
    })
}

fn reader_word(reader: Reader) -> &'static str {
    match reader {
        Reader::Csv => "csv",
        Reader::Json => "json",
        Reader::Jsonl => "jsonl",
        Reader::Parquet => "parquet",
        Reader::Manifest => "manifest",
        Reader::Inventory => "inventory",
        Reader::Objects => "objects",
    }
}
