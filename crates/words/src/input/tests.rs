//! Inputs as data: what each becomes and how it is shown, what is refused, and that what was shown is what is signed.

use std::collections::BTreeMap;

use counterpart_core::{
    act::{Act, CancelClause, Contact, Mode, Proposal, Topic},
    attachment::FileRef,
    id::{CaseId, EntryId},
    record::Record,
    seal::PathStep,
    value::{Due, Money, Sealable, Seat},
};
use counterpart_node::{AgentGrant, Desk, Rights, ask, now};
use counterpart_process::clocks::Which;
use counterpart_testkit::{
    case::{case_between, proposal, sign, terms},
    home::{self, put_case, summary_of},
    party::Party,
    rng::Rng,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

mod limits;
mod program;

use super::{Input, Prepared, prepare};
use crate::{
    case::OpenCase,
    clocks::{self, ClocksTyped},
    error::Done,
    for_programs::{self, Otherwise},
};

const DAY: i64 = 24 * 60 * 60 * 1000;
const CASES: &str = include_str!("cases.json");
const PUT: &[u8] = b"abc";

/// A home whose party is the customer in a case with a supplier, in which both have done a good deal.
struct Stage {
    home: TempDir,
    parties: [Party; 2],
    case: CaseId,
    record: Record,
    rng: Rng,
    at: i64,
    /// What things are called in the inputs, with the entry meant.
    names: BTreeMap<&'static str, EntryId>,
}

fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

/// What one seat does for the other.
fn does(what: &str, seat: u32) -> Proposal {
    proposal(None, Topic::Action { action: None, terms: terms(what, &[seat], &[1 - seat]) })
}

impl Stage {
    fn new() -> Self {
        let home = TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        let parties = [party_of(&home), Party::new(2)];
        let case = case_between(&[&parties[0], &parties[1]]);
        let (record, at) = (case.record, now() - 20 * DAY);
        Self { home, parties, case: case.id, record, rng: Rng::new(5), at, names: BTreeMap::new() }
    }

    fn act(&mut self, seat: usize, act: &Act) -> EntryId {
        self.at += 60_000;
        let (author, key) = (self.parties[seat].author(0), self.parties[seat].devices[0].key.clone());
        sign(&mut self.record, &author, &key, act, self.at, &mut self.rng).id
    }

    fn named(&mut self, name: &'static str, seat: usize, act: &Act) -> EntryId {
        let id = self.act(seat, act);
        self.names.insert(name, id);
        id
    }

    fn agreed(&mut self, name: &'static str, proposal: Proposal) -> EntryId {
        let revision = self.named(name, 0, &Act::Propose(proposal));
        self.act(1, &Act::Accept { revision, note: None });
        revision
    }

    /// All that the inputs speak of.
    fn played() -> Self {
        let mut stage = Self::new();
        stage.named("offer", 1, &Act::Propose(does("Send a plumber", 1)));
        let both = [does("Mend the pipe", 1), does("Mend the wall", 1)].into_iter().flat_map(|p| p.subjects);
        let bundle = Proposal { subjects: both.collect(), ..does("", 1) };
        stage.named("bundle", 1, &Act::Propose(bundle));
        stage.named("mine", 0, &Act::Propose(does("Pay the bill", 0)));
        stage.agreed("confirmable", Proposal { mode: Mode::Confirm, ..does("Pay in two parts", 0) });
        let due = now() - 2 * DAY;
        let due = due - due.rem_euclid(60_000);
        let local = crate::when::local_in(due, "Europe/Berlin").expect("a time");
        let mut full = terms("Bring a new tap", &[1], &[0]);
        full.due = Some(Due::At { instant: due, local, zone: "Europe/Berlin".to_owned() });
        full.value = Money::parse("25.00", "GBP").ok();
        full.conditions = vec![open("it is dry"), open("it holds for a day")];
        full.cancel = vec![CancelClause { by: Seat::Number(0), text: open("if nobody comes"), until: None }];
        stage.agreed("agreed", proposal(None, Topic::Action { action: None, terms: full.clone() }));
        stage.agreed("duty", does("Clear the kitchen", 0));
        let finished = stage.agreed("finished", proposal(None, Topic::Action { action: None, terms: full }));
        let declare = |revision| Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() };
        stage.named("declared", 1, &declare(finished));
        let own = stage.agreed("own", does("Move the table", 0));
        stage.named("own_declared", 0, &declare(own));
        let asked = stage.agreed("asked", does("Paint the wall", 1));
        stage.named("request", 1, &Act::Release { of: asked, reason: None });
        let free = Topic::Terms {
            terms: None,
            title: "Visits".to_owned(),
            text: open("after nine"),
            seats: vec![Seat::Number(0), Seat::Number(1)],
        };
        stage.agreed("visits", proposal(None, free));
        stage.named("told", 1, &Act::Note { text: open("The pipe is made of lead"), about: None });
        stage.named("told_too", 1, &Act::Note { text: open("The wall is wet"), about: None });
        let contact = Contact {
            channel: "telephone".to_owned(),
            direction: "out".to_owned(),
            started: stage.at,
            seconds: None,
            waited: None,
            seat: Some(Seat::Number(1)),
            person: Some(open("Priya Shah")),
            number: Some(open("0800 1")),
            reference: None,
            summary: open("they ring back"),
            menu: Vec::new(),
        };
        stage.named("called", 0, &Act::Contact(contact.clone()));
        let theirs = stage.named("they_called", 1, &Act::Contact(Contact { seat: None, ..contact }));
        let path = vec![PathStep::Key("person".to_owned())];
        stage.named("please", 1, &Act::Erase { entry: theirs, path, reason: None });
        let about = stage.names["told"];
        stage.named("their_dispute", 1, &Act::Dispute { about, subject: None, reason: open("it is copper") });
        let about = stage.names["duty"];
        stage.named("my_dispute", 0, &Act::Dispute { about, subject: None, reason: open("it was cleared") });
        stage
    }

    /// Puts all of it into the home.
    fn desk(&self) -> Desk {
        let desk = Desk::open(self.home.path()).expect("a home");
        let (own, entries) = (desk.author(), self.record.graph().len());
        let written = desk.with_store(|store| {
            store.write(|txn| {
                put_case(txn, own.device, &self.record, entries, &[self.parties[1].id])?;
                txn.put_summary(&summary_of(self.case, "A kitchen that leaks", entries, now()))
            })
        });
        written.expect("a written store");
        // The bytes of one file were put into the case, and no act names it.
        let put = self.home.path().join("put");
        std::fs::write(&put, PUT).expect("a file");
        desk.keep_file(&self.case, &FileRef::of(PUT), &put).expect("kept");
        desk
    }

    /// An input in which what stands in braces is the number of the entry called so.
    fn input(&self, json: &Json) -> Json {
        let names = self.record.names();
        let mut text = json.to_string();
        for (name, id) in &self.names {
            text = text.replace(&format!("{{{name}}}"), names.of(id).trim_start_matches('#'));
        }
        serde_json::from_str(&text).expect("numbers are texts")
    }
}

