//! Why a command ended without doing its work: one table of kinds, exit codes
//! and hints.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde_json::{Value, json};
use toolrun_http::HttpError;
use toolrun_model::{ModelError, ModelErrorKind};
use toolrun_runner::{RunError, RunErrorKind};
use toolrun_validator::ArgError;

use crate::approve;
use crate::args::FailureOutput;
use crate::console::{Console, Style};
use crate::visible::without_controls;

/// The version of the object that `--json` prints.
const VERSION: u32 = 1;

/// The exit codes, as the help lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// `check` found errors.
    Found,
    /// A bad flag, a missing file, a broken manifest where one was to be run.
    Usage,
    /// Provider or network error, tool failure in `call`.
    Failed,
    /// A limit stopped the run.
    Limit,
    /// Refused by policy.
    Refused,
    /// The model refused or gave no usable answer.
    NoAnswer,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Found => 1,
            Self::Usage => 2,
            Self::Failed => 3,
            Self::Limit => 4,
            Self::Refused => 5,
            Self::NoAnswer => 6,
            Self::Interrupted => 130,
        }
    }
}

/// An exit code in words.
pub(crate) struct ExitRow {
    /// The code.
    pub(crate) exit: Exit,
    /// What it means, in a few words.
    pub(crate) meaning: &'static str,
    /// When it comes, and what to do then.
    pub(crate) detail: &'static str,
}

/// Every exit code, as the manual and the reference tell them.
pub(crate) const EXITS: &[ExitRow] = &[
    ExitRow {
        exit: Exit::Done,
        meaning: "done",
        detail: "Data is on stdout. A reader that went away early, as `head` does, is no failure either.",
    },
    ExitRow {
        exit: Exit::Found,
        meaning: "`check` found errors, or `check --diff` or `lock --check` a change",
        detail: "What was found stands on stderr, or in the output that was asked for. With `--deny warnings`, \
                 warnings count as well.",
    },
    ExitRow {
        exit: Exit::Usage,
        meaning: "usage: a bad flag, a missing file, a manifest with errors where one was to be run, or no model",
        detail: "Nothing was sent. The message says what to change; `toolrun check FILE` lists every mistake of a \
                 manifest.",
    },
    ExitRow {
        exit: Exit::Failed,
        meaning: "the run failed: provider, network or tool",
        detail: "Reads were tried again before. A failed call of `toolrun call` ends so too; in `toolrun run` the \
                 model is told of it and goes on.",
    },
    ExitRow {
        exit: Exit::Limit,
        meaning: "a limit stopped the run",
        detail: "What there was of an answer is on stdout. `--limit` raises a limit.",
    },
    ExitRow {
        exit: Exit::Refused,
        meaning: "refused by policy",
        detail: "A write without permission, a secret source that nobody allowed, a manifest that is not what was \
                 locked, an address, or an embedded model that is unsure with nobody to ask. The message names the rule \
                 and the one flag that permits it.",
    },
    ExitRow {
        exit: Exit::NoAnswer,
        meaning: "the model refused or gave no usable answer",
        detail: "Tools may have been called before that.",
    },
    ExitRow {
        exit: Exit::Interrupted,
        meaning: "interrupted",
        detail: "Ctrl-C, or SIGTERM. A write that had left is waited for, 5 seconds at most.",
    },
];

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not do its work; told to the person.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    kind: Kind,
    /// The rule that refused, if one did.
    rule: Option<&'static str>,
    message: String,
    hint: Option<String>,
    /// What else a person should know, such as changes that were made.
    note: Option<String>,
    /// Whether stdout has the object of it already.
    printed: bool,
}

