//! Tables of phrases that are looked for together, in one walk over a text:
//! a manifest may have thousands of descriptions, and a rule scores of phrases.

use std::ops::Range;

use aho_corasick::AhoCorasick;

/// Phrases, ready to be looked for.
#[derive(Debug)]
pub(crate) struct Phrases(AhoCorasick);

impl Phrases {
    /// Of a table; its order counts for [`Self::first`]. Case makes a difference.
    pub(crate) fn of<'a>(all: impl IntoIterator<Item = &'a str>) -> Self {
        // Texts are short, and what looks for rare letters first costs more
        // than it spares.
        let automaton = AhoCorasick::builder().prefilter(false).build(all);
        Self(automaton.expect("a table has far fewer phrases than an automaton can hold"))
    }

    /// Whether one of them stands anywhere in a text.
    pub(crate) fn occur_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Whether a text has one of them, and not only as a part of other words.
    pub(crate) fn are_words_of(&self, text: &str) -> bool {
        let mut found = self.each(text);
        found.any(|(_, place)| {
            !text[..place.start].ends_with(char::is_alphanumeric)
                && !text[place.end..].starts_with(char::is_alphanumeric)
        })
    }

    /// Of those that occur the one that stands first in the table, where it
    /// does so first.
    pub(crate) fn first(&self, text: &str) -> Option<Range<usize>> {
        let found = self.each(text).min_by_key(|(row, place)| (*row, place.start))?;
        Some(found.1)
    }

    /// The occurrences with their rows in the table, none of them begun before
    /// the last has ended.
    pub(crate) fn each_apart<'t>(
        &'t self,
        text: &'t str,
    ) -> impl Iterator<Item = (usize, Range<usize>)> + 't {
        let found = self.0.find_iter(text);
        found.map(|found| (found.pattern().as_usize(), found.range()))
    }

    /// Every occurrence, those within others too.
    fn each<'t>(&'t self, text: &'t str) -> impl Iterator<Item = (usize, Range<usize>)> + 't {
        // Most texts have none, and that is told sooner.
        let some = self.occur_in(text).then(|| self.0.find_overlapping_iter(text));
        let found = some.into_iter().flatten();
        found.map(|found| (found.pattern().as_usize(), found.range()))
    }
}

#[cfg(test)]
mod tests {
    use super::Phrases;

    #[test]
    fn words_are_whole_and_the_table_says_which_is_first() {
        let phrases = Phrases::of(["or", "a part", "part"]);
        assert!(phrases.occur_in("a word"));
        assert!(!phrases.occur_in("OR"));
        assert!(!phrases.are_words_of("word, éor, apart, parts, or1"));
        for text in ["this or that", "or", "«or»", "of a part", "parts, part"] {
            assert!(phrases.are_words_of(text), "{text}");
        }
        assert_eq!(phrases.first("part of a part or word"), Some(15..17));
        assert_eq!(phrases.first("part of a part"), Some(8..14));
        assert_eq!(phrases.first("none"), None);
    }
}
