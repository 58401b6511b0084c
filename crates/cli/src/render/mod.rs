//! Events, diagnostics and requests as text: one file for each way to show them.

pub(crate) mod answer;
pub(crate) mod check_json;
pub(crate) mod diagnostics;
pub(crate) mod dry_run;
pub(crate) mod jsonl;
pub(crate) mod mermaid;
pub(crate) mod outline;
pub(crate) mod progress;
pub(crate) mod request;
