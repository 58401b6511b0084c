//! One turn of the model: a first try, and others while it took a wrong tool.
//!
//! A tool was wrong if it was given what belongs to another, or if a required
//! argument of its call has no trace in the request. The next try goes without
//! it. What was fine before is kept, and a second choice in place of a call
//! that the request does not bear counts only if it is sure, writes nothing and
//! uses all that the first one found in the request: else the first reason
//! stands.

use serde_json::Value;

use super::decode::{Completion, Ended, Thinking, complete};
use super::engine::Engine;
use super::evidence::{Verdict, as_text, judge};
use super::grammar::{Detail, reply_schema};
use super::net::Session;
use super::request::Request;
use crate::message::{Part, ToolCall, ToolSpec};
use crate::reply::{CONFIDENCE_TO_RUN, Reply, StopReason, Usage};

/// How often a turn is tried while the model takes the wrong tool.
const MOST_ATTEMPTS: usize = 3;

/// What the attempts of one turn share.
pub(super) struct Turn<'t> {
    pub(super) engine: &'static Engine,
    pub(super) evidence: &'t Request,
    /// What the model read, the state of its last token, and the most tokens
    /// of an attempt.
    pub(super) read: (Session<'static>, Vec<f32>, usize),
    /// Tokens written by all attempts.
    pub(super) written: u64,
}

impl Turn<'_> {
    /// Lets the model answer with these tools.
    pub(super) fn run(
        &mut self,
        mut tools: Vec<&ToolSpec>,
        mut cancelled: impl FnMut() -> bool,
    ) -> Result<Judged, String> {
        let mut best = self.attempt(&tools, Thinking::Free, &mut cancelled)?;
        let mut wrong = best.wrong(&tools);
        for _ in 1..MOST_ATTEMPTS {
            let harmless = |tool: &ToolSpec| best.withheld.is_empty() || !tool.writes;
            tools.retain(|tool| !wrong.contains(&tool.name) && harmless(tool));
            if wrong.is_empty() || tools.is_empty() || best.ended == Ended::Cancelled {
                break;
            }
            let again = self.attempt(&tools, Thinking::None, &mut cancelled)?;
            wrong = again.wrong(&tools);
            best.improve(again);
        }
        Ok(best)
    }

    /// Lets the model answer once, and judges what it says.
    fn attempt(
        &mut self,
        tools: &[&ToolSpec],
        thinking: Thinking,
        cancelled: impl FnMut() -> bool,
    ) -> Result<Judged, String> {
        // Without thoughts the model has to call: it meant to, but wrongly.
        let least = usize::from(thinking == Thinking::None);
        let schema = |detail| self.engine.matcher(reply_schema(tools, least, detail));
        let grammar = schema(Detail::Full).or_else(|_| schema(Detail::Plain))?;
        let (mut session, state, limit) = self.read.clone();
        let bounds = (thinking, limit);
        let completion = complete(self.engine, &mut session, state, grammar, bounds, cancelled)?;
        self.written += completion.tokens as u64;
        Ok(Judged::new(completion, tools, self.evidence))
    }
}

/// A call that was not let through.
#[derive(Debug, PartialEq)]
struct Withheld {
    tool: String,
    reason: String,
    /// The values of it that stand in the request.
    found: Vec<String>,
}

/// Completions after the evidence guard.
#[derive(Debug, PartialEq)]
pub(super) struct Judged {
    /// Tool and arguments.
    calls: Vec<(String, String)>,
    /// Tools that were given what belongs to another.
    misplaced: Vec<String>,
    withheld: Vec<Withheld>,
    /// What the model said, or why there is no call.
    said: Vec<String>,
    confidence: f32,
    ended: Ended,
}

impl Judged {
    /// Passes a completion through the evidence guard.
    fn new(completion: Completion, tools: &[&ToolSpec], evidence: &Request) -> Self {
        let mut judged = Self {
            calls: Vec::new(),
            misplaced: Vec::new(),
            withheld: Vec::new(),
            said: Vec::new(),
            confidence: completion.confidence,
            ended: completion.ended,
        };
        for call in &completion.calls {
            match judge(call, tools, evidence) {
                Some(Verdict::Call { name, arguments }) => {
                    let call = (name, arguments);
                    if !judged.calls.contains(&call) {
                        judged.calls.push(call);
                    }
                }
                Some(Verdict::Withheld { name, reason, found }) => judged.withheld.push(Withheld {
                    tool: name,
                    reason,
                    found,
                }),
                Some(Verdict::Unwritten { reason }) => judged.said.push(reason),
                Some(Verdict::Misplaced { name }) => judged.misplaced.push(name),
                None => {}
            }
        }
        if completion.calls.is_empty() && !completion.text.is_empty() {
            judged.said.push(completion.text);
        }
        judged
    }

    /// The tools to try without. Whoever asks for a write that lacks something
    /// does not mean to read something else.
    fn wrong(&self, tools: &[&ToolSpec]) -> Vec<String> {
        let writes = |name: &str| tools.iter().any(|tool| tool.writes && tool.name == name);
        let withheld = self.withheld.iter().map(|withheld| &withheld.tool);
        withheld
            .filter(|name| !writes(name))
            .chain(&self.misplaced)
            .cloned()
            .collect()
    }

