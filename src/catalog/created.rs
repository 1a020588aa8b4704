//! What a template's resources get beside what their author says: names, defaults, short forms, roles, policies.
//!
//! Reads `created/types.toml` and `created/touched.toml`, which `created/README.md` describes. Knows nothing of programs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::grant::{ArnTemplate, Grant};

const TYPES: &str = include_str!("created/types.toml");
const TOUCHED: &str = include_str!("created/touched.toml");

/// What is known of a type beside its schema.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Creation {
    pub name: Naming,
    pub keep: Keep,
    /// Set where the author sets nothing.
    pub defaults: Map<String, Value>,
    /// A default that is left out when one of these properties is given.
    pub unless: BTreeMap<String, Vec<String>>,
    /// What the service needs and the schema does not ask for: of each list one dotted path has to be given.
    pub needs: Vec<Vec<String>>,
    /// By word: the properties that it stands for, with `$` where its value goes.
    pub short: BTreeMap<String, Map<String, Value>>,
    /// The property that makes it first-in first-out, and its name end in `.fifo`.
    pub fifo: Option<String>,
    pub roles: Vec<Role>,
    pub logs: Option<LogGroup>,
    pub encryption: Option<Encryption>,
    pub policy: Option<ResourcePolicy>,
}

/// What a resource is called when its author says nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Naming {
    /// CloudFormation chooses.
    #[default]
    #[serde(skip)]
    Chosen,
    /// The stack's name, a hyphen, and the name in the program.
    Stack,
    /// The name in the program.
    Own,
}

/// What becomes of a resource when it leaves the stack.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    #[default]
    #[serde(skip)]
    No,
    Retain,
    Snapshot,
}

/// A role that comes along with a resource.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Dotted paths of the properties that take its ARN; `[]` behind one that takes a list. The first is always set, the
    /// others where the object around is given.
    pub property: Vec<String>,
    /// Of its logical name, before `Role`.
    #[serde(default)]
    pub suffix: String,
    /// Who takes it on.
    pub service: String,
    /// The ARN that the service sends along; none where it sends none.
    #[serde(default, deserialize_with = "template")]
    pub source: Option<ArnTemplate>,
    #[serde(default)]
    pub made: Made,
    /// Whether what the author says of `reads` and `writes` is its.
    #[serde(default = "yes")]
    pub touches: bool,
    /// How it works with what it touches: a column of `touched.toml`.
    #[serde(default)]
    pub way: String,
    /// What it needs by the resource's properties, which fill the holes.
    #[serde(default, deserialize_with = "grants")]
    pub grants: Vec<Grant>,
    /// What the word `logs` grants.
    #[serde(default, deserialize_with = "grants")]
    pub logs: Vec<Grant>,
    /// AWS's own policies, by their names behind `policy/`.
    #[serde(default)]
    pub managed: Vec<String>,
    /// The property takes an instance profile.
    #[serde(default)]
    pub profile: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Made {
    #[default]
    #[serde(skip)]
    Always,
    /// When the author says what it touches.
    Said,
}

/// The log group that the word `logs` makes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    #[serde(deserialize_with = "whole_template")]
    pub group: ArnTemplate,
    /// Where its name goes.
    pub property: String,
}

/// How a resource is encrypted with a key of the author's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// The property that names the key.
    pub key: String,
    /// The service that uses the key for its caller: `s3`.
    pub via: String,
    /// The service's own key, for want of another; no other service may use it.
    #[serde(default)]
    pub own: Option<String>,
    /// Actions on the resource that need `kms:Decrypt`.
    #[serde(default)]
    pub decrypt: Vec<String>,
    /// Actions that need `kms:GenerateDataKey` too.
    #[serde(default)]
    pub generate: Vec<String>,
}

/// The resource policy that comes along.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourcePolicy {
    #[serde(rename = "type")]
    pub cfn_type: String,
    /// The property that names the resource, by what `Ref` gives.
    pub property: String,
    /// The property is a list.
    #[serde(default)]
    pub list: bool,
    /// Actions that are denied without TLS.
    pub secure: Vec<String>,
    /// What services are admitted to.
    #[serde(default)]
    pub admit: Option<String>,
    #[serde(deserialize_with = "templates")]
    pub resources: Vec<ArnTemplate>,
}

/// How a resource is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Touching {
    Reads,
    Writes,
    /// Its tables and partitions are read, made and changed.
    Catalog,
}

static KNOWN: LazyLock<BTreeMap<String, Creation>> =
    LazyLock::new(|| toml::from_str(TYPES).expect("a test reads every type"));

/// What is known of a type; nothing, for most.
pub fn find(cfn_type: &str) -> &'static Creation {
    static NOTHING: LazyLock<Creation> = LazyLock::new(Creation::default);
    KNOWN.get(cfn_type).unwrap_or(&NOTHING)
}

/// All types of which something is known.
pub fn known_types() -> impl Iterator<Item = &'static str> {
    KNOWN.keys().map(String::as_str)
}

/// What a role needs that touches a resource of this kind in this way of working. None when such a resource is not touched
/// so.
pub fn find_touched(kind: &str, touching: Touching, way: &str) -> Option<&'static [Grant]> {
    let kind = TOUCHABLE.get(kind)?;
    let column = |touched: &'static Touched| match touching {
        Touching::Reads => touched.reads.as_deref(),
        Touching::Writes => touched.writes.as_deref(),
        Touching::Catalog => touched.catalog.as_deref(),
    };
    let special = kind.ways.iter().find(|(name, _)| name == way);
    special
        .and_then(|(_, touched)| column(touched))
        .or_else(|| column(&kind.plain))
}

