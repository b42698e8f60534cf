//! Which earlier versions of its terms a revision is compared with: above all the last one that whoever reads it had
//! proposed or accepted, so that nobody takes for unchanged what was changed since.

use crate::{
    act::Act,
    fold::{Lens, Scope, SubjectKey},
    graph::Ix,
    id::{EntryId, PartyId},
    record::Record,
    value::Seat,
};

/// Versions looked through. Where a matter has more, nothing is said to be as it was: all of its terms are told.
const MOST: usize = 200;

/// A revision of which is told what it changes: one on record, or one that somebody is about to sign.
#[derive(Debug, Clone, Copy)]
pub struct Offered<'o> {
    /// What it is about, as far as that is on record.
    pub keys: &'o [SubjectKey],
    /// Who must sign it.
    pub signers: &'o [Seat],
    /// What it answers.
    pub answers: Option<EntryId>,
    pub author: PartyId,
    /// Where it stands; nothing while it is not signed: its author knows all that is here then.
    pub at: Option<Ix>,
}

/// What an earlier version is to a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Than {
    /// What it answers.
    Answered,
    /// The last that this party had proposed or accepted.
    Last(PartyId),
    /// The first of those by which its author answered himself, where nobody else had a version.
    First,
}

/// A part of an earlier version that a later one does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub of: Ix,
    /// Its place there, from 0.
    pub part: u32,
    pub key: SubjectKey,
}

impl Record {
    /// The versions of a subject that a later one is compared with for whoever reads it, the most telling first; what is
    /// agreed, and would change, apart. For its author, and for outsiders, the last versions of the others who sign.
    #[must_use]
    pub fn earlier_versions(
        &self,
        offered: &Offered<'_>,
        key: &SubjectKey,
        reader: Option<&PartyId>,
    ) -> Vec<(Ix, Than)> {
        let lens = self.past_of_offer(offered);
        let mut before: Vec<Ix> = self.fold().revisions_of(key).iter().copied().rev().take(MOST + 1).collect();
        if before.len() > MOST {
            return Vec::new();
        }
        before.retain(|ix| Some(*ix) != offered.at && lens.has(*ix));
        let mut found: Vec<(Ix, Than)> = Vec::new();
        for side in self.sides(offered, reader) {
            let last = before.iter().copied().find(|ix| assented(&lens, *ix, &side));
            if let Some(last) = last.filter(|last| !found.iter().any(|(ix, _)| ix == last)) {
                found.push((last, Than::Last(side)));
            }
        }
        let answered = offered.answers.and_then(|id| self.graph().find(&id));
        let Some(answered) = answered.filter(|ix| self.fold().subject_keys(*ix).contains(key)) else { return found };
        let of_author = |ix: Ix| self.graph().statement(ix).party == offered.author;
        if let Some((_, than)) = found.iter_mut().find(|(ix, _)| *ix == answered) {
            *than = Than::Answered;
        } else if !of_author(answered) {
            found.push((answered, Than::Answered));
        } else if found.is_empty() {
            // Who answers his own answer has to be seen to change all that he changed on the way.
            let chain = self.answered_in_turn(answered).filter(|ix| self.fold().subject_keys(*ix).contains(key));
            let first = chain.take_while(|ix| of_author(*ix)).last().unwrap_or(answered);
            found.push((first, if first == answered { Than::Answered } else { Than::First }));
        }
        found
    }

    /// The parts that a revision leaves out of what it answers, and of what that answered, back to what whoever reads it
    /// had proposed or accepted.
    #[must_use]
    pub fn left_out(&self, offered: &Offered<'_>, reader: Option<&PartyId>) -> Vec<LeftOut> {
        let Some(answered) = offered.answers.and_then(|id| self.graph().find(&id)) else { return Vec::new() };
        let (lens, sides) = (self.past_of_offer(offered), self.sides(offered, reader));
        let mut found: Vec<LeftOut> = Vec::new();
        for of in self.answered_in_turn(answered) {
            for (part, key) in self.fold().subject_keys(of).iter().enumerate() {
                if !offered.keys.contains(key) && !found.iter().any(|known| known.key == *key) {
                    found.push(LeftOut { of, part: u32::try_from(part).unwrap_or(u32::MAX), key: key.clone() });
                }
            }
            if !sides.is_empty() && sides.iter().all(|side| assented(&lens, of, side)) {
                break;
            }
        }
        found
    }

    fn past_of_offer(&self, offered: &Offered<'_>) -> Lens<'_> {
        match offered.at {
            Some(at) => self.lens().with(Scope::Before(at)),
            None => self.lens(),
        }
    }

    /// Whose earlier word counts: the reader's where he signs and is not the author, else that of all others who sign.
    fn sides(&self, offered: &Offered<'_>, reader: Option<&PartyId>) -> Vec<PartyId> {
        let lens = self.lens();
        let mut others: Vec<PartyId> = offered.signers.iter().flat_map(|seat| lens.parties_of(seat)).collect();
        others.retain(|party| *party != offered.author);
        others.sort_unstable();
        others.dedup();
        match reader {
            Some(reader) if others.contains(reader) => vec![*reader],
            _ => others,
        }
    }

    /// A revision, what it answers, what that answers, and so on.
    fn answered_in_turn(&self, revision: Ix) -> impl Iterator<Item = Ix> + '_ {
        let answered = |ix: &Ix| match self.fold().act(*ix) {
            Act::Counter { of, .. } => self.graph().find(of),
            _ => None,
        };
        std::iter::successors(Some(revision), answered).take(MOST)
    }
}

/// Whether a party proposed or accepted a revision.
fn assented(lens: &Lens<'_>, revision: Ix, party: &PartyId) -> bool {
    let of_party = |ix: Ix| lens.graph().statement(ix).party == *party;
    let accepts = |ix: Ix| matches!(lens.fold().act(ix), Act::Accept { .. } | Act::Confirm { .. });
    (of_party(revision) && lens.has(revision))
        || lens.about(&lens.graph().id(revision)).any(|ix| of_party(ix) && accepts(ix))
}
