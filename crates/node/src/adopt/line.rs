//! The line by which a machine that waits is called: an invitation to take it.

use counterpart_core::{
    cbor::{Limits, Value, header},
    id::DeviceKey,
    invitation::Secret,
};
use counterpart_net::{Address, PeerId};

use crate::agent::{
    LineError,
    line::{VERSION, encoded, read},
    names::check_name,
};

const PREFIX: &str = "counterpart:device#";
const WHAT: &str = "a device's line";
const LIMITS: Limits = Limits { bytes: 8 * 1024, nodes: 64, depth: 3, text: Address::MAX_BYTES };
/// Most addresses in a line: it is copied by people.
pub(super) const MOST_ADDRESSES: usize = 8;

/// A machine that waits to be added: which, where, and the secret that shows whoever calls it to hold its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceLine {
    /// Its transport peer id: nobody else can answer in its place.
    pub peer: PeerId,
    pub device: DeviceKey,
    /// What it says to be called.
    pub name: String,
    pub secret: Secret,
    /// Unix milliseconds.
    pub expires: i64,
    /// Where it listens.
    pub addresses: Vec<Address>,
}

impl DeviceLine {
    /// The line as text, to be copied to the machine that adds this one. Whoever has it can take the waiting machine as
    /// his own, until it expires or is used.
    #[must_use]
    pub fn to_text(&self) -> String {
        let addresses = self.addresses.iter().take(MOST_ADDRESSES).map(|a| a.as_str().into()).collect();
        let value = header([
            (1, Some(Value::Int(VERSION))),
            (2, Some(Value::from(self.peer.as_bytes()))),
            (3, Some(Value::from(&self.device.0))),
            (4, Some(self.name.as_str().into())),
            (5, Some(Value::Bytes(self.secret.0.to_vec()))),
            (6, Some(Value::Int(self.expires))),
            (7, Some(Value::Array(addresses))),
        ]);
        encoded(PREFIX, &value)
    }

    /// Reads a line; white space around it is ignored.
    ///
    /// # Errors
    /// When it is none, or not whole.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let value = read(WHAT, PREFIX, text, LIMITS)?;
        let line = (|| {
            let addresses = value.header(7)?.as_array().filter(|list| list.len() <= MOST_ADDRESSES)?;
            let address = |a: &Value| Address::parse(a.as_text()?).ok();
            Some(Self {
                peer: PeerId::from_bytes(value.header(2)?.as_bytes()?).ok()?,
                device: DeviceKey::from_slice(value.header(3)?.as_bytes()?)?,
                name: value.header(4)?.as_text().filter(|n| check_name(n).is_ok())?.to_owned(),
                secret: Secret(value.header(5)?.as_bytes()?.try_into().ok()?),
                expires: value.header(6)?.as_int()?,
                addresses: addresses.iter().map(address).collect::<Option<_>>()?,
            })
        })();
        line.ok_or(LineError::Malformed { what: WHAT })
    }
}

#[cfg(test)]
mod tests {
    use counterpart_net::TransportSecret;

    use super::*;

    fn some() -> DeviceLine {
        let at = |text: &str| Address::parse(text).expect("an address");
        DeviceLine {
            peer: TransportSecret::new([4; 32]).peer_id(),
            device: DeviceKey([7; 32]),
            name: "mailbox".to_owned(),
            secret: Secret([9; 16]),
            expires: 1_800_000_000_000,
            addresses: vec![at("/ip4/203.0.113.7/tcp/4001"), at("/dns/me.example/udp/4001/quic-v1")],
        }
    }

    #[test]
    fn a_line_reads_back() {
        let line = some();
        assert_eq!(DeviceLine::parse(&format!("  {}\n", line.to_text())), Ok(line));
    }

    #[test]
    fn a_line_that_is_not_whole_says_so() {
        let text = some().to_text();
        for end in [text.len() - 1, text.len() / 2, PREFIX.len()] {
            let cut = text.get(..end).expect("plain text");
            assert!(matches!(DeviceLine::parse(cut), Err(LineError::Malformed { .. })), "{cut}");
        }
        assert!(matches!(DeviceLine::parse("counterpart:case#ab"), Err(LineError::Prefix { .. })));
        let named = DeviceLine { name: "two\nlines".to_owned(), ..some() };
        assert!(matches!(DeviceLine::parse(&named.to_text()), Err(LineError::Malformed { .. })));
        assert!(format!("{:?}", some()).contains("Secret(..)"), "it is not shown by accident");
    }
}
