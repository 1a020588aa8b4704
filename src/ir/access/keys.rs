//! The keys of encrypted resources: whoever reads or writes what is encrypted must be allowed to use the key.

use super::{Condition, Need, Reason};
use crate::catalog::created::{self, Encryption};
use crate::catalog::resource::RefForm;
use crate::ir::pattern::trace::{Choices, Node, Tracer};
use crate::ir::pattern::{Pattern, Piece};
use crate::ir::{Deploy, Expr, ExprKind, Program, Resource, ResourceId};

/// Adds the use of keys to the needs from `first` on.
pub(super) fn add_encrypted(tracer: &Tracer<'_>, first: usize, needs: &mut Vec<Need>) {
    let mut added: Vec<Need> = Vec::new();
    for need in needs.iter().skip(first) {
        for id in need.resources.iter().filter_map(named) {
            let Some((encryption, key)) = find_key(tracer, id) else {
                continue;
            };
            let touched = |actions: &[String]| need.actions.iter().any(|a| actions.contains(a));
            let actions: &[&str] =
                match (touched(&encryption.decrypt), touched(&encryption.generate)) {
                    (_, true) => &["kms:Decrypt", "kms:GenerateDataKey"],
                    (true, false) => &["kms:Decrypt"],
                    (false, false) => continue,
                };
            let name = &tracer.program.resource(id).name;
            let use_of_key = Need {
                actions: actions.iter().map(|a| (*a).to_owned()).collect(),
                resources: vec![key],
                conditions: vec![via(&encryption.via)],
                assumed: false,
                step: need.step.clone(),
                reason: Reason {
                    what: format!("{}, which is encrypted: {name}", need.reason.what),
                    ..need.reason.clone()
                },
            };
            if !added.contains(&use_of_key) {
                added.push(use_of_key);
            }
        }
    }
    needs.extend(added);
}

/// The made resource that an ARN names.
fn named(arn: &Pattern) -> Option<ResourceId> {
    arn.pieces().iter().find_map(|piece| match piece {
        Piece::Deploy(Deploy::Resource(id, _)) => Some(*id),
        _ => None,
    })
}

/// The ARN of the author's key that a made resource is encrypted with. A key of the service's own needs no permission.
pub(super) fn find_key<'a>(
    tracer: &Tracer<'a>,
    id: ResourceId,
) -> Option<(&'static Encryption, Pattern)> {
    let resource: &'a Resource = tracer.program.resource(id);
    let creation = resource.creation()?;
    let encryption = created::find(&resource.cfn_type).encryption.as_ref()?;
    let mut steps = encryption.key.split('.');
    let first = steps.next()?.trim_end_matches("[]");
    let choices = &mut Choices::default();
    let mut node: Node<'a> = Node::Expr(creation.property(first)?);
    for step in steps {
        let name = step.trim_end_matches("[]");
        node = tracer.member(node, name, choices);
        if step.ends_with("[]") {
            node = tracer.element(node, choices);
        }
    }
    let Node::Expr(value) = node else {
        return None;
    };
    Some((encryption, key_arn(tracer, value)?))
}

/// Whether a made resource is encrypted with this declared key.
pub fn is_encrypted_with(program: &Program, id: ResourceId, key: ResourceId) -> bool {
    let tracer = Tracer::outside(program);
    let wanted = tracer.resource(key, RefForm::Arn);
    find_key(&tracer, id).is_some_and(|(_, arn)| arn == wanted)
}

/// A key's ARN; None for an alias or an id, which a permission cannot name.
fn key_arn<'a>(tracer: &Tracer<'a>, value: &'a Expr) -> Option<Pattern> {
    if let ExprKind::Deploy(Deploy::Resource(id, _)) = &value.kind {
        return Some(tracer.resource(*id, RefForm::Arn));
    }
    let arn = tracer.constant(value);
    (arn.is_arn() || matches!(arn.as_deploy(), Some(Deploy::Param(_) | Deploy::Import(_))))
        .then_some(arn)
}

/// The key may be used through this service alone.
fn via(service: &str) -> Condition {
    let mut value = Pattern::text(format!("{service}."));
    value.push(Piece::Deploy(Deploy::Region));
    value.push(Piece::Text(".".to_owned()));
    value.push(Piece::UrlSuffix);
    Condition {
        operator: "StringEquals".to_owned(),
        key: "kms:ViaService".to_owned(),
        value,
    }
}
