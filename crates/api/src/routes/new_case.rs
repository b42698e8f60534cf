//! A case that is begun: the same opening, with or without a template, as the command signs it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    id::{CaseId, EntryId},
    record::Record,
    value::Sealable,
};
use counterpart_node::{Desk, DeskError, Scope, now};
use counterpart_store::{StoreError, Txn};
use counterpart_words::{
    error::CommandError,
    input::program_may_sign,
    item_value::{Here, no_files},
    opening,
    render::{self, Speech, hex},
    template::{self, Plan, Template},
    typed::{is_title, typed},
    when,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::acts::{again, agreed};
use crate::{
    asked::{Answer, Asked},
    once::{Begun, Once},
    problem::{Kind, Problem},
    shapes::{Digest, Previewed, SignedSaid},
    table::{BASE, Operation, of},
};

/// How wide a text is laid out.
const WIDE: usize = 100;

pub(super) const ALL: &[Operation] = &[
    Operation::post("/cases/preview", "preview_case", "What would be signed to begin a case")
        .about("Gives the exact text and its digest; or says why it would not be signed and what would work. Nothing is signed.")
        .scope(Scope::Draft)
        .json(of::<NewCase>)
        .answers(of::<Previewed>)
        .does(preview),
    Operation::post("/cases", "new_case", "Begins a case")
        .about(
            "Signs the opening and, with a template, what it proposes. A token that signs with the home's own key repeats \
             the digest of the preview; one with a seat of its own may leave it out.",
        )
        .scope(Scope::Sign)
        .json(of::<NewCase>)
        .keyed()
        .created()
        .answers(of::<SignedSaid>)
        .does_in_case(begin),
];

/// A case to be begun.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCase {
    /// What it is about, in a few words; the template's title where nothing is said.
    title: Option<String>,
    /// What we are called in it, and what we are; our name and usual role where nothing is said.
    own: Option<OwnWish>,
    /// Who else is in it.
    #[schemars(length(min = 1, max = 32))]
    others: Vec<SeatWish>,
    /// The time zone that times in it are in, such as Europe/London; this machine's where nothing is said.
    zone: Option<String>,
    /// A longer description.
    about: Option<String>,
    /// The template to begin with, by name.
    template: Option<String>,
    /// Answers to what the template asks, as people type them.
    #[serde(default)]
    answers: BTreeMap<String, String>,
    /// The digest of the text that was shown: what was shown is what is signed.
    digest: Option<Digest>,
}

/// Ourselves in a case.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OwnWish {
    /// Our name where nothing is said.
    name: Option<String>,
    /// What we usually are where nothing is said, else a customer; but where the others are that already, and none is its
    /// opposite, its opposite: the supplier of customers, the customer of suppliers.
    role: Option<RoleWish>,
}

/// Somebody in a case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SeatWish {
    /// What they are called.
    name: String,
    role: RoleWish,
}

/// What they are in it.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoleWish {
    Customer,
    Supplier,
    Third,
    Observer,
    Arbiter,
}

impl RoleWish {
    pub(super) fn role(self) -> Role {
        match self {
            Self::Customer => Role::Customer,
            Self::Supplier => Role::Supplier,
            Self::Third => Role::Third,
            Self::Observer => Role::Observer,
            Self::Arbiter => Role::Arbiter,
        }
    }
}

impl SeatWish {
    fn offer(&self) -> Result<SeatOffer, CommandError> {
        Ok(SeatOffer { role: self.role.role(), label: Sealable::Open(typed("the name", self.name.trim())?) })
    }
}

impl OwnWish {
    fn offer(&self, desk: &Desk, others: &[SeatOffer]) -> Result<SeatOffer, CommandError> {
        let name = match &self.name {
            Some(name) => typed("the name", name.trim())?,
            None => desk.own_name()?.ok_or_else(|| {
                CommandError::usage("say in `own` what we are called in the case")
                    .hint("PUT /api/v1/settings/name keeps it, and what we usually are, for all new cases")
            })?,
        };
        let role = match self.role {
            Some(role) => role.role(),
            None => {
                let others: Vec<Role> = others.iter().map(|other| other.role).collect();
                opening::own_role(&others, desk.own_role()?)
            }
        };
        Ok(SeatOffer { role, label: Sealable::Open(name) })
    }
}

/// A case about to be opened.
struct Opening {
    open: Act,
    plan: Option<(String, Plan)>,
    text: String,
    /// The text without the clock: beside a due time stands how far off it is, and that changes by itself.
    lasting: String,
}

