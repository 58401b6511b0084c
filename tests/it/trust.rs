//! Where secrets are taken from, who is asked before, and for how long a yes
//! holds.

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::support::cases;
use crate::support::golden;
use crate::support::http_server::{HttpServer, Reply};
use crate::support::llm::{Llm, Turn, call, calls};
use crate::support::place::Place;
use crate::support::program::Program;
use crate::support::shop::{MANIFEST, MODEL_KEY, SHOP_KEY, shop};
use crate::support::terminal::{AtTerminal, Reading};

const QUESTION: &str = "anything else is no:";

/// What the secret's program prints, and never anything of ours.
const VALUE: &str = "canary-program-61d0e5b3";

/// The record of what was allowed.
const RECORD: &str = "home/.local/state/toolrun/trust.json";

/// The shop's manifest with its key taken from elsewhere.
fn manifest(source: &str) -> String {
    MANIFEST.replace("SHOP_KEY: env", &format!("SHOP_KEY: {source}"))
}

/// A place whose manifest runs a script that leaves a line behind each time.
fn with_program() -> Place {
    let place = Place::new();
    place
        .write("shop.yaml", &manifest("{ command: [./key.sh, shop] }"))
        .script("key.sh", &format!("echo ran >> ran; echo {VALUE}"));
    place
}

/// A call against the shop.
fn order(place: &Place, shop: &HttpServer) -> Program {
    place
        .toolrun("call shop.yaml get_order order_id=o_1")
        .env("SHOP_URL", &shop.url())
}

/// A run of a scripted model against the shop.
fn go(place: &Place, shop: &HttpServer, llm: &Llm) -> Program {
    place
        .toolrun("run shop.yaml Go --model openai/x --base-url")
        .arg(llm.base_url())
        .env("SHOP_URL", &shop.url())
        .env("OPENAI_API_KEY", MODEL_KEY)
}

/// Allows everything ahead, as for that shop.
fn allow(place: &Place, shop: &HttpServer) {
    let trust = place
        .toolrun("trust shop.yaml --yes")
        .env("SHOP_URL", &shop.url());
    trust.run().exits(0);
}

#[test]
fn the_output_of_a_program_is_sent_and_shown_nowhere() {
    let (place, shop) = (with_program(), shop());
    allow(&place, &shop);
    assert!(!place.has("ran"), "allowing runs nothing");
    order(&place, &shop)
        .arg("-vv")
        .arg("--events=e.jsonl")
        .run()
        .exits(0)
        .stdout_has("paid")
        .hides(VALUE);
    let sent = shop.recorded();
    assert_eq!(sent[0].header("authorization"), [format!("Bearer {VALUE}")]);
    assert!(!place.read("e.jsonl").contains(VALUE));
    assert!(!place.read(RECORD).contains(VALUE));
}

#[test]
fn without_a_yes_nothing_is_run_or_sent() {
    let (place, shop, llm) = (with_program(), shop(), Llm::start(vec![Turn::Say("Hello.")]));
    let refused = order(&place, &shop).run().exits(5).prints("");
    let said = place.without_path(&refused.stderr).replace(&shop.url(), "<SHOP>");
    golden::none(&Vec::from_iter(golden::compare(
        &cases("trust").join("refused.stderr"),
        &said,
    )));
    go(&place, &shop, &llm)
        .run()
        .exits(5)
        .says("`toolrun trust shop.yaml`");
    let with_flags = place
        .toolrun("call shop.yaml get_order order_id=o_1 --env-file more.env --var")
        .arg(format!("shop_url={}", shop.url()));
    place.write("more.env", "A=b\n");
    with_flags.run().exits(5).says(&format!(
        "`toolrun trust shop.yaml --var shop_url={} --env-file more.env`",
        shop.url()
    ));
    assert!(shop.recorded().is_empty() && llm.asked().is_empty() && !place.has("ran"));
}

#[test]
fn what_sends_nothing_reads_nothing() {
    let (place, shop) = (with_program(), shop());
    for allowed in [false, true] {
        for words in [
            "check shop.yaml",
            "tools shop.yaml",
            "schema events",
            "call shop.yaml get_order order_id=o_1 --dry-run",
            "call shop.yaml get_order order_id=o_1 --curl",
            "run shop.yaml Go --dry-run --model openai/x",
        ] {
            place
                .toolrun(words)
                .env("OPENAI_API_KEY", MODEL_KEY)
                .run()
                .exits(0);
            assert!(!place.has("ran"), "{words}, allowed: {allowed}");
        }
        allow(&place, &shop);
    }
}