/// A home's own party, able to sign as the home would.
fn party_of(home: &TempDir) -> Party {
    let desk = Desk::open(home.path()).expect("a home");
    let author = desk.author();
    let log = desk.with_store(|store| store.key_events(author.party)).expect("a key log");
    home::party_of(home.path(), &author, desk.peer_id().as_bytes(), log)
}

/// An agent of the home's party, on a machine of its own.
fn with_agent(desk: &Desk, name: &str) -> AgentGrant {
    let machine = TempDir::new().expect("a folder");
    let request = ask(machine.path(), desk.party(), name).expect("a request");
    let kinds = counterpart_core::keylog::Kinds::All;
    let rights = Rights { kinds, receive: false, admin: false, ceilings: Vec::new() };
    desk.add_agent(&request, &rights, name, now()).expect("granted")
}

fn prepared(desk: &Desk, case: &OpenCase, json: Json) -> Done<Prepared> {
    prepare(desk, case, &Input::from_json(json)?)
}

fn texts(json: &Json) -> Vec<&str> {
    json.as_array().map(|all| all.iter().filter_map(Json::as_str).collect()).unwrap_or_default()
}

/// One case of the file: gives what is wrong with it.
fn tried(stage: &Stage, desk: &Desk, case: &OpenCase, row: &Json) -> Option<String> {
    let told = prepared(desk, case, stage.input(&row["input"]));
    let lacks = |text: &str, parts: &[&str]| parts.iter().find(|part| !text.contains(*part)).map(|p| (*p).to_owned());
    match (told, texts(&row["refused"])) {
        (Ok(prepared), none) if none.is_empty() => {
            let kinds: Vec<&str> = prepared.acts.iter().map(Act::kind).collect();
            if kinds != texts(&row["acts"]) {
                return Some(format!("acts are {kinds:?}"));
            }
            let expected = stage.input(&row["text"]);
            lacks(&prepared.text, &texts(&expected)).map(|part| format!("no '{part}' in\n{}", prepared.text))
        }
        (Ok(prepared), _) => Some(format!("not refused:\n{}", prepared.text)),
        (Err(why), parts) => {
            let hint = why.hint_for_programs().unwrap_or_default();
            let said = format!("{}\n{hint}", why.message);
            // Neither options nor commands of a shell are told to programs.
            let told = |text: &str| for_programs::said(text, |_| None, Otherwise::Goes).unwrap_or_default();
            let told = format!("{}\n{}", told(&why.message), told(hint));
            if ["--", "counterpart "].iter().any(|typed| told.contains(typed)) {
                return Some(format!("it is said as to a person: {told}"));
            }
            if parts.is_empty() { Some(said) } else { lacks(&said, &parts).map(|p| format!("no '{p}' in\n{said}")) }
        }
    }
}

