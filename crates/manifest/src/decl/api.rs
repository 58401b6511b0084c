//! An entry of `apis:`: a connection that several tools share.

use super::policy::{self, PolicyDecl};
use super::top::Declared;
use crate::diagnostic::Sink;
use crate::fields::{Fields, Key, key};
use crate::node::Entry;
use crate::read;
use crate::shape::{Form, Place, Section, Shape};
use crate::text::Text;

pub(crate) const KEYS: &[Key] = &[key(
    "base_url",
    "Scheme, host and path that the tools' urls are appended to.",
)
.is(Shape::Text(Form::Url(Place::Origin)))
.required()];

/// An entry of `apis`.
pub(crate) static SECTION: Section = Section {
    name: "api",
    place: "apis.API",
    tables: &[KEYS, policy::KEYS],
    without: &[],
    rules: &[],
};

/// An api as written.
#[derive(Debug)]
pub(crate) struct ApiDecl<'n> {
    pub(crate) name: &'n Text,
    pub(crate) base_url: Option<&'n Text>,
    pub(crate) policy: PolicyDecl<'n>,
}

impl<'n> Declared<'n> for ApiDecl<'n> {
    const WHAT: &'static str = "apis by name";
    const EXAMPLE: &'static str = "{ base_url: https://… }";

    fn named(name: &'n Text) -> Option<Self> {
        Some(Self {
            name,
            base_url: None,
            policy: PolicyDecl::default(),
        })
    }

    fn read(entry: &'n Entry, sink: &mut Sink) -> Option<Self> {
        let name = &entry.key;
        let what = format!("api `{}`", name.as_str());
        let Some(mut fields) = Fields::open(&entry.value, what, name.span(), &[KEYS, policy::KEYS], sink)
        else {
            return Self::named(name);
        };
        let base_url = fields
            .required("base_url")
            .and_then(|entry| read::text(&entry.value, "a URL", sink));
        let policy = PolicyDecl::read(&mut fields, sink);
        fields.finish(sink);
        Some(Self {
            name,
            base_url,
            policy,
        })
    }
}
