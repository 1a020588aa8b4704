//! Types of expressions.

mod written;

use std::sync::Arc;

use crate::catalog::resource::ResourceKind;
use crate::catalog::shape::{Shape, ShapeKind};

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
    /// A type of an API, looked into when needed: see [`Type::expand`]. Scalars may stand so too.
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

/// A union of more than this many types says nothing any more.
const MAX_UNION: usize = 8;

impl Type {
    pub fn list(element: Type) -> Type {
        Type::List(Arc::new(element))
    }

    pub fn map(value: Type) -> Type {
        Type::Map(Arc::new(value))
    }

    /// The type or null; of a type that has null already, itself.
    pub fn optional(ty: Type) -> Type {
        match ty {
            Type::Optional(_) | Type::Null | Type::Any | Type::Invalid => ty,
            Type::Never => Type::Null,
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

    /// One of these strings and no other.
    pub fn one_of(values: impl IntoIterator<Item = String>) -> Type {
        Type::Enum(Arc::new(EnumType {
            values: values.into_iter().collect(),
            open: false,
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

    /// Whether null is among its values only because an API's model promises no member of its results.
    pub fn is_nullable_by_model(&self) -> bool {
        matches!(self, Type::Optional(inner) if matches!(**inner, Type::Shape(_)))
    }

    /// A type of an API by what it is, one level deep: a list, a map or a scalar. A structure stays a `Shape`, every
    /// other type as it is. Look at types through this.
    pub fn expand(&self) -> Type {
        let Type::Shape(shape) = self else {
            return self.clone();
        };
        let part = |index: u32| Type::Shape(shape.at(index));
        match shape.kind() {
            ShapeKind::Structure { .. } => self.clone(),
            ShapeKind::List { element, .. } => Type::list(part(*element)),
            ShapeKind::Map { value, .. } => Type::map(part(*value)),
            ShapeKind::String { values, .. } if !values.is_empty() => {
                Type::Enum(Arc::new(EnumType {
                    values: values.clone(),
                    open: true,
                }))
            }
            ShapeKind::String { .. } | ShapeKind::Blob => Type::String,
            ShapeKind::Integer { .. } => Type::Int,
            ShapeKind::Number { .. } => Type::Number,
            ShapeKind::Boolean => Type::Bool,
            ShapeKind::Timestamp => Type::Timestamp,
            ShapeKind::Json => Type::Any,
        }
    }

    /// Whether it is an object with known members: an object type or an API's structure.
    pub fn has_members(&self) -> bool {
        match self {
            Type::Object(_) => true,
            Type::Shape(shape) => shape.has_members(),
            _ => false,
        }
    }

    /// The members of an object type or a structure, in order; empty for everything else.
    pub fn fields(&self) -> Vec<FieldType> {
        match self {
            Type::Object(object) => object.fields.clone(),
            Type::Shape(shape) => shape
                .members()
                .map(|member| FieldType {
                    name: member.raw.name.clone(),
                    ty: if member.raw.any_json {
                        Type::Any
                    } else {
                        Type::Shape(member.shape)
                    },
                    optional: !member.raw.required,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Without null, expanded.
    pub fn non_null(&self) -> Type {
        match self {
            Type::Optional(inner) => inner.expand(),
            Type::Null => Type::Never,
            other => other.expand(),
        }
    }

    /// The type of a member. None: there is no such member. Every member of `any` is `any`.
    pub fn member(&self, name: &str) -> Option<Type> {
        self.find_member(name).map(|(_, ty)| ty)
    }

    /// A member by either of its spellings: the one that is emitted, and the type that reading it has.
    pub fn find_member(&self, name: &str) -> Option<(String, Type)> {
        let same = |ty: Type| Some((name.to_owned(), ty));
        match self {
            Type::Any => same(Type::Any),
            Type::Invalid => same(Type::Invalid),
            Type::Optional(inner) => {
                let by_model = matches!(**inner, Type::Shape(_));
                let (name, ty) = inner.find_member(name)?;
                Some((name, optional_by(by_model, ty)))
            }
            Type::Shape(shape) => match shape.kind() {
                ShapeKind::Structure { .. } => {
                    let member = shape.find_member(name)?;
                    let ty = Type::Shape(member.shape);
                    let ty = if member.raw.required {
                        ty
                    } else {
                        optional_by(true, ty)
                    };
                    Some((member.raw.name.clone(), ty))
                }
                ShapeKind::Map { value, .. } => {
                    same(optional_by(true, Type::Shape(shape.at(*value))))
                }
                ShapeKind::Json => same(Type::Any),
                _ => None,
            },
            Type::Object(object) => {
                let field = object.fields.iter().find(|f| f.name == name)?;
                same(if field.optional {
                    Type::optional(field.ty.clone())
                } else {
                    field.ty.clone()
                })
            }
            Type::Map(value) => same(Type::optional(value.as_ref().clone())),
            Type::Union(members) => {
                let found: Vec<_> = members.iter().map(|m| m.find_member(name)).collect();
                let missing = found.iter().any(Option::is_none);
                let (name, ty) = found
                    .into_iter()
                    .flatten()
                    .reduce(|(name, a), (_, b)| (name, a.join(&b)))?;
                Some((name, if missing { Type::optional(ty) } else { ty }))
            }
            _ => None,
        }
    }

    /// The names of all members, as emitted; empty for what has none or any.
    pub fn member_names(&self) -> Vec<String> {
        match self {
            Type::Optional(inner) => inner.member_names(),
            Type::Shape(shape) => shape.members().map(|m| m.raw.name.clone()).collect(),
            Type::Object(object) => object.fields.iter().map(|f| f.name.clone()).collect(),
            Type::Union(members) => members.iter().flat_map(Type::member_names).collect(),
            _ => Vec::new(),
        }
    }

    /// The type that has the values of both.
    pub fn join(&self, other: &Type) -> Type {
        if self == other {
            return self.clone();
        }
        match (self, other) {
            (Type::Invalid, _) | (_, Type::Invalid) => Type::Invalid,
            (Type::Any, _) | (_, Type::Any) => Type::Any,
            (Type::Never, ty) | (ty, Type::Never) => ty.clone(),
            (Type::Null, ty) | (ty, Type::Null) => Type::optional(ty.clone()),
            (Type::Optional(a), Type::Optional(b)) => Type::optional(a.join(b)),
            (Type::Optional(a), b) | (b, Type::Optional(a)) => Type::optional(a.join(b)),
            (Type::Shape(a), Type::Shape(b)) => {
                // Two recursive structures could be joined for ever.
                if a.has_members() || b.has_members() {
                    union([self, other])
                } else {
                    self.expand().join(&other.expand())
                }
            }
            (Type::Shape(shape), _) if !shape.has_members() => self.expand().join(other),
            (_, Type::Shape(shape)) if !shape.has_members() => self.join(&other.expand()),
            (Type::Int | Type::Duration | Type::Size, Type::Int | Type::Duration | Type::Size) => {
                Type::Int
            }
            (
                Type::Int | Type::Number | Type::Duration | Type::Size,
                Type::Int | Type::Number | Type::Duration | Type::Size,
            ) => Type::Number,
            (Type::Enum(a), Type::Enum(b)) => Type::Enum(Arc::new(EnumType {
                values: a
                    .values
                    .iter()
                    .chain(b.values.iter().filter(|v| !a.values.contains(v)))
                    .cloned()
                    .collect(),
                open: a.open || b.open,
            })),
            (
                Type::String | Type::Enum(_) | Type::Timestamp | Type::Resource(_),
                Type::String | Type::Enum(_) | Type::Timestamp | Type::Resource(_),
            ) => Type::String,
            (Type::List(a), Type::List(b)) => Type::list(a.join(b)),
            (Type::Map(a), Type::Map(b)) => Type::map(a.join(b)),
            (Type::Map(value), object) | (object, Type::Map(value)) if object.has_members() => {
                let fields = object.fields();
                Type::map(
                    fields
                        .iter()
                        .fold(value.as_ref().clone(), |ty, f| ty.join(&f.ty)),
                )
            }
            (a, b) if a.has_members() && b.has_members() => join_objects(&a.fields(), &b.fields()),
            _ => union([self, other]),
        }
    }
}

/// Null by the model stays recognizable: a `Shape` inside, even of a scalar.
fn optional_by(model: bool, ty: Type) -> Type {
    match ty {
        Type::Shape(shape) if matches!(shape.kind(), ShapeKind::Json) => Type::Any,
        Type::Shape(_) if !model => Type::optional(ty.expand()),
        ty => Type::optional(ty),
    }
}

fn join_objects(a: &[FieldType], b: &[FieldType]) -> Type {
    let missing = |field: &FieldType| FieldType {
        optional: true,
        ..field.clone()
    };
    let mut fields: Vec<FieldType> = Vec::new();
    for field in a {
        fields.push(match b.iter().find(|f| f.name == field.name) {
            Some(other) => FieldType {
                name: field.name.clone(),
                ty: field.ty.join(&other.ty),
                optional: field.optional || other.optional,
            },
            None => missing(field),
        });
    }
    for field in b {
        if !a.iter().any(|f| f.name == field.name) {
            fields.push(missing(field));
        }
    }
    Type::Object(Arc::new(ObjectType { fields }))
}

fn union(parts: [&Type; 2]) -> Type {
    let mut members: Vec<Type> = Vec::new();
    for part in parts {
        let flat = match part {
            Type::Union(inner) => inner.as_slice(),
            other => std::slice::from_ref(other),
        };
        for ty in flat {
            if !members.contains(ty) {
                members.push(ty.clone());
            }
        }
    }
    match members.len() {
        1 => members.remove(0),
        n if n > MAX_UNION => Type::Any,
        _ => Type::Union(Arc::new(members)),
    }
}
