//! Evaluates expressions. `None` is *absent*: it spreads through everything
//! but `default`, `or`, `not`, `is defined` and `if … else`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::error::RenderError;
use super::expression::{Arithmetic, Comparison, Expr, Kind, NullMeans, Replaces, Root, Slice};
use super::filters::Filter;
use super::fuel::Fuel;
use super::number::{Num, compute};
use super::scope::{ResponseScope, Scope};
use super::value::{compare, is_true, kind_name, scalar_text};

/// The longest text that an expression may make, in bytes.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// A value, or `None` for absent.
pub(super) type Found<'a> = Option<Cow<'a, Value>>;

/// What an expression can read.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) response: Option<&'a ResponseScope<'a>>,
    /// Names that statements made, the innermost first.
    pub(super) locals: Option<&'a Local<'a>>,
    /// What is left of the work that may be done.
    pub(super) fuel: &'a Fuel,
}

/// A name that a statement made, and those before it.
pub(super) struct Local<'a> {
    pub(super) name: &'a str,
    pub(super) value: Found<'a>,
    pub(super) before: Option<&'a Local<'a>>,
}

impl<'a> Context<'a> {
    /// What a request reads.
    pub(super) fn request(scope: &'a Scope<'a>, fuel: &'a Fuel) -> Self {
        Self {
            scope,
            response: None,
            locals: None,
            fuel,
        }
    }

    /// What is read once there is a response.
    pub(super) fn response(scope: &'a Scope<'a>, response: &'a ResponseScope<'a>, fuel: &'a Fuel) -> Self {
        Self {
            response: Some(response),
            ..Self::request(scope, fuel)
        }
    }

    fn local(&self, name: &str) -> Option<&'a Local<'a>> {
        std::iter::successors(self.locals, |local| local.before).find(|local| local.name == name)
    }
}

/// Why there is no value.
enum Stop {
    /// Something is absent; this spreads like an error until it is handled.
    Absent,
    /// It cannot be computed.
    Problem(String),
}

impl From<String> for Stop {
    fn from(problem: String) -> Self {
        Self::Problem(problem)
    }
}

impl From<&str> for Stop {
    fn from(problem: &str) -> Self {
        Self::Problem(problem.into())
    }
}

type Evaluated<'a> = Result<Cow<'a, Value>, Stop>;

/// Evaluates; a failure names the first param that the expression reads.
pub(super) fn evaluate<'a>(expr: &'a Expr, context: Context<'a>) -> Result<Found<'a>, RenderError> {
    match eval(expr, context) {
        Ok(value) => Ok(Some(value)),
        Err(Stop::Absent) => Ok(None),
        Err(Stop::Problem(problem)) => Err(RenderError {
            rule: "expression-type",
            param: expr.first_param().map(|param| param.name.clone()),
            message: format!("a template cannot be computed: {problem}"),
        }),
    }
}

fn owned<'a>(value: impl Into<Value>) -> Evaluated<'a> {
    Ok(Cow::Owned(value.into()))
}

/// A value that was made, once its size is paid for.
fn paid<'a>(made: Option<Value>, context: Context<'a>) -> Result<Found<'a>, String> {
    made.iter().try_for_each(|value| context.fuel.spend_on(value))?;
    Ok(made.map(Cow::Owned))
}

