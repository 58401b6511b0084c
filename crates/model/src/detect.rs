//! Which models a server offers, and which local servers answer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, future};
use serde::Deserialize;
use toolrun_http::{Method, Piece, Repeat, Request, Transport};

use crate::failure::Failure;
use crate::providers::{PROVIDERS, Place, Provider, auth, read_base_url};
use crate::wire::ERROR_BODY;
use crate::{ModelError, ModelErrorKind};

/// How long all local servers together have to answer.
const PATIENCE: Duration = Duration::from_millis(150);

/// The longest model list that is read; a hosted gateway's is below 1 MiB.
const LONGEST_LIST: usize = 4 * 1024 * 1024;

/// How long a server that was named has to send its list.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A local server that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalServer {
    /// Its row.
    pub provider: &'static Provider,
    /// Its models, in its order, at least one.
    pub models: Vec<String>,
}

impl LocalServer {
    /// The model to use when none is named: the first that is not for
    /// embedding or ranking, which such servers list as well.
    pub fn model(&self) -> &str {
        default_model(&self.models).unwrap_or_default()
    }
}

/// The first model of a list that can chat, as far as names tell.
pub fn default_model(models: &[String]) -> Option<&str> {
    let chats = |name: &&String| {
        let name = name.to_ascii_lowercase();
        !["embed", "rerank", "whisper"]
            .iter()
            .any(|other| name.contains(other))
    };
    models.iter().find(chats).or(models.first()).map(String::as_str)
}

/// The local servers that answer now, in the table's order. Only loopback
/// addresses are asked, all at once, and an answer counts only if it is a
/// model list.
pub async fn detect_local(transport: Arc<dyn Transport>) -> Vec<LocalServer> {
    let rows = PROVIDERS.iter().filter(|provider| provider.place == Place::Local);
    let probes = rows.map(|provider| {
        let transport = Arc::clone(&transport);
        async move {
            let listed = list_models(provider, None, None, transport);
            let models = tokio::time::timeout(PATIENCE, listed).await.ok()?.ok()?;
            (!models.is_empty()).then_some(LocalServer { provider, models })
        }
    });
    future::join_all(probes).await.into_iter().flatten().collect()
}

/// The models that a server lists, in its order.
pub async fn list_models(
    provider: &'static Provider,
    base_url: Option<&str>,
    key: Option<&str>,
    transport: Arc<dyn Transport>,
) -> Result<Vec<String>, ModelError> {
    let asked = ask(provider, base_url, key, transport.as_ref());
    let asked = tokio::time::timeout(LONGEST_WAIT, asked)
        .await
        .unwrap_or_else(|_| {
            let seconds = LONGEST_WAIT.as_secs();
            let message = format!("it did not list its models within {seconds} s");
            Err(Failure {
                kind: ModelErrorKind::Network,
                message,
            })
        });
    asked.map_err(|failure| failure.of(provider.name))
}

async fn ask(
    provider: &'static Provider,
    base_url: Option<&str>,
    key: Option<&str>,
    transport: &dyn Transport,
) -> Result<Vec<String>, Failure> {
    let base = read_base_url(provider, base_url).map_err(|error| Failure::protocol(error.to_string()))?;
    let url = base
        .join("models")
        .map_err(|error| Failure::protocol(error.to_string()))?;
    let request = Request {
        method: Method::Get,
        url,
        headers: vec![(
            "Accept".to_owned(),
            vec![Piece::Text("application/json".to_owned())],
        )],
        secret_query: Vec::new(),
        auth: auth(provider, key),
        body: None,
        repeat: Repeat::Safe,
    };
    let mut response = transport.send(request).await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.body.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > LONGEST_LIST {
            return Err(Failure::protocol("the model list is too long"));
        }
    }
    if !(200..300).contains(&response.status) {
        body.truncate(ERROR_BODY);
        return Err(Failure::from_status(response.status, None, &body));
    }
    read_list(&body).ok_or_else(|| Failure::protocol("the answer is not a list of models"))
}

/// The ids of `{"object": "list", "data": [{"id": …}]}`; `object` may be left
/// out, since some gateways do.
fn read_list(body: &[u8]) -> Option<Vec<String>> {
    let list: List = serde_json::from_slice(body).ok()?;
    if list.object.is_some_and(|object| object != "list") {
        return None;
    }
    Some(list.data.into_iter().map(|model| model.id).collect())
}

/// Read without its other fields: they would take many times the place of
/// their text.
#[derive(Deserialize)]
struct List {
    object: Option<String>,
    data: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_model_lists_count() {
        let cases: [(&str, Option<&[&str]>); 8] = [
            (
                r#"{"object":"list","data":[{"id":"qwen3:8b","object":"model"},{"id":"b"}]}"#,
                Some(&["qwen3:8b", "b"]),
            ),
            (r#"{"data":[{"id":"a"}]}"#, Some(&["a"])),
            (r#"{"object":"list","data":[]}"#, Some(&[])),
            (r#"{"object":"error","data":[]}"#, None),
            (r#"{"data":[{"name":"a"}]}"#, None),
            (r#"{"data":{"id":"a"}}"#, None),
            (r#"["a"]"#, None),
            ("<html>", None),
        ];
        for (body, expected) in cases {
            let found = read_list(body.as_bytes());
            let found: Option<Vec<&str>> = found.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn the_default_model_can_chat() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            default_model(&names(&["nomic-embed-text", "qwen3"])),
            Some("qwen3")
        );
        assert_eq!(
            default_model(&names(&["text-embedding-x"])),
            Some("text-embedding-x")
        );
        assert_eq!(default_model(&[]), None);
    }
}
