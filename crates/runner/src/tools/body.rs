//! Bytes of an answer become a value: JSON, CSV, text, or, for what a model
//! cannot read, a description.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use toolrun_http::Redactor;
use toolrun_manifest::ResultFormat;

use crate::conceal::{hide_text, hide_value};

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
}

impl Content {
    /// Hides secrets.
    pub(crate) fn hide(&mut self, redactor: &Redactor) {
        match self {
            Self::Empty => {}
            Self::Text(text) => hide_text(redactor, text),
            Self::Data(value) | Self::Binary(value) => hide_value(redactor, value),
        }
    }

    /// The content as a value for templates and `pick`.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Empty => Value::Null,
            Self::Text(text) => Value::String(text),
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
) -> Content {
    if bytes.is_empty() {
        return Content::Empty;
    }
    let media = redactor
        .redact(content_type.unwrap_or_default())
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let text = || decode(bytes, content_type.unwrap_or_default());
    let mut content = match kind(&media, format, bytes) {
        Kind::Json => json_or_text(text()),
        Kind::Lines => lines(&text()).map_or_else(|| Content::Text(text()), Content::Data),
        Kind::Csv => csv(&text()).map_or_else(|| Content::Text(text()), Content::Data),
        // Hidden before too: what looks like a tag would be cut out of a secret.
        Kind::Html => Content::Text(nanohtml2text::html2text(&redactor.redact(&text()))),
        Kind::Text => Content::Text(text()),
        Kind::Binary => Content::Binary(json!({
            "content_type": if media.is_empty() { "application/octet-stream" } else { media.as_str() },
            "bytes": bytes.len(),
            "sha256": hex(&Sha256::digest(bytes)),
        })),
    };
    content.hide(redactor);
    content
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
    match std::str::from_utf8(bytes) {
        Ok(text) if text.trim_start().starts_with(['{', '[']) => Kind::Json,
        Ok(text) if !text.contains('\0') => Kind::Text,
        _ => Kind::Binary,
    }
}

/// Text of a charset: UTF-8, UTF-16 by its mark, or Latin-1 when it is named.
/// Bytes that do not fit are replaced.
fn decode(bytes: &[u8], content_type: &str) -> String {
    let units = |from: fn([u8; 2]) -> u16| {
        let pairs = bytes[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]]));
        char::decode_utf16(pairs)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect::<String>()
    };
    let latin = ["charset=iso-8859-1", "charset=latin1", "charset=\"iso-8859-1\""];
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ if latin
            .iter()
            .any(|name| content_type.to_ascii_lowercase().contains(name)) =>
        {
            bytes.iter().map(|byte| char::from(*byte)).collect()
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// JSON with its digits as they came; what is not JSON after all is text.
fn json_or_text(text: String) -> Content {
    match serde_json::from_str(&text) {
        Ok(value) => Content::Data(value),
        Err(_) if text.trim().is_empty() => Content::Empty,
        Err(_) => Content::Text(text),
    }
}

fn lines(text: &str) -> Option<Value> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).ok())
        .collect::<Option<Vec<Value>>>()
        .map(Value::Array)
}

/// CSV with a header line as a list of objects, every value a string.
fn csv(text: &str) -> Option<Value> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().ok()?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.ok()?;
        let row: Map<String, Value> = header
            .iter()
            .cloned()
            .zip(record.iter().map(|field| Value::String(field.to_owned())))
            .collect();
        rows.push(Value::Object(row));
    }
    Some(Value::Array(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], content_type: Option<&str>, format: Option<ResultFormat>) -> Content {
        super::read(bytes, content_type, format, &Redactor::default())
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
                text("One\r\n\r\nTwo"),
            ),
            (
                b"caf\xe9",
                Some("text/plain; charset=ISO-8859-1"),
                None,
                text("café"),
            ),
            (b"caf\xe9", Some("text/plain"), None, text("caf\u{fffd}")),
            (b"\xff\xfeh\0i\0", Some("text/plain"), None, text("hi")),
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
            let shown = super::read(body.as_bytes(), Some(media), None, &redactor)
                .into_value()
                .to_string();
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
    fn deep_json_is_text() {
        let deep = "[".repeat(100_000);
        assert!(matches!(
            read(deep.as_bytes(), Some("application/json"), None),
            Content::Text(_)
        ));
    }
}
