//! What comes with a request: bounded in size and in time.

use std::{
    io::{self, Write as _},
    sync::Arc,
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    http::{HeaderMap, header},
};
use counterpart_core::attachment::{FileHash, FileRef};
use futures::StreamExt as _;
use tempfile::NamedTempFile;
use tokio::{sync::mpsc, time::timeout};

use crate::{
    app::{App, aside},
    problem::{Kind, Problem},
};

/// Bytes of what is said in JSON.
pub(crate) const MOST: usize = 1 << 20;

/// How long the next piece may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Of what is too large so much more is taken and thrown away, so that whoever sends it comes to read why.
const THROWN_AWAY: usize = 4 * MOST;

/// How long that is done where it was told beforehand how large it is, and so it was answered already.
const ANSWERED: Duration = Duration::from_secs(5);

/// Pieces of a file that wait for the disk.
const WAITING: usize = 16;

fn cut<E>(_why: E) -> Problem {
    Problem::new(Kind::Slow, "what was sent did not arrive whole, or stopped coming")
}

fn too_large(most: u64) -> Problem {
    Problem::new(Kind::Large, format!("at most {most} bytes may be sent here")).with("most", most.into())
}

/// The body, unless its head says that it is larger than it may be: that is answered before any of it is asked for.
pub(crate) fn within(most: u64, headers: &HeaderMap, body: Body) -> Result<Body, Problem> {
    if body.size_hint().lower() <= most {
        return Ok(body);
    }
    // Who waits to be told to go on sends nothing; others have begun to, and lose the answer where nobody takes it.
    if !headers.contains_key(header::EXPECT) {
        drop(tokio::spawn(timeout(ANSWERED, thrown_away(body))));
    }
    Err(too_large(most))
}

async fn thrown_away(body: Body) {
    let mut pieces = body.into_data_stream();
    let mut size = 0_usize;
    while let Some(Ok(piece)) = pieces.next().await {
        size = size.saturating_add(piece.len());
        if size > THROWN_AWAY {
            break;
        }
    }
}

/// All of it.
pub(crate) async fn whole(body: Body) -> Result<Bytes, Problem> {
    let mut pieces = body.into_data_stream();
    let mut all = Vec::new();
    let mut size = 0_usize;
    while let Some(piece) = timeout(PATIENCE, pieces.next()).await.map_err(cut)? {
        let piece = piece.map_err(cut)?;
        size = size.saturating_add(piece.len());
        if size > MOST + THROWN_AWAY {
            break;
        }
        if size <= MOST {
            all.extend_from_slice(&piece);
        }
    }
    if size > MOST { Err(too_large(MOST as u64)) } else { Ok(all.into()) }
}

/// A file that came, on disk until this is dropped.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) file: FileRef,
    pub(crate) path: NamedTempFile,
}

/// Writes a file of at most so many bytes as it comes.
pub(crate) async fn kept(body: Body, most: u64, app: Arc<App>) -> Result<Came, Problem> {
    let mut pieces = body.into_data_stream();
    let (parts, waiting) = mpsc::channel(WAITING);
    let sent = async {
        let mut size: u64 = 0;
        while let Some(piece) = timeout(PATIENCE, pieces.next()).await.map_err(cut)? {
            let piece = piece.map_err(cut)?;
            size = size.saturating_add(piece.len() as u64);
            // A disk that took no more says so itself.
            if size > most || parts.send(piece).await.is_err() {
                break;
            }
        }
        drop(parts);
        if size > most { Err(too_large(most)) } else { Ok(()) }
    };
    let (sent, written) = tokio::join!(sent, aside(move || write(&app, waiting)));
    sent?;
    let failed = |why: io::Error| Problem::new(Kind::Disk, format!("the file could not be kept: {why}"));
    written?.map_err(failed)
}

fn write(app: &App, mut waiting: mpsc::Receiver<Bytes>) -> io::Result<Came> {
    let mut path = app.passing.named()?;
    let mut hash = FileHash::default();
    while let Some(part) = waiting.blocking_recv() {
        hash.update(&part);
        path.write_all(&part)?;
    }
    path.flush()?;
    Ok(Came { file: hash.finish(), path })
}
