//! Where everything stands. A part knows its size and its axis, on which it is entered above and left below.

use super::super::{Arm, Chart, Handler, Kind, Loop, Node, go_on};

/// A character of the font; a little more than its 7.2.
const CHARACTER: f64 = 7.3;
const LINE: i32 = 16;
/// Inside of a box, beside and above its text.
const PAD: i32 = 12;
/// Between two stages: an arrow's length.
const GAP: i32 = 24;
/// Between things side by side.
const ASIDE: i32 = 28;

/// Something that is drawn, from its part's left upper corner.
#[derive(Debug)]
pub(super) enum Draw {
    Rect {
        class: &'static str,
        x: i32,
        y: i32,
        width: i32,
        height: i32,
        round: i32,
        doc: Option<String>,
    },
    Polygon {
        class: &'static str,
        points: Vec<(i32, i32)>,
    },
    Text {
        class: &'static str,
        x: i32,
        y: i32,
        anchor: Anchor,
        text: String,
    },
    Line {
        class: &'static str,
        points: Vec<(i32, i32)>,
        arrow: bool,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
}

#[derive(Debug)]
pub(super) struct Laid {
    pub width: i32,
    pub height: i32,
    axis: i32,
    /// Whether its axis is left below.
    goes_on: bool,
    /// Whether it draws the arrow itself by which it is entered.
    enters_itself: bool,
    pub draws: Vec<Draw>,
}

impl Laid {
    fn empty() -> Self {
        Self {
            width: 0,
            height: 0,
            axis: 0,
            goes_on: true,
            enters_itself: false,
            draws: Vec::new(),
        }
    }

    /// Takes another part in, moved.
    fn take(&mut self, part: Laid, x: i32, y: i32) {
        self.draws
            .extend(part.draws.into_iter().map(|draw| moved(draw, x, y)));
    }

    fn line(&mut self, class: &'static str, points: Vec<(i32, i32)>, arrow: bool) {
        self.draws.push(Draw::Line {
            class,
            points,
            arrow,
        });
    }

    fn text(&mut self, class: &'static str, x: i32, y: i32, text: &str) {
        self.draws.push(Draw::Text {
            class,
            x,
            y,
            anchor: Anchor::Start,
            text: text.to_owned(),
        });
    }
}

fn moved(mut draw: Draw, by_x: i32, by_y: i32) -> Draw {
    match &mut draw {
        Draw::Rect { x, y, .. } | Draw::Text { x, y, .. } => {
            *x += by_x;
            *y += by_y;
        }
        Draw::Polygon { points, .. } | Draw::Line { points, .. } => {
            for (x, y) in points {
                *x += by_x;
                *y += by_y;
            }
        }
    }
    draw
}

/// The width of a text: those of East Asia are twice as wide.
fn width(text: &str) -> i32 {
    let characters: u32 = (text.chars())
        .map(|c| if u32::from(c) >= 0x1100 { 2 } else { 1 })
        .sum();
    (f64::from(characters) * CHARACTER).ceil() as i32
}

fn widest<'a>(lines: impl IntoIterator<Item = &'a String>) -> i32 {
    lines.into_iter().map(|line| width(line)).max().unwrap_or(0)
}

pub(super) fn chart(chart: &Chart) -> Laid {
    let start = leaf("start", 14, &chart.start(), chart.doc.clone());
    let mut parts = vec![start];
    parts.extend(chart.stages.iter().map(stage));
    let ends = go_on(&chart.stages) || chart.stages.iter().any(|n| n.jumps_to(chart.label));
    let last_goes_on = parts.last().is_none_or(|part| part.goes_on);
    let mut laid = stack(parts);
    if ends && last_goes_on {
        let (x, y) = (laid.axis, laid.height);
        laid.line("line", vec![(x, y), (x, y + GAP)], true);
        laid.draws.push(Draw::Rect {
            class: "end",
            x: x - 7,
            y: y + GAP,
            width: 14,
            height: 14,
            round: 7,
            doc: Some("end".to_owned()),
        });
        laid.height = y + GAP + 14;
    }
    laid
}

