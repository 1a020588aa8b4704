//! Values of types, for calls that no mock answers.

use serde_json::{Map, Value, json};

use crate::catalog::Pattern;
use crate::ir::{Call, Type};
use crate::simulate::answer::default_result;
use crate::simulate::definition::Resource;

/// The smallest value of a type: empty texts and lists, zeros, the first of several values, no optional member.
pub(super) fn smallest(ty: &Type) -> Value {
    match ty.expand() {
        Type::Bool => json!(false),
        Type::Int | Type::Number | Type::Duration | Type::Size => json!(0),
        Type::String | Type::Resource(_) => json!(""),
        Type::Timestamp => json!("1970-01-01T00:00:00Z"),
        Type::Enum(values) => values
            .values
            .first()
            .map_or_else(|| json!(""), |v| json!(v)),
        Type::List(_) => json!([]),
        Type::Map(_) | Type::Any => json!({}),
        Type::Object(object) => {
            let fields = object.fields.iter().filter(|field| !field.optional);
            let members: Map<String, Value> = fields
                .map(|field| (field.name.clone(), smallest(&field.ty)))
                .collect();
            Value::Object(members)
        }
        Type::Shape(shape) => shape.smallest(),
        Type::Union(members) => members.first().map_or(Value::Null, smallest),
        Type::Null | Type::Never | Type::Invalid | Type::Optional(_) | Type::Regex => Value::Null,
    }
}

/// The result of a call that gives this value, as its service would give it: the value where the program looks for it, and
/// around it what the service adds. Members of an API's result that are not given have their smallest values.
pub(super) fn result_of(call: &Call, resource: &Resource, value: Value) -> Value {
    if call.form.pattern == Pattern::Callback || call.form.resource.is_empty() {
        return value;
    }
    let mut result = default_result(resource).into_json();
    if call.value_path.is_empty() {
        merge(&mut result, value);
        return result;
    }
    if result.get("Status").is_some() {
        // A child that is waited for has come to a good end.
        result["Status"] = json!("SUCCEEDED");
    }
    let mut place = &mut result;
    for name in &call.value_path {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[name.as_str()];
    }
    *place = if call.parse {
        Value::String(value.to_string())
    } else {
        value
    };
    result
}

/// Puts the members of `value` over those that are there.
fn merge(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Object(known), Value::Object(members)) => known.extend(members),
        (into, value) => *into = value,
    }
}
