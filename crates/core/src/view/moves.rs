//! What each party can do now, found by asking the judge that refuses drafts; and what follows from doing nothing.

use super::{Expected, View, Waiting, ledger::DueInstant};
use crate::{
    act::{Act, ActionTerms, Mode, Outcome, Proof, Proposal, Subject, Topic},
    fold::{ActionState, ActionStatus, InForce, Lens, Position, SubjectKey, Verdict},
    graph::Ix,
    id::{EntryId, PartyId},
    keylog::{EventBody, Grant, KeyLogs},
    record::{Author, Record},
    statement::Statement,
    value::{Sealable, Unit},
};

/// A kind of act that takes a matter further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Accept,
    Counter,
    Decline,
    Confirm,
    Prove,
    Declare,
    Approve,
    /// Approve an own result for a beneficiary whose silence counts as acceptance by the signed terms.
    Deem,
    Reject,
    Allow,
    Refuse,
    Choose,
    Ratify,
    Decide,
    Concede,
    Settle,
    Progress,
    /// Offer other terms: a change of what is in force, or terms anew.
    Propose,
    Release,
    /// Ask to reopen an approved result.
    Reopen,
    Undeclare,
    Stop,
    /// Cancel under the clause of that number, from 0.
    Cancel(u32),
    Missed,
    Dispute,
    Withdraw,
}

impl Step {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Counter => "counter",
            Self::Decline => "decline",
            Self::Confirm => "confirm",
            Self::Prove => "prove",
            Self::Declare => "declare",
            Self::Approve => "approve",
            Self::Deem => "deem",
            Self::Reject => "reject",
            Self::Allow => "allow",
            Self::Refuse => "refuse",
            Self::Choose => "choose",
            Self::Ratify => "ratify",
            Self::Decide => "decide",
            Self::Concede => "concede",
            Self::Settle => "settle",
            Self::Progress => "progress",
            Self::Propose => "propose",
            Self::Release => "release",
            Self::Reopen => "reopen",
            Self::Undeclare => "undeclare",
            Self::Stop => "stop",
            Self::Cancel(_) => "cancel",
            Self::Missed => "missed",
            Self::Dispute => "dispute",
            Self::Withdraw => "withdraw",
        }
    }
}

/// One act that would take effect if a party signed it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub step: Step,
    pub key: SubjectKey,
    /// The entry to act on.
    pub about: EntryId,
    /// Which subject of it, where it is a revision.
    pub subject: u32,
}

/// What follows from doing nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follows {
    /// Nothing: silence binds nobody.
    Nothing,
    /// An offer made until some time, Unix milliseconds: an accept that arrives later does not count by itself.
    OfferEnds { at: i64 },
    /// A due time, Unix milliseconds: once it has passed, the other signers may record a miss, unless somebody has.
    Due { key: SubjectKey, at: i64, recorded: bool },
    /// What the signed terms say will follow.
    Consequence { key: SubjectKey, text: Sealable },
    /// By the signed terms silence becomes acceptance, from that time on, Unix milliseconds, and once the performer
    /// signs that it did; no time while it is not proven that the result arrived.
    Deemed { from: Option<i64>, count: u32, unit: Unit },
}

impl Record {
    /// What the fold would find of an act if this author signed it now, on all that is here. `at` is Unix
    /// milliseconds. A draft may still be refused by the gate, as for its length.
    #[must_use]
    pub fn would_be(&self, author: &Author, act: &Act, at: i64) -> Verdict {
        let graph = self.graph();
        let tip = graph.tips_of(&author.device).first().copied();
        let (seq, prev) = tip.map_or((1, None), |ix| (graph.statement(ix).seq + 1, Some(graph.id(ix))));
        let statement = Statement {
            case: self.case(),
            party: author.party,
            device: author.device,
            seq,
            prev,
            deps: graph.heads(),
            keys: Vec::new(),
            grant: author.grant,
            at,
            kind: act.kind().to_owned(),
            body: act.body(),
        };
        self.fold().judge_draft(graph, self.logs(), author, &statement, act)
    }

