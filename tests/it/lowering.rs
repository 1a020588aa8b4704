//! From the program as meant to the definition: what it does when it runs, and how it reads.

use flowc::backend::asl;
use flowc::ir::*;
use serde_json::{Value, json};

use crate::support::machine::{Machine, fails};
use crate::support::sketch::*;

fn definition(program: &Program) -> Value {
    let definition = asl::lower(program, PipelineId(0));
    serde_json::to_value(&definition.machine).expect("a definition is JSON")
}

fn machine(program: &Program) -> Machine {
    Machine::new(&definition(program))
}

#[test]
fn calls_follow_each_other_and_the_last_result_is_the_pipelines() {
    let s = Sketch::new();
    let at = s.param("at", Type::String);
    let first = s.result("first", Type::Any);
    let id = member(s.read(first), "Id", Type::String);
    let stages = vec![
        s.call("first", join(vec![text("day "), s.read(at)]))
            .bind(first),
        s.call("second", object(vec![("id", id), ("at", s.read(at))])),
    ];
    let program = s.program(stages);
    let mut machine = machine(&program)
        .answer("first", [Ok(json!({ "Id": "x", "More": 1 }))])
        .answer("second", [Ok(json!({ "Done": true }))]);
    assert_eq!(
        machine.run(json!({ "at": "today" })),
        Ok(json!({ "Done": true }))
    );
    assert_eq!(
        machine.calls[1].arguments["Payload"],
        json!({ "id": "x", "at": "today" })
    );
    assert_eq!(machine.entered, ["first", "second"]);
}

#[test]
fn finally_runs_once_on_success_and_on_failure_and_the_first_error_goes_on() {
    let s = Sketch::new();
    let stages = vec![
        s.call("create", null()),
        s.block("try", vec![s.call("one", null()), s.call("two", null())])
            .finally(vec![s.call("release", null())]),
        s.call("after", null()),
    ];
    let program = s.program(stages);
    let mut good = machine(&program);
    assert!(good.run(json!({})).is_ok());
    assert_eq!(good.called(), ["create", "one", "two", "release", "after"]);
    for failing in ["one", "two"] {
        let mut bad = machine(&program)
            .answer(failing, [fails("A.B", "why")])
            .answer("release", [fails("C.D", "later")]);
        assert_eq!(bad.run(json!({})), fails("A.B", "why"));
        assert_eq!(bad.called().last(), Some(&"release"));
    }
    let mut bad = machine(&program).answer("release", [fails("C.D", "later")]);
    assert_eq!(bad.run(json!({})), fails("C.D", "later"));
}

#[test]
fn a_handler_goes_on_behind_its_stage_and_its_value_is_the_stages() {
    let s = Sketch::new();
    let x = s.result("x", Type::Any);
    let error = s.error();
    let cause = member(s.read(error), "cause", Type::String);
    let stages = vec![
        s.call("risky", null()).bind(x).catch(
            &["A.B"],
            error,
            vec![s.pass(join(vec![text("saved: "), cause]))],
        ),
        s.call("after", s.read(x)),
    ];
    let program = s.program(stages);
    let mut good = machine(&program).answer("risky", [Ok(json!(5))]);
    assert!(good.run(json!({})).is_ok());
    assert_eq!(good.calls[1].arguments, json!({ "Payload": 5 }));
    let mut saved = machine(&program).answer("risky", [fails("A.B", "oh")]);
    assert!(saved.run(json!({})).is_ok());
    assert_eq!(saved.calls[1].arguments, json!({ "Payload": "saved: oh" }));
    assert_eq!(saved.entered, ["risky", "after"]);
    let mut other = machine(&program).answer("risky", [fails("C.D", "oh")]);
    assert_eq!(other.run(json!({})), fails("C.D", "oh"));
}

#[test]
fn a_fail_in_a_try_of_the_same_body_jumps_to_the_handler_that_names_it() {
    let s = Sketch::new();
    let (inner, outer) = (s.error(), s.error());
    let bad = s.param("bad", Type::Bool);
    let outer_cause = member(s.read(outer), "cause", Type::String);
    let outer_name = member(s.read(outer), "name", Type::String);
    let stages = vec![
        s.block(
            "try",
            vec![
                s.block(
                    "try",
                    vec![
                        s.call("one", null()),
                        s.when(
                            s.read(bad),
                            vec![s.fail("Data.Bad", Some(text("empty")))],
                            vec![],
                        ),
                        s.call("two", null()),
                    ],
                )
                .catch(&["Other.Error"], inner, vec![s.pass(text("other"))]),
            ],
        )
        .catch(
            &["Data.Bad"],
            outer,
            vec![s.pass(join(vec![outer_name, text(" "), outer_cause]))],
        ),
    ];
    let program = s.program(stages);
    let mut bad = machine(&program);
    assert_eq!(bad.run(json!({ "bad": true })), Ok(json!("Data.Bad empty")));
    assert_eq!(bad.called(), ["one"]);
    let mut good = machine(&program).answer("two", [Ok(json!(2))]);
    assert_eq!(good.run(json!({ "bad": false })), Ok(json!(2)));
}

