//! Which expressions can be absent, decided at load. A slot that must have a
//! value (in a path, or beside other text) takes none of them.

use super::expression::{Expr, Kind, NullMeans, Presence, Root};

/// What an expression may turn out to be, besides a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It always has a value.
    Never,
    /// It can be absent.
    Absent,
    /// It can be null, for which there is no text.
    Null,
}

/// What an expression in a place for text may turn out to be.
pub(super) fn absence(expr: &Expr) -> Absence {
    if may_be_absent(expr) {
        return Absence::Absent;
    }
    match expr.as_param() {
        Some(param) if param.null == NullMeans::Itself => Absence::Null,
        _ => Absence::Never,
    }
}

fn may_be_absent(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Read(Root::Param(param)) => param.presence == Presence::Optional,
        Kind::Read(_) | Kind::Literal(_) | Kind::Not(_) | Kind::Defined(_) => false,
        Kind::Field(..) | Kind::Item(..) => true,
        Kind::Or(_, last) | Kind::Default(_, last, _) => may_be_absent(last),
        Kind::If(choice) => {
            may_be_absent(&choice.then) || choice.otherwise.as_ref().is_none_or(may_be_absent)
        }
        Kind::Filter(filter, ..) if filter.may_find_nothing => true,
        _ => expr.children().into_iter().any(may_be_absent),
    }
}
