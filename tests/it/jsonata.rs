//! What is emitted as JSONata means what the expression means, and reads as somebody would write it.

mod made;
mod meaning;
mod run;

use std::collections::HashMap;

use flowc::backend::asl::jsonata;
use flowc::ir::*;
use proptest::prelude::*;
use serde_json::json;

use made::{Maker, binary, index_of, literal, member, run};
use meaning::{Fault, Reader, equal};

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(1), cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_expression_evaluates_to_what_it_means(
        values in prop::collection::vec(any::<u8>(), 0..120),
        choices in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut world = Maker::new(&values).world();
        let expr = Maker::new(&choices).any_expr(4);
        let meaning = Reader { world: &world.clone(), locals: HashMap::new() }.value(&expr);
        if meaning == Err(Fault::Unsaid) {
            return Ok(());
        }
        let source = jsonata::expression(&expr, &mut world);
        let template = jsonata::template(&expr, &mut world);
        let in_place = run::evaluate_template(&template, &world);
        match (run::evaluate(&source, &world), &meaning) {
            (Ok(Some(value)), Ok(meaning)) => {
                prop_assert!(equal(&value, meaning), "{source}\ngives {value}\nmeans {meaning}");
                prop_assert!(in_place.as_ref().is_ok_and(|value| equal(value, meaning)),
                    "{template}\ngives {in_place:?}\nmeans {meaning}");
            }
            // The service makes an error of nothing.
            (Err(_) | Ok(None), Err(_)) => prop_assert!(in_place.is_err(), "{template} gives {in_place:?}"),
            (value, meaning) => prop_assert!(false, "{source}\ngives {value:?}\nmeans {meaning:?}"),
        }
    }
}

/// The source of an expression over `$text`, `$file`, `$files` and the other variables of [`made`].
fn source(expr: &Expr) -> String {
    let mut world = Maker::new(&[]).world();
    world.variables[MAYBE_TEXT.0 as usize].input = true;
    jsonata::expression(expr, &mut world)
}

const TEXT: VariableId = VariableId(0);
const N: VariableId = VariableId(1);
const WORDS: VariableId = VariableId(3);
const NUMBERS: VariableId = VariableId(4);
const MATRIX: VariableId = VariableId(5);
const FILES: VariableId = VariableId(7);
const ANYTHING: VariableId = VariableId(8);
const MAYBE_TEXT: VariableId = VariableId(10);
const AT: VariableId = VariableId(13);

fn variable(id: VariableId) -> Expr {
    let ty = made::variable_types()[id.0 as usize].1.clone();
    run(ExprKind::Variable(id), ty)
}

fn constant(value: serde_json::Value) -> Expr {
    let ty = match &value {
        serde_json::Value::String(_) => Type::String,
        serde_json::Value::Number(_) => Type::Int,
        serde_json::Value::Bool(_) => Type::Bool,
        serde_json::Value::Null => Type::Null,
        _ => Type::Any,
    };
    Expr::literal(literal(&value), ty, made::span())
}

fn templated(parts: Vec<Expr>) -> Expr {
    run(ExprKind::Template(parts), Type::String)
}

fn param(id: u32, ty: Type) -> Expr {
    Expr {
        time: Time::Deploy,
        ..run(ExprKind::Deploy(Deploy::Param(ParamId(id))), ty)
    }
}

fn item(ty: Type) -> (Local, Expr) {
    let local = Local {
        id: 1,
        name: "item".into(),
    };
    (local.clone(), run(ExprKind::Local(local), ty))
}

fn element(list: &Expr) -> Type {
    match &list.ty {
        Type::List(element) => element.as_ref().clone(),
        _ => Type::Any,
    }
}

