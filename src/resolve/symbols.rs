//! What the files declare, and which of it is visible where.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::Unit;
use crate::source::Span;
use crate::syntax::ast::{self, ItemKind};

/// An item of a file of the compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ItemRef {
    pub unit: usize,
    pub item: usize,
}

/// What a name of a file may mean.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lookup {
    Item(ItemRef),
    /// Items of several used files.
    Ambiguous(ItemRef, ItemRef),
    Missing,
}

/// Types and retry policies stand where no value can, so they have their names for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Space {
    Value,
    Type,
    Policy,
}

#[derive(Debug)]
pub(super) struct Symbols<'u> {
    units: &'u [Unit],
    own: Vec<HashMap<(Space, &'u str), usize>>,
}

impl<'u> Symbols<'u> {
    /// Collects all items; two of one name in a file are reported.
    pub fn new(units: &'u [Unit], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut own = Vec::with_capacity(units.len());
        for unit in units {
            let mut names: HashMap<(Space, &str), usize> = HashMap::new();
            for (at, item) in unit.ast.items.iter().enumerate() {
                let Some((space, name)) = declared(&item.kind) else {
                    continue;
                };
                match names.get(&(space, name.node.as_str())) {
                    Some(first) => {
                        let first = declared(&unit.ast.items[*first].kind);
                        diagnostics.push(duplicate(name, first.map(|(_, name)| name.span)));
                    }
                    None => {
                        names.insert((space, name.node.as_str()), at);
                    }
                }
            }
            own.push(names);
        }
        Self { units, own }
    }

    pub fn units(&self) -> &'u [Unit] {
        self.units
    }

    pub fn item(&self, item: ItemRef) -> &'u ast::Item {
        &self.units[item.unit].ast.items[item.item]
    }

    /// All items of a file.
    pub fn items_of(
        &self,
        unit: usize,
    ) -> impl Iterator<Item = (ItemRef, &'u ast::Item)> + use<'u> {
        self.units[unit]
            .ast
            .items
            .iter()
            .enumerate()
            .map(move |(item, ast)| (ItemRef { unit, item }, ast))
    }

    /// A file's own name hides those of the files that it uses.
    pub fn find(&self, unit: usize, space: Space, name: &str) -> Lookup {
        if let Some(item) = self.own[unit].get(&(space, name)) {
            return Lookup::Item(ItemRef { unit, item: *item });
        }
        let mut found: Option<ItemRef> = None;
        for used in self.used(unit) {
            let Some(item) = self.own[used].get(&(space, name)) else {
                continue;
            };
            let item = ItemRef {
                unit: used,
                item: *item,
            };
            match found {
                // A parameter is one, whichever files declare it.
                Some(first) if self.is_param(first) && self.is_param(item) => {}
                Some(first) => return Lookup::Ambiguous(first, item),
                None => found = Some(item),
            }
        }
        found.map_or(Lookup::Missing, Lookup::Item)
    }

    fn is_param(&self, item: ItemRef) -> bool {
        matches!(self.item(item).kind, ItemKind::Param(_))
    }

    /// The files that a file uses, each once, without itself.
    fn used(&self, unit: usize) -> Vec<usize> {
        let mut used: Vec<usize> = self.units[unit].uses.iter().flatten().copied().collect();
        used.retain(|other| *other != unit);
        used.sort_unstable();
        used.dedup();
        used
    }

    /// The names that are visible in a file, for a nearest one.
    pub fn names(&self, unit: usize, space: Space) -> Vec<String> {
        let mut names: Vec<String> = std::iter::once(unit)
            .chain(self.used(unit))
            .flat_map(|unit| self.own[unit].keys())
            .filter(|(of, _)| *of == space)
            .map(|(_, name)| (*name).to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Where an item's name stands.
    pub fn name_span(&self, item: ItemRef) -> Span {
        let item = self.item(item);
        declared(&item.kind).map_or(item.span, |(_, name)| name.span)
    }
}

/// The name that an item declares.
pub(super) fn declared(item: &ItemKind) -> Option<(Space, &ast::Name)> {
    match item {
        ItemKind::Param(item) => Some((Space::Value, &item.name)),
        ItemKind::Let(item) => Some((Space::Value, &item.name)),
        ItemKind::Fn(item) => Some((Space::Value, &item.name)),
        ItemKind::Resource(item) => Some((Space::Value, &item.name)),
        ItemKind::Step(item) => Some((Space::Value, &item.name)),
        ItemKind::Pipeline(item) => Some((Space::Value, &item.name)),
        ItemKind::Type(item) => Some((Space::Type, &item.name)),
        ItemKind::Retry(item) => Some((Space::Policy, &item.name)),
        ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Invalid => None,
    }
}

pub(super) fn duplicate(name: &ast::Name, first: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        Code::DuplicateName,
        name.span,
        format!("the name `{}` is taken", name.node),
    )
    .help("give one of the two another name");
    match first {
        Some(first) => diagnostic.also(first, "declared here first"),
        None => diagnostic,
    }
}