/// What kind of failure it is: decides the exit code, and the hint where the
/// place that failed has none of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line or a file is wrong.
    Usage,
    /// The manifest's errors were drawn already.
    BrokenManifest,
    /// Known, but of a later version.
    NotInThisBuild,
    /// The reader of stdout went away: nobody to tell.
    ClosedPipe,
    /// Stdout or a file cannot be written.
    Output,
    /// No model can be had.
    NoModel,
    /// Policy says no.
    Refused,
    /// The network, a provider or a tool failed.
    Failed,
    /// A model refused or gave no usable answer.
    NoAnswer,
    /// Stopped by a signal.
    Interrupted,
}

impl Kind {
    fn exit(self) -> Exit {
        match self {
            Self::ClosedPipe => Exit::Done,
            Self::Usage | Self::BrokenManifest | Self::NotInThisBuild | Self::NoModel => Exit::Usage,
            Self::Output | Self::Failed => Exit::Failed,
            Self::Refused => Exit::Refused,
            Self::NoAnswer => Exit::NoAnswer,
            Self::Interrupted => Exit::Interrupted,
        }
    }
}

impl Failure {
    /// A failure of that kind.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            rule: None,
            message: message.into(),
            hint: None,
            note: None,
            printed: false,
        }
    }

    /// The command line or a file is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Something of a later version, by the name that the user gave it.
    pub(crate) fn not_in_this_build(what: &str) -> Self {
        Self::new(Kind::NotInThisBuild, format!("`{what}` is not in this build"))
    }

    /// A file cannot be read.
    pub(crate) fn unreadable(path: &str, error: &io::Error) -> Self {
        let failure = Self::usage(format!("cannot read `{path}`: {}", plain_reason(error)));
        match error.kind() {
            io::ErrorKind::NotFound => failure.with_hint("check the path; `-` reads stdin"),
            _ => failure,
        }
    }

    /// A manifest with errors was to be run.
    pub(crate) fn broken_manifest(path: &str, errors: usize) -> Self {
        let count = crate::render::diagnostics::counted(errors, "error");
        Self::new(Kind::BrokenManifest, format!("{path} cannot be run: {count}"))
    }

    /// Stdout cannot be written.
    pub(crate) fn stdout(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Kind::ClosedPipe, "stdout was closed"),
            _ => Self::new(
                Kind::Output,
                format!("cannot write to stdout: {}", plain_reason(&error)),
            ),
        }
    }

    /// The same with a hint.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, refused by that rule.
    pub(crate) fn with_rule(mut self, rule: impl Into<Option<&'static str>>) -> Self {
        self.rule = rule.into();
        self
    }

    /// The same as another kind; a closed pipe stays one.
    pub(crate) fn of_kind(mut self, kind: Kind) -> Self {
        if self.kind != Kind::ClosedPipe {
            self.kind = kind;
        }
        self
    }

    /// The same when stdout has its object already.
    pub(crate) fn printed(mut self) -> Self {
        self.printed = true;
        self
    }

    /// What `--json` prints of it; a command may add to that.
    pub(crate) fn object(&self) -> Value {
        let ending = match self.kind {
            Kind::Interrupted => "interrupted",
            _ => "failed",
        };
        json!({
            "version": VERSION,
            "ending": ending,
            "exit": self.exit().code(),
            "error": { "message": self.message, "rule": self.rule, "hint": self.hint },
            "note": self.note,
        })
    }

    /// The hint.
    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.kind.exit()
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self::new(Kind::Failed, error.to_string())
    }
}

impl From<RunError> for Failure {
    fn from(mut error: RunError) -> Self {
        let note = error.note.take();
        Self {
            note,
            ..Self::of_run(error)
        }
    }
}

