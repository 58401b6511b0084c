//! Events, diagnostics and requests as text: one file for each way to show them.

pub(crate) mod answer;
pub(crate) mod check_json;
pub(crate) mod counts;
pub(crate) mod diagnostics;
pub(crate) mod dry_run;
pub(crate) mod github;
pub(crate) mod jsonl;
pub(crate) mod junit;
pub(crate) mod mermaid;
pub(crate) mod outline;
mod place;
pub(crate) mod progress;
pub(crate) mod request;
pub(crate) mod sarif;
