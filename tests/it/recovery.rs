//! What the parser makes of texts that are no programs.

use std::fmt::Write;

use flowc::diagnostic::Diagnostic;
use flowc::source::FileId;
use flowc::syntax::{self, Parsed};

/// Examples to break, shortest first.
fn examples() -> Vec<(String, String)> {
    let mut examples = Vec::new();
    for folder in ["examples", "examples/lib"] {
        for entry in std::fs::read_dir(folder).expect("the examples") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|e| e == "flow") {
                let text = std::fs::read_to_string(&path).expect("text");
                examples.push((path.display().to_string(), text));
            }
        }
    }
    examples.sort_by_key(|(path, text)| (text.len(), path.clone()));
    examples
}

fn parse(text: &str) -> Parsed {
    let parsed = syntax::parse(FileId(0), text);
    for diagnostic in &parsed.diagnostics {
        assert!(
            text.get(diagnostic.primary.span.range()).is_some(),
            "{text}"
        );
        for edit in diagnostic.fix.iter().flat_map(|fix| &fix.edits) {
            assert!(text.get(edit.span.range()).is_some(), "{text}");
        }
    }
    parsed
}

fn list(text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut list = String::new();
    for diagnostic in diagnostics {
        let line = text[..diagnostic.primary.span.start as usize]
            .matches('\n')
            .count()
            + 1;
        let _ = writeln!(
            list,
            "{line}: {} {}",
            diagnostic.code.code(),
            diagnostic.message
        );
    }
    list
}

/// A small generator: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

/// Words, numbers, strings and signs, with the places where they stand.
fn tokens(text: &str) -> Vec<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        match bytes[at] {
            b if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            b'"' => {
                let mut depth = 0;
                at += 1;
                while at < bytes.len() && (bytes[at] != b'"' || depth > 0) {
                    match bytes[at] {
                        b'{' => depth += 1,
                        b'}' => depth -= 1,
                        b'\\' => at += 1,
                        _ => {}
                    }
                    at += 1;
                }
                at += 1;
            }
            b if word(b) => {
                while at < bytes.len() && word(bytes[at]) {
                    at += 1;
                }
            }
            b'-' if bytes.get(at + 1) == Some(&b'>') => at += 2,
            b'=' | b'!' | b'<' | b'>' if bytes.get(at + 1) == Some(&b'=') => at += 2,
            b'?' if bytes.get(at + 1) == Some(&b'?') => at += 2,
            _ => {
                at += 1;
                while !text.is_char_boundary(at) {
                    at += 1;
                }
            }
        }
        tokens.push(start..at.min(text.len()));
    }
    tokens
}

