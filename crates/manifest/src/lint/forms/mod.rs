//! Forms that texts are known to have, by the name of a param and what its
//! description says. Not a rule.

mod codes;
mod moments;

use std::sync::LazyLock;

use super::rules::words::has_word;
use crate::phrases::Phrases;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// What it is a form of, after "is".
    pub(crate) what: &'static str,
    /// What to do.
    pub(crate) remedy: &'static str,
    /// The keyword that holds it, when there is one that is certain.
    pub(crate) written: Option<&'static str>,
}

/// Words after which more than one form is meant, or none that is known.
static OPEN: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::of([
        "any",
        "comma",
        "either",
        "expression",
        "free",
        "glob",
        "id",
        "ids",
        "list",
        "localized",
        "name",
        "names",
        "natural",
        "now",
        "optional time",
        "or",
        "part",
        "partial",
        "path",
        "pattern",
        "placeholder",
        "prefix",
        "query",
        "range",
        "regex",
        "relative",
        "separated",
        "several",
        "slug",
        "substring",
        "template",
        "today",
        "tomorrow",
        "username",
        "variable",
        "wildcard",
        "words",
        "yesterday",
    ])
});

/// The form of a param, if its name and words leave no doubt.
pub(crate) fn form(tokens: &[&str], says: &str) -> Option<Form> {
    if OPEN.are_words_of(says) {
        return None;
    }
    let last = *tokens.last()?;
    let before = tokens.len().checked_sub(2).map_or("", |index| tokens[index]);
    let tail = (before, last);
    address(tail, says)
        .or_else(|| codes::code(tokens, tail, says))
        .or_else(|| moments::moment(tail, says))
}

const fn sure(what: &'static str, remedy: &'static str, written: &'static str) -> Option<Form> {
    Some(Form {
        what,
        remedy,
        written: Some(written),
    })
}

const fn open(what: &'static str, remedy: &'static str) -> Option<Form> {
    Some(Form {
        what,
        remedy,
        written: None,
    })
}

const E164: Option<Form> = sure(
    "a phone number as E.164 has it",
    "add `pattern: \"^[+][1-9][0-9]{1,14}$\"`",
    "pattern: \"^[+][1-9][0-9]{1,14}$\"",
);

/// Addresses and numbers under which something is reached.
fn address(tail: (&str, &str), says: &str) -> Option<Form> {
    match tail {
        (_, "email" | "mail") | ("email" | "mail", "address") => {
            sure("an e-mail address", "add `format: email`", "format: email")
        }
        (_, "url" | "uri") => sure("a URL", "add `format: uri`", "format: uri"),
        (_, "uuid" | "guid") => sure("a UUID", "add `format: uuid`", "format: uuid"),
        (_, "id") if has_word(says, "uuid") => sure("a UUID", "add `format: uuid`", "format: uuid"),
        (_, "ip") | ("ip", "address") => match (says.contains("ipv4"), says.contains("ipv6")) {
            (true, false) => sure("an IPv4 address", "add `format: ipv4`", "format: ipv4"),
            (false, true) => sure("an IPv6 address", "add `format: ipv6`", "format: ipv6"),
            _ => None,
        },
        (_, "iban") => sure(
            "an IBAN",
            "add `pattern: \"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$\"`",
            "pattern: \"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$\"",
        ),
        _ if says.contains("e.164") && says.contains("phone") => E164,
        (_, "phone" | "msisdn") | ("phone" | "mobile", "number") => {
            if says.contains("e.164") || (says.contains("international") && says.contains('+')) {
                return E164;
            }
            let told = [
                "code",
                "country",
                "digits",
                "format",
                "international",
                "national",
                "+",
            ];
            let told = told.iter().any(|word| says.contains(word));
            let remedy = "people write it in many ways: say which the service takes, and add it; E.164 is `pattern: \"^[+][1-9][0-9]{1,14}$\"`";
            (!told).then_some(())?;
            open("a phone number", remedy)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::form;

    #[track_caller]
    fn case(name: &str, says: &str, expected: &str) {
        let tokens: Vec<&str> = name.split('_').collect();
        let found = form(&tokens, says);
        let found = found.map_or("", |form| form.written.unwrap_or("?"));
        assert_eq!(found, expected, "{name}: {says}");
    }

    #[test]
    fn forms_are_known_only_where_there_is_no_doubt() {
        for (name, says, expected) in [
            ("email", "the customer's e-mail address", "format: email"),
            ("email", "e-mail address or user name", ""),
            ("emails", "addresses, comma separated", ""),
            ("webhook_url", "where events are sent", "format: uri"),
            ("url", "path of the page", ""),
            ("job_id", "the uuid of the job", "format: uuid"),
            ("job_id", "the job", ""),
            (
                "currency",
                "currency as its iso 4217 code",
                "pattern: \"^[A-Z]{3}$\"",
            ),
            (
                "currency",
                "three-letter code in lowercase",
                "pattern: \"^[a-z]{3}$\"",
            ),
            (
                "from",
                "currency to convert from, as its three-letter code",
                "pattern: \"^[A-Z]{3}$\"",
            ),
            ("currency", "the currency", ""),
            ("country", "two-letter code", "pattern: \"^[A-Z]{2}$\""),
            ("country", "the country", ""),
            (
                "market",
                "an iso 3166-1 alpha-2 country code",
                "pattern: \"^[A-Z]{2}$\"",
            ),
            ("zip_code", "postal code of the country", ""),
            (
                "to",
                "the phone number in e.164 form",
                "pattern: \"^[+][1-9][0-9]{1,14}$\"",
            ),
            ("country", "name of the country", ""),
            ("language", "iso 639-1 code", "pattern: \"^[a-z]{2}$\""),
            (
                "iban",
                "the account",
                "pattern: \"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$\"",
            ),
            ("ip", "the ipv4 address", "format: ipv4"),
            ("ip", "the address", ""),
            (
                "phone",
                "the customer's number in e.164",
                "pattern: \"^[+][1-9][0-9]{1,14}$\"",
            ),
            ("phone", "the customer's number", "?"),
            ("timezone", "time zone of the dates", "?"),
            ("timezone", "iana time zone", ""),
        ] {
            case(name, says, expected);
        }
    }

    #[test]
    fn days_are_told_from_points_in_time() {
        for (name, says, expected) in [
            ("date", "the day of the rate", "format: date"),
            ("start_date", "first day", "format: date"),
            ("date", "the day, dd.mm.yyyy", ""),
            ("date", "the day, or today", ""),
            ("since", "only later ones, yyyy-mm-dd", "format: date"),
            ("since", "only orders after this day", "?"),
            ("since", "the last cursor", ""),
            (
                "since",
                "filter by date (iso 8601 timestamp)",
                "format: date-time",
            ),
            (
                "created_at",
                "when it was created, as rfc 3339",
                "format: date-time",
            ),
            ("look_at", "what to look at", ""),
            ("update", "the text", ""),
        ] {
            case(name, says, expected);
        }
    }
}
