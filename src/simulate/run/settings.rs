//! What a run is given besides the machine and its input.

use crate::simulate::clock::Millis;

/// The account, the names and the limits of a simulated world.
#[derive(Clone, Debug)]
pub struct Settings {
    pub partition: String,
    pub region: String,
    pub account: String,
    /// The name of the machine.
    pub machine: String,
    /// A UUID that the seed decides, if not given.
    pub execution: Option<String>,
    pub role: String,
    /// Decides ids, jitter, `$random`.
    pub seed: u64,
    /// The virtual time of the start.
    pub start: Millis,
    pub limits: Limits,
    /// How results that mocks give are held to the operations' types.
    pub validation: Validation,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            partition: "aws".to_owned(),
            region: "eu-central-1".to_owned(),
            account: "123456789012".to_owned(),
            machine: "machine".to_owned(),
            execution: None,
            role: "arn:aws:iam::123456789012:role/machine".to_owned(),
            seed: 1,
            // 2026-01-01T00:00:00Z
            start: 1_767_225_600_000,
            limits: Limits::default(),
            validation: Validation::default(),
        }
    }
}

/// What a run may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of an input, an output, a result, a variable.
    pub payload: usize,
    /// Bytes of all variables of an execution.
    pub variables: usize,
    /// Events of a standard execution's history.
    pub history: Option<u64>,
    /// States entered in the whole run; a machine that enters more is taken for endless.
    pub transitions: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload: 262_144,
            variables: 10 * 1024 * 1024,
            history: Some(25_000),
            transitions: 10_000_000,
        }
    }
}

/// As the TestState API has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validation {
    /// Members are what the operation's type says, and required ones are there.
    #[default]
    Strict,
    /// Members that are there are what the operation's type says.
    Present,
    None,
}

impl Validation {
    /// None: nothing is held to anything.
    pub(super) fn is_strict(self) -> Option<bool> {
        match self {
            Self::Strict => Some(true),
            Self::Present => Some(false),
            Self::None => None,
        }
    }
}
