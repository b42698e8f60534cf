//! One's own identity: what its key log says, where its main key is, what is wrong with it, and how it is mended.

mod passphrase;
mod renew;
pub(crate) mod rotate;

use std::path::{Path, PathBuf};

use counterpart_core::{
    id::{DeviceKey, EventId, PartyId},
    keylog::{Dispute, EventBody, KeyEvent, KeyLogs, Kinds, RevokeReason, next_root_hash},
};
use zeroize::Zeroizing;

pub use renew::{CaseCut, Renewal, Renewed};
pub use rotate::{Mending, Rotation};

use crate::{
    agent::Agent,
    desk::Desk,
    error::DeskError,
    home, log,
    sheet::{self, SheetKey},
};

/// Where the main key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MainKey {
    Here,
    /// On another machine, or nowhere: only the recovery sheet brings a new one then.
    Elsewhere,
    /// A key lies here that was the main key before it was changed elsewhere.
    Replaced,
}

/// One line of our key log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    pub id: EventId,
    pub position: u32,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    pub what: LogWhat,
    /// The device that signed it; nothing for the main key.
    pub by: Option<DeviceKey>,
    pub place: LogPlace,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogWhat {
    Begun,
    Granted {
        device: DeviceKey,
        kinds: Kinds,
    },
    Ended {
        device: Option<DeviceKey>,
        reason: RevokeReason,
    },
    /// The main key was changed.
    Rotated,
}

/// Where an event stands in a log that may be forked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPlace {
    /// On the branch that this home goes by.
    Ours,
    /// On another one, and nothing decides between the two.
    Rival,
    /// A change of the main key took it back.
    TakenBack,
}

/// What is wrong, and would not mend by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityAlarm {
    Disputed(Dispute),
    /// This device's rights ended.
    Ended(RevokeReason),
    /// A change of the main key took this device's grant back.
    TakenBack,
    UsedElsewhere,
}

/// What there is to say of one's own identity.
#[derive(Debug, Clone)]
pub struct IdentityReport {
    pub party: PartyId,
    /// When it began; claimed time, Unix milliseconds.
    pub since: i64,
    pub main_key: MainKey,
    /// The keys rest under a passphrase.
    pub locked: bool,
    /// Claimed times of the changes of the main key that stand.
    pub rotations: Vec<i64>,
    /// When the recovery sheet in force was made.
    pub sheet_made: i64,
    /// Where a recovery sheet still lies in this home.
    pub sheet_here: Option<PathBuf>,
    pub agents: Vec<Agent>,
    /// Every event, by position.
    pub log: Vec<LogEvent>,
    pub alarms: Vec<IdentityAlarm>,
}

impl Desk {
    /// What there is to say of our identity.
    ///
    /// # Errors
    /// A damaged or busy store, or keys that cannot be read.
    pub fn identity_report(&self) -> Result<IdentityReport, DeskError> {
        let (logs, author) = (self.own_log()?, self.author());
        let end = logs.head_with(&author.party, &author.grant).expect("an opened home has a key log");
        let (root, _) = logs.root_at(&end.event).expect("every log begins with an inception");
        let main_key = match home::read_root(self.home(), &root, self.identity().passphrase.as_ref())? {
            Some(_) => MainKey::Here,
            None if home::has_root(self.home()) => MainKey::Replaced,
            None => MainKey::Elsewhere,
        };
        let eras: Vec<&KeyEvent> = logs.prefix(&end.event).filter(|e| reveals_root(e)).collect();
        let mut times: Vec<i64> = eras.iter().map(|e| e.at).collect();
        times.reverse();
        let mut alarms = Vec::new();
        alarms.extend(logs.dispute(&author.party).map(IdentityAlarm::Disputed));
        if let Some(EventBody::Revoke { reason, .. }) =
            logs.revocation_of(&author.party, &author.grant).map(|end| &end.body)
        {
            alarms.push(IdentityAlarm::Ended(*reason));
        }
        alarms.extend(logs.superseded_by(&author.grant).map(|_| IdentityAlarm::TakenBack));
        alarms.extend(home::is_elsewhere(self.home()).then_some(IdentityAlarm::UsedElsewhere));
        Ok(IdentityReport {
            party: author.party,
            since: times.first().copied().unwrap_or(0),
            main_key,
            locked: self.identity().passphrase.is_some(),
            rotations: times.get(1..).unwrap_or_default().to_vec(),
            sheet_made: times.last().copied().unwrap_or(0),
            sheet_here: self.sheet_here().ok().map(|(path, _)| path),
            agents: self.agents()?,
            log: logs.of_party(&author.party).map(|e| line(&logs, &end.event, e)).collect(),
            alarms,
        })
    }

