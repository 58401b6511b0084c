//! Runs one target over its corpus and over mutations of it, and says which
//! input broke a property, made as small as it gets.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use fastrand::Rng;
use rustix::time::{ClockId, clock_gettime};

use crate::corpus::corpus;
use crate::mutate::mutate;
use crate::targets::Target;

/// Inputs that are mutated further; new ones take the places of old ones.
const POOL: usize = 4_096;

/// A target being run.
pub struct Campaign {
    target: &'static Target,
    rng: Rng,
    pool: Vec<Vec<u8>>,
    committed: usize,
    seen: BTreeSet<u64>,
    longest: usize,
    tally: Tally,
}

/// What ran.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Inputs.
    pub inputs: u64,
    /// Different things that inputs led to.
    pub outcomes: usize,
    /// The longest that one input took, in processor time.
    pub slowest: Duration,
}

/// An input that broke a property or took too long.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The input.
    pub input: Vec<u8>,
    /// What happened.
    pub what: String,
}

impl Campaign {
    /// A campaign whose mutations repeat themselves with the same seed;
    /// inputs grow to so many bytes.
    pub fn new(target: &'static Target, seed: u64, longest: usize) -> Self {
        let pool: Vec<Vec<u8>> = corpus(target.name).into_iter().map(|(_, input)| input).collect();
        Self {
            target,
            rng: Rng::with_seed(seed),
            committed: pool.len(),
            pool,
            seen: BTreeSet::new(),
            longest,
            tally: Tally::default(),
        }
    }

    /// Runs the committed inputs as they are.
    pub fn corpus(&mut self) -> Result<(), Fault> {
        for at in 0..self.committed {
            let input = self.pool[at].clone();
            let outcome = self.try_input(&input)?;
            self.seen.insert(outcome);
        }
        Ok(())
    }

    /// The next mutation.
    pub fn next_input(&mut self) -> Vec<u8> {
        let one = |rng: &mut Rng, pool: &[Vec<u8>]| match pool.len() {
            0 => Vec::new(),
            length => pool[rng.usize(..length)].clone(),
        };
        let mut input = one(&mut self.rng, &self.pool);
        let other = one(&mut self.rng, &self.pool);
        mutate(
            &mut self.rng,
            &mut input,
            self.target.tokens,
            &other,
            self.longest,
        );
        input
    }

    /// Runs an input; keeps it when it led to something new.
    pub fn run(&mut self, input: Vec<u8>) -> Result<(), Fault> {
        let outcome = self.try_input(&input)?;
        if self.seen.insert(outcome) && self.pool.len() < POOL {
            self.pool.push(input);
        } else if self.pool.len() == POOL && self.committed < POOL {
            let at = self.rng.usize(self.committed..POOL);
            self.pool[at] = input;
        }
        Ok(())
    }

    /// What ran so far.
    pub fn tally(&self) -> Tally {
        Tally {
            outcomes: self.seen.len(),
            ..self.tally
        }
    }

    /// A smaller input with a fault of any kind.
    pub fn smaller(&self, fault: Fault) -> Fault {
        let mut best = fault;
        let mut step = best.input.len() / 2;
        while step > 0 {
            let mut at = 0;
            while at < best.input.len() {
                let mut input = best.input.clone();
                input.drain(at..(at + step).min(input.len()));
                match caught(self.target, &input) {
                    Err(what) => best = Fault { input, what },
                    Ok(_) => at += step,
                }
            }
            step /= 2;
        }
        best
    }

    fn try_input(&mut self, input: &[u8]) -> Result<u64, Fault> {
        let began = processor_time();
        let outcome = caught(self.target, input);
        self.tally.inputs += 1;
        self.tally.slowest = self.tally.slowest.max(processor_time().saturating_sub(began));
        outcome.map_err(|what| Fault {
            input: input.to_vec(),
            what,
        })
    }
}

/// Runs an input; a panic is what it says.
fn caught(target: &Target, input: &[u8]) -> Result<u64, String> {
    catch_unwind(AssertUnwindSafe(|| (target.check)(input))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        text.unwrap_or_else(|| "a panic without words".to_owned())
    })
}

/// Processor time of this thread, which waiting and other programs do not
/// lengthen.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let whole = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(whole) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}
