//! Why something stands as it does, told act by act.

use counterpart_core::{
    act::{Act, Mode},
    fold::{Closing, SubjectKey, Verdict},
    graph::Ix,
    id::short_form,
    value::Seat,
    view::{Because, Bound, Evidence, Proven, Question, Why, WhyStep},
};

use super::{
    Speech,
    aside::{late_by_own_clock, others_who_sign},
    layout::width,
    listed, revision_in_force, sealable, sentence, subject_in_a_line, wrapped,
};
use crate::{
    case::OpenCase,
    item_value,
    style::{Style, styled},
    when,
};

/// Everything `counterpart why` prints, for so many columns.
pub fn why(case: &OpenCase, why: &Why, columns: usize) -> String {
    let mut out = vec![wrapped("", &styled(Style::Strong, &asked(case, why)), columns)];
    for step in &why.steps {
        out.push(String::new());
        out.extend(step_lines(case, step, columns));
    }
    out.push(String::new());
    out.push(wrapped("", &styled(Style::Strong, &conclusion(case, why)), columns));
    out.join("\n")
}

/// What was asked about.
fn asked(case: &OpenCase, why: &Why) -> String {
    match &why.question {
        Question::Subject(SubjectKey::Item(key)) => format!("Why the item {} stands as it does", super::line(key)),
        Question::Subject(key) => {
            let status = case.lens().status(key);
            let subject = status.and_then(|s| case.lens().subject(s.revision, key));
            let what =
                subject.map(|s| format!(": {}", subject_in_a_line(&Speech::of_case(case), s))).unwrap_or_default();
            let state = why.state.map(|s| format!(" is {}", s.as_str())).unwrap_or_default();
            format!("Why {}{state}{what}", case.subject_name(key))
        }
        Question::Entry(ix) => format!("Why {} stands as it does", name(case, *ix)),
    }
}

fn name(case: &OpenCase, ix: Ix) -> String {
    case.entry_name(&case.record.graph().id(ix))
}

fn author(case: &OpenCase, ix: Ix) -> String {
    case.party_label(&case.record.graph().statement(ix).party)
}

fn step_lines(case: &OpenCase, step: &WhyStep, columns: usize) -> Vec<String> {
    let speech = Speech::of_case(case);
    let first = format!("{}  ", styled(Style::Strong, &name(case, step.entry)));
    let margin = " ".repeat(width(&first));
    let told =
        sentence(&speech.telling(step.entry), &case.party_label(&step.party), &case.record.laid_open(step.entry));
    let mut out = vec![wrapped(&first, &told, columns)];
    let clock = when::show(step.at, case.zone());
    let signed = format!("signed by {}, {clock} by its own clock", signer(case, step));
    out.push(wrapped(&margin, &styled(Style::Faint, &signed), columns));
    if let Some((ended, warns)) = super::ended_in_words(case, &step.party, &step.device) {
        let style = if warns { Style::Warn } else { Style::Faint };
        out.push(wrapped(&margin, &styled(style, &ended), columns));
    }
    out.push(wrapped(&margin, &styled(Style::Faint, &proven(case, step)), columns));
    if let Some(remark) = remark(step) {
        out.push(wrapped(&margin, &styled(Style::Warn, &remark), columns));
    }
    out
}

/// "Priya for Northlink Ltd (device K7F2-...)"; of one of our own with what it is called here: "(desk-2, device K7F2-...)".
pub fn signer(case: &OpenCase, step: &WhyStep) -> String {
    let party = case.party_label(&step.party);
    let who = step.person.as_ref().map_or_else(|| party.clone(), |person| format!("{} for {party}", sealable(person)));
    let short = short_form(&step.device.0);
    match case.devices.get(&step.device).filter(|_| step.party == case.own) {
        Some(name) => format!("{who} ({}, device {short})", super::line(name)),
        None => format!("{who} (device {short})"),
    }
}

/// Why an act counts for nothing.
pub fn remark(step: &WhyStep) -> Option<String> {
    no_effect(&step.verdict, step.counts)
}

/// Why what was judged so counts for nothing; nothing where it has effect and counts in the end.
pub fn no_effect(verdict: &Verdict, counts: bool) -> Option<String> {
    match verdict {
        Verdict::Effective if counts => None,
        Verdict::Effective => Some(set_aside().to_owned()),
        Verdict::Without(reason) => Some(format!("without effect, because {reason}")),
        Verdict::NotJudged => Some("not judged by this version of the program".to_owned()),
    }
}

