//! Neutral chat on one side, providers' JSON on the other.
//!
//! Streaming is the only path: a reply is the last item of a stream. Knows
//! nothing of manifests or terminals; sends only through `toolrun-http`.

mod anthropic;
mod arguments;
mod detect;
#[cfg(feature = "embedded-model")]
pub mod embedded;
mod error;
mod failure;
mod gemini;
mod ids;
mod message;
mod openai_chat;
mod providers;
mod reply;
mod schema;
pub mod scripted;
mod usage;
mod wire;

use std::pin::Pin;

use futures_util::Stream;

pub use anthropic::{Anthropic, MessagesDecoder};
pub use detect::{LocalServer, default_model, detect_local, list_models};
pub use error::{ModelError, ModelErrorKind};
pub use failure::Failure;
pub use gemini::gemini_tools;
pub use message::{Message, Opaque, Part, Role, ToolCall, ToolResult, ToolSpec};
pub use openai_chat::{ChatDecoder, Dialect, MaxTokens, OpenAiChat, Output, Reasoning, StreamUsage, Strict};
pub use providers::{
    ConnectError, ModelName, ModelNameError, PROVIDERS, Place, Provider, WireKind, connect, parse_model,
    provider, read_base_url, wire_tools,
};
pub use reply::{CONFIDENCE_TO_RUN, Delta, ModelRequest, Reply, StopReason, Usage};
pub use wire::{Decode, Endpoint, Progress, Weakened, Wire, WireModel};

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
