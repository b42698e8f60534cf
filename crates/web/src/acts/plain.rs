//! The forms that are a reference and a few fields, as one table.

use counterpart_core::{
    act::{Act, Outcome},
    graph::Ix,
    value::Sealable,
    view::Step,
};
use counterpart_words::{
    acts::{self, erasing, proofs},
    case::OpenCase,
    clocks,
    error::{CommandError, Done},
    references::Target,
    render::{self, outlook},
    typed::typed as checked,
};

use super::{
    ActForm, At, Ready, Wrong, about,
    asked::{self, Asked, Choice, Sheet},
    entries,
};
use crate::{guard::Problem, typed::Typed};
use axum::response::Response;

/// Bytes of one text in an entry.
const LONGEST: usize = counterpart_core::cbor::CORE_LIMITS.text;

/// A form of the table.
pub(super) struct Plain {
    kind: &'static str,
    about: About,
    fields: fn(&At<'_>, Option<Target>, &Typed) -> Vec<Asked>,
    read: fn(&Reading<'_>) -> Result<Vec<Act>, Wrong>,
}

/// What a form is about.
enum About {
    /// The case as a whole.
    Case,
    /// What one of our possible steps is about.
    Move { steps: &'static [&'static str], find: fn(&OpenCase, &str) -> Done<Target> },
    /// An entry; of these first of all.
    Entry { listed: fn(&OpenCase) -> Vec<Ix> },
    /// An entry, or none.
    Perhaps,
}

/// What was typed into one of them.
pub(super) struct Reading<'a> {
    pub(super) at: &'a At<'a>,
    pub(super) typed: &'a Typed,
}

impl Reading<'_> {
    fn case(&self) -> &OpenCase {
        self.at.case
    }

    /// The entry it is about, as references are written.
    fn about(&self) -> String {
        about::reference(self.at.case, self.typed.text("about"))
    }

    /// The same, where it may be about none.
    fn perhaps(&self) -> Result<Option<counterpart_core::id::EntryId>, Wrong> {
        let typed = self.about();
        if typed.is_empty() {
            return Ok(None);
        }
        self.case().entry(&typed).map(|target| Some(target.id)).map_err(whole)
    }

    /// A text that it cannot be without.
    pub(super) fn must(&self, field: &'static str, what: &str) -> Result<Sealable, Wrong> {
        let text = self.typed.text(field);
        if text.trim().is_empty() {
            return Err(Wrong::of(field, self.at.visit.language.say("acts.empty")));
        }
        let text = checked(what, text.trim_end()).map_err(|why| Wrong::said(field, &why))?;
        if text.len() > LONGEST {
            let with = [("n", &*text.len().to_string()), ("most", &*LONGEST.to_string())];
            return Err(Wrong::of(field, self.at.visit.language.fill("acts.long", &with)));
        }
        Ok(Sealable::Open(text))
    }

    /// A text that may go with it.
    pub(super) fn may(&self, field: &'static str, what: &str) -> Result<Option<Sealable>, Wrong> {
        self.typed.some(field).map(|_some| self.must(field, what)).transpose()
    }

    /// Such a text as the functions take it that both read and make.
    pub(super) fn given(&self, field: &'static str, what: &str) -> Result<Option<&str>, Wrong> {
        self.may(field, what)?;
        Ok(self.typed.some(field))
    }

    fn note(&self) -> Result<Option<Sealable>, Wrong> {
        self.may("note", "the remark")
    }

    fn reason(&self) -> Result<Option<Sealable>, Wrong> {
        self.may("reason", "the reason")
    }
}

/// What is wrong with none of the fields.
pub(super) fn whole(why: CommandError) -> Wrong {
    Wrong::said("", &why)
}

/// The form of a kind, if it is one of these.
pub(super) fn form(kind: &str) -> Option<&'static dyn ActForm> {
    ROWS.iter().find(|row| row.kind == kind).map(|row| row as &dyn ActForm)
}

