//! A new device key for this home: after a copy of it, or an old backup, signed with the same key.

use counterpart_core::{
    act::Act,
    id::{CaseId, DeviceKey, EntryId, EventId},
    keylog::{self, EventBody, Grant, RevokeReason},
};
use ed25519_dalek::SigningKey;

use crate::{
    agent::{self, Agent, AgentRequest, names},
    desk::Desk,
    error::DeskError,
    home,
    keyfile::Rest,
    log::Extending,
};

/// What renewing this home's device will sign: show it before [`Desk::renew_device`] does it.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// The device that ends.
    pub old: Agent,
    /// In each case it signed in, its last entries: what came before them stands. More than one after a fork.
    pub cuts: Vec<CaseCut>,
}

/// Up to where what a device signed in a case counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseCut {
    pub case: CaseId,
    pub title: String,
    pub tips: Vec<(DeviceKey, u32, EntryId)>,
    /// The same entries by the numbers people know them by.
    pub numbers: Vec<u32>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    pub device: DeviceKey,
    /// Cases in which the cut was signed.
    pub cut: Vec<CaseId>,
    /// Cases in which it could not be, and why; `counterpart cut` may do it later.
    pub uncut: Vec<(CaseId, String)>,
}

impl Desk {
    /// What renewing this home's device would sign.
    ///
    /// # Errors
    /// When this home may not end its own device; its holder asks by [`Desk::ask_renewal`] then. While a node runs.
    pub fn plan_renewal(&self) -> Result<Renewal, DeskError> {
        self.must_not_run()?;
        self.may_extend_log()?;
        let old = self.agents()?.into_iter().find(|agent| agent.here).expect("an opened home has a grant");
        let mut cuts = Vec::new();
        for case in self.with_store(|s| s.cases())? {
            let record = self.record(&case)?;
            let graph = record.graph();
            let last = graph.tips_of(&old.device);
            let tips: Vec<_> = last.iter().map(|ix| (old.device, graph.statement(*ix).seq, graph.id(*ix))).collect();
            let numbers = last.iter().map(|ix| graph.node(*ix).number).collect();
            if !tips.is_empty() {
                let title = record.lens().open().map(|(_, open)| open.title.clone()).unwrap_or_default();
                cuts.push(CaseCut { case, title, tips, numbers });
            }
        }
        Ok(Renewal { old, cuts })
    }

    /// Gives this home a new device key with the rights of the old one, ends the old one, and says in each case up to
    /// where it counts. Others reach the home where they did, unless the old key is compromised: then its peer id is
    /// new as well. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the log or the keys cannot be written. Until the new keys are in place the old device stands.
    pub fn renew_device(self, plan: &Renewal, reason: RevokeReason, now: i64) -> Result<Renewed, DeskError> {
        self.must_not_run()?;
        let (home, party, passphrase) = (self.home().to_owned(), self.party(), self.identity().passphrase.clone());
        let device = SigningKey::from_bytes(&self.draw());
        let transport = match reason {
            RevokeReason::Ended => home::read_transport(&home::keys_folder(&home), passphrase.as_ref())?,
            RevokeReason::Compromised => SigningKey::from_bytes(&self.draw()),
        };
        let next = home::next_folder(&home)?;
        let rest = Rest { under: passphrase.as_ref(), random: self.random() };
        home::copy_root(&home, &next, passphrase.as_ref(), rest)?;
        home::write_device_keys(&next, &device, &transport, &party, rest)?;
        let grant = self.extend_log(|log, key| {
            let rights = rights_of(log, &plan.old.grant, &device, &transport)?;
            log.add(&keylog::grant(&log.after, &key.signer(), &rights, &device, now))
        })?;
        drop(self);
        home::swap_keys(&home)?;
        let desk = Self::open_with(&home, passphrase.as_ref())?;
        let device = desk.author().device;
        if let Some(name) = &plan.old.name {
            names::keep(&home, device, name)?;
        }
        debug_assert_eq!(desk.author().grant, grant, "the new keys act under the new grant");
        let revoke = desk.extend_log(|log, key| {
            // It may have been ended elsewhere. Whoever holds the main key signs by it, everybody else by the new
            // device's right.
            match log.logs.revocation_of(&party, &plan.old.grant) {
                Some(end) => Ok(end.id),
                None => log.add(&keylog::revoke(&log.after, &key.signer(), &plan.old.grant, reason, now)),
            }
        })?;
        let mut renewed = Renewed { device, cut: Vec::new(), uncut: Vec::new() };
        for cut in &plan.cuts {
            match desk.sign(&cut.case, &Act::Cut { revoke, tips: cut.tips.clone() }, now) {
                Ok(_) => renewed.cut.push(cut.case),
                Err(why) => renewed.uncut.push((cut.case, why.to_string())),
            }
        }
        Ok(renewed)
    }

    /// Whether [`Desk::ask_renewal`] made keys that wait for a grant.
    #[must_use]
    pub fn waits_for_renewal(&self) -> bool {
        home::asked_folder(self.home()).exists()
    }

    /// Makes new keys for this home that wait for a grant, where it may not grant them itself, and gives the request
    /// for whoever holds the identity. [`Desk::take_renewal`] takes the answer. Asked again, it is the same request.
    ///
    /// # Errors
    /// When the keys cannot be written.
    pub fn ask_renewal(&self) -> Result<AgentRequest, DeskError> {
        self.must_be_home()?;
        let (home, party, passphrase) = (self.home(), self.party(), self.identity().passphrase.as_ref());
        let own = self.agents()?.into_iter().find(|agent| agent.here);
        let name = own.and_then(|agent| agent.name).unwrap_or_else(|| "renewed device".to_owned());
        if !home::asked_folder(home).exists() {
            agent::make_keys(home, &party, Rest { under: passphrase, random: self.random() })?;
        }
        agent::request(home, party, &name, passphrase)
    }
}

/// The rights of a grant, for another device.
fn rights_of(
    log: &Extending<'_, '_>,
    grant: &EventId,
    device: &SigningKey,
    transport: &SigningKey,
) -> Result<Grant, DeskError> {
    let every = home::every_right(device, transport);
    match log.logs.event(grant).map(|e| &e.body) {
        Some(EventBody::Grant(old)) => Ok(Grant { device: every.device, peer: every.peer, ..old.clone() }),
        _ => Err(DeskError::NoRoot),
    }
}
