//! What there is to remind of: from a record and one side's view of it, each promise with what is known of how it was
//! made and what became of it since.

use std::fmt::Write as _;

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Topic},
    fold::ActionState,
    graph::Ix,
    id::{EntryId, PartyId},
    record::Record,
    value::{ActionId, Sealable, Seat},
    view::{ActionView, CaseState, DueInstant, View},
};
use jiff::Timestamp;

use crate::{
    notebook::Person,
    rule::{Rule, Whom},
    schedule::{Calendar, Series, Slot},
};

/// How somebody came to owe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Agreed,
    /// They said so; recorded by this side.
    Said,
    /// This side asked for it, and they have not answered.
    Asked,
}

/// The contact in which something was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub entry: EntryId,
    pub channel: String,
    /// Unix milliseconds.
    pub at: i64,
    pub person: Option<String>,
    pub reference: Option<String>,
}

/// Why there is nothing more to remind of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// The word for where the action stands.
    State(&'static str),
    CaseClosed,
    /// They answered after they were reminded: what follows is for a person to say.
    Answered {
        entry: EntryId,
        at: i64,
    },
    /// Nothing says when.
    NoTime,
    /// The last occasion of the rule has been.
    Ended,
}

/// One promise of the other side, or one's own.
#[derive(Debug, Clone)]
pub struct Promise {
    pub action: ActionId,
    /// Where its terms stand.
    pub revision: EntryId,
    /// What people call it: `#5`.
    pub name: String,
    pub what: String,
    /// Who is to do it.
    pub seats: Vec<Seat>,
    /// Whether that is this side.
    pub own: bool,
    /// Who promised it, else who is to do it, as far as a name is known.
    pub person: Option<String>,
    /// Who is to do it, where the terms name somebody.
    pub doer: Option<String>,
    /// Unix milliseconds.
    pub due: Option<i64>,
    /// What rules count from: when it is due, else when it was proposed; nothing where a due time counts from an agreement
    /// that is not there. Unix milliseconds.
    pub base: Option<i64>,
    pub standing: Standing,
    pub said: Option<Said>,
    pub consequences: Vec<String>,
    pub over: Option<Over>,
    /// When this side reminded of it on record, oldest first, Unix milliseconds.
    pub reminded: Vec<i64>,
    /// What came from them since the first of these.
    pub answers: Vec<(EntryId, i64)>,
}

/// Every promise of a case, whether it is over or not.
#[must_use]
pub fn promises(record: &Record, view: &View, own: &PartyId, due_instant: DueInstant<'_>) -> Vec<Promise> {
    let names = record.names();
    let own_seats: Vec<Seat> = view.seats.iter().filter(|s| s.parties.contains(own)).map(|s| s.seat).collect();
    let heard = answers(record, own);
    let one = |action: &ActionView| {
        let (terms, alleged) = terms_of(record, action)?;
        let seats: Vec<Seat> = terms.performers.iter().map(|p| p.seat).collect();
        let ours = !seats.is_empty() && seats.iter().all(|seat| own_seats.contains(seat));
        let mut name = names.of(&action.id.proposal);
        let bundle = record.graph().find(&action.id.proposal);
        if bundle.is_some_and(|ix| record.fold().subject_keys(ix).len() > 1) {
            write!(name, "/{}", action.id.index + 1).expect("writing to memory does not fail");
        }
        let said = alleged.and_then(|contact| said_in(record, &contact));
        let due = terms.due.as_ref().and_then(|due| due_instant(due, action.counted_from));
        let proposed = record.graph().statement(action.status.revision).at;
        let base = if terms.due.is_some() { due } else { Some(proposed) };
        let reminded = reminded(record, action, own);
        let first = reminded.first().copied();
        let answered =
            |answer: &Answer| first.is_some_and(|first| answer.at > first) && !answer.is_a_machines(&reminded);
        let answers = heard.iter().filter(|a| answered(a)).map(|a| (a.entry, a.at)).collect();
        let named = terms.performers.iter().find_map(|p| p.person.as_ref()?.open().map(str::to_owned));
        let person = said.as_ref().and_then(|said| said.person.clone()).or_else(|| named.clone());
        let standing = match action.status.state {
            ActionState::Agreed | ActionState::Rework => Standing::Agreed,
            _ if action.alleged => Standing::Said,
            _ => Standing::Asked,
        };
        Some(Promise {
            action: action.id,
            revision: record.graph().id(action.status.revision),
            name,
            what: open_or_sealed(&terms.what),
            seats,
            own: ours,
            person,
            doer: named,
            due,
            base,
            standing,
            said,
            consequences: terms.consequences.iter().filter_map(Sealable::open).map(str::to_owned).collect(),
            over: over(action, view),
            reminded,
            answers,
        })
    };
    view.actions.iter().filter_map(one).collect()
}

