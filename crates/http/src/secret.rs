//! Secrets: values that cannot be printed, and where they come from.

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
    /// The value of a secret.
    fn get(&self, name: &str) -> Result<Secret, SecretError>;
}
