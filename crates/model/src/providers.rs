//! The services and local servers that toolrun knows by name, and how a
//! name becomes a model. A compatible service is a row, never code.
//!
//! Addresses, key variables and model names are those of each service's own
//! documentation as of autumn 2026.

use std::sync::Arc;

use serde_json::Value;
use toolrun_http::{Auth, Transport};
use url::Url;

use crate::anthropic::Anthropic;
use crate::openai_chat::{Dialect, MaxTokens, OpenAiChat, Output, Reasoning, StreamUsage, Strict};
use crate::wire::{Endpoint, Weakened, Wire, WireModel};
use crate::{Model, ToolSpec};

/// The protocol of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireKind {
    /// Anthropic's Messages API.
    Anthropic,
    /// OpenAI's Chat Completions, in a dialect.
    OpenAiChat(Dialect),
}

/// Where a provider runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At a company, behind a key.
    Hosted,
    /// On this machine; found by asking its usual port.
    Local,
}

/// A service or a local server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// The first half of `provider/name`.
    pub name: &'static str,
    /// The environment variable of its key; local servers need none.
    pub key: Option<&'static str>,
    /// The base URL, with a final slash.
    pub base_url: &'static str,
    /// The protocol.
    pub wire: WireKind,
    /// The model when none is named; a local server's is the first of its list.
    pub model: Option<&'static str>,
    /// Where it runs.
    pub place: Place,
}

/// What most compatible services take.
const COMMON: Dialect = Dialect {
    max_tokens: MaxTokens::Old,
    output: Output::Schema,
    usage: StreamUsage::Asked,
    strict: Strict::Unmarked,
    reasoning: Reasoning::Untouched,
};

/// OpenAI's own.
const OPENAI: Dialect = Dialect {
    max_tokens: MaxTokens::New,
    strict: Strict::Marked,
    reasoning: Reasoning::OffBesideTools,
    ..COMMON
};

/// Takes a schema of the answer only where there are no tools.
const NO_SCHEMA_BESIDE_TOOLS: Dialect = Dialect {
    max_tokens: MaxTokens::New,
    output: Output::SchemaWithoutTools,
    ..COMMON
};

/// Knows no schema of the answer.
const NO_SCHEMA: Dialect = Dialect {
    output: Output::Words,
    ..COMMON
};

/// Refuses fields that it does not know, `stream_options` among them.
const MISTRAL: Dialect = Dialect {
    usage: StreamUsage::Always,
    ..COMMON
};

/// Takes the newer name of the longest reply.
const NEW_MAX_TOKENS: Dialect = Dialect {
    max_tokens: MaxTokens::New,
    ..COMMON
};

