//! Asks on the terminal whether a call may run: shows the exact request, and
//! takes nothing but a typed yes for a yes.
//!
//! What a model wrote stands in the request, so nothing of it may look like
//! the question: every row starts with a mark of ours, also where a long line
//! goes on; characters that hide or move something are written as escapes; and
//! the question says once more what is sent where, below everything else.

use futures_util::future::BoxFuture;
use toolrun_runner::{Answer, Approver, Proposal, Stop};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::console::{Console, Style};
use crate::question::{OwnTerminal, Question, said_yes};
use crate::render::progress::Progress;
use crate::visible::{ASKS, revealed};

/// Rows that one line of a request may take before its middle is left out.
const MOST_ROWS: usize = 8;
/// Rows that a whole request may take before its middle is left out.
const MOST_IN_ALL: usize = 30;
/// Of either, how many of the end are still shown.
const TAIL: usize = 3;
/// The narrowest terminal that rows are cut for.
const NARROWEST: usize = 20;
/// Columns before the text of a row.
const MARGIN: usize = 4;

/// Asks the person at the terminal.
pub(crate) struct AskOnTerminal {
    console: Console,
    progress: Progress,
    stop: Stop,
}

impl AskOnTerminal {
    /// Asks in the place of that moving line; a stop is a no.
    pub(crate) fn new(console: &Console, progress: &Progress, stop: &Stop) -> Self {
        Self {
            console: console.clone(),
            progress: progress.clone(),
            stop: stop.clone(),
        }
    }
}

impl Approver for AskOnTerminal {
    fn ask<'a>(&'a self, proposal: &'a Proposal) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.progress.hide();
            let question = question(proposal, &self.console);
            let mut terminal = OwnTerminal(self.console.clone());
            // On a thread of its own: neither a person nor a terminal that
            // takes no text may hold up a stop.
            let answered = tokio::task::spawn_blocking(move || said_yes(&mut terminal, &question));
            tokio::select! {
                answer = answered => if answer.unwrap_or(false) { Answer::Yes } else { Answer::No },
                () = self.stop.stopped() => Answer::No,
            }
        })
    }
}

fn question(proposal: &Proposal, console: &Console) -> Question {
    let width = console.question_width();
    let cut = Shown::of(proposal, Some(width), Extent::Cut);
    let head = console.paint(Style::Asks, &format!("{ASKS} toolrun asks: "));
    let what = console.paint(Style::Bold, &format!("{} {}.", proposal.tool, proposal.reason()));
    let mut matter = format!("\n{head}{what} It would send:\n{}", cut.rows);
    if let Some(warning) = proposal.warning() {
        let warning = rows(&format!("! {warning}"), Some(width), ["  ", "    "]).concat();
        matter.push_str(&console.paint(Style::Warning, warning.trim_end()));
        matter.push('\n');
    }
    let (method, host) = (proposal.preview.method().as_str(), proposal.preview.host());
    let ask = |all: &str| {
        let ask = format!("{ASKS} Send this {method} to {host}? Type y for yes,{all} anything else is no:");
        console.paint(Style::Bold, &ask)
    };
    let whole = || Shown::of(proposal, Some(width), Extent::Whole).rows;
    Question {
        matter: matter.trim_end_matches('\n').to_owned(),
        ask: ask(if cut.left_out { " a to see all of it," } else { "" }),
        whole: cut.left_out.then(|| (whole(), ask(""))),
    }
}

/// The request of a call that nobody could be asked about, each line marked.
pub(crate) fn shown(proposal: &Proposal) -> String {
    Shown::of(proposal, None, Extent::Cut).rows
}

/// How much of a request is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The middle of what is very long is left out, and told by its digest.
    Cut,
    /// All of it.
    Whole,
}

/// A request in rows.
struct Shown {
    rows: String,
    left_out: bool,
}

