//! The record of what was allowed: one file of the user's, kept under the
//! state folder (`$XDG_STATE_HOME/toolrun/trust.json`, else
//! `~/.local/state/toolrun/trust.json`).
//!
//! Its place comes from the process's own environment and never from
//! `--env-file`, which may lie beside a stranger's manifest. A record that
//! cannot be trusted itself counts as empty, and that is said.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Matter;
use crate::console::Console;
use crate::content::Content;
use crate::private_file;

/// The version of the file.
const VERSION: u64 = 1;

/// Largest record.
const MOST_BYTES: u64 = 4 << 20;

/// Most entries; the oldest go first, and are asked for again.
const MOST_ENTRIES: usize = 1000;

/// The file as it is written.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Written {
    version: u64,
    allowed: Vec<Allowed>,
}

/// What was allowed for one content of one manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Allowed {
    /// The manifest's true path.
    pub(crate) manifest: String,
    /// The fingerprint of its content.
    pub(crate) content: String,
    /// When the last yes was given.
    pub(crate) at: Timestamp,
    /// The secrets, their sources and origins.
    pub(crate) secrets: Vec<Matter>,
}

/// The record, as far as it can be read.
#[derive(Debug)]
pub(crate) struct Record {
    path: Option<PathBuf>,
    allowed: Vec<Allowed>,
}

/// What is wrong with a record that is there.
enum Flaw {
    /// It cannot be read, or must not be believed.
    Unreadable(String),
    /// It is no record.
    Damaged,
    /// A later version wrote it.
    Later,
}

impl Record {
    /// Reads the record. One that cannot be read counts as empty; why is said.
    pub(crate) fn open(console: &Console) -> Self {
        let Some(path) = path() else {
            return Self {
                path: None,
                allowed: Vec::new(),
            };
        };
        let allowed = read(&path).unwrap_or_else(|flaw| {
            console.say(&format!("warning: {}", flaw.told(&path)));
            Vec::new()
        });
        Self {
            path: Some(path),
            allowed,
        }
    }

    /// Where it lies, with `~` for the home folder.
    pub(crate) fn place(&self) -> Option<String> {
        self.path.as_deref().map(shown)
    }

    /// Everything in it.
    pub(crate) fn all(&self) -> &[Allowed] {
        &self.allowed
    }

    /// Whether a matter was allowed for that content.
    pub(crate) fn covers(&self, content: &Content, matter: &Matter) -> bool {
        self.allowed
            .iter()
            .filter(|one| one.is_for(content))
            .flat_map(|one| &one.secrets)
            .any(|allowed| matter.is_within(allowed))
    }

    /// The day on which a matter was allowed for another content of the same
    /// manifest, the last one.
    pub(crate) fn allowed_before(&self, content: &Content, matter: &Matter) -> Option<String> {
        let others = self.allowed.iter().filter(|one| one.is_of_another(content));
        others
            .filter(|one| one.secrets.iter().any(|allowed| matter.is_within(allowed)))
            .map(|one| one.at.strftime("%Y-%m-%d").to_string())
            .max()
    }

    /// Adds matters to what was allowed for that content, or says why it
    /// cannot be kept. What was allowed for another content of the same
    /// manifest is replaced.
    pub(crate) fn remember(&self, content: &Content, matters: &[&Matter]) -> Result<(), String> {
        self.change(|allowed| {
            let now = Timestamp::now();
            allowed.retain(|one| content.is_stdin() || !one.is_of_another(content));
            let place = allowed.iter().position(|one| one.is_for(content));
            let mut one = place
                .map(|place| allowed.remove(place))
                .unwrap_or_else(|| Allowed {
                    manifest: content.path.clone(),
                    content: content.fingerprint.clone(),
                    at: now,
                    secrets: Vec::new(),
                });
            one.at = now;
            for matter in matters {
                let known = one
                    .secrets
                    .iter_mut()
                    .find(|known| known.secret == matter.secret && known.source == matter.source);
                match known {
                    Some(known) => known.origins.extend(matter.origins.iter().cloned()),
                    None => one.secrets.push((*matter).clone()),
                }
            }
            allowed.push(one);
            let surplus = allowed.len().saturating_sub(MOST_ENTRIES);
            allowed.drain(..surplus);
        })
    }

