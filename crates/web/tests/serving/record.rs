//! The record, entries, facts, people and files of a case.

use std::fs;

use counterpart_core::{
    act::{Act, Card, Contact, Role, SeatOffer, Topic},
    attachment::FileRef,
    id::{CaseId, EntryId, PartyId},
    value::ItemValue,
};
use counterpart_node::{CheckedBy, Desk, now};
use counterpart_testkit::case::{new_action, proposal, terms};
use counterpart_words::render::check_number;

use crate::{
    client::Answer,
    served::Served,
    two::{Two, open},
};

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;b&gt;";

/// A home with one case that nobody else has joined yet.
struct One {
    served: Served,
    cookie: String,
    desk: Desk,
    case: CaseId,
}

impl One {
    fn new(title: &str, other: &str) -> Self {
        let served = Served::settled();
        let desk = served.desk();
        let seat = |role, label: &str| SeatOffer { role, label: open(label) };
        let others = vec![seat(Role::Supplier, other)];
        let act = desk.open_act(title, seat(Role::Customer, "Ann"), others, "Europe/London", None);
        let case = desk.new_case(&act, now()).expect("a case");
        let cookie = served.let_in();
        Self { served, cookie, desk, case }
    }

    fn path(&self, end: &str) -> String {
        format!("/case/{}{end}", self.case.to_hex())
    }

    fn get(&self, end: &str) -> Answer {
        self.served.client().get(&self.path(end), &[("Cookie", &self.cookie)])
    }

    fn page(&self, end: &str) -> String {
        let answer = self.get(end);
        assert_eq!(answer.status, 200, "{end}: {}", answer.text());
        answer.text().to_owned()
    }

    fn sign(&self, act: &Act) -> EntryId {
        self.desk.sign(&self.case, act, now()).expect("signed").1.id
    }

    fn note(&self, text: &str) -> EntryId {
        self.sign(&Act::Note { text: open(text), about: None })
    }

    fn item(&self, key: &str, value: ItemValue) -> EntryId {
        self.sign(&Act::Item { key: key.to_owned(), value, label: None, note: None })
    }

    fn attach(&self, name: &str, bytes: &[u8]) -> FileRef {
        let file = FileRef::of(bytes);
        let path = self.served.home().join("to attach");
        fs::write(&path, bytes).expect("written");
        self.desk.keep_file(&self.case, &file, &path).expect("kept");
        self.name_file(&file, name);
        file
    }

    fn name_file(&self, file: &FileRef, name: &str) -> EntryId {
        let size = i64::try_from(file.size).expect("small");
        self.sign(&Act::Attach { sha256: file.sha256, size, name: open(name), media: None, about: None })
    }

    fn contact(&self, person: &str, number: &str, summary: &str) -> EntryId {
        self.sign(&Act::Contact(Contact {
            channel: "telephone".to_owned(),
            direction: "out".to_owned(),
            started: now(),
            seconds: Some(60),
            waited: None,
            seat: None,
            person: Some(open(person)),
            number: Some(open(number)),
            reference: None,
            summary: open(summary),
            menu: Vec::new(),
        }))
    }
}

fn action(what: &str) -> Act {
    Act::Propose(new_action(terms(what, &[1], &[0])))
}

#[test]
fn the_record_is_told_newest_first_and_by_kind() {
    let one = One::new("Broadband", "Northlink Ltd");
    one.note("first note");
    one.sign(&action("Mend the line"));
    one.contact("Dean, customer care", "0800 111 222", "he rings back");
    let page = one.page("/record");
    let at = |text: &str| page.find(text).expect(text);
    assert!(at("he rings back") < at("Mend the line") && at("Mend the line") < at("first note"));
    for told in [
        "<bdi>Ann</bdi> (you)",
        "one side’s word",
        "<bdi>Northlink Ltd</bdi> has not joined yet",
        "/entry/4\"",
        "data-live=\"",
    ] {
        assert!(page.contains(told), "{told}\n{page}");
    }
    let contacts = one.page("/record?kind=contacts");
    assert!(contacts.contains("he rings back") && !contacts.contains("first note"));
    assert!(contacts.contains("kind=contacts\" aria-current=\"page\""), "{contacts}");
    assert!(one.page("/record?kind=files").contains("Nothing of this kind"));
    for wrong in ["/record?kind=x", "/record?before=0", "/record?before=99", "/record?before=x"] {
        assert_eq!(one.get(wrong).status, 404, "{wrong}");
    }
}