/// `[value(x) for x in source if condition(x)]`
fn comprehension(
    source: Expr,
    condition: Option<fn(Expr) -> Expr>,
    value: fn(Expr) -> Expr,
) -> Expr {
    let (local, name) = item(element(&source));
    let value = value(name.clone());
    let ty = Type::list(value.ty.clone());
    run(
        ExprKind::ListComprehension {
            local,
            source: Box::new(source),
            condition: condition.map(|condition| Box::new(condition(name))),
            value: Box::new(value),
        },
        ty,
    )
}

fn key(file: Expr) -> Expr {
    member(file, "key", Type::String)
}

fn is_large(file: Expr) -> Expr {
    let size = member(file, "size", Type::Int);
    binary(Binary::Gt, size, constant(json!(0)), Type::Bool)
}

fn given(name: &str, value: Expr) -> jsonata::Member {
    jsonata::Member {
        name: name.to_owned(),
        value,
        optional: true,
    }
}

#[test]
fn a_path_is_a_path() {
    assert_eq!(source(&variable(TEXT)), "$text");
    assert_eq!(
        source(&key(index_of(
            variable(FILES),
            constant(json!(-1)),
            element(&variable(FILES))
        ))),
        "$files[-1].key"
    );
    assert_eq!(
        source(&member(variable(ANYTHING), "--dt", Type::Any)),
        "$exists($anything.`--dt`) ? $anything.`--dt` : null"
    );
}

#[test]
fn what_may_be_missing_is_tested_before_null_is_compared() {
    let missing = || variable(MAYBE_TEXT);
    let test = |op, right| source(&binary(op, missing(), right, Type::Bool));
    assert_eq!(
        test(Binary::Eq, constant(json!(null))),
        "$not($states.input.maybe_text != null)"
    );
    assert_eq!(
        test(Binary::Ne, constant(json!(null))),
        "$states.input.maybe_text != null"
    );
    assert_eq!(
        test(Binary::Eq, constant(json!("a"))),
        "$states.input.maybe_text = 'a'"
    );
    assert_eq!(
        test(Binary::Ne, constant(json!("a"))),
        "$not($states.input.maybe_text = 'a')"
    );
    assert_eq!(
        source(&binary(
            Binary::Coalesce,
            missing(),
            constant(json!("a")),
            Type::String
        )),
        "$states.input.maybe_text != null ? $states.input.maybe_text : 'a'"
    );
}

#[test]
fn strings_are_joined_and_null_gives_nothing() {
    let parts = vec![
        constant(json!("sales/")),
        variable(TEXT),
        constant(json!("/")),
        variable(N),
    ];
    assert_eq!(source(&templated(parts)), "'sales/' & $text & '/' & $n");
    assert_eq!(source(&templated(vec![variable(N)])), "$string($n)");
    assert_eq!(
        source(&templated(vec![constant(json!("a")), variable(MAYBE_TEXT)])),
        "'a' & ($states.input.maybe_text != null ? $states.input.maybe_text : '')"
    );
}

#[test]
fn comprehensions_are_paths_where_that_is_the_same() {
    assert_eq!(
        source(&comprehension(variable(FILES), Some(is_large), key)),
        "[$files[size > 0].key]"
    );
    assert_eq!(
        source(&comprehension(variable(FILES), None, |file| {
            member(file, "tags", Type::list(Type::String))
        })),
        "[$map($files, function($item) { $item.tags })[]]"
    );
    assert_eq!(
        source(&comprehension(variable(MATRIX), None, |row| row)),
        "[$matrix]"
    );
    assert_eq!(
        source(&comprehension(
            variable(MATRIX),
            Some(|row| binary(Binary::Ne, row, constant(json!([])), Type::Bool)),
            |row| row
        )),
        "[$filter($matrix, function($item) { $item != [] })[]]"
    );
}

#[test]
fn lists_in_lists_keep_their_brackets() {
    let list = run(
        ExprKind::List(vec![
            Element {
                spread: false,
                value: variable(NUMBERS),
            },
            Element {
                spread: true,
                value: variable(MATRIX),
            },
        ]),
        Type::list(Type::list(Type::Int)),
    );
    assert_eq!(source(&list), "[[$numbers], $matrix]");
}

