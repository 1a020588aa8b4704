//! The AWS model: services, operations, shapes, errors, permissions, resource kinds. The only module that knows AWS.
//!
//! Curated integrations (`catalog/integrations/*.toml`, one a service) lie over tables derived from pinned packages
//! (`catalog/derived/`). A service is decoded when it is first asked for, and nothing at start-up.

pub mod actions;
pub mod cloudformation;
pub mod created;
mod curated;
pub mod dynamodb;
pub mod event;
mod form;
pub mod grant;
pub mod lifetime;
mod lines;
pub mod machine;
pub mod meaning;
pub mod metric;
mod notation;
mod on_demand;
pub mod quota;
pub mod resource;
pub mod shape;
mod table;
pub mod timezone;
pub mod value;
pub mod wait;

use std::sync::{Arc, OnceLock};

use grant::Grant;
use on_demand::OnDemand;
use shape::{Shape, ShapeTable};
use table::{Frame, Spelling};

/// How a Task state waits: for acceptance, for the job's end, or for its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    RequestResponse,
    /// `.sync` or `.sync:2`
    Sync,
    /// `.waitForTaskToken`
    Callback,
}

/// A service as `.flow` names it: the SDK integration's name (`glue`, `sfn`, `eventbridge`).
#[derive(Debug)]
pub struct Service {
    pub name: &'static str,
    /// The prefix of SDK errors: `Glue`, `DynamoDb`.
    pub error_prefix: String,
    /// Whether AWS's documentation listed the service as an SDK integration on the day of the derived tables.
    pub documented: bool,
    frame: Arc<Frame>,
    curated: curated::File,
    /// The shapes as SDK and as optimized integrations spell them.
    sdk_shapes: ShapeTable,
    own_shapes: ShapeTable,
    /// Operations that Step Functions adds to the API's.
    added: Vec<&'static str>,
    /// A place for each operation: first the API's, as the frame orders them, then the added ones.
    operations: Vec<OnceLock<Operation>>,
}

/// One operation of a service, in each pattern that Step Functions offers.
#[derive(Debug)]
pub struct Operation {
    pub service: &'static str,
    /// As written in `.flow` and in the resource ARN: `startJobRun`.
    pub name: String,
    /// Why Step Functions refuses it, when it does; then it has no forms.
    pub refused: Option<String>,
    /// At most one a pattern.
    pub forms: Vec<Form>,
}

/// An operation in one pattern: all that a Task state needs to know.
#[derive(Debug)]
pub struct Form {
    pub pattern: Pattern,
    /// `arn:aws:states:::glue:startJobRun.sync`
    pub resource: String,
    /// An optimized integration, not `aws-sdk:`.
    pub optimized: bool,
    /// Members of `Arguments`.
    pub input: Shape,
    /// What `$states.result` holds.
    pub result: Shape,
    /// Full names that the task can raise by itself, as emitted: `Glue.ConcurrentRunsExceededException`, and
    /// `States.TaskFailed` where a job's failure is reported so.
    pub errors: Vec<String>,
    /// Errors may have names that no model knows: a function's own exceptions, a callback's.
    pub open_errors: bool,
    /// The errors that the default retry takes: throttling, service and network faults.
    pub transient: Vec<String>,
    pub grants: Vec<Grant>,
    /// Actions that AWS names as dependent and that no argument bounds: not granted.
    pub dependents: Vec<String>,
    /// What no source confirms, in sentences.
    pub unverified: Vec<String>,
    requirements: Vec<Requirement>,
    error_names: form::ErrorNames,
}

/// What an API demands of members together and its model does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    pub kind: RequirementKind,
    /// Names of members, as emitted.
    pub members: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequirementKind {
    ExactlyOne,
    AtLeastOne,
    AtMostOne,
    /// All or none.
    Together,
}

/// Integrations' own names that are not a service's SDK name without hyphens.
const ALIASES: &[(&str, &str)] = &[
    ("elasticmapreduce", "emr"),
    ("events", "eventbridge"),
    ("states", "sfn"),
];

static SERVICES: OnDemand<Service> = OnDemand::new();

/// The service of this name, by its SDK name or by an integration's own name without hyphens (`states`, `events`,
/// `elasticmapreduce`).
pub fn find_service(name: &str) -> Option<&'static Service> {
    let name = ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map_or(name, |(_, service)| service);
    SERVICES.find(name, || {
        let row = table::find_row(name);
        let name = (row.map(|row| row.name)).or_else(|| curated::find_name(name))?;
        Some((name, Service::load(name, row)))
    })
}

