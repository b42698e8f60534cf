//! Forms by which terms are proposed, answered and changed, sent as a browser without script sends them.

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Mode, Proposal, Role, SeatOffer, Subject, Topic},
    id::EntryId,
    value::{ItemValue, Money, Sealable, Seat, Unit},
};
use counterpart_node::now;

use crate::{
    client::Answer,
    fields::{between, encoded, fields_of, fill, unescaped},
    served::Served,
    two::{Two, open},
};

const HOSTILE: &str = "<script>alert(1)</script>\"'></textarea><img src=x onerror=alert(1)>&lt;b&gt;";

/// A browser let in to the pages of one case.
struct Browser {
    served: Served,
    cookie: String,
    case: String,
}

impl Browser {
    fn of(two: Two) -> Self {
        let case = two.path();
        let served = two.serve();
        let cookie = served.let_in();
        Self { served, cookie, case }
    }

    fn get(&self, end: &str) -> Answer {
        self.served.client().get(&format!("{}{end}", self.case), &[("Cookie", &self.cookie)])
    }

    fn page(&self, end: &str) -> String {
        let answer = self.get(end);
        assert_eq!(answer.status, 200, "{end}: {}", answer.text());
        answer.text().to_owned()
    }

    fn post(&self, end: &str, fields: &[(String, String)]) -> Answer {
        let body: Vec<String> = fields.iter().map(|(n, v)| format!("{}={}", encoded(n), encoded(v))).collect();
        self.served.client().post(&format!("{}{end}", self.case), &self.cookie, body.join("&").as_bytes())
    }

    /// Fills in a form that is open under an address, and sends it there.
    fn send(&self, kind: &str, query: &str, typed: &[(&str, &str)]) -> Answer {
        let mut fields = fields_of(&self.page(&format!("/do/{kind}{query}")));
        fill(&mut fields, typed);
        self.post(&format!("/do/{kind}"), &fields)
    }

    /// The same, and signs what is shown then; gives the text that was shown, and where the browser was led.
    fn sign(&self, kind: &str, query: &str, typed: &[(&str, &str)]) -> (String, String) {
        let shown = self.send(kind, query, typed);
        self.sign_shown(kind, &shown)
    }

    fn sign_shown(&self, kind: &str, shown: &Answer) -> (String, String) {
        assert_eq!(shown.status, 200, "{}", shown.text());
        assert!(shown.text().contains("name=\"agreed\""), "the exact text: {}", shown.text());
        let text = between(shown.text(), "id=\"signed-text\"", "<p class=\"buttons\"").to_owned();
        let signed = self.post(&format!("/do/{kind}"), &fields_of(shown.text()));
        assert_eq!(signed.status, 303, "{}", signed.text());
        (unescaped(&text), signed.header("location").expect("a way on").to_owned())
    }

    /// The act signed last.
    fn last(&self) -> Act {
        let desk = self.served.desk();
        let case = desk.resolve(self.case.trim_start_matches("/case/")).expect("a case");
        let record = desk.record(&case).expect("a record");
        let last = record.graph().ordered().into_iter().next_back().expect("an entry");
        record.fold().act(last).clone()
    }

    fn proposal(&self) -> Proposal {
        let proposal = match self.last() {
            Act::Propose(proposal) | Act::Counter { proposal, .. } => Some(proposal),
            _ => None,
        };
        proposal.expect("a proposal")
    }
}

fn terms(subject: &Subject) -> &ActionTerms {
    let terms = match &subject.topic {
        Topic::Action { terms, .. } => Some(terms),
        _ => None,
    };
    terms.expect("an action")
}

fn contact(seat: u32, summary: &str) -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: now(),
        seconds: None,
        waited: None,
        seat: Some(Seat::Number(seat)),
        person: None,
        number: None,
        reference: None,
        summary: open(summary),
        menu: Vec::new(),
    })
}

