//! Who is responsible on each side, and how to reach them.

use counterpart_core::{
    act::Card,
    graph::Ix,
    id::{DeviceKey, PartyId, short_form},
    view::{HandoverView, Noted, Responsible, SeatPeople, SeatView},
};

use counterpart_node::{Check, CheckedBy};

use super::{SEALED, ended_lines, layout::width, listed, padded, sealable, wrapped};
use crate::{
    case::OpenCase,
    style::{Style, styled},
    when,
};

/// Everything `counterpart people` prints, for so many columns.
pub fn people(case: &OpenCase, people: &[SeatPeople], checks: &[Check], columns: usize) -> String {
    let ended = case.record.ended_devices();
    let mut out = Vec::new();
    for at in people {
        let Some(seat) = case.seats.iter().find(|s| s.seat == at.seat) else { continue };
        if !out.is_empty() {
            out.push(String::new());
        }
        out.push(wrapped("", &heading(case, seat), columns));
        let numbers = seat.parties.iter().map(|party| numbered(case, party, checks));
        out.extend(numbers.map(|told| wrapped("  ", &styled(Style::Faint, &told), columns)));
        if at.responsible.is_empty() {
            out.push(wrapped("  ", &nobody(case, seat), columns));
        }
        for responsible in &at.responsible {
            out.extend(responsible_lines(case, responsible, columns));
        }
        let told = |card: &Card| at.responsible.iter().any(|r| r.card.as_ref() == Some(card));
        for other in at.cards.iter().filter(|c| !told(&c.card)) {
            let name = format!("{} ({})", sealable(&other.card.name), entry(case, other.entry));
            out.push(wrapped("  Also there: ", &name, columns));
            out.extend(reach(&other.card, columns));
        }
        let over = seat.parties.iter().flat_map(|party| ended_lines(case, &ended, party)).map(|(told, warns)| {
            let told = if warns { styled(Style::Warn, &told) } else { told };
            wrapped("    ", &told, columns)
        });
        section(&mut out, "Devices whose rights ended", over.collect());
        section(&mut out, "Hand-overs", at.handovers.iter().map(|h| handover(case, h, columns)).collect());
        let names = at.noted.iter().map(|n| width(&noted_name(n))).max().unwrap_or(0).min(columns / 3);
        section(&mut out, "Noted in contacts", at.noted.iter().map(|n| noted(case, n, names, columns)).collect());
    }
    out.join("\n")
}

/// What two people read to each other to be sure of an identity: six groups of five digits, each from five bytes of it.
/// Another identity with the same number is not found by trying.
pub fn check_number(party: &PartyId) -> String {
    let group = |bytes: &[u8]| bytes.iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte)) % 100_000;
    party.0.chunks_exact(5).map(|bytes| format!("{:05}", group(bytes))).collect::<Vec<_>>().join(" ")
}

/// A party's number, and whether somebody compared it.
fn numbered(case: &OpenCase, party: &PartyId, checks: &[Check]) -> String {
    let number = check_number(party);
    if *party == case.own {
        return format!("your check number: {number}");
    }
    let check = checks.iter().find(|check| check.party == *party);
    format!("check number: {number}, {}", check.map_or_else(|| UNCHECKED.to_owned(), |c| checked_in_words(case, c)))
}

/// Said of who was not compared yet.
const UNCHECKED: &str = "not checked yet that it is really them";

/// "checked by you by telephone, 3 May".
fn checked_in_words(case: &OpenCase, check: &Check) -> String {
    let how = match check.by {
        CheckedBy::Telephone => " by telephone",
        CheckedBy::InPerson => " in person",
        CheckedBy::Video => " by video call",
        CheckedBy::Other => "",
    };
    format!("checked by you{how}, {}", when::show_day(check.at, case.zone(), case.now))
}

fn heading(case: &OpenCase, seat: &SeatView) -> String {
    let you = if seat.parties.contains(&case.own) { ", you" } else { "" };
    let absent = if seat.parties.is_empty() { ", not joined yet" } else { "" };
    format!("{} ({}{you}{absent})", styled(Style::Strong, &sealable(&seat.label)), seat.role.as_str())
}

fn nobody(case: &OpenCase, seat: &SeatView) -> String {
    if seat.parties.contains(&case.own) {
        return format!(
            "You have named nobody. Say whom to reach, and how: counterpart card {} --name NAME --phone NUMBER",
            case.short()
        );
    }
    "This side has named nobody.".to_owned()
}