/// Every known provider, sorted by name.
pub const PROVIDERS: &[Provider] = &[
    hosted(
        "anthropic",
        "ANTHROPIC_API_KEY",
        "https://api.anthropic.com/v1/",
        WireKind::Anthropic,
        "claude-sonnet-4-6",
    ),
    hosted(
        "cerebras",
        "CEREBRAS_API_KEY",
        "https://api.cerebras.ai/v1/",
        WireKind::OpenAiChat(NO_SCHEMA_BESIDE_TOOLS),
        "gpt-oss-120b",
    ),
    hosted(
        "deepseek",
        "DEEPSEEK_API_KEY",
        "https://api.deepseek.com/v1/",
        WireKind::OpenAiChat(NO_SCHEMA),
        "deepseek-flash",
    ),
    hosted(
        "fireworks",
        "FIREWORKS_API_KEY",
        "https://api.fireworks.ai/inference/v1/",
        WireKind::OpenAiChat(COMMON),
        "accounts/fireworks/models/gpt-oss-120b",
    ),
    hosted(
        "gemini",
        "GEMINI_API_KEY",
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        WireKind::OpenAiChat(NEW_MAX_TOKENS),
        "gemini-3.5-flash",
    ),
    hosted(
        "groq",
        "GROQ_API_KEY",
        "https://api.groq.com/openai/v1/",
        WireKind::OpenAiChat(NO_SCHEMA_BESIDE_TOOLS),
        "openai/gpt-oss-120b",
    ),
    local("llamacpp", "http://127.0.0.1:8080/v1/"),
    local("lmstudio", "http://127.0.0.1:1234/v1/"),
    hosted(
        "mistral",
        "MISTRAL_API_KEY",
        "https://api.mistral.ai/v1/",
        WireKind::OpenAiChat(MISTRAL),
        "mistral-large-latest",
    ),
    local("ollama", "http://127.0.0.1:11434/v1/"),
    hosted(
        "openai",
        "OPENAI_API_KEY",
        "https://api.openai.com/v1/",
        WireKind::OpenAiChat(OPENAI),
        "gpt-5.6-terra",
    ),
    hosted(
        "openrouter",
        "OPENROUTER_API_KEY",
        "https://openrouter.ai/api/v1/",
        WireKind::OpenAiChat(COMMON),
        "openai/gpt-5.2",
    ),
    hosted(
        "together",
        "TOGETHER_API_KEY",
        "https://api.together.ai/v1/",
        WireKind::OpenAiChat(COMMON),
        "openai/gpt-oss-20b",
    ),
    local("vllm", "http://127.0.0.1:8000/v1/"),
    hosted(
        "xai",
        "XAI_API_KEY",
        "https://api.x.ai/v1/",
        WireKind::OpenAiChat(NEW_MAX_TOKENS),
        "grok-4.3",
    ),
];

const fn hosted(
    name: &'static str,
    key: &'static str,
    base_url: &'static str,
    wire: WireKind,
    model: &'static str,
) -> Provider {
    Provider {
        name,
        key: Some(key),
        base_url,
        wire,
        model: Some(model),
        place: Place::Hosted,
    }
}

const fn local(name: &'static str, base_url: &'static str) -> Provider {
    Provider {
        name,
        key: None,
        base_url,
        wire: WireKind::OpenAiChat(COMMON),
        model: None,
        place: Place::Local,
    }
}

/// The provider of that name.
pub fn provider(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}

/// A model as `--model` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    /// The provider.
    pub provider: &'static Provider,
    /// The model; absent where only the provider was named.
    pub model: Option<String>,
}

/// Why a text names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelNameError {
    /// No provider is called so.
    #[error("unknown provider `{found}`: expected one of {known}{nearest}")]
    Provider {
        /// What was written.
        found: String,
        /// The known names.
        known: String,
        /// Which was meant, perhaps; empty or `; did you mean …?`.
        nearest: String,
    },
    /// A model without its provider.
    #[error(
        "expected a model as `provider/name`, such as `anthropic/claude-sonnet-4-6`, found `{found}`{nearest}"
    )]
    Bare {
        /// What was written.
        found: String,
        /// Which was meant, perhaps.
        nearest: String,
    },
}

/// Reads `provider/name`, or `provider` alone for its default model.
pub fn parse_model(text: &str) -> Result<ModelName, ModelNameError> {
    let text = text.trim();
    let (name, model) = match text.split_once('/') {
        Some((name, model)) => (name.trim(), Some(model.trim())),
        None => (text, None),
    };
    if let Some(provider) = provider(&name.to_ascii_lowercase()) {
        let model = model.filter(|model| !model.is_empty()).map(str::to_owned);
        return Ok(ModelName { provider, model });
    }
    let nearest = nearest(name, text).map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    if model.is_none() && nearest.is_empty() {
        return Err(ModelNameError::Bare {
            found: text.to_owned(),
            nearest,
        });
    }
    let known = PROVIDERS
        .iter()
        .map(|provider| format!("`{}`", provider.name))
        .collect::<Vec<_>>()
        .join(", ");
    Err(ModelNameError::Provider {
        found: name.to_owned(),
        known,
        nearest,
    })
}

