//! Ids for calls that came without one.

use std::collections::HashSet;

use crate::{ModelRequest, Part};

/// Makes ids that no call of the conversation has: nine letters and digits,
/// which is the strictest form that a provider asks for.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    used: HashSet<String>,
    next: usize,
}

impl Ids {
    /// Ids for the turn that answers this request.
    pub(crate) fn after(request: &ModelRequest) -> Self {
        let parts = request.messages.iter().flat_map(|message| &message.parts);
        let calls = parts.filter_map(|part| match part {
            Part::ToolCall(call) => Some(call.id.clone()),
            _ => None,
        });
        let used: HashSet<String> = calls.collect();
        Self {
            next: used.len() + 1,
            used,
        }
    }

    /// A call's id within this turn: its own, or a new one when it has none
    /// or shares it with another call of the turn.
    pub(crate) fn settle(&mut self, own: String, turn: &mut HashSet<String>) -> String {
        if !own.is_empty() && turn.insert(own.clone()) {
            self.used.insert(own.clone());
            return own;
        }
        loop {
            let id = format!("call{:05}", self.next);
            self.next += 1;
            if self.used.insert(id.clone()) && turn.insert(id.clone()) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kept_unless_empty_or_shared() {
        let mut ids = Ids::default();
        ids.used.insert("call00000".to_owned());
        let mut turn = HashSet::new();
        let settled: Vec<_> = ["", "a", "a", ""]
            .map(|own| ids.settle(own.to_owned(), &mut turn))
            .into_iter()
            .collect();
        assert_eq!(settled, ["call00001", "a", "call00002", "call00003"]);
    }
}
