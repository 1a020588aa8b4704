//! Whether an input is what a pipeline takes. The service asks nothing of the kind, and an execution goes as far as it
//! can; so what is wrong is said, and the pipeline is run.

use serde_json::Value;

use crate::diagnostic::find_nearest;
use crate::ir::{Pipeline, Type};
use crate::resolve::describe_type;

/// Sentences: parameters that the input lacks, members that no parameter is named as, values of other types.
pub(super) fn problems(pipeline: &Pipeline, input: &Value) -> Vec<String> {
    let Value::Object(given) = input else {
        return vec!["the input is an object with a member for each parameter".to_owned()];
    };
    let params: Vec<(&str, &Type, bool)> = (pipeline.params.iter())
        .map(|param| {
            let variable = &pipeline.variables[param.variable.0 as usize];
            let optional = param.default.is_some() || variable.ty.is_nullable();
            (variable.name.as_str(), &variable.ty, optional)
        })
        .collect();
    let mut problems = Vec::new();
    for (name, ty, optional) in &params {
        match given.get(*name) {
            Some(value) => compare(name, ty, value, &mut problems),
            None if *optional => {}
            None => problems.push(format!(
                "the input has no `{name}`, which is {}",
                describe_type(ty)
            )),
        }
    }
    for name in given.keys() {
        if params.iter().any(|(param, ..)| param == name) {
            continue;
        }
        let near = find_nearest(name, params.iter().map(|(param, ..)| *param));
        problems.push(match near {
            Some(near) => format!("there is no parameter `{name}`; did you mean `{near}`?"),
            None => format!("there is no parameter `{name}`"),
        });
    }
    problems
}

fn compare(place: &str, ty: &Type, value: &Value, problems: &mut Vec<String>) {
    if value.is_null() && ty.is_nullable() {
        return;
    }
    let ty = ty.non_null();
    let fits = match (&ty, value) {
        (Type::Any | Type::Invalid, _) => true,
        (Type::Bool, Value::Bool(_)) => true,
        (Type::Int | Type::Duration | Type::Size, Value::Number(number)) => !number.is_f64(),
        (Type::Number, Value::Number(_)) => true,
        (Type::String | Type::Timestamp | Type::Resource(_), Value::String(_)) => true,
        (Type::Enum(values), Value::String(text)) => values.open || values.values.contains(text),
        (Type::List(element), Value::Array(elements)) => {
            for (at, value) in elements.iter().enumerate() {
                compare(&format!("{place}[{at}]"), element, value, problems);
            }
            true
        }
        (Type::Map(element), Value::Object(members)) => {
            for (name, value) in members {
                compare(&format!("{place}.{name}"), element, value, problems);
            }
            true
        }
        (Type::Object(_) | Type::Shape(_), Value::Object(members)) => {
            for field in ty.fields() {
                match members.get(&field.name) {
                    Some(value) => {
                        compare(
                            &format!("{place}.{}", field.name),
                            &field.ty,
                            value,
                            problems,
                        );
                    }
                    None if field.optional || field.ty.is_nullable() => {}
                    None => problems.push(format!("`{place}` has no `{}`", field.name)),
                }
            }
            true
        }
        (Type::Union(types), value) => types.iter().any(|ty| {
            let mut problems = Vec::new();
            compare(place, ty, value, &mut problems);
            problems.is_empty()
        }),
        _ => false,
    };
    if !fits {
        problems.push(format!(
            "`{place}` is {}, and this is `{value}`",
            describe_type(&ty)
        ));
    }
}
