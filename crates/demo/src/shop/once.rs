//! Idempotency keys: what was answered to which one, so that a request that comes again moves no money again.

use std::collections::HashMap;

/// Whether this request did it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Done<A> {
    Now(A),
    /// The key was used before for the same request: the first answer again, and no money moved.
    Before(A),
}

/// The key was used before for another request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeyReused;

/// The answers of one kind of request.
#[derive(Debug)]
pub(crate) struct Answered<Q, A>(HashMap<String, (Q, A)>);

impl<Q: PartialEq, A: Clone> Answered<Q, A> {
    pub(crate) fn new() -> Self {
        Self(HashMap::new())
    }

    /// What was answered to the key before, if it was used for the same request.
    pub(crate) fn before(&self, key: Option<&str>, asked: &Q) -> Result<Option<A>, KeyReused> {
        match key.and_then(|key| self.0.get(key)) {
            None => Ok(None),
            Some((before, answer)) if before == asked => Ok(Some(answer.clone())),
            Some(_) => Err(KeyReused),
        }
    }

    /// Keeps an answer for the key, if there is one. A request that failed is not kept: its key stays free.
    pub(crate) fn keep(&mut self, key: Option<&str>, asked: Q, answer: &A) {
        if let Some(key) = key {
            self.0.insert(key.to_owned(), (asked, answer.clone()));
        }
    }
}
