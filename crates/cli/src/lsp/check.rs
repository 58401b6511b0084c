//! What `check` says of the open texts. A text that another includes is checked as a part of it: names are
//! visible both ways, so alone it would be found wanting.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toolrun_manifest::{Loaded, ReadInclude, declares_toolrun};

use super::documents::{Documents, direct};
use super::uri;
use crate::manifest_file::{self, IncludeReader};

/// A manifest with everything it includes.
#[derive(Debug)]
pub(super) struct Checked {
    /// What loading said.
    pub(super) loaded: Loaded,
    /// The address of each source, in their order.
    pub(super) uris: Vec<String>,
    /// Every path that it wanted to include, there or not.
    wanted: Vec<PathBuf>,
}

impl Checked {
    /// The texts of its files but that of one.
    pub(super) fn others(&self, uri: &str) -> impl Iterator<Item = &str> {
        let sources = self.loaded.sources.iter().map(|(_, source)| source.text.as_str());
        let uris = self.uris.iter().map(String::as_str);
        sources
            .zip(uris)
            .filter(move |(_, of)| *of != uri)
            .map(|(text, _)| text)
    }
}

/// Everything that is known of the open texts.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// By the address of the manifest that was loaded.
    roots: BTreeMap<String, Checked>,
}

impl Workspace {
    /// Checks what a change of these addresses can concern, and forgets what is open no more.
    pub(super) fn refresh(&mut self, changed: &[String], documents: &Documents) {
        let paths: Vec<PathBuf> = changed
            .iter()
            .filter_map(|uri| uri::path(uri))
            .map(|path| direct(&path))
            .collect();
        self.roots.retain(|uri, _| {
            documents
                .get(uri)
                .is_some_and(|document| declares_toolrun(&document.text))
        });
        let stale: Vec<String> = documents
            .iter()
            .filter(|(uri, document)| {
                let concerns = |checked: &Checked| checked.wanted.iter().any(|path| paths.contains(path));
                let is_stale =
                    changed.iter().any(|changed| changed == uri) || self.roots.get(*uri).is_none_or(concerns);
                is_stale && declares_toolrun(&document.text)
            })
            .map(|(uri, _)| uri.to_owned())
            .collect();
        for uri in stale {
            if let Some(document) = documents.get(&uri) {
                let checked = check(&uri, &document.text, documents);
                self.roots.insert(uri, checked);
            }
        }
    }

    /// The manifests that say what holds for a text: those that include it, or else itself.
    pub(super) fn of(&self, uri: &str) -> Vec<&Checked> {
        self.leading()
            .filter(|checked| checked.uris.iter().any(|part| part == uri))
            .collect()
    }

    /// The manifests that no other includes.
    pub(super) fn leading(&self) -> impl Iterator<Item = &Checked> {
        self.roots.values().filter(|checked| !self.is_part(checked))
    }

    /// Whether another open manifest includes it; of two that include each other, the first leads.
    fn is_part(&self, checked: &Checked) -> bool {
        let own = &checked.uris[0];
        self.roots.values().any(|other| {
            let leads = &other.uris[0];
            leads != own && other.uris.contains(own) && (!checked.uris.contains(leads) || leads < own)
        })
    }

    /// The addresses of all texts that something is known of.
    pub(super) fn uris(&self) -> impl Iterator<Item = &str> {
        self.roots
            .values()
            .flat_map(|checked| checked.uris.iter().map(String::as_str))
    }
}

fn check(uri: &str, text: &str, documents: &Documents) -> Checked {
    let path = uri::path(uri);
    let name = path
        .as_ref()
        .map_or_else(|| uri.to_owned(), |path| path.to_string_lossy().into_owned());
    let includes = Includes {
        documents,
        disk: IncludeReader::new(&name),
        wanted: RefCell::default(),
    };
    let loaded = manifest_file::load_with(&name, text.to_owned(), &includes);
    let address = |name: &str| {
        let path = Path::new(name);
        match documents.at(path) {
            Some((uri, _)) => uri.to_owned(),
            None => uri::of(path).unwrap_or_else(|| name.to_owned()),
        }
    };
    let mut uris: Vec<String> = loaded
        .sources
        .iter()
        .map(|(_, source)| address(&source.name))
        .collect();
    uri.clone_into(&mut uris[0]);
    Checked {
        loaded,
        uris,
        wanted: includes.wanted.into_inner(),
    }
}

/// Reads what a manifest includes: the open text of a file before the file.
struct Includes<'d> {
    documents: &'d Documents,
    disk: IncludeReader,
    wanted: RefCell<Vec<PathBuf>>,
}

impl ReadInclude for Includes<'_> {
    fn read(&self, including: &str, path: &str) -> Result<(String, String), String> {
        let folder = Path::new(including)
            .parent()
            .filter(|_| Path::new(including).is_absolute());
        let Some(folder) = folder else {
            return Err("this text has no file yet, so nothing lies beside it".to_owned());
        };
        let shown = manifest_file::tidy(&folder.join(path));
        let wanted = direct(Path::new(&shown));
        self.wanted.borrow_mut().push(wanted.clone());
        if let Some((_, document)) = self.documents.at(&wanted) {
            return Ok((self.disk.name_of(wanted, || shown), document.text.clone()));
        }
        self.disk.read(including, path)
    }
}
