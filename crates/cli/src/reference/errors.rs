//! Errors of the language by their codes, from the table of the parser.

use toolrun_manifest::ERRORS;

use super::markdown::{sentence, table};

pub(super) fn page() -> String {
    let mut text = "# Errors\n\n\
        What `toolrun check` reports about a manifest that cannot be run, by the code in its message: `error[CODE]`. A message \
        itself says what is wrong in the text at hand and how to mend it; `toolrun check --explain CODE` prints what stands here. \
        An error cannot be allowed; [lints](lints.md) can.\n\n"
        .to_owned();
    text.push_str(&table(
        ["code", "what it means"],
        ERRORS.iter().map(|(code, meaning)| {
            let link = format!("<a id=\"{code}\"></a>[`{code}`](#{code})");
            [link, sentence(meaning)]
        }),
    ));
    text.truncate(text.trim_end().len());
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_place() {
        let text = page();
        for (code, _) in ERRORS {
            assert!(text.contains(&format!("<a id=\"{code}\"></a>")), "{code}");
        }
    }
}
