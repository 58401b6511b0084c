//! Hides every known secret, in raw and encoded forms, from a text.
//! Texts that arrive in pieces go through [`RedactedStream`].

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use secrecy::ExposeSecret;

use crate::forms;
use crate::secret::Secret;
use crate::unescape::unescaped;

/// What stands in the place of a secret.
pub const HIDDEN: &str = "***";

/// A JSON text inside a string of a JSON text is looked into, and once more.
const DEEPEST_SPELLING: usize = 3;

/// Knows every secret that was read in this process; clones share it.
///
/// Secrets of fewer than four bytes are not looked for, as they would be
/// found everywhere.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    /// Every form of every secret, sorted.
    forms: Vec<String>,
    /// Looks for all of them; made when first needed after learning.
    finder: Option<Arc<Finder>>,
}

/// Looks for a fixed set of forms.
struct Finder {
    forms: Vec<String>,
    longest: usize,
    automaton: AhoCorasick,
}

impl Redactor {
    /// Learns a secret: from now on each of its forms is hidden.
    pub fn learn(&self, secret: &Secret) {
        self.add(forms::forms(secret.expose_secret()));
    }

    /// Learns the pair of a user name and a password as HTTP Basic sends it.
    pub fn learn_basic(&self, user: &str, password: &Secret) {
        let pair = forms::basic_pair(user, password.expose_secret());
        self.add(forms::forms(&pair));
    }

    /// The text with `***` in the place of every secret.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.finder() {
            Some(finder) => finder.redact(text),
            None => Cow::Borrowed(text),
        }
    }

    /// Bytes that are not UTF-8, with `***` in the place of every secret.
    pub(crate) fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        match self.finder() {
            Some(finder) => finder.redact_bytes(bytes),
            None => bytes.to_vec(),
        }
    }

    /// A redactor for a text that arrives in pieces.
    pub fn stream(&self) -> RedactedStream {
        RedactedStream {
            redactor: self.clone(),
            held: String::new(),
        }
    }

    fn add(&self, forms: Vec<String>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms {
            if let Err(place) = known.forms.binary_search(&form) {
                known.forms.insert(place, form);
                known.finder = None;
            }
        }
    }

    fn finder(&self) -> Option<Arc<Finder>> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.finder.is_some() || known.forms.is_empty() {
                return known.finder.clone();
            }
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.finder.is_none() {
            known.finder = Some(Arc::new(Finder::new(known.forms.clone())));
        }
        known.finder.clone()
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(***)")
    }
}

impl Finder {
    fn new(forms: Vec<String>) -> Self {
        // Overlapping matches need the standard kind: every form is found,
        // also where two secrets share bytes.
        // Long forms that repeat themselves would take a DFA minutes to build.
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(&forms)
            .expect("the forms of some secrets are far from the automaton's limits");
        let longest = forms.iter().map(String::len).max().unwrap_or_default();
        Self {
            forms,
            longest,
            automaton,
        }
    }

    /// Where secrets stand, in order and without overlaps.
    fn places(&self, text: impl AsRef<[u8]>) -> Vec<Range<usize>> {
        joined(self.found(text.as_ref()).collect())
    }

    /// The same, also where JSON spells a secret in another way than we do,
    /// such as `\u0042` for `B`; a string inside a string too.
    fn places_in_any_spelling(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = self.found(text.as_bytes()).collect();
        let mut spelled = unescaped(text, None);
        for _ in 0..DEEPEST_SPELLING {
            let Some(plain) = spelled else { break };
            let places = self.found(plain.text.as_bytes());
            found.extend(places.map(|place| plain.from[place.start]..plain.from[place.end]));
            spelled = unescaped(&plain.text, Some(&plain.from));
        }
        joined(found)
    }

