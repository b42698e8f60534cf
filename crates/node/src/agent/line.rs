//! The lines of text that go from one of a party's machines to another: a device's request, the grant, a case's
//! address.

use counterpart_core::{
    cbor::{Limits, Value, header},
    id::{CaseId, DeviceKey, PartyId},
    keylog::{MAX_EVENT, MAX_POSITION, check_possession},
};
use counterpart_net::{Address, PeerId};
use data_encoding::BASE64URL_NOPAD;

use super::names::check_name;

const REQUEST_PREFIX: &str = "counterpart:agent-request#";
const GRANT_PREFIX: &str = "counterpart:agent-grant#";
const CASE_PREFIX: &str = "counterpart:case#";
pub(crate) const VERSION: i64 = 1;
const REQUEST_LIMITS: Limits = Limits { bytes: 4096, nodes: 32, depth: 2, text: 256 };
/// A whole key log: as many events as one may have.
const GRANT_LIMITS: Limits =
    Limits { bytes: MAX_POSITION as usize * (MAX_EVENT + 16), nodes: MAX_POSITION as usize + 8, depth: 3, text: 0 };
/// Most addresses in a case's line.
const MAX_ADDRESSES: usize = 32;

/// Why a text is not one of these lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    #[error("{what} begins with {prefix}")]
    Prefix { what: &'static str, prefix: &'static str },
    #[error("{what} is incomplete or mistyped: copy the whole line again")]
    Malformed { what: &'static str },
    #[error("the request does not prove that the machine it came from holds its key: make a new one there")]
    Possession,
    #[error("'{0}' in the line is not an address that ends in /p2p/ and a peer id: copy the whole line again")]
    Address(String),
}

const REQUEST: &str = "an agent's request";
const GRANT: &str = "an agent's grant";
const CASE: &str = "a case's address";

/// What an agent's machine asks: to act for a party, with a key made there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRequest {
    pub party: PartyId,
    pub device: DeviceKey,
    /// The transport's peer id, opaque bytes.
    pub peer: Vec<u8>,
    /// What the agent says to be called; kept by those who read it, part of no key log.
    pub name: String,
    /// The device's proof that it holds the key, for this party's log.
    pub possession: Vec<u8>,
}

impl AgentRequest {
    /// The request as one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let value = header([
            (1, Some(Value::Int(VERSION))),
            (2, Some(Value::from(&self.party.0))),
            (3, Some(Value::from(&self.device.0))),
            (4, Some(Value::from(self.peer.as_slice()))),
            (5, Some(self.name.as_str().into())),
            (6, Some(Value::from(self.possession.as_slice()))),
        ]);
        encoded(REQUEST_PREFIX, &value)
    }

    /// Reads a request, and checks the proof in it; white space around it is ignored.
    ///
    /// # Errors
    /// When it is none, or not whole, or its proof does not hold.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let value = read(REQUEST, REQUEST_PREFIX, text, REQUEST_LIMITS)?;
        let request = (|| {
            Some(Self {
                party: PartyId::from_slice(value.header(2)?.as_bytes()?)?,
                device: DeviceKey::from_slice(value.header(3)?.as_bytes()?)?,
                peer: value.header(4)?.as_bytes().filter(|p| PeerId::from_bytes(p).is_ok())?.to_vec(),
                name: value.header(5)?.as_text().filter(|n| check_name(n).is_ok())?.to_owned(),
                possession: value.header(6)?.as_bytes()?.to_vec(),
            })
        })();
        let request = request.ok_or(LineError::Malformed { what: REQUEST })?;
        check_possession(&request.party, &request.device, &request.peer, &request.possession)
            .map_err(|_refused| LineError::Possession)?;
        Ok(request)
    }
}

/// What the holder of the identity answers: the party's whole key log, the new grant in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentGrant {
    /// Inception first, as signed.
    pub events: Vec<Vec<u8>>,
}

impl AgentGrant {
    /// The grant as one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let events = self.events.iter().map(|e| Value::from(e.as_slice())).collect();
        encoded(GRANT_PREFIX, &header([(1, Some(Value::Int(VERSION))), (2, Some(Value::Array(events)))]))
    }

    /// Reads a grant; what the log in it says is checked when it is taken.
    ///
    /// # Errors
    /// When it is none, or not whole.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let value = read(GRANT, GRANT_PREFIX, text, GRANT_LIMITS)?;
        let events = value.header(2).and_then(Value::as_array).filter(|events| !events.is_empty());
        let events = events.and_then(|e| e.iter().map(|e| e.as_bytes().map(<[u8]>::to_vec)).collect::<Option<_>>());
        Ok(Self { events: events.ok_or(LineError::Malformed { what: GRANT })? })
    }
}

