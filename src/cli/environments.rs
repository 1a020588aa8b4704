//! What `flowc.toml` says of environments, held against the parameters of the programs of a run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::backend::Artifact;
use crate::driver::Emission;
use crate::environment::{self, Problem};
use crate::ir::Program;
use crate::workspace::{Error, Workspace};

#[derive(Default)]
pub(super) struct Environments {
    all: Vec<Environment>,
    /// Parameters of all programs so far.
    declared: Vec<String>,
}

struct Environment {
    name: String,
    given: BTreeMap<String, Value>,
    problems: Vec<String>,
}

impl Environments {
    pub(super) fn one(workspace: &Workspace, name: &str) -> Result<Self, Error> {
        Ok(Self {
            all: vec![Environment::find(workspace, name)?],
            declared: Vec::new(),
        })
    }

    /// All that there are, perhaps none.
    pub(super) fn all(workspace: &Workspace) -> Result<Self, Error> {
        let names = workspace.config.environments.keys();
        Ok(Self {
            all: names
                .map(|name| Environment::find(workspace, name))
                .collect::<Result<_, _>>()?,
            declared: Vec::new(),
        })
    }

    /// The parameter files of a program, one for each environment of which `wants` takes the name of the file; None when
    /// an environment does not fit, which [`Environments::finish`] tells.
    pub(super) fn parameters(
        &mut self,
        program: &Program,
        emission: &Emission,
        wants: impl Fn(&str) -> bool,
    ) -> Option<Vec<Artifact>> {
        let mut files = Vec::new();
        let mut fits = true;
        self.each(program, emission, |environment, template| {
            if !wants(&environment::file_name(program, &environment.name)) {
                return Vec::new();
            }
            let found =
                environment::parameters(program, template, &environment.name, &environment.given);
            found.map_or_else(
                |problems| {
                    fits = false;
                    problems
                },
                |file| {
                    files.push(file);
                    Vec::new()
                },
            )
        });
        fits.then_some(files)
    }

    /// Looks at the values that a program's parameters are given. What an environment leaves out is no mistake: it may
    /// not have that template.
    pub(super) fn check(&mut self, program: &Program, emission: &Emission) {
        self.each(program, emission, |environment, template| {
            let found =
                environment::parameters(program, template, &environment.name, &environment.given);
            let mut problems = found.err().unwrap_or_default();
            problems.retain(|problem| matches!(problem, Problem::Wrong(_)));
            problems
        });
    }

    fn each(
        &mut self,
        program: &Program,
        emission: &Emission,
        mut look: impl FnMut(&Environment, &Value) -> Vec<Problem>,
    ) {
        if self.all.is_empty() {
            return;
        }
        (self.declared).extend(program.params.iter().map(|param| param.name.clone()));
        // A file that makes no template has no parameters of its own.
        let Some(template) = emission.artifacts.first() else {
            return;
        };
        let template = serde_json::from_str(&template.text).unwrap_or_default();
        for environment in &mut self.all {
            let problems = look(environment, &template);
            let texts = problems.iter().map(Problem::to_string);
            environment.problems.extend(texts);
        }
    }

    /// Fails when something is wrong with an environment. `complete` when all programs were looked at, so that a value
    /// which none of them takes is one too many; where only some were, a name is wrong when it is nearly that of a
    /// parameter. `None` when what seems unknown may be declared by a program that has errors.
    pub(super) fn finish(
        mut self,
        workspace: &Workspace,
        complete: Option<bool>,
    ) -> Result<(), Error> {
        let mut told = Vec::new();
        for environment in &mut self.all {
            if let Some(complete) = complete {
                let unknown = environment::unknown(&environment.given, &self.declared);
                let wrong = unknown
                    .into_iter()
                    .filter(|(_, near)| complete || near.is_some());
                let texts = wrong.map(|(name, near)| match near {
                    Some(near) => format!("there is no parameter `{name}`; did you mean `{near}`?"),
                    None => format!("no template has a parameter `{name}`"),
                });
                environment.problems.extend(texts.collect::<Vec<_>>());
            }
            if !environment.problems.is_empty() {
                told.push(format!(
                    "environment `{}`: {}",
                    environment.name,
                    environment.problems.join("; ")
                ));
            }
        }
        match told.is_empty() {
            true => Ok(()),
            false => Err(workspace.config_error(told.join("; "))),
        }
    }
}

impl Environment {
    fn find(workspace: &Workspace, name: &str) -> Result<Self, Error> {
        Ok(Self {
            name: name.to_owned(),
            given: workspace.environment(name)?,
            problems: Vec::new(),
        })
    }
}
