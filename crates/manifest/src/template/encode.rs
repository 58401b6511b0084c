//! Percent-encoding of URLs. Values: everything but unreserved characters.
//! Literal text: what a URL cannot hold, and no further, so that a literal
//! part comes back from the parser as it went in.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\'')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}');
const PATH: &AsciiSet = &QUERY.remove(b'\'').add(b'?').add(b'|').add(b'[').add(b']');

/// Encodes a value of any slot.
pub(super) fn value(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// Encodes the literal text of a path segment; `%XX` stays.
pub(super) fn path_literal(text: &str) -> String {
    literal(text, PATH)
}

/// Encodes the literal text of a query; `%XX` stays.
pub(super) fn query_literal(text: &str) -> String {
    literal(text, QUERY)
}

fn literal(text: &str, set: &'static AsciiSet) -> String {
    let mut encoded = String::with_capacity(text.len());
    for (place, part) in text.split('%').enumerate() {
        if place > 0 {
            let escape = part
                .as_bytes()
                .get(..2)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
            encoded.push_str(if escape { "%" } else { "%25" });
        }
        encoded.extend(utf8_percent_encode(part, set));
    }
    encoded
}
