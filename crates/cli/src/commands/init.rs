//! `counterpart init`

use counterpart_core::id::short_form;
use counterpart_node::Desk;
use serde_json::json;

use super::identity::new_passphrase;
use crate::{error::Done, session::Session};

/// Make your identity on this machine: the keys you sign with
///
/// It takes a second and asks nothing; `counterpart new` does it by itself where it was not done. A recovery sheet is written beside the keys: print it, keep it somewhere safe,
/// and delete the file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Put the keys under a passphrase, asked for twice; `counterpart identity passphrase` does it later
    #[arg(long)]
    passphrase: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let home = session.home()?;
    let report = match args.passphrase {
        true => Desk::init_under(&home, &new_passphrase(session)?)?,
        false => Desk::init(&home)?,
    };
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/init/1",
            "party": report.party.to_hex(),
            "home": home,
            "recovery_sheet": report.recovery_sheet,
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
