//! The derived tables: one compressed frame a service, or a namespace of resource types, decoded where it is looked at.
//!
//! `scripts/catalog/frame.py` writes the format and describes it. Knows nothing of curated integrations.

use std::cell::RefCell;
use std::sync::Arc;

use zstd::bulk::Decompressor;

use super::lines::find_line;
use super::shape::{Paging, RawMember, ShapeKind};

const INDEX: &str = include_str!("derived/index.tsv");
const FRAMES: &[u8] = include_bytes!("derived/services.bin");

/// A line of the index; its columns are described in `scripts/catalog/derive.py`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub name: &'static str,
    pub error_prefix: &'static str,
    pub iam_prefix: &'static str,
    /// The service's name in botocore and on the command line.
    pub folder: &'static str,
    pub documented: bool,
    pub operations: usize,
    pub frame: Packed,
}

/// A frame as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    bytes: &'static [u8],
    decoded_size: usize,
}

impl Packed {
    /// From the three columns that say where it starts, its size and its size when decoded.
    pub fn read(
        frames: &'static [u8],
        columns: &mut impl Iterator<Item = &'static str>,
    ) -> Option<Self> {
        let mut number = || columns.next()?.parse::<usize>().ok();
        let (start, size, decoded_size) = (number()?, number()?, number()?);
        Some(Self {
            bytes: frames.get(start..start + size)?,
            decoded_size,
        })
    }

    fn decompress(self) -> Vec<u8> {
        thread_local! {
            /// Its tables are larger than most frames: they are made once.
            static DECOMPRESSOR: RefCell<Decompressor<'static>> =
                RefCell::new(Decompressor::new().expect("there is memory for it"));
        }
        DECOMPRESSOR
            .with_borrow_mut(|zstd| zstd.decompress(self.bytes, self.decoded_size))
            .expect("the frame was compressed by the catalog's script")
    }
}

/// All services, sorted by name; decodes none.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    INDEX.lines().filter_map(row)
}

/// The row of a service, by its name.
pub(super) fn find_row(name: &str) -> Option<Row> {
    find_line(INDEX, name).and_then(row)
}

fn row(line: &'static str) -> Option<Row> {
    let mut columns = line.split('\t');
    Some(Row {
        name: columns.next()?,
        error_prefix: columns.next()?,
        iam_prefix: columns.next()?,
        folder: columns.next()?,
        documented: columns.next()? == "y",
        operations: columns.next()?.parse().ok()?,
        frame: Packed::read(FRAMES, &mut columns)?,
    })
}

/// How a table spells the members of its structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As SDK integrations do: `DbInstanceIdentifier`.
    Java,
    /// As optimized integrations do: the API's name with its first letter raised (`BOOL`, `AwsvpcConfiguration`).
    Api,
}

/// The decoded frame of one service: strings, shapes and operations are read from it one by one.
#[derive(Debug, Default)]
pub(super) struct Frame {
    bytes: Vec<u8>,
    /// Where each string starts in `bytes`, each shape, and the record of each operation.
    strings: Vec<u32>,
    shapes: Vec<u32>,
    operations: Vec<u32>,
    /// The strings that are the operations' names; sorted by what they say.
    names: Vec<u32>,
}

/// What the frame says of an operation, or of a resource type.
#[derive(Debug, Default)]
pub(super) struct OperationRecord<'a> {
    pub refused: Option<&'a str>,
    pub input: Option<u32>,
    pub output: Option<u32>,
    pub errors: Vec<ErrorRecord<'a>>,
    /// In the notation of `Grant::parse`.
    pub grants: Vec<&'a str>,
    /// Dependent actions that no argument bounds.
    pub dependents: Vec<&'a str>,
}

#[derive(Debug)]
pub(super) struct ErrorRecord<'a> {
    /// As SDK integrations name it, without the service's prefix.
    pub name: &'a str,
    /// The shape's name in the API.
    pub api_name: &'a str,
    pub transient: bool,
}

