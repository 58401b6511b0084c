//! The decisions of the machine: which steps begin, what their ends mean for
//! others, when a workflow is over. Every decision is made by a task, so that
//! a chain of any length is no recursion.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use toolrun_http::HIDDEN;
use toolrun_manifest::{Action, Each, OnError, Segment, Step, When};
use toolrun_model::ToolCall;

use crate::effect::{Failed, FailedKind, Plan, Planned, Prompt, Return};
use crate::event::{Event, SkipReason, StepFinished, StepSkipped, StepStarted};
use crate::workflow::course::{Active, Course, Items};
use crate::workflow::machine::{Begun, Place, Task, WorkflowRun};
use crate::workflow::talks::ask_call;

impl WorkflowRun {
    /// Decides all that can be decided.
    pub(super) fn work(&mut self, at: Timestamp) {
        while let Some(task) = self.todo.pop_front() {
            match task {
                Task::Begin(course, step) => self.begin(course, step, at),
                Task::Fill(course, step) => self.fill(course, step, at),
                Task::Close(course) => self.close(course),
                Task::Hush(ask) => self.hushed(&ask, at),
            }
        }
    }

    /// A course that goes on.
    fn going(&mut self, course: u64) -> Option<&mut Course> {
        self.courses
            .get_mut(&course)
            .filter(|course| course.failed.is_none())
    }

    fn begin(&mut self, id: u64, step: usize, at: Timestamp) {
        let catalogue = Arc::clone(&self.catalogue);
        let Some(course) = self.going(id) else { return };
        let ready = Arc::clone(&course.ready);
        let written = &ready.workflow.steps[step];
        if let Some(When::Step(condition)) = &written.when {
            match course.holds(condition, &catalogue.vars) {
                Ok(true) => {}
                Ok(false) => return self.skip(id, step, SkipReason::Condition.into()),
                Err(error) => {
                    let failed = Failed::of_template(Some(written), None, "when", &error);
                    return self.broke(id, step, failed, at);
                }
            }
        }
        let items = match &written.each {
            None => None,
            Some(each) => match items(course, each, &catalogue.vars, written) {
                Ok(Some(list)) => Some(list),
                Ok(None) => return self.skip(id, step, SkipReason::NoList.into()),
                Err(failed) => return self.broke(id, step, failed, at),
            },
        };
        let count = items.as_ref().map(|list| list.len() as u64);
        self.note(Event::StepStarted(StepStarted {
            call: self.courses[&id].call.clone(),
            step: written.id.clone(),
            does: written.callee().unwrap_or("ask").to_owned(),
            items: count,
        }));
        let active = Active {
            began: at,
            items: items.map(Items::new),
            error: None,
        };
        if let Some(course) = self.going(id) {
            course.active.insert(step, active);
        }
        match count {
            Some(_) => self.todo.push_back(Task::Fill(id, step)),
            None => self.launch(id, step, None, at),
        }
    }

    /// A step that failed before its first execution.
    fn broke(&mut self, id: u64, step: usize, failed: Failed, at: Timestamp) {
        self.ended(id, step, None, Err(failed), at);
    }

    /// Begins as many items as may run at once; ends the step when none is left.
    fn fill(&mut self, id: u64, step: usize, at: Timestamp) {
        loop {
            let Some(course) = self.going(id) else { return };
            let most = course.step(step).each.as_ref().map_or(1, |each| each.concurrency);
            let Some(items) = course
                .active
                .get_mut(&step)
                .and_then(|active| active.items.as_mut())
            else {
                return;
            };
            if items.next < items.list.len() && items.open < most as usize {
                let item = items.next;
                items.next += 1;
                items.open += 1;
                self.launch(id, step, Some(item), at);
                continue;
            }
            if items.open == 0 && items.next == items.list.len() {
                let items = course
                    .active
                    .get_mut(&step)
                    .and_then(|active| active.items.take());
                let value = items.map(Items::value);
                self.over(id, step, value, at);
            }
            return;
        }
    }

    /// Makes one execution ready.
    fn launch(&mut self, id: u64, step: usize, item: Option<usize>, at: Timestamp) {
        let catalogue = Arc::clone(&self.catalogue);
        let Some(course) = self.going(id) else { return };
        let ready = Arc::clone(&course.ready);
        let written = &ready.workflow.steps[step];
        let start = |course: &Course| -> Result<Start, Failed> {
            if let Some(When::Item(condition)) = &written.when
                && !course
                    .holds(condition, &catalogue.vars)
                    .map_err(|error| Failed::of_template(Some(written), item, "when", &error))?
            {
                return Ok(Start::Skipped);
            }
            start(course, written, item, &catalogue.vars)
        };
        let start = match (item, &written.each) {
            (Some(item), Some(each)) => course.with_item(step, item, &each.name, |course| start(course)),
            _ => start(course),
        };
        match start {
            Err(failed) => self.ended(id, step, item, Err(failed), at),
            Ok(Start::Absent) => self.ended(id, step, item, Ok(None), at),
            Ok(Start::Skipped) => {
                self.note_skipped(id, step, item, SkipReason::Condition.into());
                self.ended(id, step, item, Ok(None), at);
            }
            Ok(begins) => {
                let name = match item {
                    Some(item) => format!("{}/{}[{item}]", course.call, written.id),
                    None => format!("{}/{}", course.call, written.id),
                };
                course.open += 1;
                self.make_ready(id, step, item, name, begins);
            }
        }
    }

