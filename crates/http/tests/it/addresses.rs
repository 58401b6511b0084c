//! Refused addresses are never connected to: the names here resolve to a
//! server that would notice.

use std::collections::HashMap;
use std::net::IpAddr;

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
    options.names = Names::Fixed(table);
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
