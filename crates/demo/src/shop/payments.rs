//! Invoices and their payment over HTTP: `/v1/invoices/{id}` and `/v1/payments`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value};

use super::http::{AMOUNT, amount, created, idempotency_key, key_reused, lock, read, text};
use super::invoice::{Asked, Ledger, Payment, PaymentError};
use crate::iban;
use crate::problem::{Problem, nearest};
use crate::query::{Pairs, Segment, invalid, json_object};
use crate::routes::Service;

/// `GET /v1/invoices/{id}`
pub(crate) async fn invoice(
    State(service): State<Arc<Service>>,
    Segment(id): Segment,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    Pairs::read(query.as_deref().unwrap_or_default(), &[])?;
    let ledger = &lock(&service).ledger;
    ledger
        .invoice(&id)
        .map(|invoice| Json(invoice.as_json()))
        .ok_or_else(|| {
            let ids = ledger.invoices().iter().map(|invoice| invoice.id);
            Problem::not_found("unknown_invoice", format!("no invoice has the id `{id}`"))
                .detail("nearest", nearest(&id, ids))
        })
}

/// `POST /v1/payments`: a JSON body with `iban`, `amount`, `currency` and `reference`, the number of an invoice.
pub(crate) async fn pay(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let asked = asked(&json_object(
        &read(body)?,
        &["iban", "amount", "currency", "reference"],
    )?)?;
    let key = idempotency_key(&headers)?;
    let reference = asked.reference.clone();
    let ledger = &mut lock(&service).ledger;
    match ledger.pay(asked, key) {
        Ok(done) => Ok(created(&done, Payment::as_json)),
        Err(error) => Err(payment_problem(ledger, &reference, &error)),
    }
}

fn asked(body: &Map<String, Value>) -> Result<Asked, Problem> {
    let given = required(body, "iban")?;
    let iban = iban::electronic(&given).map_err(|reason| {
        let message = format!("`{given}` is not a valid IBAN. {reason}");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_iban", message)
    })?;
    let cents = amount(body, "amount")?
        .filter(|cents| *cents > 0)
        .ok_or_else(|| invalid("amount", AMOUNT))?;
    if required(body, "currency")? != "EUR" {
        return Err(invalid("currency", "EUR: convert the amount first"));
    }
    Ok(Asked {
        iban,
        cents,
        reference: required(body, "reference")?,
    })
}

fn required(body: &Map<String, Value>, name: &str) -> Result<String, Problem> {
    text(body, name)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| invalid(name, "a string that is not empty"))
}

fn payment_problem(ledger: &Ledger, reference: &str, error: &PaymentError) -> Problem {
    let unprocessable = |code, message| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
    match error {
        PaymentError::UnknownReference => {
            let numbers = ledger.invoices().iter().map(|invoice| invoice.number);
            let message = format!("no invoice has the number `{reference}`");
            unprocessable("unknown_reference", message).detail("nearest", nearest(reference, numbers))
        }
        PaymentError::AlreadyPaid => Problem::new(
            StatusCode::CONFLICT,
            "already_paid",
            format!("invoice `{reference}` is paid already; no money moved"),
        ),
        PaymentError::OtherAccount(iban) => unprocessable(
            "other_account",
            format!("invoice `{reference}` is to be paid to {iban}"),
        ),
        PaymentError::KeyReused => key_reused("payment"),
    }
}
