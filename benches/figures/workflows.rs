//! Workflows of two sizes: the larger has four times the work, so a ratio
//! well above four would say that time is not linear.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::server::Server;
use crate::{TOOLRUN, alternate, json, row};

/// Prints the rows.
pub(crate) fn rows(folder: &Path) {
    let api = Server::start(Duration::ZERO, |path, _| {
        let count = path
            .strip_prefix("/list?count=")
            .and_then(|count| count.parse().ok());
        let items: Vec<String> = (0..count.unwrap_or(0_u32)).map(|n| n.to_string()).collect();
        match count {
            Some(_) => json(&format!("[{}]", items.join(","))),
            None => json(r#"{"rate":1.5,"date":"2026-01-02"}"#),
        }
    });
    let run = |name: &str, workflow: String| {
        let manifest = folder.join(name);
        std::fs::write(&manifest, format!("{}{workflow}", tools(api.port()))).unwrap();
        move || {
            let mut command = Command::new(TOOLRUN);
            let words = ["call", "--quiet", "--limit", "calls=20000"];
            command.args(words).arg(&manifest).arg("all");
            command
        }
    };
    let (ours, theirs) = alternate(run("l.yaml", list(10_000)), run("s.yaml", list(2_500)));
    row(
        "`for_each` over 10,000 items, a call each; beside 2,500",
        &ours,
        &theirs,
    );
    let (ours, theirs) = alternate(run("w.yaml", diamond(1_000)), run("n.yaml", diamond(250)));
    row(
        "a diamond of 1,000 steps, a call each; beside 250",
        &ours,
        &theirs,
    );
}

fn tools(port: u16) -> String {
    format!(
        "toolrun: 1\napis:\n  rates: {{ base_url: \"http://127.0.0.1:{port}\", concurrency: 16 }}\ntools:\n  \
         list:\n    api: rates\n    description: Returns as many numbers as are asked for, in a list.\n    \
         params: {{ count: {{ type: integer, description: How many numbers }} }}\n    url: /list?count={{{{ count }}}}\n  \
         get:\n    api: rates\n    description: Returns the row of the table that has this number.\n    \
         params: {{ n: {{ schema: {{}}, description: The number }} }}\n    url: /row?n={{{{ n }}}}\n\
         workflows:\n  all:\n    description: Reads the rows of the table, all of them.\n    steps:\n"
    )
}

fn list(items: u32) -> String {
    format!(
        "      - {{ id: numbers, call: list, with: {{ count: {items} }} }}\n      \
         - {{ id: rows, for_each: \"{{{{ numbers }}}}\", as: n, concurrency: 16, call: get, with: {{ n: \"{{{{ n }}}}\" }} }}\n    \
         return: \"{{{{ rows | length }}}}\"\n"
    )
}

/// One step, all but two that read it, and one that waits for those.
fn diamond(steps: usize) -> String {
    let mut text = String::from("      - { id: top, call: get, with: { n: 0 } }\n");
    let names: Vec<String> = (2..steps).map(|n| format!("s{n}")).collect();
    for name in &names {
        writeln!(
            text,
            "      - {{ id: {name}, call: get, with: {{ n: \"{{{{ top.rate }}}}\" }} }}"
        )
        .unwrap();
    }
    writeln!(
        text,
        "      - {{ id: end, call: get, after: [{}], with: {{ n: 1 }} }}",
        names.join(", ")
    )
    .unwrap();
    text
}
