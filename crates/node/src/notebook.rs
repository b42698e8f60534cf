//! The notebook of a home: what its owner keeps for themselves, and nobody is ever sent. What the notes say is
//! `counterpart_process`'s; here they are kept, found, and filled from what was noted of a contact.

use counterpart_core::{
    act::{Act, Role},
    id::{CaseId, EntryId},
    record::Record,
    seal::PathStep,
    value::Sealable,
    view::{Noted, View},
};
use counterpart_process::{
    call::Draft,
    menu::{self, Step},
    notebook::{Kept, Note, Number, Path, Person, Remark, whom_key},
};
use counterpart_store::{NotebookRow, Reads, StoreError, Txn};

use crate::{desk::Desk, error::DeskError};

/// Longest note, in bytes: one fits into an item of a backup.
const MAX_NOTE: usize = 1 << 16;

/// The kind of the note that says what the home's owner usually is in a case: a role's word.
const OWN_ROLE: &str = "own-role";

/// A note as it stands in the notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotebookEntry {
    pub id: [u8; 16],
    pub case: Option<CaseId>,
    /// Whom it is about, as it was written.
    pub of: Option<String>,
    pub note: Note,
    /// Unix milliseconds.
    pub written_at: i64,
}

impl NotebookEntry {
    fn read(row: NotebookRow) -> Option<Self> {
        let kept = Kept::read(&row.kind, &row.body)?;
        Some(Self { id: row.id, case: row.case, of: kept.of.or(row.whom), note: kept.note, written_at: row.written_at })
    }

    fn row(&self) -> NotebookRow {
        NotebookRow {
            id: self.id,
            kind: self.note.kind().to_owned(),
            case: self.case,
            whom: self.of.as_deref().map(whom_key),
            body: Kept { of: self.of.clone(), note: self.note.clone() }.write(),
            written_at: self.written_at,
        }
    }

    /// Whether it is about somebody.
    #[must_use]
    pub fn is_about(&self, name: &str) -> bool {
        self.of.as_deref().is_some_and(|of| whom_key(of) == whom_key(name))
    }
}

/// What a contact taught: put into the notebook with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lesson {
    /// Of whom.
    pub of: String,
    pub number: Option<String>,
    pub steps: Vec<Step>,
    /// Seconds until somebody answered.
    pub waited: Option<u32>,
    /// Whether it was a call we made: only then number, steps and wait are a way to them.
    pub called: bool,
    pub person: Option<Person>,
    /// When, Unix milliseconds.
    pub at: i64,
}

