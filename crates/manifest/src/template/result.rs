//! `result.template`: words a result, with statements. The work is bounded by
//! fuel and the text by a size; absent values and null write nothing.

use std::borrow::Cow;

use minijinja::machinery::{ast, parse};
use minijinja::syntax::SyntaxConfig;
use serde_json::{Map, Value};

use super::error::{RenderError, TemplateError};
use super::eval::{Context, Local, MAX_TEXT, evaluate};
use super::fuel::Fuel;
use super::lower::Lowering;
use super::program::{Compiler, LOOP, Loop, Step, reword};
use super::scope::{Names, ResponseScope, Scope};
use super::uses::Uses;
use super::value::{is_true, kind_name, scalar_text};

/// The longest template, in bytes.
const MAX_TEMPLATE: usize = 16 << 10;
/// The longest tag, in bytes, and the most `elif`s: these keep the parser's
/// recursion shallow.
const MAX_TAG: usize = 2000;
const MAX_ELIF: usize = 100;

/// A compiled `result.template`, statements allowed, within fuel.
#[derive(Debug, Clone)]
pub struct ResultTemplate {
    text: Box<str>,
    steps: Vec<Step>,
    uses: Uses,
}

impl ResultTemplate {
    /// Compiles a template with statements. A statement's line leaves no
    /// empty line behind.
    pub fn compile(text: &str, names: &Names<'_>) -> Result<Self, Vec<TemplateError>> {
        check_size(text).map_err(|problem| vec![problem])?;
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        let syntax = syntax.expect("the default delimiters are valid");
        let parsed = parse(text, "template", syntax).map_err(|failure| vec![reword(&failure, text)])?;
        let names = Names {
            secrets: None,
            ..*names
        };
        let lowering = Lowering {
            source: text,
            offset: 0,
            names: &names,
            locals: &[],
        };
        let mut compiler = Compiler {
            lowering,
            problems: Vec::new(),
        };
        let steps = match &parsed {
            ast::Stmt::Template(template) => compiler.body(&template.children, &mut Vec::new()),
            _ => Vec::new(),
        };
        if !compiler.problems.is_empty() {
            return Err(compiler.problems);
        }
        let mut uses = Uses::default();
        steps.iter().for_each(|step| step.note_uses(&mut uses));
        Ok(Self {
            text: text.into(),
            steps,
            uses,
        })
    }

    /// Words a result.
    pub fn render(&self, scope: &Scope<'_>, response: &ResponseScope<'_>) -> Result<String, RenderError> {
        let fuel = Fuel::full();
        let mut out = String::new();
        run(
            &self.steps,
            None,
            Context::response(scope, response, &fuel),
            &mut out,
        )?;
        Ok(out)
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its statements.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What it reads.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }
}

fn check_size(text: &str) -> Result<(), TemplateError> {
    let problem = |range, message| TemplateError {
        code: "template-syntax",
        range,
        message,
        help: None,
    };
    if text.len() > MAX_TEMPLATE {
        return Err(problem(
            0..text.len(),
            format!("this template is longer than {MAX_TEMPLATE} bytes"),
        ));
    }
    if text.matches("elif").count() > MAX_ELIF {
        return Err(problem(
            0..text.len(),
            format!("this template has more than {MAX_ELIF} `elif`"),
        ));
    }
    for (open, close) in [("{{", "}}"), ("{%", "%}")] {
        for (start, _) in text.match_indices(open) {
            let end = text[start..]
                .find(close)
                .map_or(text.len(), |length| start + length);
            if end - start > MAX_TAG {
                return Err(problem(
                    start..end,
                    format!("this tag is longer than {MAX_TAG} bytes"),
                ));
            }
        }
    }
    Ok(())
}

/// The steps that follow a body which may make names for them.
struct Rest<'a> {
    steps: &'a [Step],
    then: Option<&'a Rest<'a>>,
}

fn run<'a>(
    steps: &'a [Step],
    rest: Option<&'a Rest<'a>>,
    context: Context<'a>,
    out: &mut String,
) -> Result<(), RenderError> {
    for (place, step) in steps.iter().enumerate() {
        context.fuel.spend(1).map_err(|message| refuse(&message))?;
        let after = &steps[place + 1..];
        match step {
            Step::Text(text) => push(text, out)?,
            Step::Emit(expr) => {
                let found = evaluate(expr, context)?;
                push(&found.as_deref().map(written).unwrap_or_default(), out)?;
            }
            Step::If(branch) => {
                let holds = evaluate(&branch.test, context)?.is_some_and(|value| is_true(&value));
                let body = if holds { &branch.then } else { &branch.otherwise };
                if step.makes_names() {
                    return run(
                        body,
                        Some(&Rest {
                            steps: after,
                            then: rest,
                        }),
                        context,
                        out,
                    );
                }
                run(body, None, context, out)?;
            }
            Step::For(each) => run_loop(each, context, out)?,
            Step::Set(name, expr) => {
                let local = Local {
                    name,
                    value: evaluate(expr, context)?,
                    before: context.locals,
                };
                return run(
                    after,
                    rest,
                    Context {
                        locals: Some(&local),
                        ..context
                    },
                    out,
                );
            }
        }
    }
    rest.map_or(Ok(()), |rest| run(rest.steps, rest.then, context, out))
}

