//! `toolrun lsp`: the binary as an editor meets it.

use std::fs;
use std::io::Write;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::editor::Editor;
use crate::support::program::toolrun;

const GOOD: &str = "\
toolrun: 1
secrets: { SHOP_KEY: env }
apis:
  shop: { base_url: https://shop.example, auth: { bearer: SHOP_KEY } }
tools:
  find_orders:
    api: shop
    description: Lists a customer's orders, newest first, by the customer's e-mail address.
    params:
      email: { type: string, format: email, description: The customer's e-mail address }
    url: /orders?email={{ email }}
";

fn start() -> Editor {
    Editor::start(toolrun("lsp"), json!({})).0
}

fn at(text: &str, place: &str) -> Value {
    let byte = text.find(place).expect("the place") + place.len();
    let line = text[..byte].matches('\n').count();
    let start = text[..byte].rfind('\n').map_or(0, |newline| newline + 1);
    json!({ "line": line, "character": text[start..byte].encode_utf16().count() })
}

fn place(uri: &str, position: Value) -> Value {
    json!({ "textDocument": { "uri": uri }, "position": position })
}

fn codes(problems: &Value) -> Vec<&str> {
    let all = problems["diagnostics"].as_array().expect("a list");
    all.iter().filter_map(|found| found["code"].as_str()).collect()
}

fn labels(items: &Value) -> Vec<&str> {
    let all = items.as_array().expect("a list");
    all.iter().filter_map(|found| found["label"].as_str()).collect()
}

#[test]
fn a_whole_conversation() {
    let (mut editor, told) = Editor::start(toolrun("lsp --stdio"), json!({}));
    assert_eq!(told["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(told["serverInfo"]["name"], "toolrun");
    let uri = editor.uri("shop.yaml");
    let bad = GOOD.replace("description: Lists", "descripton: Lists");
    let shown = editor.open(&uri, &bad);
    assert_eq!(codes(&shown), ["unknown-key", "missing-key"][..1].to_vec());
    assert_eq!(shown["version"].as_i64(), Some(1));
    let problem = &shown["diagnostics"][0];
    assert_eq!(problem["source"], "toolrun");
    assert_eq!(problem["severity"].as_i64(), Some(1));
    assert_eq!(problem["range"]["start"], at(&bad, "api: shop\n    "));
    assert_eq!(problem["range"]["end"], at(&bad, "descripton"));
    assert!(
        problem["message"]
            .as_str()
            .expect("words")
            .contains("did you mean `description`?")
    );

    let wanted = json!({ "textDocument": { "uri": uri }, "range": problem["range"], "context": { "diagnostics": [] } });
    let actions = editor.ask("textDocument/codeAction", wanted);
    assert_eq!(actions[0]["title"], "Rename it to `description`");
    assert_eq!(actions[0]["kind"], "quickfix");
    assert_eq!(actions[0]["isPreferred"], false, "an unsafe fix is not preferred");
    let edit = &actions[0]["edit"]["changes"][&uri][0];
    assert_eq!(
        (&edit["newText"], &edit["range"]),
        (&json!("description"), &problem["range"])
    );

    editor.edit(
        &uri,
        2,
        json!([{ "range": edit["range"], "text": edit["newText"] }]),
    );
    let shown = editor.problems(&uri);
    assert_eq!((codes(&shown), shown["version"].as_i64()), (vec![], Some(2)));

    let hover = editor.ask("textDocument/hover", place(&uri, at(GOOD, "    url")));
    let words = hover["contents"]["value"].as_str().expect("words");
    assert!(
        words.starts_with("**url**") && words.contains("base_url"),
        "{words}"
    );
    let hover = editor.ask("textDocument/hover", place(&uri, at(GOOD, "  find_o")));
    let words = hover["contents"]["value"].as_str().expect("words");
    assert!(
        words.contains("(GET, reads, about ") && words.contains("\"required\""),
        "{words}"
    );
    let hover = editor.ask("textDocument/hover", place(&uri, at(GOOD, "      ema")));
    let words = hover["contents"]["value"].as_str().expect("words");
    assert!(words.contains("The customer's e-mail address"), "{words}");
    assert_eq!(
        editor.ask("textDocument/hover", place(&uri, at(GOOD, "newest"))),
        Value::Null
    );

    let typed = format!("{GOOD}    me");
    editor.change(&uri, 3, &typed);
    let shown = editor.problems(&uri);
    assert_eq!(
        (codes(&shown), shown["version"].as_i64()),
        (vec!["syntax"], Some(3))
    );
    let items = editor.ask("textDocument/completion", place(&uri, at(&typed, "    me")));
    let method = items
        .as_array()
        .expect("items")
        .iter()
        .find(|item| item["label"] == "method")
        .expect("offered");
    assert_eq!(method["textEdit"]["newText"], "method: ");
    assert_eq!(
        method["textEdit"]["range"]["start"]["character"].as_i64(),
        Some(4)
    );
    assert!(method["detail"].as_str().expect("words").contains("GET, HEAD"));
    assert!(!labels(&items).contains(&"url"), "written already");

    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    let mut last = editor.problems(&uri);
    while last.get("version").is_some() {
        last = editor.problems(&uri);
    }
    assert_eq!(codes(&last), Vec::<&str>::new());
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn names_are_completed_from_the_manifest_and_what_it_includes() {
    let other = "toolrun: 1\ntools:\n  get_rate:\n    description: Returns the exchange rate of two currencies today.\n    url: https://rates.example/today\n";
    let program = toolrun("lsp").file("rates.yaml", other);
    let mut editor = Editor::start(program, json!({})).0;
    let uri = editor.uri("shop.yaml");
    let text =
        format!("include: rates.yaml\nagent: {{ tools: [ get ] }}\n{GOOD}").replacen("toolrun: 1\n", "", 1);
    let text = format!("toolrun: 1\n{text}");
    editor.open(&uri, &text);
    for (place_of, expected) in [
        ("tools: [ get", &["find_orders", "get_rate"][..]),
        ("bearer: SH", &["SHOP_KEY"]),
        ("    api: s", &["shop"]),
        ("email={{ em", &["email", "secrets.SHOP_KEY", "call.id", "now"]),
        (
            "type: str",
            &[
                "string", "integer", "number", "boolean", "array", "object", "map", "file",
            ],
        ),
    ] {
        let items = editor.ask("textDocument/completion", place(&uri, at(&text, place_of)));
        let mut found = labels(&items);
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{place_of}");
    }
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn what_is_included_is_checked_with_what_includes_it() {
    let part = "toolrun: 1\ntools:\n  get_rate:\n    api: shop\n    description: Returns the exchange rate of two currencies today.\n    url: /rates\n";
    let program = toolrun("lsp").file("a b/part.yaml", part);
    let mut editor = Editor::start(program, json!({})).0;
    let (main, inner) = (editor.uri("main.yaml"), editor.uri("a%20b/part.yaml"));
    // Alone, it is found wanting.
    let shown = editor.open(&inner, part);
    assert_eq!(codes(&shown), ["unknown-name"]);
    let text = GOOD.replacen("toolrun: 1\n", "toolrun: 1\ninclude: [ a b/part.yaml ]\n", 1);
    let shown = editor.open(&main, &text);
    assert_eq!(codes(&shown), Vec::<&str>::new());
    assert_eq!(codes(&editor.problems(&inner)), Vec::<&str>::new());
    // What is typed counts, saved or not: its problem stands in the file that has it.
    editor.change(&inner, 2, &part.replace("url: /rates", "url: /rates/{{ nope }}"));
    let shown = editor.problems(&inner);
    assert_eq!(
        (codes(&shown), shown["version"].as_i64()),
        (vec!["unknown-name"], Some(2))
    );
    // A clash points at the other file.
    editor.change(&inner, 3, &part.replace("get_rate", "find_orders"));
    let mut shown = editor.problems(&inner);
    while shown["version"].as_i64() != Some(3) {
        shown = editor.problems(&inner);
    }
    assert_eq!(codes(&shown), ["name-clash"]);
    assert_eq!(
        shown["diagnostics"][0]["relatedInformation"][0]["location"]["uri"],
        main.as_str()
    );
    // Closed, the file on disk counts again.
    editor.tell(
        "textDocument/didClose",
        json!({ "textDocument": { "uri": inner } }),
    );
    let mut shown = editor.problems(&inner);
    while !codes(&shown).is_empty() {
        shown = editor.problems(&inner);
    }
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_problem_of_a_file_that_is_not_open_is_shown_there() {
    let part = "toolrun: 1\ntols: {}\n";
    let program = toolrun("lsp").file("part.yaml", part);
    let mut editor = Editor::start(program, json!({})).0;
    let (main, inner) = (editor.uri("main.yaml"), editor.uri("part.yaml"));
    let text = GOOD.replacen("toolrun: 1\n", "toolrun: 1\ninclude: part.yaml\n", 1);
    editor.open(&main, &text);
    let shown = editor.problems(&inner);
    assert_eq!(codes(&shown), ["unknown-key"]);
    assert!(shown.get("version").is_none(), "{shown}");
    // Mended on disk by another program.
    fs::write(editor.folder().join("part.yaml"), "toolrun: 1\n").expect("a file");
    editor.tell("textDocument/didSave", json!({ "textDocument": { "uri": main } }));
    assert_eq!(codes(&editor.problems(&inner)), Vec::<&str>::new());
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn positions_are_counted_as_the_editor_counts() {
    let text = "toolrun: 1\r\nname: \"😀\"\r\nx-é😀: 1\r\ntools: { \"é😀\": { url: 1 } }\r\n";
    for (capabilities, encoding, character) in [
        (json!({}), "utf-16", 9),
        (
            json!({ "general": { "positionEncodings": ["utf-16"] } }),
            "utf-16",
            9,
        ),
        (
            json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } }),
            "utf-8",
            9,
        ),
    ] {
        let (mut editor, told) = Editor::start(toolrun("lsp"), capabilities);
        assert_eq!(told["capabilities"]["positionEncoding"], encoding);
        let uri = editor.uri("a.yaml");
        let shown = editor.open(&uri, text);
        let found = shown["diagnostics"].as_array().expect("problems");
        let number = found
            .iter()
            .find(|found| found["code"] == "wrong-type")
            .expect("a number as url");
        let units = if encoding == "utf-8" { 6 } else { 3 };
        assert_eq!(number["range"]["start"]["line"].as_i64(), Some(3));
        assert_eq!(
            number["range"]["start"]["character"].as_i64(),
            Some(character + units + 11)
        );
        // A change is counted the same way.
        let start = json!({ "line": 3, "character": character + units + 11 });
        let end = json!({ "line": 3, "character": character + units + 12 });
        editor.edit(
            &uri,
            2,
            json!([{ "range": { "start": start, "end": end }, "text": "https://a.example" }]),
        );
        let shown = editor.problems(&uri);
        assert!(!codes(&shown).contains(&"wrong-type"), "{shown}");
        assert_eq!(editor.close(), Some(0));
    }
}

#[test]
fn safe_fixes_come_all_at_once() {
    let text = GOOD.replace("    url:", "    method: get\n    url:")
        + "  count_orders:\n    api: shop\n    method: get\n    description: Counts all the orders that the shop has had so far.\n    url: /orders/count\n";
    let mut editor = start();
    let uri = editor.uri("shop.yaml");
    let shown = editor.open(&uri, &text);
    assert_eq!(codes(&shown), ["wrong-value", "wrong-value"]);
    let range = &shown["diagnostics"][0]["range"];
    let wanted = |only: Value| json!({ "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [], "only": only } });
    let actions = editor.ask("textDocument/codeAction", wanted(Value::Null));
    let kinds: Vec<_> = actions
        .as_array()
        .expect("a list")
        .iter()
        .map(|action| action["kind"].as_str())
        .collect();
    assert_eq!(kinds, [Some("quickfix"), Some("source.fixAll.toolrun")]);
    assert_eq!(actions[0]["isPreferred"], true);
    let all = editor.ask("textDocument/codeAction", wanted(json!(["source.fixAll"])));
    assert_eq!(all.as_array().map(Vec::len), Some(1));
    let edits = all[0]["edit"]["changes"][&uri].as_array().expect("edits").clone();
    let changes: Vec<Value> = edits
        .iter()
        .rev()
        .map(|edit| json!({ "range": edit["range"], "text": edit["newText"] }))
        .collect();
    editor.edit(&uri, 2, json!(changes));
    assert_eq!(codes(&editor.problems(&uri)), Vec::<&str>::new());
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn what_is_no_manifest_is_left_alone() {
    let mut editor = start();
    let uri = editor.uri("compose.yaml");
    let compose = "services:\n  web: {}\n";
    // Nothing is shown for it, so nothing is waited for.
    let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": compose });
    editor.tell("textDocument/didOpen", json!({ "textDocument": document }));
    assert_eq!(
        editor.ask(
            "textDocument/completion",
            place(&uri, at(compose, "services:\n  "))
        ),
        json!([])
    );
    assert_eq!(
        editor.ask("textDocument/hover", place(&uri, at(compose, "ser"))),
        Value::Null
    );
    // An address that is no file.
    let shown = editor.open("untitled:Untitled-1", "toolrun: 1\ninclude: a.yaml\n");
    assert_eq!(codes(&shown), ["include"]);
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn mistakes_of_the_editor_are_told_and_survived() {
    let mut editor = Editor::silent(toolrun("lsp"));
    let early = editor.answer("textDocument/hover", json!({}));
    assert_eq!(early["error"]["code"].as_i64(), Some(-32002));
    editor.ask("initialize", json!({ "capabilities": {} }));
    let twice = editor.answer("initialize", json!({}));
    assert_eq!(twice["error"]["code"].as_i64(), Some(-32600));
    for (sent, code) in [
        ("{", -32700),
        ("[]", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"x\"}", -32600),
        ("7", -32600),
    ] {
        editor.send(format!("Content-Length: {}\r\n\r\n{sent}", sent.len()).as_bytes());
        let answer = editor.wait(|message| message.get("error").is_some());
        assert_eq!(answer["error"]["code"].as_i64(), Some(code), "{sent}");
        assert_eq!(answer["id"], Value::Null);
    }
    editor.send(b"X-Nothing: 1\r\n\r\n");
    let answer = editor.wait(|message| message.get("error").is_some());
    assert_eq!(answer["error"]["code"].as_i64(), Some(-32700));
    let unknown = editor.answer("textDocument/rename", json!({}));
    assert_eq!(unknown["error"]["code"].as_i64(), Some(-32601));
    let misfit = editor.answer("textDocument/completion", json!({ "position": 1 }));
    assert_eq!(misfit["error"]["code"].as_i64(), Some(-32602));
    editor.tell("$/cancelRequest", json!({ "id": 1 }));
    editor.tell("textDocument/didChange", json!([1, 2]));
    editor.say(&json!({ "jsonrpc": "2.0", "id": "text", "method": "textDocument/hover", "params": place("file:///none", json!({ "line": 0, "character": 0 })) }));
    let answer = editor.wait(|message| message["id"] == "text");
    assert_eq!(answer["result"], Value::Null);
    assert_eq!(editor.ask("shutdown", Value::Null), Value::Null);
    let late = editor.answer("textDocument/hover", json!({}));
    assert_eq!(late["error"]["code"].as_i64(), Some(-32600));
    editor.tell("exit", Value::Null);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_goodbye_without_shutdown_is_an_error() {
    let mut editor = start();
    editor.tell("exit", Value::Null);
    assert_eq!(editor.leave(), Some(1));
    assert_eq!(start().leave(), Some(1), "the editor went away");
    assert_eq!(Editor::silent(toolrun("lsp")).leave(), Some(1));
}

/// No command of a manifest is run, no file of a secret and no variable is read.
#[test]
fn no_secret_is_read() {
    let text = GOOD.replace(
        "{ SHOP_KEY: env }",
        "{ SHOP_KEY: { command: [touch, ran] }, OTHER: { file: secret.txt }, THIRD: env }",
    );
    let program = toolrun("lsp")
        .file("secret.txt", "the content of the file")
        .env("THIRD", "the value of the variable");
    let mut editor = Editor::start(program, json!({})).0;
    let uri = editor.uri("shop.yaml");
    editor.open(&uri, &text);
    let items = editor.ask("textDocument/completion", place(&uri, at(&text, "bearer: ")));
    assert_eq!(labels(&items), ["SHOP_KEY", "OTHER", "THIRD"]);
    assert!(!items.to_string().contains("the value") && !items.to_string().contains("the content"));
    assert!(!editor.folder().join("ran").exists());
    assert_eq!(editor.close(), Some(0));
}

#[test]
fn a_text_of_five_mebibytes_is_refused_and_survived() {
    let mut editor = start();
    let uri = editor.uri("large.yaml");
    let text = format!("{GOOD}# {}\n", "x".repeat(5 << 20));
    assert_eq!(codes(&editor.open(&uri, &text)), ["too-large"]);
    let items = editor.ask("textDocument/completion", place(&uri, at(GOOD, "    ")));
    assert!(items.is_array());
    editor.change(&uri, 2, GOOD);
    assert_eq!(codes(&editor.problems(&uri)), Vec::<&str>::new());
    assert_eq!(editor.close(), Some(0));
}

/// While somebody types, every state that was looked at is shown with its version, the last one in any case.
#[test]
fn the_last_of_many_changes_is_shown() {
    let mut editor = start();
    let uri = editor.uri("shop.yaml");
    editor.open(&uri, GOOD);
    for version in 2..=60 {
        let text = if version == 60 {
            GOOD.to_owned()
        } else {
            format!("{GOOD}{}", "b".repeat(version as usize))
        };
        editor.change(&uri, version, &text);
    }
    let mut last = 1;
    loop {
        let shown = editor.problems(&uri);
        let version = shown["version"].as_i64().expect("a version");
        assert!(version > last, "{version} after {last}");
        last = version;
        if version == 60 {
            assert_eq!(codes(&shown), Vec::<&str>::new());
            break;
        }
    }
    assert_eq!(editor.close(), Some(0));
}

/// How long a change takes to be checked, for the figures: run with `--ignored --nocapture`.
#[test]
#[ignore = "prints figures"]
fn how_long_a_change_takes() {
    for count in [100, 1000] {
        let tool = |index: usize| {
            format!(
                "  find_orders_{index}:\n    api: shop\n    description: Lists the orders of shop {index}, newest first, by the customer's address.\n    params:\n      email: {{ type: string, format: email, description: The customer's e-mail address }}\n    url: /{index}/orders?email={{{{ email }}}}\n"
            )
        };
        let text: String = std::iter::once(GOOD.to_owned())
            .chain((0..count).map(tool))
            .collect();
        let mut editor = start();
        let uri = editor.uri("shop.yaml");
        editor.open(&uri, &text);
        let mut times = Vec::new();
        for version in 2..12 {
            let began = Instant::now();
            let end = json!({ "line": text.lines().count(), "character": 0 });
            editor.edit(
                &uri,
                version,
                json!([{ "range": { "start": end, "end": end }, "text": "# x\n" }]),
            );
            editor.problems(&uri);
            times.push(began.elapsed());
        }
        let began = Instant::now();
        let items = editor.ask(
            "textDocument/completion",
            place(&uri, at(&text, "  find_orders_50:\n    ")),
        );
        let completion = began.elapsed();
        assert!(labels(&items).contains(&"method"));
        times.sort();
        let figures = format!(
            "{count} tools: {:?} median to the problems, {completion:?} to complete",
            times[5]
        );
        let _ = writeln!(std::io::stderr(), "{figures}");
        assert_eq!(editor.close(), Some(0));
    }
}
