//! Revisions of a git repository, read by the `git` that is installed. Writes nothing, and checks nothing out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::{Error, MAX_SOURCE};

/// Links that lead to links are followed so far.
const MOST_LINKS: usize = 8;

/// The repository that the current folder is in.
#[derive(Debug)]
pub struct Repository {
    /// Its top folder.
    root: PathBuf,
    /// The current folder below it, with a `/` behind: `pipelines/`; empty at the top.
    prefix: String,
    shallow: bool,
    /// `sha1`, `sha256`
    pub object_format: String,
}

/// A commit, and what people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub id: String,
    /// `` `main` ``, ``the merge base with `main` ``
    pub words: String,
}

/// The files of a commit.
#[derive(Debug)]
pub struct Files {
    root: PathBuf,
    /// By path from the top.
    entries: BTreeMap<String, Entry>,
    reader: RefCell<Option<BatchReader>>,
}

#[derive(Debug)]
struct Entry {
    id: String,
    is_link: bool,
}

#[derive(Debug)]
struct BatchReader {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Repository {
    /// That of the current folder.
    pub fn find() -> Result<Self, Error> {
        let told = run(
            Path::new("."),
            &[
                "rev-parse",
                "--show-toplevel",
                "--show-prefix",
                "--is-shallow-repository",
                "--show-object-format",
            ],
        )?;
        if !told.success {
            return Err(Error::Git(format!(
                "this folder is in no git repository that has files ({}); `flowc diff --files OLD NEW` compares two files or folders without one",
                told.complaint
            )));
        }
        let mut lines = told.text.lines();
        let mut next = || lines.next().unwrap_or_default().to_owned();
        Ok(Self {
            root: PathBuf::from(next()),
            prefix: next(),
            shallow: next() == "true",
            object_format: next(),
        })
    }

    /// The commit that a name stands for; None when it stands for none.
    pub fn revision(&self, name: &str) -> Result<Option<Revision>, Error> {
        if name.starts_with('-') {
            return Ok(None);
        }
        let told = self.run(&[
            "rev-parse",
            "--verify",
            "--quiet",
            &format!("{name}^{{commit}}"),
        ])?;
        Ok(told.success.then(|| Revision {
            id: told.text.trim().to_owned(),
            words: format!("`{name}`"),
        }))
    }

    /// As [`Repository::revision`]; an error when there is no such commit.
    pub fn expect_revision(&self, name: &str) -> Result<Revision, Error> {
        self.revision(name)?.ok_or_else(|| {
            let hint = if self.shallow {
                "; the history here is shallow: `git fetch --unshallow` gets the rest"
            } else {
                ""
            };
            Error::Git(format!(
                "there is no revision `{name}` in this repository{hint}"
            ))
        })
    }

    /// Where the current branch left the default one.
    pub fn default_base(&self) -> Result<Revision, Error> {
        let told = self.run(&[
            "for-each-ref",
            "--format=%(refname)",
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/main",
            "refs/remotes/origin/master",
            "refs/heads/main",
            "refs/heads/master",
        ])?;
        let known: Vec<&str> = told.text.lines().collect();
        // In the order in which they are believed.
        let candidates = [
            ("refs/remotes/origin/HEAD", "origin/HEAD"),
            ("refs/remotes/origin/main", "origin/main"),
            ("refs/remotes/origin/master", "origin/master"),
            ("refs/heads/main", "main"),
            ("refs/heads/master", "master"),
        ];
        let Some((reference, name)) = candidates.iter().find(|(full, _)| known.contains(full))
        else {
            return Err(Error::Git(
                "there is no `origin/HEAD`, `main` or `master` with a commit to compare with; name a revision: `flowc diff REVISION`"
                    .to_owned(),
            ));
        };
        let told = self.run(&["merge-base", "HEAD", reference])?;
        if !told.success {
            let why = if self.shallow {
                "the history here is shallow and does not reach it; `git fetch --unshallow` gets the rest (with actions/checkout: `fetch-depth: 0`), or name a revision"
            } else {
                "the two share no commit; name a revision: `flowc diff REVISION`"
            };
            return Err(Error::Git(format!(
                "there is no merge base of `HEAD` and `{name}`: {why}"
            )));
        }
        Ok(Revision {
            id: told.text.trim().to_owned(),
            words: format!("the merge base with `{name}`"),
        })
    }

    /// All files of a commit.
    pub fn files(&self, revision: &Revision) -> Result<Files, Error> {
        let told = self.run(&["ls-tree", "-r", "-z", "--full-tree", &revision.id])?;
        if !told.success {
            return Err(Error::Git(format!(
                "cannot list the files of {}: {}",
                revision.words, told.complaint
            )));
        }
        let mut entries = BTreeMap::new();
        for line in told.text.split('\0') {
            // `100644 blob ID<tab>PATH`
            let Some((about, path)) = line.split_once('\t') else {
                continue;
            };
            let mut words = about.split(' ');
            if let (Some(mode), Some("blob"), Some(id)) = (words.next(), words.next(), words.next())
            {
                let entry = Entry {
                    id: id.to_owned(),
                    is_link: mode == "120000",
                };
                entries.insert(path.to_owned(), entry);
            }
        }
        Ok(Files {
            root: self.root.clone(),
            entries,
            reader: RefCell::new(None),
        })
    }

