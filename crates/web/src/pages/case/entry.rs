//! One entry, whole: its exact text, who signed it, who has it, what is proven, and what came of it.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::Path, http::StatusCode, response::Response};
use counterpart_core::{
    act::Act,
    fold::{SubjectKey, references},
    graph::Ix,
    id::{EntryId, PartyId},
    view::{Held as How, Question, Why},
};
use counterpart_words::{case::OpenCase, render, stamped::Stamps};

use super::{
    CaseHead, Part, ended,
    files::Held,
    record::{Badge, Line, lines, who},
};
use crate::{
    case::with_case,
    guard::{Problem, Visit},
    pages::{Frame, page},
    text::Markup,
    time::Moment,
};

/// Most entries shown of those that speak of one.
const ABOUT: usize = 50;

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    frame: Frame,
    case: CaseHead,
    /// `#7`, and as it is typed.
    name: String,
    typed: String,
    badge: Badge,
    who: Markup,
    /// The whole text, as it was signed.
    text: String,
    /// Who signed it, with which device.
    signer: String,
    /// The rights of that device ended, and whether somebody else may have signed with it.
    ended: Option<(Markup, bool)>,
    at: Moment,
    /// What is proven of the time.
    proven: String,
    /// In whose time that is told.
    zone: String,
    received: Vec<Received>,
    without: Option<String>,
    conclusion: String,
    beside: Vec<String>,
    files: Vec<Held>,
    /// Where the matter stands of which it is a part.
    matters: Vec<Matter>,
    refers: Vec<Line>,
    about: Vec<Line>,
    /// How many more there are.
    about_more: Option<String>,
    /// What came to decide over it, oldest first.
    behind: Vec<Line>,
    foreign: bool,
    /// Whether we can say that it is right, or not right.
    answerable: bool,
    /// Whether something of it could still be erased here.
    erasable: bool,
    earlier: Option<String>,
    later: Option<String>,
    id: String,
    device: String,
}

/// Whether one of the others has it.
#[derive(Debug)]
struct Received {
    has: bool,
    told: Markup,
    /// When a receipt of theirs said so.
    at: Option<Moment>,
    lacks: bool,
}

/// A way to what an entry is a part of.
#[derive(Debug)]
struct Matter {
    path: String,
    name: Markup,
}

/// `GET /case/ID/entry/N`
pub(crate) async fn show(Path((id, typed)): Path<(String, String)>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, mut case| {
        case.stamps = Stamps::of(desk, &case)?;
        let named = case.names.find(&typed).map_err(|why| no_entry(&why.to_string()))?;
        if named.subject.is_some() {
            return Err(no_entry(&format!("there is no {typed} in this case")));
        }
        let parts = desk.files_here(&case.id)?.parts;
        page(&entry(&at, &case, named.ix, &parts))
    })
    .await
}

/// Whether an act says that something is so: then others can say whether it is. Offers and answers are answered otherwise.
fn states(act: &Act) -> bool {
    match act {
        Act::Propose(proposal) => proposal.alleged.is_some(),
        Act::Contact(_)
        | Act::Note { .. }
        | Act::Item { .. }
        | Act::Attach { .. }
        | Act::Progress { .. }
        | Act::Declare { .. }
        | Act::Missed { .. }
        | Act::Stop { .. }
        | Act::Remind { .. }
        | Act::Link { .. }
        | Act::Card(_)
        | Act::Handover { .. }
        | Act::Prove { .. } => true,
        _ => false,
    }
}

fn no_entry(why: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "entry").with("why", why)
}

fn entry(visit: &Visit, case: &OpenCase, ix: Ix, parts: &[(counterpart_core::attachment::FileRef, u64)]) -> EntryPage {
    let (graph, language) = (case.record.graph(), visit.language);
    let (id, statement) = (graph.id(ix), graph.statement(ix));
    let act = case.record.laid_open(ix);
    let why = case.record.why(Question::Entry(ix));
    let step = why.steps.iter().find(|step| step.entry == ix);
    let refers = known(case, references(case.record.fold().act(ix)));
    let mut about: Vec<Ix> = case.record.fold().about(&id).iter().copied().filter(|ix| graph.counts(*ix)).collect();
    about.sort_unstable_by_key(|ix| std::cmp::Reverse(graph.order(*ix)));
    let more = about.len().saturating_sub(ABOUT) as u64;
    about.truncate(ABOUT);
    let files = render::files_of(case, ix, parts);
    let head = CaseHead::of(visit, case, Part::Record);
    let ordered = graph.ordered();
    let place = ordered.iter().position(|other| *other == ix);
    let beside = |step: isize| {
        let other = ordered.get(place?.checked_add_signed(step)?)?;
        Some(head.path(&format!("/entry/{}", case.entry_typed(&graph.id(*other)))))
    };
    let answers = |ix: &&Ix| {
        graph.statement(**ix).party == case.own
            && matches!(case.record.fold().act(**ix), Act::Acknowledge { .. } | Act::Contest { .. })
    };
    EntryPage {
        name: case.entry_name(&id),
        typed: case.entry_typed(&id),
        badge: Badge::of(language, case.record.grade(ix), case.record.held_by_others(&[ix]) == [How::Mailbox]),
        who: who(language, case, &statement.party),
        text: render::in_full(&render::Speech::of_case(case), &case.party_label(&statement.party), &act),
        signer: step.map_or_else(|| case.party_label(&statement.party), |step| render::signer(case, step)),
        ended: ended::of(language, case, &statement.party, &statement.device),
        at: Moment(statement.at),
        proven: step.map(|step| render::proven(case, step)).unwrap_or_default(),
        zone: language.fill("entry.zone", &[("zone", &render::line(case.zone()))]),
        received: received(visit, case, ix),
        without: step.and_then(render::remark),
        conclusion: render::conclusion(case, &why),
        beside: render::beside(case, ix, &[]),
        files: files.iter().map(|file| Held::of(visit, case, file)).collect(),
        matters: matters(visit, case, ix, &head),
        refers: lines(visit, case, &refers),
        answerable: statement.party != case.own && states(&act) && !about.iter().any(|ix| answers(&ix)),
        erasable: !crate::acts::left(case, ix).is_empty(),
        about: lines(visit, case, &about),
        about_more: (more > 0).then(|| language.count("entry.about.more", more)),
        behind: behind(visit, case, ix, &why),
        foreign: statement.party != case.own,
        earlier: beside(-1),
        later: beside(1),
        id: id.to_hex(),
        device: statement.device.to_hex(),
        frame: Frame::of(visit, "/cases"),
        case: head,
    }
}

