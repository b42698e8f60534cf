//! A file put on record: what proves it, and its bytes.

use axum::response::Response;
use counterpart_core::{
    act::Act,
    attachment::{FileRef, MAX_FILE},
    value::{ItemValue, Sealable},
};
use counterpart_words::{acts::files, render, typed::typed as checked};

use super::{
    ActForm, At, Ready, Wrong, about,
    asked::{self, Asked, Choice, Sheet},
    plain::whole,
};
use crate::{
    guard::Problem,
    typed::Typed,
    upload::{ONLY, Staged},
};

#[derive(Debug)]
pub(super) struct Attach;

/// The field a file comes in.
const FILE: &str = "file";

/// A file that came with a form.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) file: FileRef,
    pub(super) name: String,
    media: Option<&'static str>,
    /// Where its bytes lie, where they go along.
    path: Option<std::path::PathBuf>,
}

impl Came {
    /// The file of a form; its name is the one typed, else the browser's.
    pub(super) fn read(at: &At<'_>, typed: &Typed, named: Option<&str>) -> Result<Self, Wrong> {
        let language = at.visit.language;
        let token = typed.some(FILE).ok_or_else(|| Wrong::of(FILE, language.say("do.file.lacks")))?;
        let home = &at.visit.app.home;
        let staged = Staged::find(home, token).ok_or_else(|| Wrong::of(FILE, language.say("do.file.gone")))?;
        let only = typed.has(ONLY);
        if !staged.kept && !only {
            let (size, most) = (render::size(staged.file.size), render::size(MAX_FILE));
            let key = if staged.file.size > MAX_FILE { "do.file.large" } else { "do.file.again" };
            return Err(Wrong::of(FILE, language.fill(key, &[("size", &size), ("most", &most)])));
        }
        let called = typed.text("file.name");
        // Some browsers give the whole path.
        let called = called.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = checked("the file's name", named.unwrap_or(called));
        let field = if named.is_some() { "name" } else { FILE };
        let name = name.map_err(|why| Wrong::said(field, &why))?;
        let path = (!only).then(|| staged.path(home));
        Ok(Self { file: staged.file, media: files::media(called), name, path })
    }

    /// What goes along with the act that names it.
    pub(super) fn along(&self) -> Vec<(FileRef, std::path::PathBuf)> {
        self.path.iter().map(|path| (self.file, path.clone())).collect()
    }

    pub(super) fn into_item(self) -> ItemValue {
        let media = self.media.map(str::to_owned);
        ItemValue::File { sha256: self.file.sha256, size: self.file.size, name: Sealable::Open(self.name), media }
    }
}

/// The field for a file, and the tick for what proves it alone.
pub(super) fn fields(at: &At<'_>, typed: &Typed) -> Vec<Asked> {
    let mut only = Choice::of("1", at.visit.language.say("do.file.only"));
    only.chosen = typed.has(ONLY);
    vec![Asked::file(at, FILE, "do.file"), Asked::ticks(at, ONLY, "do.file.how", vec![only])]
}

impl ActForm for Attach {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let say = |part: &str| at.visit.language.say(&format!("do.attach.{part}")).to_owned();
        let mut fields = fields(at, typed);
        fields.push(Asked::line(at, "name", "do.attach.name", false));
        let mut sheet = Sheet { title: say("title"), lead: say("lead"), fields, ..Sheet::default() };
        let reference = about::reference(at.case, typed.text("about"));
        if let Ok(target) = at.case.entry(&reference) {
            sheet.about = about::shown(at.case, target.ix);
            sheet.hidden.push(("about".to_owned(), reference));
        }
        asked::show(at, sheet, typed, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let made = || {
            let reference = about::reference(at.case, typed.text("about"));
            let about = (!reference.is_empty()).then(|| at.case.entry(&reference)).transpose().map_err(whole)?;
            let came = Came::read(at, typed, typed.some("name"))?;
            let mut ready = Ready::act(Act::Attach {
                sha256: came.file.sha256,
                size: i64::try_from(came.file.size).unwrap_or(i64::MAX),
                name: Sealable::Open(came.name.clone()),
                media: came.media.map(str::to_owned),
                about: about.map(|target| target.id),
            });
            ready.files = came.along();
            ready.then = Some(format!("/case/{}/files", at.case.id.to_hex()));
            Ok(ready)
        };
        made().map_err(|wrong| vec![wrong])
    }
}