    /// Every act by which a party could take some matter further now, by whichever of its devices. `at` is Unix
    /// milliseconds; `due` gives the instant of a due time.
    #[must_use]
    pub fn moves(&self, view: &View, party: &PartyId, at: i64, due: DueInstant<'_>) -> Vec<Move> {
        self.moves_by(view, party, authors(self.logs(), party), at, due)
    }

    /// The same by some of its devices only.
    #[must_use]
    pub fn moves_by(
        &self,
        view: &View,
        party: &PartyId,
        authors: Vec<Author>,
        at: i64,
        due: DueInstant<'_>,
    ) -> Vec<Move> {
        let mut asking = Asking { record: self, lens: self.lens(), party: *party, authors, at, found: Vec::new() };
        for action in &view.actions {
            asking.matter(&action.key, &action.status);
            asking.missed(&action.key, &action.status, due);
        }
        for matter in view.matters.iter().filter(|m| m.key != SubjectKey::Level) {
            asking.matter(&matter.key, &matter.status);
        }
        asking.found
    }

    /// Whether a possible act is one that is waited for.
    #[must_use]
    pub fn makes(&self, made: &Move, waiting: &Waiting) -> bool {
        let here = waiting.about == Some(made.about);
        let matter = || {
            let about = waiting.about.and_then(|id| self.graph().find(&id));
            about.is_some_and(|ix| match self.lens().declared(ix) {
                Some((_, key)) => key == made.key,
                None => self.fold().subject_keys(ix).contains(&made.key),
            })
        };
        match waiting.expected {
            // No matter is taken further by these.
            Expected::Join | Expected::Erase => false,
            Expected::Answer => here && matches!(made.step, Step::Accept | Step::Counter | Step::Decline),
            Expected::Confirm => here && made.step == Step::Confirm,
            Expected::Prove => here && made.step == Step::Prove,
            Expected::Perform => matches!(made.step, Step::Declare | Step::Progress) && matter(),
            Expected::Rework => made.step == Step::Declare && matter(),
            Expected::Judge => here && matches!(made.step, Step::Approve | Step::Reject),
            Expected::Allow => here && matches!(made.step, Step::Allow | Step::Refuse),
            Expected::Choose => made.step == Step::Choose && matter(),
            Expected::Ratify => here && made.step == Step::Ratify,
            Expected::Settle => here && matches!(made.step, Step::Concede | Step::Settle),
            Expected::Decide => here && made.step == Step::Decide,
        }
    }

    /// What follows if nobody makes a move that is waited for.
    #[must_use]
    pub fn follows(&self, waiting: &Waiting, due: DueInstant<'_>) -> Vec<Follows> {
        let lens = self.lens();
        let about = waiting.about.and_then(|id| self.graph().find(&id));
        let Some(about) = about else { return vec![Follows::Nothing] };
        match waiting.expected {
            Expected::Answer => {
                let proposal = lens.fold().proposal(about);
                let until = proposal.and_then(|p| due(p.open_until.as_ref()?, None));
                let mut follows = vec![Follows::Nothing];
                follows.extend(until.map(|at| Follows::OfferEnds { at }));
                if proposal.is_some_and(|p| p.alleged.is_some()) {
                    // What was said to be promised is tracked at once.
                    let said = self.undone(about, waiting, due).into_iter();
                    follows.extend(said.filter(|f| matches!(f, Follows::Due { .. })));
                }
                follows
            }
            Expected::Perform => self.undone(about, waiting, due),
            Expected::Rework => match lens.declared(about) {
                Some((revision, _)) => self.undone(revision, waiting, due),
                None => vec![Follows::Nothing],
            },
            Expected::Judge => {
                let terms = lens.declared(about).and_then(|(revision, key)| lens.terms(revision, &key));
                let deemed = terms.and_then(|t| t.deemed).map(|(count, unit)| Follows::Deemed {
                    from: lens.silent_until(about, &waiting.seat),
                    count,
                    unit,
                });
                vec![deemed.unwrap_or(Follows::Nothing)]
            }
            _ => vec![Follows::Nothing],
        }
    }

