//! What one can do next where the other side stays silent, from when, and until when. For their owner alone: nothing of
//! it is signed or sent.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::fold::SubjectKey;
use counterpart_node::Desk;
use counterpart_process::steps::{DatedStep, Length, MOST, Path as Kept, Ref, Standing, Start, Step, Taken};
use counterpart_words::{
    case::OpenCase,
    error::{CommandError, Done},
    render,
    steps::{counts, dates, entries, standing},
    typed::typed as sound,
    when,
};

use super::{CaseHead, Part};
use crate::{
    acts::Wrong,
    case::with_case,
    form::Form,
    guard::{Problem, Visit},
    pages::{Frame, page, page_again},
    typed::Typed,
    undo::Removed,
};

/// One step, as it is shown.
#[derive(Debug)]
struct Shown {
    id: String,
    what: String,
    to: Option<String>,
    tone: &'static str,
    sign: &'static str,
    state: &'static str,
    counts: String,
    from: Option<String>,
    until: Option<String>,
    taken: Option<String>,
    wants: Vec<(usize, String, String)>,
    may_be_taken: bool,
}

#[derive(Template)]
#[template(path = "steps.html")]
struct StepsPage {
    frame: Frame,
    case: CaseHead,
    steps: Vec<Shown>,
    wrong: Vec<Wrong>,
    typed: Typed,
    undo: Option<String>,
}

impl StepsPage {
    fn fault(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.what.as_str())
    }

    fn value(&self, field: &str) -> &str {
        if self.typed.text("do") == "add" { self.typed.text(field) } else { "" }
    }

    fn is_from(&self, word: &str) -> bool {
        self.value("from") == word
    }

    fn is_adding(&self) -> bool {
        self.typed.text("do") == "add" || self.steps.is_empty()
    }
}

/// `GET /case/ID/steps`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| look(desk, &at, &case, Typed::default(), Vec::new())).await
}

fn look(desk: &Desk, visit: &Visit, case: &OpenCase, typed: Typed, wrong: Vec<Wrong>) -> Result<Response, Problem> {
    let dated = desk.dated_steps(&case.record, case.view(), case.now)?;
    let template = StepsPage {
        frame: Frame::of(visit, "/cases"),
        case: CaseHead::of(visit, case, Part::None),
        steps: dated.iter().map(|step| shown(case, step)).collect(),
        typed,
        undo: visit.query.some("undo").map(str::to_owned),
        wrong,
    };
    if template.wrong.is_empty() { page(&template) } else { page_again(&template) }
}

fn shown(case: &OpenCase, (dated, stands): &(DatedStep, Standing)) -> Shown {
    let step = &dated.step;
    let (tone, sign) = match stands {
        Standing::Taken => ("good", "good"),
        Standing::Open => ("warn", "yours"),
        Standing::Over => ("bad", "late"),
        Standing::NotNeeded | Standing::Uncounted(_) | Standing::Ahead => ("quiet", "quiet"),
    };
    let taken = step.taken.as_ref().map(|taken| {
        let by = taken.by.map(|by| format!(" ({})", case.entry_name(&by.0))).unwrap_or_default();
        format!("{}{by}", when::show(taken.at, case.zone()))
    });
    let open = taken.is_none();
    let wants = step
        .wants
        .iter()
        .enumerate()
        .map(|(n, want)| (n, want.what.clone(), render::listed(entries(case, want).into_iter())));
    Shown {
        id: step.id.clone(),
        what: step.what.clone(),
        to: step.to.clone(),
        tone,
        sign,
        state: standing(stands),
        counts: counts(case, dated, ""),
        from: dated.opens.filter(|_| open).map(|opens| dates(case, opens, true)),
        until: dated.until.filter(|_| open).map(|until| dates(case, until, false)),
        taken,
        wants: wants.collect(),
        may_be_taken: open,
    }
}

/// `POST /case/ID/steps`
pub(crate) async fn take(Path(id): Path<String>, sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| {
        let page = format!("/case/{}/steps", case.id.to_hex());
        match change(desk, &at, &case, &typed) {
            Ok(more) => Ok(Redirect::to(&format!("{page}{more}")).into_response()),
            Err((field, why)) => look(desk, &at, &case, typed, vec![Wrong::said(&field, &why)]),
        }
    })
    .await
}

type Refused = (String, CommandError);

