//! The orders that every shop starts with. The people are made up; their addresses end in names that RFC 2606
//! keeps free for examples.

use super::order::{Item, Order, Status};

/// All orders, newest first.
pub(super) fn orders() -> Vec<Order> {
    ROWS.iter().map(Row::order).collect()
}

struct Row {
    id: &'static str,
    placed: &'static str,
    customer: &'static (&'static str, &'static str),
    status: Status,
    currency: &'static str,
    items: &'static [(&'static str, u32, u64)],
}

const ANN: (&str, &str) = ("Ann Example", "ann@example.com");
const BEN: (&str, &str) = ("Ben Sample", "ben@example.com");
const CHEN: (&str, &str) = ("Chen Placeholder", "chen@example.org");
const DORA: (&str, &str) = ("Dora Fictional", "dora@example.net");
const EMIL: (&str, &str) = ("Emil Invented", "emil@example.com");

const fn row(
    id: &'static str,
    placed: &'static str,
    customer: &'static (&'static str, &'static str),
    status: Status,
    currency: &'static str,
    items: &'static [(&'static str, u32, u64)],
) -> Row {
    Row {
        id,
        placed,
        customer,
        status,
        currency,
        items,
    }
}

#[rustfmt::skip] // One row a line reads as a table.
const ROWS: &[Row] = &[
    row("o_1016", "2026-10-29", &ANN, Status::Paid, "EUR", &[("Desk lamp", 1, 3990), ("Light bulb", 2, 500)]),
    row("o_1015", "2026-10-28", &BEN, Status::Open, "USD", &[("Notebook, ruled", 3, 650)]),
    row("o_1014", "2026-10-26", &CHEN, Status::Shipped, "EUR", &[("Teapot", 1, 4200), ("Tea tin", 1, 1250)]),
    row("o_1013", "2026-10-24", &ANN, Status::Shipped, "EUR", &[("Wall clock", 1, 2999)]),
    row("o_1012", "2026-10-21", &DORA, Status::Cancelled, "GBP", &[("Umbrella", 1, 2450)]),
    row("o_1011", "2026-10-20", &BEN, Status::Paid, "USD", &[("Fountain pen", 1, 8900)]),
    row("o_1010", "2026-10-17", &EMIL, Status::Paid, "EUR", &[("Backpack", 1, 7495)]),
    row("o_1009", "2026-10-14", &CHEN, Status::Refunded, "EUR", &[("Cutting board", 1, 1800)]),
    row("o_1008", "2026-10-11", &DORA, Status::Shipped, "GBP", &[("Rain coat", 1, 6400), ("Scarf", 2, 1100)]),
    row("o_1007", "2026-10-08", &ANN, Status::Refunded, "EUR", &[("Picture frame", 4, 975)]),
    row("o_1006", "2026-10-05", &EMIL, Status::Open, "EUR", &[("Water bottle", 2, 1690)]),
    row("o_1005", "2026-10-02", &BEN, Status::Shipped, "USD", &[("Bookend", 2, 1425)]),
    row("o_1004", "2026-09-27", &CHEN, Status::Paid, "EUR", &[("Serving bowl", 1, 3350)]),
    row("o_1003", "2026-09-19", &DORA, Status::Paid, "GBP", &[("Garden gloves", 1, 899)]),
    row("o_1002", "2026-09-12", &ANN, Status::Shipped, "EUR", &[("Floor lamp", 1, 11900)]),
    row("o_1001", "2026-09-03", &EMIL, Status::Cancelled, "EUR", &[("Hammock", 1, 5600)]),
];

impl Row {
    fn order(&self) -> Order {
        let items: Vec<Item> = self
            .items
            .iter()
            .map(|&(title, quantity, price)| Item {
                title,
                quantity,
                price,
            })
            .collect();
        let total = items
            .iter()
            .map(|item| u64::from(item.quantity) * item.price)
            .sum();
        let refunded = if self.status == Status::Refunded { total } else { 0 };
        let &(name, email) = self.customer;
        Order {
            id: self.id,
            name,
            email,
            placed: self.placed,
            status: self.status,
            currency: self.currency,
            items,
            total,
            refunded,
            notes: Vec::new(),
            documents: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_newest_first_and_have_their_own_ids() {
        let orders = orders();
        assert!(
            orders
                .windows(2)
                .all(|pair| pair[0].placed > pair[1].placed && pair[0].id > pair[1].id)
        );
    }

    #[test]
    fn nobody_real_is_named() {
        let reserved = ["example.com", "example.org", "example.net"];
        for order in orders() {
            let domain = order.email.split_once('@').unwrap().1;
            assert!(reserved.contains(&domain), "{}", order.email);
        }
    }
}
