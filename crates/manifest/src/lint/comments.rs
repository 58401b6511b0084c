//! The comments that allow a rule in place, `# toolrun: allow(rule)`: where
//! they stand, what they name, and which of them silenced something. Which
//! names are rules, and what to say of the others, is told by rules.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;

use crate::node::{Kind, Node};
use crate::source::{SourceId, Sources, Span};

/// What starts such a comment.
const MARK: &str = "toolrun:";

/// Names that one comment can allow.
const MAX_NAMES: usize = 50;

/// Words of other linters for the same.
const FOREIGN: &[&str] = &[
    "allow", "deny", "disable", "expect", "ignore", "no-lint", "noqa", "nolint", "off", "silence", "skip",
    "warn",
];

/// All such comments of all files.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    all: Vec<Comment>,
    /// What is allowed on a line: the comment, and the name in it.
    by_line: HashMap<(SourceId, usize), HashMap<String, (usize, usize)>>,
    /// Texts over several lines, in which no comment can stand, and the line
    /// that they belong to; sorted.
    tall: HashMap<SourceId, Vec<(Range<usize>, usize)>>,
}

/// One comment.
#[derive(Debug)]
pub(crate) struct Comment {
    /// From its `#` to the end of the line.
    pub(crate) span: Span,
    /// What it allows; empty when it is written in a way that allows nothing.
    pub(crate) names: Vec<Name>,
}

/// A name that a comment allows.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
    used: Cell<bool>,
}

impl Name {
    /// Whether it silenced a finding.
    pub(crate) fn is_used(&self) -> bool {
        self.used.get()
    }
}

impl Comments {
    /// Finds the comments of all files.
    pub(crate) fn read(trees: &[(SourceId, Option<Node>)], sources: &Sources) -> Self {
        let mut comments = Self::default();
        for (id, root) in trees {
            let source = sources.get(*id);
            let found = found(*id, &source.text);
            if let Some(root) = root.as_ref().filter(|_| !found.is_empty()) {
                comments.add(found, *id, root, sources);
            }
        }
        comments
    }

    /// All of them in order of files and places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Comment> {
        self.all.iter()
    }

    /// Whether a comment allows a rule at a place; that it did is noted.
    pub(crate) fn allow(&self, rule: &str, span: Span, sources: &Sources) -> bool {
        if self.all.is_empty() {
            return false;
        }
        let line = self.line_of(span, sources);
        let found = self.by_line.get(&(span.source, line));
        let found = found.and_then(|names| names.get(rule));
        if let Some((comment, name)) = found {
            self.all[*comment].names[*name].used.set(true);
        }
        found.is_some()
    }

    /// The line at which a comment about a place stands.
    fn line_of(&self, span: Span, sources: &Sources) -> usize {
        let tall = self.tall.get(&span.source).map_or(&[][..], Vec::as_slice);
        let before = tall.partition_point(|(range, _)| range.start <= span.start);
        match before.checked_sub(1).map(|index| &tall[index]) {
            Some((range, line)) if span.start < range.end => *line,
            _ => sources.line(span),
        }
    }

    fn add(&mut self, found: Vec<(Comment, usize)>, id: SourceId, root: &Node, sources: &Sources) {
        let mut texts = Texts::default();
        texts.gather(root, None);
        texts.all.sort_unstable_by_key(|(range, _)| range.start);
        for (comment, line) in found {
            if texts.hold(comment.span.start) {
                continue;
            }
            let allowed = self.by_line.entry((id, line)).or_default();
            for (index, name) in comment.names.iter().enumerate() {
                // The nearest comment counts: further ones would do as well.
                allowed.insert(name.text.clone(), (self.all.len(), index));
            }
            self.all.push(comment);
        }
        let text = &sources.get(id).text;
        let line = |at: usize| {
            sources.line(Span {
                source: id,
                start: at,
                end: at,
            })
        };
        let tall = texts
            .all
            .into_iter()
            .filter(|(range, _)| text[range.clone()].contains('\n'));
        self.tall
            .insert(id, tall.map(|(range, from)| (range, line(from))).collect());
    }
}

/// The comments of a file with the lines that they are about: their own, or
/// the one below them and below further comments. Some may be inside texts.
fn found(id: SourceId, text: &str) -> Vec<(Comment, usize)> {
    let mut at = 0;
    let mut found = Vec::new();
    let mut waiting = Vec::new();
    for (index, written) in text.split_inclusive('\n').enumerate() {
        let line = written.trim_end_matches(['\n', '\r']);
        waiting.extend(comment(id, line, at));
        if !line.trim_start().starts_with('#') {
            found.extend(waiting.drain(..).map(|comment| (comment, index + 1)));
        }
        at += written.len();
    }
    let last = text.lines().count() + 1;
    found.extend(waiting.into_iter().map(|comment| (comment, last)));
    found
}

