//! Calls that are logged on the page, the notebook, and letters: by forms alone, as without script.

use counterpart_core::{
    act::{Act, Contact, Role, SeatOffer},
    id::CaseId,
    value::{Sealable, Seat},
};
use counterpart_node::{Desk, LetterState, now};
use counterpart_process::{
    call::Draft,
    notebook::{Note, Remark},
};

use crate::{
    client::Answer,
    fields::{attribute, encoded, unescaped},
    served::Served,
};

fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

const DAY: i64 = 24 * 60 * 60 * 1000;

fn open_case(desk: &Desk) -> CaseId {
    let offer = |role, label| SeatOffer { role, label: open(label) };
    let others = vec![offer(Role::Supplier, "Acme Ltd")];
    let act = desk.open_act("Washing machine", offer(Role::Customer, "Maya"), others, "Europe/London", None);
    desk.new_case(&act, now() - 30 * DAY).expect("a case")
}

/// A browser without script that looks at one page.
struct Browser<'s> {
    served: &'s Served,
    cookie: String,
}

/// A form as it was sent to the browser, and what is changed in it.
struct Page {
    action: String,
    fields: Vec<(String, String)>,
}

impl<'s> Browser<'s> {
    fn of(served: &'s Served) -> Self {
        Self { served, cookie: served.let_in() }
    }

    fn get(&self, path: &str) -> Answer {
        self.served.client().get(path, &[("Cookie", &self.cookie)])
    }

    /// The form that holds this text, filled in as it came.
    fn form(&self, path: &str, with: &str) -> Page {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        Page::of(answer.text(), with)
    }

    /// Sends a form with a button; follows where it leads.
    fn send(&self, page: &Page, button: (&str, &str)) -> Answer {
        self.send_to(&page.action, page, button)
    }

    fn send_to(&self, action: &str, page: &Page, button: (&str, &str)) -> Answer {
        let all = page.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain([button]);
        let body: Vec<String> = all.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let answer = self.served.client().post(action, &self.cookie, body.join("&").as_bytes());
        match answer.header("location") {
            Some(to) => self.get(to.split('#').next().expect("a path")),
            None => answer,
        }
    }
}

impl Page {
    fn of(html: &str, with: &str) -> Self {
        let mut forms = html.split("<form ").skip(1).filter_map(|form| form.split("</form>").next());
        let form = forms.find(|form| form.contains(with)).expect(with);
        // What a template holds is no part of its form.
        let (before, rest) = form.split_once("<template").unwrap_or((form, ""));
        let form = format!("{before}{}", rest.split_once("</template>").map_or("", |(_, after)| after));
        let mut fields = Vec::new();
        for part in form.split('<').skip(1) {
            let (tag, text) = part.split_once('>').unwrap_or((part, ""));
            let Some(name) = attribute(tag, "name") else { continue };
            let kind = attribute(tag, "type").unwrap_or_default();
            if tag.starts_with("input") && (!matches!(kind.as_str(), "radio" | "checkbox") || tag.contains(" checked"))
            {
                fields.push((name, attribute(tag, "value").unwrap_or_default()));
            } else if tag.starts_with("textarea") {
                fields.push((name, unescaped(text.strip_prefix('\n').unwrap_or(text))));
            }
        }
        Self { action: attribute(&format!(" {form}"), "action").expect("an action"), fields }
    }

