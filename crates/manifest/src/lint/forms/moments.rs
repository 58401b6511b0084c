//! Days and points in time.

use std::sync::LazyLock;

use super::{Form, open, sure};
use crate::lint::rules::words::has_word;
use crate::phrases::Phrases;

/// Names of days.
const DATES: &[&str] = &[
    "birthday",
    "birthdate",
    "checkin",
    "checkout",
    "date",
    "dob",
    "until",
    "since",
];
/// Names of points in time.
const TIMES: &[&str] = &["at", "datetime", "timestamp"];
/// Layouts that are told in words and that `format` does not know, and things
/// that are neither a day nor a time.
static OTHER: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::of([
        "dd.mm", "dd/mm", "dd-mm", "mm/dd", "mm-dd-", "yyyymmdd", "yyyy/mm", "unix", "epoch", "seconds",
        "month", "quarter", "year", "version", "cursor", "token", "sha", "tag",
    ])
});

/// The form of a day or a point in time.
pub(super) fn moment(tail: (&str, &str), says: &str) -> Option<Form> {
    let by_date = DATES.contains(&tail.1) || (tail.0 == "date" && ["from", "to"].contains(&tail.1));
    let by_time = TIMES.contains(&tail.1) || tail == ("date", "time");
    if !by_date && !by_time {
        return None;
    }
    let dashed = says.contains("yyyy-mm-dd") || says.contains("year-month-day");
    if !dashed && OTHER.occur_in(says) {
        return None;
    }
    if has_time(says) {
        return sure("a point in time", "add `format: date-time`", "format: date-time");
    }
    let names_a_day = tail.1 != "until" && tail.1 != "since";
    if by_date && (dashed || (names_a_day && !says.contains("time"))) {
        return sure(
            "a date",
            "add `format: date`, which is year-month-day",
            "format: date",
        );
    }
    let words: &[&str] = match tail.1 {
        // What ends in `at` may be a place, but not where a time is spoken of.
        "at" => &["time", "when", "moment"],
        _ if by_time => &[""],
        _ => &["day", "date", "time", "after", "before"],
    };
    let is_moment = words.iter().any(|word| word.is_empty() || has_word(says, word));
    is_moment.then_some(())?;
    open(
        "a date or a time",
        "say which, and add `format: date` (year-month-day) or `format: date-time` (RFC 3339)",
    )
}

/// Whether a description speaks of a day and a time together.
fn has_time(says: &str) -> bool {
    const FULL: &[&str] = &[
        "rfc 3339",
        "rfc3339",
        "date and time",
        "date-time",
        "datetime",
        "hh:mm",
    ];
    let iso = ["iso 8601", "iso8601", "iso-8601"]
        .iter()
        .any(|word| says.contains(word));
    let time = ["time", "timestamp"].iter().any(|word| has_word(says, word));
    (iso && time) || FULL.iter().any(|word| says.contains(word))
}
