//! A request as the evidence guard reads it: folded text, words, numbers.

use super::words::{MULTIPLES, NUMBERS, SPANS};

/// A request, prepared for being searched.
pub(super) struct Request {
    raw: String,
    /// Without case and accents.
    folded: String,
    /// Letters and digits alone.
    squeezed: String,
    words: Vec<String>,
    numbers: Vec<f64>,
}

impl Request {
    pub(super) fn new(text: &str) -> Self {
        let folded = fold(text);
        let words: Vec<String> = words_of(&folded).map(str::to_owned).collect();
        Self {
            raw: text.to_owned(),
            squeezed: squeeze(&folded),
            numbers: numbers(&folded),
            words,
            folded,
        }
    }

    /// The request as it was given.
    pub(super) fn raw(&self) -> &str {
        &self.raw
    }

    /// Whether any number stands there.
    pub(super) fn has_any_number(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// Whether the text stands there, as whole words or, for what is long
    /// enough to be no accident, with other punctuation.
    pub(super) fn has_text(&self, text: &str) -> bool {
        let folded = fold(text);
        let squeezed = squeeze(&folded);
        if squeezed.is_empty() {
            return !folded.trim().is_empty() && self.folded.contains(folded.trim());
        }
        self.has_phrase(&folded) || (squeezed.len() >= 6 && self.squeezed.contains(&squeezed))
    }

    /// Whether the words stand there next to each other; signs count anywhere.
    pub(super) fn has_phrase(&self, phrase: &str) -> bool {
        let wanted: Vec<&str> = words_of(phrase).collect();
        if wanted.is_empty() {
            return self.folded.contains(phrase);
        }
        self.words
            .windows(wanted.len())
            .any(|words| words.iter().eq(wanted.iter()))
    }

    /// Whether a word of the same stem stands there.
    pub(super) fn has_word_like(&self, word: &str) -> bool {
        self.words.iter().any(|known| akin(known, word))
    }

    /// Whether the number stands there in digits or words. Its sign may be said
    /// in many ways and is not looked for.
    pub(super) fn has_number(&self, number: f64) -> bool {
        let number = number.abs();
        let close = |known: &f64| (known - number).abs() <= 1e-9 * number.abs().max(1.0);
        self.numbers.iter().any(close)
    }

    /// Whether a code may be drawn from a word that begins like it and has all
    /// its letters, or from the initials of neighbours.
    pub(super) fn has_source_of(&self, code: &str) -> bool {
        let from_word = |word: &String| {
            word.len() > code.len()
                && word.chars().next() == code.chars().next()
                && code.chars().all(|letter| word.contains(letter))
        };
        let initials = |words: &[String]| {
            words
                .iter()
                .zip(code.chars())
                .all(|(word, letter)| word.starts_with(letter))
        };
        self.words.iter().any(from_word) || self.words.windows(code.len()).any(initials)
    }
}

/// Lower case, without the accents of Latin letters.
pub(super) fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
            'ç' | 'ć' | 'č' => 'c',
            'ď' | 'đ' => 'd',
            'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => 'e',
            'ğ' => 'g',
            'ì'..='ï' | 'ī' | 'ı' => 'i',
            'ł' => 'l',
            'ñ' | 'ń' | 'ň' => 'n',
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
            'ř' => 'r',
            'ś' | 'ş' | 'š' => 's',
            'ť' | 'ţ' => 't',
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
            'ý' | 'ÿ' => 'y',
            'ź' | 'ż' | 'ž' => 'z',
            other => other,
        })
        .collect()
}

/// Runs of letters and digits.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn squeeze(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// Whether two words share their stem: all of the shorter one but its end.
fn akin(a: &str, b: &str) -> bool {
    let shared = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let shorter = a.len().min(b.len());
    a == b || (shared >= 4 && shared + 1 >= shorter) || (shared >= 2 && plural(a, b))
}

fn plural(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.strip_prefix(short)
        .is_some_and(|end| matches!(end, "s" | "es"))
}

