//! Documents of orders: `POST /v1/orders/{id}/documents`, as multipart/form-data.
//! Their content is looked at once, for size and hash, and not kept.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::http::{lock, unknown_order};
use crate::problem::Problem;
use crate::query::{Segment, invalid};
use crate::routes::Service;

/// A document as it came.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    name: String,
    media_type: String,
    title: Option<String>,
    bytes: usize,
    sha256: String,
}

impl Document {
    fn as_json(&self) -> Value {
        json!({
            "name": self.name, "media_type": self.media_type, "title": self.title,
            "bytes": self.bytes, "sha256": self.sha256,
        })
    }
}

/// `POST /v1/orders/{id}/documents`: the file `document`, and perhaps a `title`.
pub(crate) async fn attach(
    State(service): State<Arc<Service>>,
    Segment(id): Segment,
    body: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let mut parts =
        body.map_err(|rejection| Problem::new(rejection.status(), "unreadable_body", rejection.body_text()))?;
    let (mut document, mut title) = (None, None);
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        match part.name() {
            Some("document") if document.is_none() => document = Some(read(part).await?),
            Some("title") if title.is_none() => title = Some(part.text().await.map_err(unreadable)?),
            name => {
                let name = name.unwrap_or_default();
                let message = format!("the part `{name}` is unknown or there twice");
                return Err(Problem::bad_request("unknown_parameter", message)
                    .detail("valid", vec!["document", "title"]));
            }
        }
    }
    let document = document.ok_or_else(|| invalid("document", "a file in a part of that name"))?;
    let mut shop = lock(&service);
    let Some(order) = shop.order_mut(&id) else {
        return Err(unknown_order(&shop, &id));
    };
    order.documents.push(Document { title, ..document });
    let documents: Vec<Value> = order.documents.iter().map(Document::as_json).collect();
    let answer = json!({ "order_id": order.id, "documents": documents });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn read(part: Field<'_>) -> Result<Document, Problem> {
    let name = part
        .file_name()
        .ok_or_else(|| invalid("document", "a file with its name"))?
        .to_owned();
    let media_type = part.content_type().unwrap_or_default().to_owned();
    let content = part.bytes().await.map_err(unreadable)?;
    let digest = Sha256::digest(&content);
    Ok(Document {
        name,
        media_type,
        title: None,
        bytes: content.len(),
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

fn unreadable(error: MultipartError) -> Problem {
    Problem::new(error.status(), "unreadable_body", error.body_text())
}
