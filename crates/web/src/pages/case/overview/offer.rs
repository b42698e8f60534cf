//! Proposals that wait for an answer: what they say, and what they would change.

use counterpart_core::{
    act::{Subject, Topic},
    fold::SubjectKey,
    graph::Ix,
    view::{Expected, Move},
};
use counterpart_process::clocks::Agreed;
use counterpart_words::{
    case::OpenCase,
    item_value,
    render::{self, Speech, outlook},
};

use super::{
    cut, matter_page,
    moves::{Button, buttons, entry_page},
    opened,
};
use crate::{
    acts::about::form,
    language::Language,
    pages::CaseHead,
    text::{Told, all_told, told},
    time::Moment,
};

/// Letters of a term, where a page of its own has it whole.
const TERM: usize = 500;

/// What changes, under a line that says of what.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    pub(crate) head: Told,
    pub(crate) lines: Vec<Told>,
}

/// One subject of a proposal.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) what: Told,
    pub(crate) page: Option<String>,
    pub(crate) changes: Vec<Changes>,
    pub(crate) terms: Vec<(&'static str, String)>,
}

/// A proposal that can still be answered.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) name: String,
    pub(crate) entry: String,
    /// Whose it is, made ready to be shown.
    pub(crate) who: String,
    pub(crate) own: bool,
    /// Recorded from what the other side said.
    pub(crate) said: bool,
    pub(crate) at: Moment,
    pub(crate) parts: Vec<Part>,
    pub(crate) note: Option<String>,
    /// How long it is open, and whether it must be confirmed.
    pub(crate) lines: Vec<Told>,
    /// One's own answer is waited for.
    pub(crate) yours: bool,
    /// Who else is.
    pub(crate) waits: Option<Told>,
    pub(crate) buttons: Vec<Button>,
}

/// What a revision changes on a matter, as a page shows it.
pub(crate) fn changes(case: &OpenCase, key: &SubjectKey, revision: Ix, most: usize) -> Vec<Changes> {
    let found = || {
        let found = render::differences_of(&Speech::of_case(case), key, revision);
        found.iter().map(|one| (render::changes_head(case, one, revision), one.lines())).collect::<Vec<_>>()
    };
    let one = |(head, lines): (String, Vec<String>)| Changes {
        head: Told::of(head),
        lines: lines.into_iter().map(|line| Told::of(line).cut(most).0).collect(),
    };
    render::set_apart(found).into_iter().map(one).collect()
}

/// What is proposed, term by term; of service clocks without every day on which nothing counts.
fn in_short(speech: &Speech<'_>, subject: &Subject) -> Vec<(&'static str, String)> {
    let mut terms = render::subject_terms(speech, subject, true);
    if let Topic::Item { value, .. } = &subject.topic
        && Agreed::read(value).is_ok()
        && let Some((_, text)) = terms.iter_mut().find(|(label, _)| *label == "value")
    {
        let hours = item_value::lines(value).into_iter().nth(1);
        *text = std::iter::once(item_value::show(value)).chain(hours).collect::<Vec<_>>().join("\n");
    }
    terms
}

/// The revisions that can still be answered, in the agreed order.
pub(crate) fn open_revisions(case: &OpenCase) -> Vec<Ix> {
    let view = case.view();
    let actions = view.actions.iter().flat_map(|action| &action.status.open);
    let matters = view.matters.iter().flat_map(|matter| &matter.status.open);
    let mut open: Vec<Ix> = actions.chain(matters).copied().collect();
    open.sort_unstable();
    open.dedup();
    let graph = case.record.graph();
    open.sort_by_key(|ix| graph.order(*ix));
    open
}

impl Offer {
    /// With buttons for some of what can be done; those that are about it are picked out.
    pub(crate) fn of(
        language: &'static Language,
        head: &CaseHead,
        case: &OpenCase,
        revision: Ix,
        possible: &[Move],
    ) -> Self {
        let (graph, fold, speech) = (case.record.graph(), case.record.fold(), Speech::of_case(case));
        let (id, statement) = (graph.id(revision), graph.statement(revision));
        let part = |key: &SubjectKey| {
            let subject = opened(case, revision, key);
            let short = |(label, text): (&'static str, String)| (label, cut(&text, TERM));
            let terms = subject.as_ref().map(|subject| in_short(&speech, subject));
            let what = || subject.map(|subject| render::subject_in_a_line(&speech, &subject)).unwrap_or_default();
            Part {
                what: told(what).cut(TERM).0,
                page: matter_page(head, case, key),
                changes: changes(case, key, revision, TERM),
                terms: terms.unwrap_or_default().into_iter().map(short).collect(),
            }
        };
        let proposal = fold.proposal(revision);
        let note = proposal.and_then(|p| p.note.as_ref()).map(|note| cut(&render::sealable(note), TERM));
        let name = case.entry_name(&id);
        let waiting = case.view().waiting.iter().filter(|w| w.about == Some(id) && w.expected == Expected::Answer);
        let (mine, others): (Vec<_>, Vec<_>) = waiting.map(|w| w.seat).partition(|seat| case.is_own_seat(seat));
        let waits = || render::listed(others.iter().map(|seat| case.seat_label(seat)));
        let own = statement.party == case.own;
        let said = proposal.is_some_and(|p| p.alleged.is_some());
        let mut buttons = buttons(language, case, possible.iter().filter(|made| made.about == id));
        if said && !own && !buttons.is_empty() {
            buttons.push(Button {
                path: form(case, "contest", &name),
                name: language.say("case.do.contest").to_owned(),
                of: name.clone(),
                look: "second away",
            });
        }
        Self {
            entry: entry_page(head, &name),
            name,
            who: case.party_label(&statement.party),
            own,
            said,
            at: Moment(statement.at),
            parts: fold.subject_keys(revision).iter().map(part).collect(),
            note,
            lines: all_told(|| render::offer_lines(case, revision)),
            yours: !mine.is_empty(),
            waits: (!others.is_empty()).then(|| told(waits)),
            buttons,
        }
    }

    /// Whether one of its buttons leads there.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.buttons.iter().any(|button| button.path == path)
    }

    /// Several at once, with what can be done about them.
    pub(crate) fn all(language: &'static Language, head: &CaseHead, case: &OpenCase, open: &[Ix]) -> Vec<Self> {
        let mut keys: Vec<SubjectKey> =
            open.iter().flat_map(|ix| case.record.fold().subject_keys(*ix)).cloned().collect();
        keys.sort_unstable();
        keys.dedup();
        let possible = outlook::moves_on(case, &case.own, &keys);
        open.iter().map(|ix| Self::of(language, head, case, *ix, &possible)).collect()
    }
}
