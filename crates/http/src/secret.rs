//! Secrets: values that cannot be printed, and where they come from.

use std::collections::HashMap;

/// A secret's value. No `Display`, no `Serialize`; `Debug` shows nothing;
/// the memory is cleared when it is dropped.
pub type Secret = secrecy::SecretString;

/// Why a secret's value cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secret `{name}` is not available: {reason}")]
pub struct SecretError {
    /// The secret's name.
    pub name: String,
    /// Why, and where it was looked for.
    pub reason: String,
}

/// Finds values of secrets when they are first needed.
pub trait SecretStore: Send + Sync {
    /// The value of a secret, without the line end that files and commands
    /// add. It may block: a client asks once for each name, off the runtime's
    /// own threads, and keeps the answer.
    fn get(&self, name: &str) -> Result<Secret, SecretError>;
}

/// Secrets from a map.
#[derive(Debug, Default)]
pub struct MapStore {
    values: HashMap<String, Secret>,
}

impl MapStore {
    /// A store without secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret, or replaces it.
    pub fn insert(&mut self, name: impl Into<String>, value: Secret) {
        self.values.insert(name.into(), value);
    }
}

impl<const N: usize> From<[(&str, &str); N]> for MapStore {
    fn from(pairs: [(&str, &str); N]) -> Self {
        let values = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Secret::from(value)))
            .collect();
        Self { values }
    }
}

impl SecretStore for MapStore {
    fn get(&self, name: &str) -> Result<Secret, SecretError> {
        self.values.get(name).cloned().ok_or_else(|| SecretError {
            name: name.to_owned(),
            reason: "no value was given for it".to_owned(),
        })
    }
}
