//! Quantities with units: `500ms`, `5/s`, `200k`, `0.50 USD`.

use std::time::Duration;

use crate::checked::{Cost, Rate};
use crate::diagnostic::Sink;
use crate::node::{Kind, Node, Scalar};
use crate::read::expected;

/// Units of time, and how many milliseconds each is.
const TIME: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
/// Units of a rate, and how many seconds each is.
const PER: &[(&str, u64)] = &[("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
/// The longest duration: beyond it a clock cannot reach.
const MAX_MS: u64 = 366 * 24 * 3_600_000;

/// A duration such as `30s`.
pub(crate) fn duration(node: &Node, sink: &mut Sink) -> Option<Duration> {
    let found = scalar(node).and_then(parse_duration);
    if found.is_none() {
        let what = "a duration such as `500ms`, `30s`, `5m` or `1h`";
        report(node, what, "the units are `ms`, `s`, `m` and `h`", sink);
    }
    found
}

/// A rate such as `5/s`.
pub(crate) fn rate(node: &Node, sink: &mut Sink) -> Option<Rate> {
    let found = scalar(node).and_then(parse_rate);
    if found.is_none() {
        report(
            node,
            "a rate such as `5/s` or `100/m`",
            "a whole number above 0, then `/s`, `/m`, `/h` or `/d`",
            sink,
        );
    }
    found
}

/// A count such as `200k` or `200000`.
pub(crate) fn count(node: &Node, sink: &mut Sink) -> Option<u64> {
    let found = scalar(node).and_then(parse_count);
    if found.is_none() {
        report(
            node,
            "a number of tokens such as `8000` or `200k`",
            "`k` stands for thousands, `M` for millions",
            sink,
        );
    }
    found
}

/// An amount of money such as `0.50 USD`.
pub(crate) fn cost(node: &Node, sink: &mut Sink) -> Option<Cost> {
    let found = scalar(node).and_then(parse_cost);
    if found.is_none() {
        report(
            node,
            "an amount such as `0.50 USD`",
            "US dollars, with at most six decimals",
            sink,
        );
    }
    found
}

fn report(node: &Node, what: &str, help: &str, sink: &mut Sink) {
    match &node.kind {
        Kind::Invalid => {}
        Kind::Scalar(text) if text.scalar() != Scalar::Null => {
            let message = format!("expected {what}, found `{}`", crate::node::shorten(text.as_str()));
            sink.error("bad-quantity", node.span, message).help(help);
        }
        _ => expected(node, what, sink),
    }
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Scalar(text) => Some(text.as_str()),
        _ => None,
    }
}

fn unit<'t>(text: &'t str, units: &[(&str, u64)]) -> Option<(&'t str, u64)> {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic());
    let (_, size) = units.iter().find(|(name, _)| *name == &text[digits.len()..])?;
    Some((digits.trim_end_matches(' '), *size))
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, size) = unit(text, TIME)?;
    let millionths = fixed(number, 6)?.checked_mul(size)?;
    let ms = millionths / 1_000_000;
    (ms > 0 && ms <= MAX_MS).then(|| Duration::from_millis(ms))
}

fn parse_rate(text: &str) -> Option<Rate> {
    let (count, per) = text.split_once('/')?;
    let (_, seconds) = PER.iter().find(|(name, _)| *name == per.trim())?;
    let count = digits(count.trim())?.try_into().ok().filter(|count| *count > 0)?;
    Some(Rate {
        count,
        per: Duration::from_secs(*seconds),
    })
}

fn parse_count(text: &str) -> Option<u64> {
    let (number, size) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1_000),
        b'M' => (&text[..text.len() - 1], 1_000_000),
        _ => (text, 1),
    };
    let millionths = fixed(number, 6)?.checked_mul(size)?;
    (millionths > 0 && millionths.is_multiple_of(1_000_000)).then_some(millionths / 1_000_000)
}

fn parse_cost(text: &str) -> Option<Cost> {
    let number = text.strip_suffix("USD")?.strip_suffix(' ')?;
    fixed(number.trim_end(), 6)
        .filter(|micro| *micro > 0)
        .map(|micro_usd| Cost { micro_usd })
}

/// A decimal as a whole number of its `places`-th decimal.
fn fixed(text: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.len() > places || fraction.is_empty() {
        return None;
    }
    digits(whole)?;
    digits(fraction)?;
    format!("{whole}{fraction:0<places$}").parse().ok()
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, ms) in [
            ("500ms", Some(500)),
            ("10s", Some(10_000)),
            ("1.5s", Some(1_500)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("30", None),
            ("30 parsecs", None),
            ("0s", None),
            ("-1s", None),
            ("1e3s", None),
            ("99999999h", None),
            ("s", None),
        ] {
            assert_eq!(parse_duration(text), ms.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn rates_counts_and_costs_are_exact() {
        assert_eq!(
            parse_rate("5/s"),
            Some(Rate {
                count: 5,
                per: Duration::from_secs(1)
            })
        );
        assert_eq!(
            parse_rate("100/m"),
            Some(Rate {
                count: 100,
                per: Duration::from_secs(60)
            })
        );
        assert_eq!(parse_rate("0/s"), None);
        assert_eq!(parse_rate("5"), None);
        for (text, expected) in [
            ("200k", Some(200_000)),
            ("1.5k", Some(1_500)),
            ("2M", Some(2_000_000)),
            ("8000", Some(8_000)),
            ("0", None),
            ("k", None),
            ("1.5", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(parse_count(text), expected, "{text}");
        }
        for (text, expected) in [
            ("0.50 USD", Some(500_000)),
            ("2 USD", Some(2_000_000)),
            ("0.5", None),
            ("0.50 EUR", None),
            ("0.0000001 USD", None),
        ] {
            assert_eq!(parse_cost(text).map(|cost| cost.micro_usd), expected, "{text}");
        }
    }
}
