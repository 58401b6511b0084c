//! Token counts as providers write them.

use serde_json::Value;

/// A count; one that is negative or no number says nothing, one beyond 64
/// bits is the largest there is.
pub(crate) fn count(value: &Value) -> Option<u64> {
    let Value::Number(number) = value else { return None };
    number.as_u64().or_else(|| {
        number
            .as_f64()
            .filter(|count| *count >= 0.0)
            .map(|count| count as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_whole_and_not_negative() {
        let cases = [
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("0", Some(0)),
            ("-1", None),
            ("9223372036854775808", Some(9_223_372_036_854_775_808)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("\"5\"", None),
            ("null", None),
        ];
        for (text, expected) in cases {
            assert_eq!(count(&serde_json::from_str(text).unwrap()), expected, "{text}");
        }
    }
}
