//! Changes inputs: bits, bytes, numbers, pieces moved, doubled and left out,
//! words that mean something to the reader, parts of other inputs. The same
//! seed makes the same changes.

use fastrand::Rng;

/// Bytes at which readers decide something.
const EDGES: &[u8] = b"\0\t\n\r\x1b \"'#%&,./:;<=>?@[\\]`{|}~\x7f\x80\xbf\xc0\xe0\xed\xf0\xf4\xfe\xff";

/// Numbers at which readers decide something.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1.0",
    "255",
    "256",
    "65536",
    "2147483648",
    "9007199254740993",
    "9223372036854775808",
    "18446744073709551616",
    "1e400",
    "1e-400",
    "00",
    "0x1",
];

/// Changes an input in one to six places; `tokens` are words of its language,
/// `other` is an input to take parts of.
pub(crate) fn mutate(rng: &mut Rng, input: &mut Vec<u8>, tokens: &[&str], other: &[u8], longest: usize) {
    for _ in 0..rng.usize(1..=6) {
        match rng.u8(0..12) {
            0 => flip(rng, input),
            1 | 2 => {
                let edge = *pick(rng, EDGES);
                put(rng, input, &[edge]);
            }
            3 => {
                let byte = rng.u8(..);
                put(rng, input, &[byte]);
            }
            4 => remove(rng, input),
            5 => double(rng, input),
            6 | 7 => {
                if let Some(token) = rng.choice(tokens) {
                    put(rng, input, token.as_bytes());
                }
            }
            8 => {
                let part = part(rng, other).to_vec();
                put(rng, input, &part);
            }
            9 => number(rng, input),
            10 => {
                let character = rng.char(..).to_string();
                put(rng, input, character.as_bytes());
            }
            _ => repeat(rng, input, tokens),
        }
        input.truncate(longest);
    }
}

fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.usize(..from.len())]
}

/// A piece of up to 64 bytes, often a short one.
fn part<'a>(rng: &mut Rng, input: &'a [u8]) -> &'a [u8] {
    let start = rng.usize(..=input.len());
    let most = rng.usize(1..=64).min(input.len() - start);
    &input[start..start + rng.usize(..=most)]
}

fn flip(rng: &mut Rng, input: &mut [u8]) {
    if !input.is_empty() {
        let at = rng.usize(..input.len());
        input[at] ^= 1 << rng.u8(..8);
    }
}

/// Inserts bytes, or writes them over what is there.
fn put(rng: &mut Rng, input: &mut Vec<u8>, bytes: &[u8]) {
    let at = rng.usize(..=input.len());
    let end = if rng.bool() {
        at
    } else {
        (at + bytes.len()).min(input.len())
    };
    input.splice(at..end, bytes.iter().copied());
}

fn remove(rng: &mut Rng, input: &mut Vec<u8>) {
    let start = rng.usize(..=input.len());
    let most = (input.len() - start).min(if rng.u8(..8) == 0 { usize::MAX } else { 16 });
    input.drain(start..start + rng.usize(..=most));
}

/// Copies a piece to another place.
fn double(rng: &mut Rng, input: &mut Vec<u8>) {
    let piece = part(rng, input).to_vec();
    let at = rng.usize(..=input.len());
    input.splice(at..at, piece);
}

/// Replaces a run of digits.
fn number(rng: &mut Rng, input: &mut Vec<u8>) {
    let digits: Vec<usize> = (0..input.len())
        .filter(|at| input[*at].is_ascii_digit())
        .collect();
    let Some(start) = rng.choice(&digits).copied() else {
        return;
    };
    let length = input[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    input.splice(start..start + length, pick(rng, NUMBERS).bytes());
}

/// Writes a word or a byte many times: depth, length, quadratic work.
fn repeat(rng: &mut Rng, input: &mut Vec<u8>, tokens: &[&str]) {
    let edge = [*pick(rng, EDGES)];
    let word = rng
        .choice(tokens)
        .filter(|token| token.len() % 2 == 0)
        .map_or(&edge[..], |token| token.as_bytes());
    let many = word.repeat(rng.usize(2..=200));
    let at = rng.usize(..=input.len());
    input.splice(at..at, many);
}
