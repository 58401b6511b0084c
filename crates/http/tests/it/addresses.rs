//! Refused addresses are never connected to: the names here resolve to a
//! server that would notice.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use toolrun_http::{
    AddressRules, Client, GuardRule, HttpError, NamedBy, Names, PlainHttp, Redactor, Rules, Transport,
};

use crate::client::{error, fetch, get, options};
use crate::support::{Server, ok};

fn client(addresses: AddressRules, table: &[(&str, &[&str])]) -> Client {
    let table: HashMap<String, Vec<IpAddr>> = table
        .iter()
        .map(|(name, addresses)| {
            let addresses = addresses.iter().map(|text| text.parse().unwrap());
            ((*name).to_owned(), addresses.collect())
        })
        .collect();
    let mut options = options(Redactor::default());
    options.names = Names::By(Arc::new(move |name: &str| {
        table.get(name).cloned().unwrap_or_default()
    }));
    options.rules = Rules {
        addresses,
        ..Rules::default()
    };
    Client::new(options).unwrap()
}

fn http_anywhere() -> AddressRules {
    AddressRules {
        plain_http: PlainHttp::Anywhere,
        ..AddressRules::default()
    }
}

#[tokio::test]
async fn the_dialled_address_is_judged() {
    let server = Server::always(ok(b"hello")).await;
    let table: &[(&str, &[&str])] = &[
        ("localhost.evil", &["127.0.0.1"]),
        ("private.example", &["10.0.0.1"]),
        ("mixed.example", &["93.184.215.14", "127.0.0.1"]),
        ("meta.example", &["169.254.169.254"]),
        ("mapped.example", &["::ffff:127.0.0.1"]),
    ];
    let client = client(http_anywhere(), table);
    let expected = [
        ("localhost.evil", GuardRule::NameToLoopback),
        ("private.example", GuardRule::SpecialAddress),
        ("mixed.example", GuardRule::NameToLoopback),
        ("meta.example", GuardRule::Metadata),
        ("mapped.example", GuardRule::SpecialAddress),
    ];
    for (name, expected) in expected {
        let url = format!("http://{name}:{}/", server.address.port());
        match error(client.send(get(url.parse().unwrap())).await) {
            HttpError::Refused { host, rule, .. } => {
                assert_eq!((host.as_str(), rule), (name, expected));
            }
            other => panic!("{other:?}"),
        }
    }
    let url = format!("http://unknown.example:{}/", server.address.port());
    let error = error(client.send(get(url.parse().unwrap())).await);
    assert_eq!(error.to_string(), "`unknown.example` could not be found");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn the_operator_may_open_networks() {
    let server = Server::always(ok(b"hello")).await;
    let table: &[(&str, &[&str])] = &[("box.example", &["127.0.0.1"])];
    let url = format!("http://box.example:{}/", server.address.port());
    let mut allowed = http_anywhere();
    allowed.allowed = vec!["127.0.0.0/8".parse().unwrap()];
    let operator = AddressRules {
        named_by: NamedBy::Operator,
        ..AddressRules::default()
    };
    for rules in [allowed, operator] {
        let client = client(rules, table);
        let outcome = fetch(&client, get(url.parse().unwrap())).await.unwrap();
        assert_eq!(outcome, (200, b"hello".to_vec()));
    }
    // A connection that wider rules opened is not lent to narrower ones.
    let wide = client(
        AddressRules {
            named_by: NamedBy::Operator,
            ..AddressRules::default()
        },
        table,
    );
    fetch(&wide, get(url.parse().unwrap())).await.unwrap();
    let narrow = wide
        .with_rules(Rules {
            addresses: http_anywhere(),
            ..Rules::default()
        })
        .unwrap();
    let error = error(narrow.send(get(url.parse().unwrap())).await);
    assert!(matches!(error, HttpError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn localhost_is_dialled_without_a_resolver() {
    let server = Server::always(ok(b"hello")).await;
    let client = client(AddressRules::default(), &[]);
    let url = format!("http://localhost:{}/", server.address.port());
    let outcome = fetch(&client, get(url.parse().unwrap())).await.unwrap();
    assert_eq!(outcome, (200, b"hello".to_vec()));
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let client = client(AddressRules::default(), &[]);
    let url = format!("http://127.0.0.1:{port}/path?key=canary");
    let error = error(client.send(get(url.parse().unwrap())).await);
    assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(text.contains("refused") && !text.contains("canary"), "{text}");
}

/// A client for which only 127.0.0.2 is public, and names are what the
/// function says at the time.
fn rebound(answer: impl Fn(usize) -> Vec<IpAddr> + Send + Sync + 'static) -> Client {
    let asked = AtomicUsize::new(0);
    let mut options = options(Redactor::default());
    options.names = Names::By(Arc::new(move |_: &str| {
        answer(asked.fetch_add(1, Ordering::SeqCst))
    }));
    options.rules = Rules {
        addresses: AddressRules {
            allowed: vec!["127.0.0.2/32".parse().unwrap()],
            ..http_anywhere()
        },
        ..Rules::default()
    };
    Client::new(options).unwrap()
}

#[tokio::test]
async fn c04_every_answer_of_a_name_is_judged_when_it_is_dialled() {
    // The private one would be found by who dials it.
    let private = Server::always(ok(b"private")).await;
    let port = private.address.port();
    let [public, inside]: [IpAddr; 2] = ["127.0.0.2", "127.0.0.1"].map(|text| text.parse().unwrap());
    let get_it = |name: &str| get(format!("http://{name}:{port}/").parse().unwrap());
    // Nobody listens at the public address: it is dialled, and that fails.
    let first = rebound(move |asked| vec![if asked == 0 { public } else { inside }]);
    let outcome = error(first.send(get_it("rebinds.example")).await);
    assert!(matches!(outcome, HttpError::Connect { .. }), "{outcome:?}");
    // Another attempt asks again, and the answer is judged again.
    let outcome = error(first.send(get_it("rebinds.example")).await);
    assert!(matches!(outcome, HttpError::Refused { .. }), "{outcome:?}");
    for mixed in [vec![public, inside], vec![inside, public]] {
        let client = rebound(move |_| mixed.clone());
        let outcome = error(client.send(get_it("mixed.example")).await);
        assert!(matches!(outcome, HttpError::Refused { .. }), "{outcome:?}");
    }
    assert_eq!(private.connections(), 0);
}
