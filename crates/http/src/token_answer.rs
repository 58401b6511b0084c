//! From a login's answer to its token, or to the words that say why there is
//! none. What a server says about a refusal is told in its own words: hidden,
//! cleaned and cut, as it comes from outside.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;

use crate::error::{HttpError, LoginFault};
use crate::json::{JsonError, parse_json};
use crate::login::{Login, Picker, TokenAt};
use crate::redact::Redactor;
use crate::redirect;
use crate::response::Response;
use crate::retry::may_pass;
use crate::secret::Secret;
use crate::token::{Token, token};

/// Characters of a server's words that are told.
const MOST_WORDS: usize = 200;
/// Names of cookies that are told.
const MOST_NAMES: usize = 5;
/// A token is not used in the last moments of its life, as it may expire on
/// its way: at most so long before its end, and no more than a tenth of it.
const MARGIN: Duration = Duration::from_secs(30);

/// Why an answer has no token.
struct Fault {
    reason: String,
    fault: LoginFault,
}

/// Reads the answer of a login. The redactor learns the token before anybody
/// else sees it.
pub(crate) async fn read(login: &Login, response: Response, redactor: &Redactor) -> Result<Token, HttpError> {
    let read = match (&login.token, response.status) {
        (TokenAt::Cookie { name, ttl }, 200..=399) => cookie(&response, name, *ttl),
        (_, 300..=399) => Err(redirected(login, &response)),
        (_, 200..=299) => body(&login.token, response, redactor).await,
        _ => Err(refusal(response, redactor).await),
    };
    let read = read.and_then(|(value, life)| usable(value, life, redactor));
    read.map_err(|fault| HttpError::Login {
        place: login.place(),
        reason: fault.reason,
        fault: fault.fault,
    })
}

type Found = (Secret, Option<Duration>);

fn unusable(reason: impl Into<String>) -> Fault {
    Fault {
        reason: reason.into(),
        fault: LoginFault::Unusable,
    }
}

/// Longest token in bytes: more than servers take in a header.
const LONGEST: usize = 16 << 10;

fn usable(value: Secret, life: Option<Duration>, redactor: &Redactor) -> Result<Token, Fault> {
    let text = value.expose_secret();
    if text.len() > LONGEST {
        let reason = format!("its token has more than {LONGEST} bytes, which no header carries");
        return Err(unusable(reason));
    }
    redactor.learn(&value);
    if text.trim().is_empty() {
        return Err(unusable("its token is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(unusable(
            "its token holds a control character, so no header can carry it",
        ));
    }
    // Words that other texts hold would be hidden there as well.
    if text.contains(char::is_whitespace) {
        return Err(unusable("its token holds a blank, so it is a text and no token"));
    }
    Ok(token(value, life))
}

fn redirected(login: &Login, response: &Response) -> Fault {
    let target = response
        .header("location")
        .and_then(|location| login.request.url.join(location).ok());
    match target {
        Some(target) => unusable(format!(
            "it redirects to `{}`, and a login is not redirected",
            redirect::shown(&target)
        )),
        None => unusable(format!("it answered with status {}", response.status)),
    }
}

async fn body(at: &TokenAt, response: Response, redactor: &Redactor) -> Result<Found, Fault> {
    let status = response.status;
    let bytes = response.bytes().await.map_err(cut_off)?;
    let json = parse_json(&String::from_utf8_lossy(&bytes)).map_err(|error| match error {
        JsonError::Malformed => unusable(format!("its answer with status {status} is not JSON")),
        JsonError::TooLarge => unusable(format!("its answer with status {status} holds too many values")),
    })?;
    match at {
        TokenAt::Picked { pick, ttl } => picked(pick, &json).map(|value| (value, *ttl)),
        TokenAt::OAuth2 | TokenAt::Cookie { .. } => access_token(status, &json, redactor),
    }
}

/// What went wrong while the body was read.
fn cut_off(error: HttpError) -> Fault {
    let passing = matches!(error, HttpError::Cut { .. } | HttpError::Timeout { .. });
    Fault {
        reason: error.to_string(),
        fault: match passing {
            true => LoginFault::Passing,
            false => LoginFault::Unusable,
        },
    }
}

