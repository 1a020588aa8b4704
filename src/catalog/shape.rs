//! The types of arguments and results, as the API's model gives them, in Step Functions' spelling.

use std::sync::{Arc, LazyLock, OnceLock};

use super::table::{Frame, Spelling};

/// A handle to a type in a service's table; cheap to copy, compared by identity.
#[derive(Clone, Copy)]
pub struct Shape {
    table: &'static ShapeTable,
    index: u32,
}

/// The shapes of one service in one spelling, each decoded when it is first looked at: derived ones first, those of
/// curated operations behind.
#[derive(Debug)]
pub struct ShapeTable {
    service: &'static str,
    spelling: Spelling,
    frame: Arc<Frame>,
    derived: Vec<OnceLock<Box<Chunk>>>,
    /// A list for each operation of the curated file; see [`ShapeTable::curated_index`].
    curated: Vec<OnceLock<Vec<ShapeKind>>>,
}

/// Derived shapes, made room for when one of them is first looked at: most programs look at few.
type Chunk = [OnceLock<ShapeKind>; CHUNK_SIZE];

const CHUNK_SIZE: usize = 64;

/// More than any curated operation needs.
const PLACE_SIZE: usize = 1 << 12;

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
        /// None: any text.
        key: Option<u32>,
        value: u32,
        min: Option<u64>,
        max: Option<u64>,
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
    Number {
        min: Option<f64>,
        max: Option<f64>,
    },
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
    /// Filled in when it is not given: never required.
    pub idempotency_token: bool,
    /// A string that holds JSON: a child execution's output.
    pub json_text: bool,
    pub paging: Option<Paging>,
}

/// What a member is to an operation that answers page by page. Source: botocore's paginators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// Of the answer: a list or a map of which one call gives a page.
    Page,
    /// Of the answer: whether there is another page, or what to ask for it with. Of the call: what asks for it.
    Next,
    /// Of the call: how many a page holds at most.
    Size,
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

    /// Any JSON: what no model describes.
    pub fn any() -> Self {
        Self::plain(0)
    }

    /// A structure without members.
    pub fn empty() -> Self {
        Self::plain(1)
    }

    fn plain(index: u32) -> Self {
        static PLAIN: LazyLock<ShapeTable> = LazyLock::new(|| {
            let table = ShapeTable::new("", Spelling::Java, Arc::default(), 1);
            let empty = ShapeKind::Structure {
                members: Vec::new(),
                union: false,
            };
            table.fill(0, vec![ShapeKind::Json, empty]);
            table
        });
        Self::new(&PLAIN, index)
    }

    pub fn kind(self) -> &'static ShapeKind {
        self.table.kind(self.index as usize)
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

    /// The pattern that a string of a template must match somewhere; None where none is known.
    pub fn pattern(self) -> Option<&'static str> {
        Some(self.table.notes(self.index as usize).0).filter(|pattern| !pattern.is_empty())
    }

    /// What a string of a template names: `AWS::IAM::Role.Arn`.
    pub fn named(self) -> impl Iterator<Item = &'static str> {
        self.table.notes(self.index as usize).1.split_whitespace()
    }

    /// Whether it is a structure.
    pub fn has_members(self) -> bool {
        matches!(self.kind(), ShapeKind::Structure { .. })
    }

    /// By either spelling.
    pub fn find_member(self, name: &str) -> Option<Member> {
        self.members()
            .find(|m| m.raw.name == name || m.raw.api_name.as_deref() == Some(name))
    }
}

impl ShapeTable {
    pub(super) fn new(
        service: &'static str,
        spelling: Spelling,
        frame: Arc<Frame>,
        places: usize,
    ) -> Self {
        let chunks = frame.shape_count().div_ceil(CHUNK_SIZE);
        let derived = (0..chunks).map(|_| OnceLock::new()).collect();
        let curated = (0..places).map(|_| OnceLock::new()).collect();
        Self {
            service,
            spelling,
            frame,
            derived,
            curated,
        }
    }

    fn kind(&self, index: usize) -> &ShapeKind {
        match index.checked_sub(self.frame.shape_count()) {
            None => {
                let chunk = self.derived[index / CHUNK_SIZE]
                    .get_or_init(|| Box::new([const { OnceLock::new() }; CHUNK_SIZE]));
                chunk[index % CHUNK_SIZE].get_or_init(|| self.frame.shape(index, self.spelling))
            }
            Some(at) => {
                let place = self.curated[at / PLACE_SIZE].get();
                &place.expect("a place is filled before its shapes are handed out")[at % PLACE_SIZE]
            }
        }
    }

    fn notes(&self, index: usize) -> (&str, &str) {
        if index < self.frame.shape_count() {
            self.frame.notes(index)
        } else {
            ("", "")
        }
    }

    /// The index that the first shape of a curated operation has.
    pub(super) fn curated_index(&self, place: usize) -> u32 {
        (self.frame.shape_count() + place * PLACE_SIZE) as u32
    }

    /// Gives a curated operation its shapes, once.
    pub(super) fn fill(&self, place: usize, shapes: Vec<ShapeKind>) {
        debug_assert!(shapes.len() <= PLACE_SIZE);
        if shapes.is_empty() {
            return;
        }
        // The second of two threads that decode one operation brings equal shapes.
        let _ = self.curated[place].set(shapes);
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
