//! Who is at the other end of a stream: both greet with fresh numbers, then say with their device key who they are.
//!
//! The dialer speaks first, because it knows whom it called. The answerer says who it is only to somebody who may
//! have what was asked for: a stranger learns neither a party's name nor its key log.

use std::collections::VecDeque;

use ed25519_dalek::SigningKey;

use super::frame::{Decline, Frame, FrameError};
use crate::{
    cbor::{Limits, Value, header},
    envelope::{Envelope, EnvelopeError, PublicKey},
    id::{CaseId, DeviceKey, Domain, EntryId, EventId, PartyId},
    statement::KeyCitation,
};

/// The latest version of the exchange this code speaks. The second added the worksheet, and that unknown frames of an
/// open case are passed over.
pub const VERSION: u32 = 2;
/// The earliest it still speaks.
pub const OLDEST_VERSION: u32 = 1;
/// Most bytes of key events in one hello.
pub const MAX_LOG_BYTES: usize = 1000 * 1024;
const MAX_HELLO: usize = 512;
const MAX_PEER: usize = 64;
const LIMITS: Limits = Limits { bytes: MAX_HELLO, nodes: 32, depth: 2, text: 0 };

/// Who we are on a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub party: PartyId,
    pub device: DeviceKey,
    pub grant: EventId,
    /// The point in our key log at which the grant stands.
    pub log: KeyCitation,
    /// Our transport's peer id.
    pub peer: Vec<u8>,
    /// Our key log, inception first, as signed.
    pub key_events: Vec<Vec<u8>>,
}

/// What the dialer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    Open(CaseId),
    /// A join request's bytes.
    Join(Vec<u8>),
}

/// Who the other end proved to be. Whether its grant stands, [`super::Machine::admit`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeted {
    pub party: PartyId,
    pub device: DeviceKey,
    pub grant: EventId,
    pub log: KeyCitation,
    /// Its transport peer id, as the transport itself found it.
    pub peer: Vec<u8>,
    pub key_events: Vec<Vec<u8>>,
    /// The version of the exchange that both ends speak.
    pub version: u32,
}

/// What the handshake came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// Answerer: look the case up, [`super::Machine::admit`], then call [`Handshake::ready`] or [`Handshake::not_available`].
    Asked {
        case: CaseId,
        greeted: Box<Greeted>,
    },
    /// Answerer: check the request, then call [`Handshake::admitted`] or [`Handshake::declined`].
    Joining {
        request: Vec<u8>,
        greeted: Box<Greeted>,
    },
    /// Dialer: the case is open once [`super::Machine::admit`] agrees; what follows are the machine's frames.
    Ready(Box<Greeted>),
    /// Dialer: the other side does not have the case, or not for us.
    NotAvailable,
    /// Dialer: admitted; ask for the case on a new stream.
    Admitted {
        admit: EntryId,
        key_events: Vec<Vec<u8>>,
    },
    Declined(Decline),
}

/// Why a handshake fails. Close the stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    #[error("the other side sent something that is not a frame: {0}")]
    Frame(#[from] FrameError),
    #[error("the other side speaks version {0} of the exchange, this program another one: one of them must be updated")]
    Version(u32),
    #[error("the other side sent our own greeting back")]
    Reflected,
    #[error("the other side sent a frame out of turn")]
    OutOfTurn,
    #[error("the other side's hello cannot be read")]
    Malformed,
    #[error("the other side's hello: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the other side's hello was made for another connection")]
    OtherConnection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    /// Answerer: the dialer's hello comes next.
    Hello,
    /// Answerer: what the dialer asks for comes next.
    Ask,
    /// Answerer: the shell decides.
    Deciding,
    /// Dialer: the answer comes next.
    Answer,
    Over,
}

/// The first frames of a stream, for either end.
#[derive(Debug)]
pub struct Handshake {
    own: Identity,
    /// What we dialed for; absent on the answering side.
    ask: Option<Ask>,
    /// The other end's peer id, from the transport.
    remote: Vec<u8>,
    nonce: [u8; 32],
    their_nonce: [u8; 32],
    /// The version we speak at most, then the one agreed on.
    version: u32,
    greeted: Option<Box<Greeted>>,
    state: State,
    out: VecDeque<Vec<u8>>,
}

