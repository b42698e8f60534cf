//! `counterpart import tickets`

use std::{
    collections::HashSet,
    fs::File,
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use counterpart_core::id::{CaseId, short_form};
use counterpart_node::{Desk, now};
use counterpart_words::tickets::{Planned, Taking, read, system_name};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::{
    confirm,
    error::{BadLine, CommandError, Done, Kind},
    render::line,
    session::{Session, typed},
    when,
    written::unreadable,
};

/// Bytes of one line.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Bad lines that are told one by one.
const TOLD: usize = 20;

/// Take over tickets of another system: a file with one ticket a line, as JSON
///
/// Each becomes a case that you open alone, you as the supplier, whoever asked as the customer, its messages as contacts at
/// the times at which they were. What is marked internal is kept for you and never sent. A ticket is taken over once, however
/// often its file is read. docs/operations.md says what a line holds.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file, or - for standard input with --dry-run
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the other system is called, in the cases and to programs
    #[arg(long, value_name = "NAME", default_value = "tickets")]
    system: String,
    /// What you are called in the cases [default: your name]
    #[arg(long = "as", value_name = "NAME")]
    own: Option<String>,
    /// The time zone that times in the cases are in, such as Europe/London [default: this machine's]
    #[arg(long)]
    zone: Option<String>,
    /// Show what would be signed, and sign nothing
    #[arg(long)]
    dry_run: bool,
    /// Take over the others where lines cannot be understood; those are named
    #[arg(long)]
    skip_bad: bool,
}

/// A line of the file that is to be taken over.
struct Wanted {
    line: u64,
    /// What tells whether it is still the line that was shown. Whoever delivers the file may want another to be signed.
    hash: [u8; 32],
}

/// What was found in the file.
#[derive(Default)]
struct Found {
    wanted: Vec<Wanted>,
    known: Vec<(String, CaseId)>,
    would: Vec<Json>,
    bad: Vec<BadLine>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    if args.file == Path::new("-") && !args.dry_run {
        return Err(CommandError::usage("what is taken over is read twice, so it must be a file")
            .hint("put it into a file first; - goes with --dry-run alone"));
    }
    let desk = session.desk()?;
    let zone = args.zone.clone().unwrap_or_else(when::system_zone);
    when::zone(&zone).map_err(|e| CommandError::usage(e.to_string()))?;
    let own = match &args.own {
        Some(own) => typed("the name", own.trim())?,
        None => desk.own_name()?.ok_or_else(|| {
            CommandError::usage("say what you are called in these cases").hint("--as \"Your company\"")
        })?,
    };
    let system = system_name(args.system.trim())?;
    let taking = Taking { system: &system, own: &own, zone: &zone, now: now() };
    if args.file != Path::new("-") {
        // Before anybody is asked anything.
        drop(File::open(&args.file).map_err(|why| unreadable(&args.file, &why))?);
    }
    if !args.dry_run && !session.yes && !session.terminal.can_ask() {
        return Err(CommandError::usage("nobody can be asked here, so nothing was signed")
            .hint("--dry-run shows what would be; --yes goes on without being asked"));
    }
    let found = look(session, &desk, args, taking)?;
    if !found.bad.is_empty() && !args.skip_bad && !args.dry_run {
        // They are the reason why nothing was done, so they are told under --quiet as well.
        tell_bad(&found.bad, |told| {
            if !session.terminal.json {
                session.terminal.always(told);
            }
        });
        return Err(CommandError::usage(format!(
            "{} cannot be understood, so nothing was taken over",
            count(found.bad.len(), "line")
        ))
        .hint("mend them, or take over the others with --skip-bad")
        .bad(found.bad));
    }
    tell_bad(&found.bad, |told| session.terminal.say(told));
    if args.dry_run {
        return told_dry(session, &found);
    }
    if !found.wanted.is_empty() {
        let asked = format!("All of the above, for {}.", count(found.wanted.len(), "ticket"));
        confirm::agree(session, &asked)?;
    }
    let taken = take(session, &desk, &args.file, taking, &found.wanted)?;
    if session.terminal.json {
        let of = |id: &String, case: &CaseId, outcome: &str| json!({"id": id, "case": case.to_hex(), "short": short_form(&case.0), "outcome": outcome});
        let known = found.known.iter().map(|(id, case)| of(id, case, "known"));
        let tickets: Vec<Json> = taken.iter().map(|(id, case)| of(id, case, "taken")).chain(known).collect();
        return session.terminal.json(&answer(&tickets, &found.bad));
    }
    session.terminal.say(&format!(
        "{} taken over, {} here already, {} left out.",
        count(taken.len(), "ticket"),
        found.known.len(),
        count(found.bad.len(), "line")
    ));
    Ok(())
}

fn answer(tickets: &[Json], bad: &[BadLine]) -> Json {
    json!({"schema": "counterpart/import-tickets/1", "tickets": tickets, "bad": bad})
}

