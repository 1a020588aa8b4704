//! A type as a program writes it: `[{ dt: string, hour?: int }]`. Members stand in alphabetical order: theirs means nothing.

use std::fmt::{self, Display, Formatter};

use super::Type;

/// Types of an API are nested without end.
const MAX_DEPTH: usize = 4;

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&write(self, 0))
    }
}

fn write(ty: &Type, depth: usize) -> String {
    if depth > MAX_DEPTH {
        return "…".to_owned();
    }
    let inner = |ty: &Type| write(ty, depth + 1);
    let many = |types: &[Type]| {
        let words: Vec<String> = types.iter().map(inner).collect();
        words.join(" | ")
    };
    match &ty.expand() {
        Type::Any | Type::Invalid | Type::Shape(_) => "any".to_owned(),
        Type::Never => "nothing".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int => "int".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::Timestamp => "timestamp".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::Size => "size".to_owned(),
        Type::Regex => "pattern".to_owned(),
        Type::Enum(values) => {
            let mut words: Vec<String> = values.values.iter().map(|v| format!("{v:?}")).collect();
            if values.open {
                words.push("string".to_owned());
            }
            words.join(" | ")
        }
        Type::List(element) => format!("[{}]", inner(element)),
        Type::Map(value) => format!("{{ *: {} }}", inner(value)),
        Type::Object(object) if object.fields.is_empty() => "{}".to_owned(),
        Type::Object(object) => {
            let fields = object.fields.iter().map(|field| {
                let mark = if field.optional { "?" } else { "" };
                format!("{}{mark}: {}", field.name, inner(&field.ty))
            });
            let mut fields: Vec<String> = fields.collect();
            fields.sort();
            format!("{{ {} }}", fields.join(", "))
        }
        Type::Optional(value) => format!("{} | null", write(value, depth)),
        Type::Union(members) => many(members),
        Type::Resource(kind) => kind.0.word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_written_as_in_a_program() {
        let row = Type::object([
            ("hour".to_owned(), Type::optional(Type::Int), true),
            ("dt".to_owned(), Type::String, false),
            (
                "kind".to_owned(),
                Type::one_of(["a".to_owned(), "b".to_owned()]),
                false,
            ),
        ]);
        let written = Type::list(row).to_string();
        assert_eq!(
            written,
            r#"[{ dt: string, hour?: int | null, kind: "a" | "b" }]"#
        );
    }
}
