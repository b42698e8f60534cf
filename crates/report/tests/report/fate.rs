//! What is said of an action, for everything that can become of it.

use counterpart_core::act::{Act, Outcome as Decided, Topic};
use counterpart_report::{Action, Outcome};

use crate::stage::{AMIRA, HOME, JUDGE, Stage, amend, by, call, offer, open, propose, terms};

/// The word, the words beside it, and the sentences of page one.
fn told(action: &Action) -> (&'static str, String, String) {
    let beside: Vec<&str> = action.badges.iter().map(|b| b.word.as_str()).collect();
    (action.outcome.word(), beside.join(", "), action.short.plain())
}

#[test]
fn kept_and_whether_in_time_is_proven() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(10));
    let declare = stage.declare(repair);
    stage.receive(AMIRA);
    stage.approve(declare);
    let action = stage.action();
    assert_eq!(
        told(&action),
        (
            "kept",
            String::new(),
            "Done, says HomeBright Ltd #7, 3 Jun 2026; in time, as Amira’s receipt 1 proves. Accepted by Amira #8, \
             3 Jun 2026."
                .to_owned()
        )
    );
    assert_eq!(action.signed_by.plain(), "Signed by Amira #5 and HomeBright Ltd #6, 3 Jun 2026.");
    let full: Vec<String> = action.brief.iter().map(counterpart_report::Words::plain).collect();
    assert_eq!(
        full[0],
        "HomeBright Ltd signed that it is done: #7, Wed 3 Jun 2026 18:07 BST (17:07:00 UTC) by their own clock."
    );
    assert_eq!(full[1], "That this was in time is proven by Amira’s receipt 1.");

    // The word of the other side came after the due time.
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(10));
    let declare = stage.declare(repair);
    stage.hours(20);
    stage.approve(declare);
    assert!(
        stage.action().short.plain().contains("; in time by their own clock only."),
        "{}",
        stage.action().short.plain()
    );
}

#[test]
fn late_and_whether_that_is_proven() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(10));
    stage.hours(12);
    let declare = stage.declare(repair);
    stage.approve(declare);
    let (word, _, short) = told(&stage.action());
    assert_eq!(word, "done late");
    assert!(short.contains("late by their own clock"), "{short}");

    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(10));
    stage.hours(12);
    stage.act(
        AMIRA,
        &Act::Missed { revision: repair, subject: 0, due: crate::stage::BEGIN + 10 * crate::stage::HOUR, note: None },
    );
    let declare = stage.declare(repair);
    stage.approve(declare);
    let action = stage.action();
    let (word, beside, short) = told(&action);
    assert_eq!((word, beside.as_str()), ("done late", "due time missed"));
    assert!(short.contains("Due time recorded as passed: Amira #7, 4 Jun 2026."), "{short}");
    assert!(short.contains("late, as Amira’s #7 proves"), "{short}");
}

#[test]
fn renegotiated_terms_stand_before_and_after() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(10));
    let change = stage.act(HOME, &amend(repair, terms("Repair visit", by(40))));
    stage.act(AMIRA, &Act::Accept { revision: change, note: None });
    let action = stage.action();
    let (word, beside, short) = told(&action);
    assert_eq!((word, beside.as_str()), ("agreed, open", "renegotiated"));
    let change = "Changed by agreement in #7: due: Thu 4 Jun 2026 04:00 BST (Europe/London) → Fri 5 Jun 2026 10:00 BST \
                  (Europe/London).";
    assert!(short.starts_with(change), "{short}");
    assert_eq!(action.steps.len(), 2);
    assert_eq!(action.steps[1].relation.plain(), "to change what was agreed in #5");
    assert_eq!(action.steps[1].same, ["what", "by", "for", "value", "done when", "may cancel"]);
    assert_eq!(action.steps[0].fate.plain(), "agreed: Amira #5 and HomeBright Ltd #6; replaced by #7");
    assert_eq!(action.steps[1].fate.plain(), "agreed: Amira #8 and HomeBright Ltd #7");
}

