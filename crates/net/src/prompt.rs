//! Connections that end when they are ended.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use tokio::time::{Sleep, sleep};

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// A goodbye waits until all that was to be sent before it is gone. Where nobody is at the other end any more, that is
/// when the system gives up, a quarter of an hour later; all that time the peer would count as connected.
pub(crate) struct Prompt<M> {
    inner: M,
    late: Option<Pin<Box<Sleep>>>,
}

impl<M> Prompt<M> {
    pub(crate) fn new(inner: M) -> Self {
        Self { inner, late: None }
    }

    fn inner(self: Pin<&mut Self>) -> Pin<&mut M>
    where
        M: Unpin,
    {
        Pin::new(&mut self.get_mut().inner)
    }
}

impl<M: StreamMuxer + Unpin> StreamMuxer for Prompt<M> {
    type Substream = M::Substream;
    type Error = M::Error;

    fn poll_inbound(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        self.inner().poll_inbound(cx)
    }

    fn poll_outbound(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        self.inner().poll_outbound(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if let Poll::Ready(done) = self.as_mut().inner().poll_close(cx) {
            return Poll::Ready(done);
        }
        self.late.get_or_insert_with(|| Box::pin(sleep(GOODBYE))).as_mut().poll(cx).map(Ok)
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        self.inner().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures::future::poll_fn;

    use super::*;

    /// Nobody at the other end.
    struct Dead;

    impl StreamMuxer for Dead {
        type Substream = futures::io::Cursor<Vec<u8>>;
        type Error = io::Error;

        fn poll_inbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<Self::Substream>> {
            Poll::Pending
        }

        fn poll_outbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<Self::Substream>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_goodbye_that_nobody_hears_ends() {
        let mut prompt = Prompt::new(Dead);
        poll_fn(|cx| Pin::new(&mut prompt).poll_close(cx)).await.expect("ends");
    }
}
