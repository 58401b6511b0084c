//! What happens, on stderr: a moving line on a terminal, and a line for each
//! call where somebody watches or asked for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value};
use toolrun_runner::{
    Delta, Event, Flow, FlowWarned, Observer, RejectReason, SkipReason, Stamped, StepFinished, StepSkipped,
    StepStarted, ToolRejected, ToolReturned, ToolStarted,
};

use crate::console::{Console, Style};
use crate::visible::escaped;

/// Longest value of an argument on a line.
const MOST_VALUE: usize = 40;
/// Longest result or message on a line.
const MOST_RESULT: usize = 400;

/// How much is said of each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// Nothing but the moving line.
    Nothing,
    /// One line for each call.
    Calls,
    /// Its request and its result too.
    Everything,
}

impl Detail {
    /// Calls where somebody watches or with `-v`, everything with `-vv`.
    pub(crate) fn of(console: &Console) -> Self {
        match console.verbose() {
            0 if console.draws_progress() => Self::Calls,
            0 => Self::Nothing,
            1 => Self::Calls,
            _ => Self::Everything,
        }
    }
}

/// The display; clones share it.
#[derive(Clone)]
pub(crate) struct Progress {
    console: Console,
    detail: Detail,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The moving line while it is shown.
    bar: Option<ProgressBar>,
    turn: u32,
    tokens: u64,
    /// Calls in flight by the model's id of the call.
    running: BTreeMap<String, ToolStarted>,
    /// Workflows that were called, by toolrun's own id of the call.
    workflows: BTreeSet<String>,
    /// Steps under way by their workflow's call and their id, in order of both.
    steps: BTreeMap<(String, String), UnderWay>,
    writing: Option<String>,
}

/// A step under way.
struct UnderWay {
    /// How many items its list has, when it goes over one.
    items: Option<u64>,
    /// How many of them have begun.
    begun: u64,
}

impl Progress {
    /// A display that says so much; it moves only on a terminal.
    pub(crate) fn new(console: &Console, detail: Detail) -> Self {
        Self {
            console: console.clone(),
            detail,
            state: Arc::default(),
        }
    }

    /// Shows the moving line, or changes its words.
    fn show(&self) {
        if !self.console.draws_progress() {
            return;
        }
        let mut state = self.state();
        let Some(words) = state.words() else {
            return;
        };
        state.bar.get_or_insert_with(new_bar).set_message(words);
    }

