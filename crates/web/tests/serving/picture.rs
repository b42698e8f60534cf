//! The case in a picture, promises over all cases, what is given to others, and the connection to the others.

use std::time::Instant;

use counterpart_core::{
    act::{Act, Contact, Role, SeatOffer},
    value::{Sealable, Seat},
};
use counterpart_node::{Desk, Node, NodeConfig, now};
use tempfile::TempDir;

use crate::{
    client::{Answer, PATIENCE},
    live::Stream,
    served::Served,
    two::{DAY, Two, open},
};

struct Visitor {
    served: Served,
    cookie: String,
}

impl Visitor {
    fn of(served: Served) -> Self {
        let cookie = served.let_in();
        Self { served, cookie }
    }

    fn ask(&self, path: &str) -> Answer {
        self.served.client().get(path, &[("Cookie", &self.cookie)])
    }

    fn get(&self, path: &str) -> String {
        let answer = self.ask(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text().to_owned()
    }

    fn post(&self, page: &str, path: &str, fields: &str) -> Answer {
        let secret = self.served.form_secret(&self.cookie, page);
        self.served.client().post(path, &self.cookie, format!("form={secret}&{fields}").as_bytes())
    }

    /// Asks for a page until something stands on it: anew with each notice, as the script does.
    fn until(&self, path: &str, wanted: &str) -> String {
        let (begun, mut stream) = (Instant::now(), Stream::open(&self.served, &self.cookie).1);
        loop {
            let page = self.get(path);
            if page.contains(wanted) {
                return page;
            }
            assert!(stream.next().is_some() && begun.elapsed() < PATIENCE, "{wanted}: {page}");
        }
    }
}

fn call(person: &str, summary: &str, started: i64) -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started,
        seconds: Some(1440),
        waited: Some(720),
        seat: Some(Seat::Number(1)),
        person: Some(open(person)),
        number: None,
        reference: None,
        summary: open(summary),
        menu: Vec::new(),
    })
}

/// A call, a promise kept, one overdue, one only offered.
fn story() -> Two {
    let mut two = Two::new();
    two.act(0, &call("Priya", "they send somebody", now() - 15 * DAY));
    let kept = two.propose(0, "Mend the pipe", Some(1));
    two.accept(1, kept);
    let declare = two.declare(1, kept);
    two.act(0, &Act::Approve { declare, note: None });
    let late = two.propose(0, "Paint the wall", Some(-3));
    two.accept(1, late);
    two.propose(1, "Replace the tap", None);
    two
}

