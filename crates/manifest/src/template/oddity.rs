//! Expressions that can turn out only one way: a comparison with a value that
//! the param never has, a condition that is always true, a `default` for what
//! is always there. They run, and do not do what was meant.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

use super::domain::{Domain, Fate};
use super::expression::{Comparison, Expr, Kind, NullMeans, Presence, Replaces, Root};
use super::lower;
use super::parts::{RawPart, cut};
use super::program::Step;
use super::result::ResultTemplate;
use super::scope::Names;
use crate::checked::VarDecl;

/// What is known of the names that a template reads.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) names: Names<'a>,
    pub(crate) vars: &'a HashMap<&'a str, &'a VarDecl>,
}

/// Something that can turn out only one way.
#[derive(Debug)]
pub(crate) struct Oddity {
    pub(crate) kind: OddityKind,
    /// Where it stands in the text.
    pub(crate) range: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
    /// The param that it is about.
    pub(crate) param: Option<String>,
}

/// What of it is odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OddityKind {
    /// A condition or a comparison.
    Constant,
    /// A `default` that nothing needs; without these bytes it says the same.
    Default {
        /// What can go.
        surplus: Range<usize>,
    },
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// Its slots are values.
    Value,
    /// It is one condition.
    Condition,
}

/// What is odd in a text with slots. What does not compile is left out: it is
/// reported elsewhere.
pub(crate) fn in_text(text: &str, position: Position, facts: &Facts<'_>) -> Vec<Oddity> {
    let mut found = Vec::new();
    for part in cut(text).unwrap_or_default() {
        let RawPart::Slot { inner, .. } = part else {
            continue;
        };
        if position == Position::Value && !may_be_odd(&text[inner.clone()]) {
            continue;
        }
        if let Ok(expr) = lower::compile(text, inner, &facts.names) {
            let mut search = Search { text, facts, found };
            search.expr(&expr, position);
            found = search.found;
        }
    }
    found
}

/// What is odd in a result's template.
pub(crate) fn in_result(template: &ResultTemplate, facts: &Facts<'_>) -> Vec<Oddity> {
    let mut search = Search {
        text: template.text(),
        facts,
        found: Vec::new(),
    };
    search.steps(template.steps());
    search.found
}

/// Whether reading it closely is worth the time.
fn may_be_odd(inner: &str) -> bool {
    let signs = [
        "==", "!=", "<", ">", " in ", " if ", "default", "|d(", "| d(", "defined",
    ];
    signs.iter().any(|sign| inner.contains(sign))
}

struct Search<'a> {
    text: &'a str,
    facts: &'a Facts<'a>,
    found: Vec<Oddity>,
}

