//! The folder of kept prefixes: names, checks, modes and bounds of its files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// Most files of the folder; the ones unused for longest go first.
const MOST_FILES: usize = 8;

/// Largest file, about 1800 tokens.
const MOST_BYTES: usize = 32 << 20;

const ENDING: &str = "needle-prefix";

/// Bytes of the checksum at the start of a file.
const CHECKSUM: usize = 32;

/// A folder in which contents are kept under the tokens they belong to.
#[derive(Debug)]
pub(super) struct PrefixFiles {
    folder: PathBuf,
}

impl PrefixFiles {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The content kept for these tokens, if it is there and whole.
    pub(super) fn read(&self, tokens: &[u32]) -> Option<Vec<u8>> {
        if !is_private(&self.folder) {
            return None;
        }
        let key = key(tokens);
        let mut file = File::open(self.path(&key)).ok()?;
        let length = file.metadata().ok()?.len();
        if length > (MOST_BYTES + CHECKSUM) as u64 {
            return None;
        }
        let mut content = Vec::with_capacity(length as usize);
        file.read_to_end(&mut content).ok()?;
        let body = content.split_off(CHECKSUM.min(content.len()));
        if content != checksum(&key, &body) {
            return None;
        }
        // The time of last use decides what stays; a folder that does not let
        // it be set merely forgets in another order.
        let _unset = file.set_modified(SystemTime::now());
        Some(body)
    }

    /// Keeps the content for these tokens, if it can.
    pub(super) fn write(&self, tokens: &[u32], body: &[u8]) {
        if body.len() <= MOST_BYTES && self.try_write(&key(tokens), body).is_ok() {
            self.forget_oldest();
        }
    }

    fn try_write(&self, key: &[u8], body: &[u8]) -> io::Result<()> {
        create_private(&self.folder)?;
        if !is_private(&self.folder) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let path = self.path(key);
        let unfinished = path.with_extension(format!("{}.part", std::process::id()));
        let written = new_private_file(&unfinished).and_then(|mut file| {
            file.write_all(&checksum(key, body))?;
            file.write_all(body)
        });
        let kept = written.and_then(|()| fs::rename(&unfinished, &path));
        if kept.is_err() {
            let _gone = fs::remove_file(&unfinished);
        }
        kept
    }

    fn forget_oldest(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let mut files: Vec<(SystemTime, PathBuf)> = entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|ending| ending == ENDING))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(MOST_FILES);
        for (_, path) in &files[..surplus] {
            let _gone = fs::remove_file(path);
        }
    }

    fn path(&self, key: &[u8]) -> PathBuf {
        let name: String = key[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name).with_extension(ENDING)
    }
}

/// What a content depends on: the weights, this program's version, the tokens.
fn key(tokens: &[u32]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(toolrun_needle_weights::NEEDLE_3_SHA256);
    hash.update(env!("CARGO_PKG_VERSION"));
    for token in tokens {
        hash.update(token.to_le_bytes());
    }
    hash.finalize().to_vec()
}

fn checksum(key: &[u8], body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u64).to_le_bytes();
    Sha256::new()
        .chain_update(key)
        .chain_update(length)
        .chain_update(body)
        .finalize()
        .to_vec()
}

/// Only this user may look into the folder and its files.
#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(unix)]
fn new_private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Whether a folder is one, no link, and such that nobody else can put files
/// into it: what lies there is believed.
#[cfg(unix)]
fn is_private(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == own && found.mode() & 0o022 == 0)
}

#[cfg(not(unix))]
fn is_private(folder: &Path) -> bool {
    folder.is_dir()
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn new_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    #[test]
    fn contents_come_back_until_they_are_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let kept = PrefixFiles::new(folder.path().join("deep/er"));
        assert_eq!(kept.read(&[1, 2]), None);
        kept.write(&[1, 2], b"content");
        assert_eq!(kept.read(&[1, 2]).as_deref(), Some(&b"content"[..]));
        assert_eq!(kept.read(&[1, 3]), None);

        let path = files(&kept.folder).pop().unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in [0, 5, CHECKSUM, whole.len() - 1] {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(kept.read(&[1, 2]), None, "cut to {cut} bytes");
        }
        let mut changed = whole.clone();
        changed[CHECKSUM + 2] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_eq!(kept.read(&[1, 2]), None);
        kept.write(&[1, 2], b"content");
        assert_eq!(kept.read(&[1, 2]).as_deref(), Some(&b"content"[..]));
    }

    #[test]
    fn the_folder_stays_small_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let kept = PrefixFiles::new(folder.path().join("cache"));
        for token in 0..12 {
            kept.write(&[token], b"x");
        }
        let left = files(&kept.folder);
        assert_eq!(left.len(), MOST_FILES);
        assert_eq!(kept.read(&[11]).as_deref(), Some(&b"x"[..]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&kept.folder), 0o700);
            assert!(left.iter().all(|path| mode(path) == 0o600));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_a_link_or_open_to_others_is_not_used() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::create_dir(&target).unwrap();
        symlink(&target, folder.path().join("link")).unwrap();
        let linked = PrefixFiles::new(folder.path().join("link"));
        linked.write(&[1], b"x");
        assert!(files(&target).is_empty());
        let kept = PrefixFiles::new(target.clone());
        kept.write(&[1], b"x");
        assert_eq!(kept.read(&[1]).as_deref(), Some(&b"x"[..]));
        assert_eq!(linked.read(&[1]), None);
        fs::set_permissions(&target, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(kept.read(&[1]), None);
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_no_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let kept = PrefixFiles::new(file.path().join("cache"));
        kept.write(&[1], b"x");
        assert_eq!(kept.read(&[1]), None);
    }
}
