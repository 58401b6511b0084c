//! The manifests that are shipped, and the tools in each.

use std::fs;

use super::program::toolrun;
use super::workspace;

/// Every manifest of `manifests/` by its name without the ending, with the names of its tools.
pub(crate) fn tools() -> Vec<(String, Vec<String>)> {
    let entries = fs::read_dir(workspace().join("manifests")).expect("the shipped manifests");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    paths.sort();
    let named = paths.iter().map(|path| {
        let shown = toolrun("tools --json")
            .arg(path.display().to_string())
            .run()
            .exits(0)
            .json();
        let tools = shown["tools"].as_array().expect("tools").iter();
        let names = tools.map(|tool| tool["name"].as_str().expect("a name").to_owned());
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (stem, names.collect())
    });
    named.collect()
}
