//! Graphviz's language. <https://graphviz.org/doc/info/lang.html>

use std::fmt::Write;

use super::Graph;
use super::flat::{Flat, Part, Shape, flatten};

pub(super) fn write(graph: &Graph) -> String {
    let flat = flatten(graph);
    let mut out = String::from(
        "digraph {
  compound=true
  rankdir=TB
  fontname=\"Helvetica\"
  fontsize=11
  node [shape=box, style=\"rounded\", fontname=\"Helvetica\", fontsize=11]
  edge [fontname=\"Helvetica\", fontsize=10]
",
    );
    for part in &flat.roots {
        write_part(&flat, *part, 1, &mut out);
    }
    for edge in &flat.edges {
        let mut attributes = Vec::new();
        if !edge.words.is_empty() {
            attributes.push(format!(
                "label={}",
                quote(std::slice::from_ref(&edge.words), "\\n")
            ));
        }
        if edge.dashed {
            attributes.push("style=dashed".to_owned());
        }
        let from = match edge.from {
            Part::Node(id) => id,
            // An edge of a box begins at a node inside and is cut at the border.
            Part::Box(id) => {
                attributes.push(format!("ltail=cluster_{id}"));
                flat.boxes[id].first
            }
        };
        let attributes = if attributes.is_empty() {
            String::new()
        } else {
            format!(" [{}]", attributes.join(", "))
        };
        let _ = writeln!(out, "  n{from} -> n{}{attributes}", edge.to);
    }
    out.push_str("}\n");
    out
}

fn write_part(flat: &Flat, part: Part, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match part {
        Part::Node(id) => {
            let node = &flat.nodes[id];
            let shape = match node.shape {
                Shape::Call => "",
                Shape::Terminal | Shape::Jump => ", shape=oval, style=\"\"",
                Shape::Pipeline => ", peripheries=2",
                Shape::Pass => ", style=\"rounded,dotted\"",
                Shape::Wait => ", shape=hexagon, style=\"\"",
                Shape::Choice => ", shape=diamond, style=\"\"",
                Shape::Fork => ", shape=circle, style=\"\"",
                Shape::Fail => ", color=\"#d1242f\", penwidth=2",
            };
            let label = quote(&node.lines, "\\n");
            let _ = writeln!(out, "{indent}n{id} [label={label}{shape}]");
        }
        Part::Box(id) => {
            let inner = &flat.boxes[id];
            let _ = writeln!(out, "{indent}subgraph cluster_{id} {{");
            let label = quote(&inner.lines, "\\l");
            let _ = writeln!(out, "{indent}  label={label}");
            let _ = writeln!(out, "{indent}  labeljust=l\n{indent}  color=gray");
            for part in &inner.parts {
                write_part(flat, *part, depth + 1, out);
            }
            let _ = writeln!(out, "{indent}}}");
        }
    }
}

/// A quoted string of lines, each ended as the place wants it.
fn quote(lines: &[String], end: &str) -> String {
    let mut out = String::from("\"");
    for (i, line) in lines.iter().enumerate() {
        if i > 0 && end == "\\n" {
            out.push_str(end);
        }
        for c in line.chars() {
            match c {
                '"' | '\\' => {
                    out.push('\\');
                    out.push(c);
                }
                c if c.is_control() => {}
                c => out.push(c),
            }
        }
        if end == "\\l" {
            out.push_str(end);
        }
    }
    out.push('"');
    out
}
