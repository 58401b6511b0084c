//! The client: the one place where a reqwest client is made, and the one
//! transport that touches a network. Judges the url, adds the secrets, sends,
//! follows what may be followed, decodes. No deadline but that of connecting,
//! no retries: those are layers of `stack`.

use std::borrow::Cow;
use std::error::Error as _;
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, LOCATION};
use url::Url;

use crate::assemble::{self, Offer};
use crate::decode::{self, Coding};
use crate::error::{HttpError, LoginFault, host_of};
use crate::guard;
use crate::login::Login;
use crate::policy::{AddressRules, NamedBy, Rules};
use crate::redact::Redactor;
use crate::redirect::{self, Step};
use crate::request::{Auth, Method, Request};
use crate::resolver::{GuardedResolver, Names};
use crate::response::{Response, discard};
use crate::secret::SecretStore;
use crate::sent;
use crate::token::{Source, Token, Tokens};
use crate::token_answer;
use crate::transport::{Credentials, Transport};
use crate::vault::Vault;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than what servers commonly keep, so that a connection is rarely
/// closed by the other side at the moment it is used again.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
const USER_AGENT: &str = concat!("toolrun/", env!("CARGO_PKG_VERSION"));

/// What a client is made of.
pub struct ClientOptions {
    /// Where secrets' values come from.
    pub secrets: Arc<dyn SecretStore>,
    /// Learns every value that is read.
    pub redactor: Redactor,
    /// Where names are looked up.
    pub names: Names,
    /// Where it may go, what it follows, how much it reads.
    pub rules: Rules,
}

impl ClientOptions {
    /// The usual rules and the system's resolver.
    pub fn new(secrets: Arc<dyn SecretStore>, redactor: Redactor) -> Self {
        Self {
            secrets,
            redactor,
            names: Names::default(),
            rules: Rules::default(),
        }
    }
}

/// Sends requests over the network. A clone shares connections and secrets.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    rules: Arc<Rules>,
    pool: Arc<Pool>,
}

/// What clients with different rules have in common.
struct Shared {
    vault: Vault,
    tokens: Tokens,
    redactor: Redactor,
    names: Arc<Names>,
    pools: Mutex<Vec<Arc<Pool>>>,
}

impl Client {
    /// Makes a client. Nothing is connected to and no name is looked up.
    pub fn new(options: ClientOptions) -> Result<Self, HttpError> {
        let shared = Arc::new(Shared {
            vault: Vault::new(options.secrets, options.redactor.clone()),
            tokens: Tokens::default(),
            redactor: options.redactor,
            names: Arc::new(options.names),
            pools: Mutex::default(),
        });
        let pool = shared.pool(&options.rules.addresses)?;
        Ok(Self {
            shared,
            rules: Arc::new(options.rules),
            pool,
        })
    }

    /// The same client under other rules. Connections are shared only with
    /// clients whose addresses are judged alike.
    pub fn with_rules(&self, rules: Rules) -> Result<Self, HttpError> {
        Ok(Self {
            shared: Arc::clone(&self.shared),
            pool: self.shared.pool(&rules.addresses)?,
            rules: Arc::new(rules),
        })
    }

    async fn exchange(&self, mut request: Request) -> Result<Response, HttpError> {
        let mut followed = 0;
        let held = self.held(&request).await?;
        loop {
            guard::judge_url(&request.url, &self.rules.addresses)?;
            let host = host_of(&request.url);
            let values = self.shared.vault.values_for(&request).await?;
            let token = held.as_ref().map(|held| &held.token.value);
            let (outgoing, offer) = assemble::assemble(&request, &values, token)?;
            drop(values);
            sent::leaves();
            let answer = self.execute(&host, &request.url, outgoing).await?;
            let location = answer.headers().get(LOCATION).map(lossy);
            let status = answer.status().as_u16();
            if let (401, Auth::Login(_), Some(held)) = (status, &request.auth, &held) {
                held.source.forget(&held.token);
            }
            let rules = &self.rules.redirects;
            match redirect::step(&request, status, location.as_deref(), followed, rules)? {
                Step::Deliver => return self.deliver(request.method, request.url, answer, offer),
                Step::Follow(next) => {
                    self.shared.judge_target(&request.url, &next.url)?;
                    let rest = self.deliver(request.method, request.url, answer, offer);
                    discard(rest.map(|rest| rest.body).ok()).await;
                    request = *next;
                    followed += 1;
                }
            }
        }
    }

