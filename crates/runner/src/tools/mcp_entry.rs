//! A tool as an entry of MCP's `tools/list`: pure data, without a server.
//!
//! Follows the protocol's revision of 28 July 2026. Earlier ones (from
//! 2025-06-18) differ in one point: there `outputSchema` must be an object's.

use serde_json::{Map, Value, json};
use toolrun_manifest::Effect;
use toolrun_model::ToolSpec;

/// The revision of the protocol that an entry follows.
pub const MCP_REVISION: &str = "2026-07-28";

/// What MCP says of a tool beside what a model reads.
#[derive(Debug, Clone, Copy)]
pub struct McpFacts<'a> {
    /// What it does to the world.
    pub effect: Effect,
    /// Whether the same call twice does no more than once.
    pub idempotent: bool,
    /// JSON Schema of its result.
    pub output: Option<&'a Value>,
}

/// The entry of one tool. The author's schema stands in it as it is: MCP takes
/// all of JSON Schema 2020-12.
///
/// All four hints are said, since a client assumes the worst of those that are
/// not. `openWorldHint` is always true: what answers is another service.
pub fn mcp_entry(spec: &ToolSpec, facts: McpFacts<'_>) -> Value {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), spec.name.as_str().into());
    entry.insert("description".to_owned(), spec.description.as_str().into());
    entry.insert("inputSchema".to_owned(), spec.parameters.clone());
    if let Some(output) = facts.output.filter(|output| output.is_object()) {
        entry.insert("outputSchema".to_owned(), output.clone());
    }
    let hints = json!({
        "readOnlyHint": facts.effect == Effect::Read,
        "destructiveHint": facts.effect == Effect::Destructive,
        "idempotentHint": facts.idempotent,
        "openWorldHint": true,
    });
    entry.insert("annotations".to_owned(), hints);
    Value::Object(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(effect: Effect, idempotent: bool, output: Option<&Value>) -> Value {
        let spec = ToolSpec {
            name: "t".into(),
            description: "Does it.".into(),
            parameters: json!({"type": "object", "properties": {"a": {"not": {}}}}),
            writes: true,
        };
        mcp_entry(
            &spec,
            McpFacts {
                effect,
                idempotent,
                output,
            },
        )
    }

    #[test]
    fn hints_say_what_a_tool_does() {
        let cases = [
            (Effect::Read, true, [true, false, true]),
            (Effect::Write, false, [false, false, false]),
            (Effect::Write, true, [false, false, true]),
            (Effect::Destructive, false, [false, true, false]),
        ];
        for (effect, idempotent, [read_only, destructive, idempotent_hint]) in cases {
            let expected = json!({
                "readOnlyHint": read_only, "destructiveHint": destructive,
                "idempotentHint": idempotent_hint, "openWorldHint": true,
            });
            assert_eq!(
                entry(effect, idempotent, None)["annotations"],
                expected,
                "{effect:?}"
            );
        }
    }

    #[test]
    fn schemas_stand_as_they_are() {
        let output = json!({"type": "array", "items": {"type": "integer"}});
        let entry = entry(Effect::Read, true, Some(&output));
        assert_eq!(entry["outputSchema"], output);
        assert_eq!(entry["inputSchema"]["properties"]["a"], json!({"not": {}}));
    }

    #[test]
    fn without_an_output_nothing_is_promised() {
        let keys = |entry: &Value| {
            entry
                .as_object()
                .map(|map| map.keys().cloned().collect::<Vec<_>>())
        };
        let expected = ["name", "description", "inputSchema", "annotations"];
        assert_eq!(
            keys(&entry(Effect::Read, true, None)).expect("an object"),
            expected
        );
        assert_eq!(
            keys(&entry(Effect::Read, true, Some(&json!(true)))).expect("an object"),
            expected
        );
    }
}