/// A provider whose name is at most two letters away, with the model kept.
fn nearest(name: &str, text: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let (distance, provider) = PROVIDERS
        .iter()
        .map(|provider| (strsim::damerau_levenshtein(&lower, provider.name), provider))
        .min_by_key(|(distance, _)| *distance)?;
    let rest = text.strip_prefix(name).unwrap_or("");
    (distance <= 2 && distance < provider.name.len()).then(|| format!("{}{rest}", provider.name))
}

/// Why a model cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The base URL cannot be one.
    #[error("expected a base URL such as `{example}`, found `{found}`")]
    BaseUrl {
        /// What was given.
        found: String,
        /// The provider's own.
        example: String,
    },
    /// The base URL holds credentials, which would stand in every message.
    #[error("a base URL has no user name or password in it, found `{without}` with one")]
    Credentials {
        /// What was given, without them.
        without: String,
    },
}

/// A model of a provider, asked through this transport.
///
/// `base_url` takes the place of the provider's own, for gateways and servers
/// elsewhere. `key` is the name of the secret that carries the credentials;
/// its value never passes through here.
pub fn connect(
    provider: &'static Provider,
    model: &str,
    base_url: Option<&str>,
    key: Option<&str>,
    transport: Arc<dyn Transport>,
) -> Result<Arc<dyn Model>, ConnectError> {
    let endpoint = Endpoint {
        id: format!("{}/{model}", provider.name),
        model: model.to_owned(),
        base_url: read_base_url(provider, base_url)?,
        auth: auth(provider, key),
    };
    Ok(match provider.wire {
        WireKind::Anthropic => Arc::new(WireModel::new(Anthropic, endpoint, transport)),
        WireKind::OpenAiChat(dialect) => {
            Arc::new(WireModel::new(OpenAiChat { dialect }, endpoint, transport))
        }
    })
}

/// The credentials of a provider, by the secret's name.
pub(crate) fn auth(provider: &Provider, key: Option<&str>) -> Auth {
    let Some(secret) = key.map(str::to_owned) else {
        return Auth::None;
    };
    match provider.wire {
        WireKind::Anthropic => Auth::Header {
            name: "x-api-key".to_owned(),
            secret,
        },
        WireKind::OpenAiChat(_) => Auth::Bearer { secret },
    }
}

/// The base URL with a final slash. One without a path gets `v1/`, where
/// every provider has its API; one that names the endpoint itself loses that.
pub fn read_base_url(provider: &Provider, given: Option<&str>) -> Result<Url, ConnectError> {
    let text = given.unwrap_or(provider.base_url).trim();
    let wrong = || ConnectError::BaseUrl {
        found: without_credentials(text).to_owned(),
        example: provider.base_url.to_owned(),
    };
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    if !url.username().is_empty() || url.password().is_some() {
        // Neither can fail where one of them is there.
        let _ = (url.set_username(""), url.set_password(None));
        return Err(ConnectError::Credentials { without: url.into() });
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let path = path
        .strip_suffix("/chat/completions")
        .or_else(|| path.strip_suffix("/messages"))
        .unwrap_or(path);
    let path = if path.is_empty() {
        "/v1/".to_owned()
    } else {
        format!("{path}/")
    };
    url.set_path(&path);
    Ok(url)
}

/// What cannot be read as a URL from behind its last `@`, before which a
/// password may stand.
fn without_credentials(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(_, rest)| rest)
}