impl Handshake {
    /// The dialing end; it names the version it speaks. Where it ends in [`HelloError::Version`] with an older one, dial
    /// again in that: [`Handshake::dial_speaking`]. `remote` is the peer id the transport found at the other end; `nonce`
    /// is fresh random bytes.
    #[must_use]
    pub fn dial(own: Identity, remote: Vec<u8>, ask: Ask, nonce: [u8; 32]) -> Self {
        Self::dial_speaking(VERSION, own, remote, ask, nonce)
    }

    /// The same in an older version.
    #[must_use]
    pub fn dial_speaking(version: u32, own: Identity, remote: Vec<u8>, ask: Ask, nonce: [u8; 32]) -> Self {
        let mut dialer = Self::new(own, remote, Some(ask), nonce, version);
        dialer.greet();
        dialer
    }

    /// The answering end: it greets once it knows which versions the dialer speaks.
    #[must_use]
    pub fn answer(own: Identity, remote: Vec<u8>, nonce: [u8; 32]) -> Self {
        Self::new(own, remote, None, nonce, VERSION)
    }

    fn new(own: Identity, remote: Vec<u8>, ask: Option<Ask>, nonce: [u8; 32], version: u32) -> Self {
        let out = VecDeque::new();
        Self { own, ask, remote, nonce, their_nonce: [0; 32], version, greeted: None, state: State::Greeting, out }
    }

    fn greet(&mut self) {
        let greeting = Frame::Greeting { version: self.version, nonce: self.nonce };
        self.out.push_back(greeting.encode());
    }

