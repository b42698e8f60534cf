//! What a running node shows to those who watch over it: numbers at an address, and a log.

use std::net::SocketAddr;

use counterpart_api::Watched;
use counterpart_node::{Level, Logged, Node, NodeEvent};

use super::beside::Beside;
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
    #[arg(long, value_name = "IP:PORT", value_parser = super::address)]
    metrics: Option<SocketAddr>,
    /// With --metrics: the address may be one that other machines reach. Whoever reaches it reads the numbers: nobody needs a
    /// token there
    #[arg(long, requires = "metrics")]
    metrics_anywhere: bool,
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
        Self { metrics: None, metrics_anywhere: false, log: None, log_level: Least::Info }
    }

    /// Takes the address, before anything else is begun.
    pub(super) async fn begin(&self, session: &Session) -> Done<Watching> {
        let log = self.log.map(|form| Log::new(session.terminal, form, self.log_level));
        let Some(address) = self.metrics else { return Ok(Watching { log, bound: None, served: None }) };
        if !self.metrics_anywhere && !address.ip().is_loopback() {
            return Err(CommandError::usage(format!(
                "{} can be reached from other machines, and whoever asks there needs no token: listen on 127.0.0.1, or say \
                 --metrics-anywhere",
                address.ip()
            )));
        }
        let bound = Watched::bind(address).await.map_err(|why| {
            CommandError::failed(why.to_string())
                .hint("another port: --metrics 127.0.0.1:0 takes any that is free, and says which")
        })?;
        Ok(Watching { log, bound: Some(bound), served: None })
    }
}

/// Those who watch, served.
pub(super) struct Watching {
    pub(super) log: Option<Log>,
    bound: Option<Watched>,
    served: Option<Beside>,
}

impl Watching {
    /// Answers at the address from now on.
    pub(super) fn serve(&mut self, session: &Session, node: &Node) -> Done {
        let Some(bound) = self.bound.take() else { return Ok(()) };
        let address = bound.address();
        self.note(Logged::new(Level::Info, "watched").with("address", address.to_string()), || {
            session.terminal.say(&format!("Numbers for those who watch over it: http://{address}/metrics"));
        });
        let desk = session.desk()?;
        self.served = Some(Beside::begin(|stop| bound.serve(desk, node.pulse(), stop)));
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
        if let Some(served) = self.served {
            served.stop().await;
        }
    }
}
