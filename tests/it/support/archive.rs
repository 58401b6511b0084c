//! A service that stores whatever it is sent, and its manifest: texts as JSON,
//! as a form and as parts, and files. What came is read by libraries that had
//! no part in writing it.

use std::convert::Infallible;

use futures_util::stream;
use serde_json::Value;

use super::http_server::{HttpServer, Recorded, Reply};
use super::llm::Llm;
use super::program::{Program, toolrun};

/// The manifest.
pub(crate) const MANIFEST: &str = r#"toolrun: 1
vars:
  base: { default: "http://127.0.0.1:9" }
apis:
  sink: { base_url: "{{ vars.base }}", retries: 1 }
  typed: { base_url: "{{ vars.base }}", headers: { Content-Type: application/json, X-Own: kept } }
tools:
  send_json:
    api: sink
    description: Stores texts in the archive, as JSON.
    params: &params
      texts: { type: array, items: { type: string }, description: What is stored }
      labels: { type: object, optional: true, description: Words about it }
    method: POST
    url: /json
    effect: read
    body: { json: { texts: "{{ texts }}", labels: "{{ labels }}", "fixed { key }": "x" } }
  send_form:
    api: sink
    description: Stores texts in the archive, as a form.
    params: *params
    method: POST
    url: /form
    effect: read
    body: { form: { texts: "{{ texts }}", labels: "{{ labels }}", fixed: 007 } }
  send_parts:
    api: sink
    description: Stores texts in the archive, as parts.
    params: *params
    method: POST
    url: /parts
    effect: read
    idempotent: true
    body: { multipart: { texts: "{{ texts }}", labels: "{{ labels }}", fixed: 007 } }
  send_file:
    api: sink
    description: Stores a file in the archive, and a second one beside it.
    params:
      doc: { type: file, description: The file }
      more: { type: file, optional: true, description: Another file }
    method: POST
    url: /file
    effect: read
    body: { multipart: { doc: "{{ doc }}", more: "{{ more }}" } }
  put_file:
    api: sink
    description: Stores a file in the archive, and nothing beside it.
    params:
      doc: { type: file, description: The file }
    method: PUT
    url: /file
    effect: read
    body: { text: "{{ doc }}" }
  keep_file:
    api: sink
    description: Stores a file in the archive for good, with a word about it.
    params:
      doc: { type: file, description: The file }
      word: { type: string, description: What it is }
    method: POST
    url: /file
    body: { multipart: { doc: "{{ doc }}", word: "{{ word }}" } }
  send_mail:
    api: typed
    description: Sends a mail to the archive, which may have a file with it.
    params:
      text: { type: string, description: What the mail says }
      doc: { type: file, optional: true, description: The file that goes with it }
    method: POST
    url: /mail
    body: { multipart: { text: "{{ text }}", doc: "{{ doc }}" } }
"#;

/// Starts the service.
pub(crate) fn sink() -> HttpServer {
    HttpServer::start(|_, _| Reply::json(200, "{}"))
}

/// The binary with the manifest, at that service.
pub(crate) fn program(words: &str, server: &HttpServer) -> Program {
    toolrun(words)
        .file("m.yaml", MANIFEST)
        .arg("--var")
        .arg(format!("base={}", server.url()))
}

/// Makes one call; the request that came.
#[track_caller]
pub(crate) fn sent(server: &HttpServer, tool: &str, arguments: &Value) -> Recorded {
    program(&format!("call m.yaml {tool}"), server)
        .arg("--args")
        .arg(arguments.to_string())
        .run()
        .exits(0);
    server.recorded().pop().expect("a request")
}

/// The bytes of a body.
pub(crate) fn body(request: &Recorded) -> &[u8] {
    let end = request.raw.windows(4).position(|window| window == b"\r\n\r\n");
    &request.raw[end.expect("an end of the head") + 4..]
}

/// A part as another library reads it: name, name of the file, media type, content.
pub(crate) type Part = (String, Option<String>, Option<String>, Vec<u8>);

/// The parts of a multipart body.
#[track_caller]
pub(crate) fn parts(request: &Recorded) -> Vec<Part> {
    let types = request.header("content-type");
    assert_eq!(types.len(), 1, "{types:?}");
    let boundary = multer::parse_boundary(types[0]).expect("a boundary");
    let delimiters = body(request)
        .windows(boundary.len())
        .filter(|window| *window == boundary.as_bytes())
        .count();
    let chunks = stream::iter([Ok::<_, Infallible>(body(request).to_vec())]);
    let mut read = multer::Multipart::new(chunks, boundary);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let parts: Vec<Part> = runtime.block_on(async {
        let mut parts = Vec::new();
        while let Some(part) = read.next_field().await.expect("a whole part") {
            let name = part.name().expect("a name").to_owned();
            let (file, media) = (
                part.file_name().map(str::to_owned),
                part.content_type().map(ToString::to_string),
            );
            parts.push((
                name,
                file,
                media,
                part.bytes().await.expect("its content").to_vec(),
            ));
        }
        parts
    });
    assert_eq!(
        delimiters,
        parts.len() + 1,
        "the boundary stands between parts alone"
    );
    parts
}

/// A run with that scripted provider.
pub(crate) fn asked(provider: &str, llm: &Llm, server: &HttpServer) -> Program {
    program("run m.yaml --no-detect", server)
        .arg("--model")
        .arg(format!("{provider}/scripted"))
        .arg("--base-url")
        .arg(llm.base_url())
        .arg("Store it.")
        .env("OPENAI_API_KEY", "k")
        .env("ANTHROPIC_API_KEY", "k")
}
