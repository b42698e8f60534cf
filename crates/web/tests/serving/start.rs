//! From an empty home to an invitation, and by it into the case.

use std::fs;

use counterpart_core::{
    act::{Role, SeatOffer},
    id::CaseId,
    invitation::{LINK_PREFIX, Link},
    value::Sealable,
};
use counterpart_node::{Desk, now};
use counterpart_words::{
    item_value::{Here, no_files},
    template::{self, BUILT_IN},
};
use tempfile::TempDir;

use crate::{
    client::Answer,
    fields::{attribute, encoded, unescaped},
    live::Stream,
    served::Served,
};

/// One browser.
pub(crate) struct Browser<'s> {
    served: &'s Served,
    pub(crate) cookie: String,
}

impl<'s> Browser<'s> {
    pub(crate) fn at(served: &'s Served) -> Self {
        Self { served, cookie: served.let_in() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.served.client().get(path, &[("Cookie", &self.cookie)])
    }

    /// Sends a form with the fields given and those that the page holds unseen.
    pub(crate) fn send(&self, page: &Answer, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = hidden(page.text());
        let secret = all.iter().position(|(name, _)| name == "form").map(|at| all.remove(at)).expect("a form");
        let unseen = all.into_iter().filter(|(name, _)| !fields.iter().any(|(given, _)| given == name));
        let given = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let body: Vec<String> = std::iter::once(secret)
            .chain(unseen)
            .chain(given)
            .map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value)))
            .collect();
        self.served.client().post(path, &self.cookie, body.join("&").as_bytes())
    }

    /// The same for a page that holds several forms: nothing unseen goes along but what every form carries.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_on("/settings", path, fields)
    }

    pub(crate) fn post_on(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let secret = self.served.form_secret(&self.cookie, page);
        let page = Answer {
            status: 200,
            headers: Vec::new(),
            body: format!("<input type=\"hidden\" name=\"form\" value=\"{secret}\">").into_bytes(),
        };
        self.send(&page, path, fields)
    }
}

/// What a page's forms carry unseen.
fn hidden(page: &str) -> Vec<(String, String)> {
    let tags = page.split("<input type=\"hidden\"").skip(1).filter_map(|rest| rest.split('>').next());
    tags.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?))).collect()
}

/// A page's words, without its elements.
pub(crate) fn words(page: &str) -> String {
    let texts = page.split('<').filter_map(|part| Some(part.split_once('>')?.1));
    unescaped(&texts.collect::<Vec<_>>().join(" ")).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The invitation that a page shows.
fn link_in(page: &str) -> String {
    let (_, after) = page.split_once(LINK_PREFIX).expect("a link");
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').expect("its end");
    format!("{LINK_PREFIX}{}", after.get(..end).expect("letters"))
}

pub(crate) fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", words(answer.text()));
    answer.header("location").expect("a place")
}

/// A home with somebody in it.
pub(crate) fn settled(name: &str) -> Served {
    let served = Served::settled();
    served.desk().keep_own_name(name, now()).expect("kept");
    served
}

fn case_of(path: &str) -> CaseId {
    let id = path.strip_prefix("/case/").and_then(|rest| rest.get(..64)).expect("a case");
    CaseId::from_hex(id).expect("its id")
}

