//! The sweep: every key that a test plants is looked for, in ten spellings
//! and in pieces, in whatever leaves the program. It runs after each run of
//! the whole suite, on stdout, stderr and every file that the run wrote, and
//! in each server on every request that arrives. It shares no code with the
//! redactor that it judges.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The key of an API, as a bearer token, a header of its own or a query pair.
pub(crate) const SHOP_KEY: &str = "kQ7/shop+4f9c=2e7a\"W%v3";
/// The key of a model's provider.
pub(crate) const MODEL_KEY: &str = "zM2/model+77aa=01bc~R!x8";
/// The password of HTTP Basic.
pub(crate) const BASIC_PASSWORD: &str = "bP5/basic+c3d1=99e4&T<u6";
/// A key that a header's template holds beside other text.
pub(crate) const HEADER_KEY: &str = "hX9/header+51b7=e0c2'Y>q1";
/// A key that a query's template holds.
pub(crate) const QUERY_KEY: &str = "qL4/query+8a6e=d3f5;N|w7";
/// A key that stands in a file.
pub(crate) const FILE_KEY: &str = "fJ3/file+2c8d=b6a9^H{s5";
/// A key that a program prints.
pub(crate) const COMMAND_KEY: &str = "cV6/command+9e1f=a4b3}D[r2";
/// The secret of an OAuth client.
pub(crate) const CLIENT_SECRET: &str = "oG8/client+d7c5=f2e1]B(m4";
/// What a token endpoint hands out.
pub(crate) const ACCESS_TOKEN: &str = "tK1/access+6b9a=c8d7.F-n3";
/// The password of a login.
pub(crate) const LOGIN_PASSWORD: &str = "lS7/login+e5f3=a1b9,C:j6";
/// What a login hands out in its body.
pub(crate) const SESSION_TOKEN: &str = "sE2/session+b4d8=e7c6.A_p9";
/// What a login hands out as a cookie.
pub(crate) const COOKIE: &str = "gU5/cookie+f1a2=d9b3.Z-k8";

/// All of them, by name.
const KEYS: [(&str, &str); 12] = [
    ("access token", ACCESS_TOKEN),
    ("basic password", BASIC_PASSWORD),
    ("client secret", CLIENT_SECRET),
    ("command key", COMMAND_KEY),
    ("cookie", COOKIE),
    ("file key", FILE_KEY),
    ("header key", HEADER_KEY),
    ("login password", LOGIN_PASSWORD),
    ("model key", MODEL_KEY),
    ("query key", QUERY_KEY),
    ("session token", SESSION_TOKEN),
    ("shop key", SHOP_KEY),
];

/// A piece of a key that is long enough to be of use to somebody.
const PIECE: usize = 12;

/// A key in a place where it must not be.
struct Finding {
    key: &'static str,
    spelling: String,
}

/// Fails if a key stands in a text.
#[track_caller]
pub(crate) fn nothing_in(sink: &str, bytes: &[u8]) {
    if let Some(found) = find(bytes) {
        panic!(
            "the {} leaked into {sink}, spelt `{}`, in:\n{}",
            found.key,
            found.spelling,
            String::from_utf8_lossy(bytes)
        );
    }
}

/// Fails if a key stands in a file below a folder, but for those that the
/// test itself wrote, or in a request that reached a server of the suite and
/// should not have held it.
#[track_caller]
pub(crate) fn nothing_below(folder: &Path, written_by_the_test: &[PathBuf]) {
    for path in files(folder) {
        if !written_by_the_test.contains(&path) {
            let bytes = fs::read(&path).unwrap_or_default();
            nothing_in(&path.display().to_string(), &bytes);
        }
    }
    let astray = ASTRAY.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(astray.is_empty(), "{}", astray.join("\n"));
}

