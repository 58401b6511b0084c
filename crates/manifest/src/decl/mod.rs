//! Declarations as written: every value with its span, nothing looked up yet.
//! Each file has a table of its keys and reads one kind of mapping.

pub(crate) mod agent;
pub(crate) mod api;
pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod case;
pub(crate) mod lints;
pub(crate) mod login;
pub(crate) mod mcp;
pub(crate) mod paginate;
pub(crate) mod param;
pub(crate) mod policy;
pub(crate) mod result;
pub(crate) mod secrets;
pub(crate) mod step;
pub(crate) mod tool;
pub(crate) mod top;
pub(crate) mod vars;
pub(crate) mod workflow;

use crate::shape::Section;

/// Every mapping with keys of the language, sorted by name.
pub(crate) static SECTIONS: &[&Section] = &[
    &agent::SECTION,
    &agent::LIMITS,
    &api::SECTION,
    &auth::SECTION,
    &auth::BASIC,
    &auth::NAMED,
    &login::OAUTH2,
    &login::TOKEN,
    &login::REQUEST,
    &login::BODY,
    &login::SEND,
    &body::SECTION,
    &top::SECTION,
    &mcp::SERVER,
    &paginate::SECTION,
    &param::SECTION,
    &param::ITEMS,
    &policy::REDIRECTS,
    &result::SECTION,
    &secrets::SECTION,
    &step::SECTION,
    &step::ON_ERROR_VALUE,
    &step::REPEAT,
    &case::SECTION,
    &case::ANY_ORDER,
    &case::EXPECT,
    &case::MOCK,
    &case::REQUEST,
    &tool::SECTION,
    &mcp::TOOL,
    &vars::SECTION,
    &workflow::SECTION,
];

#[cfg(test)]
mod tests {
    use super::SECTIONS;
    use crate::shape::Shape;

    #[test]
    fn sections_are_sorted_and_every_key_has_a_line_of_its_own() {
        assert!(SECTIONS.is_sorted_by_key(|section| section.name));
        for section in SECTIONS {
            let keys: Vec<_> = section.keys().collect();
            for (index, key) in keys.iter().enumerate() {
                let name = format!("{}.{}", section.name, key.name);
                assert!(!key.doc.is_empty() && !key.doc.contains('\n'), "{name}");
                assert!(
                    keys[..index].iter().all(|other| other.name != key.name),
                    "{name} twice"
                );
                assert!(
                    !matches!(key.shape, Shape::Unsaid),
                    "say what `{name}` may be: add `.is(Shape::…)` to its row"
                );
            }
        }
    }

    #[test]
    fn rules_name_keys_of_their_section() {
        use crate::shape::Rule;
        for section in SECTIONS {
            let named = section.rules.iter().flat_map(|rule| match *rule {
                Rule::One(names) | Rule::Any(names) => names.to_vec(),
                Rule::NotBoth(a, b) | Rule::Needs(a, b) => vec![a, b],
            });
            for name in named.chain(section.without.iter().copied()) {
                let known = section
                    .tables
                    .iter()
                    .flat_map(|table| *table)
                    .any(|key| key.name == name);
                assert!(known, "{} has no key `{name}`", section.name);
            }
        }
    }
}
