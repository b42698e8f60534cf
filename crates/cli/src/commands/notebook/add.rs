//! `counterpart notebook add`

use clap::Subcommand;
use counterpart_node::now;
use counterpart_process::{
    menu,
    notebook::{Note, Number, Path, Person, Remark},
};

use super::{super::contact::waited, kept};
use crate::{
    error::{CommandError, Done},
    session::{Session, typed},
    when,
};

/// Write something into your notebook: a number, a way through a menu, a person, a note
///
/// What is there already is brought up to date.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A number to reach them by
    Number {
        #[command(flatten)]
        whom: Whom,
        /// The number
        number: String,
        /// What it is for, such as complaints
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
    },
    /// A way through their telephone menu
    Path {
        #[command(flatten)]
        whom: Whom,
        /// The steps in order: "2, 1, wait 40 s, say complaint, 4"
        steps: String,
        /// The number it begins at
        #[arg(long)]
        number: Option<String>,
        /// How long it took until somebody answered: minutes, or such as "90 s"
        #[arg(long, value_name = "LENGTH", value_parser = waited)]
        took: Option<u32>,
        /// When it last worked: "today 10:15", "2026-05-03"
        #[arg(long, value_name = "TIME")]
        worked: Option<String>,
    },
    /// Somebody there
    Person {
        #[command(flatten)]
        whom: Whom,
        /// Their name
        name: String,
        /// What they do there
        #[arg(long, value_name = "TEXT")]
        role: Option<String>,
        /// Their direct line
        #[arg(long, value_name = "NUMBER")]
        phone: Option<String>,
        /// Their e-mail address
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// When they can be reached, such as "Monday to Thursday 9 to 17"
        #[arg(long, value_name = "TEXT")]
        hours: Option<String>,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Anything else about them
    Note {
        #[command(flatten)]
        whom: Whom,
        /// What to remember
        text: String,
    },
}

#[derive(Debug, clap::Args)]
struct Whom {
    /// Whom it is about, as your cases name them, such as "Acme Ltd"
    #[arg(value_name = "WHOM")]
    whom: String,
}

pub(super) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let given = |what: &str, text: &Option<String>| text.as_deref().map(|text| typed(what, text)).transpose();
    let (whom, note) = match &args.what {
        What::Number { whom, number, label } => {
            let note = Number { number: typed("the number", number)?, label: given("the label", label)?, worked: None };
            (whom, Note::Number(note))
        }
        What::Path { whom, steps, number, took, worked } => {
            let read = menu::read(&typed("the way", steps)?).map_err(|e| CommandError::usage(e.to_string()))?;
            if read.is_empty() {
                return Err(CommandError::usage("the way has no steps").hint("\"2, 1, wait 40 s, say complaint, 4\""));
            }
            let (zone, now) = (when::system_zone(), now());
            let worked = worked.as_deref().map(|at| when::past(at, &zone, now)).transpose();
            let worked = worked.map_err(|e| CommandError::usage(e.to_string()))?;
            if worked.is_some_and(|at| at > now) {
                return Err(CommandError::usage("when it last worked is not to come").hint("--worked \"today 10:15\""));
            }
            let path = Path { number: given("the number", number)?, steps: read, took: *took, worked, times: 0 };
            (whom, Note::Path(path))
        }
        What::Person { whom, name, role, phone, email, hours, note } => {
            let person = Person {
                name: typed("the name", name)?,
                function: given("the role", role)?,
                phone: given("the direct line", phone)?,
                email: given("the e-mail address", email)?.map(address).transpose()?,
                hours: given("the hours", hours)?,
                note: given("the remark", note)?,
            };
            (whom, Note::Person(person))
        }
        What::Note { whom, text } => (whom, Note::Remark(Remark { text: typed("the note", text)?, shared: None })),
    };
    let of = typed("whom it is about", &whom.whom)?;
    let entry = desk.write_note(note, Some(&of), None, now())?;
    kept(session, &entry)
}

/// An address that mail can be sent to: one that cannot would only be found out when a reminder is to go there.
fn address(text: String) -> Done<String> {
    match counterpart_mail::Address::new(None, &text) {
        Ok(_) => Ok(text),
        Err(_) => Err(CommandError::usage(format!("'{text}' is no e-mail address"))
            .hint("write it alone, such as lucy@acme.example")),
    }
}
