//! `counterpart agent`

mod add;
mod ask;
pub(crate) mod list;
mod revoke;
mod take;

use clap::Subcommand;
use counterpart_core::{
    keylog::{Kinds, RevokeReason},
    schema,
    value::Money,
};
use counterpart_node::Rights;

use crate::{
    error::{CommandError, Done},
    money,
    session::Session,
};

/// Further devices and agents that act for you: ask on the new machine, add on yours, take on the new one
///
/// An agent has its own key and may get fewer rights than you have. Everybody in your cases sees which device signed,
/// and by what right; names stay on your machines.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: AgentCommand,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    Ask(ask::Args),
    Add(add::Args),
    Take(take::Args),
    List(list::Args),
    Revoke(revoke::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        AgentCommand::Ask(args) => ask::run(session, args),
        AgentCommand::Add(args) => add::run(session, args),
        AgentCommand::Take(args) => take::run(session, args),
        AgentCommand::List(args) => list::run(session, args),
        AgentCommand::Revoke(args) => revoke::run(session, args),
    }
}

/// Kinds of act as people type them, made into those that are signed.
pub(crate) fn kinds(typed: &[String]) -> Done<Vec<String>> {
    let level = schema::level(1).expect("level 1 is known to every version");
    let mut kinds: Vec<String> = Vec::new();
    for word in typed {
        let word = word.trim().to_lowercase();
        let kind = match word.as_str() {
            "done" => "declare",
            "undone" => "undeclare",
            "call" => "contact",
            other => other,
        };
        if !level.kinds().any(|known| known == kind) {
            let known: Vec<&str> = level.kinds().collect();
            return Err(CommandError::usage(format!("'{word}' is not a kind of act"))
                .hint(format!("the kinds are {}", known.join(", "))));
        }
        if !kinds.iter().any(|k| k == kind) {
            kinds.push(kind.to_owned());
        }
    }
    Ok(kinds)
}

/// Ceilings as people type them: one a currency, none below nothing.
pub(crate) fn ceilings(typed: &[String]) -> Done<Vec<Money>> {
    let mut ceilings: Vec<Money> = Vec::new();
    for text in typed {
        let ceiling = money::parse(text).map_err(|e| CommandError::usage(format!("the ceiling: {e}")))?;
        if ceiling.amount().to_string().starts_with('-') {
            return Err(CommandError::usage(format!("the ceiling: {} is less than nothing", money::show(&ceiling))));
        }
        if ceilings.iter().any(|c| c.currency() == ceiling.currency()) {
            return Err(CommandError::usage(format!("two ceilings are in {}: give one", ceiling.currency())));
        }
        ceilings.push(ceiling);
    }
    Ok(ceilings)
}

/// What a device may sign, in words.
pub(crate) fn signs(kinds: &Kinds) -> String {
    match kinds {
        Kinds::All => "every kind of act".to_owned(),
        Kinds::Listed(kinds) if kinds.is_empty() => "nothing".to_owned(),
        Kinds::Listed(kinds) => format!("only {}", kinds.join(", ")),
    }
}

/// Ceilings in words; nothing where there are none.
pub(crate) fn most(ceilings: &[(String, String)]) -> Option<String> {
    let shown = |(amount, currency): &(String, String)| match Money::parse(amount, currency) {
        Ok(money) => money::show(&money),
        Err(_unusual) => format!("{amount} {currency}"),
    };
    (!ceilings.is_empty()).then(|| ceilings.iter().map(shown).collect::<Vec<_>>().join(" and "))
}

/// A device's rights in a few words.
fn in_short(rights: &Rights) -> String {
    let mailbox = rights.kinds == Kinds::Listed(Vec::new());
    let mut words = if mailbox { vec!["mailbox: signs no acts".to_owned()] } else { vec![signs(&rights.kinds)] };
    words.extend(most(&rights.ceilings).map(|most| format!("at most {most}")));
    words.extend((rights.receive && !mailbox).then(|| "receives".to_owned()));
    words.extend(rights.admin.then(|| "adds and ends agents".to_owned()));
    words.join("; ")
}

/// Rights for programs.
fn rights_json(rights: &Rights) -> serde_json::Value {
    let kinds = match &rights.kinds {
        Kinds::All => serde_json::json!("all"),
        Kinds::Listed(kinds) => serde_json::json!(kinds),
    };
    let ceilings: Vec<_> = rights.ceilings.iter().map(|(a, c)| format!("{a} {c}")).collect();
    serde_json::json!({
        "kinds": kinds,
        "receive": rights.receive,
        "admin": rights.admin,
        "ceilings": ceilings,
    })
}

/// Why rights end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Reason {
    /// The agent left, or the machine is no longer used
    Ended,
    /// Its key is in wrong hands, or may be
    Compromised,
}

impl From<Reason> for RevokeReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Ended => Self::Ended,
            Reason::Compromised => Self::Compromised,
        }
    }
}
