//! `counterpart doctor`

use counterpart_core::id::short_form;
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
            "attachments": report.attachments,
            "stamps": report.stamps,
            "waiting_for_stamps": report.waiting.iter().map(waiting).collect::<Vec<_>>(),
            "faults": report.faults,
        }))?;
    } else {
        let stamps = match report.stamps {
            0 => String::new(),
            1 => ", 1 time stamp".to_owned(),
            n => format!(", {n} time stamps"),
        };
        terminal.data(&format!(
            "checked {} cases, {} entries, {} key events, {} receipts, {} attached files{stamps}",
            report.cases, report.entries, report.key_events, report.receipts, report.attachments
        ))?;
        for wanted in &report.waiting {
            let why = wanted.trouble.as_ref().map(|why| format!(": {}", render::line(why))).unwrap_or_default();
            let case = short_form(&wanted.case.0);
            terminal.data(&format!("case {case} waits for a time stamp; `counterpart up` asks again{why}"))?;
        }
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

fn waiting(wanted: &counterpart_store::WantedStamp) -> serde_json::Value {
    let (case, entry) = (wanted.case.to_hex(), wanted.entry.to_hex());
    json!({"case": case, "entry": entry, "since": wanted.since, "trouble": wanted.trouble})
}
