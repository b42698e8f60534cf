//! Over all cases, and how it stands with everybody: today, promises, loads, status, reasons, identities that were compared,
//! agents, settings, names in other systems.

use counterpart_core::{
    act::{Act, Proposal, Topic},
    id::{EntryId, PartyId},
    value::{ActionId, Sealable},
};
use counterpart_node::{Desk, Scope, ask};
use counterpart_testkit::case::{proposal, terms};
use serde_json::{Value as Json, json};

use crate::{served::Served, two::Two};

#[test]
fn today_has_what_is_due_in_every_case_page_by_page() {
    let mut two = Two::new();
    for (what, days) in [("Mend the tap", -2), ("Send the bill", 3), ("Call back", 5)] {
        let promised = two.propose(1, what, days);
        two.accept(0, promised);
    }
    let (id, served) = (two.case.to_hex(), two.serve());
    let all = served.get("/today").good();
    assert_eq!(all["schema"], "counterpart/today/1");
    let things = all["things"].as_array().expect("things");
    assert!(things.len() >= 3, "{all}");
    assert!(things.iter().all(|thing| thing["id"] == json!(id)), "{all}");
    assert_eq!(things[0]["group"], "overdue");
    // By pages they come once, in the same order.
    let (mut found, mut after): (Vec<Json>, String) = (Vec::new(), String::new());
    loop {
        let page = served.get(&format!("/today?limit=1{after}")).good();
        found.extend(page["things"].as_array().expect("things").iter().cloned());
        match page["next_page"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(&found, things);
    let overdue = served.get("/today?group=overdue").good();
    assert!(overdue["things"].as_array().is_some_and(|all| all.iter().all(|thing| thing["group"] == "overdue")));
    assert_eq!(served.get("/today?group=never").problem(400), "malformed");
    let calendar = served.get("/calendar.ics");
    assert_eq!((calendar.status, calendar.header("content-type")), (200, Some("text/calendar")));
    let text = String::from_utf8(calendar.body).expect("text");
    assert!(text.starts_with("BEGIN:VCALENDAR") && text.contains("Mend the tap"), "{text}");
    assert_eq!(served.get(&format!("/calendar.ics?case={}", "0".repeat(64))).problem(400), "malformed");
}

/// What was agreed in one entry is agreed anew in another; gives both.
fn agreed_anew(two: &mut Two) -> [EntryId; 2] {
    let first = two.propose(1, "Mend the tap", 3);
    two.accept(0, first);
    let mut anew = terms("Mend the tap and the sink", &[1], &[0]);
    anew.performers[0].person = Some(Sealable::Open("Dean".to_owned()));
    let action = Some(ActionId { proposal: first, index: 0 });
    let anew = two.act(1, &Act::Propose(proposal(Some(first), Topic::Action { action, terms: anew })));
    two.accept(0, anew);
    [first, anew]
}

/// Lists, the page of a case and letters go by the number that it began with.
#[test]
fn an_action_has_one_number_whatever_its_terms_became() {
    let mut two = Two::new();
    let [number, later] = agreed_anew(&mut two).map(|id| two.number(&id));
    let (case, served) = (two.case.to_hex(), two.serve());
    served.sign(&case, &json!({"act": "note", "text": "we wait"}));
    let listed = served.get("/cases").good()["cases"][0].clone();
    assert_eq!(listed["whose_move"], format!("theirs: perform #{number}"), "{listed}");
    let summary = served.get(&format!("/cases/{case}/summary")).good().to_string();
    assert!(summary.contains(&format!("do #{number}, last agreed in #{later}, since")), "{summary}");
    assert!(summary.contains(&format!("#{number} Mend the tap and the sink: agreed")), "{summary}");

    let mut two = Two::new();
    let [_, revision] = agreed_anew(&mut two);
    let declare = two.act(1, &Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() });
    two.act(0, &Act::Approve { declare, note: None });
    let (case, served) = (two.case.to_hex(), two.serve());
    let letters = served.get(&format!("/cases/{case}/letters")).good();
    let thanks = letters["letters"].as_array().expect("letters").iter().find(|letter| letter["kind"] == "thanks");
    assert_eq!(thanks.expect("thanks")["about"], format!("#{number}"), "{letters}");
}

#[test]
fn promises_are_counted_over_cases_and_come_as_a_table_too() {
    let mut two = Two::new();
    let promised = two.propose(1, "Mend the tap", 3);
    two.accept(0, promised);
    let served = two.serve();
    let listed = served.get("/promises").good();
    assert_eq!((&listed["cases"], &listed["others"][0]["counts"]["open"]), (&json!(1), &json!(1)), "{listed}");
    let name = listed["others"][0]["name"].as_str().expect("a name").replace(' ', "%20");
    assert_eq!(served.get(&format!("/promises?with={name}")).good()["others"], listed["others"]);
    assert_eq!(served.get("/promises?with=nobody").good()["others"], json!([]));
    let table = served.get("/promises.csv");
    assert_eq!(table.header("content-type"), Some("text/csv"));
    assert!(String::from_utf8(table.body).expect("text").contains("party 1"));
}

#[test]
fn loads_say_who_has_how_many_cases() {
    let served = Served::new();
    for (title, agent) in [("One", "Priyā"), ("Two", "Priyā"), ("Three", "sam")] {
        let case = served.case(title);
        served.send("PUT", &format!("/cases/{case}/assignment"), &json!({"agent": agent}), None).good();
    }
    let loads = served.get("/loads").good();
    let mut agents = loads["agents"].as_array().expect("agents").clone();
    agents.sort_by_key(|agent| agent["agent"].to_string());
    assert_eq!(agents, [json!({"agent": "Priyā", "open": 2}), json!({"agent": "sam", "open": 1})]);
}

#[test]
fn the_names_of_a_system_are_listed_page_by_page() {
    let served = Served::new();
    let mut cases = Vec::new();
    for n in 0..3 {
        let case = served.case(&format!("Case {n}"));
        served.send("PUT", &format!("/cases/{case}/external/helpdesk"), &json!({"id": format!("T-{n}")}), None).good();
        cases.push(case);
    }
    let first = served.get("/external/helpdesk?limit=2").good();
    let next = first["next"].as_str().expect("more");
    let rest = served.get(&format!("/external/helpdesk?limit=2&after={next}")).good();
    let rows: Vec<Json> =
        [first["external"].as_array(), rest["external"].as_array()].into_iter().flatten().flatten().cloned().collect();
    let expected: Vec<Json> = (0..3).map(|n| json!({"id": format!("T-{n}"), "case": cases[n]})).collect();
    assert_eq!((rows, &rest["next"]), (expected, &Json::Null));
    assert_eq!(served.get("/external/other").good()["external"], json!([]));
    let taken = served.send("PUT", &format!("/cases/{}/external/helpdesk", cases[0]), &json!({"id": "T-1"}), None);
    assert_eq!(taken.problem(409), "taken");
    assert_eq!(taken.json()["case"], json!(cases[1]), "it says which");
}

#[test]
fn it_says_who_lacks_what_and_why_something_stands() {
    let mut two = Two::new();
    let promised: Proposal = proposal(None, Topic::Action { action: None, terms: terms("Mend the tap", &[1], &[0]) });
    let promised = two.act(1, &Act::Propose(promised));
    two.accept(0, promised);
    let (case, other, number) = (two.case.to_hex(), two.other(), two.number(&promised));
    let served = two.serve();
    let status = served.get(&format!("/cases/{case}/status")).good();
    assert_eq!(
        (&status["schema"], &status["cases"][0]["case"]),
        (&json!("counterpart/status/1"), &json!(case)),
        "{status}"
    );
    assert!(served.get("/status").good()["problems"].is_array());
    let why = served.get(&format!("/cases/{case}/why/{number}")).good();
    assert_eq!(why["schema"], "counterpart/why/1", "{why}");
    let absent = served.get(&format!("/cases/{case}/why/99"));
    assert_eq!(absent.problem(404), "not-found");
    assert!(absent.json()["hint"].is_string());
    // Their identity was compared by telephone, and then it was not after all.
    let check = format!("/cases/{case}/people/{other}/check");
    let people = served.send("PUT", &check, &json!({"by": "telephone"}), None).good();
    let theirs = people["sides"].as_array().expect("sides").iter().find(|side| side["party"] == json!(other));
    assert_eq!(theirs.expect("their side")["checked"]["by"], "telephone");
    assert_eq!((served.delete(&check).status, served.delete(&check).problem(404)), (204, "not-found".to_owned()));
    let nobody = format!("/cases/{case}/people/{}/check", "0".repeat(64));
    assert_eq!(served.send("PUT", &nobody, &json!({"by": "video"}), None).problem(404), "not-found");
}

#[test]
fn an_agent_is_let_in_as_it_was_shown_and_its_rights_end() {
    let served = Served::new();
    let machine = tempfile::TempDir::new().expect("a folder");
    let party = PartyId::from_hex(served.get("/me").good()["party"].as_str().expect("an id")).expect("an id");
    let request = ask(machine.path(), party, "laptop").expect("a request").to_text();
    let wish = json!({"request": request, "only": ["note"], "ceilings": ["20 GBP"]});
    // To let somebody sign one has to be let sign oneself.
    let manages = served.token_for("manages", &[Scope::Manage]);
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "a")];
    let alone = served.ask_as(&manages, "POST", "/agents", &headers, wish.to_string().as_bytes());
    assert_eq!(alone.problem(403), "scope");
    assert_eq!(served.post("/agents", &wish).problem(422), "refused", "nobody was shown it");
    let added = served.shown_then("/agents/preview", "/agents", &wish);
    assert!(added["grant"].as_str().is_some_and(|line| !line.is_empty()), "{added}");
    let listed = served.get("/agents").good();
    let agents = listed["agents"].as_array().expect("agents");
    let agent = agents.iter().find(|agent| agent["name"] == "laptop").expect("it is there");
    assert_eq!(agent["rights"]["kinds"], json!(["note"]));
    let path = format!("/agents/{}/end", agent["device"].as_str().expect("a key"));
    let ended = served.shown_then(&format!("{path}/preview"), &path, &json!({"reason": "ended"}));
    assert_eq!(ended["reason"], "ended");
    assert_eq!(served.post(&format!("{path}/preview"), &json!({"reason": "ended"})).problem(422), "refused");
    let absent = format!("/agents/{}/end/preview", "0".repeat(64));
    assert_eq!(served.post(&absent, &json!({"reason": "ended"})).problem(404), "not-found");
}

