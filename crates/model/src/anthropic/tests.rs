//! Requests and streams of the Messages wire.

use serde_json::json;

use super::*;
use crate::Opaque;

fn text(text: &str) -> Part {
    Part::Text {
        text: text.to_owned(),
    }
}

fn call(id: &str, arguments: &str) -> Part {
    Part::ToolCall(ToolCall {
        id: id.to_owned(),
        name: "f".to_owned(),
        arguments: arguments.to_owned(),
    })
}

fn result(call_id: &str, content: &str, is_error: bool) -> Part {
    let (call_id, content) = (call_id.to_owned(), content.to_owned());
    Part::ToolResult(ToolResult {
        call_id,
        name: "f".to_owned(),
        content,
        is_error,
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

fn tool(name: &str) -> ToolSpec {
    let parameters = json!({"type": "object", "properties": {}});
    ToolSpec {
        name: name.to_owned(),
        description: "Does it.".to_owned(),
        parameters,
        writes: false,
    }
}

#[test]
fn a_conversation_is_encoded_with_its_cache_marks() {
    let request = ModelRequest {
        instructions: Some("Be brief.".to_owned()),
        messages: vec![
            user(vec![text("Refund both")]),
            assistant(vec![
                opaque(
                    NAME,
                    json!({"type": "thinking", "thinking": "hm", "signature": "s"}),
                ),
                opaque("openai-chat", json!({"reasoning_content": "hm"})),
                text(" "),
                call("a", r#"{"n": 18446744073709551617}"#),
                call("b:1", ""),
            ]),
            user(vec![result("a", "r1", false)]),
            user(vec![text("and hurry"), result("b:1", "no", true)]),
        ],
        tools: vec![tool("f"), tool("g")],
        ..ModelRequest::default()
    };
    let expected = concat!(
        r#"{"model":"m","max_tokens":8192,"#,
        r#""system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"#,
        r#""tools":[{"name":"f","description":"Does it.","input_schema":{"type":"object","properties":{}}},"#,
        r#"{"name":"g","description":"Does it.","input_schema":{"type":"object","properties":{}},"cache_control":{"type":"ephemeral"}}],"#,
        r#""messages":[{"role":"user","content":[{"type":"text","text":"Refund both"}]},"#,
        r#"{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},"#,
        r#"{"type":"tool_use","id":"a","name":"f","input":{"n":18446744073709551617}},"#,
        r#"{"type":"tool_use","id":"b_1","name":"f","input":{}}]},"#,
        r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"r1"},"#,
        r#"{"type":"tool_result","tool_use_id":"b_1","content":"no","is_error":true},"#,
        r#"{"type":"text","text":"and hurry","cache_control":{"type":"ephemeral"}}]}],"stream":true}"#,
    );
    assert_eq!(Anthropic.encode(&request, "m").to_string(), expected);
}

#[test]
fn a_question_without_tools_is_not_marked() {
    let request = ModelRequest {
        messages: vec![
            user(vec![text("Hi")]),
            assistant(vec![]),
            user(vec![text("there")]),
        ],
        max_tokens: Some(5),
        ..ModelRequest::default()
    };
    let expected = r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"text","text":"there"}]}],"stream":true}"#;
    assert_eq!(Anthropic.encode(&request, "m").to_string(), expected);
}

#[test]
fn a_paused_turn_goes_back_last_and_unmarked() {
    let block = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}});
    let request = ModelRequest {
        messages: vec![
            user(vec![text("Hi")]),
            assistant(vec![opaque(NAME, block.clone())]),
        ],
        tools: vec![tool("f")],
        ..ModelRequest::default()
    };
    let body = Anthropic.encode(&request, "m");
    assert_eq!(
        body["messages"][1],
        json!({"role": "assistant", "content": [block]})
    );
}

#[test]
fn a_shaped_answer_is_asked_for_by_schema() {
    let output = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}});
    let body = Anthropic.encode(
        &ModelRequest {
            output: Some(output),
            ..ModelRequest::default()
        },
        "m",
    );
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false});
    assert_eq!(
        body["output_config"],
        json!({"format": {"type": "json_schema", "schema": schema}})
    );
}

#[test]
fn what_a_tool_is_offered_without_is_said() {
    let mut odd = tool("f");
    odd.parameters = json!({"type": "object", "properties": {}, "oneOf": [{"required": ["a"]}]});
    let (tools, weakened) = Anthropic.tools(&[tool("g"), odd]);
    assert_eq!(
        tools[1]["input_schema"],
        json!({"type": "object", "properties": {}})
    );
    let expected = crate::Weakened {
        tool: "f".into(),
        path: String::new(),
        keyword: "oneOf".into(),
        instead: None,
    };
    assert_eq!(weakened, [expected]);
}
