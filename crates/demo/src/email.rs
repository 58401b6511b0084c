//! E-mail verification: `/v1/email`. Syntax by RFC 5321 and 5322, disposable domains, role addresses.
//!
//! Nothing is looked up: whether the domain takes mail and whether the mailbox exists is not known here, and the
//! answer says so.

use std::sync::LazyLock;

use axum::Json;
use axum::extract::RawQuery;
use email_address::{EmailAddress, Error, Options};
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::query::Pairs;

/// Local parts that name a function and not a person: those of RFC 2142 and everyday ones.
const ROLES: &[&str] = &[
    "abuse",
    "accounts",
    "admin",
    "administrator",
    "billing",
    "careers",
    "contact",
    "help",
    "hostmaster",
    "hr",
    "info",
    "jobs",
    "mailer-daemon",
    "marketing",
    "news",
    "no-reply",
    "noc",
    "noreply",
    "office",
    "orders",
    "postmaster",
    "press",
    "privacy",
    "root",
    "sales",
    "security",
    "service",
    "support",
    "team",
    "trouble",
    "usenet",
    "uucp",
    "webmaster",
    "www",
];

/// One domain a line, sorted; from where, says `data/README.md`.
static DISPOSABLE_TEXT: &str = include_str!("../data/disposable-domains.txt");
static DISPOSABLE: LazyLock<Vec<&str>> = LazyLock::new(|| DISPOSABLE_TEXT.lines().collect());

pub(crate) async fn verify(RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let pairs = Pairs::read(query.as_deref().unwrap_or_default(), &["address"])?;
    Ok(Json(examine(pairs.required("address")?)))
}

fn examine(address: &str) -> Value {
    let note = "Only the text and lists of domains were looked at: whether mail arrives was not checked.";
    match parse(address) {
        Ok(parsed) => {
            let domain = parsed.domain().to_ascii_lowercase();
            let local = parsed.local_part();
            json!({
                "address": address, "valid_syntax": true, "local_part": local, "domain": domain,
                "disposable": is_disposable(&domain), "role_address": is_role(local),
                "mx_checked": false, "note": note,
            })
        }
        Err(reason) => json!({
            "address": address, "valid_syntax": false, "reason": reason, "mx_checked": false, "note": note,
        }),
    }
}

fn parse(address: &str) -> Result<EmailAddress, &'static str> {
    // RFC 5321 allows a path of 256 octets, and that counts the two angle brackets.
    if address.len() > 254 {
        return Err("The address is longer than 254 characters.");
    }
    let options = Options::default().without_display_text().with_required_tld();
    EmailAddress::parse_with_options(address, options).map_err(reason)
}

fn reason(error: Error) -> &'static str {
    match error {
        Error::InvalidCharacter => "There is a character that may not stand there.",
        Error::MissingSeparator => "The `@` is missing.",
        Error::LocalPartEmpty => "There is nothing before the `@`.",
        Error::LocalPartTooLong => "The part before the `@` is longer than 64 characters.",
        Error::DomainEmpty => "There is nothing after the `@`.",
        Error::DomainTooLong => "The domain is longer than 254 characters.",
        Error::SubDomainEmpty => {
            "A part of the domain is empty: two dots stand side by side, or one at an end."
        }
        Error::SubDomainTooLong => "A part of the domain is longer than 63 characters.",
        Error::DomainTooFew => "The domain has no dot.",
        Error::DomainInvalidSeparator => "A dot of the domain stands in a wrong place.",
        Error::UnbalancedQuotes => "A quotation mark is not closed.",
        Error::InvalidComment => "A comment in parentheses is malformed.",
        Error::InvalidIPAddress => "The IP address in brackets is malformed.",
        Error::UnsupportedDomainLiteral
        | Error::UnsupportedDisplayName
        | Error::MissingDisplayName
        | Error::MissingEndBracket => "Only a bare address is expected, without a name and angle brackets.",
    }
}

/// A subdomain of a listed domain counts as listed.
fn is_disposable(domain: &str) -> bool {
    let mut rest = Some(domain);
    while let Some(name) = rest {
        if DISPOSABLE.binary_search(&name).is_ok() {
            return true;
        }
        rest = name.split_once('.').map(|(_, parent)| parent);
    }
    false
}

/// Compares what stands before a `+`, as mail servers do.
fn is_role(local: &str) -> bool {
    let name = local.split('+').next().unwrap_or(local).to_ascii_lowercase();
    ROLES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_unique() {
        assert!(ROLES.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(DISPOSABLE.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(DISPOSABLE.len(), 10181);
    }

    #[test]
    fn flags_are_told() {
        #[track_caller]
        fn case(address: &str, disposable: bool, role: bool) {
            let body = examine(address);
            assert_eq!(body["valid_syntax"], true, "{address}: {body}");
            assert_eq!(body["disposable"], disposable, "{address}");
            assert_eq!(body["role_address"], role, "{address}");
            assert_eq!(body["mx_checked"], false, "{address}");
        }
        case("ann@example.com", false, false);
        case("o'neil+shop@sub.example.com", false, false);
        case("info@example.com", false, true);
        case("Support+eu@example.com", false, true);
        case("ann@mailinator.com", true, false);
        case("ann@x.MAILINATOR.com", true, false);
        case("\"a b\"@example.com", false, false);
        case("användare@example.com", false, false);
    }

    #[test]
    fn bad_syntax_says_why() {
        let long = format!("{}@example.com", "a".repeat(65));
        for address in [
            "ann",
            "@example.com",
            "ann@",
            "ann@localhost",
            "ann@a..b",
            "a b@example.com",
            &long,
        ] {
            let body = examine(address);
            assert_eq!(body["valid_syntax"], false, "{address}");
            assert!(body["reason"].as_str().unwrap().ends_with('.'), "{address}");
        }
        assert_eq!(examine("Ann <ann@example.com>")["valid_syntax"], false);
    }
}
