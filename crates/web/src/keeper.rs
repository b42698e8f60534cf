//! Keeps a node running beside the pages, unless one runs already; says in plain words whether there is one.

use std::{sync::Arc, time::Duration};

use counterpart_node::{Node, NodeConfig, NodeEvent, now};
use tokio::sync::mpsc;

use crate::{
    app::{App, aside},
    live::Changed,
};

/// How often it is looked at whether the other process's node still runs, or ours can start.
const LOOK: Duration = Duration::from_secs(3);

/// Whether what is done here reaches the other sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is nobody yet to run it for.
    NoIdentity,
    /// In this process.
    Here,
    /// In another one.
    Elsewhere,
    /// None: it was not wanted here.
    Off,
    /// None: it does not start, and why.
    Failed(String),
}

impl Standing {
    /// The end of its keys in the language files; nothing where all is well.
    pub(crate) fn trouble(&self) -> Option<&'static str> {
        match self {
            Self::NoIdentity | Self::Here | Self::Elsewhere => None,
            Self::Off => Some("off"),
            Self::Failed(_) => Some("failed"),
        }
    }
}

/// Keeps one until it is stopped; `wanted` says whether one is to run in this process.
pub(crate) async fn keep(app: Arc<App>, wanted: bool) {
    let mut running: Option<(Node, mpsc::Receiver<NodeEvent>)> = None;
    loop {
        if running.is_none() {
            let (standing, started) = start(&app, wanted).await;
            running = started;
            set(&app, standing);
        }
        let idle = running.is_none();
        let event = async {
            match &mut running {
                Some((_, events)) => events.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = event => match event {
                Some(event) => tell(&app, &event),
                // It stopped by itself.
                None => {
                    running = None;
                    app.connections.end(now());
                }
            },
            () = tokio::time::sleep(LOOK), if idle => {}
            () = app.look.notified() => {}
            () = app.stopping.stopped() => break,
        }
    }
    if let Some((node, _)) = running {
        node.stop().await;
        app.connections.end(now());
    }
}

fn set(app: &App, standing: Standing) {
    let changed = app.standing.send_if_modified(|now| {
        let changed = *now != standing;
        *now = standing;
        changed
    });
    if changed {
        app.live.tell(Changed::Something);
    }
}

async fn start(app: &Arc<App>, wanted: bool) -> (Standing, Option<(Node, mpsc::Receiver<NodeEvent>)>) {
    let at = Arc::clone(app);
    let looked = aside(move || {
        let Some(desk) = at.desk()? else { return Ok(None) };
        let elsewhere = desk.node_is_running();
        let own = if wanted && !elsewhere { at.open()? } else { None };
        Ok::<_, counterpart_node::DeskError>(Some((elsewhere, own)))
    });
    let desk = match looked.await {
        Ok(Ok(None)) => return (Standing::NoIdentity, None),
        Ok(Ok(Some((true, _)))) => return (Standing::Elsewhere, None),
        Ok(Ok(Some((false, None)))) => return (Standing::Off, None),
        Ok(Ok(Some((false, Some(desk))))) => desk,
        Ok(Err(why)) => return (Standing::Failed(why.to_string()), None),
        Err(_) => return (Standing::Failed(String::new()), None),
    };
    let started = NodeConfig::of(&desk).map_err(Into::into).and_then(|config| Node::start(desk, &config));
    match started {
        Ok((node, events)) => {
            // Invitations then name the usual port on this machine's addresses.
            drop(node.publish_addresses().await);
            (Standing::Here, Some((node, events)))
        }
        Err(why) => (Standing::Failed(why.to_string()), None),
    }
}

/// What a page may show otherwise after this; new entries are seen in the store as well, but later.
fn tell(app: &App, event: &NodeEvent) {
    app.joins.heard(event);
    app.connections.take(event, now());
    let case = match event {
        NodeEvent::Joined(case)
        | NodeEvent::JoinRefused { case, .. }
        | NodeEvent::Admitted { case, .. }
        | NodeEvent::Connected { case, .. }
        | NodeEvent::Disconnected { case, .. }
        | NodeEvent::Unreachable { case, .. }
        | NodeEvent::NewEntries { case, .. }
        | NodeEvent::Receipt { case, .. }
        | NodeEvent::File { case, .. }
        | NodeEvent::Fork { case, .. }
        | NodeEvent::Worksheet { case }
        | NodeEvent::Stamped { case, .. }
        | NodeEvent::NotStamped { case, .. }
        | NodeEvent::UsedElsewhere { case } => *case,
        _ => return,
    };
    app.live.tell(Changed::Case(case));
}