/// The kinds that can be touched so, sorted.
pub fn touchable(touching: Touching) -> Vec<&'static str> {
    TOUCHABLE
        .keys()
        .map(String::as_str)
        .filter(|kind| find_touched(kind, touching, "").is_some())
        .collect()
}

#[derive(Debug, Default)]
struct Touchable {
    plain: Touched,
    ways: Vec<(String, Touched)>,
}

#[derive(Debug, Default)]
struct Touched {
    reads: Option<Vec<Grant>>,
    writes: Option<Vec<Grant>>,
    catalog: Option<Vec<Grant>>,
}

static TOUCHABLE: LazyLock<BTreeMap<String, Touchable>> =
    LazyLock::new(|| read_touchable().expect("a test reads every kind"));

fn read_touchable() -> Result<BTreeMap<String, Touchable>, String> {
    let kinds: BTreeMap<String, toml::Table> =
        toml::from_str(TOUCHED).map_err(|error| error.to_string())?;
    kinds
        .into_iter()
        .map(|(kind, table)| {
            let mut touchable = Touchable::default();
            let (ways, plain): (Vec<_>, Vec<_>) =
                table.into_iter().partition(|(_, value)| value.is_table());
            touchable.plain = read_touched(plain)?;
            for (way, value) in ways {
                let toml::Value::Table(table) = value else {
                    continue;
                };
                let touched = read_touched(table.into_iter().collect())?;
                touchable.ways.push((way, touched));
            }
            Ok((kind, touchable))
        })
        .collect()
}

fn read_touched(columns: Vec<(String, toml::Value)>) -> Result<Touched, String> {
    let mut touched = Touched::default();
    for (column, value) in columns {
        let lines: Vec<String> = value.try_into().map_err(|error| format!("{error}"))?;
        let grants: Result<Vec<Grant>, String> = lines
            .iter()
            .map(|line| Grant::parse(line, |_| None))
            .collect();
        let place = match column.as_str() {
            "reads" => &mut touched.reads,
            "writes" => &mut touched.writes,
            "catalog" => &mut touched.catalog,
            other => return Err(format!("`{other}` is no way to touch")),
        };
        *place = Some(grants?);
    }
    Ok(touched)
}

fn yes() -> bool {
    true
}

fn grants<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Grant>, D::Error> {
    let lines = Vec::<String>::deserialize(deserializer)?;
    lines
        .iter()
        .map(|line| Grant::parse(line, |_| None))
        .collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}

fn whole_template<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<ArnTemplate, D::Error> {
    let text = String::deserialize(deserializer)?;
    ArnTemplate::parse(&text).map_err(serde::de::Error::custom)
}

fn template<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ArnTemplate>, D::Error> {
    whole_template(deserializer).map(Some)
}

fn templates<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ArnTemplate>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts
        .iter()
        .map(|text| ArnTemplate::parse(text))
        .collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::cloudformation;
    use crate::catalog::resource;

    /// The property at a dotted path, lists looked through.
    fn has_property(shape: crate::catalog::shape::Shape, path: &str) -> bool {
        use crate::catalog::shape::ShapeKind;
        let mut at = shape;
        for step in path.split('.') {
            let (name, marks) = step.split_at(step.find('[').unwrap_or(step.len()));
            if matches!(at.kind(), ShapeKind::Json) {
                return true;
            }
            let Some(member) = at.find_member(name) else {
                return false;
            };
            at = member.shape;
            if !marks.is_empty()
                && let ShapeKind::List { element, .. } = at.kind()
            {
                at = at.at(*element);
            }
        }
        true
    }

    #[test]
    fn every_type_is_one_of_cloudformations_and_has_the_properties_that_are_named() {
        for (name, creation) in KNOWN.iter() {
            let known = cloudformation::find_type(name).expect(name);
            let mut paths: Vec<&str> = creation.defaults.keys().map(String::as_str).collect();
            paths.extend(
                creation
                    .short
                    .values()
                    .flat_map(|s| s.keys().map(String::as_str)),
            );
            paths.extend(creation.unless.keys().map(String::as_str));
            paths.extend(creation.unless.values().flatten().map(String::as_str));
            paths.extend(creation.fifo.iter().map(String::as_str));
            paths.extend(creation.needs.iter().flatten().map(String::as_str));
            paths.extend(creation.encryption.iter().map(|e| e.key.as_str()));
            paths.extend(creation.logs.iter().map(|l| l.property.as_str()));
            for role in &creation.roles {
                paths.extend(role.property.iter().map(String::as_str));
                let holes = role.grants.iter().flat_map(|g| &g.resources);
                for hole in holes.flat_map(ArnTemplate::holes) {
                    let known_otherwise = matches!(hole.path.as_str(), "Nodes" | "Name");
                    assert!(
                        known_otherwise || has_property(known.properties, &hole.path),
                        "{name} has no {}",
                        hole.path
                    );
                }
            }
            for path in paths {
                assert!(has_property(known.properties, path), "{name} has no {path}");
            }
            if let Some(policy) = &creation.policy {
                let policy_type = cloudformation::find_type(&policy.cfn_type).expect(name);
                assert!(has_property(policy_type.properties, &policy.property));
            }
        }
    }

    #[test]
    fn a_short_form_is_no_property() {
        for (name, creation) in KNOWN.iter() {
            let known = cloudformation::find_type(name).expect(name);
            for word in creation.short.keys() {
                assert!(
                    known.properties.find_member(word).is_none(),
                    "{name}.{word}"
                );
            }
        }
    }

    #[test]
    fn every_touchable_kind_is_one() {
        for kind in TOUCHABLE.keys() {
            assert!(resource::find_kind(kind).is_some(), "{kind}");
        }
        assert!(find_touched("bucket", Touching::Reads, "spark").is_some());
        assert!(find_touched("topic", Touching::Reads, "").is_none());
    }
}
