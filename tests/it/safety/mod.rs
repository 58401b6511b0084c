//! The promises of SECURITY.md, row by row: each test carries the id of its
//! row (`a01_…`, `b03_…`) and goes through the binary and real sockets.

mod addresses;
mod arguments;
mod bodies;
mod bombs;
mod files;
mod flows;
mod includes;
mod injection;
mod injections;
mod manifests;
mod namespace;
mod permission;
mod programs;
mod responses;
mod secrets;
mod sizes;
mod spellings;
mod table;
mod token_urls;
mod written;
mod yaml;
