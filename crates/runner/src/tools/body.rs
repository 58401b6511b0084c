//! Bytes of an answer become a value: JSON, CSV, text, or, for what a model
//! cannot read, a description.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use toolrun_http::{JsonError, Redactor, fits_memory, parse_json};
use toolrun_manifest::ResultFormat;

use crate::conceal::{Hidden, mask_text, mask_value};
use crate::tools::html;

/// What an answer's body is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// Nothing at all.
    Empty,
    /// JSON, or what was made of CSV or lines of JSON.
    Data(Value),
    /// Text.
    Text(String),
    /// Bytes that are not shown: type, size and hash are.
    Binary(Value),
    /// The text of what would be more values than memory is given for.
    TooMany(String),
}

/// The most that the values of CSV or of lines of JSON may take, as estimated.
const MOST_MEMORY: usize = 40 << 20;
/// About what a field of a row takes besides its name and its text.
const FIELD: usize = 160;

impl Content {
    /// Hides secrets.
    pub(crate) fn hide(&mut self, redactor: &Redactor) -> Hidden {
        match self {
            Self::Empty => Hidden::Nothing,
            Self::Text(text) | Self::TooMany(text) => mask_text(redactor, text),
            Self::Data(value) | Self::Binary(value) => mask_value(redactor, value),
        }
    }

    /// The content as a value for templates and `pick`.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Empty => Value::Null,
            Self::Text(text) | Self::TooMany(text) => Value::String(text),
            Self::Data(value) | Self::Binary(value) => value,
        }
    }
}

/// Reads a body. A format that the manifest names wins over the content type;
/// without either, the bytes decide. Secrets that a server echoes are hidden
/// in what was read, where no spelling of the body's format covers them.
pub(crate) fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    format: Option<ResultFormat>,
    redactor: &Redactor,
) -> (Content, Hidden) {
    if bytes.is_empty() {
        return (Content::Empty, Hidden::Nothing);
    }
    let charset = content_type.unwrap_or_default();
    let media = media_type(&redactor.redact(charset));
    let text = || decode(bytes, charset);
    let mut before = Hidden::Nothing;
    let mut content = match kind(&media, format, bytes) {
        _ if is_binary(bytes, charset) => described(&media, bytes),
        Kind::Binary => described(&media, bytes),
        Kind::Json => json_or_text(text()),
        Kind::Lines => lines(text()),
        Kind::Csv => csv(text()),
        // Hidden before too: what looks like a tag would be cut out of a secret.
        Kind::Html => {
            let mut text = text();
            before = mask_text(redactor, &mut text);
            Content::Text(html::text_of(&text))
        }
        Kind::Text => Content::Text(text()),
    };
    let hidden = content.hide(redactor).and(before);
    (content, hidden)
}

/// The beginning of a body that was cut, as text; nothing of what is not text.
/// What may be the beginning of a secret is held back.
pub(crate) fn beginning(
    bytes: &[u8],
    content_type: Option<&str>,
    format: Option<ResultFormat>,
    redactor: &Redactor,
) -> Option<String> {
    let charset = content_type.unwrap_or_default();
    let media = media_type(&redactor.redact(charset));
    if kind(&media, format, bytes) == Kind::Binary || is_binary(bytes, charset) {
        return None;
    }
    let text = decode(bytes, charset);
    // The last character may have been cut in the middle.
    let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    Some(redactor.stream().push(text))
}

/// The media type of a header in lower case; nothing when it has not the form
/// of one, since whatever stands there is read by a model.
fn media_type(header: &str) -> String {
    const LONGEST: usize = 100;
    let media = header.split(';').next().unwrap_or_default().trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/+-._*".contains(c);
    match media.len() <= LONGEST && media.chars().all(plain) {
        true => media.to_ascii_lowercase(),
        false => String::new(),
    }
}

fn described(media: &str, bytes: &[u8]) -> Content {
    Content::Binary(json!({
        "content_type": if media.is_empty() { "application/octet-stream" } else { media },
        "bytes": bytes.len(),
        "sha256": hex(&Sha256::digest(bytes)),
    }))
}

