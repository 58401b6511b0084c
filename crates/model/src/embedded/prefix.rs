//! What the model made of a set of tools, kept for the next request: the last
//! set in memory, several in a folder of the user's if one is given.
//!
//! Reading the tools is most of the work of a turn and depends on their text
//! alone. A file that cannot be read, is cut or was changed counts as absent,
//! and one that cannot be written is no error: the cache only saves time.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::engine::Engine;
use super::net::Session;
use super::prefix_file::PrefixFiles;
use super::prompt;
use crate::message::ToolSpec;

/// Sessions that have read the tools and no request yet.
pub(super) struct Prefixes {
    files: Option<PrefixFiles>,
    last: Mutex<Option<Session<'static>>>,
}

impl Prefixes {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            files: folder.map(PrefixFiles::new),
            last: Mutex::new(None),
        }
    }

    /// A session that has read the tools, and how many of its tokens were kept
    /// from before.
    pub(super) fn session(
        &self,
        engine: &'static Engine,
        tools: &[ToolSpec],
    ) -> Result<(Session<'static>, usize), String> {
        let mut tokens = vec![engine.marks.begin];
        tokens.extend(engine.tokenizer.encode(&prompt::prefix(tools)));
        let context = engine.network.context();
        if tokens.len() > context {
            return Err(format!(
                "the tools take {} tokens, but the embedded model reads at most {context}; offer it fewer tools",
                tokens.len()
            ));
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = last.as_ref().filter(|last| last.tokens() == tokens) {
            return Ok((session.clone(), tokens.len()));
        }
        let files = self.files.as_ref();
        let kept = files.and_then(|files| {
            let bytes = files.read(&tokens)?;
            Session::from_bytes(&engine.network, &tokens, &bytes)
        });
        if let Some(session) = kept {
            *last = Some(session.clone());
            return Ok((session, tokens.len()));
        }
        let mut session = Session::new(&engine.network);
        session.read(&tokens);
        if let Some(files) = files {
            files.write(&tokens, &session.to_bytes());
        }
        *last = Some(session.clone());
        Ok((session, 0))
    }
}

impl fmt::Debug for Prefixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefixes")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}
