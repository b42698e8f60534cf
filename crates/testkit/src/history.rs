//! Random histories: acts such as parties make, each on what its author's copy holds.

use counterpart_core::{
    act::{
        Act, ActionTerms, CancelClause, Card, Contact, Mandate, Mode, Outcome, PartyRef, Proof, Proposal, Subject,
        Topic,
    },
    fold::SubjectKey,
    graph::Ix,
    id::{CaseId, EntryId, EventId},
    keylog::EventBody,
    record::{Author, Draft, DraftError, Record},
    seal::{self, PathStep},
    statement::Statement,
    value::{ActionId, Due, ItemValue, Money, Sealable, Seat, Unit},
};

use crate::rng::Rng;

/// An act that its author may sign on this copy: a random one, or in the end a note.
///
/// # Errors
/// When not even a note may be signed, as after a fork of the author's own feed.
pub fn random_draft(rng: &mut Rng, record: &Record, author: &Author, at: i64) -> Result<Draft, DraftError> {
    for _ in 0..4 {
        let act = random_act(rng, record, author, at);
        if let Ok(draft) = record.draft(author, &act, at, &mut || rng.bytes()) {
            return Ok(draft);
        }
    }
    let note = Act::Note { text: words(rng), about: None };
    record.draft(author, &note, at, &mut || rng.bytes())
}

/// A plausible act of any kind but those that bring a party in; whether somebody may sign it, a draft says.
pub fn random_act(rng: &mut Rng, record: &Record, author: &Author, at: i64) -> Act {
    let about = Known::new(record);
    // Half of all acts negotiate and perform: without these the others have nothing to speak of.
    let act = match rng.below(40) {
        0..=2 => Some(Act::Propose(proposal(rng, record, None))),
        3 => about.any(rng, REVISIONS).map(|_| Act::Propose(amendment(rng, record, &about))),
        4 => Some(Act::Propose(conditional(rng, record, at))),
        5 => about.any(rng, &["contact"]).map(|contact| {
            let proposal = proposal(rng, record, None);
            Act::Propose(Proposal { alleged: Some(contact), ..proposal })
        }),
        6..=10 => about.any(rng, REVISIONS).map(|revision| Act::Accept { revision, note: None }),
        11 => about.any(rng, REVISIONS).map(|revision| Act::Confirm { revision }),
        12..=21 => perform(rng, &about, at),
        22..=26 => undo(rng, &about),
        27 | 28 => state(rng, &about, at),
        29..=31 => file(rng, record, &about),
        32..=34 => people(rng, record, &about, author, at),
        35..=37 => disagree(rng, record, &about, author, at),
        38 => Some(Act::Seen),
        _ => None,
    };
    act.unwrap_or_else(|| Act::Note { text: words(rng), about: about.any(rng, REVISIONS).filter(|_| rng.one_in(2)) })
}

const REVISIONS: &[&str] = &["propose", "counter"];

fn remark(rng: &mut Rng) -> Option<Sealable> {
    rng.one_in(3).then(|| words(rng))
}

fn perform(rng: &mut Rng, about: &Known<'_>, at: i64) -> Option<Act> {
    let subject = u32::from(rng.one_in(8));
    let kind = rng.below(10);
    let of = about.any(rng, if matches!(kind, 3..=7) { &["declare"] } else { REVISIONS })?;
    Some(match kind {
        0..=2 => {
            let evidence = about.any(rng, &["attach", "note"]).into_iter().collect();
            Act::Declare { revision: of, subject, note: remark(rng), evidence }
        }
        3..=5 => Act::Approve { declare: of, note: remark(rng) },
        6 => Act::Reject { declare: of, unmet: vec![0], reason: words(rng) },
        7 => Act::Undeclare { declare: of, reason: remark(rng) },
        8 if rng.one_in(2) => Act::Stop { revision: of, subject, reason: words(rng) },
        8 => Act::Progress { revision: of, subject, text: words(rng) },
        _ => Act::Missed { revision: of, subject, due: at - 1, note: remark(rng) },
    })
}

