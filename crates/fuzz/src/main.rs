//! Long runs: `just fuzz [TARGET] [SECONDS]`. What breaks a property, or takes
//! more than two seconds of processor time, is left in `target/fuzz/` and
//! makes the run fail; the input that was running when the process died is
//! left there too.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use toolrun_fuzz::{Campaign, Fault, TARGETS, Tally, Target};

/// Longest input.
const LONGEST: usize = 64 * 1024;
/// Most processor time of one input.
const SLOW: Duration = Duration::from_secs(2);
/// Where findings are left.
const FOUND: &str = "target/fuzz";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_else(|| "all".to_owned());
    let seconds = words.next().and_then(|word| word.parse().ok()).unwrap_or(60);
    let seed = words
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or_else(|| fastrand::u64(..));
    let chosen: Vec<&'static Target> = TARGETS
        .iter()
        .filter(|target| name == "all" || target.name == name)
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        say(&format!(
            "no target `{name}`; the targets are: all, {}",
            names.join(", ")
        ));
        return ExitCode::from(2);
    }
    // A broken property is a panic, which is told once and in our words.
    std::panic::set_hook(Box::new(|_| {}));
    let mut code = ExitCode::SUCCESS;
    for target in chosen {
        match run(target, Duration::from_secs(seconds), seed) {
            Ok(tally) => say(&line(target, seconds, seed, tally, "no fault")),
            Err((fault, tally)) => {
                let path = Path::new(FOUND).join(format!("{}-{seed}.fault", target.name));
                let kept = fs::write(&path, &fault.input)
                    .map_or_else(|error| error.to_string(), |()| path.display().to_string());
                say(&line(
                    target,
                    seconds,
                    seed,
                    tally,
                    &format!("FAULT in {kept}: {}", fault.what),
                ));
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn line(target: &Target, seconds: u64, seed: u64, tally: Tally, end: &str) -> String {
    let Tally {
        inputs,
        outcomes,
        slowest,
    } = tally;
    let name = target.name;
    format!(
        "{name}: {inputs} inputs in {seconds} s (seed {seed}), {outcomes} outcomes, slowest {slowest:.1?}: {end}"
    )
}

fn run(target: &'static Target, time: Duration, seed: u64) -> Result<Tally, (Fault, Tally)> {
    let began = Instant::now();
    let mut running = running(target).ok();
    let mut campaign = Campaign::new(target, seed, LONGEST);
    let mut result = campaign.corpus();
    while result.is_ok() && began.elapsed() < time {
        let input = campaign.next_input();
        // A process that dies cannot say of what.
        if let Some(file) = &mut running {
            let _ = keep(file, &input);
        }
        let shown = input.clone();
        result = campaign.run(input);
        if result.is_ok() && campaign.tally().slowest > SLOW {
            result = Err(Fault {
                input: shown,
                what: format!("{:.1?} of processor time", campaign.tally().slowest),
            });
            break;
        }
    }
    let tally = campaign.tally();
    result.map(|()| tally).map_err(|fault| {
        let slow = tally.slowest > SLOW;
        (if slow { fault } else { campaign.smaller(fault) }, tally)
    })
}

fn running(target: &Target) -> io::Result<File> {
    fs::create_dir_all(FOUND)?;
    File::create(Path::new(FOUND).join(format!("{}.running", target.name)))
}

fn keep(file: &mut File, input: &[u8]) -> io::Result<()> {
    file.rewind()?;
    file.write_all(input)?;
    file.set_len(u64::try_from(input.len()).unwrap_or(u64::MAX))
}

#[expect(clippy::print_stdout, reason = "this is a program")]
fn say(line: &str) {
    println!("{line}");
}
