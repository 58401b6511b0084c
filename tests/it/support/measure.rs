//! A run of the binary with what it cost: the most memory it held and the
//! processor time it took. Linux tells both; elsewhere they are unknown, and
//! what would be asserted of them is skipped with a word.
//!
//! A cost means something only beside another of the same machine and build:
//! run a well-behaved case first and compare with [`Cost::within`].

use std::io::{Read, Write};
use std::process::{Child, ExitStatus};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::program::{Ended, Program};

/// One mebibyte.
pub(crate) const MIB: u64 = 1024 * 1024;

/// How often the memory is looked at: more often at first, as some runs are
/// short. The figure is the kernel's own high-water mark, so only growth in the
/// very last moment goes unseen.
const LOOK: Duration = Duration::from_millis(2);
const FIRST_LOOKS: Duration = Duration::from_micros(100);

/// What a run cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// The most resident memory, in bytes.
    pub(crate) peak: Option<u64>,
    /// Processor time of all its threads, in user and kernel.
    pub(crate) cpu: Option<Duration>,
    /// From start to end. To be printed or compared with generous bounds only.
    pub(crate) wall: Duration,
}

impl Program {
    /// Runs it to its end and tells what that cost. A child that is not done
    /// in time is killed, and the test fails with what it said until then.
    #[track_caller]
    pub(crate) fn measured(self, longest: Duration) -> (Ended, Cost) {
        let began = Instant::now();
        let mut child = self.spawn();
        let stdout = drained(child.stdout.take().expect("stdout is piped"));
        let stderr = drained(child.stderr.take().expect("stderr is piped"));
        let (status, peak, cpu) = watched(&mut child, began + longest);
        let wall = began.elapsed();
        let [stdout, stderr] = [stdout, stderr].map(|reader| reader.join().expect("the reader ends"));
        let Some(status) = status else {
            panic!("it did not end within {longest:?}\nstdout:\n{stdout}\nstderr:\n{stderr}");
        };
        let ended = self.ended(status.code(), stdout, stderr);
        (ended, Cost { peak, cpu, wall })
    }
}

impl Cost {
    /// Asserts that it is at most so much more than the baseline.
    #[track_caller]
    pub(crate) fn within(&self, baseline: &Self, memory: u64, cpu: Duration) -> &Self {
        match (self.peak, baseline.peak) {
            (Some(peak), Some(base)) => assert!(peak <= base + memory, "{}", self.over(baseline)),
            _ => unknown("memory"),
        }
        match (self.cpu, baseline.cpu) {
            (Some(own), Some(base)) => assert!(own <= base + cpu, "{}", self.over(baseline)),
            _ => unknown("processor time"),
        }
        self
    }

    /// `+3.2 MiB, +40 ms` over the baseline, for messages and tables.
    pub(crate) fn over(&self, baseline: &Self) -> String {
        let memory = match (self.peak, baseline.peak) {
            (Some(peak), Some(base)) => {
                format!("{:+.1} MiB", (peak as f64 - base as f64) / MIB as f64)
            }
            _ => "? MiB".to_owned(),
        };
        let cpu = match (self.cpu, baseline.cpu) {
            (Some(own), Some(base)) => format!("{:+.0} ms", (own.as_secs_f64() - base.as_secs_f64()) * 1e3),
            _ => "? ms".to_owned(),
        };
        format!("{memory}, {cpu}")
    }
}

/// Says what something cost over the baseline, as a row of a table, where
/// `TOOLRUN_FIGURES=1` asks for it.
pub(crate) fn figure(what: &str, cost: &Cost, baseline: &Cost) {
    if std::env::var_os("TOOLRUN_FIGURES").is_some_and(|value| value == "1") {
        let over = cost.over(baseline);
        let _ = writeln!(std::io::stderr(), "| {what} | {over} | {:.1?} |", cost.wall);
    }
}

fn unknown(what: &str) {
    // Nobody reads it where standard error is closed.
    let _ = writeln!(
        std::io::stderr(),
        "{what} is not measured on this system: not asserted"
    );
}

fn drained(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is still worth showing.
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Looks at the child until it has ended or the time is up; `None` for the
/// status then. A child that has ended but was not waited for still tells its
/// processor time, but no longer its memory.
fn watched(child: &mut Child, end: Instant) -> (Option<ExitStatus>, Option<u64>, Option<Duration>) {
    let (mut peak, mut cpu) = (None, None);
    for look in 0_u32.. {
        peak = proc::peak(child.id()).or(peak);
        cpu = proc::cpu(child.id()).or(cpu);
        if proc::has_ended(child.id()).unwrap_or(true)
            && let Some(status) = child.try_wait().expect("a status")
        {
            return (Some(status), peak, cpu);
        }
        if Instant::now() > end {
            child.kill().expect("it is ours");
            child.wait().expect("a status");
            return (None, peak, cpu);
        }
        thread::sleep(if look < 200 { FIRST_LOOKS } else { LOOK });
    }
    unreachable!("it looks until the end or until the time is up")
}

/// What `/proc` tells of a process; nothing where there is none.
mod proc {
    use std::time::Duration;

    /// The unit of times in `/proc` is the same on every Linux of today,
    /// whatever the kernel's own clock.
    const TICKS_PER_SECOND: u64 = 100;

    pub(super) fn peak(process: u32) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    }

    pub(super) fn cpu(process: u32) -> Option<Duration> {
        let fields = fields(process)?;
        // utime and stime, the 14th and 15th; the name and what is before it
        // are cut off.
        let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    }

    /// Whether it has ended and only waits to be waited for.
    pub(super) fn has_ended(process: u32) -> Option<bool> {
        Some(fields(process)?.first()? == "Z")
    }

    /// The fields of its line after the name, which may hold anything.
    fn fields(process: u32) -> Option<Vec<String>> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        Some(rest.split_whitespace().map(str::to_owned).collect())
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_is_measured() {
    use super::http_server::{HttpServer, Reply};
    use super::program::toolrun;

    let longest = Duration::from_secs(60);
    // A busy machine looks seldom, so both have to wait for their answers.
    let waiting = |size: usize| {
        let body = format!("[{}1]", "1,".repeat(size));
        let server = HttpServer::start(move |_, _| Reply::json(200, &body).after(Duration::from_millis(500)));
        let manifest =
            "toolrun: 1\ntools:\n  get_numbers:\n    description: Gives many numbers in a list.\n    url: ";
        let program =
            toolrun("call m.yaml get_numbers").file("m.yaml", &format!("{manifest}{}\n", server.url()));
        let (ended, cost) = program.measured(longest);
        ended.exits(0);
        cost
    };
    let (small, large) = (waiting(1), waiting(100_000));
    let (small_peak, large_peak) = (small.peak.expect("a figure"), large.peak.expect("a figure"));
    assert!(small_peak > MIB, "{small:?}");
    assert!(large_peak > small_peak + MIB, "{small:?} {large:?}");
    small.within(&small, 0, Duration::ZERO);
}

#[test]
#[should_panic(expected = "it did not end within")]
fn a_run_that_does_not_end_is_killed() {
    use super::program::toolrun;

    toolrun("demo --serve --port 0").measured(Duration::from_millis(300));
}
