//! `toolrun schema`: what a program that reads toolrun's output can rely on.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use toolrun_runner::{Event, Stamped};

use crate::args::{SchemaArgs, SchemaOf};
use crate::console::Console;
use crate::exit::{Exit, Failure};

/// Prints the schema.
pub(crate) fn run(args: &SchemaArgs, console: &Console) -> Result<Exit, Failure> {
    match args.of {
        Some(SchemaOf::Events) => {
            console.out(&format!("{:#}\n", events()))?;
            Ok(Exit::Done)
        }
        Some(SchemaOf::Manifest) | None => Err(Failure::not_in_this_build("toolrun schema")
            .with_hint("`toolrun schema events` prints the schema of one line of --events")),
    }
}

/// The schema of one line of `--events`.
fn events() -> Value {
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
