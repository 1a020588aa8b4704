//! Flows, stages and modifiers of any bytes.

use super::{DEEPEST, ERRORS, Maker, NUMBERS, STRINGS};

impl Maker<'_> {
    pub(super) fn stages(&mut self) {
        self.link();
        self.repeat(4, |m| {
            m.pick(&["->", "→"]);
            m.link();
        });
    }

    /// A stage before an arrow or a brace: there, and only there, nothing could be taken for a missing operand.
    fn link(&mut self) {
        if self.choose(9) == 8 {
            self.pick(&["pass", "return"]);
        } else {
            self.stage();
        }
    }

    pub(super) fn block(&mut self) {
        self.nest(
            |m| {
                m.put("{");
                if m.choose(4) > 0 {
                    m.stages();
                }
                m.put("}");
            },
            |m| m.put("{ }"),
        );
    }

    pub(super) fn stage(&mut self) {
        match self.choose(8) {
            6 => {
                self.name();
                self.put("=");
            }
            7 => {
                self.put("{");
                self.list(3, true, Self::name);
                self.put("} =");
            }
            _ => {}
        }
        self.stage_kind();
        self.repeat(3, Self::modifier);
    }

    fn stage_kind(&mut self) {
        let kind = if self.depth >= DEEPEST {
            0
        } else {
            self.choose(20)
        };
        match kind {
            0 | 1 => self.call(),
            2 => {
                self.put("glue .");
                self.pick(&["startJobRun", "step", "get"]);
                self.arguments();
            }
            3 => {
                self.pick(&["pass", "return"]);
                self.expr();
            }
            4 => self.binding(),
            5 => {
                self.put("set");
                self.name();
                self.put("=");
                self.expr();
            }
            6 | 7 => self.map(),
            8 => {
                self.put("parallel");
                if self.maybe() {
                    self.put("collect");
                }
                self.put("{");
                for _ in 0..=self.choose(3) {
                    self.name();
                    self.block();
                }
                self.put("}");
            }
            9 | 10 => self.branching(),
            11 => {
                self.put("match");
                self.expr();
                self.put("{");
                for _ in 0..=self.choose(3) {
                    self.list(3, false, Self::pattern);
                    self.block();
                }
                if self.maybe() {
                    self.put("else");
                    self.block();
                }
                self.put("}");
            }
            12 => {
                self.put("try");
                self.block();
            }
            13 | 14 => self.poll(),
            15 => {
                self.put("while");
                self.expr();
                self.block();
            }
            16 => {
                self.put("loop");
                self.block();
            }
            17 => {
                self.put("wait");
                if self.maybe() {
                    self.put("until");
                }
                self.expr();
            }
            18 => {
                self.put("fail");
                if self.maybe() {
                    self.failure();
                }
            }
            _ => self.pick(&["break", "continue"]),
        }
    }

    fn call(&mut self) {
        match self.choose(6) {
            4 => self.put("start"),
            5 => self.put("await"),
            _ => {}
        }
        self.name();
        if self.maybe() {
            self.arguments();
            if self.choose(4) == 3 {
                self.block();
            }
        }
    }

    fn map(&mut self) {
        self.put("map (");
        if self.maybe() {
            self.name();
            if self.maybe() {
                self.put(":");
                self.ty();
            }
            self.put("in");
        }
        self.expr();
        if self.maybe() {
            self.put(",");
            self.expr();
        }
        if self.choose(4) == 3 {
            self.put(",");
        }
        self.put(")");
        self.repeat(3, |m| match m.choose(8) {
            0 => m.put("distributed"),
            1 => m.put("express"),
            2 => m.put("standard"),
            3 => m.put("collect"),
            4 => {
                m.put("batch");
                m.pick(&NUMBERS);
            }
            5 => {
                m.put("tolerate");
                m.expr();
                if m.maybe() {
                    m.put("%");
                }
            }
            6 => {
                m.put("results to s3");
                m.arguments();
            }
            _ => {
                m.put("label");
                m.text();
            }
        });
        if self.maybe() {
            self.put("->");
            self.nest(Self::stage, Self::call);
        } else {
            self.block();
        }
    }

    fn branching(&mut self) {
        self.put("if");
        self.expr();
        self.block();
        match self.choose(4) {
            2 => {
                self.put("else");
                self.block();
            }
            3 => {
                self.put("else");
                self.nest(Self::branching, Self::block);
            }
            _ => {}
        }
    }

    fn pattern(&mut self) {
        if self.choose(3) == 2 {
            self.pick(&["==", "!=", "<", "<=", ">", ">="]);
        }
        match self.choose(4) {
            0 => self.text(),
            1 => self.pick(&NUMBERS),
            2 => self.pick(&["-1", "-2.5"]),
            _ => self.pick(&["true", "false", "null"]),
        }
    }

    fn poll(&mut self) {
        self.put("poll");
        if self.maybe() {
            self.block();
        } else {
            if self.maybe() {
                self.put("map ( a ) ->");
            }
            self.call();
            self.repeat(3, Self::modifier);
        }
        self.with_value("until");
        for _ in 0..self.choose(4) {
            match self.choose(5) {
                0 => self.with_value("until"),
                1 => self.with_value("every"),
                2 => self.with_value("timeout"),
                3 => self.with_value("max"),
                _ => {
                    self.put("fail when");
                    self.expr();
                    if self.maybe() {
                        self.failure();
                    }
                }
            }
        }
    }

    pub(super) fn with_value(&mut self, keyword: &str) {
        self.put(keyword);
        self.expr();
    }

    pub(super) fn failure(&mut self) {
        self.pick(&ERRORS);
        match self.choose(3) {
            1 => self.pick(&STRINGS[..7]),
            2 => {
                self.put("(");
                self.expr();
                self.put(")");
            }
            _ => {}
        }
    }

    fn errors(&mut self) {
        self.list(3, false, |m| m.pick(&ERRORS));
    }

    pub(super) fn modifier(&mut self) {
        match self.choose(12) {
            0 | 1 => {
                self.put("retry");
                match self.choose(3) {
                    0 => self.put("none"),
                    1 => {
                        self.put("patient");
                        self.repeat(2, Self::retry_part);
                    }
                    _ => self.repeat(4, Self::retry_part),
                }
            }
            2 | 3 => {
                self.put("catch");
                self.errors();
                self.block();
            }
            4 => {
                self.put("finally");
                self.block();
            }
            5 => self.with_value("timeout"),
            6 => self.with_value("heartbeat"),
            7 => self.with_value("within"),
            8 => {
                self.put("named");
                self.text();
            }
            9 => self.access(),
            10 => {
                self.put("returns");
                self.ty();
            }
            _ => self.allow(),
        }
    }

    pub(super) fn retry_part(&mut self) {
        match self.choose(6) {
            0 => self.with_value("max"),
            1 => self.with_value("every"),
            2 => self.with_value("backoff"),
            3 => self.with_value("max_delay"),
            4 => self.put("jitter"),
            _ => {
                self.put("on");
                self.errors();
            }
        }
    }
}
