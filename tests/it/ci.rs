//! What runs `toolrun check` elsewhere: the action of this repository and its
//! hooks. Their scripts are run as they are, on manifests that are right and wrong.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::program::{BINARY, toolrun};
use crate::support::workspace;

const GOOD: &str = "toolrun: 1\n";
const BAD: &str = "toolrun: 1\nunknown: 2\n";
const OTHER: &str = "services: {}\n";

fn yaml(name: &str) -> Value {
    let text = fs::read_to_string(workspace().join(name)).expect(name);
    serde_saphyr::from_str(&text).expect(name)
}

/// A folder with a file in it, where `toolrun` is on the path.
fn in_shell(script: &str, folder: &Path, env: &[(&str, &str)]) -> Output {
    let path = std::env::var("PATH").unwrap_or_default();
    let own = Path::new(BINARY)
        .parent()
        .expect("a folder")
        .display()
        .to_string();
    Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", script])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{own}:{path}"))
        .env("HOME", folder)
        .envs(env.iter().copied())
        .output()
        .expect("bash runs")
}

/// The flags of a script's lines that start the program.
fn flags(script: &str) -> Vec<String> {
    let lines = script
        .lines()
        .filter(|line| line.contains("toolrun ") && line.contains(" check"));
    lines
        .flat_map(|line| line.split(|c: char| c.is_whitespace() || "'\"(".contains(c)))
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn assert_flags_exist(script: &str, least: usize) {
    let help = toolrun("check --help").run().exits(0).stdout;
    let flags = flags(script);
    assert!(flags.len() >= least, "{flags:?}");
    for flag in flags {
        assert!(help.contains(&flag), "`check` has no {flag}");
    }
}

/// The step of the action that checks.
fn step() -> String {
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["id"] == "check").expect("a step");
    step["run"].as_str().expect("a script").to_owned()
}

#[test]
fn the_action_names_what_exists() {
    let action = yaml("action.yml");
    assert_eq!(action["runs"]["using"], "composite");
    assert_flags_exist(&step(), 3);
    let text = fs::read_to_string(workspace().join("action.yml")).expect("the action");
    for (part, known) in [
        ("inputs.", &action["inputs"]),
        ("steps.check.outputs.", &Value::Null),
    ] {
        for place in text.split(part).skip(1) {
            let name: String = place
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                .collect();
            let written = step().contains(&format!("{name}="));
            assert!(known.get(&name).is_some() || written, "`{part}{name}`");
        }
    }
    assert!(workspace().join("crates/cli/Cargo.toml").exists());
    let manifest = fs::read_to_string(workspace().join("Cargo.toml")).expect("Cargo.toml");
    let version = manifest
        .lines()
        .find(|line| line.starts_with("rust-version = \""));
    assert!(
        version.is_some(),
        "the action reads the version of Rust from this line"
    );
}

#[test]
fn the_step_of_the_action_annotates_and_writes_sarif() {
    for (text, deny, code, annotated) in [
        (GOOD, "", "0", false),
        (BAD, "", "1", true),
        (
            "toolrun: 1\ntools:\n  t: { description: Weather., url: \"https://a.example/\" }\n",
            "",
            "0",
            true,
        ),
        (
            "toolrun: 1\ntools:\n  t: { description: Weather., url: \"https://a.example/\" }\n",
            "warnings",
            "1",
            true,
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("a b")).expect("a folder");
        fs::write(folder.path().join("a b/shop.yaml"), text).expect("a file");
        let out = folder.path().join("out");
        let temp = folder.path().display().to_string();
        let env = [
            ("FILES", "a b\n\n"),
            ("DENY", deny),
            ("RUNNER_TEMP", temp.as_str()),
            ("GITHUB_OUTPUT", out.to_str().expect("UTF-8")),
        ];
        let ended = in_shell(&step(), folder.path(), &env);
        assert!(ended.status.success(), "{ended:?}");
        let stdout = String::from_utf8_lossy(&ended.stdout);
        assert_eq!(stdout.contains("::"), annotated, "{stdout}");
        assert_eq!(stdout.contains("file=a b/shop.yaml,line="), annotated, "{stdout}");
        let outputs = fs::read_to_string(out).expect("outputs");
        assert!(outputs.contains(&format!("code={code}\n")), "{outputs}");
        let sarif = fs::read_to_string(folder.path().join("toolrun.sarif")).expect("a report");
        let sarif: Value = serde_json::from_str(&sarif).expect("JSON");
        assert_eq!(sarif["version"], "2.1.0");
    }
}

#[test]
fn hooks_look_at_manifests_alone() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_array().expect("a list");
    assert_eq!(hooks.len(), 2);
    for hook in hooks {
        let entry = hook["entry"].as_str().expect("a command");
        assert_flags_exist(entry, usize::from(hook["id"] == "toolrun-fix"));
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [
            ("good one.yaml", GOOD),
            ("bad.yaml", BAD),
            ("compose.yaml", OTHER),
        ] {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        for (files, code) in [
            ("'good one.yaml' compose.yaml", 0),
            ("compose.yaml", 0),
            ("'good one.yaml' bad.yaml compose.yaml", 1),
        ] {
            let ended = in_shell(&format!("{entry} {files}"), folder.path(), &[]);
            let stderr = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(
                i32::from(!ended.status.success()),
                code,
                "{entry} {files}: {stderr}"
            );
            assert!(!stderr.contains("compose.yaml"), "{stderr}");
        }
    }
}
