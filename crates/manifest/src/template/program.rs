//! Statements of `result.template` (`if`, `for`, `set`) as a small program.

use std::ops::Range;

use minijinja::machinery::ast;

use super::error::TemplateError;
use super::expression::Expr;
use super::lower::Lowering;
use super::syntax;
use super::uses::Uses;

/// One step of a program.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Text(String),
    Emit(Expr),
    If(Box<Branch>),
    For(Box<Loop>),
    /// Holds for all steps that follow in the same body, also after an `if`.
    Set(String, Expr),
}

/// `if`; `elif` is an `if` in `otherwise`.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) test: Expr,
    pub(super) then: Vec<Step>,
    pub(super) otherwise: Vec<Step>,
}

/// `for`.
#[derive(Debug, Clone)]
pub(super) struct Loop {
    /// One name, or several that take an item apart.
    pub(super) names: Vec<String>,
    pub(super) over: Expr,
    pub(super) only_if: Option<Expr>,
    pub(super) body: Vec<Step>,
    pub(super) otherwise: Vec<Step>,
}

/// The members of `loop`.
pub(super) const LOOP: [&str; 5] = ["first", "index", "index0", "last", "length"];

impl Step {
    /// Notes every name that is read.
    pub(super) fn note_uses(&self, uses: &mut Uses) {
        let mut all = |steps: &[Step]| steps.iter().for_each(|step| step.note_uses(uses));
        match self {
            Self::Text(_) => {}
            Self::Emit(expr) | Self::Set(_, expr) => expr.note_uses(uses),
            Self::If(branch) => {
                all(&branch.then);
                all(&branch.otherwise);
                branch.test.note_uses(uses);
            }
            Self::For(each) => {
                all(&each.body);
                all(&each.otherwise);
                each.over.note_uses(uses);
                each.only_if.iter().for_each(|expr| expr.note_uses(uses));
            }
        }
    }

    /// Whether the steps after it see names that it makes.
    pub(super) fn makes_names(&self) -> bool {
        match self {
            Self::Set(..) => true,
            Self::If(branch) => branch.then.iter().chain(&branch.otherwise).any(Step::makes_names),
            Self::Text(_) | Self::Emit(_) | Self::For(_) => false,
        }
    }
}

/// Compiles statements; every problem is reported.
pub(super) struct Compiler<'a> {
    pub(super) lowering: Lowering<'a>,
    pub(super) problems: Vec<TemplateError>,
}

