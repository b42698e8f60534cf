//! Where something stands, in words: its state, what is open, asked, declared, given up or in dispute.

use counterpart_core::{
    act::{Act, Mode},
    fold::{ActionState, ActionStatus, Arrival, InForce, Position, SubjectKey},
    graph::Ix,
    value::Due,
    view::{ActionView, Grade, Than},
};

use super::{
    Speech,
    aside::{late_by_own_clock, of_no_use, others_who_sign},
    difference::{Difference, Revision, whose},
    listed, sealable,
    sentence::outcome_in_words,
    subject_in_a_line,
};
use crate::{
    case::OpenCase,
    style::{Style, styled},
};

/// State, overlays, ticks and grade, in words.
pub(super) fn state_line(action: &ActionView) -> String {
    let state = action.status.state;
    let style = match state {
        ActionState::Agreed | ActionState::Completed => Style::Good,
        ActionState::Crossed | ActionState::Rework | ActionState::Stopped | ActionState::Contested => Style::Warn,
        _ => Style::Strong,
    };
    let mut words = styled(style, state.as_str());
    if let Some(ticks) = ticks(state, action.settled) {
        words.push_str(&format!(" {ticks}"));
    } else if action.grade != Grade::Agreed {
        words.push_str(&format!(", {}", shared_in_words(action)));
    }
    for beside in beside_state(action) {
        words.push_str(&format!("; {beside}"));
    }
    words
}

/// What is to be known beside the state: whose words it records, what is open about it.
pub fn beside_state(action: &ActionView) -> Vec<&str> {
    let said = action.alleged.then_some("recorded for them from what they said");
    said.into_iter().chain(action.overlays.iter().map(|overlay| overlay_in_words(overlay))).collect()
}

/// How far an action's terms are shared, and what is to be known beside its state, for whoever reads the page: what one
/// did oneself is not said to be the other side's.
pub fn told_beside<'a>(case: &OpenCase, action: &'a ActionView) -> (&'static str, Vec<&'a str>) {
    let graph = case.record.graph();
    if graph.statement(action.status.revision).party == case.own {
        let grade = match action.grade {
            Grade::Unilateral => "nobody else has confirmed having it yet",
            _ => shared_in_words(action),
        };
        return (grade, beside_state(action));
    }
    let grade = match action.grade {
        Grade::Delivered if action.at_mailbox => "stored by a mailbox",
        Grade::Delivered => "delivered",
        Grade::Acknowledged => "acknowledged",
        Grade::Contested => "contested",
        // Whoever reads it has it; nobody has signed for that yet.
        Grade::Unilateral => "received here, not yet confirmed to its author",
        other => grade_in_words(other),
    };
    let said = action.alleged.then_some("noted from what was said");
    (grade, said.into_iter().chain(action.overlays.iter().map(|overlay| overlay_in_words(overlay))).collect())
}

/// One tick for agreed, two for settled, each with its meaning; nothing where nothing is agreed.
pub fn ticks(state: ActionState, settled: bool) -> Option<&'static str> {
    let agreed = matches!(
        state,
        ActionState::Agreed
            | ActionState::Declared
            | ActionState::Rework
            | ActionState::Completed
            | ActionState::Stopped
    );
    match (agreed, settled) {
        (false, _) => None,
        (true, true) => Some("✓✓ (every signer is known to hold it signed)"),
        (true, false) => Some("✓ (not every signer is known to hold it yet)"),
    }
}

/// How far an action's terms are shared: what a mailbox stores for somebody, he need not have looked at.
fn shared_in_words(action: &ActionView) -> &'static str {
    match action.grade {
        Grade::Delivered if action.at_mailbox => "stored by the other side's mailbox",
        grade => grade_in_words(grade),
    }
}

/// How far something is shared.
pub fn grade_in_words(grade: Grade) -> &'static str {
    match grade {
        Grade::Unilateral => "nobody but its author has confirmed having it yet",
        Grade::Delivered => "delivered: the other side has it",
        Grade::Acknowledged => "acknowledged by the other side",
        Grade::Contested => "contested by the other side",
        Grade::Agreed => "agreed",
    }
}

/// What stands beside a state.
pub fn overlay_in_words(overlay: &str) -> &str {
    match overlay {
        "change_proposed" => "a change is proposed",
        "release_asked" => "release is asked",
        "reopen_asked" => "reopening is asked",
        "against_old_terms" => "against the old terms",
        "not_judged" => "rests on what this version of the program cannot judge",
        "after_fork" => "signed after its key had signed two histories",
        "disputed" => "in dispute",
        "arrival_unproven" => "accepted, but that it arrived in time is not proven",
        "late" => "accepted too late",
        "contested" => "a signature is contested: its key's rights had ended or are in dispute",
        "accepted_after_receipt" => "signed by one who had by their own receipt more than they say they knew",
        other => other,
    }
}