#[test]
fn one_wrong_token_makes_more_than_two_messages_in_one_of_two_hundred_at_most() {
    let rounds: usize = std::env::var("ROUNDS")
        .ok()
        .and_then(|r| r.parse().ok())
        .unwrap_or(30);
    let examples = examples();
    let mut failures = Vec::new();
    let mut count = 0;
    for (path, text) in &examples {
        let tokens = tokens(text);
        // Its own for each example, so that a change of one does not choose other mistakes in the rest.
        let mut numbers = Numbers(0x2545_F491_4F6C_DD1D ^ path.len() as u64);
        for _ in 0..rounds {
            let at = numbers.next(tokens.len());
            let other = &tokens[numbers.next(tokens.len())];
            let token = &tokens[at];
            let how = numbers.next(3);
            let (mutation, broken) = match how {
                0 => (
                    format!("without {:?}", &text[token.clone()]),
                    format!("{}{}", &text[..token.start], &text[token.end..]),
                ),
                1 => (
                    format!(
                        "{:?} before {:?}",
                        &text[other.clone()],
                        &text[token.clone()]
                    ),
                    format!(
                        "{}{} {}",
                        &text[..token.start],
                        &text[other.clone()],
                        &text[token.start..]
                    ),
                ),
                _ => (
                    format!("{:?} for {:?}", &text[other.clone()], &text[token.clone()]),
                    format!(
                        "{}{}{}",
                        &text[..token.start],
                        &text[other.clone()],
                        &text[token.end..]
                    ),
                ),
            };
            let parsed = parse(&broken);
            count += 1;
            if parsed.diagnostics.len() > 2 {
                let line = text[..token.start].matches('\n').count() + 1;
                failures.push(format!(
                    "{path}:{line}: {mutation}\n{}",
                    list(&broken, &parsed.diagnostics)
                ));
            }
        }
    }
    assert!(
        failures.len() * 200 <= count,
        "{} of {count}\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn no_bytes_make_the_parser_panic() {
    let rounds: usize = std::env::var("ROUNDS")
        .ok()
        .and_then(|r| r.parse().ok())
        .unwrap_or(30);
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let examples = examples();
    let pieces = [
        "\"",
        "\"\"\"",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "->",
        "é",
        "“",
        "'",
        "`",
        "/*",
        "*/",
        "//",
        "\\",
        "$",
        "{{",
        "jsonata`",
        "re\"",
        "step",
        "flow ",
        "\u{a0}",
        "\n",
        "=",
        ":",
        "😀",
        "r\"",
        "pipeline ",
        "\r",
        "#",
        "1_0",
        "\0",
    ];
    for (_, text) in &examples {
        for _ in 0..rounds {
            let mut broken = text.clone();
            for _ in 0..numbers.next(6) + 1 {
                let mut at = numbers.next(broken.len());
                while !broken.is_char_boundary(at) {
                    at -= 1;
                }
                match numbers.next(3) {
                    0 => broken.insert_str(at, pieces[numbers.next(pieces.len())]),
                    1 => {
                        if !broken[at..].is_empty() {
                            broken.remove(at);
                        }
                    }
                    _ => broken.truncate(at.max(20)),
                }
            }
            parse(&broken);
        }
    }
    for _ in 0..rounds * 10 {
        let length = numbers.next(400);
        let bytes: Vec<u8> = (0..length).map(|_| numbers.next(256) as u8).collect();
        parse(&String::from_utf8_lossy(&bytes));
        let mix: String = (0..numbers.next(60))
            .map(|_| pieces[numbers.next(pieces.len())])
            .collect();
        parse(&mix);
    }
}

#[test]
fn a_mistake_changes_nothing_of_the_rest() {
    for (path, text) in examples() {
        let whole = parse(&text);
        assert_eq!(list(&text, &whole.diagnostics), "", "{path}");
        let broken = format!("{text}\nlet broken =\n");
        let read = parse(&broken);
        assert_eq!(read.diagnostics.len(), 1, "{path}");
        // Places, too, and comments.
        let rest = &read.file.items[..whole.file.items.len()];
        assert_eq!(
            format!("{rest:#?}"),
            format!("{:#?}", whole.file.items),
            "{path}"
        );
        assert_eq!(read.file.items.len(), whole.file.items.len() + 1, "{path}");
        assert_eq!(read.comments, whole.comments, "{path}");
    }
}

#[test]
fn what_can_be_read_of_a_broken_file_is_in_the_tree() {
    let text = "\
function load = \"load\"
/// Loads.
pipeline p(at: timestamp) {
  log errors keep
  let x = 1 +
  step a = load({ x, y: })
  step b = f(1) -> g(2
  step c = try { load({}) retyr max 3 }
  /// The way.
  flow a -> b c -> if x == { a } -> d
}
bucket raw = \"raw\"
";
    let parsed = parse(text);
    assert_eq!(
        list(text, &parsed.diagnostics),
        "\
4: F0101 expected `,` or the next member, found `keep`
5: F0101 expected an expression after `+`, found `step`
6: F0101 expected an expression, found `}`
7: F0105 this `(` is never closed
8: F0116 expected `retry`, found `retyr`
10: F0118 expected `->` between two stages
10: F0101 expected `{`, found `->`
"
    );
    assert_eq!(
        syntax::dump(&parsed.file),
        r#"(file
  (resource function load (= "load"))
  (pipeline p (parameter at timestamp)
    (doc "Loads.")
    (log errors)
    (let x (+ 1 invalid))
    (step a
      (stage (use load (args (object x (: "y" invalid))))))
    (step b invalid)
    (step c
      (stage
        (try
          (stage (use load (args (object)))
            (retry (max 3))))))
    (flow
      (doc "The way.")
      (stage (use a))
      (stage (use b))
      (stage (use c))
      (stage (if (== x (object a)))
        (then))
      (stage (use d))))
  (resource bucket raw (= "raw")))
"#
    );
}
