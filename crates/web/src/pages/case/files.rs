//! The files of a case: which are on record, where their bytes are, and getting one.

use askama::Template;
use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use counterpart_core::{text, value::Sealable};
use counterpart_words::{
    case::OpenCase,
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

/// Longest name given to a file that is taken away, in characters.
const NAME: usize = 120;

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
            Sealable::Open(name) => safe_name(name),
            Sealable::Sealed(_) => safe_name(""),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::CONTENT_TYPE, "application/octet-stream"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "private, no-store"),
            (header::CONTENT_DISPOSITION, &disposition(&name)),
        ] {
            drop(headers.insert(name, HeaderValue::from_str(value).expect("printable ASCII")));
        }
        drop(headers.insert(header::CONTENT_LENGTH, HeaderValue::from(reference.size)));
        Ok((headers, sent(file, reference.size, ())).into_response())
    })
    .await
}

/// A name that means one file in whatever folder it is kept, and looks like what it is.
fn safe_name(given: &str) -> String {
    let safe = |c: char| {
        let plain = !c.is_control() && !"\"\\/:*?<>|%\u{200B}\u{2060}\u{FEFF}".contains(c);
        // What could hide or reorder the rest of the name is shown elsewhere; here it goes.
        let seen = text::visible_line(c.encode_utf8(&mut [0; 4])).chars().eq([c]);
        if plain && seen { c } else { '_' }
    };
    let name: String = given.chars().map(safe).collect();
    let name = name.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let short: String = match (name.chars().count() > NAME, name.rsplit_once('.')) {
        // Its ending says what it is.
        (true, Some((before, ending))) if ending.chars().count() <= 10 => {
            let before: String = before.chars().take(NAME - 11).collect();
            format!("{before}.{ending}")
        }
        _ => name.chars().take(NAME).collect(),
    };
    let stem = short.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|n: &str| n.chars().count() == 1);
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT");
    match short.is_empty() {
        true => "file".to_owned(),
        false if device => format!("_{short}"),
        false => short,
    }
}

/// The header that has a browser keep it under a name: plain letters for old ones, all of them for the others.
fn disposition(name: &str) -> String {
    let ascii: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let encoded: String =
        name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_and_hides_nothing() {
        for (given, safe) in [
            ("bill.pdf", "bill.pdf"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("C:\\x\\a.exe", "C__x_a.exe"),
            ("a\u{202E}fdp.exe", "a_fdp.exe"),
            ("a\r\nSet-Cookie: b=c", "a__Set-Cookie_ b=c"),
            ("a\"; filename=b", "a_; filename=b"),
            (".bashrc", "bashrc"),
            ("con.txt", "_con.txt"),
            ("COM1", "_COM1"),
            ("Zähler Müller.jpg", "Zähler Müller.jpg"),
            ("\u{200B}", "_"),
            (" . ", "file"),
            ("", "file"),
        ] {
            assert_eq!(safe_name(given), safe, "{given:?}");
        }
        let long = safe_name(&format!("{}.pdf", "x".repeat(400)));
        assert!(long.ends_with(".pdf") && long.chars().count() <= NAME, "{long}");
        let header = disposition("Zähler 1.jpg");
        assert_eq!(header, "attachment; filename=\"Z_hler 1.jpg\"; filename*=UTF-8''Z%C3%A4hler%201.jpg");
    }
}
