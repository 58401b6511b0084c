//! Currency exchange: `/v1/rates/latest`, `/v1/rates/{date}`, `/v1/currencies`.
//!
//! Rates between the euro and a currency are as published; all others are the quotient of two published rates,
//! divided exactly and rounded once, half up, to six significant digits. A converted amount comes from the
//! unrounded rates and is rounded half up to two places, or to six significant digits when it is below one.

use axum::Json;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::decimal::{Decimal, Rounding};
use crate::problem::{Problem, nearest};
use crate::query::{Pairs, Segment, invalid};
use crate::rates::{Day, OutOfRange, SOURCE, Table};

const PARAMETERS: &[&str] = &["from", "to", "amount"];

pub(crate) async fn latest(RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let table = Table::shipped();
    let asked = Asked::read(table, query.as_deref())?;
    answer(table, &asked, table.latest(), None).map(Json)
}

pub(crate) async fn on_date(
    Segment(date): Segment,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let table = Table::shipped();
    let date = read_date(&date)?;
    let asked = Asked::read(table, query.as_deref())?;
    let day = table.on_or_before(date).map_err(out_of_range)?;
    answer(table, &asked, day, Some(date)).map(Json)
}

pub(crate) async fn currencies(RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    Pairs::read(query.as_deref().unwrap_or_default(), &[])?;
    let table = Table::shipped();
    let list: Vec<Value> = table
        .codes()
        .into_iter()
        .filter_map(|code| {
            let (first, last) = table.span(code)?;
            let quoted = table.per_euro(code, table.latest()).is_some();
            Some(json!({
                "code": code, "first": first.to_string(), "last": last.to_string(), "quoted_today": quoted,
            }))
        })
        .collect();
    Ok(Json(
        json!({ "date": table.date(table.latest()).to_string(), "currencies": list, "source": SOURCE }),
    ))
}

/// What the query asks for.
struct Asked {
    from: String,
    to: String,
    amount: Option<Decimal>,
}

impl Asked {
    fn read(table: &Table, query: Option<&str>) -> Result<Self, Problem> {
        let pairs = Pairs::read(query.unwrap_or_default(), PARAMETERS)?;
        let from = known_code(table, "from", pairs.required("from")?)?;
        let to = known_code(table, "to", pairs.required("to")?)?;
        let amount = match pairs.optional("amount") {
            None => None,
            Some(text) => Some(Decimal::parse(text).ok_or_else(|| {
                invalid(
                    "amount",
                    "a number of at least 0, with at most 12 digits before the point and 6 after it",
                )
            })?),
        };
        Ok(Self { from, to, amount })
    }
}

fn known_code(table: &Table, name: &str, text: &str) -> Result<String, Problem> {
    let code = text.to_ascii_uppercase();
    let codes = table.codes();
    if codes.contains(&code.as_str()) {
        return Ok(code);
    }
    let near = nearest(&code, codes.iter().copied());
    let mut message = format!("unknown currency `{text}` in `{name}`");
    if let Some(best) = near.first() {
        message.push_str(&format!("; did you mean `{best}`?"));
    }
    Err(Problem::bad_request("unknown_currency", message)
        .detail("parameter", name)
        .detail("nearest", near)
        .detail("valid", codes))
}

fn read_date(text: &str) -> Result<Date, Problem> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    shaped
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(|| invalid("date", "a day of the calendar as YYYY-MM-DD, or `latest`"))
}

fn out_of_range(out: OutOfRange) -> Problem {
    let (message, name, date) = match out {
        OutOfRange::Before(first) => (format!("the rates begin on {first}"), "first", first),
        OutOfRange::After(last) => (format!("the rates of this service end on {last}"), "last", last),
    };
    Problem::not_found("no_rate_on_date", message).detail(name, date.to_string())
}

fn answer(table: &Table, asked: &Asked, day: Day, requested: Option<Date>) -> Result<Value, Problem> {
    let from = quoted(table, &asked.from, day)?;
    let to = quoted(table, &asked.to, day)?;
    let date = table.date(day);
    let mut body = json!({
        "from": asked.from, "to": asked.to, "rate": cross(from, to)?.to_json(), "date": date.to_string(),
    });
    if let Some(requested) = requested {
        body["requested_date"] = requested.to_string().into();
        if requested != date {
            body["note"] = format!(
                "No rates were published on {requested}; these are of {date}, the last business day before."
            )
            .into();
        }
    }
    if let Some(amount) = asked.amount {
        body["amount"] = amount.to_json();
        body["converted"] = convert(amount, from, to)?.to_json();
    }
    body["basis"] = basis(&asked.from, &asked.to).into();
    body["source"] = SOURCE.into();
    Ok(body)
}