    /// The value of a field.
    fn value(&self, name: &str) -> &str {
        self.fields.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// Types into the first field of a name.
    fn typed(mut self, name: &str, value: &str) -> Self {
        let field = self.fields.iter_mut().find(|(n, _)| n == name).expect(name);
        value.clone_into(&mut field.1);
        self
    }
}

fn acts(desk: &Desk, case: &CaseId) -> Vec<Act> {
    let record = desk.record(case).expect("a record");
    record.graph().ordered().into_iter().map(|ix| record.laid_open(ix)).collect()
}

#[test]
fn a_call_is_logged_while_it_is_made_without_script() {
    let served = Served::settled();
    let desk = served.desk();
    let case = open_case(&desk);
    let path = format!("/case/{}/call", case.to_hex());
    let browser = Browser::of(&served);
    let before = browser.get(&path);
    assert!(before.text().contains("I am calling now") && before.text().contains("Nothing yet."));
    let begin = Page::of(before.text(), "I am calling now").typed("number", "0800 111 222");
    let waiting = browser.send(&begin, ("do", "begin"));
    assert!(waiting.text().contains("Waiting for somebody to answer"), "{}", waiting.text());

    // Two keys, the first of which the menu names; then a word that was said.
    let form = browser.form(&path, "call-form");
    browser.send(&form, ("tap", "2"));
    let form = browser.form(&path, "call-form").typed("called", "repairs");
    browser.send(&form, ("tap", "#"));
    let form = browser.form(&path, "call-form").typed("saying", "complaint");
    let shown = browser.send(&form, ("do", "said"));
    assert!(shown.text().contains("value=\"repairs\"") && shown.text().contains("value=\"say complaint\""));
    let draft = desk.draft_of(&case).expect("read").expect("kept at every step");
    assert_eq!(draft.menu, ["2 repairs", "#", "say complaint"]);

    let form = browser.form(&path, "call-form");
    let talking = browser.send(&form, ("do", "answered"));
    assert!(talking.text().contains("The call is over"), "{}", talking.text());
    let form = browser.form(&path, "call-form").typed("person", "Dean").typed("role", "customer care");
    let form =
        form.typed("summary", "He will have it <b>fetched</b>").typed("what", "Call back").typed("by", "in 3 days");
    let over = browser.send(&form, ("do", "over"));
    assert!(over.text().contains("When and how long"), "{}", over.text());

    let form = browser.form(&path, "call-form");
    assert_eq!(form.value("minutes"), "1");
    let sign = browser.send_to(&format!("/case/{}/do/call", case.to_hex()), &form, ("do", "sign"));
    assert_eq!(sign.status, 200);
    for text in
        ["notes a contact:", "Dean, customer care", "2 repairs", "say complaint", "records a promise:", "Call back"]
    {
        assert!(sign.text().contains(text), "{text}: {}", sign.text());
    }
    assert!(sign.text().contains("&#60;b&#62;fetched") && !sign.text().contains("<b>fetched"));
    assert_eq!(acts(&desk, &case).len(), 1, "nothing is signed before the yes");
    assert!(desk.draft_of(&case).expect("read").is_some());
    let page = Page::of(sign.text(), "agreed");
    browser.send(&page, ("x", ""));

    let signed = acts(&desk, &case);
    let [_, Act::Contact(contact), Act::Propose(promise)] = signed.as_slice() else { unreachable!("{signed:?}") };
    assert_eq!(contact.person, Some(open("Dean, customer care")));
    assert_eq!(contact.menu.len(), 3);
    assert_eq!((contact.waited, contact.seconds), (contact.waited.filter(|w| *w < 60), Some(60)));
    let record = desk.record(&case).expect("a record");
    assert_eq!(promise.alleged, Some(record.graph().id(record.graph().ordered()[1])), "the promise names its contact");
    assert_eq!(desk.draft_of(&case).expect("read"), None);
    let known: Vec<&str> = desk.notes_about("acme ltd").expect("read").iter().map(|entry| entry.note.kind()).collect();
    assert_eq!(known.len(), 3, "a number, a way, a person: {known:?}");
    // The same form again, as a double click sends it, signs nothing more.
    browser.send(&page, ("x", ""));
    assert_eq!(acts(&desk, &case).len(), 3);

    // Before the next call all of it is shown, and the known way is what to press next.
    let again = browser.get(&path);
    for text in ["0800 111 222", "tel:0800111222", "2 (repairs), #, say complaint", "Dean, customer care", "Call back"]
    {
        assert!(again.text().contains(text), "{text}: {}", again.text());
    }
    let begin = Page::of(again.text(), "I am calling now");
    let shown = browser.send(&begin, ("do", "begin"));
    assert!(shown.text().contains("name=\"tap\" value=\"2 repairs\""), "{}", shown.text());
    let form = browser.form(&path, "call-form");
    let shown = browser.send(&form, ("tap", "2 repairs"));
    assert!(shown.text().contains("Next, as last time: <bdi>#</bdi>"), "{}", shown.text());
    // Nobody answers: the notebook learns no way by that.
    let form = browser.form(&path, "call-form");
    browser.send(&form, ("do", "unanswered"));
    let form = browser.form(&path, "call-form");
    assert_eq!((form.value("summary"), form.value("minutes")), ("Nobody answered.", "1"));
}

#[test]
fn what_is_wrong_is_said_at_its_field_and_all_of_it_comes_back() {
    let served = Served::settled();
    let desk = served.desk();
    let case = open_case(&desk);
    let path = format!("/case/{}/do/contact?channel=visit", case.to_hex());
    let browser = Browser::of(&served);
    let form = browser.form(&path, "call-form");
    assert_eq!(form.value("channel"), "visit");
    let form = form.typed("at", "tomorrow").typed("waited", "ages").typed("summary", "\"><script>alert(1)</script>");
    let form = form.typed("what", "Refund").typed("by", "whenever").typed("person", "a\u{202E}b");
    for action in [format!("/case/{}/call", case.to_hex()), format!("/case/{}/do/contact", case.to_hex())] {
        let answer = browser.send_to(&action, &form, ("do", "keep"));
        assert_eq!(answer.status, 422);
        for field in ["at", "waited", "by-0", "person"] {
            assert!(answer.text().contains(&format!("id=\"{field}-error\"")), "{field}: {}", answer.text());
        }
        let back = Page::of(answer.text(), "call-form");
        for name in ["at", "waited", "summary", "what", "by", "channel"] {
            assert_eq!(back.value(name), form.value(name), "{name}");
        }
        assert_eq!(answer.text().matches("<script").count(), 1, "our own");
        assert!(!answer.text().contains(" visit</summary>"));
    }
    assert_eq!(acts(&desk, &case).len(), 1);
    let form = form.typed("at", "").typed("waited", "").typed("by", "").typed("person", "").typed("summary", "");
    let answer = browser.send_to(&format!("/case/{}/do/contact", case.to_hex()), &form, ("do", "sign"));
    assert!(answer.text().contains("id=\"summary-error\""), "{}", answer.text());
    // Far too long for the notebook as for the record.
    let form = form.typed("summary", &"long ".repeat(20_000));
    let answer = browser.send_to(&format!("/case/{}/do/contact", case.to_hex()), &form, ("do", "sign"));
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("too long") && answer.text().contains("long long long"));
}

