//! Conditions such as `error_if`: exactly one expression, absent is false.

use super::error::{RenderError, TemplateError};
use super::eval::{Context, evaluate};
use super::expression::Expr;
use super::fuel::Fuel;
use super::lower;
use super::parts::{RawPart, cut};
use super::scope::{Names, ResponseScope, Scope};
use super::uses::Uses;
use super::value::is_true;

/// A compiled condition.
#[derive(Debug, Clone)]
pub struct Condition {
    text: Box<str>,
    expr: Expr,
    uses: Uses,
}

impl Condition {
    /// Compiles a text that is exactly one `{{ … }}`.
    pub fn compile(text: &str, names: &Names<'_>) -> Result<Self, Vec<TemplateError>> {
        let parts = cut(text).map_err(|problem| vec![problem])?;
        let mut slots = parts.iter().filter(|part| match part {
            RawPart::Text(range) => !text[range.clone()].trim().is_empty(),
            RawPart::Slot { .. } => true,
        });
        let (Some(RawPart::Slot { inner, .. }), None) = (slots.next(), slots.next()) else {
            return Err(vec![TemplateError {
                code: "condition-shape",
                range: 0..text.len(),
                message: "a condition is exactly one `{{ … }}`".into(),
                help: Some(if text.contains("{{") {
                    match names.steps {
                        Some(_) => "put all of it inside, as in `{{ orders.count > 3 }}`".into(),
                        None => "as in `{{ response.body.error is defined }}`".into(),
                    }
                } else {
                    format!("write `\"{{{{ {} }}}}\"`", text.trim())
                }),
            }]);
        };
        let names = Names {
            secrets: None,
            ..*names
        };
        let expr = lower::compile(text, inner.clone(), &names).map_err(|problem| vec![problem])?;
        let mut uses = Uses::default();
        expr.note_uses(&mut uses);
        Ok(Self {
            text: text.into(),
            expr,
            uses,
        })
    }

    /// Whether it is true of a response; absent is false.
    pub fn holds(&self, scope: &Scope<'_>, response: &ResponseScope<'_>) -> Result<bool, RenderError> {
        let fuel = Fuel::full();
        Ok(evaluate(&self.expr, Context::response(scope, response, &fuel))?
            .is_some_and(|value| is_true(&value)))
    }

    /// Whether it is true where there is no response; absent is false.
    pub fn is_met(&self, scope: &Scope<'_>) -> Result<bool, RenderError> {
        let fuel = Fuel::full();
        Ok(evaluate(&self.expr, Context::request(scope, &fuel))?.is_some_and(|value| is_true(&value)))
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it reads.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }
}