#[test]
fn slices_and_sorted_lists_are_lists() {
    let slice = |from: Option<i64>, to: Option<i64>| {
        let end = |end: i64| Box::new(constant(json!(end)));
        source(&run(
            ExprKind::Slice {
                base: Box::new(variable(WORDS)),
                from: from.map(end),
                to: to.map(end),
            },
            Type::list(Type::String),
        ))
    };
    assert_eq!(slice(Some(1), Some(3)), "[$words[[1..3]]]");
    assert_eq!(
        slice(Some(-2), None),
        "[$filter($words, function($item, $at) { $at >= $count($words) - 2 })]"
    );
    let (local, name) = item(element(&variable(FILES)));
    let sorted = run(
        ExprKind::Sort {
            list: Box::new(variable(FILES)),
            local,
            key: Box::new(member(name, "size", Type::Int)),
        },
        variable(FILES).ty,
    );
    assert_eq!(source(&sorted), "[$files^(size)]");
}

#[test]
fn timestamps_are_moments() {
    let later = binary(
        Binary::Add,
        variable(AT),
        constant(json!(3600)),
        Type::Timestamp,
    );
    assert_eq!(source(&later), "$fromMillis($toMillis($at) + 3600000)");
    assert_eq!(
        source(&binary(Binary::Lt, later, variable(AT), Type::Bool)),
        "$toMillis($at) + 3600000 < $toMillis($at)"
    );
    assert_eq!(
        source(&binary(
            Binary::Sub,
            variable(AT),
            variable(AT),
            Type::Number
        )),
        "($toMillis($at) - $toMillis($at)) / 1000"
    );
}

#[test]
fn names_of_functions_and_variables_are_not_hidden() {
    let local = |name: &str| Local {
        id: 1,
        name: name.into(),
    };
    let square = |name: &str| {
        let argument = || run(ExprKind::Local(local(name)), Type::Int);
        source(&run(
            ExprKind::Let {
                local: local(name),
                value: Box::new(binary(
                    Binary::Add,
                    variable(N),
                    constant(json!(1)),
                    Type::Int,
                )),
                body: Box::new(binary(Binary::Mul, argument(), argument(), Type::Int)),
            },
            Type::Int,
        ))
    };
    assert_eq!(square("x"), "($x := $n + 1; $x * $x)");
    assert_eq!(square("count"), "($count2 := $n + 1; $count2 * $count2)");
    assert_eq!(square("n"), "($n2 := $n + 1; $n2 * $n2)");
    assert_eq!(
        square("states"),
        "($states2 := $n + 1; $states2 * $states2)"
    );
}

#[test]
fn arguments_read_as_if_written_by_hand() {
    let members = [
        given("Bucket", param(0, Type::String)),
        given(
            "Key",
            templated(vec![
                constant(json!("sales/")),
                variable(TEXT),
                constant(json!("/x")),
            ]),
        ),
        given("Tags", constant(json!({ "a": ["b", 1, null] }))),
        given(
            "Path",
            templated(vec![
                constant(json!("s3://")),
                param(0, Type::String),
                constant(json!("/x")),
            ]),
        ),
    ];
    let mut world = Maker::new(&[]).world();
    assert_eq!(
        jsonata::members(&members, &mut world),
        json!({
            "Bucket": "${p0}",
            "Key": "{% 'sales/' & $text & '/x' %}",
            "Tags": { "a": ["b", 1, "{% null %}"] },
            "Path": "s3://${p0}/x",
        })
    );
}

#[test]
fn no_null_stands_in_a_definition_because_no_template_takes_one() {
    let value = constant(json!({ "a": null, "b": [null, { "c": null }] }));
    let mut world = Maker::new(&[]).world();
    let written = jsonata::template(&value, &mut world).to_string();
    assert!(
        !written.replace("{% null %}", "").contains("null"),
        "{written}"
    );
}

