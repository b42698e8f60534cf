//! Devices whose rights ended, told to whoever relies on what they signed, by the key logs as they are here.

use counterpart_core::{
    graph::Ix,
    id::{DeviceKey, PartyId, short_form},
    keylog::RevokeReason,
    view::{EndedDevice, Ending},
};

use super::{listed, sealable};
use crate::{case::OpenCase, when};

/// Entries that are named, the last ones.
const NAMED: usize = 6;

/// "this device's rights ended on 9 Apr (ended)": said of what it signed; nothing while they stand. With it, whether
/// somebody else may have signed with that key.
pub fn ended_in_words(case: &OpenCase, party: &PartyId, device: &DeviceKey) -> Option<(String, bool)> {
    let (how, at) = case.record.ended(party, device)?;
    let mut told = format!("this device's rights {}", since(case, how, at));
    if how.is_warning() {
        told.push_str("; somebody else may have signed this");
    }
    Some((told, how.is_warning()))
}

/// The devices of a party whose rights ended, a line each.
pub fn ended_lines(case: &OpenCase, ended: &[EndedDevice], party: &PartyId) -> Vec<(String, bool)> {
    let of_party = ended.iter().filter(|one| one.party == *party);
    let line = |one: &EndedDevice| {
        let mut told = format!("{}: its rights {}", called(one), since(case, one.how, one.at));
        if !one.signed.is_empty() {
            told.push_str(&format!("; it signed {} here", names(case, &one.signed)));
        }
        if !one.contested.is_empty() {
            told.push_str(&format!("; contested for it: {}", names(case, &one.contested)));
        }
        (told, one.how.is_warning())
    };
    of_party.map(line).collect()
}

/// What has to be known before relying on what such a key signed.
pub(super) fn ended_alarms(case: &OpenCase) -> Vec<String> {
    let ended = case.record.ended_devices();
    let one = |one: &EndedDevice| {
        let own = one.party == case.own;
        let whose = if own { "yours".to_owned() } else { case.party_label(&one.party) };
        let mut told = format!("A device of {whose}, {}: its rights {}.", called(one), since(case, one.how, one.at));
        if !one.signed.is_empty() {
            told.push_str(&format!(" It signed {} here.", names(case, &one.signed)));
        }
        if !one.contested.is_empty() {
            told.push_str(&format!(" Contested for it: {}.", names(case, &one.contested)));
        }
        told.push_str(if own {
            " Somebody else may have signed with it: look through what it signed, and say what of it is not yours."
        } else {
            " Somebody else may have signed with it: ask them before you rely on that."
        });
        told
    };
    ended.iter().filter(|one| one.how.is_warning()).map(one).collect()
}

/// "ended on 9 Apr (ended)".
fn since(case: &OpenCase, how: Ending, at: i64) -> String {
    let day = when::show_day(at, case.zone(), case.now);
    let why = match how {
        Ending::Revoked(RevokeReason::Ended) => "ended",
        Ending::Revoked(RevokeReason::Compromised) => "compromised: its key is in wrong hands, or may be",
        Ending::TakenBack => "taken back by a new main key",
    };
    format!("ended on {day} ({why})")
}

/// "device K7F2-... (Marta Gil)".
fn called(one: &EndedDevice) -> String {
    let person = one.person.as_ref().map(|name| format!(" ({})", sealable(name))).unwrap_or_default();
    format!("device {}{person}", short_form(&one.device.0))
}

/// The last of these entries, and how many more.
fn names(case: &OpenCase, entries: &[Ix]) -> String {
    let earlier = entries.len().saturating_sub(NAMED);
    let last = entries.iter().skip(earlier).map(|ix| case.entry_name(&case.record.graph().id(*ix)));
    match earlier {
        0 => listed(last),
        1 => listed(std::iter::once("1 earlier entry".to_owned()).chain(last)),
        several => listed(std::iter::once(format!("{several} earlier entries")).chain(last)),
    }
}

#[cfg(test)]
mod tests {
    use counterpart_core::{
        act::{Act, Card},
        keylog::RevokeReason::{Compromised, Ended},
        view::Question,
    };

    use crate::{
        fixture::{Two, open},
        json, render,
    };

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn the_end_of_a_devices_rights_is_told_to_the_other_side() {
        for (reason, told, warns) in [
            (Ended, "its rights ended on 1 Jan 1970 (ended)", false),
            (Compromised, "its rights ended on 1 Jan 1970 (compromised: its key is in wrong hands, or may be)", true),
        ] {
            let mut two = Two::new();
            let device = Some(two.device(1));
            let name = open("Marta Gil");
            two.act(1, &Act::Card(Card { name, function: None, phone: None, email: None, hours: None, device }));
            let note = two.act(1, &Act::Note { text: open("bye"), about: None });
            two.end_device(1, reason);
            let case = two.seen_by(0);
            let all = case.record.people(case.view());
            let people = plain(&render::people(&case, &all, &[], 400));
            assert!(people.contains("Marta Gil") && people.contains(told), "{people}");
            assert!(people.contains("it signed #4, #5 and #6 here"), "{people}");

            let question = Question::Entry(case.record.graph().find(&note).expect("it is here"));
            let why = case.record.why(question);
            let shown = plain(&render::why(&case, &why, 400));
            let this = told.replace("its rights", "this device's rights");
            assert!(shown.contains(&this), "{shown}");
            assert_eq!(shown.contains("somebody else may have signed this"), warns, "{shown}");
            let step = &json::why(&case, &why)["steps"][0];
            assert_eq!(step["device_ended"]["reason"], reason.word(), "{step}");

            let alarms = render::alarms(&case, false);
            assert_eq!(alarms.len(), usize::from(warns), "{alarms:?}");
            assert!(alarms.iter().all(|alarm| alarm.contains("ask them before you rely on that")), "{alarms:?}");
            let show = serde_json::to_value(json::show(&case)).expect("it is data");
            let kinds: Vec<_> = show["alarms"].as_array().expect("a list").iter().map(|a| a["kind"].clone()).collect();
            assert_eq!(kinds.len(), usize::from(warns), "{kinds:?}");
            let people = json::people(&case, &all, &[]);
            let ended = &people["sides"][1]["ended_devices"][0];
            assert_eq!((&ended["reason"], &ended["person"]), (&reason.word().into(), &"Marta Gil".into()), "{ended}");
            assert!(people["sides"][0]["ended_devices"].as_array().is_some_and(Vec::is_empty));
        }
    }

    #[test]
    fn long_lists_of_entries_are_counted() {
        let mut two = Two::new();
        for n in 0..9 {
            two.act(1, &Act::Note { text: open(&format!("note {n}")), about: None });
        }
        two.end_device(1, Compromised);
        let alarms = render::alarms(&two.seen_by(0), false).join("\n");
        assert!(alarms.contains("It signed 4 earlier entries, #8, #9, #10, #11, #12 and #13 here."), "{alarms}");
    }
}
