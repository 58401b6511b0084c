//! The two streams: what may be printed where, in which colours and width.
//!
//! Nothing here panics on a closed pipe. What goes to a terminal never holds a
//! control byte that is not ours.

use std::borrow::Cow;
use std::env;
use std::io::{self, IsTerminal, Write};

use crate::args::{ColorWhen, OutputArgs};
use crate::exit::Failure;

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
    /// To be seen first.
    Bold,
    /// To be seen last.
    Dim,
}

/// The text without control characters but line feed and tab, and without the
/// marks that reorder a line: what a terminal may be given.
pub(crate) fn without_controls(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_hostile) {
        Cow::Owned(text.chars().filter(|c| !is_hostile(*c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// The text with every character that could hide or move something written as
/// an escape: for what a person is asked to approve.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| is_hostile(c) || is_invisible(c)) {
        let mut visible = String::with_capacity(text.len());
        for c in text.chars() {
            if is_hostile(c) || is_invisible(c) {
                visible.extend(c.escape_unicode());
            } else {
                visible.push(c);
            }
        }
        Cow::Owned(visible)
    } else {
        Cow::Borrowed(text)
    }
}

fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{3164}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_foreign_control_byte() {
        let cases = [
            ("plain\n\ttext", "plain\n\ttext"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("\u{1b}]52;c;ZXZpbA==\u{7}x", "]52;c;ZXZpbA==x"),
            ("over\rwrite\u{8}", "overwrite"),
            ("c1\u{9b}31m", "c131m"),
            ("bi\u{202e}di", "bidi"),
            ("né 日本 👩‍💻 العربية", "né 日本 👩‍💻 العربية"),
        ];
        for (text, shown) in cases {
            assert_eq!(without_controls(text), shown);
        }
    }

    #[test]
    fn what_is_approved_shows_what_hides() {
        assert_eq!(
            escaped("a\u{200b}b\u{202e}c\u{1b}"),
            "a\\u{200b}b\\u{202e}c\\u{1b}"
        );
        assert_eq!(escaped("tag\u{e0041}"), "tag\\u{e0041}");
        assert_eq!(escaped("zażółć 日本"), "zażółć 日本");
    }
}
