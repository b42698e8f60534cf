//! `counterpart clock`

use clap::Subcommand;
use counterpart_core::act::Act;
use counterpart_process::clocks::Which;
use counterpart_words::clocks::{self, ClocksTyped};
use serde_json::json;

use super::{CaseArg, act};
use crate::{case::OpenCase, confirm, error::Done, session::Session, terms};

/// Until when the other side answers, says how it stands, and has it resolved: clocks that both sides agreed
///
/// Clocks count working hours: days of the week with their times, in a time zone, without holidays, all of it named in
/// what was agreed. So both sides see the same time left. Either side stops them by saying why, for all to see.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    #[command(subcommand)]
    change: Option<Change>,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Propose clocks, or others in place of those agreed; they count from when both sides have signed
    Propose(Box<Propose>),
    /// Stop the clocks, saying whom you wait for and why; an answer of the other side ends it
    Pause(Pause),
    /// Say that the clocks run on
    Resume,
}

#[derive(Debug, clap::Args)]
struct Propose {
    /// Until they first answer, in working hours, such as "8 hours"
    #[arg(long, value_name = "LENGTH")]
    first_answer: Option<String>,
    /// From each word of theirs to the next, such as "16 hours"
    #[arg(long, value_name = "LENGTH")]
    next_update: Option<String>,
    /// Until it is resolved, such as "40 hours": five days of eight
    #[arg(long, value_name = "LENGTH")]
    resolution: Option<String>,
    /// Whose clocks they are: supplier, customer or third [default: supplier]
    #[arg(long, value_name = "ROLE")]
    by: Option<String>,
    /// Which hours count, such as "mon-fri 09:00-17:30" or "daily 00:00-24:00"; repeat for more [default: mon-fri
    /// 09:00-17:00]
    #[arg(long, value_name = "HOURS")]
    hours: Vec<String>,
    /// The time zone of these hours [default: the case's]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Days that do not count: a country or part of it, such as GB-ENG; "zone" for those of the zone's country; or a day,
    /// such as "2026-12-24 Christmas Eve". Repeat for more; each day is written into the terms [default: none]
    #[arg(long, value_name = "DAYS")]
    holidays: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct Pause {
    /// Why, such as "we wait for the serial number"
    reason: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.change {
        None => show(session, &args.case),
        Some(Change::Propose(wanted)) => propose(session, &args.case, wanted),
        Some(Change::Pause(pause)) => act(session, &args.case, |_, case| clocks::pause(case, &pause.reason)),
        Some(Change::Resume) => act(session, &args.case, |_, case| clocks::resume(case)),
    }
}

fn show(session: &Session, case: &CaseArg) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &case.case)?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/clock/1",
            "case": case.id.to_hex(),
            "short": case.short(),
            "now": case.now,
            "clocks": clocks::as_json(&case),
        }));
    }
    let lines = clocks::in_full(&case, terminal.columns());
    if lines.is_empty() {
        terminal.say(&format!(
            "No service clocks are agreed in this case. Propose some: counterpart clock {} propose --first-answer \"8 hours\"",
            case.short()
        ));
        return Ok(());
    }
    terminal.data(&lines.join("\n"))
}

fn propose(session: &Session, case: &CaseArg, wanted: &Propose) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &case.case)?;
    let given = [&wanted.first_answer, &wanted.next_update, &wanted.resolution];
    let lengths = Which::ALL.into_iter().zip(given).filter_map(|(which, text)| Some((which, text.clone()?))).collect();
    let typed = ClocksTyped {
        by: wanted.by.clone(),
        lengths,
        hours: wanted.hours.clone(),
        zone: wanted.zone.clone(),
        holidays: wanted.holidays.clone(),
    };
    let agreed = typed.read(case.zone(), case.now)?;
    let topics = clocks::proposed(&case, &agreed)?;
    let proposal = terms::proposal(&case, topics, None, None);
    confirm::sign(session, &desk, case, &Act::Propose(proposal)).map(drop)
}
