//! `counterpart steps`

mod show;

use clap::Subcommand;
use counterpart_core::{act::Act, value::ActionId};
use counterpart_node::Desk;
use counterpart_process::steps::{Length, MOST, Path, Ref, Start, Step, Taken, Want};
use serde_json::json;

use super::CaseArg;
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    session::{Session, typed},
    template::is_name,
    when,
};

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
        return terminal.json(&json!({
            "schema": "counterpart/steps/1",
            "case": case.id.to_hex(),
            "short": case.short(),
            "steps": dated.iter().map(|step| show::as_json(&case, step)).collect::<Vec<_>>(),
        }));
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
        let step = Step {
            id: self.name.clone().unwrap_or_default(),
            what: typed("the step", &self.what)?,
            from: start(case, &self.from)?,
            after: length(self.after.as_deref())?,
            within: length(self.within.as_deref())?,
            to: self.to.as_deref().map(|to| typed("whom it goes to", to)).transpose()?,
            wants: self
                .wants
                .iter()
                .map(|want| Ok(Want { what: typed("what they want", want)?, place: None, entries: Vec::new() }))
                .collect::<Done<_>>()?,
            taken: None,
        };
        if self.name.as_ref().is_some_and(|name| !is_name(name)) {
            let message = "a step's name is lower-case words of a to z and digits, with dashes between";
            return Err(CommandError::usage(message).hint("such as --name written-complaint"));
        }
        let mut called = String::new();
        desk.change_steps(&case.id, |path| {
            let mut step = step;
            if step.id.is_empty() {
                let free = (1..=MOST + 1).map(|n| format!("step-{n}")).find(|id| path.step(id).is_none());
                step.id = free.unwrap_or_default();
            }
            called.clone_from(&step.id);
            path.steps.push(step);
            Ok::<_, CommandError>(())
        })?;
        Ok(format!("Kept as {called}. It is in your own notes alone.\n"))
    }
}

impl TakenArgs {
    fn run(&self, desk: &Desk, case: &OpenCase) -> Done<String> {
        let at = match &self.on {
            Some(on) => when::past(on, case.zone(), case.now).map_err(|e| CommandError::usage(e.to_string()))?,
            None => case.now,
        };
        if at > case.now {
            return Err(CommandError::usage(format!("{} has not come yet", when::show(at, case.zone()))));
        }
        let by = self.entry.as_deref().map(|typed| Ok::<_, CommandError>(Ref(case.entry(typed)?.id))).transpose()?;
        self.step.change(desk, case, |step| {
            step.taken = Some(Taken { at, by });
            Ok(())
        })?;
        Ok(format!("Noted: {} was taken on {}.\n", self.step.name, when::show(at, case.zone())))
    }
}

impl Have {
    fn run(&self, desk: &Desk, case: &OpenCase) -> Done<String> {
        let entries = self.entries.iter().map(|typed| Ok(Ref(case.entry(typed)?.id))).collect::<Done<Vec<Ref>>>()?;
        self.step.change(desk, case, |step| {
            let count = step.wants.len();
            let want = self.number.checked_sub(1).and_then(|n| step.wants.get_mut(n)).ok_or_else(|| {
                CommandError::usage(format!(
                    "the step {} wants {count} things; there is no number {}",
                    step.id, self.number
                ))
            })?;
            for entry in entries {
                if !want.entries.contains(&entry) {
                    want.entries.push(entry);
                }
            }
            Ok(())
        })?;
        Ok("Noted.\n".to_owned())
    }
}

impl One {
    fn drop(&self, desk: &Desk, case: &OpenCase) -> Done<String> {
        desk.change_steps(&case.id, |path| {
            let known = path.steps.len();
            path.steps.retain(|step| step.id != self.name);
            if path.steps.len() == known { Err(self.unknown(case, path)) } else { Ok(()) }
        })?;
        Ok(format!("{} is off the list.\n", self.name))
    }

    fn change(&self, desk: &Desk, case: &OpenCase, change: impl FnOnce(&mut Step) -> Done) -> Done {
        desk.change_steps(&case.id, |path| match path.steps.iter_mut().find(|step| step.id == self.name) {
            Some(step) => change(step),
            None => Err(self.unknown(case, path)),
        })
    }

    fn unknown(&self, case: &OpenCase, path: &Path) -> CommandError {
        let names: Vec<&str> = path.steps.iter().map(|step| step.id.as_str()).collect();
        let error = CommandError::usage(format!("there is no step '{}' in this case", self.name));
        match names.is_empty() {
            true => error.hint(format!("none is kept; counterpart steps {} add adds one", case.short())),
            false => error.hint(format!("there are {}", names.join(", "))),
        }
    }
}

fn length(text: Option<&str>) -> Done<Option<Length>> {
    text.map(|text| text.parse::<Length>().map_err(|e| CommandError::usage(e.to_string()))).transpose()
}

/// What a step counts from, as it is typed.
fn start(case: &OpenCase, text: &str) -> Done<Start> {
    let words: Vec<&str> = text.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["case"] => Start::Opening,
        ["first", "contact"] => Start::FirstContact,
        ["last", "contact"] => Start::LastContact,
        ["entry", typed] => Start::Entry { entry: Ref(case.entry(typed)?.id) },
        ["due", typed] => due(case, typed)?,
        ["item", key] => Start::Item { key: (*key).to_owned() },
        ["step", id] => Start::Step { id: (*id).to_owned() },
        _ => {
            let at = when::absolute(&day(text), case.zone(), case.now).map_err(|e| {
                CommandError::usage(format!("'{text}' is nothing to count from: {e}")).hint(
                    "write case, \"first contact\", \"last contact\", \"due 3\", \"entry 7\", \"item sold-on\", \
                     \"step complaint\", or a day such as 2026-06-03",
                )
            })?;
            Start::Date { at: at.0 }
        }
    })
}

/// A day by itself begins when it begins, not when work does.
fn day(text: &str) -> String {
    let bare = text.len() == 10 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
    if bare { format!("{text} 00:00") } else { text.to_owned() }
}

fn due(case: &OpenCase, typed: &str) -> Done<Start> {
    let (key, status) = case.subject(typed)?;
    let counterpart_core::fold::SubjectKey::Action(ActionId { proposal, index }) = key else {
        return Err(CommandError::usage(format!("{typed} is not an action, so nothing of it is due")));
    };
    let terms = case.lens().terms(status.revision, &key).is_some_and(|terms| terms.due.is_some());
    if !terms && matches!(case.record.fold().act(status.revision), Act::Propose(_) | Act::Counter { .. }) {
        return Err(CommandError::usage(format!("{typed} has no due time"))
            .hint(format!("count from when it was asked: --from \"entry {typed}\"")));
    }
    Ok(Start::due_of(&ActionId { proposal, index }))
}
