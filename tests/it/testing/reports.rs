//! What people and CI systems are told: failures with what was expected and found, JUnit files, coverage.

use super::{compiled, failures, runs, tested};
use flowc::testing::junit::{self, Suite};

const LOADS: &str = r#"
function lister = "list" returns { days: [string] }
job load = "load"

pipeline loads(day: string) {
  timeout 1d

  step list = lister({ day })
  step run = glue.startJobRun(JobName: load, Arguments: { "--day": item }) timeout 1h

  flow let found = 0
    -> list
    -> set found = count(list.days)
    -> if found > 2 { fail Load.TooMany "{found} days" }
    -> map(list.days, 5) -> run
    -> return { found, ids: [r.Id for r in run] }
}
"#;

fn of(members: &str) -> String {
    format!("{LOADS}\ntest \"t\" of loads {{\n  given {{ day: \"2026-01-01\" }}\n{members}\n}}\n")
}

/// The only failure of a test with these members.
fn failure(members: &str) -> String {
    let mut all = failures(&of(members));
    assert_eq!(all.len(), 1, "{members}\n{}", all.join("\n"));
    all.remove(0)
}

fn passes(members: &str) {
    let all = failures(&of(members));
    assert!(all.is_empty(), "{members}\n{}", all.join("\n"));
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn a_wrong_end_is_told_with_the_path_taken() {
    says(
        &failure(
            "  mock run fails Glue.InternalService \"boom\"\n  mock list returns { days: [\"a\"] }\n  expect succeeded",
        ),
        &[
            "expected the run to succeed, and it failed with Glue.InternalServiceException: boom",
            "the path taken: list -> ",
            "run[0] (fails Glue.InternalServiceException after 3 retries)",
            "expect succeeded",
        ],
    );
    says(
        &failure("  expect failed Load.TooMany"),
        &[
            "expected the run to fail with Load.TooMany, and it succeeded with {\"found\":0,\"ids\":[]}",
        ],
    );
    says(
        &failure("  expect timed_out"),
        &["expected the run timed out", "it succeeded with"],
    );
}

#[test]
fn a_wrong_result_is_told_where_it_differs() {
    says(
        &failure(
            "  mock list returns { days: [\"a\"] }\n  mock run returns { Id: \"x\" }\n  expect succeeded with { found: 1, ids: [\"y\"] }",
        ),
        &[
            "expected the result {\"found\":1,\"ids\":[\"y\"]}",
            "it is {\"found\":1,\"ids\":[\"x\"]}",
            "`result.ids[0]` is \"x\", not \"y\"",
        ],
    );
}

#[test]
fn a_wrong_cause_is_told() {
    passes(
        "  mock list returns { days: [\"a\", \"b\", \"c\"] }\n  expect failed Load.TooMany \"3 days\"",
    );
    says(
        &failure(
            "  mock list returns { days: [\"a\", \"b\", \"c\"] }\n  expect failed Load.TooMany \"4 days\"",
        ),
        &["expected the cause \"4 days\", and it is \"3 days\""],
    );
}

#[test]
fn calls_are_counted_without_retries_and_compared_by_what_is_given() {
    passes(
        "  mock list returns { days: [\"a\", \"b\"] }\n  mock run fails Glue.ConcurrentRunsExceeded, returns {}\n  expect run called 2\n  expect run called 1 with { Arguments: { \"--day\": \"a\" } }",
    );
    says(
        &failure(
            "  mock list returns { days: [\"a\"] }\n  expect run called 2 with { Arguments: { \"--day\": \"b\" } }",
        ),
        &[
            "expected `run` to be called 2 times with {\"Arguments\":{\"--day\":\"b\"}}, and it was called not at all",
            "call 1 had {",
            "\"--day\":\"a\"",
        ],
    );
}

#[test]
fn order_is_that_of_the_first_calls() {
    passes("  mock list returns { days: [\"a\"] }\n  expect list before run");
    says(
        &failure("  mock list returns { days: [\"a\"] }\n  expect run before list"),
        &["expected `run` to be called before `list`, and `list` came first"],
    );
    says(
        &failure("  expect list before run"),
        &["`run` was never called"],
    );
}

#[test]
fn conditions_see_the_result_the_duration_and_what_the_flow_has_bound() {
    passes(
        "  mock list returns { days: [\"a\"] }\n  mock run returns { Id: \"x\" } after 30m\n  expect duration == 30m\n  expect found == 1\n  expect result.found == 1 and count(result.ids) == 1",
    );
    says(
        &failure("  mock list returns { days: [\"a\"] } after 90s\n  expect duration < 1m"),
        &[
            "expected this to hold, and it does not",
            "the run took 1 m 30 s",
        ],
    );
    says(
        &failure("  mock list returns { days: [\"a\"] }\n  expect found == 2"),
        &[
            "expected this to hold, and it does not: `found` is 1",
            "`found` is 1",
        ],
    );
    // What nothing reads later, the definition does not keep.
    says(
        &failure("  expect count(run) == 0"),
        &["the definition keeps no `run`", "expect what is made of it"],
    );
}

#[test]
fn answers_come_in_order_by_condition_and_by_attempt() {
    passes(
        "  mock list returns { days: [\"a\", \"b\"] }\n  mock run when item == \"b\" and attempt == 0 fails Glue.ConcurrentRunsExceeded\n  mock run when index == 1 returns { Id: \"second {arguments.JobName}\" }\n  mock run returns { Id: \"first\" }\n  expect succeeded with { found: 2, ids: [\"first\", \"second load\"] }",
    );
}

#[test]
fn a_call_that_nobody_answers_runs_into_its_time_out() {
    passes(
        "  mock list returns { days: [\"a\"] }\n  mock run never\n  expect duration == 1h\n  expect failed States.Timeout",
    );
    passes("  mock list never\n  expect timed_out\n  expect duration == 1d");
}

#[test]
fn each_step_fails_is_a_run_for_each_call() {
    let text = of(
        "  mock list returns { days: [\"a\"] }\n  each step fails { expect failed States.TaskFailed }",
    );
    let names = runs(&text);
    let names: Vec<(&str, bool)> = names.iter().map(|(n, p)| (n.as_str(), *p)).collect();
    assert_eq!(names, [("t (list fails)", true), ("t (run fails)", true)]);
    let text = of(
        "  mock list returns { days: [\"a\"] }\n  expect succeeded\n  each step but run fails { expect succeeded }",
    );
    let names = runs(&text);
    let names: Vec<(&str, bool)> = names.iter().map(|(n, p)| (n.as_str(), *p)).collect();
    assert_eq!(names, [("t", true), ("t (list fails)", false)]);
    says(
        &failure(
            "  mock list returns { days: [\"a\"] }\n  each step but run fails { expect succeeded }",
        ),
        &["in this run `list` fails", "expected the run to succeed"],
    );
    says(
        &failure("  each step but list fails { expect failed }"),
        &["fails each step, and no call is left to fail"],
    );
}

#[test]
fn a_test_of_an_express_pipeline_runs_it_as_one() {
    let text = "
function quick = \"quick\" returns { n: int }

pipeline fast(x: int) {
  mode express
  timeout 1m

  flow q = quick({ x }) -> return q.n
}

test \"it answers\" of fast {
  given { x: 1 }
  mock quick returns { n: 2 } after 30s
  expect succeeded with 2
}

test \"it takes too long\" of fast {
  given { x: 1 }
  mock quick returns { n: 2 } after 2m
  expect timed_out
}
";
    assert_eq!(failures(text), Vec::<String>::new());
}

