//! Streams that went wrong somewhere: whatever comes, a turn ends with one
//! reply or one error, and nothing panics. What a turn is made of is checked
//! by [`turn`] itself.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use toolrun_model::ModelRequest;

use crate::exchange::{Answer, turn};

const CASES: u32 = 5_000;

fn runner() -> TestRunner {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Every stream of the folder with its provider.
fn streams() -> Vec<(&'static str, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/streams");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let chat = path.file_name().unwrap().to_string_lossy().starts_with("chat");
        (
            if chat { "openai" } else { "anthropic" },
            std::fs::read_to_string(path).unwrap(),
        )
    };
    paths.iter().map(read).collect()
}

fn run(provider: &str, body: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _ = runtime.block_on(turn(provider, ModelRequest::default(), Answer::stream(body)));
}

#[test]
fn changed_bytes_never_panic() {
    let streams = streams();
    let strategy = (
        0..streams.len(),
        vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
    );
    let ran = runner().run(&strategy, |(at, changes)| {
        let (provider, text) = &streams[at];
        let mut body = text.clone().into_bytes();
        for (index, byte, what) in changes {
            let place = index.index(body.len());
            match what {
                0 => body[place] = byte,
                1 => body.insert(place, byte),
                _ => drop(body.remove(place)),
            }
        }
        run(provider, &body);
        Ok(())
    });
    ran.unwrap();
}

#[test]
fn odd_values_anywhere_never_panic() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!([]),
        json!([[1]]),
        json!({}),
        json!({"type": "text"}),
    ];
    let streams = streams();
    let strategy = (
        0..streams.len(),
        vec(
            (
                any::<prop::sample::Index>(),
                any::<prop::sample::Index>(),
                0..odd.len(),
            ),
            1..4,
        ),
    );
    let ran = runner().run(&strategy, |(at, changes)| {
        let (provider, text) = &streams[at];
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (line, node, value) in changes {
            let line = line.get_mut(&mut lines);
            let Some(Ok(mut event)) = line.strip_prefix("data: ").map(serde_json::from_str::<Value>) else {
                continue;
            };
            let mut count = node.index(nodes(&event));
            replace(&mut event, &mut count, &odd[value]);
            *line = format!("data: {event}");
        }
        run(provider, (lines.join("\n") + "\n").as_bytes());
        Ok(())
    });
    ran.unwrap();
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(map) => map.values().map(nodes).sum(),
        _ => 0,
    }
}

/// Replaces the node that `count` steps lead to, counted in reading order.
fn replace(value: &mut Value, count: &mut usize, with: &Value) -> bool {
    if *count == 0 {
        *value = with.clone();
        return true;
    }
    *count -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| replace(item, count, with)),
        Value::Object(map) => map.values_mut().any(|item| replace(item, count, with)),
        _ => false,
    }
}
