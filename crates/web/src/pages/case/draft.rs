//! Drafting together: the worksheet of a case as a page that both sides write on at once. Nothing on it binds anybody.

mod fields;

use askama::Template;
use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::{
    value::Seat,
    worksheet::{Change, Choice, Field, FieldView, RowId, RowKind, RowView, Wish, WorksheetState, WorksheetView},
};
use counterpart_node::{Desk, DeskError, now};
use counterpart_words::{case::OpenCase, render};
use serde_json::json;

use super::{CaseHead, Part};
use crate::{
    acts::{self, Wrong},
    case::with_case,
    form::Form,
    guard::{Problem, Visit},
    language::Language,
    live::Changed,
    pages::{Frame, page, page_again},
    text::Markup,
    typed::Typed,
};

/// A row as it stands on the page.
struct Row {
    id: String,
    kind: RowKind,
    by: Markup,
    fields: Vec<Line>,
    choices: Vec<Pick>,
}

/// One field of a row.
struct Line {
    /// Name and id on the page.
    name: String,
    field: Field,
    text: String,
    changed: Option<Markup>,
    /// Who wrote which part, where more than one did.
    runs: Vec<Written>,
}

struct Written {
    who: String,
    own: bool,
    text: String,
}

impl Row {
    fn title(&self, frame: &Frame, number: &usize) -> String {
        frame.language.fill(&format!("draft.kind.{}", self.kind.as_str()), &[("n", &number.to_string())])
    }

    /// What is left to see of a row that was taken away.
    fn summary(&self) -> String {
        let texts = self.fields.iter().map(|line| line.text.trim()).filter(|text| !text.is_empty());
        texts.take(2).collect::<Vec<_>>().join(": ")
    }
}

impl Line {
    fn label(&self, frame: &Frame, kind: &RowKind) -> &'static str {
        frame.say(&format!("draft.{}.{}", kind.as_str(), self.field.as_str()))
    }

    fn hint(&self, frame: &Frame, kind: &RowKind) -> &'static str {
        frame.say(&format!("draft.{}.{}.hint", kind.as_str(), self.field.as_str()))
    }

    /// Whether it may have several lines, or has: a field of one line would take the line ends out.
    fn is_long(&self) -> bool {
        matches!(self.field, Field::What | Field::Conditions | Field::Note | Field::Text) || self.text.contains('\n')
    }

    fn is_wrong(&self, wrong: &[Wrong]) -> bool {
        wrong.iter().any(|one| one.field == self.name)
    }

    /// As it stands in a text area: the first line end there is the browser's.
    fn in_field(&self) -> String {
        format!("\n{}", self.text)
    }
}

/// One choice of a row.
struct Pick {
    name: String,
    choice: Choice,
    options: Vec<(String, String, bool)>,
}

impl Pick {
    fn label(&self, frame: &Frame) -> &'static str {
        frame.say(&format!("draft.{}", self.choice.as_str()))
    }
}

#[derive(Template)]
#[template(path = "draft.html")]
struct DraftPage {
    frame: Frame,
    case: CaseHead,
    wrong: Vec<Wrong>,
    state: String,
    rows: Vec<Row>,
    removed: Vec<Row>,
    full: bool,
    spoilt: bool,
    /// What came of others without what it rests on.
    waiting: Option<String>,
    gone: String,
    restarted: Option<Markup>,
}

/// `GET /case/ID/draft`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| {
        let view = desk.worksheet(&case.id)?;
        page(&draft_page(&at, &case, &view, Vec::new()))
    })
    .await
}

/// `POST /case/ID/draft`: everything on the page, and what is to be done with it.
pub(crate) async fn take(Path(id): Path<String>, sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| done(&at, desk, case, &typed)).await
}

/// `POST /case/ID/draft/edit`: the same from the script, which gets back how it stands now.
pub(crate) async fn edit(Path(id): Path<String>, sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    let (language, app) = (visit.language, std::sync::Arc::clone(&visit.app));
    with_case(&visit, &id, move |desk, case| {
        let kept = keep(desk, &case, &typed);
        // Other tabs of this browser hear of it at once.
        if kept.is_ok() && typed.fields().count() > 2 {
            app.live.tell(Changed::Case(case.id));
        }
        match kept {
            Ok(view) => Ok(as_json(StatusCode::OK, &told(language, &case, &view))),
            Err(why) => {
                let told = json!({"wrong": why.to_string()});
                Ok(as_json(StatusCode::CONFLICT, &told))
            }
        }
    })
    .await
}

fn as_json(status: StatusCode, told: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], told.to_string()).into_response()
}

