//! How a case stands: whose move, what is agreed, what is next.

mod board;
mod clocks;
pub(super) mod moves;
pub(super) mod offer;

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::Path, http::StatusCode, response::Response};
use counterpart_core::{
    act::{Act, ActionTerms, Subject, Topic},
    fold::SubjectKey,
    graph::Ix,
    id::EntryId,
    value::Seat,
    view::{CaseState, Expected, Follows, MatterView, Waiting},
};
use counterpart_words::{
    case::OpenCase,
    render::{self, Speech, outlook},
};

pub(super) use self::board::{DueShown, StateShown, due_of};
use self::{
    board::{Asked, Look},
    clocks::ClocksShown,
    moves::{Button, Turn, entry_page, page_of},
    offer::{Offer, open_revisions},
};
use super::{
    CaseHead, Part,
    action::grouped,
    ended::{self, Alarm},
};
use crate::{
    acts::about::form,
    case::with_case,
    guard::{Problem, Visit},
    language::Language,
    pages::{Frame, page},
    text::{Told, all_told, told},
};

/// Moves, proposals and other things that are shown of each kind before the rest is only counted.
const SHOWN: usize = 8;

/// Letters of somebody's text where it is only named.
const TOLD: usize = 400;

/// How many moves are looked at to find the one that presses most.
const LOOKED_AT: usize = 24;

/// Whom one waits for.
#[derive(Debug)]
struct Awaited {
    who: String,
    absent: bool,
    turns: Vec<Turn>,
    more: Option<String>,
}

/// An agreement on something else than an action.
#[derive(Debug)]
struct Matter {
    name: String,
    page: String,
    what: Told,
    state: StateShown,
    lines: Vec<(Told, Vec<Told>)>,
}

/// What stands somewhere else, and a way there.
#[derive(Debug)]
struct Elsewhere {
    name: String,
    page: String,
    text: Told,
    buttons: Vec<Button>,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    case: CaseHead,
    /// The entry by which it was closed.
    closed: Option<String>,
    reopened: bool,
    alarms: Vec<Alarm>,
    /// The one next thing, and where it is an answer, to what.
    next: Option<(Turn, Option<Offer>)>,
    /// More of one's own moves.
    more: Vec<Turn>,
    more_than: Option<String>,
    waits: Vec<Awaited>,
    clocks: Option<ClocksShown>,
    offers: Vec<Offer>,
    offers_than: Option<(String, String)>,
    put: Vec<Elsewhere>,
    put_than: Option<String>,
    /// How many actions there are.
    actions: usize,
    board_path: String,
    list_path: String,
    look: Look,
    matters: Vec<Matter>,
    matters_than: Option<String>,
    disputes: Vec<Elsewhere>,
    /// What is delivered and proven.
    shared: Vec<Told>,
    proven: Option<Told>,
    /// Somebody can be invited.
    invite: bool,
    /// Nobody else has joined yet.
    alone: bool,
    /// Nothing was proposed or agreed so far.
    empty: bool,
}

impl OverviewPage {
    /// What others have not done in time, the oldest.
    fn late(&self) -> Option<&Turn> {
        self.waits.iter().flat_map(|wait| &wait.turns).find(|turn| turn.late)
    }
}

/// `GET /case/ID`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |_, case| {
        let head = CaseHead::of(&at, &case, Part::Overview);
        let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
        let asked = Asked::read(&at.query).ok_or_else(absent)?;
        let look = board::look(at.language, &head, &case, asked).ok_or_else(absent)?;
        page(&overview(&at, head, &case, look))
    })
    .await
}

