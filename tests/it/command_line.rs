//! Flags, help, exit codes and streams, whatever the command.

use crate::support::program::toolrun;

/// The commands of the help.
const COMMANDS: &[&str] = &[
    "run",
    "check",
    "call",
    "graph",
    "tools",
    "demo",
    "schema",
    "trust",
    "lock",
    "lsp",
    "completions",
    "man",
];

#[test]
fn help_goes_to_stdout_and_mistakes_to_stderr() {
    let help = toolrun("--help")
        .run()
        .exits(0)
        .stdout_has("Examples:")
        .stdout_has("Exit codes:");
    assert_eq!(help.stderr, "");
    toolrun("").run().exits(2).prints("");
    toolrun("chek a.yaml").run().exits(2).prints("").says("check");
    toolrun("check --frmat json a.yaml")
        .run()
        .exits(2)
        .says("--format");
    for command in COMMANDS {
        toolrun(command)
            .arg("--help")
            .run()
            .exits(0)
            .stdout_has("Examples:")
            .stdout_has(&format!("toolrun {command}"));
    }
}

/// `help COMMAND` is `COMMAND --help`, and a slip is answered with what was
/// meant.
#[test]
fn help_is_a_command_too_and_slips_are_put_right() {
    for command in COMMANDS {
        let flag = toolrun(command).arg("--help").run().exits(0);
        toolrun("help").arg(*command).run().exits(0).prints(&flag.stdout);
    }
    for (slip, meant) in [
        ("chekc a.yaml", "check"),
        ("tool a.yaml", "tools"),
        ("complete bash", "completions"),
        ("tools a.yaml --provder mcp", "--provider"),
        ("tools a.yaml --provider gemni", "gemini"),
        ("completions bsh", "bash"),
    ] {
        let ended = toolrun(slip).run().exits(2).prints("");
        ended.says(&format!("'{meant}'"));
    }
}

#[test]
fn help_fits_a_narrow_terminal() {
    for command in COMMANDS.iter().chain(&[""]) {
        let ended = toolrun(command).arg("--help").env("COLUMNS", "60").run().exits(0);
        assert!(ended.stdout.lines().count() > 10);
    }
}

#[test]
fn the_version_is_one_line_and_credits_are_asked_for() {
    let version = toolrun("--version").run().exits(0);
    assert_eq!(version.stdout.lines().count(), 1);
    assert!(version.stdout.starts_with("toolrun "));
    toolrun("--version --verbose")
        .run()
        .exits(0)
        .stdout_has("European Central Bank")
        .stdout_has("licence");
    toolrun("-V").run().exits(0).prints(&version.stdout);
}

#[test]
fn commands_of_later_versions_are_named_as_such() {
    let absent = [
        "test a.yaml",
        "import openapi x.json",
        "serve a.yaml --http 127.0.0.1:1",
        "batch a.yaml rows.csv --concurrency 3",
        "resume r1",
        "runs",
        "report r1",
        "config",
        "init",
        "doctor",
    ];
    for line in absent {
        let name = line.split(' ').next().expect("a name");
        toolrun(line)
            .run()
            .exits(2)
            .prints("")
            .says(&format!("`toolrun {name}` is not in this build"));
    }
}

#[test]
fn flags_of_later_versions_are_named_as_such() {
    for flag in ["--on-unknown", "--record f", "--replay f", "--no-bodies"] {
        let name = flag.split(' ').next().expect("a name");
        toolrun(&format!("run a.yaml hello {flag}"))
            .file("a.yaml", "toolrun: 1\n")
            .run()
            .exits(2)
            .says(&format!("`{name}` is not in this build"));
    }
}

#[test]
fn a_failure_before_a_run_is_an_object_too() {
    let lines = [
        "run none.yaml Hello --json",
        "run broken.yaml Hello --json",
        "call none.yaml t --json",
        "call broken.yaml t --json",
        "tools none.yaml --json",
        "check none.yaml --json",
        "check none.yaml --format json",
    ];
    for line in lines {
        let ended = toolrun(line).file("broken.yaml", "toolrun: 2\n").run().exits(2);
        let object = ended.json();
        assert_eq!(object["version"].to_string(), "1", "{line}");
        assert_eq!(object["exit"].to_string(), "2", "{line}");
        let message = object["error"]["message"].as_str().expect("a message");
        ended.says(message);
    }
}
