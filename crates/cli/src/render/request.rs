//! A request that was not sent: as an object, and as a curl command.

use serde_json::{Value, json};
use toolrun_http::{Auth, Body, Method, Piece, Request};
use toolrun_manifest::{SecretDecl, SecretOrigin};
use toolrun_runner::Preview;

/// What stands for a secret wherever a request is shown.
pub(crate) const MASK: &str = "***";

/// Method, url, headers (names in lower case) and the body if there is one;
/// secrets as `***`. A JSON body is a value, others are text.
pub(crate) fn object(preview: &Preview) -> Value {
    let headers: serde_json::Map<String, Value> = preview
        .headers(|_| MASK.to_owned())
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), Value::String(value)))
        .collect();
    let mut object = json!({
        "method": method_name(preview.method()),
        "url": preview.url(|_| MASK.to_owned()),
        "headers": headers,
    });
    if let Some(body) = preview.body() {
        object["body"] = body_value(body);
    }
    object
}

/// A curl command that sends the same. Secrets are shell variables, named as
/// in the manifest or after the environment variable that holds them.
pub(crate) fn curl(request: &Request, secrets: &[SecretDecl]) -> String {
    let mut words = vec![format!(
        "curl {}",
        quoted(&[Piece::Text(request.url.to_string())], secrets)
    )];
    let has_body = request.body.is_some();
    if request.method == Method::Head {
        words.push("--head".to_owned());
    } else if request.method != if has_body { Method::Post } else { Method::Get } {
        words.push(format!("--request {}", method_name(request.method)));
    }
    let secret = |name: &String| Piece::Secret(name.clone());
    for (name, value) in &request.secret_query {
        words.push(pair("--url-query", name, "=", value, secrets));
    }
    for (name, value) in &request.headers {
        words.push(pair("--header", name, ": ", value, secrets));
    }
    match &request.auth {
        Auth::None => {}
        Auth::Bearer { secret: name } => {
            let value = [Piece::Text("Bearer ".to_owned()), secret(name)];
            words.push(pair("--header", "Authorization", ": ", &value, secrets));
        }
        Auth::Header { name, secret: value } => {
            words.push(pair("--header", name, ": ", &[secret(value)], secrets));
        }
        Auth::Query { name, secret: value } => {
            words.push(pair("--url-query", name, "=", &[secret(value)], secrets));
        }
        Auth::Basic { user, password } => {
            words.push(pair("--user", user, ":", &[secret(password)], secrets));
        }
    }
    if let Some(Body { content_type, bytes }) = &request.body {
        let body = String::from_utf8_lossy(bytes).into_owned();
        words.push(pair(
            "--header",
            "Content-Type",
            ": ",
            &[Piece::Text(content_type.clone())],
            secrets,
        ));
        words.push(format!("--data-raw {}", quoted(&[Piece::Text(body)], secrets)));
    }
    words.join(" \\\n  ")
}

/// The method as it stands on the wire.
pub(crate) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Options => "OPTIONS",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}

fn body_value(body: &Body) -> Value {
    let text = String::from_utf8_lossy(&body.bytes);
    if body.content_type.starts_with("application/json") {
        serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
    } else {
        Value::String(text.into_owned())
    }
}

fn pair(flag: &str, name: &str, between: &str, value: &[Piece], secrets: &[SecretDecl]) -> String {
    let mut pieces = vec![Piece::Text(format!("{name}{between}"))];
    pieces.extend_from_slice(value);
    format!("{flag} {}", quoted(&pieces, secrets))
}

/// One word of a POSIX shell: text in single quotes, secrets as variables in
/// double quotes, so that nothing in either is expanded further.
fn quoted(pieces: &[Piece], secrets: &[SecretDecl]) -> String {
    let mut word = String::new();
    let mut text = String::new();
    let close = |text: &mut String, word: &mut String| {
        if !text.is_empty() {
            word.push_str(&format!("'{}'", text.replace('\'', r"'\''")));
            text.clear();
        }
    };
    for piece in pieces {
        match piece {
            Piece::Text(more) => text.push_str(more),
            Piece::Secret(name) => {
                close(&mut text, &mut word);
                word.push_str(&format!("\"${}\"", variable(name, secrets)));
            }
        }
    }
    close(&mut text, &mut word);
    if word.is_empty() { "''".to_owned() } else { word }
}

fn variable<'a>(name: &'a str, secrets: &'a [SecretDecl]) -> &'a str {
    match secrets
        .iter()
        .find(|secret| secret.name == name)
        .map(|secret| &secret.origin)
    {
        Some(SecretOrigin::Env(variable)) => variable,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use toolrun_http::Repeat;

    use super::*;

    fn request(auth: Auth) -> Request {
        Request {
            method: Method::Get,
            url: "http://127.0.0.1:1/a?b=it%27s".parse().expect("a url"),
            headers: vec![("Accept".to_owned(), vec![Piece::Text("it's".to_owned())])],
            secret_query: Vec::new(),
            auth,
            body: None,
            repeat: Repeat::Safe,
        }
    }

    #[test]
    fn curl_quotes_text_and_names_secrets() {
        let shown = curl(
            &request(Auth::Bearer {
                secret: "KEY".to_owned(),
            }),
            &[],
        );
        assert_eq!(
            shown,
            "curl 'http://127.0.0.1:1/a?b=it%27s' \\\n  --header 'Accept: it'\\''s' \\\n  --header 'Authorization: Bearer '\"$KEY\""
        );
        let query = Auth::Query {
            name: "key".to_owned(),
            secret: "KEY".to_owned(),
        };
        assert!(curl(&request(query), &[]).ends_with("--url-query 'key='\"$KEY\""));
        let basic = Auth::Basic {
            user: "ann".to_owned(),
            password: "KEY".to_owned(),
        };
        assert!(curl(&request(basic), &[]).ends_with("--user 'ann:'\"$KEY\""));
    }

    #[test]
    fn curl_says_the_method_only_where_it_is_not_implied() {
        let mut post = request(Auth::None);
        post.method = Method::Post;
        assert!(curl(&post, &[]).contains("--request POST"));
        post.body = Some(Body {
            content_type: "application/json".to_owned(),
            bytes: b"{}".to_vec(),
        });
        let shown = curl(&post, &[]);
        assert!(!shown.contains("--request"), "{shown}");
        assert!(shown.ends_with("--data-raw '{}'"), "{shown}");
        post.method = Method::Delete;
        assert!(curl(&post, &[]).contains("--request DELETE"));
    }
}
