//! Further devices and agents of one party: asked for on their own machine, granted where the identity is, taken
//! there; the cases they get, and the end of their rights.

pub(crate) mod line;
pub(crate) mod names;

use std::{collections::BTreeMap, fs, path::Path};

use counterpart_core::{
    envelope::public_half,
    id::{CaseId, DeviceKey, EventId, PartyId, short_form},
    keylog::{self, EventBody, Grant, GrantState, KeyLogRefusal, KeyLogs, Kinds, RevokeReason, possession},
    text,
};
use counterpart_net::{Address, TransportSecret};
use counterpart_store::{KeyEventRow, PeerAddress, Store};
use ed25519_dalek::SigningKey;

pub use line::{AgentGrant, AgentRequest, CaseLink, LineError};

use crate::{
    adopt,
    desk::Desk,
    error::DeskError,
    home,
    keyfile::{Passphrase, Rest},
    place,
    random::Source,
};

/// What a device may do for its party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The kinds of act it may sign.
    pub kinds: Kinds,
    /// Its store counts as the party's: it may sign receipts.
    pub receive: bool,
    /// It may grant and revoke.
    pub admin: bool,
    /// Most money at stake, one a currency, that all check: decimal text and currency.
    pub ceilings: Vec<(String, String)>,
}

impl Rights {
    pub(crate) fn of(grant: &Grant) -> Self {
        Self {
            kinds: grant.kinds.clone(),
            receive: grant.receive,
            admin: grant.admin,
            ceilings: grant.ceilings.clone(),
        }
    }
}

/// A device of our party, as its key log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub grant: EventId,
    pub device: DeviceKey,
    pub rights: Rights,
    /// What it is called here; names are in no key log.
    pub name: Option<String>,
    /// Claimed time of the grant, Unix milliseconds.
    pub since: i64,
    /// Why and when its rights ended.
    pub revoked: Option<(RevokeReason, i64)>,
    /// A change of the main key took its grant back.
    pub taken_back: bool,
    /// It is the device of this home.
    pub here: bool,
}

impl Agent {
    /// It may act: its rights neither ended nor were taken back.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.revoked.is_none() && !self.taken_back
    }
}

/// A home that was completed by a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub party: PartyId,
    pub agent: Agent,
}

/// Makes a device's keys in a home without identity, and the request to act for a party. Asked again for the same
/// party, it is the same request.
///
/// # Errors
/// When the home has an identity or asked for another party, or cannot be written.
pub fn ask(home: &Path, party: PartyId, name: &str) -> Result<AgentRequest, DeskError> {
    if home::is_initialised(home) {
        return Err(DeskError::AlreadyInitialised { home: home.to_owned() });
    }
    let name = text::normalise(name.trim());
    names::check_name(&name)?;
    if adopt::is_waiting(home) {
        return Err(DeskError::Waits { home: home.to_owned() });
    }
    let asked = home::asked_folder(home);
    if asked.exists() {
        let before = home::read_party(&asked)?;
        if before != party {
            return Err(DeskError::AskedElsewhere { party: before });
        }
    } else {
        let random = Source::new(|| Ok::<_, DeskError>(0))?;
        make_keys(home, &party, Rest { under: None, random: &random })?;
        home::write_port(home, &random)?;
    }
    request(home, party, &name, None)
}

/// The request for the keys that wait in a home.
pub(crate) fn request(
    home: &Path,
    party: PartyId,
    name: &str,
    passphrase: Option<&Passphrase>,
) -> Result<AgentRequest, DeskError> {
    let asked = home::asked_folder(home);
    let (device, transport) = (home::read_device(&asked, passphrase)?, home::read_transport(&asked, passphrase)?);
    let peer = TransportSecret::new(transport.to_bytes()).peer_id().as_bytes().to_vec();
    names::keep(home, public_half(&device), name)?;
    let possession = possession(&party, &device, &peer);
    Ok(AgentRequest { party, device: public_half(&device), peer, name: name.to_owned(), possession })
}

