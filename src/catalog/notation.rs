//! The short notation of types in curated files.
//!
//! ```text
//! type   = "string" | "int" | "number" | "bool" | "timestamp" | "any"
//!        | '"A" | "B"' | "[" type "]" | "{*: " type "}" | "{ " member, … " }" | path
//! member = Name ["*"] [":" ["json"] type] | "..." path ["without" Name …] | "...sdk"
//! path   = operation [":"] { "." Member | "[]" }
//! ```
//!
//! A path leads into the output of an API operation, with a colon into its input. A member without a type is the
//! API's own; `*` makes it required; `json` lets any JSON stand where the type is text. `...` takes all members of a
//! structure, and `...sdk` those that the SDK adds to results of optimized integrations.

use super::shape::{RawMember, ShapeKind};

/// What a path can lead to: the shapes that a notation may build on.
pub(super) trait Base {
    /// The root shape of an API operation's input or output.
    fn root(&self, operation: &str, input: bool) -> Option<u32>;
    fn kind(&self, index: u32) -> ShapeKind;
}

/// Builds shapes for one curated section, numbered from `first`.
pub(super) struct Builder {
    pub base: Box<dyn Base>,
    pub first: u32,
    pub shapes: Vec<ShapeKind>,
    /// The structure that gives members without a type theirs.
    pub own: Option<u32>,
}

impl Builder {
    /// Reads a type and gives its index.
    pub fn read(&mut self, text: &str) -> Result<u32, String> {
        let mut rest = text.trim();
        let index = self
            .read_type(&mut rest)
            .map_err(|error| format!("`{text}`: {error}"))?;
        if rest.trim().is_empty() {
            Ok(index)
        } else {
            Err(format!("`{text}`: `{rest}` is left over"))
        }
    }

    /// A copy of a structure whose named members are changed.
    pub fn changed(
        &mut self,
        structure: u32,
        names: &[String],
        change: fn(&mut RawMember),
    ) -> Result<u32, String> {
        let ShapeKind::Structure { mut members, union } = self.kind(structure) else {
            return Err("not a structure".to_owned());
        };
        for name in names {
            let member = members.iter_mut().find(|m| m.name == *name);
            change(member.ok_or_else(|| format!("there is no member `{name}`"))?);
        }
        Ok(self.add(ShapeKind::Structure { members, union }))
    }

    fn add(&mut self, kind: ShapeKind) -> u32 {
        self.shapes.push(kind);
        self.first + self.shapes.len() as u32 - 1
    }

    fn kind(&self, index: u32) -> ShapeKind {
        match index.checked_sub(self.first) {
            Some(own) => self.shapes[own as usize].clone(),
            None => self.base.kind(index),
        }
    }

    fn read_type(&mut self, rest: &mut &str) -> Result<u32, String> {
        *rest = rest.trim_start();
        if rest.starts_with('"') {
            return self.read_values(rest);
        }
        if take(rest, "[") {
            let element = self.read_type(rest)?;
            expect(rest, "]")?;
            return Ok(self.add(ShapeKind::List {
                element,
                min: None,
                max: None,
            }));
        }
        if take(rest, "{*:") {
            let value = self.read_type(rest)?;
            expect(rest, "}")?;
            return Ok(self.add(ShapeKind::Map {
                key: None,
                value,
                min: None,
                max: None,
            }));
        }
        if take(rest, "{") {
            return self.read_structure(rest);
        }
        let word = word(rest);
        let kind = match word {
            "string" => ShapeKind::String {
                values: Vec::new(),
                min: None,
                max: None,
            },
            "int" => ShapeKind::Integer {
                min: None,
                max: None,
            },
            "number" => ShapeKind::Number {
                min: None,
                max: None,
            },
            "bool" => ShapeKind::Boolean,
            "timestamp" => ShapeKind::Timestamp,
            "any" => ShapeKind::Json,
            _ => return self.follow(word, rest),
        };
        Ok(self.add(kind))
    }

    fn read_values(&mut self, rest: &mut &str) -> Result<u32, String> {
        let mut values = Vec::new();
        loop {
            expect(rest, "\"")?;
            let (value, after) = rest.split_once('"').ok_or("a quote is open")?;
            values.push(value.to_owned());
            *rest = after;
            if !take(rest, "|") {
                break;
            }
        }
        Ok(self.add(ShapeKind::String {
            values,
            min: None,
            max: None,
        }))
    }

