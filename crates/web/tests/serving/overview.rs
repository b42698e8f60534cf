//! How a case stands, its actions one by one, and what is to be done today.

use std::{collections::BTreeSet, io::Write as _, time::Instant};

use counterpart_core::{
    act::{Act, Proposal, Subject, Topic},
    value::{ItemValue, Seat},
};
use counterpart_process::{
    clocks::{PAUSE, Said, Which},
    today::{Agenda, DueLine, Wait},
};
use counterpart_store::{CaseSummary, StoreError};
use counterpart_words::clocks::{self, ClocksTyped};

use crate::{
    served::Served,
    two::{DAY, Two, listed, open},
};

/// What stands on a page, without the markup.
fn plain(page: &str) -> String {
    let mut out = String::new();
    // What stands around the page is others' to say.
    let main = page.split_once("<main").map_or(page, |(_, main)| main);
    let mut rest = main
        .split_once("<div id=\"overview\"")
        .or_else(|| main.split_once("<div id=\"action\""))
        .map_or(main, |(_, own)| own);
    while let Some((text, tag)) = rest.split_once('<') {
        out.push_str(text);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    let words: Vec<&str> = out.split_whitespace().collect();
    words.join(" ").replace("&#39;", "'").replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">")
}

struct Visitor {
    served: Served,
    cookie: String,
}

impl Visitor {
    fn of(served: Served) -> Self {
        let cookie = served.let_in();
        Self { served, cookie }
    }

