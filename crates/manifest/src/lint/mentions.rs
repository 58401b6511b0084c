//! Which secrets and vars a manifest names anywhere: in templates of every
//! kind, read as text, and in `auth`. What is named counts as used.

use std::collections::HashSet;

use super::Checked;
use crate::decl::auth::AuthKind;
use crate::source::Sources;

/// The secrets that any `auth` or template names.
pub(crate) fn secrets<'a>(checked: &Checked<'a>) -> HashSet<&'a str> {
    let mut names = members("secrets", checked.sources);
    for file in checked.world.files {
        let apis = file.decl.apis.iter().filter_map(|api| api.policy.auth.as_ref());
        let tools = file
            .decl
            .tools
            .iter()
            .filter_map(|tool| tool.policy.auth.as_ref());
        let servers = file.decl.mcp.iter().filter_map(|server| server.auth.as_ref());
        for auth in apis.chain(tools).chain(servers) {
            let name = match &auth.kind {
                AuthKind::Bearer(name) => name,
                AuthKind::Header { secret, .. } | AuthKind::Query { secret, .. } => secret,
                AuthKind::Basic { password, .. } => password,
                AuthKind::OAuth2(login) => login.client_secret,
                AuthKind::Token(_) | AuthKind::None | AuthKind::Invalid => continue,
            };
            names.insert(name.as_str());
        }
    }
    names
}

/// The names behind `group.` and in `group['…']` in all files.
pub(crate) fn members<'a>(group: &str, sources: &'a Sources) -> HashSet<&'a str> {
    let mut names = HashSet::new();
    for (_, source) in sources.iter() {
        for (at, _) in source.text.match_indices(group) {
            let rest = &source.text[at + group.len()..];
            let member = ["[\\\"", "[\"", "['", "."]
                .iter()
                .find_map(|opening| rest.strip_prefix(opening));
            if let Some(member) = member {
                let end = member
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .unwrap_or(member.len());
                names.insert(&member[..end]);
            }
        }
    }
    names
}