/// The form that a Task's `Resource` names, and its operation; the partition does not matter.
pub fn find_form(resource: &str) -> Option<(&'static Operation, &'static Form)> {
    let rest = resource.split_once(":states:::")?.1;
    let (service, action) = rest
        .strip_prefix("aws-sdk:")
        .unwrap_or(rest)
        .split_once(':')?;
    let name = action.split('.').next()?;
    let service = find_service(&service.replace('-', ""))?;
    let operation = service.find_operation(name)?;
    let is_same = |form: &&Form| {
        form.resource
            .split_once(":states:::")
            .is_some_and(|(_, r)| r == rest)
    };
    operation
        .forms
        .iter()
        .find(is_same)
        .map(|form| (operation, form))
}

/// All names that [`find_service`] knows, sorted; decodes nothing.
pub fn service_names() -> impl Iterator<Item = &'static str> {
    let mut names = own_names();
    names.extend(ALIASES.iter().map(|(alias, _)| *alias));
    names.sort_unstable();
    names.into_iter()
}

/// Services by their own names, sorted.
fn own_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = table::rows().map(|row| row.name).collect();
    names.extend(curated::service_names());
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether errors of some service begin so, in whatever case: `Glue`, `DynamoDB`. Decodes nothing.
pub fn is_error_prefix(prefix: &str) -> bool {
    let known = table::rows().any(|row| row.error_prefix.eq_ignore_ascii_case(prefix));
    known || prefix == "StepFunctions"
}

/// What can be said of a service without looking into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    pub name: &'static str,
    /// As AWS's guide documents it; see [`Service::documented`].
    pub documented: bool,
    pub operations: usize,
    /// Operations with an optimized integration, sorted.
    pub optimized: Vec<&'static str>,
}

/// All services, sorted by name. Decodes those that have integrations of their own, and no operation.
pub fn overview() -> Vec<Overview> {
    own_names()
        .into_iter()
        .map(|name| match curated::find_name(name).is_some() {
            true => find_service(name).map_or_else(
                || Overview::of_row(name),
                |service| Overview {
                    name: service.name,
                    documented: service.documented,
                    operations: service.operation_names().count(),
                    optimized: service.optimized_names(),
                },
            ),
            false => Overview::of_row(name),
        })
        .collect()
}

impl Overview {
    fn of_row(name: &'static str) -> Self {
        let row = table::find_row(name);
        Self {
            name,
            documented: row.is_none_or(|row| row.documented),
            operations: row.map_or(0, |row| row.operations),
            optimized: Vec::new(),
        }
    }
}

/// The names under which [`find_service`] finds a service beside its own.
pub fn aliases(service: &str) -> impl Iterator<Item = &'static str> {
    (ALIASES.iter())
        .filter(move |(_, name)| *name == service)
        .map(|(alias, _)| *alias)
}

/// The service that somebody calls by another of its names: the one of its command line (`stepfunctions`, `dms`, `elbv2`),
/// or of its permissions (`elasticfilesystem`), however it is cased and hyphenated. Decodes nothing.
pub fn find_meant_service(written: &str) -> Option<&'static str> {
    let plain = |name: &str| -> String {
        (name.chars().filter(char::is_ascii_alphanumeric))
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    let written = plain(written);
    let same = |name: &str| plain(name) == written;
    if let Some((_, service)) = ALIASES.iter().find(|(alias, _)| same(alias)) {
        return Some(service);
    }
    if let Some(name) = service_names().find(|name| same(name)) {
        return Some(name);
    }
    if let Some(row) = table::rows().find(|row| same(row.folder)) {
        return Some(row.name);
    }
    let mut of_prefix = table::rows().filter(|row| same(row.iam_prefix));
    let row = of_prefix.next()?;
    of_prefix.next().is_none().then_some(row.name)
}

/// The services of which something has been looked at so far, sorted. A build decodes those that it uses and no others.
pub fn decoded_services() -> Vec<&'static str> {
    SERVICES.names()
}

