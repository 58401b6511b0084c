//! From the syntax tree of minijinja to ours: names resolved, filters and
//! tests looked up, everything that the language leaves out refused.

use std::ops::Range;

use minijinja::machinery::{Span, ast, parse_expr};
use minijinja::value::ValueKind;
use serde_json::{Number, Value};

use super::error::TemplateError;
use super::expression::{Arithmetic, Choice, Comparison, Expr, Kind, Replaces, Root, Slice};
use super::names::{listed, resolve, resolve_member};
use super::program::LOOP;
use super::scope::Names;
use super::{filters, is, syntax};

/// Expressions longer than this are refused: nobody reads them, and the
/// bound keeps every recursion shallow.
const MAX_LENGTH: usize = 2000;
/// Deepest nesting of an expression.
const MAX_DEPTH: usize = 100;

/// Compiles what stands between the braces at `inner`.
pub(super) fn compile(text: &str, inner: Range<usize>, names: &Names<'_>) -> Result<Expr, TemplateError> {
    let source = &text[inner.clone()];
    syntax::check_shape(source, &inner)?;
    if source.len() > MAX_LENGTH {
        return Err(error(
            inner,
            format!("this expression is longer than {MAX_LENGTH} bytes"),
        ));
    }
    let parsed = parse_expr(source).map_err(|failure| syntax::reword(&failure, source, &inner))?;
    let lowering = Lowering {
        source,
        offset: inner.start,
        names,
        locals: &[],
    };
    lowering.lower(&parsed, 0)
}

/// Lowers expressions of one text.
#[derive(Clone, Copy)]
pub(super) struct Lowering<'a> {
    /// The text that the parser read.
    pub(super) source: &'a str,
    /// Where it begins in the template's text.
    pub(super) offset: usize,
    pub(super) names: &'a Names<'a>,
    /// Names that statements made.
    pub(super) locals: &'a [String],
}

