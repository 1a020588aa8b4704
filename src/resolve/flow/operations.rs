//! Settings of operation: alarms, encryption, releases, a role a step.

use super::{Flow, warn_of_bare_seconds};
use crate::catalog::metric::{self, Bound, HOUR, LOOK_BACK};
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::{
    Alarm, Block, Deploy, Expr, ExprKind, Gradual, Literal, PipelineId, Release, ResourceId,
    StageKind, Target, Time, Type, for_each_stage_mut,
};
use crate::resolve::expr::{self, require_time};
use crate::resolve::program::find_resource;
use crate::syntax::ast;

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

impl Flow<'_, '_> {
    /// The key's ARN, or whatever else names it.
    pub(super) fn encrypt(&mut self, written: &ast::Expr) -> Option<Expr> {
        let value = expr::check(&mut self.scope, written, None);
        let value = expr::resource_arn(&mut self.scope, value, "key")?;
        require_time(
            &mut self.scope,
            &value,
            Time::Deploy,
            "the key of a pipeline",
        )
        .then_some(value)
    }

    pub(super) fn alarm(
        &mut self,
        conditions: &[ast::AlarmCondition],
        notify: &[ast::Name],
    ) -> Vec<Alarm> {
        let mut topics = Vec::new();
        for name in notify {
            let Some((id, kind)) = find_resource(&mut self.scope, name) else {
                continue;
            };
            if kind.word != "topic" {
                self.report(Diagnostic::new(
                    Code::WrongResource,
                    name.span,
                    format!(
                        "`{}` is a `{}`, and a `topic` is wanted",
                        name.node, kind.word
                    ),
                ));
                continue;
            }
            self.check_topic(id, name);
            topics.push(id);
        }
        conditions
            .iter()
            .filter_map(|condition| self.condition(condition, &topics))
            .collect()
    }

    /// Alarms cannot reach every topic.
    fn check_topic(&mut self, id: ResourceId, name: &ast::Name) {
        let Some(resource) = self.scope.context.resource_value(id) else {
            return;
        };
        let Some(creation) = resource.creation() else {
            return;
        };
        let literal = |property: &str| creation.property(property).and_then(Expr::as_literal);
        let why = match (literal("FifoTopic"), literal("KmsMasterKeyId")) {
            (Some(Literal::Bool(true)), _) => "CloudWatch publishes to no FIFO topic",
            (_, Some(Literal::String(key))) if key.starts_with("alias/aws/") => {
                "CloudWatch may not use the key that the topic is encrypted with, which is SNS's own"
            }
            _ => return,
        };
        self.report(
            Diagnostic::new(
                Code::SilentTopic,
                name.span,
                format!("alarms cannot reach `{}`: {why}", name.node),
            )
            .help("give it a declared `key`, or leave its key out: who may publish is said by its policy"),
        );
    }

    fn condition(
        &mut self,
        condition: &ast::AlarmCondition,
        topics: &[ResourceId],
    ) -> Option<Alarm> {
        let word = &condition.metric;
        let Some(measure) = metric::find(&word.node) else {
            let words: Vec<&str> = metric::MEASURES.iter().map(|m| m.word).collect();
            let diagnostic = Diagnostic::new(
                Code::UnknownMeasure,
                word.span,
                format!("no alarm watches `{}`", word.node),
            );
            let near = find_nearest(&word.node, words.iter().copied());
            self.report(match near {
                Some(near) => diagnostic.nearest(word.span, &word.node, near),
                None => {
                    let words: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
                    diagnostic.help(format!("there are {}", words.join(", ")))
                }
            });
            return None;
        };
        let above = match (&condition.above, measure.bound) {
            (Some(written), bound) => self.alarm_bound(written, bound, &word.node)?,
            (None, Bound::Count) => 0.0,
            (None, bound) => {
                let example = match bound {
                    Bound::Bytes => "500MB",
                    _ => "2h",
                };
                self.report(
                    Diagnostic::new(
                        Code::AlarmBound,
                        word.span,
                        format!("`{}` needs a bound", word.node),
                    )
                    .help(format!("`alarm {} > {example}`", word.node)),
                );
                return None;
            }
        };
        Some(Alarm {
            measure,
            above,
            notify: topics.to_vec(),
            span: word.span,
        })
    }

