//! Types of expressions.

use std::sync::Arc;

use crate::catalog::resource::ResourceKind;
use crate::catalog::shape::Shape;

#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Fits everywhere, and silences nothing around it.
    Any,
    /// Has had its diagnostic; causes no other.
    Invalid,
    /// Of an expression without a value: `fail`, `return`.
    Never,
    Null,
    Bool,
    Int,
    Number,
    String,
    /// An ISO-8601 string.
    Timestamp,
    /// Seconds; fits where an int does.
    Duration,
    /// Bytes; fits where an int does.
    Size,
    /// One of these strings. An open one (an API's enum) may get further values.
    Enum(Arc<EnumType>),
    List(Arc<Type>),
    Object(Arc<ObjectType>),
    /// An object whose keys are data.
    Map(Arc<Type>),
    /// The value or null (a missing member is null). Never nested.
    Optional(Arc<Type>),
    /// Two or more types that have no common one.
    Union(Arc<Vec<Type>>),
    /// A declared resource, or a parameter of its kind.
    Resource(ResourceKindRef),
    Regex,
    /// A type of an API, looked into when needed.
    Shape(Shape),
}

/// A resource kind, compared by its word.
#[derive(Clone, Copy, Debug)]
pub struct ResourceKindRef(pub &'static ResourceKind);

impl PartialEq for ResourceKindRef {
    fn eq(&self, other: &Self) -> bool {
        self.0.word == other.0.word
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct EnumType {
    pub values: Vec<String>,
    pub open: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ObjectType {
    pub fields: Vec<FieldType>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FieldType {
    pub name: String,
    pub ty: Type,
    /// May be missing; reading it gives an optional type.
    pub optional: bool,
}

impl Type {
    pub fn list(element: Type) -> Type {
        Type::List(Arc::new(element))
    }

    /// The type or null; of a type that has null already, itself.
    pub fn optional(ty: Type) -> Type {
        match ty {
            Type::Optional(_) | Type::Null | Type::Any | Type::Invalid | Type::Never => ty,
            ty => Type::Optional(Arc::new(ty)),
        }
    }

    pub fn object(fields: impl IntoIterator<Item = (String, Type, bool)>) -> Type {
        Type::Object(Arc::new(ObjectType {
            fields: fields
                .into_iter()
                .map(|(name, ty, optional)| FieldType { name, ty, optional })
                .collect(),
        }))
    }

    /// Whether null (or a missing value) is among its values.
    pub fn is_nullable(&self) -> bool {
        match self {
            Type::Null | Type::Any | Type::Optional(_) => true,
            Type::Union(members) => members.iter().any(Type::is_nullable),
            _ => false,
        }
    }
}
