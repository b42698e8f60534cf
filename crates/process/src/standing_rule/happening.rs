//! What happened: an entry of another party that took effect, or something that is due; as far as rules look at it.

use counterpart_core::{
    act::{Act, ActionTerms, Mode, Proposal, Role, Subject, Topic},
    fold::Verdict,
    graph::Ix,
    id::{EntryId, PartyId},
    record::Record,
    value::{Money, Sealable, Seat},
    view::Promised,
};

use super::{When, Whose};
use crate::clocks::{Clock, Clocks, Standing};

const MINUTE: i64 = 60_000;

/// Something that may set a rule off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    pub when: When,
    /// The entry that came in, or that promised what is due.
    pub entry: EntryId,
    /// Which part of it, where it has several.
    pub part: Option<u32>,
    /// What tells it from everything else, in all cases: a rule acts on it once.
    pub key: String,
    /// When its author says that it was signed, or when it was due: Unix milliseconds.
    pub at: i64,
    /// Of whoever signed it or is to do it.
    pub role: Option<Role>,
    /// Whose it is, where it is due.
    pub whose: Option<Whose>,
    /// Minutes of counted time that are left of a clock.
    pub left: Option<i64>,
    /// What it says; of a proposal each of its parts.
    pub matters: Vec<Matter>,
    /// A proposal of nothing but new actions, in which nothing stands but what is to be done, by whom and when, and what
    /// it is worth.
    pub plain: bool,
}

/// One thing that is said, as far as it is no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matter {
    pub text: String,
    /// What an action states that it is worth.
    pub value: Option<Money>,
}

impl Happening {
    /// What an entry is to rules; nothing where it is our own, has no effect, or is of a kind that sets nothing off.
    #[must_use]
    pub fn came(record: &Record, ix: Ix, own: &PartyId) -> Option<Self> {
        let (graph, fold) = (record.graph(), record.fold());
        let statement = graph.statement(ix);
        if statement.party == *own || *fold.verdict(ix) != Verdict::Effective {
            return None;
        }
        let act = fold.act(ix);
        let when = When::of_kind(act.kind())?;
        let (matters, plain) = match act {
            Act::Propose(proposal) | Act::Counter { proposal, .. } => {
                (proposal.subjects.iter().map(of_subject).collect(), is_plain(proposal))
            }
            _ => (vec![Matter { text: said(act), value: None }], false),
        };
        let entry = graph.id(ix);
        Some(Self {
            when,
            entry,
            part: None,
            key: entry.to_hex(),
            at: statement.at,
            role: record.lens().roles_of(&statement.party).first().copied(),
            whose: None,
            left: None,
            matters,
            plain,
        })
    }

    /// A promise whose due time, in Unix milliseconds, passed.
    #[must_use]
    pub fn overdue(record: &Record, promised: &Promised, at: i64, own: &PartyId) -> Self {
        let (whose, role) = of_seats(record, &promised.performers, own);
        let terms = terms_of(record, promised);
        let text = promised.what.as_deref().unwrap_or_default().to_owned();
        Self {
            when: When::Overdue,
            entry: promised.revision,
            part: promised.subject,
            // A due time that was moved is another.
            key: format!("due {} {} {at}", promised.action.proposal.to_hex(), promised.action.index),
            at,
            role,
            whose: Some(whose),
            left: None,
            matters: vec![Matter { text, value: terms.and_then(|terms| terms.value) }],
            plain: false,
        }
    }

    /// A service clock that runs, at a time in Unix milliseconds.
    #[must_use]
    pub fn running_out(record: &Record, clocks: &Clocks, clock: &Clock, own: &PartyId, now: i64) -> Option<Self> {
        if clock.standing != Standing::Running {
            return None;
        }
        let (whose, role) = of_seats(record, &clocks.by, own);
        Some(Self {
            when: When::Clock,
            entry: clocks.agreement,
            part: None,
            // The same however often it was stopped since.
            key: format!(
                "clock {} {} {}",
                clocks.agreement.to_hex(),
                clock.which.as_str(),
                clock.since.unwrap_or(clocks.began)
            ),
            at: now,
            role,
            whose: Some(whose),
            left: Some(clock.left.div_euclid(MINUTE)),
            matters: Vec::new(),
            plain: false,
        })
    }
}

fn terms_of<'r>(record: &'r Record, promised: &Promised) -> Option<&'r ActionTerms> {
    let proposal = record.fold().proposal(record.graph().find(&promised.revision)?)?;
    let part = usize::try_from(promised.subject.unwrap_or(0)).ok()?;
    match &proposal.subjects.get(part)?.topic {
        Topic::Action { terms, .. } => Some(terms),
        _ => None,
    }
}

/// Whether one of us sits there, and as what whoever does.
fn of_seats(record: &Record, seats: &[Seat], own: &PartyId) -> (Whose, Option<Role>) {
    let lens = record.lens();
    let ours = seats.iter().any(|seat| lens.parties_of(seat).contains(own));
    let role = seats.first().and_then(|seat| lens.seat(seat)).map(|offer| offer.role);
    (if ours { Whose::Us } else { Whose::Them }, role)
}

fn of_subject(subject: &Subject) -> Matter {
    let open = |text: &Sealable| text.open().unwrap_or_default().to_owned();
    match &subject.topic {
        Topic::Action { terms, .. } => Matter { text: open(&terms.what), value: terms.value },
        Topic::Item { key, .. } => Matter { text: key.clone(), value: None },
        Topic::Terms { title, text, .. } => Matter { text: format!("{title}\n{}", open(text)), value: None },
        Topic::AdmitSeat { .. } | Topic::AdmitNew { .. } | Topic::Close { .. } | Topic::Level { .. } => {
            Matter::default()
        }
    }
}

/// Whether there is nothing in it but new actions, each said by its words, its due time and its value.
fn is_plain(proposal: &Proposal) -> bool {
    let plain = |subject: &Subject| match &subject.topic {
        Topic::Action { terms, .. } => {
            subject.base.is_none()
                && terms.what.open().is_some()
                && terms.value.is_some()
                && terms.conditions.is_empty()
                && terms.evidence.is_empty()
                && terms.consequences.is_empty()
                && terms.cancel.is_empty()
                && terms.deemed.is_none()
                && terms.items.is_empty()
        }
        _ => false,
    };
    proposal.mode == Mode::Firm
        && proposal.alleged.is_none()
        && proposal.note.is_none()
        && !proposal.subjects.is_empty()
        && proposal.subjects.iter().all(plain)
}

/// The words of an act that proposes nothing.
fn said(act: &Act) -> String {
    let open = |text: &Option<Sealable>| text.as_ref().and_then(Sealable::open).unwrap_or_default().to_owned();
    match act {
        Act::Note { text, .. } | Act::Remind { text, .. } => text.open().unwrap_or_default().to_owned(),
        Act::Contact(contact) => contact.summary.open().unwrap_or_default().to_owned(),
        Act::Dispute { reason, .. } | Act::Reject { reason, .. } => reason.open().unwrap_or_default().to_owned(),
        Act::Accept { note, .. } | Act::Declare { note, .. } => open(note),
        Act::Decline { reason, .. } | Act::Withdraw { reason, .. } | Act::Release { reason, .. } => open(reason),
        Act::Item { key, label, note, .. } => format!("{key}\n{}\n{}", open(label), open(note)),
        Act::Attach { name, .. } => name.open().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}
