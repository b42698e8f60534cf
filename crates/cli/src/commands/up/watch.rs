//! What a running node shows to those who watch over it: numbers at an address, and a log.

use std::net::SocketAddr;

use counterpart_node::{Level, Logged, Node, NodeEvent};
use counterpart_web::{ServeError, Watched};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    error::{CommandError, Done},
    logging::{Form, Least, Log},
    session::Session,
};

/// How a node is watched over.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct WatchArgs {
    /// Answer whoever watches over this node at an address of this machine, such as 127.0.0.1:9464: /metrics for
    /// Prometheus, /healthz, /readyz. Numbers alone are told there
    #[arg(long, value_name = "IP:PORT")]
    metrics: Option<SocketAddr>,
    /// Keep a log on standard error instead of telling events on standard output; no word of a case is in it
    #[arg(long, value_enum, value_name = "FORM")]
    log: Option<Form>,
    /// How much is logged
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "info")]
    log_level: Least,
}

impl WatchArgs {
    /// Nobody watches.
    pub(crate) fn none() -> Self {
        Self { metrics: None, log: None, log_level: Least::Info }
    }

    /// Takes the address, before anything else is begun.
    pub(super) async fn begin(&self, session: &Session) -> Done<Watching> {
        let log = self.log.map(|form| Log::new(session.terminal, form, self.log_level));
        let Some(address) = self.metrics else { return Ok(Watching { log, bound: None, task: None }) };
        let bound = Watched::bind(address).await.map_err(|why| unusable(&why))?;
        Ok(Watching { log, bound: Some(bound), task: None })
    }
}

fn unusable(why: &ServeError) -> CommandError {
    CommandError::failed(why.to_string())
        .hint("another port: --metrics 127.0.0.1:0 takes any that is free, and says which")
}

/// Those who watch, served.
pub(super) struct Watching {
    pub(super) log: Option<Log>,
    bound: Option<Watched>,
    task: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Watching {
    /// Answers at the address from now on.
    pub(super) fn serve(&mut self, session: &Session, node: &Node) -> Done {
        let Some(bound) = self.bound.take() else { return Ok(()) };
        let address = bound.address();
        self.note(Logged::new(Level::Info, "watched").with("address", address.to_string()), || {
            session.terminal.say(&format!("Numbers for those who watch over it: http://{address}/metrics"));
        });
        let (stop, stopped) = oneshot::channel();
        let served = bound.serve(session.desk()?, node.pulse(), async { drop(stopped.await) });
        self.task = Some((stop, tokio::spawn(served)));
        Ok(())
    }

    /// Tells an event: in the log where one is kept, else by `otherwise`.
    pub(super) fn event(&self, event: &NodeEvent, otherwise: impl FnOnce() -> Done) -> Done {
        match self.log {
            Some(log) => log.write(&event.logged()),
            None => otherwise()?,
        }
        Ok(())
    }

    /// The same for what the command itself has to say.
    pub(super) fn note(&self, logged: Logged, otherwise: impl FnOnce()) {
        match self.log {
            Some(log) => log.write(&logged),
            None => otherwise(),
        }
    }

    /// Answers no more.
    pub(super) async fn stop(self) {
        if let Some((stop, task)) = self.task {
            drop(stop);
            drop(task.await);
        }
    }
}
