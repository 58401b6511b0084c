//! `toolrun check --fix` and `--diff`: what is written, where, and what is not.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::program::{Program, toolrun};
use crate::support::{cases, workspace};

/// One fix that keeps the meaning, one that may change it, one problem of which
/// the author alone knows the end.
const BROKEN: &str = "\
# The shop.
toolrun: 1
tools:
  search_orders:   # by anything
    descripton: Searches the shop's orders by any of their fields.
    params: { words: { type: string, description: What to search for } }
    effect: read
    method: post
    url: https://shop.example/orders
";

const SAFE: &str = "method: post";

fn mended(unsafe_too: bool) -> String {
    let text = BROKEN.replace(SAFE, "method: POST");
    if unsafe_too {
        text.replace("descripton", "description")
    } else {
        text
    }
}

fn check(args: &str) -> Program {
    toolrun(&format!("check {args}"))
}

#[test]
fn safe_fixes_are_written_and_the_others_are_offered() {
    let ended = check("--fix shop.yaml")
        .file("shop.yaml", BROKEN)
        .run()
        .exits(1)
        .prints("");
    let ended = ended
        .says("fixed 1 problem in shop.yaml: 1 wrong-value")
        .says("1 can be fixed with `--fix=unsafe`");
    assert_eq!(ended.read("shop.yaml"), mended(false));
    let ended = check("--fix=unsafe shop.yaml").file("shop.yaml", BROKEN).run();
    let ended = ended.says("fixed 2 problems in shop.yaml: 1 unknown-key, 1 wrong-value");
    assert_eq!(ended.read("shop.yaml"), mended(true));
    check("shop.yaml")
        .file("shop.yaml", BROKEN)
        .run()
        .exits(1)
        .says("1 can be fixed with `--fix`, 1 more with `--fix=unsafe`");
}

#[test]
fn layout_and_line_ends_stay() {
    for change in [
        |text: &str| text.replace('\n', "\r\n"),
        |text: &str| format!("\u{feff}{text}"),
        |text: &str| text.trim_end().to_owned(),
    ] {
        let ended = check("--fix shop.yaml").file("shop.yaml", &change(BROKEN)).run();
        assert_eq!(ended.read("shop.yaml"), change(&mended(false)));
    }
}

#[test]
fn stdin_is_fixed_onto_stdout() {
    check("--fix -")
        .stdin(BROKEN)
        .run()
        .exits(1)
        .prints(&mended(false))
        .says("<stdin>");
    let good = "toolrun: 1   # nothing wrong\r\n";
    check("--fix -").stdin(good).run().exits(0).prints(good);
    for format in ["--json", "--format sarif", "--diff --json"] {
        check(&format!("--fix - {format}"))
            .stdin(BROKEN)
            .run()
            .exits(2)
            .says("both go to stdout");
    }
}

#[test]
fn a_diff_changes_nothing_and_patches_the_file() {
    let ended = check("--diff shop.yaml").file("shop.yaml", BROKEN).run().exits(1);
    let ended = ended
        .says("would fix 1 problem in shop.yaml")
        .stdout_has("--- shop.yaml\n+++ shop.yaml\n@@ ")
        .stdout_has("\n-    method: post\n+    method: POST\n");
    assert_eq!(ended.read("shop.yaml"), BROKEN);
    let ended = check("--diff --fix=unsafe shop.yaml")
        .file("shop.yaml", BROKEN)
        .run()
        .exits(1);
    let changed = ended
        .stdout
        .lines()
        .filter(|line| line.starts_with(['-', '+']))
        .count();
    assert_eq!(changed, 2 + 4, "{}", ended.stdout);
    check("--diff shop.yaml")
        .file("shop.yaml", "toolrun: 1\n")
        .run()
        .exits(0)
        .prints("")
        .says("nothing would change");
}

#[test]
fn a_diff_shows_no_key() {
    let key = ["sk_li", "ve_51Habcdefghijklmnopqrstuv"].concat();
    let text = BROKEN.replace("url:", &format!("headers: {{ X-Api-Key: {key} }}\n    url:"));
    let ended = check("--diff shop.yaml").file("shop.yaml", &text).run().exits(1);
    ended.stdout_has("X-Api-Key: sk_l****").hides("51Habcdefgh");
}

#[test]
fn a_file_keeps_its_permissions_and_a_link_stays_a_link() {
    let program = check("--fix link.yaml").file("real.yaml", BROKEN);
    let (real, link) = (
        program.folder().join("real.yaml"),
        program.folder().join("link.yaml"),
    );
    fs::set_permissions(&real, fs::Permissions::from_mode(0o604)).expect("a mode");
    symlink("real.yaml", &link).expect("a link");
    let ended = program.run().exits(1);
    let mode = fs::metadata(ended.path("real.yaml")).expect("a file").mode();
    assert_eq!(mode & 0o7777, 0o604);
    assert!(
        fs::symlink_metadata(ended.path("link.yaml"))
            .expect("a link")
            .is_symlink()
    );
    assert_eq!(ended.read("real.yaml"), mended(false));
}

#[test]
fn a_file_that_is_only_included_stays() {
    let main = "toolrun: 1\ninclude: [below/shop.yaml]\n";
    let program = || {
        check("--fix")
            .file("main.yaml", main)
            .file("below/shop.yaml", BROKEN)
    };
    let ended = program().arg("main.yaml").run().exits(1);
    assert_eq!(ended.read("below/shop.yaml"), BROKEN);
    assert!(!ended.stderr.contains("can be fixed"), "{}", ended.stderr);
    let ended = program().arg(".").run().exits(1);
    assert_eq!(ended.read("below/shop.yaml"), mended(false));
    let once = ended.stderr.matches("unknown key `descripton`").count();
    assert_eq!(once, 1, "{}", ended.stderr);
}

