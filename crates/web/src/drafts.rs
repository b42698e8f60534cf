//! What is being written in forms, kept in the home so that neither a reload nor a crash loses it.
//!
//! Sent by the script while somebody writes; whoever writes without script has what the browser keeps. Private: it is
//! never sent, signed or exported from here. Outside the folder `web`, which lasts no longer than the program.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_node::now;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::{
    address::escaped,
    app::aside,
    form::{FORM_SECRET, Form},
    guard::{Problem, Visit},
    language::Language,
    session::{digest, secret},
    time,
    typed::Typed,
    upload::FORM_LIMIT,
};

/// The field by which a form says what its draft is kept under: its path, and what it is about.
pub(crate) const KEEP: &str = "keep";

/// Where, in the home.
const FOLDER: &str = "forms";

/// How many are kept, and how many bytes of them; the longest untouched go first.
const MOST: usize = 64;
const BYTES: u64 = 2 * FORM_LIMIT as u64;

/// Letters of what one is kept under.
const KEY: usize = 400;

/// A form that somebody began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// What it is kept under.
    pub(crate) key: String,
    /// When it was begun: Unix milliseconds.
    pub(crate) begun: i64,
    pub(crate) typed: Typed,
}

impl Kept {
    /// "5 minutes ago"; nothing where it was just now.
    pub(crate) fn ago(&self, language: &'static Language) -> Option<String> {
        let seconds = now().abs_diff(self.begun) / 1000;
        (seconds >= 60).then(|| time::ago(language, seconds))
    }
}

/// What a form's draft is kept under: an address of ours, so that it can be gone back to.
pub(crate) fn key(path: &str, about: &str) -> String {
    if about.is_empty() { path.to_owned() } else { format!("{path}?about={}", escaped(about)) }
}

/// What the draft of a form that was sent is kept under: as it says, where that can be.
pub(crate) fn key_of(path: &str, typed: &Typed) -> String {
    let said = typed.text(KEEP);
    if is_key(said) { said.to_owned() } else { key(path, typed.text("about")) }
}

/// Whether something is a plain address of ours.
fn is_key(said: &str) -> bool {
    let plain = said.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    said.starts_with('/') && !said.starts_with("//") && said.len() <= KEY && plain
}

/// What somebody began in the form that is asked for, if anything.
pub(crate) fn find(visit: &Visit) -> Option<Kept> {
    read(&visit.app.home, &key(&visit.path, visit.query.text("about")))
}

/// Forgets the draft of a form that did what it is for.
pub(crate) fn done(visit: &Visit, typed: &Typed) {
    if typed.has(KEEP) {
        // What cannot be removed shows up once more, and can be thrown away there.
        drop(fs::remove_file(file(&visit.app.home, typed.text(KEEP))));
    }
}

fn read(home: &Path, key: &str) -> Option<Kept> {
    let text = fs::read_to_string(file(home, key)).ok()?;
    let kept: Value = serde_json::from_str(&text).ok()?;
    let pair = |pair: &Value| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.as_str()?.to_owned()));
    let fields = kept.get("fields")?.as_array()?.iter().map(pair).collect::<Option<Vec<_>>>()?;
    let same = kept.get("key")?.as_str()? == key;
    same.then_some(Kept { key: key.to_owned(), begun: kept.get("begun")?.as_i64()?, typed: Typed::new(fields) })
}

/// `POST /keep`: what is typed so far. With `drop`, it is thrown away and the form shown empty.
pub(crate) async fn keep(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    let key = typed.text(KEEP).to_owned();
    if !is_key(&key) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "form"));
    }
    let throw_away = typed.has("drop");
    let home = visit.app.home.clone();
    let to = key.clone();
    let own = typed.without(&[FORM_SECRET, KEEP, "drop"]);
    let written = aside(move || {
        if throw_away || own.fields().all(|(_, value)| value.trim().is_empty()) {
            drop(fs::remove_file(file(&home, &key)));
            return Ok(());
        }
        write(&home, &key, &own, now())
    })
    .await?;
    written.map_err(|_why| Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk"))?;
    Ok(if throw_away { Redirect::to(&to).into_response() } else { StatusCode::NO_CONTENT.into_response() })
}