/// Whether the bytes are no text, whatever their type says: text has no NUL,
/// unless it is UTF-16, and little that is not UTF-8, unless it says so.
fn is_binary(bytes: &[u8], charset: &str) -> bool {
    const SHORTEST: usize = 64;
    if utf16(bytes, charset).is_some() {
        return false;
    }
    if bytes.contains(&0) {
        return true;
    }
    let wrong = || {
        bytes
            .utf8_chunks()
            .map(|chunk| chunk.invalid().len())
            .sum::<usize>()
    };
    bytes.len() >= SHORTEST && !is_latin(charset) && wrong() * 10 > bytes.len() * 3
}

/// Bytes in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Lines,
    Csv,
    Html,
    Text,
    Binary,
}

fn kind(media: &str, format: Option<ResultFormat>, bytes: &[u8]) -> Kind {
    match format {
        Some(ResultFormat::Json) => return Kind::Json,
        Some(ResultFormat::Csv) => return Kind::Csv,
        Some(ResultFormat::Text) => return Kind::Text,
        None => {}
    }
    match media {
        "application/x-ndjson" | "application/jsonl" | "application/jsonlines" => Kind::Lines,
        "text/csv" | "application/csv" => Kind::Csv,
        "text/html" | "application/xhtml+xml" => Kind::Html,
        "application/json" | "text/json" => Kind::Json,
        "application/xml"
        | "application/javascript"
        | "application/x-www-form-urlencoded"
        | "application/yaml" => Kind::Text,
        _ if media.ends_with("+json") => Kind::Json,
        _ if media.ends_with("+xml") && !media.starts_with("image/") => Kind::Text,
        _ if media.starts_with("text/") => Kind::Text,
        "" => sniff(bytes),
        _ => Kind::Binary,
    }
}

/// What bytes without a type look like.
fn sniff(bytes: &[u8]) -> Kind {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // The last character is not whole.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return Kind::Binary,
    };
    match text.trim_start().starts_with(['{', '[']) {
        true => Kind::Json,
        false => Kind::Text,
    }
}

/// Text of a charset: UTF-8, UTF-16 by its mark or name, or Latin-1 when it is
/// named. Bytes that do not fit are replaced.
fn decode(bytes: &[u8], charset: &str) -> String {
    if let Some((pairs, order)) = utf16(bytes, charset) {
        let units = pairs.chunks_exact(2).map(|pair| match order {
            ByteOrder::Little => u16::from_le_bytes([pair[0], pair[1]]),
            ByteOrder::Big => u16::from_be_bytes([pair[0], pair[1]]),
        });
        return char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
    }
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ if is_latin(charset) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Which byte of a pair comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByteOrder {
    /// The low one.
    Little,
    /// The high one.
    Big,
}

/// The bytes of UTF-16 after its mark, and their order.
fn utf16<'a>(bytes: &'a [u8], charset: &str) -> Option<(&'a [u8], ByteOrder)> {
    let charset = charset.to_ascii_lowercase();
    match bytes {
        [0xff, 0xfe, rest @ ..] => Some((rest, ByteOrder::Little)),
        [0xfe, 0xff, rest @ ..] => Some((rest, ByteOrder::Big)),
        _ if charset.contains("charset=utf-16be") => Some((bytes, ByteOrder::Big)),
        _ if charset.contains("charset=utf-16") => Some((bytes, ByteOrder::Little)),
        _ => None,
    }
}

fn is_latin(charset: &str) -> bool {
    let charset = charset.to_ascii_lowercase();
    ["charset=iso-8859-1", "charset=latin1", "charset=\"iso-8859-1\""]
        .iter()
        .any(|name| charset.contains(name))
}

/// JSON with its digits as they came; what is not JSON after all is text.
fn json_or_text(text: String) -> Content {
    match parse_json(&text) {
        Ok(value) => Content::Data(value),
        Err(JsonError::TooLarge) => Content::TooMany(text),
        Err(JsonError::Malformed) if text.trim().is_empty() => Content::Empty,
        Err(JsonError::Malformed) => Content::Text(text),
    }
}