#[test]
fn an_action_is_proposed_with_all_its_terms() {
    let browser = Browser::of(Two::new());
    let (text, to) = browser.sign(
        "propose",
        "",
        &[
            ("what", "Mend the pipe"),
            ("person", "Priya"),
            ("due", "in 10 working days after it is agreed"),
            ("value", "24.99"),
            ("currency", "GBP"),
            ("conditions", "It holds\r\n\r\n It is dry "),
            ("evidence", "A picture"),
            ("consequences", "Half the price"),
            ("cancel-by.0", "0"),
            ("cancel-text.0", "if nobody comes"),
            ("deemed", "5 working days"),
            ("open-until", "in 3 days"),
            ("note", "As we said"),
        ],
    );
    for told in
        ["Mend the pipe", "(Priya)", "£24.99", "2. It is dry", "5 working days of proven delivery", "open until"]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert_eq!(to, format!("{}?signed=5", browser.case));
    let proposal = browser.proposal();
    let terms = terms(&proposal.subjects[0]);
    assert_eq!((terms.performers[0].seat, terms.beneficiaries[0].seat), (Seat::Number(1), Seat::Number(0)));
    assert_eq!(terms.performers[0].person, Some(open("Priya")));
    assert_eq!(terms.value, Money::parse("24.99", "GBP").ok());
    assert_eq!(terms.conditions, [open("It holds"), open("It is dry")]);
    assert_eq!(terms.deemed, Some((5, Unit::WorkingDays)));
    assert_eq!((terms.cancel[0].by, &terms.cancel[0].text), (Seat::Number(0), &open("if nobody comes")));
    assert!(proposal.open_until.is_some() && proposal.mode == Mode::Firm);
}

#[test]
fn a_time_is_picked_in_place_of_words() {
    let browser = Browser::of(Two::new());
    let picked =
        [("what", "Mend it"), ("way", "mine"), ("due-day", "2031-07-08"), ("due-time", "17:00"), ("confirm", "1")];
    let (text, _) = browser.sign("propose", "", &picked);
    assert!(text.contains("8 Jul 2031 17:00") && text.contains("binds its author only once they confirm"), "{text}");
    let proposal = browser.proposal();
    assert_eq!(terms(&proposal.subjects[0]).performers[0].seat, Seat::Number(0));
    assert_eq!(proposal.mode, Mode::Confirm);
    for (typed, why) in [
        (vec![("due", "friday"), ("due-day", "2031-07-08")], "said twice"),
        (vec![("due-time", "17:00")], "Choose the day"),
        (vec![("due-day", "2031-02-30")], "is not a date"),
    ] {
        let typed: Vec<_> = [("what", "Mend it")].into_iter().chain(typed).collect();
        let answer = browser.send("propose", "", &typed);
        assert!(answer.status == 422 && answer.text().contains(why), "{why}: {}", answer.text());
    }
}

#[test]
fn several_do_it_for_whoever_is_ticked() {
    let browser = Browser::of(Two::new());
    let nobody = browser.send("propose", "", &[("what", "Look at it"), ("way", "other")]);
    assert!(nobody.status == 422 && nobody.text().contains("<a href=\"#by\">"), "{}", nobody.text());
    let mut fields = fields_of(&browser.page("/do/propose?what=Look+at+it&way=other&for=0"));
    fields.extend([("by".to_owned(), "0".to_owned()), ("by".to_owned(), "1".to_owned())]);
    fill(&mut fields, &[("by-person.1", "Priya")]);
    browser.sign_shown("propose", &browser.post("/do/propose", &fields));
    let proposal = browser.proposal();
    let terms = terms(&proposal.subjects[0]);
    let seats: Vec<Seat> = terms.performers.iter().map(|p| p.seat).collect();
    assert_eq!(seats, [Seat::Number(0), Seat::Number(1)]);
    assert_eq!(terms.performers[1].person, Some(open("Priya")));
    assert_eq!(terms.beneficiaries.iter().map(|p| p.seat).collect::<Vec<_>>(), [Seat::Number(0)]);
}

#[test]
fn what_was_typed_comes_back_with_what_is_wrong() {
    let browser = Browser::of(Two::new());
    let typed = [
        ("what", ""),
        ("due", "whenever it suits"),
        ("value", "2,4"),
        ("currency", ""),
        ("deemed", "soon"),
        ("cancel-text.0", "if late"),
        ("conditions", HOSTILE),
        ("note", HOSTILE),
        ("open-until", "yesterday"),
    ];
    let answer = browser.send("propose", "", &typed);
    assert_eq!(answer.status, 422);
    let page = answer.text();
    for field in ["what", "due", "currency", "deemed", "cancel-by.0", "open-until"] {
        assert!(page.contains(&format!("<a href=\"#{field}\">")), "{field}: {page}");
        assert!(
            page.contains(&format!("id=\"{field}\"")) && page.contains(&format!("id=\"{field}-error\"")),
            "{field}"
        );
    }
    let back = fields_of(page);
    for (name, value) in typed {
        assert!(back.iter().any(|(n, v)| n == name && v == value), "{name}: {back:?}");
    }
    assert!(!page.contains("<img") && page.matches("<script").count() == 1, "{page}");
    assert!(page.matches("<details class=\"rare\" open>").count() == 2, "what is wrong is to be seen");
}

