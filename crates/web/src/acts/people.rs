//! Forms about people and other cases: a card, a hand-over, a link.

use axum::response::Response;
use counterpart_core::{id::short_form, value::Sealable};
use counterpart_node::{Queue, QueueRow, now};
use counterpart_words::{
    acts::{self, Introduced},
    render::{self, Details},
};

use super::{
    ActForm, At, Ready, Wrong,
    asked::{self, Asked, Choice, Sheet},
    plain::{Reading, whole},
};
use crate::{guard::Problem, typed::Typed};

/// How many cases are listed to point to; any other is named by its digits.
const LISTED: usize = 100;

fn sheet(at: &At<'_>, kind: &str, fields: Vec<Asked>) -> Sheet {
    let say = |part: &str| at.visit.language.say(&format!("do.{kind}.{part}")).to_owned();
    Sheet { title: say("title"), lead: say("lead"), fields, ..Sheet::default() }
}

/// Who signs here, and how to reach them.
#[derive(Debug)]
pub(super) struct Card;

impl ActForm for Card {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let known = acts::last_card(at.case, at.desk.author().device);
        let before = |field: fn(&counterpart_core::act::Card) -> Option<&Sealable>| {
            known.as_ref().and_then(field).and_then(Sealable::open).unwrap_or_default().to_owned()
        };
        let own_name = || at.desk.own_name().ok().flatten().unwrap_or_default();
        let name = Some(before(|card| Some(&card.name))).filter(|name| !name.is_empty()).unwrap_or_else(own_name);
        let line = |name, key, kind, complete, keys| Asked::line(at, name, key, false).kind(kind, complete, keys);
        let fields = vec![
            Asked::line(at, "name", "do.card.name", true).kind("text", "name", "text").starting(name),
            line("function", "do.card.function", "text", "organization-title", "text")
                .starting(before(|card| card.function.as_ref())),
            line("phone", "do.card.phone", "tel", "tel", "tel").starting(before(|card| card.phone.as_ref())),
            line("email", "do.card.email", "text", "email", "email").starting(before(|card| card.email.as_ref())),
            line("hours", "do.card.hours", "text", "off", "text").starting(before(|card| card.hours.as_ref())),
        ];
        asked::show(at, sheet(at, "card", fields), typed, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let r = Reading { at, typed };
        let said = || {
            r.must("name", "the name")?;
            Ok(Introduced {
                name: typed.some("name"),
                function: r.given("function", "the function")?,
                phone: r.given("phone", "the phone number")?,
                email: r.given("email", "the e-mail address")?,
                hours: r.given("hours", "the hours")?,
            })
        };
        let act = said().and_then(|said| acts::card(at.case, at.desk.author().device, &said).map_err(whole));
        act.map(Ready::act).map_err(|wrong| vec![wrong])
    }
}

/// Somebody else is responsible from now on.
#[derive(Debug)]
pub(super) struct Handover;

impl ActForm for Handover {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let own = at.desk.author().device;
        let here = Choice::of("", at.visit.language.say("do.handover.here"));
        let agents = at.desk.agents()?.into_iter().filter(|agent| agent.stands() && agent.device != own);
        let other = |agent: counterpart_node::Agent| {
            let short = short_form(&agent.device.0);
            let name = agent.name.map_or_else(|| short.clone(), |name| format!("{} ({short})", render::line(&name)));
            Choice::of(short, name)
        };
        let mut fields = vec![Asked::line(at, "person", "do.handover.person", true)];
        let others: Vec<Choice> = agents.map(other).collect();
        if !others.is_empty() {
            let all = std::iter::once(here).chain(others).collect();
            fields.push(Asked::pick(at, "device", "do.handover.device", all));
        }
        let page = render::handover(at.case, Details::Sealed);
        fields.push(Asked::text(at, "summary", "do.handover.summary", true).starting(page));
        asked::show(at, sheet(at, "handover", fields), typed, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let r = Reading { at, typed };
        let made = || {
            r.must("person", "the name")?;
            r.must("summary", "the summary")?;
            let (device, summary) = (typed.some("device"), typed.some("summary"));
            acts::handover(at.desk, at.case, typed.some("person"), device, summary).map_err(whole)
        };
        let act = made().map_err(|wrong| vec![wrong])?;
        let (case, person) = (at.case.id, acts::handed_to(&act).map(str::to_owned));
        let also: Option<super::Also> = person
            .map(|person| -> super::Also { Box::new(move |desk, txn, _| desk.assign_in(txn, &case, &person, now())) });
        Ok(Ready { also, ..Ready::act(act) })
    }
}

/// Points to another case.
#[derive(Debug)]
pub(super) struct Link;

impl ActForm for Link {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let none = Choice::of("", at.visit.language.say("do.link.none"));
        let listed = at.desk.queue(&Queue::default(), None, LISTED + 1)?.rows.into_iter();
        let others = listed.filter(|row| row.case != at.case.id).take(LISTED);
        let choice = |row: QueueRow| {
            let words = format!("{} ({})", render::line(&row.title), short_form(&row.case.0));
            Choice::of(row.case.to_hex(), words)
        };
        let own = std::iter::once(none).chain(others.map(choice)).collect();
        let fields = vec![
            Asked::pick(at, "other", "do.link.other", own),
            Asked::line(at, "digits", "do.link.digits", false),
            Asked::line(at, "relation", "do.link.relation", true).starting("related"),
            Asked::text(at, "note", "do.note", false),
        ];
        asked::show(at, sheet(at, "link", fields), typed, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let r = Reading { at, typed };
        let made = || {
            let other = typed.some("other").or(typed.some("digits"));
            let other = other.ok_or_else(|| Wrong::of("other", at.visit.language.say("acts.none")))?;
            r.must("relation", "the relation")?;
            let note = r.given("note", "the remark")?;
            let field = if typed.some("other").is_some() { "other" } else { "digits" };
            let made = acts::link(at.desk, at.case, other, typed.text("relation"), note);
            made.map_err(|why| Wrong::said(field, &why))
        };
        made().map(Ready::act).map_err(|wrong| vec![wrong])
    }
}
