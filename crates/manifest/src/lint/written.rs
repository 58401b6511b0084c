//! The tools of a manifest beside what was written of them: rules point at
//! the author's text and judge what it came to.

use super::Checked;
use crate::checked::{Auth, Endpoint, HttpEndpoint, Tool};
use crate::decl::api::ApiDecl;
use crate::decl::tool::ToolDecl;
use crate::text::Text;

/// A checked tool and what was written of it.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) tool: &'a Tool,
    pub(crate) decl: &'a ToolDecl<'a>,
    /// The api that it names.
    pub(crate) api: Option<&'a ApiDecl<'a>>,
}

impl<'a> Checked<'a> {
    /// Every checked tool, in order of the manifest.
    pub(crate) fn tools(&self) -> Vec<Written<'a>> {
        // Both are in order of writing.
        let mut decls = self.world.files.iter().flat_map(|file| &file.decl.tools);
        let tools = self.manifest.tools.iter();
        tools
            .filter_map(|tool| {
                let decl = decls.find(|decl| decl.name.span() == tool.span)?;
                let api = decl
                    .api
                    .and_then(|name| self.world.apis.get(name.as_str()).copied());
                Some(Written { tool, decl, api })
            })
            .collect()
    }

    /// Whether the files declare anything that can be called. One that does
    /// not is there to be included.
    pub(crate) fn has_callables(&self) -> bool {
        let mut files = self.world.files.iter();
        files.any(|file| !file.decl.tools.is_empty() || !file.decl.workflows.is_empty())
    }
}

impl<'a> Written<'a> {
    /// The request, unless it is an MCP server's tool.
    pub(crate) fn http(&self) -> Option<&'a HttpEndpoint> {
        match &self.tool.endpoint {
            Endpoint::Http(http) => Some(http),
            Endpoint::Mcp(_) => None,
        }
    }

    /// Whether a request carries a secret.
    pub(crate) fn has_secret(&self) -> bool {
        let Some(http) = self.http() else { return false };
        !matches!(http.auth, Auth::None) || !http.uses().secrets.is_empty()
    }

    /// The texts of scheme and host: the api's, or the tool's own.
    pub(crate) fn origin(&self) -> Option<&'a Text> {
        match self.api {
            Some(api) => api.base_url,
            None => self.decl.url,
        }
    }
}
