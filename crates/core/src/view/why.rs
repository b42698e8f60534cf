//! Why something stands as it does: the acts behind it, who signed each, and what proves when.

use std::collections::BTreeSet;

use super::{people::CardNames, proven::Proven};
use crate::{
    act::Act,
    fold::{ActionState, ActionStatus, Closing, InForce, Lens, Position, Reason, SubjectKey, Verdict, references},
    graph::Ix,
    id::{DeviceKey, EntryId, PartyId, ReceiptId},
    receipt::Receipt,
    record::Record,
    value::{Sealable, Seat},
};

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// An action, an item, other terms: where it stands.
    Subject(SubjectKey),
    /// One entry: whether it takes effect, and what followed.
    Entry(Ix),
}

/// The answer: acts, oldest first, and what follows from them.
#[derive(Debug, Clone)]
pub struct Why {
    pub question: Question,
    pub steps: Vec<WhyStep>,
    /// Of a subject; nothing where facts were stated and nothing was offered.
    pub state: Option<ActionState>,
    pub because: Because,
}

/// One act behind it.
#[derive(Debug, Clone)]
pub struct WhyStep {
    pub entry: Ix,
    pub party: PartyId,
    pub device: DeviceKey,
    /// The person who signs with that device, where a card says so.
    pub person: Option<Sealable>,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    pub proven: Proven,
    pub verdict: Verdict,
    /// Whether it counts in the end: an effect may be set aside by bad faith, a revoked key or a fork.
    pub counts: bool,
}

/// What a state rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// Every signer signed these terms.
    Signed {
        revision: Ix,
        signatures: Vec<(Seat, Ix)>,
    },
    /// Some of those who must sign have not.
    Awaits {
        revision: Ix,
        signatures: Vec<(Seat, Ix)>,
        missing: Vec<Seat>,
    },
    /// Nobody can sign it any more.
    Closed {
        revision: Ix,
        closing: Closing,
    },
    /// Other terms are in force in its place.
    Replaced {
        revision: Ix,
        by: Ix,
    },
    /// Declared done; not every beneficiary has approved.
    Declared {
        declare: Ix,
        approvals: Vec<Ix>,
        missing: Vec<Seat>,
    },
    Rejected {
        declare: Ix,
        reject: Ix,
    },
    Approved {
        declare: Ix,
        approvals: Vec<Ix>,
    },
    /// Ended: asked for, and allowed by all others; or by a clause, which `grants` leaves empty.
    Ended {
        revision: Ix,
        request: Ix,
        grants: Vec<Ix>,
    },
    Stopped {
        stop: Ix,
    },
    Decided {
        decide: Ix,
    },
    /// Agreements that do not replace each other: revisions, and for an end the request or cancel that names it.
    Crossed {
        rivals: Vec<Ix>,
        stays: Option<Ix>,
    },
    /// Fully signed only if a signature by a revoked key counts.
    Contested {
        revision: Ix,
    },
    /// What each party states; `agree` where all say the same.
    Stated {
        statements: Vec<Ix>,
        agree: bool,
    },
    /// The entry takes effect.
    Effect,
    Without(Reason),
    NotJudged,
    /// It had effect by its own past; bad faith, a revoked key or a fork took it away.
    SetAside,
}

impl Record {
    /// Why something stands as it does.
    #[must_use]
    pub fn why(&self, question: Question) -> Why {
        let lens = self.lens();
        let mut chain = Chain { lens, entries: BTreeSet::new() };
        let (state, because) = match &question {
            Question::Subject(key) => chain.subject(key),
            Question::Entry(ix) => (None, chain.entry(*ix)),
        };
        let mut entries: Vec<Ix> = chain.entries.into_iter().collect();
        entries.sort_unstable_by_key(|ix| self.graph().order(*ix));
        let cards = CardNames::new(self);
        let receipts = self.all_receipts();
        let receipts: Vec<(ReceiptId, &Receipt)> = receipts.iter().map(|(id, receipt)| (*id, receipt)).collect();
        let times = self.proven_by(&receipts);
        let step = |entry: Ix| {
            let statement = self.graph().statement(entry);
            WhyStep {
                entry,
                party: statement.party,
                device: statement.device,
                person: cards.signer(self, entry),
                at: statement.at,
                proven: times[entry.at()].clone(),
                verdict: self.fold().verdict(entry).clone(),
                counts: lens.has(entry),
            }
        };
        Why { question, steps: entries.into_iter().map(step).collect(), state, because }
    }

