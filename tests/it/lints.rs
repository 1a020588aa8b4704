//! What warnings know of AWS holds for the catalog, and nobody who begins from an example is warned.

use flowc::catalog::shape::Shape;
use flowc::catalog::{self, lifetime, meaning};
use flowc::diagnostic::levels::LintLevels;
use flowc::diagnostic::render;
use flowc::driver;
use flowc::workspace;

fn exists(service: &str, operation: &str) -> bool {
    catalog::find_service(service)
        .and_then(|service| service.find_operation(operation))
        .is_some_and(|operation| operation.refused.is_none())
}

fn has_member(shape: Shape, path: &str) -> bool {
    match path.split_once('.') {
        None => shape.find_member(path).is_some(),
        Some((first, rest)) => shape
            .find_member(first)
            .is_some_and(|member| has_member(member.shape, rest)),
    }
}

#[test]
fn what_begins_something_and_what_ends_it_are_operations() {
    for lifetime in lifetime::lifetimes() {
        for operation in lifetime.ends.iter().chain([&lifetime.begin]) {
            assert!(
                exists(lifetime.service, operation),
                "{}.{operation}",
                lifetime.service
            );
        }
    }
    assert!(lifetime::lifetimes().is_sorted_by_key(|lifetime| (lifetime.service, lifetime.begin)));
}

#[test]
fn members_that_mean_more_than_their_type_are_members() {
    for (service, member, parameters) in meaning::queries() {
        let found = catalog::find_service(service).expect("a service");
        let takes = found.operations().any(|operation| {
            operation.forms.iter().any(|form| {
                has_member(form.input, member)
                    && (parameters.is_empty() || has_member(form.input, parameters))
            })
        });
        assert!(takes, "{service} {member} {parameters}");
    }
    for (service, operation, member) in meaning::minutes() {
        let form = catalog::find_service(service)
            .and_then(|service| service.find_operation(operation))
            .and_then(|operation| operation.forms.first());
        assert!(
            form.is_some_and(|form| has_member(form.input, member)),
            "{service}.{operation} {member}"
        );
    }
}

#[test]
fn examples_have_no_diagnostics() {
    let mut count = 0;
    for entry in std::fs::read_dir("examples").expect("the examples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "flow") {
            continue;
        }
        let path = path.to_str().expect("a path in UTF-8");
        let main = workspace::read_source(path).expect("text");
        let compilation = driver::compile(main, &LintLevels::default(), &mut workspace::read_used);
        let said: Vec<String> = compilation
            .diagnostics
            .iter()
            .map(|d| render::short(d, &compilation.sources))
            .collect();
        assert_eq!(said, Vec::<String>::new());
        count += 1;
    }
    assert!(count >= 12);
}
