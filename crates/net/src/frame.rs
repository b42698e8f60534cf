//! Frames on a byte stream: four bytes of length, most significant first, then that many bytes.

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::channel::ChannelError;

/// The most that is set aside at once for a frame that has yet to arrive.
const STEP: usize = 64 * 1024;

/// Reads frames. Dropping a [`FrameReader::recv`] that is under way loses nothing.
pub(crate) struct FrameReader<R> {
    source: R,
    most: usize,
    header: [u8; 4],
    header_len: usize,
    body: Vec<u8>,
    body_len: usize,
    state: ReadState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ReadState {
    Header,
    Body { size: usize },
    Ended,
    Failed,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(crate) fn new(source: R, most: usize) -> Self {
        let state = ReadState::Header;
        Self { source, most, header: [0; 4], header_len: 0, body: Vec::new(), body_len: 0, state }
    }

    /// The next frame; nothing once the other end has closed between two frames.
    pub(crate) async fn recv(&mut self) -> Result<Option<Vec<u8>>, ChannelError> {
        let got = self.advance().await;
        match &got {
            Ok(Some(_)) => {}
            Ok(None) => self.state = ReadState::Ended,
            Err(_) => {
                self.state = ReadState::Failed;
                self.body = Vec::new();
            }
        }
        got
    }

    async fn advance(&mut self) -> Result<Option<Vec<u8>>, ChannelError> {
        loop {
            match self.state {
                ReadState::Ended => return Ok(None),
                ReadState::Failed => return Err(ChannelError::Broken),
                ReadState::Header if self.header_len < 4 => {
                    match read(&mut self.source, &mut self.header[self.header_len..]).await? {
                        0 if self.header_len == 0 => return Ok(None),
                        0 => return Err(ChannelError::Truncated),
                        n => self.header_len += n,
                    }
                }
                ReadState::Header => {
                    let size = u32::from_be_bytes(self.header) as usize;
                    if size == 0 {
                        return Err(ChannelError::EmptyFrame);
                    }
                    if size > self.most {
                        return Err(ChannelError::FrameTooLarge { size, most: self.most });
                    }
                    self.state = ReadState::Body { size };
                }
                ReadState::Body { size } if self.body_len < size => {
                    // Grows only behind what has arrived, so that a lying length costs its sender, not us.
                    if self.body_len == self.body.len() {
                        self.body.resize(size.min(self.body_len + STEP), 0);
                    }
                    match read(&mut self.source, &mut self.body[self.body_len..]).await? {
                        0 => return Err(ChannelError::Truncated),
                        n => self.body_len += n,
                    }
                }
                ReadState::Body { .. } => {
                    self.state = ReadState::Header;
                    self.header_len = 0;
                    self.body_len = 0;
                    return Ok(Some(std::mem::take(&mut self.body)));
                }
            }
        }
    }
}

/// Writes frames. Dropping a [`FrameWriter::send`] that is under way leaves it broken: how much of the
/// frame went out is unknown.
pub(crate) struct FrameWriter<W> {
    sink: W,
    most: usize,
    broken: bool,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    pub(crate) fn new(sink: W, most: usize) -> Self {
        Self { sink, most, broken: false }
    }

    pub(crate) async fn send(&mut self, frame: &[u8]) -> Result<(), ChannelError> {
        if frame.is_empty() {
            return Err(ChannelError::EmptyFrame);
        }
        let too_large = ChannelError::FrameTooLarge { size: frame.len(), most: self.most };
        let size = match u32::try_from(frame.len()) {
            Ok(size) if frame.len() <= self.most => size,
            _ => return Err(too_large),
        };
        if self.broken {
            return Err(ChannelError::Broken);
        }
        // In one piece: a length sent alone would often travel as a packet of its own.
        let mut piece = Vec::with_capacity(4 + frame.len());
        piece.extend_from_slice(&size.to_be_bytes());
        piece.extend_from_slice(frame);
        self.broken = true;
        self.sink.write_all(&piece).await.map_err(|e| lost(&e))?;
        self.sink.flush().await.map_err(|e| lost(&e))?;
        self.broken = false;
        Ok(())
    }

