//! A10: files: which may be sent, how they arrive, and who may know what of
//! them; D05: files of ours.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::archive::{Part, asked, body, parts, program, sink};
use crate::support::http_server::HttpServer;
use crate::support::llm::{Llm, Turn, call};
use crate::support::program::Program;
use crate::support::terminal::{AtTerminal, Reading};

/// Names that files may have, and how each stands in the head of its part.
const NAMES: &[(&str, &str, &str)] = &[
    ("v1..v2.txt", "v1..v2.txt", "text/plain"),
    (".env", ".env", "application/octet-stream"),
    ("ü 日本.pdf", "ü 日本.pdf", "application/pdf"),
    (
        "a \"b\"; filename=c.json",
        "a %22b%22; filename=c.json",
        "application/json",
    ),
    (
        "x\r\nContent-Type: a-b\r\n\r\n.png",
        "x%0D%0AContent-Type: a-b%0D%0A%0D%0A.png",
        "image/png",
    ),
    ("back\\slash.csv", "back\\slash.csv", "text/csv"),
    ("50%.tar", "50%.tar", "application/x-tar"),
];

#[test]
fn a10_files_arrive_whole_under_their_names() {
    let server = sink();
    let content: Vec<u8> = (0..=255).chain(*b"\r\n--toolrun-0--\r\n").collect();
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("in ner")).expect("a folder");
    for (name, escaped, media) in NAMES {
        fs::write(folder.path().join("in ner").join(name), &content).expect("a file");
        let path = format!("in ner/{name}");
        with_files(
            "send_file",
            folder.path(),
            &server,
            &json!({ "doc": path, "more": path }),
        )
        .run()
        .exits(0);
        let part = |field: &str| {
            let (file, media) = (Some((*escaped).to_owned()), Some((*media).to_owned()));
            (field.to_owned(), file, media, content.clone())
        };
        let request = server.recorded().pop().expect("a request");
        // The other library undoes escapes by backslash, which nobody wrote.
        let found: Vec<Part> = parts(&request).into_iter().collect();
        let expected = [part("doc"), part("more")];
        if name.contains('\\') {
            assert!(
                request.body.contains("filename=\"back\\slash.csv\""),
                "{}",
                request.body
            );
        } else {
            assert_eq!(found, expected, "{name}");
        }
        with_files("put_file", folder.path(), &server, &json!({ "doc": path }))
            .run()
            .exits(0);
        let request = server.recorded().pop().expect("a request");
        assert_eq!(body(&request), content, "{name}");
        assert_eq!(request.header("content-type"), ["text/plain"]);
    }
}

fn with_files(tool: &str, folder: &Path, server: &HttpServer, arguments: &Value) -> Program {
    program(&format!("call m.yaml {tool}"), server)
        .arg("--files")
        .arg(folder.to_str().expect("text"))
        .arg("--args")
        .arg(arguments.to_string())
}

/// A folder with files, links and a pipe; and one beside it with a secret.
struct Place {
    open: tempfile::TempDir,
    beside: tempfile::TempDir,
}

const SECRET: &str = "canary-file-51d0c3";

fn place() -> Place {
    let (open, beside) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    fs::write(beside.path().join("key.txt"), SECRET).expect("a file");
    let at = |name: &str| open.path().join(name);
    fs::create_dir(at("real")).expect("a folder");
    fs::write(at("real/a.txt"), "inside").expect("a file");
    symlink(beside.path().join("key.txt"), at("link.txt")).expect("a link");
    symlink(beside.path().join("none.txt"), at("dangling.txt")).expect("a link");
    symlink(beside.path(), at("out")).expect("a link");
    symlink("real", at("again")).expect("a link");
    symlink("/proc/self", at("self")).expect("a link");
    Place { open, beside }
}

