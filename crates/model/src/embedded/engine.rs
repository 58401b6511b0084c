//! The loaded model: network, tokenizer and grammar compiler, once a process.

use std::sync::{Arc, OnceLock};

use llguidance::{Matcher, ParserFactory, api::TopLevelGrammar};
use needle_infer::sp_tokenizer::SpTokenizer;
use needle_infer::v3_engine::V3Engine;
use serde_json::Value;
use toktrie::{ApproximateTokEnv, TokEnv, TokRxInfo, TokTrie};

use super::net::Network;

/// Tokens that mark the parts of a conversation.
pub(super) struct Marks {
    pub(super) begin: u32,
    pub(super) end: u32,
    pub(super) turn_end: u32,
    pub(super) call_start: u32,
    pub(super) call_end: u32,
}

/// Everything that a turn needs and that never changes.
pub(super) struct Engine {
    pub(super) network: Network,
    pub(super) tokenizer: SpTokenizer,
    pub(super) marks: Marks,
    grammars: ParserFactory,
}

/// Surfaces that the tokenizer keeps whole: no text of a person may hold one.
pub(super) const MARKERS: [&str; 10] = needle_infer::sp_tokenizer::CHAT_MARKERS;

impl Engine {
    /// The model, loaded by the first who asks: about 50 ms and 40 MB.
    pub(super) fn shared() -> Result<&'static Self, String> {
        static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();
        let loaded = ENGINE.get_or_init(|| Self::load(toolrun_needle_weights::NEEDLE_3));
        loaded.as_ref().map_err(Clone::clone)
    }

    fn load(weights: &[u8]) -> Result<Self, String> {
        let parts = V3Engine::from_bytes(weights.to_vec()).map_err(|error| error.to_string())?;
        let head = parts.confidence.ok_or("the weights have no confidence head")?;
        let tokenizer = parts.tokenizer;
        let mark = |surface: &str| {
            let id = tokenizer.id_of(surface);
            id.ok_or_else(|| format!("the tokenizer has no `{surface}`"))
        };
        let marks = Marks {
            begin: tokenizer.bos_id,
            end: tokenizer.eos_id,
            turn_end: mark("<|im_end|>")?,
            call_start: mark("<tool_call>")?,
            call_end: mark("</tool_call>")?,
        };
        let grammars = grammars(&tokenizer, marks.call_end)?;
        Ok(Self {
            network: Network::new(parts.model, head),
            tokenizer,
            marks,
            grammars,
        })
    }

    /// Compiles a JSON Schema into what masks the next token.
    pub(super) fn matcher(&self, schema: Value) -> Result<Matcher, String> {
        let grammar = TopLevelGrammar::from_json_schema(schema);
        let matcher = Matcher::new(self.grammars.create_parser(grammar));
        matcher.get_error().map_or(Ok(matcher), Err)
    }
}

/// A grammar ends where `</tool_call>` may follow; the other markers stand for
/// no text, so that none can be written inside a string.
fn grammars(tokenizer: &SpTokenizer, call_end: u32) -> Result<ParserFactory, String> {
    let mut words = tokenizer.token_bytes();
    for marker in MARKERS.iter().filter_map(|marker| tokenizer.id_of(marker)) {
        words[marker as usize].clear();
    }
    let info = TokRxInfo::new(tokenizer.vocab_size() as u32, call_end);
    let tokens: TokEnv = Arc::new(ApproximateTokEnv::new(TokTrie::from(&info, &words)));
    let mut factory = ParserFactory::new_simple(&tokens).map_err(|error| error.to_string())?;
    factory.quiet();
    Ok(factory)
}
