//! The `Retry-After` header: whole seconds or an HTTP date (RFC 9110). What
//! is neither is ignored, as if the header were not there: signs, fractions,
//! exponents, units. A date that has passed means now.

use std::time::Duration;

use jiff::Timestamp;

/// How long the header asks to wait, counted from `now`.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim_matches([' ', '\t']);
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a very long time.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", value)
        .ok()?
        .to_datetime()
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?
        .timestamp();
    let seconds = date.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(seconds.try_into().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(value: &str, expected: Option<u64>) {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = Timestamp::from_second(784_111_777).unwrap();
        let wait = retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(wait, expected, "{value:?}");
    }

    #[test]
    fn reads_seconds_and_dates() {
        case("0", Some(0));
        case("7", Some(7));
        case(" 7\t", Some(7));
        case("007", Some(7));
        case("1000000000", Some(1_000_000_000));
        case("99999999999999999999999", Some(u64::MAX));
        case("Sun, 06 Nov 1994 08:49:47 GMT", Some(10));
        case("Sun, 06 Nov 1994 08:49:37 GMT", Some(0));
        case("Sun, 06 Nov 1994 08:49:07 GMT", Some(0));
    }

    #[test]
    fn ignores_the_rest() {
        for value in [
            "",
            " ",
            "-1",
            "+1",
            "1.5",
            "1e9",
            "NaN",
            "inf",
            "500ms",
            "10 s",
            "soon",
            "\u{0661}",
            "1994-11-06T08:49:47Z",
            "Sun, 06 Nov 1994",
            "Sun, 06 Nov 1994 08:49:47 CET",
            "Mon, 06 Nov 1994 08:49:47 GMT",
            "Sun, 31 Feb 1994 08:49:47 GMT",
            "1, 2",
        ] {
            case(value, None);
        }
    }
}