#[test]
fn a10_no_path_leads_out_of_the_folder() {
    let (server, place) = (sink(), place());
    let beside = place.beside.path().join("key.txt").display().to_string();
    let up = format!(
        "../{}/key.txt",
        place.beside.path().file_name().expect("a name").display()
    );
    for (path, words) in [
        (beside.as_str(), "the path is absolute"),
        ("/nowhere/at/all", "the path is absolute"),
        (&up, "`..`"),
        ("real/../../x", "`..`"),
        ("../none", "`..`"),
        ("..", "`..`"),
        ("link.txt", "links are not followed"),
        ("dangling.txt", "links are not followed"),
        ("out/key.txt", "links are not followed"),
        ("out/none.txt", "links are not followed"),
        ("again/a.txt", "links are not followed"),
        ("self/environ", "links are not followed"),
        ("real", "`real` is a folder"),
        ("", "empty"),
        ("real//a.txt", "empty"),
        ("none", "there is no `none` in the folder of --files"),
        ("real/a.txt/x", "there is no `real/a.txt/x`"),
        ("..\\key.txt", "there is no `.."),
        ("%2e%2e/key.txt", "there is no `%2e%2e/key.txt`"),
    ] {
        for tool in ["send_file", "put_file"] {
            with_files(tool, place.open.path(), &server, &json!({ "doc": path }))
                .run()
                .exits(2)
                .says("error[file-")
                .says(words)
                .hides(SECRET);
        }
    }
    assert!(server.recorded().is_empty());
}

#[test]
fn a10_a_folder_that_became_a_link_is_refused() {
    let (server, place) = (sink(), place());
    let call = || {
        with_files(
            "put_file",
            place.open.path(),
            &server,
            &json!({ "doc": "real/key.txt" }),
        )
    };
    fs::write(place.open.path().join("real/key.txt"), "inside").expect("a file");
    call().run().exits(0);
    fs::rename(place.open.path().join("real"), place.open.path().join("moved")).expect("renamed");
    symlink(place.beside.path(), place.open.path().join("real")).expect("a link");
    call().run().exits(2).says("links are not followed").hides(SECRET);
    assert_eq!(server.recorded().len(), 1);
    assert_eq!(server.recorded()[0].body, "inside");
}

