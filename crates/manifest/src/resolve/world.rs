//! What all files together declare: the names that references are looked up
//! in, and the clashes among them.

use std::collections::HashMap;

use super::names;
use crate::decl::api::ApiDecl;
use crate::decl::mcp::ServerDecl;
use crate::decl::secrets::SecretRaw;
use crate::decl::top::ManifestDecl;
use crate::decl::vars::VarRaw;
use crate::diagnostic::Sink;
use crate::text::Text;

/// A file and its declarations; the first is the one that was loaded.
#[derive(Debug)]
pub(crate) struct File<'n> {
    /// Display name.
    pub(crate) name: String,
    /// What it declares.
    pub(crate) decl: ManifestDecl<'n>,
}

/// Every name of all files.
#[derive(Debug)]
pub(crate) struct World<'n> {
    pub(crate) files: &'n [File<'n>],
    pub(crate) apis: HashMap<&'n str, &'n ApiDecl<'n>>,
    pub(crate) servers: HashMap<&'n str, &'n ServerDecl<'n>>,
    pub(crate) secrets: Vec<(&'n str, &'n SecretRaw<'n>)>,
    pub(crate) secret_names: Vec<String>,
    pub(crate) vars: Vec<&'n VarRaw<'n>>,
    pub(crate) var_names: Vec<String>,
    /// Names of tools and workflows, in order of writing.
    pub(crate) callables: Vec<&'n Text>,
    /// False when a file could not be read: a name that is not found may be
    /// in it, so nothing is said.
    pub(crate) complete: bool,
}

/// Where secrets and vars stand in their lists, by name.
#[derive(Default)]
struct Found<'n> {
    secrets: HashMap<&'n str, usize>,
    vars: HashMap<&'n str, usize>,
}

impl<'n> World<'n> {
    /// Gathers the names of all files and reports clashes.
    pub(crate) fn gather(files: &'n [File<'n>], complete: bool, sink: &mut Sink) -> Self {
        let mut world = Self {
            files,
            apis: HashMap::new(),
            servers: HashMap::new(),
            secrets: Vec::new(),
            secret_names: Vec::new(),
            vars: Vec::new(),
            var_names: Vec::new(),
            callables: Vec::new(),
            complete,
        };
        let mut flat: HashMap<String, &'n Text> = HashMap::new();
        let mut found = Found::default();
        for file in files {
            world.connections(file, sink);
            world.values(file, &mut found, sink);
            let tools = file.decl.tools.iter().map(|tool| (tool.name, "tool"));
            let workflows = file
                .decl
                .workflows
                .iter()
                .map(|workflow| (workflow.name, "workflow"));
            for (name, kind) in tools.chain(workflows) {
                names::check_callable(name, kind, sink);
                let key = name.as_str().to_lowercase().replace(['-', '_'], "");
                if let Some(first) = flat.get(&key) {
                    names::clash(name, first, kind, sink);
                } else {
                    flat.insert(key, name);
                    world.callables.push(name);
                }
            }
        }
        world.secret_names = world
            .secrets
            .iter()
            .map(|(_, decl)| decl.name.as_str().to_owned())
            .collect();
        world.var_names = world
            .vars
            .iter()
            .map(|decl| decl.name.as_str().to_owned())
            .collect();
        world
    }

    /// The names of tools and workflows.
    pub(crate) fn callable_names(&self) -> impl Iterator<Item = &'n str> + Clone + use<'n, '_> {
        self.callables.iter().map(|name| name.as_str())
    }

    fn connections(&mut self, file: &'n File<'n>, sink: &mut Sink) {
        for api in &file.decl.apis {
            names::check_word(api.name, "an api", sink);
            match self.apis.get(api.name.as_str()) {
                Some(first) => names::clash(api.name, first.name, "api", sink),
                None => drop(self.apis.insert(api.name.as_str(), api)),
            }
        }
        for server in &file.decl.mcp {
            names::check_word(server.name, "an MCP server", sink);
            match self.servers.get(server.name.as_str()) {
                Some(first) => names::clash(server.name, first.name, "MCP server", sink),
                None => drop(self.servers.insert(server.name.as_str(), server)),
            }
        }
    }

    /// Secrets and vars: the same one declared equally twice is one.
    fn values(&mut self, file: &'n File<'n>, found: &mut Found<'n>, sink: &mut Sink) {
        for secret in &file.decl.secrets {
            names::check_word(secret.name, "a secret", sink);
            let first = found
                .secrets
                .get(secret.name.as_str())
                .map(|index| self.secrets[*index]);
            match first {
                Some((_, first)) if first.origin == secret.origin => {}
                Some((_, first)) => names::clash(secret.name, first.name, "secret", sink),
                None => {
                    found.secrets.insert(secret.name.as_str(), self.secrets.len());
                    self.secrets.push((&file.name, secret));
                }
            }
        }
        for var in &file.decl.vars {
            names::check_word(var.name, "a var", sink);
            let same = |first: &VarRaw<'_>| {
                let text = |value: Option<&'n Text>| value.map(Text::as_str);
                let list = |values: &Option<Vec<&Text>>| {
                    values.as_ref().map(|values| {
                        values
                            .iter()
                            .map(|value| value.as_str().to_owned())
                            .collect::<Vec<_>>()
                    })
                };
                first.env.map(Text::as_str) == text(var.env)
                    && first.default.map(Text::as_str) == text(var.default)
                    && list(&first.allowed) == list(&var.allowed)
            };
            match found.vars.get(var.name.as_str()).map(|index| self.vars[*index]) {
                Some(first) if same(first) => {}
                Some(first) => names::clash(var.name, first.name, "var", sink),
                None => {
                    found.vars.insert(var.name.as_str(), self.vars.len());
                    self.vars.push(var);
                }
            }
        }
    }
}
