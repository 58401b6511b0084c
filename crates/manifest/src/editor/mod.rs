//! What an editor asks of the language: which words can stand at a place, and what the word there means. The
//! text may be broken, as it is while it is typed. Holds no protocol; positions are bytes.

mod complete;
mod describe;
mod flow;
mod names;
mod outline;
mod spot;
#[cfg(test)]
mod tests;

pub use complete::{Completion, CompletionKind, complete};
pub use describe::{Described, Description, describe};
pub use names::declares_toolrun;

/// Stands where the cursor is.
const MARK: char = '\u{F8FF}';
/// Takes the place of one that a text has of its own; as long as it.
const NO_MARK: &str = "\u{F8FE}";

/// A text with the mark at a byte, and nowhere else.
fn marked(text: &str, at: usize) -> String {
    let (before, after) = text.split_at(at);
    let plain = |part: &str| part.replace(MARK, NO_MARK);
    format!("{}{MARK}{}", plain(before), plain(after))
}