fn undo(rng: &mut Rng, about: &Known<'_>) -> Option<Act> {
    const REQUESTS: &[&str] = &["release", "withdraw", "decline", "reject", "undeclare", "contest", "cut"];
    Some(match rng.below(10) {
        0 => Act::Decline { revision: about.any(rng, REVISIONS)?, reason: remark(rng) },
        1 => Act::Withdraw { of: about.any(rng, &["propose", "counter", "release"])?, reason: remark(rng) },
        2 | 3 => Act::Release { of: about.any(rng, &["propose", "counter", "declare"])?, reason: remark(rng) },
        4 | 5 => Act::Allow { request: about.any(rng, REQUESTS)?, note: remark(rng) },
        6 => Act::Refuse { request: about.any(rng, REQUESTS)?, reason: remark(rng) },
        7 => Act::Cancel { revision: about.any(rng, REVISIONS)?, subject: 0, clause: 0, reason: remark(rng) },
        _ => Act::Choose { pick: about.any(rng, &["propose", "counter", "release", "cancel"])?, reason: remark(rng) },
    })
}

fn state(rng: &mut Rng, about: &Known<'_>, at: i64) -> Option<Act> {
    Some(match rng.below(4) {
        0 => contact(rng, at),
        1 => item(rng),
        2 => Act::Acknowledge { entry: about.any(rng, &["note", "contact", "item", "propose"])?, note: remark(rng) },
        _ => Act::Contest { entry: about.any(rng, &["note", "contact", "item", "propose"])?, reason: words(rng) },
    })
}

fn file(rng: &mut Rng, record: &Record, about: &Known<'_>) -> Option<Act> {
    Some(match rng.below(6) {
        0 => {
            let about = about.any(rng, &["declare", "note"]);
            Act::Attach { sha256: rng.bytes(), size: 7, name: words(rng), media: None, about }
        }
        1 => Act::Remind { text: words(rng), about: about.any(rng, REVISIONS), seat: None },
        2 => Act::Thank { text: words(rng), seat: None, person: None, about: about.any(rng, REVISIONS) },
        3 => Act::Link { case: CaseId(rng.bytes()), relation: "follows".to_owned(), note: remark(rng) },
        _ => {
            let sealed: Vec<(EntryId, Vec<PathStep>)> = record
                .graph()
                .all()
                .flat_map(|ix| {
                    let places = seal::find_sealed(&record.graph().statement(ix).body);
                    places.into_iter().map(move |(path, _)| (record.graph().id(ix), path))
                })
                .collect();
            let (entry, path) = rng.pick(&sealed)?.clone();
            match rng.below(2) {
                0 => Act::Erase { entry, path, reason: remark(rng) },
                _ => Act::Erased { entry, path, reason: remark(rng) },
            }
        }
    })
}

fn people(rng: &mut Rng, record: &Record, about: &Known<'_>, author: &Author, at: i64) -> Option<Act> {
    Some(match rng.below(9) {
        0 => Act::Card(Card {
            name: words(rng),
            function: None,
            phone: None,
            email: None,
            hours: None,
            device: rng.one_in(2).then_some(author.device),
        }),
        1 => Act::Handover { from: None, to: author.device, person: None, summary: words(rng) },
        2 | 3 => {
            let grants: Vec<EventId> = record
                .logs()
                .of_party(&author.party)
                .filter(|e| matches!(e.body, EventBody::Grant(_)) && e.id != author.grant)
                .map(|e| e.id)
                .collect();
            let kinds: &[&str] = if rng.one_in(2) { &[] } else { &["accept", "note", "declare", "seen"] };
            Act::Mandate(Mandate {
                grant: *rng.pick(&grants)?,
                kinds: kinds.iter().map(|k| (*k).to_owned()).collect(),
                ceilings: rng.one_in(2).then(|| money(rng)).into_iter().collect(),
                from: None,
                until: rng.one_in(3).then_some(at),
                open: !rng.one_in(3),
            })
        }
        4 if rng.one_in(3) => Act::Leave { reason: remark(rng) },
        4 | 5 => Act::Invite { key: rng.bytes(), seat: Seat::Number(1), expires: at + 1, label: None },
        6 => Act::Uninvite { invite: about.any(rng, &["invite"])?, reason: remark(rng) },
        _ => {
            let admit = about.any(rng, &["admit"])?;
            match record.fold().act(record.graph().find(&admit)?) {
                Act::Admit { seat, .. } => Act::Seat { seat: *seat, admit },
                _ => return None,
            }
        }
    })
}

