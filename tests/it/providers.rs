//! The shipped manifests against their providers' documented answers, given by a server on loopback: what a model
//! reads of each, and that a key goes nowhere but to its provider.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::http_server::{HttpServer, Recorded, Reply};
use crate::support::program::{Ended, Program, toolrun};
use crate::support::{cases, shipped, workspace};

/// A manifest, the origin it sends to, the variable that holds its key, and how the key travels.
struct Provider {
    manifest: &'static str,
    origins: &'static [&'static str],
    key: Option<&'static str>,
}

const PROVIDERS: &[Provider] = &[
    Provider {
        manifest: "frankfurter",
        origins: &["https://api.frankfurter.dev"],
        key: None,
    },
    Provider {
        manifest: "github",
        origins: &["https://api.github.com"],
        key: Some("GITHUB_TOKEN"),
    },
    Provider {
        manifest: "open-meteo",
        origins: &[
            "https://geocoding-api.open-meteo.com",
            "https://api.open-meteo.com",
        ],
        key: None,
    },
    Provider {
        manifest: "slack",
        origins: &["https://slack.com"],
        key: Some("SLACK_BOT_TOKEN"),
    },
    Provider {
        manifest: "stripe",
        origins: &["https://api.stripe.com"],
        key: Some("STRIPE_SECRET_KEY"),
    },
    Provider {
        manifest: "wikipedia",
        origins: &["https://en.wikipedia.org"],
        key: None,
    },
];

/// What stands in for a real key. It is no key that the sweep knows, so each test looks for it itself.
const KEY: &str = "made-up-key-of-a-provider";

impl Provider {
    fn path(&self) -> PathBuf {
        workspace().join(format!("manifests/{}.yaml", self.manifest))
    }

    /// The manifest with a server of ours in the provider's place.
    fn moved(&self, server: &HttpServer) -> String {
        let text = fs::read_to_string(self.path()).expect("a manifest");
        self.origins.iter().fold(text, |text, origin| {
            assert!(text.contains(origin), "{} does not name {origin}", self.manifest);
            text.replace(origin, &server.url())
        })
    }

    /// The moved manifest, its key from a variable that belongs to nobody.
    fn called(&self, case: &Value, server: &HttpServer) -> Ended {
        let mut text = self.moved(server);
        if let Some(key) = self.key {
            let declared = format!("{key}: env\n");
            assert!(text.contains(&declared), "{} declares no {key}", self.manifest);
            text = text.replace(&declared, &format!("{key}: {{ env: KEY_OF_A_TEST }}\n"));
        }
        call(&text, case).env("KEY_OF_A_TEST", KEY).run().hides(KEY)
    }

    fn cases(&self) -> Vec<Value> {
        let path = cases("answers").join(format!("{}.json", self.manifest));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).expect("a list of cases")
    }
}

fn call(manifest: &str, case: &Value) -> Program {
    let tool = tool(case);
    toolrun(&format!("call m.yaml {tool} --json --allow-writes={tool}"))
        .file("m.yaml", manifest)
        .arg("--args")
        .arg(case["args"].to_string())
        .env("WIKIPEDIA_CONTACT", "ann@example.org")
}

fn tool(case: &Value) -> &str {
    case["tool"].as_str().expect("a tool")
}

/// A server that gives the case's answer to every request.
fn answering(case: &Value) -> HttpServer {
    let status = case["status"].as_u64().unwrap_or(200);
    let status = u16::try_from(status).expect("a status");
    let (usual, body) = match &case["answer"] {
        Value::String(text) => ("text/plain", text.clone()),
        json => ("application/json", json.to_string()),
    };
    let media = case["media_type"].as_str().unwrap_or(usual).to_owned();
    HttpServer::start(move |_, _| Reply::of(status, &media, &body))
}

#[test]
fn answers_become_what_a_model_reads() {
    let mut complaints = Vec::new();
    for provider in PROVIDERS {
        for case in provider.cases() {
            let server = answering(&case);
            let ended = provider.called(&case, &server);
            let place = format!("{} {} {}", provider.manifest, tool(&case), case["args"]);
            complaints.extend(complaint(&ended, &case).map(|text| format!("{place}: {text}")));
            let requests = server.recorded();
            let carried = requests.iter().all(|request| carries(request, provider.key));
            if requests.len() != 1 || !carried {
                complaints.push(format!("{place}: {} requests: {requests:?}", requests.len()));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

fn complaint(ended: &Ended, case: &Value) -> Option<String> {
    if ended.stdout.is_empty() {
        return Some(ended.stderr.clone());
    }
    let shown = ended.json();
    let read = shown["content"].as_str().expect("what a model reads");
    if let Some(says) = case["says"].as_array() {
        let missing = says
            .iter()
            .filter_map(Value::as_str)
            .find(|part| !read.contains(part));
        let whole = shown["is_error"] == true && missing.is_none();
        return (!whole).then(|| format!("no error, or without {missing:?}: {read}"));
    }
    let expected = &case["expected"];
    let fits = match expected {
        Value::String(text) => read == text,
        value => &shown["value"] == value,
    };
    let fits = fits && shown["is_error"] == false;
    (!fits).then(|| format!("expected {expected:#}\nbut {shown:#}\n{}", ended.stderr))
}

/// Whether the key is in its header and in no other place of a request.
fn carries(request: &Recorded, key: Option<&str>) -> bool {
    let expected: &[String] = &key
        .map(|_| format!("Bearer {KEY}"))
        .into_iter()
        .collect::<Vec<_>>();
    request.header("authorization") == expected
        && request
            .raw
            .windows(KEY.len())
            .filter(|window| *window == KEY.as_bytes())
            .count()
            == expected.len()
}

#[test]
fn every_tool_has_an_answer() {
    let mut missing = Vec::new();
    for (manifest, tools) in shipped::tools() {
        if manifest == "demo" {
            continue; // a real service, which the tests call elsewhere
        }
        let provider = PROVIDERS.iter().find(|provider| provider.manifest == manifest);
        let provider = provider.unwrap_or_else(|| panic!("{manifest}.yaml is not in the table above"));
        let cases = provider.cases();
        let answered = |name: &String| {
            cases
                .iter()
                .any(|case| tool(case) == name && !case["expected"].is_null())
        };
        missing.extend(tools.into_iter().filter(|name| !answered(name)));
    }
    assert!(missing.is_empty(), "tools without an answer: {missing:?}");
}

#[test]
fn a_key_is_asked_about_before_it_goes_to_anybody_else() {
    for provider in PROVIDERS {
        let (Some(key), cases) = (provider.key, provider.cases()) else {
            continue;
        };
        let server = answering(&cases[0]);
        call(&provider.moved(&server), &cases[0])
            .env(key, KEY)
            .run()
            .exits(5)
            .says(key)
            .says(&server.url())
            .hides(KEY);
        assert_eq!(server.connections(), 0, "{}", provider.manifest);
        // To its own provider it goes without a question: a request is ready to be sent.
        let tool = tool(&cases[0]);
        toolrun(&format!("call --dry-run {}", provider.path().display()))
            .arg(tool)
            .arg("--args")
            .arg(cases[0]["args"].to_string())
            .env(key, KEY)
            .run()
            .exits(0)
            .stdout_has("Authorization: Bearer ***")
            .hides(KEY);
    }
}
