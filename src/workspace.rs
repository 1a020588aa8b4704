//! The world: finding, reading and writing files, and `flowc.toml`.

pub mod git;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::diagnostic::find_nearest;
use crate::diagnostic::levels::{LintLevel, LintLevels};
use crate::source::{ReadError, SourceFile, normalize};

/// The name of the optional configuration file.
pub const CONFIG_FILE: &str = "flowc.toml";

/// Source files longer than this are refused unread (bytes).
const MAX_SOURCE: u64 = 8 * 1024 * 1024;

/// What went wrong outside the program; exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no file or folder `{0}`")]
    Missing(String),
    #[error("no `.flow` files below `{0}`")]
    NoSources(String),
    #[error("cannot read `{path}`: {reason}")]
    Read { path: String, reason: String },
    #[error("cannot write `{path}`: {reason}")]
    Write { path: String, reason: String },
    #[error("`{0}` is not UTF-8 text")]
    NotText(String),
    #[error(
        "`{first}` and `{second}` would both be written to `{out}`; give one of them another name"
    )]
    SameOutput {
        first: String,
        second: String,
        out: String,
    },
    #[error("`{path}`: {reason}")]
    Config { path: String, reason: String },
    #[error(
        "there is no `{CONFIG_FILE}` at or above this folder, so there is no environment `{0}`"
    )]
    NoConfig(String),
    #[error("`{0}` exists already; nothing was written")]
    Exists(String),
    /// What git says, or why it cannot be asked.
    #[error("{0}")]
    Git(String),
    /// Arguments that do not go together.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    pub fn standard_output(error: &io::Error) -> Self {
        Self::Write {
            path: "standard output".to_owned(),
            reason: reason(error),
        }
    }
}

/// `flowc.toml`, all optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where `build` writes, relative to the file's folder.
    pub out: Option<String>,
    /// Lint names and levels: `allow`, `warn` or `deny`.
    #[serde(default)]
    pub lints: BTreeMap<String, String>,
    /// Values of parameters by environment.
    #[serde(default)]
    pub environments: BTreeMap<String, Environment>,
    /// What `cost` assumes: values by names, or such tables by pipelines and states.
    #[serde(default)]
    pub assume: toml::Table,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    #[serde(default)]
    pub params: BTreeMap<String, toml::Value>,
}

/// The configuration that holds for the current folder.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// The folder of `flowc.toml`, if there is one, as seen from the current folder: empty, `..`, `../..`.
    pub root: Option<PathBuf>,
    pub config: Config,
    pub levels: LintLevels,
}