#[test]
fn the_picture_says_everything_in_words_too() {
    let two = story();
    let path = format!("{}/picture", two.path());
    let visitor = Visitor::of(two.serve());
    let page = visitor.get(&path);
    assert_eq!(page.matches("<svg class=\"lanes\"").count(), 1);
    for drawn in page.split("role=\"img\"").skip(1) {
        let svg = drawn.split("</svg>").next().expect("a picture");
        assert!(svg.contains("<title id=") && svg.contains("<desc id="), "{svg}");
    }
    for said in [
        "proposes <q dir=\"auto\">Mend the pipe</q>",
        "kept: \u{201C}Mend the pipe\u{201D}",
        "agreed, not done in time",
        "24 min, after waiting 12 min",
        "Priya",
        "What became of each side",
        "class=\"joint agreed\"",
        "class=\"joint done\"",
        "<text class=\"count\" x=\"318\"",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    assert!(!page.contains("style=") && !page.contains("<style"), "the pages' policy forbids both");
    let number = |page: &str| page.matches("<tr>").count();
    let other = visitor.get(&format!("{path}?order=time"));
    assert!(other.contains("by the signers\u{2019} own clocks alone") && number(&other) == number(&page));
    for wrong in ["page=0", "page=2", "at=9", "page=x", "at="] {
        let status = visitor.ask(&format!("{path}?{wrong}")).status;
        assert_eq!(status, if wrong == "at=" { 200 } else { 404 }, "{wrong}");
    }
    for (wrong, status) in [("/case/00/picture", 404), (&format!("/case/{}/picture", "0".repeat(64)), 404)] {
        assert_eq!(visitor.ask(wrong).status, status, "{wrong}");
    }
}

#[test]
fn an_empty_picture_says_what_to_do() {
    let two = Two::new();
    let path = two.path();
    let visitor = Visitor::of(two.serve());
    let page = visitor.get(&format!("{path}/picture"));
    assert!(page.contains("No call is noted yet") && page.contains("Nobody has promised anything yet"));
    assert!(page.contains(&format!("href=\"{path}/call\"")));
}

#[test]
fn hostile_text_is_text_in_pictures_as_well() {
    // Control and direction characters do not even pass the gate.
    let hostile = "</text></svg><script>alert(1)</script>\"' onload=alert(1) {{7*7}} &lt; ";
    let mut two = Two::new();
    two.act(0, &call(hostile, &hostile.repeat(200), now()));
    let offered = two.propose(1, &hostile.repeat(200), Some(2));
    two.accept(0, offered);
    let path = two.path();
    let visitor = Visitor::of(two.serve());
    for end in ["/picture", "/picture?order=time", "/proof"] {
        let page = visitor.get(&format!("{path}{end}"));
        assert_eq!(page.matches("<script").count(), 1, "{end}: our own");
        assert!(!page.contains("</text></svg><script") && !page.contains("</script>\""), "{end}");
        assert!(page.len() < 150_000, "{end} stays small: {}", page.len());
    }
    let page = visitor.get("/promises");
    assert!(page.matches("<script").count() == 1 && page.contains("alert(1)"), "{page}");
}

#[test]
fn a_long_case_comes_in_parts() {
    let mut two = Two::new();
    for n in 0..70 {
        let offered = two.propose(0, &format!("Thing {n}."), Some(n % 5));
        if n % 2 == 0 {
            two.accept(1, offered);
        }
    }
    let path = format!("{}/picture", two.path());
    let visitor = Visitor::of(two.serve());
    let last = visitor.get(&path);
    assert_eq!(last.matches("<svg class=\"lanes\"").count(), 5, "the part seen first is full");
    assert!(last.contains("Part 3 of 3") && last.contains("Thing 69.") && !last.contains("Thing 1."));
    let first = visitor.get(&format!("{path}?page=1&at=1"));
    assert!(first.contains("Thing 1.") && !first.contains("Thing 69."));
    assert!(first.contains("rel=\"next\"") && !first.contains("rel=\"prev\""));
}

#[test]
fn promises_over_all_cases_are_shown_and_taken_away() {
    let two = story();
    let case = two.case.to_hex();
    let visitor = Visitor::of(two.serve());
    let page = visitor.get("/promises");
    for said in ["party 1", "1 case", "1 contact, 1 call, 12 minutes on hold", "Priya", ">kept</text>", ">open</text>"]
    {
        assert!(page.contains(said), "{said}\n{page}");
    }
    assert!(visitor.get("/promises?with=PARTY").contains("<h2><bdi>party 1</bdi></h2>"));
    let nobody = visitor.get("/promises?with=%3Cb%3E");
    assert!(nobody.contains("None of your cases is with anybody") && nobody.contains("value=\"&#60;b&#62;\""));
    assert_eq!(visitor.ask("/promises?page=2").status, 404);

    let table = visitor.ask("/promises.csv?with=party");
    assert_eq!(table.header("content-disposition"), Some("attachment; filename=\"promises.csv\""));
    assert!(table.text().starts_with("other_side,person,cases,kept,") && table.text().contains("party 1,,1,1,0,0,1,"));
    assert_eq!(visitor.ask("/promises.csv?with=nobody").text().lines().count(), 1);

    for path in ["/calendar.ics".to_owned(), format!("/calendar.ics?case={case}")] {
        let calendar = visitor.ask(&path);
        assert_eq!(calendar.header("content-type"), Some("text/calendar; charset=utf-8"));
        assert!(calendar.text().starts_with("BEGIN:VCALENDAR\r\n"), "{}", calendar.text());
    }
    for wrong in ["x", &"0".repeat(64)] {
        assert_eq!(visitor.ask(&format!("/calendar.ics?case={wrong}")).status, 404);
    }
}

#[test]
fn without_a_case_the_ledger_says_what_to_do() {
    let visitor = Visitor::of(Served::settled());
    assert!(visitor.get("/promises").contains("you have no cases with anybody"));
    let nobody = Visitor::of(Served::empty());
    assert_eq!(nobody.ask("/promises").header("location"), Some("/welcome"));
    assert_eq!(nobody.ask("/promises.csv").header("location"), Some("/welcome"));
}

#[test]
fn a_file_is_made_taken_away_and_verifies() {
    let two = story();
    let path = two.path();
    let visitor = Visitor::of(two.serve());
    let proof = format!("{path}/proof");
    let page = visitor.get(&proof);
    for said in ["What is proven", "Signed by all who have to sign it.", "party 1 has received everything", "Priya"] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    let make = |fields: &str| visitor.post(&proof, &format!("{proof}/make"), fields);
    // Everything, and nothing of what is beside it; the call has a person and a summary, which is signed as it is.
    for (fields, values) in [
        ("what=bundle&leave=nothing", 0),
        ("what=bundle&leave=all", 1),
        ("what=bundle&leave=chosen&withhold=5/person", 1),
    ] {
        let answer = make(fields);
        assert_eq!(answer.status, 303, "{}", answer.text());
        let to = answer.header("location").expect("a page");
        let page = visitor.get(to.split('#').next().expect("a path"));
        assert!(page.contains("The file is ready"), "{page}");
        assert_eq!(page.contains("Left out:"), values > 0, "{fields}");
        let (_, after) = page.split_once(&format!("href=\"{path}/made/")).expect("a link");
        let key = after.split('"').next().expect("its key");
        let file = visitor.ask(&format!("{path}/made/{key}"));
        assert!(file.header("content-disposition").is_some_and(|d| d.ends_with(".zip\"")));
        let verdict = counterpart_evidence::verify(&file.body, &|_, _| {}).expect("it holds");
        assert!(!verdict.in_words().is_empty());
        assert_eq!(visitor.ask(&format!("/case/{}/made/{key}", "0".repeat(64))).status, 404);
    }
    assert_eq!(visitor.ask(&format!("{path}/made/nothing")).status, 404);
    let wrong = make("what=bundle&leave=chosen&others=99&withhold=5/person");
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("href=\"#others\"") && wrong.text().contains("value=\"99\""));
    let ticked = wrong.text().split_once("value=\"5/person\"").map(|(_, after)| after.starts_with(" checked"));
    assert_eq!(ticked, Some(true), "what was ticked comes back");
    let report = make("what=report&leave=values");
    let to = report.header("location").expect("a page").split('#').next().expect("a path").to_owned();
    assert!(visitor.get(&to).contains(".html ("));
    assert_eq!(visitor.served.client().post(&format!("{proof}/make"), &visitor.cookie, b"what=bundle").status, 403);
    // No service is chosen, so nothing is sent anywhere.
    assert!(page.contains("No time-stamp service is chosen."));
    assert_eq!(visitor.post(&proof, &format!("{proof}/stamp"), "imprint=00").status, 422);
}

