//! Logins: what is sent for a token, how many times, and who gets it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use toolrun_http::{
    Auth, BodyPiece, Client, ClientKey, Escape, HttpError, Login, LoginBody, LoginRequest, Method, Picker,
    Piece, Policy, Rate, Redactor, Redirects, Request, Rules, SendToken, Sent, TokenAt, Transport,
};

use crate::client::{KEY, PASSWORD, client, client_with, fetch, get, options, policy, post, stacked};
use crate::support::{Part, Received, Server, answer, ok};

pub(crate) const LONG: Duration = Duration::from_secs(600);

/// Client credentials of `KEY`, given out by that server.
pub(crate) fn oauth2(server: &Server) -> Login {
    Login {
        request: LoginRequest {
            method: Method::Post,
            url: server.url("/token"),
            headers: Vec::new(),
            secret_query: Vec::new(),
            client: Some(ClientKey {
                id: "me & you".to_owned(),
                secret: "KEY".to_owned(),
            }),
            body: Some(form("grant_type=client_credentials")),
        },
        token: TokenAt::OAuth2,
        send: bearer(),
    }
}

pub(crate) fn form(text: &str) -> LoginBody {
    LoginBody {
        content_type: "application/x-www-form-urlencoded".to_owned(),
        pieces: vec![BodyPiece::Text(text.to_owned())],
    }
}

pub(crate) fn bearer() -> SendToken {
    SendToken {
        header: "Authorization".to_owned(),
        before: "Bearer ".to_owned(),
        after: String::new(),
    }
}

pub(crate) fn with(login: Login, mut request: Request) -> Request {
    request.auth = Auth::Login(Arc::new(login));
    request
}