    fn get(&self, path: &str) -> String {
        let answer = self.served.client().get(path, &[("Cookie", &self.cookie)]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text().to_owned()
    }

    fn status(&self, path: &str) -> (u16, Option<String>) {
        let answer = self.served.client().get(path, &[("Cookie", &self.cookie)]);
        (answer.status, answer.header("location").map(str::to_owned))
    }
}

#[test]
fn what_waits_for_an_answer_stands_first_with_what_it_changes() {
    let mut two = Two::new();
    let first = two.propose(0, "Mend the pipe by Monday", None);
    let counter = two.counter(1, first, first, "Mend the pipe by Friday");
    let (path, number) = (two.path(), two.number(&counter));
    let visitor = Visitor::of(two.serve());
    let page = visitor.get(&path);
    let text = plain(&page);
    for said in [
        format!("Your move: Answer #{number}"),
        "Proposed by party 1 in".to_owned(),
        "answers #5, changing of it:".to_owned(),
        "what: Mend the pipe by Monday → Mend the pipe by Friday".to_owned(),
        "nothing is agreed; silence binds nobody".to_owned(),
        "Not agreed yet 1".to_owned(),
    ] {
        assert!(text.contains(&said), "{said}\n{text}");
    }
    for kind in ["accept", "counter", "decline"] {
        assert!(page.contains(&format!("href=\"{path}/do/{kind}?about={number}\"")), "{kind}");
    }
    let at = |what: &str| page.find(what).expect(what);
    assert!(at("/do/accept?") < at("/do/counter?") && at("/do/counter?") < at("/do/decline?"));
    assert!(at("/do/decline?") < at("id=\"actions\""), "the next thing comes before the board");
    assert!(!text.contains("counterpart "), "no commands: {text}");

    let action = visitor.get(&format!("{path}/action/5"));
    let told = plain(&action);
    for said in ["What can be done now", "Versions of its terms", "Mend the pipe by Friday", "can be answered"] {
        assert!(told.contains(said), "{said}\n{told}");
    }
    assert!(action.contains(&format!("/do/accept?about={number}")));
    assert!(!told.contains("counterpart "), "no commands: {told}");
}

#[test]
fn what_is_agreed_shows_its_ticks_its_due_time_and_who_is_waited_for() {
    let mut two = Two::new();
    let late = two.propose(0, "Send an engineer", Some(-2));
    two.accept(1, late);
    let soon = two.propose(1, "Replace the pump", Some(3));
    two.accept(0, soon);
    let done = two.propose(1, "Dry the floor", None);
    two.accept(0, done);
    let declared = two.declare(1, done);
    let (path, n) = (two.path(), two.number(&declared));
    let visitor = Visitor::of(two.serve());
    let page = visitor.get(&path);
    let text = plain(&page);
    for said in [
        "overdue",
        "soon",
        "✓✓",
        "every signer is known to hold it signed",
        "Agreed, to be done 2",
        "Done, not approved 1",
        "Approve the result",
        "Reject the result",
        "was due",
        "Remind them",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    assert!(page.contains(&format!("/do/approve?about={n}")) && page.contains("/do/remind?about=5"));
    let list = plain(&visitor.get(&format!("{path}?view=list&show=agreed")));
    let (_, list) = list.split_once("How it stands").expect("a table");
    assert!(list.contains("Send an engineer") && !list.contains("Dry the floor"), "{list}");
    let action = visitor.get(&format!("{path}/action/5"));
    let told = plain(&action);
    assert!(told.contains("overdue") && told.contains("record that the due time of #5 passed"), "{told}");
    assert!(action.contains("/do/missed?about=5") && action.contains("/do/amend?about=5"), "{action}");
}

#[test]
fn crossed_changes_disputes_and_other_matters_are_told() {
    let mut two = Two::new();
    let first = two.propose(1, "Mend the pipe", None);
    two.accept(0, first);
    two.act(0, &Act::Dispute { about: first, subject: Some(0), reason: open("they have one") });
    let other = two.propose(1, "Dry the floor", None);
    two.accept(0, other);
    let release = two.act(1, &Act::Release { of: other, reason: Some(open("no towels")) });
    let (other, release) = (two.number(&other), two.number(&release));
    two.amend(1, first, first, "Replace the pipe");
    let item =
        Subject { base: None, topic: Topic::Item { key: "pump/model 2".to_owned(), value: ItemValue::Integer(7) } };
    let proposal = two.proposal(&first);
    let fact = two.act(1, &Act::Propose(Proposal { subjects: vec![item], ..proposal }));
    two.accept(0, fact);
    let (path, fact) = (two.path(), two.number(&fact));
    let visitor = Visitor::of(two.serve());
    let text = plain(&visitor.get(&path));
    for said in [
        "a change is proposed",
        "release is asked",
        "in dispute",
        "waits for your answer",
        "would change what is agreed in #5:",
        "what: Mend the pipe → Replace the pipe",
        "Other agreements",
        "pump/model 2 is 7",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    let told = plain(&visitor.get(&format!("{path}/action/5")));
    for said in [
        "in dispute since #7 by party 0: they have one",
        "New terms that are proposed",
        "What was said and done about it",
    ] {
        assert!(told.contains(said), "{said}\n{told}");
    }
    let asked = visitor.get(&format!("{path}/action/{other}"));
    let told = plain(&asked);
    assert!(
        told.contains(&format!("asked in #{release}: party 1 asks to be released from #{other}: no towels")),
        "{told}"
    );
    assert!(
        asked.contains(&format!("/do/allow?about={release}")) && told.contains("Your move: Allow or refuse"),
        "{told}"
    );
    let item = visitor.get(&format!("{path}/action/{fact}"));
    assert!(item.contains(&format!("{path}/facts/pump%2Fmodel%202")), "{item}");
}

#[test]
fn what_was_rejected_says_why_and_what_is_late_or_given_up_has_its_ways() {
    let mut two = Two::with(1);
    let sent_back = two.propose(1, "Dry the floor", None);
    two.accept(0, sent_back);
    let declare = two.declare(1, sent_back);
    two.act(0, &Act::Reject { declare, unmet: Vec::new(), reason: open("it is wet") });
    let path = two.path();
    let visitor = Visitor::of(two.serve());
    let text = plain(&visitor.get(&path));
    assert!(text.contains("it is wet"), "whoever is to do it again reads why: {text}");

    let mut two = Two::new();
    let late = two.propose(1, "Mend the pipe", Some(-1));
    two.accept(0, late);
    let amended = two.amend(1, late, late, "Mend the pipe and the tap");
    two.accept(0, amended);
    let stopped = two.propose(1, "Paint the wall", None);
    two.accept(0, stopped);
    two.act(1, &Act::Stop { revision: stopped, subject: 0, reason: open("no paint") });
    let again = two.propose(1, "Wash the wall", Some(-1));
    two.accept(0, again);
    let (path, again, stopped) = (two.path(), two.number(&again), two.number(&stopped));
    let visitor = Visitor::of(two.serve());
    let page = visitor.get(&path);
    assert!(page.contains(&format!("/do/missed?about={again}")), "a miss is recorded where it is seen: {page}");
    let text = plain(&page);
    assert!(text.contains("Do #5 since"), "an action keeps its name when its terms change: {text}");
    let page = visitor.get(&format!("{path}/action/{stopped}"));
    assert!(page.contains(&format!("/do/dispute?about={stopped}")), "what was given up can be disputed: {page}");
}

/// Where a page leads to.
fn ways(page: &str) -> BTreeSet<String> {
    let all = page.split("href=\"").skip(1).filter_map(|after| after.split('"').next());
    all.map(|way| way.replace("&#38;", "&")).filter(|way| way.starts_with('/') && !way.starts_with("/assets")).collect()
}

#[test]
fn every_way_leads_somewhere() {
    let mut two = Two::with(1);
    let late = two.propose(0, "Mend the pipe", Some(-1));
    two.accept(1, late);
    let sent_back = two.propose(1, "Dry the floor", None);
    two.accept(0, sent_back);
    let declare = two.declare(1, sent_back);
    two.act(0, &Act::Reject { declare, unmet: Vec::new(), reason: open("it is wet") });
    let done = two.propose(1, "Paint the wall", None);
    two.accept(0, done);
    let declare = two.declare(1, done);
    two.act(0, &Act::Approve { declare, note: None });
    let waits = two.propose(1, "Clean the filter", None);
    two.accept(0, waits);
    two.declare(1, waits);
    let dispute = two.propose(1, "Come on a Sunday", Some(9));
    two.accept(0, dispute);
    two.act(0, &Act::Dispute { about: dispute, subject: Some(0), reason: open("it was a Monday") });
    two.act(0, &Act::Release { of: late, reason: None });
    two.amend(0, dispute, dispute, "Come on a Monday");
    two.propose(1, "Bring the bill", None);
    let theirs = two.propose(0, "Send the bill", None);
    two.counter(1, theirs, theirs, "Send the bill by mail");
    let like = two.proposal(&theirs);
    let item = Subject { base: None, topic: Topic::Item { key: "a/b c".to_owned(), value: ItemValue::Integer(7) } };
    let fact = two.act(0, &Act::Propose(Proposal { subjects: vec![item], ..like }));
    two.accept(1, fact);
    let path = two.path();
    let visitor = Visitor::of(two.serve());
    let mut seen = BTreeSet::new();
    for page in ["/".to_owned(), "/cases".to_owned(), path.clone(), format!("{path}?view=list")] {
        seen.extend(ways(&visitor.get(&page)));
    }
    let matters: Vec<String> = seen.iter().filter(|way| way.contains("/action/")).cloned().collect();
    assert!(matters.len() >= 8, "{matters:?}");
    for matter in matters {
        seen.extend(ways(&visitor.get(&matter)));
    }
    let forms = seen.iter().filter(|way| way.contains("/do/")).count();
    assert!(forms > 25, "{forms}: {seen:?}");
    let lost: Vec<_> =
        seen.iter().map(|way| (way, visitor.status(way))).filter(|(_, (status, _))| *status != 200).collect();
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn parts_of_a_bundle_have_pages_of_their_own() {
    let mut two = Two::new();
    let one = two.propose(1, "Mend the pipe", None);
    let mut bundle = two.proposal(&one);
    let mut second = bundle.subjects[0].clone();
    if let Topic::Action { terms, .. } = &mut second.topic {
        terms.what = open("Pay the plumber");
        terms.performers[0].seat = Seat::Number(0);
    }
    bundle.subjects.push(second);
    let bundle = two.act(1, &Act::Propose(bundle));
    let accept = two.accept(0, bundle);
    let note = two.act(1, &Act::Note { text: open("we come on Monday"), about: None });
    let (path, n) = (two.path(), two.number(&bundle));
    let (accept, note) = (two.number(&accept), two.number(&note));
    let visitor = Visitor::of(two.serve());
    let both = visitor.get(&format!("{path}/action/{n}"));
    assert!(both.contains(&format!("{path}/action/{n}-1")) && both.contains(&format!("{path}/action/{n}-2")));
    for typed in [format!("{n}-2"), format!("%23{n}-2"), format!("{n}%2F2")] {
        let text = plain(&visitor.get(&format!("{path}/action/{typed}")));
        assert!(text.contains(&format!("#{n}/2 Pay the plumber")), "{typed}: {text}");
    }
    // An entry that is about matters leads to them, and one that is about none to itself.
    assert!(plain(&visitor.get(&format!("{path}/action/{accept}"))).contains("is about several things"));
    assert_eq!(visitor.status(&format!("{path}/action/{note}")), (303, Some(format!("{path}/entry/{note}"))));
    let third = format!("{n}%2F3");
    for wrong in ["99", "x", "-", "5-9-9", &third, "0", "%00", "5%205", "..%2F..", "99999999999"] {
        assert_eq!(visitor.status(&format!("{path}/action/{wrong}")).0, 404, "{wrong}");
    }
    let nowhere = path.replace(|c: char| c.is_ascii_hexdigit(), "0");
    for wrong in [nowhere.as_str(), "/case/x", "/case/00", &format!("{nowhere}/action/5")] {
        assert_eq!(visitor.status(wrong).0, 404, "{wrong}");
    }
    for wrong in ["?view=x", "?view=list&page=0", "?view=list&page=9", "?view=list&show=x"] {
        assert_eq!(visitor.status(&format!("{path}{wrong}")).0, 404, "{wrong}");
    }
}

#[test]
fn somebody_alone_is_told_what_to_begin_with_and_how_to_invite() {
    let served = Served::settled();
    let desk = served.desk();
    let seat = |role, label: &str| counterpart_core::act::SeatOffer { role, label: open(label) };
    let (own, other) = (
        seat(counterpart_core::act::Role::Customer, "Ann"),
        seat(counterpart_core::act::Role::Supplier, "Northlink <b>Ltd</b>"),
    );
    let act = desk.open_act("Broadband", own, vec![other], "Europe/London", None);
    let case = desk.new_case(&act, counterpart_node::now()).expect("a case");
    let path = format!("/case/{}", case.to_hex());
    let visitor = Visitor::of(served);
    let page = visitor.get(&path);
    let text = plain(&page);
    assert!(
        text.contains("Begin here")
            && text.contains("Northlink <b>Ltd</b> has not joined yet")
            && text.contains("Nothing is proposed or agreed yet"),
        "{text}"
    );
    assert!(!page.contains("<b>"));
    for way in ["/call", "/do/propose", "/invite", "/do/item", "/do/note", "/do/attach", "/do/close", "/proof"] {
        assert!(page.contains(&format!("href=\"{path}{way}\"")), "{way}");
    }
    assert!(!text.contains("counterpart invite"), "{text}");
    // The list of cases leads there; nothing is to be done today.
    assert!(visitor.get("/cases").contains(&format!("href=\"{path}\"")));
    assert!(visitor.get("/").contains("Nothing waits for you"));
}

#[test]
fn hostile_terms_are_text_wherever_they_stand() {
    let hostile = "</a><script>alert(1)</script><img src=//example.org/x onerror=alert(1)>'\" onmouseover=x \u{5E9}";
    let mut two = Two::new();
    let first = two.propose(1, hostile, Some(1));
    let counter = two.counter(0, first, first, &format!("{hostile} {}", "long ".repeat(3_000)));
    let again = two.counter(1, first, counter, hostile);
    two.act(1, &Act::Note { text: open(hostile), about: Some(again) });
    let path = two.path();
    let visitor = Visitor::of(two.serve());
    for page in [path.clone(), format!("{path}?view=list"), format!("{path}/action/5"), "/".to_owned()] {
        let text = visitor.get(&page);
        assert!(!text.contains("<img") && !text.contains("</script><img"), "{page}");
        assert_eq!(text.matches("<script").count(), 1, "{page}: our own");
        assert!(text.len() < 200_000, "{page}: {}", text.len());
    }
}

#[test]
fn today_says_what_the_command_says_with_ways_to_do_it() {
    let served = Served::settled();
    let (desk, now) = (served.desk(), counterpart_node::now());
    let due = |about: &str, mine: bool, days: i64| DueLine {
        who: "Northlink".to_owned(),
        mine,
        action: "x-0".to_owned(),
        about: about.to_owned(),
        what: Some("Send <b>somebody</b>".to_owned()),
        said: !mine,
        at: now + days * DAY,
        absent: false,
    };
    let wait = |about: &str, mine: bool, expected: &str| Wait {
        who: "Northlink".to_owned(),
        mine,
        expected: expected.to_owned(),
        about: Some(about.to_owned()),
        what: Some("What".to_owned()),
        more: 0,
        since: now - DAY,
        absent: false,
    };
    let agenda = Agenda {
        waits: vec![wait("7", true, "answer"), wait("8", true, "approve"), wait("9", false, "answer")],
        dues: vec![due("4/2", true, -1), due("5", false, -3), due("6", false, 2)],
        beyond: 3,
        ..Agenda::default()
    };
    let case = counterpart_core::id::CaseId([7; 32]);
    let kept = desk.with_store(|store| {
        store.write(|txn| {
            let summary = CaseSummary {
                case,
                title: "Broadband".to_owned(),
                state: "open".to_owned(),
                whose_move: "yours: answer #7".to_owned(),
                next_due: None,
                entries: 3,
                updated_at: now,
            };
            listed(txn, &summary)?;
            txn.put_agenda(case, 3, &serde_json::to_string(&agenda).expect("plain data"))?;
            Ok::<_, StoreError>(())
        })
    });
    kept.expect("written");
    drop(desk);
    let visitor = Visitor::of(served);
    let page = visitor.get("/");
    let text = plain(&page);
    let path = format!("/case/{}", case.to_hex());
    let order = [
        "Next: Broadband",
        "you: Send <b>somebody</b> (#4/2); due",
        "Overdue 2",
        "(#5) (as they said; not agreed); due",
        "Due within seven days",
        "Your move 2",
        "answer #7 \"What\", since",
        "approve or reject the result #8",
        "Waiting for others",
        "Northlink: an answer to #9",
        "3 more matters are open",
    ];
    let mut from = 0;
    for said in order {
        let at = text.get(from..).and_then(|rest| rest.find(said));
        assert!(at.is_some(), "{said}\n{text}");
        from += at.unwrap_or_default();
    }
    for way in ["/do/declare?about=4%2F2", "/do/remind?about=5", "/action/7", "/action/8"] {
        assert!(page.contains(&format!("href=\"{path}{way}\"")), "{way}\n{page}");
    }
    let cases = plain(&visitor.get("/cases"));
    assert!(cases.contains("Your move: answer #7") && cases.contains("New case"), "{cases}");
}

#[test]
fn an_empty_home_is_led_to_a_first_case() {
    let visitor = Visitor::of(Served::settled());
    for path in ["/", "/cases"] {
        let page = visitor.get(path);
        assert!(page.contains("href=\"/new\"") && page.contains("href=\"/join\""), "{path}");
        assert!(!page.contains("counterpart new"), "{path}");
    }
}

/// How long it takes is told, and judged only by a limit that a slow machine keeps. `COUNTERPART_ENTRIES` makes it longer.
#[test]
fn a_case_of_thousands_of_entries_is_a_page() {
    let mut two = Two::new();
    let entries = std::env::var("COUNTERPART_ENTRIES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000);
    let mut round = 0;
    while two.record.graph().len() < entries {
        let first =
            two.propose(round % 2, &format!("Send an engineer with pump {round}"), Some(-5 + (round % 9) as i64));
        two.act(1, &Act::Note { text: open("it stopped again and the floor is wet"), about: Some(first) });
        if round % 5 != 4 {
            two.accept((round + 1) % 2, first);
            if round % 3 != 0 {
                let declare = two.declare(1, first);
                if round % 3 == 1 {
                    two.act(0, &Act::Approve { declare, note: None });
                }
            }
        }
        round += 1;
    }
    let path = two.path();
    let visitor = Visitor::of(two.serve());
    for page in [
        path.clone(),
        format!("{path}?view=list"),
        format!("{path}/action/5"),
        format!("{path}/letters"),
        "/".to_owned(),
        "/?again".to_owned(),
    ] {
        let since = Instant::now();
        let text = visitor.get(&page);
        let took = since.elapsed();
        drop(writeln!(std::io::stderr(), "{entries} entries, {page}: {} ms, {} bytes", took.as_millis(), text.len()));
        assert!(text.len() < 150_000, "{page}: {}", text.len());
        assert!(took.as_secs() < 60, "{page}: {took:?}");
    }
}

#[test]
fn service_clocks_stand_on_the_overview_in_the_language_of_the_page() {
    let mut two = Two::new();
    let lengths = Which::ALL.into_iter().zip(["4 hours", "16 hours", "4000 hours"]);
    let typed = ClocksTyped {
        lengths: lengths.map(|(which, text)| (which, text.to_owned())).collect(),
        hours: vec!["daily 00:00-24:00".to_owned()],
        ..ClocksTyped::default()
    };
    let agreed = typed.read("Europe/Berlin", 1_783_328_400_000).expect("good clocks");
    let topics = clocks::topics(&agreed, vec![Seat::Number(0), Seat::Number(1)], "party 1", None);
    let subjects = topics.into_iter().map(|topic| Subject { base: None, topic }).collect();
    let any = two.propose(1, "Mend the pipe", None);
    let proposed = two.act(0, &Act::Propose(Proposal { subjects, ..two.proposal(&any) }));
    two.accept(1, proposed);
    let reason = Said::Paused { reason: "<b>which</b> pipe?".to_owned() };
    two.act(1, &Act::Item { key: PAUSE.to_owned(), value: reason.value(), label: None, note: None });
    let path = two.path();
    let visitor = Visitor::of(two.serve());
    let page = visitor.get(&path);
    let text = plain(&page);
    for said in [
        "Service clocks First answer: overdue it was due ",
        "Next update: 16 working hours, counted from the first answer",
        "Resolution: stands still with 3999 h 59 min left of 4000 working hours",
        "Stopped by party 1: <b>which</b> pipe?",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    assert!(!page.contains("<b>which"), "text, and no tag");
    let headers = [("Cookie", visitor.cookie.as_str()), ("Accept-Language", "de")];
    let german = visitor.served.client().get(&path, &headers);
    let german = plain(german.text());
    for said in ["Servicezeiten", "Erste Antwort:", "angehalten, noch 3999 h 59 min von 4000 Arbeitsstunden"] {
        assert!(german.contains(said), "{said}\n{german}");
    }
}
