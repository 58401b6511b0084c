//! Whole requests: every slot, what absence takes away, what is refused.

use serde_json::{Value, json};

use super::fixture::World;
use super::{JsonNode, JsonTemplate, Piece, RenderedBody, RenderedRequest, TextTemplate, UrlTemplate};
use crate::checked::{Auth, Body, HttpEndpoint, Method};

/// A GET of a URL.
pub(super) fn endpoint(world: &World, base: Option<&str>, url: &str) -> HttpEndpoint {
    let names = world.names();
    HttpEndpoint {
        method: Method::Get,
        url: UrlTemplate::compile(base, url, &names).expect("the URL compiles"),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        auth: Auth::None,
    }
}

fn show(rendered: Result<RenderedRequest, super::RenderError>) -> String {
    match rendered {
        Ok(request) => request.url.into(),
        Err(problem) => format!("{}: {}", problem.rule, problem.param.unwrap_or_default()),
    }
}

#[track_caller]
fn url(template: &str, args: Value, expected: &str) {
    let world = World::with(args);
    assert_eq!(
        show(endpoint(&world, None, template).render(&world.scope())),
        expected,
        "{template}"
    );
}

#[track_caller]
fn based(base: &str, template: &str, expected: &str) {
    let world = World::with(json!({ "id": "x" }));
    assert_eq!(
        show(endpoint(&world, Some(base), template).render(&world.scope())),
        expected,
        "{base} {template}"
    );
}

#[test]
fn paths_hold_one_segment_per_slot() {
    let path = |value: &str, segment: &str| {
        url(
            "https://h.example/a/{{ id }}/b",
            json!({ "id": value }),
            &format!("https://h.example/a/{segment}/b"),
        );
    };
    path("a b", "a%20b");
    path("a/b", "a%2Fb");
    path("50%", "50%25");
    path("user@x", "user%40x");
    path("v1..v2", "v1..v2");
    path("HEAD~3..HEAD", "HEAD~3..HEAD");
    path(".env", ".env");
    path("é", "%C3%A9");
    path("{{ n }}", "%7B%7B%20n%20%7D%7D");
    for refused in ["..", ".", "../etc", "%2e%2e", "..;x"] {
        url(
            "https://h.example/a/{{ id }}/b",
            json!({ "id": refused }),
            "path-dot-segment: id",
        );
    }
    url(
        "https://h.example/a/{{ id }}",
        json!({ "id": "" }),
        "path-empty-segment: id",
    );
    url(
        "https://h.example/{{ id }}{{ n }}.json",
        json!({ "id": "", "n": 1 }),
        "https://h.example/1.json",
    );
    url(
        "https://h.example/.{{ id }}",
        json!({ "id": "." }),
        "path-dot-segment: id",
    );
    url(
        "https://h.example/{{ '{{' }}",
        json!({}),
        "https://h.example/%7B%7B",
    );
    url(
        "https://h.example/ü/{a}/%41|",
        json!({}),
        "https://h.example/%C3%BC/%7Ba%7D/%41%7C",
    );
    url("https://h.example", json!({}), "https://h.example/");
    url(
        "https://h.example?a={{ id }}",
        json!({ "id": "b" }),
        "https://h.example/?a=b",
    );
}

