//! What the test command runs: the corpus and 10,000 mutations of it for every
//! target, and 200,000 generated strings in every slot. All of it repeats
//! itself.

use std::sync::Mutex;
use std::thread;

use crate::generate::strings;
use crate::targets::{Sent, TARGETS, Target, every_slot};
use crate::{Campaign, corpus};

const MUTATIONS: usize = 10_000;
const LONGEST: usize = 2_048;
const STRINGS: usize = 200_000;
const SEED: u64 = 20_261_122;

#[test]
fn the_table_is_sorted_and_every_target_has_a_corpus() {
    assert!(TARGETS.is_sorted_by_key(|target| target.name));
    for target in TARGETS {
        assert!(corpus(target.name).len() >= 3, "corpus/{} is thin", target.name);
    }
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus")).expect("the corpus");
    for folder in folders.flatten() {
        let name = folder.file_name().to_string_lossy().into_owned();
        assert!(
            TARGETS.iter().any(|target| target.name == name),
            "corpus/{name} has no target"
        );
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the numbers are what is published")]
fn ten_thousand_mutations_break_no_property() {
    let waiting = Mutex::new(TARGETS.iter().collect::<Vec<_>>());
    let faults = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(target) = next(&waiting) {
                    let (line, fault) = run(target);
                    eprintln!("{line}");
                    faults.lock().expect("no panic").extend(fault);
                }
            });
        }
    });
    let faults = faults.into_inner().expect("no panic");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn next(waiting: &Mutex<Vec<&'static Target>>) -> Option<&'static Target> {
    waiting.lock().expect("no panic").pop()
}

fn run(target: &'static Target) -> (String, Option<String>) {
    let began = std::time::Instant::now();
    let mut campaign = Campaign::new(target, SEED, LONGEST);
    let mut result = campaign.corpus();
    for _ in 0..MUTATIONS {
        if result.is_err() {
            break;
        }
        let input = campaign.next_input();
        result = campaign.run(input);
    }
    let tally = campaign.tally();
    let line = format!(
        "{}: {} inputs, {} outcomes, {:.1?}",
        target.name,
        tally.inputs,
        tally.outcomes,
        began.elapsed()
    );
    let fault = result.err().map(|fault| {
        let fault = campaign.smaller(fault);
        format!(
            "{}: {:?}: {}",
            target.name,
            String::from_utf8_lossy(&fault.input),
            fault.what
        )
    });
    (line, fault)
}

#[test]
#[expect(clippy::print_stderr, reason = "the numbers are what is published")]
fn a01_two_hundred_thousand_generated_strings_stay_in_their_slots() {
    let parts = thread::scope(|scope| {
        let part = |part| scope.spawn(move || strings_sent(SEED + part, STRINGS / 4));
        let parts = [0, 1, 2, 3].map(part);
        parts.map(|part| part.join().expect("every string stays in its slots"))
    });
    let sent = [0, 1, 2].map(|slot| parts.iter().map(|part| part[slot]).sum::<usize>());
    let [middle, end, header] = sent;
    eprintln!(
        "{STRINGS} strings: {middle} sent in the middle of a path, {end} at its end, {header} as a header, \
         all in queries, forms and JSON; none left its slot"
    );
    // A generator that makes only what is refused, or only what is sent, proves little.
    assert!(
        sent.iter().all(|count| (STRINGS / 20..STRINGS).contains(count)),
        "{sent:?}"
    );
}

/// How many strings of a seed were sent in the middle of a path, at its end
/// and as a header.
fn strings_sent(seed: u64, count: usize) -> [usize; 3] {
    let mut sent = [0; 3];
    for string in strings(seed).take(count) {
        let Sent { paths, header } = every_slot(&string);
        for (count, was) in sent.iter_mut().zip([paths[0], paths[1], header]) {
            *count += usize::from(was);
        }
    }
    sent
}
