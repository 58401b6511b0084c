//! Flags quantities without a unit.

use super::words::has_word;
use crate::checked::ParamKind;
use crate::decl::param::ParamDecl;
use crate::lint::subject::{Subject, subjects};
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "param-without-unit",
    group: Group::Description,
    level: Level::Warn,
    docs: r#"Flags a number that is an amount of something, such as `distance`, `timeout`, `price` or `timestamp`, when neither its name nor a description says in which unit.

A model takes the unit that is usual where it read most, and nobody notices 30 milliseconds that were meant as seconds, or cents that were meant as euros.

Bad:

```yaml
toolrun: 1
tools:
  find_shops:
    description: Lists shops around a place, nearest first.
    params:
      place: { type: string, description: Name of the town }
      radius: { type: number, description: How far from there at most }
    url: https://shop.example/near?place={{ place }}&radius={{ radius }}
```

Good:

```yaml
toolrun: 1
tools:
  find_shops:
    description: Lists shops around a place, nearest first.
    params:
      place: { type: string, description: Name of the town }
      radius: { type: number, description: How far from there at most in kilometres }
    url: https://shop.example/near?place={{ place }}&radius={{ radius }}
```
"#,
    check,
};

/// What is measured, by the last word of a name, and the question to answer.
const QUANTITIES: &[(&[&str], Quantity)] = &[
    (
        &[
            "altitude",
            "depth",
            "distance",
            "elevation",
            "height",
            "radius",
            "width",
        ],
        Quantity::Length,
    ),
    (
        &[
            "delay",
            "duration",
            "expiration",
            "expiry",
            "interval",
            "timeout",
            "ttl",
        ],
        Quantity::Time,
    ),
    (&["timestamp"], Quantity::Moment),
    (
        &["amount", "balance", "budget", "cost", "fee", "price"],
        Quantity::Money,
    ),
    (&["temperature"], Quantity::Temperature),
    (&["mass", "weight"], Quantity::Weight),
    (&["speed", "velocity"], Quantity::Speed),
    (&["bandwidth", "filesize"], Quantity::Data),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Length,
    Time,
    Moment,
    Money,
    Temperature,
    Weight,
    Speed,
    Data,
}

impl Quantity {
    fn remedy(self) -> &'static str {
        match self {
            Self::Length => "say the unit, as in \"in metres\" or \"in pixels\"",
            Self::Time => "say the unit, as in \"in seconds\"",
            Self::Moment => "say from when it counts and in which unit, as in \"Unix time in seconds\"",
            Self::Money => {
                "say the currency, and whether whole units or cents, as in \"in the order's currency\""
            }
            Self::Temperature => "say the unit, as in \"in °C\"; for sampling, say the range",
            Self::Weight => "say the unit, as in \"in grams\"",
            Self::Speed => "say the unit, as in \"in km/h\"",
            Self::Data => "say the unit, as in \"in bytes\"",
        }
    }
}

/// Words that answer it whatever is measured. A count has no unit.
const ANY: &str = "%|count|factor|fraction|how many|levels|number of|percent|percentage|points|probability|\
    ratio|rows|steps|unit|units";

