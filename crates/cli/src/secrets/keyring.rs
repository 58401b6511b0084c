//! Secrets in the system's keyring: `{ keyring: service }` is the one entry
//! whose attribute `service` is that. Built with the feature `keyring`; a build
//! without it says which program of the system to ask instead.

use crate::exit::Failure;
#[cfg(not(feature = "keyring"))]
use crate::exit::Kind;
#[cfg(not(feature = "keyring"))]
use crate::words::shell_word;

/// Complains where this build cannot ask a keyring.
#[cfg(not(feature = "keyring"))]
pub(crate) fn readable(name: &str, service: &str) -> Result<(), Failure> {
    let words = if cfg!(target_os = "macos") {
        "security, find-generic-password, -w, -s"
    } else {
        "secret-tool, lookup, service"
    };
    let service = shell_word(service);
    Err(Failure::new(
        Kind::NotInThisBuild,
        format!("the secret {name} is to be read from the keyring, which is not in this build"),
    )
    .with_hint(format!(
        "declare it as `{{ command: [{words}, {service}] }}`, or build with the feature `keyring`"
    )))
}

/// This build can ask a keyring; whether one answers is told when it is asked.
#[cfg(feature = "keyring")]
pub(crate) fn readable(_: &str, _: &str) -> Result<(), Failure> {
    Ok(())
}

/// The value that the keyring has under a service.
#[cfg(not(feature = "keyring"))]
pub(super) fn value(_: &str) -> Result<String, String> {
    Err("the keyring is not in this build".to_owned())
}

/// The value that the keyring has under a service. It may have to be unlocked,
/// for which the system asks by itself.
#[cfg(feature = "keyring")]
pub(super) fn value(service: &str) -> Result<String, String> {
    use std::collections::HashMap;

    let unavailable = |error: &keyring_core::Error| format!("the keyring cannot be asked: {error}");
    keyring::Entry::store_status().as_ref().map_err(unavailable)?;
    let found = keyring_core::Entry::search(&HashMap::from([("service", service)]))
        .map_err(|error| unavailable(&error))?;
    let one = match found.as_slice() {
        [one] => one,
        [] => return Err(format!("the keyring has nothing under the service `{service}`")),
        many => {
            return Err(format!(
                "the keyring has {} entries under the service `{service}`: which one is meant cannot be said",
                many.len()
            ));
        }
    };
    let value = one.get_password().map_err(|error| unavailable(&error))?;
    super::one_value(&value)
        .map(str::to_owned)
        .ok_or_else(|| format!("what the keyring has under the service `{service}` is empty"))
}
