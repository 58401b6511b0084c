//! How requests are sent and where they may go, as plain data.

use std::time::Duration;

use crate::network::Network;

/// The cap on a decoded body when nothing else is said: 1 MiB.
const DEFAULT_MAX_BODY: usize = 1024 * 1024;

/// `count` requests in each `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In which time.
    pub per: Duration,
}

/// How one api's requests are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Total time of one call, retries and waits included.
    pub timeout: Duration,
    /// Further attempts after the first.
    pub retries: u32,
    /// Requests per unit of time.
    pub rate_limit: Option<Rate>,
    /// Requests at once.
    pub concurrency: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            retries: 2,
            rate_limit: None,
            concurrency: 4,
        }
    }
}

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redirects {
    /// Hosts besides the own origin, as `host` (the scheme's own port) or
    /// `host:port`; credentials and body are dropped there.
    pub to: Vec<String>,
}

/// Where plain http may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PlainHttp {
    /// To a literal loopback address and to `localhost`.
    #[default]
    Loopback,
    /// Anywhere: manifest and operator both allowed it.
    Anywhere,
}

/// Who named the urls that a client is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NamedBy {
    /// A manifest: every rule holds.
    #[default]
    Manifest,
    /// The operator (a flag, user config): http and private addresses are
    /// fine; metadata addresses never are.
    Operator,
}

/// Which addresses may be dialled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressRules {
    /// Networks that the operator allowed (`--allow-net`).
    pub allowed: Vec<Network>,
    /// Where plain http may go.
    pub plain_http: PlainHttp,
    /// Who named the urls.
    pub named_by: NamedBy,
}

/// The rules of a client: where it may go, what it follows, how much it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Which addresses may be dialled.
    pub addresses: AddressRules,
    /// What is followed.
    pub redirects: Redirects,
    /// Largest decoded body in bytes.
    pub max_body: usize,
    /// How long a request waits for a login, 30 s at most. It should be
    /// shorter than the time of the whole call, so that a login that hangs is
    /// told as one.
    pub login_limit: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            addresses: AddressRules::default(),
            redirects: Redirects::default(),
            max_body: DEFAULT_MAX_BODY,
            login_limit: Duration::from_secs(30),
        }
    }
}
