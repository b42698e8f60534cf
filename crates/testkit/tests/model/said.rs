//! What time, choices, results and revocations come to, said anew from the statements.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, Mode, Topic},
    fold::{SubjectKey, Verdict},
    graph::Ix,
    id::EntryId,
    keylog::{EventBody, RevokeReason},
    receipt::SignedReceipt,
    value::Due,
};

use crate::{
    rules::Look,
    shown::{Force, Place, Subject},
};

/// Something that dates an accept: the entry it came by, and the time it claims.
#[derive(Clone, Copy)]
struct Dating {
    by: Ix,
    at: i64,
}

impl Look<'_> {
    fn entries(&self) -> impl Iterator<Item = Ix> + use<> {
        self.record.graph().all()
    }

    fn known_to(&self, ix: Ix, later: Ix) -> bool {
        self.record.graph().in_past(ix, later)
    }

    fn takes_effect(&self, ix: Ix) -> bool {
        self.lens().has(ix)
    }

    /// R6: with an end to the offer, a signature counts from when it is proven to have arrived in time, or late and
    /// taken up by all others.
    pub(crate) fn timely(&mut self) {
        let mut wrong = Vec::new();
        for revision in self.entries() {
            let Some(proposal) = self.record.fold().proposal(revision) else { continue };
            let (Some(Due::At { instant, .. }), Mode::Firm) = (&proposal.open_until, proposal.mode) else { continue };
            if !self.takes_effect(revision) {
                continue;
            }
            let offerer = self.party(revision);
            let signers = self.parties(revision);
            let signed = signers.iter().all(|party| {
                *party == offerer || self.assents(*party, revision).iter().any(|a| self.in_time(*a, revision, *instant))
            });
            if signed != self.lens().fully_signed(revision) {
                wrong.push(format!("{}: all proven in time or taken up: {signed}", self.record.graph().id(revision)));
            }
        }
        if !wrong.is_empty() {
            self.breaks("an offer with an end is agreed by what is proven in time", || wrong.join("\n"));
        }
    }

    fn assents(&self, party: usize, revision: Ix) -> Vec<Ix> {
        let signs = |ix: &Ix| self.party(*ix) == party && self.signs(*ix, revision) && self.takes_effect(*ix);
        self.entries().filter(signs).collect()
    }

    fn in_time(&self, accept: Ix, revision: Ix, until: i64) -> bool {
        let datings = self.datings(accept, revision);
        let standing: Vec<&Dating> = datings.iter().filter(|d| self.stands(d, accept, revision, until)).collect();
        if standing.iter().any(|d| d.at <= until) {
            return true;
        }
        let own = self.party(accept);
        let again = |party: &usize| self.assents(*party, revision).iter().any(|a| self.known_to(accept, *a));
        !standing.is_empty() && self.parties(revision).iter().filter(|p| **p != own).all(again)
    }

    /// What dates an accept: per device of the offerer and of witnesses the first that knows it; embedded receipts.
    fn datings(&self, accept: Ix, revision: Ix) -> Vec<Dating> {
        let signers = self.parties(revision);
        let offerer = self.party(revision);
        let dates = |party: usize| party == offerer || !signers.contains(&party);
        let graph = self.record.graph();
        let mut datings = Vec::new();
        for by in self.entries().filter(|ix| dates(self.party(*ix)) && self.known_to(accept, *ix)) {
            let earlier = graph.statement(by).prev.and_then(|p| graph.find(&p));
            if !earlier.is_some_and(|p| self.known_to(accept, p)) {
                datings.push(Dating { by, at: graph.statement(by).at });
            }
        }
        for by in self.entries().filter(|ix| self.takes_effect(*ix)) {
            let Act::Prove { data, .. } = self.act(by) else { continue };
            let Ok(SignedReceipt { receipt, .. }) = SignedReceipt::verify(data) else { continue };
            let heads = receipt.heads.iter().filter_map(|h| graph.find(h));
            let covers = heads.into_iter().any(|head| graph.in_past_or_same(accept, head));
            if covers && dates(self.book.cast.number(receipt.party)) {
                datings.push(Dating { by, at: receipt.at });
            }
        }
        datings
    }

    /// Whether no position of the accepter's own had closed the accept by then.
    fn stands(&self, dating: &Dating, accept: Ix, revision: Ix, until: i64) -> bool {
        let graph = self.record.graph();
        !self.entries().any(|ix| {
            graph.in_past_or_same(ix, dating.by)
                && self.moved_on(ix, accept, revision)
                && !self
                    .datings(accept, revision)
                    .iter()
                    .any(|d| d.at <= until && self.known_to(d.by, ix) && self.stands(d, accept, revision, until))
        })
    }

    fn moved_on(&self, ix: Ix, accept: Ix, revision: Ix) -> bool {
        let keys = self.record.fold().subject_keys(revision);
        let about = |r: Ix| r != revision && self.record.fold().subject_keys(r).iter().any(|k| keys.contains(k));
        let elsewhere = match self.act(ix) {
            Act::Propose(_) | Act::Counter { .. } => about(ix),
            Act::Accept { revision: of, .. } | Act::Release { of, .. } => {
                self.record.graph().find(of).is_some_and(about)
            }
            _ => false,
        };
        elsewhere && self.party(ix) == self.party(accept) && self.known_to(accept, ix) && self.takes_effect(ix)
    }

    /// R7(a): where the last choices agree, what they picked stands, or what replaces it.
    pub(crate) fn choices(&mut self) {
        let mut wrong = Vec::new();
        let chooses: Vec<Ix> =
            self.entries().filter(|ix| matches!(self.act(*ix), Act::Choose { .. }) && self.takes_effect(*ix)).collect();
        let last = chooses.iter().filter(|c| !chooses.iter().any(|later| self.known_to(**c, *later)));
        let picks: BTreeSet<_> = last
            .filter_map(|c| match self.act(*c) {
                Act::Choose { pick, .. } => self.record.graph().find(pick),
                _ => None,
            })
            .collect();
        let [pick] = picks.into_iter().collect::<Vec<_>>()[..] else { return };
        for subject in &self.shown.subjects {
            let key = &subject.key;
            if !self.record.fold().subject_keys(pick).contains(key) {
                continue;
            }
            let fits = |place: Place| {
                self.ix(place)
                    .is_some_and(|r| r == pick || self.replaces(r, &[pick], key, 0) || self.twins(r, pick, key))
            };
            let stands = match &subject.force {
                Force::Revision(names) => names.iter().any(|n| fits(*n)),
                Force::End { of } => fits(*of),
                Force::Crossed { rivals, .. } => rivals.iter().all(|(_, r)| fits(*r)),
                Force::Nothing => self.set_aside_any(),
            };
            if !stands {
                wrong.push(format!("picked {}, yet {subject:#?}", self.record.graph().id(pick)));
            }
        }
        if !wrong.is_empty() {
            self.breaks("a choice stands", || wrong.join("\n"));
        }
    }

    fn twins(&self, a: Ix, b: Ix, key: &SubjectKey) -> bool {
        let part = |ix: Ix| self.lens().subject(ix, key).map(|s| s.to_value());
        part(a) == part(b)
    }

    /// Whether a proof, a revocation or a fork took some act's effect away.
    pub(crate) fn set_aside_any(&self) -> bool {
        let effective = |ix: &Ix| *self.record.fold().verdict(*ix) == Verdict::Effective;
        self.entries().filter(effective).any(|ix| !self.takes_effect(ix))
    }

    /// R8: completed by every beneficiary's approval of one declare; stopped by a performer.
    pub(crate) fn results(&mut self) {
        let mut wrong = Vec::new();
        for subject in &self.shown.subjects {
            match subject.state {
                "completed" => {
                    let approved = subject.declare.and_then(|d| self.ix(d)).is_some_and(|d| self.approved(d));
                    if !approved {
                        wrong.push(format!("not approved by all: {subject:#?}"));
                    }
                }
                "stopped" if !self.entries().any(|ix| self.stops(ix, subject)) => {
                    wrong.push(format!("nobody stopped it: {subject:#?}"));
                }
                "agreed" => {
                    let declares = |ix: Ix| matches!(self.act(ix), Act::Declare { .. }) && self.takes_effect(ix);
                    let stopped = self.entries().any(|ix| self.stops(ix, subject));
                    if stopped && !self.entries().any(declares) {
                        wrong.push(format!("stopped, with nothing against it: {subject:#?}"));
                    }
                }
                _ => {}
            }
        }
        if !wrong.is_empty() {
            self.breaks("results are what was declared, approved and stopped", || wrong.join("\n"));
        }
    }

    fn approved(&self, declare: Ix) -> bool {
        let id = self.record.graph().id(declare);
        let Act::Declare { revision, subject, .. } = self.act(declare) else { return false };
        let Some(revision) = self.record.graph().find(revision) else { return false };
        let Some(proposal) = self.record.fold().proposal(revision) else { return false };
        let Some(Topic::Action { terms, .. }) = proposal.subjects.get(*subject as usize).map(|s| &s.topic) else {
            return false;
        };
        let performs =
            |ix: Ix| terms.performers.iter().any(|p| self.book.cast.party_in(&p.seat) == Some(self.party(ix)));
        let approves = |ix: &Ix| matches!(self.act(*ix), Act::Approve { declare, .. } if *declare == id);
        let beneficiaries = terms.beneficiaries.iter().filter_map(|b| self.book.cast.party_in(&b.seat));
        performs(declare)
            && self.takes_effect(declare)
            && beneficiaries.into_iter().all(|party| {
                let window = terms.deemed.map(|(count, _)| i64::from(count) * 60_000);
                let said =
                    |ix: Ix| self.party(ix) == party || window.is_some_and(|w| self.was_silent(party, declare, ix, w));
                self.entries().filter(approves).any(|ix| said(ix) && self.takes_effect(ix))
            })
    }

    /// R8, said anew for minutes: by the performer's approval a beneficiary had known of the result for longer than
    /// the window, and no rejection by it claims to be from within the window.
    fn was_silent(&self, beneficiary: usize, declare: Ix, approve: Ix, window: i64) -> bool {
        let graph = self.record.graph();
        let of_theirs = |ix: &Ix| self.party(*ix) == beneficiary && self.known_to(declare, *ix);
        let by_statement =
            self.entries().filter(of_theirs).filter(|ix| self.known_to(*ix, approve)).map(|ix| graph.statement(ix).at);
        let proofs = self.entries().filter(|ix| self.known_to(*ix, approve) && self.takes_effect(*ix));
        let by_receipt = proofs.filter_map(|ix| {
            let Act::Prove { data, .. } = self.act(ix) else { return None };
            let receipt = SignedReceipt::verify(data).ok()?.receipt;
            let covers = |h: &EntryId| graph.find(h).is_some_and(|h| graph.in_past_or_same(declare, h));
            let theirs = self.book.cast.number(receipt.party) == beneficiary;
            (theirs && receipt.heads.iter().any(covers)).then_some(receipt.at)
        });
        let Some(known) = by_statement.chain(by_receipt).min() else { return false };
        let rejected = self.entries().any(|ix| {
            matches!(self.act(ix), Act::Reject { .. })
                && of_theirs(&ix)
                && self.takes_effect(ix)
                && graph.statement(ix).at <= known + window
        });
        graph.statement(approve).at >= known + window && !rejected
    }

    /// A stop by a performer of what is in force here.
    fn stops(&self, ix: Ix, subject: &Subject) -> bool {
        let Force::Revision(names) = &subject.force else { return false };
        let names: Vec<Ix> = names.iter().filter_map(|n| self.ix(*n)).collect();
        match self.act(ix) {
            Act::Stop { revision, .. } => {
                let revision = self.record.graph().find(revision);
                revision.is_some_and(|r| names.contains(&r)) && self.takes_effect(ix)
            }
            _ => false,
        }
    }

    /// Completed stays completed, but for a reopening that all others allow, and terms agreed knowing it.
    pub(crate) fn result_kept(&self, was: &Subject, is: &Subject) -> bool {
        if was.state != "completed" || is.state == "completed" {
            return true;
        }
        let Some(declare) = was.declare.and_then(|d| self.ix(d)) else { return false };
        let id = self.record.graph().id(declare);
        let approves = |ix: Ix| matches!(self.act(ix), Act::Approve { declare, .. } if *declare == id);
        let renewed = match &is.force {
            Force::Revision(names) => names.iter().filter_map(|n| self.ix(*n)).collect(),
            Force::End { of } => self.ix(*of).into_iter().collect(),
            Force::Crossed { rivals, .. } => rivals.iter().filter_map(|(_, r)| self.ix(*r)).collect::<Vec<_>>(),
            Force::Nothing => Vec::new(),
        };
        let knowing = renewed.iter().any(|r| self.entries().any(|ix| approves(ix) && self.known_to(ix, *r)));
        let asks = |ix: Ix| match self.act(ix) {
            Act::Release { of, .. } => *of == id,
            Act::Reject { declare, .. } | Act::Undeclare { declare, .. } => *declare == id,
            _ => false,
        };
        let said_so = |party: usize| {
            self.entries().filter(|ix| self.party(*ix) == party && self.takes_effect(*ix)).any(|ix| {
                match self.act(ix) {
                    Act::Allow { request, .. } => self.record.graph().find(request).is_some_and(asks),
                    _ => asks(ix),
                }
            })
        };
        let Act::Declare { revision, .. } = self.act(declare) else { return false };
        let revision = self.record.graph().find(revision);
        let reopened = revision.is_some_and(|r| self.parties(r).into_iter().all(said_so));
        // A rejection within the window voids what silence seemed to accept.
        let spoke = revision.is_some_and(|r| {
            let deemed = |t: &Topic| matches!(t, Topic::Action { terms, .. } if terms.deemed.is_some());
            let proposal = self.record.fold().proposal(r);
            proposal.is_some_and(|p| p.subjects.iter().any(|s| deemed(&s.topic))) && !self.approved(declare)
        });
        knowing || reopened || spoke || self.set_aside_any()
    }

    /// R9: what an agent signed without knowing that its leave was taken back.
    pub(crate) fn revoked(&mut self) {
        let mut wrong = Vec::new();
        let revocations: Vec<_> = self
            .record
            .logs()
            .parties()
            .flat_map(|party| self.record.logs().of_party(&party).collect::<Vec<_>>())
            .filter_map(|event| match &event.body {
                EventBody::Revoke { grant, reason } => Some((event.id, *grant, *reason)),
                _ => None,
            })
            .collect();
        for (event, grant, reason) in revocations {
            let citing: Vec<Ix> = self
                .entries()
                .filter(|ix| self.record.graph().statement(*ix).keys.iter().any(|k| k.event == event))
                .collect();
            let knows = |ix: Ix| citing.iter().any(|c| self.record.graph().in_past_or_same(*c, ix));
            for x in self.entries().filter(|ix| self.record.graph().statement(*ix).grant == grant) {
                let takes_part = matches!(self.act(x), Act::Propose(_) | Act::Counter { .. } | Act::Accept { .. });
                if !takes_part || *self.record.fold().verdict(x) != Verdict::Effective {
                    continue;
                }
                let expected = citing.is_empty() || self.counts_under(x, event, reason, &knows);
                if expected != self.takes_effect(x) {
                    wrong.push(format!("{}: should count: {expected}", self.record.graph().id(x)));
                }
            }
        }
        if !wrong.is_empty() {
            self.breaks("a revocation takes away what it says", || wrong.join("\n"));
        }
    }

    fn counts_under(
        &self,
        x: Ix,
        event: counterpart_core::id::EventId,
        reason: RevokeReason,
        knows: &dyn Fn(Ix) -> bool,
    ) -> bool {
        let graph = self.record.graph();
        let own = self.party(x);
        let device = graph.statement(x).device;
        let revision = match self.act(x) {
            Act::Accept { revision, .. } => graph.find(revision),
            _ => Some(x),
        };
        let Some(revision) = revision else { return true };
        let others: Vec<usize> = self.parties(revision).into_iter().filter(|p| *p != own).collect();
        let over = |ix: Ix| graph.in_past_or_same(x, ix);
        let cuts: Vec<Ix> = self
            .entries()
            .filter(|ix| matches!(self.act(*ix), Act::Cut { revoke, .. } if *revoke == event) && self.takes_effect(*ix))
            .collect();
        let cut_after = cuts.iter().any(|cut| match self.act(*cut) {
            Act::Cut { tips, .. } => tips.iter().any(|(_, _, tip)| graph.find(tip).is_some_and(over)),
            _ => false,
        });
        let built_on = self
            .entries()
            .any(|ix| self.party(ix) == own && graph.statement(ix).device != device && over(ix) && !knows(ix));
        let ratified = self.entries().any(|ix| match self.act(ix) {
            Act::Ratify { entries } => entries.contains(&graph.id(x)) && knows(ix) && self.takes_effect(ix),
            _ => false,
        });
        if cut_after || built_on || ratified {
            return true;
        }
        let allowed = |cut: &Ix| {
            let allows = |ix: Ix, party: usize| {
                self.party(ix) == party
                    && matches!(self.act(ix), Act::Allow { request, .. } if *request == graph.id(*cut))
                    && self.takes_effect(ix)
            };
            others.iter().all(|party| self.entries().any(|ix| allows(ix, *party)))
        };
        if cuts.iter().any(allowed) {
            return false;
        }
        let relied = self.entries().any(|ix| others.contains(&self.party(ix)) && over(ix) && !knows(ix));
        let knew = |party: &usize| self.entries().any(|ix| self.party(ix) == *party && knows(ix) && !over(ix));
        match reason {
            RevokeReason::Ended => relied || !others.iter().all(knew),
            RevokeReason::Compromised => relied,
        }
    }
}