/// A token with that name and life.
pub(crate) fn granted(token: &str, life: &str) -> Vec<u8> {
    let body = format!(r#"{{"access_token":"{token}","token_type":"bearer"{life}}}"#);
    answer("200 OK", "Content-Type: application/json\r\n", body.as_bytes())
}

/// A service whose tokens are `canary-token-1`, `-2` and so on; only those
/// that were not revoked are good.
pub(crate) struct Service {
    pub(crate) server: Server,
    good: Arc<Mutex<HashSet<String>>>,
}

impl Service {
    pub(crate) async fn start(life: &'static str) -> Self {
        let good: Arc<Mutex<HashSet<String>>> = Arc::default();
        let known = Arc::clone(&good);
        let given = AtomicUsize::new(0);
        let server = Server::start(move |_, request: &Received| {
            if request.line().ends_with("/token") {
                let number = given.fetch_add(1, Ordering::SeqCst) + 1;
                let token = format!("canary-token-{number}");
                known.lock().unwrap().insert(format!("Bearer {token}"));
                // Long enough for everybody to come and wait.
                return vec![
                    Part::Wait(Duration::from_millis(50)),
                    Part::Bytes(granted(&token, life)),
                ];
            }
            let sent = request.header("authorization").unwrap_or_default();
            let bytes = match known.lock().unwrap().contains(&sent) {
                true => ok(b"fine"),
                false => answer("401 Unauthorized", "", b"who are you"),
            };
            vec![Part::Bytes(bytes)]
        })
        .await;
        Self { server, good }
    }

    pub(crate) fn revoke_all(&self) {
        self.good.lock().unwrap().clear();
    }

    pub(crate) fn logins(&self) -> usize {
        let lines = self.server.lines();
        lines.iter().filter(|line| line.ends_with("/token")).count()
    }
}

#[tokio::test]
async fn both_halves_of_the_client_are_encoded() {
    let service = Service::start("").await;
    let request = with(oauth2(&service.server), get(service.server.url("/a")));
    assert_eq!(fetch(&client(), request).await.unwrap().0, 200);
    let login = service.server.requests().remove(0);
    let encoded = |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = format!("{}:{}", encoded("me & you"), encoded(KEY));
    let expected = format!("Basic {}", STANDARD.encode(pair));
    assert_eq!(login.line(), "POST /token");
    assert_eq!(login.header("authorization"), Some(expected));
    assert_eq!(login.body(), b"grant_type=client_credentials");
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(login.header("content-type").as_deref(), Some(kind));
}

#[tokio::test]
async fn secrets_are_written_as_the_body_needs_them() {
    let service = Service::start("").await;
    let secret = |escape| BodyPiece::Secret {
        name: "PASSWORD".to_owned(),
        escape,
    };
    let text = |text: &str| BodyPiece::Text(text.to_owned());
    for (escape, pieces, expected) in [
        (
            Escape::Form,
            vec![text("p="), secret(Escape::Form), text("&q=1")],
            "p=canary+pass%3Aw%C3%B6rd%26&q=1".to_owned(),
        ),
        (
            Escape::Json,
            vec![text(r#"{"p":"x"#), secret(Escape::Json), text(r#""}"#)],
            format!(r#"{{"p":"x{PASSWORD}"}}"#),
        ),
    ] {
        let mut login = oauth2(&service.server);
        login.request.client = None;
        login.request.body = Some(LoginBody {
            content_type: "text/x".to_owned(),
            pieces,
        });
        let request = with(login, get(service.server.url("/a")));
        let before = service.server.requests().len();
        assert_eq!(fetch(&client(), request).await.unwrap().0, 200);
        let sent = service.server.requests().remove(before);
        assert_eq!(String::from_utf8(sent.body()).unwrap(), expected, "{escape:?}");
    }
}

#[tokio::test]
async fn fifty_who_wait_share_one_login() {
    let service = Service::start(r#","expires_in":3600"#).await;
    let transport = stacked(
        &Policy {
            concurrency: 50,
            ..policy(LONG)
        },
        client(),
    );
    let calls = (0..50).map(|number| {
        let request = with(
            oauth2(&service.server),
            get(service.server.url(&format!("/{number}"))),
        );
        fetch(&*transport, request)
    });
    for outcome in join_all(calls).await {
        assert_eq!(outcome.unwrap().0, 200);
    }
    assert_eq!(service.logins(), 1);
    assert_eq!(service.server.requests().len(), 51);
}

#[tokio::test]
async fn equal_logins_share_a_token_and_others_do_not() {
    let service = Service::start(r#","expires_in":"3600""#).await;
    let one = client();
    let other = one
        .with_rules(Rules {
            max_body: 1000,
            ..Rules::default()
        })
        .unwrap();
    for client in [&one, &other, &one] {
        let request = with(oauth2(&service.server), get(service.server.url("/a")));
        assert_eq!(fetch(client, request).await.unwrap().0, 200);
    }
    assert_eq!(service.logins(), 1);
    let mut scoped = oauth2(&service.server);
    scoped.request.body = Some(form("grant_type=client_credentials&scope=more"));
    let request = with(scoped, get(service.server.url("/a")));
    assert_eq!(fetch(&one, request).await.unwrap().0, 200);
    assert_eq!(service.logins(), 2);
    let stricter = one
        .with_rules(Rules {
            addresses: toolrun_http::AddressRules {
                allowed: vec!["10.0.0.0/8".parse().unwrap()],
                ..Default::default()
            },
            ..Rules::default()
        })
        .unwrap();
    let request = with(oauth2(&service.server), get(service.server.url("/a")));
    assert_eq!(fetch(&stricter, request).await.unwrap().0, 200);
    assert_eq!(service.logins(), 3);
}

#[tokio::test]
async fn a_token_is_used_as_long_as_it_lives() {
    for (life, logins) in [
        ("", 1),
        (r#","expires_in":3600"#, 1),
        (r#","expires_in":"3600""#, 1),
        (r#","expires_in":0"#, 3),
    ] {
        let service = Service::start(life).await;
        let client = client();
        for _ in 0..3 {
            let request = with(oauth2(&service.server), get(service.server.url("/a")));
            assert_eq!(fetch(&client, request).await.unwrap().0, 200);
        }
        assert_eq!(service.logins(), logins, "{life}");
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_also_for_a_write() {
    for request in [get, post] {
        let service = Service::start("").await;
        let transport = stacked(&policy(LONG), client());
        let send = || {
            let request = with(oauth2(&service.server), request(service.server.url("/a")));
            transport.send(request)
        };
        assert_eq!(send().await.unwrap().status, 200);
        service.revoke_all();
        let response = send().await.unwrap();
        assert_eq!((response.status, response.attempts), (200, 2));
        assert_eq!(service.logins(), 2);
        assert_eq!(service.server.requests().len(), 5);
    }
}

#[tokio::test]
async fn a_second_refusal_is_the_answer() {
    let server = Server::start(|number, request| {
        let bytes = match request.line().ends_with("/token") {
            true => granted(&format!("canary-{number}"), ""),
            false => answer("401 Unauthorized", "", b"no"),
        };
        vec![Part::Bytes(bytes)]
    })
    .await;
    let transport = stacked(&policy(LONG), client());
    let outcome = fetch(&*transport, with(oauth2(&server), post(server.url("/a")))).await;
    assert_eq!(outcome.unwrap(), (401, b"no".to_vec()));
    let expected = ["POST /token", "POST /a", "POST /token", "POST /a"];
    assert_eq!(server.lines(), expected);
    let keys: HashSet<_> = server
        .requests()
        .iter()
        .filter(|request| request.line().ends_with("/a"))
        .map(|request| request.header("authorization"))
        .collect();
    assert_eq!(keys.len(), 2, "the second attempt has another token");
}

#[tokio::test]
async fn many_whose_token_was_revoked_share_one_renewal() {
    let service = Service::start("").await;
    let transport = stacked(
        &Policy {
            concurrency: 20,
            ..policy(LONG)
        },
        client(),
    );
    let send = |_| {
        fetch(
            &*transport,
            with(oauth2(&service.server), post(service.server.url("/a"))),
        )
    };
    assert_eq!(send(0).await.unwrap().0, 200);
    service.revoke_all();
    for outcome in join_all((0..20).map(send)).await {
        assert_eq!(outcome.unwrap().0, 200);
    }
    assert_eq!(service.logins(), 2);
}

#[tokio::test]
async fn a_renewed_request_waits_for_the_rate() {
    let server = Server::start(|_, request| {
        let bytes = match request.line().ends_with("/token") {
            true => granted("canary-token", ""),
            false => answer("401 Unauthorized", "", b"no"),
        };
        vec![Part::Bytes(bytes)]
    })
    .await;
    let slow = Policy {
        rate_limit: Some(Rate { count: 1, per: LONG }),
        ..policy(Duration::from_secs(2))
    };
    let request = with(oauth2(&server), get(server.url("/a")));
    let outcome = stacked(&slow, client()).send(request).await;
    assert!(matches!(outcome, Err(HttpError::Timeout { .. })));
    assert_eq!(server.lines(), ["POST /token", "GET /a"]);
}

#[tokio::test]
async fn without_a_login_a_401_is_the_answer() {
    let server = Server::always(answer("401 Unauthorized", "", b"")).await;
    let transport = stacked(&policy(LONG), client());
    assert_eq!(fetch(&*transport, get(server.url("/"))).await.unwrap().0, 401);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_cookie_is_the_token_and_goes_where_it_is_sent() {
    let server = Server::start(|_, request| {
        let bytes = match request.line().as_str() {
            "POST /login" => answer(
                "303 See Other",
                "Set-Cookie: theme=dark\r\nSet-Cookie: sid=old; Path=/\r\nSet-Cookie: sid=canary==; HttpOnly\r\nLocation: /home\r\n",
                b"",
            ),
            _ => ok(b"in"),
        };
        vec![Part::Bytes(bytes)]
    })
    .await;
    let mut login = oauth2(&server);
    login.request.url = server.url("/login");
    login.token = TokenAt::Cookie {
        name: "sid".to_owned(),
        ttl: None,
    };
    login.send = SendToken {
        header: "Cookie".to_owned(),
        before: "sid=".to_owned(),
        after: "; v=2".to_owned(),
    };
    let request = with(login, get(server.url("/data")));
    assert_eq!(fetch(&client(), request).await.unwrap().0, 200);
    let requests = server.requests();
    assert_eq!(server.lines(), ["POST /login", "GET /data"]);
    assert_eq!(requests[1].header("cookie").as_deref(), Some("sid=canary==; v=2"));
}

#[tokio::test]
async fn a_picked_token_may_be_a_number() {
    let server = Server::start(|_, request| {
        let bytes = match request.line().as_str() {
            "POST /token" => ok(br#"{"data":{"session":90071992547409931}}"#),
            _ => ok(b"in"),
        };
        vec![Part::Bytes(bytes)]
    })
    .await;
    let mut login = oauth2(&server);
    login.token = TokenAt::Picked {
        pick: Picker::new("data.session", |body| Ok(body["data"]["session"].clone())),
        ttl: Some(Duration::ZERO),
    };
    let client = client();
    for _ in 0..2 {
        let request = with(login.clone(), get(server.url("/data")));
        assert_eq!(fetch(&client, request).await.unwrap().0, 200);
    }
    let sent = server.requests()[1].header("authorization");
    assert_eq!(sent.as_deref(), Some("Bearer 90071992547409931"));
    assert_eq!(server.requests().len(), 4, "a ttl of nothing keeps no token");
}

#[tokio::test]
async fn a_token_is_hidden_as_soon_as_it_is_known() {
    let service = Service::start("").await;
    let redactor = Redactor::default();
    let client = Client::new(options(redactor.clone())).unwrap();
    let request = with(oauth2(&service.server), get(service.server.url("/a")));
    assert_eq!(fetch(&client, request).await.unwrap().0, 200);
    let pair = service.server.requests()[0].header("authorization").unwrap();
    let encoded = STANDARD.encode("canary-token-1");
    for text in ["canary-token-1", &encoded, &pair, KEY] {
        let shown = redactor.redact(text).into_owned();
        assert!(shown.contains("***"), "{text} as {shown}");
        assert!(!shown.contains("canary"), "{text} as {shown}");
    }
}

#[tokio::test]
async fn no_token_crosses_to_another_origin() {
    let other = Server::always(answer("401 Unauthorized", "", b"give me more")).await;
    let target = other.url("/collect").to_string();
    let server = Server::start(move |_, request| {
        let bytes = match request.line().as_str() {
            "POST /token" => granted("canary-token", ""),
            _ => answer("302 Found", &format!("Location: {target}\r\n"), b""),
        };
        vec![Part::Bytes(bytes)]
    })
    .await;
    let rules = Rules {
        redirects: Redirects {
            to: vec![format!("127.0.0.1:{}", other.address.port())],
        },
        ..Rules::default()
    };
    let transport = stacked(&policy(LONG), client_with(rules));
    let outcome = fetch(&*transport, with(oauth2(&server), get(server.url("/a")))).await;
    assert_eq!(outcome.unwrap().0, 401);
    let received = other.requests();
    assert_eq!(received.len(), 1, "who was sent no token cannot ask for another");
    assert!(!received[0].text().contains("canary"), "{}", received[0].text());
    assert_eq!(server.lines(), ["POST /token", "GET /a"]);
}

/// Runs a call until that many requests have come, and gives it up.
async fn given_up<T>(call: impl Future<Output = T>, server: &Server, requests: usize) {
    let came = async {
        while server.requests().len() < requests {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        biased;
        () = came => {}
        _ = call => panic!("it ended by itself"),
    }
}

#[tokio::test]
async fn who_stops_waiting_takes_nothing_from_the_others() {
    let free = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&free);
    let server = Server::start(move |_, request| {
        if !request.line().ends_with("/token") {
            return vec![Part::Bytes(ok(b"in"))];
        }
        let free = Arc::clone(&told);
        vec![
            Part::Until(Arc::new(move || free.load(Ordering::SeqCst) > 0)),
            Part::Bytes(granted("canary-token", "")),
        ]
    })
    .await;
    let client = client();
    let request = || with(oauth2(&server), get(server.url("/a")));
    let second = fetch(&client, request());
    tokio::pin!(second);
    let first = async {
        given_up(fetch(&client, request()), &server, 1).await;
        free.store(1, Ordering::SeqCst);
        std::future::pending::<()>().await;
    };
    let outcome = tokio::select! {
        biased;
        () = first => unreachable!("it waits for ever"),
        outcome = &mut second => outcome,
    };
    assert_eq!(outcome.unwrap().0, 200);
    assert_eq!(server.lines(), ["POST /token", "GET /a"]);
}

#[tokio::test]
async fn a_login_that_nobody_waits_for_ends() {
    let server = Server::start(|number, request| {
        vec![match (number, request.line().ends_with("/token")) {
            (0, _) => Part::Wait(LONG),
            (_, true) => Part::Bytes(granted("canary-token", "")),
            _ => Part::Bytes(ok(b"in")),
        }]
    })
    .await;
    let client = client();
    let request = || with(oauth2(&server), get(server.url("/a")));
    given_up(fetch(&client, request()), &server, 1).await;
    assert_eq!(fetch(&client, request()).await.unwrap().0, 200);
    assert_eq!(server.lines(), ["POST /token", "POST /token", "GET /a"]);
}

#[tokio::test]
async fn what_cannot_be_sent_is_worth_no_login() {
    let service = Service::start("").await;
    let request = with(
        oauth2(&service.server),
        get("https://169.254.169.254/".parse().unwrap()),
    );
    let outcome = fetch(&client(), request).await;
    assert!(matches!(outcome, Err(HttpError::Refused { .. })), "{outcome:?}");
    let mut unread = oauth2(&service.server);
    unread.request.headers = vec![("X".to_owned(), vec![Piece::Secret("NONE".to_owned())])];
    let outcome = fetch(&client(), with(unread, get(service.server.url("/a")))).await;
    assert!(matches!(outcome, Err(HttpError::Secret(_))), "{outcome:?}");
    assert_eq!(service.server.connections(), 0);
}

#[tokio::test]
async fn a_call_that_waits_has_not_left() {
    let server = Server::start(|_, request| {
        vec![match request.line().ends_with("/token") {
            true => Part::Wait(LONG),
            false => Part::Bytes(ok(b"in")),
        }]
    })
    .await;
    let slow = Policy {
        rate_limit: Some(Rate { count: 1, per: LONG }),
        ..policy(LONG)
    };
    let transport = stacked(&slow, client());
    let login = Sent::default();
    assert!(login.may_have_left(), "what says nothing may have left");
    let call = login.by(transport.send(with(oauth2(&server), post(server.url("/a")))));
    given_up(call, &server, 1).await;
    assert!(!login.may_have_left(), "the login is not the request");

    let turn = Sent::default();
    let call = turn.by(transport.send(post(server.url("/a"))));
    let waited = tokio::time::timeout(Duration::from_millis(100), call).await;
    assert!(waited.is_err() && !turn.may_have_left(), "it waits for its turn");

    let sent = Sent::default();
    let other = stacked(&policy(LONG), client());
    assert_eq!(
        sent.by(fetch(&*other, post(server.url("/a")))).await.unwrap().0,
        200
    );
    assert!(sent.may_have_left());
}
