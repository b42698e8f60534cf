//! One stream from the first byte until its frames go to a machine: handshakes at both ends, then two tasks that carry
//! frames to and fro.

use std::{sync::Arc, time::Duration};

use counterpart_core::sync::{
    LinkId,
    hello::{Ask, Greeted, Handshake, HelloError, Identity, OLDEST_VERSION, Reached, VERSION},
};
use counterpart_net::{Address, Channel, Net, PeerId, Protocol};
use ed25519_dalek::SigningKey;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{Command, files, join};
use crate::random::random;

/// A handshake that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// A stream on which one frame is not taken for so long is given up.
const STALLED: Duration = Duration::from_secs(600);
/// Frames read from one link that wait for the loop, before its stream is no longer read.
const READ_AHEAD: usize = 4;

/// What came of a call.
pub(crate) enum Dialed {
    Ready { greeted: Box<Greeted>, channel: Channel },
    NotAvailable,
    Failed(String),
}

/// A call to a peer: dial, handshake, and what it came to.
pub(super) struct Call {
    pub(super) net: Arc<Net>,
    pub(super) peer: PeerId,
    pub(super) addresses: Vec<Address>,
    pub(super) own: Identity,
    pub(super) key: SigningKey,
}

impl Call {
    pub(super) async fn place(self, ask: Ask, protocol: Protocol) -> Result<(Reached, Channel), String> {
        match self.speaking(VERSION, ask.clone(), protocol).await {
            // It knows no later one, and has hung up.
            Err(Unshaken::Hello(HelloError::Version(OLDEST_VERSION))) => {
                self.speaking(OLDEST_VERSION, ask, protocol).await.map_err(|why| why.to_string())
            }
            outcome => outcome.map_err(|why| why.to_string()),
        }
    }

    async fn speaking(&self, version: u32, ask: Ask, protocol: Protocol) -> Result<(Reached, Channel), Unshaken> {
        let remote = self.peer.as_bytes().to_vec();
        let opened = self.net.open(self.peer.clone(), self.addresses.clone(), protocol).await;
        let mut channel = opened.map_err(|why| Unshaken::Line(why.to_string()))?;
        let mut handshake = Handshake::dial_speaking(version, self.own.clone(), remote, ask, random());
        let reached = tokio::time::timeout(HANDSHAKE, shake(&mut handshake, &mut channel, &self.key));
        let late = |_| Unshaken::Line("the other side did not answer in time".to_owned());
        let reached = reached.await.map_err(late)??;
        Ok((reached, channel))
    }
}

/// Why a handshake came to nothing.
#[derive(Debug, thiserror::Error)]
enum Unshaken {
    #[error("{0}")]
    Hello(#[from] HelloError),
    #[error("{0}")]
    Line(String),
}

/// Exchanges frames until the handshake reaches something.
async fn shake(handshake: &mut Handshake, channel: &mut Channel, key: &SigningKey) -> Result<Reached, Unshaken> {
    loop {
        flush(handshake, channel).await.map_err(Unshaken::Line)?;
        let frame = channel.recv().await.map_err(|e| Unshaken::Line(e.to_string()))?;
        let frame = frame.ok_or_else(|| Unshaken::Line("the other side ended the conversation".to_owned()))?;
        if let Some(reached) = handshake.handle_frame(&frame, key)? {
            return Ok(reached);
        }
    }
}

async fn flush(handshake: &mut Handshake, channel: &mut Channel) -> Result<(), String> {
    while let Some(frame) = handshake.poll_output() {
        channel.send(&frame).await.map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// The answering end of a stream, up to the point where a machine takes over.
pub(super) async fn answer(
    own: Identity,
    key: SigningKey,
    remote: Vec<u8>,
    protocol: Protocol,
    mut channel: Channel,
    commands: mpsc::UnboundedSender<Command>,
) {
    let mut handshake = Handshake::answer(own, remote, random());
    let answered = tokio::time::timeout(HANDSHAKE, async {
        let reached = shake(&mut handshake, &mut channel, &key).await.map_err(|why| why.to_string())?;
        let met = match reached {
            Reached::Asked { case, greeted } if protocol == Protocol::Case => {
                let (answer, decision) = oneshot::channel();
                drop(commands.send(Command::Asked { case, greeted, answer }));
                let peer = decision.await.ok().flatten();
                match peer {
                    Some(_) => handshake.ready(&key),
                    None => handshake.not_available(),
                }
                peer.map(|peer| (case, peer))
            }
            Reached::Joining { request, greeted } if protocol == Protocol::Invitation => {
                let (answer, decision) = oneshot::channel();
                drop(commands.send(Command::Joining { request, greeted, answer }));
                match decision.await {
                    Ok(join::Answer::Admitted(admit)) => handshake.admitted(admit),
                    Ok(join::Answer::Declined(reason)) => handshake.declined(reason),
                    Err(_stopped) => return Err("the node is stopping".to_owned()),
                }
                None
            }
            _ => return Err("asked for something else than the protocol offers".to_owned()),
        };
        flush(&mut handshake, &mut channel).await?;
        Ok::<_, String>(met)
    });
    // A stranger's failed handshake concerns nobody here.
    match answered.await {
        Ok(Ok(Some((case, peer)))) => drop(commands.send(Command::Met { case, peer, channel, dialed: false })),
        // The dialer reads the answer, then ends the stream.
        Ok(Ok(None)) => drop(tokio::time::timeout(HANDSHAKE, channel.recv()).await),
        Ok(Err(_)) | Err(_) => {}
    }
}

/// The ends of a stream that two tasks carry.
pub(super) struct Pumped {
    pub(super) frames: mpsc::UnboundedSender<Vec<u8>>,
    pub(super) answers: mpsc::UnboundedSender<files::Answer>,
    pub(super) reader: tokio::task::JoinHandle<()>,
}

/// Two tasks for a stream: one writes what is queued, one reads and hands over with back-pressure.
pub(super) fn pump(
    link: LinkId,
    source: files::Source,
    channel: Channel,
    commands: mpsc::UnboundedSender<Command>,
) -> Pumped {
    let (mut sender, mut receiver) = channel.split();
    let (frames, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
    let (answers, mut asked) = mpsc::unbounded_channel::<files::Answer>();
    let told = commands.clone();
    tokio::spawn(async move {
        loop {
            // Entries go first. A part of a file is read only when it is its turn, so one at most is in memory.
            let (frame, answers) = tokio::select! {
                biased;
                frame = queue.recv() => match frame {
                    Some(frame) => (frame, false),
                    None => break,
                },
                Some(answer) = asked.recv() => (source.frame(answer).await, true),
            };
            match tokio::time::timeout(STALLED, sender.send(&frame)).await {
                Ok(Ok(())) if answers => drop(told.send(Command::Answered { link })),
                Ok(Ok(())) => {}
                // Who reads nothing any more is gone, whatever the connection says.
                Ok(Err(_)) | Err(_) => {
                    drop(told.send(Command::Gone { link }));
                    break;
                }
            }
        }
        // Closing a stream that is gone already changes nothing.
        drop(sender.close().await);
    });
    let reader = tokio::spawn(async move {
        let places = Arc::new(Semaphore::new(READ_AHEAD));
        while let Ok(Some(bytes)) = receiver.recv().await {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
            if commands.send(Command::Frame { link, bytes, place }).is_err() {
                return;
            }
        }
        drop(commands.send(Command::Gone { link }));
    });
    Pumped { frames, answers, reader }
}