/// What is open, asked, declared, given up, disputed or missed on a subject, with the entries' names. Lines that begin
/// with [`UNDER`] belong to the one before.
pub(super) fn status_lines(
    case: &OpenCase,
    speech: &Speech<'_>,
    key: &SubjectKey,
    status: &ActionStatus,
) -> Vec<String> {
    let told = Told { case, speech, key, status };
    let mut lines = told.renegotiated();
    lines.extend(told.open());
    lines.extend(told.rest());
    lines
}

/// Begins a line that says more of the one before.
const UNDER: &str = "- ";

/// The same but what its terms change and what is proposed in their place, for those who show that apart: each line with
/// those that say more of it.
pub fn beside_terms(case: &OpenCase, key: &SubjectKey, status: &ActionStatus) -> Vec<(String, Vec<String>)> {
    let speech = Speech::of_case(case);
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for line in (Told { case, speech: &speech, key, status }).rest() {
        match (line.strip_prefix(UNDER), told.last_mut()) {
            (Some(under), Some((_, lines))) => lines.push(under.to_owned()),
            _ => told.push((line, Vec::new())),
        }
    }
    told
}

/// What an open revision leaves out, until when it can be accepted, and whose confirmation it wants.
pub fn offer_lines(case: &OpenCase, open: Ix) -> Vec<String> {
    let speech = Speech::of_case(case);
    let name = |ix: Ix| case.entry_name(&case.record.graph().id(ix));
    let proposal = case.record.fold().proposal(open);
    let revision = Revision::at(case, open);
    let left_out = revision.map(|revision| revision.left_out(&speech)).unwrap_or_default();
    let mut lines: Vec<String> = left_out.into_iter().map(|part| format!("{} leaves out {part}", name(open))).collect();
    lines.extend(of_no_use(case, open));
    if let Some(Due::At { instant, .. }) = proposal.and_then(|p| p.open_until.as_ref()) {
        let until = speech.time(*instant);
        lines.push(if *instant > case.now {
            format!("{} can be accepted until {until}", name(open))
        } else {
            let name = name(open);
            format!("{name} was open until {until}: an answer now binds only if all agree to it again")
        });
    }
    if proposal.is_some_and(|p| p.mode == Mode::Confirm) {
        let author = case.party_label(&case.record.graph().statement(open).party);
        lines.push(format!("{} binds only once {author} confirms it", name(open)));
    }
    lines
}

/// Disputes about entries that are part of no agreement, such as a contact; those that are not over.
pub fn other_disputes(case: &OpenCase) -> Vec<Ix> {
    let (graph, fold, lens) = (case.record.graph(), case.record.fold(), case.lens());
    let open = |ix: &Ix| match fold.act(*ix) {
        Act::Dispute { about, .. } if lens.has(*ix) && lens.disputed_subjects(*ix).is_empty() => {
            let about = graph.find(about).map(|about| lens.disputes_about(about)).unwrap_or_default();
            about.iter().any(|d| d.dispute == *ix && d.ended_by.is_none())
        }
        _ => false,
    };
    graph.ordered().into_iter().filter(open).collect()
}

struct Told<'t> {
    case: &'t OpenCase,
    speech: &'t Speech<'t>,
    key: &'t SubjectKey,
    status: &'t ActionStatus,
}

