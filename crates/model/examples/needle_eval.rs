//! Scores the embedded model on the prompts beside the tests and, given the
//! folder of the Berkeley Function-Calling Leaderboard, on its simple cases and
//! a third as many that its tools cannot answer.
//!
//! `needle_eval [--half tuning|held-out] [--shipped] [--verbose] [--bfcl FOLDER [COUNT]]`
//!
//! `--shipped` takes the prompts for the manifests of `manifests/` instead.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::StreamExt;
use serde_json::{Map, Value};
use toolrun_model::embedded::{NeedleModel, NeedleOptions};
use toolrun_model::{CONFIDENCE_TO_RUN, Delta, Message, Model, ModelRequest, Part, Reply, Role, ToolSpec};

/// One prompt with the calls that answer it.
struct Case {
    id: String,
    kind: String,
    prompt: String,
    tools: Vec<ToolSpec>,
    /// Name, and for each argument the values that count as right.
    calls: Vec<(String, Map<String, Value>)>,
}

/// What the model made of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All calls as expected, or none where none was.
    Exact,
    /// Calls, but others than expected.
    Wrong,
    /// No call where one was expected.
    Silent,
}

struct Row {
    kind: String,
    outcome: Outcome,
    calls: usize,
    confidence: f32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| {
        let at = args.iter().position(|arg| arg == flag)?;
        args.get(at + 1).map(String::as_str)
    };
    let verbose = args.iter().any(|arg| arg == "--verbose");
    if let Some(folder) = after("--bfcl") {
        let count = args.last().and_then(|last| last.parse().ok());
        for (file, share) in [("simple_python", 1), ("irrelevance", 3)] {
            let cases = leaderboard(Path::new(folder), file, count.unwrap_or(120) / share)?;
            let rows = score(&cases, verbose).await?;
            report(&format!("leaderboard, {file}"), &rows);
        }
        return Ok(());
    }
    let cases = if args.iter().any(|arg| arg == "--shipped") {
        shipped_prompts()?
    } else {
        own_prompts()?
    };
    for (half, parity) in [("tuning", 0), ("held-out", 1)] {
        if after("--half").is_some_and(|wanted| wanted != half) {
            continue;
        }
        let half_cases: Vec<&Case> = cases.iter().skip(parity).step_by(2).collect();
        let rows = score(&half_cases, verbose).await?;
        for kind in ["single", "parallel", "none", "near_miss"] {
            let rows: Vec<&Row> = rows.iter().filter(|row| row.kind == kind).collect();
            report(&format!("{half}, {kind}"), &rows);
        }
    }
    Ok(())
}

async fn score<C: std::borrow::Borrow<Case>>(cases: &[C], verbose: bool) -> Result<Vec<Row>, Box<dyn Error>> {
    let model = NeedleModel::new(NeedleOptions::default());
    let mut rows = Vec::new();
    for case in cases {
        let case = case.borrow();
        let start = Instant::now();
        let reply = ask(&model, case).await?;
        let calls: Vec<(String, Value)> = reply
            .calls()
            .map(|call| {
                let arguments = serde_json::from_str(&call.arguments).unwrap_or_default();
                (call.name.clone(), arguments)
            })
            .collect();
        let outcome = judge(&calls, &case.calls);
        if verbose && outcome != Outcome::Exact {
            println!(
                "{} [{}] {:.2}s {:?} {}\n    {:?}\n    {}",
                case.id,
                case.kind,
                start.elapsed().as_secs_f32(),
                reply.confidence,
                case.prompt,
                calls.iter().map(|(n, a)| format!("{n} {a}")).collect::<Vec<_>>(),
                reply.text(),
            );
        }
        rows.push(Row {
            kind: case.kind.clone(),
            outcome,
            calls: calls.len(),
            confidence: reply.confidence.unwrap_or_default(),
        });
    }
    Ok(rows)
}

