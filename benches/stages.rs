//! The stages of a compilation, one by one: `cargo bench`.

use divan::{Bencher, black_box};
use flowc::diagnostic::levels::LintLevels;
use flowc::driver;
use flowc::resolve::{self, Unit};
use flowc::source::{FileId, ReadError, SourceFile};
use flowc::syntax;

fn main() {
    divan::main();
}

const SIZES: &[usize] = &[10, 100, 1_000];

/// A pipeline of so many steps in a row.
fn source(steps: usize) -> String {
    let mut text = String::from("pipeline p(date: string) {\n");
    for n in 0..steps {
        text.push_str(&format!(
            "  step s{n} = glue.startJobRun(JobName: \"job-{n}\", Arguments: {{ \"--date\": date }})\n"
        ));
    }
    text.push_str("  flow s0");
    for n in 1..steps {
        text.push_str(&format!(" -> s{n}"));
    }
    text.push_str("\n}\n");
    text
}

fn unit(text: &str) -> Unit {
    Unit {
        file: FileId(0),
        stem: "p".to_owned(),
        ast: syntax::parse(FileId(0), text).file,
        uses: Vec::new(),
    }
}

#[divan::bench(args = SIZES)]
fn parse(bencher: Bencher, steps: usize) {
    let text = source(steps);
    bencher.bench_local(|| syntax::parse(FileId(0), black_box(&text)));
}

#[divan::bench(args = SIZES)]
fn resolve(bencher: Bencher, steps: usize) {
    let units = [unit(&source(steps))];
    bencher.bench_local(|| resolve::resolve(black_box(&units)));
}

#[divan::bench(args = SIZES)]
fn emit(bencher: Bencher, steps: usize) {
    let units = [unit(&source(steps))];
    let program = resolve::resolve(&units)
        .program
        .expect("the source is a program");
    bencher.bench_local(|| driver::emit(black_box(&program)));
}

#[divan::bench(args = SIZES)]
fn whole(bencher: Bencher, steps: usize) {
    let text = source(steps);
    bencher.bench_local(|| {
        let main = SourceFile::new("p.flow", text.as_str());
        driver::compile(main, &LintLevels::default(), &mut |path| {
            Err(ReadError::Missing(vec![path.to_owned()]))
        })
    });
}
