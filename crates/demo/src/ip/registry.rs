//! The special ranges of the IANA registries as a table. What they mean for an address is decided in `mod.rs`.
//!
//! Rows, references and reach are those of the IPv4 and the IPv6 Special-Purpose Address Registry as of 18 July
//! 2026; the two multicast ranges come from the registries of multicast addresses. `class` is this service's word.

use std::net::IpAddr;

use serde_json::Value;

/// Where the table comes from, as every answer says.
pub(super) const SNAPSHOT: &str = "IANA special-purpose address registries, as of 2026-07-18";

/// Whether the registry says that packets for an address may cross the public internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// They may.
    Global,
    /// They stay within a host, a link or a network.
    Local,
    /// The registry leaves it open.
    Unstated,
}

impl Reach {
    pub(super) fn as_json(self) -> Value {
        match self {
            Self::Global => Value::Bool(true),
            Self::Local => Value::Bool(false),
            Self::Unstated => Value::Null,
        }
    }
}

/// One range of a registry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) prefix: &'static str,
    pub(super) length: u32,
    pub(super) name: &'static str,
    pub(super) reference: &'static str,
    pub(super) reach: Reach,
    pub(super) class: &'static str,
}

const fn row(
    prefix: &'static str,
    length: u32,
    name: &'static str,
    reference: &'static str,
    reach: Reach,
    class: &'static str,
) -> Row {
    Row {
        prefix,
        length,
        name,
        reference,
        reach,
        class,
    }
}

#[rustfmt::skip] // One row a line reads as a table.
const ROWS: &[Row] = &[
    row("0.0.0.0", 8, "\"This network\"", "RFC 791", Reach::Local, "unspecified"),
    row("0.0.0.0", 32, "\"This host on this network\"", "RFC 1122", Reach::Local, "unspecified"),
    row("10.0.0.0", 8, "Private-Use", "RFC 1918", Reach::Local, "private"),
    row("100.64.0.0", 10, "Shared Address Space", "RFC 6598", Reach::Local, "shared"),
    row("127.0.0.0", 8, "Loopback", "RFC 1122", Reach::Local, "loopback"),
    row("169.254.0.0", 16, "Link Local", "RFC 3927", Reach::Local, "link_local"),
    row("172.16.0.0", 12, "Private-Use", "RFC 1918", Reach::Local, "private"),
    row("192.0.0.0", 24, "IETF Protocol Assignments", "RFC 6890", Reach::Local, "protocol"),
    row("192.0.0.0", 29, "IPv4 Service Continuity Prefix", "RFC 7335", Reach::Local, "protocol"),
    row("192.0.0.8", 32, "IPv4 dummy address", "RFC 7600", Reach::Local, "protocol"),
    row("192.0.0.9", 32, "Port Control Protocol Anycast", "RFC 7723", Reach::Global, "protocol"),
    row("192.0.0.10", 32, "Traversal Using Relays around NAT Anycast", "RFC 8155", Reach::Global, "protocol"),
    row("192.0.0.170", 32, "NAT64/DNS64 Discovery", "RFC 8880", Reach::Local, "protocol"),
    row("192.0.0.171", 32, "NAT64/DNS64 Discovery", "RFC 8880", Reach::Local, "protocol"),
    row("192.0.2.0", 24, "Documentation (TEST-NET-1)", "RFC 5737", Reach::Local, "documentation"),
    row("192.31.196.0", 24, "AS112-v4", "RFC 7535", Reach::Global, "protocol"),
    row("192.52.193.0", 24, "AMT", "RFC 7450", Reach::Global, "protocol"),
    row("192.88.99.0", 24, "Deprecated (6to4 Relay Anycast)", "RFC 7526", Reach::Unstated, "deprecated"),
    row("192.88.99.2", 32, "6a44-relay anycast address", "RFC 6751", Reach::Local, "protocol"),
    row("192.168.0.0", 16, "Private-Use", "RFC 1918", Reach::Local, "private"),
    row("192.175.48.0", 24, "Direct Delegation AS112 Service", "RFC 7534", Reach::Global, "protocol"),
    row("198.18.0.0", 15, "Benchmarking", "RFC 2544", Reach::Local, "benchmarking"),
    row("198.51.100.0", 24, "Documentation (TEST-NET-2)", "RFC 5737", Reach::Local, "documentation"),
    row("203.0.113.0", 24, "Documentation (TEST-NET-3)", "RFC 5737", Reach::Local, "documentation"),
    row("224.0.0.0", 4, "Multicast", "RFC 5771", Reach::Unstated, "multicast"),
    row("240.0.0.0", 4, "Reserved", "RFC 1112", Reach::Local, "reserved"),
    row("255.255.255.255", 32, "Limited Broadcast", "RFC 919", Reach::Local, "broadcast"),
    row("::", 128, "Unspecified Address", "RFC 4291", Reach::Local, "unspecified"),
    row("::1", 128, "Loopback Address", "RFC 4291", Reach::Local, "loopback"),
    row("::ffff:0:0", 96, "IPv4-mapped Address", "RFC 4291", Reach::Local, "ipv4_mapped"),
    row("64:ff9b::", 96, "IPv4-IPv6 Translat.", "RFC 6052", Reach::Global, "translation"),
    row("64:ff9b:1::", 48, "IPv4-IPv6 Translat.", "RFC 8215", Reach::Local, "translation"),
    row("100::", 64, "Discard-Only Address Block", "RFC 6666", Reach::Local, "discard"),
    row("100:0:0:1::", 64, "Dummy IPv6 Prefix", "RFC 9780", Reach::Local, "protocol"),
    row("2001::", 23, "IETF Protocol Assignments", "RFC 2928", Reach::Local, "protocol"),
    row("2001::", 32, "TEREDO", "RFC 4380", Reach::Unstated, "transition"),
    row("2001:1::1", 128, "Port Control Protocol Anycast", "RFC 7723", Reach::Global, "protocol"),
    row("2001:1::2", 128, "Traversal Using Relays around NAT Anycast", "RFC 8155", Reach::Global, "protocol"),
    row("2001:1::3", 128, "DNS-SD Service Registration Protocol Anycast", "RFC 9665", Reach::Global, "protocol"),
    row("2001:2::", 48, "Benchmarking", "RFC 5180", Reach::Local, "benchmarking"),
    row("2001:3::", 32, "AMT", "RFC 7450", Reach::Global, "protocol"),
    row("2001:4:112::", 48, "AS112-v6", "RFC 7535", Reach::Global, "protocol"),
    row("2001:10::", 28, "Deprecated (previously ORCHID)", "RFC 4843", Reach::Unstated, "deprecated"),
    row("2001:20::", 28, "ORCHIDv2", "RFC 7343", Reach::Global, "protocol"),
    row("2001:30::", 28, "Drone Remote ID Protocol Entity Tags (DETs) Prefix", "RFC 9374", Reach::Global, "protocol"),
    row("2001:db8::", 32, "Documentation", "RFC 3849", Reach::Local, "documentation"),
    row("2002::", 16, "6to4", "RFC 3056", Reach::Unstated, "transition"),
    row("2620:4f:8000::", 48, "Direct Delegation AS112 Service", "RFC 7534", Reach::Global, "protocol"),
    row("3fff::", 20, "Documentation", "RFC 9637", Reach::Local, "documentation"),
    row("5f00::", 16, "Segment Routing (SRv6) SIDs", "RFC 9602", Reach::Local, "protocol"),
    row("fc00::", 7, "Unique-Local", "RFC 4193", Reach::Local, "private"),
    row("fe80::", 10, "Link-Local Unicast", "RFC 4291", Reach::Local, "link_local"),
    row("ff00::", 8, "Multicast", "RFC 4291", Reach::Unstated, "multicast"),
];

