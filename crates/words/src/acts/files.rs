//! Files on their way into a case.

use counterpart_core::attachment::{FileRef, MAX_PARTY};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::size,
};

/// Whether the others will fetch so much more of ours: they fetch no more than a certain sum from one side unasked.
pub fn room_for(case: &OpenCase, files: &[FileRef]) -> Done {
    let mut ours: Vec<FileRef> = Vec::new();
    for attachment in case.record.attachments() {
        let own = case.record.graph().statement(attachment.entry).party == case.own;
        if own && !ours.contains(&attachment.named.file) {
            ours.push(attachment.named.file);
        }
    }
    let new = files.iter().copied().filter(|file| !ours.contains(file));
    let all: u64 = ours.iter().copied().chain(new).map(|file| file.size).sum();
    if files.is_empty() || all <= MAX_PARTY {
        return Ok(());
    }
    Err(CommandError::failed(format!(
        "your files in this case would be {} together; the other side fetches {} at most",
        size(all),
        size(MAX_PARTY)
    ))
    .hint("`counterpart attach --fingerprint-only` puts what proves a file on record; send the file another way"))
}

/// Whether the bytes of a file that is to go on record were put into the case.
pub fn must_be_here(case: &OpenCase, file: &FileRef) -> Done {
    if case.record.files().any(|here| here.sha256 == file.sha256) {
        return Ok(());
    }
    Err(CommandError::failed("the bytes of no file of that SHA-256 are here for this case, so nothing was signed").hint(
        "put them here first, over the API by PUT /api/v1/cases/{case}/attachments/{sha256}; where only what proves the file is to go on \
         record, say `fingerprint_only`",
    ))
}

/// Whether files that are to go on record are as long as the bytes that are here: on record a fingerprint has one size.
pub fn of_their_size(case: &OpenCase, files: &[FileRef]) -> Done {
    let other = |file: &FileRef| {
        let here = case.record.files().find(|here| here.sha256 == file.sha256);
        here.filter(|here| here.size != file.size).map(|here| (file.size, here.size))
    };
    match files.iter().find_map(other) {
        None => Ok(()),
        Some((said, is)) => Err(CommandError::failed(format!(
            "the file of that SHA-256 that is here has {is} bytes, not {said}, so nothing was signed"
        ))
        .hint(format!("say {is} for its size"))),
    }
}

/// The media type that the ending of a file's name says.
pub fn media(name: &str) -> Option<&'static str> {
    let (stem, ending) = name.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    Some(match ending.to_lowercase().as_str() {
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "heic" => "image/heic",
        "webp" => "image/webp",
        "txt" | "log" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "eml" => "message/rfc822",
        "zip" => "application/zip",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => return None,
    })
}
