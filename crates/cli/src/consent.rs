//! Which secrets may be read, before any is and before anything is sent. A
//! source that this build does not read ends the command. An environment
//! variable that another product owns and that would go elsewhere needs a
//! person's yes.
//!
//! The yes holds for this process only: this build keeps no record of trust.

use std::collections::{BTreeMap, BTreeSet};

use toolrun_manifest::{Auth, Endpoint, HttpEndpoint, Manifest, SecretDecl, SecretOrigin, Tool};
use toolrun_model::PROVIDERS;

use crate::console::{Console, Style, escaped};
use crate::exit::{Failure, Kind};
use crate::question::{OwnTerminal, said_yes};
use crate::secrets;

/// Variables by the start of their names, and the domains of whose product
/// they are. The providers' keys come from their own table.
const OWNERS: &[(&str, &[&str])] = &[
    ("AWS_", &["amazonaws.com", "api.aws"]),
    (
        "AZURE_",
        &["azure.com", "windows.net", "microsoft.com", "microsoftonline.com"],
    ),
    ("GH_TOKEN", &["github.com"]),
    ("GITHUB_TOKEN", &["github.com", "githubcopilot.com"]),
    ("GITLAB_TOKEN", &["gitlab.com"]),
    ("GOOGLE_", &["googleapis.com", "google.com"]),
    ("HF_TOKEN", &["huggingface.co"]),
    ("NPM_TOKEN", &["npmjs.org", "npmjs.com"]),
    ("SLACK_", &["slack.com"]),
];

/// A variable of one product that would be sent to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Foreign {
    variable: String,
    owner: String,
    origin: String,
}

/// Looks at every secret that one of the tools would send: refuses sources
/// that cannot be read, and asks about foreign variables, or refuses them
/// where nobody can be asked.
pub(crate) fn check(
    manifest: &Manifest,
    tools: &[&Tool],
    vars: &BTreeMap<String, String>,
    console: &Console,
) -> Result<(), Failure> {
    for declared in needed(manifest, tools) {
        secrets::readable(declared)?;
    }
    for found in foreign(manifest, tools, vars) {
        let Foreign {
            variable,
            owner,
            origin,
        } = &found;
        let message = format!(
            "{variable} belongs to {owner}, and the manifest would send it to {}",
            escaped(origin)
        );
        if !console.can_ask() {
            return Err(Failure::new(Kind::Refused, message).with_hint(
                "if that is meant, put the value into a variable of another name and declare it: `NAME: { env: OTHER }`",
            ));
        }
        let ask = console.paint(
            Style::Bold,
            "? Send it there? Type y for yes, anything else is no:",
        );
        let mut terminal = OwnTerminal(console.clone());
        if !said_yes(&mut terminal, &format!("? {message}."), &ask) {
            return Err(Failure::new(
                Kind::Refused,
                format!("{variable} was not allowed; nothing was sent"),
            ));
        }
    }
    Ok(())
}

/// The declarations of the secrets that the tools send.
fn needed<'a>(manifest: &'a Manifest, tools: &[&Tool]) -> Vec<&'a SecretDecl> {
    let names: BTreeSet<String> = tools
        .iter()
        .filter_map(|tool| match &tool.endpoint {
            Endpoint::Http(endpoint) => Some(secrets_of(endpoint)),
            _ => None,
        })
        .flatten()
        .collect();
    let declared = manifest.secrets.iter();
    declared.filter(|secret| names.contains(&secret.name)).collect()
}

fn foreign(manifest: &Manifest, tools: &[&Tool], vars: &BTreeMap<String, String>) -> BTreeSet<Foreign> {
    let mut found = BTreeSet::new();
    for tool in tools {
        let Endpoint::Http(endpoint) = &tool.endpoint else {
            continue;
        };
        // An origin that cannot be made is told by whoever makes the request.
        let Ok(origin) = endpoint.url.origin(vars) else {
            continue;
        };
        for name in secrets_of(endpoint) {
            let declared = manifest.secrets.iter().find(|secret| secret.name == name);
            let Some(SecretOrigin::Env(variable)) = declared.map(|secret| &secret.origin) else {
                continue;
            };
            if let Some(domains) = owner(variable).filter(|domains| !is_within(&origin, domains)) {
                found.insert(Foreign {
                    variable: variable.clone(),
                    owner: domains[0].clone(),
                    origin: origin.clone(),
                });
            }
        }
    }
    found
}

fn secrets_of(endpoint: &HttpEndpoint) -> BTreeSet<String> {
    let mut names = endpoint.uses().secrets;
    match &endpoint.auth {
        Auth::Bearer { secret } | Auth::Header { secret, .. } | Auth::Query { secret, .. } => {
            names.insert(secret.clone());
        }
        Auth::Basic { password, .. } => {
            names.insert(password.clone());
        }
        Auth::None | Auth::Unsupported { .. } => {}
    }
    names
}

/// The domains of the product that owns a variable, if one does.
fn owner(variable: &str) -> Option<Vec<String>> {
    let provider = PROVIDERS.iter().find(|row| row.key == Some(variable));
    if let Some(host) = provider.and_then(|row| host_of(row.base_url)) {
        // `api.example.com` is the product `example.com`.
        let mut labels: Vec<&str> = host.rsplit('.').take(2).collect();
        labels.reverse();
        return Some(vec![labels.join(".")]);
    }
    let (_, domains) = OWNERS.iter().find(|(start, _)| variable.starts_with(start))?;
    Some(domains.iter().map(|domain| (*domain).to_owned()).collect())
}

fn is_within(origin: &str, domains: &[String]) -> bool {
    host_of(origin).is_some_and(|host| {
        domains
            .iter()
            .any(|domain| host == domain || host.ends_with(&format!(".{domain}")))
    })
}

/// The host of an origin or a url without user information.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Some(authority.rsplit_once(':').map_or(authority, |(host, _)| host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_domains() {
        assert!(OWNERS.is_sorted());
        assert!(OWNERS.iter().all(|(_, domains)| !domains.is_empty()));
    }

    #[test]
    fn a_variable_is_at_home_only_with_its_product() {
        let cases = [
            ("OPENAI_API_KEY", "https://api.openai.com", true),
            ("OPENAI_API_KEY", "https://openai.com.evil.example", false),
            ("OPENAI_API_KEY", "http://127.0.0.1:8080", false),
            ("ANTHROPIC_API_KEY", "https://api.anthropic.com:443", true),
            ("GITHUB_TOKEN", "https://api.github.com", true),
            ("GITHUB_TOKEN", "https://notgithub.com", false),
            (
                "AWS_SECRET_ACCESS_KEY",
                "https://s3.eu-west-1.amazonaws.com",
                true,
            ),
            ("AWS_SECRET_ACCESS_KEY", "https://shop.example", false),
        ];
        for (variable, origin, at_home) in cases {
            let domains = owner(variable).expect(variable);
            assert_eq!(is_within(origin, &domains), at_home, "{variable} {origin}");
        }
        assert_eq!(owner("SHOP_KEY"), None);
    }
}
