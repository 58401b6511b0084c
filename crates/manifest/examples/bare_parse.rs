//! Reads a file of YAML with the parser alone, and says how many events it has:
//! what `check` is compared with. Nothing is kept and nothing is checked.
#![expect(clippy::print_stdout, reason = "an example that prints its result")]

use granit_parser::Parser;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a file")?;
    let text = std::fs::read_to_string(path)?;
    let mut events = 0_usize;
    for event in Parser::new_from_str(&text) {
        event?;
        events += 1;
    }
    println!("{events}");
    Ok(())
}
