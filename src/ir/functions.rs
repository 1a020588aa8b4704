//! The functions of expressions: JSONata's library, and what Step Functions adds to it.
//!
//! Those of JSONata that take a function are not here (comprehensions say the same), nor those that the language spells
//! in its own way (`exists`, `not`), nor `eval`, which Step Functions does not have.

use super::expr::{Expr, Literal};
use super::types::Type;

/// One function, under its name in `.flow`.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    /// JSONata's name without `$`; empty for `string_set` and `number_set`, which stand inside of `attributes` only.
    pub jsonata: &'static str,
    /// The value differs from one evaluation to the next (`now`, `uuid`, `random`): never copied, never folded.
    pub volatile: bool,
    pub params: &'static [Param],
    /// The last parameter may be given any number of times.
    pub variadic: bool,
    returns: fn(&[Expr]) -> Type,
}

#[derive(Debug)]
pub struct Param {
    pub name: &'static str,
    pub takes: Takes,
    pub optional: bool,
}

/// What an argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Any,
    String,
    Number,
    Int,
    Bool,
    /// A string, number or bool.
    Scalar,
    List,
    Strings,
    Numbers,
    /// A list of numbers or of strings.
    Sortable,
    Object,
    Objects,
    /// An object or a list of objects.
    ObjectOrObjects,
    /// A list, or a value that stands for a list of one.
    ListOrValue,
    Regex,
    /// A string or `re"…"`.
    Pattern,
    /// One of the names of hash functions.
    Algorithm,
}

/// What `hash` can compute.
pub const ALGORITHMS: [&str; 5] = ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"];

