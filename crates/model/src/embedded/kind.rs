//! Kinds of values that cannot be mistaken: addresses, account numbers,
//! currencies, numbers, days.
//!
//! A tool that requires one of them cannot answer a request that holds none,
//! so the grammar does not offer it; and an e-mail address given for an order's
//! number shows that the model picked the wrong tool.

use std::net::IpAddr;

use serde_json::Value;

use super::date::speaks_of_day;
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
    /// A day of the calendar.
    Day,
    /// Anything with a digit in it.
    Digit,
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

/// The tool with the values that the request holds as the only choices of its
/// currencies, e-mail and IP addresses: a small model is bad at copying them.
pub(super) fn narrowed(tool: &ToolSpec, request: &Request) -> ToolSpec {
    let mut tool = tool.clone();
    let params = tool
        .parameters
        .get_mut("properties")
        .and_then(Value::as_object_mut);
    for (name, schema) in params.into_iter().flatten() {
        let fixed = schema.get("const").is_some() || schema.get("enum").is_some();
        let fits = schema
            .get("pattern")
            .and_then(Value::as_str)
            .is_none_or(|pattern| matches!(pattern, "^[A-Z]{3}$" | "^[A-Za-z]{3}$"));
        let kind = wanted(name, schema).filter(|_| !fixed && fits);
        let choices = kind.map(|kind| choices(request, kind)).unwrap_or_default();
        if let Some(schema) = schema.as_object_mut().filter(|_| !choices.is_empty()) {
            schema.insert("enum".to_owned(), choices.into());
        }
    }
    tool
}

/// The values of a kind that the request holds; none if others may be meant.
fn choices(request: &Request, kind: Kind) -> Vec<String> {
    let tokens = || request.raw().split_whitespace().map(bare);
    let mut found: Vec<String> = match kind {
        Kind::Email => tokens()
            .filter(|token| token.contains('@'))
            .map(str::to_owned)
            .collect(),
        Kind::Ip => tokens()
            .filter(|token| kind_of(token) == Some(Kind::Ip))
            .map(str::to_owned)
            .collect(),
        Kind::Currency => {
            let named = CURRENCIES.iter().filter(|(code, words)| {
                let known = |word: &&str| request.has_phrase(word);
                request.has_phrase(&code.to_lowercase()) || words.iter().any(known)
            });
            let written = codes(request).map(str::to_owned);
            written.chain(named.map(|(code, _)| (*code).to_owned())).collect()
        }
        _ => Vec::new(),
    };
    found.sort_unstable();
    found.dedup();
    // Beside a single currency stands one whose name is not known.
    if kind == Kind::Currency && found.len() < 2 {
        found.clear();
    }
    found
}

/// Three capitals in a row.
fn codes(request: &Request) -> impl Iterator<Item = &str> {
    let is_code = |token: &&str| token.len() == 3 && token.bytes().all(|b| b.is_ascii_uppercase());
    request
        .raw()
        .split(|c: char| !c.is_alphanumeric())
        .filter(is_code)
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
        Some("date" | "date-time") => return Some(Kind::Day),
        _ => {}
    }
    let name = spaced(param);
    let ends = |word: &&str| name == **word || name.ends_with(&format!(" {word}"));
    let by_name = WORDS.iter().find(|(_, endings, _)| endings.iter().any(ends));
    let description = text("description").unwrap_or_default();
    let digit = || text("pattern").is_some_and(needs_digit).then_some(Kind::Digit);
    by_name
        .map(|(kind, _, _)| *kind)
        .or_else(|| described(description))
        .or_else(digit)
}

/// The kind that a description leaves no choice about.
fn described(description: &str) -> Option<Kind> {
    let about = Request::new(&spaced(description));
    let says = |words: &[&str]| words.iter().any(|word| about.has_phrase(word));
    if description.contains("ISO 4217") || says(&["currency code"]) {
        Some(Kind::Currency)
    } else if says(&["e mail address", "email address"]) && !says(&["or", "name", "id"]) {
        Some(Kind::Email)
    } else if says(&["ipv4", "ipv6", "ip address"]) && !says(&["host", "hostname", "domain", "name", "url"]) {
        Some(Kind::Ip)
    } else {
        None
    }
}

