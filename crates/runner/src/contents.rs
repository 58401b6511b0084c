//! What a body holds, where its bytes do not say it to a reader: the parts of
//! a multipart body, and files by name, size and hash. Never a file's content.

use std::fmt;

use serde_json::Value;

use crate::files::SentFile;

/// What a body holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// Its bytes are text and say it themselves; or there is no body.
    Plain,
    /// The parts of a multipart body, in order.
    Parts(Vec<Part>),
    /// One file is the body.
    File(SentFile),
}

/// A part of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// What it holds.
    pub content: PartBody,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartBody {
    /// Text.
    Text(String),
    /// A file.
    File(SentFile),
}

impl Contents {
    /// The files among it.
    pub fn files(&self) -> Vec<&SentFile> {
        match self {
            Self::Plain => Vec::new(),
            Self::File(file) => vec![file],
            Self::Parts(parts) => parts
                .iter()
                .filter_map(|part| match &part.content {
                    PartBody::File(file) => Some(file),
                    PartBody::Text(_) => None,
                })
                .collect(),
        }
    }
}

impl fmt::Display for Part {
    /// On one line whatever the values are: texts stand in quotes as in JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {}: ", quoted(&self.name))?;
        match &self.content {
            PartBody::Text(text) => f.write_str(&quoted(text)),
            PartBody::File(file) => write!(f, "{file}"),
        }
    }
}

impl fmt::Display for SentFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, bytes) = (quoted(&self.path), self.bytes);
        write!(
            f,
            "file {path}, {}, {bytes} bytes, sha256 {}",
            self.media_type, self.sha256
        )
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
