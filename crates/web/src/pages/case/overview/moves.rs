//! What can be done now, as ways to the forms that do it; and whose move it is, in words.

use counterpart_core::{
    act::Act,
    view::{Expected, Follows, Move, Step, Waiting},
};
use counterpart_words::{
    acts,
    case::OpenCase,
    render::{
        self, Speech,
        outlook::{self, Awaited, awaited_words, follows_in_words, in_words, reference},
        sealable, sentence,
    },
};

use crate::{
    acts::about::{form, form_of},
    address::escaped,
    language::Language,
    pages::CaseHead,
    text::Told,
};

/// Letters of what a move is about, where it is only named.
const TOLD: usize = 400;

/// A way to a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) path: String,
    pub(crate) name: String,
    /// For those who hear the page: of what.
    pub(crate) of: String,
    /// Classes beside `button`.
    pub(crate) look: &'static str,
}

/// One move that is waited for.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) to_do: String,
    pub(crate) since: String,
    /// The matter, where what is said of the move does not name it.
    pub(crate) what: Option<Told>,
    pub(crate) about: Vec<Told>,
    pub(crate) follows: Vec<Told>,
    pub(crate) buttons: Vec<Button>,
    /// Its due time has passed.
    pub(crate) late: bool,
    /// The page of what it is about.
    pub(crate) page: Option<String>,
}

/// The page of an action or another matter, by the name people use for it: `#5/2`.
pub(crate) fn page_of(head: &CaseHead, name: &str) -> String {
    head.path(&format!("/action/{}", escaped(&name.trim_start_matches('#').replace('/', "-"))))
}

/// The page of an entry.
pub(crate) fn entry_page(head: &CaseHead, name: &str) -> String {
    head.path(&format!("/entry/{}", escaped(name.trim_start_matches('#'))))
}

fn look(step: Step, first: bool) -> &'static str {
    match step {
        Step::Decline | Step::Reject | Step::Refuse | Step::Stop | Step::Cancel(_) | Step::Withdraw => "second away",
        // Nobody waits for these.
        Step::Counter | Step::Progress | Step::Propose | Step::Settle => "second",
        _ if first => "",
        _ => "second",
    }
}

/// What a button says; one's own terms are not countered but replaced.
fn named(language: &'static Language, case: &OpenCase, made: &Move) -> &'static str {
    let author = case.record.graph().find(&made.about).map(|ix| case.record.graph().statement(ix).party);
    match made.step {
        Step::Counter if author == Some(case.own) => language.say("case.do.replace"),
        step => language.say(&format!("case.do.{}", step.as_str())),
    }
}

/// A button for a move; the first of a row is the one that stands out.
fn button(language: &'static Language, case: &OpenCase, made: &Move, first: bool) -> Option<Button> {
    Some(Button {
        path: form_of(case, made)?,
        name: named(language, case, made).to_owned(),
        of: reference(case, made),
        look: look(made.step, first),
    })
}

/// Buttons for some moves, in the order in which they are likely; those of a bundle's parts that are one act stand once.
pub(crate) fn buttons<'m>(
    language: &'static Language,
    case: &OpenCase,
    moves: impl Iterator<Item = &'m Move>,
) -> Vec<Button> {
    let mut moves: Vec<&Move> = moves.collect();
    moves.sort_by_key(|made| made.step);
    let mut buttons: Vec<Button> = Vec::new();
    for made in moves {
        let found = button(language, case, made, buttons.is_empty());
        buttons.extend(found.filter(|new| buttons.iter().all(|old| old.path != new.path)));
    }
    told_apart(&mut buttons);
    buttons
}

/// Buttons that would say the same name what they are about, and none of them is put before the others.
fn told_apart(buttons: &mut [Button]) {
    let names: Vec<String> = buttons.iter().map(|one| one.name.clone()).collect();
    for one in buttons.iter_mut().filter(|one| names.iter().filter(|name| **name == one.name).count() > 1) {
        one.name = format!("{}: {}", one.name, std::mem::take(&mut one.of));
        if one.look.is_empty() {
            one.look = "second";
        }
    }
}

/// The same said in a line each, for what is rarely done: "ask to be released from #5".
pub(crate) fn rarely<'m>(case: &OpenCase, moves: impl Iterator<Item = &'m Move>) -> Vec<(String, String)> {
    let mut moves: Vec<&Move> = moves.collect();
    moves.sort_by_key(|made| made.step);
    let mut ways: Vec<(String, String)> = Vec::new();
    for made in moves {
        let Some(path) = form_of(case, made) else { continue };
        if ways.iter().all(|(known, _)| *known != path) {
            ways.push((path, in_words(made.step, &reference(case, made))));
        }
    }
    ways
}

