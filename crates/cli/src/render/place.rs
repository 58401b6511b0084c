//! Places as other programs name them: paths from the working folder, URIs,
//! columns in UTF-16.

use std::env;
use std::path::{Component, Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use toolrun_manifest::{Sources, Span};

use crate::manifest_file::tidy;

/// What a path may hold in a URI as it is.
const IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A range as editors count it; the end is the first column that is outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    /// First line, from 1.
    pub(super) line: usize,
    /// First column, from 1.
    pub(super) column: usize,
    /// Last line, from 1.
    pub(super) end_line: usize,
    /// One past the last column, from 1.
    pub(super) end_column: usize,
}

/// A span with columns in UTF-16 code units.
pub(super) fn utf16(span: Span, sources: &Sources) -> Region {
    let text = &sources.get(span.source).text;
    let place = |at: usize| {
        let here = Span {
            start: at,
            end: at,
            ..span
        };
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let column = text[line_start..at].encode_utf16().count() + 1;
        (sources.position(here).line, column)
    };
    let ((line, column), (end_line, end_column)) = (place(span.start), place(span.end));
    Region {
        line,
        column,
        end_line,
        end_column,
    }
}

/// A file's name from the working folder, where it lies there.
pub(super) fn path(name: &str) -> String {
    let here = env::current_dir().unwrap_or_default();
    let path = Path::new(name);
    tidy(path.strip_prefix(&here).unwrap_or(path))
}

/// A file's name as a URI: relative to the working folder, where it lies there.
pub(super) fn uri(name: &str) -> String {
    let path = path(name);
    let parts = Path::new(&path).components().map(|part| match part {
        Component::RootDir => "file://".to_owned(),
        part => utf8_percent_encode(&part.as_os_str().to_string_lossy(), IN_PATHS).to_string(),
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        for (name, expected) in [
            ("shop.yaml", "shop.yaml"),
            ("./a/./b.yaml", "a/b.yaml"),
            ("../b.yaml", "../b.yaml"),
            ("a b%/ü:x#?.yaml", "a%20b%25/%C3%BC%3Ax%23%3F.yaml"),
            ("/x/y z.yaml", "file:///x/y%20z.yaml"),
            ("<stdin>", "%3Cstdin%3E"),
        ] {
            assert_eq!(uri(name), expected);
        }
        let here = env::current_dir().expect("a folder").join("a.yaml");
        assert_eq!(uri(&here.to_string_lossy()), "a.yaml");
    }
}
