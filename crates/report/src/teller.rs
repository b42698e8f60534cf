//! What everything in one case is called.

use std::collections::BTreeMap;

use counterpart_core::{
    act::{Act, ActionTerms, PartyRef, Subject, Topic},
    fold::{Lens, SubjectKey},
    graph::Ix,
    id::{DeviceKey, EntryId, PartyId, short_form},
    record::Record,
    text,
    value::{Due, Sealable, Seat},
    view::{DueInstant, Names, View},
};

use crate::{
    clock::{Clock, Time, due_in_words},
    sealed::Missing,
    source::Source,
    words::{EntryName, Words, say},
};

/// A record, folded once, with the names of all that is in it.
pub(crate) struct Teller<'r> {
    pub(crate) record: &'r Record,
    pub(crate) view: View,
    pub(crate) made_at: i64,
    pub(crate) due: DueInstant<'r>,
    pub(crate) clock: Clock,
    names: Names,
    pub(crate) missing: Missing,
    /// The labels of seats as far as they can be read here; those that cannot bear the numbers of what is missing.
    labels: BTreeMap<Seat, Sealable>,
    parties: BTreeMap<PartyId, String>,
    /// The last card of a device: its entry, and the person's name.
    cards: BTreeMap<DeviceKey, (Ix, String)>,
}

impl<'r> Teller<'r> {
    /// Nothing for a record without an opening.
    pub(crate) fn of(source: &Source<'r>) -> Option<Self> {
        let record = source.record;
        let view = record.view()?;
        let mut cards = BTreeMap::new();
        for card in record.people(&view).iter().flat_map(|seat| &seat.cards) {
            if let (Some(device), Some(name)) = (card.card.device, card.card.name.open()) {
                cards.insert(device, (card.entry, name.to_owned()));
            }
        }
        let missing = Missing::of(record);
        let labels = labels(record, &view, &missing);
        Some(Self {
            record,
            made_at: source.made_at,
            due: source.due,
            clock: Clock::of(&view.zone),
            names: record.names(),
            parties: party_names(record, &view, &labels),
            missing,
            labels,
            cards,
            view,
        })
    }

    pub(crate) fn lens(&self) -> Lens<'r> {
        self.record.lens()
    }

    /// An entry by its number.
    pub(crate) fn entry(&self, id: &EntryId) -> EntryName {
        let shown = self.names.of(id);
        EntryName { anchor: anchor(&shown), shown }
    }

    pub(crate) fn name(&self, ix: Ix) -> EntryName {
        self.entry(&self.record.graph().id(ix))
    }

    /// A subject of a revision: `#3`, or `#3/2` in a bundle.
    pub(crate) fn part(&self, revision: &EntryId, subject: u32) -> EntryName {
        let name = self.entry(revision);
        let bundle = self.record.graph().find(revision).is_some_and(|ix| self.record.fold().subject_keys(ix).len() > 1);
        match bundle {
            true => EntryName { shown: format!("{}/{}", name.shown, u64::from(subject) + 1), ..name },
            false => name,
        }
    }

    /// The part of a revision that is about a subject, with every sealed value that is here laid open.
    pub(crate) fn subject_in(&self, revision: Ix, key: &SubjectKey) -> Option<Subject> {
        let place = self.record.fold().subject_keys(revision).iter().position(|k| k == key)?;
        match self.laid_open(revision) {
            Act::Propose(proposal) | Act::Counter { proposal, .. } => proposal.subjects.into_iter().nth(place),
            _ => None,
        }
    }

    /// The terms of an action in one of its revisions, laid open likewise.
    pub(crate) fn terms_in(&self, revision: Ix, key: &SubjectKey) -> Option<ActionTerms> {
        match self.subject_in(revision, key)?.topic {
            Topic::Action { terms, .. } => Some(terms),
            _ => None,
        }
    }

    /// What a party is called: the label of its seat; with the short form of its identity where two are called alike.
    pub(crate) fn party(&self, party: &PartyId) -> String {
        self.parties.get(party).cloned().unwrap_or_else(|| short_form(party.as_bytes()))
    }

    pub(crate) fn author(&self, ix: Ix) -> String {
        self.party(&self.record.graph().statement(ix).party)
    }

    /// Who a seat is: its party, and while nobody has taken it what it is called.
    pub(crate) fn seat(&self, seat: &Seat) -> String {
        let Some(found) = self.view.seats.iter().find(|s| s.seat == *seat) else { return seat.to_string() };
        match found.parties.as_slice() {
            [party] => self.party(party),
            _ => self.label(seat).unwrap_or_else(|| seat.to_string()),
        }
    }

    /// What a seat is called, if that can be read here.
    pub(crate) fn label(&self, seat: &Seat) -> Option<String> {
        Some(text::visible_line(self.labels.get(seat)?.open()?).into_owned())
    }

    /// What is told in place of a seat's name that cannot be read here.
    pub(crate) fn nameless(&self, seat: &Seat) -> Option<Words> {
        let label = self.labels.get(seat)?;
        label.open().is_none().then(|| self.said(label))
    }

    /// Everybody who has a name here, by id.
    pub(crate) fn parties(&self) -> impl Iterator<Item = &PartyId> {
        self.parties.keys()
    }

    pub(crate) fn seats(&self, seats: impl IntoIterator<Item = Seat>) -> Words {
        Words::new().listed(seats.into_iter().map(|seat| Words::new().who(&self.seat(&seat))))
    }

    /// A party in terms, with the person meant.
    pub(crate) fn person(&self, party: &PartyRef) -> Words {
        let seat = Words::new().who(&self.seat(&party.seat));
        seat.maybe(party.person.as_ref(), |words, person| words.say(" (").then(self.said(person)).say(")"))
    }

    pub(crate) fn people(&self, parties: &[PartyRef]) -> Words {
        Words::new().listed(parties.iter().map(|p| self.person(p)))
    }

    /// The person who signs with a device by the last card that says so, and that card.
    pub(crate) fn signer(&self, device: &DeviceKey) -> Option<(EntryName, &str)> {
        self.cards.get(device).map(|(card, name)| (self.name(*card), name.as_str()))
    }

    pub(crate) fn time(&self, at: i64) -> Time {
        self.clock.time(at)
    }

    /// The instant of a due time.
    pub(crate) fn due_at(&self, due: &Due, counted_from: Option<i64>) -> Option<i64> {
        (self.due)(due, counted_from)
    }

    /// A due time, with the instant that a relative one comes to.
    pub(crate) fn due_words(&self, due: &Due, counted_from: Option<i64>) -> Words {
        let words = say(due_in_words(due));
        let relative = matches!(due, Due::After { .. });
        let instant = self.due_at(due, counted_from).filter(|_| relative);
        words.maybe(instant, |words, instant| words.say(": ").at(self.time(instant)))
    }
}