impl Workspace {
    /// Reads the nearest `flowc.toml` at or above a folder.
    pub fn find(folder: &Path) -> Result<Self, Error> {
        for (ups, ancestor) in folder.ancestors().enumerate() {
            let root: PathBuf = std::iter::repeat_n("..", ups).collect();
            let path = root.join(CONFIG_FILE);
            match fs::read_to_string(ancestor.join(CONFIG_FILE)) {
                Ok(text) => return Self::parse(&root, &path, &text),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(Error::Read {
                        path: display(&path),
                        reason: reason(&error),
                    });
                }
            }
        }
        Ok(Self::default())
    }

    /// Reads the text of a `flowc.toml` that stands in a folder, under the path that people see.
    fn parse(folder: &Path, path: &Path, text: &str) -> Result<Self, Error> {
        let config_error = |reason: String| Error::Config {
            path: display(path),
            reason,
        };
        let config: Config =
            toml::from_str(text).map_err(|e| config_error(e.to_string().trim_end().to_owned()))?;
        let mut levels = LintLevels::default();
        for (name, level) in &config.lints {
            let level = match level.as_str() {
                "allow" => LintLevel::Allow,
                "warn" => LintLevel::Warn,
                "deny" => LintLevel::Deny,
                other => {
                    return Err(config_error(format!(
                        "the level of `{name}` is `{other}`; expected `allow`, `warn` or `deny`"
                    )));
                }
            };
            levels.set(name, level).map_err(config_error)?;
        }
        Ok(Self {
            root: Some(folder.to_owned()),
            config,
            levels,
        })
    }

    /// The values of an environment's parameters.
    pub fn environment(&self, name: &str) -> Result<BTreeMap<String, serde_json::Value>, Error> {
        if self.root.is_none() {
            return Err(Error::NoConfig(name.to_owned()));
        }
        let known = &self.config.environments;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        match known.get(name) {
            Some(_) if !name.chars().all(fits) => Err(self.config_error(format!(
                "the environment `{name}` names a file: it has letters, digits, `_` and `-` only"
            ))),
            Some(environment) => Ok(environment
                .params
                .iter()
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect()),
            None => {
                let names = known.keys().map(String::as_str);
                let reason = match find_nearest(name, names) {
                    Some(near) => {
                        format!("there is no environment `{name}`; did you mean `{near}`?")
                    }
                    None if known.is_empty() => format!(
                        "there is no environment `{name}`; one begins with `[environments.{name}.params]`"
                    ),
                    None => {
                        let names: Vec<String> = known.keys().map(|n| format!("`{n}`")).collect();
                        format!(
                            "there is no environment `{name}`; there are {}",
                            names.join(", ")
                        )
                    }
                };
                Err(self.config_error(reason))
            }
        }
    }

    /// What `cost` assumes, with dotted names: `partitions`, `ready.waits`, `nightly.partitions`.
    pub fn assumptions(&self) -> Vec<(String, String)> {
        fn flatten(prefix: &str, table: &toml::Table, all: &mut Vec<(String, String)>) {
            for (name, value) in table {
                let name = format!("{prefix}{name}");
                match value {
                    toml::Value::Table(inner) => flatten(&format!("{name}."), inner, all),
                    toml::Value::String(text) => all.push((name, text.clone())),
                    value => all.push((name, value.to_string())),
                }
            }
        }
        let mut all = Vec::new();
        flatten("", &self.config.assume, &mut all);
        all
    }

    /// Something that `flowc.toml` says is wrong.
    pub fn config_error(&self, reason: String) -> Error {
        let root = self.root.as_deref().unwrap_or(Path::new(""));
        Error::Config {
            path: display(&root.join(CONFIG_FILE)),
            reason,
        }
    }

    /// Where the current folder is below that of `flowc.toml`, by their names alone: empty for that folder itself and where
    /// there is no such file.
    pub fn here(&self) -> PathBuf {
        self.below_root()
            .and_then(|below| below(Path::new("")))
            .unwrap_or_default()
    }

    /// Tells where a path is below the folder of `flowc.toml`; None of a path outside of it. None at all where there is no
    /// such file.
    fn below_root(&self) -> Option<impl Fn(&Path) -> Option<PathBuf>> {
        let here = std::env::current_dir().ok()?;
        let absolute = move |path: &Path| PathBuf::from(normalize(&display(&here.join(path))));
        let root = absolute(self.root.as_deref()?);
        Some(move |path: &Path| absolute(path).strip_prefix(&root).ok().map(Path::to_owned))
    }

    /// Whether `flowc.toml` stands in the current folder, so that all its sources are below it.
    pub fn is_here(&self) -> bool {
        self.root.as_deref() == Some(Path::new(""))
    }

    /// Says where each source's artifacts go. Below the folder of `flowc.toml` that follows from the source's own place, so
    /// that it is the same from wherever and however it is built.
    pub fn place(&self, found: &mut [Found]) {
        let Some(below_root) = self.below_root() else {
            return;
        };
        for source in found {
            if let Some(below) = below_root(Path::new(&source.path)) {
                source.out = display(&below.with_extension(""));
            }
        }
    }

    /// Where `build` writes when `--out` is not given.
    pub fn default_out(&self) -> PathBuf {
        let out = self.config.out.as_deref().unwrap_or("out");
        match &self.root {
            Some(root) => root.join(out),
            None => PathBuf::from(out),
        }
    }
}

