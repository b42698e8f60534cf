//! Taking a message into a case: as a contact by e-mail, with the message itself beside it as it came.

use std::{fs, path::Path};

use counterpart_core::{
    act::{Act, Contact, Role},
    attachment::{FileRef, MAX_PARTY},
    id::{CaseId, EntryId},
    record::{Record, Signed},
    sync::post::BEGINNING,
    text,
    value::{Sealable, Seat},
};
use counterpart_mail::{Address, Incoming, LARGEST, ReadError};
use counterpart_store::{MailRow, NotebookRow, Reads, StoreError};
use data_encoding::HEXLOWER;

use super::{
    Fit, FitBy, PostError,
    fit::{fit, reference_of},
};
use crate::{
    desk::Desk,
    error::DeskError,
    home::write_private,
    post_file::{PostFile, PostOutcome},
    random::random,
};

/// The kind of this module's rows in the notebook: cases whose mail is taken in unasked.
const CONSENT: &str = "mail";
const LONGEST_SUMMARY: usize = 1500;
const LONGEST_PERSON: usize = 120;
/// A message that says it is older than this says so by mistake, or to mislead.
const OLDEST: i64 = 3 * 366 * 24 * 3600 * 1000;
/// Clocks differ.
const AHEAD: i64 = 10 * 60 * 1000;

/// Whether a message is here already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    No,
    /// These very bytes, or a copy of what was sent from here.
    Same {
        case: Option<CaseId>,
        entry: Option<EntryId>,
    },
    /// Another message calls itself the same.
    SameId {
        case: Option<CaseId>,
        entry: Option<EntryId>,
    },
}

/// A message, and what is known of it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFinding {
    pub file: FileRef,
    pub mail: Incoming,
    pub known: Known,
    pub fit: Option<Fit>,
    /// Whether it comes from the person's own address.
    pub own: bool,
}

impl MailFinding {
    /// The address it claims to come from.
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        self.mail.from.first().map(|from| from.email.as_str())
    }
}

/// Whether a message claims to come from this address.
pub(super) fn is_from(mail: &Incoming, own: Option<&str>) -> bool {
    own.is_some_and(|own| mail.from.first().is_some_and(|from| from.email.eq_ignore_ascii_case(own)))
}

/// `own` is whether it claims to come from the person's own address.
pub(super) fn known(reads: &Reads, sha256: &[u8; 32], mail: &Incoming, own: bool) -> Result<Known, StoreError> {
    if let Some(row) = reads.mail(sha256)? {
        return Ok(Known::Same { case: row.case, entry: row.entry });
    }
    let Some(id) = &mail.message_id else { return Ok(Known::No) };
    let Some(MailRow { case, entry, out, .. }) = reads.mails_called(id)?.into_iter().next() else {
        return Ok(Known::No);
    };
    // On its way to a mailbox a mail gets lines that it did not have when it was sent.
    Ok(if out && own { Known::Same { case, entry } } else { Known::SameId { case, entry } })
}

impl Desk {
    /// Reads a message, and finds out what is known of it here. Nothing is changed.
    ///
    /// # Errors
    /// When it is no message, or the store cannot be read.
    pub fn examine_mail(&self, bytes: &[u8]) -> Result<MailFinding, PostError> {
        let mail = Incoming::read(bytes)?;
        let file = FileRef::of(bytes);
        let own = self.mail_settings().ok().flatten().map(|settings| settings.own);
        let own = is_from(&mail, own.as_ref().map(Address::email));
        let (known, fit) = self
            .with_store(|store| Ok::<_, StoreError>((known(store, &file.sha256, &mail, own)?, fit(store, &mail)?)))?;
        Ok(MailFinding { file, mail, known, fit, own })
    }

