//! What people read: sentences for acts, terms, states, and how lines are broken. Every text of others passes
//! [`line()`] or [`visible`] on its way here.

mod agents;
mod apart;
mod aside;
mod contested;
mod difference;
mod ended;
mod files;
mod full;
mod handover;
mod items;
mod layout;
mod ledger;
mod log;
pub mod outlook;
mod put;
mod replaced;
mod sentence;
mod show;
mod status;
mod terms;
mod whom;
mod why;

pub use apart::{ISOLATE, ISOLATE_END, set_apart};
pub use aside::{beside_signing, late_by_own_clock, of_no_use};
pub use contested::{Contested, contested};
pub use difference::parts_left_out;
pub use ended::{ended_in_words, ended_lines};
pub use files::{FileLine, Place, Whereabouts, beside, file, files, files_of, places, size, whereabouts, write_files};
pub use full::{in_full, promise_in_full, to_be_signed, to_be_signed_at};
pub(crate) use handover::newest_entries;
pub use handover::{Details, handover};
pub use items::{ItemLine, Said, answers_to, item_history, item_title, open_value, version_in_words, write_item};
pub use layout::{indented, padded, wrapped};
pub use ledger::{ledger, ledger_lines, ledgers};
pub use log::{LogLine, log_lines, log_lines_of, write_log};
pub use outlook::{next, outlook};
pub use put::{Put, count_put_to_us, put_to_us};
pub use sentence::{sentence, to_do};
pub use show::{
    alarms, applying, branch_alarms, checkpoint, delivered, delivery, matter_name, revision_in_force, show,
};
pub use status::{
    beside_state, beside_terms, changes_head, difference, differences_of, grade_in_words, offer_lines, other_disputes,
    overlay_in_words, ticks, told_beside,
};
pub use terms::{action_terms, subject_in_a_line, subject_terms};
pub use whom::{check_number, no_line, people};
pub use why::{conclusion, no_effect, proven, remark, signer, why};

use counterpart_core::{
    act::{PartyRef, SeatOffer},
    graph::Ix,
    id::{DeviceKey, EntryId, PartyId, short_form},
    text,
    value::{Sealable, Seat},
};

use crate::{case::OpenCase, when};

/// What stands for a sealed value that is not here.
pub const SEALED: &str = "(sealed)";

/// A text of anybody's on one line, with nothing that could deceive: its lines parted by ` / `, without the empty ones.
pub fn line(text: &str) -> String {
    let shown = if text.contains('\n') { in_one_line(&visible(text)) } else { text::visible_line(text).into_owned() };
    apart::set(shown)
}

/// The lines of a text that may be shown, as one.
pub fn in_one_line(shown: &str) -> String {
    shown.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ")
}

/// A text of anybody's on its own lines, with nothing that could deceive.
pub fn visible(text: &str) -> String {
    text::visible(text).into_owned()
}

/// A text on one line, if it is open.
pub fn sealable(text: &Sealable) -> String {
    text.open().map_or_else(|| SEALED.to_owned(), line)
}

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// How things are called in what is said of one case; before the case exists, by number.
#[derive(Debug, Clone, Copy)]
pub struct Speech<'a> {
    case: Option<&'a OpenCase>,
    /// The seats of a case that is being opened.
    seats: &'a [SeatOffer],
    zone: &'a str,
    now: i64,
    telling: Telling,
}

/// Whether the act that is told is on record: what a revision changes is told from what its author knew.
#[derive(Debug, Clone, Copy)]
enum Telling {
    /// To be found out.
    Anything,
    /// One that we are about to sign.
    Draft,
    Entry(Ix),
}

impl<'a> Speech<'a> {
    pub fn of_case(case: &'a OpenCase) -> Self {
        Self { case: Some(case), seats: &[], zone: case.zone(), now: case.now, telling: Telling::Anything }
    }

    /// Of an act that we are about to sign.
    #[must_use]
    pub fn to_sign(self) -> Self {
        Self { telling: Telling::Draft, ..self }
    }

    /// Of an entry.
    #[must_use]
    pub fn telling(self, entry: Ix) -> Self {
        Self { telling: Telling::Entry(entry), ..self }
    }

    /// As it is said at another time, Unix milliseconds.
    pub fn at(self, now: i64) -> Self {
        Self { now, ..self }
    }

    /// For a case that is being opened; `now` in Unix milliseconds.
    pub fn before_case(zone: &'a str, now: i64) -> Self {
        Self { case: None, seats: &[], zone, now, telling: Telling::Draft }
    }

    /// Whether a device only keeps things for its party.
    fn is_mailbox(&self, party: &PartyId, device: &DeviceKey) -> bool {
        self.case.is_some_and(|case| case.record.is_mailbox(party, device))
    }

    /// Calls the seats of a case that is being opened by their labels.
    pub fn with_seats(self, seats: &'a [SeatOffer]) -> Self {
        Self { seats, ..self }
    }

    pub fn seat(&self, seat: &Seat) -> String {
        let offered = match seat {
            Seat::Number(number) => self.seats.get(*number as usize),
            Seat::Added(..) => None,
        };
        let by_number = || offered.map_or_else(|| seat.to_string(), |offer| sealable(&offer.label));
        self.case.map_or_else(by_number, |case| case.seat_label(seat))
    }

    pub fn party(&self, party: &PartyId) -> String {
        self.case.map_or_else(|| short_form(&party.0), |case| case.party_label(party))
    }

    pub fn entry(&self, id: &EntryId) -> String {
        self.case.map_or_else(|| short_form(&id.0), |case| case.entry_name(id))
    }

    pub fn time(&self, instant: i64) -> String {
        when::show(instant, self.zone)
    }

    pub fn person(&self, party: &PartyRef) -> String {
        let seat = self.seat(&party.seat);
        party.person.as_ref().map_or_else(|| seat.clone(), |person| format!("{seat} ({})", sealable(person)))
    }

    pub fn people(&self, parties: &[PartyRef]) -> String {
        listed(parties.iter().map(|p| self.person(p)))
    }

    pub fn seats(&self, seats: &[Seat]) -> String {
        listed(seats.iter().map(|s| self.seat(s)))
    }
}

/// "A", "A and B", "A, B and C".
pub fn listed(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = words.collect();
    match words.pop() {
        None => String::new(),
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} and {last}", words.join(", ")),
    }
}
