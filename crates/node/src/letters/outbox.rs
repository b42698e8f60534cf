//! The outbox: letters that may go out do, each taken by one process at a time.

use std::time::{Duration, Instant};

use counterpart_core::id::{CaseId, short_form};
use counterpart_mail::{Address, Outgoing, SendError, Sent, Server, send};
use counterpart_process::rule::Whom;
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::{
    Channel,
    letter::{Letter, LetterKind, LetterState},
    notice::{Notice, show_notice},
    plan::{AFTER_TROUBLE, PLAN, over, thread},
};
use crate::{desk::Desk, error::DeskError, post::sent_row};

/// How long a letter that was handed to a mail server belongs to whoever handed it over, in milliseconds. After that it was
/// a machine that died, and the letter is handed over once more.
pub(super) const LEASE: i64 = 10 * 60 * 1000;

/// Cases are looked at for so long in one go.
const AT_ONCE: Duration = Duration::from_millis(150);

const FIRST_WAIT: i64 = 60 * 1000;
const LONGEST_WAIT: i64 = 12 * 60 * 60 * 1000;

/// How long to wait after so many failures in a row, in milliseconds: a minute, then twice as long each time, up to half
/// a day.
#[must_use]
pub fn wait_after(tries: u32) -> i64 {
    FIRST_WAIT.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(LONGEST_WAIT)
}

/// What became of a letter, to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// It was composed, and waits for a person's yes.
    Waits(Letter),
    /// It is for the person themselves.
    Notice {
        letter: Letter,
        shown: bool,
    },
    Sent(Letter),
    /// It was not taken just now, and is tried again.
    Later {
        letter: Letter,
        why: String,
    },
    /// It is given up.
    Failed {
        letter: Letter,
        why: String,
    },
    /// Something could not be composed.
    Problem {
        case: CaseId,
        why: String,
    },
}

impl Posted {
    /// One line for a person watching the node.
    #[must_use]
    pub fn line(&self) -> String {
        let short = |case: &CaseId| short_form(&case.0);
        let named = |letter: &Letter| match letter.kind() {
            LetterKind::Thanks => format!("{}: thanks to {}", short(&letter.case), letter.person().unwrap_or("them")),
            LetterKind::Reminder | LetterKind::Notice => {
                format!("{}: reminder of {}", short(&letter.case), letter.about_name())
            }
        };
        match self {
            Self::Waits(letter) => {
                format!("{} waits for your yes: counterpart reminders send {}", named(letter), short(&letter.case))
            }
            Self::Notice { letter, .. } => format!("{}: for you: {}", short(&letter.case), letter.text()),
            Self::Sent(letter) => {
                let by = letter.by().map(Channel::in_words).unwrap_or_default();
                let to =
                    if letter.to().is_empty() { String::new() } else { format!(", to {}", letter.to().join(", ")) };
                format!("{} sent {by}{to}", named(letter))
            }
            Self::Later { letter, why } => format!("{} not sent yet: {why}; it is tried again", named(letter)),
            Self::Failed { letter, why } => format!("{} NOT sent: {why}", named(letter)),
            Self::Problem { case, why } => format!("{}: {why}", short(case)),
        }
    }
}

/// A message on its way to a mail server. It is noted as under way before this is made.
#[derive(Debug)]
pub struct Parcel {
    letter: Letter,
    outgoing: Outgoing,
    server: Server,
}

impl Parcel {
    #[must_use]
    pub fn letter(&self) -> &Letter {
        &self.letter
    }

    #[must_use]
    pub fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }

    /// Hands it to the mail server; blocks for at most the server's patience.
    ///
    /// # Errors
    /// Why the server did not take it.
    pub fn send(&self) -> Result<Sent, SendError> {
        send(&self.server, &self.outgoing)
    }
}