#[test]
fn a_draft_is_one_for_all_windows_and_comes_back_after_it_was_thrown_away() {
    let served = Served::settled();
    let desk = served.desk();
    let case = open_case(&desk);
    let path = format!("/case/{}/call", case.to_hex());
    let browser = Browser::of(&served);
    // The command's draft is gone on with here.
    let kept =
        Draft { channel: "telephone".to_owned(), begun: now(), person: Some("Lucy".to_owned()), ..Draft::default() };
    desk.keep_draft(&case, &kept, now()).expect("kept");
    let form = browser.form(&path, "call-form");
    assert_eq!(form.value("person"), "Lucy");
    let form = form.typed("summary", "She looks into it");
    let auto = browser.send(&form, ("do", "auto"));
    assert_eq!(auto.status, 204);
    assert_eq!(desk.draft_of(&case).expect("read").and_then(|d| d.summary).as_deref(), Some("She looks into it"));

    let dropped = browser.send(&form, ("do", "drop"));
    assert!(dropped.text().contains("Thrown away."), "{}", dropped.text());
    assert_eq!(desk.draft_of(&case).expect("read"), None);
    let late = browser.send(&form, ("do", "auto"));
    assert_eq!((late.status, desk.draft_of(&case).expect("read")), (409, None), "a window that is behind");
    let undo = Page::of(dropped.text(), "Bring it back");
    let back = browser.send(&undo, ("do", "undo"));
    assert!(back.text().contains("She looks into it"), "{}", back.text());
    // A letter is another matter: the call's draft stays.
    let letter =
        browser.form(&format!("/case/{}/do/contact", case.to_hex()), "call-form").typed("summary", "They wrote");
    let shown = browser.send(&letter, ("do", "keep"));
    assert!(shown.text().contains("You began to note another contact"));
    assert_eq!(desk.draft_of(&case).expect("read").map(|d| d.channel).as_deref(), Some("telephone"));
}

