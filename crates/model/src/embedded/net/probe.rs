//! What the confidence head reads, gathered while positions pass.
//!
//! The head weighs every position's state after every layer by a softmax over
//! positions. Running maximum, denominator and numerator are enough for that,
//! so no state has to be kept and no second pass is needed.

use needle_core::v3::heads::ProbeHead;

use super::linear::{Shape, multiply, multiply_transposed};

/// The running softmax of every probe of every layer.
#[derive(Clone)]
pub(super) struct Pool {
    probes: usize,
    width: usize,
    max: Vec<f32>,
    denominator: Vec<f32>,
    numerator: Vec<f32>,
}

/// The same of some positions and one layer.
pub(super) struct Share {
    max: Vec<f32>,
    denominator: Vec<f32>,
    numerator: Vec<f32>,
}

impl Share {
    /// Reads the states of some positions after one layer (0 is the input).
    pub(super) fn of(head: &ProbeHead, layer: usize, states: &[f32], width: usize) -> Self {
        let (probes, positions) = (head.probes_per_cell, states.len() / width);
        let weights = &head.probes[layer * probes * width..(layer + 1) * probes * width];
        let mut scores = vec![0.0f32; probes * positions];
        multiply_transposed(
            (weights, Shape::packed(probes, width)),
            (states, Shape::packed(positions, width)),
            (&mut scores, Shape::packed(probes, positions)),
        );
        let scale = 1.0 / (width as f32).sqrt();
        let mut share = Self {
            max: Vec::with_capacity(probes),
            denominator: Vec::with_capacity(probes),
            numerator: vec![0.0f32; probes * width],
        };
        for scores in scores.chunks_exact_mut(positions) {
            let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max) * scale;
            scores
                .iter_mut()
                .for_each(|score| *score = (*score * scale - top).exp());
            share.max.push(top);
            share.denominator.push(scores.iter().sum());
        }
        multiply(
            (&scores, Shape::packed(probes, positions)),
            (states, Shape::packed(positions, width)),
            (&mut share.numerator, Shape::packed(probes, width)),
        );
        share
    }
}

impl Pool {
    pub(super) fn new(head: &ProbeHead, width: usize) -> Self {
        let count = head.cells * head.probes_per_cell;
        Self {
            probes: head.probes_per_cell,
            width,
            max: vec![f32::NEG_INFINITY; count],
            denominator: vec![0.0; count],
            numerator: vec![0.0; count * width],
        }
    }

    /// The numbers that make it up, always in the same order.
    pub(super) fn parts(&self) -> [&[f32]; 3] {
        [&self.max, &self.denominator, &self.numerator]
    }

    /// The same, to be filled in.
    pub(super) fn parts_mut(&mut self) -> [&mut [f32]; 3] {
        [&mut self.max, &mut self.denominator, &mut self.numerator]
    }

    /// Adds the share of some positions.
    pub(super) fn merge(&mut self, layer: usize, share: &Share) {
        for probe in 0..self.probes {
            let at = layer * self.probes + probe;
            let top = self.max[at].max(share.max[probe]);
            let keep = (self.max[at] - top).exp();
            let add = (share.max[probe] - top).exp();
            self.max[at] = top;
            self.denominator[at] = self.denominator[at] * keep + share.denominator[probe] * add;
            let new = &share.numerator[probe * self.width..(probe + 1) * self.width];
            let sum = &mut self.numerator[at * self.width..(at + 1) * self.width];
            for (sum, new) in sum.iter_mut().zip(new) {
                *sum = *sum * keep + new * add;
            }
        }
    }

    /// The head's verdict on everything seen so far, between 0 and 1.
    pub(super) fn confidence(&self, head: &ProbeHead) -> f32 {
        let width = self.width;
        let mut summaries = self.numerator.clone();
        for (at, summary) in summaries.chunks_exact_mut(width).enumerate() {
            let inverse = 1.0 / self.denominator[at];
            summary.iter_mut().for_each(|value| *value *= inverse);
            let mean_square = summary.iter().map(|v| v * v).sum::<f32>() / width as f32;
            let scale = head.gain[at] / (mean_square + 1e-6).sqrt();
            summary.iter_mut().for_each(|value| *value *= scale);
        }
        let pooled: Vec<f32> = head
            .query
            .chunks_exact(width)
            .zip(head.row_bias.chunks_exact(self.max.len()))
            .flat_map(|(query, bias)| weigh(&summaries, query, bias))
            .collect();
        let logit = dot(&head.proj[..pooled.len()], &pooled) + head.bias[0];
        1.0 / (1.0 + (-logit).exp())
    }
}

/// The summaries' mean, weighted by how well each answers the query.
fn weigh(summaries: &[f32], query: &[f32], bias: &[f32]) -> Vec<f32> {
    let width = query.len();
    let scale = 1.0 / (width as f32).sqrt();
    let scores: Vec<f32> = summaries
        .chunks_exact(width)
        .zip(bias)
        .map(|(summary, bias)| dot(summary, query) * scale + bias)
        .collect();
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = scores.iter().map(|score| (score - top).exp()).collect();
    let total: f32 = weights.iter().sum();
    let mut out = vec![0.0f32; width];
    for (summary, weight) in summaries.chunks_exact(width).zip(&weights) {
        for (out, value) in out.iter_mut().zip(summary) {
            *out += weight / total * value;
        }
    }
    out
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use needle_core::v3::heads::{ProbeHead, ProbePool};

    use super::{Pool, Share};

    fn wave(count: usize, step: f32) -> Vec<f32> {
        (0..count).map(|i| (i as f32 * step).sin()).collect()
    }

    #[test]
    fn shares_in_any_cut_give_the_streaming_verdict() {
        let (width, layers, probes, queries, positions) = (16, 3, 2, 2, 9);
        let head = ProbeHead {
            probes: wave(layers * probes * width, 0.7),
            gain: wave(layers * probes, 1.3),
            query: wave(queries * width, 0.3),
            row_bias: wave(queries * layers * probes, 0.9),
            proj: wave(queries * width, 0.11),
            bias: vec![0.2],
            cells: layers,
            probes_per_cell: probes,
            queries,
            out_dim: 1,
        };
        let states = wave(layers * positions * width, 0.37);
        let mut reference = ProbePool::new(&head, width);
        let mut pool = Pool::new(&head, width);
        for layer in 0..layers {
            let states = &states[layer * positions * width..(layer + 1) * positions * width];
            for state in states.chunks_exact(width) {
                reference.observe(layer, state);
            }
            let (first, second) = states.split_at(4 * width);
            pool.merge(layer, &Share::of(&head, layer, first, width));
            pool.merge(layer, &Share::of(&head, layer, second, width));
        }
        let logit = reference.finish()[0];
        let expected = 1.0 / (1.0 + (-logit).exp());
        let got = pool.confidence(&head);
        assert!((got - expected).abs() < 1e-5, "{got} and {expected}");
    }
}
