//! The demo service spoken to over real HTTP, as any client would.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod client;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Reply, exchange, get, request};
use serde_json::{Value, json};
use toolrun_demo::{CLIENT, DEFAULT_KEY, Demo, DemoError, Options, RateLimit, Seen, USER, serve};

async fn start() -> Demo {
    serve(Options::default()).await.unwrap()
}

fn error_code(reply: &Reply) -> &str {
    reply.body["error"]["code"].as_str().unwrap_or("no error")
}

#[tokio::test]
async fn rates_are_answered_with_date_and_source() {
    let demo = start().await;
    let latest = get(&demo, "/v1/rates/latest?from=eur&to=USD&amount=100").await;
    assert_eq!(latest.status, 200);
    assert_eq!(latest.body["rate"].to_string(), "1.1172");
    assert_eq!(latest.body["converted"].to_string(), "111.72");
    assert_eq!(latest.body["date"], "2026-10-30");
    assert_eq!(
        latest.body["source"],
        "European Central Bank, euro foreign exchange reference rates"
    );

    let first = get(&demo, "/v1/rates/1999-01-04?from=EUR&to=USD").await;
    assert_eq!(first.body["rate"].to_string(), "1.1789");
    let sunday = get(&demo, "/v1/rates/2026-10-25?from=USD&to=JPY").await;
    assert_eq!(sunday.body["date"], "2026-10-23");
    assert_eq!(sunday.body["requested_date"], "2026-10-25");
    assert!(
        sunday.body["note"]
            .as_str()
            .unwrap()
            .contains("last business day")
    );

    let codes = get(&demo, "/v1/currencies").await;
    assert_eq!(codes.body["currencies"].as_array().unwrap().len(), 42);
    demo.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_document_is_measured_as_it_arrived() {
    let demo = start().await;
    let media = ("content-type", "multipart/form-data; boundary=b");
    let file = "--b\r\nContent-Disposition: form-data; name=\"document\"; filename=\"ü.txt\"\r\n\
                Content-Type: text/plain\r\n\r\nhello\r\n";
    let title = "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA greeting\r\n";
    let send = async |path: &str, body: String| request(&demo, "POST", path, &[media], body.as_bytes()).await;
    let reply = send("/v1/orders/o_1013/documents", format!("{title}{file}--b--\r\n")).await;
    assert_eq!(reply.status, 201);
    assert_eq!(
        reply.body["documents"],
        json!([{
            "name": "ü.txt", "media_type": "text/plain", "title": "A greeting", "bytes": 5,
            "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        }])
    );
    for (path, body, code) in [
        (
            "/v1/orders/o_1013/documents",
            format!("{title}--b--\r\n"),
            "invalid_parameter",
        ),
        (
            "/v1/orders/o_1013/documents",
            format!("{file}{file}--b--\r\n"),
            "unknown_parameter",
        ),
        (
            "/v1/orders/o_1013/documents",
            "nonsense".to_owned(),
            "unreadable_body",
        ),
        (
            "/v1/orders/none/documents",
            format!("{file}--b--\r\n"),
            "unknown_order",
        ),
    ] {
        assert_eq!(error_code(&send(path, body).await), code);
    }
    demo.shutdown().await.unwrap();
}

#[tokio::test]
async fn every_fault_is_a_named_json_error() {
    let demo = start().await;
    let cases = [
        ("/v1/rates/latest?from=EUR&to=UDS", 400, "unknown_currency"),
        ("/v1/rates/latest?from=EUR", 400, "missing_parameter"),
        ("/v1/rates/latest?from=EUR&to=USD&too=1", 400, "unknown_parameter"),
        (
            "/v1/rates/latest?from=EUR&to=USD&to=JPY",
            400,
            "repeated_parameter",
        ),
        (
            "/v1/rates/latest?from=EUR&to=USD&amount=-1",
            400,
            "invalid_parameter",
        ),
        ("/v1/rates/2026-02-30?from=EUR&to=USD", 400, "invalid_parameter"),
        ("/v1/rates/1998-12-31?from=EUR&to=USD", 404, "no_rate_on_date"),
        ("/v1/rates/2026-12-31?from=EUR&to=USD", 404, "no_rate_on_date"),
        ("/v1/rates/latest?from=EUR&to=HRK", 404, "not_quoted"),
        (
            "/v1/rates/latest?from=EUR&to=IDR&amount=999999999999.999999",
            200,
            "no error",
        ),
        ("/v1/ip/300.1.1.1", 400, "invalid_parameter"),
        ("/v1/email", 400, "missing_parameter"),
        ("/v1/orders?email=nobody@example.com", 404, "unknown_customer"),
        ("/v1/orders?status=lost", 400, "invalid_parameter"),
        ("/v1/orders?limit=0", 400, "invalid_parameter"),
        ("/v1/orders/o_9999", 404, "unknown_order"),
        ("/v1/orders/%FF", 400, "invalid_path"),
        ("/v1/orders/o_1016/refunds", 405, "method_not_allowed"),
        ("/v2", 404, "unknown_path"),
        ("/", 404, "unknown_path"),
    ];
    for (path, status, code) in cases {
        let reply = get(&demo, path).await;
        assert_eq!(
            (reply.status, error_code(&reply)),
            (status, code),
            "{path}: {}",
            reply.body
        );
    }
    let typo = get(&demo, "/v1/rates/latest?from=EUR&to=UDS").await;
    assert_eq!(typo.body["error"]["nearest"], json!(["USD"]));
    assert_eq!(typo.body["error"]["valid"].as_array().unwrap().len(), 42);
    let kuna = get(&demo, "/v1/rates/latest?from=EUR&to=HRK").await;
    assert_eq!(kuna.body["error"]["last"], "2022-12-30");
}

#[tokio::test]
async fn text_is_examined_without_any_lookup() {
    let demo = start().await;
    let iban = get(&demo, "/v1/iban/DE89%203704%200044%200532%200130%2000").await;
    assert_eq!(
        (&iban.body["valid"], &iban.body["bank"]),
        (&json!(true), &json!("37040044"))
    );
    let email = get(&demo, "/v1/email?address=info%2Bshop%40mailinator.com").await;
    assert_eq!(
        (&email.body["disposable"], &email.body["role_address"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(email.body["mx_checked"], json!(false));
    let ip = get(&demo, "/v1/ip/2001:db8::1").await;
    assert_eq!(
        (&ip.body["class"], &ip.body["geolocation"]),
        (&json!("documentation"), &Value::Null)
    );
}

#[tokio::test]
async fn orders_are_found_newest_first() {
    let demo = start().await;
    let all = get(&demo, "/v1/orders?email=ANN%40example.com").await;
    let ids: Vec<&str> = all.body["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["o_1016", "o_1013", "o_1007", "o_1002"]);
    let two = get(&demo, "/v1/orders?email=ann@example.com&status=shipped&limit=1").await;
    assert_eq!((&two.body["count"], &two.body["found"]), (&json!(1), &json!(2)));
    let one = get(&demo, "/v1/orders/o_1016").await;
    assert_eq!(one.body["total"].to_string(), "49.90");
    assert_eq!(one.body["customer"]["name"], "Ann Example");
    let body = br#"{"statuses":["paid","shipped"],"min_total":80,"currency":"EUR"}"#;
    let found = request(
        &demo,
        "POST",
        "/v1/orders/search",
        &[("content-type", "application/json")],
        body,
    )
    .await;
    assert_eq!(found.body["orders"][0]["id"], "o_1002");
    assert_eq!(found.body["found"], json!(1));
}

#[tokio::test]
async fn refunds_move_money_once() {
    let demo = start().await;
    let path = "/v1/orders/o_1016/refunds";
    let key = [
        ("idempotency-key", "call-1"),
        ("content-type", "application/json"),
    ];
    let part = request(&demo, "POST", path, &key, br#"{"amount":9.9,"reason":"broken"}"#).await;
    assert_eq!(part.status, 201);
    assert_eq!(part.body["amount"].to_string(), "9.90");
    assert_eq!(part.body["left"].to_string(), "40.00");
    let again = request(&demo, "POST", path, &key, br#"{"amount":9.9,"reason":"broken"}"#).await;
    assert_eq!(again.body, part.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = request(&demo, "POST", path, &key, br#"{"amount":1}"#).await;
    assert_eq!(
        (other.status, error_code(&other)),
        (422, "idempotency_key_reused")
    );
    let order = get(&demo, "/v1/orders/o_1016").await;
    assert_eq!(order.body["refundable"].to_string(), "40.00");

    let cases: [(&str, &[u8], u16, &str); 9] = [
        (
            "/v1/orders/o_1016/refunds",
            br#"{"amount":40.01}"#,
            422,
            "refund_too_large",
        ),
        (
            "/v1/orders/o_1016/refunds",
            br#"{"amount":0}"#,
            400,
            "invalid_parameter",
        ),
        (
            "/v1/orders/o_1016/refunds",
            br#"{"amount":"5"}"#,
            400,
            "invalid_parameter",
        ),
        (
            "/v1/orders/o_1016/refunds",
            br#"{"amount":1.005}"#,
            400,
            "invalid_parameter",
        ),
        (
            "/v1/orders/o_1016/refunds",
            br#"{"ammount":5}"#,
            400,
            "unknown_parameter",
        ),
        ("/v1/orders/o_1016/refunds", b"{", 400, "invalid_json"),
        ("/v1/orders/o_1009/refunds", b"{}", 409, "already_refunded"),
        ("/v1/orders/o_1015/refunds", b"{}", 409, "not_paid"),
        ("/v1/orders/o_1/refunds", b"{}", 404, "unknown_order"),
    ];
    for (path, body, status, code) in cases {
        let reply = request(&demo, "POST", path, &[], body).await;
        assert_eq!(
            (reply.status, error_code(&reply)),
            (status, code),
            "{path}: {}",
            reply.body
        );
    }
    let rest = request(&demo, "POST", path, &[], b"").await;
    assert_eq!(
        (rest.status, rest.body["order_status"].as_str()),
        (201, Some("refunded"))
    );
}

#[tokio::test]
async fn an_invoice_is_paid_once() {
    let demo = start().await;
    let open = get(&demo, "/v1/invoices/inv_301").await;
    assert_eq!(
        open.body,
        json!({
            "id": "inv_301", "number": "2026-118", "creditor": "Lamp Works Example Inc.",
            "iban": "DE89370400440532013000", "amount": open.body["amount"], "currency": "USD",
            "due": "2026-11-20", "status": "open",
        })
    );
    assert_eq!(open.body["amount"].to_string(), "240.00");

    let key = [("idempotency-key", "call-1")];
    let body =
        br#"{"iban":"DE89 3704 0044 0532 0130 00","amount":214.82,"currency":"EUR","reference":"2026-118"}"#;
    let paid = request(&demo, "POST", "/v1/payments", &key, body).await;
    assert_eq!(paid.status, 201, "{}", paid.body);
    assert_eq!(
        (&paid.body["id"], &paid.body["status"]),
        (&json!("p_1"), &json!("executed"))
    );
    assert_eq!(paid.body["amount"].to_string(), "214.82");
    assert_eq!(paid.header("idempotent-replayed"), None);
    let again = request(&demo, "POST", "/v1/payments", &key, body).await;
    assert_eq!((again.status, &again.body), (201, &paid.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let invoice = get(&demo, "/v1/invoices/inv_301").await;
    assert_eq!(invoice.body["status"], "paid");

    let twice = request(&demo, "POST", "/v1/payments", &[], body).await;
    assert_eq!((twice.status, error_code(&twice)), (409, "already_paid"));
    assert_eq!(
        twice.body["error"]["message"],
        "invoice `2026-118` is paid already; no money moved"
    );
    let other = br#"{"iban":"DE89370400440532013000","amount":1,"currency":"EUR","reference":"2026-118"}"#;
    let reused = request(&demo, "POST", "/v1/payments", &key, other).await;
    assert_eq!(
        (reused.status, error_code(&reused)),
        (422, "idempotency_key_reused")
    );
}

#[tokio::test]
async fn a_payment_with_a_fault_is_not_made() {
    let demo = start().await;
    let right =
        json!({ "iban": "CH9300762011623852957", "amount": 5, "currency": "EUR", "reference": "R-7741" });
    let cases = [
        ("iban", json!("GB29NWBK60161331962819"), 422, "invalid_iban"),
        ("iban", json!("DE89370400440532013000"), 422, "other_account"),
        ("iban", Value::Null, 400, "invalid_parameter"),
        ("amount", json!(0), 400, "invalid_parameter"),
        ("amount", json!(-5), 400, "invalid_parameter"),
        ("amount", json!("5"), 400, "invalid_parameter"),
        ("amount", json!(5.001), 400, "invalid_parameter"),
        ("currency", json!("CHF"), 400, "invalid_parameter"),
        ("reference", json!(""), 400, "invalid_parameter"),
        ("reference", json!("R-7742"), 422, "unknown_reference"),
        ("refrence", json!("R-7741"), 400, "unknown_parameter"),
    ];
    for (name, value, status, code) in cases {
        let mut body = right.clone();
        body[name] = value;
        let reply = request(&demo, "POST", "/v1/payments", &[], body.to_string().as_bytes()).await;
        assert_eq!(
            (reply.status, error_code(&reply)),
            (status, code),
            "{body}: {}",
            reply.body
        );
    }
    for name in ["iban", "amount", "currency", "reference"] {
        let mut body = right.clone();
        body.as_object_mut().unwrap().remove(name);
        let reply = request(&demo, "POST", "/v1/payments", &[], body.to_string().as_bytes()).await;
        assert_eq!(
            (reply.status, &reply.body["error"]["parameter"]),
            (400, &json!(name))
        );
    }
    let unknown = get(&demo, "/v1/invoices/inv_399").await;
    assert_eq!((unknown.status, error_code(&unknown)), (404, "unknown_invoice"));
    let invoice = get(&demo, "/v1/invoices/inv_302").await;
    assert_eq!(invoice.body["status"], "open");
}

#[tokio::test]
async fn notes_come_as_forms() {
    let demo = start().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let path = "/v1/orders/o_1013/notes";
    let added = request(&demo, "POST", path, &form, b"text=Called+%26+left+a+message").await;
    assert_eq!(
        (added.status, &added.body["notes"]),
        (201, &json!(["Called & left a message"]))
    );
    let wrong = request(&demo, "POST", path, &[("content-type", "text/plain")], b"hello").await;
    assert_eq!(
        (wrong.status, error_code(&wrong)),
        (415, "unsupported_media_type")
    );
    let missing = request(&demo, "POST", "/v1/orders/o_1/notes", &form, b"text=a").await;
    assert_eq!(missing.status, 404);
}

#[tokio::test]
async fn a_key_is_needed_but_for_reference_data() {
    let demo = start().await;
    let raw = |headers: &'static [(&'static str, &'static str)]| {
        client::exchange(&demo.base_url, "GET", "/v1/orders?lost=1", headers, b"")
    };
    for headers in [
        &[][..],
        &[("authorization", "Bearer wrong")],
        &[("x-api-key", "")],
    ] {
        let reply = raw(headers).await;
        assert_eq!((reply.status, error_code(&reply)), (401, "unauthorized"));
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(raw(&[("authorization", "Bearer demo-key")]).await.status, 400);
    assert_eq!(raw(&[("x-api-key", "demo-key")]).await.status, 400);
    for path in ["/v1/ip/127.0.0.1", "/v1/currencies"] {
        assert_eq!(
            client::exchange(&demo.base_url, "GET", path, &[], b"")
                .await
                .status,
            200,
            "{path}"
        );
    }
    assert_eq!(demo.key, DEFAULT_KEY);
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let rate_limit = RateLimit {
        requests: NonZeroU32::new(2).unwrap(),
        within: Duration::from_secs(7200),
    };
    let demo = serve(Options {
        rate_limit,
        ..Options::default()
    })
    .await
    .unwrap();
    for _ in 0..2 {
        assert_eq!(get(&demo, "/v1/orders").await.status, 200);
        assert_eq!(
            client::exchange(&demo.base_url, "GET", "/v1/orders", &[], b"")
                .await
                .status,
            401
        );
    }
    let refused = get(&demo, "/v1/currencies").await;
    assert_eq!((refused.status, error_code(&refused)), (429, "rate_limited"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
}

#[tokio::test]
async fn the_starter_hears_of_every_request() {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let sink = Arc::clone(&seen);
    let on_request = Some(Arc::new(move |request: &Seen| sink.lock().unwrap().push(request.clone())) as _);
    let demo = serve(Options {
        on_request,
        ..Options::default()
    })
    .await
    .unwrap();
    get(&demo, "/v1/ip/127.0.0.1").await;
    client::exchange(&demo.base_url, "DELETE", "/v1/orders?y=1", &[], b"").await;
    let seen = seen.lock().unwrap();
    let heard: Vec<(&str, &str, u16)> = seen
        .iter()
        .map(|request| (&*request.method, &*request.target, request.status))
        .collect();
    assert_eq!(
        heard,
        [
            ("GET", "/v1/ip/127.0.0.1", 200),
            ("DELETE", "/v1/orders?y=1", 405)
        ]
    );
}

#[tokio::test]
async fn servers_share_nothing_and_stop() {
    let (one, two) = (start().await, start().await);
    request(&one, "POST", "/v1/orders/o_1010/refunds", &[], b"{}").await;
    assert_eq!(get(&two, "/v1/orders/o_1010").await.body["status"], "paid");
    let port = one.base_url.rsplit(':').next().unwrap().parse().unwrap();
    let taken = serve(Options {
        port,
        ..Options::default()
    })
    .await;
    assert!(matches!(taken, Err(DemoError::Bind { .. })));
    one.shutdown().await.unwrap();
    serve(Options {
        port,
        ..Options::default()
    })
    .await
    .unwrap()
    .shutdown()
    .await
    .unwrap();
    drop(two);
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_end_up() {
    let demo = start().await;
    let address = demo.base_url.strip_prefix("http://").unwrap().to_owned();
    let silent = tokio::net::TcpStream::connect(&address).await.unwrap();
    get(&demo, "/v1/currencies").await;
    tokio::time::timeout(Duration::from_secs(20), demo.shutdown())
        .await
        .unwrap()
        .unwrap();
    drop(silent);
}

#[tokio::test]
async fn tokens_and_sessions_open_what_the_key_opens() {
    let demo = start().await;
    let form = format!(
        "grant_type=client_credentials&client_id={CLIENT}&client_secret={}",
        demo.key
    );
    let granted = exchange(&demo.base_url, "POST", "/v1/oauth/token", &[], form.as_bytes()).await;
    assert_eq!(
        (granted.status, granted.header("cache-control")),
        (200, Some("no-store"))
    );
    assert_eq!(granted.body["expires_in"].to_string(), "300");
    let bearer = format!("Bearer {}", granted.body["access_token"].as_str().unwrap());

    let body = json!({ "user": USER, "password": demo.key }).to_string();
    let session = exchange(&demo.base_url, "POST", "/v1/login", &[], body.as_bytes()).await;
    let cookie = session
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    for header in [("authorization", bearer.as_str()), ("cookie", cookie.as_str())] {
        let reply = exchange(&demo.base_url, "GET", "/v1/orders/o_1016", &[header], b"").await;
        assert_eq!(reply.status, 200, "{header:?}");
    }
    let guessed = [("authorization", "Bearer demo-token-99")];
    let reply = exchange(&demo.base_url, "GET", "/v1/orders/o_1016", &guessed, b"").await;
    assert_eq!(reply.status, 401);

    for (form, status, code) in [
        ("grant_type=client_credentials".to_owned(), 401, "invalid_client"),
        (form.replace(CLIENT, "me"), 401, "invalid_client"),
        (form.replace(&demo.key, "x"), 401, "invalid_client"),
        (
            form.replace("client_credentials", "password"),
            400,
            "unsupported_grant_type",
        ),
    ] {
        let reply = exchange(&demo.base_url, "POST", "/v1/oauth/token", &[], form.as_bytes()).await;
        assert_eq!(
            (reply.status, reply.body["error"].as_str()),
            (status, Some(code)),
            "{form}"
        );
    }
    let wrong = json!({ "user": USER, "password": "x" }).to_string();
    let reply = exchange(&demo.base_url, "POST", "/v1/login", &[], wrong.as_bytes()).await;
    assert_eq!((reply.status, error_code(&reply)), (401, "unauthorized"));
    demo.shutdown().await.unwrap();
}
