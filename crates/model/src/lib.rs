//! Neutral chat on one side, providers' JSON on the other.
//!
//! Streaming is the only path: a reply is the last item of a stream. Knows
//! nothing of manifests or terminals; sends only through `toolrun-http`.

mod error;
mod message;
mod reply;

use std::pin::Pin;

use futures_util::Stream;

pub use error::{ModelError, ModelErrorKind};
pub use message::{Message, Opaque, Part, Role, ToolCall, ToolResult, ToolSpec};
pub use reply::{Delta, ModelRequest, Reply, StopReason, Usage};

/// Deltas while they come; a whole turn ends with exactly one [`Delta::End`].
/// A stream that ends without it, or with an error, is a failed turn: none of
/// its calls may run.
pub type DeltaStream = Pin<Box<dyn Stream<Item = Result<Delta, ModelError>> + Send>>;

/// A model: a provider's wire, a script, or the embedded one.
pub trait Model: Send + Sync {
    /// `provider/name`, as `--model` takes it.
    fn id(&self) -> &str;

    /// Starts one turn.
    fn stream(&self, request: ModelRequest) -> DeltaStream;

    /// Whether the model only routes to tools: then the runner ends with the
    /// tools' results as the answer instead of asking for prose.
    fn writes_prose(&self) -> bool {
        true
    }
}

// To come: wire.rs (trait Wire, WireModel), openai_chat.rs, anthropic.rs,
// providers.rs (const PROVIDERS, detect), scripted.rs, embedded/ (feature).
