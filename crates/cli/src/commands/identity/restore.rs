//! `counterpart identity restore`

use std::path::PathBuf;

use counterpart_core::{
    id::{DeviceKey, short_form},
    keylog::RevokeReason,
};
use counterpart_node::{Lost, Restoring, is_backup_encrypted, now};
use serde_json::json;

use super::{Reason, backup_passphrase, end_of, meaning, new_passphrase, read_sheet};
use crate::{
    confirm,
    error::{CommandError, Done},
    render,
    session::Session,
    when,
};

/// Make a home from a backup, on a new machine or an empty one
///
/// Your cases are all there; this machine gets a device key of its own, added to your identity by the main key in the
/// backup. The other sides learn of it with the next connection. Without a usable main key, or where it may be in wrong
/// hands, the recovery sheet brings a new one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The backup
    file: PathBuf,
    /// Bring a new main key from the recovery sheet in this file (- for standard input)
    #[arg(long, value_name = "SHEET")]
    sheet: Option<PathBuf>,
    /// End the rights of the machine that was lost: it decides what becomes of things it signed that you do not know of
    #[arg(long, value_enum, value_name = "WHY")]
    lost: Option<Reason>,
    /// The machine that was lost, by its name or device, if not the one the backup was made of; repeat for more
    #[arg(long, value_name = "NAME|DEVICE", requires = "lost")]
    device: Vec<String>,
    /// Put this home's keys under a passphrase
    #[arg(long)]
    passphrase: bool,
    /// Take the backup's passphrase from the first line of this file instead of asking
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let home = session.home()?;
    let sheet = args.sheet.as_deref().map(read_sheet).transpose()?;
    let opened = match is_backup_encrypted(&args.file)? {
        true => Some(backup_passphrase(session, args.passphrase_file.as_ref(), false)?),
        false => None,
    };
    let restoring = Restoring::read(&home, &args.file, opened.as_ref())?;
    restoring.check_keys(sheet.as_ref())?;
    let devices = restoring.devices()?;
    let lost = lost(args, &restoring, &devices)?;
    confirm::agree(session, &text(&restoring, &devices, &lost, sheet.is_some()))?;
    let passphrase = match args.passphrase {
        true => Some(new_passphrase(session)?),
        false => None,
    };
    let (about, contents) = (restoring.about, restoring.contents.clone());
    let restored = restoring.finish(sheet.as_ref(), &lost, passphrase.as_ref(), now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/identity-restore/1",
            "party": restored.party.to_hex(),
            "device": restored.device.to_hex(),
            "home": home,
            "made": about.made,
            "cases": contents.cases,
            "entries": contents.entries,
            "files": contents.files,
            "ended": lost.reason.map(|_| lost.devices.iter().map(DeviceKey::to_hex).collect::<Vec<_>>()),
            "recovery_sheet": restored.recovery_sheet,
        }));
    }
    terminal.data(&short_form(&restored.party.0))?;
    terminal.say(&format!(
        "Restored in {}. Cases: {}, with {} entries. This machine's device is {}.",
        home.display(),
        contents.cases,
        contents.entries,
        short_form(&restored.device.0)
    ));
    if let Some(path) = &restored.recovery_sheet {
        terminal.say(&format!(
            "The sheet you used is used up. Print the new one, {}, then: counterpart identity sheet --delete",
            path.display()
        ));
    }
    terminal.say("Next: counterpart sync, so that the others know this machine and you get what came meanwhile.");
    terminal
        .say("Who used to call you does not know this machine's address: counterpart case-address CASE shows it, and");
    terminal.say("they run: counterpart sync CASE --address ADDRESS");
    Ok(())
}

fn lost(args: &Args, restoring: &Restoring, devices: &[(DeviceKey, Option<String>)]) -> Done<Lost> {
    let Some(reason) = args.lost.map(RevokeReason::from) else { return Ok(Lost::default()) };
    if args.device.is_empty() {
        return Ok(Lost { devices: vec![restoring.about.device], reason: Some(reason) });
    }
    let mut found = Vec::new();
    for typed in &args.device {
        let named = |(device, name): &&(DeviceKey, Option<String>)| {
            let short = short_form(&device.0);
            let plain = |text: &str| text.replace('-', "").to_uppercase();
            name.as_ref().is_some_and(|n| n.to_lowercase() == typed.trim().to_lowercase())
                || plain(&short) == plain(typed.trim())
        };
        let device = devices.iter().find(named).ok_or_else(|| {
            let known = devices.iter().map(called).collect::<Vec<_>>().join(", ");
            CommandError::usage(format!("the backup knows no device '{}'", render::line(typed)))
                .hint(format!("it knows {known}"))
        })?;
        found.push(device.0);
    }
    Ok(Lost { devices: found, reason: Some(reason) })
}

fn called((device, name): &(DeviceKey, Option<String>)) -> String {
    let short = short_form(&device.0);
    name.as_ref().map_or_else(|| short.clone(), |name| format!("{short} ({})", render::line(name)))
}

/// Exactly what is signed.
fn text(restoring: &Restoring, devices: &[(DeviceKey, Option<String>)], lost: &Lost, rotates: bool) -> String {
    let about = &restoring.about;
    let made = when::show(about.made, "UTC");
    let old = devices.iter().find(|(device, _)| *device == about.device);
    let mut lines = vec![
        format!("The backup is of {}, made {made}.", short_form(&about.party.0)),
        "You sign in its key log:\n".to_owned(),
    ];
    if rotates {
        lines.push(
            "  A new main key, the one on the recovery sheet. What stands in the key log and is not in this".to_owned(),
        );
        lines.push("  backup is taken back: devices added after it was made have to be added again. A new".to_owned());
        lines.push("  recovery sheet is written.".to_owned());
    }
    lines.push("  A further device: this machine, with every right.".to_owned());
    if let Some(reason) = lost.reason {
        for device in &lost.devices {
            let known = devices.iter().find(|(d, _)| d == device);
            let which = known.map_or_else(|| short_form(&device.0), called);
            lines.push(end_of(&which, reason));
        }
    } else if let Some(old) = old {
        lines.push(String::new());
        lines.push(format!(
            "The machine the backup was made of, {}, keeps its rights. If it is lost, say so:",
            called(old)
        ));
        lines.push(format!("  --lost ended        if nobody else has it: {};", meaning(RevokeReason::Ended)));
        lines.push(format!("  --lost compromised  if somebody has it: {}.", meaning(RevokeReason::Compromised)));
    }
    if !rotates {
        lines.push(String::new());
        lines.push(
            "If you added or ended a device after the backup was made, your key log gets two branches by this:"
                .to_owned(),
        );
        lines.push("then restore with the recovery sheet instead (--sheet).".to_owned());
    }
    lines.join("\n")
}
