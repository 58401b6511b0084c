//! The pass itself: what it keeps between calls and the order of its steps.

use needle_core::norm::zc_rms_norm_vec;
use needle_core::v3::heads::ProbeHead;
use needle_core::v3::model::V3Model;
use needle_core::v3::norm_and_rope;

use super::attention::{Heads, Past};
use super::block::{Block, LayerWeights};
use super::engram;
use super::linear::in_parallel;
use super::probe::Pool;

/// Positions of one pass; longer texts take several.
const PASS: usize = 640;

/// Fewest positions that are worth a thread of their own.
const THREAD_FROM: usize = 24;

/// The weights, and how many threads may work on them.
pub(in crate::embedded) struct Network {
    pub(super) model: V3Model,
    pub(super) head: ProbeHead,
    threads: usize,
}

impl Network {
    pub(in crate::embedded) fn new(model: V3Model, head: ProbeHead) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            model,
            head,
            threads: threads.min(8),
        }
    }

    /// Most positions of a session.
    pub(in crate::embedded) fn context(&self) -> usize {
        self.model.cfg.max_seq_len
    }

    pub(super) fn heads(&self) -> Heads {
        let cfg = &self.model.cfg;
        Heads {
            queries: cfg.num_heads,
            keys: cfg.num_kv_heads,
            key_width: cfg.qk_head_dim,
            value_width: cfg.v_head_dim,
        }
    }

    /// Scores of every token as the next one, from the state of the last.
    pub(in crate::embedded) fn logits(&self, state: &[f32]) -> Vec<f32> {
        let embedding = &self.model.embedding;
        let mut prepared = vec![0.0f32; embedding.prepared_len()];
        embedding.prepare_input(state, &mut prepared);
        let mut out = vec![0.0f32; self.model.cfg.logit_rows()];
        embedding.matvec_rows_prepared(&prepared, 0, &mut out);
        out
    }
}

/// Keys, values and the last projections of one layer.
#[derive(Clone)]
pub(super) struct LayerState {
    pub(super) k: Vec<f32>,
    pub(super) v: Vec<f32>,
    /// Query, key and value projections that the convolution still reaches.
    pub(super) tails: [Vec<f32>; 3],
}

/// A text that the network has read, ready to read on.
#[derive(Clone)]
pub(in crate::embedded) struct Session<'n> {
    pub(super) network: &'n Network,
    pub(super) tokens: Vec<u32>,
    pub(super) layers: Vec<LayerState>,
    pub(super) engram_tails: Vec<Vec<f32>>,
    pub(super) pool: Pool,
}

impl<'n> Session<'n> {
    pub(in crate::embedded) fn new(network: &'n Network) -> Self {
        let cfg = &network.model.cfg;
        let taps = cfg.qkv_conv_taps.saturating_sub(1);
        let tails = [cfg.q_dim(), cfg.k_dim(), cfg.v_dim()].map(|width| vec![0.0f32; taps * width]);
        let layer = LayerState {
            k: Vec::new(),
            v: Vec::new(),
            tails,
        };
        let reach = engram::reach(&network.model);
        Self {
            network,
            tokens: Vec::new(),
            layers: vec![layer; cfg.num_layers],
            engram_tails: vec![vec![0.0f32; reach * cfg.d_model]; cfg.engram.sites.len()],
            pool: Pool::new(&network.head, cfg.d_model),
        }
    }

    /// The tokens read so far.
    pub(in crate::embedded) fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// How many tokens were read so far.
    pub(in crate::embedded) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// How sure the network is of the calls in what it has read.
    pub(in crate::embedded) fn confidence(&self) -> f32 {
        self.pool.confidence(&self.network.head)
    }

    /// Reads tokens and returns the state of the last one.
    pub(in crate::embedded) fn read(&mut self, tokens: &[u32]) -> Vec<f32> {
        let passes = tokens.len().div_ceil(PASS).max(1);
        let mut state = Vec::new();
        for tokens in tokens.chunks(tokens.len().div_ceil(passes).max(1)) {
            state = self.pass(tokens);
        }
        state
    }

    fn pass(&mut self, tokens: &[u32]) -> Vec<f32> {
        let (network, first) = (self.network, self.tokens.len());
        let model = &network.model;
        let threads = network.threads.min(tokens.len().div_ceil(THREAD_FROM));
        let tails = &mut self.engram_tails;
        let recalls = engram::recall(model, &self.tokens, tokens, tails, threads);
        self.tokens.extend_from_slice(tokens);
        let mut blocks = Block::split(network, tokens, threads);
        self.gather(0, &blocks);
        let rope = rope(model, first, tokens.len());
        for index in 0..model.cfg.num_layers {
            let weights = LayerWeights::of(network, index, tokens.len(), threads);
            let recall = model.cfg.engram.site_of(index).map(|site| &recalls[site]);
            in_parallel(&mut blocks, |block| block.project(&weights, recall));
            self.remember(index, &mut blocks, &rope);
            let layer = &self.layers[index];
            let past = Past {
                k: &layer.k,
                v: &layer.v,
                window: model.cfg.attention_span(index),
            };
            in_parallel(&mut blocks, |block| {
                block.attend(&weights, first, past);
                block.update(&weights);
            });
            self.gather(index + 1, &blocks);
        }
        let block = blocks.last().expect("a pass has at least one block");
        let mut state = block.states[block.states.len() - model.cfg.d_model..].to_vec();
        zc_rms_norm_vec(&mut state, &model.final_norm);
        state
    }

