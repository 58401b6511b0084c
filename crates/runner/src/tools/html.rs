//! HTML as text, in one pass: tags go, blocks begin lines, links keep their
//! targets, scripts and styles are left out. No tree is built and nothing is
//! nested, so that no page can cost more than its length.

/// Elements whose content is not for readers.
const LEFT_OUT: &[&str] = &["head", "script", "style", "template"];
/// Elements before which an empty line stands.
const PARAGRAPHS: &[&str] = &[
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "pre",
    "blockquote",
];
/// Elements that begin a line.
const LINES: &[&str] = &[
    "br", "li", "ol", "ul", "tr", "div", "section", "article", "dt", "dd",
];

/// The text of a page.
pub(crate) fn text_of(html: &str) -> String {
    let mut page = Page::default();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        page.text(&rest[..start]);
        rest = &rest[start..];
        let Some(length) = markup(rest) else {
            page.text("<");
            rest = &rest[1..];
            continue;
        };
        let Some(length) = length else {
            // No tag is closed any more: what follows is text.
            page.text(rest);
            rest = "";
            break;
        };
        let (tag, after) = rest.split_at(length);
        rest = after;
        if let Some(name) = page.tag(tag) {
            rest = skipped(rest, name);
        }
    }
    page.text(rest);
    page.end_link();
    page.out.trim().to_owned()
}

/// The length of the tag or comment that begins here; `Some(None)` when it
/// has no end, `None` when it is no markup.
fn markup(rest: &str) -> Option<Option<usize>> {
    if rest.starts_with("<!--") {
        return Some(rest.find("-->").map(|end| end + 3).or(Some(rest.len())));
    }
    let next = rest[1..].chars().next()?;
    if next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?') {
        return Some(rest.find('>').map(|end| end + 1));
    }
    None
}

/// What follows an element whose content is left out.
fn skipped<'a>(rest: &'a str, name: &str) -> &'a str {
    let bytes = rest.as_bytes();
    let ends = |at: &usize| {
        let tag = &bytes[*at + 2..];
        tag.len() >= name.len() && tag[..name.len()].eq_ignore_ascii_case(name.as_bytes())
    };
    let end = rest.match_indices("</").map(|(at, _)| at).find(ends);
    let Some(end) = end else { return "" };
    match rest[end..].find('>') {
        Some(close) => &rest[end + close + 1..],
        None => "",
    }
}

#[derive(Default)]
struct Page {
    out: String,
    link: Option<Link>,
    /// Blanks were seen since the last word.
    blank: bool,
}

/// A link that is still open.
struct Link {
    start: usize,
    target: String,
}

impl Page {
    fn text(&mut self, raw: &str) {
        for (number, part) in raw.split('<').enumerate() {
            if number > 0 {
                self.words("<");
            }
            self.words(part);
        }
    }

    /// Adds words. The library unescapes them; without a tag among them it
    /// does nothing else but collapse blanks.
    fn words(&mut self, raw: &str) {
        let words = nanohtml2text::html2text(raw);
        self.blank |= raw.starts_with(char::is_whitespace);
        if words.is_empty() {
            return;
        }
        if self.blank && !self.out.is_empty() && !self.out.ends_with(['\n', ' ']) {
            self.out.push(' ');
        }
        self.out.push_str(&words);
        self.blank = raw.ends_with(char::is_whitespace);
    }

