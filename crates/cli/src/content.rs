//! The content of a manifest, by fingerprint: what a yes was given to and what
//! a lock was made from.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toolrun_manifest::{Manifest, SecretOrigin, Sources};

use crate::manifest_file::STDIN;
use crate::secrets::folder_of;
use crate::words::one_line;

/// Largest program that counts as part of a manifest's content.
const MOST_BYTES: u64 = 16 << 20;

/// The content of a manifest with everything that it includes.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    /// The manifest, as the user named it.
    pub(crate) named: String,
    /// Its true path.
    pub(crate) path: String,
    /// `sha256:…` over all of it.
    pub(crate) fingerprint: String,
    /// Each file by its display name, and its own fingerprint.
    pub(crate) files: Vec<(String, String)>,
}

impl Content {
    /// The content of a manifest that was loaded.
    ///
    /// The texts count byte for byte. So do programs that secrets name and
    /// that lie in the manifest's folder: whoever can change the manifest can
    /// change them.
    pub(crate) fn of(named: &str, manifest: &Manifest, sources: &Sources) -> Self {
        let mut all = Sha256::new();
        let mut files = Vec::new();
        for (_, source) in sources.iter() {
            let own = Sha256::digest(source.text.as_bytes());
            all.update(own);
            files.push((source.name.clone(), worded(&own)));
        }
        for program in own_programs(manifest) {
            all.update(Sha256::digest(program));
        }
        Self {
            named: named.to_owned(),
            path: true_path(named),
            fingerprint: worded(&all.finalize()),
            files,
        }
    }

    /// Whether the manifest came on stdin, where any manifest may come.
    pub(crate) fn is_stdin(&self) -> bool {
        is_stdin(&self.named)
    }

    /// The manifest's name on one line of a message.
    pub(crate) fn shown(&self) -> String {
        shown(&self.named)
    }
}

/// The name of a manifest on one line of a message.
pub(crate) fn shown(named: &str) -> String {
    if is_stdin(named) {
        STDIN.to_owned()
    } else {
        one_line(named)
    }
}

fn is_stdin(named: &str) -> bool {
    named == "-" || named == STDIN
}

/// The true path of a manifest, whether it is there or not.
pub(crate) fn true_path(named: &str) -> String {
    let path = if is_stdin(named) {
        // What comes on stdin belongs to the folder that its paths start from.
        fs::canonicalize(".").map(|folder| folder.join(STDIN))
    } else {
        fs::canonicalize(named).or_else(|_| std::path::absolute(named))
    };
    path.unwrap_or_else(|_| PathBuf::from(named))
        .to_string_lossy()
        .into_owned()
}

/// The bytes of every file inside the manifest's folder that a word of a
/// secret's command names: a program, or what an interpreter runs. Only one
/// hash over all of them is kept.
fn own_programs(manifest: &Manifest) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for secret in &manifest.secrets {
        if let SecretOrigin::Command { argv, declared_in } = &secret.origin {
            let folder = folder_of(declared_in);
            found.extend(argv.iter().filter_map(|word| own_program(word, &folder)));
        }
    }
    found
}

fn own_program(word: &str, folder: &Path) -> Option<Vec<u8>> {
    let inside = fs::canonicalize(folder).ok()?;
    let path = fs::canonicalize(folder.join(word)).ok()?;
    let found = path.metadata().ok()?;
    if !found.is_file() || !path.starts_with(&inside) {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(&path)
        .ok()?
        .take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

fn worded(hash: &[u8]) -> String {
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
