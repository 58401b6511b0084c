//! Pages of documentation that are tried out: the files that a page shows are written, its commands are run against a
//! demo service of its own, and what they print must be what the page says.
//!
//! What a fenced block is stands behind its opening fence:
//!
//! - `console`: lines that begin with `$` are run, the lines after each are what it prints;
//! - `yaml write FILE` and `yaml append FILE`: what a reader saves, in the order of the page; `yaml part FILE` repeats lines of it;
//! - everything else is shown and not run.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use toolrun_demo::{Demo, Options, serve};

use super::golden;

/// The address that pages and their manifests name.
const WRITTEN: &str = "127.0.0.1:8787";

/// A demo service, and a folder that commands are run in.
pub(crate) struct Reader {
    demo: Demo,
    address: String,
    place: tempfile::TempDir,
    // The service runs as long as this does.
    _runtime: tokio::runtime::Runtime,
}

impl Reader {
    /// Starts the service of one page.
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let demo: Demo = runtime
            .block_on(serve(Options::default()))
            .expect("the demo service");
        Self {
            address: demo.base_url.trim_start_matches("http://").to_owned(),
            demo,
            place: tempfile::tempdir().expect("a folder"),
            _runtime: runtime,
        }
    }

    /// The folder.
    pub(crate) fn place(&self) -> &Path {
        self.place.path()
    }

    /// A text with the address of this service in place of the written one.
    pub(crate) fn here(&self, text: &str) -> String {
        text.replace(WRITTEN, &self.address)
    }

    /// Does what a page says, from its top to its end. The complaint if the page is not what it should be.
    pub(crate) fn read(&self, page: &Path) -> Option<String> {
        let text = fs::read_to_string(page).expect("a page");
        let mut wrong = Vec::new();
        let actual = rewrite(&text, |step| match step {
            Step::Run(command) => self.run(command),
            Step::Save(how, file, lines) => {
                wrong.extend(self.save(how, file, lines));
                String::new()
            }
        });
        if wrong.is_empty() {
            return golden::compare(page, &actual);
        }
        Some(format!("{}\n{}", page.display(), wrong.join("\n")))
    }

    /// What a shell shows of a command: both streams, without a terminal. Ids that are made anew are left out.
    fn run(&self, command: &str) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_toolrun"));
        let folder = binary.parent().expect("a folder");
        let search = format!(
            "{}:{}",
            folder.display(),
            std::env::var("PATH").unwrap_or_default()
        );
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("{{ {}\n}} 2>&1", self.here(command)))
            .current_dir(self.place())
            .env_clear()
            .env("PATH", search)
            .env("HOME", self.place())
            .env("DEMO_KEY", &self.demo.key)
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let text = String::from_utf8(output.stdout).expect("text");
        let end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        without_ids(&(text.replace(&self.address, WRITTEN) + end))
    }

    /// Saves what a block shows; a complaint when that is not what it claims to be.
    fn save(&self, how: &str, file: &str, lines: &str) -> Option<String> {
        let path = self.place().join(file);
        let before = fs::read_to_string(&path).unwrap_or_default();
        let shown = self.here(lines);
        match how {
            "write" => {
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(&path, shown).expect("a file");
            }
            "append" => {
                let mut open = fs::OpenOptions::new()
                    .append(true)
                    .open(&path)
                    .expect("a file of the page");
                open.write_all(shown.as_bytes()).expect("a file");
            }
            "part" => {
                return (!holds(&before, &shown)).then(|| format!("{file} has nowhere:\n{lines}"));
            }
            other => return Some(format!("a block cannot `{other}` {file}")),
        }
        self.unclean(&path)
    }

    /// What `check` says of a manifest that is not clean.
    fn unclean(&self, path: &Path) -> Option<String> {
        let text = fs::read_to_string(path).expect("a file");
        if !is_manifest(&text) {
            return None;
        }
        let output = Command::new(env!("CARGO_BIN_EXE_toolrun"))
            .args(["check", "--deny", "warnings"])
            .arg(path)
            .env("HOME", self.place())
            .output()
            .expect("the binary starts");
        (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Whether a text is a whole manifest.
pub(crate) fn is_manifest(text: &str) -> bool {
    text.lines().any(|line| line == "toolrun: 1")
}

/// Whether lines stand in a text one below the other, however far they are moved in.
fn holds(text: &str, lines: &str) -> bool {
    let trimmed = |text: &str| -> Vec<String> { text.lines().map(|line| line.trim().to_owned()).collect() };
    let (text, lines) = (trimmed(text), trimmed(lines));
    !lines.is_empty() && text.windows(lines.len()).any(|window| window == lines)
}

/// What a page asks its reader to do.
enum Step<'p> {
    /// A command.
    Run(&'p str),
    /// How, which file, and its text.
    Save(&'p str, &'p str, &'p str),
}

/// The page with what each command printed below it.
fn rewrite<'p>(page: &'p str, mut act: impl FnMut(Step<'p>) -> String) -> String {
    let mut written = String::new();
    // The words after the fence of the block that is open, and where its text begins.
    let mut open: Option<(Vec<&str>, usize)> = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let bare = line.trim_end();
        let console = open.as_ref().is_some_and(|(words, _)| words == &["console"]);
        if let Some(words) = bare.strip_prefix("```") {
            if let Some((words, start)) = open.take() {
                if let ["yaml", how, file] = words[..] {
                    act(Step::Save(how, file, &page[start..at]));
                }
            } else {
                open = Some((words.split(' ').collect(), at + line.len()));
            }
            written.push_str(line);
        } else if console {
            if let Some(command) = bare.strip_prefix("$ ") {
                written.push_str(line);
                written.push_str(&act(Step::Run(command)));
            }
        } else {
            written.push_str(line);
        }
        at += line.len();
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

#[test]
fn outputs_are_put_under_their_commands() {
    let page = "a\n```console\n$ one\nold\n$ two\n```\n$ three\n```yaml\n$ four\n```\n";
    let actual = rewrite(page, |step| match step {
        Step::Run(command) => format!("<{command}>\n"),
        Step::Save(..) => panic!("nothing is saved"),
    });
    assert_eq!(
        actual,
        "a\n```console\n$ one\n<one>\n$ two\n<two>\n```\n$ three\n```yaml\n$ four\n```\n"
    );
}

#[test]
fn files_are_saved_in_the_order_of_the_page() {
    let page = "```yaml write a.yaml\nx: 1\n```\n```yaml part a.yaml\nx: 1\n```\n```sh\nls\n```\n";
    let mut saved = Vec::new();
    let actual = rewrite(page, |step| {
        match step {
            Step::Save(how, file, text) => saved.push(format!("{how} {file} {text}")),
            Step::Run(command) => panic!("{command}"),
        }
        String::new()
    });
    assert_eq!(actual, page);
    assert_eq!(saved, ["write a.yaml x: 1\n", "part a.yaml x: 1\n"]);
}

#[test]
fn parts_are_lines_that_stand_together() {
    let text = "a:\n  b: 1\n  c: 2\n";
    for (lines, found) in [
        ("b: 1\nc: 2\n", true),
        ("    c: 2\n", true),
        ("a:\nc: 2\n", false),
        ("", false),
    ] {
        assert_eq!(holds(text, lines), found, "{lines}");
    }
}
