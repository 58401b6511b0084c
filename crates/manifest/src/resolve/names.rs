//! What names may look like.

use crate::diagnostic::Sink;
use crate::text::Text;

/// Words that templates give a meaning of their own.
pub(crate) const RESERVED: &[&str] = &[
    "call", "now", "response", "result", "secrets", "vars", "true", "false", "none", "not",
];

/// Parts of the names of environment variables that hold secrets.
const SECRET_WORDS: &[&str] = &[
    "APIKEY",
    "BEARER",
    "CREDENTIAL",
    "CREDENTIALS",
    "DSN",
    "JWT",
    "KEY",
    "KEYS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PAT",
    "PWD",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "TOKENS",
    "WEBHOOK",
];

/// Variables whose url by custom holds a user and a password.
const CREDENTIAL_URLS: &[&str] = &[
    "AMQP_URL",
    "DATABASE_URL",
    "MONGODB_URI",
    "MONGO_URL",
    "REDIS_URL",
];

/// Tools that every run brings along.
pub(crate) const BUILT_IN: &[&str] = &["read_result"];

/// The name of a tool or a workflow.
pub(crate) fn check_callable(name: &Text, kind: &str, sink: &mut Sink) {
    if BUILT_IN.contains(&name.as_str()) {
        let message = format!(
            "`{}` is a tool of every run and cannot name a {kind}",
            name.as_str()
        );
        sink.error("reserved-word", name.span(), message)
            .help("choose another name");
    }
    shape(name, &format!("a {kind}"), sink);
}

/// The name of a param, a step or an item: templates read it.
pub(crate) fn check_local(name: &Text, what: &str, sink: &mut Sink) {
    if RESERVED.contains(&name.as_str()) {
        sink.error(
            "reserved-word",
            name.span(),
            format!("`{}` is a reserved word and cannot name {what}", name.as_str()),
        )
        .help(format!(
            "choose another name; the reserved words are {}",
            crate::fields::list(RESERVED.iter().copied())
        ));
        return;
    }
    shape(name, what, sink);
}

/// The name of an api, secret, var or server.
pub(crate) fn check_word(name: &Text, what: &str, sink: &mut Sink) {
    let text = name.as_str();
    let valid = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.len() <= 64;
    if !valid {
        sink.error(
            "bad-name",
            name.span(),
            format!("`{}` cannot name {what}", crate::node::shorten(text)),
        )
        .help("letters, digits and `_`, at most 64, not starting with a digit");
    }
}

/// Reports that a name is taken.
pub(crate) fn clash(name: &Text, first: &Text, kind: &str, sink: &mut Sink) {
    let message = if name.as_str() == first.as_str() {
        format!("the name `{}` is taken", name.as_str())
    } else {
        format!(
            "the name `{}` is taken by `{}`: case, `-` and `_` make no difference",
            name.as_str(),
            first.as_str()
        )
    };
    sink.error("name-clash", name.span(), message)
        .context(first.span(), "first declared here")
        .help(format!("give this {kind} another name"));
}

/// Whether an environment variable of this name likely holds a secret.
pub(crate) fn looks_secret(name: &str) -> bool {
    name.to_uppercase()
        .split('_')
        .any(|word| SECRET_WORDS.contains(&word) || word.ends_with("PASSWORD"))
        || CREDENTIAL_URLS.contains(&name.to_uppercase().as_str())
}

fn shape(name: &Text, what: &str, sink: &mut Sink) {
    let text = name.as_str();
    let valid = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if valid && text.len() <= 64 {
        return;
    }
    if valid {
        let message = format!(
            "the name of {what} has at most 64 characters, this one has {}",
            text.len()
        );
        sink.error("bad-name", name.span(), message).help("shorten it");
        return;
    }
    let help = match mended(text) {
        Some(mended) => format!("small letters, digits and `_`, starting with a letter: `{mended}`"),
        None => "small letters, digits and `_`, starting with a letter, such as `find_orders`".to_owned(),
    };
    sink.error(
        "bad-name",
        name.span(),
        format!("`{}` cannot name {what}", crate::node::shorten(text)),
    )
    .help(help);
}

/// `findOrders` and `find-orders` as `find_orders`.
fn mended(text: &str) -> Option<String> {
    let mut mended = String::new();
    let mut before = ' ';
    for c in text.chars() {
        match c {
            'A'..='Z' => {
                if before.is_ascii_lowercase() || before.is_ascii_digit() {
                    mended.push('_');
                }
                mended.push(c.to_ascii_lowercase());
            }
            'a'..='z' | '0'..='9' => mended.push(c),
            '-' | '_' | ' ' | '.' if !mended.ends_with('_') => mended.push('_'),
            '-' | '_' | ' ' | '.' => {}
            _ => return None,
        }
        before = c;
    }
    let mended = mended.trim_matches('_').to_owned();
    (mended.starts_with(|c: char| c.is_ascii_lowercase()) && mended.len() <= 64).then_some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_mended_when_it_is_plain_how() {
        for (text, expected) in [
            ("findOrders", Some("find_orders")),
            ("find-orders", Some("find_orders")),
            ("Find Orders", Some("find_orders")),
            ("GET", Some("get")),
            ("2fa", None),
            ("café", None),
        ] {
            assert_eq!(mended(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_variables_names() {
        for (name, expected) in [
            ("SHOP_KEY", true),
            ("GITHUB_TOKEN", true),
            ("db_password", true),
            ("SHOP_URL", false),
            ("KEYBOARD", false),
            ("LANG", false),
        ] {
            assert_eq!(looks_secret(name), expected, "{name}");
        }
    }
}
