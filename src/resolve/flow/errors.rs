//! Names of errors: what a stage can raise, and what handlers and retries say.

use std::collections::{BTreeMap, BTreeSet};

use super::Flow;
use crate::catalog::{self, Form};
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::source::Span;
use crate::syntax::ast;

/// What a stage can raise.
#[derive(Clone, Default)]
pub(super) struct Raises {
    /// The forms of its calls, by their resources.
    forms: BTreeMap<String, &'static Form>,
    /// Names that the source raises.
    raised: BTreeSet<String>,
    /// A function, an activity or a callback raises names of its own.
    open: bool,
    /// Something of it is a Task, a Map or a Parallel.
    has_task: bool,
    has_http: bool,
    has_pipeline: bool,
    has_parallel: bool,
    /// A distributed map: its children's errors are not seen under their own names.
    distributed: Option<Span>,
    /// What was lost in one: for a better message.
    hidden: BTreeSet<String>,
}

impl Raises {
    pub fn call(&mut self, form: &'static Form, pipeline: bool) {
        self.has_task = true;
        self.open |= form.open_errors;
        self.has_pipeline |= pipeline;
        self.has_http |= form.resource.contains(":http:");
        self.forms.insert(form.resource.clone(), form);
    }

    pub fn raise(&mut self, name: &str) {
        self.raised.insert(name.to_owned());
    }

    pub fn parallel(&mut self) {
        self.has_task = true;
        self.has_parallel = true;
    }

    pub fn map(&mut self) {
        self.has_task = true;
    }

    /// Something of it is a distributed map.
    pub fn distribute(&mut self, span: Span) {
        self.has_task = true;
        self.distributed = self.distributed.or(Some(span));
    }

    fn merge(&mut self, other: Raises) {
        self.forms.extend(other.forms);
        self.raised.extend(other.raised);
        self.hidden.extend(other.hidden);
        self.open |= other.open;
        self.has_task |= other.has_task;
        self.has_http |= other.has_http;
        self.has_pipeline |= other.has_pipeline;
        self.has_parallel |= other.has_parallel;
        self.distributed = self.distributed.or(other.distributed);
    }

    /// The raises of a distributed map around these of its body.
    pub fn into_distributed(self, span: Span) -> Raises {
        let mut hidden = self.hidden;
        hidden.extend(self.raised);
        hidden.extend(
            self.forms
                .values()
                .flat_map(|form| form.errors.iter().cloned()),
        );
        Raises {
            has_task: true,
            distributed: Some(span),
            hidden,
            ..Raises::default()
        }
    }

    /// The raises of a collecting map or parallel: its bodies' stay inside.
    pub fn into_collected(self) -> Raises {
        Raises {
            has_task: true,
            ..Raises::default()
        }
    }

    /// An error that none of the calls' models names, and those of other operations of the service do: the call that may
    /// raise it, and its name as it is emitted.
    fn unnamed(&self, name: &str) -> Option<(&'static Form, &'static str)> {
        if self.raised.contains(name) || !name.contains('.') {
            return None;
        }
        let mut forms = self.forms.values();
        if forms.clone().any(|form| form.find_error(name).is_some()) {
            return None;
        }
        forms.find_map(|form| Some((*form, form.find_error_of_service(name)?)))
    }

    /// The errors of all operations of the services that are called, as people write them.
    fn errors_of_services(&self) -> Vec<&'static str> {
        let forms = self.forms.values();
        forms
            .flat_map(|form| form.errors_of_service())
            .map(|name| name.strip_suffix("Exception").unwrap_or(name))
            .collect()
    }

    fn candidates(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .forms
            .values()
            .flat_map(|form| form.errors.iter().cloned())
            .chain(self.raised.iter().cloned())
            .collect();
        names.extend(
            SERVICE_ERRORS
                .iter()
                .filter(|(name, _)| self.service_raises(name) == Some(true))
                .map(|(name, _)| (*name).to_owned()),
        );
        names.sort();
        names.dedup();
        names
    }

    /// Whether the service raises one of its own names here; None when there is no such name.
    fn service_raises(&self, name: &str) -> Option<bool> {
        if let Some(code) = name.strip_prefix("States.Http.StatusCode.") {
            let known = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
            return known.then_some(self.has_http);
        }
        let (_, by) = SERVICE_ERRORS.iter().find(|(known, _)| *known == name)?;
        Some(match by {
            By::Task => self.has_task,
            By::Http => self.has_http,
            By::Distributed => self.distributed.is_some(),
            By::Parallel => self.has_parallel,
            By::Anything => true,
        })
    }
}

