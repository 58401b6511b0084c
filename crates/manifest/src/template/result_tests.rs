//! Tables of `result.template`, `error_if` and `pick`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fixture::{World, response};
use super::{Condition, Pick, ResultTemplate};

fn render(template: &str, body: &Value) -> Result<String, String> {
    let world = World::with(json!({ "id": "i" }));
    let compiled = ResultTemplate::compile(template, &world.result_names()).map_err(|problems| {
        format!(
            "{}: {}",
            &template[problems[0].range.clone()],
            problems[0].message
        )
    })?;
    let headers = BTreeMap::new();
    compiled
        .render(&world.scope(), &response(&headers, body))
        .map_err(|problem| problem.message)
}

#[track_caller]
fn case(template: &str, expected: &str) {
    let body: Value = serde_json::from_str(
        r#"{"id":"r_1","amount":5.50,"none":null,"items":[{"n":1},{"n":2},{}],"map":{"a":1,"b":2},"text":"<b>"}"#,
    )
    .unwrap();
    assert_eq!(
        render(template, &body).unwrap_or_else(|problem| problem),
        expected,
        "{template}"
    );
}

#[test]
fn statements_and_values() {
    case(
        "{% if vars.lang == 'de' %}Erstattung{% else %}Refund{% endif %} {{ result.id }}: {{ result.amount }}",
        "Refund r_1: 5.50",
    );
    case(
        "{{ result.missing }}|{{ result.none }}|{{ result.missing.deep ~ 'x' }}|{{ result.text }}",
        "|||<b>",
    );
    case(
        "{% for item in result['items'] %}{{ loop.index }}={{ item.n | default('-') }}{% if not loop.last %},{% endif %}{% endfor %}",
        "1=1,2=2,3=-",
    );
    case(
        "{% for item in result['items'] if item.n > 1 %}{{ item.n }}{% endfor %}",
        "2",
    );
    case("{% for x in result.missing %}x{% else %}none{% endfor %}", "none");
    case(
        "{% for k, v in result.map | items %}{{ k }}{{ v }}{% endfor %}",
        "a1b2",
    );
    case("{% for k in result.map %}{{ k }}{% endfor %}", "ab");
    case(
        "{% set a = 1 %}{% if a == 1 %}{% set b = 'y' %}{% else %}{% set b = 'n' %}{% endif %}{{ b }}{{ a }}",
        "y1",
    );
    case(
        "{% for x in result['items'] %}{% set y = x.n %}{{ y }}{% endfor %}",
        "12",
    );
    case("{{ result.map }}", r#"{"a":1,"b":2}"#);
    case("a\n{% if true %}\n  b\n{% endif %}\nc", "a\n  b\nc");
    case("{# note #}x", "x");
    case("{{ response.status }} {{ id }}", "200 i");
    case(
        "{% for x in result.text %}{% endfor %}",
        "the tool's `template` cannot word this answer: a loop cannot go over text",
    );
}

#[test]
fn mistakes_stand_where_they_are() {
    case("x {{ resutl.id }}", "resutl: unknown name `resutl`");
    case(
        "{% for x in result %}{{ y }}{% endfor %}{{ x }}",
        "y: unknown name `y`",
    );
    case(
        "{% for x in result %}{{ loop.idx }}{% endfor %}",
        "loop.idx: unknown name `loop.idx`",
    );
    case("{% set id = 1 %}", "id: the name `id` is taken");
    case("{% macro x() %}{% endmacro %}", "macro: unknown statement macro");
    case("{% include 'x' %}", "include: unknown statement include");
    case(
        "{{ result.id | center(1000000) }}",
        "center: unknown filter `center`",
    );
    case(
        "{{ range(9) }}",
        "range(9): there are no functions in the manifest language",
    );
}

#[test]
fn work_and_size_are_bounded() {
    let body = json!({ "many": vec![1; 2000], "long": "x".repeat(4096) });
    let found = render(
        "{% for a in result.many %}{% for b in result.many %}xxxxxxxxxx{% endfor %}{% endfor %}",
        &body,
    );
    assert!(
        found
            .unwrap_err()
            .ends_with("cannot word this answer: the text grows beyond 1 MiB")
    );
    let found = render(
        "{% for a in result.many %}{% for b in result.many %}{% if a %}{% endif %}{% endfor %}{% endfor %}",
        &body,
    );
    assert!(found.unwrap_err().ends_with("too many steps"));
    let found = render(
        "{% for a in result.many %}{% for b in result.many %}{% if result.long ~ b == result.long %}{% endif %}{% endfor %}{% endfor %}",
        &body,
    );
    assert!(found.unwrap_err().ends_with("too many steps"));
    assert!(render(&format!("{{{{ {}1 }}}}", "-".repeat(5000)), &body).is_err());
    assert!(render(&format!("{{{{ {}1 }}}}", "-".repeat(1500)), &body).is_err());
    assert!(
        render(
            &format!("{{{{ {}1{} }}}}", "(".repeat(300), ")".repeat(300)),
            &body
        )
        .is_err()
    );
    assert!(render(&format!("{{{{ 1{} }}}}", "|abs".repeat(400)), &body).is_err());
}

#[test]
fn deep_queries_do_not_overflow() {
    for text in ["(", "!", "[", "a.", "a|", "a[", "&", "{a:"] {
        let nested = text.repeat(300);
        assert!(Pick::compile(&nested).is_err(), "{text}");
    }
    let deep = format!("{}a{}", "(".repeat(300), ")".repeat(300));
    let deep = Pick::compile(&deep).unwrap();
    assert_eq!(deep.apply(&json!({ "a": 1 })).unwrap(), json!(1));
    let many = Pick::compile(&format!("{}a", "!".repeat(300))).unwrap();
    assert_eq!(many.apply(&json!({ "a": 1 })).unwrap(), json!(true));
    let flat = format!("a{}", "[].b".repeat(150));
    assert_eq!(
        Pick::compile(&flat).unwrap().apply(&json!({})).unwrap(),
        json!(null)
    );
    assert!(Pick::compile(&"!".repeat(301)).is_err());
}

#[test]
fn conditions_are_one_expression_and_absent_is_false() {
    let world = World::with(json!({}));
    let holds = |text: &str, body: Value| {
        let condition = Condition::compile(text, &world.result_names()).expect(text);
        condition
            .holds(&world.scope(), &response(&BTreeMap::new(), &body))
            .unwrap()
    };
    assert!(holds(
        "{{ response.body.error is defined }}",
        json!({ "error": "x" })
    ));
    assert!(!holds("{{ response.body.error is defined }}", json!({})));
    assert!(!holds("{{ response.body.error }}\n", json!({ "error": null })));
    assert!(!holds("{{ response.body.code != 0 }}", json!({})));
    assert!(holds("{{ response.body.code != 0 }}", json!({ "code": 1.0 })));
    assert!(!holds("{{ response.body.code != 0 }}", json!({ "code": 0.0 })));
    assert!(holds("{{ not response.body.ok }}", json!({})));
    assert!(!holds("{{ response.body.ok }}", json!("a text")));
    for wrong in [
        "response.body.x",
        "",
        "{{ true }}{{ true }}",
        "x {{ true }}",
        "{{ secrets.KEY }}",
    ] {
        assert!(
            Condition::compile(wrong, &world.result_names()).is_err(),
            "{wrong}"
        );
    }
}

#[track_caller]
fn pick(query: &str, body: &str, expected: &str) {
    let found = match Pick::compile(query) {
        Ok(pick) => match pick.apply(&serde_json::from_str(body).unwrap()) {
            Ok(value) => value.to_string(),
            Err(problem) => problem.message,
        },
        Err(problems) => format!("{}: {}", &query[problems[0].range.clone()], problems[0].message),
    };
    assert_eq!(found, expected, "{query}");
}

#[test]
fn picks_keep_digits_and_point_at_mistakes() {
    pick(
        "a[].{x: n}",
        r#"{"a":[{"n":18446744073709551616},{"n":0.10}]}"#,
        r#"[{"x":18446744073709551616},{"x":0.10}]"#,
    );
    pick("a[?n > `5`].n", r#"{"a":[{"n":4},{"n":6}]}"#, "[6]");
    pick("a[?n == `1.0`].n", r#"{"a":[{"n":1}]}"#, "[1]");
    pick("`{\"x\": [1, 2.50]}`", "{}", r#"{"x":[1,2.50]}"#);
    pick("to_number(a)", r#"{"a":"1.50"}"#, "1.50");
    pick("sum(a)", r#"{"a":[1,2]}"#, "3.0");
    pick("to_string(a)", r#"{"a":[1.50,{"b":2}]}"#, r#""[1.50,{\"b\":2}]""#);
    pick("sort_by(a, &n)[].n", r#"{"a":[{"n":10},{"n":9.5}]}"#, "[9.5,10]");
    pick(
        "max(a)",
        r#"{"a":[18446744073709551615, 3]}"#,
        "18446744073709551615",
    );
    pick(
        "[a[?@ < `2`], length(a), avg(a), join(',', b)]",
        r#"{"a":[1,2],"b":["x","y"]}"#,
        r#"[[1],2,1.5,"x,y"]"#,
    );
    pick("missing.deep", "{}", "null");
    pick("a.[", "{}", ": cannot read this JMESPath: it ends too early");
    pick(
        "a b",
        "{}",
        "b: cannot read this JMESPath: did not parse the complete expression",
    );
    pick("é.$", "{}", "é: cannot read this JMESPath: invalid character: é");
    pick(
        "a[",
        "{}",
        ": cannot read this JMESPath: expected number, `:`, or `*`, found the end",
    );
    pick("a && lenght(a)", "{}", "lenght: unknown function `lenght`");
    pick(
        "length(a)",
        r#"{"a":1}"#,
        "`pick` cannot be applied to this answer: argument 0 expects type array|object|string, given number",
    );
}
