//! IP lookup: `/v1/ip/{address}`. The class of an address and the special ranges that it lies in.
//!
//! Where an address is in the world is not told: no geolocation data is carried, and the answer says so.

mod registry;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::Json;
use axum::extract::RawQuery;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::query::{Pairs, Segment, invalid};
use registry::{Reach, Row, SNAPSHOT, rows_of};

pub(crate) async fn look_up(
    Segment(text): Segment,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    Pairs::read(query.as_deref().unwrap_or_default(), &[])?;
    let address = text
        .parse()
        .map_err(|_| invalid("address", "an IPv4 or IPv6 address, without a port"))?;
    Ok(Json(examine(address)))
}

fn examine(address: IpAddr) -> Value {
    let mut rows = rows_of(address);
    // The narrowest range decides.
    rows.sort_by_key(|row| std::cmp::Reverse(row.length));
    let reach = rows.first().map_or(Reach::Global, |row| row.reach);
    let ranges: Vec<Value> = rows.iter().map(|row| describe(row)).collect();
    let mut body = json!({
        "address": address.to_string(),
        "version": if address.is_ipv4() { 4 } else { 6 },
        "class": class(address, rows.first().copied()),
        "globally_reachable": reach.as_json(),
        "special_ranges": ranges,
        "reverse_name": reverse_name(address),
        "geolocation": Value::Null,
        "note": "The place, owner and network of an address are not known to this service.",
        "source": SNAPSHOT,
    });
    if let Some(inner) = embedded(address) {
        body["embedded_ipv4"] = inner.to_string().into();
    }
    body
}

fn describe(row: &Row) -> Value {
    json!({
        "range": format!("{}/{}", row.prefix, row.length), "name": row.name, "reference": row.reference,
        "globally_reachable": row.reach.as_json(),
    })
}

/// One word for the kind of address.
fn class(address: IpAddr, narrowest: Option<&Row>) -> &'static str {
    if address.is_multicast() {
        return "multicast";
    }
    narrowest.map_or("public", |row| row.class)
}

/// The IPv4 address inside a mapped, translated or 6to4 address.
fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let s = address.segments();
    let pair = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(pair(high, low)),
        [0x2002, high, low, ..] => Some(pair(high, low)),
        _ => address.to_ipv4_mapped(),
    }
}

/// The name under which a PTR record would stand (RFC 1035 and RFC 3596).
fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => nibbles(v6) + "ip6.arpa",
    }
}

fn nibbles(address: Ipv6Addr) -> String {
    let digits = format!("{:032x}", u128::from(address));
    digits.chars().rev().flat_map(|digit| [digit, '.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_reach() {
        #[track_caller]
        fn case(address: &str, class: &str, reachable: Value) {
            let body = examine(address.parse().unwrap());
            assert_eq!(body["class"], class, "{address}");
            assert_eq!(body["globally_reachable"], reachable, "{address}");
        }
        case("8.8.8.8", "public", json!(true));
        case("10.1.2.3", "private", json!(false));
        case("172.31.255.255", "private", json!(false));
        case("172.32.0.0", "public", json!(true));
        case("192.168.0.1", "private", json!(false));
        case("100.64.0.1", "shared", json!(false));
        case("127.0.0.1", "loopback", json!(false));
        case("169.254.169.254", "link_local", json!(false));
        case("192.0.2.7", "documentation", json!(false));
        case("192.0.0.9", "protocol", json!(true));
        case("192.0.0.20", "protocol", json!(false));
        case("0.0.0.0", "unspecified", json!(false));
        case("255.255.255.255", "broadcast", json!(false));
        case("250.0.0.1", "reserved", json!(false));
        case("224.0.0.1", "multicast", Value::Null);
        case("192.88.99.1", "deprecated", Value::Null);
        case("::1", "loopback", json!(false));
        case("::", "unspecified", json!(false));
        case("::ffff:192.0.2.1", "ipv4_mapped", json!(false));
        case("64:ff9b::808:808", "translation", json!(true));
        case("2001:db8::1", "documentation", json!(false));
        case("2001:4860:4860::8888", "public", json!(true));
        case("2002:c000:204::1", "transition", Value::Null);
        case("fd00::1", "private", json!(false));
        case("fe80::1", "link_local", json!(false));
        case("ff02::1", "multicast", Value::Null);
        case("2001:20::1", "protocol", json!(true));
        case("2001:5::1", "protocol", json!(false));
    }

    #[test]
    fn parts_are_told() {
        let mapped = examine("::ffff:192.0.2.1".parse().unwrap());
        assert_eq!(mapped["embedded_ipv4"], "192.0.2.1");
        assert_eq!(
            examine("2002:c000:204::1".parse().unwrap())["embedded_ipv4"],
            "192.0.2.4"
        );
        assert_eq!(
            examine("192.0.2.1".parse().unwrap())["reverse_name"],
            "1.2.0.192.in-addr.arpa"
        );
        let v6 = examine("2001:db8::1".parse().unwrap());
        assert_eq!(
            v6["reverse_name"],
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        );
        assert_eq!(
            examine("192.0.0.9".parse().unwrap())["special_ranges"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
    }
}