/// The entries of these that are here, each once.
fn known(case: &OpenCase, ids: Vec<EntryId>) -> Vec<Ix> {
    let mut seen = BTreeSet::new();
    ids.iter().filter_map(|id| case.record.graph().find(id)).filter(|ix| seen.insert(*ix)).collect()
}

/// The acts that decided over an entry, where they are more than itself.
fn behind(visit: &Visit, case: &OpenCase, ix: Ix, why: &Why) -> Vec<Line> {
    let steps: Vec<Ix> = why.steps.iter().map(|step| step.entry).filter(|other| *other != ix).take(ABOUT).collect();
    lines(visit, case, &steps)
}

/// Who of the others has an entry, and by which word of theirs.
fn received(visit: &Visit, case: &OpenCase, ix: Ix) -> Vec<Received> {
    let (record, graph) = (&case.record, case.record.graph());
    let (id, author) = (graph.id(ix), graph.statement(ix).party);
    let others = record.lens().members().into_iter().filter(|party| *party != case.own && *party != author);
    let covered = |heads: &[EntryId]| {
        let heads: Vec<Ix> = heads.iter().filter_map(|head| graph.find(head)).collect();
        graph.covered_by(ix, &heads)
    };
    let one = |party: PartyId| {
        let receipts = || record.receipts().iter().map(|r| &r.receipt).filter(|r| r.party == party);
        let held = record.held(&party, &[ix]).pop().unwrap_or(How::Not);
        let held = if record.delivers_to(&party) { Some(held) } else { None };
        let key = match held {
            Some(How::Themselves) => "entry.received",
            Some(How::Mailbox) => "entry.received.mailbox",
            Some(How::Not) => "entry.received.not",
            None => "entry.received.left",
        };
        let has = held == Some(How::Themselves);
        // What their mailbox said first is not their own word.
        let told = receipts().filter(|r| !has || !record.is_mailbox(&party, &r.device));
        let first = told.filter(|r| covered(&r.heads)).map(|r| r.at).min();
        let last = receipts().max_by_key(|r| (r.at, r.number));
        Received {
            has,
            told: visit.language.markup(key, &[("who", Markup::default().peer(&case.party_label(&party)))]),
            at: first.filter(|_| matches!(held, Some(How::Themselves | How::Mailbox))).map(Moment),
            lacks: has && last.is_some_and(|r| r.lacking.contains(&id)),
        }
    };
    others.map(one).collect()
}

/// Where one sees how what an entry is about stands now.
fn matters(visit: &Visit, case: &OpenCase, ix: Ix, head: &CaseHead) -> Vec<Matter> {
    let fold = case.record.fold();
    let mut keys: Vec<SubjectKey> = fold.subject_keys(ix).to_vec();
    if let Act::Item { key, .. } = fold.act(ix) {
        keys.push(SubjectKey::Item(key.clone()));
    }
    let about = references(fold.act(ix));
    let behind = about.first().and_then(|id| fold.revision_behind(case.record.graph(), id));
    if let (true, Some(revision)) = (keys.is_empty(), behind) {
        keys.extend(fold.subject_keys(revision).iter().cloned());
    }
    keys.dedup();
    let matter = |key: &SubjectKey| {
        let path = match key {
            SubjectKey::Item(key) => head.path(&format!("/facts/{}", super::facts::segment(key))),
            SubjectKey::Action(_) | SubjectKey::Terms(_) | SubjectKey::Close(_) => {
                let name = case.subject_name(key);
                head.path(&format!("/action/{}", name.trim_start_matches('#').replace('/', "-")))
            }
            SubjectKey::Seat(_) | SubjectKey::NewSeat(_) => head.path("/people"),
            SubjectKey::Level => return None,
        };
        let name = match key {
            SubjectKey::Item(key) => Markup::default().peer(key),
            _ => Markup::default().peer(&case.subject_name(key)),
        };
        Some(Matter { path, name: visit.language.markup("entry.matter", &[("what", name)]) })
    };
    keys.iter().filter_map(matter).take(ABOUT).collect()
}
