//! Tables of expressions: what they yield, when they are absent, what is
//! wrong with them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::eval::{Context, evaluate};
use super::fixture::{World, response};
use super::fuel::Fuel;
use super::lower;

fn world() -> World {
    World::with(
        json!({ "id": "AbC", "n": 2.50, "list": ["a", "b"], "map": { "k": "v" }, "nullable": null, "o2": null }),
    )
}

fn body() -> Value {
    serde_json::from_str(
        r#"{ "big": 18446744073709551615, "dec": 0.10, "null": null, "items": [1, 2, 3], "text": "hi", "no": false }"#,
    )
    .unwrap()
}

fn run(source: &str) -> Result<Option<Value>, String> {
    let world = world();
    let (names, scope) = (world.result_names(), world.scope());
    let (headers, body) = (BTreeMap::from([("etag".into(), "x".into())]), body());
    let response = response(&headers, &body);
    let text = format!("{{{{ {source} }}}}");
    let expr = lower::compile(&text, 2..text.len() - 2, &names).map_err(|problem| problem.message)?;
    let fuel = Fuel::full();
    let found = evaluate(&expr, Context::response(&scope, &response, &fuel));
    found
        .map(|found| found.map(|value| value.into_owned()))
        .map_err(|problem| problem.message)
}

#[track_caller]
fn case(source: &str, expected: &str) {
    let found = match run(source) {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "absent".into(),
        Err(message) => format!("error: {message}"),
    };
    assert_eq!(found, expected, "{source}");
}

#[test]
fn values_pass_through_unchanged() {
    case(" id ", r#""AbC""#);
    case(" n ", "2.5");
    case("response.body.big", "18446744073709551615");
    case("response.body.dec", "0.10");
    case("response.body.null", "null");
    case("response.status", "200");
    case("response.headers['ETag']", r#""x""#);
    case("response.headers.etag", r#""x""#);
    case("call.id", r#""call-1""#);
    case("vars['lang']", r#""en""#);
    case("now", r#""1970-01-01T00:00:00Z""#);
    case("now | epoch", "0");
    case("now | date('%Y-%m-%d')", r#""1970-01-01""#);
    case("1.10", "1.10");
    case("-3", "-3");
    case("nullable", "null");
}

#[test]
fn operators_and_filters() {
    case("n * 2 + 1", "6.0");
    case("7 // 2", "3");
    case("response.body.big + 1", "18446744073709551616");
    case("(2.345 * 2) | round(2)", "4.69");
    case("id ~ '-' ~ n", r#""AbC-2.5""#);
    case("id | lower | replace('b', '*')", r#""a*c""#);
    case("list | join(',')", r#""a,b""#);
    case("response.body['items'][-1]", "3");
    case("response.body['items'][1:]", "[2,3]");
    case("id[:2]", r#""Ab""#);
    case("'a' in list and n > 2", "true");
    case("1 < 2 < 2", "false");
    case("1 == 1.0", "true");
    case("'x' if n > 3 else 'y'", r#""y""#);
    case("[1, id]", r#"[1,"AbC"]"#);
    case("{'a': n}", r#"{"a":2.5}"#);
    case("'12' | int + 1", "13");
    case("n is number", "true");
    case(
        "n * 'a'",
        "error: a template cannot be computed: expected a number, found text",
    );
    case("1 / 0", "error: a template cannot be computed: division by zero");
}

#[test]
fn absent_spreads_until_it_is_handled() {
    for source in [
        "o",
        "o2",
        "o ~ 'x'",
        "'x' ~ o",
        "o + 1",
        "o == 'a'",
        "o != 'a'",
        "o == o2",
        "o < 1",
        "o in list",
        "'a' in o",
        "o | lower",
        "o | length",
        "-o",
        "o.x",
        "o['x'].y",
        "o[1:]",
        "[o]",
        "{'a': o}",
        "'x' if o",
        "o and id",
        "id and o",
        "o or o2",
        "o | default(o2)",
        "response.body.missing",
        "response.body.missing.deeper",
        "response.body['items'][9]",
        "response.body.text.x",
        "map.nothing",
        "id | replace('A', o)",
        "o is string",
        "1 < o < 3",
        "response.headers.missing",
        "o is none",
    ] {
        case(source, "absent");
    }
    case("o | default('d')", r#""d""#);
    case("o.x.y | default('d')", r#""d""#);
    case("(o ~ 'x') | default('d')", r#""d""#);
    case("o or 'd'", r#""d""#);
    case("o is defined", "false");
    case("o is undefined", "true");
    case("o is not defined", "true");
    case("not o", "true");
    case("not (o == 'a')", "true");
    case("'x' if o else 'y'", r#""y""#);
    case("o if o is defined else id", r#""AbC""#);
    case("response.body.null is defined", "true");
    case("response.body.null | default('d')", "null");
    case("response.body.null | default('d', true)", r#""d""#);
    case("response.body.no | default('d', true)", r#""d""#);
    case("nullable is none", "true");
}

#[track_caller]
fn refused(source: &str, at: &str, message: &str, help: &str) {
    let world = world();
    let text = format!("{{{{ {source} }}}}");
    let problem = lower::compile(&text, 2..text.len() - 2, &world.result_names()).expect_err(source);
    assert_eq!(
        (&text[problem.range], &*problem.message),
        (at, message),
        "{source}"
    );
    let found = problem.help.unwrap_or_default();
    assert!(found.contains(help), "{found}");
}

#[test]
fn mistakes_are_named_where_they_stand() {
    refused(
        "idd",
        "idd",
        "unknown name `idd`",
        "did you mean `id`? known here: `id`, `n`",
    );
    refused(
        "id ~ lang",
        "lang",
        "unknown name `lang`",
        "did you mean `vars.lang`?",
    );
    refused(
        "vars.lnag",
        "vars.lnag",
        "unknown name `vars.lnag`",
        "did you mean `lang`?",
    );
    refused(
        "vars",
        "vars",
        "`vars` is a group of names, not a value",
        "`vars.base`",
    );
    refused("call.name", "call.name", "unknown name `call.name`", "`call.id`");
}

#[test]
fn what_the_language_leaves_out_is_named() {
    refused(
        "id | lowr",
        "lowr",
        "unknown filter `lowr`",
        "did you mean `lower`?",
    );
    refused(
        "id | urlencode",
        "urlencode",
        "unknown filter `urlencode`",
        "the place of a slot decides",
    );
    refused(
        "range(3)",
        "range(3)",
        "there are no functions in the manifest language",
        "filter",
    );
    refused(
        "id is strin",
        "strin",
        "unknown test `is strin`",
        "did you mean `string`?",
    );
    refused(
        "id && n",
        "&",
        "cannot read this expression: unexpected character",
        "write `and`",
    );
    refused(
        "id | round(1, 2)",
        "round(1, 2)",
        "`round` takes 0 to 1 arguments, found 2",
        "round(2)",
    );
    refused(
        "now | date(id)",
        "date(id)",
        "the pattern of `date` is a literal text",
        "date('%Y-%m-%d')",
    );
    refused(
        "secrets.KEY",
        "secrets.KEY",
        "`secrets` has no place here",
        "in `auth` a secret is named alone",
    );
}
