//! A response whose body is a capped stream of decoded bytes.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
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

    /// The media type in lower case, without parameters.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        let essence = value.split(';').next().unwrap_or_default().trim();
        (!essence.is_empty()).then(|| essence.to_ascii_lowercase())
    }

    /// The whole body. When the cap is passed, the error holds what was read
    /// before.
    pub async fn bytes(mut self) -> Result<Vec<u8>, HttpError> {
        let mut collected = Vec::new();
        while let Some(chunk) = self.body.next().await {
            match chunk {
                Ok(bytes) => collected.extend_from_slice(&bytes),
                Err(HttpError::TooLarge { host, limit, .. }) => {
                    return Err(HttpError::TooLarge {
                        host,
                        limit,
                        prefix: collected,
                    });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(collected)
    }
}

/// Reads the rest of a small body that nobody wants, so that its connection
/// can be used again; gives up soon on a large or slow one.
pub(crate) async fn discard(body: Option<BodyStream>) {
    const MOST: usize = 16 * 1024;
    const LONGEST: Duration = Duration::from_millis(200);
    let Some(mut body) = body else { return };
    let read = async {
        let mut total = 0;
        while let Some(Ok(bytes)) = body.next().await {
            total += bytes.len();
            if total > MOST {
                break;
            }
        }
    };
    // Running out of time only costs the connection.
    let _ = tokio::time::timeout(LONGEST, read).await;
}
