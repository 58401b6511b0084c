//! The words for YAML syntax errors, and the places where reading may go on
//! after one. About the text alone; the parser is named in `yaml.rs`.

use crate::diagnostic::{Safety, Sink};
use crate::source::{SourceId, Span};

/// Quotes that word processors write.
pub(crate) const TYPOGRAPHIC: [char; 5] = ['“', '”', '„', '‘', '’'];

/// A syntax error by what a person has to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    UnclosedQuote,
    UnclosedBracket(char),
    WrongBracket { open: char, close: char },
    StrayBracket,
    Tab,
    Indentation,
    ExpectedKey,
    Colon,
    NoColon,
    NoBlank,
    SmartQuote,
    ExpectedSeparator(char),
    AfterQuote,
    Escape,
    Character(char),
    Directive,
    TooDeep,
    Dash,
    Comment,
    Other(String),
}

/// Reports a syntax error at a byte. Returns where it starts, which may be
/// before that byte: reading goes on after it.
pub(crate) fn report(source: SourceId, text: &str, problem: Problem, at: usize, sink: &mut Sink) -> usize {
    let at = floor(text, at);
    if let Some(span) = template_near(source, text, at) {
        unquoted_template(span, text, sink);
        return span.start;
    }
    let problem = match (problem, bracket_above(text, at)) {
        (
            Problem::ExpectedSeparator(_) | Problem::Colon | Problem::Indentation | Problem::ExpectedKey,
            Some((open, bracket)),
        ) => return report_at(source, text, Problem::UnclosedBracket(bracket), open, sink),
        (Problem::Colon, None) => line_problem(text, at)
            .filter(|problem| *problem == Problem::SmartQuote)
            .unwrap_or(Problem::Colon),
        (problem @ (Problem::Indentation | Problem::ExpectedKey), None) => {
            line_problem(text, at).unwrap_or(problem)
        }
        (problem, _) => problem,
    };
    report_at(source, text, problem, at, sink)
}

fn report_at(source: SourceId, text: &str, problem: Problem, at: usize, sink: &mut Sink) -> usize {
    let span = place(source, text, &problem, at);
    let (message, help) = words(&problem, &text[span.range()]);
    let diagnostic = sink.error("syntax", span, message);
    diagnostic.help(help);
    if problem == Problem::NoBlank
        && let Some(colon) = line_of(text, at).find(':')
    {
        let after = line_start(text, at) + colon + 1;
        let place = Span {
            source,
            start: after,
            end: after,
        };
        diagnostic.fix("put a space after the colon", Safety::Safe, place, " ");
    }
    if let Problem::WrongBracket { open, .. } = problem {
        diagnostic.context(character(source, text, at), format!("`{open}` opens here"));
    }
    span.start.min(at)
}

/// What is underlined: the character, the rest of the line, or what opened.
fn place(source: SourceId, text: &str, problem: &Problem, at: usize) -> Span {
    let character = |at: usize| character(source, text, at);
    match problem {
        Problem::WrongBracket { close, .. } => character(closing(text, at, *close)),
        Problem::SmartQuote => {
            let line = line_start(text, at);
            let quote = text[line..].find(TYPOGRAPHIC).map_or(at, |found| line + found);
            character(quote)
        }
        Problem::UnclosedQuote => character(opening_quote(text, at).unwrap_or(at)),
        Problem::UnclosedBracket(_)
        | Problem::StrayBracket
        | Problem::Character(_)
        | Problem::TooDeep
        | Problem::Dash
        | Problem::Comment => character(at),
        Problem::Tab => {
            let line = line_start(text, at);
            character(text[line..].find('\t').map_or(at, |tab| line + tab))
        }
        _ => Span {
            source,
            start: at,
            end: word_end(text, at),
        },
    }
}

fn character(source: SourceId, text: &str, at: usize) -> Span {
    let width = text[at..].chars().next().map_or(0, char::len_utf8);
    Span {
        source,
        start: at,
        end: at + width,
    }
}

/// The bracket that wrongly closes the one at `open`.
fn closing(text: &str, open: usize, close: char) -> usize {
    let mut inner: Vec<char> = Vec::new();
    for (index, c) in text[open..].char_indices().skip(1) {
        match c {
            '{' => inner.push('}'),
            '[' => inner.push(']'),
            '}' | ']' if inner.last() == Some(&c) => drop(inner.pop()),
            _ if c == close => return open + index,
            _ => {}
        }
    }
    open
}

