//! `counterpart take`

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use counterpart_core::{
    id::{EntryId, short_form},
    sync::{
        frame::Decline,
        post::{BEGINNING, PostError},
    },
};
use counterpart_mail::{Incoming, LARGEST};
use counterpart_node::{
    Desk, JoinAsked, MOST_POSTS, PostFile, PostOutcome, PostReport, RequestVerdict, TakenCase, now,
};
use serde_json::{Value as Json, json};

use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done, Kind},
    possible::refused,
    render::{self, line},
    session::Session,
};

/// How many moves of each side are told.
const MOVES: usize = 3;

/// Take in what the other side wrote with `counterpart post`, or a request to join that they wrote with `counterpart join`
///
/// Everything in a file is checked as if it had come over the network, and what was signed stays exactly as it was. Taking
/// the same file twice is harmless, and so is any order of several. Of a file that was cut off, what came whole stays. A
/// request to join is shown to you before you sign that they are let in.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The files, as they came; a mail that such a file came with may be given too, saved as .eml
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    if args.files.len() > MOST_POSTS {
        return Err(CommandError::usage(format!("at most {MOST_POSTS} files are taken in at once")));
    }
    if let Some(missing) = args.files.iter().find(|file| !file.is_file()) {
        return Err(CommandError::usage(format!("there is no file {}", missing.display())));
    }
    let files: Vec<PostFile> = args.files.iter().map(|file| source(file)).collect();
    let taken = desk.take_posts(&files, now())?;
    let mut told = Told { session, desk: &desk, cases: Vec::new(), requests: Vec::new(), failed: None };
    for case in &taken.cases {
        told.case(case)?;
    }
    for report in &taken.files {
        told.file(report)?;
    }
    if session.terminal.json {
        session.terminal.json(&json!({
            "schema": "counterpart/take/1",
            "files": taken.files.iter().map(file_as_json).collect::<Vec<_>>(),
            "cases": told.cases,
            "requests": told.requests,
        }))?;
    }
    told.failed.map_or(Ok(()), Err)
}

/// The file itself, or what came with a mail that was saved.
fn source(path: &Path) -> PostFile {
    let as_it_is = || PostFile::Path(path.to_owned());
    let mut bytes = Vec::new();
    let Ok(mut file) = File::open(path) else { return as_it_is() };
    let begun = file.by_ref().take(BEGINNING.len() as u64).read_to_end(&mut bytes);
    if begun.is_err() || bytes == BEGINNING {
        return as_it_is();
    }
    let whole = file.take(LARGEST as u64).read_to_end(&mut bytes);
    match whole.map(|_| Incoming::file_that_begins(&bytes, BEGINNING)) {
        Ok(Ok(Some(bytes))) => PostFile::Bytes { name: path.display().to_string(), bytes },
        _ => as_it_is(),
    }
}

struct Told<'a> {
    session: &'a Session,
    desk: &'a Desk,
    cases: Vec<Json>,
    requests: Vec<Json>,
    /// Why not everything could be taken in: the first reason.
    failed: Option<CommandError>,
}

