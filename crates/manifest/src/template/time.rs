//! `now` and its filters: instants as RFC 3339 text, as seconds, as a date.

use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned, fmt::strtime};
use serde_json::Value;

/// An instant as text, to the second, in UTC.
pub(super) fn rfc3339(instant: Timestamp) -> String {
    Timestamp::from_second(instant.as_second())
        .unwrap_or(instant)
        .to_string()
}

/// Reads an instant: RFC 3339 text, a date (midnight UTC), or seconds.
pub(super) fn instant(value: &Value) -> Result<Timestamp, String> {
    let wrong = || "expected a time such as `2026-01-01T00:00:00Z`".to_owned();
    match value {
        Value::String(text) => text
            .parse::<Timestamp>()
            .or_else(|_| text.parse::<civil::DateTime>().and_then(utc))
            .map_err(|_| wrong()),
        Value::Number(number) => {
            let seconds: i64 = number.as_str().parse().map_err(|_| wrong())?;
            Timestamp::from_second(seconds).map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

/// Writes an instant by a pattern such as `%Y-%m-%d`, in UTC.
pub(super) fn format(instant: Timestamp, pattern: &str) -> Result<String, String> {
    let zoned = Zoned::new(instant, TimeZone::UTC);
    strtime::format(pattern, &zoned).map_err(|_| format!("`{pattern}` is no date pattern; one is `%Y-%m-%d`"))
}

fn utc(moment: civil::DateTime) -> Result<Timestamp, jiff::Error> {
    TimeZone::UTC.to_timestamp(moment)
}