#[test]
fn a_yes_at_the_terminal_is_remembered_and_a_no_is_not() {
    let (place, shop) = (with_program(), shop());
    for answer in ["\n", "n\n", "\u{4}"] {
        let terminal = AtTerminal::start(order(&place, &shop), "y\n", Reading::Eager);
        terminal
            .sees("runs `./key.sh shop`")
            .sees(&shop.url())
            .sees(QUESTION)
            .types(answer);
        let (code, screen) = terminal.ends();
        assert_eq!(code, Some(5), "{answer:?}\n{screen}");
        assert!(!place.has("ran") && !place.has(RECORD), "{answer:?}\n{screen}");
    }
    let terminal = AtTerminal::start(order(&place, &shop), "", Reading::Eager);
    terminal.sees(QUESTION).types("y\n");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("toolrun trust --revoke shop.yaml"), "{screen}");
    let (code, screen) = AtTerminal::start(order(&place, &shop), "", Reading::Eager).ends();
    assert_eq!(code, Some(0), "{screen}");
    assert!(!screen.contains(QUESTION), "{screen}");
    order(&place, &shop).run().exits(0);
    assert_eq!(shop.recorded().len(), 3);
}

#[test]
fn a_change_asks_again() {
    let (place, shop, other) = (with_program(), shop(), shop());
    let was = manifest("{ command: [./key.sh, shop] }");
    allow(&place, &shop);
    order(&place, &shop).run().exits(0);
    let changes = [
        ("shop.yaml", format!("{was}# a note\n")),
        ("shop.yaml", was.replace("[./key.sh, shop]", "[./key.sh, other]")),
        ("key.sh", "#!/bin/sh\necho changed\n".to_owned()),
    ];
    for (file, text) in changes {
        let before = place.read(file);
        place.write(file, &text);
        order(&place, &shop).run().exits(5).says("runs `./key.sh");
        place.write(file, &before);
        order(&place, &shop).run().exits(0);
    }
    // A var decides where the secret goes.
    order(&place, &other).run().exits(5).says(&other.url());
    allow(&place, &other);
    order(&place, &other).run().exits(0);
    order(&place, &shop).run().exits(0);
    // The same text elsewhere is another manifest.
    place
        .write("copy/shop.yaml", &was)
        .script("copy/key.sh", &format!("echo ran >> ran; echo {VALUE}"));
    let copy = place.toolrun("call copy/shop.yaml get_order order_id=o_1");
    copy.env("SHOP_URL", &shop.url()).run().exits(5);
}

#[test]
fn what_was_changed_since_is_told_as_changed_and_replaces_the_older_yes() {
    let (place, shop) = (with_program(), shop());
    allow(&place, &shop);
    place.script("key.sh", "echo changed");
    order(&place, &shop)
        .run()
        .exits(5)
        .says("shop.yaml or a program of its secrets was changed since this was allowed (on 2")
        .says("| SHOP_KEY: runs `./key.sh shop`");
    allow(&place, &shop);
    let listed = place.toolrun("trust --list").run().exits(0);
    assert_eq!(
        listed.stdout.matches("runs `./key.sh").count(),
        1,
        "{}",
        listed.stdout
    );
    // Another command was never allowed, changed content or not.
    place.write("shop.yaml", &manifest("{ command: [./key.sh, other] }"));
    order(&place, &shop)
        .run()
        .exits(5)
        .says("where nobody has allowed it yet:");
}

#[test]
fn an_address_that_a_var_does_not_make_is_told_before_anybody_is_asked() {
    let (place, shop) = (with_program(), shop());
    let bare = shop.url().replace("http://", "");
    for words in [
        "trust shop.yaml --yes",
        "trust shop.yaml",
        "call shop.yaml get_order order_id=o_1",
        "call shop.yaml get_order order_id=o_1 --dry-run",
        "run shop.yaml Go --model openai/x",
    ] {
        let ended = place
            .toolrun(words)
            .env("OPENAI_API_KEY", MODEL_KEY)
            .env("SHOP_URL", &bare)
            .run()
            .exits(2);
        ended
            .says(&format!("`vars.shop_url` is `{bare}`"))
            .says(&format!("--var shop_url=http://{bare}"))
            .says("or set the environment variable SHOP_URL")
            .hides("nobody has allowed");
    }
    assert!(!place.has(RECORD) && !place.has("ran"));
    let terminal = AtTerminal::start(order(&place, &shop).env("SHOP_URL", &bare), "", Reading::Eager);
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(2), "{screen}");
    assert!(!screen.contains(QUESTION), "{screen}");
    // What may be a password is not shown.
    order(&place, &shop)
        .env("SHOP_URL", "http://me:canary-word@127.0.0.1:9")
        .run()
        .exits(2)
        .says("`***@127.0.0.1:9`")
        .hides("canary-word");
    assert!(shop.recorded().is_empty());
}

