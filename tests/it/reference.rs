//! The pages under `docs/reference` are what the program prints.

use std::path::Path;

use crate::support::program::toolrun;

#[test]
fn the_pages_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    for page in ["commands", "errors", "events", "exit-codes", "keys", "lints"] {
        let path = folder.join(format!("{page}.md"));
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let printed = toolrun(&format!("reference {page}")).run().exits(0).stdout;
        let differs = kept
            .lines()
            .zip(printed.lines())
            .find(|(kept, printed)| kept != printed);
        assert!(
            kept == printed,
            "docs/reference/{page}.md is not what the program prints: run `just gen` and review the diff; first: {differs:?}"
        );
    }
}
