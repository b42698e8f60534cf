//! What was found when cases were looked into, kept for the next time: a copy that can be made again at any time.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    str::FromStr,
};

use counterpart_core::{
    id::{CaseId, DeviceKey, PartyId},
    text,
};
use counterpart_net::PeerId;
use counterpart_store::CaseSummary;
use serde::{Deserialize, Serialize};

use super::facts::{CaseFacts, DeviceFacts, FreeSeat, Lacking, OtherFacts};
use crate::{desk::Desk, error::DeskError, home};

const FILE: &str = "status.ready";
const WRITTEN: &str = "status.ready.new";
const SCHEMA: &str = "counterpart/status-ready/1";

/// The longest file that is read, in bytes: tens of thousands of cases.
const LONGEST: u64 = 32 * 1024 * 1024;

/// On how much what was found rests: entries and receipts of the case, and everybody's key events.
pub(super) type Mark = (u64, u64, u64);

pub(super) type Ready = BTreeMap<CaseId, (Mark, CaseFacts)>;

#[derive(Serialize, Deserialize)]
struct File {
    schema: String,
    /// Whose home it was made in.
    party: String,
    device: String,
    cases: Vec<Case>,
}

#[derive(Serialize, Deserialize)]
struct Case {
    case: String,
    mark: Mark,
    others: Vec<Other>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    free: Vec<Free>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    own: Vec<(String, Lacks)>,
}

#[derive(Default, Serialize, Deserialize)]
struct Lacks(u64, Vec<String>);

#[derive(Serialize, Deserialize)]
struct Other {
    party: String,
    label: String,
    joined: bool,
    left: bool,
    lacks: Lacks,
    at_mailbox: Lacks,
    beside: Vec<String>,
    last_receipt: Option<i64>,
    devices: Vec<(String, Option<String>, bool)>,
}

#[derive(Serialize, Deserialize)]
struct Free {
    label: String,
    typed: Option<String>,
    ours: bool,
    invited: Option<(i64, i64)>,
}

impl Desk {
    /// On how much each of these cases rests now, and what was kept that rests on the same.
    pub(super) fn kept_facts(&self, cases: &[CaseSummary]) -> Result<(HashMap<CaseId, Mark>, Ready), DeskError> {
        let (receipts, key_events) = self.with_store(|store| {
            store.read(|reads| Ok::<_, DeskError>((reads.receipt_counts()?, reads.key_event_count()?)))
        })?;
        let receipts: HashMap<CaseId, u64> = receipts.into_iter().collect();
        let mark = |case: &CaseSummary| {
            let received = receipts.get(&case.case).copied().unwrap_or_default();
            (case.case, (case.entries, received, key_events))
        };
        let marks: HashMap<CaseId, Mark> = cases.iter().map(mark).collect();
        let mut ready = self.read_facts().unwrap_or_default();
        ready.retain(|case, (mark, _)| marks.get(case) == Some(mark));
        Ok((marks, ready))
    }

    /// Keeps what was found. Where that cannot be, it is found again the next time.
    pub(super) fn keep_facts(&self, ready: &Ready) {
        let author = self.author();
        let file = File {
            schema: SCHEMA.to_owned(),
            party: author.party.to_hex(),
            device: author.device.to_hex(),
            cases: ready.iter().map(|(case, (mark, facts))| written(case, *mark, facts)).collect(),
        };
        let Ok(bytes) = serde_json::to_vec(&file) else { return };
        let (path, new) = (self.home().join(FILE), self.home().join(WRITTEN));
        drop(home::write_unsynced(&new, &bytes).and_then(|()| fs::rename(&new, &path)));
    }

    fn read_facts(&self) -> Option<Ready> {
        let bytes = home::read_bounded(&self.home().join(FILE), LONGEST).ok()?;
        let file: File = serde_json::from_slice(&bytes).ok()?;
        let author = self.author();
        let ours = file.party == author.party.to_hex() && file.device == author.device.to_hex();
        let cases = file.cases.into_iter().filter(|_| ours && file.schema == SCHEMA);
        Some(cases.filter_map(read).collect())
    }
}

fn written(case: &CaseId, mark: Mark, facts: &CaseFacts) -> Case {
    let lacks = |lacking: &Lacking| Lacks(lacking.count, lacking.names.clone());
    let device = |d: &DeviceFacts| (d.device.to_hex(), d.peer.as_ref().map(ToString::to_string), d.mailbox);
    let other = |other: &OtherFacts| Other {
        party: other.party.to_hex(),
        label: other.label.clone(),
        joined: other.joined,
        left: other.left,
        lacks: lacks(&other.lacks),
        at_mailbox: lacks(&other.at_mailbox),
        beside: other.beside.clone(),
        last_receipt: other.last_receipt,
        devices: other.devices.iter().map(device).collect(),
    };
    let free = |free: &FreeSeat| Free {
        label: free.label.clone(),
        typed: free.typed.clone(),
        ours: free.ours,
        invited: free.invited,
    };
    Case {
        case: case.to_hex(),
        mark,
        others: facts.others.iter().map(other).collect(),
        free: facts.free.iter().map(free).collect(),
        own: facts.own.iter().map(|(device, lacking)| (device.to_hex(), lacks(lacking))).collect(),
    }
}

fn read(case: Case) -> Option<(CaseId, (Mark, CaseFacts))> {
    let names = |texts: Vec<String>| -> Vec<String> {
        texts.into_iter().map(|text| text::visible_line(&text).into_owned()).collect()
    };
    let lacks = |lacks: Lacks| Lacking { count: lacks.0, names: names(lacks.1) };
    let device = |(device, peer, mailbox): (String, Option<String>, bool)| {
        let peer = peer.and_then(|text| PeerId::from_str(&text).ok());
        Some(DeviceFacts { device: DeviceKey::from_hex(&device)?, peer, mailbox })
    };
    let other = |other: Other| {
        Some(OtherFacts {
            party: PartyId::from_hex(&other.party)?,
            label: other.label,
            joined: other.joined,
            left: other.left,
            lacks: lacks(other.lacks),
            at_mailbox: lacks(other.at_mailbox),
            beside: names(other.beside),
            last_receipt: other.last_receipt,
            devices: other.devices.into_iter().filter_map(device).collect(),
        })
    };
    let free = |free: Free| FreeSeat { label: free.label, typed: free.typed, ours: free.ours, invited: free.invited };
    let own = |(device, lacking): (String, Lacks)| Some((DeviceKey::from_hex(&device)?, lacks(lacking)));
    let facts = CaseFacts {
        others: case.others.into_iter().filter_map(other).collect(),
        free: case.free.into_iter().map(free).collect(),
        own: case.own.into_iter().filter_map(own).collect(),
    };
    Some((CaseId::from_hex(&case.case)?, (case.mark, facts)))
}
