//! Reads manifests, what they include, and folders of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use toolrun_manifest::{Loaded, Manifest, ReadInclude, Severity};

use crate::console::Console;
use crate::content::{Content, shown};
use crate::exit::Failure;
use crate::render::diagnostics;
use crate::schemas;

/// The display name of a manifest that came on stdin.
pub(crate) const STDIN: &str = "<stdin>";

/// Largest file that is read as a manifest: the limit of the language
/// itself.
const MOST_BYTES: u64 = 4 << 20;

/// Reads and checks one manifest; the caller looks at the diagnostics.
pub(crate) fn load(path: &str) -> Result<Loaded, Failure> {
    let name = if path == "-" { STDIN } else { path };
    Ok(load_text(name, read(path)?))
}

/// The text of a file, or of stdin as `-`.
pub(crate) fn read(path: &str) -> Result<String, Failure> {
    if path == "-" {
        return text_of(path, &mut io::stdin().lock());
    }
    let mut file = File::open(path).map_err(|error| Failure::unreadable(path, &error))?;
    if file.metadata().is_ok_and(|found| found.is_dir()) {
        return Err(Failure::usage(format!("`{path}` is a folder")).with_hint("name a manifest in it"));
    }
    text_of(path, &mut file)
}

/// Checks a text; what it includes is read from beside its name.
pub(crate) fn load_text(name: &str, text: String) -> Loaded {
    load_with(name, text, &IncludeReader::new(name))
}

/// Checks a text with a reader of its own for what it includes.
pub(crate) fn load_with(name: &str, text: String, files: &dyn ReadInclude) -> Loaded {
    schemas::checked(toolrun_manifest::load(name, text, files))
}

/// Reads a manifest that is to be run, with its content by fingerprint: its
/// errors are drawn and end the command, its warnings are left to `check`.
pub(crate) fn load_with_content(path: &str, console: &Console) -> Result<(Manifest, Content), Failure> {
    checked(load(path)?, path, console)
}

/// The manifest with its content, or its errors drawn and the command's end.
pub(crate) fn checked(loaded: Loaded, path: &str, console: &Console) -> Result<(Manifest, Content), Failure> {
    let Loaded {
        manifest,
        diagnostics,
        sources,
        ..
    } = loaded;
    if let Some(manifest) = manifest {
        let content = Content::of(path, &manifest, &sources);
        return Ok((manifest, content));
    }
    let errors: Vec<_> = diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .collect();
    for found in &errors {
        console.drawn(&diagnostics::draw(found, &sources, console));
    }
    Err(Failure::broken_manifest(&shown(path), errors.len()))
}

/// The `*.yaml` and `*.yml` in a folder and below, sorted. Hidden folders and
/// links to folders are left alone, and so is what is no file: a pipe would be
/// waited for.
pub(crate) fn yaml_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error: &io::Error| Failure::unreadable(&folder.to_string_lossy(), error);
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&error))? {
            let entry = entry.map_err(|error| unreadable(&error))?;
            let kind = entry.file_type().map_err(|error| unreadable(&error))?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let path = entry.path();
            if kind.is_dir() && !hidden {
                folders.push(path);
            } else if is_yaml(&path) && fs::metadata(&path).is_ok_and(|found| found.is_file()) {
                found.push(path);
            }
        }
    }
    // As texts, so that the order is that of the names as they are shown.
    found.sort_by_cached_key(|path| path.to_string_lossy().into_owned());
    Ok(found)
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// Whether a file is a manifest or looks like one. One that is broken, or
/// lacks its `toolrun: 1`, still counts: that is what `check` is for.
pub(crate) fn is_meant(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut bytes = Vec::new();
    if !file.metadata().is_ok_and(|found| found.is_file())
        || file.take(MOST_BYTES).read_to_end(&mut bytes).is_err()
    {
        return false;
    }
    let text = String::from_utf8_lossy(&bytes);
    text.lines().any(|line| {
        let line = line
            .trim_start_matches('\u{feff}')
            .trim_start_matches("{")
            .trim_start_matches(['"', '\'']);
        ["toolrun", "tools", "apis"].iter().any(|key| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
        })
    })
}