async fn ask(model: &NeedleModel, case: &Case) -> Result<Reply, Box<dyn Error>> {
    let text = case.prompt.clone();
    let mut stream = model.stream(ModelRequest {
        messages: vec![Message {
            role: Role::User,
            parts: vec![Part::Text { text }],
        }],
        tools: case.tools.clone(),
        ..ModelRequest::default()
    });
    while let Some(delta) = stream.next().await {
        if let Delta::End(reply) = delta? {
            return Ok(reply);
        }
    }
    Err("the stream ended early".into())
}

fn judge(calls: &[(String, Value)], expected: &[(String, Map<String, Value>)]) -> Outcome {
    if calls.is_empty() && !expected.is_empty() {
        return Outcome::Silent;
    }
    let mut open: Vec<_> = expected.iter().collect();
    for (name, arguments) in calls {
        let fits = |(wanted, values): &&(String, Map<String, Value>)| {
            wanted == name && arguments_fit(arguments, values)
        };
        match open.iter().position(fits) {
            Some(at) => drop(open.remove(at)),
            None => return Outcome::Wrong,
        }
    }
    if open.is_empty() {
        Outcome::Exact
    } else {
        Outcome::Wrong
    }
}

/// `null` or an empty text among the accepted values means that leaving the
/// argument out is right.
fn arguments_fit(arguments: &Value, accepted: &Map<String, Value>) -> bool {
    let Some(arguments) = arguments.as_object() else {
        return false;
    };
    let known = arguments.keys().all(|name| accepted.contains_key(name));
    known
        && accepted.iter().all(|(name, values)| {
            let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
            match arguments.get(name) {
                None => values.iter().any(|v| v.is_null() || v.as_str() == Some("")),
                Some(given) => values.iter().any(|value| same(given, value)),
            }
        })
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::String(a), Value::String(b)) => loose(a) == loose(b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        // The leaderboard lists the accepted values of each field.
        (Value::Object(a), Value::Object(b)) => arguments_fit(&Value::Object(a.clone()), b),
        _ => a == b,
    }
}

/// As the leaderboard compares texts: without case and punctuation.
fn loose(text: &str) -> String {
    text.chars()
        .filter(|letter| !matches!(letter, ' ' | ',' | '.' | '/' | '-' | '_' | '*' | '^'))
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == '\'' { '"' } else { letter })
        .collect()
}

fn report<R: std::borrow::Borrow<Row>>(title: &str, rows: &[R]) {
    let count = |test: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| test((*row).borrow())).count();
    let n = rows.len();
    let exact = count(&|row| row.outcome == Outcome::Exact);
    let (low, high) = wilson(exact, n);
    let sure = |row: &Row| row.calls > 0 && row.confidence >= CONFIDENCE_TO_RUN;
    println!(
        "{title}: n {n}, exact {exact} ({:.0} %, {:.0} to {:.0} %), wrong {}, silent {}; at >= {CONFIDENCE_TO_RUN}: right {}, wrong {}; below: right {}, wrong {}",
        100.0 * exact as f64 / n.max(1) as f64,
        100.0 * low,
        100.0 * high,
        count(&|row| row.outcome == Outcome::Wrong),
        count(&|row| row.outcome == Outcome::Silent),
        count(&|row| sure(row) && row.outcome == Outcome::Exact),
        count(&|row| sure(row) && row.outcome == Outcome::Wrong),
        count(&|row| row.calls > 0 && !sure(row) && row.outcome == Outcome::Exact),
        count(&|row| row.calls > 0 && !sure(row) && row.outcome == Outcome::Wrong),
    );
}

/// Wilson's 95 % interval.
fn wilson(hits: usize, n: usize) -> (f64, f64) {
    let (n, z) = (n.max(1) as f64, 1.96f64);
    let share = hits as f64 / n;
    let middle = share + z * z / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    ((middle - spread) / scale, (middle + spread) / scale)
}

fn own_prompts() -> Result<Vec<Case>, Box<dyn Error>> {
    let tools: Value = serde_json::from_str(&std::fs::read_to_string(beside_tests("tools.json"))?)?;
    prompts("prompts.jsonl", |set| {
        let names = tools["sets"][set].as_array().ok_or("unknown set")?;
        let all = tools["tools"].as_array().ok_or("no tools")?;
        Ok(names
            .iter()
            .filter_map(|name| all.iter().find(|tool| tool["name"] == *name))
            .map(spec)
            .collect())
    })
}

