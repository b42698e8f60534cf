//! What became of an action, in a word and in a sentence or two.

mod short;

use counterpart_core::{
    act::{Act, Outcome as Decided},
    fold::{ActionState, Closing, InForce, Position},
    graph::Ix,
    view::ActionView,
};

use crate::{
    actions::Step,
    attested::{Attestations, Attested},
    difference::Change,
    sentence::{outcome_in_words, sentence},
    teller::Teller,
    words::{EntryName, Words, say},
};

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The result was accepted, and it was declared done by its due time or had none.
    Kept,
    /// The result was accepted, and it was declared done after its due time.
    Late,
    /// Agreed; its time has not come, or it has none.
    Open,
    /// Agreed, not declared done, and by the clock of this report its time has passed.
    Overdue,
    Declared,
    Rejected,
    /// Ended because everybody allowed it.
    Released,
    /// Ended under a clause of the terms.
    Cancelled,
    DecidedDone,
    DecidedOff,
    GivenUp,
    Proposed,
    PartlySigned,
    /// One side noted that the other had promised it; never agreed.
    Alleged,
    Declined,
    Withdrawn,
    Crossed,
    Contested,
    WithoutEffect,
}

impl Outcome {
    /// The word shown and given in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Late => "done late",
            Self::Open => "agreed, open",
            Self::Overdue => "agreed, not done in time",
            Self::Declared => "declared done",
            Self::Rejected => "result not accepted",
            Self::Released => "released",
            Self::Cancelled => "cancelled",
            Self::DecidedDone => "decided: done",
            Self::DecidedOff => "decided: off",
            Self::GivenUp => "given up",
            Self::Proposed => "proposed only",
            Self::PartlySigned => "not signed by all",
            Self::Alleged => "said, not agreed",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Crossed => "agreements crossed",
            Self::Contested => "signature contested",
            Self::WithoutEffect => "without effect",
        }
    }

    /// How the word is set: never the only sign of what it says.
    #[must_use]
    pub fn tone(self) -> &'static str {
        match self {
            Self::Kept | Self::DecidedDone => "good",
            Self::Late | Self::Overdue | Self::Rejected | Self::GivenUp | Self::Crossed | Self::Contested => "bad",
            Self::Open | Self::Declared | Self::Proposed | Self::PartlySigned | Self::Alleged => "open",
            _ => "plain",
        }
    }

    /// The drawn sign beside the word, told apart by its shape.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Kept | Self::DecidedDone => "tick",
            Self::Late | Self::Overdue => "clock",
            Self::Rejected | Self::GivenUp | Self::Declined => "cross",
            Self::Crossed | Self::Contested => "warning",
            Self::Released | Self::Cancelled | Self::DecidedOff | Self::Withdrawn => "ended",
            Self::Open | Self::Declared => "ring",
            Self::Proposed | Self::PartlySigned | Self::Alleged => "dotted",
            Self::WithoutEffect => "dash",
        }
    }

    /// Whether a reader in a hurry should see it first.
    pub(crate) fn pressing(self) -> bool {
        self.tone() == "bad"
    }
}

/// A word beside the outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    pub word: String,
    pub sign: &'static str,
    pub tone: &'static str,
}

impl Badge {
    fn new(sign: &'static str, tone: &'static str, word: impl Into<String>) -> Self {
        Self { word: word.into(), sign, tone }
    }
}

/// Whether something was signed by its due time.
enum InTime {
    Proven(Words),
    /// By its author's clock alone.
    Claimed,
    LateProven(Words),
    /// By its author's own clock.
    Late,
}

/// An action, told.
pub(crate) struct Told<'t, 'r> {
    pub(crate) teller: &'t Teller<'r>,
    pub(crate) attested: &'t Attestations,
    pub(crate) action: &'t ActionView,
    /// Agreed changes of what was agreed, oldest first.
    pub(crate) renegotiated: &'t [&'t Step],
}

impl Told<'_, '_> {
    fn due_at(&self) -> Option<i64> {
        let due = self.action.due(&self.teller.lens())?;
        self.teller.due_at(due, self.action.counted_from)
    }

    fn act_at(&self, ix: Ix) -> i64 {
        self.teller.record.graph().statement(ix).at
    }