impl Told<'_> {
    /// All but its terms and what is proposed in their place.
    fn rest(&self) -> Vec<String> {
        let mut lines = self.crossed();
        lines.extend(self.ended_in());
        lines.extend(self.changed_too_late());
        lines.extend(self.undated());
        lines.extend(self.performed());
        lines.extend(self.requests());
        lines.extend(self.disputed());
        let missed = self.status.missed.iter();
        lines.extend(
            missed.map(|ix| format!("due time recorded as missed in {} by {}", self.name(*ix), self.author(*ix))),
        );
        lines
    }

    fn name(&self, ix: Ix) -> String {
        self.case.entry_name(&self.case.record.graph().id(ix))
    }

    fn author(&self, ix: Ix) -> String {
        self.case.party_label(&self.case.record.graph().statement(ix).party)
    }

    /// What the revision whose terms are shown changed.
    fn renegotiated(&self) -> Vec<String> {
        if matches!(self.status.in_force, InForce::Crossed { .. }) {
            return Vec::new();
        }
        let revision = self.status.revision;
        // What signed terms once answered is history; what they changed of agreed ones is not.
        let tells = |d: &Difference| d.agreed() || !self.case.lens().fully_signed(revision);
        let found = differences_of(self.speech, self.key, revision).into_iter().filter(tells);
        found.flat_map(|d| self.changes(&d, revision)).collect()
    }

    /// Other terms that were agreed after it was completed, by who did not know that when proposing them.
    fn changed_too_late(&self) -> Vec<String> {
        let InForce::One { position: Position::Revision(agreed), .. } = &self.status.in_force else {
            return Vec::new();
        };
        if self.status.state != ActionState::Completed || *agreed == self.status.revision {
            return Vec::new();
        }
        let (later, old) = (self.name(*agreed), self.name(self.status.revision));
        let changes = differences_of(self.speech, self.key, *agreed).into_iter().find(Difference::agreed);
        let mut lines =
            vec![format!("changed in {later}, but completed on the terms of {old}; what {later} would have changed:")];
        lines.extend(changes.iter().flat_map(Difference::lines).map(|line| format!("{UNDER}{line}")));
        lines
    }

    fn changes(&self, difference: &Difference, revision: Ix) -> Vec<String> {
        let head = changes_head(self.case, difference, revision);
        let lines = difference.lines().into_iter().map(|line| format!("{UNDER}{line}"));
        std::iter::once(head).chain(lines).collect()
    }

    fn open(&self) -> Vec<String> {
        let status = self.status;
        let mut lines = Vec::new();
        for open in &status.open {
            if *open != status.revision || status.open.len() > 1 {
                let head = format!("proposed in {} by {}", self.name(*open), self.author(*open));
                let found = differences_of(self.speech, self.key, *open);
                for (n, difference) in found.iter().enumerate() {
                    let from = self.case.entry_name(&difference.from);
                    let which = match difference.than {
                        None => format!("a change of {from}"),
                        Some(Than::Answered) => format!("in answer to {from}"),
                        than => format!("compared with {from}{}", whose(self.case, than)),
                    };
                    let lead = if n == 0 { format!("{head}, ") } else { String::new() };
                    lines.push(format!("{lead}{which}:"));
                    lines.extend(difference.lines().into_iter().map(|line| format!("{UNDER}{line}")));
                }
                if found.is_empty() {
                    let subject = self.case.lens().subject(*open, self.key);
                    let terms = subject.map(|s| subject_in_a_line(self.speech, s)).unwrap_or_default();
                    lines.push(format!("{head}: {terms}"));
                }
            }
            lines.extend(offer_lines(self.case, *open));
        }
        lines
    }

    fn crossed(&self) -> Vec<String> {
        let InForce::Crossed { rivals, stays } = &self.status.in_force else { return Vec::new() };
        let lens = self.case.lens();
        let name = |rival: &Position| self.case.entry_name(&lens.name(*rival, self.key));
        let both = listed(rivals.iter().map(name));
        let mut lines = vec![format!("agreements crossed: {both}; neither is in force until one is chosen")];
        for rival in rivals {
            let terms = match rival {
                Position::End(_) => "that it ends".to_owned(),
                Position::Revision(ix) => lens
                    .subject(*ix, self.key)
                    .map(|subject| {
                        let found = differences_of(self.speech, self.key, *ix);
                        match found.iter().find(|change| change.agreed()) {
                            Some(change) => change.in_a_line(),
                            None => subject_in_a_line(self.speech, subject),
                        }
                    })
                    .unwrap_or_default(),
            };
            lines.push(format!("{UNDER}{}: {terms}", name(rival)));
        }
        if let Some((Position::Revision(stays), _)) = stays {
            lines.push(format!("until then what was agreed in {} stays", self.name(*stays)));
        }
        if let Some(chooser) = lens.chooser(self.key) {
            let own = chooser == self.case.own;
            let whose = if own { "your".to_owned() } else { format!("{}'s", self.case.party_label(&chooser)) };
            lines.push(format!("it is {whose} choice; or all sign new terms"));
        }
        lines
    }

    /// What ended an agreement: a release that was allowed, or a cancel.
    fn ended_in(&self) -> Option<String> {
        let InForce::One { position: Position::End(_), names } = &self.status.in_force else { return None };
        let name = names.first()?;
        let ix = self.case.record.graph().find(name)?;
        let sentence = super::sentence(self.speech, &self.author(ix), &self.case.record.laid_open(ix));
        Some(format!("ended by {}: {sentence}", self.case.entry_name(name)))
    }

    /// Accepts that do not count yet: their arrival is not proven, came late, or a key's rights had ended.
    fn undated(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (accept, arrival) in &self.status.undated {
            let (name, who) = (self.name(*accept), self.author(*accept));
            match arrival {
                Arrival::Unproven if late_by_own_clock(self.case, *accept) => {
                    let others = others_who_sign(self.case, *accept);
                    lines.push(format!(
                        "accepted in {name} by {who}, after the offer's end by their own clock: it counts once {others} \
                         accepted again"
                    ));
                }
                Arrival::Unproven => {
                    lines.push(format!(
                        "accepted in {name} by {who}: it counts once a receipt proves that it arrived in time"
                    ));
                }
                Arrival::Late => {
                    lines.push(format!("accepted in {name} by {who}, too late: it counts if all others accept again"));
                }
                Arrival::InTime => {}
            }
        }
        for revision in &self.status.contested {
            lines.push(format!(
                "{} would be agreed, but was signed by an agent whose rights had ended: it counts once that is ratified, \
                 and falls once the others let it go",
                self.name(*revision)
            ));
        }
        lines
    }

    fn performed(&self) -> Vec<String> {
        let (lens, status) = (self.case.lens(), self.status);
        let mut lines = Vec::new();
        if let Some((progress, text)) = self.progress() {
            lines.push(format!("progress in {} by {}: {text}", self.name(progress), self.author(progress)));
        }
        if let Some(declare) = &status.declare {
            lines.push(format!("declared done in {} by {}", self.name(*declare), self.author(*declare)));
            if let Some(reject) = lens.rejected(*declare)
                && let Act::Reject { reason, .. } = self.case.record.laid_open(reject)
            {
                let reason = sealable(&reason);
                lines.push(format!("rejected in {} by {}: {reason}", self.name(reject), self.author(reject)));
            }
        }
        if let Some(stop) = status.stop
            && let Act::Stop { reason, .. } = self.case.record.laid_open(stop)
        {
            lines.push(format!("given up in {} by {}: {}", self.name(stop), self.author(stop), sealable(&reason)));
        }
        lines
    }

    /// The last word on how far it is.
    fn progress(&self) -> Option<(Ix, String)> {
        let (graph, fold, lens) = (self.case.record.graph(), self.case.record.fold(), self.case.lens());
        let revisions = fold.revisions_of(self.key).iter().filter(|r| lens.holds(**r));
        let of_subject = |revision: &Ix, ix: &Ix| match fold.act(*ix) {
            Act::Progress { subject, .. } => fold.subject_keys(*revision).get(*subject as usize) == Some(self.key),
            _ => false,
        };
        let said = revisions.flat_map(|r| lens.about(&graph.id(*r)).filter(move |ix| of_subject(r, ix)));
        let last = said.max_by_key(|ix| graph.order(*ix))?;
        match self.case.record.laid_open(last) {
            Act::Progress { text, .. } => Some((last, sealable(&text))),
            _ => None,
        }
    }

    fn requests(&self) -> Vec<String> {
        let requests = self.status.release_requests.iter().chain(&self.status.reopen_requests);
        let told = |request: &Ix| {
            let sentence = super::sentence(self.speech, &self.author(*request), &self.case.record.laid_open(*request));
            format!("asked in {}: {sentence}", self.name(*request))
        };
        requests.map(told).chain(self.refused()).collect()
    }

    /// Requests that others refused and nobody took back.
    fn refused(&self) -> Vec<String> {
        let lens = self.case.lens();
        let act = |ix: Ix| self.case.record.fold().act(ix);
        let on = |ix: Ix| lens.about(&self.case.record.graph().id(ix));
        let mut lines = Vec::new();
        for of in std::iter::once(self.status.revision).chain(self.status.declare) {
            for request in on(of).filter(|ix| matches!(act(*ix), Act::Release { .. } | Act::Reject { .. })) {
                for refuse in on(request).filter(|ix| matches!(act(*ix), Act::Refuse { .. })) {
                    let sentence =
                        super::sentence(self.speech, &self.author(refuse), &self.case.record.laid_open(refuse));
                    lines.push(format!("refused in {}: {sentence}", self.name(refuse)));
                }
            }
        }
        lines
    }

    fn disputed(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for dispute in &self.status.disputes {
            let (name, who) = (self.name(dispute.dispute), self.author(dispute.dispute));
            let reason = match self.case.record.laid_open(dispute.dispute) {
                Act::Dispute { reason, .. } => sealable(&reason),
                _ => String::new(),
            };
            lines.push(match dispute.ended_by {
                None => format!("in dispute since {name} by {who}: {reason}"),
                Some(end) => format!("the dispute {name} by {who} is over: {}", self.ended(end)),
            });
        }
        if let Some(decision) = self.status.decision
            && !self.status.disputes.iter().any(|d| d.ended_by == Some(decision))
        {
            lines.push(self.ended(decision));
        }
        lines
    }

    fn ended(&self, end: Ix) -> String {
        let (name, who) = (self.name(end), self.author(end));
        match self.case.record.laid_open(end) {
            Act::Concede { .. } => format!("{who} gave in ({name})"),
            Act::Settle { revision: Some(revision), .. } => {
                format!("settled by what was agreed in {} ({name})", self.speech.entry(&revision))
            }
            Act::Settle { .. } => format!("settled ({name})"),
            Act::Decide { decision, outcome, .. } => {
                let outcome = outcome.map(|o| format!(" ({})", outcome_in_words(o))).unwrap_or_default();
                format!("decided in {name} by {who}{outcome}: {}", sealable(&decision))
            }
            _ => name,
        }
    }
}

