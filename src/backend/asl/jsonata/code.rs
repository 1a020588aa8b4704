//! A piece of JSONata source with what must be known to put it into a larger one.

/// How tightly a text holds together, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// `a ? b : c`
    Conditional,
    Or,
    And,
    /// `= != < <= > >= in`
    Comparison,
    /// `+ - &`
    Sum,
    /// `* / %`
    Product,
    Negation,
    /// Paths, calls, predicates.
    Path,
    Atom,
}

#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) text: String,
    pub(super) level: Level,
    /// It can evaluate to nothing, which stands for null.
    pub(super) missing: bool,
    /// It costs nothing and cannot fail: may be repeated rather than bound.
    pub(super) cheap: bool,
    /// It is the context of a predicate: members of it are bare names.
    pub(super) context: bool,
    /// It is a member of that context.
    pub(super) within: bool,
}

impl Code {
    pub(super) fn new(text: impl Into<String>, level: Level) -> Self {
        Self {
            text: text.into(),
            level,
            missing: false,
            cheap: false,
            context: false,
            within: false,
        }
    }

    /// A name or a literal.
    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self {
            cheap: true,
            ..Self::new(text, Level::Atom)
        }
    }

    /// A call or another postfix form.
    pub(super) fn path(text: impl Into<String>) -> Self {
        Self::new(text, Level::Path)
    }

    pub(super) fn missing(self, missing: bool) -> Self {
        Self { missing, ..self }
    }

    pub(super) fn cheap(self, cheap: bool) -> Self {
        Self { cheap, ..self }
    }

    /// Whether it is a list between its own brackets.
    pub(super) fn is_constructor(&self) -> bool {
        self.level == Level::Atom && self.text.starts_with('[')
    }

    /// The text, in parentheses when it is weaker than the place.
    pub(super) fn at(&self, level: Level) -> String {
        if self.level < level {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }

    /// As an operand of a stronger operator, or of the same one when that does not associate.
    pub(super) fn above(&self, level: Level) -> String {
        if self.level <= level {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }
}

/// What the place does with a value that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// Nothing may stand for null.
    Loose,
    /// Null must be null.
    Value,
    /// The whole expression: as `Value`, but an operation without a value ends the evaluation with an error, as it should.
    Whole,
    /// Null is an error here, and nothing leads to one.
    Raise,
}

impl Demand {
    /// Of the operands of arithmetic and ordering, which fail on null.
    pub(super) fn operand(self) -> Self {
        match self {
            Demand::Whole | Demand::Raise => Demand::Raise,
            Demand::Loose | Demand::Value => Demand::Value,
        }
    }

    /// Of a part whose value is the whole's.
    pub(super) fn part(self) -> Self {
        match self {
            Demand::Whole => Demand::Value,
            other => other,
        }
    }
}
