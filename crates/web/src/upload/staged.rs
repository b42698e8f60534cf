//! Files on their way into a case: they lie in the home, under names that only the form knows, from when they came until
//! what names them is signed. Also how forms come that may bring such files.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, multipart::Field},
    http::{StatusCode, header},
};
use counterpart_core::attachment::{FileHash, FileRef, MAX_FILE};
use data_encoding::HEXLOWER;
use tokio::{sync::mpsc, time::timeout};

use super::{FORM_LIMIT, UPLOAD_LIMIT, WAITING, begun, cut, next, unreadable};
use crate::{
    app::aside,
    drafts::{bound, private_file, private_folder},
    form::{Form, PATIENCE},
    guard::{Problem, Visit},
    session::secret,
    typed::Typed,
};

/// Where, in the home.
const FOLDER: &str = "uploads";

/// How many lie there, and bytes of them; the oldest go first.
const MOST: usize = 16;
const BYTES: u64 = 8 * MAX_FILE;
const LASTS: Duration = Duration::from_secs(24 * 60 * 60);

/// The field by which only what proves a file is wanted, not its bytes.
pub(crate) const ONLY: &str = "only";

/// A form, as fields alone or with files: of a file that came in a field, the field holds by what it is found again, and
/// `FIELD.name` what the browser calls it.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) visit: Visit,
    pub(crate) typed: Typed,
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("multipart/form-data") {
            let Form { visit, typed } = Form::from_request(request, state).await?;
            return Ok(Self { visit, typed });
        }
        let (visit, mut parts) = begun(request, state).await?;
        let mut typed = Typed::default();
        let mut room = FORM_LIMIT;
        let mut files: Vec<(String, String, Staged)> = Vec::new();
        while let Some(field) = next(&mut parts).await? {
            let name = field.name().unwrap_or_default().to_owned();
            match field.file_name().map(str::to_owned) {
                None => typed = typed.and(&name, text(field, &mut room).await?),
                Some(called) => {
                    let staged = stage(&visit.app.home, field).await?;
                    // A browser sends a field without a file as one without name and bytes.
                    if called.is_empty() && staged.file.size == 0 {
                        Staged::forget(&staged.path(&visit.app.home));
                    } else {
                        files.push((name, called, staged));
                    }
                }
            }
        }
        for (name, called, mut staged) in files {
            if typed.has(ONLY) {
                staged.kept = false;
                Staged::forget(&staged.path(&visit.app.home));
            }
            // Before what the form carried of an earlier one.
            typed = Typed::default().and(&name, staged.token()).and(&format!("{name}.name"), called).over(&typed);
        }
        Ok(Self { visit, typed })
    }
}

async fn text(mut field: Field<'_>, room: &mut usize) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    let mut over = false;
    while let Some(part) = timeout(PATIENCE, field.chunk()).await.map_err(|_late| cut())?.map_err(|_broken| cut())? {
        over |= part.len() > *room;
        *room = room.saturating_sub(part.len());
        // The rest is taken and thrown away, so that the browser comes to show why.
        if !over {
            bytes.extend_from_slice(&part);
        }
    }
    if over {
        let most = (FORM_LIMIT >> 20).to_string();
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "long").with("most", most));
    }
    String::from_utf8(bytes).map_err(|_other| unreadable())
}

/// A file that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Staged {
    secret: String,
    pub(crate) file: FileRef,
    /// Its bytes were kept, too.
    pub(crate) kept: bool,
}

impl Staged {
    /// What a form carries of it.
    fn token(&self) -> String {
        let kept = if self.kept { "kept" } else { "only" };
        format!("{}.{}.{}.{kept}", self.secret, self.file.size, HEXLOWER.encode(&self.file.sha256))
    }

    /// By what a form carried; nothing where that is no such thing, or the bytes are not there any more.
    pub(crate) fn find(home: &Path, token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (secret, size, hash, kept) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        if parts.next().is_some() || secret.len() != 43 || !secret.bytes().all(plain) {
            return None;
        }
        let sha256 = HEXLOWER.decode(hash.as_bytes()).ok()?.try_into().ok()?;
        let file = FileRef { sha256, size: size.parse().ok()? };
        let staged = Self { secret: secret.to_owned(), file, kept: kept == "kept" };
        (!staged.kept || staged.path(home).is_file()).then_some(staged)
    }