fn open_or_sealed(text: &Sealable) -> String {
    text.open().unwrap_or("(its words are sealed and not here)").to_owned()
}

/// The terms that apply, laid open, and the contact in which they were said.
fn terms_of(record: &Record, action: &ActionView) -> Option<(ActionTerms, Option<EntryId>)> {
    let revision = action.status.revision;
    let at = record.fold().subject_keys(revision).iter().position(|key| *key == action.key)?;
    let (Act::Propose(proposal) | Act::Counter { proposal, .. }) = record.laid_open(revision) else { return None };
    let alleged = proposal.alleged;
    match proposal.subjects.into_iter().nth(at)?.topic {
        Topic::Action { terms, .. } => Some((terms, alleged)),
        _ => None,
    }
}

fn said_in(record: &Record, contact: &EntryId) -> Option<Said> {
    let Act::Contact(contact_act) = record.laid_open(record.graph().find(contact)?) else { return None };
    let Contact { channel, started, person, reference, .. } = contact_act;
    let person = person.as_ref().and_then(Sealable::open).map(|text| Person::of_contact(text).name);
    let reference = reference.as_ref().and_then(Sealable::open).map(str::to_owned);
    Some(Said { entry: *contact, channel, at: started, person, reference })
}

fn over(action: &ActionView, view: &View) -> Option<Over> {
    use ActionState::{Accepted, Agreed, Contested, Crossed, Declared, Proposed, Rework, Stopped};
    if matches!(view.state, CaseState::Closed(_)) {
        return Some(Over::CaseClosed);
    }
    match action.status.state {
        Proposed | Accepted | Agreed | Rework => None,
        state @ (Declared | Stopped | Contested | Crossed) => Some(Over::State(state.as_str())),
        state => Some(Over::State(state.as_str())),
    }
}

/// When this side reminded of an action, on record, oldest first.
fn reminded(record: &Record, action: &ActionView, own: &PartyId) -> Vec<i64> {
    let (graph, lens) = (record.graph(), record.lens());
    let mut of: Vec<EntryId> = record.fold().revisions_of(&action.key).iter().map(|ix| graph.id(*ix)).collect();
    if !of.contains(&action.id.proposal) {
        of.push(action.id.proposal);
    }
    let ours = |ix: &Ix| graph.statement(*ix).party == *own && matches!(lens.fold().act(*ix), Act::Remind { .. });
    let mut times: Vec<i64> =
        of.iter().flat_map(|id| lens.about(id)).filter(ours).map(|ix| graph.statement(ix).at).collect();
    times.sort_unstable();
    times
}

/// A mail that comes so soon after a reminder is taken for a machine's receipt, in milliseconds.
const MACHINES_ANSWER: i64 = 15 * 60 * 1000;

/// Something that came from the other side.
struct Answer {
    entry: EntryId,
    at: i64,
    by_mail: bool,
}

impl Answer {
    /// Ticket systems and absence notices answer at once; they answer nothing.
    fn is_a_machines(&self, reminded: &[i64]) -> bool {
        self.by_mail && reminded.iter().any(|at| (0..=MACHINES_ANSWER).contains(&(self.at - at)))
    }
}

