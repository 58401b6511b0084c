//! Loading: the file, its includes, and all of them checked together.

use std::collections::HashMap;

use crate::decl::top::{ManifestDecl, includes};
use crate::diagnostic::Sink;
use crate::lint;
use crate::node::Node;
use crate::resolve::{self, File, World};
use crate::source::{Source, SourceId, Sources};
use crate::text::Text;
use crate::yaml;
use crate::{Loaded, ReadInclude};

/// How many files a manifest may bring along.
const MAX_FILES: usize = 200;

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
    };
    reader.read(name, text, files, &mut sink);
    let Reader {
        sources,
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
    if complete && !misread {
        lint::run(&world, &manifest, &sources, &mut sink);
    }
    let whole = complete && sink.errors() == 0;
    Loaded {
        manifest: whole.then_some(manifest),
        diagnostics: sink.finish(),
        sources,
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
            yaml::parse(id, text, sink)
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
        match files.read(including, path.as_str()) {
            Err(why) => {
                self.complete = false;
                sink.error(
                    "include",
                    path.span(),
                    format!("cannot include `{}`: {why}", path.as_str()),
                )
                .help("the path is relative to the folder of the file that includes it");
            }
            Ok((name, _)) if self.open.contains(&name) => {
                let from = self
                    .open
                    .iter()
                    .position(|open| *open == name)
                    .unwrap_or_default();
                let circle: Vec<_> = self.open[from..]
                    .iter()
                    .chain([&name])
                    .map(|name| format!("`{name}`"))
                    .collect();
                sink.error(
                    "include-cycle",
                    path.span(),
                    format!("these files include each other: {}", circle.join(" → ")),
                )
                .help("remove one of the includes: names are visible both ways, so one direction is enough");
            }
            Ok((name, _)) if self.seen.contains_key(&name) => {}
            Ok(_) if self.parsed.len() >= MAX_FILES => {
                self.complete = false;
                sink.error(
                    "include",
                    path.span(),
                    format!("a manifest includes at most {MAX_FILES} files"),
                )
                .help("join some of them");
            }
            Ok((name, text)) => self.read(&name, text, files, sink),
        }
    }
}