fn text_of(path: &str, from: &mut dyn Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::unreadable(path, &error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::usage(format!(
            "`{path}` is larger than {} MiB",
            MOST_BYTES >> 20
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::usage(format!(
            "`{path}` is not UTF-8 text: line {line} has a byte that cannot stand there"
        ))
        .with_hint("save the file as UTF-8")
    })
}

/// Reads included files, each by one name however it is reached.
#[derive(Debug)]
pub(crate) struct IncludeReader {
    /// Display name by canonical path.
    names: RefCell<BTreeMap<PathBuf, String>>,
}

impl IncludeReader {
    /// For a manifest and its display name.
    pub(crate) fn new(main: &str) -> Self {
        let canonical = fs::canonicalize(main).ok().map(|path| (path, main.to_owned()));
        Self {
            names: RefCell::new(canonical.into_iter().collect()),
        }
    }

    /// The one name of a file; `shown` if it has none yet.
    pub(crate) fn name_of(&self, canonical: PathBuf, shown: impl FnOnce() -> String) -> String {
        self.names
            .borrow_mut()
            .entry(canonical)
            .or_insert_with(shown)
            .clone()
    }
}

impl ReadInclude for IncludeReader {
    fn read(&self, including: &str, path: &str) -> Result<(String, String), String> {
        let folder = if including == STDIN {
            None
        } else {
            Path::new(including).parent()
        };
        let joined = folder.unwrap_or_else(|| Path::new("")).join(path);
        let canonical = fs::canonicalize(&joined).map_err(|error| crate::exit::plain_reason(&error))?;
        if !canonical.is_file() {
            return Err("it is not a file".to_owned());
        }
        if !is_named_like_one(&canonical) {
            return Err("it is a link to a file whose name is not that of a manifest".to_owned());
        }
        let mut file = File::open(&canonical).map_err(|error| crate::exit::plain_reason(&error))?;
        let text = text_of(path, &mut file).map_err(|failure| failure.to_string())?;
        let name = self.name_of(canonical, || tidy(&joined));
        Ok((name, text))
    }
}

/// Whether a name is one that an include may have.
fn is_named_like_one(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    ["yaml", "yml", "json"].iter().any(|known| ending == *known)
}

/// The path without `.` and without `x/..`, for display.
pub(crate) fn tidy(path: &Path) -> String {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.iter().collect::<PathBuf>().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_without_detours() {
        for (path, shown) in [
            ("a/./b.yaml", "a/b.yaml"),
            ("a/../b.yaml", "b.yaml"),
            ("../b.yaml", "../b.yaml"),
            ("/x/../y", "/y"),
        ] {
            assert_eq!(tidy(Path::new(path)), shown);
        }
    }

    #[test]
    fn a_folder_yields_its_manifests_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(path, text).expect("a file");
        };
        write("b.yaml", "toolrun: 1\n");
        write("a.yml", "# note\n\"toolrun\": 1\n");
        write("json.yaml", "{\"toolrun\": 1}\n");
        write("below/c.yaml", "toolrun : 1\n");
        write("compose.yaml", "services: {}\n");
        write("forgotten.yaml", "tools:\n  t: {}\n");
        write(".hidden/d.yaml", "toolrun: 1\n");
        write("notes.txt", "toolrun: 1\n");
        let found = yaml_in(folder.path()).expect("a listing");
        let names = |meant: bool| -> Vec<String> {
            let inside = |path: &PathBuf| path.strip_prefix(folder.path()).map(Path::to_owned);
            let wanted = found.iter().filter(|path| is_meant(path) == meant);
            wanted
                .map(|path| inside(path).expect("inside").to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(
            names(true),
            ["a.yml", "b.yaml", "below/c.yaml", "forgotten.yaml", "json.yaml"]
        );
        assert_eq!(names(false), ["compose.yaml"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_yields_files_and_links_to_files_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.yaml"), "toolrun: 1\n").expect("a file");
        fs::create_dir(path("b.yaml")).expect("a folder");
        std::os::unix::net::UnixListener::bind(path("c.yaml")).expect("a socket");
        std::os::unix::fs::symlink(path("a.yaml"), path("d.yaml")).expect("a link");
        std::os::unix::fs::symlink(path("nowhere"), path("e.yaml")).expect("a link");
        let made = std::process::Command::new("mkfifo").arg(path("f.yaml")).status();
        assert!(made.expect("mkfifo runs").success());
        let found = yaml_in(folder.path()).expect("a listing");
        assert_eq!(found, [path("a.yaml"), path("d.yaml")]);
    }
}
