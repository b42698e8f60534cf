//! The verdict for people: what is proven, by whom, and what is not.

use std::collections::HashMap;

use counterpart_core::{
    id::{EntryId, PartyId, short_form},
    text,
};
use jiff::Timestamp;

use crate::{
    contents,
    proof::Shape,
    stamps::{StampReport, StampStatus},
    timeline,
    verdict::{AgreementReport, EndedReport, PartyReport, StateReport, Verdict},
};

/// A text for a terminal, with nothing hidden in it.
#[must_use]
pub fn visible(text: &str) -> std::borrow::Cow<'_, str> {
    text::in_evidence(text)
}

/// What the person who was given a refused file can do.
pub const REFUSED: &str = "this file proves nothing as it is; ask for the original again";

impl Verdict {
    /// What the bundle proves, in plain words: lines without the last LF.
    #[must_use]
    pub fn in_words(&self) -> String {
        let names = Names::of(self);
        let mut lines = names.head(self);
        lines.push(String::new());
        lines.push("What is proven, and by whom:".to_owned());
        lines.extend(names.proven(self));
        lines.extend(names.states(self));
        lines.extend(names.agreements(self));
        lines.extend(names.stamps(self));
        lines.extend(names.contradictions(self));
        lines.extend(names.ended(self));
        lines.push(String::new());
        lines.push(
            "What is not proven: who stands behind an identity, and any time that only its own author states."
                .to_owned(),
        );
        lines.extend(names.apart(self));
        lines.join("\n")
    }
}

/// What parties and entries are called.
struct Names<'v> {
    parties: HashMap<PartyId, &'v PartyReport>,
    entries: HashMap<EntryId, String>,
}

impl<'v> Names<'v> {
    fn of(verdict: &'v Verdict) -> Self {
        let mut numbers: HashMap<u32, usize> = HashMap::new();
        for entry in &verdict.entries {
            *numbers.entry(entry.number).or_default() += 1;
        }
        let name = |number: u32, id: &EntryId| {
            let short = short_form(&id.0);
            // Two that know nothing of each other share a number.
            if numbers[&number] > 1 { format!("#{number} ({short})") } else { format!("#{number}") }
        };
        Self {
            parties: verdict.parties.iter().map(|p| (p.party, p)).collect(),
            entries: verdict.entries.iter().map(|e| (e.id, name(e.number, &e.id))).collect(),
        }
    }

    /// The label of the party's seat, or its short form.
    fn party(&self, party: &PartyId) -> String {
        let seats = self.parties.get(party).map_or(&[][..], |p| &p.seats);
        let label = seats.iter().find_map(|seat| seat.label.as_deref());
        label.map_or_else(|| short_form(&party.0), |label| text::line_in_evidence(label).into_owned())
    }

    fn in_full(&self, party: &PartyId) -> String {
        format!("{} ({})", self.party(party), short_form(&party.0))
    }

    fn entry(&self, id: &EntryId) -> String {
        self.entries.get(id).cloned().unwrap_or_else(|| id.to_hex())
    }

    fn head(&self, verdict: &Verdict) -> Vec<String> {
        let mut lines = vec![
            format!("Verified: case {} ({})", text::line_in_evidence(&verdict.title), short_form(&verdict.case.0)),
            format!(
                "{} by {}, every signature and every rule checked; {}.",
                several(verdict.entries.len(), "entry", "entries"),
                several(verdict.parties.len(), "party", "parties"),
                of_receipts(verdict.receipts.len())
            ),
            format!(
                "Exported {} by {}, who signed that this was all its copy held; the time is by its own clock.",
                shown(verdict.exported_at),
                self.in_full(&verdict.exporter.party)
            ),
        ];
        if verdict.specification != contents::specification() {
            lines.push(
                "The description of formats and rules in it is not the one that this program was made with; it was \
                 checked by this program's."
                    .to_owned(),
            );
        }
        lines
    }

    fn proven(&self, verdict: &Verdict) -> Vec<String> {
        let mut lines = Vec::new();
        for party in &verdict.parties {
            let (entries, receipts) = (several(party.entries, "entry", "entries"), of_receipts(party.receipts));
            lines.push(format!("  {} signed {entries} and {receipts}.", self.in_full(&party.party)));
        }
        for tail in &verdict.tails {
            let name = self.party(&tail.party);
            lines.push(match tail.entries.len() {
                // Nobody signs for having received nothing.
                0 if verdict.entries.iter().all(|entry| entry.party == tail.party) => {
                    format!("  Nobody but {name} signed an entry here.")
                }
                0 => format!("  {name} signed for having received everything the others signed."),
                n => format!("  Nothing here shows that {name} received {n} of the others' entries."),
            });
        }
        lines
    }

    fn states(&self, verdict: &Verdict) -> Vec<String> {
        if verdict.states.is_empty() {
            return Vec::new();
        }
        let line = |state: &StateReport| {
            let overlays: String = state.overlays.iter().map(|word| format!(", {}", word.replace('_', " "))).collect();
            let part = if state.action.index > 0 { format!("/{}", state.action.index + 1) } else { String::new() };
            format!("  {}{part}: {}{overlays}", self.entry(&state.action.proposal), state.state)
        };
        let heading = "Where actions stand, each named by the entry that first proposed it:".to_owned();
        [String::new(), heading].into_iter().chain(verdict.states.iter().map(line)).collect()
    }

