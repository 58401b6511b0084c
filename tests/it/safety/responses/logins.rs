//! B06, B07, B09: the server that gives out tokens is read with the same care.

use std::time::Duration;

use super::*;
use crate::support::fault_server::head;

/// A call whose token comes from that server.
fn call_with(login: &FaultServer, api: &FaultServer) -> Program {
    let auth = format!(
        "auth: {{ oauth2: {{ token_url: \"{}/token\", client_id: me, client_secret: KEY }} }}",
        login.url()
    );
    let manifest = manifest("2s", "").replace("auth: { bearer: KEY }", &auth);
    call_of(api, "get", &manifest)
}

fn forever(start: &str, more: &str) -> Vec<Part> {
    let start = format!(
        "{}\r\n{start}",
        head("200 OK", &["Content-Type: application/json"])
    );
    vec![
        text(start),
        Part::Forever(more.as_bytes().to_vec(), Duration::ZERO),
    ]
}

#[test]
fn b06_answers_to_a_login() {
    let api = FaultServer::always(json_answer("{}"));
    let good = FaultServer::always(json_answer(r#"{"access_token":"t-1","token_type":"bearer"}"#));
    let (ended, baseline) = call_with(&good, &api).measured(LONGEST);
    ended.exits(0);
    let objects = format!("[{}1]", r#"{"a":1},"#.repeat(130_000));
    let refused = format!("{}\r\n", head("400 No", &[]));
    let cases = [
        ("endless text", forever("", &"x".repeat(65_536))),
        ("endless JSON", forever("[", &"1,".repeat(30_000))),
        ("JSON of 130,000 objects", json_answer(&objects)),
        ("JSON nested 100,000 deep", json_answer(&"[".repeat(100_000))),
        (
            "endless refusal",
            vec![text(refused), Part::Forever(vec![b'x'; 65_536], Duration::ZERO)],
        ),
        ("no answer", vec![Part::Hold]),
        (
            "pings in its head",
            vec![Part::Forever(
                b"HTTP/1.1 103 Early\r\n\r\n".to_vec(),
                Duration::ZERO,
            )],
        ),
    ];
    let before = api.requests().len();
    for (what, parts) in cases {
        let login = FaultServer::always(parts);
        let (ended, cost) = call_with(&login, &api).measured(LONGEST);
        figure(&format!("login: {what}"), &cost, &baseline);
        sound(what, &ended);
        assert_eq!(ended.code, Some(3), "{what}: {}", ended.stderr);
        cost.within(&baseline, ANSWER, CPU);
        login.is_left_alone();
    }
    assert_eq!(api.requests().len(), before);
}
