//! Values of secrets, found when they are first needed: environment
//! variables and files inside the manifest's folder.
//!
//! Sources that need a person's consent (programs, keyrings, files elsewhere)
//! are known by name and refused: this build has no way to consent.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use toolrun_http::{Secret, SecretError, SecretStore};
use toolrun_manifest::{SecretDecl, SecretOrigin};

use crate::environment::Environment;
use crate::exit::plain_reason;
use crate::manifest_file::STDIN;

/// Longest secret that is read from a file.
const MOST_BYTES: u64 = 64 << 10;

/// Finds the secrets that a manifest declares.
pub(crate) struct Secrets {
    declared: Vec<SecretDecl>,
    environment: Environment,
}

impl Secrets {
    /// A store for the declared secrets.
    pub(crate) fn new(declared: Vec<SecretDecl>, environment: Environment) -> Self {
        Self {
            declared,
            environment,
        }
    }

    fn value(&self, declared: &SecretDecl) -> Result<String, String> {
        match &declared.origin {
            SecretOrigin::Env(variable) => self
                .environment
                .get(variable)
                .ok_or_else(|| unset(variable, self.environment.path())),
            SecretOrigin::File { path, declared_in } => from_file(path, declared_in),
            SecretOrigin::Command(_) => Err(absent("the output of a program")),
            SecretOrigin::Keyring(_) => Err(absent("the keyring")),
        }
    }
}

impl SecretStore for Secrets {
    fn get(&self, name: &str) -> Result<Secret, SecretError> {
        let failed = |reason: String| SecretError {
            name: name.to_owned(),
            reason,
        };
        let declared = self.declared.iter().find(|secret| secret.name == name);
        let declared = declared.ok_or_else(|| failed("the manifest does not declare it".to_owned()))?;
        self.value(declared).map(Secret::from).map_err(failed)
    }
}

fn unset(variable: &str, file: Option<&str>) -> String {
    let file = file
        .map(|file| format!(", nor is it in {file}"))
        .unwrap_or_default();
    format!(
        "the environment variable {variable} is not set{file}; set it with `export {variable}=…`, or put it in a file for --env-file"
    )
}

fn absent(origin: &str) -> String {
    format!("secrets from {origin} are not in this build; use an environment variable or a file")
}

/// Reads a file that lies inside the folder of the manifest that names it.
fn from_file(path: &str, declared_in: &str) -> Result<String, String> {
    let folder = folder_of(declared_in);
    let unreadable = |error: &std::io::Error| format!("`{path}` cannot be read: {}", plain_reason(error));
    let inside = fs::canonicalize(&folder).map_err(|error| unreadable(&error))?;
    let file = fs::canonicalize(folder.join(path)).map_err(|error| unreadable(&error))?;
    if !file.starts_with(&inside) {
        return Err(format!(
            "`{path}` lies outside the manifest's folder, which this build does not read; use an environment variable"
        ));
    }
    let mut text = String::new();
    let opened = File::open(&file).map_err(|error| unreadable(&error))?;
    if !opened.metadata().is_ok_and(|found| found.is_file()) {
        return Err(format!("`{path}` is not a file"));
    }
    opened
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|_| format!("`{path}` is not UTF-8 text"))?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    match value.len() {
        0 => Err(format!("`{path}` is empty")),
        length if length as u64 >= MOST_BYTES => Err(format!("`{path}` is too long for a secret")),
        _ => Ok(value.to_owned()),
    }
}

fn folder_of(manifest: &str) -> PathBuf {
    let folder = if manifest == STDIN {
        None
    } else {
        Path::new(manifest).parent()
    };
    match folder {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_inside_the_folder_is_read_without_its_last_line_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = folder.path().join("shop.yaml").to_string_lossy().into_owned();
        fs::write(folder.path().join("key"), "s3cret\r\n").expect("a file");
        assert_eq!(from_file("key", &manifest).as_deref(), Ok("s3cret"));
        fs::write(folder.path().join("empty"), "\n").expect("a file");
        assert!(
            from_file("empty", &manifest)
                .expect_err("no value")
                .contains("is empty")
        );
        assert!(
            from_file("none", &manifest)
                .expect_err("no file")
                .contains("no such file")
        );
    }

    #[test]
    fn a_file_outside_the_folder_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).expect("a folder");
        fs::write(folder.path().join("key"), "s3cret").expect("a file");
        let manifest = inner.join("shop.yaml").to_string_lossy().into_owned();
        assert!(
            from_file("../key", &manifest)
                .expect_err("refused")
                .contains("outside")
        );
        std::os::unix::fs::symlink(folder.path().join("key"), inner.join("link")).expect("a link");
        assert!(
            from_file("link", &manifest)
                .expect_err("refused")
                .contains("outside")
        );
    }
}