impl Desk {
    /// Every note of the notebook, oldest first: numbers, ways, people, remarks, drafts. Other kinds are not among them.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn notebook(&self) -> Result<Vec<NotebookEntry>, DeskError> {
        let rows = self.with_store(|store| store.notebook())?;
        Ok(rows.into_iter().filter_map(NotebookEntry::read).collect())
    }

    /// The numbers, ways, people and remarks about one of the other side.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn notes_about(&self, name: &str) -> Result<Vec<NotebookEntry>, DeskError> {
        Ok(self.notebook()?.into_iter().filter(|entry| entry.is_about(name)).collect())
    }

    /// The private remarks for a case, oldest first.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn private_notes(&self, case: &CaseId) -> Result<Vec<NotebookEntry>, DeskError> {
        let rows = self.with_store(|store| store.notes_of_case(*case))?;
        let entries = rows.into_iter().filter_map(NotebookEntry::read);
        Ok(entries.filter(|entry| matches!(entry.note, Note::Remark(_))).collect())
    }

    /// Writes a note down; `now` in Unix milliseconds. A number, a way or a person that is there already is brought up to
    /// date instead.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn write_note(
        &self,
        note: Note,
        of: Option<&str>,
        case: Option<CaseId>,
        now: i64,
    ) -> Result<NotebookEntry, DeskError> {
        self.with_store(|store| store.write(|txn| self.put_one(txn, note, of, case, now)))
    }

    /// Takes a note out; tells whether it was there.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn remove_note(&self, id: &[u8; 16]) -> Result<bool, DeskError> {
        self.with_store(|store| store.write(|txn| Ok(txn.delete_note(id)?)))
    }

    /// Remembers that a private remark was put on record.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn mark_shared(&self, txn: &Txn<'_>, entry: &NotebookEntry, as_entry: &EntryId) -> Result<(), DeskError> {
        if let Note::Remark(remark) = &entry.note {
            let note = Note::Remark(Remark { shared: Some(as_entry.to_hex()), ..remark.clone() });
            txn.put_note(&NotebookEntry { note, ..entry.clone() }.row())?;
        }
        Ok(())
    }

    /// What the home's owner is called; nothing until it was said.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn own_name(&self) -> Result<Option<String>, DeskError> {
        let rows = self.with_store(|store| store.notes_of_kind(Note::OWN, None))?;
        let last = rows.into_iter().filter_map(NotebookEntry::read).next_back();
        Ok(last.and_then(|entry| if let Note::Own(name) = entry.note { Some(name) } else { None }))
    }

    /// Remembers what the home's owner is called.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_own_name(&self, name: &str, now: i64) -> Result<(), DeskError> {
        self.with_store(|store| {
            store.write(|txn| {
                for row in txn.notes_of_kind(Note::OWN, None)? {
                    txn.delete_note(&row.id)?;
                }
                self.put_one(txn, Note::Own(name.to_owned()), None, None, now).map(drop)
            })
        })
    }

    /// What the home's owner usually is in a case; nothing until it was said.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn own_role(&self) -> Result<Option<Role>, DeskError> {
        let rows = self.with_store(|store| store.notes_of_kind(OWN_ROLE, None))?;
        Ok(rows.last().and_then(|row| Role::from_word(&row.body)))
    }

    /// Remembers what the home's owner usually is in a case.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_own_role(&self, role: Role, now: i64) -> Result<(), DeskError> {
        self.with_store(|store| {
            store.write(|txn| {
                for row in txn.notes_of_kind(OWN_ROLE, None)? {
                    txn.delete_note(&row.id)?;
                }
                let (id, kind, body) = (self.fresh_id(txn)?, OWN_ROLE.to_owned(), role.as_str().to_owned());
                Ok(txn.put_note(&NotebookRow { id, kind, case: None, whom: None, body, written_at: now })?)
            })
        })
    }

    /// A contact of a case that was not noted to its end.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn draft_of(&self, case: &CaseId) -> Result<Option<Draft>, DeskError> {
        let rows = self.with_store(|store| store.notes_of_case(*case))?;
        let mut drafts = rows.into_iter().filter_map(NotebookEntry::read).filter_map(|entry| match entry.note {
            Note::Draft(draft) => Some(draft),
            _ => None,
        });
        Ok(drafts.next_back())
    }

    /// Keeps what was answered so far, in place of what was kept before.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_draft(&self, case: &CaseId, draft: &Draft, now: i64) -> Result<(), DeskError> {
        self.with_store(|store| {
            store.write(|txn| {
                self.drop_draft_in(txn, case)?;
                self.put_one(txn, Note::Draft(draft.clone()), None, Some(*case), now).map(drop)
            })
        })
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn drop_draft(&self, case: &CaseId) -> Result<(), DeskError> {
        self.with_store(|store| store.write(|txn| self.drop_draft_in(txn, case)))
    }

    /// The same within a transaction: that which signs what it held.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn drop_draft_in(&self, txn: &Txn<'_>, case: &CaseId) -> Result<(), DeskError> {
        for row in txn.notes_of_case(*case)?.iter().filter(|row| row.kind == Note::DRAFT) {
            txn.delete_note(&row.id)?;
        }
        Ok(())
    }

    /// Puts what a contact taught into the notebook, within the transaction that signs it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn learn(&self, txn: &Txn<'_>, lesson: &Lesson, now: i64) -> Result<(), DeskError> {
        let of = Some(lesson.of.as_str());
        if lesson.called {
            if let Some(number) = &lesson.number {
                let note = Number { number: number.clone(), label: None, worked: Some(lesson.at) };
                self.put_one(txn, Note::Number(note), of, None, now)?;
            }
            if !lesson.steps.is_empty() || lesson.waited.is_some() {
                let path = Path {
                    number: lesson.number.clone(),
                    steps: lesson.steps.clone(),
                    took: lesson.waited,
                    worked: Some(lesson.at),
                    times: 1,
                };
                self.put_one(txn, Note::Path(path), of, None, now)?;
            }
        }
        if let Some(person) = &lesson.person {
            self.put_one(txn, Note::Person(person.clone()), of, None, now)?;
        }
        Ok(())
    }

    /// Keeps where somebody can be reached, for one case alone: others of that name, in other cases, are other people as far
    /// as anybody knows.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_person_of(&self, txn: &Txn<'_>, case: CaseId, person: &Person, now: i64) -> Result<(), DeskError> {
        self.put_one(txn, Note::Person(person.clone()), Some(&person.name), Some(case), now).map(drop)
    }

    fn put_one(
        &self,
        txn: &Txn<'_>,
        note: Note,
        of: Option<&str>,
        case: Option<CaseId>,
        now: i64,
    ) -> Result<NotebookEntry, DeskError> {
        let whom = of.map(whom_key);
        let rows = txn.notes_of_kind(note.kind(), whom.as_deref())?;
        // Who is known in one case only is not brought up to date from elsewhere, nor anybody else from there.
        let same = |row: &NotebookRow| row.whom == whom && (row.kind != Note::PERSON || row.case == case);
        let known = rows.into_iter().filter(same).filter_map(NotebookEntry::read);
        let merged = known.into_iter().find_map(|known| Some((known.id, with_known(&known.note, &note)?)));
        let (id, note) = match merged {
            Some((id, note)) => (id, note),
            None => (self.fresh_id(txn)?, note),
        };
        let entry = NotebookEntry { id, case, of: of.map(str::to_owned), note, written_at: now };
        let row = entry.row();
        if row.body.len() > MAX_NOTE {
            return Err(DeskError::NoteTooLong);
        }
        txn.put_note(&row)?;
        Ok(entry)
    }

    /// An id that no note has: where randomness is fixed the same may be drawn again.
    pub(crate) fn fresh_id(&self, reads: &Reads) -> Result<[u8; 16], DeskError> {
        loop {
            let id = self.draw();
            if reads.note(&id)?.is_none() {
                return Ok(id);
            }
        }
    }

    /// People of the other side of a case: from cards in the record, from contacts noted in it, and from the notebook. Those
    /// named last come first; each once, with all that is known of them.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn people_of(&self, case: &CaseId) -> Result<Vec<Person>, DeskError> {
        let record = self.record(case)?;
        record.view().map_or_else(|| Ok(Vec::new()), |view| self.people_in(&record, &view))
    }

    /// As [`Desk::people_of`], of a case that was read already.
    pub(crate) fn people_in(&self, record: &Record, view: &View) -> Result<Vec<Person>, DeskError> {
        let mut people: Vec<Person> = Vec::new();
        let add = |people: &mut Vec<Person>, person: Person| match people.iter_mut().find(|p| p.is(&person.name)) {
            Some(known) => known.fill_from(&person),
            None if person.name.is_empty() => {}
            None => people.push(person),
        };
        let own = self.party();
        let other = |seat: &&counterpart_core::view::SeatView| {
            !seat.parties.contains(&own) && !matches!(seat.role, Role::Observer | Role::Arbiter)
        };
        let text = |text: &Option<Sealable>| text.as_ref().and_then(Sealable::open).map(str::to_owned);
        let all = record.people(view);
        for seat in view.seats.iter().filter(other) {
            let notes = match seat.label.open() {
                Some(label) => self.notes_about(label)?,
                None => Vec::new(),
            };
            let in_notebook = || people_known_in(&notes, record.case());
            for found in all.iter().filter(|found| found.seat == seat.seat) {
                for card in found.cards.iter().rev() {
                    let card = &card.card;
                    let person = Person {
                        name: card.name.open().unwrap_or_default().trim().to_owned(),
                        function: text(&card.function),
                        phone: text(&card.phone),
                        email: text(&card.email),
                        hours: text(&card.hours),
                        note: None,
                    };
                    add(&mut people, person);
                }
                for noted in &found.noted {
                    let Some(named) = text(&noted.person) else { continue };
                    // The notebook knows better where a name ends.
                    let known = in_notebook().find(|p| p.is(&named));
                    let mut person = known.cloned().unwrap_or_else(|| Person::of_contact(&named));
                    if person.email.is_none() {
                        person.email = written_from(noted).or_else(|| bare_address(&person.name));
                    }
                    add(&mut people, person);
                }
            }
            in_notebook().cloned().for_each(|person| add(&mut people, person));
        }
        Ok(people)
    }
}

