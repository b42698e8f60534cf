//! A rule as a person types it or a program asks for it: read, held against the seat that would sign, and shown before it is
//! kept.

use std::{cmp::Ordering, fmt};

use counterpart_core::{
    keylog::Kinds,
    value::{Money, Unit},
};
use counterpart_node::{Desk, DeskError, RuleWish, SeatHere};
use counterpart_process::{
    rule::{RuleError, Span},
    standing_rule::{Only, StandingRule, Then, USUAL_AN_HOUR, When, Whose},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{readable, to_be_kept};
use crate::{
    agents,
    error::{CommandError, Done},
    money,
    render::line,
    to_sign::digest_of,
    typed::typed,
};

/// A rule that is wished for.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StandingRuleWish")]
pub struct RuleTyped {
    /// What to call it: small letters, digits, - and _.
    #[schemars(regex(pattern = "^[a-z0-9_][a-z0-9_-]{0,39}$"))]
    pub name: String,
    /// The agent's seat that signs; its rights and ceilings hold.
    #[schemars(length(min = 1, max = 40))]
    pub seat: String,
    /// What sets it off, where it comes from another party; or that something is overdue, or a clock about to run out.
    #[schemars(schema_with = "occasions")]
    pub when: When,
    /// Only in cases that were begun here by this template.
    pub template: Option<String>,
    /// Only where all of these stand in it; of several actions, in each.
    #[serde(default)]
    #[schemars(length(max = 8))]
    pub words: Vec<String>,
    /// Only where all of it states what it is worth, in this currency and together no more, such as `50 GBP`.
    pub up_to: Option<String>,
    /// With overdue and clock: only where it is for us, or for them.
    pub by: Option<WhoseTyped>,
    /// With clock: how long before it runs out, in hours that count, such as `30 minutes`.
    pub before: Option<String>,
    /// How often the seat may act in one case within an hour; 3 times where nothing is said.
    #[schemars(range(min = 1, max = 20))]
    pub an_hour: Option<u32>,
    /// What it does then.
    pub does: DoesTyped,
}

/// Whose promise or clock it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "StandingRuleBy")]
pub enum WhoseTyped {
    Us,
    Them,
}

/// What a rule does. In its texts `{entry}` stands for the number of the entry that set it off, `{part}` for the part of it,
/// `{case}` for the case, `{party}` for the other's role.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "StandingRuleDoes")]
pub enum DoesTyped {
    /// Accepts the proposal: only new actions, said by their words, due time and value alone, within the seat's ceiling.
    Accept,
    /// Acknowledges the entry.
    Acknowledge,
    /// Declines the proposal, with this reason.
    Decline(String),
    /// Puts this note on record.
    Note(String),
    /// Reminds the other side, in these words.
    Remind(String),
    /// Says how far it is, in these words.
    Progress(String),
    /// Gives the case to this one of us, if nobody has it; nothing is signed.
    Assign(String),
    /// Signs this act, in the form in which programs have acts signed.
    Sign(Json),
}

/// The words for what sets a rule off.
fn occasions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": When::ALL.map(When::as_str)})
}

/// A rule that could be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleShown {
    pub rule: StandingRule,
    /// All that somebody is to know before they say yes.
    pub text: String,
}

impl RuleShown {
    /// What a program repeats to have just this kept.
    #[must_use]
    pub fn digest(&self) -> String {
        let rule = &self.rule;
        // The text is for people, and says some things in fewer words.
        let all = json!([rule.name, rule.seat, rule.device.to_hex(), rule.when, rule.only, rule.then, rule.an_hour]);
        digest_of(&[&all.to_string(), &self.text])
    }
}

/// What a rule says it accepts, and what its seat may agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Above {
    pub seat: String,
    pub up_to: String,
    pub currency: String,
    /// All ceilings of the seat.
    pub most: String,
    /// Its ceiling in that currency.
    pub ceiling: Option<String>,
}

impl fmt::Display for Above {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seat, up_to, currency, most, ceiling } = self;
        match ceiling {
            Some(ceiling) => {
                write!(
                    f,
                    "the seat {seat} agrees to at most {ceiling}: a rule up to {up_to} accepts nothing beyond that"
                )
            }
            None => write!(
                f,
                "the seat {seat} agrees to at most {most}, and to nothing in {currency}: a rule up to {up_to} accepts nothing"
            ),
        }
    }
}

