//! Forms that sign: from what is typed to what is on record, and everything that may come between.

use std::{fs, thread};

use counterpart_core::{
    act::{Act, Contact},
    graph::Ix,
    id::{CaseId, EntryId},
    value::{ItemValue, Sealable},
};

use crate::{
    client::Answer,
    fields::{encoded, unescaped},
    files::upload,
    served::Served,
    two::{Two, open},
};

/// What is typed into every field, markup and all.
const HOSTILE: &str = "<script>alert(1)</script> \"'><img src=x onerror=alert(1)> & {{ 1 }} ../../etc";

/// What is typed into a form.
type Fields<'a> = Vec<(&'a str, &'a str)>;

/// A browser at the pages of a case.
pub(crate) struct Browser {
    pub(crate) served: Served,
    pub(crate) cookie: String,
    pub(crate) secret: String,
    pub(crate) case: CaseId,
}

impl Browser {
    pub(crate) fn of(two: Two) -> Self {
        let case = two.case;
        let served = two.serve();
        let cookie = served.let_in();
        let secret = served.form_secret(&cookie, "/settings");
        Self { served, cookie, secret, case }
    }

    pub(crate) fn path(&self, end: &str) -> String {
        format!("/case/{}{end}", self.case.to_hex())
    }

    pub(crate) fn get(&self, end: &str) -> Answer {
        self.served.client().get(&self.path(end), &[("Cookie", &self.cookie)])
    }

    pub(crate) fn post(&self, end: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = format!("form={}", self.secret);
        for (name, value) in fields {
            body.push_str(&format!("&{}={}", encoded(name), encoded(value)));
        }
        self.served.client().post(&self.path(end), &self.cookie, body.as_bytes())
    }

    /// A form sent: the exact text to be signed, and the fields that sign it.
    fn shown(&self, kind: &str, fields: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
        let answer = self.post(&format!("/do/{kind}"), fields);
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
        signing(&answer)
    }

    pub(crate) fn send(&self, kind: &str, fields: &[(String, String)]) -> Answer {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.post(&format!("/do/{kind}"), &fields)
    }

    /// The same, signed: the acts that are new on record.
    pub(crate) fn sign(&self, kind: &str, fields: &[(&str, &str)]) -> Vec<Act> {
        let before = self.acts().len();
        let (text, carried) = self.shown(kind, fields);
        assert!(!text.is_empty());
        assert_eq!(self.acts().len(), before, "{kind}: nothing is signed before it was shown");
        let answer = self.send(kind, &carried);
        assert_eq!(answer.status, 303, "{kind}: {}", answer.text());
        assert!(answer.header("location").is_some_and(|to| to.contains("signed=")), "{kind}");
        self.acts().split_off(before)
    }

    /// Every act of the case, in the order in which they came.
    pub(crate) fn acts(&self) -> Vec<Act> {
        let record = self.served.desk().record(&self.case).expect("the case");
        let mut all: Vec<Ix> = record.graph().all().collect();
        all.sort_by_key(|ix| (record.graph().statement(*ix).at, *ix));
        all.into_iter().map(|ix| record.laid_open(ix)).collect()
    }
}

/// The exact text of the page before signing, and what its form carries.
pub(crate) fn signing(answer: &Answer) -> (String, Vec<(String, String)>) {
    let (_, form) = answer.text().split_once("signing\"").expect("the page that shows the exact text");
    let (form, _) = form.split_once("</form>").expect("its end");
    let (_, text) = form.split_once("id=\"signed-text\"").expect("a text");
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1).filter_map(|field| {
        let (name, rest) = field.split_once("\" value=\"")?;
        let value = rest.split('"').next()?;
        (name != "form").then(|| (unescaped(name), unescaped(value)))
    });
    (text.split_once("</div>").expect("its end").0.to_owned(), fields.collect())
}

/// A case with something of every kind to act on, from the customer's side.
struct Rich {
    two: Two,
    proposed: EntryId,
    agreed: EntryId,
    declared: EntryId,
    asked: EntryId,
    disputed: EntryId,
    contact: EntryId,
}