    /// Takes back everything that was allowed for a manifest, whatever its
    /// content: how many entries that were, or why they cannot be removed.
    pub(crate) fn revoke(&self, manifest: &str) -> Result<usize, String> {
        let mut removed = 0;
        self.change(|allowed| {
            let before = allowed.len();
            allowed.retain(|one| one.manifest != manifest);
            removed = before - allowed.len();
        })?;
        Ok(removed)
    }

    /// Reads the file again, changes it and writes it, one process at a time.
    fn change(&self, change: impl FnOnce(&mut Vec<Allowed>)) -> Result<(), String> {
        let path = self
            .path
            .as_deref()
            .ok_or("there is no place to remember it: neither HOME nor XDG_STATE_HOME is set")?;
        let failed = |error: private_file::FileError| format!("cannot write `{}`: {error}", shown(path));
        let folder = path.parent().unwrap_or(Path::new("/"));
        private_file::folder(folder)
            .map_err(|error| format!("cannot use the folder `{}`: {error}", shown(folder)))?;
        // A file system without locks merely lets two at once forget one yes.
        let lock = File::open(folder);
        let _held = lock.as_ref().map(File::lock);
        let mut allowed = match read(path) {
            Ok(allowed) => allowed,
            Err(Flaw::Damaged) => {
                set_aside(path).map_err(failed)?;
                Vec::new()
            }
            Err(flaw) => return Err(flaw.told(path)),
        };
        change(&mut allowed);
        let written = Written {
            version: VERSION,
            allowed,
        };
        let text = serde_json::to_string_pretty(&written).map_err(|error| error.to_string())?;
        private_file::replace(path, format!("{text}\n").as_bytes()).map_err(failed)
    }
}

impl Allowed {
    fn is_for(&self, content: &Content) -> bool {
        self.manifest == content.path && self.content == content.fingerprint
    }

    fn is_of_another(&self, content: &Content) -> bool {
        self.manifest == content.path && self.content != content.fingerprint
    }
}

impl Flaw {
    fn told(&self, path: &Path) -> String {
        let path = shown(path);
        match self {
            Self::Unreadable(why) => format!("what was allowed before is not known: `{path}`: {why}"),
            Self::Damaged => format!(
                "what was allowed before is not known: `{path}` is damaged; the next yes puts it aside as `{path}.damaged`"
            ),
            Self::Later => format!("what was allowed before is not known: a later version wrote `{path}`"),
        }
    }
}

fn read(path: &Path) -> Result<Vec<Allowed>, Flaw> {
    let text = private_file::read(path, MOST_BYTES).map_err(|error| match error {
        private_file::FileError::System(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Flaw::Damaged
        }
        error => Flaw::Unreadable(error.to_string()),
    })?;
    let Some(text) = text else { return Ok(Vec::new()) };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| Flaw::Damaged)?;
    match value["version"].as_u64() {
        Some(VERSION) => {}
        Some(later) if later > VERSION => return Err(Flaw::Later),
        _ => return Err(Flaw::Damaged),
    }
    let written: Written = serde_json::from_value(value).map_err(|_| Flaw::Damaged)?;
    Ok(written.allowed)
}

/// Keeps a damaged record under another name: a person may want to look.
fn set_aside(path: &Path) -> Result<(), private_file::FileError> {
    let aside = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 0 {
            ".damaged".to_owned()
        } else {
            format!(".damaged-{number}")
        });
        PathBuf::from(name)
    };
    let free = (0..100)
        .map(aside)
        .find(|path| fs::symlink_metadata(path).is_err());
    fs::rename(path, free.unwrap_or_else(|| aside(100)))?;
    Ok(())
}

/// The record's path. A variable that is no absolute path counts as not set,
/// as the base directory specification says.
fn path() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("toolrun/trust.json"))
}

fn shown(path: &Path) -> String {
    let home = env::var_os("HOME").map(PathBuf::from);
    match home.as_deref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
