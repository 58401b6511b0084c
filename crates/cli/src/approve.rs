//! Asks on the terminal whether a call may run: shows the exact request, and
//! takes nothing but a typed yes for a yes.

use futures_util::future::BoxFuture;
use toolrun_runner::{Answer, Approver, Proposal, Stop};

use crate::console::{Console, Style, escaped};
use crate::question::{OwnTerminal, said_yes};
use crate::render::progress::Progress;

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
            let (matter, ask) = (matter(proposal, &self.console), ask(&self.console));
            let mut terminal = OwnTerminal(self.console.clone());
            // On a thread of its own: neither a person nor a terminal that
            // takes no text may hold up a stop.
            let answered = tokio::task::spawn_blocking(move || said_yes(&mut terminal, &matter, &ask));
            tokio::select! {
                answer = answered => if answer.unwrap_or(false) { Answer::Yes } else { Answer::No },
                () = self.stop.stopped() => Answer::No,
            }
        })
    }
}

/// What the person reads. Every character that could hide or move something
/// is written as an escape, and every line of the request starts with a mark,
/// so that none can pose as the question.
fn matter(proposal: &Proposal, console: &Console) -> String {
    let head = format!("? {} {}. It would send:", proposal.tool, proposal.reason());
    let shown = shown(proposal);
    format!(
        "{}\n{}",
        console.paint(Style::Bold, &head),
        shown.trim_end_matches('\n')
    )
}

fn ask(console: &Console) -> String {
    console.paint(Style::Bold, "? Send it? Type y for yes, anything else is no:")
}

/// The exact request, each line marked.
pub(crate) fn shown(proposal: &Proposal) -> String {
    proposal
        .preview
        .to_string()
        .lines()
        .map(|line| format!("  | {}\n", escaped(line)))
        .collect()
}
