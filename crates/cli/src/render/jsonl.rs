//! Events as lines of JSON, into a file that only its owner may read, or into
//! a stream that its user has open.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::process::geteuid;
use toolrun_runner::{Event, Observer, Stamped, Stop};

use crate::exit::Failure;
use crate::private_file::{self, FileError};
use crate::visible::escaped_json;

/// Whether `--events` was given stdout.
pub(crate) fn on_stdout(events: Option<&Path>) -> bool {
    events.is_some_and(|path| path.as_os_str() == "-")
}

/// Complains about `--json` beside `--events -`.
pub(crate) fn check_stdout(events: Option<&Path>, json: bool) -> Result<(), Failure> {
    if json && on_stdout(events) {
        return Err(Failure::usage("--json and --events - cannot both have stdout"));
    }
    Ok(())
}

/// Writes each event as one line, at once.
pub(crate) struct Jsonl {
    out: Box<dyn Write + Send>,
    stop: Stop,
}

impl Jsonl {
    /// Writes to a new file of mode 0600, or to stdout for `-`. A plain file
    /// that is there already is replaced, a link refused. A pipe of this user's
    /// and a stream of this process, such as `/dev/stderr`, are written to.
    pub(crate) fn create(path: &Path, stop: Stop) -> Result<Self, Failure> {
        let out: Box<dyn Write + Send> = if on_stdout(Some(path)) {
            Box::new(io::stdout())
        } else {
            let file = opened(path).map_err(|error| {
                Failure::usage(format!("cannot write `{}`: {error}", path.display()))
                    .with_hint("`--events -` writes to stdout; another name makes a new file")
            })?;
            Box::new(BufWriter::new(file))
        };
        Ok(Self { out, stop })
    }
}

impl Observer for Jsonl {
    fn on_event(&mut self, event: &Stamped<Event>) {
        let Ok(line) = serde_json::to_string(event) else {
            return;
        };
        let line = escaped_json(line);
        // Events that cannot be written are lost; going on would do things of
        // which there is no trace.
        if writeln!(self.out, "{line}")
            .and_then(|()| self.out.flush())
            .is_err()
        {
            self.stop.stop();
        }
    }
}

/// The file of events, or the stream that stands for one.
fn opened(path: &Path) -> Result<File, FileError> {
    if is_own_stream(path) {
        return Ok(OpenOptions::new().append(true).open(path)?);
    }
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_fifo() => pipe(path),
        _ => private_file::create(path),
    }
}

/// A pipe that this user made, to be read by a program of theirs. One that
/// another made in a shared folder would tell them everything.
fn pipe(path: &Path) -> Result<File, FileError> {
    let file = OpenOptions::new()
        .write(true)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(path)?;
    let found = file.metadata()?;
    match (found.file_type().is_fifo(), found.uid() == geteuid().as_raw()) {
        (true, true) => Ok(file),
        (true, false) => Err(FileError::OfAnother),
        (false, _) => Err(FileError::NotPlain),
    }
}

/// The names of what this process was given open, and of nothing at all.
fn is_own_stream(path: &Path) -> bool {
    let Some(name) = path.to_str() else { return false };
    let number = name
        .strip_prefix("/dev/fd/")
        .or_else(|| name.strip_prefix("/proc/self/fd/"));
    matches!(name, "/dev/null" | "/dev/stdout" | "/dev/stderr")
        || number.is_some_and(|number| number.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_streams_of_our_own_are_taken_for_some() {
        for (path, own) in [
            ("/dev/stderr", true),
            ("/dev/null", true),
            ("/dev/fd/63", true),
            ("/proc/self/fd/3", true),
            ("/dev/fd/../x", false),
            ("/dev/shm/events", false),
            ("/dev/sda", false),
            ("events", false),
        ] {
            assert_eq!(is_own_stream(Path::new(path)), own, "{path}");
        }
    }
}
