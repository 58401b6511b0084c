//! The prompt: as given, or stdin for `-`.

use std::io::{self, Read};

use crate::exit::Failure;

/// Longest prompt that is read.
const MOST_BYTES: u64 = 4 << 20;

/// The prompt's text.
pub(crate) fn read(given: &str, manifest: &str) -> Result<String, Failure> {
    if given != "-" {
        return non_empty(given.to_owned());
    }
    if manifest == "-" {
        return Err(Failure::usage("manifest and prompt cannot both come from stdin"));
    }
    let mut bytes = Vec::new();
    let stdin = io::stdin().lock();
    stdin
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::unreadable("-", &error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::usage(format!(
            "the prompt is larger than {} MiB",
            MOST_BYTES >> 20
        )));
    }
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::usage("the prompt on stdin is not UTF-8 text"))?;
    non_empty(text)
}

fn non_empty(text: String) -> Result<String, Failure> {
    if text.trim().is_empty() {
        Err(Failure::usage("the prompt is empty"))
    } else {
        Ok(text)
    }
}
