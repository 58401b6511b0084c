//! Hides secrets in what leaves a session in another form than a plain text:
//! values and errors.

use std::borrow::Cow;
use std::error::Error;

use serde_json::{Map, Value};
use toolrun_http::Redactor;
use toolrun_model::ModelError;

use crate::error::RunError;

/// Whether there was a secret to hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Hidden {
    /// There was none: what is left is what was there.
    #[default]
    Nothing,
    /// Something was replaced.
    Something,
}

impl Hidden {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        match self {
            Self::Something => self,
            Self::Nothing => other,
        }
    }
}

/// Hides secrets in a text.
pub(crate) fn hide_text(redactor: &Redactor, text: &mut String) {
    mask_text(redactor, text);
}

/// Hides secrets in every text of a value, keys and digits included.
pub(crate) fn hide_value(redactor: &Redactor, value: &mut Value) {
    mask_value(redactor, value);
}

/// Hides secrets in the keys and the values of an object.
pub(crate) fn hide_fields(redactor: &Redactor, fields: &mut Map<String, Value>) {
    mask_fields(redactor, fields);
}

/// The same as [`hide_text`], and tells whether there was one.
pub(crate) fn mask_text(redactor: &Redactor, text: &mut String) -> Hidden {
    match redactor.redact(text) {
        Cow::Borrowed(_) => Hidden::Nothing,
        Cow::Owned(shown) => {
            *text = shown;
            Hidden::Something
        }
    }
}

/// The same as [`hide_value`], and tells whether there was one.
pub(crate) fn mask_value(redactor: &Redactor, value: &mut Value) -> Hidden {
    match value {
        Value::String(text) => mask_text(redactor, text),
        Value::Number(number) => match redactor.redact(&number.to_string()) {
            Cow::Borrowed(_) => Hidden::Nothing,
            Cow::Owned(shown) => {
                *value = Value::String(shown);
                Hidden::Something
            }
        },
        Value::Array(items) => items.iter_mut().fold(Hidden::Nothing, |hidden, item| {
            hidden.and(mask_value(redactor, item))
        }),
        Value::Object(fields) => mask_fields(redactor, fields),
        Value::Null | Value::Bool(_) => Hidden::Nothing,
    }
}

/// The same as [`hide_fields`], and tells whether there was one.
pub(crate) fn mask_fields(redactor: &Redactor, fields: &mut Map<String, Value>) -> Hidden {
    let mut hidden = Hidden::Nothing;
    let shown = std::mem::take(fields).into_iter().map(|(mut key, mut field)| {
        hidden = hidden
            .and(mask_text(redactor, &mut key))
            .and(mask_value(redactor, &mut field));
        (key, field)
    });
    *fields = shown.collect();
    hidden
}

/// Hides secrets in an error and its causes.
pub(crate) fn hide_error(redactor: &Redactor, mut error: RunError) -> RunError {
    hide_text(redactor, &mut error.message);
    for text in [&mut error.hint, &mut error.note].into_iter().flatten() {
        hide_text(redactor, text);
    }
    error.source = error.source.map(|cause| hide_cause(redactor, cause));
    error
}

type Cause = Box<dyn Error + Send + Sync>;

/// A cause that says nothing secret keeps its type, and so does what a
/// provider said; of any other, the words are left.
fn hide_cause(redactor: &Redactor, cause: Cause) -> Cause {
    let cause = match cause.downcast::<ModelError>() {
        Ok(mut model) => {
            hide_text(redactor, &mut model.model);
            model.message = hide_cut(redactor, &model.message);
            return model;
        }
        Err(cause) => cause,
    };
    let silent = |text: &str| matches!(redactor.redact(text), Cow::Borrowed(_));
    let mut texts = vec![cause.to_string()];
    let mut deeper = cause.source();
    while let Some(error) = deeper {
        texts.push(error.to_string());
        deeper = error.source();
    }
    if silent(&format!("{cause:?}")) && texts.iter().all(|text| silent(text)) {
        return cause;
    }
    let mut words: Option<Box<Words>> = None;
    for mut text in texts.into_iter().rev() {
        hide_text(redactor, &mut text);
        words = Some(Box::new(Words { text, cause: words }));
    }
    match words {
        Some(words) => words,
        None => cause,
    }
}

/// Hides secrets in a text that was cut before it came here, so that it may
/// end within one.
fn hide_cut(redactor: &Redactor, text: &str) -> String {
    let Some(start) = text.strip_suffix('…') else {
        return redactor.redact(text).into_owned();
    };
    // What the stream holds back is what may be the beginning of a secret.
    let mut shown = redactor.stream().push(start);
    shown.push('…');
    shown
}

/// What is left of an error that named a secret.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Words {
    text: String,
    #[source]
    cause: Option<Box<Words>>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use toolrun_http::{HttpError, Secret};
    use toolrun_model::ModelErrorKind;

    use super::*;
    use crate::error::RunErrorKind;

    const KEY: &str = "sk-canary-0815";

    fn redactor() -> Redactor {
        let redactor = Redactor::default();
        redactor.learn(&Secret::from(KEY));
        redactor.learn(&Secret::from("4711471147"));
        redactor
    }

    #[test]
    fn values_are_searched_to_the_bottom() {
        let mut value = json!({ KEY: [{ "a": format!("<{KEY}>"), "n": 4711471147_u64, "m": 1.50 }, null] });
        assert_eq!(mask_value(&redactor(), &mut value), Hidden::Something);
        assert_eq!(
            mask_value(&redactor(), &mut json!([{ "a": 1 }, "b"])),
            Hidden::Nothing
        );
        assert_eq!(
            value,
            json!({ "***": [{ "a": "<***>", "n": "***", "m": 1.50 }, null] })
        );
    }

    #[test]
    fn errors_lose_their_secrets_and_model_errors_keep_their_kind() {
        let said = ModelError {
            model: "p/m".into(),
            message: format!("wrong key {KEY}, {}…", &KEY[..9]),
            kind: ModelErrorKind::Auth,
        };
        let error = RunError::new(RunErrorKind::Model, format!("no {KEY}")).caused_by(said);
        let shown = hide_error(&redactor(), error);
        assert_eq!(shown.to_string(), "no ***");
        let source = shown.source.unwrap().downcast::<ModelError>().unwrap();
        assert_eq!(
            (source.message.as_str(), &source.kind),
            ("wrong key ***, …", &ModelErrorKind::Auth)
        );

        let cut = |reason: &str| HttpError::Cut {
            host: "h".into(),
            reason: reason.into(),
        };
        let told = |reason: &str| {
            hide_error(
                &redactor(),
                RunError::new(RunErrorKind::Refused, "x").caused_by(cut(reason)),
            )
        };
        let shown = told(KEY);
        assert!(!format!("{shown:?}").contains(KEY), "{shown:?}");
        assert!(shown.source.unwrap().to_string().ends_with("was cut: ***"));
        assert!(
            told("reset")
                .source
                .unwrap()
                .downcast_ref::<HttpError>()
                .is_some()
        );
    }
}
