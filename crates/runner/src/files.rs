//! Files that a call may send: paths as a model gives them, and the door to
//! the one folder that a person opened. What opens them is not here: the
//! runner touches no disk.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most bytes of files that one request carries.
pub const MOST_FILE_BYTES: u64 = 16 << 20;

/// A path inside the folder: names alone, none of them `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath {
    /// At least one.
    names: Vec<String>,
}

impl FilePath {
    /// Reads a path as it was given. Nothing is looked up: what is refused
    /// here is refused whether it exists or not.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        if text.is_empty() {
            return Err(FileError::Empty);
        }
        if text.starts_with('/') {
            return Err(FileError::Absolute);
        }
        if text.contains('\0') {
            return Err(FileError::NotFound);
        }
        let mut names = Vec::new();
        for name in text.split('/') {
            match name {
                "." => {}
                ".." => return Err(FileError::Parent),
                "" => return Err(FileError::Empty),
                name => names.push(name.to_owned()),
            }
        }
        if names.is_empty() {
            return Err(FileError::Folder);
        }
        Ok(Self { names })
    }

    /// The folders on the way, from the outermost.
    pub fn folders(&self) -> &[String] {
        self.names.split_last().map_or(&[], |(_, folders)| folders)
    }

    /// The file's own name.
    pub fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names.join("/"))
    }
}

/// The folder whose files may be sent.
pub trait Files: Send + Sync {
    /// Reads a plain file of at most so many bytes. Follows no link, and
    /// never leaves the folder.
    fn read(&self, path: &FilePath, most: u64) -> Result<Vec<u8>, FileError>;
}

/// Why a file is not sent. Says nothing of what lies outside the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// No path, or an empty part in it.
    #[error("a name in the path is empty; give a path such as `reports/may.pdf`")]
    Empty,
    /// It begins at the root.
    #[error("the path is absolute; give one inside the folder, such as `reports/may.pdf`")]
    Absolute,
    /// It goes up.
    #[error("the path has a part `..`; files outside the folder are not sent")]
    Parent,
    /// It is a link or leads over one.
    #[error("a link stands in the path, and links are not followed; name the file itself")]
    Link,
    /// The folder has none.
    #[error("the folder that the user opened has no such file; a path is relative to that folder")]
    NotFound,
    /// A folder.
    #[error("it is a folder; name a file in it")]
    Folder,
    /// A pipe, a device.
    #[error("it is not a plain file")]
    NotAFile,
    /// More than one request carries.
    #[error("the files of one request have at most {} MiB together, and these have more", MOST_FILE_BYTES >> 20)]
    TooLarge,
    /// The system does not let it be read.
    #[error("the file cannot be read")]
    Unreadable,
}

impl FileError {
    /// The same for the person who named the file, and who can open another
    /// folder.
    pub fn for_person(self, path: &str) -> String {
        let path = path.escape_debug();
        match self {
            Self::Empty => {
                format!("a name in the path `{path}` is empty; give one such as `reports/may.pdf`")
            }
            Self::Absolute => {
                format!("the path is absolute: `{path}`; give it relative to the folder of --files")
            }
            Self::Parent => {
                format!("the path `{path}` has a part `..`; --files names the folder whose files may be sent")
            }
            Self::Link => format!(
                "a link stands in the path `{path}`, and links are not followed; name the file itself"
            ),
            Self::NotFound => {
                format!("there is no `{path}` in the folder of --files; paths are relative to it")
            }
            Self::Folder => format!("`{path}` is a folder; name a file in it"),
            Self::NotAFile => format!("`{path}` is not a plain file"),
            Self::TooLarge => format!(
                "with `{path}`, the files of this request have more than the {} MiB that are allowed",
                MOST_FILE_BYTES >> 20
            ),
            Self::Unreadable => format!("`{path}` cannot be read; check its permissions"),
        }
    }

    /// The stable name of the rule.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Empty | Self::Absolute | Self::Parent => "file-path",
            Self::Link => "file-link",
            Self::NotFound => "file-missing",
            Self::Folder | Self::NotAFile => "file-kind",
            Self::TooLarge => "file-size",
            Self::Unreadable => "file-unreadable",
        }
    }
}

/// A file that is sent, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SentFile {
    /// The param that names it.
    pub param: String,
    /// The path inside the folder.
    pub path: String,
    /// The media type that is sent with it.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// SHA-256 of its content, in hex.
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_names_below_the_folder() {
        for (text, expected) in [
            ("a.txt", Ok("a.txt")),
            ("./a.txt", Ok("a.txt")),
            ("a/b/c", Ok("a/b/c")),
            ("v1..v2.txt", Ok("v1..v2.txt")),
            ("..a/b..", Ok("..a/b..")),
            (".env", Ok(".env")),
            ("...", Ok("...")),
            ("ü x.txt", Ok("ü x.txt")),
            ("a\\..\\b", Ok("a\\..\\b")),
            ("%2e%2e/a", Ok("%2e%2e/a")),
            ("", Err(FileError::Empty)),
            ("a//b", Err(FileError::Empty)),
            ("a/", Err(FileError::Empty)),
            ("/etc/passwd", Err(FileError::Absolute)),
            ("..", Err(FileError::Parent)),
            ("a/../b", Err(FileError::Parent)),
            ("a/..", Err(FileError::Parent)),
            (".", Err(FileError::Folder)),
            ("a\0b", Err(FileError::NotFound)),
        ] {
            let found = FilePath::parse(text).map(|path| path.to_string());
            assert_eq!(found.as_deref(), expected.as_ref().map(|path| *path), "{text:?}");
        }
        let path = FilePath::parse("a/b/c").expect("a path");
        assert_eq!((path.folders().join("+").as_str(), path.name()), ("a+b", "c"));
    }
}
