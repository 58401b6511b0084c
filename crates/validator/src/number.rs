//! What the text of a number means, without ever going through a float.

/// A JSON number's text, judged as an integer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whole {
    /// Not an integer.
    No,
    /// An integer of at most 64 bits, in canonical digits.
    Fits(String),
    /// An integer that neither `i64` nor `u64` can hold.
    TooBig,
}

/// More decimal places to shift than any 64-bit integer has digits.
const MOST_DIGITS: usize = 20;

/// Judges a JSON number's text: `1`, `1.0` and `1e0` are all the integer 1.
pub(crate) fn whole(text: &str) -> Whole {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{integer}{fraction}");
    let kept = all.trim_end_matches('0');
    let significant = kept.trim_start_matches('0');
    if significant.is_empty() {
        return Whole::Fits("0".into());
    }
    let exponent: i64 = match exponent.trim_start_matches('+').parse() {
        Ok(exponent) => exponent,
        Err(_) if exponent.starts_with('-') => return Whole::No,
        Err(_) => return Whole::TooBig,
    };
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    let shift = exponent
        .saturating_sub(length(fraction))
        .saturating_add(length(&all).saturating_sub(length(kept)));
    let Ok(zeros) = usize::try_from(shift) else {
        return Whole::No;
    };
    if significant.len().saturating_add(zeros) > MOST_DIGITS {
        return Whole::TooBig;
    }
    let sign = if negative { "-" } else { "" };
    let canonical = format!("{sign}{significant}{}", "0".repeat(zeros));
    if canonical.parse::<i64>().is_ok() || canonical.parse::<u64>().is_ok() {
        Whole::Fits(canonical)
    } else {
        Whole::TooBig
    }
}

/// Whether a JSON number's text has a value that a double can hold at all.
pub(crate) fn is_finite(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Whether a text is an integer as it would be written: no sign but `-`, no
/// leading zeros, nothing around it.
pub(crate) fn is_canonical_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    text != "-0" && is_plain(digits)
}

/// Whether a text is a decimal number as it would be written, without exponent.
pub(crate) fn is_canonical_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    match digits.split_once('.') {
        None => is_canonical_integer(text),
        Some((integer, fraction)) => {
            is_plain(integer) && !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())
        }
    }
}

fn is_plain(digits: &str) -> bool {
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_every_dress() {
        let fits = [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("0e999999999999999999999", "0"),
            ("1", "1"),
            ("1.0", "1"),
            ("1.000", "1"),
            ("10", "10"),
            ("1e3", "1000"),
            ("1.5e1", "15"),
            ("100e-2", "1"),
            ("-1.20e2", "-120"),
            ("9007199254740993", "9007199254740993"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("18446744073709551615", "18446744073709551615"),
            ("1E+2", "100"),
        ];
        for (text, digits) in fits {
            assert_eq!(whole(text), Whole::Fits(digits.into()), "{text}");
        }
        for text in ["1.5", "0.1", "1e-1", "15e-2", "1e-99999999999999999999", "-0.5"] {
            assert_eq!(whole(text), Whole::No, "{text}");
        }
        for text in [
            "18446744073709551616",
            "-9223372036854775809",
            "1e20",
            "1e400",
            "1e99999999999999999999",
        ] {
            assert_eq!(whole(text), Whole::TooBig, "{text}");
        }
    }

    #[test]
    fn canonical_strings() {
        for text in ["0", "5", "-5", "120"] {
            assert!(is_canonical_integer(text), "{text}");
        }
        for text in [
            "", "-", "-0", "05", "+5", " 5", "5 ", "0x5", "1e3", "5.0", "٥", "1_000", "1,000",
        ] {
            assert!(!is_canonical_integer(text), "{text}");
        }
        for text in ["0", "5", "-5", "0.5", "-0.5", "12.50"] {
            assert!(is_canonical_decimal(text), "{text}");
        }
        for text in [
            "", ".5", "5.", "05.1", "1e3", "NaN", "1.5.2", "+1.5", " 1.5", "inf", "-0", "1,5",
        ] {
            assert!(!is_canonical_decimal(text), "{text}");
        }
    }
}
