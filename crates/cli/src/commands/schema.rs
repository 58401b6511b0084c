//! `toolrun schema`: what a manifest may hold, and what a program that reads toolrun's output can rely on.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use toolrun_manifest::manifest_schema;
use toolrun_runner::{Event, Stamped};

use crate::args::{SchemaArgs, SchemaOf};
use crate::console::Console;
use crate::exit::{Exit, Failure};

/// Prints the schema.
pub(crate) fn run(args: &SchemaArgs, console: &Console) -> Result<Exit, Failure> {
    let schema = match args.of.unwrap_or(SchemaOf::Manifest) {
        SchemaOf::Events => events(),
        SchemaOf::Manifest => manifest_schema(),
    };
    console.out(&format!("{schema:#}\n"))?;
    Ok(Exit::Done)
}

/// The schema of one line of `--events`.
pub(crate) fn events() -> Value {
    let schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Stamped<Event>>()
        .to_value();
    let mut named = Map::new();
    for (key, words) in [
        ("$schema", "https://json-schema.org/draft/2020-12/schema"),
        ("title", "One line of --events"),
    ] {
        named.insert(key.to_owned(), words.into());
    }
    if let Value::Object(fields) = schema {
        for (key, value) in fields {
            named.entry(key).or_insert(value);
        }
    }
    Value::Object(named)
}
