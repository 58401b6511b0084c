//! What toolrun looks at and writes besides what a command line names, in
//! words: the variables and files of the manual.

use toolrun_model::PROVIDERS;

/// Files by name, and what is in them.
pub(crate) const FILES: &[(&str, &str)] = &[
    (
        "FILE.lock",
        "What `toolrun lock` recorded of a manifest, beside it; --locked compares.",
    ),
    (
        "$XDG_STATE_HOME/toolrun/trust.json",
        "Sources of secrets that were allowed, by `toolrun trust` or when a run asked. \
         ~/.local/state is taken where the variable is not set.",
    ),
    (
        "$XDG_CACHE_HOME/toolrun",
        "What the embedded model keeps of a manifest's tools, so that the next run starts sooner; may be \
         deleted. ~/.cache is taken where the variable is not set.",
    ),
];

/// Variables of the environment that are no provider's key.
const VARIABLES: &[(&str, &str)] = &[
    (
        "TOOLRUN_MODEL",
        "The model as provider/name, where neither --model nor the manifest names one.",
    ),
    (
        "NO_COLOR",
        "When set and not empty, no colour; --color=always wins.",
    ),
    ("COLUMNS", "The width that texts are broken at."),
    (
        "RUST_BACKTRACE",
        "1 adds the frames when toolrun hits a defect of its own.",
    ),
];

/// Every variable with its meaning, the providers' keys last.
pub(crate) fn variables() -> Vec<(String, String)> {
    let own = VARIABLES
        .iter()
        .map(|(name, about)| ((*name).to_owned(), (*about).to_owned()));
    let keys = PROVIDERS.iter().filter_map(|provider| {
        let about = format!(
            "The key of {}; the first that is set chooses the model.",
            provider.name
        );
        Some((provider.key?.to_owned(), about))
    });
    own.chain(keys).collect()
}
