//! Calls, letters, visits and chats that were noted: with whom, how long, and what was promised in them.

use counterpart_core::{act::Act, fold::SubjectKey, graph::Ix};

use crate::{
    clock::{Time, lasted},
    sentence::channel,
    teller::Teller,
    words::{EntryName, Words, count, say},
};

/// Letters of what was said that stand in its column.
const COLUMN: usize = 900;

/// One contact, as its author noted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub entry: EntryName,
    /// Who noted it.
    pub who: String,
    /// When it began, as noted.
    pub began: Time,
    pub channel: &'static str,
    /// "to" or "from".
    pub way: &'static str,
    pub with: Words,
    /// Seconds.
    pub lasted: Option<u64>,
    /// Seconds.
    pub waited: Option<u64>,
    pub reference: Option<Words>,
    pub menu: Vec<Words>,
    pub summary: Words,
    /// What was recorded as promised in it, and what became of that.
    pub promised: Vec<Words>,
}

impl Contact {
    /// What of the summary stands in its column, where it is too long to stand there whole.
    #[must_use]
    pub fn beginning(&self) -> Option<Words> {
        self.summary.beginning(COLUMN)
    }

    /// "24 min, after waiting 12 min".
    #[must_use]
    pub fn length(&self) -> String {
        match (self.lasted, self.waited) {
            (None, None) => String::new(),
            (Some(long), None) => lasted(long),
            (None, Some(waited)) => format!("waiting {}", lasted(waited)),
            (Some(long), Some(waited)) => format!("{}, after waiting {}", lasted(long), lasted(waited)),
        }
    }
}

/// All of them, with what they come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contacts {
    pub each: Vec<Contact>,
    /// One line a party that noted any.
    pub totals: Vec<Words>,
}

pub(crate) fn contacts(teller: &Teller<'_>) -> Contacts {
    let (graph, fold, lens) = (teller.record.graph(), teller.record.fold(), teller.lens());
    let found = graph.ordered().into_iter().filter(|ix| lens.has(*ix) && matches!(fold.act(*ix), Act::Contact(_)));
    let each: Vec<Contact> = found.filter_map(|ix| contact(teller, ix)).collect();
    let mut authors: Vec<&str> = Vec::new();
    for contact in &each {
        if !authors.contains(&contact.who.as_str()) {
            authors.push(&contact.who);
        }
    }
    let totals = authors.iter().map(|who| total(who, each.iter().filter(|c| c.who == *who))).collect();
    Contacts { each, totals }
}

fn contact(teller: &Teller<'_>, ix: Ix) -> Option<Contact> {
    let Act::Contact(contact) = teller.laid_open(ix) else { return None };
    let seat = contact.seat.as_ref().map(|seat| Words::new().who(&teller.seat(seat)));
    let with = match (&contact.person, seat) {
        (Some(person), Some(seat)) => teller.said(person).say(" (").then(seat).say(")"),
        (Some(person), None) => teller.said(person),
        (None, seat) => seat.unwrap_or_else(|| say("not noted")),
    };
    let with = with.maybe(contact.number.as_ref(), |words, number| words.say(", number ").then(teller.said(number)));
    let seconds = |n: i64| u64::try_from(n).unwrap_or(0);
    Some(Contact {
        entry: teller.name(ix),
        who: teller.author(ix),
        began: teller.time(contact.started),
        channel: channel(&contact.channel),
        way: if contact.direction == "in" { "from" } else { "to" },
        with,
        lasted: contact.seconds.map(seconds),
        waited: contact.waited.map(seconds),
        reference: contact.reference.as_ref().map(|text| teller.said(text)),
        menu: contact.menu.iter().map(|text| teller.said(text)).collect(),
        summary: teller.said(&contact.summary),
        promised: promised(teller, ix),
    })
}

/// What was recorded as promised in a contact.
fn promised(teller: &Teller<'_>, contact: Ix) -> Vec<Words> {
    let (graph, fold) = (teller.record.graph(), teller.record.fold());
    let id = graph.id(contact);
    let proposals = teller.lens().about(&id).filter(|ix| fold.proposal(*ix).is_some_and(|p| p.alleged == Some(id)));
    let mut told = Vec::new();
    for proposal in proposals {
        for key in fold.subject_keys(proposal) {
            let SubjectKey::Action(action) = key else { continue };
            let Some(terms) = teller.terms_in(proposal, key) else { continue };
            let words = Words::new().entry(teller.part(&action.proposal, action.index)).say(": ");
            told.push(words.then(teller.people(&terms.performers)).say(", ").then(teller.said(&terms.what)));
        }
    }
    told
}

fn total<'c>(who: &str, contacts: impl Iterator<Item = &'c Contact>) -> Words {
    let (mut number, mut long, mut waited) = (0, 0_u64, 0_u64);
    let mut calls = 0;
    for contact in contacts {
        number += 1;
        calls += usize::from(contact.channel == "a telephone call");
        long = long.saturating_add(contact.lasted.unwrap_or(0));
        waited = waited.saturating_add(contact.waited.unwrap_or(0));
    }
    let words = Words::new().who(who).say(" noted ").say(count(number, "contact", "contacts"));
    let words = match calls {
        0 => words,
        calls => {
            words.say(format!(", {} by telephone", if calls == number { "all".to_owned() } else { calls.to_string() }))
        }
    };
    let words = if long > 0 { words.say(format!("; together {} long", lasted(long))) } else { words };
    let words = if waited > 0 { words.say(format!(", and {} of waiting", lasted(waited))) } else { words };
    words.say(".")
}