#[test]
fn a_map_gives_its_bodies_values_in_order_and_the_body_sees_outer_names() {
    let s = Sketch::new();
    let day = s.param("day", Type::String);
    let first = s.result("first", Type::Any);
    let glue = s.result("glue", Type::list(Type::Any));
    let item = s.item("part", Type::Any);
    let items = member(s.read(first), "parts", Type::list(Type::Any));
    let payload = object(vec![
        ("day", s.read(day)),
        ("hour", member(s.read(item), "hour", Type::Int)),
    ]);
    let again = object(vec![("hour", member(s.read(item), "hour", Type::Int))]);
    let stages = vec![
        s.call("first", null()).bind(first),
        s.map(
            "glue-map",
            items,
            item,
            vec![s.call("glue", payload), s.call("check", again)],
        )
        .bind(glue),
        s.call("publish", s.read(glue)),
    ];
    let program = s.program(stages);
    let mut machine = machine(&program)
        .answer(
            "first",
            [Ok(json!({ "parts": [{ "hour": 1 }, { "hour": 2 }] }))],
        )
        .answer("check", [Ok(json!("a")), Ok(json!("b"))]);
    assert!(machine.run(json!({ "day": "mon" })).is_ok());
    // The items are worked on at once.
    assert_eq!(
        machine.called(),
        ["first", "glue", "glue", "check", "check", "publish"]
    );
    assert_eq!(
        machine.calls[1].arguments["Payload"],
        json!({ "day": "mon", "hour": 1 })
    );
    assert_eq!(machine.calls[5].arguments["Payload"], json!(["a", "b"]));
}

fn collected(distributed: Option<Distributed>) -> Program {
    let s = Sketch::new();
    let xs = s.param("xs", Type::list(Type::Any));
    let day = s.local("day", Type::String);
    let all = s.result("all", Type::Any);
    let item = s.item("item", Type::Any);
    let index = s.variable("index", VariableKind::Index, Type::Int);
    let init = s.call("init", null());
    let payload = object(vec![("x", s.read(item)), ("day", s.read(day))]);
    let body = vec![s.call("first", payload.clone()), s.call("second", payload)];
    let map = s
        .map_with("work-map", s.read(xs), (item, index), body, |map| {
            map.collect = true;
            map.distributed = distributed;
        })
        .bind(all);
    let stages = vec![
        init,
        s.assign(day, text("monday")),
        map,
        s.call("report", s.read(all)),
    ];
    s.program(stages)
}

#[test]
fn collect_keeps_what_succeeded_and_what_failed_in_item_order() {
    let distributed = Distributed {
        express: false,
        batch: None,
        tolerate: None,
        results: None,
        label: None,
    };
    for distributed in [None, Some(distributed)] {
        let program = collected(distributed);
        let mut machine = machine(&program)
            .answer(
                "first",
                [
                    Ok(json!(1)),
                    fails("A.B", "bad"),
                    Ok(json!(3)),
                    Ok(json!(4)),
                ],
            )
            .answer(
                "second",
                [Ok(json!([1, 2])), Ok(json!([3])), fails("C.D", "worse")],
            );
        assert!(machine.run(json!({ "xs": ["p", "q", "r", "s"] })).is_ok());
        let report = &machine.calls.last().expect("calls").arguments["Payload"];
        assert_eq!(
            report,
            &json!({
                "ok": [[1, 2], [3]],
                "failed": [
                    { "item": "q", "index": 1, "error": { "name": "A.B", "cause": "bad" } },
                    { "item": "s", "index": 3, "error": { "name": "C.D", "cause": "worse" } },
                ],
            })
        );
        assert_eq!(
            machine.calls[1].arguments["Payload"],
            json!({ "x": "p", "day": "monday" })
        );
    }
}

