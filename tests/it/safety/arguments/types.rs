//! A12: what a model writes for numbers, booleans and keys. What is plainly
//! meant is converted; the rest is refused with its place, and its value is
//! not repeated; what passes arrives digit by digit.

use super::volley::{Ask, Became, MANIFEST, fire};

fn manifest() -> String {
    format!(
        "{MANIFEST}  typed:\n    api: s\n    description: Stands for a tool with a param of every type.\n    params:\n      \
         n: {{ type: integer, description: The number }}\n      \
         s: {{ type: string, optional: true, description: Some text }}\n      \
         i: {{ type: integer, optional: true, description: A count }}\n      \
         x: {{ type: number, optional: true, description: An amount }}\n      \
         b: {{ type: boolean, optional: true, description: A choice }}\n      \
         l: {{ type: array, items: {{ type: integer }}, optional: true, description: Counts }}\n      \
         m: {{ type: map, optional: true, description: By name }}\n    \
         method: POST\n    effect: read\n    url: '/q?i={{{{ i }}}}&x={{{{ x }}}}'\n    \
         body: {{ json: {{ s: '{{{{ s }}}}', i: '{{{{ i }}}}', x: '{{{{ x }}}}', b: '{{{{ b }}}}', l: '{{{{ l }}}}', m: '{{{{ m }}}}' }} }}\n"
    )
}

