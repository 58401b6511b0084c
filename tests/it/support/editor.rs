//! An editor for `toolrun lsp`: starts the binary and speaks the protocol with it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::program::Program;
use super::sweep;

/// Far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// An editor with its server.
pub(crate) struct Editor {
    program: Program,
    child: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// What came while something else was waited for.
    kept: VecDeque<Value>,
    said: String,
    last_id: i32,
}

impl Editor {
    /// Starts a server in the program's folder, and says nothing.
    pub(crate) fn silent(program: Program) -> Self {
        let mut child = program.command().spawn().expect("the binary starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(message) = read(&mut stdout) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            program,
            child,
            stdin,
            messages,
            kept: VecDeque::new(),
            said: String::new(),
            last_id: 0,
        }
    }

    /// Starts a server and opens the conversation.
    pub(crate) fn start(program: Program, capabilities: Value) -> (Self, Value) {
        let mut editor = Self::silent(program);
        let params = json!({ "processId": null, "rootUri": null, "capabilities": capabilities });
        let result = editor.ask("initialize", params);
        editor.tell("initialized", json!({}));
        (editor, result)
    }

    /// The folder of the run.
    pub(crate) fn folder(&self) -> &Path {
        self.program.folder()
    }

    /// The address of a file in the folder.
    pub(crate) fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.folder().display())
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("the server listens");
        stdin.write_all(bytes).expect("the server reads");
        stdin.flush().expect("the server reads");
    }

    /// Sends a message.
    pub(crate) fn say(&mut self, message: &Value) {
        let body = message.to_string();
        self.send(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    /// Tells something.
    pub(crate) fn tell(&mut self, method: &str, params: Value) {
        self.say(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks something: the whole answer.
    pub(crate) fn answer(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.wait(|message| message["id"].as_i64() == Some(i64::from(id)))
    }

    /// Asks something that has a result.
    #[track_caller]
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.answer(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// The next message of a kind; others are kept.
    #[track_caller]
    pub(crate) fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.kept.iter().position(&wanted) {
            return self.kept.remove(index).expect("just found");
        }
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("the server answers");
            self.said.push_str(&message.to_string());
            if wanted(&message) {
                return message;
            }
            self.kept.push_back(message);
        }
    }

    /// The next problems that are shown for a text.
    #[track_caller]
    pub(crate) fn problems(&mut self, uri: &str) -> Value {
        let shown = |message: &Value| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri
        };
        self.wait(shown)["params"].take()
    }

    /// Opens a text and returns its problems.
    #[track_caller]
    pub(crate) fn open(&mut self, uri: &str, text: &str) -> Value {
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        self.problems(uri)
    }

    /// Replaces all of a text.
    pub(crate) fn change(&mut self, uri: &str, version: i32, text: &str) {
        self.edit(uri, version, json!([{ "text": text }]));
    }

    /// Sends changes.
    pub(crate) fn edit(&mut self, uri: &str, version: i32, changes: Value) {
        let document = json!({ "uri": uri, "version": version });
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": changes }),
        );
    }

    /// Ends the conversation as it should end: the exit code.
    #[track_caller]
    pub(crate) fn close(mut self) -> Option<i32> {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.tell("exit", Value::Null);
        self.leave()
    }

    /// Goes away without a word: the exit code, after the search for keys.
    #[track_caller]
    pub(crate) fn leave(mut self) -> Option<i32> {
        drop(self.stdin.take());
        let code = self.child.wait().expect("the server ends").code();
        while let Ok(message) = self.messages.recv() {
            self.said.push_str(&message.to_string());
        }
        let mut stderr = String::new();
        let mut from = self.child.stderr.take().expect("stderr is piped");
        from.read_to_string(&mut stderr).expect("text");
        assert_eq!(stderr, "");
        sweep::nothing_in("the conversation", self.said.as_bytes());
        self.program.nothing_left_behind();
        code
    }
}

/// One message, or nothing at the end.
fn read(from: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length?];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
