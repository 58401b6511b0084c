//! YAML text to a spanned tree. The only file that names the YAML parser; it
//! reports what manifests do not allow (tags, merge keys, duplicate keys, a
//! second document) and refuses what would grow beyond the file's own size.
//! The words for syntax errors are in `syntax.rs`.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle};

use crate::diagnostic::Sink;
use crate::mapping;
use crate::node::{Entry, Kind, Node, shorten};
use crate::source::{SourceId, Span};
use crate::syntax::{self, Problem};
use crate::text::{Style, Text};

/// The deepest nesting: what reads the tree recurses.
const MAX_DEPTH: usize = 64;
/// The largest text, all files of a manifest together.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// Keys and values of all files together, those that aliases repeat included.
const MAX_NODES: usize = 200_000;

/// Further syntax errors told after the first.
const MAX_SYNTAX_ERRORS: usize = 20;
/// Bytes that are read again in search of them.
const MAX_READ_AGAIN: usize = 1 << 20;

/// What is left for the files of a manifest to hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    bytes: usize,
    nodes: usize,
}

impl Room {
    /// For a manifest of which nothing was read yet.
    pub(crate) fn full() -> Self {
        Self {
            bytes: MAX_BYTES,
            nodes: MAX_NODES,
        }
    }
}

/// Parses a text. `None` after a syntax error: a tree with a hole would only
/// give rise to problems that are not there.
pub(crate) fn parse(source: SourceId, text: &str, room: &mut Room, sink: &mut Sink) -> Option<Node> {
    let whole = Span {
        source,
        start: 0,
        end: text.len(),
    };
    let Some(bytes) = room.bytes.checked_sub(text.len()) else {
        let message = format!(
            "a manifest and its includes are larger than {} MiB",
            MAX_BYTES / (1024 * 1024)
        );
        sink.error("too-large", whole.head(), message)
            .help("split it into manifests that are used apart");
        return None;
    };
    room.bytes = bytes;
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut tree = Tree::new(source, text, start..text.len(), room.nodes);
    let built = tree.build(sink);
    room.nodes = tree.nodes;
    match built {
        Ok(Some(node)) => Some(node),
        Ok(None) => {
            sink.error("empty", whole.head(), "the manifest is empty")
                .help("start with `toolrun: 1`, then `tools:`");
            None
        }
        Err(Stop::Reported) => None,
        Err(Stop::Syntax(problem, at)) => {
            let from = syntax::report(source, text, problem, at, sink);
            parse_rest(source, text, from, sink);
            None
        }
    }
}

/// Looks for further syntax errors in the parts of the file that an error
/// cannot reach: from the next line that is indented less, or not at all.
fn parse_rest(source: SourceId, text: &str, error: usize, sink: &mut Sink) {
    let mut from = error;
    let mut found = 0;
    let mut read = 0;
    while let Some((start, end)) = syntax::next_part(text, from)
        && found < MAX_SYNTAX_ERRORS
        && read < MAX_READ_AGAIN
    {
        read += end - start;
        let mut tree = Tree::new(source, text, start..end, MAX_NODES);
        // What is wrong with its values is said once the syntax is right.
        let mut scratch = Sink::default();
        from = match tree.build(&mut scratch) {
            Err(Stop::Syntax(problem, at)) => {
                found += 1;
                syntax::report(source, text, problem, at, sink).max(start)
            }
            _ => end.saturating_sub(1).max(start),
        };
    }
}

/// Why building stopped.
enum Stop {
    /// A diagnostic says it.
    Reported,
    /// A syntax error at a byte.
    Syntax(Problem, usize),
}

/// A collection that is not closed yet.
struct Frame {
    start: usize,
    anchor: usize,
    flow: bool,
    invalid: bool,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<Node>,
        seen: HashMap<String, Span>,
    },
}

