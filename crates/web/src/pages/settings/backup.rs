//! A backup, as a file that the browser keeps where the person wants it.

use std::{fs::File, io};

use axum::{
    http::header,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_node::{Passphrase, now};
use counterpart_words::when;

use super::made;
use crate::{acts::Wrong, app::aside, download::sent, form::Form, guard::Problem, typed::Typed};

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
        // The folder goes with what is in it.
        Ok((about, sent(file, size, folder)).into_response())
    })
    .await?
}
