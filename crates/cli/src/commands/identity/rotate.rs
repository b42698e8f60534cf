//! `counterpart identity rotate`

use std::path::PathBuf;

use counterpart_core::id::short_form;
use counterpart_node::{Agent, Rotation, now};
use serde_json::json;

use super::{device_name, event_json, event_line, read_sheet};
use crate::{confirm, error::Done, session::Session, when};

/// Change your main key to the one on the recovery sheet: after it was stolen or lost, or to settle a forked key log
///
/// It takes the sheet, in a file or on standard input, and writes a new one. Your devices stay as they are, but what was
/// written into the key log beside it is taken back.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file with the recovery sheet, or with its key alone; - for standard input
    sheet: PathBuf,
    /// Take back all that stands in the key log from this position on, such as what a thief of the main key wrote
    #[arg(long, value_name = "POSITION")]
    undo_from: Option<u32>,
    /// Of the devices that are taken back, add this one again, by its name or device; repeat for more
    #[arg(long, value_name = "NAME|DEVICE")]
    keep: Vec<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let sheet = read_sheet(&args.sheet)?;
    let plan = desk.plan_rotation(&sheet, args.undo_from, &args.keep)?;
    let agents = desk.agents()?;
    confirm::agree(session, &text(&desk.party(), &agents, &plan))?;
    let path = desk.rotate(&sheet, &plan, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/identity-rotate/1",
            "party": desk.party().to_hex(),
            "taken_back": plan.undone.iter().map(event_json).collect::<Vec<_>>(),
            "again": plan.again.iter().map(counterpart_core::id::DeviceKey::to_hex).collect::<Vec<_>>(),
            "lost": plan.lost.iter().map(counterpart_core::id::DeviceKey::to_hex).collect::<Vec<_>>(),
            "recovery_sheet": path,
        }));
    }
    terminal.data(&path.display().to_string())?;
    terminal.say("Your main key is a new one, in this home. The sheet you used is used up.");
    terminal.say("Print the new one, put it somewhere safe, then: counterpart identity sheet --delete");
    if desk.node_is_running() {
        terminal.say("Your node tells whoever it is connected to.");
    } else {
        terminal.say("The others learn it when your node connects: counterpart sync, or counterpart up.");
    }
    terminal.say("In each case, whatever you sign next makes it part of the record. Make a new backup.");
    Ok(())
}

/// Exactly what is signed.
fn text(party: &counterpart_core::id::PartyId, agents: &[Agent], plan: &Rotation) -> String {
    let (zone, now) = (when::system_zone(), now());
    let mut lines = vec![
        format!("You change the main key of {} to the one on the recovery sheet.\n", short_form(&party.0)),
        format!("  It stands in the key log at position {}, and cannot be undone.", plan.after.position + 1),
    ];
    if plan.undone.is_empty() {
        lines.push("  Nothing is taken back by it; all devices and agents stay as they are.".to_owned());
    } else {
        lines.push("  Taken back by it:".to_owned());
        lines.extend(plan.undone.iter().map(|event| format!("    {}", event_line(agents, event, &zone, now))));
    }
    if !plan.again.is_empty() {
        let names = plan.again.iter().map(|d| device_name(agents, d)).collect::<Vec<_>>().join(", ");
        lines.push(format!("  Added again: {names}"));
    }
    if !plan.lost.is_empty() {
        let names = plan.lost.iter().map(|d| device_name(agents, d)).collect::<Vec<_>>().join(", ");
        lines.push(format!("  These lose their rights: {names}"));
        lines.push(
            "  What they signed binds you only where another signer had already built on it, unless you ratify it."
                .to_owned(),
        );
        lines.push("  --keep NAME adds one of them again.".to_owned());
    }
    lines.push("\nEverybody in your cases will see this.".to_owned());
    lines.join("\n")
}
