//! Any value in any slot leaves everything but the slot as it was declared,
//! and a server decodes the value that was given.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use url::Url;

use super::fixture::World;
use super::request_tests::endpoint;
use super::segment;
use super::{JsonNode, JsonTemplate, Piece, RenderedBody, RenderedRequest, TextTemplate};
use crate::checked::{Body, HttpEndpoint};

/// A request with a slot of every kind.
fn everywhere(world: &World) -> HttpEndpoint {
    let url = "https://h.example:8443/v1/{{ id }}/x/pre-{{ id }}?a={{ id }}&fixed=1&m=z:{{ id }}";
    let mut endpoint = endpoint(world, None, url);
    let names = world.names();
    endpoint.query = vec![("q".into(), TextTemplate::compile("{{ id }}", &names).unwrap())];
    endpoint.headers = vec![(
        "X-Id".into(),
        TextTemplate::compile_header("v={{ id }};", &names).unwrap(),
    )];
    let leaf = |text| JsonNode::Text { id: 0, text };
    let tree = JsonNode::Map(vec![
        ("leaf", leaf("{{ id }}")),
        ("text", leaf("<{{ id }}>")),
        ("k", leaf("fixed")),
    ]);
    endpoint.body = Some(Body::Json(JsonTemplate::compile(&tree, &names).unwrap()));
    endpoint
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

/// Checks what a server reads of a rendered request.
pub(super) fn check_request(request: &RenderedRequest, value: &Value) {
    let text = text_of(value);
    let url = Url::parse(request.url.as_str()).unwrap();
    assert_eq!(
        (url.scheme(), url.host_str(), url.port()),
        ("https", Some("h.example"), Some(8443))
    );
    assert_eq!((url.username(), url.password(), url.fragment()), ("", None, None));
    let segments: Vec<String> = url.path_segments().unwrap().map(decoded).collect();
    assert_eq!(segments, ["v1", &text, "x", &format!("pre-{text}")]);
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let expected = [
        ("a", text.clone()),
        ("fixed", "1".into()),
        ("m", format!("z:{text}")),
        ("q", text.clone()),
    ];
    assert_eq!(pairs, expected.map(|(key, value)| (key.to_owned(), value)));
    assert_eq!(
        request.headers,
        [("X-Id".to_owned(), vec![Piece::Text(format!("v={text};"))])]
    );
    let Some(RenderedBody::Json(body)) = &request.body else {
        panic!("a JSON body")
    };
    let wire: Value = serde_json::from_str(&body.to_string()).unwrap();
    assert_eq!(
        wire,
        json!({ "leaf": value, "text": format!("<{text}>"), "k": "fixed" })
    );
}

/// Whether the value may be refused: it is a rule of the path or of headers.
fn may_be_refused(text: &str) -> bool {
    text.chars().any(char::is_control)
        || text.trim().is_empty()
        || segment::check(&super::encode::value(text)).is_err()
        || segment::check(&format!("pre-{}", super::encode::value(text))).is_err()
}

fn run<S: Strategy>(strategy: S, test: impl Fn(S::Value)) {
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, rng).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    outcome.unwrap();
}

fn anything() -> impl Strategy<Value = Value> {
    let awkward = "([./\\\\%;?#&=+@: a2eEfFcCuU0\\-\\[\\]{}\"'\\r\\n\\t]|\\PC|[．／․‥]){0,12}";
    let scalars = prop_oneof![
        6 => awkward.prop_map(Value::from),
        2 => any::<String>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => "-?[1-9][0-9]{0,20}\\.[0-9]{1,9}".prop_map(|digits| serde_json::from_str(&digits).unwrap()),
    ];
    scalars
}

#[test]
fn any_value_fills_its_slots_and_nothing_else() {
    run(anything(), |value| {
        let world = World::with(json!({ "id": value }));
        match everywhere(&world).render(&world.scope()) {
            Ok(request) => check_request(&request, &value),
            Err(problem) => {
                let text = text_of(&value);
                assert!(may_be_refused(&text), "{problem:?} for {text:?}");
                assert_eq!(problem.param.as_deref(), Some("id"));
            }
        }
    });
}

