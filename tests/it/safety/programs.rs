//! D04, as far as programs are concerned that are asked for a secret: what
//! they are told, and that they end with us.

use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::support::place::Place;
use crate::support::program::signal;
use crate::support::shop::{MANIFEST, MODEL_KEY, SHOP_KEY, shop};
use crate::support::terminal::{AtTerminal, Reading};

/// The shop's manifest with a second key, which a program prints.
fn place(program: &str) -> Place {
    let place = Place::new();
    let manifest = MANIFEST
        .replace(
            "SHOP_KEY: env",
            "SHOP_KEY: env\n  SECOND: { command: [./key.sh] }\n  THIRD: { env: ANOTHER_KEY }",
        )
        .replace(
            "    retries: 0\n",
            "    retries: 0\n    timeout: 5s\n    headers: { X-Second: \"{{ secrets.SECOND }}\" }\n",
        );
    place.write("shop.yaml", &manifest).script("key.sh", program);
    place
        .toolrun("trust --yes shop.yaml --var shop_url=http://127.0.0.1:9")
        .run()
        .exits(0);
    place
}

#[test]
fn d04_a_program_that_is_asked_for_a_secret_sees_no_other() {
    let (place, shop) = (
        place("env > seen; tr '\\0' ' ' < /proc/$PPID/cmdline >> seen; echo second"),
        shop(),
    );
    place.write("keys.env", "SHOP_KEY=canary-of-the-file\n");
    let url = shop.url();
    place
        .toolrun("trust --yes shop.yaml --var")
        .arg(format!("shop_url={url}"))
        .run()
        .exits(0);
    place
        .toolrun("call shop.yaml get_order order_id=o_1 --env-file keys.env --var")
        .arg(format!("shop_url={url}"))
        .env("ANOTHER_KEY", SHOP_KEY)
        .env("OPENAI_API_KEY", MODEL_KEY)
        .env("GEMINI_API_KEY", MODEL_KEY)
        .env("STORE_TOKEN", "needed-by-the-store")
        .run()
        .exits(0);
    assert_eq!(shop.recorded()[0].header("x-second"), ["second"]);
    assert_eq!(
        shop.recorded()[0].header("authorization"),
        ["Bearer canary-of-the-file"]
    );
    let seen = place.read("seen");
    for needed in ["HOME=", "PATH=", "STORE_TOKEN=needed-by-the-store"] {
        assert!(seen.contains(needed), "no {needed} in {seen}");
    }
    for secret in [
        "canary",
        "SHOP_KEY",
        "ANOTHER_KEY",
        "OPENAI_API_KEY",
        "GEMINI_API_KEY",
    ] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
}

#[test]
fn d04_a_program_ends_with_us() {
    for ending in ["interrupted", "timed out"] {
        let (place, shop) = (place("echo $$ > pid; sleep 600"), shop());
        place
            .toolrun("trust --yes shop.yaml --var")
            .arg(format!("shop_url={}", shop.url()))
            .run()
            .exits(0);
        let call = place
            .toolrun("call shop.yaml get_order order_id=o_1")
            .env("SHOP_KEY", SHOP_KEY)
            .env("SHOP_URL", &shop.url());
        let child = call.spawn();
        while !place.has("pid") || place.read("pid").is_empty() {
            thread::sleep(Duration::from_millis(10));
        }
        if ending == "interrupted" {
            signal("INT", child.id());
        }
        let output = child.wait_with_output().expect("the binary ends");
        let expected = if ending == "interrupted" { 130 } else { 3 };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(expected), "{said}");
        let number = place.read("pid");
        assert!(is_gone(number.trim()), "{ending}: {number} still runs");
        assert!(shop.recorded().is_empty());
    }
}

/// Whether a process has ended, be it that nobody has asked for its status.
fn is_gone(number: &str) -> bool {
    for _ in 0..500 {
        let state = Command::new("ps")
            .args(["-o", "stat=", "-p", number])
            .output()
            .expect("ps runs");
        let state = String::from_utf8_lossy(&state.stdout).into_owned();
        if state.trim().is_empty() || state.starts_with('Z') {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn d04_on_a_terminal_a_program_may_ask_and_its_output_is_not_shown() {
    let (place, shop) = (place("echo 'touch the key' >&2; echo canary-printed"), shop());
    let order = || {
        place
            .toolrun("call shop.yaml get_order order_id=o_1")
            .env("SHOP_KEY", SHOP_KEY)
            .env("SHOP_URL", &shop.url())
    };
    place
        .toolrun("trust --yes shop.yaml --var")
        .arg(format!("shop_url={}", shop.url()))
        .run()
        .exits(0);
    order()
        .run()
        .exits(0)
        .hides("touch the key")
        .hides("canary-printed");
    let terminal = AtTerminal::start(order(), "", Reading::Eager);
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    assert!(
        screen.contains("touch the key") && !screen.contains("canary-printed"),
        "{screen}"
    );
    assert_eq!(shop.recorded()[0].header("x-second"), ["canary-printed"]);
}
