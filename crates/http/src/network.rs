//! Networks in CIDR notation: `10.0.0.0/8`, `fd00::/8`, or one address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    /// Any address in it.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

/// Why a text is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a network: {reason}")]
pub struct NetworkError {
    /// The text as given.
    pub text: String,
    /// What was expected.
    pub reason: String,
}

impl Network {
    /// Whether the address lies in the network. An IPv4 address is never in
    /// an IPv6 network, nor the other way round.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32u32.saturating_sub(self.prefix.into());
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128u32.saturating_sub(self.prefix.into());
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }

    /// The network of exactly one address.
    pub fn single(address: IpAddr) -> Self {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        Self { address, prefix }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason: &str| NetworkError {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address
            .trim_matches(['[', ']'])
            .parse()
            .map_err(|_| wrong("expected an address and a prefix such as `10.0.0.0/8`"))?;
        let Some(prefix) = prefix else {
            return Ok(Self::single(address));
        };
        let (most, family) = if address.is_ipv4() {
            (32, "IPv4")
        } else {
            (128, "IPv6")
        };
        prefix
            .parse::<u8>()
            .ok()
            .filter(|prefix| *prefix <= most)
            .map(|prefix| Self { address, prefix })
            .ok_or_else(|| wrong(&format!("the prefix of an {family} network is 0 to {most}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(network: &str, address: &str, inside: bool) {
        let network: Network = network.parse().unwrap();
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(network.contains(address), inside, "{address} in {network}");
    }

    #[test]
    fn contains_what_shares_the_prefix() {
        case("10.0.0.0/8", "10.255.0.1", true);
        case("10.1.2.3/8", "10.255.0.1", true);
        case("10.0.0.0/8", "11.0.0.1", false);
        case("192.168.7.0/24", "192.168.7.255", true);
        case("192.168.7.0/24", "192.168.8.0", false);
        case("192.168.7.9", "192.168.7.9", true);
        case("192.168.7.9", "192.168.7.8", false);
        case("0.0.0.0/0", "8.8.8.8", true);
        case("0.0.0.0/0", "::1", false);
        case("::/0", "fd00::1", true);
        case("::/0", "10.0.0.1", false);
        case("fd00::/8", "fdff::1", true);
        case("fd00::/8", "fc00::1", false);
        case("fd00::1/128", "fd00::1", true);
        case("[fd00::1]", "fd00::1", true);
    }

    #[test]
    fn says_what_was_expected() {
        for (text, expected) in [
            ("10.0.0.0/33", "the prefix of an IPv4 network is 0 to 32"),
            ("10.0.0.0/", "the prefix of an IPv4 network is 0 to 32"),
            ("10.0.0.0/-1", "the prefix of an IPv4 network is 0 to 32"),
            ("fd00::/129", "the prefix of an IPv6 network is 0 to 128"),
            (
                "10.0.0/8",
                "expected an address and a prefix such as `10.0.0.0/8`",
            ),
            (
                "intranet",
                "expected an address and a prefix such as `10.0.0.0/8`",
            ),
            ("", "expected an address and a prefix such as `10.0.0.0/8`"),
        ] {
            let error = text.parse::<Network>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`{text}` is not a network: {expected}")
            );
        }
    }
}
