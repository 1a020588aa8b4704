//! Triggers: what starts a machine by itself, under a role of its own, with a place for what could not be delivered.

mod feed;
mod pipe;

use serde_json::{Value, json};

use super::build::{Admitted, Build};
use super::names::Labels;
use super::resource::add_queue;
use super::role::{self, Role};
use crate::backend::iam;
use crate::catalog::machine::{dead_letters_name, shorten};
use crate::ir::pattern::{Pattern, Piece};
use crate::ir::trigger::{Rule, Schedule};
use crate::ir::{Deploy, Pipeline, PipelineId, Trigger, TriggerSource, access};
use feed::Service;

/// Characters of the names of rules, schedules, their groups, and pipes.
const NAME: usize = 64;
/// Characters of their descriptions.
const DESCRIPTION: usize = 512;
/// Seconds that a dead letter is kept: as long as the service can.
const DEAD_LETTERS: u32 = 1_209_600;

/// Everything about one trigger that others refer to.
struct Start<'p> {
    pipeline: &'p Pipeline,
    id: PipelineId,
    trigger: &'p Trigger,
    /// The logical name.
    logical: String,
    /// What the service calls it.
    name: String,
    /// The logical name of the queue for dead letters.
    dead_letters: String,
}

pub(super) fn add(build: &mut Build<'_>, id: PipelineId) {
    let program = build.program;
    let pipeline = program.pipeline(id);
    let triggers = &pipeline.settings.triggers;
    if triggers.is_empty() {
        return;
    }
    let dead_letters = if pipeline.has_dead_letters() {
        build.names.claim(&pipeline.name, "DeadLetters")
    } else {
        String::new()
    };
    let names = names(pipeline);
    let mut rules = Vec::new();
    let mut group = None;
    for (trigger, name) in triggers.iter().zip(names) {
        let word = super::names::pascal(trigger.source.word());
        let start = Start {
            pipeline,
            id,
            trigger,
            logical: build.names.claim(&pipeline.name, &format!("On{word}")),
            name,
            dead_letters: dead_letters.clone(),
        };
        match &trigger.source {
            TriggerSource::Schedule(schedule) => {
                let group = group
                    .get_or_insert_with(|| add_group(build, pipeline))
                    .clone();
                start.schedule(build, schedule, &group);
            }
            TriggerSource::Rule(rule) => {
                rules.push(start.rule_arn(build, rule));
                start.rule(build, rule);
            }
            TriggerSource::Pipe(pipe) => start.pipe(build, pipe),
        }
    }
    if dead_letters.is_empty() {
        return;
    }
    let properties = json!({
        "QueueName": dead_letters_name(&pipeline.name),
        "SqsManagedSseEnabled": true,
        "MessageRetentionPeriod": DEAD_LETTERS,
    });
    let admitted: Vec<Admitted> = (!rules.is_empty())
        .then_some(Admitted {
            service: "events.amazonaws.com",
            sources: rules,
        })
        .into_iter()
        .collect();
    let tags = build.tags_of(pipeline);
    add_queue(build, &dead_letters, properties, &admitted, &tags);
}

/// What the services call the triggers: by their words, numbered where one word stands twice.
fn names(pipeline: &Pipeline) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for trigger in &pipeline.settings.triggers {
        let word = trigger.source.word();
        let name = (1..)
            .map(|n| match n {
                1 => shorten(&pipeline.name, &format!("-on-{word}"), NAME),
                n => shorten(&pipeline.name, &format!("-on-{word}-{n}"), NAME),
            })
            .find(|name| !names.contains(name));
        names.extend(name);
    }
    names
}

/// A group for the schedules of one pipeline: the scheduler takes on a role on behalf of a group.
fn add_group(build: &mut Build<'_>, pipeline: &Pipeline) -> String {
    let logical = build.names.claim(&pipeline.name, "Schedules");
    let properties = json!({ "Name": shorten(&pipeline.name, "", NAME) });
    let tags = build.tags_of(pipeline);
    build.add(&logical, "AWS::Scheduler::ScheduleGroup", properties, &tags);
    logical
}