impl Function {
    /// By its name in `.flow`.
    pub fn find(name: &str) -> Option<&'static Function> {
        FUNCTIONS
            .binary_search_by(|f| f.name.cmp(name))
            .ok()
            .map(|at| &FUNCTIONS[at])
    }

    /// All of them, by name.
    pub fn all() -> &'static [Function] {
        FUNCTIONS
    }

    /// The type of a call's value.
    pub fn result(&self, args: &[Expr]) -> Type {
        (self.returns)(args)
    }

    /// The number of arguments that must be given.
    pub fn required(&self) -> usize {
        self.params.iter().filter(|p| !p.optional).count()
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

const fn pure(
    name: &'static str,
    params: &'static [Param],
    returns: fn(&[Expr]) -> Type,
) -> Function {
    Function {
        name,
        jsonata: name,
        volatile: false,
        params,
        variadic: false,
        returns,
    }
}

const fn volatile(
    name: &'static str,
    params: &'static [Param],
    returns: fn(&[Expr]) -> Type,
) -> Function {
    Function {
        volatile: true,
        ..pure(name, params, returns)
    }
}

const fn arg(name: &'static str, takes: Takes) -> Param {
    Param {
        name,
        takes,
        optional: false,
    }
}

const fn opt(name: &'static str, takes: Takes) -> Param {
    Param {
        name,
        takes,
        optional: true,
    }
}

const TEXT: &[Param] = &[arg("text", Takes::String)];
const NUMBER: &[Param] = &[arg("number", Takes::Number)];
const NUMBERS: &[Param] = &[arg("numbers", Takes::Numbers)];
const LIST: &[Param] = &[arg("list", Takes::List)];
const TEXT_CHARS: &[Param] = &[arg("text", Takes::String), arg("chars", Takes::String)];

/// Sorted by name. Signatures: JSONata 2.0.6, and the Step Functions guide for what it adds.
#[rustfmt::skip]
const FUNCTIONS: &[Function] = &[
    pure("abs", NUMBER, same_number),
    pure("append", &[arg("list", Takes::ListOrValue), arg("more", Takes::ListOrValue)], appended),
    pure("assert", &[arg("condition", Takes::Bool), opt("message", Takes::String)], null),
    pure("average", NUMBERS, maybe_number),
    pure("base64decode", TEXT, string),
    pure("base64encode", TEXT, string),
    pure("boolean", &[arg("value", Takes::Any)], boolean),
    pure("ceil", NUMBER, int),
    pure("contains", &[arg("text", Takes::String), arg("pattern", Takes::Pattern)], boolean),
    pure("count", LIST, int),
    pure("decodeUrl", TEXT, string),
    pure("decodeUrlComponent", TEXT, string),
    pure("distinct", LIST, same),
    pure("encodeUrl", TEXT, string),
    pure("encodeUrlComponent", TEXT, string),
    pure("error", &[opt("message", Takes::String)], never),
    pure("floor", NUMBER, int),
    pure("formatBase", &[arg("number", Takes::Number), opt("radix", Takes::Int)], string),
    pure("formatInteger", &[arg("number", Takes::Number), arg("picture", Takes::String)], string),
    pure("formatNumber", &[arg("number", Takes::Number), arg("picture", Takes::String), opt("options", Takes::Object)], string),
    pure("fromMillis", &[arg("millis", Takes::Number), opt("picture", Takes::String), opt("timezone", Takes::String)], moment),
    pure("hash", &[arg("text", Takes::String), arg("algorithm", Takes::Algorithm)], string),
    pure("join", &[arg("strings", Takes::Strings), opt("separator", Takes::String)], string),
    pure("keys", &[arg("object", Takes::ObjectOrObjects)], strings),
    pure("length", TEXT, int),
    pure("lookup", &[arg("object", Takes::ObjectOrObjects), arg("key", Takes::String)], looked_up),
    pure("lowercase", TEXT, string),
    pure("match", &[arg("text", Takes::String), arg("pattern", Takes::Regex), opt("limit", Takes::Int)], matches),
    pure("max", NUMBERS, maybe_element),
    pure("merge", &[arg("objects", Takes::Objects)], merged),
    volatile("millis", &[], int),
    pure("min", NUMBERS, maybe_element),
    volatile("now", &[opt("picture", Takes::String), opt("timezone", Takes::String)], now),
    pure("number", &[arg("value", Takes::Scalar)], number),
    Function { jsonata: "", ..pure("number_set", NUMBERS, same) },
    pure("pad", &[arg("text", Takes::String), arg("width", Takes::Int), opt("char", Takes::String)], string),
    pure("parse", TEXT, any),
    pure("parseInteger", &[arg("text", Takes::String), arg("picture", Takes::String)], int),
    pure("partition", &[arg("list", Takes::List), arg("size", Takes::Int)], list_of_same),
    pure("power", &[arg("base", Takes::Number), arg("exponent", Takes::Number)], number),
    volatile("random", &[opt("seed", Takes::Int)], number),
    pure("range", &[arg("first", Takes::Int), arg("last", Takes::Int), arg("step", Takes::Int)], ints),
    pure("replace", &[arg("text", Takes::String), arg("pattern", Takes::Pattern), arg("replacement", Takes::String), opt("limit", Takes::Int)], string),
    pure("reverse", LIST, same),
    pure("round", &[arg("number", Takes::Number), opt("precision", Takes::Int)], rounded),
    volatile("shuffle", LIST, same),
    pure("sort", &[arg("list", Takes::Sortable)], same),
    pure("split", &[arg("text", Takes::String), arg("separator", Takes::Pattern), opt("limit", Takes::Int)], strings),
    pure("spread", &[arg("object", Takes::ObjectOrObjects)], objects),
    pure("sqrt", NUMBER, number),
    pure("string", &[arg("value", Takes::Any), opt("prettify", Takes::Bool)], string),
    Function { jsonata: "", ..pure("string_set", &[arg("strings", Takes::Strings)], same) },
    pure("substring", &[arg("text", Takes::String), arg("start", Takes::Int), opt("length", Takes::Int)], string),
    pure("substringAfter", TEXT_CHARS, string),
    pure("substringBefore", TEXT_CHARS, string),
    pure("sum", NUMBERS, summed),
    pure("toMillis", &[arg("timestamp", Takes::String), opt("picture", Takes::String)], millis),
    pure("trim", TEXT, string),
    pure("type", &[arg("value", Takes::Any)], string),
    pure("uppercase", TEXT, string),
    volatile("uuid", &[], string),
    Function { variadic: true, ..pure("zip", LIST, zipped) },
];

fn any(_: &[Expr]) -> Type {
    Type::Any
}

fn null(_: &[Expr]) -> Type {
    Type::Null
}

fn never(_: &[Expr]) -> Type {
    Type::Never
}

fn string(_: &[Expr]) -> Type {
    Type::String
}

fn boolean(_: &[Expr]) -> Type {
    Type::Bool
}

fn int(_: &[Expr]) -> Type {
    Type::Int
}

fn number(_: &[Expr]) -> Type {
    Type::Number
}

fn maybe_number(_: &[Expr]) -> Type {
    Type::optional(Type::Number)
}

fn strings(_: &[Expr]) -> Type {
    Type::list(Type::String)
}

fn ints(_: &[Expr]) -> Type {
    Type::list(Type::Int)
}

fn first_type(args: &[Expr]) -> Type {
    args.first().map_or(Type::Any, |arg| arg.ty.expand())
}

/// The argument's type where it is a number's.
fn number_like(ty: Type) -> Type {
    match ty {
        Type::Int | Type::Number | Type::Duration | Type::Size => ty,
        _ => Type::Number,
    }
}

fn same_number(args: &[Expr]) -> Type {
    number_like(first_type(args))
}

fn same(args: &[Expr]) -> Type {
    match first_type(args) {
        list @ Type::List(_) => list,
        _ => Type::list(Type::Any),
    }
}

fn list_of_same(args: &[Expr]) -> Type {
    Type::list(same(args))
}

fn element(ty: Type) -> Type {
    match ty {
        Type::List(element) => element.expand(),
        _ => Type::Any,
    }
}

fn maybe_element(args: &[Expr]) -> Type {
    Type::optional(number_like(element(first_type(args))))
}

fn summed(args: &[Expr]) -> Type {
    number_like(element(first_type(args)))
}

fn appended(args: &[Expr]) -> Type {
    let mut parts = args.iter().map(|arg| match arg.ty.expand() {
        Type::List(element) => element.expand(),
        other => other,
    });
    let first = parts.next().unwrap_or(Type::Any);
    Type::list(match parts.next() {
        Some(second) => first.join(&second),
        None => first,
    })
}

fn zipped(args: &[Expr]) -> Type {
    let joined = args
        .iter()
        .map(|arg| element(arg.ty.expand()))
        .reduce(|a, b| a.join(&b));
    Type::list(Type::list(joined.unwrap_or(Type::Any)))
}

fn looked_up(args: &[Expr]) -> Type {
    let key = args.get(1).and_then(|key| match key.as_literal() {
        Some(Literal::String(key)) => Some(key.as_str()),
        _ => None,
    });
    let ty = match (first_type(args), key) {
        (Type::Map(value), _) => value.expand(),
        (ty, Some(key)) => ty.member(key).unwrap_or(Type::Any),
        _ => Type::Any,
    };
    Type::optional(ty)
}

fn merged(args: &[Expr]) -> Type {
    match element(first_type(args)) {
        map @ Type::Map(_) => map,
        _ => Type::Any,
    }
}

fn objects(_: &[Expr]) -> Type {
    Type::list(Type::Map(std::sync::Arc::new(Type::Any)))
}

fn matches(_: &[Expr]) -> Type {
    Type::list(Type::object([
        ("match".to_owned(), Type::String, false),
        ("index".to_owned(), Type::Int, false),
        ("groups".to_owned(), Type::list(Type::String), false),
    ]))
}

fn rounded(args: &[Expr]) -> Type {
    if args.len() > 1 {
        Type::Number
    } else {
        Type::Int
    }
}

/// With a picture the text is the author's own.
fn moment(args: &[Expr]) -> Type {
    if args.len() > 1 {
        Type::String
    } else {
        Type::Timestamp
    }
}

fn now(args: &[Expr]) -> Type {
    if args.is_empty() {
        Type::Timestamp
    } else {
        Type::String
    }
}

/// A text that does not follow the picture gives nothing.
fn millis(args: &[Expr]) -> Type {
    if args.len() > 1 {
        Type::optional(Type::Int)
    } else {
        Type::Int
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_name() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
        assert!(Function::find("zip").is_some_and(|f| f.variadic));
        assert!(Function::find("eval").is_none());
    }

    #[test]
    fn optional_parameters_come_last() {
        for function in FUNCTIONS {
            assert!(
                function.params.is_sorted_by_key(|p| p.optional),
                "{}",
                function.name
            );
        }
    }
}