    /// The next frame to send.
    pub fn poll_output(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    /// Takes in a frame; `key` is our device key.
    ///
    /// # Errors
    /// Why the stream is to be closed.
    pub fn handle_frame(&mut self, bytes: &[u8], key: &SigningKey) -> Result<Option<Reached>, HelloError> {
        match (self.state, Frame::decode(bytes)?) {
            (State::Greeting, Frame::Greeting { version, nonce }) => {
                self.greeted_by(version, nonce, key)?;
                Ok(None)
            }
            (State::Hello, Frame::Hello { envelope, key_events }) => {
                self.greeted = Some(Box::new(self.check(&envelope, key_events)?));
                self.state = State::Ask;
                Ok(None)
            }
            (State::Ask, Frame::OpenCase { case }) => {
                self.state = State::Deciding;
                let greeted = self.greeted.clone().ok_or(HelloError::OutOfTurn)?;
                Ok(Some(Reached::Asked { case, greeted }))
            }
            (State::Ask, Frame::Join { request }) => {
                self.state = State::Deciding;
                let greeted = self.greeted.clone().ok_or(HelloError::OutOfTurn)?;
                Ok(Some(Reached::Joining { request, greeted }))
            }
            (State::Answer, frame) => self.answered(frame),
            _ => Err(HelloError::OutOfTurn),
        }
    }

    fn greeted_by(&mut self, version: u32, nonce: [u8; 32], key: &SigningKey) -> Result<(), HelloError> {
        if nonce == self.nonce {
            return Err(HelloError::Reflected);
        }
        // The dialer names the latest it speaks, and the answerer which one it is to be. A program of the first version
        // knows no other and ends the stream.
        let only_first = self.version > OLDEST_VERSION && version == OLDEST_VERSION;
        if version < OLDEST_VERSION || (self.ask.is_some() && (version > self.version || only_first)) {
            return Err(HelloError::Version(version));
        }
        self.version = self.version.min(version);
        self.their_nonce = nonce;
        let ask = match &self.ask {
            None => {
                self.greet();
                self.state = State::Hello;
                return Ok(());
            }
            Some(Ask::Open(case)) => Frame::OpenCase { case: *case },
            Some(Ask::Join(request)) => Frame::Join { request: request.clone() },
        };
        self.say_hello(key);
        self.out.push_back(ask.encode());
        self.state = State::Answer;
        Ok(())
    }

    fn answered(&mut self, frame: Frame) -> Result<Option<Reached>, HelloError> {
        let opening = matches!(self.ask, Some(Ask::Open(_)));
        let reached = match frame {
            Frame::Hello { envelope, key_events } if opening && self.greeted.is_none() => {
                self.greeted = Some(Box::new(self.check(&envelope, key_events)?));
                return Ok(None);
            }
            Frame::Ready if opening => Reached::Ready(self.greeted.take().ok_or(HelloError::OutOfTurn)?),
            Frame::NotAvailable => Reached::NotAvailable,
            Frame::Admitted { admit, key_events } if !opening => Reached::Admitted { admit, key_events },
            Frame::Declined { reason } if !opening => Reached::Declined(reason),
            _ => return Err(HelloError::OutOfTurn),
        };
        self.state = State::Over;
        Ok(Some(reached))
    }

    /// Answerer: the case is here and the other end may have it.
    pub fn ready(&mut self, key: &SigningKey) {
        self.say_hello(key);
        self.decide(&Frame::Ready);
    }

    /// Answerer: the case is not here, or not theirs; which of the two is not told.
    pub fn not_available(&mut self) {
        self.decide(&Frame::NotAvailable);
    }

    /// Answerer: the join request was accepted and the `admit` is durable.
    pub fn admitted(&mut self, admit: EntryId) {
        let key_events = newest_within(&self.own.key_events);
        self.decide(&Frame::Admitted { admit, key_events });
    }

    /// Answerer: the join request is declined.
    pub fn declined(&mut self, reason: Decline) {
        self.decide(&Frame::Declined { reason });
    }

    fn decide(&mut self, frame: &Frame) {
        debug_assert_eq!(self.state, State::Deciding, "an answer follows a question");
        self.out.push_back(frame.encode());
        self.state = State::Over;
    }

    fn say_hello(&mut self, key: &SigningKey) {
        let payload = payload(self.version, &self.own, &self.remote, &self.nonce, &self.their_nonce);
        let envelope = Envelope::sign(Domain::Hello, payload, key).bytes().to_vec();
        let hello = Frame::Hello { envelope, key_events: newest_within(&self.own.key_events) };
        self.out.push_back(hello.encode());
    }

    fn check(&self, envelope: &[u8], key_events: Vec<Vec<u8>>) -> Result<Greeted, HelloError> {
        let envelope = Envelope::parse(envelope, MAX_HELLO)?;
        let value = Value::decode(envelope.payload(), LIMITS).map_err(FrameError::Cbor)?;
        let said = Said::read(&value).ok_or(HelloError::Malformed)?;
        envelope.verify(Domain::Hello, &PublicKey::parse(&said.device.0)?)?;
        let here = said.version == self.version
            && said.peer == self.remote
            && said.other_peer == self.own.peer
            && said.nonce == self.their_nonce
            && said.other_nonce == self.nonce;
        if !here {
            return Err(HelloError::OtherConnection);
        }
        let Said { party, device, grant, log, peer, .. } = said;
        Ok(Greeted { party, device, grant, log, peer, key_events, version: self.version })
    }
}

/// What a hello's payload says.
struct Said {
    version: u32,
    party: PartyId,
    device: DeviceKey,
    grant: EventId,
    log: KeyCitation,
    peer: Vec<u8>,
    other_peer: Vec<u8>,
    nonce: [u8; 32],
    other_nonce: [u8; 32],
}

impl Said {
    fn read(value: &Value) -> Option<Self> {
        let Value::Map(fields) = value else { return None };
        (fields.len() == 10).then_some(())?;
        let bytes32 = |key| value.header(key)?.as_bytes()?.try_into().ok();
        let peer = |key| Some(value.header(key)?.as_bytes().filter(|p| p.len() <= MAX_PEER)?.to_vec());
        let party = PartyId(bytes32(2)?);
        let position = u32::try_from(value.header(5)?.as_int()?).ok()?;
        Some(Self {
            version: u32::try_from(value.header(1)?.as_int()?).ok()?,
            party,
            device: DeviceKey(bytes32(3)?),
            grant: EventId(bytes32(4)?),
            log: KeyCitation { party, position, event: EventId(bytes32(6)?) },
            peer: peer(7)?,
            other_peer: peer(8)?,
            nonce: bytes32(9)?,
            other_nonce: bytes32(10)?,
        })
    }
}

fn payload(version: u32, own: &Identity, remote: &[u8], nonce: &[u8; 32], their_nonce: &[u8; 32]) -> Vec<u8> {
    header([
        (1, Some(Value::from(version))),
        (2, Some(Value::from(&own.party.0))),
        (3, Some(Value::from(&own.device.0))),
        (4, Some(Value::from(&own.grant.0))),
        (5, Some(Value::from(own.log.position))),
        (6, Some(Value::from(&own.log.event.0))),
        (7, Some(Value::from(own.peer.as_slice()))),
        (8, Some(Value::from(remote))),
        (9, Some(Value::from(nonce))),
        (10, Some(Value::from(their_nonce))),
    ])
    .encode()
}

/// The newest events that fit into one frame; who knows the party already has the older ones.
fn newest_within(events: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut bytes = 0;
    let fits = |event: &&Vec<u8>| {
        bytes += event.len() + 8;
        bytes <= MAX_LOG_BYTES
    };
    let mut kept: Vec<Vec<u8>> = events.iter().rev().take_while(fits).cloned().collect();
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::{
        super::admission::{NotAvailable, admit_peer},
        *,
    };
    use crate::{
        envelope::public_half,
        keylog::{EventSigner, Grant, KeyLogs, Kinds, RevokeReason, grant, inception, revoke},
        record::Record,
    };

    struct Node {
        key: SigningKey,
        root: SigningKey,
        own: Identity,
    }

    fn node(n: u8) -> Node {
        let root = SigningKey::from_bytes(&[n; 32]);
        let key = SigningKey::from_bytes(&[n + 1; 32]);
        let next = public_half(&SigningKey::from_bytes(&[n + 2; 32]));
        let first = inception(&root, &next, [n; 16], 0);
        let mut logs = KeyLogs::new();
        let (event, _) = logs.apply(&first).expect("an inception");
        let party = logs.event(&event).expect("just applied").party;
        let peer = vec![n; 38];
        let leave = Grant {
            device: public_half(&key),
            peer: peer.clone(),
            kinds: Kinds::All,
            receive: true,
            admin: false,
            ceilings: vec![],
            from: None,
            until: None,
        };
        let after = KeyCitation { party, position: 1, event };
        let second = grant(&after, &EventSigner::Root(&root), &leave, &key, 0);
        let (event, _) = logs.apply(&second).expect("a grant");
        let log = KeyCitation { party, position: 2, event };
        let own =
            Identity { party, device: public_half(&key), grant: event, log, peer, key_events: vec![first, second] };
        Node { key, root, own }
    }

    fn carry(from: &mut Handshake, to: &mut Handshake, key: &SigningKey) -> Vec<Result<Option<Reached>, HelloError>> {
        let mut seen = Vec::new();
        while let Some(frame) = from.poll_output() {
            seen.push(to.handle_frame(&frame, key));
        }
        seen
    }

    fn last(seen: Vec<Result<Option<Reached>, HelloError>>) -> Reached {
        let reached = seen.into_iter().map(|r| r.expect("a good frame")).next_back();
        reached.flatten().expect("the last frame decides")
    }

    /// Both ends up to the question.
    fn asked(a: &Node, b: &Node, ask: Ask) -> (Handshake, Handshake, Reached) {
        let mut dialer = Handshake::dial(a.own.clone(), b.own.peer.clone(), ask, [1; 32]);
        let mut answerer = Handshake::answer(b.own.clone(), a.own.peer.clone(), [2; 32]);
        carry(&mut dialer, &mut answerer, &b.key);
        carry(&mut answerer, &mut dialer, &a.key);
        let reached = last(carry(&mut dialer, &mut answerer, &b.key));
        (dialer, answerer, reached)
    }

    #[test]
    fn both_ends_prove_who_they_are() {
        let (a, b) = (node(10), node(20));
        let case = CaseId([9; 32]);
        let (mut dialer, mut answerer, reached) = asked(&a, &b, Ask::Open(case));
        let Reached::Asked { case: asked, greeted } = reached else { unreachable!("the dialer asked for a case") };
        assert_eq!((asked, greeted.party, greeted.device), (case, a.own.party, a.own.device));
        answerer.ready(&b.key);
        let Reached::Ready(greeted) = last(carry(&mut answerer, &mut dialer, &a.key)) else {
            unreachable!("the answerer was ready")
        };
        assert_eq!((greeted.party, greeted.peer.clone()), (b.own.party, b.own.peer.clone()));

        let mut record = Record::new();
        assert_eq!(admit_peer(&mut record, &[], &greeted).err(), Some(NotAvailable));
        assert_eq!(record.logs().parties().count(), 0, "a stranger's log is not kept");
        let (peer, new) = admit_peer(&mut record, &[b.own.party], &greeted).expect("trusted");
        assert_eq!((peer.device, new.len()), (b.own.device, 2));
        let elsewhere = Greeted { peer: vec![0; 38], ..(*greeted).clone() };
        assert_eq!(admit_peer(&mut record, &[b.own.party], &elsewhere).err(), Some(NotAvailable));
        let ended = revoke(&b.own.log, &EventSigner::Root(&b.root), &b.own.grant, RevokeReason::Ended, 1);
        record.apply_key_event(&ended).expect("a revocation");
        assert_eq!(admit_peer(&mut record, &[b.own.party], &greeted).err(), Some(NotAvailable));
    }

    #[test]
    fn a_stranger_learns_nothing() {
        let (a, b) = (node(10), node(20));
        let (mut dialer, mut answerer, _) = asked(&a, &b, Ask::Open(CaseId([9; 32])));
        answerer.not_available();
        let frame = answerer.poll_output().expect("an answer");
        assert_eq!(Frame::decode(&frame), Ok(Frame::NotAvailable));
        assert_eq!(dialer.handle_frame(&frame, &a.key), Ok(Some(Reached::NotAvailable)));
        assert_eq!(dialer.handle_frame(&frame, &a.key), Err(HelloError::OutOfTurn));
    }

    #[test]
    fn a_hello_counts_on_one_connection_only() {
        let (a, b) = (node(10), node(20));
        let mut dialer = Handshake::dial(a.own.clone(), b.own.peer.clone(), Ask::Open(CaseId([9; 32])), [1; 32]);
        let mut first = Handshake::answer(b.own.clone(), a.own.peer.clone(), [2; 32]);
        let mut frames = vec![dialer.poll_output().expect("the dialer greets")];
        first.handle_frame(&frames[0], &b.key).expect("a greeting");
        carry(&mut first, &mut dialer, &a.key);
        frames.extend(std::iter::from_fn(|| dialer.poll_output()));
        for (peer, nonce) in [(a.own.peer.clone(), [3; 32]), (vec![7; 38], [2; 32])] {
            let mut replayed = Handshake::answer(b.own.clone(), peer, nonce);
            replayed.handle_frame(&frames[0], &b.key).expect("a greeting");
            assert_eq!(replayed.handle_frame(&frames[1], &b.key), Err(HelloError::OtherConnection));
        }
        let mut other = Handshake::answer(a.own.clone(), a.own.peer.clone(), [2; 32]);
        other.handle_frame(&frames[0], &a.key).expect("a greeting");
        assert_eq!(other.handle_frame(&frames[1], &a.key), Err(HelloError::OtherConnection));
        let mut mirror = Handshake::answer(b.own.clone(), a.own.peer.clone(), [1; 32]);
        assert_eq!(mirror.handle_frame(&frames[0], &b.key), Err(HelloError::Reflected));
    }

    #[test]
    fn both_ends_agree_on_a_version() {
        let (a, b) = (node(10), node(20));
        let greeting = |version| Frame::Greeting { version, nonce: [4; 32] }.encode();
        let answered = |version| {
            let mut answerer = Handshake::answer(b.own.clone(), a.own.peer.clone(), [2; 32]);
            assert_eq!(answerer.poll_output(), None, "the dialer speaks first");
            answerer.handle_frame(&greeting(version), &b.key)?;
            Ok(Frame::decode(&answerer.poll_output().expect("a greeting")).expect("a frame"))
        };
        let said = |version| Ok(Frame::Greeting { version, nonce: [2; 32] });
        assert_eq!(answered(0), Err(HelloError::Version(0)));
        assert_eq!(answered(1), said(1));
        assert_eq!(answered(VERSION), said(VERSION));
        assert_eq!(answered(VERSION + 1), said(VERSION));
        let dialed = |version, speaks| {
            let (own, peer) = (a.own.clone(), b.own.peer.clone());
            let mut dialer = Handshake::dial_speaking(speaks, own, peer, Ask::Open(CaseId([9; 32])), [1; 32]);
            dialer.handle_frame(&greeting(version), &a.key).map(drop)
        };
        // A program that knows only the first version has ended the stream by then: it is dialed again in that.
        assert_eq!(dialed(1, VERSION), Err(HelloError::Version(1)));
        assert_eq!(dialed(1, 1), Ok(()));
        assert_eq!(dialed(VERSION, VERSION), Ok(()));
        assert_eq!(dialed(VERSION + 1, VERSION), Err(HelloError::Version(VERSION + 1)));
    }

    #[test]
    fn an_older_version_is_spoken_with_those_who_know_no_other() {
        let (a, b) = (node(10), node(20));
        let ask = Ask::Open(CaseId([9; 32]));
        let mut dialer = Handshake::dial_speaking(1, a.own.clone(), b.own.peer.clone(), ask, [1; 32]);
        let mut answerer = Handshake::answer(b.own.clone(), a.own.peer.clone(), [2; 32]);
        carry(&mut dialer, &mut answerer, &b.key);
        carry(&mut answerer, &mut dialer, &a.key);
        let Reached::Asked { greeted, .. } = last(carry(&mut dialer, &mut answerer, &b.key)) else {
            unreachable!("the dialer asked for a case")
        };
        answerer.ready(&b.key);
        let Reached::Ready(answered) = last(carry(&mut answerer, &mut dialer, &a.key)) else {
            unreachable!("the answerer was ready")
        };
        assert_eq!((greeted.version, answered.version), (1, 1));
    }

    #[test]
    fn joining_is_answered_on_the_same_stream() {
        let (a, b) = (node(10), node(20));
        let (mut dialer, mut answerer, reached) = asked(&a, &b, Ask::Join(vec![1, 2, 3]));
        assert!(matches!(reached, Reached::Joining { request, .. } if request == [1, 2, 3]));
        answerer.admitted(EntryId([5; 32]));
        let reached = last(carry(&mut answerer, &mut dialer, &a.key));
        assert_eq!(reached, Reached::Admitted { admit: EntryId([5; 32]), key_events: b.own.key_events.clone() });
        let (mut dialer, mut answerer, _) = asked(&a, &b, Ask::Join(vec![]));
        answerer.declined(Decline::Expired);
        assert_eq!(last(carry(&mut answerer, &mut dialer, &a.key)), Reached::Declined(Decline::Expired));
    }

    #[test]
    fn a_log_too_long_for_a_frame_keeps_its_newest_events() {
        let events: Vec<Vec<u8>> = (0..300_u32).map(|n| n.to_be_bytes().repeat(1024)).collect();
        let kept = newest_within(&events);
        assert!(kept.len() > 200 && kept.last() == events.last());
    }
}