    /// The entry that ended it, and whether under a clause.
    fn end(&self) -> Option<(Ix, bool)> {
        let InForce::One { position: Position::End(_), names } = &self.action.status.in_force else { return None };
        let end = self.teller.record.graph().find(names.first()?)?;
        Some((end, matches!(self.teller.record.fold().act(end), Act::Cancel { .. })))
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let status = &self.action.status;
        let decided = self.teller.lens().decision(&self.action.key).map(|(_, outcome)| outcome);
        let passed = self.due_at().is_some_and(|due| due < self.teller.made_at);
        match status.state {
            ActionState::Completed if decided == Some(Decided::Completed) => Outcome::DecidedDone,
            ActionState::Completed => {
                let declared = status.declare.map(|declare| self.act_at(declare));
                let late = declared.zip(self.due_at()).is_some_and(|(declared, due)| declared > due);
                if late { Outcome::Late } else { Outcome::Kept }
            }
            ActionState::Cancelled if decided == Some(Decided::Cancelled) => Outcome::DecidedOff,
            ActionState::Cancelled if self.end().is_some_and(|(_, clause)| clause) => Outcome::Cancelled,
            ActionState::Cancelled => Outcome::Released,
            ActionState::Stopped => Outcome::GivenUp,
            ActionState::Agreed if passed => Outcome::Overdue,
            ActionState::Agreed => Outcome::Open,
            ActionState::Declared => Outcome::Declared,
            ActionState::Rework => Outcome::Rejected,
            ActionState::Proposed | ActionState::Accepted if self.action.alleged => Outcome::Alleged,
            ActionState::Proposed => Outcome::Proposed,
            ActionState::Accepted => Outcome::PartlySigned,
            ActionState::Declined => Outcome::Declined,
            ActionState::Withdrawn => Outcome::Withdrawn,
            ActionState::Crossed => Outcome::Crossed,
            ActionState::Contested => Outcome::Contested,
            ActionState::Void => Outcome::WithoutEffect,
        }
    }

    pub(crate) fn badges(&self) -> Vec<Badge> {
        let status = &self.action.status;
        let mut badges = Vec::new();
        if !status.missed.is_empty() {
            badges.push(Badge::new("cross", "bad", "due time missed"));
        }
        if !self.renegotiated.is_empty() {
            badges.push(Badge::new("swap", "plain", "renegotiated"));
        }
        let agreed = self.teller.lens().fully_signed(status.revision);
        if self.action.alleged && agreed {
            badges.push(Badge::new("dotted", "plain", "first said, then agreed"));
        } else if self.action.alleged && self.outcome() != Outcome::Alleged {
            badges.push(Badge::new("dotted", "open", "said, not agreed"));
        }
        match status.disputes.iter().any(|d| d.ended_by.is_none()) {
            true => badges.push(Badge::new("warning", "bad", "in dispute")),
            false if !status.disputes.is_empty() => badges.push(Badge::new("warning", "plain", "dispute over")),
            false => {}
        }
        if status.stop.is_none() && self.stopped().is_some() {
            badges.push(Badge::new("cross", "bad", "given up before"));
        }
        badges.extend(self.action.overlays.iter().filter_map(|overlay| overlay_badge(overlay)));
        badges
    }

    /// A stop that something later set aside.
    fn stopped(&self) -> Option<Ix> {
        let lens = self.teller.lens();
        let about = lens.about(&self.teller.record.graph().id(self.action.status.revision));
        about.into_iter().find(|ix| matches!(self.teller.record.fold().act(*ix), Act::Stop { .. }))
    }

    /// What happened, briefly: who signed what, and when by whose clock.
    pub(crate) fn brief(&self) -> Vec<Words> {
        let status = &self.action.status;
        let mut told = Vec::new();
        told.extend(self.alleged());
        told.extend(status.missed.iter().map(|missed| {
            self.who(*missed).say(" signed that its due time has passed: ").then(self.named(*missed)).say(".")
        }));
        told.extend(self.renegotiated.iter().map(|step| {
            let words = say("Changed by agreement in ").entry(step.entry.clone()).say(": ");
            words.joined(step.changes.iter().map(Change::in_a_line), "; ").say(".")
        }));
        told.extend(self.done());
        if let Some(stop) = status.stop.or_else(|| self.stopped())
            && let Act::Stop { reason, .. } = self.teller.laid_open(stop)
        {
            let words = self.who(stop).say(" signed that it is given up: ").then(self.named(stop)).say(", ");
            told.push(words.then(self.teller.said(&reason)).say("."));
        }
        if let Some((end, clause)) = self.end() {
            let words = match clause {
                true => self.who(end).say(" ended it under a clause of its terms: ").then(self.named(end)),
                false => {
                    say("Ended because everybody who had signed it allowed that: asked for in ").then(self.named(end))
                }
            };
            told.push(words.say("."));
        }
        if let Some(closed) = self.closed() {
            told.push(
                self.who(closed)
                    .say(" closed it: ")
                    .then(self.named(closed))
                    .say(", ")
                    .then(sentence(self.teller, closed))
                    .say("."),
            );
        }
        told.extend(self.open());
        told.extend(self.disputes());
        told
    }