impl Desk {
    /// Sees to all that is due by now but mail: looks at cases, sends to nodes, shows notices. Gives what became of it,
    /// and the first letter to hand to a mail server, which is noted as under way: send it, then tell
    /// [`Desk::parcel_done`], then call this again. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A damaged, full or busy store. What concerns one case alone is among what is told.
    pub fn post(&self, now: i64) -> Result<(Vec<Posted>, Option<Parcel>), DeskError> {
        let mut told = Vec::new();
        let began = Instant::now();
        for row in self.with_store(|store| store.letters_to_try(now))?.into_iter().filter(|row| row.state == PLAN) {
            // Whoever runs the event loop has other things to do as well; the rest has its turn with the next look.
            if began.elapsed() > AT_ONCE {
                break;
            }
            match self.look_at(&row.case, now) {
                Ok(looked) => {
                    let waits = looked.new.into_iter().filter(|letter| letter.state == LetterState::Waiting);
                    told.extend(waits.map(Posted::Waits));
                    let problems = looked.outlook.map(|outlook| outlook.problems).unwrap_or_default();
                    told.extend(problems.into_iter().map(|why| Posted::Problem { case: row.case, why }));
                }
                Err(why @ (DeskError::Store(_) | DeskError::UsedElsewhere)) => return Err(why),
                Err(why) => {
                    self.look_later(row.case, now)?;
                    told.push(Posted::Problem { case: row.case, why: why.to_string() });
                }
            }
        }
        let due = self.with_store(|store| store.letters_to_try(now))?;
        for letter in due.into_iter().filter_map(Letter::read) {
            match self.take(letter.clone(), now, false) {
                Ok(Taken::Parcel(parcel)) => return Ok((told, Some(*parcel))),
                Ok(Taken::Told(posted)) => told.push(posted),
                Ok(Taken::Nothing) => {}
                Err(why @ (DeskError::Store(_) | DeskError::UsedElsewhere)) => return Err(why),
                Err(why) => {
                    let waits = Letter { next_try: Some(now.saturating_add(AFTER_TROUBLE)), ..letter };
                    self.moved(&waits, waits.clone())?;
                    told.push(Posted::Problem { case: waits.case, why: why.to_string() });
                }
            }
        }
        Ok((told, None))
    }

