use counterpart_core::{
    act::{Act, ActionTerms, Proposal, Topic},
    id::EntryId,
    value::{Due, ItemValue},
    view::CaseState,
};
use counterpart_testkit::case::{new_action, proposal, terms};

use super::*;
use crate::{
    fixture::{Two, open},
    render,
};

fn at(instant: i64) -> Due {
    Due::At { instant, local: "2023-11-15T00:13".to_owned(), zone: "Europe/Berlin".to_owned() }
}

/// A case closed by agreement, with something agreed and something approved in it.
fn closed() -> (Two, EntryId, EntryId) {
    let mut two = Two::new();
    let first = two.propose(0, "Mend the pipe");
    two.accept(1, first);
    let close = two.act(0, &Act::Propose(proposal(None, Topic::Close { close: None, summary: None })));
    two.accept(1, close);
    (two, first, close)
}

/// Every kind of act is told to open a closed case again just where it does.
#[test]
fn what_opens_a_closed_case_again_says_so() {
    type Made = fn(EntryId, EntryId) -> Act;
    let acts: &[Made] = &[
        |_, _| Act::Note { text: open("after closing"), about: None },
        |_, _| Act::Propose(new_action(terms("Paint the wall", &[1], &[0]))),
        |_, _| Act::Item { key: "speed".to_owned(), value: ItemValue::Integer(7), label: None, note: None },
        |_, _| Act::Remind { text: open("please"), about: None, seat: None },
        |_, _| Act::Thank { text: open("well done"), seat: None, person: None, about: None },
        |_, _| Act::Seen,
        |first, _| Act::Acknowledge { entry: first, note: None },
        |first, _| Act::Contest { entry: first, reason: open("no") },
        |first, _| Act::Release { of: first, reason: None },
        |first, _| Act::Dispute { about: first, subject: None, reason: open("no") },
        |_, close| Act::Release { of: close, reason: None },
        |_, _| Act::Leave { reason: None },
    ];
    for made in acts {
        let (two, first, close) = closed();
        let act = made(first, close);
        let case = two.seen_by(0);
        let name = case.entry_name(&close);
        let text = render::to_be_signed(&case, &[act]);
        let told = text.contains(&format!("This opens the case again, which was closed by agreement ({name})."));
        let (mut two, first, close) = closed();
        let act = made(first, close);
        two.act(0, &act);
        let opens = !matches!(two.seen_by(0).view().state, CaseState::Closed(_));
        assert_eq!(told, opens, "{}", act.kind());
    }
    let case = Two::new().seen_by(0);
    let text = render::to_be_signed(&case, &[Act::Note { text: open("in an open case"), about: None }]);
    assert!(!text.contains("opens the case again"), "{text}");
}

