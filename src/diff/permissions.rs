//! Permissions gained, lost, widened and narrowed, compared as sets of actions, resources and conditions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::Side;
use super::change::Place;
use super::policy::{self, Grant};
use crate::backend::cfn::names::{Labels, Names};
use crate::backend::cfn::value::placeholders;
use crate::backend::report::{self, Permissions, RolePermissions};
use crate::ir::access;
use crate::ir::{Program, ResourceId};

/// What a role may do now and could not do before, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PermissionChange {
    /// Whose permission it is: a pipeline, `load on schedule`, `job clean`; else by its name in the template.
    pub holder: String,
    pub kind: PermissionKind,
    /// More is allowed than before.
    pub wider: bool,
    /// It forbids: more of it allows less.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub denies: bool,
    /// Who may, in a policy of a resource or of who takes a role on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub principal: String,
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// What it was, of what is wider or narrower now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Scope>,
    pub needed_by: Vec<Need>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionKind {
    Widened,
    Gained,
    Narrowed,
    Lost,
}

/// What a permission is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Scope {
    pub resource: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
}

/// A step that asks for a permission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Need {
    /// Empty for what the pipeline itself needs.
    pub step: String,
    /// `s3.getObject`, `log`
    pub what: String,
    pub place: Place,
}

/// All changes of two templates, those that allow more first.
pub(super) fn compare(old: Option<&Side>, new: Option<&Side>) -> Vec<PermissionChange> {
    let read = |side: Option<&Side>| {
        let grants = side.map(|side| policy::grants(&side.output.template));
        let known = side.map(|side| Known {
            permissions: report::permissions(side.program, &side.output.definitions, side.sources),
            asked: asked(side),
        });
        (grants.unwrap_or_default(), known)
    };
    let kept = new.map(|side| &side.output.template["Resources"]);
    let ((old, old_reasons), (new, new_reasons)) = (read(old), read(new));
    let holders: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let none = Vec::new();
    let mut changes = Vec::new();
    for holder in holders {
        let before = old.get(holder).unwrap_or(&none);
        let after = new.get(holder).unwrap_or(&none);
        if before == after {
            continue;
        }
        let (was, is) = (
            Reasons::of(old_reasons.as_ref(), before),
            Reasons::of(new_reasons.as_ref(), after),
        );
        let known = is.name().or(was.name());
        let name = known.map_or_else(|| holder.clone(), str::to_owned);
        let (old_index, new_index) = (Index::new(before), Index::new(after));
        let mut rows = Vec::new();
        for grant in after.iter().filter(|grant| !old_index.covers(grant)) {
            let narrower = old_index.covered_by(grant);
            let kind = if narrower.is_empty() {
                PermissionKind::Gained
            } else {
                PermissionKind::Widened
            };
            rows.push(row(&name, kind, grant, &narrower, (&is, &was)));
        }
        for grant in before.iter().filter(|grant| !new_index.covers(grant)) {
            let narrower = new_index.covered_by(grant);
            if narrower.is_empty() {
                let mut lost = row(&name, PermissionKind::Lost, grant, &[], (&was, &is));
                // What is gone needs nobody kept from it.
                lost.wider &= !is_about_none_of(grant, kept);
                rows.push(lost);
            }
            for now in narrower {
                rows.push(row(
                    &name,
                    PermissionKind::Narrowed,
                    now,
                    &[grant],
                    (&is, &was),
                ));
            }
        }
        changes.extend(join(rows));
    }
    changes.sort_by(|a, b| {
        let key = |c: &PermissionChange| (!c.wider, c.kind, c.holder.clone());
        key(a).cmp(&key(b))
    });
    changes
}

/// Whether all resources of a template that a grant is about are gone.
fn is_about_none_of(grant: &Grant, kept: Option<&Value>) -> bool {
    let named: Vec<&str> = placeholders(&grant.resource)
        .filter(|name| !name.contains(':'))
        .collect();
    let is_kept = |name: &&str| kept.is_some_and(|resources| resources.get(name).is_some());
    !named.is_empty() && !named.iter().any(is_kept)
}

/// Grants by action: those of another action cover nothing of it, but for wildcards.
struct Index<'g> {
    all: &'g [Grant],
    by_action: BTreeMap<String, Vec<&'g Grant>>,
    /// Of actions with wildcards.
    wide: Vec<&'g Grant>,
}

