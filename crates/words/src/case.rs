//! One case, opened for reading or acting: its record, its view, and what things are called in it.

use std::{cell::OnceCell, collections::BTreeMap};

use counterpart_core::{
    act::{Role, Topic},
    fold::{Lens, SubjectKey},
    id::{CaseId, DeviceKey, EntryId, PartyId, short_form},
    record::{Author, Record},
    value::Seat,
    view::{Names, SeatView, View},
};
use counterpart_node::Desk;

use crate::{
    error::{CommandError, Done},
    render,
    stamped::Stamps,
};

/// A case as this copy holds it, from one party's side.
#[derive(Debug)]
pub struct OpenCase {
    pub id: CaseId,
    pub record: Record,
    pub names: Names,
    pub own: PartyId,
    /// Who would sign here; nobody where a case is only read.
    pub author: Option<Author>,
    pub title: String,
    zone: String,
    pub opener: PartyId,
    pub seats: Vec<SeatView>,
    /// When it was opened here, Unix milliseconds.
    pub now: i64,
    /// What time stamps prove, where that was looked for.
    pub stamps: Stamps,
    /// What this home calls its own devices and agents; for its own eyes.
    pub devices: BTreeMap<DeviceKey, String>,
    /// Folded when first asked for: most acts need none of it.
    view: OnceCell<View>,
}

impl OpenCase {
    /// Opens the case a person means.
    pub fn open(desk: &Desk, typed: &str) -> Done<Self> {
        let id = desk.resolve(typed)?;
        let case = Self::of_record(id, desk.record(&id)?, desk.party(), counterpart_node::now())?;
        Ok(Self { author: Some(desk.author()), devices: desk.device_names()?, ..case })
    }

    /// As [`OpenCase::open`], with what time stamps prove.
    pub fn open_with_stamps(desk: &Desk, typed: &str) -> Done<Self> {
        let case = Self::open(desk, typed)?;
        Ok(Self { stamps: Stamps::of(desk, &case)?, ..case })
    }

    pub fn of_record(id: CaseId, record: Record, own: PartyId, now: i64) -> Done<Self> {
        let empty = || CommandError::failed("this case has not arrived yet; it comes with the next connection");
        let lens = record.lens();
        let (first, open) = lens.open().ok_or_else(empty)?;
        let seat = |seat: Seat| {
            let offer = lens.seat(&seat)?;
            let parties = lens.parties_of(&seat);
            let joined = parties.iter().any(|party| lens.joined(party));
            Some(SeatView { seat, role: offer.role, label: offer.label, parties, joined })
        };
        let seats = lens.seats().into_iter().filter_map(seat).collect();
        let opener = record.graph().statement(first).party;
        let (title, zone, names) = (open.title.clone(), open.zone.clone(), record.names());
        let view = OnceCell::new();
        let stamps = Stamps::default();
        Ok(Self {
            id,
            record,
            names,
            own,
            author: None,
            title,
            zone,
            opener,
            seats,
            now,
            stamps,
            devices: BTreeMap::new(),
            view,
        })
    }

    /// What the case amounts to.
    pub fn view(&self) -> &View {
        self.view.get_or_init(|| self.record.view().expect("a record with an opening has a view"))
    }

    /// The same case after an own act; who sits where has not changed by it.
    pub fn signed(mut self) -> Self {
        self.names = self.record.names();
        self.view = OnceCell::new();
        self
    }

    /// The bytes of every file on record that this copy holds, by hash: what goes into a bundle.
    pub fn held_files(&self, desk: &Desk) -> Done<BTreeMap<[u8; 32], Vec<u8>>> {
        Ok(desk.held_files(&self.id, &self.record, counterpart_evidence::MAX_BUNDLE as u64)?)
    }

