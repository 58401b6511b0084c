//! What a person must allow before a secret is read: where it is taken from
//! and where it would go.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use toolrun_manifest::{Endpoint, HttpEndpoint, Manifest, SecretDecl, SecretOrigin, Tool};

use super::owners::{is_within, owner};
use crate::exit::Failure;
use crate::secrets::{Place, folder_of, place};
use crate::vars::make_addresses;
use crate::words::{one_line, shell_words};

/// One secret whose source needs a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Matter {
    /// The secret's name.
    pub(crate) secret: String,
    /// Where its value is taken from.
    pub(crate) source: Source,
    /// Where it would be sent.
    pub(crate) origins: BTreeSet<String>,
}

/// A source that needs a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// A program is run.
    Command {
        /// Its words.
        argv: Vec<String>,
        /// Where it starts.
        folder: PathBuf,
    },
    /// A file outside the manifest's folder is read.
    File {
        /// Its true path.
        path: PathBuf,
    },
    /// An environment variable of one product goes to another.
    Variable {
        /// Its name.
        name: String,
        /// Whose it is.
        owner: String,
    },
    /// The keyring is asked.
    Keyring {
        /// For which service.
        service: String,
    },
}

/// A secret that the tools send, with what must be allowed before, if
/// anything must.
#[derive(Debug)]
pub(super) struct Needed<'a> {
    pub(super) declared: &'a SecretDecl,
    /// The file that holds it, by its true path.
    pub(super) file: Option<PathBuf>,
    pub(super) matter: Option<Matter>,
}

/// Every secret that one of the tools sends. Reads no value and runs nothing.
pub(super) fn needed<'a>(
    manifest: &'a Manifest,
    tools: &[&Tool],
    vars: &BTreeMap<String, String>,
    named: &str,
) -> Result<Vec<Needed<'a>>, Failure> {
    let mut origins: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for tool in tools {
        let Endpoint::Http(endpoint) = &tool.endpoint else {
            continue;
        };
        for (secret, origin) in destinations(manifest, tool, endpoint, vars)? {
            origins.entry(secret).or_default().insert(origin);
        }
    }
    let declared = manifest.secrets.iter();
    let needed = declared
        .filter_map(|declared| {
            let origins = origins.remove(&declared.name)?;
            let place = match &declared.origin {
                // What is wrong with the file itself is told when it is read.
                SecretOrigin::File { path, declared_in } => place(path, declared_in, named).ok(),
                _ => None,
            };
            let matter = matter(declared, place.as_ref(), origins);
            let file = place.map(Place::into_path);
            Some(Needed {
                declared,
                file,
                matter,
            })
        })
        .collect();
    Ok(needed)
}

/// Each secret of an endpoint and an origin that it is sent to. Where a secret
/// would go must be known before anybody is asked about it.
fn destinations(
    manifest: &Manifest,
    tool: &Tool,
    endpoint: &HttpEndpoint,
    vars: &BTreeMap<String, String>,
) -> Result<BTreeSet<(String, String)>, Failure> {
    if endpoint.uses().secrets.is_empty() {
        return Ok(BTreeSet::new());
    }
    make_addresses(manifest, tool, vars)?;
    endpoint
        .secret_origins(vars)
        .map_err(|error| Failure::usage(format!("`{}` has no address: {error}", tool.name)))
}

fn matter(declared: &SecretDecl, place: Option<&Place>, origins: BTreeSet<String>) -> Option<Matter> {
    let (source, origins) = match &declared.origin {
        SecretOrigin::Env(variable) => {
            let domains = owner(variable)?;
            let foreign: BTreeSet<String> = origins
                .into_iter()
                .filter(|origin| !is_within(origin, &domains))
                .collect();
            if foreign.is_empty() {
                return None;
            }
            let source = Source::Variable {
                name: variable.clone(),
                owner: domains.into_iter().next().unwrap_or_default(),
            };
            (source, foreign)
        }
        SecretOrigin::Command { argv, declared_in } => {
            let folder = folder_of(declared_in);
            let folder = std::fs::canonicalize(&folder).unwrap_or(folder);
            let argv = argv.clone();
            (Source::Command { argv, folder }, origins)
        }
        SecretOrigin::File { .. } => match place {
            Some(Place::Outside(path)) => (Source::File { path: path.clone() }, origins),
            Some(Place::Inside(_)) | None => return None,
        },
        SecretOrigin::Keyring(service) => {
            let service = service.clone();
            (Source::Keyring { service }, origins)
        }
    };
    Some(Matter {
        secret: declared.name.clone(),
        source,
        origins,
    })
}

impl Matter {
    /// Whether an earlier yes to `allowed` holds for this.
    pub(super) fn is_within(&self, allowed: &Self) -> bool {
        self.secret == allowed.secret
            && self.source == allowed.source
            && self.origins.is_subset(&allowed.origins)
    }

    /// The matter on one line, with everything that could mislead written as
    /// an escape.
    pub(crate) fn told(&self) -> String {
        let origins: Vec<String> = self.origins.iter().map(|origin| one_line(origin)).collect();
        let (secret, to) = (&self.secret, origins.join(" and "));
        match &self.source {
            Source::Command { argv, folder } => {
                let program = argv.first().map_or("", String::as_str);
                let place = if program.contains('/') && !program.starts_with('/') {
                    format!(" in {}", one_line(&folder.to_string_lossy()))
                } else {
                    String::new()
                };
                let words = shell_words(argv);
                format!("{secret}: runs `{words}`{place} and sends what it prints to {to}")
            }
            Source::File { path } => {
                let path = one_line(&path.to_string_lossy());
                format!("{secret}: reads {path}, outside the manifest's folder, and sends it to {to}")
            }
            Source::Variable { name, owner } => {
                format!("{secret}: sends {name}, which belongs to {owner}, to {to}")
            }
            Source::Keyring { service } => {
                let service = one_line(service);
                format!("{secret}: reads `{service}` from the keyring and sends it to {to}")
            }
        }
    }
}