/// `#24-KZ` becomes `n24-KZ`: what a page may use as an anchor, whatever a name holds.
fn anchor(shown: &str) -> String {
    let plain = shown.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-');
    std::iter::once('n').chain(plain).collect()
}

/// The labels of all seats, laid open as far as they are here.
fn labels(record: &Record, view: &View, missing: &Missing) -> BTreeMap<Seat, Sealable> {
    let graph = record.graph();
    let opening = record.lens().open().map(|(ix, _)| missing.laid_open(record, ix));
    let offered = |seat: &Seat| match seat {
        Seat::Number(n) => match opening.as_ref()? {
            Act::Open(open) => Some(open.seats.get(usize::try_from(*n).ok()?)?.label.clone()),
            _ => None,
        },
        Seat::Added(proposal, index) => match missing.laid_open(record, graph.find(proposal)?) {
            Act::Propose(offer) | Act::Counter { proposal: offer, .. } => {
                match &offer.subjects.get(usize::try_from(*index).ok()?)?.topic {
                    Topic::AdmitNew { label, .. } => Some(label.clone()),
                    _ => None,
                }
            }
            _ => None,
        },
    };
    view.seats.iter().map(|seat| (seat.seat, offered(&seat.seat).unwrap_or_else(|| seat.label.clone()))).collect()
}

fn party_names(record: &Record, view: &View, labels: &BTreeMap<Seat, Sealable>) -> BTreeMap<PartyId, String> {
    let mut known: Vec<PartyId> = record.lens().members();
    known.extend(record.graph().feeds().filter_map(|(device, _)| record.graph().party_of(&device)));
    known.extend(view.seats.iter().flat_map(|seat| seat.parties.iter().copied()));
    known.sort_unstable();
    known.dedup();
    let label = |party: &PartyId| {
        let seat = view.seats.iter().find(|s| s.parties.contains(party))?;
        Some(text::visible_line(labels.get(&seat.seat)?.open()?).into_owned())
    };
    let labels: Vec<(PartyId, Option<String>)> = known.into_iter().map(|party| (party, label(&party))).collect();
    let alike = |label: &Option<String>| labels.iter().filter(|(_, other)| other == label).count() > 1;
    let named = |(party, label): &(PartyId, Option<String>)| {
        let short = short_form(party.as_bytes());
        let name = match label {
            Some(text) if alike(label) => format!("{text} [{short}]"),
            Some(text) => text.clone(),
            None => short,
        };
        (*party, name)
    };
    labels.iter().map(named).collect()
}
