//! Values of shapes: a small one made up, and whether a given one fits.

use serde_json::{Map, Value, json};

use super::shape::{Paging, Shape, ShapeKind};
use super::wait::waits;

/// Structures in structures are made up to this depth; deeper ones only where the model requires them.
const DEEPEST: usize = 4;

/// No shape that is made up is nested deeper, whatever the model requires.
const LIMIT: usize = 12;

impl Shape {
    /// The smallest value that has every member: empty texts and lists, zeros, the first of an enum's values. Of what comes
    /// page by page it is the last page, which has no token for another.
    pub fn smallest(self) -> Value {
        self.smallest_at(0)
    }

    fn smallest_at(self, depth: usize) -> Value {
        match self.kind() {
            ShapeKind::Structure { members: _, union } => {
                let mut members = Map::new();
                for member in self.members() {
                    let nested = member.shape.has_members();
                    if depth >= LIMIT || nested && depth >= DEEPEST && !member.raw.required {
                        continue;
                    }
                    let says_more = member.raw.paging == Some(Paging::Next)
                        && !matches!(member.shape.kind(), ShapeKind::Boolean);
                    if says_more && !member.raw.required {
                        continue;
                    }
                    let value = if member.raw.json_text {
                        json!("{}")
                    } else {
                        member.shape.smallest_at(depth + 1)
                    };
                    members.insert(member.raw.name.clone(), value);
                    if *union {
                        break;
                    }
                }
                Value::Object(members)
            }
            ShapeKind::List { element, min, .. } => {
                let count = if depth >= LIMIT {
                    0
                } else {
                    min.unwrap_or(0).min(1)
                };
                (0..count)
                    .map(|_| self.at(*element).smallest_at(depth + 1))
                    .collect()
            }
            ShapeKind::Map { .. } => json!({}),
            ShapeKind::String { values, min, .. } => match values.first() {
                Some(value) => json!(value),
                None => json!("x".repeat(min.unwrap_or(0).min(64) as usize)),
            },
            ShapeKind::Integer { min, max } => {
                let zero = 0.max(min.unwrap_or(0)).min(max.unwrap_or(i64::MAX));
                json!(zero)
            }
            ShapeKind::Number { .. } => json!(0),
            ShapeKind::Boolean => json!(false),
            ShapeKind::Timestamp => json!("1970-01-01T00:00:00Z"),
            ShapeKind::Blob => json!(""),
            ShapeKind::Json => json!({}),
        }
    }

    /// Whether a value fits, in the words that the TestState API has for it: `Field 'Entries' must be an array`. With
    /// `strict`, required members must be there. Members that the model does not know are let through.
    pub fn check(self, value: &Value, strict: bool) -> Result<(), String> {
        self.check_field("result", value, strict)
    }

    /// A required member of a structure that the value has not.
    pub fn find_missing(self, value: &Value) -> Option<&'static str> {
        let is_missing = |name: &str| value.get(name).is_none();
        let mut required = self.members().filter(|member| member.raw.required);
        required
            .find(|member| is_missing(&member.raw.name))
            .map(|member| member.raw.name.as_str())
    }

    fn check_field(self, field: &str, value: &Value, strict: bool) -> Result<(), String> {
        let must_be = |what: &str| Err(format!("Field '{field}' must be {what}"));
        match (self.kind(), value) {
            (ShapeKind::Structure { .. }, Value::Object(members)) => {
                for (name, value) in members {
                    if let Some(member) = self.find_member(name)
                        && member.raw.name == *name
                        && !member.raw.any_json
                        && !value.is_null()
                    {
                        member.shape.check_field(name, value, strict)?;
                    }
                }
                match self.find_missing(value) {
                    Some(name) if strict => Err(format!("Required field '{name}' is missing")),
                    _ => Ok(()),
                }
            }
            (ShapeKind::Structure { .. } | ShapeKind::Map { .. }, value) if !value.is_object() => {
                must_be("an object")
            }
            (ShapeKind::Map { value: shape, .. }, Value::Object(members)) => members
                .iter()
                .try_for_each(|(name, value)| self.at(*shape).check_field(name, value, strict)),
            (ShapeKind::List { element, min, max }, Value::Array(items)) => {
                let count = items.len() as u64;
                if min.is_some_and(|min| count < min) {
                    return Err(format!(
                        "Field '{field}' is smaller than the minimum length"
                    ));
                }
                if max.is_some_and(|max| count > max) {
                    return Err(format!("Field '{field}' exceeds the maximum length"));
                }
                items
                    .iter()
                    .try_for_each(|item| self.at(*element).check_field(field, item, strict))
            }
            (ShapeKind::List { .. }, _) => must_be("an array"),
            (ShapeKind::String { values, min, max }, Value::String(text)) => {
                let length = text.chars().count() as u64;
                if !values.is_empty() && !values.contains(text) {
                    return Err(format!("Field '{field}' is not an expected value"));
                }
                if min.is_some_and(|min| length < min) {
                    return Err(format!(
                        "Field '{field}' is smaller than the minimum length"
                    ));
                }
                if max.is_some_and(|max| length > max) {
                    return Err(format!("Field '{field}' exceeds the maximum length"));
                }
                Ok(())
            }
            (ShapeKind::Timestamp | ShapeKind::Blob, Value::String(_)) => Ok(()),
            (ShapeKind::String { .. } | ShapeKind::Timestamp | ShapeKind::Blob, _) => {
                must_be("a string")
            }
            (ShapeKind::Integer { min, max }, Value::Number(number)) => {
                let number = number.as_f64().unwrap_or_default();
                if min.is_some_and(|min| number < min as f64) {
                    return Err(format!("Field '{field}' is smaller than the minimum value"));
                }
                if max.is_some_and(|max| number > max as f64) {
                    return Err(format!("Field '{field}' exceeds the maximum value"));
                }
                Ok(())
            }
            (ShapeKind::Number { .. }, Value::Number(_)) => Ok(()),
            (ShapeKind::Integer { .. } | ShapeKind::Number { .. }, _) => must_be("a number"),
            (ShapeKind::Boolean, Value::Bool(_)) => Ok(()),
            (ShapeKind::Boolean, _) => must_be("a boolean"),
            (ShapeKind::Json, _) => Ok(()),
            (ShapeKind::Structure { .. } | ShapeKind::Map { .. }, _) => Ok(()),
        }
    }
}