    /// The token that the request needs, if it needs one.
    async fn held(&self, request: &Request) -> Result<Option<Held>, HttpError> {
        let Auth::Login(login) = &request.auth else {
            return Ok(None);
        };
        // What cannot be sent is worth no login.
        guard::judge_url(&request.url, &self.rules.addresses)?;
        let source = self.shared.tokens.source(login, &self.rules.addresses);
        sent::waits();
        let token = source.token(self.rules.login_limit, || {
            let (client, login) = (self.clone(), Arc::clone(login));
            async move { client.log_in(&login).await }.boxed()
        });
        let token = token.await?;
        Ok(Some(Held { source, token }))
    }

    /// Obtains a token. It goes by the rules of every request: the guard, the
    /// cap, no redirect.
    async fn log_in(&self, login: &Login) -> Result<Token, HttpError> {
        let url = &login.request.url;
        guard::judge_url(url, &self.rules.addresses).map_err(|error| unanswered(login, error))?;
        let host = host_of(url);
        let values = self.shared.vault.values_for_login(login).await?;
        let (outgoing, offer) = assemble::assemble_login(login, &values)?;
        drop(values);
        let answer = async {
            let answer = self.execute(&host, url, outgoing).await?;
            self.deliver(login.request.method, url.clone(), answer, offer)
        };
        let answer = answer.await.map_err(|error| unanswered(login, error))?;
        token_answer::read(login, answer, &self.shared.redactor).await
    }

    async fn execute(
        &self,
        host: &str,
        url: &Url,
        outgoing: reqwest::Request,
    ) -> Result<reqwest::Response, HttpError> {
        let sent = self.pool.client(url)?.execute(outgoing).await;
        sent.map_err(|error| self.shared.failed(host, error))
    }

    fn deliver(
        &self,
        method: Method,
        url: Url,
        answer: reqwest::Response,
        offer: Offer,
    ) -> Result<Response, HttpError> {
        let host = host_of(&url);
        let status = answer.status().as_u16();
        let bodiless = method == Method::Head || matches!(status, 204 | 304);
        let named: Vec<String> = answer
            .headers()
            .get_all(CONTENT_ENCODING)
            .iter()
            .map(lossy)
            .collect();
        let coding = if bodiless {
            Coding::Plain
        } else {
            decode::coding(named.iter().map(String::as_str), offer).map_err(|reason| HttpError::Encoding {
                host: host.clone(),
                reason,
            })?
        };
        let headers = shown_headers(answer.headers(), coding);
        let shared = Arc::clone(&self.shared);
        let told = host.clone();
        let url = self.shared.shown_url(url);
        let raw = answer
            .bytes_stream()
            .map(move |chunk| chunk.map_err(|error| shared.failed(&told, error)));
        Ok(Response {
            status,
            headers,
            url,
            attempts: 1,
            body: decode::decoded(host, Box::pin(raw), coding, self.rules.max_body),
        })
    }
}

impl Transport for Client {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        self.exchange(request).boxed()
    }

    fn once_more(&self, refused: &Request) -> Credentials {
        match refused.auth {
            Auth::Login(_) => Credentials::Fresh,
            _ => Credentials::Same,
        }
    }
}

/// A token and where it is from.
struct Held {
    source: Arc<Source>,
    token: Arc<Token>,
}

/// Says of what kept a login from an answer that it was the login. What a
/// person refused or did not give is told as with any request.
fn unanswered(login: &Login, error: HttpError) -> HttpError {
    let fault = match &error {
        HttpError::Refused { host, rule, reason } => {
            return HttpError::Refused {
                host: host.clone(),
                rule: *rule,
                reason: format!("{reason} (it is the address of the login)"),
            };
        }
        HttpError::Secret(_) | HttpError::Request { .. } => return error,
        HttpError::Encoding { .. } => LoginFault::Unusable,
        _ => LoginFault::Passing,
    };
    HttpError::Login {
        place: login.place(),
        reason: error.to_string(),
        fault,
    }
}

fn shown_headers(headers: &HeaderMap, coding: Coding) -> Vec<(String, String)> {
    headers
        .iter()
        // They describe the coded bytes, which nobody sees any more.
        .filter(|(name, _)| coding == Coding::Plain || (*name != CONTENT_ENCODING && *name != CONTENT_LENGTH))
        .map(|(name, value)| (name.as_str().to_owned(), lossy(value)))
        .collect()
}