/// Where a case can be had from: for the other machines of a party that is in it. No secret: whoever calls proves by
/// its grant that it belongs there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseLink {
    pub case: CaseId,
    /// Each ends in the peer id of the node there.
    pub addresses: Vec<Address>,
}

impl CaseLink {
    /// The link as one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let addresses: Vec<&str> = self.addresses.iter().map(Address::as_str).collect();
        format!("{CASE_PREFIX}{},{}", self.case.to_hex(), addresses.join(","))
    }

    /// Reads a link; white space around it is ignored.
    ///
    /// # Errors
    /// When it is none, or names no address, or one without a peer id.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let prefix = || LineError::Prefix { what: CASE, prefix: CASE_PREFIX };
        let rest = text.trim().strip_prefix(CASE_PREFIX).ok_or_else(prefix)?;
        let malformed = || LineError::Malformed { what: CASE };
        let (case, addresses) = rest.split_once(',').ok_or_else(malformed)?;
        let case = CaseId::from_hex(case).ok_or_else(malformed)?;
        let address = |text: &str| {
            let parsed = Address::parse(text).ok().filter(|a| a.peer().is_some());
            parsed.ok_or_else(|| LineError::Address(text.to_owned()))
        };
        let addresses = addresses.split(',').take(MAX_ADDRESSES).map(address).collect::<Result<_, _>>()?;
        Ok(Self { case, addresses })
    }
}

/// A line of text: what it is, then the value.
pub(crate) fn encoded(prefix: &str, value: &Value) -> String {
    format!("{prefix}{}", BASE64URL_NOPAD.encode(&value.encode()))
}

/// Reads the value in a line of text.
pub(crate) fn read(what: &'static str, prefix: &'static str, text: &str, limits: Limits) -> Result<Value, LineError> {
    let rest = text.trim().strip_prefix(prefix).ok_or(LineError::Prefix { what, prefix })?;
    let value = BASE64URL_NOPAD.decode(rest.as_bytes()).ok().and_then(|b| Value::decode(&b, limits).ok());
    let current = |v: &Value| v.header(1).and_then(Value::as_int) == Some(VERSION);
    value.filter(current).ok_or(LineError::Malformed { what })
}

#[cfg(test)]
mod tests {
    use counterpart_core::{envelope::public_half, keylog::possession};
    use counterpart_net::TransportSecret;
    use ed25519_dalek::SigningKey;

    use super::*;

    fn request() -> AgentRequest {
        let key = SigningKey::from_bytes(&[3; 32]);
        let peer = TransportSecret::new([4; 32]).peer_id().as_bytes().to_vec();
        let party = PartyId([5; 32]);
        let possession = possession(&party, &key, &peer);
        AgentRequest { party, device: public_half(&key), peer, name: "Priya".to_owned(), possession }
    }

    #[test]
    fn lines_read_back() {
        let request = request();
        assert_eq!(AgentRequest::parse(&format!(" {}\n", request.to_text())), Ok(request));
        let grant = AgentGrant { events: vec![vec![1, 2], vec![3]] };
        assert_eq!(AgentGrant::parse(&grant.to_text()), Ok(grant));
        let peer = TransportSecret::new([4; 32]).peer_id();
        let address = Address::parse("/ip4/127.0.0.1/tcp/4001").expect("an address").with_peer(&peer);
        let link = CaseLink { case: CaseId([7; 32]), addresses: vec![address.clone(), address] };
        assert_eq!(CaseLink::parse(&link.to_text()), Ok(link));
    }

    #[test]
    fn a_line_that_is_not_whole_says_so() {
        let text = request().to_text();
        let cut = text.get(..text.len() - 1).expect("plain text");
        assert!(matches!(AgentRequest::parse(cut), Err(LineError::Malformed { .. })));
        assert!(matches!(AgentGrant::parse(&text), Err(LineError::Prefix { .. })));
        let other = AgentRequest { party: PartyId([6; 32]), ..request() };
        assert_eq!(AgentRequest::parse(&other.to_text()), Err(LineError::Possession), "made for another party");
        let named = AgentRequest { name: "two\nlines".to_owned(), ..request() };
        assert!(matches!(AgentRequest::parse(&named.to_text()), Err(LineError::Malformed { .. })));
        let case = CaseId([7; 32]).to_hex();
        assert!(matches!(CaseLink::parse(&format!("counterpart:case#{case}")), Err(LineError::Malformed { .. })));
        let nobody = format!("counterpart:case#{case},/ip4/127.0.0.1/tcp/4001");
        assert!(matches!(CaseLink::parse(&nobody), Err(LineError::Address(_))));
    }
}
