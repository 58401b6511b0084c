//! Loading: the file, its includes, and all of them checked together.

use std::collections::HashMap;

use crate::decl::top::{ManifestDecl, includes};
use crate::diagnostic::Sink;
use crate::keys;
use crate::lint;
use crate::node::{Node, shorten};
use crate::resolve::{self, File, World};
use crate::source::{Source, SourceId, Sources};
use crate::text::Text;
use crate::yaml::{self, Room};
use crate::{Loaded, Reach, ReadInclude};

/// How many files a manifest may bring along.
const MAX_FILES: usize = 200;
/// How often a file is read, one that is named again included.
const MAX_READS: usize = 1_000;
/// How much is read by that.
const MAX_READ_BYTES: usize = 16 * yaml::MAX_BYTES;

/// Loads a manifest from its text. It never fails: what is wrong is in the
/// diagnostics, all of it, for the file and everything it includes.
pub fn load(name: &str, text: String, files: &dyn ReadInclude) -> Loaded {
    let mut sink = Sink::default();
    let mut reader = Reader {
        sources: Sources::default(),
        seen: HashMap::new(),
        open: Vec::new(),
        parsed: Vec::new(),
        complete: true,
        room: Room::full(),
        reads: 0,
        read_bytes: 0,
    };
    reader.read(name, text, files, &mut sink);
    let Reader {
        mut sources,
        parsed,
        mut complete,
        ..
    } = reader;
    let misread = sink.errors() > 0;
    let mut decls = Vec::new();
    for (id, root) in &parsed {
        let decl = root.as_ref().and_then(|root| ManifestDecl::read(root, &mut sink));
        complete &= decl.is_some();
        decls.push(File {
            name: sources.get(*id).name.clone(),
            decl: decl.unwrap_or_default(),
        });
    }
    let world = World::gather(&decls, complete, &mut sink);
    let manifest = resolve::manifest(&world, &mut sink);
    // A text that was cut by a comma is not the author's wording.
    let reach = match (misread, complete) {
        (true, _) => Reach::Text,
        (false, false) => Reach::Keys,
        (false, true) => Reach::Names,
    };
    if reach == Reach::Names {
        lint::run(&world, &manifest, &parsed, &sources, &mut sink);
    }
    let whole = complete && sink.errors() == 0;
    let hidden = sink.hidden();
    let mut diagnostics = sink.finish();
    if !diagnostics.is_empty() {
        keys::hide(&mut diagnostics, hidden, &decls, &mut sources);
    }
    Loaded {
        manifest: whole.then_some(manifest),
        diagnostics,
        sources,
        reach,
    }
}

/// The files as they are read, depth first.
struct Reader {
    sources: Sources,
    seen: HashMap<String, SourceId>,
    /// The files that are being read, each included by the one before.
    open: Vec<String>,
    parsed: Vec<(SourceId, Option<Node>)>,
    complete: bool,
    room: Room,
    reads: usize,
    read_bytes: usize,
}

impl Reader {
    fn read(&mut self, name: &str, text: String, files: &dyn ReadInclude, sink: &mut Sink) {
        let id = self.sources.add(Source {
            name: name.to_owned(),
            text,
        });
        self.seen.insert(name.to_owned(), id);
        let root = {
            let text = &self.sources.get(id).text;
            yaml::parse(id, text, &mut self.room, sink)
        };
        self.complete &= root.is_some();
        let paths: Vec<Text> = root
            .as_ref()
            .map(|root| includes(root, sink))
            .unwrap_or_default()
            .into_iter()
            .cloned()
            .collect();
        self.parsed.push((id, root));
        self.open.push(name.to_owned());
        for path in &paths {
            self.include(name, path, files, sink);
        }
        self.open.pop();
    }