impl Turn {
    pub(crate) fn of(language: &'static Language, head: &CaseHead, case: &OpenCase, awaited: &Awaited) -> Self {
        let waiting = &awaited.waiting;
        let words = render::set_apart(|| awaited_words(case, waiting));
        let late = |follows: &Follows| matches!(follows, Follows::Due { at, .. } if *at < case.now);
        let name = waiting.about.map(|id| case.entry_name(&id));
        let matter = outlook::matters_of(case, waiting).into_iter().next();
        let says_it = matches!(waiting.expected, Expected::Answer | Expected::Perform | Expected::Choose);
        let named = matter.as_ref().filter(|_| !says_it);
        let what = render::set_apart(|| named.and_then(|key| super::matter_in_a_line(case, key)));
        let page = matter.and_then(|key| super::matter_page(head, case, &key));
        let page = page.or_else(|| name.as_deref().map(|name| entry_page(head, name)));
        let mut turn = Self {
            to_do: words.to_do,
            since: crate::time::named(language, &words.since),
            what: what.map(|text| Told::of(text).cut(TOLD).0),
            about: shortened(words.about),
            follows: shortened(render::set_apart(|| follows_in_words(case, awaited, false))),
            buttons: Vec::new(),
            late: awaited.follows.iter().any(late),
            page,
        };
        let about = name.unwrap_or_default();
        let more = |kind: &str, look| Button {
            path: form(case, kind, &about),
            name: language.say(&format!("case.do.{kind}")).to_owned(),
            of: about.clone(),
            look,
        };
        if waiting.expected == Expected::Rework {
            turn.about.extend(shortened(render::set_apart(|| rejections(language, case, waiting))));
        }
        if case.is_own_seat(&waiting.seat) {
            turn.buttons = buttons(language, case, awaited.moves.iter());
            match waiting.expected {
                Expected::Answer if outlook::is_alleged(case, waiting) => {
                    turn.buttons.push(more("contest", "second away"));
                }
                Expected::Erase => {
                    let keep =
                        Button { name: language.say("case.do.keep_it").to_owned(), ..more("contest", "second away") };
                    turn.buttons.extend([more("erased", ""), keep]);
                }
                _ => {}
            }
        } else {
            if turn.late {
                let keys = outlook::matters_of(case, waiting);
                let missed = outlook::moves_on(case, &case.own, &keys);
                turn.buttons = buttons(language, case, missed.iter().filter(|m| m.step == Step::Missed));
                turn.buttons.iter_mut().for_each(|one| one.look = "second");
            }
            if !head.may("remind") {
                // Who only looks on or decides reminds nobody.
            } else if waiting.party.is_some() {
                turn.buttons.push(more("remind", "second"));
            } else if turn.late {
                // Who has not joined is reminded by mail.
                let by_mail = Button { path: head.path("/letters"), ..more("remind", "second") };
                turn.buttons.push(by_mail);
            }
        }
        turn
    }
}

/// What was told within [`render::set_apart`], cut where it is long.
fn shortened(lines: Vec<String>) -> Vec<Told> {
    lines.into_iter().map(|text| Told::of(text).cut(TOLD).0).collect()
}

impl Turn {
    /// Whether it is still to be recorded that its time has passed.
    pub(crate) fn can_miss(&self) -> bool {
        self.buttons.iter().any(|button| button.path.contains("/do/missed"))
    }
}

/// Why a result was rejected, and which of its conditions are not met, in their own words.
fn rejections(language: &'static Language, case: &OpenCase, waiting: &Waiting) -> Vec<String> {
    let Some(declare) = waiting.about.and_then(|id| case.record.graph().find(&id)) else { return Vec::new() };
    let conditions = acts::conditions(case, declare);
    let (graph, speech) = (case.record.graph(), Speech::of_case(case));
    let mut told = Vec::new();
    for ix in case.lens().about(&graph.id(declare)) {
        let Act::Reject { unmet, .. } = case.record.fold().act(ix) else { continue };
        told.push(sentence(&speech, &case.party_label(&graph.statement(ix).party), &case.record.laid_open(ix)));
        let text = |n: &u32| conditions.get(*n as usize).map(sealable);
        let unmet: Vec<String> = unmet.iter().filter_map(text).collect();
        if !unmet.is_empty() {
            told.push(language.fill("case.unmet", &[("what", &unmet.join("; "))]));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn button(name: &str, of: &str) -> Button {
        Button { path: format!("/{of}"), name: name.to_owned(), of: of.to_owned(), look: "" }
    }

    #[test]
    fn buttons_that_say_the_same_say_what_they_are_about() {
        let (one, other) = (button("Choose this one", "#25-8R"), button("Choose this one", "#25-D9"));
        let mut buttons = vec![one, other, button("Accept", "#3")];
        told_apart(&mut buttons);
        let said: Vec<_> = buttons.iter().map(|b| (b.name.as_str(), b.of.as_str(), b.look)).collect();
        assert_eq!(
            said,
            [
                ("Choose this one: #25-8R", "", "second"),
                ("Choose this one: #25-D9", "", "second"),
                ("Accept", "#3", "")
            ]
        );
    }
}