#[test]
fn the_notebook_is_written_taken_out_of_and_put_back() {
    let served = Served::settled();
    let desk = served.desk();
    let browser = Browser::of(&served);
    assert!(browser.get("/notebook").text().contains("Nothing is in your notebook yet"));
    let add = |kind: &str, typed: &[(&str, &str)]| {
        let mut form =
            browser.form("/notebook", &format!("name=\"kind\" value=\"{kind}\"")).typed("whom", "Acme <i>Ltd</i>");
        for (name, value) in typed {
            form = form.typed(name, value);
        }
        browser.send(&form, ("x", ""))
    };
    assert_eq!(add("number", &[("number", "0800 1"), ("label", "complaints")]).status, 200);
    assert_eq!(add("path", &[("steps", "2 billing, wait 40 s"), ("took", "6")]).status, 200);
    assert_eq!(add("note", &[("text", "Do not mention the neighbour")]).status, 200);
    let wrong = add("person", &[("name", "Lucy"), ("email", "no address")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("value=\"no address\"") && wrong.text().contains("id=\"person-email-error\""));
    assert_eq!(add("person", &[("name", "Lucy"), ("email", "lucy@acme.example")]).status, 200);
    let shown = browser.get("/notebook");
    for text in ["0800 1, complaints", "2 (billing), wait 40 s (6 min)", "Do not mention", "Lucy, lucy@acme.example"] {
        assert!(shown.text().contains(text), "{text}: {}", shown.text());
    }
    assert!(!shown.text().contains("<i>Ltd"));
    assert_eq!(browser.get("/notebook?of=nobody").text().matches("/notebook/remove").count(), 0);

    let form = browser.form("/notebook", "/notebook/remove");
    let gone = browser.send(&form, ("x", ""));
    assert!(gone.text().contains("Taken out of your notebook.") && !gone.text().contains("0800 1, complaints"));
    let undo = Page::of(gone.text(), "/notebook/undo");
    let back = browser.send(&undo, ("x", ""));
    assert!(back.text().contains("0800 1, complaints"));
    assert_eq!(desk.notebook().expect("read").len(), 4);
    // Neither by another's word, nor what is no note.
    for id in ["", "zz", "00", &"0".repeat(32)] {
        let form = browser.form("/notebook", "/notebook/remove").typed("id", id);
        browser.send(&form, ("x", ""));
    }
    assert_eq!(desk.notebook().expect("read").len(), 4);
    assert_eq!(browser.get("/notebook?page=2").status, 404);
}

#[test]
fn a_private_note_goes_on_record_once_and_only_with_a_yes() {
    let served = Served::settled();
    let desk = served.desk();
    let case = open_case(&desk);
    let browser = Browser::of(&served);
    let path = format!("/case/{}/call", case.to_hex());
    let form = browser.form(&path, "private-text").typed("text", "The serial number is 42");
    let shown = browser.send(&form, ("x", ""));
    assert!(
        shown.text().contains("The serial number is 42") && shown.text().contains("/do/share?note="),
        "{}",
        shown.text()
    );
    assert_eq!(acts(&desk, &case).len(), 1, "a private note is not signed");
    let share = shown.text().split("href=\"").find(|at| at.contains("/do/share")).expect("a link");
    let share = share.split('"').next().expect("a path").to_owned();
    let look = browser.send(&browser.form(&share, "name=\"note\""), ("x", ""));
    assert!(look.text().contains("The serial number is 42") && look.text().contains("agreed"));
    browser.send(&Page::of(look.text(), "agreed"), ("x", ""));
    assert!(matches!(acts(&desk, &case).as_slice(), [_, Act::Note { .. }]));
    let shared = |note: &Note| matches!(note, Note::Remark(Remark { shared: Some(_), .. }));
    assert!(desk.private_notes(&case).expect("read").iter().all(|entry| shared(&entry.note)));
    assert!(browser.get(&share).text().contains("on record"));
    assert_eq!(browser.get(&format!("/case/{}/do/share?note=00", case.to_hex())).status, 404);
}

/// A promise made on the telephone, due so long ago that a reminder is due whatever day it is.
fn overdue(desk: &Desk, case: &CaseId) {
    let contact = Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: now() - 20 * DAY,
        seconds: None,
        waited: None,
        seat: Some(Seat::Number(1)),
        person: Some(open("Dean")),
        number: None,
        reference: None,
        summary: open("He will call back"),
        menu: Vec::new(),
    });
    desk.sign(case, &contact, now() - 20 * DAY).expect("signed");
    let open_case = counterpart_words::case::OpenCase::open(desk, &case.to_hex()).expect("a case");
    let promise = counterpart_process::call::Promise {
        what: "Call back <script>".to_owned(),
        by: Some(counterpart_words::when::written_out(now() - 12 * DAY, "Europe/London")),
        who: None,
    };
    let draft = Draft {
        channel: "telephone".to_owned(),
        begun: now() - 20 * DAY,
        person: Some("Dean".to_owned()),
        summary: Some("He will call back".to_owned()),
        promises: vec![promise],
        ..Draft::default()
    };
    let noted = counterpart_words::contact::noted(&open_case, &draft).expect("understood");
    let record = desk.record(case).expect("a record");
    let first = record.graph().id(*record.graph().ordered().last().expect("the contact"));
    desk.sign(case, &noted.act(&[first]).expect("a promise"), now() - 20 * DAY).expect("signed");
}

