//! `toolrun check`: every file of `tests/cases/check` has its output as a
//! person and as a program sees it.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::cases;
use crate::support::golden;
use crate::support::program::toolrun;

const GOOD: &str = "\
toolrun: 1
tools:
  get_weather:
    description: Returns the current temperature in degrees Celsius at a latitude and longitude.
    params:
      latitude: { type: number, minimum: -90, maximum: 90, description: Degrees north }
      longitude: { type: number, minimum: -180, maximum: 180, description: Degrees east }
    url: https://api.open-meteo.com/v1/forecast?latitude={{ latitude }}&longitude={{ longitude }}
";

/// The cases; a file whose name starts with `_` is only included by others.
fn inputs() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(cases("check")) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .filter(|path| {
            !path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('_'))
        })
        .collect();
    files.sort();
    files
}

/// Parts of the made-up keys that stand in the cases, which no output may hold.
pub(crate) const KEYS_OF_CASES: [&str; 6] = [
    "Abcdefgh1234",
    "hunter2",
    "1a2B3c4D",
    "q2mxv8r4",
    "51Habcdef",
    "9Zr3LmW",
];

#[test]
fn every_case_is_reported_as_recorded() {
    let mut complaints = Vec::new();
    assert!(inputs().len() > 100, "the cases were not found");
    for path in inputs() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let human = toolrun("check").arg(&name).within(&cases("check")).run();
        complaints.extend(golden::compare(&path.with_extension("stderr"), &human.stderr));
        assert_eq!(
            human.stdout, "",
            "{name}: data is only printed with --format json"
        );
        let json = toolrun("check --format json")
            .arg(&name)
            .within(&cases("check"))
            .run();
        complaints.extend(golden::compare(&path.with_extension("json"), &json.stdout));
        let report = json.json();
        let failed = report["errors"].as_u64() > Some(0);
        assert_eq!(human.code, Some(i32::from(failed)), "{name}\n{}", human.stderr);
        assert_eq!(human.code, json.code, "{name}");
        assert!(json.stderr.is_empty(), "{name}: {}", json.stderr);
    }
    golden::none(&complaints);
}

#[test]
fn every_diagnostic_points_into_the_text() {
    for path in inputs() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let report = toolrun("check --json")
            .arg(&name)
            .within(&cases("check"))
            .run()
            .json();
        for found in report["diagnostics"].as_array().expect("diagnostics") {
            assert!(found["line"].as_u64() >= Some(1), "{name}: {found}");
            assert!(found["column"].as_u64() >= Some(1), "{name}: {found}");
            let start = (found["line"].as_u64(), found["column"].as_u64());
            let end = (found["end"]["line"].as_u64(), found["end"]["column"].as_u64());
            assert!(start <= end, "{name}: {found}");
        }
    }
}

#[test]
fn a_good_manifest_is_done() {
    toolrun("check a.yaml")
        .file("a.yaml", GOOD)
        .run()
        .exits(0)
        .prints("")
        .says("no problems in a.yaml");
    toolrun("check -q a.yaml")
        .file("a.yaml", GOOD)
        .run()
        .exits(0)
        .hides("no problems");
    toolrun("check -")
        .stdin(GOOD)
        .run()
        .exits(0)
        .says("no problems in <stdin>");
}

#[test]
fn mistakes_have_place_line_and_caret() {
    let bad = GOOD.replace("description: Returns", "descripton: Returns");
    let ended = toolrun("check a.yaml").file("a.yaml", &bad).run().exits(1);
    let ended = ended
        .says("a.yaml:4:5")
        .says("descripton")
        .says("^^^^^^^^^^")
        .says("`description`")
        .prints("");
    assert!(!ended.stderr.contains('\u{1b}'), "no colour into a pipe");
    toolrun("check --color always a.yaml")
        .file("a.yaml", &bad)
        .run()
        .exits(1)
        .says("\u{1b}[");
}

#[test]
fn carets_stand_under_wide_characters_too() {
    let bad = "toolrun: 1\nname: 日本\nnötiz: 日本\n";
    let ended = toolrun("check a.yaml")
        .file("a.yaml", bad)
        .run()
        .exits(1)
        .says("a.yaml:3:1");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("nötiz:"))
        .expect("the line is shown");
    assert!(lines[at + 1].contains(" ^^^^^"), "{}", ended.stderr);
}

#[test]
fn json_is_one_versioned_object() {
    let bad = GOOD.replace("url: https", "urI: https");
    let report = toolrun("check --format json a.yaml")
        .file("a.yaml", &bad)
        .run()
        .exits(1)
        .json();
    assert_eq!(report["version"].to_string(), "1");
    assert_eq!(report["files"][0], "a.yaml");
    let first = report["diagnostics"]
        .as_array()
        .expect("a list")
        .first()
        .expect("one")
        .clone();
    for key in [
        "file", "line", "column", "end", "code", "severity", "message", "help", "labels", "fix",
    ] {
        assert!(first.get(key).is_some(), "no `{key}` in {first}");
    }
    assert_eq!(first["severity"], Value::from("error"));
}

