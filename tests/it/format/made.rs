//! Makes programs of any bytes, as tokens: what a shrinking of the bytes simplifies. They need mean nothing.

mod expr;
mod flow;

/// Bytes to decide by; zero once they are used up, which decides for what is simplest.
pub struct Maker<'b> {
    bytes: std::slice::Iter<'b, u8>,
    tokens: Vec<String>,
    depth: usize,
}

/// The tokens of a program. One that begins with a mark of [`GLUED`] stands directly after the one before.
pub fn program(bytes: &[u8]) -> Vec<String> {
    let mut maker = Maker {
        bytes: bytes.iter(),
        tokens: Vec::new(),
        depth: 0,
    };
    maker.file();
    maker.tokens
}

/// Levels of what can nest; expressions take several, so that bytes are left for what stands around them.
const DEEPEST: usize = 7;

/// Before a token that nothing may separate from the one before.
pub const GLUED: char = '\u{0}';

const NAMES: [&str; 12] = [
    "a",
    "orders",
    "max",
    "every",
    "r",
    "re",
    "x1",
    "_",
    "body",
    "timeout_",
    "jsonata",
    "reads_all",
];

const MEMBERS: [&str; 8] = ["b", "step", "if", "Key", "null", "on", "x", "e5"];

const STRINGS: [&str; 16] = [
    r#""""#,
    r#""text""#,
    r#""a \"quoted\" \u00e9 \\""#,
    r#""{a}""#,
    r#""x{ b.c[0] ?? "in{n}ner" }y""#,
    r#""{{not}} a hole""#,
    r#""https://example.com/a/*b*/""#,
    r#"r"raw { \d ""#,
    r#"re"^a+//$""#,
    "\"\"\"\n    many\n      {lines}\n\n    \"\"\"",
    "\"\"\"one \"line\" of three\"\"\"",
    r#""{ a /* in a hole */ }""#,
    "\"{ a // to the end\n }\"",
    r#""→ ü 漢""#,
    "jsonata`$a + /* his */ 1`",
    "jsonata`(\n  $b\n)`",
];

const TEXTS: [&str; 4] = [
    r#""a""#,
    r#""A name, with words""#,
    r#""{{}}""#,
    "\"\"\"x\"\"\"",
];

const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "42",
    "3.25",
    "1e9",
    "2E-3",
    "30s",
    "1h30m",
    "5d",
    "256KB",
    "1MB",
    "100000000000000",
];

const ERRORS: [&str; 6] = [
    "all",
    "States.Timeout",
    "S3.NoSuchKey",
    "States.Http.StatusCode.429",
    "\"My Error\"",
    "Order_1.Refused",
];

