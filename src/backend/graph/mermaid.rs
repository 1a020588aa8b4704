//! Mermaid's flowcharts. <https://mermaid.js.org/syntax/flowchart.html>

use std::collections::BTreeMap;
use std::fmt::Write;

use super::flat::{Flat, Part, Shape, flatten};
use super::{Graph, Mark};

pub(super) fn write(graph: &Graph, marks: &BTreeMap<String, Mark>) -> String {
    let flat = flatten(graph);
    let mut out = String::from("flowchart TB\n");
    for part in &flat.roots {
        write_part(&flat, *part, 1, &mut out);
    }
    for edge in &flat.edges {
        let arrow = if edge.dashed { "-.->" } else { "-->" };
        let words = if edge.words.is_empty() {
            String::new()
        } else {
            format!("|\"{}\"|", escape(&edge.words))
        };
        let _ = writeln!(out, "  {} {arrow}{words} n{}", name(edge.from), edge.to);
    }
    // Both are seen on light and on dark ground.
    for (class, shape, style) in [
        ("fails", Shape::Fail, "stroke:#d1242f,stroke-width:2px"),
        ("calls", Shape::Call, "stroke:#218bff,stroke-width:2px"),
    ] {
        let members: Vec<String> = (flat.nodes.iter().enumerate())
            .filter(|(_, node)| node.shape == shape)
            .map(|(id, _)| format!("n{id}"))
            .collect();
        if !members.is_empty() {
            let _ = writeln!(out, "  classDef {class} {style}");
            let _ = writeln!(out, "  class {} {class}", members.join(","));
        }
    }
    let staged = |stage: &String, mark| marks.get(stage) == Some(&mark);
    for (class, mark, style) in [
        ("added", Mark::Added, "stroke:#1a7f37,stroke-width:4px"),
        (
            "changed",
            Mark::Changed,
            "stroke:#bf8700,stroke-width:4px,stroke-dasharray:6 3",
        ),
    ] {
        let nodes = (flat.nodes.iter().enumerate())
            .filter(|(_, node)| staged(&node.stage, mark))
            .map(|(id, _)| format!("n{id}"));
        let boxes = (flat.boxes.iter().enumerate())
            .filter(|(_, inner)| staged(&inner.stage, mark))
            .map(|(id, _)| format!("b{id}"));
        let members: Vec<String> = nodes.chain(boxes).collect();
        if !members.is_empty() {
            let _ = writeln!(out, "  classDef {class} {style}");
            let _ = writeln!(out, "  class {} {class}", members.join(","));
        }
    }
    out
}

fn name(part: Part) -> String {
    match part {
        Part::Node(id) => format!("n{id}"),
        Part::Box(id) => format!("b{id}"),
    }
}

fn write_part(flat: &Flat, part: Part, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match part {
        Part::Node(id) => {
            let node = &flat.nodes[id];
            let (open, close) = match node.shape {
                Shape::Terminal | Shape::Jump => ("([", "])"),
                Shape::Call => ("[", "]"),
                Shape::Pipeline => ("[[", "]]"),
                Shape::Pass => ("(", ")"),
                Shape::Wait => ("{{", "}}"),
                Shape::Choice => ("{", "}"),
                Shape::Fork => ("((", "))"),
                Shape::Fail => (">", "]"),
            };
            let text = lines(&node.lines);
            let _ = writeln!(out, "{indent}n{id}{open}\"{text}\"{close}");
        }
        Part::Box(id) => {
            let inner = &flat.boxes[id];
            let _ = writeln!(out, "{indent}subgraph b{id}[\"{}\"]", lines(&inner.lines));
            for part in &inner.parts {
                write_part(flat, *part, depth + 1, out);
            }
            let _ = writeln!(out, "{indent}end");
        }
    }
}

fn lines(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
    lines.join("<br>")
}

/// What is neither letter, digit nor harmless goes by its number: Mermaid reads quotes, Markdown, HTML and directives.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || " .,:-_=()+/…?!".contains(c) {
            out.push(c);
        } else if !c.is_control() {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}
