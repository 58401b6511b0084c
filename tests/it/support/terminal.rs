//! A terminal of the tests' own: the binary on one end, typed and read from
//! the other.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use super::program::{Program, signal};
use super::sweep;

/// Longest wait for something that must come.
const LONGEST: Duration = Duration::from_secs(60);

/// The program on its terminal.
pub(crate) struct AtTerminal {
    child: Child,
    keyboard: File,
    screen: Arc<Screen>,
    reader: Option<JoinHandle<()>>,
    /// Keeps the run's folder.
    program: Program,
}

/// What was written to the terminal so far.
#[derive(Default)]
struct Screen {
    text: Mutex<String>,
    grown: Condvar,
}

/// Whether somebody looks at the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// What is written is read at once.
    Eager,
    /// Nothing is read: whoever writes much comes to a stand.
    Never,
}

/// How a terminal hands out what is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Line by line.
    Lines,
    /// As it comes, several lines at once.
    Raw,
}

impl AtTerminal {
    /// Starts the program with all three streams on a terminal, on which so
    /// much was typed before.
    pub(crate) fn start(program: Program, typed_ahead: &str, reading: Reading) -> Self {
        Self::start_in(program, typed_ahead, reading, Mode::Lines, 100)
    }

    /// The same on a terminal in that mode and of so many columns.
    pub(crate) fn start_in(
        program: Program,
        typed_ahead: &str,
        reading: Reading,
        mode: Mode,
        columns: u16,
    ) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("a terminal");
        unlockpt(&master).expect("a terminal");
        let size = Winsize {
            ws_row: 40,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).expect("a size");
        let name = ptsname(&master, Vec::new())
            .expect("a name")
            .into_string()
            .expect("UTF-8");
        let slave = File::options()
            .read(true)
            .write(true)
            .open(name)
            .expect("its other end");
        if mode == Mode::Raw {
            let mut attributes = tcgetattr(&slave).expect("attributes");
            attributes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            tcsetattr(&slave, OptionalActions::Now, &attributes).expect("attributes");
        }
        let mut keyboard = File::from(master);
        keyboard.write_all(typed_ahead.as_bytes()).expect("typed");
        let stream = || Stdio::from(OwnedFd::from(slave.try_clone().expect("a stream")));
        let mut command = program.command();
        let child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn();
        let child = child.expect("the binary starts");
        drop((command, slave));
        let screen = Arc::new(Screen::default());
        let reader = (reading == Reading::Eager).then(|| {
            let (from, screen) = (keyboard.try_clone().expect("a stream"), Arc::clone(&screen));
            thread::spawn(move || screen.watch(from))
        });
        Self {
            child,
            keyboard,
            screen,
            reader,
            program,
        }
    }

    /// Waits until the screen has that.
    #[track_caller]
    pub(crate) fn sees(&self, part: &str) -> &Self {
        self.sees_times(part, 1)
    }

    /// Waits until the screen has that so many times.
    #[track_caller]
    pub(crate) fn sees_times(&self, part: &str, times: usize) -> &Self {
        assert!(
            self.screen.wait_for(part, times),
            "no `{part}` on:\n{}",
            self.screen.read()
        );
        self
    }

    /// Types something.
    pub(crate) fn types(&self, text: &str) -> &Self {
        (&self.keyboard).write_all(text.as_bytes()).expect("typed");
        self
    }

    /// Interrupts it again and again: the exit code, unless a signal ended it,
    /// and all that was on the screen.
    pub(crate) fn interrupted_until_it_ends(mut self) -> (Option<i32>, String) {
        let began = Instant::now();
        while self.child.try_wait().expect("a status").is_none() {
            assert!(began.elapsed() < LONGEST, "it does not end");
            signal("INT", self.child.id());
            thread::sleep(Duration::from_millis(50));
        }
        self.ends()
    }

    /// Interrupts it once.
    pub(crate) fn interrupted_once(&self) -> &Self {
        signal("INT", self.child.id());
        self
    }

    /// Waits for the end: the exit code, unless a signal ended it, and all
    /// that was on the screen.
    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                break status;
            }
            assert!(
                began.elapsed() < LONGEST,
                "it does not end:\n{}",
                self.screen.read()
            );
            thread::sleep(Duration::from_millis(10));
        };
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader ends");
        }
        let seen = self.screen.read();
        sweep::nothing_in("the terminal", seen.as_bytes());
        self.program.nothing_left_behind();
        (status.code(), seen)
    }
}

impl Drop for AtTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Screen {
    /// Reads until the last stream is closed, which a terminal tells by an
    /// error.
    fn watch(&self, mut from: File) {
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            bytes.extend_from_slice(&chunk[..count]);
            *self.text.lock().expect("the screen") = String::from_utf8_lossy(&bytes).into_owned();
            self.grown.notify_all();
        }
    }

    fn wait_for(&self, part: &str, times: usize) -> bool {
        let there = |text: &str| text.matches(part).count() >= times;
        let text = self.text.lock().expect("the screen");
        let waited = self.grown.wait_timeout_while(text, LONGEST, |text| !there(text));
        waited.is_ok_and(|(text, _)| there(&text))
    }

    fn read(&self) -> String {
        self.text.lock().expect("the screen").clone()
    }
}
