//! Three services on three addresses of loopback behind one manifest: notes
//! that are private, a web that anybody writes to, and mail that goes out.

use std::sync::Arc;

use super::http_server::{HttpServer, Recorded, Reply};
use super::program::{Program, toolrun};

/// Stands in the private notes and must not get out.
pub(crate) const CANARY: &str = "CANARY-51f0c9ab77e24d18";
/// The key of the notes.
pub(crate) const VAULT_KEY: &str = "key-vault-8d1f2a6c90";
/// The key of the mail.
pub(crate) const MAIL_KEY: &str = "key-mail-77b04e51d3";

/// The manifest.
pub(crate) const MANIFEST: &str = r#"toolrun: 1
name: office
agent:
  limits: { turns: 60, calls: 100 }
secrets: { VAULT_KEY: env, MAIL_KEY: env }
vars:
  vault_url: { env: VAULT_URL, default: "http://127.0.0.1:9" }
  web_url: { env: WEB_URL, default: "http://127.0.0.1:9" }
  mail_url: { env: MAIL_URL, default: "http://127.0.0.1:9" }
apis:
  vault: { base_url: "{{ vars.vault_url }}", auth: { bearer: VAULT_KEY }, retries: 0 }
  web: { base_url: "{{ vars.web_url }}", retries: 0 }
  mail: { base_url: "{{ vars.mail_url }}", auth: { header: { name: X-Mail-Key, secret: MAIL_KEY } }, retries: 0 }
tools:
  read_notes:
    api: vault
    description: Reads all private notes of the person.
    url: /notes
  add_note:
    api: vault
    description: Adds one private note.
    params: { text: { type: string, description: What the note says } }
    method: POST
    url: /notes
    body: { json: { text: "{{ text }}" } }
    effect: write
  wipe_notes:
    api: vault
    description: Deletes every private note for good.
    method: DELETE
    url: /notes
    effect: destructive
  search:
    api: web
    description: Searches the public web for a phrase.
    params: { q: { type: string, description: The phrase to look for } }
    url: /search?q={{ q }}
  get_page:
    api: web
    description: Gets one page of the public web.
    params: { page: { type: string, description: The name of the page } }
    url: /pages/{{ page }}
  post_comment:
    api: web
    description: Posts a comment that everybody can read.
    params: { text: { type: string, description: What the comment says } }
    method: POST
    url: /comments
    body: { json: { text: "{{ text }}" } }
    effect: write
  find_address:
    api: mail
    description: Finds the address of a person by the name.
    params: { name: { type: string, description: The name of the person } }
    url: /addresses?name={{ name }}
  send_mail:
    api: mail
    description: Sends a mail to one address.
    params:
      to: { type: string, description: The address }
      text: { type: string, description: What the mail says }
    method: POST
    url: /messages
    body: { json: { to: "{{ to }}", text: "{{ text }}" } }
    effect: write
"#;

/// The three services, and a fourth that no manifest names.
pub(crate) struct Office {
    /// The private notes.
    pub(crate) vault: HttpServer,
    /// The public web.
    pub(crate) web: HttpServer,
    /// The mail.
    pub(crate) mail: HttpServer,
    /// Where nothing may go.
    pub(crate) trap: HttpServer,
}

impl Office {
    /// Starts them; the web answers searches as the function says, which is
    /// given the request and the host that nothing may go to.
    pub(crate) fn start(searched: impl Fn(&Recorded, &str) -> Reply + Send + Sync + 'static) -> Self {
        let trap = HttpServer::start_at("127.0.0.4", |_, _| Reply::json(200, "{}"));
        let searched = Arc::new(searched);
        let host = trap.host().to_owned();
        let web = HttpServer::start_at("127.0.0.2", move |request, _| {
            if request.target.starts_with("/search") || request.target.starts_with("/pages") {
                return searched(request, &host);
            }
            Reply::json(201, r#"{"posted":true}"#)
        });
        Self {
            vault: HttpServer::start_at("127.0.0.1", |request, _| match request.method.as_str() {
                "GET" => Reply::json(200, &format!(r#"{{"notes":["the code is {CANARY}"]}}"#)),
                _ => Reply::json(201, r#"{"done":true}"#),
            }),
            web,
            mail: HttpServer::start_at("127.0.0.3", |request, _| match request.method.as_str() {
                "GET" => Reply::json(200, r#"{"address":"ann@office.example"}"#),
                _ => Reply::json(202, r#"{"sent":true}"#),
            }),
            trap,
        }
    }

    /// `toolrun run office.yaml PROMPT` against that model.
    pub(crate) fn run(&self, provider: &str, base_url: &str, prompt: &str) -> Program {
        toolrun("run office.yaml --no-detect")
            .arg(prompt)
            .file("office.yaml", MANIFEST)
            .arg("--model")
            .arg(format!("{provider}/scripted"))
            .arg("--base-url")
            .arg(base_url)
            .env("VAULT_URL", &self.vault.url())
            .env("WEB_URL", &self.web.url())
            .env("MAIL_URL", &self.mail.url())
            .env("VAULT_KEY", VAULT_KEY)
            .env("MAIL_KEY", MAIL_KEY)
            .env("OPENAI_API_KEY", "key-model-01")
            .env("ANTHROPIC_API_KEY", "key-model-01")
    }
}
