//! `toolrun tools --provider`: each form whole, legal, and the one that is
//! sent; what is weakened is said, and still checked.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::llm::{Llm, Turn};
use crate::support::program::toolrun;
use crate::support::shop::{self, MANIFEST};

const PROVIDERS: [&str; 4] = ["openai", "anthropic", "gemini", "mcp"];

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/wire")
}

fn every() -> String {
    std::fs::read_to_string(cases().join("every.yaml")).expect("the manifest")
}

/// The object of `--json`.
fn object(provider: &str) -> Value {
    toolrun(&format!("tools every.yaml --json --provider {provider}"))
        .file("every.yaml", &every())
        .run()
        .exits(0)
        .json()
}

#[test]
fn every_kind_of_param_in_every_form() {
    for provider in PROVIDERS {
        let ended = toolrun(&format!("tools every.yaml --json --provider {provider}"))
            .file("every.yaml", &every())
            .run()
            .exits(0);
        let path = cases().join(format!("{provider}.json"));
        if std::env::var_os("TOOLRUN_BLESS").is_some() {
            std::fs::write(&path, &ended.stdout).expect("a golden");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = kept
            .lines()
            .zip(ended.stdout.lines())
            .find(|(kept, printed)| kept != printed);
        assert!(
            kept == ended.stdout,
            "{} is another: review it with TOOLRUN_BLESS=1; first: {differs:?}",
            path.display()
        );
    }
}

/// The fields of one tool as the providers' descriptions have them, checked by
/// hand: OpenAI's and Anthropic's published OpenAPI (`FunctionObject`, `Tool`,
/// `InputSchema`), Google's description of v1beta (`FunctionDeclaration`), the
/// protocol's schema of 2026-07-28 (`Tool`, `ToolAnnotations`). Closed where a
/// further field is an error.
fn legal(provider: &str) -> Value {
    let object = json!({"type": "object", "required": ["type"], "properties": {"type": {"const": "object"}}});
    let name = |most: u32| json!({"type": "string", "pattern": format!("^[a-zA-Z0-9_-]{{1,{most}}}$")});
    let text = json!({"type": "string", "minLength": 1});
    let flag = json!({"type": "boolean"});
    let cache = json!({"const": {"type": "ephemeral"}});
    let fields = |required: Value, properties: Value| {
        json!({
            "type": "object", "required": required, "properties": properties,
            "additionalProperties": false,
        })
    };
    match provider {
        "openai" => {
            let function = fields(
                json!(["name"]),
                json!({"name": name(64), "description": text, "parameters": object, "strict": flag}),
            );
            fields(
                json!(["type", "function"]),
                json!({"type": {"const": "function"}, "function": function}),
            )
        }
        "anthropic" => fields(
            json!(["name", "input_schema"]),
            json!({"name": name(128), "description": text, "input_schema": object, "cache_control": cache}),
        ),
        "gemini" => {
            let openapi = json!({
                "type": "object", "required": ["type", "properties"],
                "properties": {"type": {"const": "OBJECT"}, "properties": {"minProperties": 1}},
            });
            let mut declaration = fields(
                json!(["name", "description"]),
                json!({"name": name(64), "description": text, "parameters": openapi, "parametersJsonSchema": object}),
            );
            declaration["not"] = json!({"required": ["parameters", "parametersJsonSchema"]});
            declaration
        }
        _ => {
            let hints = fields(
                json!([]),
                json!({
                    "title": text, "readOnlyHint": flag, "destructiveHint": flag,
                    "idempotentHint": flag, "openWorldHint": flag,
                }),
            );
            fields(
                json!(["name", "inputSchema"]),
                json!({
                    "name": name(128), "title": text, "description": text, "inputSchema": object,
                    "outputSchema": {"type": "object"}, "annotations": hints,
                }),
            )
        }
    }
}

/// The tools one by one, out of Gemini's list of declarations as well.
fn each(object: &Value) -> Vec<Value> {
    let tools = &object["tools"];
    let list = tools.pointer("/0/functionDeclarations").unwrap_or(tools);
    list.as_array().expect("a list").clone()
}

#[test]
fn every_form_is_legal() {
    for provider in PROVIDERS {
        let schema = jsonschema::validator_for(&legal(provider)).expect("a schema");
        let object = object(provider);
        let tools = each(&object);
        assert_eq!(tools.len(), 7, "{provider}");
        for tool in &tools {
            let wrong: Vec<String> = schema.iter_errors(tool).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{provider}: {wrong:?} in {tool}");
        }
        assert_eq!(object["provider"], *provider);
        assert_eq!(object["version"].to_string(), "1");
        let costs = object["tokens"]["tools"].as_object().expect("costs");
        let sum: u64 = costs.values().filter_map(Value::as_u64).sum();
        assert_eq!(object["tokens"]["total"].as_u64(), Some(sum), "{provider}");
        assert_eq!(costs.len(), tools.len(), "{provider}");
        assert!(
            costs.values().all(|cost| cost.as_u64() > Some(10)),
            "{provider}: {costs:?}"
        );
    }
}

/// The schema of that name in a provider's description.
fn published(folder: &Path, file: &str, name: &str) -> Validator {
    let text = std::fs::read_to_string(folder.join(file)).expect("a description");
    let mut description: Value = serde_json::from_str(&text).expect("JSON");
    let components = description["components"].take();
    let root = json!({"$ref": format!("#/components/schemas/{name}"), "components": components});
    jsonschema::validator_for(&root).expect("a schema")
}

/// Needs the folder `TOOLRUN_OPENAPI` with the descriptions that OpenAI and
/// Anthropic publish, as `openai.json` and `anthropic.json`.
#[test]
#[ignore = "needs the published descriptions"]
fn every_form_is_legal_by_the_published_descriptions() {
    let folder = PathBuf::from(std::env::var_os("TOOLRUN_OPENAPI").expect("TOOLRUN_OPENAPI"));
    for (provider, name) in [("openai", "ChatCompletionTool"), ("anthropic", "Tool")] {
        let schema = published(&folder, &format!("{provider}.json"), name);
        for tool in each(&object(provider)) {
            let wrong: Vec<String> = schema.iter_errors(&tool).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{provider}: {wrong:?} in {tool}");
        }
        assert!(!schema.is_valid(&json!({"name": 5})), "{provider}: it can refuse");
    }
}

#[test]
fn the_form_goes_to_stdout_and_what_it_lost_and_costs_to_stderr() {
    let run = |words: &str| {
        toolrun(&format!("tools every.yaml --provider {words}"))
            .file("every.yaml", &every())
            .run()
            .exits(0)
    };
    let ended = run("gemini");
    let printed: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(printed, object("gemini")["tools"]);
    let ended = ended
        .says("weakened for gemini: `plain_search` has `minimum` in place of `exclusiveMinimum` at price")
        .says("weakened for gemini: `plain_search` is without `format` at nested.a/b");
    ended
        .says("toolrun checks arguments against the manifest's own schemas before every call")
        .says("ping: about ")
        .says("in all about ");
    assert_eq!(run("gemini --quiet").stderr, "");
    let lossless = run("mcp");
    assert!(!lossless.stderr.contains("weakened"), "{}", lossless.stderr);
    lossless.says("ping: about ");
}

/// What a form leaves out is not lost: here the length that OpenAI's strict
/// mode does not know.
#[test]
fn what_is_weakened_is_still_checked() {
    let weakened = object("openai")["weakened"].clone();
    let part = json!({
        "tool": "strict_get", "path": "/properties/record_id", "keyword": "maxLength", "instead": null,
    });
    assert!(
        weakened.as_array().is_some_and(|all| all.contains(&part)),
        "{weakened}"
    );
    let long = format!("record_id={}", "x".repeat(8193));
    toolrun("call every.yaml strict_get --dry-run")
        .arg(long)
        .file("every.yaml", &every())
        .run()
        .exits(2)
        .says("at most 8192 characters");
}

/// One source: what is shown is what a run sends.
#[test]
fn the_form_that_is_shown_is_the_one_that_is_sent() {
    let shown = |provider: &str| {
        toolrun(&format!("tools shop.yaml --provider {provider}"))
            .file("shop.yaml", MANIFEST)
            .run()
            .exits(0)
            .json()
    };
    for provider in ["openai", "anthropic"] {
        let llm = Llm::start(vec![Turn::Say("Done.")]);
        shop::run(provider, &llm, &shop::shop(), "Hello").run().exits(0);
        assert_eq!(shown(provider), llm.asked()[0]["tools"], "{provider}");
    }
}