#[test]
fn a_pipeline_that_is_called_runs_under_its_own_role() {
    let text = "
bucket own = \"own\"
bucket other = \"other\"

pipeline child(key: string) {
  flow s3.headObject(Bucket: other, Key: \"a/{key}\") within \"a/*\"
}

pipeline parent(key: string) {
  flow s3.headObject(Bucket: own, Key: \"a\") -> child(key: key)
}

test \"both may read\" of parent {
  given { key: \"a\" }
  expect s3.headObject called 1
  expect child called 1
  expect succeeded
}

test \"a child that fails fails its parent\" of parent {
  given { key: \"a\" }
  mock child fails States.TaskFailed \"lost\"
  expect failed States.TaskFailed \"lost\"
}
";
    assert_eq!(failures(text), Vec::<String>::new());
}

#[test]
fn a_call_that_the_role_does_not_allow_fails_the_test_with_the_missing_statement() {
    use flowc::backend::deployment::Deployment;
    use flowc::testing::bench::Bench;
    use flowc::testing::coverage::Coverage;
    use flowc::testing::{self, Options};
    // The name that is called is decided by the run, and the author's bound does not take it in.
    let text = "
pipeline reads(bucket: string) {
  flow s3.headObject(Bucket: bucket, Key: \"a\") within \"acme-raw\"
}

test \"the bound holds\" of reads {
  given { bucket: \"acme-raw\" }
  expect succeeded
}

test \"it does not\" of reads {
  given { bucket: \"other\" }
  expect succeeded
}
";
    let compilation = compiled("tested.flow", text);
    let (verdicts, _) = tested(&compilation);
    assert!(verdicts[0].passed(), "{:?}", verdicts[0].failures);
    let failures = &verdicts[1].failures;
    assert_eq!(failures.len(), 1, "{failures:?}");
    says(
        &failures[0].message,
        &["the role is not allowed to do s3:GetObject on arn:aws:s3:::other/a"],
    );
    says(
        &failures[0].notes[0],
        &["nor s3:ListBucket on arn:aws:s3:::other"],
    );
    says(
        &failures[0].help[0],
        &["this statement is missing", "\"Allow\""],
    );
    // Without the policy the call is made.
    let program = compilation.program.as_ref().expect("a program");
    let bench = Bench::new(program, Deployment::new(program)).expect("definitions");
    let options = Options {
        permissions: false,
        ..Options::default()
    };
    let verdicts = testing::run(&bench, None, options, &mut Coverage::default());
    assert!(verdicts.iter().all(testing::Verdict::passed));
}

#[test]
fn junit_files_are_xml_whatever_the_names_are() {
    let text = of("  expect failed")
        + "test \"a < b & \\\"c\\\" > 'd' \\u0007 ü\" of loads {\n  given { day: \"x\" }\n  expect succeeded\n}\n";
    let compilation = compiled("tested & tried.flow", &text);
    let (verdicts, _) = tested(&compilation);
    let suites = [
        Suite::new("tested & tried.flow", &verdicts, &compilation.sources),
        Suite::broken("broken.flow", &verdicts[0].failures, &compilation.sources),
    ];
    let written = junit::document(&suites);
    let document = roxmltree::Document::parse(&written).expect("XML");
    let root = document.root_element();
    assert_eq!(root.attribute("tests"), Some("3"));
    assert_eq!(root.attribute("failures"), Some("2"));
    let cases: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .collect();
    let names: Vec<_> = cases.iter().filter_map(|c| c.attribute("name")).collect();
    assert_eq!(names, ["t", "a < b & \"c\" > 'd' \u{FFFD} ü", "compiles"]);
    assert_eq!(cases[0].attribute("classname"), Some("loads"));
    let failure = cases[0].first_element_child().expect("a failure");
    says(
        failure.attribute("message").expect("a message"),
        &["expected the run to fail"],
    );
    says(failure.text().expect("a text"), &["tested & tried.flow:"]);
    assert!(cases[1].first_element_child().is_none());
}

#[test]
fn what_no_test_reaches_is_underlined() {
    use flowc::diagnostic::render;
    let compilation = compiled("tested.flow", &of("  expect succeeded"));
    let (_, report) = tested(&compilation);
    assert_eq!((report.states.reached, report.states.all), (3, 5));
    assert_eq!((report.branches.reached, report.branches.all), (1, 2));
    let gaps: Vec<String> = report
        .gaps
        .iter()
        .map(|gap| render::render(gap, &compilation.sources, false))
        .collect();
    insta::assert_snapshot!(gaps.join("\n"));
}

#[test]
fn a_file_with_windows_line_ends_is_underlined_where_it_is_wrong() {
    let text = of("  expect failed").replace('\n', "\r\n");
    let all = failures(&text);
    assert_eq!(all.len(), 1);
    says(&all[0], &["expect failed", "^^^^^^^^^^^^^"]);
    assert!(!all[0].contains('\r'), "{:?}", all[0]);
}

#[test]
fn the_same_test_gives_the_same_twice() {
    let text = of(
        "  mock list returns { days: [\"a\", \"b\"] }\n  mock run fails Glue.ConcurrentRunsExceeded, returns {}\n  expect duration == 0s",
    );
    assert_eq!(failures(&text), failures(&text));
}

#[test]
fn an_error_without_a_cause_is_told_and_raised_again_as_any_other() {
    let text = "
function a = \"a\"
topic ops = \"ops\"

pipeline cleaned() {
  flow try { a timeout 1h } finally { sns.publish(TopicArn: ops, Message: \"done\") }
}

pipeline told() {
  flow a
    timeout 1h
    catch all {
      sns.publish(TopicArn: ops, Message: error.cause, Subject: \"{error.name}: {error.cause}\") -> fail
    }
}

pipeline kept(xs: [int]) {
  flow r = map(xs, 2) collect { a timeout 1h } -> return r.failed
}

test \"a time-out comes out\" of cleaned {
  mock a never
  expect publish called 1
  expect failed States.Timeout \"\"
}

test \"a time-out is told\" of told {
  mock a never
  expect publish called 1 with { Message: \"\", Subject: \"States.Timeout: \" }
  expect failed States.Timeout \"\"
}

test \"a time-out is kept\" of kept {
  given { xs: [1] }
  mock a never
  expect succeeded with [{ item: 1, index: 0, error: { name: \"States.Timeout\", cause: \"\" } }]
}
";
    assert_eq!(failures(text), Vec::<String>::new());
}

#[test]
fn each_step_is_held_to_the_role_of_its_own() {
    let text = "
bucket exports = \"exports\"

pipeline own_roles(key: string) {
  role per_step

  step read = s3.headObject(Bucket: exports, Key: key) within \"a/*\"

  flow read
}

test \"inside\" of own_roles {
  given { key: \"a/1\" }
  expect succeeded
}

test \"outside\" of own_roles {
  given { key: \"b/1\" }
  expect succeeded
}
";
    let all = failures(text);
    assert_eq!(all.len(), 1, "{}", all.join("\n"));
    says(
        &all[0],
        &["the role is not allowed to do s3:GetObject on arn:aws:s3:::exports/b/1"],
    );
}

#[test]
fn a_quoted_name_is_that_of_one_state() {
    let text = "
function ping = \"ping\" returns { n: int }

pipeline twice() {
  step call = ping()

  flow call -> call -> return call.n
}

test \"both\" of twice {
  mock call returns { n: 1 }
  mock \"call-2\" when true returns { n: 2 }
  expect \"call-2\" called 1
  expect call called 2
  expect succeeded with 2
}

test \"a third\" of twice {
  expect \"call-3\" called 0
}
";
    let all = failures(text);
    assert_eq!(all.len(), 1, "{}", all.join("\n"));
    says(
        &all[0],
        &[
            "the definition has no state `call-3`",
            "there are `call`, `call-2`",
        ],
    );
}