/// Requests that held a key which was not theirs. A server's thread cannot
/// fail a test; whoever ends next does.
static ASTRAY: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Looks at a request that arrived. A provider of models may hold its own key,
/// in its own header; every other server must never see that key, and no
/// provider another.
pub(crate) fn arrived(raw: &[u8]) {
    let text = String::from_utf8_lossy(raw);
    let target = text.split(' ').nth(1).unwrap_or_default();
    let to_model = ["/v1/chat/completions", "/v1/messages", "/v1/models"].contains(&target);
    let judged = if to_model {
        without_credentials(&text)
    } else {
        text.into_owned()
    };
    let stray = match to_model {
        true => find(judged.as_bytes()),
        false => find(judged.as_bytes()).filter(|found| found.key == "model key"),
    };
    if let Some(found) = stray {
        let mut astray = ASTRAY.lock().unwrap_or_else(PoisonError::into_inner);
        astray.push(format!("the {} was sent astray:\n{judged}", found.key));
    }
}

/// A request without the headers in which a provider's key belongs, provided
/// that they hold nothing but that key.
fn without_credentials(request: &str) -> String {
    let own = [
        format!("authorization: bearer {MODEL_KEY}"),
        format!("x-api-key: {MODEL_KEY}"),
    ];
    let is_own = |line: &str| own.iter().any(|own| line.trim_end().eq_ignore_ascii_case(own));
    request
        .split_inclusive('\n')
        .filter(|line| !is_own(line))
        .collect()
}

fn find(bytes: &[u8]) -> Option<Finding> {
    static FINDER: OnceLock<(AhoCorasick, Vec<(&str, String)>)> = OnceLock::new();
    let (automaton, spellings) = FINDER.get_or_init(|| {
        let all: Vec<(&str, String)> = KEYS
            .iter()
            .flat_map(|(name, key)| spellings(key).into_iter().map(|spelling| (*name, spelling)))
            .collect();
        let automaton = AhoCorasick::new(all.iter().map(|(_, spelling)| spelling));
        (automaton.expect("a small automaton"), all)
    });
    let found = automaton.find(bytes)?;
    let (key, spelling) = &spellings[found.pattern().as_usize()];
    Some(Finding {
        key,
        spelling: spelling.clone(),
    })
}

/// A key as it is and in nine encodings, and every piece of it as it is.
fn spellings(key: &str) -> Vec<String> {
    let each = |word: fn(u8) -> String| key.bytes().map(word).collect::<String>();
    let reserved = |byte: u8| match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    let json = serde_json::Value::from(key).to_string();
    let mut all = vec![
        each(reserved),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("%{byte:02x}")),
        json.trim_matches('"').trim_end_matches('\\').to_owned(),
        each(|byte| format!("\\u{byte:04x}")),
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("{byte:02X}")),
    ];
    // In the middle of a longer text, as `user:password` is, base64 has three
    // ways to begin; what the neighbours share is left out.
    for before in 0..3 {
        let padded = [&vec![b'x'; before], key.as_bytes()].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            all.push(text[(before * 8).div_ceil(6)..padded.len() * 8 / 6].to_owned());
        }
    }
    let pieces = key.as_bytes().windows(PIECE);
    all.extend(pieces.map(|piece| String::from_utf8_lossy(piece).into_owned()));
    all
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

/// The sweep itself can fail: each spelling of each key is found.
#[test]
fn the_sweep_finds_every_spelling_of_every_key() {
    for (name, key) in KEYS {
        for spelling in spellings(key).into_iter().chain([key.to_owned()]) {
            let text = format!("before {spelling} after");
            let found = find(text.as_bytes()).map(|found| found.key);
            assert_eq!(found, Some(name), "{spelling}");
        }
        assert!(find(&key.as_bytes()[..PIECE - 1]).is_none(), "{name}");
    }
    let basic = STANDARD_NO_PAD.encode(format!("ann:{BASIC_PASSWORD}"));
    assert!(find(basic.as_bytes()).is_some());
}

/// A request that takes a key to a wrong server is noticed.
#[test]
fn a_request_may_hold_its_own_key_alone() {
    let head = |line: &str| format!("POST /v1/messages HTTP/1.1\r\n{line}\r\n\r\n");
    let own = without_credentials(&head(&format!("x-api-key: {MODEL_KEY}")));
    assert!(find(own.as_bytes()).is_none());
    for wrong in [
        format!("x-api-key: {SHOP_KEY}"),
        format!("x-api-key: {MODEL_KEY} {SHOP_KEY}"),
        format!("x-other: {MODEL_KEY}"),
    ] {
        assert!(
            find(without_credentials(&head(&wrong)).as_bytes()).is_some(),
            "{wrong}"
        );
    }
}