#[test]
fn query_slots_are_one_value_and_styles_are_kept() {
    let query = |template: &str, args: Value, expected: &str| {
        url(
            &format!("https://h.example/?{template}"),
            args,
            &format!("https://h.example/{expected}"),
        );
    };
    query(
        "a={{ id }}",
        json!({ "id": "x&y=1#z+ü" }),
        "?a=x%26y%3D1%23z%2B%C3%BC",
    );
    query("a={{ id }}", json!({ "id": "" }), "?a=");
    query("a={{ o }}&b=1&c={{ o2 }}", json!({ "o2": null }), "?b=1");
    query("a={{ o }}", json!({}), "");
    query("a={{ nullable }}", json!({ "nullable": null }), "");
    query("debug&a={{ n }}", json!({ "n": 1.50 }), "?debug&a=1.5");
    query(
        "q=in:{{ id }}+ok,{{ n }}",
        json!({ "id": "a b", "n": 1 }),
        "?q=in:a%20b+ok,1",
    );
    query(
        "a={{ list }}",
        json!({ "list": ["1,2", true, 3] }),
        "?a=1%2C2&a=true&a=3",
    );
    query("a={{ csv }}", json!({ "csv": ["1,2", 3] }), "?a=1%2C2,3");
    query("a={{ pipe }}", json!({ "pipe": ["1|2", 3] }), "?a=1%7C2|3");
    query("a={{ brackets }}", json!({ "brackets": [1, 2] }), "?a[]=1&a[]=2");
    query("a={{ map }}", json!({ "map": { "k]&": "v" } }), "?a[k%5D%26]=v");
    query("a={{ list }}&b={{ map }}", json!({ "list": [], "map": {} }), "");
    url(
        "https://h.example/?a={{ list }}",
        json!({ "list": [[1]] }),
        "slot-type: list",
    );
}

#[test]
fn base_urls_take_vars() {
    based(
        "{{ vars.base }}",
        "/orders/{{ id }}",
        "https://shop.example/v2/orders/x",
    );
    based(
        "{{ vars.base }}/deep/",
        "/orders",
        "https://shop.example/v2/deep/orders",
    );
    based(
        "https://{{ vars.tenant }}.example:8443/v1/",
        "/",
        "https://acme.example:8443/v1/",
    );
    based(
        "https://h.example",
        "/{{ vars.lang }}/x?l={{ vars.base }}",
        "https://h.example/en/x?l=https%3A%2F%2Fshop.example%2Fv2%2F",
    );
    for bad in [
        "ftp://h",
        "https://u:p@h/",
        "https://h/?q",
        "https://h/#f",
        "https://h/a/../b",
        "https://h\\x",
        "h",
        "",
    ] {
        let mut world = World::with(json!({}));
        world.values.insert("base".into(), bad.into());
        assert_eq!(
            show(endpoint(&world, Some("{{ vars.base }}"), "/x").render(&world.scope())),
            "base-url: ",
            "{bad}"
        );
    }
    for bad in ["evil.com/", "a@b", "x?", "", "h:80:80"] {
        let mut world = World::with(json!({}));
        world.values.insert("tenant".into(), bad.into());
        let endpoint = endpoint(&world, None, "https://{{ vars.tenant }}/x");
        assert_eq!(show(endpoint.render(&world.scope())), "base-url: ", "{bad}");
    }
}

#[test]
fn origins_are_known_before_a_call() {
    let world = World::with(json!({}));
    let origin = |base: Option<&str>, url: &str| {
        let template = UrlTemplate::compile(base, url, &world.names()).unwrap();
        (
            template.origin(&world.values).unwrap(),
            template.origin_literal().is_some(),
        )
    };
    assert_eq!(
        origin(Some("{{ vars.base }}"), "/{{ id }}"),
        ("https://shop.example".into(), false)
    );
    assert_eq!(
        origin(None, "HTTPS://H.example:443/x"),
        ("https://h.example".into(), true)
    );
    assert_eq!(
        origin(None, "http://{{ vars.tenant }}:81?x"),
        ("http://acme:81".into(), false)
    );
}

#[track_caller]
fn refused(base: Option<&str>, url: &str, at: &str, message: &str) {
    let world = World::with(json!({}));
    let problems = UrlTemplate::compile(base, url, &world.names()).expect_err(url);
    let (part, problem) = &problems[0];
    let text = if *part == super::UrlPart::Base {
        base.unwrap()
    } else {
        url
    };
    assert_eq!((&text[problem.range.clone()], &*problem.message), (at, message));
    assert!(problem.help.is_some());
}

