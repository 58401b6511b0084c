//! Days of the calendar: whether a request says one, or speaks of one that it
//! does not write out.

use super::request::{Request, fold};
use super::words::{MONTHS, RELATIVE_DAYS};

/// Whether a text begins as a date does, year first.
pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
        && (bytes.len() == 10 || matches!(bytes[10], b'T' | b' '))
}

/// Whether the year, month and day of a date all stand in the request.
pub(super) fn says_date(date: &str, request: &Request) -> bool {
    if request.has_text(date) {
        return true;
    }
    let part = |range: std::ops::Range<usize>| date[range].parse::<u32>().unwrap_or(0);
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let name = MONTHS
        .get(month.wrapping_sub(1) as usize)
        .copied()
        .unwrap_or_default();
    let says_month = request.has_number(f64::from(month))
        || (!name.is_empty() && (request.has_phrase(name) || request.has_phrase(&name[..3])));
    let says_year = request.has_number(f64::from(year)) || request.has_number(f64::from(year % 100));
    says_year && says_month && (request.has_number(f64::from(day)) || day == 1)
}

/// Whether the request speaks of some day: written out, in part, or by how far
/// it is from today.
pub(super) fn speaks_of_day(request: &Request) -> bool {
    RELATIVE_DAYS.iter().any(|word| request.has_word_like(word))
        || request.raw().split_whitespace().any(is_written_day)
        || names_month_or_year(&fold(request.raw()))
}

/// Three numbers with the same sign between them, such as 3/15/2024.
fn is_written_day(token: &str) -> bool {
    let token = token.trim_matches(|c: char| !c.is_ascii_digit());
    ['-', '/', '.'].iter().any(|sign| {
        let parts: Vec<&str> = token.split(*sign).collect();
        let is_part = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        parts.len() == 3 && parts.iter().all(is_part)
    }) || is_date(token)
}

/// A month's name, or a year behind a word that makes it one. `may` and the
/// short names are words of their own, so they need a number beside them.
fn names_month_or_year(folded: &str) -> bool {
    let words: Vec<&str> = super::request::words_of(folded).collect();
    let is_number = |at: Option<usize>| {
        at.and_then(|at| words.get(at))
            .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
    };
    words.iter().enumerate().any(|(at, word)| {
        let beside = is_number(at.checked_sub(1)) || is_number(Some(at + 1));
        let is_month = MONTHS
            .iter()
            .any(|month| (month == word && (*word != "may" || beside)) || (month[..3] == **word && beside));
        let is_year = word.len() == 4
            && ["19", "20"].iter().any(|century| word.starts_with(century))
            && word.bytes().all(|byte| byte.is_ascii_digit())
            && at > 0
            && matches!(words[at - 1], "in" | "of" | "since" | "during");
        is_month || is_year
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_speak_of_days_are_known() {
        for (request, expected) in [
            ("rate on 2024-03-15?", true),
            ("rate on 3/15/2024", true),
            ("rate on 15.3.24.", true),
            ("rate on the 15th of March", true),
            ("rate on 2 may", true),
            ("rate of 3 Jan", true),
            ("rates in 2015", true),
            ("rate last Tuesday", true),
            ("may I have the rate", false),
            ("Convert 2000 EUR", false),
            ("ping 10.0.0.7", false),
            ("which orders does ann@example.com have?", false),
        ] {
            assert_eq!(speaks_of_day(&Request::new(request)), expected, "{request}");
        }
    }
}
