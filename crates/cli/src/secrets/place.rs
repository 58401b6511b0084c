//! Secrets in files: where a file lies, and its content.
//!
//! A file in the folder of the manifest that the user named, or below, is the
//! manifest's own. Any other is somebody's, even when a link inside leads to
//! it or an included manifest lies beside it. Nothing is a manifest's own in a
//! home folder, or when it comes on stdin.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::{MOST_BYTES, one_value, unreadable};
use crate::manifest_file::STDIN;
use crate::private_file::{FileError, open_plain};

/// Where the file of a secret lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the folder of the manifest that the user named or below, by its true
    /// path.
    Inside(PathBuf),
    /// Elsewhere, by its true path where it is there.
    Outside(PathBuf),
}

/// Looks where a path leads that one manifest declares, seen from the one that
/// the user named; opens nothing.
pub(crate) fn place(path: &str, declared_in: &str, named: &str) -> Result<Place, String> {
    let real = |folder: PathBuf| fs::canonicalize(folder).map_err(|error| unreadable(path, &error));
    let (from, inside) = (real(folder_of(declared_in))?, real(folder_of(named))?);
    let is_own = |file: &Path| !is_everything(named, &inside) && file.starts_with(&inside);
    match fs::canonicalize(from.join(path)) {
        Ok(file) if is_own(&file) => Ok(Place::Inside(file)),
        Ok(file) => Ok(Place::Outside(file)),
        Err(error) => {
            let file = without_detours(&from.join(path));
            // Whether a file elsewhere exists is nobody's business.
            match is_own(&file) {
                true => Err(missing(path, &error)),
                false => Ok(Place::Outside(file)),
            }
        }
    }
}

/// The folder of a manifest, from which its paths start.
pub(crate) fn folder_of(manifest: &str) -> PathBuf {
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

/// Whether a folder is none that belongs to a manifest: a home or the root, in
/// which everything lies, and the one where stdin happens to be read.
fn is_everything(named: &str, folder: &Path) -> bool {
    let home = std::env::var_os("HOME").and_then(|home| fs::canonicalize(home).ok());
    [STDIN, "-"].contains(&named) || folder.parent().is_none() || home.is_some_and(|home| home == folder)
}

/// Reads a file, the very one that was cleared.
pub(super) fn content(path: &str, declared_in: &str, cleared: Option<&Path>) -> Result<String, String> {
    let way = folder_of(declared_in).join(path);
    let file = fs::canonicalize(&way).map_err(|error| missing(path, &error))?;
    if cleared != Some(&file) {
        return Err(format!(
            "`{path}` leads to another file than the one that was allowed"
        ));
    }
    let refused = |error: FileError| match error {
        FileError::NotPlain => format!("`{path}` is not a file"),
        FileError::System(error) => missing(path, &error),
        error => format!("`{path}` cannot be read: {error}"),
    };
    let opened = open_plain(&file).map_err(refused)?;
    // A link that was put in the way after the path was looked up leads the
    // path elsewhere, or the opened file is another than the one it names.
    if fs::canonicalize(&way).ok().as_ref() != Some(&file)
        || !is_same(&opened.metadata(), &fs::symlink_metadata(&file))
    {
        return Err(format!("`{path}` was replaced while it was read"));
    }
    let mut text = String::new();
    opened
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|_| format!("`{path}` is not UTF-8 text"))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(format!("`{path}` is too long for a secret"));
    }
    one_value(&text)
        .map(str::to_owned)
        .ok_or_else(|| format!("`{path}` is empty"))
}

impl Place {
    /// The true path.
    pub(crate) fn into_path(self) -> PathBuf {
        match self {
            Self::Inside(path) | Self::Outside(path) => path,
        }
    }
}

fn is_same(opened: &io::Result<fs::Metadata>, named: &io::Result<fs::Metadata>) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (opened, named) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

fn missing(path: &str, error: &io::Error) -> String {
    let why = unreadable(path, error);
    if path.starts_with("~/") {
        format!("{why}; `~` stands for itself here: write the whole path")
    } else {
        why
    }
}