    /// The receipts held, and those that entries embed.
    fn all_receipts(&self) -> Vec<(ReceiptId, Receipt)> {
        let held = self.receipts().iter().map(|r| (r.id, r.receipt.clone()));
        let embedded = self.graph().all().filter_map(|ix| match self.fold().act(ix) {
            Act::Prove { what: crate::act::Proof::Receipt, data, .. } if self.lens().has(ix) => {
                let receipt = crate::receipt::SignedReceipt::verify(data).ok()?;
                Some((receipt.id, receipt.receipt))
            }
            _ => None,
        });
        let mut all: Vec<(ReceiptId, Receipt)> = held.chain(embedded).collect();
        all.sort_by_key(|(id, _)| *id);
        all.dedup_by_key(|(id, _)| *id);
        all
    }
}

/// The entries gathered so far.
struct Chain<'r> {
    lens: Lens<'r>,
    entries: BTreeSet<Ix>,
}

impl Chain<'_> {
    fn subject(&mut self, key: &SubjectKey) -> (Option<ActionState>, Because) {
        let stated = match key {
            SubjectKey::Item(key) => self.stated(key),
            _ => Vec::new(),
        };
        let Some(status) = self.lens.status(key) else {
            let value = |ix: &Ix| match self.lens.fold().act(*ix) {
                Act::Item { value, .. } => Some(value),
                _ => None,
            };
            let agree = stated.windows(2).all(|w| value(&w[0]) == value(&w[1]));
            return (None, Because::Stated { statements: stated, agree });
        };
        self.revision(key, status.revision);
        self.positions(status.revision);
        if let InForce::Crossed { rivals, .. } = &status.in_force {
            for rival in rivals {
                self.revision(key, rival.revision());
                self.positions(rival.revision());
            }
        }
        if let Some(declare) = status.declare {
            self.entries.insert(declare);
            self.positions(declare);
        }
        let because = self.because(key, &status);
        (Some(status.state), because)
    }

    /// The values that stand, and what was said of them.
    fn stated(&mut self, key: &str) -> Vec<Ix> {
        let lens = self.lens;
        let all: Vec<Ix> = self.items(key);
        let later = |ix: &Ix, other: &Ix| {
            lens.graph().statement(*ix).party == lens.graph().statement(*other).party
                && lens.graph().in_past(*ix, *other)
        };
        let standing: Vec<Ix> = all.iter().copied().filter(|ix| !all.iter().any(|other| later(ix, other))).collect();
        for ix in &standing {
            self.entries.insert(*ix);
            self.positions(*ix);
        }
        standing
    }

    fn items(&self, key: &str) -> Vec<Ix> {
        let found = self.lens.fold().items().find(|(k, _)| *k == key);
        let stated = found.into_iter().flat_map(|(_, list)| list.iter().copied());
        stated.filter(|ix| self.lens.has(*ix)).collect()
    }

    /// A revision with what signed it, and the revisions it took the place of.
    fn revision(&mut self, key: &SubjectKey, revision: Ix) {
        let lens = self.lens;
        let mut next = vec![revision];
        while let Some(ix) = next.pop() {
            if !self.entries.insert(ix) {
                continue;
            }
            if ix == revision || lens.fully_signed(ix) {
                for signature in lens.signatures(ix) {
                    self.entries.insert(signature);
                    self.proofs(signature);
                }
            }
            let alleged = lens.fold().proposal(ix).and_then(|p| p.alleged);
            self.entries.extend(alleged.and_then(|id| lens.graph().find(&id)));
            if let Act::Counter { of, .. } = lens.fold().act(ix) {
                next.extend(lens.graph().find(of).filter(|of| lens.fold().subject_keys(*of).contains(key)));
            }
            let base = lens.subject(ix, key).and_then(|s| lens.graph().find(&s.base?));
            if let Some(base) = base {
                // An end is named by the request for it.
                if lens.fold().proposal(base).is_none() {
                    self.entries.insert(base);
                    self.positions(base);
                }
                next.extend(lens.fold().revision_behind(lens.graph(), &lens.graph().id(base)));
            }
        }
    }

    fn proofs(&mut self, ix: Ix) {
        let about = self.lens.about(&self.lens.graph().id(ix));
        self.entries.extend(about.filter(|a| matches!(self.lens.fold().act(*a), Act::Prove { .. })));
    }

    /// What takes a position on an entry, with effect or without, and what answers that.
    fn positions(&mut self, ix: Ix) {
        let mut next = vec![ix];
        while let Some(ix) = next.pop() {
            let about = self.lens.fold().about(&self.lens.graph().id(ix));
            for answer in about.iter().copied().filter(|a| self.lens.holds(*a) && decides(self.lens.fold().act(*a))) {
                if self.entries.insert(answer) {
                    next.push(answer);
                }
            }
        }
    }

    fn entry(&mut self, ix: Ix) -> Because {
        let lens = self.lens;
        self.entries.insert(ix);
        // What it speaks of, down to the terms.
        let mut at = ix;
        while let Some(of) = references(lens.fold().act(at)).first().and_then(|id| lens.graph().find(id)) {
            if !self.entries.insert(of) {
                break;
            }
            at = of;
        }
        for key in lens.fold().subject_keys(ix) {
            self.entries.remove(&ix);
            self.revision(key, ix);
        }
        self.positions(ix);
        let told = |answer: &Ix| matches!(lens.fold().act(*answer), Act::Acknowledge { .. } | Act::Contest { .. });
        self.entries.extend(lens.about(&lens.graph().id(ix)).filter(told));
        match lens.fold().verdict(ix) {
            Verdict::NotJudged => Because::NotJudged,
            Verdict::Without(reason) => {
                self.entries.extend(cause(reason).and_then(|id| lens.graph().find(&id)));
                Because::Without(reason.clone())
            }
            Verdict::Effective if !lens.has(ix) => Because::SetAside,
            Verdict::Effective if lens.fold().proposal(ix).is_some() => self.offered(ix),
            Verdict::Effective => Because::Effect,
        }
    }

    /// What became of one revision.
    fn offered(&mut self, revision: Ix) -> Because {
        let lens = self.lens;
        let id = lens.graph().id(revision);
        let keys = lens.fold().subject_keys(revision);
        let (signatures, missing) = self.signatures(revision);
        if !missing.is_empty() || !lens.fully_signed(revision) {
            if let Some(closing) = lens.closing(revision) {
                self.entries.insert(closing.by());
                return Because::Closed { revision, closing };
            }
            return match lens.overtaken(revision) {
                Some(by) => Because::Replaced { revision, by },
                None => Because::Awaits { revision, signatures, missing },
            };
        }
        for (key, force) in keys.iter().map(|key| (key, lens.in_force(key))) {
            match force {
                InForce::One { names, position: Position::Revision(_) } if names.contains(&id) => {
                    return Because::Signed { revision, signatures };
                }
                InForce::One { position: Position::Revision(by), .. } => {
                    self.entries.insert(by);
                    return Because::Replaced { revision, by };
                }
                InForce::One { position: Position::End(ended), .. } => return self.ended(key, ended),
                InForce::Crossed { rivals, stays } => {
                    let named = |p: &Position| lens.graph().find(&lens.name(*p, key)).unwrap_or(p.revision());
                    let rivals = rivals.iter().map(named).collect();
                    return Because::Crossed { rivals, stays: stays.map(|(position, _)| position.revision()) };
                }
                InForce::None => {}
            }
        }
        Because::Contested { revision }
    }

    fn signatures(&self, revision: Ix) -> (Vec<(Seat, Ix)>, Vec<Seat>) {
        let lens = self.lens;
        let signers = lens.fold().proposal(revision).map_or(&[][..], |p| &p.signers);
        let mut signed = Vec::new();
        let mut missing = Vec::new();
        for seat in signers {
            let mut by: Vec<Ix> = lens
                .signatures(revision)
                .into_iter()
                .filter(|ix| lens.fold().author_seats(*ix).contains(seat))
                .collect();
            by.sort_unstable_by_key(|ix| lens.graph().order(*ix));
            match by.first() {
                Some(ix) => signed.push((*seat, *ix)),
                None => missing.push(*seat),
            }
        }
        (signed, missing)
    }

    fn ended(&mut self, key: &SubjectKey, revision: Ix) -> Because {
        let lens = self.lens;
        let request = lens.ended_on(revision, key).and_then(|id| lens.graph().find(&id));
        let Some(request) = request else { return Because::Contested { revision } };
        self.entries.insert(request);
        self.positions(request);
        let allows =
            lens.about(&lens.graph().id(request)).filter(|ix| matches!(lens.fold().act(*ix), Act::Allow { .. }));
        Because::Ended { revision, request, grants: allows.collect() }
    }

    fn because(&mut self, key: &SubjectKey, status: &ActionStatus) -> Because {
        let lens = self.lens;
        let approvals = |declare: Ix| -> Vec<Ix> {
            let about = lens.about(&lens.graph().id(declare));
            about.filter(|ix| matches!(lens.fold().act(*ix), Act::Approve { .. })).collect()
        };
        if status.not_judged {
            return Because::NotJudged;
        }
        if let (Some(decide), ActionState::Completed | ActionState::Cancelled) = (status.decision, status.state) {
            return Because::Decided { decide };
        }
        if let Some(stop) = status.stop {
            return Because::Stopped { stop };
        }
        match (status.state, status.declare) {
            (ActionState::Completed, Some(declare)) if lens.completion(key) == Some(declare) => {
                Because::Approved { declare, approvals: approvals(declare) }
            }
            (ActionState::Declared, Some(declare)) => {
                let approvals = approvals(declare);
                let terms = lens.declared(declare).and_then(|(r, key)| lens.terms(r, &key));
                let seats = terms.map_or(&[][..], |t| &t.beneficiaries).iter().map(|p| p.seat);
                let approved = |seat: &Seat| approvals.iter().any(|ix| lens.fold().author_seats(*ix).contains(seat));
                let missing = seats.filter(|s| !approved(s)).collect();
                Because::Declared { declare, approvals, missing }
            }
            (ActionState::Rework, Some(declare)) => match lens.rejected(declare) {
                Some(reject) => Because::Rejected { declare, reject },
                None => Because::Declared { declare, approvals: Vec::new(), missing: Vec::new() },
            },
            _ => self.offered(status.revision),
        }
    }
}

/// Acts that may change what another act came to.
fn decides(act: &Act) -> bool {
    matches!(
        act,
        Act::Accept { .. }
            | Act::Confirm { .. }
            | Act::Decline { .. }
            | Act::Withdraw { .. }
            | Act::Approve { .. }
            | Act::Reject { .. }
            | Act::Undeclare { .. }
            | Act::Release { .. }
            | Act::Allow { .. }
            | Act::Refuse { .. }
            | Act::Stop { .. }
            | Act::Cancel { .. }
            | Act::Choose { .. }
            | Act::Missed { .. }
            | Act::Dispute { .. }
            | Act::Concede { .. }
            | Act::Settle { .. }
            | Act::Decide { .. }
            | Act::Ratify { .. }
            | Act::Contest { .. }
            | Act::Acknowledge { .. }
            | Act::Prove { .. }
    )
}

/// The entry that a reason names.
fn cause(reason: &Reason) -> Option<EntryId> {
    match reason {
        Reason::Withdrawn(id)
        | Reason::Declined(id)
        | Reason::Countered(id)
        | Reason::MovedOn(id)
        | Reason::Overtaken(id) => Some(*id),
        _ => None,
    }
}