#[test]
fn a_proposal_of_sixteen_parts_is_made_without_script() {
    let browser = Browser::of(Two::new());
    let mut fields = fields_of(&browser.page("/do/propose?what=Action+1"));
    for n in 2..=16 {
        fill(&mut fields, &[("add", if n == 3 { "terms" } else { "action" })]);
        let answer = browser.post("/do/propose", &fields);
        assert_eq!(answer.status, 200, "{}", answer.text());
        fields = fields_of(answer.text());
        match n {
            3 => fill(&mut fields, &[("title-3", "Contact"), ("text-3", "By mail only")]),
            n => fill(&mut fields, &[(&format!("what-{n}"), &format!("Action {n}"))]),
        }
        assert_eq!(answer.text().contains("name=\"add\" value=\"item\""), n < 16);
        assert!(answer.text().contains("name=\"agreed\"") || answer.text().contains(&format!("id=\"part-{n}\"")));
    }
    // One out, and a fact in its place.
    fill(&mut fields, &[("remove", "2")]);
    fields = fields_of(browser.post("/do/propose", &fields).text());
    fill(&mut fields, &[("add", "item")]);
    fields = fields_of(browser.post("/do/propose", &fields).text());
    fill(
        &mut fields,
        &[("key-16", "price"), ("item-type-16", "money"), ("item-unit-16", "GBP"), ("item-value-16", "5")],
    );
    let shown = browser.post("/do/propose", &fields);
    let (text, _) = browser.sign_shown("propose", &shown);
    assert!(text.contains("part 16") && !text.contains("Action 2\n"), "{text}");
    let proposal = browser.proposal();
    assert_eq!(proposal.subjects.len(), 16);
    assert_eq!(terms(&proposal.subjects[0]).what, open("Action 1"));
    assert!(matches!(&proposal.subjects[1].topic, Topic::Terms { title, .. } if title == "Contact"));
    assert_eq!(terms(&proposal.subjects[14]).what, open("Action 16"));
    let price = ItemValue::Money(Money::parse("5", "GBP").expect("money"));
    assert_eq!(proposal.subjects[15].topic, Topic::Item { key: "price".to_owned(), value: price });
}

#[test]
fn a_counter_keeps_what_is_not_changed_and_shows_what_is() {
    let mut two = Two::new();
    let first = two.propose(1, HOSTILE, Some(40));
    let number = two.number(&first);
    let browser = Browser::of(two);
    let query = format!("?about={number}");
    let page = browser.page(&format!("/do/counter{query}"));
    assert!(page.contains("What they proposed") && page.contains("takes the place of"), "{page}");
    assert!(!page.contains("<img") && page.matches("<script").count() == 1, "{page}");
    let unchanged = browser.send("counter", &query, &[]);
    assert!(unchanged.status == 422 && unchanged.text().contains("Nothing is changed yet"), "{}", unchanged.text());
    let (text, to) = browser.sign("counter", &query, &[("value", "30"), ("currency", "eur")]);
    assert!(text.contains(&format!("answers #{number}")) && text.contains("value: none → €30"), "{text}");
    assert!(to.starts_with(&format!("{}/action/{number}?signed=", browser.case)), "{to}");
    assert!(matches!(browser.last(), Act::Counter { of, .. } if of == first));
    let proposal = browser.proposal();
    let counter = terms(&proposal.subjects[0]);
    assert_eq!((&counter.what, counter.value), (&open(HOSTILE), Money::parse("30", "EUR").ok()));
    assert!(counter.due.is_some(), "as it was");
    // It is their turn now, and ours to replace; the old one is past.
    let page = browser.page(&format!("/do/counter{query}"));
    assert!(page.contains("Replace your proposal") && page.contains("What you proposed"), "{page}");
}

