//! Which model answers: the flag, the manifest, the environment, a key that
//! is set, a local server that answers, the embedded model, in this order.

#[cfg(feature = "embedded-model")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use toolrun_http::{
    AddressRules, Client, ClientOptions, Lane, NamedBy, Policy, RetryBudget, Rules, Secret, SecretError,
    SecretStore, Transport, stack,
};
use toolrun_manifest::Manifest;
use toolrun_model::{
    Model, ModelName, PROVIDERS, Place, Provider, connect, default_model, detect_local, list_models,
    parse_model, provider, read_base_url,
};

use crate::args::ModelArgs;
use crate::environment::Environment;
use crate::exit::{Failure, Kind};
use crate::session::Outside;

/// The environment variable that names a model.
const VARIABLE: &str = "TOOLRUN_MODEL";

/// The name of the model inside the binary.
const EMBEDDED: &str = "embedded/needle-3";

/// Longest answer of a provider: many times the longest reply.
const MOST_BODY: usize = 64 << 20;

/// A model and why it was chosen.
pub(crate) struct Selected {
    /// The model.
    pub(crate) model: Arc<dyn Model>,
    reason: String,
}

impl Selected {
    /// One line for stderr.
    pub(crate) fn said(&self) -> String {
        let kind = if self.model.writes_prose() {
            ""
        } else {
            "\n  It routes requests to tools: its answer is the tools' results, not prose."
        };
        format!("model: {} ({}){kind}", self.model.id(), self.reason)
    }
}

/// Chooses the model. Asks local servers only when nothing is named.
pub(crate) async fn select(
    args: &ModelArgs,
    manifest: &Manifest,
    outside: &Outside,
) -> Result<Selected, Failure> {
    let asking = Asking {
        base_url: args.base_url.as_deref(),
        outside,
    };
    let named = [
        (args.model.clone(), "--model"),
        (manifest.agent.model.clone(), "agent.model of the manifest"),
        (outside.environment.get(VARIABLE), VARIABLE),
    ];
    if let Some((name, origin)) = named.into_iter().find_map(|(name, origin)| Some((name?, origin))) {
        return asking.named(&name, origin).await;
    }
    if asking.base_url.is_some() {
        return asking.by_address().await;
    }
    let with_key = PROVIDERS
        .iter()
        .find_map(|row| Some((row, row.model?, asking.key(row)?)));
    if let Some((row, model, key)) = with_key {
        return asking.connect(row, model, Some(key), format!("{key} is set"));
    }
    if !args.no_detect
        && let Some(server) = detect_local(asking.transport(Patience::None)?).await.first()
    {
        let reason = format!("{} answers at {}", server.provider.name, server.provider.base_url);
        return asking.connect(server.provider, server.model(), None, reason);
    }
    embedded("no key is set and no local server answers", &outside.environment).ok_or_else(nothing)
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// As long as the caller waits: only looking.
    None,
    /// As long as a turn may last.
    Usual,
}

struct Asking<'a> {
    base_url: Option<&'a str>,
    outside: &'a Outside,
}