    /// Takes the moving line away, for what is written in its place; the next
    /// event brings it back.
    pub(crate) fn hide(&self) {
        if let Some(bar) = self.state().bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Says a line above the moving one.
    pub(crate) fn line(&self, text: &str) {
        let bar = self.state().bar.clone();
        match bar {
            Some(bar) => bar.suspend(|| self.console.drawn(text)),
            None => self.console.drawn(text),
        }
    }

    /// Calls that change something and have not ended.
    pub(crate) fn writes_in_flight(&self) -> usize {
        let state = self.state();
        let running = state.running.values();
        running.filter(|started| started.effect != "read").count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn started(&self, started: &ToolStarted) {
        let mut state = self.state();
        state.item_begins(&started.call);
        if started.steps.is_some() {
            state.workflows.insert(started.call_id.clone());
        } else {
            state.running.insert(started.call.clone(), started.clone());
        }
        drop(state);
        if self.detail == Detail::Everything {
            let arguments = arguments_of(&started.arguments, usize::MAX);
            let call = self.console.paint(Style::Bold, "call");
            self.line(&format!("{call} {} {arguments}", started.tool));
            if let (Some(method), Some(url)) = (&started.method, &started.url) {
                let request = self.console.paint(Style::Dim, "request");
                self.line(&format!("  {request} {method} {}", escaped(url)));
                for file in &started.files {
                    self.line(&format!("  {request} sends {}", escaped(&file.to_string())));
                }
            }
        }
    }

    fn returned(&self, returned: &ToolReturned) {
        let started = self.state().running.remove(&returned.call);
        let arguments = started
            .map(|started| arguments_of(&started.arguments, MOST_VALUE))
            .unwrap_or_default();
        let (mark, word, style) = match returned.is_error {
            false => ("+", "result", Style::Good),
            true => ("x", "error", Style::Error),
        };
        match self.detail {
            Detail::Nothing => {}
            // Of a step, its end is told.
            Detail::Calls if self.is_step(&returned.call) => {}
            Detail::Calls => {
                let call = format!("{} {arguments}", returned.tool);
                self.line(&format!(
                    "{} {}: {}",
                    self.console.paint(style, mark),
                    call.trim_end(),
                    ended(returned)
                ));
            }
            Detail::Everything => {
                let word = self.console.paint(style, word);
                self.line(&format!("  {word} of {}: {}", returned.tool, ended(returned)));
                // No model reads the result of an inner workflow: its value is all there is.
                let value = returned.value.as_ref().filter(|_| returned.content.is_empty());
                let content = value.map_or_else(|| returned.content.clone(), Value::to_string);
                self.line(&format!("    {}", one_line(&content, MOST_RESULT)));
            }
        }
    }

    fn rejected(&self, rejected: &ToolRejected) {
        if self.detail >= Detail::Calls {
            let mark = self.console.paint(Style::Warning, "-");
            let tool = escaped(&rejected.tool);
            self.line(&format!(
                "{mark} {tool}: not sent, {}",
                why_rejected(rejected.reason)
            ));
        }
        if self.detail == Detail::Everything {
            self.line(&format!("  {}", one_line(&rejected.content, MOST_RESULT)));
        }
    }

    /// Whether a call is that of a step.
    fn is_step(&self, call: &str) -> bool {
        let workflow = call.split_once('/').map(|(workflow, _)| workflow);
        workflow.is_some_and(|workflow| self.state().workflows.contains(workflow))
    }

    fn finished(&self, step: &StepFinished) {
        if self.detail == Detail::Nothing {
            return;
        }
        let (mark, style) = match step.is_error {
            false => ("+", Style::Good),
            true => ("x", Style::Error),
        };
        let items = step
            .items
            .map(|items| format!("{items} values, "))
            .unwrap_or_default();
        let ended = match (step.is_error, &step.error) {
            (true, _) => "failed".to_owned(),
            (false, Some(_)) => "done in spite of an error".to_owned(),
            (false, None) => "done".to_owned(),
        };
        let name = step_name(&step.call, &step.step);
        let mark = self.console.paint(style, mark);
        self.line(&format!("{mark} {name}: {items}{ended} in {} ms", step.took_ms));
        if let Some(error) = step.error.as_ref().filter(|_| self.detail == Detail::Everything) {
            self.line(&format!("    {}", one_line(error, MOST_RESULT)));
        }
    }

    fn skipped(&self, step: &StepSkipped) {
        // Of a long list, what was left out is told by its length.
        if self.detail == Detail::Nothing || (step.item.is_some() && self.detail == Detail::Calls) {
            return;
        }
        let why = match step.why {
            SkipReason::Condition => "its condition does not hold",
            SkipReason::NoList => "there is no list",
            SkipReason::Error => "it failed",
            SkipReason::NoValue => "it has no value",
        };
        let item = step.item.map(|item| format!("[{item}]")).unwrap_or_default();
        let mark = self.console.paint(Style::Dim, "-");
        self.line(&format!(
            "{mark} {}{item}: skipped, {why}",
            step_name(&step.call, &step.step)
        ));
        if let Some(error) = step.error.as_ref().filter(|_| self.detail == Detail::Everything) {
            self.line(&format!("    {}", one_line(error, MOST_RESULT)));
        }
    }

    /// Of a call that has to be asked about, the question says it.
    fn warned(&self, warned: &FlowWarned) {
        if warned.asks || self.console.quiet() {
            return;
        }
        let flow = Flow {
            from: warned.from.clone(),
            to: warned.to.clone(),
        };
        let word = self.console.paint(Style::Warning, "warning[cross-host]:");
        let (reason, remedy) = (flow.reason(), flow.remedy());
        let what = format!("{} {reason}; {remedy} says that this is meant", warned.tool);
        self.line(&format!("{word} {}", escaped(&what)));
    }
}

impl Observer for Progress {
    fn on_event(&mut self, event: &Stamped<Event>) {
        match &event.event {
            Event::ModelReplied(replied) => {
                let mut state = self.state();
                state.tokens = state.tokens.saturating_add(replied.tokens);
                state.writing = None;
            }
            Event::ToolStarted(started) => self.started(started),
            Event::ToolReturned(returned) => self.returned(returned),
            Event::ToolRejected(rejected) => self.rejected(rejected),
            Event::StepStarted(step) => self.state().step_begins(step),
            Event::AskStarted(ask) => self.state().item_begins(&ask.call),
            Event::StepFinished(step) => {
                self.state().step_is_over(&step.call, &step.step);
                self.finished(step);
            }
            Event::StepSkipped(step) => {
                if step.item.is_none() {
                    self.state().step_is_over(&step.call, &step.step);
                }
                self.skipped(step);
            }
            Event::FlowWarned(warned) => self.warned(warned),
            Event::RunFinished(_) => return self.hide(),
            _ => return,
        }
        self.show();
    }

    fn on_delta(&mut self, delta: &Delta) {
        match delta {
            Delta::TurnStarted { turn } => self.state().turn = *turn,
            Delta::CallStarted { name } => self.state().writing = Some(name.clone()),
            Delta::Tokens { used, .. } => self.state().tokens = *used,
            // Text is being written where the line would stand.
            _ => return,
        }
        self.show();
    }
}

impl State {
    fn step_begins(&mut self, step: &StepStarted) {
        let (items, begun) = (step.items, 0);
        self.steps
            .insert((step.call.clone(), step.step.clone()), UnderWay { items, begun });
    }

    fn step_is_over(&mut self, call: &str, step: &str) {
        self.steps.remove(&(call.to_owned(), step.to_owned()));
    }

    /// An item of a list begins, if that call is one: `CALL/STEP[ITEM]`.
    fn item_begins(&mut self, call: &str) {
        let parts = call
            .rsplit_once('/')
            .and_then(|(workflow, step)| Some((workflow, step.split_once('[')?)));
        if let Some((workflow, (step, item))) = parts
            && let Some(item) = item.split(']').next().and_then(|item| item.parse::<u64>().ok())
            && let Some(step) = self.steps.get_mut(&(workflow.to_owned(), step.to_owned()))
        {
            step.begun = step.begun.max(item + 1);
        }
    }

    /// What is in flight: steps, and calls that are none.
    fn in_flight(&self) -> Vec<String> {
        let is_step = |call: &str| {
            let workflow = call.split_once('/').map(|(workflow, _)| workflow);
            workflow.is_some_and(|workflow| self.workflows.contains(workflow))
        };
        let mut calls: Vec<String> = self
            .running
            .values()
            .filter(|started| !is_step(&started.call))
            .map(|started| escaped(&started.tool).into_owned())
            .collect();
        calls.sort();
        let steps = self.steps.iter().map(|((call, step), under_way)| {
            let name = step_name(call, step);
            match under_way.items {
                Some(items) => format!("{name} {}/{items}", under_way.begun),
                None => name,
            }
        });
        calls.extend(steps);
        calls
    }

    /// `turn 2 · find_orders, get_rate · 1234 tokens`; of a call without a
    /// model only what is in flight, and nothing when nothing is.
    fn words(&self) -> Option<String> {
        let tools = self.in_flight();
        let tools = Some(tools.join(", ")).filter(|tools| !tools.is_empty());
        if self.turn == 0 {
            return tools;
        }
        let doing = tools.unwrap_or_else(|| match &self.writing {
            Some(name) => format!("the model asks for {}", escaped(name)),
            None => "the model thinks".to_owned(),
        });
        Some(format!("turn {} · {doing} · {} tokens", self.turn, self.tokens))
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// `email=ann@example.com limit=20`, each value cut to so many characters.
fn arguments_of(arguments: &Map<String, Value>, most: usize) -> String {
    let pairs = arguments.iter().map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{name}={}", one_line(&text, most))
    });
    pairs.collect::<Vec<_>>().join(" ")
}

/// `200 in 35 ms`, and how many tries it took; of an error also what it said.
fn ended(returned: &ToolReturned) -> String {
    let status = returned.status.map(|status| status.to_string());
    let word = match returned.is_error {
        true if was_stopped(&returned.content) => "stopped",
        true => "failed",
        false => "done",
    };
    let status = status.unwrap_or_else(|| word.to_owned());
    let tries = if returned.attempts > 1 {
        format!(", {} tries", returned.attempts)
    } else {
        String::new()
    };
    format!("{status} in {} ms{tries}", returned.took_ms)
}

/// Whether a call ended because the run did, in our own words.
fn was_stopped(content: &str) -> bool {
    let words: Option<Value> = serde_json::from_str(content).ok();
    words.is_some_and(|words| matches!(words["error"].as_str(), Some("stopped" | "cancelled")))
}

/// `quote`, and `inner/quote` of a workflow that a step called.
fn step_name(call: &str, step: &str) -> String {
    let name = match call.split_once('/') {
        Some((_, path)) => format!("{path}/{step}"),
        None => step.to_owned(),
    };
    escaped(&name).into_owned()
}

fn why_rejected(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::UnknownTool => "there is no such tool",
        RejectReason::Arguments => "the arguments do not fit",
        RejectReason::Request => "a value cannot stand in the request",
        RejectReason::Approval => "not allowed",
        RejectReason::Limit => "a limit is reached",
        RejectReason::Stopped => "the run was stopped",
        RejectReason::Truncated => "the reply was cut off",
    }
}

/// A text on one line, at most so many characters.
fn one_line(text: &str, most: usize) -> String {
    let text = escaped(text).replace(['\n', '\t'], " ");
    match text.char_indices().nth(most) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_stand_on_one_line() {
        let Value::Object(arguments) = json!({ "email": "a\nb", "limit": 20, "tags": ["x"] }) else {
            return;
        };
        assert_eq!(arguments_of(&arguments, 40), "email=a b limit=20 tags=[\"x\"]");
        assert_eq!(arguments_of(&arguments, 2), "email=a … limit=20 tags=[\"…");
    }

    #[test]
    fn the_moving_line_names_what_is_in_flight() {
        let mut state = State {
            turn: 2,
            tokens: 1234,
            ..State::default()
        };
        let words = |state: &State| state.words().unwrap_or_default();
        assert_eq!(words(&state), "turn 2 · the model thinks · 1234 tokens");
        state.writing = Some("find_orders".to_owned());
        assert_eq!(
            words(&state),
            "turn 2 · the model asks for find_orders · 1234 tokens"
        );
        assert_eq!(State::default().words(), None, "no model, nothing in flight");
    }

    #[test]
    fn the_moving_line_tells_how_far_a_list_is() {
        let mut state = State::default();
        let begins = |state: &mut State, call: &str, step: &str, items| {
            let (call, step, does) = (call.to_owned(), step.to_owned(), "get".to_owned());
            state.step_begins(&StepStarted {
                call,
                step,
                does,
                items,
            });
        };
        begins(&mut state, "call_1", "rows", Some(40));
        begins(&mut state, "call_1/rows[2]", "inner", None);
        for call in [
            "call_1/rows[0]",
            "call_1/rows[2]",
            "call_1/rows[1]#2",
            "call_1/other[7]",
            "c1",
        ] {
            state.item_begins(call);
        }
        assert_eq!(state.words().as_deref(), Some("rows 3/40, rows[2]/inner"));
        state.step_is_over("call_1/rows[2]", "inner");
        state.step_is_over("call_1", "rows");
        assert_eq!(state.words(), None);
    }
}
