//! `counterpart invite`

use std::slice;

use counterpart_core::{act::Act, value::Sealable};
use counterpart_node::now;
use counterpart_words::inviting::{addresses_to_give, agreement_lacks, seat_to_give};
use serde_json::json;

use super::CaseArg;
use crate::{
    case::OpenCase,
    confirm,
    error::Done,
    possible::refused,
    session::{Session, typed},
    when,
};

/// Make an invitation to a case: a link to send to the other side
///
/// Whoever holds the link can take the seat, once. Send it in a way that reaches only them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The seat it is for, by number, name or role [default: the one that is free]
    #[arg(long)]
    seat: Option<String>,
    /// For how many days it holds
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=365))]
    days: u16,
    /// Where your node can be reached, such as /ip4/203.0.113.7/tcp/4001; repeat for more [default: your home's own port]
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<String>,
    /// A remark for your own list of invitations; everybody in the case will read it
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let seat = seat_to_give(&case, args.seat.as_deref()).map_err(|why| match (&args.seat, &why.hint) {
        (None, Some(free)) => {
            let hint = format!("name one with --seat: {free}");
            why.hint(hint)
        }
        _ => why,
    })?;
    let label = args.label.as_deref().map(|l| typed("the label", l)).transpose()?;
    let expires = case.now + i64::from(args.days) * 24 * 3_600_000;
    let addresses = addresses_to_give(&desk, args.address.clone())?;
    // The key is drawn when it is signed; everything else is judged before that.
    let open_label = label.clone().map(Sealable::Open);
    let act = Act::Invite { key: *desk.author().device.as_bytes(), seat, expires, label: open_label };
    desk.preview(&case.record, &act, case.now).map_err(|e| refused(&case, &act, e))?;
    confirm::agree(session, &confirm::text(&case, slice::from_ref(&act)))?;
    let link = desk.invite(&case.id, seat, label, expires, addresses, now());
    let link = link.map_err(|e| refused(&case, &act, e))?;
    let text = link.to_text();
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/invite/1",
            "case": case.id.to_hex(),
            "entry": link.invite.to_hex(),
            "ref": case_after(&desk, &case)?.entry_name(&link.invite),
            "expires": expires,
            "link": text,
        }));
    }
    terminal.data(&text)?;
    let who = case.seat_label(&seat);
    terminal.say(&format!(
        "Send this link to {who}, and to nobody else: whoever opens it first takes the seat. It holds until {}.",
        when::show(expires, case.zone())
    ));
    if agreement_lacks(&case, &seat) {
        terminal.say(&format!(
            "They are let in only once everybody here has agreed to it: counterpart propose {} --admit {seat}",
            case.short()
        ));
    }
    terminal.say(&format!("They reach your node, while `counterpart up` runs, at {}.", link.addresses.join(" or ")));
    Ok(())
}

fn case_after(desk: &counterpart_node::Desk, case: &OpenCase) -> Done<OpenCase> {
    OpenCase::of_record(case.id, desk.record(&case.id)?, case.own, case.now)
}
