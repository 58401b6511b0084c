//! One request out, one response in, under a policy.
//!
//! The only user of reqwest. Knows nothing of manifests, models or terminals.
//! Secrets are named in a [`Request`] and their values added last, below
//! every log and every recording.

mod error;
mod policy;
mod redact;
mod request;
mod response;
mod secret;
mod transport;

pub use error::{GuardRule, HttpError};
pub use policy::{AddressRules, Network, Policy, Rate, Redirects};
pub use redact::Redactor;
pub use request::{Auth, Body, Method, Piece, Repeat, Request};
pub use response::{BodyStream, Response};
pub use secret::{Secret, SecretError, SecretStore};
pub use transport::Transport;

// To come from their own files, with these names:
//
//   Client::new(ClientOptions { secrets: Arc<dyn SecretStore>, redactor: Redactor, .. }) -> Result<Client, HttpError>
//       the one constructor of a reqwest client; `impl Transport`: guard, secrets, send, redirects, decode, cap
//   stack(policy: Policy, base: Arc<dyn Transport>) -> Arc<dyn Transport>
//       concurrency -> rate -> deadline -> retry -> base; the order lives only there
//   Replay / Record<T>: `Transport` as recording
//   sse(body: BodyStream) -> impl Stream<Item = Result<SseEvent, HttpError>>