#[test]
fn a_long_record_comes_a_hundred_at_a_time() {
    let one = One::new("Broadband", "Northlink Ltd");
    for n in 0..150 {
        one.note(&format!("note no. {n}."));
    }
    one.note(&"long ".repeat(3000));
    let first = one.page("/record");
    assert!(first.contains("1 to 100 of 152, the newest first"));
    assert!(first.contains("note no. 149.") && !first.contains("note no. 50."));
    assert!(first.contains("Read all of #152") && first.len() < 100_000, "{}", first.len());
    let next = one.page("/record?before=52");
    assert!(first.contains("/record?before=52\"") && next.contains("note no. 50.") && next.contains("note no. 0."));
    assert!(next.contains("rel=\"prev\"") && !next.contains("rel=\"next\""));
    let whole = one.page("/entry/152");
    assert!(whole.contains(&"long ".repeat(2999)), "the entry's own page has every word");
}

#[test]
fn an_entry_is_told_whole() {
    let one = One::new("Broadband", "Northlink Ltd");
    let contact = one.contact("Dean", "0800 111 222", "he rings back\ntomorrow");
    one.sign(&Act::Note { text: open("he did not"), about: Some(contact) });
    let page = one.page("/entry/2");
    for told in [
        "Entry #2",
        "he rings back",
        "tomorrow",
        "<p dir=\"auto\">Ann notes a contact:</p>",
        "Signed by",
        "(device ",
        "when is not proven",
        "Nobody else is in this case yet",
        "So it is effective",
        "What was said about it",
        "he did not",
        "/entry/1\"",
        "/do/note?about=2",
        &contact.to_hex(),
    ] {
        assert!(page.contains(told), "{told}\n{page}");
    }
    assert!(!page.contains("/do/contest"), "nobody contests what they said themselves");
    let note = one.page("/entry/3");
    assert!(note.contains("What it is about") && note.contains("he rings back"));
    for wrong in ["/entry/99", "/entry/0", "/entry/x", "/entry/2%2F1", "/entry/-1", "/entry/%3Cscript%3E"] {
        let answer = one.get(wrong);
        assert_eq!(answer.status, 404, "{wrong}");
        assert!(answer.text().contains("There is no such") && !answer.text().contains("<script>"), "{wrong}");
    }
    let elsewhere = format!("/case/{}/record", CaseId([7; 32]).to_hex());
    assert_eq!(one.served.client().get(&elsewhere, &[("Cookie", &one.cookie)]).status, 404);
}

#[test]
fn facts_stand_side_by_side_with_what_became_of_them() {
    let one = One::new("Broadband", "Northlink Ltd");
    assert!(one.page("/facts").contains("No facts yet"));
    one.item("speed", ItemValue::Integer(100));
    one.item("speed", ItemValue::Integer(70));
    one.item("a/b ?", ItemValue::Integer(25));
    let page = one.page("/facts");
    for told in ["<bdi>speed</bdi>", "<bdi>70</bdi>", "(you) says", "/do/item?key=speed", "/do/agree-item?key=speed"] {
        assert!(page.contains(told), "{told}\n{page}");
    }
    assert!(!page.contains("<bdi>100</bdi>"), "replaced");
    assert!(page.contains("/facts/a%2Fb%20%3F\"") && page.contains("/do/item?key=a%2Fb%20%3F\""), "{page}");
    assert!(!page.contains("See the proposal"), "what is only stated is no proposal");
    let fact = one.page("/facts/speed");
    assert!(fact.contains("Ann says: 70") && fact.contains("Ann said: 100 (replaced)"), "{fact}");
    assert!(one.page("/facts/a%2Fb%20%3F").contains("Ann says: 25"));
    for wrong in ["/facts/nothing", "/facts/%3Cscript%3E", "/facts/speed?before=9"] {
        assert_eq!(one.get(wrong).status, 404, "{wrong}");
    }
}

#[test]
fn people_are_named_with_how_to_reach_them() {
    let one = One::new("Broadband", "Northlink Ltd");
    one.contact("Dean", "0800 111 222", "he rings back");
    let page = one.page("/people");
    for told in [
        "<bdi>Northlink Ltd</bdi>",
        "not joined yet",
        "href=\"/case/",
        "/invite\"",
        "You have named nobody",
        "<bdi>Dean</bdi>",
        "tel:0800111222",
        "/do/card",
        "/call\"",
    ] {
        assert!(page.contains(told), "{told}\n{page}");
    }
    let card = Card {
        name: open("Ann Example"),
        function: Some(open("owner")),
        phone: Some(open("javascript:alert(1)")),
        email: None,
        hours: Some(open("after six")),
        device: None,
    };
    one.sign(&Act::Card(card));
    let page = one.page("/people");
    assert!(page.contains("Ann Example") && page.contains("after six"));
    assert!(!page.contains("href=\"javascript"), "{page}");
    // Nobody else is here, so nobody can be checked.
    let secret = one.served.form_secret(&one.cookie, "/settings");
    for party in [one.desk.party().to_hex(), PartyId([7; 32]).to_hex(), "x".to_owned()] {
        let body = format!("form={secret}&party={party}&by=telephone");
        let answer = one.served.client().post(&one.path("/people/check"), &one.cookie, body.as_bytes());
        assert_eq!(answer.status, 400, "{party}");
    }
    assert_eq!(one.desk.checks().expect("read"), []);
    assert_eq!(CheckedBy::from_word("telephone"), Some(CheckedBy::Telephone));
}

