//! One action or other matter: its terms, how it stands, how it came to that, and what can be done now.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::{
    fold::{ActionStatus, SubjectKey},
    graph::Ix,
    view::{Grade, Step, Waiting},
};
use counterpart_words::{
    case::OpenCase,
    render::{self, Speech, outlook},
    stamped::Stamps,
};

use super::{
    CaseHead, Part,
    facts::segment,
    overview::{
        DueShown, StateShown, action_terms, cut, due_of,
        moves::{Button, Turn, buttons, entry_page, page_of, rarely},
        offer::{Changes, Offer, changes},
        opened,
    },
};
use crate::{
    acts::about,
    case::with_case,
    guard::{Problem, Visit},
    pages::{Frame, page},
    text::{Told, told},
    time::Moment,
};

/// Letters of a heading.
const TITLE: usize = 140;

/// Letters of a line of what was said about it; the entry's own page has all.
const TOLD: usize = 600;

/// Entries and revisions listed; the record has the others.
const LISTED: usize = 50;

/// One version of its terms.
#[derive(Debug)]
struct Revision {
    name: String,
    page: String,
    who: String,
    at: Moment,
    /// Who signed it, where more than its author did.
    signed: Option<Told>,
    applies: bool,
    open: bool,
    changes: Vec<Changes>,
}

/// An entry about it.
#[derive(Debug)]
struct Entry {
    name: String,
    page: String,
    text: Told,
    at: Moment,
}

#[derive(Template)]
#[template(path = "action.html")]
struct ActionPage {
    frame: Frame,
    case: CaseHead,
    name: String,
    title: String,
    state: StateShown,
    grade: Option<&'static str>,
    beside: Vec<String>,
    due: Option<DueShown>,
    /// What time stamps prove.
    proof: Option<String>,
    turns: Vec<Turn>,
    waits: Vec<(String, Turn)>,
    buttons: Vec<Button>,
    /// It is one part of what is answered as a whole.
    whole: Option<String>,
    rarely: Vec<(String, String)>,
    /// The entry whose terms are shown, and its page.
    terms_of: Option<(String, String)>,
    terms: Vec<(&'static str, String)>,
    offers: Vec<Offer>,
    told: Vec<(Told, Vec<Told>)>,
    history: Vec<Revision>,
    entries: Vec<Entry>,
    more: Option<String>,
    /// The page of the fact that it is about.
    fact: Option<String>,
}

/// Several matters that one entry is about.
#[derive(Template)]
#[template(path = "action_parts.html")]
struct PartsPage {
    frame: Frame,
    case: CaseHead,
    name: String,
    parts: Vec<(String, String, String)>,
}

/// What a reference means.
enum Found {
    Matter(SubjectKey),
    Several(String, Ix, Vec<SubjectKey>),
    /// An entry that is about no matter.
    Entry(String),
}

/// Reads a reference as people type it: `5`, `5-2` for its second part, `5-K3` where two entries share a number.
fn find(case: &OpenCase, typed: &str) -> Option<Found> {
    let fold = case.record.fold();
    let part = || about::part(case, typed).map(|(ix, part)| (ix, Some(part)));
    let whole = || case.names.find(typed).ok().map(|found| (found.ix, found.subject));
    let (ix, part) = part().or_else(whole)?;
    let name = case.entry_name(&case.record.graph().id(ix));
    let keys = outlook::matters_of_entry(case, ix);
    if let Some(part) = part {
        return fold.subject_keys(ix).get(part as usize).cloned().map(Found::Matter);
    }
    Some(match keys.as_slice() {
        [] => Found::Entry(name),
        [one] => Found::Matter(one.clone()),
        _ => Found::Several(name, ix, keys),
    })
}

/// `GET /case/ID/action/REF`
pub(crate) async fn show(Path((id, typed)): Path<(String, String)>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, mut case| {
        let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
        let head = CaseHead::of(&at, &case, Part::Overview);
        match find(&case, &typed).ok_or_else(absent)? {
            Found::Entry(name) => Ok(Redirect::to(&entry_page(&head, &name)).into_response()),
            Found::Several(name, ix, keys) => page(&parts(&at, head, &case, (name, ix), &keys)),
            Found::Matter(key) => {
                case.stamps = Stamps::of(desk, &case)?;
                let status = case.lens().status(&key).ok_or_else(absent)?;
                page(&action(&at, head, &case, &key, &status))
            }
        }
    })
    .await
}

