//! `counterpart up`

mod api;
mod beside;
mod rules;
mod watch;

pub(super) use api::ApiArgs;
pub(super) use watch::WatchArgs;

use std::{net::SocketAddr, pin::Pin, time::Duration};

use counterpart_node::{DeskError, Level, Logged, NetworkSettings, Node, NodeConfig, NodeError, NodeEvent, now};
use counterpart_web::{Options, Server, link_to_running};
use serde_json::json;

use self::beside::Beside;
use super::{
    device::wait::{Place, until_added},
    web,
};
use crate::{
    calendars,
    error::{CommandError, Done},
    render,
    session::{Session, runtime},
};

/// Run your node: keeps your cases in step with the other sides until you stop it with Ctrl-C
///
/// Strangers reach nothing but the answer to an invitation. Other commands work as well while it runs, and without it.
/// With --open your cases are served as pages, too, and shown in your browser. With --mailbox a machine that belongs to
/// nobody yet, such as a server, prints a line and waits for `counterpart device add LINE` on your own machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to listen, such as /ip4/127.0.0.1/tcp/4001; repeat for more [default: your home's own port, TCP and QUIC]
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,
    /// Serve the pages, too, and open them in your browser, as `counterpart web` does
    #[arg(long)]
    open: bool,
    /// Be somebody's mailbox, always on: where this home is nobody's yet, wait to be added first
    #[arg(long, conflicts_with = "open")]
    mailbox: bool,
    /// With --mailbox: what your own machines are to call it [default: mailbox]
    #[arg(long, requires = "mailbox")]
    name: Option<String>,
    /// With --mailbox: where others reach it, where it cannot know that itself, such as /ip4/203.0.113.7/tcp/4001; repeat
    /// for more
    #[arg(long, value_name = "ADDRESS", requires = "mailbox")]
    announce: Vec<String>,
    /// How many connections to take at one time, for this run [default: what `counterpart network` shows, usually 512].
    /// What others may take of memory goes by it; each takes an open file
    #[arg(long, value_name = "NUMBER", value_parser = connections())]
    most_connections: Option<u32>,
    #[command(flatten)]
    watch: WatchArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// An address of this machine where something is answered. Names stand for addresses that others choose, so none is looked up.
fn address(typed: &str) -> Result<SocketAddr, String> {
    typed.parse().map_err(|_unread| {
        let port = typed.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
        format!("write an address in digits and a port, such as 127.0.0.1:{}", port.unwrap_or(8420))
    })
}

/// How many connections may be chosen.
pub(super) fn connections() -> clap::builder::RangedI64ValueParser<u32> {
    let (least, most) = (NetworkSettings::LEAST_CONNECTIONS, NetworkSettings::MOST_CONNECTIONS);
    clap::value_parser!(u32).range(i64::from(least)..=i64::from(most))
}

/// How often the calendar is brought up to date that is kept up.
const CALENDAR: Duration = Duration::from_secs(60);

/// How long what is under way may take to end once the node is asked to stop.
const LEAVE: Duration = Duration::from_secs(10);

/// How long is waited for the rest once it has stopped.
const LAST: Duration = Duration::from_secs(2);

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = match session.desk_if_any()? {
        // Whoever begins is asked their name on the first page; the node starts with it.
        Err(DeskError::NoIdentity { .. }) if args.open && args.listen.is_empty() => {
            return web::run(session, &web::Args::opened());
        }
        Err(DeskError::NoIdentity { .. } | DeskError::Waits { .. }) if args.mailbox => {
            let place = Place { name: args.name.as_deref(), announce: &args.announce, listen: &args.listen };
            let beside = (&args.watch, &args.api, args.most_connections);
            return run_bounded(wait_and_serve(session, place, beside));
        }
        opened => opened?,
    };
    if desk.node_is_running() {
        return Err(CommandError::failed("your node is running already, in another window or in the background"));
    }
    let mut config = NodeConfig::of(&desk)?;
    if !args.listen.is_empty() {
        config.listen.clone_from(&args.listen);
    }
    announce(&mut config, &args.announce);
    config.connections = args.most_connections.or(config.connections);
    run_bounded(async {
        let stop = std::pin::pin!(stop_asked());
        serve(session, desk, config, (args.open, &args.watch, &args.api), stop).await
    })
}

/// Runs a node to its end. Whatever waits then still, such as for a database that does not answer, holds nothing that anybody was
/// told is kept.
pub(super) fn run_bounded(node: impl Future<Output = Done>) -> Done {
    let runtime = runtime()?;
    let done = runtime.block_on(node);
    runtime.shutdown_timeout(LAST);
    done
}

/// Waits until this machine is somebody's, then runs its node in the same places, without a new start.
pub(super) async fn wait_and_serve(
    session: &Session,
    place: Place<'_>,
    beside: (&WatchArgs, &ApiArgs, Option<u32>),
) -> Done {
    // One and the same from here to the end: whoever asks it to stop between the two is heard.
    let mut stop = std::pin::pin!(stop_asked());
    let Some(added) = until_added(session, place, stop.as_mut()).await? else { return Ok(()) };
    let desk = session.desk()?;
    let mut config = NodeConfig::of(&desk)?;
    if !place.listen.is_empty() {
        // Where the system chose a port, it is in the line and in the record of where this machine is reached.
        config.listen = added.listening;
    }
    announce(&mut config, place.announce);
    config.connections = beside.2.or(config.connections);
    serve(session, desk, config, (false, beside.0, beside.1), stop).await
}

