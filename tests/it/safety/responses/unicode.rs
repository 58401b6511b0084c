//! B05: characters that nobody sees are removed and counted; what real writing
//! needs comes through byte for byte.

use super::*;

/// A text, what is left of it, and how many characters were removed.
const HIDDEN: &[(&str, &str, u64)] = &[
    (
        "tags \u{e0001}\u{e0069}\u{e0067}\u{e006e}\u{e006f}\u{e0072}\u{e0065}.",
        "tags .",
        7,
    ),
    (
        "selectors 😀\u{e0159}\u{e0157}\u{e015e}\u{e015f}.",
        "selectors 😀.",
        4,
    ),
    (
        "after letters a\u{fe01}b\u{fe0f}c\u{e0100}.",
        "after letters abc.",
        3,
    ),
    (
        "after ideographs 葛\u{e0159}城\u{e0157}.",
        "after ideographs 葛城.",
        2,
    ),
    (
        "zero\u{200b}width\u{200c}\u{200d}\u{feff}\u{2060}\u{ad}.",
        "zerowidth.",
        6,
    ),
    ("bidi \u{202e}txet\u{202c} \u{2066}x\u{2069}.", "bidi txet x.", 4),
    (
        "marks as an alphabet א\u{200e}\u{200f}\u{200f}\u{200e}ב.",
        "marks as an alphabet א\u{200e}ב.",
        3,
    ),
    (
        "a flag that is none 🏴\u{e0061}\u{e0062}\u{e007f}.",
        "a flag that is none 🏴.",
        3,
    ),
    (
        "fillers \u{3164}\u{115f}\u{1160}\u{ffa0}\u{17b4}\u{2064}.",
        "fillers .",
        6,
    ),
    ("controls \u{1b}[0m\u{9b}1m\u{7f}.", "controls [0m1m.", 3),
];

/// What real writing needs.
const HONEST: &[&str] = &[
    "👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🏳️‍⚧️ 🏴‍☠️ ❤️‍🔥 👩‍❤️‍💋‍👨 🧑🏻‍🤝‍🧑🏿",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🇩🇪🇺🇦 1️⃣ #️⃣ *️⃣ ☎︎ ☎️ ©️",
    "می‌خواهم کتاب‌ها نمی‌دانم ئه‌و ه\u{200d}",
    "العربية: السّلامُ عليكم، ١٢٣",
    "שָׁלוֹם עֲלֵיכֶם C\u{200e}++\u{200f} (טקסט)",
    "क्‍ष क्‌ष र्‍य हिन्दी र‍्याब ශ්‍රී ന്‍ അവന്‍ ರ‍್ಕ",
    "ᠮᠣᠩᠭᠣᠯ\u{180b} ᠰᠠᠶ\u{180e}ᠠ",
    "葛\u{e0100}飾区 辻\u{e0101} 邉\u{e010b} 漢字，かな。한국어",
    "ភាសា\u{200b}ខ្មែរ ภาษา\u{200b}ไทย Tiếng Việt",
    "naïve café — “quotes” … 50% v1..v2 a/b\ttab\nline",
];

#[test]
fn b05_hidden_characters_go_and_are_counted() {
    let body = json!(
        HIDDEN
            .iter()
            .map(|(text, ..)| json!({ *text: text }))
            .collect::<Vec<_>>()
    );
    let left = json!(
        HIDDEN
            .iter()
            .map(|(_, left, _)| json!({ *left: left }))
            .collect::<Vec<_>>()
    );
    let count = 2 * HIDDEN.iter().map(|(.., count)| count).sum::<u64>();
    let api = FaultServer::always(json_answer(&body.to_string()));
    let llm = Llm::start(vec![turn("get", &json!({})), Turn::Say("Done.")]);
    let ended = run(&llm.server.url(), &api)
        .arg("--events")
        .arg("events.jsonl")
        .run()
        .exits(0);
    let messages = llm.asked()[1]["messages"].clone();
    let told = messages
        .as_array()
        .and_then(|list| list.last())
        .expect("a result")["content"]
        .clone();
    let told = told.as_str().expect("a text");
    assert!(told.contains(&left.to_string()), "{told}\n{left}");
    assert!(
        told.ends_with(&format!("{count} hidden or control characters were removed.")),
        "{told}"
    );
    let events = ended.read("events.jsonl");
    assert!(
        events.contains(&format!("\"hidden_removed\":{count}")),
        "{events}"
    );
}

#[test]
fn b05_they_go_from_texts_errors_and_types_too() {
    for (text, left, count) in HIDDEN {
        let told = told_of(&["Content-Type: text/plain; charset=utf-8"], text.as_bytes());
        assert!(told.contains(left), "{told:?}");
        assert!(
            told.contains(&format!("{count} hidden or control character")),
            "{told:?}"
        );
    }
    let (text, left, _) = HIDDEN[0];
    let told = told(&FaultServer::always(answer(
        "500 No",
        &["Content-Type: text/html"],
        text.as_bytes(),
    )));
    assert!(told.contains(left.trim()), "{told:?}");
}

#[test]
fn b05_real_writing_is_byte_equal() {
    for text in HONEST {
        let told = told_of(&["Content-Type: text/plain"], text.as_bytes());
        assert!(told.contains(text) && !told.contains("removed"), "{text}: {told}");
    }
    let told = told_of(
        &["Content-Type: application/json"],
        json!({ "all": HONEST }).to_string().as_bytes(),
    );
    assert!(
        told.contains(&json!(HONEST).to_string()) && !told.contains("removed"),
        "{told}"
    );
}

/// The answer of a model, however its stream is cut.
#[test]
fn b05_a_models_answer() {
    let api = FaultServer::always(json_answer("{}"));
    let all = HONEST.join("\n");
    let pieces: Vec<String> = all.chars().map(|c| said(&c.to_string())).collect();
    let mut pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let end = finish();
    pieces.push(&end);
    let model = FaultServer::always(stream(&pieces));
    run(&model.url(), &api).run().exits(0).prints(&format!("{all}\n"));
    let hidden: Vec<&str> = HIDDEN.iter().map(|(text, ..)| *text).collect();
    let left: Vec<&str> = HIDDEN.iter().map(|(_, left, _)| *left).collect();
    let model = FaultServer::always(stream(&[&said(&hidden.join("\n")), &end]));
    run(&model.url(), &api)
        .run()
        .exits(0)
        .prints(&format!("{}\n", left.join("\n")));
}
