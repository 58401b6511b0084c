//! Which path leads where, and the answers for paths and methods that do not exist.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::gate::{Gate, limit, log, need_key};
use crate::problem::Problem;
use crate::shop::{Shop, documents, http, payments};
use crate::{currency, email, iban, ip, login};

/// What the handlers share.
pub(crate) struct Service {
    pub(crate) shop: Mutex<Shop>,
    pub(crate) gate: Arc<Gate>,
}

impl Service {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self {
            shop: Mutex::new(Shop::new()),
            gate,
        }
    }
}

/// Every route is limited; those of the reference data that anybody may read and those that give out tokens need
/// no key.
pub(crate) fn router(service: Arc<Service>) -> Router {
    let gate = Arc::clone(&service.gate);
    let limited = from_fn_with_state(Arc::clone(&gate), limit);
    let keyed = from_fn_with_state(Arc::clone(&gate), need_key);
    let open = Router::new()
        .route("/v1/currencies", get(currency::currencies))
        .route("/v1/ip/{address}", get(ip::look_up))
        .route("/v1/oauth/token", post(login::token))
        .route("/v1/login", post(login::log_in))
        .route_layer(limited.clone());
    let closed = Router::new()
        .route("/v1/rates/latest", get(currency::latest))
        .route("/v1/rates/{date}", get(currency::on_date))
        .route("/v1/iban/{iban}", get(iban::validate))
        .route("/v1/email", get(email::verify))
        .route("/v1/orders", get(http::find))
        .route("/v1/orders/search", post(http::search))
        .route("/v1/orders/{id}", get(http::get))
        .route("/v1/orders/{id}/refunds", post(http::refund))
        .route("/v1/orders/{id}/notes", post(http::add_note))
        .route("/v1/orders/{id}/documents", post(documents::attach))
        .route("/v1/invoices/{id}", get(payments::invoice))
        .route("/v1/payments", post(payments::pay))
        .route_layer(limited)
        // Outside the limit, so that a wrong key costs its owner nothing.
        .route_layer(keyed);
    open.merge(closed)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(service)
        .layer(from_fn_with_state(gate, log))
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::not_found("unknown_path", format!("there is nothing at `{}`", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("`{}` does not take {method}", uri.path()),
    )
}
