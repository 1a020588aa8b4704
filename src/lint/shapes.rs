//! Names whose value is one thing on one way and another on the other.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::{expressions, own_blocks};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{
    Binary, Binding, Block, Call, Expr, ExprKind, Literal, Pipeline, Program, Stage, StageKind,
    Target, Type, VariableId, for_each_stage,
};
use crate::source::Span;

/// A value that a name may have, and where it comes from.
struct Source {
    ty: Type,
    span: Span,
}

/// Members that are read of a name which has them on some of the ways that give it its value, and other members on the
/// others: a handler's own result in the place of the call's, arms that end in different calls.
pub(super) fn two_shapes(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for pipeline in &program.pipelines {
        let sources = find_sources(program, pipeline);
        if sources.is_empty() {
            continue;
        }
        let mut reads = Reads::default();
        for_each_stage(&pipeline.body, &mut |stage| {
            expressions(stage)
                .into_iter()
                .for_each(|expr| reads.look(expr, false));
        });
        for (id, member, span) in &reads.found {
            if reads.tested.contains(&(*id, member.as_str())) {
                continue;
            }
            let Some(sources) = sources.get(id) else {
                continue;
            };
            let has = |source: &&Source| source.ty.find_member(member).is_some();
            let has_not: Vec<&Source> = sources.iter().filter(|source| !has(source)).collect();
            if let (Some(other), true) = (has_not.first(), has_not.len() < sources.len()) {
                let name = &pipeline.variable(*id).name;
                found.push(
                    Diagnostic::new(
                        Code::TwoShapes,
                        *span,
                        format!("`{name}` has two shapes, and only one of them has `{member}`"),
                    )
                    .also(other.span, "this way gives the other, and `null` is read of it")
                    .help(format!(
                        "give out the same members on every way, say what stands for it (`{name}.{member} ?? …`), or bind the other way's value under a name of its own"
                    )),
                );
            }
        }
    }
    found
}

/// The values of each name that one stage alone binds, where they have different members.
fn find_sources(program: &Program, pipeline: &Pipeline) -> BTreeMap<VariableId, Vec<Source>> {
    let mut bound: BTreeMap<VariableId, u32> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for_each_stage(&pipeline.body, &mut |stage| {
        if let StageKind::Assign { variable, .. } = &stage.kind {
            *bound.entry(*variable).or_default() += 1;
        }
        if let Binding::Name(id) = stage.binds {
            *bound.entry(id).or_default() += 1;
            let sources = sources_of(program, stage);
            if sources.len() > 1 {
                found.insert(id, sources);
            }
        }
    });
    // Bound again, a name may have the one shape here and the other there.
    found.retain(|id, _| bound.get(id) == Some(&1));
    found
}

/// What a stage's value may be; nothing where some of it is not known, or has no members.
fn sources_of(program: &Program, stage: &Stage) -> Vec<Source> {
    let mut sources = Vec::new();
    match &stage.kind {
        StageKind::Call(call) => sources.extend(value_of(program, call).map(|ty| Source {
            ty,
            span: stage.span,
        })),
        StageKind::If { .. } | StageKind::Block { .. } => {
            sources.extend(own_blocks(stage).into_iter().filter_map(last));
        }
        _ => return Vec::new(),
    }
    let handlers = stage.guard.catch.iter();
    sources.extend(handlers.filter_map(|handler| last(&handler.block)));
    // What may be null is told of where it is used.
    sources.retain(|source| !matches!(source.ty, Type::Null | Type::Never));
    let known = sources.iter().all(|source| source.ty.has_members());
    if known { sources } else { Vec::new() }
}

fn last(block: &Block) -> Option<Source> {
    let stage = block.stages.last()?;
    Some(Source {
        ty: stage.ty.non_null(),
        span: stage.span,
    })
}

fn value_of(program: &Program, call: &Call) -> Option<Type> {
    let ty = match call.target {
        Target::Function(id) | Target::Activity(id) => program.resource(id).returns.clone(),
        Target::Pipeline(id) => program.pipeline(id).returns.clone(),
        Target::Api if call.value_path.is_empty() => Type::Shape(call.form.result),
        Target::Api => return None,
    };
    Some(ty.non_null())
}

#[derive(Default)]
struct Reads<'a> {
    found: Vec<(VariableId, String, Span)>,
    /// Members that are looked at for null somewhere.
    tested: BTreeSet<(VariableId, &'a str)>,
}

impl<'a> Reads<'a> {
    /// `told`: what is null there is told of by another lint.
    fn look(&mut self, expr: &'a Expr, told: bool) {
        if let Some((id, name)) = member(expr)
            && !told
        {
            self.found.push((id, name.to_owned(), expr.span));
        }
        if let ExprKind::Binary { op, left, right } = &expr.kind {
            let is_null = |side: &Expr| matches!(&side.kind, ExprKind::Literal(Literal::Null));
            let compared =
                matches!(op, Binary::Eq | Binary::Ne) && (is_null(left) || is_null(right));
            if compared || *op == Binary::Coalesce {
                self.tested
                    .extend([left, right].into_iter().filter_map(|side| member(side)));
            }
        }
        let told = matches!(expr.kind, ExprKind::Template(_));
        expr.children()
            .into_iter()
            .for_each(|child| self.look(child, told));
    }
}

/// `name.member`
fn member(expr: &Expr) -> Option<(VariableId, &str)> {
    match &expr.kind {
        ExprKind::Member { base, name } => match base.kind {
            ExprKind::Variable(id) => Some((id, name)),
            _ => None,
        },
        _ => None,
    }
}