#[derive(Clone, Copy, PartialEq)]
enum By {
    /// A Task, a Map or a Parallel.
    Task,
    Http,
    Distributed,
    Parallel,
    Anything,
}

/// Names of the service's own that a handler can take. Source: the States Language's table of error names and the
/// developer guide's chapter on errors.
const SERVICE_ERRORS: &[(&str, By)] = &[
    ("States.BranchFailed", By::Parallel),
    ("States.DataLimitExceeded", By::Anything),
    ("States.ExceedToleratedFailureThreshold", By::Distributed),
    ("States.HeartbeatTimeout", By::Task),
    ("States.Http.Socket", By::Http),
    ("States.ItemReaderFailed", By::Distributed),
    ("States.Permissions", By::Task),
    ("States.QueryEvaluationError", By::Anything),
    ("States.ResultWriterFailed", By::Distributed),
    ("States.TaskFailed", By::Task),
    ("States.Timeout", By::Task),
];

/// Names that no generated definition meets: they are of JSONPath, or of a Choice without a default.
const NEVER_HERE: &[&str] = &[
    "States.IntrinsicFailure",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.ResultPathMatchFailure",
];

pub(super) const ALL: &str = "States.ALL";

/// What earlier rules of a stage take already.
#[derive(Default)]
pub(super) struct Taker {
    taken: BTreeMap<String, Span>,
    all: Option<Span>,
}

