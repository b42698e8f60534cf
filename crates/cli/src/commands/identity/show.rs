//! `counterpart identity show`

use counterpart_core::{
    id::short_form,
    keylog::{Dispute, RevokeReason},
};
use counterpart_node::{IdentityAlarm, IdentityReport, LogPlace, MainKey, now};
use serde_json::json;

use super::{event_json, event_line};
use crate::{
    commands::agent,
    error::Done,
    render::{indented, wrapped},
    session::Session,
    terminal::{Style, styled},
    when,
};

/// Show your identity: its main key, devices and agents, recovery sheet, and what is wrong with it, if anything
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// List every event of the key log, by position
    #[arg(long)]
    log: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let report = desk.identity_report()?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/identity/1",
            "party": report.party.to_hex(),
            "short": short_form(&report.party.0),
            "check_number": crate::render::check_number(&report.party),
            "since": report.since,
            "main_key": main_key_word(report.main_key),
            "locked": report.locked,
            "rotations": report.rotations,
            "recovery_sheet": {"made": report.sheet_made, "here": report.sheet_here},
            "agents": report.agents.iter().map(agent::list::as_json).collect::<Vec<_>>(),
            "log": report.log.iter().map(event_json).collect::<Vec<_>>(),
            "alarms": report.alarms.iter().map(|a| json!({"kind": alarm(a).0, "text": alarm(a).1})).collect::<Vec<_>>(),
        }));
    }
    let (zone, now, columns) = (when::system_zone(), now(), terminal.columns());
    let mut lines = vec![
        short_form(&report.party.0),
        wrapped("Identity        ", &report.party.to_hex(), 100),
        wrapped("Check number    ", &crate::render::check_number(&report.party), 100),
        wrapped("Since           ", &when::show_short(report.since, &zone, now), columns),
        wrapped("Main key        ", &main_key(&report, &zone, now), columns),
        wrapped("Recovery sheet  ", &sheet(&report, &zone, now), columns),
        wrapped("Keys at rest    ", keys_at_rest(&report), columns),
        "Devices and agents".to_owned(),
    ];
    let of = |a| indented(&agent::list::line_of(a, &zone, now, columns.saturating_sub(2)), "  ");
    lines.extend(report.agents.iter().map(of));
    if args.log {
        lines.push("Key log".to_owned());
        lines.extend(report.log.iter().map(|event| {
            let place = match event.place {
                LogPlace::Ours => "",
                LogPlace::Rival => " (on another branch)",
                LogPlace::TakenBack => " (taken back)",
            };
            format!("  {}{place}", event_line(&report.agents, event, &zone, now))
        }));
    }
    for alarm in report.alarms.iter().map(alarm) {
        lines.push(styled(Style::Bad, &wrapped("ALARM  ", &alarm.1, columns)));
    }
    terminal.data(&lines.join("\n"))?;
    if report.sheet_here.is_some() {
        terminal.say("Print the recovery sheet, then: counterpart identity sheet --delete");
    }
    Ok(())
}

fn main_key_word(main_key: MainKey) -> &'static str {
    match main_key {
        MainKey::Here => "here",
        MainKey::Elsewhere => "elsewhere",
        MainKey::Replaced => "replaced",
    }
}

fn main_key(report: &IdentityReport, zone: &str, now: i64) -> String {
    let place = match report.main_key {
        MainKey::Here => "in this home",
        MainKey::Elsewhere => "not in this home",
        MainKey::Replaced => "changed elsewhere; the one in this home is of no more use",
    };
    match report.rotations.last() {
        None => place.to_owned(),
        Some(last) => {
            let times = match report.rotations.len() {
                1 => "once".to_owned(),
                n => format!("{n} times"),
            };
            format!("{place}; changed {times}, last {}", when::show_short(*last, zone, now))
        }
    }
}

fn sheet(report: &IdentityReport, zone: &str, now: i64) -> String {
    let made = when::show_short(report.sheet_made, zone, now);
    match &report.sheet_here {
        Some(path) => format!("made {made}; it still lies in {}", path.display()),
        None => format!("made {made}; not in this home, as it should be"),
    }
}

fn keys_at_rest(report: &IdentityReport) -> &'static str {
    if report.locked {
        "under a passphrase"
    } else {
        "open to whoever can read this folder; `counterpart identity passphrase` puts them under one"
    }
}

/// A word for programs, and what it is and what to do.
fn alarm(alarm: &IdentityAlarm) -> (&'static str, String) {
    match alarm {
        IdentityAlarm::Disputed(Dispute { position, for_good: false }) => (
            "disputed",
            format!(
                "your key log has two branches from position {position} on, and nothing decides between them: two of your \
                 machines wrote to it without knowing of each other, or somebody else has your main key. Until it is \
                 decided, what devices on one branch only agree to waits for your `ratify`. With the recovery sheet: \
                 `counterpart identity rotate SHEET`, on one machine. Without it: `counterpart identity mend` grants on \
                 this branch what stands on the other"
            ),
        ),
        IdentityAlarm::Disputed(Dispute { position, for_good: true }) => (
            "disputed-for-good",
            format!(
                "two different main keys followed each other at position {position}: one recovery sheet was used twice, by \
                 you or by somebody else. That cannot be decided any more; begin a new identity, and have your open cases \
                 admit it"
            ),
        ),
        IdentityAlarm::Ended(reason) => (
            "ended",
            format!(
                "the rights of this machine's device were ended ({}). What it signs from now on counts nowhere. If that was \
                 not you: `counterpart identity rotate SHEET --undo-from POSITION`, with the position that \
                 `counterpart identity show --log` names",
                match reason {
                    RevokeReason::Ended => "ended",
                    RevokeReason::Compromised => "key in wrong hands",
                }
            ),
        ),
        IdentityAlarm::TakenBack => (
            "taken-back",
            "a change of the main key took back what this machine's device was granted. Whoever changed it can add it again: \
             `counterpart identity renew-device --ask` here"
                .to_owned(),
        ),
        IdentityAlarm::UsedElsewhere => ("used-elsewhere", counterpart_node::DeskError::UsedElsewhere.to_string()),
    }
}