    fn make_ready(&mut self, course: u64, step: usize, item: Option<usize>, name: String, start: Start) {
        let call = match start {
            Start::Call(mut call) => {
                call.id = name;
                self.ready.push_back(Planned {
                    call: call.clone(),
                    plan: Plan::Run,
                });
                call
            }
            Start::Ask(segments, tools) => {
                self.prompts.push_back(Prompt {
                    call: name.clone(),
                    segments,
                    tools,
                });
                ask_call(name)
            }
            Start::Skipped | Start::Absent => return,
        };
        let place = Place {
            course,
            step,
            item,
            tries: 1,
            call: call.clone(),
            begun: Begun::NotYet,
        };
        self.places.insert(call.id, place);
    }

    /// One execution is over.
    pub(super) fn executed(&mut self, call: &str, result: Result<Option<Value>, Failed>, at: Timestamp) {
        let Some(mut place) = self.places.remove(call) else {
            return;
        };
        let (id, step, item) = (place.course, place.step, place.item);
        let Some(course) = self.courses.get_mut(&id) else {
            return;
        };
        course.open -= 1;
        if course.failed.is_some() {
            self.todo.push_back(Task::Close(id));
            return;
        }
        match self.until(&place, result) {
            Until::Again => {
                let written = self.courses[&id].step(step);
                let every = written
                    .repeat
                    .as_ref()
                    .map(|repeat| repeat.every)
                    .unwrap_or_default();
                let until = at.checked_add(every).unwrap_or(Timestamp::MAX);
                place.tries += 1;
                place.begun = Begun::NotYet;
                let name = call.rsplit_once('#').map_or(call, |(name, _)| name);
                place.call.id = format!("{name}#{}", place.tries);
                if let Some(course) = self.courses.get_mut(&id) {
                    course.open += 1;
                }
                self.pauses.insert((until, place.call.id.clone()));
                self.places.insert(place.call.id.clone(), place);
            }
            Until::Over(result) => self.ended(id, step, item, result, at),
        }
    }

    /// Whether a step with `repeat` tries again.
    fn until(&mut self, place: &Place, result: Result<Option<Value>, Failed>) -> Until {
        let catalogue = Arc::clone(&self.catalogue);
        let Some(course) = self.courses.get_mut(&place.course) else {
            return Until::Over(result);
        };
        let ready = Arc::clone(&course.ready);
        let step = &ready.workflow.steps[place.step];
        let (Some(repeat), Ok(mut value)) = (&step.repeat, result.clone()) else {
            return Until::Over(result);
        };
        let look = |course: &mut Course| course.holds(&repeat.until, &catalogue.vars);
        let mut seen = |course: &mut Course| match &mut value {
            Some(value) => course.with(&step.id, value, look),
            None => look(course),
        };
        let met = match (place.item, &step.each) {
            (Some(item), Some(each)) => course.with_item(place.step, item, &each.name, seen),
            _ => seen(course),
        };
        match met {
            Ok(true) => Until::Over(result),
            Ok(false) if place.tries < repeat.times => Until::Again,
            Ok(false) => {
                let message = format!("`until` did not hold after {} tries", repeat.times);
                Until::Over(Err(Failed {
                    words: json!({ "error": "ran_out", "step": step.id, "message": message }),
                    cause: None,
                    kind: FailedKind::Error,
                }))
            }
            Err(error) => Until::Over(Err(Failed::of_template(
                Some(step),
                place.item,
                "repeat.until",
                &error,
            ))),
        }
    }

