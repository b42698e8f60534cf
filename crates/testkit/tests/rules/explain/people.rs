//! Who is responsible on each side, and how to reach them.

use super::*;

#[test]
fn the_last_hand_over_says_who_is_responsible() {
    let mut w = World::two();
    let devices = [B1, B2].map(|d| w.devices[d].author.device);
    let named = |w: &World| -> Vec<_> {
        let people = w.record(A1).people(&w.view());
        let responsible = people.into_iter().find(|p| p.seat == seat(1)).expect("every seat").responsible;
        responsible.into_iter().map(|r| (r.name, r.card.is_some())).collect()
    };
    assert!(named(&w).is_empty());
    w.act(B1, &card("Tom", Some(devices[0])));
    w.act(B1, &card("Priya", Some(devices[1])));
    w.sync_all();
    assert_eq!(named(&w), [(Some(text("Tom")), true), (Some(text("Priya")), true)]);
    let summary = text("price agreed, refund open");
    let handed = Act::Handover { from: Some(devices[0]), to: devices[1], person: None, summary };
    w.act(B1, &handed);
    w.sync_all();
    assert_eq!(named(&w), [(Some(text("Priya")), true)], "the card names whoever takes over");
    // A later card of the same device takes the place of the earlier.
    w.act(B2, &card("Priya Shah", Some(devices[1])));
    w.sync_all();
    let people = w.record(A1).people(&w.view());
    let at = people.iter().find(|p| p.seat == seat(1)).expect("every seat");
    assert_eq!(at.cards.len(), 2);
    assert_eq!(at.handovers.len(), 1);
    assert!(people.iter().find(|p| p.seat == seat(0)).is_some_and(|p| p.responsible.is_empty()));
}

#[test]
fn people_and_numbers_noted_in_contacts_are_gathered() {
    let mut w = World::two();
    for (started, number) in [(1_000, "100"), (3_000, "200"), (2_000, "100")] {
        w.act(A1, &call(started, Some("Priya"), Some(number)));
    }
    let people = w.record(A1).people(&w.view());
    let noted = &people.iter().find(|p| p.seat == seat(1)).expect("every seat").noted;
    assert_eq!(noted.len(), 1, "one person: {noted:?}");
    assert_eq!(noted[0].person, Some(text("Priya")), "the value that was sealed is here");
    assert_eq!(noted[0].numbers, [text("100"), text("200")]);
    assert_eq!((noted[0].last, noted[0].contacts.len()), (3_000, 3));
}
