//! CloudFormation's resource types: their properties and attributes.
//!
//! From cfn-lint's bundle of the schemas for us-east-1. What they demand across properties is left out, and so are patterns
//! in a dialect of their own; where a schema allows several forms of one value, any JSON may stand.

use std::sync::{Arc, OnceLock};

use super::lines::find_line;
use super::on_demand::OnDemand;
use super::shape::{Shape, ShapeKind, ShapeTable};
use super::table::{Frame, Packed, Spelling};

const INDEX: &str = include_str!("derived/types.tsv");
const FRAMES: &[u8] = include_bytes!("derived/types.bin");

/// A type that a template can hold: `AWS::Glue::Job`.
#[derive(Debug)]
pub struct ResourceType {
    pub name: String,
    /// What the template sets.
    pub properties: Shape,
    /// What `Fn::GetAtt` gives, dotted where it is nested.
    pub attributes: Shape,
    /// Properties whose change replaces the resource.
    pub create_only: Vec<CreateOnly>,
    /// Where it is replaced, the old one goes before the new one is made.
    pub goes_first: bool,
    /// Properties or attributes that name the resource; what `Ref` gives, save for older types.
    pub identifier: Vec<String>,
}

/// A property that is given when a resource is made, and then no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateOnly {
    /// `Name`, `TableInput/Name`, `Fleets/*/Type`
    pub path: String,
    pub replacement: Replacement,
}

/// Whether a change replaces the resource, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replacement {
    Never,
    /// Under conditions that the schema does not say.
    Sometimes,
    Always,
}

impl CreateOnly {
    fn read(text: &str) -> Self {
        let (path, replacement) = match text.strip_prefix('?') {
            Some(path) => (path, Replacement::Sometimes),
            None => (text, Replacement::Always),
        };
        Self {
            path: path.to_owned(),
            replacement,
        }
    }
}

/// The types of one service, as `AWS::Glue`.
struct Namespace {
    name: &'static str,
    /// Sorted.
    types: Vec<(&'static str, OnceLock<ResourceType>)>,
    packed: Packed,
    decoded: OnceLock<(Arc<Frame>, ShapeTable)>,
}

static NAMESPACES: OnDemand<Namespace> = OnDemand::new();

/// By its full name.
pub fn find_type(name: &str) -> Option<&'static ResourceType> {
    let (namespace, own) = name.rsplit_once("::")?;
    let read = || {
        let (name, columns) = find_line(INDEX, namespace)?.split_once('\t')?;
        Some((name, Namespace::read(name, columns)?))
    };
    NAMESPACES.find(namespace, read)?.find(own)
}

impl ResourceType {
    /// Whether a change of this property, or of a part of it, always replaces the resource.
    pub fn is_create_only(&self, property: &str) -> bool {
        let always = |only: &&CreateOnly| only.replacement == Replacement::Always;
        let mut rules = self.create_only.iter().filter(always);
        rules.any(|only| only.path.split('/').next() == Some(property))
    }

    /// Whether only the service sets a property (dotted where it is nested).
    pub fn is_read_only(&self, property: &str) -> bool {
        self.attributes.find_member(property).is_some()
    }

    /// How the type takes tags; None when it takes none.
    pub fn tagging(&self) -> Option<Tagging> {
        let tags = self.properties.find_member("Tags")?.shape;
        match tags.kind() {
            ShapeKind::List { element, .. } => {
                let entry = tags.at(*element);
                let pairs =
                    entry.find_member("Key").is_some() && entry.find_member("Value").is_some();
                let more = entry
                    .members()
                    .any(|m| m.raw.required && !matches!(m.raw.name.as_str(), "Key" | "Value"));
                (pairs && !more).then_some(Tagging::List)
            }
            ShapeKind::Map { .. } | ShapeKind::Json => Some(Tagging::Map),
            _ => None,
        }
    }
}

/// The form of a type's `Tags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagging {
    /// `[{ Key, Value }]`
    List,
    /// `{ key: value }`
    Map,
}

/// All full names; decodes no type.
pub fn type_names() -> impl Iterator<Item = String> {
    INDEX.lines().flat_map(|line| {
        let (name, rest) = line.split_once('\t').unwrap_or((line, ""));
        let types = rest.rsplit('\t').next().unwrap_or_default();
        types.split(' ').map(move |own| format!("{name}::{own}"))
    })
}

impl Namespace {
    fn read(name: &'static str, columns: &'static str) -> Option<Self> {
        let mut columns = columns.split('\t');
        let packed = Packed::read(FRAMES, &mut columns)?;
        let types = columns.next()?.split(' ');
        Some(Self {
            name,
            types: types.map(|own| (own, OnceLock::new())).collect(),
            packed,
            decoded: OnceLock::new(),
        })
    }

    fn find(&'static self, own: &str) -> Option<&'static ResourceType> {
        let at = self
            .types
            .binary_search_by(|(name, _)| (*name).cmp(own))
            .ok()?;
        let (_, slot) = &self.types[at];
        Some(slot.get_or_init(|| self.decode(own)))
    }

    fn decode(&'static self, own: &str) -> ResourceType {
        let (frame, table) = self.decoded.get_or_init(|| {
            let frame = Frame::decode(self.packed);
            let table = ShapeTable::new(self.name, Spelling::Java, frame.clone(), 0);
            (frame, table)
        });
        let record = frame.find_operation(own).unwrap_or_default();
        let shape = |index: Option<u32>| index.map_or_else(Shape::empty, |i| Shape::new(table, i));
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        ResourceType {
            name: format!("{}::{own}", self.name),
            properties: shape(record.input),
            attributes: shape(record.output),
            goes_first: record.grants.contains(&"!"),
            create_only: (record.grants.iter().filter(|text| **text != "!"))
                .map(|text| CreateOnly::read(text))
                .collect(),
            identifier: owned(record.dependents),
        }
    }
}
