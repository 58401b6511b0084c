//! Values of `vars`: a flag wins over the environment, that over the default.

use std::collections::BTreeMap;

use toolrun_manifest::{Endpoint, Manifest, Tool, UrlTemplate, VarDecl};

use crate::args::Assignment;
use crate::exit::Failure;
use crate::words::{one_line, shell_word};

/// The value of every declared var, or why one cannot be had.
pub(crate) fn resolve(
    declared: &[VarDecl],
    flags: &[Assignment],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, Failure> {
    if let Some(unknown) = flags
        .iter()
        .find(|flag| !declared.iter().any(|var| var.name == flag.name))
    {
        let names: Vec<&str> = declared.iter().map(|var| var.name.as_str()).collect();
        return Err(
            Failure::usage(format!("the manifest has no var `{}`", unknown.name)).with_hint(names_hint(
                "vars",
                &names,
                &unknown.name,
            )),
        );
    }
    declared
        .iter()
        .map(|var| Ok((var.name.clone(), value(var, flags, environment)?)))
        .collect()
}

/// `did you mean …`, or the whole list.
pub(crate) fn names_hint(what: &str, names: &[&str], wrong: &str) -> String {
    let nearest = names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(name, wrong), *name))
        .filter(|(distance, name)| *distance <= name.len().max(wrong.len()) / 3 + 1)
        .min();
    match (nearest, names) {
        (_, []) => format!("it has no {what} at all"),
        (Some((_, name)), _) => format!("did you mean `{name}`? Its {what}: {}", names.join(", ")),
        (None, _) => format!("its {what}: {}", names.join(", ")),
    }
}

/// Complains about an address of a tool that the values make none of.
pub(crate) fn make_addresses(
    manifest: &Manifest,
    tool: &Tool,
    vars: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let Endpoint::Http(endpoint) = &tool.endpoint else {
        return Ok(());
    };
    match endpoint.unusable_address(vars) {
        Some(address) => Err(no_address(manifest, address, vars)),
        None => Ok(()),
    }
}

fn no_address(manifest: &Manifest, address: &UrlTemplate, vars: &BTreeMap<String, String>) -> Failure {
    let used = address.origin_vars().map(|name| {
        let value = vars.get(&name).map(|value| without_credentials(value));
        (name, value.unwrap_or_default())
    });
    let used: Vec<(String, String)> = used.collect();
    let values: Vec<String> = used
        .iter()
        .map(|(name, value)| format!("`vars.{name}` is `{value}`"))
        .collect();
    let template = one_line(address.text());
    let message = format!(
        "{}: that makes no http or https address of `{template}`",
        values.join(", ")
    );
    let failure = Failure::usage(message);
    let Some((name, value)) = used.first() else {
        return failure;
    };
    // The whole address comes of one var where nothing stands before it.
    let example = match address.text().starts_with("{{") {
        true if !value.contains("://") && !value.is_empty() => format!("http://{value}"),
        true => "https://api.example".to_owned(),
        false => "api.example".to_owned(),
    };
    let by_flag = format!("--var {}", shell_word(&format!("{name}={example}")));
    let declared = manifest.vars.iter().find(|var| var.name == *name);
    let by_env = declared
        .and_then(|var| var.env.as_ref())
        .map(|variable| format!(", or set the environment variable {variable}"))
        .unwrap_or_default();
    failure.with_hint(format!(
        "write it as in `{by_flag}`{by_env}; a host is a name or four numbers such as `127.0.0.1`; no user name, query or fragment stands beside it"
    ))
}

/// The value on one line, without what may be a password or a key in it.
fn without_credentials(value: &str) -> String {
    let value = match value.rsplit_once('@') {
        Some((_, rest)) => format!("***@{rest}"),
        None => value.to_owned(),
    };
    match value.split_once('?') {
        Some((before, _)) => one_line(&format!("{before}?***")),
        None => one_line(&value),
    }
}

fn value(
    var: &VarDecl,
    flags: &[Assignment],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Failure> {
    let flag = flags
        .iter()
        .rev()
        .find(|flag| flag.name == var.name)
        .map(|flag| flag.value.clone());
    let (found, origin) = if let Some(value) = flag {
        (value, "--var".to_owned())
    } else if let Some((value, name)) = var.env.as_ref().and_then(|name| Some((environment(name)?, name))) {
        (value, format!("the environment variable {name}"))
    } else if let Some(default) = &var.default {
        return Ok(default.clone());
    } else {
        return Err(unset(var));
    };
    match &var.allowed {
        Some(allowed) if !allowed.contains(&found) => Err(Failure::usage(format!(
            "var `{}` cannot be `{found}`, as {origin} says",
            var.name
        ))
        .with_hint(format!("it is one of: {}", allowed.join(", ")))),
        _ => Ok(found),
    }
}

fn unset(var: &VarDecl) -> Failure {
    let by_flag = format!("--var {}=VALUE", var.name);
    let hint = match &var.env {
        Some(name) => format!("set the environment variable {name}, or give {by_flag}"),
        None => format!("give {by_flag}"),
    };
    Failure::usage(format!("var `{}` has no value", var.name)).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Declarations as a manifest makes them, which alone can make their spans.
    fn declared() -> Vec<VarDecl> {
        let text = "toolrun: 1\nvars:\n  lang: { env: SHOP_LANG, default: en, enum: [en, de] }\n  site: { env: SHOP_SITE }\n\
                    tools:\n  t:\n    description: Returns the opening hours of the shop, day by day.\n    url: https://a.example/x\n";
        crate::manifest_file::load_text("x.yaml", text.to_owned())
            .manifest
            .expect("a good manifest")
            .vars
    }

    #[track_caller]
    fn case(flags: &[&str], environment: &[(&str, &str)], expected: Result<[&str; 2], &str>) {
        let flags: Vec<Assignment> = flags
            .iter()
            .map(|flag| flag.parse().expect("NAME=VALUE"))
            .collect();
        let find = |name: &str| {
            environment
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let found = resolve(&declared(), &flags, &find);
        let found = found
            .as_ref()
            .map(|vars| [vars["lang"].as_str(), vars["site"].as_str()]);
        match expected {
            Ok(values) => assert_eq!(found.ok(), Some(values)),
            Err(part) => {
                let message = found.expect_err("a failure");
                let all = format!("{message} {}", message.hint().unwrap_or_default());
                assert!(all.contains(part), "{all}");
            }
        }
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_default() {
        case(&["site=x"], &[], Ok(["en", "x"]));
        case(&[], &[("SHOP_SITE", "y"), ("SHOP_LANG", "de")], Ok(["de", "y"]));
        case(
            &["lang=en", "site=x", "site=z"],
            &[("SHOP_LANG", "de")],
            Ok(["en", "z"]),
        );
    }

    #[test]
    fn what_is_missing_or_not_allowed_is_said_with_its_remedy() {
        case(&[], &[], Err("SHOP_SITE, or give --var site=VALUE"));
        case(&["site=x", "lang=fr"], &[], Err("one of: en, de"));
        case(
            &["site=x"],
            &[("SHOP_LANG", "fr")],
            Err("environment variable SHOP_LANG says"),
        );
        case(&["site=x", "lnag=de"], &[], Err("did you mean `lang`?"));
    }
}
