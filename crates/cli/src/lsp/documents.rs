//! The texts that are open in the editor: they win over what is on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lsp_types::TextDocumentContentChangeEvent;

use super::position::{Encoding, Lines};
use super::uri;

/// An open text.
#[derive(Debug)]
pub(super) struct Document {
    /// As it is now, saved or not.
    pub(super) text: String,
    /// The editor's count of changes.
    pub(super) version: i32,
    /// Its file, if it has one, reached through no link.
    path: Option<PathBuf>,
}

/// All open texts by their address.
#[derive(Debug, Default)]
pub(super) struct Documents {
    open: BTreeMap<String, Document>,
}

impl Documents {
    /// Opens one, or opens it anew.
    pub(super) fn open(&mut self, uri: &str, version: i32, text: String) {
        let path = uri::path(uri).map(|path| direct(&path));
        self.open.insert(uri.to_owned(), Document { text, version, path });
    }

    /// Applies the changes in their order.
    pub(super) fn change(
        &mut self,
        uri: &str,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) {
        let Some(document) = self.open.get_mut(uri) else {
            return;
        };
        document.version = version;
        for change in changes {
            let Some(range) = change.range else {
                document.text = change.text;
                continue;
            };
            let lines = Lines::new(&document.text, encoding);
            let (start, end) = (lines.byte(range.start), lines.byte(range.end));
            document
                .text
                .replace_range(start.min(end)..start.max(end), &change.text);
        }
    }

    /// Closes one: from now on its file counts.
    pub(super) fn close(&mut self, uri: &str) {
        self.open.remove(uri);
    }

    /// The text of an address.
    pub(super) fn get(&self, uri: &str) -> Option<&Document> {
        self.open.get(uri)
    }

    /// All open texts with their addresses.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Document)> {
        self.open.iter().map(|(uri, document)| (uri.as_str(), document))
    }

    /// The address and text that are open for a path.
    pub(super) fn at(&self, path: &Path) -> Option<(&str, &Document)> {
        let path = direct(path);
        self.iter()
            .find(|(_, document)| document.path.as_deref() == Some(&path))
    }
}

/// A path without links; as it is where there is no file.
pub(super) fn direct(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use lsp_types::{Position, Range};

    use super::*;

    #[test]
    fn changes_are_applied_in_their_order() {
        let at = |line, from, to| Some(Range::new(Position::new(line, from), Position::new(line, to)));
        let change = |range, text: &str| TextDocumentContentChangeEvent {
            range,
            range_length: None,
            text: text.to_owned(),
        };
        let mut documents = Documents::default();
        documents.open("untitled:a", 1, "name: 😀 b\nurl: /\n".to_owned());
        let changes = vec![
            change(at(0, 9, 10), "c"),
            change(at(1, 5, 6), "/x"),
            change(at(2, 0, 0), "end"),
        ];
        documents.change("untitled:a", 2, changes, Encoding::Utf16);
        let document = documents.get("untitled:a").expect("open");
        assert_eq!(
            (document.text.as_str(), document.version),
            ("name: 😀 c\nurl: /x\nend", 2)
        );
        documents.change(
            "untitled:a",
            3,
            vec![change(None, "new"), change(at(9, 9, 9), "!")],
            Encoding::Utf16,
        );
        assert_eq!(
            documents.get("untitled:a").map(|document| document.text.as_str()),
            Some("new!")
        );
        documents.change("untitled:b", 3, vec![change(None, "x")], Encoding::Utf16);
        assert!(documents.get("untitled:b").is_none());
    }
}