#[test]
fn urls_of_another_shape_are_refused_at_load() {
    refused(
        None,
        "https://{{ id }}.example/",
        "{{ id }}",
        "`id` may not stand in scheme, host and port, which hold only literal text and `vars`",
    );
    refused(
        None,
        "{{ id }}",
        "{{ id }}",
        "`id` may not stand in scheme, host and port, which hold only literal text and `vars`",
    );
    refused(
        Some("https://h/{{ id }}"),
        "/x",
        "{{ id }}",
        "`id` may not stand in `base_url`, which hold only literal text and `vars`",
    );
    refused(
        None,
        "/orders",
        "/orders",
        "`url` is not absolute, and the tool has no api",
    );
    refused(
        Some("https://h"),
        "orders",
        "orders",
        "with an api, `url` starts with `/`",
    );
    refused(Some("https://h?a=1"), "/x", "?", "`base_url` has no query");
    refused(None, "https://h/x#y", "#", "a URL template has no fragment");
    refused(
        None,
        "https://u:p@h/x",
        "https://u:p@h/x",
        "a URL holds no user name or password",
    );
    refused(
        None,
        "ftp://h/x",
        "ftp://h/x",
        "only `http` and `https` URLs can be requested",
    );
    refused(None, "https:///x", "https:///x", "this URL has no host");
}

#[test]
fn slots_that_cannot_stand_are_refused_at_load() {
    refused(
        None,
        "https://h/a/../b",
        "..",
        "a path has no `.` or `..` segments",
    );
    refused(
        None,
        "https://h/%2E%2e/b",
        "%2E%2e",
        "a path has no `.` or `..` segments",
    );
    refused(
        None,
        "https://h/{{ o }}",
        "{{ o }}",
        "`o` can be absent and stands in a path",
    );
    for none in ["none", "id if o else none", "o | default(none)", "o or none"] {
        let slot = format!("{{{{ {none} }}}}");
        let path = format!("https://h/{slot}");
        refused(None, &path, &slot, "`none` has no text and stands in a path");
        let query = format!("https://h/?a=x{slot}");
        refused(
            None,
            &query,
            &slot,
            "`none` has no text and stands beside other text",
        );
    }
    refused(
        None,
        "https://h/{{ list }}",
        "{{ list }}",
        "`list` is a list or a map and stands in a path",
    );
    refused(
        None,
        "https://h/?a=x{{ o }}",
        "{{ o }}",
        "`o` can be absent and stands beside other text",
    );
    refused(
        None,
        "https://h/?{{ id }}=x",
        "{{ id }}",
        "the key of a query pair is literal",
    );
    refused(
        None,
        "https://h/{{ secrets.KEY }}",
        "{{ secrets.KEY }}",
        "the secret `KEY` stands in the path or host of a URL",
    );
    refused(None, "https://h/a b", " ", "a URL holds no blanks or line breaks");
    refused(
        None,
        "https://h/{id}",
        "{id}",
        "`{id}` is literal text, not the param",
    );
    refused(None, "https://h/{{ id", "{{ id", "this `{{` is never closed");
}

#[test]
fn every_problem_of_a_text_is_reported_once() {
    let world = World::with(json!({}));
    let url = "https://{{ id }}.h/{{ ordr }}/{{ o }}?a={{ n | rond }}&b=x{{ o }}#f";
    let problems = UrlTemplate::compile(None, url, &world.names()).unwrap_err();
    let found: Vec<_> = problems
        .iter()
        .map(|(_, problem)| (problem.code, &url[problem.range.clone()]))
        .collect();
    let expected = [
        ("param-in-origin", "{{ id }}"),
        ("unknown-name", "ordr"),
        ("may-be-absent", "{{ o }}"),
        ("unknown-filter", "rond"),
        ("may-be-absent", "{{ o }}"),
        ("url-shape", "#"),
    ];
    assert_eq!(found, expected);
    let text = TextTemplate::compile("a {{ o }} {{ idd }}", &world.names()).unwrap_err();
    assert_eq!(text.len(), 2);
}

