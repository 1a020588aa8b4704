//! Pipes: records of a stream or messages of a queue, filtered and batched into one execution.

use serde_json::{Value, json};

use super::feed::{self, Service};
use super::{Start, arn};
use crate::backend::cfn::build::Build;
use crate::backend::cfn::late::Late;
use crate::ir::Deploy;
use crate::ir::pattern::Piece;
use crate::ir::trigger::{Pipe, PipeKind};

impl Start<'_> {
    pub(super) fn pipe(&self, build: &mut Build<'_>, pipe: &Pipe) {
        let source = arn(&[
            Piece::Text(":pipes:".to_owned()),
            Piece::Deploy(Deploy::Region),
            Piece::Text(":".to_owned()),
            Piece::Deploy(Deploy::Account),
            Piece::Text(format!(":pipe/{}", self.name)),
        ]);
        let role = self.role(build, "pipes.amazonaws.com", &source);
        // A pipe waits for an express execution, so that a failed batch is tried again; a standard one it only starts.
        let invocation = if self.pipeline.settings.express {
            "REQUEST_RESPONSE"
        } else {
            "FIRE_AND_FORGET"
        };
        let mut target = json!({
            "StepFunctionStateMachineParameters": { "InvocationType": invocation },
        });
        let rendered = feed::render(build, Service::Pipes, &self.trigger.input);
        if !rendered.whole {
            target["InputTemplate"] = build.names.text(&rendered.text);
        }
        let properties = json!({
            "Name": self.name,
            "Description": self.description(),
            "RoleArn": { "Fn::GetAtt": [role, "Arn"] },
            "Source": build.expression(&pipe.arn),
            "SourceParameters": self.source_parameters(build, pipe),
            "Target": self.target(build),
            "TargetParameters": target,
            "DesiredState": "RUNNING",
        });
        let tags = build.tags_of(self.pipeline);
        build.add(&self.logical, "AWS::Pipes::Pipe", properties, &tags);
    }

    fn source_parameters(&self, build: &Build<'_>, pipe: &Pipe) -> Value {
        let mut source = json!({});
        if let Some(batch) = pipe.batch {
            source["BatchSize"] = json!(batch);
        }
        if let Some(window) = pipe.window {
            source["MaximumBatchingWindowInSeconds"] = json!(window);
        }
        let stream = pipe.kind != PipeKind::Sqs;
        if stream {
            source["StartingPosition"] = json!(if pipe.oldest {
                "TRIM_HORIZON"
            } else {
                "LATEST"
            });
            source["MaximumRetryAttempts"] = json!(self.trigger.delivery.attempts);
            source["MaximumRecordAgeInSeconds"] = json!(self.trigger.delivery.age);
            source["OnPartialBatchItemFailure"] = json!("AUTOMATIC_BISECT");
            source["DeadLetterConfig"] = self.dead_letter_config();
            if let Some(parallel) = pipe.parallel {
                source["ParallelizationFactor"] = json!(parallel);
            }
        }
        let name = match pipe.kind {
            PipeKind::Kinesis => "KinesisStreamParameters",
            PipeKind::Sqs => "SqsQueueParameters",
            PipeKind::DynamoDb => "DynamoDBStreamParameters",
        };
        let mut parameters = json!({});
        if !pipe.filters.is_empty() {
            let filters: Vec<Value> = pipe
                .filters
                .iter()
                .map(|filter| Late::of(&build.tracer, filter).write())
                .map(|pattern| json!({ "Pattern": build.names.text(&pattern) }))
                .collect();
            parameters["FilterCriteria"] = json!({ "Filters": filters });
        }
        parameters[name] = source;
        parameters
    }
}
