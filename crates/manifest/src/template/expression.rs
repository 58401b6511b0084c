//! Expressions after their names were resolved: an owned tree with byte
//! ranges. Lowering makes it, evaluation and the absence check read it.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::filters::Filter;
use super::is::Test;
use super::uses::Uses;
use crate::checked::ParamStyle;

/// An expression and where it stands in the template's text.
#[derive(Debug, Clone)]
pub(super) struct Expr {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// What an expression does.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Literal(Value),
    Read(Root),
    Field(Box<Expr>, String),
    Item(Box<Expr>, Box<Expr>),
    Slice(Box<Slice>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Concat(Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    If(Box<Choice>),
    Default(Box<Expr>, Box<Expr>, Replaces),
    Filter(&'static Filter, Box<Expr>, Vec<Expr>),
    Is(&'static Test, Box<Expr>, Vec<Expr>),
    Defined(Box<Expr>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Root {
    Param(ParamRef),
    Var(String),
    Secret(String),
    CallId,
    Now,
    Status,
    Headers,
    Body,
    Result,
    /// A name that a statement of `result.template` made.
    Local(String),
}

/// A param as a template reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParamRef {
    pub(super) name: String,
    pub(super) origin: Origin,
    pub(super) null: NullMeans,
    pub(super) presence: Presence,
    pub(super) shape: Shape,
    pub(super) style: ParamStyle,
}

/// Whose value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A param's.
    Param,
    /// A step's, or that of an item of a list.
    Step,
}

/// What null says about a param.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NullMeans {
    /// Its type has no null: the param was not given.
    Absent,
    /// Its type has null: it is a value.
    Itself,
    /// Its schema says nothing of types: null is a value nobody counts on.
    Unsaid,
}

/// Whether a call always has the param.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Always,
    Optional,
}

/// Whether a param is one value, many, or a file's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    Many,
    File,
}

/// `x[start:stop:step]`.
#[derive(Debug, Clone)]
pub(super) struct Slice {
    pub(super) of: Expr,
    pub(super) start: Option<Expr>,
    pub(super) stop: Option<Expr>,
    pub(super) step: Option<Expr>,
}

/// `then if test else otherwise`.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) test: Expr,
    pub(super) then: Expr,
    pub(super) otherwise: Option<Expr>,
}

/// What `default` stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replaces {
    Absent,
    AbsentAndFalse,
}

/// An operator between numbers; `+` also joins texts and lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
}

/// An operator that compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

impl Expr {
    /// The expressions directly inside.
    pub(super) fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            Kind::Literal(_) | Kind::Read(_) => vec![],
            Kind::Field(of, _) | Kind::Not(of) | Kind::Negate(of) | Kind::Defined(of) => vec![of],
            Kind::Item(left, right)
            | Kind::And(left, right)
            | Kind::Or(left, right)
            | Kind::Arithmetic(_, left, right)
            | Kind::Concat(left, right)
            | Kind::Default(left, right, _) => vec![left, right],
            Kind::Slice(slice) => std::iter::once(&slice.of)
                .chain(&slice.start)
                .chain(&slice.stop)
                .chain(&slice.step)
                .collect(),
            Kind::Compare(first, rest) => std::iter::once(&**first)
                .chain(rest.iter().map(|(_, expr)| expr))
                .collect(),
            Kind::If(choice) => [&choice.test, &choice.then]
                .into_iter()
                .chain(&choice.otherwise)
                .collect(),
            Kind::Filter(_, of, args) | Kind::Is(_, of, args) => std::iter::once(&**of).chain(args).collect(),
            Kind::List(items) => items.iter().collect(),
            Kind::Map(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        }
    }

    /// Notes every name that is read.
    pub(super) fn note_uses(&self, uses: &mut Uses) {
        if let Kind::Read(root) = &self.kind {
            match root {
                Root::Param(param) => drop(uses.params.insert(param.name.clone())),
                Root::Var(name) => drop(uses.vars.insert(name.clone())),
                Root::Secret(name) => drop(uses.secrets.insert(name.clone())),
                Root::CallId | Root::Now => uses.of_call = true,
                Root::Status | Root::Headers | Root::Body | Root::Result | Root::Local(_) => {}
            }
        }
        self.children()
            .into_iter()
            .for_each(|child| child.note_uses(uses));
    }

    /// Whether anything but literals and `vars` is read.
    pub(super) fn reads_only_vars(&self) -> bool {
        !matches!(&self.kind, Kind::Read(root) if !matches!(root, Root::Var(_)))
            && self.children().into_iter().all(Expr::reads_only_vars)
    }

    /// The first param that is read, in order of writing.
    pub(super) fn first_param(&self) -> Option<&ParamRef> {
        match &self.kind {
            Kind::Read(Root::Param(param)) => Some(param),
            _ => self.children().into_iter().find_map(Expr::first_param),
        }
    }

    /// The first param that is read with the fields that are taken of it, as
    /// written: `order.total`.
    pub(super) fn first_path(&self) -> Option<String> {
        self.path()
            .or_else(|| self.children().into_iter().find_map(Expr::first_path))
    }

    fn path(&self) -> Option<String> {
        match &self.kind {
            Kind::Read(Root::Param(param)) => Some(param.name.clone()),
            Kind::Field(of, name) => Some(format!("{}.{name}", of.path()?)),
            Kind::Item(of, at) => match &at.kind {
                Kind::Literal(at) => Some(format!("{}[{at}]", of.path()?)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The param that this expression is, if it is one alone.
    pub(super) fn as_param(&self) -> Option<&ParamRef> {
        match &self.kind {
            Kind::Read(Root::Param(param)) => Some(param),
            _ => None,
        }
    }

    /// The file that this expression is, if it is one alone.
    pub(super) fn as_file(&self) -> Option<&ParamRef> {
        self.as_param().filter(|param| param.shape == Shape::File)
    }

    /// Files that are read anywhere in it.
    pub(super) fn note_files(&self, files: &mut BTreeSet<String>) {
        match self.as_file() {
            Some(param) => drop(files.insert(param.name.clone())),
            None => self
                .children()
                .into_iter()
                .for_each(|child| child.note_files(files)),
        }
    }

    /// How a list or map that it yields stands in a query.
    pub(super) fn style(&self) -> ParamStyle {
        self.first_param()
            .map_or(ParamStyle::default(), |param| param.style)
    }
}
