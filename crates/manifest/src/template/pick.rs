//! `pick`: JMESPath over a body. Numbers keep their digits; the keys of maps
//! come out sorted, since JMESPath has no order.

use std::sync::{Arc, LazyLock};

use jmespath::ast::Ast;
use jmespath::functions::{ArgumentType, CustomFunction, Signature};
use jmespath::{Context, ErrorReason, JmespathError, Rcvar, Runtime, Variable};
use serde_json::{Number, Value};

use super::error::{RenderError, TemplateError};
use super::search::{Failure, Search, join};

/// Longer queries are refused.
const MAX_LENGTH: usize = 4000;
/// Queries with more operators are refused: the parser recurses with them.
const MAX_OPERATORS: usize = 300;

/// A compiled JMESPath.
#[derive(Debug, Clone)]
pub struct Pick {
    text: String,
    ast: Ast,
}

/// The functions of JMESPath.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    let signature = Signature::new(vec![ArgumentType::Any], None);
    runtime.register_function(
        "to_number",
        Box::new(CustomFunction::new(
            signature,
            Box::new(|args, _| Ok(to_number(args))),
        )),
    );
    let texts = ArgumentType::TypedArray(Box::new(ArgumentType::String));
    let signature = Signature::new(vec![ArgumentType::String, texts], None);
    runtime.register_function("join", Box::new(CustomFunction::new(signature, Box::new(join))));
    runtime
});

impl Pick {
    /// Compiles a JMESPath expression.
    pub fn compile(text: &str) -> Result<Self, Vec<TemplateError>> {
        let problem = |range, message| {
            vec![TemplateError {
                code: "pick-syntax",
                range,
                message,
                help: Some(match text.strip_prefix("$.") {
                    Some(path) => format!("JMESPath starts without `$`: write `{path}`"),
                    None => "`pick` is JMESPath, as in `orders[].{id: id, total: total}`".into(),
                }),
            }]
        };
        if text.len() > MAX_LENGTH {
            return Err(problem(
                0..text.len(),
                format!("`pick` is longer than {MAX_LENGTH} bytes"),
            ));
        }
        if text
            .matches(['(', '[', '{', '!', '&', '.', '|', '=', '<', '>'])
            .count()
            > MAX_OPERATORS
        {
            return Err(problem(
                0..text.len(),
                format!("`pick` has more than {MAX_OPERATORS} operators"),
            ));
        }
        let mut ast = jmespath::parse(text).map_err(|failure| {
            let (start, reason) = place(text, &failure);
            let end = text[start..]
                .chars()
                .next()
                .map_or(start, |character| start + character.len_utf8());
            problem(start..end, format!("cannot read this JMESPath: {reason}"))
        })?;
        mend_numbers(&mut ast);
        if let Some((name, offset)) = unknown_function(&ast) {
            // The offset is that of the parenthesis.
            let before = text.get(..offset).unwrap_or(text);
            let start = before
                .rfind(&*name)
                .or_else(|| text.find(&*name))
                .unwrap_or_default();
            return Err(problem(
                start..(start + name.len()).min(text.len()),
                format!("unknown function `{name}`"),
            ));
        }
        Ok(Self {
            text: text.into(),
            ast,
        })
    }

    /// Runs it; numbers keep their digits.
    pub fn apply(&self, value: &Value) -> Result<Value, RenderError> {
        // `Expression::search` would hand the value through serde, which turns
        // numbers with kept digits into maps.
        let mut search = Search::new(Context::new(&self.text, &RUNTIME));
        let found = search.run(&to_variable(value), &self.ast).and_then(|found| {
            search.check(&found)?;
            Ok(found)
        });
        let found = found.map_err(|failure| RenderError {
            rule: "pick",
            param: None,
            message: match failure {
                Failure::TooMuch => "`pick` makes too much of this answer; ask for less of it".into(),
                Failure::Query(failure) => format!(
                    "`pick` cannot be applied to this answer: {}",
                    place(&self.text, &failure).1
                ),
            },
        })?;
        Ok(to_json(&found))
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn to_variable(value: &Value) -> Rcvar {
    Arc::new(match value {
        Value::Null => Variable::Null,
        Value::Bool(bool) => Variable::Bool(*bool),
        Value::Number(number) => Variable::Number(number.clone()),
        Value::String(text) => Variable::String(text.clone()),
        Value::Array(items) => Variable::Array(items.iter().map(to_variable).collect()),
        Value::Object(map) => Variable::Object(
            map.iter()
                .map(|(key, value)| (key.clone(), to_variable(value)))
                .collect(),
        ),
    })
}

fn to_json(variable: &Variable) -> Value {
    match variable {
        // A reference to an expression is a value only inside of functions.
        Variable::Null | Variable::Expref(_) => Value::Null,
        Variable::Bool(bool) => Value::Bool(*bool),
        Variable::Number(number) => Value::Number(number.clone()),
        Variable::String(text) => Value::String(text.clone()),
        Variable::Array(items) => items.iter().map(|item| to_json(item)).collect(),
        Variable::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), to_json(value)))
            .collect(),
    }
}