    /// The path from the top of the repository of one that is seen from the current folder; None for one outside.
    pub fn inside(&self, path: &str) -> Option<String> {
        let path = Path::new(path);
        let below = match path.strip_prefix(&self.root) {
            Ok(below) => below.to_owned(),
            Err(_) if path.is_absolute() => return None,
            Err(_) => Path::new(&self.prefix).join(path),
        };
        let mut parts: Vec<String> = Vec::new();
        for component in below.components() {
            match component {
                Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
                Component::ParentDir => {
                    parts.pop()?;
                }
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        Some(parts.join("/"))
    }

    /// The other way round: as seen from the current folder.
    pub fn outside(&self, inside: &str) -> String {
        let mut folder: Vec<&str> = self
            .prefix
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        let mut rest: Vec<&str> = inside.split('/').collect();
        while !folder.is_empty() && folder.first() == rest.first() && rest.len() > 1 {
            folder.remove(0);
            rest.remove(0);
        }
        let ups = std::iter::repeat_n("..", folder.len());
        ups.chain(rest).collect::<Vec<_>>().join("/")
    }

    /// The top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn run(&self, arguments: &[&str]) -> Result<Told, Error> {
        run(&self.root, arguments)
    }
}

impl Files {
    /// Paths from the top, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The id of a file's content; None where there is no file.
    pub fn id(&self, path: &str) -> Option<&str> {
        Some(&self.follow(path)?.id)
    }

    /// The content of a file; None where there is none.
    pub fn read(&self, path: &str) -> Option<Result<Vec<u8>, Error>> {
        let id = self.follow(path)?.id.clone();
        Some(self.content(&id))
    }

    fn follow(&self, path: &str) -> Option<&Entry> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let entry = self.entries.get(&path)?;
            if !entry.is_link {
                return Some(entry);
            }
            let target = String::from_utf8(self.content(&entry.id).ok()?).ok()?;
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
            for part in target.split('/') {
                match part {
                    "" | "." => {}
                    ".." => {
                        parts.pop()?;
                    }
                    part => parts.push(part),
                }
            }
            path = parts.join("/");
        }
        None
    }

    fn content(&self, id: &str) -> Result<Vec<u8>, Error> {
        let mut slot = self.reader.borrow_mut();
        let reader = match slot.as_mut() {
            Some(reader) => reader,
            None => slot.insert(BatchReader::start(&self.root)?),
        };
        let read = reader.read(id);
        read.map_err(|error| Error::Git(format!("cannot read {id} from git: {error}")))
    }
}

impl BatchReader {
    fn start(root: &Path) -> Result<Self, Error> {
        let mut child = command(root)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| unable(&error))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Self {
                child,
                input,
                output: BufReader::new(output),
            }),
            _ => Err(Error::Git("cannot talk to git".to_owned())),
        }
    }

    /// `ID blob SIZE`, a newline, the content, a newline.
    fn read(&mut self, id: &str) -> io::Result<Vec<u8>> {
        writeln!(self.input, "{id}")?;
        self.input.flush()?;
        let mut head = String::new();
        self.output.read_line(&mut head)?;
        let size = head
            .trim_end()
            .rsplit_once(' ')
            .and_then(|(_, size)| size.parse::<u64>().ok());
        let Some(size) = size else {
            // What a partial clone left out, for one.
            return Err(io::Error::other(format!("it says `{}`", head.trim_end())));
        };
        if size > MAX_SOURCE {
            return Err(io::Error::other(format!(
                "it is larger than {} MiB",
                MAX_SOURCE / 1024 / 1024
            )));
        }
        let mut content = vec![0; size as usize + 1];
        self.output.read_exact(&mut content)?;
        content.pop();
        Ok(content)
    }
}

impl Drop for BatchReader {
    fn drop(&mut self) {
        // It ends by itself once its input is closed, and nothing of it is awaited any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What git said.
struct Told {
    success: bool,
    text: String,
    /// Its first complaint, without `fatal:`.
    complaint: String,
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Result<Told, Error> {
    let out = command(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| unable(&error))?;
    let complaint = String::from_utf8_lossy(&out.stderr);
    let complaint = complaint.lines().next().unwrap_or_default();
    Ok(Told {
        success: out.status.success(),
        text: String::from_utf8_lossy(&out.stdout).into_owned(),
        complaint: complaint.trim_start_matches("fatal: ").to_owned(),
    })
}

fn unable(error: &io::Error) -> Error {
    Error::Git(format!(
        "cannot run `git` ({}); `flowc diff --files OLD NEW` compares two files or folders without it",
        super::reason(error)
    ))
}
