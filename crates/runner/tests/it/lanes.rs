//! Who shares a rate and who shares places. The clock is a simulated one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use toolrun_http::{HttpError, Request, Response, Transport};
use toolrun_model::scripted::{Scripted, Turn};

use crate::stage::{Stage, manifest};

/// Answers after 100 ms and keeps when requests began and how many were under
/// way at most.
#[derive(Default)]
struct Watched {
    began: Mutex<Vec<Instant>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Transport for Watched {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        async move {
            self.began.lock().unwrap().push(Instant::now());
            let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            Ok(Response {
                status: 204,
                headers: Vec::new(),
                url: request.url,
                attempts: 1,
                body: Box::pin(futures_util::stream::empty()),
            })
        }
        .boxed()
    }
}

/// Calls each tool that often in one reply.
async fn call_all(text: &str, tools: &[&str], times: usize) -> Arc<Watched> {
    let watched = Arc::new(Watched::default());
    let stage = Stage::new(manifest(text));
    let calls: Vec<(&str, &str, &str)> = (0..times)
        .flat_map(|_| tools.iter().map(|tool| ("c", *tool, "{}")))
        .collect();
    let model = Scripted::new([Turn::calls(&calls), Turn::text("ok")]);
    let outcome = stage
        .session_over(Arc::clone(&watched) as Arc<dyn Transport>)
        .run(&model, "x")
        .await
        .unwrap();
    assert_eq!(usize::try_from(outcome.calls), Ok(calls.len()));
    watched
}

#[tokio::test(start_paused = true)]
async fn a_tool_with_its_own_concurrency_keeps_the_rate_of_its_api() {
    let text = r#"
toolrun: 1
apis: { shop: { base_url: "https://shop.example", rate_limit: 2/s } }
tools:
  get_one: { api: shop, description: Gets the first of the things., url: /one }
  get_two: { api: shop, description: Gets the second of the things., url: /two, concurrency: 1 }
"#;
    let watched = call_all(text, &["get_one", "get_two"], 1).await;
    assert_eq!(watched.began.lock().unwrap().len(), 2);
    let watched = call_all(text, &["get_one", "get_two"], 3).await;
    let began = watched.began.lock().unwrap().clone();
    for pair in began.windows(3) {
        assert!(pair[2] - pair[0] >= Duration::from_secs(1), "{began:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_with_its_own_rate_keeps_the_places_of_its_api() {
    let text = r#"
toolrun: 1
apis: { shop: { base_url: "https://shop.example", concurrency: 2 } }
tools:
  get_one: { api: shop, description: Gets the first of the things., url: /one }
  get_two: { api: shop, description: Gets the second of the things., url: /two, rate_limit: 100/s }
"#;
    let watched = call_all(text, &["get_one", "get_two"], 4).await;
    assert_eq!(watched.most.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn tools_without_an_api_share_the_places_of_their_host() {
    let tool = |name: &str, host: &str| {
        format!("  {name}: {{ description: Gets one of the things., url: \"https://{host}/{name}\" }}\n")
    };
    let text = |other: &str| {
        let tools = ["get_a", "get_b", "get_c"].map(|name| tool(name, "shop.example"));
        format!("toolrun: 1\ntools:\n{}{}", tools.concat(), tool("get_d", other))
    };
    let tools = ["get_a", "get_b", "get_c", "get_d"];
    let watched = call_all(&text("shop.example"), &tools, 4).await;
    assert_eq!(watched.most.load(Ordering::SeqCst), 4);
    let watched = call_all(&text("other.example"), &tools, 4).await;
    assert_eq!(watched.most.load(Ordering::SeqCst), 8);
}