/// Whether the rate stands in the table as it is or was computed from two that do.
fn basis(from: &str, to: &str) -> &'static str {
    match (from, to) {
        _ if from == to => "identity",
        ("EUR", _) => "published",
        _ => "computed",
    }
}

fn quoted(table: &Table, code: &str, day: Day) -> Result<Decimal, Problem> {
    table.per_euro(code, day).ok_or_else(|| {
        let date = table.date(day);
        let problem = Problem::not_found("not_quoted", format!("no rate of {code} was published on {date}"));
        let valid: Vec<&str> = table
            .codes()
            .into_iter()
            .filter(|code| table.per_euro(code, day).is_some())
            .collect();
        let problem = match table.span(code) {
            Some((first, last)) => problem
                .detail("first", first.to_string())
                .detail("last", last.to_string()),
            None => problem,
        };
        problem.detail("valid", valid)
    })
}

/// What one unit of the first currency is worth in the second.
fn cross(from: Decimal, to: Decimal) -> Result<Decimal, Problem> {
    if from == Decimal::ONE {
        return Ok(to.trimmed());
    }
    to.checked_div(from, Rounding::Digits(6))
        .map(Decimal::trimmed)
        .ok_or_else(too_large)
}

fn convert(amount: Decimal, from: Decimal, to: Decimal) -> Result<Decimal, Problem> {
    let product = amount.checked_mul(to).ok_or_else(too_large)?;
    let whole = product
        .checked_div(from, Rounding::Places(0))
        .ok_or_else(too_large)?;
    let rounding = if whole.is_zero() {
        Rounding::Digits(6)
    } else {
        Rounding::Places(2)
    };
    product.checked_div(from, rounding).ok_or_else(too_large)
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "amount_too_large",
        "the amount is too large to convert",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(from: &str, to: &str, date: &str, amount: Option<&str>) -> Value {
        let table = Table::shipped();
        let day = table.on_or_before(date.parse().unwrap()).unwrap();
        let asked = Asked {
            from: from.into(),
            to: to.into(),
            amount: amount.and_then(Decimal::parse),
        };
        answer(table, &asked, day, Some(date.parse().unwrap())).unwrap()
    }

    /// Expected values were computed with another program from the published rates of the day.
    #[test]
    fn cross_rates_are_rounded_once() {
        #[track_caller]
        fn case(from: &str, to: &str, amount: &str, rate: &str, converted: &str) {
            let body = on(from, to, "2026-10-30", Some(amount));
            assert_eq!(body["rate"].to_string(), rate, "{from} to {to}");
            assert_eq!(
                body["converted"].to_string(),
                converted,
                "{amount} {from} in {to}"
            );
        }
        case("EUR", "USD", "100", "1.1172", "111.72");
        case("USD", "EUR", "100", "0.895095", "89.51");
        case("USD", "JPY", "250", "157.25", "39312.57");
        case("JPY", "IDR", "1", "115.41", "115.41");
        case("IDR", "EUR", "1", "0.0000493214", "0.0000493214");
        case("EUR", "EUR", "1.5", "1", "1.50");
        case("USD", "USD", "7", "1", "7.00");
        case("EUR", "USD", "0", "1.1172", "0");
    }

    #[test]
    fn a_weekend_says_so() {
        let sunday = on("EUR", "USD", "2026-10-25", None);
        assert_eq!(sunday["date"], "2026-10-23");
        assert!(sunday["note"].as_str().unwrap().contains("2026-10-25"));
        assert!(on("EUR", "USD", "2026-10-23", None).get("note").is_none());
    }

    #[test]
    fn what_was_computed_is_said() {
        #[track_caller]
        fn case(from: &str, to: &str, expected: &str) {
            assert_eq!(
                on(from, to, "2026-10-30", None)["basis"],
                expected,
                "{from} to {to}"
            );
        }
        case("EUR", "USD", "published");
        case("USD", "EUR", "computed");
        case("USD", "JPY", "computed");
        case("USD", "USD", "identity");
    }

    #[test]
    fn dates_are_strict() {
        for good in ["2026-10-30", "2024-02-29"] {
            assert!(read_date(good).is_ok(), "{good}");
        }
        for bad in [
            "2026-02-30",
            "2026-1-1",
            "20261030",
            "yesterday",
            "2026-10-30T00:00:00Z",
            "",
        ] {
            assert!(read_date(bad).is_err(), "{bad}");
        }
    }
}
