//! The lessons of `examples/`: every `$` line of their pages is run against a fresh demo service, and what it
//! prints must be what the page says.
//!
//! Lines outside `console` blocks are not run: they need a model.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use toolrun_demo::{Demo, Options, serve};

use crate::support::golden;

/// The address that the pages and their manifests name.
const WRITTEN: &str = "127.0.0.1:8787";

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
        assert!(manifest.starts_with("toolrun: 1\n"), "{name}");
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

/// Runs one page's commands in their order and compares the page with what it should be.
fn check(lesson: &Path) -> Option<String> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let demo: Demo = runtime
        .block_on(serve(Options::default()))
        .expect("the demo service");
    let address = demo.base_url.trim_start_matches("http://").to_owned();
    let place = tempfile::tempdir().expect("a folder");
    copy_lesson(lesson, place.path(), &address);
    let page = lesson.join("README.md");
    let text = fs::read_to_string(&page).expect("a page");
    let actual = rewrite(&text, |command| {
        let command = command.replace(WRITTEN, &address);
        without_ids(&run(&command, place.path(), &demo.key).replace(&address, WRITTEN))
    });
    golden::compare(&page, &actual)
}

/// Puts the lesson where the commands look for it, its manifest with the address of this run's service.
fn copy_lesson(lesson: &Path, place: &Path, address: &str) {
    let folder = place.join("examples").join(lesson.file_name().expect("a name"));
    copy(lesson, &folder);
    let manifest = folder.join("manifest.yaml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(manifest, text.replace(WRITTEN, address)).expect("a copy");
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

/// The page with the output of every `$` line in its `console` blocks put in.
fn rewrite(page: &str, mut run: impl FnMut(&str) -> String) -> String {
    let mut written = String::new();
    let mut inside = false;
    for line in page.lines() {
        let fence = line.starts_with("```");
        let command = if inside { line.strip_prefix("$ ") } else { None };
        if !inside || fence || command.is_some() {
            written.push_str(line);
            written.push('\n');
        }
        if let Some(command) = command {
            written.push_str(&run(command));
        }
        if fence {
            inside = line == "```console";
        }
    }
    written
}

/// Every call has an id of its own, and every multipart body a boundary, so pages show `call_…`.
fn without_ids(text: &str) -> String {
    ["call_", "boundary=toolrun-"]
        .iter()
        .fold(text.to_owned(), |text, start| without_id(&text, start))
}

fn without_id(text: &str, start: &str) -> String {
    let mut parts = text.split(start);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        let id = part.len() - rest.len() == 32;
        shown.push_str(start);
        shown.push_str(if id { "…" } else { "" });
        shown.push_str(if id { rest } else { part });
    }
    shown
}

/// What a shell shows of a command: both streams, without a terminal.
fn run(command: &str, place: &Path, key: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_toolrun"));
    let folder = binary.parent().expect("a folder");
    let search = format!(
        "{}:{}",
        folder.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("{command} 2>&1"))
        .current_dir(place)
        .env_clear()
        .env("PATH", search)
        .env("HOME", place)
        .env("DEMO_KEY", key)
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let text = String::from_utf8(output.stdout).expect("text");
    if text.is_empty() || text.ends_with('\n') {
        text
    } else {
        text + "\n"
    }
}

#[test]
fn outputs_are_put_under_their_commands() {
    let page = "a\n```console\n$ one\nold\n$ two\n```\n$ three\n```yaml\n$ four\n```\n";
    let actual = rewrite(page, |command| format!("<{command}>\n"));
    assert_eq!(
        actual,
        "a\n```console\n$ one\n<one>\n$ two\n<two>\n```\n$ three\n```yaml\n$ four\n```\n"
    );
}
