//! Histories in which something was changed that a reader could take for unchanged: all that tells of it says so.

use counterpart_core::{
    act::{Act, ActionTerms, Proposal, Subject, Topic},
    id::EntryId,
    value::{ActionId, Due, Money},
};
use counterpart_testkit::case::{proposal, terms};

use crate::{
    case::OpenCase,
    fixture::{Two, open},
    render::{self, outlook},
};

/// What is to be done, for so much, and when it is done.
type Part<'p> = (&'p str, &'p str, &'p [&'p str]);

fn action((what, value, conditions): Part<'_>, action: Option<ActionId>, base: Option<EntryId>) -> Subject {
    let terms = ActionTerms {
        value: Money::parse(value, "GBP").ok(),
        conditions: conditions.iter().map(|text| open(text)).collect(),
        ..terms(what, &[1], &[0])
    };
    Subject { base, topic: Topic::Action { action, terms } }
}

fn of(subjects: Vec<Subject>) -> Proposal {
    let like = proposal(None, subjects[0].topic.clone());
    Proposal { subjects, ..like }
}

fn offer(two: &mut Two, party: usize, parts: &[Part<'_>]) -> EntryId {
    two.act(party, &Act::Propose(of(parts.iter().map(|part| action(*part, None, None)).collect())))
}

/// An answer to a revision; the parts are those that the first proposal began, by their place there.
fn answer(began: EntryId, of_revision: EntryId, parts: &[(u32, Part<'_>)], due: Option<i64>) -> Act {
    let one = |(index, part): &(u32, Part<'_>)| {
        let mut subject = action(*part, Some(ActionId { proposal: began, index: *index }), None);
        if let Topic::Action { terms, .. } = &mut subject.topic {
            terms.due = due.map(|instant| Due::At {
                instant,
                local: "2023-11-16T09:00".to_owned(),
                zone: "Europe/Berlin".to_owned(),
            });
        }
        subject
    };
    Act::Counter { of: of_revision, proposal: of(parts.iter().map(one).collect()) }
}

/// All that a reader is told of a revision, each by where it stands.
fn told(case: &OpenCase, revision: EntryId) -> Vec<(&'static str, String)> {
    let ix = case.record.graph().find(&revision).expect("on record");
    let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
    let accept = Act::Accept { revision, note: None };
    let log = render::log_lines(case).into_iter().find(|line| line.id == revision).expect("in the log");
    let act = case.record.laid_open(ix);
    let author = case.party_label(&case.record.graph().statement(ix).party);
    // Pages call it so: without saying which entry it is.
    let page = render::in_full(&render::Speech::of_case(case), &author, &act);
    let keys = case.record.fold().subject_keys(ix);
    let overview = keys.iter().flat_map(|key| {
        let found = render::differences_of(&render::Speech::of_case(case), key, ix);
        let lines = found.iter().flat_map(|d| [vec![render::changes_head(case, d, ix)], d.lines()].concat());
        lines.collect::<Vec<_>>()
    });
    let overview: Vec<String> = overview.chain(render::offer_lines(case, ix)).collect();
    vec![
        ("exact text", render::to_be_signed(case, &[accept])),
        ("entry page", page),
        ("overview", overview.join("\n")),
        ("log", log.text),
        ("show", plain(render::show(case, 1000))),
        ("next", plain(render::next(case, &outlook(case, None), 1000))),
    ]
}

const HALL: Part<'_> = ("Paint the hall", "900", &["two coats"]);
const CHEAP: Part<'_> = ("Paint the hall", "90", &[]);
const ROOM: Part<'_> = ("Pay room", "480", &[]);
const XRAY: Part<'_> = ("Pay X-ray", "180", &[]);
const TV: Part<'_> = ("Pay TV", "60", &[]);
const FRIDAY: Option<i64> = Some(1_700_125_200_000);

#[test]
fn what_was_changed_since_ones_own_version_is_told_everywhere() {
    type History = fn(&mut Two) -> EntryId;
    /// History, reader, what everything says, what nothing says.
    type Row = (&'static str, History, usize, &'static [&'static str], &'static [&'static str]);
    let rows: &[Row] = &[
        (
            "an answer to one's own answer",
            |two| {
                let first = offer(two, 1, &[HALL]);
                let cheap = two.act(0, &answer(first, first, &[(0, CHEAP)], None));
                two.act(0, &answer(first, cheap, &[(0, CHEAP)], FRIDAY))
            },
            1,
            &["value: £900 → £90", "done when: two coats → none", "due: none →", "#5"],
            &["for and value", "value and", "as before", "the same terms"],
        ),
        (
            "the same, read by its author",
            |two| {
                let first = offer(two, 1, &[HALL]);
                let cheap = two.act(0, &answer(first, first, &[(0, CHEAP)], None));
                two.act(0, &answer(first, cheap, &[(0, CHEAP)], FRIDAY))
            },
            0,
            &["value: £900 → £90", "#5"],
            &["as before", "the same terms"],
        ),
        (
            "own answers alone, before the other side said anything",
            |two| {
                let first = offer(two, 0, &[HALL]);
                let cheap = two.act(0, &answer(first, first, &[(0, CHEAP)], None));
                two.act(0, &answer(first, cheap, &[(0, CHEAP)], FRIDAY))
            },
            1,
            &["value: £900 → £90", "done when: two coats → none"],
            &["as before", "the same terms"],
        ),
        (
            "a part left out",
            |two| {
                let first = offer(two, 1, &[ROOM, XRAY, TV]);
                two.act(0, &answer(first, first, &[(0, ROOM), (1, XRAY)], None))
            },
            1,
            &["part 3 of #5, \"Pay TV\" (£60), by party 1"],
            &["same terms again"],
        ),
        (
            "turned round: one's own part dropped by an answer to oneself",
            |two| {
                let first = offer(two, 1, &[ROOM, TV]);
                two.act(1, &answer(first, first, &[(0, ROOM)], None))
            },
            0,
            &["part 2 of #5, \"Pay TV\" (£60), by party 1"],
            &["same terms again"],
        ),
        (
            "left out first, then answered by oneself",
            |two| {
                let first = offer(two, 1, &[ROOM, XRAY, TV]);
                let less = two.act(0, &answer(first, first, &[(0, ROOM), (1, XRAY)], None));
                two.act(0, &answer(first, less, &[(0, ROOM), (1, XRAY)], FRIDAY))
            },
            1,
            &["part 3 of #5, \"Pay TV\" (£60), by party 1", "due: none →"],
            &["same terms again", "as before"],
        ),
        (
            "a part left out, another changed",
            |two| {
                let first = offer(two, 1, &[ROOM, TV]);
                two.act(0, &answer(first, first, &[(0, ("Pay room", "400", &[]))], None))
            },
            1,
            &["part 2 of #5, \"Pay TV\" (£60), by party 1", "value: £480 → £400"],
            &["same terms again"],
        ),
    ];
    for (name, history, reader, says, never) in rows {
        let mut two = Two::new();
        let revision = history(&mut two);
        let case = two.seen_by(*reader);
        for (place, text) in told(&case, revision) {
            // What one waits for oneself is no news to its author.
            if (place, *reader) == ("next", 0) && !text.contains("Answer #") {
                continue;
            }
            for part in *says {
                assert!(text.contains(part), "{name}: {place} lacks {part:?}\n{text}");
            }
            for part in *never {
                assert!(!text.contains(part), "{name}: {place} says {part:?}\n{text}");
            }
        }
    }
}

#[test]
fn whose_version_it_is_compared_with_is_named() {
    let mut two = Two::new();
    let first = offer(&mut two, 1, &[HALL]);
    let cheap = two.act(0, &answer(first, first, &[(0, CHEAP)], None));
    let next = answer(first, cheap, &[(0, CHEAP)], FRIDAY);
    let last = two.act(0, &next);
    let case = two.seen_by(1);
    let accept = render::to_be_signed(&case, &[Act::Accept { revision: last, note: None }]);
    assert!(accept.contains("of #5, your last version:"), "{accept}");
    assert!(accept.contains("as in #5: what, by and for"), "{accept}");
    let line = &render::log_lines(&case)[6].text;
    assert!(line.starts_with("party 0 answers #6 with: (compared with #5) "), "{line}");
    let shown = anstream::adapter::strip_str(&render::show(&case, 200)).to_string();
    assert!(shown.contains("answers #6; compared with #5, your last version:"), "{shown}");
    // Before it is signed its author sees what the others will see.
    let mut two = Two::new();
    let first = offer(&mut two, 1, &[HALL]);
    let cheap = two.act(0, &answer(first, first, &[(0, CHEAP)], None));
    let draft = answer(first, cheap, &[(0, CHEAP)], FRIDAY);
    let text = render::to_be_signed(&two.seen_by(0), &[draft]);
    assert!(text.contains("of #5, the last version that party 1 offered or accepted:"), "{text}");
    assert!(text.contains("value: £900 → £90"), "{text}");
}

#[test]
fn a_change_of_what_is_agreed_is_told_against_both() {
    let mut two = Two::new();
    let first = offer(&mut two, 0, &[HALL]);
    two.accept(1, first);
    let key = Some(ActionId { proposal: first, index: 0 });
    let cheap = two.act(1, &Act::Propose(of(vec![action(CHEAP, key, Some(first))])));
    let mut again = action(("Paint the hall twice", "90", &[]), key, Some(first));
    again.base = Some(first);
    let last = two.act(1, &Act::Counter { of: cheap, proposal: of(vec![again]) });
    let case = two.seen_by(0);
    for (place, text) in told(&case, last) {
        assert!(text.contains("value: £900 → £90"), "{place}: {text}");
        assert!(text.contains("what: Paint the hall → Paint the hall twice"), "{place}: {text}");
    }
}

#[test]
fn how_many_parts_are_taken_up_is_told_before_signing() {
    let mut two = Two::new();
    let first = offer(&mut two, 1, &[ROOM, XRAY, TV]);
    let draft = answer(first, first, &[(0, ROOM), (1, XRAY)], None);
    let text = render::to_be_signed(&two.seen_by(0), &[draft]);
    for part in [
        "party 0 answers #5 with 2 of its 3 parts, as a whole:",
        "nothing in this part",
        "left out  part 3 of #5, \"Pay TV\" (£60), by party 1",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("same terms"), "{text}");
}

#[test]
fn a_part_of_a_change_left_out_stays_as_agreed() {
    let mut two = Two::new();
    let first = offer(&mut two, 0, &[ROOM, TV]);
    two.accept(1, first);
    let key = |index| Some(ActionId { proposal: first, index });
    let change = |part, index| action(part, key(index), Some(first));
    let both = vec![change(("Pay room", "500", &[]), 0), change(("Pay TV", "80", &[]), 1)];
    let amended = two.act(1, &Act::Propose(of(both)));
    let draft = Act::Counter { of: amended, proposal: of(vec![change(("Pay room", "490", &[]), 0)]) };
    let text = render::to_be_signed(&two.seen_by(0), &[draft]);
    let left = "part 2 of #7, \"Pay TV\" (£80), by party 1; what was agreed of it in #5 stays";
    assert!(text.contains(left), "{text}");
}