#[test]
fn a_negotiation_is_told_step_by_step() {
    let mut stage = Stage::new();
    let asked = stage.act(AMIRA, &propose(terms("Refund", None)));
    let Act::Propose(mut proposal) = propose(terms("Refund less £40", None)) else { unreachable!("a proposal") };
    if let Topic::Action { action, .. } = &mut proposal.subjects[0].topic {
        *action = Some(counterpart_core::value::ActionId { proposal: asked, index: 0 });
    }
    let counter = stage.act(HOME, &Act::Counter { of: asked, proposal });
    stage.act(AMIRA, &Act::Decline { revision: counter, reason: Some(open("too little")) });
    let action = stage.action();
    let (word, _, short) = told(&action);
    assert_eq!(word, "declined");
    assert_eq!(short, "Declined by Amira #7, 3 Jun 2026.");
    let steps: Vec<(String, String)> = action.steps.iter().map(|s| (s.relation.plain(), s.fate.plain())).collect();
    assert_eq!(
        steps,
        [
            ("first offer".to_owned(), "answered with other terms in #6".to_owned()),
            ("in answer to #5".to_owned(), "declined in #7".to_owned()),
        ]
    );
    assert_eq!(action.steps[1].changes[0].in_a_line().plain(), "what: “Refund” → “Refund less £40”");
    assert_eq!(action.signed_by.plain(), "Signed by HomeBright Ltd #6, 3 Jun 2026; not by Amira.");
}

/// An answer to one's own answer, and parts left out, are told against what the other side had offered.
#[test]
fn what_an_answer_changes_is_told_against_the_other_sides_version() {
    let mut stage = Stage::new();
    let Act::Propose(mut both) = propose(terms("Refund", None)) else { unreachable!("a proposal") };
    let Act::Propose(other) = propose(terms("Pay the fitter", None)) else { unreachable!("a proposal") };
    both.subjects.extend(other.subjects);
    let asked = stage.act(AMIRA, &Act::Propose(both));
    let answer = |what: &str, due, of| {
        let Act::Propose(mut proposal) = propose(terms(what, due)) else { unreachable!("a proposal") };
        if let Topic::Action { action, .. } = &mut proposal.subjects[0].topic {
            *action = Some(counterpart_core::value::ActionId { proposal: asked, index: 0 });
        }
        Act::Counter { of, proposal }
    };
    let less = stage.act(HOME, &answer("Refund less £40", None, asked));
    stage.act(HOME, &answer("Refund less £40", by(10), less));
    let report = stage.report();
    let steps = &report.actions[0].steps;
    let left = "left out: part 2 of #5, “Pay the fitter”";
    let relation = steps[1].relation.plain();
    assert!(relation.starts_with("in answer to #5; ") && relation.contains(left), "{relation}");
    let relation = steps[2].relation.plain();
    assert!(relation.starts_with("in answer to #6; compared with #5; ") && relation.contains(left), "{relation}");
    let changes: Vec<&str> = steps[2].changes.iter().map(|change| change.label).collect();
    assert_eq!(changes, ["what", "due"]);
    let line = report.timeline.iter().map(|entry| entry.says.plain()).find(|says| says.contains("in answer to #6"));
    let line = line.expect("in the timeline");
    assert!(line.contains("compared with #5, what: ") && line.contains(left), "{line}");
}

#[test]
fn ended_by_release_by_a_clause_or_by_giving_up() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", None);
    let request = stage.act(HOME, &Act::Release { of: repair, reason: None });
    assert!(stage.action().short.plain().contains("Release asked for, not granted: #7."));
    stage.act(AMIRA, &Act::Allow { request, note: None });
    let (word, _, short) = told(&stage.action());
    assert_eq!((word, short.as_str()), ("released", "Released by all, as asked: HomeBright Ltd #7, 3 Jun 2026."));

    let mut stage = Stage::new();
    let revision = stage.agreed("Repair visit", None);
    stage.act(AMIRA, &Act::Cancel { revision, subject: 0, clause: 0, reason: None });
    let (word, _, short) = told(&stage.action());
    assert_eq!((word, short.as_str()), ("cancelled", "Ended under a clause of its terms: Amira #7, 3 Jun 2026."));
    assert_eq!(
        stage.report().timeline[6].says.plain(),
        "signed that #5 is cancelled under the clause “if nobody comes”"
    );

    let mut stage = Stage::new();
    let revision = stage.agreed("Repair visit", None);
    stage.act(HOME, &Act::Stop { revision, subject: 0, reason: open("no parts") });
    let (word, _, short) = told(&stage.action());
    assert_eq!((word, short.as_str()), ("given up", "Given up: HomeBright Ltd #7, 3 Jun 2026, “no parts”."));
}