    fn gather(&mut self, layer: usize, blocks: &[Block<'_>]) {
        for block in blocks {
            self.pool.merge(layer, &block.share(layer));
        }
    }

    /// Convolves the projections along the text and keeps keys and values.
    fn remember(&mut self, index: usize, blocks: &mut [Block<'_>], rope: &(Vec<f32>, Vec<f32>)) {
        let cfg = &self.network.model.cfg;
        let layer = &self.network.model.layers[index];
        let state = &mut self.layers[index];
        let count: usize = blocks.iter().map(|block| block.positions).sum();
        let widths = [cfg.q_dim(), cfg.k_dim(), cfg.v_dim()];
        let taps = [&layer.q_taps, &layer.k_taps, &layer.v_taps];
        let mut at = 0;
        let [mut q, mut k, mut v] = [0, 1, 2].map(|part| {
            let tail = &mut state.tails[part];
            for block in blocks.iter() {
                for row in block.projected.chunks_exact(block.projected_width()) {
                    tail.extend_from_slice(&row[at..at + widths[part]]);
                }
            }
            at += widths[part];
            convolve(tail, taps[part], widths[part], count)
        });
        let (cos, sin) = rope;
        norm_and_rope(
            &mut q,
            &layer.q_norm,
            cos,
            sin,
            count,
            cfg.num_heads,
            cfg.qk_head_dim,
        );
        norm_and_rope(
            &mut k,
            &layer.k_norm,
            cos,
            sin,
            count,
            cfg.num_kv_heads,
            cfg.qk_head_dim,
        );
        state.k.append(&mut k);
        state.v.append(&mut v);
        for block in blocks {
            let from = block.start * widths[0];
            block.queries.clear();
            block
                .queries
                .extend_from_slice(&q[from..from + block.positions * widths[0]]);
        }
    }
}

/// Applies a causal convolution to the last `count` rows of `rows` and keeps
/// only those that the next call still reaches.
fn convolve(rows: &mut Vec<f32>, taps: &[f32], width: usize, count: usize) -> Vec<f32> {
    if taps.is_empty() {
        return std::mem::take(rows);
    }
    let before = taps.len() / width - 1;
    let mut out = vec![0.0f32; count * width];
    for (index, out) in out.chunks_exact_mut(width).enumerate() {
        for (back, taps) in taps.chunks_exact(width).enumerate() {
            let from = &rows[(before + index - back) * width..][..width];
            for ((out, tap), from) in out.iter_mut().zip(taps).zip(from) {
                *out += tap * from;
            }
        }
    }
    rows.drain(..count * width);
    out
}

/// Cosines and sines of the positions' rotation.
fn rope(model: &V3Model, first: usize, count: usize) -> (Vec<f32>, Vec<f32>) {
    let width = model.cfg.qk_head_dim;
    (first..first + count)
        .flat_map(|position| {
            (0..width / 2).map(move |i| {
                let frequency = 1.0 / model.cfg.rope_theta.powf((2 * i) as f32 / width as f32);
                let angle = position as f32 * frequency;
                (angle.cos(), angle.sin())
            })
        })
        .unzip()
}

#[cfg(test)]
mod tests {
    use needle_core::v3::V3Cache;

    use super::super::super::engine::Engine;
    use super::*;

    /// One pass over many tokens, the same cut in pieces, and the crate's own
    /// pass agree on the next token's scores and on the confidence.
    #[test]
    fn the_pass_agrees_with_the_reference() {
        let engine = Engine::shared().unwrap();
        let network = &engine.network;
        let mut tokens = vec![engine.marks.begin];
        tokens.extend(engine.tokenizer.encode("<|im_start|>user\n<tools>[{\"name\":\"a\",\"description\":\"Sends a parcel.\"}]</tools>\nhi<|im_end|>\n"));
        let mut whole = Session::new(network);
        let logits = network.logits(&whole.read(&tokens));

        let mut pieces = Session::new(network);
        pieces.read(&tokens[..3]);
        pieces.read(&tokens[3..20]);
        let bytes = pieces.to_bytes();
        let mut pieces = Session::from_bytes(network, &tokens[..20], &bytes).unwrap();
        assert!(Session::from_bytes(network, &tokens[..20], &bytes[4..]).is_none());
        let in_pieces = network.logits(&pieces.read(&tokens[20..]));

        let mut cache = V3Cache::new(&network.model.cfg, tokens.len());
        let reference = network.model.prefill(&tokens, &mut cache);
        for ((a, b), c) in logits.iter().zip(&in_pieces).zip(&reference) {
            assert!((a - c).abs() < 2e-2 && (b - c).abs() < 2e-2, "{a}, {b} and {c}");
        }
        let logit = network.model.forward_head(&tokens, &network.head)[0];
        let confidence = 1.0 / (1.0 + (-logit).exp());
        assert!((whole.confidence() - confidence).abs() < 1e-3);
        assert!((pieces.confidence() - confidence).abs() < 1e-3);
    }
}
