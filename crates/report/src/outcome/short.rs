//! What happened, for page one: a few words each, with days alone and long texts cut short.

use counterpart_core::{
    act::Act,
    fold::{ActionState, InForce},
    graph::Ix,
};

use super::{InTime, Outcome, Told};
use crate::{
    difference::Change,
    sentence::outcome_in_words,
    words::{Words, say},
};

/// Letters of a party's text that page one has room for.
const ROOM: usize = 90;

impl Told<'_, '_> {
    /// What happened, in a few words.
    pub(crate) fn short(&self) -> Words {
        let status = &self.action.status;
        let mut told = Vec::new();
        if let Some(contact) = self.alleged_in() {
            told.push(say("Noted by ").then(self.who(status.revision)).say(" as promised in ").entry(contact).say("."));
        }
        if !status.missed.is_empty() {
            let records = status.missed.iter().map(|ix| self.signed(*ix));
            told.push(say("Due time recorded as passed: ").joined(records, "; ").say("."));
        }
        told.extend(self.renegotiated.iter().map(|step| {
            let words = say("Changed by agreement in ").entry(step.entry.clone()).say(": ");
            words.joined(step.changes.iter().map(Change::in_a_line), "; ").say(".")
        }));
        told.extend(self.done_shortly());
        if let Some(stop) = status.stop.or_else(|| self.stopped())
            && let Act::Stop { reason, .. } = self.teller.laid_open(stop)
        {
            told.push(say("Given up: ").then(self.signed(stop)).say(", ").then(self.teller.said(&reason)).say("."));
        }
        if let Some((end, clause)) = self.end() {
            let lead = if clause { "Ended under a clause of its terms: " } else { "Released by all, as asked: " };
            told.push(say(lead).then(self.signed(end)).say("."));
        }
        if let Some(closed) = self.closed() {
            let lead = if status.state == ActionState::Declined { "Declined by " } else { "Withdrawn by " };
            told.push(say(lead).then(self.signed(closed)).say("."));
        }
        told.extend(self.left_open());
        told.extend(self.disputed());
        Words::new().joined(told, " ").shortened(ROOM)
    }

    fn done_shortly(&self) -> Vec<Words> {
        let (graph, fold, lens) = (self.teller.record.graph(), self.teller.record.fold(), self.teller.lens());
        let Some(declare) = self.action.status.declare else { return Vec::new() };
        let words = say("Done, says ").then(self.signed(declare));
        let words = match self.in_time(declare) {
            None => words,
            Some(InTime::Proven(proof)) => words.say("; in time, as ").then(proof).say(" proves"),
            Some(InTime::Claimed) => words.say("; in time by their own clock only"),
            Some(InTime::LateProven(proof)) => words.say("; late, as ").then(proof).say(" proves"),
            Some(InTime::Late) => words.say("; late by their own clock"),
        };
        let mut told = vec![words.say(".")];
        let about = lens.about(&graph.id(declare));
        let approvals: Vec<Ix> = about.filter(|ix| matches!(fold.act(*ix), Act::Approve { .. })).collect();
        if !approvals.is_empty() {
            told.push(say("Accepted by ").then(self.all_signed(&approvals)).say("."));
        }
        if self.action.status.state == ActionState::Rework
            && let Some(reject) = lens.rejected(declare)
            && let Act::Reject { reason, .. } = self.teller.laid_open(reject)
        {
            told.push(
                say("Not accepted by ").then(self.signed(reject)).say(", ").then(self.teller.said(&reason)).say("."),
            );
        }
        told
    }

    fn left_open(&self) -> Vec<Words> {
        let status = &self.action.status;
        let names = |list: &[Ix]| Words::new().listed(list.iter().map(|ix| Words::new().entry(self.teller.name(*ix))));
        let mut told = Vec::new();
        match self.outcome() {
            Outcome::Overdue => told.push(say("Nobody signed that it is done (time passed by this report’s clock).")),
            Outcome::Open => told.push(say("Nobody signed that it is done.")),
            Outcome::Crossed => {
                if let InForce::Crossed { rivals, .. } = &status.in_force {
                    told.push(self.rivals(rivals).say(" crossed; none is in force."));
                }
            }
            _ => {}
        }
        if self.change_proposed() {
            told.push(say("A change is proposed and not agreed: ").then(names(&status.open)).say("."));
        }
        let asked = [("Release", &status.release_requests), ("Reopening", &status.reopen_requests)];
        for (what, requests) in asked.into_iter().filter(|(_, requests)| !requests.is_empty()) {
            told.push(say(what).say(" asked for, not granted: ").then(names(requests)).say("."));
        }
        told
    }

    fn disputed(&self) -> Vec<Words> {
        let one = |dispute: &counterpart_core::fold::DisputeStatus| {
            let words = say("In dispute: ").then(self.signed(dispute.dispute));
            match dispute.ended_by {
                None => words.say("."),
                Some(end) => words.say("; ").then(self.over(end)).say("."),
            }
        };
        let mut told: Vec<Words> = self.action.status.disputes.iter().map(one).collect();
        if let Some(decision) = self.decided_apart() {
            told.push(self.over(decision).say("."));
        }
        told
    }

    fn over(&self, end: Ix) -> Words {
        match self.teller.laid_open(end) {
            Act::Decide { decision, outcome, .. } => {
                let words = say("decided by ").then(self.signed(end));
                let words = words.maybe(outcome, |words, o| words.say(format!(" ({})", outcome_in_words(o))));
                words.say(": ").then(self.teller.said(&decision))
            }
            Act::Concede { .. } => say("given in: ").then(self.signed(end)),
            _ => say("settled: ").then(self.signed(end)),
        }
    }

    /// Several of these, with the day once where it is the same for all.
    fn all_signed(&self, entries: &[Ix]) -> Words {
        let day = |ix: &Ix| self.teller.time(self.act_at(*ix)).day;
        match entries.split_last() {
            Some((last, others)) if others.iter().all(|ix| day(ix) == day(last)) => {
                let one = |ix: &Ix| self.who(*ix).say(" ").entry(self.teller.name(*ix));
                Words::new().listed(entries.iter().map(one)).say(format!(", {}", day(last)))
            }
            _ => Words::new().listed(entries.iter().map(|ix| self.signed(*ix))),
        }
    }

    /// "HomeBright Ltd #21, 13 Jun 2026".
    fn signed(&self, ix: Ix) -> Words {
        let day = self.teller.time(self.act_at(ix)).day;
        self.who(ix).say(" ").entry(self.teller.name(ix)).say(format!(", {day}"))
    }
}
