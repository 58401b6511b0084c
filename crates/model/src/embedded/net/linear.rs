//! Matrix products: packed weights for a few positions, unpacked ones for
//! many, and the threads that share a pass.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};
use needle_core::cq::CqWeight;

/// From this many positions on, unpacking a weight matrix and multiplying
/// densely is cheaper than reading it packed once per position.
pub(super) const DENSE_FROM: usize = 12;

/// A matrix inside a slice: `rows` by `columns`, rows `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
}

impl Shape {
    /// Rows that lie back to back.
    pub(super) fn packed(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            stride: columns,
        }
    }

    fn view(self, data: &[f32]) -> ArrayView2<'_, f32> {
        ArrayView2::from_shape((self.rows, self.columns).strides((self.stride, 1)), data)
            .expect("the slice holds the matrix it is said to hold")
    }

    fn view_mut(self, data: &mut [f32]) -> ArrayViewMut2<'_, f32> {
        ArrayViewMut2::from_shape((self.rows, self.columns).strides((self.stride, 1)), data)
            .expect("the slice holds the matrix it is said to hold")
    }
}

/// `out = a · b`.
pub(super) fn multiply(a: (&[f32], Shape), b: (&[f32], Shape), out: (&mut [f32], Shape)) {
    general_mat_mul(
        1.0,
        &a.1.view(a.0),
        &b.1.view(b.0),
        0.0,
        &mut out.1.view_mut(out.0),
    );
}

/// `out = aᵀ · b`.
pub(super) fn multiply_first_transposed(a: (&[f32], Shape), b: (&[f32], Shape), out: (&mut [f32], Shape)) {
    general_mat_mul(
        1.0,
        &a.1.view(a.0).t(),
        &b.1.view(b.0),
        0.0,
        &mut out.1.view_mut(out.0),
    );
}

/// `out = a · bᵀ`.
pub(super) fn multiply_transposed(a: (&[f32], Shape), b: (&[f32], Shape), out: (&mut [f32], Shape)) {
    general_mat_mul(
        1.0,
        &a.1.view(a.0),
        &b.1.view(b.0).t(),
        0.0,
        &mut out.1.view_mut(out.0),
    );
}

/// Several weight matrices that read the same activation, as one: their
/// outputs stand side by side in a row.
pub(super) enum Linear<'m> {
    /// As stored, with the first row and the number of rows to use.
    Packed(Vec<(&'m CqWeight, usize, usize)>),
    /// Unpacked, `outputs × inputs`.
    Dense(Vec<f32>, Shape),
}

impl<'m> Linear<'m> {
    /// All rows of the matrices.
    pub(super) fn of(matrices: &[&'m CqWeight], positions: usize, threads: usize) -> Self {
        let parts = matrices.iter().map(|w| (*w, 0, w.out_feat)).collect();
        Self::of_rows(parts, positions, threads)
    }

    /// Some rows of each matrix, in a form that suits the number of positions.
    pub(super) fn of_rows(
        parts: Vec<(&'m CqWeight, usize, usize)>,
        positions: usize,
        threads: usize,
    ) -> Self {
        if positions < DENSE_FROM {
            return Self::Packed(parts);
        }
        let inputs = parts[0].0.in_feat;
        let rows: Vec<(&CqWeight, usize)> = parts
            .iter()
            .flat_map(|(w, first, count)| (*first..first + count).map(move |row| (*w, row)))
            .collect();
        let mut dense = vec![0.0f32; rows.len() * inputs];
        let share = rows.len().div_ceil(threads).max(1);
        let mut jobs: Vec<_> = rows.chunks(share).zip(dense.chunks_mut(share * inputs)).collect();
        in_parallel(&mut jobs, |(rows, out)| {
            for ((weight, row), out) in rows.iter().zip(out.chunks_exact_mut(inputs)) {
                weight.dequantize_row(*row, out);
            }
        });
        let shape = Shape::packed(rows.len(), inputs);
        Self::Dense(dense, shape)
    }

    /// Outputs per position.
    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Packed(parts) => parts.iter().map(|(_, _, rows)| rows).sum(),
            Self::Dense(_, shape) => shape.rows,
        }
    }

    /// Applies the matrices to `positions` activations that lie back to back.
    pub(super) fn apply(&self, x: &[f32], positions: usize, out: &mut [f32]) {
        match self {
            Self::Dense(weights, shape) => multiply_transposed(
                (x, Shape::packed(positions, shape.columns)),
                (weights, *shape),
                (out, Shape::packed(positions, shape.rows)),
            ),
            Self::Packed(parts) => {
                let inputs = parts[0].0.in_feat;
                let mut prepared = vec![0.0f32; parts[0].0.prepared_len()];
                for (x, out) in x.chunks_exact(inputs).zip(out.chunks_exact_mut(self.outputs())) {
                    parts[0].0.prepare_input(x, &mut prepared);
                    let mut rest = out;
                    for (weight, first, rows) in parts {
                        let (here, after) = rest.split_at_mut(*rows);
                        weight.matvec_rows_prepared(&prepared, *first, here);
                        rest = after;
                    }
                }
            }
        }
    }
}

/// Runs `work` on every job, one thread each; the last one on this thread.
pub(super) fn in_parallel<J: Send>(jobs: &mut [J], work: impl Fn(&mut J) + Sync) {
    let Some((last, others)) = jobs.split_last_mut() else {
        return;
    };
    if others.is_empty() {
        return work(last);
    }
    std::thread::scope(|scope| {
        for job in others {
            scope.spawn(|| work(job));
        }
        work(last);
    });
}

/// `1 / (1 + e^-x)`.
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `e^x` to about six digits, in a form that compilers turn into vector code.
#[inline]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding it leaves the nearest whole number in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let scaled = (x * std::f32::consts::LOG2_E).clamp(-126.0, 126.0);
    let shifted = scaled + ROUND;
    let whole = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let f = scaled - (shifted - ROUND);
    // Taylor's series of 2^f on -1/2 to 1/2.
    let power = 1.0
        + f * (std::f32::consts::LN_2
            + f * (0.240_226_5
                + f * (0.055_504_11 + f * (0.009_618_129 + f * (0.001_333_356 + f * 0.000_154_035_3)))));
    f32::from_bits(whole.wrapping_add(127) << 23) * power
}

#[cfg(test)]
mod tests {
    use super::{exp, sigmoid};

    #[test]
    fn exp_is_close_to_the_exact_one() {
        for step in -4000..=4000 {
            let x = step as f32 / 50.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 1e-5, "e^{x} is off by {error}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(-1000.0) < 1e-37);
        assert!((sigmoid(0.0) - 0.5).abs() < 1e-7);
    }
}
