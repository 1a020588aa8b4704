//! Pictures of pipelines.

use std::collections::BTreeSet;

use flowc::backend::graph::{Kind, graph};
use flowc::ir::*;

use crate::calls::compile;
use crate::support::sketch::*;

fn mermaid(program: &Program) -> String {
    graph(program, None).mermaid()
}

/// `from --> to` and `from -.words.-> to`, by the titles of nodes and boxes.
fn edges(text: &str) -> BTreeSet<String> {
    let title = |id: &str| -> String {
        let line = (text.lines().map(str::trim_start))
            .find(|line| {
                let line = line.strip_prefix("subgraph ").unwrap_or(line);
                line.strip_prefix(id).is_some_and(|rest| {
                    !rest.starts_with(|c: char| c.is_alphanumeric() || c == ' ')
                })
            })
            .unwrap_or_else(|| panic!("no {id} in\n{text}"));
        let inner = line.split('"').nth(1).unwrap_or_default();
        inner.split("<br>").next().unwrap_or_default().to_owned()
    };
    text.lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (from, arrow, to) = (words.first()?, words.get(1)?, words.last()?);
            let (dashes, end) = match arrow {
                a if a.starts_with("-->") => ("--", "-->"),
                a if a.starts_with("-.->") => ("-.", ".->"),
                _ => return None,
            };
            let label = line.split('|').nth(1).map(|label| label.trim_matches('"'));
            Some(match label {
                Some(label) => format!("{} {dashes} {label} {end} {}", title(from), title(to)),
                None if end == "-->" => format!("{} --> {}", title(from), title(to)),
                None => format!("{} -.-> {}", title(from), title(to)),
            })
        })
        .collect()
}

fn assert_edges(text: &str, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|&e| e.to_owned()).collect();
    assert_eq!(edges(text), expected, "{text}");
}

#[test]
fn stages_follow_each_other_from_the_start_to_the_end() {
    let s = Sketch::new();
    s.param("day", Type::String);
    let stages = vec![s.call("first", null()), s.call("second", null())];
    let program = s.program(stages);
    let picture = graph(&program, None);
    assert_eq!(picture.charts.len(), 1);
    let chart = &picture.charts[0];
    assert_eq!(chart.signature, "load(day)");
    let titles: Vec<&str> = chart.stages.iter().map(|n| n.title.as_str()).collect();
    assert_eq!(titles, ["first", "second"]);
    assert_eq!(chart.stages[0].lines, ["lambda.invoke"]);
    assert_edges(
        &picture.mermaid(),
        &["load(day) --> first", "first --> second", "second --> end"],
    );
    assert!(graph(&program, Some("other")).charts.is_empty());
}

#[test]
fn what_only_moves_data_is_not_shown() {
    let s = Sketch::new();
    let x = s.local("x", Type::Int);
    let label = s.label();
    let stages = vec![
        s.assign(x, int(1)),
        // A step that is one call.
        s.labelled("wrapped", label, vec![s.call("wrapped", null())]),
    ];
    let picture = graph(&s.program(stages), None);
    let [only] = picture.charts[0].stages.as_slice() else {
        panic!("{picture:?}");
    };
    assert!(matches!(only.kind, Kind::Call));
}

#[test]
fn a_handler_stands_beside_its_stage_and_leads_behind_it() {
    let s = Sketch::new();
    let error = s.error();
    let (ends, other) = (s.error(), s.error());
    let stages = vec![
        s.call("risky", null())
            .catch(&["States.Timeout"], error, vec![s.call("tell", null())])
            .catch(&["A.BException"], other, vec![])
            .catch(ALL, ends, vec![s.fail("Gave.Up", None)]),
        s.call("after", null()),
    ];
    assert_edges(
        &mermaid(&s.program(stages)),
        &[
            "load() --> risky",
            "risky -. catch States.Timeout .-> tell",
            "risky -. catch A.B .-> after",
            "risky -. catch all .-> fail Gave.Up",
            "risky --> after",
            "tell --> after",
            "after --> end",
        ],
    );
}

#[test]
fn finally_is_entered_by_success_and_failure() {
    let s = Sketch::new();
    let stages = vec![
        s.block("try", vec![s.call("one", null()), s.call("two", null())])
            .finally(vec![s.call("release", null())]),
    ];
    assert_edges(
        &mermaid(&s.program(stages)),
        &[
            "load() --> one",
            "one --> two",
            "two --> release",
            "try -. on failure .-> release",
            "release --> end",
        ],
    );
}

