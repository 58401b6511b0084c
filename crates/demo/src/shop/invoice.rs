//! Invoices that the shop owes, and their payment. Rules and rows; how they look over HTTP stands in `payments`.
//!
//! The creditors are made up. The account numbers are the examples of the IBAN registry, so none belongs to anybody;
//! one has a digit wrong.

use serde_json::{Value, json};

use super::once::{Answered, Done, KeyReused};
use super::order::money;

/// One invoice of one creditor.
#[derive(Clone, Debug)]
pub(crate) struct Invoice {
    pub(crate) id: &'static str,
    pub(crate) number: &'static str,
    creditor: &'static str,
    /// As it is printed on the invoice.
    pub(crate) iban: &'static str,
    /// In hundredths of its own currency.
    amount: u64,
    currency: &'static str,
    due: &'static str,
    status: Status,
}

/// What has become of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Open,
    Paid,
}

/// A request for a payment, as far as it must be equal to be the same request again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Without spaces.
    pub(crate) iban: String,
    /// Hundredths of a euro.
    pub(crate) cents: u64,
    /// The number of the invoice.
    pub(crate) reference: String,
}

/// A payment that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) id: String,
    asked: Asked,
    creditor: &'static str,
}

/// Why a payment was not made. Nothing has changed then.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PaymentError {
    UnknownReference,
    AlreadyPaid,
    /// The invoice names this account, not the one of the request.
    OtherAccount(&'static str),
    KeyReused,
}

/// All invoices, and what was paid.
#[derive(Debug)]
pub(crate) struct Ledger {
    invoices: Vec<Invoice>,
    payments_made: u32,
    answered: Answered<Asked, Payment>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            invoices: ROWS.to_vec(),
            payments_made: 0,
            answered: Answered::new(),
        }
    }

    pub(crate) fn invoices(&self) -> &[Invoice] {
        &self.invoices
    }

    pub(crate) fn invoice(&self, id: &str) -> Option<&Invoice> {
        self.invoices.iter().find(|invoice| invoice.id == id)
    }

    /// Pays the invoice whose number is the reference, at most once for each idempotency key and once at all.
    pub(crate) fn pay(&mut self, asked: Asked, key: Option<&str>) -> Result<Done<Payment>, PaymentError> {
        let before = self.answered.before(key, &asked);
        if let Some(payment) = before.map_err(|KeyReused| PaymentError::KeyReused)? {
            return Ok(Done::Before(payment));
        }
        let payment = self.make(&asked)?;
        self.answered.keep(key, asked, &payment);
        Ok(Done::Now(payment))
    }

    fn make(&mut self, asked: &Asked) -> Result<Payment, PaymentError> {
        let invoice = self
            .invoices
            .iter_mut()
            .find(|invoice| invoice.number == asked.reference)
            .ok_or(PaymentError::UnknownReference)?;
        if invoice.status == Status::Paid {
            return Err(PaymentError::AlreadyPaid);
        }
        if invoice.iban != asked.iban {
            return Err(PaymentError::OtherAccount(invoice.iban));
        }
        invoice.status = Status::Paid;
        self.payments_made += 1;
        Ok(Payment {
            id: format!("p_{}", self.payments_made),
            asked: asked.clone(),
            creditor: invoice.creditor,
        })
    }
}

impl Invoice {
    pub(crate) fn as_json(&self) -> Value {
        let status = match self.status {
            Status::Open => "open",
            Status::Paid => "paid",
        };
        json!({
            "id": self.id, "number": self.number, "creditor": self.creditor, "iban": self.iban,
            "amount": money(self.amount), "currency": self.currency, "due": self.due, "status": status,
        })
    }
}

impl Payment {
    pub(crate) fn as_json(&self) -> Value {
        json!({
            "id": self.id, "status": "executed", "creditor": self.creditor, "iban": self.asked.iban,
            "amount": money(self.asked.cents), "currency": "EUR", "reference": self.asked.reference,
        })
    }
}

type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u64,
    &'static str,
    &'static str,
    Status,
);

