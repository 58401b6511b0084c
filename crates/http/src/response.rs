//! A response whose body is a capped stream of decoded bytes.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use url::Url;

use crate::error::HttpError;

/// Decoded bytes; ends with an error when the cap or the deadline is passed
/// or the connection is cut.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, HttpError>> + Send>>;

/// One response: status and headers are in, the body is still coming.
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers in order, names in lower case, values as text (bytes that are
    /// not UTF-8 replaced).
    pub headers: Vec<(String, String)>,
    /// Where it came from in the end, without credentials.
    pub url: Url,
    /// How many times the request was sent.
    pub attempts: u32,
    /// The body.
    pub body: BodyStream,
}

impl Response {
    /// The first header of that lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}
