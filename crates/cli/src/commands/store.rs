//! `counterpart store`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use counterpart_node::{Desk, DeskError, StorePlace, own_store_place, store_place_of, use_store_unchecked};
use serde_json::json;

use crate::{
    error::{CommandError, Done, Kind},
    render::line,
    session::Session,
    written::unreadable,
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
    /// Stop `counterpart up` first. The place must hold a copy of yours, or what other machines of yours keep there. It is
    /// compared with the one in use: where something is lacking that this machine signed, it is refused.
    Use(UseArgs),
}

#[derive(Debug, clap::Args)]
struct PlaceArgs {
    /// `home` for your home folder, or the address of a database such as postgres://name@db.example/counterpart
    to: String,
    /// A file whose first line is the password for the database
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct UseArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Where the store in use cannot be opened any more: go on without having compared the two
    #[arg(long)]
    unchecked: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.what {
        None => {
            let opened = session.desk_if_any()?;
            if opened.as_ref().err().is_none_or(is_about_the_store) {
                // Also of one that cannot be opened: then it is asked for most of all.
                show(session, &store_place_of(&session.home()?)?, None)?;
            }
            Ok(opened.map(drop)?)
        }
        Some(What::Copy(place)) => copy(session, &session.desk()?, place),
        Some(What::Use(wanted)) => keep_at(session, wanted),
    }
}

fn keep_at(session: &Session, wanted: &UseArgs) -> Done {
    let home = session.home()?;
    let place = place_of(&home, &wanted.place)?;
    match session.desk_if_any()? {
        Ok(desk) => {
            must_not_run(&desk)?;
            desk.use_store(&place)?;
        }
        Err(why) if !is_about_the_store(&why) => return Err(why.into()),
        // The same store with the right password: there is nothing to compare.
        Err(_) if store_place_of(&home)?.to_string() == place.to_string() => use_store_unchecked(&home, &place)?,
        Err(why) if !wanted.unchecked => {
            let why = format!(
                "the store in use cannot be opened ({}), so it could not be compared with the one at {place}; nothing was changed",
                line(&why.to_string())
            );
            return Err(CommandError::of(Kind::Failed, why).hint(
                "mend what is in the way, or try again later; only where it is lost for good, or is not yours: the same with --unchecked",
            ));
        }
        Err(_) => {
            use_store_unchecked(&home, &place)?;
            session.terminal.always(UNCHECKED);
        }
    }
    let kept = format!("Your cases are kept in {} from now on.", line(&place.to_string()));
    show(session, &place, Some(&kept))
}

const UNCHECKED: &str = "\
The store was not compared with the one before. Where something is lacking in it that this machine signed and somebody else has,
the next thing that you sign takes the place of that a second time: everybody sees an alarm, and this machine's key is of no use
any more. So sign nothing yet, by no program either: `counterpart sync` fetches what the others have. Where `counterpart status` then
says that this device was used elsewhere, `counterpart identity renew-device` gives this machine a key of its own.";

/// Whether it says that the store in use is away, damaged, or not what it was.
fn is_about_the_store(why: &DeskError) -> bool {
    matches!(why, DeskError::Store(_) | DeskError::Files(_) | DeskError::File { .. } | DeskError::Key { .. })
}

fn copy(session: &Session, desk: &Desk, to: &PlaceArgs) -> Done {
    let place = place_of(desk.home(), to)?;
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

fn show(session: &Session, place: &StorePlace, said: Option<&str>) -> Done {
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

fn place_of(home: &Path, args: &PlaceArgs) -> Done<StorePlace> {
    if args.to == "home" {
        return Ok(own_store_place(home));
    }
    let place = StorePlace::named(&args.to);
    let usage = |message: &str| CommandError::of(Kind::Usage, message.to_owned());
    if place.file().is_some() {
        return Err(usage("that is neither `home` nor the address of a database")
            .hint("write it such as postgres://name@db.example/counterpart"));
    }
    place.check().map_err(|why| usage(&why.to_string()))?;
    if place.has_password() {
        return Err(usage("there is a password in the address, and others on this machine can read command lines")
            .hint("write it into a file that only you can read, and name that with --password-file"));
    }
    match &args.password_file {
        Some(file) => Ok(place.with_password(&password_in(file)?)),
        None => Ok(place),
    }
}

/// The first line of a file.
fn password_in(file: &Path) -> Done<String> {
    let text = std::fs::read_to_string(file).map_err(|why| unreadable(file, &why))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(CommandError::usage(format!(
            "the first line of {} is empty, and should be the password",
            file.display()
        ))),
    }
}
