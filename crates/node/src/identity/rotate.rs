//! Changing the main key with the recovery sheet, and bringing branches of the own key log together.

use std::fs;

use counterpart_core::{
    envelope::public_half,
    id::{DeviceKey, EventId},
    keylog::{self, EventBody, EventSigner, Grant, GrantState, KeyEvent, KeyLogs, RevokeReason, next_root_hash},
    statement::KeyCitation,
};
use ed25519_dalek::SigningKey;

use super::{LogEvent, line};
use crate::{
    desk::Desk,
    error::DeskError,
    home,
    keyfile::Rest,
    log::{Extending, leads_to},
    sheet::{self, SheetKey},
};

/// What a change of the main key will sign: show it before [`Desk::rotate`] does it.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The event it follows.
    pub after: KeyCitation,
    /// What it takes back: all that stands in the log beside it.
    pub undone: Vec<LogEvent>,
    /// Devices that it takes back and grants again.
    pub again: Vec<DeviceKey>,
    /// Devices that lose their rights by it.
    pub lost: Vec<DeviceKey>,
    grants: Vec<(Grant, Vec<u8>)>,
}

/// What bringing the branches of the own key log together will sign: show it before [`Desk::mend`] does it.
#[derive(Debug, Clone)]
pub struct Mending {
    /// The end of the branch that goes on.
    pub after: KeyCitation,
    /// Devices granted on other branches that are granted on this one, too.
    pub granted: Vec<DeviceKey>,
    /// Devices ended on other branches that are ended on this one, too.
    pub ended: Vec<(DeviceKey, RevokeReason)>,
    grants: Vec<(Grant, Vec<u8>)>,
    revokes: Vec<(EventId, RevokeReason)>,
}

/// A rotation in the log and what follows it, before anything is stored.
pub(crate) struct Rotated {
    pub(crate) root: SigningKey,
    pub(crate) next: SigningKey,
}

impl Desk {
    /// What changing the main key to the one on a sheet would sign. With `undo_from` it follows the event before that
    /// position, and takes back all from there on; else it comes at the end. `keep` names devices among those taken
    /// back, as [`Desk::agent`] does.
    ///
    /// # Errors
    /// When the sheet is not the one in force, or the position or a device does not fit.
    pub fn plan_rotation(
        &self,
        sheet: &SheetKey,
        undo_from: Option<u32>,
        keep: &[String],
    ) -> Result<Rotation, DeskError> {
        self.must_be_home()?;
        let (logs, author) = (self.own_log()?, self.author());
        let end = logs.head_with(&author.party, &author.grant).expect("an opened home has a key log");
        let after = match undo_from {
            None => end,
            Some(position) => before(&logs, &end, position)?,
        };
        check_sheet(&logs, &after, sheet)?;
        let mut kept = vec![author.device];
        for typed in keep {
            kept.push(self.agent(typed)?.device);
        }
        Ok(rotation(&logs, after, &kept))
    }

    /// Changes the main key to the one on the sheet; the new recovery sheet is in the home afterwards, to be printed and
    /// deleted. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the log went on meanwhile, or nothing could be written.
    pub fn rotate(&self, sheet: &SheetKey, plan: &Rotation, now: i64) -> Result<std::path::PathBuf, DeskError> {
        let (home, party) = (self.home(), self.party());
        let next = SigningKey::from_bytes(&self.draw());
        let rotated = Rotated { root: sheet.key().clone(), next };
        let rest = Rest { under: self.identity().passphrase.as_ref(), random: self.random() };
        // First what must not get lost: a key that the log names is on disk before the log names it.
        home::write_new_root(home, &rotated.root, rest)?;
        let (new_sheet, sheet) = (sheet::new_path(home), sheet::path(home));
        let written = home::write_private(&new_sheet, sheet::text(&party, &rotated.next, now).as_bytes());
        written.map_err(|e| DeskError::File { path: new_sheet.clone(), why: e.to_string() })?;
        let begin = |logs: &KeyLogs| {
            let again = rotation(logs, plan.after, &plan.again);
            let ids = |events: &[LogEvent]| events.iter().map(|e| e.id).collect::<Vec<_>>();
            let same = ids(&again.undone) == ids(&plan.undone) && logs.event(&plan.after.event).is_some();
            if same { Ok(plan.after) } else { Err(went_on()) }
        };
        self.with_store(|store| {
            crate::log::extend(store, party, begin, |log| write_rotation(log, &rotated, plan, now))
        })?;
        fs::rename(&new_sheet, &sheet).map_err(|e| DeskError::File { path: new_sheet, why: e.to_string() })?;
        home::keep_new_root(home)?;
        self.node_is_running();
        Ok(sheet)
    }

    /// What bringing the branches of our key log together would sign here, leaving out what was granted to some
    /// devices, named as [`Desk::agent`] does.
    ///
    /// # Errors
    /// When there is nothing to bring together, or this home may not.
    pub fn plan_mending(&self, without: &[String]) -> Result<Mending, DeskError> {
        let logs = self.own_log()?;
        let after = self.log_key(&logs)?.after;
        let mut left_out = Vec::new();
        for typed in without {
            left_out.push(self.agent(typed)?.device);
        }
        let mending = mending(&logs, after, &left_out, &self.author().device);
        if mending.grants.is_empty() && mending.revokes.is_empty() {
            let why = "your key log has no branch from which anything is to be brought over".to_owned();
            return Err(DeskError::Rotation { why });
        }
        Ok(mending)
    }