/// Why a rule cannot be kept.
#[derive(Debug)]
pub enum NotKept {
    /// There is no such seat, its rights ended, the rule is none or its name is taken; or the store fails.
    Desk(DeskError),
    /// The seat's rights do not hold this kind of act; what they do.
    Kind { seat: String, kind: String, only: String },
    /// It says it accepts more than the seat may agree to.
    Above(Box<Above>),
    /// What was typed is not understood.
    Typed(CommandError),
}

impl From<CommandError> for NotKept {
    fn from(why: CommandError) -> Self {
        Self::Typed(why)
    }
}

impl From<DeskError> for NotKept {
    fn from(why: DeskError) -> Self {
        Self::Desk(why)
    }
}

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Desk(why) => write!(f, "{why}"),
            Self::Kind { seat, kind, only } => {
                write!(f, "the seat {seat} may not sign this kind of act: {kind} (it signs {only})")
            }
            Self::Above(above) => write!(f, "{above}"),
            Self::Typed(why) => f.write_str(&why.message),
        }
    }
}

impl From<NotKept> for CommandError {
    fn from(why: NotKept) -> Self {
        match why {
            NotKept::Desk(why) => why.into(),
            NotKept::Kind { .. } => Self::failed(why.to_string())
                .hint("another seat with `counterpart seat add NAME --only KINDS`, or another act"),
            NotKept::Above(ref above) => {
                let less =
                    above.ceiling.as_ref().map(|most| format!("write --up-to {most} or less, or ")).unwrap_or_default();
                Self::failed(why.to_string()).hint(format!(
                    "{less}take a seat that may agree to more: counterpart seat add NAME --only KINDS --ceiling MONEY"
                ))
            }
            NotKept::Typed(why) => why,
        }
    }
}

impl RuleTyped {
    /// The rule as it would be kept, and what is shown of it first; nothing is kept. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// Why it cannot be kept.
    pub fn shown(&self, desk: &Desk, now: i64) -> Result<RuleShown, NotKept> {
        let seat = desk.seat_called(&self.seat)?;
        let wish = RuleWish {
            name: self.name.clone(),
            seat: seat.name.clone(),
            device: seat.agent.device,
            when: self.when,
            only: self.only()?,
            then: self.does.read()?,
            an_hour: self.an_hour.unwrap_or(USUAL_AN_HOUR),
        };
        let rule = desk.check_standing_rule(&wish, now)?;
        readable(&rule.then)?;
        can_sign(&seat, &rule)?;
        let mut text = to_be_kept(&rule);
        for warning in beware(&seat, &rule) {
            text.push_str(&format!("\n\n{warning}"));
        }
        Ok(RuleShown { rule, text })
    }

    fn only(&self) -> Done<Only> {
        let up_to = self.up_to.as_deref().map(money::parse).transpose();
        let up_to = up_to.map_err(|why| CommandError::usage(format!("the value: {why}")))?;
        let words = self.words.iter().map(|word| typed("the word", word)).collect::<Done<Vec<String>>>()?;
        let whose = self.by.map(|by| match by {
            WhoseTyped::Us => Whose::Us,
            WhoseTyped::Them => Whose::Them,
        });
        let left = self.before.as_deref().map(minutes).transpose()?;
        Ok(Only { template: self.template.clone(), words, up_to, whose, left })
    }
}

impl DoesTyped {
    fn read(&self) -> Done<Then> {
        let words = |text: &str| typed("the text", text);
        Ok(Then::Sign(match self {
            Self::Assign(agent) => return Ok(Then::Assign(agent.clone())),
            Self::Sign(act) => act.clone(),
            Self::Accept => json!({"act": "accept", "revision": "{entry}"}),
            Self::Acknowledge => json!({"act": "acknowledge", "entries": ["{entry}"]}),
            Self::Decline(reason) => json!({"act": "decline", "revision": "{entry}", "reason": words(reason)?}),
            Self::Note(text) => json!({"act": "note", "text": words(text)?, "about": "{entry}"}),
            Self::Remind(text) => json!({"act": "remind", "text": words(text)?, "about": "{entry}"}),
            Self::Progress(text) => json!({"act": "progress", "revision": "{part}", "text": words(text)?}),
        }))
    }
}