fn set_aside() -> &'static str {
    "without effect in the end: a revoked key, two histories of its key, or what its own receipts prove took it away"
}

/// Between which times it is proven to have been signed, and by whose word.
pub fn proven(case: &OpenCase, step: &WhyStep) -> String {
    let (at, proven): (i64, &Proven) = (step.at, &step.proven);
    let short = |instant: i64| when::show_short(instant, case.zone(), case.now);
    let whose = |bound: &Bound| match bound.by {
        Evidence::Entry(ix) => format!("{} of {}", name(case, ix), case.party_label(&bound.party)),
        Evidence::Receipt(id) => {
            let receipt = case.record.receipts().iter().find(|receipt| receipt.id == id);
            let mailbox = receipt.is_some_and(|r| case.record.is_mailbox(&bound.party, &r.receipt.device));
            format!("a receipt of {}{}", case.party_label(&bound.party), if mailbox { "'s mailbox" } else { "" })
        }
    };
    let from = proven.not_before.as_ref().map(|b| format!("not before {} (it knows {})", short(b.at), whose(b)));
    let stamp = case.stamps.over(step.entry).filter(|s| proven.not_after.as_ref().is_none_or(|b| s.at < b.at));
    let known = |b: &Bound| format!("not after {} ({} knows it)", short(b.at), whose(b));
    let to = stamp.map(|s| s.in_words(case)).or_else(|| proven.not_after.as_ref().map(known));
    let told: Vec<String> = from.into_iter().chain(to).collect();
    if told.is_empty() {
        return "when is not proven: nobody else has signed anything before or after it".to_owned();
    }
    let early = proven.not_before.as_ref().is_some_and(|b| at < b.at);
    let latest = stamp.map(|s| s.at).or_else(|| proven.not_after.as_ref().map(|b| b.at));
    let late = latest.is_some_and(|latest| at > latest);
    let misfit = if early || late { "; that does not fit its own clock: one of the clocks was wrong" } else { "" };
    format!("proven: {}{misfit}", told.join(", "))
}

/// The closing sentence.
pub fn conclusion(case: &OpenCase, why: &Why) -> String {
    let state = match (&why.question, why.state) {
        (Question::Subject(_), Some(state)) => state.as_str().to_owned(),
        _ => standing(&why.because).to_owned(),
    };
    let mut text = format!("So it is {state}, because {}.", because(case, &why.because));
    if let (Question::Entry(ix), Because::Effect) = (&why.question, &why.because) {
        text.push_str(&outcome(case, *ix));
    }
    let disputes = match &why.question {
        Question::Subject(key) => case.lens().disputes(key),
        Question::Entry(ix) => case.lens().disputes_about(*ix),
    };
    let open: Vec<String> = disputes.iter().filter(|d| d.ended_by.is_none()).map(|d| name(case, d.dispute)).collect();
    if !open.is_empty() {
        text.push_str(&format!(" It is disputed in {}.", listed(open.into_iter())));
    }
    text.push_str(&pending(case, &why.question));
    text
}

/// What may yet change a subject: other terms that are offered, requests that wait for an answer.
fn pending(case: &OpenCase, question: &Question) -> String {
    let Question::Subject(key) = question else { return String::new() };
    let Some(status) = case.lens().status(key) else { return String::new() };
    let names = |list: &[Ix]| listed(list.iter().map(|ix| name(case, *ix)));
    let mut text = String::new();
    if revision_in_force(&status).is_some() && !status.open.is_empty() {
        text.push_str(&format!(" A change is proposed in {}.", names(&status.open)));
    }
    if !status.release_requests.is_empty() {
        text.push_str(&format!(" Release from it is asked in {}.", names(&status.release_requests)));
    }
    if !status.reopen_requests.is_empty() {
        text.push_str(&format!(" Reopening it is asked in {}.", names(&status.reopen_requests)));
    }
    text
}