impl Frame {
    pub fn decode(packed: Packed) -> Arc<Frame> {
        let bytes = packed.decompress();
        let mut frame = Frame {
            bytes,
            ..Frame::default()
        };
        let mut reader = Reader::new(&frame, 0);
        let [strings, shapes, operations] = [(); 3].map(|()| reader.number() as usize);
        let sizes = |reader: &mut Reader<'_>, count| -> Vec<u32> {
            (0..count).map(|_| reader.index()).collect()
        };
        let mut string_places = sizes(&mut reader, strings);
        let mut shape_places = sizes(&mut reader, shapes);
        let (names, mut operation_places): (Vec<u32>, Vec<u32>) = (0..operations)
            .map(|_| (reader.index(), reader.index()))
            .unzip();
        let mut at = reader.at as u32;
        // A string ends where the next one starts, the last one where the first shape does.
        string_places.push(0);
        let places = [
            &mut string_places[..],
            &mut shape_places,
            &mut operation_places,
        ];
        for place in places.into_iter().flatten() {
            at += std::mem::replace(place, at);
        }
        frame.strings = string_places;
        frame.shapes = shape_places;
        frame.operations = operation_places;
        frame.names = names;
        Arc::new(frame)
    }

    pub fn shape_count(&self) -> usize {
        self.shapes.len()
    }

    fn string(&self, index: usize) -> &str {
        let [start, end] = [index, index + 1].map(|i| self.strings[i] as usize);
        str::from_utf8(&self.bytes[start..end]).expect("the script wrote UTF-8")
    }

    pub fn operation_count(&self) -> usize {
        self.operations.len()
    }

    /// Sorted.
    pub fn operation_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| self.string(*name as usize))
    }

    pub fn find_operation(&self, name: &str) -> Option<OperationRecord<'_>> {
        let index = self.find_index(name)?;
        Some(self.operation(self.operations[index]))
    }

    /// The place of an operation among all.
    pub fn find_index(&self, name: &str) -> Option<usize> {
        self.names
            .binary_search_by(|own| self.string(*own as usize).cmp(name))
            .ok()
    }

    fn operation(&self, at: u32) -> OperationRecord<'_> {
        let mut reader = Reader::new(self, at);
        let bits = reader.number();
        let refused = (bits & 4 != 0).then(|| reader.string());
        let input = (bits & 1 != 0).then(|| reader.index());
        let output = (bits & 2 != 0).then(|| reader.index());
        let errors = reader.list(|reader| ErrorRecord {
            name: reader.string(),
            api_name: reader.string(),
            transient: reader.number() == 1,
        });
        let grants = reader.list(Reader::string);
        let dependents = reader.list(Reader::string);
        OperationRecord {
            refused,
            input,
            output,
            errors,
            grants,
            dependents,
        }
    }

    fn shape_reader(&self, index: usize) -> Reader<'_> {
        Reader::new(self, self.shapes[index])
    }

    /// The pattern of a string, and what it names (`AWS::IAM::Role.Arn`, several joined by blanks); each may be empty.
    pub fn notes(&self, index: usize) -> (&str, &str) {
        let mut reader = self.shape_reader(index);
        match reader.number() {
            STRING_WITH_NOTES => reader.notes(),
            _ => ("", ""),
        }
    }

    pub fn shape(&self, index: usize, spelling: Spelling) -> ShapeKind {
        let mut reader = self.shape_reader(index);
        match reader.number() {
            tag @ (0 | 1) => ShapeKind::Structure {
                members: reader.list(|reader| reader.member(spelling)),
                union: tag == 1,
            },
            2 => {
                let element = reader.index();
                let (min, max) = reader.range(Reader::number);
                ShapeKind::List { element, min, max }
            }
            3 => {
                let value = reader.index();
                let key = reader.index().checked_sub(1);
                let (min, max) = reader.range(Reader::number);
                ShapeKind::Map {
                    key,
                    value,
                    min,
                    max,
                }
            }
            tag @ (4 | STRING_WITH_NOTES) => {
                if tag == STRING_WITH_NOTES {
                    reader.notes();
                }
                let values = reader.list(|reader| reader.string().to_owned());
                let (min, max) = reader.range(Reader::number);
                ShapeKind::String { values, min, max }
            }
            5 => {
                let (min, max) = reader.range(Reader::signed);
                ShapeKind::Integer { min, max }
            }
            6 => {
                let (min, max) = reader.range(Reader::float);
                ShapeKind::Number { min, max }
            }
            7 => ShapeKind::Boolean,
            8 => ShapeKind::Timestamp,
            9 => ShapeKind::Blob,
            _ => ShapeKind::Json,
        }
    }
}