const fn row((id, number, creditor, iban, amount, currency, due, status): Row) -> Invoice {
    Invoice {
        id,
        number,
        creditor,
        iban,
        amount,
        currency,
        due,
        status,
    }
}

#[rustfmt::skip] // One row a line reads as a table.
const ROWS: &[Invoice] = &[
    row(("inv_301", "2026-118", "Lamp Works Example Inc.", "DE89370400440532013000", 24_000, "USD", "2026-11-20", Status::Open)),
    row(("inv_302", "R-7741", "Invented Paper AG", "CH9300762011623852957", 61_250, "CHF", "2026-11-27", Status::Open)),
    // Two digits swapped, as it happens to somebody who types a number from paper.
    row(("inv_303", "GB-0093", "Sample Freight Ltd", "GB29NWBK60161331962819", 18_040, "GBP", "2026-11-30", Status::Open)),
    row(("inv_304", "2026-102", "Lamp Works Example Inc.", "DE89370400440532013000", 9_900, "USD", "2026-10-20", Status::Paid)),
    row(("inv_305", "F-2026-55", "Teapots Fictives SA", "FR1420041010050500013M02606", 42_000, "EUR", "2026-12-04", Status::Open)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iban;

    fn asked(invoice: &Invoice) -> Asked {
        Asked {
            iban: invoice.iban.to_owned(),
            cents: 100,
            reference: invoice.number.to_owned(),
        }
    }

    fn first() -> Asked {
        asked(&ROWS[0])
    }

    #[test]
    fn a_key_pays_once_and_an_invoice_is_paid_once() {
        let mut ledger = Ledger::new();
        let Ok(Done::Now(payment)) = ledger.pay(first(), Some("k")) else {
            panic!("the first use of a key pays")
        };
        assert_eq!(payment.id, "p_1");
        assert_eq!(ledger.invoice("inv_301").unwrap().status, Status::Paid);
        assert_eq!(ledger.pay(first(), Some("k")), Ok(Done::Before(payment)));
        let more = Asked {
            cents: 200,
            ..first()
        };
        assert_eq!(ledger.pay(more, Some("k")), Err(PaymentError::KeyReused));
        assert_eq!(ledger.pay(first(), Some("l")), Err(PaymentError::AlreadyPaid));
        assert_eq!(ledger.pay(first(), None), Err(PaymentError::AlreadyPaid));
    }

    #[test]
    fn a_failure_changes_nothing_and_leaves_the_key_free() {
        let mut ledger = Ledger::new();
        let elsewhere = Asked {
            iban: "CH9300762011623852957".to_owned(),
            ..first()
        };
        let unknown = Asked {
            reference: "2026-999".to_owned(),
            ..first()
        };
        assert_eq!(
            ledger.pay(elsewhere, Some("k")),
            Err(PaymentError::OtherAccount("DE89370400440532013000"))
        );
        assert_eq!(
            ledger.pay(unknown, Some("k")),
            Err(PaymentError::UnknownReference)
        );
        assert_eq!(ledger.invoice("inv_301").unwrap().status, Status::Open);
        assert!(matches!(ledger.pay(first(), Some("k")), Ok(Done::Now(payment)) if payment.id == "p_1"));
    }

    #[test]
    fn one_account_number_is_wrong_and_one_invoice_is_paid() {
        let wrong: Vec<&str> = ROWS
            .iter()
            .filter(|row| iban::electronic(row.iban).is_err())
            .map(|row| row.id)
            .collect();
        assert_eq!(wrong, ["inv_303"]);
        let paid: Vec<&str> = ROWS
            .iter()
            .filter(|row| row.status == Status::Paid)
            .map(|row| row.id)
            .collect();
        assert_eq!(paid, ["inv_304"]);
    }

    #[test]
    fn ids_and_numbers_are_each_there_once() {
        for (place, row) in ROWS.iter().enumerate() {
            assert!(
                ROWS[..place]
                    .iter()
                    .all(|other| other.id != row.id && other.number != row.number),
                "{}",
                row.id
            );
        }
    }
}
