//! Diagnostics as a JUnit report: one suite for each manifest, in it one case
//! for each finding, or one that passed when there is none.
//!
//! A case failed when it makes `check` fail: errors do, warnings once they are
//! denied. The others passed and say what they are in their output. What is said
//! of a file that several manifests include is said with the first of them; the
//! others fail with one case that says so.

use std::fmt::Write as _;

use toolrun_manifest::{Diagnostic, Loaded, Severity, Sources};

use super::place;

/// Everything that `check` found; `denied` when warnings fail it.
pub(crate) fn report(files: &[(String, Loaded)], denied: bool) -> String {
    let suites: Vec<Suite> = files
        .iter()
        .map(|(name, loaded)| Suite::of(name, loaded, denied))
        .collect();
    let tests: usize = suites.iter().map(|suite| suite.tests).sum();
    let failures: usize = suites.iter().map(|suite| suite.failures).sum();
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _infallible = writeln!(
        xml,
        "<testsuites name=\"toolrun check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">"
    );
    for suite in suites {
        suite.write(&mut xml);
    }
    xml.push_str("</testsuites>\n");
    xml
}

struct Suite {
    name: String,
    tests: usize,
    failures: usize,
    cases: String,
}

impl Suite {
    fn of(name: &str, loaded: &Loaded, denied: bool) -> Self {
        let name = if name == "-" {
            "<stdin>".to_owned()
        } else {
            place::path(name)
        };
        let mut suite = Self {
            tests: loaded.diagnostics.len().max(1),
            failures: 0,
            cases: String::new(),
            name,
        };
        for found in &loaded.diagnostics {
            let fails = denied || found.severity == Severity::Error;
            suite.failures += usize::from(fails);
            suite.finding(found, &loaded.sources, fails);
        }
        let own = |found: &Diagnostic| found.severity == Severity::Error;
        if loaded.manifest.is_none() && !loaded.diagnostics.iter().any(own) {
            suite.told_elsewhere(loaded.diagnostics.len());
        } else if loaded.diagnostics.is_empty() {
            let class = attribute(&suite.name);
            let _infallible = writeln!(
                suite.cases,
                "    <testcase name=\"no problems\" classname=\"{class}\"/>"
            );
        }
        suite
    }

    /// A manifest whose errors stand in a file that others include as well: they
    /// are said once, and it did not pass for that.
    fn told_elsewhere(&mut self, told: usize) {
        self.tests = told + 1;
        self.failures += 1;
        let class = attribute(&self.name);
        let _infallible = writeln!(
            self.cases,
            "    <testcase name=\"errors of a shared file\" classname=\"{class}\">\n      \
             <failure type=\"error\" message=\"errors that are told with another manifest concern this one too\"/>\n    \
             </testcase>"
        );
    }

    fn finding(&mut self, found: &Diagnostic, sources: &Sources, fails: bool) {
        let at = sources.position(found.span());
        let file = place::path(&sources.get(found.span().source).name);
        let severity = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut words = format!(
            "{file}:{}:{}: {severity}[{}]: {}",
            at.line, at.column, found.code, found.message
        );
        if let Some(help) = &found.help {
            let _infallible = write!(words, "\nhelp: {help}");
        }
        let _infallible = writeln!(
            self.cases,
            "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\">",
            attribute(&format!("{} at {}:{}", found.code, at.line, at.column)),
            attribute(&self.name),
            attribute(&file),
            at.line
        );
        let _infallible = if fails {
            let message = attribute(&found.message);
            writeln!(
                self.cases,
                "      <failure type=\"{severity}\" message=\"{message}\">{}</failure>",
                content(&words)
            )
        } else {
            writeln!(self.cases, "      <system-out>{}</system-out>", content(&words))
        };
        self.cases.push_str("    </testcase>\n");
    }

    fn write(&self, xml: &mut String) {
        let _infallible = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">",
            attribute(&self.name),
            self.tests,
            self.failures
        );
        xml.push_str(&self.cases);
        xml.push_str("  </testsuite>\n");
    }
}

/// A text between tags.
fn content(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#13;"),
            c if is_allowed(c) => xml.push(c),
            _ => xml.push('\u{fffd}'),
        }
    }
    xml
}

/// A text in double quotes; there blanks would be folded.
fn attribute(text: &str) -> String {
    content(text)
        .replace('"', "&quot;")
        .replace('\t', "&#9;")
        .replace('\n', "&#10;")
}

/// What XML 1.0 can hold at all; controls that it can but should not are none.
fn is_allowed(c: char) -> bool {
    match c {
        '\t' | '\n' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_can_be_read_back_and_is_nothing_but_text() {
        for (text, read) in [
            ("<a href=\"x\">&amp;</a>", None),
            ("]]> & <!-- --> <?x?>", None),
            ("line\nline\r\n\ttab", None),
            ("日本 ü 😀", None),
            ("\u{1b}[31m\u{0}\u{ffff}", Some("\u{fffd}[31m\u{fffd}\u{fffd}")),
        ] {
            let xml = format!("<a b=\"{}\">{}</a>", attribute(text), content(text));
            let document = roxmltree::Document::parse(&xml).expect("XML");
            let root = document.root_element();
            let expected = read.unwrap_or(text);
            assert_eq!(root.attribute("b"), Some(expected));
            assert_eq!(root.text(), Some(expected));
        }
    }
}
