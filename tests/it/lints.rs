//! What warnings know of AWS holds for the catalog, and nobody who begins from an example is warned.

use flowc::catalog::shape::{Paging, Shape};
use flowc::catalog::{self, Pattern, lifetime, meaning, quota};
use flowc::diagnostic::Code;
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
fn what_has_large_pages_can_be_asked_for_smaller_ones() {
    for (service, operation, _) in quota::large_pages() {
        let found = catalog::find_service(service).expect(service);
        let form = &found.find_operation(operation).expect(operation).forms[0];
        let has = |paging| {
            form.input
                .members()
                .any(|member| member.raw.paging == Some(paging))
        };
        assert!(
            has(Paging::Size) && has(Paging::Next),
            "{service}.{operation}"
        );
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
fn what_is_bounded_and_what_is_not_are_operations_that_wait() {
    for capacity in quota::capacities() {
        assert!(
            exists(capacity.service, capacity.start),
            "{}.{}",
            capacity.service,
            capacity.start
        );
    }
    for (service, start, bound) in quota::unbounded() {
        let form = catalog::find_service(service)
            .and_then(|service| service.find_operation(start))
            .and_then(|operation| operation.form(Pattern::Sync))
            .unwrap_or_else(|| panic!("{service}.{start} has no end to wait for"));
        assert!(
            bound.is_empty() || has_member(form.input, bound),
            "{service}.{start} {bound}"
        );
    }
}

/// What machines that others wrote are warned of: each is to be one that their reviewer would keep.
#[test]
fn warnings_of_other_peoples_pipelines_are_as_reviewed() {
    let found = workspace::find_sources(&["tests/corpus".into()]).expect("the sources");
    let mut said = String::new();
    for source in found {
        let main = workspace::read_source(&source.path).expect("text");
        let compilation = driver::compile(main, &LintLevels::default(), &mut workspace::read_used);
        for diagnostic in &compilation.diagnostics {
            said.push_str(&render::short(diagnostic, &compilation.sources));
        }
    }
    insta::assert_snapshot!(said);
}

/// Each mistake that the page names is held by a code that there is, and each lint is on the page.
#[test]
fn the_page_of_lints_names_all_of_them() {
    let page = std::fs::read_to_string("docs/LINTS.md").expect("the page");
    for code in Code::ALL
        .iter()
        .filter(|code| code.code().starts_with("F10"))
    {
        assert!(page.contains(code.code()), "{} is not there", code.code());
    }
    let named = page.split(|c: char| !c.is_ascii_alphanumeric());
    for word in named.filter(|word| word.len() == 5 && word.starts_with('F')) {
        assert!(
            Code::ALL.iter().any(|code| code.code() == word),
            "{word} is no code"
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
