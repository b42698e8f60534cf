//! What is served beside a running node, until it is told to stop.

use std::{future::Future, pin::Pin};

use tokio::{sync::oneshot, task::JoinHandle};

/// Done once it is to stop.
pub(super) type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Something that is served; it stops as well where this is dropped.
#[derive(Debug)]
pub(super) struct Beside {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Beside {
    /// Must be called inside a tokio runtime.
    pub(super) fn begin<F: Future<Output = ()> + Send + 'static>(serve: impl FnOnce(Stop) -> F) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(Box::pin(async { drop(stopped.await) })));
        Self { stop, task }
    }

    /// Tells it to stop, at once; wait with what this gives: it ends what is open by itself, and soon.
    pub(super) fn stop(self) -> impl Future<Output = ()> {
        drop(self.stop);
        let task = self.task;
        async move { drop(task.await) }
    }
}
