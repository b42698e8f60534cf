//! What was noted alone, before we joined: each entry is put to us, to acknowledge, to contest or to accept.

use counterpart_core::{act::Act, fold::ActionState, graph::Ix, id::EntryId, view::Grade};

use super::{Speech, sentence, wrapped};
use crate::{
    case::OpenCase,
    style::{Style, styled},
};

/// Entries listed; the log has them all.
const SHOWN: usize = 20;

/// An entry that waits for our word.
#[derive(Debug)]
pub struct Put {
    pub name: String,
    pub id: EntryId,
    pub kind: &'static str,
    pub text: String,
    pub grade: Grade,
    /// Whether it is a promise recorded for us, to be accepted or contested.
    pub promise: bool,
}

/// What others noted while we were not in the case, and we have not answered, in the agreed order; and whether it is a
/// promise recorded for us.
fn unanswered(case: &OpenCase) -> Vec<(Ix, bool)> {
    if case.opener == case.own {
        return Vec::new();
    }
    let (graph, lens) = (case.record.graph(), case.lens());
    let own = |ix: Ix| graph.statement(ix).party == case.own;
    let joined = graph.all().find(|ix| own(*ix) && matches!(lens.fold().act(*ix), Act::Join { .. }));
    let Some(joined) = joined else { return Vec::new() };
    let answered =
        |answer: Ix| own(answer) && matches!(lens.fold().act(answer), Act::Acknowledge { .. } | Act::Contest { .. });
    let open = |ix: Ix| match lens.fold().act(ix) {
        Act::Contact(_) | Act::Note { .. } | Act::Item { .. } | Act::Missed { .. } | Act::Attach { .. } => Some(false),
        Act::Propose(proposal) if proposal.alleged.is_some() => {
            let keys = lens.fold().subject_keys(ix);
            let status = lens.status(keys.first()?)?;
            let unanswered = matches!(status.state, ActionState::Proposed | ActionState::Accepted);
            (unanswered && status.open.contains(&ix) && !lens.signatures(ix).into_iter().any(own)).then_some(true)
        }
        _ => None,
    };
    let put = |ix: Ix| {
        if own(ix) || !lens.has(ix) || graph.in_past(joined, ix) || lens.about(&graph.id(ix)).any(answered) {
            return None;
        }
        Some((ix, open(ix)?))
    };
    let mut put: Vec<(Ix, bool)> = graph.all().filter_map(put).collect();
    put.sort_by_key(|(ix, _)| graph.order(*ix));
    put
}

/// How many entries are put to us.
pub fn count_put_to_us(case: &OpenCase) -> usize {
    unanswered(case).len()
}

/// The first so many of what is put to us.
pub fn put_to_us(case: &OpenCase, most: usize) -> Vec<Put> {
    told(case, unanswered(case).into_iter().take(most))
}

fn told(case: &OpenCase, put: impl Iterator<Item = (Ix, bool)>) -> Vec<Put> {
    let (graph, speech) = (case.record.graph(), Speech::of_case(case));
    let one = |(ix, promise)| {
        let (id, act) = (graph.id(ix), case.record.laid_open(ix));
        let text = sentence(&speech, &case.party_label(&graph.statement(ix).party), &act);
        Put { name: case.entry_name(&id), id, kind: act.kind(), text, grade: case.record.grade(ix), promise }
    };
    put.map(one).collect()
}

/// The same for people, with the commands that answer.
pub(super) fn lines(case: &OpenCase, columns: usize) -> Vec<String> {
    let all = unanswered(case);
    if all.is_empty() {
        return Vec::new();
    }
    let short = case.short();
    let mut out = Vec::new();
    for one in told(case, all.iter().copied().take(SHOWN)) {
        let head = format!("  {}  ", styled(Style::Strong, &one.name));
        out.push(wrapped(&head, &format!("{} [{}]", one.text, one.grade.as_str()), columns));
        if one.promise {
            let typed = case.entry_typed(&one.id);
            let answer = format!(
                "recorded as your promise: counterpart accept {short} {typed}, or counterpart contest {short} {typed} REASON"
            );
            out.push(wrapped("      ", &styled(Style::Faint, &answer), columns));
        }
    }
    if all.len() > SHOWN {
        let more = format!("and {} more: counterpart log {short}", all.len() - SHOWN);
        out.push(wrapped("  ", &more, columns));
    }
    let answers = format!(
        "One by one: counterpart acknowledge {short} REF (it happened so), or counterpart contest {short} REF REASON (it is \
         wrong). Several at once: counterpart acknowledge {short} REF REF ... Silence agrees to nothing."
    );
    out.push(wrapped("  ", &styled(Style::Faint, &answers), columns));
    out
}