impl Start<'_> {
    /// The ARN of what is started, as others of the template refer to it.
    fn target(&self, build: &Build<'_>) -> Value {
        match &self.pipeline.settings.release {
            Some(_) => json!({ "Ref": build.names.pipeline(self.id).alias }),
            None => build.names.deploy(&Deploy::Machine(self.id)),
        }
    }

    fn description(&self) -> String {
        super::cut(&format!("Starts {}", self.pipeline.name), DESCRIPTION)
    }

    /// Adds the role that the service takes on for `source`, and gives its logical name.
    fn role(&self, build: &mut Build<'_>, service: &str, source: &Pattern) -> String {
        let logical = build.names.claim(&self.logical, "Role");
        let accesses = access::find_start_accesses(build.program, self.pipeline, self.trigger);
        let policy = iam::merge(&accesses.needs);
        let tags = build.tags_of(self.pipeline);
        Role {
            logical: &logical,
            description: format!("Starts the state machine {}", self.pipeline.name),
            trust: role::trust(build, service, Some(source)),
            policy: &policy,
            policy_name: "start",
            labels: &Labels::new(),
            managed: &[],
            tags: &tags,
        }
        .add(build);
        logical
    }

    fn dead_letter_config(&self) -> Value {
        json!({ "Arn": { "Fn::GetAtt": [self.dead_letters, "Arn"] } })
    }

    fn retry_policy(&self) -> Value {
        json!({
            "MaximumEventAgeInSeconds": self.trigger.delivery.age,
            "MaximumRetryAttempts": self.trigger.delivery.attempts,
        })
    }

    fn schedule(&self, build: &mut Build<'_>, schedule: &Schedule, group: &str) {
        let source = arn(&[
            Piece::Text(":scheduler:".to_owned()),
            Piece::Deploy(Deploy::Region),
            Piece::Text(":".to_owned()),
            Piece::Deploy(Deploy::Account),
            Piece::Text(format!(
                ":schedule-group/{}",
                shorten(&self.pipeline.name, "", NAME)
            )),
        ]);
        let role = self.role(build, "scheduler.amazonaws.com", &source);
        let window = match schedule.window {
            None => json!({ "Mode": "OFF" }),
            Some(minutes) => json!({ "Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes }),
        };
        let mut properties = json!({
            "Name": self.name,
            "GroupName": { "Ref": group },
            "Description": self.description(),
            "ScheduleExpression": build.expression(&schedule.expression),
            "FlexibleTimeWindow": window,
            "State": "ENABLED",
        });
        for (name, value) in [
            ("ScheduleExpressionTimezone", &schedule.timezone),
            ("StartDate", &schedule.start),
            ("EndDate", &schedule.end),
        ] {
            if let Some(value) = value {
                properties[name] = build.expression(value);
            }
        }
        let rendered = feed::render(build, Service::Scheduler, &self.trigger.input);
        properties["Target"] = json!({
            "Arn": self.target(build),
            "RoleArn": { "Fn::GetAtt": [role, "Arn"] },
            "Input": build.names.text(&rendered.text),
            "RetryPolicy": self.retry_policy(),
            "DeadLetterConfig": self.dead_letter_config(),
        });
        build.add(&self.logical, "AWS::Scheduler::Schedule", properties, &[]);
    }

    /// The ARN of the rule, by its name: what it sends to refers to it.
    fn rule_arn(&self, build: &Build<'_>, rule: &Rule) -> Pattern {
        let mut whole = arn(&[
            Piece::Text(":events:".to_owned()),
            Piece::Deploy(Deploy::Region),
            Piece::Text(":".to_owned()),
            Piece::Deploy(Deploy::Account),
            Piece::Text(":rule/".to_owned()),
        ]);
        if let Some(bus) = &rule.bus {
            // A bus may be given by its ARN.
            let bus = build.tracer.text_of(bus);
            let name = match bus.rsplit_once(|c| c == '/') {
                Some((_, name)) if bus.is_arn() => name,
                _ => bus,
            };
            whole.append(name);
            whole.push(Piece::Text("/".to_owned()));
        }
        whole.push(Piece::Text(self.name.clone()));
        whole
    }

    fn rule(&self, build: &mut Build<'_>, rule: &Rule) {
        let source = self.rule_arn(build, rule);
        let role = self.role(build, "events.amazonaws.com", &source);
        let mut target = json!({
            "Id": "Machine",
            "Arn": self.target(build),
            "RoleArn": { "Fn::GetAtt": [role, "Arn"] },
            "RetryPolicy": self.retry_policy(),
            "DeadLetterConfig": self.dead_letter_config(),
        });
        let rendered = feed::render(build, Service::Rules, &self.trigger.input);
        let text = build.names.text(&rendered.text);
        if rendered.whole {
            // The event as it is.
        } else if rendered.placeholders == 0 {
            target["Input"] = text;
        } else {
            let mut transformer = json!({});
            if !rendered.paths.is_empty() {
                transformer["InputPathsMap"] = Value::Object(rendered.paths);
            }
            transformer["InputTemplate"] = text;
            target["InputTransformer"] = transformer;
        }
        let mut properties = json!({ "Name": self.name, "Description": self.description() });
        if let Some(bus) = &rule.bus {
            properties["EventBusName"] = build.expression(bus);
        }
        properties["EventPattern"] = build.expression(&rule.pattern);
        properties["State"] = json!("ENABLED");
        properties["Targets"] = json!([target]);
        let tags = build.tags_of(self.pipeline);
        build.add(&self.logical, "AWS::Events::Rule", properties, &tags);
    }
}

/// `arn:PARTITION…`
fn arn(rest: &[Piece]) -> Pattern {
    let mut whole = Pattern::text("arn:");
    whole.push(Piece::Deploy(Deploy::Partition));
    for piece in rest {
        whole.push(piece.clone());
    }
    whole
}
