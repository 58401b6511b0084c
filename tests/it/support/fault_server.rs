//! A loopback server that speaks HTTP as badly as it is told, and keeps the raw
//! bytes of what it was sent. A fault is data: a list of parts.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// One thing that the server does in answer to a request.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Writes bytes.
    Bytes(Vec<u8>),
    /// Writes bytes one by one, with so much time between them.
    Drip(Vec<u8>, Duration),
    /// Writes the same bytes until the other side is gone, with so much time between.
    Forever(Vec<u8>, Duration),
    /// Writes nothing more and keeps the connection until the other side is gone.
    Hold,
}

/// Text as a part.
pub(crate) fn text(text: impl Into<String>) -> Part {
    Part::Bytes(text.into().into_bytes())
}

/// A head without an end to its headers: `status` and header lines.
pub(crate) fn head(status: &str, headers: &[&str]) -> String {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{lines}")
}

/// A whole answer of the right length.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<Part> {
    let head = head(status, headers);
    let length = body.len();
    let head = format!("{head}Connection: close\r\nContent-Length: {length}\r\n\r\n");
    vec![text(head), Part::Bytes(body.to_vec())]
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Every byte.
    pub(crate) raw: Vec<u8>,
}

impl Received {
    /// The bytes as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// `METHOD target`.
    pub(crate) fn line(&self) -> String {
        let text = self.text();
        let line = text.lines().next().unwrap_or_default();
        line.trim_end_matches(" HTTP/1.1").to_owned()
    }

    /// The names of its headers in lower case, sorted.
    pub(crate) fn header_names(&self) -> Vec<String> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let names = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut names: Vec<String> = names.map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    }
}

#[derive(Debug, Default)]
struct Log {
    open: usize,
    connections: usize,
    requests: Vec<Received>,
}

type Script = dyn Fn(&Received, usize) -> Vec<Part> + Send + Sync;

/// A running server; it ends with the test's process.
#[derive(Clone)]
pub(crate) struct FaultServer {
    address: SocketAddr,
    log: Arc<Mutex<Log>>,
}

impl FaultServer {
    /// Starts one on a port of its own; the script is given the request and
    /// how many came before.
    pub(crate) fn start(script: impl Fn(&Received, usize) -> Vec<Part> + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1", script)
    }

    /// The same at another loopback address.
    pub(crate) fn at(
        address: &str,
        script: impl Fn(&Received, usize) -> Vec<Part> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a free port");
        let server = Self {
            address: listener.local_addr().expect("an address"),
            log: Arc::default(),
        };
        let (log, script): (_, Arc<Script>) = (Arc::clone(&server.log), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                thread::spawn(move || connection(stream, &log, &*script));
            }
        });
        server
    }

    /// Answers every request with the same parts.
    pub(crate) fn always(parts: Vec<Part>) -> Self {
        Self::start(move |_, _| parts.clone())
    }

    /// `http://ADDRESS:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.log.lock().expect("no thread panicked").requests.clone()
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.log.lock().expect("no thread panicked").connections
    }

    /// Waits until no connection is open any more.
    #[track_caller]
    pub(crate) fn is_left_alone(&self) {
        let open = || self.log.lock().expect("no thread panicked").open;
        for _ in 0..1000 {
            if open() == 0 {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} connections are still open", open());
    }
}

fn connection(mut stream: TcpStream, log: &Mutex<Log>, script: &Script) {
    {
        let mut log = log.lock().expect("no thread panicked");
        log.open += 1;
        log.connections += 1;
    }
    if let Some(request) = receive(&mut stream) {
        let before = {
            let mut log = log.lock().expect("no thread panicked");
            log.requests.push(request.clone());
            log.requests.len() - 1
        };
        // The other side may go away: that is its right.
        let _ = script(&request, before)
            .iter()
            .try_for_each(|part| act(&mut stream, part));
    }
    log.lock().expect("no thread panicked").open -= 1;
}

fn act(stream: &mut TcpStream, part: &Part) -> std::io::Result<()> {
    match part {
        Part::Bytes(bytes) => stream.write_all(bytes),
        Part::Drip(bytes, pause) => bytes.iter().try_for_each(|byte| {
            stream.write_all(&[*byte])?;
            thread::sleep(*pause);
            Ok(())
        }),
        Part::Forever(bytes, pause) => loop {
            stream.write_all(bytes)?;
            thread::sleep(*pause);
        },
        Part::Hold => loop {
            match stream.read(&mut [0; 1024]) {
                Ok(1..) => {}
                Ok(0) => return Err(ErrorKind::ConnectionReset.into()),
                Err(error) => return Err(error),
            }
        },
    }
}

fn receive(stream: &mut TcpStream) -> Option<Received> {
    let (mut raw, mut buffer) = (Vec::new(), [0; 8192]);
    loop {
        if let Some(end) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&raw[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap_or(0));
            if raw.len() >= end + 4 + length {
                return Some(Received { raw });
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => raw.extend_from_slice(&buffer[..count]),
        }
    }
}
