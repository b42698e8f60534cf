//! Devices and agents in words: what they may do, what is granted to them, and what the end of their rights means.

use counterpart_core::{
    id::{PartyId, short_form},
    keylog::{Kinds, RevokeReason},
    schema,
    value::Money,
};
use counterpart_node::{Agent, AgentRequest, Rights};

use crate::{
    error::{CommandError, Done},
    money, render,
};

/// Kinds of act as people type them, made into those that are signed.
pub fn kinds(typed: &[String]) -> Done<Vec<String>> {
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
pub fn ceilings(typed: &[String]) -> Done<Vec<Money>> {
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
pub fn signs(kinds: &Kinds) -> String {
    match kinds {
        Kinds::All => "every kind of act".to_owned(),
        Kinds::Listed(kinds) if kinds.is_empty() => "nothing".to_owned(),
        Kinds::Listed(kinds) => format!("only {}", kinds.join(", ")),
    }
}

/// Ceilings in words; nothing where there are none.
pub fn most(ceilings: &[(String, String)]) -> Option<String> {
    let shown = |(amount, currency): &(String, String)| match Money::parse(amount, currency) {
        Ok(money) => money::show(&money),
        Err(_unusual) => format!("{amount} {currency}"),
    };
    (!ceilings.is_empty()).then(|| ceilings.iter().map(shown).collect::<Vec<_>>().join(" and "))
}

/// Whether a device only receives.
fn is_mailbox(rights: &Rights) -> bool {
    rights.kinds == Kinds::Listed(Vec::new())
}

/// A device's rights in a few words.
pub fn in_short(rights: &Rights) -> String {
    let mailbox = is_mailbox(rights);
    let mut words = if mailbox { vec!["mailbox: signs no acts".to_owned()] } else { vec![signs(&rights.kinds)] };
    words.extend(most(&rights.ceilings).map(|most| format!("at most {most}")));
    words.extend((rights.receive && !mailbox).then(|| "receives".to_owned()));
    words.extend(rights.admin.then(|| "adds and ends agents".to_owned()));
    words.join("; ")
}

/// Exactly what is granted. `ending` says how its rights are ended again: a command, or where on a page.
pub fn granting(party: &PartyId, request: &AgentRequest, name: &str, rights: &Rights, ending: &str) -> String {
    let mailbox = is_mailbox(rights);
    let mut lines = vec![
        format!("As {}, you let a further device act for you:\n", short_form(&party.0)),
        format!("  Name       {} (kept on this machine only)", render::line(name)),
        format!("  Device     {} (compare it with what that machine shows)", short_form(&request.device.0)),
        format!("  Signs      {}", signs(&rights.kinds)),
    ];
    if let Some(most) = most(&rights.ceilings) {
        lines.push(format!("  Money      at most {most} at stake; in other currencies nothing"));
        lines.push("             Everybody in your cases sees this; what goes beyond it has no effect.".to_owned());
    } else if !mailbox {
        lines.push("  Money      no limit".to_owned());
    }
    lines.push(if mailbox {
        "  Receives   yes: it confirms in its own name what it has stored, as your mailbox".to_owned()
    } else {
        "  Receives   yes: what it has stored counts as received by you".to_owned()
    });
    let agents = if rights.admin {
        "may add further agents and end their rights, yours here among them"
    } else {
        "it may add none"
    };
    lines.push(format!("  Agents     {agents}"));
    lines.push(String::new());
    lines.push(if mailbox {
        "It gets whatever your cases hold, and can agree to nothing.".to_owned()
    } else {
        "What it signs within this binds you like your own signature, from now on, until you end it:".to_owned()
    });
    if !mailbox {
        lines.push(ending.to_owned());
    }
    lines.join("\n")
}

/// Exactly what is granted to an agent's seat, whose key is yet to be made. `ending` says how its rights are ended again.
pub fn seating(party: &PartyId, name: &str, rights: &Rights, ending: &str) -> String {
    let money = match most(&rights.ceilings) {
        Some(most) => format!(
            "at most {most} at stake; in other currencies nothing\n             \
             Everybody in your cases sees this; what goes beyond it has no effect."
        ),
        None => "no limit".to_owned(),
    };
    [
        format!("As {}, you let a further agent sign from this home:\n", short_form(&party.0)),
        format!("  Name       {} (kept on this machine only)", render::line(name)),
        "  Device     a new key, made in this home".to_owned(),
        format!("  Signs      {}", signs(&rights.kinds)),
        format!("  Money      {money}"),
        "  Receives   no: this home does, for all its seats".to_owned(),
        "  Agents     it may add none".to_owned(),
        String::new(),
        "What is signed with it within this binds you like your own signature, from now on, until you end it:".to_owned(),
        ending.to_owned(),
        String::new(),
        "Its key lies beside your own. Whoever can read this home can sign with it, so it shows which seat signed, and not \
         which person sat there."
            .to_owned(),
    ]
    .join("\n")
}

/// What the end of an agent's rights means.
pub fn ending(agent: &Agent, reason: RevokeReason) -> String {
    let device = short_form(&agent.device.0);
    let who =
        agent.name.as_ref().map_or_else(|| format!("device {device}"), |n| format!("{} ({device})", render::line(n)));
    let mailbox = is_mailbox(&agent.rights);
    let meaning = match reason {
        RevokeReason::Ended if mailbox => {
            "Reason: ended. It signed no acts for you, so nothing that you agreed to changes. What it confirmed to have \
             stored before stays confirmed."
        }
        RevokeReason::Compromised if mailbox => {
            "Reason: compromised. It signed no acts for you, so nothing that you agreed to changes; whoever has its keys \
             can sign none either. But they may have read everything in your cases, and have confirmed in its name to have \
             stored what it had not."
        }
        RevokeReason::Ended => {
            "Reason: ended. What it signed before it knew of this goes on binding you, unless every other signer had \
             signed something knowing of this first; then it is contested."
        }
        RevokeReason::Compromised => {
            "Reason: compromised. What it signed without knowing of this binds you only where another signer had already \
             built on it; all else is contested, until you ratify it, the others agree to drop it, or an arbiter decides."
        }
    };
    let cited = if mailbox { "" } else { "What you cited yourself always stands. " };
    format!(
        "You end the rights of {who} for good; the same device is never granted anything again.\n\n{meaning}\n\
         {cited}Everybody in your cases will see this and the reason.\n"
    )
}
