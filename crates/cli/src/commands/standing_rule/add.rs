//! `counterpart standing-rule add`

use counterpart_node::now;
use counterpart_process::standing_rule::{MOST_AN_HOUR, USUAL_AN_HOUR, When};
use counterpart_words::standing_rules::{DoesTyped, RuleTyped, WhoseTyped, added_json};

use crate::{
    confirm,
    error::{CommandError, Done},
    session::Session,
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
    let shown = args.typed()?.shown(&desk, now())?;
    confirm::ask_first(session, &shown.text, "Keep this rule?", "kept")?;
    let rule = desk.add_standing_rule(shown.rule, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&added_json(&desk, &rule)?);
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
    fn typed(&self) -> Done<RuleTyped> {
        Ok(RuleTyped {
            name: self.name.clone(),
            seat: self.seat.clone(),
            when: self.when,
            template: self.template.clone(),
            words: self.word.clone(),
            up_to: self.up_to.clone(),
            by: self.by.map(|by| match by {
                By::Us => WhoseTyped::Us,
                By::Them => WhoseTyped::Them,
            }),
            before: self.before.clone(),
            an_hour: Some(self.an_hour),
            does: self.does()?,
        })
    }

    fn does(&self) -> Done<DoesTyped> {
        if let Some(json) = &self.then {
            let act = serde_json::from_str(json).map_err(|why| {
                CommandError::usage(format!("--then is not JSON: {why}"))
                    .hint("an act is such as {\"act\": \"note\", \"text\": \"...\"}")
            })?;
            return Ok(DoesTyped::Sign(act));
        }
        Ok(match self {
            Self { accept: true, .. } => DoesTyped::Accept,
            Self { acknowledge: true, .. } => DoesTyped::Acknowledge,
            Self { assign: Some(agent), .. } => DoesTyped::Assign(agent.clone()),
            Self { decline: Some(reason), .. } => DoesTyped::Decline(reason.clone()),
            Self { note: Some(text), .. } => DoesTyped::Note(text.clone()),
            Self { remind: Some(text), .. } => DoesTyped::Remind(text.clone()),
            Self { progress: Some(text), .. } => DoesTyped::Progress(text.clone()),
            _ => return Err(CommandError::usage("say what the rule does, such as --accept or --note TEXT")),
        })
    }
}

fn when(word: &str) -> Result<When, String> {
    When::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = When::ALL.iter().map(|when| when.as_str()).collect();
        format!("what sets a rule off is one of {}", words.join(", "))
    })
}
