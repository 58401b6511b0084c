//! Generated strings over the real wire, and payloads collected elsewhere:
//! `TOOLRUN_PAYLOADS` names their folder (one a line, or a list in JSON), and
//! `just oracles` runs them.

use std::collections::BTreeMap;
use std::path::Path;

use super::volley::hold;

/// Part of the 200,000 that the tests of `fuzz` put through the renderer.
#[test]
fn a01_generated_strings_stay_in_their_slots() {
    let strings: Vec<String> = toolrun_fuzz::generate::strings(20_261_122).take(500).collect();
    let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
    let outcomes = hold(&["last", "middle", "search", "header"], &strings);
    assert_eq!(outcomes.len(), 2_000);
    let sent = outcomes
        .iter()
        .filter(|(_, _, became)| became.rule().is_none())
        .count();
    assert!((1_000..2_000).contains(&sent), "{sent} were sent");
}

const TOOLS: &[&str] = &["last", "middle", "remove", "search", "header", "json"];

#[test]
#[ignore = "needs a folder of payloads in TOOLRUN_PAYLOADS"]
#[expect(clippy::print_stderr, reason = "the numbers are what this test is run for")]
fn a01_payload_lists_stay_in_their_slots() {
    let folder = std::env::var("TOOLRUN_PAYLOADS").expect("TOOLRUN_PAYLOADS names a folder");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let (mut all, mut sent) = (0, 0);
    for path in &paths {
        let payloads = payloads(path);
        let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
        let mut counts = BTreeMap::<String, usize>::new();
        for (tool, payload, became) in hold(TOOLS, &payloads) {
            all += 1;
            sent += usize::from(became.rule().is_none());
            *counts
                .entry(format!("{tool}: {}", became.rule().unwrap_or("sent")))
                .or_default() += 1;
            let honest = path.extension().is_some_and(|extension| extension == "json");
            if let (true, Some(rule)) = (honest, became.rule()) {
                eprintln!("  {tool} refuses {payload:?}: {rule}");
            }
        }
        eprintln!("{} ({}): {counts:?}", path.display(), payloads.len());
    }
    eprintln!(
        "{all} calls: {sent} arrived unchanged in their slot, {} were refused and not sent",
        all - sent
    );
}

fn payloads(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).expect("a list");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if path.extension().is_some_and(|extension| extension == "json") {
        return serde_json::from_str(&text).expect("a list of strings");
    }
    text.split('\n')
        .map(|line| line.trim_end_matches('\r').to_owned())
        .collect()
}