#[test]
fn a_letter_goes_out_only_with_a_yes_to_its_exact_text() {
    let served = Served::settled();
    let desk = served.desk();
    let case = open_case(&desk);
    overdue(&desk, &case);
    // Nothing is written on a Sunday, a holiday or at night: on some other day of the last ten it was.
    let written =
        (1..10).any(|day| !desk.reminders(&case, now() - day * DAY + DAY / 2).expect("read").letters.is_empty());
    let written =
        written || (1..10).any(|day| !desk.reminders(&case, now() - day * DAY).expect("read").letters.is_empty());
    assert!(written);
    let browser = Browser::of(&served);
    let path = format!("/case/{}/letters", case.to_hex());
    let shown = browser.get(&path);
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("waits for your yes") && shown.text().contains("Reminder of #3"), "{}", shown.text());
    assert_eq!(shown.text().matches("<script").count(), 1, "our own");
    let letters = || desk.reminders(&case, now()).expect("read").letters;
    assert_eq!(letters().iter().filter(|l| l.state == LetterState::Waiting).count(), 1);

    // No address, no mail: said, and nothing happens.
    let form = browser.form(&path, "value=\"send\"");
    for (by, to, why) in [
        ("email", "", "No mail server"),
        ("draft", "not an address", "One of the addresses"),
        ("notice", "", "Choose how"),
    ] {
        let wrong = browser.send(&form_with(&form, by, to), ("do", "send"));
        assert!(wrong.status == 422 && wrong.text().contains(why), "{by}: {}", wrong.text());
    }
    let drafted = browser.send(&form_with(&form, "draft", "lucy@acme.example"), ("do", "send"));
    assert!(
        drafted.text().contains("href=\"mailto:lucy@acme.example") && drafted.text().contains("I have sent it"),
        "{}",
        drafted.text()
    );
    assert_eq!(acts(&desk, &case).len(), 3, "a draft signs nothing");
    // No address of theirs is known here: the file has none, and opens all the same.
    let file = drafted.text().split(&format!("href=\"{path}/")).nth(1).and_then(|rest| rest.split('"').next());
    let file = browser.get(&format!("{path}/{}", file.expect("the file is offered")));
    assert_eq!(file.status, 200, "{}", file.text());
    assert!(file.text().contains("Subject: ") && !file.text().contains("\nTo:"), "{}", file.text());
    let look = browser.send(&Page::of(drafted.text(), "value=\"sent\""), ("do", "sent"));
    assert!(look.text().contains("agreed") && look.text().contains("reminds"), "{}", look.text());
    let wrong = browser.send(&Page::of(look.text(), "agreed").typed("agreed", "other"), ("x", ""));
    assert!(wrong.text().contains("Not done yet"));
    assert_eq!(acts(&desk, &case).len(), 3);
    let done = browser.send(&Page::of(look.text(), "agreed"), ("x", ""));
    assert!(done.text().contains("It is sent, and on record."), "{}", done.text());
    assert!(matches!(acts(&desk, &case).last(), Some(Act::Remind { .. })));
    browser.send(&Page::of(look.text(), "agreed"), ("x", ""));
    assert_eq!(acts(&desk, &case).len(), 4, "once");

    // Standing consent: the whole text first, and it is what is kept.
    let form = browser.form(&path, "value=\"allow\"");
    let look = browser.send(&form, ("do", "allow"));
    assert!(desk.consents(&case).expect("read").is_empty());
    assert!(
        look.text().contains("none is known yet") && look.text().contains("Each is signed in your name"),
        "{}",
        look.text()
    );
    let allowed = browser.send(&Page::of(look.text(), "agreed"), ("x", ""));
    assert!(allowed.text().contains("Allowed."));
    let consents = desk.consents(&case).expect("read");
    assert!(consents.len() == 1 && consents[0].text.contains("Washing machine"));
    browser.send(&Page::of(allowed.text(), "value=\"end\""), ("do", "end"));
    assert!(desk.consents(&case).expect("read").is_empty());
    for wrong in ["/letters/00", "/letters/zz"] {
        assert_eq!(browser.get(&format!("/case/{}{wrong}", case.to_hex())).status, 404);
    }
}

