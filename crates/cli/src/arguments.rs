//! `key=value` on the command line as JSON arguments, typed by the params.
//! What cannot be typed stays text, and the validator says what is wrong.

use serde_json::{Map, Value};
use toolrun_manifest::{Param, ParamKind};

use crate::args::Assignment;
use crate::exit::Failure;

/// The arguments as a JSON object: `--args`, then the pairs over it.
pub(crate) fn of(params: &[Param], pairs: &[Assignment], json: Option<&str>) -> Result<String, Failure> {
    let mut arguments = match json.map(serde_json::from_str) {
        None => Map::new(),
        Some(Ok(Value::Object(object))) => object,
        Some(Ok(_)) => {
            return Err(Failure::usage("--args is not a JSON object").with_hint("such as '{\"limit\": 5}'"));
        }
        // It has the form of JSON: the validator says where it goes wrong.
        Some(Err(error)) if pairs.is_empty() && is_about_a_value(&error) => {
            return Ok(json.unwrap_or_default().to_owned());
        }
        Some(Err(error)) => {
            return Err(Failure::usage(format!("--args is not JSON: {error}"))
                .with_hint("quote it for the shell, such as '{\"limit\": 5}'"));
        }
    };
    if let (Some(text), true) = (json, pairs.is_empty()) {
        // The validator sees more in the text than is left of it here, such
        // as a key that stands there twice.
        return Ok(text.to_owned());
    }
    let mut given: Vec<&str> = Vec::new();
    for Assignment { name, value } in pairs {
        let param = params.iter().find(|param| &param.name == name);
        let typed = typed(param, value);
        let repeated = given.contains(&name.as_str());
        given.push(name);
        match arguments.get_mut(name) {
            Some(Value::Array(items)) if repeated => match typed {
                Value::Array(more) => items.extend(more),
                one => items.push(one),
            },
            _ if repeated => {
                return Err(Failure::usage(format!("`{name}` is given twice"))
                    .with_hint("only lists may be repeated"));
            }
            _ => {
                arguments.insert(name.clone(), typed);
            }
        }
    }
    Ok(Value::Object(arguments).to_string())
}

/// Nested too deeply, or a text with half a character: neither is the doing of
/// a shell.
fn is_about_a_value(error: &serde_json::Error) -> bool {
    let reason = error.to_string();
    reason.starts_with("recursion limit") || reason.contains("hex escape")
}

fn typed(param: Option<&Param>, value: &str) -> Value {
    let text = || Value::String(value.to_owned());
    match param.map(|param| (param.kind, &param.schema)) {
        None | Some((ParamKind::String | ParamKind::File, _)) => text(),
        Some((ParamKind::Integer | ParamKind::Number | ParamKind::Boolean, _)) => scalar(value),
        Some((ParamKind::Map | ParamKind::Schema, _)) => {
            serde_json::from_str(value).unwrap_or_else(|_| text())
        }
        Some((ParamKind::Array, schema)) => match serde_json::from_str(value) {
            Ok(list @ Value::Array(_)) => list,
            _ => Value::Array(vec![match schema["items"]["type"].as_str() {
                Some("string") => text(),
                _ => scalar(value),
            }]),
        },
    }
}

/// A number, `true`, `false` or `null` as such, anything else as text.
fn scalar(value: &str) -> Value {
    match serde_json::from_str(value) {
        Ok(scalar @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => scalar,
        _ => Value::String(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Vec<Param> {
        let text = "toolrun: 1\ntools:\n  t:\n    description: Returns the opening hours of the shop, day by day.\n    \
                    params:\n      s: { type: string, optional: true, description: Some text }\n      \
                    i: { type: integer, optional: true, description: Some count }\n      \
                    b: { type: boolean, optional: true, description: Some choice }\n      \
                    a: { type: array, items: { type: string }, optional: true, description: Some words }\n      \
                    n: { type: array, items: { type: number }, optional: true, description: Some numbers }\n    \
                    url: https://a.example/x?s={{ s }}&i={{ i }}&b={{ b }}&a={{ a }}&n={{ n }}\n";
        let loaded = crate::manifest_file::load_text("x.yaml", text.to_owned());
        loaded.manifest.expect("a good manifest").tools.remove(0).params
    }

    #[track_caller]
    fn case(pairs: &[&str], json: Option<&str>, expected: Result<&str, &str>) {
        let pairs: Vec<Assignment> = pairs
            .iter()
            .map(|pair| pair.parse().expect("KEY=VALUE"))
            .collect();
        match (of(&params(), &pairs, json), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(failure), Err(part)) => assert!(failure.to_string().contains(part), "{failure}"),
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn values_are_typed_by_their_param() {
        case(&["s=5"], None, Ok(r#"{"s":"5"}"#));
        case(&["i=5"], None, Ok(r#"{"i":5}"#));
        case(
            &["i=18446744073709551616"],
            None,
            Ok(r#"{"i":18446744073709551616}"#),
        );
        case(&["i=five"], None, Ok(r#"{"i":"five"}"#));
        case(&["b=true"], None, Ok(r#"{"b":true}"#));
        case(&["a=5"], None, Ok(r#"{"a":["5"]}"#));
        case(&["a=x", "a=y"], None, Ok(r#"{"a":["x","y"]}"#));
        case(&[r#"a=["x","y"]"#], None, Ok(r#"{"a":["x","y"]}"#));
        case(&["n=1", "n=2.50"], None, Ok(r#"{"n":[1,2.50]}"#));
        case(&["unknown=1"], None, Ok(r#"{"unknown":"1"}"#));
    }

    #[test]
    fn pairs_win_over_the_object() {
        case(&["i=5"], Some(r#"{"i":1,"s":"x"}"#), Ok(r#"{"i":5,"s":"x"}"#));
        case(&[], Some(r#"{"s":"a", "s":"b"}"#), Ok(r#"{"s":"a", "s":"b"}"#));
        case(&[], None, Ok("{}"));
        case(&[], Some("[]"), Err("not a JSON object"));
        case(&[], Some("{"), Err("not JSON"));
        case(&[], Some(r#"{"s":"\ud800"}"#), Ok(r#"{"s":"\ud800"}"#));
        let deep = format!(r#"{{"s":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        case(&[], Some(&deep), Ok(&deep));
        case(&["s=a", "s=b"], None, Err("given twice"));
    }
}
