//! Environment variables, and the file of them that `--env-file` names. The
//! process's own variables win over the file. Nothing else is ever read.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, io};

use crate::exit::Failure;

/// Where values from outside are looked up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// Wins over everything: what the program itself sets.
    own: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    path: Option<String>,
}

impl Environment {
    /// The process's variables, and those of the file if one is named.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = file else {
            return Ok(Self::default());
        };
        let shown = path.to_string_lossy().into_owned();
        let text = fs::read_to_string(path).map_err(|error| unreadable(&shown, &error))?;
        let file = parse(&text).map_err(|line| {
            Failure::usage(format!("`{shown}` line {line} is not KEY=VALUE"))
                .with_hint("one KEY=VALUE a line; `#` starts a comment; quote a value that holds ` #`")
        })?;
        Ok(Self {
            own: BTreeMap::new(),
            file,
            path: Some(shown),
        })
    }

    /// The same with a variable that wins over all others.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.own.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The value of a variable; one that is empty counts as not set.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let process = || env::var(name).ok().filter(|value| !value.is_empty());
        let file = || self.file.get(name).filter(|value| !value.is_empty()).cloned();
        self.own.get(name).cloned().or_else(process).or_else(file)
    }

    /// Whether a variable is there and empty.
    pub(crate) fn is_empty(&self, name: &str) -> bool {
        let process = env::var(name).ok();
        let values = [process.as_ref(), self.file.get(name)];
        values.into_iter().flatten().any(String::is_empty)
    }

    /// The file, as the user named it.
    pub(crate) fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }
}

fn unreadable(path: &str, error: &io::Error) -> Failure {
    let failure = Failure::unreadable(path, error);
    match (error.kind(), path) {
        (io::ErrorKind::NotFound, "-") => failure
            .with_hint("--env-file takes the path of a file of KEY=VALUE lines, and nothing from stdin"),
        (io::ErrorKind::NotFound, _) => failure.with_hint("check the path that --env-file names"),
        _ => failure,
    }
}

/// Reads lines of `KEY=VALUE`, or gives the number of the first wrong line,
/// whose text is not shown since it may hold a secret.
fn parse(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let mut values = BTreeMap::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line
            .strip_prefix("export ")
            .unwrap_or(line)
            .split_once('=')
            .ok_or(number)?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(number);
        }
        values.insert(name.to_owned(), unquote(value.trim()).ok_or(number)?);
    }
    Ok(values)
}

/// A value as a shell would read it, without any expansion.
fn unquote(value: &str) -> Option<String> {
    match value.chars().next() {
        Some('\'') => {
            let (inner, rest) = value[1..].split_once('\'')?;
            only_comment(rest).then(|| inner.to_owned())
        }
        Some('"') => {
            let mut text = String::new();
            let mut chars = value[1..].chars();
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => match chars.next()? {
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        escaped => text.push(escaped),
                    },
                    plain => text.push(plain),
                }
            }
            only_comment(chars.as_str()).then_some(text)
        }
        _ => Some(value.split(" #").next().unwrap_or(value).trim_end().to_owned()),
    }
}

fn only_comment(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_a_shell_would() {
        let cases = [
            ("A=b", "b"),
            ("A = b ", "b"),
            ("export A=b", "b"),
            ("A=b c", "b c"),
            ("A=b # note", "b"),
            ("A=b#c", "b#c"),
            ("A='x # $Y'", "x # $Y"),
            ("A=\"x \\\"y\\\" \\n\" # note", "x \"y\" \n"),
            ("A=", ""),
            ("A=k==", "k=="),
        ];
        for (line, value) in cases {
            assert_eq!(parse(line).expect(line)["A"], value, "{line}");
        }
    }

    #[test]
    fn wrong_lines_are_counted_and_not_shown() {
        for (text, line) in [
            ("A=1\nB", 2),
            ("\n# x\n=1", 3),
            ("A B=1", 1),
            ("A='x", 1),
            ("A=\"x\" y", 1),
        ] {
            assert_eq!(parse(text), Err(line), "{text}");
        }
    }
}
