//! What the fields of a state see: its data, the context object, the variables.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;

use super::clock::Millis;
use super::data::Data;
use super::jsonata::{Environment, Random, Reserved};
use super::jsonpath::{Missing, Path, Root};

/// The variables of one `States` object while it runs; inner ones see the outer ones' names.
#[derive(Debug, Default)]
pub(super) struct Scope {
    outer: Option<Rc<Scope>>,
    own: RefCell<Vec<(Rc<str>, Data)>>,
}

impl Scope {
    pub fn inner(outer: &Rc<Scope>) -> Self {
        Self {
            outer: Some(Rc::clone(outer)),
            own: RefCell::default(),
        }
    }

    pub fn get(&self, name: &str) -> Option<Data> {
        let own = self.own.borrow();
        match own.iter().find(|(known, _)| **known == *name) {
            Some((_, value)) => Some(value.clone()),
            None => self.outer.as_ref()?.get(name),
        }
    }

    pub fn set(&self, name: &Rc<str>, value: Data) {
        let mut own = self.own.borrow_mut();
        match own.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => own.push((Rc::clone(name), value)),
        }
    }

    /// Bytes of its own variables.
    pub fn size(&self) -> usize {
        self.own
            .borrow()
            .iter()
            .map(|(_, value)| value.size())
            .sum()
    }

    /// Its own variables, in the order in which they were first assigned.
    pub fn own(&self) -> Vec<(Rc<str>, Data)> {
        self.own.borrow().clone()
    }
}

/// What one field of a state can see.
pub(super) struct Scene<'a> {
    /// `$states.input`.
    pub input: &'a Data,
    /// `$` of JSONPath.
    pub root: &'a Data,
    pub result: Option<&'a Data>,
    pub error_output: Option<&'a Data>,
    /// The context object, made when something reads it.
    pub context: &'a dyn Fn() -> Data,
    pub scope: &'a Scope,
    pub now: Millis,
    pub random: &'a Random,
}

impl Environment for Scene<'_> {
    fn variable(&self, name: &str) -> Option<Data> {
        self.scope.get(name)
    }

    fn reserved(&self, member: Reserved) -> Option<Data> {
        match member {
            Reserved::Input => Some(self.input.clone()),
            Reserved::Result => self.result.cloned(),
            Reserved::ErrorOutput => self.error_output.cloned(),
            Reserved::Context => Some((self.context)()),
        }
    }

    fn now(&self) -> Millis {
        self.now
    }

    fn random(&self) -> Random {
        Rc::clone(self.random)
    }
}

impl Scene<'_> {
    /// What a path selects.
    pub fn select(&self, path: &Path) -> Result<Data, Missing> {
        let root = match path.root() {
            Root::Input => Some(self.root.clone()),
            Root::Context => Some((self.context)()),
            Root::Variable(name) => self.scope.get(name),
        };
        let root = root.ok_or_else(|| Missing(format!("No results for path: {}", path.text())))?;
        if path.is_root() {
            return Ok(root);
        }
        path.select_in(&root).map(Data::new)
    }

    /// The value at a path; None when nothing is there.
    pub fn find(&self, path: &Path) -> Option<Value> {
        self.select(path).ok().map(Data::into_json)
    }
}