#[test]
fn a_change_of_what_is_completed_is_said_to_have_no_use() {
    let completed = || {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        let change = two.amend(1, first, first, "Mend the pipe on Monday");
        let declare = two.act(1, &Act::Declare { revision: first, subject: 0, note: None, evidence: Vec::new() });
        two.act(0, &Act::Approve { declare, note: None });
        (two, change)
    };
    let shown = |case: &OpenCase| anstream::adapter::strip_str(&render::show(case, 200)).to_string();
    let told = "#5 is completed already (declared in #8): the change of it in #7 has no use now";
    let (two, change) = completed();
    let case = two.seen_by(0);
    assert!(shown(&case).contains(told), "{}", shown(&case));
    let text = render::to_be_signed(&case, &[Act::Accept { revision: change, note: None }]);
    assert!(text.contains(told), "{text}");
    // Accepted all the same, it is told what became of it.
    let (mut two, change) = completed();
    two.accept(0, change);
    let shown = shown(&two.seen_by(0));
    for part in [
        "changed in #7, but completed on the terms of #5; what #7 would have changed:",
        "- what: Mend the pipe → Mend the pipe on Monday",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn other_terms_proposed_after_completion_are_of_use() {
    let mut two = Two::new();
    let first = two.propose(0, "Mend the pipe");
    two.accept(1, first);
    let declare = two.act(1, &Act::Declare { revision: first, subject: 0, note: None, evidence: Vec::new() });
    two.act(0, &Act::Approve { declare, note: None });
    let change = two.amend(1, first, first, "Mend the pipe again");
    let case = two.seen_by(0);
    assert_eq!(of_no_use(&case, case.record.graph().find(&change).expect("here")), None);
}

#[test]
fn an_answer_after_the_end_of_an_offer_says_so_before_and_after() {
    let offered = |waited| {
        let mut two = Two::new();
        let open_until = Some(at(two.now() + 3_600_000));
        let offer = Proposal { open_until, ..new_action(terms("Mend the pipe", &[1], &[0])) };
        let offer = two.act(0, &Act::Propose(offer));
        two.wait(waited);
        (two, Act::Accept { revision: offer, note: None })
    };
    const DAY: i64 = 86_400_000;
    let late = "This comes after the end of the offer #5, which was open until";
    let (two, accept) = offered(0);
    let text = render::to_be_signed(&two.seen_by(1), &[accept]);
    assert!(!text.contains(late), "in time: {text}");
    let (two, accept) = offered(DAY);
    let case = two.seen_by(1);
    let text = render::to_be_signed(&case, std::slice::from_ref(&accept));
    assert!(text.contains(late) && text.contains("it binds only once party 0 has accepted it again."), "{text}");
    // What is agreed to is the same however late it is: programs repeat a digest of it.
    assert!(!render::to_be_signed_at(&case, &[accept], 0).contains(late));
    let (mut two, accept) = offered(DAY);
    let accepted = two.act(1, &accept);
    let case = two.seen_by(1);
    assert!(late_by_own_clock(&case, case.record.graph().find(&accepted).expect("here")));
    let shown = anstream::adapter::strip_str(&render::show(&case, 200)).to_string();
    let told = "accepted in #6 by party 1, after the offer's end by their own clock: it counts once party 0 has accepted again";
    assert!(shown.contains(told), "{shown}");
    assert!(!shown.contains("once a receipt proves"), "{shown}");
    let next = render::next(&case, &render::outlook(&case, None), 400);
    let next = anstream::adapter::strip_str(&next).to_string();
    let told = "#6 came after the end of the offer by its own clock: it counts once party 0 has accepted #5 again";
    assert!(next.contains(told) && !next.contains("counterpart prove"), "{next}");
    assert!(shown.contains(told) && !shown.contains("prove that"), "{shown}");
    // What it is said to come to, it comes to.
    let (mut two, accept) = offered(DAY);
    two.act(1, &accept);
    two.act(0, &accept);
    assert_eq!(two.seen_by(0).view().actions[0].status.state, ActionState::Agreed);
}

#[test]
fn terms_due_already_are_remarked_on() {
    let two = Two::new();
    let due = |instant| ActionTerms { due: Some(at(instant)), ..terms("Mend the pipe", &[1], &[0]) };
    let (past, later) = (two.now() - 86_400_000, two.now() + 86_400_000);
    let case = two.seen_by(0);
    let text = |instant| render::to_be_signed(&case, &[Act::Propose(new_action(due(instant)))]);
    assert!(text(past).contains("has passed already: whoever agrees to it is late from the start."), "{}", text(past));
    assert!(!text(later).contains("has passed already"), "{}", text(later));
}

#[test]
fn what_is_done_keeps_its_name_when_its_terms_change() {
    let mut two = Two::new();
    let first = two.propose(0, "Mend the pipe");
    two.accept(1, first);
    let changed = two.amend(1, first, first, "Mend the pipe on Monday");
    two.accept(0, changed);
    let declare = |revision| Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() };
    let case = two.seen_by(1);
    let text = render::to_be_signed(&case, &[declare(changed)]);
    assert!(text.contains("party 1 declares #5 (as changed in #7) done"), "{text}");
    let text = render::to_be_signed(&case, &[declare(first)]);
    assert!(text.contains("party 1 declares #5 done"), "{text}");
}
