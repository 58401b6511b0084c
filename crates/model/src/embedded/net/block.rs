//! The positions that one thread works on, and the steps of a layer that need
//! no others.

use needle_core::norm::zc_rms_norm_vec;
use needle_core::v3::engram::apply_site;
use needle_core::v3::model::V3Layer;

use super::attention::{Past, attend};
use super::engram::Recall;
use super::lanes::{LaneGates, mean, mix_down, scatter_up};
use super::linear::{Linear, sigmoid};
use super::mlp;
use super::probe::Share;
use super::session::Network;

/// One layer's weights, in the form that suits the pass.
pub(super) struct LayerWeights<'n> {
    layer: &'n V3Layer,
    gates: LaneGates<'n>,
    inward: Linear<'n>,
    outward: Linear<'n>,
}

impl<'n> LayerWeights<'n> {
    pub(super) fn of(network: &'n Network, index: usize, positions: usize, threads: usize) -> Self {
        let model = &network.model;
        let layer = &model.layers[index];
        let inward = [&layer.q_proj, &layer.k_proj, &layer.v_proj, &layer.gate_proj];
        let lanes = model.cfg.mhc_lanes;
        Self {
            layer,
            gates: LaneGates::of(&model.mhc, index, lanes, positions, threads),
            inward: Linear::of(&inward, positions, threads),
            outward: Linear::of(&[&layer.out_proj], positions, threads),
        }
    }
}

/// The positions that one thread works on.
pub(super) struct Block<'n> {
    network: &'n Network,
    /// The first position, counted from the start of the pass.
    pub(super) start: usize,
    pub(super) positions: usize,
    lanes: Vec<f32>,
    gates: Vec<f32>,
    /// What the layer reads, and the same while the layer works on it.
    input: Vec<f32>,
    x: Vec<f32>,
    /// Queries, keys, values and the attention's gate, side by side.
    pub(super) projected: Vec<f32>,
    pub(super) queries: Vec<f32>,
    attended: Vec<f32>,
    /// The lanes' mean.
    pub(super) states: Vec<f32>,
}

impl<'n> Block<'n> {
    pub(super) fn split(network: &'n Network, tokens: &[u32], threads: usize) -> Vec<Self> {
        let share = tokens.len().div_ceil(threads.max(1)).max(1);
        tokens
            .chunks(share)
            .enumerate()
            .map(|(index, tokens)| Self::new(network, index * share, tokens))
            .collect()
    }

    fn new(network: &'n Network, start: usize, tokens: &[u32]) -> Self {
        let cfg = &network.model.cfg;
        let (width, positions) = (cfg.d_model, tokens.len());
        let scale = (width as f32).sqrt();
        let mut states = vec![0.0f32; positions * width];
        let mut lanes = Vec::with_capacity(positions * cfg.mhc_width());
        for (token, state) in tokens.iter().zip(states.chunks_exact_mut(width)) {
            let row = (*token as usize).min(cfg.vocab_size - 1);
            network.model.embedding.dequantize_row(row, state);
            state.iter_mut().for_each(|value| *value *= scale);
            for _ in 0..cfg.mhc_lanes {
                lanes.extend_from_slice(state);
            }
        }
        let projected = cfg.q_dim() + cfg.k_dim() + cfg.v_dim() + cfg.attn_out_dim();
        let gates = cfg.mhc_lanes * (2 + cfg.mhc_lanes);
        Self {
            network,
            start,
            positions,
            lanes,
            gates: vec![0.0; positions * gates],
            input: vec![0.0; positions * width],
            x: vec![0.0; positions * width],
            projected: vec![0.0; positions * projected],
            queries: Vec::new(),
            attended: vec![0.0; positions * cfg.attn_out_dim()],
            states,
        }
    }

    fn width(&self) -> usize {
        self.network.model.cfg.d_model
    }

    pub(super) fn projected_width(&self) -> usize {
        self.projected.len() / self.positions
    }

    pub(super) fn share(&self, layer: usize) -> Share {
        Share::of(&self.network.head, layer, &self.states, self.width())
    }

    /// Reads the lanes and projects them to queries, keys, values and gate.
    pub(super) fn project(&mut self, weights: &LayerWeights<'_>, recall: Option<&Recall>) {
        let width = self.width();
        weights
            .gates
            .compute(&self.lanes, self.positions, &mut self.gates);
        let lanes = self.lanes.chunks_exact(self.network.model.cfg.mhc_width());
        let gates = self.gates.chunks_exact(weights.gates.width());
        for ((lanes, gates), input) in lanes.zip(gates).zip(self.input.chunks_exact_mut(width)) {
            let reading = self.network.model.cfg.mhc_lanes;
            mix_down(lanes, &gates[..reading], input);
        }
        self.x.copy_from_slice(&self.input);
        if let Some(recall) = recall {
            for (index, x) in self.x.chunks_exact_mut(width).enumerate() {
                let at = (self.start + index) * width;
                apply_site(
                    x,
                    &recall.keys[at..at + width],
                    &recall.values[at..at + width],
                    width,
                );
            }
        }
        let mut normed = self.x.clone();
        for normed in normed.chunks_exact_mut(width) {
            zc_rms_norm_vec(normed, &weights.layer.norm_in);
        }
        weights.inward.apply(&normed, self.positions, &mut self.projected);
    }

    pub(super) fn attend(&mut self, weights: &LayerWeights<'_>, first: usize, past: Past<'_>) {
        let (width, projected_width) = (self.width(), self.projected_width());
        let heads = self.network.heads();
        attend(&self.queries, first + self.start, past, heads, &mut self.attended);
        let out_width = heads.queries * heads.value_width;
        let projected = self.projected.chunks_exact(projected_width);
        for (out, projected) in self.attended.chunks_exact_mut(out_width).zip(projected) {
            for (out, gate) in out.iter_mut().zip(&projected[projected_width - out_width..]) {
                *out *= sigmoid(*gate);
            }
        }
        let mut outward = vec![0.0f32; self.positions * width];
        weights
            .outward
            .apply(&self.attended, self.positions, &mut outward);
        let gate = sigmoid(weights.layer.attn_gate);
        for (x, out) in self
            .x
            .chunks_exact_mut(width)
            .zip(outward.chunks_exact_mut(width))
        {
            zc_rms_norm_vec(out, &weights.layer.post_norm);
            for (x, out) in x.iter_mut().zip(out) {
                *x += gate * *out;
            }
        }
    }

    /// Runs the feed-forward part and hands the change back to the lanes.
    pub(super) fn update(&mut self, weights: &LayerWeights<'_>) {
        let (width, model) = (self.width(), &self.network.model);
        let mut normed = self.x.clone();
        for normed in normed.chunks_exact_mut(width) {
            zc_rms_norm_vec(normed, &weights.layer.pre_hada);
        }
        mlp::add(&normed, width, &weights.layer.mlp, &model.perms, &mut self.x);
        for (x, input) in self.x.iter_mut().zip(&self.input) {
            *x -= input;
        }
        let mut old = Vec::with_capacity(model.cfg.mhc_width());
        let lanes = self.lanes.chunks_exact_mut(model.cfg.mhc_width());
        let gates = self.gates.chunks_exact(weights.gates.width());
        let changes = self.x.chunks_exact(width);
        let states = self.states.chunks_exact_mut(width);
        for (((lanes, gates), change), state) in lanes.zip(gates).zip(changes).zip(states) {
            scatter_up(lanes, gates, change, &mut old);
            mean(lanes, state);
        }
    }
}
