//! `counterpart network`

use clap::{Subcommand, ValueEnum};
use counterpart_node::{Desk, NetworkSettings, Outside, RelayState};
use serde_json::json;

use crate::{
    error::Done,
    render::{line, wrapped},
    session::Session,
    terminal::{Style, styled},
};

/// Show how your node is on the network, or choose it: where it listens, where others can call it
///
/// Without a further word it shows what was chosen and, where your node runs, what came of it. What is chosen holds from
/// the next start of `counterpart up` on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    Set(SetArgs),
}

/// Choose how your node is on the network; what you do not name stays as it is
#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Where to listen, such as /ip4/0.0.0.0/tcp/4001; repeat for more. They take the place of those before
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,
    /// Listen at your home's own port again, over TCP and QUIC
    #[arg(long, conflicts_with = "listen")]
    usual_port: bool,
    /// Where others can call your node, such as /dns/me.example/tcp/4001, where it cannot find that out itself; repeat for
    /// more. They take the place of those before
    #[arg(long, value_name = "ADDRESS")]
    announce: Vec<String>,
    /// Announce nothing any more
    #[arg(long, conflicts_with = "announce")]
    announce_nothing: bool,
    /// Whether to look for others in the local network, and let them find you (mDNS)
    #[arg(long, value_name = "on|off")]
    local: Option<Switch>,
    /// Whether to carry connections between those your node knows who cannot reach each other: for a machine that others
    /// can call. Nobody else's are carried
    #[arg(long, value_name = "on|off")]
    relay: Option<Switch>,
    /// How many connections your node takes at one time, usually 512: more for a desk that many customers' nodes call.
    /// Memory that others may take goes by it; each takes an open file
    #[arg(long, value_name = "NUMBER", value_parser = super::up::connections())]
    most_connections: Option<u32>,
    /// Forget what was chosen before, first
    #[arg(long)]
    reset: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    if let Some(What::Set(chosen)) = &args.what {
        set(&desk, chosen)?;
        let when = if desk.node_is_running() {
            "Kept. It holds from the next start on: stop `counterpart up` and start it again."
        } else {
            "Kept. It holds from the next start of `counterpart up` on."
        };
        session.terminal.say(when);
    }
    show(session, &desk)
}

fn set(desk: &Desk, chosen: &SetArgs) -> Done {
    let mut settings = if chosen.reset { NetworkSettings::default() } else { desk.network()? };
    if chosen.usual_port {
        settings.listen.clear();
    }
    if !chosen.listen.is_empty() {
        settings.listen.clone_from(&chosen.listen);
    }
    if chosen.announce_nothing {
        settings.announced.clear();
    }
    if !chosen.announce.is_empty() {
        settings.announced.clone_from(&chosen.announce);
    }
    if let Some(local) = chosen.local {
        settings.local = local == Switch::On;
    }
    if let Some(relay) = chosen.relay {
        settings.relay = relay == Switch::On;
    }
    if let Some(most) = chosen.most_connections {
        settings.connections = Some(most);
    }
    desk.keep_network(&settings)?;
    Ok(())
}

fn show(session: &Session, desk: &Desk) -> Done {
    let settings = desk.network()?;
    let usual = desk.usual_listen()?;
    let presence = desk.presence().filter(|presence| presence.running);
    let terminal = session.terminal;
    if terminal.json {
        let found = presence.as_ref().map(|p| {
            json!({
                "outside": p.reach.outside.as_str(),
                "listening": p.reach.listening,
                "confirmed": p.reach.confirmed,
                "observed": p.reach.observed,
            })
        });
        return terminal.json(&json!({
            "schema": "counterpart/network/1",
            "listen": settings.listen,
            "usual": usual,
            "announced": settings.announced,
            "local": settings.local,
            "relay": settings.relay,
            "connections": settings.most_connections(),
            "peer": desk.peer_id().to_string(),
            "running": presence.is_some(),
            "found": found,
        }));
    }
    let listen = if settings.listen.is_empty() {
        format!("{} (your home's own port)", usual.join(", "))
    } else {
        settings.listen.join(", ")
    };
    let announced = match settings.announced.as_slice() {
        [] => "nothing: what your node finds out itself".to_owned(),
        some => some.join(", "),
    };
    let word = |on: bool, yes: &str, no: &str| if on { format!("on: {yes}") } else { format!("off: {no}") };
    let mut lines = vec![
        ("Listens at", listen),
        ("Announces", announced),
        (
            "Local",
            word(
                settings.local,
                "looks for others in the local network, and lets them find it",
                "says and asks nothing in the local network",
            ),
        ),
        (
            "Relay",
            word(
                settings.relay,
                "carries connections between those it knows who cannot reach each other",
                "carries nothing for others",
            ),
        ),
        ("Takes", format!("at most {} connections at one time", settings.most_connections())),
        ("Peer id", desk.peer_id().to_string()),
    ];
    if let Some(presence) = presence {
        let reach = &presence.reach;
        lines.push(("Now", "running".to_owned()));
        lines.push(("Outside", outside(reach.outside).to_owned()));
        let held = reach.relays.iter().filter(|place| place.state == RelayState::Held);
        let relayed = held.filter_map(|place| place.address.clone());
        for (label, addresses) in [
            ("Listening", reach.listening.clone()),
            ("Confirmed", reach.confirmed.clone()),
            ("Seen from", reach.observed.clone()),
            ("Relayed", relayed.collect()),
        ] {
            if !addresses.is_empty() {
                lines.push((label, addresses.iter().map(|a| line(a)).collect::<Vec<_>>().join("\n")));
            }
        }
    }
    let shown = lines.iter().map(|(label, text)| {
        wrapped(&styled(Style::Strong, &format!("{label:<12}")), text, terminal.columns().max(60))
    });
    terminal.data(&shown.collect::<Vec<_>>().join("\n"))
}

fn outside(outside: Outside) -> &'static str {
    match outside {
        Outside::Public => "others can call it",
        Outside::Behind => "others cannot call it: `counterpart status` says what helps",
        Outside::Unknown => "not known: nobody has tried to call it yet",
    }
}
