//! A request that was not sent: as an object, and as a curl command.

use std::path::Path;

use serde_json::{Value, json};
use toolrun_http::{Auth, Body, BodyPiece, Login, Method, Piece, Request, TokenAt};
use toolrun_manifest::{SecretDecl, SecretOrigin};
use toolrun_runner::{Contents, Part, PartBody, Preview, SentFile};

use crate::visible::exact_shell_word;
use crate::words::{one_line, shell_words};

/// What stands for a secret wherever a request is shown.
pub(crate) const MASK: &str = "***";

/// Method, url, headers (names in lower case) and the body if there is one;
/// secrets as `***`. A JSON body is a value, a multipart body the list of its
/// parts, others are text; files stand by name, size and hash.
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
    match (&preview.contents, preview.body()) {
        (_, None) => {}
        (Contents::Plain, Some(body)) => object["body"] = body_value(body),
        (Contents::File(file), _) => object["body"] = file_value(file),
        (Contents::Parts(parts), _) => object["body"] = parts.iter().map(part_value).collect(),
    }
    object
}

/// A curl command that sends the same. Secrets are shell variables, named as
/// in the manifest or after the environment variable that holds them; files
/// are read by curl, from `folder`. A token is the variable `TOKEN`; the login
/// that yields it stands above as a comment.
pub(crate) fn curl(preview: &Preview, secrets: &[SecretDecl], folder: Option<&Path>) -> String {
    let words = command(&preview.request, secrets).into_iter();
    let command = joined(words.chain(curl_body(preview, folder)).collect());
    let shown = match &preview.request.auth {
        Auth::Login(login) => format!("{}{command}", login_comment(login, secrets)),
        _ => command,
    };
    format!("{}{shown}", variables_comment(&shown, secrets))
}

/// What to put into the variables that are no environment variables of the
/// manifest's own.
fn variables_comment(shown: &str, secrets: &[SecretDecl]) -> String {
    let used = secrets
        .iter()
        .filter(|secret| shown.contains(&format!("\"${}\"", secret.name)));
    let lines = used.filter_map(|secret| {
        let holds = match &secret.origin {
            SecretOrigin::Env(_) => return None,
            SecretOrigin::Command { argv, .. } => format!("what `{}` prints", shell_words(argv)),
            SecretOrigin::File { path, .. } => format!("the content of `{}`", one_line(path)),
            SecretOrigin::Keyring(service) => {
                format!("what the keyring has under `{}`", one_line(service))
            }
        };
        Some(format!("# {} is {holds}\n", secret.name))
    });
    lines.collect()
}

/// What to send for the token, and where it stands in the answer.
fn login_comment(login: &Login, secrets: &[SecretDecl]) -> String {
    let wanted = match &login.token {
        TokenAt::OAuth2 => "`access_token` in the answer".to_owned(),
        TokenAt::Picked { pick, .. } => format!("`{}` in the answer", pick.expression()),
        TokenAt::Cookie { name, .. } => format!("the cookie `{name}` in the answer"),
    };
    let sent = &login.request;
    let mut plain = Request::new(sent.method, sent.url.clone());
    plain.headers.clone_from(&sent.headers);
    plain.secret_query.clone_from(&sent.secret_query);
    if let Some(client) = &sent.client {
        plain.auth = Auth::Basic {
            user: client.id.clone(),
            password: client.secret.clone(),
        };
    }
    let mut shown = joined(command(&plain, secrets));
    if let Some(body) = &sent.body {
        let pieces = body.pieces.iter().map(|piece| match piece {
            BodyPiece::Text(text) => Piece::Text(text.clone()),
            BodyPiece::Secret { name, .. } => Piece::Secret(name.clone()),
        });
        let kind = [Piece::Text(body.content_type.clone())];
        let kind = pair("--header", "Content-Type", ": ", &kind, secrets);
        let data = quoted(&pieces.collect::<Vec<_>>(), secrets);
        shown.push_str(&format!(" \\\n  {kind} \\\n  --data-raw {data}"));
    }
    let lines: String = shown.lines().map(|line| format!("#   {line}\n")).collect();
    format!("# TOKEN is {wanted} to this login:\n{lines}")
}

/// Everything but the body.
fn command(request: &Request, secrets: &[SecretDecl]) -> Vec<String> {
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
        Auth::Login(login) => {
            let send = &login.send;
            let value = [
                Piece::Text(send.before.clone()),
                Piece::Secret("TOKEN".to_owned()),
                Piece::Text(send.after.clone()),
            ];
            words.push(pair("--header", &send.header, ": ", &value, secrets));
        }
        Auth::Basic { user, password } => {
            words.push(pair("--user", user, ":", &[secret(password)], secrets));
        }
    }
    words
}

fn joined(words: Vec<String>) -> String {
    words.join(" \\\n  ")
}

fn curl_body(preview: &Preview, folder: Option<&Path>) -> Vec<String> {
    let Some(Body { content_type, bytes }) = preview.body() else {
        return Vec::new();
    };
    let word = |flag: &str, text: String| format!("{flag} {}", quoted(&[Piece::Text(text)], &[]));
    let media = || word("--header", format!("Content-Type: {content_type}"));
    let place = |file: &SentFile| {
        folder
            .unwrap_or(Path::new("."))
            .join(&file.path)
            .display()
            .to_string()
    };
    match &preview.contents {
        Contents::Plain => {
            let body = String::from_utf8_lossy(bytes).into_owned();
            vec![media(), word("--data-raw", body)]
        }
        Contents::File(file) => vec![media(), word("--data-binary", format!("@{}", place(file)))],
        // curl makes the boundary and the header of its own.
        Contents::Parts(parts) => parts
            .iter()
            .map(|Part { name, content }| match content {
                PartBody::Text(text) => word("--form-string", format!("{name}={text}")),
                PartBody::File(file) => {
                    let (path, media) = (form_path(&place(file)), &file.media_type);
                    word("--form", format!("{name}=@{path};type={media}"))
                }
            })
            .collect(),
    }
}

/// A path inside `--form`: quoted where a character of it means something there.
fn form_path(path: &str) -> String {
    if path.contains([',', ';', '"', '\\']) || path.trim() != path {
        format!("\"{}\"", path.replace('\\', r"\\").replace('"', "\\\""))
    } else {
        path.to_owned()
    }
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

fn part_value(part: &Part) -> Value {
    match &part.content {
        PartBody::Text(text) => json!({ "name": part.name, "text": text }),
        PartBody::File(file) => {
            let mut object = json!({ "name": part.name });
            if let (Value::Object(part), Value::Object(file)) = (&mut object, file_value(file)) {
                part.extend(file);
            }
            object
        }
    }
}

fn file_value(file: &SentFile) -> Value {
    json!({ "file": file.path, "media_type": file.media_type, "bytes": file.bytes, "sha256": file.sha256 })
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
            word.push_str(&exact_shell_word(text));
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

    fn curl(request: &Request, secrets: &[SecretDecl]) -> String {
        let preview = Preview {
            tool: "t".to_owned(),
            request: request.clone(),
            contents: Contents::Plain,
        };
        super::curl(&preview, secrets, None)
    }

    #[test]
    fn paths_are_quoted_where_a_form_needs_it() {
        for (path, expected) in [
            ("./a b.txt", "./a b.txt"),
            ("a;type=x.txt", r#""a;type=x.txt""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
        ] {
            assert_eq!(form_path(path), expected);
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
