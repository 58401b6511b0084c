//! D01, D03, D04: keys never leave the host they belong to. Every run of the
//! suite is swept for planted keys (`support/sweep.rs`); here servers do
//! their worst with the keys that they are given.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::support::http_server::{HttpServer, Recorded, Reply};
use crate::support::llm::{Llm, Turn};
use crate::support::place::Place;
use crate::support::program::{Program, toolrun};
use crate::support::sweep::{
    ACCESS_TOKEN, BASIC_PASSWORD, CLIENT_SECRET, COMMAND_KEY, COOKIE, FILE_KEY, HEADER_KEY, LOGIN_PASSWORD,
    MODEL_KEY, QUERY_KEY, SESSION_TOKEN, SHOP_KEY,
};

/// A way to carry a key: its name, what a tool says to get it, and what the
/// server then finds in the raw request.
type Kind = (&'static str, &'static str, fn() -> String);

const KINDS: &[Kind] = &[
    ("bearer", "auth: { bearer: SHOP }", || {
        format!("Bearer {SHOP_KEY}")
    }),
    ("named", "auth: { header: { name: X-Key, secret: SHOP } }", || {
        SHOP_KEY.to_owned()
    }),
    ("query", "auth: { query: { name: key, secret: SHOP } }", || {
        in_query(SHOP_KEY)
    }),
    ("basic", "auth: { basic: { user: ann, password: BASIC } }", || {
        STANDARD.encode(format!("ann:{BASIC_PASSWORD}"))
    }),
    (
        "worded",
        "headers: { X-Token: 'Token {{ secrets.WORDED }}' }",
        || format!("Token {HEADER_KEY}"),
    ),
    ("paired", "query: { token: 'v1-{{ secrets.PAIRED }}' }", || {
        format!("token=v1-{}", in_query(QUERY_KEY))
    }),
    ("filed", "auth: { bearer: FILED }", || {
        format!("Bearer {FILE_KEY}")
    }),
    ("printed", "auth: { bearer: PRINTED }", || {
        format!("Bearer {COMMAND_KEY}")
    }),
    (
        "oauth",
        "auth: { oauth2: { token_url: BASE/token, client_id: shop, client_secret: CLIENT } }",
        || format!("Bearer {ACCESS_TOKEN}"),
    ),
    (
        "session",
        "auth: { token: { request: { url: BASE/login, body: { json: { password: '{{ secrets.LOGIN }}' } } }, pick: token } }",
        || format!("Bearer {SESSION_TOKEN}"),
    ),
    (
        "cookie",
        "auth: { token: { request: { url: BASE/cookie, body: { form: { password: '{{ secrets.LOGIN }}' } } }, cookie: sid } }",
        || format!("sid={COOKIE}"),
    ),
];

/// What a server makes of a request.
type Outcome = fn(&Recorded) -> Reply;

/// What a server does with the key that came: a name, and its answer.
const OUTCOMES: &[(&str, Outcome)] = &[
    ("echoed", |request| Reply::json(200, &mirror(request))),
    ("denied", |request| Reply::json(401, &mirror(request))),
    ("failed", |request| Reply::json(500, &mirror(request))),
    ("worded", |request| {
        Reply::of(200, "text/plain", &String::from_utf8_lossy(&request.raw))
    }),
    ("paged", |request| {
        let raw = String::from_utf8_lossy(&request.raw);
        Reply::of(403, "text/html", &format!("<p title='{raw}'>{raw}</p>"))
    }),
    ("moved", |request| {
        let key = percent(&request.raw);
        Reply::of(302, "text/plain", &mirror(request))
            .header("location", &format!("http://127.0.0.2:9/{key}?k={key}"))
    }),
    ("headed", |request| {
        let sent = String::from_utf8_lossy(&request.raw).replace(['\r', '\n'], " ");
        Reply::of(400, "application/json", "{}").header("x-you-sent", &sent)
    }),
];