fn section(out: &mut Vec<String>, title: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        out.push(format!("  {title}"));
        out.extend(lines);
    }
}

fn entry(case: &OpenCase, ix: Ix) -> String {
    case.entry_name(&case.record.graph().id(ix))
}

fn device(key: &DeviceKey) -> String {
    format!("device {}", short_form(&key.0))
}

fn responsible_lines(case: &OpenCase, responsible: &Responsible, columns: usize) -> Vec<String> {
    let name = responsible.name.as_ref().map_or_else(|| "somebody without a name".to_owned(), sealable);
    let function = responsible.card.as_ref().and_then(|c| c.function.as_ref()).map(sealable);
    let function = function.map(|f| format!(", {f}")).unwrap_or_default();
    let since = when::show_short(responsible.since, case.zone(), case.now);
    let text =
        format!("{}{function}, since {since} ({})", styled(Style::Strong, &name), entry(case, responsible.entry));
    let mut out = vec![wrapped("  Responsible: ", &text, columns)];
    match &responsible.card {
        Some(card) => out.extend(reach(card, columns)),
        None => out.push(wrapped("    ", &no_line(case, responsible), columns)),
    }
    if let Some(key) = &responsible.device {
        out.push(wrapped("    ", &styled(Style::Faint, &format!("signs with {}", device(key))), columns));
    }
    out
}

/// Said where no card of whoever is responsible is here: "no direct line of Dev Rao is known; the card of Ben Hollis
/// (#5), for the same device, gives 020 1".
pub fn no_line(case: &OpenCase, responsible: &Responsible) -> String {
    let name = responsible.name.as_ref().map_or_else(|| "that person".to_owned(), sealable);
    let mut told = format!("no direct line of {name} is known");
    if let Some(other) = &responsible.other {
        let ways = [&other.card.phone, &other.card.email].into_iter().flatten().map(sealable);
        let ways = listed(ways.filter(|way| way != SEALED));
        let gives = if ways.is_empty() { String::new() } else { format!(", gives {ways}") };
        let (whose, named) = (sealable(&other.card.name), entry(case, other.entry));
        told.push_str(&format!("; the card of {whose} ({named}), for the same device{gives}"));
    }
    told
}

/// How to reach whoever a card names.
fn reach(card: &Card, columns: usize) -> Vec<String> {
    let ways = [("phone", &card.phone), ("e-mail", &card.email), ("hours", &card.hours)];
    let told: Vec<String> = ways
        .into_iter()
        .filter_map(|(label, way)| Some(wrapped(&format!("    {label:<8}"), &sealable(way.as_ref()?), columns)))
        .collect();
    if told.is_empty() { vec!["    the card gives no phone or e-mail".to_owned()] } else { told }
}

fn handover(case: &OpenCase, handover: &HandoverView, columns: usize) -> String {
    let at = when::show_short(handover.at, case.zone(), case.now);
    let to = handover.person.as_ref().map_or_else(|| device(&handover.to), sealable);
    let from = handover.from.as_ref().map(|d| format!(" from {}", device(d))).unwrap_or_default();
    let first = format!("    {}  {at}  ", entry(case, handover.entry));
    let head = wrapped(&first, &format!("to {to}{from}"), columns);
    let summary = handover.summary.open().map_or_else(|| SEALED.to_owned(), super::visible);
    format!("{head}\n{}", wrapped(&" ".repeat(8), &summary, columns))
}

fn noted_name(noted: &Noted) -> String {
    noted.person.as_ref().map_or_else(|| "(no name)".to_owned(), sealable)
}

fn noted(case: &OpenCase, noted: &Noted, names: usize, columns: usize) -> String {
    let numbers = listed(noted.numbers.iter().map(sealable).filter(|n| n != SEALED));
    let last = when::show_short(noted.last, case.zone(), case.now);
    let contacts = listed(noted.contacts.iter().map(|ix| entry(case, *ix)));
    let reached = if numbers.is_empty() { String::new() } else { format!("{numbers}, ") };
    let first = format!("    {}  ", padded(&noted_name(noted), names));
    wrapped(&first, &format!("{reached}last {last} ({contacts})"), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_read_out_in_digits() {
        let party = PartyId(std::array::from_fn(|n| u8::try_from(n).expect("small")));
        // 0x0001020304 is 16909060, and so on.
        assert_eq!(check_number(&party), "09060 60585 12110 63635 15160 66685");
    }
}