#[test]
fn any_list_and_map_keep_the_declared_keys() {
    let lists = prop::collection::vec(anything(), 0..5);
    let maps = prop::collection::vec(("\\PC{1,8}", anything()), 0..4);
    run((lists, maps), |(list, map)| {
        let map: serde_json::Map<String, Value> = map.into_iter().collect();
        let world =
            World::with(json!({ "list": list, "csv": list, "pipe": list, "brackets": list, "map": map }));
        let template =
            "https://h.example/?a={{ list }}&b={{ csv }}&c={{ pipe }}&d={{ brackets }}&e={{ map }}&z=1";
        let url = endpoint(&world, None, template)
            .render(&world.scope())
            .unwrap()
            .url;
        assert_eq!(
            (url.path(), url.host_str(), url.fragment()),
            ("/", Some("h.example"), None)
        );
        let pairs: Vec<(&str, &str)> = url
            .query()
            .unwrap()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let of = |key: &str| {
            pairs
                .iter()
                .filter(|pair| pair.0 == key)
                .map(|pair| pair.1)
                .collect::<Vec<_>>()
        };
        let texts: Vec<String> = list.iter().map(text_of).collect();
        for key in ["a", "d[]"] {
            assert_eq!(of(key).into_iter().map(decoded).collect::<Vec<_>>(), texts);
        }
        for (key, separator) in [("b", ','), ("c", '|')] {
            let joined = of(key);
            assert_eq!(joined.len(), usize::from(!list.is_empty()));
            assert_eq!(
                joined
                    .iter()
                    .flat_map(|raw| raw.split(separator))
                    .map(decoded)
                    .collect::<Vec<_>>(),
                texts
            );
        }
        let members: Vec<(String, String)> = pairs
            .iter()
            .filter_map(|(key, value)| {
                Some((
                    decoded(key.strip_prefix("e[")?.strip_suffix(']')?),
                    decoded(value),
                ))
            })
            .collect();
        assert_eq!(
            members,
            map.iter()
                .map(|(key, value)| (key.clone(), text_of(value)))
                .collect::<Vec<_>>()
        );
        assert_eq!(
            pairs.len(),
            of("a").len() + of("b").len() + of("c").len() + of("d[]").len() + members.len() + 1
        );
    });
}

#[test]
fn any_template_text_compiles_or_reports_inside_the_text() {
    let bits =
        "(\\{\\{|\\}\\}|[a-z.|()'\"\\[\\]{}~+\\-*/%<>=!&é ]|id|vars|lang|default|if|else|not|o|\\PC){0,30}";
    run((bits, "[a-zé]{0,6}"), |(middle, edge)| {
        let world = World::with(json!({}));
        for text in [
            format!("{edge}{{{{ {middle} }}}}"),
            format!("https://h.example/{middle}{edge}"),
            middle.clone(),
        ] {
            let names = world.names();
            let mut problems = TextTemplate::compile(&text, &names).err().unwrap_or_default();
            problems.extend(super::Condition::compile(&text, &names).err().unwrap_or_default());
            problems.extend(
                super::ResultTemplate::compile(&text, &names)
                    .err()
                    .unwrap_or_default(),
            );
            problems.extend(super::Pick::compile(&text).err().unwrap_or_default());
            let url = super::UrlTemplate::compile(None, &text, &names)
                .err()
                .unwrap_or_default();
            problems.extend(url.into_iter().map(|(_, problem)| problem));
            for problem in problems {
                assert!(
                    text.get(problem.range.clone()).is_some(),
                    "{problem:?} in {text:?}"
                );
                assert!(!problem.message.is_empty());
            }
        }
    });
}

/// Payloads of attack collections, one a line (or a JSON list), in the folder
/// that `TOOLRUN_PAYLOADS` names. Prints what became of them.
#[test]
#[ignore = "needs a folder of payloads in TOOLRUN_PAYLOADS"]
fn payloads_stay_in_their_slots() {
    let folder = std::env::var("TOOLRUN_PAYLOADS").expect("TOOLRUN_PAYLOADS names a folder");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let payloads: Vec<String> = match path.extension().is_some_and(|extension| extension == "json") {
            true => serde_json::from_str(&text).unwrap(),
            false => text
                .split('\n')
                .map(|line| line.trim_end_matches('\r').to_owned())
                .collect(),
        };
        let mut counts = std::collections::BTreeMap::<String, usize>::new();
        for payload in &payloads {
            for (slot, outcome) in each_slot(payload) {
                *counts.entry(format!("{slot}: {outcome}")).or_default() += 1;
            }
        }
        eprintln_counts(&path, payloads.len(), &counts);
    }
}

