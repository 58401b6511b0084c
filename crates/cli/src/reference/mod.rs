//! The pages of the reference as Markdown, each made from the table that the
//! program itself runs by. A page says what there is; how to use it is the
//! guide's business.

mod commands;
mod errors;
mod events;
mod exit_codes;
mod keys;
mod lints;
mod markdown;

use crate::args::Page;

/// The page, whole.
pub(crate) fn page(page: Page) -> String {
    let text = match page {
        Page::Commands => commands::page(),
        Page::Errors => errors::page(),
        Page::Events => events::page(),
        Page::ExitCodes => exit_codes::page(),
        Page::Keys => keys::page(),
        Page::Lints => lints::page(),
    };
    format!("<!-- Made by `just gen` from the program's own tables: change those. -->\n\n{text}")
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    /// The places of a page that can be linked to, as its readers make them:
    /// headings, and names that are written out.
    fn anchors(text: &str) -> Vec<String> {
        let mut anchors: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| markdown::anchor(line.trim_start_matches('#').trim()))
            .collect();
        let named = text.split("<a id=\"").skip(1);
        anchors.extend(named.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        anchors
    }

    #[test]
    fn every_link_within_a_page_leads_somewhere_and_no_anchor_stands_twice() {
        for value in Page::value_variants() {
            let text = page(*value);
            let anchors = anchors(&text);
            let mut links = 0;
            for rest in text.split("](#").skip(1) {
                let target = rest.split(')').next().unwrap_or_default();
                assert!(
                    anchors.iter().any(|anchor| anchor == target),
                    "{value:?}: #{target}"
                );
                links += 1;
            }
            assert!(links > 3, "{value:?} has a table of contents");
            let mut sorted = anchors.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(sorted.len(), anchors.len(), "{value:?}: {anchors:?}");
        }
    }

    #[test]
    fn tables_are_whole() {
        for value in Page::value_variants() {
            let mut columns = None;
            for line in page(*value).lines() {
                if !line.starts_with("| ") {
                    columns = None;
                    continue;
                }
                let cells = line.replace("\\|", "").matches('|').count();
                assert_eq!(*columns.get_or_insert(cells), cells, "{value:?}: {line}");
            }
        }
    }
}
