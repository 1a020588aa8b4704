//! Puts an operation's forms together: curated sections over derived records.

use super::curated::{Entry, Variant, Word};
use super::grant::Grant;
use super::notation::{Base, Builder};
use super::shape::{Shape, ShapeKind, ShapeTable};
use super::table::{ErrorRecord, OperationRecord};
use super::{Form, Operation, Pattern, Requirement, RequirementKind, Service};

/// An operation with its forms; fails when its curated section does not make sense.
pub(super) fn build_operation(service: &'static Service, name: &str) -> Result<Operation, String> {
    let found = service.curated.find_entry(name);
    let (place, entry) = match found {
        Some(found) => found.map_err(|error| format!("{}.{name}: {error}", service.name))?,
        None => (0, Entry::default()),
    };
    let assembly = Assembly {
        service,
        name,
        known: service.frame.find_operation(name).is_some(),
        record: service.frame.find_operation(name).unwrap_or_default(),
        place,
        entry,
    };
    assembly
        .operation()
        .map_err(|error| format!("{}.{name}: {error}", service.name))
}

struct Assembly<'a> {
    service: &'static Service,
    name: &'a str,
    /// Whether the API has the operation.
    known: bool,
    record: OperationRecord<'static>,
    /// Where the section's shapes go in a table.
    place: usize,
    entry: Entry,
}

