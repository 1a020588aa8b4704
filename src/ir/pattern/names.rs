//! Names, ARNs and URLs of resources, and the parts of them that a permission wants.

use super::trace::{Choices, Tracer};
use super::{Choice, Pattern, Piece};
use crate::catalog::grant::{ArnPart, ArnTemplate, Reading};
use crate::catalog::machine::machine_arn;
use crate::catalog::resource::{RefForm, url_template};
use crate::ir::{Deploy, Origin, ResourceId};

impl Tracer<'_> {
    /// A value of the deployment; names of existing resources are written out.
    pub fn deploy(&self, deploy: &Deploy) -> Pattern {
        match deploy {
            Deploy::Resource(id, form) => self.resource(*id, *form),
            Deploy::Machine(id) => self.machine(&self.program.pipeline(*id).name),
            deploy => Pattern::from(deploy.clone()),
        }
    }

    /// A state machine's ARN by its name, so that nothing has to wait for the machine.
    pub fn machine(&self, name: &str) -> Pattern {
        self.fill_kind(machine_arn(), &Pattern::text(name))
    }

    /// A resource's name, ARN or URL.
    pub fn resource(&self, id: ResourceId, form: RefForm) -> Pattern {
        let resource = self.program.resource(id);
        let name = match &resource.origin {
            Origin::Existing(name) => self.text(name, &mut Choices::default()),
            Origin::Created(_) => {
                let form = resource.kind.available(form);
                let has_form = form != RefForm::Arn
                    || resource.kind.ref_form == RefForm::Arn
                    || !resource.kind.arn_attribute.is_empty();
                if has_form {
                    return Pattern::from(Deploy::Resource(id, form));
                }
                Pattern::from(Deploy::Resource(id, RefForm::Name))
            }
        };
        match form {
            RefForm::Arn if name.is_arn() || resource.kind.arn.parts.is_empty() => name,
            RefForm::Arn => self.fill_kind(&resource.kind.arn, &name),
            RefForm::Name if resource.kind.word == "glue_table" => name
                .rsplit_once(|c| c == '/')
                .map_or(name, |(_, table)| table),
            // A function of another account can be called by its ARN alone.
            RefForm::Name if name.is_arn() && resource.kind.word != "function" => {
                self.name_of(name)
            }
            RefForm::Name => name,
            RefForm::Url if name.strip_prefix("https:").is_some() => name,
            RefForm::Url => self.fill_kind(url_template(), &name),
        }
    }

    /// The ARN in the words that all permissions on the resource share: a made one's attribute, where it has one.
    pub fn in_own_words(&self, arn: Pattern) -> Pattern {
        let named = arn.pieces().iter().find_map(|piece| match piece {
            Piece::Deploy(Deploy::Resource(id, RefForm::Name)) => Some(*id),
            _ => None,
        });
        let Some(id) = named else { return arn };
        let attribute = self.resource(id, RefForm::Arn);
        let spelled_out = self.fill_kind(
            &self.program.resource(id).kind.arn,
            &Pattern::from(Deploy::Resource(id, RefForm::Name)),
        );
        match arn.pieces().strip_prefix(spelled_out.pieces()) {
            Some(rest) if !spelled_out.is_empty() => {
                let mut arn = attribute;
                rest.iter().for_each(|piece| arn.push(piece.clone()));
                arn
            }
            _ => arn,
        }
    }

    /// A kind's ARN with the name in its hole.
    fn fill_kind(&self, template: &ArnTemplate, name: &Pattern) -> Pattern {
        let mut arn = Pattern::default();
        for part in &template.parts {
            match part {
                ArnPart::Member(hole) => {
                    arn.append(self.read(hole.reading, name.clone()));
                }
                part => self.push_part(&mut arn, part),
            }
        }
        arn
    }

    /// Adds a part of a template that no argument fills.
    pub fn push_part(&self, filled: &mut Pattern, part: &ArnPart) {
        match part {
            ArnPart::Text(text) => filled.push_wildcards(text),
            ArnPart::Partition => filled.push(Piece::Deploy(Deploy::Partition)),
            ArnPart::Region => filled.push(Piece::Deploy(Deploy::Region)),
            ArnPart::Account => filled.push(Piece::Deploy(Deploy::Account)),
            ArnPart::UrlSuffix => filled.push(Piece::UrlSuffix),
            ArnPart::Machine => match self.pipeline {
                Some(pipeline) => filled.push_text(&pipeline.name),
                None => filled.push(Piece::Any),
            },
            ArnPart::Variable(name) => filled.push(Piece::Variable(name.clone())),
            ArnPart::Any | ArnPart::Member(_) => filled.push(Piece::Any),
        }
    }

    /// The part of an argument's text that an ARN wants.
    pub fn read(&self, reading: Reading, value: Pattern) -> Pattern {
        if let Some(choice) = value.as_choice() {
            return Pattern::from(Piece::If(Box::new(Choice {
                condition: choice.condition.clone(),
                then: self.read(reading, choice.then.clone()),
                otherwise: self.read(reading, choice.otherwise.clone()),
            })));
        }
        match reading {
            Reading::Text | Reading::Arn | Reading::NameOrArn | Reading::Id => value,
            Reading::Name => self.name_of(value),
            Reading::UrlTail => match value.as_deploy() {
                Some(Deploy::Resource(id, _)) => self.resource(*id, RefForm::Name),
                _ => match value.rsplit_once(|c| c == '/') {
                    Some((_, name)) => name,
                    None => value,
                },
            },
            Reading::Revised => revised(value),
            Reading::HostLabel => match value.split_once(|c| c == '.') {
                Some((label, _)) => label,
                None => value,
            },
            Reading::NoLeadingSlash => value.strip_prefix("/").unwrap_or(value),
            Reading::S3Bucket => match s3_parts(&value) {
                Some((bucket, _)) => bucket,
                None => value,
            },
            Reading::S3Key => match s3_parts(&value) {
                Some((_, key)) => key,
                None => value,
            },
        }
    }

    fn name_of(&self, value: Pattern) -> Pattern {
        match value.as_deploy() {
            Some(Deploy::Resource(id, _)) => return self.resource(*id, RefForm::Name),
            Some(_) => return Pattern::any(),
            None if !value.is_arn() => return value,
            None => {}
        }
        let mut rest = value;
        for _ in 0..5 {
            match rest.split_once(|c| c == ':') {
                Some((_, after)) => rest = after,
                None => return Pattern::any(),
            }
        }
        let separator = |c| c == ':' || c == '/';
        let name = rest.split_once(separator).map_or(rest, |(_, name)| name);
        name.split_once(separator)
            .map_or(name.clone(), |(name, _)| name)
    }
}

/// A name or an ARN with its revision, or with any where it has none.
fn revised(mut value: Pattern) -> Pattern {
    let name = match value.rsplit_once(|c| c == '/') {
        Some((_, name)) => name,
        None => value.clone(),
    };
    if name.split_once(|c| c == ':').is_none() {
        // What is not known to its end may hold the revision itself.
        if matches!(value.pieces().last(), Some(Piece::Text(_))) {
            value.push(Piece::Text(":".to_owned()));
        }
        value.push(Piece::Any);
    }
    value
}

/// Bucket and key of `s3://bucket/key`.
fn s3_parts(value: &Pattern) -> Option<(Pattern, Pattern)> {
    let path = value.strip_prefix("s3://")?;
    Some(
        path.split_once(|c| c == '/')
            .unwrap_or_else(|| (path.clone(), Pattern::default())),
    )
}
