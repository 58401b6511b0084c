//! What each error of the language is about, in a sentence or two. A message
//! says what is wrong in the text at hand; this is for whoever meets the code.

/// Every code of an error with what it means, sorted. Lints are in
/// [`RULES`](crate::RULES).
pub const ERRORS: &[(&str, &str)] = &[
    (
        "absent-argument",
        "A step can skip what an argument of a later one needs: give a default, or skip that step as well.",
    ),
    (
        "alias-too-large",
        "Aliases repeat more text than a file may hold: write the values out, or repeat less.",
    ),
    (
        "bad-argument",
        "A step gives an argument that its tool does not take: of another type, or outside of what is allowed.",
    ),
    (
        "bad-default",
        "A default is not among the values that the var allows.",
    ),
    (
        "bad-name",
        "A name of a tool, param, step or var consists of small letters, digits and `_`, and starts with a letter.",
    ),
    (
        "bad-quantity",
        "A duration, rate, amount or number of tokens has a unit: `30s`, `5/s`, `200k`, `0.50 USD`.",
    ),
    (
        "bad-url",
        "An address cannot be read as one, or has no scheme or host where it needs them.",
    ),
    (
        "bad-value",
        "A default, example, const or item of an enum does not fit the type or the bounds of its param.",
    ),
    (
        "bare-key",
        "In `{ }` a key stands without a value, mostly since a comma ended the text before it: quote the whole text.",
    ),
    (
        "complex-key",
        "A key is a plain text; one that starts with `[` or `{` is quoted.",
    ),
    (
        "condition-shape",
        "A condition is exactly one expression in `{{ }}`, with no text beside it.",
    ),
    (
        "duplicate-key",
        "A key stands in a mapping twice; YAML would keep one of them silently.",
    ),
    ("duplicate-value", "A value stands in a list twice."),
    ("empty", "A manifest has at least `toolrun: 1`."),
    (
        "empty-description",
        "A description is empty; the model decides by it.",
    ),
    (
        "file-place",
        "A param of type `file` is sent whole: alone in a part of `multipart` or as the `text` body.",
    ),
    (
        "filter-arguments",
        "A filter or test of a template is given arguments that it does not take.",
    ),
    (
        "foreign-ref",
        "`$ref` never leaves the file: what it names is copied into `$defs`.",
    ),
    (
        "get-with-body",
        "GET and HEAD have no body: the method is missing, or the body is one too many.",
    ),
    (
        "header-value",
        "A header holds one line of text without control characters.",
    ),
    (
        "include",
        "A file cannot be included: it is not there, is no manifest, or its path does not start at the including file.",
    ),
    (
        "include-cycle",
        "Files include each other in a circle; one direction is enough, since names are visible both ways.",
    ),
    (
        "invisible-character",
        "A model reads a character that a person reviewing the file cannot see.",
    ),
    (
        "literal-slot",
        "A form that other tools fill in, such as `$NAME` or `:id`, is plain text in a manifest.",
    ),
    (
        "may-be-absent",
        "A value that can be absent stands in a path or beside other text, where nothing can be left out: give it a default.",
    ),
    (
        "merge-key",
        "Merge keys `<<` are not part of the language; whole values are shared by `&name` and `*name`.",
    ),
    (
        "misplaced-key",
        "A key of the language stands where it has no meaning, or beside one that excludes it.",
    ),
    (
        "missing-argument",
        "A step leaves out an argument that its tool requires.",
    ),
    ("missing-key", "A key that is required is not there."),
    (
        "name-clash",
        "Two things have the same name, also when compared without case, `-` and `_`.",
    ),
    (
        "nested-param",
        "Params are flat: texts, numbers, booleans, lists of them and maps of texts; `schema` takes the rare nested one.",
    ),
    (
        "not-a-number",
        "`.inf` and `.nan` are numbers in YAML and not in JSON.",
    ),
    (
        "number-too-large",
        "A whole number does not fit 64 bits; quoted, it is a text that keeps its digits.",
    ),
    (
        "param-in-origin",
        "A param may not choose the host: scheme, host and port hold literal text and `vars` alone.",
    ),
    ("pick-syntax", "`pick` is a query in JMESPath."),
    (
        "query-key",
        "The keys of `query` are literal; values may be templates.",
    ),
    ("recursive-alias", "An alias stands inside of what it names."),
    (
        "repeated-write",
        "`repeat` asks again until something holds, so it is for reads: a write would be made many times.",
    ),
    ("reserved-header", "The client sets this header itself."),
    (
        "reserved-word",
        "A word of the templates cannot name a param, a step or what `as` names.",
    ),
    (
        "schema",
        "A JSON Schema cannot be used: a keyword has a value that it cannot have, or a pattern is no regular expression.",
    ),
    (
        "second-document",
        "A manifest is one document; what follows `---` belongs into a file of its own.",
    ),
    (
        "secret-place",
        "`{{ secrets.NAME }}` stands in headers and query values only, so that a secret never gets into texts that are shown.",
    ),
    (
        "secret-value",
        "A secret is named and never written into the file: `secrets: { SHOP_KEY: env }`.",
    ),
    (
        "secret-var",
        "`vars` are shown and logged; a name that looks like a secret's belongs under `secrets`.",
    ),
    ("slot-type", "A list or map stands where one value is written."),
    ("step-cycle", "Steps wait for each other in a circle."),
    (
        "syntax",
        "The text is not YAML; the message says what stands in the way.",
    ),
    (
        "tag",
        "Tags such as `!!str` or `!secret` are not part of the language.",
    ),
    (
        "template-place",
        "A template stands where the language takes literal text.",
    ),
    (
        "template-syntax",
        "A template cannot be read as an expression or a statement.",
    ),
    (
        "token-place",
        "`{{ token }}` stands alone or beside text in `token.send`; nothing is computed with it.",
    ),
    ("too-deep", "Values are nested deeper than 64 levels."),
    (
        "too-large",
        "A manifest with its includes is larger than what is read, in bytes or in values.",
    ),
    ("too-long", "A text is longer than what it is for can take."),
    ("too-many-params", "A tool has more params than a provider takes."),
    (
        "too-many-problems",
        "More was found than is listed; mending the first often mends the rest.",
    ),
    (
        "unknown-anchor",
        "An alias names an anchor that does not stand before it.",
    ),
    (
        "unknown-argument",
        "A step gives an argument that its tool does not have.",
    ),
    (
        "unknown-filter",
        "A template uses a filter that the language does not have.",
    ),
    (
        "unknown-function",
        "Templates have no functions; filters do their work.",
    ),
    (
        "unknown-key",
        "A key is not one of the language's at this place; keys that start with `x-` are ignored.",
    ),
    (
        "unknown-name",
        "A tool, api, secret, var, param or step is named that is declared nowhere.",
    ),
    (
        "unknown-test",
        "A template uses a test behind `is` that the language does not have.",
    ),
    (
        "unquoted-template",
        "`{{` starts a mapping in YAML: a value with a template at its start, or within `{ }` and `[ ]`, is quoted.",
    ),
    (
        "url-shape",
        "A url is written as a path under its api's `base_url`, or whole; a slot is one segment or part of one.",
    ),
    (
        "version",
        "`toolrun: 1` says which version of the language the file is written in.",
    ),
    ("workflow-cycle", "Workflows call each other in a circle."),
    (
        "wrong-type",
        "A value is of another kind than the key takes: a text for a list, a mapping for a text.",
    ),
    ("wrong-value", "A value is not among those that the key takes."),
];

/// Whether a diagnostic may have that code.
pub(crate) fn is_known(code: &str) -> bool {
    ERRORS.iter().any(|(name, _)| *name == code) || crate::RULES.iter().any(|rule| rule.name == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_apart_from_the_lints() {
        assert!(ERRORS.is_sorted_by(|a, b| a.0 < b.0));
        for rule in crate::RULES {
            assert!(ERRORS.iter().all(|(name, _)| *name != rule.name), "{}", rule.name);
        }
        for (name, about) in ERRORS {
            assert!(about.ends_with('.') && !about.contains('\n'), "{name}");
        }
    }
}