fn overview(visit: &Visit, head: CaseHead, case: &OpenCase, look: Look) -> OverviewPage {
    let (language, view) = (visit.language, case.view());
    let closed = match view.state {
        CaseState::Closed(ix) => Some(case.entry_name(&case.record.graph().id(ix))),
        _ => None,
    };
    let (mine, theirs): (Vec<&Waiting>, Vec<&Waiting>) =
        view.waiting.iter().partition(|waiting| case.is_own_seat(&waiting.seat));
    let mut open = open_revisions(case);
    // Those that wait for one's own answer first.
    open.sort_by_key(|ix| !awaits_answer(&mine, &case.record.graph().id(*ix)));
    let (next, more, left) = own_turns(language, &head, case, &mine, open.get(..=SHOWN).unwrap_or(&open));
    let than = |all: usize| all.checked_sub(SHOWN).filter(|n| *n > 0).map(|n| n as u64);
    let answered = next.as_ref().and_then(|(_, offer)| offer.as_ref().map(|(ix, _)| *ix));
    open.retain(|ix| Some(*ix) != answered);
    let offers = Offer::all(language, &head, case, open.get(..SHOWN).unwrap_or(&open));
    let offers_than = than(open.len())
        .map(|n| (head.path("?view=list&show=proposed#actions"), language.count("case.offers.more", n)));
    let put_count = render::count_put_to_us(case);
    let matters: Vec<&MatterView> = view.matters.iter().filter(|m| m.key != SubjectKey::Level).collect();
    let (board_path, list_path) = (head.path("#actions"), head.path("?view=list#actions"));
    OverviewPage {
        frame: Frame::of(visit, "/cases"),
        alarms: ended::alarms(language, case),
        reopened: matches!(view.state, CaseState::Reopened(_)),
        closed,
        next: next.map(|(turn, offer)| (turn, offer.map(|(_, offer)| offer))),
        more_than: (left > 0).then(|| language.count("case.moves.more", left as u64)),
        more,
        waits: awaited(language, &head, case, &theirs),
        clocks: ClocksShown::of(language, &head, case),
        // Who was let in says nothing yet of what is to be done.
        empty: view.actions.is_empty()
            && matters.iter().all(|m| matches!(m.key, SubjectKey::Seat(_) | SubjectKey::NewSeat(_))),
        offers,
        offers_than,
        put: put(language, &head, case),
        put_than: than(put_count).map(|n| language.count("case.put.more", n)),
        actions: view.actions.len(),
        board_path,
        list_path,
        look,
        matters_than: than(matters.len()).map(|n| language.count("case.matters.more", n)),
        // The latest are the ones that matter.
        matters: matters.iter().rev().take(SHOWN).map(|m| matter(&head, case, m)).collect(),
        disputes: disputes(&head, case),
        shared: all_told(|| render::delivered(case, false)),
        proven: render::set_apart(|| render::checkpoint(case)).map(Told::of),
        alone: case.seats.iter().all(|seat| seat.parties.is_empty() || case.is_own_seat(&seat.seat)),
        invite: case.seats.iter().any(|seat| seat.parties.is_empty()) && case.opener == case.own,
        case: head,
    }
}

type Next = Option<(Turn, Option<(Ix, Offer)>)>;

/// Whether one of these moves is to answer that.
fn awaits_answer(waits: &[&Waiting], revision: &EntryId) -> bool {
    waits.iter().any(|waiting| waiting.expected == Expected::Answer && waiting.about.as_ref() == Some(revision))
}

/// The one next thing, more of one's own, and how much is left: without answers to proposals that are shown as such.
fn own_turns(
    language: &'static Language,
    head: &CaseHead,
    case: &OpenCase,
    mine: &[&Waiting],
    shown: &[Ix],
) -> (Next, Vec<Turn>, usize) {
    let graph = case.record.graph();
    let mut waits: Vec<Waiting> = mine.iter().map(|waiting| (*waiting).clone()).collect();
    waits.sort_by_key(|waiting| waiting.since);
    let mut awaited = outlook::awaited(case, waits.get(..LOOKED_AT).unwrap_or(&waits));
    let late = |follows: &Follows| matches!(follows, Follows::Due { at, recorded: false, .. } if *at < case.now);
    // What is late presses most; then the oldest.
    awaited.sort_by_key(|one| !one.follows.iter().any(late));
    let next = awaited.first().map(|one| {
        let answered = one.waiting.about.filter(|_| one.waiting.expected == Expected::Answer);
        let offer = answered.and_then(|id| graph.find(&id));
        let offer = offer.map(|ix| (ix, Offer::of(language, head, case, ix, &one.moves)));
        (Turn::of(language, head, case, one), offer)
    });
    let apart = |waiting: &Waiting| shown.iter().any(|ix| awaits_answer(&[waiting], &graph.id(*ix)));
    let others: Vec<_> = awaited.iter().skip(1).filter(|one| !apart(&one.waiting)).collect();
    let more = others.iter().take(SHOWN).map(|one| Turn::of(language, head, case, one)).collect();
    (next, more, others.len().saturating_sub(SHOWN) + waits.len().saturating_sub(LOOKED_AT))
}

