//! Random histories: acts such as parties make, each on what its author's copy holds.

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Mode, PartyRef, Proposal, Subject, Topic},
    fold::SubjectKey,
    graph::Ix,
    id::EntryId,
    record::{Author, Draft, DraftError, Record},
    value::{ActionId, ItemValue, Sealable, Seat},
};

use crate::rng::Rng;

/// An act that its author may sign on this copy: a random one, or in the end a note.
///
/// # Errors
/// When not even a note may be signed, as after a fork of the author's own feed.
pub fn random_draft(rng: &mut Rng, record: &Record, author: &Author, at: i64) -> Result<Draft, DraftError> {
    for _ in 0..4 {
        let act = random_act(rng, record, at);
        if let Ok(draft) = record.draft(author, &act, at, &mut || rng.bytes()) {
            return Ok(draft);
        }
    }
    let note = Act::Note { text: words(rng), about: None };
    record.draft(author, &note, at, &mut || rng.bytes())
}

/// A plausible act; whether somebody may sign it, a draft says.
pub fn random_act(rng: &mut Rng, record: &Record, at: i64) -> Act {
    let about = Known::new(record);
    let remark = |rng: &mut Rng| rng.one_in(3).then(|| words(rng));
    let act = match rng.below(20) {
        0..=2 => Some(Act::Propose(proposal(rng, record, None))),
        3 => about.any(rng, &["propose", "counter"]).map(|_| Act::Propose(amendment(rng, record, &about))),
        4..=6 => about.any(rng, &["propose", "counter"]).map(|revision| Act::Accept { revision, note: None }),
        7 => about.any(rng, &["propose", "counter"]).map(|revision| Act::Decline { revision, reason: remark(rng) }),
        8 => about.any(rng, &["propose", "counter", "release"]).map(|of| Act::Withdraw { of, reason: remark(rng) }),
        9 => about.any(rng, &["propose"]).map(|of| {
            let mut proposal = proposal(rng, record, Some(of));
            proposal.subjects.truncate(1);
            Act::Counter { of, proposal }
        }),
        10 | 11 => about.any(rng, &["propose", "counter"]).map(|revision| Act::Declare {
            revision,
            subject: 0,
            note: remark(rng),
            evidence: Vec::new(),
        }),
        12 => about.any(rng, &["declare"]).map(|declare| Act::Approve { declare, note: remark(rng) }),
        13 => about.any(rng, &["declare"]).map(|declare| match rng.below(2) {
            0 => Act::Reject { declare, unmet: Vec::new(), reason: words(rng) },
            _ => Act::Undeclare { declare, reason: remark(rng) },
        }),
        14 => about.any(rng, &["propose", "counter", "declare"]).map(|of| Act::Release { of, reason: remark(rng) }),
        15 => about.any(rng, &["release", "withdraw", "decline", "reject"]).map(|request| match rng.below(3) {
            0 => Act::Refuse { request, reason: remark(rng) },
            _ => Act::Allow { request, note: remark(rng) },
        }),
        16 => Some(contact(rng, at)),
        17 => Some(item(rng)),
        18 => about.any(rng, &["note", "contact", "item"]).map(|entry| match rng.below(2) {
            0 => Act::Acknowledge { entry, note: remark(rng) },
            _ => Act::Contest { entry, reason: words(rng) },
        }),
        _ => None,
    };
    act.unwrap_or_else(|| Act::Note { text: words(rng), about: None })
}

/// What an act may speak of.
struct Known<'r>(Vec<(&'r str, EntryId)>);

impl<'r> Known<'r> {
    fn new(record: &'r Record) -> Self {
        let graph = record.graph();
        let kind = |ix: Ix| (graph.statement(ix).kind.as_str(), graph.id(ix));
        Self(graph.ordered().into_iter().map(kind).collect())
    }

