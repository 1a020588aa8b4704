//! What a template cannot do by itself: settings of resources that others own. For the report, and as outputs.

use super::names::Names;
use crate::catalog::resource::RefForm;
use crate::ir::pattern::Pattern;
use crate::ir::pattern::trace::Tracer;
use crate::ir::{
    Deploy, Expr, ExprKind, Pipeline, Program, ResourceId, StageKind, TriggerSource, for_each_stage,
};

/// Something to be done once, by whoever owns the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What the output is named after.
    pub name: String,
    /// A sentence or two.
    pub text: String,
    /// The resource that it is about.
    pub about: Pattern,
}

impl Note {
    /// For the report: what it is about, and what is to be done.
    pub fn plain(&self, names: &Names) -> String {
        let about = names.plain(&self.about, &super::names::Labels::new());
        format!("{about}: {}", self.text)
    }
}

/// All notes, each once, in the order of the pipelines.
pub fn notes(program: &Program) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for pipeline in &program.pipelines {
        for note in of_pipeline(program, pipeline) {
            if !notes
                .iter()
                .any(|known| known.about == note.about && known.text == note.text)
            {
                notes.push(note);
            }
        }
    }
    notes
}

fn of_pipeline(program: &Program, pipeline: &Pipeline) -> Vec<Note> {
    let tracer = Tracer::outside(program);
    let exists = |id: ResourceId| program.resource(id).creation().is_none();
    let mut notes = Vec::new();
    for trigger in &pipeline.settings.triggers {
        let TriggerSource::Rule(rule) = &trigger.source else {
            continue;
        };
        if rule.word != "s3" {
            continue;
        }
        let about = match (rule.from, &rule.name) {
            (Some(id), _) if exists(id) => tracer.resource(id, RefForm::Name),
            (None, Some(name)) => tracer.text_of(name),
            _ => continue,
        };
        notes.push(Note {
            name: format!("{}_events", pipeline.name),
            text: format!(
                "objects in this bucket start {} only when the bucket sends its events to EventBridge. Its owner switches that on in its notification configuration: \"EventBridgeConfiguration\": {{}}",
                pipeline.name
            ),
            about,
        });
    }
    for topic in pipeline
        .settings
        .alarms
        .iter()
        .flat_map(|alarm| &alarm.notify)
    {
        if exists(*topic) {
            notes.push(Note {
                name: format!("{}_alarms", pipeline.name),
                text: format!(
                    "the alarms of {} reach this topic only when its policy lets cloudwatch.amazonaws.com publish for this account, and its key, if it has one, too",
                    pipeline.name
                ),
                about: tracer.resource(*topic, RefForm::Arn),
            });
        }
    }
    if let Some(key) = &pipeline.settings.encrypt
        && !is_made_key(program, key)
    {
        notes.push(Note {
            name: format!("{}_key", pipeline.name),
            text: format!(
                "{} is encrypted with this key, whose policy must let the account's roles use it, and delivery.logs.amazonaws.com decrypt its logs",
                pipeline.name
            ),
            about: tracer.text_of(key),
        });
    }
    for_each_stage(&pipeline.body, &mut |stage| {
        if let StageKind::Call(call) = &stage.kind
            && let Some(role) = &call.credentials
            && let Some(about) = foreign(&tracer, role)
        {
            notes.push(Note {
                name: format!("{}_credentials", pipeline.name),
                text: format!(
                    "{} takes on this role, which must trust the role of the output that ends in RoleArn",
                    pipeline.name
                ),
                about,
            });
        }
    });
    notes
}

fn is_made_key(program: &Program, key: &Expr) -> bool {
    matches!(&key.kind, ExprKind::Deploy(Deploy::Resource(id, _)) if program.resource(*id).creation().is_some())
}

/// A role that the template does not make.
fn foreign(tracer: &Tracer<'_>, role: &Expr) -> Option<Pattern> {
    match &role.kind {
        ExprKind::Deploy(Deploy::StepRole(..)) => None,
        ExprKind::Deploy(Deploy::Resource(id, _))
            if tracer.program.resource(*id).creation().is_some() =>
        {
            None
        }
        _ if role.time == crate::ir::Time::Run => None,
        _ => Some(tracer.text_of(role)),
    }
}