    /// When something is to be done about letters next, Unix milliseconds.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn next_post(&self) -> Result<Option<i64>, DeskError> {
        Ok(self.with_store(|store| store.next_letter_try())?)
    }

    /// One letter.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn letter(&self, id: &[u8; 16]) -> Result<Option<Letter>, DeskError> {
        Ok(self.with_store(|store| store.letter(id))?.and_then(Letter::read))
    }

    /// A person's yes to one letter, as it was shown to them, and a way for it to go. Gives it as it is then; nothing if it
    /// changed meanwhile.
    ///
    /// # Errors
    /// A full or failing store.
    pub fn allow_letter(
        &self,
        letter: &Letter,
        by: Channel,
        to: &[Address],
        now: i64,
    ) -> Result<Option<Letter>, DeskError> {
        let earlier = self.with_store(|store| thread(store, letter.case))?;
        let mut allowed = letter.clone();
        allowed.state = LetterState::Allowed;
        allowed.next_try = Some(now);
        allowed.body.by = Some(by);
        allowed.body.standing = false;
        allowed.body.tries = 0;
        allowed.body.error = None;
        allowed.body.to = if by == Channel::Email { to.iter().map(ToString::to_string).collect() } else { Vec::new() };
        allowed.body.thread = if by == Channel::Email { earlier } else { Vec::new() };
        self.moved(letter, allowed)
    }

    /// A letter is not to be sent. Gives whether it was still to be.
    ///
    /// # Errors
    /// A full or failing store.
    pub fn skip_letter(&self, letter: &Letter) -> Result<bool, DeskError> {
        let mut skipped = over(letter, "you did not want it sent");
        skipped.state = LetterState::Skipped;
        Ok(self.moved(letter, skipped)?.is_some())
    }

    /// A letter lies as a draft in a file, for the person to send.
    ///
    /// # Errors
    /// A full or failing store.
    pub fn letter_drafted(&self, letter: &Letter, file: &str) -> Result<Option<Letter>, DeskError> {
        let mut draft = letter.clone();
        draft.state = LetterState::Draft;
        draft.next_try = None;
        draft.body.by = Some(Channel::Draft);
        draft.body.draft = Some(file.to_owned());
        self.moved(letter, draft)
    }

    /// The message of a letter, as a mail program opens it. Without mail set up the sender is left for that to fill in.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn letter_as_mail(&self, letter: &Letter, to: &[Address]) -> Result<Outgoing, DeskError> {
        let settings = self.mail_settings()?;
        let nobody = || Address::new(None, "nobody@mail.invalid").expect("an address");
        let earlier = self.with_store(|store| thread(store, letter.case))?;
        let references = earlier;
        Ok(Outgoing {
            from: settings.map_or_else(nobody, |settings| settings.own),
            to: to.to_vec(),
            subject: letter.subject().to_owned(),
            text: letter.text().to_owned(),
            message_id: letter.message_id().to_owned(),
            in_reply_to: references.last().cloned(),
            references,
            date: letter.body.composed,
            reply_to: None,
        })
    }

    /// Sends one letter that a person said yes to now, whatever the hour.
    ///
    /// # Errors
    /// When it cannot be sent at all, or the store fails.
    pub fn send_letter(&self, letter: Letter, now: i64) -> Result<Posted, DeskError> {
        let id = letter.id;
        match self.take(letter, now, true)? {
            Taken::Parcel(parcel) => {
                let outcome = parcel.send();
                self.parcel_done(*parcel, outcome, now)
            }
            Taken::Told(posted) => Ok(posted),
            Taken::Nothing => {
                let gone = || DeskError::Text("the letter is not there any more".to_owned());
                let letter = self.letter(&id)?.ok_or_else(gone)?;
                let why = format!(
                    "it is {} now: another process was faster, or there is no more reason",
                    letter.state.as_str()
                );
                Ok(Posted::Failed { letter, why })
            }
        }
    }

    /// A letter that the person says they sent themselves goes on record.
    ///
    /// # Errors
    /// Why that was not signed.
    pub fn letter_sent_by_hand(&self, letter: Letter, now: i64) -> Result<Posted, DeskError> {
        self.note_sent(letter, now, None)
    }

    /// Takes a letter that is due: sends it to a node, shows it, or gives what to hand to a mail server.
    fn take(&self, letter: Letter, now: i64, whatever_the_hour: bool) -> Result<Taken, DeskError> {
        if !matches!(letter.state, LetterState::Allowed | LetterState::Sending) {
            return Ok(Taken::Nothing);
        }
        let sending = letter.state == LetterState::Sending;
        let looked = self.look_at(&letter.case, now)?;
        let Some(outlook) = looked.outlook else {
            return if sending { self.hand_over(letter, now) } else { Ok(Taken::Nothing) };
        };
        let letter = if sending {
            // It may have reached the mail server: it goes on as it is.
            letter
        } else {
            // The record may have changed since it was allowed.
            let still = outlook.letters.into_iter().find(|l| l.id == letter.id);
            let Some(letter) = still.filter(|l| l.state == LetterState::Allowed) else { return Ok(Taken::Nothing) };
            letter
        };
        let whom = if letter.kind() == LetterKind::Notice { Whom::Me } else { Whom::Them };
        let at = Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH);
        if !whatever_the_hour && !outlook.calendar.allows(at, whom) {
            let later = outlook.calendar.allowed(at, whom).map(|(at, _)| at.as_millisecond());
            let waits = Letter { next_try: later, ..letter };
            self.moved(&waits, waits.clone())?;
            return Ok(Taken::Nothing);
        }
        if sending { self.hand_over(letter, now) } else { self.take_allowed(letter, now) }
    }

    fn take_allowed(&self, letter: Letter, now: i64) -> Result<Taken, DeskError> {
        match letter.by() {
            Some(Channel::Email) => self.hand_over(letter, now),
            Some(Channel::Node) => self.note_sent(letter, now, None).map(Taken::Told),
            Some(Channel::Notice) => {
                // Shown before it is noted: rather twice than never.
                let wanted = self.consents(&letter.case)?.iter().any(|consent| consent.by == Channel::Notice);
                let notice = Notice { title: letter.subject().to_owned(), body: letter.text().to_owned() };
                let shown = wanted && show_notice(&notice);
                let mut seen = letter.clone();
                seen.state = LetterState::Sent;
                seen.next_try = None;
                seen.body.sent = Some(now);
                let moved = self.moved(&letter, seen)?;
                Ok(moved.map_or(Taken::Nothing, |letter| Taken::Told(Posted::Notice { letter, shown })))
            }
            Some(Channel::Draft) | None => Ok(Taken::Nothing),
        }
    }

    /// Notes a letter as under way to a mail server. One that is under way already is taken over only when whoever had it
    /// has had time enough.
    fn hand_over(&self, letter: Letter, now: i64) -> Result<Taken, DeskError> {
        let ready = self.mail_settings().and_then(|settings| match settings {
            Some(settings) => Ok(settings.sending()?.map(|server| (settings.own, server))),
            None => Ok(None),
        });
        let (from, server) = match ready {
            Ok(Some(ready)) => ready,
            Ok(None) => {
                let why = "no mail server to send by is set up here: `counterpart mail set` does that";
                return self.put_off(letter, now, why).map(Taken::Told);
            }
            Err(why) => return self.put_off(letter, now, &why.to_string()).map(Taken::Told),
        };
        if letter.state == LetterState::Allowed {
            // What could not go on record afterwards is not sent.
            let record = self.record(&letter.case)?;
            let refused = letter.act().and_then(|act| self.preview(&record, &act, now).err());
            if let Some(why) = refused {
                // A home that may sign no more says so until it may again; the letter waits.
                let put = match why {
                    DeskError::UsedElsewhere => self.put_off(letter, now, &why.to_string()),
                    _ => self.give_up(letter, &why.to_string()),
                };
                return put.map(Taken::Told);
            }
        }
        let to: Result<Vec<Address>, _> = letter.body.to.iter().map(|to| to.parse()).collect();
        let to = match to {
            Ok(to) if !to.is_empty() => to,
            Ok(_) => return self.give_up(letter, "no address of theirs is known").map(Taken::Told),
            Err(why) => return self.give_up(letter, &format!("an address in it is none: {why}")).map(Taken::Told),
        };
        let token = HEXLOWER.encode(&self.draw::<8>());
        let mut taken = letter.clone();
        taken.state = LetterState::Sending;
        taken.next_try = Some(now.saturating_add(LEASE));
        taken.body.token = Some(token);
        let went = self.with_store(|store| {
            store.write(|txn| {
                let Some(known) = txn.letter(&letter.id)?.and_then(Letter::read) else { return Ok(false) };
                let free = known.state == LetterState::Allowed
                    || (known.state == LetterState::Sending && known.next_try.is_none_or(|at| at <= now));
                Ok::<_, DeskError>(free && txn.move_letter(known.state.as_str(), &taken.row())?)
            })
        })?;
        if !went {
            return Ok(Taken::Nothing);
        }
        let references = taken.body.thread.clone();
        let outgoing = Outgoing {
            from,
            to,
            subject: taken.subject().to_owned(),
            text: taken.text().to_owned(),
            message_id: taken.message_id().to_owned(),
            in_reply_to: references.last().cloned(),
            references,
            date: taken.body.composed,
            reply_to: None,
        };
        Ok(Taken::Parcel(Box::new(Parcel { letter: taken, outgoing, server })))
    }

    /// What came of handing a letter to a mail server: it goes on record in the transaction that notes it as sent, or is
    /// tried again, or is given up. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A damaged, full or busy store: then the letter stays under way and is handed over once more later, with the same
    /// id.
    pub fn parcel_done(&self, parcel: Parcel, outcome: Result<Sent, SendError>, now: i64) -> Result<Posted, DeskError> {
        let letter = parcel.letter;
        match outcome {
            Ok(sent) => self.note_sent(letter, now, Some(&sent.bytes)),
            // A wrong password or certificate is put right here, and would have met any letter: none is lost to it.
            Err(why) if why.may_try_again() || why.is_of_the_setup() => self.put_off(letter, now, &why.to_string()),
            Err(why) => self.give_up(letter, &why.to_string()),
        }
    }

    /// Signs that a letter was sent, in the transaction that notes it; `bytes` are what a mail server took.
    fn note_sent(&self, letter: Letter, now: i64, bytes: Option<&[u8]>) -> Result<Posted, DeskError> {
        let act = letter.act();
        let mut record = self.record(&letter.case)?;
        let mut sent = letter.clone();
        sent.state = LetterState::Sent;
        sent.next_try = None;
        sent.body.sent = Some(now);
        sent.body.error = None;
        sent.body.token = None;
        let mut noted = sent.clone();
        let signed = self.sign_together(
            &letter.case,
            &mut record,
            |signed| if signed.is_empty() { act.clone() } else { None },
            |txn, signed| {
                noted.body.entry = signed.first().map(|signed| signed.id.to_hex());
                let known = txn.letter(&letter.id)?.and_then(Letter::read);
                let ours =
                    known.is_some_and(|known| known.state == letter.state && known.body.token == letter.body.token);
                if !ours || !txn.move_letter(letter.state.as_str(), &noted.row())? {
                    return Err(DeskError::Text("another process sees to this letter".to_owned()));
                }
                if let Some(bytes) = bytes {
                    let entry = signed.first().map(|signed| signed.id);
                    txn.insert_mail(&sent_row(letter.message_id(), bytes, letter.case, entry, now))?;
                }
                Ok(())
            },
            now,
        );
        match signed {
            Ok(_) => Ok(Posted::Sent(noted)),
            Err(why @ DeskError::Store(_)) => Err(why),
            Err(why @ DeskError::UsedElsewhere) if bytes.is_none() => self.put_off(letter, now, &why.to_string()),
            Err(why) if bytes.is_none() => self.give_up(letter, &why.to_string()),
            Err(why) => {
                // The server has it: what is not on record is at least not sent again.
                sent.body.error = Some(format!("sent, and not on record: {why}"));
                self.moved(&letter, sent.clone())?;
                Ok(Posted::Failed { why: sent.body.error.clone().unwrap_or_default(), letter: sent })
            }
        }
    }

    fn put_off(&self, letter: Letter, now: i64, why: &str) -> Result<Posted, DeskError> {
        let mut later = letter.clone();
        later.state = LetterState::Allowed;
        later.body.tries = letter.body.tries.saturating_add(1);
        later.body.error = Some(why.to_owned());
        later.body.token = None;
        later.next_try = Some(now.saturating_add(wait_after(later.body.tries)));
        self.moved(&letter, later.clone())?;
        Ok(Posted::Later { letter: later, why: why.to_owned() })
    }

    fn give_up(&self, letter: Letter, why: &str) -> Result<Posted, DeskError> {
        let mut failed = letter.clone();
        failed.state = LetterState::Failed;
        failed.body.tries = letter.body.tries.saturating_add(1);
        failed.body.error = Some(why.to_owned());
        failed.body.token = None;
        failed.next_try = None;
        self.moved(&letter, failed.clone())?;
        Ok(Posted::Failed { letter: failed, why: why.to_owned() })
    }

    /// Changes what happens with a letter, if it is still as it was thought to be. Another attempt that took it over
    /// meanwhile is not disturbed.
    fn moved(&self, from: &Letter, to: Letter) -> Result<Option<Letter>, DeskError> {
        let went = self.with_store(|store| {
            store.write(|txn| {
                let known = txn.letter(&from.id)?.and_then(Letter::read);
                let same = |known: &Letter| known.state == from.state && known.body.token == from.body.token;
                Ok::<_, DeskError>(known.as_ref().is_some_and(same) && txn.move_letter(from.state.as_str(), &to.row())?)
            })
        })?;
        Ok(went.then_some(to))
    }

    /// A case that cannot be looked at just now is left alone for a while.
    fn look_later(&self, case: CaseId, now: i64) -> Result<(), DeskError> {
        let rows = self.with_store(|store| store.letters_of(case))?;
        let Some(row) = rows.into_iter().find(|row| row.state == PLAN) else { return Ok(()) };
        let row = counterpart_store::LetterRow { next_try: Some(now.saturating_add(AFTER_TROUBLE)), ..row };
        self.with_store(|store| store.write(|txn| txn.move_letter(PLAN, &row)))?;
        Ok(())
    }
}

/// What taking a letter came to.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
enum Taken {
    Parcel(Box<Parcel>),
    Told(Posted),
    /// There is nothing to do about it now.
    Nothing,
}