#[test]
fn a_file_is_taken_away_and_never_shown() {
    let one = One::new("Broadband", "Northlink Ltd");
    assert!(one.page("/files").contains("No files yet"));
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    one.attach("../<b>bill\u{201D}.html", &bytes);
    let page = one.page("/files");
    assert!(
        page.contains("/files/2\" download") && page.contains("1.2 MB") && page.contains("<bdi>here</bdi>"),
        "{page}"
    );
    let address = one.path("/files/2");
    let answer = one.served.client().get(&address, &[("Cookie", &one.cookie)]);
    assert_eq!((answer.status, answer.body == bytes), (200, true));
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("content-length", "1200000"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let disposition = answer.header("content-disposition").expect("a name");
    assert!(disposition.starts_with("attachment; filename=\"_") && !disposition.contains(['<', '/']), "{disposition}");
    let head = one.served.client().ask("HEAD", &address, &[("Cookie", &one.cookie)], b"");
    assert_eq!((head.status, head.header("content-length")), (200, Some("1200000")));

    // Named, and not here.
    one.name_file(&FileRef { sha256: [9; 32], size: 77 }, "meter.jpg");
    let answer = one.get("/files/3");
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("meter.jpg: not here yet"), "{}", answer.text());
    for wrong in ["/files/1", "/files/9", "/files/2.7", "/files/x", "/files/..%2f..%2fkeys"] {
        assert_eq!(one.get(wrong).status, 404, "{wrong}");
    }
}

#[test]
fn names_written_from_the_right_do_not_turn_our_sentences_round() {
    let insurer = "\u{5D1}\u{5D9}\u{5D8}\u{5D5}\u{5D7} 24";
    let one = One::new("Crash", insurer);
    one.sign(&action("\u{62A}\u{642}\u{631}\u{64A}\u{631} 5"));
    one.note("plain \u{5D0}\u{5D1}\u{5D2} 7");
    let record = one.page("/record");
    let told = |inside: &str| format!("<bdi dir=\"ltr\">{inside}</bdi>");
    for line in [
        told(&format!("Ann proposes: <bdi>{insurer}</bdi>: <bdi>\u{62A}\u{642}\u{631}\u{64A}\u{631} 5</bdi>")),
        told("Ann notes: <bdi>plain \u{5D0}\u{5D1}\u{5D2} 7</bdi>"),
    ] {
        assert!(record.contains(&line), "{line}\n{record}");
    }
    for end in ["", "/record", "/action/2", "/entry/2", "/entry/3", "/people"] {
        let page = one.page(end);
        assert!(!page.contains(['\u{2068}', '\u{2069}']) && !page.contains("U+206"), "{end}: our marks are elements");
        assert!(page.contains(insurer) || end == "/entry/3", "{end}");
    }
}

#[test]
fn texts_that_differ_in_what_nobody_sees_look_different() {
    let one = One::new("pay\u{200B}5", "Acme\u{AD} Ltd");
    let hidden = "\u{AD}\u{34F}\u{115F}\u{1160}\u{17B4}\u{180E}\u{200B}\u{200C}\u{200D}\u{200E}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{2800}\u{3164}\u{FE0F}\u{FFA0}\u{E0100}";
    for c in hidden.chars() {
        one.note(&format!("pay {c}5"));
    }
    one.note("\u{1F469}\u{200D}\u{1F467} \u{646}\u{645}\u{6CC}\u{200C}\u{62E}\u{648}\u{627}\u{647}\u{645}");
    let record = one.page("/record");
    for c in hidden.chars() {
        let shown = format!("pay &#60;U+{:04X}&#62;5", u32::from(c));
        assert!(record.contains(&shown), "{shown}");
    }
    assert!(record.contains("\u{1F469}\u{200D}\u{1F467} \u{646}\u{645}\u{6CC}\u{200C}\u{62E}\u{648}"), "{record}");
    assert!(record.contains("pay&#60;U+200B&#62;5") && record.contains("Acme&#60;U+00AD&#62; Ltd"));
}

