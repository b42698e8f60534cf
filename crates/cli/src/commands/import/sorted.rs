//! What becomes of a mail: into a case, aside, or nothing because it is here already.

use std::{
    fs,
    path::{Path, PathBuf},
};

use counterpart_core::id::{CaseId, EntryId, short_form};
use counterpart_mail::ReadError;
use counterpart_node::{Aside, Desk, FitBy, Known, MailFinding, PostError, now};
use serde_json::{Value as Json, json};

use crate::{
    case::OpenCase,
    commands::mail::failed,
    confirm,
    error::{CommandError, Done},
    render,
    session::Session,
    when,
};

/// Where a mail lies.
pub(super) enum Source {
    File(PathBuf),
    Waiting(Box<Aside>),
}

impl Source {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Waiting(aside) => &aside.path,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Taken,
    /// These very bytes were here before.
    Known,
    /// It waits, because it fits no case or several.
    Unmatched,
    /// It waits, because another mail of that id is on record.
    OtherCopy,
    /// It waits, because somebody is to look at it first.
    Waiting,
    /// It would wait, but too many do.
    NoRoom,
    /// The person said no.
    Left,
    Unread,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Known => "known",
            Self::Unmatched => "unmatched",
            Self::OtherCopy => "other-copy",
            Self::Waiting => "waiting",
            Self::NoRoom => "no-room",
            Self::Left => "left",
            Self::Unread => "unread",
        }
    }
}

/// What became of a mail.
pub(crate) struct Sorted {
    outcome: Outcome,
    file: String,
    sha256: Option<[u8; 32]>,
    from: Option<String>,
    subject: String,
    date: Option<i64>,
    case: Option<CaseId>,
    entry: Option<EntryId>,
    why: Option<String>,
}

impl Sorted {
    fn of(source: &Source, found: &MailFinding, outcome: Outcome) -> Self {
        Self {
            outcome,
            file: source.path().display().to_string(),
            sha256: Some(found.file.sha256),
            from: found.mail.from.first().map(ToString::to_string),
            subject: found.mail.subject.clone(),
            date: found.mail.date,
            case: None,
            entry: None,
            why: None,
        }
    }

    pub(super) fn unread(source: &Source, why: &ReadError) -> Self {
        Self {
            outcome: Outcome::Unread,
            file: source.path().display().to_string(),
            sha256: None,
            from: None,
            subject: String::new(),
            date: None,
            case: None,
            entry: None,
            why: Some(why.to_string()),
        }
    }

    fn in_case(self, case: Option<CaseId>, entry: Option<EntryId>) -> Self {
        Self { case, entry, ..self }
    }

    /// Whether it would have been put aside, but for want of room.
    pub(super) fn found_no_room(&self) -> bool {
        matches!(self.outcome, Outcome::NoRoom)
    }

    /// Whether it waits for somebody to look at it.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.outcome, Outcome::Unmatched | Outcome::OtherCopy | Outcome::Waiting | Outcome::Left)
    }

    pub(crate) fn as_json(&self) -> Json {
        json!({
            "outcome": self.outcome.as_str(),
            "file": self.file,
            "sha256": self.sha256.map(|sha256| render::hex(&sha256)),
            "from": self.from,
            "subject": self.subject,
            "date": self.date,
            "case": self.case.map(|case| case.to_hex()),
            "entry": self.entry.map(|entry| entry.to_hex()),
            "why": self.why,
        })
    }
}