/// Parts one below the other on one axis, with arrows between them.
fn stack(parts: Vec<Laid>) -> Laid {
    let axis = parts.iter().map(|part| part.axis).max().unwrap_or(0);
    let right = (parts.iter().map(|part| part.width - part.axis).max()).unwrap_or(0);
    let mut laid = Laid {
        width: axis + right,
        axis,
        ..Laid::empty()
    };
    let mut entered = false;
    for part in parts {
        if entered && laid.goes_on {
            let y = laid.height;
            laid.line("line", vec![(axis, y), (axis, y + GAP)], true);
        }
        if entered {
            laid.height += GAP;
        }
        entered = true;
        laid.goes_on = part.goes_on;
        let (x, y) = (axis - part.axis, laid.height);
        laid.height += part.height;
        laid.take(part, x, y);
    }
    laid
}

fn sequence(stages: &[Node]) -> Laid {
    stack(stages.iter().map(stage).collect())
}

fn stage(node: &Node) -> Laid {
    let mut itself = kind(node);
    if !node.handlers.is_empty() {
        itself = beside(itself, &node.handlers);
    }
    match &node.finally {
        Some(finally) => {
            let inner = sequence(finally);
            let lines = ["finally".to_owned(), "however it ended".to_owned()];
            let below = enclose("finally", &lines, None, inner);
            stack(vec![itself, below])
        }
        None => itself,
    }
}

fn kind(node: &Node) -> Laid {
    let mut lines = vec![node.title.clone()];
    lines.extend(node.lines.iter().cloned());
    let doc = || node.doc.clone();
    match &node.kind {
        Kind::Call => leaf("call", 6, &lines, doc()),
        Kind::Pipeline(_) => leaf("pipeline", 6, &lines, doc()),
        Kind::Pass => leaf("plain", 6, &lines, doc()),
        Kind::Wait => leaf("plain", 12, &lines, doc()),
        Kind::Fail => Laid {
            goes_on: false,
            ..leaf("fail", 6, &lines, doc())
        },
        Kind::Return(_) | Kind::Break(_) | Kind::Continue(_) => Laid {
            goes_on: false,
            ..leaf("plain", 12, &lines, doc())
        },
        Kind::Choice(arms) => choice(&lines, arms),
        Kind::Fork(branches) => enclose("box", &lines, doc(), fork(branches)),
        Kind::Group { stages, .. } => {
            let inner = sequence(stages);
            let goes_on = node.kind.goes_on();
            Laid {
                goes_on,
                ..enclose("box", &lines, doc(), inner)
            }
        }
        Kind::Loop(looped) => {
            let goes_on = node.kind.goes_on();
            Laid {
                goes_on,
                ..enclose("box", &lines, doc(), again(looped))
            }
        }
    }
}

/// Lines of text in a rounded rectangle; the first is the title.
fn leaf(class: &'static str, round: i32, lines: &[String], doc: Option<String>) -> Laid {
    let inner = widest(lines).max(60);
    // Even, so that the axis is whole.
    let width = (inner + 2 * PAD + 1) / 2 * 2;
    let height = lines.len() as i32 * LINE + 12;
    let mut laid = Laid {
        width,
        height,
        axis: width / 2,
        ..Laid::empty()
    };
    laid.draws.push(Draw::Rect {
        class,
        x: 0,
        y: 0,
        width,
        height,
        round,
        doc,
    });
    for (i, line) in lines.iter().enumerate() {
        laid.draws.push(Draw::Text {
            class: if i == 0 { "title" } else { "soft" },
            x: width / 2,
            y: 6 + i as i32 * LINE + 12,
            anchor: Anchor::Middle,
            text: line.clone(),
        });
    }
    laid
}

