//! A loopback server that does what it is told, down to single bytes, and
//! keeps what it was sent. It knows just enough of HTTP to tell requests apart.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// One thing that the server does in answer to a request.
#[derive(Clone)]
pub(crate) enum Part {
    /// Writes bytes.
    Bytes(Vec<u8>),
    /// Writes the same bytes until the other side is gone.
    Forever(Vec<u8>, Duration),
    /// Waits.
    Wait(Duration),
    /// Waits until something holds.
    Until(Arc<dyn Fn() -> bool + Send + Sync>),
    /// Closes the connection.
    Close,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) raw: Vec<u8>,
}

impl Received {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// `METHOD target`.
    pub(crate) fn line(&self) -> String {
        let text = self.text();
        let first = text.lines().next().unwrap_or_default();
        first.trim_end_matches(" HTTP/1.1").to_owned()
    }

    /// Every header in order, names in lower case.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        head.lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers()
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let start = head_end(&self.raw).unwrap_or(self.raw.len());
        self.raw[start..].to_vec()
    }
}

#[derive(Debug, Default)]
struct Log {
    connections: usize,
    written: usize,
    requests: Vec<Received>,
}

/// A server on a port of its own; it ends when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Log>>,
    task: JoinHandle<()>,
}

type Script = dyn Fn(usize, &Received) -> Vec<Part> + Send + Sync;

impl Server {
    /// Starts a server; `script` gets the request's number, from 0, and the request.
    pub(crate) async fn start(
        script: impl Fn(usize, &Received) -> Vec<Part> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Log::default()));
        let kept = Arc::clone(&log);
        let script: Arc<Script> = Arc::new(script);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                kept.lock().unwrap().connections += 1;
                connections.spawn(serve(stream, Arc::clone(&kept), Arc::clone(&script)));
            }
        });
        Self { address, log, task }
    }

    /// A server that gives the same bytes to every request.
    pub(crate) async fn always(answer: Vec<u8>) -> Self {
        Self::start(move |_, _| vec![Part::Bytes(answer.clone())]).await
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }

    /// How many bytes were written in all.
    pub(crate) fn written(&self) -> usize {
        self.log.lock().unwrap().written
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.log.lock().unwrap().requests.clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Received::line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, log: Arc<Mutex<Log>>, script: Arc<Script>) {
    let mut buffer = Vec::new();
    while let Some(request) = receive(&mut stream, &mut buffer).await {
        let number = {
            let mut log = log.lock().unwrap();
            log.requests.push(request.clone());
            log.requests.len() - 1
        };
        for part in script(number, &request) {
            if !act(&mut stream, &log, part).await {
                return;
            }
        }
    }
}

/// Whether the connection goes on.
async fn act(stream: &mut TcpStream, log: &Mutex<Log>, part: Part) -> bool {
    match part {
        Part::Bytes(bytes) => write(stream, log, &bytes).await,
        Part::Forever(bytes, pause) => {
            while write(stream, log, &bytes).await {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
            false
        }
        Part::Wait(time) => {
            tokio::time::sleep(time).await;
            true
        }
        Part::Until(holds) => {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            true
        }
        Part::Close => false,
    }
}

async fn write(stream: &mut TcpStream, log: &Mutex<Log>, bytes: &[u8]) -> bool {
    let done = stream.write_all(bytes).await.is_ok();
    if done {
        log.lock().unwrap().written += bytes.len();
    }
    done
}

async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    loop {
        if let Some(start) = head_end(buffer) {
            let head = Received {
                raw: buffer[..start].to_vec(),
            };
            let length: usize = head
                .header("content-length")
                .map_or(0, |length| length.parse().unwrap());
            if buffer.len() >= start + length {
                let raw = buffer.drain(..start + length).collect();
                return Some(Received { raw });
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
        }
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(at + 4)
}

/// An answer with a status line, headers and a body of the right length.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A 200 with a body.
pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    answer("200 OK", "", body)
}