impl Quantity {
    /// Words that answer it, with `|` in between.
    fn units(self) -> &'static str {
        match self {
            Self::Length => {
                "centimeters|centimetres|chars|characters|cm|degrees|feet|foot|in m|inch|inches|kilometer|\
                 kilometers|kilometre|kilometres|km|meter|meters|metre|metres|mile|miles|mm|nautical|pixel|\
                 pixels|px|yards"
            }
            Self::Time | Self::Moment => {
                "day|days|epoch|hour|hours|in s|millis|milliseconds|minute|minutes|month|months|ms|\
                 nanoseconds|sec|second|seconds|unix|week|weeks|year|years"
            }
            Self::Money => {
                "$|£|€|cent|cents|credits|currencies|currency|dollar|dollars|euro|euros|gwei|minor|pence|\
                 pound|pounds|satoshi|satoshis|shares|smallest|tokens|wei|yen"
            }
            Self::Temperature => "°|celsius|degrees|fahrenheit|kelvin",
            Self::Weight => {
                "gram|grams|in g|kg|kilogram|kilograms|lb|lbs|mg|ounces|oz|pounds|tonne|tonnes|tons"
            }
            Self::Speed => "beaufort|km/h|kmh|knots|kph|m/s|mbit/s|mph|rpm",
            Self::Data => "bits|bytes|gb|kb|kib|mb|mbit|mbit/s|mbps|megabytes|mib",
        }
    }
}

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for subject in subjects(checked) {
        for param in subject.asked() {
            let Some(quantity) = quantity(param) else { continue };
            if is_said(param, quantity) || is_said_around(&subject, param, quantity) {
                continue;
            }
            let name = param.name.as_str();
            findings
                .flag(
                    param.description.map_or(param.name.span(), |text| text.span()),
                    format!("nothing says in which unit `{name}` is given"),
                )
                .help(quantity.remedy());
        }
    }
}

/// What a number measures, if its name says that it measures something. What
/// has no description has a rule of its own.
fn quantity(param: &ParamDecl<'_>) -> Option<Quantity> {
    param.description?;
    if !(param.is(ParamKind::Integer) || param.is(ParamKind::Number)) || param.allowed.is_some() {
        return None;
    }
    let tokens = param.tokens();
    let last = tokens.last()?;
    let found = QUANTITIES.iter().find(|(names, _)| names.contains(last));
    found.map(|(_, quantity)| *quantity)
}

/// Whether the param itself says it.
fn is_said(param: &ParamDecl<'_>, quantity: Quantity) -> bool {
    let said = format!("{} {}", param.tokens().join(" "), param.says());
    // A currency is named by its three letters.
    let code = |text: &str| {
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        words.any(|word| word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    let written = param.description.map_or("", |text| text.as_str());
    let bounded = ["minimum", "maximum"]
        .iter()
        .all(|name| param.keyword(name).is_some());
    has_unit(&said, quantity)
        || (quantity == Quantity::Money && code(written))
        // A sampling temperature has a range and no unit.
        || (quantity == Quantity::Temperature && bounded)
}

/// Whether the tool's description or another param says it.
fn is_said_around(subject: &Subject<'_>, param: &ParamDecl<'_>, quantity: Quantity) -> bool {
    let tokens = || subject.params.iter().flat_map(ParamDecl::tokens);
    let measured = tokens().any(|token| ["unit", "units"].contains(&token));
    match quantity {
        // Times in a description are seldom those of a param.
        Quantity::Time | Quantity::Moment => measured,
        // A currency beside it does not say whether a whole number is in cents.
        Quantity::Money if param.is(ParamKind::Integer) => has_unit(&subject.says(), quantity),
        Quantity::Money => has_unit(&subject.says(), quantity) || tokens().any(|token| token == "currency"),
        _ => measured || has_unit(&subject.says(), quantity),
    }
}

fn has_unit(said: &str, quantity: Quantity) -> bool {
    let mut words = ANY.split('|').chain(quantity.units().split('|'));
    words.any(|unit| {
        if unit.starts_with(char::is_alphanumeric) {
            has_word(said, unit)
        } else {
            said.contains(unit)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Quantity, has_unit};

    #[test]
    fn units_are_words_of_their_own_and_of_what_is_measured() {
        for (said, quantity, expected) in [
            ("how far in km", Quantity::Length, true),
            ("how far in a day", Quantity::Length, false),
            ("how long to wait", Quantity::Time, false),
            ("seconds to wait", Quantity::Time, true),
            ("the price in the order's currency", Quantity::Money, true),
            ("the price of a day", Quantity::Money, false),
            ("number of retries", Quantity::Money, true),
            ("in °c", Quantity::Temperature, true),
            ("the program's weight", Quantity::Weight, false),
        ] {
            assert_eq!(has_unit(said, quantity), expected, "{said}");
        }
    }
}
