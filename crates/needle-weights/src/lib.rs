//! The weights of the embedded model, and nothing else: this crate has no
//! dependency and no code, so nothing ever rebuilds it.