/// What is wrong, and what to do about it.
fn words(problem: &Problem, written: &str) -> (String, &'static str) {
    match problem {
        Problem::UnclosedQuote => (
            format!("this quote `{written}` is never closed"),
            "close it on the same line, or remove it",
        ),
        Problem::UnclosedBracket(open) => (
            format!("this `{open}` is never closed"),
            "add the closing bracket",
        ),
        Problem::WrongBracket { open, close } => {
            let help = "close each bracket by its own kind: `[ ]` for lists, `{ }` for mappings";
            (format!("`{open}` is closed by `{close}`"), help)
        }
        Problem::ExpectedSeparator(close) => {
            let help = "put a comma between two keys or items; quote a value that has brackets, commas or `: ` in it";
            (format!("expected `,` or `{close}`"), help)
        }
        Problem::Character('`') => (
            "a value cannot start with a backtick".to_owned(),
            "quote the value",
        ),
        Problem::Character(found) if *found != '\u{feff}' => (
            format!("a value cannot start with `{}`", found.escape_debug()),
            "quote the value",
        ),
        Problem::Other(message) => (
            message.clone(),
            "quote the value if it has special characters in it",
        ),
        fixed => {
            let (message, help) = fixed_words(fixed);
            (message.to_owned(), help)
        }
    }
}

/// The words for problems that need no part of the text.
fn fixed_words(problem: &Problem) -> (&'static str, &'static str) {
    match problem {
        Problem::StrayBracket => (
            "this bracket closes nothing",
            "remove it, or quote the value it belongs to",
        ),
        Problem::Tab => ("a tab stands where YAML wants spaces", "indent by spaces"),
        Problem::NoColon => (
            "this line has no `:`",
            "expected `key: value`, or `key:` with what belongs to it below",
        ),
        Problem::SmartQuote => (
            "typographic quotes do not quote in YAML",
            "write `\"…\"` or `'…'`, here and wherever else they stand",
        ),
        Problem::NoBlank => ("a space is missing after the colon", "write `key: value`"),
        Problem::Colon => (
            "a second `: ` stands in this value, which YAML reads as a key",
            "quote the value, or put the inner key on a line of its own below",
        ),
        Problem::AfterQuote => (
            "text follows a closing quote",
            "put the whole value into quotes; inside `\"…\"` a quote is written `\\\"`",
        ),
        Problem::Escape => (
            "this is not an escape that YAML knows",
            "write a backslash as `\\\\`, or use '…', in which nothing is escaped",
        ),
        Problem::Directive => ("directives are not allowed in a manifest", "remove this line"),
        Problem::TooDeep => (
            "values are nested too deep here",
            "a manifest is at most 64 levels deep",
        ),
        Problem::Dash => (
            "a list entry cannot stand here",
            "put each `- ` on a line of its own, or write the list as `[a, b]`",
        ),
        Problem::Comment => (
            "a `#` must follow a space to be a comment",
            "put a space before it, or quote the value",
        ),
        Problem::Character(_) => ("a byte order mark stands inside the text", "remove it"),
        _ => (
            "this line does not fit the lines around it: expected `key: value` at the indentation of its neighbours",
            "align it with the lines it belongs to; quote a value that has `: ` or ` #` in it",
        ),
    }
}

/// What is wrong with the line itself, if that is plain to see.
fn line_problem(text: &str, at: usize) -> Option<Problem> {
    let line = line_of(text, at);
    let content = line.split(" #").next().unwrap_or_default().trim();
    let key_end = content
        .find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'))
        .unwrap_or(content.len());
    let after = &content[key_end..];
    if let Some(value) = after.strip_prefix(": ").map(str::trim_start) {
        if value.starts_with(TYPOGRAPHIC) {
            return Some(Problem::SmartQuote);
        }
        let plain = !value.starts_with(['"', '\'', '{', '[', '#', '|', '>']);
        return (plain && value.contains(": ")).then_some(Problem::Colon);
    }
    if key_end > 0 && after.is_empty() {
        return Some(Problem::NoColon);
    }
    (key_end > 0 && after.len() > 1 && after.starts_with(':') && !after[1..].starts_with(' '))
        .then_some(Problem::NoBlank)
}

