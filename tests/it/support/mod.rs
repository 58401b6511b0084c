//! What the tests share: the binary as a sentence, servers that record what
//! reaches them, a terminal, outputs kept as files.

pub(crate) mod archive;
pub(crate) mod editor;
pub(crate) mod fault_server;
pub(crate) mod golden;
pub(crate) mod http_server;
pub(crate) mod llm;
pub(crate) mod measure;
pub(crate) mod obedient;
pub(crate) mod office;
pub(crate) mod pages;
pub(crate) mod place;
pub(crate) mod program;
pub(crate) mod shipped;
pub(crate) mod shop;
pub(crate) mod sweep;
pub(crate) mod terminal;

use std::path::{Path, PathBuf};

/// The workspace's folder.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace's folder")
}

/// A folder under `tests/cases`.
pub(crate) fn cases(folder: &str) -> PathBuf {
    workspace().join("tests/cases").join(folder)
}
