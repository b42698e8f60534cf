//! A stream that ends with its connection.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{AsyncRead, AsyncWrite, future::BoxFuture};
use libp2p::Stream;
use tokio::sync::watch;

/// Of a connection that this side closes the multiplexer over TCP does not tell who waits on a stream: he would wait
/// for ever. What had arrived before is still read.
pub(crate) struct Line {
    stream: Stream,
    /// One for each direction, since a task each may wait.
    no_more_in: BoxFuture<'static, ()>,
    no_more_out: BoxFuture<'static, ()>,
}

impl Line {
    /// The connection is there as long as the other end of `alive`.
    pub(crate) fn new(stream: Stream, alive: watch::Receiver<()>) -> Self {
        let (there, back) = (alive.clone(), alive);
        Self { stream, no_more_in: Box::pin(until_gone(there)), no_more_out: Box::pin(until_gone(back)) }
    }

    fn write<T>(
        &mut self,
        cx: &mut Context<'_>,
        step: impl FnOnce(Pin<&mut Stream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match step(Pin::new(&mut self.stream), cx) {
            Poll::Pending => self.no_more_out.as_mut().poll(cx).map(|()| Err(io::ErrorKind::ConnectionAborted.into())),
            done => done,
        }
    }
}

async fn until_gone(mut alive: watch::Receiver<()>) {
    while alive.changed().await.is_ok() {}
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Pending => self.no_more_in.as_mut().poll(cx).map(|()| Err(io::ErrorKind::ConnectionAborted.into())),
            done => done,
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(cx, |stream, cx| stream.poll_flush(cx))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(cx, |stream, cx| stream.poll_close(cx))
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}