/// A box with its lines on top and a part inside.
fn enclose(class: &'static str, lines: &[String], doc: Option<String>, inner: Laid) -> Laid {
    let header = lines.len() as i32 * LINE + 8;
    let content = inner.width.max(widest(lines));
    let outer = content + 2 * PAD;
    let x = PAD + (content - inner.width) / 2;
    let axis = x + inner.axis;
    let (top, bottom) = (header + 16, header + 16 + inner.height);
    let height = bottom + PAD;
    let goes_on = inner.goes_on;
    let pointed = inner.height > 0 && !inner.enters_itself;
    let mut laid = Laid {
        width: outer,
        height,
        axis,
        goes_on,
        enters_itself: false,
        draws: vec![Draw::Rect {
            class,
            x: 0,
            y: 0,
            width: outer,
            height,
            round: 8,
            doc,
        }],
    };
    for (i, line) in lines.iter().enumerate() {
        let class = if i == 0 { "title" } else { "soft" };
        laid.text(class, PAD, i as i32 * LINE + 17, line);
    }
    laid.line("line", vec![(axis, header), (axis, top)], pointed);
    if goes_on {
        laid.line("line", vec![(axis, bottom), (axis, height)], false);
    }
    laid.take(inner, x, top);
    laid
}

/// A condition, and arms side by side below it.
fn choice(lines: &[String], arms: &[Arm]) -> Laid {
    let asked = widest(lines) + 2 * PAD;
    let half = (asked.max(72) + 1) / 2;
    let tall = lines.len() as i32 * LINE + 14;
    let slant = 12;
    let columns: Vec<Laid> = arms.iter().map(column).collect();
    let total: i32 =
        columns.iter().map(|c| c.width).sum::<i32>() + ASIDE * (columns.len() as i32 - 1).max(0);
    let (first, last) = match (columns.first(), columns.last()) {
        (Some(first), Some(last)) => (first.axis, total - last.width + last.axis),
        _ => (0, 0),
    };
    // The axis stands in the middle of the arms' own.
    let middle = (first + last) / 2;
    let axis = middle.max(half + slant);
    let shift = axis - middle;
    let outer = (shift + total).max(axis + half + slant);
    let top = tall + 34;
    let deepest = columns.iter().map(|c| c.height).max().unwrap_or(0);
    let joined = top + deepest + 14;
    let mut laid = Laid {
        width: outer,
        height: joined + 2,
        axis,
        goes_on: columns.iter().any(|c| c.goes_on),
        enters_itself: false,
        draws: vec![Draw::Polygon {
            class: "choice",
            points: vec![
                (axis - half, 0),
                (axis + half, 0),
                (axis + half + slant, tall / 2),
                (axis + half, tall),
                (axis - half, tall),
                (axis - half - slant, tall / 2),
            ],
        }],
    };
    for (i, line) in lines.iter().enumerate() {
        laid.draws.push(Draw::Text {
            class: "title",
            x: axis,
            y: 7 + i as i32 * LINE + 12,
            anchor: Anchor::Middle,
            text: line.clone(),
        });
    }
    let mut x = shift;
    for (column, arm) in columns.into_iter().zip(arms) {
        let at = x + column.axis;
        let is_empty = column.height == 0;
        let turn = tall + 12;
        laid.line(
            "line",
            vec![(axis, tall), (axis, turn), (at, turn), (at, top)],
            !is_empty,
        );
        laid.text("soft", at + 6, top - 8, &arm.words);
        if column.goes_on {
            let bottom = top + column.height;
            laid.line(
                "line",
                vec![(at, bottom), (at, joined), (axis, joined)],
                false,
            );
        }
        let next = x + column.width + ASIDE;
        laid.take(column, x, top);
        x = next;
    }
    if laid.goes_on {
        laid.line("line", vec![(axis, joined), (axis, joined + 2)], false);
    }
    laid
}

/// An arm below its words, which stand to the right of its axis.
fn column(arm: &Arm) -> Laid {
    let mut laid = sequence(&arm.stages);
    let words = width(&arm.words) + 12;
    laid.width = laid.width.max(laid.axis + words);
    laid
}

