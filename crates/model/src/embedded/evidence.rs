//! The evidence guard: an argument counts only if the request holds a trace of
//! it.
//!
//! A small model fills gaps with what sounds likely. So every value it gives is
//! looked for in the request: as text without regard to case, accents and
//! punctuation, as number or number word, as date, or through the [words] that
//! stand for a code. An optional argument without a trace is dropped; a
//! required one withholds the call. Whether the trace is meant for this
//! argument is not known: the guard stops inventions, not mix-ups.
//!
//! [words]: super::words

use serde_json::{Map, Value};

use super::date::{is_date, says_date, speaks_of_day};
use super::kind::is_misplaced;
use super::request::{Request, fold, words_of};
use super::words::{COUNTRIES, CURRENCIES, LANGUAGES, SHORT_FORMS};
use crate::message::ToolSpec;

/// What becomes of a call.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// It may go on, without the optional arguments that had no trace.
    Call {
        /// The tool.
        name: String,
        /// The arguments as JSON text.
        arguments: String,
    },
    /// A required argument had none: perhaps another tool was meant.
    Withheld {
        /// The tool.
        name: String,
        /// A sentence for the person.
        reason: String,
        /// The other values, as text, that did have a trace.
        found: Vec<String>,
    },
    /// A day is meant that the request does not write out; no other tool could
    /// do without it.
    Unwritten {
        /// A sentence for the person.
        reason: String,
    },
    /// A value belongs to another tool.
    Misplaced {
        /// The tool that it was given to.
        name: String,
    },
}

/// Judges one call of the shape `{name, arguments}`; `None` if it has another
/// shape or names no tool on offer.
pub(super) fn judge(call: &Value, tools: &[&ToolSpec], request: &Request) -> Option<Verdict> {
    let name = call.get("name")?.as_str()?;
    let tool = tools.iter().find(|tool| tool.name == name)?;
    let arguments = call.get("arguments")?.as_object()?;
    let required: Vec<&str> = tool
        .parameters
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut kept = Map::new();
    let mut lacks = None;
    for (param, value) in arguments {
        let schema = &tool.parameters["properties"][param];
        if value
            .as_str()
            .is_some_and(|text| is_misplaced(text, param, schema))
        {
            let name = name.to_owned();
            return Some(Verdict::Misplaced { name });
        }
        match trace((tool, param), value, schema, request) {
            Trace::Found => drop(kept.insert(param.clone(), value.clone())),
            Trace::Unwritten => {
                return Some(Verdict::Unwritten {
                    reason: format!(
                        "`{name}` was not called: `{param}` needs a date written out, such as 2026-01-31"
                    ),
                });
            }
            Trace::Absent if required.contains(&param.as_str()) => {
                lacks.get_or_insert(param);
            }
            Trace::Absent => {}
        }
    }
    if let Some(param) = lacks {
        return Some(Verdict::Withheld {
            name: name.to_owned(),
            reason: missing(name, param),
            found: kept.values().map(as_text).collect(),
        });
    }
    Some(Verdict::Call {
        name: name.to_owned(),
        arguments: Value::Object(kept).to_string(),
    })
}

/// Why a tool is not called whose required param the request does not give.
pub(super) fn missing(tool: &str, param: &str) -> String {
    format!("`{tool}` was not called: the request does not say its `{param}`")
}

/// A value as two calls may share it: without quotes and case.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => fold(text),
        other => other.to_string(),
    }
}

/// What the request says of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trace {
    Found,
    Absent,
    /// It speaks of a day without its year, or of one that depends on today,
    /// which the model does not know.
    Unwritten,
}

