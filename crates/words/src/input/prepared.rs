//! What is about to be signed: shown, agreed to by its digest, and signed as one.

use counterpart_core::{
    act::{Act, Proposal},
    attachment::{FileRef, named_by},
    id::CaseId,
    record::{Record, Signed},
};
use counterpart_node::{Desk, DeskError, Lesson, now};
use counterpart_store::Txn;

use super::{Input, read};
use crate::{
    acts::{
        files::{of_their_size, room_for},
        handed_to,
    },
    case::OpenCase,
    contact::Noted,
    error::{CommandError, Done},
    possible::refused,
    render,
    to_sign::digest_in,
};

/// Acts that were judged and would take effect, with the text that people are shown before they are signed.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// What is signed, in this order. A promise made in a contact names the contact only once that is signed.
    pub acts: Vec<Act>,
    /// The exact text: what it says is what is signed.
    pub text: String,
    case: CaseId,
    /// The text without the clock: beside a due time stands how far off it is, and that changes by itself.
    lasting: String,
    /// The acts after the first record what was promised in it.
    promises: bool,
    lesson: Option<Lesson>,
}

/// Makes acts of what a program wants signed, holds them against the record and our own limits, and puts them into words.
///
/// # Errors
/// What is not understood, or why it would not be signed, and what would work.
pub fn prepare(desk: &Desk, case: &OpenCase, input: &Input) -> Done<Prepared> {
    let prepared = match input {
        Input::Contact(said) => {
            let noted = super::contact::read(case, said)?;
            let (text, lasting) = (noted.text(case), noted.text_at(case, 0));
            let Noted { contact, promises, lesson } = noted;
            let acts = std::iter::once(Act::Contact(contact)).chain(promises.into_iter().map(Act::Propose));
            Prepared { acts: acts.collect(), text, lasting, case: case.id, promises: true, lesson }
        }
        _ => {
            let acts = read::acts(desk, case, input)?;
            let (text, lasting) = (render::to_be_signed(case, &acts), render::to_be_signed_at(case, &acts, 0));
            Prepared { acts, text, lasting, case: case.id, promises: false, lesson: None }
        }
    };
    for act in &prepared.acts {
        desk.preview(&case.record, act, case.now).map_err(|why| refused(case, act, why))?;
    }
    let mut files: Vec<FileRef> = prepared.acts.iter().flat_map(named_by).map(|named| named.file).collect();
    of_their_size(case, &files)?;
    files.retain(|file| case.record.holds_file(file));
    room_for(case, &files)?;
    Ok(prepared)
}

impl Prepared {
    /// What a program repeats to sign just what was shown: 64 hexadecimal digits, the SHA-256 of the case's id and the text, but
    /// for how far off due times are. It stays the same for as long as the acts, and what the text says of the case, do.
    #[must_use]
    pub fn digest(&self) -> String {
        digest_in(&self.case, &self.lasting)
    }

    /// Signs it all, and keeps what `also` keeps in the same transaction, and who has the case where it is handed over; gives the
    /// case after it. What is erased is signed by
    /// itself, one after the other: what `also` keeps follows then.
    ///
    /// # Errors
    /// Why it was not signed.
    pub fn sign(
        &self,
        desk: &Desk,
        mut case: OpenCase,
        also: impl FnOnce(&Txn<'_>, &[Signed]) -> Result<(), DeskError>,
    ) -> Done<(OpenCase, Vec<Signed>)> {
        let at = now();
        let next = |signed: &[Signed]| self.act_after(signed);
        let also = |txn: &Txn<'_>, signed: &[Signed]| {
            also(txn, signed)?;
            if let Some(person) = self.acts.iter().find_map(handed_to) {
                desk.assign_in(txn, &self.case, person, at)?;
            }
            self.lesson.as_ref().map_or(Ok(()), |lesson| desk.learn(txn, lesson, at))
        };
        let mut record = std::mem::take(&mut case.record);
        let erases = self.acts.iter().any(|act| matches!(act, Act::Erased { .. }));
        let signed = match erases {
            false => desk.sign_together(&case.id, &mut record, next, also, at),
            true => self.sign_one_by_one(desk, &case.id, &mut record, also),
        };
        case.record = record;
        let signed = signed.map_err(|why| match self.acts.first() {
            Some(act) => refused(&case, act, why),
            None => CommandError::from(why),
        })?;
        Ok((case.signed(), signed))
    }

    fn sign_one_by_one(
        &self,
        desk: &Desk,
        case: &CaseId,
        record: &mut Record,
        also: impl FnOnce(&Txn<'_>, &[Signed]) -> Result<(), DeskError>,
    ) -> Result<Vec<Signed>, DeskError> {
        let one = |act: &Act| desk.sign_on(case, record, act, now());
        let signed = self.acts.iter().map(one).collect::<Result<Vec<Signed>, DeskError>>()?;
        desk.with_store(|store| store.write(|txn| also(txn, &signed)))?;
        Ok(signed)
    }

    /// The act that is signed next.
    fn act_after(&self, signed: &[Signed]) -> Option<Act> {
        let act = self.acts.get(signed.len())?;
        match (act, signed.first()) {
            (Act::Propose(proposal), Some(contact)) if self.promises => {
                Some(Act::Propose(Proposal { alleged: Some(contact.id), ..proposal.clone() }))
            }
            _ => Some(act.clone()),
        }
    }
}
