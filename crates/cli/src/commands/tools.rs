//! `toolrun tools`: what the model will see, and what it costs in tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use toolrun_manifest::{Effect, Manifest, Param, ParamKind};
use toolrun_runner::{Offered, Session};

use super::wire_form;
use crate::args::{ConnectionArgs, ToolsArgs};
use crate::console::Console;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::files::Unopened;
use crate::lock;
use crate::manifest_file;
use crate::render::diagnostics::counted;
use crate::render::progress::{Detail, Progress};
use crate::session::{self, Outside};
use crate::visible::escaped_json;

/// The version of the object that `--json` prints.
const VERSION: u32 = 1;

/// Prints the tools on offer.
pub(crate) fn run(args: &ToolsArgs, console: &Console) -> Result<Exit, Failure> {
    let (manifest, content) = manifest_file::load_with_content(&args.file, console)?;
    lock::hold(args.locked, &manifest, &content)?;
    session::say_what_is_left_out(&manifest, console);
    let declared = Declared::of(&manifest);
    let offered = offered(manifest, console)?;
    let text = match args.provider {
        Some(wire) => wire_form::text(wire, &offered, &declared, args.json, console),
        None if args.json => object(&offered, &declared),
        None => table(&offered, &declared, console),
    };
    console.out(&text)?;
    Ok(Exit::Done)
}

/// The tools as the loop would offer them. No value from outside is looked at.
fn offered(mut manifest: Manifest, console: &Console) -> Result<Vec<Offered>, Failure> {
    manifest.vars.clear();
    let connection = ConnectionArgs::default();
    let progress = Progress::new(console, Detail::Nothing);
    let mut setup = Outside::new(Environment::default()).setup(manifest, &connection, console, &progress)?;
    setup.files = Some(Arc::new(Unopened));
    Ok(Session::new(setup)?.offered())
}

fn object(offered: &[Offered], declared: &Declared) -> String {
    let tools: Vec<Value> = offered
        .iter()
        .map(|tool| {
            let files = files_of(declared, &tool.spec.name);
            let mut object = json!({
                "name": tool.spec.name,
                "description": tool.spec.description,
                "parameters": tool.spec.parameters,
                "effect": effect_word(declared, &tool.spec.name),
                "tokens": tool.tokens,
            });
            if !files.is_empty() {
                object["files"] = json!(files);
            }
            object
        })
        .collect();
    let object = json!({ "version": VERSION, "tools": tools, "tokens": total(offered) });
    escaped_json(format!("{object:#}\n"))
}

/// One tool a line, its params below it.
fn table(offered: &[Offered], declared: &Declared, console: &Console) -> String {
    let width = console.width().unwrap_or(100).max(30);
    let mut text = String::new();
    for tool in offered {
        let spec = &tool.spec;
        let files = files_of(declared, &spec.name);
        let sends = if files.is_empty() {
            ""
        } else {
            ", sends files of --files DIR"
        };
        text.push_str(&format!(
            "{} ({}{sends}, about {} tokens)\n",
            spec.name,
            effect_word(declared, &spec.name),
            tool.tokens
        ));
        for line in wrapped(&spec.description, width - 2) {
            text.push_str(&format!("  {line}\n"));
        }
        for line in params(&spec.parameters, &files) {
            for (number, part) in wrapped(&line, width - 6).iter().enumerate() {
                text.push_str(if number == 0 { "    " } else { "      " });
                text.push_str(&format!("{part}\n"));
            }
        }
        text.push('\n');
    }
    text.push_str(&format!(
        "{}, about {} tokens a turn\n",
        counted(offered.len(), "tool"),
        total(offered)
    ));
    text
}

/// `limit: integer, optional. How many orders at most`
fn params(schema: &Value, files: &[&str]) -> Vec<String> {
    let required = |name: &str| {
        schema["required"]
            .as_array()
            .is_some_and(|names| names.iter().any(|required| required == name))
    };
    let Some(properties) = schema["properties"].as_object() else {
        return Vec::new();
    };
    properties
        .iter()
        .map(|(name, param)| {
            let kind = match (&param["enum"], &param["type"]) {
                (Value::Array(values), _) => values
                    .iter()
                    .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                    .collect::<Vec<_>>()
                    .join("|"),
                _ if files.contains(&name.as_str()) => "file".to_owned(),
                (_, Value::String(kind)) => kind.clone(),
                _ => "any".to_owned(),
            };
            let optional = if required(name) { "" } else { ", optional" };
            match param["description"].as_str() {
                Some(description) => format!("{name}: {kind}{optional}. {description}"),
                None => format!("{name}: {kind}{optional}"),
            }
        })
        .collect()
}

/// What the manifest says of tools and workflows that a model does not see.
pub(super) struct Declared(BTreeMap<String, Facts>);

/// What it says of one.
pub(super) struct Facts {
    pub(super) effect: Effect,
    pub(super) idempotent: bool,
    /// JSON Schema of the result.
    pub(super) output: Option<Value>,
    params: Vec<Param>,
}

impl Declared {
    fn of(manifest: &Manifest) -> Self {
        let tools = manifest.tools.iter().map(|tool| {
            let facts = Facts {
                effect: tool.effect,
                idempotent: tool.idempotent,
                output: tool.result.output.clone(),
                params: tool.params.clone(),
            };
            (tool.name.clone(), facts)
        });
        let workflows = manifest.workflows.iter().map(|workflow| {
            let facts = Facts {
                effect: workflow.effect,
                // Of a chain only reads are sure to do no more the second time.
                idempotent: workflow.effect == Effect::Read,
                output: None,
                params: workflow.params.clone(),
            };
            (workflow.name.clone(), facts)
        });
        Self(tools.chain(workflows).collect())
    }

    /// What is said of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Facts> {
        self.0.get(name)
    }
}

fn effect_word(declared: &Declared, name: &str) -> &'static str {
    match declared.get(name).map(|facts| facts.effect) {
        Some(Effect::Write) => "write",
        Some(Effect::Destructive) => "destructive",
        _ => "read",
    }
}

/// The params of a tool that name files.
fn files_of<'a>(declared: &'a Declared, name: &str) -> Vec<&'a str> {
    let params = declared.get(name).into_iter().flat_map(|facts| &facts.params);
    params
        .filter(|param| param.kind == ParamKind::File)
        .map(|param| param.name.as_str())
        .collect()
}

fn total(offered: &[Offered]) -> u64 {
    offered.iter().map(|tool| tool.tokens).sum()
}

/// Breaks a text at blanks; a word that is too long stands alone.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_broken_at_blanks() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij k", 4), ["abcdefghij", "k"]);
        assert!(wrapped("", 4).is_empty());
    }

    #[test]
    fn params_are_listed_with_type_and_need() {
        let schema = json!({
            "properties": {
                "email": { "type": "string", "description": "The address" },
                "status": { "type": "string", "enum": ["open", "paid"] },
            },
            "required": ["email"],
        });
        assert_eq!(
            params(&schema, &[]),
            ["email: string. The address", "status: open|paid, optional"]
        );
    }
}
