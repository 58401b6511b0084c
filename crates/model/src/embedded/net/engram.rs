//! The network's memory of word pairs and triples: rows of hash tables, looked
//! up by the last tokens and convolved along the text.

use needle_core::v3::engram::{engram_indices, ngram_valid};
use needle_core::v3::model::{V3EngramSite, V3Model};

use super::linear::Linear;

/// Keys and values of one site, a row a position.
pub(super) struct Recall {
    pub(super) keys: Vec<f32>,
    pub(super) values: Vec<f32>,
}

/// Values before the convolution that later positions still reach.
pub(super) fn reach(model: &V3Model) -> usize {
    model.cfg.engram.conv_taps.saturating_sub(1) * model.cfg.engram.conv_dilation
}

/// Looks up what every site knows of the new tokens. `history` are the tokens
/// before them, `tails` each site's last values, which move on.
pub(super) fn recall(
    model: &V3Model,
    history: &[u32],
    tokens: &[u32],
    tails: &mut [Vec<f32>],
    threads: usize,
) -> Vec<Recall> {
    let e = &model.cfg.engram;
    let longest = e.orders.iter().copied().max().unwrap_or(1);
    let before = history.len().min(longest - 1);
    let mut text = history[history.len() - before..].to_vec();
    text.extend_from_slice(tokens);
    let slots = engram_indices(&text, &e.orders, e.heads, e.slots as u32, e.seed_heads);
    let slots = &slots[before * e.num_tables()..];
    model
        .engrams
        .iter()
        .zip(tails)
        .map(|(site, tail)| {
            let rows = fetch(model, site, slots, history.len());
            project(model, site, &rows, history.len(), tail, threads)
        })
        .collect()
}

/// The tables' rows, those of all tables side by side for each position.
fn fetch(model: &V3Model, site: &V3EngramSite, slots: &[u32], first: usize) -> Vec<f32> {
    let e = &model.cfg.engram;
    let tables = e.num_tables();
    let mut out = vec![0.0f32; slots.len() * e.sub_dim];
    for (index, (slot, out)) in slots.iter().zip(out.chunks_exact_mut(e.sub_dim)).enumerate() {
        let (position, table) = (first + index / tables, index % tables);
        if ngram_valid(position, table, &e.orders, e.heads) {
            let row = table * e.slots + *slot as usize;
            site.tables.dequantize_row(row, out);
        }
    }
    out
}

fn project(
    model: &V3Model,
    site: &V3EngramSite,
    rows: &[f32],
    first: usize,
    tail: &mut Vec<f32>,
    threads: usize,
) -> Recall {
    let (e, width) = (&model.cfg.engram, model.cfg.d_model);
    let positions = rows.len() / width;
    let mut keys = vec![0.0f32; positions * width];
    Linear::of(&[&site.key_proj], positions, threads).apply(rows, positions, &mut keys);
    let mut raw = vec![0.0f32; positions * width];
    Linear::of(&[&site.value_proj], positions, threads).apply(rows, positions, &mut raw);

    let reach = reach(model);
    tail.extend_from_slice(&raw);
    let longest = e.orders.iter().copied().max().unwrap_or(1);
    let mut values = vec![0.0f32; positions * width];
    for (index, values) in values.chunks_exact_mut(width).enumerate() {
        let position = first + index;
        for (tap, taps) in site.taps.chunks_exact(width).enumerate() {
            let back = tap * e.conv_dilation;
            if back > position || position < tap * longest {
                continue;
            }
            let from = &tail[(reach + index - back) * width..][..width];
            for ((value, tap), from) in values.iter_mut().zip(taps).zip(from) {
                *value += tap * from;
            }
        }
    }
    tail.drain(..positions * width);
    Recall { keys, values }
}
