//! The notebook: numbers, ways through menus, people and notes, for their owner alone. Nothing of it is signed or sent.

use std::sync::Arc;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::id::{CaseId, EntryId};
use counterpart_node::{Desk, NotebookEntry, is_mail_address, now};
use counterpart_process::{
    menu,
    notebook::{Note, Number, Path, Person, Remark, whom_key},
};
use counterpart_words::{
    case::OpenCase,
    contact::{note_in_words, waited},
    error::CommandError,
    typed::typed as sound,
    when,
};
use data_encoding::HEXLOWER;

use super::{frame::Frame, page, page_again};
use crate::{
    acts::Wrong,
    app::aside,
    form::Form,
    guard::{Problem, Visit},
    text::Markup,
    time::Moment,
    typed::Typed,
    undo::Removed,
};

/// How many notes a page shows.
const A_PAGE: usize = 100;

/// A private note for a case.
#[derive(Debug)]
pub(crate) struct PrivateNote {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) written: Moment,
    /// The entry by which it is on record, as it is typed.
    pub(crate) shared: Option<String>,
}

/// The private notes for a case, the latest first.
pub(crate) fn private_notes(desk: &Desk, case: &OpenCase) -> Result<Vec<PrivateNote>, Problem> {
    let read = |entry: NotebookEntry| {
        let Note::Remark(remark) = entry.note else { return None };
        let shared = remark.shared.as_deref().and_then(EntryId::from_hex).map(|id| case.entry_typed(&id));
        Some(PrivateNote {
            id: HEXLOWER.encode(&entry.id),
            text: remark.text,
            written: Moment(entry.written_at),
            shared,
        })
    };
    Ok(desk.private_notes(&case.id)?.into_iter().rev().filter_map(read).take(A_PAGE).collect())
}

/// One note as a line.
#[derive(Debug)]
struct Line {
    id: String,
    kind: &'static str,
    words: String,
    /// How a telephone is told to call it.
    tel: Option<String>,
}

/// The notes about one of the other side, or for one case.
#[derive(Debug)]
struct Group {
    name: String,
    /// The case that they are for.
    case: Option<String>,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "notebook.html")]
struct NotebookPage {
    frame: Frame,
    groups: Vec<Group>,
    names: Vec<String>,
    total: usize,
    /// Only these were asked for.
    of: Option<String>,
    wrong: Vec<Wrong>,
    typed: Typed,
    kept: bool,
    undo: Option<String>,
    before: Option<usize>,
    after: Option<usize>,
    place: Option<String>,
}

impl NotebookPage {
    fn value(&self, kind: &str, field: &str) -> &str {
        if self.is_open(kind) { self.typed.text(field) } else { "" }
    }

    /// Whether a form came back.
    fn is_open(&self, kind: &str) -> bool {
        self.typed.text("kind") == kind
    }

    fn whom(&self, kind: &str) -> &str {
        match self.is_open(kind) {
            true => self.typed.text("whom"),
            false => self.of.as_deref().unwrap_or_default(),
        }
    }

    fn fault(&self, kind: &str, field: &str) -> Option<&str> {
        let ours = |wrong: &&Wrong| wrong.field == format!("{kind}-{field}");
        self.wrong.iter().find(ours).map(|wrong| wrong.what.as_str())
    }

    fn heading(&self, group: &Group) -> Markup {
        let name = Markup::default().peer(&group.name);
        match (&group.case, group.name.is_empty()) {
            (Some(_), _) => self.frame.language.markup("notebook.for_case", &[("title", name)]),
            (None, true) => Markup::default().say(self.frame.say("notebook.others")),
            (None, false) => name,
        }
    }
}

/// `GET /notebook`
pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    look(visit, Typed::default(), Vec::new()).await
}

async fn look(visit: Visit, typed: Typed, wrong: Vec<Wrong>) -> Result<Response, Problem> {
    let app = Arc::clone(&visit.app);
    let done = aside(move || {
        let Some(desk) = app.desk()? else { return Ok(Redirect::to("/welcome").into_response()) };
        let template = read(&desk, &visit, typed, wrong)?;
        if template.wrong.is_empty() { page(&template) } else { page_again(&template) }
    });
    done.await?
}

