//! Programs served beside a running node.

use std::net::SocketAddr;

use counterpart_api::{ApiError, ApiOptions, ApiServer};
use counterpart_node::{Level, Logged, Node};

use super::{beside::Beside, watch::Watching};
use crate::{
    error::{CommandError, Done},
    session::Session,
};

/// Whether and where programs are served.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ApiArgs {
    /// Serve programs over HTTP, under /api/v1 at an address of this machine, such as 127.0.0.1:8420. Each needs a token:
    /// `counterpart token new`
    #[arg(long, value_name = "IP:PORT", value_parser = super::address)]
    api: Option<SocketAddr>,
    /// With --api: the address may be one that other machines reach. Whatever is between can read along, so put a proxy that
    /// speaks TLS in front
    #[arg(long, requires = "api")]
    api_anywhere: bool,
}

impl ApiArgs {
    /// Takes the address, before anything else is begun.
    pub(super) async fn begin(&self, session: &Session, watching: &Watching) -> Done<Option<Bound>> {
        let Some(address) = self.api else { return Ok(None) };
        let mut options = ApiOptions::at(address);
        options.anywhere = self.api_anywhere;
        // The home was opened before: what its keys rest under is known, or needed by nobody.
        options.passphrase = session.passphrase.get().cloned();
        let server = ApiServer::bind(&session.home()?, options).await.map_err(not_served)?;
        let address = server.address();
        watching.note(Logged::new(Level::Info, "api").with("address", address.to_string()), || {
            session.terminal.say(&format!("Programs ask at http://{address}/api/v1/ (docs/api.md)"));
        });
        Ok(Some(Bound(server)))
    }
}

/// The address is ours; who asks waits until the node is there.
pub(super) struct Bound(ApiServer);

impl Bound {
    pub(super) fn serve(self, node: &Node) -> Beside {
        let server = self.0.beside(node.pulse());
        Beside::begin(|stop| server.serve(stop))
    }
}

fn not_served(why: ApiError) -> CommandError {
    match why {
        ApiError::Desk(why) => why.into(),
        ApiError::Anywhere(_) => CommandError::usage(why.to_string()),
        ApiError::Address(_) => CommandError::failed(why.to_string())
            .hint("another port: --api 127.0.0.1:0 takes any that is free, and says which"),
    }
}
