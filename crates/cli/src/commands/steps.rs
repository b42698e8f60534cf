//! `counterpart steps`

mod show;

use clap::Subcommand;
use counterpart_node::Desk;
use counterpart_words::steps::{
    self,
    changes::{self, StepTyped},
};

use super::CaseArg;
use crate::{case::OpenCase, error::Done, session::Session, when};

/// What you can do next where the other side stays silent, from when, and until when
///
/// Each step counts from something in the case, or from a day you name; it is said how far that is proven. A case opened
/// from a template brings its steps. They are yours alone: nothing of them is signed or sent. They are no advice: check
/// the rules where you live.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    #[command(subcommand)]
    change: Option<Change>,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Add a step of your own
    Add(Add),
    /// Note that you took a step
    Taken(TakenArgs),
    /// Say which entries show what somebody wants to see
    Have(Have),
    /// Take a step off the list
    Drop(One),
}

#[derive(Debug, clap::Args)]
struct Add {
    /// What you can do then
    what: String,
    /// What it counts from: case (its opening), "first contact", "last contact", "due 3" (the due time of action #3),
    /// "entry 7", "item sold-on", "step complaint", or a day such as 2026-06-03
    #[arg(long, value_name = "START")]
    from: String,
    /// How long after that it can be done, such as "8 weeks" [default: at once]
    #[arg(long, value_name = "LENGTH")]
    after: Option<String>,
    /// How long it can be done from then on, such as "6 months" [default: without end]
    #[arg(long, value_name = "LENGTH")]
    within: Option<String>,
    /// Whom it goes to
    #[arg(long, value_name = "TEXT")]
    to: Option<String>,
    /// Something they want to see; repeat for more
    #[arg(long, value_name = "TEXT")]
    wants: Vec<String>,
    /// What you call it: lower-case words with dashes [default: step-1, step-2 ...]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, clap::Args)]
struct TakenArgs {
    #[command(flatten)]
    step: One,
    /// When, such as "today 10:15" or 2026-06-03 [default: now]
    #[arg(long, value_name = "TIME")]
    on: Option<String>,
    /// The entry that shows it, by number: then its proof counts for what follows
    #[arg(long, value_name = "REF")]
    entry: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Have {
    #[command(flatten)]
    step: One,
    /// Which of the things wanted, by its number in the list
    number: usize,
    /// The entries that show it, by number
    #[arg(value_name = "REF", required = true)]
    entries: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The step, by its name
    #[arg(value_name = "STEP")]
    name: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let said = match &args.change {
        None => None,
        Some(Change::Add(add)) => Some(add.run(&desk, &case)?),
        Some(Change::Taken(taken)) => Some(taken.run(&desk, &case)?),
        Some(Change::Have(have)) => Some(have.run(&desk, &case)?),
        Some(Change::Drop(one)) => Some(one.drop(&desk, &case)?),
    };
    let dated = desk.dated_steps(&case.record, case.view(), case.now)?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&steps::json(&case, &dated));
    }
    if let Some(said) = said {
        terminal.say(&said);
        if session.terminal.quiet {
            return Ok(());
        }
    }
    if dated.is_empty() {
        terminal.say(&format!(
            "No steps are kept for this case. Add one: counterpart steps {} add \"Complain in writing\" --from \"first \
             contact\" --after \"2 weeks\"",
            case.short()
        ));
        return Ok(());
    }
    terminal.data(&show::in_words(&case, &dated, terminal.columns()))
}

impl Add {
    fn run(&self, desk: &Desk, case: &OpenCase) -> Done<String> {
        let step = StepTyped {
            what: self.what.clone(),
            from: self.from.clone(),
            after: self.after.clone(),
            within: self.within.clone(),
            to: self.to.clone(),
            wants: self.wants.clone(),
            name: self.name.clone(),
        };
        let called = changes::add(desk, case, &step)?;
        Ok(format!("Kept as {called}. It is in your own notes alone.\n"))
    }
}

impl TakenArgs {
    fn run(&self, desk: &Desk, case: &OpenCase) -> Done<String> {
        let name = &self.step.name;
        let at = changes::taken(desk, case, name, self.on.as_deref(), self.entry.as_deref())?;
        Ok(format!("Noted: {name} was taken on {}.\n", when::show(at, case.zone())))
    }
}

impl Have {
    fn run(&self, desk: &Desk, case: &OpenCase) -> Done<String> {
        changes::shows_too(desk, case, &self.step.name, self.number, &self.entries)?;
        Ok("Noted.\n".to_owned())
    }
}

impl One {
    fn drop(&self, desk: &Desk, case: &OpenCase) -> Done<String> {
        changes::remove(desk, case, &self.name)?;
        Ok(format!("{} is off the list.\n", self.name))
    }
}
