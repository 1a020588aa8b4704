//! A pipeline's settings.

use super::guard::Modifiers;
use super::retry::Spec;
use super::triggers::Started;
use super::{Flow, warn_of_bare_seconds};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, find_nearest};
use crate::ir::{self, Expr, Literal, Log, LogLevel, Settings, Time, Type};
use crate::resolve::expr::{self, require_time};
use crate::resolve::program::{Signature, find_resource};
use crate::source::Span;
use crate::syntax::ast::{self, MemberKind, Setting};

/// What every call of a pipeline has when it says nothing else.
pub(super) struct Defaults {
    /// None: no retries.
    pub retry: Option<Spec>,
    pub timeout: Option<Expr>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            retry: Some(Spec::default()),
            timeout: None,
        }
    }
}

/// Days that CloudWatch Logs can keep a log group. Source: the CloudFormation schema of AWS::Logs::LogGroup.
const KEPT_DAYS: &[u64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Seconds of the longest execution: of standard pipelines (a year), of express ones.
const STANDARD_SECONDS: u64 = 31_536_000;
const EXPRESS_SECONDS: u64 = 300;

impl<'u> Flow<'_, 'u> {
    pub(super) fn settings(&mut self, ast: &'u ast::Pipeline, signature: &Signature) -> Settings {
        let express = signature.express;
        let mut settings = Settings {
            express,
            ..Settings::default()
        };
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for member in &ast.members {
            let MemberKind::Setting(setting) = &member.kind else {
                continue;
            };
            let word = setting_word(setting);
            let many = matches!(
                setting,
                Setting::Trigger(_) | Setting::Alarm { .. } | Setting::Allow(_)
            );
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == word && !many) {
                let first = *first;
                self.report(
                    Diagnostic::new(
                        Code::RepeatedPart,
                        member.span,
                        format!("the pipeline has two settings `{word}`"),
                    )
                    .also(first, "the first"),
                );
            }
            seen.push((word, member.span));
            self.setting(ast, setting, &mut settings);
        }
        settings.triggers = self.triggers(ast, signature);
        settings
    }

    /// The triggers of the file's own pipelines: those of a used file stay behind.
    fn triggers(&mut self, ast: &'u ast::Pipeline, signature: &Signature) -> Vec<ir::Trigger> {
        let started = Started {
            params: &signature.params,
            express: signature.express,
            name: ast.name.span,
        };
        let mut triggers = Vec::new();
        // The pipeline's own names have no value before it is started.
        let frame = self.scope.flow.frame.take();
        for member in &ast.members {
            if let MemberKind::Setting(Setting::Trigger(trigger)) = &member.kind {
                triggers.extend(self.trigger(trigger, member.span, &started));
            }
        }
        self.scope.flow.frame = frame;
        if self.place.unit != 0 {
            triggers.clear();
        }
        triggers
    }

    fn setting(&mut self, ast: &'u ast::Pipeline, setting: &'u Setting, settings: &mut Settings) {
        match setting {
            Setting::Mode(mode) => self.check_mode(mode),
            Setting::Timeout(written) => {
                self.timeout = Some(written.span);
                settings.timeout = self.pipeline_timeout(written, settings.express);
            }
            Setting::Defaults(modifiers) => self.read_defaults(modifiers, ast.name.span),
            Setting::Log {
                level,
                payload,
                keep,
            } => {
                settings.log = self.log(level, payload.is_some(), keep.as_ref());
                if let Some(payload) = payload
                    && settings.log.level != LogLevel::Off
                {
                    self.report(
                        Diagnostic::new(
                            Code::LoggedPayload,
                            *payload,
                            "what every state takes and gives is written to the log, whatever it holds",
                        )
                        .help("leave `payload` out: the log still says which state failed, and with what cause"),
                    );
                }
            }
            Setting::Trace => settings.trace = true,
            Setting::Tags(entries) => settings.tags = self.tags(entries),
            Setting::Role(name) => {
                if let Some((id, kind)) = find_resource(&mut self.scope, name) {
                    if kind.word == "role" {
                        settings.role = Some(id);
                    } else {
                        self.report(
                            Diagnostic::new(
                                Code::WrongResource,
                                name.span,
                                format!(
                                    "`{}` is a `{}`, and a `role` is wanted",
                                    name.node, kind.word
                                ),
                            )
                            .help(
                                "`role loader = \"its-name\"` among the file's items declares one",
                            ),
                        );
                    }
                }
            }
            Setting::Allow(allow) => {
                let place = ast.name.span.to(ast.end);
                self.scope.context.allow(allow, place);
            }
            Setting::Encrypt(key) => settings.encrypt = self.encrypt(key),
            Setting::Alarm { conditions, notify } => {
                let alarms = self.alarm(conditions, notify);
                settings.alarms.extend(alarms);
            }
            Setting::Dashboard => settings.dashboard = true,
            Setting::RolePerStep => settings.role_per_step = true,
            Setting::Release(release) => settings.release = self.release(release),
            // Checked when all else is known.
            Setting::Trigger(_) => {}
        }
    }

    fn check_mode(&mut self, mode: &ast::Name) {
        if matches!(mode.node.as_str(), "standard" | "express") {
            return;
        }
        let diagnostic = Diagnostic::new(
            Code::SettingValue,
            mode.span,
            format!(
                "a pipeline's mode is `standard` or `express`, not `{}`",
                mode.node
            ),
        );
        self.report(match find_nearest(&mode.node, ["standard", "express"]) {
            Some(near) => diagnostic.nearest(mode.span, &mode.node, near),
            None => diagnostic,
        });
    }

    fn pipeline_timeout(&mut self, written: &ast::Expr, express: bool) -> Option<u64> {
        let value = expr::check(&mut self.scope, written, Some(&Type::Duration));
        if !require_time(
            &mut self.scope,
            &value,
            Time::Build,
            "a pipeline's `timeout`",
        ) {
            return None;
        }
        let most = if express {
            EXPRESS_SECONDS
        } else {
            STANDARD_SECONDS
        };
        let seconds = match value.as_literal() {
            Some(Literal::Number(number)) => number.as_u64(),
            _ => None,
        };
        if let Some(seconds) = seconds.filter(|s| (1..=most).contains(s)) {
            warn_of_bare_seconds(&mut self.scope, written);
            return Some(seconds);
        }
        self.report(Diagnostic::new(
            Code::NumberOutOfRange,
            value.span,
            if express {
                "the `timeout` of an express pipeline can be `1s` to `5m`"
            } else {
                "a pipeline's `timeout` can be `1s` to `365d`"
            },
        ));
        None
    }

    fn read_defaults(&mut self, modifiers: &'u [ast::Modifier], place: Span) {
        let sorted: Modifiers<'u> = self.sort_modifiers(modifiers, place);
        if sorted.retry_none.is_some() {
            self.defaults.retry = None;
        }
        let mut first: Option<Span> = None;
        for (modifier, policy, parts) in &sorted.retries {
            if let Some(first) = first {
                self.report(
                    Diagnostic::new(
                        Code::RepeatedPart,
                        modifier.span,
                        "`defaults` has two `retry`",
                    )
                    .also(first, "the first"),
                );
            }
            first = first.or(Some(modifier.span));
            let mut spec = self.spec(*policy, parts);
            if spec.on.take().is_some() {
                self.report(
                    Diagnostic::new(
                        Code::MisplacedModifier,
                        modifier.span,
                        "a default retry is for each call's own transient errors, so `on` has no place in it",
                    )
                    .help("put `retry on …` behind the calls that raise the error"),
                );
            }
            if self.defaults.retry.is_some() {
                self.defaults.retry = Some(spec);
            }
        }
        if let Some((written, _)) = sorted.timeout {
            let value = self.duration(written, "a default `timeout`", 1);
            if self.express() {
                self.check_express_time(&value, "a default `timeout`");
            }
            if value.ty != Type::Invalid {
                self.defaults.timeout = Some(value);
            }
        }
        let mut others: Vec<(&str, Span)> = sorted
            .of_calls()
            .into_iter()
            .filter(|(word, _)| *word != "timeout")
            .collect();
        others.extend(sorted.catches.iter().map(|(.., span)| ("catch", *span)));
        others.extend(sorted.finally.map(|(_, span)| ("finally", span)));
        others.extend(sorted.named.map(|(_, span)| ("named", span)));
        for (word, span) in others {
            self.report(
                Diagnostic::new(
                    Code::MisplacedModifier,
                    span,
                    format!("`{word}` cannot be a default"),
                )
                .help("`defaults` takes `retry` and `timeout`"),
            );
        }
    }

    fn log(&mut self, level: &ast::Name, payload: bool, keep: Option<&ast::Expr>) -> Log {
        let words = ["errors", "all", "off"];
        let level = match level.node.as_str() {
            "errors" => LogLevel::Errors,
            "all" => LogLevel::All,
            "off" => LogLevel::Off,
            other => {
                let diagnostic = Diagnostic::new(
                    Code::SettingValue,
                    level.span,
                    format!("`log` takes `errors`, `all` or `off`, not `{other}`"),
                );
                self.report(match find_nearest(other, words) {
                    Some(near) => diagnostic.nearest(level.span, other, near),
                    None => diagnostic,
                });
                LogLevel::Errors
            }
        };
        let keep = keep.and_then(|written| self.kept_days(written));
        Log {
            level,
            payload,
            keep,
        }
    }

    /// Days, from a duration.
    fn kept_days(&mut self, written: &ast::Expr) -> Option<Expr> {
        const DAY: u64 = 86_400;
        let value = expr::check(&mut self.scope, written, Some(&Type::Duration));
        if !require_time(
            &mut self.scope,
            &value,
            Time::Build,
            "how long a log is kept",
        ) {
            return None;
        }
        let seconds = match value.as_literal() {
            Some(Literal::Number(number)) => number.as_u64().unwrap_or_default(),
            _ => 0,
        };
        let days = seconds / DAY;
        if seconds % DAY == 0 && KEPT_DAYS.contains(&days) {
            return Some(Expr::literal(
                Literal::Number(days.into()),
                Type::Int,
                value.span,
            ));
        }
        let nearest = KEPT_DAYS
            .iter()
            .copied()
            .find(|kept| *kept * DAY >= seconds)
            .unwrap_or(3653);
        self.report(
            Diagnostic::new(
                Code::SettingValue,
                value.span,
                "CloudWatch Logs cannot keep a log for this long",
            )
            .fix(Fix {
                title: format!("write `{nearest}d`"),
                edits: vec![Edit {
                    span: value.span,
                    text: format!("{nearest}d"),
                }],
                safe: false,
            })
            .help("it keeps for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731 days, or for some years"),
        );
        None
    }

    fn tags(&mut self, entries: &[ast::Entry]) -> Vec<(String, Expr)> {
        let mut tags: Vec<(String, Expr)> = Vec::new();
        let mut places: Vec<Span> = Vec::new();
        for entry in entries {
            let (key, value) = match entry {
                ast::Entry::Pair { key, value } => (
                    key.clone(),
                    expr::check(&mut self.scope, value, Some(&Type::String)),
                ),
                ast::Entry::Short(name) => {
                    let value = crate::resolve::expr::short_value(name);
                    (
                        name.clone(),
                        expr::check(&mut self.scope, &value, Some(&Type::String)),
                    )
                }
                ast::Entry::Computed { key, .. } => {
                    self.report(Diagnostic::new(
                        Code::SettingValue,
                        key.span,
                        "a tag's key is written as it is",
                    ));
                    continue;
                }
                ast::Entry::Spread(value) => {
                    self.report(Diagnostic::new(
                        Code::SettingValue,
                        value.span,
                        "tags are written one by one",
                    ));
                    continue;
                }
            };
            if !require_time(&mut self.scope, &value, Time::Deploy, "a tag's value") {
                continue;
            }
            if key.node.starts_with("aws:") || key.node.is_empty() || key.node.chars().count() > 128
            {
                self.report(Diagnostic::new(
                    Code::SettingValue,
                    key.span,
                    "a tag's key has 1 to 128 characters and does not begin with `aws:`",
                ));
                continue;
            }
            if let Some(at) = tags.iter().position(|(known, _)| *known == key.node) {
                self.report(
                    Diagnostic::new(
                        Code::DuplicateKey,
                        key.span,
                        format!("the tag `{}` stands here twice", key.node),
                    )
                    .also(places[at], "the first"),
                );
                continue;
            }
            places.push(key.span);
            tags.push((key.node, value));
        }
        tags
    }
}

fn setting_word(setting: &Setting) -> &'static str {
    match setting {
        Setting::Mode(_) => "mode",
        Setting::Trigger(_) => "on",
        Setting::Timeout(_) => "timeout",
        Setting::Defaults(_) => "defaults",
        Setting::Log { .. } => "log",
        Setting::Trace => "trace",
        Setting::Encrypt(_) => "encrypt",
        Setting::Tags(_) => "tags",
        Setting::Alarm { .. } => "alarm",
        Setting::Dashboard => "dashboard",
        Setting::Role(_) | Setting::RolePerStep => "role",
        Setting::Release(_) => "release",
        Setting::Allow(_) => "allow",
    }
}