    /// Whether the sender's address is known in a case: from an earlier mail in it, or as somebody's of the other side.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn mail_sender_known(&self, record: &Record, found: &MailFinding) -> Result<bool, DeskError> {
        let Some(from) = found.from() else { return Ok(false) };
        let same = |text: &str| text.trim().eq_ignore_ascii_case(from);
        let graph = record.graph();
        for ix in graph.all() {
            if let Act::Contact(contact) = record.laid_open(ix)
                && contact.number.as_ref().and_then(Sealable::open).is_some_and(same)
            {
                return Ok(true);
            }
        }
        let Some(case) = record.case() else { return Ok(false) };
        Ok(self.people_of(&case)?.iter().any(|person| person.email.as_deref().is_some_and(same)))
    }

    /// The act by which a message is noted in a case; show it before [`Desk::take_mail`] signs it.
    #[must_use]
    pub fn mail_contact(&self, record: &Record, found: &MailFinding, now: i64) -> Act {
        let mail = &found.mail;
        let other = if found.own { mail.to.first() } else { mail.from.first() };
        let person = other.map(|other| other.name.clone().unwrap_or_else(|| other.email.clone()));
        let plausible = |date: &i64| (now - OLDEST..=now + AHEAD).contains(date);
        Act::Contact(Contact {
            channel: "e-mail".to_owned(),
            direction: if found.own { "out" } else { "in" }.to_owned(),
            started: mail.date.filter(plausible).map_or(now, |date| date.min(now)),
            seconds: None,
            waited: None,
            seat: self.other_seat(record),
            person: person
                .map(|person| signable(&person, LONGEST_PERSON))
                .filter(|p| !p.is_empty())
                .map(Sealable::Open),
            number: other.map(|other| signable(&other.email, 254)).filter(|e| !e.is_empty()).map(Sealable::Open),
            reference: reference_of(&mail.subject).map(|reference| Sealable::Open(signable(&reference, 40))),
            summary: Sealable::Open(summary(mail)),
            menu: Vec::new(),
        })
    }

    /// The one other side, where there is one only.
    fn other_seat(&self, record: &Record) -> Option<Seat> {
        let (view, own) = (record.view()?, self.party());
        let mut others = view
            .seats
            .iter()
            .filter(|seat| !seat.parties.contains(&own) && !matches!(seat.role, Role::Observer | Role::Arbiter));
        let first = others.next()?;
        others.next().is_none().then_some(first.seat)
    }

    /// Signs that a message came in, keeps the message beside it, and remembers it as known: all of that or nothing.
    /// `contact` is the act from [`Desk::mail_contact`], as it was shown. Gives the contact and what names the message.
    ///
    /// # Errors
    /// [`PostError::Known`] when somebody else took it in meanwhile; otherwise why it was not signed.
    pub fn take_mail(
        &self,
        case: &CaseId,
        record: &mut Record,
        bytes: &[u8],
        contact: &Act,
        now: i64,
    ) -> Result<Vec<Signed>, PostError> {
        if bytes.len() > LARGEST {
            return Err(ReadError::Large.into());
        }
        let mail = Incoming::read(bytes)?;
        let file = FileRef::of(bytes);
        // The case knows as well: after a restore nothing else does.
        if record.names_file(&file) || self.with_store(|store| store.mail(&file.sha256))?.is_some() {
            return Err(PostError::Known);
        }
        self.room_for(record, &file)?;
        // Durable before what names it is signed.
        // Several processes may do this at once.
        let copy = self.home().join(format!("mail-{}.new", HEXLOWER.encode(&random::<8>())));
        let failed = |e: std::io::Error| DeskError::File { path: copy.clone(), why: e.to_string() };
        write_private(&copy, bytes).map_err(failed)?;
        let kept = self.keep_file(case, &file, &copy);
        drop(fs::remove_file(&copy));
        kept?;
        let held: Vec<FileRef> = record.files().copied().chain([file]).collect();
        record.set_files(held);
        let name = file_name(&mail);
        let next = |signed: &[Signed]| match signed {
            [] => Some(contact.clone()),
            [contact] => Some(Act::Attach {
                sha256: file.sha256,
                size: i64::try_from(file.size).unwrap_or(i64::MAX),
                name: Sealable::Open(name.clone()),
                media: Some("message/rfc822".to_owned()),
                about: Some(contact.id),
            }),
            _ => None,
        };
        let mut raced = false;
        let signed = self.sign_together(
            case,
            record,
            next,
            |txn, signed| {
                let entry = signed.first().map(|signed| signed.id);
                let message_id = mail.message_id.clone();
                let row = MailRow { sha256: file.sha256, message_id, out: false, case: Some(*case), entry, at: now };
                raced = !txn.insert_mail(&row)?;
                if raced { Err(DeskError::MailKnown) } else { Ok(()) }
            },
            now,
        );
        signed.map_err(|e| if raced { PostError::Known } else { e.into() })
    }

    /// Others fetch no more than a certain sum of one side's files unasked.
    fn room_for(&self, record: &Record, file: &FileRef) -> Result<(), DeskError> {
        let own = self.party();
        let mut ours: Vec<FileRef> = Vec::new();
        for attachment in record.attachments() {
            if record.graph().statement(attachment.entry).party == own && !ours.contains(&attachment.named.file) {
                ours.push(attachment.named.file);
            }
        }
        let all: u64 = ours.iter().map(|file| file.size).sum();
        if all.saturating_add(file.size) > MAX_PARTY {
            Err(DeskError::TooManyFiles { most: MAX_PARTY })
        } else {
            Ok(())
        }
    }

    /// Whether mail that belongs to a case is taken into it unasked.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn takes_mail_unasked(&self, case: &CaseId) -> Result<bool, DeskError> {
        let rows = self.with_store(|store| store.notes_of_case(*case))?;
        Ok(rows.iter().any(|row| row.kind == CONSENT))
    }

    /// Lets mail that belongs to a case be taken into it unasked, or no longer. A tag alone, in a mail from an address
    /// that the case does not know, never counts for that.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn take_mail_unasked(&self, case: &CaseId, unasked: bool, now: i64) -> Result<(), DeskError> {
        let id = self.draw();
        self.with_store(|store| {
            store.write(|txn| {
                for row in txn.notes_of_case(*case)?.iter().filter(|row| row.kind == CONSENT) {
                    txn.delete_note(&row.id)?;
                }
                if unasked {
                    let body = "{\"take_in\":true}".to_owned();
                    let kind = CONSENT.to_owned();
                    txn.put_note(&NotebookRow { id, kind, case: Some(*case), whom: None, body, written_at: now })?;
                }
                Ok(())
            })
        })
    }

    /// Takes in what waits and may be taken in unasked. Gives the cases it went to, one for each mail.
    ///
    /// # Errors
    /// When the store cannot be read; a single mail that is refused waits on.
    pub fn take_waiting_mail(&self, now: i64) -> Result<Vec<(CaseId, EntryId)>, PostError> {
        let mut taken = Vec::new();
        for aside in self.mail_aside()? {
            let Ok(found) = &aside.found else { continue };
            if let Some(file) = posted(found, &aside.path) {
                // What the other side wrote for us is taken in as if it had come over the network, and is no contact. What
                // waits for a person's yes, or has a gap, waits.
                let came = self.take_posts(&[file], now)?;
                if came
                    .files
                    .iter()
                    .all(|file| matches!(file.outcome, PostOutcome::Read { .. }) && file.outcome.is_whole())
                {
                    drop(fs::remove_file(&aside.path));
                }
                taken.extend(came.cases.iter().filter_map(|case| Some((case.case, *case.entries.first()?))));
                continue;
            }
            let Some(fit) = found.fit.filter(|_| found.known == Known::No) else { continue };
            if !self.takes_mail_unasked(&fit.case)? {
                continue;
            }
            let mut record = self.record(&fit.case)?;
            if fit.by == FitBy::Tag && !self.mail_sender_known(&record, found)? {
                continue;
            }
            let Ok(bytes) = fs::read(&aside.path) else { continue };
            let contact = self.mail_contact(&record, found, now);
            match self.take_mail(&fit.case, &mut record, &bytes, &contact, now) {
                Ok(signed) => {
                    // It is found to be known the next time, should this fail.
                    drop(fs::remove_file(&aside.path));
                    taken.extend(signed.first().map(|signed| (fit.case, signed.id)));
                }
                Err(PostError::Desk(DeskError::UsedElsewhere)) => return Err(DeskError::UsedElsewhere.into()),
                Err(_) => {}
            }
        }
        Ok(taken)
    }
}

