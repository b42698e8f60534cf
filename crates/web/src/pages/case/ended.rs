//! Devices whose rights ended, told in the reader's language, and what else has to be known about keys.
//!
//! What it comes to is the words' crate's to say, and in English it is said as there.

use counterpart_core::{
    graph::Ix,
    id::{DeviceKey, PartyId, short_form},
    keylog::RevokeReason,
    view::{EndedDevice, Ending},
};
use counterpart_words::{case::OpenCase, render, when};

use crate::{language::Language, text::Markup, time};

/// Entries that are named, the last ones.
const NAMED: usize = 6;

/// Something that has to be known before relying on what a key signed.
#[derive(Debug)]
pub(super) struct Alarm {
    pub(super) text: Markup,
    /// The language it is told in, where that is not the page's.
    pub(super) tag: Option<&'static str>,
}

/// All of a case.
pub(super) fn alarms(language: &'static Language, case: &OpenCase) -> Vec<Alarm> {
    let branches = render::branch_alarms(case, false).into_iter();
    let branches = branches.map(|told| Alarm { text: Markup::default().peer(&told), tag: Some("en") });
    let ended = case.record.ended_devices().into_iter().filter(|one| one.how.is_warning());
    let ended = ended.map(|one| Alarm { text: alarm(language, case, &one), tag: None });
    branches.chain(ended).collect()
}

/// Said of what a device signed whose rights ended; nothing while they stand. With it, whether somebody else may have
/// signed with that key.
pub(super) fn of(
    language: &'static Language,
    case: &OpenCase,
    party: &PartyId,
    device: &DeviceKey,
) -> Option<(Markup, bool)> {
    let (how, at) = case.record.ended(party, device)?;
    let key = if how.is_warning() { "ended.this.warns" } else { "ended.this" };
    Some((language.markup(key, &since(language, case, how, at)), how.is_warning()))
}

/// The devices of a party whose rights ended.
pub(super) fn lines(
    language: &'static Language,
    case: &OpenCase,
    ended: &[EndedDevice],
    party: &PartyId,
) -> Vec<(Markup, bool)> {
    let line = |one: &EndedDevice| {
        let [day, why] = since(language, case, one.how, one.at);
        let told = language.markup("ended.line", &[("device", called(language, one)), day, why]);
        (told.then(&signed(language, case, one, ["ended.signed", "ended.contested"])), one.how.is_warning())
    };
    ended.iter().filter(|one| one.party == *party).map(line).collect()
}

fn alarm(language: &'static Language, case: &OpenCase, one: &EndedDevice) -> Markup {
    let (head, tail) = if one.party == case.own {
        ("ended.alarm.own", "ended.alarm.own.do")
    } else {
        ("ended.alarm", "ended.alarm.do")
    };
    let [day, why] = since(language, case, one.how, one.at);
    let who = Markup::default().peer(&case.party_label(&one.party));
    let with = [("who", who), ("device", called(language, one)), day, why];
    let told = language.markup(head, &with);
    let told = told.then(&signed(language, case, one, ["ended.alarm.signed", "ended.alarm.contested"]));
    told.say(" ").say(language.say(tail))
}

/// What it signed here, and what of that is contested, by the sentences of these keys.
fn signed(language: &'static Language, case: &OpenCase, one: &EndedDevice, keys: [&str; 2]) -> Markup {
    let each = keys.into_iter().zip([&one.signed, &one.contested]).filter(|(_, entries)| !entries.is_empty());
    let between = |key: &str| if key.starts_with("ended.alarm") { " " } else { "; " };
    each.fold(Markup::default(), |told, (key, entries)| {
        let with = [("entries", Markup::default().say(&names(language, case, entries)))];
        told.say(between(key)).then(&language.markup(key, &with))
    })
}

/// The day, and why.
fn since(language: &'static Language, case: &OpenCase, how: Ending, at: i64) -> [(&'static str, Markup); 2] {
    let why = match how {
        Ending::Revoked(RevokeReason::Ended) => "ended.why.ended",
        Ending::Revoked(RevokeReason::Compromised) => "ended.why.compromised",
        Ending::TakenBack => "ended.why.taken_back",
    };
    let day = time::named(language, &when::show_day(at, case.zone(), case.now));
    [("day", Markup::default().say(&day)), ("why", Markup::default().say(language.say(why)))]
}

/// "device K7F2-... (Marta Gil)".
fn called(language: &'static Language, one: &EndedDevice) -> Markup {
    let device = ("device", Markup::default().say(&short_form(&one.device.0)));
    match &one.person {
        None => language.markup("ended.device", &[device]),
        Some(person) => {
            let who = ("who", Markup::default().peer(&render::sealable(person)));
            language.markup("ended.device.person", &[device, who])
        }
    }
}

/// The last of these entries, and how many more.
fn names(language: &'static Language, case: &OpenCase, entries: &[Ix]) -> String {
    let earlier = entries.len().saturating_sub(NAMED);
    let more = (earlier > 0).then(|| language.count("ended.earlier", earlier as u64));
    let last = entries.iter().skip(earlier).map(|ix| case.entry_name(&case.record.graph().id(*ix)));
    let mut all: Vec<String> = more.into_iter().chain(last).collect();
    match (all.pop(), all.join(", ")) {
        (Some(last), first) if !first.is_empty() => language.fill("ended.and", &[("first", &first), ("last", &last)]),
        (last, _) => last.unwrap_or_default(),
    }
}
