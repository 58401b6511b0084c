//! The rules, one file each, and the table that registers them.

mod description_example;
mod description_imperative;
mod description_repeats_name;
mod description_vague;
mod env_syntax;
mod param_unused;
mod param_without_description;
mod plain_http;
mod secret_in_file;
mod words;
mod write_without_effect;

use super::Rule;

/// Every rule, sorted by name.
pub(crate) const ALL: &[Rule] = &[
    description_example::RULE,
    description_imperative::RULE,
    description_repeats_name::RULE,
    description_vague::RULE,
    env_syntax::RULE,
    param_unused::RULE,
    param_without_description::RULE,
    plain_http::RULE,
    secret_in_file::RULE,
    write_without_effect::RULE,
];
