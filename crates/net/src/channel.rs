//! A two-way stream of frames with one peer.

use std::{fmt, io, sync::Arc};

use crate::{
    frame::{FrameReader, FrameWriter},
    limits::Place,
    line::Line,
    peer::PeerId,
};
use futures::{
    AsyncReadExt,
    io::{ReadHalf, WriteHalf},
};

/// Frames to and from one peer, in order. The peer's transport key is proven; what it says is not.
///
/// There are no deadlines here: a peer may stay silent, or not read, for as long as the connection lives.
/// Dropping a channel abandons it: what was sent may still arrive. [`Channel::close`] ends it in order.
pub struct Channel {
    sender: Sender,
    receiver: Receiver,
}

impl Channel {
    pub(crate) fn new(peer: PeerId, stream: Line, most: usize, place: Place) -> Self {
        let place = Arc::new(place);
        let (read, write) = stream.split();
        Self {
            sender: Sender { peer: peer.clone(), frames: FrameWriter::new(write, most), _place: Arc::clone(&place) },
            receiver: Receiver { peer, frames: FrameReader::new(read, most), _place: place },
        }
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &PeerId {
        &self.sender.peer
    }

    /// See [`Sender::send`].
    ///
    /// # Errors
    /// See [`Sender::send`].
    pub async fn send(&mut self, frame: &[u8]) -> Result<(), ChannelError> {
        self.sender.send(frame).await
    }

    /// See [`Receiver::recv`].
    ///
    /// # Errors
    /// See [`Receiver::recv`].
    pub async fn recv(&mut self) -> Result<Option<Vec<u8>>, ChannelError> {
        self.receiver.recv().await
    }

    /// Two halves for two tasks.
    #[must_use]
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }

    /// Tells the other end that nothing more follows, after all that was sent, and gives the channel up.
    ///
    /// # Errors
    /// [`ChannelError::Lost`] when the connection is gone, [`ChannelError::Broken`] after an abandoned send.
    pub async fn close(self) -> Result<(), ChannelError> {
        self.sender.close().await
    }
}

/// The sending half of a [`Channel`].
pub struct Sender {
    peer: PeerId,
    frames: FrameWriter<WriteHalf<Line>>,
    _place: Arc<Place>,
}

impl Sender {
    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &PeerId {
        &self.peer
    }

    /// Sends one frame of 1 to `max_frame` bytes. On return it was handed to the transport, which says
    /// nothing about its arrival. Waits while the peer does not read; dropping the future before it is done
    /// breaks the channel.
    ///
    /// # Errors
    /// [`ChannelError::EmptyFrame`] and [`ChannelError::FrameTooLarge`] before anything is sent (the channel
    /// stays usable), [`ChannelError::Lost`] when the connection is gone, [`ChannelError::Broken`] after an
    /// earlier failure.
    pub async fn send(&mut self, frame: &[u8]) -> Result<(), ChannelError> {
        self.frames.send(frame).await
    }

    /// Tells the other end that nothing more follows, after all that was sent.
    ///
    /// # Errors
    /// [`ChannelError::Lost`] when the connection is gone, [`ChannelError::Broken`] after an abandoned send.
    pub async fn close(mut self) -> Result<(), ChannelError> {
        self.frames.close().await
    }
}

/// The receiving half of a [`Channel`].
pub struct Receiver {
    peer: PeerId,
    frames: FrameReader<ReadHalf<Line>>,
    _place: Arc<Place>,
}

impl Receiver {
    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &PeerId {
        &self.peer
    }

    /// The next frame, of 1 to `max_frame` bytes; `None` once the other end has closed between two frames.
    /// (Over TCP a connection that broke between two frames looks the same.) Dropping the future loses
    /// nothing, so it fits `select!`.
    ///
    /// # Errors
    /// [`ChannelError::FrameTooLarge`] as soon as such a length is declared, [`ChannelError::EmptyFrame`],
    /// [`ChannelError::Truncated`], [`ChannelError::Lost`]; then [`ChannelError::Broken`] for ever.
    pub async fn recv(&mut self) -> Result<Option<Vec<u8>>, ChannelError> {
        self.frames.recv().await
    }
}

/// Why a frame could not be sent or received.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// Sizes in bytes.
    #[error("a frame of {size} bytes is larger than the {most} allowed here: send it in smaller parts")]
    FrameTooLarge {
        /// What was to be sent, or what the other end declared.
        size: usize,
        /// The `max_frame` of this node.
        most: usize,
    },
    /// A frame of no bytes.
    #[error("an empty frame is not allowed: it would say nothing")]
    EmptyFrame,
    /// The stream ended inside a frame.
    #[error("the connection ended in the middle of a frame: open a new one and ask again for what is missing")]
    Truncated,
    /// The transport gave up.
    #[error("the connection was lost ({kind}): open a new one")]
    Lost {
        /// What the operating system or the transport calls it.
        kind: io::ErrorKind,
    },
    /// An earlier frame failed, or was given up halfway.
    #[error("this channel failed earlier and cannot be used any more: open a new one")]
    Broken,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("peer", self.peer()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("peer", &self.peer).finish_non_exhaustive()
    }
}
