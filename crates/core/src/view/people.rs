//! Who is responsible on each side, and how to reach them: from cards, hand-overs, and what contacts noted.

use super::View;
use crate::{
    act::{Act, Card},
    graph::Ix,
    id::{DeviceKey, PartyId},
    record::Record,
    value::{Sealable, Seat},
};

/// The people at one seat.
#[derive(Debug, Clone)]
pub struct SeatPeople {
    pub seat: Seat,
    /// Who sits there; nobody while the seat is open.
    pub party: Option<PartyId>,
    /// Who is responsible now by that side's own word: the last hand-over, else its cards. Several where two were
    /// signed without knowing of each other; nobody where that side named nobody.
    pub responsible: Vec<Responsible>,
    /// Cards that no later one of the same person replaced, oldest first.
    pub cards: Vec<CardView>,
    /// Every hand-over, oldest first.
    pub handovers: Vec<HandoverView>,
    /// People and numbers that contacts with that side noted, the latest first.
    pub noted: Vec<Noted>,
}

#[derive(Debug, Clone)]
pub struct Responsible {
    /// The card or hand-over that says so.
    pub entry: Ix,
    /// Claimed time since when, Unix milliseconds.
    pub since: i64,
    pub name: Option<Sealable>,
    /// The device that person signs with.
    pub device: Option<DeviceKey>,
    /// That person's card: one that gives this very name, whatever device it names.
    pub card: Option<Card>,
    /// Where there is none, a card of that device that names somebody else: its number is not this person's.
    pub other: Option<CardView>,
}

#[derive(Debug, Clone)]
pub struct CardView {
    pub entry: Ix,
    pub party: PartyId,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    pub card: Card,
}

#[derive(Debug, Clone)]
pub struct HandoverView {
    pub entry: Ix,
    pub party: PartyId,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    pub from: Option<DeviceKey>,
    pub to: DeviceKey,
    /// As the hand-over or, failing that, a card names whoever takes over.
    pub person: Option<Sealable>,
    /// The hand-over itself names them; otherwise it is whoever signs with that device.
    pub named: bool,
    pub summary: Sealable,
}

/// A person, or a number without one, that contacts noted.
#[derive(Debug, Clone)]
pub struct Noted {
    pub person: Option<Sealable>,
    pub numbers: Vec<Sealable>,
    /// When the last of these contacts began, claimed, Unix milliseconds.
    pub last: i64,
    /// The contacts, oldest first.
    pub contacts: Vec<Ix>,
}

impl Record {
    /// An entry's act with every sealed value that is here laid open.
    #[must_use]
    pub fn laid_open(&self, ix: Ix) -> Act {
        let statement = self.graph().statement(ix);
        let values = self.values_of(&self.graph().id(ix));
        let act = || self.fold().act(ix).clone();
        if values.is_empty() {
            return act();
        }
        let body = values.iter().fold(statement.body.clone(), |body, value| value.reveal(&body).unwrap_or(body));
        Act::read(&statement.kind, &body).unwrap_or_else(act)
    }

    /// Who acted for a party in an entry: whoever signs with its device by the cards and hand-overs it knew, else whoever
    /// was responsible by the last hand-over it knew.
    #[must_use]
    pub fn acted_for(&self, ix: Ix) -> Option<Sealable> {
        let graph = self.graph();
        let party = graph.statement(ix).party;
        CardNames::new(self).signer(self, ix).or_else(|| {
            let known = |h: &&HandoverView| h.party == party && graph.in_past_or_same(h.entry, ix);
            Found::new(self).handovers.iter().rev().find(known)?.person.clone()
        })
    }

