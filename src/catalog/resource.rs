//! The kinds of resources that a program can name.

use super::grant::ArnTemplate;

/// A kind: `bucket`, `job`, `table`, …
#[derive(Debug)]
pub struct ResourceKind {
    /// The word in `.flow`.
    pub word: &'static str,
    pub cfn_type: &'static str,
    /// CloudFormation's property that holds the name; empty when the service chooses it.
    pub name_property: &'static str,
    /// The ARN, its name as the hole `Name`.
    pub arn: ArnTemplate,
    /// What `Ref` of the CloudFormation resource gives.
    pub ref_form: RefForm,
    /// The attribute that gives the ARN (`Arn`), or empty when `Ref` does or none does.
    pub arn_attribute: &'static str,
}

/// How a resource is named where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefForm {
    Name,
    Arn,
    Url,
}

pub fn find_kind(_word: &str) -> Option<&'static ResourceKind> {
    None
}

pub fn kinds() -> &'static [ResourceKind] {
    &[]
}

/// How an API member wants a resource: by its name, its ARN or its URL.
/// From the member's name: `…Arn` takes ARNs, `…Url` URLs, all others names.
pub fn wanted_form(member: &str) -> RefForm {
    if member.ends_with("Arn") || member.ends_with("ARN") || member.ends_with("Arns") {
        RefForm::Arn
    } else if member.ends_with("Url") {
        RefForm::Url
    } else {
        RefForm::Name
    }
}
