//! Addresses that are not the open internet: the special-purpose registries
//! of IANA for IPv4 and IPv6, the metadata services of the clouds, and IPv4
//! addresses that hide inside IPv6. Facts only; `guard` decides.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::network::Network;

/// One row: a network and what its addresses are, with an article.
pub(crate) struct Range {
    /// The network.
    pub(crate) network: Network,
    /// Reads after "it is".
    pub(crate) class: &'static str,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8, class: &'static str) -> Range {
    let address = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    Range {
        network: Network { address, prefix },
        class,
    }
}

const fn v6(head: [u16; 4], prefix: u8, class: &'static str) -> Range {
    let [a, b, c, d] = head;
    let address = IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0));
    Range {
        network: Network { address, prefix },
        class,
    }
}

/// Addresses that are not globally reachable. Loopback is a matter of its own.
const SPECIAL: &[Range] = &[
    v4(0, 0, 0, 0, 8, "an address of \"this network\""),
    v4(10, 0, 0, 0, 8, "a private address"),
    v4(100, 64, 0, 0, 10, "a shared (carrier-grade NAT) address"),
    v4(169, 254, 0, 0, 16, "a link-local address"),
    v4(172, 16, 0, 0, 12, "a private address"),
    v4(192, 0, 0, 0, 24, "a protocol assignment address"),
    v4(192, 0, 2, 0, 24, "a documentation address"),
    v4(192, 88, 99, 0, 24, "a 6to4 relay address"),
    v4(192, 168, 0, 0, 16, "a private address"),
    v4(198, 18, 0, 0, 15, "a benchmarking address"),
    v4(198, 51, 100, 0, 24, "a documentation address"),
    v4(203, 0, 113, 0, 24, "a documentation address"),
    v4(224, 0, 0, 0, 4, "a multicast address"),
    v4(240, 0, 0, 0, 4, "a reserved address"),
    v6([0, 0, 0, 0], 128, "the unspecified address"),
    v6([0x64, 0xff9b, 1, 0], 48, "a local translation address"),
    v6([0x100, 0, 0, 0], 64, "a discard-only address"),
    v6([0x100, 0, 0, 1], 64, "a dummy address"),
    v6([0x2001, 0, 0, 0], 32, "a Teredo address"),
    v6([0x2001, 0, 0, 0], 23, "a protocol assignment address"),
    v6([0x2001, 0xdb8, 0, 0], 32, "a documentation address"),
    v6([0x2002, 0, 0, 0], 16, "a 6to4 address"),
    v6([0x3fff, 0, 0, 0], 20, "a documentation address"),
    v6([0x5f00, 0, 0, 0], 16, "a segment routing address"),
    v6([0xfc00, 0, 0, 0], 7, "a private address"),
    v6([0xfe80, 0, 0, 0], 10, "a link-local address"),
    v6([0xfec0, 0, 0, 0], 10, "a site-local address"),
    v6([0xff00, 0, 0, 0], 8, "a multicast address"),
];

/// Metadata services: whoever reaches one reads the machine's credentials.
const METADATA: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 42, 42)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 0, 23)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
];

/// Names of metadata services, without the final dot.
const METADATA_NAMES: &[&str] = &[
    "metadata.google.internal",
    "metadata.goog",
    "metadata.internal",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
    "instance-data",
    "instance-data.ec2.internal",
    "api.metadata.cloud.ibm.com",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "rancher-metadata",
];

/// The row of an address that is not globally reachable, if it has one.
pub(crate) fn special(address: IpAddr) -> Option<&'static Range> {
    SPECIAL.iter().find(|range| range.network.contains(address))
}

/// Whether the address, or the IPv4 address hidden in it, is a metadata
/// service.
pub(crate) fn is_metadata(address: IpAddr) -> bool {
    METADATA.contains(&address)
        || match address {
            IpAddr::V4(_) => false,
            IpAddr::V6(v6) => hidden(v6)
                .iter()
                .any(|hidden| METADATA.contains(&IpAddr::V4(*hidden))),
        }
}

/// Whether the name is that of a metadata service.
pub(crate) fn is_metadata_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    METADATA_NAMES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// The IPv4 address that packets to this IPv6 address really go to: mapped
/// (`::ffff:a.b.c.d`), or through the well-known translation prefix
/// (`64:ff9b::/96`).
pub(crate) fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let well_known = Network {
        address: IpAddr::V6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0)),
        prefix: 96,
    };
    address.to_ipv4_mapped().or_else(|| {
        well_known
            .contains(IpAddr::V6(address))
            .then(|| low_bits(address))
    })
}

/// Every IPv4 address that an IPv6 address can hide.
fn hidden(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let bits = address.to_bits();
    let mut found = vec![low_bits(address)];
    match address.segments()[0..2] {
        [0x2002, _] => found.push(Ipv4Addr::from_bits((bits >> 80) as u32)),
        [0x2001, 0] => {
            found.push(Ipv4Addr::from_bits((bits >> 64) as u32));
            found.push(Ipv4Addr::from_bits(!(bits as u32)));
        }
        [0x64, 0xff9b] => found.extend(spread(bits)),
        _ => {}
    }
    // Any other prefix may be a translator's; a metadata address in the low
    // bits of a global address is too unlikely to be honest, so it counts too.
    found
}

/// What a translation prefix of 48, 56 or 64 bits carries: the bits 64 to 71
/// are none of the address (RFC 6052).
fn spread(bits: u128) -> [Ipv4Addr; 3] {
    let octet = |index: usize| (bits >> (120 - 8 * index)) as u8;
    [6, 7, 8].map(|start| {
        let mut octets = (start..16).filter(|index| *index != 8).map(octet);
        let mut next = || octets.next().unwrap_or_default();
        Ipv4Addr::new(next(), next(), next(), next())
    })
}

fn low_bits(address: Ipv6Addr) -> Ipv4Addr {
    Ipv4Addr::from_bits(address.to_bits() as u32)
}
