//! The shop's state: fictional customers, their orders, refunds, and the invoices it owes. Kept in memory, one state a server.
//!
//! Rules only; how they look over HTTP stands in `http` and `payments`.

pub(crate) mod documents;
pub(crate) mod http;
mod invoice;
mod once;
mod order;
pub(crate) mod payments;
mod seed;

use invoice::Ledger;
use once::{Answered, Done, KeyReused};
pub(crate) use order::{Order, Refund, Status};

/// Everything the shop knows.
#[derive(Debug)]
pub(crate) struct Shop {
    /// Newest first.
    orders: Vec<Order>,
    refunds_made: u32,
    answered: Answered<Asked, Refund>,
    ledger: Ledger,
}

/// A request for a refund, as far as it must be equal to be the same request again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) order_id: String,
    /// In hundredths; nothing means all that is left.
    pub(crate) cents: Option<u64>,
    pub(crate) reason: Option<String>,
}

/// Why a refund was not made. Nothing has changed then.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RefundError {
    UnknownOrder,
    NotPaid(Status),
    AlreadyRefunded,
    TooMuch { left: u64, currency: &'static str },
    KeyReused,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self {
            orders: seed::orders(),
            refunds_made: 0,
            answered: Answered::new(),
            ledger: Ledger::new(),
        }
    }

    /// The orders that `wanted` likes, newest first.
    pub(crate) fn orders(&self, wanted: impl Fn(&Order) -> bool) -> Vec<&Order> {
        self.orders.iter().filter(|order| wanted(order)).collect()
    }

    pub(crate) fn order(&self, id: &str) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }

    pub(crate) fn order_mut(&mut self, id: &str) -> Option<&mut Order> {
        self.orders.iter_mut().find(|order| order.id == id)
    }

    pub(crate) fn knows_customer(&self, email: &str) -> bool {
        self.orders
            .iter()
            .any(|order| order.email.eq_ignore_ascii_case(email))
    }

    /// Moves the money back, at most once for each idempotency key.
    pub(crate) fn refund(&mut self, asked: Asked, key: Option<&str>) -> Result<Done<Refund>, RefundError> {
        let before = self.answered.before(key, &asked);
        if let Some(refund) = before.map_err(|KeyReused| RefundError::KeyReused)? {
            return Ok(Done::Before(refund));
        }
        let refund = self.make(&asked)?;
        self.answered.keep(key, asked, &refund);
        Ok(Done::Now(refund))
    }

    fn make(&mut self, asked: &Asked) -> Result<Refund, RefundError> {
        let number = self.refunds_made + 1;
        let order = self.order_mut(&asked.order_id).ok_or(RefundError::UnknownOrder)?;
        match order.status {
            Status::Refunded => return Err(RefundError::AlreadyRefunded),
            Status::Open | Status::Cancelled => return Err(RefundError::NotPaid(order.status)),
            Status::Paid | Status::Shipped => {}
        }
        let left = order.total - order.refunded;
        let cents = asked.cents.unwrap_or(left);
        if cents > left {
            return Err(RefundError::TooMuch {
                left,
                currency: order.currency,
            });
        }
        order.refunded += cents;
        if order.refunded == order.total {
            order.status = Status::Refunded;
        }
        let refund = Refund {
            id: format!("r_{number}"),
            order_id: order.id.to_owned(),
            cents,
            currency: order.currency,
            left: left - cents,
            status: order.status,
            reason: asked.reason.clone(),
        };
        self.refunds_made = number;
        Ok(refund)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(order_id: &str, cents: Option<u64>) -> Asked {
        Asked {
            order_id: order_id.to_owned(),
            cents,
            reason: None,
        }
    }

    #[test]
    fn a_key_moves_money_once() {
        let mut shop = Shop::new();
        let first = shop.refund(asked("o_1016", Some(500)), Some("k")).unwrap();
        let Done::Now(refund) = first else {
            panic!("the first use of a key makes a refund")
        };
        let again = shop.refund(asked("o_1016", Some(500)), Some("k"));
        assert_eq!(again, Ok(Done::Before(refund)));
        assert_eq!(shop.order("o_1016").unwrap().refunded, 500);
        assert_eq!(
            shop.refund(asked("o_1016", Some(600)), Some("k")),
            Err(RefundError::KeyReused)
        );
    }

    #[test]
    fn a_failure_leaves_the_key_free() {
        let mut shop = Shop::new();
        assert!(shop.refund(asked("o_1016", Some(u64::MAX)), Some("k")).is_err());
        assert!(matches!(
            shop.refund(asked("o_1016", Some(1)), Some("k")),
            Ok(Done::Now(_))
        ));
    }

    #[test]
    fn refunds_add_up_to_the_total_and_no_further() {
        let mut shop = Shop::new();
        let total = shop.order("o_1016").unwrap().total;
        let part = shop.refund(asked("o_1016", Some(1)), None).unwrap();
        assert!(matches!(part, Done::Now(refund) if refund.left == total - 1 && refund.id == "r_1"));
        assert!(matches!(
            shop.refund(asked("o_1016", Some(total)), None),
            Err(RefundError::TooMuch { left, .. }) if left == total - 1
        ));
        let rest = shop.refund(asked("o_1016", None), None).unwrap();
        assert!(matches!(rest, Done::Now(refund) if refund.left == 0 && refund.id == "r_2"));
        assert_eq!(
            shop.refund(asked("o_1016", None), None),
            Err(RefundError::AlreadyRefunded)
        );
        assert_eq!(
            shop.refund(asked("o_1", None), None),
            Err(RefundError::UnknownOrder)
        );
    }

    #[test]
    fn unpaid_orders_are_not_refunded() {
        let mut shop = Shop::new();
        for status in [Status::Open, Status::Cancelled] {
            let id = shop.orders(|order| order.status == status)[0].id;
            assert_eq!(
                shop.refund(asked(id, None), None),
                Err(RefundError::NotPaid(status))
            );
        }
    }
}