fn or_absent(found: Found<'_>) -> Evaluated<'_> {
    found.ok_or(Stop::Absent)
}

/// Where absence is handled: the value, or `None` when it is absent.
fn found<'a>(expr: &'a Expr, context: Context<'a>) -> Result<Found<'a>, Stop> {
    match eval(expr, context) {
        Ok(value) => Ok(Some(value)),
        Err(Stop::Absent) => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn holds<'a>(expr: &'a Expr, context: Context<'a>) -> Result<bool, Stop> {
    Ok(found(expr, context)?.is_some_and(|value| is_true(&value)))
}

fn eval<'a>(expr: &'a Expr, context: Context<'a>) -> Evaluated<'a> {
    context.fuel.spend(1)?;
    match &expr.kind {
        Kind::Literal(value) => Ok(Cow::Borrowed(value)),
        Kind::Read(root) => read(root, context),
        Kind::Field(of, name) => member(of, name, context),
        Kind::Item(of, key) => item(eval(of, context)?, &*eval(key, context)?),
        Kind::Slice(slice) => cut(slice, context),
        Kind::Not(of) => owned(!holds(of, context)?),
        Kind::Defined(of) => owned(found(of, context)?.is_some()),
        Kind::Negate(of) => {
            let negated = compute(Arithmetic::Subtract, Num::Int(0), number(&*eval(of, context)?)?)?;
            owned(negated.into_json()?)
        }
        Kind::And(left, right) => {
            let left = eval(left, context)?;
            if is_true(&left) {
                eval(right, context)
            } else {
                Ok(left)
            }
        }
        Kind::Or(left, right) => match found(left, context)? {
            Some(left) if is_true(&left) => Ok(left),
            _ => eval(right, context),
        },
        Kind::Arithmetic(op, left, right) => {
            let computed = arithmetic(*op, &*eval(left, context)?, &*eval(right, context)?)?;
            context.fuel.spend_on(&computed)?;
            Ok(computed)
        }
        Kind::Concat(left, right) => {
            let (left, right) = (eval(left, context)?, eval(right, context)?);
            let joined = joined(&text(&left)?, &text(&right)?)?.into();
            or_absent(paid(Some(joined), context)?)
        }
        Kind::Compare(first, rest) => compare_all(first, rest, context),
        Kind::If(choice) => match (holds(&choice.test, context)?, &choice.otherwise) {
            (true, _) => eval(&choice.then, context),
            (false, Some(otherwise)) => eval(otherwise, context),
            (false, None) => Err(Stop::Absent),
        },
        Kind::Default(of, value, replaces) => match found(of, context)? {
            Some(found) if *replaces == Replaces::Absent || is_true(&found) => Ok(found),
            _ => eval(value, context),
        },
        Kind::Filter(filter, of, args) => filtered(filter, of, args, context),
        Kind::Is(test, of, args) => {
            let (value, args) = (eval(of, context)?, all(args, context)?);
            args.iter().try_for_each(|arg| context.fuel.spend_on(arg))?;
            owned((test.apply)(&value, &args))
        }
        Kind::List(items) => list(items, context),
        Kind::Map(pairs) => map(pairs, context),
    }
}

fn member<'a>(of: &'a Expr, name: &str, context: Context<'a>) -> Evaluated<'a> {
    let value = eval(of, context)?;
    // Header names come in lower case and are written in any.
    let headers = matches!(of.kind, Kind::Read(Root::Headers));
    or_absent(if headers {
        field(value, &name.to_lowercase())
    } else {
        field(value, name)
    })
}

fn filtered<'a>(filter: &Filter, of: &'a Expr, args: &'a [Expr], context: Context<'a>) -> Evaluated<'a> {
    let value = eval(of, context)?;
    if value.is_string() {
        context.fuel.spend_on(&value)?;
    }
    or_absent(paid((filter.apply)(&value, &all(args, context)?)?, context)?)
}

fn list<'a>(items: &'a [Expr], context: Context<'a>) -> Evaluated<'a> {
    let items: Vec<Value> = all(items, context)?.into_iter().map(Cow::into_owned).collect();
    owned(items)
}

fn read<'a>(root: &'a Root, context: Context<'a>) -> Evaluated<'a> {
    let scope = context.scope;
    let response = || {
        context
            .response
            .ok_or(Stop::Problem("there is no response yet".into()))
    };
    match root {
        Root::Param(param) => or_absent(match scope.params.get(&param.name) {
            Some(Value::Null) if param.null == NullMeans::Absent => None,
            found => found.map(Cow::Borrowed),
        }),
        Root::Var(name) => or_absent(
            scope
                .vars
                .get(name)
                .map(|value| Cow::Owned(Value::from(value.as_str()))),
        ),
        // Secrets are cut out of templates before anything is evaluated.
        Root::Secret(name) => Err(format!("the secret `{name}` is not a value").into()),
        Root::CallId => owned(scope.call_id),
        Root::Now => owned(super::time::rfc3339(scope.now)),
        Root::Status => owned(response()?.status),
        Root::Headers => {
            let headers = response()?.headers.iter();
            owned(
                headers
                    .map(|(name, value)| (name.clone(), value.as_str().into()))
                    .collect::<Map<String, Value>>(),
            )
        }
        Root::Body => Ok(Cow::Borrowed(response()?.body)),
        Root::Local(name) => or_absent(
            context
                .local(name)
                .and_then(|local| local.value.as_deref().map(Cow::Borrowed)),
        ),
        Root::Result => or_absent(response()?.result.map(Cow::Borrowed)),
    }
}

fn field<'a>(value: Cow<'a, Value>, name: &str) -> Found<'a> {
    match value {
        Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed),
        Cow::Owned(Value::Object(mut map)) => map.swap_remove(name).map(Cow::Owned),
        Cow::Owned(_) => None,
    }
}