impl Rich {
    fn new() -> Self {
        let mut two = Two::new();
        let proposed = two.propose(1, "Mend the pipe", Some(5));
        let agreed = two.propose(0, "Paint the wall", Some(-2));
        two.accept(1, agreed);
        let done = two.propose(0, "Send the bill", None);
        two.accept(1, done);
        let declared = two.declare(1, done);
        let other = two.propose(0, "Ring back", Some(3));
        two.accept(1, other);
        let asked = two.act(1, &Act::Release { of: other, reason: Some(open("we cannot")) });
        let bad = two.propose(0, "Refund 20 pounds", None);
        two.accept(1, bad);
        let disputed = two.act(1, &Act::Dispute { about: bad, subject: None, reason: open("it was 10") });
        let contact = two.act(
            1,
            &Act::Contact(Contact {
                channel: "telephone".to_owned(),
                direction: "in".to_owned(),
                started: counterpart_node::now() - 1_000_000,
                seconds: None,
                waited: None,
                seat: None,
                person: None,
                number: None,
                reference: None,
                summary: open(HOSTILE),
                menu: Vec::new(),
            }),
        );
        Self { two, proposed, agreed, declared, asked, disputed, contact }
    }
}

#[test]
fn every_simple_form_is_shown_and_signs_what_it_says() {
    let rich = Rich::new();
    let name = |id: &EntryId| rich.two.number(id);
    let [proposed, agreed, declared, asked, disputed, contact] =
        [&rich.proposed, &rich.agreed, &rich.declared, &rich.asked, &rich.disputed, &rich.contact].map(name);
    let (declared_id, agreed_id, asked_id, contact_id) = (rich.declared, rich.agreed, rich.asked, rich.contact);
    let proposed_id = rich.proposed;
    let browser = Browser::of(rich.two);
    // Every form of the table can be looked at, with and without something that it is about.
    for kind in [
        "accept",
        "decline",
        "withdraw",
        "confirm",
        "declare",
        "undeclare",
        "approve",
        "deem",
        "reject",
        "release",
        "reopen",
        "allow",
        "refuse",
        "cancel",
        "choose",
        "stop",
        "progress",
        "missed",
        "dispute",
        "concede",
        "settle",
        "decide",
        "prove",
        "ratify",
        "acknowledge",
        "contest",
        "note",
        "leave",
        "erase",
        "erased",
        "seat",
        "card",
        "handover",
        "link",
        "item",
        "attach",
        "clocks",
        "pause-clocks",
        "resume-clocks",
    ] {
        let answer = browser.get(&format!("/do/{kind}"));
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
        assert!(!answer.text().contains("<script>alert") && !answer.text().contains("<img"), "{kind}");
        for wrong in ["999", "x", "%00", "7%2F99", "%3Cscript%3E", "1"] {
            let answer = browser.get(&format!("/do/{kind}?about={wrong}"));
            assert!(matches!(answer.status, 200 | 422), "{kind} {wrong}: {}", answer.status);
            assert!(!answer.text().contains("<script>alert"), "{kind}");
        }
    }
    // What there is to choose among leads on.
    let which = browser.get("/do/dispute");
    assert!(which.text().contains(&format!("do/dispute?about={agreed}")), "{}", which.text());
    // What it is about is told, terms and all.
    let accept = browser.get(&format!("/do/accept?about={proposed}"));
    assert!(accept.text().contains("Mend the pipe") && accept.text().contains("binding"), "{}", accept.text());

    let text = || Sealable::Open(HOSTILE.to_owned());
    let rows: Vec<(&str, Fields<'_>, Act)> = vec![
        ("contest", vec![("about", &contact), ("reason", HOSTILE)], Act::Contest { entry: contact_id, reason: text() }),
        ("note", vec![("text", HOSTILE)], Act::Note { text: text(), about: None }),
        ("note", vec![("about", &contact), ("text", HOSTILE)], Act::Note { text: text(), about: Some(contact_id) }),
        (
            "reject",
            vec![("about", &declared), ("reason", HOSTILE)],
            Act::Reject { declare: declared_id, unmet: vec![], reason: text() },
        ),
        (
            "refuse",
            vec![("about", &asked), ("reason", HOSTILE)],
            Act::Refuse { request: asked_id, reason: Some(text()) },
        ),
        (
            "dispute",
            vec![("about", &agreed), ("reason", HOSTILE)],
            Act::Dispute { about: agreed_id, subject: None, reason: text() },
        ),
        ("release", vec![("about", &agreed), ("reason", "")], Act::Release { of: agreed_id, reason: None }),
        (
            "decline",
            vec![("about", &proposed), ("reason", HOSTILE)],
            Act::Decline { revision: proposed_id, reason: Some(text()) },
        ),
    ];
    for (kind, fields, act) in rows {
        assert_eq!(browser.sign(kind, &fields), [act], "{kind}");
    }
    let [Act::Concede { .. }] = browser.sign("concede", &[("about", &disputed)])[..] else { unreachable!("conceded") };
    let missed = browser.sign("missed", &[("about", &agreed), ("note", "still wet")]);
    assert!(matches!(&missed[..], [Act::Missed { revision, .. }] if *revision == agreed_id));
    assert!(browser.get("").text().contains("Recorded as missed"), "the board says so");
    let both = browser.sign("acknowledge", &[("about", &contact), ("about", &disputed), ("note", "")]);
    assert_eq!(both.len(), 2, "several at once");
    let left = browser.sign("leave", &[("reason", HOSTILE)]);
    assert_eq!(left, [Act::Leave { reason: Some(text()) }]);
    // All of it is text on the pages after that.
    assert!(!browser.get("").text().contains("<script>alert"));
}

