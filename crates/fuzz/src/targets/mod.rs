//! The entry points, one a reader. Each panics when a property is broken, and
//! returns what an input led to, so that inputs that lead to new things can be
//! told from those that do not.

mod arguments;
mod gzip;
mod manifest;
mod pick;
mod redactor;
mod reply;
mod request;
mod result;
mod sse;
mod workflow;

use std::hash::{DefaultHasher, Hash, Hasher};

use tokio::runtime::{Builder, Runtime};

#[cfg(test)]
pub(crate) use request::{Sent, every_slot};

/// An entry point.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder of inputs.
    pub name: &'static str,
    /// Reads an input; panics when a property is broken.
    pub check: fn(&[u8]) -> u64,
    /// Words of its language, for the mutator.
    pub tokens: &'static [&'static str],
}

/// Every entry point, by name.
pub const TARGETS: &[Target] = &[
    Target {
        name: "anthropic",
        check: reply::anthropic,
        tokens: reply::TOKENS,
    },
    Target {
        name: "arguments",
        check: arguments::check,
        tokens: arguments::TOKENS,
    },
    Target {
        name: "body",
        check: request::body,
        tokens: request::TOKENS,
    },
    Target {
        name: "gzip",
        check: gzip::check,
        tokens: &[],
    },
    Target {
        name: "header",
        check: request::header,
        tokens: request::TOKENS,
    },
    Target {
        name: "manifest",
        check: manifest::check,
        tokens: manifest::TOKENS,
    },
    Target {
        name: "openai",
        check: reply::openai,
        tokens: reply::TOKENS,
    },
    Target {
        name: "pick",
        check: pick::check,
        tokens: pick::TOKENS,
    },
    Target {
        name: "redactor",
        check: redactor::check,
        tokens: redactor::TOKENS,
    },
    Target {
        name: "result",
        check: result::shape,
        tokens: result::TOKENS,
    },
    Target {
        name: "sanitiser",
        check: result::clean,
        tokens: result::HIDDEN,
    },
    Target {
        name: "sse",
        check: sse::check,
        tokens: sse::TOKENS,
    },
    Target {
        name: "template",
        check: request::template,
        tokens: request::TEMPLATE_TOKENS,
    },
    Target {
        name: "url",
        check: request::url,
        tokens: request::TOKENS,
    },
    Target {
        name: "workflow",
        check: workflow::check,
        tokens: workflow::TOKENS,
    },
];

/// What an input led to, as a number.
fn outcome(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// An input as text; what is no UTF-8 is replaced.
fn text(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

/// The first line of an input and the rest.
fn first_line(input: &str) -> (&str, &str) {
    input.split_once('\n').unwrap_or((input, ""))
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
}

/// Waits for something that needs a clock.
fn waiting<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// Cuts bytes into chunks whose sizes are drawn from the bytes themselves.
fn chunks(input: &[u8]) -> Vec<Vec<u8>> {
    let mut sizes = fastrand::Rng::with_seed(outcome(input));
    let mut rest = input;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(sizes.usize(1..=9).min(rest.len()));
        chunks.push(chunk.to_vec());
        rest = after;
    }
    chunks
}