/// The file of `counterpart post` that came with a mail, if one did.
fn posted(found: &MailFinding, path: &Path) -> Option<PostFile> {
    let files = &found.mail.attachments;
    let name = files.first().map(|file| file.name.clone())?;
    let bytes = Incoming::file_that_begins(&fs::read(path).ok()?, BEGINNING).ok().flatten()?;
    Some(PostFile::Bytes { name, bytes })
}

/// A text of strangers made fit for signing.
fn signable(line: &str, longest: usize) -> String {
    let text: String = text::normalise(line).chars().take(longest).collect();
    // What the reader of mails lets through may be signed; should that ever change, nothing is signed unseen.
    if text::check(&text).is_ok() { text.trim().to_owned() } else { text::visible_line(&text).into_owned() }
}

/// What a mail says, in short: its subject, what was written anew in it, and the names of its files.
fn summary(mail: &Incoming) -> String {
    let mut out = String::new();
    if !mail.subject.is_empty() {
        out.push_str(&mail.subject);
        out.push_str("\n\n");
    }
    let text = written_anew(&mail.text);
    let text = if text.is_empty() { mail.text.trim() } else { text.as_str() };
    let mut short: String = text.chars().take(LONGEST_SUMMARY).collect();
    if short.len() < text.len() {
        short.push_str(" […]");
    }
    out.push_str(if short.is_empty() { "(no text)" } else { &short });
    if !mail.attachments.is_empty() {
        let names: Vec<&str> = mail.attachments.iter().map(|file| file.name.as_str()).take(10).collect();
        let more = if mail.attachments.len() > names.len() { ", …" } else { "" };
        out.push_str(&format!("\n\nFiles in it: {}{more}", names.join(", ")));
    }
    signable(&out, LONGEST_SUMMARY + 2500)
}