#[test]
fn arms_and_branches_part_and_meet() {
    let s = Sketch::new();
    let n = s.local("n", Type::Int);
    let stages = vec![
        s.when(eq(s.read(n), int(1)), vec![s.call("one", null())], vec![]),
        s.parallel(
            false,
            vec![("a", vec![s.call("left", null())]), ("b", vec![])],
        ),
        s.call("after", null()),
    ];
    assert_edges(
        &mermaid(&s.program(stages)),
        &[
            "load() --> n == 1",
            "n == 1 -- yes --> one",
            "one --> all",
            "n == 1 -- no --> all",
            "all --> left",
            "all --> nothing",
            "left --> after",
            "nothing --> after",
            "after --> end",
        ],
    );
}

#[test]
fn a_choice_over_one_value_is_a_match() {
    let s = Sketch::new();
    let v = s.local("v", Type::String);
    let arm = |values: &[&str], stage| {
        let conditions = values.iter().map(|value| eq(s.read(v), text(value)));
        let condition = conditions
            .reduce(|a, b| binary(Binary::Or, a, b, Type::Bool))
            .expect("a value");
        (
            condition,
            Block {
                stages: vec![stage],
            },
        )
    };
    let kind = StageKind::If {
        arms: vec![
            arm(&["x", "y"], s.call("first", null())),
            arm(&["z"], s.call("second", null())),
        ],
        otherwise: Block::default(),
        exhaustive: true,
    };
    let stages = vec![s.stage("match", kind)];
    assert_edges(
        &mermaid(&s.program(stages)),
        &[
            "load() --> match v",
            "match v -- #34;x#34;, #34;y#34; --> first",
            "match v -- #34;z#34; --> second",
            "first --> end",
            "second --> end",
        ],
    );
}

#[test]
fn loops_go_round_and_are_left() {
    let s = Sketch::new();
    let n = s.local("n", Type::Int);
    let (plain, asked) = (s.label(), s.label());
    let done = eq(s.read(n), int(3));
    let stages = vec![
        s.repeat(
            plain,
            None,
            vec![
                s.call("work", null()),
                s.when(
                    done.clone(),
                    vec![s.stage("break", StageKind::Break(plain))],
                    vec![s.stage("continue", StageKind::Continue(plain))],
                ),
            ],
        ),
        s.repeat(asked, Some(done), vec![s.call("more", null())]),
        s.call("after", null()),
    ];
    assert_edges(
        &mermaid(&s.program(stages)),
        &[
            "load() --> again",
            "again --> work",
            "work --> n == 3",
            "n == 3 -- yes --> break",
            "n == 3 -- no --> continue",
            "continue --> again",
            "break --> n == 3",
            "n == 3 -- yes --> more",
            "more --> n == 3",
            "n == 3 -- no --> after",
            "after --> end",
        ],
    );
}

#[test]
fn a_poll_says_what_it_waits_for() {
    let s = Sketch::new();
    let result = s.variable("result", VariableKind::PollResult, Type::Any);
    let state = member(s.read(result), "State", Type::String);
    let poll = Poll {
        block: Block {
            stages: vec![s.call("ready", null())],
        },
        result,
        fail_when: Vec::new(),
        until: eq(state, text("READY")),
        every: int(90),
        timeout: Some(int(7200)),
        max: None,
    };
    let stages = vec![s.stage("ready", StageKind::Poll(Box::new(poll)))];
    let program = s.program(stages);
    let picture = graph(&program, None);
    let node = &picture.charts[0].stages[0];
    assert_eq!(
        node.lines,
        [
            "until result.State == \"READY\"",
            "every 1m30s",
            "timeout 2h"
        ]
    );
    let asked = "result.State == #34;READY#34;";
    assert_edges(
        &picture.mermaid(),
        &[
            "load() --> lambda.invoke",
            &format!("lambda.invoke --> {asked}"),
            &format!("{asked} -- no, after 1m30s --> lambda.invoke"),
            &format!("{asked} -- yes --> end"),
        ],
    );
}

