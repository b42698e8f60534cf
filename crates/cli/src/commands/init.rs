//! `counterpart init`

use counterpart_core::{act::Role, id::short_form};
use counterpart_node::Desk;
use serde_json::json;

use super::identity::{name::Wish, new_passphrase};
use crate::{error::Done, session::Session};

/// Make your identity on this machine: the keys you sign with
///
/// It takes a second and asks nothing; `counterpart new` does it by itself where it was not done. A recovery sheet is written
/// beside the keys: print it, keep it somewhere safe, and delete the file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Put the keys under a passphrase, asked for twice; `counterpart identity passphrase` does it later
    #[arg(long)]
    passphrase: bool,
    /// Your name, or your company's: remembered, so that cases need not ask; `counterpart identity name` changes it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What you usually are in a case, remembered as well: customer, supplier or third
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let home = session.home()?;
    // Nothing is made before what was typed is understood.
    let wish = Wish::read(args.name.as_deref(), args.role.as_deref())?;
    let passphrase = args.passphrase.then(|| new_passphrase(session)).transpose()?;
    let report = match &passphrase {
        Some(passphrase) => Desk::init_under(&home, passphrase)?,
        None => Desk::init(&home)?,
    };
    if !wish.is_empty() {
        wish.keep(&Desk::open_with(&home, passphrase.as_ref())?)?;
    }
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/init/1",
            "party": report.party.to_hex(),
            "home": home,
            "recovery_sheet": report.recovery_sheet,
            "name": wish.name,
            "role": wish.role.map(Role::as_str),
        }));
    }
    terminal.data(&short_form(&report.party.0))?;
    terminal.say(&format!("Your identity is ready, in {}.", home.display()));
    terminal.say(&format!(
        "Print {} and keep it somewhere safe, then delete that file: it alone can replace a lost or stolen key.",
        report.recovery_sheet.display()
    ));
    terminal.say("Next: counterpart new \"What it is about\" --with \"Northlink Ltd:supplier\"");
    Ok(())
}
