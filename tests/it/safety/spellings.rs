//! Addresses that no manifest may reach, and the ways in which they can be
//! spelt. Facts for the tests; those of the guard's own stand beside it.

use std::net::Ipv4Addr;

/// One address of each special kind, and metadata services.
pub(crate) const SPECIAL_V4: &[&str] = &[
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.1.1",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.1",
    "240.0.0.1",
    "255.255.255.255",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
];

/// The same for IPv6.
pub(crate) const SPECIAL_V6: &[&str] = &[
    "::",
    "64:ff9b:1::1",
    "100::1",
    "2001:2::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fd00:a9fe:a9fe::1",
    "fe80::a9fe:a9fe",
];

/// Spellings of an IPv4 address that URL parsers take for it, without the
/// plain one.
pub(crate) fn disguises(address: &str) -> Vec<String> {
    let bits = address.parse::<Ipv4Addr>().expect("an address").to_bits();
    let [a, b, c, d] = bits.to_be_bytes();
    let (low24, low16) = (bits & 0x00ff_ffff, bits & 0xffff);
    let wide: String = address
        .chars()
        .map(|c| {
            c.to_digit(10)
                .map_or(c, |digit| char::from_u32(0xff10 + digit).expect("a digit"))
        })
        .collect();
    let encoded: String = address.bytes().map(|byte| format!("%{byte:02x}")).collect();
    vec![
        format!("{address}."),
        bits.to_string(),
        format!("0x{bits:x}"),
        format!("0X{bits:X}"),
        format!("0x00{bits:x}"),
        format!("0{bits:o}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("0x{a:02x}.{b}.0{c:o}.{d}"),
        format!("{a}.{b}.{c}.0x{d:x}"),
        format!("000{a:o}.{b}.{c}.{d}"),
        format!("{a}.{low24}"),
        format!("{a}.{b}.{low16}"),
        format!("0x{a:x}.{low24}"),
        address.replace('.', "\u{3002}"),
        address.replace('.', "\u{ff0e}"),
        address.replace('.', "%2e"),
        wide,
        encoded,
    ]
}

/// IPv6 addresses that carry it.
pub(crate) fn carriers(address: &str) -> Vec<String> {
    let bits = address.parse::<Ipv4Addr>().expect("an address").to_bits();
    let (high, low) = (bits >> 16, bits & 0xffff);
    vec![
        format!("[::ffff:{address}]"),
        format!("[::FFFF:{high:x}:{low:x}]"),
        format!("[0:0:0:0:0:ffff:{high:x}:{low:x}]"),
        format!("[::{address}]"),
        format!("[64:ff9b::{address}]"),
        format!("[64:ff9b:1::{address}]"),
        format!("[2002:{high:x}:{low:x}::1]"),
        format!("[2001:0:{high:x}:{low:x}::1]"),
        format!("[2001:0::{:x}:{:x}]", !high & 0xffff, !low & 0xffff),
        format!("[::ffff:0:{address}]"),
        format!("[fe80::5efe:{high:x}:{low:x}]"),
    ]
}

/// Everything that a host can be written as to reach one of them.
pub(crate) fn all() -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for address in SPECIAL_V4 {
        // Loopback may be written plainly.
        hosts.extend((*address != "127.0.0.1").then(|| (*address).to_owned()));
        hosts.extend(disguises(address));
        hosts.extend(carriers(address));
        hosts.push(format!("good.example@{address}"));
    }
    for address in SPECIAL_V6 {
        hosts.push(format!("[{address}]"));
        hosts.push(format!("[{}]", address.to_uppercase()));
    }
    hosts.extend(
        [
            "localhost.",
            "LOCALHOST.",
            "loc%61lhost.",
            "[fe80::1%25lo]",
            "[::1%25lo]",
            "metadata.google.internal",
            "Metadata.Google.Internal.",
            "instance-data",
        ]
        .map(str::to_owned),
    );
    let before = hosts.len();
    hosts.sort();
    hosts.dedup();
    // `::a.b.c.d` of 0.0.0.0 is `::` itself, and so on: few fall together.
    assert!(hosts.len() + 10 > before, "{} of {before}", hosts.len());
    hosts
}