impl Opening {
    /// As it is at a time, Unix milliseconds.
    fn at(desk: &Desk, wish: &NewCase, now: i64) -> Result<Self, CommandError> {
        let zone = wish.zone.clone().unwrap_or_else(when::system_zone);
        when::zone(&zone).map_err(|why| CommandError::usage(why.to_string()))?;
        let template = wish.template.as_deref().map(|name| named(desk, name)).transpose()?;
        let title = match (&wish.title, &template) {
            (Some(title), _) => title,
            (None, Some(template)) => &template.title,
            (None, None) => return Err(CommandError::usage("say in `title` what the case is about")),
        };
        let title = typed("the title", title)?;
        if !is_title(&title) {
            return Err(CommandError::usage("the title is one line of at most 200 bytes"));
        }
        if wish.others.is_empty() {
            return Err(CommandError::usage("say in `others` who else is in the case"));
        }
        let others = wish.others.iter().map(SeatWish::offer).collect::<Result<Vec<_>, _>>()?;
        let own = wish.own.as_ref().unwrap_or(&OwnWish::default()).offer(desk, &others)?;
        let about = wish.about.as_deref().map(|about| typed("the description", about)).transpose()?;
        let label = render::sealable(&own.label);
        let open = desk.open_act(&title, own, others, &zone, about);
        let Some(template) = template else {
            if !wish.answers.is_empty() {
                return Err(CommandError::usage("`answers` are for a `template`, and none is named"));
            }
            let text_at = |now| render::in_full(&Speech::before_case(&zone, now), &label, &open);
            let (text, lasting) = (text_at(now), text_at(0));
            opening::check(desk, &open, &[], now)?;
            return Ok(Self { open, plan: None, text, lasting });
        };
        let here = Here { zone: &zone, now, file: no_files };
        let set: Vec<String> = wish.answers.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let (answers, unanswered) = template.answers(&set, here)?;
        let lacks = unanswered.iter().filter(|item| item.required && answers.get(&item.key).is_none());
        let lacks: Vec<String> = lacks.map(|item| format!("{} ({})", item.key, render::line(&item.ask))).collect();
        if !lacks.is_empty() {
            return Err(CommandError::usage(format!("the template needs answers to: {}", lacks.join("; "))));
        }
        let plan = Plan::new(&template, &answers, template::seats(&open), here)?;
        opening::check(desk, &open, &plan.acts, now)?;
        let text_at = |now| plan.in_full(&open, (&zone, now), &label, WIDE);
        let (text, lasting) = (text_at(now), text_at(0));
        Ok(Self { open, plan: Some((template.name, plan)), text, lasting })
    }

    /// All that would be signed.
    fn acts(&self) -> Vec<Act> {
        let of_plan = self.plan.as_ref().map_or(&[][..], |(_, plan)| plan.acts.as_slice());
        std::iter::once(&self.open).chain(of_plan).cloned().collect()
    }

    fn digest(&self) -> String {
        hex(&Sha256::digest(self.lasting.as_bytes()))
    }

    /// Signs it: the opening, what the template proposes and keeps, and what was asked under which key are one transaction.
    fn sign(&self, desk: &Desk, once: &Once) -> Result<SignedSaid, Problem> {
        let at = now();
        let (done, failed) = (RefCell::new(None), Cell::new(None));
        let also = |txn: &Txn<'_>, case: CaseId, entries: &[EntryId]| {
            let said = SignedSaid {
                schema: "counterpart/signed-acts/1".to_owned(),
                case: case.to_hex(),
                entries: entries.iter().map(EntryId::to_hex).collect(),
                // Nobody else has signed anything in it.
                numbers: (1..=entries.len()).map(|number| number.to_string()).collect(),
                text: self.text.clone(),
                link: None,
            };
            let kept = once.keep(txn, 201, &said);
            drop(done.replace(Some(said)));
            kept.map_err(|why: StoreError| {
                failed.set(Some(why.clone()));
                DeskError::from(why)
            })
        };
        let plan = self.plan.as_ref().map(|(name, plan)| (name.as_str(), plan));
        let begun = opening::begin(desk, &self.open, plan, also, at);
        if let Some(why) = failed.take() {
            return Err(why.into());
        }
        begun?;
        done.take().ok_or_else(|| Problem::new(Kind::Failed, "nobody said what was signed"))
    }
}

fn named(desk: &Desk, name: &str) -> Result<Template, CommandError> {
    // A name, never a path of this machine.
    if !template::is_name(name) {
        return Err(CommandError::usage("`template` is a name, as the list of templates has it"));
    }
    template::find_named(desk.home(), name)?.template(WIDE)
}

fn preview(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let opening = Opening::at(&desk, &asked.json()?, now()).map_err(Problem::refused)?;
    Answer::of(&Previewed {
        schema: "counterpart/preview/1".to_owned(),
        digest: opening.digest(),
        acts: 1 + opening.plan.as_ref().map_or(0, |(_, plan)| plan.acts.len() as u64),
        text: opening.text,
        expires: None,
    })
}

fn begin(asked: &Asked) -> Result<Answer, Problem> {
    let wish: NewCase = asked.json()?;
    let desk = asked.desk()?;
    let once = match Begun::of(asked, &desk)? {
        Begun::New(once) => once,
        Begun::Before(status, outcome) => return again(&desk, status, outcome),
    };
    let opening = Opening::at(&desk, &wish, now()).map_err(Problem::refused)?;
    let alone = || program_may_sign(&desk, &Record::new(), &opening.acts());
    agreed(asked, wish.digest.as_deref(), &opening.digest(), &opening.text, alone)?;
    let signed = opening.sign(&desk, &once)?;
    Ok(Answer::At(format!("{BASE}/cases/{}", signed.case), json!(signed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_a_new_case_stands_while_the_clock_goes_on() {
        const HOUR: i64 = 60 * 60 * 1000;
        let home = tempfile::TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        let desk = Desk::open(home.path()).expect("it opens");
        let wish = |call_by: &str| -> NewCase {
            let wish = json!({
                "template": "missed-callback", "zone": "UTC", "own": {"name": "Ann", "role": "customer"},
                "others": [{"name": "Northlink", "role": "supplier"}],
                "answers": {"matter": "a bill", "promised-on": "2026-02-27", "call-by": call_by},
            });
            serde_json::from_value(wish).expect("a wish")
        };
        let now = 1_772_366_400_000;
        let shown = Opening::at(&desk, &wish("2026-03-03 10:00"), now).expect("shown");
        let later = Opening::at(&desk, &wish("2026-03-03 10:00"), now + HOUR).expect("agreed to");
        assert_ne!(shown.text, later.text, "it says how far off the time is");
        assert_eq!(shown.digest(), later.digest(), "and nothing else changed");
        let other = Opening::at(&desk, &wish("2026-03-03 11:00"), now).expect("shown");
        assert_ne!(shown.digest(), other.digest(), "another time is another text");
    }
}
