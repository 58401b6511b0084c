//! The folder of `--files`: opened once, and every file in it reached from
//! there name by name. No link is followed at any of them, so that nothing
//! that happens in the folder meanwhile leads out of it.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;
use toolrun_runner::{FileError, FilePath, Files};

use crate::exit::{Failure, plain_reason};

/// A folder whose files may be sent.
pub(crate) struct Folder {
    root: OwnedFd,
}

impl Folder {
    /// Opens the folder that the user named; a link to one is the user's own.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let unusable = |why: String| {
            Failure::usage(format!("--files {}: {why}", path.display()))
                .with_hint("name a folder, such as --files ./invoices")
        };
        let root = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => unusable("there is no such folder".to_owned()),
            _ => unusable(plain_reason(&error)),
        })?;
        match root.metadata() {
            Ok(found) if found.is_dir() => Ok(Self { root: root.into() }),
            Ok(_) => Err(unusable("it is not a folder".to_owned())),
            Err(error) => Err(unusable(plain_reason(&error))),
        }
    }
}

impl Files for Folder {
    fn read(&self, path: &FilePath, most: u64) -> Result<Vec<u8>, FileError> {
        let mut inner: Option<OwnedFd> = None;
        for name in path.folders() {
            inner = Some(enter(here(&inner, &self.root), name)?);
        }
        let file = open(here(&inner, &self.root), path.name())?;
        let size = file.metadata().map_err(|_| FileError::Unreadable)?.len();
        if size > most {
            return Err(FileError::TooLarge);
        }
        let mut bytes = Vec::new();
        // It may grow while it is read: one byte more than allowed is enough to know.
        let mut bounded = file.take(most.saturating_add(1));
        bounded
            .read_to_end(&mut bytes)
            .map_err(|_| FileError::Unreadable)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
            Ok(bytes)
        } else {
            Err(FileError::TooLarge)
        }
    }
}

/// A folder that is never opened: for showing tools as they are with one.
pub(crate) struct Unopened;

impl Files for Unopened {
    fn read(&self, _: &FilePath, _: u64) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }
}

fn here<'a>(inner: &'a Option<OwnedFd>, root: &'a OwnedFd) -> BorrowedFd<'a> {
    inner.as_ref().unwrap_or(root).as_fd()
}

fn enter(folder: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, FileError> {
    match kind(folder, name)? {
        FileType::Directory => {}
        FileType::Symlink => return Err(FileError::Link),
        _ => return Err(FileError::NotFound),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, name, flags, Mode::empty()).map_err(reason)
}

/// Opens a plain file. Its kind is looked at before, since opening some
/// devices does something, and after, since it may be another by then.
fn open(folder: BorrowedFd<'_>, name: &str) -> Result<File, FileError> {
    plain(kind(folder, name)?)?;
    // What turned into a pipe meanwhile must not make this wait.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(openat(folder, name, flags, Mode::empty()).map_err(reason)?);
    match file.metadata() {
        Ok(found) if found.is_file() => Ok(file),
        _ => Err(FileError::NotAFile),
    }
}

fn plain(kind: FileType) -> Result<(), FileError> {
    match kind {
        FileType::RegularFile => Ok(()),
        FileType::Symlink => Err(FileError::Link),
        FileType::Directory => Err(FileError::Folder),
        _ => Err(FileError::NotAFile),
    }
}

fn kind(folder: BorrowedFd<'_>, name: &str) -> Result<FileType, FileError> {
    let found = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(reason)?;
    Ok(FileType::from_raw_mode(found.st_mode))
}

fn reason(error: Errno) -> FileError {
    match error {
        Errno::LOOP => FileError::Link,
        Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG => FileError::NotFound,
        _ => FileError::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn read(folder: &Folder, path: &str) -> Result<String, FileError> {
        let bytes = folder.read(&FilePath::parse(path)?, 64)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn only_plain_files_inside_are_read() {
        let outside = tempfile::tempdir().expect("a folder");
        fs::write(outside.path().join("key"), "secret").expect("a file");
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        fs::create_dir(at("a b")).expect("a folder");
        for name in ["v1..v2.txt", ".env", "ü.txt", "a b/c.txt"] {
            fs::write(at(name), name).expect("a file");
        }
        fs::write(at("large"), "x".repeat(65)).expect("a file");
        fs::write(at("full"), "x".repeat(64)).expect("a file");
        symlink(outside.path().join("key"), at("link")).expect("a link");
        symlink(outside.path().join("none"), at("dangling")).expect("a link");
        symlink(outside.path(), at("out")).expect("a link");
        symlink("a b", at("inner")).expect("a link");
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), Mode::RUSR).expect("a pipe");
        let folder = Folder::open(place.path()).expect("a folder");
        for name in ["v1..v2.txt", ".env", "ü.txt", "a b/c.txt"] {
            assert_eq!(read(&folder, name).as_deref(), Ok(name));
        }
        assert_eq!(read(&folder, "full").map(|text| text.len()), Ok(64));
        for (name, error) in [
            ("large", FileError::TooLarge),
            ("link", FileError::Link),
            ("dangling", FileError::Link),
            ("out/key", FileError::Link),
            ("out/none", FileError::Link),
            ("inner/c.txt", FileError::Link),
            ("pipe", FileError::NotAFile),
            ("a b", FileError::Folder),
            ("none", FileError::NotFound),
            (".env/x", FileError::NotFound),
            ("../key", FileError::Parent),
        ] {
            assert_eq!(read(&folder, name), Err(error), "{name}");
        }
        assert_eq!(read(&folder, &"n".repeat(300)), Err(FileError::NotFound));
    }

    #[test]
    fn a_folder_that_turns_into_a_link_leads_nowhere() {
        let outside = tempfile::tempdir().expect("a folder");
        fs::write(outside.path().join("f"), "outside").expect("a file");
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        fs::create_dir(at("real")).expect("a folder");
        fs::write(at("real/f"), "inside").expect("a file");
        symlink(outside.path(), at("fake")).expect("a link");
        let folder = Folder::open(place.path()).expect("a folder");
        let done = AtomicBool::new(false);
        let seen: Vec<_> = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for name in ["real", "fake"] {
                        // Renaming is one step: `d` is a folder, a link, or not there.
                        fs::rename(at(name), at("d")).expect("renamed");
                        fs::rename(at("d"), at(name)).expect("renamed");
                    }
                }
            });
            let seen = (0..5000).map(|_| read(&folder, "d/f")).collect();
            done.store(true, Ordering::Relaxed);
            seen
        });
        let refused =
            |found: &&Result<String, FileError>| matches!(found, Err(FileError::Link | FileError::NotFound));
        let inside = |found: &&Result<String, FileError>| found.as_deref() == Ok("inside");
        let (read, kept) = (
            seen.iter().filter(inside).count(),
            seen.iter().filter(refused).count(),
        );
        assert_eq!(read + kept, seen.len());
        assert!(kept > 0);
    }
}
