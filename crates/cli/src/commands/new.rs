//! `counterpart new`

mod first;
mod plan;

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    id::short_form,
    value::Sealable,
};
use counterpart_node::{Desk, now};
use counterpart_words::{opening, typed::is_title};
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
    /// What you are called in this case alone, as NAME:ROLE [default: your name and role, see `counterpart identity name`]
    #[arg(long = "as", value_name = "NAME:ROLE")]
    own: Option<String>,
    /// Your name: remembered, so that later cases need not ask
    #[arg(long, value_name = "NAME", conflicts_with = "own")]
    name: Option<String>,
    /// What you are in the case [default: as `counterpart identity name` says, else customer; of customers alone supplier]
    #[arg(long, value_name = "ROLE", conflicts_with = "own")]
    role: Option<String>,
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
    let own = args.own.as_deref().map(seat).transpose()?;
    let others = args.others.iter().map(|other| seat(other)).collect::<Done<Vec<_>>>()?;
    let role = args.role.as_deref().map(role_of).transpose()?;
    let about = args.about.as_deref().map(|a| typed("the description", a)).transpose()?;
    // Nothing is made before what was typed is understood.
    let name = args.name.as_deref().map(opening::own_name).transpose()?;
    let said = own.as_ref().and_then(|own| own.1).or(role);
    let unnamed = first::unnamed(roles(&others, said, None).0);
    let (desk, known) = first::desk(session, name, (own.is_none(), unnamed))?;
    let (role, roles) = roles(&others, said, desk.own_role()?);
    let label = own.map(|own| own.0).or(known).unwrap_or_else(|| first::unnamed(role).to_owned());
    let own = SeatOffer { role, label: Sealable::Open(label) };
    let others = others.into_iter().zip(roles);
    let others = others.map(|((label, _), role)| SeatOffer { role, label: Sealable::Open(label) }).collect();
    let label = render::sealable(&own.label);
    let open = desk.open_act(&title, own, others, &zone, about);
    // Nobody answers questions for a case that would not be opened.
    opening::check(&desk, &open, &[], now())?;
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
    opening::check(desk, open, &plan.acts, now())?;
    confirm::agree(session, &plan.in_full(open, (zone, now()), who, terminal.columns()))?;
    let signed = plan::sign(session, desk, open, (&chosen.template.name, &plan))?;
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

/// `Northlink Ltd:supplier`: a label, and a role behind the last colon, if it is said.
type Seat = (String, Option<Role>);

fn seat(text: &str) -> Done<Seat> {
    let (label, role) = match text.rsplit_once(':') {
        Some((label, word)) => (label, Some(role_of(word)?)),
        None => (text, None),
    };
    Ok((typed("the name", label.trim())?, role))
}

fn role_of(word: &str) -> Done<Role> {
    Role::from_word(&word.trim().to_lowercase()).ok_or_else(|| {
        CommandError::usage(format!("'{}' is not a role", render::line(word.trim())))
            .hint("write NAME:ROLE with customer, supplier, third, observer or arbiter")
    })
}

/// What we are and what each of the others is: as it was said, else as it fits what we usually are.
fn roles(others: &[Seat], said: Option<Role>, usual: Option<Role>) -> (Role, Vec<Role>) {
    let default = opening::others_role(said.or(usual));
    let others: Vec<Role> = others.iter().map(|(_, role)| role.unwrap_or(default)).collect();
    (said.unwrap_or_else(|| opening::own_role(&others, usual)), others)
}