    fn any(&self, rng: &mut Rng, kinds: &[&str]) -> Option<EntryId> {
        let fitting: Vec<EntryId> = self.0.iter().filter(|(k, _)| kinds.contains(k)).map(|(_, id)| *id).collect();
        // Mostly of late, sometimes of long ago.
        let recent = fitting.len().saturating_sub(4);
        let from = if rng.one_in(3) { 0 } else { recent };
        rng.pick(&fitting[from..]).copied()
    }
}

fn words(rng: &mut Rng) -> Sealable {
    const WORDS: [&str; 8] =
        ["the tap", "drips", "since May", "was promised", "on Tuesday", "in writing", "again", "free"];
    let count = 1 + rng.below(5);
    let picked: Vec<&str> = (0..count).filter_map(|_| rng.pick(&WORDS).copied()).collect();
    Sealable::Open(picked.join(" "))
}

fn seats(rng: &mut Rng, record: &Record) -> (Seat, Seat) {
    let seats = record.lens().agreeing_seats();
    let one = rng.pick(&seats).copied().unwrap_or(Seat::Number(0));
    let other = rng.pick(&seats).copied().unwrap_or(Seat::Number(0));
    (one, other)
}

fn terms(rng: &mut Rng, performer: Seat, beneficiary: Seat) -> ActionTerms {
    ActionTerms {
        what: words(rng),
        performers: vec![PartyRef { seat: performer, person: None }],
        beneficiaries: vec![PartyRef { seat: beneficiary, person: None }],
        due: None,
        value: None,
        conditions: vec![words(rng)],
        evidence: Vec::new(),
        consequences: Vec::new(),
        cancel: Vec::new(),
        deemed: None,
        items: Vec::new(),
    }
}

/// An offer of an action, new or, as a counter, one already spoken of.
fn proposal(rng: &mut Rng, record: &Record, counters: Option<EntryId>) -> Proposal {
    let (performer, beneficiary) = seats(rng, record);
    let action = counters.map(|proposal| ActionId { proposal, index: 0 });
    let topic = Topic::Action { action, terms: terms(rng, performer, beneficiary) };
    offer(vec![performer, beneficiary], Subject { base: None, topic })
}

/// An offer to change an action in force, if there is one.
fn amendment(rng: &mut Rng, record: &Record, about: &Known<'_>) -> Proposal {
    let Some(first) = about.any(rng, &["propose"]) else { return proposal(rng, record, None) };
    let id = ActionId { proposal: first, index: 0 };
    let lens = record.lens();
    let standing = lens.in_force(&SubjectKey::Action(id));
    let base = standing.standing().and_then(|(_, names)| names.first().copied());
    let (performer, beneficiary) = seats(rng, record);
    let mut signers = vec![performer, beneficiary];
    if let Some(proposal) = base.and_then(|base| record.fold().proposal(record.graph().find(&base)?)) {
        signers.extend(&proposal.signers);
    }
    let topic = Topic::Action { action: Some(id), terms: terms(rng, performer, beneficiary) };
    offer(signers, Subject { base, topic })
}

fn offer(mut signers: Vec<Seat>, subject: Subject) -> Proposal {
    signers.sort_unstable();
    signers.dedup();
    Proposal { subjects: vec![subject], signers, mode: Mode::Firm, open_until: None, alleged: None, note: None }
}

fn contact(rng: &mut Rng, at: i64) -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: if rng.one_in(2) { "out" } else { "in" }.to_owned(),
        started: at - 60_000,
        seconds: Some(60),
        waited: None,
        seat: None,
        person: Some(Sealable::Open("Ms Example".to_owned())),
        number: rng.one_in(2).then(|| Sealable::Open("+49 30 000000".to_owned())),
        reference: None,
        summary: words(rng),
        menu: Vec::new(),
    })
}

fn item(rng: &mut Rng) -> Act {
    let value = match rng.below(3) {
        0 => ItemValue::YesNo(rng.one_in(2)),
        1 => ItemValue::Text(words(rng)),
        _ => ItemValue::Phone(Sealable::Open(format!("+49 30 {}", rng.below(1_000_000)))),
    };
    let key = ["serial", "phone", "model"][rng.below(3)].to_owned();
    Act::Item { key, value, label: None, note: None }
}
