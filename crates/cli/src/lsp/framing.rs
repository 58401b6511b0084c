//! The frames of the protocol: `Content-Length`, an empty line, JSON. A bad one is told and passed over.
//!
//! The usual crate for this reads messages into types that guess what a message is, which loses numbers that
//! are kept digit by digit, and ends at the first that it cannot read.

use std::io::{self, BufRead, Read, Write};

use serde_json::Value;

/// The longest message that is read: a manifest has at most 4 MiB, and its characters may be escaped.
const MOST_BYTES: usize = 64 << 20;
/// The longest line of a header.
const MOST_HEADER: u64 = 4096;

/// What came.
#[derive(Debug)]
pub(super) enum Frame {
    /// A message.
    Message(Value),
    /// Something that is none, and why.
    Broken(String),
    /// The editor went away.
    End,
}

/// Reads the next frame.
pub(super) fn read(input: &mut impl BufRead) -> Frame {
    let length = match header(input) {
        Ok(Some(length)) => length,
        Ok(None) => return Frame::End,
        Err(Bad::Header(why)) => return Frame::Broken(why),
        Err(Bad::Stream) => return Frame::End,
    };
    if length > MOST_BYTES {
        let mut rest = input.take(length as u64);
        return match io::copy(&mut rest, &mut io::sink()) {
            Ok(_) => Frame::Broken(format!("a message of {length} bytes is longer than {MOST_BYTES}")),
            Err(_) => Frame::End,
        };
    }
    let mut body = vec![0; length];
    if input.read_exact(&mut body).is_err() {
        return Frame::End;
    }
    match serde_json::from_slice(&body) {
        Ok(message) => Frame::Message(message),
        Err(error) => Frame::Broken(format!("not JSON: {error}")),
    }
}

/// Why there is no frame.
enum Bad {
    /// It cannot be understood.
    Header(String),
    /// Nothing more will come.
    Stream,
}

/// The length that a header announces; nothing at the end.
fn header(input: &mut impl BufRead) -> Result<Option<usize>, Bad> {
    let mut length = None;
    let mut lines = 0;
    loop {
        let mut line = Vec::new();
        let read = input
            .by_ref()
            .take(MOST_HEADER)
            .read_until(b'\n', &mut line)
            .map_err(|_| Bad::Stream)?;
        if read == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() && lines == 0 {
            continue;
        }
        if text.is_empty() {
            return length
                .map(Some)
                .ok_or_else(|| Bad::Header("a message has no `Content-Length`".to_owned()));
        }
        lines += 1;
        if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
}

/// Writes one message.
pub(super) fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_and_bad_ones_passed_over() {
        let mut sent = Vec::new();
        write(&mut sent, &serde_json::json!({ "id": 12345678901234567890_u64 })).expect("written");
        sent.extend(b"content-length: 3\r\nContent-Type: x\r\n\r\n{a}");
        sent.extend(b"X-Other: 1\r\n\r\n");
        sent.extend(b"Content-Length: 2\n\n[]");
        sent.extend(b"Content-Length: 9\r\n\r\n[]");
        let mut input = sent.as_slice();
        let mut frames = Vec::new();
        loop {
            match read(&mut input) {
                Frame::Message(message) => frames.push(message.to_string()),
                Frame::Broken(why) => frames.push(why),
                Frame::End => break,
            }
        }
        assert_eq!(frames[0], r#"{"id":12345678901234567890}"#);
        assert!(frames[1].starts_with("not JSON"), "{}", frames[1]);
        assert_eq!(frames[2], "a message has no `Content-Length`");
        assert_eq!(frames[3..], ["[]"]);
    }
}
