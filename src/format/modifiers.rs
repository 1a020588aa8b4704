//! What stands behind a stage: `retry`, `catch`, `timeout`, and the like.

use super::flow::Room;
use super::writer::Writer;
use crate::syntax::ast::{
    AccessClause, AccessMode, Allow, ErrorName, Modifier, ModifierKind, RetryPart, RetryPartKind,
};

impl Writer<'_> {
    pub(super) fn modifier(&mut self, modifier: &Modifier) {
        match &modifier.kind {
            ModifierKind::Retry { policy, parts } => {
                self.token("retry");
                if let Some(policy) = policy {
                    self.space();
                    self.leaf(policy.span);
                }
                self.group(|w| {
                    w.indent(|w| w.retry_parts(parts));
                });
            }
            ModifierKind::RetryNone => {
                self.word("retry");
                self.token("none");
            }
            ModifierKind::Catch { errors, block } => {
                self.word("catch");
                self.names_and_block(errors, block, Self::error_name);
            }
            ModifierKind::Finally(block) => {
                self.token("finally");
                self.space_unless_commented();
                self.block(block, Room::Fit);
            }
            ModifierKind::Timeout(value) => self.with_value("timeout", Some(value)),
            ModifierKind::Heartbeat(value) => self.with_value("heartbeat", Some(value)),
            ModifierKind::Credentials(value) => self.with_value("credentials", Some(value)),
            ModifierKind::Named(name) => {
                self.word("named");
                self.leaf(name.span);
            }
            ModifierKind::Within(value) => self.with_value("within", Some(value)),
            ModifierKind::Access(access) => self.access(access),
            ModifierKind::Returns(ty) => {
                self.word("returns");
                self.ty(ty);
            }
            ModifierKind::Allow(allow) => self.allow(allow),
        }
    }

    /// Each after a line.
    pub(super) fn retry_parts(&mut self, parts: &[RetryPart]) {
        for part in parts {
            self.line();
            match &part.kind {
                RetryPartKind::On(errors) => {
                    self.word("on");
                    self.group(|w| w.names(errors, Self::error_name));
                }
                RetryPartKind::Max(value) => self.with_value("max", Some(value)),
                RetryPartKind::Every(value) => self.with_value("every", Some(value)),
                RetryPartKind::Backoff(value) => self.with_value("backoff", Some(value)),
                RetryPartKind::MaxDelay(value) => self.with_value("max_delay", Some(value)),
                RetryPartKind::Jitter => self.token("jitter"),
            }
        }
    }

    pub(super) fn error_name(&mut self, error: &ErrorName) {
        self.leaf(error.span);
    }

    /// `reads raw/"sales/*", orders`
    pub(super) fn access(&mut self, access: &AccessClause) {
        self.word(match access.mode {
            AccessMode::Reads => "reads",
            AccessMode::Writes => "writes",
        });
        self.group(|w| {
            w.names(&access.targets, |w, target| {
                w.leaf(target.resource.span);
                if let Some(path) = &target.path {
                    w.token("/");
                    w.leaf(path.span);
                }
            });
        });
    }

    /// `allow(lint, "reason")`
    pub(super) fn allow(&mut self, allow: &Allow) {
        self.token("allow");
        self.group(|w| {
            w.token("(");
            w.indent(|w| {
                w.soft_line();
                w.leaf(allow.lint.span);
                if let Some(reason) = &allow.reason {
                    w.comma();
                    w.line();
                    w.leaf(reason.span);
                }
                w.last_comma();
                w.closing_comments(false);
            });
            w.soft_line();
            w.token(")");
        });
    }
}
