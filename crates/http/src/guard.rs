//! Judges where a request may go: the url before anything is sent, and every
//! address that a name resolves to before it is dialled. Pure; `resolver`
//! and `client` ask it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::error::{GuardRule, HttpError};
use crate::network::Network;
use crate::policy::{AddressRules, NamedBy, PlainHttp};
use crate::special;

/// Judges a url. Names pass here and are judged again, by their addresses,
/// when they are dialled.
pub(crate) fn judge_url(url: &Url, rules: &AddressRules) -> Result<(), HttpError> {
    let host = url.host().ok_or_else(|| malformed(url, "it has no host"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(malformed(url, "only http and https are spoken"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(malformed(
            url,
            "a url may not hold a user name or password; use `auth`",
        ));
    }
    match host {
        Host::Ipv4(address) => judge_literal(url, IpAddr::V4(address), rules)?,
        Host::Ipv6(address) => judge_literal(url, IpAddr::V6(address), rules)?,
        Host::Domain(name) => judge_name(name)?,
    }
    if url.scheme() == "http" {
        judge_plain_http(url, &host, rules)?;
    }
    Ok(())
}

/// Judges an address that a name resolved to.
pub(crate) fn judge_resolved(name: &str, address: IpAddr, rules: &AddressRules) -> Result<(), HttpError> {
    judge_address(address, Spelling::Name, rules)
        .map_err(|(rule, what)| refused(name, rule, &format!("it resolves to {address}, {what}")))
}

/// The addresses that `localhost` stands for; no resolver is asked.
pub(crate) const LOCALHOST: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Whether the host is exactly `localhost`.
pub(crate) fn is_localhost(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Literal,
    Name,
}

type Verdict = Result<(), (GuardRule, String)>;

fn judge_literal(url: &Url, address: IpAddr, rules: &AddressRules) -> Result<(), HttpError> {
    judge_address(address, Spelling::Literal, rules).map_err(|(rule, what)| {
        let host = url.host_str().unwrap_or_default();
        refused(host, rule, &format!("it is {what}"))
    })
}

fn judge_name(name: &str) -> Result<(), HttpError> {
    if special::is_metadata_name(name) {
        return Err(refused(
            name,
            GuardRule::Metadata,
            "it is a cloud metadata service, which is never reached",
        ));
    }
    if is_localhost(name.trim_end_matches('.')) && !is_localhost(name) {
        return Err(refused(
            name,
            GuardRule::NameToLoopback,
            "it is another spelling of loopback; write `localhost` or `127.0.0.1`",
        ));
    }
    Ok(())
}

fn judge_address(address: IpAddr, spelling: Spelling, rules: &AddressRules) -> Verdict {
    if special::is_metadata(address) {
        let what = "a cloud metadata address, which is never reached".to_owned();
        return Err((GuardRule::Metadata, what));
    }
    if rules.named_by == NamedBy::Operator || allows(rules, address) {
        return Ok(());
    }
    if address.is_loopback() {
        return judge_loopback(spelling);
    }
    if let IpAddr::V6(v6) = address
        && let Some(inner) = special::translated(v6)
    {
        return judge_translated(inner, rules);
    }
    judge_range(address)
}

fn judge_loopback(spelling: Spelling) -> Verdict {
    match spelling {
        Spelling::Literal => Ok(()),
        Spelling::Name => Err((
            GuardRule::NameToLoopback,
            "a loopback address; write `127.0.0.1` or `localhost`, or permit it with \
             `--allow-net 127.0.0.0/8`"
                .to_owned(),
        )),
    }
}

fn judge_translated(inner: Ipv4Addr, rules: &AddressRules) -> Verdict {
    let address = IpAddr::V4(inner);
    if allows(rules, address) {
        return Ok(());
    }
    if inner.is_loopback() {
        let what = "a loopback address inside IPv6; write `127.0.0.1`".to_owned();
        return Err((GuardRule::SpecialAddress, what));
    }
    judge_range(address)
}

fn judge_range(address: IpAddr) -> Verdict {
    if let Some(range) = special::special(address) {
        return Err(special_address(range.class, range.network));
    }
    match address {
        // 2000::/3 is the only global unicast space that was ever handed out.
        IpAddr::V6(v6) if v6.segments()[0] >> 13 != 1 => Err(special_address(
            "not a global unicast address",
            Network::single(address),
        )),
        _ => Ok(()),
    }
}

fn special_address(class: &str, network: Network) -> (GuardRule, String) {
    let what = format!("{class}; permit it with `--allow-net {network}`");
    (GuardRule::SpecialAddress, what)
}

fn allows(rules: &AddressRules, address: IpAddr) -> bool {
    rules.allowed.iter().any(|network| network.contains(address))
}

fn judge_plain_http(url: &Url, host: &Host<&str>, rules: &AddressRules) -> Result<(), HttpError> {
    let loopback = match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => is_localhost(name),
    };
    let anywhere = rules.plain_http == PlainHttp::Anywhere || rules.named_by == NamedBy::Operator;
    if loopback || anywhere {
        return Ok(());
    }
    Err(refused(
        url.host_str().unwrap_or_default(),
        GuardRule::PlainHttp,
        "plain http is for loopback only; use https, or `allow_http: true` in the manifest \
         together with `--allow-http`",
    ))
}

fn malformed(url: &Url, reason: &str) -> HttpError {
    let host = url.host_str().unwrap_or(url.scheme());
    refused(host, GuardRule::Malformed, reason)
}

fn refused(host: &str, rule: GuardRule, reason: &str) -> HttpError {
    HttpError::Refused {
        host: host.to_owned(),
        rule,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(url: &str, rules: &AddressRules) -> Result<(), (GuardRule, String)> {
        let url = Url::parse(url).unwrap();
        judge_url(&url, rules).map_err(|error| match error {
            HttpError::Refused { rule, reason, .. } => (rule, reason),
            other => panic!("{other:?}"),
        })
    }

    #[track_caller]
    fn refuses(url: &str, rule: GuardRule) {
        match judged(url, &AddressRules::default()) {
            Err((found, _)) => assert_eq!(found, rule, "{url}"),
            Ok(()) => panic!("{url} was allowed"),
        }
    }

    #[track_caller]
    fn allows_url(url: &str, rules: &AddressRules) {
        assert_eq!(judged(url, rules), Ok(()), "{url}");
    }

    /// Spellings of an IPv4 address that url parsers take for the same.
    fn ipv4_spellings(address: &str) -> Vec<String> {
        let bits = address.parse::<Ipv4Addr>().unwrap().to_bits();
        let [a, b, c, d] = bits.to_be_bytes();
        let (low24, low16) = (bits & 0x00ff_ffff, bits & 0xffff);
        vec![
            address.to_owned(),
            format!("{address}."),
            bits.to_string(),
            format!("0x{bits:x}"),
            format!("0X{bits:X}"),
            format!("0{bits:o}"),
            format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
            format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
            format!("0x{a:02x}.{b}.0{c:o}.{d}"),
            format!("{a}.{low24}"),
            format!("{a}.{b}.{low16}"),
            format!("0x{a:x}.{low24}"),
            format!("%3{}{}", a.to_string().as_bytes()[0] - b'0', &address[1..]),
            address.replace('.', "\u{3002}"),
            address.replace('.', "%2e"),
        ]
    }

    /// IPv6 addresses that carry it.
    fn ipv6_spellings(address: &str) -> Vec<String> {
        let bits = address.parse::<Ipv4Addr>().unwrap().to_bits();
        let (high, low) = (bits >> 16, bits & 0xffff);
        vec![
            format!("[::ffff:{address}]"),
            format!("[::ffff:{high:x}:{low:x}]"),
            format!("[0:0:0:0:0:ffff:{high:x}:{low:x}]"),
            format!("[::{address}]"),
            format!("[64:ff9b::{address}]"),
            format!("[64:ff9b:1::{address}]"),
            format!("[2002:{high:x}:{low:x}::1]"),
            format!("[2001:0:{high:x}:{low:x}::1]"),
            format!("[2001:0::{:x}:{:x}]", !high & 0xffff, !low & 0xffff),
            format!("[::ffff:0:{address}]"),
        ]
    }

    const ADDRESSES: &[&str] = &[
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.1.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ];

    #[test]
    fn special_ranges_are_refused_up_to_their_last_address() {
        for address in [
            "0.255.255.255",
            "10.255.255.255",
            "100.127.255.255",
            "169.254.255.255",
            "172.31.255.255",
            "192.0.0.255",
            "192.0.2.255",
            "192.88.99.255",
            "192.168.255.255",
            "198.19.255.255",
            "198.51.100.255",
            "203.0.113.255",
            "239.255.255.255",
            "254.255.255.255",
            "[100:0:0:1:ffff:ffff:ffff:ffff]",
            "[2001:1ff:ffff::]",
            "[2001:db8:ffff::]",
            "[2002:ffff::]",
            "[3fff:fff::]",
            "[5f00:ffff::]",
            "[fdff::]",
            "[febf:ffff::]",
            "[feff:ffff::]",
            "[ffff::]",
        ] {
            refuses(&format!("https://{address}/"), GuardRule::SpecialAddress);
        }
    }

    #[test]
    fn special_addresses_are_refused_in_every_spelling() {
        for address in ADDRESSES {
            for spelling in ipv4_spellings(address) {
                refuses(&format!("https://{spelling}/"), GuardRule::SpecialAddress);
            }
            for spelling in ipv6_spellings(address) {
                refuses(&format!("https://{spelling}/"), GuardRule::SpecialAddress);
            }
        }
        // Loopback is for those who write it plainly.
        for spelling in ipv6_spellings("127.0.0.1") {
            refuses(&format!("https://{spelling}/"), GuardRule::SpecialAddress);
        }
        for address in [
            "::",
            "64:ff9b:1::1",
            "100::1",
            "100:0:0:1::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "feff::1",
            "ff02::1",
            "200::1",
            "4000::1",
            "e000::1",
            "::2",
        ] {
            refuses(&format!("https://[{address}]/"), GuardRule::SpecialAddress);
        }
    }

    #[test]
    fn metadata_is_refused_in_every_spelling_and_to_everyone() {
        let operator = AddressRules {
            allowed: vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()],
            plain_http: PlainHttp::Anywhere,
            named_by: NamedBy::Operator,
        };
        let mut hosts: Vec<String> = Vec::new();
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
        ] {
            hosts.extend(ipv4_spellings(address));
            hosts.extend(ipv6_spellings(address));
        }
        hosts.extend(
            [
                "[fd00:ec2::254]",
                "[fd00:ec2:0:0:0:0:0:254]",
                "[fd20:ce::254]",
                "[fd00:a9fe:a9fe::1]",
                "[fd00:c1::a9fe:a9fe]",
                "[64:ff9b:1:a9fe:a9:fe00::]",
                "[64:ff9b:1:a9:fe:a9fe::]",
                "[64:ff9b:1:0:a9:fea9:fe00:0]",
                "[fe80::a9fe:a9fe]",
                "metadata.google.internal",
                "METADATA.google.internal.",
                "metadata.goog",
                "instance-data",
            ]
            .map(str::to_owned),
        );
        for host in hosts {
            for rules in [&AddressRules::default(), &operator] {
                let verdict = judged(&format!("https://{host}/"), rules);
                assert!(
                    matches!(verdict, Err((GuardRule::Metadata, _))),
                    "{host}: {verdict:?}"
                );
            }
        }
    }

    #[test]
    fn open_addresses_are_allowed() {
        for host in [
            "example.com",
            "example.com.",
            "93.184.215.14",
            "[2606:2800:21f::1]",
            "8.8.8.8",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "[2001:4860:4860::8888]",
            "[2001:200::1]",
            "[3ffe::1]",
            "[64:ff9b::8.8.8.8]",
            "[::ffff:8.8.8.8]",
            "127.0.0.1.x",
        ] {
            allows_url(&format!("https://{host}/"), &AddressRules::default());
        }
    }

    #[test]
    fn loopback_is_written_plainly() {
        for host in ["127.0.0.1", "127.9.9.9:8080", "[::1]", "localhost", "LOCALHOST:1"] {
            for scheme in ["http", "https"] {
                allows_url(&format!("{scheme}://{host}/"), &AddressRules::default());
            }
        }
        refuses("https://localhost./", GuardRule::NameToLoopback);
        for address in LOCALHOST {
            let error = judge_resolved("x.localhost", address, &AddressRules::default());
            assert!(matches!(
                error,
                Err(HttpError::Refused {
                    rule: GuardRule::NameToLoopback,
                    ..
                })
            ));
        }
    }

    #[test]
    fn plain_http_needs_two_yeses() {
        for host in ["example.com", "93.184.215.14", "localhost.evil", "127.0.0.1.x"] {
            refuses(&format!("http://{host}/"), GuardRule::PlainHttp);
        }
        let anywhere = AddressRules {
            plain_http: PlainHttp::Anywhere,
            ..AddressRules::default()
        };
        allows_url("http://example.com/", &anywhere);
        let private = judged("http://10.0.0.1/", &anywhere);
        assert!(matches!(private, Err((GuardRule::SpecialAddress, _))));
    }

    #[test]
    fn the_operator_may_name_what_a_manifest_may_not() {
        let operator = AddressRules {
            named_by: NamedBy::Operator,
            ..AddressRules::default()
        };
        allows_url("http://10.0.0.1/", &operator);
        allows_url("http://model.lan:11434/v1", &operator);
        let allowed = AddressRules {
            allowed: vec!["10.0.0.0/8".parse().unwrap()],
            ..AddressRules::default()
        };
        allows_url("https://10.1.2.3/", &allowed);
        allows_url("https://[::ffff:10.1.2.3]/", &allowed);
        assert!(judged("https://192.168.0.1/", &allowed).is_err());
        assert!(judged("http://10.1.2.3/", &allowed).is_err());
        assert_eq!(
            judge_resolved("intra.example", "10.9.9.9".parse().unwrap(), &allowed),
            Ok(())
        );
    }

    #[test]
    fn urls_are_http_without_credentials() {
        for url in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "data:text/plain,x",
            "https://user@example.com/",
            "https://user:secret@example.com/",
            "https://:secret@example.com/",
        ] {
            refuses(url, GuardRule::Malformed);
        }
    }

    #[test]
    fn a_refusal_names_class_and_remedy() {
        let says = |url: &str| {
            let url = Url::parse(url).unwrap();
            judge_url(&url, &AddressRules::default()).unwrap_err().to_string()
        };
        assert_eq!(
            says("https://0xa000001/"),
            "`10.0.0.1` may not be reached: it is a private address; permit it with \
             `--allow-net 10.0.0.0/8`"
        );
        assert_eq!(
            says("http://169.254.169.254/"),
            "`169.254.169.254` may not be reached: it is a cloud metadata address, which is \
             never reached"
        );
        assert_eq!(
            says("http://example.com/"),
            "`example.com` may not be reached: plain http is for loopback only; use https, or \
             `allow_http: true` in the manifest together with `--allow-http`"
        );
        let error = judge_resolved("db.example", "fd00::7".parse().unwrap(), &AddressRules::default());
        assert_eq!(
            error.unwrap_err().to_string(),
            "`db.example` may not be reached: it resolves to fd00::7, a private address; permit \
             it with `--allow-net fc00::/7`"
        );
    }
}
