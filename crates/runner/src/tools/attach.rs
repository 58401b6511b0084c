//! The files of a request, read once when the request is prepared: what was
//! shown and approved is what is sent.

use sha2::{Digest, Sha256};
use toolrun_manifest::FileRef;

use crate::engine::Rejection;
use crate::files::{FileError, FilePath, Files, MOST_FILE_BYTES, SentFile};
use crate::tools::body::hex;

/// A file with its content.
pub(crate) struct Attached {
    /// What may be told of it.
    pub(crate) sent: SentFile,
    /// The file's own name.
    pub(crate) name: String,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

/// Reads the files of one request, as long as there is room.
pub(crate) struct Attaching<'a> {
    folder: Option<&'a dyn Files>,
    room: u64,
}

impl<'a> Attaching<'a> {
    /// From that folder; without one every file is refused.
    pub(crate) fn new(folder: Option<&'a dyn Files>) -> Self {
        Self {
            folder,
            room: MOST_FILE_BYTES,
        }
    }

    /// Reads one file.
    pub(crate) fn read(&mut self, file: &FileRef) -> Result<Attached, Rejection> {
        let Some(folder) = self.folder else {
            return Err(Rejection::NoFolder {
                param: file.param.clone(),
            });
        };
        let read = FilePath::parse(&file.path).and_then(|path| {
            let bytes = folder.read(&path, self.room)?;
            Ok((path, bytes))
        });
        let (path, bytes) = read.map_err(|error| refused(file, error))?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.room = self
            .room
            .checked_sub(size)
            .ok_or_else(|| refused(file, FileError::TooLarge))?;
        let media_type = mime_guess::from_path(path.name()).first_or_octet_stream();
        Ok(Attached {
            sent: SentFile {
                param: file.param.clone(),
                path: path.to_string(),
                media_type: media_type.to_string(),
                bytes: size,
                sha256: hex(&Sha256::digest(&bytes)),
            },
            name: path.name().to_owned(),
            bytes,
        })
    }
}

fn refused(file: &FileRef, cause: FileError) -> Rejection {
    Rejection::File {
        param: file.param.clone(),
        path: file.path.clone(),
        cause,
    }
}
