//! The figures of the README: whole processes against loopback servers that
//! answer at once, beside a bare client that makes the same exchanges.
//!
//! Run with `just bench`. Times are medians over alternating runs on the
//! machine at hand; what is worth comparing are the ratios.
#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]
#![expect(clippy::print_stdout, reason = "its output is the report")]

mod server;
mod workflows;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use server::{Exchange, Server};

const TOOLRUN: &str = env!("CARGO_BIN_EXE_toolrun");
const REPETITIONS: usize = 21;

fn main() {
    let folder = std::env::temp_dir().join(format!("toolrun-figures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    println!("| what | toolrun | beside it | ratio | peak memory |");
    println!("| --- | --- | --- | --- | --- |");
    ten_turns(&folder);
    check_of_100_tools(&folder);
    check_of_many_tools(&folder);
    parallel_calls(&folder);
    workflows::rows(&folder);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Nine turns with a call each, then the answer: 19 exchanges.
fn ten_turns(folder: &Path) {
    let api = Server::start(Duration::ZERO, |_, _| json(r#"{"rate":1.5,"date":"2026-01-02"}"#));
    let model = Server::start(Duration::ZERO, |_, body| {
        let answered = body.matches(r#""role":"tool""#).count();
        if answered == 9 {
            answer("Done.")
        } else {
            calls(&[answered])
        }
    });
    let manifest = folder.join("turns.yaml");
    std::fs::write(&manifest, manifest_of(1, api.port(), 4)).unwrap();
    let list = folder.join("exchanges.txt");
    let run = || toolrun_run(&manifest, &model);
    run_once(&mut run());
    std::fs::write(&list, recorded(&model, &api)).unwrap();
    let bare = || {
        let mut command = Command::new(example("toolrun-http", "bare_client"));
        command.arg(&list);
        command
    };
    let (ours, theirs) = alternate(run, bare);
    row("10 turns, 19 exchanges; beside a bare client", &ours, &theirs);
}

fn check_of_100_tools(folder: &Path) {
    let manifest = folder.join("hundred.yaml");
    std::fs::write(&manifest, manifest_of(100, 80, 4)).unwrap();
    let check = || {
        let mut command = Command::new(TOOLRUN);
        command.arg("check").arg(&manifest);
        command
    };
    let version = || {
        let mut command = Command::new(TOOLRUN);
        command.arg("--version");
        command
    };
    let (ours, theirs) = alternate(check, version);
    row("`check` of 100 tools; beside `--version`", &ours, &theirs);
}

/// How the time grows with the file, beside the parser alone on the same file.
fn check_of_many_tools(folder: &Path) {
    for tools in [1_000, 3_000, 10_000] {
        let manifest = folder.join("many.yaml");
        std::fs::write(&manifest, small_tools(tools)).unwrap();
        let check = || {
            let mut command = Command::new(TOOLRUN);
            command.args(["check", "--quiet"]).arg(&manifest);
            command
        };
        let parse = || {
            let mut command = Command::new(example("toolrun-manifest", "bare_parse"));
            command.arg(&manifest);
            command
        };
        let (ours, theirs) = alternate(check, parse);
        let what = format!("`check` of {tools} tools in a file; beside the YAML parser alone");
        row(&what, &ours, &theirs);
    }
}

/// As many as fit into the largest file that is read.
fn small_tools(tools: usize) -> String {
    let mut yaml = "toolrun: 1\nlints: { too-many-tools: allow }\napis:\n  rates: { base_url: https://rates.example }\ntools:\n".to_owned();
    for number in 0..tools {
        write!(
            yaml,
            "  get_rate_{number}:\n    description: Returns how many units of currency {number} one euro buys today.\n    \
             api: rates\n    params:\n      day: {{ type: string, description: The day that the rate is from }}\n    \
             url: /latest/{number}?day={{{{ day }}}}\n"
        )
        .unwrap();
    }
    yaml
}

/// 64 calls of 100 ms in one reply, from the model's reply to its next request.
fn parallel_calls(folder: &Path) {
    const CALLS: usize = 64;
    let api = Server::start(Duration::from_millis(100), |_, _| json(r#"{"rate":1.5}"#));
    let model = Server::start(Duration::ZERO, |_, body| {
        if body.contains(r#""role":"tool""#) {
            answer("Done.")
        } else {
            calls(&(0..CALLS).collect::<Vec<_>>())
        }
    });
    let manifest = folder.join("parallel.yaml");
    std::fs::write(&manifest, manifest_of(1, api.port(), CALLS)).unwrap();
    let mut gaps = Vec::new();
    for _ in 0..REPETITIONS {
        model.forget();
        let mut command = toolrun_run(&manifest, &model);
        command.args(["--limit", "calls=64"]);
        run_once(&mut command);
        let seen = model.exchanges();
        gaps.push(seen[1].arrived - seen[0].answered);
    }
    gaps.sort();
    let middle = gaps[gaps.len() / 2];
    println!(
        "| 64 parallel calls of 100 ms, from reply to next request | {middle:.1?} | 100 ms | {:.2} | |",
        middle.as_secs_f64() / 0.1
    );
}

struct Measured {
    times: Vec<Duration>,
    peak_kib: u64,
}

impl Measured {
    fn median(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort();
        times[times.len() / 2]
    }
}

/// Alternates the two commands, so that noise of the machine meets both.
fn alternate(ours: impl Fn() -> Command, theirs: impl Fn() -> Command) -> (Measured, Measured) {
    let mut left = Measured {
        times: Vec::new(),
        peak_kib: 0,
    };
    let mut right = Measured {
        times: Vec::new(),
        peak_kib: 0,
    };
    for _ in 0..REPETITIONS {
        for (command, measured) in [(ours(), &mut left), (theirs(), &mut right)] {
            let mut command = command;
            let (time, peak) = run_once(&mut command);
            measured.times.push(time);
            measured.peak_kib = measured.peak_kib.max(peak);
        }
    }
    (left, right)
}

/// Runs to the end and returns wall time and peak resident memory in KiB.
fn run_once(command: &mut Command) -> (Duration, u64) {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut peak = 0;
    let status = loop {
        peak = peak.max(resident_peak(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_micros(200));
    };
    let time = start.elapsed();
    if !status.success() {
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
        panic!("{command:?} ended with {status}: {said}");
    }
    (time, peak)
}

/// `VmHWM` of a process in KiB; 0 where the system does not tell.
fn resident_peak(pid: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{pid}/status"))
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
            line.split_whitespace().nth(1)?.parse().ok()
        })
        .unwrap_or(0)
}

fn row(what: &str, ours: &Measured, theirs: &Measured) {
    println!(
        "| {what} | {:.1?} | {:.1?} | {:.2} | {:.1} MB beside {:.1} MB |",
        ours.median(),
        theirs.median(),
        ours.median().as_secs_f64() / theirs.median().as_secs_f64(),
        ours.peak_kib as f64 / 1024.0,
        theirs.peak_kib as f64 / 1024.0,
    );
    std::io::stdout().flush().unwrap();
}

fn toolrun_run(manifest: &Path, model: &Server) -> Command {
    let mut command = Command::new(TOOLRUN);
    command
        .args(["run", "--quiet", "--model", "openai/scripted", "--base-url"])
        .arg(format!("http://127.0.0.1:{}/v1", model.port()))
        .arg(manifest)
        .arg("How many dollars is one euro?")
        .env("OPENAI_API_KEY", "none");
    command
}

/// An example of a crate, built apart.
fn example(package: &str, name: &str) -> PathBuf {
    let path = Path::new(TOOLRUN).with_file_name("examples").join(name);
    assert!(
        path.exists(),
        "build it first: cargo build --release -p {package} --example {name}"
    );
    path
}

/// What both servers saw, in order of arrival: url and body a line.
fn recorded(model: &Server, api: &Server) -> String {
    let mut seen: Vec<(Exchange, u16)> = Vec::new();
    seen.extend(
        model
            .exchanges()
            .into_iter()
            .map(|exchange| (exchange, model.port())),
    );
    seen.extend(api.exchanges().into_iter().map(|exchange| (exchange, api.port())));
    seen.sort_by_key(|(exchange, _)| exchange.arrived);
    seen.iter().fold(String::new(), |mut list, (exchange, port)| {
        writeln!(
            list,
            "http://127.0.0.1:{port}{}\t{}",
            exchange.path, exchange.body
        )
        .unwrap();
        list
    })
}

fn manifest_of(tools: usize, port: u16, concurrency: usize) -> String {
    let mut yaml = format!(
        "toolrun: 1\napis:\n  rates: {{ base_url: \"http://127.0.0.1:{port}\", concurrency: {concurrency} }}\ntools:\n"
    );
    for number in 0..tools {
        write!(
            yaml,
            "  get_rate_{number}:\n    api: rates\n    description: Returns how much of one currency a unit of another buys, as the central bank publishes it.\n    \
             params:\n      base: {{ type: string, description: Three-letter code of the currency that is converted }}\n      \
             target: {{ type: string, description: Three-letter code of the currency wanted }}\n      \
             amount: {{ type: integer, minimum: 1, optional: true, description: Units of the first currency }}\n    \
             url: /latest?base={{{{ base }}}}&target={{{{ target }}}}&amount={{{{ amount }}}}\n"
        )
        .unwrap();
    }
    yaml
}

fn json(body: &str) -> (String, String) {
    ("application/json".into(), body.into())
}

fn answer(text: &str) -> (String, String) {
    stream(&[
        format!(r#"{{"index":0,"delta":{{"role":"assistant","content":"{text}"}},"finish_reason":null}}"#),
        r#"{"index":0,"delta":{},"finish_reason":"stop"}"#.to_owned(),
    ])
}

/// One call for each number, with arguments that differ.
fn calls(numbers: &[usize]) -> (String, String) {
    let mut chunks: Vec<String> = numbers
        .iter()
        .enumerate()
        .map(|(index, number)| {
            format!(
                r#"{{"index":0,"delta":{{"tool_calls":[{{"index":{index},"id":"call_{number}","type":"function","function":{{"name":"get_rate_0","arguments":"{{\"base\":\"EUR\",\"target\":\"USD\",\"amount\":{}}}"}}}}]}},"finish_reason":null}}"#,
                number + 1
            )
        })
        .collect();
    chunks.push(r#"{"index":0,"delta":{},"finish_reason":"tool_calls"}"#.to_owned());
    stream(&chunks)
}

fn stream(choices: &[String]) -> (String, String) {
    let mut body = choices.iter().fold(String::new(), |mut body, choice| {
        write!(
            body,
            "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{choice}]}}\n\n"
        )
        .unwrap();
        body
    });
    body.push_str(
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}}\n\ndata: [DONE]\n\n",
    );
    ("text/event-stream".into(), body)
}