impl Asking<'_> {
    /// A model by its `provider/name`.
    async fn named(&self, name: &str, origin: &str) -> Result<Selected, Failure> {
        let reason = format!("named by {origin}");
        if name == EMBEDDED || name == "embedded" {
            return embedded(&reason, &self.outside.environment).ok_or_else(|| {
                Failure::not_in_this_build(name).with_hint("build with the default feature `embedded-model`")
            });
        }
        let ModelName { provider, model } = parse_model(name).map_err(|error| {
            Failure::new(Kind::NoModel, format!("{error} ({reason})")).with_hint(format!(
                "`{EMBEDDED}` is the model inside toolrun and needs no key"
            ))
        })?;
        let key = self.key(provider);
        if key.is_none() && provider.place == Place::Hosted && self.base_url.is_none() {
            return Err(no_key(provider));
        }
        let model = match model.or_else(|| provider.model.map(str::to_owned)) {
            Some(model) => model,
            None => self.first_model(provider, key).await?,
        };
        self.connect(provider, &model, key, reason)
    }

    /// Whatever the server at `--base-url` lists first.
    async fn by_address(&self) -> Result<Selected, Failure> {
        let provider = provider("openai").ok_or_else(nothing)?;
        let key = self.key(provider);
        let model = self.first_model(provider, key).await?;
        self.connect(
            provider,
            &model,
            key,
            "the first that --base-url lists".to_owned(),
        )
    }

    async fn first_model(&self, provider: &'static Provider, key: Option<&str>) -> Result<String, Failure> {
        let base_url =
            read_base_url(provider, self.base_url).map_err(|error| Failure::usage(error.to_string()))?;
        let transport = self.transport(Patience::None)?;
        let listed = list_models(provider, self.base_url, key, transport)
            .await
            .map_err(|error| {
                Failure::new(
                    Kind::NoModel,
                    format!("cannot ask {} for its models: {}", provider.name, error.message),
                )
                .with_hint(format!(
                    "is it running at {base_url}? --base-url names another address, --model {}/NAME a model",
                    provider.name
                ))
            })?;
        default_model(&listed).map(str::to_owned).ok_or_else(|| {
            Failure::new(Kind::NoModel, format!("{} has no model", provider.name))
                .with_hint("load one there, or name another with --model")
        })
    }

    fn connect(
        &self,
        provider: &'static Provider,
        model: &str,
        key: Option<&str>,
        reason: String,
    ) -> Result<Selected, Failure> {
        let transport = self.transport(Patience::Usual)?;
        let model = connect(provider, model, self.base_url, key, transport)
            .map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Selected { model, reason })
    }

    /// The provider's key variable, if it is set.
    fn key(&self, provider: &'static Provider) -> Option<&'static str> {
        provider
            .key
            .filter(|variable| self.outside.environment.get(variable).is_some())
    }

    /// A client to wherever the operator says, under the usual retries.
    fn transport(&self, patience: Patience) -> Result<Arc<dyn Transport>, Failure> {
        let keys = Arc::new(Keys(self.outside.environment.clone()));
        let options = ClientOptions {
            rules: Rules {
                addresses: AddressRules {
                    named_by: NamedBy::Operator,
                    ..AddressRules::default()
                },
                max_body: MOST_BODY,
                ..Rules::default()
            },
            ..ClientOptions::new(keys, self.outside.redactor.clone())
        };
        let client: Arc<dyn Transport> = Arc::new(Client::new(options)?);
        Ok(match patience {
            Patience::None => client,
            Patience::Usual => {
                // The loop asks again by itself, since it alone knows whether
                // something of the turn was shown.
                let policy = Policy {
                    timeout: Duration::from_secs(600),
                    retries: 0,
                    ..Policy::default()
                };
                stack(&policy, &Lane::new(&policy), &RetryBudget::new(), client)
            }
        })
    }
}

/// The providers' keys, by the name of their variables.
struct Keys(Environment);

impl SecretStore for Keys {
    fn get(&self, name: &str) -> Result<Secret, SecretError> {
        self.0.get(name).map(Secret::from).ok_or_else(|| SecretError {
            name: name.to_owned(),
            reason: format!("the environment variable {name} is not set"),
        })
    }
}

/// The model inside the binary, if it was built in.
#[cfg(feature = "embedded-model")]
fn embedded(reason: &str, environment: &Environment) -> Option<Selected> {
    use toolrun_model::embedded::{NeedleModel, NeedleOptions};

    let cache_dir = environment
        .get("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| {
            environment
                .get("HOME")
                .map(|home| PathBuf::from(home).join(".cache"))
        })
        .map(|folder| folder.join("toolrun"));
    let model = Arc::new(NeedleModel::new(NeedleOptions { cache_dir }));
    Some(Selected {
        model,
        reason: reason.to_owned(),
    })
}

/// The model inside the binary, if it was built in.
#[cfg(not(feature = "embedded-model"))]
fn embedded(_: &str, _: &Environment) -> Option<Selected> {
    None
}

fn no_key(provider: &Provider) -> Failure {
    let variable = provider.key.unwrap_or_default();
    Failure::new(Kind::NoModel, format!("{} needs a key, and {variable} is not set", provider.name)).with_hint(format!(
        "`export {variable}=…`, or put it in a file for --env-file; without --model, toolrun takes what is there"
    ))
}

fn nothing() -> Failure {
    Failure::new(Kind::NoModel, "there is no model to ask").with_hint(format!(
        "name one with --model provider/name, `agent.model` or {VARIABLE}; or set a key such as \
         ANTHROPIC_API_KEY or OPENAI_API_KEY; or start a local server (Ollama, llama.cpp, LM Studio, vLLM); \
         or build with the feature `embedded-model`"
    ))
}
