//! Asks on the terminal whether a call may run: shows the exact request, and
//! takes nothing but a typed yes for a yes.

use std::io::{self, BufRead};

use futures_util::future::BoxFuture;
use toolrun_runner::{Answer, Approver, Proposal, Stop, Why};

use crate::console::{Console, Style, escaped};
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
            self.console.ask(&question(proposal, &self.console));
            tokio::select! {
                answer = tokio::task::spawn_blocking(read_answer) => answer.unwrap_or(Answer::No),
                () = self.stop.stopped() => Answer::No,
            }
        })
    }
}

/// What the person reads. Every character that could hide or move something
/// is written as an escape, and every line of the request starts with a mark,
/// so that none can pose as the question.
fn question(proposal: &Proposal, console: &Console) -> String {
    let head = format!("? {} {}. It would send:", proposal.tool, reason(proposal));
    let ask = "? Send it? Type y for yes, anything else is no:";
    format!(
        "{}\n{}{}",
        console.paint(Style::Bold, &head),
        shown(proposal),
        console.paint(Style::Bold, ask)
    )
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

/// Why it is asked about.
pub(crate) fn reason(proposal: &Proposal) -> String {
    match (proposal.why, proposal.confidence) {
        (Why::Write, _) => "changes something".to_owned(),
        (Why::Destructive, _) => "does what cannot be taken back".to_owned(),
        (Why::Unsure, Some(sure)) => {
            format!("is a call of which the model is only {:.0} % sure", sure * 100.0)
        }
        (Why::Unsure, None) => "is a call of which the model is not sure".to_owned(),
    }
}

fn read_answer() -> Answer {
    if said_yes() { Answer::Yes } else { Answer::No }
}

/// Whether one line from the terminal is a yes; its end without a line is not.
pub(crate) fn said_yes() -> bool {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.is_ok() && matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
}