/// `{{` that YAML reads as two opening braces.
pub(crate) fn unquoted_template(span: Span, text: &str, sink: &mut Sink) {
    let value = plain_value(span, text);
    let written = &text[value.range()];
    let starts = written.starts_with("{{");
    let message = if starts {
        "a value that starts with `{{` must be quoted"
    } else {
        "in `{ }` and `[ ]` a value with `{{ … }}` must be quoted"
    };
    let diagnostic = sink.error("unquoted-template", span, message);
    if starts {
        diagnostic.says("YAML reads this as a mapping");
    }
    match quoted(written) {
        Some(quoted) => {
            diagnostic.help(format!("write `{quoted}`"));
            diagnostic.fix("quote the value", Safety::Safe, value, quoted);
        }
        None => {
            diagnostic
                .help("put the whole value into one pair of quotes; inside `'…'` a quote is written `''`");
        }
    }
}

/// A text in the quotes that keep all of it as it is, if there are such. Quotes
/// outside of `{{ }}` belong to something else than one plain value.
fn quoted(written: &str) -> Option<String> {
    let outside = written
        .split("{{")
        .map(|part| part.split_once("}}").map_or(part, |(_, after)| after));
    let begins = written.starts_with("{{");
    let foreign = outside
        .enumerate()
        .any(|(number, part)| (number > 0 || !begins) && part.contains(['"', '\'']));
    if foreign || written.contains('\n') {
        None
    } else if !written.contains(['"', '\\']) {
        Some(format!("\"{written}\""))
    } else if !written.contains('\'') {
        Some(format!("'{written}'"))
    } else {
        None
    }
}

/// The value around an unquoted template: to the end of the line in block
/// style, to the next comma or bracket in `{ }`.
fn plain_value(span: Span, text: &str) -> Span {
    let start = span.start;
    let line_end = text[start..].find('\n').map_or(text.len(), |end| start + end);
    let line = &text[start..line_end];
    let in_flow = is_in_flow(text, start);
    let mut depth = 0usize;
    let mut end = line.len();
    for (index, c) in line.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' if depth == 0 && in_flow => {
                end = index;
                break;
            }
            '}' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 && in_flow => {
                end = index;
                break;
            }
            '#' if depth == 0 && line[..index].ends_with(' ') => {
                end = index;
                break;
            }
            _ => {}
        }
    }
    let end = start + line[..end].trim_end().len();
    Span {
        start,
        end: end.max(span.end.min(line_end)),
        ..span
    }
}

/// Whether a place stands in `{ }` or `[ ]`, which may have been opened on a
/// line above: that line ends with the bracket, or with the comma after a pair.
fn is_in_flow(text: &str, at: usize) -> bool {
    let start = line_start(text, at);
    if text[start..at].contains(['{', '[']) {
        return true;
    }
    let above = text[..start].lines().rev().map(|line| {
        let content = line.split(" #").next().unwrap_or_default();
        content.trim()
    });
    let mut above = above.filter(|line| !line.is_empty() && !line.starts_with('#'));
    above.next().is_some_and(|line| line.ends_with(['{', '[', ',']))
}

/// An unquoted `{{` at the start of a value, on the line of an error or the
/// one before it.
fn template_near(source: SourceId, text: &str, at: usize) -> Option<Span> {
    let start = line_start(text, at);
    let previous = start.checked_sub(1).map(|end| line_start(text, end));
    [Some(start), previous].into_iter().flatten().find_map(|start| {
        let line = line_of(text, start);
        let found = unquoted_braces(line)?;
        let rest = &line[found..];
        let braces = rest.find("}}").or_else(|| rest.find("{{"));
        let length = braces.map_or(rest.len(), |end| end + 2);
        Some(Span {
            source,
            start: start + found,
            end: start + found + length,
        })
    })
}

