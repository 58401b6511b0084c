//! The lessons of `examples/`: every `$` line of their pages is run against a fresh demo service, and what it
//! prints must be what the page says.
//!
//! Lines outside `console` blocks are not run: they need a model.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::golden;
use crate::support::pages::Reader;

#[test]
fn pages_show_what_their_commands_print() {
    let complaints: Vec<String> = lessons().iter().filter_map(|lesson| check(lesson)).collect();
    golden::none(&complaints);
}

#[test]
fn every_lesson_is_listed() {
    let list = fs::read_to_string(examples().join("README.md")).expect("the list of lessons");
    for lesson in lessons() {
        let name = lesson.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(
            list.contains(&format!("[{name}]({name}/)")),
            "{name} is not listed in examples/README.md"
        );
        let manifest = fs::read_to_string(lesson.join("manifest.yaml")).expect("a manifest");
        let first = manifest.lines().find(|line| !line.starts_with('#'));
        assert_eq!(first, Some("toolrun: 1"), "{name}");
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn lessons() -> Vec<PathBuf> {
    let entries = fs::read_dir(examples()).expect("the folder of examples");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 8, "{} lessons", folders.len());
    folders
}

/// Does what one page says, in a copy of its folder.
fn check(lesson: &Path) -> Option<String> {
    let reader = Reader::start();
    let folder = reader
        .place()
        .join("examples")
        .join(lesson.file_name().expect("a name"));
    copy(lesson, &folder);
    let manifest = folder.join("manifest.yaml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(manifest, reader.here(&text)).expect("a copy");
    reader.read(&lesson.join("README.md"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).expect("a copy");
        }
    }
}
