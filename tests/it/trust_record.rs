//! `toolrun trust` itself, and the record that it keeps.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::place::Place;
use crate::support::program::toolrun;

/// The record, under the home folder.
const RECORD: &str = "home/.local/state/toolrun/trust.json";

const MANIFEST: &str = "toolrun: 1
secrets:
  KEY: { command: [pass, show, shop] }
tools:
  hours:
    description: Returns the opening hours of the shop, day by day.
    url: https://shop.example/hours
    auth: { bearer: KEY }
";

/// A place with that manifest.
fn place() -> Place {
    let place = Place::new();
    place.write("shop.yaml", MANIFEST);
    place
}

#[test]
fn it_shows_what_it_allows_and_needs_somebody_to_say_yes() {
    let place = place();
    let refused = place.toolrun("trust shop.yaml").run().exits(5).prints("");
    refused
        .says("| KEY: runs `pass show shop` and sends what it prints to https://shop.example")
        .says("`toolrun trust shop.yaml --yes`");
    assert!(!place.has(RECORD));
    let allowed = place.toolrun("trust shop.yaml --yes").run().exits(0).prints("");
    allowed
        .says("| KEY: runs `pass show shop`")
        .says("remembered in ~/.local/state/toolrun/trust.json");
    place
        .toolrun("trust shop.yaml")
        .run()
        .exits(0)
        .says("allowed before");
    assert_eq!(place.mode(RECORD), 0o600);
    assert_eq!(place.mode("home/.local/state/toolrun"), 0o700);
}

#[test]
fn nothing_to_allow_is_no_mistake() {
    let place = Place::new();
    place.write(
        "shop.yaml",
        &MANIFEST.replace("{ command: [pass, show, shop] }", "env"),
    );
    place
        .toolrun("trust shop.yaml")
        .run()
        .exits(0)
        .says("takes no secret from where a yes is needed");
    assert!(!place.has(RECORD));
}

#[test]
fn what_was_allowed_is_listed_and_taken_back() {
    let place = place();
    place
        .toolrun("trust --list")
        .run()
        .exits(0)
        .prints("")
        .says("nothing was allowed");
    place.toolrun("trust --yes shop.yaml").run().exits(0);
    let path = place.path("shop.yaml").display().to_string();
    place
        .toolrun("trust --list")
        .run()
        .exits(0)
        .stdout_has(&path)
        .stdout_has("  KEY: runs `pass show shop`");
    let listed = place.toolrun("trust --list --json").run().exits(0).json();
    assert_eq!(listed["allowed"][0]["manifest"], path.as_str());
    assert_eq!(
        listed["allowed"][0]["secrets"][0]["source"]["command"]["argv"][0],
        "pass"
    );
    // The manifest may be gone by then.
    fs::remove_file(place.path("shop.yaml")).expect("removed");
    let revoked = place
        .toolrun("trust --revoke shop.yaml --json")
        .run()
        .exits(0)
        .json();
    assert_eq!(revoked["revoked"].to_string(), "1");
    place.toolrun("trust --list").run().exits(0).prints("");
    place
        .toolrun("trust --revoke shop.yaml")
        .run()
        .exits(0)
        .says("nothing was allowed for shop.yaml");
    toolrun("trust").run().exits(2).says("<FILE>");
    toolrun("trust --list a.yaml").run().exits(2);
    toolrun("trust --revoke --yes a.yaml").run().exits(2);
}

#[test]
fn a_damaged_record_is_reported_kept_and_begun_anew() {
    for damage in ["", "{", "[]", "{\"version\": 1, \"allowed\": 3}", "\u{fffd}\0"] {
        let place = place();
        place.toolrun("trust --yes shop.yaml").run().exits(0);
        place.write(RECORD, damage);
        place.toolrun("trust shop.yaml").run().exits(5).says("is damaged");
        assert_eq!(place.read(RECORD), damage, "reading changes nothing");
        place.toolrun("trust --yes shop.yaml").run().exits(0);
        assert_eq!(place.read(&format!("{RECORD}.damaged")), damage);
        place
            .toolrun("trust shop.yaml")
            .run()
            .exits(0)
            .says("allowed before");
    }
}

#[test]
fn a_record_of_a_later_version_is_left_alone() {
    let place = place();
    place.toolrun("trust --yes shop.yaml").run().exits(0);
    let later = place.read(RECORD).replace("\"version\": 1", "\"version\": 2");
    place.write(RECORD, &later);
    place
        .toolrun("trust shop.yaml")
        .run()
        .exits(5)
        .says("a later version");
    place
        .toolrun("trust --yes shop.yaml")
        .run()
        .exits(3)
        .says("a later version");
    assert_eq!(place.read(RECORD), later);
}

#[test]
fn a_record_that_another_could_have_written_is_not_believed() {
    let place = place();
    place.toolrun("trust --yes shop.yaml").run().exits(0);
    let mode = |name: &str, mode: u32| {
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).expect("a mode");
    };
    mode(RECORD, 0o666);
    place
        .toolrun("trust shop.yaml")
        .run()
        .exits(5)
        .says("others can write to it");
    mode(RECORD, 0o600);
    place.toolrun("trust shop.yaml").run().exits(0);
    let (record, elsewhere) = (place.path(RECORD), place.path("elsewhere.json"));
    fs::rename(&record, &elsewhere).expect("moved");
    symlink(&elsewhere, &record).expect("a link");
    let before = place.read("elsewhere.json");
    place
        .toolrun("trust shop.yaml")
        .run()
        .exits(5)
        .says("it is a link");
    place.write("shop.yaml", &format!("{MANIFEST}# changed\n"));
    place
        .toolrun("trust --yes shop.yaml")
        .run()
        .exits(3)
        .says("it is a link");
    assert_eq!(place.read("elsewhere.json"), before);
}

#[test]
fn the_place_of_the_record_comes_from_the_process_alone() {
    let place = place();
    let elsewhere = place.path("home/state").display().to_string();
    place
        .toolrun("trust --yes shop.yaml")
        .env("XDG_STATE_HOME", &elsewhere)
        .run()
        .exits(0)
        .says("~/state/toolrun/trust.json");
    place.write(
        "vars.env",
        &format!("XDG_STATE_HOME={elsewhere}\nHOME={elsewhere}\n"),
    );
    place
        .toolrun("trust shop.yaml --env-file vars.env")
        .run()
        .exits(5);
    place
        .toolrun("trust shop.yaml")
        .env("XDG_STATE_HOME", "state")
        .run()
        .exits(5);
    place
        .toolrun("trust --yes shop.yaml")
        .env("HOME", "")
        .run()
        .exits(3)
        .says("neither HOME nor XDG_STATE_HOME is set");
}