#[test]
fn a_poll_counts_its_calls_and_waits_between_them() {
    let s = Sketch::new();
    let result = s.variable("result", VariableKind::PollResult, Type::Any);
    let gate = s.result("gate", Type::Any);
    let state = || member(s.read(result), "State", Type::String);
    let poll = Poll {
        block: Block {
            stages: vec![s.call("look", null())],
        },
        result,
        fail_when: vec![FailWhen {
            condition: eq(state(), text("BROKEN")),
            error: "Gate.Broken".to_owned(),
            cause: None,
        }],
        until: eq(state(), text("READY")),
        every: int(30),
        timeout: Some(int(600)),
        max: Some(int(3)),
    };
    let stages = vec![
        s.call("before", null()),
        s.stage("gate", StageKind::Poll(Box::new(poll))).bind(gate),
        s.call("after", member(s.read(gate), "Size", Type::Int)),
    ];
    let program = s.program(stages);
    let running = || Ok(json!({ "State": "RUNNING", "Size": 0 }));
    let mut good = machine(&program).answer(
        "look",
        [
            running(),
            running(),
            Ok(json!({ "State": "READY", "Size": 7 })),
        ],
    );
    assert!(good.run(json!({})).is_ok());
    assert_eq!(good.called(), ["before", "look", "look", "look", "after"]);
    assert_eq!(good.calls[4].arguments["Payload"], json!(7));
    let mut over = machine(&program).answer("look", [running()]);
    assert_eq!(
        over.run(json!({})).expect_err("it never gets ready").name(),
        "Poll.TimedOut"
    );
    assert_eq!(over.called(), ["before", "look", "look", "look"]);
    let mut broken = machine(&program).answer("look", [Ok(json!({ "State": "BROKEN" }))]);
    let failure = broken.run(json!({})).expect_err("broken");
    assert_eq!(failure.name(), "Gate.Broken");
    assert_eq!(failure.cause.as_deref(), Some(r#"{"State":"BROKEN"}"#));
}

#[test]
fn jumps_pass_through_each_finally_on_their_way() {
    let s = Sketch::new();
    let xs = s.param("x", Type::String);
    let label = s.label();
    let outer = s.label();
    let inside = s.block(
        "try",
        vec![
            s.call("work", null()),
            s.when(
                eq(s.read(xs), text("break")),
                vec![s.stage("break", StageKind::Break(label))],
                vec![s.when(
                    eq(s.read(xs), text("return")),
                    vec![s.give(LabelId(0), text("early"))],
                    vec![s.when(
                        eq(s.read(xs), text("step")),
                        vec![s.give(outer, text("value"))],
                        vec![],
                    )],
                )],
            ),
        ],
    );
    let inside = inside.finally(vec![s.call("inner", null())]);
    let value = s.result("value", Type::Any);
    let stages = vec![
        s.labelled(
            "step",
            outer,
            vec![
                s.block(
                    "try",
                    vec![s.repeat(
                        label,
                        None,
                        vec![inside, s.stage("break", StageKind::Break(label))],
                    )],
                )
                .finally(vec![s.call("outer", null())]),
                s.pass(text("end")),
            ],
        )
        .bind(value),
        s.pass(s.read(value)),
    ];
    let program = s.program(stages);
    for (x, value) in [
        ("break", "end"),
        ("return", "early"),
        ("step", "value"),
        ("-", "end"),
    ] {
        let mut machine = machine(&program);
        assert_eq!(machine.run(json!({ "x": x })), Ok(json!(value)), "{x}");
        assert_eq!(machine.called(), ["work", "inner", "outer"], "{x}");
    }
    let mut machine = machine(&program).answer("work", [fails("A.B", "why")]);
    assert_eq!(machine.run(json!({ "x": "-" })), fails("A.B", "why"));
    assert_eq!(machine.called(), ["work", "inner", "outer"]);
}

#[test]
fn a_block_is_tried_again_with_its_names_as_they_are() {
    let s = Sketch::new();
    let n = s.local("n", Type::Int);
    let error = s.error();
    let plus = binary(Binary::Add, s.read(n), int(1), Type::Int);
    let stages = vec![
        s.assign(n, int(0)),
        s.block(
            "try",
            vec![
                s.assign(n, plus),
                s.call("one", s.read(n)),
                s.call("two", null()),
            ],
        )
        .retry(&["A.B"], 2)
        .catch(
            &["States.ALL"],
            error,
            vec![s.pass(member(s.read(error), "name", Type::String))],
        ),
        s.call("after", s.read(n)),
    ];
    let program = s.program(stages);
    let mut twice = machine(&program).answer("two", [fails("A.B", ""), Ok(json!(1))]);
    assert!(twice.run(json!({})).is_ok());
    assert_eq!(twice.called(), ["one", "two", "one", "two", "after"]);
    assert_eq!(twice.calls[4].arguments["Payload"], json!(2));
    let mut often = machine(&program).answer("two", [fails("A.B", "")]);
    assert!(often.run(json!({})).is_ok());
    assert_eq!(often.called().iter().filter(|c| **c == "two").count(), 3);
    let mut other = machine(&program).answer("two", [fails("C.D", "")]);
    assert!(other.run(json!({})).is_ok());
    assert_eq!(other.called(), ["one", "two", "after"]);
}

#[test]
fn an_expression_that_can_fail_is_evaluated_where_its_handler_holds() {
    let s = Sketch::new();
    let x = s.param("x", Type::Any);
    let a = s.local("a", Type::Int);
    let error = s.error();
    let sum = binary(Binary::Add, s.read(x), int(1), Type::Int);
    let stages = vec![
        s.block(
            "try",
            vec![
                s.assign(a, sum),
                s.call("use", s.read(a)),
                s.call("again", s.read(a)),
                s.when(s.read(x), vec![s.call("yes", null())], vec![]),
            ],
        )
        .catch(
            ALL,
            error,
            vec![s.pass(member(s.read(error), "name", Type::String))],
        ),
    ];
    let program = s.program(stages);
    let mut bad = machine(&program);
    assert_eq!(
        bad.run(json!({ "x": "no" })),
        Ok(json!("States.QueryEvaluationError"))
    );
    assert_eq!(bad.called(), [""; 0]);
    let mut late = machine(&program);
    assert_eq!(
        late.run(json!({ "x": 1 })),
        Ok(json!("States.QueryEvaluationError"))
    );
    assert_eq!(late.called(), ["use", "again"]);
}

#[test]
fn parallel_gives_its_branches_values_by_name() {
    for collect in [false, true] {
        let s = Sketch::new();
        let at = s.param("at", Type::String);
        let both = s.result("both", Type::Any);
        let parallel = s
            .parallel(
                collect,
                vec![
                    ("sales", vec![s.call("a", s.read(at))]),
                    (
                        "stock",
                        vec![s.call("b", s.read(at)), s.pass(list(vec![int(1), int(2)]))],
                    ),
                ],
            )
            .bind(both);
        let stages = vec![parallel, s.call("after", s.read(both))];
        let program = s.program(stages);
        let mut good = machine(&program).answer("a", [Ok(json!(1))]);
        assert!(good.run(json!({ "at": "x" })).is_ok());
        let values = json!({ "sales": 1, "stock": [1, 2] });
        let after = good.calls[2].arguments["Payload"].clone();
        let mut bad = machine(&program).answer("b", [fails("A.B", "why")]);
        if collect {
            assert_eq!(after, json!({ "ok": values, "failed": {} }));
            assert!(bad.run(json!({ "at": "x" })).is_ok());
            assert_eq!(
                bad.calls[2].arguments["Payload"],
                json!({ "ok": { "sales": {} }, "failed": { "stock": { "name": "A.B", "cause": "why" } } })
            );
        } else {
            assert_eq!(after, values);
            assert_eq!(bad.run(json!({ "at": "x" })), fails("A.B", "why"));
        }
    }
}

#[test]
fn a_typed_value_is_read_in_the_spelling_that_came() {
    let bool = || Type::optional(Type::Bool);
    let read = |item: Expr, name| member(member(item, "done", Type::Any), name, bool());
    for (came, found) in [
        (json!({ "BOOL": false }), json!(false)),
        (json!({ "Bool": false }), json!(false)),
        (json!({ "Bool": true }), json!(true)),
        (json!({ "Nul": true }), Value::Null),
    ] {
        let s = Sketch::new();
        let item = s.result("item", Type::Any);
        let done = binary(
            Binary::Coalesce,
            read(s.read(item), "BOOL"),
            read(s.read(item), "Bool"),
            bool(),
        );
        let stages = vec![
            s.call("get", null()).bind(item),
            s.call("other", null()),
            s.pass(done),
        ];
        let mut machine =
            machine(&s.program(stages)).answer("get", [Ok(json!({ "done": came.clone() }))]);
        assert_eq!(machine.run(json!({})), Ok(found), "{came}");
    }
}
