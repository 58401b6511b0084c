//! Files that nobody but their owner may read, whatever the umask says, and
//! that are never written through a link.
//!
//! A file that somebody else put in the way is refused, not replaced: a link, a
//! folder, a pipe. A plain file is replaced, never written into, so that
//! another name of it keeps what it had.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;

use crate::exit::plain_reason;

/// Why a file of ours cannot be written or read; to follow "cannot write `…`: ".
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// A link stands at its name.
    #[error("it is a link, and links are not followed")]
    Link,
    /// Something else stands at its name.
    #[error("it is there already and is not a plain file")]
    NotPlain,
    /// The folder is none.
    #[error("it is not a folder")]
    NotAFolder,
    /// Somebody else could have written it.
    #[error("others can write to it; `chmod go-w` it, or remove it")]
    WritableByOthers,
    /// It belongs to another user.
    #[error("it belongs to another user")]
    OfAnother,
    /// More than such a file holds.
    #[error("it is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// It is not what it was when it was read.
    #[error("it was changed meanwhile; run the command again")]
    Changed,
    /// The system says no.
    #[error("{}", plain_reason(.0))]
    System(#[from] io::Error),
}

/// A new file of mode 0600. A plain file that is there already is replaced.
pub(crate) fn create(path: &Path) -> Result<File, FileError> {
    match new_file(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            plain(path)?;
            fs::remove_file(path)?;
            Ok(new_file(path)?)
        }
        other => Ok(other?),
    }
}

/// Puts bytes into a file of mode 0600, all of them or none: who reads it
/// meanwhile sees what was there before.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    plain(path)?;
    let unfinished = unfinished(path);
    let written = new_file(&unfinished).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    });
    if written.is_err() {
        let _gone = fs::remove_file(&unfinished);
    }
    Ok(written?)
}

/// Puts other bytes into a file of the user's, all of them or none. It keeps its
/// owner and permissions, and where its name is a link, the file that the link
/// leads to is the one that changes. It is refused when the file no longer holds
/// what it held, or may not be written.
pub(crate) fn rewrite(path: &Path, before: &[u8], bytes: &[u8]) -> Result<(), FileError> {
    let path = &fs::canonicalize(path)?;
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(FileError::NotPlain);
    }
    let mut held = Vec::new();
    file.read_to_end(&mut held)?;
    if held != before {
        return Err(FileError::Changed);
    }
    let unfinished = unfinished(path);
    let written = new_file(&unfinished).and_then(|mut file| {
        file.write_all(bytes)?;
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (found.uid(), found.gid()) {
            fchown(&file, Some(found.uid()), Some(found.gid()))?;
        }
        file.set_permissions(found.permissions())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    });
    if written.is_err() {
        let _gone = fs::remove_file(&unfinished);
    }
    Ok(written?)
}

/// Makes a folder that only its owner may look into, and those above it; one
/// that is there must be such that nobody else can put files into it.
pub(crate) fn folder(path: &Path) -> Result<(), FileError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return Err(FileError::Link);
    }
    if !found.is_dir() {
        return Err(FileError::NotAFolder);
    }
    owned(&found)
}

/// The text of a file that only its owner can have written; `None` when there
/// is none.
pub(crate) fn read(path: &Path, most_bytes: u64) -> Result<Option<String>, FileError> {
    match plain(path) {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(error) => return Err(error),
    }
    let file = open_plain(path)?;
    let found = file.metadata()?;
    owned(&found)?;
    if found.len() > most_bytes {
        return Err(FileError::TooLarge(most_bytes));
    }
    let mut text = String::new();
    file.take(most_bytes).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Opens a plain file to read it: no link in its last part, and nothing that
/// would make us wait.
pub(crate) fn open_plain(path: &Path) -> Result<File, FileError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(FileError::NotPlain)
    }
}

/// Whether a plain file is there; anything else is refused.
fn plain(path: &Path) -> Result<bool, FileError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(FileError::Link),
        Ok(found) if !found.is_file() => Err(FileError::NotPlain),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn owned(found: &fs::Metadata) -> Result<(), FileError> {
    if found.uid() != geteuid().as_raw() {
        return Err(FileError::OfAnother);
    }
    if found.mode() & 0o022 != 0 {
        return Err(FileError::WritableByOthers);
    }
    Ok(())
}

/// Fails when anything is there, a link that leads nowhere included.
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Where bytes are put before they have the name that they are for.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:08x}.part", number_of_this_write()));
    path.with_file_name(name)
}

/// Enough to tell two writers apart; a name that is taken is an error anyway.
fn number_of_this_write() -> u32 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    now ^ std::process::id().rotate_left(16)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("metadata").permissions().mode() & 0o777
    }

    #[test]
    fn files_are_the_owners_alone_and_links_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for _ in 0..2 {
            drop(create(&path).expect("a file"));
            assert_eq!(mode(&path), 0o600);
            replace(&path, b"text").expect("a file");
            assert_eq!(mode(&path), 0o600);
        }
        for target in [path.clone(), folder.path().join("nothing")] {
            let link = folder.path().join("link");
            symlink(&target, &link).expect("a link");
            assert!(matches!(create(&link), Err(FileError::Link)));
            assert!(matches!(replace(&link, b"x"), Err(FileError::Link)));
            assert!(matches!(read(&link, 10), Err(FileError::Link)));
            fs::remove_file(&link).expect("removed");
        }
        assert_eq!(fs::read(&path).expect("a file"), b"text");
        assert!(matches!(create(folder.path()), Err(FileError::NotPlain)));
        let names = fs::read_dir(folder.path()).expect("a folder");
        assert_eq!(names.count(), 1, "nothing unfinished stays behind");
    }

    #[test]
    fn another_name_of_a_replaced_file_keeps_its_content() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&path, "old").expect("a file");
        fs::hard_link(&path, &other).expect("another name");
        create(&path).expect("a file").write_all(b"new").expect("written");
        assert_eq!(fs::read(&other).expect("a file"), b"old");
    }

    #[test]
    fn a_rewritten_file_stays_what_it_was_but_for_its_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&path, "old").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
        symlink("file", &link).expect("a link");
        rewrite(&link, b"old", b"new").expect("rewritten");
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(fs::read(&path).expect("a file"), b"new");
        assert_eq!(mode(&path), 0o640);
        assert!(matches!(rewrite(&path, b"old", b"x"), Err(FileError::Changed)));
        assert_eq!(fs::read(&path).expect("a file"), b"new");
        assert!(rewrite(folder.path(), b"", b"x").is_err());
        assert!(rewrite(&folder.path().join("none"), b"", b"x").is_err());
        let names = fs::read_dir(folder.path()).expect("a folder");
        assert_eq!(names.count(), 2, "nothing unfinished stays behind");
    }

    #[test]
    fn what_others_can_write_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        assert!(matches!(read(&path, 10), Ok(None)));
        replace(&path, b"text").expect("a file");
        assert_eq!(read(&path, 10).expect("a text").as_deref(), Some("text"));
        assert!(matches!(read(&path, 3), Err(FileError::TooLarge(3))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).expect("a mode");
        assert!(matches!(read(&path, 10), Err(FileError::WritableByOthers)));
        let inner = folder.path().join("deep/er");
        super::folder(&inner).expect("a folder");
        assert_eq!((mode(&inner), mode(&folder.path().join("deep"))), (0o700, 0o700));
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o777)).expect("a mode");
        assert!(matches!(super::folder(&inner), Err(FileError::WritableByOthers)));
    }
}
