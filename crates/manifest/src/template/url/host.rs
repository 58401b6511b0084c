//! Addresses are written plainly. `2130706433`, `0x7f.1` and `127.0.0.1.` all
//! mean 127.0.0.1 to a URL parser, and to no reader of a manifest.

use url::{Host, Url};

/// The address that a URL names in another spelling than the plain one.
pub(super) fn disguised(written: &str, url: &Url) -> Option<String> {
    let Some(Host::Ipv4(address)) = url.host() else {
        return None;
    };
    let plain = address.to_string();
    let (_, rest) = written.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    (host != plain).then_some(plain)
}

/// A character that no host's name has (RFC 952, RFC 1123, and `_`, which DNS
/// knows), though the URL standard lets it stand there.
pub(super) fn odd_character(url: &Url) -> Option<char> {
    let Some(Host::Domain(name)) = url.host() else {
        return None;
    };
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    name.chars().find(|c| !belongs(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_of_an_address_is_plain() {
        for plain in [
            "http://127.0.0.1",
            "http://127.0.0.1:80/x",
            "https://8.8.8.8/?a=b",
            "https://a.example",
            "http://[::1]:1/",
            "http://[0:0:0:0:0:0:0:1]/",
            "https://127.0.0.1.example/",
            "https://0x7f.example/",
        ] {
            let url = Url::parse(plain).expect("a url");
            assert_eq!(disguised(plain, &url), None, "{plain}");
        }
        for other in [
            "http://127.1/",
            "http://127.0.1:80/",
            "http://2130706433",
            "http://0x7f000001/",
            "http://0X7F.1/",
            "http://0177.0.0.1/",
            "http://017700000001",
            "http://127.0.0.1./",
            "http://127.0.0.01/",
            "http://%31%32%37.0.0.1/",
            "http://127%2e0.0.1/",
            "http://127。0。0。1/",
            "http://１２７.0.0.1/",
            "http://⑫７.0.0.1/",
        ] {
            let url = Url::parse(other).expect("a url");
            assert_eq!(disguised(other, &url).as_deref(), Some("127.0.0.1"), "{other}");
        }
    }

    #[test]
    fn names_have_the_characters_of_names() {
        for (url, odd) in [
            ("https://a-b.example.com:81/x", None),
            ("https://bücher.example/", None),
            ("https://_dmarc.example/", None),
            ("https://[::1]/", None),
            ("https://a\"b.example/", Some('"')),
            ("https://a'b.example/", Some('\'')),
            ("https://a,b/", Some(',')),
        ] {
            assert_eq!(odd_character(&Url::parse(url).expect("a url")), odd, "{url}");
        }
    }
}