#[test]
fn each_input_becomes_its_acts_and_its_text_or_is_refused() {
    let stage = Stage::played();
    let desk = stage.desk();
    with_agent(&desk, "helper");
    let case = OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    let rows: Vec<Json> = serde_json::from_str(CASES).expect("cases");
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| tried(&stage, &desk, &case, row).map(|why| format!("{}: {why}", row["name"])))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n\n"));
    // No act is left out: the schema names them all.
    let schema = serde_json::to_value(schemars::schema_for!(Input)).expect("JSON");
    let known: Vec<&str> = schema["oneOf"]
        .as_array()
        .expect("one of several")
        .iter()
        .filter_map(|one| one["properties"]["act"]["const"].as_str())
        .collect();
    assert_eq!(known.len(), schema["oneOf"].as_array().map_or(0, Vec::len));
    for act in known {
        let tried = rows.iter().any(|row| row["input"]["act"] == act);
        assert!(tried, "no case tries {act}");
    }
}

/// A place in an act that its author fills in.
fn fill_in(act: &mut Json, place: &str) {
    let (above, name) = place.rsplit_once('/').expect("a place");
    let said = match name {
        "action" | "0" => json!({"what": "Something else"}),
        "value" => json!(7),
        _ => json!("Something else"),
    };
    match (act.pointer_mut(place), said) {
        (Some(Json::Object(there)), Json::Object(fields)) => there.extend(fields),
        (Some(there), said) => *there = said,
        (None, said) => {
            let above = act.pointer_mut(above).and_then(Json::as_object_mut).expect("an object");
            above.insert(name.to_owned(), said);
        }
    }
}