/// Whether no text without a digit fits a pattern. Alternatives and groups are
/// not looked into: they count as free.
fn needs_digit(pattern: &str) -> bool {
    let plain = !pattern.contains(['|', '(']);
    plain
        && ["[0-9]", "\\d"].iter().any(|digit| {
            pattern.match_indices(digit).any(|(at, _)| {
                !["*", "?", "{0"]
                    .iter()
                    .any(|none| pattern[at + digit.len()..].starts_with(none))
            })
        })
}

fn holds(request: &Request, kind: Kind) -> bool {
    let mut tokens = request.raw().split_whitespace().map(bare);
    match kind {
        Kind::Number => request.has_any_number(),
        Kind::Currency => {
            let says = |word: &&str| request.has_phrase(word);
            codes(request).next().is_some()
                || CURRENCIES
                    .iter()
                    .any(|(code, words)| request.has_phrase(&code.to_lowercase()) || words.iter().any(says))
        }
        Kind::Iban => has_iban(request.raw()),
        Kind::Url => tokens.any(|token| token.contains('.') || token.contains("://")),
        // Perhaps it is to be checked, so it need not be right.
        Kind::Email => tokens.any(|token| token.contains('@')),
        Kind::Ip => tokens.any(|token| kind_of(token) == Some(kind) || resembles_ip(token)),
        Kind::Day => speaks_of_day(request),
        Kind::Digit => request.has_any_number() || request.raw().contains(|c: char| c.is_ascii_digit()),
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

/// Groups of digits as in an address, right or not.
fn resembles_ip(token: &str) -> bool {
    token.split('.').count() == 4
        && token
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
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
        let day = || json!({ "type": "string", "format": "date" });
        met("date", day(), "the rate on 2024-03-15", true);
        met("date", day(), "the rate yesterday", true);
        met("date", day(), "convert 100 EUR to USD", false);
        let id = || json!({ "type": "string", "pattern": "^o_[0-9]{1,9}$" });
        met("order_id", id(), "show order 7", true);
        met("order_id", id(), "show o_7", true);
        met("order_id", id(), "the orders of ann@example.com", false);
        let loose = json!({ "type": "string", "pattern": "^o[0-9]*$" });
        met("order_id", loose, "the orders of ann@example.com", true);
        let mail = || json!({ "type": "string", "description": "The e-mail address to look at" });
        met("address", mail(), "check lena@@example.com", true);
        met("address", mail(), "check my address", false);
        let either = json!({ "type": "string", "description": "Name or e-mail address" });
        met("customer", either, "find Ann", true);
        let ip = || json!({ "type": "string", "description": "The IPv4 or IPv6 address, without a port" });
        met("address", ip(), "what is 300.1.2.3?", true);
        met("address", ip(), "what is ann@example.com?", false);
        met(
            "unit",
            json!({ "type": "integer", "enum": [1, 2] }),
            "tell a joke",
            true,
        );
    }

    #[test]
    fn values_of_the_request_become_choices() {
        let choices = |param: &str, schema: Value, request: &str| {
            let tool = ToolSpec {
                name: "t".into(),
                description: String::new(),
                parameters: json!({ "properties": { param: schema } }),
                writes: false,
            };
            let narrowed = narrowed(&tool, &Request::new(request));
            narrowed.parameters["properties"][param]["enum"].clone()
        };
        let code = || json!({ "type": "string", "pattern": "^[A-Za-z]{3}$", "description": "ISO 4217 code" });
        assert_eq!(
            choices("to", code(), "2,500 yen in EUR or euros"),
            json!(["EUR", "JPY"])
        );
        assert_eq!(choices("to", code(), "100 dong in EUR"), Value::Null);
        let lower = json!({ "type": "string", "pattern": "^[a-z]{3}$", "description": "ISO 4217 code" });
        assert_eq!(choices("to", lower, "yen in EUR"), Value::Null);
        let text = || json!({ "type": "string" });
        assert_eq!(
            choices("email", text(), "is ann@x.example, or b@x.example ok?"),
            json!(["ann@x.example", "b@x.example"])
        );
        assert_eq!(choices("ip", text(), "Where is 8.8.8.8?"), json!(["8.8.8.8"]));
        assert_eq!(choices("city", text(), "Where is 8.8.8.8?"), Value::Null);
        let fixed = json!({ "enum": ["USD"], "description": "ISO 4217 code" });
        assert_eq!(choices("to", fixed, "yen in EUR"), json!(["USD"]));
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
