//! `counterpart handover`

use counterpart_node::now;
use counterpart_words::acts;

use super::CaseArg;
use crate::{
    case::OpenCase,
    confirm as signing,
    error::Done,
    render::{self, Details},
    session::Session,
};

/// Hand a case over to somebody else on your side, with a summary so that nobody has to be told again
///
/// Without --summary one page is written from the case: state, whose move, what is agreed, promises, people, the last
/// contacts. It is shown before you sign; everybody in the case will read it. Names and numbers that can be erased are
/// not copied into it: it names the entries that hold them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Who is responsible from now on
    #[arg(long, value_name = "NAME", required_unless_present = "show")]
    person: Option<String>,
    /// The device they sign with: its name here, or its short form [default: this one]
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
    /// What they need to know, in your words
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// Only print the page, with all names and numbers; sign nothing
    #[arg(long, conflicts_with_all = ["person", "device", "summary"])]
    show: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    if args.show {
        let case = OpenCase::open(&session.desk()?, &args.case.case)?;
        let page = render::handover(&case, Details::Open);
        if session.terminal.json {
            return session.terminal.json(&serde_json::json!({
                "schema": "counterpart/handover/1",
                "case": case.id.to_hex(),
                "summary": page,
            }));
        }
        return session.terminal.data(&page);
    }
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let (person, device) = (args.person.as_deref(), args.device.as_deref());
    let made = acts::handover(&desk, &case, person, device, args.summary.as_deref())?;
    let id = case.id;
    signing::sign(session, &desk, case, &made)?;
    // Signed is signed: whoever is responsible by the record has the case in our own lists as well.
    if let Some(Err(error)) = person.map(|person| desk.assign(&id, Some(person), now())) {
        session.terminal.always(&format!("who has the case was not noted in your lists: {error}"));
    }
    Ok(())
}