/// Where on a line `{{` stands outside of quotes: as a value's start, or
/// anywhere inside `{ }` and `[ ]`, where braces are never plain.
fn unquoted_braces(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut flow = 0usize;
    let bytes = line.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let before = bytes[..index].trim_ascii_end().last().copied();
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') if matches!(before, None | Some(b':' | b',' | b'{' | b'[' | b'-')) => {
                quote = Some(byte)
            }
            (None, b'#') if index == 0 || bytes[index - 1] == b' ' => return None,
            (None, b'{') if bytes.get(index + 1) == Some(&b'{') => {
                if starts_value(&line[..index], flow > 0) {
                    return Some(index);
                }
                // In flow style a value cannot hold braces: it starts after
                // the last `: ` or `, `.
                if flow > 0 {
                    let before = &line[..index];
                    let ends = [": ", ", ", "[", "{"];
                    let value = ends.iter().filter_map(|end| Some(before.rfind(end)? + end.len()));
                    let value = value.max().unwrap_or(index);
                    let blanks = before[value..].len() - before[value..].trim_start().len();
                    return Some(value + blanks);
                }
                return None;
            }
            (None, b'{' | b'[') if matches!(before, None | Some(b':' | b'-' | b',' | b'{' | b'[')) => {
                flow += 1
            }
            (None, b'}' | b']') => flow = flow.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Whether a value starts after this part of a line.
fn starts_value(before: &str, in_flow: bool) -> bool {
    let trimmed = before.trim_end();
    let blank = trimmed.len() < before.len();
    match trimmed.chars().next_back() {
        Some(':') => blank,
        Some('-') => blank && trimmed.trim_start_matches([' ', '-']).is_empty(),
        Some(',' | '[') => in_flow,
        _ => false,
    }
}

/// The next part of the text that is worth parsing by itself after an error:
/// it starts at a key that is indented no more than the error's line and ends
/// before the next line that is indented less than it.
pub(crate) fn next_part(text: &str, error: usize) -> Option<(usize, usize)> {
    let error = floor(text, error);
    let error_indent = indent(line_of(text, error));
    let mut start = None;
    let mut at = line_start(text, error);
    for line in text[at..].split_inclusive('\n') {
        let line_at = at;
        at += line.len();
        if line_at <= error || line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match start {
            None if indent(line) <= error_indent && is_key(line) => start = Some((line_at, indent(line))),
            Some((from, depth)) if indent(line) < depth => return Some((from, line_at)),
            _ => {}
        }
    }
    start.map(|(from, _)| (from, text.len()))
}

/// Whether a line starts with `name:`.
fn is_key(line: &str) -> bool {
    let line = line.trim_start();
    let name = line.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-'));
    name.len() < line.len() && (name.starts_with(": ") || name.trim_end() == ":")
}

/// How many blanks a line starts with. One indented by a tab belongs to the
/// lines before it, however far that is.
fn indent(line: &str) -> usize {
    let rest = line.trim_start_matches(' ');
    if rest.starts_with('\t') {
        usize::MAX
    } else {
        line.len() - rest.len()
    }
}

/// The quote that a quoted scalar ending at or around `at` opens with: the
/// parser reports it at its start, or at the line that breaks it.
fn opening_quote(text: &str, at: usize) -> Option<usize> {
    if text[at..].starts_with(['"', '\'']) {
        return Some(at);
    }
    text[..at]
        .rfind([':', ',', '[', '-', '{'])
        .and_then(|mark| {
            let from = text[mark..].find(['"', '\''])? + mark;
            (from <= at).then_some(from)
        })
        .or_else(|| text[..at].rfind(['"', '\'']))
}

/// The bracket of an earlier line that is still open at `at`.
fn bracket_above(text: &str, at: usize) -> Option<(usize, char)> {
    let line = line_start(text, at);
    let mut closed = 0usize;
    for (index, byte) in text.as_bytes()[..line].iter().enumerate().rev() {
        match byte {
            b'}' | b']' => closed += 1,
            b'{' | b'[' if closed == 0 => return Some((index, char::from(*byte))),
            b'{' | b'[' => closed -= 1,
            _ => {}
        }
    }
    None
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_of(text: &str, at: usize) -> &str {
    let start = line_start(text, at);
    text[start..].lines().next().unwrap_or_default()
}

/// The end of the line's content from `at`, comments left out.
fn word_end(text: &str, at: usize) -> usize {
    let line = text[at..].lines().next().unwrap_or_default();
    let line = line.split(" #").next().unwrap_or_default().trim_end();
    at + line.len().max(
        text[at..]
            .chars()
            .next()
            .map_or(0, |c| if c == '\n' { 0 } else { c.len_utf8() }),
    )
}

fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}