    /// What follows if a performer leaves undone what a revision has it do.
    fn undone(&self, revision: Ix, waiting: &Waiting, due: DueInstant<'_>) -> Vec<Follows> {
        let agreed_at = self.agreed_at(revision);
        let mut follows = Vec::new();
        let opened = match self.laid_open(revision) {
            Act::Propose(proposal) | Act::Counter { proposal, .. } => proposal.subjects,
            _ => Vec::new(),
        };
        for (key, subject) in self.fold().subject_keys(revision).iter().zip(&opened) {
            let Topic::Action { terms, .. } = &subject.topic else { continue };
            if !terms.performers.iter().any(|p| p.seat == waiting.seat) {
                continue;
            }
            let at = terms.due.as_ref().and_then(|d| due(d, agreed_at));
            let recorded = |at: i64| {
                self.lens()
                    .about(&self.graph().id(revision))
                    .any(|ix| matches!(self.fold().act(ix), Act::Missed { due, .. } if *due == at))
            };
            follows.extend(at.map(|at| Follows::Due { key: key.clone(), at, recorded: recorded(at) }));
            let written = terms.consequences.iter().cloned();
            follows.extend(written.map(|text| Follows::Consequence { key: key.clone(), text }));
        }
        if follows.is_empty() { vec![Follows::Nothing] } else { follows }
    }
}

/// One author for every different set of rights that a party has granted and not taken back.
fn authors(logs: &KeyLogs, party: &PartyId) -> Vec<Author> {
    let mut known: Vec<&Grant> = Vec::new();
    let mut authors = Vec::new();
    for event in logs.of_party(party) {
        let EventBody::Grant(grant) = &event.body else { continue };
        let same = known.iter().any(|k| k.kinds == grant.kinds && k.ceilings == grant.ceilings);
        let ended = logs.revocation_of(party, &event.id).is_some() || logs.superseded_by(&event.id).is_some();
        if ended || (same && authors.len() >= MANY) {
            continue;
        }
        known.push(grant);
        authors.push(Author { party: *party, device: grant.device, grant: event.id });
    }
    authors
}

/// From so many devices on, those with the same rights are taken for each other.
const MANY: usize = 4;

struct Asking<'r> {
    record: &'r Record,
    lens: Lens<'r>,
    party: PartyId,
    authors: Vec<Author>,
    at: i64,
    found: Vec<Move>,
}

