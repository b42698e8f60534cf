//! Who is responsible on each side, and how to reach them.

use counterpart_core::value::{ItemValue, Sealable};

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

/// Several people may sign with one device in a small firm: a number goes with the name on its own card alone.
#[test]
fn a_cards_number_goes_with_its_own_name_alone() {
    // Who is handed over to, who has cards (in this order, all of one device), whose card is told, whose other one.
    type Row = (Option<&'static str>, &'static [&'static str], Option<&'static str>, Option<&'static str>);
    let table: [Row; 6] = [
        (Some("Dev Rao"), &["Ben Hollis"], None, Some("Ben Hollis")),
        (Some("Ben Hollis"), &["Ben Hollis"], Some("Ben Hollis"), None),
        (Some("ben  hollis"), &["Ben Hollis"], Some("Ben Hollis"), None),
        (Some("Dev Rao"), &["Ben Hollis", "Dev Rao"], Some("Dev Rao"), None),
        (Some("Dev Rao"), &[], None, None),
        (None, &["Ben Hollis"], Some("Ben Hollis"), None),
    ];
    for (to, cards, told, other) in table {
        let mut w = World::two();
        let device = w.devices[B1].author.device;
        for name in cards {
            w.act(B1, &card(name, Some(device)));
        }
        let person = to.map(text);
        w.act(B1, &Act::Handover { from: Some(device), to: device, person, summary: text("the van broke down") });
        w.sync_all();
        let people = w.record(A1).people(&w.view());
        let at = people.iter().find(|p| p.seat == seat(1)).expect("every seat");
        let [one] = at.responsible.as_slice() else { unreachable!("{:?}", at.responsible) };
        assert_eq!(one.card.as_ref().map(|c| c.name.clone()), told.map(text), "{to:?} {cards:?}");
        assert_eq!(one.other.as_ref().map(|c| c.card.name.clone()), other.map(text), "{to:?} {cards:?}");
        assert_eq!(one.name, to.or(told).map(text));
    }
}

#[test]
fn who_signed_is_told_by_what_the_entry_knew_of_its_device() {
    let mut w = World::two();
    let device = w.devices[B1].author.device;
    let before = w.act(B1, &note("before"));
    let hand =
        |to: &str| Act::Handover { from: None, to: device, person: Some(text(to)), summary: text("over to you") };
    w.act(B1, &hand("Chi"));
    let chi = w.act(B1, &note("Chi's time"));
    w.act(B1, &card("Ben", Some(device)));
    let ben = w.act(B1, &note("Ben's time"));
    w.act(B1, &hand("Dev"));
    let dev = w.act(B1, &note("Dev's time"));
    // Another device of theirs, which nothing names: whoever was responsible then.
    w.sync_all();
    let other = w.act(B2, &note("from the office"));
    w.sync_all();
    let named = |id: EntryId| w.record(A1).acted_for(w.ix(id));
    assert_eq!(named(before), Some(text("Ben")), "by the first card there ever was");
    for (id, name) in [(chi, "Chi"), (ben, "Ben"), (dev, "Dev"), (other, "Dev")] {
        assert_eq!(named(id), Some(text(name)));
    }
    let why = w.record(A1).why(Question::Entry(w.ix(dev)));
    assert_eq!(why.steps.last().and_then(|step| step.person.clone()), Some(text("Dev")));
}

/// The others see the end of a device's rights from the key log alone, before any entry cites it.
#[test]
fn the_end_of_a_devices_rights_is_told_to_everybody() {
    use counterpart_core::{
        keylog::RevokeReason::{Compromised, Ended},
        view::Ending,
    };
    for (reason, warns) in [(Ended, false), (Compromised, true)] {
        let mut w = World::two();
        let (r, _) = w.offered();
        let taken = w.act(B1, &accept(r));
        let said = w.act(B1, &note("bye"));
        w.sync_all();
        assert!(w.record(A1).ended_devices().is_empty());
        let device = w.devices[B1].author.device;
        w.revoke(B1, reason);
        let [ended] = &w.record(A1).ended_devices()[..] else { unreachable!("one device") };
        assert_eq!((ended.device, ended.how, ended.at), (device, Ending::Revoked(reason), 3));
        assert_eq!((ended.how.as_str(), ended.how.is_warning()), (reason.word(), warns));
        let ids: Vec<EntryId> = ended.signed.iter().map(|ix| w.record(A1).graph().id(*ix)).collect();
        assert!(ids.contains(&taken) && ids.contains(&said), "{ids:?}");
        assert!(ended.contested.is_empty(), "nobody has built on it yet");
        // Devices that never had to do with the case are nobody's concern here.
        let devices = w.record(A1).ended_devices().into_iter().map(|ended| ended.device);
        assert_eq!(devices.collect::<Vec<_>>(), [device]);
        // The other device of theirs stands.
        assert_eq!(w.record(A1).ended(&w.party(B1), &w.devices[B2].author.device), None);
    }
}

#[test]
fn what_others_say_of_a_fact_is_told_until_they_say_otherwise() {
    let mut w = World::two();
    let fact = |n: i64| Act::Item { key: "meter".to_owned(), value: ItemValue::Integer(n), label: None, note: None };
    let stated = w.act(A1, &fact(1));
    w.sync_all();
    let answers = |w: &World| -> Vec<(bool, Option<Sealable>)> {
        w.record(A1).answers(w.ix(stated)).into_iter().map(|a| (a.contests, a.text)).collect()
    };
    assert!(answers(&w).is_empty());
    w.act(B1, &Act::Acknowledge { entry: stated, note: None });
    w.sync_all();
    assert_eq!(answers(&w), [(false, None)]);
    w.act(B1, &Act::Contest { entry: stated, reason: text("it is 2") });
    w.sync_all();
    assert_eq!(answers(&w), [(true, Some(text("it is 2")))], "their later word takes the place of the earlier");
    // Whoever stated it says nothing of it by contesting it.
    w.act(A2, &Act::Contest { entry: stated, reason: text("no") });
    w.sync_all();
    assert_eq!(answers(&w).len(), 1);
}
