//! Ctrl-C: the first asks the run to stop, the second ends the process.

use std::process;

use toolrun_runner::Stop;

use crate::console::Console;
use crate::exit::Exit;
use crate::render::progress::Progress;

/// Starts to listen. Must be called inside the runtime.
pub(crate) fn watch(stop: Stop, console: &Console, progress: &Progress) {
    let (console, progress) = (console.clone(), progress.clone());
    tokio::spawn(async move {
        if !signalled().await {
            return;
        }
        stop.stop();
        progress.hide();
        console.note("stopping: writes in flight get up to 5 s; again to stop at once");
        signalled().await;
        process::exit(Exit::Interrupted.code().into());
    });
}

/// Waits for the first interruption.
pub(crate) async fn once() {
    if !signalled().await {
        std::future::pending::<()>().await;
    }
}

/// Waits for SIGINT or SIGTERM; false when neither can be heard.
async fn signalled() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return false;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    true
}