/// The rows in which `address` lies.
pub(super) fn rows_of(address: IpAddr) -> Vec<&'static Row> {
    ROWS.iter().filter(|row| contains(row, address)).collect()
}

fn contains(row: &Row, address: IpAddr) -> bool {
    match (row.prefix.parse(), address) {
        (Ok(IpAddr::V4(prefix)), IpAddr::V4(address)) => same_start(
            u32::from(prefix).into(),
            u32::from(address).into(),
            32 - row.length,
        ),
        (Ok(IpAddr::V6(prefix)), IpAddr::V6(address)) => {
            same_start(prefix.into(), address.into(), 128 - row.length)
        }
        _ => false,
    }
}

/// Whether two addresses differ in their last `free` bits only.
fn same_start(one: u128, other: u128, free: u32) -> bool {
    (one ^ other).checked_shr(free).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_network_once() {
        let mut seen = std::collections::HashSet::new();
        for row in ROWS {
            let prefix: IpAddr = row.prefix.parse().unwrap();
            let (bits, width) = match prefix {
                IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
                IpAddr::V6(v6) => (u128::from(v6), 128),
            };
            assert!(row.length <= width, "{row:?}");
            let free = width - row.length;
            assert_eq!(
                bits.checked_shr(free).unwrap_or(0).checked_shl(free).unwrap_or(0),
                bits,
                "{row:?}"
            );
            assert!(seen.insert((prefix, row.length)), "{row:?} stands twice");
            assert!(rows_of(prefix).iter().any(|found| found.length == row.length));
        }
    }
}