/// Without what it quotes, and without the signature below it.
fn written_anew(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for line in text.lines() {
        if line == "--" || line == "-- " {
            break;
        }
        if line.starts_with('>') {
            // The line that says whom it quotes goes with it.
            while kept.last().is_some_and(|last| last.trim().is_empty()) {
                kept.pop();
            }
            if kept.last().is_some_and(|last| last.trim_end().ends_with(':')) {
                kept.pop();
            }
            continue;
        }
        kept.push(line);
    }
    kept.join("\n").trim().to_owned()
}

fn file_name(mail: &Incoming) -> String {
    let fit = |c: char| if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_') { Some(c) } else { None };
    let subject: String = mail.subject.chars().filter_map(fit).take(60).collect();
    let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    signable(&format!("{}.eml", if subject.is_empty() { "mail" } else { &subject }), 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_what_was_written_anew() {
        let mail = |subject: &str, text: &str| Incoming {
            subject: subject.to_owned(),
            text: text.to_owned(),
            ..Incoming::default()
        };
        let answer = "We will come on Monday.\n\nOn 3 May Ada wrote:\n\n> When do you come?\n> Ada\n-- \nAcme Ltd";
        assert_eq!(summary(&mail("Re: washer", answer)), "Re: washer\n\nWe will come on Monday.");
        assert_eq!(summary(&mail("", "> all is quoted\n")), "> all is quoted");
        assert_eq!(summary(&mail("", "")), "(no text)");
        assert!(summary(&mail("", &"long ".repeat(2000))).ends_with("[…]"));
        assert_eq!(file_name(&mail("Re: [K7F2-Q9XA-3] ../../etc/passwd", "")), "Re K7F2-Q9XA-3 etcpasswd.eml");
        assert_eq!(file_name(&mail("", "")), "mail.eml");
    }
}
