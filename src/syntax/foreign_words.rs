//! Words of other languages, and what is written here.

use std::collections::BTreeSet;

use super::scan::{Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Where an item begins.
    Item,
    /// Where a member of a pipeline begins.
    Member,
    /// Where a stage begins.
    Stage,
    /// After a stage.
    Modifier,
    /// Before a value.
    Value,
    /// After a value.
    Operator,
    /// Before an arm of a `match`.
    Arm,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ForeignWord {
    pub word: &'static str,
    pub place: Place,
    /// What stands for it; may be several words, or nothing.
    pub own: &'static str,
    /// What to say beside.
    help: &'static str,
}

const FN: &str = "a function is `fn name(x: type) = expression`; a Lambda function is declared with `function name = \"…\"`";
const USE: &str =
    "another file is brought in by `use \"lib/common.flow\"`; all its items are then there";
const LET: &str = "a name for a value is `let name = value`";
const TYPE: &str = "a type is `type Name = { field: string }`";
const PIPELINE: &str = "a pipeline is `pipeline name() { … }`";
const STEP: &str = "a step is `step name = stage`";

const WORDS: &[ForeignWord] = &[
    word("def", Place::Item, "fn", FN),
    word("func", Place::Item, "fn", FN),
    word("fun", Place::Item, "fn", FN),
    word("function", Place::Item, "fn", FN),
    word("var", Place::Item, "let", LET),
    word("const", Place::Item, "let", LET),
    word("val", Place::Item, "let", LET),
    word("import", Place::Item, "use", USE),
    word("include", Place::Item, "use", USE),
    word("require", Place::Item, "use", USE),
    word("from", Place::Item, "use", USE),
    word("class", Place::Item, "type", TYPE),
    word("struct", Place::Item, "type", TYPE),
    word("interface", Place::Item, "type", TYPE),
    word("typedef", Place::Item, "type", TYPE),
    word("workflow", Place::Item, "pipeline", PIPELINE),
    word("machine", Place::Item, "pipeline", PIPELINE),
    word("statemachine", Place::Item, "pipeline", PIPELINE),
    word("task", Place::Item, "step", STEP),
    word("var", Place::Member, "let", LET),
    word("const", Place::Member, "let", LET),
    word("val", Place::Member, "let", LET),
    word("task", Place::Member, "step", STEP),
    word("state", Place::Member, "step", STEP),
    word("stage", Place::Member, "step", STEP),
    word(
        "throw",
        Place::Stage,
        "fail",
        "an error is raised by `fail Name \"cause\"`",
    ),
    word(
        "raise",
        Place::Stage,
        "fail",
        "an error is raised by `fail Name \"cause\"`",
    ),
    word("sleep", Place::Stage, "wait", "`wait 5m` waits"),
    word("delay", Place::Stage, "wait", "`wait 5m` waits"),
    word("pause", Place::Stage, "wait", "`wait 5m` waits"),
    word(
        "switch",
        Place::Stage,
        "match",
        "arms are `\"A\" { … }`, the last may be `else { … }`",
    ),
    word(
        "foreach",
        Place::Stage,
        "map",
        "`map(x in xs) { … }` does it for each item",
    ),
    word(
        "for",
        Place::Stage,
        "map",
        "`map(x in xs) { … }` does it for each item",
    ),
    word(
        "do",
        Place::Stage,
        "try",
        "a block as one stage is `try { … }`",
    ),
    word(
        "repeat",
        Place::Stage,
        "loop",
        "`loop { … }` goes on until `break`",
    ),
    word("elif", Place::Modifier, "else if", ""),
    word("elsif", Place::Modifier, "else if", ""),
    word("elseif", Place::Modifier, "else if", ""),
    word("otherwise", Place::Modifier, "else", ""),
    word(
        "except",
        Place::Modifier,
        "catch",
        "`catch all { … }` takes every error",
    ),
    word(
        "rescue",
        Place::Modifier,
        "catch",
        "`catch all { … }` takes every error",
    ),
    word("catches", Place::Modifier, "catch", ""),
    word("ensure", Place::Modifier, "finally", ""),
    word("is", Place::Operator, "==", ""),
    word("eq", Place::Operator, "==", ""),
    word("isnt", Place::Operator, "!=", ""),
    word("mod", Place::Operator, "%", ""),
    word("xor", Place::Operator, "!=", ""),
    word("case", Place::Arm, "", "an arm is `\"A\", \"B\" { … }`"),
    word("when", Place::Arm, "", "an arm is `\"A\", \"B\" { … }`"),
    word("default", Place::Arm, "else", ""),
    word("_", Place::Arm, "else", ""),
    word("otherwise", Place::Arm, "else", ""),
    word("nil", Place::Value, "null", ""),
    word("None", Place::Value, "null", ""),
    word("undefined", Place::Value, "null", ""),
    word("Null", Place::Value, "null", ""),
    word("NULL", Place::Value, "null", ""),
    word("True", Place::Value, "true", ""),
    word("TRUE", Place::Value, "true", ""),
    word("False", Place::Value, "false", ""),
    word("FALSE", Place::Value, "false", ""),
];

const fn word(
    word: &'static str,
    place: Place,
    own: &'static str,
    help: &'static str,
) -> ForeignWord {
    ForeignWord {
        word,
        place,
        own,
        help,
    }
}

pub(super) fn find(word: &str, place: Place) -> Option<&'static ForeignWord> {
    WORDS.iter().find(|w| w.place == place && w.word == word)
}

impl ForeignWord {
    pub(super) fn describe(&self, span: Span) -> Diagnostic {
        let message = if self.own.is_empty() {
            format!("there is no `{}` here", self.word)
        } else {
            format!("`{}` is written `{}`", self.word, self.own)
        };
        let diagnostic = Diagnostic::new(Code::ForeignWord, span, message);
        if self.help.is_empty() {
            diagnostic
        } else {
            diagnostic.help(self.help)
        }
    }
}

/// The words for values (`None`, `True`) that a file has a meaning of its own for.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound {
    words: BTreeSet<&'static str>,
    /// Another file may give them one.
    uses: bool,
}

impl Bound {
    pub(super) fn of(text: &str, tokens: &[Token]) -> Self {
        let word = |index: usize| {
            tokens
                .get(index)
                .and_then(|t| text.get(t.start as usize..t.end as usize))
                .unwrap_or("")
        };
        let mut bound = Self::default();
        for (index, token) in tokens.iter().enumerate() {
            if token.kind != TokenKind::Word {
                continue;
            }
            let before = index.checked_sub(1).map_or("", word);
            if word(index) == "use"
                && tokens.get(index + 1).map(|t| t.kind) == Some(TokenKind::OpenQuote)
            {
                bound.uses = true;
            }
            let binds = matches!(
                before,
                "let" | "param" | "fn" | "step" | "set" | "for" | "type" | "pipeline" | "."
            ) || matches!(word(index + 1), "=" | ":" | "in" | "{" | "(");
            if binds && let Some(foreign) = find(word(index), Place::Value) {
                bound.words.insert(foreign.word);
            }
        }
        bound
    }

    /// What a word for a value stands for, if it has no other meaning.
    pub(super) fn find(&self, word: &str) -> Option<&'static ForeignWord> {
        find(word, Place::Value).filter(|w| !self.uses && !self.words.contains(w.word))
    }
}