#[test]
fn an_optional_argument_that_is_null_is_left_out() {
    let members = [
        given("Key", variable(TEXT)),
        given("VersionId", variable(MAYBE_TEXT)),
        given("Never", constant(json!(null))),
    ];
    let mut world = Maker::new(&[]).world();
    let emitted = jsonata::members(&members, &mut world);
    assert_eq!(
        emitted,
        json!("{% {'Key': $text, 'VersionId': $maybe_text != null ? $maybe_text} %}")
    );
    assert_eq!(
        run::evaluate_template(&emitted, &world),
        Ok(json!({ "Key": "" }))
    );
}

#[test]
fn values_known_at_deployment_have_their_type() {
    let mut world = Maker::new(&[]).world();
    let mut emitted = |expr: &Expr| jsonata::template(expr, &mut world);
    assert_eq!(emitted(&param(1, Type::Int)), json!("{% ${p1} %}"));
    assert_eq!(emitted(&param(1, Type::Bool)), json!("{% ${p1} %}"));
    assert_eq!(
        emitted(&param(1, Type::list(Type::String))),
        json!("{% '${p1}' = '' ? [] : $split('${p1}', ',') %}")
    );
    assert_eq!(
        emitted(&templated(vec![param(0, Type::String), variable(TEXT)])),
        json!("{% '${p0}' & $text %}")
    );
}

#[test]
fn text_that_looks_like_an_expression_or_a_substitution_is_neither() {
    let mut world = Maker::new(&[]).world();
    for text in ["{% 1 %}", "a ${p0}", "{%", "%}", "{%$x", "${p0}{%"] {
        let emitted = jsonata::template(&constant(json!(text)), &mut world);
        assert!(!emitted.to_string().contains("${"), "{emitted}");
        assert_eq!(run::evaluate_template(&emitted, &world), Ok(json!(text)));
    }
    let object = constant(json!({ "${p0}": 1 }));
    let emitted = jsonata::template(&object, &mut world);
    assert!(!emitted.to_string().contains("${"), "{emitted}");
    // A value of the parameter could begin with `%`.
    let emitted = jsonata::template(
        &templated(vec![constant(json!("{")), param(0, Type::String)]),
        &mut world,
    );
    assert_eq!(emitted, json!("{% '{${p0}' %}"));
}

