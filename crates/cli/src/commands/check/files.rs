//! The manifests that `check` is told of, each read once, several at a time.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use toolrun_manifest::{Diagnostic, Loaded};

use crate::console::Console;
use crate::exit::Failure;
use crate::manifest_file;
use crate::parallel;

/// The names of the manifests: folders become those in them, and a file that is
/// reached twice counts once.
pub(super) fn named(files: &[String], console: &Console) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for file in files {
        let path = Path::new(file);
        if file != "-" && path.is_dir() {
            names.extend(within(file, path, console)?);
        } else {
            names.push(file.clone());
        }
    }
    let mut seen = HashSet::new();
    names.retain(|name| {
        let path = fs::canonicalize(name).unwrap_or_else(|_| name.into());
        seen.insert(path)
    });
    Ok(names)
}

fn within(folder: &str, path: &Path, console: &Console) -> Result<Vec<String>, Failure> {
    let found = manifest_file::yaml_in(path)?;
    let meant = parallel::each(&found, parallel::cores(), |path| manifest_file::is_meant(path));
    let (mut manifests, mut skipped) = (Vec::new(), Vec::new());
    for (path, meant) in found.iter().zip(meant) {
        let names = if meant { &mut manifests } else { &mut skipped };
        names.push(path.to_string_lossy().into_owned());
    }
    for name in skipped {
        console.note(&format!("note: skipped {name}: no key `toolrun`"));
    }
    if manifests.is_empty() {
        return Err(Failure::usage(format!("there is no manifest in `{folder}`"))
            .with_hint("a manifest ends in .yaml or .yml and has the key `toolrun: 1`"));
    }
    Ok(manifests)
}

/// Reads and checks each; the first that cannot be read ends it.
pub(super) fn load(names: &[String]) -> Result<Vec<(String, Loaded)>, Failure> {
    let loaded = parallel::each(names, parallel::cores(), |name| manifest_file::load(name));
    let named = names.iter().zip(loaded);
    named.map(|(name, loaded)| Ok((name.clone(), loaded?))).collect()
}

/// What is said of a file that others include is said once.
pub(super) fn say_each_once(checked: &mut [(String, Loaded)]) {
    type Said = (usize, usize, &'static str, String);
    let mut said: HashMap<String, HashSet<Said>> = HashMap::new();
    for (_, loaded) in checked {
        let sources = &loaded.sources;
        loaded.diagnostics.retain(|found: &Diagnostic| {
            let span = found.span();
            let file = manifest_file::tidy(Path::new(&sources.get(span.source).name));
            let what = (span.start, span.end, found.code, found.message.clone());
            said.entry(file).or_default().insert(what)
        });
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn threads_change_nothing_about_what_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let names: Vec<String> = (0..40)
            .map(|number| {
                let path = folder.path().join(format!("{number}.yaml"));
                let text = format!("toolrun: 1\nname: n{number}\nkey_{number}: 1\n");
                fs::write(&path, text).expect("a file");
                path.to_string_lossy().into_owned()
            })
            .collect();
        let with = |threads| {
            let threads = NonZeroUsize::new(threads).expect("more than none");
            let loaded = parallel::each(&names, threads, |name| manifest_file::load(name));
            let found = loaded
                .into_iter()
                .map(|loaded| loaded.expect("a file").diagnostics);
            found.collect::<Vec<_>>()
        };
        let alone = with(1);
        assert!(alone.iter().all(|found| found.len() == 1));
        assert_eq!(alone, with(8));
    }
}
