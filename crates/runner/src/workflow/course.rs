//! One workflow call under way: the values so far, and what waits for what.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use toolrun_manifest::{Condition, JsonTemplate, RenderError, Scope, Segment, Step, TextTemplate};

use crate::effect::{Failed, FailedKind};
use crate::workflow::catalogue::ReadyWorkflow;

/// A workflow call under way.
#[derive(Debug)]
pub(super) struct Course {
    /// The workflow.
    pub(super) ready: Arc<ReadyWorkflow>,
    /// Its call, as events name it.
    pub(super) call: String,
    /// The call of the step that called it; none for the outermost.
    pub(super) parent: Option<String>,
    /// Arguments and the values of steps; what is absent is not in it.
    pub(super) values: Map<String, Value>,
    /// For each step, how many others it still waits for.
    pub(super) waiting: Vec<usize>,
    /// Steps that are not over.
    pub(super) left: usize,
    /// Executions that were made ready and are not over.
    pub(super) open: usize,
    /// Steps under way, by their places.
    pub(super) active: HashMap<usize, Active>,
    /// Why it stops.
    pub(super) failed: Option<Failed>,
    /// A value in it lost a secret: what stands there in its place is no value.
    pub(super) masked: bool,
    /// When it began.
    pub(super) now: Timestamp,
    call_id: String,
}

/// A step under way.
#[derive(Debug)]
pub(super) struct Active {
    /// When it began.
    pub(super) began: Timestamp,
    /// Its list, when it goes over one.
    pub(super) items: Option<Items>,
    /// The last error, also when it was made good.
    pub(super) error: Option<String>,
}

/// The items of a step's list.
#[derive(Debug)]
pub(super) struct Items {
    /// The items; those that are over are empty.
    pub(super) list: Vec<Value>,
    /// The first that has not begun.
    pub(super) next: usize,
    /// How many are under way.
    pub(super) open: usize,
    /// The results in order of the list; what is absent is left out at the end.
    pub(super) results: Vec<Option<Value>>,
}

impl Items {
    /// A list of which nothing has begun.
    pub(super) fn new(list: Vec<Value>) -> Self {
        Self {
            results: vec![None; list.len()],
            list,
            next: 0,
            open: 0,
        }
    }

    /// The step's value.
    pub(super) fn value(self) -> Value {
        self.results.into_iter().flatten().collect()
    }
}

impl Course {
    /// A course of which nothing has begun.
    pub(super) fn new(
        ready: Arc<ReadyWorkflow>,
        call: String,
        parent: Option<String>,
        started: &crate::event::ToolStarted,
        now: Timestamp,
    ) -> Self {
        let steps = &ready.workflow.steps;
        Self {
            waiting: steps.iter().map(|step| step.needs.len()).collect(),
            left: steps.len(),
            open: 0,
            active: HashMap::new(),
            failed: None,
            values: started.arguments.clone(),
            call_id: started.call_id.clone(),
            call,
            parent,
            masked: false,
            now,
            ready,
        }
    }

    /// A step by its place.
    pub(super) fn step(&self, place: usize) -> &Step {
        &self.ready.workflow.steps[place]
    }

    /// Fills in a tree.
    pub(super) fn render(
        &self,
        tree: &JsonTemplate,
        vars: &BTreeMap<String, String>,
    ) -> Result<Option<Value>, RenderError> {
        tree.render(&self.scope(vars))
    }

    /// Fills in what is returned. A list or a mapping that absence emptied is
    /// absent itself: no caller could tell it from one that was meant.
    pub(super) fn returned(
        &self,
        tree: &JsonTemplate,
        vars: &BTreeMap<String, String>,
    ) -> Result<Option<Value>, RenderError> {
        let emptied = |value: &Value| match (tree.written(), value) {
            (Value::Object(written), Value::Object(fields)) => fields.is_empty() && !written.is_empty(),
            (Value::Array(written), Value::Array(items)) => items.is_empty() && !written.is_empty(),
            _ => false,
        };
        Ok(self.render(tree, vars)?.filter(|value| !emptied(value)))
    }

