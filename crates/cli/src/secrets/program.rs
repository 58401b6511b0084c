//! Secrets that a program prints: `{ command: [pass, show, erp] }`.
//!
//! The program is started as written, without a shell, in the folder of the
//! manifest that names it. It gets no input, a bounded time and an environment
//! without the keys that toolrun knows of. What it prints is the secret and is
//! shown nowhere, not even when it fails.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use toolrun_manifest::{SecretDecl, SecretOrigin};
use toolrun_model::PROVIDERS;
use toolrun_runner::Stop;

use super::{MOST_BYTES, one_value, unreadable};
use crate::words::shell_words;

/// Longest wait for a program where nobody can be asked: less than a call has by
/// default, so that the program is named and not the server.
const ALONE: Duration = Duration::from_secs(25);

/// Longest wait where a person may have to unlock a store.
const ATTENDED: Duration = Duration::from_secs(120);

/// How long output may still come after the program has ended: something that
/// it left behind may hold the pipe for ever.
const AFTER: Duration = Duration::from_secs(1);

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// What a program is told and how it is bounded.
pub(super) struct Terms<'a> {
    /// Variables that it does not get.
    pub(super) withheld: &'a [String],
    /// Ends it early.
    pub(super) stop: &'a Stop,
}

/// The variables that hold keys which toolrun knows of: those that the
/// manifest declares, and those of the providers of models.
pub(super) fn withheld(declared: &[SecretDecl]) -> Vec<String> {
    let of_manifest = declared.iter().filter_map(|secret| match &secret.origin {
        SecretOrigin::Env(variable) => Some(variable.clone()),
        _ => None,
    });
    let of_providers = PROVIDERS.iter().filter_map(|row| row.key).map(str::to_owned);
    of_manifest.chain(of_providers).collect()
}

/// Runs the program and gives what it prints.
pub(super) fn output(argv: &[String], folder: &Path, terms: &Terms<'_>) -> Result<String, String> {
    let shown = shell_words(argv);
    let program = find(argv.first().map_or("", String::as_str), folder)?;
    let attended = io::stderr().is_terminal();
    let mut command = Command::new(program);
    command
        .args(argv.iter().skip(1))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    for name in terms.withheld {
        command.env_remove(name);
    }
    if attended {
        // Whoever unlocks a store must see what it asks, and a program may
        // only read from the terminal while it belongs to our group.
        command.stderr(Stdio::inherit());
    } else {
        command.stderr(Stdio::null()).process_group(0);
    }
    let longest = if attended { ATTENDED } else { ALONE };
    let mut running = Running::start(command, attended).map_err(|error| unreadable(&shown, &error))?;
    let ended = running.wait(longest, terms.stop);
    drop(running);
    let (status, bytes) = ended.map_err(|why| why.told(&shown, longest))?;
    if !status.success() {
        return Err(failed(&shown, status));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("what `{shown}` printed is not UTF-8 text"))?;
    one_value(&text)
        .map(str::to_owned)
        .ok_or_else(|| format!("`{shown}` printed nothing"))
}

/// Ends every program that still runs: before the process itself ends.
pub(crate) fn end_all() {
    let all = started().take();
    all.into_iter().flatten().for_each(|(_, one)| one.kill());
}

/// How a program is ended: with all that it started where it has a group of
/// its own.
struct Started {
    child: Child,
    own_group: bool,
}