/// The people of these notes as far as they concern a case, those written down last first: nobody who is known in another
/// case only, and where somebody is known in this one, nothing that was known of the name before.
fn people_known_in(notes: &[NotebookEntry], case: Option<CaseId>) -> impl Iterator<Item = &Person> {
    let own = move |entry: &NotebookEntry| entry.case.is_some() && entry.case == case;
    let before = move |entry: &NotebookEntry, person: &Person| {
        let named = |known: &NotebookEntry| matches!(&known.note, Note::Person(known) if known.is(&person.name));
        notes.iter().any(|known| own(known) && named(known) && entry.written_at <= known.written_at)
    };
    notes.iter().rev().filter_map(move |entry| match &entry.note {
        Note::Person(person) if own(entry) || (entry.case.is_none() && !before(entry, person)) => Some(person),
        _ => None,
    })
}

/// The address that somebody wrote from last, as contacts by e-mail note it: in place of a telephone number.
fn written_from(noted: &Noted) -> Option<String> {
    let mut numbers = noted.numbers.iter().rev().filter_map(Sealable::open);
    numbers.find_map(bare_address)
}

/// A text that is an e-mail address and nothing else.
fn bare_address(text: &str) -> Option<String> {
    counterpart_mail::Address::new(None, text).is_ok().then(|| text.trim().to_owned())
}

/// What the notebook learnt from one value of a contact: erased with it.
#[derive(Debug)]
pub(crate) enum Learnt {
    Person(String),
    Number(String),
}