/// Fields as they are written and the body that is sent.
const ACCEPTED: &[(&str, &str)] = &[
    (r#""i":1"#, r#"{"i":1}"#),
    (r#""i":"1""#, r#"{"i":1}"#),
    (r#""i":"-7""#, r#"{"i":-7}"#),
    (r#""i":1.0"#, r#"{"i":1}"#),
    (r#""i":1e3"#, r#"{"i":1000}"#),
    (r#""i":-0"#, r#"{"i":0}"#),
    (r#""i":-0.0"#, r#"{"i":0}"#),
    (r#""i":9007199254740993"#, r#"{"i":9007199254740993}"#),
    (r#""i":"9007199254740993""#, r#"{"i":9007199254740993}"#),
    (r#""i":9223372036854775807"#, r#"{"i":9223372036854775807}"#),
    (r#""i":-9223372036854775808"#, r#"{"i":-9223372036854775808}"#),
    (r#""i":18446744073709551615"#, r#"{"i":18446744073709551615}"#),
    (r#""x":12.50"#, r#"{"x":12.50}"#),
    (r#""x":"12.50""#, r#"{"x":12.50}"#),
    (r#""x":-0"#, r#"{"x":-0}"#),
    (r#""x":1E+2"#, r#"{"x":1e+2}"#),
    (
        r#""x":0.1000000000000000055511151231257827"#,
        r#"{"x":0.1000000000000000055511151231257827}"#,
    ),
    (r#""x":9007199254740993"#, r#"{"x":9007199254740993}"#),
    (r#""x":1e-400"#, r#"{"x":1e-400}"#),
    (r#""b":true"#, r#"{"b":true}"#),
    (r#""l":7"#, r#"{"l":[7]}"#),
    (r#""l":["1",2.0]"#, r#"{"l":[1,2]}"#),
    (r#""s":"1""#, r#"{"s":"1"}"#),
    (r#""s":"true","b":false"#, r#"{"s":"true","b":false}"#),
    (r#""s":"{\"a\": 1}""#, r#"{"s":"{\"a\": 1}"}"#),
    (r#""\u0073":"\ud83d\ude00\u0000""#, "{\"s\":\"\u{1f600}\\u0000\"}"),
    (
        r#""m":{"__proto__":"x","$serde_json::private::Number":"1e999"}"#,
        r#"{"m":{"__proto__":"x","$serde_json::private::Number":"1e999"}}"#,
    ),
    (r#""i":null,"s":"a""#, r#"{"s":"a"}"#),
];

/// Fields that are refused, the place that is told, and words of the reason.
const REFUSED: &[(&str, &str, &str)] = &[
    (r#""i":1.5"#, "/i", "an integer"),
    (r#""i":18446744073709551616"#, "/i", "64 bits"),
    (r#""i":-9223372036854775809"#, "/i", "64 bits"),
    (r#""i":"18446744073709551616""#, "/i", "64 bits"),
    (r#""x":18446744073709551616"#, "/x", "64 bits"),
    (r#""i":1e400"#, "/i", "range of a double"),
    (r#""x":1e400"#, "/x", "range of a double"),
    (r#""x":-1e400"#, "/x", "range of a double"),
    (r#""x":"1e400""#, "/x", "a number"),
    (r#""x":NaN"#, "/x", "NaN"),
    (r#""x":"NaN""#, "/x", "a number"),
    (r#""x":Infinity"#, "/x", "Infinity"),
    (r#""x":-Infinity"#, "/x", "Infinity"),
    (r#""x":undefined"#, "/x", "undefined"),
    (r#""x":None"#, "/x", "not None"),
    (r#""i":true"#, "/i", "an integer, found a boolean"),
    (r#""i":"true""#, "/i", "an integer"),
    (r#""i":"""#, "/i", "an integer"),
    (r#""i":"01""#, "/i", "an integer"),
    (r#""i":"+1""#, "/i", "an integer"),
    (r#""i":" 1""#, "/i", "an integer"),
    (r#""i":"1.0""#, "/i", "an integer"),
    (r#""i":"1e3""#, "/i", "an integer"),
    (r#""i":"0x10""#, "/i", "an integer"),
    (r#""i":"-0""#, "/i", "an integer"),
    ("\"i\":\"\u{661}\"", "/i", "an integer"),
    (r#""i":[1]"#, "/i", "an integer, found an array"),
    (r#""i":{}"#, "/i", "an integer, found an object"),
    (r#""i":01"#, "/i", "a JSON value"),
    (r#""i":+1"#, "/i", "a JSON value"),
    (r#""i":.5"#, "/i", "a JSON value"),
    (r#""i":0x10"#, "", "`,` or `}`"),
    (r#""i":1_000"#, "", "`,` or `}`"),
    (r#""b":"true""#, "/b", "a boolean"),
    (r#""b":1"#, "/b", "a boolean"),
    (r#""b":True"#, "/b", "not True"),
    (r#""s":1"#, "/s", "found a number"),
    (r#""s":true"#, "/s", "found a boolean"),
    (r#""l":"[1]""#, "/l", "an array"),
    (r#""l":[1,"x"]"#, "/l/1", "an integer"),
    (r#""l":[1,1e400]"#, "/l/1", "range of a double"),
    (r#""m":{"a":1}"#, "/m/a", "a string"),
    (r#""i":1,"i":2"#, "/i", "given twice"),
    (r#""i":1,"\u0069":2"#, "/i", "given twice"),
    (r#""m":{"k":"a","\u006b":"b"}"#, "/m/k", "given twice"),
    (r#""n":9"#, "/n", "given twice"),
    (r#""zzz":1"#, "/zzz", "no such parameter"),
    (r#""I":1"#, "/I", "no such parameter"),
    (r#""i ":1"#, "/i ", "no such parameter"),
    (r#""__proto__":{"i":1}"#, "/__proto__", "no such parameter"),
    (r#""a/b~c":1"#, "/a~1b~0c", "no such parameter"),
    (r#""s":"\ud800""#, "/s", "surrogate"),
    (r#""s":"\udc00x""#, "/s", "surrogate"),
    (r#""s":"\ud800\u0041""#, "/s", "surrogate"),
    (r#""s":"\u12""#, "/s", "valid JSON string"),
    (r#""s":"\x41""#, "/s", "valid JSON string"),
    ("\"s\":\"a\nb\"", "/s", "control characters"),
    (r#""s":'a'"#, "/s", "a JSON value"),
    (r#""s":"a""b""#, "", "`,` or `}`"),
    (r#""s":"a",,"i":1"#, "", "a key in double quotes"),
    (r#""s":"a",/*c*/"i":1"#, "", "a key in double quotes"),
    (r#""s":"a"}{"n":1"#, "", "the end of the JSON text"),
];

#[test]
fn a12_what_is_plainly_meant_arrives_exactly() {
    let asks: Vec<Ask> = ACCEPTED
        .iter()
        .map(|(fields, _)| Ask::of("typed", *fields))
        .collect();
    for ((fields, expected), became) in ACCEPTED.iter().zip(fire(&manifest(), &asks)) {
        let Became::Sent(wire) = became else {
            panic!("{fields}: {became:?}")
        };
        assert_eq!(String::from_utf8_lossy(&wire.body), *expected, "{fields}");
        let in_query = |key: &str| {
            let pairs = wire.query.iter().flatten();
            pairs
                .filter(|pair| pair.0 == key)
                .map(|pair| pair.1.clone())
                .next()
                .flatten()
        };
        for key in ["i", "x"] {
            let digits = expected
                .strip_prefix(&format!("{{\"{key}\":"))
                .and_then(|rest| rest.strip_suffix('}'));
            assert_eq!(
                in_query(key),
                digits.map(|digits| digits.replace('+', "%2B")),
                "{fields}"
            );
        }
    }
}

#[test]
fn a12_the_rest_is_refused_with_its_place_and_not_repeated() {
    let canary = r#""s":"canary-4711","i":"canary-4711","b":"canary-4711","canary":1"#;
    let mut asks: Vec<Ask> = REFUSED
        .iter()
        .map(|(fields, ..)| Ask::of("typed", *fields))
        .collect();
    asks.push(Ask::of("typed", canary));
    let mut became = fire(&manifest(), &asks);
    let Some(Became::Refused(words)) = became.pop() else {
        panic!("sent")
    };
    assert!(!words.to_string().contains("4711"), "{words}");
    for ((fields, at, reason), became) in REFUSED.iter().zip(became) {
        let Became::Refused(words) = became else {
            panic!("{fields}: {became:?}")
        };
        let problem = &words["problems"][0];
        let found = problem["found"]
            .as_str()
            .map_or(String::new(), |found| format!(", found {found}"));
        let told = format!("{}{found}", problem["expected"].as_str().unwrap_or_default());
        assert!(problem["at"] == *at && told.contains(reason), "{fields}: {words}");
    }
}
