//! Runs a JMESPath query within bounds. The library's interpreter shares
//! values: thirty `[@, @]` in a row are small in memory, and a thousand
//! million values once they are written out or turned into text. Here what a
//! query makes is weighed on the way, and one that makes too much ends.

use std::sync::Arc;

use jmespath::ast::Ast;
use jmespath::{Context, ErrorReason, JmespathError, Rcvar, RuntimeError, Variable};

/// The most that a query makes: values, and texts by sixteen bytes.
const MOST: u64 = 2_000_000;

/// The longest text that `join` makes, in bytes.
const LONGEST_JOINED: usize = 256 * 1024;

/// Why a query ended before its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// It makes too much.
    TooMuch,
    /// It does not fit the answer.
    Query(JmespathError),
}

impl From<JmespathError> for Failure {
    fn from(error: JmespathError) -> Self {
        Self::Query(error)
    }
}

/// A query under way.
pub(super) struct Search<'a> {
    context: Context<'a>,
    left: u64,
}

impl<'a> Search<'a> {
    pub(super) fn new(context: Context<'a>) -> Self {
        Self { context, left: MOST }
    }

    /// The value of a query, by the rules of JMESPath.
    pub(super) fn run(&mut self, data: &Rcvar, ast: &Ast) -> Result<Rcvar, Failure> {
        Ok(match ast {
            Ast::Identity { .. } => Arc::clone(data),
            Ast::Literal { value, .. } => Arc::clone(value),
            Ast::Field { name, .. } => data.get_field(name),
            Ast::Index { idx, .. } => match usize::try_from(*idx) {
                Ok(place) => data.get_index(place),
                Err(_) => data.get_negative_index(usize::try_from(idx.unsigned_abs()).unwrap_or(usize::MAX)),
            },
            Ast::Slice { .. } => self.slice(data, ast)?,
            Ast::Subexpr { lhs, rhs, .. } => {
                let left = self.run(data, lhs)?;
                self.run(&left, rhs)?
            }
            Ast::Or { lhs, rhs, .. } => {
                let left = self.run(data, lhs)?;
                if left.is_truthy() {
                    left
                } else {
                    self.run(data, rhs)?
                }
            }
            Ast::And { lhs, rhs, .. } => {
                let left = self.run(data, lhs)?;
                if left.is_truthy() {
                    self.run(data, rhs)?
                } else {
                    left
                }
            }
            Ast::Not { node, .. } => Arc::new(Variable::Bool(!self.run(data, node)?.is_truthy())),
            Ast::Condition { predicate, then, .. } => match self.run(data, predicate)?.is_truthy() {
                true => self.run(data, then)?,
                false => null(),
            },
            Ast::Comparison {
                comparator, lhs, rhs, ..
            } => {
                let (left, right) = (self.run(data, lhs)?, self.run(data, rhs)?);
                left.compare(comparator, &right)
                    .map_or_else(null, |holds| Arc::new(Variable::Bool(holds)))
            }
            Ast::ObjectValues { node, .. } => match &*self.run(data, node)? {
                Variable::Object(map) => list(map.values().cloned().collect()),
                _ => null(),
            },
            Ast::Expref { ast, .. } => Arc::new(Variable::Expref((**ast).clone())),
            Ast::Projection { .. } | Ast::Flatten { .. } => self.over_items(data, ast)?,
            Ast::MultiList { .. } | Ast::MultiHash { .. } => self.made(data, ast)?,
            Ast::Function { name, args, offset } => self.function(data, name, args, *offset)?,
        })
    }

    /// Refuses a result that is too large to be written out.
    pub(super) fn check(&self, found: &Variable) -> Result<(), Failure> {
        match weight(found, MOST) > MOST {
            true => Err(Failure::TooMuch),
            false => Ok(()),
        }
    }

    fn slice(&mut self, data: &Rcvar, ast: &Ast) -> Result<Rcvar, Failure> {
        let Ast::Slice {
            start,
            stop,
            step,
            offset,
        } = ast
        else {
            return Ok(null());
        };
        if *step == 0 {
            self.context.offset = *offset;
            let reason = ErrorReason::Runtime(RuntimeError::InvalidSlice);
            return Err(JmespathError::from_ctx(&self.context, reason).into());
        }
        Ok(data.slice(*start, *stop, *step).map_or_else(null, list))
    }