    /// Takes a tag; gives the name of an element whose content is left out.
    fn tag(&mut self, tag: &str) -> Option<&'static str> {
        let inner = tag.trim_start_matches('<').trim_end_matches('>');
        let (closing, inner) = match inner.strip_prefix('/') {
            Some(inner) => (true, inner),
            None => (false, inner),
        };
        let end = inner
            .find(|c: char| c.is_ascii_whitespace() || c == '/')
            .unwrap_or(inner.len());
        let (name, attributes) = inner.split_at(end);
        let is = |names: &'static [&'static str]| {
            names
                .iter()
                .find(|known| known.eq_ignore_ascii_case(name))
                .copied()
        };
        if name.eq_ignore_ascii_case("a") {
            self.end_link();
            if !closing {
                self.begin_link(attributes);
            }
        } else if is(PARAGRAPHS).is_some() {
            self.line_ends(2);
        } else if is(LINES).is_some() {
            self.line_ends(1);
        } else if ["td", "th"].iter().any(|cell| cell.eq_ignore_ascii_case(name)) {
            self.blank = true;
        } else if !closing {
            return is(LEFT_OUT);
        }
        None
    }

    /// So many line ends at the end of what was written so far.
    fn line_ends(&mut self, count: usize) {
        self.blank = false;
        if self.out.is_empty() {
            return;
        }
        let there = self.out.bytes().rev().take_while(|byte| *byte == b'\n').count();
        for _ in there..count {
            self.out.push('\n');
        }
    }

    fn begin_link(&mut self, attributes: &str) {
        let Some(target) = href(attributes) else { return };
        self.link = Some(Link {
            start: self.out.len(),
            target,
        });
    }

    /// Names the target of a link after its words, unless they are the same.
    fn end_link(&mut self) {
        let Some(link) = self.link.take() else { return };
        let words = self.out[link.start..].trim();
        if words.is_empty() {
            self.blank |= link.start > 0;
            let target = link.target;
            if self.blank && !self.out.ends_with(['\n', ' ']) {
                self.out.push(' ');
            }
            self.out.push_str(&target);
        } else if words != link.target {
            self.out.push_str(&format!(" ({})", link.target));
        }
    }
}

/// The target of a link, unless it is a script.
fn href(attributes: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, after) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        let name = name.split_whitespace().last().unwrap_or_default();
        if name.eq_ignore_ascii_case("href") {
            let target = nanohtml2text::html2text(value);
            let script = target
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("javascript:");
            return (!script && !target.is_empty() && !target.contains('<')).then_some(target);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_text() {
        for (html, expected) in [
            ("<p>One</p><p>Two</p>", "One\n\nTwo"),
            ("a <b>bold</b>  word", "a bold word"),
            ("one<b>word</b>", "oneword"),
            ("<ul><li>One<li>Two</ul>end", "One\nTwo\nend"),
            ("two<br>lines<br/>more", "two\nlines\nmore"),
            ("<tr><td>a</td><td>b</td></tr><tr><td>c</td></tr>", "a b\nc"),
            (
                r#"see <a class=x href="/a?b=1&amp;c">here</a>, ok"#,
                "see here (/a?b=1&c), ok",
            ),
            ("<a href='/a'>/a</a> and <a href=/b></a>", "/a and /b"),
            ("<a href=\"javascript:alert(1)\">click</a>", "click"),
            (
                "<head><title>t</title></head><script>if (a < b) {}</script>text",
                "text",
            ),
            ("<header>kept</header><!-- not > this -->", "kept"),
            ("5 < 6 &amp;&lt; 7 and a <- b", "5 < 6 &< 7 and a <- b"),
            ("caf&eacute; &#8364; &unknown;", "café € &unknown;"),
            ("cut <b", "cut <b"),
            ("<style>never closed", ""),
            ("<!-- never closed", ""),
            ("", ""),
        ] {
            assert_eq!(text_of(html), expected, "{html}");
        }
    }

    #[test]
    fn hostile_pages_cost_no_more_than_their_length() {
        let parts = [
            "<",
            "<a href=x>",
            "<a href=\"",
            "<script>",
            "</script",
            "<!--",
            "<b ",
            "&",
            "&amp",
            "<p>",
            "<a href=x=\"y\" ",
        ];
        for part in parts {
            let page = part.repeat((1 << 20) / part.len());
            // A quadratic reading of a mebibyte would take minutes.
            assert!(text_of(&page).len() <= 3 * page.len(), "{part}");
        }
    }
}
