//! Decides what becomes of an answer that points elsewhere. Pure; `client`
//! acts on it, and every followed url passes the guard again.

use url::Url;

use crate::error::HttpError;
use crate::policy::Redirects;
use crate::request::{Auth, Method, Request};

/// How many hops are followed.
const MOST: u32 = 3;

/// The only headers that go to another origin: neither credentials nor
/// anything that arguments may have filled.
const HARMLESS: &[&str] = &["accept", "accept-language"];

/// What to do with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is no redirect: hand it out.
    Deliver,
    /// Send this instead.
    Follow(Box<Request>),
}

/// Judges one answer. `followed` counts the hops so far.
pub(crate) fn step(
    request: &Request,
    status: u16,
    location: Option<&str>,
    followed: u32,
    rules: &Redirects,
) -> Result<Step, HttpError> {
    let (301 | 302 | 303 | 307 | 308, Some(location)) = (status, location) else {
        return Ok(Step::Deliver);
    };
    let Ok(target) = request.url.join(location) else {
        return Err(HttpError::Redirect {
            origin: "?".to_owned(),
            reason: "its target is not a url".to_owned(),
        });
    };
    let refuse = |reason: &str| HttpError::Redirect {
        origin: shown(&target),
        reason: reason.to_owned(),
    };
    if !matches!(target.scheme(), "http" | "https") {
        return Err(refuse("only http and https are spoken"));
    }
    if !target.username().is_empty() || target.password().is_some() {
        return Err(refuse("its target holds a user name or password"));
    }
    let own = target.origin() == request.url.origin();
    if !own && !listed(&target, rules) {
        return Err(refuse(
            "it is another origin; `redirects: {to: [host]}` permits it",
        ));
    }
    if request.url.scheme() == "https" && target.scheme() == "http" {
        return Err(refuse("it leads from https to http"));
    }
    if !matches!(request.method, Method::Get | Method::Head) {
        return Err(refuse("only GET and HEAD are redirected"));
    }
    if followed >= MOST {
        return Err(refuse("it was the fourth redirect in a row"));
    }
    let mut next = request.clone();
    next.url = target;
    if !own {
        drop_credentials(&mut next);
    }
    Ok(Step::Follow(Box::new(next)))
}

/// Scheme, host and port: a path or a query may hold anything. Nor may a name
/// be longer than a name of the internet can be.
pub(crate) fn shown(url: &Url) -> String {
    const LONGEST: usize = 253;
    let short = |text: &str| match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    let scheme = short(url.scheme());
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{scheme}://{}:{port}", short(host)),
        (Some(host), None) => format!("{scheme}://{}", short(host)),
        (None, _) => format!("{scheme}:"),
    }
}

fn listed(target: &Url, rules: &Redirects) -> bool {
    let Some(host) = target.host_str() else {
        return false;
    };
    let named = match target.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    rules.to.iter().any(|listed| listed.eq_ignore_ascii_case(&named))
}

fn drop_credentials(request: &mut Request) {
    request.auth = Auth::None;
    request.secret_query.clear();
    request.body = None;
    request
        .headers
        .retain(|(name, _)| HARMLESS.iter().any(|kept| kept.eq_ignore_ascii_case(name)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(from: &str, to: &str, listed: &[&str]) -> Result<Step, HttpError> {
        let request = Request::new(Method::Get, from.parse().unwrap());
        let rules = Redirects {
            to: listed.iter().map(|host| (*host).to_owned()).collect(),
        };
        step(&request, 302, Some(to), 0, &rules)
    }

    #[track_caller]
    fn refused(outcome: Result<Step, HttpError>) -> (String, String) {
        match outcome {
            Err(HttpError::Redirect { origin, reason }) => (origin, reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_leads_from_https_to_http() {
        let listed = ["api.example", "other.example"];
        for to in ["http://api.example/x", "http://other.example/x"] {
            let (_, reason) = refused(judged("https://api.example/get", to, &listed));
            assert_eq!(reason, "it leads from https to http");
        }
        let up = judged("http://api.example/get", "https://api.example/x", &listed);
        assert!(matches!(up, Ok(Step::Follow(_))), "{up:?}");
    }

    #[test]
    fn the_origin_that_is_told_is_short() {
        let long = format!("http://{}/", "a".repeat(100_000));
        let scheme = format!("{}:x", "a".repeat(100_000));
        for to in [long, scheme] {
            let (origin, _) = refused(judged("http://127.0.0.1/get", &to, &[]));
            assert!(origin.len() < 600, "{}", origin.len());
        }
    }
}
