//! The descriptions of a manifest, and what their words say. Not a rule.

use crate::lint::Checked;
use crate::text::Text;

/// What a description describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// A tool or a workflow.
    Callable,
    /// A param of either.
    Param,
}

/// Every description with the name of what it describes.
pub(crate) fn descriptions<'a>(checked: &Checked<'a>) -> Vec<(Of, &'a Text, &'a Text)> {
    let mut all = Vec::new();
    for file in checked.world.files {
        let tools = file
            .decl
            .tools
            .iter()
            .map(|tool| (tool.name, tool.description, &tool.params));
        let workflows = file
            .decl
            .workflows
            .iter()
            .map(|flow| (flow.name, flow.description, &flow.params));
        for (name, description, params) in tools.chain(workflows) {
            all.extend(description.map(|text| (Of::Callable, name, text)));
            all.extend(
                params
                    .iter()
                    .filter_map(|param| Some((Of::Param, param.name, param.description?))),
            );
        }
    }
    all
}

/// Whether a description says nothing but the name.
pub(crate) fn repeats(name: &str, description: &str) -> bool {
    const EMPTY: &[&str] = &[
        "a",
        "an",
        "the",
        "of",
        "to",
        "for",
        "this",
        "is",
        "value",
        "param",
        "parameter",
        "field",
        "argument",
        "tool",
    ];
    let name: Vec<String> = words(name).collect();
    let mut said = words(description)
        .filter(|word| !EMPTY.contains(&word.as_str()))
        .peekable();
    said.peek().is_some() && said.all(|word| name.contains(&word))
}

/// The words of a text that carry meaning, sorted, each once.
pub(crate) fn content(text: &str) -> Vec<String> {
    const SMALL: &[&str] = &[
        "a", "all", "an", "and", "are", "as", "at", "by", "for", "from", "in", "is", "it", "its", "of", "on",
        "or", "that", "the", "thi", "to", "which", "with",
    ];
    let mut words: Vec<String> = words(text)
        .filter(|word| !SMALL.contains(&word.as_str()))
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// A noun without the ending of its plural.
pub(crate) fn singular(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']) => stem,
        _ => word,
    }
}

/// Whether a text has these words and not only as a part of others.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(char::is_alphanumeric)
            && !text[at + word.len()..].starts_with(char::is_alphanumeric)
    })
}

/// The words in lower case, without the endings of verbs and plurals.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut word = word.to_lowercase();
            if let Some(stem) = word.strip_suffix('s')
                && stem.len() > 2
                && !stem.ends_with('s')
            {
                word.pop();
            }
            word
        })
}

#[cfg(test)]
mod tests {
    use super::repeats;

    #[test]
    fn a_description_repeats_a_name_when_it_adds_no_word() {
        for (name, description, expected) in [
            ("get_weather", "Gets the weather.", true),
            ("get_weather", "Get weather", true),
            ("city", "The city", true),
            ("city", "The name of the city", false),
            ("limit", "limit parameter", true),
            ("limit", "How many at most", false),
            ("find_orders", "Lists a customer's orders", false),
        ] {
            assert_eq!(repeats(name, description), expected, "{name}: {description}");
        }
    }
}