#[test]
fn folders_are_searched_and_sorted() {
    let bad = GOOD.replace("toolrun: 1", "toolrun: 1\nunknown_key: 2");
    let ended = toolrun("check --json .")
        .file("b/z.yaml", GOOD)
        .file("a.yml", &bad)
        .file("compose.yaml", "services: {}\n")
        .run()
        .exits(1);
    let report = ended.json();
    let files: Vec<_> = report["files"]
        .as_array()
        .expect("files")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(files, ["./a.yml", "./b/z.yaml"]);
    toolrun("check empty")
        .file("empty/x.txt", "")
        .run()
        .exits(2)
        .says("no manifest in `empty`");
}

#[test]
fn warnings_can_be_denied() {
    let vague = GOOD.replace(
        "Returns the current temperature in degrees Celsius at a latitude and longitude.",
        "Weather.",
    );
    toolrun("check a.yaml")
        .file("a.yaml", &vague)
        .run()
        .exits(0)
        .says("1 warning in a.yaml");
    toolrun("check --deny warnings a.yaml")
        .file("a.yaml", &vague)
        .run()
        .exits(1);
}

#[test]
fn what_cannot_be_read_is_a_usage_error() {
    toolrun("check none.yaml")
        .run()
        .exits(2)
        .says("cannot read `none.yaml`: there is no such file");
    toolrun("check").run().exits(2).says("FILE");
    toolrun("check --format yaml a.yaml").run().exits(2).says("sarif");
}

#[test]
fn a_hostile_manifest_cannot_reach_the_terminal() {
    let bad = "toolrun: 1\nname: \"\u{1b}]0;pwned\u{7}\u{9b}31m\"\n\"k\u{1b}[31m\": 1\n";
    let ended = toolrun("check --color never a.yaml")
        .file("a.yaml", bad)
        .run()
        .exits(1);
    let controls = ended.stderr.chars().any(|c| c.is_control() && c != '\n');
    assert!(!controls, "{:?}", ended.stderr);
}

#[test]
fn a_folder_names_what_it_skips_and_checks_what_is_meant() {
    let ended = toolrun("check .")
        .file("a.yaml", "services: {}\n")
        .file("shop.yaml", crate::support::shop::MANIFEST)
        .run()
        .exits(0);
    ended.says("skipped ./a.yaml: no key `toolrun`");
    toolrun("check .")
        .file("b.yaml", "tools:\n  t: {}\n")
        .run()
        .exits(1)
        .says("b.yaml")
        .says("toolrun");
}

#[test]
fn lints_and_errors_are_explained_and_listed() {
    toolrun("check --explain secret-place")
        .run()
        .exits(0)
        .stdout_has("`{{ secrets.NAME }}` stands in headers and query values only")
        .stdout_has("an error of the language");
    toolrun("check --explain plain-http")
        .run()
        .exits(0)
        .stdout_has("```yaml")
        .stdout_has("`lints: { plain-http: allow }`");
    toolrun("check --explain plain-htp")
        .run()
        .exits(2)
        .says("did you mean `plain-http`?");
    toolrun("check --explain colour")
        .run()
        .exits(2)
        .says("`toolrun check --explain` lists them all");
    let listed = toolrun("check --explain").run().exits(0);
    for name in ["  plain-http ", "  secret-place ", "Errors of the language:"] {
        assert!(listed.stdout.contains(name), "{}", listed.stdout);
    }
}

#[test]
fn a_flag_of_another_command_is_no_value() {
    let ended = toolrun("check --files x").run().exits(2).says("--files");
    assert!(!ended.stderr.contains("as a value"), "{}", ended.stderr);
}

#[test]
fn a_key_in_a_manifest_is_never_printed() {
    for name in [
        "key-in-secrets.yaml",
        "beginner-key-in-header.yaml",
        "token-with-a-password.yaml",
    ] {
        for command in ["check", "check --format json", "tools", "run"] {
            let ended = toolrun(command).arg(name).within(&cases("check")).run();
            for key in KEYS_OF_CASES {
                let said = format!("{}{}", ended.stdout, ended.stderr);
                assert!(!said.contains(key), "{command} {name}: {said}");
            }
        }
    }
}

#[test]
fn the_lint_in_the_help_text_exists() {
    let help = toolrun("check --help").run().exits(0);
    let (_, rest) = help.stdout.split_once("check --explain ").expect("an example");
    let lint = rest.split_whitespace().next().expect("a lint");
    toolrun(&format!("check --explain {lint}"))
        .run()
        .exits(0)
        .stdout_has(lint);
}
