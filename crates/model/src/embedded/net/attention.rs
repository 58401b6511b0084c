//! Causal attention of a run of positions over all positions before them.

use super::linear::{Shape, exp, multiply, multiply_transposed};

/// Positions whose scores are held at once.
const TILE: usize = 32;

/// How wide the heads are and how many share one key.
#[derive(Clone, Copy)]
pub(super) struct Heads {
    pub(super) queries: usize,
    pub(super) keys: usize,
    pub(super) key_width: usize,
    pub(super) value_width: usize,
}

/// Keys and values of one layer, a row a position, and how far back a query
/// may look.
#[derive(Clone, Copy)]
pub(super) struct Past<'a> {
    pub(super) k: &'a [f32],
    pub(super) v: &'a [f32],
    pub(super) window: Option<usize>,
}

/// Attends with the queries of the positions from `first` on.
pub(super) fn attend(q: &[f32], first: usize, past: Past<'_>, heads: Heads, out: &mut [f32]) {
    let q_row = heads.queries * heads.key_width;
    let out_row = heads.queries * heads.value_width;
    let tiles = q.chunks(TILE * q_row).zip(out.chunks_mut(TILE * out_row));
    for (index, (q, out)) in tiles.enumerate() {
        attend_tile(q, first + index * TILE, past, heads, out);
    }
}

fn attend_tile(q: &[f32], first: usize, past: Past<'_>, heads: Heads, out: &mut [f32]) {
    let Heads {
        key_width,
        value_width,
        ..
    } = heads;
    let q_row = heads.queries * key_width;
    let positions = q.len() / q_row;
    let share = heads.queries / heads.keys;
    let low = past.window.map_or(0, |window| (first + 1).saturating_sub(window));
    let seen = first + positions - low;
    let rows = share * positions;
    let mut queries = vec![0.0f32; rows * key_width];
    let mut scores = vec![0.0f32; rows * seen];
    let mut mixed = vec![0.0f32; rows * value_width];
    for group in 0..heads.keys {
        for (row, query) in queries.chunks_exact_mut(key_width).enumerate() {
            let (position, head) = (row / share, group * share + row % share);
            let at = position * q_row + head * key_width;
            query.copy_from_slice(&q[at..at + key_width]);
        }
        let keys = Shape {
            rows: seen,
            columns: key_width,
            stride: heads.keys * key_width,
        };
        let values = Shape {
            rows: seen,
            columns: value_width,
            stride: heads.keys * value_width,
        };
        multiply_transposed(
            (&queries, Shape::packed(rows, key_width)),
            (&past.k[low * keys.stride + group * key_width..], keys),
            (&mut scores, Shape::packed(rows, seen)),
        );
        for (row, scores) in scores.chunks_exact_mut(seen).enumerate() {
            let position = first + row / share;
            let from = past
                .window
                .map_or(0, |window| (position + 1).saturating_sub(window));
            softmax(scores, from - low..position + 1 - low, key_width);
        }
        multiply(
            (&scores, Shape::packed(rows, seen)),
            (&past.v[low * values.stride + group * value_width..], values),
            (&mut mixed, Shape::packed(rows, value_width)),
        );
        for (row, mixed) in mixed.chunks_exact(value_width).enumerate() {
            let (position, head) = (row / share, group * share + row % share);
            let at = (position * heads.queries + head) * value_width;
            out[at..at + value_width].copy_from_slice(mixed);
        }
    }
}

/// Turns the scores of the visible positions into weights, the others to zero.
fn softmax(scores: &mut [f32], visible: std::ops::Range<usize>, key_width: usize) {
    scores[..visible.start].fill(0.0);
    scores[visible.end..].fill(0.0);
    let scores = &mut scores[visible];
    let scale = 1.0 / (key_width as f32).sqrt();
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max) * scale;
    for score in scores.iter_mut() {
        *score = exp(*score * scale - top);
    }
    let mut sums = [0.0f32; 8];
    for eight in scores.chunks(8) {
        for (sum, score) in sums.iter_mut().zip(eight) {
            *sum += score;
        }
    }
    let inverse = 1.0 / sums.iter().sum::<f32>();
    for score in scores.iter_mut() {
        *score *= inverse;
    }
}