fn read(desk: &Desk, visit: &Visit, typed: Typed, wrong: Vec<Wrong>) -> Result<NotebookPage, Problem> {
    let of = visit.query.some("of").map(str::to_owned);
    let shown = |entry: &NotebookEntry| !matches!(entry.note, Note::Draft(_) | Note::Own(_));
    let mut entries: Vec<NotebookEntry> = desk.notebook()?.into_iter().filter(shown).collect();
    let mut names: Vec<String> = Vec::new();
    let mut keys = std::collections::BTreeSet::new();
    for name in entries.iter().filter_map(|entry| entry.of.as_ref()) {
        if keys.insert(whom_key(name)) {
            names.push(name.clone());
        }
    }
    names.sort_by_key(|name| whom_key(name));
    if let Some(of) = &of {
        entries.retain(|entry| entry.is_about(of));
    }
    let title = |case: &CaseId| Ok::<_, Problem>(desk.summary(case)?.map(|summary| summary.title).unwrap_or_default());
    let order = |note: &Note| match note {
        Note::Number(_) => 0,
        Note::Path(_) => 1,
        Note::Person(_) => 2,
        Note::Remark(_) | Note::Draft(_) | Note::Own(_) => 3,
    };
    entries.sort_by_cached_key(|entry| (entry.of.as_deref().map(whom_key), entry.case, order(&entry.note)));
    let total = entries.len();
    let pages = total.div_ceil(A_PAGE).max(1);
    let asked = visit.query.text("page");
    let number = if asked.is_empty() { Some(1) } else { asked.parse().ok() };
    let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
    let number: usize = number.filter(|n| (1..=pages).contains(n)).ok_or_else(absent)?;
    let zone = when::system_zone();
    let mut groups: Vec<Group> = Vec::new();
    for entry in entries.into_iter().skip((number - 1) * A_PAGE).take(A_PAGE) {
        let (name, case) = match (&entry.of, &entry.case) {
            (Some(of), _) => (of.clone(), None),
            (None, Some(case)) => (title(case)?, Some(case.to_hex())),
            (None, None) => (String::new(), None),
        };
        let tel = match &entry.note {
            Note::Number(number) => {
                Some(number.number.chars().filter(|c| c.is_ascii_digit() || "+*#".contains(*c)).collect())
            }
            _ => None,
        };
        let line = Line {
            id: HEXLOWER.encode(&entry.id),
            kind: match &entry.note {
                Note::Number(_) => "notebook.kind.number",
                Note::Path(_) => "notebook.kind.path",
                Note::Person(_) => "notebook.kind.person",
                Note::Remark(_) | Note::Draft(_) | Note::Own(_) => "notebook.kind.note",
            },
            words: note_in_words(&entry, &zone),
            tel: tel.filter(|tel: &String| !tel.is_empty()),
        };
        match groups.last_mut() {
            Some(group) if whom_key(&group.name) == whom_key(&name) && group.case == case => group.lines.push(line),
            _ => groups.push(Group { name, case, lines: vec![line] }),
        }
    }
    let place = (pages > 1).then(|| {
        let (page, pages) = (number.to_string(), pages.to_string());
        visit.language.fill("cases.place", &[("page", &page), ("pages", &pages)])
    });
    Ok(NotebookPage {
        frame: Frame::of(visit, "/notebook"),
        groups,
        names,
        total,
        of,
        wrong,
        typed,
        kept: visit.query.has("kept"),
        undo: visit.query.some("undo").map(str::to_owned),
        before: (number > 1).then(|| number - 1),
        after: (number < pages).then(|| number + 1),
        place,
    })
}

/// Where a form leads back to: a page of a case, or the notebook.
fn back(typed: &Typed) -> String {
    let asked = typed.text("back");
    let case = asked.strip_prefix("/case/").and_then(|rest| rest.split_once('/'));
    let known = case.is_some_and(|(id, page)| CaseId::from_hex(id).is_some() && matches!(page, "call" | "letters"));
    if known { asked.to_owned() } else { "/notebook".to_owned() }
}

/// `POST /notebook/add`
pub(super) async fn add(sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    let app = Arc::clone(&visit.app);
    let (of, read) = (typed.some("whom").map(str::to_owned), note_of(&typed, visit.language.say("notebook.whom.none")));
    let (note, case) = match read {
        Ok(read) => read,
        Err(wrong) => return look(visit, typed, wrong).await,
    };
    let kept = aside(move || {
        let Some(desk) = app.desk()? else { return Ok(false) };
        if let Some(case) = case
            && desk.summary(&case)?.is_none()
        {
            return Err(Problem::new(StatusCode::NOT_FOUND, "case"));
        }
        match desk.write_note(note, of.as_deref(), case, now()) {
            Ok(_) => Ok(true),
            Err(counterpart_node::DeskError::NoteTooLong) => Ok(false),
            Err(why) => Err(Problem::from(why)),
        }
    });
    if !kept.await?? {
        let wrong = vec![Wrong::of(&format!("{}-text", typed.text("kind")), visit.language.say("notebook.long"))];
        return look(visit, typed, wrong).await;
    }
    let back = back(&typed);
    let to = if back == "/notebook" { "/notebook?kept=1".to_owned() } else { format!("{back}#private") };
    Ok(Redirect::to(&to).into_response())
}

