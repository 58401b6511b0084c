//! A loopback HTTP/1.1 server that keeps the raw bytes of every request and
//! answers what a function says. One request a connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::sweep;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// The method.
    pub(crate) method: String,
    /// Path and query as sent.
    pub(crate) target: String,
    /// Header lines as sent.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
    /// Everything, byte for byte.
    pub(crate) raw: Vec<u8>,
}

impl Recorded {
    /// The values of a header, whatever its case.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let named = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    /// Written in these pieces.
    pieces: Vec<String>,
    wait: Duration,
}

impl Reply {
    /// An answer in JSON.
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::of(status, "application/json", body)
    }

    /// An answer of a media type.
    pub(crate) fn of(status: u16, media_type: &str, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), media_type.to_owned())],
            pieces: vec![body.to_owned()],
            wait: Duration::ZERO,
        }
    }

    /// An event stream, written piece by piece.
    pub(crate) fn events(pieces: Vec<String>) -> Self {
        Self {
            pieces,
            ..Self::of(200, "text/event-stream", "")
        }
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// After a while.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }
}

/// A running server; it ends with the test's process.
#[derive(Clone)]
pub(crate) struct HttpServer {
    address: String,
    recorded: Arc<Mutex<Vec<Recorded>>>,
    connections: Arc<Mutex<usize>>,
}

impl HttpServer {
    /// Starts one that answers as the function says; it is given the request
    /// and how many came before.
    pub(crate) fn start(answer: impl Fn(&Recorded, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1", answer)
    }

    /// Starts one at another address of loopback.
    pub(crate) fn start_at(
        ip: &str,
        answer: impl Fn(&Recorded, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (recorded, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (counted, server) = (
            Arc::clone(&connections),
            Self {
                address,
                recorded: Arc::clone(&recorded),
                connections,
            },
        );
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *counted.lock().expect("no thread panicked") += 1;
                let (recorded, answer) = (Arc::clone(&recorded), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &recorded, &*answer));
            }
        });
        server
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> &str {
        &self.address
    }

    /// How many connections were made, whether anything was sent or not.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("no thread panicked")
    }

    /// Everything that came so far.
    pub(crate) fn recorded(&self) -> Vec<Recorded> {
        self.recorded.lock().expect("no thread panicked").clone()
    }

    /// Waits until so many requests have come.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) {
        for _ in 0..3000 {
            if self.recorded().len() >= count {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("only {} of {count} requests came", self.recorded().len());
    }
}

fn serve(
    mut stream: TcpStream,
    recorded: &Mutex<Vec<Recorded>>,
    answer: &(dyn Fn(&Recorded, usize) -> Reply + Send + Sync),
) {
    let Some(request) = read(&mut stream) else { return };
    sweep::arrived(&request.raw);
    let before = {
        let mut recorded = recorded.lock().expect("no thread panicked");
        recorded.push(request.clone());
        recorded.len() - 1
    };
    let reply = answer(&request, before);
    thread::sleep(reply.wait);
    // The client may have gone away: that is its right.
    let _ = write(&mut stream, &reply);
}

fn read(stream: &mut TcpStream) -> Option<Recorded> {
    let mut raw = Vec::new();
    let mut buffer = [0; 8192];
    let end = loop {
        if let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut buffer) {
            Ok(1..) if raw.len() > 1 << 20 => return None,
            Ok(0) | Err(_) => return None,
            Ok(read) => raw.extend_from_slice(&buffer[..read]),
        }
    };
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    while raw.len() < end + 4 + length {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => raw.extend_from_slice(&buffer[..read]),
        }
    }
    let body = String::from_utf8_lossy(&raw[end + 4..]).into_owned();
    Some(Recorded {
        method,
        target,
        headers,
        body,
        raw,
    })
}

fn write(stream: &mut TcpStream, reply: &Reply) -> std::io::Result<()> {
    let length: usize = reply.pieces.iter().map(String::len).sum();
    let mut head = format!("HTTP/1.1 {} Status\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.status != 204 {
        head.push_str(&format!("content-length: {length}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    for piece in &reply.pieces {
        stream.write_all(piece.as_bytes())?;
        stream.flush()?;
    }
    Ok(())
}
