//! Workflows: whatever is written, the plan holds every step once and after
//! what it needs; whatever servers and models then say, in whatever order, the
//! run ends, keeps its limits, begins no step twice nor too early, and ends
//! every call that it began.
//!
//! An input is a line of any text, which decides what is said, and the
//! workflows of a manifest.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use futures_util::future::BoxFuture;
use futures_util::stream;
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use toolrun_http::{HttpError, Redactor, Request, Response, Transport};
use toolrun_manifest::{Manifest, Policy, ReadInclude, Workflow, load};
use toolrun_model::scripted::{Scripted, Turn};
use toolrun_model::{ModelErrorKind, ModelRequest, StopReason};
use toolrun_runner::{
    AllowWrites, Event, FlowPolicy, Limits, NobodyToAsk, Observer, RunErrorKind, Session, Setup, Stamped,
    Stop,
};

use super::{first_line, outcome, text};

pub(super) const TOKENS: &[&str] = &[
    "\n      - { id: ",
    "steps:",
    "id: a",
    "id: b",
    "call: get",
    "call: put",
    "call: w",
    "call: v",
    "ask: Say {{ a }}",
    "tools: [get, v]",
    "output: { type: object }",
    "with: { a: \"{{ a }}\" }",
    "when: \"{{ a is defined }}\"",
    "when: \"{{ false }}\"",
    "for_each: \"{{ p }}\"",
    "for_each: [1, 2, 3]",
    "as: one",
    "concurrency: 2",
    "after: a",
    "after: [a, b]",
    "repeat: { until: \"{{ a.n > 2 }}\", every: 1h, times: 3 }",
    "on_error: skip",
    "on_error: stop",
    "on_error: { value: 0 }",
    "return: \"{{ a }}\"",
    "return: { x: \"{{ a.x }}\" }",
    "params:",
    "p: { type: string, description: P }",
    "q: { type: array, items: { type: string }, optional: true, description: Q }",
    "  v:\n    description: Stands for another workflow.\n    steps:\n      - { id: a, call: get }\n",
    "{{ a | default(0) }}",
    "{{ a | length }}",
    "{{ one }}",
    "{{ now }}",
    "{{ call.id }}",
    " }",
    "{ ",
    ", ",
    "\n",
    "  ",
];

const TOOLS: &str = r#"toolrun: 1
tools:
  get:
    description: Stands for a tool that reads something.
    params: { a: { schema: {}, optional: true, description: Any value } }
    url: http://127.0.0.1:9/get?a={{ a }}
    retries: 0
    result: { max_tokens: 20 }
  put:
    description: Stands for a tool that writes something.
    params: { a: { schema: {}, optional: true, description: Any value } }
    method: PUT
    url: http://127.0.0.1:9/put?a={{ a }}
    retries: 0
workflows:
"#;

/// How far a run may go.
const LIMITS: Limits = Limits {
    turns: 12,
    calls: 40,
    tokens: 20_000,
    time: Duration::from_secs(7200),
};

struct Nothing;

impl ReadInclude for Nothing {
    fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("nothing is included here".to_owned())
    }
}

/// Says anything, from a seed.
struct Server(Mutex<Rng>);

impl Transport for Server {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let (status, body, late) = {
            let mut rng = self.0.lock().expect("no panic");
            let status = if rng.u8(..8) == 0 { 500 } else { 200 };
            (status, said(&mut rng), rng.u64(0..50))
        };
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(late)).await;
            Ok(Response {
                status,
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                url: request.url,
                attempts: 1,
                body: Box::pin(stream::iter([Ok(Bytes::from(body.to_string()))])),
            })
        })
    }
}

fn said(rng: &mut Rng) -> Value {
    match rng.u8(..8) {
        0 => Value::Null,
        1 => json!([1, "two", { "n": 3 }]),
        2 => json!("a text with {{ a }} in it"),
        3 => json!((0..40).collect::<Vec<_>>()),
        4 => json!({ "n": rng.u8(..5), "x": "y".repeat(200) }),
        5 => json!(true),
        _ => json!({ "n": rng.u8(..5), "x": "y", "id": "1" }),
    }
}

