//! Values of secrets, found when they are first needed and once a process:
//! environment variables, files, the output of programs, the keyring.
//!
//! Nothing is read that was not cleared before: [`Cleared`] says so, and only
//! `consent` fills it. Whether a source may be used at all is decided there.

mod keyring;
mod place;
mod program;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use toolrun_http::{Secret, SecretError, SecretStore};
use toolrun_manifest::{SecretDecl, SecretOrigin};
use toolrun_runner::Stop;

pub(crate) use self::keyring::readable as keyring_readable;
pub(crate) use place::{Place, folder_of, place};
pub(crate) use program::end_all;

use crate::environment::Environment;
use crate::exit::plain_reason;
use crate::render::progress::Progress;

/// Longest secret.
const MOST_BYTES: u64 = 64 << 10;

/// The secrets that may be read, each with the one file that may be read for
/// it, if it stands in one. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cleared(Arc<Mutex<BTreeMap<String, Option<PathBuf>>>>);

impl Cleared {
    /// Lets a secret be read, from that file where it stands in one.
    pub(crate) fn add(&self, name: &str, file: Option<PathBuf>) {
        let mut cleared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cleared.insert(name.to_owned(), file);
    }

    fn of(&self, name: &str) -> Option<Option<PathBuf>> {
        let cleared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cleared.get(name).cloned()
    }
}

/// A value or why there is none: found once, waited for by all.
type Found = Arc<OnceLock<Result<Secret, String>>>;

/// Finds the secrets that a manifest declares.
pub(crate) struct Secrets {
    declared: Vec<SecretDecl>,
    environment: Environment,
    cleared: Cleared,
    stop: Stop,
    progress: Progress,
    found: Mutex<HashMap<String, Found>>,
}

impl Secrets {
    /// A store for the declared secrets; a stop ends the programs that it
    /// runs, which have the terminal meanwhile.
    pub(crate) fn new(
        declared: Vec<SecretDecl>,
        environment: Environment,
        cleared: Cleared,
        stop: Stop,
        progress: Progress,
    ) -> Self {
        Self {
            declared,
            environment,
            cleared,
            stop,
            progress,
            found: Mutex::default(),
        }
    }

    fn find(&self, name: &str) -> Result<Secret, String> {
        let declared = self.declared.iter().find(|secret| secret.name == name);
        let declared = declared.ok_or("the manifest does not declare it")?;
        let file = self
            .cleared
            .of(name)
            .ok_or("nobody was asked whether it may be read")?;
        self.value(&declared.origin, file.as_deref()).map(Secret::from)
    }

    fn value(&self, origin: &SecretOrigin, file: Option<&Path>) -> Result<String, String> {
        match origin {
            SecretOrigin::Env(variable) => self
                .environment
                .get(variable)
                .ok_or_else(|| unset(variable, &self.environment)),
            SecretOrigin::File { path, declared_in } => place::content(path, declared_in, file),
            SecretOrigin::Command { argv, declared_in } => {
                self.progress.hide();
                let withheld = program::withheld(&self.declared);
                let terms = program::Terms {
                    withheld: &withheld,
                    stop: &self.stop,
                };
                program::output(argv, &folder_of(declared_in), &terms)
            }
            SecretOrigin::Keyring(service) => self::keyring::value(service),
        }
    }
}

impl SecretStore for Secrets {
    fn get(&self, name: &str) -> Result<Secret, SecretError> {
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let found = Arc::clone(all.entry(name.to_owned()).or_default());
        drop(all);
        // Who gave up waiting must not make a program run twice, and one that
        // failed is not asked again for each of many calls.
        let found = found.get_or_init(|| self.find(name));
        found.clone().map_err(|reason| SecretError {
            name: name.to_owned(),
            reason,
        })
    }
}

fn unset(variable: &str, environment: &Environment) -> String {
    if environment.is_empty(variable) {
        return format!(
            "the environment variable {variable} is empty; give it a value with `export {variable}=…`, or in a file for --env-file"
        );
    }
    let file = environment
        .path()
        .map(|file| format!(", nor is it in {file}"))
        .unwrap_or_default();
    format!(
        "the environment variable {variable} is not set{file}; set it with `export {variable}=…`, or put it in a file for --env-file"
    )
}

fn unreadable(what: &str, error: &io::Error) -> String {
    format!("`{what}` cannot be read: {}", plain_reason(error))
}

/// The text without the one line end that files and programs add; nothing is
/// no value.
fn one_value(text: &str) -> Option<&str> {
    let value = text.strip_suffix('\n').unwrap_or(text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    (!value.is_empty()).then_some(value)
}
