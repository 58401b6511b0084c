//! Events as lines of JSON, into a file that only its owner may read.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use toolrun_runner::{Event, Observer, Stamped, Stop};

use crate::exit::{Failure, plain_reason};

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
    /// Writes to a new file of mode 0600, or to stdout for `-`. A file that is
    /// there already is replaced; a link is not followed.
    pub(crate) fn create(path: &Path, stop: Stop) -> Result<Self, Failure> {
        let out: Box<dyn Write + Send> = if on_stdout(Some(path)) {
            Box::new(io::stdout())
        } else {
            Box::new(BufWriter::new(private_file(path)?))
        };
        Ok(Self { out, stop })
    }
}

impl Observer for Jsonl {
    fn on_event(&mut self, event: &Stamped<Event>) {
        let Ok(line) = serde_json::to_string(event) else {
            return;
        };
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

fn private_file(path: &Path) -> Result<File, Failure> {
    let failed = |reason: String| Failure::usage(format!("cannot write `{}`: {reason}", path.display()));
    let create = || {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
    };
    match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = std::fs::symlink_metadata(path).map_err(|error| failed(plain_reason(&error)))?;
            if !found.is_file() {
                return Err(failed("it is there already and is not a plain file".to_owned()));
            }
            std::fs::remove_file(path).map_err(|error| failed(plain_reason(&error)))?;
            create().map_err(|error| failed(plain_reason(&error)))
        }
        other => other.map_err(|error| failed(plain_reason(&error))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn the_file_is_the_owners_alone_and_no_link_is_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.jsonl");
        for _ in 0..2 {
            let file = private_file(&path).expect("a file");
            assert_eq!(
                file.metadata().expect("metadata").permissions().mode() & 0o777,
                0o600
            );
        }
        let link = folder.path().join("link");
        symlink(&path, &link).expect("a link");
        assert!(private_file(&link).is_err());
    }
}
