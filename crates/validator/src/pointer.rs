//! JSON pointers (RFC 6901) while they grow.

/// A path into a value, as the text of a pointer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pointer(String);

impl Pointer {
    /// Goes one key deeper; [`back`](Self::back) with the result returns.
    pub(crate) fn enter(&mut self, key: &str) -> usize {
        let length = self.0.len();
        self.0.push('/');
        self.0.push_str(&escape(key));
        length
    }

    /// Returns to where [`enter`](Self::enter) was called.
    pub(crate) fn back(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// The pointer so far.
    pub(crate) fn to_text(&self) -> String {
        self.0.clone()
    }

    /// The pointer of a key below.
    pub(crate) fn to_key(&self, key: &str) -> String {
        format!("{}/{}", self.0, escape(key))
    }
}

/// Most characters of a name that a model made up which are repeated to it.
pub(crate) const NAME_CHARS: usize = 64;

/// A key as it stands in a pointer: escaped, printable and not endless.
pub(crate) fn escape(key: &str) -> String {
    let mut text = key
        .replace('~', "~0")
        .replace('/', "~1")
        .replace(char::is_control, "\u{fffd}");
    if let Some((end, _)) = text.char_indices().nth(NAME_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}