    pub fn lens(&self) -> Lens<'_> {
        self.record.lens()
    }

    /// The case's short form.
    pub fn short(&self) -> String {
        short_form(&self.id.0)
    }

    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// An entry's name: `#7`.
    pub fn entry_name(&self, id: &EntryId) -> String {
        self.names.of(id)
    }

    /// An entry as it is typed: `7`, because most shells take `#` for a comment.
    pub fn entry_typed(&self, id: &EntryId) -> String {
        self.names.of(id).trim_start_matches('#').to_owned()
    }

    pub fn seat_label(&self, seat: &Seat) -> String {
        let found = self.seats.iter().find(|s| s.seat == *seat);
        found.map_or_else(|| seat.to_string(), |s| render::sealable(&s.label))
    }

    /// A seat's label as it was written, not made ready to be shown.
    pub fn seat_text(&self, seat: &Seat) -> String {
        let found = self.seats.iter().find(|s| s.seat == *seat).and_then(|s| s.label.open());
        found.map_or_else(|| seat.to_string(), str::to_owned)
    }

    /// What a party is called: the label of its seat.
    pub fn party_label(&self, party: &PartyId) -> String {
        let seat = self.seats.iter().find(|s| s.parties.contains(party));
        seat.map_or_else(|| short_form(&party.0), |s| render::sealable(&s.label))
    }

    /// Our own seats.
    pub fn own_seats(&self) -> Vec<Seat> {
        self.seats.iter().filter(|s| s.parties.contains(&self.own)).map(|s| s.seat).collect()
    }

    pub fn is_own_seat(&self, seat: &Seat) -> bool {
        self.own_seats().contains(seat)
    }

    /// Whether one can agree to anything here: an observer and an arbiter cannot.
    pub fn agrees(&self) -> bool {
        self.seats.iter().any(|seat| seat.role.agrees() && self.is_own_seat(&seat.seat))
    }

    /// The seat on the other side, where there is exactly one.
    pub fn other_seat(&self) -> Option<Seat> {
        let agrees = |s: &&SeatView| s.role.agrees();
        let others: Vec<Seat> =
            self.seats.iter().filter(agrees).map(|s| s.seat).filter(|s| !self.is_own_seat(s)).collect();
        match others.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Who of two does what nobody is named for: the supplier, whoever of them proposes it; the other side where that tells
    /// nothing.
    pub fn usual_performer(&self) -> Option<Seat> {
        let other = self.other_seat()?;
        let supplies = |seat: Seat| self.seats.iter().any(|s| s.seat == seat && s.role == Role::Supplier);
        let own = self.own_seats().first().copied();
        Some(own.filter(|own| supplies(*own) && !supplies(other)).unwrap_or(other))
    }

    /// What lives through revisions, by the reference people use for it: `#3`, or `#3/2` in a bundle.
    pub fn subject_name(&self, key: &SubjectKey) -> String {
        let lived = match key {
            SubjectKey::Action(id) | SubjectKey::Terms(id) | SubjectKey::Close(id) | SubjectKey::NewSeat(id) => id,
            SubjectKey::Item(key) => return format!("item {}", render::line(key)),
            SubjectKey::Seat(seat) => return self.seat_label(seat),
            SubjectKey::Level => return "the format level".to_owned(),
        };
        let name = self.entry_name(&lived.proposal);
        let began = self.record.graph().find(&lived.proposal);
        let bundle = began.is_some_and(|ix| self.record.fold().subject_keys(ix).len() > 1);
        if bundle { format!("{name}/{}", lived.index + 1) } else { name }
    }

    /// Finds a seat by number, label, role, "me", or as a seat names itself.
    pub fn seat(&self, typed: &str) -> Done<Seat> {
        let wanted = typed.trim().to_lowercase();
        if matches!(wanted.as_str(), "me" | "myself") {
            return match self.own_seats().as_slice() {
                [own] => Ok(*own),
                _ => Err(self.no_seat(typed, &[])),
            };
        }
        let number = wanted.strip_prefix("seat ").unwrap_or(&wanted).parse::<u32>().ok();
        let by_number = |seat: &Seat| number.is_some_and(|n| *seat == Seat::Number(n));
        let numbered = self.seats.iter().find(|s| by_number(&s.seat));
        if let Some(found) = numbered {
            return Ok(found.seat);
        }
        let label = |s: &&SeatView| s.label.open().is_some_and(|l| l.to_lowercase() == wanted);
        let role = |s: &&SeatView| Role::from_word(&wanted) == Some(s.role);
        let beginning = |s: &&SeatView| {
            wanted.chars().count() >= 3 && s.label.open().is_some_and(|l| l.to_lowercase().starts_with(&wanted))
        };
        // Whoever was let in later has a seat without a number, called by the entry that proposed it.
        let named = |s: &&SeatView| s.seat.to_string().to_lowercase() == wanted;
        // The most exact way of naming that fits anything decides.
        for fits in [&named as &dyn Fn(&&SeatView) -> bool, &label, &role, &beginning] {
            let found: Vec<Seat> = self.seats.iter().filter(fits).map(|s| s.seat).collect();
            match found.as_slice() {
                [] => {}
                [one] => return Ok(*one),
                several => return Err(self.no_seat(typed, several)),
            }
        }
        Err(self.no_seat(typed, &[]))
    }

    /// Finds a seat with, behind a colon, a person there: `supplier:Priya`.
    pub fn seat_and_person(&self, typed: &str) -> Done<(Seat, Option<String>)> {
        match (self.seat(typed), typed.rsplit_once(':')) {
            (Ok(seat), _) => Ok((seat, None)),
            (Err(_), Some((seat, person))) => {
                Ok((self.seat(seat)?, Some(crate::typed::typed("the person's name", person.trim())?)))
            }
            (Err(error), None) => Err(error),
        }
    }

    fn no_seat(&self, typed: &str, candidates: &[Seat]) -> CommandError {
        let listed = |s: &&SeatView| candidates.is_empty() || candidates.contains(&s.seat);
        let seats: Vec<String> = self
            .seats
            .iter()
            .filter(listed)
            .map(|s| match s.seat {
                Seat::Number(n) => format!("{n} ({}, {})", render::sealable(&s.label), s.role.as_str()),
                added @ Seat::Added(..) => format!("{added} ({}, {})", render::sealable(&s.label), s.role.as_str()),
            })
            .collect();
        let message = match candidates {
            [] => format!("the case has no seat '{typed}'"),
            _ => format!("'{typed}' could be several seats"),
        };
        CommandError::usage(message).hint(format!("name one by number, label or role: {}", seats.join("; ")))
    }
}

/// What a topic continues; nothing where it begins something new.
pub fn key_of(topic: &Topic) -> Option<SubjectKey> {
    Some(match topic {
        Topic::Action { action, .. } => SubjectKey::Action((*action)?),
        Topic::Item { key, .. } => SubjectKey::Item(key.clone()),
        Topic::Terms { terms, .. } => SubjectKey::Terms((*terms)?),
        Topic::Close { close, .. } => SubjectKey::Close((*close)?),
        Topic::AdmitSeat { seat } => SubjectKey::Seat(*seat),
        Topic::AdmitNew { .. } => return None,
        Topic::Level { .. } => SubjectKey::Level,
    })
}
