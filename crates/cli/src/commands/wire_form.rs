//! `toolrun tools --provider`: the tools as a provider gets them, what had to
//! be weakened in them, and what they cost there.
//!
//! The forms themselves are the wires' own: what is printed is what is sent.

use serde_json::{Value, json};
use toolrun_manifest::Effect;
use toolrun_manifest::tokens::estimate;
use toolrun_model::{ToolSpec, Weakened};
use toolrun_runner::{McpFacts, Offered, mcp_entry};

use super::tools::Declared;
use crate::args::WireName;
use crate::console::Console;
use crate::visible::escaped_json;

/// The version of the object that `--json` prints.
const VERSION: u32 = 1;

/// The value of `tools` as that provider gets it; as an object with `--json`.
/// What was weakened and what each tool costs is said, or part of the object.
pub(crate) fn text(
    wire: WireName,
    offered: &[Offered],
    declared: &Declared,
    as_json: bool,
    console: &Console,
) -> String {
    let specs: Vec<ToolSpec> = offered.iter().map(|tool| tool.spec.clone()).collect();
    let (tools, weakened) = match wire {
        WireName::Gemini => toolrun_model::gemini_tools(&specs),
        WireName::Mcp => (mcp(&specs, declared), Vec::new()),
        WireName::Anthropic | WireName::Openai => {
            let provider = toolrun_model::provider(wire.as_str()).expect("both names are rows of the table");
            toolrun_model::wire_tools(provider, &specs)
        }
    };
    let costs = costs(&tools, &specs);
    if as_json {
        return object(wire, &tools, &weakened, &costs);
    }
    for line in lost(&weakened) {
        console.note(&format!("weakened for {}: {line}", wire.as_str()));
    }
    if !weakened.is_empty() {
        console.note("toolrun checks arguments against the manifest's own schemas before every call");
    }
    for (name, tokens) in &costs {
        console.note(&format!("{name}: about {tokens} tokens"));
    }
    let total: u64 = costs.iter().map(|(_, tokens)| tokens).sum();
    console.note(&format!("in all about {total} tokens a turn"));
    escaped_json(format!("{tools:#}\n"))
}

fn mcp(specs: &[ToolSpec], declared: &Declared) -> Value {
    let entry = |spec: &ToolSpec| {
        let known = declared.get(&spec.name);
        let facts = McpFacts {
            effect: known.map_or(Effect::Write, |facts| facts.effect),
            idempotent: known.is_some_and(|facts| facts.idempotent),
            output: known.and_then(|facts| facts.output.as_ref()),
        };
        mcp_entry(spec, facts)
    };
    Value::Array(specs.iter().map(entry).collect())
}

/// What each tool costs in that form. Anthropic's mark for its cache is not
/// read by the model.
fn costs<'a>(tools: &Value, specs: &'a [ToolSpec]) -> Vec<(&'a str, u64)> {
    let list = match tools.pointer("/0/functionDeclarations") {
        Some(declarations) => declarations,
        None => tools,
    };
    let entries = list.as_array().into_iter().flatten();
    let cost = |entry: &Value| {
        let mut entry = entry.clone();
        if let Some(fields) = entry.as_object_mut() {
            fields.shift_remove("cache_control");
        }
        estimate(&entry.to_string())
    };
    specs
        .iter()
        .map(|spec| spec.name.as_str())
        .zip(entries.map(cost))
        .collect()
}

fn object(wire: WireName, tools: &Value, weakened: &[Weakened], costs: &[(&str, u64)]) -> String {
    let weakened: Vec<Value> = weakened
        .iter()
        .map(|part| {
            json!({
                "tool": part.tool,
                "path": part.path,
                "keyword": part.keyword,
                "instead": part.instead,
            })
        })
        .collect();
    let each: serde_json::Map<String, Value> = costs
        .iter()
        .map(|(name, tokens)| ((*name).to_owned(), (*tokens).into()))
        .collect();
    let total: u64 = costs.iter().map(|(_, tokens)| tokens).sum();
    let object = json!({
        "version": VERSION,
        "provider": wire.as_str(),
        "form": wire.form(),
        "tools": tools,
        "weakened": weakened,
        "tokens": { "total": total, "tools": each },
    });
    escaped_json(format!("{object:#}\n"))
}

/// A line for each tool and keyword, with the places that it was taken from.
fn lost(weakened: &[Weakened]) -> Vec<String> {
    let mut groups: Vec<(&Weakened, Vec<String>)> = Vec::new();
    for part in weakened {
        let place = place(&part.path);
        let same = |other: &Weakened| {
            (&other.tool, &other.keyword, &other.instead) == (&part.tool, &part.keyword, &part.instead)
        };
        match groups.iter_mut().find(|(other, _)| same(other)) {
            Some((_, places)) => places.push(place),
            None => groups.push((part, vec![place])),
        }
    }
    let line = |(part, places): (&Weakened, Vec<String>)| {
        let Weakened {
            tool,
            keyword,
            instead,
            ..
        } = part;
        let places = places.join(", ");
        match instead {
            Some(instead) if keyword.is_empty() => format!("`{tool}` has {instead} as its schema"),
            Some(instead) => format!("`{tool}` has {instead} in place of `{keyword}` at {places}"),
            None => format!("`{tool}` is without `{keyword}` at {places}"),
        }
    };
    groups.into_iter().map(line).collect()
}

/// A JSON Pointer into a schema as people name what it describes:
/// `/properties/tags/items` is `tags[]`.
fn place(path: &str) -> String {
    let mut place = String::new();
    let mut steps = path
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"));
    while let Some(step) = steps.next() {
        match step.as_str() {
            "properties" => {
                let dot = if place.is_empty() { "" } else { "." };
                place = format!("{place}{dot}{}", steps.next().unwrap_or_default());
            }
            "items" => place.push_str("[]"),
            "additionalProperties" => place.push_str(".*"),
            "anyOf" | "oneOf" | "prefixItems" => {
                place = format!("{place}({step} {})", steps.next().unwrap_or_default());
            }
            other => place = format!("{place}/{other}"),
        }
    }
    if place.is_empty() {
        "the top".to_owned()
    } else {
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_named_by_their_params() {
        let cases = [
            ("", "the top"),
            ("/properties/email", "email"),
            ("/properties/tags/items", "tags[]"),
            ("/properties/filter/properties/a~1b", "filter.a/b"),
            ("/properties/labels/additionalProperties", "labels.*"),
            ("/properties/id/anyOf/1", "id(anyOf 1)"),
            ("/properties/tree/$defs/node", "tree/$defs/node"),
        ];
        for (path, expected) in cases {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn one_line_tells_of_one_keyword() {
        let part = |tool: &str, path: &str, keyword: &str, instead: Option<&str>| Weakened {
            tool: tool.into(),
            path: path.into(),
            keyword: keyword.into(),
            instead: instead.map(str::to_owned),
        };
        let weakened = [
            part("f", "/properties/a", "maxLength", None),
            part("f", "/properties/b", "exclusiveMinimum", Some("`minimum`")),
            part("f", "/properties/c", "maxLength", None),
            part("g", "", "", Some("an object without properties")),
        ];
        assert_eq!(
            lost(&weakened),
            [
                "`f` is without `maxLength` at a, c",
                "`f` has `minimum` in place of `exclusiveMinimum` at b",
                "`g` has an object without properties as its schema",
            ]
        );
    }
}
