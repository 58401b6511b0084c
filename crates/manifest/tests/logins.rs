//! Logins from the outside: how a login's body is filled in, and where each
//! secret goes.

use std::collections::{BTreeMap, BTreeSet};

use toolrun_manifest::{
    Auth, Endpoint, HttpEndpoint, Piece, ReadInclude, RenderedLogin, RenderedLoginBody, Scope, load,
};

struct Nothing;

impl ReadInclude for Nothing {
    fn read(&self, _including: &str, _path: &str) -> Result<(String, String), String> {
        Err("no such file".to_owned())
    }
}

/// The endpoint of a tool with that `auth`.
#[track_caller]
fn endpoint(auth: &str) -> HttpEndpoint {
    let text = format!(
        "toolrun: 1
secrets: {{ PASSWORD: env, PIN: env, KEY: env }}
vars: {{ host: {{ default: login.example }}, user: {{ default: 'an\"n & co' }}, empty: {{ default: '' }} }}
tools:
  list_orders:
    description: Lists the orders of one customer, newest first.
    url: https://shop.example/orders
    headers: {{ X-Key: '{{{{ secrets.KEY }}}}' }}
    auth: {auth}
"
    );
    let loaded = load("m.yaml", text, &Nothing);
    let diagnostics = loaded.diagnostics;
    let manifest = loaded.manifest.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    match &manifest.tools[0].endpoint {
        Endpoint::Http(endpoint) => (**endpoint).clone(),
        Endpoint::Mcp(_) => panic!("it is no HTTP tool"),
    }
}

fn vars() -> BTreeMap<String, String> {
    let vars = [("host", "login.example"), ("user", "an\"n & co"), ("empty", "")];
    vars.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[track_caller]
fn rendered(body: &str) -> RenderedLogin {
    let auth =
        format!("{{ token: {{ request: {{ url: 'https://login.example/in', body: {body} }}, pick: t }} }}");
    let Auth::Token(login) = endpoint(&auth).auth else {
        panic!("it is a token login")
    };
    let (params, vars) = (serde_json::Map::new(), vars());
    let scope = Scope {
        params: &params,
        vars: &vars,
        call_id: "",
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    login.request.render(&scope).expect("it can be filled in")
}

/// Pieces as a text; secrets as `<NAME>`.
fn shown(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Secret(name) => format!("<{name}>"),
        })
        .collect()
}

#[track_caller]
fn json(tree: &str, expected: &str) {
    match rendered(&format!("{{ json: {tree} }}")).body {
        Some(RenderedLoginBody::Json(pieces)) => assert_eq!(shown(&pieces), expected),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn form(tree: &str, expected: &[(&str, &str)]) {
    match rendered(&format!("{{ form: {tree} }}")).body {
        Some(RenderedLoginBody::Form(pairs)) => {
            let shown: Vec<(String, String)> = pairs
                .iter()
                .map(|(name, value)| (name.clone(), shown(value)))
                .collect();
            let shown: Vec<(&str, &str)> = shown
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert_eq!(shown, expected);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn json_has_holes_for_secrets() {
    let password = "'{{ secrets.PASSWORD }}'";
    json(&format!("{{ p: {password} }}"), r#"{"p":"<PASSWORD>"}"#);
    json(
        "{ user: '{{ vars.user }}', p: 'a\"{{ secrets.PASSWORD }}-{{ secrets.PIN }}', n: 1.50, b: true, z: null }",
        r#"{"user":"an\"n & co","p":"a\"<PASSWORD>-<PIN>","n":1.50,"b":true,"z":null}"#,
    );
    json(
        &format!("[{{ a: [ {password}, x ] }}, [], {{}} ]"),
        r#"[{"a":["<PASSWORD>","x"]},[],{}]"#,
    );
    let absent = "'{{ vars.user if vars.empty }}'";
    json(
        &format!("{{ gone: {absent}, too: [ {absent} ], 'k\"': {password} }}"),
        r#"{"k\"":"<PASSWORD>"}"#,
    );
    json(&format!("{{ gone: {absent} }}"), "{}");
    json(&format!("[ {absent} ]"), "[]");
    json(password, r#""<PASSWORD>""#);
}

#[test]
fn forms_have_places_for_secrets() {
    form(
        "{ grant: password, user: '{{ vars.user }}', zip: 00501, p: 'x{{ secrets.PASSWORD }}' }",
        &[
            ("grant", "password"),
            ("user", "an\"n & co"),
            ("zip", "00501"),
            ("p", "x<PASSWORD>"),
        ],
    );
    form(
        "{ a: { b: '{{ secrets.PIN }}', c: [ '{{ secrets.PIN }}', 2 ] }, gone: '{{ vars.user if vars.empty }}' }",
        &[("a[b]", "<PIN>"), ("a[c]", "<PIN>"), ("a[c]", "2")],
    );
}

#[test]
fn each_secret_goes_to_its_own_origin() {
    let at = |auth: &str| {
        endpoint(auth)
            .secret_origins(&vars())
            .expect("the origins are good")
    };
    let pairs = |pairs: &[(&str, &str)]| -> BTreeSet<(String, String)> {
        let owned = |(name, host): &(&str, &str)| ((*name).to_owned(), format!("https://{host}"));
        pairs.iter().map(owned).collect()
    };
    assert_eq!(
        at("{ bearer: PASSWORD }"),
        pairs(&[("KEY", "shop.example"), ("PASSWORD", "shop.example")])
    );
    let oauth2 =
        "{ oauth2: { token_url: 'https://{{ vars.host }}:8443/t', client_id: a, client_secret: PASSWORD } }";
    let expected = pairs(&[
        ("KEY", "shop.example"),
        ("PASSWORD", "login.example:8443"),
        // Who gets the token that it buys.
        ("PASSWORD", "shop.example"),
    ]);
    assert_eq!(at(oauth2), expected);
    assert_eq!(
        endpoint(oauth2).uses().secrets,
        BTreeSet::from(["KEY".into(), "PASSWORD".into()])
    );
    let token = "{ token: { request: { url: 'https://other.example/in?k={{ secrets.KEY }}', \
                 headers: { P: '{{ secrets.PIN }}' }, body: { form: { p: '{{ secrets.PASSWORD }}' } } }, cookie: c } }";
    assert_eq!(
        at(token),
        pairs(&[
            ("KEY", "other.example"),
            ("KEY", "shop.example"),
            ("PASSWORD", "other.example"),
            ("PASSWORD", "shop.example"),
            ("PIN", "other.example"),
            ("PIN", "shop.example"),
        ])
    );
}