fn parts(visit: &Visit, head: CaseHead, case: &OpenCase, (name, ix): (String, Ix), keys: &[SubjectKey]) -> PartsPage {
    let speech = Speech::of_case(case);
    let one = |key: &SubjectKey| {
        let status = case.lens().status(key)?;
        let revision = render::applying(&status).unwrap_or(status.revision);
        let text = opened(case, revision, key).map(|subject| render::subject_in_a_line(&speech, &subject));
        let name = reference(case, key, &status);
        Some((page_of(&head, &name), name, cut(&text.unwrap_or_default(), TOLD)))
    };
    let parts = if case.record.fold().subject_keys(ix).is_empty() {
        keys.iter().filter_map(one).collect()
    } else {
        // Its own parts by their numbers here, whatever became of them.
        let numbered = keys.iter().enumerate();
        numbered
            .filter_map(|(n, key)| {
                let (_, _, text) = one(key)?;
                let name = format!("{name}/{}", n + 1);
                Some((page_of(&head, &name), name, text))
            })
            .collect()
    };
    PartsPage { frame: Frame::of(visit, "/cases"), parts, name, case: head }
}

/// What people call it: the action, or the entry that stands for the matter.
fn reference(case: &OpenCase, key: &SubjectKey, status: &ActionStatus) -> String {
    let matter = || case.view().matters.iter().find(|matter| matter.key == *key);
    match key {
        SubjectKey::Action(_) => case.subject_name(key),
        _ => matter().map_or_else(
            || case.entry_name(&case.record.graph().id(status.revision)),
            |matter| render::matter_name(case, matter),
        ),
    }
}

fn action(visit: &Visit, head: CaseHead, case: &OpenCase, key: &SubjectKey, status: &ActionStatus) -> ActionPage {
    let (language, view, speech, graph) = (visit.language, case.view(), Speech::of_case(case), case.record.graph());
    let action = view.actions.iter().find(|action| action.key == *key);
    let matter = view.matters.iter().find(|matter| matter.key == *key);
    let settled = action.map_or_else(|| matter.is_some_and(|m| m.settled), |a| a.settled);
    let (live, counted_from) = action.map_or((true, None), |action| (action.is_live(), action.counted_from));

    let applying = render::applying(status);
    let subject = opened(case, applying.unwrap_or(status.revision), key);
    let terms = subject.as_ref().map(|subject| match action_terms(subject) {
        Some(terms) => render::action_terms(&speech, terms, counted_from, live),
        None => render::subject_terms(&speech, subject, live),
    });
    let title = subject.as_ref().map(|subject| {
        let what = action_terms(subject).map(|terms| render::sealable(&terms.what));
        what.unwrap_or_else(|| render::subject_in_a_line(&speech, subject))
    });
    let named = |ix: Ix| case.entry_name(&graph.id(ix));

    let open: Vec<Ix> = status.open.iter().copied().filter(|ix| Some(*ix) != applying).collect();
    let possible = outlook::moves_on(case, &case.own, std::slice::from_ref(key));
    let about = |waiting: &&Waiting| outlook::matters_of(case, waiting).contains(key);
    let (mine, theirs): (Vec<Waiting>, Vec<Waiting>) =
        view.waiting.iter().filter(about).take(LISTED).cloned().partition(|w| case.is_own_seat(&w.seat));
    let turn = |one: &outlook::Awaited| Turn::of(language, &head, case, one);
    let mut turns: Vec<Turn> = outlook::awaited(case, &mine).iter().map(turn).collect();
    let waits = outlook::awaited(case, &theirs);
    let waits = waits.iter().map(|one| (case.seat_label(&one.waiting.seat), turn(one))).collect();
    let mut main = buttons(language, case, possible.iter().filter(|made| made.step <= Step::Propose));
    // What answers other terms stands with them.
    let offers = Offer::all(language, &head, case, &open);
    main.retain(|one| offers.iter().all(|offer| !offer.has(&one.path)));
    // What only the move itself offers, such as to contest what was noted.
    for more in turns.iter_mut().flat_map(|turn| turn.buttons.drain(..)) {
        if offers.iter().any(|offer| offer.has(&more.path)) {
            continue;
        }
        if main.iter().all(|known| known.path != more.path) {
            main.push(more);
        }
    }
    let answered = possible.iter().find(|made| {
        matches!(made.step, Step::Accept | Step::Counter | Step::Decline | Step::Confirm | Step::Withdraw)
    });
    let whole = answered.and_then(|made| {
        let keys = case.record.fold().subject_keys(graph.find(&made.about)?);
        let part = keys.iter().position(|of| of == key).filter(|_| keys.len() > 1)?;
        let (part, parts, name) = ((part + 1).to_string(), keys.len().to_string(), case.entry_name(&made.about));
        Some(language.fill("case.action.whole", &[("n", &part), ("count", &parts), ("name", &name)]))
    });
    let rare = rarely(case, possible.iter().filter(|made| made.step > Step::Propose));

    let beside = action.map(|action| render::told_beside(case, action));
    let (entries, left) = entries(&head, case, key);
    ActionPage {
        frame: Frame::of(visit, "/cases"),
        name: reference(case, key, status),
        title: title.map_or_else(|| language.say("case.no_terms").to_owned(), |title| cut(&title, TITLE)),
        state: StateShown::of(status.state, settled),
        grade: beside.as_ref().filter(|_| action.is_some_and(|a| a.grade != Grade::Agreed)).map(|(grade, _)| *grade),
        beside: beside.map(|(_, beside)| beside).unwrap_or_default().into_iter().map(str::to_owned).collect(),
        due: action.and_then(|action| due_of(case, action)).map(|at| DueShown::of(language, case, at, live)),
        proof: case.stamps.over_revision(case, status.revision).map(|proof| proof.in_words(case)),
        turns,
        waits,
        buttons: main,
        whole,
        rarely: rare,
        terms_of: applying.map(|ix| (named(ix), entry_page(&head, &named(ix)))),
        terms: terms.unwrap_or_default(),
        offers,
        told: grouped(render::set_apart(|| render::beside_terms(case, key, status))),
        history: history(&head, case, key, status),
        entries,
        more: (left > 0).then(|| language.count("case.action.more", left as u64)),
        fact: match key {
            SubjectKey::Item(key) => Some(head.path(&format!("/facts/{}", segment(key)))),
            _ => None,
        },
        case: head,
    }
}

