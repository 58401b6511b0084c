//! JSON of an answer as a value, in bounded memory: a text of a mebibyte can
//! name half a million values, and each of them takes a hundred times the
//! place in memory that it takes in the text.

use serde_json::Value;

/// The most that the values of one text may take, as estimated.
const MOST: usize = 40 << 20;

/// About what each value takes wherever it stands.
const VALUE: usize = 104;
/// What an object takes besides its values, once it has a field.
const OBJECT: usize = 400;
/// What a field takes besides its value: the key and its place in the index.
const FIELD: usize = 96;

/// Why a text did not become a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is no JSON, or nested too deeply to be read.
    #[error("not JSON, or nested too deeply")]
    Malformed,
    /// It names more values than memory is given for.
    #[error("too many values")]
    TooLarge,
}

/// Reads a text as JSON; numbers keep their digits.
pub fn parse_json(text: &str) -> Result<Value, JsonError> {
    if !fits_memory(text) {
        return Err(JsonError::TooLarge);
    }
    serde_json::from_str(text).map_err(|_| JsonError::Malformed)
}

/// Whether the values of a text, one JSON value or several, may be held.
pub fn fits_memory(text: &str) -> bool {
    json_weight(text) <= MOST
}

/// About how many bytes of memory the values of a text take.
pub fn json_weight(text: &str) -> usize {
    weight(text.as_bytes())
}

fn weight(text: &[u8]) -> usize {
    let mut weight = VALUE;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b'[' => weight += VALUE,
            b'{' => weight += OBJECT,
            b':' => weight += FIELD,
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    weight
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_honest_is_read_and_keeps_its_digits() {
        let record =
            r#"{"id":123456789012345678901,"name":"a name, with: signs [and] {more}","price":1.50},"#;
        let list = format!("[{}null]", record.repeat((1 << 20) / record.len()));
        let value = parse_json(&list).unwrap();
        assert_eq!(value[0]["id"].to_string(), "123456789012345678901");
        let series = format!("[{}0]", "21.5,".repeat((1 << 20) / 5));
        assert!(parse_json(&series).is_ok());
        let text = format!("[\"{}\"]", "\\\",{[".repeat(200_000));
        assert!(parse_json(&text).is_ok());
    }

    #[test]
    fn few_bytes_cannot_become_much_memory() {
        for part in ["1,", "[],", "{},", r#"{"a":1},"#, r#"{"a":{}},"#, r#""","#] {
            let text = format!("[{}1]", part.repeat((1 << 20) / part.len()));
            let outcome = parse_json(&text);
            let measured = matches!(part, "[]," | r#""","# | "{},");
            assert!(outcome == Err(JsonError::TooLarge) || measured, "{part}");
        }
        assert_eq!(parse_json("{"), Err(JsonError::Malformed));
        assert_eq!(parse_json(&"[".repeat(100_000)), Err(JsonError::Malformed));
    }
}