impl Service {
    fn load(name: &'static str, row: Option<table::Row>) -> Self {
        let frame = row.map_or_else(Arc::default, |row| Frame::decode(row.frame));
        let curated = curated::find_file(name)
            .unwrap_or_else(|| Ok(curated::File::default()))
            .expect("a test parses every curated file");
        let added: Vec<&str> = (curated.operations())
            .filter(|name| frame.find_index(name).is_none())
            .collect();
        let count = frame.operation_count() + added.len();
        let shapes = |spelling| {
            let places = curated.operations().count();
            ShapeTable::new(name, spelling, frame.clone(), places)
        };
        Self {
            name,
            error_prefix: row.map_or_else(
                || curated.head.prefix.clone(),
                |row| row.error_prefix.to_owned(),
            ),
            documented: row.is_none_or(|row| row.documented),
            sdk_shapes: shapes(Spelling::Java),
            own_shapes: shapes(Spelling::Api),
            operations: (0..count).map(|_| OnceLock::new()).collect(),
            added,
            frame,
            curated,
        }
    }

    /// By the API's name in lower camel case.
    pub fn find_operation(&'static self, name: &str) -> Option<&'static Operation> {
        let at = match self.frame.find_index(name) {
            Some(at) => at,
            None => {
                let added = self.added.iter().position(|added| *added == name)?;
                self.frame.operation_count() + added
            }
        };
        let build = || form::build_operation(self, name).expect("a test builds every operation");
        Some(self.operations[at].get_or_init(build))
    }

    /// What the API's own model says that an operation answers, in the spelling of optimized integrations.
    pub fn api_result(&'static self, operation: &str) -> Option<Shape> {
        let record = self.frame.find_operation(operation)?;
        Some(Shape::new(&self.own_shapes, record.output?))
    }

    /// All operations, sorted by name. Decodes them all: for names alone, [`Service::operation_names`].
    pub fn operations(&'static self) -> impl Iterator<Item = &'static Operation> {
        self.operation_names()
            .filter_map(|name| self.find_operation(name))
    }

    /// The operations that have an optimized integration, sorted.
    pub fn optimized_names(&self) -> Vec<&'static str> {
        let has_patterns = |name: &&str| {
            (self.curated.find_entry(name))
                .is_some_and(|entry| entry.is_ok_and(|(_, entry)| !entry.patterns.is_empty()))
        };
        let mut names: Vec<&str> = self.curated.operations().filter(has_patterns).collect();
        names.sort_unstable();
        names
    }

    /// Sorted; decodes nothing.
    pub fn operation_names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.frame.operation_names().collect();
        names.extend(&self.added);
        names.sort_unstable();
        names.into_iter()
    }
}

impl Operation {
    pub fn form(&self, pattern: Pattern) -> Option<&Form> {
        self.forms.iter().find(|f| f.pattern == pattern)
    }

    /// The pattern of a plain call: Sync where there is one, else RequestResponse (or the only one there is).
    pub fn complete(&self) -> Option<&Form> {
        self.form(Pattern::Sync)
            .or_else(|| self.form(Pattern::RequestResponse))
            .or_else(|| self.forms.first())
    }
}

impl Form {
    /// The emitted name of an error as somebody wrote it: with or without `Exception`, in either spelling of the
    /// service's prefix (`DynamoDB.`/`DynamoDb.`, `StepFunctions.`/`Sfn.`).
    pub fn find_error(&self, written: &str) -> Option<&str> {
        self.error_names
            .find(written, &self.errors)
            .map(|at| self.errors[at].as_str())
    }

    /// As [`Form::find_error`], of an error that the model names for other operations of the service alone. SDK integrations
    /// report those too where the service raises them: the SDK knows them for the whole service.
    /// <https://github.com/aws/aws-sdk-java-v2>, `registerModeledException` of the generated clients
    pub fn find_error_of_service(&self, written: &str) -> Option<&'static str> {
        self.forms_of_service()
            .find_map(|form| form.find_error(written))
    }

    /// The errors that the model names for any operation of the service.
    pub fn errors_of_service(&self) -> impl Iterator<Item = &'static str> {
        self.forms_of_service()
            .flat_map(|form| form.errors.iter().map(String::as_str))
    }

    /// The SDK integrations of the service, for one of them.
    fn forms_of_service(&self) -> impl Iterator<Item = &'static Form> {
        let own = (!self.optimized).then(|| find_form(&self.resource));
        own.flatten()
            .and_then(|(operation, _)| find_service(operation.service))
            .into_iter()
            .flat_map(Service::operations)
            .flat_map(|operation| &operation.forms)
            .filter(|form| !form.optimized)
    }

    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }
}
