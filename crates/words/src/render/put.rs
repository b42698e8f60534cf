//! What was noted alone, before we joined: each entry is put to us, to acknowledge, to contest or to accept.

use counterpart_core::{act::Act, fold::ActionState, graph::Ix, id::EntryId, view::Grade};

use super::{Speech, sentence, wrapped};
use crate::{
    case::OpenCase,
    style::{Style, styled},
};

/// Entries listed; the log has them all.
const SHOWN: usize = 20;

/// Letters of each that are listed; the log has the whole of it.
const LETTERS: usize = 280;

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
        let text = sentence(&speech.telling(ix), &case.party_label(&graph.statement(ix).party), &act);
        Put { name: case.entry_name(&id), id, kind: act.kind(), text, grade: case.record.grade(ix), promise }
    };
    put.map(one).collect()
}

/// The beginning of a text that is too long for a list.
fn shortened(text: &str) -> Option<String> {
    let (end, _) = text.char_indices().nth(LETTERS)?;
    Some(format!("{}…", text.get(..end).unwrap_or_default().trim_end()))
}

/// The same for people, with the commands that answer.
pub(super) fn lines(case: &OpenCase, columns: usize) -> Vec<String> {
    let all = unanswered(case);
    if all.is_empty() {
        return Vec::new();
    }
    written(case, told(case, all.iter().copied().take(SHOWN)), all.len(), columns)
}

/// Those that are listed, out of so many.
fn written(case: &OpenCase, put: Vec<Put>, all: usize, columns: usize) -> Vec<String> {
    let short = case.short();
    let (mut out, mut cut) = (Vec::new(), false);
    for one in put {
        let head = format!("  {}  ", styled(Style::Strong, &one.name));
        let text = shortened(&one.text);
        cut |= text.is_some();
        let text = text.unwrap_or(one.text);
        out.push(wrapped(&head, &format!("{text} [{}]", one.grade.as_str()), columns));
        if one.promise {
            let typed = case.entry_typed(&one.id);
            let answer = format!(
                "recorded as your promise: counterpart accept {short} {typed}, or counterpart contest {short} {typed} REASON"
            );
            out.push(wrapped("      ", &styled(Style::Faint, &answer), columns));
        }
    }
    if all > SHOWN {
        let more = format!("and {} more: counterpart log {short}", all - SHOWN);
        out.push(wrapped("  ", &more, columns));
    } else if cut {
        out.push(wrapped("  ", &format!("What ends in … is longer: counterpart log {short}"), columns));
    }
    let answers = format!(
        "One by one: counterpart acknowledge {short} REF (it happened so), or counterpart contest {short} REF REASON (it is \
         wrong). Several at once: counterpart acknowledge {short} REF REF ... Silence agrees to nothing."
    );
    out.push(wrapped("  ", &styled(Style::Faint, &answers), columns));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Two;

    /// Whoever comes to a case is told what was noted, and still sees how it stands.
    #[test]
    fn long_texts_are_listed_by_their_beginning() {
        let (short, long) = ("a".repeat(LETTERS), "b c ".repeat(2_500));
        assert_eq!(shortened(&short), None);
        let told = shortened(&long).expect("it is too long");
        assert!(told.ends_with('…') && told.chars().count() <= LETTERS + 1, "{told}");
        assert_eq!(shortened(&"é".repeat(LETTERS + 1)).map(|text| text.chars().count()), Some(LETTERS + 1));

        let case = Two::new().seen_by(1);
        let first = case.record.graph().ordered()[0];
        let lines = |text: &str| {
            let (name, id, text) = ("#2".to_owned(), case.record.graph().id(first), format!("party 0 notes: {text}"));
            let put = Put { name, id, kind: "note", text, grade: Grade::Delivered, promise: false };
            anstream::adapter::strip_str(&written(&case, vec![put], 1, 80).join("\n")).to_string()
        };
        let (brief, cut) = (lines("The line is slow"), lines(&long));
        assert!(brief.contains("The line is slow [") && !brief.contains("is longer"), "{brief}");
        assert!(cut.contains("b c…") || cut.contains("b…"), "{cut}");
        assert!(cut.contains("What ends in … is longer: counterpart log "), "{cut}");
        assert!(cut.lines().count() < brief.lines().count() + 8, "{cut}");
    }
}
