//! Rows A: whatever a model gives as an argument, a request goes where the
//! manifest says, with the headers and query keys it says, or not at all; and
//! honest values arrive byte for byte. What a server reads is judged from its
//! raw bytes, by a reader that shares no code with toolrun.

mod header;
mod honest;
mod lists;
mod path;
mod query;
mod types;
mod volley;
mod wire;
