//! Estimates tokens where no tokenizer is at hand: of texts, and of a tool as
//! a model is offered it. Everything that says a number of tokens asks here.

use std::io;

use serde_json::Value;

/// Units in one token; see [`units`].
pub const UNITS_PER_TOKEN: u64 = 4;

/// The weight of a text in quarters of a token: a character of ASCII weighs
/// one (English and JSON have about four to a token), any other four (scripts
/// beyond Latin have about one to a token). It errs high for accented Latin.
pub fn units(text: &str) -> u64 {
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
pub fn estimate(text: &str) -> u64 {
    units(text).div_ceil(UNITS_PER_TOKEN)
}

/// An estimate of what one turn pays for being offered a tool.
pub fn of_tool(name: &str, description: &str, parameters: &Value) -> u64 {
    estimate(name) + estimate(description) + of_json(parameters)
}

/// An estimate of the tokens of a value as compact JSON.
fn of_json(value: &Value) -> u64 {
    let mut weight = Weight(0);
    serde_json::to_writer(&mut weight, value).expect("a value is JSON, and counting cannot fail");
    weight.0.div_ceil(UNITS_PER_TOKEN)
}

/// Weighs what is written, and keeps nothing of it.
struct Weight(u64);

impl io::Write for Weight {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            // A character beyond ASCII counts where it begins.
            self.0 += match byte {
                0..0x80 => 1,
                0x80..0xC0 => 0,
                _ => UNITS_PER_TOKEN,
            };
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

    #[test]
    fn json_weighs_as_much_as_its_text() {
        for value in [
            serde_json::json!({"type": "object", "properties": {"größe": {"description": "日本 ☃ \n"}}}),
            serde_json::json!([1, 2.5, null, true, "\u{1}"]),
        ] {
            assert_eq!(super::of_json(&value), estimate(&value.to_string()), "{value}");
        }
    }
}