    /// Takes what another attempt does better.
    fn improve(&mut self, again: Self) {
        if self.calls.is_empty() && self.withheld.is_empty() {
            *self = again;
            return;
        }
        let is_cut = matches!(again.ended, Ended::Limit | Ended::Cancelled);
        let bears = self.withheld.is_empty()
            || (again.confidence >= CONFIDENCE_TO_RUN && again.uses_all(&self.withheld));
        let fresh: Vec<_> = again
            .calls
            .iter()
            .filter(|call| !self.calls.contains(call))
            .cloned()
            .collect();
        if is_cut || !bears || fresh.is_empty() {
            return;
        }
        // Calls that only the first attempt made are as sure as that one.
        let covers = self.calls.iter().all(|call| again.calls.contains(call));
        self.confidence = if covers {
            again.confidence
        } else {
            again.confidence.min(self.confidence)
        };
        if fresh.len() >= self.withheld.len() {
            self.withheld.clear();
        }
        self.calls.extend(fresh);
    }

    /// Whether the calls hold a value of the request each, and among them all
    /// that were found before: a date, say, may not get lost with its tool.
    fn uses_all(&self, withheld: &[Withheld]) -> bool {
        let mut used = Vec::new();
        for (_, arguments) in &self.calls {
            let values = match serde_json::from_str(arguments) {
                Ok(Value::Object(values)) if !values.is_empty() => values,
                _ => return false,
            };
            used.extend(values.values().map(as_text));
        }
        withheld
            .iter()
            .flat_map(|withheld| &withheld.found)
            .all(|value| used.contains(value))
    }

    /// The reply to the `turn`th message.
    pub(super) fn into_reply(self, turn: usize) -> Reply {
        let reasons = self.withheld.into_iter().map(|withheld| withheld.reason);
        let mut said: Vec<String> = self.said.into_iter().chain(reasons).collect();
        said.dedup();
        let mut parts = Vec::new();
        if !said.is_empty() {
            let text = said.join("\n");
            parts.push(Part::Text { text });
        }
        let (stop, confidence) = if matches!(self.ended, Ended::Limit | Ended::Cancelled) {
            (StopReason::MaxTokens, None)
        } else if self.calls.is_empty() {
            (StopReason::EndTurn, None)
        } else {
            let calls = self.calls.into_iter().enumerate();
            parts.extend(calls.map(|(at, (name, arguments))| {
                let id = format!("needle_{turn}_{}", at + 1);
                Part::ToolCall(ToolCall { id, name, arguments })
            }));
            (StopReason::ToolCalls, Some(self.confidence))
        };
        Reply {
            parts,
            stop,
            usage: Usage::default(),
            confidence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(calls: &[(&str, &str)], withheld: &[(&str, &[&str])], confidence: f32) -> Judged {
        Judged {
            calls: calls.iter().map(|(n, a)| ((*n).into(), (*a).into())).collect(),
            misplaced: Vec::new(),
            withheld: withheld
                .iter()
                .map(|(tool, found)| Withheld {
                    tool: (*tool).into(),
                    reason: format!("no {tool}"),
                    found: found.iter().map(|value| (*value).into()).collect(),
                })
                .collect(),
            said: Vec::new(),
            confidence,
            ended: Ended::Done,
        }
    }

    /// Calls by tool, the text, and the confidence.
    #[track_caller]
    fn case(mut first: Judged, again: Judged, names: &[&str], text: &str, confidence: Option<f32>) {
        first.improve(again);
        let reply = first.into_reply(1);
        let called: Vec<&str> = reply.calls().map(|call| call.name.as_str()).collect();
        assert_eq!(
            (called.as_slice(), reply.text().as_str(), reply.confidence),
            (names, text, confidence)
        );
    }

    #[test]
    fn a_second_choice_has_to_be_sure_and_to_lose_nothing() {
        let orders = (("orders"), r#"{"email":"a@x.example"}"#);
        let rate = ("rate", r#"{"from":"EUR","to":"USD"}"#);
        let lost = || judged(&[], &[("order", &[])], 0.1);
        case(lost(), judged(&[orders], &[], 0.9), &["orders"], "", Some(0.9));
        case(lost(), judged(&[orders], &[], 0.2), &[], "no order", None);
        case(
            lost(),
            judged(&[("orders", "{}")], &[], 0.9),
            &[],
            "no order",
            None,
        );
        case(lost(), judged(&[], &[("other", &[])], 0.9), &[], "no order", None);
        let dated = |found: &'static [&'static str]| judged(&[], &[("rate_on", found)], 0.5);
        let latest = || judged(&[rate], &[], 0.9);
        case(dated(&["eur", "usd"]), latest(), &["rate"], "", Some(0.9));
        case(dated(&["eur", "2024-03-15"]), latest(), &[], "no rate_on", None);
    }

    #[test]
    fn what_was_fine_is_kept() {
        let iban = ("iban", r#"{"iban":"X"}"#);
        let rate = ("rate", r#"{"from":"EUR"}"#);
        let half = || judged(&[iban], &[("rate_on", &["eur"])], 0.4);
        let both = &["iban", "rate"];
        case(half(), judged(&[rate], &[], 0.9), both, "", Some(0.4));
        case(half(), judged(&[rate, iban], &[], 0.9), both, "", Some(0.9));
        case(
            half(),
            judged(&[rate], &[], 0.1),
            &["iban"],
            "no rate_on",
            Some(0.4),
        );
        case(
            half(),
            judged(&[iban], &[], 0.9),
            &["iban"],
            "no rate_on",
            Some(0.4),
        );
        case(
            judged(&[], &[], 0.4),
            judged(&[rate], &[], 0.1),
            &["rate"],
            "",
            Some(0.1),
        );
    }

    #[test]
    fn only_reads_are_given_up_for_another_tool() {
        let tool = |name: &str, writes| ToolSpec {
            name: name.into(),
            description: String::new(),
            parameters: Value::Null,
            writes,
        };
        let tools = [tool("read", false), tool("write", true)];
        let tools: Vec<&ToolSpec> = tools.iter().collect();
        let both = judged(&[], &[("read", &[]), ("write", &[])], 0.9);
        assert_eq!(both.wrong(&tools), ["read"]);
    }
}