impl Assembly<'_> {
    fn operation(&self) -> Result<Operation, String> {
        let optimized = !self.entry.patterns.is_empty();
        let mut forms = Vec::new();
        if optimized {
            self.optimized_forms(&mut forms)?;
        }
        if self.known && self.record.refused.is_none() {
            self.sdk_forms(optimized, &mut forms)?;
        }
        let refused = forms.is_empty().then(|| {
            let reason = self.record.refused.unwrap_or("no such operation");
            reason.to_owned()
        });
        Ok(Operation {
            service: self.service.name,
            name: self.name.to_owned(),
            refused,
            forms,
        })
    }

    fn optimized_forms(&self, forms: &mut Vec<Form>) -> Result<(), String> {
        let head = &self.service.curated.head;
        let entry = &self.entry;
        let table = &self.service.own_shapes;
        let mut builder = self.builder(table);
        let input = self.input(&mut builder)?;
        let mut results = Vec::new();
        for &word in &entry.patterns {
            let variant = self.variant(word);
            let written = match word {
                Word::Request => entry.result.as_ref(),
                Word::Sync | Word::Callback => variant.result.as_ref(),
            };
            results.push(match (written, word) {
                (Some(text), _) => Some(builder.read(text)?),
                (None, Word::Request) => self.result(&mut builder)?,
                // A token's answer is whatever its sender says.
                (None, Word::Callback) => None,
                (None, Word::Sync) => return Err("what does .sync give?".to_owned()),
            });
        }
        table.fill(self.place, builder.shapes);

        let input = input.map_or_else(Shape::empty, |index| Shape::new(table, index));
        for (&word, result) in entry.patterns.iter().zip(results) {
            let variant = self.variant(word);
            let mut errors = Errors::new(&head.prefix, &self.service.error_prefix);
            // Without a prefix the modelled names are of no use: nobody knows how they are reported.
            let modelled = self
                .record
                .errors
                .iter()
                .filter(|_| !head.prefix.is_empty());
            for error in modelled {
                let transient = error.transient && entry.transient.is_none();
                errors.add_modelled(own_error(error.api_name), error, transient);
            }
            for name in head
                .errors
                .iter()
                .chain(&entry.errors)
                .chain(&variant.errors)
            {
                errors.add(name, false);
            }
            for name in entry.transient.as_ref().unwrap_or(&head.transient) {
                errors.add(name, true);
            }
            let (pattern, suffix) = match word {
                Word::Request => (Pattern::RequestResponse, ""),
                Word::Sync => (Pattern::Sync, ".sync"),
                Word::Callback => (Pattern::Callback, ".waitForTaskToken"),
            };
            if pattern != Pattern::RequestResponse {
                errors.add("States.TaskFailed", false);
            }
            let suffix = variant.suffix.as_deref().unwrap_or(suffix);
            let mut grants = self.grants()?;
            self.parse_grants(&variant.grants, &mut grants)?;
            let unverified = entry.unverified.iter().chain(&variant.unverified);
            let form = Form {
                pattern,
                resource: format!(
                    "arn:aws:states:::{}:{}{suffix}",
                    head.integration, self.name
                ),
                optimized: true,
                input,
                result: match (result, pattern) {
                    (Some(index), _) => Shape::new(table, index),
                    (None, Pattern::Callback) => Shape::any(),
                    (None, _) => Shape::empty(),
                },
                errors: errors.all,
                open_errors: entry.open_errors || pattern == Pattern::Callback,
                transient: errors.transient,
                grants,
                dependents: entry.dependents.clone(),
                unverified: unverified.cloned().collect(),
                requirements: self.requirements(input)?,
                error_names: errors.names,
            };
            forms.push(form);
        }
        Ok(())
    }

    /// `aws-sdk:` in the patterns that no optimized form has. An optimized operation's section does not speak of them.
    fn sdk_forms(&self, optimized: bool, forms: &mut Vec<Form>) -> Result<(), String> {
        let table = &self.service.sdk_shapes;
        let (input, result, grants) = if optimized {
            let mut grants = Vec::new();
            self.parse_grants(&self.record.grants, &mut grants)?;
            (self.record.input, self.record.output, grants)
        } else {
            let mut builder = self.builder(table);
            let input = self.input(&mut builder)?;
            let result = self.result(&mut builder)?;
            table.fill(self.place, builder.shapes);
            (input, result, self.grants()?)
        };
        // A section's own grants are complete.
        let derived = optimized || self.entry.grants.is_none();
        let dependents: Vec<String> = (self.record.dependents.iter().filter(|_| derived))
            .map(|action| (*action).to_owned())
            .collect();
        let shape = |index: Option<u32>| index.map_or_else(Shape::empty, |i| Shape::new(table, i));
        let prefix = &self.service.error_prefix;
        for (pattern, suffix) in [
            (Pattern::RequestResponse, ""),
            (Pattern::Callback, ".waitForTaskToken"),
        ] {
            if forms.iter().any(|form| form.pattern == pattern) {
                continue;
            }
            let mut errors = Errors::new(prefix, &self.service.curated.head.prefix);
            for error in &self.record.errors {
                errors.add_modelled(error.name.to_owned(), error, error.transient);
            }
            errors.add(&format!("{prefix}Exception"), true);
            errors.add("SdkClientException", true);
            for name in self.entry.errors.iter().filter(|_| !optimized) {
                errors.add(name, false);
            }
            let callback = pattern == Pattern::Callback;
            if callback {
                errors.add("States.TaskFailed", false);
            }
            forms.push(Form {
                pattern,
                resource: format!(
                    "arn:aws:states:::aws-sdk:{}:{}{suffix}",
                    self.service.name, self.name
                ),
                optimized: false,
                input: shape(input),
                result: if callback {
                    Shape::any()
                } else {
                    shape(result)
                },
                errors: errors.all,
                open_errors: callback,
                transient: errors.transient,
                grants: grants.clone(),
                dependents: dependents.clone(),
                unverified: if optimized {
                    Vec::new()
                } else {
                    self.entry.unverified.clone()
                },
                requirements: self.requirements(shape(input))?,
                error_names: errors.names,
            });
        }
        Ok(())
    }

    fn builder(&self, table: &'static ShapeTable) -> Builder {
        Builder {
            first: table.curated_index(self.place),
            base: Box::new(Api {
                service: self.service,
                table,
            }),
            shapes: Vec::new(),
            own: self.record.input,
        }
    }

    fn input(&self, builder: &mut Builder) -> Result<Option<u32>, String> {
        let input = match &self.entry.input {
            Some(text) => Some(builder.read(text)?),
            None => self.record.input,
        };
        change(builder, input, &self.entry.takes_json, |m| {
            m.any_json = true
        })
    }

    fn result(&self, builder: &mut Builder) -> Result<Option<u32>, String> {
        let result = match &self.entry.result {
            Some(text) => Some(builder.read(text)?),
            None => self.record.output,
        };
        change(builder, result, &self.entry.holds_json, |m| {
            m.json_text = true
        })
    }

    fn variant(&self, word: Word) -> &Variant {
        static NONE: Variant = Variant::NONE;
        match word {
            Word::Request => &NONE,
            Word::Sync => &self.entry.sync,
            Word::Callback => &self.entry.callback,
        }
    }

    fn grants(&self) -> Result<Vec<Grant>, String> {
        let mut grants = Vec::new();
        match &self.entry.grants {
            Some(lines) => self.parse_grants(lines, &mut grants)?,
            None => self.parse_grants(&self.record.grants, &mut grants)?,
        }
        self.parse_grants(&self.entry.more_grants, &mut grants)?;
        Ok(grants)
    }

    fn parse_grants(
        &self,
        lines: &[impl AsRef<str>],
        grants: &mut Vec<Grant>,
    ) -> Result<(), String> {
        let alias = |name: &str| self.service.curated.head.arns.get(name).cloned();
        for line in lines {
            grants.push(Grant::parse(line.as_ref(), alias)?);
        }
        Ok(())
    }

    fn requirements(&self, input: Shape) -> Result<Vec<Requirement>, String> {
        let parse = |line: &String| {
            let (kind, names) = [
                ("one of ", RequirementKind::ExactlyOne),
                ("at least one of ", RequirementKind::AtLeastOne),
                ("at most one of ", RequirementKind::AtMostOne),
                ("together ", RequirementKind::Together),
            ]
            .into_iter()
            .find_map(|(words, kind)| Some((kind, line.strip_prefix(words)?)))
            .ok_or_else(|| format!("`{line}` is no requirement"))?;
            let members: Vec<String> = names.split(", ").map(str::to_owned).collect();
            match members
                .iter()
                .find(|name| input.find_member(name).is_none())
            {
                Some(name) => Err(format!("`{line}`: there is no member `{name}`")),
                None => Ok(Requirement { kind, members }),
            }
        };
        self.entry.requirements.iter().map(parse).collect()
    }
}