fn to_number(args: &[Rcvar]) -> Rcvar {
    let number = match args.first().map(|arg| &**arg) {
        Some(Variable::Number(number)) => Some(number.clone()),
        Some(Variable::String(text)) => text.parse::<Number>().ok(),
        _ => None,
    };
    Arc::new(number.map_or(Variable::Null, Variable::Number))
}

/// The byte where a query fails and why, in our words.
fn place(text: &str, failure: &JmespathError) -> (usize, String) {
    let start = text.floor_char_boundary(failure.offset);
    let reason = match &failure.reason {
        ErrorReason::Runtime(reason) => reason.to_string(),
        ErrorReason::Parse(reason) => {
            let (expected, token) = reason.split_once(" -- found ").unwrap_or((reason, ""));
            let expected = expected.trim_end_matches('.').replace('\'', "`");
            match token.starts_with("Eof") {
                _ if expected.starts_with("Unexpected") && token.is_empty() => expected,
                true if expected.starts_with("Unexpected") => "it ends too early".into(),
                false if expected.starts_with("Unexpected") => "nothing like this can stand here".into(),
                true => format!("{expected}, found the end"),
                false => expected,
            }
        }
    };
    let mut reason: String = reason;
    if let Some(first) = reason.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    (start, reason)
}

/// Literals are read by serde, which hands numbers with kept digits over as
/// maps with one key of its own; this turns them back into numbers.
fn mend_numbers(ast: &mut Ast) {
    if let Ast::Literal { value, .. } = ast {
        *value = mended(value);
    }
    children(ast).into_iter().for_each(mend_numbers);
}

fn mended(variable: &Rcvar) -> Rcvar {
    const PRIVATE: &str = "$serde_json::private::Number";
    match &**variable {
        Variable::Object(map) => match map.get(PRIVATE).map(|digits| &**digits) {
            Some(Variable::String(digits)) if map.len() == 1 => match digits.parse() {
                Ok(number) => Arc::new(Variable::Number(number)),
                Err(_) => variable.clone(),
            },
            _ => Arc::new(Variable::Object(
                map.iter()
                    .map(|(key, value)| (key.clone(), mended(value)))
                    .collect(),
            )),
        },
        Variable::Array(items) => Arc::new(Variable::Array(items.iter().map(mended).collect())),
        _ => variable.clone(),
    }
}

fn children(ast: &mut Ast) -> Vec<&mut Ast> {
    match ast {
        Ast::Comparison { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => vec![&mut **lhs, &mut **rhs],
        Ast::Condition { predicate, then, .. } => vec![&mut **predicate, &mut **then],
        Ast::Expref { ast, .. } => vec![&mut **ast],
        Ast::Flatten { node, .. } | Ast::Not { node, .. } | Ast::ObjectValues { node, .. } => {
            vec![&mut **node]
        }
        Ast::Function { args, .. } => args.iter_mut().collect(),
        Ast::MultiList { elements, .. } => elements.iter_mut().collect(),
        Ast::MultiHash { elements, .. } => elements.iter_mut().map(|pair| &mut pair.value).collect(),
        Ast::Identity { .. }
        | Ast::Field { .. }
        | Ast::Index { .. }
        | Ast::Literal { .. }
        | Ast::Slice { .. } => vec![],
    }
}

/// The first call of a function that does not exist.
fn unknown_function(ast: &Ast) -> Option<(String, usize)> {
    if let Ast::Function { name, offset, .. } = ast
        && RUNTIME.get_function(name).is_none()
    {
        return Some((name.clone(), *offset));
    }
    children(&mut ast.clone())
        .into_iter()
        .find_map(|child| unknown_function(child))
}