impl Shown {
    fn of(proposal: &Proposal, width: Option<usize>, extent: Extent) -> Self {
        let text = &proposal.shown;
        let mut left_out = false;
        let mut all: Vec<String> = Vec::new();
        // Unlike `lines`, this keeps an empty line at the end.
        for line in text.split('\n') {
            let mut rows = rows(&revealed(line), width.or(Some(200)), ["  | ", "  \\ "]);
            if extent == Extent::Cut && rows.len() > MOST_ROWS {
                left_out = true;
                without_middle(&mut rows, MOST_ROWS, |gone| {
                    format!("  … {gone} rows more of this line\n")
                });
            }
            all.append(&mut rows);
        }
        if extent == Extent::Cut && all.len() > MOST_IN_ALL {
            left_out = true;
            without_middle(&mut all, MOST_IN_ALL, |gone| format!("  … {gone} rows more\n"));
        }
        if left_out {
            let (bytes, digest) = (text.len(), proposal.preview.sha256());
            all.push(format!("  … {bytes} bytes in all; SHA-256 of the request:\n"));
            all.extend(rows(&digest, width, ["    ", "    "]));
        }
        Self {
            rows: all.concat(),
            left_out,
        }
    }
}

/// Puts a word in the place of the middle of a list that is too long.
fn without_middle(items: &mut Vec<String>, most: usize, word: impl Fn(usize) -> String) {
    let gone = items.len() - most;
    let start = most - TAIL;
    items.splice(start..start + gone, [word(gone)]);
}

/// A line in rows that fit the width, each behind a mark. Every character but
/// those of ASCII counts as two columns, which none exceeds. What is read as
/// one sign stands in one row, unless it is longer than that.
fn rows(line: &str, width: Option<usize>, marks: [&str; 2]) -> Vec<String> {
    let room = width.map_or(usize::MAX, |width| width.max(NARROWEST) - MARGIN - 1);
    let mut rows = vec![marks[0].to_owned()];
    let mut used = 0;
    let mut put = |text: &str| {
        let columns = columns(text);
        if used + columns > room {
            rows.push(marks[1].to_owned());
            used = 0;
        }
        used += columns;
        if let Some(row) = rows.last_mut() {
            row.push_str(text);
        }
    };
    for sign in line.graphemes(true) {
        if columns(sign) <= room {
            put(sign);
        } else {
            sign.chars().for_each(|c| put(c.encode_utf8(&mut [0; 4])));
        }
    }
    rows.iter_mut().for_each(|row| row.push('\n'));
    rows
}

fn columns(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_never_outgrows_the_terminal_and_always_has_its_mark() {
        let fake = format!("{}⁇ Send it? Type y for yes", " ".repeat(35));
        for (line, width) in [
            (fake.as_str(), 40),
            ("日本語日本語日本語日本語日本語", 24),
            ("short", 3),
            (&"क्".repeat(40), 24),
            ("", 80),
        ] {
            let found = rows(&revealed(line), Some(width), ["  | ", "  \\ "]);
            for (index, row) in found.iter().enumerate() {
                let mark = if index == 0 { "  | " } else { "  \\ " };
                let text = row.strip_prefix(mark).expect(row).trim_end_matches('\n');
                assert!(columns(text) + MARGIN < width.max(NARROWEST), "{row:?}");
            }
            let text: String = found.iter().map(|row| row[4..].trim_end_matches('\n')).collect();
            assert_eq!(text, revealed(line), "nothing is lost");
        }
    }

    #[test]
    fn what_is_read_as_one_sign_is_not_cut_at_the_end_of_a_row() {
        for (sign, count) in [("👩‍💻", 20), ("e\u{301}", 40), ("ไม้", 20), ("क्षि", 20), ("🇺🇦", 30)]
        {
            for width in 20..44 {
                let line = revealed(&sign.repeat(count));
                assert_eq!(line, sign.repeat(count));
                for row in rows(&line, Some(width), ["  | ", "  \\ "]) {
                    let text = row[4..].trim_end_matches('\n');
                    let whole = text
                        .graphemes(true)
                        .all(|part| sign.graphemes(true).any(|one| one == part));
                    assert!(whole, "{row:?}");
                }
            }
        }
    }

    #[test]
    fn the_middle_of_a_long_list_is_told_by_its_length() {
        let mut items: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        without_middle(&mut items, 5, |gone| format!("… {gone}"));
        assert_eq!(items, ["0", "1", "… 95", "97", "98", "99"]);
    }
}