    /// Fills in a prompt.
    pub(super) fn segments(
        &self,
        prompt: &TextTemplate,
        vars: &BTreeMap<String, String>,
    ) -> Result<Option<Vec<Segment>>, RenderError> {
        prompt.segments(&self.scope(vars))
    }

    /// Whether a condition holds.
    pub(super) fn holds(
        &self,
        condition: &Condition,
        vars: &BTreeMap<String, String>,
    ) -> Result<bool, RenderError> {
        condition.is_met(&self.scope(vars))
    }

    fn scope<'a>(&'a self, vars: &'a BTreeMap<String, String>) -> Scope<'a> {
        Scope {
            params: &self.values,
            vars,
            call_id: &self.call_id,
            now: self.now,
        }
    }

    /// Does something while a further name has a value: the item of a list, or
    /// the step itself. Nothing is copied, so that many items stay cheap.
    pub(super) fn with<T>(&mut self, name: &str, value: &mut Value, look: impl FnOnce(&mut Self) -> T) -> T {
        self.values.insert(name.to_owned(), std::mem::take(value));
        let seen = look(self);
        if let Some(back) = self.values.swap_remove(name) {
            *value = back;
        }
        seen
    }

    /// Does something while an item of a step's list has its name.
    pub(super) fn with_item<T>(
        &mut self,
        step: usize,
        item: usize,
        name: &str,
        look: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let mut value = self.item(step, item).map(std::mem::take).unwrap_or_default();
        let seen = self.with(name, &mut value, look);
        if let Some(place) = self.item(step, item) {
            *place = value;
        }
        seen
    }

    fn item(&mut self, step: usize, item: usize) -> Option<&mut Value> {
        self.active.get_mut(&step)?.items.as_mut()?.list.get_mut(item)
    }
}

impl Failed {
    /// What a template of a step could not do, or one of the workflow's own.
    pub(super) fn of_template(
        step: Option<&Step>,
        item: Option<usize>,
        key: &str,
        error: &RenderError,
    ) -> Self {
        let mut words = json!({ "error": "unusable_value" });
        if let Some(step) = step {
            words["step"] = step.id.as_str().into();
        }
        if let Some(item) = item {
            words["item"] = item.into();
        }
        words["key"] = key.into();
        words["rule"] = error.rule.into();
        words["message"] = error.message.as_str().into();
        Self {
            words,
            cause: None,
            kind: FailedKind::Error,
        }
    }

    /// What would be sent is not what was answered.
    pub(super) fn of_mask(step: &Step) -> Self {
        let message = "an earlier step's value held a secret, which is hidden, and this call would have sent what \
                       stands in its place; nothing was sent. Pick from that result only what is needed.";
        Self {
            words: json!({ "error": "secret_in_arguments", "step": step.id, "message": message }),
            cause: None,
            kind: FailedKind::Error,
        }
    }

    /// What a call of a step said.
    pub(super) fn of_call(step: &Step, item: Option<usize>, content: String, kind: FailedKind) -> Self {
        let mut words = json!({ "error": "step_failed", "step": step.id });
        if let Some(item) = item {
            words["item"] = item.into();
        }
        words["calls"] = step.callee().unwrap_or("ask").into();
        Self {
            words,
            cause: Some(content),
            kind,
        }
    }

    /// The same in a workflow that a step called.
    pub(super) fn inside(mut self, step: &str, item: Option<usize>) -> Self {
        let item = item.map(|item| format!("[{item}]")).unwrap_or_default();
        let inner = self.words["step"].as_str().map(|inner| format!("/{inner}"));
        self.words["step"] = format!("{step}{item}{}", inner.unwrap_or_default()).into();
        self
    }

    /// All of it as one text.
    pub(crate) fn content(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{}\n{cause}", self.words),
            None => self.words.to_string(),
        }
    }
}