/// What became of the offer that an entry signs.
fn outcome(case: &OpenCase, ix: Ix) -> String {
    let (Act::Accept { revision, .. } | Act::Confirm { revision }) = case.record.fold().act(ix) else {
        return String::new();
    };
    let Some(of) = case.record.graph().find(revision) else { return String::new() };
    let then = case.record.why(Question::Entry(of)).because;
    format!(" {}, which it signs, is {}, because {}.", name(case, of), standing(&then), because(case, &then))
}

/// The word for what became of one entry.
fn standing(because: &Because) -> &'static str {
    match because {
        Because::Signed { .. } => "in force",
        Because::Awaits { .. } => "an open offer",
        Because::Closed { .. } => "no longer open",
        Because::Replaced { .. } => "not in force",
        Because::Declared { .. } => "declared",
        Because::Rejected { .. } => "rejected",
        Because::Approved { .. } => "completed",
        Because::Ended { .. } => "ended",
        Because::Stopped { .. } => "given up",
        Because::Decided { .. } => "decided",
        Because::Crossed { .. } => "suspended",
        Because::Contested { .. } | Because::SetAside => "contested",
        Because::Stated { .. } => "as stated",
        Because::Effect => "effective",
        Because::Without(_) => "without effect",
        Because::NotJudged => "not judged",
    }
}

fn because(case: &OpenCase, because: &Because) -> String {
    let by = |ix: Ix| format!("{} ({})", author(case, ix), name(case, ix));
    let all_by = |list: &[Ix]| listed(list.iter().map(|ix| by(*ix)));
    match because {
        Because::Signed { revision, signatures } => {
            format!("{}{}", signed(case, *revision, signatures), chosen(case, *revision))
        }
        Because::Awaits { revision, missing, .. } => awaits(case, *revision, missing),
        Because::Closed { revision, closing } => closed(case, *revision, *closing),
        Because::Replaced { by: later, .. } => format!("other terms are agreed in its place: {}", name(case, *later)),
        Because::Declared { declare, approvals, missing } => {
            let approved = match approvals.as_slice() {
                [] => String::new(),
                list => format!(", {} approved", all_by(list)),
            };
            let missing = listed(missing.iter().map(|s| case.seat_label(s)));
            format!("{} declared it done{approved}, and {missing} has not said yet whether it is", by(*declare))
        }
        Because::Rejected { declare, reject } => {
            let reason = match case.record.laid_open(*reject) {
                Act::Reject { reason, .. } => format!(": {}", sealable(&reason)),
                _ => String::new(),
            };
            format!("{} rejected what {} declared done{reason}", by(*reject), by(*declare))
        }
        Because::Approved { declare, approvals } => {
            format!("{} declared it done and {} approved the result", by(*declare), all_by(approvals))
        }
        Because::Ended { request, grants, .. } => match case.record.fold().act(*request) {
            Act::Cancel { clause, .. } => {
                format!("{} cancelled it under clause {} of the signed terms", by(*request), clause + 1)
            }
            _ if grants.is_empty() => {
                format!("{} asked to be released from it and everybody else asked too", by(*request))
            }
            _ => format!("{} asked to be released from it and {} allowed it", by(*request), all_by(grants)),
        },
        Because::Stopped { stop } => {
            let reason = match case.record.laid_open(*stop) {
                Act::Stop { reason, .. } => format!(": {}", sealable(&reason)),
                _ => String::new(),
            };
            format!("{}, who was to do it, gave it up{reason}", by(*stop))
        }
        Because::Decided { decide } => {
            format!("{} decided so, the arbiter whom everybody who signed it had named", by(*decide))
        }
        Because::Crossed { rivals, stays } => {
            let several = rivals.len() > 1;
            let rival = |ix: &Ix| match case.record.fold().proposal(*ix) {
                Some(_) => name(case, *ix),
                None => format!("the end asked for in {}", name(case, *ix)),
            };
            let rivals = listed(rivals.iter().map(rival));
            if !several {
                return format!("{rivals} was signed as a whole with a part that crossed with another agreement");
            }
            let stays = match stays {
                Some(ix) => format!("; until then {} stays", name(case, *ix)),
                None => String::new(),
            };
            format!(
                "{rivals} were each agreed by everybody, and neither takes the place of the other: one must be chosen{stays}"
            )
        }
        Because::Contested { revision } => {
            format!(
                "{} would be signed by all only if what a revoked or disputed key signed counts",
                name(case, *revision)
            )
        }
        Because::Stated { statements, agree } => stated(case, statements, *agree),
        Because::Effect => "its author was entitled to it, and nothing its author knew stood against it".to_owned(),
        Because::Without(reason) => reason.to_string(),
        Because::NotJudged => "it rests on what this version of the program cannot judge".to_owned(),
        Because::SetAside => {
            "a revoked key, two histories of its key, or what its own receipts prove took its effect away".to_owned()
        }
    }
}