impl Failure {
    fn of_run(error: RunError) -> Self {
        let causes = causes(&error);
        let source = error.source;
        let mut message = format!("{}{causes}", error.message);
        let kind = match error.kind {
            RunErrorKind::NeedsApproval(proposal) => {
                let request = approve::shown(&proposal);
                message = format!("{message}:\n{}", request.trim_end());
                Kind::Refused
            }
            RunErrorKind::Usage => Kind::Usage,
            RunErrorKind::NotInThisBuild => Kind::NotInThisBuild,
            RunErrorKind::Refused | RunErrorKind::Declined => Kind::Refused,
            RunErrorKind::Interrupted => Kind::Interrupted,
            _ => Kind::Failed,
        };
        let source = source.as_deref();
        if let Some(arguments) = source.and_then(|source| source.downcast_ref::<ArgError>()) {
            return Self::new(kind, misfits(arguments)).with_hint(params_of(arguments));
        }
        let model = source.and_then(|source| source.downcast_ref::<ModelError>());
        let known = model.and_then(|model| model_hint(&model.kind)).map(str::to_owned);
        let failure = Self::new(kind, message).with_rule(error.rule);
        match known.or(error.hint) {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

/// The causes of an error, each after a colon.
fn causes(error: &RunError) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    text
}

/// What does not fit; each fault on a line of its own when there are several.
fn misfits(error: &ArgError) -> String {
    if error.violations.len() < 2 {
        return error.to_string();
    }
    let mut text = format!("the arguments of `{}` do not fit:", error.tool);
    for violation in &error.violations {
        let at = if violation.at.is_empty() {
            "as a whole"
        } else {
            &violation.at
        };
        text.push_str(&format!("\n  {at}: expected {}", violation.expected));
        if let Some(found) = &violation.found {
            text.push_str(&format!(", found {found}"));
        }
        if let Some(name) = &violation.did_you_mean {
            text.push_str(&format!("; did you mean `{name}`?"));
        }
        if let Some(remedy) = violation.remedy {
            text.push_str(&format!(" ({remedy})"));
        }
    }
    text
}

/// The params that would fit.
fn params_of(error: &ArgError) -> String {
    let list = |names: &[String]| {
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    format!(
        "required: {}; optional: {}",
        list(&error.required),
        list(&error.optional)
    )
}

/// What to do about a provider that failed.
fn model_hint(kind: &ModelErrorKind) -> Option<&'static str> {
    Some(match kind {
        ModelErrorKind::Network if names_proxy() => {
            "proxies of the environment are not used; --base-url names an address that can be reached directly"
        }
        ModelErrorKind::Network => "is the address right and reachable? --base-url names another",
        ModelErrorKind::Auth => "check the key: the provider does not accept it",
        ModelErrorKind::NotFound => "check --model and --base-url: there is nothing of that name",
        ModelErrorKind::RateLimited { .. } => "wait, or name another model with --model",
        ModelErrorKind::Server => {
            "the provider is in trouble: try again later, or name another model with --model"
        }
        _ => return None,
    })
}

/// Whether the environment names a proxy, which a person may expect to be used.
fn names_proxy() -> bool {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The exit code of a command; what went wrong is told.
pub(crate) fn settle(ended: Result<Exit, Failure>, output: FailureOutput, console: &Console) -> ExitCode {
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let told = failure.printed || failure.kind == Kind::ClosedPipe;
            if output == FailureOutput::Json && !told {
                // Who does not read stdout is still told on stderr.
                let _ = console.out_json(&failure.object());
            }
            report(&failure, console)
        }
    }
}

/// Tells the person and gives the exit code.
fn report(failure: &Failure, console: &Console) -> ExitCode {
    if failure.kind != Kind::ClosedPipe {
        let word = match failure.rule {
            Some(rule) => format!("error[{rule}]:"),
            None => "error:".to_owned(),
        };
        let word = console.paint(Style::Error, &word);
        console.drawn(&format!("{word} {}", without_controls(&failure.message)));
        if let Some(hint) = failure.hint() {
            headed(console, "hint:", hint);
        }
        if let Some(note) = &failure.note {
            headed(console, "note:", note);
        }
    }
    failure.exit().into()
}

fn headed(console: &Console, word: &str, text: &str) {
    let word = console.paint(Style::Bold, word);
    console.drawn(&format!("{word} {}", without_controls(text)));
}

/// The answer to a command of a later version.
pub(crate) fn absent_command(name: &str) -> ExitCode {
    let failure = Failure::not_in_this_build(&format!("toolrun {name}"));
    let _ = writeln!(io::stderr(), "error: {failure}");
    failure.exit().into()
}

/// What clap has to say: help on stdout with 0, mistakes on stderr with 2.
pub(crate) fn usage(mut error: clap::Error, remedy: Option<String>) -> ExitCode {
    if let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg)
        && error.kind() == ErrorKind::UnknownArgument
        && unknown.starts_with('-')
    {
        // "To pass '--flag' as a value": nobody who mistypes a flag means that.
        error.remove(ContextKind::Suggested);
    }
    let _ = error.print();
    if error.exit_code() == 0 {
        return Exit::Done.into();
    }
    if let Some(remedy) = remedy {
        let _ = writeln!(io::stderr(), "hint: {}", without_controls(&remedy));
    }
    Exit::Usage.into()
}

