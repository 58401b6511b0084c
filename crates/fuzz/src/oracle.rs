//! What a server reads of a URL, judged without toolrun's code: a strict split
//! and a decoding of `%XX` that is repeated, and nothing else.

/// A URL, taken apart without decoding anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) origin: String,
    pub(crate) segments: Vec<String>,
    pub(crate) pairs: Vec<(String, String)>,
}

/// Takes a URL apart.
#[track_caller]
pub(crate) fn parts(url: &str) -> Parts {
    let graphic = url.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(
        graphic && !url.contains(['#', '\\', '"', '<', '>']),
        "odd characters in {url:?}"
    );
    let rest = url.find("://").map(|at| at + 3).expect("a scheme");
    let slash = url[rest..].find(['/', '?']).map_or(url.len(), |at| rest + at);
    let (path, query) = match url[slash..].split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&url[slash..], None),
    };
    let path = path.strip_prefix('/').expect("a path");
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key.to_owned(), value.to_owned())
    };
    Parts {
        origin: url[..slash].to_owned(),
        segments: path.split('/').map(str::to_owned).collect(),
        pairs: query
            .map(|query| query.split('&').map(pair).collect())
            .unwrap_or_default(),
    }
}

/// Resolves every `%XX`, once.
pub fn decoded(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).expect("two digits"));
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// Panics when a segment leads elsewhere: it is empty or blank, or a part of
/// it is `.` or `..`, at some depth of decoding up to the fourth after the
/// server's own.
#[track_caller]
pub(crate) fn assert_stays(segment: &str) {
    let mut bytes = segment.as_bytes().to_vec();
    for depth in 0..=5 {
        let blank = bytes
            .iter()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        assert!(!blank, "{segment:?} is blank at depth {depth}");
        for part in bytes.split(|byte| matches!(byte, b'/' | b'\\')) {
            // Readers drop line ends and tabs, and what follows `;` or NUL.
            let name = part
                .split(|byte| matches!(byte, b';' | 0))
                .next()
                .unwrap_or_default();
            let kept: Vec<u8> = name
                .iter()
                .copied()
                .filter(|byte| !b"\t\r\n".contains(byte))
                .collect();
            assert!(
                kept != b"." && kept != b"..",
                "{segment:?} has dots at depth {depth}"
            );
        }
        bytes = decoded(&bytes);
    }
}

/// Panics unless `own` reads as `declared` with the value in its word's place.
#[track_caller]
pub(crate) fn assert_reads(own: &str, declared: &str, word: &str, value: &str) {
    let expected = String::from_utf8_lossy(&decoded(declared.as_bytes())).replace(word, value);
    let read = decoded(own.as_bytes());
    assert!(
        read == expected.as_bytes(),
        "{own:?} does not read as {expected:?}"
    );
}