    /// The contact in which it was promised, as somebody noted.
    fn alleged_in(&self) -> Option<EntryName> {
        let proposal = self.teller.record.fold().proposal(self.action.status.revision)?;
        proposal.alleged.map(|contact| self.teller.entry(&contact))
    }

    /// The entry by which it was declined or withdrawn.
    fn closed(&self) -> Option<Ix> {
        let closed = matches!(self.action.status.state, ActionState::Declined | ActionState::Withdrawn);
        self.teller.lens().closing(self.action.status.revision).map(Closing::by).filter(|_| closed)
    }

    fn alleged(&self) -> Option<Words> {
        let contact = self.alleged_in()?;
        let author = self.who(self.action.status.revision);
        Some(
            author
                .say(" noted that it was promised in ")
                .entry(contact)
                .say("; it binds nobody who has not signed it."),
        )
    }

    /// Who declared it done, who accepted or refused the result, and whether that it was in time is proven.
    fn done(&self) -> Vec<Words> {
        let (graph, fold, lens) = (self.teller.record.graph(), self.teller.record.fold(), self.teller.lens());
        let Some(declare) = self.action.status.declare else { return Vec::new() };
        let mut told = vec![self.who(declare).say(" signed that it is done: ").then(self.named(declare)).say(".")];
        told.extend(self.in_time(declare).map(|in_time| match in_time {
            InTime::Proven(proof) => say("That this was in time is proven by ").then(proof).say("."),
            InTime::Claimed => say("That this was in time only its author\u{2019}s clock says."),
            InTime::LateProven(proof) => say("That this was after the due time is proven by ").then(proof).say("."),
            InTime::Late => say("By its author\u{2019}s own clock this was after the due time."),
        }));
        let answers: Vec<Ix> = lens.about(&graph.id(declare)).collect();
        let approvals = answers.iter().filter(|ix| matches!(fold.act(**ix), Act::Approve { .. }));
        told.extend(
            approvals
                .map(|ix| self.who(*ix).say(" signed that the result is accepted: ").then(self.named(*ix)).say(".")),
        );
        if self.action.status.state == ActionState::Rework
            && let Some(reject) = lens.rejected(declare)
            && let Act::Reject { reason, .. } = self.teller.laid_open(reject)
        {
            let words = self.who(reject).say(" signed that the result is not accepted: ").then(self.named(reject));
            told.push(words.say(", ").then(self.teller.said(&reason)).say("."));
        }
        if self.action.status.against_old_terms {
            told.push(say("That was done on terms that had been replaced meanwhile."));
        }
        told
    }

    /// Whether a declaration was signed before or after the due time, and whether that is proven.
    fn in_time(&self, declare: Ix) -> Option<InTime> {
        let due = self.due_at()?;
        let (after, before) = (self.attested.not_after(declare), self.attested.not_before(declare));
        Some(match (self.act_at(declare) <= due, after, before) {
            (true, Some(word), _) if word.at <= due => InTime::Proven(self.proof(&word)),
            (true, ..) => InTime::Claimed,
            (false, _, Some(word)) if word.at > due => InTime::LateProven(self.proof(&word)),
            (false, ..) => InTime::Late,
        })
    }

    fn proof(&self, word: &Attested) -> Words {
        self.attested.proof(self.teller, word)
    }