/// Three fields and three clicks: the name, what it is about, with whom; go on, go on, sign.
#[test]
fn from_an_empty_home_to_an_invitation() {
    let served = Served::empty();
    let browser = Browser::at(&served);
    assert_eq!(location(&browser.get("/new")), "/welcome?next=new");
    let welcome = browser.get("/welcome");
    let made = browser.send(&welcome, "/welcome", &[("name", "Ann"), ("next", "new")]);
    assert_eq!(location(&made), "/new");

    let new = browser.get("/new");
    assert_eq!(new.status, 200);
    assert!(!new.text().contains("name=\"own\" autocomplete=\"name\" required"), "the name is known");
    let title = "Broadband <b>drops</b>";
    let review = browser.send(&new, "/new", &[("title", title), ("other", "Northlink Ltd"), ("side", "customer")]);
    assert_eq!(review.status, 200, "{}", words(review.text()));
    let shown = words(review.text());
    for said in
        ["Ann opens a case", title, "Ann (customer)", "Northlink Ltd (supplier)", "Ann invites whoever holds the link"]
    {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(!review.text().contains("<b>drops"));
    assert!(served.desk().summaries().expect("readable").is_empty(), "nothing is signed yet");

    let signed = browser.send(&review, "/new", &[("yes", "invite")]);
    let to = location(&signed).to_owned();
    assert!(to.starts_with("/case/") && to.ends_with("/invite?new=1"), "{to}");
    let again = browser.send(&review, "/new", &[("yes", "invite")]);
    assert_eq!(location(&again), to, "sent twice, done once");
    assert_eq!(served.desk().summaries().expect("readable").len(), 1);

    let page = browser.get(&to);
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
    let link = link_in(page.text());
    let parsed = Link::parse(&link).expect("an invitation");
    assert_eq!(parsed.case, case_of(&to));
    assert!(page.text().contains("<svg class=\"qr\"") && page.text().contains("href=\"mailto:?subject="));
    let mailto = page.text().split("href=\"mailto:").nth(1).and_then(|m| m.split('"').next()).expect("a mail");
    assert!(mailto.contains(&encoded(&link).replace("%2D", "-").replace("%5F", "_")), "{mailto}");
    assert!(!mailto.contains([' ', '<', '\n']));
    assert!(!to.contains("join"), "the secret is in no address of ours");
}

#[test]
fn a_case_opens_without_an_invitation_and_by_a_supplier() {
    let served = settled("Northlink Ltd");
    let browser = Browser::at(&served);
    let new = browser.get("/new");
    let fields = [
        ("title", "Broadband"),
        ("other", "Ann"),
        ("side", "supplier"),
        ("own", "Northlink, customer care"),
        ("with-1", "Lex"),
        ("role-1", "arbiter"),
        ("zone", "Europe/London"),
        ("about", "Two\nlines"),
    ];
    let review = browser.send(&new, "/new", &fields);
    let shown = words(review.text());
    for said in
        ["Northlink, customer care (supplier)", "Ann (customer)", "Lex (arbiter)", "Europe/London", "Two", "lines"]
    {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(!shown.contains("invites whoever"), "with two others nobody is invited unasked");
    let changed = browser.send(&review, "/new", &[("again", "1")]);
    assert!(changed.text().contains("value=\"Lex\"") && changed.text().contains("Two\nlines"), "{}", changed.text());
    let signed = browser.send(&review, "/new", &[("yes", "alone")]);
    let case = case_of(location(&signed));
    let record = served.desk().record(&case).expect("it is there");
    assert_eq!((record.graph().len(), record.lens().seats().len()), (1, 3));
    assert_eq!(served.desk().own_name().expect("kept").as_deref(), Some("Northlink Ltd"), "for this case alone");
}

#[test]
fn what_was_typed_comes_back_with_what_is_wrong() {
    let served = settled("Ann");
    let browser = Browser::at(&served);
    let new = browser.get("/new");
    let long = "x".repeat(201);
    for (fields, wrong, back) in [
        (vec![("title", ""), ("other", "North \"link\"")], "title", "North &#34;link&#34;"),
        (vec![("title", "Broadband"), ("other", " ")], "other", "Broadband"),
        (vec![("title", "a\u{202E}b"), ("other", "N")], "title", "U+202E"),
        (vec![("title", &*long), ("other", "N")], "title", &*long),
        (vec![("title", "B"), ("other", "N"), ("zone", "Atlantis/Middle")], "zone", "Atlantis/Middle"),
        (vec![("title", "B"), ("other", "N"), ("with-2", "a\0b")], "with-2", "value=\"B\""),
    ] {
        let answer = browser.send(&new, "/new", &fields);
        assert_eq!(answer.status, 422, "{fields:?}");
        let text = answer.text();
        assert!(
            text.contains("id=\"errors\"") && text.contains(&format!("href=\"#{wrong}\"")),
            "{wrong}: {}",
            words(text)
        );
        assert!(text.contains(&format!("id=\"{wrong}\"")) && text.contains(back), "{wrong}: {text}");
    }
    assert!(served.desk().summaries().expect("readable").is_empty());
}

#[test]
fn every_template_can_be_begun_with() {
    let served = settled("Ann");
    let browser = Browser::at(&served);
    let list = browser.get("/new");
    let here = Here { zone: "Europe/London", now: now(), file: no_files };
    for (name, file) in BUILT_IN {
        assert!(list.text().contains(&format!("href=\"/new/{name}\"")), "{name} is listed");
        let path = format!("/new/{name}");
        let page = browser.get(&path);
        assert_eq!(page.status, 200, "{name}");
        let template = template::read(file.as_bytes()).expect("it holds together");
        // Without the answers it says which are needed.
        let lacking = browser.send(&page, &path, &[("title", &template.title), ("other", "Northlink Ltd")]);
        if template.items.iter().any(|item| item.required) {
            assert_eq!(lacking.status, 422, "{name}");
        }
        let answers: Vec<(String, String)> =
            template.items.iter().map(|item| (format!("q-{}", item.key), item.sample())).collect();
        let mut fields = vec![("title", &*template.title), ("other", "Northlink Ltd"), ("zone", "Europe/London")];
        fields.extend(answers.iter().map(|(key, value)| (&**key, &**value)));
        let review = browser.send(&page, &path, &fields);
        assert_eq!(review.status, 200, "{name}: {}", words(review.text()));
        let signed = browser.send(&review, &path, &[("yes", "alone")]);
        let case = case_of(location(&signed));
        let desk = served.desk();
        let (given, _) = template
            .answers(
                &template.items.iter().map(|item| format!("{}={}", item.key, item.sample())).collect::<Vec<_>>(),
                here,
            )
            .expect("samples work");
        let seats = [(Role::Customer, "Ann"), (Role::Supplier, "Northlink Ltd")]
            .map(|(role, label)| SeatOffer { role, label: Sealable::Open(label.to_owned()) });
        let plan = template::Plan::new(&template, &given, template::Seats(&seats), here).expect("a plan");
        assert_eq!(desk.record(&case).expect("open").graph().len(), plan.acts.len() + 1, "{name}: all of it is signed");
        assert_eq!(desk.rules(&case).expect("kept").len(), plan.reminders.len(), "{name}");
    }
}

#[test]
fn a_template_is_a_name_and_never_a_path() {
    let served = settled("Ann");
    let browser = Browser::at(&served);
    let file = served.home().join("mine.toml");
    fs::write(&file, BUILT_IN[0].1).expect("written");
    let path = file.display().to_string().replace('/', "%2F");
    for wrong in [&*path, "..%2Fmine.toml", "mine.toml", "no-such-template", "%00", "A"] {
        assert_eq!(browser.get(&format!("/new/{wrong}")).status, 404, "{wrong}");
    }
    let folder = served.home().join("templates");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("mine.toml"), "template = 1\nname = \"mine\"\n<script>").expect("written");
    let list = browser.get("/new");
    assert!(list.text().contains("has errors") && !list.text().contains("<script>"));
    let answer = browser.get("/new/mine");
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("does not hold together"), "{}", words(answer.text()));
}

