//! Properties over many workflows: every step once, never before what it
//! reads, the same result whatever ends first, and the same from any prefix
//! of the events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use toolrun_model::ToolCall;

use super::catalogue::Catalogue;
use super::hand::{Hand, Says, catalogue, workflow};
use crate::event::Event;

/// A step of a random workflow.
#[derive(Debug, Clone)]
struct Random {
    reads: Vec<usize>,
    after: Vec<usize>,
    kind: Kind,
    fails: bool,
    skips_errors: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Plain,
    /// Skipped when the first that it reads is.
    When,
    Never,
    List,
    Inner,
    Polled,
}

fn step(place: usize) -> impl Strategy<Value = Random> {
    let before = || prop::collection::vec(0..place.max(1), 0..if place == 0 { 1 } else { 4 });
    let kind = prop::sample::select(vec![
        Kind::Plain,
        Kind::Plain,
        Kind::When,
        Kind::Never,
        Kind::List,
        Kind::Inner,
        Kind::Polled,
    ]);
    (before(), before(), kind, prop::bool::weighted(0.1), any::<bool>()).prop_map(
        |(reads, after, kind, fails, skips_errors)| Random {
            reads,
            after,
            kind,
            fails,
            skips_errors,
        },
    )
}

/// Steps that read only those before them, written in another order.
fn steps() -> impl Strategy<Value = (Vec<Random>, Vec<usize>)> {
    (1_usize..14).prop_flat_map(|count| {
        let all: Vec<_> = (0..count).map(step).collect();
        let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
        (all, order)
    })
}

fn written(place: usize, step: &Random) -> String {
    let mut reads: Vec<String> = step
        .reads
        .iter()
        .map(|n| format!("s{n} | default('none')"))
        .collect();
    // Items differ, so that their order counts.
    reads.extend(matches!(step.kind, Kind::List).then(|| "i".to_owned()));
    let reads = format!("[{}]", reads.join(", "));
    let value = if step.fails {
        format!("{{{{ 'fails' if {reads} else 'fails' }}}}")
    } else {
        format!("{{{{ {reads} }}}}")
    };
    let mut text = format!("id: s{place}");
    text.push_str(match step.kind {
        Kind::List => ", for_each: [1, 2, 3], as: i, concurrency: 2, call: get",
        Kind::Inner => ", call: inner",
        Kind::Polled => ", call: get",
        _ => ", call: put",
    });
    let key = if matches!(step.kind, Kind::Inner) {
        "p"
    } else {
        "a"
    };
    text.push_str(&format!(", with: {{ {key}: \"{value}\" }}"));
    match (step.kind, step.reads.first()) {
        (Kind::When, Some(first)) => text.push_str(&format!(", when: \"{{{{ s{first} is defined }}}}\"")),
        (Kind::Never, _) => text.push_str(", when: \"{{ false }}\""),
        (Kind::Polled, _) => text.push_str(&format!(
            ", repeat: {{ until: \"{{{{ s{place}.try >= 2 }}}}\", every: 1s, times: 3 }}"
        )),
        _ => {}
    }
    if !step.after.is_empty() {
        let after: Vec<String> = step.after.iter().map(|n| format!("s{n}")).collect();
        text.push_str(&format!(", after: [{}]", after.join(", ")));
    }
    if step.skips_errors {
        text.push_str(", on_error: skip");
    }
    text
}

fn made(steps: &[Random], order: &[usize]) -> Arc<Catalogue> {
    let lines: Vec<String> = order
        .iter()
        .map(|place| written(*place, &steps[*place]))
        .collect();
    let all: Vec<String> = (0..steps.len())
        .map(|n| format!("\"{{{{ s{n} | default('none') }}}}\""))
        .collect();
    let inner = workflow(
        "inner",
        &[
            r#"id: x, call: get, with: { a: "{{ p }}" }"#,
            r#"id: y, call: get, with: { a: "{{ x }}" }"#,
        ],
        "\"{{ y }}\"",
    );
    catalogue(&format!(
        "{}{inner}",
        workflow("w", &lines, &format!("[{}]", all.join(", ")))
    ))
}

fn world(call: &ToolCall) -> Says {
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
    if arguments["a"] == "fails" {
        return Says::Error("boom");
    }
    let tries = call
        .id
        .rsplit_once('#')
        .map_or(1, |(_, n)| n.parse::<u32>().unwrap());
    Says::Value(json!({ "try": tries, "saw": arguments["a"], "name": call.name }))
}