fn done(visit: &Visit, desk: &Desk, case: OpenCase, typed: &Typed) -> Result<Response, Problem> {
    let view = match keep(desk, &case, typed) {
        Ok(view) => view,
        // What was typed stays with whoever typed it.
        Err(why) => {
            let view = desk.worksheet(&case.id)?;
            let mut page = draft_page(visit, &case, &view, vec![Wrong::of("", why.to_string())]);
            page.typed_again(typed);
            return page_again(&page);
        }
    };
    let wanted = typed.text("do");
    let (word, row) = wanted.split_once(':').unwrap_or((wanted, ""));
    let shown = view.state.clone();
    let row = row.parse::<RowId>().ok();
    let change = |wish| desk.edit_worksheet(&case.id, &shown, &[wish], now());
    let edited = match (word, row) {
        ("add-action", _) => Some(change(Wish::AddRow { kind: RowKind::Action, after: None })),
        ("add-item", _) => Some(change(Wish::AddRow { kind: RowKind::Item, after: None })),
        ("add-wording", _) => Some(change(Wish::AddRow { kind: RowKind::Wording, after: None })),
        ("remove", Some(row)) => Some(change(Wish::RemoveRow { row })),
        ("restore", Some(row)) => Some(change(Wish::RestoreRow { row })),
        ("restart", _) if !typed.has("sure") => {
            let view = desk.worksheet(&case.id)?;
            let asked = vec![Wrong::of("sure", visit.language.say("draft.restart.unsure"))];
            return page_again(&draft_page(visit, &case, &view, asked));
        }
        ("restart", _) => Some(desk.restart_worksheet(&case.id, false, now())),
        ("tidy", _) => Some(desk.restart_worksheet(&case.id, true, now())),
        _ => None,
    };
    let to = format!("/case/{}/draft", case.id.to_hex());
    match edited {
        Some(Ok(edited)) => {
            let added = edited.added.first().map(|row| format!("#row-{row}")).unwrap_or_default();
            return Ok(Redirect::to(&format!("{to}{added}")).into_response());
        }
        Some(Err(why)) => {
            let view = desk.worksheet(&case.id)?;
            return page_again(&draft_page(visit, &case, &view, vec![Wrong::of("", why.to_string())]));
        }
        None if word == "propose" => {}
        None => return Ok(Redirect::to(&to).into_response()),
    }
    // What was displayed is what is proposed: the fields as they came, not what others wrote since.
    let Some(terms) = fields::proposed(&view, typed) else {
        let nothing = Wrong::of("", visit.language.say("draft.propose.nothing"));
        return page_again(&draft_page(visit, &case, &view, vec![nothing]));
    };
    acts::propose_from(visit, desk, case, &terms, &|case, wrong| {
        let wrong = fields::on_the_page(&view, typed, wrong);
        let mut page = draft_page(visit, case, &view, wrong);
        page.typed_again(typed);
        page_again(&page)
    })
}

/// Keeps what is different from what was displayed.
fn keep(desk: &Desk, case: &OpenCase, typed: &Typed) -> Result<WorksheetView, DeskError> {
    let Ok(state) = typed.text("shown").parse::<WorksheetState>() else { return desk.worksheet(&case.id) };
    let shown = desk.worksheet_at(&case.id, &state)?;
    let mut wishes = Vec::new();
    for row in shown.rows.iter().filter(|row| !row.removed) {
        for field in &row.fields {
            let name = field_name(row, field.field.as_str());
            let text = typed.text(&name).replace("\r\n", "\n");
            if typed.has(&name) && text != field.text {
                wishes.push(Wish::Rewrite { row: row.id, field: field.field, text });
            }
        }
        for choice in &row.choices {
            let name = field_name(row, choice.choice.as_str());
            if typed.has(&name) && typed.text(&name) != choice.value {
                wishes.push(Wish::Choose { row: row.id, choice: choice.choice, value: typed.text(&name).to_owned() });
            }
        }
    }
    if wishes.is_empty() {
        return desk.worksheet(&case.id);
    }
    Ok(desk.edit_worksheet(&case.id, &state, &wishes, now())?.view)
}

/// The name of a field on the page: letters, digits, dots.
fn field_name(row: &RowView, field: &str) -> String {
    format!("{field}.{}", row.id)
}

/// The word of a seat in a choice.
pub(super) fn seat_word(seat: &Seat) -> String {
    counterpart_words::terms::draft_word(seat)
}

