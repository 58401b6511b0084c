//! A question with yes or no at the terminal: what was typed before it was
//! shown is thrown away, and nothing but a typed yes is a yes.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;

use rustix::termios::{QueueSelector, tcflush};

use crate::console::Console;

/// Longer than any answer that means something.
const LONGEST_ANSWER: usize = 256;

/// A question and what it is about.
pub(crate) struct Question {
    /// What the person has to know.
    pub(crate) matter: String,
    /// The question itself.
    pub(crate) ask: String,
    /// What is shown to whoever types an `a`, when the matter is not all of
    /// it, and the question below that.
    pub(crate) whole: Option<(String, String)>,
}

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
        // Byte by byte and without a buffer, which could keep what was typed
        // now as the answer to the next question.
        let mut typed = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let (mut line, mut byte) = (Vec::new(), [0]);
        while line.len() < LONGEST_ANSWER && line.last() != Some(&b'\n') {
            match typed.read(&mut byte) {
                Ok(0) => break,
                Ok(_) => line.push(byte[0]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if line.last() != Some(&b'\n') {
            // What is said next begins on a line of its own.
            self.show("\n");
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}

/// Shows what it is about, then asks. Whatever was typed before the matter was
/// on the screen cannot be an answer to it; where it cannot be thrown away,
/// the answer is no.
pub(crate) fn said_yes(terminal: &mut dyn Terminal, question: &Question) -> bool {
    let Ok(answer) = answer(terminal, &question.matter, &question.ask) else {
        return false;
    };
    match &question.whole {
        Some((whole, ask)) if answer.trim() == "a" => {
            self::answer(terminal, whole, ask).is_ok_and(|answer| is_yes(&answer))
        }
        _ => is_yes(&answer),
    }
}

fn answer(terminal: &mut dyn Terminal, matter: &str, ask: &str) -> io::Result<String> {
    terminal.show(&format!("{matter}\n"));
    terminal.discard_typed()?;
    terminal.show(&format!("{ask} "));
    terminal.line()
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

    fn asked(terminal: &mut Typed, matter: &str, ask: &str) -> bool {
        let question = Question {
            matter: matter.to_owned(),
            ask: ask.to_owned(),
            whole: None,
        };
        said_yes(terminal, &question)
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
            assert_eq!(asked(&mut typed(&[], &[line]), "It", "?"), yes, "{line:?}");
        }
    }

    #[test]
    fn what_was_typed_ahead_is_no_answer() {
        let mut terminal = typed(&["y\n", "y\n"], &["n\n"]);
        assert!(!asked(&mut terminal, "It would send:", "Send it?"));
        assert_eq!(terminal.steps, ["It would send:\n", "(discard)", "Send it? "]);
        assert!(!asked(&mut typed(&["y\n"], &[]), "It", "?"), "the end of input");
        let mut stubborn = typed(&[], &["y\n"]);
        stubborn.can_discard = false;
        assert!(!asked(&mut stubborn, "It", "?"), "what cannot be told apart");
    }

    #[test]
    fn all_of_it_is_shown_before_the_answer_to_it_counts() {
        for (after, yes) in [
            (vec!["y\n"], true),
            (vec!["a\n", "y\n"], true),
            (vec!["a\n", "n\n"], false),
            (vec!["a\n", "a\n", "y\n"], false),
            (vec!["a\n"], false),
        ] {
            let question = Question {
                matter: "Part".to_owned(),
                ask: "y or a?".to_owned(),
                whole: Some(("All".to_owned(), "y?".to_owned())),
            };
            let mut terminal = typed(&["y\n"], &after);
            assert_eq!(said_yes(&mut terminal, &question), yes, "{after:?}");
            if after[0] == "a\n" {
                let steps = ["Part\n", "(discard)", "y or a? ", "All\n", "(discard)", "y? "];
                assert_eq!(terminal.steps, steps);
            }
        }
    }
}
