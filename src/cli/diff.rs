//! `flowc diff`: what a change of the sources changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::output::{Output, plural};
use super::{Format, Outcome};
use crate::backend;
use crate::cost::assume::{Given, Source};
use crate::diagnostic::find_nearest;
use crate::diff::{self, Condition, FileChange, Report, Side};
use crate::driver::{self, Compilation};
use crate::workspace::git::{Repository, Revision};
use crate::workspace::tree::{self, Disk, Tree};
use crate::workspace::{Error, Workspace};

/// Whether an old file and a new one are taken for the same.
type Alike<'a> = dyn Fn(&str, &str) -> bool + 'a;

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc diff                            this folder, with where the branch left the default one
  flowc diff main~3 pipelines           the folder pipelines, with a revision
  flowc diff --head                     what is committed, without what is not
  flowc diff --text                     the generated files line by line, too
  flowc diff --files old.flow new.flow  two files, or two folders, without git
  flowc diff --format markdown          a comment for a pull request
  flowc diff --fail-on widened-permissions,replaced-resources,cost:+20%

Without a revision the base is the merge base of HEAD and the default branch: origin/HEAD, origin/main,
origin/master, main or master, the first that there is. Exit code 0 when all compiles, whatever changes; 1 when a
side does not compile, or when a condition of --fail-on holds; 2 for what cannot be compared.")]
pub(super) struct Args {
    /// A revision of git, then files or folders (default: this folder)
    #[arg(value_name = "BASE] [PATH")]
    operands: Vec<String>,

    /// The revision to compare with, where its name is a file's too
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,

    /// Compare this revision instead of the files on disk [default: HEAD]
    #[arg(long, value_name = "REVISION", num_args = 0..=1, require_equals = true, default_missing_value = "HEAD")]
    head: Option<String>,

    /// Compare two files, or two folders, without git
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with_all = ["base", "head", "operands"])]
    files: Option<Vec<PathBuf>>,

    /// Show the generated files line by line, too
    #[arg(long)]
    text: bool,

    /// Exit 1 when one of these holds: widened-permissions, replaced-resources, data-loss, cost:+20%
    #[arg(long, value_name = "CONDITIONS", value_delimiter = ',')]
    fail_on: Vec<String>,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let conditions = conditions(&args.fail_on)?;
    match &args.files {
        Some(files) => {
            let [old, new] = files.as_slice() else {
                return Err(Error::Usage(
                    "`--files` takes two files or two folders".to_owned(),
                ));
            };
            compare_files(args, old, new, &conditions, output)
        }
        None => compare_revisions(args, &conditions, output),
    }
}

/// The conditions that were asked for.
fn conditions(texts: &[String]) -> Result<Vec<Condition>, Error> {
    let parse = |text: &String| {
        Condition::parse(text).map_err(|why| {
            let names = diff::CONDITIONS.iter().map(|(name, _)| *name);
            let near = find_nearest(text, names);
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Error::Usage(format!("--fail-on: {why}{hint}"))
        })
    };
    texts.iter().map(parse).collect()
}

/// Two trees, and what they are called.
struct Comparison<'r> {
    old: Tree<'r>,
    new: Tree<'r>,
    old_words: String,
    new_words: String,
    /// The path on each side, and the one that people see.
    pairs: Vec<(String, String)>,
}

fn compare_revisions(
    args: &Args,
    conditions: &[Condition],
    output: &mut Output,
) -> Result<Outcome, Error> {
    let repository = Repository::find()?;
    let (base, paths) = operands(args, &repository)?;
    let short = |revision: &Revision| revision.id.chars().take(7).collect::<String>();
    let named = |revision: &Revision| match revision.id.as_str() {
        id if revision.words == format!("`{id}`") => short(revision),
        _ => format!("{} ({})", revision.words, short(revision)),
    };
    let old = Tree::Revision(&repository, repository.files(&base)?);
    let (new, new_words) = match &args.head {
        Some(head) => {
            let head = repository.expect_revision(head)?;
            let words = named(&head);
            (Tree::Revision(&repository, repository.files(&head)?), words)
        }
        None => {
            let disk = Disk::new(Path::new(""), &repository.object_format);
            (Tree::Disk(disk), "the files on disk".to_owned())
        }
    };
    for path in &paths {
        let path = crate::workspace::display(path);
        if !old.has(&path) && !new.has(&path) {
            return Err(Error::Missing(path));
        }
    }
    let (before, after) = (old.sources(&paths)?, new.sources(&paths)?);
    // What is there, and was not found, is ignored.
    let ignored = |path: &String| !after.contains(path) && new.has(path);
    let all: BTreeSet<String> = before
        .iter()
        .filter(|p| !ignored(p))
        .chain(&after)
        .cloned()
        .collect();
    if all.is_empty() {
        return Err(Error::NoSources(paths.first().map_or_else(
            || ".".to_owned(),
            |path| crate::workspace::display(path),
        )));
    }
    let comparison = Comparison {
        old,
        new,
        old_words: named(&base),
        new_words,
        pairs: Vec::new(),
    };
    comparison.pair(all).run(args, conditions, output)
}

