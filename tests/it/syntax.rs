//! The parser over whole files.

use flowc::source::FileId;
use flowc::syntax;

fn problems(text: &str) -> Vec<String> {
    syntax::parse(FileId(0), text)
        .diagnostics
        .into_iter()
        .map(|d| {
            format!(
                "{}..{}: {}",
                d.primary.span.start, d.primary.span.end, d.message
            )
        })
        .collect()
}

#[test]
fn every_example_is_a_program() {
    let mut count = 0;
    for folder in ["examples", "examples/lib"] {
        for entry in std::fs::read_dir(folder).expect("the examples") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|e| e == "flow") {
                let text = std::fs::read_to_string(&path).expect("text");
                assert_eq!(problems(&text), Vec::<String>::new(), "{}", path.display());
                count += 1;
            }
        }
    }
    assert!(count >= 12);
}

#[test]
fn a_minus_subtracts_between_operands_and_negates_before_one() {
    let parsed = syntax::parse(FileId(0), "let x = 1 - -a - b");
    assert_eq!(
        syntax::dump(&parsed.file),
        "(file\n  (let x (- (- 1 (negate a)) b)))\n"
    );
}

#[test]
fn a_dump_shows_the_tree_without_places() {
    let parsed = syntax::parse(
        FileId(0),
        "/// Nightly.\npipeline p(at: timestamp) {\n  timeout 4h\n  step a = f({ at }) retry max 3\n  flow x = a -> map(x[1..], 2) -> b\n}\n",
    );
    assert_eq!(
        syntax::dump(&parsed.file),
        r#"(file
  (pipeline p (parameter at timestamp)
    (doc "Nightly.")
    (timeout 14400s)
    (step a
      (stage (use f (args (object at)))
        (retry (max 3))))
    (flow
      (stage (bind x) (use a))
      (stage (map (slice x 1 _) (at-most 2))
        (each-stage
          (stage (use b)))))))
"#
    );
}

#[test]
fn a_minus_stands_between_and_before_operands() {
    let parsed = syntax::parse(FileId(0), "let x = a - -b - 1\n");
    assert_eq!(
        syntax::dump(&parsed.file),
        "(file\n  (let x (- (- a (negate b)) 1)))\n"
    );
}