#[test]
fn whoever_is_to_do_it_says_how_it_goes() {
    let mut two = Two::with(1);
    let first = two.propose(0, "Paint the wall", Some(5));
    two.accept(1, first);
    let number = two.number(&first);
    let browser = Browser::of(two);
    let text = || Sealable::Open(HOSTILE.to_owned());
    let progress = browser.sign("progress", &[("about", &number), ("text", HOSTILE)]);
    assert_eq!(progress, [Act::Progress { revision: first, subject: 0, text: text() }]);
    // A note of ours may show that it is done.
    browser.sign("note", &[("text", "a picture")]);
    let page = browser.get("/do/declare");
    assert!(
        page.text().contains("Paint the wall") && page.text().contains("name=\"evidence\" value=\"8\""),
        "the only one"
    );
    let declared = browser.sign("declare", &[("about", &number), ("note", ""), ("evidence", "8")]);
    assert!(matches!(&declared[..], [Act::Declare { evidence, .. }] if evidence.len() == 1), "{declared:?}");
    let taken = browser.sign("undeclare", &[("about", &number), ("reason", HOSTILE)]);
    assert!(matches!(&taken[..], [Act::Undeclare { reason: Some(reason), .. }] if *reason == text()), "{taken:?}");
    let stopped = browser.sign("stop", &[("about", &number), ("reason", HOSTILE)]);
    assert_eq!(stopped, [Act::Stop { revision: first, subject: 0, reason: text() }]);
}

