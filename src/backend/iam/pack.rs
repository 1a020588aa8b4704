//! Puts statements into as many policies as IAM's limits ask for.
//!
//! Sizes are those of the text that IAM counts: without blanks, late parts as large as they can be.

use super::{Policy, Statement};
use crate::backend::cfn::names::{Labels, Names};
use crate::ir::Deploy;
use crate::ir::pattern::{Pattern, Piece};

/// All inline policies of a role together, in characters without blanks.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const INLINE: usize = 10_240;
/// One managed policy, in characters without blanks.
pub const MANAGED: usize = 6_144;
/// Managed policies of one role.
pub const MANAGED_COUNT: usize = 10;

/// Room for `{"Version":"2012-10-17","Statement":[]}`.
const FRAME: usize = 40;

/// The policy alone when it fits inline; else parts that each fit a managed policy, with statements cut by their
/// resources where one is too large.
pub fn pack(policy: &Policy, names: &Names, labels: &Labels) -> Vec<Policy> {
    let sizer = Sizer { names, labels };
    if sizer.policy(policy) <= INLINE {
        return vec![policy.clone()];
    }
    let mut parts = vec![Policy::default()];
    let mut room = MANAGED - FRAME;
    for statement in policy.statements.iter().flat_map(|s| sizer.cut(s)) {
        let size = sizer.statement(&statement);
        if size > room && parts.last().is_some_and(|part| !part.statements.is_empty()) {
            parts.push(Policy::default());
            room = MANAGED - FRAME;
        }
        room = room.saturating_sub(size);
        if let Some(part) = parts.last_mut() {
            part.statements.push(statement);
        }
    }
    parts
}

/// Measures what IAM will count.
pub struct Sizer<'n> {
    pub names: &'n Names<'n>,
    pub labels: &'n Labels,
}

impl Sizer<'_> {
    pub fn policy(&self, policy: &Policy) -> usize {
        FRAME
            + policy
                .statements
                .iter()
                .map(|s| self.statement(s))
                .sum::<usize>()
    }

    /// With the comma behind it.
    pub fn statement(&self, statement: &Statement) -> usize {
        let text = |pattern: &Pattern| {
            let mut text = self.names.plain(pattern, self.labels);
            for piece in pattern.pieces() {
                let width = match piece {
                    Piece::Deploy(deploy) => late_width(deploy),
                    _ => 0,
                };
                text.extend(std::iter::repeat_n('x', width));
            }
            serde_json::Value::String(text)
        };
        let document = statement.document(&text).to_string();
        document.chars().filter(|c| !c.is_whitespace()).count() + 1
    }

    /// The statement, or several of the same with fewer resources each when it fits no managed policy.
    fn cut(&self, statement: &Statement) -> Vec<Statement> {
        let [.., _, _] = statement.resources.as_slice() else {
            return vec![statement.clone()];
        };
        if self.statement(statement) <= MANAGED - FRAME {
            return vec![statement.clone()];
        }
        let (front, back) = statement.resources.split_at(statement.resources.len() / 2);
        let half = |resources: &[Pattern], suffix: &str| Statement {
            sid: format!("{}{suffix}", statement.sid),
            resources: resources.to_vec(),
            ..statement.clone()
        };
        let mut halves = self.cut(&half(front, "A"));
        halves.extend(self.cut(&half(back, "B")));
        halves
    }
}

/// How many characters more than its placeholder a value can have.
fn late_width(deploy: &Deploy) -> usize {
    match deploy {
        // `${AWS::Partition}`, `${AWS::Region}` and `${AWS::AccountId}` are longer than what they stand for.
        Deploy::Account | Deploy::Region | Deploy::Partition => 0,
        // A name of 64 characters, the most that names of jobs, functions and the like usually have.
        _ => 48,
    }
}