impl Started {
    fn kill(mut self) {
        // A number is free for others only once it was waited for.
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let (true, Some(group)) = (self.own_group, group) {
            let _gone = kill_process_group(group, Signal::KILL);
        }
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Every program that runs, by its number, until the process ends: its end must
/// reach them, from whichever thread it comes, and none may start after it.
static STARTED: Mutex<Option<BTreeMap<u32, Started>>> = Mutex::new(Some(BTreeMap::new()));

fn started() -> MutexGuard<'static, Option<BTreeMap<u32, Started>>> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One running program; dropped, it is ended.
struct Running {
    number: u32,
    printed: Receiver<Vec<u8>>,
}

/// Why there is no output.
enum NoOutput {
    TooLong,
    TooMuch,
    Stopped,
    Lost(io::Error),
}

impl Running {
    fn start(mut command: Command, attended: bool) -> io::Result<Self> {
        let mut all = started();
        let all_that_run = all.as_mut().ok_or(io::ErrorKind::Interrupted)?;
        let mut child = command.spawn()?;
        let number = child.id();
        let out = child.stdout.take();
        let own_group = !attended;
        all_that_run.insert(number, Started { child, own_group });
        drop(all);
        let (send, printed) = channel();
        thread::spawn(move || {
            let Some(mut out) = out else { return };
            while let Some(chunk) = chunk_of(&mut out) {
                if send.send(chunk).is_err() {
                    return;
                }
            }
        });
        Ok(Self { number, printed })
    }

    fn wait(&mut self, longest: Duration, stop: &Stop) -> Result<(ExitStatus, Vec<u8>), NoOutput> {
        let began = Instant::now();
        let (mut bytes, mut open, mut ended) = (Vec::new(), true, None);
        loop {
            match self.printed.recv_timeout(LOOK) {
                Ok(chunk) => bytes.extend(chunk),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    if open {
                        open = false;
                    } else {
                        thread::sleep(LOOK);
                    }
                }
            }
            if bytes.len() as u64 > MOST_BYTES {
                return Err(NoOutput::TooMuch);
            }
            if stop.is_stopped() {
                return Err(NoOutput::Stopped);
            }
            if ended.is_none() {
                ended = self.status()?.map(|status| (status, Instant::now()));
            }
            match ended {
                Some((status, at)) if !open || at.elapsed() > AFTER => return Ok((status, bytes)),
                None if began.elapsed() > longest => return Err(NoOutput::TooLong),
                _ => {}
            }
        }
    }

    fn status(&self) -> Result<Option<ExitStatus>, NoOutput> {
        let mut all = started();
        // It may have been ended from elsewhere.
        let started = all.as_mut().ok_or(NoOutput::Stopped)?;
        let running = started.get_mut(&self.number).ok_or(NoOutput::Stopped)?;
        let status = running.child.try_wait().map_err(NoOutput::Lost)?;
        if status.is_some() {
            // From now on the number may be another's. What the program left
            // behind, such as an agent that keeps a store open, may stay.
            started.remove(&self.number);
        }
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let running = started().as_mut().and_then(|all| all.remove(&self.number));
        if let Some(running) = running {
            running.kill();
        }
    }
}

impl NoOutput {
    fn told(self, shown: &str, longest: Duration) -> String {
        match self {
            Self::TooLong => format!(
                "`{shown}` did not end within {} s; if it waits for a store to be unlocked, unlock it before",
                longest.as_secs()
            ),
            Self::TooMuch => format!("`{shown}` printed more than {} KiB", MOST_BYTES >> 10),
            Self::Stopped => "interrupted".to_owned(),
            Self::Lost(error) => unreadable(shown, &error),
        }
    }
}

fn chunk_of(out: &mut ChildStdout) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 4096];
    let length = out.read(&mut buffer).ok().filter(|length| *length > 0)?;
    buffer.truncate(length);
    Some(buffer)
}

fn failed(shown: &str, status: ExitStatus) -> String {
    let how = match status.code() {
        Some(code) => format!("ended with {code}"),
        None => "was ended by a signal".to_owned(),
    };
    format!("`{shown}` {how}; run it yourself to see why: what it prints is not shown here")
}

/// Where the program lies: a name is looked up in the absolute folders of
/// `PATH`, anything with a slash starts from the manifest's folder.
fn find(name: &str, folder: &Path) -> Result<PathBuf, String> {
    if name.contains('/') {
        // Absolute, since the program starts in another folder than ours.
        let path = std::path::absolute(folder.join(name)).map_err(|error| unreadable(name, &error))?;
        return match path.metadata() {
            Ok(_) if runs(&path) => Ok(path),
            Ok(_) => Err(format!("`{name}` is not a program; `chmod +x` makes it one")),
            Err(error) => Err(unreadable(name, &error)),
        };
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| runs(path))
        .ok_or_else(|| format!("there is no program `{name}` in PATH; install it, or name it by its path"))
}

/// Whether a path is a file that somebody may run.
fn runs(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(argv: &[&str]) -> Result<String, String> {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let terms = Terms {
            withheld: &["PATH_OF_NOBODY".to_owned()],
            stop: &Stop::default(),
        };
        output(&argv, Path::new("."), &terms)
    }

    #[test]
    fn words_are_handed_over_as_written() {
        assert_eq!(
            printed(&["printf", "%s|", "a b", "$HOME", "*"]).as_deref(),
            Ok("a b|$HOME|*|")
        );
        assert_eq!(printed(&["printf", "s3cret\\r\\n"]).as_deref(), Ok("s3cret"));
        assert_eq!(printed(&["printf", "one\\n\\n"]).as_deref(), Ok("one\n"));
    }

    #[test]
    fn failures_name_the_program_and_show_nothing_of_its_output() {
        for (argv, part) in [
            (&["sh", "-c", "echo s3cret; exit 3"][..], "ended with 3"),
            (&["sh", "-c", "echo s3cret; kill -9 $$"], "ended by a signal"),
            (&["sh", "-c", "printf 's3cret\\377'"], "not UTF-8"),
            (&["printf", "\\n"], "printed nothing"),
            (
                &["no-such-program-here"],
                "no program `no-such-program-here` in PATH",
            ),
            (&["./no-such-program-here"], "there is no such file"),
            (&["./Cargo.toml"], "is not a program"),
            (&["sh", "-c", "yes s3cret"], "more than 64 KiB"),
        ] {
            let why = printed(argv).expect_err("no value");
            assert!(why.contains(part), "{argv:?}: {why}");
            let command = shell_words(&argv.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
            assert!(!why.replace(&command, "").contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn what_a_program_leaves_behind_does_not_hold_us_up() {
        let began = Instant::now();
        assert_eq!(
            printed(&["sh", "-c", "sleep 600 & echo s3cret"]).as_deref(),
            Ok("s3cret")
        );
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_stop_ends_the_program() {
        let stop = Stop::default();
        stop.stop();
        let terms = Terms {
            withheld: &[],
            stop: &stop,
        };
        let argv = ["sleep".to_owned(), "600".to_owned()];
        assert_eq!(
            output(&argv, Path::new("."), &terms),
            Err("interrupted".to_owned())
        );
    }
}
