//! `counterpart attachment get`

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Write},
    path::{Path, PathBuf},
};

use counterpart_core::attachment::FileHash;
use serde_json::json;

use crate::{
    attachment::safe_name,
    case::OpenCase,
    commands::EntryArg,
    error::{CommandError, Done, Kind},
    render::{self, FileLine, Whereabouts, size},
    session::Session,
};

/// Save a file on record to a file of yours
///
/// What its sender called it is only a suggestion: without FILE the bytes go into this folder, under that name with
/// everything taken out that could lead elsewhere. Nothing is written over. What is not here yet comes with the next
/// connection.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    of: EntryArg,
    /// The file to write, a folder to write into, or - for standard output
    file: Option<PathBuf>,
    /// Write over a file that is there; with -, also to a terminal
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.of.case.case)?;
    let file = render::file(&case, &args.of.entry, &desk.files_here(&case.id)?.parts)?;
    if file.whereabouts != Whereabouts::Here {
        return Err(not_here(&case, &file));
    }
    let source = desk.open_file(&case.id, &file.named.file)?;
    let name = safe_name(file.named.name.open(), &file.named.file);
    let target = match &args.file {
        Some(path) if path.as_os_str() == "-" => {
            if session.terminal.shows_data() && !args.force {
                return Err(CommandError::usage(
                    "a file's bytes could make your terminal do anything, so they were not shown",
                )
                .hint("send them into a program or a file, or name a file; --force shows them all the same"));
            }
            return session.terminal.bytes(&mut |out| copy(&file, &source, out));
        }
        Some(path) if path.is_dir() => path.join(name),
        Some(path) => path.clone(),
        None => PathBuf::from(name),
    };
    save(&file, &source, &target, args.force)?;
    if session.terminal.json {
        return session.terminal.json(&json!({
            "schema": "counterpart/attachment/1",
            "ref": file.reference,
            "file": target,
            "bytes": file.named.file.size,
            "sha256": render::hex(&file.named.file.sha256),
        }));
    }
    session.terminal.data(&render::line(&target.display().to_string()))?;
    session.terminal.say(&format!(
        "{}, put on record by {}. It is what {} names, byte for byte; nobody looked into it for you.",
        size(file.named.file.size),
        case.party_label(&file.party),
        file.reference
    ));
    Ok(())
}

fn not_here(case: &OpenCase, file: &FileLine) -> CommandError {
    let state = render::whereabouts(case, file);
    let error = CommandError::failed(format!("the bytes of {} cannot be had from this copy: {state}", file.reference));
    let put = format!("`counterpart attachment put {} {} FILE`", case.short(), file.reference.trim_start_matches('#'));
    match file.whereabouts {
        Whereabouts::Erased => error,
        Whereabouts::TooLarge => error.hint(format!("if you get the file another way, {put} puts it in its place")),
        _ => error.hint(format!(
            "they come while your node and one that has them are connected: `counterpart sync`; got another way, {put} \
             puts them in their place"
        )),
    }
}

/// The bytes, looked at once more on their way.
fn copy(file: &FileLine, mut source: &File, out: &mut dyn Write) -> std::io::Result<bool> {
    let mut hash = FileHash::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let got = source.read(&mut buffer)?;
        if got == 0 {
            out.flush()?;
            return Ok(hash.finish() == file.named.file);
        }
        hash.update(&buffer[..got]);
        out.write_all(&buffer[..got])?;
    }
}

/// The file appears whole or not at all, and takes the place of another only where that was asked for.
fn save(file: &FileLine, source: &File, target: &Path, force: bool) -> Done {
    let failed = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            CommandError::failed(format!("{} is there already; nothing was written", target.display()))
                .hint("another name, or --force to write over it")
        }
        _ => CommandError::failed(format!("{}: {e}", target.display())),
    };
    let mut making = target.to_owned();
    if force {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".writing");
        making.set_file_name(name);
        // One left by a run that was killed; a link there is not followed.
        drop(fs::remove_file(&making));
    }
    // Only a file that is not there: neither another file nor what a link points to is written over.
    let mut out = OpenOptions::new().write(true).create_new(true).open(&making).map_err(failed)?;
    let written = copy(file, source, &mut out).and_then(|sound| out.sync_all().map(|()| sound)).map_err(failed);
    let done = written.and_then(|sound| match sound {
        true if force => fs::rename(&making, target).map_err(failed),
        true => Ok(()),
        false => Err(CommandError::of(
            Kind::Verification,
            "the stored bytes were altered since they came; nothing was saved",
        )
        .hint("`counterpart doctor` says what else is damaged")),
    });
    if done.is_err() {
        // Half a file helps nobody.
        drop(fs::remove_file(&making));
    }
    done
}