impl ActForm for Plain {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let say = |part: &str| at.visit.language.say(&format!("do.{}.{part}", self.kind)).to_owned();
        let (title, lead) = (say("title"), say("lead"));
        let mut about = about::reference(at.case, typed.text("about"));
        let ways = || match &self.about {
            About::Case | About::Perhaps => Vec::new(),
            About::Move { steps, .. } => about::movable(at, steps),
            About::Entry { listed } => about::listed(at, listed(at.case)),
        };
        if about.is_empty() && matches!(self.about, About::Move { .. } | About::Entry { .. }) {
            let ways = ways();
            // The only one there is need not be chosen.
            match ways.as_slice() {
                [only] if wrong.is_empty() => {
                    let (_, found) = only.path.split_once("?about=").unwrap_or_default();
                    found.clone_into(&mut about);
                }
                _ => return asked::which(at, &title, &lead, ways, wrong),
            }
        }
        let found = match &self.about {
            About::Case => Ok(None),
            About::Perhaps if about.is_empty() => Ok(None),
            About::Move { find, .. } => find(at.case, &about).map(Some),
            About::Entry { .. } | About::Perhaps => at.case.entry(&about).map(Some),
        };
        let target = match found {
            Ok(target) => target,
            Err(why) => {
                let mut wrong = wrong.to_vec();
                let said = Wrong::said("", &why);
                if !wrong.contains(&said) {
                    wrong.push(said);
                }
                return asked::which(at, &title, &lead, ways(), &wrong);
            }
        };
        let mut sheet = Sheet { title, lead, fields: (self.fields)(at, target, typed), ..Sheet::default() };
        if let Some(target) = target {
            // Of what is agreed the terms that apply now are shown, not those that it began with.
            let now = match self.kind {
                "release" | "reopen" | "missed" => at.case.in_force(&about).map_or(target.ix, |found| found.ix),
                _ => target.ix,
            };
            sheet.about = about::shown(at.case, now);
        }
        if !about.is_empty() {
            sheet.hidden.push(("about".to_owned(), about));
        }
        asked::show(at, sheet, typed, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        (self.read)(&Reading { at, typed }).map(Ready::acts).map_err(|wrong| vec![wrong])
    }
}

fn note(at: &At<'_>, _: Option<Target>, _: &Typed) -> Vec<Asked> {
    vec![Asked::text(at, "note", "do.note", false)]
}

fn reason(at: &At<'_>, _: Option<Target>, _: &Typed) -> Vec<Asked> {
    vec![Asked::text(at, "reason", "do.reason", false)]
}

fn nothing(_: &At<'_>, _: Option<Target>, _: &Typed) -> Vec<Asked> {
    Vec::new()
}

