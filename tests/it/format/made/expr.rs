//! Types and expressions of any bytes.

use super::{DEEPEST, GLUED, MEMBERS, Maker, NUMBERS, STRINGS};

impl Maker<'_> {
    pub(super) fn ty(&mut self) {
        if self.choose(6) == 5 {
            self.put("|");
        }
        let count = self.choose(4) / 2 + 1;
        for index in 0..count {
            if index > 0 {
                self.put("|");
            }
            self.member_type();
        }
    }

    fn member_type(&mut self) {
        match self.choose(5) {
            0 | 1 => self.pick(&["string", "null", "Row", "table"]),
            2 => self.text(),
            3 => self.nest(
                |m| {
                    m.put("[");
                    m.ty();
                    m.put("]");
                },
                |m| m.put("int"),
            ),
            _ => self.nest(
                |m| {
                    m.put("{");
                    m.list_or_none(3, |m| {
                        m.pick(&MEMBERS);
                        if m.maybe() {
                            m.put("?");
                        }
                        m.put(":");
                        m.ty();
                    });
                    m.put("}");
                },
                |m| m.put("any"),
            ),
        }
        if self.choose(4) == 3 {
            self.put("?");
        }
    }

    pub(super) fn expr(&mut self) {
        self.nest_by(
            3,
            |m| match m.choose(8) {
                0..=4 => m.comparison(),
                5 => {
                    m.put("if");
                    m.comparison();
                    m.put("then");
                    m.expr();
                    m.put("else");
                    m.expr();
                }
                _ => {
                    m.comparison();
                    m.repeat(3, |m| {
                        m.pick(&["and", "or", "??"]);
                        m.comparison();
                    });
                }
            },
            Self::literal,
        );
    }

    fn comparison(&mut self) {
        if self.choose(6) == 5 {
            self.put("not");
        }
        self.sum();
        if self.choose(4) == 3 {
            self.pick(&["==", "!=", "<", "<=", ">", ">=", "in"]);
            self.sum();
        }
    }

    fn sum(&mut self) {
        self.operand();
        if self.choose(3) == 2 {
            self.repeat(4, |m| {
                m.pick(&["+", "-", "*", "/"]);
                m.operand();
            });
        }
    }

    fn operand(&mut self) {
        if self.choose(8) == 7 {
            self.put("-");
        }
        self.primary();
        if self.choose(3) > 0 {
            return;
        }
        self.repeat(3, |m| match m.choose(5) {
            0 | 1 => {
                m.put(".");
                m.pick(&MEMBERS);
            }
            2 => {
                m.put("[");
                m.expr();
                m.put("]");
            }
            _ => {
                m.put("[");
                if m.maybe() {
                    m.expr();
                }
                m.put("..");
                if m.maybe() {
                    m.expr();
                }
                m.put("]");
            }
        });
    }

    fn primary(&mut self) {
        let kind = if self.depth >= DEEPEST {
            0
        } else {
            self.choose(12)
        };
        match kind {
            0..=2 => self.literal(),
            3 => self.name(),
            4 | 5 => {
                self.name();
                self.arguments();
            }
            6 => {
                self.put("match");
                self.tokens.push(format!("{GLUED}("));
                self.list_or_none(2, Self::expr);
                self.put(")");
            }
            7 => {
                self.put("(");
                self.expr();
                self.put(")");
            }
            8 => {
                self.put("[");
                self.list_or_none(4, |m| {
                    if m.choose(5) == 4 {
                        m.put("...");
                    }
                    m.expr();
                });
                self.put("]");
            }
            9 => {
                self.put("[");
                self.expr();
                self.for_clause();
                self.put("]");
            }
            10 => {
                self.put("{");
                self.list_or_none(4, Self::entry);
                self.put("}");
            }
            _ => {
                self.put("{");
                match self.choose(3) {
                    0 => {
                        self.name();
                        self.put(". key");
                    }
                    1 => self.pick(&STRINGS[..5]),
                    _ => {
                        self.put("[");
                        self.expr();
                        self.put("]");
                    }
                }
                self.put(":");
                self.expr();
                self.for_clause();
                self.put("}");
            }
        }
    }

    fn literal(&mut self) {
        match self.choose(5) {
            0 | 1 => self.pick(&NUMBERS),
            2 | 3 => self.pick(&STRINGS),
            _ => self.pick(&["true", "false", "null"]),
        }
    }

    fn for_clause(&mut self) {
        self.put("for");
        self.name();
        self.put("in");
        self.expr();
        if self.maybe() {
            self.put("if");
            self.expr();
        }
    }

    pub(super) fn entry(&mut self) {
        match self.choose(6) {
            0 | 1 => {
                self.pick(&MEMBERS);
                self.put(":");
                self.expr();
            }
            2 => self.pick(&["short", "also"]),
            3 => {
                self.pick(&STRINGS[..7]);
                self.put(":");
                self.expr();
            }
            4 => {
                self.put("[");
                self.expr();
                self.put("] :");
                self.expr();
            }
            _ => {
                self.put("...");
                self.expr();
            }
        }
    }

    pub(super) fn arguments(&mut self) {
        self.put("(");
        self.list_or_none(4, |m| match m.choose(4) {
            0 => m.expr(),
            1 => {
                m.expr();
                m.put("for");
                m.name();
            }
            2 => {
                m.pick(&["\"a-b\"", "\"Key\""]);
                m.put(":");
                m.expr();
            }
            _ => {
                m.pick(&MEMBERS);
                m.put(":");
                m.expr();
            }
        });
        self.put(")");
    }
}