fn form_with(form: &Page, by: &str, to: &str) -> Page {
    Page { action: form.action.clone(), fields: form.fields.clone() }.typed("by", by).typed("to", to)
}

#[test]
fn somebody_is_reminded_and_thanked() {
    let served = Served::settled();
    let desk = served.desk();
    let case = open_case(&desk);
    overdue(&desk, &case);
    let browser = Browser::of(&served);
    for (kind, word) in [("remind", "reminds"), ("thank", "thanks")] {
        let path = format!("/case/{}/do/{kind}?about=3", case.to_hex());
        let form = browser.form(&path, "name=\"about\"");
        let wrong = browser.send(&form, ("x", ""));
        assert!(wrong.status == 422 && wrong.text().contains("id=\"text-error\""), "{}", wrong.text());
        let look = browser.send(&form.typed("text", "As we said <b>"), ("to", "1"));
        assert!(look.text().contains(word) && look.text().contains("As we said &#60;b&#62;"), "{}", look.text());
        browser.send(&Page::of(look.text(), "agreed"), ("x", ""));
    }
    let all = acts(&desk, &case);
    assert!(
        matches!(
            &all[3..],
            [Act::Remind { about: Some(_), seat: Some(Seat::Number(1)), .. }, Act::Thank { about: Some(_), .. }]
        ),
        "{all:?}"
    );
}

