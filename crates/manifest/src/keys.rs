//! What looks like a real key, token or password, and how it is shown: masked,
//! wherever a diagnostic quotes the text it stands in.

use std::sync::LazyLock;

use crate::decl::auth::AuthKind;
use crate::decl::body::BodyKind;
use crate::decl::policy::{Pair, PolicyDecl};
use crate::diagnostic::Diagnostic;
use crate::node::{Kind, Node};
use crate::phrases::Phrases;
use crate::resolve::File;
use crate::source::{Sources, Span};
use crate::text::Text;

/// Beginnings of keys, and how many characters follow at least. Those
/// that providers document as beginnings of secrets, and no others.
const SHAPES: &[(&str, usize)] = &[
    ("AGE-SECRET-KEY-1", 40),
    ("AIza", 30),
    ("AKIA", 16),
    ("ASIA", 16),
    ("Basic ", 16),
    ("Bearer ", 16),
    ("GOCSPX-", 20),
    ("NRAK-", 20),
    ("PMAK-", 30),
    ("SG.", 40),
    ("dckr_pat_", 20),
    ("dop_v1_", 32),
    ("eyJhbGciOi", 20),
    ("figd_", 30),
    ("gho_", 20),
    ("ghp_", 20),
    ("ghr_", 20),
    ("ghs_", 20),
    ("ghu_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("glsa_", 30),
    ("gsk_", 20),
    ("hf_", 20),
    ("hvs.", 20),
    ("lin_api_", 30),
    ("npm_", 30),
    ("nvapi-", 40),
    ("pk_live_", 16),
    ("pplx-", 30),
    ("pypi-AgE", 40),
    ("r8_", 30),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("sbp_", 30),
    ("shpat_", 20),
    ("shpss_", 20),
    ("sk-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("sntrys_", 30),
    ("sq0atp-", 20),
    ("sq0csp-", 20),
    ("tskey-", 16),
    ("whsec_", 20),
    ("xai-", 40),
    ("xapp-", 20),
    ("xoxa-", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("ya29.", 20),
];
static BEGINNINGS: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(SHAPES.iter().map(|(start, _)| *start)));

/// Parts of names of headers and query pairs that carry credentials.
const CARRIERS: &[&str] = &[
    "apikey",
    "accesskey",
    "accesstoken",
    "appid",
    "auth",
    "authorization",
    "key",
    "password",
    "secret",
    "token",
];

/// Everything in the files that looks like a key, in order, none within another.
pub(crate) fn found(files: &[File<'_>], sources: &Sources) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for (source, text) in sources.iter() {
        for (start, end) in known_shapes(&text.text) {
            found.push(Span { source, start, end });
        }
    }
    for file in files {
        for api in &file.decl.apis {
            found.extend(carried(&api.policy));
        }
        for tool in &file.decl.tools {
            found.extend(carried(&tool.policy));
            found.extend(tool.url.into_iter().flat_map(in_query));
        }
    }
    found.sort();
    let mut last: Option<Span> = None;
    found.retain(|span| {
        let within = last.is_some_and(|last| last.source == span.source && span.start < last.end);
        if !within {
            last = Some(*span);
        }
        !within
    });
    found
}

/// Whether a text is, or holds, something of the shape of a key.
pub(crate) fn is_key(text: &str) -> bool {
    !known_shapes(text).is_empty()
}

/// Hides what looks like a key, and those places, from everything that is
/// said: the sources show a mask in its place, and so does every message.
pub(crate) fn hide(
    diagnostics: &mut [Diagnostic],
    places: Vec<Span>,
    files: &[File<'_>],
    sources: &mut Sources,
) {
    let mut places = places;
    places.extend(
        found(files, sources)
            .into_iter()
            .map(|span| whole_key(span, sources)),
    );
    let quoted: Vec<(String, String)> = places
        .iter()
        .map(|span| unquoted(sources.slice(*span)))
        .filter(|value| value.len() >= LEAST_QUOTED)
        .map(|value| (value.to_owned(), masked(value)))
        .collect();
    for diagnostic in diagnostics {
        diagnostic.reword(|text| said(text, &quoted));
    }
    sources.hide(places);
}

/// What is shorter could be part of our own words.
const LEAST_QUOTED: usize = 8;

/// Of a long key, how much of its beginning is shown: it says whose it is.
const SHOWN: usize = 4;

/// Of what is shorter, nothing is shown: it may be a password.
const LEAST_SHOWN: usize = 20;

fn unquoted(value: &str) -> &str {
    let within = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

/// The value with all but its beginning as stars, byte by byte, so that every
/// offset stays right.
pub(crate) fn masked(value: &str) -> String {
    let bare = unquoted(value);
    if bare.len() < value.len() {
        let quote = &value[..1];
        return format!("{quote}{}{quote}", masked(bare));
    }
    let shown = match value.len() {
        0..LEAST_SHOWN => 0,
        _ => value.floor_char_boundary(SHOWN),
    };
    let (start, rest) = value.split_at(shown);
    let stars = rest.chars().map(|c| match c {
        '\n' | '\r' => c.to_string(),
        c => "*".repeat(c.len_utf8()),
    });
    std::iter::once(start.to_owned()).chain(stars).collect()
}

/// A text of ours without the values, and without what has the shape of a key.
fn said(text: &str, quoted: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (value, mask) in quoted {
        if text.contains(value) {
            text = text.replace(value, mask);
        }
    }
    for (start, end) in known_shapes(&text.clone()) {
        let mask = masked(&text[start..end]);
        text.replace_range(start..end, &mask);
    }
    text
}

/// A private key goes on below its first line.
fn whole_key(span: Span, sources: &Sources) -> Span {
    let rest = &sources.get(span.source).text[span.start..];
    if !rest.starts_with("-----BEGIN ") {
        return span;
    }
    let length = rest.find("-----END ").unwrap_or(span.end - span.start);
    Span {
        end: span.start + length,
        ..span
    }
}

/// Known shapes of keys anywhere in a text, in order.
fn known_shapes(text: &str) -> Vec<(usize, usize)> {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/');
    let mut found = Vec::new();
    let mut judged = 0;
    // A beginning within another stands behind a letter, a `-` or a `_`.
    for (row, start) in BEGINNINGS.each_apart(text) {
        // What stands within another is found or refused with it.
        if start.start < judged || text[..start.start].ends_with(joins) {
            continue;
        }
        let body = &text[start.end..];
        let length = body
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.=+/~".contains(byte))
            .count();
        if length < SHAPES[row].1 {
            continue;
        }
        judged = start.end + length;
        if looks_random(&body[..length]) {
            found.push((start.start, judged));
        }
    }
    found.extend(text.match_indices("-----BEGIN ").filter_map(|(at, _)| {
        let line = text[at..].lines().next()?;
        line.contains("PRIVATE KEY")
            .then(|| (at, at + line.trim_end().len()))
    }));
    found
}

/// Random-looking literals in headers and query pairs of credentials, and in
/// what a login sends.
fn carried(policy: &PolicyDecl<'_>) -> Vec<Span> {
    let mut found = Vec::new();
    let mut pairs: Vec<Pair<'_>> = policy.headers.iter().chain(&policy.query).copied().collect();
    match policy.auth.as_ref().map(|auth| &auth.kind) {
        Some(AuthKind::OAuth2(login)) => {
            pairs.extend(&login.params);
            found.extend(in_query(login.token_url));
        }
        Some(AuthKind::Token(login)) => {
            pairs.extend(&login.request.headers);
            if let Some(BodyKind::Json(tree) | BodyKind::Form(tree)) =
                login.request.body.as_ref().map(|body| &body.kind)
            {
                fields(tree, &mut pairs);
            }
            found.extend(in_query(login.request.url));
        }
        _ => {}
    }
    found.extend(literals(&pairs));
    found
}

/// The fields of a body, however deep.
fn fields<'n>(node: &'n Node, pairs: &mut Vec<Pair<'n>>) {
    match &node.kind {
        Kind::Map(entries) => {
            for entry in entries {
                match &entry.value.kind {
                    Kind::Scalar(text) => pairs.push((&entry.key, text)),
                    _ => fields(&entry.value, pairs),
                }
            }
        }
        Kind::List(items) => items.iter().for_each(|item| fields(item, pairs)),
        Kind::Scalar(_) | Kind::Invalid => {}
    }
}

fn literals(pairs: &[Pair<'_>]) -> Vec<Span> {
    pairs
        .iter()
        .filter(|(name, value)| is_carrier(name.as_str()) && !value.as_str().contains("{{"))
        .filter(|(_, value)| {
            let last = value.as_str().rsplit(' ').next().unwrap_or_default();
            last.len() >= 12 && looks_random(last)
        })
        .map(|(_, value)| value.span())
        .collect()
}

/// `?api_key=…` written out in a url.
fn in_query(url: &Text) -> Vec<Span> {
    let text = url.as_str();
    let Some(query) = text.find('?') else {
        return Vec::new();
    };
    let mut at = query + 1;
    let mut found = Vec::new();
    for pair in text[query + 1..].split('&') {
        if let Some((name, value)) = pair.split_once('=')
            && is_carrier(name)
            && !value.contains("{{")
            && value.len() >= 12
            && looks_random(value)
        {
            let start = at + name.len() + 1;
            found.push(url.span_of(start..start + value.len()));
        }
        at += pair.len() + 1;
    }
    found
}

fn is_carrier(name: &str) -> bool {
    let flat: String = name
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    CARRIERS.iter().any(|carrier| flat.ends_with(carrier))
}

/// Letters and digits mixed, many different ones: no words, no placeholder.
fn looks_random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let mut seen: Vec<u8> = text.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    digits >= 2 && letters >= 2 && seen.len() >= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_every_offset() {
        for (value, shown) in [
            ("sk-proj-a8Kd92LmQ0xZ7vB3nR5t", "sk-p************************"),
            ("hunter2", "*******"),
            ("zażółć-gęślą-jaźń", "zaż**********************"),
            ("one-long-line\nand more", "one-*********\n********"),
            ("\"a8Kd92LmQ0xZ7vB3\"", "\"****************\""),
        ] {
            assert_eq!(masked(value), shown);
            assert_eq!(masked(value).len(), value.len());
        }
        let key = "there is no secret `ghp_1a2B3c4D5e6F7g8H9i0JkLmNoP`";
        assert_eq!(
            said(key, &[]),
            "there is no secret `ghp_**************************`"
        );
    }

    #[test]
    fn shapes_of_keys_are_found_and_placeholders_are_not() {
        for (text, expected) in [
            ("key: sk-proj-a8Kd92LmQ0xZ7vB3nR5t", true),
            ("# old: ghp_1a2B3c4D5e6F7g8H9i0JkLmNoP", true),
            ("id: AKIA5QX7T2M9KZ4W8RBD", true),
            ("Authorization: Bearer 8f14e45fceea167a5a36", true),
            ("-----BEGIN RSA PRIVATE KEY-----", true),
            ("token: xapp-1-A052K7-6f3k9q2mxv8r41tz0pwy", true),
            ("hook: \"whsec_7f3k9q2mxv8r41tz0pwyLm\"", true),
            ("my-whsec_7f3k9q2mxv8r41tz0pwyLm", false),
            ("éwhsec_7f3k9q2mxv8r41tz0pwyLm", false),
            ("SG.is the code of Singapore, and SG.1 its first district", false),
            ("key: sk-YOUR-API-KEY-GOES-HERE-PLEASE", false),
            ("a task-management-system-of-2026-and-later", false),
            ("auth: { bearer: SHOP_KEY }", false),
            ("Authorization: \"Bearer {{ secrets.SHOP_KEY }}\"", false),
            ("Bearer token authentication is used here", false),
        ] {
            assert_eq!(!known_shapes(text).is_empty(), expected, "{text}");
        }
    }
}