impl Asking<'_> {
    fn ask(&mut self, step: Step, key: &SubjectKey, about: Ix, act: &Act) {
        let effective = |author: &Author| self.record.would_be(author, act, self.at) == Verdict::Effective;
        if self.authors.iter().any(effective) {
            let subject = self.place(about, key);
            let about = self.lens.graph().id(about);
            self.found.push(Move { step, key: key.clone(), about, subject });
        }
    }

    /// Which subject of a revision that is.
    fn place(&self, revision: Ix, key: &SubjectKey) -> u32 {
        let keys = self.lens.fold().subject_keys(revision);
        let at = keys.iter().position(|k| k == key).unwrap_or(0);
        u32::try_from(at).unwrap_or(0)
    }

    fn id(&self, ix: Ix) -> EntryId {
        self.lens.graph().id(ix)
    }

    fn is_own(&self, ix: Ix) -> bool {
        self.lens.graph().statement(ix).party == self.party
    }

    fn matter(&mut self, key: &SubjectKey, status: &ActionStatus) {
        for open in &status.open {
            self.open(key, *open);
        }
        for (accept, _) in &status.undated {
            self.prove(key, *accept);
        }
        for ix in self.contested(&status.contested) {
            self.ask(Step::Ratify, key, ix, &Act::Ratify { entries: vec![self.id(ix)] });
        }
        let (in_force, crossed) = match &status.in_force {
            InForce::None => (None, Vec::new()),
            InForce::One { position, .. } => (Some(*position), Vec::new()),
            InForce::Crossed { rivals, stays } => (stays.as_ref().map(|(p, _)| *p), rivals.clone()),
        };
        for rival in &crossed {
            let pick = self.lens.name(*rival, key);
            if let Some(named) = self.lens.graph().find(&pick) {
                self.ask(Step::Choose, key, named, &Act::Choose { pick, reason: None });
            }
        }
        if !crossed.is_empty() || status.state == ActionState::Contested {
            self.propose(key, status.revision);
        }
        if let Some(Position::Revision(revision)) = in_force {
            let ended = matches!(status.state, ActionState::Completed | ActionState::Cancelled | ActionState::Stopped);
            if !ended {
                self.agreed(key, revision);
            }
            if status.state == ActionState::Stopped {
                self.dispute(key, revision);
            }
            if !ended || status.state == ActionState::Stopped {
                self.propose(key, revision);
            }
        }
        if let Some(declare) = status.declare {
            self.declared(key, declare, status.state);
        }
        for request in status.release_requests.iter().chain(&status.reopen_requests) {
            let id = self.id(*request);
            self.ask(Step::Allow, key, *request, &Act::Allow { request: id, note: None });
            self.ask(Step::Refuse, key, *request, &Act::Refuse { request: id, reason: None });
            self.ask(Step::Withdraw, key, *request, &Act::Withdraw { of: id, reason: None });
        }
        for dispute in status.disputes.iter().filter(|d| d.ended_by.is_none()) {
            self.disputed(key, dispute.dispute);
        }
    }

    fn open(&mut self, key: &SubjectKey, open: Ix) {
        let revision = self.id(open);
        self.ask(Step::Accept, key, open, &Act::Accept { revision, note: None });
        self.ask(Step::Confirm, key, open, &Act::Confirm { revision });
        if let Some(proposal) = self.lens.fold().proposal(open) {
            let subjects = self.lens.fold().subject_keys(open).iter().zip(&proposal.subjects);
            let proposal = self.restated(subjects.map(|(key, s)| (key, &s.topic)).collect());
            self.ask(Step::Counter, key, open, &Act::Counter { of: revision, proposal });
        }
        // One's own is withdrawn; declining it would do the same in other words.
        if self.is_own(open) {
            self.ask(Step::Withdraw, key, open, &Act::Withdraw { of: revision, reason: None });
        } else {
            self.ask(Step::Decline, key, open, &Act::Decline { revision, reason: None });
        }
    }

    /// The contested acts on some revisions.
    fn contested(&self, revisions: &[Ix]) -> Vec<Ix> {
        let with_answers = |r: &Ix| {
            let about = self.lens.fold().about(&self.id(*r)).iter().copied();
            std::iter::once(*r).chain(about).collect::<Vec<Ix>>()
        };
        revisions.iter().flat_map(with_answers).filter(|ix| self.lens.contested(*ix)).collect()
    }

    /// Embeds a receipt that is held and dates an accept.
    fn prove(&mut self, key: &SubjectKey, accept: Ix) {
        let graph = self.lens.graph();
        let author = graph.statement(accept).party;
        let covering = self.record.receipts().iter().find(|r| {
            let heads = || r.receipt.heads.iter().filter_map(|h| graph.find(h));
            r.receipt.party != author && heads().any(|head| graph.in_past_or_same(accept, head))
        });
        if let Some(receipt) = covering {
            let data = receipt.bytes().to_vec();
            let act = Act::Prove { what: Proof::Receipt, data, about: Some(self.id(accept)) };
            self.ask(Step::Prove, key, accept, &act);
        }
    }

    fn agreed(&mut self, key: &SubjectKey, ix: Ix) {
        let (revision, subject) = (self.id(ix), self.place(ix, key));
        let clauses = self.lens.terms(ix, key).map_or(0, |t: &ActionTerms| t.cancel.len());
        self.ask(Step::Declare, key, ix, &Act::Declare { revision, subject, note: None, evidence: Vec::new() });
        self.ask(Step::Progress, key, ix, &Act::Progress { revision, subject, text: words() });
        self.ask(Step::Release, key, ix, &Act::Release { of: revision, reason: None });
        self.ask(Step::Stop, key, ix, &Act::Stop { revision, subject, reason: words() });
        for clause in (0..clauses).filter_map(|c| u32::try_from(c).ok()) {
            self.ask(Step::Cancel(clause), key, ix, &Act::Cancel { revision, subject, clause, reason: None });
        }
        self.dispute(key, ix);
    }

    /// Says that what was agreed needs deciding; also of what its performer gave up.
    fn dispute(&mut self, key: &SubjectKey, ix: Ix) {
        let (about, subject) = (self.id(ix), self.place(ix, key));
        // As it is signed: a part is named only where there are several.
        let subject = (self.lens.fold().subject_keys(ix).len() > 1).then_some(subject);
        self.ask(Step::Dispute, key, ix, &Act::Dispute { about, subject, reason: words() });
    }

    /// Other terms on what stands now.
    fn propose(&mut self, key: &SubjectKey, on: Ix) {
        let Some(subject) = self.lens.subject(on, key) else { return };
        let proposal = self.restated(vec![(key, &subject.topic)]);
        self.ask(Step::Propose, key, on, &Act::Propose(proposal));
    }

    fn declared(&mut self, key: &SubjectKey, ix: Ix, state: ActionState) {
        let declare = self.id(ix);
        let terms = self.lens.declared(ix).and_then(|(r, key)| self.lens.terms(r, &key));
        let own = self.lens.seats_of(&self.party);
        let benefits = terms.is_some_and(|t| t.beneficiaries.iter().any(|p| own.contains(&p.seat)));
        let approve = if benefits { Step::Approve } else { Step::Deem };
        if state == ActionState::Completed {
            self.ask(Step::Reopen, key, ix, &Act::Release { of: declare, reason: None });
            return;
        }
        self.ask(approve, key, ix, &Act::Approve { declare, note: None });
        self.ask(Step::Reject, key, ix, &Act::Reject { declare, unmet: Vec::new(), reason: words() });
        self.ask(Step::Undeclare, key, ix, &Act::Undeclare { declare, reason: None });
    }

    fn disputed(&mut self, key: &SubjectKey, ix: Ix) {
        let dispute = self.id(ix);
        let outcome = Some(Outcome::Agreed);
        self.ask(Step::Decide, key, ix, &Act::Decide { dispute, decision: words(), outcome });
        if self.is_own(ix) {
            self.ask(Step::Settle, key, ix, &Act::Settle { dispute, revision: None, note: None });
        } else {
            self.ask(Step::Concede, key, ix, &Act::Concede { dispute, note: None });
        }
    }

    /// A due time that has passed, and that this party has not recorded yet.
    fn missed(&mut self, key: &SubjectKey, status: &ActionStatus, due: DueInstant<'_>) {
        let waited = matches!(
            status.state,
            ActionState::Agreed | ActionState::Rework | ActionState::Proposed | ActionState::Accepted
        );
        let ix = status.revision;
        let terms = self.lens.terms(ix, key).filter(|_| waited);
        let Some(due) = terms.and_then(|t| due(t.due.as_ref()?, self.record.agreed_at(ix))) else { return };
        let recorded = |m: &Ix| matches!(self.lens.fold().act(*m), Act::Missed { due: d, .. } if *d == due);
        if due > self.at || status.missed.iter().any(|m| self.is_own(*m) && recorded(m)) {
            return;
        }
        let (revision, subject) = (self.id(ix), self.place(ix, key));
        let performs = |t: &ActionTerms| {
            let own = self.lens.seats_of(&self.party);
            t.performers.iter().any(|p| own.contains(&p.seat))
        };
        if !terms.is_some_and(performs) {
            self.ask(Step::Missed, key, ix, &Act::Missed { revision, subject, due, note: None });
        }
    }

    /// The same terms offered on what is in force now.
    fn restated(&self, topics: Vec<(&SubjectKey, &Topic)>) -> Proposal {
        let subject = |(key, topic): (&SubjectKey, &Topic)| {
            let force = self.lens.in_force(key);
            let base = force.standing().and_then(|(_, names)| names.first().copied());
            let mut topic = topic.clone();
            match (&mut topic, key) {
                (Topic::Action { action: id, .. }, SubjectKey::Action(lived))
                | (Topic::Terms { terms: id, .. }, SubjectKey::Terms(lived))
                | (Topic::Close { close: id, .. }, SubjectKey::Close(lived)) => *id = Some(*lived),
                _ => {}
            }
            Subject { base, topic }
        };
        let subjects: Vec<Subject> = topics.into_iter().map(subject).collect();
        let signers = self.lens.required_signers(&subjects);
        Proposal { subjects, signers, mode: Mode::Firm, open_until: None, alleged: None, note: None }
    }
}

/// Stands for whatever its author would write.
fn words() -> Sealable {
    Sealable::Open("-".to_owned())
}
