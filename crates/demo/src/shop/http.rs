//! The shop over HTTP: `/v1/orders` and what lies below it.

use std::sync::{Arc, MutexGuard, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::once::Done;
use super::order::money;
use super::{Asked, Order, Refund, RefundError, Shop, Status};
use crate::decimal::Decimal;
use crate::problem::{Problem, nearest};
use crate::query::{Pairs, Segment, invalid, json_object};
use crate::routes::Service;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const DEFAULT_LIMIT: usize = 20;

/// `GET /v1/orders?email=&status=&limit=`
pub(crate) async fn find(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let pairs = Pairs::read(
        query.as_deref().unwrap_or_default(),
        &["email", "status", "limit"],
    )?;
    let status = pairs
        .optional("status")
        .map(|text| read_status("status", text))
        .transpose()?;
    let limit = pairs.optional("limit").map_or(Ok(DEFAULT_LIMIT), read_limit)?;
    let shop = lock(&service);
    let email = pairs.optional("email");
    if let Some(email) = email.filter(|email| !shop.knows_customer(email)) {
        return Err(Problem::not_found(
            "unknown_customer",
            format!("no customer has the address `{email}`"),
        ));
    }
    let found = shop.orders(|order| {
        email.is_none_or(|email| order.email.eq_ignore_ascii_case(email))
            && status.is_none_or(|status| order.status == status)
    });
    Ok(Json(page(&found, limit)))
}

/// `POST /v1/orders/search`: a search whose question is a JSON body; it changes nothing.
pub(crate) async fn search(
    State(service): State<Arc<Service>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Problem> {
    let body = json_object(&read(body)?, &["statuses", "currency", "min_total", "limit"])?;
    let statuses = read_statuses(&body)?;
    let min_total = amount(&body, "min_total")?.unwrap_or(0);
    let limit = body
        .get("limit")
        .map_or(Ok(DEFAULT_LIMIT), |value| read_limit(&plain(value)))?;
    let currency = body.get("currency").map(plain);
    let shop = lock(&service);
    let found = shop.orders(|order| {
        order.total >= min_total
            && (statuses.is_empty() || statuses.contains(&order.status))
            && currency
                .as_deref()
                .is_none_or(|code| order.currency.eq_ignore_ascii_case(code))
    });
    Ok(Json(page(&found, limit)))
}

/// `GET /v1/orders/{id}`
pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Segment(id): Segment,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    Pairs::read(query.as_deref().unwrap_or_default(), &[])?;
    let shop = lock(&service);
    shop.order(&id)
        .map(|order| Json(order.details()))
        .ok_or_else(|| unknown_order(&shop, &id))
}

/// `POST /v1/orders/{id}/refunds`: a JSON body with `amount` (all that is left when absent) and `reason`.
pub(crate) async fn refund(
    State(service): State<Arc<Service>>,
    Segment(id): Segment,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = json_object(&read(body)?, &["amount", "reason"])?;
    let cents = amount(&body, "amount")?;
    if cents == Some(0) {
        return Err(invalid("amount", AMOUNT));
    }
    let asked = Asked {
        order_id: id.clone(),
        cents,
        reason: text(&body, "reason")?,
    };
    let key = idempotency_key(&headers)?;
    let mut shop = lock(&service);
    match shop.refund(asked, key) {
        Ok(done) => Ok(created(&done, Refund::as_json)),
        Err(error) => Err(refund_problem(&shop, &id, &error)),
    }
}

/// `POST /v1/orders/{id}/notes`: a form with `text`.
pub(crate) async fn add_note(
    State(service): State<Arc<Service>>,
    Segment(id): Segment,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = read(body)?;
    let form = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !form.starts_with("application/x-www-form-urlencoded") {
        let message = "the note must come as a form: application/x-www-form-urlencoded";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        ));
    }
    let pairs = Pairs::read(&String::from_utf8_lossy(&body), &["text"])?;
    let note = pairs.required("text")?.to_owned();
    let mut shop = lock(&service);
    let Some(order) = shop.order_mut(&id) else {
        return Err(unknown_order(&shop, &id));
    };
    order.notes.push(note);
    let answer = json!({ "order_id": order.id, "notes": order.notes });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

pub(super) const AMOUNT: &str = "a number above 0 with at most two places";