/// The base and the paths among the operands.
fn operands(args: &Args, repository: &Repository) -> Result<(Revision, Vec<PathBuf>), Error> {
    let paths = |names: &[String]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
    if let Some(base) = &args.base {
        return Ok((repository.expect_revision(base)?, paths(&args.operands)));
    }
    let Some((first, rest)) = args.operands.split_first() else {
        return Ok((repository.default_base()?, Vec::new()));
    };
    match (repository.revision(first)?, Path::new(first).exists()) {
        (Some(revision), false) => Ok((revision, paths(rest))),
        (None, true) => Ok((repository.default_base()?, paths(&args.operands))),
        (Some(_), true) => Err(Error::Usage(format!(
            "`{first}` is a revision and a path; write `--base {first}` for the revision, or `./{first}` for the path"
        ))),
        (None, false) => {
            // A path that is gone is still one of the base.
            let base = repository.default_base()?;
            let old = Tree::Revision(repository, repository.files(&base)?);
            if old.has(first) {
                return Ok((base, paths(&args.operands)));
            }
            match repository.expect_revision(first) {
                Err(Error::Git(why)) => Err(Error::Git(format!("{why}, and no such path"))),
                Err(error) => Err(error),
                Ok(revision) => Ok((revision, paths(rest))),
            }
        }
    }
}

fn compare_files(
    args: &Args,
    old: &Path,
    new: &Path,
    conditions: &[Condition],
    output: &mut Output,
) -> Result<Outcome, Error> {
    let shown = |path: &Path| crate::workspace::display(path);
    for path in [old, new] {
        if !path.exists() {
            return Err(Error::Missing(shown(path)));
        }
    }
    let (old_words, new_words) = (format!("`{}`", shown(old)), format!("`{}`", shown(new)));
    if old.is_dir() != new.is_dir() {
        return Err(Error::Usage(format!(
            "{old_words} and {new_words} are a file and a folder; `--files` takes two files or two folders"
        )));
    }
    let comparison = if old.is_dir() {
        let (before, after) = (
            Tree::Disk(Disk::new(old, "sha1")),
            Tree::Disk(Disk::new(new, "sha1")),
        );
        let mut all = before.sources(&[])?;
        all.extend(after.sources(&[])?);
        if all.is_empty() {
            return Err(Error::NoSources(shown(old)));
        }
        let comparison = Comparison {
            old: before,
            new: after,
            old_words,
            new_words,
            pairs: Vec::new(),
        };
        comparison.pair(all)
    } else {
        let tree = |path: &Path| {
            let folder = path.parent().unwrap_or(Path::new(""));
            Tree::Disk(Disk::new(folder, "sha1"))
        };
        let name = |path: &Path| {
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default()
        };
        Comparison {
            old: tree(old),
            new: tree(new),
            old_words,
            new_words,
            pairs: vec![(name(old), name(new))],
        }
    };
    comparison.run(args, conditions, output)
}

impl Comparison<'_> {
    /// Pairs the files of both sides: by path; then those with the same content; then those of one name in two folders.
    fn pair(mut self, paths: BTreeSet<String>) -> Self {
        let (mut gone, mut fresh) = (Vec::new(), Vec::new());
        for path in paths {
            match (self.old.id(&path).is_some(), self.new.id(&path).is_some()) {
                (true, false) => gone.push(path),
                (false, true) => fresh.push(path),
                _ => self.pairs.push((path.clone(), path)),
            }
        }
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let alike: [&Alike<'_>; 2] = [
            &|old, new| self.old.id(old) == self.new.id(new),
            &|old, new| name(old) == name(new),
        ];
        let mut moved = Vec::new();
        for alike in alike {
            fresh.retain(|new| match gone.iter().position(|old| alike(old, new)) {
                Some(at) => {
                    moved.push((gone.remove(at), new.clone()));
                    false
                }
                None => true,
            });
        }
        self.pairs.extend(moved);
        self.pairs.extend(
            gone.into_iter()
                .chain(fresh)
                .map(|path| (path.clone(), path)),
        );
        self.pairs.sort_by(|a, b| a.1.cmp(&b.1));
        self
    }

    fn run(
        self,
        args: &Args,
        conditions: &[Condition],
        output: &mut Output,
    ) -> Result<Outcome, Error> {
        output.status(
            "Comparing",
            &format!("{} with {}", self.new_words, self.old_words),
        );
        let (old_workspace, old_text) = self.old.workspace()?;
        let (new_workspace, new_text) = self.new.workspace()?;
        let same_configuration = old_text == new_text;
        let mut report = Report {
            before: self.old_words.clone(),
            after: self.new_words.clone(),
            compared: self.pairs.len(),
            touched: 0,
            files: Vec::new(),
            tripped: Vec::new(),
        };
        let mut failed = Vec::new();
        for (before, after) in &self.pairs {
            if same_configuration && before == after && tree::is_same(&self.old, &self.new, before)
            {
                continue;
            }
            let sides = [
                (&self.old, before, &old_workspace, &self.old_words),
                (&self.new, after, &new_workspace, &self.new_words),
            ];
            let mut made = Vec::new();
            for (tree, path, workspace, words) in sides {
                let side = Made::compile(tree, path, workspace)?;
                if let Some(side) = &side
                    && side.has_errors()
                {
                    output.error(&format!(
                        "{} does not compile in {words}:",
                        tree.shown(path)
                    ));
                    output.diagnostics(&side.diagnostics(), &side.compilation.sources);
                    failed.push(format!("`{}` in {words}", tree.shown(path)));
                }
                made.push(side);
            }
            if made.iter().flatten().any(Made::has_errors) {
                continue;
            }
            let texts: Vec<_> = made
                .iter()
                .map(|side| side.as_ref().map(Made::texts))
                .collect();
            report.touched += usize::from(texts[0] != texts[1]);
            let mut change = compare(after, &made[0], &made[1]);
            let was = (before != after && args.files.is_none()).then(|| before.clone());
            change.before = was.filter(|_| change.kind == diff::Kind::Changed);
            for note in &change.notes {
                output.status("Note", &format!("{after}: {note}"));
            }
            if !change.is_empty() || !change.costs.is_empty() || change.before.is_some() {
                report.files.push(change);
            }
        }
        if !failed.is_empty() {
            if output.format() == Format::Markdown {
                output.result(&diff::markdown::failed(&report, &failed));
            }
            return Ok(Outcome::Problems);
        }
        report.judge(conditions);
        show(&report, args.text, output);
        Ok(if report.tripped.is_empty() {
            Outcome::Fine
        } else {
            Outcome::Problems
        })
    }
}

