//! Turns over real sockets: keys, connections and their ends.

use std::sync::Arc;

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use toolrun_http::{Client, ClientOptions, MapStore, Redactor, Secret, Transport};
use toolrun_model::{Delta, ModelError, ModelErrorKind, ModelRequest, connect, list_models, provider};

const TURN: &str = concat!(
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
);

/// A server that gives the same bytes to every request; answers with the
/// head of each request and the number of its connection.
async fn server(answer: String) -> (String, tokio::sync::mpsc::UnboundedReceiver<(usize, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let (seen, requests) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (seen, answer) = (seen.clone(), answer.clone());
            tokio::spawn(async move {
                while let Some(head) = read_request(&mut socket).await {
                    seen.send((number, head)).unwrap();
                    socket.write_all(answer.as_bytes()).await.unwrap();
                    if !answer.ends_with("0\r\n\r\n") && !answer.contains("Content-Length") {
                        break;
                    }
                }
            });
        }
    });
    (url, requests)
}

/// Reads one request to its end and gives its head.
async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(head);
            }
        }
        let mut chunk = [0; 4096];
        match socket.read(&mut chunk).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}

fn chunked(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    )
}

fn client() -> Arc<dyn Transport> {
    let mut secrets = MapStore::new();
    secrets.insert("THE_KEY", Secret::from("sk-canary"));
    Arc::new(Client::new(ClientOptions::new(Arc::new(secrets), Redactor::default())).unwrap())
}

async fn ask(name: &str, url: &str, transport: &Arc<dyn Transport>) -> Vec<Result<Delta, ModelError>> {
    let row = provider(name).unwrap();
    let model = connect(row, "m", Some(url), Some("THE_KEY"), Arc::clone(transport)).unwrap();
    model.stream(ModelRequest::default()).collect().await
}

#[tokio::test]
async fn turns_share_a_connection_and_carry_the_key() {
    let (url, mut requests) = server(chunked(TURN)).await;
    let transport = client();
    for _ in 0..3 {
        let items = ask("openai", &url, &transport).await;
        assert!(
            matches!(items.last(), Some(Ok(Delta::End(reply))) if reply.text() == "Hi"),
            "{items:?}"
        );
        let (connection, head) = requests.recv().await.unwrap();
        assert_eq!(connection, 0, "the connection is used again");
        assert!(head.starts_with("post /v1/chat/completions http/1.1"), "{head}");
        assert!(head.contains("authorization: bearer sk-canary"), "{head}");
    }
    let items = ask("anthropic", &url, &transport).await;
    assert_eq!(
        items[0].as_ref().unwrap_err().kind,
        ModelErrorKind::Protocol,
        "another protocol's stream is no turn"
    );
    let (_, head) = requests.recv().await.unwrap();
    assert!(
        head.contains("x-api-key: sk-canary") && head.contains("anthropic-version: 2023-06-01"),
        "{head}"
    );
    assert!(!head.contains("authorization"), "{head}");
}

#[tokio::test]
async fn a_broken_connection_fails_the_turn() {
    let whole = chunked(TURN);
    let before_the_end = whole.find("data: [DONE]").unwrap();
    let (url, _requests) = server(whole[..before_the_end].to_owned()).await;
    let items = ask("openai", &url, &client()).await;
    assert_eq!(items[0], Ok(Delta::Text("Hi".to_owned())));
    assert_eq!(items[1].as_ref().unwrap_err().kind, ModelErrorKind::Network);
    assert_eq!(items.len(), 2);
}

#[tokio::test]
async fn nobody_listening_is_a_network_error() {
    let url = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    let items = ask("openai", &url, &client()).await;
    assert_eq!(items[0].as_ref().unwrap_err().kind, ModelErrorKind::Network);
}

#[tokio::test]
async fn a_server_lists_its_models() {
    let body = r#"{"object":"list","data":[{"id":"qwen3:8b","object":"model"}]}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (url, mut requests) = server(answer).await;
    let row = provider("ollama").unwrap();
    assert_eq!(
        list_models(row, Some(&url), None, client()).await.unwrap(),
        ["qwen3:8b"]
    );
    let (_, head) = requests.recv().await.unwrap();
    assert!(
        head.starts_with("get /v1/models ") && !head.contains("authorization"),
        "{head}"
    );
}
