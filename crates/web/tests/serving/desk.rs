//! Many cases, and what one side keeps for itself: the list, searching, who has a case, asides, and service clocks as forms.

use counterpart_core::{
    act::{Act, Proposal, Role, SeatOffer, Subject, Topic},
    id::CaseId,
    value::{Sealable, Seat},
};
use counterpart_node::now;
use counterpart_process::clocks::{KEY, PAUSE, Said, Which};
use counterpart_words::clocks::{self, ClocksTyped};

use crate::{acts::Browser, served::Served, two::Two};

const HOSTILE: &str = "<script>alert(1)</script> \"'><img src=x onerror=alert(1)>";

fn open_case(served: &Served, title: &str) -> CaseId {
    let desk = served.desk();
    let seat = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let others = vec![seat(Role::Supplier, "Northlink")];
    let act = desk.open_act(title, seat(Role::Customer, "Ann"), others, "Europe/London", None);
    desk.new_case(&act, now()).expect("a case")
}

#[test]
fn the_list_is_narrowed_and_searched() {
    let served = Served::settled();
    let [drops, boiler, router] = ["Broadband drops", "Boiler drips", "A r\u{f6}uter"].map(|t| open_case(&served, t));
    let desk = served.desk();
    desk.assign(&drops, Some("Anne M\u{fc}ller"), now()).expect("assigned");
    desk.keep_template(&boiler, "repair-visit").expect("kept");
    let cookie = served.let_in();
    let get = |path: &str| {
        let answer = served.client().get(path, &[("Cookie", &cookie)]);
        assert_eq!(answer.status, 200, "{path}");
        answer.text().to_owned()
    };
    let listed = |path: &str| {
        let page = get(path);
        [drops, boiler, router].map(|case| page.contains(&format!("href=\"/case/{}\"", case.to_hex())))
    };
    assert_eq!(listed("/cases"), [true; 3]);
    assert_eq!(listed("/cases?who=agent%3Aanne+muller"), [true, false, false]);
    assert_eq!(listed("/cases?who=agent%3AANNE%20M%C3%BCller"), [true, false, false], "however it is written");
    assert_eq!(listed("/cases?who=nobody"), [false, true, true]);
    assert_eq!(listed("/cases?template=repair-visit"), [false, true, false]);
    assert_eq!(listed("/cases?text=router"), [false, false, true], "without regard to accents");
    assert_eq!(listed("/cases?text=dr&who=nobody"), [false, true, false]);
    assert_eq!(listed("/cases?which=overdue"), [false; 3]);
    assert_eq!(listed("/cases?which=ours"), [false; 3]);
    let page = get("/cases?text=nothing%20like%20it");
    assert!(page.contains("No case fits") && !page.contains("no cases yet"), "{page}");
    // What was asked for stands there still, and can be given up.
    let page = get("/cases?text=%3Cscript%3Ealert(1)&who=agent%3A%3Cimg%20src%3Dx%3E&template=%22%3E%3Cimg");
    assert!(page.contains("value=\"&#60;script&#62;alert(1)\"") && page.contains("href=\"/cases\""), "{page}");
    assert_eq!((page.matches("<script").count(), page.contains("<img")), (1, false), "text, and no tag");
    let page = get("/cases");
    assert!(page.contains("Anne M\u{fc}ller (1)") && page.contains("with <bdi>Anne M\u{fc}ller</bdi>"), "{page}");
}