    /// A projection's results that are not null, or the lists of a list as one.
    fn over_items(&mut self, data: &Rcvar, ast: &Ast) -> Result<Rcvar, Failure> {
        let (Ast::Projection { lhs: items, .. } | Ast::Flatten { node: items, .. }) = ast else {
            return Ok(null());
        };
        let items = self.run(data, items)?;
        let Some(items) = items.as_array() else {
            return Ok(null());
        };
        let mut found = Vec::new();
        for item in items {
            match (ast, item.as_array()) {
                (Ast::Projection { rhs, .. }, _) => {
                    let value = self.run(item, rhs)?;
                    if !value.is_null() {
                        found.push(value);
                    }
                }
                (_, Some(inner)) => found.extend(inner.iter().cloned()),
                (_, None) => found.push(Arc::clone(item)),
            }
        }
        self.spend(found.len() as u64)?;
        Ok(list(found))
    }

    /// A list or a map that the query itself writes.
    fn made(&mut self, data: &Rcvar, ast: &Ast) -> Result<Rcvar, Failure> {
        if data.is_null() {
            return Ok(null());
        }
        let made = match ast {
            Ast::MultiList { elements, .. } => {
                let values = elements.iter().map(|element| self.run(data, element));
                list(values.collect::<Result<_, _>>()?)
            }
            Ast::MultiHash { elements, .. } => {
                let pairs = elements
                    .iter()
                    .map(|pair| Ok((pair.key.clone(), self.run(data, &pair.value)?)));
                Arc::new(Variable::Object(pairs.collect::<Result<_, Failure>>()?))
            }
            _ => null(),
        };
        let made_of = weight(&made, self.left);
        self.spend(made_of)?;
        Ok(made)
    }

    fn function(&mut self, data: &Rcvar, name: &str, args: &[Ast], offset: usize) -> Result<Rcvar, Failure> {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.run(data, arg)?);
        }
        // The library runs expressions that are handed to functions: what
        // they can make is reckoned before.
        let given: u64 = values.iter().map(|value| weight(value, self.left)).sum();
        let times = values.iter().filter_map(|value| value.as_expref()).map(growth);
        self.spend(times.fold(given, u64::saturating_mul))?;
        self.context.offset = offset;
        let Some(function) = self.context.runtime.get_function(name) else {
            let reason = ErrorReason::Runtime(RuntimeError::UnknownFunction(name.to_owned()));
            return Err(JmespathError::from_ctx(&self.context, reason).into());
        };
        Ok(function.evaluate(&values, &mut self.context)?)
    }

    fn spend(&mut self, weight: u64) -> Result<(), Failure> {
        self.left = self.left.checked_sub(weight).ok_or(Failure::TooMuch)?;
        Ok(())
    }
}

/// `join`, whose result may be as long as both of its arguments multiplied.
pub(super) fn join(args: &[Rcvar], context: &mut Context<'_>) -> Result<Rcvar, JmespathError> {
    let (Some(glue), Some(items)) = (
        args.first().and_then(|glue| glue.as_string()),
        args.get(1).and_then(|items| items.as_array()),
    ) else {
        return Ok(null());
    };
    let texts: Vec<&str> = items
        .iter()
        .filter_map(|item| item.as_string())
        .map(String::as_str)
        .collect();
    let length = texts.iter().map(|text| text.len()).sum::<usize>() + glue.len().saturating_mul(texts.len());
    if length > LONGEST_JOINED {
        let reason = format!("`join` makes a text of more than {LONGEST_JOINED} bytes");
        return Err(JmespathError::from_ctx(context, ErrorReason::Parse(reason)));
    }
    Ok(Arc::new(Variable::String(texts.join(glue))))
}

