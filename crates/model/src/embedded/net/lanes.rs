//! The residual stream: several copies of a position's state, mixed down to
//! one for each layer and updated by what the layer changed.

use needle_core::v3::mhc::{post_off, pre_off};
use needle_core::v3::model::V3Mhc;

use super::linear::{Linear, exp, sigmoid};

/// Rounds of row and column normalisation that the weights were trained with.
const SINKHORN_ROUNDS: usize = 20;

/// One layer's lane weights: reading, writing and mixing gates, in this order.
pub(super) struct LaneGates<'m> {
    linear: Linear<'m>,
    mhc: &'m V3Mhc,
    layer: usize,
    lanes: usize,
}

impl<'m> LaneGates<'m> {
    pub(super) fn of(mhc: &'m V3Mhc, layer: usize, lanes: usize, positions: usize, threads: usize) -> Self {
        let square = lanes * lanes;
        let parts = vec![
            (&mhc.phi_pre, layer * lanes, lanes),
            (&mhc.phi_post, layer * lanes, lanes),
            (&mhc.phi_res, layer * square, square),
        ];
        Self {
            linear: Linear::of_rows(parts, positions, threads),
            mhc,
            layer,
            lanes,
        }
    }

    /// Gates of one position.
    pub(super) fn width(&self) -> usize {
        2 * self.lanes + self.lanes * self.lanes
    }

    /// Computes the gates from the lanes of `positions` positions.
    pub(super) fn compute(&self, lanes: &[f32], positions: usize, gates: &mut [f32]) {
        let row = lanes.len() / positions;
        // The gates read the lanes at unit size; scaling what comes out costs
        // less than scaling what goes in.
        self.linear.apply(lanes, positions, gates);
        for (lanes, gates) in lanes.chunks_exact(row).zip(gates.chunks_exact_mut(self.width())) {
            let scale = 1.0 / (sum_of_squares(lanes) / row as f32 + 1e-6).sqrt();
            gates.iter_mut().for_each(|gate| *gate *= scale);
            self.activate(gates);
        }
    }

    fn activate(&self, gates: &mut [f32]) {
        let (mhc, layer, lanes) = (self.mhc, self.layer, self.lanes);
        let (pre, rest) = gates.split_at_mut(lanes);
        let (post, mix) = rest.split_at_mut(lanes);
        for (lane, gate) in pre.iter_mut().enumerate() {
            let bias = mhc.b_pre[layer * lanes + lane] + pre_off(layer, lane, lanes);
            *gate = sigmoid(mhc.a_pre[layer] * *gate + bias);
        }
        for (lane, gate) in post.iter_mut().enumerate() {
            let bias = mhc.b_post[layer * lanes + lane] + post_off(layer, lane, lanes);
            *gate = 2.0 * sigmoid(mhc.a_post[layer] * *gate + bias);
        }
        let bias = &mhc.b_res[layer * lanes * lanes..];
        for (gate, bias) in mix.iter_mut().zip(bias) {
            *gate = mhc.a_res[layer] * *gate + bias;
        }
        sinkhorn(mix, lanes);
    }
}

/// Mixes one position's lanes down to what the layer reads.
pub(super) fn mix_down(lanes: &[f32], gates: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (lane, gate) in lanes.chunks_exact(out.len()).zip(gates) {
        for (out, value) in out.iter_mut().zip(lane) {
            *out += gate * value;
        }
    }
}

/// Mixes one position's lanes among each other and adds what the layer changed.
pub(super) fn scatter_up(lanes: &mut [f32], gates: &[f32], change: &[f32], old: &mut Vec<f32>) {
    let width = change.len();
    let count = lanes.len() / width;
    let (post, mix) = gates[count..].split_at(count);
    old.clear();
    old.extend_from_slice(lanes);
    for (index, lane) in lanes.chunks_exact_mut(width).enumerate() {
        for (value, change) in lane.iter_mut().zip(change) {
            *value = post[index] * change;
        }
        for (old, gate) in old.chunks_exact(width).zip(&mix[index * count..]) {
            for (value, old) in lane.iter_mut().zip(old) {
                *value += gate * old;
            }
        }
    }
}

/// The mean of one position's lanes.
pub(super) fn mean(lanes: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for lane in lanes.chunks_exact(out.len()) {
        for (out, value) in out.iter_mut().zip(lane) {
            *out += value;
        }
    }
    let share = out.len() as f32 / lanes.len() as f32;
    out.iter_mut().for_each(|value| *value *= share);
}

/// Makes rows and columns of `e^matrix` sum to one. Rows may be scaled freely,
/// so each loses its largest entry first and nothing overflows.
fn sinkhorn(matrix: &mut [f32], size: usize) {
    for row in matrix.chunks_exact_mut(size) {
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|value| *value = exp(*value - top));
    }
    for _ in 0..SINKHORN_ROUNDS {
        for row in matrix.chunks_exact_mut(size) {
            let inverse = 1.0 / row.iter().sum::<f32>();
            row.iter_mut().for_each(|value| *value *= inverse);
        }
        for column in 0..size {
            let sum: f32 = matrix.iter().skip(column).step_by(size).sum();
            let inverse = 1.0 / sum;
            for value in matrix.iter_mut().skip(column).step_by(size) {
                *value *= inverse;
            }
        }
    }
}

/// The sum of squares, in eight strands that vector code can follow.
fn sum_of_squares(values: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for eight in values.chunks(8) {
        for (sum, value) in sums.iter_mut().zip(eight) {
            *sum += value * value;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sinkhorn_agrees_with_the_logarithmic_form() {
        let start: Vec<f32> = (0..16).map(|i| ((i * 7 % 16) as f32 - 8.0) * 0.7).collect();
        let mut plain = start.clone();
        sinkhorn(&mut plain, 4);
        let mut logarithmic = start;
        needle_core::kernels::sinkhorn(&mut logarithmic, 4);
        for (a, b) in plain.iter().zip(&logarithmic) {
            assert!((a - b).abs() < 1e-5, "{a} and {b}");
        }
    }

    #[test]
    fn lanes_mix_down_and_up() {
        let mut lanes = [1.0, 2.0, 10.0, 20.0];
        let mut out = [0.0; 2];
        mix_down(&lanes, &[1.0, 0.5], &mut out);
        assert_eq!(out, [6.0, 12.0]);
        // pre, pre, post, post, then the mixing rows: swap the lanes.
        let gates = [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
        scatter_up(&mut lanes, &gates, &[100.0, 200.0], &mut Vec::new());
        assert_eq!(lanes, [110.0, 220.0, 1.0, 2.0]);
        mean(&lanes, &mut out);
        assert_eq!(out, [55.5, 111.0]);
    }
}
