//! What the roles need that come along with made resources: a job's, a function's, a crawler's.
//!
//! From what the author says the resource touches, from its properties, and nothing else.

use super::fill::{Filler, Value};
use super::{Accesses, Reason, catalog_names, keys};
use crate::catalog::created::{self, Role, Touching};
use crate::catalog::resource::RefForm;
use crate::ir::pattern::trace::Tracer;
use crate::ir::pattern::{Pattern, Piece};
use crate::ir::{Creation, Deploy, Part, Program, Resource, ResourceId};

/// What one of a made resource's roles needs; of a resource that is a role itself, what that needs.
pub fn find_service_accesses(program: &Program, id: ResourceId, role: Option<&Role>) -> Accesses {
    let mut found = Accesses::default();
    let resource = program.resource(id);
    let Some(creation) = resource.creation() else {
        return found;
    };
    let tracer = &Tracer::outside(program);
    let members = members(tracer, id, resource, creation);
    if let Some(role) = role {
        let filler = filler(tracer, &members);
        let reason = |what: &str| Reason {
            span: resource.span,
            stage: String::new(),
            what: what.to_owned(),
        };
        filler.fill(&role.grants, &reason(&resource.name), &mut found);
        if let Some(span) = creation.logs {
            let reason = Reason {
                span,
                ..reason(&format!("{} logs", resource.name))
            };
            filler.fill(&role.logs, &reason, &mut found);
        }
    }
    if role.is_none_or(|role| role.touches) {
        touches(tracer, resource, creation, role, &mut found);
    }
    keys::add_encrypted(tracer, 0, &mut found.needs);
    found
}

fn touches<'a>(
    tracer: &'a Tracer<'a>,
    resource: &Resource,
    creation: &'a Creation,
    role: Option<&Role>,
    found: &mut Accesses,
) {
    let way = role.map_or("", |role| role.way.as_str());
    for touch in &creation.touches {
        let touched = tracer.program.resource(touch.resource);
        let Some(grants) = created::find_touched(touched.kind.word, touch.touching, way) else {
            continue;
        };
        let arn = tracer.resource(touch.resource, RefForm::Arn);
        let name = tracer.resource(touch.resource, RefForm::Name);
        let mut members = vec![
            ("Arn".to_owned(), Value::Pattern(arn)),
            ("Name".to_owned(), Value::Pattern(name)),
        ];
        let (database, table) = catalog_names(tracer, touch.resource, touch.path.as_ref());
        members.extend(database.map(|d| ("Database".to_owned(), Value::Pattern(d))));
        members.extend(table.map(|t| ("Table".to_owned(), t)));
        if let Some(path) = &touch.path {
            members.push(("Path".to_owned(), Value::Wildcards(path)));
        }
        let verb = match touch.touching {
            Touching::Reads => "reads",
            Touching::Writes => "writes",
            Touching::Catalog => "catalog",
        };
        let reason = Reason {
            span: touch.span,
            stage: String::new(),
            what: format!("{} {verb} {}", resource.name, touched.name),
        };
        filler(tracer, &members).fill(grants, &reason, found);
    }
}

fn filler<'f, 'a>(tracer: &'a Tracer<'a>, members: &'f [(String, Value<'a>)]) -> Filler<'f, 'a> {
    Filler {
        tracer,
        service: "",
        operation: "",
        members,
        within: None,
    }
}

/// What fills the holes of a type's grants: its properties, its name, and what comes along with it.
fn members<'a>(
    tracer: &Tracer<'a>,
    id: ResourceId,
    resource: &Resource,
    creation: &'a Creation,
) -> Vec<(String, Value<'a>)> {
    let about = created::find(&resource.cfn_type);
    let mut members: Vec<(String, Value<'a>)> = creation
        .properties
        .iter()
        .map(|(name, value)| (name.clone(), Value::Expr(value)))
        .collect();
    if !creation.properties.iter().any(|(name, _)| name == "Name")
        && let Some(name) = name_of(tracer, resource, creation)
    {
        members.push(("Name".to_owned(), Value::Pattern(name)));
    }
    for (at, role) in about.roles.iter().enumerate() {
        if !role.suffix.is_empty() && creation.roles.iter().any(|own| std::ptr::eq(*own, role)) {
            let arn = Pattern::from(Deploy::Part(id, Part::Role(at)));
            members.push((role.suffix.clone(), Value::Pattern(arn)));
        }
    }
    if creation.logs.is_some() && about.logs.is_some() {
        let mut arn = Pattern::text("arn:");
        for piece in [
            Piece::Deploy(Deploy::Partition),
            Piece::Text(":logs:".to_owned()),
            Piece::Deploy(Deploy::Region),
            Piece::Text(":".to_owned()),
            Piece::Deploy(Deploy::Account),
            Piece::Text(":log-group:".to_owned()),
            Piece::Deploy(Deploy::Part(id, Part::LogGroup)),
        ] {
            arn.push(piece);
        }
        members.push(("LogGroup".to_owned(), Value::Pattern(arn)));
    }
    members
}

/// The name, as far as it is known before the resource is made.
fn name_of<'a>(
    tracer: &Tracer<'a>,
    resource: &Resource,
    creation: &'a Creation,
) -> Option<Pattern> {
    let given = || creation.property(resource.kind.name_property);
    let name = creation.name.as_ref().or_else(given)?;
    Some(tracer.constant(name))
}

/// The ARN that a service sends along when it takes on a resource's role.
pub fn trust_source(program: &Program, id: ResourceId, role: &Role) -> Option<Pattern> {
    let resource = program.resource(id);
    let creation = resource.creation()?;
    let tracer = &Tracer::outside(program);
    let members = members(tracer, id, resource, creation);
    filler(tracer, &members).pattern(role.source.as_ref()?)
}

/// The name of the log group that comes along with a resource.
pub fn log_group(program: &Program, id: ResourceId) -> Option<Pattern> {
    let resource = program.resource(id);
    let creation = resource.creation()?;
    let logs = created::find(&resource.cfn_type).logs.as_ref()?;
    let tracer = &Tracer::outside(program);
    let members = members(tracer, id, resource, creation);
    filler(tracer, &members).pattern(&logs.group)
}