    fn include(&mut self, including: &str, path: &Text, files: &dyn ReadInclude, sink: &mut Sink) {
        if let Some((why, help)) = wrong_path(path.as_str()) {
            return self.refuse(path, why, help, sink);
        }
        self.reads += 1;
        if self.reads > MAX_READS || self.read_bytes > MAX_READ_BYTES {
            return self.refuse(path, "too much is included", "join some of the files", sink);
        }
        let (name, text) = match files.read(including, path.as_str()) {
            Ok(read) => read,
            Err(why) => {
                let help = "the path is relative to the folder of the file that includes it";
                return self.refuse(path, &why, help, sink);
            }
        };
        self.read_bytes += text.len();
        if self.open.contains(&name) {
            self.circle(&name, path, sink);
        } else if self.seen.contains_key(&name) {
            // A file counts once.
        } else if self.parsed.len() >= MAX_FILES {
            let why = format!("a manifest includes at most {MAX_FILES} files");
            self.refuse(path, &why, "join some of them", sink);
        } else if !is_manifest(&text) {
            // Nobody named this file but the manifest: not a line of it is shown.
            let help = "a file that is included starts with `toolrun: 1` like any other";
            self.refuse(
                path,
                "it is not a manifest, for it has no key `toolrun`",
                help,
                sink,
            );
        } else {
            self.read(&name, text, files, sink);
        }
    }

    fn refuse(&mut self, path: &Text, why: &str, help: &str, sink: &mut Sink) {
        self.complete = false;
        let shown = shorten(path.as_str());
        sink.error("include", path.span(), format!("cannot include `{shown}`: {why}"))
            .help(help);
    }

    fn circle(&self, name: &str, path: &Text, sink: &mut Sink) {
        let from = self.open.iter().position(|open| open == name);
        let circle: Vec<_> = self.open[from.unwrap_or_default()..]
            .iter()
            .map(String::as_str)
            .chain([name])
            .map(|name| format!("`{name}`"))
            .collect();
        sink.error(
            "include-cycle",
            path.span(),
            format!("these files include each other: {}", circle.join(" → ")),
        )
        .help("remove one of the includes: names are visible both ways, so one direction is enough");
    }
}

/// Why a path can name no include, and what to do.
fn wrong_path(path: &str) -> Option<(&'static str, &'static str)> {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.contains("://") {
        return Some((
            "it is an address, and nothing is fetched",
            "save the file beside this one, and name that",
        ));
    }
    if path.starts_with(['/', '~', '\\']) || drive {
        return Some((
            "its path does not start at this file",
            "write it relative to the folder of this file, as in `../shared/currency.yaml`",
        ));
    }
    let ending = path
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    let named = ending.is_some_and(|ending| ["yaml", "yml", "json"].contains(&ending.as_str()));
    (!named).then_some((
        "its name is not that of a manifest",
        "the name of a manifest ends in `.yaml`, `.yml` or `.json`; no other file is read",
    ))
}

/// Whether a text has a key `toolrun` where that of a manifest stands: at the
/// start of a line, or anywhere on one when the whole text is in braces.
pub(crate) fn is_manifest(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let in_braces = text.trim_start().starts_with('{');
    text.lines().any(|line| {
        let line = if in_braces {
            line.trim_start_matches(['{', ' ', '\t'])
        } else {
            line
        };
        line.trim_start_matches(['"', '\''])
            .strip_prefix("toolrun")
            .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_include_is_a_manifest_by_its_name() {
        for path in ["a.yaml", "./a.yml", "../shared/A.YAML", "a.b.json", "é.yaml"] {
            assert_eq!(wrong_path(path), None, "{path}");
        }
        for path in [
            "/etc/passwd",
            "/a.yaml",
            "~/a.yaml",
            "\\\\host\\a.yaml",
            "C:\\a.yaml",
            "https://evil.example/a.yaml",
            "file:///a.yaml",
            "../.env",
            "id_rsa",
            "a.yaml/",
            "a.yaml\0",
            "",
            ".",
            "..",
        ] {
            assert!(wrong_path(path).is_some(), "{path}");
        }
    }

    #[test]
    fn a_manifest_is_known_by_its_first_key() {
        for text in [
            "toolrun: 1\n",
            "\u{feff}toolrun: 1",
            "# note\n\"toolrun\" : 1",
            "{\n  \"toolrun\": 1 }",
            "{toolrun: 1}",
        ] {
            assert!(is_manifest(text), "{text}");
        }
        for text in [
            "",
            "services: {}",
            "root:x:0:0",
            "# toolrun: 1",
            "a:\n  toolrun: 1",
            "toolruns: 1",
            "PASSWORD=x",
        ] {
            assert!(!is_manifest(text), "{text}");
        }
    }
}
