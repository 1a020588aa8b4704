//! Reports what keeps a program's permissions from being said exactly.
//!
//! Looks at a program without other errors; what the permissions are is `ir::access`'s business.

use crate::catalog::machine::ACCESSIBLE;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::access::{Problem, accesses, find_service_accesses};
use crate::ir::{Program, ResourceId};

/// All problems of all pipelines and of the roles of resources, in source order.
pub fn check(program: &Program) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for pipeline in &program.pipelines {
        problems.extend(accesses(program, pipeline).problems.iter().cloned());
    }
    for (id, resource) in (0u32..).map(ResourceId).zip(&program.resources) {
        for role in resource.creation().into_iter().flat_map(|c| &c.roles) {
            problems.extend(find_service_accesses(program, id, Some(role)).problems);
        }
    }
    for problem in problems {
        let diagnostic = describe(problem);
        // A step that is used twice makes its mistake once.
        if !diagnostics.contains(&diagnostic) {
            diagnostics.push(diagnostic);
        }
    }
    diagnostics.sort_by_key(|d| (d.primary.span, d.code));
    diagnostics
}

fn describe(problem: Problem) -> Diagnostic {
    match problem {
        // The pattern of a `reads` or a `writes`, which stands in the source.
        Problem::Unbounded { member, span, .. } if member == "Path" => Diagnostic::new(
            Code::UnboundedName,
            span,
            "the pattern behind `/` allows everything",
        )
        .help("give a part that is always the same, such as `\"sales/*\"`; without `/` it is the whole of the resource"),
        Problem::Unbounded {
            member,
            span,
            declare: Some(kind),
            actions,
        } => Diagnostic::new(
            Code::UnboundedName,
            span,
            format!("nobody knows whether `{member}` will be a name or an ARN, so its permission would be for everything"),
        )
        .label("comes from the deployment")
        .help(format!("{} would be allowed on `*`", join(&actions, "and")))
        .help(format!("declare it by its name, and give that: `{kind} name = \"{{parameter}}\"`")),
        Problem::Unbounded {
            member,
            span,
            declare: None,
            actions,
        } => Diagnostic::new(
            Code::UnboundedName,
            span,
            format!("`{member}` is known only when the pipeline runs, so its permission would be for everything"),
        )
        .label("can be any text")
        .help(format!("{} would be allowed on `*`", join(&actions, "and")))
        .help("bound it with `within \"clean-*\"` after the call, with fixed text around it (`\"clean-{name}\"`), or with a parameter of a literal type (`\"eu\" | \"us\"`)"),
        Problem::NotAnArn { member, span } => Diagnostic::new(
            Code::NotAnArn,
            span,
            format!("`{member}` takes an ARN, and this is none"),
        )
        .help("declare the resource by its name and give that: the compiler passes its ARN"),
        Problem::WithinNeedless { span } => Diagnostic::new(
            Code::NeedlessWithin,
            span,
            "`within` bounds nothing here: the call's names are known as well without it",
        )
        .help("leave it out"),
        Problem::WithinTooWide { span } => Diagnostic::new(
            Code::WithinTooWide,
            span,
            "`within` allows every name",
        )
        .help("give at least a part of the name that is always the same, such as `\"clean-*\"`"),
        Problem::WithinContradicts {
            span,
            member,
            argument,
        } => Diagnostic::new(
            Code::WithinContradicts,
            span,
            format!("no `{member}` that the call can have is within this bound, so every call would be denied"),
        )
        .also(argument, "this name never fits the bound")
        .help("a bound says more exactly what the argument leaves open: `\"clean-{area}\"` within `\"clean-eu-*\"`"),
        Problem::WithinAmbiguous { span, members } => Diagnostic::new(
            Code::WithinAmbiguous,
            span,
            format!(
                "{} are known only when the pipeline runs, and `within` bounds one name",
                join(&members, "and")
            ),
        )
        .help("give the others fixed text, or parameters of a literal type"),
        Problem::UndeclaredData {
            span,
            what,
            only_tables,
        } => Diagnostic::new(
            Code::UndeclaredData,
            span,
            if only_tables {
                format!("nothing says which tables `{what}` touches, so the role may not look them up in the catalog")
            } else {
                format!("nothing says which data `{what}` touches, so the role may start it and nothing else")
            },
        )
        .help("name it after the call: `reads sales/\"orders\", raw/\"orders/*\"`, `writes results/\"athena/*\"`"),
        Problem::LatePlace { member, span } => Diagnostic::new(
            Code::LatePlace,
            span,
            format!("`{member}` is known only when the template is deployed, and a permission names bucket and key apart"),
        )
        .help("write the place out: `\"s3://{bucket}/folder/{name}\"`"),
        Problem::AccessNotTaken {
            span,
            kind,
            what,
            own_role,
        } => {
            let diagnostic = Diagnostic::new(
                Code::AccessNotTaken,
                span,
                if own_role {
                    format!("`{what}` works under a role of its own, so the pipeline's role needs no access to its data")
                } else {
                    format!("a `{kind}` is not read or written by a call beside its arguments")
                },
            );
            if own_role {
                diagnostic.help("leave it out, and give the access to that role; only a `key` can stand here")
            } else {
                diagnostic.help(format!("{} can stand here", join(&ACCESSIBLE.map(str::to_owned), "and")))
            }
        }
    }
}

/// `` `a`, `b` and `c` ``
fn join(names: &[String], last: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((one, [])) => one.clone(),
        Some((one, others)) => format!("{} {last} {one}", others.join(", ")),
    }
}