fn signed(case: &OpenCase, revision: Ix, signatures: &[(Seat, Ix)]) -> String {
    let terms = name(case, revision);
    match signatures {
        [(seat, ix)] => {
            format!("{} signed it ({}), and nobody else's signature is needed", case.seat_label(seat), name(case, *ix))
        }
        several => {
            let who = several.iter().map(|(seat, ix)| format!("{} ({})", case.seat_label(seat), name(case, *ix)));
            let all = if several.len() == 2 { "both" } else { "all" };
            format!("{} {all} signed the same terms, those of {terms}", listed(who))
        }
    }
}

/// Who chose terms that had crossed with others.
fn chosen(case: &OpenCase, revision: Ix) -> String {
    let picks = |ix: &Ix| matches!(case.record.fold().act(*ix), Act::Choose { .. });
    let last = case.lens().about(&case.record.graph().id(revision)).filter(picks).last();
    last.map_or_else(String::new, |choose| {
        let by = format!("{} ({})", author(case, choose), name(case, choose));
        format!("; other terms were agreed without knowing of these, and {by} chose these")
    })
}

fn awaits(case: &OpenCase, revision: Ix, missing: &[Seat]) -> String {
    let lens = case.lens();
    let id = case.record.graph().id(revision);
    let seats = |ix: &Ix| case.record.fold().author_seats(*ix).to_vec();
    let undated: Vec<Ix> = lens
        .about(&id)
        .filter(|ix| matches!(case.record.fold().act(*ix), Act::Accept { .. }))
        .filter(|ix| seats(ix).iter().any(|s| missing.contains(s)))
        .collect();
    if let [first, ..] = undated.as_slice() {
        if late_by_own_clock(case, *first) {
            return format!(
                "it was open until a time, and the accept of {} ({}) came after that by its own clock: it counts once {} \
                 accepted again",
                author(case, *first),
                name(case, *first),
                others_who_sign(case, *first)
            );
        }
        return format!(
            "it was open until a time, and it is not proven that the accept of {} ({}) arrived before that",
            author(case, *first),
            name(case, *first)
        );
    }
    let confirms = case.record.fold().proposal(revision).is_some_and(|p| p.mode == Mode::Confirm);
    let labels = listed(missing.iter().map(|s| case.seat_label(s)));
    let own = seats(&revision);
    if confirms && missing.iter().all(|s| own.contains(s)) {
        return format!("{labels} offered it to be confirmed at last, and has not confirmed it yet");
    }
    let has = if missing.len() == 1 { "has" } else { "have" };
    format!("{labels} {has} not signed it")
}

fn closed(case: &OpenCase, revision: Ix, closing: Closing) -> String {
    let by = |ix: Ix| format!("{} ({})", author(case, ix), name(case, ix));
    let terms = name(case, revision);
    match closing {
        Closing::Withdrawn(ix) => format!("{} took {terms} back before everybody had signed it", by(ix)),
        Closing::Declined(ix) => format!("{} declined {terms}", by(ix)),
        Closing::Countered(ix) => format!("{} answered {terms} with other terms", by(ix)),
        Closing::MovedOn(ix) => format!("{} took another position on the same matter after signing {terms}", by(ix)),
    }
}

fn stated(case: &OpenCase, statements: &[Ix], agree: bool) -> String {
    let value = |ix: &Ix| match case.record.laid_open(*ix) {
        Act::Item { value, .. } => item_value::show(&value),
        _ => String::new(),
    };
    let each =
        listed(statements.iter().map(|ix| format!("{} says {} ({})", author(case, *ix), value(ix), name(case, *ix))));
    match (statements.len(), agree) {
        (1, _) => format!("{each}; nobody else has stated or agreed a value"),
        (_, true) => format!("{each}: the same, but never agreed as terms"),
        (_, false) => format!("{each}; no value is agreed"),
    }
}