fn run_loop(each: &Loop, context: Context<'_>, out: &mut String) -> Result<(), RenderError> {
    let over = evaluate(&each.over, context)?;
    let items = over.as_deref().map_or(Ok(Vec::new()), items)?;
    let mut kept: Vec<Vec<Local<'_>>> = Vec::new();
    for item in &items {
        let locals = taken_apart(each, item, context)?;
        let bound = bind(&locals, context, |context| match &each.only_if {
            None => Ok(true),
            Some(test) => Ok(evaluate(test, context)?.is_some_and(|value| is_true(&value))),
        })?;
        if bound {
            kept.push(locals);
        }
    }
    if kept.is_empty() {
        return run(&each.otherwise, None, context, out);
    }
    for (index, locals) in kept.iter().enumerate() {
        let state = Cow::Owned(loop_state(index, kept.len()));
        let state = Local {
            name: "loop",
            value: Some(state),
            before: context.locals,
        };
        let context = Context {
            locals: Some(&state),
            ..context
        };
        bind(locals, context, |context| run(&each.body, None, context, out))?;
    }
    Ok(())
}

/// What a loop goes over: items of a list, or keys of a map.
fn items(value: &Value) -> Result<Vec<Cow<'_, Value>>, RenderError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => Ok(items.iter().map(Cow::Borrowed).collect()),
        Value::Object(map) => Ok(map.keys().map(|key| Cow::Owned(key.as_str().into())).collect()),
        other => Err(refuse(&format!("a loop cannot go over {}", kind_name(other)))),
    }
}

/// The names of a loop with the values that one item gives them.
fn taken_apart<'a>(
    each: &'a Loop,
    item: &'a Value,
    context: Context<'_>,
) -> Result<Vec<Local<'a>>, RenderError> {
    context.fuel.spend(1).map_err(|message| refuse(&message))?;
    let local = |name, value| Local {
        name,
        value,
        before: None,
    };
    if let [name] = &*each.names {
        return Ok(vec![local(name.as_str(), Some(Cow::Borrowed(item)))]);
    }
    let Value::Array(values) = item else {
        return Err(refuse(&format!(
            "a loop with {} names wants lists",
            each.names.len()
        )));
    };
    Ok(each
        .names
        .iter()
        .enumerate()
        .map(|(place, name)| local(name, values.get(place).map(Cow::Borrowed)))
        .collect())
}

/// Runs something with further names.
fn bind<T>(
    locals: &[Local<'_>],
    context: Context<'_>,
    run: impl FnOnce(Context<'_>) -> Result<T, RenderError>,
) -> Result<T, RenderError> {
    match locals.split_first() {
        None => run(context),
        Some((first, rest)) => {
            let value = first.value.as_deref().map(Cow::Borrowed);
            let local = Local {
                name: first.name,
                value,
                before: context.locals,
            };
            bind(
                rest,
                Context {
                    locals: Some(&local),
                    ..context
                },
                run,
            )
        }
    }
}

fn loop_state(index: usize, length: usize) -> Value {
    let [first, one_based, zero_based, last, count] = LOOP;
    let mut state = Map::new();
    state.insert(first.into(), (index == 0).into());
    state.insert(one_based.into(), (index + 1).into());
    state.insert(zero_based.into(), index.into());
    state.insert(last.into(), (index + 1 == length).into());
    state.insert(count.into(), length.into());
    state.into()
}

/// How a value is written: lists and maps as compact JSON.
fn written(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        other => scalar_text(other).unwrap_or_else(|| Cow::Owned(other.to_string())),
    }
}

fn push(text: &str, out: &mut String) -> Result<(), RenderError> {
    if out.len() + text.len() > MAX_TEXT {
        return Err(refuse("the text grows beyond 1 MiB"));
    }
    out.push_str(text);
    Ok(())
}

fn refuse(problem: &str) -> RenderError {
    RenderError {
        rule: "result-template",
        param: None,
        message: format!("the tool's `template` cannot word this answer: {problem}"),
    }
}
