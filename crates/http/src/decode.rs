//! From the bytes of the wire to the bytes of the body: at most one gzip
//! layer, and a cap that counts what comes out, so that a small answer cannot
//! become a large one in memory.

use std::io::{self, Write};
use std::pin::Pin;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures_util::{Stream, StreamExt};

use crate::assemble::Offer;
use crate::error::HttpError;
use crate::response::BodyStream;

/// Compressed bytes are fed in slices: gzip grows at most 1,032 times, so one
/// slice never yields more than 4 MiB before the cap is looked at.
const SLICE: usize = 4096;

/// How the body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As it is.
    Plain,
    /// One layer of gzip.
    Gzip,
}

/// Bytes as they arrive, errors already in our terms.
pub(crate) type RawStream = Pin<Box<dyn Stream<Item = Result<Bytes, HttpError>> + Send>>;

/// Reads `Content-Encoding`; what was not offered is refused.
pub(crate) fn coding<'a>(values: impl Iterator<Item = &'a str>, offer: Offer) -> Result<Coding, String> {
    let layers: Vec<String> = values
        .flat_map(|value| value.split(','))
        .map(|layer| layer.trim().to_ascii_lowercase())
        .filter(|layer| !layer.is_empty() && layer != "identity")
        .collect();
    match layers.as_slice() {
        [] => Ok(Coding::Plain),
        [only] if offer == Offer::Gzip && matches!(only.as_str(), "gzip" | "x-gzip") => Ok(Coding::Gzip),
        [only] => Err(shown(only)),
        several => Err(format!("{} layers of coding", several.len())),
    }
}

/// A coding by its name. A server that writes something else there wants it to
/// be read by somebody.
fn shown(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match name.len() <= 16 && name.bytes().all(plain) {
        true => format!("`{name}`"),
        false => "one without a proper name".to_owned(),
    }
}

/// Decodes a body that has no response around it, such as a kept one, by its
/// `Content-Encoding` values: at most one layer of gzip, and no more than
/// `limit` bytes of what comes out.
pub fn unpacked(encodings: &[&str], body: BodyStream, limit: usize) -> Result<BodyStream, HttpError> {
    let host = "the body".to_owned();
    match coding(encodings.iter().copied(), Offer::Gzip) {
        Ok(coding) => Ok(decoded(host, body, coding, limit)),
        Err(reason) => Err(HttpError::Encoding { host, reason }),
    }
}

/// The decoded, capped body.
pub(crate) fn decoded(host: String, raw: RawStream, coding: Coding, limit: usize) -> BodyStream {
    let reader = Reader {
        host,
        raw: Some(raw),
        pending: Bytes::new(),
        gzip: match coding {
            Coding::Plain => None,
            Coding::Gzip => Some(MultiGzDecoder::new(Room::default())),
        },
        fed: false,
        read: 0,
        limit,
        failure: None,
    };
    Box::pin(futures_util::stream::unfold(reader, |mut reader| async {
        reader.next().await.map(|item| (item, reader))
    }))
}

/// Where decoded bytes land; full means that the cap was passed.
#[derive(Default)]
struct Room {
    bytes: Vec<u8>,
    left: usize,
    full: bool,
}

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.left);
        self.bytes.extend_from_slice(&bytes[..taken]);
        self.left -= taken;
        if taken < bytes.len() {
            self.full = true;
            return Err(io::Error::other("the cap was passed"));
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Reader {
    host: String,
    raw: Option<RawStream>,
    pending: Bytes,
    gzip: Option<MultiGzDecoder<Room>>,
    fed: bool,
    read: usize,
    limit: usize,
    /// An error that comes after the bytes before it were handed out.
    failure: Option<HttpError>,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Bytes, HttpError>> {
        loop {
            if let Some(error) = self.failure.take() {
                self.raw = None;
                self.pending.clear();
                return Some(Err(error));
            }
            if self.pending.is_empty() {
                match self.raw.as_mut()?.next().await {
                    Some(Ok(bytes)) => self.pending = bytes,
                    Some(Err(error)) => self.failure = Some(error),
                    None => return self.finish(),
                }
                continue;
            }
            let out = self.step();
            if !out.is_empty() {
                return Some(Ok(out));
            }
        }
    }

    /// Turns some pending bytes into body bytes.
    fn step(&mut self) -> Bytes {
        let left = self.limit - self.read;
        let Some(gzip) = self.gzip.as_mut() else {
            let mut out = std::mem::take(&mut self.pending);
            if out.len() > left {
                out.truncate(left);
                self.failure = Some(self.too_large());
            }
            self.read += out.len();
            return out;
        };
        let slice = self.pending.split_to(self.pending.len().min(SLICE));
        self.fed = true;
        gzip.get_mut().left = left;
        let written = gzip.write_all(&slice).and_then(|()| gzip.flush());
        self.taken(written)
    }

    fn finish(&mut self) -> Option<Result<Bytes, HttpError>> {
        self.raw = None;
        let gzip = self.gzip.as_mut()?;
        if !self.fed {
            return None;
        }
        gzip.get_mut().left = self.limit - self.read;
        let finished = gzip.try_finish();
        let broken = finished.is_err();
        let out = self.taken(finished);
        self.gzip = None;
        if broken && !matches!(self.failure, Some(HttpError::TooLarge { .. })) {
            self.failure = Some(HttpError::Cut {
                host: self.host.clone(),
                reason: "its gzip data end early or are damaged".to_owned(),
            });
        }
        if out.is_empty() {
            return self.failure.take().map(Err);
        }
        // `next` goes on to the failure, if there is one, and then ends.
        Some(Ok(out))
    }

    fn taken(&mut self, written: io::Result<()>) -> Bytes {
        let Some(gzip) = self.gzip.as_mut() else {
            return Bytes::new();
        };
        let room = gzip.get_mut();
        let out = std::mem::take(&mut room.bytes);
        let full = room.full;
        self.read += out.len();
        if full {
            self.failure = Some(self.too_large());
        } else if written.is_err() {
            self.failure = Some(HttpError::Encoding {
                host: self.host.clone(),
                reason: "what was said to be gzip is not".to_owned(),
            });
        }
        out.into()
    }

    fn too_large(&self) -> HttpError {
        HttpError::TooLarge {
            host: self.host.clone(),
            limit: self.limit,
            prefix: Vec::new(),
        }
    }
}