#[test]
fn the_report_has_a_policy_of_its_own_and_the_pages_keep_theirs() {
    let two = story();
    let path = two.path();
    let visitor = Visitor::of(two.serve());
    let report = visitor.ask(&format!("{path}/report"));
    assert_eq!(report.status, 200);
    let policy = report.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("script") && !policy.contains("self") && !policy.contains("unsafe"), "{policy}");
    assert!(report.text().contains("Mend the pipe") && !report.text().contains("<script"));
    let page = visitor.ask(&format!("{path}/proof"));
    assert!(
        page.header("content-security-policy").is_some_and(|p| p.contains("style-src 'self'") && !p.contains("sha256"))
    );
    assert_eq!(visitor.ask("/case/00/report").status, 404);
}

#[test]
fn seven_tabs_are_told_and_served() {
    let two = story();
    let path = format!("{}/picture", two.path());
    let visitor = Visitor::of(two.serve());
    // As many streams as tabs would open that cannot share one.
    let mut tabs: Vec<Stream> = (0..7).map(|_| Stream::open(&visitor.served, &visitor.cookie).1).collect();
    assert!(tabs.iter_mut().all(|tab| tab.next().is_some_and(|(event, _)| event == "hello")));
    std::thread::scope(|scope| {
        for _ in 0..7 {
            scope.spawn(|| assert!(visitor.get(&path).contains("Mend the pipe")));
        }
    });
    let desk = visitor.served.desk();
    let case = desk.summaries().expect("readable")[0].case;
    desk.sign(&case, &Act::Note { text: open("seen by all"), about: None }, now()).expect("signed");
    for tab in &mut tabs {
        let begun = Instant::now();
        while tab.next().expect("it goes on").0 != "changed" {
            assert!(begun.elapsed() < PATIENCE);
        }
    }
    assert!(visitor.get(&path).contains("notes"));
}

/// A home whose node runs beside the pages, a case in it, and another's node that joins.
#[test]
fn the_connection_to_the_others_is_said_in_words() {
    let (home, other) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let (own, theirs) = (Desk::init(home.path()), Desk::init(other.path()));
    assert!(own.is_ok() && theirs.is_ok());
    let mut visitor = Visitor::of(Served::of(home, true));
    drop(visitor.until("/settings", "Running, together"));
    let desk = visitor.served.desk();
    let seat = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let offer = vec![seat(Role::Supplier, "North<b>link")];
    let act = desk.open_act("Broadband", seat(Role::Customer, "Ann"), offer, "Europe/London", None);
    let case = desk.new_case(&act, now()).expect("a case");
    let path = format!("/case/{}", case.to_hex());
    assert!(visitor.get(&path).contains("North&#60;b&#62;link</bdi></strong> has not joined yet"));

    let addresses = desk.reachable_at().expect("addresses");
    let link = desk.invite(&case, Seat::Number(1), None, now() + 3_600_000, addresses, now()).expect("an invitation");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let _inside = runtime.enter();
    let open_other = || Desk::open(other.path()).expect("a home");
    let (node, events) = Node::start(open_other(), &NodeConfig::default()).expect("a running node");
    open_other().begin_join(&link, now()).expect("a join under way");
    node.poke();
    let page = visitor.until(&path, "is online now; has all of your changes");
    assert!(page.contains("joins the case"), "who did what is carried along: {page}");
    let later = "What you do is kept, and sent as soon as they are online.";
    assert!(!page.contains(later), "{page}");

    runtime.block_on(node.stop());
    drop(events);
    let page = visitor.until(&path, "has been offline since <time");
    assert_eq!(page.matches(later).count(), 1, "{page}");
    desk.sign(&case, &Act::Note { text: open("one more"), about: None }, now()).expect("signed");
    drop(visitor.until(&path, "has all but 1 of your changes"));
    visitor.served.stop();
}