    /// Signs on our branch again what stands on others. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the log went on meanwhile, or cannot be written.
    pub fn mend(&self, plan: &Mending, now: i64) -> Result<(), DeskError> {
        self.extend_log(|log, key| {
            if log.after != plan.after {
                return Err(went_on());
            }
            for (grant, proof) in &plan.grants {
                log.add(&keylog::grant_with(&log.after, &key.signer(), grant, proof, now))?;
            }
            for (grant, reason) in &plan.revokes {
                log.add(&keylog::revoke(&log.after, &key.signer(), grant, *reason, now))?;
            }
            Ok(())
        })
    }
}

fn went_on() -> DeskError {
    DeskError::Rotation { why: "your key log went on while you were asked; look at it again".to_owned() }
}

/// The event before a position, if it can be followed by a rotation.
fn before(logs: &KeyLogs, end: &KeyCitation, position: u32) -> Result<KeyCitation, DeskError> {
    let refused = |why: &str| Err(DeskError::Rotation { why: why.to_owned() });
    let Some(last) = logs.prefix(&end.event).find(|e| e.position + 1 == position) else {
        return refused("your key log has no such position; `counterpart identity show --log` lists them");
    };
    if logs.root_at(&last.id) != logs.root_at(&end.event) {
        return refused("the main key was changed since that position: what came before stands");
    }
    Ok(KeyCitation { party: last.party, position: last.position, event: last.id })
}

/// Whether a sheet holds the key that the log committed to.
pub(crate) fn check_sheet(logs: &KeyLogs, after: &KeyCitation, sheet: &SheetKey) -> Result<(), DeskError> {
    let (root, next) = logs.root_at(&after.event).expect("every log begins with an inception");
    let public = sheet.public();
    if next_root_hash(&public) == next {
        return Ok(());
    }
    let used = root == public
        || logs.of_party(&after.party).any(|e| matches!(&e.body, EventBody::Rotate { root, .. } if *root == public));
    Err(DeskError::WrongSheet(if used {
        "it was used up by an earlier change of the main key; take the sheet that was made then".to_owned()
    } else {
        "its key is another one than the log promised; look for a newer sheet, or a misread character".to_owned()
    }))
}

/// What a rotation after an event means for the log.
pub(crate) fn rotation(logs: &KeyLogs, after: KeyCitation, kept: &[DeviceKey]) -> Rotation {
    let era = logs.root_at(&after.event);
    let beside = |e: &&KeyEvent| logs.root_at(&e.id) == era && !leads_to(logs, &e.id, &after.event);
    let undone: Vec<&KeyEvent> =
        logs.of_party(&after.party).filter(beside).filter(|e| logs.superseded_by(&e.id).is_none()).collect();
    let mut plan = Rotation {
        after,
        undone: undone.iter().map(|e| line(logs, &after.event, e)).collect(),
        again: Vec::new(),
        lost: Vec::new(),
        grants: Vec::new(),
    };
    for event in undone {
        let EventBody::Grant(grant) = &event.body else { continue };
        let known = plan.again.contains(&grant.device) || plan.lost.contains(&grant.device);
        let stands_before = granted_before(logs, &after, &grant.device);
        if known || stands_before {
            continue;
        }
        match event.possession().filter(|_| kept.contains(&grant.device)) {
            Some(proof) => {
                plan.again.push(grant.device);
                plan.grants.push((grant.clone(), proof));
            }
            None => plan.lost.push(grant.device),
        }
    }
    plan
}

/// Whether the log up to an event grants a device anything, ended or not.
fn granted_before(logs: &KeyLogs, after: &KeyCitation, device: &DeviceKey) -> bool {
    logs.prefix(&after.event).any(|e| matches!(&e.body, EventBody::Grant(g) if g.device == *device))
}

/// Signs a rotation, and the grants it gives again.
pub(crate) fn write_rotation(
    log: &mut Extending<'_, '_>,
    keys: &Rotated,
    plan: &Rotation,
    now: i64,
) -> Result<(), DeskError> {
    log.add(&keylog::rotate(&log.after, &keys.root, &public_half(&keys.next), now))?;
    for (grant, proof) in &plan.grants {
        log.add(&keylog::grant_with(&log.after, &EventSigner::Root(&keys.root), grant, proof, now))?;
    }
    Ok(())
}

fn mending(logs: &KeyLogs, after: KeyCitation, left_out: &[DeviceKey], own: &DeviceKey) -> Mending {
    let mut plan = Mending { after, granted: Vec::new(), ended: Vec::new(), grants: Vec::new(), revokes: Vec::new() };
    let elsewhere = |e: &&KeyEvent| !leads_to(logs, &e.id, &after.event) && logs.superseded_by(&e.id).is_none();
    for event in logs.of_party(&after.party).filter(elsewhere) {
        match &event.body {
            EventBody::Grant(grant) => {
                let ended = logs.revocation_of(&after.party, &event.id).is_some();
                let known = plan.granted.contains(&grant.device) || granted_before(logs, &after, &grant.device);
                let wanted = !ended && !known && !left_out.contains(&grant.device);
                if let Some(proof) = event.possession().filter(|_| wanted) {
                    plan.granted.push(grant.device);
                    plan.grants.push((grant.clone(), proof));
                }
            }
            EventBody::Revoke { grant, reason } => {
                let GrantState::Stands(standing) = logs.grant_at(&after.event, grant) else { continue };
                // Nobody ends himself by it.
                let wanted = standing.device != *own && !left_out.contains(&standing.device);
                if wanted && !plan.revokes.iter().any(|(g, _)| g == grant) {
                    plan.ended.push((standing.device, *reason));
                    plan.revokes.push((*grant, *reason));
                }
            }
            EventBody::Inception { .. } | EventBody::Rotate { .. } => {}
        }
    }
    plan
}