/// Shows a mail, asks, and takes it into its case, or says why not.
pub(super) fn sort(
    session: &Session,
    desk: &Desk,
    source: &Source,
    bytes: &[u8],
    found: &MailFinding,
    chosen: Option<CaseId>,
) -> Done<Sorted> {
    let terminal = session.terminal;
    let named = format!("\"{}\"{}", render::line(&found.mail.subject), from(found));
    let to_aside = |outcome: Outcome, why: &str| {
        if matches!(source, Source::File(_)) {
            match desk.put_mail_aside(bytes) {
                // The others of a folder may still find their cases.
                Err(PostError::AsideFull) => {
                    terminal
                        .always(&format!("{named}: {why}. There is no room to put it aside; it stays where it is."));
                    return Ok(Sorted::of(source, found, Outcome::NoRoom));
                }
                kept => kept.map_err(failed)?,
            };
        }
        terminal.always(&format!("{named}: {why}. It waits: counterpart import --unmatched"));
        Ok(Sorted::of(source, found, outcome))
    };
    match &found.known {
        Known::Same { case, entry } => {
            let place = case.map(|case| format!(" in {}", short_form(&case.0))).unwrap_or_default();
            terminal.say(&format!("{named}: here already{place}; nothing to do."));
            return Ok(Sorted::of(source, found, Outcome::Known).in_case(*case, *entry));
        }
        Known::SameId { case, .. } if chosen.is_none() => {
            let place = case.map(|case| format!(" in {}", short_form(&case.0))).unwrap_or_default();
            let why = format!("another mail that calls itself the same is known{place}, with other bytes");
            return to_aside(Outcome::OtherCopy, &why);
        }
        Known::SameId { .. } => {
            terminal.always(&format!(
                "{named}: a mail that calls itself the same is known, with other bytes. Look whether this is a second copy."
            ));
        }
        Known::No => {}
    }
    let Some(id) = chosen.or(found.fit.map(|fit| fit.case)) else {
        return to_aside(Outcome::Unmatched, "it answers no mail of a case and bears no case's tag");
    };
    if let (Some(chosen), Some(fit)) = (chosen, found.fit)
        && chosen != fit.case
    {
        terminal.always(&format!("{named}: by itself it belongs to {}.", short_form(&fit.case.0)));
    }
    let mut case = OpenCase::open(desk, &id.to_hex())?;
    let contact = desk.mail_contact(&case.record, found, now());
    desk.preview(&case.record, &contact, case.now).map_err(|e| crate::error::refused(&case, e))?;
    let strange = !found.own && !desk.mail_sender_known(&case.record, found)?;
    let tag_alone = chosen.is_none() && found.fit.is_some_and(|fit| fit.by == FitBy::Tag);
    let mut words = confirm::text(&case, std::slice::from_ref(&contact));
    words.push_str(&format!(
        "\nWith it goes the whole mail, {}: kept here, and sent to everybody in the case.\n",
        render::size(found.file.size)
    ));
    if !found.mail.left_out.is_empty() {
        words.push_str(&format!("Not shown above: {}.\n", found.mail.left_out.join("; ")));
    }
    if strange {
        let tag = if tag_alone {
            " The tag in its subject alone says that it belongs here, and anybody can write that."
        } else {
            ""
        };
        words.push_str(&format!("Note: it is from an address not seen before in this case.{tag} What a mail says of its sender is not proven.\n"));
    }
    match agreed(session, &words, strange && tag_alone)? {
        Answer::Yes => {}
        Answer::No => return Ok(Sorted::of(source, found, Outcome::Left).in_case(Some(id), None)),
        Answer::Nobody => {
            let why = "it bears the case's tag, but comes from an address not seen before in this case";
            return to_aside(Outcome::Waiting, why).map(|sorted| sorted.in_case(Some(id), None));
        }
    }
    let signed = match desk.take_mail(&id, &mut case.record, bytes, &contact, now()) {
        Ok(signed) => signed,
        Err(PostError::Known) => return Ok(Sorted::of(source, found, Outcome::Known).in_case(Some(id), None)),
        Err(other) => return Err(failed(other)),
    };
    if let Source::Waiting(aside) = source {
        // It is found to be known the next time, should this fail.
        drop(fs::remove_file(&aside.path));
    }
    let case = case.signed();
    let entry = signed.first().map(|signed| signed.id);
    if let Some(entry) = entry.filter(|_| !terminal.json) {
        terminal.data(&case.entry_name(&entry))?;
        let file = signed.get(1).map(|file| case.entry_name(&file.id)).unwrap_or_default();
        terminal.say(&format!(
            "Signed and stored as {}, the mail itself as {file}, in {}.",
            case.entry_name(&entry),
            case.short()
        ));
    }
    Ok(Sorted::of(source, found, Outcome::Taken).in_case(Some(id), entry))
}

enum Answer {
    Yes,
    No,
    /// Nobody is there to look, and it is to be looked at.
    Nobody,
}

/// Asks about one of perhaps many. With `--yes` nobody looks: what `doubtful` is, waits then.
fn agreed(session: &Session, words: &str, doubtful: bool) -> Done<Answer> {
    let terminal = session.terminal;
    if session.yes {
        terminal.say(words);
        return Ok(if doubtful { Answer::Nobody } else { Answer::Yes });
    }
    if !terminal.can_ask() {
        return Err(CommandError::usage("nobody can be asked here, so nothing was signed")
            .hint("add --yes to go on without being asked"));
    }
    terminal.always(words);
    let answer = terminal.ask("Take it in? [y/N]")?;
    Ok(if matches!(answer.to_lowercase().as_str(), "y" | "yes") { Answer::Yes } else { Answer::No })
}