/// Makes keys that wait for a grant.
pub(crate) fn make_keys(home: &Path, party: &PartyId, rest: Rest<'_>) -> Result<(), DeskError> {
    let asked = home::asked_folder(home);
    let device = SigningKey::from_bytes(&rest.random.draw());
    let transport = SigningKey::from_bytes(&rest.random.draw());
    let making = home::making_folder(home)?;
    home::write_device_keys(&making, &device, &transport, party, rest)?;
    fs::rename(&making, &asked).map_err(|e| DeskError::File { path: asked, why: e.to_string() })
}

/// Completes a home that asked, by the grant that came back. From then on it is a home like any other, without the
/// identity's main key.
///
/// # Errors
/// When the home did not ask, or the grant is another device's or another party's, does not hold, or was revoked.
pub fn take(home: &Path, grant: &AgentGrant) -> Result<Taken, DeskError> {
    if home::is_initialised(home) {
        return Err(DeskError::AlreadyInitialised { home: home.to_owned() });
    }
    let asked = home::asked_folder(home);
    if !asked.exists() {
        return Err(DeskError::NotAsked);
    }
    let mut store = place::open_for(home, home::read_party(&asked)?)?;
    let party = store_grant(&mut store, &asked, grant, None)?;
    // The keys' folder appears last and at once: a home either has a whole identity or none.
    let keys = home::keys_folder(home);
    fs::rename(&asked, &keys).map_err(|e| DeskError::File { path: keys.clone(), why: e.to_string() })?;
    taken(&Desk::open(home)?, party)
}

fn taken(desk: &Desk, party: PartyId) -> Result<Taken, DeskError> {
    let here = desk.agents()?.into_iter().find(|agent| agent.here);
    Ok(Taken { party, agent: here.expect("its grant was just stored") })
}

/// Holds a grant against the keys that wait for it, and stores the log it came with; gives whose log it is.
fn store_grant(
    store: &mut Store,
    asked: &Path,
    grant: &AgentGrant,
    passphrase: Option<&Passphrase>,
) -> Result<PartyId, DeskError> {
    let party = home::read_party(asked)?;
    let device = public_half(&home::read_device(asked, passphrase)?);
    let mut logs = KeyLogs::new();
    for event in &grant.events {
        logs.apply(event)?;
    }
    let (id, _) = logs.grant_of_device(&party, &device).ok_or(DeskError::NotForThisDevice)?;
    let head = logs.head_with(&party, &id).ok_or(DeskError::NotForThisDevice)?;
    if !matches!(logs.grant_at(&head.event, &id), GrantState::Stands(_)) {
        return Err(DeskError::GrantRevoked);
    }
    store.write(|txn| {
        for event in logs.of_party(&party) {
            let position = u64::from(event.position);
            txn.insert_key_event(&KeyEventRow { id: event.id, party, position, envelope: event.bytes() })?;
        }
        Ok::<_, DeskError>(party)
    })
}

impl Desk {
    /// Completes the renewal of this home's device, by the grant that came back for the keys that
    /// [`Desk::ask_renewal`] made.
    ///
    /// # Errors
    /// As [`take`]; while a node of this home runs.
    pub fn take_renewal(self, grant: &AgentGrant) -> Result<Taken, DeskError> {
        let home = self.home().to_owned();
        let (asked, passphrase) = (home::asked_folder(&home), self.identity().passphrase.clone());
        if !asked.exists() {
            return Err(DeskError::NotAsked);
        }
        self.must_not_run()?;
        let party = self.with_store(|store| store_grant(store, &asked, grant, passphrase.as_ref()))?;
        drop(self);
        let next = home::next_folder(&home)?;
        fs::rename(&asked, &next).map_err(|e| DeskError::File { path: next, why: e.to_string() })?;
        home::swap_keys(&home)?;
        taken(&Self::open_with(&home, passphrase.as_ref())?, party)
    }

