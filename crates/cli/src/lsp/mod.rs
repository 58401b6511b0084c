//! `toolrun lsp`: the language server, on stdin and stdout. It tells an editor what `check` would say, what can
//! stand at a place and what a word means. It reads manifests and what they include; no secret, no network,
//! no program.
//!
//! What a manifest's text means is the manifest crate's knowledge; here are the protocol and the documents.

mod actions;
mod check;
mod completion;
mod diagnostics;
mod documents;
mod framing;
mod hover;
mod message;
mod position;
mod server;
mod uri;

use std::io::{self, BufReader};
use std::sync::mpsc;
use std::thread;

use crate::exit::{Exit, Failure, Kind};
use framing::Frame;
use server::{Next, Server};

/// Serves one editor until it says goodbye or goes away.
pub(crate) fn run() -> Result<Exit, Failure> {
    let (sender, frames) = mpsc::channel();
    // Ends with the process: a read of stdin cannot be called off.
    thread::spawn(move || {
        let mut input = BufReader::new(io::stdin().lock());
        loop {
            let frame = framing::read(&mut input);
            let last = matches!(frame, Frame::End);
            if sender.send(frame).is_err() || last {
                return;
            }
        }
    });
    let mut server = Server::new(io::stdout().lock());
    serve(&mut server, &frames).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(Kind::ClosedPipe, "the editor went away"),
        _ => Failure::new(Kind::Output, format!("cannot write to the editor: {error}")),
    })
}

/// Takes everything that has come before it looks at texts again: while somebody types, only the last of them
/// counts.
fn serve(server: &mut Server<impl io::Write>, frames: &mpsc::Receiver<Frame>) -> io::Result<Exit> {
    loop {
        let frame = match frames.try_recv() {
            Ok(frame) => frame,
            Err(_) => {
                server.settle()?;
                frames.recv().unwrap_or(Frame::End)
            }
        };
        if let Next::Leave(exit) = server.take(frame)? {
            return Ok(exit);
        }
    }
}