#[test]
fn steps_are_written_down_taken_and_taken_back() {
    let served = Served::settled();
    let desk = served.desk();
    let case = open_case(&desk);
    overdue(&desk, &case);
    let browser = Browser::of(&served);
    let path = format!("/case/{}/steps", case.to_hex());
    assert!(browser.get(&path).text().contains("No steps are kept"));
    let form = browser.form(&path, "value=\"add\"").typed("what", "Complain <b>in writing</b>").typed("after", "soon");
    let wrong = browser.send(&form, ("do", "add"));
    assert!(wrong.status == 422 && wrong.text().contains("id=\"after-error\""), "{}", wrong.text());
    assert!(wrong.text().contains("value=\"Complain &#60;b&#62;in writing"));
    let mut form = Page::of(wrong.text(), "value=\"add\"").typed("after", "2 weeks").typed("of", "3");
    form.fields.push(("from".to_owned(), "due".to_owned()));
    let shown = browser.send(&form, ("do", "add"));
    assert!(
        shown.text().contains("2 weeks after the due time of #3") && !shown.text().contains("<b>in"),
        "{}",
        shown.text()
    );
    let taken = browser.send(&browser.form(&path, "value=\"taken\"").typed("entry", "2"), ("do", "taken"));
    assert!(taken.text().contains("(#2)") && taken.text().contains("I did not take it"), "{}", taken.text());
    browser.send(&browser.form(&path, "value=\"untaken\""), ("do", "untaken"));
    assert!(desk.steps(&case).expect("read").steps.iter().all(|step| step.taken.is_none()));
    let dropped = browser.send(&browser.form(&path, "value=\"drop\""), ("do", "drop"));
    assert!(desk.steps(&case).expect("read").steps.is_empty());
    // Another one has its name by then.
    browser.send(&browser.form(&path, "value=\"add\"").typed("what", "Go to court"), ("do", "add"));
    browser.send(&Page::of(dropped.text(), "value=\"undo\""), ("do", "undo"));
    let steps = desk.steps(&case).expect("read").steps;
    assert!(steps.len() == 2 && steps[0].id != steps[1].id, "{steps:?}");
    let gone = browser.send(&Page { action: path, fields: form.fields }.typed("what", "x"), ("do", "taken"));
    assert!(gone.status == 422 && gone.text().contains("not on the list"), "{}", gone.text());
}

#[test]
fn what_is_not_there_is_not_found() {
    let served = Served::settled();
    let browser = Browser::of(&served);
    for page in ["call", "letters", "steps", "do/call", "do/contact", "do/thank"] {
        assert_eq!(browser.get(&format!("/case/{}/{page}", "0".repeat(64))).status, 404, "{page}");
        assert_eq!(browser.get(&format!("/case/x/{page}")).status, 404, "{page}");
    }
}

#[test]
fn what_was_promised_and_is_late_is_said_first_with_what_to_do() {
    let served = Served::settled();
    let desk = served.desk();
    let case = open_case(&desk);
    overdue(&desk, &case);
    let browser = Browser::of(&served);
    let path = format!("/case/{}", case.to_hex());
    let answer = browser.get(&path);
    let (_, own) = answer.text().split_once("id=\"next\"").expect("what is next");
    let (next, rest) = own.split_once("</section>").expect("its end");
    // Nobody of theirs is here to be reminded in the case: it goes by mail.
    for way in [format!("href=\"{path}/letters\""), format!("href=\"{path}/do/missed?about=")] {
        assert!(next.contains(&way), "{way}: {next}");
    }
    assert!(!next.contains("Nothing is for you to do"), "{next}");
    assert!(rest.contains(&format!("href=\"{path}/steps\"")), "{rest}");
}