/// How much a value is when it is written out; counting ends at `most`.
fn weight(value: &Variable, most: u64) -> u64 {
    let mut left = most;
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        let own = match value {
            Variable::String(text) => 1 + text.len() as u64 / 16,
            Variable::Number(number) => 1 + number.as_str().len() as u64 / 16,
            Variable::Array(items) => {
                waiting.extend(items.iter().map(|item| &**item));
                1
            }
            Variable::Object(map) => {
                waiting.extend(map.values().map(|value| &**value));
                1 + map.keys().map(|key| 1 + key.len() as u64 / 16).sum::<u64>()
            }
            _ => 1,
        };
        left = match left.checked_sub(own) {
            Some(left) if (waiting.len() as u64) <= left => left,
            _ => return most.saturating_add(1),
        };
    }
    most - left
}

/// How many times as much as it is given a query can make.
fn growth(ast: &Ast) -> u64 {
    let sum = |parts: &mut dyn Iterator<Item = &Ast>| parts.map(growth).fold(1, u64::saturating_add);
    match ast {
        Ast::Identity { .. }
        | Ast::Field { .. }
        | Ast::Index { .. }
        | Ast::Slice { .. }
        | Ast::Comparison { .. } => 1,
        Ast::Literal { value, .. } => weight(value, MOST),
        Ast::Subexpr { lhs, rhs, .. } | Ast::Projection { lhs, rhs, .. } => {
            growth(lhs).saturating_mul(growth(rhs))
        }
        Ast::Or { lhs, rhs, .. } | Ast::And { lhs, rhs, .. } => growth(lhs).max(growth(rhs)),
        Ast::Condition { then, .. } => growth(then),
        Ast::Not { .. } => 1,
        Ast::Flatten { node, .. } | Ast::ObjectValues { node, .. } => growth(node),
        Ast::Expref { ast, .. } => growth(ast),
        Ast::MultiList { elements, .. } => sum(&mut elements.iter()),
        Ast::MultiHash { elements, .. } => sum(&mut elements.iter().map(|pair| &pair.value)),
        Ast::Function { args, .. } => {
            let plain = sum(&mut args.iter().filter(|arg| !matches!(arg, Ast::Expref { .. })));
            let inner = args.iter().filter(|arg| matches!(arg, Ast::Expref { .. }));
            inner.map(growth).fold(plain, u64::saturating_mul)
        }
    }
}

fn null() -> Rcvar {
    Arc::new(Variable::Null)
}

fn list(items: Vec<Rcvar>) -> Rcvar {
    Arc::new(Variable::Array(items))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::template::Pick;

    #[test]
    fn a_query_that_makes_too_much_ends() {
        let long = "x".repeat(400_000);
        let data = json!({ "a": vec![1; 1000], "s": long, "l": vec!["y"; 1000] });
        let doubled = |times: usize| ["[@,@]"].repeat(times).join("|");
        let queries = [
            doubled(40),
            format!("{}|to_string(@)", doubled(40)),
            format!("{}|length([])", ["[@,@][]"].repeat(40).join("|")),
            format!("{}|@ == @", doubled(40)),
            format!("a[].{}", ["{a: @, b: @}"].repeat(30).join(".")),
            format!("map(&{}, a)", doubled(40).replace('|', " | ")),
            "join(s, l)".to_owned(),
        ];
        for query in queries {
            let pick = Pick::compile(&query).unwrap_or_else(|problem| panic!("{query}: {problem:?}"));
            let problem = pick.apply(&data).unwrap_err();
            assert!(
                problem.message.contains("more than") || problem.message.contains("too much"),
                "{problem:?}"
            );
        }
    }

    #[test]
    fn honest_queries_of_large_answers_end_well() {
        let item = json!({ "id": 1, "name": "some name of ordinary length", "tags": ["a", "b"], "more": { "x": 1, "y": 2 } });
        let data = json!({ "items": vec![item; 10_000] });
        for query in [
            "items[].{id: id, name: name, tags: join(', ', tags), x: more.x}",
            "sort_by(items, &id)[].{id: id, more: more.{x: x, y: y}}",
            "map(&{id: id, name: name}, items)",
            "items[?id > `0`] | [*].[id, name]",
            "length(items)",
        ] {
            let found = Pick::compile(query).unwrap().apply(&data);
            assert!(found.is_ok_and(|value| value != Value::Null), "{query}");
        }
    }
}