    /// The recovery sheet that lies in this home, to be printed and deleted, and what it says. After a rotation that was
    /// cut short there may be two: the one in force.
    ///
    /// # Errors
    /// When none in force lies here.
    pub fn sheet_here(&self) -> Result<(PathBuf, Zeroizing<String>), DeskError> {
        let (logs, author) = (self.own_log()?, self.author());
        let end = logs.head_with(&author.party, &author.grant).expect("an opened home has a key log");
        let next = logs.root_at(&end.event).map(|(_, next)| next);
        for path in [sheet::path(self.home()), sheet::new_path(self.home())] {
            let Ok(text) = std::fs::read_to_string(&path).map(Zeroizing::new) else { continue };
            let fits = SheetKey::parse(&text).is_ok_and(|sheet| Some(next_root_hash(&sheet.public())) == next);
            if fits {
                return Ok((path, text));
            }
        }
        Err(DeskError::NoSheet)
    }

    /// Moves the recovery sheet out of this home, to where it is to be printed from.
    ///
    /// # Errors
    /// When none lies here, or it cannot be written there; then it is still here.
    pub fn move_sheet(&self, to: &Path) -> Result<(), DeskError> {
        self.must_be_home()?;
        let (_, text) = self.sheet_here()?;
        let failed = |e: std::io::Error| DeskError::File { path: to.to_owned(), why: e.to_string() };
        home::create_private(to, text.as_bytes()).map_err(failed)?;
        self.delete_sheet()
    }

    /// Deletes the recovery sheet from this home: it is on paper now.
    ///
    /// # Errors
    /// When none lies here, or it cannot be deleted.
    pub fn delete_sheet(&self) -> Result<(), DeskError> {
        self.must_be_home()?;
        self.sheet_here()?;
        for path in [sheet::path(self.home()), sheet::new_path(self.home())] {
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(DeskError::File { path, why: e.to_string() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Refuses while a node of this home runs: it would go on with the keys it holds.
    pub(crate) fn must_not_run(&self) -> Result<(), DeskError> {
        if self.node_is_running() { Err(DeskError::Running) } else { Ok(()) }
    }
}

fn reveals_root(event: &KeyEvent) -> bool {
    matches!(event.body, EventBody::Inception { .. } | EventBody::Rotate { .. })
}

/// An event of a log, told from the branch that ends in `end`.
pub(crate) fn line(logs: &KeyLogs, end: &EventId, event: &KeyEvent) -> LogEvent {
    let device = |grant: &EventId| match logs.event(grant).map(|e| &e.body) {
        Some(EventBody::Grant(grant)) => Some(grant.device),
        _ => None,
    };
    let what = match &event.body {
        EventBody::Inception { .. } => LogWhat::Begun,
        EventBody::Grant(grant) => LogWhat::Granted { device: grant.device, kinds: grant.kinds.clone() },
        EventBody::Revoke { grant, reason } => LogWhat::Ended { device: device(grant), reason: *reason },
        EventBody::Rotate { .. } => LogWhat::Rotated,
    };
    let place = if logs.superseded_by(&event.id).is_some() {
        LogPlace::TakenBack
    } else if log::leads_to(logs, &event.id, end) {
        LogPlace::Ours
    } else {
        LogPlace::Rival
    };
    let by = event.by.and_then(|grant| device(&grant));
    LogEvent { id: event.id, position: event.position, at: event.at, what, by, place }
}
