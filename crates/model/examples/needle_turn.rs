//! One turn of the embedded model in a fresh process, with five tools: what it
//! takes in seconds, seconds of CPU and memory (Linux).
//!
//! `needle_turn [CACHE_FOLDER]`

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::StreamExt;
use serde_json::Value;
use toolrun_model::embedded::{NeedleModel, NeedleOptions};
use toolrun_model::{Delta, Message, Model, ModelRequest, Part, Role, ToolSpec};

const PROMPT: &str = "What was the GBP to EUR rate on 2020-01-31?";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let cache_dir = std::env::args().nth(1).map(PathBuf::from);
    let model = NeedleModel::new(NeedleOptions { cache_dir });
    let mut stream = model.stream(ModelRequest {
        messages: vec![Message {
            role: Role::User,
            parts: vec![Part::Text {
                text: PROMPT.to_owned(),
            }],
        }],
        tools: tools()?,
        ..ModelRequest::default()
    });
    while let Some(delta) = stream.next().await {
        if let Delta::End(reply) = delta? {
            for call in reply.calls() {
                println!("{} {}", call.name, call.arguments);
            }
            println!("confidence {:?}, {:?}", reply.confidence, reply.usage);
        }
    }
    println!(
        "wall {:.2} s, cpu {:.2} s, peak memory {} MB",
        start.elapsed().as_secs_f32(),
        cpu_seconds()?,
        peak_megabytes()?
    );
    Ok(())
}

fn tools() -> Result<Vec<ToolSpec>, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/needle/tools.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let set = file["sets"]["money"].as_array().ok_or("no such set")?;
    let all = file["tools"].as_array().ok_or("no tools")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tools = all.iter().filter(|tool| set.contains(&tool["name"]));
    Ok(tools
        .map(|tool| ToolSpec {
            name: text(&tool["name"]),
            description: text(&tool["description"]),
            parameters: tool["parameters"].clone(),
            writes: false,
        })
        .collect())
}

/// Ticks of user and system time, a hundred a second.
fn cpu_seconds() -> Result<f32, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no such file")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    Ok((fields[11].parse::<f32>()? + fields[12].parse::<f32>()?) / 100.0)
}

fn peak_megabytes() -> Result<u32, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kilobytes.ok_or("no peak")?.parse::<u32>()? / 1000)
}
