//! The ledger over cases: what the other sides, whoever they are to us, and their people promised and kept, and what it
//! took. From one's own copies of signed records only. What one promised oneself stands in the ledger of each case.
//!
//! **Told again**: a contact that one noted oneself, in which a person of the other side is named whom none of one's
//! earlier contacts with that side in that case names, where there was an earlier one. Then the matter had been told, and
//! was told to somebody new.
//!
//! **One person**: who was noted once as "Dean" and once as "Dean, customer care" is one, unless another function was noted
//! of that name as well. Then there are several, and it is not known which of them the bare name means.

mod table;

pub use table::{COLUMNS, csv, row};

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    act::{Act, Contact},
    fold::SubjectKey,
    id::{EntryId, PartyId},
    record::Record,
    value::{Sealable, Seat},
    view::{DueInstant, SeatView, View},
};

use crate::notebook::{Person, whom_key};

/// What is counted of another side, or of one of its people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many cases they are in.
    pub cases: usize,
    /// Promises completed, declared done by their due time.
    pub kept: usize,
    /// Completed, declared done after it.
    pub late: usize,
    /// Due times recorded as passed, on what was agreed.
    pub missed: usize,
    /// Agreed and not done yet.
    pub open: usize,
    /// Noted as said, never agreed.
    pub said: usize,
    /// Due times recorded as passed on these.
    pub said_missed: usize,
    /// Contacts of any kind that one noted.
    pub contacts: usize,
    /// Those by telephone.
    pub calls: usize,
    /// How long one waited in them before anybody answered, in seconds.
    pub waited: u64,
    /// How long they lasted, in seconds.
    pub spoken: u64,
    /// See the top of this module.
    pub told_again: usize,
}

/// Another side over all cases: for a customer its suppliers, for a supplier its customers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherSide {
    /// As the latest case names it: text of a party.
    pub name: String,
    pub counts: Counts,
    /// By name.
    pub people: Vec<Agent>,
}

/// One of its people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agent {
    /// As it was noted, with what they do where that was: text of a party.
    pub name: String,
    pub counts: Counts,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.kept += other.kept;
        self.late += other.late;
        self.missed += other.missed;
        self.open += other.open;
        self.said += other.said;
        self.said_missed += other.said_missed;
        self.contacts += other.contacts;
        self.calls += other.calls;
        self.waited += other.waited;
        self.spoken += other.spoken;
        self.told_again += other.told_again;
    }
}

/// Which noted names mean the same person.
#[derive(Debug, Default)]
struct Names(BTreeMap<String, BTreeSet<String>>);

impl Names {
    fn of<'n>(noted: impl Iterator<Item = &'n str>) -> Self {
        let mut names = Self::default();
        for person in noted.map(Person::of_contact) {
            let functions = names.0.entry(whom_key(&person.name)).or_default();
            functions.extend(person.function.as_deref().map(whom_key));
        }
        names
    }

    fn key(&self, noted: &str) -> String {
        let bare = whom_key(&Person::of_contact(noted).name);
        if self.0.get(&bare).is_some_and(|functions| functions.len() > 1) { whom_key(noted) } else { bare }
    }
}

/// Gathers case by case.
#[derive(Debug, Default)]
pub struct Ledger {
    others: BTreeMap<String, Gathered>,
}

/// Another side, while it is gathered.
#[derive(Debug, Default)]
struct Gathered {
    name: String,
    counts: Counts,
    /// By the whole name as it was noted.
    people: BTreeMap<String, Noted>,
}

/// Somebody under one name.
#[derive(Debug, Default)]
struct Noted {
    name: String,
    counts: Counts,
    /// The cases it was in, counted as they were added.
    cases: BTreeSet<usize>,
}

impl Gathered {
    fn done(self) -> OtherSide {
        let names = Names::of(self.people.values().map(|noted| noted.name.as_str()));
        let mut people: BTreeMap<String, Noted> = BTreeMap::new();
        for noted in self.people.into_values() {
            let one = people.entry(names.key(&noted.name)).or_default();
            // The one that says more.
            if noted.name.len() > one.name.len() {
                one.name = noted.name;
            }
            one.counts.add(&noted.counts);
            one.cases.extend(noted.cases);
        }
        let agent = |Noted { name, counts, cases }| Agent { name, counts: Counts { cases: cases.len(), ..counts } };
        OtherSide { name: self.name, counts: self.counts, people: people.into_values().map(agent).collect() }
    }
}

