//! The two sides of the demo: homes, running nodes, and what is said about them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    attachment::FileRef,
    id::{CaseId, EntryId},
    record::Record,
    value::Sealable,
};
use counterpart_node::{Desk, Node, NodeConfig, NodeEvent};
use tokio::sync::mpsc;

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::{self, Speech},
    terminal::{Style, Terminal, styled},
    when,
};

/// No step takes this long on loopback.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOPBACK: [&str; 2] = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"];
pub(super) const ZONE: &str = "Europe/London";

/// One party with its own home and its own running node.
pub(super) struct Side {
    pub(super) name: &'static str,
    pub(super) desk: Desk,
    node: Node,
    events: mpsc::Receiver<NodeEvent>,
}

impl Side {
    fn enter(name: &'static str, home: &Path) -> Done<Self> {
        Desk::init(home)?;
        let config = NodeConfig { listen: LOOPBACK.iter().map(|a| (*a).to_owned()).collect(), ..NodeConfig::default() };
        let started = Node::start(Desk::open(home)?, &config);
        let (node, events) = started.map_err(|e| CommandError::failed(e.to_string()))?;
        Ok(Self { name, desk: Desk::open(home)?, node, events })
    }

    pub(super) fn record(&self, case: &CaseId) -> Done<Record> {
        Ok(self.desk.record(case)?)
    }

    pub(super) fn case(&self, case: &CaseId) -> Done<OpenCase> {
        OpenCase::of_record(*case, self.record(case)?, self.desk.party(), counterpart_node::now())
    }
}

pub(super) struct Stage {
    terminal: Terminal,
    folder: PathBuf,
    pub(super) customer: Side,
    pub(super) supplier: Side,
    pub(super) case: CaseId,
    remembered: BTreeMap<&'static str, EntryId>,
}

impl Stage {
    /// Two new homes, two running nodes, and a case that the customer opened alone.
    pub(super) async fn set(terminal: Terminal, folder: &Path) -> Done<Self> {
        let customer = Side::enter("Keith", &folder.join("keith"))?;
        let supplier = Side::enter("Northlink", &folder.join("northlink"))?;
        let seat = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
        let open = customer.desk.open_act(
            "Broadband price after the lock-in",
            seat(Role::Customer, "Keith"),
            vec![seat(Role::Supplier, "Northlink Ltd")],
            ZONE,
            None,
        );
        let case = customer.desk.new_case(&open, time("2026-07-03 18:00")?)?;
        let stage = Self { terminal, folder: folder.to_owned(), customer, supplier, case, remembered: BTreeMap::new() };
        stage.title("Two nodes, each with its own home and keys, on this machine only");
        for side in [&stage.customer, &stage.supplier] {
            let addresses = side.node.addresses().await;
            stage.text(&format!("  {:<10} {}", side.name, addresses.join("\n             ")));
        }
        stage.say(&stage.customer, time("2026-07-03 18:00")?, &open)?;
        Ok(stage)
    }

    pub(super) fn title(&self, text: &str) {
        self.text(&format!("\n{}", styled(Style::Strong, text)));
    }

    /// A line of the story; silent beside JSON.
    pub(super) fn text(&self, text: &str) {
        if !self.terminal.json {
            // A reader that went away misses the rest.
            drop(self.terminal.data(text));
        }
    }

    fn say(&self, side: &Side, at: i64, act: &Act) -> Done {
        let case = side.case(&self.case)?;
        let sentence = render::sentence(&Speech::of_case(&case), side.name, act);
        self.text(&render::wrapped(&format!("  {}  ", when::show(at, ZONE)), &sentence, 100));
        Ok(())
    }

    /// Signs an act at one side; it is on disk when this returns. `at` as in the story.
    pub(super) async fn act(&self, side: &Side, at: &str, act: Act) -> Done<EntryId> {
        let at = time(at)?;
        let signed = side.node.act(self.case, act.clone(), at).await;
        let id = signed.map_err(|e| CommandError::failed(format!("{}: {e}", side.name)))?;
        self.say(side, at, &act)?;
        Ok(id)
    }

