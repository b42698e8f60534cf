//! The form that proposes service clocks.

use axum::response::Response;
use counterpart_core::act::{Act, Role};
use counterpart_process::clocks::Which;
use counterpart_words::{
    clocks::{self, ClocksTyped},
    error::CommandError,
    terms::proposal,
};

use super::{
    ActForm, At, Ready, Wrong,
    asked::{self, Asked, Choice, Sheet},
    plain::{Reading, whole},
};
use crate::{guard::Problem, typed::Typed};

/// Each clock's field, in the order of [`Which::ALL`].
const LENGTHS: [(&str, &str); 3] = [
    ("first_answer", "do.clocks.first_answer"),
    ("next_update", "do.clocks.next_update"),
    ("resolution", "do.clocks.resolution"),
];

#[derive(Debug)]
pub(super) struct Propose;

impl ActForm for Propose {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let language = at.visit.language;
        let say = |part: &str| language.say(&format!("do.clocks.{part}")).to_owned();
        let of = |role: Role| Choice {
            chosen: role == Role::Supplier,
            ..Choice::of(role.as_str(), language.say(&format!("role.{}", role.as_str())))
        };
        let there = |role: &Role| at.case.seats.iter().any(|seat| seat.role == *role);
        let by = [Role::Supplier, Role::Customer, Role::Third].into_iter().filter(there).map(of).collect();
        let mut fields = vec![Asked::pick(at, "by", "do.clocks.by", by)];
        fields.extend(LENGTHS.map(|(name, key)| Asked::line(at, name, key, false)));
        fields.extend([
            Asked::text(at, "hours", "do.clocks.hours", true).starting("mon-fri 09:00-17:00"),
            Asked::line(at, "zone", "do.clocks.zone", true).starting(at.case.zone()),
            Asked::text(at, "holidays", "do.clocks.holidays", false).starting("zone"),
            Asked::text(at, "note", "do.note", false),
        ]);
        let sheet = Sheet { title: say("title"), lead: say("lead"), fields, ..Sheet::default() };
        asked::show(at, sheet, typed, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let r = Reading { at, typed };
        let made = || {
            let note = r.may("note", "the remark")?;
            let given = Which::ALL.into_iter().zip(LENGTHS);
            let wanted = ClocksTyped {
                by: typed.some("by").map(str::to_owned),
                lengths: given.filter_map(|(which, (name, _))| Some((which, typed.some(name)?.to_owned()))).collect(),
                hours: lines(typed, "hours"),
                zone: typed.some("zone").map(str::to_owned),
                holidays: lines(typed, "holidays"),
            };
            let agreed = wanted.read(at.case.zone(), at.case.now).map_err(|why| at_field(typed, &why))?;
            let topics = clocks::proposed(at.case, &agreed).map_err(whole)?;
            Ok(Act::Propose(proposal(at.case, topics, None, note)))
        };
        made().map(Ready::act).map_err(|wrong: Wrong| vec![wrong])
    }
}

fn lines(typed: &Typed, field: &str) -> Vec<String> {
    typed.text(field).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// At the field in which what is wrong was typed, where it is one of the lengths; else at none.
fn at_field(typed: &Typed, why: &CommandError) -> Wrong {
    let named = |(name, _): &&(&str, &str)| {
        typed.some(name).is_some_and(|text| why.message.contains(&format!("'{text}' is no length")))
    };
    Wrong::said(LENGTHS.iter().find(named).map_or("", |(name, _)| name), why)
}
