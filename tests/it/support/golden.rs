//! Outputs kept as files beside their inputs. `TOOLRUN_BLESS=1` writes them;
//! the diff is then to be read.

use std::path::Path;

/// Whether outputs are written instead of compared.
pub(crate) fn blessing() -> bool {
    std::env::var_os("TOOLRUN_BLESS").is_some_and(|value| value == "1")
}

/// Compares an output with its file; gives a complaint when they differ.
pub(crate) fn compare(path: &Path, actual: &str) -> Option<String> {
    if blessing() {
        std::fs::write(path, actual).expect("the output can be written");
        return None;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    (expected != actual).then(|| {
        let name = path.display();
        format!("{name} differs (TOOLRUN_BLESS=1 accepts it)\n--- expected\n{expected}\n--- actual\n{actual}")
    })
}

/// Panics with every complaint's first line, and the first few in full.
#[track_caller]
pub(crate) fn none(complaints: &[String]) {
    let names: Vec<&str> = complaints
        .iter()
        .filter_map(|complaint| complaint.lines().next())
        .collect();
    let shown: Vec<&str> = complaints.iter().take(3).map(String::as_str).collect();
    assert!(
        complaints.is_empty(),
        "{}\n\n{}",
        names.join("\n"),
        shown.join("\n\n")
    );
}