    fn found(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        self.automaton
            .find_overlapping_iter(text)
            .map(|found| found.range())
    }

    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let places = self.places_in_any_spelling(text);
        if places.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for place in places {
            out.push_str(&text[done..place.start]);
            out.push_str(HIDDEN);
            done = place.end;
        }
        out.push_str(&text[done..]);
        Cow::Owned(out)
    }

    fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut done = 0;
        for place in self.places(bytes) {
            out.extend_from_slice(&bytes[done..place.start]);
            out.extend_from_slice(HIDDEN.as_bytes());
            done = place.end;
        }
        out.extend_from_slice(&bytes[done..]);
        out
    }

    /// From where on the text may be the beginning of a secret that goes on
    /// in the next piece, also one that JSON spells in another way.
    fn open_end(&self, text: &str) -> usize {
        let whole = whole_escapes(text);
        let mut open = self.open_in(text).min(self.open_in(&text[..whole]));
        let mut spelled = unescaped(&text[..whole], None);
        for _ in 0..DEEPEST_SPELLING {
            let Some(plain) = spelled else { break };
            let whole = whole_escapes(&plain.text);
            let inner = self.open_in(&plain.text).min(self.open_in(&plain.text[..whole]));
            open = open.min(plain.from[inner]);
            spelled = unescaped(&plain.text[..whole], Some(&plain.from));
        }
        open
    }

    fn open_in(&self, text: &str) -> usize {
        let earliest = text.len().saturating_sub(self.longest.saturating_sub(1));
        let open = (earliest..text.len())
            .filter(|start| text.is_char_boundary(*start))
            .find(|start| self.begins(&text[*start..]))
            .unwrap_or(text.len());
        // A secret that is already complete may overlap with one that is not.
        self.places(text)
            .into_iter()
            .find(|place| place.start < open && open < place.end)
            .map_or(open, |place| place.start)
    }

    fn begins(&self, start: &str) -> bool {
        let place = self.forms.partition_point(|form| form.as_str() < start);
        // The exact form itself is complete, though a longer one may follow it.
        self.forms[place..]
            .iter()
            .take_while(|form| form.starts_with(start))
            .any(|form| form.len() > start.len())
    }
}

/// Where an escape of JSON begins that the end of the text cuts; a pair of
/// `\u` escapes is one. The whole text when there is none.
fn whole_escapes(text: &str) -> usize {
    const LONGEST: usize = "\\u0000\\u0000".len();
    let mut earliest = text.len().saturating_sub(LONGEST - 1);
    while !text.is_char_boundary(earliest) {
        earliest += 1;
    }
    let tail = &text[earliest..];
    let digits = |word: &str| word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_cut = |word: &str| match word.strip_prefix("\\u") {
        Some(rest) if rest.len() < 4 => digits(rest),
        // The first half of a pair waits for the second.
        Some(rest) => {
            let (first, second) = rest.split_at_checked(4).unwrap_or((rest, ""));
            let high = u16::from_str_radix(first, 16).is_ok_and(|unit| (0xd800..0xdc00).contains(&unit));
            high && (second.is_empty()
                || second == "\\"
                || second
                    .strip_prefix("\\u")
                    .is_some_and(|rest| rest.len() < 4 && digits(rest)))
        }
        None => word == "\\",
    };
    let cut = tail.match_indices('\\').find(|(at, _)| is_cut(&tail[*at..]));
    cut.map_or(text.len(), |(at, _)| earliest + at)
}

/// Places in order, those that overlap as one.
fn joined(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_unstable_by_key(|place| place.start);
    let mut places: Vec<Range<usize>> = Vec::new();
    for place in found {
        match places.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            _ => places.push(place),
        }
    }
    places
}

/// Redacts a text that arrives in pieces. It holds back only what may be the
/// beginning of a secret.
#[derive(Debug)]
pub struct RedactedStream {
    redactor: Redactor,
    held: String,
}

