//! C11: which files a manifest can bring along, and that nothing is seen of
//! any other.

use std::os::unix::fs::symlink;
use std::time::Duration;

use crate::support::place::make_pipe;
use crate::support::program::{Ended, Program, toolrun};

const CANARY: &str = "canary-in-a-file-93";

fn main_with(include: &str) -> String {
    format!(
        "toolrun: 1\ninclude: [ \"{include}\" ]\ntools:\n  look:\n    description: Returns the opening hours of the shop, day by day.\n    url: https://shop.example/hours\n"
    )
}

const MORE: &str = "toolrun: 1\ntools:\n  rate:\n    description: Returns the exchange rate of two currencies today.\n    url: https://rates.example/today\n";

fn check(include: &str) -> Program {
    toolrun("check shop/it.yaml").file("shop/it.yaml", &main_with(include))
}

fn refused(ended: Ended) -> Ended {
    ended.exits(1).says("cannot include").hides(CANARY)
}

#[test]
fn c11_an_include_may_stand_anywhere_below_or_beside() {
    for path in [
        "more.yaml",
        "./more.yaml",
        "below/more.yml",
        "../shared/more.yaml",
        "more.JSON",
    ] {
        check(path).file(&format!("shop/{path}"), MORE).run().exits(0);
    }
}

#[test]
fn c11_only_manifests_are_read() {
    let passwd = format!("root:x:0:0:{CANARY}:/root:/bin/sh\n");
    for path in [
        "/etc/passwd",
        "/etc/hosts",
        "../secret",
        "../.env",
        "../.ssh/id_rsa",
        "../../../../../../etc/passwd",
        "/dev/zero",
        "../../../../../../../dev/zero",
        "/proc/self/environ",
        "~/it.yaml",
        "https://evil.example/x.yaml",
        "file:///etc/passwd",
        "",
        ".",
        "..",
        "../shared/",
    ] {
        let program = check(path)
            .file("secret", &passwd)
            .file(".env", &format!("KEY={CANARY}\n"))
            .file(".ssh/id_rsa", &passwd);
        refused(program.env("CANARY", CANARY).run());
    }
}

#[test]
fn c11_nothing_is_shown_of_a_file_that_is_no_manifest() {
    for text in [
        format!("password: {CANARY}\n"),
        format!("root:x:0:0:{CANARY}:/root\n"),
        format!("a: [{CANARY}\n"),
        format!("- {CANARY}\n"),
        format!("\t{CANARY}: {{\n"),
        format!("tools: {{ {CANARY}: 1 }}\n"),
        format!("apiVersion: v1\nkind: Secret\ndata: {{ toolrun: {CANARY} }}\n"),
    ] {
        refused(check("../values.yaml").file("values.yaml", &text).run()).says("it is not a manifest");
        let program = toolrun("check shop/it.yaml --format json")
            .file("shop/it.yaml", &main_with("../values.yaml"))
            .file("values.yaml", &text);
        program.run().exits(1).hides(CANARY);
    }
    let ended = check("../values.yaml");
    std::fs::write(
        ended.folder().join("values.yaml"),
        [b"x: \xff", CANARY.as_bytes()].concat(),
    )
    .expect("a file");
    refused(ended.run());
}

#[test]
fn c11_links_devices_and_pipes_do_not_help() {
    let linked = |to: &str| {
        let program = check("link.yaml").file("secret", CANARY).file("more.yaml", MORE);
        symlink(to, program.folder().join("shop/link.yaml")).expect("a link");
        program
    };
    refused(linked("../secret").run()).says("a link to a file whose name is not that of a manifest");
    for target in [
        "/dev/zero",
        "/etc/passwd",
        "/proc/self/environ",
        "nothing",
        "link.yaml",
        "..",
    ] {
        refused(linked(target).run());
    }
    linked("../more.yaml").run().exits(0);
    let program = check("pipe.yaml");
    let pipe = program.folder().join("shop/pipe.yaml");
    make_pipe(&pipe);
    // Nobody writes to it: whoever opens it waits for ever.
    let (ended, _) = program.measured(Duration::from_secs(60));
    refused(ended).says("it is not a file");
}

#[test]
fn c11_circles_and_crowds_of_includes_end() {
    let itself = check("it.yaml")
        .run()
        .exits(1)
        .says("these files include each other");
    drop(itself);
    let list = |paths: &[String]| format!("toolrun: 1\ninclude: [{}]\n{}", paths.join(", "), &MORE[11..]);
    let same = vec!["more.yaml".to_owned(); 900];
    let text = list(&same).replace("rate:", "look:");
    toolrun("check it.yaml")
        .file("it.yaml", &text)
        .file("more.yaml", MORE)
        .run()
        .exits(0);
    let many: Vec<String> = (0..10_000)
        .map(|index| format!("./{}more.yaml", "./".repeat(index % 40)))
        .collect();
    let text = list(&many).replace("rate:", "look:");
    let program = toolrun("check it.yaml")
        .file("it.yaml", &text)
        .file("more.yaml", MORE);
    let (ended, _) = program.measured(Duration::from_secs(60));
    ended.exits(1).says("too much is included");
}
