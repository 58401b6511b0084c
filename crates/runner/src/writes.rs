//! Which changes a run has made, and which it may have made: what a person has
//! to know when it did not end by itself.

use toolrun_http::HttpError;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was made.
    Made,
    /// It was not made.
    NotMade,
    /// The request was sent, and nobody knows.
    Unknown,
}

impl Change {
    /// By the status of an answer that is an error.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            408 | 500.. => Self::Unknown,
            _ => Self::NotMade,
        }
    }

    /// By what came in place of an answer.
    pub(crate) fn of_error(error: &HttpError) -> Self {
        match error {
            HttpError::Timeout { .. }
            | HttpError::Cut { .. }
            | HttpError::TooLarge { .. }
            | HttpError::Encoding { .. }
            | HttpError::Redirect { .. } => Self::Unknown,
            _ => Self::NotMade,
        }
    }
}

/// The writes of a run, by the names of their tools.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    made: Vec<String>,
    unknown: Vec<String>,
}

impl Writes {
    /// Notes what became of a write.
    pub(crate) fn add(&mut self, tool: &str, change: Change) {
        match change {
            Change::Made => self.made.push(tool.to_owned()),
            Change::Unknown => self.unknown.push(tool.to_owned()),
            Change::NotMade => {}
        }
    }

    /// What a person is told; nothing when there is nothing to tell.
    pub(crate) fn told(&self) -> Option<String> {
        let parts = [
            ("changes made: ", &self.made, ""),
            (
                "changes that may have been made: ",
                &self.unknown,
                " (find out before trying again)",
            ),
        ];
        let told: Vec<String> = parts
            .into_iter()
            .filter(|(_, tools, _)| !tools.is_empty())
            .map(|(what, tools, advice)| format!("{what}{}{advice}", counted(tools)))
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

/// Each name once, with how often it stands there.
fn counted(tools: &[String]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for tool in tools {
        match counts.iter_mut().find(|(name, _)| name == tool) {
            Some((_, count)) => *count += 1,
            None => counts.push((tool, 1)),
        }
    }
    let named = counts.into_iter().map(|(name, count)| match count {
        1 => format!("`{name}`"),
        _ => format!("`{name}` {count} times"),
    });
    named.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_named_and_counted() {
        let mut writes = Writes::default();
        assert_eq!(writes.told(), None);
        for (tool, change) in [
            ("refund", Change::Made),
            ("delete", Change::NotMade),
            ("refund", Change::Made),
            ("refund", Change::Unknown),
        ] {
            writes.add(tool, change);
        }
        assert_eq!(
            writes.told().unwrap(),
            "changes made: `refund` 2 times; changes that may have been made: `refund` (find out before trying again)"
        );
    }
}
