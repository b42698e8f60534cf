//! `counterpart reminders allow`

use counterpart_core::id::short_form;
use counterpart_node::{CaseOutlook, Channel, now};
use counterpart_process::schedule::Quiet;
use serde_json::json;

use super::send::way;
use crate::{
    confirm,
    error::{CommandError, Done},
    render::line,
    session::Session,
};

/// Let reminders and thanks of a case go out by themselves while `counterpart up` runs
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case
    #[arg(value_name = "CASE")]
    case: String,
    /// How: email, node (to their node), or notice (on your own screen, when something is due)
    #[arg(long, value_name = "WAY")]
    by: String,
    /// End it: from now on each letter waits for your yes again
    #[arg(long)]
    revoke: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    let by = way(&args.by)?;
    if by == Channel::Draft {
        return Err(CommandError::usage("a draft is sent by you, so there is nothing to allow")
            .hint("write --by email, node or notice"));
    }
    let case = desk.resolve(&args.case)?;
    let answer = |allowed: bool| json!({"schema": "counterpart/letters-allowed/1", "case": case.to_hex(), "by": by.as_str(), "allowed": allowed});
    if args.revoke {
        let was = desk.revoke_letters(&case, by)?;
        if terminal.json {
            return terminal.json(&answer(false));
        }
        terminal.say(if was {
            "Ended: each letter waits for your yes again."
        } else {
            "There was no such consent; each letter waits for your yes."
        });
        return Ok(());
    }
    let outlook = desk.reminders(&case, now())?;
    let text = in_full(&outlook, by);
    confirm::ask_first(session, &text, "Allow this?", "allowed")?;
    desk.allow_letters(&case, by, &text, now())?;
    if terminal.json {
        return terminal.json(&answer(true));
    }
    terminal.say(&format!(
        "Allowed. What is due goes out while `counterpart up` runs; see: counterpart reminders {}",
        short_form(&case.0)
    ));
    if by == Channel::Email && desk.mail_settings()?.is_none_or(|settings| settings.send.is_none()) {
        terminal.say("No mail server is set up yet, so until then each letter waits: counterpart mail set");
    }
    Ok(())
}

/// What is allowed, all of it.
fn in_full(outlook: &CaseOutlook, by: Channel) -> String {
    let short = short_form(&outlook.case.0);
    let title = line(&outlook.title);
    if by == Channel::Notice {
        return format!(
            "In case {short} ({title}), from now on, while `counterpart up` runs:\n\n  a notice on your own screen when a \
             letter is due or a rule is for you. It goes to nobody else.\n\nEnd it: counterpart reminders allow {short} --by \
             notice --revoke"
        );
    }
    let to = match by {
        Channel::Node => "to their node, as signed acts in the case".to_owned(),
        _ if outlook.addresses.is_empty() => {
            "by e-mail to whoever of the other side has an address in the case or in your notebook by then; none is known yet"
                .to_owned()
        }
        _ => {
            let known: Vec<String> = outlook.addresses.iter().map(|to| line(&to.to_string())).collect();
            format!(
                "by e-mail to the person who made the promise, where their address is known, else to those known by then; \
                 now: {}",
                known.join(", ")
            )
        }
    };
    let quiet = if outlook.calendar.quiet == Quiet::NONE {
        String::new()
    } else {
        format!(", not between {}", outlook.calendar.quiet.to_string().replace('-', " and "))
    };
    format!(
        "In case {short} ({title}), from now on and without asking you about each, while `counterpart up` runs:\n\n  - \
         reminders of what the other side promised, by the rules of the case (counterpart reminders {short})\n  - thanks to \
         people who helped, once for each thing done\n\nThey go {to}.\nThe words are those of your letters (counterpart \
         letters list), filled with what was promised, when, by whom.\nNot on Sundays and public holidays{quiet}.\nEach is \
         signed in your name and stands in the case.\n\nEnd it: counterpart reminders allow {short} --by {} --revoke",
        by.as_str()
    )
}
