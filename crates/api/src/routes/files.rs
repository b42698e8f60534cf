//! Files: their bytes are put into the case first, then an act puts them on record.

use counterpart_core::{
    attachment::{FileRef, MAX_FILE},
    value::Sealable,
};
use counterpart_node::Scope;
use counterpart_words::{acts::files::room_for, json, render};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde_json::Value as Json;

use crate::{
    asked::{Answer, Asked},
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::{AsCommand, FileSaid},
    table::{Gives, Operation, of},
};

/// Files of a case that no act names yet: what is left by programs that put and never signed.
const UNNAMED: usize = 32;

/// What a place in the list of files is a place in.
const FILES: &str = "attachments";

pub(super) const ALL: &[Operation] = &[
    Operation::get("/cases/{case}/attachments", "list_attachments", "The files on record, and which of them are here")
        .query(of::<Page>)
        .answers(of::<AsCommand>)
        .does_in_case(list),
    Operation::get("/cases/{case}/attachments/{sha256}", "read_attachment", "The bytes of a file that is here")
        .about("Somebody's file: it is given as bytes, never as something that a browser would show. `Content-Disposition` says what \
             whoever put it on record called it, in a form that leads nowhere.",
        )
        .gives(Gives::File("application/octet-stream"))
        .does_in_case(read),
    Operation::put("/cases/{case}/attachments/{sha256}", "put_attachment", "Puts the bytes of a file into the case")
        .about(
            "They are kept here, and sent to nobody before an act `attach` with the same fingerprint is signed. At most \
             256 MiB.",
        )
        .scope(Scope::Draft)
        .file(MAX_FILE)
        .answers(of::<FileSaid>)
        .does_in_case(put),
];

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let parts = desk.files_here(&case.id)?.parts;
    let files = render::files(&case, &parts).into_iter().map(|file| (file.entry.at(), file)).collect();
    let (files, next) = paging::as_they_came(FILES, &page, files)?;
    let mut told = json::attachments(&case, &files);
    told["next"] = Json::from(next);
    Ok(Answer::Json(told))
}

/// The fingerprint that the path names.
fn named(asked: &Asked) -> Result<[u8; 32], Problem> {
    let wrong =
        || Problem::malformed("the address", "a file is named by the SHA-256 of its bytes, 64 hexadecimal digits");
    let bytes = HEXLOWER_PERMISSIVE.decode(asked.part("sha256").as_bytes()).map_err(|_other| wrong())?;
    bytes.try_into().map_err(|_length| wrong())
}

fn read(asked: &Asked) -> Result<Answer, Problem> {
    let sha256 = named(asked)?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let file = case.record.files().find(|file| file.sha256 == sha256).copied();
    let absent = || {
        let named = case.record.attachments().into_iter().any(|attachment| attachment.named.file.sha256 == sha256);
        let problem = Problem::new(Kind::NotFound, "the bytes of no such file are here for this case");
        problem.hint(if named {
            "it is on record, and its bytes did not come yet: they come with the next connection to whoever has them"
        } else {
            "no entry of the case names a file of this fingerprint; GET /api/v1/cases/{case}/attachments lists those on record"
        })
    };
    let file = file.ok_or_else(absent)?;
    // As whoever put it on record first called it, where that is no secret.
    let known = case.record.attachments().into_iter().filter(|attachment| attachment.named.file == file);
    let name = known.into_iter().find_map(|attachment| match attachment.named.name {
        Sealable::Open(name) => Some(name),
        Sealable::Sealed(_) => None,
    });
    let media = "application/octet-stream";
    Ok(Answer::File { file: desk.open_file(&case.id, &file)?, size: file.size, media, name })
}

fn put(asked: &Asked) -> Result<Answer, Problem> {
    let sha256 = named(asked)?;
    let came = asked.file.as_ref().ok_or_else(|| Problem::malformed("the body", "no file came"))?;
    if came.file.sha256 != sha256 {
        let why = "the bytes that came are not those whose SHA-256 the address names; nothing was kept";
        let is = HEXLOWER.encode(&came.file.sha256);
        return Err(Problem::new(Kind::Refused, why).with("sha256", Json::from(is)));
    }
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    room_for(&case, &[came.file]).map_err(Problem::refused)?;
    let named: Vec<FileRef> = case.record.attachments().into_iter().map(|attachment| attachment.named.file).collect();
    let held = desk.files_here(&case.id)?.held;
    let unnamed = held.iter().filter(|file| !named.contains(file) && **file != came.file).count();
    if unnamed >= UNNAMED {
        let why = format!("{unnamed} files were put into this case that no act names: sign those first");
        return Err(
            Problem::new(Kind::Refused, why).hint("an act `attach` with a file's fingerprint puts it on record")
        );
    }
    desk.keep_file(&case.id, &came.file, came.path.path())?;
    Answer::of(&FileSaid {
        schema: "counterpart/attachment-put/1".to_owned(),
        sha256: HEXLOWER.encode(&sha256),
        size: came.file.size,
    })
}
