//! Files that a person takes away: how they are sent, piece by piece; and those made for it, put together once and on disk
//! until others are made.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read as _, Write as _},
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

/// Bytes read and sent at a time.
const PIECE: usize = 64 << 10;

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
        // Held until all is read: another file made meanwhile does not take it away.
        Ok((heads, [(header::CONTENT_LENGTH, HeaderValue::from(size))], sent(file, size, self)).into_response())
    }
}

/// A file's first `size` bytes as they are asked for. What is held with it is let go before the last of it is sent, or when
/// the browser goes away.
pub(crate) fn sent<H: Send + 'static>(file: File, size: u64, held: H) -> Body {
    let next = |open: Option<(File, u64, H)>| async {
        let Some((file, left, held)) = open.filter(|(_, left, _)| *left > 0) else { return Ok(None) };
        let read = aside(move || {
            let mut bytes = Vec::with_capacity(PIECE);
            let got = (&file).take(left.min(PIECE as u64)).read_to_end(&mut bytes)? as u64;
            if got == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            Ok((Bytes::from(bytes), (got < left).then(|| (file, left - got, held))))
        });
        read.await.map_err(|_panicked| io::Error::other("not read"))?.map(Some)
    };
    Body::from_stream(stream::try_unfold(Some((file, size, held)), next))
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
    use futures::StreamExt as _;

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

    #[tokio::test]
    async fn a_file_is_sent_whole_and_what_is_held_with_it_goes_with_the_last_of_it() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(2 * PIECE + 1).collect();
        let open = || {
            let mut file = NamedTempFile::new().expect("a file");
            file.write_all(&bytes).expect("written");
            (file.reopen().expect("readable"), file)
        };
        let size = bytes.len() as u64;
        for wanted in [0, 1, PIECE as u64, size] {
            let (file, held) = open();
            let path = held.path().to_owned();
            let mut coming = sent(file, wanted, held).into_data_stream();
            let mut came = Vec::new();
            while let Some(piece) = coming.next().await {
                came.extend_from_slice(&piece.expect("read"));
                assert_eq!(path.exists(), (came.len() as u64) < wanted);
            }
            assert!(came.as_slice() == &bytes[..came.len()] && came.len() as u64 == wanted);
            assert!(!path.exists());
        }
        // One that became shorter meanwhile is not passed off as whole.
        let (file, held) = open();
        let all: Vec<_> = sent(file, size + 1, held).into_data_stream().collect().await;
        assert!(all.last().is_some_and(Result::is_err) && all.len() == 4);
    }
}