    /// Whether this home may add agents and end their rights: it holds the identity's main key, or its grant says so.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.may_extend_log().is_ok()
    }

    pub(crate) fn may_extend_log(&self) -> Result<(), DeskError> {
        self.log_key(&self.own_log()?).map(drop)
    }

    /// Whether a request can be granted here, before anybody is asked.
    ///
    /// # Errors
    /// Why not.
    pub fn check_request(&self, request: &AgentRequest) -> Result<(), DeskError> {
        self.may_extend_log()?;
        if request.party != self.party() {
            return Err(DeskError::OtherParty { party: request.party });
        }
        let logs = self.own_log()?;
        let known = logs.grant_of_device(&request.party, &request.device);
        if known.is_some_and(|(grant, _)| logs.superseded_by(&grant).is_none()) {
            return Err(DeskError::AgentKnown);
        }
        Ok(())
    }

    /// Whether a further device can be called so; gives the name as it is kept.
    ///
    /// # Errors
    /// When it is no name, or another device's.
    pub fn check_device_name(&self, name: &str) -> Result<String, DeskError> {
        let name = text::normalise(name.trim());
        names::check_name(&name)?;
        if self.agents()?.iter().any(|a| a.stands() && a.name.as_ref() == Some(&name)) {
            return Err(DeskError::NameTaken(name));
        }
        Ok(name)
    }

    /// Grants rights to a device: writes the event into our key log and gives the whole log, to be taken on its
    /// machine. A running node is told. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// As [`Desk::check_request`], or when the log can hold no more.
    pub fn add_agent(
        &self,
        request: &AgentRequest,
        rights: &Rights,
        name: &str,
        now: i64,
    ) -> Result<AgentGrant, DeskError> {
        self.check_request(request)?;
        let name = self.check_device_name(name)?;
        let grant = Grant {
            device: request.device,
            peer: request.peer.clone(),
            kinds: rights.kinds.clone(),
            receive: rights.receive,
            admin: rights.admin,
            ceilings: rights.ceilings.clone(),
            from: None,
            until: None,
        };
        let logs = self.extend_log(|log, key| {
            log.add(&keylog::grant_with(&log.after, &key.signer(), &grant, &request.possession, now))?;
            Ok(log.logs.clone())
        })?;
        names::keep(self.home(), request.device, &name)?;
        Ok(AgentGrant { events: logs.of_party(&self.party()).map(|e| e.bytes().to_vec()).collect() })
    }

    /// Whether an agent's rights can be ended here, before anybody is asked.
    ///
    /// # Errors
    /// When this home may not, it is this home's own device, or its rights ended before.
    pub fn check_revocation(&self, agent: &Agent) -> Result<(), DeskError> {
        self.may_extend_log()?;
        match agent.revoked {
            _ if agent.here => Err(DeskError::OwnDevice),
            Some(_) => Err(DeskError::EndedBefore),
            None => Ok(()),
        }
    }

    /// Ends a device's rights. A running node is told. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// As [`Desk::check_revocation`].
    pub fn revoke_agent(&self, grant: &EventId, reason: RevokeReason, now: i64) -> Result<(), DeskError> {
        if *grant == self.author().grant {
            return Err(DeskError::OwnDevice);
        }
        self.extend_log(|log, key| log.add(&keylog::revoke(&log.after, &key.signer(), grant, reason, now)).map(drop))
    }

    /// What this home calls devices and agents of its party. Others are never told.
    ///
    /// # Errors
    /// When the names cannot be read.
    pub fn device_names(&self) -> Result<BTreeMap<DeviceKey, String>, DeskError> {
        names::read(self.home())
    }

    /// The devices and agents of our party, in the order they were granted.
    ///
    /// # Errors
    /// A damaged or busy store, or names that cannot be read.
    pub fn agents(&self) -> Result<Vec<Agent>, DeskError> {
        let names = names::read(self.home())?;
        let (logs, party, own) = (self.own_log()?, self.party(), self.author().device);
        let mut devices: Vec<DeviceKey> = Vec::new();
        for event in logs.of_party(&party) {
            if let EventBody::Grant(grant) = &event.body
                && !devices.contains(&grant.device)
            {
                devices.push(grant.device);
            }
        }
        let agent = |device: DeviceKey| {
            // On a forked log a device may have a grant a branch; it is one agent all the same.
            let (id, grant) = logs.grant_of_device(&party, &device)?;
            let revoked = logs.revocation_of(&party, &id).and_then(|end| match end.body {
                EventBody::Revoke { reason, .. } => Some((reason, end.at)),
                _ => None,
            });
            Some(Agent {
                grant: id,
                device,
                rights: Rights::of(grant),
                name: names.get(&device).cloned(),
                since: logs.event(&id)?.at,
                revoked,
                taken_back: logs.superseded_by(&id).is_some(),
                here: device == own,
            })
        };
        Ok(devices.into_iter().filter_map(agent).collect())
    }

    /// The agent a person means: its name here, or its device's short form, the first four characters of it, or all
    /// hex digits. A name of one whose rights stand goes before the same name of one whose rights ended.
    ///
    /// # Errors
    /// When none or several fit.
    pub fn agent(&self, typed: &str) -> Result<Agent, DeskError> {
        let agents = self.agents()?;
        let wanted = text::normalise(typed.trim()).to_lowercase();
        let named: Vec<&Agent> =
            agents.iter().filter(|a| a.name.as_ref().is_some_and(|n| n.to_lowercase() == wanted)).collect();
        let standing: Vec<&Agent> = named.iter().copied().filter(|a| a.stands()).collect();
        let plain: String = wanted.chars().filter(|c| *c != '-').collect::<String>().to_ascii_uppercase();
        let device = |a: &&Agent| {
            let short: String = short_form(&a.device.0).chars().filter(|c| *c != '-').collect();
            (plain.len() >= 4 && short.starts_with(&plain)) || a.device.to_hex() == wanted
        };
        let by_device: Vec<&Agent> = agents.iter().filter(device).collect();
        match [standing, named, by_device].into_iter().find(|found| !found.is_empty()).as_deref() {
            None => Err(DeskError::UnknownAgent(typed.to_owned())),
            Some([one]) => Ok((*one).clone()),
            Some(several) => Err(DeskError::AmbiguousAgent {
                typed: typed.to_owned(),
                devices: several.iter().map(|a| a.device).collect(),
            }),
        }
    }

    /// The line by which another machine of a party in this case gets it: where our node is to be reached, and where
    /// the other side's is, as far as known here. `more` are further addresses of our own node.
    ///
    /// # Errors
    /// When an address is none.
    pub fn case_link(&self, case: &CaseId, more: &[String]) -> Result<CaseLink, DeskError> {
        let own = if more.is_empty() { self.reachable_at()? } else { more.to_vec() };
        let peer = self.peer_id();
        let own = own.iter().map(|a| {
            let parsed = Address::parse(a).map_err(|e| DeskError::Address(e.to_string()))?;
            Ok::<_, DeskError>(parsed.with_peer(&peer))
        });
        let mut addresses = own.collect::<Result<Vec<_>, _>>()?;
        let others = self.with_store(|s| s.peer_addresses(*case))?;
        addresses
            .extend(others.iter().filter_map(|row| Address::parse(&row.address).ok().filter(|a| a.peer().is_some())));
        Ok(CaseLink { case: *case, addresses })
    }

    /// Remembers where a case of our party can be had from; the running node, or the next one, asks for it there.
    /// Gives whether it is still to come: our part in the case is not here. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A full, damaged or busy store.
    pub fn begin_follow(&self, link: &CaseLink, now: i64) -> Result<bool, DeskError> {
        let (case, party, own) = (link.case, self.party(), self.peer_id());
        let others = link.addresses.iter().filter(|a| a.peer().is_some_and(|peer| peer != own));
        self.with_store(|store| {
            store.write(|txn| {
                for address in others {
                    let address = address.to_string();
                    txn.put_peer_address(&PeerAddress { case, party, device: None, address, last_seen: now })?;
                }
                Ok::<_, DeskError>(())
            })
        })?;
        self.node_is_running();
        Ok(!self.record(&case)?.lens().joined(&party))
    }
}

impl From<KeyLogRefusal> for DeskError {
    fn from(refusal: KeyLogRefusal) -> Self {
        match refusal {
            KeyLogRefusal::SecondGrant => Self::AgentKnown,
            KeyLogRefusal::NothingToRevoke => Self::EndedBefore,
            other => Self::KeyLog(other.to_string()),
        }
    }
}
