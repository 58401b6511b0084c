//! Addresses of documents, and paths.

use std::path::{Path, PathBuf};

use url::Url;

/// The path of a `file:` address, percent-encoding undone.
pub(super) fn path(uri: &str) -> Option<PathBuf> {
    let url = Url::parse(uri).ok().filter(|url| url.scheme() == "file")?;
    url.to_file_path().ok()
}

/// The address of a path.
pub(super) fn of(path: &Path) -> Option<String> {
    Url::from_file_path(path).ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn addresses_are_decoded() {
        for (uri, expected) in [
            ("file:///a/b.yaml", Some("/a/b.yaml")),
            ("file:///a%20b/%C3%A4.yaml", Some("/a b/ä.yaml")),
            ("file:///a/%2541.yaml", Some("/a/%41.yaml")),
            ("untitled:Untitled-1", None),
            ("https://shop.example/a.yaml", None),
            ("a.yaml", None),
        ] {
            assert_eq!(path(uri).as_deref(), expected.map(Path::new), "{uri}");
        }
        assert_eq!(
            of(Path::new("/a b/ä.yaml")).as_deref(),
            Some("file:///a%20b/%C3%A4.yaml")
        );
    }
}
