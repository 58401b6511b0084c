//! Estimates tokens where no tokenizer is at hand.

/// Units in one token; see [`units`].
pub(crate) const UNITS_PER_TOKEN: u64 = 4;

/// The weight of a text in quarters of a token: a character of ASCII weighs
/// one (English and JSON have about four to a token), any other four (scripts
/// beyond Latin have about one to a token). It errs high for accented Latin.
pub(crate) fn units(text: &str) -> u64 {
    let others: u64 = text
        .chars()
        .filter(|c| !c.is_ascii())
        .count()
        .try_into()
        .unwrap_or(u64::MAX);
    let ascii: u64 = text
        .bytes()
        .filter(u8::is_ascii)
        .count()
        .try_into()
        .unwrap_or(u64::MAX);
    others.saturating_mul(UNITS_PER_TOKEN).saturating_add(ascii)
}

/// An estimate of a text's tokens.
pub(crate) fn estimate(text: &str) -> u64 {
    units(text).div_ceil(UNITS_PER_TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates() {
        for (text, tokens) in [
            ("", 0),
            ("a", 1),
            ("abcd", 1),
            ("abcde", 2),
            ("日本", 2),
            ("aé", 2),
        ] {
            assert_eq!(estimate(text), tokens, "{text}");
        }
    }
}
