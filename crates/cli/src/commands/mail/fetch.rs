//! `counterpart mail fetch`

use counterpart_node::{Collected, now};
use serde_json::json;

use super::failed;
use crate::{
    commands::import::{Sorted, take_waiting},
    error::Done,
    render,
    session::Session,
};

/// Look for answers in your mailbox, and take them into their cases
///
/// Of INBOX only what answers a mail of a case, bears a case's tag such as [K7F2-Q9XA-3] or comes from an address in your
/// notebook is read. The first look begins with what comes from then on; --days looks back. Nothing in the mailbox is marked,
/// moved or deleted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Look once only, even if more waits than is looked at in one go (500 mails)
    #[arg(long)]
    once: bool,
    /// Look so many days back, whatever was looked at before
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=3650))]
    days: Option<u32>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    let mut all = Collected::default();
    let mut days = args.days;
    loop {
        let some = desk.fetch_mail(days.take(), now()).map_err(failed)?;
        (all.seen, all.kept, all.known) = (all.seen + some.seen, all.kept + some.kept, all.known + some.known);
        all.skipped.extend(some.skipped);
        (all.more, all.broken) = (some.more, some.broken);
        (all.first, all.anew) = (all.first || some.first, all.anew || some.anew);
        if !all.more || all.broken.is_some() || args.once {
            break;
        }
    }
    let sorted = take_waiting(session, &desk)?;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/mail-fetch/1",
            "seen": all.seen,
            "new": all.kept,
            "known": all.known,
            "more": all.more,
            "first": all.first,
            "trouble": all.broken,
            "skipped": all.skipped.iter().map(|s| json!({"uid": s.uid, "subject": s.subject, "why": s.why})).collect::<Vec<_>>(),
            "mails": sorted.iter().map(Sorted::as_json).collect::<Vec<_>>(),
        }));
    }
    for skipped in &all.skipped {
        terminal.always(&format!("Left in the mailbox: \"{}\": {}", render::line(&skipped.subject), skipped.why));
    }
    if let Some(why) = &all.broken {
        terminal.always(&format!(
            "{}. What came until then is here; the rest comes with the next look.",
            render::line(why)
        ));
    }
    if all.first && all.kept == 0 {
        terminal.say("From now on: this first look remembers where your mailbox ends. With --days 30 it looks back.");
    }
    let waiting = sorted.iter().filter(|sorted| sorted.waits()).count();
    terminal.say(&match (all.seen, all.kept) {
        (0, _) => "No new mail.".to_owned(),
        (seen, kept) => format!("{seen} new in the mailbox, {kept} of them for your cases."),
    });
    if waiting > 0 {
        terminal.say(&format!("{waiting} wait for you to say what they are: counterpart import --unmatched"));
    }
    Ok(())
}
