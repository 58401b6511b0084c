//! Codes of currencies, countries, languages and time zones.

use std::sync::LazyLock;

use super::{Form, open, sure};
use crate::lint::rules::words::has_word;
use crate::phrases::Phrases;

/// How a code is written, as its description says.
#[derive(Debug, Clone, Copy)]
struct Written {
    two: bool,
    three: bool,
    small: bool,
}

static TWO: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::of(["two-letter", "2-letter", "two letter", "two letters", "alpha-2"]));
static THREE: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::of([
        "three-letter",
        "3-letter",
        "three letter",
        "three letters",
        "alpha-3",
    ])
});
static SMALL: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::of(["lowercase", "lower case", "lower-case", "small letters"]));

impl Written {
    fn read(says: &str) -> Self {
        Self {
            two: TWO.occur_in(says),
            three: THREE.occur_in(says),
            small: SMALL.occur_in(says),
        }
    }
}

/// Codes of lists that are public.
pub(super) fn code(tokens: &[&str], tail: (&str, &str), says: &str) -> Option<Form> {
    let written = Written::read(says);
    let has = |word: &str| tokens.contains(&word);
    let is_currency = has("currency") || says.contains("currency");
    let is_code = || written.three || says.contains("4217") || tail == ("currency", "code");
    let crypto = || says.contains("crypto") || says.contains("coin") || says.contains("token");
    if is_currency && is_code() && !crypto() {
        return currency(written);
    }
    let listed = written.two || written.three || says.contains("3166");
    let named = has("country") && (listed || tail.1 == "code");
    if named || (listed && has_word(says, "country") && !has_word(says, "language")) {
        return country(written);
    }
    match tail {
        (_, "language" | "lang" | "locale") | ("language" | "lang", "code") => language(written, says),
        (_, "timezone" | "tz") | ("time", "zone") => timezone(says),
        _ => None,
    }
}

fn currency(written: Written) -> Option<Form> {
    const WHAT: &str = "the code of a currency";
    if written.small {
        sure(WHAT, "add `pattern: \"^[a-z]{3}$\"`", "pattern: \"^[a-z]{3}$\"")
    } else {
        sure(
            WHAT,
            "add `pattern: \"^[A-Z]{3}$\"`, as ISO 4217 writes them",
            "pattern: \"^[A-Z]{3}$\"",
        )
    }
}

fn country(written: Written) -> Option<Form> {
    const WHAT: &str = "the code of a country";
    match (written.three, written.small) {
        (true, false) => sure(
            WHAT,
            "add `pattern: \"^[A-Z]{3}$\"`, as ISO 3166 writes them",
            "pattern: \"^[A-Z]{3}$\"",
        ),
        (false, false) => sure(
            WHAT,
            "add `pattern: \"^[A-Z]{2}$\"`, as ISO 3166 writes them",
            "pattern: \"^[A-Z]{2}$\"",
        ),
        (false, true) => sure(WHAT, "add `pattern: \"^[a-z]{2}$\"`", "pattern: \"^[a-z]{2}$\""),
        (true, true) => None,
    }
}

fn language(written: Written, says: &str) -> Option<Form> {
    if ["bcp 47", "bcp-47", "bcp47"]
        .iter()
        .any(|word| says.contains(word))
    {
        sure(
            "a language tag",
            "add `pattern: \"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$\"`",
            "pattern: \"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$\"",
        )
    } else if written.two || says.contains("639-1") {
        sure(
            "the code of a language",
            "add `pattern: \"^[a-z]{2}$\"`, as ISO 639-1 writes them",
            "pattern: \"^[a-z]{2}$\"",
        )
    } else {
        None
    }
}

fn timezone(says: &str) -> Option<Form> {
    let told = [
        "iana",
        "offset",
        "olson",
        "utc",
        "/",
        "tz database",
        "abbreviation",
    ];
    let told = told.iter().any(|word| says.contains(word));
    (!told).then_some(())?;
    open(
        "a time zone",
        "it has names, offsets and abbreviations: say which the service takes; for names write \"IANA name of the time zone\"",
    )
}
