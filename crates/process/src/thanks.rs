//! Whom to thank: the people named in promises that were kept and whoever was responsible when these were declared done,
//! and at the end of a case everybody else who helped.

use counterpart_core::{
    act::Act,
    fold::ActionState,
    graph::Ix,
    id::{EntryId, PartyId},
    record::Record,
    value::{ActionId, Sealable, Seat},
    view::{CardView, CaseState, SeatPeople, View},
};

use crate::{
    notebook::{Person, whom_key},
    reminder::Promise,
};

/// What somebody is thanked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// A promise was kept.
    Kept(ActionId),
    /// The case is closed, by this entry.
    Closed(EntryId),
}

/// Somebody to thank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thanks {
    pub person: String,
    /// Where they sit.
    pub seat: Option<Seat>,
    pub occasion: Occasion,
    /// What was done; empty where it is for the whole case.
    pub what: String,
    pub reference: Option<String>,
    /// The entry the thanks are about.
    pub about: EntryId,
    /// What people call the promise: `#5`; nothing where it is for the whole case.
    pub promise: Option<String>,
    /// When there was reason to, claimed, Unix milliseconds.
    pub since: i64,
}

impl Thanks {
    /// What names the occasion: the same person is thanked once for it.
    #[must_use]
    pub fn name(&self) -> String {
        let person = whom_key(&self.person);
        match self.occasion {
            Occasion::Kept(ActionId { proposal, index }) => format!("thanks/{}/{index}/{person}", proposal.to_hex()),
            Occasion::Closed(_) => format!("thanks/closed/{person}"),
        }
    }

    /// The letter for it.
    #[must_use]
    pub fn letter(&self) -> &'static str {
        match self.occasion {
            Occasion::Kept(_) => "thanks-kept",
            Occasion::Closed(_) => "thanks-closed",
        }
    }
}

/// Who is to be thanked and was not, by any thanks on record.
#[must_use]
pub fn thanks(record: &Record, view: &View, promises: &[Promise], own: &PartyId) -> Vec<Thanks> {
    let thanked = Thanked::new(record, own);
    let mut found: Vec<Thanks> = Vec::new();
    let mut add = |thanks: Thanks| {
        let same = |t: &Thanks| t.name() == thanks.name();
        if !thanks.person.trim().is_empty() && !found.iter().any(same) {
            found.push(thanks);
        }
    };
    for promise in promises.iter().filter(|p| !p.own) {
        let action = view.actions.iter().find(|a| a.id == promise.action);
        let Some(action) = action.filter(|a| a.status.state == ActionState::Completed) else { continue };
        let declared = action.status.declare;
        let since = declared
            .map_or_else(|| record.graph().statement(action.status.revision).at, |ix| record.graph().statement(ix).at);
        let seat = promise.seats.first().copied();
        let named = promise.person.iter().chain(&promise.doer).cloned();
        for person in named.chain(declared.and_then(|ix| responsible_then(record, ix))) {
            if !thanked.for_promise(&person, promise) {
                add(Thanks {
                    person,
                    seat,
                    occasion: Occasion::Kept(promise.action),
                    what: promise.what.clone(),
                    reference: promise.said.as_ref().and_then(|said| said.reference.clone()),
                    about: promise.revision,
                    promise: Some(promise.name.clone()),
                    since,
                });
            }
        }
    }
    // What was over when its case was begun, as that of a ticket taken over from elsewhere, is none of ours to thank for.
    let begun = record.lens().open().map(|(ix, _)| record.graph().statement(ix).at);
    let here = |closing: &Ix| begun.is_some_and(|begun| record.graph().statement(*closing).at > begun);
    if let CaseState::Closed(closing) = view.state
        && here(&closing)
    {
        let about = record.graph().id(closing);
        let since = record.graph().statement(closing).at;
        let for_promises: Vec<String> = found.iter().map(|t| whom_key(&t.person)).collect();
        // Nobody is thanked of the program's own accord whose promise was overdue when the case was closed.
        let kept = |p: &&Promise| {
            let of = view.actions.iter().find(|a| a.id == p.action);
            of.is_some_and(|a| a.status.state == ActionState::Completed)
        };
        let unkept: Vec<String> = promises
            .iter()
            .filter(|p| !p.own && p.due.is_some_and(|due| due < since) && !kept(p))
            .flat_map(|p| p.person.iter().chain(&p.doer))
            .map(|name| whom_key(name))
            .collect();
        for (person, seat) in named(record, view, own) {
            // Whoever was thanked for a promise, or is about to be, is not thanked again for the same case.
            let key = whom_key(&person);
            if thanked.at_all(&person) || for_promises.contains(&key) || unkept.contains(&key) {
                continue;
            }
            let same = |t: &Thanks| whom_key(&t.person) == whom_key(&person);
            if !found.iter().any(same) {
                found.push(Thanks {
                    person,
                    seat: Some(seat),
                    occasion: Occasion::Closed(about),
                    what: String::new(),
                    reference: None,
                    about,
                    promise: None,
                    since,
                });
            }
        }
    }
    found
}