fn draft_page(visit: &Visit, case: &OpenCase, view: &WorksheetView, wrong: Vec<Wrong>) -> DraftPage {
    let language = visit.language;
    let rows = |removed: bool| view.rows.iter().filter(move |row| row.removed == removed);
    DraftPage {
        frame: Frame::of(visit, "/cases"),
        case: CaseHead::of(visit, case, Part::Draft),
        wrong,
        state: view.state.to_string(),
        rows: rows(false).map(|row| shown_row(language, case, row)).collect(),
        removed: rows(true).map(|row| shown_row(language, case, row)).collect(),
        full: view.full,
        spoilt: !view.spoilt_by.is_empty(),
        waiting: (view.waiting > 0).then(|| language.count("draft.waiting", view.waiting as u64)),
        gone: language.count("draft.gone", rows(true).count() as u64),
        restarted: view.restarted.as_ref().map(|change| by_whom(language, case, "draft.restarted", change)),
    }
}

impl DraftPage {
    /// Puts what was typed back where it was not kept.
    fn typed_again(&mut self, typed: &Typed) {
        for row in &mut self.rows {
            for line in &mut row.fields {
                if typed.has(&line.name) {
                    line.text = typed.text(&line.name).replace("\r\n", "\n");
                }
            }
            for pick in &mut row.choices {
                if typed.has(&pick.name) {
                    let wanted = typed.text(&pick.name);
                    pick.options.iter_mut().for_each(|(value, _, chosen)| *chosen = value == wanted);
                }
            }
        }
    }
}

fn shown_row(language: &'static Language, case: &OpenCase, row: &RowView) -> Row {
    let line = |field: &FieldView| Line {
        name: field_name(row, field.field.as_str()),
        field: field.field,
        text: field.text.clone(),
        changed: field.changed.as_ref().map(|change| by_whom(language, case, "draft.changed", change)),
        runs: written(case, field),
    };
    let pick = |choice: &counterpart_core::worksheet::ChoiceView| {
        let mut options = fields::options(language, case, choice.choice);
        for (value, _, chosen) in &mut options {
            *chosen = *value == choice.value;
        }
        // What others chose stays chosen, though it is nothing that can be chosen here.
        if options.iter().all(|(.., chosen)| !chosen) {
            options.push((choice.value.clone(), render::line(&choice.value), true));
        }
        Pick { name: field_name(row, choice.choice.as_str()), choice: choice.choice, options }
    };
    let by = match (&row.removed_by, row.removed) {
        (Some(change), true) => by_whom(language, case, "draft.removed", change),
        _ => by_whom(language, case, "draft.added", &row.added),
    };
    Row {
        id: row.id.to_string(),
        kind: row.kind,
        by,
        fields: row.fields.iter().map(line).collect(),
        choices: row.choices.iter().map(pick).collect(),
    }
}

/// Who wrote which part of a field, where more than one did.
fn written(case: &OpenCase, field: &FieldView) -> Vec<Written> {
    let mut letters = field.text.chars();
    let mut runs: Vec<Written> = Vec::new();
    for run in &field.runs {
        let text: String = letters.by_ref().take(run.chars).collect();
        let (who, own) = (case.party_label(&run.by.party), run.by.party == case.own);
        match runs.last_mut() {
            Some(last) if last.who == who => last.text.push_str(&text),
            _ => runs.push(Written { who, own, text }),
        }
    }
    if runs.len() > 1 { runs } else { Vec::new() }
}

/// "Changed by Northlink Ltd, Mon 6 Jul 17:20": who and when.
fn by_whom(language: &'static Language, case: &OpenCase, key: &str, change: &Change) -> Markup {
    let who = if change.party == case.own {
        Markup::default().say(language.say("draft.you"))
    } else {
        Markup::default().peer(&case.party_label(&change.party))
    };
    let at = Markup::default().say(&crate::time::show_short(language, change.at, case.zone(), case.now));
    language.markup(key, &[("who", who), ("at", at)])
}

/// How it stands, for the script: the state, and every field by its name on the page.
fn told(language: &'static Language, case: &OpenCase, view: &WorksheetView) -> serde_json::Value {
    let (mut texts, mut choices, mut changed) = (json!({}), json!({}), json!({}));
    let mut rows = Vec::new();
    for row in view.rows.iter().filter(|row| !row.removed) {
        rows.push(row.id.to_string());
        for field in &row.fields {
            let name = field_name(row, field.field.as_str());
            if let Some(change) = &field.changed {
                changed[&name] = by_whom(language, case, "draft.changed", change).to_string().into();
            }
            texts[name] = field.text.clone().into();
        }
        for choice in &row.choices {
            choices[field_name(row, choice.choice.as_str())] = choice.value.clone().into();
        }
    }
    let removed = view.rows.iter().filter(|row| row.removed).count();
    json!({
        "state": view.state.to_string(), "rows": rows, "removed": removed,
        "texts": texts, "choices": choices, "changed": changed,
    })
}
