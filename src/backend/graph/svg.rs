//! SVG, laid out by us: sequences from top to bottom, arms and branches side by side, what is inside of a stage in a box,
//! handlers beside it.
//!
//! All numbers are whole, and widths are counted in characters of a monospaced font: the same picture on every machine.

mod layout;

use std::fmt::Write;

use super::Graph;
use layout::{Anchor, Draw, Laid};

/// Around the picture, and between two pipelines.
const MARGIN: i32 = 20;

/// Colours for light and dark, in plain rules: not every viewer knows variables.
const STYLE: &str = "\
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace;fill:#1f2328}\
.title{font-weight:600}.soft{fill:#59636e}\
.ground{fill:#ffffff;stroke:#d1d9e0}\
.call{fill:#ddf4ff;stroke:#54aeff}\
.pipeline{fill:#fbefff;stroke:#c297ff}\
.plain{fill:#f6f8fa;stroke:#afb8c1}\
.choice{fill:#fff8c5;stroke:#d4a72c}\
.fail{fill:#ffebe9;stroke:#ff8182}\
.end{fill:#59636e;stroke:#59636e}\
.start{fill:#dafbe1;stroke:#4ac26b}\
.box{fill:#818b98;fill-opacity:.07;stroke:#afb8c1}\
.handler{fill:#fb8f44;fill-opacity:.07;stroke:#fb8f44;stroke-dasharray:5 3}\
.finally{fill:#c297ff;fill-opacity:.07;stroke:#c297ff}\
.line{fill:none;stroke:#59636e;stroke-width:1.4}\
.error{fill:none;stroke:#bc4c00;stroke-width:1.4;stroke-dasharray:5 3}\
.head{fill:#59636e}.errorhead{fill:#bc4c00}\
@media(prefers-color-scheme:dark){\
text{fill:#f0f6fc}.soft{fill:#9198a1}\
.ground{fill:#0d1117;stroke:#3d444d}\
.call{fill:#0c2d6b;stroke:#388bfd}\
.pipeline{fill:#3c1e70;stroke:#a371f7}\
.plain{fill:#212830;stroke:#656c76}\
.choice{fill:#4b2900;stroke:#9e6a03}\
.fail{fill:#67060c;stroke:#f85149}\
.end{fill:#9198a1;stroke:#9198a1}\
.start{fill:#033a16;stroke:#2ea043}\
.box{fill:#9198a1;stroke:#656c76}\
.handler{fill:#db6d28;stroke:#db6d28}\
.finally{fill:#a371f7;stroke:#a371f7}\
.line{stroke:#9198a1}.error{stroke:#f0883e}\
.head{fill:#9198a1}.errorhead{fill:#f0883e}}";

pub(super) fn write(graph: &Graph) -> String {
    let laid: Vec<Laid> = graph.charts.iter().map(layout::chart).collect();
    let width = laid.iter().map(|l| l.width).max().unwrap_or(0) + 2 * MARGIN;
    let height = laid.iter().map(|l| l.height + MARGIN).sum::<i32>() + MARGIN;
    let names: Vec<&str> = graph.charts.iter().map(|c| c.name.as_str()).collect();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{}</title>\n",
        escape(&names.join(", "))
    );
    let docs: Vec<&str> = graph
        .charts
        .iter()
        .filter_map(|c| c.doc.as_deref())
        .collect();
    if !docs.is_empty() {
        let _ = writeln!(out, "<desc>{}</desc>", escape(&docs.join("\n")));
    }
    let _ = writeln!(out, "<style>{STYLE}</style>");
    let (right, bottom) = (width - 1, height - 1);
    let _ = writeln!(
        out,
        "<path class=\"ground\" d=\"M.5 .5H{right}.5V{bottom}.5H.5z\"/>"
    );
    let mut top = MARGIN;
    for laid in &laid {
        let left = (width - laid.width) / 2;
        for draw in &laid.draws {
            write_draw(draw, left, top, &mut out);
        }
        top += laid.height + MARGIN;
    }
    out.push_str("</svg>\n");
    out
}

fn write_draw(draw: &Draw, left: i32, top: i32, out: &mut String) {
    let (x0, y0) = (left, top);
    let _ = match draw {
        Draw::Rect {
            class,
            x,
            y,
            width,
            height,
            round,
            doc,
        } => {
            let shape = format!(
                "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"",
                x + x0,
                y + y0
            );
            match doc {
                Some(doc) => {
                    writeln!(out, "{shape}><title>{}</title></rect>", escape(doc))
                }
                None => writeln!(out, "{shape}/>"),
            }
        }
        Draw::Polygon { class, points } => {
            let points: Vec<String> = (points.iter())
                .map(|(x, y)| format!("{},{}", x + x0, y + y0))
                .collect();
            writeln!(
                out,
                "<polygon class=\"{class}\" points=\"{}\"/>",
                points.join(" ")
            )
        }
        Draw::Text {
            class,
            x,
            y,
            anchor,
            text,
        } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
            };
            writeln!(
                out,
                "<text class=\"{class}\" x=\"{}\" y=\"{}\"{anchor}>{}</text>",
                x + x0,
                y + y0,
                escape(text)
            )
        }
        Draw::Line {
            class,
            points,
            arrow,
        } => {
            let mut path = String::new();
            for (i, (x, y)) in points.iter().enumerate() {
                let step = if i == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{step}{} {}", x + x0, y + y0);
            }
            let mut line = format!("<path class=\"{class}\" d=\"{path}\"/>");
            if *arrow && let [.., before, last] = points.as_slice() {
                let head = head(*before, *last)
                    .map(|(x, y)| format!("{},{}", x + x0, y + y0))
                    .join(" ");
                let class = if *class == "error" {
                    "errorhead"
                } else {
                    "head"
                };
                let _ = write!(line, "<polygon class=\"{class}\" points=\"{head}\"/>");
            }
            writeln!(out, "{line}")
        }
    };
}

/// The three corners of an arrow's head, whose tip is the last point.
fn head(before: (i32, i32), tip: (i32, i32)) -> [(i32, i32); 3] {
    let (dx, dy) = ((tip.0 - before.0).signum(), (tip.1 - before.1).signum());
    let back = (tip.0 - 7 * dx, tip.1 - 7 * dy);
    [
        tip,
        (back.0 - 4 * dy, back.1 - 4 * dx),
        (back.0 + 4 * dy, back.1 + 4 * dx),
    ]
}

/// For element content and attributes; what XML cannot hold is left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}
