//! `counterpart reminders set`

use counterpart_node::{Hours, now};
use counterpart_process::holidays::{Region, YEARS};
use serde_json::json;

use crate::{
    error::{CommandError, Done},
    session::Session,
};

/// Set the country whose holidays count, and the quiet hours, for a case or for all
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case; without one, for all cases that have nothing of their own
    #[arg(value_name = "CASE")]
    case: Option<String>,
    /// The country, such as DE, or a part of it with days of its own, such as GB-SCT or DE-BY; none for no public
    /// holidays [default: by the time zone of the case]
    #[arg(long, value_name = "COUNTRY")]
    country: Option<String>,
    /// When nobody is disturbed, such as 20:00-08:00; or none
    #[arg(long, value_name = "HOURS")]
    quiet_hours: Option<String>,
    /// Forget what was set before
    #[arg(long)]
    reset: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    let case = args.case.as_deref().map(|typed| desk.resolve(typed)).transpose()?;
    let mut hours = if args.reset { Hours::default() } else { desk.hours(case.as_ref())? };
    if let Some(country) = &args.country {
        hours.country = Some(if country.trim().eq_ignore_ascii_case("none") {
            "none".to_owned()
        } else {
            Region::parse(country).map_err(|e| CommandError::usage(e.to_string()))?.to_string()
        });
    }
    if let Some(quiet) = &args.quiet_hours {
        hours.quiet = Some(quiet.trim().to_lowercase());
    }
    if args.reset || args.country.is_some() || args.quiet_hours.is_some() {
        desk.keep_hours(case.as_ref(), &hours, now())?;
    }
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/hours/1",
            "case": case.map(|case| case.to_hex()),
            "country": hours.country,
            "quiet": hours.quiet,
            "known": Region::all(),
            "years": [YEARS.0, YEARS.1],
        }));
    }
    terminal.data(&format!(
        "country  {}\nquiet    {}",
        hours.country.as_deref().unwrap_or("by the time zone of the case"),
        hours.quiet.as_deref().unwrap_or("20:00-08:00, as usual")
    ))
}
