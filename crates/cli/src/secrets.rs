//! Values of secrets, found when they are first needed: environment
//! variables and files inside the manifest's folder.
//!
//! Programs, the keyring and files elsewhere are known by name and refused:
//! [`readable`] says so before anything is sent. Whether a variable may go to a
//! host is looked at elsewhere.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use toolrun_http::{Secret, SecretError, SecretStore};
use toolrun_manifest::{SecretDecl, SecretOrigin};

use crate::environment::Environment;
use crate::exit::{Failure, Kind, plain_reason};
use crate::manifest_file::STDIN;

/// Longest secret that is read from a file.
const MOST_BYTES: u64 = 64 << 10;

/// Complains about a source that this build does not read, as far as that can
/// be told without reading it.
pub(crate) fn readable(declared: &SecretDecl) -> Result<(), Failure> {
    let name = &declared.name;
    match &declared.origin {
        SecretOrigin::Env(_) => Ok(()),
        SecretOrigin::Command(_) => Err(not_read(name, "the output of a program")),
        SecretOrigin::Keyring(_) => Err(not_read(name, "the keyring")),
        SecretOrigin::File { path, declared_in } => match place(path, declared_in) {
            Ok(Place::Outside) => Err(Failure::new(
                Kind::Refused,
                format!(
                    "the secret {name} is to be read from `{path}`, which lies outside the manifest's folder"
                ),
            )
            .with_hint("move the file beside the manifest, or declare it as `env` and set the variable")),
            // What is wrong with the file itself is told when it is read.
            Ok(Place::Inside(_)) | Err(_) => Ok(()),
        },
    }
}

fn not_read(name: &str, origin: &str) -> Failure {
    Failure::new(
        Kind::NotInThisBuild,
        format!("the secret {name} is to be read from {origin}, which is not in this build"),
    )
    .with_hint("declare it as `env` or as `{ file: … }`")
}

/// Where the file of a secret lies.
enum Place {
    /// In the manifest's folder or below, by its true path.
    Inside(PathBuf),
    /// Elsewhere.
    Outside,
}

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

fn unreadable(path: &str, error: &io::Error) -> String {
    format!("`{path}` cannot be read: {}", plain_reason(error))
}

fn place(path: &str, declared_in: &str) -> Result<Place, String> {
    let folder = folder_of(declared_in);
    let inside = fs::canonicalize(&folder).map_err(|error| unreadable(path, &error))?;
    match fs::canonicalize(folder.join(path)) {
        Ok(file) if file.starts_with(&inside) => Ok(Place::Inside(file)),
        Ok(_) => Ok(Place::Outside),
        // Whether a file elsewhere exists is nobody's business.
        Err(_) if leaves(Path::new(path)) => Ok(Place::Outside),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// Whether a path, as written, leads out of the folder where it starts.
fn leaves(path: &Path) -> bool {
    let mut depth = 0;
    path.components().any(|part| {
        depth += match part {
            Component::Normal(_) => 1,
            Component::CurDir => 0,
            Component::ParentDir => -1,
            Component::RootDir | Component::Prefix(_) => return true,
        };
        depth < 0
    })
}

/// Reads a file that lies inside the folder of the manifest that names it.
fn from_file(path: &str, declared_in: &str) -> Result<String, String> {
    let Place::Inside(file) = place(path, declared_in)? else {
        return Err(format!(
            "`{path}` lies outside the manifest's folder, which this build does not read; use an environment variable"
        ));
    };
    let unreadable = |error: &io::Error| unreadable(path, error);
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
    fn a_path_that_leaves_its_folder_is_outside_whether_it_exists_or_not() {
        for (path, outside) in [
            ("key", false),
            ("./below/key", false),
            ("below/../key", false),
            ("../key", true),
            ("below/../../key", true),
            ("/etc/nothing", true),
        ] {
            assert_eq!(leaves(Path::new(path)), outside, "{path}");
        }
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