struct Tree<'t> {
    source: SourceId,
    text: &'t str,
    base: usize,
    end: usize,
    stack: Vec<Frame>,
    anchors: HashMap<usize, (Node, Size)>,
    /// How many more there may be.
    nodes: usize,
    /// What aliases repeated so far.
    repeated: Size,
    /// Bytes of text that anchors keep.
    copied: usize,
    root: Option<Node>,
    documents: usize,
    last_end: usize,
}

impl<'t> Tree<'t> {
    fn new(source: SourceId, text: &'t str, part: Range<usize>, nodes: usize) -> Self {
        Self {
            source,
            text,
            base: part.start,
            end: part.end,
            stack: Vec::new(),
            anchors: HashMap::new(),
            nodes,
            repeated: Size::default(),
            copied: 0,
            root: None,
            documents: 0,
            last_end: part.start,
        }
    }

    fn build(&mut self, sink: &mut Sink) -> Result<Option<Node>, Stop> {
        let options = granit_parser::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            disallow_directives: true,
            simple_key_max_lookahead: 4096,
            flow_nesting_limit: MAX_DEPTH + 1,
            block_nesting_limit: MAX_DEPTH + 1
        };
        let part = &self.text[self.base..self.end];
        for event in Parser::new_from_str_with_options(part, options) {
            let (event, place) = event.map_err(|error| self.stop(&error))?;
            let at = |marker: granit_parser::Marker| self.base + marker.byte_offset().unwrap_or_default();
            let span = Span {
                source: self.source,
                start: at(place.start),
                end: at(place.end),
            };
            let tag = place.tag_span().map(|tag| Span {
                source: self.source,
                start: at(tag.start),
                end: at(tag.end),
            });
            self.event(event, span, tag, sink)?;
            if self.documents > 1 {
                break;
            }
        }
        Ok(self.root.take())
    }

    fn event(
        &mut self,
        event: Event<'_>,
        span: Span,
        tag: Option<Span>,
        sink: &mut Sink,
    ) -> Result<(), Stop> {
        if let Some(tag) = tag {
            let written = shorten(&self.text[tag.range()]);
            let message = format!("the tag `{written}` is not allowed in a manifest");
            sink.error("tag", tag, message)
                .help("remove it; quote the value if it is meant to start with `!`");
        }
        if is_node(&event) {
            self.count(1, span, sink)?;
        }
        match event {
            Event::DocumentStart(..) => self.document(span, sink),
            Event::Scalar(value, style, anchor, _) => {
                let node = self.scalar(value.into_owned(), style, span);
                self.remember(anchor, &node, sink)?;
                self.place(node, sink)
            }
            Event::SequenceStart(style, anchor, _) => self.open(
                style,
                anchor,
                span,
                Content::List(Vec::new()),
                tag.is_some(),
                sink,
            ),
            Event::MappingStart(style, anchor, _) => {
                let content = Content::Map {
                    entries: Vec::new(),
                    key: None,
                    seen: HashMap::new(),
                };
                self.open(style, anchor, span, content, tag.is_some(), sink)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span, sink),
            Event::Alias(anchor) => self.alias(anchor, span, sink),
            Event::UnresolvedAlias(name) => {
                sink.error(
                    "unknown-anchor",
                    span,
                    format!("no anchor `&{name}` stands before this alias"),
                )
                .help("an anchor is written before its aliases; quote a value that starts with `*`");
                self.place(
                    Node {
                        span,
                        kind: Kind::Invalid,
                    },
                    sink,
                )
            }
            _ => Ok(()),
        }
    }

    fn document(&mut self, span: Span, sink: &mut Sink) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents > 1 {
            let end = self
                .text
                .ceil_char_boundary((span.start + 3).min(self.text.len()));
            let span = Span {
                end: end.max(span.end),
                ..span
            };
            sink.error(
                "second-document",
                span,
                "a second document starts here: a manifest is one document",
            )
            .help("remove the `---`, or put what follows into a file of its own and name it under `include`");
        }
        Ok(())
    }

    fn scalar(&mut self, value: String, style: ScalarStyle, span: Span) -> Node {
        let style = match style {
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
            _ => Style::Plain,
        };
        self.last_end = span.end;
        let raw = self.text.get(span.range()).unwrap_or_default();
        // The parser says `~` where nothing is written.
        let value = if raw.is_empty() { String::new() } else { value };
        Node {
            span,
            kind: Kind::Scalar(Text::new(value, span, style, raw)),
        }
    }

    fn open(
        &mut self,
        style: StructureStyle,
        anchor: usize,
        span: Span,
        content: Content,
        invalid: bool,
        sink: &mut Sink,
    ) -> Result<(), Stop> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(span, sink));
        }
        let flow = style == StructureStyle::Flow;
        self.stack.push(Frame {
            start: span.start,
            anchor,
            flow,
            invalid,
            content,
        });
        Ok(())
    }

    fn close(&mut self, span: Span, sink: &mut Sink) -> Result<(), Stop> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        if frame.flow {
            self.last_end = span.end;
        }
        let end = if frame.flow { span.end } else { self.last_end };
        let span = Span {
            source: self.source,
            start: frame.start,
            end: end.max(frame.start),
        };
        let kind = match frame.content {
            Content::List(items) => Kind::List(items),
            Content::Map { entries, .. } => {
                if frame.flow && !self.is_template(span) {
                    mapping::bare_keys(&entries, self.text, sink);
                }
                let whole = |entry: &Entry| !frame.flow || !mapping::is_bare(entry);
                let written = entries.len();
                let entries: Vec<_> = entries.into_iter().filter(whole).collect();
                // Keys alone are reported, and are no mapping.
                if entries.is_empty() && written > 0 {
                    Kind::Invalid
                } else {
                    Kind::Map(entries)
                }
            }
        };
        let node = Node {
            span,
            kind: if frame.invalid { Kind::Invalid } else { kind },
        };
        self.remember(frame.anchor, &node, sink)?;
        self.place(node, sink)
    }

    /// Whether a flow mapping is the inside of an unquoted `{{ … }}`, which
    /// is reported when the outer braces close.
    fn is_template(&self, span: Span) -> bool {
        let bytes = self.text.as_bytes();
        let inner = span.start > 0 && bytes[span.start - 1] == b'{' && bytes.get(span.end) == Some(&b'}');
        let outer = self.text[span.range()].starts_with("{{");
        inner || outer
    }

    fn alias(&mut self, anchor: usize, span: Span, sink: &mut Sink) -> Result<(), Stop> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            sink.error(
                "recursive-alias",
                span,
                "an alias cannot stand inside the value it repeats",
            );
            return self.place(
                Node {
                    span,
                    kind: Kind::Invalid,
                },
                sink,
            );
        };
        self.last_end = span.end;
        self.repeated.nodes += size.nodes;
        self.repeated.bytes += size.bytes;
        // Aliases may not make the tree larger than a file of this size could be.
        let length = self.text.len();
        if self.repeated.nodes > 10_000 + length || self.repeated.bytes > 65_536 + 4 * length {
            sink.error("alias-too-large", span, "aliases make this file too large")
                .help("write the values out, or repeat less");
            return Err(Stop::Reported);
        }
        self.count(size.nodes, span, sink)?;
        if self.stack.len() + depth(&node) > MAX_DEPTH {
            return Err(too_deep(span, sink));
        }
        self.place(node, sink)
    }

    /// Keeps what an anchor names; the copy counts like what is written.
    fn remember(&mut self, anchor: usize, node: &Node, sink: &mut Sink) -> Result<(), Stop> {
        if anchor == 0 {
            return Ok(());
        }
        let size = size(node);
        self.copied += size.bytes;
        if self.copied > 65_536 + 4 * self.text.len() {
            sink.error(
                "alias-too-large",
                node.span.head(),
                "anchors inside anchors make this file too large",
            )
            .help("remove the anchors that no alias uses");
            return Err(Stop::Reported);
        }
        self.count(size.nodes, node.span.head(), sink)?;
        self.anchors.insert(anchor, (node.clone(), size));
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: Span, sink: &mut Sink) -> Result<(), Stop> {
        match self.nodes.checked_sub(nodes) {
            Some(left) => {
                self.nodes = left;
                Ok(())
            }
            None => {
                let message = format!("a manifest holds at most {MAX_NODES} keys and values");
                sink.error("too-large", span, message)
                    .help("split it into manifests that are used apart");
                Err(Stop::Reported)
            }
        }
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, sink: &mut Sink) -> Result<(), Stop> {
        let text = self.text;
        let Some(frame) = self.stack.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        match &mut frame.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, key, seen } => match key.take() {
                None => *key = Some(node),
                Some(key) => {
                    if let Some(entry) = mapping::entry(key, node, seen, text, sink) {
                        entries.push(entry);
                    }
                }
            },
        }
        Ok(())
    }

    fn stop(&self, error: &ScanError) -> Stop {
        let at = self.base + error.marker().byte_offset().unwrap_or_default();
        Stop::Syntax(problem(error.kind()), at.min(self.text.len()))
    }
}

