//! What copies show, in the words that people read; and how common things come about in few lines.

use counterpart_core::{
    act::{Act, Mode, Proposal, Subject, Topic},
    fold::{SubjectKey, Verdict},
    id::EntryId,
    receipt::Receipt,
    value::{ActionId, Due, Seat},
};

use crate::world::*;

/// When the offers that lapse do so, Unix milliseconds; every world begins well before.
pub(crate) const UNTIL: i64 = 2_000_000;

pub(crate) fn instant(at: i64) -> Due {
    Due::At { instant: at, local: "1970-01-01T00:33".to_owned(), zone: "Etc/UTC".to_owned() }
}

/// An action that some seats are to do for others.
pub(crate) fn work_for(what: &str, performers: &[u32], beneficiaries: &[u32]) -> Subject {
    Subject { base: None, topic: Topic::Action { action: None, terms: terms(what, performers, beneficiaries) } }
}

impl World {
    /// The state of an action on one copy.
    pub(crate) fn word_at(&self, device: usize, action: ActionId) -> &'static str {
        let status = self.record(device).lens().status(&SubjectKey::Action(action));
        status.map_or("unknown", |s| s.state.as_str())
    }

    /// The same once everything has reached everybody.
    pub(crate) fn word(&mut self, action: ActionId) -> &'static str {
        self.converge();
        self.word_at(A1, action)
    }

    /// The words beside the state, as one copy shows them.
    pub(crate) fn overlays_at(&self, device: usize, action: ActionId) -> Vec<&'static str> {
        let view = self.record(device).view().expect("a view");
        view.actions.iter().find(|a| a.id == action).map_or_else(Vec::new, |a| a.overlays.clone())
    }

    pub(crate) fn shows(&mut self, action: ActionId, overlay: &str) -> bool {
        self.converge();
        self.overlays_at(A1, action).contains(&overlay)
    }

    /// Why an act is without effect, by the reason's name; "effective" where it is not.
    pub(crate) fn why_at(&self, device: usize, entry: EntryId) -> String {
        match self.verdict_at(device, entry) {
            Verdict::Effective => "effective".to_owned(),
            Verdict::NotJudged => "not judged".to_owned(),
            Verdict::Without(reason) => {
                let name = format!("{reason:?}");
                name.split(['(', ' ']).next().unwrap_or_default().to_owned()
            }
        }
    }

    pub(crate) fn why(&mut self, entry: EntryId) -> String {
        self.converge();
        self.why_at(A1, entry)
    }

    /// What a device's own node says to an act: the name of the reason why it is not signed.
    pub(crate) fn refuses(&mut self, device: usize, act: &Act) -> String {
        match self.try_act(device, act) {
            Ok(_) => "signed".to_owned(),
            Err(counterpart_core::record::DraftError::WithoutEffect(reason)) => {
                format!("{reason:?}").split(['(', ' ']).next().unwrap_or_default().to_owned()
            }
            Err(other) => format!("{other:?}"),
        }
    }

    /// Signs past all local refusals and asserts that it has no effect anywhere.
    pub(crate) fn idle(&mut self, device: usize, act: &Act) -> String {
        let entry = self.force(device, act);
        let why = self.why(entry);
        assert!(why != "effective" && why != "not judged", "{act:?} is {why}");
        why
    }

    /// The same at some claimed time.
    pub(crate) fn idle_at(&mut self, device: usize, act: &Act, at: i64) -> String {
        let entry = self.force_at(device, act, at);
        let why = self.why(entry);
        assert!(why != "effective" && why != "not judged", "{act:?} is {why}");
        why
    }

    /// Signs at some claimed time, and leaves the clock as it was.
    pub(crate) fn act_at(&mut self, device: usize, act: &Act, at: i64) -> EntryId {
        let before = std::mem::replace(&mut self.at, at - 1_000);
        let entry = self.act(device, act);
        self.at = before;
        entry
    }

    pub(crate) fn force_at(&mut self, device: usize, act: &Act, at: i64) -> EntryId {
        let before = std::mem::replace(&mut self.at, at - 1_000);
        let entry = self.force(device, act);
        self.at = before;
        entry
    }

    /// What stands on an action, whether revision or end, by its first name.
    pub(crate) fn standing(&self, action: ActionId) -> Option<EntryId> {
        let force = self.record(A1).lens().in_force(&SubjectKey::Action(action));
        force.standing().and_then(|(_, names)| names.first().copied())
    }

    /// The names of what is crossed on an action, ascending.
    pub(crate) fn rivals(&self, action: ActionId) -> Vec<EntryId> {
        let lens = self.record(A1).lens();
        let mut names: Vec<EntryId> = match lens.in_force(&SubjectKey::Action(action)) {
            counterpart_core::fold::InForce::Crossed { rivals, .. } => {
                rivals.into_iter().map(|r| lens.name(r, &SubjectKey::Action(action))).collect()
            }
            _ => Vec::new(),
        };
        names.sort_unstable();
        names
    }

    /// What stands on an action as a device's copy has it, revision or end: what a change must name as its base.
    pub(crate) fn base_at(&self, device: usize, action: ActionId) -> Option<EntryId> {
        let force = self.record(device).lens().in_force(&SubjectKey::Action(action));
        force.standing().and_then(|(_, names)| names.first().copied())
    }

    /// Other terms for an action, on what is in force as a device's copy has it.
    pub(crate) fn amendment(&self, device: usize, action: ActionId, what: &str) -> Subject {
        change_of(action, self.base_at(device, action), what)
    }

    pub(crate) fn amend(&mut self, device: usize, action: ActionId, what: &str) -> EntryId {
        let subject = self.amendment(device, action, what);
        self.propose(device, vec![subject])
    }

    /// Proposed by one device, accepted by the others one after the other; nobody else hears of it.
    pub(crate) fn bargain(&mut self, by: usize, subjects: Vec<Subject>, others: &[usize]) -> EntryId {
        let revision = self.propose(by, subjects);
        for other in others {
            self.deliver(by, *other);
            self.act(*other, &accept(revision));
        }
        revision
    }

    /// The same, known to all.
    pub(crate) fn agreed_on(&mut self, subjects: Vec<Subject>, others: &[usize]) -> EntryId {
        let revision = self.bargain(A1, subjects, others);
        self.sync_all();
        revision
    }

    /// Offered by A and known to all.
    pub(crate) fn offer(&mut self, subjects: Vec<Subject>) -> EntryId {
        let revision = self.propose(A1, subjects);
        self.sync_all();
        revision
    }

    /// A proposal that is not what the rules for signers would give by default.
    pub(crate) fn proposal_with(
        &self,
        device: usize,
        subjects: Vec<Subject>,
        mode: Mode,
        open_until: Option<Due>,
    ) -> Proposal {
        Proposal { mode, open_until, ..self.proposal(device, subjects) }
    }

    /// Work that B is to do for A, offered until [`UNTIL`] and known to all.
    pub(crate) fn offered_until(&mut self) -> (EntryId, ActionId) {
        let proposal = self.proposal_with(A1, vec![work("in time")], Mode::Firm, Some(instant(UNTIL)));
        let revision = self.act(A1, &Act::Propose(proposal));
        self.sync_all();
        (revision, ActionId { proposal: revision, index: 0 })
    }

    /// A receipt by a device for all it holds, claimed to be of some time.
    pub(crate) fn receipt(&self, device: usize, at: i64) -> Vec<u8> {
        let Device { author, key, record, .. } = &self.devices[device];
        record.receipt_due(author, at).expect("something new is here").sign(key).bytes().to_vec()
    }

    /// A receipt by a device for some entries, whether or not it holds them.
    pub(crate) fn receipt_for(&self, device: usize, heads: &[EntryId], last_seq: u32, at: i64) -> Vec<u8> {
        let mut heads = heads.to_vec();
        heads.sort_unstable();
        let Device { author, key, record, .. } = &self.devices[device];
        let receipt = Receipt {
            case: self.case(),
            party: author.party,
            device: author.device,
            last_seq,
            number: 1,
            previous: None,
            heads,
            keys: record.logs().head(&author.party).into_iter().collect(),
            lacking: Vec::new(),
            at,
        };
        receipt.sign(key).bytes().to_vec()
    }

    /// How many statements a device has signed, as its own copy has it.
    pub(crate) fn seq(&self, device: usize) -> u32 {
        let record = self.record(device);
        let tips = record.graph().tips_of(&self.devices[device].author.device);
        tips.into_iter().map(|ix| record.graph().statement(ix).seq).max().unwrap_or(0)
    }

    /// Who is in and in which seat, with an arbiter that A and B agreed on for every matter.
    pub(crate) fn with_arbiter() -> Self {
        let mut w = Self::two();
        w.bring_in_agreed(E1, 5);
        w
    }

    /// Two devices of A each let somebody into seat 1, B and C, without knowing of each other; all is known to all.
    pub(crate) fn bound_twice() -> Self {
        let mut w = Self::alone();
        for (opener, joiner) in [(A1, B1), (A2, C1)] {
            let invite = w.act(opener, &invite(seat(1)));
            let admit = w.admit(joiner, seat(1), invite, None);
            let admit = w.act(opener, &admit);
            w.deliver(opener, joiner);
            w.act(joiner, &Act::Join { admit });
        }
        w.sync_all();
        w
    }

    /// Of two parties' devices, the one whose party has the lower id.
    pub(crate) fn lower(&self, a: usize, b: usize) -> usize {
        if self.party(a) < self.party(b) { a } else { b }
    }

    pub(crate) fn higher(&self, a: usize, b: usize) -> usize {
        if self.party(a) < self.party(b) { b } else { a }
    }
}

pub(crate) fn action_of(proposal: EntryId, index: u32) -> ActionId {
    ActionId { proposal, index }
}

pub(crate) fn prove(receipt: &[u8]) -> Act {
    Act::Prove { what: counterpart_core::act::Proof::Receipt, data: receipt.to_vec(), about: None }
}

pub(crate) fn confirm(revision: EntryId) -> Act {
    Act::Confirm { revision }
}

pub(crate) fn choose(pick: EntryId) -> Act {
    Act::Choose { pick, reason: None }
}

pub(crate) fn stop(revision: EntryId) -> Act {
    Act::Stop { revision, subject: 0, reason: text("no more") }
}

pub(crate) fn cancel(revision: EntryId, clause: u32) -> Act {
    Act::Cancel { revision, subject: 0, clause, reason: None }
}

pub(crate) fn dispute(about: EntryId) -> Act {
    Act::Dispute { about, subject: None, reason: text("not so") }
}

pub(crate) fn seat(number: u32) -> Seat {
    Seat::Number(number)
}
