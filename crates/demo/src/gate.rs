//! What stands before every route: the request log, the key, the rate limit.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::problem::Problem;
use crate::server::OnRequest;

/// What every token begins with.
const TOKEN: &str = "demo-token-";
/// The cookie of a session.
const SESSION: &str = "session";

/// How many requests a key may make within a time; all of them may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The number of requests.
    pub requests: NonZeroU32,
    /// The time after which the whole number is available again.
    pub within: Duration,
}

impl Default for RateLimit {
    /// Six thousand a minute: no honest use of the demo meets it.
    fn default() -> Self {
        Self {
            requests: NonZeroU32::MIN.saturating_add(5_999),
            within: Duration::from_secs(60),
        }
    }
}

/// One request that the service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The method, in capitals.
    pub method: String,
    /// The path and the query, as they came.
    pub target: String,
    /// The status of the answer.
    pub status: u16,
}

/// The key, the limit and the log of one server.
pub(crate) struct Gate {
    key: String,
    /// How many tokens were given out; each has its number in its name.
    granted: AtomicU32,
    limiter: DefaultDirectRateLimiter,
    on_request: Option<OnRequest>,
}

impl Gate {
    pub(crate) fn new(key: String, limit: RateLimit, on_request: Option<OnRequest>) -> Self {
        let each = (limit.within / limit.requests.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(each)
            .expect("the period is at least a nanosecond")
            .allow_burst(limit.requests);
        Self {
            key,
            granted: AtomicU32::new(0),
            limiter: RateLimiter::direct(quota),
            on_request,
        }
    }

    /// Whether a text is the key.
    pub(crate) fn is_key(&self, text: &str) -> bool {
        text == self.key
    }

    /// A new token, which is as good as the key.
    pub(crate) fn grant(&self) -> String {
        let number = self.granted.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{TOKEN}{number}")
    }

    fn is_granted(&self, token: &str) -> bool {
        let number = token.strip_prefix(TOKEN).and_then(|number| number.parse().ok());
        number.is_some_and(|number: u32| (1..=self.granted.load(Ordering::Relaxed)).contains(&number))
    }

    fn check_key(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let given = given_key(headers);
        if given.is_some_and(|given| self.is_key(given) || self.is_granted(given)) {
            return Ok(());
        }
        let message = if given.is_some() {
            "the key is not valid"
        } else {
            "a key is needed: send `Authorization: Bearer KEY` or `X-Api-Key: KEY`"
        };
        Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
    }

    fn check_limit(&self) -> Result<(), Problem> {
        self.limiter.check().map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let message = format!("too many requests; try again in {seconds} s");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
                .header(RETRY_AFTER, HeaderValue::from(seconds))
        })
    }
}

/// The outermost layer: tells the hook what came and how it was answered.
pub(crate) async fn log(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let target = request
        .uri()
        .path_and_query()
        .map_or_else(|| "/".to_owned(), ToString::to_string);
    let response = next.run(request).await;
    if let Some(on_request) = &gate.on_request {
        on_request(&Seen {
            method,
            target,
            status: response.status().as_u16(),
        });
    }
    response
}

/// Lets a request through only with the right key.
pub(crate) async fn need_key(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    match gate.check_key(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Lets a request through only within the limit.
pub(crate) async fn limit(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    match gate.check_limit() {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The key of the `X-Api-Key` header, else of a bearer `Authorization`, else of the session's cookie.
fn given_key(headers: &HeaderMap) -> Option<&str> {
    if let Some(key) = headers.get("x-api-key") {
        return key.to_str().ok();
    }
    let Some(authorization) = headers.get(AUTHORIZATION) else {
        let cookies = headers.get(COOKIE)?.to_str().ok()?;
        let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        return pairs.find(|(name, _)| *name == SESSION).map(|(_, value)| value);
    };
    let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_read_from_either_header() {
        #[track_caller]
        fn case(name: &'static str, value: &str, expected: Option<&str>) {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(given_key(&headers), expected, "{name}: {value}");
        }
        case("x-api-key", "k", Some("k"));
        case("authorization", "Bearer k", Some("k"));
        case("authorization", "bearer k", Some("k"));
        case("authorization", "Basic k", None);
        case("authorization", "k", None);
        case("x-other", "k", None);
        case("cookie", "a=b; session=k", Some("k"));
        case("cookie", "sessions=k", None);
    }

    #[test]
    fn only_tokens_that_were_given_out_are_good() {
        let gate = Gate::new("k".to_owned(), RateLimit::default(), None);
        assert!(!gate.is_granted("demo-token-1"));
        let token = gate.grant();
        assert!(gate.is_granted(&token));
        for wrong in ["demo-token-0", "demo-token-2", "demo-token-", "demo-token-x", "1"] {
            assert!(!gate.is_granted(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_limit_says_when_it_ends() {
        let limit = RateLimit {
            requests: NonZeroU32::MIN,
            within: Duration::from_secs(3600),
        };
        let gate = Gate::new("k".to_owned(), limit, None);
        assert!(gate.check_limit().is_ok());
        let refused = gate.check_limit().unwrap_err().into_response();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()[RETRY_AFTER], "3600");
    }
}