#[test]
fn what_is_agreed_is_changed_and_what_is_only_proposed_is_answered() {
    let mut two = Two::new();
    let first = two.propose(1, "Mend the pipe", None);
    let agreed = two.propose(1, "Mend the wall", None);
    two.accept(0, agreed);
    let (proposed, agreed_number) = (two.number(&first), two.number(&agreed));
    let browser = Browser::of(two);
    let answer = browser.get(&format!("/do/amend?about={proposed}"));
    assert_eq!(answer.header("location"), Some(&*format!("{}/do/counter?about={proposed}", browser.case)));
    let (text, _) =
        browser.sign("amend", &format!("?about={agreed_number}"), &[("due", "in 3 days after it is agreed")]);
    assert!(text.contains("due: none → 3 days after it is agreed"), "{text}");
    let proposal = browser.proposal();
    assert_eq!(proposal.subjects[0].base, Some(agreed));
    assert_eq!(terms(&proposal.subjects[0]).what, open("Mend the wall"));
}

#[test]
fn a_fact_that_is_stated_differently_is_agreed() {
    let mut two = Two::new();
    let item = |amount: &str| Act::Item {
        key: "price".to_owned(),
        value: ItemValue::Money(Money::parse(amount, "GBP").expect("money")),
        label: None,
        note: None,
    };
    two.act(0, &item("20"));
    let theirs = two.act(1, &item("25"));
    let number = two.number(&theirs);
    let browser = Browser::of(two);
    let page = browser.page("/do/agree-item?key=price");
    assert!(page.contains("£20") && page.contains(&format!("value=\"{number}\" checked")), "their word first: {page}");
    let (text, _) = browser.sign("agree-item", "?key=price", &[]);
    assert!(text.contains("£25"), "{text}");
    let wanted = |amount: &str| Topic::Item {
        key: "price".to_owned(),
        value: ItemValue::Money(Money::parse(amount, "GBP").expect("money")),
    };
    assert_eq!(browser.proposal().subjects[0].topic, wanted("25"));
    let other = [("item-pick", "other"), ("item-type", "money"), ("item-unit", "GBP"), ("item-value", "22.50")];
    browser.sign("agree-item", "?key=price", &other);
    assert_eq!(browser.proposal().subjects[0].topic, wanted("22.50"));
    let wrong = [("key", "visit"), ("item-type", "date"), ("item-value", "tomorrow")];
    let answer = browser.send("agree-item", "", &wrong);
    assert!(answer.status == 422 && answer.text().contains("is not a date"), "{}", answer.text());
    let time = [("key", "visit"), ("item-type", "time"), ("item-value", "2031-07-08 17:00")];
    let (text, _) = browser.sign("agree-item", "", &time);
    assert!(text.contains("8 Jul 2031 17:00"), "{text}");
    let list = [("key", "rooms"), ("item-type", "list"), ("item-value", "kitchen\r\nbath")];
    browser.sign("agree-item", "", &list);
    assert!(
        matches!(&browser.proposal().subjects[0].topic, Topic::Item { value: ItemValue::List(all), .. } if all.len() == 2)
    );
}

#[test]
fn other_terms_are_proposed_and_changed() {
    let mut two = Two::new();
    let seats = vec![Seat::Number(0), Seat::Number(1)];
    let topic =
        Topic::Terms { terms: None, title: "Contact".to_owned(), text: open("By telephone"), seats: seats.clone() };
    let proposal = Proposal {
        subjects: vec![Subject { base: None, topic }],
        signers: seats,
        mode: Mode::Firm,
        open_until: None,
        alleged: None,
        note: None,
    };
    let first = two.act(1, &Act::Propose(proposal));
    two.accept(0, first);
    let number = two.number(&first);
    let browser = Browser::of(two);
    let missing = browser.send("terms", "", &[("title", " "), ("text", "")]);
    assert!(
        missing.status == 422
            && missing.text().contains("href=\"#title\"")
            && missing.text().contains("href=\"#text\"")
    );
    browser.sign("terms", "", &[("title", "Silence"), ("text", "Never means yes.\r\nNever.")]);
    let made = browser.proposal();
    assert!(matches!(&made.subjects[0].topic, Topic::Terms { text, .. } if *text == open("Never means yes.\nNever.")));
    let query = format!("?about={number}");
    let (text, _) = browser.sign("terms", &query, &[("text", "By mail only")]);
    assert!(text.contains("text: By telephone → By mail only"), "{text}");
    // Terms are no action, and lead to their own form.
    let answer = browser.get(&format!("/do/amend{query}"));
    assert_eq!(answer.header("location"), Some(&*format!("{}/do/terms?about={number}", browser.case)));
}