fn lossy(value: &reqwest::header::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

impl Shared {
    /// The connections of clients that judge addresses alike.
    fn pool(&self, rules: &AddressRules) -> Result<Arc<Pool>, HttpError> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.iter().find(|pool| pool.judges_like(rules)) {
            return Ok(Arc::clone(pool));
        }
        let pool = Arc::new(Pool::new(rules.clone(), Arc::clone(&self.names))?);
        pools.push(Arc::clone(&pool));
        Ok(pool)
    }

    /// Says in our terms what went wrong. The url never gets into the text:
    /// its query may hold a secret.
    fn failed(&self, host: &str, error: reqwest::Error) -> HttpError {
        let error = error.without_url();
        let host = host.to_owned();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
            if let Some(own) = cause.downcast_ref::<HttpError>() {
                return own.clone();
            }
        }
        let reason = self.shown_reason(cause);
        if error.is_builder() {
            return HttpError::Request { reason };
        }
        if error.is_dns() {
            return HttpError::Dns { host };
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => HttpError::Connect {
                host,
                reason: format!("no connection within {CONNECT_TIMEOUT:?}"),
            },
            (true, false) => HttpError::Connect { host, reason },
            (false, _) => HttpError::Cut { host, reason },
        }
    }

    /// Nothing known to be secret goes to another origin, not even in a url
    /// that the own one made of it.
    fn judge_target(&self, from: &Url, to: &Url) -> Result<(), HttpError> {
        let holds_secret = || matches!(self.redactor.redact(to.as_str()), Cow::Owned(_));
        if from.origin() == to.origin() || !holds_secret() {
            return Ok(());
        }
        Err(HttpError::Redirect {
            origin: self.redactor.redact(&redirect::shown(to)).into_owned(),
            reason: "its target holds a secret".to_owned(),
        })
    }

    /// A server may put a key that it was sent into the url it points to.
    fn shown_url(&self, url: Url) -> Url {
        match self.redactor.redact(url.as_str()) {
            Cow::Borrowed(_) => url,
            Cow::Owned(shown) => shown.parse().unwrap_or_else(|_| {
                let mut bare = url.clone();
                bare.set_path("");
                bare.set_query(None);
                bare
            }),
        }
    }

    fn shown_reason(&self, cause: &dyn std::error::Error) -> String {
        // Hidden before the text is cut, as no part of a secret is known by itself.
        let text: String = cause.to_string().chars().filter(|c| !c.is_control()).collect();
        let text = self.redactor.redact(&text);
        let text = text.split(" (os error").next().unwrap_or_default();
        text.chars().take(200).collect()
    }
}

/// Connections, dialled only to addresses that its rules allow.
struct Pool {
    rules: Arc<AddressRules>,
    names: Arc<Names>,
    plain: reqwest::Client,
    /// Made when first needed: reading the system's certificates takes longer
    /// than everything else about a client.
    tls: OnceLock<reqwest::Client>,
}

impl Pool {
    fn new(rules: AddressRules, names: Arc<Names>) -> Result<Self, HttpError> {
        let rules = Arc::new(rules);
        let plain = make(&rules, &names, Trust::Nobody)?;
        Ok(Self {
            rules,
            names,
            plain,
            tls: OnceLock::new(),
        })
    }

    /// Where plain http may go is judged by the url, not by the address.
    fn judges_like(&self, rules: &AddressRules) -> bool {
        self.rules.allowed == rules.allowed && self.operators() == (rules.named_by == NamedBy::Operator)
    }

    fn operators(&self) -> bool {
        self.rules.named_by == NamedBy::Operator
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client, HttpError> {
        if url.scheme() == "http" {
            return Ok(&self.plain);
        }
        if let Some(client) = self.tls.get() {
            return Ok(client);
        }
        let client = make(&self.rules, &self.names, Trust::System)?;
        Ok(self.tls.get_or_init(|| client))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// The certificate authorities of the operating system.
    System,
    /// No authority: for plain http.
    Nobody,
}

/// The one constructor of a reqwest client.
fn make(rules: &Arc<AddressRules>, names: &Arc<Names>, trust: Trust) -> Result<reqwest::Client, HttpError> {
    install_crypto();
    let resolver = GuardedResolver {
        names: Arc::clone(names),
        rules: Arc::clone(rules),
    };
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .dns_resolver(Arc::new(resolver));
    let builder = match trust {
        Trust::System => builder,
        Trust::Nobody => builder.tls_certs_only([]),
    };
    builder.build().map_err(|error| HttpError::Request {
        reason: match (trust, error.source()) {
            (Trust::System, Some(cause)) => {
                format!("the system's certificate authorities could not be read: {cause}")
            }
            _ => error.to_string(),
        },
    })
}

/// One crypto library for everything; a provider that was installed before is kept.
fn install_crypto() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // An error means that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
