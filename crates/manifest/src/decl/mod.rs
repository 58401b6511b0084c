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

#[cfg(test)]
use crate::fields::Key;

/// Every table of keys with the name of its mapping.
#[cfg(test)]
pub(crate) const TABLES: &[(&str, &[Key])] = &[
    ("agent", agent::KEYS),
    ("agent.limits", agent::LIMIT_KEYS),
    ("api", api::KEYS),
    ("api and tool", policy::KEYS),
    ("auth", auth::KEYS),
    ("auth.basic", auth::BASIC_KEYS),
    ("auth.header and auth.query", auth::NAMED_KEYS),
    ("auth.oauth2", login::OAUTH2_KEYS),
    ("auth.token", login::TOKEN_KEYS),
    ("auth.token.request", login::REQUEST_KEYS),
    ("auth.token.send", login::SEND_KEYS),
    ("body", body::KEYS),
    ("mcp server", mcp::SERVER_KEYS),
    ("mcp tool", mcp::TOOL_KEYS),
    ("paginate", paginate::KEYS),
    ("param", param::KEYS),
    ("param keywords", param::KEYWORD_KEYS),
    ("redirects", policy::REDIRECT_KEYS),
    ("result", result::KEYS),
    ("secret", secrets::KEYS),
    ("step", step::KEYS),
    ("step.repeat", step::REPEAT_KEYS),
    ("test", case::KEYS),
    ("test.expect", case::EXPECT_KEYS),
    ("test.mocks", case::MOCK_KEYS),
    ("tool", tool::KEYS),
    ("top", top::KEYS),
    ("var", vars::KEYS),
    ("workflow", workflow::KEYS),
];

#[cfg(test)]
mod tests {
    use super::TABLES;

    #[test]
    fn tables_are_sorted_by_mapping_and_every_key_has_a_line_of_its_own() {
        assert!(TABLES.is_sorted_by_key(|(name, _)| *name));
        for (name, keys) in TABLES {
            for (index, key) in keys.iter().enumerate() {
                assert!(
                    !key.doc.is_empty() && !key.doc.contains('\n'),
                    "{name}.{}",
                    key.name
                );
                assert!(
                    keys[..index].iter().all(|other| other.name != key.name),
                    "{name}.{} twice",
                    key.name
                );
            }
        }
    }
}
