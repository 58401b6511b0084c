//! The two streams: what may be printed where, in which colours and width.
//!
//! Nothing here panics on a closed pipe. What goes to a terminal never holds a
//! control byte that is not ours.

use std::borrow::Cow;
use std::env;
use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::args::{ColorWhen, OutputArgs};
use crate::exit::Failure;
use crate::visible::{escaped_json, without_controls};

/// What is known of stdout and stderr, and how much is to be said.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    quiet: bool,
    verbose: u8,
    stdout_terminal: bool,
    stderr_terminal: bool,
    stderr_colour: bool,
    width: Option<usize>,
}

impl Console {
    /// Looks at the streams and at the flags.
    pub(crate) fn new(args: &OutputArgs) -> Self {
        let stderr_terminal = io::stderr().is_terminal();
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            quiet: args.quiet,
            verbose: args.verbose,
            stdout_terminal: io::stdout().is_terminal(),
            stderr_terminal,
            stderr_colour: match args.color {
                ColorWhen::Always => true,
                ColorWhen::Never => false,
                ColorWhen::Auto => stderr_terminal && !dumb && !no_color,
            },
            width: width(stderr_terminal),
        }
    }

    /// Whether progress may be drawn.
    pub(crate) fn draws_progress(&self) -> bool {
        self.stderr_terminal && !self.quiet
    }

    /// Whether somebody can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        self.stderr_terminal && io::stdin().is_terminal()
    }

    /// Whether stdout is a terminal.
    pub(crate) fn stdout_terminal(&self) -> bool {
        self.stdout_terminal
    }

    /// Whether stderr takes colours.
    pub(crate) fn colour(&self) -> bool {
        self.stderr_colour
    }

    /// Columns of the terminal, or what `COLUMNS` says.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Columns for a question: what the terminal has now, so that a row which
    /// is cut to them does not go on where a question could begin.
    pub(crate) fn question_width(&self) -> usize {
        terminal_size::terminal_size_of(io::stderr())
            .map(|(width, _)| usize::from(width.0))
            .filter(|columns| *columns > 0)
            .or(self.width)
            .unwrap_or(80)
    }

    /// Whether `--quiet` was given.
    pub(crate) fn quiet(&self) -> bool {
        self.quiet
    }

    /// How often `-v` was given.
    pub(crate) fn verbose(&self) -> u8 {
        self.verbose
    }

    /// Writes data to stdout, as it is but for control bytes on a terminal.
    pub(crate) fn out(&self, text: &str) -> Result<(), Failure> {
        let text = if self.stdout_terminal {
            without_controls(text)
        } else {
            Cow::Borrowed(text)
        };
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(Failure::stdout)
    }

    /// Writes a value to stdout as JSON in lines, controls escaped.
    pub(crate) fn out_json(&self, value: &Value) -> Result<(), Failure> {
        self.out(&format!("{}\n", escaped_json(format!("{value:#}"))))
    }

    /// Says something on stderr unless `--quiet`: one line or several.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Says something on stderr unless `--quiet`, after a word to be seen first.
    pub(crate) fn headed(&self, word: &str, text: &str) {
        if !self.quiet {
            self.drawn(&format!(
                "{} {}",
                self.paint(Style::Bold, word),
                without_controls(text)
            ));
        }
    }

    /// Part of a question on stderr: nothing is added, so that the answer is
    /// typed on the same line.
    pub(crate) fn ask(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
    }

    /// Says something on stderr with `-v`.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose > 0 {
            self.say(text);
        }
    }

    /// Says something on stderr, `--quiet` or not.
    pub(crate) fn say(&self, text: &str) {
        self.drawn(&without_controls(text));
    }

    /// Writes text that holds colours of our own and nobody else's control
    /// bytes, and a line end. A closed stderr is nobody to tell.
    pub(crate) fn drawn(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "{text}").and_then(|()| stderr.flush());
    }

    /// The words in a style, where stderr takes colours.
    pub(crate) fn paint(&self, style: Style, words: &str) -> String {
        let code = match style {
            Style::Error => "1;31",
            Style::Warning => "1;33",
            Style::Good => "32",
            Style::Asks => "1;7",
            Style::Bold => "1",
            Style::Dim => "2",
        };
        if self.stderr_colour {
            format!("\u{1b}[{code}m{words}\u{1b}[0m")
        } else {
            words.to_owned()
        }
    }
}

/// What a colour stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    /// Something failed.
    Error,
    /// Worth a look.
    Warning,
    /// Went well.
    Good,
    /// A question of our own.
    Asks,
    /// To be seen first.
    Bold,
    /// To be seen last.
    Dim,
}

fn width(terminal: bool) -> Option<usize> {
    let columns = env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .filter(|n| *n > 0);
    columns.or_else(|| {
        let measured =
            || terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
        terminal.then(measured).flatten()
    })
}
