//! C03 where a manifest's login goes: the address of a login is judged like
//! any other, and a login is not redirected.

use crate::support::http_server::{HttpServer, Reply};
use crate::support::program::toolrun;

/// Hosts that a token URL or a login may not have, and the class that the
/// refusal names. No manifest reaches them, whatever the api's own address is.
const HOSTS: &[(&str, &str)] = &[
    ("169.254.169.254", "cloud metadata"),
    ("0xa9fea9fe", "cloud metadata"),
    ("2852039166", "cloud metadata"),
    ("169.254.169.254.", "cloud metadata"),
    ("[::ffff:169.254.169.254]", "cloud metadata"),
    ("[fd00:ec2::254]", "cloud metadata"),
    ("metadata.google.internal", "cloud metadata"),
    ("100.100.100.200", "cloud metadata"),
    ("10.0.0.1", "private"),
    ("012.0.0.1", "private"),
    ("192.168.1.1", "private"),
    ("[fd12::1]", "private"),
    ("[fec0::1]", "site-local"),
    ("[::ffff:127.0.0.1]", "loopback address inside IPv6"),
    ("0.0.0.0", "--allow-net"),
    ("localhost.", "another spelling of loopback"),
];

#[test]
fn c03_a_token_url_is_judged_like_any_other() {
    let api = HttpServer::start(|_, _| Reply::json(200, "{}"));
    let url = api.url();
    for (host, class) in HOSTS {
        for auth in [
            format!("oauth2: {{ token_url: \"https://{host}/token\", client_id: a, client_secret: KEY }}"),
            format!(
                "token: {{ request: {{ url: \"https://{host}/in\", headers: {{ K: \"{{{{ secrets.KEY }}}}\" }} }}, cookie: c }}"
            ),
        ] {
            let manifest = format!(
                "toolrun: 1\nsecrets: {{ KEY: env }}\ntools:\n  get_it:\n    description: Gets the one thing that there is.\n    url: {url}/a\n    auth: {{ {auth} }}\n"
            );
            let ended = toolrun("call m.yaml get_it")
                .file("m.yaml", &manifest)
                .env("KEY", "canary-key-1")
                .run();
            // What no url can be is an error of the manifest.
            assert!(matches!(ended.code, Some(2 | 5)), "{host}: {}", ended.stderr);
            if ended.code == Some(5) {
                assert!(ended.stderr.contains(class), "{host}: {}", ended.stderr);
                let login = ended.stderr.contains("it is the address of the login");
                assert!(login, "{host}: {}", ended.stderr);
            }
            ended.hides("canary");
        }
    }
    assert!(api.recorded().is_empty(), "without a token nothing is sent");
}

#[test]
fn c03_a_login_is_not_redirected() {
    let other = HttpServer::start(|_, _| Reply::json(200, r#"{"access_token":"t"}"#));
    let target = format!("{}/token", other.url());
    for status in [301, 302, 303, 307, 308] {
        let location = target.clone();
        let api = HttpServer::start(move |_, _| Reply::json(status, "{}").header("location", &location));
        let url = api.url();
        let manifest = format!(
            "toolrun: 1\nsecrets: {{ KEY: env }}\ntools:\n  get_it:\n    description: Gets the one thing that there is.\n    url: {url}/a\n    redirects: {{ to: [\"127.0.0.1\"] }}\n    auth: {{ oauth2: {{ token_url: \"{url}/token\", client_id: a, client_secret: KEY }} }}\n"
        );
        toolrun("call m.yaml get_it")
            .file("m.yaml", &manifest)
            .env("KEY", "canary-key-1")
            .run()
            .exits(3)
            .says("a login is not redirected")
            .hides("canary");
        assert_eq!(api.recorded().len(), 1);
    }
    assert!(other.recorded().is_empty());
}