#[test]
fn the_home_has_a_name_and_says_what_is_set_up() {
    let served = Served::new();
    assert_eq!(served.get("/settings").good()["name"], Json::Null);
    let set = served.send("PUT", "/settings/name", &json!({"name": "Ann Example"}), None).good();
    assert_eq!((&set["name"], &set["mail"], &set["admin"]), (&json!("Ann Example"), &Json::Null, &json!(true)));
    assert_eq!(Desk::open(served.home()).expect("a home").own_name().expect("read").as_deref(), Some("Ann Example"));
    for wrong in ["", "two\nlines"] {
        assert_eq!(served.send("PUT", "/settings/name", &json!({"name": wrong}), None).problem(422), "refused");
    }
    assert_eq!(set["role"], Json::Null);
    let set = |wish: Json| served.send("PUT", "/settings/name", &wish, None);
    assert_eq!(set(json!({"name": "Acme Ltd", "role": "arbiter"})).problem(422), "refused");
    assert_eq!(set(json!({"name": "Acme Ltd", "role": "supplier"})).good()["role"], "supplier");
    assert_eq!(set(json!({"name": "Acme Ltd"})).good()["role"], "supplier", "as it was");
}

#[test]
fn a_desk_is_the_supplier_of_its_customers() {
    let served = Served::new();
    let shown = |own: &Json, role: &str| {
        let mut wish = json!({"title": "Bill", "zone": "UTC", "others": [{"name": "Maya", "role": role}]});
        if !own.is_null() {
            wish["own"] = own.clone();
        }
        let text = served.post("/cases/preview", &wish).good()["text"].as_str().expect("a text").to_owned();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let named = json!({"name": "Acme Ltd"});
    let text = shown(&named, "customer");
    assert!(text.contains("Acme Ltd (supplier)") && text.contains("Maya (customer)"), "{text}");
    let text = shown(&named, "supplier");
    assert!(text.contains("Acme Ltd (customer)"), "{text}");
    let text = shown(&json!({"name": "Acme Ltd", "role": "customer"}), "customer");
    assert!(text.contains("Acme Ltd (customer)"), "what is said is what is signed\n{text}");
    let nameless = served.post("/cases/preview", &json!({"title": "x", "others": [{"name": "B", "role": "customer"}]}));
    assert_eq!(nameless.problem(422), "refused");
    served.send("PUT", "/settings/name", &json!({"name": "Acme Ltd", "role": "supplier"}), None).good();
    for own in [Json::Null, json!({}), json!({"role": "supplier"})] {
        let text = shown(&own, "third");
        assert!(text.contains("Acme Ltd (supplier)"), "{own} {text}");
    }
}