#[test]
fn secrets_stay_names() {
    let world = World::with(json!({ "id": "i" }));
    let mut endpoint = endpoint(&world, None, "https://h.example/?a=1&key={{ secrets.KEY }}");
    let names = world.names();
    endpoint.query = vec![(
        "k 2".into(),
        TextTemplate::compile("T {{ secrets.KEY }}", &names).unwrap(),
    )];
    endpoint.headers = vec![
        (
            "X".into(),
            TextTemplate::compile_header("Token {{ secrets.KEY }}\n", &names).unwrap(),
        ),
        (
            "Y".into(),
            TextTemplate::compile_header("{{ o }}\n", &names).unwrap(),
        ),
    ];
    let request = endpoint.render(&world.scope()).unwrap();
    let secret = || Piece::Secret("KEY".into());
    assert_eq!(request.url.as_str(), "https://h.example/?a=1");
    assert_eq!(
        request.secret_query,
        [
            ("key".into(), vec![secret()]),
            ("k 2".into(), vec![Piece::Text("T ".into()), secret()])
        ]
    );
    assert_eq!(
        request.headers,
        [("X".into(), vec![Piece::Text("Token ".into()), secret()])]
    );
    assert!(endpoint.uses().secrets.contains("KEY"));
    let computed = TextTemplate::compile("{{ secrets.KEY | upper }}", &names).unwrap_err();
    assert_eq!(computed[0].code, "secret-place");
}

#[test]
fn headers_refuse_what_http_would_change() {
    let header = |value: &str| {
        let world = World::with(json!({ "id": value }));
        let mut endpoint = endpoint(&world, None, "https://h.example/");
        endpoint.headers = vec![(
            "X".into(),
            TextTemplate::compile_header("{{ id }}", &world.names()).unwrap(),
        )];
        endpoint
            .render(&world.scope())
            .map(|request| request.headers)
            .map_err(|problem| problem.rule)
    };
    for bad in ["a\r\nb", "a\nb", "\0", "a\u{7f}", "a\u{85}b"] {
        assert_eq!(header(bad), Err("header-control-character"), "{bad:?}");
    }
    for bad in [" a", "a ", "\ta"] {
        assert_eq!(header(bad), Err("header-edge-blank"), "{bad:?}");
    }
    for good in ["a b", "a\tb", "", "嘊", "\"q\""] {
        assert_eq!(
            header(good),
            Ok(vec![("X".into(), vec![Piece::Text(good.into())])])
        );
    }
}

#[test]
fn a_value_begins_no_further_cookie() {
    let cookie = |name: &str, text: &str, value: &str| {
        let world = World::with(json!({ "id": value }));
        let mut endpoint = endpoint(&world, None, "https://h.example/");
        endpoint.headers = vec![(
            name.into(),
            TextTemplate::compile_header(text, &world.names()).unwrap(),
        )];
        let rendered = endpoint.render(&world.scope());
        rendered.map(drop).map_err(|problem| problem.rule)
    };
    let pair = "a={{ id }}; b=1";
    assert_eq!(cookie("Cookie", pair, "x"), Ok(()));
    assert_eq!(
        cookie("cookie", pair, "x; admin=1"),
        Err("header-cookie-separator")
    );
    assert_eq!(cookie("X", pair, "x; admin=1"), Ok(()));
}

/// Hands a JSON value over as the YAML reader would.
fn node(value: &Value) -> JsonNode<'_> {
    match value {
        Value::Null => JsonNode::Null,
        Value::Bool(bool) => JsonNode::Bool(*bool),
        Value::Number(number) => JsonNode::Number(number.clone()),
        Value::String(text) => JsonNode::Text { id: 7, text },
        Value::Array(items) => JsonNode::List(items.iter().map(node).collect()),
        Value::Object(map) => JsonNode::Map(map.iter().map(|(key, value)| (&**key, node(value))).collect()),
    }
}

#[track_caller]
fn json_body(body: Value, args: &str, expected: &str) {
    let world = World::with(serde_json::from_str(args).unwrap());
    let template = JsonTemplate::compile(&node(&body), &world.names()).unwrap();
    let found = template
        .render(&world.scope())
        .unwrap()
        .map_or("none".into(), |value| value.to_string());
    assert_eq!(found, expected);
}