#[test]
fn a_return_leads_to_the_end_of_what_it_ends() {
    let s = Sketch::new();
    let n = s.local("n", Type::Int);
    let item = s.item("item", Type::Any);
    let map = s.map_with(
        "m",
        list(vec![int(1)]),
        (item, s.variable("index", VariableKind::Index, Type::Int)),
        Vec::new(),
        |map| {
            let label = map.label;
            map.body.stages = vec![s.when(
                eq(s.read(n), int(1)),
                vec![s.give(label, null())],
                vec![s.call("work", null())],
            )];
        },
    );
    let stages = vec![map, s.give(LabelId(0), null())];
    assert_edges(
        &mermaid(&s.program(stages)),
        &[
            "load() --> n == 1",
            "n == 1 -- yes --> return",
            "n == 1 -- no --> work",
            "return --> return",
            "work --> return",
            "return --> end",
        ],
    );
}

#[test]
fn pipelines_of_one_file_stand_in_boxes_and_call_each_other() {
    let compilation = compile(
        r#"
        pipeline outer(day: string) { flow x = inner(day) -> start inner(day) }
        pipeline inner(day: string) { mode standard flow glue.startCrawler(Name: "a") }
        "#,
    );
    let program = compilation.program.expect("nothing is wrong");
    let picture = graph(&program, None);
    assert_edges(
        &picture.mermaid(),
        &[
            "outer(day) --> x",
            "x --> start pipeline inner",
            "start pipeline inner --> end",
            "inner(day) --> glue.startCrawler",
            "glue.startCrawler --> end",
            "x -.-> inner(day)",
            "start pipeline inner -.-> inner(day)",
        ],
    );
    let inner = graph(&program, Some("inner"));
    assert_eq!(inner.charts.len(), 1);
    assert!(!inner.mermaid().contains("subgraph"));
}

/// Names and texts that mean something to those who read pictures.
const HOSTILE: &str = "a\"b'<i>&amp;`c`\\n;#35;{d}[e]|f%%{init}end\u{7}";

fn hostile() -> Program {
    let s = Sketch::new();
    let n = s.local("n", Type::String);
    let error = s.error();
    let mut first = s.call(HOSTILE, null()).catch(
        &[HOSTILE],
        error,
        vec![s.fail(HOSTILE, Some(text(HOSTILE)))],
    );
    first.doc = Some(HOSTILE.to_owned());
    let stages = vec![
        first,
        s.when(eq(s.read(n), text(HOSTILE)), vec![], vec![s.pass(null())]),
        s.parallel(false, vec![(HOSTILE, vec![s.call("x", null())])]),
    ];
    let mut program = s.program(stages);
    program.pipelines[0].doc = Some(HOSTILE.to_owned());
    program
}

#[test]
fn a_mermaid_label_has_nothing_that_mermaid_reads() {
    let text = mermaid(&hostile());
    for line in text.lines().filter(|line| line.contains('"')) {
        assert_eq!(line.matches('"').count(), 2, "{line}");
        let label = line
            .split('"')
            .nth(1)
            .unwrap_or_default()
            .replace("<br>", "");
        let plain = |c: char| c.is_alphanumeric() || " .,:-_=()+/…?!#;".contains(c);
        assert!(label.chars().all(plain), "{line}");
    }
    assert!(text.contains("#34;b#39;#60;i#62;#38;amp#59;"));
}

