//! Keys of a manifest, from the parser's own tables.

use toolrun_manifest::{KeyDoc, KeyNeed, KeySection, key_reference};

use super::markdown::{anchor, sentence, table};

pub(super) fn page() -> String {
    let sections = key_reference();
    let mut text = "# Keys of a manifest\n\n\
        Every key that a manifest may hold, by the mapping that it stands in. Unknown keys are errors; keys that begin with `x-` are \
        allowed anywhere and ignored. Words in capitals, such as `TOOL`, are names that the author chooses.\n\n"
        .to_owned();
    text.push_str(&table(
        ["mapping", "stands at", "keys"],
        sections.iter().map(|section| {
            let link = |key: &KeyDoc| format!("[`{}`](#{})", key.name, id(section, key));
            let keys: Vec<String> = section.keys.iter().map(link).collect();
            [
                format!("[{}](#{})", section.name, anchor(section.name)),
                place(section),
                keys.join(" "),
            ]
        }),
    ));
    for section in &sections {
        text.push_str(&of_section(section));
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

fn place(section: &KeySection) -> String {
    match section.place {
        "" => "the top of the file".to_owned(),
        place => format!("`{place}`"),
    }
}

fn of_section(section: &KeySection) -> String {
    let mut text = format!("## {}\n\nStands at {}.", section.name, place(section));
    for rule in &section.rules {
        text.push_str(&format!(" It takes {}", sentence(rule)));
    }
    text.push_str("\n\n");
    text.push_str(&table(
        ["key", "what it says", "value", "absent"],
        section.keys.iter().map(|key| {
            [
                format!("<a id=\"{}\"></a>`{}`", id(section, key), key.name),
                sentence(key.docs),
                value(key),
                absent(key),
            ]
        }),
    ));
    text
}

/// What a link to a key names.
fn id(section: &KeySection, key: &KeyDoc) -> String {
    format!("{}.{}", section.name, key.name)
}

/// What may stand behind it, its mappings as links.
fn value(key: &KeyDoc) -> String {
    let mut text = key.shape.clone();
    for section in &key.sections {
        let link = format!("[`{section}`](#{})", anchor(section));
        text = text.replacen(
            &format!("the keys of `{section}`"),
            &format!("the keys of {link}"),
            1,
        );
    }
    text
}

fn absent(key: &KeyDoc) -> String {
    match (key.need, key.default) {
        (KeyNeed::Required, _) => "must be there".to_owned(),
        (KeyNeed::Optional, Some(default)) => default.to_owned(),
        (KeyNeed::Optional, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_place() {
        let text = page();
        for section in key_reference() {
            for key in &section.keys {
                assert!(
                    text.contains(&format!("<a id=\"{}.{}\"></a>", section.name, key.name)),
                    "{}.{}",
                    section.name,
                    key.name
                );
            }
        }
        assert!(
            text.contains("the keys of [`param`](#param)"),
            "a link to a mapping"
        );
    }
}