    pub(crate) fn path(&self, home: &Path) -> PathBuf {
        home.join(FOLDER).join(&self.secret)
    }

    /// It is where it belongs, or not wanted.
    pub(crate) fn forget(path: &Path) {
        // What cannot be removed goes with the next ones.
        drop(fs::remove_file(path));
    }
}

/// Takes a file as it comes, never into memory whole. Of one that does not travel with a case the bytes are not kept.
async fn stage(home: &Path, mut field: Field<'_>) -> Result<Staged, Problem> {
    let (parts, waiting) = mpsc::channel(WAITING);
    let sent = async {
        let mut size: u64 = 0;
        while let Some(part) =
            timeout(PATIENCE, field.chunk()).await.map_err(|_late| cut())?.map_err(|_broken| cut())?
        {
            size = size.saturating_add(part.len() as u64);
            // A disk that took no more says so itself.
            if size > UPLOAD_LIMIT.saturating_mul(16) || parts.send(part).await.is_err() {
                break;
            }
        }
        drop(parts);
        Ok::<_, Problem>(size)
    };
    let at = home.to_owned();
    let (size, staged) = tokio::join!(sent, aside(move || write(&at, waiting)));
    let staged = staged?;
    let forget = || staged.iter().for_each(|half| Staged::forget(&half.path(home)));
    // What came of one that was cut off is not it.
    let size = size.inspect_err(|_cut| forget())?;
    if size > UPLOAD_LIMIT.saturating_mul(16) {
        forget();
        let most = (UPLOAD_LIMIT.saturating_mul(16) >> 20).to_string();
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "large").with("most", most));
    }
    staged.map_err(|_why| Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk"))
}

fn write(home: &Path, mut waiting: mpsc::Receiver<Bytes>) -> std::io::Result<Staged> {
    let folder = private_folder(home, FOLDER)?;
    forget_old(&folder);
    let secret = secret();
    let path = folder.join(&secret);
    let mut out: Option<File> = Some(private_file(&path)?);
    let mut hash = FileHash::default();
    let mut size: u64 = 0;
    while let Some(part) = waiting.blocking_recv() {
        hash.update(&part);
        size += part.len() as u64;
        if size > MAX_FILE && out.take().is_some() {
            fs::remove_file(&path)?;
        }
        if let Some(Err(why)) = out.as_mut().map(|out| out.write_all(&part)) {
            drop(fs::remove_file(&path));
            return Err(why);
        }
    }
    bound(&folder, MOST, BYTES);
    Ok(Staged { secret, file: hash.finish(), kept: out.is_some() })
}

fn forget_old(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let touched = entry.metadata().and_then(|meta| meta.modified());
        if touched.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > LASTS)) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_what_the_form_carries_and_by_nothing_else() {
        let home = tempfile::tempdir().expect("a folder");
        let (give, take) = mpsc::channel(4);
        give.try_send(Bytes::from_static(b"abc")).expect("room");
        drop(give);
        let staged = write(home.path(), take).expect("written");
        assert_eq!(staged.file, FileRef::of(b"abc"));
        let token = staged.token();
        assert_eq!(Staged::find(home.path(), &token), Some(staged.clone()));
        let path = staged.path(home.path());
        assert_eq!(fs::read(&path).expect("there"), b"abc");
        let secret = token.split('.').next().expect("a beginning");
        for wrong in [
            String::new(),
            "x".repeat(100_000),
            token.replace(secret, "../../../../etc/passwd"),
            token.replace(secret, &"/".repeat(43)),
            token.replace(".3.", ".-3."),
            token.replace(secret, &"A".repeat(43)),
            format!("{token}.more"),
        ] {
            assert_eq!(Staged::find(home.path(), &wrong), None, "{wrong}");
        }
        Staged::forget(&path);
        assert_eq!(Staged::find(home.path(), &token), None);
        // What proves it is in what the form carries.
        let only = Staged { kept: false, ..staged };
        assert_eq!(Staged::find(home.path(), &only.token()), Some(only));
    }
}