fn show(report: &Report, text: bool, output: &mut Output) {
    match output.format() {
        Format::Json => output.result(&format!("{:#}\n", serde_json::json!(report))),
        Format::Markdown => output.result(&diff::markdown::render(report, text)),
        Format::Github => output.result(&diff::annotations(report)),
        Format::Human | Format::Short | Format::Sarif => {
            let color = output.color();
            output.result(&diff::terminal::render(report, color));
            if text {
                for file in &report.files {
                    for change in &file.texts {
                        output.result(&change.unified());
                    }
                }
            }
        }
    }
    for tripped in &report.tripped {
        output.error(&format!("--fail-on {}: {}", tripped.condition, tripped.why));
    }
    output.status("Compared", &plural(report.compared, "file"));
}

/// A file on one side, compiled.
struct Made {
    compilation: Compilation,
    output: Option<backend::Output>,
    emission: Option<driver::Emission>,
    assumed: Vec<Given>,
}

impl Made {
    /// None where there is no such file.
    fn compile(tree: &Tree, path: &str, workspace: &Workspace) -> Result<Option<Self>, Error> {
        if tree.id(path).is_none() {
            return Ok(None);
        }
        let shown = tree.shown(path);
        let main = tree.read(&shown).map_err(|error| Error::Read {
            path: shown.clone(),
            reason: match error {
                crate::source::ReadError::Missing(_) => "it is gone".to_owned(),
                crate::source::ReadError::Unreadable(reason) => reason,
            },
        })?;
        let compilation = driver::compile(main, &workspace.levels, &mut |path| tree.read(path));
        let made = compilation.program.as_ref().map(driver::make);
        let (output, emission) =
            made.map_or((None, None), |(output, emission)| (output, Some(emission)));
        Ok(Some(Self {
            compilation,
            output,
            emission,
            assumed: workspace
                .assumptions()
                .into_iter()
                .map(|(name, value)| Given {
                    name,
                    value,
                    source: Source::Config,
                })
                .collect(),
        }))
    }

    fn has_errors(&self) -> bool {
        self.compilation.program.is_none()
            || self
                .emission
                .as_ref()
                .is_some_and(driver::Emission::has_errors)
    }

    fn diagnostics(&self) -> Vec<crate::diagnostic::Diagnostic> {
        let emitted = self
            .emission
            .iter()
            .flat_map(|emission| &emission.diagnostics);
        self.compilation
            .diagnostics
            .iter()
            .chain(emitted)
            .cloned()
            .collect()
    }

    fn texts(&self) -> Vec<&str> {
        self.compilation
            .sources
            .iter()
            .map(|(_, file)| &*file.text)
            .collect()
    }

    fn side(&self) -> Option<Side<'_>> {
        Some(Side {
            program: self.compilation.program.as_ref()?,
            sources: &self.compilation.sources,
            output: self.output.as_ref()?,
            artifacts: &self.emission.as_ref()?.artifacts,
            assumed: &self.assumed,
        })
    }
}

fn compare(path: &str, old: &Option<Made>, new: &Option<Made>) -> FileChange {
    let old = old.as_ref().and_then(Made::side);
    let new = new.as_ref().and_then(Made::side);
    diff::compare(path, old.as_ref(), new.as_ref())
}