#[test]
fn what_one_side_keeps_for_itself_is_kept_and_signed_by_nobody() {
    let browser = Browser::of(Two::new());
    let entries = || browser.served.desk().record(&browser.case).expect("a case").graph().len();
    let before = entries();
    let page = browser.get("/own");
    assert!(page.text().contains("Nobody of your side has this case") && page.text().contains("Whose move"));
    let sent = browser.post("/own", &[("do", "assign"), ("agent", HOSTILE)]);
    assert_eq!((sent.status, sent.header("location").is_some_and(|to| to.ends_with("/own?done=kept"))), (303, true));
    let page = browser.get("/own?done=kept");
    assert!(page.text().contains("It is kept") && page.text().contains("has this case, since"), "{}", page.text());
    assert!(!page.text().contains("<script>alert") && !page.text().contains("<img"));
    assert_eq!(browser.served.desk().assigned(&browser.case).expect("a store").expect("somebody").agent, HOSTILE);
    for wrong in ["", " ", "two\nlines", &"x".repeat(101)] {
        let answer = browser.post("/own", &[("do", "assign"), ("agent", wrong)]);
        assert!(answer.status == 422 && answer.text().contains("href=\"#agent\""), "{wrong:?}: {}", answer.text());
    }
    assert_eq!(browser.post("/own", &[("do", "nobody")]).status, 303);
    assert_eq!(browser.served.desk().assigned(&browser.case).expect("a store"), None);
    // Asides, the newest first.
    for text in ["Ask Bo first", HOSTILE] {
        assert_eq!(browser.post("/own", &[("do", "aside"), ("text", text), ("as", "")]).status, 303);
    }
    let page = browser.get("/own");
    let at = |what: &str| page.text().find(what);
    assert!(at("aside-2") < at("aside-1") && page.text().contains("Ask Bo first"), "{}", page.text());
    assert!(!page.text().contains("<script>alert"));
    let empty = browser.post("/own", &[("do", "aside"), ("text", "  "), ("as", "Bo")]);
    assert!(empty.status == 422 && empty.text().contains("value=\"Bo\"") && empty.text().contains("href=\"#text\""));
    let unfit = browser.post("/own", &[("do", "aside"), ("text", "kept as typed"), ("as", "a\nb")]);
    assert!(unfit.status == 422 && unfit.text().contains("href=\"#as\"") && unfit.text().contains("kept as typed"));
    for (number, to) in [("1", "gone"), ("1", ""), ("x", ""), ("99999999999999999999", ""), ("", "")] {
        let answer = browser.post("/own", &[("do", "remove"), ("aside", number)]);
        assert!(answer.header("location").is_some_and(|at| at.ends_with(to)), "{number}");
    }
    assert!(!browser.get("/own").text().contains("Ask Bo first"));
    assert_eq!(entries(), before, "nothing was signed");
}

#[test]
fn a_case_handed_over_on_the_pages_is_with_whoever_is_named() {
    let browser = Browser::of(Two::new());
    browser.sign("handover", &[("person", "Anne"), ("summary", "all of it")]);
    let has = browser.served.desk().assigned(&browser.case).expect("a store").expect("somebody");
    assert_eq!(has.agent, "Anne");
    let long = "x".repeat(101);
    let refused = browser.post("/do/handover", &[("person", &long), ("summary", "all of it")]);
    assert!(refused.status == 422 && refused.text().contains("too long"), "{}", refused.text());
}

#[test]
fn service_clocks_are_proposed_as_typed() {
    let browser = Browser::of(Two::new());
    let page = browser.get("");
    assert!(page.text().contains("/do/clocks\""), "{}", page.text());
    let fields = [
        ("by", "supplier"),
        ("first_answer", "4 hours"),
        ("next_update", ""),
        ("resolution", "40 hours"),
        ("hours", "mon-fri 09:00-17:30\r\nsat 10:00-13:00\r\n"),
        ("zone", "Europe/London"),
        ("holidays", "2031-12-24 Christmas Eve"),
    ];
    let wrong = |name: &str, value: &'static str| {
        fields.map(|(field, typed)| if field == name { (field, value) } else { (field, typed) })
    };
    for (name, value, at) in [
        ("first_answer", "soon", "href=\"#first_answer\""),
        ("hours", "all day", "all day"),
        ("zone", "Nowhere/Town", "Nowhere/Town"),
        ("holidays", "XX", "XX"),
    ] {
        let answer = browser.post("/do/clocks", &wrong(name, value));
        assert!(answer.status == 422 && answer.text().contains(at), "{name}: {}", answer.text());
        assert!(!answer.text().contains("--"), "{name}: no words of a terminal");
    }
    let none = browser.post("/do/clocks", &[("by", "supplier"), ("hours", "daily 00:00-24:00")]);
    assert!(none.status == 422 && none.text().contains("Say at least one clock"), "{}", none.text());
    let signed = browser.sign("clocks", &fields);
    let [Act::Propose(proposal)] = &signed[..] else { unreachable!("{signed:?}") };
    assert!(
        proposal.subjects.iter().any(|one| matches!(&one.topic, Topic::Item { key, .. } if key == KEY)),
        "{proposal:?}"
    );
    for kind in ["pause-clocks", "resume-clocks"] {
        let answer = browser.post(&format!("/do/{kind}"), &[("reason", "x")]);
        assert!(answer.status == 422 && answer.text().contains("No service clocks are agreed"), "{}", answer.text());
    }
}

