//! `counterpart identity`

mod backup;
mod mend;
pub(super) mod name;
mod passphrase;
mod renew_device;
mod restore;
mod rotate;
mod sheet;
mod show;

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use counterpart_core::{
    id::{DeviceKey, short_form},
    keylog::RevokeReason,
};
use counterpart_node::{Agent, LogEvent, LogWhat, Passphrase, SheetKey};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    error::{CommandError, Done},
    render,
    session::Session,
    when,
    written::unreadable,
};

/// Your identity: its name, keys, devices and recovery sheet; back it up, restore it, change the main key
///
/// The main key says which devices and agents act for you; each device signs with a key of its own. The recovery sheet, on
/// paper, holds the key that can replace the main key. A machine that was lost: `agent revoke`, or `restore` on a new one; a
/// main key that was stolen: `rotate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: IdentityCommand,
}

#[derive(Debug, Subcommand)]
enum IdentityCommand {
    Show(show::Args),
    Name(name::Args),
    Sheet(sheet::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Rotate(rotate::Args),
    Mend(mend::Args),
    RenewDevice(renew_device::Args),
    Passphrase(passphrase::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        IdentityCommand::Show(args) => show::run(session, args),
        IdentityCommand::Name(args) => name::run(session, args),
        IdentityCommand::Sheet(args) => sheet::run(session, args),
        IdentityCommand::Backup(args) => backup::run(session, args),
        IdentityCommand::Restore(args) => restore::run(session, args),
        IdentityCommand::Rotate(args) => rotate::run(session, args),
        IdentityCommand::Mend(args) => mend::run(session, args),
        IdentityCommand::RenewDevice(args) => renew_device::run(session, args),
        IdentityCommand::Passphrase(args) => passphrase::run(session, args),
    }
}

/// Why a device's rights end, for what it signed before that was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Reason {
    /// Nobody else has it: broken, sold after it was wiped, or only copied by yourself
    Ended,
    /// Somebody else has it, or may
    Compromised,
}

impl From<Reason> for RevokeReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Ended => Self::Ended,
            Reason::Compromised => Self::Compromised,
        }
    }
}

/// What a reason means for what was signed without knowing of the end.
fn meaning(reason: RevokeReason) -> &'static str {
    match reason {
        RevokeReason::Ended => {
            "what it signed before goes on binding you, unless every other signer had signed something knowing of this first"
        }
        RevokeReason::Compromised => {
            "what it signed and you do not name binds you only where another signer had already built on it; all else is \
             contested, until you ratify it, the others drop it, or an arbiter decides"
        }
    }
}

/// The end of a device, as it is signed.
fn end_of(which: &str, reason: RevokeReason) -> String {
    format!("  The end of {which}, as {}: {}.", reason.word(), meaning(reason))
}

/// The key on a recovery sheet: from a file, or from standard input for `-`.
fn read_sheet(file: &Path) -> Done<SheetKey> {
    let typed = file.to_string_lossy();
    if typed.len() >= 64 && typed.chars().all(|c| c.is_ascii_hexdigit() || c == ' ') {
        return Err(CommandError::usage(
            "a key is never typed into a command: others can read it there, and it stays in \
                                        the shell's history",
        )
        .hint("put it into a file, or pipe it in and write - for the file"));
    }
    let unread = |e: std::io::Error| unreadable(file, &e);
    let mut text = Zeroizing::new(String::new());
    if typed == "-" {
        std::io::stdin().lock().take(1 << 16).read_to_string(&mut text).map_err(unread)?;
    } else {
        fs::File::open(file).and_then(|f| f.take(1 << 16).read_to_string(&mut text)).map_err(unread)?;
    }
    Ok(SheetKey::parse(&text)?)
}

/// The passphrase in the first line of a file that was named.
fn passphrase_in(file: &Path) -> Done<Passphrase> {
    // A name that was typed wrong is told as that.
    drop(fs::File::open(file).map_err(|e| unreadable(file, &e))?);
    Ok(Passphrase::from_file(file)?)
}

/// The passphrase of a backup: from a file, or asked for.
fn backup_passphrase(session: &Session, file: Option<&PathBuf>, new: bool) -> Done<Passphrase> {
    match file {
        Some(file) => passphrase_in(file),
        None if new => session.terminal.new_secret("Passphrase for the backup"),
        None => session.terminal.secret("Passphrase of the backup"),
    }
}

/// A passphrase for the keys of a home: where a service has it, else asked for twice.
pub(crate) fn new_passphrase(session: &Session) -> Done<Passphrase> {
    match Passphrase::from_environment()? {
        Some(passphrase) => Ok(passphrase),
        None => session.terminal.new_secret("New passphrase for the keys of this home"),
    }
}

/// A device by its name, if it has one here.
fn device_name(agents: &[Agent], device: &DeviceKey) -> String {
    let short = short_form(&device.0);
    let named = agents.iter().find(|a| a.device == *device);
    match named {
        Some(Agent { here: true, .. }) => format!("{short} (this machine)"),
        Some(Agent { name: Some(name), .. }) => format!("{short} ({})", render::line(name)),
        _ => short,
    }
}

/// An event of the key log, in words.
fn event_line(agents: &[Agent], event: &LogEvent, zone: &str, now: i64) -> String {
    let what = match &event.what {
        LogWhat::Begun => "the identity began".to_owned(),
        LogWhat::Granted { device, .. } => format!("added {}", device_name(agents, device)),
        LogWhat::Ended { device, reason } => {
            let which = device.as_ref().map_or_else(|| "a device".to_owned(), |d| device_name(agents, d));
            format!("ended {which}: {}", reason.word())
        }
        LogWhat::Rotated => "a new main key".to_owned(),
    };
    let by = event.by.map_or_else(String::new, |device| format!(", by {}", device_name(agents, &device)));
    format!("{}  {}{by}, {}", event.position, what, when::show_short(event.at, zone, now))
}

fn event_json(event: &LogEvent) -> serde_json::Value {
    let (what, device, reason) = match &event.what {
        LogWhat::Begun => ("begun", None, None),
        LogWhat::Granted { device, .. } => ("granted", Some(*device), None),
        LogWhat::Ended { device, reason } => ("ended", *device, Some(reason.word())),
        LogWhat::Rotated => ("rotated", None, None),
    };
    let place = match event.place {
        counterpart_node::LogPlace::Ours => "ours",
        counterpart_node::LogPlace::Rival => "rival",
        counterpart_node::LogPlace::TakenBack => "taken-back",
    };
    json!({
        "position": event.position,
        "event": event.id.to_hex(),
        "what": what,
        "device": device.map(|d| d.to_hex()),
        "reason": reason,
        "by": event.by.map(|d| d.to_hex()),
        "at": event.at,
        "place": place,
    })
}
