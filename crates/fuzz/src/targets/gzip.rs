//! The decoder of bodies: what gzip says, however the bytes are cut, never
//! more than the cap, and damage is an error.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures_util::{FutureExt, StreamExt, stream};
use toolrun_http::{BodyStream, HttpError, unpacked};

use super::{chunks, outcome};

/// The cap.
const LIMIT: usize = 4_096;

pub(super) fn check(input: &[u8]) -> u64 {
    let whole = read(vec![input.to_vec()]);
    let cut = read(chunks(input));
    let kind = |end: &Option<HttpError>| end.as_ref().map(std::mem::discriminant);
    assert_eq!(whole.1.is_some(), cut.1.is_some(), "cutting changes the end");
    // Damage takes what came in one piece with it.
    let (short, long) = if whole.0.len() < cut.0.len() {
        (&whole.0, &cut.0)
    } else {
        (&cut.0, &whole.0)
    };
    assert!(
        long.starts_with(short) && (whole.1.is_some() || short == long),
        "cutting changes the body"
    );
    assert!(whole.0.len() <= LIMIT);
    let mut expected = Vec::new();
    let most = u64::try_from(LIMIT).expect("a small number") + 1;
    let plain = MultiGzDecoder::new(input).take(most).read_to_end(&mut expected);
    match (&whole.1, plain) {
        (None, _) if input.is_empty() => assert!(whole.0.is_empty()),
        (None, Ok(_)) => assert_eq!(whole.0, expected),
        (None, Err(error)) => panic!("damaged data pass: {error}"),
        (Some(HttpError::TooLarge { .. }), _) => {
            assert!(expected.len() > LIMIT && expected.starts_with(&whole.0))
        }
        (Some(_), Ok(_)) => assert!(expected.len() <= LIMIT),
        (Some(_), Err(_)) => {}
    }
    outcome((whole.0.len().min(64), kind(&whole.1)))
}

fn read(chunks: Vec<Vec<u8>>) -> (Vec<u8>, Option<HttpError>) {
    let raw: BodyStream = Box::pin(stream::iter(
        chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))),
    ));
    let mut body = unpacked(&["gzip"], raw, LIMIT).expect("one layer of gzip");
    let mut read = Vec::new();
    let end = async {
        while let Some(chunk) = body.next().await {
            match chunk {
                Ok(bytes) => read.extend_from_slice(&bytes),
                Err(error) => return Some(error),
            }
        }
        None
    };
    let end = end.now_or_never().expect("nothing waits");
    (read, end)
}