fn change(
    builder: &mut Builder,
    structure: Option<u32>,
    names: &[String],
    change: fn(&mut super::shape::RawMember),
) -> Result<Option<u32>, String> {
    match structure {
        Some(index) if !names.is_empty() => builder.changed(index, names, change).map(Some),
        _ => Ok(structure),
    }
}

/// The shapes that a curated section builds on.
struct Api {
    service: &'static Service,
    table: &'static ShapeTable,
}

impl Base for Api {
    fn root(&self, operation: &str, input: bool) -> Option<u32> {
        let record = self.service.frame.find_operation(operation)?;
        if input { record.input } else { record.output }
    }

    fn kind(&self, index: u32) -> ShapeKind {
        Shape::new(self.table, index).kind().clone()
    }
}

/// The class of an error in the older SDK, whose names optimized integrations use.
fn own_error(shape: &str) -> String {
    let stem = shape.strip_suffix("Fault").unwrap_or(shape);
    format!("{}Exception", without_ending(stem))
}

struct Errors<'a> {
    prefix: &'a str,
    all: Vec<String>,
    transient: Vec<String>,
    names: ErrorNames,
}

impl<'a> Errors<'a> {
    /// `prefix` is the emitted one, `other` is understood too.
    fn new(prefix: &'a str, other: &str) -> Self {
        Self {
            prefix,
            all: Vec::new(),
            transient: Vec::new(),
            names: ErrorNames {
                prefixes: [prefix.to_owned(), other.to_owned()],
                bare: Vec::new(),
            },
        }
    }

    fn add_modelled(&mut self, name: String, error: &ErrorRecord, transient: bool) {
        let at = self.all.len();
        self.add(&name, transient);
        let shape = without_ending(error.api_name);
        for other in [
            without_ending(error.name),
            shape,
            shape.strip_suffix("Fault").unwrap_or(shape),
        ] {
            self.names.bare.push((other.to_owned(), at));
        }
    }

    /// A name with a dot is whole, others get the prefix.
    fn add(&mut self, name: &str, transient: bool) {
        let full = if name.contains('.') {
            name.to_owned()
        } else {
            self.names
                .bare
                .push((without_ending(name).to_owned(), self.all.len()));
            format!("{}.{name}", self.prefix)
        };
        if transient && !self.transient.contains(&full) {
            self.transient.push(full.clone());
        }
        if !self.all.contains(&full) {
            self.all.push(full);
        }
    }
}

/// The other names of a form's errors, as people write them.
#[derive(Debug)]
pub(super) struct ErrorNames {
    prefixes: [String; 2],
    /// A name without prefix and without `Exception`, and where its error stands in the form's list.
    bare: Vec<(String, usize)>,
}

impl ErrorNames {
    pub fn find(&self, written: &str, errors: &[String]) -> Option<usize> {
        let whole = |error: &String| error == written || without_ending(error) == written;
        errors.iter().position(whole).or_else(|| {
            let (prefix, name) = written.rsplit_once('.')?;
            let name = without_ending(name);
            let known = self.prefixes.iter().any(|p| p == prefix);
            let found = self.bare.iter().find(|(bare, _)| known && bare == name);
            found.map(|&(_, at)| at)
        })
    }
}

fn without_ending(name: &str) -> &str {
    name.strip_suffix("Exception").unwrap_or(name)
}
