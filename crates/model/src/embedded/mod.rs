//! The embedded model: Needle 3 in this process, without key or network.
//!
//! It is a router to tools and no writer of prose: it turns one request into
//! one or more independent calls and says how sure it is of them. Every token
//! of a call is masked by the tools' JSON Schema, so a call always parses;
//! whether it is right is another matter, and two guards stand against that:
//! the confidence in the reply, which the runner judges, and the evidence guard,
//! which drops what the request does not say. When tools have answered it has
//! nothing to add. Leaves the system text unread: the model was not made to
//! follow it.

mod date;
mod decode;
mod engine;
mod evidence;
mod grammar;
mod kind;
mod model;
mod net;
mod prefix;
mod prefix_file;
mod prompt;
mod request;
mod turn;
mod words;

pub use model::{NeedleModel, NeedleOptions};