impl Lowering<'_> {
    /// Lowers one expression.
    pub(super) fn lower(&self, expr: &ast::Expr<'_>, depth: usize) -> Result<Expr, TemplateError> {
        let range = self.range(expr.span());
        if depth > MAX_DEPTH {
            return Err(error(
                range,
                format!("this expression is nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        let kind = match expr {
            ast::Expr::Var(var) if self.is_local(var.id) => Kind::Read(Root::Local(var.id.into())),
            ast::Expr::Var(var) => Kind::Read(resolve(var.id, range.clone(), self.names)?),
            ast::Expr::Const(constant) => Kind::Literal(self.literal(&constant.value, &range)),
            ast::Expr::GetAttr(attr) => self.field(&attr.expr, attr.name, &range, depth)?,
            ast::Expr::GetItem(item) => self.item(item, &range, depth)?,
            ast::Expr::Slice(slice) => Kind::Slice(Box::new(Slice {
                of: self.lower(&slice.expr, depth + 1)?,
                start: self.optional(slice.start.as_ref(), depth)?,
                stop: self.optional(slice.stop.as_ref(), depth)?,
                step: self.optional(slice.step.as_ref(), depth)?,
            })),
            ast::Expr::UnaryOp(op) => {
                let of = Box::new(self.lower(&op.expr, depth + 1)?);
                match op.op {
                    ast::UnaryOpKind::Not => Kind::Not(of),
                    ast::UnaryOpKind::Neg => Kind::Negate(of),
                }
            }
            ast::Expr::BinOp(op) => self.binary(op, depth)?,
            ast::Expr::Compare(compare) => Kind::Compare(
                Box::new(self.lower(&compare.expr, depth + 1)?),
                compare
                    .ops
                    .iter()
                    .map(|op| Ok((comparison(op.op), self.lower(&op.expr, depth + 1)?)))
                    .collect::<Result<_, TemplateError>>()?,
            ),
            ast::Expr::IfExpr(choice) => Kind::If(Box::new(Choice {
                test: self.lower(&choice.test_expr, depth + 1)?,
                then: self.lower(&choice.true_expr, depth + 1)?,
                otherwise: self.optional(choice.false_expr.as_ref(), depth)?,
            })),
            ast::Expr::Filter(filter) => self.filter(filter, &range, depth)?,
            ast::Expr::Test(test) => self.test(test, &range, depth)?,
            ast::Expr::List(list) => Kind::List(self.all(&list.items, depth)?),
            ast::Expr::Tuple(tuple) => Kind::List(self.all(&tuple.items, depth)?),
            ast::Expr::Map(map) => Kind::Map(
                self.all(&map.keys, depth)?
                    .into_iter()
                    .zip(self.all(&map.values, depth)?)
                    .collect(),
            ),
            ast::Expr::Call(_) => return Err(syntax::no_functions(range)),
        };
        Ok(spanned(kind, range))
    }

    /// A place of the parser's as one of the template's text.
    pub(super) fn range(&self, span: Span) -> Range<usize> {
        self.offset + span.start_offset as usize..self.offset + span.end_offset as usize
    }

    fn is_local(&self, name: &str) -> bool {
        self.locals.iter().any(|local| local == name)
    }

    fn optional(&self, expr: Option<&ast::Expr<'_>>, depth: usize) -> Result<Option<Expr>, TemplateError> {
        expr.map(|expr| self.lower(expr, depth + 1)).transpose()
    }

    fn all(&self, exprs: &[ast::Expr<'_>], depth: usize) -> Result<Vec<Expr>, TemplateError> {
        exprs.iter().map(|expr| self.lower(expr, depth + 1)).collect()
    }

    /// A literal. Numbers keep the digits they are written with.
    fn literal(&self, value: &minijinja::Value, range: &Range<usize>) -> Value {
        match value.kind() {
            ValueKind::Bool => Value::Bool(value.is_true()),
            ValueKind::String => Value::String(value.as_str().unwrap_or_default().into()),
            ValueKind::Number => {
                let written = self
                    .source
                    .get(range.start - self.offset..range.end - self.offset);
                written
                    .and_then(|digits| digits.parse::<Number>().ok())
                    .or_else(|| value.to_string().parse().ok())
                    .map_or(Value::Null, Value::Number)
            }
            _ => Value::Null,
        }
    }

    fn field(
        &self,
        of: &ast::Expr<'_>,
        name: &str,
        range: &Range<usize>,
        depth: usize,
    ) -> Result<Kind, TemplateError> {
        if let ast::Expr::Var(var) = of
            && !self.is_local(var.id)
        {
            // The whole `group.member` is the name, and what a typo is in.
            let whole = self.range(var.span()).start..range.end;
            if let Some(found) = resolve_member(var.id, name, whole, self.names) {
                return found.map(Kind::Read);
            }
        }
        if let ast::Expr::Var(var) = of
            && var.id == "loop"
            && !LOOP.contains(&name)
        {
            return Err(TemplateError {
                code: "unknown-name",
                help: Some(format!("known: {}", listed(LOOP))),
                ..error(range.clone(), format!("unknown name `loop.{name}`"))
            });
        }
        Ok(Kind::Field(Box::new(self.lower(of, depth + 1)?), name.into()))
    }

    fn item(
        &self,
        item: &ast::GetItem<'_>,
        range: &Range<usize>,
        depth: usize,
    ) -> Result<Kind, TemplateError> {
        if let ast::Expr::Const(key) = &item.subscript_expr
            && let Some(name) = key.value.as_str()
        {
            return self.field(&item.expr, name, range, depth);
        }
        Ok(Kind::Item(
            Box::new(self.lower(&item.expr, depth + 1)?),
            Box::new(self.lower(&item.subscript_expr, depth + 1)?),
        ))
    }

    fn binary(&self, op: &ast::BinOp<'_>, depth: usize) -> Result<Kind, TemplateError> {
        let left = Box::new(self.lower(&op.left, depth + 1)?);
        let right = self.lower(&op.right, depth + 1)?;
        let compare = |comparison, left, right| Kind::Compare(left, vec![(comparison, right)]);
        let compute = |arithmetic, left, right| Kind::Arithmetic(arithmetic, left, Box::new(right));
        Ok(match op.op {
            ast::BinOpKind::Eq => compare(Comparison::Equal, left, right),
            ast::BinOpKind::Ne => compare(Comparison::NotEqual, left, right),
            ast::BinOpKind::Lt => compare(Comparison::Less, left, right),
            ast::BinOpKind::Lte => compare(Comparison::LessOrEqual, left, right),
            ast::BinOpKind::Gt => compare(Comparison::Greater, left, right),
            ast::BinOpKind::Gte => compare(Comparison::GreaterOrEqual, left, right),
            ast::BinOpKind::In => compare(Comparison::In, left, right),
            ast::BinOpKind::ScAnd => Kind::And(left, Box::new(right)),
            ast::BinOpKind::ScOr => Kind::Or(left, Box::new(right)),
            ast::BinOpKind::Add => compute(Arithmetic::Add, left, right),
            ast::BinOpKind::Sub => compute(Arithmetic::Subtract, left, right),
            ast::BinOpKind::Mul => compute(Arithmetic::Multiply, left, right),
            ast::BinOpKind::Div => compute(Arithmetic::Divide, left, right),
            ast::BinOpKind::FloorDiv => compute(Arithmetic::FloorDivide, left, right),
            ast::BinOpKind::Rem => compute(Arithmetic::Remainder, left, right),
            ast::BinOpKind::Pow => compute(Arithmetic::Power, left, right),
            ast::BinOpKind::Concat => Kind::Concat(left, Box::new(right)),
        })
    }

    fn filter(
        &self,
        filter: &ast::Filter<'_>,
        range: &Range<usize>,
        depth: usize,
    ) -> Result<Kind, TemplateError> {
        let Some(of) = &filter.expr else {
            return Err(error(
                range.clone(),
                format!("`{}` has nothing to work on", filter.name),
            ));
        };
        let of = self.lower(of, depth + 1)?;
        let args = self.args(&filter.args, range, depth)?;
        let name_range = range.start..range.start + filter.name.len();
        if matches!(filter.name, "default" | "d") {
            return default(of, args, range);
        }
        let found = filters::find(filter.name, name_range)?;
        found.accepts(&args, range)?;
        Ok(Kind::Filter(found, Box::new(of), args))
    }

    fn test(&self, test: &ast::Test<'_>, range: &Range<usize>, depth: usize) -> Result<Kind, TemplateError> {
        let of = Box::new(self.lower(&test.expr, depth + 1)?);
        let args = self.args(&test.args, range, depth)?;
        match test.name {
            "defined" if args.is_empty() => Ok(Kind::Defined(of)),
            "undefined" if args.is_empty() => Ok(Kind::Not(Box::new(Expr {
                kind: Kind::Defined(of),
                range: range.clone(),
            }))),
            name => {
                let found = is::find(name, range.start..range.start + name.len())?;
                found.accepts(&args, range)?;
                Ok(Kind::Is(found, of, args))
            }
        }
    }

    fn args(
        &self,
        args: &[ast::CallArg<'_>],
        range: &Range<usize>,
        depth: usize,
    ) -> Result<Vec<Expr>, TemplateError> {
        args.iter()
            .map(|arg| match arg {
                ast::CallArg::Pos(expr) => self.lower(expr, depth + 1),
                ast::CallArg::Kwarg(name, expr) => Err(TemplateError {
                    help: Some("give the value alone, as in `round(2)`".into()),
                    ..error(
                        self.range(expr.span()),
                        format!("arguments have no names here, found `{name}=`"),
                    )
                }),
                _ => Err(error(
                    range.clone(),
                    "`*` and `**` have no place in arguments".into(),
                )),
            })
            .collect()
    }
}

fn default(of: Expr, args: Vec<Expr>, range: &Range<usize>) -> Result<Kind, TemplateError> {
    let mut args = args.into_iter();
    let wrong = || TemplateError {
        help: Some("as in `default(10)`; `default(10, true)` also replaces empty values".into()),
        ..error(
            range.clone(),
            "`default` takes the value to stand in, and perhaps `true`".into(),
        )
    };
    let value = args.next().ok_or_else(wrong)?;
    let replaces = match args.next().map(|arg| arg.kind) {
        None | Some(Kind::Literal(Value::Bool(false))) => Replaces::Absent,
        Some(Kind::Literal(Value::Bool(true))) => Replaces::AbsentAndFalse,
        Some(_) => return Err(wrong()),
    };
    if args.next().is_some() {
        return Err(wrong());
    }
    Ok(Kind::Default(Box::new(of), Box::new(value), replaces))
}

fn comparison(op: ast::CompareOpKind) -> Comparison {
    match op {
        ast::CompareOpKind::Eq => Comparison::Equal,
        ast::CompareOpKind::Ne => Comparison::NotEqual,
        ast::CompareOpKind::Lt => Comparison::Less,
        ast::CompareOpKind::Lte => Comparison::LessOrEqual,
        ast::CompareOpKind::Gt => Comparison::Greater,
        ast::CompareOpKind::Gte => Comparison::GreaterOrEqual,
        ast::CompareOpKind::In => Comparison::In,
        ast::CompareOpKind::NotIn => Comparison::NotIn,
    }
}

/// The parser's ranges of operators begin at the token before them; a range
/// that begins with the first operand reads better.
fn spanned(kind: Kind, range: Range<usize>) -> Expr {
    let mut expr = Expr { kind, range };
    let first = expr.children().iter().map(|child| child.range.start).min();
    if let Some(start) = first {
        let end = expr
            .children()
            .iter()
            .map(|child| child.range.end)
            .max()
            .unwrap_or(expr.range.end);
        expr.range = match expr.kind {
            Kind::Not(_) | Kind::Negate(_) | Kind::List(_) | Kind::Map(_) => expr.range,
            _ => start..expr.range.end.max(end),
        };
    }
    expr
}

fn error(range: Range<usize>, message: String) -> TemplateError {
    TemplateError {
        code: "template-syntax",
        range,
        message,
        help: None,
    }
}