/// The request in every spelling that a server might give it.
fn mirror(request: &Recorded) -> String {
    let raw = String::from_utf8_lossy(&request.raw).into_owned();
    let pieces: Vec<String> = request
        .raw
        .chunks(1)
        .map(|byte| format!("{:02x}", byte[0]))
        .collect();
    let escaped: String = raw.chars().fold(String::new(), |mut text, c| {
        let _ = write!(text, "\\u{:04x}", u32::from(c));
        text
    });
    let body = json!({
        "raw": raw,
        "base64": STANDARD.encode(&request.raw),
        "base64url": URL_SAFE_NO_PAD.encode(&request.raw),
        "percent": percent(&request.raw),
        "hex": pieces.concat(),
        "HEX": pieces.concat().to_uppercase(),
        "json": json!(raw).to_string(),
    });
    let body = body.to_string();
    format!("{},\"escaped\":\"{escaped}\"}}", &body[..body.len() - 1])
}

fn percent(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

fn in_query(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    key.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

/// A tool for each kind and outcome, and two for servers that are none.
fn manifest(server: &str) -> String {
    let mut text = "toolrun: 1
secrets:
  SHOP: env
  BASIC: env
  WORDED: env
  PAIRED: env
  CLIENT: env
  LOGIN: env
  \
                    FILED: { file: key.txt }
  PRINTED: { command: [cat, printed.txt] }
tools:
"
    .to_owned();
    let mut tool = |name: &str, url: &str, auth: &str| {
        let _ = write!(
            text,
            "  {name}:\n    description: Shows what the service does with the request that it is sent.\n    \
             url: {url}\n    retries: 0\n    {auth}\n"
        );
    };
    for (kind, auth, _) in KINDS {
        for (outcome, _) in OUTCOMES {
            tool(&format!("{kind}_{outcome}"), &format!("{server}/{outcome}"), auth);
        }
        tool(&format!("{kind}_refused"), "http://127.0.0.1:9/", auth);
        let tls = server.replace("http:", "https:");
        tool(&format!("{kind}_tls"), &tls, &format!("{auth}\n    timeout: 1s"));
    }
    text.replace("BASE", server)
}

fn names() -> Vec<String> {
    let ends = OUTCOMES.iter().map(|(name, _)| *name).chain(["refused", "tls"]);
    let ends: Vec<&str> = ends.collect();
    let each = |kind: &Kind| {
        ends.iter()
            .map(|end| format!("{}_{end}", kind.0))
            .collect::<Vec<_>>()
    };
    KINDS.iter().flat_map(each).collect()
}

fn server() -> HttpServer {
    HttpServer::start(|request, _| {
        let path = request.target.split(['/', '?']).nth(1).unwrap_or_default();
        match path {
            "token" => Reply::json(200, &json!({ "access_token": ACCESS_TOKEN }).to_string()),
            "login" => Reply::json(200, &json!({ "token": SESSION_TOKEN }).to_string()),
            "cookie" => Reply::json(200, "{}").header("set-cookie", &format!("sid={COOKIE}; HttpOnly")),
            _ => {
                let outcome = OUTCOMES.iter().find(|(name, _)| *name == path);
                outcome.map_or_else(|| Reply::json(404, "{}"), |(_, answer)| answer(request))
            }
        }
    })
}

/// A place with the manifest, in which the program that prints a key may run.
fn place(server: &HttpServer) -> Place {
    let place = Place::new();
    place
        .write("shop.yaml", &manifest(&server.url()))
        .write("key.txt", FILE_KEY)
        .write("printed.txt", COMMAND_KEY);
    with_keys(place.toolrun("trust shop.yaml --yes")).run().exits(0);
    place
}

fn with_keys(program: Program) -> Program {
    program
        .env("SHOP", SHOP_KEY)
        .env("BASIC", BASIC_PASSWORD)
        .env("WORDED", HEADER_KEY)
        .env("PAIRED", QUERY_KEY)
        .env("CLIENT", CLIENT_SECRET)
        .env("LOGIN", LOGIN_PASSWORD)
        .env("OPENAI_API_KEY", MODEL_KEY)
        .env("ANTHROPIC_API_KEY", MODEL_KEY)
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
}

/// Each key came where it belongs, so that a silent sweep means something.
#[track_caller]
fn each_key_arrived(server: &HttpServer) {
    let seen: Vec<String> = server
        .recorded()
        .iter()
        .map(|request| String::from_utf8_lossy(&request.raw).into_owned())
        .collect();
    for (kind, _, carried) in KINDS {
        let carried = carried();
        assert!(
            seen.iter().any(|raw| raw.contains(&carried)),
            "{kind}: no `{carried}`"
        );
    }
}

#[test]
fn d01_no_key_shows_in_a_run_whatever_servers_do_with_it() {
    for provider in ["openai", "anthropic"] {
        let server = server();
        let place = place(&server);
        let asked = names().into_iter().map(|name| (&*name.leak(), "{}".to_owned()));
        let llm = Llm::start(vec![Turn::Call("", asked.collect()), Turn::Say("done")]);
        let program = place
            .toolrun("run shop.yaml x --json --events events.jsonl -vv --limit calls=200")
            .arg("--model")
            .arg(format!("{provider}/scripted"))
            .arg("--base-url")
            .arg(llm.base_url());
        with_keys(program).run().exits(0);
        each_key_arrived(&server);
        assert_eq!(llm.asked().len(), 2);
        assert!(llm.asked()[1].to_string().contains("***"));
        assert!(place.read("events.jsonl").contains("***"));
    }
}

#[test]
fn d01_no_key_shows_in_a_single_call() {
    let server = server();
    let place = place(&server);
    for (number, name) in names().iter().enumerate() {
        let flags = ["", "--json -vv", "--events events.jsonl"][number % 3];
        let ended = with_keys(place.toolrun(&format!("call shop.yaml {name} {flags}"))).run();
        assert!(matches!(ended.code, Some(0 | 3)), "{name}: {}", ended.stderr);
    }
    each_key_arrived(&server);
}

#[test]
fn d01_what_sends_nothing_reads_no_key() {
    let server = server();
    let place = place(&server);
    for (kind, ..) in KINDS {
        for flag in ["--dry-run", "--curl"] {
            let command = format!("call shop.yaml {kind}_echoed {flag}");
            // Keys that are not there at all do not hold it up either.
            place.toolrun(&command).run().exits(0);
            with_keys(place.toolrun(&command)).run().exits(0);
        }
    }
    for command in [
        "check shop.yaml",
        "tools shop.yaml",
        "tools shop.yaml --provider openai",
        "lock shop.yaml",
    ] {
        with_keys(place.toolrun(command)).run().exits(0);
    }
    assert!(server.recorded().is_empty());
}

#[test]
fn d03_a_key_that_cannot_be_sent_is_not_told() {
    let server = server();
    let place = place(&server);
    let broken = format!("{SHOP_KEY}\nX-Evil: 1");
    for kind in ["bearer", "named"] {
        let program = with_keys(place.toolrun(&format!("call shop.yaml {kind}_echoed")));
        program.env("SHOP", &broken).run().exits(3).says("SHOP");
    }
    assert!(server.recorded().is_empty());
}

#[test]
fn d01_a_provider_that_echoes_its_key_tells_nobody() {
    for provider in ["openai", "anthropic"] {
        for (name, answer) in OUTCOMES {
            let llm = HttpServer::start(|request, _| answer(request));
            let program = toolrun("run shop.yaml x --json --events events.jsonl -vv")
                .file(
                    "shop.yaml",
                    &manifest("http://127.0.0.1:9")
                        .replace("PRINTED: { command: [cat, printed.txt] }", "PRINTED: env"),
                )
                .arg("--model")
                .arg(format!("{provider}/scripted"))
                .arg("--base-url")
                .arg(format!("{}/v1", llm.url()));
            let ended = with_keys(program).run();
            assert!(matches!(ended.code, Some(3)), "{name}: {}", ended.stderr);
            assert!(!llm.recorded().is_empty(), "{provider} {name}");
        }
    }
}
