//! IBAN validation: `/v1/iban/{iban}`. Structure, country format and checksum; no bank is asked.

use axum::Json;
use axum::extract::RawQuery;
use iban::{BaseIban, Iban, IbanLike, ParseBaseIbanError, ParseIbanError};
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::query::{Pairs, Segment};

pub(crate) async fn validate(
    Segment(text): Segment,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    Pairs::read(query.as_deref().unwrap_or_default(), &[])?;
    Ok(Json(examine(&text)))
}

/// A valid account number without spaces, or what is wrong with it.
pub(crate) fn electronic(text: &str) -> Result<String, &'static str> {
    match compact(text).parse::<Iban>() {
        Ok(iban) => Ok(iban.electronic_str().to_owned()),
        Err(error) => Err(fault(&error).1),
    }
}

/// Everything that the text itself says. Spaces and hyphens between the groups and small letters are accepted.
fn examine(text: &str) -> Value {
    let compact = compact(text);
    match compact.parse::<Iban>() {
        Ok(iban) => {
            let mut body = parts(&iban);
            body["bban"] = iban.bban().into();
            body["bank"] = iban.bank_identifier().into();
            body["branch"] = iban.branch_identifier().into();
            body["valid"] = true.into();
            body
        }
        Err(error) => invalid(&compact, error),
    }
}

fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| *c != ' ' && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

fn invalid(compact: &str, error: ParseIbanError) -> Value {
    let (code, reason) = fault(&error);
    let base = match error {
        ParseIbanError::InvalidBaseIban { .. } => None,
        ParseIbanError::InvalidBban(base) | ParseIbanError::UnknownCountry(base) => Some(base),
    };
    let mut body = base
        .as_ref()
        .map_or_else(|| json!({ "valid": false, "iban": compact }), parts::<BaseIban>);
    body["reason_code"] = code.into();
    body["reason"] = reason.into();
    body
}

/// A code and a sentence for what is wrong.
fn fault(error: &ParseIbanError) -> (&'static str, &'static str) {
    match error {
        ParseIbanError::InvalidBaseIban {
            source: ParseBaseIbanError::InvalidChecksum,
        } => (
            "checksum",
            "The check digits do not fit the rest: a digit is wrong or two are swapped.",
        ),
        ParseIbanError::InvalidBaseIban {
            source: ParseBaseIbanError::InvalidFormat,
        } => (
            "format",
            "An IBAN is two letters, two digits and then 11 to 30 letters and digits.",
        ),
        ParseIbanError::InvalidBban(_) => (
            "country_format",
            "The account part does not have the form of this country.",
        ),
        ParseIbanError::UnknownCountry(_) => {
            ("country", "The country does not take part in the IBAN registry.")
        }
    }
}

fn parts<T: IbanLike + std::fmt::Display>(iban: &T) -> Value {
    json!({
        "valid": false,
        "iban": iban.electronic_str(),
        "printed": iban.to_string(),
        "country": iban.country_code(),
        "check_digits": iban.check_digits_str(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The valid numbers are the examples of the IBAN registry.
    #[test]
    fn valid_numbers_are_taken_apart() {
        let body = examine("gb29 NWBK 6016-1331 9268 19");
        assert_eq!(
            body,
            json!({
                "valid": true, "iban": "GB29NWBK60161331926819", "printed": "GB29 NWBK 6016 1331 9268 19",
                "country": "GB", "check_digits": "29", "bban": "NWBK60161331926819", "bank": "NWBK",
                "branch": "601613",
            })
        );
        let german = examine("DE89370400440532013000");
        assert_eq!(german["bank"], "37040044");
        assert_eq!(german["branch"], Value::Null);
    }

    #[test]
    fn invalid_numbers_say_why() {
        #[track_caller]
        fn case(text: &str, code: &str) {
            let body = examine(text);
            assert_eq!(body["valid"], false, "{text}");
            assert_eq!(body["reason_code"], code, "{text}");
        }
        case("GB30NWBK60161331926819", "checksum");
        case("DE8937040044053201300", "checksum");
        case("hello", "format");
        case("", "format");
        case("DE89 3704 0044 0532 0130 00 000000000000000000", "format");
        case("AL84212110090000AB023569874", "country_format");
        case("ZZ07273912631298461", "country");
    }
}
