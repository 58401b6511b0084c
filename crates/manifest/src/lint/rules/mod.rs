//! The rules, one file each, and the table that registers them.

mod allow_http_with_auth;
mod allow_unused;
mod api_unused;
mod condition_constant;
mod default_unneeded;
mod description_copied;
mod description_example;
mod description_imperative;
mod description_long;
mod description_markup;
mod description_repeats_name;
mod description_unknown_name;
mod description_vague;
mod destructive_unsaid;
mod destructive_without_limit;
mod effect_understated;
mod enum_too_long;
mod env_syntax;
mod limit_without_maximum;
mod manifest_tokens;
mod name_too_long;
mod output_weakened;
mod pages_unbounded;
mod param_ambiguous;
mod param_bounds;
mod param_codes;
mod param_default_in_words;
mod param_enum_in_words;
mod param_free_text;
mod param_many_required;
mod param_negative;
mod param_nested;
mod param_one_value;
mod param_optional_in_words;
mod param_text_boolean;
mod param_unused;
mod param_without_description;
mod param_without_unit;
mod path_chosen_by_model;
mod plain_http;
mod query_repeated;
mod result_unshaped;
mod secret_in_file;
mod secret_in_query;
mod secret_unused;
mod step_unused;
mod test_without_expectation;
mod timeout_too_long;
mod too_many_tools;
mod tool_tokens;
mod tool_untested;
mod tools_alike;
mod unknown_lint;
mod url_with_gap;
mod var_unused;
pub(super) mod words;
mod write_error_skipped;
mod write_without_effect;
mod write_without_idempotency_key;

use super::Rule;

/// The rule that looks at what the others did.
pub(crate) const LAST: Rule = allow_unused::RULE;

/// Every rule, sorted by name.
pub(crate) const ALL: &[Rule] = &[
    allow_http_with_auth::RULE,
    allow_unused::RULE,
    api_unused::RULE,
    condition_constant::RULE,
    default_unneeded::RULE,
    description_copied::RULE,
    description_example::RULE,
    description_imperative::RULE,
    description_long::RULE,
    description_markup::RULE,
    description_repeats_name::RULE,
    description_unknown_name::RULE,
    description_vague::RULE,
    destructive_unsaid::RULE,
    destructive_without_limit::RULE,
    effect_understated::RULE,
    enum_too_long::RULE,
    env_syntax::RULE,
    limit_without_maximum::RULE,
    manifest_tokens::RULE,
    name_too_long::RULE,
    output_weakened::RULE,
    pages_unbounded::RULE,
    param_ambiguous::RULE,
    param_bounds::RULE,
    param_codes::RULE,
    param_default_in_words::RULE,
    param_enum_in_words::RULE,
    param_free_text::RULE,
    param_many_required::RULE,
    param_negative::RULE,
    param_nested::RULE,
    param_one_value::RULE,
    param_optional_in_words::RULE,
    param_text_boolean::RULE,
    param_unused::RULE,
    param_without_description::RULE,
    param_without_unit::RULE,
    path_chosen_by_model::RULE,
    plain_http::RULE,
    query_repeated::RULE,
    result_unshaped::RULE,
    secret_in_file::RULE,
    secret_in_query::RULE,
    secret_unused::RULE,
    step_unused::RULE,
    test_without_expectation::RULE,
    timeout_too_long::RULE,
    too_many_tools::RULE,
    tool_tokens::RULE,
    tool_untested::RULE,
    tools_alike::RULE,
    unknown_lint::RULE,
    url_with_gap::RULE,
    var_unused::RULE,
    write_error_skipped::RULE,
    write_without_effect::RULE,
    write_without_idempotency_key::RULE,
];
