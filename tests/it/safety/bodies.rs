//! A10: values in JSON, forms and parts arrive as they were given.

use std::fs;

use proptest::prelude::*;
use serde_json::json;

use crate::support::archive::{asked, body, parts, program, sent, sink};
use crate::support::http_server::{HttpServer, Reply};
use crate::support::llm::{Llm, Turn, call};

/// Values that mean something to a format that is put together as text.
const HOSTILE: &[&str] = &[
    "",
    " \t ",
    "\"",
    "\\",
    "\"}],\"admin\":true,\"x\":[{\"",
    "}{][,:",
    "\0",
    "a\u{0}b\u{1f}\u{7f}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{202e}gnp.exe\u{2066}\u{2069}",
    "\u{feff}\u{200b}\u{e0041}",
    "a&b=c+d%20e;f#g",
    "texts=1&texts=2",
    "%00%0d%0a%25",
    "line\nline\rline\r\nline",
    "\r\n--x\r\nContent-Disposition: form-data; name=\"admin\"\r\n\r\n1\r\n--x--\r\n",
    "--toolrun-00000000000000000000000000000000--",
    "{{ vars.base }}",
    "{{ secrets.KEY }}{% raw %}{# x #}${HOME}",
    "ÄÖÜß 日本語 العربية हिन्दी",
    "v1..v2 .env a/b 50% 2026-01-01..2026-02-01",
];

/// Sends texts through every kind of body and compares what arrived.
#[track_caller]
fn arrive(server: &HttpServer, texts: &[String]) {
    let arguments = json!({ "texts": texts });
    let json = sent(server, "send_json", &arguments).json();
    assert_eq!(json, json!({ "texts": texts, "fixed { key }": "x" }));
    let form = sent(server, "send_form", &arguments);
    let pairs: Vec<(String, String)> = form_urlencoded::parse(body(&form)).into_owned().collect();
    assert_eq!(pairs, named(texts));
    let request = sent(server, "send_parts", &arguments);
    let parts: Vec<(String, String)> = parts(&request)
        .into_iter()
        .map(|(name, file, _, bytes)| {
            assert_eq!(file, None);
            (name, String::from_utf8(bytes).expect("text"))
        })
        .collect();
    assert_eq!(parts, named(texts));
}

fn named(texts: &[String]) -> Vec<(String, String)> {
    let texts = texts.iter().map(|text| ("texts".to_owned(), text.clone()));
    texts.chain([("fixed".to_owned(), "007".to_owned())]).collect()
}

#[test]
fn a10_values_arrive_as_they_were_given() {
    let server = sink();
    let texts: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    arrive(&server, &texts);
    for text in texts {
        arrive(&server, &[text]);
    }
}

#[test]
fn a10_a_models_values_arrive_as_they_were_given() {
    let arguments = json!({ "texts": HOSTILE });
    for provider in ["openai", "anthropic"] {
        for tool in ["send_json", "send_form", "send_parts"] {
            let (server, llm) = (
                sink(),
                Llm::start(vec![call(tool, &arguments), Turn::Say("Done.")]),
            );
            asked(provider, &llm, &server).run().exits(0);
            let request = server.recorded().pop().expect("a request");
            let texts: Vec<String> = match tool {
                "send_json" => serde_json::from_value(request.json()["texts"].clone()).expect("texts"),
                "send_form" => of("texts", form_urlencoded::parse(body(&request)).into_owned()),
                _ => of(
                    "texts",
                    parts(&request)
                        .into_iter()
                        .map(|(name, _, _, bytes)| (name, String::from_utf8(bytes).expect("text"))),
                ),
            };
            assert_eq!(texts, HOSTILE, "{provider} {tool}");
        }
    }
}

fn of(wanted: &str, pairs: impl Iterator<Item = (String, String)>) -> Vec<String> {
    pairs
        .filter(|(name, _)| name == wanted)
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn a10_keys_of_a_map_stay_keys() {
    let server = sink();
    let labels = json!({ "a\"b": "1", "c]=d&e": "2", "f\r\nX: g": "3", "{{ h }}": "4", "ü": "5" });
    let arguments = json!({ "texts": ["t"], "labels": labels });
    assert_eq!(sent(&server, "send_json", &arguments).json()["labels"], labels);
    let form = sent(&server, "send_form", &arguments);
    let names: Vec<String> = form_urlencoded::parse(body(&form))
        .map(|(name, _)| name.into_owned())
        .collect();
    let plain = [
        "texts",
        "labels[a\"b]",
        "labels[c]=d&e]",
        "labels[f\r\nX: g]",
        "labels[{{ h }}]",
        "labels[ü]",
        "fixed",
    ];
    assert_eq!(names, plain);
    // In the head of a part, quotes and line ends are written as browsers do.
    let names: Vec<String> = parts(&sent(&server, "send_parts", &arguments))
        .into_iter()
        .map(|part| part.0)
        .collect();
    let escaped = plain.map(|name| name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A"));
    assert_eq!(names, escaped);
}

#[test]
fn a10_half_characters_are_refused() {
    let server = sink();
    for tool in ["send_json", "send_form", "send_parts"] {
        program(&format!("call m.yaml {tool}"), &server)
            .arg("--args")
            .arg(r#"{"texts": ["\ud800"]}"#)
            .run()
            .exits(2)
            .says("/texts/0")
            .says("surrogate");
    }
    assert!(server.recorded().is_empty());
}

#[test]
fn a10_every_attempt_has_the_same_bytes() {
    let server = HttpServer::start(|_, before| match before {
        0 => Reply::json(503, "{}").header("retry-after", "0"),
        _ => Reply::json(200, "{}"),
    });
    sent(&server, "send_parts", &json!({ "texts": HOSTILE }));
    let recorded = server.recorded();
    assert_eq!(recorded.len(), 2);
    assert_eq!(recorded[0].raw, recorded[1].raw);
    sent(&server, "send_parts", &json!({ "texts": HOSTILE }));
    let another = server.recorded().pop().expect("a request");
    assert_ne!(another.header("content-type"), recorded[0].header("content-type"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a10_any_texts_arrive_as_they_were_given(texts in prop::collection::vec(any_text(), 1..12)) {
        arrive(&sink(), &texts);
    }
}

/// Any characters, and those that formats are made of more often.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        r#"[\r\n"'\\&=+%;:{}\[\]\-]{1,12}"#,
        Just("\r\n--".to_owned()),
        Just("{{ texts }}".to_owned()),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// Every payload of attack collections, through every kind of body.
#[test]
#[ignore = "needs a folder of payloads in TOOLRUN_PAYLOADS"]
#[expect(clippy::print_stdout, reason = "the numbers are what this test is run for")]
fn a10_payloads_arrive_as_they_were_given() {
    let folder = std::env::var("TOOLRUN_PAYLOADS").expect("TOOLRUN_PAYLOADS names a folder");
    let server = sink();
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
        let payloads: Vec<String> = match path.extension().is_some_and(|extension| extension == "json") {
            true => serde_json::from_str(&text).expect("a list of texts"),
            false => text
                .split('\n')
                .map(|line| line.trim_end_matches('\r').to_owned())
                .collect(),
        };
        payloads.chunks(50).for_each(|some| arrive(&server, some));
        count += payloads.len();
    }
    assert!(count > 0);
    println!("{count} payloads, {} requests", server.recorded().len());
}