/// The scalars of a tree, each with the place of the key that it is of.
#[derive(Default)]
struct Texts {
    all: Vec<(Range<usize>, usize)>,
}

impl Texts {
    fn gather(&mut self, node: &Node, key: Option<usize>) {
        match &node.kind {
            Kind::Scalar(_) | Kind::Invalid => {
                self.all.push((node.span.range(), key.unwrap_or(node.span.start)));
            }
            Kind::List(items) => items.iter().for_each(|item| self.gather(item, None)),
            Kind::Map(entries) => {
                for entry in entries {
                    let key = entry.key.span();
                    self.all.push((key.range(), key.start));
                    self.gather(&entry.value, Some(key.start));
                }
            }
        }
    }

    /// Whether a place is inside one.
    fn hold(&self, at: usize) -> bool {
        let before = self.all.partition_point(|(range, _)| range.start <= at);
        before
            .checked_sub(1)
            .is_some_and(|index| at < self.all[index].0.end)
    }
}

/// The comment of a line that starts at a byte of the file, if it is one of
/// ours.
fn comment(source: SourceId, line: &str, at: usize) -> Option<Comment> {
    let (start, body) = line.match_indices('#').find_map(|(hash, _)| {
        let opens = line[..hash].chars().next_back().is_none_or(char::is_whitespace);
        let body = line[hash + 1..].trim_start().strip_prefix(MARK)?;
        opens.then_some((hash, body))
    })?;
    let place = |range: Range<usize>| Span {
        source,
        start: at + range.start,
        end: at + range.end,
    };
    let span = place(start..line.len());
    let list = body
        .trim_start()
        .strip_prefix("allow(")
        .and_then(|list| list.split_once(')'))
        .map(|(list, _)| list);
    let Some(list) = list else {
        let body = body.trim_start();
        let end = body.find(|c: char| !c.is_ascii_alphabetic() && c != '-');
        let word = &body[..end.unwrap_or(body.len())];
        return FOREIGN.contains(&word).then_some(Comment {
            span,
            names: Vec::new(),
        });
    };
    let mut from = line.len() - body.trim_start().len() + "allow(".len();
    let mut names = Vec::new();
    for part in list.split(',').take(MAX_NAMES) {
        let name = part.trim();
        let first = from + part.len() - part.trim_start().len();
        if !name.is_empty() {
            names.push(Name {
                text: name.to_owned(),
                span: place(first..first + name.len()),
                used: Cell::new(false),
            });
        }
        from += part.len() + 1;
    }
    Some(Comment { span, names })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    /// The names that comments allow, each with the line, in order.
    fn lines(text: &str) -> Vec<(usize, String)> {
        let mut sources = Sources::default();
        let id = sources.add(Source {
            name: "test.yaml".to_owned(),
            text: text.to_owned(),
        });
        let mut sink = crate::diagnostic::Sink::default();
        let root = crate::yaml::parse(id, text, &mut crate::yaml::Room::full(), &mut sink);
        let comments = Comments::read(&[(id, root)], &sources);
        for name in comments.iter().flat_map(|comment| &comment.names) {
            assert_eq!(sources.slice(name.span), name.text);
        }
        let names = |names: &HashMap<String, (usize, usize)>| {
            let mut names: Vec<&str> = names.keys().map(String::as_str).collect();
            names.sort_unstable();
            names.join(" ")
        };
        let mut lines: Vec<_> = comments
            .by_line
            .iter()
            .map(|((_, line), allowed)| (*line, names(allowed)))
            .collect();
        lines.sort_unstable();
        lines
    }

    #[test]
    fn comments_count_for_their_line_or_the_one_below() {
        for (text, expected) in [
            ("a: 1 # toolrun: allow(x)\nb: 2\n", &[(1, "x")][..]),
            ("a: 1 #toolrun:allow( x , y,) since z\n", &[(1, "x y")]),
            (
                "# toolrun: allow(x)\n# more\n# toolrun: allow(y)\na: 1\n",
                &[(4, "x y")],
            ),
            ("# toolrun: allow(x)\r\na: 1\r\n", &[(2, "x")]),
            ("a: 1 # note # toolrun: allow(x)\n", &[(1, "x")]),
            ("a: 1\n# toolrun: allow(x)", &[(3, "x")]),
            ("# toolrun: 1\na: 1\n", &[]),
            ("# toolrun: ignore x\na: 1\n", &[(2, "")]),
            ("# toolrun: allow x\na: 1\n", &[(2, "")]),
            ("a: 'b # toolrun: allow(x)'\n", &[]),
            ("a: b# toolrun: allow(x)\n", &[]),
            ("a: |\n  b\n  # toolrun: allow(x)\nb: 1\n", &[]),
            ("a: |\n  b\n# toolrun: allow(x)\nb: 1\n", &[(4, "x")]),
        ] {
            let found = lines(text);
            let found: Vec<_> = found
                .iter()
                .map(|(line, names)| (*line, names.as_str()))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
