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

    /// The folder whose files may be sent by tools with a `file` param
    ///
    /// A file is named by its path inside the folder. Links are not followed,
    /// and one request carries at most 16 MiB of files. Without this flag no
    /// file is read.
    #[arg(long, value_name = "DIR")]
    pub(crate) files: Option<PathBuf>,

    /// Refuse a manifest that is not what `toolrun lock` recorded
    #[arg(long)]
    pub(crate) locked: bool,

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
    #[arg(long, value_name = "TOOL,…", num_args = 0.., require_equals = true, value_delimiter = ',', default_missing_value = ALL_WRITES)]
    pub(crate) allow_writes: Option<Vec<WritesFlag>>,
}

/// What `--allow-writes` without a value stands for. No argument of a process
/// can hold a NUL byte, so that nothing else can mean it.
pub(super) const ALL_WRITES: &str = "\0";

/// One item of `--allow-writes`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WritesFlag {
    /// The flag alone: every write that is not destructive.
    All,
    /// One tool by its name.
    Tool(String),
}

impl std::str::FromStr for WritesFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            ALL_WRITES => Ok(Self::All),
            "" => Err("name a tool, or write --allow-writes alone".to_owned()),
            name => Ok(Self::Tool(name.to_owned())),
        }
    }
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
    use clap::Parser;

    use super::*;

    #[test]
    fn assignments_split_at_the_first_equals_sign() {
        let parsed: Assignment = "a=b=c".parse().expect("an assignment");
        assert_eq!((parsed.name.as_str(), parsed.value.as_str()), ("a", "b=c"));
        assert_eq!("a=".parse::<Assignment>().expect("an empty value").value, "");
        assert!("a".parse::<Assignment>().is_err());
        assert!("=a".parse::<Assignment>().is_err());
    }

    #[test]
    fn only_the_flag_alone_means_all_writes() {
        let parse = |flags: &[&str]| {
            let line = ["toolrun", "call", "a.yaml", "t"].iter().chain(flags);
            crate::args::Cli::try_parse_from(line).map(|cli| match cli.command {
                Some(crate::args::Command::Call(args)) => args.connection.allow_writes,
                _ => None,
            })
        };
        let named = |name: &str| WritesFlag::Tool(name.to_owned());
        let cases = [
            (vec![], None),
            (vec!["--allow-writes"], Some(vec![WritesFlag::All])),
            (vec!["--allow-writes=a,b"], Some(vec![named("a"), named("b")])),
            (
                vec!["--allow-writes", "--allow-writes=a"],
                Some(vec![WritesFlag::All, named("a")]),
            ),
        ];
        for (flags, expected) in cases {
            assert_eq!(parse(&flags).expect("good flags"), expected, "{flags:?}");
        }
        for wrong in [
            "--allow-writes=",
            "--allow-writes=a,",
            "--allow-writes=,a",
            "--allow-writes=a,,b",
        ] {
            let error = parse(&[wrong]).expect_err(wrong).to_string();
            assert!(
                error.contains("name a tool, or write --allow-writes alone"),
                "{error}"
            );
        }
    }
}