impl<'g> Index<'g> {
    fn new(all: &'g [Grant]) -> Self {
        let mut index = Self {
            all,
            by_action: BTreeMap::new(),
            wide: Vec::new(),
        };
        for grant in all {
            index
                .by_action
                .entry(grant.action.to_ascii_lowercase())
                .or_default()
                .push(grant);
            if grant.action.contains(['*', '?']) {
                index.wide.push(grant);
            }
        }
        index
    }

    fn of(&self, action: &str) -> &[&'g Grant] {
        self.by_action
            .get(&action.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    fn covers(&self, grant: &Grant) -> bool {
        let mut candidates = self.of(&grant.action).iter().chain(&self.wide);
        candidates.any(|other| *other == grant || other.covers(grant))
    }

    fn covered_by(&self, grant: &Grant) -> Vec<&'g Grant> {
        if grant.action.contains(['*', '?']) {
            self.all
                .iter()
                .filter(|other| grant.covers(other))
                .collect()
        } else {
            self.of(&grant.action)
                .iter()
                .copied()
                .filter(|other| grant.covers(other))
                .collect()
        }
    }
}

fn row(
    holder: &str,
    kind: PermissionKind,
    grant: &Grant,
    before: &[&Grant],
    (own, other): (&Reasons, &Reasons),
) -> PermissionChange {
    // Several may need one statement: those that need it on this side alone say why it differs.
    let mut needed_by = own.find(grant);
    let elsewhere = other.of_action(&grant.action);
    let here_only = |need: &Need| !elsewhere.contains(&(need.step.as_str(), need.what.as_str()));
    if needed_by.iter().any(here_only) {
        needed_by.retain(here_only);
    }
    let more = matches!(kind, PermissionKind::Gained | PermissionKind::Widened);
    PermissionChange {
        holder: holder.to_owned(),
        kind,
        wider: more == grant.allows,
        denies: !grant.allows,
        principal: grant.who.clone(),
        actions: vec![grant.action.clone()],
        resources: vec![grant.resource.clone()],
        conditions: conditions(grant),
        before: before
            .iter()
            .map(|grant| Scope {
                resource: grant.resource.clone(),
                conditions: conditions(grant),
            })
            .collect::<BTreeSet<Scope>>()
            .into_iter()
            .collect(),
        needed_by,
    }
}

fn conditions(grant: &Grant) -> Vec<String> {
    let written = grant.conditions.iter().map(|condition| {
        let values = condition.values.join(" or ");
        format!("{} {} {values}", condition.key, condition.operator)
    });
    written.collect()
}

/// One row for the actions that change alike, and for the resources on which they do.
fn join(rows: Vec<PermissionChange>) -> Vec<PermissionChange> {
    let by_actions = group(
        rows,
        &mut |row| std::mem::take(&mut row.actions),
        &|row, more| {
            row.actions.extend(more);
        },
    );
    group(
        by_actions,
        &mut |row| std::mem::take(&mut row.resources),
        &|row, more| {
            row.resources.extend(more);
        },
    )
}

/// Joins rows that are equal but for one part.
fn group(
    rows: Vec<PermissionChange>,
    take: &mut dyn FnMut(&mut PermissionChange) -> Vec<String>,
    add: &dyn Fn(&mut PermissionChange, Vec<String>),
) -> Vec<PermissionChange> {
    let mut places: BTreeMap<PermissionChange, usize> = BTreeMap::new();
    let mut parts: Vec<(PermissionChange, Vec<String>)> = Vec::new();
    for mut row in rows {
        let part = take(&mut row);
        match places.get(&row) {
            Some(place) => parts[*place].1.extend(part),
            None => {
                places.insert(row.clone(), parts.len());
                parts.push((row, part));
            }
        }
    }
    let whole = parts.into_iter().map(|(mut row, part)| {
        add(&mut row, part);
        row
    });
    whole.collect()
}

/// Why a side's permissions are there.
struct Known {
    permissions: Permissions,
    asked: Asked,
}

/// By action and resource, before statements were joined: the steps and what in them asks for it.
type Asked = BTreeMap<(String, String), BTreeSet<(String, String)>>;

fn asked(side: &Side) -> Asked {
    let Side {
        program, output, ..
    } = side;
    let names = Names::new(program);
    let mut asked = Asked::new();
    let mut add = |needs: Vec<access::Need>, labels: &Labels| {
        for need in needs {
            let texts = need
                .resources
                .iter()
                .flat_map(|r| names.each_plain(r, labels));
            for text in texts.collect::<Vec<_>>() {
                for action in &need.actions {
                    let by = asked.entry((action.clone(), text.clone())).or_default();
                    by.insert((need.reason.stage.clone(), need.reason.what.clone()));
                }
            }
        }
    };
    let none = Labels::new();
    for (i, pipeline) in program.pipelines.iter().enumerate() {
        let labels = output
            .definitions
            .get(i)
            .map_or(&none, |definition| &definition.labels);
        add(access::find_accesses(program, pipeline).needs, labels);
        for trigger in &pipeline.settings.triggers {
            add(
                access::find_start_accesses(program, pipeline, trigger).needs,
                &none,
            );
        }
    }
    for needs in service_needs(program) {
        add(needs, &none);
    }
    asked
}

/// What the roles of the template's own resources need.
fn service_needs(program: &Program) -> Vec<Vec<access::Need>> {
    let mut found = Vec::new();
    for (id, resource) in (0u32..).map(ResourceId).zip(&program.resources) {
        for role in resource
            .creation()
            .into_iter()
            .flat_map(|creation| &creation.roles)
        {
            found.push(access::find_service_accesses(program, id, Some(role)).needs);
        }
    }
    found
}

/// What needs the grants of one holder.
struct Reasons<'r> {
    role: Option<&'r RolePermissions>,
    known: Option<&'r Known>,
}

