//! Templates: compiled once at load into literal parts and slots, whose place
//! decides how a value is written. Expressions are read by minijinja's parser
//! and evaluated here, since absent values and exact numbers need rules of
//! their own. No template reads anything but the scope it is given.

mod absent;
mod condition;
mod domain;
mod encode;
mod error;
mod eval;
mod expression;
mod fields;
mod filters;
mod fuel;
mod header;
mod is;
mod json;
mod login;
mod lower;
mod names;
mod number;
mod oddity;
mod pairs;
mod parts;
mod pick;
mod program;
mod rendered;
mod request;
mod result;
mod scope;
mod search;
mod segment;
mod syntax;
mod text;
mod time;
mod url;
mod uses;
mod value;

#[cfg(test)]
mod eval_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod request_tests;
#[cfg(test)]
mod result_tests;

pub(crate) use json::Branch;
pub(crate) use scope::{StepNames, StepValue};

pub use condition::Condition;
pub use error::{RenderError, TemplateError};
pub(crate) use filters::filter_names;
pub use json::{JsonNode, JsonTemplate};
pub(crate) use login::compile_send;
pub use login::{RenderedLogin, RenderedLoginBody};
pub(crate) use oddity::{Facts, Oddity, OddityKind, Position, in_result, in_text};
pub use pick::Pick;
pub use rendered::{FileRef, PartContent, Piece, RenderedBody, RenderedPart, RenderedRequest};
pub use result::ResultTemplate;
pub use scope::{Names, ResponseScope, Scope};
pub use text::{Segment, TextTemplate};
pub use url::{UrlPart, UrlTemplate};
pub use uses::Uses;