/// What `next` names as possible is signed as it stands there, once what is for its author to say is said.
#[test]
fn each_move_has_an_act_that_would_be_signed() {
    let stage = Stage::played();
    let desk = stage.desk();
    let case = OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    let next = crate::json::next(&case, &crate::render::outlook(&case, None));
    let own = next["sides"].as_array().expect("sides").iter().find(|side| side["own"] == true).expect("our side");
    let waiting: Vec<&Json> = own["waiting"].as_array().expect("a list").iter().collect();
    let mut acts: Vec<&Json> = waiting.iter().flat_map(|one| one["acts"].as_array().expect("a list")).collect();
    assert_eq!(acts.len(), 2, "what is to be erased: {acts:?}");
    let moves = waiting.iter().flat_map(|one| one["moves"].as_array().expect("a list"));
    acts.extend(moves.chain(own["other_moves"].as_array().expect("a list")).filter(|m| !m["command"].is_null()));
    let mut kinds: Vec<&str> = Vec::new();
    for one in acts {
        let mut act = one["act"].clone();
        for place in texts(&one["fill_in"]) {
            fill_in(&mut act, place);
        }
        let refused = prepared(&desk, &case, act.clone()).err();
        assert_eq!(refused, None, "{one}\n{act}");
        kinds.push(one["act"]["act"].as_str().expect("a kind"));
    }
    for kind in
        ["accept", "counter", "decline", "declare", "approve", "reject", "allow", "refuse", "propose", "withdraw"]
    {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
}

#[test]
fn the_schema_explains_every_field_and_allows_no_other() {
    fn look(path: &str, schema: &Json, wrong: &mut Vec<String>) {
        if let Some(fields) = schema["properties"].as_object() {
            for (name, field) in fields {
                let constant = field.get("const").is_some();
                // A field by which one of several is told is explained with it.
                let explained = schema["description"].is_string() && fields.len() == 1;
                if !constant && !explained && !field["description"].is_string() && !field["$ref"].is_string() {
                    wrong.push(format!("{path}.{name} is not explained"));
                }
            }
            if schema["additionalProperties"] != json!(false) && schema["unevaluatedProperties"] != json!(false) {
                wrong.push(format!("{path} allows other fields"));
            }
        }
        match schema {
            Json::Object(parts) => parts.iter().for_each(|(name, part)| look(&format!("{path}/{name}"), part, wrong)),
            Json::Array(parts) => {
                parts.iter().enumerate().for_each(|(n, part)| look(&format!("{path}/{n}"), part, wrong));
            }
            _ => {}
        }
    }
    let schema = serde_json::to_value(schemars::schema_for!(Input)).expect("JSON");
    let mut wrong = Vec::new();
    look("", &schema, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_input_written_is_read_back_as_it_was() {
    let stage = Stage::played();
    let rows: Vec<Json> = serde_json::from_str(CASES).expect("cases");
    let mut read = 0;
    for row in rows.iter().filter(|row| row["refused"].is_null()) {
        let input = Input::from_json(stage.input(&row["input"])).expect("understood");
        let written = serde_json::to_value(&input).expect("JSON");
        assert_eq!(Input::from_json(written), Ok(input), "{}", row["name"]);
        read += 1;
    }
    assert!(read > 40, "{read}");
}

#[test]
fn what_was_shown_is_what_is_signed_in_one_go() {
    let stage = Stage::played();
    let desk = stage.desk();
    let case = OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    let before = case.record.graph().len();
    let input = json!({
        "act": "contact", "channel": "telephone", "direction": "out", "started": "2024-05-03T10:15:00+01:00",
        "summary": "They look into it", "person": "Lucy", "promises": [
            {"what": "Ring back", "due": {"at": "2024-05-10T17:00:00Z"}},
            {"what": "Send a letter", "due": {"after": {"count": 3, "unit": "working-days"}}},
        ],
    });
    let first = prepared(&desk, &case, input.clone()).expect("understood");
    let again = prepared(&desk, &case, input).expect("understood");
    assert_eq!((first.digest(), &first.text), (again.digest(), &again.text), "the same as often as it is asked for");
    assert_eq!(first.digest().len(), 64);
    let kept = std::cell::Cell::new(0);
    let signed = first.sign(&desk, case, |_, signed| {
        kept.set(signed.len());
        Ok(())
    });
    let (case, signed) = signed.expect("signed");
    assert_eq!((signed.len(), kept.get(), case.record.graph().len()), (3, 3, before + 3));
    for promise in &signed[1..] {
        let ix = case.record.graph().find(&promise.id).expect("on record");
        let proposal = case.record.fold().proposal(ix).expect("a proposal");
        assert_eq!(proposal.alleged, Some(signed[0].id), "it names the contact it was made in");
    }
    // What another program keeps with it stands or falls with it.
    let note = |text: &str| json!({"act": "note", "text": text});
    let failing = prepared(&desk, &case, note("one")).expect("understood");
    let length = case.record.graph().len();
    let refused = failing.sign(&desk, case, |_, _| Err(counterpart_node::DeskError::NotAsked));
    assert!(refused.is_err());
    let case = OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    assert_eq!(case.record.graph().len(), length, "nothing was signed");
    // How far off a time is changes by itself, and makes no other text of it.
    let mut later = OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    let due = json!({"act": "propose", "subjects": [
        {"is": "action", "what": "Ring", "due": {"at": "2031-07-08T17:00:00Z"}}]});
    let before = prepared(&desk, &later, due.clone()).expect("understood");
    later.now += DAY;
    let after = prepared(&desk, &later, due).expect("understood");
    assert_ne!(before.text, after.text);
    assert_eq!(before.digest(), after.digest());
    // Another text, another digest.
    let (one, two) = (prepared(&desk, &case, note("one")), prepared(&desk, &case, note("two")));
    assert_ne!(one.expect("understood").digest(), two.expect("understood").digest());
}

#[test]
fn clocks_are_stopped_and_run_on_in_the_words_of_the_command() {
    let mut stage = Stage::played();
    let typed = ClocksTyped { lengths: vec![(Which::Resolution, "4000 hours".to_owned())], ..ClocksTyped::default() };
    let agreed = typed.read("Europe/Berlin", stage.at).expect("good clocks");
    let topics = clocks::topics(&agreed, vec![Seat::Number(0), Seat::Number(1)], "party 1", None);
    let subjects = topics.into_iter().flat_map(|topic| proposal(None, topic).subjects).collect();
    let any = does("", 1);
    stage.agreed("clocks", Proposal { subjects, ..any });
    let desk = stage.desk();
    let open = || OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    let sign = |input: Json| prepared(&desk, &open(), input)?.sign(&desk, open(), |_, _| Ok(()));
    let resume = json!({"act": "resume_clocks"});
    let why = sign(resume.clone()).expect_err("they run");
    assert!(why.message.contains("not stopped"), "{}", why.message);
    let pause = json!({"act": "pause_clocks", "reason": "which tap?"});
    let shown = prepared(&desk, &open(), pause.clone()).expect("understood");
    let typed = clocks::pause(&open(), "which tap?").expect("clocks");
    assert_eq!(shown.acts, [typed], "as the command makes it");
    assert!(shown.text.contains("which tap?"), "{}", shown.text);
    let (case, _) = sign(pause).expect("signed");
    assert!(clocks::lines(&case).iter().any(|line| line.contains("which tap?")), "{:?}", clocks::lines(&case));
    // Whoever takes it over reads how they stand, and so does whoever reads what is signed of it.
    let page = crate::summary::one_page(&case);
    assert!(page.contains("Service clocks") && page.contains("which tap?"), "{page}");
    let signed = crate::summary::to_sign(&case);
    assert!(signed.contains("Service clocks") && signed.contains("which tap?"), "{signed}");
    sign(resume).expect("they stand still");
    assert!(clocks::lines(&open()).iter().all(|line| !line.contains("which tap?")));
}

#[test]
fn whoever_a_case_is_handed_to_has_it() {
    let stage = Stage::played();
    let desk = stage.desk();
    let open = || OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    let to = |person: &str| json!({"act": "handover", "person": person, "summary": "all of it"});
    let shown = prepared(&desk, &open(), to("Anne Müller")).expect("understood");
    assert_eq!(desk.assigned(&stage.case).expect("a store"), None, "nothing was signed yet");
    // What is not signed hands over nothing.
    assert!(shown.sign(&desk, open(), |_, _| Err(counterpart_node::DeskError::NotAsked)).is_err());
    assert_eq!(desk.assigned(&stage.case).expect("a store"), None);
    shown.sign(&desk, open(), |_, _| Ok(())).expect("signed");
    let has = desk.assigned(&stage.case).expect("a store").expect("somebody");
    assert_eq!(has.agent, "Anne Müller");
    // What could be nobody in a list is not signed.
    assert!(prepared(&desk, &open(), to(&"x".repeat(101))).is_err());
}

/// A page that was shown and read for some minutes is the one that is signed.
#[test]
fn the_page_of_a_hand_over_is_the_same_for_as_long_as_the_record_is() {
    let stage = Stage::played();
    let desk = stage.desk();
    let at = |later: i64| {
        let mut case = OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
        case.now += later;
        prepared(&desk, &case, json!({"act": "handover", "person": "Anne"})).expect("understood")
    };
    let (first, later) = (at(0), at(11 * 60_000));
    assert_eq!(first.digest(), later.digest(), "{}\n{}", first.text, later.text);
    assert_eq!(first.acts, later.acts);
}

#[test]
fn what_is_erased_is_gone_and_said_so() {
    let stage = Stage::played();
    let desk = stage.desk();
    let case = OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    let input = stage.input(&json!({"act": "erase", "entry": "{called}", "place": "number", "reason": "wrong number"}));
    let prepared = prepared(&desk, &case, input).expect("understood");
    assert!(prepared.text.contains("0800 1"), "{}", prepared.text);
    let (case, signed) = prepared.sign(&desk, case, |_, _| Ok(())).expect("signed");
    assert_eq!(signed.len(), 2);
    let left = case.record.values_of(&stage.names["called"]);
    assert!(!format!("{left:?}").contains("0800"), "{left:?}");
    let case = OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    assert!(!format!("{:?}", case.record.values_of(&stage.names["called"])).contains("0800"));
}

#[test]
fn terms_that_came_meanwhile_are_not_agreed_to() {
    let stage = Stage::played();
    let desk = stage.desk();
    let open = || OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    let accept = Input::from_json(stage.input(&json!({"act": "accept", "revision": "{offer}"}))).expect("understood");
    let shown = prepare(&desk, &open(), &accept).expect("open");
    let counter = stage.input(&json!({"act": "counter", "of": "{offer}", "action": {"what": "Send two plumbers"}}));
    let other = prepared(&desk, &open(), counter).expect("understood");
    other.sign(&desk, open(), |_, _| Ok(())).expect("signed");
    // Shown before, not possible now: neither prepared again nor signed as it was.
    let why = prepare(&desk, &open(), &accept).expect_err("answered meanwhile");
    assert!(why.message.contains("now stands at other terms"), "{}", why.message);
    assert!(shown.sign(&desk, open(), |_, _| Ok(())).is_err());
}