/// Everybody on other sides whose name is on record, and who is known to have had to do with it: that somebody stood in a
/// hand-over says nothing of what they did. For what they declared done they are thanked where it was approved.
fn named(record: &Record, view: &View, own: &PartyId) -> Vec<(String, Seat)> {
    // Whoever takes no part in agreements, such as an arbiter, is on nobody's side.
    let other = |seat: Seat| view.seats.iter().any(|s| s.seat == seat && s.role.agrees() && !s.parties.contains(own));
    let mut names: Vec<(String, Seat)> = Vec::new();
    for seat in record.people(view).into_iter().filter(|s| other(s.seat)) {
        let handed: Vec<String> = in_handovers(record, &seat).iter().map(|name| whom_key(name)).collect();
        let cards = seat.cards.iter().filter_map(|card| card.card.name.open());
        let cards = cards.filter(|name| !handed.contains(&whom_key(name)));
        // Whom this side spoke with had to do with it, whoever was responsible.
        let noted = seat.noted.iter().filter_map(|noted| noted.person.as_ref()?.open());
        for name in cards.chain(noted) {
            let name = Person::of_contact(name).name;
            if !names.iter().any(|(known, _)| whom_key(known) == whom_key(&name)) {
                names.push((name, seat.seat));
            }
        }
    }
    names
}

/// Who took over at a seat, and from whom.
fn in_handovers(record: &Record, seat: &SeatPeople) -> Vec<String> {
    let graph = record.graph();
    let mut names = Vec::new();
    for handover in &seat.handovers {
        names.extend(handover.person.as_ref().and_then(Sealable::open).map(str::to_owned));
        let before = |card: &&CardView| {
            let of_device = handover.from.is_none() || card.card.device == handover.from;
            of_device && graph.in_past(card.entry, handover.entry)
        };
        names.extend(seat.cards.iter().filter(before).filter_map(|card| card.card.name.open()).map(str::to_owned));
    }
    names
}

/// Who was responsible when something was declared done: whoever signed that, by the cards and hand-overs of then.
fn responsible_then(record: &Record, declare: Ix) -> Option<String> {
    record.acted_for(declare)?.open().map(str::to_owned)
}

/// The thanks that this side signed already.
struct Thanked(Vec<(Option<String>, Option<EntryId>)>);

impl Thanked {
    fn new(record: &Record, own: &PartyId) -> Self {
        let (graph, lens) = (record.graph(), record.lens());
        let ours = |ix: &Ix| lens.has(*ix) && graph.statement(*ix).party == *own;
        let is_thanks = |ix: &Ix| matches!(lens.fold().act(*ix), Act::Thank { .. });
        let read = |ix: Ix| match record.laid_open(ix) {
            Act::Thank { person, about, .. } => Some((
                person.as_ref().and_then(Sealable::open).map(|name| whom_key(&Person::of_contact(name).name)),
                about,
            )),
            _ => None,
        };
        Self(graph.ordered().into_iter().filter(ours).filter(is_thanks).filter_map(read).collect())
    }

    fn at_all(&self, person: &str) -> bool {
        self.0.iter().any(|(name, _)| name.as_deref() == Some(whom_key(person).as_str()))
    }

    /// Whether they were thanked for this promise, or for nothing in particular.
    fn for_promise(&self, person: &str, promise: &Promise) -> bool {
        let key = whom_key(person);
        self.0.iter().any(|(name, about)| {
            name.as_deref() == Some(key.as_str())
                && about.is_none_or(|about| about == promise.revision || about == promise.action.proposal)
        })
    }
}