impl Learnt {
    /// From a contact's person or number, while it is still to be read.
    pub(crate) fn from(act: &Act, path: &[PathStep]) -> Option<Self> {
        let (Act::Contact(contact), [PathStep::Key(field)]) = (act, path) else { return None };
        let text = |value: &Option<Sealable>| value.as_ref().and_then(Sealable::open).map(str::to_owned);
        match field.as_str() {
            "person" => text(&contact.person).map(Self::Person),
            "number" => text(&contact.number).map(Self::Number),
            _ => None,
        }
    }

    /// Takes it out of the notebook, within the transaction that erases the value.
    pub(crate) fn forget(&self, txn: &Txn<'_>) -> Result<(), StoreError> {
        for entry in txn.notebook()?.into_iter().filter_map(NotebookEntry::read) {
            let without = match (self, &entry.note) {
                (Self::Person(text), Note::Person(person)) => {
                    let named = Person::of_contact(text).name;
                    if !person.is(text) && !person.is(&named) {
                        continue;
                    }
                    None
                }
                (Self::Number(text), Note::Number(number)) if digits(&number.number) == digits(text) => None,
                (Self::Number(text), Note::Path(path))
                    if path.number.as_ref().is_some_and(|number| digits(number) == digits(text)) =>
                {
                    Some(Note::Path(Path { number: None, ..path.clone() }))
                }
                _ => continue,
            };
            // Written anew under its id, a row would leave the old bytes to chance; deleted ones are overwritten.
            txn.delete_note(&entry.id)?;
            if let Some(note) = without {
                txn.put_note(&NotebookEntry { note, ..entry }.row())?;
            }
        }
        Ok(())
    }
}

/// A note brought up to date by a newer one about the same thing; nothing where they are about different things.
fn with_known(known: &Note, new: &Note) -> Option<Note> {
    match (known, new) {
        (Note::Number(known), Note::Number(new)) if digits(&known.number) == digits(&new.number) => {
            Some(Note::Number(Number {
                number: new.number.clone(),
                label: new.label.clone().or_else(|| known.label.clone()),
                worked: new.worked.max(known.worked),
            }))
        }
        (Note::Path(known), Note::Path(new))
            if menu::same_way(&known.steps, &new.steps)
                && (known.number.is_none() || new.number.is_none() || known.number == new.number) =>
        {
            let newest = new.worked >= known.worked;
            Some(Note::Path(Path {
                number: new.number.clone().or_else(|| known.number.clone()),
                steps: new.steps.clone(),
                took: if newest { new.took.or(known.took) } else { known.took.or(new.took) },
                worked: new.worked.max(known.worked),
                times: known.times.saturating_add(new.times),
            }))
        }
        (Note::Person(known), Note::Person(new)) if known.is(&new.name) => {
            let mut person = new.clone();
            person.fill_from(known);
            Some(Note::Person(person))
        }
        _ => None,
    }
}

/// Whether mail can be sent to a text as it stands: a bare address and nothing else.
#[must_use]
pub fn is_mail_address(text: &str) -> bool {
    bare_address(text).is_some()
}

/// A number without what people put between its digits.
fn digits(number: &str) -> String {
    number.chars().filter(|c| !c.is_whitespace() && !"-()./".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_one_thing_is_one_note() {
        let number = |n: &str, worked| Note::Number(Number { number: n.to_owned(), label: None, worked });
        let merged = with_known(&number("0800 111-222", Some(9)), &number("0800111222", Some(4)));
        assert_eq!(merged, Some(number("0800111222", Some(9))));
        assert_eq!(with_known(&number("0800 1", None), &number("0800 2", None)), None);

        let path = |steps: &str, took, worked, times| {
            let steps = menu::read(steps).expect("a way");
            Note::Path(Path { number: None, steps, took, worked: Some(worked), times })
        };
        let merged = with_known(&path("2, 1", Some(60), 5, 1), &path("2 billing, wait 5 s, 1", Some(90), 6, 1));
        assert_eq!(merged, Some(path("2 billing, wait 5 s, 1", Some(90), 6, 2)), "the last time counts");
        let merged = with_known(&path("2, 1", Some(60), 5, 1), &path("2, 1", Some(90), 3, 1));
        assert_eq!(merged, Some(path("2, 1", Some(60), 5, 2)), "one noted late is not the last");

        let dean = |function: Option<&str>, phone: Option<&str>| {
            let (function, phone) = (function.map(str::to_owned), phone.map(str::to_owned));
            Note::Person(Person { name: "Dean".to_owned(), function, phone, ..Person::default() })
        };
        let merged = with_known(&dean(Some("billing"), Some("020 1")), &dean(None, Some("020 2")));
        assert_eq!(merged, Some(dean(Some("billing"), Some("020 2"))));
    }
}