fn shipped_prompts() -> Result<Vec<Case>, Box<dyn Error>> {
    prompts("shipped.jsonl", |manifest| {
        let file = format!("../../manifests/{manifest}.yaml");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let loaded = toolrun_manifest::load(manifest, std::fs::read_to_string(file)?, &NoIncludes);
        let manifest = loaded.manifest.ok_or("the manifest has errors")?;
        let tools = manifest.tools.into_iter().map(|tool| ToolSpec {
            writes: tool.effect != toolrun_manifest::Effect::Read,
            name: tool.name,
            description: tool.description,
            parameters: tool.schema,
        });
        Ok(tools.collect())
    })
}

/// The shipped manifests include nothing.
struct NoIncludes;

impl toolrun_manifest::ReadInclude for NoIncludes {
    fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("nothing is included here".into())
    }
}

/// Reads a file of prompts; `tools` gives those of a set by its name.
fn prompts(
    file: &str,
    tools: impl Fn(&str) -> Result<Vec<ToolSpec>, Box<dyn Error>>,
) -> Result<Vec<Case>, Box<dyn Error>> {
    let lines = std::fs::read_to_string(beside_tests(file))?;
    let mut cases = Vec::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line)?;
        cases.push(Case {
            id: text(&line["id"]),
            kind: text(&line["kind"]),
            prompt: text(&line["prompt"]),
            tools: tools(line["tools"].as_str().ok_or("a prompt names no tools")?)?,
            calls: line["calls"]
                .as_array()
                .ok_or("no calls")?
                .iter()
                .map(|call| (text(&call["name"]), object(&call["arguments"])))
                .collect(),
        });
    }
    Ok(cases)
}

fn beside_tests(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/needle")
        .join(file)
}

fn leaderboard(folder: &Path, file: &str, count: usize) -> Result<Vec<Case>, Box<dyn Error>> {
    let questions = std::fs::read_to_string(folder.join(format!("BFCL_v4_{file}.json")))?;
    // What cannot be answered has no file of answers.
    let answers = std::fs::read_to_string(folder.join(format!("answers_{file}.json")));
    let answers: Vec<Value> = answers
        .unwrap_or_default()
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let mut cases = Vec::new();
    for line in questions.lines().take(count) {
        let line: Value = serde_json::from_str(line)?;
        let answer = answers.iter().find(|answer| answer["id"] == line["id"]);
        let calls = answer.and_then(|answer| answer["ground_truth"].as_array());
        let turn = line["question"][0].as_array().ok_or("no question")?;
        let said: Vec<String> = turn.iter().map(|message| text(&message["content"])).collect();
        let mut tools = line["function"].as_array().ok_or("no tools")?.clone();
        tools
            .iter_mut()
            .for_each(|tool| plain_types(&mut tool["parameters"]));
        cases.push(Case {
            id: text(&line["id"]),
            kind: file.to_owned(),
            prompt: said.join("\n"),
            tools: tools.iter().map(spec).collect(),
            calls: calls
                .map(Vec::as_slice)
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_object)
                .flat_map(|call| call.iter().map(|(name, args)| (name.clone(), object(args))))
                .collect(),
        });
    }
    Ok(cases)
}

/// Maps the leaderboard's names of types to those of JSON Schema.
fn plain_types(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get_mut("type") {
                let plain = match name.as_str() {
                    "dict" => "object",
                    "float" => "number",
                    "tuple" => "array",
                    "any" => "string",
                    _ => return map.values_mut().for_each(plain_types),
                };
                *name = plain.to_owned();
            }
            map.values_mut().for_each(plain_types);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_types),
        _ => {}
    }
}

fn spec(tool: &Value) -> ToolSpec {
    ToolSpec {
        name: text(&tool["name"]),
        description: text(&tool["description"]),
        parameters: tool["parameters"].clone(),
        writes: tool["writes"] == true,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
