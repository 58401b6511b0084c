//! Which expressions can be absent, decided at load. A slot that must have a
//! value (in a path, or beside other text) takes none of them.

use super::expression::{Expr, Kind, NullMeans, ParamRef, Presence, Root};

/// What an expression may turn out to be, besides a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It always has a value.
    Never,
    /// It can be absent.
    Absent,
    /// It can be null, for which there is no text.
    Null,
    /// It is `none` or can be: the author wrote so.
    Written,
}

/// What is thought of a field of something that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fields {
    /// It may be missing.
    MayBeMissing,
    /// It is counted on: only running shows.
    AreThere,
}

/// What an expression in a place for text may turn out to be.
pub(super) fn absence(expr: &Expr) -> Absence {
    let baked = |param: &ParamRef| param.presence == Presence::Optional;
    if may_be_absent(expr, Fields::MayBeMissing, &baked) {
        return Absence::Absent;
    }
    if yields_none(expr) {
        return Absence::Written;
    }
    match expr.as_param() {
        Some(param) if param.null == NullMeans::Itself => Absence::Null,
        _ => Absence::Never,
    }
}

/// Whether a `none` that stands in the expression can be what it yields.
fn yields_none(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Literal(value) => value.is_null(),
        Kind::If(choice) => yields_none(&choice.then) || choice.otherwise.as_ref().is_some_and(yields_none),
        Kind::And(first, last) => yields_none(first) || yields_none(last),
        Kind::Or(_, last) | Kind::Default(_, last, _) => yields_none(last),
        _ => false,
    }
}

/// Whether an expression is absent because what it reads may be; fields of
/// what is there are counted on. `absent` says of which names that is known
/// besides those that were when it was compiled.
pub(super) fn reads_absent(expr: &Expr, absent: &dyn Fn(&str) -> bool) -> bool {
    may_be_absent(expr, Fields::AreThere, &|param: &ParamRef| {
        param.presence == Presence::Optional || absent(&param.name)
    })
}

fn may_be_absent(expr: &Expr, fields: Fields, absent: &dyn Fn(&ParamRef) -> bool) -> bool {
    let inner = |expr: &Expr| may_be_absent(expr, fields, absent);
    match &expr.kind {
        Kind::Read(Root::Param(param)) => absent(param),
        Kind::Read(_) | Kind::Literal(_) | Kind::Not(_) | Kind::Defined(_) => false,
        Kind::Field(..) | Kind::Item(..) if fields == Fields::MayBeMissing => true,
        Kind::Or(_, last) | Kind::Default(_, last, _) => inner(last),
        Kind::If(choice) => inner(&choice.then) || choice.otherwise.as_ref().is_none_or(inner),
        Kind::Filter(filter, ..) if filter.may_find_nothing && fields == Fields::MayBeMissing => true,
        _ => expr.children().into_iter().any(inner),
    }
}