/// Opens a case on a desk, for whoever is called so.
pub(crate) fn open_case(desk: &Desk, others: &[(Role, &str)]) -> CaseId {
    let seat = |(role, label): (Role, &str)| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let others = others.iter().copied().map(seat).collect();
    let act = desk.open_act("Broadband", seat((Role::Customer, "Ann")), others, "Europe/London", None);
    desk.new_case(&act, now()).expect("a case")
}

#[test]
fn whoever_is_let_in_later_is_invited_too() {
    let served = settled("Ann");
    let browser = Browser::at(&served);
    let case = open_case(&served.desk(), &[]);
    let (admit, invite) = (format!("/case/{}/do/admit", case.to_hex()), format!("/case/{}/do/invite", case.to_hex()));
    assert!(browser.get(&format!("/case/{}", case.to_hex())).text().contains(&admit), "there is a way");
    let review = browser.send(&browser.get(&admit), &admit, &[("name", "Bea"), ("role", "customer")]);
    assert_eq!(browser.send(&review, &admit, &[]).status, 303);
    let page = browser.get(&format!("/case/{}/invite", case.to_hex()));
    assert!(words(page.text()).contains("Bea"), "{}", words(page.text()));
    let review = browser.send(&page, &invite, &[("days", "3")]);
    assert!(words(review.text()).contains("invites whoever holds the link"), "{}", words(review.text()));
    assert_eq!(browser.send(&review, &invite, &[]).status, 303);
    Link::parse(&link_in(browser.get(&format!("/case/{}/invite", case.to_hex())).text())).expect("a link");
}

#[test]
fn who_only_looks_on_is_not_offered_what_would_be_refused() {
    let served = settled("Ann");
    let browser = Browser::at(&served);
    let desk = served.desk();
    let seat = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let act = desk.open_act("A leak", seat(Role::Observer, "Ann"), vec![seat(Role::Supplier, "Bo")], "UTC", None);
    let case = desk.new_case(&act, now()).expect("a case").to_hex();
    for end in ["", "/people", "/facts"] {
        let page = browser.get(&format!("/case/{case}{end}"));
        for kind in ["propose", "item", "close", "terms", "admit", "card", "handover"] {
            assert!(!page.text().contains(&format!("/do/{kind}\"")), "{kind} on {end}");
        }
    }
    let page = browser.get(&format!("/case/{case}"));
    for kind in ["note", "attach", "leave"] {
        assert!(page.text().contains(&format!("/do/{kind}\"")), "{kind}");
    }
}

