//! The functions of expressions: JSONata's library, what Step Functions adds, and the language's own.

/// One function, under its name in `.flow`.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    /// JSONata's name without `$`.
    pub jsonata: &'static str,
    /// The value differs from one evaluation to the next (`now`, `uuid`, `random`): never copied, never folded.
    pub volatile: bool,
}