fn trace(param: (&ToolSpec, &str), value: &Value, schema: &Value, request: &Request) -> Trace {
    let fixed = schema.get("const").is_some()
        || schema
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|choices| choices.len() == 1);
    if fixed {
        return Trace::Found;
    }
    let found =
        match value {
            Value::Null => false,
            Value::Bool(_) => mentions(param, schema, request),
            Value::Number(number) => number.as_f64().is_some_and(|number| request.has_number(number)),
            Value::String(text) if is_date(text) => return date_trace(text, request),
            // The param's own name is what every request about it says.
            Value::String(text) if is_named(param.1, text) => false,
            Value::String(text) => text_trace(text, schema, request),
            Value::Array(items) => {
                let schema = &schema["items"];
                return combine(items.iter().map(|item| trace(param, item, schema, request)));
            }
            Value::Object(fields) => {
                return combine(fields.iter().map(|(name, field)| {
                    trace((param.0, name), field, &schema["properties"][name], request)
                }));
            }
        };
    if found { Trace::Found } else { Trace::Absent }
}

/// A list or map is as good as its worst part.
fn combine(traces: impl Iterator<Item = Trace>) -> Trace {
    let mut worst = Trace::Found;
    for trace in traces {
        match trace {
            Trace::Unwritten => return Trace::Unwritten,
            Trace::Absent => worst = Trace::Absent,
            Trace::Found => {}
        }
    }
    worst
}

/// Whether the request speaks of what the param is about: for yes or no, whose
/// value is no word of the request. Words that the tool's own description uses
/// say nothing about one of its params.
fn mentions((tool, param): (&ToolSpec, &str), schema: &Value, request: &Request) -> bool {
    const EMPTY: [&str; 6] = ["whether", "only", "true", "false", "with", "that"];
    let about_tool = Request::new(&format!("{} {}", tool.name.replace('_', " "), tool.description));
    let description = schema.get("description").and_then(Value::as_str);
    let about_param = fold(&format!(
        "{} {}",
        param.replace('_', " "),
        description.unwrap_or_default()
    ));
    words_of(&about_param)
        .filter(|word| word.len() > 3 && !EMPTY.contains(word) && !about_tool.has_word_like(word))
        .any(|word| request.has_word_like(word))
}

fn is_named(param: &str, text: &str) -> bool {
    let (name, text) = (fold(param).replace('_', " "), fold(text));
    words_of(&text).all(|word| words_of(&name).any(|own| own == word))
}

fn text_trace(text: &str, schema: &Value, request: &Request) -> bool {
    if request.has_text(text) || stands_for(text, request) || abbreviates(text, request) {
        return true;
    }
    if let Ok(number) = text.parse::<f64>() {
        return request.has_number(number);
    }
    let folded = fold(text);
    let content: Vec<&str> = words_of(&folded).filter(|word| word.len() > 2).collect();
    if content.is_empty() {
        return false;
    }
    let known = content.iter().filter(|word| request.has_word_like(word)).count();
    // A choice or a name has to stand there whole; free text may be reworded.
    let is_choice = schema.get("enum").is_some();
    if is_choice || content.len() < 3 {
        known == content.len()
    } else {
        known * 2 >= content.len()
    }
}

/// Whether the request holds words for this code.
fn stands_for(code: &str, request: &Request) -> bool {
    let says = |words: &[&str]| words.iter().any(|word| request.has_phrase(word));
    let upper = code.to_uppercase();
    let lower = code.to_lowercase();
    CURRENCIES
        .iter()
        .any(|(known, words)| *known == upper && says(words))
        || COUNTRIES.iter().any(|(two, three, names)| {
            (*two == upper || *three == upper || names.contains(&lower.as_str()))
                && (says(names) || request.has_phrase(&two.to_lowercase()))
        })
        || LANGUAGES
            .iter()
            .any(|(known, words)| *known == lower && says(words))
        || SHORT_FORMS
            .iter()
            .any(|(known, words)| *known == lower && says(words))
}

/// Whether a short code in capitals is drawn from one word of the request, as
/// `MSFT` from Microsoft, or from initials, as `NYC`.
fn abbreviates(code: &str, request: &Request) -> bool {
    let is_code = (3..=5).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase());
    is_code && request.has_source_of(&code.to_lowercase())
}