/// Every number of the text, and what it comes to with the multiple or span
/// behind it.
fn numbers(text: &str) -> Vec<f64> {
    // Digits in other notations, such as 1e-9, and lists in brackets.
    let plain = text.split(|c: char| c.is_whitespace() || "[](),;=".contains(c));
    let lists = text.split(['[', '(']).skip(1);
    let listed = lists
        .flat_map(|list| list.split([']', ')']).take(1))
        .flat_map(|list| list.split(','));
    let mut found: Vec<f64> = plain
        .filter(|word| word.contains('e'))
        .chain(listed)
        .filter_map(|word| word.trim().parse().ok())
        .collect();
    let mut open: Option<f64> = None;
    for token in pieces(text) {
        let in_digits = digits(&token).is_some();
        let value = digits(&token).or_else(|| look_up(NUMBERS, &token));
        let multiple = look_up(MULTIPLES, &token);
        let singular = token.strip_suffix('s').unwrap_or(&token);
        let spans = SPANS.iter().find(|(word, _)| *word == token || *word == singular);
        // "3,4" may be two numbers; "1,500" is one.
        if in_digits && !has_thousands(&token) {
            found.extend(token.split(',').filter_map(digits));
        }
        if let Some(before) = open.filter(|_| token == "pm") {
            found.push(before + 12.0);
        } else if let (Some(multiple), Some(before)) = (multiple, open) {
            found.push(before * multiple);
            open = Some(before * multiple);
        } else if let Some(value) = value {
            // "twenty-five", "two hundred and fifty", but not "5k, 2 million"
            let joins = |before: &f64| *before >= 20.0 && (1.0..before.min(100.0)).contains(&value);
            if let Some(before) = open.filter(|before| !in_digits && joins(before)) {
                found.push(before + value);
                open = Some(before + value);
            } else {
                open = Some(value);
            }
            found.push(value);
        } else {
            if let Some((_, sizes)) = spans {
                let count = open.unwrap_or(1.0);
                found.extend(sizes.iter().map(|size| size * count));
            }
            if !matches!(token.as_str(), "and" | "a" | "-") {
                open = None;
            }
        }
    }
    found.retain(|number| number.is_finite());
    found
}

/// Words, numbers with their separators, and percent signs.
fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut pieces: Vec<String> = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let start = at;
        let letter = letters[at];
        at += 1;
        if letter.is_ascii_digit() {
            let inside = |at: usize| {
                letters[at].is_ascii_digit()
                    || (matches!(letters[at], '.' | ',')
                        && letters.get(at + 1).is_some_and(char::is_ascii_digit))
            };
            while at < letters.len() && inside(at) {
                at += 1;
            }
            pieces.push(letters[start..at].iter().collect());
        } else if letter.is_alphabetic() {
            while at < letters.len() && letters[at].is_alphabetic() {
                at += 1;
            }
            pieces.push(letters[start..at].iter().collect());
        } else if letter == '%' {
            pieces.push("%".to_owned());
        }
    }
    pieces
}

/// Whether the commas stand where those of thousands do.
fn has_thousands(token: &str) -> bool {
    let whole = token.split('.').next().unwrap_or(token);
    let mut groups = whole.split(',');
    groups.next().is_some_and(|first| first.len() <= 3) && groups.all(|group| group.len() == 3)
}

/// Reads digits with separators of thousands in either style.
fn digits(token: &str) -> Option<f64> {
    token
        .starts_with(|letter: char| letter.is_ascii_digit())
        .then_some(())?;
    if let Ok(number) = token.parse() {
        return Some(number);
    }
    let last = token.rfind([',', '.'])?;
    let groups = token[last + 1..].len() == 3 && !token.contains('.');
    let (whole, fraction) = if groups { (token, "") } else { token.split_at(last) };
    let whole = whole.replace([',', '.'], "");
    let fraction = fraction.replace(',', ".");
    format!("{whole}{fraction}").parse().ok()
}

fn look_up(table: &[(&str, f64)], token: &str) -> Option<f64> {
    table
        .iter()
        .find(|(word, _)| *word == token)
        .map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn has(text: &str, expected: &[f64]) {
        let request = Request::new(text);
        for number in expected {
            assert!(
                request.has_number(*number),
                "{number} in `{text}`: {:?}",
                request.numbers
            );
        }
    }

    #[test]
    fn numbers_are_read_in_every_style() {
        has("1,500 and 2.5 and 1.234,50", &[1500.0, 2.5, 1234.5]);
        has("1,234,567.89", &[1_234_567.89]);
        has("3,5 percent", &[3.5, 0.035]);
        has("twenty-five of two hundred and fifty", &[25.0, 250.0]);
        has("5k, 2 million, half a dozen", &[5000.0, 2_000_000.0, 6.0]);
        has("two weeks", &[2.0, 14.0]);
        has("v2 and 10km", &[2.0, 10.0]);
        has(
            "from [22,33,200,300] to (3,4) at 1e-9",
            &[22.0, 300.0, 3.0, 4.0, 1e-9],
        );
        has("b=-3, paid monthly until 11 PM", &[-3.0, 12.0, 23.0]);
        assert!(!Request::new("1,500").has_number(500.0));
        assert!(!Request::new("no numbers").has_number(0.0));
    }

    #[test]
    fn words_are_found_by_their_stem() {
        let request = Request::new("It arrived damaged; two garden chairs, shipped");
        for word in ["damage", "chair", "ship", "garden"] {
            assert!(request.has_word_like(word), "{word}");
        }
        assert!(!request.has_word_like("order"));
        assert!(!request.has_word_like("car"));
    }
}