#[test]
fn a_dot_string_ends_where_it_should() {
    let text = graph(&hostile(), None).dot();
    for line in text.lines() {
        let mut inside = false;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' if inside => {
                    chars.next();
                }
                '"' => inside = !inside,
                c => assert!(!c.is_control(), "{line}"),
            }
        }
        assert!(!inside, "{line}");
    }
    assert!(text.contains(r#"a\"b'<i>&amp;`c`\\n;"#));
}

#[test]
fn an_svg_shows_texts_as_they_are() {
    let svg = graph(&hostile(), None).svg();
    let document = roxmltree::Document::parse(&svg).expect("it is XML");
    let shown = HOSTILE.replace('\u{7}', "");
    let texts: Vec<&str> = document.descendants().filter_map(|n| n.text()).collect();
    assert!(texts.contains(&shown.as_str()), "{texts:?}");
}

/// Every example, by its name.
fn examples() -> Vec<(String, Program)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let mut found: Vec<(String, Program)> = std::fs::read_dir(folder)
        .expect("the folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "flow"))
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            let main = flowc::workspace::read_source(path.to_str()?).ok()?;
            let mut read = flowc::workspace::read_used;
            let compilation = flowc::driver::compile(main, &Default::default(), &mut read);
            Some((name, compilation.program?))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(found.len() > 15, "{}", found.len());
    found
}

#[test]
fn examples_read_as_flowcharts() {
    for (name, program) in examples() {
        insta::assert_snapshot!(format!("mermaid.{name}"), mermaid(&program));
    }
}

#[test]
fn an_example_reads_as_dot_and_as_svg() {
    for (name, program) in examples() {
        if name == "exclusive" || name == "order_processing" {
            let picture = graph(&program, None);
            insta::assert_snapshot!(format!("dot.{name}"), picture.dot());
            insta::assert_snapshot!(format!("svg.{name}"), picture.svg());
        }
    }
}

#[test]
fn every_node_of_every_example_is_reached_and_named_once() {
    for (name, program) in examples() {
        let text = mermaid(&program);
        let lines = || text.lines().map(str::trim_start);
        let nodes: Vec<&str> = lines()
            .filter(|line| {
                line.contains('"') && !line.contains("->") && !line.starts_with("subgraph")
            })
            .filter_map(|line| line.split(|c: char| !c.is_alphanumeric()).next())
            .collect();
        let unique: BTreeSet<&str> = nodes.iter().copied().collect();
        assert_eq!(unique.len(), nodes.len(), "{name}");
        let targets: BTreeSet<&str> = (lines().filter(|line| line.contains("->")))
            .filter_map(|line| line.split_whitespace().last())
            .collect();
        assert!(targets.is_subset(&unique), "{name}");
        let starts = unique.difference(&targets).count();
        assert!(starts <= program.pipelines.len(), "{name}: {starts}");
    }
}

/// A rectangle on the page: left, top, right, bottom.
type Area = (i32, i32, i32, i32);

#[test]
fn stages_of_a_picture_lie_on_the_page_and_not_on_each_other() {
    for (name, program) in examples()
        .into_iter()
        .chain([("hostile".to_owned(), hostile())])
    {
        let svg = graph(&program, None).svg();
        assert_eq!(svg, graph(&program, None).svg());
        let document = roxmltree::Document::parse(&svg).expect("it is XML");
        let number = |node: &roxmltree::Node, name: &str| -> i32 {
            node.attribute(name)
                .and_then(|n| n.parse().ok())
                .unwrap_or_default()
        };
        let root = document.root_element();
        let (width, height) = (number(&root, "width"), number(&root, "height"));
        let mut stages: Vec<Area> = Vec::new();
        let mut boxes: Vec<Area> = Vec::new();
        for node in document.descendants() {
            let class = node.attribute("class").unwrap_or_default();
            let (x, y) = (number(&node, "x"), number(&node, "y"));
            match node.tag_name().name() {
                "rect" => {
                    let area = (
                        x,
                        y,
                        x + number(&node, "width"),
                        y + number(&node, "height"),
                    );
                    match class {
                        "box" | "handler" | "finally" => boxes.push(area),
                        _ => stages.push(area),
                    }
                }
                "polygon" | "path" if class != "ground" => {
                    let places = node
                        .attribute("points")
                        .or(node.attribute("d"))
                        .unwrap_or_default();
                    let numbers: Vec<i32> = (places
                        .split(|c: char| !c.is_ascii_digit() && c != '-'))
                    .filter_map(|n| n.parse().ok())
                    .collect();
                    for place in numbers.chunks(2) {
                        assert!((0..=width).contains(&place[0]), "{name}: {places}");
                        assert!((0..=height).contains(&place[1]), "{name}: {places}");
                    }
                }
                "text" => {
                    let text: String = node.text().unwrap_or_default().chars().collect();
                    let long = (text.chars().count() as f64 * 7.2) as i32;
                    let left = match node.attribute("text-anchor") {
                        Some(_) => x - long / 2,
                        None => x,
                    };
                    assert!(left >= 0 && left + long <= width, "{name}: {text}");
                }
                _ => {}
            }
        }
        for (i, a) in stages.iter().enumerate() {
            for b in &stages[..i] {
                let apart = a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1;
                assert!(apart, "{name}: {a:?} and {b:?}");
            }
            // A stage is inside of a box or outside of it.
            for b in &boxes {
                let apart = a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1;
                let inside = b.0 < a.0 && a.2 < b.2 && b.1 < a.1 && a.3 < b.3;
                assert!(apart || inside, "{name}: {a:?} on the border of {b:?}");
            }
        }
    }
}