#[test]
fn a_promise_is_recorded_for_whoever_made_it() {
    let mut two = Two::new();
    let said = two.act(0, &contact(1, HOSTILE));
    let number = two.number(&said);
    let browser = Browser::of(two);
    let page = browser.page("/do/propose");
    assert!(page.contains(&format!("<option value=\"{number}\"")) && !page.contains("<img"), "{page}");
    let promised = [("what", "Ring back"), ("promised", "1"), ("contact", "")];
    let answer = browser.send("propose", "", &promised);
    assert!(answer.status == 422 && answer.text().contains("Choose the contact"), "{}", answer.text());
    let offered = [("what", "Ring back"), ("promised", "1"), ("contact", &*number), ("confirm", "1")];
    assert!(browser.send("propose", "", &offered).text().contains("not offered"));
    let promised = [("what", "Ring back"), ("promised", "1"), ("contact", &*number)];
    let (text, _) = browser.sign("propose", "", &promised);
    assert!(text.contains("recorded for them as a promise they made"), "{text}");
    assert_eq!(browser.proposal().alleged, Some(said));
}

#[test]
fn a_case_is_closed_once_and_somebody_let_in() {
    let browser = Browser::of(Two::new());
    let missing = browser.send("admit", "", &[("name", "")]);
    assert!(missing.status == 422 && missing.text().contains("href=\"#name\""), "{}", missing.text());
    browser.sign("admit", "", &[("name", "Plumbers & Sons"), ("role", "third")]);
    let admitted = browser.proposal();
    assert!(matches!(&admitted.subjects[0].topic, Topic::AdmitNew { label, .. } if *label == open("Plumbers & Sons")));
    assert_eq!(browser.send("admit", "", &[("name", "x"), ("role", "king")]).status, 422);
    assert_eq!(browser.send("admit", "", &[("seat", "1")]).status, 422, "taken");
    browser.sign("close", "", &[("summary", "It is dry")]);
    assert!(
        matches!(&browser.proposal().subjects[0].topic, Topic::Close { summary: Some(s), .. } if *s == open("It is dry"))
    );
    let page = browser.page("/do/close");
    assert!(page.contains("You have proposed to close it already") && !page.contains("name=\"summary\""), "{page}");
}

#[test]
fn a_part_of_what_is_proposed_is_left_out_of_the_answer() {
    let mut two = Two::new();
    let first = two.act(1, &Act::Propose(bundle()));
    let number = two.number(&first);
    let browser = Browser::of(two);
    // Whatever part of it one came from, the whole is answered, and said to be.
    let matter = browser.page(&format!("/action/{number}-2"));
    assert!(matter.contains(&format!("This is part 2 of 2 of #{number}, which is accepted, declined")), "{matter}");
    let form = browser.page(&format!("/do/counter?about={number}-2"));
    assert!(form.contains(&format!("takes the place of #{number},")), "{form}");
    let part = browser.get(&format!("/do/accept?about={number}-2"));
    assert!(part.text().contains("is one part of"), "{}", part.text());
    let mut fields = fields_of(&form);
    fill(&mut fields, &[("remove", "1")]);
    let answer = browser.post("/do/counter", &fields);
    let fields = fields_of(answer.text());
    assert!(answer.text().contains("Mend the wall") && fields.contains(&("of".to_owned(), "1".to_owned())));
    let (text, _) = browser.sign_shown("counter", &browser.post("/do/counter", &fields));
    assert!(text.contains("Mend the wall") && text.contains(&format!("part 1 of #{number}, ")), "it is told: {text}");
    assert_eq!(browser.proposal().subjects.len(), 1);
}

#[test]
fn what_is_changed_is_called_as_everywhere_else() {
    let mut two = Two::new();
    let first = two.act(1, &Act::Propose(bundle()));
    two.accept(0, first);
    let number = two.number(&first);
    let form = Browser::of(two).page(&format!("/do/amend?about={number}-2"));
    assert!(form.contains(&format!("Propose other terms for #{number}/2.")), "{form}");
}

