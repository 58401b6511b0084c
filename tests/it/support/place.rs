//! One folder for several runs: a home, a manifest, what earlier runs left.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::program::{Program, toolrun};

/// A folder that is home and working folder of every run in it.
pub(crate) struct Place {
    folder: TempDir,
    /// What the test itself wrote, which may hold keys.
    written: RefCell<Vec<PathBuf>>,
}

impl Place {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = folder.path().join("home");
        fs::create_dir(&home).expect("a home");
        fs::set_permissions(home, fs::Permissions::from_mode(0o700)).expect("a mode");
        Self {
            folder,
            written: RefCell::default(),
        }
    }

    /// A path in it, links in the way resolved.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().canonicalize().expect("the folder");
        if name.is_empty() {
            folder
        } else {
            folder.join(name)
        }
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, text).expect("a file");
        self.written.borrow_mut().push(path);
        self
    }

    /// Writes a script that can be run.
    pub(crate) fn script(&self, name: &str, text: &str) -> &Self {
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        let all = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path(name), all).expect("a mode");
        self
    }

    /// Makes a named pipe.
    pub(crate) fn pipe(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        make_pipe(&path);
        path
    }

    /// Whether something of that name is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// The text of a file.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The mode of a file.
    #[track_caller]
    pub(crate) fn mode(&self, name: &str) -> u32 {
        let found = fs::metadata(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        found.permissions().mode() & 0o777
    }

    /// A run in it.
    pub(crate) fn toolrun(&self, words: &str) -> Program {
        let folder = self.path("");
        toolrun(words)
            .within(&folder)
            .sweeping(&folder, &self.written.borrow())
            .env("HOME", folder.join("home").to_str().expect("a UTF-8 path"))
    }

    /// Its path taken out of a text, so that the text is the same everywhere.
    pub(crate) fn without_path(&self, text: &str) -> String {
        text.replace(self.path("").to_str().expect("a UTF-8 path"), "<PLACE>")
    }
}

/// Makes a named pipe at a path.
pub(crate) fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo runs").success());
}