impl Search<'_> {
    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Text(_) => {}
                Step::Emit(expr) | Step::Set(_, expr) => self.expr(expr, Position::Value),
                Step::If(branch) => {
                    self.expr(&branch.test, Position::Condition);
                    self.steps(&branch.then);
                    self.steps(&branch.otherwise);
                }
                Step::For(each) => {
                    self.expr(&each.over, Position::Value);
                    each.only_if
                        .iter()
                        .for_each(|test| self.expr(test, Position::Condition));
                    self.steps(&each.body);
                    self.steps(&each.otherwise);
                }
            }
        }
    }

    /// Looks at an expression and all within; what is inside of something odd
    /// is not looked at again.
    fn expr(&mut self, expr: &Expr, position: Position) {
        if self.is_odd(expr, position) {
            return;
        }
        match &expr.kind {
            Kind::And(left, right) | Kind::Or(left, right) => {
                self.expr(left, position);
                // What a value falls back to is a value.
                self.expr(right, position);
            }
            Kind::Not(of) => self.expr(of, Position::Condition),
            Kind::If(choice) => {
                self.expr(&choice.test, Position::Condition);
                self.expr(&choice.then, Position::Value);
                choice
                    .otherwise
                    .iter()
                    .for_each(|expr| self.expr(expr, Position::Value));
            }
            _ => expr
                .children()
                .into_iter()
                .for_each(|child| self.expr(child, Position::Value)),
        }
    }

    fn is_odd(&mut self, expr: &Expr, position: Position) -> bool {
        let before = self.found.len();
        match &expr.kind {
            Kind::Literal(value) if position == Position::Condition => self.literal(expr, value),
            Kind::Defined(of) => self.defined(expr, of),
            Kind::Default(of, _, Replaces::Absent) => self.default(expr, of),
            Kind::Compare(left, rest) => {
                let mut left = &**left;
                for (op, right) in rest {
                    self.compare(left, *op, right);
                    left = right;
                }
            }
            _ => {}
        }
        self.found.len() > before
    }

    fn literal(&mut self, expr: &Expr, value: &Value) {
        let written = &self.text[expr.range.clone()];
        let always = if super::value::is_true(value) {
            "true"
        } else {
            "false"
        };
        let help = match value {
            Value::String(text) if looks_like_a_name(text) => {
                format!("quotes make it a text: write `{text}` for what it names, or compare it with something")
            }
            Value::String(_) => {
                "a text that is not empty is true: compare it with something, as in `status in ['open', 'paid']`"
                    .to_owned()
            }
            _ => "compare something, or remove the condition".to_owned(),
        };
        self.push(
            expr.range.clone(),
            format!("the condition `{written}` is always {always}"),
            help,
            None,
        );
    }

    fn defined(&mut self, expr: &Expr, of: &Expr) {
        let Some(name) = self.always_there(of) else { return };
        let message = format!("`{name}` is always defined");
        let help = self.why_there(of, "remove the test");
        self.push(whole(expr), message, help, param(of));
    }

    fn default(&mut self, expr: &Expr, of: &Expr) {
        let Some(name) = self.always_there(of) else { return };
        let help = self.why_there(of, "remove the `default`");
        self.found.push(Oddity {
            kind: OddityKind::Default {
                surplus: whole(of).end..expr.range.end,
            },
            range: whole(of).start..expr.range.end,
            message: format!("`{name}` always has a value, so this `default` is never used"),
            help,
            param: param(of),
        });
    }

    /// The name of what can never be absent.
    fn always_there(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            Kind::Read(Root::Param(param))
                if param.presence == Presence::Always && param.null == NullMeans::Absent =>
            {
                Some(param.name.clone())
            }
            Kind::Read(Root::Var(name)) => Some(format!("vars.{name}")),
            Kind::Read(Root::CallId) => Some("call.id".to_owned()),
            Kind::Read(Root::Now) => Some("now".to_owned()),
            Kind::Read(Root::Status) => Some("response.status".to_owned()),
            _ => None,
        }
    }

    fn why_there(&self, expr: &Expr, what: &str) -> String {
        match &expr.kind {
            Kind::Read(Root::Param(reference)) => {
                let found = self
                    .facts
                    .names
                    .params
                    .iter()
                    .find(|param| param.name == reference.name);
                match found.and_then(|param| param.default.as_ref()) {
                    Some(default) => format!("its own default is `{default}`: {what}"),
                    None => format!("the param is required: {what}, or write `optional: true` at the param"),
                }
            }
            Kind::Read(Root::Var(_)) => {
                format!(
                    "a run does not start without the value of a var: {what}, or write `default` at the var"
                )
            }
            _ => what.to_owned(),
        }
    }

    fn compare(&mut self, left: &Expr, op: Comparison, right: &Expr) {
        let (read, op, other) = match (Domain::of(left, self.facts), Domain::of(right, self.facts)) {
            (Some(domain), None) => ((left, domain), op, right),
            (None, Some(domain)) if op.mirrored().is_some() => {
                ((right, domain), op.mirrored().unwrap_or(op), left)
            }
            _ => return,
        };
        let (expr, domain) = read;
        for literal in literals(op, other) {
            let Kind::Literal(value) = &literal.kind else {
                continue;
            };
            let Some(fate) = domain.fate(op, value) else {
                continue;
            };
            let name = &self.text[whole(expr)];
            let written = &self.text[literal.range.clone()];
            let message = fate.said(op, name, written);
            let help = domain.advice(&fate, name, value);
            self.push(
                whole(expr).start.min(literal.range.start)..whole(expr).end.max(literal.range.end),
                message,
                help,
                param(expr),
            );
            if fate == Fate::Always {
                return;
            }
        }
    }

    fn push(&mut self, range: Range<usize>, message: String, help: String, param: Option<String>) {
        self.found.push(Oddity {
            kind: OddityKind::Constant,
            range,
            message,
            help,
            param,
        });
    }
}

/// The literals that a comparison is with: those of a list one by one.
fn literals(op: Comparison, other: &Expr) -> Vec<&Expr> {
    match &other.kind {
        Kind::List(items) if matches!(op, Comparison::In | Comparison::NotIn) => items.iter().collect(),
        _ if matches!(op, Comparison::In | Comparison::NotIn) => Vec::new(),
        _ => vec![other],
    }
}

