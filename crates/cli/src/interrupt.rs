//! Ctrl-C: the first asks the run to stop, the second ends the process.
//!
//! The listener has a thread of its own, and that thread does nothing but
//! listen: a model that computes or a terminal that takes no more text can
//! hold up everything else, and not the second Ctrl-C.

use std::future::pending;
use std::io;
use std::process;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use toolrun_runner::Stop;

use crate::console::Console;
use crate::exit::Exit;
use crate::render::progress::Progress;
use crate::secrets;

/// Starts to listen. Where that cannot be done, a signal ends the process as
/// it always does.
pub(crate) fn watch(stop: Stop, console: &Console, progress: &Progress) {
    let Ok((runtime, mut signals)) = listener() else {
        return;
    };
    let (console, progress) = (console.clone(), progress.clone());
    // What cannot be started or is still waiting at the end needs no word.
    let _ = thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                signals.next().await;
                stop.stop();
                let _ = thread::Builder::new().spawn(move || tell(&console, &progress));
                signals.next().await;
                secrets::end_all();
                process::exit(Exit::Interrupted.code().into());
            });
        });
}

/// On one more thread, since it may have to wait for the terminal.
fn tell(console: &Console, progress: &Progress) {
    let writes = progress.writes_in_flight();
    progress.hide();
    console.note(match writes {
        0 => "stopping; again to stop at once",
        _ => "stopping: what is being written gets up to 5 s; again to stop at once",
    });
}

/// Waits for the first interruption, on the caller's runtime.
pub(crate) async fn once() {
    match Signals::new() {
        Ok(mut signals) => signals.next().await,
        Err(_) => pending().await,
    }
}

/// A small runtime, and the signals heard on it from now on.
fn listener() -> io::Result<(Runtime, Signals)> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let entered = runtime.enter();
    let signals = Signals::new()?;
    drop(entered);
    Ok((runtime, signals))
}

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
