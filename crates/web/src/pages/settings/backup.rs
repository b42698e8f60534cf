//! A backup, as a file that the browser keeps where the person wants it.

use std::{
    fs::File,
    io::{self, Read as _},
};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_node::{Passphrase, now};
use counterpart_words::when;
use futures::stream;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::made;
use crate::{acts::Wrong, app::aside, form::Form, guard::Problem, typed::Typed};

/// Bytes read at once, and how many such parts wait for the browser.
const PART: usize = 64 << 10;
const WAITING: usize = 4;

/// Letters of a passphrase below which it is not taken: whoever finds the file can try for years.
const SHORTEST: usize = 10;

/// `POST /settings/backup`
pub(in crate::pages) async fn make(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || {
        let Some(desk) = visit.app.desk()? else { return Ok(Redirect::to("/welcome").into_response()) };
        let language = visit.language;
        // What was typed is not given back: it is a secret.
        let again = |field: &str, what: String| made(&visit, &Typed::default(), vec![Wrong::of(field, what)]);
        let (first, second) = (typed.text("passphrase"), typed.text("passphrase-again"));
        let passphrase = match Passphrase::new(first) {
            Err(why) => return again("passphrase", why.to_string()),
            Ok(_) if first.chars().count() < SHORTEST => {
                let with = [("least", &*SHORTEST.to_string())];
                return again("passphrase", language.fill("backup.short", &with));
            }
            Ok(_) if first != second => return again("passphrase-again", language.say("backup.differs").to_owned()),
            Ok(passphrase) => passphrase,
        };
        let disk = |why: io::Error| Wrong::of("", why.to_string());
        let folder = match tempfile::tempdir_in(visit.app.opening.folder()).map_err(disk) {
            Ok(folder) => folder,
            Err(why) => return again("", why.what),
        };
        let path = folder.path().join("backup");
        if let Err(why) = desk.backup(&path, Some(&passphrase), now()) {
            return again("", why.to_string());
        }
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (size, file) = match opened.map_err(disk) {
            Ok(opened) => opened,
            Err(why) => return again("", why.what),
        };
        let day = when::local_in(now(), &when::system_zone()).unwrap_or_default();
        let day: String = day.chars().take(10).filter(|c| c.is_ascii_digit() || *c == '-').collect();
        let about = [
            (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            (header::CONTENT_LENGTH, size.to_string()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"counterpart-{day}.backup\"")),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        Ok((about, sent(folder, file, size)).into_response())
    })
    .await?
}

/// The file as the browser takes it; it is gone from here before the last of it is sent, or when the browser went away.
fn sent(folder: TempDir, file: File, size: u64) -> Body {
    let (parts, waiting) = mpsc::channel::<io::Result<Bytes>>(WAITING);
    drop(tokio::task::spawn_blocking(move || {
        let mut left = size;
        let mut source = Some((file, folder));
        while let Some((file, _)) = source.as_mut().filter(|_| left > 0) {
            let mut part = vec![0; PART];
            let read = file.read(&mut part).and_then(|count| {
                part.truncate(count);
                if count == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Bytes::from(part)) }
            });
            left = read.as_ref().map_or(0, |part| left.saturating_sub(part.len() as u64));
            if left == 0 {
                source = None;
            }
            if parts.blocking_send(read).is_err() {
                break;
            }
        }
    }));
    Body::from_stream(stream::unfold(waiting, |mut waiting| async move {
        let part = waiting.recv().await?;
        Some((part, waiting))
    }))
}