fn is_node(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..)
    )
}

fn too_deep(span: Span, sink: &mut Sink) -> Stop {
    let message = format!("values are nested more than {MAX_DEPTH} deep here");
    sink.error(
        "too-deep",
        Span {
            end: span.start + 1,
            ..span
        },
        message,
    );
    Stop::Reported
}

fn depth(node: &Node) -> usize {
    match &node.kind {
        Kind::List(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Kind::Map(entries) => {
            1 + entries
                .iter()
                .map(|entry| depth(&entry.value))
                .max()
                .unwrap_or_default()
        }
        _ => 0,
    }
}

/// How much memory a tree takes, roughly.
#[derive(Debug, Default, Clone, Copy)]
struct Size {
    nodes: usize,
    bytes: usize,
}

fn size(node: &Node) -> Size {
    let mut all = Size { nodes: 1, bytes: 0 };
    let mut add = |more: Size| {
        all.nodes += more.nodes;
        all.bytes += more.bytes;
    };
    let of_text = |text: &Text| Size {
        nodes: 0,
        bytes: text.as_str().len(),
    };
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| add(size(item))),
        Kind::Map(entries) => {
            for entry in entries {
                let mut key = of_text(&entry.key);
                key.nodes = 1;
                add(key);
                add(size(&entry.value));
            }
        }
        Kind::Scalar(text) => add(of_text(text)),
        Kind::Invalid => {}
    }
    all
}