impl<'r> Reasons<'r> {
    /// The role whose statements these grants are.
    fn of(known: Option<&'r Known>, grants: &[Grant]) -> Self {
        let permissions = known.map(|known| &known.permissions);
        let pairs = |role: &RolePermissions| -> BTreeSet<(String, String)> {
            let statements = role.statements.iter();
            let pairs = statements.flat_map(|explained| {
                let actions = policy::texts(&explained.statement["Action"]);
                let resources = policy::texts(&explained.statement["Resource"]);
                let on = move |action: String| {
                    let pair = |resource: &String| (action.clone(), resource.clone());
                    resources.iter().map(pair).collect::<Vec<_>>()
                };
                actions.into_iter().flat_map(on)
            });
            pairs.collect()
        };
        let own: BTreeSet<(String, String)> = grants
            .iter()
            .map(|g| (g.action.clone(), g.resource.clone()))
            .collect();
        let roles = permissions
            .into_iter()
            .flat_map(|p| p.pipelines.iter().chain(&p.others));
        let wanted = |role: &&RolePermissions| {
            let said = pairs(role);
            // Beside its statements a role may have policies of AWS's.
            !said.is_empty() && said.is_subset(&own)
        };
        let best = roles
            .filter(wanted)
            .max_by_key(|role| role.statements.len());
        Self { role: best, known }
    }

    fn name(&self) -> Option<&'r str> {
        self.role.map(|role| role.name.as_str())
    }

    /// What needs some grant of an action.
    fn of_action(&self, action: &str) -> BTreeSet<(&'r str, &'r str)> {
        let statements = self.role.into_iter().flat_map(|role| &role.statements);
        let with_action = statements.filter(|explained| {
            policy::texts(&explained.statement["Action"])
                .iter()
                .any(|other| other == action)
        });
        let reasons = with_action.flat_map(|explained| &explained.needed_by);
        reasons
            .map(|by| (by.stage.as_str(), by.what.as_str()))
            .collect()
    }

    fn find(&self, grant: &Grant) -> Vec<Need> {
        let holds = |value: &Value, text: &String| policy::texts(value).contains(text);
        let mut found: BTreeMap<(String, String), Need> = BTreeMap::new();
        for explained in self.role.iter().flat_map(|role| &role.statements) {
            let statement = &explained.statement;
            if holds(&statement["Action"], &grant.action)
                && holds(&statement["Resource"], &grant.resource)
            {
                for by in &explained.needed_by {
                    let need = Need {
                        step: by.stage.clone(),
                        what: by.what.clone(),
                        place: Place {
                            path: by.path.clone(),
                            line: by.line,
                        },
                    };
                    found
                        .entry((by.stage.clone(), by.what.clone()))
                        .or_insert(need);
                }
            }
        }
        // A statement is joined of several needs: those that name this very resource, where one does.
        let asked = self.known.and_then(|known| {
            known
                .asked
                .get(&(grant.action.clone(), grant.resource.clone()))
        });
        if let Some(asked) = asked
            && found.keys().any(|by| asked.contains(by))
        {
            found.retain(|by, _| asked.contains(by));
        }
        found.into_values().collect()
    }
}