/// Chooses by a row of numbers.
fn chooser(seed: &[usize]) -> impl FnMut(usize) -> usize + '_ {
    let mut at = 0;
    move |count| {
        at += 1;
        seed[at % seed.len()] % count
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_step_once_and_never_before_what_it_needs(
        (steps, order) in steps(),
        seed in prop::collection::vec(0_usize..100, 1..20),
        other in prop::collection::vec(0_usize..100, 1..20),
    ) {
        let catalogue = made(&steps, &order);
        let mut hand = Hand::new(&catalogue, &json!({}));
        let result = hand.ends(&world, &mut chooser(&seed));
        let mut over: BTreeSet<String> = BTreeSet::new();
        let mut begun: BTreeMap<String, u32> = BTreeMap::new();
        for event in &hand.events {
            match &event.event {
                Event::StepStarted(step) if step.call == "call_1" => {
                    *begun.entry(step.step.clone()).or_default() += 1;
                    let place: usize = step.step[1..].parse().unwrap();
                    for need in steps[place].reads.iter().chain(&steps[place].after) {
                        prop_assert!(over.contains(&format!("s{need}")), "{} before s{need}: {}", step.step, hand.story());
                    }
                }
                Event::StepFinished(step) if step.call == "call_1" => {
                    prop_assert!(over.insert(step.step.clone()), "twice: {}", hand.story());
                }
                Event::StepSkipped(step) if step.call == "call_1" && step.item.is_none() => {
                    prop_assert!(over.insert(step.step.clone()), "twice: {}", hand.story());
                }
                _ => {}
            }
        }
        prop_assert!(begun.values().all(|count| *count == 1), "{begun:?}");
        if result.is_ok() {
            prop_assert_eq!(over.len(), steps.len());
        }
        let again = Hand::new(&catalogue, &json!({})).ends(&world, &mut chooser(&other));
        prop_assert_eq!(result.is_ok(), again.is_ok());
        if let (Ok(one), Ok(other)) = (&result, &again) {
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn any_prefix_of_the_events_goes_on_to_the_same_result(
        (steps, order) in steps(),
        seed in prop::collection::vec(0_usize..100, 1..20),
    ) {
        let catalogue = made(&steps, &order);
        let mut whole = Hand::new(&catalogue, &json!({}));
        let result = whole.ends(&world, &mut |_| 0);
        let tools: Vec<ToolCall> = whole.events.iter().filter_map(|event| match &event.event {
            Event::ToolStarted(started) => Some(ToolCall {
                id: started.call.clone(),
                name: started.tool.clone(),
                arguments: Value::Object(started.arguments.clone()).to_string(),
            }),
            _ => None,
        }).collect();
        for cut in 1..=whole.events.len() {
            let mut fresh = Hand::again(&catalogue, &whole.events[..cut], &tools);
            let same = fresh.ends(&world, &mut |_| 0);
            prop_assert_eq!(&same, &result, "cut at {}", cut);
            prop_assert_eq!(fresh.story(), whole.story(), "cut at {}", cut);
        }
        // Another order from the middle on gives the same values as well.
        let cut = whole.events.len() / 2 + 1;
        let mut fresh = Hand::again(&catalogue, &whole.events[..cut.min(whole.events.len())], &tools);
        let other = fresh.ends(&world, &mut chooser(&seed));
        prop_assert_eq!(other.is_ok(), result.is_ok());
        if result.is_ok() {
            prop_assert_eq!(other, result);
        }
    }
}

/// Runs a workflow whose value is so many items, answers at once. Were the work
/// quadratic, tests of this size would not end; `just bench` has the times.
fn of_size(workflow_text: &str, arguments: &Value, count: usize) -> Hand {
    let catalogue = catalogue(workflow_text);
    let mut hand = Hand::new(&catalogue, arguments);
    let value = hand.in_order(&world).unwrap().unwrap();
    assert_eq!(value.as_array().map(Vec::len), Some(count));
    hand
}

fn diamond(width: usize) -> String {
    let mut lines = vec!["id: top, call: get".to_owned()];
    lines.extend((0..width).map(|n| format!(r#"id: s{n}, call: get, with: {{ a: "{{{{ top.try }}}}" }}"#)));
    let all: Vec<String> = (0..width).map(|n| format!("s{n}.saw")).collect();
    let ids: Vec<String> = (0..width).map(|n| format!("s{n}")).collect();
    lines.push(format!("id: end, call: get, after: [{}]", ids.join(", ")));
    let slots: Vec<String> = all.iter().map(|name| format!("\"{{{{ {name} }}}}\"")).collect();
    workflow("w", &lines, &format!("[{}]", slots.join(", ")))
}

#[test]
fn a_diamond_of_ten_thousand_steps_runs_to_its_end() {
    let hand = of_size(&diamond(9_998), &json!({}), 9_998);
    assert_eq!(hand.most, 9_998, "side by side, as far as calls may be");
}

#[test]
fn of_ten_thousand_items_few_are_open_at_once() {
    let step = r#"id: x, for_each: "{{ p }}", as: i, concurrency: 8, call: get, with: { a: "{{ i }}" }"#;
    let text = workflow(
        "w",
        &[step, r#"id: y, call: get, with: { a: "{{ x | length }}" }"#],
        "\"{{ x }}\"",
    );
    let list = json!({ "p": (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>() });
    assert_eq!(of_size(&text, &list, 10_000).most, 8);
}

#[test]
fn ten_thousand_items_of_an_inner_workflow_run_to_their_end() {
    let inner = workflow(
        "inner",
        &[r#"id: x, call: get, with: { a: "{{ p }}" }"#],
        "\"{{ x.saw }}\"",
    );
    let step = r#"id: x, for_each: "{{ p }}", as: i, call: inner, with: { p: "{{ i }}" }"#;
    let text = format!("{}{inner}", workflow("w", &[step], "\"{{ x }}\""));
    let list = json!({ "p": (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>() });
    assert_eq!(of_size(&text, &list, 10_000).most, 4);
}