impl Maker<'_> {
    /// A number below `count`; zero when no bytes are left.
    fn choose(&mut self, count: usize) -> usize {
        self.bytes.next().map_or(0, |byte| *byte as usize % count)
    }

    fn maybe(&mut self) -> bool {
        self.choose(2) == 1
    }

    fn pick(&mut self, from: &[&str]) {
        let index = self.choose(from.len());
        self.put(from[index]);
    }

    /// Tokens, parted by blanks.
    fn put(&mut self, tokens: &str) {
        if tokens.contains(['"', '`']) {
            self.tokens.push(tokens.to_owned());
        } else {
            self.tokens.extend(tokens.split(' ').map(str::to_owned));
        }
    }

    fn name(&mut self) {
        self.pick(&NAMES);
    }

    fn text(&mut self) {
        self.pick(&TEXTS);
    }

    /// One more than bytes decide for, separated by commas, and one behind the last where that is allowed.
    fn list(&mut self, most: usize, last_comma: bool, mut element: impl FnMut(&mut Self)) {
        let count = self.choose(most) + 1;
        for index in 0..count {
            if index > 0 {
                self.put(",");
            }
            element(self);
        }
        if last_comma && self.maybe() {
            self.put(",");
        }
    }

    /// As `list`, or nothing.
    fn list_or_none(&mut self, most: usize, element: impl FnMut(&mut Self)) {
        if self.maybe() {
            self.list(most, true, element);
        }
    }

    fn repeat(&mut self, most: usize, mut part: impl FnMut(&mut Self)) {
        for _ in 0..self.choose(most + 1) {
            part(self);
        }
    }

    /// Goes one level down, or to what is simplest when that is too deep.
    fn nest(&mut self, deep: impl FnOnce(&mut Self), flat: impl FnOnce(&mut Self)) {
        self.nest_by(1, deep, flat);
    }

    fn nest_by(
        &mut self,
        levels: usize,
        deep: impl FnOnce(&mut Self),
        flat: impl FnOnce(&mut Self),
    ) {
        if self.depth + levels > DEEPEST {
            return flat(self);
        }
        self.depth += levels;
        deep(self);
        self.depth -= levels;
    }

    // Items. Those that may end in an optional word stand last, before items with a reserved one.

    fn file(&mut self) {
        self.repeat(2, Self::plain_item);
        self.repeat(4, |m| match m.choose(4) {
            0 => m.pipeline(),
            1 => m.step(),
            2 => m.test(),
            _ => {
                m.put("use");
                m.text();
            }
        });
    }

    fn plain_item(&mut self) {
        match self.choose(7) {
            0 => self.binding(),
            1 => {
                self.put("param");
                self.name();
                self.put(":");
                self.ty();
                self.default();
            }
            2 => {
                self.put("fn");
                self.name();
                self.parameters();
                self.put("=");
                self.expr();
            }
            3 => {
                self.put("type");
                self.name();
                self.put("=");
                self.ty();
            }
            4 => {
                self.put("retry");
                self.name();
                self.put("=");
                self.retry_part();
                self.repeat(4, Self::retry_part);
            }
            5 => {
                self.put("resource");
                self.name();
                self.put(": AWS::S3::Bucket");
                self.default();
                if self.maybe() {
                    self.properties();
                }
            }
            _ => {
                self.pick(&["bucket", "function", "glue_table"]);
                self.name();
                self.default();
                if self.maybe() {
                    self.properties();
                }
                if self.maybe() {
                    self.put("returns");
                    self.ty();
                }
            }
        }
    }

    fn binding(&mut self) {
        self.put("let");
        self.name();
        self.put("=");
        self.expr();
    }

    fn default(&mut self) {
        if self.maybe() {
            self.put("=");
            self.expr();
        }
    }

    fn parameters(&mut self) {
        self.put("(");
        self.list_or_none(3, |m| {
            m.name();
            m.put(":");
            m.ty();
            m.default();
        });
        self.put(")");
    }

    fn properties(&mut self) {
        self.put("{");
        self.repeat(4, |m| {
            let comma = match m.choose(5) {
                0 | 1 => {
                    m.pick(&["Name", "\"A-b\"", "logs", "reads"]);
                    m.put(":");
                    m.expr();
                    m.maybe()
                }
                2 => {
                    m.access();
                    false
                }
                3 => {
                    m.put("catalog");
                    m.list(3, false, Self::name);
                    false
                }
                _ => {
                    m.put("logs");
                    m.maybe()
                }
            };
            if comma {
                m.put(",");
            }
        });
        self.put("}");
    }

    fn access(&mut self) {
        self.pick(&["reads", "writes"]);
        self.list(3, false, |m| {
            m.name();
            if m.maybe() {
                m.put("/");
                m.pick(&["\"a/*\"", "\"{x}/b\"", "\"\""]);
            }
        });
    }

    fn step(&mut self) {
        self.put("step");
        self.name();
        if self.maybe() {
            self.parameters();
            self.block();
        } else {
            self.put("=");
            self.stage();
        }
    }

    fn pipeline(&mut self) {
        self.put("pipeline");
        self.name();
        self.parameters();
        self.put("{");
        self.repeat(4, Self::setting);
        self.repeat(4, |m| {
            if m.maybe() {
                m.step();
            } else {
                m.binding();
            }
        });
        if self.maybe() {
            self.put("flow");
            self.stages();
        }
        self.put("}");
    }

    fn setting(&mut self) {
        match self.choose(14) {
            0 => self.put("trace"),
            1 => self.put("mode express"),
            2 => {
                self.put("on");
                self.pick(&["schedule", "s3"]);
                self.arguments();
                if self.maybe() {
                    self.put("with");
                    self.expr();
                }
            }
            3 => {
                self.put("timeout");
                self.expr();
            }
            4 => {
                self.put("defaults {");
                self.repeat(3, Self::modifier);
                self.put("}");
            }
            5 => {
                self.put("log errors");
                let keep_first = self.maybe();
                if keep_first && self.maybe() {
                    self.put(", keep 30d");
                }
                if self.maybe() {
                    self.put(", payload");
                }
                if !keep_first && self.maybe() {
                    self.put(", keep");
                    self.expr();
                }
            }
            6 => {
                self.put("encrypt");
                self.expr();
            }
            7 => {
                self.put("tags {");
                self.list_or_none(3, Self::entry);
                self.put("}");
            }
            8 => {
                self.put("alarm");
                self.list(3, false, |m| {
                    m.pick(&["failed", "duration"]);
                    if m.maybe() {
                        m.put(">");
                        m.expr();
                    }
                });
                if self.maybe() {
                    self.put("notify");
                    self.list(2, false, Self::name);
                }
            }
            9 => self.put("dashboard"),
            10 => self.put("role per_step"),
            11 => self.put("role deployer"),
            12 => {
                self.put("release live");
                match self.choose(3) {
                    0 => {}
                    1 => {
                        self.put("linear");
                        self.expr();
                        self.put("% every");
                        self.expr();
                    }
                    _ => {
                        self.put("canary");
                        self.expr();
                        self.put("% for");
                        self.expr();
                    }
                }
            }
            _ => self.allow(),
        }
    }

    fn allow(&mut self) {
        self.put("allow ( unbounded-poll");
        if self.maybe() {
            self.put(",");
            self.text();
        }
        if self.maybe() {
            self.put(",");
        }
        self.put(")");
    }

    // Tests

    fn test(&mut self) {
        self.put("test");
        self.text();
        self.put("of");
        self.name();
        self.put("{");
        self.repeat(5, |m| match m.choose(4) {
            0 => m.with_value("given"),
            1 => {
                m.put("mock");
                m.target();
                if m.maybe() {
                    m.with_value("when");
                }
                match m.choose(3) {
                    0 => m.pick(&NUMBERS),
                    _ => m.with_value("returns"),
                }
                m.repeat(2, |m| {
                    m.put(",");
                    match m.choose(3) {
                        0 => m.expr(),
                        1 => m.with_value("returns"),
                        _ => {
                            m.put("fails");
                            m.failure();
                        }
                    }
                });
            }
            2 => m.expectation(),
            _ => {
                m.put("each step fails {");
                m.repeat(2, Self::expectation);
                m.put("}");
            }
        });
        self.put("}");
    }

    fn target(&mut self) {
        match self.choose(3) {
            0 => self.name(),
            1 => self.text(),
            _ => {
                self.name();
                self.put(".");
                self.pick(&MEMBERS);
            }
        }
    }

    fn expectation(&mut self) {
        self.put("expect");
        match self.choose(5) {
            0 => {
                self.put("succeeded");
                if self.maybe() {
                    self.with_value("with");
                }
            }
            1 => {
                self.put("failed");
                self.failure();
            }
            2 => self.put("timed_out"),
            3 => {
                self.target();
                self.with_value("called");
                if self.maybe() {
                    self.with_value("with");
                }
            }
            _ => {
                self.target();
                self.put("before");
                self.target();
            }
        }
    }
}