#[test]
fn invitations_are_made_shown_and_taken_back() {
    let served = settled("Ann");
    let browser = Browser::at(&served);
    let case = open_case(&served.desk(), &[(Role::Supplier, "Northlink Ltd"), (Role::Observer, "Lex <i>")]);
    let (path, form) = (format!("/case/{}/invite", case.to_hex()), format!("/case/{}/do/invite", case.to_hex()));
    let page = browser.get(&path);
    assert!(!page.text().contains(LINK_PREFIX) && page.text().contains("Lex &#60;i&#62;"), "{}", words(page.text()));
    for (fields, wrong) in [
        (vec![("seat", "9"), ("days", "14")], "no seat"),
        (vec![("seat", "1"), ("days", "400")], "1 to 365"),
        (vec![("seat", "1"), ("days", "x")], "1 to 365"),
        (vec![("seat", "1"), ("days", "14"), ("addresses", "javascript:alert(1)")], "begins with /"),
    ] {
        let answer = browser.send(&page, &form, &fields);
        assert_eq!(answer.status, 422, "{fields:?}");
        assert!(words(answer.text()).contains(wrong), "{wrong}: {}", words(answer.text()));
    }
    let fields = [("seat", "1"), ("days", "3"), ("label", "for Dean"), ("addresses", "/ip4/203.0.113.7/tcp/4001")];
    let review = browser.send(&page, &form, &fields);
    assert!(words(review.text()).contains("invites whoever holds the link"), "{}", words(review.text()));
    assert!(!review.text().contains(LINK_PREFIX));
    let signed = browser.send(&review, &form, &[]);
    assert_eq!(location(&signed), format!("{path}?signed=2"));
    let page = browser.get(&path);
    let link = Link::parse(&link_in(page.text())).expect("a link");
    assert_eq!((link.addresses.len(), link.case), (1, case));
    assert!(page.text().contains("for Dean"));
    let kept = served.desk().with_store(|store| store.invites(case)).expect("readable");
    assert_eq!(kept.len(), 1, "kept with the act");

    let out = format!("/case/{}/do/uninvite", case.to_hex());
    let review = browser.send(
        &browser.get(&format!("{out}?about=2")),
        &out,
        &[("about", "2"), ("reason", "Sent to the wrong one")],
    );
    assert!(words(review.text()).contains("Sent to the wrong one"), "{}", words(review.text()));
    assert_eq!(location(&browser.send(&review, &out, &[])), format!("{path}?signed=3"));
    let page = browser.get(&path);
    assert!(!page.text().contains(LINK_PREFIX) && page.text().contains("taken back"), "{}", words(page.text()));
    assert_eq!(browser.get(&format!("/case/{}/invite", "0".repeat(64))).status, 404);
}

#[test]
fn an_invitation_that_is_of_no_use_is_told() {
    let (served, other) = (settled("Ann"), settled("Northlink"));
    let browser = Browser::at(&served);
    let case = open_case(&other.desk(), &[(Role::Supplier, "Northlink Ltd")]);
    let seat = counterpart_core::value::Seat::Number(1);
    let addresses = vec!["/ip4/127.0.0.1/tcp/1".to_owned()];
    let late = other.desk().invite(&case, seat, None, now() + 1, addresses.clone(), now()).expect("a link").to_text();
    let good = other.desk().invite(&case, seat, None, now() + 1_000_000, addresses, now()).expect("a link").to_text();
    let own = open_case(&served.desk(), &[(Role::Supplier, "N")]);
    let own = served.desk().invite(&own, seat, None, now() + 1_000_000, Vec::new(), now()).expect("a link").to_text();
    while now() <= Link::parse(&late).expect("a link").expires {}
    let page = browser.get("/join");
    let (half, _) = good.split_at(60);
    for (typed, wrong) in [
        ("", "Paste the invitation"),
        ("<script>alert(1)</script>", "begins with counterpart:join#"),
        (half, "incomplete or mistyped"),
        (&*late, "expired"),
    ] {
        let answer = browser.send(&page, "/join", &[("link", typed)]);
        assert_eq!((answer.status, answer.header("cache-control")), (422, Some("no-store")));
        assert!(words(answer.text()).contains(wrong), "{wrong}: {}", words(answer.text()));
        assert!(!answer.text().contains("<script>alert"));
    }
    let mine = browser.send(&page, "/join", &[("link", &own)]);
    assert!(location(&mine).starts_with("/join?case="), "one is in that case already");

    // A whole mail, and then the wait.
    let mail = format!("Dear Ann,\n\nhere it is: {good}\n\nYours");
    let review = browser.send(&page, "/join", &[("link", &mail)]);
    assert_eq!((review.status, review.header("cache-control")), (200, Some("no-store")));
    assert!(words(review.text()).contains("You ask to join the case"), "{}", words(review.text()));
    assert!(served.desk().with_store(|store| store.joins()).expect("readable").is_empty());
    let asked = browser.send(&review, "/join", &[("yes", "join")]);
    assert_eq!(location(&asked), format!("/join?case={}", case.to_hex()));
    let waits = browser.get(location(&asked));
    assert!(words(waits.text()).contains("Waiting to be let in"), "{}", words(waits.text()));
    assert!(!waits.text().contains(&good), "the secret is not shown again");
    let stopped = browser.post("/join/stop", &[("case", &case.to_hex())]);
    assert_eq!(location(&stopped), "/join");
    let over = browser.get(&format!("/join?case={}", case.to_hex()));
    assert!(words(over.text()).contains("You were not let in"), "{}", words(over.text()));
}

