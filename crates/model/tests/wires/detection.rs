//! Local servers: who is asked, and which answers count.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use toolrun_http::{Auth, HttpError, Request, Response, Transport};
use toolrun_model::detect_local;

/// Answers by port; a port without an answer stays silent for ever.
struct Ports {
    answers: Vec<(u16, u16, &'static str)>,
    asked: Mutex<Vec<String>>,
}

impl Transport for Ports {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        assert_eq!((request.auth, request.body), (Auth::None, None));
        self.asked.lock().unwrap().push(request.url.to_string());
        let port = request.url.port();
        let answer = self.answers.iter().find(|(of, _, _)| Some(*of) == port);
        let Some((_, status, body)) = answer else {
            return Box::pin(std::future::pending());
        };
        let (status, body) = (*status, stream::iter([Ok(Bytes::from_static(body.as_bytes()))]));
        let (headers, url, attempts) = (Vec::new(), request.url, 1);
        Box::pin(async move {
            Ok(Response {
                status,
                headers,
                url,
                attempts,
                body: Box::pin(body),
            })
        })
    }
}

#[tokio::test]
async fn only_servers_that_list_models_in_time_count() {
    let ports = Arc::new(Ports {
        answers: vec![
            (8080, 200, "<html>some other program</html>"),
            (
                8000,
                200,
                r#"{"object":"list","data":[{"id":"text-embedding-x"},{"id":"qwen3","object":"model"}]}"#,
            ),
            (11434, 404, r#"{"object":"list","data":[{"id":"a"}]}"#),
        ],
        asked: Mutex::default(),
    });
    let transport: Arc<dyn Transport> = ports.clone();
    let found = detect_local(transport).await;
    let found: Vec<_> = found
        .iter()
        .map(|server| (server.provider.name, server.model()))
        .collect();
    assert_eq!(found, [("vllm", "qwen3")]);
    let mut asked = ports.asked.lock().unwrap().clone();
    asked.sort();
    let expected = [11434, 1234, 8000, 8080].map(|port| format!("http://127.0.0.1:{port}/v1/models"));
    assert_eq!(asked, expected);
}