/// RFC 6749 §5.1. A missing `token_type` is taken for a bearer token, as many
/// servers leave it out.
fn access_token(status: u16, json: &Value, redactor: &Redactor) -> Result<Found, Fault> {
    let Some(value) = json.get("access_token").and_then(Value::as_str) else {
        // Some servers say no with a status of success.
        return Err(match said(json, redactor) {
            (None, None) => unusable("its answer has no `access_token`"),
            (code, words) => Fault {
                reason: format!("it refused{}", shown(code.as_deref(), words.as_deref())),
                fault: LoginFault::Refused { status, code },
            },
        });
    };
    let value = Secret::from(value);
    let kind = json.get("token_type").and_then(Value::as_str);
    if let Some(kind) = kind
        && !kind.eq_ignore_ascii_case("bearer")
    {
        redactor.learn(&value);
        let kind = told(kind, redactor);
        return Err(unusable(format!(
            "its token is of the type `{kind}`, and only `Bearer` is understood"
        )));
    }
    Ok((value, json.get("expires_in").and_then(life)))
}

/// How long a token is used of which the server says how long it lives; as
/// a number or as its digits in a text. What cannot be told is left out.
fn life(expires_in: &Value) -> Option<Duration> {
    let seconds: f64 = match expires_in {
        Value::Number(number) => number.as_str().parse().ok()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    let life = Duration::try_from_secs_f64(seconds).ok()?;
    Some(life - MARGIN.min(life / 10))
}

fn picked(pick: &Picker, json: &Value) -> Result<Secret, Fault> {
    let shown = format!("`pick: {}`", pick.expression());
    let found = pick
        .take(json)
        .map_err(|_| unusable(format!("{shown} cannot be applied to its answer")))?;
    let kind = match found {
        Value::String(text) => return Ok(Secret::from(text)),
        Value::Number(number) => return Ok(Secret::from(number.to_string())),
        Value::Null => return Err(unusable(format!("{shown} finds nothing in its answer"))),
        Value::Bool(_) => "a boolean",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    };
    Err(unusable(format!(
        "{shown} finds {kind} in its answer where a text is needed"
    )))
}

/// The named cookie of `Set-Cookie`; of several the last.
fn cookie(response: &Response, name: &str, ttl: Option<Duration>) -> Result<Found, Fault> {
    let set = response
        .headers
        .iter()
        .filter(|(header, _)| header == "set-cookie")
        .filter_map(|(_, value)| {
            let (pair, attributes) = value.split_once(';').unwrap_or((value, ""));
            let (name, value) = pair.split_once('=')?;
            Some((name.trim(), value.trim(), max_age(attributes)))
        });
    let all: Vec<_> = set.collect();
    let found = all.iter().rev().find(|(own, ..)| *own == name);
    match found {
        Some((_, value, age)) if !value.is_empty() && *age != Some(Duration::ZERO) => {
            Ok((Secret::from(*value), ttl.or(*age)))
        }
        Some(_) => Err(unusable(format!("it takes the cookie `{name}` away"))),
        None => Err(unusable(no_cookie(response.status, name, &all))),
    }
}

fn no_cookie(status: u16, name: &str, all: &[(&str, &str, Option<Duration>)]) -> String {
    let names = all.iter().take(MOST_NAMES).map(|(name, ..)| clean(name));
    let names: Vec<String> = names
        .map(|name| format!("`{}`", name.chars().take(40).collect::<String>()))
        .collect();
    let set = match names.is_empty() {
        true => "none at all".to_owned(),
        false => names.join(", "),
    };
    format!("its answer with status {status} sets no cookie `{name}`; it sets {set}")
}

fn max_age(attributes: &str) -> Option<Duration> {
    let mut values = attributes.split(';').rev().filter_map(|attribute| {
        let (name, value) = attribute.split_once('=')?;
        name.trim().eq_ignore_ascii_case("max-age").then(|| value.trim())
    });
    let value: i64 = values.next()?.parse().ok()?;
    Some(Duration::from_secs(value.max(0).unsigned_abs()))
}

/// An answer that is no success. Of what may pass by itself, the server's
/// words are not told: they would be told to a model.
async fn refusal(response: Response, redactor: &Redactor) -> Fault {
    let status = response.status;
    if may_pass(status) {
        return Fault {
            reason: format!("it answered with status {status}"),
            fault: LoginFault::Passing,
        };
    }
    let bytes = response.bytes().await.unwrap_or_default();
    let json = parse_json(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
    let (code, words) = said(&json, redactor);
    let shown = shown(code.as_deref(), words.as_deref());
    Fault {
        reason: format!("it refused with status {status}{shown}"),
        fault: LoginFault::Refused { status, code },
    }
}

/// `error` and `error_description` of RFC 6749 §5.2; other logins say what is
/// wrong in `message` or `detail`, or in the `message` of an `error`.
fn said(json: &Value, redactor: &Redactor) -> (Option<String>, Option<String>) {
    let text = |name: &str| {
        let text = told(json.get(name)?.as_str()?, redactor);
        (!text.is_empty()).then_some(text)
    };
    let words = ["error_description", "message", "detail"];
    let within = || {
        let inner = json.get("error")?.get("message")?.as_str()?;
        Some(told(inner, redactor)).filter(|text| !text.is_empty())
    };
    (text("error"), words.into_iter().find_map(text).or_else(within))
}

fn shown(code: Option<&str>, words: Option<&str>) -> String {
    match (code, words) {
        (None, None) => String::new(),
        (Some(one), None) | (None, Some(one)) => format!(": {one}"),
        (Some(code), Some(words)) => format!(": {code}: {words}"),
    }
}

/// A server's words as they may be told. Hidden before they are cleaned and
/// again after it, when a secret with odd characters in it is whole; and all
/// that before they are cut.
fn told(text: &str, redactor: &Redactor) -> String {
    let text = clean(&redactor.redact(text));
    redactor.redact(&text).chars().take(MOST_WORDS).collect()
}

/// Letters, digits and visible ASCII; blanks for line ends.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| c.is_alphanumeric() || matches!(c, ' '..='~'))
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_life_is_told_as_a_number_or_its_digits() {
        for (expires_in, seconds) in [
            (json!(3600), Some(3570.0)),
            (json!("3600"), Some(3570.0)),
            (json!(3600.5), Some(3570.5)),
            (json!(60), Some(54.0)),
            (json!(0), Some(0.0)),
            (json!(-1), None),
            (json!("soon"), None),
            (json!("NaN"), None),
            (json!(1e300), None),
            (json!(null), None),
            (json!([3600]), None),
        ] {
            let found = life(&expires_in).map(|life| life.as_secs_f64());
            assert_eq!(found, seconds, "{expires_in}");
        }
    }

    #[test]
    fn what_a_server_says_is_hidden_cleaned_and_cut() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::from("canary-4711"));
        for (text, expected) in [
            ("wrong key canary-4711", "wrong key ***"),
            ("wrong key can\u{200b}ary-4711!", "wrong key ***!"),
            ("\u{1b}[31mred\u{202e}\nline\u{7}", "[31mred line"),
            ("ungültiger Schlüssel", "ungültiger Schlüssel"),
        ] {
            assert_eq!(told(text, &redactor), expected, "{text:?}");
        }
        let long = format!("{}canary-4711", "x".repeat(MOST_WORDS - 4));
        assert!(told(&long, &redactor).ends_with("x***"));
    }

    #[test]
    fn the_age_of_a_cookie_is_the_last_that_is_said() {
        for (attributes, seconds) in [
            (" Path=/; HttpOnly", None),
            (" max-age=60; Path=/", Some(60)),
            ("Max-Age=60;Max-Age= 5 ", Some(5)),
            ("Max-Age=-1", Some(0)),
            ("Max-Age=x", None),
        ] {
            assert_eq!(
                max_age(attributes).map(|age| age.as_secs()),
                seconds,
                "{attributes}"
            );
        }
    }
}