impl<'u> Flow<'_, 'u> {
    pub(super) fn merge_raises(&mut self, raises: Raises) {
        if let Some(top) = self.raises.last_mut() {
            top.merge(raises);
        }
    }

    pub(super) fn top_raises(&mut self) -> &mut Raises {
        if self.raises.is_empty() {
            self.raises.push(Raises::default());
        }
        let last = self.raises.len() - 1;
        &mut self.raises[last]
    }

    /// The name of a `fail`, which is raised from here.
    pub(super) fn check_raised_name(&mut self, error: &ast::ErrorName) {
        if error.name.starts_with("States.") {
            self.report(
                Diagnostic::new(
                    Code::ReservedError,
                    error.span,
                    format!("`{}` is a name of the service's own", error.name),
                )
                .help("names of errors that you raise may not begin with `States.`"),
            );
            return;
        }
        if error.name.is_empty() {
            self.report(Diagnostic::new(
                Code::ReservedError,
                error.span,
                "an error's name cannot be empty",
            ));
            return;
        }
        let name = error.name.clone();
        self.top_raises().raise(&name);
    }

    /// The emitted names of a rule. `walked` is false when the stage could not be made: then its calls are not known.
    pub(super) fn error_names(
        &mut self,
        written: &[ast::ErrorName],
        raises: &Raises,
        taker: &mut Taker,
        walked: bool,
        retry: bool,
    ) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let start = taker.taken.clone();
        let all_before = taker.all;
        for error in written {
            let emitted = if is_all(error) {
                if written.len() > 1 {
                    self.report(
                        Diagnostic::new(
                            Code::AllWithOthers,
                            error.span,
                            "`all` stands alone: it takes the others too",
                        )
                        .help("write `all` by itself, or leave it out"),
                    );
                }
                if error.name != "all" {
                    self.report(
                        Diagnostic::new(
                            Code::UnknownError,
                            error.span,
                            format!("every error is `all` here, not `{}`", error.name),
                        )
                        .replace(error.span, "all", "write `all`"),
                    );
                }
                vec![ALL.to_owned()]
            } else {
                let emitted = self.error_name(error, raises, walked);
                self.warn_of_unnamed(error, written, raises);
                emitted
            };
            let before = all_before.or_else(|| {
                let firsts: Vec<Option<Span>> = emitted
                    .iter()
                    .map(|name| start.get(name).copied())
                    .collect();
                firsts
                    .first()
                    .copied()
                    .flatten()
                    .filter(|_| firsts.iter().all(Option::is_some))
            });
            let doubled = !emitted.is_empty() && emitted.iter().all(|name| names.contains(name));
            if let Some(first) = before.filter(|_| !emitted.is_empty()) {
                self.report(
                    Diagnostic::new(
                        Code::NeverMatches,
                        error.span,
                        if retry {
                            "this retry never comes to act: an earlier one takes the error"
                        } else {
                            "this handler never comes to act: an earlier one takes the error"
                        },
                    )
                    .also(first, "this one")
                    .help(
                        "the order of rules is the order of matching: put the narrower one first",
                    ),
                );
            } else if doubled {
                self.report(Diagnostic::new(
                    Code::NeverMatches,
                    error.span,
                    format!("`{}` stands here twice", error.name),
                ));
            }
            for name in emitted {
                if name == ALL {
                    taker.all = taker.all.or(Some(error.span));
                }
                taker.taken.entry(name.clone()).or_insert(error.span);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    pub(super) fn error_name(
        &mut self,
        error: &ast::ErrorName,
        raises: &Raises,
        walked: bool,
    ) -> Vec<String> {
        let name = error.name.as_str();
        if name == "States.Runtime" {
            self.report(
                Diagnostic::new(
                    Code::UncatchableError,
                    error.span,
                    "`States.Runtime` ends the execution, and nothing takes it",
                )
                .help("leave it out"),
            );
            return Vec::new();
        }
        if name == "States.DataLimitExceeded" {
            self.report(
                Diagnostic::new(
                    Code::UnreliableError,
                    error.span,
                    "`States.DataLimitExceeded` is not always taken: the service may end the execution at once",
                )
                .help("keep large values out of the flow: store them, and pass where they are"),
            );
        }
        if let Some(known) = name
            .strip_prefix("States.")
            .map(|_| raises.service_raises(name))
        {
            return self.service_error(error, raises, known, walked);
        }
        let mut emitted: Vec<String> = raises
            .forms
            .values()
            .filter_map(|form| form.find_error(name))
            .map(str::to_owned)
            .collect();
        emitted.sort();
        emitted.dedup();
        if raises.raised.contains(name) && !emitted.iter().any(|n| n == name) {
            emitted.push(name.to_owned());
        }
        if !emitted.is_empty() {
            return emitted;
        }
        if let Some((_, other)) = raises.unnamed(name) {
            return vec![other.to_owned()];
        }
        let foreign = catalog::is_error_prefix(name.split('.').next().unwrap_or(name));
        if !walked || raises.open && !(foreign && name.contains('.')) {
            return vec![name.to_owned()];
        }
        self.report_never_raised(error, raises);
        Vec::new()
    }

    /// An error that the model names for other operations of the service, with nothing beside it for what comes unnamed.
    fn warn_of_unnamed(&mut self, error: &ast::ErrorName, all: &[ast::ErrorName], raises: &Raises) {
        let Some((form, _)) = raises.unnamed(&error.name) else {
            return;
        };
        let generic = form.errors.iter().find(|name| {
            let bare = name.strip_suffix("Exception").unwrap_or(name);
            is_of_sdk(bare) && !bare.ends_with(".SdkClient")
        });
        let (Some(generic), Some((operation, _))) = (generic, catalog::find_form(&form.resource))
        else {
            return;
        };
        if all
            .iter()
            .any(|other| form.find_error(&other.name) == Some(generic))
        {
            return;
        }
        self.report(
            Diagnostic::new(
                Code::UnreliableError,
                error.span,
                format!(
                    "AWS's model names `{}` for other operations, and not for `{}.{}`: it may come as `{generic}`",
                    error.name, operation.service, operation.name
                ),
            )
            .help(format!("write `{generic}` beside it")),
        );
    }

    fn service_error(
        &mut self,
        error: &ast::ErrorName,
        raises: &Raises,
        known: Option<bool>,
        walked: bool,
    ) -> Vec<String> {
        let name = error.name.as_str();
        match known {
            // For a missed heartbeat both names by which the service may report it.
            Some(true) if name == "States.HeartbeatTimeout" => {
                vec![name.to_owned(), "States.Timeout".to_owned()]
            }
            Some(true) => vec![name.to_owned()],
            Some(false) if !walked => vec![name.to_owned()],
            _ => {
                self.report_never_raised(error, raises);
                Vec::new()
            }
        }
    }

    fn report_never_raised(&mut self, error: &ast::ErrorName, raises: &Raises) {
        const SHOWN: usize = 8;
        let name = error.name.as_str();
        if let Some(span) = raises.distributed
            && (raises
                .hidden
                .iter()
                .any(|hidden| hidden == name || hidden.strip_suffix("Exception") == Some(name)))
        {
            self.report(
                Diagnostic::new(
                    Code::HiddenInDistributed,
                    error.span,
                    format!("`{name}` is not seen here: a child's failure comes out of a distributed map as `States.ExceedToleratedFailureThreshold`"),
                )
                .also(span, "the map")
                .help("handle it inside of the map's body, or let the map `collect` the failures"),
            );
            return;
        }
        let diagnostic = Diagnostic::new(
            Code::UnknownError,
            error.span,
            if NEVER_HERE.contains(&name) {
                format!("`{name}` is never raised by what a pipeline becomes")
            } else {
                format!("nothing here raises `{name}`")
            },
        );
        let candidates = raises.candidates();
        let bare = |full: &str| full.strip_suffix("Exception").unwrap_or(full).to_owned();
        let names: Vec<String> = candidates.iter().map(|c| bare(c)).collect();
        let unprefixed = names
            .iter()
            .find(|full| bare(name).as_str() == own_part(full))
            .map(String::as_str);
        let others = raises.errors_of_services();
        let near = unprefixed
            .or_else(|| find_nearest(name, candidates.iter().map(String::as_str)))
            .or_else(|| find_nearest(name, names.iter().map(String::as_str)))
            .or_else(|| find_nearest(name, others.iter().copied()));
        if let Some(near) = near {
            let near = bare(near);
            let diagnostic =
                diagnostic.replace(error.span, near.as_str(), format!("write `{near}`"));
            self.report(match unprefixed {
                Some(_) => diagnostic,
                None => diagnostic.guessed(&bare(name), &near),
            });
            return;
        }
        if raises.has_pipeline {
            self.report(diagnostic.help("a pipeline that fails raises `States.TaskFailed` where it is called, with its own error in the cause"));
            return;
        }
        if raises.open {
            self.report(
                diagnostic.help(
                    "what is called here raises names of its own, and none of another service",
                ),
            );
            return;
        }
        let mut shown: Vec<String> = names
            .iter()
            .filter(|c| !c.starts_with("States.") && !is_of_sdk(c))
            .map(|c| format!("`{c}`"))
            .collect();
        if shown.len() > SHOWN {
            let more = shown.len() - SHOWN;
            shown.truncate(SHOWN);
            shown.push(format!("and {more} more"));
        }
        let diagnostic = match name {
            "transient" => diagnostic.help("without `on`, `retry` is about all transient errors"),
            _ => diagnostic,
        };
        self.report(if shown.is_empty() {
            diagnostic.help("`catch all` takes every error")
        } else {
            diagnostic.help(format!("it can raise {}", shown.join(", ")))
        });
    }
}

/// A name without its service.
fn own_part(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, own)| own)
}

/// What the SDK raises for any service beside the errors of its model: `S3.SdkClient`, `S3.S3`.
fn is_of_sdk(name: &str) -> bool {
    name.split_once('.').is_some_and(|(service, own)| {
        own == "SdkClient"
            || own
                .to_ascii_lowercase()
                .ends_with(&service.to_ascii_lowercase())
    })
}

/// `all`, or what the service calls it.
fn is_all(error: &ast::ErrorName) -> bool {
    !error.quoted && error.name == "all" || error.name.eq_ignore_ascii_case(ALL)
}