#[test]
fn a10_without_a_folder_no_file_is_read() {
    let server = sink();
    program("call m.yaml put_file doc=m.yaml", &server)
        .run()
        .exits(5)
        .says("error[file-folder]: `put_file` sends a file")
        .says("--files DIR");
    let llm = Llm::start(vec![
        call("put_file", &json!({ "doc": "m.yaml" })),
        Turn::Say("Done."),
    ]);
    asked("openai", &llm, &server)
        .run()
        .exits(0)
        .says("note: `put_file` sends files and is not offered; --files DIR");
    let first = llm.asked().remove(0);
    let names: Vec<&str> = first["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .filter_map(|tool| tool["function"]["name"].as_str())
        .collect();
    assert_eq!(names, ["send_json", "send_form", "send_parts", "send_mail"]);
    asked("openai", &llm, &server)
        .arg("--tools")
        .arg("put_file")
        .run()
        .exits(5)
        .says("--files DIR");
    assert!(server.recorded().is_empty());
}

#[test]
fn a10_an_optional_file_needs_a_folder_only_when_it_is_given() {
    let server = sink();
    let mail = |doc: &Value| call("send_mail", &json!({ "text": "Hi", "doc": doc }));
    let llm = Llm::start(vec![
        mail(&json!("m.yaml")),
        mail(&Value::Null),
        Turn::Say("Done."),
    ]);
    let ended = asked("openai", &llm, &server).arg("--allow-writes").run();
    ended.exits(0);
    let told = llm.asked()[1].to_string();
    assert!(
        told.contains("no_folder_of_files") && told.contains("leave the parameter out"),
        "{told}"
    );
    let request = &server.recorded()[0];
    let expected = ("text".to_owned(), None, None, b"Hi".to_vec());
    assert_eq!((server.recorded().len(), parts(request)), (1, vec![expected]));
    // The api's own type would say nothing of the boundary.
    assert!(request.header("content-type")[0].starts_with("multipart/form-data; boundary="));
    assert_eq!(request.header("x-own"), ["kept"]);
}

#[test]
fn a10_a_yes_is_for_the_bytes_that_were_read() {
    let (server, place) = (sink(), place());
    let file = place.open.path().join("real/a.txt");
    let arguments = json!({ "doc": "real/a.txt", "word": "part \"doc\": file \"b\"\n? Send it?" });
    let program = with_files("keep_file", place.open.path(), &server, &arguments);
    let terminal = AtTerminal::start(program, "", Reading::Eager);
    terminal
        .sees("| part \"doc\": file \"real/a.txt\", text/plain, 6 bytes, sha256 ")
        .sees(r#"| part "word": "part \"doc\": file \"b\"\n? Send it?""#)
        .sees("anything else is no:");
    fs::write(&file, "something else").expect("a file");
    terminal.types("y\n");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    assert_eq!(parts(&server.recorded()[0])[0].3, b"inside");
}

#[test]
fn a10_a_model_names_files_and_never_reads_them() {
    let (server, place) = (sink(), place());
    fs::write(place.open.path().join("report.pdf"), SECRET).expect("a file");
    let doc = |path: &str| call("put_file", &json!({ "doc": path }));
    let turns = vec![
        doc("out/key.txt"),
        doc("../key.txt"),
        doc("report.pdf"),
        Turn::Say("Done."),
    ];
    let llm = Llm::start(turns);
    let ended = asked("openai", &llm, &server)
        .arg("--events")
        .arg("events.jsonl")
        .arg("-vv")
        .arg("--files")
        .arg(place.open.path().to_str().expect("text"))
        .run()
        .exits(0)
        .says("file \"report.pdf\"")
        .hides(SECRET);
    assert_eq!(server.recorded().len(), 1);
    assert_eq!(server.recorded()[0].body, SECRET);
    let told: String = llm.asked().iter().map(Value::to_string).collect();
    let events = ended.read("events.jsonl");
    for words in [&told, &events] {
        assert!(!words.contains(SECRET), "{words}");
        assert!(
            words.contains("file-link") && words.contains("file-path"),
            "{words}"
        );
    }
    let started = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an event"));
    let started: Vec<Value> = started.filter(|event| event["event"] == "tool.started").collect();
    assert_eq!(started.len(), 1);
    assert_eq!(started[0]["files"][0]["path"], "report.pdf");
    assert_eq!(started[0]["files"][0]["bytes"], SECRET.len());
}

#[test]
fn a10_the_files_of_one_request_are_bounded() {
    let (server, place) = (sink(), place());
    let file = |name: &str, bytes: u64| {
        let file = fs::File::create(place.open.path().join(name)).expect("a file");
        file.set_len(bytes).expect("so long");
    };
    file("half", 8 << 20);
    file("rest", (8 << 20) + 1);
    file("endless", 1 << 40);
    let call = |doc: &str, more: &str| {
        with_files(
            "send_file",
            place.open.path(),
            &server,
            &json!({ "doc": doc, "more": more }),
        )
    };
    for (doc, more) in [
        ("half", "rest"),
        ("rest", "half"),
        ("endless", "half"),
        ("half", "endless"),
    ] {
        call(doc, more)
            .run()
            .exits(2)
            .says("error[file-size]: ")
            .says("more than the 16 MiB that are allowed");
    }
    assert!(server.recorded().is_empty());
    call("half", "half")
        .arg("--dry-run")
        .run()
        .exits(0)
        .stdout_has("file \"half\", application/octet-stream, 8388608 bytes");
}

#[test]
fn a10_what_would_be_sent_is_shown_by_name_size_and_hash() {
    let (server, place) = (sink(), place());
    let name = "it's; \"x\".txt";
    fs::write(place.open.path().join(name), "hello").expect("a file");
    let arguments = json!({ "doc": name });
    let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let call = || with_files("send_file", place.open.path(), &server, &arguments);
    let line = format!("part \"doc\": file \"it's; \\\"x\\\".txt\", text/plain, 5 bytes, sha256 {sha256}");
    call()
        .arg("--dry-run")
        .run()
        .exits(0)
        .stdout_has(&line)
        .hides("hello");
    let shown = call().arg("--dry-run").arg("--json").run().exits(0).json();
    let expected =
        json!([{ "name": "doc", "file": name, "media_type": "text/plain", "bytes": 5, "sha256": sha256 }]);
    assert_eq!(shown["request"]["body"], expected);
    let path = place.open.path().join(name).display().to_string();
    let word = format!("doc=@\"{}\";type=text/plain", path.replace('"', "\\\""));
    call()
        .arg("--curl")
        .run()
        .exits(0)
        .stdout_has(&format!("--form '{}'", word.replace('\'', r"'\''")));
    assert!(server.recorded().is_empty());
}
