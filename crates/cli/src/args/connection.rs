//! Flags of every command that may send a request: values from outside and
//! what the network allows.

use std::path::PathBuf;

use toolrun_http::Network;

/// Values from outside, and which addresses may be reached.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Values, network, permissions")]
pub(crate) struct ConnectionArgs {
    /// Set a var of the manifest; wins over the environment
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) vars: Vec<Assignment>,

    /// Read environment variables from a file of KEY=VALUE lines
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,

    /// Allow addresses of a private network, such as 10.0.0.0/8
    #[arg(long, value_name = "CIDR")]
    pub(crate) allow_net: Vec<Network>,

    /// Allow plain http where the manifest says `allow_http: true`
    #[arg(long)]
    pub(crate) allow_http: bool,

    /// Permit tools that change something: all, or those named
    ///
    /// Destructive tools run only when they are named. Without this flag each
    /// such call asks on a terminal, and is refused without one.
    #[arg(long, value_name = "TOOL,…", num_args = 0.., require_equals = true, value_delimiter = ',', default_missing_value = "")]
    pub(crate) allow_writes: Option<Vec<String>>,
}

/// `NAME=VALUE` or `key=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// Left of the first `=`.
    pub(crate) name: String,
    /// Right of it; may be empty and may hold further `=`.
    pub(crate) value: String,
}

impl std::str::FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("expected NAME=VALUE".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_split_at_the_first_equals_sign() {
        let parsed: Assignment = "a=b=c".parse().expect("an assignment");
        assert_eq!((parsed.name.as_str(), parsed.value.as_str()), ("a", "b=c"));
        assert_eq!("a=".parse::<Assignment>().expect("an empty value").value, "");
        assert!("a".parse::<Assignment>().is_err());
        assert!("=a".parse::<Assignment>().is_err());
    }
}