    /// A step without a list, or one item of a list, has its result.
    fn ended(
        &mut self,
        id: u64,
        step: usize,
        item: Option<usize>,
        result: Result<Option<Value>, Failed>,
        at: Timestamp,
    ) {
        let Some(course) = self.going(id) else { return };
        let ready = Arc::clone(&course.ready);
        let written = &ready.workflow.steps[step];
        let value = match result {
            Ok(value) => value,
            Err(failed) => {
                let error = Some(failed.content());
                if let Some(active) = course.active.get_mut(&step) {
                    active.error.clone_from(&error);
                }
                match (&written.on_error, failed.kind) {
                    (OnError::Value(value), FailedKind::Error) => Some(value.clone()),
                    (OnError::Skip, FailedKind::Error) => {
                        let why = SkipReason::Error;
                        if item.is_none() {
                            return self.skip(id, step, Skip { why, error });
                        }
                        self.note_skipped(id, step, item, Skip { why, error });
                        None
                    }
                    _ => return self.fail(id, step, failed, at),
                }
            }
        };
        let Some(item) = item else {
            return self.over(id, step, value, at);
        };
        let active = self.going(id).and_then(|course| course.active.get_mut(&step));
        if let Some(items) = active.and_then(|active| active.items.as_mut()) {
            items.results[item] = value;
            items.list[item] = Value::Null;
            items.open -= 1;
            self.todo.push_back(Task::Fill(id, step));
        }
    }

    /// A step is over with a value, or without one.
    fn over(&mut self, id: u64, step: usize, value: Option<Value>, at: Timestamp) {
        if value.is_none() {
            return self.skip(id, step, SkipReason::NoValue.into());
        }
        let Some(course) = self.going(id) else { return };
        let name = course.step(step).id.clone();
        let active = course.active.remove(&step);
        let items = match (&value, &course.step(step).each) {
            (Some(Value::Array(items)), Some(_)) => Some(items.len() as u64),
            _ => None,
        };
        if let Some(value) = value {
            course.values.insert(name.clone(), value);
        }
        let event = StepFinished {
            call: course.call.clone(),
            step: name,
            is_error: false,
            error: active.as_ref().and_then(|active| active.error.clone()),
            items,
            took_ms: active.map_or(0, |active| since(active.began, at)),
        };
        self.note(Event::StepFinished(event));
        self.done(id, step);
    }

    fn skip(&mut self, id: u64, step: usize, skip: Skip) {
        self.note_skipped(id, step, None, skip);
        if let Some(course) = self.going(id) {
            course.active.remove(&step);
        }
        self.done(id, step);
    }

    /// Steps that waited for it alone begin.
    fn done(&mut self, id: u64, step: usize) {
        let Some(course) = self.courses.get_mut(&id) else {
            return;
        };
        course.left -= 1;
        let ready = Arc::clone(&course.ready);
        for other in &ready.needed_by[step] {
            course.waiting[*other] -= 1;
            if course.waiting[*other] == 0 {
                self.todo.push_back(Task::Begin(id, *other));
            }
        }
        self.todo.push_back(Task::Close(id));
    }

    /// A step stops its workflow: what has not begun never will.
    fn fail(&mut self, id: u64, step: usize, failed: Failed, at: Timestamp) {
        let Some(course) = self.courses.get_mut(&id) else {
            return;
        };
        let active = course.active.remove(&step);
        let event = StepFinished {
            call: course.call.clone(),
            step: course.step(step).id.clone(),
            is_error: true,
            error: Some(failed.content()),
            items: None,
            took_ms: active.map_or(0, |active| since(active.began, at)),
        };
        self.note(Event::StepFinished(event));
        self.stop(id, failed);
    }

    /// Stops a course and those that its steps called.
    fn stop(&mut self, id: u64, failed: Failed) {
        let Some(course) = self.courses.get_mut(&id).filter(|course| course.failed.is_none()) else {
            return;
        };
        course.failed = Some(failed);
        let of_it = |place: &&Place| place.course == id;
        let asks: Vec<String> = self
            .places
            .values()
            .filter(of_it)
            .filter(|place| place.begun == Begun::Ask)
            .map(|place| place.call.id.clone())
            .collect();
        let mut inner: Vec<u64> = self
            .places
            .values()
            .filter(of_it)
            .filter_map(|place| match place.begun {
                Begun::Course(inner) => Some(inner),
                _ => None,
            })
            .collect();
        let waiting: Vec<String> = self
            .places
            .values()
            .filter(of_it)
            .filter(|place| place.begun == Begun::NotYet)
            .map(|place| place.call.id.clone())
            .collect();
        for call in &waiting {
            self.places.remove(call);
        }
        if let Some(course) = self.courses.get_mut(&id) {
            course.open -= waiting.len();
            course.active.clear();
        }
        for ask in &asks {
            inner.extend(self.hush(ask));
        }
        let (places, asked) = (&self.places, &self.asked);
        let begins = |call: &String| places.contains_key(call) || asked.contains_key(call);
        self.ready.retain(|planned| begins(&planned.call.id));
        self.prompts.retain(|prompt| places.contains_key(&prompt.call));
        self.pauses.retain(|(_, call)| places.contains_key(call));
        for inner in inner {
            let words = json!({ "error": "stopped", "message": "another step of the workflow failed" });
            let (cause, kind) = (None, FailedKind::Stopped);
            self.stop(inner, Failed { words, cause, kind });
        }
        self.todo.push_back(Task::Close(id));
    }