/// The tools exactly as this provider gets them, and what had to be left out.
pub fn wire_tools(provider: &Provider, tools: &[ToolSpec]) -> (Value, Vec<Weakened>) {
    match provider.wire {
        WireKind::Anthropic => Anthropic.tools(tools),
        WireKind::OpenAiChat(dialect) => OpenAiChat { dialect }.tools(tools),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_unique_and_complete() {
        assert!(
            PROVIDERS.windows(2).all(|pair| pair[0].name < pair[1].name),
            "sort PROVIDERS by name"
        );
        for row in PROVIDERS {
            let url = Url::parse(row.base_url).unwrap();
            assert!(
                row.base_url.ends_with('/'),
                "{}: the base URL needs a final slash",
                row.name
            );
            assert_eq!(read_base_url(row, None).unwrap().as_str(), row.base_url);
            let hosted = row.place == Place::Hosted;
            assert_eq!(row.key.is_some(), hosted, "{}", row.name);
            assert_eq!(row.model.is_some(), hosted, "{}", row.name);
            assert_eq!(url.scheme() == "https", hosted, "{}", row.name);
            assert_eq!(url.host_str() == Some("127.0.0.1"), !hosted, "{}", row.name);
            assert!(
                row.key.is_none_or(|key| key.ends_with("_API_KEY")),
                "{}",
                row.name
            );
        }
    }

    #[test]
    fn models_are_named_by_provider_and_name() {
        let cases = [
            (
                "anthropic/claude-sonnet-4-6",
                "anthropic",
                Some("claude-sonnet-4-6"),
            ),
            (
                "openrouter/anthropic/claude-x",
                "openrouter",
                Some("anthropic/claude-x"),
            ),
            ("ollama", "ollama", None),
            (" OpenAI/gpt-4.1 ", "openai", Some("gpt-4.1")),
            ("ollama/qwen3:8b", "ollama", Some("qwen3:8b")),
            ("groq/", "groq", None),
        ];
        for (text, provider, model) in cases {
            let name = parse_model(text).unwrap();
            assert_eq!(
                (name.provider.name, name.model.as_deref()),
                (provider, model),
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_name_gets_the_nearest() {
        let message = |text: &str| parse_model(text).unwrap_err().to_string();
        assert!(message("antropic/claude-x").ends_with("; did you mean `anthropic/claude-x`?"));
        assert!(message("opneai").ends_with("; did you mean `openai`?"));
        assert!(message("acme/large").starts_with("unknown provider `acme`: expected one of `anthropic`, "));
        assert_eq!(
            message("gpt-4.1"),
            "expected a model as `provider/name`, such as `anthropic/claude-sonnet-4-6`, found `gpt-4.1`"
        );
    }

    #[test]
    fn base_urls_are_read_as_people_write_them() {
        let row = provider("openai").unwrap();
        let cases = [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1/"),
            ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/"),
            (
                "https://gw.example/openai/v1/?x=1#y",
                "https://gw.example/openai/v1/",
            ),
            ("https://gw.example/v1/chat/completions", "https://gw.example/v1/"),
            ("https://gw.example/v1/messages/", "https://gw.example/v1/"),
        ];
        for (given, expected) in cases {
            assert_eq!(read_base_url(row, Some(given)).unwrap().as_str(), expected);
        }
        for wrong in ["", "localhost:8080", "ftp://x/"] {
            assert!(read_base_url(row, Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_base_url_with_credentials_is_refused_without_showing_them() {
        let row = provider("openai").unwrap();
        for given in [
            "https://user:hunter2@gw.example/v1",
            "https://hunter2@gw.example/v1",
            "ftp://user:hunter2@gw.example",
            "https://user:hunter2@gw.example:notaport/",
            "user:hunter2@gw.example",
            "//user:hunter2@gw.example",
        ] {
            let message = read_base_url(row, Some(given)).unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
            assert!(message.contains("gw.example"), "{message}");
        }
    }

    #[test]
    fn keys_travel_by_name_only() {
        let named = |name: &str| auth(provider(name).unwrap(), Some("K"));
        assert_eq!(
            named("anthropic"),
            Auth::Header {
                name: "x-api-key".to_owned(),
                secret: "K".to_owned()
            }
        );
        assert_eq!(
            named("openai"),
            Auth::Bearer {
                secret: "K".to_owned()
            }
        );
        assert_eq!(auth(provider("ollama").unwrap(), None), Auth::None);
    }
}