fn disagree(rng: &mut Rng, record: &Record, about: &Known<'_>, author: &Author, at: i64) -> Option<Act> {
    Some(match rng.below(8) {
        0 => Act::Dispute {
            about: about.any(rng, &["propose", "declare", "accept"])?,
            subject: None,
            reason: words(rng),
        },
        1 => Act::Concede { dispute: about.any(rng, &["dispute"])?, note: remark(rng) },
        2 => Act::Settle { dispute: about.any(rng, &["dispute"])?, revision: None, note: remark(rng) },
        3 | 4 => {
            let outcome = rng.pick(&[None, Some(Outcome::Completed), Some(Outcome::Cancelled), Some(Outcome::Agreed)]);
            let outcome = outcome.copied().flatten();
            Act::Decide { dispute: about.any(rng, &["dispute"])?, decision: words(rng), outcome }
        }
        5 | 6 => {
            let revocations: Vec<(EventId, EventId)> = record
                .logs()
                .of_party(&author.party)
                .filter_map(|e| match &e.body {
                    EventBody::Revoke { grant, .. } => Some((e.id, *grant)),
                    _ => None,
                })
                .collect();
            let (revoke, grant) = *rng.pick(&revocations)?;
            let graph = record.graph();
            let revoked: Vec<Ix> = graph.all().filter(|ix| graph.statement(*ix).grant == grant).collect();
            let last = rng.pick(&revoked).map(|ix| (graph.statement(*ix), graph.id(*ix)));
            if rng.one_in(2) {
                let tip = |(s, id): (&Statement, EntryId)| (s.device, s.seq, id);
                Act::Cut { revoke, tips: last.map(tip).into_iter().collect() }
            } else {
                Act::Ratify { entries: vec![last?.1] }
            }
        }
        _ => {
            // A receipt held, and failing that something that every copy keeps unjudged.
            let held = record.receipts();
            match rng.pick(held) {
                Some(receipt) => Act::Prove { what: Proof::Receipt, data: receipt.bytes().to_vec(), about: None },
                None => Act::Prove { what: Proof::TimeStamp, data: at.to_be_bytes().to_vec(), about: None },
            }
        }
    })
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

fn money(rng: &mut Rng) -> Money {
    let amount = ["50", "100.00", "150"][rng.below(3)];
    Money::parse(amount, "EUR").expect("an amount of money")
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
        value: rng.one_in(3).then(|| money(rng)),
        conditions: vec![words(rng)],
        evidence: Vec::new(),
        consequences: Vec::new(),
        cancel: if rng.one_in(3) {
            vec![CancelClause { by: beneficiary, text: words(rng), until: None }]
        } else {
            Vec::new()
        },
        deemed: rng.one_in(4).then_some((1, Unit::Minutes)),
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

/// An offer that lapses soon, that its author must confirm, or that concerns something else than an action.
fn conditional(rng: &mut Rng, record: &Record, at: i64) -> Proposal {
    let kind = rng.below(6);
    if kind < 3 {
        let mode = if kind == 0 { Mode::Firm } else { Mode::Confirm };
        let instant = at + 1_000 * i64::try_from(rng.below(20)).expect("small");
        let until = Due::At { instant, local: "2026-01-01T12:00".to_owned(), zone: "Europe/Berlin".to_owned() };
        return Proposal { mode, open_until: (kind < 2).then_some(until), ..proposal(rng, record, None) };
    }
    let topic = match kind {
        3 => Topic::Item { key: "serial".to_owned(), value: ItemValue::YesNo(rng.one_in(2)) },
        4 => {
            let (one, other) = seats(rng, record);
            let mut seats = vec![one, other];
            seats.sort_unstable();
            seats.dedup();
            Topic::Terms { terms: None, title: "House rules".to_owned(), text: words(rng), seats }
        }
        _ => Topic::Close { close: None, summary: remark(rng) },
    };
    let lens = record.lens();
    let base = match &topic {
        Topic::Item { key, .. } => {
            let force = lens.in_force(&SubjectKey::Item(key.clone()));
            force.standing().and_then(|(_, names)| names.first().copied())
        }
        _ => None,
    };
    let subjects = vec![Subject { base, topic }];
    let signers = lens.required_signers(&subjects);
    Proposal { subjects, signers, mode: Mode::Firm, open_until: None, alleged: None, note: None }
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
