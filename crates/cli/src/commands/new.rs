//! `counterpart new`

use counterpart_core::{
    act::{Role, SeatOffer},
    id::short_form,
    value::Sealable,
};
use counterpart_node::{Desk, now};
use serde_json::json;

use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    render::{self, Speech},
    session::{Session, typed},
    when,
};

/// Open a case: a matter between you and somebody else
///
/// The other side need not be there: you can note what was said and what was promised from the first minute, and
/// invite them later.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What the case is about, in a few words; everybody in it reads this
    title: String,
    /// Somebody else in the case, as NAME:ROLE; roles are customer, supplier, third, observer, arbiter. Repeat for more
    #[arg(long = "with", value_name = "NAME:ROLE", required = true)]
    others: Vec<String>,
    /// What you are called in the case, as NAME:ROLE
    #[arg(long = "as", value_name = "NAME:ROLE", default_value = "Customer:customer")]
    own: String,
    /// The time zone that times in the case are in, such as Europe/London [default: this machine's]
    #[arg(long)]
    zone: Option<String>,
    /// A longer description
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let zone = args.zone.clone().unwrap_or_else(when::system_zone);
    when::zone(&zone).map_err(|e| CommandError::usage(e.to_string()))?;
    let title = typed("the title", &args.title)?;
    if title.contains('\n') || title.len() > 200 {
        return Err(
            CommandError::usage("the title is one line of at most 200 bytes").hint("say the rest with --about TEXT")
        );
    }
    let own = offer(&args.own, Role::Customer)?;
    let others = args.others.iter().map(|o| offer(o, Role::Supplier)).collect::<Done<Vec<_>>>()?;
    let label = render::sealable(&own.label);
    let about = args.about.as_deref().map(|a| typed("the description", a)).transpose()?;
    let open = Desk::open_act(&title, own, others, &zone, about);
    confirm::agree(session, &render::in_full(&Speech::before_case(&zone, now()), &label, &open))?;
    let case = desk.new_case(&open, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/new/1",
            "case": case.to_hex(),
            "short": short_form(&case.0),
        }));
    }
    let short = short_form(&case.0);
    terminal.data(&short)?;
    terminal.say(&format!("Case {short} is open: {}.", render::line(&title)));
    let case = OpenCase::open(&desk, &short)?;
    for line in render::delivery(&case) {
        terminal.say(&line);
    }
    terminal.say(&format!("Next: counterpart call {short} ..., counterpart propose {short} \"What they are to do\""));
    Ok(())
}

/// `Northlink Ltd:supplier`: a label, and a role behind the last colon.
fn offer(text: &str, default: Role) -> Done<SeatOffer> {
    let (label, role) = match text.rsplit_once(':') {
        Some((label, word)) => match Role::from_word(&word.trim().to_lowercase()) {
            Some(role) => (label, role),
            None => {
                return Err(CommandError::usage(format!("'{}' is not a role", word.trim()))
                    .hint("write NAME:ROLE with customer, supplier, third, observer or arbiter"));
            }
        },
        None => (text, default),
    };
    Ok(SeatOffer { role, label: Sealable::Open(typed("the name", label.trim())?) })
}
