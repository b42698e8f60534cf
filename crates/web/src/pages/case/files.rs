//! The files of a case: which are on record, where their bytes are, and getting one.

use askama::Template;
use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use counterpart_core::value::Sealable;
use counterpart_words::{
    case::OpenCase,
    kept_name,
    render::{self, FileLine, Whereabouts},
};

use super::{
    CaseHead, Part,
    record::{Stretch, who},
};
use crate::{
    case::with_case,
    download::sent,
    guard::{Problem, Visit},
    pages::{Frame, page},
    text::Markup,
    time::Moment,
};

/// What a file that is opened after all may do: nothing.
const POLICY: &str = "default-src 'none'; sandbox";

/// A file as it stands in a list.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) name: String,
    pub(super) size: String,
    pub(super) whereabouts: String,
    /// Where it can be had, if it is here.
    pub(super) path: Option<String>,
    whose: Markup,
    at: Moment,
    /// The entry that names it, and where that is told.
    entry: String,
    entry_path: String,
    tone: &'static str,
    sha256: String,
}

impl Held {
    pub(super) fn of(visit: &Visit, case: &OpenCase, file: &FileLine) -> Self {
        let here = file.whereabouts == Whereabouts::Here;
        let typed = file.reference.trim_start_matches('#').replace('/', ".");
        Self {
            name: file.name(),
            size: render::size(file.named.file.size),
            whereabouts: render::whereabouts(case, file),
            path: here.then(|| format!("/case/{}/files/{typed}", case.id.to_hex())),
            whose: who(visit.language, case, &file.party),
            at: Moment(case.record.graph().statement(file.entry).at),
            entry: file.reference.clone(),
            entry_path: format!("/case/{}/entry/{}", case.id.to_hex(), case.entry_typed(&file.id)),
            tone: match file.whereabouts {
                Whereabouts::Here => "good",
                Whereabouts::Coming(_) | Whereabouts::NotHere => "theirs",
                Whereabouts::TooLarge | Whereabouts::Erased => "quiet",
            },
            sha256: render::hex(&file.named.file.sha256),
        }
    }
}

#[derive(Template)]
#[template(path = "files.html")]
struct FilesPage {
    frame: Frame,
    case: CaseHead,
    files: Vec<Held>,
    place: String,
    newer: Option<String>,
    older: Option<String>,
}

/// `GET /case/ID/files`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| {
        let parts = desk.files_here(&case.id)?.parts;
        let all = render::files(&case, &parts);
        let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
        let stretch = Stretch::before(at.query.some("before"), all.len()).ok_or_else(absent)?;
        let shown = all.get(stretch.from..stretch.to).unwrap_or_default().iter().rev();
        let head = CaseHead::of(&at, &case, Part::Files);
        let base = head.path("/files");
        page(&FilesPage {
            frame: Frame::of(&at, "/cases"),
            files: shown.map(|file| Held::of(&at, &case, file)).collect(),
            place: stretch.place(at.language, all.len()),
            newer: stretch.newer.map(|before| Stretch::path(&base, before)),
            older: stretch.older.map(|before| Stretch::path(&base, before)),
            case: head,
        })
    })
    .await
}

/// `GET /case/ID/files/N`: the bytes, to be kept and never to be shown here. `N` is the entry that names it; `9.2` is
/// the second one that #9 names.
pub(crate) async fn take(Path((id, typed)): Path<(String, String)>, visit: Visit) -> Result<Response, Problem> {
    with_case(&visit, &id, move |desk, case| {
        let absent = |why: String| Problem::new(StatusCode::NOT_FOUND, "file").with("why", why);
        let parts = desk.files_here(&case.id)?.parts;
        let found = render::file(&case, &typed.replace('.', "/"), &parts).map_err(|why| absent(why.message))?;
        let reference = found.named.file;
        if found.whereabouts != Whereabouts::Here {
            return Err(absent(format!("{}: {}", found.name(), render::whereabouts(&case, &found))));
        }
        let file = desk.open_file(&case.id, &reference)?;
        let name = match &found.named.name {
            Sealable::Open(name) => name.as_str(),
            Sealable::Sealed(_) => "",
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::CONTENT_TYPE, "application/octet-stream"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "private, no-store"),
            (header::CONTENT_DISPOSITION, &kept_name::disposition(name)),
        ] {
            drop(headers.insert(name, HeaderValue::from_str(value).expect("printable ASCII")));
        }
        drop(headers.insert(header::CONTENT_LENGTH, HeaderValue::from(reference.size)));
        Ok((headers, sent(file, reference.size, ())).into_response())
    })
    .await
}