impl Told<'_> {
    /// What came to a case, and what to do about it.
    fn case(&mut self, taken: &TakenCase) -> Done {
        let terminal = self.session.terminal;
        let record = self.desk.record(&taken.case)?;
        if record.graph().is_empty() {
            return Ok(());
        }
        let mut case = OpenCase::of_record(taken.case, record, self.desk.party(), now())?;
        case.author = Some(self.desk.author());
        let theirs: Vec<&EntryId> = taken.entries.iter().collect();
        self.cases.push(json!({
            "case": case.id.to_hex(),
            "short": case.short(),
            "title": case.title,
            "first": taken.first,
            "entries": theirs.iter().map(|id| id.to_hex()).collect::<Vec<_>>(),
            "receipts": taken.receipts,
            "joined": taken.joined.map(|id| id.to_hex()),
            "receipt_signed": taken.receipted,
            "forks": taken.forks,
            "used_elsewhere": taken.elsewhere,
        }));
        let count = match theirs.len() {
            0 => "nothing that was not here".to_owned(),
            1 => "1 new entry".to_owned(),
            n => format!("{n} new entries"),
        };
        let receipts = match taken.receipts {
            0 => String::new(),
            1 => ", 1 receipt".to_owned(),
            n => format!(", {n} receipts"),
        };
        if !terminal.json {
            terminal.data(&format!("{}: {count}{receipts}", case.short()))?;
        }
        if taken.elsewhere {
            terminal.always(&counterpart_node::DeskError::UsedElsewhere.to_string());
        }
        if taken.forks > 0 {
            terminal.always("A device signed two statements where one may stand: both are kept and shown.");
        }
        if let Some(joined) = &taken.joined {
            terminal.say(&format!(
                "You are in: {}. That you join was signed and stored as {}.",
                line(&case.title),
                case.entry_name(joined)
            ));
        }
        if !case.lens().joined(&case.own) {
            terminal.say("You were not let in yet, as far as this file shows.");
            return Ok(());
        }
        moves(&case).iter().for_each(|told| terminal.say(told));
        if taken.receipted {
            terminal.say("A receipt for what came was signed: it goes back with your answer.");
        }
        terminal.say(&format!("Your answer goes back by: counterpart post {}", case.short()));
        Ok(())
    }

    fn file(&mut self, report: &PostReport) -> Done {
        let name = line(&report.name);
        match &report.outcome {
            PostOutcome::Request(asked) => return self.request(&name, asked),
            PostOutcome::UnknownCase => {
                let case = report.head.as_ref().map(|head| short_form(&head.case.0)).unwrap_or_default();
                let why = format!(
                    "{name} is of the case {case}, which is not here, and to which you did not ask to be let in"
                );
                self.fail(CommandError::failed(why).hint(
                    "with the invitation they sent you: counterpart join LINK --file FILE, then give them that file; on a \
                     further machine of your own: counterpart follow",
                ));
            }
            PostOutcome::Unread(why) => {
                let kind = match why {
                    PostError::NotPost | PostError::Version | PostError::Io(_) => Kind::Usage,
                    _ => Kind::Failed,
                };
                self.fail(CommandError::of(kind, format!("{name}: {why}")));
            }
            PostOutcome::Read { wrong, refused, waiting, missing, held, broken, .. } => {
                if let Some(why) = refused.first() {
                    let why = render::visible(why);
                    let told = format!("{name}: something in it is refused: {why}. What stands before it was taken in");
                    self.fail(CommandError::of(Kind::Verification, told).hint(
                        "it was altered on its way, or made by a later version of the program: ask for it again",
                    ));
                }
                if !wrong.is_empty() {
                    let told =
                        format!("{name}: {} came with other bytes than the record names", some_files(wrong.len()));
                    self.fail(
                        CommandError::of(Kind::Verification, told).hint("it was not kept; ask for the file again"),
                    );
                }
                if *waiting > 0 || *held {
                    let how_many = if *held { "entries in it rest".to_owned() } else { some_entries(*waiting) };
                    let first = missing.first().map(|id| format!(" (the first of them: {})", short_form(&id.0)));
                    let told = format!(
                        "{name}: {how_many} on entries that are not here{}, so not all of it was taken in",
                        first.unwrap_or_default()
                    );
                    self.fail(CommandError::failed(told).hint(
                        "take in the files they wrote before this one, or ask them to write everything: counterpart post CASE \
                         --all",
                    ));
                }
                if let Some(why) = broken {
                    let told = format!("{name}: {why}. What came whole was taken in and stays");
                    self.fail(CommandError::failed(told).hint("ask them for the file again"));
                }
            }
        }
        Ok(())
    }

    /// Somebody asks to join: shows what would be signed, asks, and signs.
    fn request(&mut self, name: &str, asked: &JoinAsked) -> Done {
        let terminal = self.session.terminal;
        let short = short_form(&asked.case.0);
        let (party, seat, act) = match self.desk.examine_request(asked, now())? {
            RequestVerdict::Holds { party, seat, act } => (party, seat, act),
            RequestVerdict::LetInBefore { party, admit } => {
                let case = OpenCase::of_record(asked.case, self.desk.record(&asked.case)?, self.desk.party(), now())?;
                let who = case.party_label(&party);
                self.requests.push(json!({
                    "case": asked.case.to_hex(), "party": party.to_hex(), "admit": admit.to_hex(), "before": true,
                }));
                if !terminal.json {
                    terminal.data(&case.entry_name(&admit))?;
                }
                terminal.say(&format!("{who} was let in before, by {}.", case.entry_name(&admit)));
                terminal.say(&format!("What they lack is written by: counterpart post {short}"));
                return Ok(());
            }
            RequestVerdict::Not(reason) => {
                self.fail(CommandError::failed(format!("{name}: {}", declined(reason))).hint(instead(reason, &short)));
                return Ok(());
            }
        };
        let mut case = OpenCase::of_record(asked.case, self.desk.record_with(asked)?, self.desk.party(), now())?;
        case.author = Some(self.desk.author());
        self.desk.preview(&case.record, &act, now()).map_err(|e| refused(&case, &act, e))?;
        let label = case.seat_label(&seat);
        let text = format!(
            "{}\nWho asks holds your invitation and signs as the identity {}, check number {}.\nFrom then on they are given \
             everything in the case. Whether it is really {label}, only they can tell you: compare the check number by telephone.\n",
            confirm::text(&case, std::slice::from_ref(&*act)),
            short_form(&party.0),
            render::check_number(&party),
        );
        confirm::agree(self.session, &text)?;
        let signed = self.desk.let_in(asked, &party, &act, now()).map_err(|e| refused(&case, &act, e))?;
        let case = OpenCase::of_record(asked.case, self.desk.record(&asked.case)?, self.desk.party(), now())?;
        self.requests.push(json!({
            "case": asked.case.to_hex(), "party": party.to_hex(), "admit": signed.id.to_hex(), "before": false,
        }));
        if !terminal.json {
            terminal.data(&case.entry_name(&signed.id))?;
        }
        terminal.say(&format!("Signed and stored as {}: {label} is let in.", case.entry_name(&signed.id)));
        terminal.say(&format!("Write them the case, and give them the file: counterpart post {short}"));
        Ok(())
    }

    fn fail(&mut self, error: CommandError) {
        match &self.failed {
            // The first reason is the command's own; no other is lost.
            Some(_) => self.session.terminal.error(&error),
            None => self.failed = Some(error),
        }
    }
}

