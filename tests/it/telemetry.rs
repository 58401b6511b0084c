//! No telemetry, no update check, nothing fetched that was not declared: in
//! a network of its own, where every packet that leaves the loopback is
//! counted, toolrun sends none; and its sources name no host but those that
//! its tables and texts are known to name.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::program::{BINARY, toolrun};
use crate::support::workspace;

/// Makes a network with one way out, does the work, and tells on its last
/// line how many packets took that way before and after.
const ALONE: &str = r#"set -eu
ip link add way type veth peer name out
ip link set lo up && ip link set way up && ip link set out up
ip addr add 10.9.9.1/24 dev way nodad 2>/dev/null || ip addr add 10.9.9.1/24 dev way
ip route add default via 10.9.9.2
count() { sed -n 's/^ *way: *//p' /proc/net/dev | awk '{ print $10 }'; }
# What a new link says of itself (IPv6) comes first.
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 2>/dev/null || true
before=$(count)
"$@" >&2 || echo "failed with $?" >&2
echo "$before $(count)"
"#;

/// Runs a command there, if this machine lets one make a network.
fn alone(folder: &Path, command: &[&str]) -> Option<Output> {
    let output = Command::new("unshare")
        .args(["--map-root-user", "--net", "sh", "-c", ALONE, "sh"])
        .args(command)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .output()
        .ok()?;
    output.status.success().then_some(output)
}

/// Packets that left while the command ran.
fn packets(output: &Output) -> u64 {
    let text = String::from_utf8_lossy(&output.stdout);
    let counts = text.lines().last().unwrap_or_default();
    let counts: Vec<u64> = counts.split(' ').filter_map(|count| count.parse().ok()).collect();
    assert_eq!(counts.len(), 2, "{text}");
    counts[1] - counts[0]
}

#[test]
fn nothing_is_sent_that_was_not_asked_for() {
    let program = toolrun("").file(
        "a.yaml",
        "toolrun: 1\ntools:\n  get_rate:\n    description: Gives the exchange rate of two currencies today.\n    \
         url: https://rates.example/v1\n",
    );
    let folder = program.folder();
    let way_out = ["bash", "-c", "exec 3<>/dev/udp/10.9.9.77/9 && echo x >&3"];
    let Some(control) = alone(folder, &way_out) else {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: this machine lets nobody make a network of his own"
        );
        return;
    };
    assert_ne!(packets(&control), 0, "the way out counts nothing");
    for words in [
        "--version",
        "check a.yaml",
        "tools a.yaml",
        "schema events",
        "schema manifest",
        "call a.yaml get_rate --dry-run",
        "demo",
        "check missing.yaml",
    ] {
        let command: Vec<&str> = std::iter::once(BINARY).chain(words.split(' ')).collect();
        let output = alone(folder, &command).unwrap_or_else(|| panic!("no network for {words}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(packets(&output), 0, "toolrun {words}\n{said}");
        assert!(
            words.contains("missing") || !said.contains("failed with"),
            "toolrun {words}\n{said}"
        );
    }
}

/// Hosts that the sources may name: the table of providers, addresses on
/// loopback, names reserved for examples, and where texts point a reader.
fn is_known(host: &str) -> bool {
    let providers = toolrun_model::PROVIDERS
        .iter()
        .filter_map(|row| row.base_url.split("://").nth(1)?.split(['/', ':']).next());
    let reserved = ["example", "test", "invalid", "localhost"];
    let last = host.rsplit('.').next().unwrap_or_default();
    let documents = [
        "www.rfc-editor.org",
        "json-schema.org",
        "www.w3.org",
        "url.spec.whatwg.org",
        // The name of the schema that a report says it follows.
        "docs.oasis-open.org",
    ];
    providers.into_iter().any(|known| known == host)
        || reserved.contains(&last)
        || host.starts_with("127.")
        || ["example.com", "example.org"]
            .iter()
            .any(|known| host.ends_with(known))
        || documents.contains(&host)
}

#[test]
fn the_sources_name_no_other_host() {
    let mut unknown = BTreeSet::new();
    for path in sources(&workspace().join("crates")) {
        let text = fs::read_to_string(&path).expect("a source");
        // Tests of the guard name hosts that must be refused.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for after in text.split("://").skip(1) {
            let host: String = after
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || ".-".contains(*c))
                .collect();
            if host.contains('.') && !is_known(&host) {
                unknown.insert(format!("{}: {host}", path.display()));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        match path.is_dir() {
            true if name != "tests" && name != "target" && name != "examples" => found.extend(sources(&path)),
            false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
            _ => {}
        }
    }
    found
}
