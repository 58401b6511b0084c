//! A shop on loopback and its manifest: reads, writes, and answers that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::http_server::{HttpServer, Recorded, Reply};
use super::llm::Llm;
use super::program::{Program, toolrun};

pub(crate) use super::sweep::{MODEL_KEY, SHOP_KEY};

/// The manifest.
pub(crate) const MANIFEST: &str = r#"toolrun: 1
name: shop
agent:
  instructions: Answer only from tool results.
secrets:
  SHOP_KEY: env
vars:
  shop_url: { env: SHOP_URL, default: "http://127.0.0.1:9" }
apis:
  shop:
    base_url: "{{ vars.shop_url }}"
    auth: { bearer: SHOP_KEY }
    retries: 0
tools:
  find_orders:
    api: shop
    description: Lists the orders of one customer, newest first, with their totals.
    params:
      email: { type: string, description: The customer's e-mail address }
      limit: { type: integer, minimum: 1, maximum: 100, default: 20, description: How many orders at most }
      tags: { type: array, items: { type: string }, optional: true, description: Only orders with these tags }
    url: /orders?email={{ email }}&limit={{ limit }}&tag={{ tags }}
  get_order:
    api: shop
    description: Shows one order with everything that is known about it.
    params:
      order_id: { type: string, description: The id of the order }
    url: /orders/{{ order_id }}
    errors:
      404: No such order. Use find_orders to get an id.
  add_note:
    api: shop
    description: Adds a note for the staff to one order.
    params:
      order_id: { type: string, description: The id of the order }
      text: { type: string, description: What the note says }
    method: POST
    url: /orders/{{ order_id }}/notes
    body: { json: { text: "{{ text }}" } }
    effect: write
  create_refund:
    api: shop
    description: Refunds part of one order. The money moves at once and cannot be taken back.
    params:
      order_id: { type: string, description: The id of the order }
      amount: { type: number, exclusiveMinimum: 0, description: Amount in the currency of the order }
    method: POST
    url: /orders/{{ order_id }}/refunds
    headers: { Idempotency-Key: "{{ call.id }}" }
    body: { json: { amount: "{{ amount }}", source: toolrun } }
    effect: destructive
"#;

/// Starts the shop.
pub(crate) fn shop() -> HttpServer {
    HttpServer::start(|request, _| answer(request))
}

/// Starts a shop that answers only when so many requests wait at once.
pub(crate) fn shop_of_many(together: usize) -> HttpServer {
    let waiting = Arc::new(AtomicUsize::new(0));
    HttpServer::start(move |request, _| {
        waiting.fetch_add(1, Ordering::SeqCst);
        for _ in 0..1000 {
            if waiting.load(Ordering::SeqCst) >= together {
                return answer(request);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Reply::json(503, r#"{"error":"the others never came"}"#)
    })
}

fn answer(request: &Recorded) -> Reply {
    let path = request.target.split('?').next().unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "/orders") => Reply::json(200, r#"{"orders":[{"id":"o_1","total":20.50}]}"#),
        ("GET", "/orders/o_1") => Reply::json(200, r#"{"id":"o_1","total":20.50,"state":"paid"}"#),
        ("GET", "/orders/o_2") => Reply::json(200, r#"{"id":"o_2","total":7.00,"state":"open"}"#),
        ("GET", "/orders/long") => {
            let lines: Vec<String> = (0..5000).map(|line| format!("line {line}")).collect();
            Reply::json(200, &serde_json::json!({ "lines": lines }).to_string())
        }
        ("GET", "/orders/broken") => Reply::json(500, r#"{"error":"the shop is broken"}"#),
        ("GET", "/orders/slow") => Reply::json(200, "{}").after(Duration::from_secs(60)),
        ("GET", "/orders/echo") => {
            let echoed = serde_json::json!({ "you_sent": request.header("authorization") });
            Reply::json(200, &echoed.to_string())
        }
        ("GET", "/orders/escape") => Reply::json(200, "{\"note\":\"\\u001b]0;pwned\\u0007\\u001b[31mred\"}"),
        ("POST", "/orders/o_1/refunds") => Reply::json(201, r#"{"id":"r_1","amount":5}"#),
        ("POST", "/orders/slow/notes") => Reply::json(201, r#"{"noted":true}"#).after(Duration::from_secs(1)),
        ("POST", "/orders/stuck/notes") => Reply::json(201, "{}").after(Duration::from_secs(60)),
        ("POST", "/orders/o_1/notes") => Reply::of(204, "text/plain", ""),
        _ => Reply::json(404, r#"{"error":"no such order"}"#),
    }
}

/// `toolrun run shop.yaml PROMPT` against that model and that shop.
pub(crate) fn run(provider: &str, llm: &Llm, shop: &HttpServer, prompt: &str) -> Program {
    toolrun("run shop.yaml")
        .arg(prompt)
        .file("shop.yaml", MANIFEST)
        .arg("--model")
        .arg(format!("{provider}/scripted"))
        .arg("--base-url")
        .arg(llm.base_url())
        .env("SHOP_URL", &shop.url())
        .env("SHOP_KEY", SHOP_KEY)
        .env("OPENAI_API_KEY", MODEL_KEY)
        .env("ANTHROPIC_API_KEY", MODEL_KEY)
}

/// `toolrun call shop.yaml` against that shop.
pub(crate) fn call(shop: &HttpServer, words: &str) -> Program {
    toolrun(&format!("call shop.yaml {words}"))
        .file("shop.yaml", MANIFEST)
        .env("SHOP_URL", &shop.url())
        .env("SHOP_KEY", SHOP_KEY)
}
