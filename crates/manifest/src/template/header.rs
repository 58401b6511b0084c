//! What a header may hold. Visible ASCII, blanks and tabs inside, and other
//! characters as UTF-8 (the `obs-text` of RFC 9110); no control characters,
//! no blanks at the ends, which HTTP would drop, and no further cookie in the
//! value of one.

use super::error::{RenderError, TemplateError};
use super::eval::Context;
use super::rendered::Piece;
use super::text::{Part, TextTemplate, param_of};

/// Refuses control characters in a header's text.
pub(super) fn check_literals(text: &str) -> Result<(), Vec<TemplateError>> {
    let Some((start, wrong)) = text
        .char_indices()
        .find(|(_, character)| is_forbidden(*character))
    else {
        return Ok(());
    };
    Err(vec![TemplateError {
        code: "header-value",
        range: start..start + wrong.len_utf8(),
        message: format!("a header cannot hold the character `{}`", wrong.escape_default()),
        help: Some("write the value on one line".into()),
    }])
}

/// Renders a header's value.
pub(super) fn render(
    name: &str,
    template: &TextTemplate,
    context: Context<'_>,
) -> Result<Option<Vec<Piece>>, RenderError> {
    let Some(pieces) = super::text::render_parts(template.parts(), context)? else {
        return Ok(None);
    };
    let param = || {
        template.parts().iter().find_map(|part| match part {
            Part::Slot(expr) => param_of(expr),
            _ => None,
        })
    };
    for piece in &pieces {
        if let Piece::Text(text) = piece
            && text.contains(is_forbidden)
        {
            return Err(RenderError {
                rule: "header-control-character",
                param: param(),
                message: format!(
                    "the value for the header `{name}` holds a line break or another control character; leave it out"
                ),
            });
        }
    }
    if name.eq_ignore_ascii_case("cookie")
        && semicolons_of_pieces(&pieces) != semicolons_of_parts(template.parts())
    {
        return Err(RenderError {
            rule: "header-cookie-separator",
            param: param(),
            message: "the value for the header `Cookie` holds a `;`, which would begin another cookie; leave it out"
                .into(),
        });
    }
    let starts = matches!(pieces.first(), Some(Piece::Text(text)) if text.starts_with(is_blank));
    let ends = matches!(pieces.last(), Some(Piece::Text(text)) if text.ends_with(is_blank));
    if starts || ends {
        return Err(RenderError {
            rule: "header-edge-blank",
            param: param(),
            message: format!(
                "the value for the header `{name}` begins or ends with a blank; leave the blank out"
            ),
        });
    }
    Ok(Some(pieces))
}

fn semicolons_of_pieces(pieces: &[Piece]) -> usize {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.matches(';').count(),
        Piece::Secret(_) => 0,
    });
    texts.sum()
}

fn semicolons_of_parts(parts: &[Part]) -> usize {
    let texts = parts.iter().map(|part| match part {
        Part::Text(text) => text.matches(';').count(),
        Part::Slot(_) | Part::Secret(_) => 0,
    });
    texts.sum()
}

/// Blanks that HTTP drops at the ends of a value, and those of YAML blocks.
pub(super) fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

fn is_forbidden(character: char) -> bool {
    character.is_control() && character != '\t'
}
