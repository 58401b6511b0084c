//! C03, C04: addresses that no manifest may reach, however they are spelt.
//! What is dialled is watched by a listener on loopback here, and by one for
//! the whole of the address space in `namespace.rs`.

use std::net::TcpListener;
use std::thread;

use super::spellings::{self, SPECIAL_V4, disguises};
use crate::support::http_server::{HttpServer, Reply};
use crate::support::program::{Ended, toolrun};

/// A manifest whose one tool goes where the var says.
const MANIFEST: &str = "toolrun: 1
vars: { site: { default: \"http://127.0.0.1:9\" } }
apis: { it: { base_url: \"{{ vars.site }}\", allow_http: true, retries: 0 } }
tools:
  look:
    api: it
    description: Returns the opening hours of the shop, day by day.
    url: /x
";

fn look(site: &str) -> Ended {
    toolrun("call it.yaml look --allow-http --var")
        .arg(format!("site={site}"))
        .file("it.yaml", MANIFEST)
        .run()
}

/// A port of loopback that counts who comes.
struct Watch(TcpListener);

impl Watch {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().expect("an address").port()
    }

    #[track_caller]
    fn saw_nobody(&self) {
        let came = self.0.accept();
        assert!(came.is_err(), "somebody came: {came:?}");
    }
}

#[test]
fn c03_no_spelling_of_a_special_address_is_reached_from_a_var() {
    let watch = Watch::start();
    let hosts = spellings::all();
    assert!(hosts.len() >= 247, "{}", hosts.len());
    let port = watch.port();
    let refused = |host: &String| {
        let ended = look(&format!("http://{host}:{port}"));
        let said = &ended.stderr;
        // Refused by the guard (5), or no url of a plain origin (2).
        let right = match ended.code {
            Some(5) => said.contains("may not be reached: it is"),
            Some(2) => said.contains("`vars.site` is `") && said.contains("makes no http or https address"),
            _ => false,
        };
        (!right).then(|| format!("{host}: {:?} {said}", ended.code))
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let halves: Vec<_> = hosts
            .chunks(hosts.len().div_ceil(4))
            .map(|part| scope.spawn(move || part.iter().filter_map(refused).collect::<Vec<_>>()))
            .collect();
        halves
            .into_iter()
            .flat_map(|half| half.join().expect("a thread"))
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    watch.saw_nobody();
}

#[test]
fn c03_a_disguised_address_in_the_file_is_an_error_of_the_file() {
    let mut text = "toolrun: 1\ntools:\n".to_owned();
    let mut count = 0;
    for address in SPECIAL_V4 {
        for disguise in disguises(address) {
            count += 1;
            text.push_str(&format!(
                "  t{count}x:\n    description: Returns the opening hours of shop {count}, day by day.\n    url: \"https://{disguise}/x\"\n"
            ));
        }
    }
    let report = toolrun("check it.yaml --format json")
        .file("it.yaml", &text)
        .run()
        .exits(1)
        .json();
    let found = report["diagnostics"].as_array().expect("a list").iter();
    let of_urls = found.filter(|found| {
        let message = found["message"].as_str().unwrap_or_default();
        found["code"] == "url-shape"
            && message.starts_with("an address is written plainly, and this one is `")
    });
    assert_eq!(of_urls.count(), count);
}

#[test]
fn c03_refusals_name_class_reason_and_the_one_line_that_permits() {
    for (site, says) in [
        (
            "http://10.1.2.3",
            "it is a private address; permit it with `--allow-net 10.0.0.0/8`",
        ),
        (
            "http://[fd00::1]",
            "it is a private address; permit it with `--allow-net fc00::/7`",
        ),
        (
            "http://169.254.9.9",
            "it is a link-local address; permit it with `--allow-net 169.254.0.0/16`",
        ),
        ("http://169.254.169.254", "no flag allows this"),
        (
            "http://metadata.google.internal",
            "it is a cloud metadata service, which is never reached",
        ),
        ("http://localhost.", "write `localhost` or `127.0.0.1`"),
        (
            "http://[::ffff:127.0.0.1]",
            "it is a loopback address inside IPv6; write `127.0.0.1`",
        ),
    ] {
        look(site).exits(5).says(says);
    }
}

#[test]
fn c03_metadata_is_out_of_reach_of_every_permission() {
    for host in [
        "169.254.169.254",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1:a9fe:a9:fe00::]",
        "[fd00:ec2::254]",
        "[fd00:a9fe:a9fe::1]",
        "100.100.100.200",
        "168.63.129.16",
        "metadata.google.internal",
    ] {
        toolrun("call it.yaml look --allow-http --allow-net 0.0.0.0/0 --allow-net ::/0 --var")
            .arg(format!("site=http://{host}"))
            .file("it.yaml", MANIFEST)
            .run()
            .exits(5)
            .says("metadata")
            .says("no flag allows this");
    }
}

#[test]
fn c03_a_redirect_to_a_special_address_is_not_followed_even_where_its_host_is_listed() {
    let watch = Watch::start();
    let port = watch.port();
    for (host, target) in [
        ("10.0.0.1", "http://10.0.0.1/secret"),
        ("169.254.169.254", "http://0xa9fea9fe/latest"),
        ("metadata.google.internal", "http://metadata.google.internal/x"),
        ("other.example", "http://[::ffff:7f00:1]:PORT/x"),
        ("other.example", "//2130706433:PORT/x"),
        ("other.example", "http://localhost.:PORT/x"),
    ] {
        let location = target.replace("PORT", &port.to_string());
        let server = HttpServer::start(move |_, _| Reply::json(302, "{}").header("location", &location));
        let manifest = MANIFEST.replace(
            "retries: 0",
            &format!("retries: 0, redirects: {{ to: [{host}] }}"),
        );
        let ended = toolrun("call it.yaml look --allow-http --var")
            .arg(format!("site={}", server.url()))
            .file("it.yaml", &manifest)
            .run();
        assert!(
            matches!(ended.code, Some(3 | 5)),
            "{target}: {:?} {}",
            ended.code,
            ended.stderr
        );
        ended.hides("/secret").hides("/latest");
        assert_eq!(server.recorded().len(), 1, "{target}");
    }
    watch.saw_nobody();
}

#[test]
fn c03_a_token_url_is_judged_like_any_other() {
    let watch = Watch::start();
    let port = watch.port();
    let with = |token_url: &str| {
        let auth = format!(
            "auth: {{ oauth2: {{ token_url: \"{token_url}\", client_id: me, client_secret: KEY }} }}"
        );
        MANIFEST
            .replace("retries: 0", &format!("retries: 0, {auth}"))
            .replace("vars:", "secrets: { KEY: env }\nvars:")
    };
    for (token_url, code, says) in [
        ("http://127.1:PORT/t", 2, "an address is written plainly"),
        ("http://10.0.0.1/t", 5, "it is a private address"),
        ("http://169.254.169.254/t", 5, "metadata"),
        (
            "http://[::ffff:7f00:1]:PORT/t",
            5,
            "it is a loopback address inside IPv6",
        ),
        ("http://localhost.:PORT/t", 5, "another spelling of loopback"),
    ] {
        let text = with(&token_url.replace("PORT", &port.to_string()));
        toolrun("call it.yaml look --allow-http")
            .file("it.yaml", &text)
            .env("KEY", "canary-token-77")
            .run()
            .exits(code)
            .says(says)
            .hides("canary-token-77");
    }
    watch.saw_nobody();
}

#[test]
fn c04_loopback_is_free_to_those_who_write_it_plainly() {
    let server = HttpServer::start(|_, _| Reply::json(200, r#"{"open":true}"#));
    let port = server.url().rsplit(':').next().expect("a port").to_owned();
    for host in ["127.0.0.1", "localhost"] {
        look(&format!("http://{host}:{port}"))
            .exits(0)
            .prints("{\"open\":true}\n");
    }
    assert_eq!(server.recorded().len(), 2);
}
