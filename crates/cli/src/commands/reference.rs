//! `toolrun reference`: prints one page.

use crate::args::ReferenceArgs;
use crate::console::Console;
use crate::exit::{Exit, Failure};
use crate::reference;

/// Prints the page.
pub(crate) fn run(args: &ReferenceArgs, console: &Console) -> Result<Exit, Failure> {
    console.out(&reference::page(args.page))?;
    Ok(Exit::Done)
}
