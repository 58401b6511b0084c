//! The secrets that a client has read: each is asked for once, taught to the
//! redactor before anyone else sees it, and kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::ExposeSecret;

use crate::assemble;
use crate::error::HttpError;
use crate::login::Login;
use crate::redact::Redactor;
use crate::request::{Auth, Piece, Request};
use crate::secret::{Secret, SecretError, SecretStore};

/// Values by name.
pub(crate) type Values = HashMap<String, Secret>;

/// Reads secrets once.
pub(crate) struct Vault {
    store: Arc<dyn SecretStore>,
    redactor: Redactor,
    read: Mutex<Values>,
    /// Held while a store is asked: many calls that start together must not
    /// run the same command many times.
    asking: tokio::sync::Mutex<()>,
}

impl Vault {
    pub(crate) fn new(store: Arc<dyn SecretStore>, redactor: Redactor) -> Self {
        Self {
            store,
            redactor,
            read: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// Every value that the request names.
    pub(crate) async fn values_for(&self, request: &Request) -> Result<Values, HttpError> {
        let mut values = Values::new();
        for name in names(request) {
            if !values.contains_key(name) {
                values.insert(name.to_owned(), self.value(name).await?);
            }
        }
        if let Auth::Basic { user, password } = &request.auth
            && let Some(value) = values.get(password)
        {
            self.redactor.learn_basic(user, value);
        }
        Ok(values)
    }

    /// Every value that a login names.
    pub(crate) async fn values_for_login(&self, login: &Login) -> Result<Values, HttpError> {
        let mut values = Values::new();
        for name in login.secrets() {
            if !values.contains_key(name) {
                values.insert(name.to_owned(), self.value(name).await?);
            }
        }
        if let Some(client) = &login.request.client
            && let Some(value) = values.get(&client.secret)
        {
            // In the header both halves stand encoded.
            let encoded = Secret::from(assemble::form_encoded(value.expose_secret()).as_str());
            self.redactor
                .learn_basic(&assemble::form_encoded(&client.id), &encoded);
            self.redactor.learn_basic(&client.id, value);
        }
        Ok(values)
    }

    async fn value(&self, name: &str) -> Result<Secret, HttpError> {
        if let Some(value) = self.known(name) {
            return Ok(value);
        }
        let _asking = self.asking.lock().await;
        if let Some(value) = self.known(name) {
            return Ok(value);
        }
        let store = Arc::clone(&self.store);
        let asked = name.to_owned();
        let value = tokio::task::spawn_blocking(move || store.get(&asked))
            .await
            .map_err(|_| unavailable(name, "reading it was broken off"))??;
        if value.expose_secret().is_empty() {
            return Err(unavailable(name, "its value is empty").into());
        }
        self.redactor.learn(&value);
        self.read().insert(name.to_owned(), value.clone());
        Ok(value)
    }

    fn known(&self, name: &str) -> Option<Secret> {
        self.read().get(name).cloned()
    }

    fn read(&self) -> MutexGuard<'_, Values> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(name: &str, reason: &str) -> SecretError {
    SecretError {
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
}

fn names(request: &Request) -> Vec<&str> {
    let in_auth = match &request.auth {
        Auth::None | Auth::Login(_) => None,
        Auth::Bearer { secret } | Auth::Header { secret, .. } | Auth::Query { secret, .. } => {
            Some(secret.as_str())
        }
        Auth::Basic { password, .. } => Some(password.as_str()),
    };
    let in_pieces = request
        .headers
        .iter()
        .chain(&request.secret_query)
        .flat_map(|(_, pieces)| pieces)
        .filter_map(Piece::secret);
    in_auth.into_iter().chain(in_pieces).collect()
}
