//! The decode loop: greedy, free while the model thinks, masked by the tools'
//! schema while it writes calls, and always bounded.

use llguidance::Matcher;
use serde_json::Value;

use super::engine::Engine;
use super::net::Session;

/// Most tokens of one reply, thinking included, when the request names no limit.
pub(super) const MOST_TOKENS: usize = 448;

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The model was done.
    Done,
    /// It began to repeat a call.
    Repeated,
    /// The token limit.
    Limit,
    /// Nobody listens any more.
    Cancelled,
}

/// What the model wrote.
pub(super) struct Completion {
    /// Everything outside of thoughts and calls.
    pub(super) text: String,
    /// The calls as JSON values, in order, without repetitions.
    pub(super) calls: Vec<Value>,
    pub(super) ended: Ended,
    /// How sure the network is of it.
    pub(super) confidence: f32,
    pub(super) tokens: usize,
}

/// Where in the reply the loop is.
enum Place {
    Free,
    Calls(Box<Matcher>),
}

/// Whether the model may think before it calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It writes what it likes, thoughts as a rule, before it opens its calls.
    Free,
    /// Its calls are open from the start.
    None,
}

/// Lets the model answer; `state` is that of the prompt's last token.
pub(super) fn complete(
    engine: &Engine,
    session: &mut Session<'_>,
    mut state: Vec<f32>,
    grammar: Matcher,
    (thinking, limit): (Thinking, usize),
    mut cancelled: impl FnMut() -> bool,
) -> Result<Completion, String> {
    let marks = &engine.marks;
    let limit = limit.min(engine.network.context().saturating_sub(session.len()));
    let mut written: Vec<u32> = Vec::new();
    let mut payload: Option<usize> = None;
    let mut grammar = Some(grammar);
    let mut place = Place::Free;
    let mut forced = (thinking == Thinking::None).then_some(marks.call_start);
    let ended = loop {
        if written.len() >= limit {
            break Ended::Limit;
        }
        if cancelled() {
            break Ended::Cancelled;
        }
        let mut logits = engine.network.logits(&state);
        if let Place::Calls(matcher) = &mut place {
            mask(matcher, &mut logits)?;
        }
        let token = forced.take().unwrap_or_else(|| best(&logits));
        if token == marks.turn_end || token == marks.end {
            break Ended::Done;
        }
        written.push(token);
        state = session.read(&[token]);
        if token == marks.call_end {
            break Ended::Done;
        }
        match &mut place {
            Place::Calls(matcher) => {
                matcher.consume_token(token).map_err(|error| error.to_string())?;
                let from = payload.unwrap_or(written.len());
                if repeats(&engine.tokenizer.decode(&written[from..])) {
                    break Ended::Repeated;
                }
            }
            Place::Free if token == marks.call_start => {
                let matcher = grammar.take().ok_or("the model opened its calls twice")?;
                payload = Some(written.len());
                place = Place::Calls(Box::new(matcher));
            }
            Place::Free => {}
        }
    };
    let (text, calls) = parts(engine, &written, payload);
    Ok(Completion {
        text,
        calls,
        ended,
        confidence: session.confidence(),
        tokens: written.len(),
    })
}

/// What was said and which calls were written; `payload` is where they begin.
fn parts(engine: &Engine, written: &[u32], payload: Option<usize>) -> (String, Vec<Value>) {
    let decode = |tokens: &[u32]| engine.tokenizer.decode(tokens);
    let spoken = payload.map_or(written.len(), |from| from - 1);
    let calls = payload.map(|from| written_calls(&decode(&written[from..])));
    (
        without_thoughts(&decode(&written[..spoken])),
        calls.unwrap_or_default(),
    )
}

/// Rules out every token that the grammar does not allow here.
fn mask(matcher: &mut Matcher, logits: &mut [f32]) -> Result<(), String> {
    let allowed = matcher.compute_mask_or_eos().map_err(|error| error.to_string())?;
    for (token, logit) in logits.iter_mut().enumerate() {
        if !allowed.is_allowed(token as u32) {
            *logit = f32::NEG_INFINITY;
        }
    }
    Ok(())
}

fn best(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (token, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = token;
        }
    }
    best as u32
}

/// Whether the calls written so far end with one that stood there before.
fn repeats(payload: &str) -> bool {
    if !payload.ends_with('}') {
        return false;
    }
    match serde_json::from_str::<Vec<Value>>(&format!("{payload}]")) {
        Ok(calls) => calls
            .split_last()
            .is_some_and(|(last, before)| before.contains(last)),
        Err(_) => false,
    }
}

/// The calls of a payload that may lack its end; repeated ones count once.
fn written_calls(payload: &str) -> Vec<Value> {
    let payload = payload.trim().trim_end_matches("</tool_call>").trim();
    let all = serde_json::from_str::<Vec<Value>>(payload)
        .or_else(|_| serde_json::from_str(&format!("{payload}]")))
        .unwrap_or_default();
    let mut calls: Vec<Value> = Vec::new();
    for call in all {
        if !calls.contains(&call) {
            calls.push(call);
        }
    }
    calls
}

fn without_thoughts(text: &str) -> String {
    let mut spoken = String::new();
    let mut rest = text;
    while let Some((before, thought)) = rest.split_once("<think>") {
        spoken.push_str(before);
        rest = thought.split_once("</think>").map_or("", |(_, after)| after);
    }
    spoken.push_str(rest);
    spoken.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn thoughts_are_not_spoken() {
        for (text, spoken) in [
            ("", ""),
            ("hello", "hello"),
            ("<think>\nx\n</think>\nhello ", "hello"),
            ("a<think>b</think>c<think>d", "ac"),
        ] {
            assert_eq!(without_thoughts(text), spoken, "{text}");
        }
    }

    #[test]
    fn calls_are_read_once_each() {
        let (a, b) = (json!({"name": "a"}), json!({"name": "b"}));
        assert_eq!(written_calls(""), Vec::<Value>::new());
        assert_eq!(written_calls("[]</tool_call>"), Vec::<Value>::new());
        assert_eq!(
            written_calls(r#"[{"name":"a"},{"name":"b"}]"#),
            [a.clone(), b.clone()]
        );
        assert_eq!(
            written_calls(r#"[{"name":"a"},{"name":"b"},{"name":"a"}"#),
            [a, b]
        );
        assert_eq!(written_calls(r#"[{"name":"a"#), Vec::<Value>::new());
    }

    #[test]
    fn a_repeated_call_is_noticed_when_it_ends() {
        assert!(!repeats(r#"[{"name":"a"}"#));
        assert!(!repeats(r#"[{"name":"a"},{"name":"b"}"#));
        assert!(!repeats(r#"[{"name":"a"},{"name":"#));
        assert!(repeats(r#"[{"name":"a"},{"name":"b"},{"name":"a"}"#));
    }
}