/// Branches side by side, all entered at once.
fn fork(branches: &[Arm]) -> Laid {
    let boxes: Vec<Laid> = branches
        .iter()
        .map(|branch| {
            let goes_on = true;
            let lines = [branch.words.clone()];
            Laid {
                goes_on,
                ..enclose("box", &lines, None, sequence(&branch.stages))
            }
        })
        .collect();
    let total: i32 =
        boxes.iter().map(|b| b.width).sum::<i32>() + ASIDE / 2 * (boxes.len() as i32 - 1).max(0);
    let deepest = boxes.iter().map(|b| b.height).max().unwrap_or(0);
    let axis = total / 2;
    let (top, joined) = (22, 22 + deepest + 12);
    let mut laid = Laid {
        width: total,
        height: joined,
        axis,
        enters_itself: true,
        ..Laid::empty()
    };
    let mut x = 0;
    for part in boxes {
        let at = x + part.axis;
        let bottom = top + part.height;
        laid.line("line", vec![(axis, 0), (axis, 8), (at, 8), (at, top)], true);
        laid.line(
            "line",
            vec![(at, bottom), (at, joined), (axis, joined)],
            false,
        );
        let next = x + part.width + ASIDE / 2;
        laid.take(part, x, top);
        x = next;
    }
    laid
}

/// The rounds of a loop, with the way back on the right.
fn again(looped: &Loop) -> Laid {
    let inner = sequence(&looped.stages);
    let (top, bottom) = (20, 20 + inner.height);
    let (axis, way) = (inner.axis, inner.width + 16);
    let conditional = looped.before.is_some() || looped.until.is_some();
    let goes_round = inner.goes_on;
    let mut laid = Laid {
        width: way + 6,
        height: bottom + 12,
        axis,
        goes_on: conditional,
        enters_itself: true,
        draws: Vec::new(),
    };
    laid.line("line", vec![(axis, 0), (axis, top)], true);
    if goes_round {
        let end = if conditional { bottom + 12 } else { bottom + 6 };
        laid.line("line", vec![(axis, bottom), (axis, end)], false);
        laid.line(
            "line",
            vec![(axis, bottom + 6), (way, bottom + 6), (way, 3), (axis, 3)],
            true,
        );
    }
    laid.take(inner, 0, top);
    laid
}

/// A part with its handlers to the right, and the way back from those that go on.
fn beside(itself: Laid, handlers: &[Handler]) -> Laid {
    let left = itself.width + ASIDE + 16;
    let trunk = itself.width + ASIDE / 2;
    // As high as the first handler's title.
    let out = 14;
    let axis = itself.axis;
    let goes_on = itself.goes_on;
    let (own_width, own_height) = (itself.width, itself.height);
    let mut laid = Laid {
        axis,
        ..Laid::empty()
    };
    laid.take(itself, 0, 0);
    let mut y = 0;
    let mut right = left;
    let mut returns = Vec::new();
    for (i, handler) in handlers.iter().enumerate() {
        let lines = [format!("catch {}", handler.errors)];
        let part = match handler.stages.as_slice() {
            [] => leaf("handler", 8, &lines, None),
            stages => enclose("handler", &lines, None, sequence(stages)),
        };
        let enters = y + 14;
        let points = if enters == out {
            vec![(own_width, out), (left, out)]
        } else {
            vec![
                (own_width, out),
                (trunk, out),
                (trunk, enters),
                (left, enters),
            ]
        };
        laid.line("error", points, true);
        right = right.max(left + part.width);
        if part.goes_on {
            let is_last = i + 1 == handlers.len();
            returns.push((left + part.axis, y + part.height, is_last));
        }
        let next = y + part.height + ASIDE / 2;
        laid.take(part, left, y);
        y = next;
    }
    let bottom = own_height.max(y - ASIDE / 2);
    let joined = bottom + 14;
    laid.width = right;
    laid.height = bottom;
    laid.goes_on = goes_on || !returns.is_empty();
    if !returns.is_empty() {
        laid.height = joined + 4;
        let below = right + 12;
        for (x, y, is_last) in returns {
            // The way back from an upper handler goes around the lower ones.
            let points = if is_last {
                vec![(x, y), (x, joined), (axis, joined)]
            } else {
                laid.width = below + 4;
                vec![
                    (x, y),
                    (x, y + 7),
                    (below, y + 7),
                    (below, joined),
                    (axis, joined),
                ]
            };
            laid.line("error", points, true);
        }
    }
    if goes_on {
        laid.line("line", vec![(axis, own_height), (axis, laid.height)], false);
    } else if laid.goes_on {
        laid.line("line", vec![(axis, joined), (axis, laid.height)], false);
    }
    laid
}