fn date_trace(text: &str, request: &Request) -> Trace {
    if says_date(text, request) {
        Trace::Found
    } else if speaks_of_day(request) {
        Trace::Unwritten
    } else {
        Trace::Absent
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(parameters: Value) -> ToolSpec {
        ToolSpec {
            name: "get_forecast".into(),
            description: "Returns chairs.".into(),
            parameters,
            writes: false,
        }
    }

    #[track_caller]
    fn case(request: &str, value: Value, schema: Value, expected: Trace) {
        let tool = tool(json!({}));
        assert_eq!(
            trace((&tool, "param"), &value, &schema, &Request::new(request)),
            expected
        );
    }

    #[test]
    fn values_are_looked_for_in_the_request() {
        use Trace::{Absent, Found, Unwritten};
        let any = || json!({});
        case("is DE89 3704 0044 valid?", json!("DE8937040044"), any(), Found);
        case("air in Kraków", json!("Krakow"), any(), Found);
        case("how is Lima?", json!("PE"), any(), Absent);
        case("Springfield in the United States", json!("US"), any(), Found);
        case("tell us about Rome", json!("IT"), any(), Absent);
        case("250 euros to pounds", json!("EUR"), any(), Found);
        case("250 euros to pounds", json!("GBP"), any(), Found);
        case("250 euros to pounds", json!("USD"), any(), Absent);
        case("price of Apple", json!("AAPL"), any(), Found);
        case("price of Microsoft", json!("MSFT"), any(), Found);
        case("price of Apple", json!("MSFT"), any(), Absent);
        case("I have 1,500 zloty", json!(1500), any(), Found);
        case("twelve hundred dollars", json!(1200), any(), Found);
        case("the next five days", json!(5), any(), Found);
        case("the weather this week", json!(7), any(), Found);
        case("the weather in Oslo", json!(7), any(), Absent);
        case("5% interest", json!(0.05), any(), Found);
        case("order 1042", json!("1042"), any(), Found);
        case("order 1042", json!("104"), any(), Absent);
        case("rate on 3 March 2024", json!("2024-03-03"), any(), Found);
        case("rate on 3/15/2024", json!("2024-03-15"), any(), Found);
        case("rate yesterday", json!("2024-03-03"), any(), Unwritten);
        case("rate on 3 March", json!("2024-03-03"), any(), Unwritten);
        case("the rate", json!("2024-03-03"), any(), Absent);
        case(
            "it was broken on arrival",
            json!("damaged"),
            json!({"enum": ["damaged", "late"]}),
            Absent,
        );
        case(
            "it arrived damaged",
            json!("damaged"),
            json!({"enum": ["damaged", "late"]}),
            Found,
        );
        case("in fahrenheit", json!("F"), json!({"enum": ["C", "F"]}), Found);
        case("say hello to Ann", json!(["hello", "Ann"]), any(), Found);
        case("say hello to Ann", json!(["hello", "Bob"]), any(), Absent);
        case("my param", json!("param_"), any(), Absent);
        case("my param", json!(""), any(), Absent);
        case("whatever", json!("v1"), json!({"const": "v1"}), Found);
        let about = json!({ "type": "boolean", "description": "Only chairs in stock" });
        case("chairs in stock", json!(true), about.clone(), Found);
        case("chairs", json!(true), about, Absent);
    }

    #[test]
    fn optional_arguments_are_dropped_and_required_ones_withhold() {
        let tool = tool(json!({
            "type": "object",
            "properties": { "city": { "type": "string" }, "days": { "type": "integer" } },
            "required": ["city"],
        }));
        let tools = [&tool];
        let judge = |call: &Value, request: &str| judge(call, &tools, &Request::new(request));
        let call = json!({ "name": "get_forecast", "arguments": { "city": "Oslo", "days": 3 } });
        assert_eq!(
            judge(&call, "weather in Oslo"),
            Some(Verdict::Call {
                name: "get_forecast".into(),
                arguments: r#"{"city":"Oslo"}"#.into()
            })
        );
        assert_eq!(
            judge(&call, "weather for 3 days"),
            Some(Verdict::Withheld {
                name: "get_forecast".into(),
                reason: "`get_forecast` was not called: the request does not say its `city`".into(),
                found: vec!["3".into()],
            })
        );
        assert_eq!(judge(&json!({ "name": "other", "arguments": {} }), ""), None);
    }
}