/// An absolute path without `.` and `..`: where nothing is there, no link can
/// lead elsewhere.
fn without_detours(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_inside_the_folder_is_read_without_its_last_line_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = folder.path().join("shop.yaml").to_string_lossy().into_owned();
        let read = |path: &str| {
            let cleared = fs::canonicalize(folder.path().join(path)).ok();
            content(path, &manifest, cleared.as_deref())
        };
        fs::write(folder.path().join("key"), "s3cret\r\n").expect("a file");
        assert_eq!(read("key").as_deref(), Ok("s3cret"));
        fs::write(folder.path().join("empty"), "\n").expect("a file");
        fs::write(folder.path().join("long"), "x".repeat(70_000)).expect("a file");
        fs::write(folder.path().join("bytes"), b"\xff").expect("a file");
        for (path, why) in [
            ("empty", "is empty"),
            ("none", "there is no such file"),
            ("~/key", "write the whole path"),
            ("long", "too long"),
            ("bytes", "not UTF-8"),
            (".", "is not a file"),
        ] {
            let found = read(path).expect_err(path);
            assert!(found.contains(why), "{path}: {found}");
        }
    }

    #[test]
    fn a_pipe_is_no_file_and_holds_nobody_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo runs").success());
        let manifest = folder.path().join("shop.yaml").to_string_lossy().into_owned();
        let cleared = fs::canonicalize(&pipe).expect("a pipe");
        let why = content("pipe", &manifest, Some(&cleared)).expect_err("no value");
        assert!(why.contains("is not a file"), "{why}");
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_outside_whether_it_exists_or_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, outside) in [
            ("key", false),
            ("./below/key", false),
            ("below/../key", false),
            ("../key", true),
            ("below/../../key", true),
            ("/etc/nothing", true),
        ] {
            let manifest = folder.path().join("shop.yaml").to_string_lossy().into_owned();
            let found = place(path, &manifest, &manifest);
            assert_eq!(
                matches!(found, Ok(Place::Outside(_))),
                outside,
                "{path}: {found:?}"
            );
        }
    }

    #[test]
    fn what_lies_beside_an_included_manifest_elsewhere_is_outside() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(folder.path()).expect("a folder");
        for name in ["mine", "theirs"] {
            fs::create_dir(root.join(name)).expect("a folder");
            fs::write(root.join(name).join("key"), "s3cret").expect("a file");
        }
        let at = |file: &str| root.join(file).to_string_lossy().into_owned();
        let (named, included) = (at("mine/shop.yaml"), at("theirs/prod.yaml"));
        assert_eq!(
            place("key", &included, &named),
            Ok(Place::Outside(root.join("theirs/key")))
        );
        assert_eq!(
            place("../mine/key", &included, &named),
            Ok(Place::Inside(root.join("mine/key")))
        );
        assert_eq!(
            place("key", &named, &named),
            Ok(Place::Inside(root.join("mine/key")))
        );
    }

    #[test]
    fn a_file_outside_is_read_only_when_it_is_the_allowed_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).expect("a folder");
        let key = fs::canonicalize(folder.path()).expect("a folder").join("key");
        fs::write(&key, "s3cret").expect("a file");
        let manifest = inner.join("shop.yaml").to_string_lossy().into_owned();
        symlink(&key, inner.join("link")).expect("a link");
        for path in ["../key", "link"] {
            assert_eq!(place(path, &manifest, &manifest), Ok(Place::Outside(key.clone())));
            assert_eq!(content(path, &manifest, Some(&key)).as_deref(), Ok("s3cret"));
            for other in [None, Some(inner.as_path())] {
                let why = content(path, &manifest, other).expect_err("refused");
                assert!(why.contains("than the one that was allowed"), "{why}");
            }
        }
        let nothing = place("../x/./y/../nothing", &manifest, &manifest).expect("a place");
        assert_eq!(nothing, Place::Outside(key.with_file_name("x").join("nothing")));
    }
}
