//! Syntax errors of expressions in the words of the manifest language.

use std::ops::Range;

use super::error::TemplateError;

/// What people write who know other languages, and what to write instead.
const HABITS: &[(&str, &str)] = &[
    ("&&", "write `and`"),
    ("||", "write `or`, or `default(…)` for a value that may be absent"),
    ("??", "write `| default(…)`"),
    ("===", "write `==`"),
    ("?", "write `a if condition else b`"),
    ("!", "write `not`, or `!=`"),
    ("=", "`=` assigns; write `==` to compare"),
    ("$", "names stand without `$`"),
];

/// Refuses what has a meaning in templates with statements only.
pub(super) fn check_shape(source: &str, inner: &Range<usize>) -> Result<(), TemplateError> {
    let problem = |range: Range<usize>, message: &str, help: &str| {
        Err(TemplateError {
            code: "template-syntax",
            range,
            message: message.into(),
            help: Some(help.into()),
        })
    };
    if source.trim().is_empty() {
        return problem(
            inner.start - 2..inner.end + 2,
            "nothing stands between the braces",
            "name a value, as in `{{ city }}`; `{{ '{{' }}` writes literal braces",
        );
    }
    if source.starts_with(['-', '+']) {
        return problem(
            inner.start - 2..inner.start + 1,
            "blanks around a slot cannot be trimmed here",
            "write `{{ … }}`; a blank before `-` makes it a minus sign",
        );
    }
    if source.ends_with('-') {
        return problem(
            inner.end - 1..inner.end + 2,
            "blanks around a slot cannot be trimmed here",
            "write `{{ … }}` without `-`",
        );
    }
    Ok(())
}

/// Moves a parser's error into the template's text and words it.
pub(super) fn reword(failure: &minijinja::Error, source: &str, inner: &Range<usize>) -> TemplateError {
    let detail = failure.detail().unwrap_or("it does not read as an expression");
    // The lexer may point at one byte of a longer character.
    let range = failure
        .range()
        .filter(|range| range.end <= source.len() && range.start < range.end);
    let range =
        range.map(|range| source.floor_char_boundary(range.start)..source.ceil_char_boundary(range.end));
    let at = range.clone().unwrap_or(source.len()..source.len());
    let message = format!(
        "cannot read this expression: {}",
        detail
            .replace("end of input", "end of the slot")
            .replace("expected expression", "expected a value")
    );
    TemplateError {
        code: "template-syntax",
        range: match range {
            Some(range) => inner.start + range.start..inner.start + range.end,
            None => inner.clone(),
        },
        message,
        help: Some(
            habit(source, at.start)
                .unwrap_or("as in `{{ city }}` or `{{ city | default('Rome') }}`")
                .into(),
        ),
    }
}

/// Functions do not exist; most callers mean a filter.
pub(super) fn no_functions(range: Range<usize>) -> TemplateError {
    TemplateError {
        code: "unknown-function",
        range,
        message: "there are no functions in the manifest language".into(),
        help: Some("write a filter, as in `{{ name | lower }}`".into()),
    }
}

/// The habit whose text stands at or near the place of an error.
fn habit(source: &str, at: usize) -> Option<&'static str> {
    let from = source.floor_char_boundary(at.saturating_sub(2));
    let near = &source[from..];
    let near = near
        .get(..near.char_indices().nth(6).map_or(near.len(), |(index, _)| index))
        .unwrap_or(near);
    HABITS
        .iter()
        .find(|(text, _)| near.contains(text))
        .map(|(_, help)| *help)
}