    /// What keeps it from being agreed, or what is asked and not answered.
    fn open(&self) -> Vec<Words> {
        let status = &self.action.status;
        let names = |list: &[Ix]| Words::new().listed(list.iter().map(|ix| Words::new().entry(self.teller.name(*ix))));
        let mut told = Vec::new();
        match self.outcome() {
            Outcome::Overdue => told.push(say(
                "Nobody signed that it is done. By the clock of whoever made this report its due time has passed.",
            )),
            Outcome::Open if status.declare.is_none() => told.push(say("Nobody signed that it is done.")),
            Outcome::Crossed => {
                if let InForce::Crossed { rivals, .. } = &status.in_force {
                    let words = say("Several agreements were signed without knowing of each other: ");
                    told.push(words.then(self.rivals(rivals)).say("; none of them is in force."));
                }
            }
            Outcome::Contested => told.push(say("All have signed, one of them with a key whose rights had ended.")),
            _ => {}
        }
        if self.change_proposed() {
            told.push(say("A change is proposed and not agreed: ").then(names(&status.open)).say("."));
        }
        if !status.release_requests.is_empty() {
            told.push(say("Release is asked for and not granted: ").then(names(&status.release_requests)).say("."));
        }
        if !status.reopen_requests.is_empty() {
            told.push(say("Reopening is asked for and not granted: ").then(names(&status.reopen_requests)).say("."));
        }
        told
    }

    fn disputes(&self) -> Vec<Words> {
        let mut told = Vec::new();
        for dispute in &self.action.status.disputes {
            let words =
                self.who(dispute.dispute).say(" signed that it is in dispute: ").then(self.named(dispute.dispute));
            told.push(match dispute.ended_by {
                None => words.say("; that is not settled."),
                Some(end) => words.say("; ").then(self.ended(end)).say("."),
            });
        }
        if let Some(decision) = self.decided_apart() {
            told.push(self.ended(decision).say("."));
        }
        told
    }

    /// Agreements that crossed, by number.
    fn rivals(&self, rivals: &[Position]) -> Words {
        let (graph, lens) = (self.teller.record.graph(), self.teller.lens());
        let mut names: Vec<Ix> = rivals.iter().filter_map(|r| graph.find(&lens.name(*r, &self.action.key))).collect();
        names.sort_unstable_by_key(|ix| graph.order(*ix));
        Words::new().listed(names.into_iter().map(|ix| Words::new().entry(self.teller.name(ix))))
    }

    fn change_proposed(&self) -> bool {
        self.action.overlays.contains(&"change_proposed")
    }

    /// A decision that ended no dispute told already.
    fn decided_apart(&self) -> Option<Ix> {
        let told = |decision: &Ix| self.action.status.disputes.iter().any(|d| d.ended_by == Some(*decision));
        self.action.status.decision.filter(|decision| !told(decision))
    }

    fn ended(&self, end: Ix) -> Words {
        let who = self.who(end);
        match self.teller.laid_open(end) {
            Act::Decide { decision, outcome, .. } => {
                let words = who.say(" decided in ").then(self.named(end));
                let words = words.maybe(outcome, |words, o| words.say(format!(" ({})", outcome_in_words(o))));
                words.say(": ").then(self.teller.said(&decision))
            }
            Act::Concede { .. } => who.say(" gave in: ").then(self.named(end)),
            _ => who.say(" signed that it is settled: ").then(self.named(end)),
        }
    }

    fn who(&self, ix: Ix) -> Words {
        Words::new().who(&self.teller.author(ix))
    }

    /// "#21, Sat 13 Jun 2026 11:40 BST by their own clock".
    fn named(&self, ix: Ix) -> Words {
        let words = Words::new().entry(self.teller.name(ix)).say(", ");
        words.at(self.teller.time(self.act_at(ix))).say(" by their own clock")
    }
}

fn overlay_badge(overlay: &str) -> Option<Badge> {
    let (sign, tone, word) = match overlay {
        "change_proposed" => ("dotted", "open", "change proposed"),
        "release_asked" => ("dotted", "open", "release asked"),
        "reopen_asked" => ("dotted", "open", "reopening asked"),
        "against_old_terms" => ("warning", "plain", "on old terms"),
        "not_judged" => ("warning", "plain", "not judged by this program"),
        "after_fork" => ("warning", "plain", "signed after two histories"),
        "accepted_after_receipt" => ("warning", "plain", "accepted after their own receipt"),
        "arrival_unproven" => ("dotted", "open", "arrival in time not proven"),
        "late" => ("clock", "plain", "accepted too late"),
        "contested" => ("warning", "bad", "signature contested"),
        _ => return None,
    };
    Some(Badge::new(sign, tone, word))
}
