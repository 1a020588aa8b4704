//! Evaluates the fields of a state that runs.

use serde_json::Value;

use super::context::Extra;
use super::{Engine, ThreadId};
use crate::simulate::data::Data;
use crate::simulate::definition::{Language, Setting, State};
use crate::simulate::failure::Trouble;
use crate::simulate::jsonpath::Path;
use crate::simulate::scene::Scene;
use crate::simulate::template::{Template, unexpected_type};

/// What a field sees beside the state's input.
#[derive(Clone, Copy, Default)]
pub(super) struct View<'v> {
    /// `$` of JSONPath, where it is not the raw input.
    pub root: Option<&'v Data>,
    pub result: Option<&'v Data>,
    pub error: Option<&'v Data>,
    pub extra: Extra<'v>,
}

impl<'v> View<'v> {
    pub fn rooted(root: &'v Data) -> Self {
        Self {
            root: Some(root),
            ..Self::default()
        }
    }
}

impl Engine<'_, '_> {
    pub(super) fn with_scene<T>(
        &self,
        id: ThreadId,
        view: View,
        body: impl FnOnce(&Scene) -> T,
    ) -> T {
        let thread = self.thread(id);
        let context = || self.context(id, view.extra);
        body(&Scene {
            input: &thread.input,
            root: view.root.unwrap_or(&thread.input),
            result: view.result,
            error_output: view.error,
            context: &context,
            scope: &thread.scope,
            now: self.now,
            random: &self.random,
        })
    }

    pub(super) fn evaluate(
        &self,
        id: ThreadId,
        template: &Template,
        field: &str,
        view: View,
    ) -> Result<Data, Trouble> {
        if let Template::Constant(value) = template {
            return Ok(value.clone());
        }
        self.with_scene(id, view, |scene| template.evaluate(field, scene))
    }

    /// The input of a state after its `InputPath`.
    pub(super) fn effective_input(&self, id: ThreadId, state: &State) -> Result<Data, Trouble> {
        if state.no_input {
            return Ok(Data::new(Value::Object(serde_json::Map::new())));
        }
        match &state.input_path {
            None => Ok(self.thread(id).input.clone()),
            Some(path) => self.path_of_data(id, path, None),
        }
    }

    /// `InputPath` and `OutputPath`.
    pub(super) fn path_of_data(
        &self,
        id: ThreadId,
        path: &Path,
        root: Option<&Data>,
    ) -> Result<Data, Trouble> {
        let view = View {
            root,
            ..View::default()
        };
        let selected = self.with_scene(id, view, |scene| scene.select(path));
        selected.map_err(|missing| {
            Trouble::Runtime(format!("Invalid path '{}' : {}", path.text(), missing.0))
        })
    }

    /// The payload: `Arguments`, or `Parameters` on the effective input.
    pub(super) fn payload(&self, id: ThreadId, state: &State, view: View) -> Result<Data, Trouble> {
        let field = match state.language {
            Language::Jsonata => "Arguments",
            Language::JsonPath => "Parameters",
        };
        match &state.parameters {
            Some(template) => self.evaluate(id, template, field, view),
            None => Ok(view.root.unwrap_or(&self.thread(id).input).clone()),
        }
    }

    /// A scalar field's value, which a path may lead to nowhere.
    fn setting(
        &self,
        id: ThreadId,
        setting: &Setting,
        view: View,
    ) -> Result<Option<Data>, Trouble> {
        match &setting.template {
            Template::Path(path, _) => {
                Ok(self.with_scene(id, view, |scene| scene.select(path).ok()))
            }
            template => self.evaluate(id, template, setting.name, view).map(Some),
        }
    }

    /// A whole number; a text that holds one is taken where a path leads to it.
    pub(super) fn whole_number(
        &self,
        id: ThreadId,
        setting: &Setting,
        view: View,
    ) -> Result<i64, Trouble> {
        let number = self.number(id, setting, view, "integer")?;
        if number.fract() != 0.0 {
            // The service rounds integers down where an expression gives them.
            return match setting.path() {
                None => Ok(number.floor() as i64),
                Some(path) => Err(not_valid(setting, &number.to_string(), "integer", path)),
            };
        }
        Ok(number as i64)
    }

    pub(super) fn number(
        &self,
        id: ThreadId,
        setting: &Setting,
        view: View,
        what: &str,
    ) -> Result<f64, Trouble> {
        let value = self.setting(id, setting, view)?;
        let Some(path) = setting.path() else {
            let value = value.unwrap_or_else(|| Data::new(Value::Null));
            return value.json().as_f64().ok_or_else(|| {
                unexpected_type(&setting.template, setting.name, "number", value.json())
            });
        };
        let Some(value) = value else {
            return Err(Trouble::Runtime(format!(
                "The {} parameter does not reference an input value: {path}",
                setting.name
            )));
        };
        let number = match value.json() {
            Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        number.ok_or_else(|| {
            let shown = match value.json() {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            not_valid(setting, &shown, what, path)
        })
    }

    /// The value of a Wait state's field, and the path that led to it.
    pub(super) fn wait_value(
        &self,
        id: ThreadId,
        setting: &Setting,
        view: View,
    ) -> Result<Data, Trouble> {
        match self.setting(id, setting, view)? {
            Some(value) => Ok(value),
            None => Err(Trouble::Runtime(format!(
                "The {} parameter does not reference an input value: {}",
                setting.name,
                setting.path().unwrap_or_default()
            ))),
        }
    }
}

fn not_valid(setting: &Setting, shown: &str, what: &str, path: &str) -> Trouble {
    Trouble::Runtime(format!(
        "The {} field refers to value \"{shown}\" which is not a valid {what}: {path}",
        setting.name
    ))
}
