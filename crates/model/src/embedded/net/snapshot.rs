//! A session as bytes: what has to be kept of a text that was read.

use super::session::{Network, Session};

impl<'n> Session<'n> {
    /// Everything but the tokens, as little-endian numbers.
    pub(in crate::embedded) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.layers.len() * self.layers[0].k.len() * 16);
        for numbers in self.parts() {
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
        bytes
    }

    /// The session that has read `tokens` and was written by
    /// [`Session::to_bytes`]; `None` if the bytes are too few or too many.
    pub(in crate::embedded) fn from_bytes(
        network: &'n Network,
        tokens: &[u32],
        bytes: &[u8],
    ) -> Option<Self> {
        let cfg = &network.model.cfg;
        let mut session = Self::new(network);
        session.tokens = tokens.to_vec();
        for layer in &mut session.layers {
            layer.k.resize(tokens.len() * cfg.k_dim(), 0.0);
            layer.v.resize(tokens.len() * cfg.v_dim(), 0.0);
        }
        let mut rest = bytes;
        for numbers in session.parts_mut() {
            let (here, after) = rest.split_at_checked(numbers.len() * 4)?;
            let (words, _) = here.as_chunks::<4>();
            for (number, word) in numbers.iter_mut().zip(words) {
                *number = f32::from_le_bytes(*word);
            }
            rest = after;
        }
        rest.is_empty().then_some(session)
    }

    fn parts(&self) -> Vec<&[f32]> {
        let mut parts: Vec<&[f32]> = Vec::new();
        for layer in &self.layers {
            parts.extend([layer.k.as_slice(), layer.v.as_slice()]);
            parts.extend(layer.tails.iter().map(Vec::as_slice));
        }
        parts.extend(self.engram_tails.iter().map(Vec::as_slice));
        parts.extend(self.pool.parts());
        parts
    }

    fn parts_mut(&mut self) -> Vec<&mut [f32]> {
        let mut parts: Vec<&mut [f32]> = Vec::new();
        for layer in &mut self.layers {
            parts.extend([layer.k.as_mut_slice(), layer.v.as_mut_slice()]);
            parts.extend(layer.tails.iter_mut().map(Vec::as_mut_slice));
        }
        parts.extend(self.engram_tails.iter_mut().map(Vec::as_mut_slice));
        parts.extend(self.pool.parts_mut());
        parts
    }
}
