//! `counterpart identity mend`

use counterpart_core::id::DeviceKey;
use counterpart_node::{Agent, Mending, now};
use serde_json::json;

use super::device_name;
use crate::{confirm, error::Done, session::Session};

/// Bring the branches of a forked key log together: sign on this one what stands on the others
///
/// For when two of your machines added or ended devices without knowing of each other. Do it on one machine only. It lets
/// every machine act again; only `identity rotate`, with the recovery sheet, ends the dispute itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave out what the other branches say of this device, by its name or device; repeat for more
    #[arg(long, value_name = "NAME|DEVICE")]
    without: Vec<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let plan = desk.plan_mending(&args.without)?;
    confirm::agree(session, &text(&desk.agents()?, &plan))?;
    desk.mend(&plan, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/identity-mend/1",
            "added": plan.granted.iter().map(DeviceKey::to_hex).collect::<Vec<_>>(),
            "ended": plan.ended.iter().map(|(d, why)| json!({"device": d.to_hex(), "reason": why.word()})).collect::<Vec<_>>(),
        }));
    }
    terminal.say("Done. Your other machines go on with the next connection; start their nodes anew.");
    terminal.say(
        "What devices on one branch only agreed to waits for your `ratify`, until `counterpart identity rotate SHEET`.",
    );
    Ok(())
}

/// Exactly what is signed.
fn text(agents: &[Agent], plan: &Mending) -> String {
    let mut lines = vec!["On the branch of your key log that this machine goes by, you sign again:\n".to_owned()];
    lines.extend(
        plan.granted.iter().map(|d| format!("  {} acts for you, with the rights it has there", device_name(agents, d))),
    );
    lines.extend(
        plan.ended.iter().map(|(d, why)| format!("  {} acts for you no more: {}", device_name(agents, d), why.word())),
    );
    lines.push(
        "\nDo you know all of them? If not, somebody else may have your main key: leave them out with --without, and"
            .to_owned(),
    );
    lines.push("change the main key with the recovery sheet: counterpart identity rotate SHEET".to_owned());
    lines.join("\n")
}
