//! How one is connected with the others in a case, and what came from them lately, in plain words.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use counterpart_core::{
    act::Act,
    id::{CaseId, PartyId},
};
use counterpart_node::NodeEvent;
use counterpart_words::{case::OpenCase, render};

use crate::{
    app::App,
    keeper::Standing,
    language::Language,
    text::{Markup, Told, told},
    time::Moment,
};

/// Cases that are remembered; the one that was heard of longest ago goes first.
const MOST: usize = 4096;

/// Parties told of in the head of a page.
const SHOWN: usize = 6;

/// Entries of others that a page carries along, to say which of them are new.
const NEWS: usize = 8;

/// Letters of an entry that are said.
const LETTERS: usize = 160;

/// What the node said last of one party.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// A party may be connected with several devices.
    links: usize,
    /// Since when there is no link, Unix milliseconds.
    since: i64,
}

#[derive(Debug, Default)]
struct CaseSeen {
    parties: BTreeMap<PartyId, Seen>,
    /// Why nobody was reached.
    failed: Option<String>,
    heard: i64,
}

/// How it stands with everybody, as the node in this process told.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<HashMap<CaseId, CaseSeen>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Online,
    /// There was a link, until then.
    Offline(i64),
    /// There was none yet, and why, where that was said.
    NotReached(Option<String>),
}

impl Connections {
    /// What the node told.
    pub(crate) fn take(&self, event: &NodeEvent, now: i64) {
        match event {
            NodeEvent::Connected { case, party, .. } => self.change(case, now, |seen| {
                seen.failed = None;
                seen.parties.entry(*party).or_insert(Seen { links: 0, since: now }).links += 1;
            }),
            NodeEvent::Disconnected { case, party } => self.change(case, now, |seen| {
                if let Some(seen) = seen.parties.get_mut(party) {
                    seen.links = seen.links.saturating_sub(1);
                    seen.since = now;
                }
            }),
            NodeEvent::Unreachable { case, why, .. } => self.change(case, now, |seen| seen.failed = Some(why.clone())),
            _ => {}
        }
    }

    /// The node has stopped, and with it every link.
    pub(crate) fn end(&self, now: i64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for seen in all.values_mut().flat_map(|case| case.parties.values_mut()).filter(|seen| seen.links > 0) {
            *seen = Seen { links: 0, since: now };
        }
    }

    fn change(&self, case: &CaseId, now: i64, change: impl FnOnce(&mut CaseSeen)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(case) {
            let oldest = all.iter().min_by_key(|(_, seen)| seen.heard).map(|(case, _)| *case);
            drop(oldest.and_then(|oldest| all.remove(&oldest)));
        }
        let seen = all.entry(*case).or_default();
        seen.heard = now;
        change(seen);
    }

    fn of(&self, case: &CaseId, party: &PartyId) -> State {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = all.get(case) else { return State::NotReached(None) };
        match seen.parties.get(party) {
            Some(Seen { links: 0, since }) => State::Offline(*since),
            Some(_) => State::Online,
            None => State::NotReached(seen.failed.clone()),
        }
    }
}

/// One of the others in a case.
#[derive(Debug)]
pub(crate) struct Other {
    pub(crate) who: String,
    pub(crate) tone: &'static str,
    pub(crate) sign: &'static str,
    pub(crate) state: Markup,
    /// How much of what is here they have.
    pub(crate) has: Option<String>,
    /// What was tried to reach them, and what came of it: for whoever mends it.
    pub(crate) tried: Option<String>,
    /// They are away, and nothing is lost by that.
    pub(crate) later: Option<&'static str>,
}

/// How it stands with the others in a case.
#[derive(Debug)]
pub(crate) struct Others {
    pub(crate) each: Vec<Other>,
    /// How many more there are.
    pub(crate) more: Option<String>,
}

impl Others {
    pub(crate) fn of(app: &App, language: &'static Language, case: &OpenCase) -> Self {
        let standing = app.standing.borrow().clone();
        let own = |party: &&PartyId| **party != case.own;
        let mut each = Vec::new();
        let mut more = 0_u64;
        let delivery = case.record.delivery(&case.own);
        let entries = case.record.graph().len();
        for seat in &case.seats {
            if seat.parties.is_empty() {
                each.push(Other {
                    who: case.seat_text(&seat.seat),
                    tone: "quiet",
                    sign: "quiet",
                    state: Markup::default().say(language.say("connection.joining")),
                    has: None,
                    tried: None,
                    later: None,
                });
            }
            for party in seat.parties.iter().filter(own) {
                let told = delivery.iter().find(|d| d.party == *party);
                let missing = told.map_or(0, |d| d.missing);
                let heard = told.and_then(|d| d.last_receipt);
                let seen = app.connections.of(&case.id, party);
                let (tone, sign, state) = if case.lens().has_left(party) {
                    ("quiet", "quiet", Markup::default().say(language.say("connection.left")))
                } else if !seat.joined {
                    ("quiet", "quiet", Markup::default().say(language.say("connection.joining")))
                } else {
                    state(language, &standing, &seen, heard)
                };
                let has = match missing {
                    0 => language.say("connection.has.all").to_owned(),
                    n if n >= entries => language.say("connection.has.none").to_owned(),
                    n => language.count("connection.has.but", n as u64),
                };
                let has = match told.map_or(0, |d| d.at_mailbox) {
                    0 => has,
                    n => format!("{has}; {}", language.count("connection.has.mailbox", n as u64)),
                };
                let has = Some(has).filter(|_| seat.joined);
                let tries = seat.joined && !case.lens().has_left(party) && matches!(standing, Standing::Here);
                let away = tries && seen != State::Online;
                let tried = match seen {
                    State::NotReached(why) => why.filter(|_| tries),
                    State::Online | State::Offline(_) => None,
                };
                let later = away.then(|| language.say("connection.later"));
                each.push(Other { who: case.seat_text(&seat.seat), tone, sign, state, has, tried, later });
            }
        }
        if each.len() > SHOWN {
            more = (each.len() - SHOWN) as u64;
            each.truncate(SHOWN);
        }
        // Said once, with the last of them.
        let last = each.iter().rposition(|other| other.later.is_some());
        for (n, other) in each.iter_mut().enumerate() {
            other.later = other.later.filter(|_| Some(n) == last);
        }
        Self { each, more: Some(more).filter(|n| *n > 0).map(|n| language.count("connection.more", n)) }
    }
}

