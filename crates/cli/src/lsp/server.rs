//! What the server knows and does with each message.

use std::collections::BTreeSet;
use std::io::{self, Write};

use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CompletionOptions,
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    HoverProviderCapability, InitializeResult, Position, PositionEncodingKind, Range, SaveOptions,
    ServerCapabilities, ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::actions::{self, Wanted};
use super::check::Workspace;
use super::documents::Documents;
use super::framing::{self, Frame};
use super::message::{Code, Message, Refusal, notification, response};
use super::position::Encoding;
use super::{completion, diagnostics, hover};
use crate::exit::Exit;

/// Whether to go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// With the next message.
    Stay,
    /// The editor is done, or gone.
    Leave(Exit),
}

/// How far the conversation is.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// Before `initialize`.
    Silent,
    /// At work.
    Open,
    /// After `shutdown`.
    Closing,
}

/// A server for one editor.
pub(super) struct Server<W> {
    output: W,
    stage: Stage,
    encoding: Encoding,
    documents: Documents,
    workspace: Workspace,
    /// Texts that changed since they were looked at.
    changed: Vec<String>,
    /// Texts that have problems on the screen.
    marked: BTreeSet<String>,
}

/// Where something is asked. Read by ourselves: the rest of what comes with it is of no use here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    text_document: Name,
    position: Position,
}

#[derive(Debug, Deserialize)]
struct Name {
    uri: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionsWanted {
    text_document: Name,
    range: Range,
    context: ActionsContext,
}

#[derive(Debug, Deserialize)]
struct ActionsContext {
    only: Option<Vec<CodeActionKind>>,
}

impl<W: Write> Server<W> {
    /// One that has heard nothing yet.
    pub(super) fn new(output: W) -> Self {
        Self {
            output,
            stage: Stage::Silent,
            encoding: Encoding::default(),
            documents: Documents::default(),
            workspace: Workspace::default(),
            changed: Vec::new(),
            marked: BTreeSet::new(),
        }
    }

    /// Does what a frame says.
    pub(super) fn take(&mut self, frame: Frame) -> io::Result<Next> {
        let message = match frame {
            Frame::Message(message) => Message::of(message),
            Frame::Broken(why) => {
                self.answer(Value::Null, Err(Refusal::new(Code::Parse, why)))?;
                return Ok(Next::Stay);
            }
            Frame::End => return Ok(Next::Leave(self.exit())),
        };
        match message {
            Message::Request { id, method, params } => {
                let result = self.request(&method, params)?;
                self.answer(id, result)?;
            }
            Message::Notification { method, .. } if method == "exit" => return Ok(Next::Leave(self.exit())),
            Message::Notification { method, params } if self.stage == Stage::Open => {
                self.hear(&method, params)
            }
            Message::Notification { .. } | Message::Response => {}
            Message::Invalid { id } => {
                let refusal = Refusal::new(Code::InvalidRequest, "this is no message of JSON-RPC 2.0");
                self.answer(id, Err(refusal))?;
            }
        }
        Ok(Next::Stay)
    }