/// Whose move it is, a line each.
fn moves(case: &OpenCase) -> Vec<String> {
    let mut lines = Vec::new();
    for side in render::outlook(case, None) {
        let label = case.seat_label(&side.seat);
        let head = match (side.own, side.awaited.is_empty()) {
            (true, true) => "Nothing is waited for from you.".to_owned(),
            (true, false) => "Your move:".to_owned(),
            (false, true) => continue,
            (false, false) => format!("Waiting for {label}:"),
        };
        lines.push(head);
        let told = side.awaited.iter().take(MOVES);
        lines.extend(told.map(|awaited| format!("  {}", render::outlook::awaited_in_words(case, &awaited.waiting))));
        if side.awaited.len() > MOVES {
            lines.push(format!("  and {} more: counterpart next {}", side.awaited.len() - MOVES, case.short()));
        }
    }
    lines
}

fn some_entries(n: usize) -> String {
    if n == 1 { "1 entry in it rests".to_owned() } else { format!("{n} entries in it rest") }
}

fn some_files(n: usize) -> String {
    if n == 1 { "an attached file".to_owned() } else { format!("{n} attached files") }
}

fn declined(reason: Decline) -> &'static str {
    match reason {
        Decline::Expired => "the invitation that this request to join rests on expired",
        Decline::Used => "somebody else came in by the invitation that this request to join rests on",
        Decline::Revoked => "the invitation that this request to join rests on was taken back",
        Decline::Unknown => {
            "this request to join rests on no invitation made on this machine, or was altered on its way"
        }
        Decline::NotAgreed => {
            "everybody in the case has to agree before a further party is let in, and they have not yet"
        }
        Decline::Busy => "this request to join cannot be answered just now",
    }
}

fn instead(reason: Decline, short: &str) -> String {
    match reason {
        Decline::NotAgreed => format!("counterpart propose {short} --admit SEAT, then take this file in again"),
        Decline::Busy => "try again".to_owned(),
        Decline::Unknown => "take it in on the machine that made the invitation, or ask for the file again".to_owned(),
        Decline::Expired | Decline::Used | Decline::Revoked => {
            format!("counterpart invite {short} makes a new invitation, if you want one")
        }
    }
}

fn file_as_json(report: &PostReport) -> Json {
    let mut told = json!({
        "file": report.name,
        "case": report.head.as_ref().map(|head| head.case.to_hex()),
        "from": report.head.as_ref().map(|head| head.party.to_hex()),
        "whole": report.outcome.is_whole(),
    });
    let more = match &report.outcome {
        PostOutcome::Request(_) => json!({"content": "request"}),
        PostOutcome::UnknownCase => json!({"content": "case", "why": "unknown-case"}),
        PostOutcome::Unread(why) => json!({"content": null, "why": why.to_string()}),
        PostOutcome::Read { counts, files, wrong, refused, waiting, missing, held, broken } => json!({
            "content": "case",
            "key_events": counts.key_events,
            "entries": counts.entries,
            "values": counts.values,
            "receipts": counts.receipts,
            "addresses": counts.addresses,
            "files": files.iter().map(|file| render::hex(&file.sha256)).collect::<Vec<_>>(),
            "wrong_files": wrong.iter().map(|file| render::hex(&file.sha256)).collect::<Vec<_>>(),
            "refused": refused,
            "waiting": waiting,
            "missing": missing.iter().map(EntryId::to_hex).collect::<Vec<_>>(),
            "held": held,
            "why": broken.as_ref().map(ToString::to_string),
        }),
    };
    if let (Json::Object(told), Json::Object(more)) = (&mut told, more) {
        told.extend(more);
    }
    told
}
