//! Reads a request's raw bytes strictly, and compares it with the request of
//! a harmless argument: every difference but the argument itself is a fault.

use serde_json::Value;
use toolrun_fuzz::decoded;

use crate::support::http_server::Recorded;

/// The harmless argument: where its request has this word, another request
/// has its own argument, and nothing else may differ.
pub(super) const WORD: &str = "plainword";

/// A request, taken apart without decoding anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) method: String,
    pub(super) segments: Vec<String>,
    pub(super) query: Option<Vec<(String, Option<String>)>>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

/// Takes a request apart; what no HTTP/1.1 server would read in just one way
/// is an error.
pub(super) fn read(recorded: &Recorded) -> Result<Wire, String> {
    let raw = &recorded.raw;
    let end = position(raw, b"\r\n\r\n").ok_or("the head has no end")?;
    let mut lines = split(&raw[..end], b"\r\n").into_iter();
    let first = lines.next().ok_or("there is no request line")?;
    let first = std::str::from_utf8(first).map_err(|_| "the request line is not ASCII")?;
    let words: Vec<&str> = first.split(' ').collect();
    let [method, target, "HTTP/1.1"] = words.as_slice() else {
        return Err(format!("odd request line {first:?}"));
    };
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) || target.contains(['#', '\\', '"', '<', '>']) {
        return Err(format!("odd target {target:?}"));
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (*target, None),
    };
    let path = path.strip_prefix('/').ok_or("the target is no path")?;
    let pair = |pair: &str| match pair.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (pair.to_owned(), None),
    };
    Ok(Wire {
        method: (*method).to_owned(),
        segments: path.split('/').map(str::to_owned).collect(),
        query: query.map(|query| query.split('&').map(pair).collect()),
        headers: lines.map(header).collect::<Result<_, _>>()?,
        body: raw[end + 4..].to_vec(),
    })
    .and_then(with_whole_body)
}

fn header(line: &[u8]) -> Result<(String, Vec<u8>), String> {
    let shown = String::from_utf8_lossy(line);
    if line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(format!("a bare line end in the header {shown:?}"));
    }
    let colon = position(line, b":").ok_or_else(|| format!("no header: {shown:?}"))?;
    let name = std::str::from_utf8(&line[..colon]).map_err(|_| format!("odd header name {shown:?}"))?;
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return Err(format!("odd header name {shown:?}"));
    }
    let value = line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]);
    Ok((name.to_ascii_lowercase(), value.to_vec()))
}

/// The body is as long as its header says: nothing follows it.
fn with_whole_body(wire: Wire) -> Result<Wire, String> {
    let lengths: Vec<_> = wire
        .headers
        .iter()
        .filter(|(name, _)| name == "content-length")
        .collect();
    let said = match lengths.as_slice() {
        [] => 0,
        [(_, length)] => String::from_utf8_lossy(length)
            .parse()
            .map_err(|_| "odd length")?,
        _ => return Err("several lengths".to_owned()),
    };
    if wire.headers.iter().any(|(name, _)| name == "transfer-encoding") || wire.body.len() != said {
        return Err(format!("{} bytes where {said} were said", wire.body.len()));
    }
    Ok(wire)
}

impl Wire {
    /// Whether it is the harmless request with an argument in the place of
    /// its word, and nothing else.
    pub(super) fn is(&self, template: &Wire, argument: &str) -> Result<(), String> {
        let filled = |text: &[u8]| replaced(text, argument);
        if self.method != template.method || self.segments.len() != template.segments.len() {
            return Err("another method or number of segments".to_owned());
        }
        for (own, declared) in self.segments.iter().zip(&template.segments) {
            if declared.contains(WORD) {
                fits(own, declared, argument)?;
                no_dots(own)?;
            } else if own != declared {
                return Err(format!("the segment {own:?} is not {declared:?}"));
            }
        }
        self.same_query(template, argument)?;
        self.same_body(template, argument)?;
        let names = |wire: &Wire| {
            wire.headers
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        if names(self) != names(template) {
            return Err(format!("other headers: {:?}", names(self)));
        }
        for ((name, own), (_, declared)) in self.headers.iter().zip(&template.headers) {
            let counts = ["x-case", "content-length"].contains(&name.as_str());
            if !counts && *own != filled(declared) {
                return Err(format!("the header {name} is {:?}", String::from_utf8_lossy(own)));
            }
        }
        Ok(())
    }

    /// A JSON body whose field `s` is the argument; the rest is as declared.
    fn same_body(&self, template: &Wire, argument: &str) -> Result<(), String> {
        if template.body.is_empty() {
            return if self.body.is_empty() {
                Ok(())
            } else {
                Err("a body".to_owned())
            };
        }
        let read =
            |wire: &Wire| serde_json::from_slice::<Value>(&wire.body).map_err(|error| error.to_string());
        let (own, mut declared) = (read(self)?, read(template)?);
        assert_eq!(declared["s"], WORD);
        declared["s"] = argument.into();
        if own == declared {
            Ok(())
        } else {
            Err(format!("the body {own}"))
        }
    }

    fn same_query(&self, template: &Wire, argument: &str) -> Result<(), String> {
        let (own, declared) = match (&self.query, &template.query) {
            (None, None) => return Ok(()),
            (Some(own), Some(declared)) if own.len() == declared.len() => (own, declared),
            _ => return Err(format!("other pairs: {:?}", self.query)),
        };
        for ((key, value), (declared_key, declared_value)) in own.iter().zip(declared) {
            if key != declared_key || value.is_some() != declared_value.is_some() {
                return Err(format!("the key {key:?} is not {declared_key:?}"));
            }
            if let (Some(value), Some(declared)) = (value, declared_value) {
                fits(value, declared, argument)?;
            }
        }
        Ok(())
    }
}

/// Decoded once, it is the declared text with the argument in its word's place.
fn fits(own: &str, declared: &str, argument: &str) -> Result<(), String> {
    let expected = replaced(&decoded(declared.as_bytes()), argument);
    if decoded(own.as_bytes()) == expected {
        Ok(())
    } else {
        Err(format!("{own:?} does not read as the argument"))
    }
}

/// However often a segment is decoded, no part of it is `.` or `..`.
fn no_dots(segment: &str) -> Result<(), String> {
    let mut bytes = segment.as_bytes().to_vec();
    for depth in 0..=5 {
        let dots = |part: &[u8]| part == b"." || part == b"..";
        if bytes.split(|byte| matches!(byte, b'/' | b'\\')).any(dots) {
            return Err(format!("{segment:?} has dots at depth {depth}"));
        }
        bytes = decoded(&bytes);
    }
    Ok(())
}

fn replaced(text: &[u8], argument: &str) -> Vec<u8> {
    let mut parts = split(text, WORD.as_bytes()).into_iter();
    let mut out = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        out.extend_from_slice(argument.as_bytes());
        out.extend_from_slice(part);
    }
    out
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn split<'a>(mut bytes: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = position(bytes, by) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + by.len()..];
    }
    parts.push(bytes);
    parts
}
