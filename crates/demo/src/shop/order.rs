//! Orders and refunds as data, and how they look as JSON.

use serde_json::{Value, json};

use super::documents::Document;
use crate::decimal::Decimal;

/// What has become of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Open,
    Paid,
    Shipped,
    Refunded,
    Cancelled,
}

impl Status {
    pub(crate) const ALL: [Self; 5] = [
        Self::Open,
        Self::Paid,
        Self::Shipped,
        Self::Refunded,
        Self::Cancelled,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Refunded => "refunded",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == text)
    }
}

/// One order of one customer.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) placed: &'static str,
    pub(crate) status: Status,
    pub(crate) currency: &'static str,
    pub(crate) items: Vec<Item>,
    /// In hundredths.
    pub(crate) total: u64,
    /// In hundredths; never more than the total.
    pub(crate) refunded: u64,
    pub(crate) notes: Vec<String>,
    pub(crate) documents: Vec<Document>,
}

/// One line of an order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) title: &'static str,
    pub(crate) quantity: u32,
    /// In hundredths, for one.
    pub(crate) price: u64,
}

/// A refund that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) order_id: String,
    pub(crate) cents: u64,
    pub(crate) currency: &'static str,
    pub(crate) left: u64,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
}

impl Order {
    /// The line of a list.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "id": self.id, "status": self.status.name(), "placed": self.placed, "email": self.email,
            "total": money(self.total), "refunded": money(self.refunded), "currency": self.currency,
        })
    }

    /// The whole order.
    pub(crate) fn details(&self) -> Value {
        let items: Vec<Value> = self
            .items
            .iter()
            .map(|item| json!({ "title": item.title, "quantity": item.quantity, "price": money(item.price) }))
            .collect();
        json!({
            "id": self.id, "status": self.status.name(), "placed": self.placed,
            "customer": { "name": self.name, "email": self.email },
            "items": items, "total": money(self.total), "refunded": money(self.refunded),
            "refundable": money(self.refundable()), "currency": self.currency, "notes": self.notes,
        })
    }

    fn refundable(&self) -> u64 {
        match self.status {
            Status::Paid | Status::Shipped => self.total - self.refunded,
            Status::Open | Status::Refunded | Status::Cancelled => 0,
        }
    }
}

impl Refund {
    pub(crate) fn as_json(&self) -> Value {
        json!({
            "id": self.id, "order_id": self.order_id, "amount": money(self.cents),
            "currency": self.currency, "left": money(self.left), "order_status": self.status.name(),
            "reason": self.reason,
        })
    }
}

/// Hundredths as a JSON number with two places.
pub(crate) fn money(cents: u64) -> Value {
    Decimal::new(cents.into(), 2).to_json()
}
