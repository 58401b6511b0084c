//! The clients that the tests use.

use std::sync::Arc;
use std::time::Duration;

use toolrun_http::{
    Client, ClientOptions, HttpError, Lane, MapStore, Method, Policy, Redactor, Request, Response,
    RetryBudget, Rules, Transport, stack,
};
use url::Url;

/// The values of the secrets that every client here knows.
pub(crate) const KEY: &str = "canary-6f1d/+key";
pub(crate) const PASSWORD: &str = "canary pass:wörd&";

/// A client with the secrets `KEY`, `PASSWORD`, `PIN`, `BROKEN` and `EMPTY`.
pub(crate) fn client() -> Client {
    client_with(Rules::default())
}

pub(crate) fn client_with(rules: Rules) -> Client {
    let mut options = options(Redactor::default());
    options.rules = rules;
    Client::new(options).unwrap()
}

pub(crate) fn options(redactor: Redactor) -> ClientOptions {
    let secrets = MapStore::from([
        ("KEY", KEY),
        ("PASSWORD", PASSWORD),
        ("PIN", "42"),
        ("BROKEN", "two\nlines"),
        ("EMPTY", ""),
    ]);
    ClientOptions::new(Arc::new(secrets), redactor)
}

pub(crate) fn policy(timeout: Duration) -> Policy {
    Policy {
        timeout,
        ..Policy::default()
    }
}

/// A client in a stack of its own.
pub(crate) fn stacked(policy: &Policy, client: Client) -> Arc<dyn Transport> {
    stack(policy, &Lane::new(policy), &RetryBudget::new(), Arc::new(client))
}

pub(crate) fn get(url: Url) -> Request {
    Request::new(Method::Get, url)
}

pub(crate) fn post(url: Url) -> Request {
    Request::new(Method::Post, url)
}

/// Sends and reads the whole body.
pub(crate) async fn fetch(transport: &dyn Transport, request: Request) -> Result<(u16, Vec<u8>), HttpError> {
    let response = transport.send(request).await?;
    let status = response.status;
    Ok((status, response.bytes().await?))
}

/// The error of a call that must not succeed.
#[track_caller]
pub(crate) fn error(outcome: Result<Response, HttpError>) -> HttpError {
    match outcome {
        Ok(response) => panic!("status {} instead of an error", response.status),
        Err(error) => error,
    }
}
