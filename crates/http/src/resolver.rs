//! The resolver that reqwest dials through: whatever a name resolves to is
//! judged here, so no address is dialled that the guard has not seen.
//! (Addresses written as numbers never come here; the url check saw them.)

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::error::HttpError;
use crate::guard;
use crate::policy::AddressRules;

/// What a name stands for at the moment it is asked.
pub type Answer = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// Where names are looked up.
#[derive(Clone, Default)]
pub enum Names {
    /// The system's resolver.
    #[default]
    System,
    /// This function alone, asked anew for every connection; names without
    /// an address do not exist.
    By(Arc<Answer>),
}

impl Names {
    async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, HttpError> {
        let found = match self {
            Self::By(answer) => answer(name),
            Self::System => tokio::net::lookup_host((name, 0))
                .await
                .map(|found| found.map(|address| address.ip()).collect())
                .unwrap_or_default(),
        };
        if found.is_empty() {
            return Err(HttpError::Dns {
                host: name.to_owned(),
            });
        }
        Ok(found)
    }
}

/// Looks up names and judges every address.
pub(crate) struct GuardedResolver {
    pub(crate) names: Arc<Names>,
    pub(crate) rules: Arc<AddressRules>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let names = Arc::clone(&self.names);
        let rules = Arc::clone(&self.rules);
        Box::pin(async move {
            let found = judged(name.as_str(), &names, &rules).await?;
            // Port 0 is replaced by the url's port.
            let found: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(found)
        })
    }
}

/// One refused address refuses the name: a mixed answer is how rebinding looks.
async fn judged(name: &str, names: &Names, rules: &AddressRules) -> Result<Vec<IpAddr>, HttpError> {
    if guard::is_localhost(name) {
        return Ok(guard::LOCALHOST.to_vec());
    }
    let found = names.look_up(name).await?;
    for address in &found {
        guard::judge_resolved(name, *address, rules)?;
    }
    Ok(found)
}
