//! What most rules look at: tools and workflows with their params, and what
//! is written at a param. Not a rule.

use super::Checked;
use crate::checked::{Effect, ParamKind};
use crate::decl::param::ParamDecl;
use crate::node::{Entry, Kind, Node};
use crate::text::Text;

/// More params are an error, and not looked at.
const MAX_PARAMS: usize = 500;

/// A tool or a workflow that was read without an error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) name: &'a Text,
    pub(crate) description: Option<&'a Text>,
    pub(crate) params: &'a [ParamDecl<'a>],
    /// What is written under `effect`; a workflow has none.
    pub(crate) effect: Option<Effect>,
}

impl<'a> Subject<'a> {
    /// What its description says, in small letters.
    pub(crate) fn says(&self) -> String {
        self.description
            .map(|text| text.as_str().to_lowercase())
            .unwrap_or_default()
    }

    /// The params that a model fills in.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &'a ParamDecl<'a>> + use<'a> {
        let params = self.params.iter();
        params.filter(|param| !param.kind_is_wrong && param.constant.is_none())
    }
}

/// The tools and workflows of all files, in order of writing.
pub(crate) fn subjects<'a>(checked: &Checked<'a>) -> impl Iterator<Item = Subject<'a>> + use<'a> {
    let files = checked.world.files.iter();
    files
        .flat_map(|file| {
            let tools = file.decl.tools.iter().filter(|tool| !tool.broken);
            let tools = tools.map(|tool| Subject {
                name: tool.name,
                description: tool.description,
                params: &tool.params,
                effect: tool.effect,
            });
            let workflows = file.decl.workflows.iter().map(|flow| Subject {
                name: flow.name,
                description: flow.description,
                params: &flow.params,
                effect: None,
            });
            tools.chain(workflows)
        })
        .filter(|subject| subject.params.len() <= MAX_PARAMS)
}

impl<'n> ParamDecl<'n> {
    /// What its description says, in small letters.
    pub(crate) fn says(&self) -> String {
        self.description
            .map(|text| text.as_str().to_lowercase())
            .unwrap_or_default()
    }

    /// The words of its name.
    pub(crate) fn tokens(&self) -> Vec<&'n str> {
        let words = self.name.as_str().split('_');
        words.filter(|word| !word.is_empty()).collect()
    }

    /// What is written under a keyword of JSON Schema.
    pub(crate) fn keyword(&self, name: &str) -> Option<&'n Entry> {
        let found = self.keywords.iter().find(|(keyword, _)| *keyword == name);
        found.map(|(_, entry)| *entry)
    }

    /// Whether it is of that type, as written.
    pub(crate) fn is(&self, kind: ParamKind) -> bool {
        self.kind.is_some_and(|written| written.value == kind)
    }

    /// Whether any text will do.
    pub(crate) fn is_free_text(&self) -> bool {
        let narrowed = ["format", "pattern"]
            .iter()
            .any(|name| self.keyword(name).is_some());
        self.is(ParamKind::String) && self.allowed.is_none() && !narrowed
    }

    /// Whether a model has to fill it in.
    pub(crate) fn is_required(&self) -> bool {
        !self.kind_is_wrong
            && self.constant.is_none()
            && self.default.is_none()
            && !self.optional.is_some_and(|optional| optional.value)
    }

    /// The scalars that `enum` lists.
    pub(crate) fn values(&self) -> Vec<&'n Text> {
        let Some(Kind::List(items)) = self.allowed.map(|entry| &entry.value.kind) else {
            return Vec::new();
        };
        items.iter().filter_map(scalar).collect()
    }
}

/// The text of a scalar.
pub(crate) fn scalar(node: &Node) -> Option<&Text> {
    match &node.kind {
        Kind::Scalar(text) => Some(text),
        _ => None,
    }
}
