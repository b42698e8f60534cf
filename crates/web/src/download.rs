//! Files made for a person to take away: put together once, on disk until others are made, and sent piece by piece.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use counterpart_core::id::CaseId;
use futures::stream;
use tempfile::NamedTempFile;

use crate::{app::aside, guard::Problem, session::secret};

/// How many are kept; the oldest goes first.
const MOST: usize = 4;

/// Bytes sent at a time.
const PIECE: usize = 256 << 10;

/// A file that was made.
#[derive(Debug)]
pub(crate) struct Made {
    /// What names it in an address.
    pub(crate) key: String,
    pub(crate) case: CaseId,
    /// As it is to be called: letters, digits, `-` and a dot.
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) size: u64,
    /// What was left out: sealed values, files.
    pub(crate) withheld: (usize, usize),
    /// Gone from the disk when this is dropped.
    file: NamedTempFile,
}

/// Those that were made last.
#[derive(Debug, Default)]
pub(crate) struct Downloads(Mutex<VecDeque<Arc<Made>>>);

impl Downloads {
    /// Keeps a file's bytes on disk, in the home's folder for what does not last, and gives what names it.
    pub(crate) fn keep(
        &self,
        folder: &Path,
        case: CaseId,
        name: String,
        kind: &'static str,
        bytes: &[u8],
        withheld: (usize, usize),
    ) -> io::Result<String> {
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        let made = Made { key: secret(), case, name, kind, size: bytes.len() as u64, withheld, file };
        let key = made.key.clone();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(Arc::new(made));
        while all.len() > MOST {
            drop(all.pop_front());
        }
        Ok(key)
    }

    /// A file of a case.
    pub(crate) fn find(&self, case: &str, key: &str) -> Option<Arc<Made>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|made| made.key == key && made.case.to_hex() == case).map(Arc::clone)
    }
}

impl Made {
    /// Sends it, to be kept.
    pub(crate) fn send(self: Arc<Self>) -> Result<Response, Problem> {
        let gone = |_why: io::Error| Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk");
        let file = self.file.reopen().map_err(gone)?;
        let size = self.size;
        let heads = attachment(self.kind, &self.name)?;
        // Held until all is sent: another file made meanwhile does not take it away.
        let pieces = stream::unfold(Some((self, file, 0_u64)), |open| async {
            let (made, file, at) = open?;
            if at >= made.size {
                return None;
            }
            match aside(move || piece(file, at)).await {
                Ok(Ok((file, bytes))) if !bytes.is_empty() => {
                    let next = at + bytes.len() as u64;
                    Some((Ok(bytes), Some((made, file, next))))
                }
                Ok(Err(why)) => Some((Err(why), None)),
                _ => Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None)),
            }
        });
        Ok((heads, [(header::CONTENT_LENGTH, HeaderValue::from(size))], Body::from_stream(pieces)).into_response())
    }
}

fn piece(mut file: File, at: u64) -> io::Result<(File, Bytes)> {
    let mut bytes = vec![0; PIECE];
    file.seek(SeekFrom::Start(at))?;
    let read = file.read(&mut bytes)?;
    bytes.truncate(read);
    Ok((file, bytes.into()))
}

/// What says that an answer is a file to be kept under a name of ours.
pub(crate) fn attachment(kind: &'static str, name: &str) -> Result<[(header::HeaderName, HeaderValue); 3], Problem> {
    let failed = |_why| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed");
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(failed)?;
    Ok([
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_few_are_kept_and_each_by_its_case() {
        let folder = tempfile::tempdir().expect("a folder");
        let all = Downloads::default();
        let (one, other) = (CaseId([1; 32]), CaseId([2; 32]));
        let keys: Vec<String> = (0..=MOST)
            .map(|n| {
                all.keep(folder.path(), one, format!("{n}.zip"), "application/zip", b"x", (0, 0)).expect("written")
            })
            .collect();
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), MOST);
        assert!(all.find(&one.to_hex(), &keys[0]).is_none());
        assert!(all.find(&other.to_hex(), &keys[1]).is_none() && all.find(&one.to_hex(), "").is_none());
        assert_eq!(all.find(&one.to_hex(), &keys[MOST]).map(|made| made.name.clone()).as_deref(), Some("4.zip"));
    }
}