#[test]
fn a_manifest_on_stdin_is_called_so() {
    let (place, shop) = (Place::new(), shop());
    let text = manifest("{ command: [printf, key] }");
    let order = || {
        let order = place.toolrun("call - get_order order_id=o_1").stdin(&text);
        order.env("SHOP_URL", &shop.url())
    };
    order()
        .run()
        .exits(5)
        .says("<stdin> takes secrets from")
        .says("`toolrun trust -`");
    let trust = place.toolrun("trust - --yes").stdin(&text);
    trust
        .env("SHOP_URL", &shop.url())
        .run()
        .exits(0)
        .says("<stdin>: allowed");
    order().run().exits(0);
    place
        .toolrun("call - get_order")
        .stdin("toolrun: 2\n")
        .run()
        .exits(2)
        .says("<stdin> cannot be run");
}

#[test]
fn what_a_manifest_includes_is_its_content() {
    let (place, shop) = (Place::new(), shop());
    let secrets = "toolrun: 1\nsecrets:\n  SHOP_KEY: { command: [printf, included] }\n";
    let main = MANIFEST.replace("secrets:\n  SHOP_KEY: env\n", "include: [ keys/secrets.yaml ]\n");
    place
        .write("shop.yaml", &main)
        .write("keys/secrets.yaml", secrets);
    allow(&place, &shop);
    order(&place, &shop).run().exits(0);
    place.write("keys/secrets.yaml", &format!("{secrets}# a note\n"));
    order(&place, &shop).run().exits(5);
    assert_eq!(shop.recorded().len(), 1);
}

#[test]
fn a_yes_for_one_tool_is_none_for_an_origin_that_another_adds() {
    let (place, shop, other) = (Place::new(), shop(), shop());
    let more = format!(
        "{}  elsewhere:\n    description: Shows what another service says about the key.\n    \
         url: {}/orders/o_1\n    auth: {{ bearer: SHOP_KEY }}\n",
        manifest("{ command: [printf, key] }"),
        other.url()
    );
    place.write("shop.yaml", &more);
    let terminal = AtTerminal::start(order(&place, &shop), "", Reading::Eager);
    terminal.sees(QUESTION).types("y\n");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    assert!(!screen.contains(&other.url()), "{screen}");
    place
        .toolrun("call shop.yaml elsewhere")
        .env("SHOP_URL", &shop.url())
        .run()
        .exits(5)
        .says(&other.url());
    order(&place, &shop).run().exits(0);
    assert!(other.recorded().is_empty());
}

#[test]
fn the_secret_of_a_login_needs_a_yes_for_the_login_and_for_who_gets_the_token() {
    let (place, shop) = (Place::new(), shop());
    let login =
        "auth: { oauth2: { token_url: 'http://127.0.0.1:9/token', client_id: me, client_secret: SHOP_KEY } }";
    let logging_in = manifest("{ command: [./key.sh] }").replace("auth: { bearer: SHOP_KEY }", login);
    place.write("shop.yaml", &logging_in);
    order(&place, &shop).run().exits(5).says(&format!(
        "sends what it prints to {} and http://127.0.0.1:9\n",
        shop.url()
    ));
    allow(&place, &shop);
    let elsewhere = HttpServer::start(|_, _| Reply::json(200, "{}"));
    order(&place, &elsewhere).run().exits(5).says(&elsewhere.url());
    place.toolrun("lock shop.yaml").run().exits(0);
    place.write(
        "shop.yaml",
        &logging_in.replace("127.0.0.1:9/token", "127.0.0.1:8/token"),
    );
    let refused = place.toolrun("tools --locked shop.yaml").run().exits(5);
    refused
        .says("the credentials changed")
        .says("http://127.0.0.1:8/token");
}

#[test]
fn many_calls_run_a_program_once() {
    let (place, shop) = (with_program(), shop());
    let many = vec![("get_order", json!({ "order_id": "o_1" })); 6];
    let llm = Llm::start(vec![calls(&many), calls(&many), Turn::Say("Done.")]);
    allow(&place, &shop);
    go(&place, &shop, &llm).run().exits(0).prints("Done.\n");
    assert_eq!(place.read("ran"), "ran\n");
    assert!(shop.recorded().len() > 1);
}

#[test]
fn a_program_that_fails_is_asked_once_and_its_words_are_kept_back() {
    let (place, shop) = (Place::new(), shop());
    place
        .write("shop.yaml", &manifest("{ command: [./key.sh] }"))
        .script(
            "key.sh",
            &format!("echo ran >> ran; echo {VALUE}; echo {VALUE} >&2; exit 7"),
        );
    allow(&place, &shop);
    order(&place, &shop)
        .run()
        .exits(3)
        .says("SHOP_KEY")
        .says("`./key.sh` ended with 7")
        .hides(VALUE);
    let wanted = call("get_order", &json!({ "order_id": "o_1" }));
    let llm = Llm::start(vec![wanted.clone(), wanted, Turn::Say("No order.")]);
    let run = place
        .toolrun("run shop.yaml Go --model openai/x --base-url")
        .arg(llm.base_url());
    run.env("SHOP_URL", &shop.url())
        .env("OPENAI_API_KEY", MODEL_KEY)
        .run()
        .hides(VALUE);
    assert!(!format!("{:?}", llm.asked()).contains(VALUE));
    assert_eq!(place.read("ran"), "ran\nran\n", "once in each process");
    assert!(shop.recorded().is_empty());
}

