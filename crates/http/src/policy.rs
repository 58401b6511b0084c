//! How requests are sent, as plain data.

use std::net::IpAddr;
use std::time::Duration;

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

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redirects {
    /// Hosts besides the own origin; credentials are dropped there.
    pub to: Vec<String>,
}

/// A network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Any address in it.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

/// Which addresses may be dialled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressRules {
    /// Networks that the operator allowed (`--allow-net`).
    pub allowed: Vec<Network>,
    /// Whether plain http beyond loopback was allowed by manifest and operator.
    pub allow_http: bool,
    /// The url was named by the operator (a flag, user config): http and
    /// private addresses are fine; metadata addresses never are.
    pub operator_url: bool,
    /// Largest decoded body in bytes.
    pub max_body: usize,
    /// What is followed.
    pub redirects: Redirects,
}