fn state(
    language: &'static Language,
    standing: &Standing,
    state: &State,
    heard: Option<i64>,
) -> (&'static str, &'static str, Markup) {
    let when = |at: i64| Markup::default().moment(&Moment(at).shown(language));
    let said = |key: &str| Markup::default().say(language.say(key));
    match (standing, state) {
        // What another program sees is not known here; what it stored is.
        (Standing::Elsewhere, _) => match heard {
            Some(at) => ("quiet", "info", language.markup("connection.elsewhere.heard", &[("when", when(at))])),
            None => ("quiet", "info", said("connection.elsewhere")),
        },
        (Standing::Off | Standing::Failed(_) | Standing::NoIdentity, _) => ("warn", "late", said("connection.off")),
        (Standing::Here, State::Online) => ("good", "good", said("connection.online")),
        (Standing::Here, State::Offline(since)) => {
            ("quiet", "theirs", language.markup("connection.offline", &[("when", when(*since))]))
        }
        (Standing::Here, State::NotReached(_)) => ("quiet", "theirs", said("connection.unreached")),
    }
}

/// Something that one of the others did.
#[derive(Debug)]
pub(crate) struct News {
    /// What it is known by: the entry's id.
    pub(crate) id: String,
    /// Where it is read, beside the case's own path.
    pub(crate) end: String,
    /// Who did what; their own words may be in it.
    pub(crate) what: Told,
}

impl News {
    /// What came from the others last, the oldest first.
    pub(crate) fn of(case: &OpenCase) -> Vec<Self> {
        let (graph, speech) = (case.record.graph(), render::Speech::of_case(case));
        let theirs = graph.all().rev().filter(|ix| {
            let seen = matches!(case.record.fold().act(*ix), Act::Seen);
            graph.counts(*ix) && !seen && graph.statement(*ix).party != case.own
        });
        let one = |ix| {
            let id = graph.id(ix);
            let what = told(|| {
                let who = case.party_label(&graph.statement(ix).party);
                render::sentence(&speech, &who, &case.record.laid_open(ix))
            });
            Self { id: id.to_hex(), end: format!("/entry/{}", case.entry_typed(&id)), what: what.cut(LETTERS).0 }
        };
        let mut news: Vec<Self> = theirs.take(NEWS).map(one).collect();
        news.reverse();
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_online_as_long_as_any_of_its_devices_is() {
        let (case, party) = (CaseId([1; 32]), PartyId([2; 32]));
        let all = Connections::default();
        assert_eq!(all.of(&case, &party), State::NotReached(None));
        all.take(&NodeEvent::Unreachable { case, why: "nobody answers".to_owned(), party: None, first: true }, 1);
        assert_eq!(all.of(&case, &party), State::NotReached(Some("nobody answers".to_owned())));
        all.take(&NodeEvent::Connected { case, party, way: None }, 2);
        all.take(&NodeEvent::Connected { case, party, way: None }, 3);
        all.take(&NodeEvent::Disconnected { case, party }, 4);
        assert_eq!(all.of(&case, &party), State::Online);
        all.take(&NodeEvent::Disconnected { case, party }, 5);
        all.take(&NodeEvent::Unreachable { case, why: "nobody answers".to_owned(), party: None, first: true }, 6);
        assert_eq!(all.of(&case, &party), State::Offline(5), "that it was there once is worth more");
        all.take(&NodeEvent::Connected { case, party, way: None }, 7);
        all.end(8);
        assert_eq!(all.of(&case, &party), State::Offline(8));
        all.end(9);
        assert_eq!(all.of(&case, &party), State::Offline(8), "since then");
    }

    #[test]
    fn who_is_away_is_said_in_a_line_whatever_was_tried() {
        let why = "12D3KooW... cannot be reached: /ip4/127.0.0.1/tcp/38077: nobody listens there".to_owned();
        for (language, told) in [("en", "is not online"), ("de", "ist nicht online")] {
            let language = crate::language::accepted(Some(language));
            for seen in [State::NotReached(None), State::NotReached(Some(why.clone()))] {
                assert_eq!(state(language, &Standing::Here, &seen, None).2.to_string(), told);
            }
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let all = Connections::default();
        let party = PartyId([2; 32]);
        let case = |n: usize| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&(n as u64).to_be_bytes());
            CaseId(id)
        };
        for n in 0..=MOST {
            all.take(&NodeEvent::Connected { case: case(n), party, way: None }, n as i64);
        }
        assert_eq!(all.0.lock().expect("whole").len(), MOST);
        assert_eq!(all.of(&case(0), &party), State::NotReached(None));
        assert_eq!(all.of(&case(MOST), &party), State::Online);
    }
}
