//! A definition with every type of state and no fault, for rules to be broken in.

use serde_json::{Value, json};

pub fn sound() -> Value {
    json!({
        "Comment": "Everything once.",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 3600,
        "StartAt": "list",
        "States": {
            "list": {
                "Type": "Task",
                "Comment": "Lists what there is.",
                "Resource": "arn:aws:states:::aws-sdk:s3:listObjectsV2",
                "Arguments": { "Bucket": "${raw}", "Prefix": "{% 'in/' & $states.input.day %}" },
                "Assign": {
                    "day": "{% $states.input.day %}",
                    "keys_value": "{% [$states.result.Contents[Size > 0].Key] %}",
                },
                "Retry": [{
                    "ErrorEquals": ["S3.S3Exception"],
                    "IntervalSeconds": 2,
                    "MaxAttempts": 3,
                    "BackoffRate": 2.0,
                    "MaxDelaySeconds": 60,
                    "JitterStrategy": "FULL",
                }],
                "Catch": [
                    {
                        "ErrorEquals": ["S3.NoSuchBucketException"],
                        "Assign": { "failure": "{% $states.errorOutput %}", "day": "{% $states.input.day %}" },
                        "Next": "failed",
                    },
                    { "ErrorEquals": ["States.ALL"], "Output": {}, "Next": "pause" },
                ],
                "Next": "many",
            },
            "many": {
                "Type": "Choice",
                "Choices": [{
                    "Condition": "{% ($n := $count($keys_value); $n > 10 and $n < 100) %}",
                    "Assign": { "note": "many" },
                    "Next": "pause",
                }],
                "Default": "each",
            },
            "pause": { "Type": "Wait", "Seconds": 30, "Next": "both" },
            "both": {
                "Type": "Parallel",
                "Branches": [
                    {
                        "StartAt": "left",
                        "States": {
                            "left": { "Type": "Pass", "Assign": { "inner": "{% $day %}" }, "Next": "leave" },
                            "leave": { "Type": "Succeed", "Output": "{% $inner %}" },
                        },
                    },
                    {
                        "StartAt": "right",
                        "States": { "right": { "Type": "Pass", "Output": 1, "End": true } },
                    },
                ],
                "Assign": { "sides": "{% $states.result %}" },
                "Next": "each",
            },
            "each": {
                "Type": "Map",
                "Items": "{% $keys_value %}",
                "ItemSelector": {
                    "key": "{% $states.context.Map.Item.Value %}",
                    "index": "{% $states.context.Map.Item.Index %}",
                },
                "MaxConcurrency": 10,
                "ItemProcessor": {
                    "ProcessorConfig": { "Mode": "INLINE" },
                    "StartAt": "clean",
                    "States": {
                        "clean": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::glue:startJobRun.sync",
                            "Arguments": {
                                "JobName": "${clean}",
                                "Arguments": { "--key": "{% $states.input.key %}", "--day": "{% $day %}" },
                            },
                            "End": true,
                        },
                    },
                },
                "Output": {},
                "Next": "rows",
            },
            "rows": {
                "Type": "Map",
                "Label": "rows",
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": { "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW" },
                    "Arguments": { "Bucket": "${raw}", "Key": "rows.csv" },
                },
                "ItemBatcher": { "MaxItemsPerBatch": 100, "BatchInput": { "day": "{% $day %}" } },
                "ToleratedFailurePercentage": 5,
                "ItemProcessor": {
                    "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
                    "StartAt": "load",
                    "States": {
                        "load": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::lambda:invoke",
                            "Arguments": {
                                "FunctionName": "${load}",
                                "Payload": { "rows": "{% $states.input.Items %}", "day": "{% $states.input.BatchInput.day %}" },
                            },
                            "Assign": { "loaded": "{% $states.result.Payload %}" },
                            "Next": "count them",
                        },
                        "count them": { "Type": "Succeed", "Output": "{% $count($loaded) %}" },
                    },
                },
                "ResultWriter": {
                    "Resource": "arn:aws:states:::s3:putObject",
                    "Arguments": { "Bucket": "${results}", "Prefix": "rows" },
                },
                "Next": "ask",
            },
            "ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Arguments": {
                    "QueueUrl": "${people_url}",
                    "MessageBody": { "token": "{% $states.context.Task.Token %}" },
                },
                "TimeoutSeconds": 3600,
                "HeartbeatSeconds": 60,
                "Next": "tell",
            },
            "tell": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sns:publish",
                "Arguments": { "TopicArn": "${ops_arn}", "Message": "{% $day & ' is done' %}" },
                "Output": "{% $states.result.MessageId %}",
                "End": true,
            },
            "failed": {
                "Type": "Fail",
                "Error": "{% $failure.Error %}",
                "Cause": "{% $failure.Cause %}",
            },
        },
    })
}
