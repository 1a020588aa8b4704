//! `ResultWriter`: what children leave, in files.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>

use serde_json::{Value, json};

use super::distributed::{ChildRecord, MapRun, time_text};
use super::fields::View;
use super::{Engine, ThreadId};
use crate::simulate::call::Access;
use crate::simulate::data::Data;
use crate::simulate::definition::Writer;
use crate::simulate::failure::{Failure, RESULT_WRITER_FAILED, Trouble};

impl Engine<'_, '_> {
    /// The map's result: the details of what was written, or the results themselves where nothing is exported.
    pub(super) fn write_results(
        &mut self,
        id: ThreadId,
        writer: &Writer,
        input: &Data,
        run: &MapRun,
    ) -> Result<Data, Trouble> {
        let records: Vec<&ChildRecord> = run.children.iter().flatten().collect();
        let succeeded: Vec<&ChildRecord> = records
            .iter()
            .copied()
            .filter(|record| record.ending.is_ok())
            .collect();
        let failed: Vec<&ChildRecord> = records
            .iter()
            .copied()
            .filter(|record| record.ending.is_err())
            .collect();
        let results = results_of(writer, &succeeded);
        let Some(template) = &writer.arguments else {
            return Ok(Data::new(Value::Array(results)));
        };
        let field = format!("ResultWriter/{}", writer.arguments_name);
        let arguments = self.evaluate(id, template, &field, View::rooted(input))?;
        let text = |name: &str| {
            arguments
                .json()
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let Some(bucket) = text("Bucket") else {
            let cause = "The Bucket is missing";
            return Err(Trouble::Failed(Failure::new(RESULT_WRITER_FAILED, cause)));
        };
        let prefix = text("Prefix").unwrap_or_default();
        let access = Access::WriteResults {
            bucket: &bucket,
            prefix: &prefix,
        };
        self.guard_access(id, access).map_err(Trouble::Failed)?;
        let run_id = run.arn.rsplit(':').next().unwrap_or_default();
        let folder = match text("Prefix")
            .as_deref()
            .map(|prefix| prefix.trim_end_matches('/'))
        {
            None | Some("") => run_id.to_owned(),
            Some(prefix) => format!("{prefix}/{run_id}"),
        };
        let extension = if writer.lines { "jsonl" } else { "json" };
        let mut files = json!({ "FAILED": [], "PENDING": [], "SUCCEEDED": [] });
        // Failures are always told in full.
        let failures = failed.iter().map(|record| record.details()).collect();
        for (status, results) in [("SUCCEEDED", results), ("FAILED", failures)] {
            if results.is_empty() {
                continue;
            }
            let content = if writer.lines {
                let lines: Vec<String> = results.iter().map(Value::to_string).collect();
                lines.join("\n") + "\n"
            } else {
                Value::Array(results).to_string()
            };
            let key = format!("{folder}/{status}_0.{extension}");
            files[status] = json!([{ "Key": key, "Size": content.len() }]);
            self.world.objects.put(&bucket, &key, content.into_bytes());
        }
        let manifest_key = format!("{folder}/manifest.json");
        let manifest = json!({
            "DestinationBucket": bucket,
            "MapRunArn": run.arn,
            "ResultFiles": files,
        });
        self.world
            .objects
            .put(&bucket, &manifest_key, manifest.to_string().into_bytes());
        Ok(Data::new(json!({
            "MapRunArn": run.arn,
            "ResultWriterDetails": { "Bucket": bucket, "Key": manifest_key },
        })))
    }
}

fn results_of(writer: &Writer, records: &[&ChildRecord]) -> Vec<Value> {
    let outputs = records
        .iter()
        .filter_map(|record| record.ending.as_ref().ok());
    if writer.flatten {
        return outputs
            .flat_map(|output| match output.json() {
                Value::Array(items) => items.clone(),
                other => vec![other.clone()],
            })
            .collect();
    }
    if writer.compact {
        return outputs.map(|output| output.json().clone()).collect();
    }
    records.iter().map(|record| record.details()).collect()
}

impl ChildRecord {
    fn details(&self) -> Value {
        let mut details = json!({
            "ExecutionArn": *self.names.arn,
            "Input": self.input.text(),
            "InputDetails": { "Included": true },
            "Name": *self.names.name,
            "StartDate": time_text(self.start),
            "StateMachineArn": *self.names.machine_arn,
            "StopDate": time_text(self.stop),
        });
        match &self.ending {
            Ok(output) => {
                details["Output"] = json!(output.text());
                details["OutputDetails"] = json!({ "Included": true });
                details["Status"] = json!("SUCCEEDED");
            }
            Err(failure) => {
                details["Error"] = json!(failure.error);
                details["Cause"] = json!(failure.cause);
                details["Status"] = json!("FAILED");
            }
        }
        details
    }
}