#[test]
fn a_file_outside_is_read_after_a_yes_and_only_that_file() {
    let (place, shop) = (Place::new(), shop());
    place
        .write("inner/shop.yaml", &manifest("{ file: link }"))
        .write("key", &format!("{VALUE}\n"))
        .write("other", "canary-other\n");
    symlink(place.path("key"), place.path("inner/link")).expect("a link");
    let order = || {
        let order = place.toolrun("call inner/shop.yaml get_order order_id=o_1");
        order.env("SHOP_URL", &shop.url())
    };
    let path = place.path("key").display().to_string();
    order()
        .run()
        .exits(5)
        .says(&format!("reads {path}, outside the manifest's folder"));
    let trust = place
        .toolrun("trust inner/shop.yaml --yes")
        .env("SHOP_URL", &shop.url());
    trust.run().exits(0);
    order().run().exits(0).hides(VALUE);
    assert_eq!(
        shop.recorded()[0].header("authorization"),
        [format!("Bearer {VALUE}")]
    );
    // A link that now leads elsewhere leads to what nobody allowed.
    std::fs::remove_file(place.path("inner/link")).expect("removed");
    symlink(place.path("other"), place.path("inner/link")).expect("a link");
    order().run().exits(5).hides("canary-other");
    assert_eq!(shop.recorded().len(), 1);
}

#[test]
fn a_variable_of_another_product_is_sent_after_a_yes() {
    let (place, shop) = (Place::new(), shop());
    place.write("shop.yaml", &manifest("{ env: OPENAI_API_KEY }"));
    let order = || order(&place, &shop).env("OPENAI_API_KEY", SHOP_KEY);
    order()
        .run()
        .exits(5)
        .says("sends OPENAI_API_KEY, which belongs to openai.com, to http://127.0.0.1");
    allow(&place, &shop);
    order().run().exits(0);
    assert_eq!(
        shop.recorded()[0].header("authorization"),
        [format!("Bearer {SHOP_KEY}")]
    );
}

#[test]
fn hostile_text_cannot_pose_as_something_else() {
    let (place, shop) = (Place::new(), shop());
    let words =
        r#""a\nnothing to allow\n? Allow it?", "\e[2J\e]0;x\a", "b\u202Ec", "it's", "", "tag\U000E0041""#;
    place.write(
        "shop.yaml",
        &manifest(&format!("{{ command: [printf, {words}] }}")),
    );
    let refused = order(&place, &shop).run().exits(5);
    let said = refused.stderr.replace(&shop.url(), "<SHOP>");
    golden::none(&Vec::from_iter(golden::compare(
        &cases("trust").join("hostile.stderr"),
        &said,
    )));
    let terminal = AtTerminal::start(order(&place, &shop), "", Reading::Eager);
    terminal.sees(QUESTION).types("n\n");
    let (_, screen) = terminal.ends();
    let shown = screen
        .split("\u{2047} Allow it for this")
        .next()
        .expect("the question");
    let hostile = ["\u{1b}]", "\u{1b}[2J", "\u{202e}"];
    assert!(!hostile.iter().any(|part| shown.contains(part)), "{shown:?}");
    // An empty line, the head, one secret, the start of the question.
    assert_eq!(shown.lines().count(), 4, "{shown}");
}

#[test]
fn a_program_gets_no_input_and_starts_beside_the_manifest() {
    let (place, shop) = (Place::new(), shop());
    place
        .write(
            "inner/shop.yaml",
            &manifest("{ command: [./key.sh, '$HOME', '*'] }"),
        )
        .script("inner/key.sh", "cat > input; pwd > where; printf '%s|' \"$@\"");
    let trust = place
        .toolrun("trust inner/shop.yaml --yes")
        .env("SHOP_URL", &shop.url());
    trust.run().exits(0);
    let order = place
        .toolrun("call inner/shop.yaml get_order order_id=o_1")
        .stdin("typed");
    order.env("SHOP_URL", &shop.url()).run().exits(0);
    assert_eq!(shop.recorded()[0].header("authorization"), ["Bearer $HOME|*|"]);
    assert_eq!(place.read("inner/input"), "");
    assert_eq!(
        place.read("inner/where").trim_end(),
        place.path("inner").to_str().expect("UTF-8")
    );
}
