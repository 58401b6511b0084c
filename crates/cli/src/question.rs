//! A question with yes or no at the terminal: what was typed before it was
//! shown is thrown away, and nothing but a typed yes is a yes.

use std::io::{self, BufRead};

use rustix::termios::{QueueSelector, tcflush};

use crate::console::Console;

/// Where a question is asked.
pub(crate) trait Terminal {
    /// Shows a text; the cursor stays behind it.
    fn show(&mut self, text: &str);
    /// Throws away what was typed and not read yet.
    fn discard_typed(&mut self) -> io::Result<()>;
    /// Waits for one line; empty at the end of input.
    fn line(&mut self) -> io::Result<String>;
}

/// The terminal of the process: stderr and stdin.
pub(crate) struct OwnTerminal(pub(crate) Console);

impl Terminal for OwnTerminal {
    fn show(&mut self, text: &str) {
        self.0.ask(text);
    }

    fn discard_typed(&mut self) -> io::Result<()> {
        Ok(tcflush(io::stdin(), QueueSelector::IFlush)?)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(line)
    }
}

/// Shows what it is about, then asks. Whatever was typed before the matter was
/// on the screen cannot be an answer to it; where it cannot be thrown away,
/// the answer is no.
pub(crate) fn said_yes(terminal: &mut dyn Terminal, matter: &str, ask: &str) -> bool {
    terminal.show(&format!("{matter}\n"));
    if terminal.discard_typed().is_err() {
        return false;
    }
    terminal.show(&format!("{ask} "));
    terminal.line().is_ok_and(|line| is_yes(&line))
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// A terminal at which things were typed before and after a question.
    struct Typed {
        ahead: VecDeque<&'static str>,
        after: VecDeque<&'static str>,
        steps: Vec<String>,
        can_discard: bool,
    }

    fn typed(ahead: &[&'static str], after: &[&'static str]) -> Typed {
        Typed {
            ahead: ahead.iter().copied().collect(),
            after: after.iter().copied().collect(),
            steps: Vec::new(),
            can_discard: true,
        }
    }

    impl Terminal for Typed {
        fn show(&mut self, text: &str) {
            self.steps.push(text.to_owned());
        }

        fn discard_typed(&mut self) -> io::Result<()> {
            self.steps.push("(discard)".to_owned());
            self.ahead.clear();
            if self.can_discard {
                Ok(())
            } else {
                Err(io::ErrorKind::Unsupported.into())
            }
        }

        fn line(&mut self) -> io::Result<String> {
            let next = self.ahead.pop_front().or_else(|| self.after.pop_front());
            Ok(next.unwrap_or_default().to_owned())
        }
    }

    #[test]
    fn nothing_but_a_typed_yes_is_a_yes() {
        for (line, yes) in [
            ("y\n", true),
            (" YES \n", true),
            ("y", true),
            ("", false),
            ("\n", false),
            ("n\n", false),
            ("yep\n", false),
            ("y y\n", false),
            ("\u{1b}y\n", false),
        ] {
            assert_eq!(said_yes(&mut typed(&[], &[line]), "It", "?"), yes, "{line:?}");
        }
    }

    #[test]
    fn what_was_typed_ahead_is_no_answer() {
        let mut terminal = typed(&["y\n", "y\n"], &["n\n"]);
        assert!(!said_yes(&mut terminal, "It would send:", "Send it?"));
        assert_eq!(terminal.steps, ["It would send:\n", "(discard)", "Send it? "]);
        assert!(
            !said_yes(&mut typed(&["y\n"], &[]), "It", "?"),
            "the end of input"
        );
        let mut stubborn = typed(&[], &["y\n"]);
        stubborn.can_discard = false;
        assert!(!said_yes(&mut stubborn, "It", "?"), "what cannot be told apart");
    }
}