#[test]
fn what_was_typed_comes_back_with_what_is_wrong_with_it() {
    let rich = Rich::new();
    let agreed = rich.two.number(&rich.agreed);
    let browser = Browser::of(rich.two);
    let count = browser.acts().len();
    let long = format!("\n{}", "all of this was typed by somebody ".repeat(600));
    for (text, says) in [
        (" ", "Write something here"),
        ("to\u{202e}day", "U+202E"),
        (long.as_str(), "an entry holds 16384 at most"),
        (HOSTILE, ""),
    ] {
        let answer =
            browser.post("/do/dispute", &[("about", if says.is_empty() { "999" } else { &agreed }), ("reason", text)]);
        assert_eq!(answer.status, 422, "{says}");
        if says.is_empty() {
            assert!(answer.text().contains("There is no 999 in this case"), "{}", answer.text());
        } else {
            assert!(answer.text().contains(says), "{says}: {}", answer.text());
            assert!(answer.text().contains("id=\"errors\"") && answer.text().contains("aria-invalid=\"true\""));
            let field =
                answer.text().split("<textarea id=\"reason\"").nth(1).and_then(|t| t.split("</textarea>").next());
            let field = field.and_then(|t| t.split_once(">\n")).map(|(_, text)| unescaped(text));
            assert_eq!(field.as_deref(), Some(text), "every letter is in the field");
        }
    }
    // From the exact text back to the form: all of it is still there.
    let (_, mut carried) = browser.shown("dispute", &[("about", &agreed), ("reason", HOSTILE)]);
    carried.push(("again".to_owned(), "1".to_owned()));
    let answer = browser.send("dispute", &carried);
    assert_eq!(answer.status, 200);
    assert!(unescaped(answer.text()).contains(HOSTILE) && answer.text().contains("Paint the wall"));
    assert_eq!(browser.acts().len(), count, "nothing was signed by any of this");
    for nothing in ["/do/nothing", "/do/open", "/do/admit2"] {
        assert_eq!(browser.get(nothing).status, 404, "{nothing}");
    }
    let elsewhere = format!("/case/{}/do/note", "ab".repeat(32));
    assert_eq!(browser.served.client().get(&elsewhere, &[("Cookie", &browser.cookie)]).status, 404);
}

#[test]
fn the_same_page_sent_twice_signs_once() {
    let browser = Browser::of(Two::new());
    let count = browser.acts().len();
    let (_, carried) = browser.shown("note", &[("text", "once only")]);
    let statuses: Vec<(u16, String)> = thread::scope(|scope| {
        let send = || {
            let answer = browser.send("note", &carried);
            (answer.status, answer.header("location").unwrap_or_default().to_owned())
        };
        let tabs: Vec<_> = (0..6).map(|_| scope.spawn(send)).collect();
        tabs.into_iter().map(|tab| tab.join().expect("an answer")).collect()
    });
    assert!(statuses.iter().all(|(status, to)| *status == 303 && to.contains("signed=5")), "{statuses:?}");
    assert_eq!(statuses.iter().filter(|(_, to)| to.contains("before")).count(), 5, "{statuses:?}");
    assert_eq!(browser.acts().len(), count + 1);
    let page = browser.get("?signed=5&before=1");
    assert!(page.text().contains("Nothing was signed twice"), "{}", page.text());
    assert!(!browser.get("?signed=%3Cb%3E").text().contains("class=\"notice good\""), "nobody else's words");
}

#[test]
fn the_second_of_two_tabs_is_told_what_happened() {
    let mut two = Two::new();
    let first = two.propose(1, "Mend the pipe", None);
    let number = two.number(&first);
    let browser = Browser::of(two);
    let (_, accept) = browser.shown("accept", &[("about", &number), ("note", "")]);
    let (_, decline) = browser.shown("decline", &[("about", &number), ("reason", "too late")]);
    assert_eq!(browser.send("accept", &accept).status, 303);
    let count = browser.acts().len();
    let answer = browser.send("decline", &decline);
    assert_eq!(answer.status, 422);
    let text = answer.text();
    for told in ["it was not signed", "Meanwhile this came", "entry/6", "do/release?about=5", "too late"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains("`counterpart "), "no commands where a page does it");
    assert_eq!(browser.acts().len(), count);
    // Terms that changed since the text was shown are shown anew, and not signed.
    let (_, mut note) = browser.shown("note", &[("text", "first")]);
    for (name, value) in &mut note {
        if name == "text" {
            "second".clone_into(value);
        }
    }
    let answer = browser.send("note", &note);
    assert!(answer.status == 200 && answer.text().contains("it reads differently now"), "{}", answer.text());
    assert_eq!(browser.acts().len(), count);
}

