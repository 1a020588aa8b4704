//! How definitions read that come from text: what a person would not have written, nobody wants to review.

use serde_json::{Value, json};

use crate::support::compiled::{self, definition};
use crate::support::machine::{Machine, fails};

const FUNCTIONS: &str = "
function f = \"f\" returns { n: int, id: string, more: any }
function g = \"g\"
";

/// The definition of a pipeline with this flow.
fn flow(text: &str) -> Value {
    let text = format!("{FUNCTIONS}\npipeline p(a: int, xs: [int]) {{ {text} }}");
    definition(&text)
}

fn names(definition: &Value) -> Vec<&str> {
    let states = definition["States"].as_object().expect("States");
    states.keys().map(String::as_str).collect()
}

#[test]
fn what_a_state_reads_of_its_own_result_is_not_kept_for_others() {
    let definition = flow("flow x = f({ a }) -> let n = x.n + 1 -> g({ n, id: x.id }) -> g({ n })");
    let assign = &definition["States"]["x"]["Assign"];
    assert_eq!(
        assign["x"],
        json!({ "id": "{% $states.result.Payload.id %}" })
    );
    assert_eq!(assign["n"], "{% $states.result.Payload.n + 1 %}");
}

#[test]
fn a_volatile_value_is_evaluated_once_wherever_it_is_read() {
    let definition = flow(
        "flow f({}) -> let id = uuid() -> let name = \"run-{id}\" -> return { name, again: \"{name}/{name}\" }",
    );
    let text = definition.to_string();
    assert_eq!(text.matches("$uuid()").count(), 1, "{text}");
    let mut machine = Machine::new(&definition);
    let value = machine
        .run(json!({ "a": 1, "xs": [] }))
        .expect("it succeeds");
    let name = value["name"].as_str().expect("a name");
    assert_eq!(value["again"], json!(format!("{name}/{name}")));
}

#[test]
fn a_let_that_only_the_next_one_reads_costs_no_state() {
    let definition = flow(
        "flow x = f({}) -> let ids = [y.id for y in x.more ?? []] -> let found = [id for id in xs if not (\"{id}\" in ids)] -> g({ found })",
    );
    assert_eq!(names(&definition), ["x", "g"]);
}

