//! `counterpart calendar`

use std::path::PathBuf;

use counterpart_node::now;
use serde_json::json;

use crate::{
    calendars,
    error::{CommandError, Done},
    session::Session,
    written::not_over,
};

/// Write what is due as a calendar that any calendar program reads (.ics)
///
/// Due times, deadlines of steps and reminders planned, each with an alarm a day and an hour before; times are instants,
/// so every program shows them in its own zone. Without --out it goes to standard output. With --keep the file is
/// written now and brought up to date whenever `counterpart today` runs, and every minute while `counterpart up` runs:
/// let your calendar program subscribe to it. It holds names and what was promised; whoever reads the file reads them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of this case alone: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case
    case: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    force: bool,
    /// The file to write and to keep up to date from now on
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    keep: Option<PathBuf>,
    /// Keep no file up to date any more; what was written stays
    #[arg(long, conflicts_with_all = ["out", "keep", "case"])]
    stop_keeping: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    let resolved = |typed: &str| {
        let found = desk.resolve(typed).map_err(CommandError::from);
        let file = typed.contains(['/', '\\']) || typed.to_ascii_lowercase().ends_with(".ics");
        found.map_err(|error| if file { error.hint("a file to write is named by --out FILE") } else { error })
    };
    let only = args.case.as_deref().map(resolved).transpose()?;
    if args.stop_keeping {
        let kept = desk.kept_calendar()?.file;
        calendars::keep(&desk, None, None)?;
        if terminal.json {
            return terminal.json(&json!({"schema": "counterpart/calendar/1", "file": null, "kept": false}));
        }
        terminal.say(&match kept {
            Some(file) => format!("{} is not kept up to date any more.", file.display()),
            None => "No file was kept up to date.".to_owned(),
        });
        return Ok(());
    }
    let (file, keep) = match (&args.out, &args.keep) {
        (Some(out), _) => (out, false),
        (None, Some(keep)) => (keep, true),
        (None, None) if terminal.json => {
            let dates = calendars::dates(&desk, only.as_ref(), now())?;
            let one = |d: &counterpart_process::calendar::Dated| json!({"uid": d.uid, "at": d.at, "title": d.title, "about": d.about});
            return terminal.json(&json!({
                "schema": "counterpart/calendar/1",
                "file": null,
                "kept": false,
                "events": dates.iter().map(one).collect::<Vec<_>>(),
            }));
        }
        (None, None) => {
            let (text, _) = calendars::make(&desk, only.as_ref())?;
            return terminal.bytes(&mut |out| out.write_all(text.as_bytes()).map(|()| true));
        }
    };
    if !keep {
        not_over(file, args.force)?;
    }
    let file = std::path::absolute(file).map_err(|e| CommandError::failed(format!("{}: {e}", file.display())))?;
    if keep && desk.kept_calendar()?.file.as_ref() != Some(&file) && file.exists() {
        let there = CommandError::failed(format!("{} is there already; nothing was written", file.display()));
        return Err(there.hint("name a file that is not there yet: it is written over each time"));
    }
    let events = calendars::write(&desk, only.as_ref(), &file)?;
    if keep {
        calendars::keep(&desk, Some(file.clone()), only.as_ref())?;
    }
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/calendar/1", "file": file, "kept": keep, "count": events,
        }));
    }
    terminal.data(&file.display().to_string())?;
    terminal.say(&format!("{events} dates."));
    if keep {
        terminal.say(
            "It is brought up to date whenever `counterpart today` runs, and every minute while `counterpart up` runs.",
        );
    }
    Ok(())
}
