//! Params, names and scopes for the tests of this folder.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::scope::{Names, ResponseScope, Scope};
use crate::checked::{Param, ParamKind, ParamStyle};
use crate::source::{SourceId, Span};

/// A required param of a kind.
pub(super) fn param(name: &str, kind: ParamKind) -> Param {
    let kind_name = match kind {
        ParamKind::Integer => "integer",
        ParamKind::Number => "number",
        ParamKind::Boolean => "boolean",
        ParamKind::Array => "array",
        ParamKind::Map => "object",
        _ => "string",
    };
    Param {
        name: name.into(),
        span: Span {
            source: SourceId(0),
            start: 0,
            end: 0,
        },
        kind,
        description: None,
        optional: false,
        default: None,
        constant: None,
        style: if kind == ParamKind::Map {
            ParamStyle::Deep
        } else {
            ParamStyle::Repeat
        },
        schema: json!({ "type": kind_name }),
    }
}

/// `id`, `n`, `list`, `csv`, `pipe`, `brackets`, `map`, and the optional `o`
/// and `o2`; `nullable` may be null.
pub(super) fn params() -> Vec<Param> {
    let optional = |name| Param {
        optional: true,
        ..param(name, ParamKind::String)
    };
    let list = |name, style| Param {
        style,
        ..param(name, ParamKind::Array)
    };
    vec![
        param("id", ParamKind::String),
        param("n", ParamKind::Number),
        list("list", ParamStyle::Repeat),
        list("csv", ParamStyle::Csv),
        list("pipe", ParamStyle::Pipe),
        list("brackets", ParamStyle::Brackets),
        param("map", ParamKind::Map),
        optional("o"),
        optional("o2"),
        Param {
            schema: json!({ "type": ["string", "null"] }),
            ..param("nullable", ParamKind::String)
        },
    ]
}

/// Owns what a [`Scope`] and a [`Names`] borrow.
pub(super) struct World {
    pub(super) params: Vec<Param>,
    pub(super) vars: Vec<String>,
    pub(super) secrets: Vec<String>,
    pub(super) args: Map<String, Value>,
    pub(super) values: BTreeMap<String, String>,
}

impl World {
    /// The params of [`params`] with these arguments, `vars.base`, `vars.lang`
    /// and `vars.tenant`, and the secret `KEY`.
    pub(super) fn with(args: Value) -> Self {
        let values = [
            ("base", "https://shop.example/v2/"),
            ("lang", "en"),
            ("tenant", "acme"),
        ];
        Self {
            params: params(),
            vars: values.iter().map(|(name, _)| (*name).into()).collect(),
            secrets: vec!["KEY".into()],
            args: args.as_object().cloned().unwrap_or_default(),
            values: values
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        }
    }

    /// The names of a request.
    pub(super) fn names(&self) -> Names<'_> {
        Names {
            params: &self.params,
            vars: &self.vars,
            secrets: Some(&self.secrets),
            call: true,
            ..Names::default()
        }
    }

    /// The names of `template`.
    pub(super) fn result_names(&self) -> Names<'_> {
        Names {
            secrets: None,
            response: true,
            result: true,
            ..self.names()
        }
    }

    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            params: &self.args,
            vars: &self.values,
            call_id: "call-1",
            now: Timestamp::UNIX_EPOCH,
        }
    }
}

/// A response with a body.
pub(super) fn response<'a>(headers: &'a BTreeMap<String, String>, body: &'a Value) -> ResponseScope<'a> {
    ResponseScope {
        status: 200,
        headers,
        body,
        result: Some(body),
    }
}