fn write(home: &Path, key: &str, typed: &Typed, now: i64) -> io::Result<()> {
    let begun = read(home, key).map_or(now, |kept| kept.begun);
    let fields: Vec<Value> = typed.fields().map(|(name, value)| json!([name, value])).collect();
    let text = json!({ "key": key, "begun": begun, "fields": fields }).to_string();
    let folder = private_folder(home, FOLDER)?;
    let making = folder.join(format!("{}.new", secret()));
    let kept = private_file(&making)
        .and_then(|mut made| made.write_all(text.as_bytes()).and_then(|()| made.sync_all()))
        .and_then(|()| fs::rename(&making, file(home, key)));
    if kept.is_err() {
        // Half a draft helps nobody.
        drop(fs::remove_file(&making));
    }
    bound(&folder, MOST, BYTES);
    kept
}

/// Hex of a hash: whatever it is kept under, this is a file name and no path.
fn file(home: &Path, key: &str) -> PathBuf {
    home.join(FOLDER).join(HEXLOWER.encode(&digest(key)))
}

/// A folder of the home for its owner alone.
pub(crate) fn private_folder(home: &Path, name: &str) -> io::Result<PathBuf> {
    let folder = home.join(name);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder)?;
    Ok(folder)
}

/// A new file for its owner alone.
pub(crate) fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes what was touched longest ago, until so many files of so many bytes are left.
pub(crate) fn bound(folder: &Path, most: usize, bytes: u64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let about = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        let meta = entry.metadata().ok()?;
        Some((meta.modified().ok()?, meta.len(), entry.path()))
    };
    let mut all: Vec<_> = entries.filter_map(about).collect();
    all.sort_by_key(|(touched, ..)| std::cmp::Reverse(*touched));
    let mut sum: u64 = 0;
    for (n, (_, size, path)) in all.iter().enumerate() {
        sum = sum.saturating_add(*size);
        // The one just written stays.
        if n >= most || (n > 0 && sum > bytes) {
            drop(fs::remove_file(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Typed {
        Typed::default().and("text", text)
    }

    #[test]
    fn a_draft_is_found_by_what_it_is_kept_under() {
        let home = tempfile::tempdir().expect("a folder");
        let keys = ["/case/aa/do/note", "/case/aa/do/note?about=7", "/../../etc/passwd", "/\u{202e}"];
        for key in keys {
            assert_eq!(read(home.path(), key), None);
            write(home.path(), key, &typed(key), 5).expect("writable");
        }
        for key in keys {
            write(home.path(), key, &typed(&format!("{key}!")), 9).expect("writable");
            let kept = read(home.path(), key).expect("kept");
            assert_eq!((kept.begun, kept.typed), (5, typed(&format!("{key}!"))), "begun when first written");
        }
        let names: Vec<_> = fs::read_dir(home.path().join(FOLDER)).expect("a folder").collect();
        assert_eq!(names.len(), keys.len(), "nothing half done is left");
        fs::write(file(home.path(), keys[0]), b"{\"key\":").expect("writable");
        assert_eq!(read(home.path(), keys[0]), None, "what cannot be read is none");
    }

    #[cfg(unix)]
    #[test]
    fn a_draft_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().expect("a folder");
        write(home.path(), "/new", &typed("x"), 1).expect("writable");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&file(home.path(), "/new")), 0o600);
        assert_eq!(mode(&home.path().join(FOLDER)), 0o700);
    }

    #[test]
    fn drafts_are_bounded_in_number_and_size() {
        let home = tempfile::tempdir().expect("a folder");
        for n in 0..MOST + 5 {
            write(home.path(), &format!("/{n}"), &typed("x"), 1).expect("writable");
        }
        let count = || fs::read_dir(home.path().join(FOLDER)).expect("a folder").count();
        assert_eq!(count(), MOST);
        let large = typed(&"x".repeat(FORM_LIMIT - 1000));
        for n in 0..5 {
            write(home.path(), &format!("/large/{n}"), &large, 1).expect("writable");
        }
        assert!(count() <= 3 && read(home.path(), "/large/4").is_some());
    }
}