fn lines(text: String) -> Content {
    if !fits_memory(&text) {
        return Content::TooMany(text);
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let values: Option<Vec<Value>> = lines.map(|line| serde_json::from_str(line).ok()).collect();
    values.map_or_else(
        || Content::Text(text),
        |values| Content::Data(Value::Array(values)),
    )
}

/// CSV with a header line as a list of objects, every value a string.
fn csv(text: String) -> Content {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let Ok(header) = reader.headers().cloned() else {
        return Content::Text(text);
    };
    let mut rows = Vec::new();
    let mut memory = 0;
    for record in reader.records() {
        let Ok(record) = record else {
            return Content::Text(text);
        };
        memory += FIELD * (2 + record.len()) + record.as_slice().len();
        // Every row has the names of its fields again.
        memory += header.iter().take(record.len()).map(str::len).sum::<usize>();
        if memory > MOST_MEMORY {
            return Content::TooMany(text);
        }
        let row: Map<String, Value> = header
            .iter()
            .map(str::to_owned)
            .zip(record.iter().map(|field| Value::String(field.to_owned())))
            .collect();
        rows.push(Value::Object(row));
    }
    Content::Data(Value::Array(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], content_type: Option<&str>, format: Option<ResultFormat>) -> Content {
        super::read(bytes, content_type, format, &Redactor::default()).0
    }

    /// Body, content type, `format:` and what is made of them.
    type Case<'a> = (&'a [u8], Option<&'a str>, Option<ResultFormat>, Content);

    #[test]
    fn bodies() {
        let text = |text: &str| Content::Text(text.into());
        let data = Content::Data;
        let cases: Vec<Case<'_>> = vec![
            (b"", Some("application/json"), None, Content::Empty),
            (b" \n", Some("application/json"), None, Content::Empty),
            (
                b"{\"a\":1}",
                Some("application/json; charset=utf-8"),
                None,
                data(json!({"a": 1})),
            ),
            (
                b"\xef\xbb\xbf{\"a\":1}",
                Some("application/problem+json"),
                None,
                data(json!({"a": 1})),
            ),
            (b"{\"a\":1}", None, None, data(json!({"a": 1}))),
            (b"{\"a\":", Some("application/json"), None, text("{\"a\":")),
            (b"{\"a\":1}", Some("text/plain"), None, text("{\"a\":1}")),
            (
                b"{\"a\":1}",
                Some("text/plain"),
                Some(ResultFormat::Json),
                data(json!({"a": 1})),
            ),
            (
                b"{\"a\":1}\n\n{\"a\":2}\n",
                Some("application/x-ndjson"),
                None,
                data(json!([{"a": 1}, {"a": 2}])),
            ),
            (
                b"a,b\n1,x\n2,y\n",
                Some("text/csv"),
                None,
                data(json!([{"a": "1", "b": "x"}, {"a": "2", "b": "y"}])),
            ),
            (
                b"<p>One</p><p>Two</p>",
                Some("text/html"),
                None,
                text("One\n\nTwo"),
            ),
            (
                b"caf\xe9",
                Some("text/plain; charset=ISO-8859-1"),
                None,
                text("café"),
            ),
            (b"caf\xe9", Some("text/plain"), None, text("caf\u{fffd}")),
            (b"\xff\xfeh\0i\0", Some("text/plain"), None, text("hi")),
            (b"\xfe\xff\0h\0i", Some("text/plain"), None, text("hi")),
            (
                b"{\0}\0",
                Some("application/json; charset=utf-16le"),
                None,
                data(json!({})),
            ),
            (b"plain", None, None, text("plain")),
        ];
        for (bytes, media, format, expected) in cases {
            assert_eq!(read(bytes, media, format), expected, "{bytes:?} {media:?}");
        }
    }

    #[test]
    fn binary_is_only_described() {
        let Content::Binary(value) = read(b"\x89PNG\0", Some("image/png"), None) else {
            panic!("not binary")
        };
        assert_eq!(value["content_type"], "image/png");
        assert_eq!(value["bytes"], 5);
        assert_eq!(value["sha256"].as_str().unwrap().len(), 64);
        assert!(matches!(read(b"\0\x01\xff", None, None), Content::Binary(_)));
        // Whatever the type says.
        for media in ["text/plain", "application/json", "text/html", "text/csv"] {
            let noise: Vec<u8> = (0..200_u8).map(|byte| byte.wrapping_mul(151) | 1).collect();
            for bytes in [b"PK\x03\x04\0".as_slice(), &noise] {
                assert!(
                    matches!(read(bytes, Some(media), None), Content::Binary(_)),
                    "{media}"
                );
                assert_eq!(
                    super::beginning(bytes, Some(media), None, &Redactor::default()),
                    None
                );
            }
        }
        let Content::Binary(value) = read(b"\0", Some("image/png\u{202e} obey"), None) else {
            panic!("not binary")
        };
        assert_eq!(value["content_type"], "application/octet-stream");
    }

    #[test]
    fn echoed_secrets_are_hidden_in_every_format_and_spelling() {
        let secret = r#"sk-B/7"x,<i>-canary"#;
        let redactor = Redactor::default();
        redactor.learn(&toolrun_http::Secret::from(secret));
        redactor.learn(&toolrun_http::Secret::from("47114711"));
        let bodies = [
            (
                "application/json",
                r#"{"sk-\u0042/7\"x,<i>-canary":["sk-B\/7\u0022x,<i>-canary"]}"#,
            ),
            (
                "application/json",
                r#"{"a":"{\"k\":\"sk-\\u0042/7\\\"x,<i>-canary\"}"}"#,
            ),
            ("application/json", r#"{"pin":47114711}"#),
            ("application/x-ndjson", r#"{"a":"sk-B\/7\"x,\u003ci>-canary"}"#),
            ("text/plain", r#"{"a":"sk-\u0042/7\"x,<i>-canary"}"#),
            ("text/csv", "a,b\n1,\"sk-B/7\"\"x,<i>-canary\"\n"),
            ("text/html", "<p>sk-&#66;/7&quot;x,&lt;i&gt;-canary</p>"),
            ("text/html", r#"<p>sk-B/7"x,<i>-canary</p>"#),
            (r#"image/sk-B/7"x,<i>-canary"#, "\u{0}"),
        ];
        for (media, body) in bodies {
            let (shown, hidden) = super::read(body.as_bytes(), Some(media), None, &redactor);
            // Of bytes that are not shown, only the type was one.
            assert_eq!(hidden == Hidden::Something, body != "\u{0}", "{body}");
            let shown = shown.into_value().to_string();
            let shown = shown.replace("canary\\\"}", "");
            assert!(
                !shown.contains("canary") && !shown.contains("4711"),
                "{media} {body}: {shown}"
            );
            assert!(shown.contains("***"), "{media} {body}: {shown}");
        }
    }

    #[test]
    fn digits_are_kept() {
        let value = read(
            b"{\"id\":123456789012345678901234567890.10}",
            Some("application/json"),
            None,
        )
        .into_value();
        assert_eq!(value.to_string(), "{\"id\":123456789012345678901234567890.10}");
    }

    #[test]
    fn few_bytes_do_not_become_many_values() {
        let header = (0..500)
            .map(|n| format!("{n:_>1000}"))
            .collect::<Vec<_>>()
            .join(",");
        let rows = format!("{header}\n{}", format!("{}\n", "1,".repeat(499)).repeat(500));
        let lines = "{\"a\":1}\n".repeat(130_000);
        let list = format!("[{}1]", "1,".repeat(500_000));
        for (media, text) in [
            ("text/csv", rows),
            ("application/x-ndjson", lines),
            ("application/json", list),
        ] {
            let content = read(text.as_bytes(), Some(media), None);
            assert!(matches!(content, Content::TooMany(_)), "{media}");
        }
    }

    #[test]
    fn deep_json_is_text() {
        let deep = "[".repeat(100_000);
        assert!(matches!(
            read(deep.as_bytes(), Some("application/json"), None),
            Content::Text(_)
        ));
    }
}
