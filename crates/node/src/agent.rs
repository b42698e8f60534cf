//! Further devices and agents of one party: asked for on their own machine, granted where the identity is, taken
//! there; the cases they get, and the end of their rights.

mod line;
mod names;

use std::{fs, path::Path};

use counterpart_core::{
    envelope::public_half,
    id::{CaseId, DeviceKey, EventId, PartyId, short_form},
    keylog::{
        self, EventBody, EventSigner, Grant, GrantState, KeyLogRefusal, KeyLogs, Kinds, RevokeReason, possession,
    },
    text,
};
use counterpart_net::{Address, TransportSecret};
use counterpart_store::{KeyEventRow, PeerAddress, Store};
use ed25519_dalek::SigningKey;

pub use line::{AgentGrant, AgentRequest, CaseLink, LineError};

use crate::{desk::Desk, error::DeskError, home, random::Source};

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
    /// It is the device of this home.
    pub here: bool,
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
    let asked = home::asked_folder(home);
    if asked.exists() {
        let before = home::read_party(&asked)?;
        if before != party {
            return Err(DeskError::AskedElsewhere { party: before });
        }
    } else {
        make_keys(home, &asked, &party)?;
    }
    let (device, transport) = (home::read_device(&asked)?, home::read_transport(&asked)?);
    let peer = TransportSecret::new(transport.to_bytes()).peer_id().as_bytes().to_vec();
    names::keep(home, public_half(&device), &name)?;
    let possession = possession(&party, &device, &peer);
    Ok(AgentRequest { party, device: public_half(&device), peer, name, possession })
}

fn make_keys(home: &Path, asked: &Path, party: &PartyId) -> Result<(), DeskError> {
    let random = Source::new(|| Ok::<_, DeskError>(0))?;
    let device = SigningKey::from_bytes(&random.draw());
    let transport = SigningKey::from_bytes(&random.draw());
    let making = home::making_folder(home)?;
    home::write_device_keys(&making, &device, &transport, party)?;
    home::write_port(home, &random)?;
    fs::rename(&making, asked).map_err(|e| DeskError::File { path: asked.to_owned(), why: e.to_string() })
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
    let party = home::read_party(&asked)?;
    let device = public_half(&home::read_device(&asked)?);
    let mut logs = KeyLogs::new();
    for event in &grant.events {
        logs.apply(event)?;
    }
    let head = logs.head(&party).ok_or(DeskError::NotForThisDevice)?;
    let (id, _) = logs.grant_of_device(&party, &device).ok_or(DeskError::NotForThisDevice)?;
    if !matches!(logs.grant_at(&head.event, &id), GrantState::Stands(_)) {
        return Err(DeskError::GrantRevoked);
    }
    let mut store = Store::open(&home::store_path(home))?;
    store.write(|txn| {
        for event in logs.of_party(&party) {
            let position = u64::from(event.position);
            txn.insert_key_event(&KeyEventRow { id: event.id, party, position, envelope: event.bytes() })?;
        }
        Ok::<_, DeskError>(())
    })?;
    // The keys' folder appears last and at once: a home either has a whole identity or none.
    let keys = home::keys_folder(home);
    fs::rename(&asked, &keys).map_err(|e| DeskError::File { path: keys.clone(), why: e.to_string() })?;
    let desk = Desk::open(home)?;
    let here = desk.agents()?.into_iter().find(|agent| agent.here);
    Ok(Taken { party, agent: here.expect("its grant was just stored") })
}