/// A turn of a model that does anything.
fn turn(rng: &mut Rng, request: &ModelRequest) -> Turn {
    let offered: Vec<&str> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
    match rng.u8(..10) {
        0 => Turn::text(""),
        1 => Turn::text(r#"{"value": 1, "x": "y"}"#),
        2 => Turn::text("cut").stopped(StopReason::MaxTokens),
        3 => Turn::text("no").stopped(StopReason::Refusal),
        4 if rng.bool() => Turn::Fail(ModelErrorKind::Auth, "no".to_owned()),
        4 => Turn::calls(&[("c", "no_such_tool", "{")]),
        5..8 if !offered.is_empty() => {
            let arguments = ["{}", r#"{"a":1}"#, r#"{"handle":"r1"}"#, r#"{"p":"x"}"#, "[", ""];
            let calls: Vec<_> = (0..rng.usize(1..4))
                .map(|_| {
                    (
                        "c",
                        offered[rng.usize(..offered.len())],
                        arguments[rng.usize(..arguments.len())],
                    )
                })
                .collect();
            Turn::calls(&calls)
        }
        _ => Turn::text("Some words."),
    }
}

/// Keeps what is told.
struct Kept(Arc<Mutex<Vec<Event>>>);

impl Observer for Kept {
    fn on_event(&mut self, event: &Stamped<Event>) {
        self.0.lock().expect("no panic").push(event.event.clone());
    }
}

thread_local! {
    /// Pauses cost nothing: its clock jumps to the next thing that waits.
    static RUNTIME: RefCell<Runtime> = RefCell::new(
        Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime"),
    );
}

pub(super) fn check(input: &[u8]) -> u64 {
    let whole = text(input);
    let (seed, written) = first_line(&whole);
    let loaded = load("main.yaml", format!("{TOOLS}{written}"), &Nothing);
    let Some(manifest) = loaded.manifest else {
        let codes: BTreeSet<_> = loaded.diagnostics.iter().map(|found| found.code).collect();
        return outcome(codes);
    };
    manifest.workflows.iter().for_each(planned);
    let mut rng = Rng::with_seed(outcome(seed));
    let ends: Vec<_> = manifest
        .workflows
        .iter()
        .take(3)
        .map(|workflow| run(&manifest, workflow, &mut rng))
        .collect();
    outcome(ends)
}

/// Every step stands in one wave, after those that it needs.
fn planned(workflow: &Workflow) {
    let mut before = BTreeSet::new();
    for wave in &workflow.waves {
        for place in wave {
            let needs = &workflow.steps[*place].needs;
            assert!(
                needs.iter().all(|need| before.contains(need)),
                "step {place} of `{}` is too early: {:?}",
                workflow.name,
                workflow.waves
            );
        }
        for place in wave {
            assert!(before.insert(*place), "twice: {:?}", workflow.waves);
        }
    }
    assert_eq!(before.len(), workflow.steps.len(), "{:?}", workflow.waves);
}

/// Runs a workflow to its end, which is told in short.
fn run(manifest: &Manifest, workflow: &Workflow, rng: &mut Rng) -> String {
    let events = Arc::new(Mutex::new(Vec::new()));
    let server: Arc<dyn Transport> = Arc::new(Server(Mutex::new(rng.fork())));
    let connect = move |_: &Policy| -> Result<Arc<dyn Transport>, HttpError> { Ok(Arc::clone(&server)) };
    let allow_writes = match rng.u8(..3) {
        0 => AllowWrites::None,
        _ => AllowWrites::Named(BTreeSet::from(["put".to_owned()])),
    };
    let session = Session::new(Setup {
        manifest: manifest.clone(),
        vars: BTreeMap::new(),
        connect: Arc::new(connect),
        redactor: Redactor::default(),
        approver: Arc::new(NobodyToAsk),
        allow_writes,
        flows: FlowPolicy::default(),
        limits: LIMITS,
        offered: None,
        files: None,
        observers: vec![Box::new(Kept(Arc::clone(&events)))],
        stop: Stop::default(),
    });
    // Schemas are compiled here; `check` looks at them too.
    let mut session = match session {
        Ok(session) => session,
        Err(error) => {
            assert_eq!(error.kind, RunErrorKind::Usage, "{error:?}");
            return "no session".to_owned();
        }
    };
    let words = Mutex::new(rng.fork());
    let model = Scripted::from_fn(move |request, _| turn(&mut words.lock().expect("no panic"), request));
    let arguments = arguments(workflow, rng);
    let ended = RUNTIME.with_borrow(|runtime| {
        let called = session.call_with(Some(&model), &workflow.name, &arguments);
        // By the clock of the run, its limit of time and what writes get after it.
        let patience = LIMITS.time + Duration::from_secs(60);
        runtime
            .block_on(async { tokio::time::timeout(patience, called).await })
            .expect("the run ends")
    });
    let events = events.lock().expect("no panic");
    kept_in_order(manifest, &events);
    match ended {
        Ok(returned) => format!("{:?} {} {:?}", returned.ending, returned.is_error, kinds(&events)),
        Err(error) => format!("{:?}", error.kind),
    }
}

/// Something for every param.
fn arguments(workflow: &Workflow, rng: &mut Rng) -> String {
    let fields = workflow.params.iter().filter(|_| rng.u8(..8) > 0);
    let value = |schema: &Value| match schema["type"].as_str() {
        Some("array") => json!(["one", "two", "three"]),
        Some("integer" | "number") => json!(3),
        Some("boolean") => json!(true),
        Some("object") => json!({ "k": "v" }),
        _ => json!("x"),
    };
    let properties = &workflow.schema["properties"];
    let fields: Map<String, Value> = fields
        .map(|param| (param.name.clone(), value(&properties[&param.name])))
        .collect();
    Value::Object(fields).to_string()
}

/// What happened, in kinds.
fn kinds(events: &[Event]) -> BTreeSet<&'static str> {
    events.iter().map(Event::name).collect()
}

fn kept_in_order(manifest: &Manifest, events: &[Event]) {
    let mut workflows: BTreeMap<&str, &Workflow> = BTreeMap::new();
    let (mut begun, mut over) = (BTreeSet::new(), BTreeSet::new());
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let (mut calls, mut turns) = (0, 0);
    for event in events {
        match event {
            Event::ToolStarted(started) => {
                assert!(open.insert(&started.call), "`{}` begins twice", started.call);
                calls += u32::from(started.steps.is_none());
                if let Some(workflow) = manifest.workflow(&started.tool) {
                    workflows.insert(&started.call, workflow);
                    workflows.insert(&started.call_id, workflow);
                }
            }
            Event::ToolReturned(returned) => {
                assert!(
                    open.remove(returned.call.as_str()),
                    "`{}` did not begin",
                    returned.call
                );
            }
            Event::ModelReplied(_) => turns += 1,
            Event::StepStarted(step) => {
                assert!(begun.insert((&step.call, &step.step)), "{step:?} begins twice");
                let steps = &workflows[step.call.as_str()].steps;
                let own = steps.iter().find(|one| one.id == step.step).expect("a step");
                for need in &own.needs {
                    assert!(
                        over.contains(&(&step.call, &steps[*need].id)),
                        "{step:?} is too early"
                    );
                }
            }
            Event::StepFinished(step) => {
                assert!(over.insert((&step.call, &step.step)), "{step:?} ends twice");
            }
            Event::StepSkipped(step) if step.item.is_none() => {
                assert!(over.insert((&step.call, &step.step)), "{step:?} ends twice");
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "never ended: {open:?}");
    assert!(
        calls <= LIMITS.calls && turns <= LIMITS.turns,
        "{calls} calls, {turns} turns"
    );
    let told = events
        .iter()
        .filter(|event| matches!(event, Event::RunFinished(_)));
    assert!(told.count() <= 1);
}
