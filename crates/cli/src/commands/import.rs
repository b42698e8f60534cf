//! `counterpart import`, and what `counterpart mail fetch` shares with it.

mod sorted;
mod tickets;

pub(crate) use sorted::{Sorted, take_waiting};

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use counterpart_mail::LARGEST;
use counterpart_node::Desk;
use serde_json::json;

use crate::{
    error::{CommandError, Done},
    render,
    session::Session,
};
use sorted::{Source, sort};

/// At most so many files of a folder.
const MOST: usize = 10_000;

/// Take a mail into its case: an .eml file, a folder of them, or one that waits
///
/// Drag a mail out of your mail program into a folder, or save it there: that makes an .eml file. Which case it belongs to is
/// found by the mail it answers, or by the case's tag in its subject; what fits nowhere is put aside. It becomes a contact by
/// e-mail, with the mail itself beside it, unchanged. The same mail is never taken in twice.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Files that end in .eml, a folder with such files, or the short name of a mail that waits
    #[arg(value_name = "FILE", required_unless_present = "unmatched")]
    files: Vec<PathBuf>,
    /// The case to put them into, whatever they say
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// List the mails that wait for you to say what they are
    #[arg(long, conflicts_with_all = ["files", "case"])]
    unmatched: bool,
    /// Throw away mails that wait; in your mailbox they stay
    #[arg(long, conflicts_with_all = ["case", "unmatched"])]
    drop: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Tickets(tickets::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    if let Some(What::Tickets(args)) = &args.what {
        return tickets::run(session, args);
    }
    let desk = session.desk()?;
    if args.unmatched {
        return sorted::list(session, &desk);
    }
    let case = args.case.as_deref().map(|typed| desk.resolve(typed)).transpose()?;
    let mut sources = Vec::new();
    for file in &args.files {
        sources_of(&desk, file, &mut sources)?;
    }
    if args.drop {
        return sorted::drop_them(session, &desk, &sources);
    }
    let (mut sorted, mut unread) = (Vec::new(), 0);
    for source in &sources {
        let bytes = read(source.path())?;
        match desk.examine_mail(&bytes) {
            Ok(found) => sorted.push(sort(session, &desk, source, &bytes, &found, case)?),
            Err(counterpart_node::PostError::Read(why)) => {
                unread += 1;
                session.terminal.always(&format!("{}: {why}", render::line(&source.path().display().to_string())));
                sorted.push(Sorted::unread(source, &why));
            }
            Err(other) => return Err(super::mail::failed(other)),
        }
    }
    if session.terminal.json {
        let mails: Vec<_> = sorted.iter().map(Sorted::as_json).collect();
        session.terminal.json(&json!({"schema": "counterpart/import/1", "mails": mails}))?;
    } else if sources.is_empty() {
        session.terminal.say("There is no file that ends in .eml.");
    }
    let no_room = sorted.iter().filter(|one| one.found_no_room()).count();
    if no_room > 0 {
        let why =
            format!("{no_room} of {} belong to no case by themselves, and no more can be put aside", sources.len());
        return Err(CommandError::failed(why)
            .hint("look at what waits (counterpart import --unmatched), or name their case: counterpart import FILE --case CASE"));
    }
    match unread {
        0 => Ok(()),
        n => Err(CommandError::failed(format!("{n} of {} could not be read as mails", sources.len()))),
    }
}

fn sources_of(desk: &Desk, file: &Path, into: &mut Vec<Source>) -> Done {
    let failed = |e: std::io::Error| CommandError::usage(format!("{}: {e}", file.display()));
    if file.is_dir() {
        let mut found = Vec::new();
        for entry in fs::read_dir(file).map_err(failed)?.take(MOST) {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("eml")) && path.is_file() {
                found.push(path);
            }
        }
        found.sort();
        into.extend(found.into_iter().map(Source::File));
        return Ok(());
    }
    if file.is_file() {
        into.push(Source::File(file.to_owned()));
        return Ok(());
    }
    let typed = file.to_string_lossy();
    if typed.len() >= 4 && typed.chars().all(|c| c.is_ascii_hexdigit()) {
        let waiting = desk.mail_aside().map_err(super::mail::failed)?;
        let mut fit = waiting.into_iter().filter(|one| render::hex(&one.sha256).starts_with(&typed.to_lowercase()));
        if let (Some(one), None) = (fit.next(), fit.next()) {
            into.push(Source::Waiting(Box::new(one)));
            return Ok(());
        }
    }
    Err(CommandError::usage(format!("there is no file {}", file.display()))
        .hint("mails that wait have short names: counterpart import --unmatched"))
}

/// A file, and no more of it than a mail may have.
fn read(path: &Path) -> Done<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|e| CommandError::usage(format!("{}: {e}", path.display())))?;
    Ok(bytes)
}
