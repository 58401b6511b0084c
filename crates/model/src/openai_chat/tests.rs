//! Requests and streams of the Chat Completions wire.

use serde_json::json;

use super::*;
use crate::{Opaque, ToolResult};

const PLAIN: Dialect = Dialect {
    max_tokens: MaxTokens::Old,
    output: Output::Schema,
    usage: StreamUsage::Asked,
    strict: Strict::Unmarked,
    reasoning: Reasoning::Untouched,
};

fn text(text: &str) -> Part {
    Part::Text {
        text: text.to_owned(),
    }
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    })
}

fn result(call_id: &str, content: &str) -> Part {
    Part::ToolResult(ToolResult {
        call_id: call_id.to_owned(),
        name: "f".to_owned(),
        content: content.to_owned(),
        is_error: true,
    })
}

fn opaque(wire: &str, value: Value) -> Part {
    Part::Opaque(Opaque {
        wire: wire.to_owned(),
        value,
    })
}

fn user(parts: Vec<Part>) -> Message {
    Message {
        role: Role::User,
        parts,
    }
}

fn assistant(parts: Vec<Part>) -> Message {
    Message {
        role: Role::Assistant,
        parts,
    }
}

fn tool(parameters: Value) -> ToolSpec {
    ToolSpec {
        name: "f".to_owned(),
        description: "Does f.".to_owned(),
        parameters,
        writes: false,
    }
}

fn encode(dialect: Dialect, request: &ModelRequest) -> Value {
    OpenAiChat { dialect }.encode(request, "m")
}

