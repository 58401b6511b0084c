//! What the name of a tool says that it does. A table of verbs; what is not
//! in it says nothing.

use std::sync::LazyLock;

use crate::phrases::Phrases;

/// How much a verb does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    /// It changes something.
    Changes,
    /// It cannot be taken back.
    Final,
}

/// Verbs by what they do, sorted. Words that are as often nouns (`charge`,
/// `post`, `transfer`) are left out, and those that also name what is only
/// computed (`add_days`, `create_chart`).
const VERBS: &[(&str, Deed)] = &[
    ("approve", Deed::Changes),
    ("cancel", Deed::Final),
    ("delete", Deed::Final),
    ("destroy", Deed::Final),
    ("disable", Deed::Changes),
    ("erase", Deed::Final),
    ("pay", Deed::Final),
    ("publish", Deed::Changes),
    ("purge", Deed::Final),
    ("refund", Deed::Final),
    ("remove", Deed::Changes),
    ("rename", Deed::Changes),
    ("send", Deed::Changes),
    ("submit", Deed::Changes),
    ("terminate", Deed::Final),
    ("update", Deed::Changes),
    ("wipe", Deed::Final),
    ("withdraw", Deed::Final),
];

/// What is sent once and for all.
const SENT: &[&str] = &["email", "fax", "letter", "mail", "money", "payment", "sms"];

/// Second words that make the first one a noun: `refund_status`.
const OF_NOUNS: &[&str] = &[
    "by", "count", "date", "details", "history", "info", "list", "log", "policy", "rate", "rates", "reason",
    "reasons", "scale", "status", "stats", "time", "types",
];

/// What the first word of a tool's name says, and that word.
pub(crate) fn deed(name: &str) -> Option<(&'static str, Deed)> {
    let mut words = name.split('_');
    let first = words.next()?;
    let second = words.next();
    let (verb, deed) = VERBS.iter().find(|(verb, _)| *verb == first)?;
    if second.is_some_and(|word| OF_NOUNS.contains(&word)) {
        return None;
    }
    let last = name.rsplit('_').next().unwrap_or_default();
    let sent = *verb == "send" && (second.is_some_and(|word| SENT.contains(&word)) || SENT.contains(&last));
    Some((verb, if sent { Deed::Final } else { *deed }))
}

/// Words of a description by which something cannot be taken back.
static FINAL_WORDS: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::of([
        "cannot be undone",
        "can't be undone",
        "cannot be taken back",
        "cannot be reversed",
        "cannot be reverted",
        "cannot be recovered",
        "cannot be restored",
        "irreversible",
        "irrevocable",
        "permanently delete",
        "permanently remove",
        "permanently erase",
    ])
});

/// How words of a description start by which it can.
const MENDED_WORDS: &[&str] = &[
    "again",
    "archive",
    "by itself",
    "draft",
    "recover",
    "recycle",
    "reopen",
    "restor",
    "trash",
    "unarchive",
    "undelete",
    "undo ",
    "undone",
];

/// Words with which a sentence says the opposite.
const DENIED: &[&str] = &["cannot", "can't", "can not", "never", "no longer"];

/// Where a description says that it cannot be taken back.
pub(crate) fn says_final(description: &str) -> Option<std::ops::Range<usize>> {
    FINAL_WORDS.first(&description.to_ascii_lowercase())
}

/// Whether a description says that it can be taken back.
pub(crate) fn says_mended(description: &str) -> bool {
    let lower = description.to_ascii_lowercase();
    let mut sentences = lower.split(['.', ';']);
    let says = |sentence: &str| {
        MENDED_WORDS.iter().any(|word| has_start(sentence, word))
            && !DENIED.iter().any(|word| sentence.contains(word))
    };
    sentences.any(says) && says_final(description).is_none()
}

/// Whether a word of a text starts like that; `against` is not `again`.
fn has_start(text: &str, start: &str) -> bool {
    text.match_indices(start).any(|(at, _)| {
        let after = &text[at + start.len()..];
        let whole = start != "again" || !after.starts_with(char::is_alphanumeric);
        whole && !text[..at].ends_with(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(VERBS.is_sorted_by_key(|(verb, _)| verb));
    }

    #[test]
    fn verbs_say_what_a_tool_does_and_nouns_do_not() {
        for (name, expected) in [
            ("delete_order", Some(("delete", Deed::Final))),
            ("send_message", Some(("send", Deed::Changes))),
            ("send_email", Some(("send", Deed::Final))),
            ("send_invoice_by_mail", Some(("send", Deed::Final))),
            ("create_qr_code", None),
            ("refund", Some(("refund", Deed::Final))),
            ("refund_status", None),
            ("pay_scale", None),
            ("get_deleted_orders", None),
            ("charge_details", None),
            ("deleted_items", None),
        ] {
            assert_eq!(deed(name), expected, "{name}");
        }
    }

    #[test]
    fn a_description_may_say_it_too() {
        assert_eq!(says_final("The money cannot be taken back."), Some(10..30));
        assert_eq!(says_final("Moves a page to the trash."), None);
        assert!(says_mended("Deletes a page; it can be restored from the trash."));
        assert!(!says_mended("Deletes a page."));
        for (text, expected) in [
            ("Cancels a ticket; it can be reopened.", true),
            ("Purges the cache, which fills again by itself.", true),
            ("Deletes a page. An admin can recover it.", true),
            ("Cancels an order. It can be undone within an hour.", true),
            ("Cancels an order that goes against a rule.", false),
            ("Deletes a page. It is irrecoverable.", false),
            ("Cancels a ticket. It can never be reopened.", false),
        ] {
            assert_eq!(says_mended(text), expected, "{text}");
        }
    }
}
