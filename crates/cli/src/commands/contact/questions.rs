//! Short questions at a terminal. Every answer is kept before the next question.

use counterpart_node::{Desk, now};
use counterpart_process::{
    call::{Draft, Question},
    menu,
    notebook::{Before, Note, Person},
};
use counterpart_words::contact::{steps, waited};

use super::{noted, noun, way};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render,
    session::{Session, typed},
    terminal::{Style, styled},
    when,
};

/// What stands for "nothing" where Enter means what is known.
const NONE: &str = "-";
/// What stands for the way that is shown.
const SAME: &str = "=";

/// What is known of the other side, to be offered as answers.
struct Known {
    before: Before,
}

impl Known {
    fn number(&self) -> Option<String> {
        let fastest = self.before.fastest.as_ref().and_then(|way| way.path.number.clone());
        fastest.or_else(|| self.before.numbers.first().map(|n| n.number.clone()))
    }

    fn way(&self) -> Option<String> {
        self.before.fastest.as_ref().filter(|way| !way.path.steps.is_empty()).map(|way| way.in_words.clone())
    }

    fn role(&self, draft: &Draft) -> Option<String> {
        let name = draft.person.as_deref()?;
        let name = name.rsplit_once(':').map_or(name, |(_, person)| person);
        let person: &Person = self.before.people.iter().find(|p| p.is(name))?;
        person.function.clone()
    }
}

/// Asks whatever is not told yet.
pub(super) fn ask(session: &Session, desk: &Desk, case: &OpenCase, draft: &mut Draft) -> Done {
    let terminal = session.terminal;
    let notes = match case.other_seat() {
        Some(seat) => desk.notes_about(&case.seat_text(&seat))?,
        None => Vec::new(),
    };
    let notes: Vec<Note> = notes.into_iter().map(|entry| entry.note).collect();
    let known = Known { before: Before::new(notes.iter()) };
    terminal
        .always(&styled(Style::Faint, "Enter leaves a question out; Ctrl-D stops and keeps what you have answered."));
    while let Some(question) = draft.next(way(draft)) {
        let words = styled(Style::Strong, &words(question, draft, &known));
        let Some(answer) = terminal.ask_or_end(&words)? else {
            terminal.always("");
            return Err(stopped(case, draft));
        };
        if let Err(error) = take(case, draft, &known, question, answer.trim()) {
            terminal.error(&error);
            continue;
        }
        if draft.says_anything() {
            desk.keep_draft(&case.id, draft, now())?;
        }
    }
    Ok(())
}

fn stopped(case: &OpenCase, draft: &Draft) -> CommandError {
    if draft.says_anything() {
        let go_on = match draft.channel.as_str() {
            "telephone" => format!("counterpart call {}", case.short()),
            channel => format!("counterpart contact {} --channel {channel}", case.short()),
        };
        CommandError::failed("nothing was signed; what you had answered is kept in your notebook")
            .hint(format!("`{go_on}` goes on with it"))
    } else {
        CommandError::failed("nothing was noted")
    }
}

/// The question, short, with what Enter stands for.
fn words(question: Question, draft: &Draft, known: &Known) -> String {
    match question {
        Question::Incoming => "Did they get in touch with you? [y/N]".to_owned(),
        Question::When => format!("When was the {}? [just now]", noun(draft)),
        Question::Number => match known.number() {
            Some(number) => format!("Which number did you call? [{}; {NONE} for none]", render::line(&number)),
            None => "Which number did you call?".to_owned(),
        },
        Question::Menu => {
            let same = known.way().map(|way| format!("; {SAME} for {}", render::line(&way))).unwrap_or_default();
            format!("The way through the menu? (such as: 2 billing, wait 40 s, say complaint{same})")
        }
        Question::Waited => "How long did you wait for somebody? (minutes, or such as 90 s)".to_owned(),
        Question::Person if draft.channel == "telephone" && !draft.incoming => "Who answered?".to_owned(),
        Question::Person => "Who was it?".to_owned(),
        Question::Role => match known.role(draft) {
            Some(role) => format!("What do they do there? [{}; {NONE} for nothing]", render::line(&role)),
            None => "What do they do there? (such as: customer care)".to_owned(),
        },
        Question::Reference => "Did they give you a reference?".to_owned(),
        Question::Summary => "What was said?".to_owned(),
        Question::Promise if draft.promises.is_empty() => "Did they promise anything? What?".to_owned(),
        Question::Promise => "Anything else promised?".to_owned(),
        Question::By => "By when? (such as: friday 17:00, in 3 working days)".to_owned(),
    }
}

/// Takes an answer in, if it can be understood.
fn take(case: &OpenCase, draft: &mut Draft, known: &Known, question: Question, answer: &str) -> Done {
    let given = || Some(answer.to_owned()).filter(|a| !a.is_empty() && a != NONE);
    let or_known = |known: Option<String>| if answer.is_empty() { known } else { given() };
    match question {
        Question::Incoming => match answer.to_lowercase().as_str() {
            "" | "n" | "no" | NONE => draft.incoming = false,
            "y" | "yes" => draft.incoming = true,
            _ => return Err(CommandError::usage("write y if they got in touch, n if you did")),
        },
        Question::When => {
            let at = if answer.is_empty() { now() } else { noted::began(case, answer, now())? };
            draft.at = Some(when::written_out(at, case.zone()));
            return Ok(());
        }
        Question::Number => draft.number = or_known(known.number()),
        Question::Menu => {
            let text = if answer == SAME { known.way() } else { given() };
            let steps = text.map(|text| steps(&text)).unwrap_or_default();
            for step in &steps {
                step.parse::<menu::Step>().map_err(|e| CommandError::usage(e.to_string()))?;
            }
            draft.menu = steps;
        }
        Question::Waited => {
            draft.waited = given().map(|text| waited(&text)).transpose().map_err(CommandError::usage)?;
        }
        Question::Person => draft.person = given().map(|name| typed("the name", &name)).transpose()?,
        Question::Role => draft.role = or_known(known.role(draft)),
        Question::Reference => draft.reference = plain(answer, "write the reference itself")?,
        Question::Summary => match given() {
            Some(text) => draft.summary = Some(typed("what was said", &text)?),
            None => return Err(CommandError::usage("write at least a few words of what was said")),
        },
        Question::Promise => {
            if let Some(what) = plain(answer, "write what they promised, such as: call back")? {
                draft.promise(typed("the promise", &what)?);
                return Ok(());
            }
        }
        Question::By => {
            let by = given().map(|text| noted::due(case, draft, &text)).transpose()?;
            draft.by(by.map(|due| noted::due_written_out(&due)));
            return Ok(());
        }
    }
    draft.pass(question);
    Ok(())
}

/// The answer to a question that sounds like one for yes or no: a no is nothing, a yes alone does not say what.
fn plain(answer: &str, what: &str) -> Done<Option<String>> {
    match answer.to_lowercase().trim_end_matches(['.', '!']) {
        "" | "n" | "no" | "none" | "nothing" | NONE => Ok(None),
        "y" | "yes" => Err(CommandError::usage(format!("{what}; Enter for none"))),
        _ => Ok(Some(answer.to_owned())),
    }
}
