//! A request as it will be sent, to be shown: secrets by name, never by value.

use std::fmt;

use sha2::{Digest, Sha256};
use toolrun_http::{Auth, Body, Method, Piece, Request, query_encoded};

use crate::agent::flow::host;
use crate::contents::Contents;
use crate::tools::body::hex;

/// What stands for a secret where nothing else is asked for.
const HIDDEN: &str = "***";

/// The exact request of a call, credentials in place by secret name.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The tool.
    pub tool: String,
    /// The request; what is approved is sent from this very value.
    pub request: Request,
    /// What the body holds, where its bytes do not say it to a reader.
    pub contents: Contents,
}

impl Preview {
    /// The method.
    pub fn method(&self) -> Method {
        self.request.method
    }

    /// The url with secret query pairs; `secret` says what stands for a
    /// secret and is written as it is.
    pub fn url(&self, secret: impl Fn(&str) -> String) -> String {
        let mut url = self.request.url.to_string();
        let mut append = |key: &str, value: &str| {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&query_encoded(key));
            url.push('=');
            url.push_str(value);
        };
        for (key, value) in &self.request.secret_query {
            // Encoded as it will be sent, so that no value poses as another pair.
            let sent = value.iter().map(|piece| match piece {
                Piece::Text(text) => query_encoded(text),
                Piece::Secret(name) => secret(name),
            });
            append(key, &sent.collect::<String>());
        }
        if let Auth::Query { name, secret: key } = &self.request.auth {
            append(name, &secret(key));
        }
        url
    }

    /// Every header that the manifest asks for, credentials and content type
    /// included; `secret` says what stands for a secret.
    pub fn headers(&self, secret: impl Fn(&str) -> String) -> Vec<(String, String)> {
        let own = self
            .request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), join(value, &secret)));
        let auth = match &self.request.auth {
            Auth::None | Auth::Query { .. } => None,
            Auth::Bearer { secret: key } => {
                Some(("Authorization".to_owned(), format!("Bearer {}", secret(key))))
            }
            Auth::Header { name, secret: key } => Some((name.clone(), secret(key))),
            Auth::Login(login) => {
                let send = &login.send;
                let token = secret(&format!("token of {}", login.origin()));
                Some((
                    send.header.clone(),
                    format!("{}{token}{}", send.before, send.after),
                ))
            }
            Auth::Basic { user, password } => Some((
                "Authorization".to_owned(),
                format!("Basic base64({user}:{})", secret(password)),
            )),
        };
        let media = self
            .body()
            .map(|body| ("Content-Type".to_owned(), body.content_type.clone()));
        own.chain(auth).chain(media).collect()
    }

    /// The body.
    pub fn body(&self) -> Option<&Body> {
        self.request.body.as_ref()
    }

    /// SHA-256 of everything that is sent but the secrets' values, in hex.
    pub fn sha256(&self) -> String {
        let named = |name: &str| format!("\u{1}{name}");
        let mut hash = Sha256::new();
        let mut feed = |text: &str| {
            hash.update(text);
            hash.update([0]);
        };
        feed(self.method().as_str());
        feed(&self.url(named));
        for (name, value) in self.headers(named) {
            feed(&name);
            feed(&value);
        }
        feed("");
        hash.update(self.body().map_or(&[][..], |body| &body.bytes));
        hex(&hash.finalize())
    }

    /// The host, and the port where one is written.
    pub fn host(&self) -> String {
        host(&self.request.url)
    }
}

impl fmt::Display for Preview {
    /// Method and url, headers, an empty line, the body; secrets as `***`,
    /// parts one a line, files by name, size and hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |_: &str| HIDDEN.to_owned();
        write!(f, "{} {}", self.method().as_str(), self.url(hidden))?;
        for (name, value) in self.headers(hidden) {
            write!(f, "\n{name}: {value}")?;
        }
        match (&self.contents, self.body()) {
            (_, None) => Ok(()),
            (Contents::Plain, Some(body)) => write!(f, "\n\n{}", String::from_utf8_lossy(&body.bytes)),
            (Contents::File(file), _) => write!(f, "\n\n{file}"),
            (Contents::Parts(parts), _) => {
                f.write_str("\n")?;
                parts.iter().try_for_each(|part| write!(f, "\n{part}"))
            }
        }
    }
}

fn join(pieces: &[Piece], secret: &impl Fn(&str) -> String) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Secret(name) => secret(name),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use toolrun_http::Repeat;
    use url::Url;

    use super::*;

    fn preview(auth: Auth) -> Preview {
        let request = Request {
            method: Method::Post,
            url: Url::parse("https://api.example:8443/orders?a=1").unwrap(),
            headers: vec![(
                "X-Trace".into(),
                vec![Piece::Text("t-".into()), Piece::Secret("TRACE".into())],
            )],
            secret_query: vec![("k y".into(), vec![Piece::Secret("Q".into())])],
            auth,
            body: Some(Body {
                content_type: "application/json".into(),
                bytes: b"{}".to_vec(),
            }),
            repeat: Repeat::Unsafe,
        };
        Preview {
            tool: "t".into(),
            request,
            contents: Contents::Plain,
        }
    }

    #[test]
    fn shown_with_secrets_hidden() {
        let shown = preview(Auth::Bearer { secret: "KEY".into() }).to_string();
        let expected = "POST https://api.example:8443/orders?a=1&k%20y=***\nX-Trace: t-***\n\
                        Authorization: Bearer ***\nContent-Type: application/json\n\n{}";
        assert_eq!(shown, expected);
        let query = preview(Auth::Query {
            name: "key".into(),
            secret: "KEY".into(),
        });
        assert_eq!(
            query.url(|name| format!("${name}")),
            "https://api.example:8443/orders?a=1&k%20y=$Q&key=$KEY"
        );
        assert_eq!(query.host(), "api.example:8443");
    }

    #[test]
    fn the_digest_is_of_this_request_alone() {
        let one = preview(Auth::Bearer { secret: "KEY".into() });
        let mut other = one.clone();
        assert_eq!(one.sha256(), other.sha256());
        other.request.body = Some(Body {
            content_type: "application/json".into(),
            bytes: b"{ }".to_vec(),
        });
        assert_ne!(one.sha256(), other.sha256());
        assert_ne!(
            one.sha256(),
            preview(Auth::Bearer {
                secret: "OTHER".into()
            })
            .sha256()
        );
        assert_ne!(one.sha256(), preview(Auth::None).sha256());
    }
}
