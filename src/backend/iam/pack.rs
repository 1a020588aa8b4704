//! Puts statements into as many policies as IAM's limits ask for.
//!
//! Sizes are those of the text that IAM counts: without blanks, late parts as large as they can be.

use super::{Policy, Statement};
use crate::backend::cfn::names::Labels;
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
/// resources where one is too large. Parts are for the template and carry no reasons.
pub fn pack(policy: &Policy, labels: &Labels) -> Vec<Policy> {
    let sizer = Sizer { labels };
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

    /// With the comma behind it; a little more than it is where the deployment fills in.
    pub fn statement(&self, statement: &Statement) -> usize {
        // Quotes and a comma around each text.
        let list =
            |patterns: &[Pattern]| -> usize { patterns.iter().map(|p| self.width(p) + 3).sum() };
        let actions: usize = statement.actions.iter().map(|a| a.len() + 3).sum();
        let conditions: usize = statement
            .conditions
            .iter()
            .map(|(operator, key, values)| operator.len() + key.len() + 11 + list(values))
            .sum();
        let keys = r#"{"Sid":"","Effect":"Allow","Action":[],"Resource":[],"Condition":{}},"#.len();
        keys + statement.sid.len() + actions + list(&statement.resources) + conditions
    }

    fn width(&self, pattern: &Pattern) -> usize {
        pattern
            .pieces()
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.chars().map(width_of).sum(),
                Piece::Deploy(deploy) => late_width(deploy),
                Piece::If(choice) => self.width(&choice.then).max(self.width(&choice.otherwise)),
                Piece::Label(item) => self.labels.get(item).map_or(1, String::len),
                Piece::UrlSuffix => "amazonaws.com.cn".len(),
                Piece::Variable(name) => name.len() + 3,
                Piece::One | Piece::Any => 1,
            })
            .sum()
    }

    /// The statement, or several of the same with fewer resources each when it fits no managed policy.
    fn cut(&self, statement: &Statement) -> Vec<Statement> {
        let mut parts = Vec::new();
        self.cut_resources(statement, &statement.resources, String::new(), &mut parts);
        parts
    }

    fn cut_resources(
        &self,
        statement: &Statement,
        resources: &[Pattern],
        suffix: String,
        parts: &mut Vec<Statement>,
    ) {
        let sized: usize = resources.iter().map(|p| self.width(p) + 3).sum();
        let frame = Statement {
            sid: format!("{}{suffix}", statement.sid),
            actions: statement.actions.clone(),
            resources: Vec::new(),
            conditions: statement.conditions.clone(),
            assumed: statement.assumed,
            reasons: Vec::new(),
        };
        if resources.len() < 2 || self.statement(&frame) + sized <= MANAGED - FRAME {
            parts.push(Statement {
                resources: resources.to_vec(),
                ..frame
            });
            return;
        }
        let (front, back) = resources.split_at(resources.len() / 2);
        self.cut_resources(statement, front, format!("{suffix}A"), parts);
        self.cut_resources(statement, back, format!("{suffix}B"), parts);
    }
}

/// IAM counts no blanks; what it has to see as a character and no wildcard is written `${*}`.
fn width_of(c: char) -> usize {
    match c {
        '*' | '?' | '$' => 4,
        '"' | '\\' => 2,
        c if c.is_whitespace() => 0,
        _ => 1,
    }
}

fn late_width(deploy: &Deploy) -> usize {
    match deploy {
        Deploy::Account => 12,
        Deploy::Partition => "aws-us-gov".len(),
        Deploy::Region => "ap-southeast-1".len(),
        // As long as names of jobs, functions and the like usually can be; ARNs are rarely longer than twice that.
        _ => 64,
    }
}