#[test]
fn what_is_being_written_is_kept_until_it_is_signed_or_thrown_away() {
    let mut two = Two::new();
    let first = two.propose(1, "Mend the pipe", None);
    let number = two.number(&first);
    let browser = Browser::of(two);
    let keep = |fields: &[(&str, &str)]| {
        let mut body = format!("form={}", browser.secret);
        for (name, value) in fields {
            body.push_str(&format!("&{}={}", encoded(name), encoded(value)));
        }
        browser.served.client().post("/keep", &browser.cookie, body.as_bytes())
    };
    let (note, about) = (browser.path("/do/note"), browser.path(&format!("/do/decline?about={number}")));
    assert_eq!(keep(&[("keep", &note), ("text", HOSTILE)]).status, 204);
    assert_eq!(keep(&[("keep", &about), ("reason", "because")]).status, 204);
    let page = browser.get("/do/note");
    assert!(
        page.text().contains("You began this") && unescaped(page.text()).contains(&format!("\n{HOSTILE}</textarea>"))
    );
    assert!(!browser.get(&format!("/do/note?about={number}")).text().contains("You began this"), "another form");
    assert!(browser.get(&format!("/do/decline?about={number}")).text().contains("because"));
    // Thrown away by its button; the form is empty then.
    let answer = keep(&[("keep", &about), ("drop", "1")]);
    assert_eq!((answer.status, answer.header("location")), (303, Some(about.as_str())));
    assert!(!browser.get(&format!("/do/decline?about={number}")).text().contains("because"));
    // Signed: there is nothing left of it.
    let (_, carried) = browser.shown("note", &[("keep", &note), ("text", "signed after all")]);
    assert!(browser.get("/do/note").text().contains("You began this"), "not before it is signed");
    assert_eq!(browser.send("note", &carried).status, 303);
    assert!(!browser.get("/do/note").text().contains("You began this"));
    assert_eq!(fs::read_dir(browser.served.home().join("forms")).expect("a folder").count(), 0);
    // Emptied: the same.
    assert_eq!(keep(&[("keep", &note), ("text", "x")]).status, 204);
    assert_eq!(keep(&[("keep", &note), ("text", " ")]).status, 204);
    assert!(!browser.get("/do/note").text().contains("You began this"));
    for wrong in ["", "note", "//example.org/x", "/\\example.org", &format!("/{}", "x".repeat(1000)), "/a\r\nb"] {
        assert_eq!(keep(&[("keep", wrong), ("text", "x")]).status, 400, "{wrong}");
    }
}