#[test]
fn no_value_of_a_parameter_breaks_out_of_its_place() {
    let pattern = jsonata::parameter_pattern(&Type::String);
    assert_eq!(pattern, Some(r#"^[^'"\\{}\x00-\x1F\x7F]*$"#));
    for value in ["'", "\"", "\\", "{% 1 %}", "${p1}", "a\nb", "\u{7f}"] {
        assert!(!jsonata::is_parameter_value(value), "{value:?}");
    }
    assert!(jsonata::is_parameter_value("acme-raw/2026 (ü), 100 %"));
}

#[test]
fn the_escape_is_kept_and_its_names_are_values() {
    let raw = |text: &str, names: Vec<(&str, Expr)>| {
        source(&run(
            ExprKind::Jsonata {
                text: text.to_owned(),
                names: names
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
            },
            Type::Any,
        ))
    };
    assert_eq!(
        raw(
            "[$files.{ 'k': key, 'sum': '$files' }]",
            vec![("files", variable(FILES))]
        ),
        "[$files.{ 'k': key, 'sum': '$files' }]"
    );
    // A name before a parenthesis is the function; a value that is no path is computed outside.
    assert_eq!(
        raw(
            "[$sum($sum.size) /* $sum */]",
            vec![("sum", comprehension(variable(FILES), None, |file| file))]
        ),
        "($sum2 := [$files]; [$sum($sum2.size) /* $sum */])"
    );
    // A name that the escape gives a meaning of its own.
    assert_eq!(
        raw("[($n := 1; $n)]", vec![("n", variable(N))]),
        "[($n := 1; $n)]"
    );
    assert_eq!(
        raw("[($text := 1; $x)]", vec![("x", variable(TEXT))]),
        "($x := $text; [($text := 1; $x)])"
    );
    assert_eq!(
        raw("$lookup($x, 'a')", vec![("x", variable(ANYTHING))]),
        "($v := $lookup($anything, 'a'); $exists($v) ? $v : null)"
    );
}

#[test]
fn attribute_values_follow_the_type() {
    let attributes = |value: Expr, sdk: bool| {
        let mut world = Maker::new(&[]).world();
        world.sdk = sdk;
        let ty = Type::Any;
        jsonata::template(&run(ExprKind::Attributes(Box::new(value)), ty), &mut world)
    };
    let pair = |key: &str, value: Expr| Entry::Pair {
        key: key.to_owned(),
        value,
    };
    let object = run(
        ExprKind::Object(vec![
            pair("id", variable(TEXT)),
            pair("n", variable(N)),
            pair("three", constant(json!(3))),
            pair("yes", constant(json!(true))),
            pair("none", constant(json!(null))),
            pair("words", variable(WORDS)),
            pair("maybe", variable(MAYBE_TEXT)),
        ]),
        Type::Any,
    );
    assert_eq!(
        attributes(object, false),
        json!({
            "id": { "S": "{% $text %}" },
            "n": { "N": "{% $string($n) %}" },
            "three": { "N": "3" },
            "yes": { "BOOL": true },
            "none": { "NULL": true },
            "words": { "L": "{% [$map($words, function($item) { {'S': $item} })] %}" },
            "maybe": "{% $maybe_text != null ? {'S': $maybe_text} : {'NULL': true} %}",
        })
    );
    assert_eq!(
        attributes(constant(json!({ "yes": true, "none": null })), true),
        json!({ "yes": { "Bool": true }, "none": { "Nul": true } })
    );
}

#[test]
fn attribute_values_of_any_type_are_read_back() {
    let value = json!({
        "s": "x", "n": 1.5, "b": false, "nothing": null, "list": [[1], [], ["a"], [[]]],
        "object": { "one": { "two": [{ "three": 3 }] }, "empty": {} },
    });
    let mut world = Maker::new(&[]).world();
    world.variables[ANYTHING.0 as usize].value = value.clone();
    let attributes = run(
        ExprKind::Attributes(Box::new(variable(ANYTHING))),
        Type::Any,
    );
    let plain = run(ExprKind::Plain(Box::new(attributes.clone())), Type::Any);
    let emitted = jsonata::template(&attributes, &mut world);
    let reader = &mut Reader {
        world: &world.clone(),
        locals: HashMap::new(),
    };
    assert_eq!(
        run::evaluate_template(&emitted, &world).ok(),
        reader.value(&attributes).ok()
    );
    let emitted = jsonata::template(&plain, &mut world);
    let back = run::evaluate_template(&emitted, &world);
    assert!(
        back.as_ref().is_ok_and(|back| equal(back, &value)),
        "{back:?}"
    );
    for spelling in [
        json!({ "a": { "BOOL": true }, "b": { "NS": ["1", "2.5"] }, "c": { "SS": ["x"] }, "d": { "NULL": true } }),
        json!({ "a": { "Bool": true }, "b": { "Ns": ["1", "2.5"] }, "c": { "Ss": ["x"] }, "d": { "Nul": true } }),
    ] {
        world.variables[ANYTHING.0 as usize].value = spelling;
        let plain = run(ExprKind::Plain(Box::new(variable(ANYTHING))), Type::Any);
        let emitted = jsonata::template(&plain, &mut world);
        assert_eq!(
            run::evaluate_template(&emitted, &world),
            Ok(json!({ "a": true, "b": [1, 2.5], "c": ["x"], "d": null }))
        );
    }
}
