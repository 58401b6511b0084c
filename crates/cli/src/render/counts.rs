//! How much `check` found, and how much of it can be fixed.

use toolrun_manifest::{Loaded, Safety, Severity, applies};

/// How much was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// Errors.
    pub(crate) errors: usize,
    /// Warnings.
    pub(crate) warnings: usize,
    /// Of both, what `--fix` mends.
    pub(crate) safe: usize,
    /// Of both, what `--fix=unsafe` mends besides.
    pub(crate) risky: usize,
}

impl Counts {
    /// Counts everything that is said.
    pub(crate) fn of(checked: &[(String, Loaded)]) -> Self {
        let mut counts = Self {
            errors: 0,
            warnings: 0,
            safe: 0,
            risky: 0,
        };
        for (_, loaded) in checked {
            for found in &loaded.diagnostics {
                match found.severity {
                    Severity::Error => counts.errors += 1,
                    Severity::Warning => counts.warnings += 1,
                }
                let mends = |allowed| {
                    let fix = found.fix.as_ref();
                    fix.is_some_and(|fix| applies(fix, allowed, loaded))
                };
                if mends(Safety::Safe) {
                    counts.safe += 1;
                } else if mends(Safety::Unsafe) {
                    counts.risky += 1;
                }
            }
        }
        counts
    }

    /// `2 can be fixed with `--fix`, 1 more with `--fix=unsafe``; nothing when
    /// none can.
    pub(crate) fn fixable(self) -> Option<String> {
        match (self.safe, self.risky) {
            (0, 0) => None,
            (safe, 0) => Some(format!("{safe} can be fixed with `--fix`")),
            (0, risky) => Some(format!(
                "{risky} can be fixed with `--fix=unsafe`, which may change the meaning"
            )),
            (safe, risky) => Some(format!(
                "{safe} can be fixed with `--fix`, {risky} more with `--fix=unsafe`, which may change the meaning"
            )),
        }
    }
}