    fn alarm_bound(&mut self, written: &ast::Expr, bound: Bound, word: &str) -> Option<f64> {
        let what = format!("the bound of `{word}`");
        let ty = match bound {
            Bound::Count => Type::Number,
            Bound::Bytes => Type::Size,
            Bound::Longer(_) | Bound::Nothing | Bound::Lasting => Type::Duration,
        };
        let value = expr::check(&mut self.scope, written, Some(&ty));
        if !require_time(&mut self.scope, &value, Time::Build, &what) {
            return None;
        }
        let number = match value.as_literal() {
            Some(Literal::Number(number)) => number.as_f64()?,
            _ => return None,
        };
        let fine = match bound {
            Bound::Count | Bound::Bytes => number >= 0.0,
            Bound::Longer(_) => number > 0.0,
            Bound::Nothing | Bound::Lasting => can_look_back(number as u64),
        };
        if fine {
            if ty == Type::Duration {
                warn_of_bare_seconds(&mut self.scope, written);
            }
            return Some(number);
        }
        self.report(
            Diagnostic::new(
                Code::AlarmBound,
                value.span,
                format!("{what} cannot be this"),
            )
            .help(match bound {
                Bound::Count | Bound::Bytes => "it is 0 or more",
                Bound::Longer(_) => "it is longer than nothing",
                Bound::Nothing | Bound::Lasting => {
                    "an alarm looks back a day at most, in whole minutes, or a week, in whole hours"
                }
            }),
        );
        None
    }

    pub(super) fn release(&mut self, ast: &ast::Release) -> Option<Release> {
        let alias = &ast.alias;
        if alias.node.len() > 80 {
            self.report(Diagnostic::new(
                Code::SettingValue,
                alias.span,
                "an alias has at most 80 characters",
            ));
            return None;
        }
        let gradual = match &ast.gradual {
            None => None,
            Some(gradual) => Some(self.gradual(gradual)?),
        };
        Some(Release {
            alias: alias.node.clone(),
            gradual,
        })
    }

    fn gradual(&mut self, ast: &ast::Gradual) -> Option<Gradual> {
        let percent = expr::check(&mut self.scope, &ast.percent, Some(&Type::Int));
        let interval = expr::check(&mut self.scope, &ast.interval, Some(&Type::Duration));
        let percent = self.whole(&percent, "the part that is shifted", 1, (1, 99), "%")?;
        let minutes = self.whole(&interval, "the interval", MINUTE, (1, 2_100), " minutes")?;
        warn_of_bare_seconds(&mut self.scope, &ast.interval);
        Some(Gradual {
            linear: ast.linear,
            percent,
            minutes,
        })
    }

    fn whole(
        &mut self,
        value: &Expr,
        what: &str,
        unit: u64,
        range: (u64, u64),
        of: &str,
    ) -> Option<u64> {
        if !require_time(&mut self.scope, value, Time::Build, what) {
            return None;
        }
        let given = match value.as_literal() {
            Some(Literal::Number(number)) => number.as_u64(),
            _ => None,
        };
        let units = given.filter(|g| g.is_multiple_of(unit)).map(|g| g / unit);
        let fine = units.filter(|units| (range.0..=range.1).contains(units));
        if fine.is_none() {
            self.report(Diagnostic::new(
                Code::SettingValue,
                value.span,
                format!("{what} is from {} to {}{of}", range.0, range.1),
            ));
        }
        fine
    }
}

/// Whether an alarm can look back so long.
fn can_look_back(seconds: u64) -> bool {
    match seconds {
        0 => false,
        seconds if seconds <= DAY => seconds.is_multiple_of(MINUTE),
        seconds => seconds <= LOOK_BACK && seconds.is_multiple_of(HOUR),
    }
}

/// Lets each step call under a role of its own: the first word of a state's name is its step.
pub(super) fn give_roles(id: PipelineId, body: &mut Block) {
    for_each_stage_mut(body, &mut |stage| {
        let step = stage
            .name
            .base
            .split('.')
            .next()
            .unwrap_or_default()
            .to_owned();
        let StageKind::Call(call) = &mut stage.kind else {
            return;
        };
        // An activity calls nothing; an HTTP endpoint is called by the machine itself.
        let by_machine =
            matches!(call.target, Target::Activity(_)) || call.operation.service == "http";
        if call.credentials.is_some() || by_machine {
            return;
        }
        call.credentials = Some(Expr {
            kind: ExprKind::Deploy(Deploy::StepRole(id, step)),
            ty: Type::String,
            time: Time::Deploy,
            span: call.span,
        });
    });
}