/// Reads all of the file, and shows every word that would be signed.
fn look(session: &Session, desk: &Desk, args: &Args, taking: Taking<'_>) -> Done<Found> {
    let (mut found, mut ids) = (Found::default(), HashSet::new());
    each_line(&args.file, |number, text| {
        let planned = match text.and_then(|text| Planned::new(&read(&text)?, taking).map(|planned| (text, planned))) {
            Ok((_, planned)) if !ids.insert(planned.named.id.clone()) => {
                Err(format!("the id {} was in a line before", line(&planned.named.id)))
            }
            Ok(planned) => Ok(planned),
            Err(error) => Err(error.message),
        };
        let (text, planned) = match planned {
            Ok(planned) => planned,
            Err(why) => {
                found.bad.push(BadLine { line: number, why });
                return Ok(());
            }
        };
        let known = desk.with_store(|store| store.case_called(&planned.named.system, &planned.named.id));
        if let Some(case) = known.map_err(counterpart_node::DeskError::from)? {
            found.known.push((planned.named.id, case));
            return Ok(());
        }
        let full = planned.in_full(&planned.open(desk));
        let terminal = session.terminal;
        if args.dry_run && !terminal.json {
            terminal.data(&full)?;
        } else if args.dry_run {
            found.would.push(json!({"id": planned.named.id, "outcome": "would", "title": planned.title, "text": full}));
        } else if session.yes {
            terminal.say(&full);
        } else {
            terminal.always(&full);
        }
        found.wanted.push(Wanted { line: number, hash: hash(&text) });
        Ok(())
    })?;
    Ok(found)
}

fn told_dry(session: &Session, found: &Found) -> Done {
    if session.terminal.json {
        let known = found.known.iter().map(
            |(id, case)| json!({"id": id, "case": case.to_hex(), "short": short_form(&case.0), "outcome": "known"}),
        );
        let tickets: Vec<Json> = found.would.iter().cloned().chain(known).collect();
        session.terminal.json(&answer(&tickets, &found.bad))?;
    }
    session.terminal.say(&format!(
        "Nothing was signed. To be taken over: {}; here already: {}; not understood: {}.",
        count(found.wanted.len(), "ticket"),
        found.known.len(),
        count(found.bad.len(), "line")
    ));
    Ok(())
}

/// "1 ticket", "2 tickets".
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn tell_bad(bad: &[BadLine], tell: impl Fn(&str)) {
    for one in bad.iter().take(TOLD) {
        tell(&format!("line {}: {}", one.line, line(&one.why)));
    }
    if bad.len() > TOLD {
        tell(&format!("and {} more", count(bad.len() - TOLD, "line")));
    }
}

/// Reads the file again and takes over what was shown. What was taken over stays, should a later one fail: the next run
/// finds it.
fn take(
    session: &Session,
    desk: &Desk,
    file: &Path,
    taking: Taking<'_>,
    wanted: &[Wanted],
) -> Done<Vec<(String, CaseId)>> {
    let mut wanted = wanted.iter().peekable();
    let mut taken = Vec::new();
    each_line(file, |number, text| {
        let Some(next) = wanted.next_if(|next| next.line == number) else { return Ok(()) };
        let changed =
            || CommandError::failed(format!("line {number} is not what was shown; it and those after it were left"));
        let text = text.ok().filter(|text| hash(text) == next.hash).ok_or_else(changed)?;
        let planned = Planned::new(&read(&text)?, taking)?;
        let case = planned.take(desk, &planned.open(desk), now()).map_err(|error| {
            let error = CommandError::from(error);
            CommandError::of(error.kind, format!("line {number}: {}", error.message))
                .hint("what was taken over before it stays, and is left alone when the file is read again")
        })?;
        if !session.terminal.json {
            session.terminal.data(&format!("{} {}", line(&planned.named.id), short_form(&case.0)))?;
        }
        taken.push((planned.named.id, case));
        Ok(())
    })?;
    if wanted.peek().is_some() {
        return Err(CommandError::of(Kind::Failed, "the file is shorter than when it was shown; the rest was left"));
    }
    Ok(taken)
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Goes through the lines that have anything in them, numbered from 1. One that is too long or no text is told, not kept.
fn each_line(file: &Path, mut work: impl FnMut(u64, Done<String>) -> Done) -> Done {
    let failed = |e: std::io::Error| unreadable(file, &e);
    let mut reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(file).map_err(failed)?))
    };
    for number in 1.. {
        let mut bytes = Vec::new();
        if reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
            break;
        }
        let whole = bytes.last() == Some(&b'\n') || (bytes.len() as u64) < LONGEST;
        if !whole {
            skip_line(&mut reader).map_err(failed)?;
            work(number, Err(CommandError::usage(format!("it is longer than {} MiB", LONGEST / 1024 / 1024))))?;
            continue;
        }
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        match std::str::from_utf8(text) {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => work(number, Ok(text.trim().to_owned()))?,
            Err(_) => work(number, Err(CommandError::usage("it is not UTF-8 text")))?,
        }
    }
    Ok(())
}

/// Leaves the rest of a line.
fn skip_line(reader: &mut dyn BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not one by which two lines can be found that have the same.
    #[test]
    fn a_line_is_known_again_by_its_sha_256() {
        let hex: String = hash("abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