/// The parser's errors by what a person has to do about them.
fn problem(kind: &ErrorKind) -> Problem {
    match kind {
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::DocumentIndicatorInQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent => Problem::UnclosedQuote,
        ErrorKind::UnclosedFlowCollection { open } => Problem::UnclosedBracket(*open),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => Problem::WrongBracket {
            open: *open,
            close: *close,
        },
        ErrorKind::MisplacedFlowCollectionEnd => Problem::StrayBracket,
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => Problem::Tab,
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidFlowScalarIndent => Problem::Indentation,
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey
        | ErrorKind::MappingKeyNotAllowed => Problem::ExpectedKey,
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => Problem::Colon,
        ErrorKind::ExpectedFlowMappingSeparator => Problem::ExpectedSeparator('}'),
        ErrorKind::ExpectedFlowSequenceSeparator => Problem::ExpectedSeparator(']'),
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            Problem::AfterQuote
        }
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate => Problem::Escape,
        ErrorKind::UnexpectedCharacter { character } => Problem::Character(*character),
        ErrorKind::BomInsideDocument => Problem::Character('\u{feff}'),
        ErrorKind::DirectiveDisallowed => Problem::Directive,
        ErrorKind::RecursionLimitExceeded => Problem::TooDeep,
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => Problem::Dash,
        ErrorKind::CommentNotSeparated | ErrorKind::CommentInterceptedScalar => Problem::Comment,
        other => Problem::Other(other.to_string()),
    }
}