#[test]
fn results_that_await_or_failed_approval() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", None);
    let declare = stage.declare(repair);
    assert_eq!(told(&stage.action()).0, "declared done");
    stage.act(AMIRA, &Act::Reject { declare, unmet: vec![0], reason: open("it leaks") });
    let (word, _, short) = told(&stage.action());
    assert_eq!(word, "result not accepted");
    assert!(short.ends_with("Not accepted by Amira #8, 3 Jun 2026, “it leaks”."), "{short}");
    let says = stage.report().timeline[7].says.plain();
    assert_eq!(
        says,
        "signed that the result of #7 is not accepted (not met: “it finishes a 60 degree wash”): “it leaks”"
    );
}

#[test]
fn open_until_its_time_has_passed_by_the_clock_of_the_report() {
    let mut stage = Stage::new();
    stage.agreed("Repair visit", by(10));
    assert_eq!(stage.action().outcome, Outcome::Open);
    stage.hours(11);
    let action = stage.action();
    assert_eq!(action.outcome, Outcome::Overdue);
    assert_eq!(action.short.plain(), "Nobody signed that it is done (time passed by this report’s clock).");
}

#[test]
fn what_was_only_said_binds_nobody() {
    let mut stage = Stage::new();
    let contact = stage.act(AMIRA, &call("They will come"));
    let Act::Propose(mut proposal) = propose(terms("Repair visit", None)) else { unreachable!("a proposal") };
    proposal.alleged = Some(contact);
    let said = stage.act(AMIRA, &Act::Propose(proposal));
    let (word, _, short) = told(&stage.action());
    assert_eq!((word, short.as_str()), ("said, not agreed", "Noted by Amira as promised in #5."));
    let report = stage.report();
    assert_eq!(report.timeline[5].grade.says.plain(), "Only Amira says so; nobody else signed for having it.");
    assert_eq!(report.contacts.each[0].promised[0].plain(), "#6: HomeBright Ltd, “Repair visit”");
    assert_eq!(report.contacts.each[0].length(), "24 min, after waiting 12 min");
    assert_eq!(
        report.contacts.totals[0].plain(),
        "Amira noted 1 contact, all by telephone; together 24 min long, and 12 min of waiting."
    );
    stage.act(HOME, &Act::Contest { entry: said, reason: open("nobody said that") });
    let (word, beside, short) = told(&stage.action());
    assert_eq!((word, beside.as_str()), ("declined", "said, not agreed"));
    assert!(short.ends_with("Declined by HomeBright Ltd #7, 3 Jun 2026."), "{short}");
    assert_eq!(stage.report().timeline[5].grade.says.plain(), "Contested by HomeBright Ltd in #7.");
}

#[test]
fn proposed_and_withdrawn() {
    let mut stage = Stage::new();
    let asked = stage.act(AMIRA, &propose(terms("Repair visit", None)));
    assert_eq!(told(&stage.action()).0, "proposed only");
    assert_eq!(stage.action().signed_by.plain(), "Signed by Amira #5, 3 Jun 2026; not by HomeBright Ltd.");
    stage.act(AMIRA, &Act::Withdraw { of: asked, reason: None });
    let (word, _, short) = told(&stage.action());
    assert_eq!((word, short.as_str()), ("withdrawn", "Withdrawn by Amira #6, 3 Jun 2026."));
}

