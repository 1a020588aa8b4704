//! Answers that nobody gave, and whether given ones are of the operation's type.

use serde_json::{Value, json};

use super::data::Data;
use super::definition::{Resource, ResourceKind};
use crate::catalog::{self, Pattern, find_form};

/// A result made from the type of the resource's result; `{}` where no model knows it.
pub fn default_result(resource: &Resource) -> Data {
    let Some((operation, form)) = find_form(&resource.arn) else {
        return Data::new(json!({}));
    };
    let mut result = form.result.smallest();
    let is_awaited = form.pattern == Pattern::Sync;
    catalog::value::finish_jobs(operation.service, &operation.name, is_awaited, &mut result);
    Data::new(result)
}

/// The error is what the TestState API says of such a mock.
pub(super) fn check_result(
    resource: &Resource,
    result: &Value,
    strict: bool,
) -> Result<(), String> {
    let Some((operation, form)) = find_form(&resource.arn) else {
        return Ok(());
    };
    // What our own types know to be always there, the service does not ask of a mock: its API's model decides.
    form.result.check(result, strict && !form.optimized)?;
    let is_request = matches!(&resource.kind, ResourceKind::Service { pattern: None, .. });
    if strict && form.optimized && is_request {
        let service = catalog::find_service(operation.service);
        let shape = service.and_then(|service| service.api_result(&operation.name));
        if let Some(name) = shape.and_then(|shape| shape.find_missing(result)) {
            return Err(format!("Required field '{name}' is missing"));
        }
    }
    Ok(())
}
