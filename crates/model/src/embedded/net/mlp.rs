//! The network's feed-forward part: three products of two small learned
//! factors each, with a permutation between them.

use needle_core::v3::kernels::{HadaMlp, HadaPerms, hada_blocks, hadamard_mlp};

use super::linear::{DENSE_FROM, Shape, exp, multiply, multiply_first_transposed, sigmoid};

/// Positions worked on at once: their 1024 features each stay in the cache.
const TILE: usize = 64;

/// Adds the part's output for every position of `x` to `sum`.
pub(super) fn add(x: &[f32], width: usize, weights: &HadaMlp, perms: &HadaPerms, sum: &mut [f32]) {
    let features = perms.p1.len();
    if x.len() / width < DENSE_FROM {
        let mut out = vec![0.0f32; width];
        for (x, sum) in x.chunks_exact(width).zip(sum.chunks_exact_mut(width)) {
            hadamard_mlp(x, weights, perms, features, &mut out);
            for (sum, out) in sum.iter_mut().zip(&out) {
                *sum += out;
            }
        }
        return;
    }
    let tiles = x.chunks(TILE * width).zip(sum.chunks_mut(TILE * width));
    for (x, sum) in tiles {
        add_tile(x, width, weights, perms, sum);
    }
}

/// Works feature by feature: a row holds one feature of every position, so
/// that diagonals and permutations touch whole rows.
fn add_tile(x: &[f32], width: usize, weights: &HadaMlp, perms: &HadaPerms, sum: &mut [f32]) {
    let features = perms.p1.len();
    let positions = x.len() / width;
    let condition = condition(x, width, features, weights);
    let mut z = vec![0.0f32; features * positions];
    for (position, x) in x.chunks_exact(width).enumerate() {
        for (feature, (x, d1)) in x.iter().zip(&weights.d1).enumerate() {
            z[feature * positions + position] = x * d1;
        }
    }
    let mut mixed = vec![0.0f32; features * positions];

    kronecker(&mut z, &weights.w1, positions, &mut mixed);
    permute(&mixed, &perms.p1, positions, &mut z);
    for (feature, z) in z.chunks_exact_mut(positions).enumerate() {
        let (d2, b2) = (weights.d2[feature], weights.b2[feature]);
        let condition = &condition[feature * positions..];
        for (z, condition) in z.iter_mut().zip(condition) {
            let gated = d2 * (1.0 + condition) * *z + b2;
            *z = gated * sigmoid(gated);
        }
    }
    kronecker(&mut z, &weights.w2, positions, &mut mixed);
    permute(&mixed, &perms.p2, positions, &mut z);
    for (z, d3) in z.chunks_exact_mut(positions).zip(&weights.d3) {
        z.iter_mut().for_each(|z| *z *= d3);
    }
    kronecker(&mut z, &weights.w3, positions, &mut mixed);
    for (position, sum) in sum.chunks_exact_mut(width).enumerate() {
        for (feature, (sum, d4)) in sum.iter_mut().zip(&weights.d4).enumerate() {
            *sum += mixed[feature * positions + position] * d4;
        }
    }
}

/// `softmax(x · cond_v) · cond_u`, a row a feature.
fn condition(x: &[f32], width: usize, features: usize, weights: &HadaMlp) -> Vec<f32> {
    let positions = x.len() / width;
    let rank = weights.cond_rank;
    let mut shares = vec![0.0f32; positions * rank];
    multiply(
        (x, Shape::packed(positions, width)),
        (&weights.cond_v, Shape::packed(width, rank)),
        (&mut shares, Shape::packed(positions, rank)),
    );
    for shares in shares.chunks_exact_mut(rank) {
        let top = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        shares.iter_mut().for_each(|share| *share = exp(*share - top));
        let inverse = 1.0 / shares.iter().sum::<f32>();
        shares.iter_mut().for_each(|share| *share *= inverse);
    }
    // features × positions = (rank × features)ᵀ · (positions × rank)ᵀ
    let mut by_rank = vec![0.0f32; rank * positions];
    for (position, shares) in shares.chunks_exact(rank).enumerate() {
        for (index, share) in shares.iter().enumerate() {
            by_rank[index * positions + position] = *share;
        }
    }
    let mut out = vec![0.0f32; features * positions];
    multiply_first_transposed(
        (&weights.cond_u, Shape::packed(rank, features)),
        (&by_rank, Shape::packed(rank, positions)),
        (&mut out, Shape::packed(features, positions)),
    );
    out
}

/// `out[k, l] = Σ z[i, j] · a[i, k] · b[j, l]` for every position; `z` is
/// overwritten.
fn kronecker(z: &mut [f32], factors: &(Vec<f32>, Vec<f32>), positions: usize, out: &mut [f32]) {
    let (rows, columns) = hada_blocks(z.len() / positions);
    multiply_first_transposed(
        (&factors.0, Shape::packed(rows, rows)),
        (z, Shape::packed(rows, columns * positions)),
        (out, Shape::packed(rows, columns * positions)),
    );
    z.copy_from_slice(out);
    let block = columns * positions;
    for (z, out) in z.chunks_exact(block).zip(out.chunks_exact_mut(block)) {
        multiply_first_transposed(
            (&factors.1, Shape::packed(columns, columns)),
            (z, Shape::packed(columns, positions)),
            (out, Shape::packed(columns, positions)),
        );
    }
}

fn permute(from: &[f32], order: &[u32], positions: usize, to: &mut [f32]) {
    for (to, from_row) in to.chunks_exact_mut(positions).zip(order) {
        let at = *from_row as usize * positions;
        to.copy_from_slice(&from[at..at + positions]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize, seed: &mut u32) -> Vec<f32> {
        (0..count)
            .map(|_| {
                *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (*seed >> 8) as f32 / (1 << 24) as f32 - 0.5
            })
            .collect()
    }

    #[test]
    fn many_positions_at_once_equal_one_by_one() {
        let (width, features, rank, positions) = (48, 64, 4, 70);
        let seed = &mut 7;
        let (rows, columns) = hada_blocks(features);
        let pair = |seed: &mut u32| (noise(rows * rows, seed), noise(columns * columns, seed));
        let (w1, w2, w3) = (pair(seed), pair(seed), pair(seed));
        let weights = HadaMlp {
            d1: noise(features, seed),
            d2: noise(features, seed),
            b2: noise(features, seed),
            d3: noise(features, seed),
            d4: noise(features, seed),
            w1,
            w2,
            w3,
            cond_v: noise(width * rank, seed),
            cond_u: noise(rank * features, seed),
            cond_rank: rank,
        };
        let count = features as u32;
        let perms = HadaPerms {
            p1: (0..count).map(|i| i * 5 % count).collect(),
            p2: (0..count).map(|i| (i * 3 + 1) % count).collect(),
        };
        let x = noise(positions * width, seed);
        let mut together = vec![0.0f32; positions * width];
        add(&x, width, &weights, &perms, &mut together);
        let mut alone = vec![0.0f32; width];
        for (x, together) in x.chunks_exact(width).zip(together.chunks_exact(width)) {
            hadamard_mlp(x, &weights, &perms, features, &mut alone);
            for (a, b) in alone.iter().zip(together) {
                assert!((a - b).abs() < 1e-4, "{a} and {b}");
            }
        }
    }
}
