//! multipart/form-data (RFC 7578), names escaped as browsers do it. Texts are
//! sent as they are: line ends are not rewritten, so that a value arrives
//! equal to the argument.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use toolrun_manifest::{PartContent, RenderedPart};

use crate::contents::{Part, PartBody};
use crate::engine::Rejection;
use crate::tools::attach::{Attached, Attaching};
use crate::tools::body::hex;

/// An encoded body.
pub(crate) struct Multipart {
    /// `Content-Type` with the boundary.
    pub(crate) content_type: String,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// The parts, for showing.
    pub(crate) parts: Vec<Part>,
}

enum Content {
    Text(String),
    File(Attached),
}

/// Encodes the parts of one call, files read on the way. The same call has
/// the same bytes, however often it is encoded.
pub(crate) fn encode(
    parts: Vec<RenderedPart>,
    call_id: &str,
    files: &mut Attaching<'_>,
) -> Result<Multipart, Rejection> {
    let mut read = Vec::with_capacity(parts.len());
    for part in parts {
        let content = match part.content {
            PartContent::Text(text) => Content::Text(text),
            PartContent::File(file) => Content::File(files.read(&file)?),
        };
        read.push((part.name, content));
    }
    let boundary = boundary(call_id, &read);
    Ok(Multipart {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        bytes: bytes(&boundary, &read),
        parts: read.into_iter().map(shown).collect(),
    })
}

/// A delimiter that nothing in the body holds. It hangs on the call's id,
/// which nobody can guess, so that another attempt has the same.
fn boundary(call_id: &str, parts: &[(String, Content)]) -> String {
    let mut number: u64 = 0;
    loop {
        let digest = hex(&Sha256::digest(format!("boundary {number} of {call_id}")));
        let boundary = format!("toolrun-{}", &digest[..32]);
        if !parts.iter().any(|part| holds(part, &boundary)) {
            return boundary;
        }
        number += 1;
    }
}

fn holds((name, content): &(String, Content), boundary: &str) -> bool {
    let inside = |bytes: &[u8]| memchr::memmem::find(bytes, boundary.as_bytes()).is_some();
    inside(name.as_bytes())
        || match content {
            Content::Text(text) => inside(text.as_bytes()),
            Content::File(file) => inside(file.name.as_bytes()) || inside(&file.bytes),
        }
}

fn bytes(boundary: &str, parts: &[(String, Content)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in parts {
        let name = escaped(name);
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        let bytes = match content {
            Content::Text(text) => text.as_bytes(),
            Content::File(file) => {
                let (file_name, media_type) = (escaped(&file.name), &file.sent.media_type);
                head.push_str(&format!(
                    "; filename=\"{file_name}\"\r\nContent-Type: {media_type}"
                ));
                &file.bytes
            }
        };
        head.push_str("\r\n\r\n");
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

/// A name inside quotes: the quote and line ends as `%22`, `%0D`, `%0A`, and
/// so every other control character; all else as it is, in UTF-8.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        if c == '"' || c.is_ascii_control() {
            // Writing to a string does not fail.
            let _ = write!(text, "%{:02X}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

fn shown((name, content): (String, Content)) -> Part {
    let content = match content {
        Content::Text(text) => PartBody::Text(text),
        Content::File(file) => PartBody::File(file.sent),
    };
    Part { name, content }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, value: &str) -> RenderedPart {
        RenderedPart {
            name: name.to_owned(),
            content: PartContent::Text(value.to_owned()),
        }
    }

    fn encoded(parts: Vec<RenderedPart>) -> Multipart {
        encode(parts, "call_1", &mut Attaching::new(None)).unwrap()
    }

    #[test]
    fn the_boundary_is_one_that_nothing_holds() {
        let plain = encoded(vec![text("a", "x")]);
        let (_, boundary) = plain.content_type.split_once("boundary=").unwrap();
        assert_eq!(plain.bytes, encoded(vec![text("a", "x")]).bytes);
        for parts in [
            vec![text("a", &format!("\r\n--{boundary}--"))],
            vec![text(boundary, "x")],
            vec![text("a", "x"), text("b", boundary)],
        ] {
            let other = encoded(parts);
            assert!(!other.content_type.contains(boundary), "{}", other.content_type);
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_standard() {
        let found = encoded(vec![text("a\"\r\nb", "x\ny"), text("ü", "")]);
        let (_, boundary) = found.content_type.split_once("boundary=").unwrap();
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"a%22%0D%0Ab\"\r\n\r\nx\ny\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"ü\"\r\n\r\n\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8(found.bytes).unwrap(), expected);
        let none = encoded(Vec::new());
        assert!(none.bytes.starts_with(b"--toolrun-") && none.bytes.ends_with(b"--\r\n"));
    }
}