fn param(expr: &Expr) -> Option<String> {
    expr.as_param().map(|param| param.name.clone())
}

/// The range of an expression and all that it is made of.
fn whole(expr: &Expr) -> Range<usize> {
    expr.children()
        .into_iter()
        .fold(expr.range.clone(), |range, child| {
            let child = whole(child);
            range.start.min(child.start)..range.end.max(child.end)
        })
}

fn looks_like_a_name(text: &str) -> bool {
    text.starts_with("response.") || text.starts_with("vars.") || text.starts_with("result.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checked::{Param, ParamKind, ParamStyle};
    use crate::source::{SourceId, Span};
    use serde_json::json;

    fn param(name: &str, kind: ParamKind, optional: bool, schema: Value) -> Param {
        Param {
            name: name.to_owned(),
            span: Span {
                source: SourceId(0),
                start: 0,
                end: 0,
            },
            kind,
            description: None,
            optional,
            default: None,
            constant: None,
            style: ParamStyle::Repeat,
            schema,
        }
    }

    /// What is said of a condition, with the bytes that it is about.
    fn said(text: &str) -> Vec<(String, String)> {
        let params = [
            param(
                "status",
                ParamKind::String,
                false,
                json!({"type": "string", "enum": ["open", "paid"]}),
            ),
            param(
                "state",
                ParamKind::String,
                true,
                json!({"type": "string", "enum": ["open", "paid"]}),
            ),
            param(
                "limit",
                ParamKind::Integer,
                false,
                json!({"type": "integer", "minimum": 1, "maximum": 100}),
            ),
            param("full", ParamKind::Boolean, false, json!({"type": "boolean"})),
            param("name", ParamKind::String, true, json!({"type": "string"})),
        ];
        let lang = VarDecl {
            name: "lang".into(),
            env: None,
            default: None,
            allowed: Some(vec!["en".into(), "de".into()]),
            span: params[0].span,
        };
        let vars = HashMap::from([("lang", &lang)]);
        let names = Names {
            params: &params,
            vars: &["lang".to_owned()],
            call: true,
            response: true,
            ..Names::default()
        };
        let facts = Facts { names, vars: &vars };
        let text = format!("{{{{ {text} }}}}");
        in_text(&text, Position::Condition, &facts)
            .into_iter()
            .map(|odd| (text[odd.range].to_owned(), odd.message))
            .collect()
    }

    #[test]
    fn what_can_turn_out_only_one_way_is_found() {
        for (text, at, message) in [
            (
                "status == 'opne'",
                "status == 'opne'",
                "`status` is never `'opne'`",
            ),
            (
                "'opne' == status",
                "'opne' == status",
                "`status` is never `'opne'`",
            ),
            ("state != 'opne'", "state != 'opne'", "`state` is never `'opne'`"),
            (
                "state in ['open', 'done']",
                "state in ['open', 'done'",
                "`state` is never `'done'`",
            ),
            (
                "vars.lang == 'fr'",
                "vars.lang == 'fr'",
                "`vars.lang` is never `'fr'`",
            ),
            ("limit > 100", "limit > 100", "`limit > 100` never holds"),
            ("limit == '5'", "limit == '5'", "`limit` is never `'5'`"),
            ("limit >= 1", "limit >= 1", "`limit >= 1` always holds"),
            ("full == 'true'", "full == 'true'", "`full` is never `'true'`"),
            ("name > 5", "name > 5", "`name` cannot be compared with `5`"),
            (
                "response.status >= 400",
                "response.status >= 400",
                "`response.status >= 400` never holds",
            ),
            (
                "response.body.ok or 'x'",
                "'x'",
                "the condition `'x'` is always true",
            ),
            (
                "limit is defined",
                "limit is defined",
                "`limit` is always defined",
            ),
            (
                "limit | default(20) > 3",
                "limit | default(20)",
                "`limit` always has a value, so this `default` is never used",
            ),
        ] {
            assert_eq!(said(text), [(at.to_owned(), message.to_owned())], "{text}");
        }
    }

    #[test]
    fn honest_conditions_are_left_alone() {
        for text in [
            "status == 'open'",
            "state in ['open', 'paid']",
            "state is defined",
            "name | default('x') == 'y'",
            "limit > 50",
            "response.status == 202",
            "response.body.error is defined",
            "response.body.ok == false",
            "'gone' in response.body.message",
            "vars.lang == 'de'",
            "name == 'open'",
            "state == 'open' or name == 'x'",
        ] {
            assert_eq!(said(text), [], "{text}");
        }
    }
}