pub(super) fn lock(service: &Service) -> MutexGuard<'_, Shop> {
    // A panic in a handler leaves the shop whole: every change is one assignment after all checks.
    service.shop.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer to a request that moved money, or that repeats one which did.
pub(super) fn created<A>(done: &Done<A>, as_json: impl Fn(&A) -> Value) -> Response {
    match done {
        Done::Now(made) => (StatusCode::CREATED, Json(as_json(made))).into_response(),
        Done::Before(made) => {
            let replayed = [(REPLAYED, HeaderValue::from_static("true"))];
            (StatusCode::CREATED, replayed, Json(as_json(made))).into_response()
        }
    }
}

/// The fault of an idempotency key that was used for another `request`.
pub(super) fn key_reused(request: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency_key_reused",
        format!("this Idempotency-Key was used for another {request}"),
    )
}

fn page(found: &[&Order], limit: usize) -> Value {
    let orders: Vec<Value> = found.iter().take(limit).map(|order| order.summary()).collect();
    json!({ "count": orders.len(), "found": found.len(), "orders": orders })
}

/// The bytes of a body, or why they could not be had.
pub(crate) fn read(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    body.map_err(|rejection| Problem::new(rejection.status(), "unreadable_body", rejection.body_text()))
}

fn read_status(name: &str, text: &str) -> Result<Status, Problem> {
    Status::parse(text).ok_or_else(|| {
        let names = Status::ALL.map(Status::name);
        invalid(name, &format!("one of {}", names.join(", "))).detail("nearest", nearest(text, names))
    })
}

fn read_statuses(body: &Map<String, Value>) -> Result<Vec<Status>, Problem> {
    match body.get("statuses") {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list
            .iter()
            .map(|value| read_status("statuses", &plain(value)))
            .collect(),
        Some(_) => Err(invalid("statuses", "a list of statuses")),
    }
}

fn read_limit(text: &str) -> Result<usize, Problem> {
    text.parse()
        .ok()
        .filter(|limit| (1..=100).contains(limit))
        .ok_or_else(|| invalid("limit", "an integer from 1 to 100"))
}

/// An amount in hundredths.
pub(super) fn amount(body: &Map<String, Value>, name: &str) -> Result<Option<u64>, Problem> {
    let Some(value) = body.get(name) else {
        return Ok(None);
    };
    let cents = match value {
        Value::Number(number) => Decimal::parse(&number.to_string()).and_then(|amount| amount.in_units_of(2)),
        _ => None,
    };
    cents
        .and_then(|cents| u64::try_from(cents).ok())
        .map(Some)
        .ok_or_else(|| invalid(name, AMOUNT))
}

pub(super) fn text(body: &Map<String, Value>, name: &str) -> Result<Option<String>, Problem> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(name, "a string")),
    }
}

/// The value without the quotation marks of a string.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| !key.is_empty() && key.len() <= 255);
    key.map(Some)
        .ok_or_else(|| invalid("Idempotency-Key", "1 to 255 visible characters"))
}

pub(super) fn unknown_order(shop: &Shop, id: &str) -> Problem {
    let ids: Vec<&str> = shop.orders(|_| true).iter().map(|order| order.id).collect();
    Problem::not_found("unknown_order", format!("no order has the id `{id}`"))
        .detail("nearest", nearest(id, ids))
}

fn refund_problem(shop: &Shop, id: &str, error: &RefundError) -> Problem {
    let conflict = |code, message: String| Problem::new(StatusCode::CONFLICT, code, message);
    let unprocessable = |code, message: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
    match error {
        RefundError::UnknownOrder => unknown_order(shop, id),
        RefundError::AlreadyRefunded => conflict(
            "already_refunded",
            format!("order `{id}` has been refunded in full"),
        ),
        RefundError::NotPaid(status) => conflict(
            "not_paid",
            format!("order `{id}` is {} and was never paid", status.name()),
        ),
        RefundError::TooMuch { left, currency } => {
            let left = money(*left);
            unprocessable(
                "refund_too_large",
                format!("at most {left} {currency} of order `{id}` can be refunded"),
            )
            .detail("left", left)
            .detail("currency", *currency)
        }
        RefundError::KeyReused => key_reused("refund"),
    }
}