/// Both sides by their pages, each with its own node.
#[test]
fn the_invited_come_in() {
    let served = |name: &str| {
        let home = TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        let served = Served::of(home, true);
        served.desk().keep_own_name(name, now()).expect("kept");
        served
    };
    let (ann, northlink) = (served("Ann"), served("Northlink Ltd"));
    let (a, n) = (Browser::at(&ann), Browser::at(&northlink));
    let mut review = a.send(&a.get("/new"), "/new", &[("title", "Broadband"), ("other", "Northlink Ltd")]);
    review = a.send(&review, "/new", &[("yes", "invite")]);
    let invite = location(&review).to_owned();
    let case = case_of(&invite);
    let link = link_in(a.get(&invite).text());
    let (status, mut stream) = Stream::open(&northlink, &n.cookie);
    assert_eq!(status, 200);
    let review = n.send(&n.get("/join"), "/join", &[("link", &link)]);
    let asked = n.send(&review, "/join", &[("yes", "join")]);
    let page = location(&asked).to_owned();
    // Each notice is a reason to look again, as the script does.
    while !n.get(&page).text().contains(&format!("href=\"/case/{}\"", case.to_hex())) {
        assert!(stream.next().is_some(), "the program is there");
    }
    assert!(words(n.get(&page).text()).contains("You are in"));
    let shown = words(a.get(&invite).text());
    assert!(shown.contains("used, by") && !a.get(&invite).text().contains(LINK_PREFIX), "{shown}");

    // The same link is of no use to a third.
    let third = served("Mallory");
    let m = Browser::at(&third);
    let (_, mut stream) = Stream::open(&third, &m.cookie);
    let review = m.send(&m.get("/join"), "/join", &[("link", &link)]);
    let page = location(&m.send(&review, "/join", &[("yes", "join")])).to_owned();
    while !m.get(&page).text().contains("You were not let in") {
        assert!(stream.next().is_some(), "the program is there");
    }
    let told = words(m.get(&page).text());
    assert!(told.contains("used by somebody else"), "{told}");
}

/// Whatever is typed into any field of these forms is text, on every page that shows it again.
#[test]
fn what_is_typed_is_text() {
    let served = settled("Ann");
    let browser = Browser::at(&served);
    let new = browser.get("/new");
    for hostile in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' autofocus onfocus=alert(1) x='",
        "</textarea><script>alert(1)</script>",
        "</title><base href=//example.org>",
        "{{7*7}}",
    ] {
        let fields = ["title", "other", "own", "about", "with-1", "zone"].map(|name| (name, hostile));
        let mut pages = vec![browser.send(&new, "/new", &fields)];
        pages.push(browser.send(&new, "/new", &fields[..5]));
        pages.push(browser.send(&new, "/new/refund", &fields));
        pages.push(browser.post("/join", &[("link", hostile)]));
        pages.push(browser.post(
            "/agents/add",
            &[("request", hostile), ("name", hostile), ("ceiling", hostile), ("kind", hostile), ("what", "only")],
        ));
        pages.push(browser.post("/settings/name", &[("name", &format!("{hostile}\u{202E}"))]));
        pages.push(browser.post("/settings/stamps", &[("service", hostile), ("root", hostile)]));
        for page in pages {
            let text = page.text();
            assert_eq!(text.matches("<script").count(), 1, "our own: {hostile}");
            assert!(!text.contains("<img") && !text.contains("<base"), "{hostile}");
            assert!(!text.contains(" x='"), "{hostile}");
        }
    }
}
