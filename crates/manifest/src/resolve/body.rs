//! `body:`: compiled by its kind.

use super::template::{TreeKind, text, tree};
use super::world::World;
use crate::checked::Body;
use crate::decl::body::{BodyDecl, BodyKind};
use crate::diagnostic::Sink;
use crate::template::Names;

/// Compiles a body; `None` when something is wrong with it.
pub(crate) fn resolve(
    decl: &BodyDecl<'_>,
    names: &Names<'_>,
    world: &World<'_>,
    sink: &mut Sink,
) -> Option<Body> {
    match &decl.kind {
        BodyKind::Json(node) => tree(node, TreeKind::Json, names, world, sink).map(Body::Json),
        BodyKind::Form(node) => tree(node, TreeKind::Form, names, world, sink).map(Body::Form),
        BodyKind::Multipart(node) => tree(node, TreeKind::Form, names, world, sink).map(Body::Multipart),
        BodyKind::Text(written) => text(written, names, world, sink).map(Body::Text),
    }
}
