//! Sources on one side of a comparison: on disk, or in a revision. Paths are those that people see.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sha1::Digest;

use super::git::{Files, Repository};
use super::{CONFIG_FILE, Error, Found, Workspace, display, find_sources, read_text, read_used};
use crate::source::{ReadError, SourceFile, normalize};

/// Where one side's sources are.
pub enum Tree<'r> {
    Disk(Disk),
    Revision(&'r Repository, Files),
}

/// Files below the current folder, or below another.
#[derive(Debug, Default)]
pub struct Disk {
    /// Before each path; empty for the current folder.
    folder: PathBuf,
    /// How git calls contents here: `sha1`, `sha256`.
    object_format: String,
    read: RefCell<HashMap<String, Option<Content>>>,
}

/// A file that was read, and what git would call its content.
#[derive(Clone, Debug)]
struct Content {
    text: Rc<[u8]>,
    id: String,
}

impl Disk {
    /// Contents are called as git calls them in that repository.
    pub fn new(folder: &Path, object_format: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            object_format: object_format.to_owned(),
            read: RefCell::default(),
        }
    }

    fn content(&self, path: &str) -> Option<Content> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let bytes = std::fs::read(self.folder.join(path)).ok();
        let content = bytes.map(|bytes| Content {
            id: object_id(&bytes, &self.object_format),
            text: bytes.into(),
        });
        self.read
            .borrow_mut()
            .insert(path.to_owned(), content.clone());
        content
    }
}

