//! `toolrun tools`, `run --dry-run`: what the model would see.

use serde_json::Value;

use crate::support::program::toolrun;
use crate::support::shop::MANIFEST;

#[test]
fn tools_are_listed_with_effect_and_cost() {
    let ended = toolrun("tools shop.yaml")
        .file("shop.yaml", MANIFEST)
        .run()
        .exits(0);
    let ended = ended
        .stdout_has("find_orders (read, about ")
        .stdout_has("create_refund (destructive, about ");
    ended
        .stdout_has("limit: integer, optional. How many orders at most")
        .stdout_has("4 tools, about ");
    let object = toolrun("tools shop.yaml --json")
        .file("shop.yaml", MANIFEST)
        .run()
        .exits(0)
        .json();
    assert_eq!(object["version"].to_string(), "1");
    let tools = object["tools"].as_array().expect("tools");
    assert_eq!(tools.len(), 4);
    assert_eq!(tools[0]["name"], "find_orders");
    assert_eq!(tools[0]["parameters"]["additionalProperties"], false);
    let sum: u64 = tools.iter().filter_map(|tool| tool["tokens"].as_u64()).sum();
    assert!(sum > 50);
    assert_eq!(object["tokens"].as_u64(), Some(sum));
}

/// A number of tokens is said in two places, and both count the same.
#[test]
fn lints_count_the_tokens_that_are_shown() {
    let words = "größere Wörter und 日本 ".repeat(35);
    let tools: String = (0..20)
        .map(|n| format!("  get_{n}:\n    description: {n} {words}\n    params: {{ id: {{ type: string, description: \"Of {n}, {words}\" }} }}\n    url: https://shop.example/{{{{ id }}}}\n"))
        .collect();
    let manifest = format!("toolrun: 1\ntools:\n{tools}");
    let json = |words: &str| {
        let ended = toolrun(words).file("many.yaml", &manifest).run().exits(0);
        ended.json()
    };
    let shown = json("tools many.yaml --json");
    let check = json("check many.yaml --json");
    let told: Vec<&str> = check["diagnostics"]
        .as_array()
        .expect("diagnostics")
        .iter()
        .filter_map(|found| found["message"].as_str())
        .collect();
    let tools = shown["tools"].as_array().expect("tools");
    assert_eq!(tools.len(), 20);
    for tool in tools {
        let (name, tokens) = (tool["name"].as_str().unwrap_or_default(), &tool["tokens"]);
        let message = format!("tool `{name}` takes about {tokens} tokens of every turn");
        assert!(told.contains(&message.as_str()), "{message}\n{told:?}");
    }
    let total = format!(
        "the 20 tools on offer take about {} tokens of every turn",
        shown["tokens"]
    );
    assert!(told.contains(&total.as_str()), "{total}\n{told:?}");
}

#[test]
fn a_dry_run_shows_the_first_request_and_sends_nothing() {
    let dry = |words: &str| {
        let line = format!("run shop.yaml Hello --dry-run {words}");
        toolrun(&line)
            .file("shop.yaml", MANIFEST)
            .env("OPENAI_API_KEY", "x")
            .env("TOOLRUN_MODEL", "openai/m")
    };
    let ended = dry("")
        .run()
        .exits(0)
        .stdout_has("Hello")
        .stdout_has("Answer only from tool results.");
    ended.stdout_has("find_orders").stdout_has("openai/m");
    let object: Value = dry("--json --tools get_order").run().exits(0).json();
    assert_eq!(object["model"], "openai/m");
    assert_eq!(object["request"]["tools"].as_array().map(Vec::len), Some(1));
    dry("--tools get_orders").run().exits(2).says("get_orders");
}

#[test]
fn the_model_is_chosen_in_a_fixed_order_and_said() {
    let dry = |words: &str| {
        toolrun(&format!("run shop.yaml Hello --dry-run --no-detect {words}")).file("shop.yaml", MANIFEST)
    };
    dry("")
        .env("MISTRAL_API_KEY", "x")
        .run()
        .exits(0)
        .says("model: mistral/")
        .says("MISTRAL_API_KEY is set");
    let both = dry("")
        .env("MISTRAL_API_KEY", "x")
        .env("XAI_API_KEY", "x")
        .env("TOOLRUN_MODEL", "xai/some");
    both.run().exits(0).says("model: xai/some").says("TOOLRUN_MODEL");
    let flag = dry("--model mistral/other")
        .env("MISTRAL_API_KEY", "x")
        .env("TOOLRUN_MODEL", "xai/some");
    flag.run().exits(0).says("model: mistral/other").says("--model");
    dry("--model openai/x")
        .run()
        .exits(2)
        .says("OPENAI_API_KEY is not set");
    dry("--model opnai/x").run().exits(2).says("openai");
    #[cfg(feature = "embedded-model")]
    dry("").run().exits(0).says("model: embedded/").says("not prose");
    #[cfg(feature = "embedded-model")]
    for name in ["embedded", "embedded/needle-3"] {
        let ended = dry("").arg("--model").arg(name).run().exits(0);
        ended.says("model: embedded/needle-3 (named by --model)");
    }
    let other = dry("").arg("--model").arg("embedded/other").run().exits(2);
    other
        .says("unknown provider `embedded`")
        .says("`embedded/needle-3`");
    #[cfg(not(feature = "embedded-model"))]
    dry("")
        .run()
        .exits(2)
        .says("there is no model to ask")
        .says("--model");
}

#[test]
fn a_manifest_that_is_broken_or_missing_is_not_run() {
    for command in ["run a.yaml Hello", "call a.yaml t", "tools a.yaml"] {
        toolrun(command).run().exits(2).says("there is no such file");
        let broken = toolrun(command)
            .file("a.yaml", "toolrun: 1\ntools:\n  t: { url: nowhere }\n")
            .run()
            .exits(2);
        broken.prints("").says("a.yaml:3").says("cannot be run");
    }
    toolrun("run a.yaml")
        .file("a.yaml", MANIFEST)
        .run()
        .exits(2)
        .says("PROMPT");
    toolrun("run - -").stdin("").run().exits(2);
}
