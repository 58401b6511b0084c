//! The weights of the embedded model, and nothing else: this crate has no
//! dependency and no code, so nothing ever rebuilds it. `LICENSE` beside it is
//! the licence of the weights (Apache-2.0).

/// Needle 3, a 121-million-parameter model that routes requests to functions:
/// the container `needle3.cact` as its maker published it.
pub static NEEDLE_3: &[u8] = include_bytes!("../needle3.cact");

/// SHA-256 of [`NEEDLE_3`], in hexadecimal.
pub const NEEDLE_3_SHA256: &str = "c9d915eca282ed42d1a09b143b592adb4cc6744ffe2d294adf5cfc5548170c38";

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::{NEEDLE_3, NEEDLE_3_SHA256};

    #[test]
    fn the_bytes_are_the_published_ones() {
        assert_eq!(NEEDLE_3.len(), 35_335_380);
        let digest: String = Sha256::digest(NEEDLE_3)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(digest, NEEDLE_3_SHA256);
    }
}