fn announce(config: &mut NodeConfig, places: &[String]) {
    let new: Vec<String> = places.iter().filter(|a| !config.announced.contains(a)).cloned().collect();
    config.announced.extend(new);
}

async fn serve(
    session: &Session,
    desk: counterpart_node::Desk,
    config: NodeConfig,
    (open, watch, api): (bool, &WatchArgs, &ApiArgs),
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Done {
    let terminal = session.terminal;
    let mut watching = watch.begin(session).await?;
    let programs = api.begin(session, &watching).await?;
    // The node has the desk it was given; the calendar is written from one of its own, and rules sign at another. A node that is
    // up does not end because one cannot be opened.
    let (beside, at_rules) = (session.desk()?, session.desk()?);
    let (node, mut events) = Node::start(desk, &config).map_err(not_started)?;
    watching.serve(session, &node)?;
    let programs = programs.map(|bound| bound.serve(&node));
    let pages = if open { open_pages(session).await? } else { None };
    let stopped = tokio::select! {
        addresses = node.publish_addresses() => {
            if let Err(why) = addresses {
                watching.note(Logged::new(Level::Warn, "addresses-not-kept").with("why", why.to_string()), || {
                    terminal.say(&format!("the addresses could not be written down for invitations: {why}"));
                });
            }
            let up = Logged::new(Level::Info, "up").with("version", env!("CARGO_PKG_VERSION"));
            watching.note(up, || terminal.say("Your node is up. Stop it with Ctrl-C."));
            false
        }
        () = &mut stop => true,
    };
    let (rules, mut ruled) = rules::begin(at_rules);
    let mut calendar = tokio::time::interval(CALENDAR);
    calendar.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    if !stopped {
        loop {
            tokio::select! {
                _ = calendar.tick() => calendars::refresh(&beside, session),
                event = events.recv() => match event {
                    Some(event) => watching.event(&event, || told(session, &event))?,
                    None => break,
                },
                Some(ruled) = ruled.recv() => {
                    let mut done = Ok(());
                    watching.note(ruled.logged(), || done = told_line(session, &ruled.line()));
                    done?;
                }
                () = &mut stop => break,
            }
        }
    }
    // Whoever asks whether work may be sent here hears it before anything ends.
    node.pulse().stops();
    let served: Vec<_> = [Some(rules), pages, programs].into_iter().flatten().map(Beside::stop).collect();
    let all_ended = async {
        for ended in served {
            ended.await;
        }
    };
    // The node waits no longer for what waits for the store.
    drop(tokio::time::timeout(LEAVE, all_ended).await);
    node.stop().await;
    watching.note(Logged::new(Level::Info, "stopped"), || {
        terminal.say("Stopped. Nothing is lost: what others send meanwhile comes with the next start.");
    });
    watching.stop().await;
    Ok(())
}

/// Tells an event to whoever looks on.
fn told(session: &Session, event: &NodeEvent) -> Done {
    if matches!(event, NodeEvent::Unreachable { first: false, .. }) {
        return Ok(());
    }
    told_line(session, &event.line())
}

fn told_line(session: &Session, line: &str) -> Done {
    let terminal = session.terminal;
    if !terminal.json {
        return terminal.data(&render::line(line));
    }
    let line = json!({"schema": "counterpart/event/1", "at": now(), "text": line});
    terminal.data(&line.to_string())
}

/// Serves the pages and shows them; nothing where another process serves them already, whose are shown then.
async fn open_pages(session: &Session) -> Done<Option<Beside>> {
    let home = session.home()?;
    if let Some(link) = link_to_running(&home, now()).map_err(web::failed)? {
        web::tell(session, true, &link)?;
        return Ok(None);
    }
    let options = Options { passphrase: session.passphrase.get().cloned(), ..Options::default() };
    let server = Server::bind(&home, options).await.map_err(web::not_served)?;
    web::tell(session, true, &server.link().map_err(web::failed)?)?;
    Ok(Some(Beside::begin(|stop| server.serve(stop))))
}

/// Ends at Ctrl-C, or at the request to end that service managers send. It listens from the moment of the call, within a
/// runtime: whoever is told that something runs may ask it to end at once.
pub(super) fn stop_asked() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let asked = {
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    };
    async move {
        #[cfg(unix)]
        if let (Ok(mut interrupt), Ok(mut terminate)) = asked {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        // Without a way to be asked, only killing stops it; what is durable stays so.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

pub(super) fn not_started(error: NodeError) -> CommandError {
    match error {
        NodeError::Desk(error) => error.into(),
        NodeError::Address(why) => {
            CommandError::usage(why.to_string()).hint("an address looks like /ip4/127.0.0.1/tcp/4001")
        }
        NodeError::Start(why) => {
            CommandError::failed(why.to_string()).hint("another address: counterpart up --listen /ip4/0.0.0.0/tcp/0")
        }
        NodeError::Files(why) => CommandError::failed(why.to_string())
            .hint("fewer connections: counterpart up --most-connections NUMBER, or counterpart network set"),
        NodeError::Stopped => CommandError::failed(error.to_string()),
    }
}