const STRING_WITH_NOTES: u64 = 11;

const REQUIRED: u64 = 1;
const TOKEN: u64 = 2;
const DEPRECATED: u64 = 4;
const API_NAME: u64 = 8;
const API_LOWER: u64 = 16;
const PAGE: u64 = 32;
const NEXT_PAGE: u64 = 64;
const PAGE_SIZE: u64 = 128;

struct Reader<'a> {
    frame: &'a Frame,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(frame: &'a Frame, at: u32) -> Self {
        Self {
            frame,
            at: at as usize,
        }
    }

    fn number(&mut self) -> u64 {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.frame.bytes[self.at];
            self.at += 1;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }

    fn index(&mut self) -> u32 {
        self.number() as u32
    }

    fn string(&mut self) -> &'a str {
        self.frame.string(self.number() as usize)
    }

    fn notes(&mut self) -> (&'a str, &'a str) {
        (self.string(), self.string())
    }

    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.number()).map(|_| read(self)).collect()
    }

    fn signed(&mut self) -> i64 {
        let number = self.number();
        (number >> 1) as i64 ^ -((number & 1) as i64)
    }

    fn float(&mut self) -> f64 {
        let bytes = std::array::from_fn(|i| self.frame.bytes[self.at + i]);
        self.at += size_of::<f64>();
        f64::from_le_bytes(bytes)
    }

    fn range<T>(&mut self, read: impl Fn(&mut Self) -> T) -> (Option<T>, Option<T>) {
        let bits = self.number();
        let min = (bits & 1 != 0).then(|| read(self));
        let max = (bits & 2 != 0).then(|| read(self));
        (min, max)
    }

    fn member(&mut self, spelling: Spelling) -> RawMember {
        let java = self.string();
        let bits = self.number();
        let api = if bits & API_NAME != 0 {
            Some(self.string().to_owned())
        } else {
            (bits & API_LOWER != 0).then(|| first_letter(java, char::to_ascii_lowercase))
        };
        let shape = self.index();
        let (name, api_name) = match (spelling, api) {
            (Spelling::Java, api) => (java.to_owned(), api),
            (Spelling::Api, Some(api)) => {
                let name = first_letter(&api, char::to_ascii_uppercase);
                // Where they are the same, the other spelling is the SDK's.
                let other = if api == name { java.to_owned() } else { api };
                (name, Some(other))
            }
            (Spelling::Api, None) => (java.to_owned(), None),
        };
        RawMember {
            name,
            api_name,
            shape,
            // Step Functions' SDK fills idempotency tokens in (by the published examples; AWS documents it nowhere).
            required: bits & REQUIRED != 0 && bits & TOKEN == 0,
            deprecated: bits & DEPRECATED != 0,
            any_json: false,
            idempotency_token: bits & TOKEN != 0,
            json_text: false,
            paging: match bits & (PAGE | NEXT_PAGE | PAGE_SIZE) {
                0 => None,
                PAGE => Some(Paging::Page),
                PAGE_SIZE => Some(Paging::Size),
                _ => Some(Paging::Next),
            },
        }
    }
}

fn first_letter(name: &str, change: fn(&char) -> char) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map(|c| change(&c))
        .into_iter()
        .chain(chars)
        .collect()
}