#[expect(clippy::print_stderr, reason = "the numbers are what this test is run for")]
fn eprintln_counts(path: &std::path::Path, total: usize, counts: &std::collections::BTreeMap<String, usize>) {
    eprintln!("{} ({total}): {counts:?}", path.display());
}

/// What became of a payload in a slot: the rule that refused it, or `sent`.
type Outcome = (&'static str, String);

fn outcome(
    slot: &'static str,
    endpoint: &HttpEndpoint,
    world: &World,
    check: impl FnOnce(RenderedRequest),
) -> Outcome {
    match endpoint.render(&world.scope()) {
        Ok(request) => {
            check(request);
            (slot, "sent".into())
        }
        Err(problem) => (slot, problem.rule.into()),
    }
}

/// Puts a payload into one slot after the other; panics when a server would
/// read anything but the payload in its place.
fn each_slot(payload: &str) -> Vec<Outcome> {
    let world = World::with(json!({ "id": payload }));
    url_slots(payload, &world)
        .into_iter()
        .chain(other_slots(payload, &world))
        .collect()
}

fn url_slots(payload: &str, world: &World) -> [Outcome; 3] {
    let path = |slot, url: &str, expected: &[&str]| {
        outcome(slot, &endpoint(world, None, url), world, |request| {
            let segments: Vec<String> = request.url.path_segments().unwrap().map(decoded).collect();
            assert_eq!(segments, expected);
            assert_eq!(
                (request.url.host_str(), request.url.query()),
                (Some("h.example"), None)
            );
        })
    };
    let query = endpoint(world, None, "https://h.example/a?k={{ id }}&z=1");
    [
        path(
            "path middle",
            "https://h.example/a/{{ id }}/b",
            &["a", payload, "b"],
        ),
        path("path end", "https://h.example/a/{{ id }}", &["a", payload]),
        outcome("query", &query, world, |request| {
            let pairs: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
            assert_eq!(
                pairs,
                [
                    ("k".to_owned(), payload.to_owned()),
                    ("z".to_owned(), "1".to_owned())
                ]
            );
        }),
    ]
}

fn other_slots(payload: &str, world: &World) -> [Outcome; 3] {
    let names = world.names();
    let plain = || endpoint(world, None, "https://h.example/");
    let leaf = JsonNode::Map(vec![(
        "k",
        JsonNode::Text {
            id: 0,
            text: "{{ id }}",
        },
    )]);
    let header = TextTemplate::compile_header("{{ id }}", &names).unwrap();
    let json_body = Some(Body::Json(JsonTemplate::compile(&leaf, &names).unwrap()));
    let form_body = Some(Body::Form(JsonTemplate::compile_form(&leaf, &names).unwrap()));
    let header = HttpEndpoint {
        headers: vec![("X".into(), header)],
        ..plain()
    };
    [
        outcome("header", &header, world, |request| {
            assert_eq!(
                request.headers,
                [("X".to_owned(), vec![Piece::Text(payload.into())])]
            );
        }),
        outcome(
            "json",
            &HttpEndpoint {
                body: json_body,
                ..plain()
            },
            world,
            |request| {
                let Some(RenderedBody::Json(body)) = request.body else {
                    panic!("a JSON body")
                };
                assert_eq!(
                    serde_json::from_str::<Value>(&body.to_string()).unwrap(),
                    json!({ "k": payload })
                );
            },
        ),
        outcome(
            "form",
            &HttpEndpoint {
                body: form_body,
                ..plain()
            },
            world,
            |request| {
                assert_eq!(
                    request.body,
                    Some(RenderedBody::Form(vec![("k".into(), payload.into())]))
                );
            },
        ),
    ]
}