static ROWS: &[Plain] = &[
    Plain {
        kind: "accept",
        about: About::Move { steps: &["accept"], find: OpenCase::open_whole },
        fields: note,
        read: |r| {
            let revision = r.case().open_whole(&r.about()).map_err(whole)?.id;
            Ok(vec![Act::Accept { revision, note: r.note()? }])
        },
    },
    Plain {
        kind: "decline",
        about: About::Move { steps: &["decline"], find: OpenCase::open_whole },
        fields: reason,
        read: |r| {
            let revision = r.case().open_whole(&r.about()).map_err(whole)?.id;
            Ok(vec![Act::Decline { revision, reason: r.reason()? }])
        },
    },
    Plain {
        kind: "withdraw",
        about: About::Move { steps: &["withdraw"], find: OpenCase::withdrawable },
        fields: reason,
        read: |r| {
            let of = r.case().withdrawable(&r.about()).map_err(whole)?.id;
            Ok(vec![Act::Withdraw { of, reason: r.reason()? }])
        },
    },
    Plain {
        kind: "confirm",
        about: About::Move { steps: &["confirm"], find: OpenCase::open_whole },
        fields: nothing,
        read: |r| Ok(vec![Act::Confirm { revision: r.case().open_whole(&r.about()).map_err(whole)?.id }]),
    },
    Plain {
        kind: "declare",
        about: About::Move { steps: &["declare"], find: OpenCase::in_force },
        fields: |at, _, typed| vec![Asked::text(at, "note", "do.note", false), entries::shows(at, typed)],
        read: |r| {
            let evidence = r.typed.all("evidence");
            let note = r.given("note", "the remark")?;
            Ok(vec![acts::declare(r.case(), &r.about(), note, &evidence).map_err(whole)?])
        },
    },
    Plain {
        kind: "undeclare",
        about: About::Move { steps: &["undeclare"], find: OpenCase::declaration },
        fields: reason,
        read: |r| {
            let declare = r.case().declaration(&r.about()).map_err(whole)?.id;
            Ok(vec![Act::Undeclare { declare, reason: r.reason()? }])
        },
    },
    Plain { kind: "approve", about: JUDGED, fields: note, read: approve },
    Plain {
        kind: "deem",
        about: About::Move { steps: &["deem"], find: OpenCase::declaration },
        fields: note,
        read: approve,
    },
    Plain {
        kind: "reject",
        about: About::Move { steps: &["reject"], find: OpenCase::declaration },
        fields: |at, target, _| {
            let conditions = target.map_or(&[][..], |target| acts::conditions(at.case, target.ix));
            let choice = |(n, text): (usize, &Sealable)| Choice::of((n + 1).to_string(), render::sealable(text));
            let choices: Vec<Choice> = conditions.iter().enumerate().map(choice).collect();
            let unmet = (!choices.is_empty()).then(|| Asked::ticks(at, "unmet", "do.unmet", choices));
            unmet.into_iter().chain([Asked::text(at, "reason", "do.missing", true)]).collect()
        },
        read: |r| {
            r.must("reason", "the reason")?;
            let unmet: Vec<u32> = r.typed.all("unmet").iter().filter_map(|n| n.parse().ok()).collect();
            let reason = r.typed.text("reason").trim_end();
            Ok(vec![acts::reject(r.case(), &r.about(), reason, &unmet).map_err(whole)?])
        },
    },
    Plain {
        kind: "release",
        about: About::Move { steps: &["release"], find: about::entry },
        fields: reason,
        read: |r| {
            let reason = r.given("reason", "the reason")?;
            Ok(vec![acts::release(r.case(), &r.about(), reason).map_err(whole)?])
        },
    },
    Plain {
        kind: "reopen",
        about: About::Move { steps: &["reopen"], find: about::entry },
        fields: reason,
        read: |r| {
            let reason = r.given("reason", "the reason")?;
            Ok(vec![acts::release(r.case(), &r.about(), reason).map_err(whole)?])
        },
    },
    Plain {
        kind: "allow",
        about: About::Move { steps: &["allow"], find: |case, typed| case.request(typed, false) },
        fields: note,
        read: |r| {
            let request = r.case().request(&r.about(), false).map_err(whole)?.id;
            Ok(vec![Act::Allow { request, note: r.note()? }])
        },
    },
    Plain {
        kind: "refuse",
        about: About::Move { steps: &["refuse"], find: |case, typed| case.request(typed, false) },
        fields: reason,
        read: |r| {
            let request = r.case().request(&r.about(), false).map_err(whole)?.id;
            Ok(vec![Act::Refuse { request, reason: r.reason()? }])
        },
    },
    Plain {
        kind: "cancel",
        about: About::Move { steps: &["cancel"], find: OpenCase::in_force },
        fields: |at, target, typed| {
            let clauses = target.map_or(&[][..], |target| acts::clauses(at.case, target));
            let own = clauses.iter().enumerate().filter(|(_, clause)| at.case.is_own_seat(&clause.by));
            let choice = |(n, clause): (usize, &counterpart_core::act::CancelClause)| {
                Choice::of((n + 1).to_string(), render::sealable(&clause.text))
            };
            let mut choices: Vec<Choice> = own.map(choice).collect();
            if let [only] = choices.as_mut_slice() {
                only.chosen = !typed.has("clause");
            }
            let which = (!choices.is_empty()).then(|| Asked::one(at, "clause", "do.clause", choices));
            which.into_iter().chain(reason(at, target, typed)).collect()
        },
        read: |r| {
            let number = r.typed.some("clause").and_then(|n| n.parse().ok());
            let reason = r.given("reason", "the reason")?;
            let made = acts::cancel(r.case(), &r.about(), number, reason);
            Ok(vec![made.map_err(|why| Wrong::said(if number.is_none() { "clause" } else { "" }, &why))?])
        },
    },
    Plain {
        kind: "choose",
        about: About::Move { steps: &["choose"], find: about::entry },
        fields: reason,
        read: |r| {
            let reason = r.given("reason", "the reason")?;
            Ok(vec![acts::choose(r.case(), &r.about(), reason).map_err(whole)?])
        },
    },
    Plain {
        kind: "stop",
        about: About::Move { steps: &["stop"], find: OpenCase::in_force },
        fields: |at, _, _| vec![Asked::text(at, "reason", "do.why", true)],
        read: |r| {
            let Target { id, subject, .. } = r.case().in_force(&r.about()).map_err(whole)?;
            Ok(vec![Act::Stop { revision: id, subject, reason: r.must("reason", "the reason")? }])
        },
    },
    Plain {
        kind: "progress",
        about: About::Move { steps: &["progress"], find: OpenCase::in_force },
        fields: |at, _, _| vec![Asked::text(at, "text", "do.how_far", true)],
        read: |r| {
            let Target { id, subject, .. } = r.case().in_force(&r.about()).map_err(whole)?;
            Ok(vec![Act::Progress { revision: id, subject, text: r.must("text", "how far it is")? }])
        },
    },
    Plain {
        kind: "missed",
        about: About::Move { steps: &["missed"], find: about::entry },
        fields: note,
        read: |r| {
            let note = r.given("note", "the remark")?;
            Ok(vec![acts::missed(r.case(), &r.about(), note).map_err(whole)?])
        },
    },
    Plain {
        kind: "dispute",
        about: About::Move { steps: &["dispute"], find: about::entry },
        fields: |at, _, _| vec![Asked::text(at, "reason", "do.disputed", true)],
        read: |r| {
            let (about, subject) = r.case().disputable(&r.about()).map_err(whole)?;
            Ok(vec![Act::Dispute { about, subject, reason: r.must("reason", "the reason")? }])
        },
    },
    Plain {
        kind: "concede",
        about: About::Move { steps: &["concede"], find: OpenCase::dispute },
        fields: note,
        read: |r| {
            let dispute = r.case().dispute(&r.about()).map_err(whole)?.id;
            Ok(vec![Act::Concede { dispute, note: r.note()? }])
        },
    },
    Plain {
        kind: "settle",
        about: About::Move { steps: &["settle"], find: OpenCase::dispute },
        fields: |at, target, typed| {
            let none = Choice::of("", at.visit.language.say("do.settle.alone"));
            let choices = std::iter::once(none).chain(entries::agreements(at.case)).collect();
            let by = Asked::pick(at, "by", "do.settle.by", choices);
            std::iter::once(by).chain(note(at, target, typed)).collect()
        },
        read: |r| {
            let note = r.given("note", "the remark")?;
            Ok(vec![acts::settle(r.case(), &r.about(), r.typed.some("by"), note).map_err(whole)?])
        },
    },
    Plain {
        kind: "decide",
        about: About::Move { steps: &["decide"], find: OpenCase::dispute },
        fields: |at, _, typed| {
            let say = |key: &str| at.visit.language.say(key);
            let mut choices = vec![
                Choice::of("none", say("do.decide.none")),
                Choice::of("agreed", say("do.decide.agreed")),
                Choice::of("completed", say("do.decide.completed")),
                Choice::of("cancelled", say("do.decide.cancelled")),
            ];
            choices[0].chosen = !typed.has("outcome");
            vec![Asked::text(at, "decision", "do.decision", true), Asked::one(at, "outcome", "do.outcome", choices)]
        },
        read: |r| {
            let dispute = r.case().dispute(&r.about()).map_err(whole)?.id;
            let decision = r.must("decision", "the decision")?;
            Ok(vec![Act::Decide { dispute, decision, outcome: Outcome::from_word(r.typed.text("outcome")) }])
        },
    },
    Plain {
        kind: "prove",
        about: About::Entry {
            listed: |case| about::latest(case, |ix| about::is_own(case, ix) || entries::accepts(case, ix)),
        },
        fields: |at, _, typed| {
            let say = |key: &str| at.visit.language.say(key);
            let mut choices = vec![
                Choice::of("receipts", say("do.prove.receipts")),
                Choice::of("all", say("do.prove.all")),
                Choice::of("stamp", say("do.prove.stamp")),
            ];
            choices[0].chosen = !typed.has("with");
            vec![Asked::one(at, "with", "do.prove.with", choices)]
        },
        read: |r| {
            let target = r.case().entry(&r.about()).map_err(whole)?;
            match r.typed.text("with") {
                "stamp" => Ok(vec![proofs::stamp(r.at.desk, r.case(), &target).map_err(whole)?]),
                with => proofs::receipts(r.case(), &target, with == "all").map_err(whole),
            }
        },
    },
    Plain {
        kind: "ratify",
        about: About::Case,
        fields: |at, _, typed| {
            let moves = outlook::moves(at.case, &at.case.own);
            let contested = moves.iter().filter(|m| m.step == Step::Ratify);
            let mut entries: Vec<Ix> = contested.filter_map(|m| at.case.record.graph().find(&m.about)).collect();
            entries.dedup();
            vec![Asked::ticks(at, "about", "do.ratified", entries::entry_choices(at, entries, &typed.all("about")))]
        },
        read: |r| {
            let entries = several(r)?;
            Ok(vec![Act::Ratify { entries }])
        },
    },
    Plain {
        kind: "acknowledge",
        about: About::Case,
        fields: |at, target, typed| {
            let chosen = typed.all("about");
            let entries = entries::told_by_others(at.case);
            let ticks = Asked::ticks(at, "about", "do.acknowledged", entries::entry_choices(at, entries, &chosen));
            std::iter::once(ticks).chain(note(at, target, typed)).collect()
        },
        read: |r| {
            let note = r.note()?;
            Ok(several(r)?.into_iter().map(|entry| Act::Acknowledge { entry, note: note.clone() }).collect())
        },
    },
    Plain {
        kind: "contest",
        about: About::Entry { listed: entries::told_by_others },
        fields: |at, _, _| vec![Asked::text(at, "reason", "do.wrong", true)],
        read: |r| {
            let reason = r.must("reason", "the reason")?;
            Ok(vec![acts::contest(r.case(), &r.about(), reason).map_err(whole)?])
        },
    },
    Plain {
        kind: "note",
        about: About::Perhaps,
        fields: |at, _, _| vec![Asked::text(at, "text", "do.noted", true)],
        read: |r| Ok(vec![Act::Note { text: r.must("text", "the note")?, about: r.perhaps()? }]),
    },
    Plain { kind: "leave", about: About::Case, fields: reason, read: |r| Ok(vec![Act::Leave { reason: r.reason()? }]) },
    Plain {
        kind: "erase",
        about: About::Entry { listed: |case| about::latest(case, |ix| !entries::left(case, ix).is_empty()) },
        fields: |at, target, typed| {
            let places = target.map(|target| entries::left(at.case, target.ix)).unwrap_or_default();
            let choice =
                |place: render::Place| Choice { chosen: !typed.has("reason"), ..Choice::of(place.typed, place.words) };
            let ticks = Asked::ticks(at, "place", "do.places", places.into_iter().map(choice).collect());
            std::iter::once(ticks).chain(reason(at, target, typed)).collect()
        },
        read: |r| {
            let entry = r.case().entry(&r.about()).map_err(whole)?.id;
            let wanted = r.typed.all("place");
            let mut places = erasing::chosen(r.case(), &entry, None).map_err(whole)?;
            places.retain(|place| wanted.contains(&place.typed.as_str()));
            if places.is_empty() {
                return Err(Wrong::of("place", r.at.visit.language.say("acts.none")));
            }
            Ok(erasing::asked(entry, &places, r.reason()?.as_ref()))
        },
    },
    Plain {
        kind: "erased",
        about: About::Entry { listed: entries::asked_to_erase },
        fields: reason,
        read: |r| {
            let target = r.case().entry(&r.about()).map_err(whole)?;
            let (entry, places) = erasing::requested(r.case(), target.ix).map_err(whole)?;
            Ok(erasing::done(entry, &places, r.reason()?.as_ref()))
        },
    },
    Plain {
        kind: "pause-clocks",
        about: About::Case,
        fields: |at, _, _| vec![Asked::line(at, "reason", "do.pause-clocks.why", true)],
        read: |r| {
            r.must("reason", "the reason")?;
            Ok(vec![clocks::pause(r.case(), r.typed.text("reason")).map_err(whole)?])
        },
    },
    Plain {
        kind: "resume-clocks",
        about: About::Case,
        fields: nothing,
        read: |r| Ok(vec![clocks::resume(r.case()).map_err(whole)?]),
    },
    Plain {
        kind: "seat",
        about: About::Case,
        fields: |at, _, _| {
            let speech = render::Speech::of_case(at.case);
            let all = about::contended(at.case).into_iter().flat_map(|(seat, admits)| {
                let label = speech.seat(&seat);
                admits.into_iter().map(move |(id, party)| (id, format!("{label}: {party}"))).collect::<Vec<_>>()
            });
            let choice = |(id, words): (counterpart_core::id::EntryId, String)| {
                let name = at.case.entry_name(&id);
                Choice::of(at.case.entry_typed(&id), format!("{words} ({name})"))
            };
            vec![Asked::one(at, "admit", "do.seated", all.map(choice).collect())]
        },
        read: |r| {
            let admit =
                r.typed.some("admit").ok_or_else(|| Wrong::of("admit", r.at.visit.language.say("acts.none")))?;
            let target = r.case().entry(admit).map_err(whole)?;
            match r.case().record.fold().act(target.ix) {
                Act::Admit { seat, .. } => Ok(vec![Act::Seat { seat: *seat, admit: target.id }]),
                _ => Err(Wrong::of("admit", r.at.visit.language.say("acts.none"))),
            }
        },
    },
];

const JUDGED: About = About::Move { steps: &["approve"], find: OpenCase::declaration };

fn approve(r: &Reading<'_>) -> Result<Vec<Act>, Wrong> {
    let declare = r.case().declaration(&r.about()).map_err(whole)?.id;
    Ok(vec![Act::Approve { declare, note: r.note()? }])
}

/// The entries that were ticked.
fn several(r: &Reading<'_>) -> Result<Vec<counterpart_core::id::EntryId>, Wrong> {
    let typed = r.typed.all("about");
    if typed.is_empty() {
        return Err(Wrong::of("about", r.at.visit.language.say("acts.none")));
    }
    let mut found = Vec::new();
    for typed in typed {
        let id = r.case().entry(typed).map_err(|why| Wrong::said("about", &why))?.id;
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_a_title_and_says_what_it_does() {
        let english = crate::language::accepted(None);
        for row in ROWS {
            for part in ["title", "lead"] {
                assert!(english.find(&format!("do.{}.{part}", row.kind)).is_some(), "{} {part}", row.kind);
            }
        }
        let mut kinds: Vec<_> = ROWS.iter().map(|row| row.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), ROWS.len());
    }
}