/// A value of the configuration, dates as their text.
fn plain(value: &toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Datetime(moment) => serde_json::Value::String(moment.to_string()),
        toml::Value::Array(elements) => elements.iter().map(plain).collect(),
        value => serde_json::to_value(value).unwrap_or_default(),
    }
}

/// A source to compile and the folder, below the output folder, that its artifacts go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// With `/` between its parts, as people see it.
    pub path: String,
    /// `sub/sales` for `sub/sales.flow` below the given folder.
    pub out: String,
}

/// The `.flow` files of the given paths, folders searched through, honouring ignore files; sorted, each once.
pub fn find_sources(paths: &[PathBuf]) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for path in paths {
        let meta = fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Missing(display(path)),
            _ => Error::Read {
                path: display(path),
                reason: reason(&error),
            },
        })?;
        if meta.is_dir() {
            let before = found.len();
            for entry in walk(path) {
                let entry = entry.map_err(|error| Error::Read {
                    path: display(path),
                    reason: error.to_string(),
                })?;
                let file = entry.path();
                if entry.file_type().is_some_and(|t| t.is_file())
                    && file.extension().is_some_and(|e| e == "flow")
                {
                    let below = file.strip_prefix(path).unwrap_or(file).with_extension("");
                    found.push(Found {
                        path: display(file.strip_prefix(".").unwrap_or(file)),
                        out: display(&below),
                    });
                }
            }
            if found.len() == before {
                return Err(Error::NoSources(display(path)));
            }
        } else {
            let stem = path.file_stem().unwrap_or(path.as_os_str());
            found.push(Found {
                path: display(path),
                out: display(Path::new(stem)),
            });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    Ok(found)
}

/// Fails when the artifacts of two sources would be written to one folder.
pub fn check_outputs(found: &[Found]) -> Result<(), Error> {
    let mut outs: BTreeMap<&str, &str> = BTreeMap::new();
    for source in found {
        if let Some(first) = outs.insert(&source.out, &source.path) {
            return Err(Error::SameOutput {
                first: first.to_owned(),
                second: source.path.clone(),
                out: source.out.clone(),
            });
        }
    }
    Ok(())
}

/// Reads a source file. What is no UTF-8 in it is read as U+FFFD, which the compiler reports at its place.
pub fn read_source(path: &str) -> Result<SourceFile, Error> {
    let read_error = |error: &io::Error| Error::Read {
        path: path.to_owned(),
        reason: reason(error),
    };
    let meta = fs::metadata(path).map_err(|e| read_error(&e))?;
    if meta.len() > MAX_SOURCE {
        return Err(Error::Read {
            path: path.to_owned(),
            reason: format!("it is larger than {} MiB", MAX_SOURCE / 1024 / 1024),
        });
    }
    let bytes = fs::read(path).map_err(|e| read_error(&e))?;
    Ok(SourceFile::new(path, String::from_utf8_lossy(&bytes)))
}

/// Reads a file that a `use` names.
pub fn read_used(path: &str) -> Result<SourceFile, ReadError> {
    match read_source(path) {
        Ok(file) => Ok(file),
        Err(_) if !Path::new(path).exists() => Err(ReadError::Missing(beside(path))),
        Err(Error::Read { reason, .. }) => Err(ReadError::Unreadable(reason)),
        Err(error) => Err(ReadError::Unreadable(error.to_string())),
    }
}

/// The text of a file that is no source: a definition, an input, mocks.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = fs::read(path).map_err(|error| Error::Read {
        path: display(path),
        reason: reason(&error),
    })?;
    String::from_utf8(bytes).map_err(|_| Error::NotText(display(path)))
}