/// Lines told within [`render::set_apart`], each with those that say more of it.
pub(super) fn grouped(lines: Vec<(String, Vec<String>)>) -> Vec<(Told, Vec<Told>)> {
    let cut = |text: String| Told::of(text).cut(TOLD).0;
    lines.into_iter().map(|(text, under)| (cut(text), under.into_iter().map(cut).collect())).collect()
}

/// Its versions, the latest first, each with what it changed.
fn history(head: &CaseHead, case: &OpenCase, key: &SubjectKey, status: &ActionStatus) -> Vec<Revision> {
    let (graph, lens) = (case.record.graph(), case.lens());
    let mut revisions: Vec<Ix> =
        case.record.fold().revisions_of(key).iter().copied().filter(|ix| lens.holds(*ix)).collect();
    revisions.sort_by_key(|ix| std::cmp::Reverse(graph.order(*ix)));
    let one = |ix: Ix| {
        let (name, statement) = (case.entry_name(&graph.id(ix)), graph.statement(ix));
        let signers = lens.signatures(ix);
        let signer = |signed: &Ix| {
            let party = case.party_label(&graph.statement(*signed).party);
            format!("{party} ({})", case.entry_name(&graph.id(*signed)))
        };
        Revision {
            page: entry_page(head, &name),
            name,
            who: case.party_label(&statement.party),
            at: Moment(statement.at),
            signed: (signers.len() > 1).then(|| told(|| render::listed(signers.iter().map(signer)))),
            applies: render::applying(status) == Some(ix) && lens.fully_signed(ix),
            open: status.open.contains(&ix),
            changes: changes(case, key, ix, TOLD),
        }
    };
    revisions.into_iter().take(LISTED).map(one).collect()
}

/// What was said and done about it, the latest first, and how much more there is.
fn entries(head: &CaseHead, case: &OpenCase, key: &SubjectKey) -> (Vec<Entry>, usize) {
    let (graph, fold, lens, speech) = (case.record.graph(), case.record.fold(), case.lens(), Speech::of_case(case));
    let revisions: BTreeSet<Ix> = fold.revisions_of(key).iter().copied().collect();
    let mut found: BTreeSet<Ix> = BTreeSet::new();
    let mut next: Vec<Ix> = revisions.iter().copied().collect();
    while let Some(ix) = next.pop() {
        for about in lens.about(&graph.id(ix)) {
            // Of what answers a bundle, only what does not speak of another part of it alone.
            let elsewhere = lens.declared(about).is_some_and(|(_, of)| of != *key);
            if !revisions.contains(&about) && !elsewhere && lens.has(about) && found.insert(about) {
                next.push(about);
            }
        }
    }
    let mut found: Vec<Ix> = found.into_iter().collect();
    found.sort_by_key(|ix| std::cmp::Reverse(graph.order(*ix)));
    let left = found.len().saturating_sub(LISTED);
    let one = |ix: Ix| {
        let (name, statement) = (case.entry_name(&graph.id(ix)), graph.statement(ix));
        let text = told(|| render::sentence(&speech, &case.party_label(&statement.party), &case.record.laid_open(ix)));
        Entry { page: entry_page(head, &name), name, text: text.cut(TOLD).0, at: Moment(statement.at) }
    };
    (found.into_iter().take(LISTED).map(one).collect(), left)
}
