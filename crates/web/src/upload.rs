//! A file sent with a form: it goes to a temporary file as it comes, never into memory whole.

mod staged;

use std::{
    fs::File,
    io::{self, Seek as _, SeekFrom, Write as _},
};

use axum::{
    body::Bytes,
    extract::{FromRequest, Multipart, Request, multipart::Field},
    http::StatusCode,
};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    app::aside,
    form::{FORM_SECRET, PATIENCE},
    guard::{Problem, Visit},
};

pub(crate) use staged::{ONLY, Sent, Staged};

/// Parts of a file that wait for the disk.
const WAITING: usize = 16;

/// Bytes of a form without a file.
pub const FORM_LIMIT: usize = 16 << 20;

/// Bytes of a file.
pub const UPLOAD_LIMIT: u64 = counterpart_evidence::MAX_BUNDLE as u64;

/// A file that came, on disk without a name: it is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) visit: Visit,
    /// What the browser calls it; somebody's text and never a path.
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) file: File,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (visit, mut parts) = begun(request, state).await?;
        let field = next(&mut parts).await?.ok_or_else(unreadable)?;
        let name = field.file_name().unwrap_or_default().to_owned();
        let (size, file) = keep(field).await?;
        Ok(Self { visit, name, size, file })
    }
}

/// Who sends a form in parts, and the parts that come after its secret. Whether a page of ours sends it is looked at first
/// of all: nothing is kept before.
async fn begun<S: Send + Sync>(request: Request, state: &S) -> Result<(Visit, Multipart), Problem> {
    let Some(visit) = request.extensions().get::<Visit>().cloned() else {
        return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed"));
    };
    let parts = Multipart::from_request(request, state).await;
    let mut parts = parts.map_err(|_other| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "form"))?;
    let first = next(&mut parts).await?.ok_or_else(unreadable)?;
    let is_secret = first.name() == Some(FORM_SECRET);
    let value = short(first).await?;
    if !(is_secret && visit.session.as_ref().is_some_and(|session| session.made(&value))) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "elsewhere"));
    }
    Ok((visit, parts))
}

fn unreadable() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "form")
}

fn cut() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "cut")
}

async fn next(parts: &mut Multipart) -> Result<Option<Field<'_>>, Problem> {
    timeout(PATIENCE, parts.next_field()).await.map_err(|_late| cut())?.map_err(|_broken| cut())
}

/// A field that no honest page makes long.
async fn short(mut field: Field<'_>) -> Result<String, Problem> {
    const MOST: usize = 200;
    let mut bytes = Vec::new();
    while let Some(part) = timeout(PATIENCE, field.chunk()).await.map_err(|_late| cut())?.map_err(|_broken| cut())? {
        if bytes.len() + part.len() > MOST {
            return Err(Problem::new(StatusCode::FORBIDDEN, "elsewhere"));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// Writes a file as it comes. The rest of one that is too large is taken and thrown away, so that the browser comes to
/// show why.
async fn keep(mut field: Field<'_>) -> Result<(u64, File), Problem> {
    let (parts, waiting) = mpsc::channel(WAITING);
    let sent = async {
        let mut size: u64 = 0;
        while let Some(part) =
            timeout(PATIENCE, field.chunk()).await.map_err(|_late| cut())?.map_err(|_broken| cut())?
        {
            size = size.saturating_add(part.len() as u64);
            if size > UPLOAD_LIMIT.saturating_mul(16) {
                break;
            }
            // A disk that took no more says so itself.
            if size <= UPLOAD_LIMIT && parts.send(part).await.is_err() {
                break;
            }
        }
        drop(parts);
        Ok::<_, Problem>(size)
    };
    let (size, file) = tokio::join!(sent, aside(move || write(waiting)));
    let (size, file) = (size?, file?);
    if size > UPLOAD_LIMIT {
        let most = (UPLOAD_LIMIT >> 20).to_string();
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "large").with("most", most));
    }
    Ok((size, file.map_err(|_why| Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk"))?))
}

/// Writes what comes, then goes back to the beginning.
fn write(mut waiting: mpsc::Receiver<Bytes>) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    while let Some(part) = waiting.blocking_recv() {
        file.write_all(&part)?;
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