/// The id that git gives a file's content.
fn object_id(bytes: &[u8], object_format: &str) -> String {
    let head = format!("blob {}\0", bytes.len());
    let digest = match object_format {
        "sha256" => {
            let digest = sha2::Sha256::new().chain_update(head).chain_update(bytes);
            digest.finalize().to_vec()
        }
        _ => {
            let digest = sha1::Sha1::new().chain_update(head).chain_update(bytes);
            digest.finalize().to_vec()
        }
    };
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Tree<'_> {
    /// The `.flow` files at or below the given paths, sorted; those of the whole when none is given.
    pub fn sources(&self, paths: &[PathBuf]) -> Result<BTreeSet<String>, Error> {
        match self {
            Self::Disk(disk) => {
                let here = [PathBuf::from(".")];
                let paths = if paths.is_empty() { &here } else { paths };
                let mut found = BTreeSet::new();
                for path in paths {
                    match find_sources(&[disk.folder.join(path)]) {
                        Ok(sources) => {
                            let below = |source: Found| {
                                let path = Path::new(&source.path);
                                display(path.strip_prefix(&disk.folder).unwrap_or(path))
                            };
                            found.extend(sources.into_iter().map(below));
                        }
                        Err(Error::Missing(_) | Error::NoSources(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(found)
            }
            Self::Revision(repository, files) => {
                let mut wanted: Vec<String> = Vec::new();
                for path in paths {
                    let path = display(path);
                    wanted.push(inside(repository, &path)?);
                }
                if paths.is_empty() {
                    wanted.push(inside(repository, ".")?);
                }
                let is_wanted = |path: &&str| {
                    wanted.iter().any(|wanted| {
                        let rest = path.strip_prefix(wanted.as_str());
                        wanted.is_empty()
                            || rest.is_some_and(|rest| {
                                rest.is_empty() || rest.starts_with('/') && path.ends_with(".flow")
                            })
                    })
                };
                let flows = files.paths().filter(is_wanted);
                let flows = flows.filter(|p| p.ends_with(".flow") || wanted.iter().any(|w| w == p));
                Ok(flows.map(|path| repository.outside(path)).collect())
            }
        }
    }

    /// Whether something stands at this path, be it a source or not.
    pub fn has(&self, path: &str) -> bool {
        match self {
            Self::Disk(disk) => disk.folder.join(path).exists(),
            Self::Revision(repository, files) => repository.inside(path).is_some_and(|inside| {
                let folder = format!("{inside}/");
                inside.is_empty() || files.paths().any(|p| p == inside || p.starts_with(&folder))
            }),
        }
    }

    /// What git calls the content of a file; None where there is none.
    pub fn id(&self, path: &str) -> Option<String> {
        match self {
            Self::Disk(disk) => disk.content(path).map(|content| content.id),
            Self::Revision(repository, files) => {
                files.id(&repository.inside(path)?).map(str::to_owned)
            }
        }
    }

    /// The bytes of a file; None where there is none or it cannot be read.
    pub fn bytes(&self, path: &str) -> Option<Rc<[u8]>> {
        match self {
            Self::Disk(disk) => disk.content(path).map(|content| content.text),
            Self::Revision(repository, files) => {
                let read = files.read(&repository.inside(path)?)?;
                read.ok().map(Into::into)
            }
        }
    }

    /// What a path is called in diagnostics.
    pub fn shown(&self, path: &str) -> String {
        match self {
            Self::Disk(disk) => display(&disk.folder.join(path)),
            Self::Revision(..) => path.to_owned(),
        }
    }

    /// Reads a source by the path that diagnostics call it by, as the compiler asks for it.
    pub fn read(&self, shown: &str) -> Result<SourceFile, ReadError> {
        match self {
            Self::Disk(_) => read_used(shown),
            Self::Revision(repository, files) => {
                let inside = repository.inside(shown).unwrap_or_default();
                match files.read(&inside) {
                    None => Err(ReadError::Missing(self.beside(shown))),
                    Some(Err(error)) => Err(ReadError::Unreadable(error.to_string())),
                    Some(Ok(bytes)) => Ok(SourceFile::new(shown, String::from_utf8_lossy(&bytes))),
                }
            }
        }
    }

    /// The `.flow` files in the folder of a path.
    fn beside(&self, path: &str) -> Vec<String> {
        let Self::Revision(repository, files) = self else {
            return Vec::new();
        };
        let inside = repository.inside(path).unwrap_or_default();
        let folder = |path: &str| {
            path.rsplit_once('/')
                .map_or("", |(folder, _)| folder)
                .to_owned()
        };
        let wanted = folder(&inside);
        let here = files
            .paths()
            .filter(|p| folder(p) == wanted && p.ends_with(".flow"));
        here.map(|path| repository.outside(path)).collect()
    }

    /// The configuration that holds there, and the content of its file.
    pub fn workspace(&self) -> Result<(Workspace, Option<String>), Error> {
        match self {
            Self::Disk(disk) => {
                let here = std::env::current_dir().map_err(|error| Error::Read {
                    path: ".".to_owned(),
                    reason: error.to_string(),
                })?;
                let workspace = Workspace::find(&here.join(&disk.folder))?;
                let text = match &workspace.root {
                    Some(root) => {
                        read_text(&here.join(&disk.folder).join(root).join(CONFIG_FILE)).ok()
                    }
                    None => None,
                };
                Ok((workspace, text))
            }
            Self::Revision(repository, files) => {
                let here = inside(repository, ".")?;
                let mut folder = Some(here.as_str());
                while let Some(at) = folder {
                    let path = match at {
                        "" => CONFIG_FILE.to_owned(),
                        at => format!("{at}/{CONFIG_FILE}"),
                    };
                    if let Some(read) = files.read(&path) {
                        let text =
                            String::from_utf8(read?).map_err(|_| Error::NotText(path.clone()))?;
                        let shown = PathBuf::from(repository.outside(&path));
                        let root = shown.parent().unwrap_or(Path::new("")).to_owned();
                        return Ok((Workspace::parse(&root, &shown, &text)?, Some(text)));
                    }
                    folder = match at.rsplit_once('/') {
                        Some((above, _)) => Some(above),
                        None if at.is_empty() => None,
                        None => Some(""),
                    };
                }
                // One above the repository is not of a revision.
                match repository.root().parent() {
                    Some(above) => {
                        let workspace = Workspace::find(above)?;
                        let text = workspace
                            .root
                            .as_ref()
                            .and_then(|root| read_text(&above.join(root).join(CONFIG_FILE)).ok());
                        Ok((workspace, text))
                    }
                    None => Ok((Workspace::default(), None)),
                }
            }
        }
    }
}

fn inside(repository: &Repository, path: &str) -> Result<String, Error> {
    repository
        .inside(path)
        .ok_or_else(|| Error::Git(format!("`{path}` is outside of the repository")))
}

/// Whether a source, and all that it uses, is the same on both sides: then what becomes of it is the same too.
pub fn is_same(old: &Tree, new: &Tree, path: &str) -> bool {
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    let mut left = vec![path.to_owned()];
    while let Some(path) = left.pop() {
        if seen.insert(path.clone(), ()).is_some() {
            continue;
        }
        let (before, after) = (old.id(&path), new.id(&path));
        if before != after {
            return false;
        }
        // Both lack it: the compiler says so of both.
        let Some(bytes) = after.and_then(|_| new.bytes(&path)) else {
            continue;
        };
        let Some(uses) = uses(&bytes) else {
            return false;
        };
        let folder = Path::new(&path)
            .parent()
            .unwrap_or(Path::new(""))
            .to_owned();
        left.extend((uses.iter()).map(|used| normalize(&display(&folder.join(used)))));
    }
    true
}

/// The paths behind `use`; more than there are, rather than one too few. None when it takes a parser to tell.
fn uses(bytes: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut found = Vec::new();
    for (at, _) in text.match_indices("use") {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if text[..at].ends_with(word) {
            continue;
        }
        let rest = text[at + "use".len()..].trim_start();
        let quoted = rest
            .strip_prefix('r')
            .filter(|rest| rest.starts_with('"'))
            .unwrap_or(rest);
        match quoted.strip_prefix('"') {
            Some(inner) => {
                let (path, _) = inner.split_once('"')?;
                if path.contains(['\\', '{', '}', '\n']) || path.is_empty() {
                    return None;
                }
                found.push(path.to_owned());
            }
            None if rest.starts_with('/') => return None,
            None => {}
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_called_as_git_calls_it() {
        // git hash-object of `hello\n`
        assert_eq!(
            object_id(b"hello\n", "sha1"),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
        let sha256 = "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4";
        assert_eq!(object_id(b"hello\n", "sha256"), sha256);
    }

    #[test]
    fn used_paths_are_found_without_a_parser() {
        let found = |text: &str| uses(text.as_bytes());
        let text = "use \"lib/a.flow\"\nuse\n  r\"b.flow\" // we use it\nlet reuse = \"x\"";
        assert_eq!(
            found(text),
            Some(vec!["lib/a.flow".to_owned(), "b.flow".to_owned()])
        );
        assert_eq!(found("use /* why */ \"a.flow\""), None);
        assert_eq!(found("use \"a\\u0062.flow\""), None);
        assert_eq!(found("pipeline p() { }"), Some(Vec::new()));
    }
}
