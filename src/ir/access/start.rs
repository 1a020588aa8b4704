//! What the roles need that start a pipeline for its triggers.

use super::fill::{Filler, Value};
use super::{Accesses, Reason, encrypted, keys};
use crate::catalog::machine;
use crate::ir::pattern::trace::Tracer;
use crate::ir::pattern::{Pattern, Piece};
use crate::ir::trigger::PipeKind;
use crate::ir::{Pipeline, Program, Trigger, TriggerSource};

/// What a trigger's role needs.
pub fn find_start_accesses(program: &Program, pipeline: &Pipeline, trigger: &Trigger) -> Accesses {
    let tracer = &Tracer::outside(program);
    let mut found = Accesses::default();
    let mut members = vec![(
        "Machine".to_owned(),
        Value::Pattern(started(program, pipeline)),
    )];
    let mut grants = Vec::new();
    let express = pipeline.settings.express;
    match &trigger.source {
        TriggerSource::Schedule(_) => {
            grants.push(machine::start_machine());
            grants.push(machine::send_dead_letters());
        }
        TriggerSource::Rule(_) => grants.push(machine::start_machine()),
        TriggerSource::Pipe(pipe) => {
            members.push(("Source".to_owned(), Value::Expr(&pipe.arn)));
            grants.push(match pipe.kind {
                PipeKind::Kinesis => machine::read_kinesis(),
                PipeKind::Sqs => machine::read_queue(),
                PipeKind::DynamoDb => machine::read_dynamodb(),
            });
            if pipe.kind != PipeKind::Sqs {
                grants.push(machine::send_dead_letters());
            }
            grants.push(if express {
                machine::start_machine_and_wait()
            } else {
                machine::start_machine()
            });
        }
    }
    members.push((
        "DeadLetters".to_owned(),
        Value::Pattern(dead_letters(program, pipeline)),
    ));
    let reason = Reason {
        span: trigger.span,
        stage: String::new(),
        what: format!("on {}", trigger.source.word()),
    };
    let fill = |members: &[(String, Value<'_>)], grants, found: &mut Accesses| {
        let filler = Filler {
            tracer,
            service: "",
            operation: "",
            members,
            within: None,
        };
        filler.fill(grants, &reason, found);
    };
    for grants in grants {
        fill(&members, grants, &mut found);
    }
    keys::add_encrypted(tracer, 0, &mut found.needs);
    if let Some(key) = &pipeline.settings.encrypt {
        let members = encrypted(tracer, pipeline, key);
        fill(&members, machine::encrypted_machine(), &mut found);
    }
    found
}

/// The ARN of what triggers start: the machine, or its alias.
pub fn started(program: &Program, pipeline: &Pipeline) -> Pattern {
    let mut arn = Tracer::outside(program).machine(&pipeline.name);
    if let Some(release) = &pipeline.settings.release {
        arn.push(Piece::Text(format!(":{}", release.alias)));
    }
    arn
}

/// The ARN of the queue that takes what could not start a pipeline.
pub fn dead_letters(program: &Program, pipeline: &Pipeline) -> Pattern {
    let tracer = &Tracer::outside(program);
    let members = [(
        "Name".to_owned(),
        Value::Pattern(Pattern::text(machine::dead_letters_name(&pipeline.name))),
    )];
    let filler = Filler {
        tracer,
        service: "",
        operation: "",
        members: &members,
        within: None,
    };
    filler.pattern(machine::queue_arn()).unwrap_or_default()
}