impl Desk {
    /// Whether this home may add agents and end their rights: it holds the identity's main key, or its grant says so.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.event_key().is_ok()
    }

    /// The key that signs events of our key log here, and whether it is the root.
    fn event_key(&self) -> Result<Option<SigningKey>, DeskError> {
        if let Some(root) = home::read_root(self.home())? {
            return Ok(Some(root));
        }
        let logs = self.own_log()?;
        let (party, grant) = (self.party(), self.author().grant);
        let admin = match logs.event(&grant).map(|event| &event.body) {
            Some(EventBody::Grant(grant)) => grant.admin,
            _ => false,
        };
        if admin && logs.revocation_of(&party, &grant).is_none() { Ok(None) } else { Err(DeskError::NoRoot) }
    }

    /// Whether a request can be granted here, before anybody is asked.
    ///
    /// # Errors
    /// Why not.
    pub fn check_request(&self, request: &AgentRequest) -> Result<(), DeskError> {
        self.event_key()?;
        if request.party != self.party() {
            return Err(DeskError::OtherParty { party: request.party });
        }
        if self.own_log()?.grant_of_device(&request.party, &request.device).is_some() {
            return Err(DeskError::AgentKnown);
        }
        Ok(())
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
        let name = text::normalise(name.trim());
        names::check_name(&name)?;
        if self.agents()?.iter().any(|a| a.revoked.is_none() && a.name.as_ref() == Some(&name)) {
            return Err(DeskError::NameTaken(name));
        }
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
        let logs =
            self.extend_log(|after, signer| keylog::grant_with(after, signer, &grant, &request.possession, now))?;
        names::keep(self.home(), request.device, &name)?;
        self.node_is_running();
        Ok(AgentGrant { events: logs.of_party(&self.party()).map(|e| e.bytes().to_vec()).collect() })
    }

    /// Whether an agent's rights can be ended here, before anybody is asked.
    ///
    /// # Errors
    /// When this home may not, it is this home's own device, or its rights ended before.
    pub fn check_revocation(&self, agent: &Agent) -> Result<(), DeskError> {
        self.event_key()?;
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
        self.extend_log(|after, signer| keylog::revoke(after, signer, grant, reason, now))?;
        self.node_is_running();
        Ok(())
    }

    /// Writes one more event into our key log: reading its end, signing and storing are one transaction.
    fn extend_log(
        &self,
        sign: impl FnOnce(&counterpart_core::statement::KeyCitation, &EventSigner<'_>) -> Vec<u8>,
    ) -> Result<KeyLogs, DeskError> {
        let root = self.event_key()?;
        let signer = match &root {
            Some(root) => EventSigner::Root(root),
            None => EventSigner::Admin { grant: self.author().grant, key: &self.identity().device },
        };
        let party = self.party();
        self.with_store(|store| {
            store.write(|txn| {
                let mut logs = KeyLogs::new();
                for event in txn.key_events(party)? {
                    logs.apply(&event.envelope)?;
                }
                let after = logs.head(&party).expect("an opened home has a key log");
                let event = sign(&after, &signer);
                let (id, _) = logs.apply(&event)?;
                let position = u64::from(after.position) + 1;
                txn.insert_key_event(&KeyEventRow { id, party, position, envelope: &event })?;
                Ok(logs)
            })
        })
    }

    /// The devices and agents of our party, in the order they were granted.
    ///
    /// # Errors
    /// A damaged or busy store, or names that cannot be read.
    pub fn agents(&self) -> Result<Vec<Agent>, DeskError> {
        let mut names = names::read(self.home())?;
        let (logs, party, own) = (self.own_log()?, self.party(), self.author().grant);
        let agent = |event: &keylog::KeyEvent| {
            let EventBody::Grant(grant) = &event.body else { return None };
            let revoked = logs.revocation_of(&party, &event.id).and_then(|end| match end.body {
                EventBody::Revoke { reason, .. } => Some((reason, end.at)),
                _ => None,
            });
            let rights = Rights {
                kinds: grant.kinds.clone(),
                receive: grant.receive,
                admin: grant.admin,
                ceilings: grant.ceilings.clone(),
            };
            Some(Agent {
                grant: event.id,
                device: grant.device,
                rights,
                name: names.remove(&grant.device),
                since: event.at,
                revoked,
                here: event.id == own,
            })
        };
        Ok(logs.of_party(&party).filter_map(agent).collect())
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
        let standing: Vec<&Agent> = named.iter().copied().filter(|a| a.revoked.is_none()).collect();
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
