//! `counterpart doctor`

use serde_json::json;

use crate::{
    error::{CommandError, Done, Kind},
    progress::Progress,
    render,
    session::Session,
};

/// Check that nothing stored here is damaged: the files, and every signature and rule again
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(session: &Session, _args: &Args) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    let progress = Progress::new(terminal, "checking");
    let report = desk.doctor(&mut |done, all| progress.at(done, all))?;
    drop(progress);
    if terminal.json {
        terminal.json(&json!({
            "schema": "counterpart/doctor/1",
            "sound": report.faults.is_empty(),
            "cases": report.cases,
            "entries": report.entries,
            "key_events": report.key_events,
            "receipts": report.receipts,
            "faults": report.faults,
        }))?;
    } else {
        terminal.data(&format!(
            "checked {} cases, {} entries, {} key events, {} receipts",
            report.cases, report.entries, report.key_events, report.receipts
        ))?;
        for fault in &report.faults {
            terminal.data(&format!("fault: {}", render::line(fault)))?;
        }
        if report.faults.is_empty() {
            terminal.data("all is well")?;
        }
    }
    if report.faults.is_empty() {
        return Ok(());
    }
    let damaged = CommandError::of(Kind::Verification, format!("{} faults were found", report.faults.len()));
    Err(damaged.hint("keep a copy of the folder as it is; the other side's copy has the same entries, so the case can be fetched again"))
}