/// What was typed as a note, and the case that it is for.
fn note_of(typed: &Typed, nobody: &str) -> Result<(Note, Option<CaseId>), Vec<Wrong>> {
    let kind = typed.text("kind");
    let mut wrong = Vec::new();
    let id = |field: &str| format!("{kind}-{field}");
    let case = CaseId::from_hex(typed.text("case"));
    if case.is_none() {
        match typed.some("whom") {
            Some(whom) => wrong.extend(sound("the name", whom).err().map(|why| Wrong::said(&id("whom"), &why))),
            None => wrong.push(Wrong::of(&id("whom"), nobody)),
        }
    }
    let mut needed = |field: &str, what: &str| match sound(what, typed.text(field).trim()) {
        Ok(text) => text,
        Err(why) => {
            wrong.push(Wrong::said(&id(field), &why));
            String::new()
        }
    };
    let note = match kind {
        "number" => {
            let number = needed("number", "the number");
            let label = typed.some("label").map(|_| needed("label", "what it is for"));
            Note::Number(Number { number, label, worked: None })
        }
        "path" => {
            let steps = needed("steps", "the way");
            let number = typed.some("number").map(|_| needed("number", "the number"));
            let read = menu::read(&steps).map_err(|why| why.to_string());
            let took = typed.some("took").map(waited).transpose();
            wrong.extend(read.as_ref().err().map(|why| Wrong::of(&id("steps"), why)));
            wrong.extend(took.as_ref().err().map(|why| Wrong::of(&id("took"), why)));
            let steps = read.unwrap_or_default();
            Note::Path(Path { number, steps, took: took.ok().flatten(), worked: None, times: 0 })
        }
        "person" => {
            let name = needed("name", "the name");
            let mut some = |field: &str, what: &str| typed.some(field).map(|_| needed(field, what));
            let person = Person {
                name,
                function: some("role", "the role"),
                phone: some("phone", "the direct line"),
                email: some("email", "the e-mail address"),
                hours: some("hours", "the hours"),
                note: some("note", "the remark"),
            };
            if let Some(email) = person.email.as_ref().filter(|email| !is_mail_address(email)) {
                let why = CommandError::usage(format!("'{email}' is no e-mail address: write it alone"));
                wrong.push(Wrong::said(&id("email"), &why));
            }
            Note::Person(person)
        }
        _ => Note::Remark(Remark { text: needed("text", "the note"), shared: None }),
    };
    if wrong.is_empty() { Ok((note, case)) } else { Err(wrong) }
}

/// `POST /notebook/remove`: it can be brought back from the page that this leads to.
pub(super) async fn remove(sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    let app = Arc::clone(&visit.app);
    let id = HEXLOWER.decode(typed.text("id").as_bytes()).ok().and_then(|id| <[u8; 16]>::try_from(id).ok());
    let back = back(&typed);
    let word = aside(move || {
        let (Some(desk), Some(id)) = (app.desk()?, id) else { return Ok::<_, Problem>(None) };
        // Drafts and settings are not taken out here.
        let shown = |entry: &NotebookEntry| entry.id == id && !matches!(entry.note, Note::Draft(_) | Note::Own(_));
        let Some(entry) = desk.notebook()?.into_iter().find(shown) else { return Ok(None) };
        desk.remove_note(&id)?;
        Ok(Some(app.undo.keep(Removed::Note(entry))))
    });
    let word = word.await??.unwrap_or_default();
    // The way back is on the notebook's own page.
    let to = if back == "/notebook" { back } else { "/notebook".to_owned() };
    Ok(Redirect::to(&format!("{to}?undo={word}")).into_response())
}

/// `POST /notebook/undo`
pub(super) async fn undo(sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    let app = Arc::clone(&visit.app);
    let done = aside(move || {
        let (Some(desk), Some(Removed::Note(entry))) = (app.desk()?, app.undo.take(typed.text("undo"))) else {
            return Ok::<_, Problem>(());
        };
        desk.write_note(entry.note, entry.of.as_deref(), entry.case, entry.written_at)?;
        Ok(())
    });
    done.await??;
    Ok(Redirect::to("/notebook?kept=1").into_response())
}
