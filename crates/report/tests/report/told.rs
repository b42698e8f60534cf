//! What the others said of facts, and devices whose rights ended.

use counterpart_core::{act::Act, id::EntryId, keylog::RevokeReason, value::ItemValue};

use crate::stage::{AMIRA, HOME, Stage, note, open};

#[test]
fn what_the_others_say_of_a_fact_stands_beside_it() {
    type Answers = fn(EntryId) -> Act;
    let contests: Answers = |entry| Act::Contest { entry, reason: open("shoes not needed") };
    let acknowledges: Answers = |entry| Act::Acknowledge { entry, note: None };
    let table: [(&[Answers], &[&str]); 4] = [
        (&[], &[]),
        (&[acknowledges], &["Acknowledged as right by HomeBright Ltd in #6"]),
        (&[contests], &["Contested by HomeBright Ltd in #6: \u{201C}shoes not needed\u{201D}"]),
        (&[contests, acknowledges], &["Acknowledged as right by HomeBright Ltd in #7"]),
    ];
    for (answers, told) in table {
        let mut stage = Stage::new();
        let value = ItemValue::Integer(120);
        let stated = stage.act(AMIRA, &Act::Item { key: "shoes".to_owned(), value, label: None, note: None });
        for answer in answers {
            stage.act(HOME, &answer(stated));
        }
        let report = stage.report();
        let says: Vec<String> = report.items[0].columns[0][0].answers.iter().map(|a| a.says.plain()).collect();
        assert_eq!(says, told);
    }
}

#[test]
fn a_key_that_may_be_in_wrong_hands_is_an_alarm() {
    for (reason, shapes) in [(RevokeReason::Ended, &[][..]), (RevokeReason::Compromised, &["compromised"][..])] {
        let mut stage = Stage::new();
        for n in 0..7 {
            stage.act(HOME, &note(&format!("note {n}")));
        }
        let event = stage.parties[HOME].revoke_device(0, reason);
        stage.record.apply_key_event(&event).expect("a good event");
        let report = stage.report();
        let found: Vec<&str> = report.alarms.iter().map(|alarm| alarm.shape).collect();
        assert_eq!(found, shapes);
        let ended = report.parties[1].ended[0].plain();
        assert!(ended.contains("its rights ended") && ended.contains("1 Jan 1970"), "{ended}");
        assert!(ended.contains("It signed 8 entries, after the first 2: #6, #7, #8, #9, #10 and #11."), "{ended}");
        assert!(report.parties[0].ended.is_empty());
        assert!(stage.html().contains("its rights"));
    }
}