/// What the system said, without its number.
pub(crate) fn plain_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}

/// A panic is a defect of ours: it says so and shows no value that could hold
/// a secret, only the place. `RUST_BACKTRACE` shows the frames.
pub(crate) fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| {
            format!(" at {}:{}", place.file(), place.line())
        });
        let trace = std::backtrace::Backtrace::capture();
        let mut stderr = io::stderr().lock();
        let _ = writeln!(
            stderr,
            "error: toolrun hit a defect of its own{place}; please report it"
        );
        if trace.status() == std::backtrace::BacktraceStatus::Captured {
            let _ = writeln!(stderr, "{trace}");
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_exit_code() {
        let table = [
            (Kind::Usage, 2),
            (Kind::BrokenManifest, 2),
            (Kind::NotInThisBuild, 2),
            (Kind::NoModel, 2),
            (Kind::ClosedPipe, 0),
            (Kind::Output, 3),
            (Kind::Failed, 3),
            (Kind::Refused, 5),
            (Kind::NoAnswer, 6),
            (Kind::Interrupted, 130),
        ];
        for (kind, code) in table {
            assert_eq!(Failure::new(kind, "x").exit().code(), code, "{kind:?}");
        }
    }

    /// The help has no room for the whole table; no code may be missing there.
    #[test]
    fn every_exit_code_is_in_the_table_and_in_the_help() {
        let codes: Vec<u8> = EXITS.iter().map(|row| row.exit.code()).collect();
        assert!(codes.is_sorted(), "{codes:?}");
        let help = crate::args::command().render_long_help().to_string();
        let (_, listed) = help.split_once("Exit codes:").expect("a list");
        for row in EXITS {
            let code = row.exit.code().to_string();
            assert!(
                listed.split_whitespace().any(|word| word == code),
                "{code} in {listed}"
            );
        }
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 130], "add a row to `EXITS`");
    }

    /// Panics with a key in the message, in a process of its own: only with
    /// this variable, which the test below sets.
    #[test]
    fn a_panic_in_a_process_of_its_own() {
        if let Ok(key) = std::env::var("TOOLRUN_TEST_PANIC") {
            install_panic_hook();
            panic!("the key is {key}");
        }
    }

    #[test]
    fn d04_a_panic_shows_its_place_and_no_value() {
        let key = "kP3/panic+0f9e=8d7c";
        for backtrace in ["0", "full"] {
            let output = std::process::Command::new(std::env::current_exe().expect("this program"))
                .args([
                    "exit::tests::a_panic_in_a_process_of_its_own",
                    "--exact",
                    "--nocapture",
                ])
                .args(["--test-threads=1"])
                .env("TOOLRUN_TEST_PANIC", key)
                .env("RUST_BACKTRACE", backtrace)
                .output()
                .expect("it starts");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("a defect of its own at "), "{said}");
            assert!(!said.contains(key), "{said}");
            assert_eq!(
                said.contains("a_panic_in_a_process"),
                backtrace == "full",
                "{said}"
            );
        }
    }
}
