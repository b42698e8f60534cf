//! `counterpart web`

use std::{
    net::IpAddr,
    process::{Command, Stdio},
};

use counterpart_node::{DeskError, now};
use counterpart_web::{Options, ServeError, Server, link_to_running};
use serde_json::json;

use super::up::stop_asked;
use crate::{
    error::{CommandError, Done},
    session::{Session, runtime},
};

/// Open your cases as pages in your browser, served by this machine for this machine alone
///
/// Prints a link that works once, for ten minutes. Your node runs with it unless one runs already. While pages are
/// served, the same command in another window prints a further link to them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The port [default: your home's own, or a free one where that is taken]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Open the link in your browser
    #[arg(long)]
    open: bool,
    /// Do not run your node: what you do is kept, but reaches nobody before it runs
    #[arg(long)]
    no_node: bool,
    /// Serve on this address of the machine as well, to whoever can reach it, unencrypted
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
}

impl Args {
    /// The usual way, with the browser opened.
    pub(super) fn opened() -> Self {
        Self { open: true, port: None, address: None, no_node: false }
    }
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    if session.seat.is_some() {
        return Err(DeskError::OnlyHome.into());
    }
    let home = session.home()?;
    if let Some(link) = link_to_running(&home, now()).map_err(failed)? {
        return tell(session, args.open, &link);
    }
    // An empty home is welcome; one whose keys rest under a passphrase is asked for it here.
    match session.desk_if_any()? {
        Ok(_) | Err(DeskError::NoIdentity { .. }) => {}
        Err(other) => return Err(other.into()),
    }
    let options = Options {
        port: args.port,
        address: args.address,
        passphrase: session.passphrase.get().cloned(),
        node: !args.no_node,
    };
    runtime()?.block_on(async {
        let stop = stop_asked();
        let server = Server::bind(&home, options).await.map_err(not_served)?;
        let terminal = session.terminal;
        if let Some(address) = args.address.filter(|ip| !ip.is_loopback()) {
            terminal.always(&format!(
                "Careful: whoever reaches this machine at {address} reaches these pages, and whoever is on the way can read \
                 and use what you do there. Safer: a tunnel, ssh -L {port}:127.0.0.1:{port}",
                port = server.address().port(),
            ));
        }
        tell(session, args.open, &server.link().map_err(failed)?)?;
        terminal.say("Your pages are served until you stop this with Ctrl-C.");
        server.serve(stop).await;
        terminal.say("Stopped. Nothing is lost.");
        Ok(())
    })
}

/// Gives the link, and opens it where that was asked.
pub(super) fn tell(session: &Session, wanted: bool, link: &str) -> Done {
    let terminal = session.terminal;
    if terminal.json {
        terminal.json(&json!({"schema": "counterpart/web/1", "link": link}))?;
    } else {
        terminal.say("Open this link in your browser. It works once, for ten minutes:");
        terminal.data(link)?;
    }
    if wanted && !open(link) {
        terminal.say("No browser could be started from here; open the link yourself.");
    }
    Ok(())
}

/// Asks the system to show a link. It is one argument, never read by a shell.
fn open(link: &str) -> bool {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let started =
        Command::new(program).arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    started.is_ok()
}

pub(super) fn failed(error: impl std::fmt::Display) -> CommandError {
    CommandError::failed(error.to_string())
}

pub(super) fn not_served(error: ServeError) -> CommandError {
    let hint = match &error {
        ServeError::Address { .. } => "another port: counterpart web --port 0 takes any that is free",
        ServeError::Running => "run this again: it then gives a link to them",
        ServeError::Opening(_) => "the folder must be writable: --home names another",
    };
    failed(error).hint(hint)
}