    fn agreements(&self, verdict: &Verdict) -> Vec<String> {
        if verdict.agreements.is_empty() {
            return Vec::new();
        }
        let line = |one: &AgreementReport| {
            let part = one.part.map(|part| format!("/{}", u64::from(part) + 1)).unwrap_or_default();
            format!("  {}{part} {}: {}", self.entry(&one.revision), one.what, one.state)
        };
        let heading = "Where other agreements stand, each named by the entry whose terms these are:".to_owned();
        [String::new(), heading].into_iter().chain(verdict.agreements.iter().map(line)).collect()
    }

    /// Keys that may be in wrong hands, by the key logs in the bundle.
    fn ended(&self, verdict: &Verdict) -> Vec<String> {
        let line = |one: &EndedReport| {
            let why = if one.taken_back {
                "were taken back by a new main key"
            } else {
                "ended, because its key is in wrong hands, or may be"
            };
            let signed = match one.signed.as_slice() {
                [] => "It signed nothing here.".to_owned(),
                [only] => format!("It signed {}; somebody else may have done that.", self.entry(only)),
                [.., last] => format!(
                    "It signed {} entries here, the last {}; somebody else may have done some of that.",
                    one.signed.len(),
                    self.entry(last)
                ),
            };
            format!(
                "WARNING: by the key log of {}, on {}, the rights of its device {} {why}. {signed}",
                self.in_full(&one.party),
                shown(one.at),
                short_form(&one.device.0),
            )
        };
        let gap = (!verdict.ended.is_empty()).then(String::new);
        gap.into_iter().chain(verdict.ended.iter().map(line)).collect()
    }

    fn stamps(&self, verdict: &Verdict) -> Vec<String> {
        let upto = |stamp: &StampReport| {
            let heads: Vec<String> = stamp.heads.iter().map(|head| self.entry(head)).collect();
            format!("up to {}", heads.join(" and "))
        };
        let told = |stamp: &StampReport| match &stamp.status {
            StampStatus::Valid { at, service } => {
                let by =
                    service.as_deref().map_or(String::new(), |name| format!(" by {}", text::line_in_evidence(name)));
                Some(format!("  All {} was there at {}: time stamp{by}.", upto(stamp), shown(*at)))
            }
            StampStatus::Untrusted(why) => {
                Some(format!("  A time stamp over all {} is not trusted: {why}.", upto(stamp)))
            }
            StampStatus::Unchecked => None,
        };
        let mut lines: Vec<String> = verdict.stamps.iter().filter_map(told).collect();
        let unchecked = verdict.stamps.iter().filter(|stamp| stamp.status == StampStatus::Unchecked).count();
        let ask = "not checked: name the service's root certificate with --trust";
        match unchecked {
            0 => {}
            1 => lines.push(format!("  A time stamp is in it, {ask}.")),
            n => lines.push(format!("  {n} time stamps are in it, {ask}.")),
        }
        lines
    }

    fn contradictions(&self, verdict: &Verdict) -> Vec<String> {
        let line = |party: &PartyId, shape: &Shape| {
            let about = match shape {
                Shape::TwoStatements(ids) => ids.iter().map(|id| self.entry(id)).collect(),
                Shape::PastOmitted { entry, .. } => vec![self.entry(entry)],
                Shape::ReceiptContradicted(_) | Shape::TwoKeyEvents(_) => Vec::new(),
            };
            let about = if about.is_empty() { String::new() } else { format!(": {}", about.join(" and ")) };
            format!("ALARM: of {} it is proven: {}{about}.", self.in_full(party), shape.in_words())
        };
        let found = verdict.proofs.iter().map(|proof| line(&proof.party, &proof.shape));
        let gap = (!verdict.proofs.is_empty()).then(String::new);
        gap.into_iter().chain(found).collect()
    }

    /// What stands in the bundle and has no effect, cannot be judged, or is not whole.
    fn apart(&self, verdict: &Verdict) -> Vec<String> {
        let mut lines = Vec::new();
        if !verdict.without_effect.is_empty() {
            lines.push(String::new());
            lines.push("Entries without effect:".to_owned());
            let named = verdict.without_effect.iter();
            lines.extend(named.map(|w| format!("  {}: {}", self.entry(&w.id), w.reason)));
        }
        if !verdict.not_judged.is_empty() {
            lines.push(format!("Entries of kinds that this version does not judge: {}.", verdict.not_judged.len()));
        }
        let places: usize = verdict.lacking.iter().map(|l| l.places).sum();
        if places > 0 {
            lines.push(format!("Sealed values that are not laid open here: {places}."));
        }
        let (held, lacking) = (verdict.attachments.held, verdict.attachments.lacking.len());
        if held + lacking > 0 {
            lines.push(format!("Files that entries name: {held} in it, {lacking} not in it."));
        }
        lines
    }
}

fn several(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn of_receipts(count: usize) -> String {
    several(count, "receipt", "receipts")
}

/// A time for people, in UTC.
fn shown(at: i64) -> String {
    let zoned = Timestamp::from_millisecond(at).map(|t| t.to_zoned(jiff::tz::TimeZone::UTC));
    zoned.map_or_else(|_beyond| timeline::time(at), |t| t.strftime("%a %-d %b %Y %H:%M UTC").to_string())
}