/// The `.flow` files in the folder of a path that does not exist.
fn beside(path: &str) -> Vec<String> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|p| p.extension().is_some_and(|e| e == "flow"))
        .map(|p| display(p.strip_prefix("./").unwrap_or(&p)))
        .collect();
    names.sort();
    names
}

/// Whether a file holds exactly this text; false when there is none.
pub fn holds(path: &Path, text: &str) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(meta) => has_text(path, &meta, text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn has_text(path: &Path, meta: &fs::Metadata, text: &str) -> io::Result<bool> {
    Ok(meta.len() == text.len() as u64 && fs::read(path)? == text.as_bytes())
}

/// Writes a file whole or not at all, and leaves it alone when it holds the text already. Through a symbolic link it
/// writes the file that the link names; a file that is not to be written is not replaced by another.
/// Returns whether it was written.
pub fn write(path: &Path, text: &str) -> Result<bool, Error> {
    let write_error = |error: io::Error| Error::Write {
        path: display(path),
        reason: reason(&error),
    };
    let Some((target, meta)) = find_target(path).map_err(write_error)? else {
        return replace(path, None, text).map_err(write_error);
    };
    if has_text(&target, &meta, text).map_err(write_error)? {
        return Ok(false);
    }
    if meta.permissions().readonly() {
        return Err(Error::Write {
            path: display(&target),
            reason: "it is read-only".to_owned(),
        });
    }
    replace(&target, Some(&meta), text).map_err(write_error)
}

/// The file that a path names, through symbolic links; None when there is none yet.
fn find_target(path: &Path) -> io::Result<Option<(PathBuf, fs::Metadata)>> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => {
            let target = fs::canonicalize(path)?;
            let meta = fs::metadata(&target)?;
            Ok(Some((target, meta)))
        }
        Ok(meta) => Ok(Some((path.to_owned(), meta))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts a new file at a path, in the place of an old one if there is one.
fn replace(path: &Path, old: Option<&fs::Metadata>, text: &str) -> io::Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".flowc-");
    set_mode(&mut builder, old);
    let mut file = match builder.tempfile_in(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            builder.tempfile_in(folder)?
        }
        file => file?,
    };
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(true)
}

/// A temporary file is private; what replaces it keeps the mode of the old file, or gets that of a new one.
#[cfg(unix)]
fn set_mode(builder: &mut tempfile::Builder<'_, '_>, old: Option<&fs::Metadata>) {
    use std::os::unix::fs::PermissionsExt;
    let mode = old.map_or(0o666, |meta| meta.permissions().mode());
    builder.permissions(fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn set_mode(_builder: &mut tempfile::Builder<'_, '_>, _old: Option<&fs::Metadata>) {}

/// Generated files in a source's output folder that its program no longer makes.
pub fn find_stale(folder: &Path, expected: &[&str]) -> Vec<PathBuf> {
    let mut stale: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            [".asl.json", ".iam.json", ".template.json"]
                .iter()
                .any(|ending| name.ends_with(ending))
                && !expected.contains(&name.as_ref())
        })
        .map(|entry| entry.path())
        .collect();
    stale.sort();
    stale
}

/// Output folders at or below one that no source has any more: `sales/` with a `sales.template.json`. `made` are the
/// folders that have a source.
pub fn find_orphans(folder: &Path, made: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let mut orphans: Vec<PathBuf> = walk(folder)
        .flatten()
        .map(ignore::DirEntry::into_path)
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !made.contains(path) && path.join(format!("{name}.template.json")).is_file()
        })
        .collect();
    orphans.sort();
    orphans
}

/// What stands at and below a folder, in the order of names, honouring ignore files.
fn walk(folder: &Path) -> ignore::Walk {
    ignore::WalkBuilder::new(folder)
        .require_git(false)
        // What a machine leaves out everywhere is no part of the project.
        .git_global(false)
        .sort_by_file_name(|a, b| a.cmp(b))
        .build()
}

/// A path as people see it, with `/` on every system.
pub fn display(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// The system's reason in lower case, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