    fn read_structure(&mut self, rest: &mut &str) -> Result<u32, String> {
        let mut members: Vec<RawMember> = Vec::new();
        while !take(rest, "}") {
            if take(rest, "...") {
                let word = word(rest);
                let taken = if word == "sdk" {
                    let any = self.add(ShapeKind::Json);
                    ["SdkHttpMetadata", "SdkResponseMetadata"]
                        .map(|name| plain_member(name, any, true))
                        .to_vec()
                } else {
                    let index = self.follow(word, rest)?;
                    let ShapeKind::Structure { mut members, .. } = self.kind(index) else {
                        return Err(format!("`...{word}` is no structure"));
                    };
                    remove_members(&mut members, rest)?;
                    members
                };
                members.extend(taken);
            } else {
                let member = self.read_member(rest)?;
                // A member written out stands for one of the same name that was taken over.
                members.retain(|m| m.name != member.name);
                members.push(member);
            }
            if !take(rest, ",") {
                expect(rest, "}")?;
                break;
            }
        }
        Ok(self.add(ShapeKind::Structure {
            members,
            union: false,
        }))
    }

    fn read_member(&mut self, rest: &mut &str) -> Result<RawMember, String> {
        let name = word(rest);
        if name.is_empty() {
            return Err(format!("expected a member, found `{rest}`"));
        }
        let required = take(rest, "*");
        let typed = take(rest, ":");
        let any_json = typed && {
            let mut ahead = rest.trim_start();
            let json = word(&mut ahead) == "json";
            if json {
                *rest = ahead;
            }
            json
        };
        let ends = matches!(rest.trim_start().chars().next(), Some(',' | '}'));
        if typed && !ends {
            let shape = self.read_type(rest)?;
            let mut member = plain_member(name, shape, required);
            member.any_json = any_json;
            return Ok(member);
        }
        let own = self.own.map(|own| self.kind(own));
        let Some(ShapeKind::Structure { members, .. }) = own else {
            return Err(format!("`{name}` needs a type"));
        };
        let mut member = members
            .into_iter()
            .find(|m| m.name == name)
            .ok_or_else(|| format!("the API has no member `{name}`"))?;
        member.required |= required;
        member.any_json |= any_json;
        Ok(member)
    }

    fn follow(&mut self, operation: &str, rest: &mut &str) -> Result<u32, String> {
        let input = take(rest, ":");
        let mut index = self
            .base
            .root(operation, input)
            .ok_or_else(|| format!("there is no type or operation `{operation}`"))?;
        loop {
            if rest.starts_with("[]") {
                *rest = &rest[2..];
                match self.kind(index) {
                    ShapeKind::List { element, .. } => index = element,
                    _ => return Err("`[]` follows what is no list".to_owned()),
                }
            } else if rest.starts_with('.') && !rest.starts_with("...") {
                *rest = &rest[1..];
                let name = word(rest);
                let ShapeKind::Structure { members, .. } = self.kind(index) else {
                    return Err(format!("`.{name}` follows what is no structure"));
                };
                let member = members.iter().find(|m| m.name == name);
                index = member
                    .ok_or_else(|| format!("there is no member `{name}`"))?
                    .shape;
            } else {
                return Ok(index);
            }
        }
    }
}

/// Reads `without A B`, when it is there.
fn remove_members(members: &mut Vec<RawMember>, rest: &mut &str) -> Result<(), String> {
    let mut ahead = *rest;
    if word(&mut ahead) != "without" {
        return Ok(());
    }
    *rest = ahead;
    loop {
        let mut ahead = *rest;
        let name = word(&mut ahead);
        if name.is_empty() {
            return Ok(());
        }
        *rest = ahead;
        let at = members.iter().position(|m| m.name == name);
        members.remove(at.ok_or_else(|| format!("there is no member `{name}` to leave out"))?);
    }
}

fn plain_member(name: &str, shape: u32, required: bool) -> RawMember {
    RawMember {
        name: name.to_owned(),
        api_name: None,
        shape,
        required,
        deprecated: false,
        any_json: false,
        idempotency_token: false,
        json_text: false,
        paging: None,
    }
}

fn word<'a>(rest: &mut &'a str) -> &'a str {
    let text = rest.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    let (word, after) = text.split_at(end.unwrap_or(text.len()));
    *rest = after;
    word
}

fn take(rest: &mut &str, token: &str) -> bool {
    match rest.trim_start().strip_prefix(token) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

fn expect(rest: &mut &str, token: &str) -> Result<(), String> {
    if take(rest, token) {
        Ok(())
    } else {
        Err(format!("expected `{token}`, found `{rest}`"))
    }
}
