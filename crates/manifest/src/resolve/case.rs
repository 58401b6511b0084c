//! `tests:`: the names that cases use.

use super::world::World;
use crate::decl::case::CaseDecl;
use crate::diagnostic::Sink;
use crate::read;

/// Looks up the tools and vars of all cases.
pub(crate) fn check_all(cases: &[CaseDecl<'_>], world: &World<'_>, sink: &mut Sink) {
    if !world.complete {
        return;
    }
    for case in cases {
        for name in &case.callees {
            read::known(name, "tool", world.callable_names(), sink);
        }
        for name in &case.vars {
            read::known(name, "var", world.var_names.iter().map(String::as_str), sink);
        }
    }
}