/// Takes in what waits and fits: unasked where that was allowed, else after a question where somebody can be asked.
pub(crate) fn take_waiting(session: &Session, desk: &Desk) -> Done<Vec<Sorted>> {
    let terminal = session.terminal;
    let mut all = Vec::new();
    let waited = desk.mail_aside().map_err(failed)?;
    let taken = desk.take_waiting_mail(now()).map_err(failed)?;
    let still = desk.mail_aside().map_err(failed)?;
    for aside in waited {
        let Ok(found) = &aside.found else { continue };
        let found = (**found).clone();
        let source = Source::Waiting(Box::new(aside));
        if !still.iter().any(|one| one.sha256 == found.file.sha256) {
            let entry =
                desk.with_store(|store| store.mail(&found.file.sha256)).ok().flatten().and_then(|row| row.entry);
            let case = taken.iter().find(|(_, of)| Some(*of) == entry).map(|(case, _)| *case);
            if let (Some(case), false) = (case, terminal.json) {
                terminal.say(&format!(
                    "\"{}\": taken into {}.",
                    render::line(&found.mail.subject),
                    short_form(&case.0)
                ));
            }
            all.push(Sorted::of(&source, &found, Outcome::Taken).in_case(case, entry));
            continue;
        }
        let fits = found.fit.is_some() && found.known == Known::No;
        if fits && (session.yes || (terminal.can_ask() && !terminal.json)) {
            let bytes = super::read(source.path())?;
            all.push(sort(session, desk, &source, &bytes, &found, None)?);
        } else {
            let outcome = match (&found.known, found.fit) {
                (Known::SameId { .. }, _) => Outcome::OtherCopy,
                (_, Some(_)) => Outcome::Waiting,
                (_, None) => Outcome::Unmatched,
            };
            let case = found.fit.map(|fit| fit.case);
            all.push(Sorted::of(&source, &found, outcome).in_case(case, None));
        }
    }
    Ok(all)
}

/// Lists the mails that wait.
pub(super) fn list(session: &Session, desk: &Desk) -> Done {
    let waiting = desk.mail_aside().map_err(failed)?;
    let terminal = session.terminal;
    if terminal.json {
        let one = |aside: &Aside| {
            let found = aside.found.as_ref().ok();
            json!({
                "sha256": render::hex(&aside.sha256),
                "file": aside.path.display().to_string(),
                "size": aside.size,
                "from": found.and_then(|found| found.mail.from.first()).map(ToString::to_string),
                "subject": found.map(|found| found.mail.subject.clone()),
                "date": found.and_then(|found| found.mail.date),
                "fits": found.and_then(|found| found.fit).map(|fit| fit.case.to_hex()),
                "by": found.and_then(|found| found.fit).map(|fit| if fit.by == FitBy::Tag { "tag" } else { "thread" }),
                "other_copy": found.is_some_and(|found| matches!(found.known, Known::SameId { .. })),
                "why": aside.found.as_ref().err().map(ToString::to_string),
            })
        };
        let mails: Vec<_> = waiting.iter().map(one).collect();
        return terminal.json(&json!({"schema": "counterpart/unmatched/1", "mails": mails}));
    }
    if waiting.is_empty() {
        terminal.say("No mail waits.");
        return Ok(());
    }
    let zone = jiff::tz::TimeZone::system();
    for aside in &waiting {
        let name: String = render::hex(&aside.sha256).chars().take(8).collect();
        match &aside.found {
            Ok(found) => {
                let date = found.mail.date.map(|date| when::show_short(date, zone.iana_name().unwrap_or("UTC"), now()));
                let fits = match (&found.known, found.fit) {
                    (Known::SameId { .. }, _) => "another mail of this id is known".to_owned(),
                    (_, Some(fit)) => format!("for {}", short_form(&fit.case.0)),
                    (_, None) => "for no case by itself".to_owned(),
                };
                terminal.data(&format!(
                    "{name}  {}  \"{}\"{}  ({fits})",
                    date.unwrap_or_else(|| "no date".to_owned()),
                    render::line(&found.mail.subject),
                    from(found)
                ))?;
            }
            Err(why) => terminal.data(&format!("{name}  cannot be read: {why}"))?,
        }
    }
    terminal.say("Into a case: counterpart import NAME --case CASE. Away: counterpart import NAME --drop.");
    Ok(())
}

/// Throws away mails that wait.
pub(super) fn drop_them(session: &Session, desk: &Desk, sources: &[Source]) -> Done {
    let mut dropped = Vec::new();
    for source in sources {
        let Source::Waiting(aside) = source else {
            return Err(CommandError::usage(format!(
                "{} is a file of yours, not a mail that waits; nothing was thrown away",
                source.path().display()
            )));
        };
        dropped.push(aside);
    }
    for aside in &dropped {
        desk.drop_mail_aside(aside).map_err(failed)?;
    }
    if session.terminal.json {
        let names: Vec<_> = dropped.iter().map(|aside| render::hex(&aside.sha256)).collect();
        return session.terminal.json(&json!({"schema": "counterpart/import-drop/1", "dropped": names}));
    }
    session.terminal.say(&format!("{} thrown away here; in your mailbox nothing changed.", dropped.len()));
    Ok(())
}

fn from(found: &MailFinding) -> String {
    found.mail.from.first().map(|from| format!(" from {}", render::line(&from.to_string()))).unwrap_or_default()
}