/// Makes a result one of a job that is done: what polls it, or with `is_awaited` what started it and waited.
pub fn finish_jobs(service: &str, operation: &str, is_awaited: bool, result: &mut Value) {
    for wait in waits().iter().filter(|wait| wait.service == service) {
        let Some(done) = wait.done.first() else {
            continue;
        };
        if wait.poll == operation {
            put(result, wait.path, done);
        } else if wait.start == operation && is_awaited {
            // The result of waiting is the poll's, or the part of it that describes the job.
            let mut path = wait.path;
            while let (None, Some((_, rest))) = (find(result, path), path.split_once('.')) {
                path = rest;
            }
            if find(result, path).is_some() {
                put(result, path, done);
            }
        }
    }
}

fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(value, |value, part| value.get(part))
}

/// `path` is dotted; a part that ends in `[]` is a list, which gets one element.
fn put(value: &mut Value, path: &str, text: &str) {
    let (part, rest) = match path.split_once('.') {
        Some((part, rest)) => (part, Some(rest)),
        None => (path, None),
    };
    let Value::Object(members) = value else {
        return;
    };
    let (name, is_list) = match part.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (part, false),
    };
    let member = members.entry(name).or_insert_with(|| json!({}));
    let inner = if is_list {
        *member = json!([{}]);
        &mut member[0]
    } else {
        member
    };
    match rest {
        Some(rest) => {
            if !inner.is_object() {
                *inner = json!({});
            }
            put(inner, rest, text);
        }
        None => *inner = json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::find_form;
    use super::*;

    fn result(resource: &str) -> Shape {
        find_form(resource).expect("a form").1.result
    }

    #[test]
    fn the_smallest_value_fits_its_shape() {
        for resource in [
            "arn:aws:states:::glue:startJobRun.sync",
            "arn:aws:states:::athena:getQueryResults",
            "arn:aws:states:::states:startExecution.sync:2",
            "arn:aws:states:::emr-serverless:startJobRun",
            "arn:aws-cn:states:::aws-sdk:redshiftdata:describeStatement",
        ] {
            let shape = result(resource);
            let value = shape.smallest();
            assert_eq!(shape.check(&value, true), Ok(()), "{resource}: {value}");
            assert_ne!(value, json!({}), "{resource}");
        }
    }

    #[test]
    fn the_smallest_page_is_the_last() {
        let page = result("arn:aws:states:::aws-sdk:s3:listObjectsV2").smallest();
        assert_eq!(page["IsTruncated"], json!(false));
        assert_eq!(page.get("NextContinuationToken"), None);
        assert_eq!(page["Contents"], json!([]));
        let page = result("arn:aws:states:::aws-sdk:dynamodb:query").smallest();
        assert_eq!(page.get("LastEvaluatedKey"), None);
    }

    #[test]
    fn a_misfit_is_told_as_the_service_tells_it() {
        let shape = result("arn:aws:states:::events:putEvents");
        let check = |value: Value| shape.check(&value, false).expect_err("a misfit");
        assert_eq!(
            check(json!({ "Entries": 1 })),
            "Field 'Entries' must be an array"
        );
        assert_eq!(
            check(json!({ "Entries": [{ "EventId": [] }] })),
            "Field 'EventId' must be a string"
        );
        let shape = result("arn:aws:states:::aws-sdk:s3:getObject");
        let check = |value: Value| shape.check(&value, false).expect_err("a misfit");
        assert_eq!(
            check(json!({ "StorageClass": "Papyrus" })),
            "Field 'StorageClass' is not an expected value"
        );
        assert_eq!(
            check(json!({ "ContentLength": "9" })),
            "Field 'ContentLength' must be a number"
        );
    }

    #[test]
    fn a_poll_finds_its_job_done() {
        let mut value = json!({ "JobRun": { "JobRunState": "STARTING" } });
        finish_jobs("glue", "getJobRun", false, &mut value);
        assert_eq!(value["JobRun"]["JobRunState"], "SUCCEEDED");
        let mut value = json!({ "Jobs": [] });
        finish_jobs("batch", "describeJobs", false, &mut value);
        assert_eq!(value, json!({ "Jobs": [{ "Status": "SUCCEEDED" }] }));
        let mut value = result("arn:aws:states:::glue:startJobRun.sync").smallest();
        finish_jobs("glue", "startJobRun", true, &mut value);
        assert_eq!(value["JobRunState"], "SUCCEEDED");
    }
}
