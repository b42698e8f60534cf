//! `counterpart standing-rule add`

use counterpart_core::{keylog::Kinds, value::Unit};
use counterpart_node::{RuleWish, SeatHere, now};
use counterpart_process::{
    rule::Span,
    standing_rule::{MOST_AN_HOUR, Only, StandingRule, Then, USUAL_AN_HOUR, When, Whose},
};
use counterpart_words::{
    money,
    standing_rules::{readable, to_be_kept},
};
use serde_json::{Value as Json, json};

use super::as_json;
use crate::{
    confirm,
    error::{CommandError, Done},
    session::{Session, typed},
};

/// Add a rule: shown in full first, and it acts on what comes in from then on
///
/// For example: counterpart standing-rule add small-refunds --seat bot --when proposal --word refund --up-to £50 --accept.
/// In the texts {entry} stands for the number of the entry that set the rule off, {part} for the part of it, {case} for
/// the case, {party} for "the customer" or whatever the other is.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("does").required(true))]
pub(crate) struct Args {
    /// What to call it: small letters, digits, - and _
    #[arg(value_name = "NAME")]
    name: String,
    /// The agent's seat that signs, as `counterpart seat list` names it; its rights and ceilings hold
    #[arg(long, value_name = "SEAT")]
    seat: String,
    /// What sets it off: proposal, accepted, declined, withdrawn, declared, rejected, release, dispute, note, contact,
    /// reminder, fact, file or joined, where it comes from another party; overdue, or clock
    #[arg(long, value_name = "WHAT", value_parser = when)]
    when: When,
    /// Only in cases that were begun here by this template
    #[arg(long, value_name = "TEMPLATE")]
    template: Option<String>,
    /// Only where this stands in it; repeat for more. Of several actions, in each
    #[arg(long, value_name = "TEXT")]
    word: Vec<String>,
    /// Only where all of it states what it is worth, in this currency and together no more, such as £50
    #[arg(long, value_name = "MONEY")]
    up_to: Option<String>,
    /// With overdue and clock: only where it is for us, or for them
    #[arg(long, value_name = "WHO")]
    by: Option<By>,
    /// With clock: how long before it runs out, in hours that count, such as "30 minutes"
    #[arg(long, value_name = "LENGTH")]
    before: Option<String>,
    /// How often the seat may act in one case within an hour
    #[arg(long, value_name = "NUMBER", default_value_t = USUAL_AN_HOUR,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_AN_HOUR)))]
    an_hour: u32,
    /// Accept the proposal: only new actions, said by their words, due time and value alone, within the seat's ceiling
    #[arg(long, group = "does")]
    accept: bool,
    /// Decline the proposal, with this reason
    #[arg(long, value_name = "REASON", group = "does")]
    decline: Option<String>,
    /// Put this note on record
    #[arg(long, value_name = "TEXT", group = "does")]
    note: Option<String>,
    /// Acknowledge the entry
    #[arg(long, group = "does")]
    acknowledge: bool,
    /// Remind the other side, in these words
    #[arg(long, value_name = "TEXT", group = "does")]
    remind: Option<String>,
    /// Say how far it is, in these words
    #[arg(long, value_name = "TEXT", group = "does")]
    progress: Option<String>,
    /// Give the case to this one of us, if nobody has it; nothing is signed
    #[arg(long, value_name = "NAME", group = "does")]
    assign: Option<String>,
    /// Sign this act, in the JSON form of docs/assistants.md
    #[arg(long, value_name = "JSON", group = "does")]
    then: Option<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum By {
    Us,
    Them,
}

pub(super) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let seat = desk.seat_called(&args.seat)?;
    let wish = RuleWish {
        name: args.name.clone(),
        seat: seat.name.clone(),
        device: seat.agent.device,
        when: args.when,
        only: args.only()?,
        then: args.does()?,
        an_hour: args.an_hour,
    };
    let rule = desk.check_standing_rule(&wish, now())?;
    readable(&rule.then)?;
    let mut text = to_be_kept(&rule);
    if let Some(beware) = beware(&seat, &rule)? {
        text.push_str(&format!("\n\n{beware}"));
    }
    confirm::ask_first(session, &text, "Keep this rule?", "kept")?;
    let rule = desk.add_standing_rule(rule, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({"schema": "counterpart/standing-rule/1", "rule": as_json(&desk, &rule)?}));
    }
    let up = if desk.node_is_running() {
        "Your node is running, and holds to it from now on."
    } else {
        "It acts while `counterpart up` runs."
    };
    terminal.data(&rule.name)?;
    terminal.say(&format!("{up} What it would do in a case: counterpart standing-rule try {} CASE", rule.name));
    Ok(())
}