impl Ledger {
    /// Adds a case. `due` gives the instant of a due time.
    pub fn add(&mut self, record: &Record, view: &View, own: &PartyId, due: DueInstant<'_>) {
        let others: Vec<&SeatView> =
            view.seats.iter().filter(|s| s.role.agrees() && !s.parties.contains(own)).collect();
        let ledgers = record.ledger(view, due);
        let contacts = own_contacts(record, own);
        for seat in &others {
            let Some(name) = seat.label.open() else { continue };
            let only = others.len() == 1;
            let with_them = |c: &&(EntryId, Contact)| c.1.seat.map_or(only, |s| s == seat.seat);
            let theirs: Vec<&(EntryId, Contact)> = contacts.iter().filter(with_them).collect();
            let promises = ledgers.iter().find(|l| l.seat == seat.seat);
            let new = || Gathered { name: name.to_owned(), ..Gathered::default() };
            let Gathered { counts: total, people, .. } = self.others.entry(whom_key(name)).or_insert_with(new);
            total.cases += 1;
            let this = total.cases;
            let mut person = |name: &str, count: &mut dyn FnMut(&mut Counts)| {
                let new = || Noted { name: name.to_owned(), ..Noted::default() };
                let Noted { counts, cases, .. } = people.entry(whom_key(name)).or_insert_with(new);
                cases.insert(this);
                count(counts);
            };
            for (word, tally) in promises.iter().flat_map(|l| l.tallies()) {
                let Some(counted) = field(total, word) else { continue };
                *counted += tally.count;
                // Of several times one action was missed each counts; who promised it is one.
                let each = tally.count.checked_div(tally.actions.len()).unwrap_or(0).max(1);
                for key in &tally.actions {
                    if let Some(name) = promised_by(record, view, key, seat.seat) {
                        person(&name, &mut |counts| {
                            if let Some(counted) = field(counts, word) {
                                *counted += each;
                            }
                        });
                    }
                }
            }
            let named = |c: &&(EntryId, Contact)| c.1.person.as_ref().and_then(Sealable::open).map(str::to_owned);
            let noted: Vec<String> = theirs.iter().copied().filter_map(|c| named(&c)).collect();
            let names = Names::of(noted.iter().map(String::as_str));
            let mut met: BTreeSet<String> = BTreeSet::new();
            for (n, (_, contact)) in theirs.iter().enumerate() {
                let name = contact.person.as_ref().and_then(Sealable::open).filter(|name| !name.trim().is_empty());
                let new = name.is_some_and(|name| met.insert(names.key(name)));
                let again = n > 0 && new;
                let mut count = |counts: &mut Counts| {
                    counts.contacts += 1;
                    counts.calls += usize::from(contact.channel == "telephone");
                    counts.waited += contact.waited.and_then(|s| u64::try_from(s).ok()).unwrap_or(0);
                    counts.spoken += contact.seconds.and_then(|s| u64::try_from(s).ok()).unwrap_or(0);
                    counts.told_again += usize::from(again);
                };
                count(total);
                if let Some(name) = name {
                    person(name, &mut count);
                }
            }
        }
    }

    /// The other sides by name, each with its people by name.
    #[must_use]
    pub fn others(self) -> Vec<OtherSide> {
        self.others.into_values().map(Gathered::done).collect()
    }
}

/// The place of a word of [`counterpart_core::view::PromiseLedger::tallies`]. What was renegotiated, released or stopped
/// stands in the ledger of its case.
fn field<'c>(counts: &'c mut Counts, word: &str) -> Option<&'c mut usize> {
    Some(match word {
        "kept" => &mut counts.kept,
        "late" => &mut counts.late,
        "missed" => &mut counts.missed,
        "open" => &mut counts.open,
        "alleged" => &mut counts.said,
        "alleged_missed" => &mut counts.said_missed,
        _ => return None,
    })
}

/// One's own contacts, by when they were.
fn own_contacts(record: &Record, own: &PartyId) -> Vec<(EntryId, Contact)> {
    let graph = record.graph();
    let mine = graph.ordered().into_iter().filter(|ix| graph.counts(*ix) && graph.statement(*ix).party == *own);
    let mut contacts: Vec<(EntryId, Contact)> = mine
        .filter(|ix| matches!(record.fold().act(*ix), Act::Contact(_)))
        .filter_map(|ix| match record.laid_open(ix) {
            Act::Contact(contact) => Some((graph.id(ix), contact)),
            _ => None,
        })
        .collect();
    contacts.sort_by_key(|(_, contact)| contact.started);
    contacts
}

/// Who promised an action for a seat, where that is known: the person the terms name, else the one spoken to when it was
/// said.
fn promised_by(record: &Record, view: &View, key: &SubjectKey, seat: Seat) -> Option<String> {
    let action = view.actions.iter().find(|a| a.key == *key)?;
    let opened = |text: &Sealable| text.open().map(str::to_owned);
    let (proposal, subject) = match record.laid_open(action.status.revision) {
        Act::Propose(proposal) | Act::Counter { proposal, .. } => {
            let keys = record.fold().subject_keys(action.status.revision);
            let at = keys.iter().position(|k| k == key)?;
            let subject = proposal.subjects.get(at)?.clone();
            (proposal, subject)
        }
        _ => return None,
    };
    if let counterpart_core::act::Topic::Action { terms, .. } = &subject.topic {
        let named = terms.performers.iter().find(|p| p.seat == seat).and_then(|p| p.person.as_ref());
        if let Some(name) = named.and_then(opened) {
            return Some(name);
        }
    }
    let contact = record.graph().find(&proposal.alleged?)?;
    match record.laid_open(contact) {
        Act::Contact(contact) => contact.person.as_ref().and_then(opened),
        _ => None,
    }
}