#[test]
fn a_conversation_is_encoded_in_order() {
    let request = ModelRequest {
        instructions: Some("Be brief.".to_owned()),
        messages: vec![
            user(vec![text("Refund both")]),
            assistant(vec![
                text("Sure."),
                call("a", "f", r#"{"n": 18446744073709551617}"#),
                call("b", "f", ""),
            ]),
            user(vec![text("and hurry"), result("a", "r1"), result("b", "")]),
            assistant(vec![call("c", "f", r#"{"n":"#)]),
            user(vec![result("c", "not JSON")]),
        ],
        tools: vec![tool(json!({"type": "object", "properties": {}}))],
        max_tokens: Some(64),
        ..ModelRequest::default()
    };
    let expected = concat!(
        r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Refund both"},"#,
        r#"{"role":"assistant","content":"Sure.","tool_calls":["#,
        r#"{"id":"a","type":"function","function":{"name":"f","arguments":"{\"n\": 18446744073709551617}"}},"#,
        r#"{"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},"#,
        r#"{"role":"tool","tool_call_id":"a","content":"r1"},{"role":"tool","tool_call_id":"b","content":""},"#,
        r#"{"role":"user","content":"and hurry"},"#,
        r#"{"role":"assistant","content":null,"tool_calls":["#,
        r#"{"id":"c","type":"function","function":{"name":"f","arguments":"{\"INVALID_JSON\":\"{\\\"n\\\":\"}"}}]},"#,
        r#"{"role":"tool","tool_call_id":"c","content":"not JSON"}],"#,
        r#""tools":[{"type":"function","function":{"name":"f","description":"Does f.","parameters":{"type":"object","properties":{}}}}],"#,
        r#""max_tokens":64,"stream":true,"stream_options":{"include_usage":true}}"#,
    );
    assert_eq!(encode(PLAIN, &request).to_string(), expected);
}

#[test]
fn own_opaque_parts_go_back_and_others_do_not() {
    let request = ModelRequest {
        messages: vec![
            assistant(vec![
                opaque(NAME, json!({"reasoning_content": "hm"})),
                opaque("anthropic", json!({"type": "thinking"})),
                call("a", "f", "{}"),
                opaque(NAME, json!({"call": {"extra_content": {"s": 1}}})),
                call("b", "f", "{}"),
            ]),
            assistant(vec![opaque("anthropic", json!({}))]),
        ],
        ..ModelRequest::default()
    };
    let body = encode(PLAIN, &request);
    let function = json!({"name": "f", "arguments": "{}"});
    let expected = json!([{
        "role": "assistant", "content": null, "reasoning_content": "hm",
        "tool_calls": [
            {"id": "a", "type": "function", "function": function},
            {"id": "b", "type": "function", "function": function, "extra_content": {"s": 1}},
        ],
    }]);
    assert_eq!(body["messages"], expected);
}

#[test]
fn dialects_differ_in_what_they_take() {
    let closed = json!({"type": "object", "properties": {}, "additionalProperties": false});
    let request = |with_tools: bool| ModelRequest {
        tools: if with_tools {
            vec![tool(closed.clone())]
        } else {
            vec![]
        },
        output: Some(closed.clone()),
        max_tokens: Some(9),
        ..ModelRequest::default()
    };
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": closed, "strict": true}});

    let openai = Dialect {
        max_tokens: MaxTokens::New,
        strict: Strict::Marked,
        ..PLAIN
    };
    let body = encode(openai, &request(true));
    assert_eq!(body["tools"][0]["function"]["strict"], true);
    assert_eq!(
        (&body["max_completion_tokens"], body.get("max_tokens")),
        (&json!(9), None)
    );
    assert_eq!(
        (&body["response_format"], &body["messages"]),
        (&format, &json!([]))
    );

    let alone = Dialect {
        output: Output::SchemaWithoutTools,
        ..PLAIN
    };
    assert_eq!(encode(alone, &request(false))["response_format"], format);
    let body = encode(alone, &request(true));
    assert_eq!(
        (
            body.get("response_format"),
            body["tools"][0]["function"].get("strict")
        ),
        (None, None)
    );
    let system = body["messages"][0]["content"].as_str().unwrap();
    assert!(
        system.ends_with(&format!("JSON Schema, and nothing else: {closed}")),
        "{system}"
    );
}

#[test]
fn fields_that_a_service_refuses_are_left_out() {
    let request = ModelRequest {
        output: Some(json!({"type": "object"})),
        ..ModelRequest::default()
    };
    let mistral = Dialect {
        usage: StreamUsage::Always,
        output: Output::Words,
        ..PLAIN
    };
    let body = encode(mistral, &request);
    assert_eq!(
        (body.get("stream_options"), body.get("response_format")),
        (None, None)
    );
}

#[test]
fn reasoning_is_off_beside_tools_where_it_must_be() {
    let dialect = Dialect {
        reasoning: Reasoning::OffBesideTools,
        ..PLAIN
    };
    let request = ModelRequest {
        tools: vec![tool(json!({"type": "object"}))],
        ..ModelRequest::default()
    };
    let effort = |model: &str, request: &ModelRequest| {
        OpenAiChat { dialect }
            .encode(request, model)
            .get("reasoning_effort")
            .cloned()
    };
    for model in [
        "gpt-5.6",
        "gpt-5.6-terra",
        "gpt-5.10",
        "gpt-6-sol",
        "gpt-6.1-terra",
    ] {
        assert_eq!(effort(model, &request), Some("none".into()), "{model}");
        assert_eq!(
            effort(model, &ModelRequest::default()),
            None,
            "{model} without tools"
        );
    }
    for model in [
        "gpt-4.1",
        "gpt-4o",
        "gpt-5",
        "gpt-5.2-chat-latest",
        "gpt-5.4-mini",
        "gpt-oss-120b",
        "o3",
        "qwen3:8b",
        "gpt-",
    ] {
        assert_eq!(effort(model, &request), None, "{model}");
    }
}

#[test]
fn a_tool_is_strict_without_its_bounds_of_length() {
    let param = json!({"type": "string", "maxLength": 8192});
    let bounded = json!({"type": "object", "properties": {"a": param}, "required": ["a"], "additionalProperties": false});
    let openai = OpenAiChat {
        dialect: Dialect {
            strict: Strict::Marked,
            ..PLAIN
        },
    };
    let (tools, weakened) = openai.tools(&[tool(bounded.clone())]);
    let function = &tools[0]["function"];
    assert_eq!(function["strict"], true);
    assert_eq!(
        function["parameters"]["properties"]["a"],
        json!({"type": "string"})
    );
    let lost: Vec<_> = weakened
        .iter()
        .map(|part| (part.path.as_str(), part.keyword.as_str()))
        .collect();
    assert_eq!(lost, [("/properties/a", "maxLength")]);

    let (tools, weakened) = OpenAiChat { dialect: PLAIN }.tools(&[tool(bounded.clone())]);
    assert_eq!(
        (&tools[0]["function"]["parameters"], weakened),
        (&bounded, vec![])
    );
}

#[test]
fn an_output_that_strict_mode_does_not_take_is_not_strict() {
    let output = json!({"type": "object", "properties": {"answer": {"type": "string"}}});
    let body = encode(
        PLAIN,
        &ModelRequest {
            output: Some(output.clone()),
            ..ModelRequest::default()
        },
    );
    assert_eq!(
        body["response_format"]["json_schema"],
        json!({"name": "answer", "schema": output, "strict": false})
    );
}
