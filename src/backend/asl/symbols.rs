//! The variables of one pipeline: the source's own, then those that lowering makes.

use super::jsonata;
use crate::ir::{Pipeline, Type, VariableId, VariableKind};

#[derive(Debug)]
pub(super) struct Symbols<'p> {
    pipeline: &'p Pipeline,
    made: Vec<Made>,
}

#[derive(Debug)]
struct Made {
    name: String,
    ty: Type,
    place: Option<Place>,
}

/// What is not assigned but stands for a place in `$states`.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// JSONata that can be taken on by a path.
    pub text: String,
    /// There may be nothing.
    pub missing: bool,
}

impl<'p> Symbols<'p> {
    pub fn new(pipeline: &'p Pipeline) -> Self {
        Self {
            pipeline,
            made: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.pipeline.variables.len() + self.made.len()
    }

    /// A variable with a name of its own, which becomes unique later.
    pub fn variable(&mut self, name: impl Into<String>, ty: Type) -> VariableId {
        self.make(name.into(), ty, None)
    }

    /// A place in `$states` that is never empty.
    pub fn place(&mut self, text: impl Into<String>, ty: Type) -> VariableId {
        let place = Place {
            text: text.into(),
            missing: false,
        };
        self.make(String::new(), ty, Some(place))
    }

    /// A place in `$states` where there may be nothing.
    pub fn optional_place(&mut self, text: impl Into<String>, ty: Type) -> VariableId {
        let place = Place {
            text: text.into(),
            missing: true,
        };
        self.make(String::new(), ty, Some(place))
    }

    fn make(&mut self, name: String, ty: Type, place: Option<Place>) -> VariableId {
        self.made.push(Made { name, ty, place });
        VariableId(self.len() as u32 - 1)
    }

    /// The name before it is made unique.
    pub fn name(&self, id: VariableId) -> &str {
        match self.made(id) {
            Some(made) => &made.name,
            None => {
                let variable = self.pipeline.variable(id);
                match variable.kind {
                    // `$error` is a function.
                    VariableKind::Error => "failure",
                    _ => &variable.name,
                }
            }
        }
    }

    pub fn ty(&self, id: VariableId) -> &Type {
        match self.made(id) {
            Some(made) => &made.ty,
            None => &self.pipeline.variable(id).ty,
        }
    }

    /// None for what is assigned.
    pub fn find_place(&self, id: VariableId) -> Option<&Place> {
        self.made(id)?.place.as_ref()
    }

    /// For a place whose text depends on what else is in the input.
    pub fn set_place(&mut self, id: VariableId, text: String) {
        let own = self.pipeline.variables.len();
        if let Some(made) = (id.0 as usize)
            .checked_sub(own)
            .and_then(|at| self.made.get_mut(at))
        {
            made.place = Some(Place {
                text,
                missing: false,
            });
        }
    }

    fn made(&self, id: VariableId) -> Option<&Made> {
        self.made
            .get((id.0 as usize).checked_sub(self.pipeline.variables.len())?)
    }
}

/// The text of a member of a place in `$states`.
pub(super) fn member(place: &str, name: &str) -> String {
    match jsonata::step(name) {
        Some(step) => format!("{place}.{step}"),
        None => format!("$lookup({place}, {})", jsonata::quote(name)),
    }
}
