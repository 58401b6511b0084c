//! One request out, one response in, under a policy.
//!
//! The only user of reqwest. Knows nothing of manifests, models or terminals.
//! Secrets are named in a [`Request`] and their values added last, below
//! every log and every recording.

mod assemble;
mod budget;
mod client;
mod concurrency;
mod deadline;
mod decode;
mod error;
mod exchange;
mod forms;
mod guard;
mod json;
mod login;
mod network;
mod policy;
mod rate;
mod record;
mod redact;
mod redirect;
mod replay;
mod request;
mod resolver;
mod response;
mod retry;
mod retry_after;
mod secret;
mod sent;
mod special;
mod sse;
mod stack;
mod token;
mod token_answer;
mod transport;
mod unescape;
mod vault;

pub use assemble::query_encoded;
pub use budget::RetryBudget;
pub use client::{Client, ClientOptions};
pub use decode::unpacked;
pub use error::{GuardRule, HttpError, LoginFault};
pub use exchange::{Content, Exchange, SentRequest, SentResponse};
pub use json::{JsonError, fits_memory, json_weight, parse_json};
pub use login::{BodyPiece, ClientKey, Escape, Login, LoginBody, LoginRequest, Picker, SendToken, TokenAt};
pub use network::{Network, NetworkError};
pub use policy::{AddressRules, NamedBy, PlainHttp, Policy, Rate, Redirects, Rules};
pub use record::{Record, Recording};
pub use redact::{HIDDEN, RedactedStream, Redactor};
pub use replay::{RecordingError, Replay};
pub use request::{Auth, Body, Method, Piece, Repeat, Request};
pub use resolver::{Answer, Names};
pub use response::{BodyStream, Response};
pub use retry::{LONGEST_WISH, jittered, may_pass};
pub use secret::{MapStore, Secret, SecretError, SecretStore};
pub use sent::Sent;
pub use sse::{SseEvent, SseStream, sse};
pub use stack::{Lane, stack};
pub use transport::{Credentials, Transport};