#[test]
fn json_leaves_keep_their_type() {
    json_body(
        json!({ "a": "{{ n }}" }),
        r#"{"n":18446744073709551615}"#,
        r#"{"a":18446744073709551615}"#,
    );
    json_body(json!({ "a": "{{ n }}" }), r#"{"n":0.10}"#, r#"{"a":0.10}"#);
    json_body(json!({ "a": "{{ n }} x" }), r#"{"n":0.10}"#, r#"{"a":"0.10 x"}"#);
    json_body(
        json!({ "a": "{{ nullable }}" }),
        r#"{"nullable":null}"#,
        r#"{"a":null}"#,
    );
    json_body(
        json!({ "a": "{{ id }}" }),
        r#"{"id":"\",\"admin\":true"}"#,
        r#"{"a":"\",\"admin\":true"}"#,
    );
    json_body(
        json!({ "a": "{{ map }}", "l": "{{ list }}" }),
        r#"{"map":{"k":1},"list":[1.0]}"#,
        r#"{"a":{"k":1},"l":[1.0]}"#,
    );
    json_body(
        json!({ "a": "{{ '{{' }} {% x %} {# y #} {{ '}}' }}" }),
        "{}",
        r#"{"a":"{{ {% x %} {# y #} }}"}"#,
    );
}

#[test]
fn absence_empties_holders_up_to_the_body() {
    json_body(json!({ "a": "{{ o }}", "b": 1 }), "{}", r#"{"b":1}"#);
    json_body(
        json!({ "a": { "b": { "c": "{{ o }}" } }, "d": [["{{ o }}"], 1] }),
        "{}",
        r#"{"d":[1]}"#,
    );
    json_body(json!({ "a": { "b": "{{ o }}" } }), "{}", "{}");
    json_body(json!(["{{ o }}"]), "{}", "[]");
    json_body(json!("{{ o }}"), "{}", "none");
    json_body(json!({ "a": {}, "b": [] }), "{}", r#"{"a":{},"b":[]}"#);
    json_body(
        json!({ "a": "{{ n if o else 'x' }}" }),
        r#"{"n":1}"#,
        r#"{"a":"x"}"#,
    );
}

#[test]
fn bodies_map_errors_back_and_take_no_secrets() {
    let world = World::with(json!({}));
    let problems = JsonTemplate::compile(
        &node(&json!({ "a": ["x {{ o }}", "{{ secrets.KEY }}"] })),
        &world.names(),
    );
    let codes: Vec<_> = problems
        .unwrap_err()
        .into_iter()
        .map(|(id, problem)| (id, problem.code))
        .collect();
    assert_eq!(codes, [(7, "may-be-absent"), (7, "secret-place")]);
}

#[test]
fn forms_are_decoded_pairs() {
    let world = World::with(json!({ "id": "a&b", "list": [1, 2], "csv": [1, 2], "map": { "k": "v" } }));
    let body = json!({
        "plain": "x", "number": 5, "id": "{{ id }}", "o": "{{ o }}", "list": "{{ list }}", "csv": "{{ csv }}",
        "map": "{{ map }}", "nested": { "a": "{{ id }}", "b": { "c": "1", "o": "{{ o }}" } }, "fixed": ["1", "{{ id }}"],
    });
    let template = JsonTemplate::compile_form(&node(&body), &world.names()).unwrap();
    let mut endpoint = endpoint(&world, None, "https://h.example/");
    endpoint.body = Some(Body::Form(template));
    let Some(RenderedBody::Form(form)) = endpoint.render(&world.scope()).unwrap().body else {
        panic!("a form")
    };
    let form: Vec<String> = form
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let expected = "plain=x number=5 id=a&b list=1 list=2 csv=1,2 map[k]=v nested[a]=a&b nested[b][c]=1 fixed=1 fixed=a&b";
    assert_eq!(form.join(" "), expected);
}