/// Does what was asked; gives what stands behind the path of the page that this leads to.
fn change(desk: &Desk, visit: &Visit, case: &OpenCase, typed: &Typed) -> Result<String, Refused> {
    let whole = |why: CommandError| (String::new(), why);
    let id = typed.text("step");
    let of = |name: &str| if id.is_empty() { name.to_owned() } else { format!("{name}-{id}") };
    match typed.text("do") {
        "add" => {
            let step = added(case, typed)?;
            desk.change_steps(&case.id, |path| add(path, step)).map_err(whole)?;
            Ok(String::new())
        }
        "taken" => {
            let on = typed.some("on").map(|on| when::past(on, case.zone(), case.now)).transpose();
            let at = on.map_err(|why| (of("on"), CommandError::usage(why.to_string())))?.unwrap_or(case.now);
            if at > case.now {
                let why = format!("{} has not come yet", when::show(at, case.zone()));
                return Err((of("on"), CommandError::usage(why)));
            }
            let by = typed.some("entry").map(|entry| case.entry(entry).map(|found| Ref(found.id))).transpose();
            let by = by.map_err(|why| (of("entry"), why))?;
            one(desk, visit, case, id, |step| {
                step.taken = Some(Taken { at, by });
                Ok(())
            })
            .map_err(whole)
        }
        "untaken" => one(desk, visit, case, id, |step| {
            step.taken = None;
            Ok(())
        })
        .map_err(whole),
        "have" => {
            let entry = case.entry(typed.text("entry")).map_err(|why| (of("have"), why))?;
            let number = typed.text("want").parse::<usize>().unwrap_or(usize::MAX);
            one(desk, visit, case, id, |step| {
                let want = step.wants.get_mut(number);
                let want = want.ok_or_else(|| CommandError::usage(visit.language.say("steps.gone")))?;
                if !want.entries.contains(&Ref(entry.id)) {
                    want.entries.push(Ref(entry.id));
                }
                Ok(())
            })
            .map_err(whole)
        }
        "drop" => {
            let mut dropped = None;
            let change = |path: &mut Kept| {
                if let Some(at) = path.steps.iter().position(|step| step.id == id) {
                    dropped = Some(path.steps.remove(at));
                }
                Ok::<_, CommandError>(())
            };
            desk.change_steps(&case.id, change).map_err(whole)?;
            let word = dropped.map(|step| visit.app.undo.keep(Removed::Step(case.id, Box::new(step))));
            Ok(word.map(|word| format!("?undo={word}")).unwrap_or_default())
        }
        "undo" => {
            if let Some(Removed::Step(of, step)) = visit.app.undo.take(typed.text("undo")) {
                desk.change_steps(&of, |path| match path.step(&step.id) {
                    None => {
                        path.steps.push(*step);
                        Ok(())
                    }
                    // Its name was given to another one meanwhile.
                    Some(_) => add(path, *step),
                })
                .map_err(whole)?;
            }
            Ok(String::new())
        }
        _ => Ok(String::new()),
    }
}

fn one(desk: &Desk, visit: &Visit, case: &OpenCase, id: &str, change: impl FnOnce(&mut Step) -> Done) -> Done<String> {
    desk.change_steps(&case.id, |path| match path.steps.iter_mut().find(|step| step.id == id) {
        Some(step) => change(step),
        None => Err(CommandError::usage(visit.language.say("steps.gone"))),
    })?;
    Ok(String::new())
}

fn add(path: &mut Kept, mut step: Step) -> Done {
    let free = (1..=MOST + 1).map(|n| format!("step-{n}")).find(|id| path.step(id).is_none());
    step.id = free.unwrap_or_default();
    path.steps.push(step);
    Ok(())
}

fn added(case: &OpenCase, typed: &Typed) -> Result<Step, Refused> {
    let length = |field: &str| {
        let read = typed.some(field).map(str::parse::<Length>).transpose();
        read.map_err(|why| (field.to_owned(), CommandError::usage(why.to_string())))
    };
    let of = typed.text("of").trim();
    let at = |why: CommandError| ("of".to_owned(), why);
    let from = match typed.text("from") {
        "first" => Start::FirstContact,
        "last" => Start::LastContact,
        "entry" => Start::Entry { entry: Ref(case.entry(of).map_err(at)?.id) },
        "due" => match case.subject(of).map_err(at)? {
            (SubjectKey::Action(action), _) => Start::due_of(&action),
            _ => return Err(at(CommandError::usage(format!("{of} is not an action, so nothing of it is due")))),
        },
        "day" => {
            // A day by itself begins when it begins.
            let bare = of.len() == 10 && of.chars().all(|c| c.is_ascii_digit() || c == '-');
            let text = if bare { format!("{of} 00:00") } else { of.to_owned() };
            let read = when::absolute(&text, case.zone(), case.now);
            Start::Date { at: read.map_err(|why| at(CommandError::usage(why.to_string())))?.0 }
        }
        _ => Start::Opening,
    };
    let what = sound("the step", typed.text("what").trim()).map_err(|why| ("what".to_owned(), why))?;
    let to =
        typed.some("to").map(|to| sound("whom it goes to", to)).transpose().map_err(|why| ("to".to_owned(), why))?;
    let (after, within) = (length("after")?, length("within")?);
    Ok(Step { id: String::new(), what, from, after, within, to, wants: Vec::new(), taken: None })
}
