//! D05: whatever toolrun writes is its owner's alone, and nothing is written
//! through what somebody else put in the way.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::support::http_server::HttpServer;
use crate::support::place::Place;
use crate::support::program::BINARY;
use crate::support::shop::{MANIFEST, SHOP_KEY, shop};

/// The record of what was allowed.
const RECORD: &str = "home/.local/state/toolrun/trust.json";

/// A place with the shop's manifest, whose second key a program prints.
fn place() -> Place {
    let place = Place::new();
    let keys = "SHOP_KEY: env\n  SECOND: { command: [printf, second] }";
    let manifest = MANIFEST.replace("SHOP_KEY: env", keys).replace(
        "    retries: 0\n",
        "    retries: 0\n    headers: { X-Second: \"{{ secrets.SECOND }}\" }\n",
    );
    place.write("shop.yaml", &manifest);
    place
}

/// Runs the binary under a umask that takes nothing away.
fn run(place: &Place, shop: &HttpServer, words: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", "umask 000; exec \"$0\" \"$@\"", BINARY])
        .args(words)
        .current_dir(place.path(""))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", place.path("home"))
        .env("SHOP_KEY", SHOP_KEY)
        .env("SHOP_URL", shop.url())
        .stdin(Stdio::null())
        .output()
        .expect("a shell")
}

/// The same, which must end well.
#[track_caller]
fn done(place: &Place, shop: &HttpServer, words: &[&str]) {
    let output = run(place, shop, words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{words:?}: {said}");
}

/// Every file and folder below a folder but what the tests wrote, with what
/// others may do with it.
fn open_to_others(folder: &Path, found: &mut Vec<String>) -> usize {
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.file_name().is_some_and(|name| name == "shop.yaml") {
            continue;
        }
        seen += 1;
        let mode = fs::symlink_metadata(&path)
            .expect("metadata")
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            found.push(format!("{} {mode:o}", path.display()));
        }
        if path.is_dir() {
            seen += open_to_others(&path, found);
        }
    }
    seen
}

#[test]
fn d05_files_are_the_owners_alone_whatever_the_umask() {
    let (place, shop) = (place(), shop());
    done(&place, &shop, &["trust", "--yes", "shop.yaml"]);
    done(&place, &shop, &["lock", "shop.yaml"]);
    let call = [
        "call",
        "shop.yaml",
        "get_order",
        "order_id=o_1",
        "--locked",
        "--events=events.jsonl",
    ];
    done(&place, &shop, &call);
    #[cfg(feature = "embedded-model")]
    done(&place, &shop, &["demo", "--quiet", "--events=demo.jsonl"]);
    for written in [RECORD, "shop.yaml.lock", "events.jsonl"] {
        assert_eq!(place.mode(written), 0o600, "{written}");
    }
    #[cfg(feature = "embedded-model")]
    assert!(
        place.has("home/.cache/toolrun"),
        "the embedded model keeps what it has read"
    );
    let mut found = Vec::new();
    let seen = open_to_others(&place.path(""), &mut found);
    assert!(
        seen >= 6 && found.is_empty(),
        "{seen} files, open to others: {found:#?}"
    );
}

#[test]
fn d05_what_was_put_in_the_way_is_not_followed() {
    let events: &[&str] = &[
        "call",
        "shop.yaml",
        "get_order",
        "order_id=o_1",
        "--events=written",
    ];
    for (words, written) in [
        (events, "written"),
        (&["lock", "shop.yaml"], "shop.yaml.lock"),
        (&["trust", "--yes", "shop.yaml"], RECORD),
        (&["trust", "--yes", "shop.yaml"], "home/.local/state/toolrun"),
    ] {
        for target in ["victim", "nothing"] {
            let (place, shop) = (place(), shop());
            if words[0] == "call" {
                done(&place, &shop, &["trust", "--yes", "shop.yaml"]);
            }
            let folder = written.ends_with("toolrun");
            place.write(if folder { "victim/kept" } else { "victim" }, "kept");
            let path = place.path(written);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            if path.parent().is_some_and(|parent| parent.ends_with("toolrun")) {
                let own = fs::Permissions::from_mode(0o700);
                fs::set_permissions(path.parent().expect("a parent"), own).expect("a mode");
            }
            symlink(place.path(target), &path).expect("a link");
            let output = run(&place, &shop, words);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_ne!(output.status.code(), Some(0), "{words:?} {target}: {said}");
            assert!(!place.has("nothing"), "{words:?}");
            assert_eq!(
                place.read(if folder { "victim/kept" } else { "victim" }),
                "kept",
                "{words:?}"
            );
            assert!(
                fs::symlink_metadata(&path).expect("the link").is_symlink(),
                "{words:?}"
            );
            assert!(
                shop.recorded().is_empty(),
                "{words:?}: nothing is sent without its events"
            );
            assert!(
                said.contains("link") || target == "nothing",
                "{words:?} {target}: {said}"
            );
        }
    }
}

#[test]
fn d05_what_is_no_file_is_refused() {
    let (place, shop) = (place(), shop());
    done(&place, &shop, &["trust", "--yes", "shop.yaml"]);
    place.write("folder/kept", "kept");
    for name in ["folder", "/dev/full", "/dev/zero", "folder/none/x"] {
        let flag = format!("--events={name}");
        let words = ["call", "shop.yaml", "get_order", "order_id=o_1", &flag];
        let output = run(&place, &shop, &words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(name), "{said}");
    }
    assert!(shop.recorded().is_empty());
}

#[test]
fn d05_another_name_of_a_file_is_not_written_through() {
    let (place, shop) = (place(), shop());
    done(&place, &shop, &["trust", "--yes", "shop.yaml"]);
    for (words, written) in [
        (&["lock", "shop.yaml"][..], "shop.yaml.lock"),
        (
            &[
                "call",
                "shop.yaml",
                "get_order",
                "order_id=o_1",
                "--events=events.jsonl",
            ],
            "events.jsonl",
        ),
    ] {
        place.write("victim", "{}");
        fs::set_permissions(place.path("victim"), fs::Permissions::from_mode(0o666)).expect("a mode");
        fs::hard_link(place.path("victim"), place.path(written)).expect("another name");
        done(&place, &shop, words);
        assert_eq!(place.read("victim"), "{}");
        assert_eq!(place.mode(written), 0o600);
    }
}

#[test]
fn d05_streams_of_the_users_own_take_events() {
    let (place, shop) = (place(), shop());
    done(&place, &shop, &["trust", "--yes", "shop.yaml"]);
    let call = |flag: &str| {
        run(
            &place,
            &shop,
            &["call", "shop.yaml", "get_order", "order_id=o_1", flag],
        )
    };
    let output = call("--events=/dev/stderr");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("\"tool.returned\""));
    assert_eq!(call("--events=/dev/null").status.code(), Some(0));
    let pipe = place.pipe("pipe");
    let reader = thread::spawn(move || {
        let mut text = String::new();
        fs::File::open(pipe)
            .expect("a pipe")
            .read_to_string(&mut text)
            .map(|_| text)
    });
    assert_eq!(call("--events=pipe").status.code(), Some(0));
    let read = reader.join().expect("the reader ends").expect("text");
    assert!(read.contains("\"tool.returned\""), "{read}");
}