#[test]
fn a_file_that_is_named_twice_is_one() {
    let program = check("--fix shop.yaml ./shop.yaml .").file("shop.yaml", BROKEN);
    let ended = program.run().exits(1);
    assert_eq!(
        ended.stderr.matches("fixed 1 problem").count(),
        1,
        "{}",
        ended.stderr
    );
}

/// The files of a folder and below, by their bytes.
fn texts(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                let inside = path.strip_prefix(folder).expect("inside").to_owned();
                found.insert(inside, fs::read(path).expect("a file"));
            }
        }
    }
    found
}

/// The same files in the folder of a run.
fn with_files(mut program: Program, texts: &BTreeMap<PathBuf, Vec<u8>>) -> Program {
    for (path, text) in texts {
        let text = String::from_utf8(text.clone()).expect("UTF-8");
        program = program.file(&path.to_string_lossy(), &text);
    }
    program
}

#[test]
fn shipped_manifests_stay_byte_for_byte() {
    for folder in ["manifests", "examples"] {
        let before = texts(&workspace().join(folder));
        assert!(before.len() > 1, "{folder}");
        let ended = with_files(check("--fix=unsafe ."), &before).run();
        assert_eq!(texts(&ended.path("")), before, "{folder}\n{}", ended.stderr);
    }
}

fn severity_counts(report: &Value) -> BTreeMap<String, i64> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for found in report["diagnostics"].as_array().expect("diagnostics") {
        if found["severity"] == "error" {
            *counts.entry(found["file"].to_string()).or_default() += 1;
        }
    }
    counts
}

/// Codes of errors that hide those of a later stage.
const HIDING: [&str; 3] = ["syntax", "unquoted-template", "bare-key"];

#[test]
fn broken_cases_are_none_the_worse_and_then_stay() {
    let texts_before = texts(&cases("check"));
    let report = check(". --json").within(&cases("check")).run().json();
    let hidden: Vec<String> = report["diagnostics"]
        .as_array()
        .expect("diagnostics")
        .iter()
        .filter(|found| HIDING.iter().any(|code| found["code"] == *code))
        .map(|found| found["file"].to_string())
        .collect();
    let before = severity_counts(&report);
    for fix in ["--fix", "--fix=unsafe"] {
        let ended = with_files(check(&format!("{fix} --json .")), &texts_before)
            .run()
            .exits(1);
        let mut changed = 0;
        for (file, count) in severity_counts(&ended.json()) {
            let least = before.get(&file).copied().unwrap_or_default();
            let may_grow = hidden.contains(&file) || least == 0;
            assert!(
                count <= least || may_grow,
                "{fix}: {file}: {least} to {count}\n{}",
                ended.stdout
            );
        }
        let after = texts(&ended.path(""));
        for (path, text) in &after {
            changed += usize::from(texts_before[path] != *text);
        }
        assert!(changed > 5, "{fix} changes {changed} of the broken cases");
        let again = with_files(check(&format!("{fix} .")), &after).run().exits(1);
        assert_eq!(texts(&again.path("")), after, "{fix} twice");
        let fixed = again.stderr.lines().any(|line| line.starts_with("fixed "));
        assert!(!fixed, "{}", again.stderr);
    }
}

/// The bad examples of each lint, as `check --explain` prints them.
fn bad_examples() -> BTreeMap<PathBuf, Vec<u8>> {
    let listed = check("--explain").run().exits(0).stdout;
    let (lints, _errors) = listed.split_once("Errors of the language:").expect("the errors");
    let mut found = BTreeMap::new();
    for line in lints.lines().filter(|line| line.starts_with("  ")) {
        let lint = line.split_whitespace().next().expect("a name");
        let docs = check(&format!("--explain {lint}")).run().exits(0).stdout;
        for (number, block) in docs.split("Bad:\n\n```yaml\n").skip(1).enumerate() {
            let text = block.split("```").next().unwrap_or_default();
            found.insert(format!("{lint}.{number}.yaml").into(), text.into());
        }
    }
    found
}

#[test]
fn bad_examples_of_lints_are_fixed_as_far_as_they_can_be() {
    let examples = bad_examples();
    assert!(examples.len() >= 10);
    let report = with_files(check(". --json"), &examples).run().json();
    let fixable: Vec<&Value> = report["diagnostics"]
        .as_array()
        .expect("diagnostics")
        .iter()
        .filter(|found| found["fix"].is_object())
        .collect();
    assert!(fixable.len() >= 2);
    for (fix, all) in [("--fix", false), ("--fix=unsafe", true)] {
        let ended = with_files(check(&format!("{fix} --json .")), &examples).run();
        let left = ended.json();
        assert_eq!(left["fixable"]["safe"].to_string(), "0");
        assert!(!all || left["fixable"]["unsafe"] == 0);
        let after = texts(&ended.path(""));
        for (path, before) in &examples {
            let name = format!("./{}", path.display());
            let wanted = fixable.iter().filter(|found| found["file"] == name.as_str());
            let wanted = wanted.filter(|found| all || found["fix"]["safe"] == true).count();
            assert_eq!(after[path] != *before, wanted > 0, "{fix}: {name}");
        }
        for found in left["diagnostics"].as_array().expect("diagnostics") {
            let same = |was: &&Value| was["file"] == found["file"] && was["code"] == found["code"];
            let was = report["diagnostics"]
                .as_array()
                .expect("diagnostics")
                .iter()
                .find(same);
            let was = was.unwrap_or_else(|| panic!("{fix} brings {found}"));
            assert!(!all || was["fix"].is_null(), "{fix} leaves {found}");
        }
    }
}
