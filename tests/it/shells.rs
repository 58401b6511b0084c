//! Completions in a real shell, and manual pages through a real formatter;
//! each is skipped where the machine has none.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::program::toolrun;

/// What a program makes of a text; nothing where it is not installed.
fn piped(program: &str, args: &[&str], text: &str) -> Option<(bool, String, String)> {
    let child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.ok()?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let text = text.to_owned();
    let writes = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    // It may end before it has read everything.
    let _ = writes.join();
    let words = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some((
        output.status.success(),
        words(output.stdout),
        words(output.stderr),
    ))
}

/// What bash offers after these words.
fn offered(script: &str, words: &[&str]) -> Option<Vec<String>> {
    let last = words.len() - 1;
    let before = words[last.saturating_sub(1)];
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    // Outside of a completion bash has no `compopt`.
    let harness = format!(
        "{script}\ncompopt() {{ :; }}\nCOMP_WORDS=({})\nCOMP_CWORD={last}\n_toolrun toolrun '{}' '{before}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        quoted.join(" "),
        words[last],
    );
    let (_, out, err) = piped("bash", &["--norc"], &harness)?;
    assert_eq!(err, "", "{words:?}");
    Some(out.lines().map(str::to_owned).collect())
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let script = toolrun("completions bash").run().exits(0).stdout;
    let cases: &[(&[&str], &[&str])] = &[
        (&["toolrun", "ch"], &["check"]),
        (&["toolrun", "tools", "--pro"], &["--provider"]),
        (
            &["toolrun", "tools", "--provider", ""],
            &["openai", "anthropic", "gemini", "mcp"],
        ),
        (&["toolrun", "completions", "z"], &["zsh"]),
        (&["toolrun", "--color", "al"], &["always"]),
        (&["toolrun", "run", "--no-b"], &[]),
    ];
    for (words, expected) in cases {
        let Some(mut found) = offered(&script, words) else {
            return;
        };
        found.retain(|word| !word.is_empty());
        assert_eq!(found, *expected, "{words:?}");
    }
}

#[test]
fn the_script_of_bash_is_well_formed() {
    let script = toolrun("completions bash").run().exits(0).stdout;
    if let Some((good, _, err)) = piped("bash", &["-n"], &script) {
        assert!(good, "{err}");
    }
}

#[test]
fn every_shell_has_a_script_and_another_has_none() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = toolrun(&format!("completions {shell}")).run().exits(0);
        assert!(ended.stdout.lines().count() > 50, "{shell}");
        assert_eq!(ended.stderr, "");
    }
    toolrun("completions csh").run().exits(2).says("csh");
}

#[test]
fn manual_pages_are_formatted_without_a_warning() {
    let list = toolrun("man --list").run().exits(0).stdout;
    assert!(list.starts_with("toolrun\n"), "{list}");
    for name in list.lines() {
        let page = toolrun("man").arg(name).run().exits(0).stdout;
        let Some((good, text, err)) = piped("groff", &["-Kutf8", "-man", "-Tutf8", "-ww", "-P-cbou"], &page)
        else {
            return;
        };
        assert!(good && err.is_empty(), "{name}: {err}");
        for heading in [
            "NAME",
            "SYNOPSIS",
            "OPTIONS",
            "EXAMPLES",
            "EXIT STATUS",
            "SEE ALSO",
        ] {
            assert!(text.contains(heading), "{name}: {heading}\n{text}");
        }
    }
    let main = toolrun("man").run().exits(0);
    main.stdout_has("ENVIRONMENT")
        .stdout_has("TOOLRUN_MODEL")
        .stdout_has("FILES");
    let short = toolrun("man run").run().exits(0).stdout;
    toolrun("man toolrun-run").run().exits(0).prints(&short);
    toolrun("man rum").run().exits(2).says("there is no page `rum`");
}