/// What a revision changes on a subject of what was agreed before, else of what it answers.
pub fn difference(speech: &Speech<'_>, key: &SubjectKey, revision: Ix) -> Option<Difference> {
    differences_of(speech, key, revision).into_iter().next()
}

/// What a revision changes on a subject of what was agreed before, and of the versions that the reader is to compare it
/// with: his own last one, and what it answers.
pub fn differences_of(speech: &Speech<'_>, key: &SubjectKey, revision: Ix) -> Vec<Difference> {
    let found = speech.case.and_then(|case| Some((Revision::at(case, revision)?, case.lens().subject(revision, key)?)));
    found.map(|(told, subject)| told.differences(speech, subject)).unwrap_or_default()
}

/// Stands before the lines of a difference.
pub fn changes_head(case: &OpenCase, difference: &Difference, revision: Ix) -> String {
    let from = case.entry_name(&difference.from);
    match (difference.than, case.lens().fully_signed(revision)) {
        (None, true) => {
            format!("changed in {} from what was agreed in {from}:", case.entry_name(&case.record.graph().id(revision)))
        }
        (None, false) => format!("would change what is agreed in {from}:"),
        (Some(Than::Answered), _) => format!("answers {from}, changing of it:"),
        (than, _) => {
            let answers = match case.record.fold().act(revision) {
                Act::Counter { of, .. } => format!("answers {}; ", case.entry_name(of)),
                _ => String::new(),
            };
            format!("{answers}compared with {from}{}:", whose(case, than))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture::{Two, open},
        render::show,
    };

    /// What `show` says of the only action, for party 0.
    fn told(two: Two) -> String {
        let case = two.seen_by(0);
        anstream::adapter::strip_str(&show(&case, 120)).to_string()
    }

    #[test]
    fn giving_up_and_disputes_are_told_with_their_reasons() {
        let begun = |conceded: bool| {
            let mut two = Two::new();
            let first = two.propose(0, "Mend the pipe");
            two.accept(1, first);
            two.act(1, &Act::Progress { revision: first, subject: 0, text: open("half done") });
            two.act(1, &Act::Stop { revision: first, subject: 0, reason: open("no plumber") });
            let dispute = two.act(0, &Act::Dispute { about: first, subject: None, reason: open("they have one") });
            if conceded {
                two.act(1, &Act::Concede { dispute, note: None });
            }
            told(two)
        };
        let shown = begun(false);
        for part in [
            "stopped ✓",
            "in dispute",
            "progress in #7 by party 1: half done",
            "given up in #8 by party 1: no plumber",
            "in dispute since #9 by party 0: they have one",
        ] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
        let shown = begun(true);
        assert!(shown.contains("the dispute #9 by party 0 is over: party 1 gave in (#10)"), "{shown}");
    }

    #[test]
    fn what_ended_an_agreement_is_told() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        let request = two.act(1, &Act::Release { of: first, reason: Some(open("no plumber")) });
        two.act(0, &Act::Allow { request, note: None });
        let shown = told(two);
        assert!(shown.contains("cancelled\n"), "{shown}");
        assert!(shown.contains("ended by #7: party 1 asks to be released from #5: no plumber"), "{shown}");
    }
}