    pub(crate) async fn close(&mut self) -> Result<(), ChannelError> {
        if self.broken {
            return Err(ChannelError::Broken);
        }
        self.broken = true;
        self.sink.close().await.map_err(|e| lost(&e))
    }
}

async fn read<R: AsyncRead + Unpin>(source: &mut R, into: &mut [u8]) -> Result<usize, ChannelError> {
    source.read(into).await.map_err(|e| lost(&e))
}

fn lost(error: &io::Error) -> ChannelError {
    // The kind only: the text of some transports repeats what the other side sent.
    ChannelError::Lost { kind: error.kind() }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use futures::{FutureExt, executor::block_on, io::Cursor};

    use super::*;

    fn written(frames: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = FrameWriter::new(Cursor::new(&mut out), 16);
        for frame in frames {
            block_on(writer.send(frame)).expect("fits");
        }
        out
    }

    #[test]
    fn frames_round_trip_and_end_cleanly() {
        let bytes = written(&[b"one", b"two two"]);
        assert_eq!(&bytes[..7], b"\0\0\0\x03one");
        let mut reader = FrameReader::new(Cursor::new(bytes), 16);
        assert_eq!(block_on(reader.recv()), Ok(Some(b"one".to_vec())));
        assert_eq!(block_on(reader.recv()), Ok(Some(b"two two".to_vec())));
        assert_eq!(block_on(reader.recv()), Ok(None));
        assert_eq!(block_on(reader.recv()), Ok(None));
    }

    #[test]
    fn sizes_at_the_limits() {
        let mut writer = FrameWriter::new(Cursor::new(Vec::new()), 16);
        assert_eq!(block_on(writer.send(&[])), Err(ChannelError::EmptyFrame));
        assert_eq!(block_on(writer.send(&[1; 17])), Err(ChannelError::FrameTooLarge { size: 17, most: 16 }));
        assert_eq!(block_on(writer.send(&[1; 16])), Ok(()), "a refused frame leaves the writer usable");

        let mut reader = FrameReader::new(Cursor::new(b"\0\0\0\0".to_vec()), 16);
        assert_eq!(block_on(reader.recv()), Err(ChannelError::EmptyFrame));
        assert_eq!(block_on(reader.recv()), Err(ChannelError::Broken));
    }

    #[test]
    fn a_frame_cut_short_is_an_error_at_every_byte() {
        let bytes = written(&[b"frame"]);
        for cut in 1..bytes.len() {
            let mut reader = FrameReader::new(Cursor::new(&bytes[..cut]), 16);
            assert_eq!(block_on(reader.recv()), Err(ChannelError::Truncated), "cut at {cut}");
        }
    }

    /// Gives the bytes out one at a time, with a pause before each; then stays silent.
    struct Drip(std::vec::IntoIter<u8>, bool);

    impl AsyncRead for Drip {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
            self.1 = !self.1;
            if self.1 {
                return Poll::Pending;
            }
            match self.0.next() {
                Some(byte) => {
                    buf[0] = byte;
                    Poll::Ready(Ok(1))
                }
                None => Poll::Pending,
            }
        }
    }

    #[test]
    fn dropping_a_recv_loses_nothing() {
        let mut reader = FrameReader::new(Drip(written(&[b"slow", b"next"]).into_iter(), false), 16);
        let mut got = Vec::new();
        for _ in 0..100 {
            if let Some(frame) = reader.recv().now_or_never() {
                got.push(frame.expect("well formed").expect("not ended"));
            }
        }
        assert_eq!(got, [b"slow".to_vec(), b"next".to_vec()]);
    }

    #[test]
    fn a_lying_length_is_refused_at_once_and_an_allowed_one_costs_a_step() {
        let silent_after = |length: u32| Drip(length.to_be_bytes().to_vec().into_iter(), false);
        let most = 1024 * 1024;
        let mut reader = FrameReader::new(silent_after(u32::MAX), most);
        let refused = (0..10).find_map(|_| reader.recv().now_or_never()).expect("answers without a body");
        assert_eq!(refused, Err(ChannelError::FrameTooLarge { size: u32::MAX as usize, most }));
        assert_eq!(reader.body.capacity(), 0);

        let mut reader = FrameReader::new(silent_after(1024 * 1024), most);
        assert!((0..20).all(|_| reader.recv().now_or_never().is_none()));
        assert_eq!(reader.body.capacity(), STEP);
    }

    /// Takes some bytes, then nothing more.
    struct Clogged(usize);

    impl AsyncWrite for Clogged {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            let n = self.0.min(buf.len());
            self.0 -= n;
            if n == 0 { Poll::Pending } else { Poll::Ready(Ok(n)) }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_send_given_up_halfway_breaks_the_writer() {
        let mut writer = FrameWriter::new(Clogged(6), 16);
        assert!(writer.send(b"four").now_or_never().is_none());
        assert_eq!(writer.send(b"more").now_or_never(), Some(Err(ChannelError::Broken)));
    }
}