/// What came from the other side, as this side noted it, oldest first.
fn answers(record: &Record, own: &PartyId) -> Vec<Answer> {
    let (graph, lens) = (record.graph(), record.lens());
    let came = |ix: Ix| match lens.fold().act(ix) {
        Act::Contact(contact) if contact.direction == "in" && graph.statement(ix).party == *own => {
            Some(Answer { entry: graph.id(ix), at: contact.started, by_mail: contact.channel == "e-mail" })
        }
        _ => None,
    };
    let mut found: Vec<Answer> = graph.ordered().into_iter().filter(|ix| lens.has(*ix)).filter_map(came).collect();
    found.sort_by_key(|answer| answer.at);
    found
}

/// A rule as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRule {
    /// What names it in occasions.
    pub id: String,
    /// When it was made, Unix milliseconds: answers from before do not end it.
    pub since: i64,
    pub rule: Rule,
}

impl KeptRule {
    /// The rule for what no other is about.
    #[must_use]
    pub fn usual() -> Self {
        Self { id: "usual".to_owned(), since: 0, rule: Rule::usual() }
    }
}

/// One promise and one rule about it.
#[derive(Debug, Clone)]
pub struct Watch {
    pub promise: Promise,
    pub rule: KeptRule,
    pub over: Option<Over>,
}

/// What is watched in a case: each rule with each promise it is about; the usual rule for promises of the other side that no
/// rule tells them of.
#[must_use]
pub fn watches(promises: Vec<Promise>, rules: &[KeptRule]) -> Vec<Watch> {
    let mut watches = Vec::new();
    for promise in promises {
        let about = |kept: &&KeptRule| match kept.rule.about {
            Some(action) => action == promise.action,
            None => !promise.own,
        };
        let mut of: Vec<KeptRule> = rules.iter().filter(about).cloned().collect();
        let told = of.iter().any(|kept| kept.rule.to == Whom::Them);
        if !told && !promise.own && promise.standing != Standing::Asked {
            of.push(KeptRule::usual());
        }
        // Nobody writes letters to oneself.
        of.retain(|kept| kept.rule.to == Whom::Me || !promise.own);
        for rule in of {
            let over = promise.over.clone().or_else(|| watch_over(&promise, &rule));
            watches.push(Watch { promise: promise.clone(), rule, over });
        }
    }
    watches
}

fn watch_over(promise: &Promise, rule: &KeptRule) -> Option<Over> {
    if promise.base.is_none() {
        return Some(Over::NoTime);
    }
    if rule.rule.to == Whom::Me {
        return None;
    }
    let answer = promise.answers.iter().find(|(_, at)| *at >= rule.since);
    answer.map(|(entry, at)| Over::Answered { entry: *entry, at: *at })
}

impl Watch {
    /// The occasions; nothing where it counts from nothing.
    #[must_use]
    pub fn series<'a>(&'a self, calendar: &'a Calendar) -> Option<Series<'a>> {
        let base = Timestamp::from_millisecond(self.promise.base?).ok()?;
        Some(Series { calendar, rule: &self.rule.rule, base })
    }

    /// What names all occasions of this rule on these terms: another due time begins anew.
    #[must_use]
    pub fn name(&self) -> String {
        let ActionId { proposal, index } = self.promise.action;
        format!("{}/{}/{index}/{}/", self.rule.id, proposal.to_hex(), self.promise.base.unwrap_or_default())
    }

    /// The last occasion that a reminder on record stands for, whoever sent it and from wherever.
    #[must_use]
    pub fn seen_to(&self, calendar: &Calendar) -> Option<u32> {
        if self.rule.rule.to == Whom::Me {
            return None;
        }
        let last = Timestamp::from_millisecond(*self.promise.reminded.last()?).ok()?;
        self.series(calendar)?.covered_by(last)
    }

    /// What is to be sent now, where occasions up to `handled` were seen to.
    #[must_use]
    pub fn due(&self, calendar: &Calendar, handled: Option<u32>, now: Timestamp) -> Option<Slot> {
        if self.over.is_some() {
            return None;
        }
        self.series(calendar)?.due(handled.max(self.seen_to(calendar)), now)
    }

    /// When something is to be sent next.
    #[must_use]
    pub fn next(&self, calendar: &Calendar, handled: Option<u32>, now: Timestamp) -> Option<Slot> {
        if self.over.is_some() {
            return None;
        }
        self.series(calendar)?.next(handled.max(self.seen_to(calendar)), now)
    }
}
