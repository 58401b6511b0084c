//! The binary as a sentence: `toolrun("check").file("a.yaml", text).run()`,
//! in a folder and an environment of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::sweep;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_toolrun");

/// One run of the binary, being described.
pub(crate) struct Program {
    folder: TempDir,
    written: Vec<PathBuf>,
    /// Further folders that are searched for keys afterwards.
    swept: Vec<PathBuf>,
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Option<String>,
    working_folder: Option<PathBuf>,
}

/// Starts to describe a run; words are separated by blanks.
pub(crate) fn toolrun(args: &str) -> Program {
    Program {
        folder: with_home(),
        written: Vec::new(),
        swept: Vec::new(),
        args: args.split_whitespace().map(str::to_owned).collect(),
        env: Vec::new(),
        stdin: None,
        working_folder: None,
    }
}

/// A folder with a home in it: what lies in a home belongs to no manifest.
fn with_home() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("home")).expect("a home");
    folder
}

impl Program {
    /// Writes a file into the run's folder.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        self.written.push(path);
        self
    }

    /// One more argument, blanks and all.
    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// An environment variable; there are no others but `PATH` and `HOME`.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What stdin holds; empty otherwise.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = Some(text.to_owned());
        self
    }

    /// Runs in a folder of the project instead of the run's own.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.working_folder = Some(folder.to_owned());
        self
    }

    /// Searches a further folder for keys afterwards, but for what the test
    /// wrote there itself.
    pub(crate) fn sweeping(mut self, folder: &Path, written: &[PathBuf]) -> Self {
        self.swept.push(folder.to_owned());
        self.written.extend_from_slice(written);
        self
    }

    /// The run's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The command, ready to be started.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(&self.args)
            .current_dir(self.working_folder.as_deref().unwrap_or(self.folder.path()))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path().join("home"))
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it.
    pub(crate) fn spawn(&self) -> Child {
        let mut child = self.command().spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // The program may end without reading all of it.
        let _ = stdin.write_all(self.stdin.as_deref().unwrap_or_default().as_bytes());
        child
    }

    /// Runs it to its end. Whatever it wrote is searched for every key that
    /// the suite plants.
    #[track_caller]
    pub(crate) fn run(self) -> Ended {
        let output = self.spawn().wait_with_output().expect("the binary ends");
        let stdout = String::from_utf8(output.stdout).expect("stdout is UTF-8");
        let stderr = String::from_utf8(output.stderr).expect("stderr is UTF-8");
        self.ended(output.status.code(), stdout, stderr)
    }

    /// What came of it, with its folder, after the search.
    #[track_caller]
    pub(crate) fn ended(self, code: Option<i32>, stdout: String, stderr: String) -> Ended {
        sweep::nothing_in("stdout", stdout.as_bytes());
        sweep::nothing_in("stderr", stderr.as_bytes());
        self.nothing_left_behind();
        Ended {
            code,
            stdout,
            stderr,
            folder: self.folder,
        }
    }
}

impl Program {
    /// Fails if a key is in a file that the run wrote, or went astray.
    #[track_caller]
    pub(crate) fn nothing_left_behind(&self) {
        for folder in self
            .swept
            .iter()
            .map(PathBuf::as_path)
            .chain([self.folder.path()])
        {
            sweep::nothing_below(folder, &self.written);
        }
    }
}

/// Sends a signal by its name.
pub(crate) fn signal(name: &str, process: u32) {
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(process.to_string())
        .status();
    assert!(status.expect("kill runs").success());
}

/// What came of a run.
pub(crate) struct Ended {
    /// The exit code, unless a signal ended it.
    pub(crate) code: Option<i32>,
    /// All of stdout.
    pub(crate) stdout: String,
    /// All of stderr.
    pub(crate) stderr: String,
    folder: TempDir,
}

impl Ended {
    /// Ended with that code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Stdout is exactly that.
    #[track_caller]
    pub(crate) fn prints(self, expected: &str) -> Self {
        assert_eq!(self.stdout, expected, "stderr:\n{}", self.stderr);
        self
    }

    /// Stdout has that part.
    #[track_caller]
    pub(crate) fn stdout_has(self, part: &str) -> Self {
        assert!(
            self.stdout.contains(part),
            "no `{part}` in stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Stderr has that part.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(
            self.stderr.contains(part),
            "no `{part}` in stderr:\n{}",
            self.stderr
        );
        self
    }

    /// Neither stream has that part.
    #[track_caller]
    pub(crate) fn hides(self, part: &str) -> Self {
        assert!(
            !self.stdout.contains(part),
            "`{part}` in stdout:\n{}",
            self.stdout
        );
        assert!(
            !self.stderr.contains(part),
            "`{part}` in stderr:\n{}",
            self.stderr
        );
        self
    }

    /// Stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "stdout is not JSON: {error}\n{}\nstderr:\n{}",
                self.stdout, self.stderr
            )
        })
    }

    /// A file of the run's folder.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Where a file of the run's folder lies.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