    /// Ends a course when nothing of it is left.
    fn close(&mut self, id: u64) {
        let Some(course) = self.courses.get(&id) else {
            return;
        };
        let over = self.returns.iter().any(|over| over.call == course.call);
        let result = match &course.failed {
            _ if over => return,
            Some(failed) if course.open == 0 => Err(failed.clone()),
            None if course.left == 0 => self.value_of(course),
            _ => return,
        };
        let (call, workflow) = (course.call.clone(), course.ready.workflow.name.clone());
        let began = course.now;
        if let (Err(failed), Some(course)) = (&result, self.courses.get_mut(&id)) {
            course.failed = Some(failed.clone());
        }
        self.returns.push_back(Return {
            call,
            workflow,
            began,
            result,
        });
    }

    fn value_of(&self, course: &Course) -> Result<Option<Value>, Failed> {
        let workflow = &course.ready.workflow;
        match &workflow.returns {
            Some(tree) => course
                .returned(tree, &self.catalogue.vars)
                .map_err(|error| Failed::of_template(None, None, "return", &error)),
            None => {
                let last = workflow.steps.last();
                Ok(last.and_then(|step| course.values.get(&step.id)).cloned())
            }
        }
    }

    fn note(&mut self, event: Event) {
        self.notes.push_back(event);
    }

    fn note_skipped(&mut self, id: u64, step: usize, item: Option<usize>, skip: Skip) {
        let Some(course) = self.courses.get(&id) else {
            return;
        };
        let event = StepSkipped {
            call: course.call.clone(),
            step: course.step(step).id.clone(),
            item: item.map(|item| item as u64),
            why: skip.why,
            error: skip.error,
        };
        self.note(Event::StepSkipped(event));
    }
}

/// Why something is skipped, and what its error said.
struct Skip {
    why: SkipReason,
    error: Option<String>,
}

impl From<SkipReason> for Skip {
    fn from(why: SkipReason) -> Self {
        Self { why, error: None }
    }
}

/// How an execution of a step begins.
enum Start {
    /// With a call, not named yet.
    Call(ToolCall),
    /// With a prompt, and what the model may call.
    Ask(Vec<Segment>, Vec<String>),
    /// Not at all: its condition does not hold.
    Skipped,
    /// Not at all: there is nothing to ask.
    Absent,
}

fn start(
    course: &Course,
    step: &Step,
    item: Option<usize>,
    vars: &BTreeMap<String, String>,
) -> Result<Start, Failed> {
    let arguments = match &step.action {
        Action::Ask(ask) => {
            let segments = course
                .segments(&ask.prompt, vars)
                .map_err(|error| Failed::of_template(Some(step), item, "ask", &error))?;
            return Ok(segments.map_or(Start::Absent, |segments| Start::Ask(segments, ask.tools.clone())));
        }
        Action::Call { with: None, .. } => None,
        Action::Call { with: Some(with), .. } => course
            .render(with, vars)
            .map_err(|error| Failed::of_template(Some(step), item, "with", &error))?,
    };
    if course.masked && arguments.as_ref().is_some_and(holds_mask) {
        return Err(Failed::of_mask(step));
    }
    Ok(Start::Call(ToolCall {
        id: String::new(),
        name: step.callee().unwrap_or_default().to_owned(),
        arguments: arguments.unwrap_or_else(|| Value::Object(Map::new())).to_string(),
    }))
}

/// Whether what stands for a hidden secret is part of a value.
fn holds_mask(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(HIDDEN),
        Value::Array(items) => items.iter().any(holds_mask),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, field)| key.contains(HIDDEN) || holds_mask(field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What comes after an execution of a step.
enum Until {
    /// Another try.
    Again,
    /// Nothing.
    Over(Result<Option<Value>, Failed>),
}

/// The list of a step; `None` when it is absent.
fn items(
    course: &Course,
    each: &Each,
    vars: &BTreeMap<String, String>,
    step: &Step,
) -> Result<Option<Vec<Value>>, Failed> {
    match course.render(&each.items, vars) {
        Ok(Some(Value::Array(list))) => Ok(Some(list)),
        Ok(None) => Ok(None),
        Ok(Some(other)) => {
            let found = match other {
                Value::Null => "null",
                Value::Bool(_) => "a boolean",
                Value::Number(_) => "a number",
                Value::String(_) => "text",
                Value::Array(_) | Value::Object(_) => "a map",
            };
            let message = format!("`for_each` goes over a list, found {found}");
            Err(Failed {
                words: json!({ "error": "no_list", "step": step.id, "message": message }),
                cause: None,
                kind: FailedKind::Error,
            })
        }
        Err(error) => Err(Failed::of_template(Some(step), None, "for_each", &error)),
    }
}

/// Milliseconds between two stamps.
pub(crate) fn since(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond() - from.as_millisecond()).unwrap_or_default()
}
