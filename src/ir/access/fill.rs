//! Fills a grant's holes with what the arguments say.

use std::collections::BTreeSet;

use super::{Accesses, Condition, Need, Problem, Reason};
use crate::catalog::grant::{ArnPart, ArnTemplate, Grant, GrantSource, Hole, Reading, When};
use crate::catalog::machine;
use crate::catalog::resource::{self, RefForm};
use crate::ir::pattern::trace::{self, Choices, Node, Tracer};
use crate::ir::pattern::{Pattern, Piece};
use crate::ir::{Arguments, Call, Deploy, Expr, ExprKind};
use crate::source::Span;

/// What a hole's path begins with.
pub(super) enum Value<'a> {
    Expr(&'a Expr),
    /// `*` and `?` in it are wildcards: the author's own pattern.
    Wildcards(&'a Expr),
    /// A key's beginning, without its last slash.
    Folder(&'a Expr),
    /// All keys that begin so.
    Prefix(&'a Expr),
    /// The data files beside an inventory's manifest: `…/DATE/manifest.json` → `…/data/*`.
    InventoryData(&'a Expr),
    Pattern(Pattern),
}

pub(super) struct Filler<'f, 'a> {
    pub tracer: &'a Tracer<'a>,
    /// The service and the operation of the call; empty for what is none.
    pub service: &'f str,
    pub operation: &'f str,
    pub members: &'f [(String, Value<'a>)],
    pub within: Option<&'a Expr>,
}

enum Found<'a> {
    Absent,
    /// Its text, and where it was written.
    Given(Pattern, Option<Span>, Node<'a>),
}

/// A name in a grant that is not one text.
struct Open {
    path: String,
    span: Option<Span>,
    reading: Reading,
    /// The part of it that the grant names.
    part: Pattern,
    /// It comes from the deployment whole, a name or an ARN.
    late: bool,
    actions: Vec<String>,
}

/// What a call gives for a hole.
struct Given {
    value: Pattern,
    span: Option<Span>,
    /// By the name of a declared resource.
    declared: bool,
}

/// What one run of a grant came to.
#[derive(Default)]
struct Run {
    open: Vec<Open>,
    problems: Vec<Problem>,
}

/// The author's bound, and the members that it stands for.
struct Bound {
    pattern: Pattern,
    paths: BTreeSet<String>,
}

impl<'a> Filler<'_, 'a> {
    /// A template by itself; None when something that it needs is not given.
    pub fn pattern(&self, template: &ArnTemplate) -> Option<Pattern> {
        let grant = Grant {
            actions: Vec::new(),
            resources: Vec::new(),
            conditions: Vec::new(),
            when: None,
            source: GrantSource::Documented,
        };
        let mut choices = Choices::default();
        self.template(template, &grant, None, &mut choices, &mut Run::default())
    }

    pub fn fill(&self, grants: &[Grant], reason: &Reason, found: &mut Accesses) {
        let mut open = Vec::new();
        let mut problems = Vec::new();
        let mut needs = self.needs(grants, reason, None, &mut open, &mut problems);
        if let Some(within) = self.within {
            let pattern = self.tracer.constant(within).with_wildcards();
            match self.bound(pattern, within.span, &open, &mut problems) {
                Some(bound) => {
                    open.clear();
                    problems.clear();
                    needs = self.needs(grants, reason, Some(&bound), &mut open, &mut problems);
                }
                // Said already, of the bound.
                None => open.clear(),
            }
        }
        for open in open.into_iter().filter(|o| o.part.is_unbounded()) {
            let kinds = resource::named_kinds(self.service, &open.path);
            problems.push(Problem::Unbounded {
                declare: kinds.first().copied().filter(|_| open.late),
                member: open.path,
                span: open.span.unwrap_or(reason.span),
                actions: open.actions,
            });
        }
        found.needs.extend(needs);
        for problem in problems {
            merge_problem(problem, &mut found.problems);
        }
    }

    /// Decides what `within` bounds: the one name that is unknown, else the one that is known in part.
    fn bound(
        &self,
        pattern: Pattern,
        span: Span,
        open: &[Open],
        problems: &mut Vec<Problem>,
    ) -> Option<Bound> {
        if pattern.is_unbounded() {
            problems.push(Problem::WithinTooWide { span });
            return None;
        }
        let paths = |unbounded: bool| -> BTreeSet<String> {
            open.iter()
                .filter(|o| o.part.is_unbounded() == unbounded)
                .map(|o| o.path.clone())
                .collect()
        };
        let mut candidates = paths(true);
        if candidates.is_empty() {
            candidates = paths(false);
        }
        match candidates.len() {
            0 => {
                problems.push(Problem::WithinNeedless { span });
                return None;
            }
            1 => {}
            _ => {
                problems.push(Problem::WithinAmbiguous {
                    span,
                    members: candidates.into_iter().collect(),
                });
                return None;
            }
        }
        for open in open.iter().filter(|o| candidates.contains(&o.path)) {
            let allowed = self.tracer.read(open.reading, pattern.clone());
            if !open.part.overlaps(&allowed) {
                problems.push(Problem::WithinContradicts {
                    span,
                    member: open.path.clone(),
                    argument: open.span.unwrap_or(span),
                });
                return None;
            }
            if allowed.covers(&open.part) {
                problems.push(Problem::WithinNeedless { span });
                return None;
            }
        }
        Some(Bound {
            pattern,
            paths: candidates,
        })
    }

    fn needs(
        &self,
        grants: &[Grant],
        reason: &Reason,
        bound: Option<&Bound>,
        open: &mut Vec<Open>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Need> {
        let mut needs: Vec<Need> = Vec::new();
        for grant in grants {
            let first = needs.len();
            let runs = trace::each(|choices| {
                let mut run = Run::default();
                let need = self.need(grant, reason, bound, choices, &mut run);
                (need, run)
            });
            for (need, run) in runs {
                open.extend(run.open);
                problems.extend(run.problems);
                let Some(need) = need else { continue };
                match needs[first..]
                    .iter_mut()
                    .find(|n| n.conditions == need.conditions)
                {
                    Some(same) => {
                        for resource in need.resources {
                            if !same.resources.contains(&resource) {
                                same.resources.push(resource);
                            }
                        }
                    }
                    None => needs.push(need),
                }
            }
        }
        needs
    }

    /// None when the call does not need the grant.
    fn need(
        &self,
        grant: &Grant,
        reason: &Reason,
        bound: Option<&Bound>,
        choices: &mut Choices<'a>,
        run: &mut Run,
    ) -> Option<Need> {
        if let Some(when) = &grant.when
            && !self.holds(when, choices)
        {
            return None;
        }
        let mut fill = |template: &ArnTemplate| self.template(template, grant, bound, choices, run);
        let mut resources: Vec<Pattern> = grant
            .resources
            .iter()
            .filter_map(&mut fill)
            .map(|arn| self.tracer.in_own_words(arn))
            .collect();
        if grant.resources.is_empty() {
            resources.push(Pattern::any());
        } else if resources.is_empty() {
            return None;
        }
        let conditions = grant
            .conditions
            .iter()
            .filter_map(|condition| {
                let value = fill(&condition.value)?;
                let operator = match condition.operator.as_str() {
                    "StringEquals" if !value.is_exact() => "StringLike",
                    operator => operator,
                };
                Some(Condition {
                    operator: operator.to_owned(),
                    key: condition.key.clone(),
                    value,
                })
            })
            .collect();
        Some(Need {
            actions: grant.actions.clone(),
            resources,
            conditions,
            assumed: grant.source == GrantSource::Assumed,
            step: None,
            reason: reason.clone(),
        })
    }

    fn holds(&self, when: &When, choices: &mut Choices<'a>) -> bool {
        match when {
            When::Given(path) => matches!(self.find(path, choices), Found::Given(..)),
            When::Absent(path) => match self.find(path, choices) {
                Found::Absent => true,
                Found::Given(_, _, node) => self.tracer.may_be_null(node),
            },
            When::OneOf(path, values) => match self.find(path, choices) {
                Found::Absent => false,
                Found::Given(pattern, ..) => pattern
                    .as_text()
                    .is_none_or(|text| values.iter().any(|value| value == text)),
            },
        }
    }

    /// None when an argument that it needs is not given.
    fn template(
        &self,
        template: &ArnTemplate,
        grant: &Grant,
        bound: Option<&Bound>,
        choices: &mut Choices<'a>,
        run: &mut Run,
    ) -> Option<Pattern> {
        let mut filled = Pattern::default();
        for (at, part) in template.parts.iter().enumerate() {
            let ArnPart::Member(hole) = part else {
                self.tracer.push_part(&mut filled, part);
                continue;
            };
            match self.find(&hole.path, choices) {
                Found::Absent => filled.append(absent(hole)?),
                Found::Given(_, _, node)
                    if self.tracer.may_be_null(node)
                        && self.tracer.takes_null(&hole.path, choices) =>
                {
                    filled.append(absent(hole)?);
                }
                Found::Given(value, span, node) => {
                    let declared = self.is_declared_name(node, choices);
                    let is_name = value.as_text().is_some() && !value.is_arn();
                    if hole.reading == Reading::Arn && is_name {
                        run.problems.push(Problem::NotAnArn {
                            member: hole.path.clone(),
                            span: span.unwrap_or_default(),
                        });
                    }
                    let given = Given {
                        value,
                        span,
                        declared,
                    };
                    let value = self.open(hole, given, grant, bound, run);
                    // Nothing is called by no name: a call with it cannot be meant.
                    if value.is_empty() {
                        return None;
                    }
                    let whole_arn = matches!(
                        hole.reading,
                        Reading::Arn | Reading::NameOrArn | Reading::Revised
                    ) && (value.is_arn()
                        || hole.reading == Reading::Arn && is_late(&value));
                    if whole_arn {
                        filled = value;
                        let is_hole = |part: &ArnPart| matches!(part, ArnPart::Member(_));
                        if !template.parts[at + 1..].iter().any(is_hole) {
                            // A secret's or a stack's ARN has what its name lacks.
                            return Some(filled);
                        }
                    } else {
                        filled.append(value);
                    }
                }
            }
        }
        Some(filled)
    }

    /// Whether a declared resource stands there for its name: then it is one, whatever the deployment fills in.
    fn is_declared_name(&self, node: Node<'a>, choices: &mut Choices<'a>) -> bool {
        let Node::Expr(expr) = node else {
            return false;
        };
        matches!(
            self.tracer.follow(expr, choices),
            Node::Expr(Expr {
                kind: ExprKind::Deploy(Deploy::Resource(_, RefForm::Name)),
                ..
            })
        )
    }

    /// Reads the hole's part of a value, under the author's bound, and notes a name that is not one text.
    fn open(
        &self,
        hole: &Hole,
        given: Given,
        grant: &Grant,
        bound: Option<&Bound>,
        run: &mut Run,
    ) -> Pattern {
        let Given {
            value,
            span,
            declared,
        } = given;
        if declared && hole.reading == Reading::Name && is_late(&value) {
            return value;
        }
        if matches!(hole.reading, Reading::S3Bucket | Reading::S3Key) && is_late(&value) {
            run.problems.push(Problem::LatePlace {
                member: hole.path.clone(),
                span: span.unwrap_or_default(),
            });
        }
        // A name without its revision is known as well as its author wants it to be.
        let known = hole.reading == Reading::Revised && value.is_exact();
        let late = is_late(&value);
        let part = self.tracer.read(hole.reading, value);
        // Only an id leads to what is made elsewhere.
        let elsewhere = hole.path.contains("->") && part == Pattern::any();
        if known || elsewhere || part.is_exact() || hole.reading == Reading::Id {
            return part;
        }
        let part = match bound {
            Some(bound) if bound.paths.contains(&hole.path) => {
                self.tracer.read(hole.reading, bound.pattern.clone())
            }
            _ => part,
        };
        run.open.push(Open {
            path: hole.path.clone(),
            span,
            reading: hole.reading,
            part: part.clone(),
            late,
            actions: grant.actions.clone(),
        });
        part
    }

    /// Walks a path: members by their dots, `[]` one element, `{}` one key.
    fn find(&self, path: &str, choices: &mut Choices<'a>) -> Found<'a> {
        if let Some((made, argument)) = path.split_once("->") {
            return match self.find(made, choices) {
                Found::Given(_, _, node) => self.find_made(node, argument, choices),
                Found::Absent => Found::Absent,
            };
        }
        let mut steps = path.split('.');
        let first = steps.next().unwrap_or_default();
        let (name, marks) = split_marks(first);
        let Some((_, value)) = self.members.iter().find(|(member, _)| member == name) else {
            return self.find_implied(path, choices);
        };
        let given = |pattern| Found::Given(pattern, None, Node::Unknown);
        let expr = match value {
            Value::Expr(expr) => expr,
            Value::Pattern(pattern) => return given(pattern.clone()),
            Value::Wildcards(expr) => {
                return given(self.tracer.text(expr, choices).with_wildcards());
            }
            Value::Folder(expr) => {
                let folder = self.tracer.text(expr, choices).trim_end("/");
                return Found::Given(folder, Some(expr.span), Node::Expr(expr));
            }
            Value::Prefix(expr) => {
                let mut prefix = self.tracer.text(expr, choices);
                prefix.push(Piece::Any);
                return Found::Given(prefix, Some(expr.span), Node::Expr(expr));
            }
            Value::InventoryData(expr) => {
                let data = inventory_data(self.tracer.text(expr, choices));
                return Found::Given(data, Some(expr.span), Node::Expr(expr));
            }
        };
        self.walk(expr, marks, steps, choices)
    }

    /// What a resource that the call names says in its place: a workgroup's own results.
    fn find_implied(&self, path: &str, choices: &mut Choices<'a>) -> Found<'a> {
        let Some((member, property)) = machine::find_implied(self.service, self.operation, path)
        else {
            return Found::Absent;
        };
        let Some((_, Value::Expr(named))) = self.members.iter().find(|(name, _)| name == member)
        else {
            return Found::Absent;
        };
        let program = self.tracer.program;
        let named = match self.tracer.follow(named, choices) {
            Node::Expr(named) => named,
            _ => named,
        };
        let crate::ir::ExprKind::Deploy(Deploy::Resource(id, _)) = &named.kind else {
            return Found::Absent;
        };
        let mut steps = property.split('.');
        let first = steps.next().unwrap_or_default();
        let creation = program.resource(*id).creation();
        match creation.and_then(|creation| creation.property(first)) {
            Some(value) => self.walk(value, "", steps, choices),
            None => Found::Absent,
        }
    }

    /// Follows what is left of a path.
    fn walk<'p>(
        &self,
        expr: &'a Expr,
        marks: &'p str,
        mut steps: impl Iterator<Item = &'p str>,
        choices: &mut Choices<'a>,
    ) -> Found<'a> {
        let mut node = Node::Expr(expr);
        let mut span = expr.span;
        let mut rest = marks;
        loop {
            while !rest.is_empty() {
                if let Some(after) = rest.strip_prefix("[]") {
                    node = self.tracer.element(node, choices);
                    rest = after;
                } else {
                    // Keys are texts: nothing follows them.
                    return match self.tracer.object_key(node, choices) {
                        Some(key) => Found::Given(key, Some(span), Node::Unknown),
                        None => Found::Absent,
                    };
                }
                if let Node::Expr(at) = node {
                    span = at.span;
                }
            }
            let Some(step) = steps.next() else { break };
            let (name, marks) = split_marks(step);
            node = self.tracer.member(node, name, choices);
            rest = marks;
            if let Node::Expr(at) = node {
                span = at.span;
            }
        }
        match node {
            Node::Absent => Found::Absent,
            Node::Literal(crate::ir::Literal::Null) => Found::Absent,
            Node::Expr(at) if matches!(self.tracer.follow(at, choices), Node::Absent) => {
                Found::Absent
            }
            node => {
                let text = self
                    .made_text(node, choices)
                    .unwrap_or_else(|| self.tracer.node_text(node, choices));
                Found::Given(text, Some(span), node)
            }
        }
    }

    /// An argument of the call that made a value; any, when this pipeline has no such call.
    fn find_made(&self, node: Node<'a>, argument: &str, choices: &mut Choices<'a>) -> Found<'a> {
        match self.tracer.maker(node, choices) {
            Some((call, _)) if call.operation.service == self.service => {
                let members = call_members(call);
                let maker = Filler {
                    members: &members,
                    within: None,
                    ..*self
                };
                maker.find(argument, choices)
            }
            _ => Found::Given(Pattern::any(), None, Node::Unknown),
        }
    }

    /// The pattern of a value that a call of this pipeline made, where its arguments say what it can be.
    fn made_text(&self, node: Node<'a>, choices: &mut Choices<'a>) -> Option<Pattern> {
        let (call, member) = self.tracer.maker(node, choices)?;
        let template = machine::find_result(call.operation.service, &call.operation.name, member)?;
        let members = call_members(call);
        let maker = Filler {
            members: &members,
            within: None,
            service: call.operation.service,
            ..*self
        };
        let mut text = Pattern::default();
        for part in &template.parts {
            match part {
                ArnPart::Member(hole) => match maker.find(&hole.path, choices) {
                    Found::Given(value, ..) => text.append(self.tracer.read(hole.reading, value)),
                    Found::Absent => return None,
                },
                part => self.tracer.push_part(&mut text, part),
            }
        }
        Some(text)
    }
}

/// The arguments of a call by their names.
pub(super) fn call_members(call: &Call) -> Vec<(String, Value<'_>)> {
    match &call.arguments {
        Arguments::Members(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), Value::Expr(value)))
            .collect(),
        Arguments::Value(_) => Vec::new(),
    }
}

