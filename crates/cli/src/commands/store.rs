//! `counterpart store`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use counterpart_node::{Desk, StorePlace};
use serde_json::json;

use crate::{
    error::{CommandError, Done, Kind},
    render::line,
    session::Session,
};

/// Show where your cases are kept: in your home folder, or in a database on PostgreSQL that several machines share
///
/// Without a further word it shows where. `counterpart store copy` copies everything to another place and compares the two;
/// `counterpart store use` then keeps your cases there. Your keys stay in your home folder either way.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Copy everything to an empty place, then read both and compare them; what is in use stays the same
    ///
    /// Stop `counterpart up` first, and all other machines that use the same store: what is written meanwhile would be
    /// missing. Attached files are copied as well.
    Copy(PlaceArgs),
    /// Keep your cases at that place from now on; what is here stays where it is, and is not used
    ///
    /// Stop `counterpart up` first. The place must hold a copy of yours, or what other machines of yours keep there.
    Use(PlaceArgs),
}

#[derive(Debug, clap::Args)]
struct PlaceArgs {
    /// `home` for your home folder, or the address of a database such as postgres://name@db.example/counterpart
    to: String,
    /// A file whose first line is the password for the database
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    match &args.what {
        None => show(session, &desk, None),
        Some(What::Copy(place)) => copy(session, &desk, place),
        Some(What::Use(place)) => {
            let place = place_of(&desk, place)?;
            must_not_run(&desk)?;
            desk.use_store(&place)?;
            show(session, &desk, Some(&format!("Your cases are kept in {} from now on.", line(&place.to_string()))))
        }
    }
}

fn copy(session: &Session, desk: &Desk, to: &PlaceArgs) -> Done {
    let place = place_of(desk, to)?;
    must_not_run(desk)?;
    let copied = desk.copy_store(&place)?;
    let (from, to) = (desk.store_place()?.to_string(), place.to_string());
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/store-copy/1",
            "from": from,
            "to": to,
            "rows": copied.rows,
            "files": copied.files,
            "bytes": copied.bytes,
            "same": true,
        }));
    }
    terminal.data(&format!(
        "copied and compared: {} rows, {} attached files of {} bytes, the same in {} and {}",
        copied.rows,
        copied.files,
        copied.bytes,
        line(&from),
        line(&to)
    ))?;
    terminal.say("`counterpart store use` with the same place keeps your cases there.");
    Ok(())
}

fn show(session: &Session, desk: &Desk, said: Option<&str>) -> Done {
    let place = desk.store_place()?;
    let shared = matches!(place, StorePlace::Postgres(_));
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/store/1",
            "place": place.to_string(),
            "shared": shared,
        }));
    }
    if let Some(said) = said {
        terminal.say(said);
    }
    let what = if shared { "a database that other machines may share" } else { "your home folder" };
    terminal.data(&format!("{} ({what})", line(&place.to_string())))
}

fn must_not_run(desk: &Desk) -> Done {
    if desk.node_is_running() {
        let running = CommandError::of(Kind::Failed, "your node is running and writes to the store".to_owned());
        return Err(
            running.hint("stop `counterpart up`, here and on every machine that uses this store, then try again")
        );
    }
    Ok(())
}

fn place_of(desk: &Desk, args: &PlaceArgs) -> Done<StorePlace> {
    if args.to == "home" {
        return Ok(desk.own_store_place());
    }
    let place = StorePlace::named(&args.to);
    let usage = |message: &str| CommandError::of(Kind::Usage, message.to_owned());
    if place.file().is_some() {
        return Err(usage("that is neither `home` nor the address of a database")
            .hint("write it such as postgres://name@db.example/counterpart"));
    }
    if place.has_password() {
        return Err(usage("there is a password in the address, and others on this machine can read command lines")
            .hint("write it into a file that only you can read, and name that with --password-file"));
    }
    match &args.password_file {
        Some(file) => Ok(place.with_password(&first_line(file)?)),
        None => Ok(place),
    }
}

fn first_line(file: &Path) -> Done<String> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| CommandError::of(Kind::Failed, format!("{}: {e}", file.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
