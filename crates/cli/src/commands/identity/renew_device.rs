//! `counterpart identity renew-device`

use counterpart_core::{id::short_form, keylog::RevokeReason};
use counterpart_node::{Desk, DeskError, Renewal, now};
use serde_json::json;

use super::{Reason, end_of};
use crate::{confirm, error::Done, render, session::Session};

/// Give this home a new device key, and end the old one: when the home is a copy or an old backup, or its key may be known
///
/// In every case the old device signed in, you then say up to which entry it counts. Where this machine may not add devices
/// itself, it prints a request for whoever holds the identity.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Why the old device ends
    #[arg(long, value_enum, default_value = "ended")]
    reason: Reason,
    /// Ask another machine of yours to add the new key: if a copy of this home is in use and has its new key already
    #[arg(long)]
    ask: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let plan = if args.ask { Err(DeskError::NoRoot) } else { desk.plan_renewal() };
    let plan = match plan {
        Ok(plan) => plan,
        Err(DeskError::NoRoot | DeskError::RootReplaced) => return ask(session, &desk),
        Err(why) => return Err(why.into()),
    };
    let reason = RevokeReason::from(args.reason);
    confirm::agree(session, &text(&plan, reason))?;
    let renewed = desk.renew_device(&plan, reason, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/identity-renew-device/1",
            "device": renewed.device.to_hex(),
            "old": plan.old.device.to_hex(),
            "reason": reason.word(),
            "cut": renewed.cut.iter().map(counterpart_core::id::CaseId::to_hex).collect::<Vec<_>>(),
            "uncut": renewed.uncut.iter().map(|(c, why)| json!({"case": c.to_hex(), "why": why})).collect::<Vec<_>>(),
        }));
    }
    terminal.data(&short_form(&renewed.device.0))?;
    terminal.say(
        "This home has a device key of its own now. The others learn it with the next connection: counterpart sync",
    );
    for (case, why) in &renewed.uncut {
        let case = short_form(&case.0);
        terminal.say(&format!("In {case} you could not say up to where the old one counts: {}", render::line(why)));
        terminal.say(&format!("  later: counterpart cut {case} {}", short_form(&plan.old.device.0)));
    }
    Ok(())
}

fn ask(session: &Session, desk: &Desk) -> Done {
    let request = desk.ask_renewal()?;
    let line = request.to_text();
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/identity-renew-device/1",
            "device": request.device.to_hex(),
            "request": line,
        }));
    }
    terminal.data(&line)?;
    terminal.say(&format!(
        "This home's new device will be {}. Until it is added, the old keys stay.",
        short_form(&request.device.0)
    ));
    terminal.say("Send the line to the machine that holds the identity. There:");
    terminal.say("  counterpart agent add REQUEST, and counterpart agent revoke OLD --reason ended, or compromised");
    terminal.say("  then here, with no node running: counterpart agent take GRANT");
    terminal.say("A main key that lies in this home is dropped then; it stays on the other machine.");
    Ok(())
}

/// Exactly what is signed.
fn text(plan: &Renewal, reason: RevokeReason) -> String {
    let old = short_form(&plan.old.device.0);
    let mut lines = vec![
        "You sign in your key log:\n".to_owned(),
        "  A further device: this home, with a new key and the rights of the old one.".to_owned(),
        end_of(&format!("the old one, {old}"), reason),
    ];
    if !plan.cuts.is_empty() {
        lines.push("\nAnd in each case it signed in, that what it signed up to there counts:\n".to_owned());
        for cut in &plan.cuts {
            let last = cut.numbers.iter().map(|number| format!("#{number}")).collect::<Vec<_>>().join(" and ");
            lines.push(format!("  {} ({}): {last}", render::line(&cut.title), short_form(&cut.case.0)));
        }
    }
    lines.push("\nIf another copy of this home is in use, do this in one of them only; in the other one:".to_owned());
    lines.push("counterpart identity renew-device --ask. Two that do it at once fork your key log.".to_owned());
    lines.join("\n")
}
