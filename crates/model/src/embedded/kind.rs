//! Kinds of values that cannot be mistaken: addresses, account numbers,
//! currencies, numbers.
//!
//! A tool that requires one of them cannot answer a request that holds none,
//! so the grammar does not offer it; and an e-mail address given for an order's
//! number shows that the model picked the wrong tool.

use std::net::IpAddr;

use serde_json::Value;

use super::request::{Request, fold, words_of};
use super::words::CURRENCIES;
use crate::message::ToolSpec;

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Email,
    Ip,
    Iban,
    Url,
    Currency,
    Number,
}

/// Words by which names and descriptions of params mean a kind; the first are
/// what a param's name ends with if it can be nothing else.
const WORDS: &[(Kind, &[&str], &[&str])] = &[
    (
        Kind::Email,
        &["email", "mail", "email address"],
        &["email", "e mail", "emails", "mail"],
    ),
    (
        Kind::Ip,
        &["ip", "ip address", "ipv4", "ipv6"],
        &["ip", "ipv4", "ipv6", "host", "ips"],
    ),
    (Kind::Iban, &["iban"], &["iban", "ibans", "account", "bank"]),
    (
        Kind::Url,
        &["url", "uri"],
        &["url", "uri", "link", "website", "page", "address"],
    ),
];

/// The first required param of the tool whose kind the request does not hold.
pub(super) fn unmet<'t>(tool: &'t ToolSpec, request: &Request) -> Option<&'t str> {
    let required = tool.parameters.get("required")?.as_array()?;
    required.iter().filter_map(Value::as_str).find(|name| {
        let schema = &tool.parameters["properties"][*name];
        let fixed = schema.get("const").is_some() || schema.get("enum").is_some();
        !fixed && wanted(name, schema).is_some_and(|kind| !holds(request, kind))
    })
}

/// Whether a text is of a kind that this param has nothing to do with.
pub(super) fn is_misplaced(text: &str, param: &str, schema: &Value) -> bool {
    let Some(kind) = kind_of(text) else {
        return false;
    };
    let description = schema.get("description").and_then(Value::as_str);
    let about = spaced(&format!("{param} {}", description.unwrap_or_default()));
    let about = Request::new(&about);
    let (_, _, words) = WORDS
        .iter()
        .find(|(known, _, _)| *known == kind)
        .expect("every kind of text has its words");
    wanted(param, schema) != Some(kind) && !words.iter().any(|word| about.has_phrase(word))
}

/// The kind that a param's values have to be of, if that is beyond doubt.
fn wanted(param: &str, schema: &Value) -> Option<Kind> {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    match text("type") {
        Some("number" | "integer") => return Some(Kind::Number),
        Some("string") | None => {}
        Some(_) => return None,
    }
    match text("format") {
        Some("email") => return Some(Kind::Email),
        Some("ipv4" | "ipv6") => return Some(Kind::Ip),
        Some("uri" | "url") => return Some(Kind::Url),
        _ => {}
    }
    let name = spaced(param);
    let ends = |word: &&str| name == **word || name.ends_with(&format!(" {word}"));
    let by_name = WORDS.iter().find(|(_, endings, _)| endings.iter().any(ends));
    let description = text("description").unwrap_or_default();
    by_name.map(|(kind, _, _)| *kind).or_else(|| {
        let is_currency = description.contains("ISO 4217") || fold(description).contains("currency code");
        is_currency.then_some(Kind::Currency)
    })
}

fn holds(request: &Request, kind: Kind) -> bool {
    let mut tokens = request.raw().split_whitespace().map(bare);
    match kind {
        Kind::Number => request.has_any_number(),
        Kind::Currency => {
            let is_code = |token: &str| token.len() == 3 && token.bytes().all(|b| b.is_ascii_uppercase());
            let says = |word: &&str| request.has_phrase(word);
            request.raw().split(|c: char| !c.is_alphanumeric()).any(is_code)
                || CURRENCIES
                    .iter()
                    .any(|(code, words)| request.has_phrase(&code.to_lowercase()) || words.iter().any(says))
        }
        Kind::Iban => has_iban(request.raw()),
        Kind::Url => tokens.any(|token| token.contains('.') || token.contains("://")),
        Kind::Email | Kind::Ip => tokens.any(|token| kind_of(token) == Some(kind)),
    }
}

fn kind_of(text: &str) -> Option<Kind> {
    if text.parse::<IpAddr>().is_ok() {
        Some(Kind::Ip)
    } else if text.contains("://") {
        Some(Kind::Url)
    } else if text
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
    {
        Some(Kind::Email)
    } else if has_iban(text) {
        Some(Kind::Iban)
    } else {
        None
    }
}

/// A token without the punctuation around it.
fn bare(token: &str) -> &str {
    token
        .trim_matches(|c: char| !c.is_alphanumeric() && c != ':')
        .trim_end_matches(':')
}

/// Whether a run of capitals and digits, perhaps in groups, begins as account
/// numbers do and is long enough.
fn has_iban(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().map(bare).collect();
    let is_part = |word: &&str| word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    (0..words.len()).any(|first| {
        let number: String = words[first..].iter().copied().take_while(is_part).collect();
        let bytes = number.as_bytes();
        bytes.len() >= 15
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..4].iter().all(u8::is_ascii_digit)
    })
}

/// A name as words with one space between them.
fn spaced(name: &str) -> String {
    words_of(&fold(&name.replace('_', " ")))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn met(param: &str, schema: Value, request: &str, expected: bool) {
        let tool = ToolSpec {
            name: "t".into(),
            description: String::new(),
            parameters: json!({ "properties": { param: schema }, "required": [param] }),
            writes: false,
        };
        assert_eq!(
            unmet(&tool, &Request::new(request)).is_none(),
            expected,
            "{param}: {request}"
        );
    }

    #[test]
    fn a_tool_is_offered_only_if_its_kind_of_value_is_there() {
        let text = || json!({ "type": "string" });
        met("email", text(), "verify ann@example.com.", true);
        met("email", text(), "verify my address", false);
        met("customer_email", text(), "hello", false);
        met("email_subject", text(), "hello", true);
        met("ip", text(), "Where is 8.8.8.8?", true);
        met("ip_address", text(), "Where is (2001:db8::1)?", true);
        met("ip", text(), "Where is it?", false);
        met("iban", text(), "check GB29 NWBK 6016 1331 9268 19.", true);
        met("iban", text(), "What is an IBAN?", false);
        met("amount", json!({ "type": "number" }), "ten euros", true);
        met("amount", json!({ "type": "number" }), "some euros", false);
        let code = || json!({ "type": "string", "description": "ISO 4217 code" });
        met("base", code(), "from euro to yen", true);
        met("base", code(), "convert BTC", true);
        met("base", code(), "tell a joke", false);
        met("city", text(), "tell a joke", true);
        met(
            "unit",
            json!({ "type": "integer", "enum": [1, 2] }),
            "tell a joke",
            true,
        );
    }

    #[test]
    fn a_value_of_another_kind_is_misplaced() {
        let order = json!({ "type": "string", "description": "The order's number" });
        assert!(is_misplaced("ann@example.com", "order_id", &order));
        assert!(!is_misplaced("1042", "order_id", &order));
        assert!(!is_misplaced("ann@example.com", "email", &json!({})));
        assert!(!is_misplaced(
            "ann@example.com",
            "user",
            &json!({ "description": "Name or e-mail" })
        ));
        assert!(is_misplaced("203.0.113.77", "iban", &json!({ "type": "string" })));
        assert!(!is_misplaced("DE89370400440532013000", "account", &json!({})));
    }
}
