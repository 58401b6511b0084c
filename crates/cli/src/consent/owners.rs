//! Whose product an environment variable belongs to, and whether an origin is
//! that product's.

use toolrun_model::PROVIDERS;

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
    ("STRIPE_", &["stripe.com"]),
];

/// The domains of the product that owns a variable, if one does.
pub(super) fn owner(variable: &str) -> Option<Vec<String>> {
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

/// Whether an origin belongs to one of the domains.
pub(super) fn is_within(origin: &str, domains: &[String]) -> bool {
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
            ("SLACK_BOT_TOKEN", "https://slack.com", true),
            ("STRIPE_SECRET_KEY", "https://api.stripe.com", true),
            ("STRIPE_SECRET_KEY", "https://stripe.com.evil.example", false),
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