/// Whom one waits for, seat by seat.
fn awaited(language: &'static Language, head: &CaseHead, case: &OpenCase, theirs: &[&Waiting]) -> Vec<Awaited> {
    let mut by_seat: BTreeMap<Seat, Vec<Waiting>> = BTreeMap::new();
    for waiting in theirs {
        by_seat.entry(waiting.seat).or_default().push((*waiting).clone());
    }
    let one = |(seat, mut waits): (Seat, Vec<Waiting>)| {
        waits.sort_by_key(|waiting| waiting.since);
        let rest = waits.len().saturating_sub(SHOWN) as u64;
        waits.truncate(SHOWN);
        let mut awaited = outlook::awaited(case, &waits);
        // That silence binds nobody stands on the page of what it is about.
        awaited.iter_mut().for_each(|one| one.follows.retain(|follows| *follows != Follows::Nothing));
        let turns: Vec<Turn> = awaited.iter().map(|one| Turn::of(language, head, case, one)).collect();
        Awaited {
            who: case.seat_label(&seat),
            absent: waits.iter().any(|waiting| waiting.party.is_none()),
            turns,
            more: (rest > 0).then(|| language.count("case.waits.more", rest)),
        }
    };
    by_seat.into_iter().map(one).collect()
}

/// What was noted before one was here.
fn put(language: &'static Language, head: &CaseHead, case: &OpenCase) -> Vec<Elsewhere> {
    let one = |put: render::Put| {
        let way = |kind: &str, look| Button {
            path: form(case, kind, &put.name),
            name: language.say(&format!("case.do.{kind}")).to_owned(),
            of: put.name.clone(),
            look,
        };
        let yes = if put.promise { "accept" } else { "acknowledge" };
        Elsewhere {
            page: entry_page(head, &put.name),
            text: Told::of(put.text).cut(TOLD).0,
            buttons: vec![way(yes, "second"), way("contest", "second away")],
            name: put.name,
        }
    };
    render::set_apart(|| render::put_to_us(case, SHOWN)).into_iter().map(one).collect()
}

fn matter(head: &CaseHead, case: &OpenCase, matter: &MatterView) -> Matter {
    let name = render::matter_name(case, matter);
    let subject = opened(case, matter.status.revision, &matter.key);
    let what = || subject.map(|s| render::subject_in_a_line(&Speech::of_case(case), &s)).unwrap_or_default();
    let lines = render::set_apart(|| render::beside_terms(case, &matter.key, &matter.status));
    Matter {
        page: page_of(head, &name),
        what: told(what).cut(TOLD).0,
        state: StateShown::of(matter.status.state, matter.settled),
        lines: grouped(lines),
        name,
    }
}

/// Disputes about what is part of no agreement.
fn disputes(head: &CaseHead, case: &OpenCase) -> Vec<Elsewhere> {
    let (graph, speech) = (case.record.graph(), Speech::of_case(case));
    let one = |ix: Ix| {
        let name = case.entry_name(&graph.id(ix));
        let text = || {
            let who = case.party_label(&graph.statement(ix).party);
            render::sentence(&speech, &who, &case.record.laid_open(ix))
        };
        let text = told(text).cut(TOLD).0;
        Elsewhere { page: entry_page(head, &name), name, text, buttons: Vec::new() }
    };
    render::other_disputes(case).into_iter().take(SHOWN).map(one).collect()
}

/// A matter's own page.
pub(super) fn matter_page(head: &CaseHead, case: &OpenCase, key: &SubjectKey) -> Option<String> {
    let name = match key {
        SubjectKey::Action(_) => case.subject_name(key),
        _ => render::matter_name(case, case.view().matters.iter().find(|matter| matter.key == *key)?),
    };
    Some(page_of(head, &name))
}

/// What a matter is about now, on one line.
pub(super) fn matter_in_a_line(case: &OpenCase, key: &SubjectKey) -> Option<String> {
    let status = case.lens().status(key)?;
    let subject = opened(case, render::applying(&status).unwrap_or(status.revision), key)?;
    Some(render::subject_in_a_line(&Speech::of_case(case), &subject))
}

/// What a revision says of a matter, with what of it is sealed laid open as far as it is here.
pub(super) fn opened(case: &OpenCase, revision: Ix, key: &SubjectKey) -> Option<Subject> {
    let at = case.record.fold().subject_keys(revision).iter().position(|known| known == key)?;
    if case.record.values_of(&case.record.graph().id(revision)).is_empty() {
        return case.record.fold().proposal(revision)?.subjects.get(at).cloned();
    }
    match case.record.laid_open(revision) {
        Act::Propose(proposal) | Act::Counter { proposal, .. } => proposal.subjects.into_iter().nth(at),
        _ => None,
    }
}

pub(super) fn action_terms(subject: &Subject) -> Option<&ActionTerms> {
    match &subject.topic {
        Topic::Action { terms, .. } => Some(terms),
        _ => None,
    }
}

/// So many letters of a text, and a sign that there are more.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default().trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_letters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("a b c", 2), "a…");
        assert_eq!(cut("", 0), "");
    }
}