/// "30 minutes", "2 hours".
fn minutes(text: &str) -> Done<u32> {
    let span: Span = text.parse().map_err(|why: RuleError| CommandError::usage(why.to_string()))?;
    match span.unit {
        Unit::Minutes => Ok(span.count),
        Unit::Hours => Ok(span.count.saturating_mul(60)),
        Unit::Days | Unit::WorkingDays => {
            Err(CommandError::usage("a clock counts hours: write such as \"30 minutes\" or \"8 hours\""))
        }
    }
}

/// Whether the seat can sign it at all, and all that the rule says it would.
fn can_sign(seat: &SeatHere, rule: &StandingRule) -> Result<(), NotKept> {
    if !seat.stands() {
        return Err(DeskError::SeatEnded(seat.name.clone()).into());
    }
    let Some(kind) = rule.then.act() else { return Ok(()) };
    let rights = &seat.agent.rights;
    if !rights.kinds.covers(kind) {
        let only = agents::signs(&rights.kinds);
        return Err(NotKept::Kind { seat: seat.name.clone(), kind: kind.to_owned(), only });
    }
    match above(seat, rule) {
        Some(above) => Err(NotKept::Above(Box::new(above))),
        None => Ok(()),
    }
}

/// A rule that says it accepts more than its seat may agree to.
fn above(seat: &SeatHere, rule: &StandingRule) -> Option<Above> {
    let rights = &seat.agent.rights;
    let (up_to, most) = (rule.only.up_to.as_ref()?, agents::most(&rights.ceilings)?);
    if rule.then.act() != Some("accept") {
        return None;
    }
    let of_currency = rights.ceilings.iter().find(|(_, currency)| currency == up_to.currency());
    let ceiling = of_currency.and_then(|(amount, currency)| Money::parse(amount, currency).ok());
    if ceiling.as_ref().and_then(|ceiling| up_to.compare(ceiling)).is_some_and(Ordering::is_le) {
        return None;
    }
    let (seat, ceiling) = (seat.name.clone(), ceiling.as_ref().map(money::show));
    Some(Above { seat, up_to: money::show(up_to), currency: up_to.currency().to_owned(), most, ceiling })
}

/// What somebody should know of a rule beside what it says, a sentence or two each.
fn beware(seat: &SeatHere, rule: &StandingRule) -> Vec<String> {
    let Some(kind) = rule.then.act() else { return Vec::new() };
    let rights = &seat.agent.rights;
    let mut told = Vec::new();
    told.extend(above(seat, rule).map(|above| format!("Beware: {above}.")));
    if kind == "accept" && rule.only.words.is_empty() && rule.only.template.is_none() {
        let most = rule.only.up_to.as_ref().map(money::show).or_else(|| agents::most(&rights.ceilings));
        let most = most.map_or_else(|| "the ceiling that a mandate sets".to_owned(), |most| line(&most));
        told.push(format!(
            "Beware: it looks for no word and no template. It accepts every proposal up to {most} of anybody's words, in every case of \
             yours, whatever is to be done for it."
        ));
    }
    let agrees = matches!(kind, "accept" | "propose");
    match (&rights.kinds, agrees && rights.ceilings.is_empty()) {
        (Kinds::All, _) => told.push(format!(
            "The seat {} may sign every kind of act. A rule signs only where the kinds are listed: in cases with a mandate \
             that does (counterpart mandate), and nowhere else.",
            seat.name
        )),
        (_, true) => told.push(format!(
            "The seat {} has no ceiling. A rule agrees to nothing without one: only in cases with a mandate that sets it \
             (counterpart mandate).",
            seat.name
        )),
        _ => {}
    }
    told
}

/// What somebody should know of a rule that is kept, a sentence or two each.
///
/// # Errors
/// A damaged or busy store.
pub fn warnings(desk: &Desk, rule: &StandingRule) -> Done<Vec<String>> {
    Ok(warnings_among(&desk.seats()?, rule))
}

/// The same, of a rule at one of these seats.
pub(super) fn warnings_among(seats: &[SeatHere], rule: &StandingRule) -> Vec<String> {
    let seat = seats.iter().find(|seat| seat.agent.device == rule.device);
    seat.map(|seat| beware(seat, rule)).unwrap_or_default()
}
