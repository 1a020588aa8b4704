//! How severe warnings are, as `flowc.toml` says.

use std::collections::HashMap;

use super::{Code, Diagnostic, Severity, find_nearest};

/// How severe each lint is; a code that is not named keeps its own severity.
#[derive(Debug, Clone, Default)]
pub struct LintLevels(pub HashMap<Code, LintLevel>);

impl LintLevels {
    /// Gives a warning its level; false when it is not to be shown.
    pub fn apply(&self, diagnostic: &mut Diagnostic) -> bool {
        if diagnostic.code.severity() == Severity::Error {
            return true;
        }
        match self.0.get(&diagnostic.code) {
            Some(LintLevel::Allow) => return false,
            Some(LintLevel::Deny) => diagnostic.severity = Severity::Error,
            Some(LintLevel::Warn) | None => {}
        }
        true
    }

    /// Sets the level of a warning, named by code or name. Errors have no level.
    pub fn set(&mut self, name: &str, level: LintLevel) -> Result<(), String> {
        match Code::find(name) {
            Some(code) if code.severity() == Severity::Warning => {
                self.0.insert(code, level);
                Ok(())
            }
            Some(code) => Err(format!("`{}` is an error and has no level", code.name())),
            None => {
                let names = Code::ALL
                    .iter()
                    .filter(|c| c.severity() == Severity::Warning)
                    .map(|c| c.name());
                Err(match find_nearest(name, names) {
                    Some(near) => format!("there is no lint `{name}`; did you mean `{near}`?"),
                    None => format!("there is no lint `{name}`; `flowc explain` lists all"),
                })
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LintLevel {
    Allow,
    Warn,
    Deny,
}