#[test]
fn whoever_supplies_does_it_until_somebody_says_otherwise() {
    let ways = |fields: &[(String, String)]| {
        let ways = fields.iter().filter(|(name, _)| name.starts_with("way"));
        ways.map(|(_, way)| way.clone()).collect::<Vec<_>>()
    };
    for (own, way) in [(0, "theirs"), (1, "mine")] {
        let browser = Browser::of(Two::with(own));
        let mut fields = fields_of(&browser.page("/do/propose?what=Mend+it"));
        assert_eq!(ways(&fields), [way]);
        fill(&mut fields, &[("add", "action")]);
        assert_eq!(ways(&fields_of(browser.post("/do/propose", &fields).text())), [way, way]);
        let promised = fields_of(&browser.page("/do/propose?what=Mend+it&promised=1"));
        assert_eq!(ways(&promised), ["theirs"], "what they promised they do");
        let (text, _) = browser.sign("propose", "?what=Mend+it", &[]);
        assert!(text.contains("party 1") && text.contains("party 0"), "the exact text shows it: {text}");
        let proposal = browser.proposal();
        let terms = terms(&proposal.subjects[0]);
        assert_eq!((terms.performers[0].seat, terms.beneficiaries[0].seat), (Seat::Number(1), Seat::Number(0)));
    }
}

/// Two actions as a whole.
fn bundle() -> Proposal {
    let mut two = Two::new();
    let mut parts = ["Mend the pipe", "Mend the wall"].map(|what| {
        let id: EntryId = two.propose(1, what, None);
        let ix = two.record.graph().find(&id).expect("an entry");
        two.record.fold().proposal(ix).expect("a proposal").clone()
    });
    let more = parts[1].subjects.remove(0);
    parts[0].subjects.push(more);
    let [both, _] = parts;
    both
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut two = Two::new();
    let note = two.act(0, &Act::Note { text: Sealable::Open("x".to_owned()), about: None });
    let number = two.number(&note);
    let browser = Browser::of(two);
    for end in [
        "/do/counter?about=99".to_owned(),
        format!("/do/counter?about={number}"),
        "/do/amend?about=x".to_owned(),
        format!("/do/amend?about={number}"),
        "/do/terms?about=99".to_owned(),
        "/do/amend?about=%3Cimg%3E".to_owned(),
    ] {
        let answer = browser.get(&end);
        assert_eq!(answer.status, 404, "{end}");
        assert!(!answer.text().contains("<img"), "{end}");
    }
    // About nothing yet: what it can be about is asked, as by every other form.
    for end in ["/do/counter", "/do/amend"] {
        let answer = browser.get(end);
        assert!(answer.status == 200 && answer.text().contains("id=\"which\""), "{end}");
    }
    let other =
        browser.served.client().get(&format!("/case/{}/do/propose", "0".repeat(64)), &[("Cookie", &browser.cookie)]);
    assert_eq!(other.status, 404);
}

#[test]
fn among_three_everybody_is_ticked_by_name() {
    let served = Served::settled();
    let desk = served.desk();
    let seat = |role, label: &str| SeatOffer { role, label: open(label) };
    let others = vec![seat(Role::Supplier, HOSTILE), seat(Role::Third, "Plumber")];
    let act = desk.open_act("Three", seat(Role::Customer, "Ann"), others, "Europe/London", None);
    let case = desk.new_case(&act, now()).expect("a case").to_hex();
    let cookie = served.let_in();
    let browser = Browser { served, cookie, case: format!("/case/{case}") };
    let page = browser.page("/do/propose?what=Mend+it");
    assert!(!page.contains("name=\"way\"") && page.contains("name=\"by-person.2\""), "{page}");
    assert!(!page.contains("<img") && page.matches("<script").count() == 1, "{page}");
    let nobody = browser.send("propose", "?what=Mend+it", &[]);
    assert!(nobody.status == 422 && nobody.text().contains("<a href=\"#by\">"), "{}", nobody.text());
    browser.sign("propose", "?what=Mend+it", &[("by", "2"), ("by-person.2", "Tom: the elder")]);
    let proposal = browser.proposal();
    let terms = terms(&proposal.subjects[0]);
    assert_eq!((terms.performers[0].seat, terms.beneficiaries[0].seat), (Seat::Number(2), Seat::Number(0)));
    assert_eq!(terms.performers[0].person, Some(open("Tom: the elder")));
}

#[test]
fn texts_too_long_to_be_signed_come_back() {
    let browser = Browser::of(Two::new());
    let long = "all of this was typed by somebody ".repeat(10_000);
    let answer = browser.send("propose", "", &[("what", &long), ("conditions", &long)]);
    assert_eq!(answer.status, 422);
    let back = fields_of(answer.text());
    for field in ["what", "conditions"] {
        assert!(back.iter().any(|(name, value)| name == field && *value == long), "{field}");
    }
    assert!(answer.text().contains("id=\"errors\""));
}
