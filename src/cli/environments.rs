//! What `flowc.toml` says of environments, held against the parameters of the programs of a run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::Outcome;
use crate::backend::Artifact;
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
    /// an environment does not fit, which [`Environments::finish`] tells. A program that makes no template has none.
    pub(super) fn parameters(
        &mut self,
        program: &Program,
        template: Option<&Value>,
        wants: impl Fn(&str) -> bool,
    ) -> Option<Vec<Artifact>> {
        self.declare(program);
        let mut files = Vec::new();
        let Some(template) = template else {
            return Some(files);
        };
        let mut fits = true;
        for environment in &mut self.all {
            if !wants(&environment::file_name(program, &environment.name)) {
                continue;
            }
            match environment.parameters(program, template) {
                Ok(file) => files.push(file),
                Err(problems) => {
                    fits = false;
                    environment.add(problems);
                }
            }
        }
        fits.then_some(files)
    }

    /// Looks at the values that a program's parameters are given. What an environment leaves out is no mistake: it may
    /// not have that template.
    pub(super) fn check(&mut self, program: &Program, template: Option<&Value>) {
        self.declare(program);
        for environment in &mut self.all {
            let found = template.and_then(|t| environment.parameters(program, t).err());
            let problems = found.into_iter().flatten();
            environment.add(problems.filter(|p| matches!(p, Problem::Wrong(_))));
        }
    }

    fn declare(&mut self, program: &Program) {
        if !self.all.is_empty() {
            (self.declared).extend(program.params.iter().map(|param| param.name.clone()));
        }
    }

    /// Fails when something is wrong with an environment. Where all programs were looked at, a value which none of them
    /// takes is one too many; where only those of some paths were, or of a folder in the project, a name is wrong when it
    /// is nearly that of a parameter. What seems unknown may be declared by a program that has errors.
    pub(super) fn finish(
        mut self,
        workspace: &Workspace,
        paths: &[PathBuf],
        outcome: Outcome,
    ) -> Result<(), Error> {
        let complete = paths.is_empty() && workspace.is_here();
        let mut told = Vec::new();
        for environment in &mut self.all {
            if outcome == Outcome::Fine {
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
    fn parameters(&self, program: &Program, template: &Value) -> Result<Artifact, Vec<Problem>> {
        environment::parameters(program, template, &self.name, &self.given)
    }

    fn add(&mut self, problems: impl IntoIterator<Item = Problem>) {
        let texts = problems.into_iter().map(|problem| problem.to_string());
        self.problems.extend(texts);
    }

    fn find(workspace: &Workspace, name: &str) -> Result<Self, Error> {
        Ok(Self {
            name: name.to_owned(),
            given: workspace.environment(name)?,
            problems: Vec::new(),
        })
    }
}