impl Args {
    fn only(&self) -> Done<Only> {
        let up_to = self.up_to.as_deref().map(money::parse).transpose();
        let up_to = up_to.map_err(|why| CommandError::usage(format!("the value: {why}")))?;
        let words = self.word.iter().map(|word| typed("the word", word)).collect::<Done<Vec<String>>>()?;
        let whose = self.by.map(|by| match by {
            By::Us => Whose::Us,
            By::Them => Whose::Them,
        });
        Ok(Only {
            template: self.template.clone(),
            words,
            up_to,
            whose,
            left: self.before.as_deref().map(minutes).transpose()?,
        })
    }

    fn does(&self) -> Done<Then> {
        if let Some(agent) = &self.assign {
            return Ok(Then::Assign(agent.clone()));
        }
        if let Some(json) = &self.then {
            let act: Json = serde_json::from_str(json).map_err(|why| {
                CommandError::usage(format!("--then is not JSON: {why}"))
                    .hint("an act is such as {\"act\": \"note\", \"text\": \"...\"}")
            })?;
            return Ok(Then::Sign(act));
        }
        let words = |text: &str| typed("the text", text);
        Ok(Then::Sign(match self {
            Self { accept: true, .. } => json!({"act": "accept", "revision": "{entry}"}),
            Self { acknowledge: true, .. } => json!({"act": "acknowledge", "entries": ["{entry}"]}),
            Self { decline: Some(reason), .. } => {
                json!({"act": "decline", "revision": "{entry}", "reason": words(reason)?})
            }
            Self { note: Some(text), .. } => json!({"act": "note", "text": words(text)?, "about": "{entry}"}),
            Self { remind: Some(text), .. } => json!({"act": "remind", "text": words(text)?, "about": "{entry}"}),
            Self { progress: Some(text), .. } => json!({"act": "progress", "revision": "{part}", "text": words(text)?}),
            _ => return Err(CommandError::usage("say what the rule does, such as --accept or --note TEXT")),
        }))
    }
}

fn when(word: &str) -> Result<When, String> {
    When::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = When::ALL.iter().map(|when| when.as_str()).collect();
        format!("what sets a rule off is one of {}", words.join(", "))
    })
}

/// "30 minutes", "2 hours".
fn minutes(text: &str) -> Done<u32> {
    let span: Span =
        text.parse().map_err(|why: counterpart_process::rule::RuleError| CommandError::usage(why.to_string()))?;
    match span.unit {
        Unit::Minutes => Ok(span.count),
        Unit::Hours => Ok(span.count.saturating_mul(60)),
        Unit::Days | Unit::WorkingDays => {
            Err(CommandError::usage("a clock counts hours: write such as \"30 minutes\" or \"8 hours\""))
        }
    }
}

/// Whether the seat can sign it at all; and what else somebody should know first.
fn beware(seat: &SeatHere, rule: &StandingRule) -> Done<Option<String>> {
    if !seat.stands() {
        return Err(counterpart_node::DeskError::SeatEnded(seat.name.clone()).into());
    }
    let Some(kind) = rule.then.act() else { return Ok(None) };
    let rights = &seat.agent.rights;
    if !rights.kinds.covers(kind) {
        return Err(CommandError::failed(format!("the seat {} may not sign this kind of act: {kind}", seat.name))
            .hint("another seat with `counterpart seat add NAME --only KINDS`, or another act"));
    }
    let agrees = matches!(kind, "accept" | "propose");
    Ok(match (&rights.kinds, agrees && rights.ceilings.is_empty()) {
        (Kinds::All, _) => Some(format!(
            "The seat {} may sign every kind of act. A rule signs only where the kinds are listed: in cases with a mandate \
             that does (counterpart mandate), and nowhere else.",
            seat.name
        )),
        (_, true) => Some(format!(
            "The seat {} has no ceiling. A rule agrees to nothing without one: only in cases with a mandate that sets it \
             (counterpart mandate).",
            seat.name
        )),
        _ => None,
    })
}