#[test]
fn what_others_wrote_is_text_on_each_of_these_pages() {
    let one = One::new(HOSTILE, HOSTILE);
    one.note(HOSTILE);
    one.item("k", ItemValue::Text(open(HOSTILE)));
    one.contact(HOSTILE, HOSTILE, HOSTILE);
    one.attach(HOSTILE, b"x");
    one.sign(&action(HOSTILE));
    for end in [
        "/record", "/entry/2", "/entry/3", "/entry/4", "/entry/5", "/entry/6", "/facts", "/facts/k", "/people",
        "/files",
    ] {
        let page = one.page(end);
        assert_eq!(page.matches("<script").count(), 1, "{end}: our own");
        assert_eq!(page.matches("<img").count(), 0, "{end}");
        assert!(page.contains("alert(1)"), "{end}: it is shown");
    }
}

#[test]
fn what_the_other_side_signed_can_be_answered_and_they_can_be_checked() {
    let mut two = Two::new();
    let theirs = two.act(1, &Act::Note { text: open("we were never called"), about: None });
    let ours = two.act(0, &Act::Note { text: open("you were, twice"), about: Some(theirs) });
    let (theirs, ours) = (two.number(&theirs), two.number(&ours));
    two.act(1, &Act::Item { key: "speed".to_owned(), value: ItemValue::Integer(100), label: None, note: None });
    two.act(0, &Act::Item { key: "speed".to_owned(), value: ItemValue::Integer(70), label: None, note: None });
    let price = Topic::Item { key: "price".to_owned(), value: ItemValue::Integer(25) };
    two.act(0, &Act::Propose(proposal(None, price)));
    let path = two.path();
    let view = two.record.view().expect("a view");
    let (own, other) = (view.seats[0].parties[0], view.seats[1].parties[0]);
    let served = two.serve();
    let cookie = served.let_in();
    let get = |end: &str| {
        let answer = served.client().get(&format!("{path}{end}"), &[("Cookie", &cookie)]);
        assert_eq!(answer.status, 200, "{end}: {}", answer.text());
        answer.text().to_owned()
    };
    let record = get("/record");
    assert!(
        record.contains("Not yet received by <bdi dir=\"ltr\">party 1</bdi>") && record.contains("delivered"),
        "{record}"
    );
    let entry = get(&format!("/entry/{theirs}"));
    for told in ["/do/acknowledge?about=", "/do/contest?about=", "you were, twice", "proven: "] {
        assert!(entry.contains(told), "{told}\n{entry}");
    }
    assert!(!get(&format!("/entry/{ours}")).contains("/do/contest"));
    let facts = get("/facts");
    assert!(facts.contains("stated differently") && facts.contains("(you) proposes to agree"), "{facts}");
    assert!(get("/facts/price").contains("party 0 proposes: 25"));

    let people = get("/people");
    assert!(people.contains("You have not checked yet") && people.contains(&check_number(&other)), "{people}");
    assert!(people.contains(&check_number(&own)));
    let secret = served.form_secret(&cookie, &format!("{path}/people"));
    let check = |with: &str| {
        let body = format!("form={secret}&party={}&{with}", other.to_hex());
        served.client().post(&format!("{path}/people/check"), &cookie, body.as_bytes())
    };
    assert_eq!(check("by=hearsay").status, 400);
    let answer = check("by=in-person");
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").is_some_and(|to| to.ends_with("/people#seat-1")));
    let checks = served.desk().checks().expect("read");
    assert_eq!((checks.len(), checks[0].party, checks[0].by), (1, other, CheckedBy::InPerson));
    assert!(get("/people").contains("Checked by you in person,"));
    assert_eq!(check("by=telephone&forget=1").status, 303);
    assert!(get("/people").contains("You have not checked yet"));
}

#[test]
fn nothing_of_it_is_given_to_who_was_not_let_in() {
    let one = One::new("Broadband", "Northlink Ltd");
    one.item("speed", ItemValue::Integer(70));
    one.attach("bill.pdf", b"x");
    for end in ["/record", "/entry/2", "/facts", "/facts/speed", "/people", "/files", "/files/3"] {
        assert_eq!(one.get(end).status, 200, "{end}");
        let answer = one.served.client().get(&one.path(end), &[]);
        assert!(answer.status == 403 && !answer.text().contains("Broadband"), "{end}");
        let elsewhere = [("Cookie", &*one.cookie), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")];
        assert_eq!(one.served.client().get(&one.path(end), &elsewhere).status, 403, "{end}");
    }
    let body = format!("form=AAAA&party={}&by=telephone", PartyId([7; 32]).to_hex());
    let answer = one.served.client().post(&one.path("/people/check"), &one.cookie, body.as_bytes());
    assert_eq!(answer.status, 403, "without the word that our own page carries");
}
