//! Tokens that were obtained: one source for each login, which keeps its token
//! until it expires or is refused, and lets many who wait share one login.
//! What a login sends and reads is the client's business.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use tokio::time::{Instant, timeout};

use crate::error::{HttpError, LoginFault};
use crate::login::Login;
use crate::policy::AddressRules;
use crate::secret::Secret;

/// No login goes on for longer, whoever waits for it.
const LONGEST: Duration = Duration::from_secs(30);

/// A token that was obtained.
pub(crate) struct Token {
    /// Its value; the redactor knows it already.
    pub(crate) value: Secret,
    /// When it is no longer used.
    pub(crate) until: Option<Instant>,
}

/// The token and when it is used no longer. A time too long to be told never
/// comes.
pub(crate) fn token(value: Secret, life: Option<Duration>) -> Token {
    Token {
        value,
        until: life.and_then(|life| Instant::now().checked_add(life)),
    }
}

/// The sources of all logins.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<Vec<Arc<Source>>>);

impl Tokens {
    /// The source of a login under these rules: a token that was obtained
    /// where one api may go is not used for another that may not.
    pub(crate) fn source(&self, login: &Arc<Login>, rules: &AddressRules) -> Arc<Source> {
        let mut sources = lock(&self.0);
        let known = sources
            .iter()
            .find(|source| source.login == *login && source.rules == *rules);
        if let Some(source) = known {
            return Arc::clone(source);
        }
        let source = Arc::new(Source {
            login: Arc::clone(login),
            rules: rules.clone(),
            state: Mutex::default(),
        });
        sources.push(Arc::clone(&source));
        source
    }
}

/// One login's token.
pub(crate) struct Source {
    login: Arc<Login>,
    rules: AddressRules,
    state: Mutex<State>,
}

type Obtained = Result<Arc<Token>, HttpError>;

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// A login under way lives as long as somebody waits for it: one who gives
    /// up takes nothing from the others, and when all have given up, it ends.
    under_way: Option<WeakShared<BoxFuture<'static, Obtained>>>,
}

impl Source {
    /// The token, obtained by `log_in` unless there is one or somebody is
    /// obtaining it already. A login that failed fails for all who wait for
    /// it; the next who asks tries again.
    pub(crate) async fn token(
        self: &Arc<Self>,
        patience: Duration,
        log_in: impl FnOnce() -> BoxFuture<'static, Result<Token, HttpError>>,
    ) -> Obtained {
        let under_way = match self.look(log_in) {
            Ok(token) => return Ok(token),
            Err(under_way) => under_way,
        };
        let limit = patience.min(LONGEST);
        timeout(limit, under_way).await.unwrap_or_else(|_| {
            Err(HttpError::Login {
                place: self.login.place(),
                reason: format!("it did not answer within {limit:?}"),
                fault: LoginFault::Late,
            })
        })
    }

    /// Forgets a token that was refused, unless another has taken its place.
    pub(crate) fn forget(&self, refused: &Arc<Token>) {
        let mut state = lock(&self.state);
        state.token.take_if(|token| Arc::ptr_eq(token, refused));
    }

    /// The token, or the login that will give it.
    fn look(
        self: &Arc<Self>,
        log_in: impl FnOnce() -> BoxFuture<'static, Result<Token, HttpError>>,
    ) -> Result<Arc<Token>, Shared<BoxFuture<'static, Obtained>>> {
        let mut state = lock(&self.state);
        let now = Instant::now();
        state
            .token
            .take_if(|token| token.until.is_some_and(|until| until <= now));
        if let Some(token) = &state.token {
            return Ok(Arc::clone(token));
        }
        if let Some(under_way) = state.under_way.as_ref().and_then(WeakShared::upgrade) {
            return Err(under_way);
        }
        let source = Arc::clone(self);
        let login = log_in();
        let kept = async move {
            let obtained = timeout(LONGEST, login).await.unwrap_or_else(|_| {
                Err(HttpError::Login {
                    place: source.login.place(),
                    reason: format!("it did not answer within {LONGEST:?}"),
                    fault: LoginFault::Late,
                })
            });
            let obtained = obtained.map(Arc::new);
            let mut state = lock(&source.state);
            state.under_way = None;
            state.token = obtained.as_ref().ok().map(Arc::clone);
            obtained
        };
        let shared = kept.boxed().shared();
        state.under_way = shared.downgrade();
        Err(shared)
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use url::Url;

    use super::*;
    use crate::login::{LoginRequest, SendToken, TokenAt};
    use crate::request::Method;

    fn source() -> Arc<Source> {
        let login = Login {
            request: LoginRequest {
                method: Method::Post,
                url: Url::parse("https://login.example/token?x=1").unwrap(),
                headers: Vec::new(),
                secret_query: Vec::new(),
                client: None,
                body: None,
            },
            token: TokenAt::OAuth2,
            send: SendToken {
                header: "Authorization".to_owned(),
                before: String::new(),
                after: String::new(),
            },
        };
        Tokens::default().source(&Arc::new(login), &AddressRules::default())
    }

    async fn ask(source: &Arc<Source>, logins: &Arc<AtomicUsize>, life: Option<u64>) -> Obtained {
        let logins = Arc::clone(logins);
        let log_in = move || {
            async move {
                logins.fetch_add(1, Ordering::SeqCst);
                Ok(token(Secret::from("t"), life.map(Duration::from_secs)))
            }
            .boxed()
        };
        source.token(LONGEST, log_in).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_kept_until_its_life_is_over() {
        let (source, logins) = (source(), Arc::new(AtomicUsize::new(0)));
        for (seconds, expected) in [(0, 1), (99, 1), (1, 2), (99, 2), (1, 3)] {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert!(ask(&source, &logins, Some(100)).await.is_ok());
            assert_eq!(logins.load(Ordering::SeqCst), expected);
        }
        let (source, logins) = (self::source(), Arc::new(AtomicUsize::new(0)));
        for _ in 0..2 {
            assert!(ask(&source, &logins, Some(u64::MAX)).await.is_ok());
            tokio::time::advance(Duration::from_secs(1 << 30)).await;
        }
        assert_eq!(logins.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_token_that_was_refused_is_forgotten() {
        let (source, logins) = (source(), Arc::new(AtomicUsize::new(0)));
        let first = ask(&source, &logins, None).await.unwrap();
        source.forget(&first);
        let second = ask(&source, &logins, None).await.unwrap();
        source.forget(&first);
        assert!(Arc::ptr_eq(&second, &ask(&source, &logins, None).await.unwrap()));
        assert_eq!(logins.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_ends_though_somebody_waits_for_longer() {
        let source = source();
        let hang = || std::future::pending().boxed();
        let began = Instant::now();
        let ended = source.token(Duration::from_secs(600), hang).await;
        assert!(matches!(
            ended,
            Err(HttpError::Login {
                fault: LoginFault::Late,
                ..
            })
        ));
        assert_eq!(began.elapsed(), LONGEST);
        let logins = Arc::new(AtomicUsize::new(0));
        assert!(ask(&source, &logins, None).await.is_ok());
    }
}
