//! `counterpart contact`, and what `counterpart call` shares with it.

mod before;
mod noted;
mod promised;
mod questions;
mod said;

pub(super) use said::{Said, waited};

use clap::ValueEnum;
use counterpart_core::id::short_form;
use counterpart_node::{Desk, now};
use counterpart_process::call::{Draft, Way};
use counterpart_words::contact::told;

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render,
    session::Session,
    when,
};

/// Note that you were in contact: when, with whom, what was said, what was promised by when
///
/// `counterpart call` is the same for the telephone. Without the text of what was said, short questions are asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How: telephone, letter, e-mail, visit, chat or other
    #[arg(long, value_enum)]
    channel: Channel,
    #[command(flatten)]
    said: Said,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Channel {
    #[value(alias = "call", alias = "phone")]
    Telephone,
    /// A letter
    #[value(alias = "letter", alias = "post")]
    Mail,
    #[value(name = "e-mail", alias = "email")]
    Email,
    Visit,
    Chat,
    Other,
}

impl Channel {
    const ALL: [Self; 6] = [Self::Telephone, Self::Mail, Self::Email, Self::Visit, Self::Chat, Self::Other];

    /// The word of the record.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Telephone => "telephone",
            Self::Mail => "mail",
            Self::Email => "e-mail",
            Self::Visit => "visit",
            Self::Chat => "chat",
            Self::Other => "other",
        }
    }

    /// What people call one such contact.
    fn noun(self) -> &'static str {
        match self {
            Self::Telephone => "call",
            Self::Mail => "letter",
            Self::Email => "e-mail",
            Self::Visit => "visit",
            Self::Chat => "chat",
            Self::Other => "contact",
        }
    }
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    note(session, args.channel, &args.said)
}

/// Notes a contact by any channel: from options, or by questions.
pub(super) fn note(session: &Session, channel: Channel, said: &Said) -> Done {
    let desk = session.desk()?;
    let (typed, summary) = said.case_and_summary();
    let typed = match typed {
        Some(typed) => typed.to_owned(),
        None => which(session, &desk)?,
    };
    let case = OpenCase::open(&desk, &typed)?;
    let given = said.draft(channel.as_str(), summary)?;
    if given.summary.is_some() {
        return noted::sign(session, &desk, case, &given, false);
    }
    let terminal = session.terminal;
    for line in before::about(&desk, &case, terminal.columns())? {
        terminal.say(&line);
    }
    if !terminal.can_ask() || terminal.json {
        return Err(CommandError::usage("say what was said").hint(format!(
            "counterpart {} {} \"What was said\"",
            command(channel),
            case.short()
        )));
    }
    // An error in what was given is told before anything is asked.
    noted::check(&case, &given)?;
    let mut draft = resumed(session, &desk, &case, given)?;
    questions::ask(session, &desk, &case, &mut draft)?;
    noted::sign(session, &desk, case, &draft, true)
}

fn command(channel: Channel) -> String {
    match channel {
        Channel::Telephone => "call".to_owned(),
        other => format!("contact --channel {}", other.as_str()),
    }
}

fn way(draft: &Draft) -> Way {
    match (draft.channel.as_str(), draft.incoming) {
        ("telephone", false) => Way::CallOut,
        ("telephone", true) => Way::CallIn,
        ("chat", _) => Way::Chat,
        _ => Way::Other,
    }
}

/// What a draft is of: "call", "letter".
fn noun(draft: &Draft) -> &'static str {
    let of = Channel::ALL.into_iter().find(|c| c.as_str() == draft.channel);
    of.unwrap_or(Channel::Other).noun()
}

/// The case meant where none was named: the only one, or the one chosen.
fn which(session: &Session, desk: &Desk) -> Done<String> {
    let cases = desk.summaries()?;
    let none = || {
        CommandError::usage("you have no case yet to note it in")
            .hint("counterpart new \"What it is about\" --with \"Acme Ltd\"")
    };
    match cases.as_slice() {
        [] => Err(none()),
        [one] => Ok(one.case.to_hex()),
        several if session.terminal.can_ask() && !session.terminal.json => {
            for (number, one) in several.iter().enumerate() {
                session.terminal.always(&format!(
                    "  {}  {}  {}",
                    number + 1,
                    short_form(&one.case.0),
                    render::line(&one.title)
                ));
            }
            loop {
                let Some(answer) = session.terminal.ask_or_end("Which case? [1]")? else {
                    return Err(CommandError::failed("nothing was noted"));
                };
                let number = if answer.is_empty() { Ok(1) } else { answer.parse::<usize>() };
                let chosen = number.ok().and_then(|n| several.get(n.checked_sub(1)?));
                if let Some(chosen) = chosen {
                    return Ok(chosen.case.to_hex());
                }
                if let Ok(case) = desk.resolve(&answer) {
                    return Ok(case.to_hex());
                }
                session.terminal.always(&format!("Write a number from 1 to {}, or a case's name.", several.len()));
            }
        }
        several => Err(CommandError::usage(format!("you have {} cases: say which", several.len()))
            .hint("`counterpart list` shows them")),
    }
}

/// Goes on with what was answered before, where that was broken off; what is given now counts.
fn resumed(session: &Session, desk: &Desk, case: &OpenCase, given: Draft) -> Done<Draft> {
    let terminal = session.terminal;
    let Some(kept) = desk.draft_of(&case.id)?.filter(Draft::says_anything) else { return Ok(given) };
    terminal.always(&format!("You began to note a {} on {}:", noun(&kept), when::show(kept.begun, case.zone())));
    for (label, text) in told(case, &kept) {
        terminal.always(&format!("  {label:<12} {}", render::line(&text)));
    }
    let answer = terminal.ask_or_end("Go on with it? [Y/n, n throws it away]")?;
    match answer.as_deref().map(str::to_lowercase).as_deref() {
        None => Err(CommandError::failed("nothing was noted; what you had answered is kept")),
        Some("n" | "no") => {
            desk.drop_draft(&case.id)?;
            Ok(Draft { begun: now(), ..given })
        }
        Some(_) => Ok(said::over(kept, given)),
    }
}
