//! `counterpart new`

mod first;
mod plan;

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    id::short_form,
    value::Sealable,
};
use counterpart_node::{Desk, now};
use counterpart_words::typed::is_title;
use serde_json::json;

use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    item_value::{Here, no_files},
    render::{self, Speech},
    session::{Session, typed},
    template::{self, Plan},
    when,
};

/// Open a case: a matter between you and somebody else
///
/// The other side need not be there: you can note what was said and what was promised from the first minute, and
/// invite them later. If you have no identity yet, it is made on the way.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What the case is about, in a few words; everybody in it reads this [default with --from: the template's title]
    #[arg(required_unless_present = "from")]
    title: Option<String>,
    /// Somebody else in the case, as NAME:ROLE; roles are customer, supplier, third, observer, arbiter. Repeat for more
    #[arg(long = "with", value_name = "NAME:ROLE", required = true)]
    others: Vec<String>,
    /// What you are called in the case, as NAME:ROLE [default: your name, as customer]
    #[arg(long = "as", value_name = "NAME:ROLE")]
    own: Option<String>,
    /// Your name: remembered, so that later cases need not ask
    #[arg(long, value_name = "NAME", conflicts_with = "own")]
    name: Option<String>,
    /// The time zone that times in the case are in, such as Europe/London [default: this machine's]
    #[arg(long)]
    zone: Option<String>,
    /// A longer description
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
    /// Begin with a template: it asks for facts and proposes what usually helps (`counterpart template list`)
    #[arg(long, value_name = "TEMPLATE")]
    from: Option<String>,
    /// An answer to the template's questions, such as price=£24.99; repeat for more
    #[arg(long, value_name = "KEY=VALUE", requires = "from")]
    set: Vec<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let zone = args.zone.clone().unwrap_or_else(when::system_zone);
    when::zone(&zone).map_err(|e| CommandError::usage(e.to_string()))?;
    let chosen = args.from.as_deref().map(|from| chosen(session, from)).transpose()?;
    let title = match (&args.title, &chosen) {
        (Some(title), _) => typed("the title", title)?,
        (None, Some(chosen)) => typed("the title", &chosen.template.title)?,
        (None, None) => return Err(CommandError::usage("say what the case is about")),
    };
    if !is_title(&title) {
        return Err(
            CommandError::usage("the title is one line of at most 200 bytes").hint("say the rest with --about TEXT")
        );
    }
    let own = args.own.as_deref().map(|own| offer(own, Role::Customer)).transpose()?;
    let others = args.others.iter().map(|o| offer(o, Role::Supplier)).collect::<Done<Vec<_>>>()?;
    let about = args.about.as_deref().map(|a| typed("the description", a)).transpose()?;
    // Nothing is made before what was typed is understood.
    let name = args.name.as_deref().map(|name| typed("your name", name.trim())).transpose()?;
    let (desk, known) = first::desk(session, name, own.is_none())?;
    let own = own.unwrap_or_else(|| SeatOffer {
        role: Role::Customer,
        label: Sealable::Open(known.unwrap_or_else(|| first::UNNAMED.to_owned())),
    });
    let label = render::sealable(&own.label);
    let open = desk.open_act(&title, own, others, &zone, about);
    if let Some(chosen) = chosen {
        return from_template(session, &desk, &chosen, &open, (&zone, &label), &args.set);
    }
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
    terminal.say(&format!(
        "Next: counterpart call {short} (notes a call by short questions), counterpart propose {short} \"What they are to do\""
    ));
    Ok(())
}

fn chosen(session: &Session, from: &str) -> Done<plan::Chosen> {
    let found = template::find(&session.home()?, from)?;
    let template = found.template(session.terminal.columns())?;
    Ok(plan::Chosen { found, template })
}

/// Opens the case and signs what the template comes to: every text shown first, one question for all.
fn from_template(
    session: &Session,
    desk: &Desk,
    chosen: &plan::Chosen,
    open: &Act,
    (zone, who): (&str, &str),
    set: &[String],
) -> Done {
    let terminal = session.terminal;
    let (here, seats) = (Here { zone, now: now(), file: no_files }, template::seats(open));
    let answers = plan::answers(session, chosen, set, here)?;
    let plan = Plan::new(&chosen.template, &answers, seats, here)?;
    confirm::agree(session, &plan.in_full(open, (zone, now()), who, terminal.columns()))?;
    let signed = plan::sign(session, desk, open, &plan)?;
    // Only lists of one's own are asked for it; the case does not rest on it.
    if let Err(error) = desk.keep_template(&signed.case.id, &chosen.template.name) {
        terminal.always(&format!("that the case was begun by this template was not noted: {error}"));
    }
    if terminal.json {
        return terminal.json(&plan::as_json(chosen, &plan, &signed));
    }
    for line in render::delivery(&signed.case) {
        terminal.say(&line);
    }
    if !plan.reminders.is_empty() {
        terminal.say(&format!("\n{}\n", plan::reminders(&plan.reminders, terminal.columns())));
    }
    terminal.say(&format!("Next: counterpart show {}", signed.case.short()));
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
