//! `toolrun --version`, and with `--verbose` what is built in and whose work it is.

use crate::console::Console;
use crate::exit::{Exit, Failure};

/// Prints the version.
pub(crate) fn print(console: &Console) -> Result<Exit, Failure> {
    console.out(&text(console.verbose() > 0))?;
    Ok(Exit::Done)
}

fn text(verbose: bool) -> String {
    let version = concat!("toolrun ", env!("CARGO_PKG_VERSION"), "\n");
    if !verbose {
        return version.to_owned();
    }
    let model = if cfg!(feature = "embedded-model") {
        "embedded model: Needle 3, (c) Cactus Compute, Inc., Apache-2.0. Its maker says that its\n  \
         first model was distilled from another vendor's outputs.\n"
    } else {
        "embedded model: not in this build (feature `embedded-model`)\n"
    };
    format!(
        "{version}\
         licence: MIT OR Apache-2.0\n\
         target: {} {}, {}\n\
         {model}\
         demo data: euro foreign exchange reference rates, European Central Bank\n\
         texts of the licences: LICENSE-MIT, LICENSE-APACHE and NOTICE in the source\n",
        std::env::consts::OS,
        std::env::consts::ARCH,
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbose_names_whose_work_it_is() {
        assert_eq!(text(false).lines().count(), 1);
        assert!(text(true).contains("European Central Bank"));
        #[cfg(feature = "embedded-model")]
        assert!(text(true).contains("Cactus Compute, Inc."));
    }
}