fn split_marks(step: &str) -> (&str, &str) {
    step.split_at(step.find(['[', '{']).unwrap_or(step.len()))
}

fn absent(hole: &Hole) -> Option<Pattern> {
    hole.absent
        .as_ref()
        .map(|text| Pattern::text(text).with_wildcards())
}

/// Whether it is one value that only the deployment knows, so that nobody can tell a name from an ARN.
fn is_late(value: &Pattern) -> bool {
    matches!(
        value.as_deploy(),
        Some(Deploy::Param(_) | Deploy::Import(_))
    )
}

fn inventory_data(manifest: Pattern) -> Pattern {
    let folder = |p: Pattern| p.rsplit_once(|c| c == '/').map(|(before, _)| before);
    let mut data = folder(manifest)
        .and_then(folder)
        .map_or_else(Pattern::any, |mut base| {
            base.push(Piece::Text("/".to_owned()));
            base
        });
    data.push(Piece::Text("data/".to_owned()));
    data.push(Piece::Any);
    data
}

/// Adds a problem; one name that is unknown makes one problem, whatever it is needed for.
fn merge_problem(problem: Problem, problems: &mut Vec<Problem>) {
    if let Problem::Unbounded {
        member,
        span,
        actions,
        ..
    } = &problem
        && let Some(Problem::Unbounded { actions: known, .. }) = problems.iter_mut().find(|p| {
            matches!(p, Problem::Unbounded { member: m, span: s, .. } if m == member && s == span)
        })
    {
        for action in actions {
            if !known.contains(action) {
                known.push(action.clone());
            }
        }
        return;
    }
    if !problems.contains(&problem) {
        problems.push(problem);
    }
}