#[test]
fn facts_of_every_kind_are_stated() {
    let browser = Browser::of(Two::new());
    let kinds = browser.get("/do/item?key=price%20%26%20%3Cb%3E");
    assert!(kinds.text().contains("do/item?type=money&#38;key=price%20%26%20%3Cb%3E"), "{}", kinds.text());
    let rows: Vec<(&str, Fields<'_>, &str)> = vec![
        ("text", vec![("value", HOSTILE)], HOSTILE),
        ("money", vec![("value", "24.99"), ("detail", "gbp")], "£24.99"),
        ("money", vec![("value", "£24.99"), ("detail", "")], "£24.99"),
        ("date", vec![("value", "2026-07-08")], "2026-07-08"),
        (
            "time",
            vec![("value", "2026-07-08T17:00"), ("detail", "Europe/London")],
            "Wed 8 Jul 2026 17:00 BST (Europe/London)",
        ),
        ("integer", vec![("value", "-42")], "-42"),
        ("decimal", vec![("value", "312.5"), ("detail", "kWh")], "312.5 kWh"),
        ("yes-no", vec![("value", "yes")], "yes"),
        ("choice", vec![("value", "express"), ("detail", "Express\r\nStandard")], "Express"),
        ("duration", vec![("value", "1h 30m")], "1h 30m"),
        ("address", vec![("value", "1 Long Road\r\nLeeds")], "1 Long Road / Leeds"),
        ("phone", vec![("value", "0800 123456")], "0800 123456"),
        ("e-mail", vec![("value", "keith@example.org")], "keith@example.org"),
        ("link", vec![("value", "https://example.org")], "https://example.org"),
        ("list", vec![("of", "money"), ("detail", "GBP"), ("value", "1.50\r\n2.50")], "£1.50; £2.50"),
        (
            "list",
            vec![("of", "record"), ("value", "date=2026-01-03:date, kwh=4210:integer\r\ndate=2026-02-03, kwh=4398")],
            "{date: 2026-01-03; kwh: 4210}; {date: 2026-02-03; kwh: 4398}",
        ),
        ("check-list", vec![("value", "[x] worktop\r\nfix")], "[x] worktop; [ ] fix"),
        ("record", vec![("value", "tariff=Fibre 100\r\nprice=24.99:money:GBP")], "{tariff: Fibre 100; price: £24.99}"),
    ];
    for (kind, fields, shown) in rows {
        let page = browser.get(&format!("/do/item?type={kind}"));
        assert!(page.status == 200 && page.text().contains("name=\"value\""), "{kind}");
        let fields: Vec<(&str, &str)> = [("type", kind), ("key", "fact")].into_iter().chain(fields).collect();
        let acts = browser.sign("item", &fields);
        let [Act::Item { key, value, .. }] = &acts[..] else { unreachable!("{kind}: {acts:?}") };
        assert_eq!((key.as_str(), counterpart_words::item_value::show(value).as_str()), ("fact", shown), "{kind}");
    }
    for (kind, fields, field) in [
        ("money", vec![("value", "24.99"), ("detail", "XQZ")], "detail"),
        ("date", vec![("value", "2026-02-30")], "value"),
        ("time", vec![("value", "2026-07-08T17:00"), ("detail", "Nowhere/At_all")], "detail"),
        ("integer", vec![("value", "4.2")], "value"),
        ("choice", vec![("value", "slow"), ("detail", "express")], "value"),
        ("yes-no", vec![], "value"),
    ] {
        let fields: Vec<(&str, &str)> = [("type", kind), ("key", "fact")].into_iter().chain(fields).collect();
        let answer = browser.post("/do/item", &fields);
        assert_eq!(answer.status, 422, "{kind}");
        assert!(answer.text().contains(&format!("href=\"#{field}\"")), "{kind}: {}", answer.text());
    }
    let answer = upload(&browser, "item", &[("type", "file"), ("key", "bill")], "bill.pdf", b"%PDF");
    let (_, carried) = signing(&answer);
    assert_eq!(browser.send("item", &carried).status, 303);
    let acts = browser.acts();
    let Some(Act::Item { value: ItemValue::File { size: 4, .. }, .. }) = acts.last() else { unreachable!("{acts:?}") };
    // A fact that is known is stated anew as it was: by its name alone.
    let again = browser.get("/do/item?key=bill");
    assert!(again.text().contains("name=\"file\"") && again.text().contains("value=\"bill\""), "{}", again.text());
}

#[test]
fn people_and_other_cases_are_named() {
    let browser = Browser::of(Two::new());
    let hostile =
        [("name", HOSTILE), ("function", "care"), ("phone", "+44 1"), ("email", "a@example.org"), ("hours", "")];
    let card = browser.sign("card", &hostile);
    let [Act::Card(card)] = &card[..] else { unreachable!("{card:?}") };
    assert_eq!(card.name, Sealable::Open(HOSTILE.to_owned()));
    let form = browser.get("/do/card");
    assert!(unescaped(form.text()).contains(&format!("value=\"{HOSTILE}\"")), "as on the last card");
    let same = browser.post("/do/card", &hostile);
    assert!(same.status == 422 && same.text().contains("says just that already"));
    let page = browser.get("/do/handover");
    assert!(page.text().contains("Whose move") || page.text().contains("People"), "written from the case");
    let handed = browser.sign("handover", &[("person", "Priya"), ("summary", HOSTILE)]);
    assert!(matches!(&handed[..], [Act::Handover { summary: Sealable::Open(s), .. }] if s == HOSTILE), "{handed:?}");
    for (fields, says) in [
        (vec![("relation", "appeal")], "Choose at least one"),
        (vec![("digits", "xyz"), ("relation", "appeal")], "xyz"),
        (vec![("digits", &*browser.case.to_hex()), ("relation", "appeal")], "this case itself"),
    ] {
        let answer = browser.post("/do/link", &fields);
        assert!(answer.status == 422 && answer.text().contains(says), "{says}: {}", answer.text());
    }
    let other = "cd".repeat(32);
    let linked = browser.sign("link", &[("digits", &other), ("relation", "appeal"), ("note", "")]);
    assert!(matches!(&linked[..], [Act::Link { case, .. }] if case.to_hex() == other));
}
