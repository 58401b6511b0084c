//! Names of headers: which may be written, and which the client sets itself.

use crate::diagnostic::Sink;
use crate::text::Text;

/// Headers that describe the connection or the body as it is sent.
const SET_BY_CLIENT: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a text is a token (RFC 9110 §5.6.2), as names of headers and of
/// cookies are.
pub(crate) fn is_token(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(fits)
}

/// Checks the name of a header.
pub(crate) fn check_name(name: &Text, sink: &mut Sink) -> Option<()> {
    let text = name.as_str();
    if !is_token(text) {
        sink.error(
            "bad-name",
            name.span(),
            format!("`{}` cannot be the name of a header", crate::node::shorten(text)),
        )
        .help("letters, digits and `-`, such as `X-Api-Key`");
        return None;
    }
    if SET_BY_CLIENT.contains(&text.to_lowercase().as_str()) {
        sink.error(
            "reserved-header",
            name.span(),
            format!("the header `{text}` is set by the client and cannot be written"),
        )
        .help("remove it");
        return None;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::SET_BY_CLIENT.is_sorted());
    }
}