    /// The people at every seat.
    #[must_use]
    pub fn people(&self, view: &View) -> Vec<SeatPeople> {
        let found = Found::new(self);
        let one = |seat: &super::SeatView| {
            let party = seat.parties.first().copied();
            let of = |p: &PartyId| seat.parties.contains(p);
            let handovers: Vec<HandoverView> = found.handovers.iter().filter(|h| of(&h.party)).cloned().collect();
            let cards: Vec<CardView> =
                found.cards.iter().filter(|c| of(&c.party) && !found.replaced(self, c)).cloned().collect();
            let responsible = responsible(self, &handovers, &cards);
            SeatPeople { seat: seat.seat, party, responsible, cards, handovers, noted: found.noted(self, view, seat) }
        };
        view.seats.iter().map(one).collect()
    }
}

/// The names that cards and hand-overs give to devices.
#[derive(Debug)]
pub(super) struct CardNames(Vec<Naming>);

/// One of them.
#[derive(Debug)]
struct Naming {
    entry: Ix,
    device: DeviceKey,
    name: Sealable,
    /// By a hand-over: it speaks of what is signed from then on, while a card may come after the first signatures.
    from_then_on: bool,
}

impl CardNames {
    pub(super) fn new(record: &Record) -> Self {
        let (graph, lens) = (record.graph(), record.lens());
        let naming = |entry: Ix| match record.laid_open(entry) {
            Act::Card(Card { name, device: Some(device), .. }) => {
                Some(Naming { entry, device, name, from_then_on: false })
            }
            Act::Handover { to, person: Some(name), .. } => {
                Some(Naming { entry, device: to, name, from_then_on: true })
            }
            _ => None,
        };
        let names = |ix: &Ix| matches!(lens.fold().act(*ix), Act::Card(_) | Act::Handover { .. }) && lens.has(*ix);
        Self(graph.ordered().into_iter().filter(names).filter_map(naming).collect())
    }

    /// Who signed an entry: by the newest card or hand-over of its device that it knew, else by the first card there ever
    /// was.
    pub(super) fn signer(&self, record: &Record, ix: Ix) -> Option<Sealable> {
        let device = record.graph().statement(ix).device;
        let of_device = || self.0.iter().filter(|naming| naming.device == device);
        let known = of_device().rev().find(|naming| record.graph().in_past_or_same(naming.entry, ix));
        known.or_else(|| of_device().find(|naming| !naming.from_then_on)).map(|naming| naming.name.clone())
    }

    /// Who signs with a device, by the newest of them.
    pub(super) fn of_device(&self, device: &DeviceKey) -> Option<Sealable> {
        self.0.iter().rev().find(|naming| naming.device == *device).map(|naming| naming.name.clone())
    }

    /// The devices that a party named.
    pub(super) fn devices_of(&self, record: &Record, party: &PartyId) -> Vec<DeviceKey> {
        let of_party = |naming: &&Naming| record.graph().statement(naming.entry).party == *party;
        self.0.iter().filter(of_party).map(|naming| naming.device).collect()
    }
}

/// What the entries say of people, in the agreed order.
struct Found {
    cards: Vec<CardView>,
    handovers: Vec<HandoverView>,
    contacts: Vec<Ix>,
}

impl Found {
    fn new(record: &Record) -> Self {
        let (graph, lens) = (record.graph(), record.lens());
        let mut found = Self { cards: Vec::new(), handovers: Vec::new(), contacts: Vec::new() };
        for entry in graph.ordered().into_iter().filter(|ix| lens.has(*ix)) {
            let (party, at) = (graph.statement(entry).party, graph.statement(entry).at);
            match lens.fold().act(entry) {
                Act::Card(_) => {
                    if let Act::Card(card) = record.laid_open(entry) {
                        found.cards.push(CardView { entry, party, at, card });
                    }
                }
                Act::Handover { .. } => {
                    if let Act::Handover { from, to, person, summary } = record.laid_open(entry) {
                        let named = person.is_some();
                        let person = person.or_else(|| found.card_of(&party, &to).map(|c| c.card.name.clone()));
                        found.handovers.push(HandoverView { entry, party, at, from, to, person, named, summary });
                    }
                }
                Act::Contact(_) => found.contacts.push(entry),
                _ => {}
            }
        }
        found
    }

    /// The last card of a device.
    fn card_of(&self, party: &PartyId, device: &DeviceKey) -> Option<&CardView> {
        self.cards.iter().rev().find(|c| c.party == *party && c.card.device == Some(*device))
    }