#[test]
fn what_only_the_next_state_reads_needs_no_variable() {
    let definition = flow(
        "step tell(text: string) { g({ text }) }
         flow try { f({ a }) -> f({ a }) } finally { tell(\"{a} is done\") }",
    );
    let tell = &definition["States"]["tell.g"]["Arguments"]["Payload"];
    assert_eq!(tell, &json!({ "text": "{% $a & ' is done' %}" }));
}

#[test]
fn an_argument_that_the_block_of_a_step_does_not_change_is_no_copy() {
    let step = "step held(name: int) { f({ name }) -> try { body } finally { g({ name }) } }";
    let held = flow(&format!("{step} flow held(a) {{ g({{}}) }}"));
    assert_eq!(
        held["States"]["held.g"]["Arguments"]["Payload"],
        json!({ "name": "{% $a %}" })
    );
    let changed = flow(&format!(
        "{step} flow let n = a -> held(n) {{ set n = 5 -> g({{ n }}) }} -> return 1"
    ));
    let mut machine = Machine::new(&changed);
    assert!(machine.run(json!({ "a": 1, "xs": [] })).is_ok());
    let released = machine.calls.last().expect("a call");
    assert_eq!(released.arguments["Payload"], json!({ "name": 1 }));
}

#[test]
fn the_arguments_of_a_fn_are_written_where_they_are_read_once() {
    let text = format!(
        "{FUNCTIONS}
fn job(script: string, args: [string]) = {{ jar: \"runner\", args: [\"run\", \"{{script}}.py\", ...args] }}
pipeline p(day: string) {{ flow g(job(\"clean\", [\"--day\", day])) }}"
    );
    assert_eq!(
        definition(&text)["States"]["g"]["Arguments"]["Payload"],
        json!({ "jar": "runner", "args": ["run", "clean.py", "--day", "{% $states.input.day %}"] })
    );
}

#[test]
fn of_what_is_only_counted_nothing_but_its_presence_is_kept() {
    let definition = flow(
        "flow done = map(x in xs, 2) collect { f({ x }) } -> return { ok: count(done.ok), failed: [y.item for y in done.failed] }",
    );
    let map = &definition["States"]["done-map"];
    let body = &map["ItemProcessor"]["States"]["f"];
    assert_eq!(body["Output"], json!({ "ok": {} }));
    assert_eq!(
        body["Catch"][0]["Output"],
        json!({ "failed": { "item": "{% $states.input %}" } })
    );
    assert_eq!(map.get("ItemSelector"), None, "nothing reads the index");
}

#[test]
fn an_element_that_is_compared_with_null_stays_null_or_not() {
    let definition = flow(
        "flow done = map(x in xs, 2) { f({ x }) catch App.Bad { pass null } } -> return count([y for y in done if y != null])",
    );
    let bad = || fails("App.Bad", "");
    let mut machine =
        Machine::new(&definition).answer("f", [bad(), Ok(json!({ "Payload": { "n": 1 } })), bad()]);
    assert_eq!(
        machine.run(json!({ "a": 1, "xs": [1, 2, 3] })),
        Ok(json!(1))
    );
}

#[test]
fn raising_an_error_again_is_named_by_its_stage() {
    let definition = flow("flow try { f({}) -> f({}) } catch all { g({}) -> fail }");
    assert_eq!(names(&definition), ["f", "f-2", "g", "fail"]);
}

#[test]
fn a_bound_poll_gives_its_call_its_name() {
    let definition = flow("flow ready = poll f({}) until result.n > 2 every 5s max 9");
    assert_eq!(
        names(&definition),
        [
            "p.input",
            "ready",
            "ready.until",
            "ready.wait",
            "ready.timed_out",
            "p.done"
        ]
    );
}

#[test]
fn a_step_of_nothing_gives_null() {
    let definition = flow("step nothing(n: int) {} flow nothing(sum(xs))");
    let mut machine = Machine::new(&definition);
    assert_eq!(machine.run(json!({ "a": 1, "xs": [4] })), Ok(Value::Null));
}

#[test]
fn a_function_is_retried_on_what_can_pass_and_not_on_what_is_set_up_wrongly() {
    let definition = flow("flow f({})");
    let retried = definition["States"]["f"]["Retry"][0]["ErrorEquals"].to_string();
    assert!(
        retried.contains("Lambda.TooManyRequestsException"),
        "{retried}"
    );
    assert!(
        !retried.contains("Lambda.InvalidZipFileException"),
        "{retried}"
    );
}

const CHILD: &str = "
function f = \"f\"
pipeline quick(a: int) { mode express flow f({ a }) -> return { n: 1 } }
";

fn parent(flow: &str) -> Value {
    let text = format!("{CHILD} pipeline parent(a: int) {{ flow {flow} }}");
    let program = compiled::compile(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let mut definitions = compiled::definitions(&program);
    definitions.remove(1).1
}

fn failed() -> Value {
    json!({ "Status": "FAILED", "Error": "App.Bad", "Cause": "because" })
}

fn succeeded(output: &str) -> Value {
    json!({ "Status": "SUCCEEDED", "Output": output })
}

#[test]
fn an_express_child_that_fails_raises_task_failed_with_its_error_in_the_cause() {
    let definition = parent("quick(a)");
    let mut good = Machine::new(&definition).answer("quick", [Ok(succeeded("{\"n\":1}"))]);
    assert_eq!(good.run(json!({ "a": 1 })), Ok(json!({ "n": 1 })));
    let mut bad = Machine::new(&definition).answer("quick", [Ok(failed())]);
    let failure = bad.run(json!({ "a": 1 })).expect_err("it failed");
    assert_eq!(failure.error.as_deref(), Some("States.TaskFailed"));
    let cause = failure.cause.unwrap_or_default();
    assert!(cause.contains("App.Bad"), "{cause}");
}

#[test]
fn an_express_child_is_retried_and_caught_as_any_call() {
    let definition = parent(
        "x = quick(a) retry on States.TaskFailed max 2 every 1s catch States.TaskFailed { pass { n: 7 } } -> return x.n",
    );
    let mut late = Machine::new(&definition).answer(
        "x",
        [Ok(failed()), Ok(failed()), Ok(succeeded("{\"n\":3}"))],
    );
    assert_eq!(late.run(json!({ "a": 1 })), Ok(json!(3)));
    let mut never = Machine::new(&definition).answer("x", [Ok(failed())]);
    assert_eq!(never.run(json!({ "a": 1 })), Ok(json!(7)));
    assert_eq!(never.called(), ["x", "x", "x"]);
}
