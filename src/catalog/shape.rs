//! The types of arguments and results, as the API's model gives them, in Step Functions' spelling.

/// A handle to a type in a service's table; cheap to copy, compared by identity.
#[derive(Clone, Copy)]
pub struct Shape {
    table: &'static ShapeTable,
    index: u32,
}

/// The shapes of one service: derived ones first, curated ones behind.
#[derive(Debug, Default)]
pub struct ShapeTable {
    pub(super) shapes: Vec<ShapeKind>,
    pub(super) service: &'static str,
}

/// One type; other shapes by their index in the same table.
#[derive(Debug, Clone)]
pub enum ShapeKind {
    Structure {
        members: Vec<RawMember>,
        /// Exactly one member is given.
        union: bool,
    },
    List {
        element: u32,
        min: Option<u64>,
        max: Option<u64>,
    },
    Map {
        value: u32,
    },
    /// `values` is empty unless it is an enum; enums are open in practice.
    String {
        values: Vec<String>,
        min: Option<u64>,
        max: Option<u64>,
    },
    Integer {
        min: Option<i64>,
        max: Option<i64>,
    },
    Number,
    Boolean,
    /// An ISO-8601 string.
    Timestamp,
    /// A string in ASL.
    Blob,
    /// Any JSON.
    Json,
}

#[derive(Debug, Clone)]
pub struct RawMember {
    pub name: String,
    /// The API reference's spelling where it differs: `DBInstanceIdentifier` beside `DbInstanceIdentifier`.
    pub api_name: Option<String>,
    pub shape: u32,
    pub required: bool,
    pub deprecated: bool,
    /// The integration takes more than the API: an object where the API wants text.
    pub any_json: bool,
}

/// A member of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub raw: &'static RawMember,
    pub shape: Shape,
}

impl Shape {
    pub fn new(table: &'static ShapeTable, index: u32) -> Self {
        Self { table, index }
    }

    pub fn kind(self) -> &'static ShapeKind {
        &self.table.shapes[self.index as usize]
    }

    /// The service whose model it is from.
    pub fn service(self) -> &'static str {
        self.table.service
    }

    /// The shape at another index of the same table, as kinds name their parts.
    pub fn at(self, index: u32) -> Shape {
        Shape { index, ..self }
    }

    /// Members of a structure, in the model's order; empty for everything else.
    pub fn members(self) -> impl Iterator<Item = Member> {
        let members: &'static [RawMember] = match self.kind() {
            ShapeKind::Structure { members, .. } => members,
            _ => &[],
        };
        members.iter().map(move |raw| Member {
            raw,
            shape: self.at(raw.shape),
        })
    }

    /// By either spelling.
    pub fn find_member(self, name: &str) -> Option<Member> {
        self.members()
            .find(|m| m.raw.name == name || m.raw.api_name.as_deref() == Some(name))
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.table, other.table) && self.index == other.index
    }
}

impl Eq for Shape {}

impl std::hash::Hash for Shape {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.table.service.hash(state);
        self.index.hash(state);
    }
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.table.service, self.index)
    }
}