    /// Whether a later card of that side, knowing this one, is about the same person.
    fn replaced(&self, record: &Record, card: &CardView) -> bool {
        let same = |other: &CardView| match (other.card.device, card.card.device) {
            (Some(a), Some(b)) => a == b,
            _ => other.card.name == card.card.name,
        };
        self.cards.iter().any(|o| o.party == card.party && same(o) && record.graph().in_past(card.entry, o.entry))
    }

    /// The people and numbers noted in contacts with a seat.
    fn noted(&self, record: &Record, view: &View, seat: &super::SeatView) -> Vec<Noted> {
        let mut noted: Vec<Noted> = Vec::new();
        for entry in &self.contacts {
            let Act::Contact(contact) = record.laid_open(*entry) else { continue };
            let author = record.graph().statement(*entry).party;
            let with = contact.seat.or_else(|| other_seat(view, &author));
            if with != Some(seat.seat) || (contact.person.is_none() && contact.number.is_none()) {
                continue;
            }
            let same = |n: &&mut Noted| match (&n.person, &contact.person) {
                (Some(a), Some(b)) => a == b,
                (None, None) => contact.number.as_ref().is_some_and(|number| n.numbers.contains(number)),
                _ => false,
            };
            match noted.iter_mut().find(same) {
                Some(known) => {
                    known.last = known.last.max(contact.started);
                    known.contacts.push(*entry);
                    known.numbers.extend(contact.number.filter(|n| !known.numbers.contains(n)));
                }
                None => noted.push(Noted {
                    person: contact.person,
                    numbers: contact.number.into_iter().collect(),
                    last: contact.started,
                    contacts: vec![*entry],
                }),
            }
        }
        noted.sort_by_key(|n| std::cmp::Reverse(n.last));
        noted
    }
}

/// The one seat that takes part in agreements and is not that party's.
fn other_seat(view: &View, own: &PartyId) -> Option<Seat> {
    let mut others = view.seats.iter().filter(|s| s.role.agrees() && !s.parties.contains(own));
    let first = others.next()?;
    others.next().is_none().then_some(first.seat)
}

fn responsible(record: &Record, handovers: &[HandoverView], cards: &[CardView]) -> Vec<Responsible> {
    let graph = record.graph();
    let standing = handovers.iter().filter(|h| !handovers.iter().any(|later| graph.in_past(h.entry, later.entry)));
    let handed = |h: &HandoverView| {
        // Several people may sign with one device: a card's number goes with nobody but whom it names.
        let named = |c: &&CardView| h.person.as_ref().is_some_and(|person| same_name(person, &c.card.name));
        let of_device = || cards.iter().rev().filter(|c| c.card.device == Some(h.to));
        let card = match h.named {
            true => of_device().find(named).or_else(|| cards.iter().rev().find(named)),
            false => of_device().next(),
        };
        let other = of_device().next().filter(|_| card.is_none()).cloned();
        let name = if h.named { None } else { card.map(|c| c.card.name.clone()) }.or_else(|| h.person.clone());
        let card = card.map(|c| c.card.clone());
        Responsible { entry: h.entry, since: h.at, name, device: Some(h.to), card, other }
    };
    let found: Vec<Responsible> = standing.map(handed).collect();
    if !found.is_empty() {
        return found;
    }
    let by_card = |c: &CardView| Responsible {
        entry: c.entry,
        since: c.at,
        name: Some(c.card.name.clone()),
        device: c.card.device,
        card: Some(c.card.clone()),
        other: None,
    };
    cards.iter().map(by_card).collect()
}

/// Whether two texts name one person, however they are spaced and whatever letters are capitals. What is sealed is not
/// known to be anybody's name.
fn same_name(one: &Sealable, other: &Sealable) -> bool {
    let read = |name: &Sealable| {
        name.open().map(|text| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" "))
    };
    read(one).is_some_and(|name| read(other) == Some(name))
}