fn item<'a>(value: Cow<'a, Value>, key: &Value) -> Evaluated<'a> {
    match (value.as_ref(), key) {
        (Value::Array(items), Value::Number(_)) => {
            let index = integer(key)?;
            let index = if index < 0 {
                index.saturating_add(items.len() as i128)
            } else {
                index
            };
            let index = usize::try_from(index).map_err(|_| Stop::Absent)?;
            or_absent(match value {
                Cow::Borrowed(value) => value.get(index).map(Cow::Borrowed),
                Cow::Owned(value) => value.get(index).cloned().map(Cow::Owned),
            })
        }
        (_, Value::String(name)) => or_absent(field(value, name)),
        _ => Err(Stop::Absent),
    }
}

fn cut<'a>(slice: &'a Slice, context: Context<'a>) -> Evaluated<'a> {
    let bound = |expr: &'a Option<Expr>| -> Result<Option<i128>, Stop> {
        expr.as_ref()
            .map(|expr| Ok(integer(&*eval(expr, context)?)?))
            .transpose()
    };
    let value = eval(&slice.of, context)?;
    let (start, stop, step) = (bound(&slice.start)?, bound(&slice.stop)?, bound(&slice.step)?);
    let step = usize::try_from(step.unwrap_or(1))
        .ok()
        .filter(|step| *step > 0)
        .ok_or("a slice's step is at least 1")?;
    let window = |length: usize| {
        let clamp = |bound: i128| {
            let bound = if bound < 0 {
                bound.saturating_add(length as i128)
            } else {
                bound
            };
            usize::try_from(bound.max(0)).unwrap_or(usize::MAX).min(length)
        };
        let start = start.map_or(0, clamp);
        (start, stop.map_or(length, clamp).saturating_sub(start))
    };
    match value.as_ref() {
        Value::Array(items) => {
            let (start, count) = window(items.len());
            owned(
                items
                    .iter()
                    .skip(start)
                    .take(count)
                    .step_by(step)
                    .cloned()
                    .collect::<Vec<_>>(),
            )
        }
        Value::String(text) => {
            let (start, count) = window(text.chars().count());
            owned(
                text.chars()
                    .skip(start)
                    .take(count)
                    .step_by(step)
                    .collect::<String>(),
            )
        }
        other => Err(format!("{} cannot be sliced", kind_name(other)).into()),
    }
}

fn all<'a>(exprs: &'a [Expr], context: Context<'a>) -> Result<Vec<Cow<'a, Value>>, Stop> {
    exprs.iter().map(|expr| eval(expr, context)).collect()
}

fn map<'a>(pairs: &'a [(Expr, Expr)], context: Context<'a>) -> Evaluated<'a> {
    let mut map = Map::new();
    for (key, value) in pairs {
        map.insert(
            text(&*eval(key, context)?)?.into_owned(),
            eval(value, context)?.into_owned(),
        );
    }
    owned(map)
}

fn number(value: &Value) -> Result<Num, String> {
    match value {
        Value::Number(number) => Ok(Num::of(number)),
        other => Err(format!("expected a number, found {}", kind_name(other))),
    }
}

fn integer(value: &Value) -> Result<i128, String> {
    match number(value)? {
        Num::Int(int) => Ok(int),
        Num::Float(_) => Err("expected an integer, found a number with decimals".into()),
    }
}

fn text(value: &Value) -> Result<Cow<'_, str>, String> {
    scalar_text(value).ok_or_else(|| format!("expected text, found {}", kind_name(value)))
}

/// Two texts as one, within the bound.
pub(super) fn joined(left: &str, right: &str) -> Result<String, String> {
    if left.len() + right.len() > MAX_TEXT {
        return Err("the text grows beyond 1 MiB".into());
    }
    Ok([left, right].concat())
}

fn arithmetic<'a>(op: Arithmetic, left: &Value, right: &Value) -> Evaluated<'a> {
    match (op, left, right) {
        (Arithmetic::Add, Value::String(left), Value::String(right)) => owned(joined(left, right)?),
        (Arithmetic::Add, Value::Array(left), Value::Array(right)) => {
            owned([left.as_slice(), right].concat())
        }
        _ => owned(compute(op, number(left)?, number(right)?)?.into_json()?),
    }
}

fn compare_all<'a>(first: &'a Expr, rest: &'a [(Comparison, Expr)], context: Context<'a>) -> Evaluated<'a> {
    let mut left = eval(first, context)?;
    let mut holds = true;
    for (op, right) in rest {
        let right = eval(right, context)?;
        context.fuel.spend_on(&right)?;
        holds = holds && compare(*op, &left, &right)?;
        left = right;
    }
    owned(holds)
}