#[test]
fn service_clocks_are_stopped_and_run_on_by_buttons() {
    let mut two = Two::new();
    let typed = ClocksTyped { lengths: vec![(Which::Resolution, "4000 hours".to_owned())], ..ClocksTyped::default() };
    let agreed = typed.read("Europe/Berlin", 1_783_328_400_000).expect("good clocks");
    let seats = [0, 1].map(Seat::Number).to_vec();
    let topics = clocks::topics(&agreed, seats, "party 1", None);
    let subjects = topics.into_iter().map(|topic| Subject { base: None, topic }).collect();
    let any = two.propose(1, "Mend the pipe", None);
    let proposed = two.act(0, &Act::Propose(Proposal { subjects, ..two.proposal(&any) }));
    two.accept(1, proposed);
    let browser = Browser::of(two);
    let offered = |kind: &str| browser.get("").text().contains(&format!("/do/{kind}\""));
    assert!(offered("pause-clocks") && !offered("resume-clocks") && offered("clocks"));
    let stopped = browser.sign("pause-clocks", &[("reason", HOSTILE)]);
    let says = |act: &Act| match act {
        Act::Item { key, value, .. } if key == PAUSE => Said::read(value),
        _ => None,
    };
    assert_eq!(stopped.first().and_then(says), Some(Said::Paused { reason: HOSTILE.to_owned() }));
    assert!(!offered("pause-clocks") && offered("resume-clocks"));
    assert!(!browser.get("").text().contains("<script>alert"));
    let goes_on = browser.sign("resume-clocks", &[]);
    assert_eq!(goes_on.first().and_then(says), Some(Said::Running));
    assert!(offered("pause-clocks") && !offered("resume-clocks"));
}

#[test]
fn service_clocks_are_a_line_among_the_facts_and_their_days_are_folded() {
    let typed = ClocksTyped {
        lengths: vec![(Which::FirstAnswer, "8 hours".to_owned()), (Which::Resolution, "40 hours".to_owned())],
        holidays: vec!["2026-12-25 Christmas Day".to_owned(), "2026-12-28 Boxing Day".to_owned()],
        ..ClocksTyped::default()
    };
    let agreed = typed.read("Europe/Berlin", 1_783_328_400_000).expect("good clocks");
    let topics = clocks::topics(&agreed, [0, 1].map(Seat::Number).to_vec(), "party 1", None);
    let proposed = |two: &mut Two| {
        let subjects = topics.iter().map(|topic| Subject { base: None, topic: topic.clone() }).collect();
        let any = two.propose(1, "Mend the pipe", None);
        two.act(1, &Act::Propose(Proposal { subjects, ..two.proposal(&any) }))
    };
    let mut two = Two::new();
    let _offer = proposed(&mut two);
    let browser = Browser::of(two);
    let offered = browser.get("").text().to_owned();
    assert!(offered.contains("resolution 40h; 2 days do not count") && !offered.contains("Christmas"), "{offered}");

    let mut two = Two::new();
    let offer = proposed(&mut two);
    two.accept(0, offer);
    let number = two.number(&offer);
    let browser = Browser::of(two);
    let page = |end: &str| browser.get(end).text().to_owned();
    let line = "first answer 8h, resolution 40h";
    let facts = page("/facts");
    assert!(facts.contains("<bdi>Service clocks</bdi></a>") && facts.contains(line), "{facts}");
    assert!(facts.contains("2 days do not count") && !facts.contains("Christmas"), "{facts}");
    // That it is agreed is said once.
    assert!(facts.contains("agreed</span>") && facts.contains("<dt>value</dt>") && !facts.contains("<dt>agreed"));
    let fact = page("/facts/service-clocks");
    let (_, folded) = fact.split_once("<summary>2 days do not count</summary>").expect("folded");
    assert!(folded.contains("Christmas Day") && fact.contains("working hours mon-fri 09:00-17:00"), "{fact}");
    assert!(page(&format!("/entry/{number}")).contains("See where <bdi>service-clocks</bdi> stands"));
    let overview = page("");
    assert!(overview.contains(&format!("service clocks: {line}")) && !overview.contains("Christmas"), "{overview}");
}
