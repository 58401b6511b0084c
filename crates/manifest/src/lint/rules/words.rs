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

/// The words in lower case, without the endings of verbs and plurals.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let word = word.to_lowercase();
            match word.strip_suffix('s') {
                Some(stem) if stem.len() > 2 && !stem.ends_with('s') => stem.to_owned(),
                _ => word,
            }
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