impl Compiler<'_> {
    /// Compiles a body; `locals` are the names made before it, and gains those
    /// that it makes.
    pub(super) fn body(&mut self, statements: &[ast::Stmt<'_>], locals: &mut Vec<String>) -> Vec<Step> {
        let mut steps = Vec::with_capacity(statements.len());
        for statement in statements {
            match self.step(statement, locals) {
                Ok(step) => steps.push(step),
                Err(problem) => self.problems.push(problem),
            }
        }
        steps
    }

    fn step(&mut self, statement: &ast::Stmt<'_>, locals: &mut Vec<String>) -> Result<Step, TemplateError> {
        match statement {
            ast::Stmt::EmitRaw(text) => Ok(Step::Text(text.raw.into())),
            ast::Stmt::EmitExpr(emit) => Ok(Step::Emit(self.expr(&emit.expr, locals)?)),
            ast::Stmt::IfCond(branch) => {
                let test = self.expr(&branch.expr, locals);
                // What either branch sets is a name afterwards, perhaps absent.
                let before = locals.clone();
                let then = self.body(&branch.true_body, locals);
                let mut other = before;
                let otherwise = self.body(&branch.false_body, &mut other);
                locals.extend(
                    other
                        .into_iter()
                        .filter(|name| !locals.contains(name))
                        .collect::<Vec<_>>(),
                );
                Ok(Step::If(Box::new(Branch {
                    test: test?,
                    then,
                    otherwise,
                })))
            }
            ast::Stmt::ForLoop(each) => self.each(each, locals),
            ast::Stmt::Set(set) => {
                let expr = self.expr(&set.expr, locals)?;
                let name = self.target(&set.target)?;
                locals.push(name.clone());
                Ok(Step::Set(name, expr))
            }
            other => Err(self.unsupported(other)),
        }
    }

    fn each(&mut self, each: &ast::ForLoop<'_>, locals: &[String]) -> Result<Step, TemplateError> {
        let over = self.expr(&each.iter, locals);
        let targets: Vec<&ast::Expr<'_>> = match &each.target {
            ast::Expr::List(list) => list.items.iter().collect(),
            single => vec![single],
        };
        let names = targets
            .into_iter()
            .map(|target| self.target(target))
            .collect::<Result<Vec<_>, _>>()?;
        let mut inner = [locals, &names].concat();
        let only_if = each
            .filter_expr
            .as_ref()
            .map(|expr| self.expr(expr, &inner))
            .transpose();
        inner.push("loop".into());
        let body = self.body(&each.body, &mut inner);
        let otherwise = self.body(&each.else_body, &mut locals.to_vec());
        if each.recursive {
            let range = self.lowering.range(each.iter.span());
            return Err(problem(
                range,
                "a loop cannot be recursive here",
                "leave `recursive` out",
            ));
        }
        Ok(Step::For(Box::new(Loop {
            names,
            over: over?,
            only_if: only_if?,
            body,
            otherwise,
        })))
    }

    fn expr(&self, expr: &ast::Expr<'_>, locals: &[String]) -> Result<Expr, TemplateError> {
        Lowering {
            locals,
            ..self.lowering
        }
        .lower(expr, 0)
    }

    /// A name that a statement makes.
    fn target(&self, target: &ast::Expr<'_>) -> Result<String, TemplateError> {
        let range = self.lowering.range(target.span());
        let ast::Expr::Var(var) = target else {
            return Err(problem(
                range,
                "a statement makes plain names",
                "as in `{% set total = … %}`",
            ));
        };
        let names = self.lowering.names;
        let taken = names.params.iter().any(|param| param.name == var.id)
            || ["call", "now", "response", "result", "secrets", "vars"].contains(&var.id);
        if taken {
            let message = format!("the name `{}` is taken", var.id);
            return Err(problem(range, &message, "choose another name"));
        }
        Ok(var.id.into())
    }

    fn unsupported(&self, statement: &ast::Stmt<'_>) -> TemplateError {
        let (name, span) = match statement {
            ast::Stmt::WithBlock(block) => ("with", block.span()),
            ast::Stmt::SetBlock(block) => ("a `set` without `=`", block.span()),
            ast::Stmt::AutoEscape(block) => ("autoescape", block.span()),
            ast::Stmt::FilterBlock(block) => ("filter", block.span()),
            ast::Stmt::Do(block) => ("do", block.span()),
            _ => return problem(0..self.lowering.source.len(), "unknown statement", STATEMENTS),
        };
        problem(
            self.lowering.range(span),
            &format!("unknown statement: {name}"),
            STATEMENTS,
        )
    }
}

const STATEMENTS: &str = "statements are `if`, `elif`, `else`, `for` and `set`";

/// Words a parser's error about a whole template.
pub(super) fn reword(failure: &minijinja::Error, text: &str) -> TemplateError {
    let whole = 0..text.len();
    if failure
        .detail()
        .is_some_and(|detail| detail.contains("unexpected end of input"))
        && let Some((range, word)) = unclosed(text)
    {
        return problem(
            range,
            &format!("this `{{% {word} … %}}` is never closed"),
            &format!("end it with `{{% end{word} %}}`"),
        );
    }
    let error = syntax::reword(failure, text, &whole);
    match failure.detail() {
        Some(detail) if detail.starts_with("unknown statement") => TemplateError {
            message: detail.into(),
            help: Some(STATEMENTS.into()),
            ..error
        },
        _ => TemplateError {
            message: error.message.replace("expression", "template"),
            ..error
        },
    }
}

/// The innermost `if` or `for` without an end.
fn unclosed(text: &str) -> Option<(Range<usize>, &'static str)> {
    let mut open: Vec<(Range<usize>, &'static str)> = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("{%").map(|found| at + found) {
        let end = text[start..]
            .find("%}")
            .map_or(text.len(), |found| start + found + 2);
        let inner = text[start + 2..end].trim_start_matches(['-', '+', ' ']);
        match inner.split(|c: char| !c.is_alphabetic()).next() {
            Some("if") => open.push((start..end, "if")),
            Some("for") => open.push((start..end, "for")),
            Some("endif" | "endfor") => drop(open.pop()),
            _ => {}
        }
        at = end;
    }
    open.pop()
}

fn problem(range: Range<usize>, message: &str, help: &str) -> TemplateError {
    TemplateError {
        code: "template-syntax",
        range,
        message: message.into(),
        help: Some(help.into()),
    }
}