#[test]
fn crossed_agreements() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(100));
    let one = stage.act(AMIRA, &amend(repair, terms("Repair visit on Monday", by(100))));
    let other = stage.act(HOME, &amend(repair, terms("Repair visit on Tuesday", by(100))));
    let mut copy = stage.copy();
    stage.act(HOME, &Act::Accept { revision: one, note: None });
    stage.act_in(&mut copy, AMIRA, &Act::Accept { revision: other, note: None });
    stage.merge(&copy);
    let (word, _, short) = told(&stage.action());
    assert_eq!(word, "agreements crossed");
    assert!(short.contains("#7 and #8 crossed; none is in force."), "{short}");
}

#[test]
fn disputes_and_decisions() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", None);
    let dispute = stage.act(AMIRA, &Act::Dispute { about: repair, subject: None, reason: open("nobody came") });
    let (_, beside, short) = told(&stage.action());
    assert_eq!(beside, "in dispute");
    assert!(short.ends_with("In dispute: Amira #7, 3 Jun 2026."), "{short}");
    stage.act(AMIRA, &Act::Settle { dispute, revision: None, note: None });
    let (_, beside, short) = told(&stage.action());
    assert_eq!(beside, "dispute over");
    assert!(short.ends_with("In dispute: Amira #7, 3 Jun 2026; settled: Amira #8, 3 Jun 2026."), "{short}");

    let mut stage = Stage::new();
    stage.admit_judge();
    let repair = stage.agreed("Repair visit", None);
    let dispute = stage.act(AMIRA, &Act::Dispute { about: repair, subject: None, reason: open("nobody came") });
    let decision = open("not owed");
    stage.act(JUDGE, &Act::Decide { dispute, decision, outcome: Some(Decided::Cancelled) });
    let (word, _, short) = told(&stage.action());
    assert_eq!(word, "decided: off");
    assert!(short.contains("decided by Sunil Rao #13, 3 Jun 2026 (it is off): “not owed”."), "{short}");
}

#[test]
fn other_matters_are_told_too() {
    let mut stage = Stage::new();
    let topic = Topic::Terms {
        terms: None,
        title: "Changes".to_owned(),
        text: open("Above £500 both sign"),
        seats: vec![counterpart_core::value::Seat::Number(0), counterpart_core::value::Seat::Number(1)],
    };
    let revision = stage.act(AMIRA, &offer(None, topic));
    stage.act(HOME, &Act::Accept { revision, note: None });
    let close = stage.act(AMIRA, &offer(None, Topic::Close { close: None, summary: Some(open("all done")) }));
    stage.act(HOME, &Act::Accept { revision: close, note: None });
    let report = stage.report();
    assert_eq!(report.state, "closed");
    assert_eq!(report.closed_by.as_ref().map(|name| name.shown.as_str()), Some("#7"));
    let matters: Vec<(String, &str)> = report.matters.iter().map(|m| (m.about.plain(), m.state)).collect();
    assert_eq!(
        matters,
        [
            ("terms “Changes” between Amira and HomeBright Ltd: “Above £500 both sign”".to_owned(), "agreed"),
            ("to close the case: “all done”".to_owned(), "agreed"),
        ]
    );
}

#[test]
fn page_one_shows_what_went_wrong_first() {
    let mut stage = Stage::new();
    let mut kept = Vec::new();
    for n in 0..14 {
        let revision = stage.agreed(&format!("Report {n}"), None);
        let declare = stage.declare(revision);
        stage.approve(declare);
        kept.push(revision);
    }
    let revision = stage.agreed("Find the cause", None);
    stage.act(HOME, &Act::Stop { revision, subject: 0, reason: open("it cannot be found") });
    let html = stage.html();
    let page_one = html.split("id=\"picture\"").next().expect("a page");
    assert!(page_one.contains("Find the cause") && page_one.contains("it cannot be found"));
    assert!(page_one.contains("Further on, in"), "the last of those kept are only named");
    assert!(page_one.contains("Report 13"), "but none is left out");
    let ledger = &stage.report().ledgers[1];
    assert_eq!(ledger.tallies.iter().find(|t| t.word == "kept").map(|t| t.count), Some(14));
}