    /// Writes a file and keeps it beside the record of a side, as `attach` does with a file that somebody has.
    pub(super) fn file(&self, side: &Side, name: &str, text: &str) -> Done<FileRef> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|e| CommandError::failed(format!("{}: {e}", path.display())))?;
        let file = FileRef::of(text.as_bytes());
        side.desk.keep_file(&self.case, &file, &path)?;
        Ok(file)
    }

    pub(super) fn remember(&mut self, what: &'static str, id: EntryId) {
        self.remembered.insert(what, id);
    }

    pub(super) fn remembered(&self, what: &str) -> Option<EntryId> {
        self.remembered.get(what).copied()
    }

    /// The customer invites; the supplier's node joins over the network.
    pub(super) async fn join(&mut self, at: &str) -> Done {
        let at = time(at)?;
        let addresses = self.customer.node.addresses().await;
        let seat = counterpart_core::value::Seat::Number(1);
        let expires = counterpart_node::now() + 3_600_000;
        let link = self.customer.desk.invite(&self.case, seat, None, expires, addresses, at)?;
        self.text(&format!("  Keith invites Northlink Ltd by a link of {} characters", link.to_text().len()));
        self.supplier.desk.begin_join(&link, counterpart_node::now())?;
        self.in_step().await?;
        self.text("  Northlink joins: its request was signed, checked and admitted; it has the whole case now");
        Ok(())
    }

    /// Cuts the connection: what both sides do from here on, they do without knowing of the other.
    pub(super) async fn part(&mut self) -> Done {
        self.supplier.node.disconnect();
        let parted = tokio::time::timeout(PATIENCE, async {
            while let Some(event) = self.customer.events.recv().await {
                if matches!(event, NodeEvent::Disconnected { .. }) {
                    break;
                }
            }
        });
        parted.await.map_err(|_late| CommandError::failed("the nodes did not part in time"))?;
        self.text("  -- disconnected: neither sees what the other does --");
        Ok(())
    }

    pub(super) async fn meet(&mut self) -> Done {
        self.supplier.node.reconnect();
        self.in_step().await?;
        self.text("  -- connected again: both copies hold everything --");
        Ok(())
    }

    /// Waits until both stores hold the same, the supplier having joined.
    pub(super) async fn in_step(&mut self) -> Done {
        self.until("both copies hold the same", |stage| {
            let (ours, theirs) = (stage.customer.record(&stage.case)?, stage.supplier.record(&stage.case)?);
            let joined = ours.lens().joined(&stage.supplier.desk.party());
            Ok(joined && ours.graph().heads() == theirs.graph().heads())
        })
        .await
    }

    /// Waits until both sides show two ticks, and each has the other's receipt for everything.
    pub(super) async fn wait_until_settled(&mut self) -> Done {
        self.until("both sides have receipts for everything", |stage| {
            let settled = |side: &Side| {
                let case = side.case(&stage.case)?;
                let delivered = case.record.delivery(&case.own).iter().all(|d| d.missing == 0);
                // A file travels beside the record; the receipt after it says that it came.
                let theirs = case.record.receipts().iter().map(|r| &r.receipt).filter(|r| r.party != case.own);
                let last = theirs.max_by_key(|r| r.number);
                let whole = case.record.lacking(&case.own).is_empty() && last.is_some_and(|r| r.lacking.is_empty());
                Ok::<_, CommandError>(delivered && whole && case.view().actions.iter().all(|a| a.settled))
            };
            Ok(settled(&stage.customer)? && settled(&stage.supplier)?)
        })
        .await
    }

    /// Looks again at every event of either node until something holds.
    async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> Done<bool>) -> Done {
        let reached = tokio::time::timeout(PATIENCE, async {
            while !holds(self)? {
                let event = tokio::select! {
                    event = self.customer.events.recv() => event,
                    event = self.supplier.events.recv() => event,
                };
                match event {
                    Some(NodeEvent::Trouble(why)) => self.text(&format!("  trouble: {}", render::line(&why))),
                    Some(_) => {}
                    None => return Err(CommandError::failed("a node stopped")),
                }
            }
            Ok(())
        });
        let late = |_elapsed| CommandError::failed(format!("it took too long until {what}"));
        reached.await.map_err(late)?
    }

    /// Stops both nodes.
    pub(super) async fn strike(self) {
        self.customer.node.stop().await;
        self.supplier.node.stop().await;
    }
}

/// A time of the story, in its zone.
pub(super) fn time(text: &str) -> Done<i64> {
    let (instant, _, _) = when::absolute(text, ZONE, 0).map_err(|e| CommandError::failed(e.to_string()))?;
    Ok(instant)
}
