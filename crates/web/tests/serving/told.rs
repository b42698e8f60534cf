//! What the other side said and did that bears on what stands: answers to facts, devices whose rights ended, hand-overs.

use counterpart_core::{
    act::{Act, Card},
    id::EntryId,
    keylog::RevokeReason,
    value::{ItemValue, Sealable},
};
use counterpart_words::{case::OpenCase, render};

use crate::{fields::unescaped, two::Two};

fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

#[test]
fn what_the_other_side_says_of_a_fact_stands_beside_it() {
    type Answers = fn(EntryId) -> Act;
    let contests: Answers = |entry| Act::Contest { entry, reason: open("shoes <not> needed") };
    let acknowledges: Answers = |entry| Act::Acknowledge { entry, note: None };
    let none: &[&str] = &[];
    let table: [(&[Answers], &str, &[&str]); 4] = [
        (&[], "one side\u{2019}s word", none),
        (&[acknowledges], "acknowledged", &["acknowledged by <bdi>party 1</bdi> in <bdi>#6</bdi>"]),
        (&[contests], "contested", &["contested by <bdi>party 1</bdi> in <bdi>#6</bdi>", "shoes &#60;not&#62; needed"]),
        (&[contests, acknowledges], "acknowledged", &["acknowledged by <bdi>party 1</bdi> in <bdi>#7</bdi>"]),
    ];
    for (answers, badge, told) in table {
        let mut two = Two::new();
        let value = ItemValue::Integer(120);
        let stated = two.act(0, &Act::Item { key: "shoes".to_owned(), value, label: None, note: None });
        for answer in answers {
            two.act(1, &answer(stated));
        }
        let path = two.path();
        let served = two.serve();
        let cookie = served.let_in();
        for end in ["/facts", "/facts/shoes"] {
            let page = served.client().get(&format!("{path}{end}"), &[("Cookie", &cookie)]).text().to_owned();
            assert!(page.contains(&format!("{badge}</span>")), "{badge}\n{page}");
            assert!(told.iter().all(|told| page.contains(told)), "{told:?}\n{page}");
        }
    }
}

#[test]
fn the_end_of_a_devices_rights_is_told_to_the_other_side() {
    for (reason, told, warns) in [
        (RevokeReason::Ended, "ended on 1 Jan 1970 (ended)", false),
        (RevokeReason::Compromised, "ended on 1 Jan 1970 (compromised: its key is in wrong hands, or may be)", true),
    ] {
        let mut two = Two::new();
        let note = two.act(1, &Act::Note { text: open("bye"), about: None });
        let number = two.number(&note);
        two.end_device(1, reason);
        let path = two.path();
        let served = two.serve();
        let cookie = served.let_in();
        let get = |end: &str| served.client().get(&format!("{path}{end}"), &[("Cookie", &cookie)]).text().to_owned();
        let people = get("/people");
        assert!(people.contains("Devices whose rights ended") && people.contains(told), "{people}");
        let entry = get(&format!("/entry/{number}"));
        assert!(entry.contains(&format!("this device&#39;s rights {told}")), "{entry}");
        let overview = get("");
        assert_eq!(overview.contains("ask them before you rely on that"), warns, "{overview}");
    }
}

/// The sentences stand with the pages' languages and with the words' crate: they are to be the same.
#[test]
fn in_english_the_end_of_a_devices_rights_is_told_as_at_a_terminal() {
    for reason in [RevokeReason::Ended, RevokeReason::Compromised] {
        for notes in [0, 1, 6, 9] {
            let mut two = Two::new();
            let (name, device) = (open("Marta <Gil>"), Some(two.device(1)));
            two.act(1, &Act::Card(Card { name, function: None, phone: None, email: None, hours: None, device }));
            for n in 0..notes {
                two.act(1, &Act::Note { text: open(&format!("note {n}")), about: None });
            }
            two.end_device(1, reason);
            let path = two.path();
            let id = two.case.to_hex();
            let served = two.serve();
            let case = OpenCase::open(&served.desk(), &id).expect("a case");
            let cookie = served.let_in();
            let get =
                |end: &str| served.client().get(&format!("{path}{end}"), &[("Cookie", &cookie)]).text().to_owned();
            let without_marks = |page: String| unescaped(&page.replace("<bdi>", "").replace("</bdi>", ""));
            let party = case.record.ended_devices().first().expect("one ended").party;
            let lines = render::ended_lines(&case, &case.record.ended_devices(), &party);
            assert_eq!(lines.len(), 1);
            let people = without_marks(get("/people"));
            assert!(people.contains(&lines[0].0), "{}\n{people}", lines[0].0);
            let overview = without_marks(get(""));
            let alarms = render::alarms(&case, false);
            assert_eq!(alarms.len(), usize::from(reason == RevokeReason::Compromised), "{alarms:?}");
            assert!(alarms.iter().all(|alarm| overview.contains(alarm)), "{alarms:?}\n{overview}");
        }
    }
}

#[test]
fn a_number_is_never_shown_as_that_of_somebody_else() {
    let mut two = Two::new();
    let device = two.device(1);
    let phone = Some(open("020 1"));
    let (name, email, hours) = (open("Ben Hollis"), None, None);
    two.act(1, &Act::Card(Card { name, function: None, phone, email, hours, device: Some(device) }));
    let summary = open("over to you");
    two.act(1, &Act::Handover { from: Some(device), to: device, person: Some(open("Dev Rao")), summary });
    let path = two.path();
    let served = two.serve();
    let cookie = served.let_in();
    let page = served.client().get(&format!("{path}/people"), &[("Cookie", &cookie)]).text().to_owned();
    let (responsible, also) = page.split_once("Also there").expect("whose card it is");
    let (_, responsible) = responsible.split_once("<bdi>Dev Rao</bdi>").expect("who is responsible");
    assert!(!responsible.contains("020 1"), "{responsible}");
    assert!(responsible.contains("With the same device there is the card of <bdi>Ben Hollis</bdi>"), "{responsible}");
    assert!(also.contains("<bdi>Ben Hollis</bdi>") && also.contains("020 1"), "{also}");
}

#[test]
fn how_far_a_proposal_has_come_is_true_for_whoever_reads_it() {
    for (author, told) in
        [(0, "nobody else has confirmed having it yet"), (1, "received here, not yet confirmed to its author")]
    {
        let mut two = Two::new();
        let offer = two.propose(author, "Repair the tap", None);
        let number = two.number(&offer);
        let path = two.path();
        let served = two.serve();
        let cookie = served.let_in();
        for end in ["".to_owned(), format!("/action/{number}")] {
            let page = served.client().get(&format!("{path}{end}"), &[("Cookie", &cookie)]).text().to_owned();
            assert!(page.contains(told) && !page.contains("its author only"), "{end}: {page}");
        }
    }
}
