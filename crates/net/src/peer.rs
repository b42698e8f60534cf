//! The transport identity of a node.

use std::{fmt, str::FromStr};

use libp2p::identity::Keypair;
use zeroize::{Zeroize, Zeroizing};

/// Names a node on the network: the multihash of its transport public key, at most 64 bytes.
///
/// It is proven by the handshake of every connection, but says nothing about who the node acts for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(Vec<u8>);

impl PeerId {
    /// The most bytes a peer id has.
    pub const MAX_BYTES: usize = 64;

    /// The peer id of the node whose transport key has this Ed25519 seed.
    #[must_use]
    pub fn from_secret(seed: &[u8; 32]) -> Self {
        Self::from_libp2p(&keypair(seed).public().to_peer_id())
    }

    /// Reads the multihash bytes.
    ///
    /// # Errors
    /// When they are not the multihash of a transport key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PeerIdError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(PeerIdError::TooLong);
        }
        match libp2p::PeerId::from_bytes(bytes) {
            Ok(id) => Ok(Self::from_libp2p(&id)),
            Err(_) => Err(PeerIdError::NotAPeerId),
        }
    }

    /// The multihash bytes, as a grant names them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn from_libp2p(id: &libp2p::PeerId) -> Self {
        Self(id.to_bytes())
    }

    pub(crate) fn to_libp2p(&self) -> libp2p::PeerId {
        libp2p::PeerId::from_bytes(&self.0).expect("the bytes were checked when the value was made")
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_libp2p().to_base58())
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({self})")
    }
}

impl FromStr for PeerId {
    type Err = PeerIdError;

    fn from_str(text: &str) -> Result<Self, PeerIdError> {
        // Base58 needs less than 1.4 characters a byte; decoding costs the square of the length.
        if text.len() > Self::MAX_BYTES * 3 / 2 {
            return Err(PeerIdError::TooLong);
        }
        match text.parse::<libp2p::PeerId>() {
            Ok(id) => Ok(Self::from_libp2p(&id)),
            Err(_) => Err(PeerIdError::NotAPeerId),
        }
    }
}

/// Why something is not a peer id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeerIdError {
    /// More than [`PeerId::MAX_BYTES`] bytes, or their base58 form.
    #[error("this is too long to be a peer id: copy it again from the other node")]
    TooLong,
    /// Not base58, or not the multihash of a key.
    #[error("this is not a peer id, which starts with 12D3KooW: copy it again from the other node")]
    NotAPeerId,
}

/// The Ed25519 seed of the transport key. Never printed, wiped when dropped.
///
/// It must not be the seed of a device key: the handshake signs with it.
pub struct TransportSecret([u8; 32]);

impl TransportSecret {
    /// Wraps a seed.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// The peer id of this key.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        PeerId::from_secret(&self.0)
    }

    pub(crate) fn keypair(&self) -> Keypair {
        keypair(&self.0)
    }
}

impl fmt::Debug for TransportSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransportSecret(..)")
    }
}

impl Drop for TransportSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

fn keypair(seed: &[u8; 32]) -> Keypair {
    let mut copy = Zeroizing::new(*seed);
    Keypair::ed25519_from_bytes(&mut copy[..]).expect("any 32 bytes are an Ed25519 seed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_round_trip() {
        let id = PeerId::from_secret(&[7; 32]);
        assert!(id.to_string().starts_with("12D3KooW"));
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert_eq!(PeerId::from_bytes(id.as_bytes()), Ok(id));
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!("".parse::<PeerId>(), Err(PeerIdError::NotAPeerId));
        assert_eq!("not an id".parse::<PeerId>(), Err(PeerIdError::NotAPeerId));
        assert_eq!("1".repeat(500).parse::<PeerId>(), Err(PeerIdError::TooLong));
        assert_eq!(PeerId::from_bytes(&[0; 65]), Err(PeerIdError::TooLong));
        assert_eq!(PeerId::from_bytes(&[0x12, 0x20, 1]), Err(PeerIdError::NotAPeerId));
    }

    #[test]
    fn the_secret_never_prints() {
        assert_eq!(format!("{:?}", TransportSecret::new([0xAB; 32])), "TransportSecret(..)");
    }
}