    /// Checks what has changed and shows it.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        if self.changed.is_empty() || self.stage != Stage::Open {
            return Ok(());
        }
        let changed = std::mem::take(&mut self.changed);
        let before: BTreeSet<String> = self.workspace.uris().map(str::to_owned).collect();
        self.workspace.refresh(&changed, &self.documents);
        let now = self.workspace.uris().map(str::to_owned);
        let mut shown: BTreeSet<String> = now.chain(before).collect();
        shown.extend(self.marked.iter().cloned());
        let mut problems = diagnostics::all(&self.workspace, self.encoding);
        for uri in shown {
            self.show(&uri, problems.remove(&uri).unwrap_or_default())?;
        }
        Ok(())
    }

    /// A goodbye without `shutdown` before it is an error, says the protocol.
    fn exit(&self) -> Exit {
        match self.stage {
            Stage::Closing => Exit::Done,
            Stage::Silent | Stage::Open => Exit::Found,
        }
    }

    fn answer(&mut self, id: Value, result: Result<Value, Refusal>) -> io::Result<()> {
        framing::write(&mut self.output, &response(id, result))
    }

    /// The outer result is that of writing.
    fn request(&mut self, method: &str, params: Value) -> io::Result<Result<Value, Refusal>> {
        Ok(match (&self.stage, method) {
            (Stage::Silent, "initialize") => Ok(self.initialize(&params)),
            (Stage::Silent, _) => Err(Refusal::new(Code::NotInitialized, "`initialize` comes first")),
            (Stage::Closing, _) => Err(Refusal::new(Code::InvalidRequest, "the server is shutting down")),
            (Stage::Open, "initialize") => Err(Refusal::new(
                Code::InvalidRequest,
                "`initialize` has come already",
            )),
            (Stage::Open, "shutdown") => {
                self.stage = Stage::Closing;
                Ok(Value::Null)
            }
            (Stage::Open, "textDocument/completion") => read(params).map(|place| self.complete(&place)),
            (Stage::Open, "textDocument/hover") => {
                self.settle()?;
                read(params).map(|place| self.hover(&place))
            }
            (Stage::Open, "textDocument/codeAction") => {
                self.settle()?;
                read(params).map(|wanted| self.actions(wanted))
            }
            (Stage::Open, _) => {
                let message = format!("there is no method `{method}`");
                Err(Refusal::new(Code::MethodNotFound, message))
            }
        })
    }

    fn initialize(&mut self, params: &Value) -> Value {
        let offered = &params["capabilities"]["general"]["positionEncodings"];
        let offered: Option<Vec<PositionEncodingKind>> = serde_json::from_value(offered.clone()).ok();
        self.encoding = Encoding::choose(offered.as_deref());
        self.stage = Stage::Open;
        let sync = TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions {
                include_text: Some(false),
            })),
            ..TextDocumentSyncOptions::default()
        };
        let words = [":", " ", "{", "[", ".", "|"];
        let result = InitializeResult {
            capabilities: ServerCapabilities {
                position_encoding: Some(self.encoding.name()),
                text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
                completion_provider: Some(CompletionOptions {
                    trigger_characters: Some(words.map(str::to_owned).to_vec()),
                    ..CompletionOptions::default()
                }),
                hover_provider: Some(HoverProviderCapability::Simple(true)),
                code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
                    code_action_kinds: Some(actions::kinds()),
                    ..CodeActionOptions::default()
                })),
                ..ServerCapabilities::default()
            },
            server_info: Some(ServerInfo {
                name: "toolrun".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        };
        json!(result)
    }

    /// What the editor only tells; what cannot be read is passed over, for nobody waits for an answer.
    fn hear(&mut self, method: &str, params: Value) {
        match method {
            "textDocument/didOpen" => {
                if let Ok(DidOpenTextDocumentParams {
                    text_document: opened,
                }) = read(params)
                {
                    self.documents
                        .open(opened.uri.as_str(), opened.version, opened.text);
                    self.changed.push(opened.uri.as_str().to_owned());
                }
            }
            "textDocument/didChange" => {
                if let Ok(DidChangeTextDocumentParams {
                    text_document: named,
                    content_changes,
                }) = read(params)
                {
                    let uri = named.uri.as_str();
                    self.documents
                        .change(uri, named.version, content_changes, self.encoding);
                    self.changed.push(uri.to_owned());
                }
            }
            "textDocument/didClose" => {
                if let Ok(DidCloseTextDocumentParams {
                    text_document: closed,
                }) = read(params)
                {
                    self.documents.close(closed.uri.as_str());
                    self.changed.push(closed.uri.as_str().to_owned());
                }
            }
            // Something on disk is new: whatever is open may include it.
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.changed
                    .extend(self.documents.iter().map(|(uri, _)| uri.to_owned()));
            }
            _ => {}
        }
    }

    /// Shows the problems of a text as they are now.
    fn show(&mut self, uri: &str, found: Vec<lsp_types::Diagnostic>) -> io::Result<()> {
        let document = self.documents.get(uri);
        if found.is_empty() && document.is_none() && !self.marked.contains(uri) {
            return Ok(());
        }
        if found.is_empty() {
            self.marked.remove(uri);
        } else {
            self.marked.insert(uri.to_owned());
        }
        let mut params = json!({ "uri": uri, "diagnostics": found });
        if let Some(document) = document {
            params["version"] = document.version.into();
        }
        framing::write(
            &mut self.output,
            &notification("textDocument/publishDiagnostics", params),
        )
    }

    fn complete(&self, place: &Place) -> Value {
        let uri = &place.text_document.uri;
        let around = self.workspace.of(uri);
        let items = self
            .documents
            .get(uri)
            .map(|document| completion::items(uri, &document.text, place.position, &around, self.encoding));
        json!(items.unwrap_or_default())
    }

    fn hover(&self, place: &Place) -> Value {
        let uri = &place.text_document.uri;
        let found = self.documents.get(uri).and_then(|document| {
            hover::at(
                &document.text,
                place.position,
                &self.workspace.of(uri),
                self.encoding,
            )
        });
        json!(found)
    }

    fn actions(&self, wanted: ActionsWanted) -> Value {
        let uri = &wanted.text_document.uri;
        let around = self.workspace.of(uri);
        let wanted = Wanted {
            uri,
            range: wanted.range,
            only: wanted.context.only,
        };
        json!(actions::at(&wanted, &around, self.encoding))
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refusal> {
    serde_json::from_value(params).map_err(|error| Refusal::new(Code::InvalidParams, error.to_string()))
}
