//! The validator from outside: arguments as a model writes them, one line a case.

use serde_json::{Value, json};

use super::*;

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "email": { "type": "string", "format": "email" },
            "status": { "type": "string", "enum": ["open", "paid", "refunded"] },
            "limit": { "type": "integer", "minimum": 1, "maximum": 100 },
            "id": { "type": "integer" },
            "amount": { "type": "number", "exclusiveMinimum": 0 },
            "urgent": { "type": "boolean" },
            "tags": { "type": "array", "items": { "type": "string" }, "maxItems": 3 },
            "sizes": { "type": "array", "items": { "type": "integer" } },
            "meta": { "type": "object", "additionalProperties": { "type": "string" } },
            "code": { "type": "string", "pattern": "^[A-Z]{3}$" },
            "level": { "enum": [1, 2, 3] },
            "note": { "type": ["string", "null"] },
            "point": { "type": "object", "properties": { "x": { "type": "number" } }, "required": ["x"] }
        },
        "required": ["email"],
        "additionalProperties": false
    })
}

fn check(arguments: &str) -> Result<Checked, ArgError> {
    ArgValidator::of_schema("find_orders", schema())
        .unwrap()
        .check(arguments)
}

/// The fields after `email`, as text.
#[track_caller]
fn accepts(fields: &str, expected: &str, coerced: &[&str]) {
    let checked = check(&format!(r#"{{"email":"a@b.example",{fields}}}"#)).unwrap();
    let text = serde_json::to_string(checked.args.as_map()).unwrap();
    assert_eq!(text, format!(r#"{{"email":"a@b.example",{expected}}}"#));
    assert_eq!(
        checked
            .coerced
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        coerced
    );
}

#[track_caller]
fn refuses(fields: &str, at: &str, expected: &str) {
    let error = check(&format!(r#"{{"email":"a@b.example",{fields}}}"#)).expect_err(fields);
    assert_eq!(error.violations.len(), 1, "{error}");
    assert_eq!(error.violations[0].at, at, "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn what_fits_stays_as_written() {
    for fields in [
        r#""limit":20"#,
        r#""id":9007199254740993"#,
        r#""id":18446744073709551615"#,
        r#""id":-9223372036854775808"#,
        r#""amount":12.50"#,
        r#""amount":0.1000000000000000055511151231257827"#,
        r#""tags":["a","b"]"#,
        r#""meta":{"k":"v"}"#,
        r#""note":null"#,
        r#""level":2"#,
        r#""status":"open""#,
    ] {
        accepts(fields, fields, &[]);
    }
}

#[test]
fn what_is_plainly_meant_is_converted_and_noted() {
    let number = "string read as a number";
    accepts(r#""limit":"5""#, r#""limit":5"#, &[&format!("/limit: {number}")]);
    accepts(r#""id":"-5""#, r#""id":-5"#, &[&format!("/id: {number}")]);
    accepts(
        r#""amount":"12.50""#,
        r#""amount":12.50"#,
        &[&format!("/amount: {number}")],
    );
    accepts(r#""level":"2""#, r#""level":2"#, &[&format!("/level: {number}")]);
    let whole = "whole number written as an integer";
    accepts(r#""limit":1.0"#, r#""limit":1"#, &[&format!("/limit: {whole}")]);
    accepts(r#""limit":1e1"#, r#""limit":10"#, &[&format!("/limit: {whole}")]);
    accepts(r#""id":-0"#, r#""id":0"#, &[&format!("/id: {whole}")]);
    let array = "single value put in an array";
    accepts(r#""tags":"a""#, r#""tags":["a"]"#, &[&format!("/tags: {array}")]);
    accepts(
        r#""sizes":"7""#,
        r#""sizes":[7]"#,
        &[&format!("/sizes: {array}"), &format!("/sizes/0: {number}")],
    );
    accepts(
        r#""sizes":[1.0,"2"]"#,
        r#""sizes":[1,2]"#,
        &[&format!("/sizes/0: {whole}"), &format!("/sizes/1: {number}")],
    );
    accepts(
        r#""limit":null,"id":1"#,
        r#""id":1"#,
        &["/limit: null taken as not given"],
    );
    accepts(
        r#""point":{"x":"1.5"}"#,
        r#""point":{"x":1.5}"#,
        &[&format!("/point/x: {number}")],
    );
}

#[test]
fn the_rest_is_refused_at_its_place() {
    let cases = [
        (
            r#""limit":" 5""#,
            "/limit",
            "an integer, at least 1, at most 100, found a string",
        ),
        (r#""limit":"0x5""#, "/limit", "an integer"),
        (r#""limit":"1e1""#, "/limit", "an integer"),
        (r#""limit":"05""#, "/limit", "an integer"),
        (r#""limit":"5.0""#, "/limit", "an integer"),
        (r#""limit":1.5"#, "/limit", "an integer"),
        (r#""limit":101"#, "/limit", "at most 100, found 101"),
        (r#""limit":true"#, "/limit", "found a boolean"),
        (r#""limit":1e400"#, "/limit", "range of a double"),
        (r#""id":18446744073709551616"#, "/id", "`type: string`"),
        (r#""id":"18446744073709551616""#, "/id", "`type: string`"),
        (r#""id":-9223372036854775809"#, "/id", "64 bits"),
        (r#""id":1e30"#, "/id", "64 bits"),
        (r#""amount":18446744073709551616"#, "/amount", "64 bits"),
        (r#""amount":0"#, "/amount", "greater than 0, found 0"),
        (r#""amount":"1,5""#, "/amount", "a number"),
        (r#""amount":"NaN""#, "/amount", "a number"),
        (
            r#""urgent":"true""#,
            "/urgent",
            "a boolean (true or false), found a string",
        ),
        (r#""urgent":1"#, "/urgent", "a boolean"),
        (r#""tags":"[\"a\"]""#, "/tags", "an array of: a string"),
        (r#""tags":{"a":1}"#, "/tags", "an array"),
        (
            r#""tags":["a","b","c","d"]"#,
            "/tags",
            "at most 3 items, found 4 items",
        ),
        (r#""tags":["a",1]"#, "/tags/1", "a string"),
        (r#""meta":{"k":1}"#, "/meta/k", "a string"),
        (r#""code":"abc""#, "/code", "^[A-Z]{3}$"),
        (r#""status":"opne""#, "/status", "did you mean `open`?"),
        (r#""point":{}"#, "/point/x", "`x` is required and missing"),
        (r#""point":{"x":null}"#, "/point/x", "a number, found null"),
        (r#""stauts":"open""#, "/stauts", "did you mean `status`?"),
        (r#""zzz":1"#, "/zzz", "no such parameter"),
        (r#""a/b":1"#, "/a~1b", "no such parameter"),
        (r#""id":1,"id":2"#, "/id", "given twice"),
        (r#""code":"\ud800""#, "/code", "surrogate"),
    ];
    for (fields, at, expected) in cases {
        refuses(fields, at, expected);
    }
}

#[test]
fn the_whole_must_be_an_object() {
    for text in ["[]", "null", "5", r#""{}""#] {
        let error = check(text).unwrap_err();
        assert_eq!(error.violations[0].at, "");
        assert!(error.to_string().contains("an object"), "{error}");
    }
    for text in ["", "  ", "{}"] {
        assert_eq!(check(text).unwrap_err().violations[0].at, "/email");
    }
}

#[test]
fn every_violation_is_told_and_no_value_is_repeated() {
    let error =
        check(r#"{"emial":"SECRET@x","status":"SECRET","limit":"SECRET","code":"SECRET"}"#).unwrap_err();
    let told: Value = serde_json::from_str(&error.for_model()).unwrap();
    let places: Vec<&str> = told["problems"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|p| p["at"].as_str())
        .collect();
    for place in ["/email", "/emial", "/status", "/limit", "/code"] {
        assert!(places.contains(&place), "{told}");
    }
    assert_eq!(places.len(), 5, "{told}");
    assert_eq!(told["parameters"]["required"], json!(["email"]));
    assert_eq!(told["parameters"]["optional"].as_array().unwrap().len(), 12);
    assert!(!told.to_string().contains("SECRET"), "{told}");
    assert!(!error.to_string().contains("SECRET"), "{error}");
}

#[test]
fn endless_errors_stay_short() {
    let fields: Vec<String> = (0..10_000)
        .map(|i| format!(r#""{}{i}":1"#, "x".repeat(50)))
        .collect();
    let error = check(&format!("{{{}}}", fields.join(","))).unwrap_err();
    let told = error.for_model();
    assert!(told.len() < 6_000, "{}", told.len());
    assert!(told.contains("more_problems"));
}

#[test]
fn look_around_in_a_pattern_is_an_error_of_the_schema() {
    let schema = json!({ "properties": { "a": { "type": "string", "pattern": "(?=x)" } } });
    let error = ArgValidator::of_schema("t", schema).unwrap_err();
    assert!(error.to_string().contains("`t`"), "{error}");
}

#[test]
fn references_leave_the_schema_never() {
    for reference in ["https://example.com/schema.json", "file:///etc/passwd"] {
        let schema = json!({ "properties": { "a": { "$ref": reference } } });
        assert!(ArgValidator::of_schema("t", schema).is_err(), "{reference}");
    }
}