impl RedactedStream {
    /// Takes a piece and returns what can be shown.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let Some(finder) = self.redactor.finder() else {
            return std::mem::take(&mut self.held);
        };
        let open = finder.open_end(&self.held);
        let rest = self.held.split_off(open);
        let shown = std::mem::replace(&mut self.held, rest);
        finder.redact(&shown).into_owned()
    }

    /// Returns the rest at the end of the text.
    pub fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.held);
        self.redactor.redact(&rest).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn knowing(secrets: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        for secret in secrets {
            redactor.learn(&Secret::from(*secret));
        }
        redactor
    }

    #[track_caller]
    fn case(secrets: &[&str], text: &str, expected: &str) {
        assert_eq!(knowing(secrets).redact(text), expected);
    }

    #[test]
    fn hides_each_form() {
        let secret = "k\u{e9}y/+ \"1\"&x";
        let json = serde_json::json!({ "a": secret }).to_string();
        let forms = [
            secret.to_owned(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC)
                .to_string()
                .to_lowercase(),
            "k%C3%A9y%2F%2B+%221%22%26x".to_owned(),
            "k%c3%a9y%2f%2b%20%221%22%26x".to_owned(),
            STANDARD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            STANDARD.encode(format!("user:{secret}")),
            json[5..json.len() - 1].to_owned(),
            r#"k\u00e9y\/+ \"1\"&x"#.to_owned().replace("\\/", "/"),
            format!("{secret:?}"),
            "k\u{e9}y/+ &quot;1&quot;&amp;x".to_owned(),
            secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
            secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
        ];
        let redactor = knowing(&[secret]);
        for form in &forms {
            let text = format!("before {form} after");
            let shown = redactor.redact(&text);
            assert!(shown.contains("***"), "{form} as {shown}");
            assert!(shown.len() < text.len().saturating_sub(6), "{form} as {shown}");
        }
    }

    #[test]
    fn hides_what_json_spells_in_another_way() {
        let secret = r#"sk-B/7"x-canary"#;
        for spelled in [
            r#"sk-\u0042/7\"x-canary"#,
            r#"sk-B\/7\"x-canary"#,
            r#"\u0073k-B\/7\u0022x-canar\u0079"#,
            r#"sk-\\u0042\\/7\\\"x-canary"#,
        ] {
            let text = format!(r#"{{"a":"b\n","echo":"{spelled}","c":1}}"#);
            let expected = r#"{"a":"b\n","echo":"***","c":1}"#;
            assert_eq!(knowing(&[secret]).redact(&text), expected, "{spelled}");
        }
    }

    #[test]
    fn hides_basic_pairs() {
        let redactor = Redactor::default();
        redactor.learn_basic("ann", &Secret::from("pw"));
        let header = format!("Basic {}", STANDARD.encode("ann:pw"));
        assert_eq!(redactor.redact(&header), "Basic ***");
    }

    #[test]
    fn leaves_other_text_alone() {
        case(&[], "anything", "anything");
        case(&["canary"], "a can of ary", "a can of ary");
        case(&["", "a", "abc"], "abc a", "abc a");
        assert!(matches!(knowing(&["canary"]).redact("clean"), Cow::Borrowed(_)));
    }

    #[test]
    fn hides_overlapping_and_repeated_secrets() {
        case(&["canary"], "canary", "***");
        case(&["canary"], "canarycanary", "******");
        case(&["canary", "canary-long"], "<canary-long>", "<***>");
        case(&["abcdef", "defghi"], "<abcdefghi>", "<***>");
        case(&["canary", "nary"], "canary nary", "*** ***");
    }

    #[test]
    fn a_stream_holds_back_no_more_than_it_must() {
        let redactor = knowing(&["canary-1234"]);
        let mut stream = redactor.stream();
        assert_eq!(stream.push("hello "), "hello ");
        assert_eq!(stream.push("world can"), "world ");
        assert_eq!(stream.push("not"), "cannot");
        assert_eq!(stream.push(" canary"), " ");
        assert_eq!(stream.push("-1234!"), "***!");
        assert_eq!(stream.push("canary-1"), "");
        assert_eq!(stream.finish(), "canary-1");
    }

    #[test]
    fn a_stream_learns_on_the_way() {
        let redactor = Redactor::default();
        let mut stream = redactor.stream();
        assert_eq!(stream.push("can"), "can");
        redactor.learn(&Secret::from("ary-secret"));
        assert_eq!(stream.push("ary-"), "");
        assert_eq!(stream.push("secret"), "***");
    }

    fn config() -> ProptestConfig {
        ProptestConfig {
            cases: 256,
            rng_seed: RngSeed::Fixed(7),
            failure_persistence: None,
            ..ProptestConfig::default()
        }
    }

    proptest! {
        #![proptest_config(config())]

        /// Whatever stands around a secret and however the text is cut.
        #[test]
        fn a_canary_never_comes_out(
            secret in "[!-~é]{8,24}",
            before in "[ -~]{0,12}",
            after in "[ -~]{0,12}",
            cuts in proptest::collection::vec(0usize..60, 0..6),
        ) {
            let redactor = knowing(&[&secret]);
            let in_base64 = STANDARD.encode(format!("{before}{secret}{after}"));
            let shown = redactor.redact(&in_base64).into_owned();
            prop_assert!(shown.contains(HIDDEN), "{in_base64}");

            let text = format!("{before}{secret}{after}{}", utf8_percent_encode(&secret, NON_ALPHANUMERIC));
            let whole = redactor.redact(&text).into_owned();
            prop_assert!(!whole.contains(&secret));

            let mut stream = redactor.stream();
            let mut shown = String::new();
            let mut rest = text.as_str();
            for cut in cuts {
                let at = (0..=cut.min(rest.len())).rev().find(|at| rest.is_char_boundary(*at)).unwrap();
                shown.push_str(&stream.push(&rest[..at]));
                rest = &rest[at..];
            }
            shown.push_str(&stream.push(rest));
            shown.push_str(&stream.finish());
            prop_assert_eq!(shown, whole);
        }

        #[test]
        fn honest_text_is_unchanged(text in "\\PC{0,200}") {
            let redactor = knowing(&["canary-0123456789", "another canary/+="]);
            prop_assert_eq!(redactor.redact(&text), text.as_str());
            let mut stream = redactor.stream();
            let mut shown = stream.push(&text);
            shown.push_str(&stream.finish());
            prop_assert_eq!(shown, text);
        }
    }

    #[test]
    fn a_spelled_secret_is_hidden_however_it_is_cut() {
        let secret = "cañary/\u{1f511}-1234";
        let redactor = knowing(&[secret]);
        let spell = |upper: bool| -> String {
            let mut units = [0; 2];
            let words = secret.chars().flat_map(|c| c.encode_utf16(&mut units).to_vec());
            words
                .map(|unit| {
                    if upper {
                        format!("\\u{unit:04X}")
                    } else {
                        format!("\\u{unit:04x}")
                    }
                })
                .collect()
        };
        let mixed = secret.replace('n', "\\u006e").replace('/', "\\/");
        let twice = spell(false).replace('\\', "\\\\");
        for spelled in [
            spell(false),
            spell(true),
            secret.replace('a', "\\u0061"),
            mixed,
            twice,
        ] {
            let text = format!("it is {spelled}, \\\\ you know");
            let cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            for (number, first) in cuts.iter().enumerate() {
                for second in &cuts[number..] {
                    let mut stream = redactor.stream();
                    let mut shown = stream.push(&text[..*first]);
                    shown.push_str(&stream.push(&text[*first..*second]));
                    shown.push_str(&stream.push(&text[*second..]));
                    shown.push_str(&stream.finish());
                    // A backslash of a spelling in a spelling tells nothing.
                    let shown = shown.replace("\\***", "***");
                    assert_eq!(
                        shown, "it is ***, \\\\ you know",
                        "{spelled} cut at {first} and {second}"
                    );
                }
            }
        }
    }

    /// A finder whose cost grows with the square of a secret's length would
    /// not end here: a login server chooses its tokens.
    #[test]
    fn a_long_secret_that_repeats_itself_is_learned_at_once() {
        let redactor = knowing(&[&"A".repeat(64 << 10)]);
        assert_eq!(redactor.redact(&"A".repeat(100)), "A".repeat(100));
        assert_eq!(redactor.redact(&"A".repeat(70_000)), HIDDEN);
    }
}
